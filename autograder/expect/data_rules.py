"""Mistakes in what is looked up, sorted, collected and filled in: keys, columns, tables, lists, dicts.

Each rule is as in `mutants.RULES`: of a node and its place it gives what could stand there by mistake, each with a
general sentence that gives no line away. They serve to recognise a value, not to try a check.
"""

import ast
import itertools
from collections.abc import Iterator

from autograder.expect.changes import (
    NO_NAMES,
    Change,
    Rule,
    Scope,
    called,
    is_parameter,
    like,
    minus_one,
    number,
    of_numpy,
)

MOST_KEYS = 4  # texts of a region that are tried in place of another
WORDS = (
    ("inner", "outer", "left", "right"),
    ("mean", "sum", "median", "count", "max", "min", "size"),
    ("first", "last"),
    ("any", "all"),
    ("ffill", "bfill"),
)


def other_sorting(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """key=lambda w: (-c[w], w) as -c[w], as (-c[w],) with the order turned for equal ones; the pairs for the keys."""
    if not isinstance(node, ast.Call) or called(node) not in ("sorted", "sort", "min", "max", "nlargest", "nsmallest"):
        return
    for index, keyword in enumerate(node.keywords):
        by = keyword.value
        if keyword.arg != "key" or not isinstance(by, ast.Lambda):
            continue
        others = [*node.keywords[:index], *node.keywords[index + 1 :]]

        def with_key(body: ast.expr, by: ast.Lambda = by, others: list = others) -> ast.Call:
            return like(node, keywords=[*others, ast.keyword("key", like(by, body=body))])

        if isinstance(by.body, ast.Tuple) and len(by.body.elts) > 1:
            parts = by.body.elts
            yield with_key(like(by.body, elts=parts[:-1])), "of equal ones the order is not looked at"
            yield with_key(like(by.body, elts=parts[1:])), "it is not sorted by what counts first"
            yield (
                with_key(like(by.body, elts=parts[::-1])),
                "what counts first and what counts for equal ones is exchanged",
            )
            for place, part in enumerate(parts):
                turned = part.operand if isinstance(part, ast.UnaryOp) else ast.UnaryOp(ast.USub(), part)
                said = "equal ones come in the other order" if place else "it is sorted the other way round"
                yield with_key(like(by.body, elts=[*parts[:place], turned, *parts[place + 1 :]])), said
            back = ast.keyword("reverse", ast.Constant(True))
            first = parts[0].operand if isinstance(parts[0], ast.UnaryOp) else parts[0]
            turned_call = with_key(like(by.body, elts=[first, *parts[1:]]))
            if called(node) in ("sorted", "sort") and isinstance(parts[0], ast.UnaryOp):
                keywords = [*turned_call.keywords, back]
                yield like(turned_call, keywords=keywords), "equal ones come in the other order"
        if isinstance(by.body, ast.Call) and len(by.body.args) == 1:
            yield with_key(by.body.args[0]), "it is compared by something else (`key`)"


def other_key(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """table["a"] as table["b"], where "b" is another text that the code looks up; how="left" as how="inner"."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        key = node.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            for other in itertools.islice((one for one in scope.keys if one != key.value), MOST_KEYS):
                yield like(node, slice=ast.Constant(other)), "another column or key is taken"
        elif isinstance(key, ast.Name) and isinstance(node.value, ast.Name):
            yield key, "the key is taken, not what belongs to it"
    if isinstance(node, ast.Call) and called(node) in BY_KEY:
        for index, argument in enumerate(node.args):
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                for other in itertools.islice((one for one in scope.keys if one != argument.value), MOST_KEYS):
                    args = [*node.args[:index], ast.Constant(other), *node.args[index + 1 :]]
                    yield like(node, args=args), "another column or key is taken"
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        for words in WORDS:
            for other in words if node.value in words else ():
                if other != node.value:
                    yield ast.Constant(other), f'"{other}" stands where another setting belongs'


BY_KEY = ("groupby", "sort_values", "get", "pop", "drop_duplicates", "set_index", "value_counts")


def values_of_dict(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """max(d, key=d.get) as max(d.values()); d.values() as d.keys(); for k in d as for k in d.values()."""
    if not isinstance(node, ast.Call):
        return
    if called(node) in ("max", "min") and node.args and any(one.arg == "key" for one in node.keywords):
        values = ast.Call(ast.Attribute(node.args[0], "values", ast.Load()), [], [])
        which = "largest" if called(node) == "max" else "smallest"
        yield like(node, args=[values], keywords=[]), f"the {which} value is given, not what it belongs to"
    if called(node) == "values" and isinstance(node.func, ast.Attribute) and not node.args:
        yield like(node, func=like(node.func, attr="keys")), "keys are taken where values belong"
    if called(node) == "keys" and isinstance(node.func, ast.Attribute) and not node.args:
        yield like(node, func=like(node.func, attr="values")), "values are taken where keys belong"


def filled_table(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """table.groupby(…) as table.fillna(0).groupby(…), as table.dropna().groupby(…)."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in OF_TABLES:
        table = node.func.value
        for name, args, said in (
            ("fillna", [ast.Constant(0)], "missing values count as 0"),
            ("dropna", [], "rows with missing values are left out"),
            ("drop_duplicates", [], "repeated rows are left out"),
        ):
            other = ast.Call(ast.Attribute(table, name, ast.Load()), list(args), [])
            yield like(node, func=like(node.func, value=other)), said


OF_TABLES = ("groupby", "pivot_table", "merge", "agg", "value_counts", "resample", "rolling")


def other_scaling(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """(x - mean(x)) / std(x) as (x - min(x)) / (max(x) - min(x)), as x / std(x), as x - mean(x), as x / max(x)."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.left, ast.BinOp)):
        return
    if not isinstance(node.left.op, ast.Sub) or called(node.left.right) not in ("mean", "average"):
        return
    x, mean = node.left.left, node.left.right
    assert isinstance(mean, ast.Call)
    low, high = (like(of_numpy(name, x), keywords=mean.keywords) for name in ("min", "max"))
    spread = ast.BinOp(high, ast.Sub(), low)
    scaled = ast.BinOp(ast.BinOp(x, ast.Sub(), low), ast.Div(), spread)
    yield scaled, "it is scaled by the smallest and the largest value, not by mean and standard deviation"


def scaled_too(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x - mean(x, axis=0) as (x - mean(x, axis=0)) / std(x, axis=0)."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and called(node.right) in ("mean", "average"):
        assert isinstance(node.right, ast.Call)
        spread = like(of_numpy("std", node.left), keywords=node.right.keywords)
        yield ast.BinOp(node, ast.Div(), spread), "it is divided by the standard deviation, which should stay"


def share_of_another(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x.mean(axis=0) as x.sum(axis=0) / len(another)."""
    if isinstance(node, ast.Call) and called(node) == "mean" and isinstance(node.func, ast.Attribute):
        total = like(node, func=like(node.func, attr="sum"))
        for name in scope.counted[:3]:
            length = ast.Call(ast.Name("len", ast.Load()), [ast.Name(name, ast.Load())], [])
            if node.keywords or not isinstance(node.func.value, ast.Name) or node.func.value.id not in NO_NAMES:
                yield ast.BinOp(total, ast.Div(), length), f"it is divided by the length of `{name}`, not its own"


def whole_for_sum(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """a / (a + b) as a / len(x)."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div):
        return
    if isinstance(node.right, ast.BinOp) and isinstance(node.right.op, ast.Add):
        for name in scope.known[:3]:
            if is_parameter(ast.Name(name), scope):
                length = ast.Call(ast.Name("len", ast.Load()), [ast.Name(name, ast.Load())], [])
                yield like(node, right=length), f"it is divided by the length of `{name}`, not by a sum"


def sorted_result(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """return x as return sorted(x), and as return x.sort_values()."""
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Name | ast.Call | ast.ListComp):
        said = "the result is sorted, where the order should stay"
        yield like(node, value=ast.Call(ast.Name("sorted", ast.Load()), [node.value], [])), said
        yield like(node, value=ast.Call(ast.Attribute(node.value, "sort_values", ast.Load()), [], [])), said


def each_counts_one(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """total + length as total + 1."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and isinstance(node.right, ast.Name):
        yield like(node, right=ast.Constant(1)), "1 is added where a value of its own belongs"
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and number(node.value) is None:
        yield like(node, value=ast.Constant(1)), "1 is added where a value of its own belongs"


def kept_once(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x.setdefault(k, []).append(v) as x[k] = [v], and as x.setdefault(k, [v]); x.append(v) as x[:] = [v]."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and len(node.value.args) == 1):
        return
    call = node.value
    if called(call) not in ("append", "add") or not isinstance(call.func, ast.Attribute):
        return
    item, holder = call.args[0], call.func.value
    one = ast.List([item], ast.Load()) if called(call) == "append" else ast.Set([item])
    if isinstance(holder, ast.Call) and called(holder) == "setdefault" and len(holder.args) == 2:
        assert isinstance(holder.func, ast.Attribute)
        place = ast.Subscript(holder.func.value, holder.args[0], ast.Store())
        yield ast.Assign([place], one), "only the last item of each key is kept"
        yield ast.Expr(like(holder, args=[holder.args[0], one])), "only the first item of each key is kept"
        yield ast.Expr(holder), "nothing is put into the lists"
    elif isinstance(holder, ast.Subscript):
        yield ast.Assign([like(holder, ctx=ast.Store())], one), "only the last item of each key is kept"
    elif isinstance(holder, ast.Name) and called(call) == "append":
        yield ast.Assign([ast.Subscript(holder, ast.Slice(), ast.Store())], one), "only the last item of a list is kept"


def inner_result_lost(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """y.extend(f(x)) as f(x), and return f(x) as f(x), where f is the function that is being written."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and called(node.value) != scope.function:
        for argument in node.value.args:
            if scope.function and called(argument) == scope.function:
                yield ast.Expr(argument), "what the function gives for an inner part is not used"
    if isinstance(node, ast.Return) and node.value is not None and scope.function == called(node.value) != "":
        yield ast.Expr(node.value), "what the function gives for an inner part is not returned"


def other_result(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """return -1 as return 0, None, False; return [[]] as return []."""
    if not isinstance(node, ast.Return) or node.value is None:
        return
    value = node.value
    if isinstance(value, ast.List) and len(value.elts) == 1:
        yield like(node, value=like(value, elts=[])), "the simplest case gives an empty list"
    if isinstance(value, ast.Constant) or (isinstance(value, ast.UnaryOp) and number(value.operand) is not None):
        given = getattr(value, "value", None)
        for other in (0, 1, -1, "", False):
            if type(other) is not type(given) or other != given:
                yield like(node, value=ast.Constant(other)), f"one case gives {other!r}"


def whole_loop(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """A loop that is left out."""
    if isinstance(node, ast.For | ast.While):
        yield None, "a loop is left out"


def changed_before(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """for v in x as for v in sorted(x), reversed(x), set(x); x of a parameter."""
    if isinstance(node, ast.For) and is_parameter(node.iter, scope):
        for function, said in (
            (
                "sorted",
                "it is sorted first, or equal items are taken together, where the order should stay",
            ),
            ("reversed", "it goes through the items backwards"),
        ):
            items = ast.Call(ast.Name(function, ast.Load()), [node.iter], [])
            yield like(node, iter=items), said
        some = ast.Subscript(node.iter, ast.Slice(ast.Constant(1)), ast.Load())
        yield like(node, iter=some), "a loop leaves out the first item"
        some = ast.Subscript(node.iter, ast.Slice(None, ast.UnaryOp(ast.USub(), ast.Constant(1))), ast.Load())
        yield like(node, iter=some), "a loop leaves out the last item"


def one_not_set(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """a[0], b[0] = x, y as a[0] = x, and as b[0] = y."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
        pairs = list(zip(node.targets[0].elts, node.value.elts, strict=False))
        for left_out, _ in enumerate(pairs):
            steps: list[ast.stmt] = [
                ast.Assign([target], value) for place, (target, value) in enumerate(pairs) if place != left_out
            ]
            yield ast.Module(steps, []), "one of several values that are set together is not set"


def other_place(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x[0] as x[1]."""
    if isinstance(node, ast.Subscript) and type(index := number(node.slice)) is int:
        for other in (index + 1, index - 1):
            yield like(node, slice=ast.Constant(other)), "an index is off by one"


def other_bound(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x[1:] as x[0:] and x[2:]; x[:3] as x[:2] and x[:4]."""
    if isinstance(node, ast.Slice):
        for end, verb in (("lower", "begins"), ("upper", "ends")):
            bound = getattr(node, end)
            if type(value := number(bound)) is int:
                for other, which in ((value + 1, "late"), (value - 1, "early")):
                    if other >= 0:
                        yield like(node, **{end: ast.Constant(other)}), f"a part that is taken {verb} one too {which}"


def not_reversed(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x[::-1] as x[:]."""
    if isinstance(node, ast.Slice) and minus_one(node.step or ast.Pass()) and node.lower is None:
        yield ast.Slice(), "the order is not reversed"


FIRST: tuple[Rule, ...] = (other_sorting, not_reversed, one_not_set, other_place, other_bound)

RULES: tuple[Rule, ...] = (
    kept_once,
    inner_result_lost,
    values_of_dict,
    other_scaling,
    scaled_too,
    share_of_another,
    whole_for_sum,
    sorted_result,
    other_key,
    filled_table,
    other_result,
    each_counts_one,
    changed_before,
    whole_loop,
)
