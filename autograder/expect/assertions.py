"""nbgrader's assertions as expectations: which side of each is the student's, and how its value is seen in passing.

`find_assertions` looks at a source notebook's code and says of every assertion of its checks where the student's value
stands, from the innermost expression outwards. `instrument` puts a call around each of these expressions, which hands
the value through: the cell computes and prints what it did before. Pure: syntax trees in, syntax trees out.
"""

import ast
import copy
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

from autograder.expect.dataflow import CodeCell, Flow

SEEN, PART, KNOWN = "__seen__", "__part__", "__known__"
"""What instrumented code calls: (site, number, value) -> value."""
ERROR, FAILED, FIRST, ENDED = "__error__", "__failed__", "__first__", "__ended__"
"""The error of an assertion; what is called where one fails, with its number, what gives the first error later, and
what is called at the end of the cell."""
RAISED, RAISING = "__raised__", "__raising__"
"""What it calls around code that is to raise: (site, exception) -> a context manager, and (site, exception, function)
-> a function."""

Key = tuple[str, int, int, int, int]
"""An expression of a cell: its kind, and where it begins and ends."""

_SIZES = {"shape", "ndim", "size", "dtype", "columns", "__name__", "__class__", "__doc__"}
_WHOLE = (
    ast.Name, ast.ListComp, ast.SetComp, ast.DictComp, ast.Lambda, ast.IfExp, ast.BoolOp, ast.JoinedStr, ast.NamedExpr,
    ast.Await,
)  # fmt: skip
_LOOPS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_BUILT = (ast.Tuple, ast.List, ast.Set, ast.Dict, ast.BinOp, ast.Subscript)
_ASSERTING = re.compile(r"assert(_|[A-Z])|assert$")
_RAISES = re.compile(r"(assert_?)?raises(_regexp?|Regexp?)?$", re.IGNORECASE)
_EVALUATED = "v"
_KNOWN_NAME = re.compile(r"k\d+")


@dataclass(frozen=True)
class Site:
    """An assertion whose student side can be told from the other.

    Attributes:
        spine: the student's expression, and the ones around it, up to the whole assertion.
        raises: is it the exception that counts, which a block or a function raises?
        parts: where the assertion compares several values of the student's: those, in the order in which they come.
            Together they are the innermost value, and what `spine` begins with is made of them.
    """

    spine: tuple[Key, ...]
    raises: bool = False
    parts: tuple[Key, ...] = ()

    @property
    def last(self) -> int:
        """The level of the whole assertion; the innermost value is at level 0."""
        return len(self.spine) - (not self.parts)


@dataclass(frozen=True)
class Assertion:
    """One assertion that decides about points.

    Attributes:
        cell: where it stands: a check, or a cell that defines a function which checks call.
        line: in the cell, from 1.
        site: where its student side is; None where it cannot be told apart.
        reason: why it cannot, in words; "" where it can.
        function: the function that it stands in, or "".
    """

    cell: str
    line: int
    site: Site | None
    reason: str
    function: str


def find_assertions(cells: Sequence[CodeCell], libraries: Collection[str] = ()) -> list[Assertion]:
    """Every assertion of a notebook's checks, and of the functions that its given cells define.

    Args:
        cells: all code cells in order.
        libraries: packages in which students write.
    """
    flow = Flow(cells, libraries)
    found: dict[int, Assertion] = {}
    for reached in flow.walk():
        if not (reached.cell.check or reached.function):
            continue
        for root, expected in _roots(reached.node, flow.depends):
            if id(root) not in found:
                site, reason = _site_or_reason(flow, root, expected) if reached.steady else (None, _UNSTEADY)
                found[id(root)] = Assertion(reached.cell.id, root.lineno, site, reason, reached.function)
    return list(found.values())


_UNSTEADY = "it is reached or not depending on the student's values"
_NEITHER = "neither of its sides comes from the student's work"


def is_assertion(node: ast.AST) -> bool:
    """Does the statement assert something, itself or by a call of a function that is named so?"""
    return any(True for _ in _roots(node))


_Root = tuple[ast.expr | ast.Try, ast.expr | None]


def _roots(node: ast.AST, depends: Callable[[ast.AST], bool] = lambda node: False) -> Iterator[_Root]:
    """The expressions that a statement asserts, each with the exception that is expected, if one is."""
    match node:
        case ast.Assert(test=ast.BoolOp(op=ast.And(), values=values)):
            for value in values:
                yield from _every(value, depends)
        case ast.Assert(test=test):
            yield from _every(test, depends)
        case ast.Expr(value=ast.Call(func=function, args=args) as call):
            if _asserts(function) and not _RAISES.match(_last(function)):
                yield call, None
            elif _asserts(function) and len(args) > 1:
                yield call, args[0]  # assert_raises(ValueError, f, -1)
        case ast.With(items=items):
            for item in items:
                expression = item.context_expr
                if isinstance(expression, ast.Call) and _RAISES.match(_last(expression.func)) and expression.args:
                    yield expression, expression.args[0]
        case ast.Try(handlers=[ast.ExceptHandler(type=ast.expr() as kind, body=[ast.Pass()])], orelse=[*_, last]):
            fails = isinstance(last, ast.Assert) and isinstance(last.test, ast.Constant) and not last.test.value
            if fails or isinstance(last, ast.Raise):
                yield node, kind  # try: f(-1), except ValueError: pass, else: raise AssertionError


def _every(test: ast.expr, depends: Callable[[ast.AST], bool]) -> Iterator[_Root]:
    """The test, or where it is all(... for ...) over the same in every run, each of what is to be true."""
    match test:
        case ast.Call(func=ast.Name("all"), args=[ast.GeneratorExp() | ast.ListComp() as every], keywords=[]):
            if not any(part.ifs or part.is_async or depends(part.iter) for part in every.generators):
                yield every.elt, None
                return
    if not isinstance(test, ast.Constant):
        yield test, None


def _last(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _asserts(function: ast.expr) -> bool:
    return bool(_ASSERTING.match(_last(function)))


def _site_or_reason(flow: Flow, root: ast.expr | ast.Try, expected: ast.expr | None) -> tuple[Site | None, str]:
    if expected is not None:
        is_block = isinstance(root, ast.Try) or (isinstance(root, ast.Call) and len(root.args) == 1)
        if flow.depends(expected):
            return None, "the exception is the student's own"
        if not is_block and not isinstance(expected, ast.Name | ast.Attribute):
            return None, "write it as a  with  statement"
        return Site((key_of(root),), True), ""
    if isinstance(root, ast.Try):
        return None, _NEITHER
    if isinstance(root, ast.Call) and _last(root.func) in flow.functions:
        return None, "the function that it calls asserts"
    for depends in (flow.depends, flow.may_have_changed):
        if depends(root):
            return _site(flow, root, depends), ""
    return None, _NEITHER


def _site(flow: Flow, root: ast.expr, depends: Callable[[ast.AST], bool]) -> Site:
    """Where the student's value stands in an expression that depends on it."""
    path = [root]
    parts: list[ast.expr] = []
    while not _begins(path[-1], flow):
        node = path[-1]
        inner = [part for part in _parts(node) if depends(part)]
        if isinstance(node, ast.GeneratorExp):
            inner = [node.generators[0].iter] if _is_closed(flow, node, depends) else []
        if len(inner) == 1:
            path.append(inner[0])
            continue
        compares = not _is_one_value(node) and not (isinstance(node, ast.Call) and depends(node.func))
        if compares and not any(_is_code(part, flow) for part in inner):
            parts = inner
        break
    if not parts:
        while len(path) > 1 and isinstance(path[-1], ast.GeneratorExp | ast.Lambda):
            path.pop()  # not values, but what the call around them makes of them is
        if len(path) > 1 and isinstance(path[-1], ast.Name) and _called(path[-2]) is path[-1]:
            path.pop()  # f(3): the function itself is not a value
    return Site(tuple(key_of(node) for node in reversed(path)), parts=tuple(map(key_of, parts)))


def _is_closed(flow: Flow, node: ast.GeneratorExp, depends: Callable[[ast.AST], bool]) -> bool:
    """Does nothing in it but what it first loops over depend on the student?"""
    first, bound = node.generators[0], bound_names(node)
    inside = {id(part) for part in ast.walk(first.iter)}
    own = [part for part in ast.walk(node) if id(part) not in inside]
    odd = (ast.NamedExpr, ast.Lambda, ast.Await, *_LOOPS)
    if any(isinstance(part, odd) and part is not node for part in own) or any(map(_KNOWN_NAME.fullmatch, bound)):
        return False
    free = [part for part in own if isinstance(part, ast.Name) and part.id not in bound]
    calls = [part for part in own if isinstance(part, ast.Call)]
    return not (first.is_async or any(map(depends, free)) or any(map(flow.varies, calls)))


def bound_names(node: ast.AST) -> set[str]:
    """The names that an expression binds itself."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}


def _begins(node: ast.expr, flow: Flow) -> bool:
    """Is this where evidence begins, whatever is inside?"""
    if isinstance(node, ast.Call) and flow.varies(node):
        return True  # it reads a file, or runs a text: not to be done again with a value of the student's
    if isinstance(node, _WHOLE) or _is_identity(node):
        return True
    if isinstance(node, ast.Attribute):
        return node.attr in _SIZES
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len"


def _is_identity(node: ast.expr) -> bool:
    """Does it compare which objects its sides are? Evidence is copied, so that only the answer can be evidence."""
    if not isinstance(node, ast.Compare) or not any(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
        return False
    return not any(isinstance(side, ast.Constant) for side in (node.left, *node.comparators))


def _is_code(node: ast.expr, flow: Flow) -> bool:
    """Is it a function, or a loop that is still to run, and so not a value?"""
    return isinstance(node, ast.GeneratorExp | ast.Lambda) or (isinstance(node, ast.Name) and node.id in flow.callables)


def _is_one_value(node: ast.expr) -> bool:
    """Do several parts make one value of it? A difference compares them instead."""
    return isinstance(node, _BUILT) and not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub))


def _called(node: ast.expr) -> ast.expr | None:
    return node.func if isinstance(node, ast.Call) else None


def _parts(node: ast.AST) -> list[ast.expr]:
    """The largest expressions inside an expression."""
    parts: list[ast.expr] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr) and not isinstance(child, ast.Slice | ast.Starred):
            parts.append(child)
        elif not isinstance(child, ast.expr_context):
            parts += _parts(child)
    return parts


def key_of(node: ast.expr | ast.stmt) -> Key:
    """What tells an expression from all others of its cell."""
    return type(node).__name__, node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0


# --- instrumenting ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """From the value of one expression of a spine to the value of the one around it.

    Attributes:
        code: "lambda v, k0, k1, ...: v == k0", to be compiled: v is the inner value; v[0], v[1], ... are parts.
        known: the other expressions, by their order: k0, k1, ....
        comparand: which of them the value is compared with; None where none is.
    """

    code: str
    known: tuple[Key, ...]
    comparand: int | None


@dataclass(frozen=True)
class Steps:
    """A site's steps outwards, the text of its assertion, whether its last value must be true, and what it says."""

    text: str
    steps: tuple[Step, ...]
    truth: bool
    message: str = ""


class Instrument(ast.NodeTransformer):
    """Puts calls around the expressions of sites; IPython takes it as one of its `ast_transformers`.

    Args:
        cell: the cell's id; site k of the cell is called "cell:k".
        sites: of this cell.
        known: also hand over the values of the other sides, which the answer key keeps.
    """

    def __init__(self, cell: str, sites: Sequence[Site], known: bool = False) -> None:
        self.cell = cell
        self.sites = sites
        self.known = known
        self.around: dict[Key, list[tuple[str, str, int]]] = {}
        self.raising: dict[Key, list[str]] = {}

    def visit_Module(self, tree: ast.Module) -> ast.Module:
        self.around, self.raising = {}, {}
        for number, site in enumerate(self.sites):
            name = f"{self.cell}:{number}"
            if site.raises:
                self.raising.setdefault(site.spine[0], []).append(name)
                continue
            for part, key in enumerate(site.parts):
                self.around.setdefault(key, []).append((PART, name, part))
            for level, key in enumerate(site.spine, start=bool(site.parts)):
                self.around.setdefault(key, []).append((SEEN, name, level))
        if self.known:
            for name, steps in steps_of(self.cell, self.sites, tree).items():
                keys = [key for step in steps.steps for key in step.known]
                for number, key in enumerate(keys):
                    self.around.setdefault(key, []).append((KNOWN, name, number))
        self.generic_visit(tree)
        if not self.known:
            tree.body = _going_on(tree.body)
        return ast.fix_missing_locations(tree)

    def visit(self, node: ast.AST) -> ast.AST:
        if not isinstance(node, ast.expr):
            return super().visit(node)
        around = self.around.get(key_of(node), ())
        names = self.raising.get(key_of(node), ())
        new = node if isinstance(node, ast.JoinedStr) else super().visit(node)
        for function, name, number in around:
            new = _call(node, function, ast.Constant(name), ast.Constant(number), new)
        if isinstance(new, ast.Call) and len(new.args) > 1:
            for name in names:
                new.args[1] = _call(new.args[1], RAISING, ast.Constant(name), new.args[0], new.args[1])
        return new

    def visit_With(self, node: ast.With) -> ast.With:
        calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
        names = [(name, call.args[0]) for call in calls for name in self.raising.get(key_of(call), ())]
        self.generic_visit(node)
        for name, expected in names:
            node.items.append(ast.withitem(_call(expected, RAISED, ast.Constant(name), expected)))
        return node

    def visit_Try(self, node: ast.Try) -> ast.Try:
        names = self.raising.get(key_of(node), ())
        kind = node.handlers[0].type if node.handlers else None
        self.generic_visit(node)
        for name in names:
            if kind is not None:
                item = ast.withitem(_call(kind, RAISED, ast.Constant(name), kind))
                node.body = [ast.copy_location(ast.With([item], node.body), node.body[0])]
        return node


def _going_on(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a cell, which goes on after an assertion that fails, and raises its error at the end.

    So all that a check asserts and states is looked at. A last expression is left the last where the cell shows its
    value, as none of an expectation's is.
    """
    asserting = [statement for statement in body if _only_asserts(statement)]
    if not asserting or asserting[0] is body[-1]:
        return body
    raising: list[ast.stmt] = []
    tried: dict[int, ast.stmt] = {}
    for number, statement in enumerate(asserting):
        failed = ast.Expr(_named_call(FAILED, ast.Constant(number), ast.Name(ERROR, ast.Load())))
        handler = ast.ExceptHandler(ast.Name("AssertionError", ast.Load()), ERROR, [failed])
        tried[id(statement)] = _placed(ast.Try([statement], [handler], [], []), statement)
        error = _named_call(FIRST, ast.Constant(number))
        settle = ast.If(error, [ast.Raise(_named_call(FIRST, ast.Constant(number)), ast.Constant(None))], [])
        raising.append(_placed(settle, statement))
    shown = isinstance(body[-1], ast.Expr) and id(body[-1]) not in tried and not _states(body[-1].value)
    last = body[-1:] if shown else []
    every: list[ast.stmt] = [tried.get(id(statement), statement) for statement in body[: len(body) - len(last)]]
    handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [*raising, ast.Raise()])
    ended: list[ast.stmt] = [ast.Expr(_named_call(ENDED))]
    return [_placed(ast.Try(every, [handler], [], ended), body[0]), *copy.deepcopy(raising), *last]


def _only_asserts(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assert):
        return True
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and _asserts(statement.value.func)
        and not _RAISES.match(_last(statement.value.func))
    )


def _states(node: ast.expr) -> bool:
    """Is it a call of `expect.…`?"""
    return isinstance(node, ast.Call) and ast.unparse(node.func).startswith("expect.")


def _named_call(function: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(function, ast.Load()), list(arguments), [])


def _placed(new: ast.stmt, place: ast.stmt) -> ast.stmt:
    """New code, all of which that has no place yet stands where other code does."""
    for node in ast.walk(new):
        if not hasattr(node, "lineno"):
            ast.copy_location(node, place)
    return new


def _call(place: ast.expr, function: str, *arguments: ast.expr) -> ast.Call:
    name = ast.Name(function, ast.Load())
    call = ast.Call(name, list(arguments), [])
    for node in (call, name, *arguments):
        if not hasattr(node, "lineno"):
            ast.copy_location(node, place)
    return call


def steps_of(cell: str, sites: Sequence[Site], tree: ast.AST) -> Mapping[str, Steps]:
    """Of each site in the cell's syntax tree, by its name, how the trusted side goes from a value to the outcome."""
    nodes = {key_of(node): node for node in ast.walk(tree) if isinstance(node, ast.expr)}
    calls = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    messages = {
        id(node.test): node.msg.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert) and isinstance(node.msg, ast.Constant) and isinstance(node.msg.value, str)
    }
    found = {}
    for number, site in enumerate(sites):
        if site.raises or not all(key in nodes for key in (*site.parts, *site.spine)):
            continue
        path = [nodes[key] for key in site.spine]
        inner = [[nodes[key] for key in site.parts], *([node] for node in path)]
        steps, known = [], 0
        for part, outer in pairwise(inner[not site.parts :]):
            step = _step(part, outer[0], known)
            steps.append(step)
            known += len(step.known)
        text = " ".join(ast.unparse(path[-1]).split())
        found[f"{cell}:{number}"] = Steps(text, tuple(steps), id(path[-1]) not in calls, messages.get(id(path[-1]), ""))
    return found


def _step(inner: list[ast.expr], outer: ast.expr, first: int) -> Step:
    known: list[ast.expr] = []
    swap = _Swap(inner, known, first)
    code = ast.unparse(swap.replaced(outer))
    names = ", ".join([_EVALUATED, *(f"k{first + number}" for number in range(len(known)))])
    comparand = _comparand(inner[0], outer, known) if len(inner) == 1 else None
    return Step(f"lambda {names}: {code}", tuple(map(key_of, known)), comparand)


def _comparand(inner: ast.expr, outer: ast.expr, known: Sequence[ast.expr]) -> int | None:
    """Which of the known expressions is what the value should be."""
    other = None
    match outer:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            other = right if left is inner else left
        case ast.Call(args=[first, second, *_]) if _asserts(outer.func) or _last(outer.func) in _COMPARING:
            other = second if first is inner else first if second is inner else None
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            other = right if left is inner else left  # abs(v - 2.5) < 0.1
    return next((number for number, node in enumerate(known) if node is other), None)


_COMPARING = {"allclose", "isclose", "array_equal", "equals"}


class _Swap:
    """Makes an expression in which some parts are the value `v`, and the other largest parts are known values.

    What a loop inside the expression binds stays; the other names there are known values.
    """

    def __init__(self, inner: list[ast.expr], known: list[ast.expr], first: int) -> None:
        self.inner = inner
        self.known = known
        self.first = first

    def replaced(self, node: ast.AST, bound: Set[str] | None = None) -> ast.AST:
        """A copy of the node, its parts exchanged."""
        fields = {}
        if isinstance(node, ast.GeneratorExp):
            bound = bound_names(node)
        for name, value in ast.iter_fields(node):
            many = isinstance(value, list)
            fields[name] = [self.part(v, bound) for v in value] if many else self.part(value, bound)
        return type(node)(**fields)

    def part(self, node: object, bound: Set[str] | None) -> object:
        for number, inner in enumerate(self.inner):
            if node is inner:
                value = ast.Name(_EVALUATED, ast.Load())
                return value if len(self.inner) == 1 else ast.Subscript(value, ast.Constant(number), ast.Load())
        if not isinstance(node, ast.AST) or isinstance(node, ast.expr_context):
            return node
        if bound is not None and isinstance(node, ast.Name | ast.Constant):
            inside = isinstance(node, ast.Constant) or node.id in bound
        else:
            inside = bound is not None or isinstance(node, ast.Slice | ast.Starred) or not isinstance(node, ast.expr)
        if inside:
            return self.replaced(node, bound)
        self.known.append(cast(ast.expr, node))
        return ast.Name(f"k{self.first + len(self.known) - 1}", ast.Load())
