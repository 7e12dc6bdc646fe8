"""What the rules of `mutants` are made of: what a rule gives, and small questions about code."""

import ast
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard, TypeVar


@dataclass(frozen=True)
class Scope:
    """What a rule may know of the place.

    Attributes:
        public: names that students see.
        known: names that are set before.
        lengths, means: names of numbers of entries, and of means.
        settings: a dict and a key of it, of those that are read.
        defaults: parameters of the function around, with their defaults.
        function: the name of the function around.
        counted: arrays, or lists, whose lengths the function may ask for.
        arrays: what the function is given or has unpacked, settings left out.
        shares: names of settings between 0 and 1.
        keys: the texts that the code looks up.
        wide: is a value to be recognised, and not a check to be tried?
    """

    public: frozenset[str]
    known: tuple[str, ...]
    lengths: frozenset[str] = frozenset()
    settings: tuple[tuple[str, str], ...] = ()
    means: frozenset[str] = frozenset()
    defaults: Mapping[str, ast.expr] = field(default_factory=dict)
    function: str = ""
    counted: tuple[str, ...] = ()
    arrays: tuple[str, ...] = ()
    shares: frozenset[str] = frozenset()
    keys: tuple[str, ...] = ()
    wide: bool = False


Node = TypeVar("Node", bound=ast.AST)


Change = tuple[ast.AST | None, str]
"""What to put in place of a node (None: nothing, the statement goes), and the sentence."""


Rule = Callable[[ast.AST, Scope], Iterator[Change]]


BlockRule = Callable[[Sequence[ast.stmt], Scope], Iterator[tuple[int, int, list[ast.stmt], str]]]
"""Of statements that follow each other it gives the first and last place of what is replaced, the new statements, and
the sentence."""


NO_NAMES = frozenset(["self", "cls", "np", "numpy", "math", "torch", "tf", "keras", "plt", "pd", "range", "len", "sum"])


def named(node: ast.AST, scope: Scope) -> str:
    """The first name in an expression that students see in the released text, settings before variables, or ""."""
    found = ""
    for part in ast.walk(node):
        if (
            isinstance(part, ast.Subscript)
            and isinstance(part.slice, ast.Constant)
            and isinstance(part.slice.value, str)
        ):
            return part.slice.value
        if isinstance(part, ast.Name) and part.id in scope.public and part.id not in NO_NAMES:
            found = found or part.id
        if is_own(part) and part.attr in scope.public:
            found = found or part.attr
    return found


def with_name(what: str, node: ast.AST, scope: Scope) -> str:
    """ "a term is missing", or "the term with `reg` is missing"."""
    name = named(node, scope)
    return f"the {what} with `{name}`" if name else f"{'an' if what[0] in 'aeiou' else 'a'} {what}"


def called(node: ast.AST) -> str:
    """The last part of the name of the function that is called: "sum" of np.sum(x) and of x.sum()."""
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def number(node: ast.AST) -> int | float | None:
    """The number that a node writes; None where it is something else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return node.value
    return None


def like(node: Node, **fields: object) -> Node:
    """A copy of the node with other fields."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def of_numpy(name: str, *args: ast.expr) -> ast.Call:
    """A call of a function of NumPy."""
    return ast.Call(ast.Attribute(ast.Name("np", ast.Load()), name, ast.Load()), list(args), [])


def names_read(node: ast.AST) -> set[str]:
    """The names whose values a piece of code asks for."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)}


def is_own(node: ast.AST) -> TypeGuard[ast.Attribute]:
    """self.x"""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def is_parameter(node: ast.AST, scope: Scope) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and node.id in scope.public and node.id not in NO_NAMES


def is_count(node: ast.AST, scope: Scope) -> bool:
    """Is an expression a number of entries, as far as can be seen?"""
    return is_length(node) or (isinstance(node, ast.Name) and node.id in scope.lengths)


def is_length(node: ast.AST) -> bool:
    """Does an expression look like a number of entries?"""
    return called(node) == "len" or "shape" in ast.dump(node)


def minus_one(node: ast.AST) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and number(node.operand) == 1


def squared(node: ast.AST) -> ast.expr | None:
    """x of x**2 and of x * x; None for anything else."""
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.Pow) and number(node.right) == 2:
            return node.left
        if isinstance(node.op, ast.Mult) and ast.dump(node.left) == ast.dump(node.right):
            return node.left
    return None
