"""Mistakes in the order of things: steps and functions exchanged, a value made too early, once for all, or of a part.

Each rule is as in `mutants.RULES`: of a node and its place it gives what could stand there by mistake, each with a
general sentence that gives no line away; the `BLOCK_RULES` look at statements that follow each other. They serve to
recognise a value, not to try a check.
"""

import ast
import copy
import itertools
from collections.abc import Iterator, Sequence

from autograder.expect.changes import (
    NO_NAMES,
    BlockRule,
    Change,
    Rule,
    Scope,
    called,
    is_parameter,
    like,
    names_read,
    number,
    of_numpy,
)

Changed = tuple[int, int, list[ast.stmt], str]
"""The first and last place of statements that are replaced, the new ones, and the sentence."""

ENTRYWISE = ("maximum", "minimum", "exp", "log", "sqrt", "abs", "tanh", "sigmoid", "relu", "log1p", "square", "round")
MOST_CALLS = 4  # of a loop that are tried before it
MOST_ENTRIES = 3  # names that are tried in place of an entry


def names_set(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}


def base_of(node: ast.AST) -> str:
    """x of x, x[i], x.a and x[i].a; "" of anything else."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def changed_by(step: ast.stmt) -> str:
    """The name of what a step changes that had a value before; "" where there is none.

    That is x of `x += y`, `x = f(x)`, `x[i] = y` and `x.append(y)`.
    """
    name = ""
    if isinstance(step, ast.AugAssign):
        name = base_of(step.target)
    elif isinstance(step, ast.Assign) and len(step.targets) == 1:
        name = base_of(step.targets[0])
        if isinstance(step.targets[0], ast.Name) and name not in names_read(step):
            return ""
    elif isinstance(step, ast.Expr) and isinstance(step.value, ast.Call) and isinstance(step.value.func, ast.Attribute):
        name = base_of(step.value.func)
    return "" if name in NO_NAMES else name


def late_update(block: Sequence[ast.stmt], scope: Scope) -> Iterator[Changed]:
    """The update of a variable that students see, moved behind the next step that reads it, and behind all of them."""
    for index, last, name in late_steps(block):
        if name in scope.public and not isinstance(target_of(block[index]), ast.Subscript | ast.Attribute | None):
            said = f"the update of `{name}` comes too late: an earlier step needs it"
            yield index, last, [*block[index + 1 : last + 1], block[index]], said


def late_step(block: Sequence[ast.stmt], scope: Scope) -> Iterator[Changed]:
    """Any step moved behind the next one that reads what it changes, and behind all of them."""
    for index, last, _ in late_steps(block):
        said = "a step comes too late: an earlier one needs what it changes"
        yield index, last, [*block[index + 1 : last + 1], block[index]], said


def late_steps(block: Sequence[ast.stmt]) -> Iterator[tuple[int, int, str]]:
    """A step, the statement behind which it may be moved, and the name of what it changes."""
    for index, step in enumerate(block):
        name = changed_by(step)
        readers = [n for n, other in enumerate(block) if n > index and name and name in names_read(other)]
        for last in dict.fromkeys([*readers[:1], *([len(block) - 1] if readers else [])]):
            if not isinstance(block[last], ast.Return):
                yield index, last, name


def target_of(step: ast.stmt) -> ast.expr | None:
    """What a step sets; None where it sets nothing, or several things."""
    if isinstance(step, ast.Assign):
        return step.targets[0] if len(step.targets) == 1 else None
    return step.target if isinstance(step, ast.AugAssign) else None


def early(block: Sequence[ast.stmt], scope: Scope) -> Iterator[Changed]:
    """A step moved before the last one that reads the value from before it."""
    for index, step in enumerate(block):
        name = changed_by(step)
        readers = [n for n, other in enumerate(block[:index]) if name and name in names_read(other)]
        made = [n for n, other in enumerate(block[:index]) if (names_set(other) & names_read(step))]
        what = f"the update of `{name}`" if name in scope.public else "a step"
        said = f"{what} comes too early: another step needs the value from before it"
        for reader in dict.fromkeys([*readers[-1:], *readers[:1]]):
            if reader > max(made, default=-1) and not isinstance(step, ast.Expr):
                yield reader, index, [step, *block[reader:index]], said


def other_order_of_functions(block: Sequence[ast.stmt], scope: Scope) -> Iterator[Changed]:
    """y = f(x, a); z = g(y) as y = g(x); z = f(y, a)."""
    for index, (one, other) in enumerate(itertools.pairwise(block)):
        if not (isinstance(one, ast.Assign) and isinstance(other, ast.Assign)):
            continue
        inner, outer = one.value, other.value
        if not (isinstance(inner, ast.Call) and isinstance(outer, ast.Call) and inner.args and outer.args):
            continue
        handed = outer.args[0]
        if not isinstance(handed, ast.Name) or first_of(one.targets[0]) != handed.id:
            continue
        first = like(one, targets=[with_first(other.targets[0], handed.id)])
        first.value = like(outer, args=[inner.args[0], *outer.args[1:]])
        second = like(other, targets=[with_first(one.targets[0], first_of(other.targets[0]))])
        second.value = like(inner, args=[handed, *inner.args[1:]])
        yield index, index + 1, [first, second], OTHER_ORDER


OTHER_ORDER = "two functions are applied in the other order"


def first_of(target: ast.expr) -> str:
    """The first name that is set: y of `y`, and of `y, cache`."""
    if isinstance(target, ast.Tuple) and target.elts:
        target = target.elts[0]
    return target.id if isinstance(target, ast.Name) else ""


def with_first(target: ast.expr, name: str) -> ast.expr:
    """The target with another first name."""
    store = ast.Name(name, ast.Store())
    return like(target, elts=[store, *target.elts[1:]]) if isinstance(target, ast.Tuple) else store


def not_kept(block: Sequence[ast.stmt], scope: Scope) -> Iterator[Changed]:
    """t += 1 left out, and t + 1 read in its place: the new value is used, but not kept."""
    for index, step in enumerate(block):
        if not (isinstance(step, ast.AugAssign) and isinstance(step.target, ast.Name) and block[index + 1 :]):
            continue
        name = step.target.id
        new = ast.BinOp(ast.Name(name, ast.Load()), step.op, step.value)
        rest = [_Read(name, new).visit(copy.deepcopy(other)) for other in block[index + 1 :]]
        what = f"`{name}`" if name in scope.public else "a variable"
        yield index, len(block) - 1, rest, f"the new value of {what} is used, but {what} itself stays as it was"


class _Read(ast.NodeTransformer):
    """Reads an expression in place of a name."""

    def __init__(self, name: str, new: ast.expr) -> None:
        self.name = name
        self.new = new

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self.new if node.id == self.name and isinstance(node.ctx, ast.Load) else node


def once_for_all(block: Sequence[ast.stmt], scope: Scope) -> Iterator[Changed]:
    """What a function gives in each round of a loop, made once before it."""
    for index, loop in enumerate(block):
        if not isinstance(loop, ast.For | ast.While) or loop.orelse:
            continue
        target = names_set(loop.target) if isinstance(loop, ast.For) else set()
        changing = {name for step in loop.body for part in ast.walk(step) for name in names_set(part)} - target
        seen: dict[str, ast.Call] = {}
        for part in (part for step in loop.body for part in ast.walk(step) if isinstance(part, ast.Call)):
            read = names_read(part)
            if part.args and read & changing and not read & target and base_of(part.func) not in NO_NAMES:
                seen.setdefault(ast.dump(part), part)
        for dumped, call in itertools.islice(seen.items(), MOST_CALLS):
            before = ast.Assign([ast.Name("_once", ast.Store())], call)
            body = [_Put(dumped, ast.Name("_once", ast.Load())).visit(copy.deepcopy(step)) for step in loop.body]
            said = "a value is made once, before a loop, where each round needs it anew"
            yield index, index, [before, like(loop, body=body)], said


class _Put(ast.NodeTransformer):
    """Puts a name in place of an expression."""

    def __init__(self, dumped: str, name: ast.Name) -> None:
        self.dumped = dumped
        self.name = name

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if ast.dump(node) == self.dumped:
            return self.name
        self.generic_visit(node)
        return node


def begun_anew(block: Sequence[ast.stmt], scope: Scope) -> Iterator[Changed]:
    """A first value that is set before a loop set in every round of it, and the other way round."""
    for index, step in enumerate(block):
        if isinstance(step, ast.For | ast.While) and not step.orelse:
            for place, inner in enumerate(step.body[:-1]):
                if is_first_value(inner):
                    rest = like(step, body=[*step.body[:place], *step.body[place + 1 :]])
                    yield index, index, [inner, rest], "something begins anew only once, not in every round of a loop"
        elif is_first_value(step):
            for later in range(index + 1, len(block)):
                loop = block[later]
                if isinstance(loop, ast.For | ast.While) and names_set(step) & (names_read(loop) | names_set(loop)):
                    inside = like(loop, body=[step, *loop.body])
                    said = "something begins anew in every round of a loop"
                    yield index, later, [*block[index:later], inside], said
                    break


def is_first_value(step: ast.stmt) -> bool:
    """Is a variable given a number, or an empty list, dict or set?"""
    if not isinstance(step, ast.Assign) or not isinstance(step.targets[0], ast.Name):
        return False
    value = step.value
    if isinstance(value, ast.List | ast.Dict):
        return not (value.elts if isinstance(value, ast.List) else value.keys)
    return number(value) is not None or (called(value) in ("list", "dict", "set", "zeros", "zeros_like", "copy"))


def of_a_part(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """max(0, x @ w + b) as max(0, x @ w) + b, as max(0, x) @ w + b; f(g(x), a) as g(f(x, a)), and as f(x, a)."""
    if not isinstance(node, ast.Call) or not node.args:
        return
    if called(node) in ENTRYWISE:
        place = next((n for n, argument in enumerate(node.args) if isinstance(argument, ast.BinOp)), None)
        if place is not None:
            whole = node.args[place]
            for part, said in terms_of(whole):
                inner = like(node, args=[*node.args[:place], part, *node.args[place + 1 :]])
                yield _Instead(part, inner).visit(whole), said
    first = node.args[0]
    if isinstance(first, ast.Call) and first.args and own_function(node) and own_function(first):
        inside = like(node, args=[first.args[0], *node.args[1:]])
        yield like(first, args=[inside, *first.args[1:]]), OTHER_ORDER
        yield inside, "one of two functions that follow each other is left out"
        yield first, "one of two functions that follow each other is left out"


def own_function(call: ast.Call) -> bool:
    """Is it a function called by its name alone, not one of a library?"""
    return isinstance(call.func, ast.Name) and call.func.id not in BUILTINS


BUILTINS = frozenset(
    ["range", "len", "list", "tuple", "set", "dict", "sorted", "sum", "min", "max", "abs", "int", "float", "str", "zip",
     "enumerate", "reversed", "map", "filter", "round", "any", "all", "ord", "chr", "print", "isinstance", "type"]
)  # fmt: skip


def terms_of(whole: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    """The parts of a sum or product, each with what is wrong where a function is taken of that part alone."""
    if not isinstance(whole, ast.BinOp):
        return
    product = isinstance(whole.op, ast.Mult | ast.Div | ast.MatMult)
    for part in (whole.left, whole.right):
        if number(part) is None:
            said = "before a product is taken, not after it" if product else "of one term only, not of the whole sum"
            yield part, f"a function is applied {said}"
            yield from terms_of(part)


class _Instead(ast.NodeTransformer):
    """Puts an expression in place of one node; the tree that is given stays as it is."""

    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self.old = old
        self.new = new

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self.old:
            return self.new
        fields = {name: self.visit(value) for name, value in ast.iter_fields(node) if isinstance(value, ast.AST)}
        return like(node, **fields) if fields else node


def first_along_axis(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x.sum(axis=1) as x[:, 0]."""
    if not isinstance(node, ast.Call) or called(node) not in ("sum", "mean", "max", "min"):
        return
    axis = next((keyword for keyword in node.keywords if keyword.arg == "axis"), None)
    module = isinstance(node.func, ast.Attribute) and base_of(node.func) in NO_NAMES
    inner = (node.args[0] if node.args else None) if module else getattr(node.func, "value", None)
    if axis is not None and isinstance(inner, ast.expr) and not any(one.arg == "keepdims" for one in node.keywords):
        taken = like(of_numpy("take", inner, ast.Constant(0)), keywords=[axis])
        yield taken, "only the first entry along an axis counts, not all of them"


def part_returned(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """return w - rate * gradient as return gradient."""
    if isinstance(node, ast.Return) and isinstance(node.value, ast.BinOp):
        names = {part.id: part for part in ast.walk(node.value) if isinstance(part, ast.Name)}
        for name in names:
            if name not in NO_NAMES:
                what = f"`{name}`" if name in scope.public else "an intermediate result"
                yield like(node, value=ast.Name(name, ast.Load())), f"{what} is returned, not what is made of it"


def one_entry(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """y[i] as y[0], and as a parameter such as y0."""
    if (
        not isinstance(node, ast.Subscript)
        or not isinstance(node.ctx, ast.Load)
        or not isinstance(node.value, ast.Name)
    ):
        return
    index = node.slice.left if isinstance(node.slice, ast.BinOp) else node.slice
    if not isinstance(index, ast.Name) or len(index.id) > LONGEST_INDEX:
        return
    yield like(node, slice=ast.Constant(0)), "the first entry is taken where a later one belongs"
    parameters = [name for name in scope.known if name != node.value.id and is_parameter(ast.Name(name), scope)]
    for name in dict.fromkeys(parameters[:MOST_ENTRIES]):
        yield ast.Name(name, ast.Load()), f"`{name}` stands where an entry of another variable belongs"


LONGEST_INDEX = 5  # letters


def moved_index(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x[i - 1] as x[i], and as x[i - 2]."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return
    index = node.slice
    if isinstance(index, ast.BinOp) and isinstance(index.op, ast.Add | ast.Sub) and type(number(index.right)) is int:
        for sign, which in ((ast.Add(), "large"), (ast.Sub(), "small")):
            moved = ast.BinOp(index, sign, ast.Constant(1))
            yield like(node, slice=moved), f"an index is too {which} by one"


def counts_one(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """h * k as 1 * k, and h / 2 as 1 / 2, where h is a parameter."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        for side in ("left", "right"):
            part = getattr(node, side)
            if is_parameter(part, scope):
                yield like(node, **{side: ast.Constant(1)}), f"the factor with `{part.id}` is missing"


def backwards(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """for i in range(n) as for i in reversed(range(n))."""
    if isinstance(node, ast.For) and called(node.iter) == "range":
        turned = ast.Call(ast.Name("reversed", ast.Load()), [node.iter], [])
        yield like(node, iter=turned), "a loop runs in the other direction"


def one_for_both(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """new = zeros_like(x), or x.copy(), as new = x."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Call):
        call = node.value
        if called(call) in ("zeros_like", "empty_like", "ones_like") and call.args:
            yield like(node, value=call.args[0]), "results go into an array that is still read"


def by_its_derivative(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """p - y as (p - y) * p * (1 - p), and as (p > 0.5) - y."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and isinstance(node.left, ast.Name):
        p = node.left
        rest = ast.BinOp(ast.Constant(1), ast.Sub(), p)
        derived = ast.BinOp(ast.BinOp(node, ast.Mult(), p), ast.Mult(), rest)
        yield derived, "there is a factor of the form p (1 - p) too many, as of a sigmoid's derivative"
        decided = ast.BinOp(ast.Compare(p, [ast.Gt()], [ast.Constant(0.5)]), ast.Mult(), ast.Constant(1.0))
        yield like(node, left=decided), "a decision, 0 or 1, stands where a share belongs"


def other_rows(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """x[:, i] as x[i].T, and x[i] as x[:, i]."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return
    index = node.slice
    if isinstance(index, ast.Tuple) and len(index.elts) == 2 and isinstance(index.elts[0], ast.Slice):
        first, second = index.elts
        if first.lower is None and first.upper is None and first.step is None:  # type: ignore[attr-defined]
            rows = ast.Attribute(like(node, slice=second), "T", ast.Load())
            yield rows, "rows are taken where columns belong"


def other_start(node: ast.AST, scope: Scope) -> Iterator[Change]:
    """best = x[0], or -infinity, as best = 0."""
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return
    value = node.value
    infinite = (isinstance(value, ast.Constant) and value.value is None) or "inf" in ast.unparse(value)
    if infinite or isinstance(value, ast.Subscript | ast.Name):
        yield like(node, value=ast.Constant(0)), "a variable begins with 0, where it should begin with something else"


RULES: tuple[Rule, ...] = (
    of_a_part,
    first_along_axis,
    moved_index,
    one_entry,
    counts_one,
    backwards,
    one_for_both,
    other_rows,
    by_its_derivative,
    other_start,
)

LAST: tuple[Rule, ...] = (part_returned,)

BLOCK_RULES: tuple[BlockRule, ...] = (late_step, early, not_kept, begun_anew, other_order_of_functions, once_for_all)
