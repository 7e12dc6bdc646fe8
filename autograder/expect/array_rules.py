"""Mistakes in code that computes with arrays: what is counted, scaled, drawn, left out of a round, done too often.

Each rule is as in `mutants.RULES`: of a node and its place it gives what could stand there by mistake, each with a
general sentence that gives no line away. They serve to recognise a value, not to try a check.
"""

import ast
import copy
import itertools
import re
from collections.abc import Iterator, Sequence

from autograder.expect.changes import (
    NO_NAMES,
    Change,
    Rule,
    Scope,
    called,
    is_count,
    like,
    named,
    number,
    of_numpy,
    with_name,
)

MOST_NAMES = 6  # of those that a rule tries in one place
MOST_FACTORS = 5
DRAWS = ("randn", "rand", "normal", "standard_normal", "random", "uniform", "random_sample")
SCALES = ("weight_scale", "std", "scale", "sigma", "init_scale")
PLACE = re.compile(r"([A-Za-z]+?_?)(\d+)(.*)")


def is_array(node: ast.AST) -> bool:
    """May a node be an array: a name, an entry of a dict, an attribute?"""
    return (isinstance(node, ast.Name) and node.id not in NO_NAMES) or (
        isinstance(node, ast.Subscript | ast.Attribute) and isinstance(getattr(node, "ctx", None), ast.Load)
    )


def changed_argument(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """f(x, b) as f(x, 0 * b) and f(x, 2 * b); x + b as x + 2 * b."""
    if isinstance(node, ast.Call) and not of_a_module(node.func) and called(node) not in PLAIN:
        for index, argument in enumerate(node.args):
            if is_array(argument) and not is_count(argument, scope):
                what = called_by_name(argument, scope) or "one of the values that a function is called with"
                for factor, said in (
                    (0, f"{what} counts as 0"),
                    (2, f"{what} counts twice"),
                    (-1, f"{what} counts with the other sign"),
                ):
                    scaled = ast.BinOp(ast.Constant(factor), ast.Mult(), argument)
                    yield like(node, args=[*node.args[:index], scaled, *node.args[index + 1 :]]), said
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        for side in ("left", "right"):
            part = getattr(node, side)
            if is_array(part):
                twice = ast.BinOp(ast.Constant(2), ast.Mult(), part)
                yield like(node, **{side: twice}), f"{called_by_name(part, scope) or 'a term'} counts twice"


def called_by_name(node: ast.AST, scope: Scope) -> str:
    """What students see of the name of an array: `W1`, or `W…` where the name is put together; "" for nothing."""
    key = node.slice if isinstance(node, ast.Subscript) else None
    if isinstance(key, ast.JoinedStr):
        first = key.values[0] if key.values else None
        stem = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
        return f"`{stem}…`" if stem else ""
    name = named(node, scope) if key is None or isinstance(key, ast.Constant) else ""
    return f"`{name}`" if name else ""


PLAIN = (
    "range",
    "len",
    "enumerate",
    "zip",
    "list",
    "tuple",
    "dict",
    "set",
    "print",
    "isinstance",
    "append",
    "get",
    "str",
    "float",
    "int",
    "bool",
    "sorted",
)


def of_a_module(function: ast.AST) -> bool:
    """Is it a function of a library, such as np.sum, or np.random.randn?"""
    while isinstance(function, ast.Attribute):
        function = function.value
    return isinstance(function, ast.Name) and function.id in NO_NAMES


def more_in_result(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """dw = x as dw = x + w, x * w, x / w: a result into which another array goes that does not belong there."""
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.BinOp | ast.Call):
        return
    target = node.targets[0]
    if not isinstance(target, ast.Name | ast.Subscript) or not (result := named(target, scope)):
        return
    for name in scope.arrays[:MOST_NAMES]:
        if name != result:
            other = ast.Name(name, ast.Load())
            for operator, said in RESULTS:
                yield like(node, value=ast.BinOp(node.value, operator, other)), said.format(name, result)


RESULTS = (
    (ast.Add(), "`{0}` is added to `{1}`, where it does not belong"),
    (ast.Mult(), "`{1}` has a factor `{0}` too many"),
    (ast.Div(), "`{1}` is divided by `{0}`, where it should not"),
)


def other_size(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """y = f(x) as y = 2 * f(x) and y = 0.5 * f(x); y /= n with n twice as large, and half as large."""
    target: ast.expr
    value: ast.expr
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp | ast.Call):
        value, target = node.value, node.targets[0]
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult | ast.Div):
        value, target = node.value, node.target
    else:
        return
    if isinstance(target, ast.Tuple | ast.List):
        return
    name = named(target, scope)
    where = f" in `{name}`" if name else ""
    divided = isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div)
    for factor, said in ((2, "a factor 2"), (0.5, "a ½")):
        scaled = ast.BinOp(ast.Constant(1 / factor if divided else factor), ast.Mult(), value)
        yield like(node, value=scaled), f"there is {said} too many{where}"


def one_number(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x + y as x + sum(y), and as x + mean(y)."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
        for side in ("left", "right"):
            part = getattr(node, side)
            if is_array(part) and not is_count(part, scope) and getattr(part, "id", "") not in SCALES:
                yield like(node, **{side: of_numpy("sum", part)}), "the sum of an array stands where its entries belong"
                yield (
                    like(node, **{side: of_numpy("mean", part)}),
                    "the mean of an array stands where its entries belong",
                )


def other_factor_of_product(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x @ w with ones in place of x, with x less its mean; and x * y with x divided by its norm."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.MatMult | ast.Mult):
        return
    for side in ("left", "right"):
        part = getattr(node, side)
        if isinstance(node.op, ast.MatMult):
            yield like(node, **{side: of_numpy("ones_like", part)}), "ones stand in place of a factor of a product"
            centred = ast.BinOp(part, ast.Sub(), like(of_numpy("mean", part), keywords=[AXIS_0]))
            yield like(node, **{side: centred}), "a mean is subtracted that should not be"
        elif is_array(part) and not is_count(part, scope) and getattr(part, "id", "") not in SCALES:
            norm = ast.Call(ast.parse("np.linalg.norm", mode="eval").body, [part], [])
            yield like(node, **{side: ast.BinOp(part, ast.Div(), norm)}), "an array is divided by its norm"


AXIS_0 = ast.keyword("axis", ast.Constant(0))


def power_of_bracket(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """1 - a**t as (1 - a)**t."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        power = node.right
        if isinstance(power, ast.BinOp) and isinstance(power.op, ast.Pow):
            yield like(power, left=like(node, right=power.left)), "a power is taken of a whole sum, not of one term"


def other_variable(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """A variable of the solution's own for another one."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in scope.public | NO_NAMES:
        for other in scope.known[:MOST_VARIABLES]:
            if other not in NO_NAMES and other != node.id:
                what = f"`{other}`" if other in scope.public else "one variable"
                yield ast.Name(other, ast.Load()), f"{what} stands in place of another variable"


MOST_VARIABLES = 12


def other_count(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """len(a) as len(b); x.shape[0] as x.shape[1] and x.size; a share as per cent, and over another length."""
    if called(node) == "len" and isinstance(node, ast.Call) and len(node.args) == 1:
        for name in scope.counted[:MOST_NAMES]:
            if ast.dump(node.args[0]) != ast.dump(ast.Name(name, ast.Load())):
                yield (
                    like(node, args=[ast.Name(name, ast.Load())]),
                    f"the length of `{name}` stands where another belongs",
                )
    if length_along(node, 0) or length_along(node, 1):
        assert isinstance(node, ast.Subscript)
        yield like(node.value, attr="size"), "all entries are counted, not those along one axis"
    if isinstance(node, ast.Call) and called(node) in ("mean", "average") and len(node.args) == 1 and not node.keywords:
        yield ast.BinOp(ast.Constant(100), ast.Mult(), node), "per cent are given where a share belongs: a factor 100"
        if of_a_module(node.func):
            for name in scope.counted[:3]:
                length = ast.Call(ast.Name("len", ast.Load()), [ast.Name(name, ast.Load())], [])
                total = like(node, func=like(node.func, attr="sum"))
                yield ast.BinOp(total, ast.Div(), length), f"it is divided by the length of `{name}`, not its own"


def counted_term(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """A term divided by a number of entries, and multiplied by it."""
    places: list[tuple[str, ast.expr]] = []
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
        places = [("value", node.value)]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        places = [("left", node.left), ("right", node.right)]
    for field, term in places:
        if number(term) is not None:
            continue
        for name in scope.counted[:2]:
            length = ast.Call(ast.Name("len", ast.Load()), [ast.Name(name, ast.Load())], [])
            what = with_name("term", term, scope)
            yield (
                like(node, **{field: ast.BinOp(term, ast.Div(), length)}),
                f"{what} is divided by the length of `{name}`",
            )
            yield like(node, **{field: ast.BinOp(term, ast.Mult(), length)}), f"{what} counts once for each of `{name}`"


def other_draw(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """scale * randn(n, m) with a scale made of n; randn(n, m) as randn(m, n).T."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        for scale, drawn in ((node.left, node.right), (node.right, node.left)):
            name = getattr(scale, "id", getattr(scale, "attr", ""))
            if name in SCALES and isinstance(drawn, ast.Call) and called(drawn) in DRAWS and drawn.args:
                said = f"`{name}` is not used, but a scale made of a number of units"
                for count in drawn.args[:2]:
                    root = of_numpy("sqrt", count)
                    yield ast.BinOp(drawn, ast.Div(), root), said
                    yield (
                        ast.BinOp(drawn, ast.Mult(), of_numpy("sqrt", ast.BinOp(ast.Constant(2), ast.Div(), count))),
                        said,
                    )
                    yield ast.BinOp(drawn, ast.Div(), count), said
    if isinstance(node, ast.Call) and called(node) in DRAWS and len(node.args) == 2 and of_a_module(node.func):
        turned = ast.Attribute(like(node, args=node.args[::-1]), "T", ast.Load())
        yield turned, "the random numbers are drawn in the transposed shape, and so in another order"


def step_for_others(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """grads["W1"] += reg * W1 once more with b in place of W."""
    if not isinstance(node, ast.Assign | ast.AugAssign) or not isinstance(
        node.targets[0] if isinstance(node, ast.Assign) else node.target, ast.Subscript | ast.Attribute
    ):
        return
    here = {found for text in names_and_keys(node) if (found := PLACE.fullmatch(text))}
    stems = {(found[1], found[3]) for found in here}
    others = {
        (found[1], found[3]) for text in scope.public if (found := PLACE.fullmatch(text)) and text not in NO_NAMES
    } - stems
    if len(stems) != 1:
        return
    (stem, end), digits = stems.pop(), {found[2] for found in here}
    for other, other_end in sorted(others)[:MOST_NAMES]:
        if all(f"{other}{digit}{other_end}" in scope.public for digit in digits - {""}):
            again = _Stems(stem, end, other, other_end).visit(copy.deepcopy(node))
            yield ast.Module([node, again], []), f"what is done for `{stem}…` is done for `{other}…{other_end}` too"


def names_and_keys(node: ast.AST) -> Iterator[str]:
    """The names in an expression, and the texts that it looks up; of f"W{i}" the fixed part."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


class _Stems(ast.NodeTransformer):
    """W1 as b1, "W1" as "b1", theta1 as theta1_0."""

    def __init__(self, stem: str, end: str, other: str, other_end: str) -> None:
        self.pattern = re.compile(re.escape(stem) + r"(\d+)" + re.escape(end))
        self.other = other + r"\1" + other_end.replace("\\", "")

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return like(node, id=self.renamed(node.id))

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return like(node, value=self.renamed(node.value)) if isinstance(node.value, str) else node

    def renamed(self, text: str) -> str:
        found = self.pattern.fullmatch(text)
        return found.expand(self.other) if found else text


def exchanged_names(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """An expression with two of its variables exchanged wherever they stand in it."""
    if not isinstance(node, ast.BinOp):
        return
    names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name) and part.id not in NO_NAMES]
    distinct = sorted(set(names))
    if not 2 <= len(distinct) <= 3 or len(names) < 2:
        return
    for one, other in itertools.combinations(distinct, 2):
        both = one in scope.public and other in scope.public
        said = f"`{one}` and `{other}` are exchanged" if both else "two variables are exchanged"
        yield _Exchanged(one, other).visit(copy.deepcopy(node)), said


class _Exchanged(ast.NodeTransformer):
    """a as b, and b as a."""

    def __init__(self, one: str, other: str) -> None:
        self.names = {one: other, other: one}

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return like(node, id=self.names.get(node.id, node.id))


def fewer_factors(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """a * b * c as a, as b, and as c."""
    factors = factors_of(node)
    if 3 <= len(factors) <= MOST_FACTORS:
        for kept in factors:
            yield kept, "several factors are missing"


def factors_of(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*factors_of(node.left), *factors_of(node.right)]
    return [node] if isinstance(node, ast.expr) else []


def left_out_round(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """One step of a loop left out in one of its rounds; taken in that round alone."""
    if not isinstance(node, ast.For) or node.orelse:
        return
    items = node.iter.elts if isinstance(node.iter, ast.Tuple | ast.List) else []
    number_of = ast.Name("_round", ast.Store())
    rounds = ast.Call(ast.Name("enumerate", ast.Load()), [node.iter], [])
    last = ast.BinOp(ast.Call(ast.Name("len", ast.Load()), [listed(node.iter)], []), ast.Sub(), ast.Constant(1))
    which: list[tuple[ast.expr, str]] = [(ast.Constant(0), "the first round"), (last, "the last round")]
    for index, item in enumerate(items):
        key = item.value if isinstance(item, ast.Constant) else ""
        which.append((ast.Constant(index), f"the round of `{key}`" if key in scope.public else "one of its rounds"))
    for index, step in enumerate(node.body):
        if isinstance(step, ast.Assign) and isinstance(step.targets[0], ast.Name | ast.Tuple) and len(node.body) > 1:
            continue  # later steps need it
        for this, said in which[2:] or which:
            for operator, how in (
                (ast.NotEq(), "a step of a loop is left out in"),
                (ast.Eq(), "a step of a loop is taken only in"),
            ):
                condition = ast.Compare(ast.Name("_round", ast.Load()), [operator], [this])
                body = [*node.body[:index], ast.If(condition, [step], []), *node.body[index + 1 :]]
                pair = ast.Tuple([number_of, node.target], ast.Store())
                yield like(node, target=pair, iter=rounds, body=body), f"{how} {said}"


def listed(node: ast.expr) -> ast.expr:
    return ast.Call(ast.Name("list", ast.Load()), [node], [])


def around_loop(block: Sequence[ast.stmt], scope: Scope) -> Iterator[tuple[int, int, list[ast.stmt], str]]:
    """Of statements that follow each other: a step behind a loop moved into it, and the last step of a loop behind it.

    Gives the first and last place of what is replaced, the new statements, and the sentence.
    """
    for index, step in enumerate(block):
        if not isinstance(step, ast.For) or step.orelse:
            continue
        if index + 1 < len(block) and isinstance(block[index + 1], ast.Assign | ast.AugAssign):
            inside = like(step, body=[*step.body, block[index + 1]])
            yield index, index + 1, [inside], "a step that belongs behind a loop is taken in every round of it"
        if len(step.body) > 1:
            moved = [like(step, body=step.body[:-1]), step.body[-1]]
            yield index, index, moved, "a step of a loop is taken only once, behind it"


def entries_in_order(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x.reshape(n, -1) with order="F"."""
    if isinstance(node, ast.Call) and called(node) in ("reshape", "ravel", "flatten") and not node.keywords:
        order = ast.keyword("order", ast.Constant("F"))
        yield like(node, keywords=[order]), "a reshape goes through the entries column by column, not row by row"


def one_function_more(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """y = x as y = max(0, x), tanh(x), sigmoid(x), sqrt(|x|)."""
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.BinOp) or not arithmetic(node.value):
        return
    name = named(node.targets[0], scope)
    what = f"`{name}`" if name else "a value"
    value = node.value
    below = ast.BinOp(ast.Constant(1), ast.Add(), of_numpy("exp", ast.UnaryOp(ast.USub(), value)))
    for new, said in (
        (of_numpy("maximum", ast.Constant(0), value), f"what is below 0 is cut off from {what}"),
        (of_numpy("tanh", value), f"a tanh is taken of {what}"),
        (ast.BinOp(ast.Constant(1), ast.Div(), below), f"a sigmoid is taken of {what}"),
        (of_numpy("exp", value), f"an exponential is taken of {what}"),
    ):
        yield like(node, value=new), said


def arithmetic(node: ast.BinOp) -> bool:
    return isinstance(node.op, ast.Add | ast.Sub | ast.MatMult)


def other_axis_throughout(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """axis=0 as axis=1, and x.shape[0] as x.shape[1]: what belongs together has one sentence."""
    if isinstance(node, ast.keyword) and node.arg == "axis" and (axis := number(node.value)) in (0, 1):
        yield like(node, value=ast.Constant(1 - axis)), OTHER_AXIS[axis]
    if length_along(node, 0) or length_along(node, 1):
        assert isinstance(node, ast.Subscript)
        axis = number(node.slice)
        yield like(node, slice=ast.Constant(0 if axis else 1)), OTHER_AXIS[axis]


def length_along(node: ast.AST, axis: int) -> bool:
    """x.shape[axis]"""
    shape = node.value if isinstance(node, ast.Subscript) else None
    return isinstance(shape, ast.Attribute) and shape.attr == "shape" and number(node.slice) == axis  # type: ignore[attr-defined]


OTHER_AXIS: dict[int | float | None, str] = {
    0: "axis 1 is taken where axis 0 belongs",
    1: "axis 0 is taken where axis 1 belongs",
}


def other_axis_kept(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x.sum(axis=0) as x.sum(axis=1, keepdims=True)."""
    if isinstance(node, ast.Call) and not any(keyword.arg == "keepdims" for keyword in node.keywords):
        for index, keyword in enumerate(node.keywords):
            axis = number(keyword.value)
            if keyword.arg == "axis" and axis in (0, 1):
                other = ast.keyword("axis", ast.Constant(1 - axis))
                kept = ast.keyword("keepdims", ast.Constant(True))
                keywords = [*node.keywords[:index], other, kept, *node.keywords[index + 1 :]]
                yield like(node, keywords=keywords), OTHER_AXIS[axis]


def part_of_array(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x[rows, y] as x; x[rows, y] -= 1 as x -= 1."""
    target = node.target if isinstance(node, ast.AugAssign) else None
    if isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Constant):
        whole = target.value
        if isinstance(whole, ast.Name | ast.Attribute):
            said = "it is done to a whole array, not to some of its entries"
            yield like(node, target=like(whole, ctx=ast.Store())), said
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        indices = node.slice.elts if isinstance(node.slice, ast.Tuple) else []
        if indices and not any(isinstance(part, ast.Slice | ast.Constant) for part in indices):
            yield node.value, "a whole array is taken, not some of its entries"


def other_moment(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """var(x) as mean(x**2); argmax(x) as argmax(|x|)."""
    if not isinstance(node, ast.Call):
        return
    module = of_a_module(node.func)
    inner = (node.args[0] if node.args else None) if module else getattr(node.func, "value", None)
    if inner is None:
        return
    if called(node) in ("var", "std"):
        moment = of_numpy(
            "mean", ast.BinOp(inner, ast.Pow(), ast.Constant(2)), *(node.args[1:] if module else node.args)
        )
        moment = like(moment, keywords=[keyword for keyword in node.keywords if keyword.arg != "ddof"])
        new = moment if called(node) == "var" else of_numpy("sqrt", moment)
        yield new, "the mean of the squares is taken, without subtracting the mean"
    if called(node) in ("argmax", "argmin", "argsort", "max", "min"):
        magnitudes = of_numpy("abs", inner)
        args = [magnitudes, *(node.args[1:] if module else node.args)]
        yield like(of_numpy(called(node), *args), keywords=node.keywords), "magnitudes are compared, not the values"


def complement_factor(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """One side of a sum, multiplied by 1 less a setting; x += y as x = (1 - setting) * x + y."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
        old = ast.parse(ast.unparse(node.target), mode="eval").body
        whole = ast.BinOp(old, node.op, node.value)
        for new, said in complement_factor(whole, scope):
            if isinstance(new, ast.BinOp) and ast.dump(new.right) == ast.dump(whole.right):
                yield ast.Assign([node.target], new), said
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        settings: list[tuple[str, ast.expr]] = [
            (key, ast.Subscript(ast.Name(owner, ast.Load()), ast.Constant(key), ast.Load()))
            for owner, key in scope.settings
        ]
        names = [name for name in scope.known if name in scope.shares | (scope.public & RATES)]
        settings += [(name, ast.Name(name, ast.Load())) for name in names]
        for name, setting in settings[:4]:
            rest = ast.BinOp(ast.Constant(1), ast.Sub(), setting)
            for side in ("left", "right"):
                product = ast.BinOp(rest, ast.Mult(), getattr(node, side))
                yield like(node, **{side: product}), f"there is a factor 1 - `{name}` too many"


RATES = frozenset(["learning_rate", "lr", "reg", "rate"])


def other_relation(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """a != b as a < b, a <= b, a > b, a >= b."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.NotEq):
        for operator, what in (
            (ast.Lt, "smaller"),
            (ast.LtE, "smaller or equal"),
            (ast.Gt, "larger"),
            (ast.GtE, "larger or equal"),
        ):
            yield like(node, ops=[operator()]), f"all that is {what} counts, where all but one should"


def one_item(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """for k in ks: f(k) as for k in ks: f(ks[0]), and f(ks[-1])."""
    if isinstance(node, ast.For) and isinstance(node.target, ast.Name) and isinstance(node.iter, ast.Name):
        for index, which in ((-1, "last"), (0, "first")):
            item = ast.Subscript(node.iter, ast.Constant(index), ast.Load())
            for place, step in enumerate(node.body):
                for call in ast.walk(step):
                    for keyword in call.keywords if isinstance(call, ast.Call) else ():
                        if isinstance(keyword.value, ast.Name) and keyword.value.id == node.target.id:
                            text = ast.unparse(step).replace(ast.unparse(keyword), f"{keyword.arg}={ast.unparse(item)}")
                            body = [*node.body[:place], *ast.parse(text).body, *node.body[place + 1 :]]
                            yield like(node, body=body), f"the {which} item of a loop is used in every round of it"


RULES: tuple[Rule, ...] = (
    other_axis_kept,
    counted_term,
    other_count,
    other_size,
    changed_argument,
    left_out_round,
    other_relation,
    one_item,
    fewer_factors,
    other_draw,
    entries_in_order,
    part_of_array,
    other_moment,
    step_for_others,
    exchanged_names,
    one_function_more,
    power_of_bracket,
    one_number,
    other_factor_of_product,
    complement_factor,
    more_in_result,
)

LAST: tuple[Rule, ...] = (other_variable,)
"""The least sure."""
