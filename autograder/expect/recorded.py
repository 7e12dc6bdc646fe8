"""What of a check its evidence follows from.

A check names values and says what they should be. When a submission runs, only the values are recorded; expected
values, tolerances, predicates and messages are looked at by the verdict alone. A check that changes only there can be
judged by the evidence that is kept. Pure: texts in, texts out.
"""

import ast
import builtins
import copy
import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from autograder.expect.sites import EXPECT, tree_of

VALUES: dict[str, tuple[str, int] | None] = {
    "close": ("value", 0),
    "same": ("value", 0),
    "holds": ("value", 0),
    "gradient": ("analytic", 2),
    "accuracy": None,
}
"""Each function that states an expectation -> name and place of the argument that is recorded; None for none."""

_MODULES = ("np", "numpy", "math")
_CALLED = frozenset(
    "abs bool complex dict float int len list max min range round set sorted str sum tuple".split()  # noqa: SIM905
)
_ACTING = frozenset(
    """
    random save savez savez_compressed savetxt tofile seterr seterrcall set_printoptions copyto put place fill_diagonal
    """.split()  # noqa: SIM905
)
"""What of a module does something that later code may notice."""
_WORD = re.compile(r"[^\W\d]\w*")
_LEAVES = (ast.Constant, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context)
_PARTS = (
    ast.Tuple, ast.List, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Subscript,
    ast.Slice, ast.JoinedStr, ast.FormattedValue, ast.keyword,
)  # fmt: skip


def as_recorded(checks: Mapping[str, str], others: Iterable[str]) -> dict[str, str]:
    """The checks of one notebook without what only their verdicts look at; equal texts record equal values.

    Args:
        checks: cell id -> source of the checks that state expectations and assert nothing.
        others: the sources of all other cells. A variable that one of these mentions is never left out.
    """
    words: set[str] = set()
    for source in others:
        words |= words_of(source)
    known = frozenset().union(*(_candidates(source) for source in checks.values())) - words
    while True:
        stripped = {cell: _stripped(source, known & words_of(source)) for cell, source in checks.items()}
        needed = frozenset().union(*(names for _, names in stripped.values()))
        if not known & needed:
            return {cell: text for cell, (text, _) in stripped.items()}
        known -= needed


@lru_cache(maxsize=4096)
def words_of(source: str) -> frozenset[str]:
    """Everything in a text that could be a variable's name."""
    return frozenset(_WORD.findall(source))


@lru_cache(maxsize=1024)
def _candidates(source: str) -> frozenset[str]:
    """The variables and functions that a check itself makes, and of which perhaps only verdicts take notice."""
    return frozenset(name for node in tree_of(source).body for name in _made_by(node))


def _made_by(node: ast.stmt) -> list[str]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return [name]
        case ast.Assign(targets=[ast.Tuple(elts=parts)]) if all(isinstance(part, ast.Name) for part in parts):
            return [part.id for part in parts if isinstance(part, ast.Name)]
        case ast.FunctionDef(name=name, decorator_list=[]):
            return [name]
    return []


@lru_cache(maxsize=4096)
def _stripped(source: str, known: frozenset[str]) -> tuple[str, frozenset[str]]:
    """A check's text without what only its verdict looks at, and the names that are left in it.

    Args:
        known: the variables of which, as far as is known, only verdicts take notice.
    """
    tree = tree_of(source)
    if not tree.body:
        return source, words_of(source)
    tree = copy.deepcopy(tree)
    tree.body = [node for node in tree.body if not _only_for_verdicts(node, known)]
    tree = _Recorded(known).visit(tree)
    text = ast.unparse(ast.fix_missing_locations(tree))
    return text, words_of(text)


def _only_for_verdicts(node: ast.stmt, known: Collection[str]) -> bool:
    """Does the statement do no more than make something that only verdicts look at?"""
    made = _made_by(node)
    if not made or not set(made) <= set(known):
        return False
    if isinstance(node, ast.FunctionDef):
        defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        return all(_is_settled(default, known) for default in defaults)
    return isinstance(node, ast.Assign) and _is_settled(node.value, known)


class _Recorded(ast.NodeTransformer):
    """Leaves of each expectation the value that is recorded, and the arguments that could act or fail."""

    def __init__(self, known: Collection[str]) -> None:
        self.known = known

    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node.func:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module == EXPECT and name in VALUES:
                return self.stated(node, VALUES[name])
        return self.generic_visit(node)

    def stated(self, node: ast.Call, value: tuple[str, int] | None) -> ast.AST:
        starred = any(isinstance(one, ast.Starred) for one in node.args)
        if starred or any(keyword.arg is None for keyword in node.keywords):
            return self.generic_visit(node)
        given: dict[str | int, ast.expr] = dict(enumerate(node.args))
        given |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        recorded = []
        if value is not None:
            name, place = value
            if name not in given and place not in given:
                return self.generic_visit(node)
            recorded = [given.pop(name) if name in given else given.pop(place)]
        rest = [one for one in given.values() if not _is_settled(one, self.known)]
        call = ast.Call(ast.Attribute(ast.Name(EXPECT, ast.Load()), "state", ast.Load()), recorded, [])
        call.args = [self.visit(one) for one in [*recorded, *rest]]
        call.keywords = [ast.keyword("recorded", ast.Constant(len(recorded)))]
        return call


def _is_settled(node: ast.AST, known: Collection[str]) -> bool:
    """Is the expression's value the same whatever the student wrote, and does working it out change nothing else?

    One that fails does so in the answer key's process too, where grading stops.
    """
    match node:
        case ast.Name(id=name):
            return name in known or (name in _CALLED and hasattr(builtins, name))
        case ast.Lambda(args=args):
            return all(_is_settled(one, known) for one in [*args.defaults, *filter(None, args.kw_defaults)])
        case ast.Attribute(value=value, attr=attr):
            if attr in _ACTING:
                return False
            return (isinstance(value, ast.Name) and value.id in _MODULES) or _is_settled(value, known)
        case ast.Call(func=function, args=args, keywords=keywords):
            return all(_is_settled(part, known) for part in (function, *args, *keywords))
    if isinstance(node, _LEAVES):
        return True
    return isinstance(node, _PARTS) and all(_is_settled(part, known) for part in ast.iter_child_nodes(node))
