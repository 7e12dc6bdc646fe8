"""Mistakes in everyday code: lists, loops, conditions, texts, tables, statistics.

Each rule is as in `mutants.RULES`: of a node and its place it gives what could stand there by mistake, each with a
general sentence that gives no line away. They serve to recognise a value, not to try a check.
"""

import ast
import copy
import itertools
from collections.abc import Iterator, Sequence

from autograder.expect.changes import (
    NO_NAMES,
    Change,
    Rule,
    Scope,
    called,
    is_count,
    is_parameter,
    like,
    minus_one,
    names_read,
    number,
    of_numpy,
    with_name,
)


def not_centred(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x - mean as x."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        of_mean = isinstance(node.right, ast.Name) and node.right.id in scope.means
        if of_mean or called(node.right) in ("mean", "average"):
            yield node.left, "the mean is not subtracted"


def other_divisor(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """N for N - 1, and the other way round."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div):
        return
    right = node.right
    if isinstance(right, ast.BinOp) and isinstance(right.op, ast.Sub) and number(right.right) == 1:
        yield like(node, right=right.left), "it is divided by N where N - 1 belongs"
    elif (is_count(right, scope) and not isinstance(right, ast.BinOp)) or getattr(right, "id", "") in COUNTS:
        less = ast.BinOp(right, ast.Sub(), ast.Constant(1))
        yield like(node, right=less), "it is divided by N - 1 where N belongs"


COUNTS = ("n", "N", "count", "steps", "num", "number", "intervals", "strips")


def whole_division(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """a / b as a // b, where a plain number or name is divided by."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        value = number(node.right)
        if (value is not None and value == int(value)) or isinstance(node.left, ast.Name):
            yield like(node, op=ast.FloorDiv()), "a division is rounded down (//)"


def remainder(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """a % b as a."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and not isinstance(node.left, ast.Constant):
        yield node.left, "the remainder (%) is not taken"
        if (value := number(node.right)) is not None and abs(value) > 10:
            yield like(node, right=ast.Constant(value - 1)), "a number is too small by one"
            yield like(node, right=ast.Constant(value + 1)), "a number is too large by one"


def conditions(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """a and b as a, as b, as a or b; a < b < c with other signs, and as a < b and b < c."""
    if isinstance(node, ast.BoolOp):
        for index in range(len(node.values)):
            rest = [*node.values[:index], *node.values[index + 1 :]]
            left = rest[0] if len(rest) == 1 else like(node, values=rest)
            yield left, "one of several conditions is missing"
        yield like(node, op=ast.And() if isinstance(node.op, ast.Or) else ast.Or()), "`and` and `or` are exchanged"
    if isinstance(node, ast.Compare) and len(node.ops) == 2:
        middle = node.comparators[0]
        yield ast.Compare(node.left, node.ops[:1], [middle]), "one of several conditions is missing"
        yield ast.Compare(middle, node.ops[1:], node.comparators[1:]), "one of several conditions is missing"
        for index, sign in enumerate(node.ops):
            if type(sign) in BOUNDS:
                new, said = BOUNDS[type(sign)]
                yield like(node, ops=[*node.ops[:index], new(), *node.ops[index + 1 :]]), said


BOUNDS: dict[type, tuple[type, str]] = {
    ast.Lt: (ast.LtE, "a bound is included that should not be"),
    ast.LtE: (ast.Lt, "a bound is left out"),
    ast.Gt: (ast.GtE, "a bound is included that should not be"),
    ast.GtE: (ast.Gt, "a bound is left out"),
}


def mask_conditions(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Conditions on arrays: a & b as a, as b, as a | b; x[condition] as x[~condition], and as x."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr) and is_condition(node):
        yield node.left, "one of several conditions is missing"
        yield node.right, "one of several conditions is missing"
        other = ast.BitOr() if isinstance(node.op, ast.BitAnd) else ast.BitAnd()
        yield like(node, op=other), "`and` and `or` are exchanged"
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and is_condition(node.slice):
        opposite = node.slice.operand if isinstance(node.slice, ast.UnaryOp) else ast.UnaryOp(ast.Invert(), node.slice)
        yield like(node, slice=opposite), "a condition is the other way round: what should go is kept"
        yield node.value, "a condition is missing: everything is kept"


def is_condition(node: ast.AST) -> bool:
    """Does an expression compare, or join comparisons?"""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr):
        return is_condition(node.left) and is_condition(node.right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        return True
    if called(node) in ("isin", "isna", "isnull", "notna", "notnull", "contains", "between", "duplicated"):
        return True
    return isinstance(node, ast.Compare) and not isinstance(node.ops[0], ast.In | ast.NotIn)


def other_flag(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """f(replace=True) as f(replace=False)."""
    if isinstance(node, ast.Call):
        for index, keyword in enumerate(node.keywords):
            if isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, bool) and keyword.arg:
                flag = ast.keyword(keyword.arg, ast.Constant(not keyword.value.value))
                keywords = [*node.keywords[:index], flag, *node.keywords[index + 1 :]]
                yield like(node, keywords=keywords), f"`{keyword.arg}` is True where it should be False, or the reverse"


def left_out_part(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """One of the parts that are put together, of the candidates of a minimum, of the arguments of a function."""
    if not isinstance(node, ast.Call):
        return
    name = called(node)
    if name in JOINED and node.args and isinstance(node.args[0], ast.List | ast.Tuple) and len(node.args[0].elts) > 1:
        parts = node.args[0]
        for index in range(len(parts.elts)):
            rest = [*parts.elts[:index], *parts.elts[index + 1 :]]
            yield (
                like(node, args=[like(parts, elts=rest), *node.args[1:]]),
                "one of the parts that are put together is missing",
            )
    elif name in ("min", "max") and len(node.args) > 1 and isinstance(node.func, ast.Name):
        what = "minimum" if name == "min" else "maximum"
        for index in range(len(node.args)):
            rest = [*node.args[:index], *node.args[index + 1 :]]
            if len(rest) == 1:
                yield rest[0], f"a limit is missing: no {what} is taken"
            else:
                yield like(node, args=rest), f"one of the candidates of a {what} is missing"
    elif name in DEFAULTED and len(node.args) > 1:
        yield like(node, args=node.args[:-1]), f"{with_name('argument', node.args[-1], scope)} is left out"


JOINED = ("vstack", "hstack", "concatenate", "stack", "column_stack", "concat", "pad", "chain")
DEFAULTED = (
    "fftfreq", "rfftfreq", "irfft", "ifft", "rfft", "fft", "gradient", "trapezoid", "trapz", "round", "strip", "split",
    "get", "diff", "histogram", "linspace", "pow", "log", "sort_values", "eye", "norm", "convolve", "quad",
)  # fmt: skip


def own_call(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """f(rest) as rest, where f is the function that is being written."""
    if isinstance(node, ast.Call) and called(node) == scope.function and scope.function and len(node.args) == 1:
        yield node.args[0], "the function does not call itself for an inner part"


def everyday_function(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """append for extend, pop for popleft, any for all, and so on."""
    if not isinstance(node, ast.Call):
        return
    for old, new, said in EVERYDAY:
        if called(node) == old:
            if isinstance(node.func, ast.Attribute):
                yield like(node, func=like(node.func, attr=new)), said
            elif old in BUILTINS:
                yield like(node, func=ast.Name(new, ast.Load())), said
    name = called(node)
    if name == "sorted" and not any(keyword.arg == "reverse" for keyword in node.keywords):
        reverse = ast.keyword("reverse", ast.Constant(True))
        yield like(node, keywords=[*node.keywords, reverse]), "it is sorted the other way round"
    if name == "sorted" and (rest := [keyword for keyword in node.keywords if keyword.arg != "key"]) != node.keywords:
        yield like(node, keywords=rest), "it is sorted by something else (`key`)"
    if name == "sort_values" and isinstance(node.func, ast.Attribute):
        yield node.func.value, "it is not sorted by value"
    if name == "fillna" and isinstance(node.func, ast.Attribute):
        yield node.func.value, "missing values are not filled"
        yield ast.Call(like(node.func, attr="dropna"), [], []), "missing values are dropped where they should be filled"
        if node.args:
            yield like(node, args=[ast.Constant(0)]), "missing values are filled with 0"
    if name in ("percentile", "nanpercentile") and len(node.args) == 2:
        share = of_numpy("divide", node.args[1], ast.Constant(100))
        yield like(node, args=[node.args[0], share]), "shares of 1 stand where per cent belong: a factor 100"
    if name == "permutation" and len(node.args) == 1:
        yield of_numpy("arange", node.args[0]), "nothing is shuffled: the order stays as it was"
    if name in ("eye", "identity") and len(node.args) == 1:
        shape = ast.Tuple([node.args[0], node.args[0]], ast.Load())
        yield of_numpy("zeros", shape), "it starts from zeros where it should start from ones on the diagonal"
    if name == "copy" and isinstance(node.func, ast.Attribute) and not node.args:
        yield of_numpy("zeros_like", node.func.value), "it starts from zeros where it should start from a copy"
    if name in ("int", "floor") and len(node.args) == 1:
        yield of_numpy("ceil", node.args[0]) if name == "floor" else ceiling(node), "it is rounded up, not down"
        rounded = ast.Call(ast.Name("round", ast.Load()), node.args, [])
        yield rounded, "it is rounded to the nearest whole number, not down"
    if name == "float" and len(node.args) == 1:
        yield node.args[0], "texts are not turned into numbers"
    if name in ("cumsum", "cumprod", "argsort", "diff", "flip", "tolist") and node.args:
        yield node.args[0], UNDONE[name]
    if name == "norm" and len(node.args) == 1:
        yield of_numpy("sum", node.args[0]), "a plain sum stands where a norm belongs"
        yield of_numpy("max", of_numpy("abs", node.args[0])), "the largest entry stands where a norm belongs"
        yield of_numpy("vdot", node.args[0], node.args[0]), "the square of a norm stands where the norm belongs"
    if name in ("fftfreq", "rfftfreq"):
        turn = ast.Constant(6.283185307179586)
        yield ast.BinOp(turn, ast.Mult(), node), "angular frequencies stand where frequencies belong: a factor 2π"
    if name == "mean" and isinstance(node.func, ast.Attribute) and not node.args and not is_module(node.func.value):
        median = of_numpy("median", node.func.value)
        yield like(median, keywords=node.keywords), "a median stands where a mean belongs"
    if isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") in ("rng", "generator"):
        for seed in (0, 1, 42):
            own = ast.Call(ast.parse("np.random.default_rng", mode="eval").body, [ast.Constant(seed)], [])
            yield (
                like(node, func=like(node.func, value=own)),
                "random numbers come from a generator with a seed of its own",
            )
    if name == "split" and isinstance(node.func, ast.Attribute) and not node.args:
        yield node.func.value, "it goes through letters, not words"


def ceiling(node: ast.Call) -> ast.expr:
    """int(x) as -int(-x // 1)."""
    less = ast.BinOp(ast.UnaryOp(ast.USub(), node.args[0]), ast.FloorDiv(), ast.Constant(1))
    return ast.UnaryOp(ast.USub(), like(node, args=[less]))


def is_module(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "numpy", "math", "torch", "statistics", "pd")


UNDONE = {
    "cumsum": "nothing is summed up",
    "cumprod": "nothing is multiplied up",
    "argsort": "no order is taken (argsort)",
    "diff": "no differences are taken",
    "flip": "nothing is put in reverse order",
    "tolist": "no list is made",
}

EVERYDAY = (
    ("extend", "append", "a list is added as one item where its items should be added"),
    ("popleft", "pop", "what came last is taken first: items are taken from the other end"),
    ("appendleft", "append", "items are put at the other end"),
    ("lower", "upper", "it is made upper case, not lower"),
    ("upper", "lower", "it is made lower case, not upper"),
    ("startswith", "endswith", "the end is looked at where the beginning should be"),
    ("endswith", "startswith", "the beginning is looked at where the end should be"),
    ("union", "intersection", "what is in both is taken where what is in either belongs"),
    ("intersection", "union", "what is in either is taken where what is in both belongs"),
    ("difference", "intersection", "what is in both is taken where a difference belongs"),
    ("head", "tail", "the last ones are taken where the first belong"),
    ("first", "last", "the last one is taken where the first belongs"),
    ("last", "first", "the first one is taken where the last belongs"),
    ("cumsum", "cumprod", "products are taken where sums belong"),
    ("ffill", "bfill", "missing values are filled from the wrong side"),
    ("nunique", "count", "all entries are counted, not the different ones"),
    ("value_counts", "unique", "the different values are taken where their numbers belong"),
    ("inner", "outer", "an outer product stands where an inner one belongs"),
    ("outer", "inner", "an inner product stands where an outer one belongs"),
    ("weekday", "isoweekday", "days of the week are counted from 1, not from 0"),
    ("isoweekday", "weekday", "days of the week are counted from 0, not from 1"),
    ("min", "max", "a maximum stands where a minimum belongs"),
    ("max", "min", "a minimum stands where a maximum belongs"),
    ("any", "all", "all have to hold where one is enough"),
    ("all", "any", "one is enough where all have to hold"),
    ("sin", "cos", "a cosine stands where a sine belongs"),
    ("cos", "sin", "a sine stands where a cosine belongs"),
)
BUILTINS = ("min", "max", "any", "all")


def last_word(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """The last condition of a function as always true, or false; a return that is missing."""
    if not isinstance(node, ast.Return) or node.value is None:
        return
    value = node.value
    if isinstance(value, ast.Compare | ast.BoolOp) or (
        isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
    ):
        for answer in (True, False):
            said = f"a condition at the end is not looked at: the answer there is always {answer}"
            yield like(node, value=ast.Constant(answer)), said
    yield like(node, value=None), "one case returns nothing: None"


def pairs(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """append((a, b)) as append((b, a)); a, b = f, g as a = f; b = g."""
    if isinstance(node, ast.Call) and called(node) in ("append", "add") and len(node.args) == 1:
        pair = node.args[0]
        if isinstance(pair, ast.Tuple) and len(pair.elts) == 2:
            yield like(node, args=[like(pair, elts=pair.elts[::-1])]), "the two parts of a pair are exchanged"
    if (
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Tuple)
        and isinstance(node.value, ast.Tuple)
        and len(node.targets[0].elts) == len(node.value.elts)
    ):
        targets, values = node.targets[0].elts, node.value.elts
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        if names & {part.id for value in values[1:] for part in ast.walk(value) if isinstance(part, ast.Name)}:
            steps: list[ast.stmt] = [ast.Assign([one], value) for one, value in zip(targets, values, strict=True)]
            yield ast.Module(steps, []), "values are changed one after the other where they should change at once"


def exchanged_numbers(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """Two numbers that are factors or divisors in one step, exchanged: 4 * a + 2 * b as 2 * a + 4 * b."""
    if not isinstance(node, ast.Assign | ast.AugAssign | ast.Return) or node.value is None:
        return
    products = [
        part for part in ast.walk(node.value) if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div)
    ]
    constants = [side for part in products for side in (part.left, part.right) if number(side) not in (None, 0, 1)]
    for one, other in itertools.islice(itertools.combinations(sorted({number(c) or 0 for c in constants}), 2), 3):
        swap = {one: other, other: one}
        places = {id(constant) for constant in constants if number(constant) in swap}
        yield like(node, value=with_numbers(node.value, places, swap)), "two numbers are exchanged"


def with_numbers(node: ast.expr, places: set[int], swap: dict[int | float, int | float]) -> ast.expr:
    """A copy of an expression with other numbers in some places."""
    if id(node) in places and isinstance(node, ast.Constant):
        return ast.Constant(swap[node.value])  # type: ignore[index]
    fields: dict[str, object] = {}
    for name, value in ast.iter_fields(node):
        if isinstance(value, list):
            fields[name] = [with_numbers(one, places, swap) if isinstance(one, ast.expr) else one for one in value]
        elif isinstance(value, ast.expr):
            fields[name] = with_numbers(value, places, swap)
    return like(node, **fields)


def new_for_old(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """new[i] = f(old[i]) as new[i] = f(new[i])."""
    if not isinstance(node, ast.Assign) or not isinstance(target := node.targets[0], ast.Subscript):
        return
    if isinstance(target.value, ast.Name):
        old = {
            part.value.id
            for part in ast.walk(node.value)
            if isinstance(part, ast.Subscript) and isinstance(part.value, ast.Name) and part.value.id != target.value.id
        }
        if len(old) == 1:
            renamed = _Renamed(old.pop(), target.value.id).visit(ast.parse(ast.unparse(node.value), mode="eval"))
            yield like(node, value=renamed.body), "new values are used where the old ones belong"


class _Renamed(ast.NodeTransformer):
    """Reads entries of another array."""

    def __init__(self, old: str, new: str) -> None:
        self.names = {old: new}

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id in self.names:
            node.value = ast.Name(self.names[node.value.id], ast.Load())
        return node


def default_for_parameter(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """A parameter that is not used, but its default."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in scope.defaults:
        yield scope.defaults[node.id], f"`{node.id}` is not used, but its default"


def comprehension(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """[f(x) for x in y if z] without its condition, and the items themselves in place of f(x)."""
    if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp) and len(node.generators) == 1:
        loop = node.generators[0]
        if loop.ifs:
            yield like(node, generators=[like(loop, ifs=[])]), "a condition is missing: everything is kept"
        if not isinstance(node.elt, ast.Name) and isinstance(loop.target, ast.Name):
            yield (
                like(node, elt=ast.Name(loop.target.id, ast.Load())),
                "items are taken as they are",
            )


def one_round(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """A while loop that does one round only; a for loop over pairs of neighbours without overlap."""
    if isinstance(node, ast.While) and not node.orelse:
        yield like(node, body=[*node.body, ast.Break()]), "a loop ends after its first round"
    if isinstance(node, ast.For) and called(node.iter) == "range":
        called_range = node.iter
        assert isinstance(called_range, ast.Call)
        for other in scope.known[:6]:
            if len(called_range.args) == 1 and other in scope.public and other not in NO_NAMES:
                args = [ast.Constant(0), *called_range.args, ast.Name(other, ast.Load())]
                count = called_range.args[0]
                if isinstance(count, ast.BinOp) and other in names_read(count):
                    yield (
                        like(node, iter=like(called_range, args=args)),
                        f"a loop goes on in steps of `{other}`, not of one",
                    )


def other_attribute(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """return taken as return self.balance; note(taken) as note(amount): a name for another that students see."""
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Name):
        for other in dict.fromkeys(scope.known):
            if other in scope.public and other not in (node.value.id, *NO_NAMES):
                yield like(node, value=ast.Name(other, ast.Load())), f"`{other}` is returned"
    if isinstance(node, ast.Call) and called(node) in ("append", "add") and node.args:
        pair = node.args[0]
        if not isinstance(pair, ast.Tuple):
            return
        for index, part in enumerate(pair.elts):
            for other in dict.fromkeys(scope.known):
                if isinstance(part, ast.Name) and other != part.id and is_parameter(ast.Name(other), scope):
                    elts = [*pair.elts[:index], ast.Name(other, ast.Load()), *pair.elts[index + 1 :]]
                    yield like(node, args=[like(pair, elts=elts)]), f"`{other}` stands in place of another variable"


def item_or_list(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x[0] as x[-1], and the other way round."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        if number(node.slice) == 0:
            yield (
                like(node, slice=ast.UnaryOp(ast.USub(), ast.Constant(1))),
                "the last is taken where the first belongs",
            )
        elif minus_one(node.slice):
            yield like(node, slice=ast.Constant(0)), "the first is taken where the last belongs"


def other_index(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x[i] as x[i + 1] and x[i - 1]."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return
    if isinstance(node.slice, ast.Name) and node.slice.id in INDICES:
        for sign in (ast.Add(), ast.Sub()):
            moved = ast.BinOp(node.slice, sign, ast.Constant(1))
            yield like(node, slice=moved), "an index is off by one"


INDICES = ("i", "j", "k", "n", "m", "t", "index", "idx", "row", "col", "column", "fold", "layer", "step")


def upside_down(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """a * b / c as a * c / b."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.left, ast.BinOp):
        product = node.left
        if isinstance(product.op, ast.Mult):
            turned = like(node, left=like(product, right=node.right), right=product.right)
            yield turned, "a factor and a divisor are exchanged"


def rounded_number(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """273.15 as 273, 9.81 as 9.8, π as 3.14."""
    value = number(node)
    if isinstance(value, float) and abs(value) > 1 and value != int(value):
        for digits in (0, 1):
            if round(value, digits) != value:
                yield ast.Constant(round(value, digits)), "a number is rounded: it has more digits"
    if isinstance(node, ast.Attribute) and node.attr == "pi":
        yield ast.Constant(3.14), "a number is rounded: it has more digits"


def around_loop(block: Sequence[ast.stmt], scope: Scope) -> Iterator[tuple[int, int, list[ast.stmt], str]]:
    """Of statements that follow each other: the `return` behind a loop as the last step of the loop.

    Gives the first and last place of what is replaced, the new statements, and the sentence.
    """
    for index, (step, following) in enumerate(itertools.pairwise(block)):
        if isinstance(step, ast.For | ast.While) and not step.orelse and isinstance(following, ast.Return):
            inside = like(step, body=[*step.body, following])
            yield index, index + 1, [inside], "a `return` stands inside a loop, which ends in its first round"


def result_off(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """return n as return n + 1, and as return n - 1; of one case of several, too."""
    if not isinstance(node, ast.Return | ast.IfExp):
        return
    field = "value" if isinstance(node, ast.Return) else "body"
    value = getattr(node, field)
    if isinstance(value, ast.Name | ast.Call | ast.BinOp | ast.Subscript):
        for sign, size in ((ast.Add(), "large"), (ast.Sub(), "small")):
            off = ast.BinOp(value, sign, ast.Constant(1))
            yield like(node, **{field: off}), f"what is returned is too {size} by one"


def one_row_for_all(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """[[0] * m for _ in range(n)] as [[0] * m] * n."""
    if not isinstance(node, ast.ListComp) or len(node.generators) != 1:
        return
    loop = node.generators[0]
    count = loop.iter.args[0] if isinstance(loop.iter, ast.Call) and len(loop.iter.args) == 1 else None
    row = isinstance(node.elt, ast.BinOp | ast.List | ast.ListComp)
    if row and count is not None and called(loop.iter) == "range" and not loop.ifs:
        yield ast.BinOp(ast.List([node.elt], ast.Load()), ast.Mult(), count), "all rows are one and the same list"


def begins_empty(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """y = [x] as y = []."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.List) and len(node.value.elts) == 1:
        yield like(node, value=like(node.value, elts=[])), "a list begins empty, without its first item"


def unfilled(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """A loop that only sets entries, left out."""
    if isinstance(node, ast.For) and not node.orelse and len(node.body) == 1:
        step = node.body[0]
        if isinstance(step, ast.Assign) and isinstance(step.targets[0], ast.Subscript):
            yield None, "entries that should be set first are not set"


def step_late(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """i * h as (i + 1) * h, and as (i - 1) * h."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        for field in ("left", "right"):
            side = getattr(node, field)
            if isinstance(side, ast.Name) and side.id in LOOP_NAMES:
                for sign in (ast.Add(), ast.Sub()):
                    yield like(node, **{field: ast.BinOp(side, sign, ast.Constant(1))}), "an index is off by one"


LOOP_NAMES = ("i", "j", "k", "n", "m", "t", "step", "index")


def begins_with_one(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """term = y[i] as term = 1."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript) and isinstance(node.targets[0], ast.Name):
        yield like(node, value=ast.Constant(1.0)), "a product begins with 1, without its first factor"


def original(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """u[i] = u[j] / 2 as u[i] = a[j] / 2, where u was made of the argument a."""
    if not isinstance(node, ast.Assign | ast.AugAssign):
        return
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if not isinstance(target, ast.Subscript):
        return
    read = {
        part.value.id
        for part in ast.walk(node.value)
        if isinstance(part, ast.Subscript) and isinstance(part.value, ast.Name)
    }
    arguments = [name for name in scope.known if is_parameter(ast.Name(name), scope) and name not in NO_NAMES]
    for name in dict.fromkeys(arguments[:3]):
        for old in sorted(read - {name})[:2]:
            renamed = _Renamed(old, name).visit(ast.parse(ast.unparse(node.value), mode="eval"))
            yield like(node, value=renamed.body), f"`{name}` is read where what was made of it belongs"


def other_indices(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """u[j, j] as u[i, i]; u[i, j] as u[j, i] is a transpose."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple) and isinstance(node.ctx, ast.Load):
        names = {part.id for part in node.slice.elts if isinstance(part, ast.Name)}
        for other in LOOP_NAMES[:3]:
            if len(names) == 1 == len({ast.dump(part) for part in node.slice.elts}) and other not in names:
                elts: list[ast.expr] = [ast.Name(other, ast.Load()) for _ in node.slice.elts]
                yield like(node, slice=like(node.slice, elts=elts)), "an index stands in place of another"


def into_argument(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """return y as x[:] = y; return x, where x is an argument."""
    if not isinstance(node, ast.Return) or node.value is None or isinstance(node.value, ast.Tuple | ast.Constant):
        return
    arguments = [name for name in scope.known if is_parameter(ast.Name(name), scope) and name not in NO_NAMES]
    for name in dict.fromkeys(arguments[:2]):
        if not (isinstance(node.value, ast.Name) and node.value.id == name):
            into = ast.Subscript(ast.Name(name, ast.Load()), ast.Slice(), ast.Store())
            steps: list[ast.stmt] = [ast.Assign([into], node.value), like(node, value=ast.Name(name, ast.Load()))]
            yield ast.Module(steps, []), f"the argument `{name}` is changed, not a copy of it"


def other_end(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x.pop(0) as x.pop(), and the other way round."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "pop":
        said = "items are taken from the other end"
        if not node.args:
            yield like(node, args=[ast.Constant(0)]), said
        elif number(node.args[0]) in (0, -1) and len(node.args) == 1:
            yield like(node, args=[] if number(node.args[0]) == 0 else [ast.Constant(0)]), said


def other_item(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x[-1] as x[0], x[-2]; x[0] as x[-1], x[1]; x[2] as x[1], x[3]."""
    if not isinstance(node, ast.Subscript):
        return
    negative = isinstance(node.slice, ast.UnaryOp) and isinstance(node.slice.op, ast.USub)
    index = number(node.slice.operand if isinstance(node.slice, ast.UnaryOp) else node.slice)
    if index is not None and index == int(index):
        index = -index if negative else index
        ends = {0: (-1,), -1: (0,)}.get(int(index), ())
        for other in dict.fromkeys((*ends, int(index) - 1, int(index) + 1)):
            if (other < 0) == (index < 0) or other in ends:
                yield like(node, slice=ast.Constant(other)), "another item is taken: an index is not the right one"


def case_left_out(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """np.where(condition, a, b) as b; a if condition else b as b."""
    said = "a case is not told apart: it is treated as all others"
    if called(node) == "where" and isinstance(node, ast.Call) and len(node.args) == 3:
        yield node.args[2], said
    elif isinstance(node, ast.IfExp):
        yield node.orelse, said


def changes_of_series(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """pct_change, diff and shift of a table's column, towards the other neighbour or by another value."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    column, name = node.func.value, node.func.attr

    def method(of: ast.expr, what: str, *arguments: int) -> ast.Call:
        return ast.Call(ast.Attribute(of, what, ast.Load()), [ast.Constant(one) for one in arguments], [])

    other_way = "it is held against the one after it, where the one before belongs, or the reverse"
    if name in ("pct_change", "diff", "shift") and (steps := number(node.args[0]) if node.args else 1) is not None:
        yield like(node, args=[ast.Constant(-int(steps)), *node.args[1:]]), other_way
    if name == "pct_change" and not node.args:
        difference, before = method(column, "diff"), method(column, "shift")
        yield difference, "a difference is not divided by what it is a change of"
        yield ast.BinOp(difference, ast.Div(), column), "a change is divided by the new value, not by the old one"
        yield ast.BinOp(column, ast.Div(), before), "a ratio is taken where a change belongs: 1 is not subtracted"
        first = ast.Subscript(ast.Attribute(column, "iloc", ast.Load()), ast.Constant(0), ast.Load())
        change = ast.BinOp(ast.BinOp(column, ast.Sub(), first), ast.Div(), first)
        yield change, "each is held against the first, not against the one before it"
        yield method(of_numpy("log", column), "diff"), "differences of logarithms are taken where changes belong"


def of_everything(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """table.sum(axis=1) as the sum of the whole table, which needs two steps in pandas."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or is_module(node.func.value):
        return
    if node.func.attr in ("sum", "mean", "max", "min") and any(keyword.arg == "axis" for keyword in node.keywords):
        whole = of_numpy(node.func.attr, of_numpy("asarray", node.func.value))
        yield whole, f"a {node.func.attr} is taken over everything, not over one axis"


def number_for_sum(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x / x.sum() as x / len(x)."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.right, ast.Call):
        summed = node.right
        if called(summed) == "sum" and not summed.keywords:
            method = isinstance(summed.func, ast.Attribute) and not is_module(summed.func.value)
            of = summed.func.value if method else summed.args[0] if summed.args else None  # type: ignore[attr-defined]
            if of is not None:
                count = ast.Call(ast.Name("len", ast.Load()), [of], [])
                yield like(node, right=count), "it is divided by how many there are, not by their sum"


def products_of_sums(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """(a * b).groupby(c).sum() as a.groupby(c).sum() * b.groupby(c).sum()."""
    if called(node) not in ("sum", "mean") or not isinstance(node, ast.Call):
        return
    base: ast.AST = node
    while isinstance(base, ast.Call | ast.Attribute | ast.Subscript):
        base = base.func if isinstance(base, ast.Call) else base.value
    if isinstance(base, ast.BinOp) and isinstance(base.op, ast.Mult):
        parts = []
        for side in (base.left, base.right):
            other = copy.deepcopy(node)
            inner: ast.AST = other
            while isinstance(inner, ast.Call | ast.Attribute | ast.Subscript):
                outer, inner = inner, inner.func if isinstance(inner, ast.Call) else inner.value
            assert isinstance(outer, ast.Attribute | ast.Subscript)
            outer.value = side
            parts.append(other)
        yield ast.BinOp(parts[0], ast.Mult(), parts[1]), "sums are multiplied where products should be summed up"


FIRST: tuple[Rule, ...] = (
    not_centred,
    other_divisor,
    other_flag,
    conditions,
    mask_conditions,
    default_for_parameter,
    other_end,
    other_item,
    case_left_out,
)
"""The surest: tried before the others."""

LATER: tuple[Rule, ...] = (
    everyday_function,
    left_out_part,
    own_call,
    remainder,
    last_word,
    pairs,
    exchanged_numbers,
    new_for_old,
    comprehension,
    one_round,
    whole_division,
    upside_down,
    rounded_number,
    result_off,
    one_row_for_all,
    begins_empty,
    unfilled,
    step_late,
    begins_with_one,
    original,
    other_indices,
    into_argument,
    changes_of_series,
    of_everything,
    number_for_sum,
    products_of_sums,
)

LAST: tuple[Rule, ...] = (other_attribute, item_or_list, other_index)
"""The least sure."""
