"""What the lines of a function, or of a cell, give values to and read: found in its text, without running anything."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from autograder.expect.steps import LABEL, LONGEST_LABEL, MOST_LOADS

OF_NO_VALUE = {"shape", "dtype", "ndim", "size"}
BY_LENGTH = {"len", "zeros_like", "ones_like", "empty_like", "full_like", "isinstance", "type", "id", "print"}
CHANGING = {
    "append",
    "clear",
    "discard",
    "extend",
    "insert",
    "pop",
    "popitem",
    "popleft",
    "remove",
    "setdefault",
    "sort",
    "update",
}
"""Methods that change their object, and may give something as well."""
Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Module
_OTHER_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True)
class Storing:
    """One statement, or the head of one that holds others.

    Attributes:
        stores: the labels that it gives values to, each with those that it reads for that; `x[i] = …` and `x.append(…)`
            give one to x.
        tests: the labels that the tests and loops around it read.
        takes: the labels to which it only hands on what is there.
        needs: of a `return`, the labels that it reads.
        items: of a `return`, what it calls each item; "" for one without a name.
        loops: the lines of the loops around it.
        test: the line of the innermost test around it within its loop, of a `return` of any; 0 for none.
    """

    line: int
    stores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    takes: frozenset[str] = frozenset()
    tests: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    loops: tuple[int, ...] = ()
    test: int = 0


@dataclass(frozen=True)
class Code:
    """The statements of a function (name "" for a module) by each line that they cover; its loops' first and last."""

    name: str
    first: int
    last: int
    lines: Mapping[int, Storing] = field(default_factory=dict)
    loops: tuple[tuple[int, int], ...] = ()


def codes_of(tree: ast.Module) -> dict[tuple[str, int], Code]:
    """A module's functions by name and first line, as Python's code objects have them, and itself as <module>, 1."""
    found = {("<module>", 1): code_of(tree, "")}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            found[node.name, first] = code_of(node, node.name)
    return found


def code_of(scope: Scope, name: str) -> Code:
    lines: dict[int, Storing] = {}
    for first, last, statement in statements(scope.body, (), (), 0):
        for line in range(first, last + 1):
            lines[line] = statement
    numbers = [number for one in scope.body for number in (one.lineno, one.end_lineno or one.lineno)]
    loops = tuple(
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(scope)
        if isinstance(node, ast.For | ast.AsyncFor | ast.While)
    )
    return Code(name, min(numbers, default=1), max(numbers, default=1), lines, loops)


def statements(
    body: Iterable[ast.stmt], tests: tuple[str, ...], loops: tuple[int, ...], test: int
) -> Iterator[tuple[int, int, Storing]]:
    """(first line, last line, statement) of a body; what is inside a statement follows it."""
    for node in body:
        if isinstance(node, _OTHER_SCOPES):
            continue
        inner = [value for key, value in ast.iter_fields(node) if key in ("body", "orelse", "finalbody") and value]
        handlers = [one.body for one in getattr(node, "handlers", [])] + [
            one.body for one in getattr(node, "cases", [])
        ]
        inner += handlers
        head = [
            child for key, value in ast.iter_fields(node) for child in (value if isinstance(value, list) else [value])
            if key not in ("body", "orelse", "finalbody", "handlers", "cases") and isinstance(child, ast.AST)
        ]  # fmt: skip
        last = min((part[0].lineno for part in inner), default=(node.end_lineno or node.lineno) + 1) - 1
        before = [label_of(node.target)] if isinstance(node, ast.AugAssign) and label_of(node.target) else []
        loads = tuple(dict.fromkeys([*before, *(one for part in head for one in loads_of(part))]))[:MOST_LOADS]
        is_loop = isinstance(node, ast.For | ast.AsyncFor | ast.While)
        around = (*loops, node.lineno) if is_loop else loops
        statement = Storing(
            node.lineno,
            {label: one_by_one(node, label) or loads for label in stores_of(node)},
            frozenset(taken(node)),
            tests,
            loads if isinstance(node, ast.Return) else (),
            tuple(items_of(node)) if isinstance(node, ast.Return) else (),
            around,
            test if loops or isinstance(node, ast.Return) else 0,
        )
        yield node.lineno, max(last, node.lineno), statement
        under = (*loads, *tests) if isinstance(node, ast.If | ast.While | ast.For | ast.Match) else tests
        within = node.lineno if isinstance(node, ast.If | ast.Match) else 0 if is_loop else test
        for part in inner:
            yield from statements(part, tuple(dict.fromkeys(under))[:MOST_LOADS], around, within)


def one_by_one(node: ast.stmt, label: str) -> tuple[str, ...] | None:
    """Of `a, b = x, y`, what one of them is made of."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return None
    target, value = node.targets[0], node.value
    if not isinstance(target, ast.Tuple) or not isinstance(value, ast.Tuple) or len(target.elts) != len(value.elts):
        return None
    own = [part for name, part in zip(target.elts, value.elts, strict=True) if label_of(name) == label]
    return tuple(one for part in own for one in loads_of(part))[:MOST_LOADS] if own else None


def taken(node: ast.stmt) -> Iterator[str]:
    """The labels to which a statement only hands on what is there, the variables of a loop among them."""
    if isinstance(node, ast.For | ast.AsyncFor):
        yield from map(label_of, flat(node.target))
    if isinstance(node, ast.Assign) and is_taken(node.value):
        for target in node.targets:
            yield from (label_of(part) for part in flat(target) if is_whole(part))


def is_whole(target: ast.AST) -> bool:
    """Does it stand for a label, not for a part of what has one?"""
    return not isinstance(target, ast.Subscript) or isinstance(target.slice, ast.Constant)


def label_of(node: ast.AST) -> str:
    """x, x.y or x['key'] as a label; of a deeper part, what it is a part of; "" where it begins with no name."""
    parts: list[ast.Attribute | ast.Subscript] = []
    while isinstance(node, ast.Attribute | ast.Subscript):
        parts.append(node)
        node = node.value
    if not isinstance(node, ast.Name) or not LABEL.fullmatch(node.id):
        return ""
    label = node.id
    for part in reversed(parts):
        if isinstance(part, ast.Attribute):
            longer = f"{label}.{part.attr}"
        elif isinstance(part.slice, ast.Constant) and isinstance(part.slice.value, str):
            longer = f"{label}['{part.slice.value}']"
        else:
            break
        if len(longer) > LONGEST_LABEL or not LABEL.fullmatch(longer):
            break
        label = longer
    return label


def stores_of(node: ast.stmt) -> Iterator[str]:
    """The labels that a statement itself gives values to."""
    targets: list[ast.AST] = []
    if isinstance(node, ast.Assign):
        targets = list(node.targets)
    elif isinstance(node, ast.AugAssign | ast.For | ast.AsyncFor) or (
        isinstance(node, ast.AnnAssign) and node.value is not None
    ):
        targets = [node.target]
    elif isinstance(node, ast.With | ast.AsyncWith):
        targets = [one.optional_vars for one in node.items if one.optional_vars is not None]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        call = node.value
        targets = [call.func.value] if isinstance(call.func, ast.Attribute) else []
        targets += [one for one in call.args if isinstance(one, ast.Name)]
    elif isinstance(node, ast.Return):
        return
    elif isinstance(node, ast.Delete):
        targets = [one.value for one in node.targets if isinstance(one, ast.Subscript)]
    if not isinstance(node, ast.For | ast.AsyncFor | ast.While | ast.If | ast.With | ast.Try):
        for one in ast.walk(node):
            if isinstance(one, ast.NamedExpr):
                targets.append(one.target)
            elif isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in CHANGING:
                targets.append(one.func.value)
    for target in targets:
        for part in flat(target):
            if label := label_of(part):
                yield label


def flat(target: ast.AST) -> Iterator[ast.AST]:
    if isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from flat(part)
    else:
        yield target.value if isinstance(target, ast.Starred) else target


def loads_of(node: ast.AST) -> Iterator[str]:
    """The labels whose values an expression, or a target with its index, reads."""
    if isinstance(node, ast.Lambda | ast.FunctionDef):
        return
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load) and LABEL.fullmatch(node.id):
            yield node.id
        return
    if isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Attribute) and node.attr in OF_NO_VALUE:
            return
        label = label_of(node)
        whole = isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Constant)
        if label and (isinstance(node.ctx, ast.Load) or whole):
            yield label
        part: ast.AST = node
        while isinstance(part, ast.Attribute | ast.Subscript):
            if isinstance(part, ast.Subscript):
                yield from loads_of(part.slice)
            part = part.value
        if not isinstance(part, ast.Name):
            yield from loads_of(part)
        return
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called not in BY_LENGTH:
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                yield from loads_of(argument)
        if isinstance(node.func, ast.Attribute):
            yield from loads_of(node.func.value)
        return
    for child in ast.iter_child_nodes(node):
        yield from loads_of(child)


def is_taken(value: ast.AST | None) -> bool:
    """Does an expression only hand on what has a name, or a fixed place in what has one?"""
    if isinstance(value, ast.Tuple | ast.List):
        return bool(value.elts) and all(map(is_taken, value.elts))
    if isinstance(value, ast.Subscript):
        return isinstance(value.slice, ast.Constant) and is_taken(value.value)
    return isinstance(value, ast.Name) or (isinstance(value, ast.Attribute) and is_taken(value.value))


def items_of(node: ast.Return) -> Iterator[str]:
    if isinstance(node.value, ast.Tuple):
        for part in node.value.elts:
            yield label_of(part) if not isinstance(part, ast.Subscript) or label_of(part).endswith("]") else ""
    elif node.value is not None:
        yield label_of(node.value) if isinstance(node.value, ast.Name | ast.Attribute) else ""
