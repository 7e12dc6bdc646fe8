"""What only follows from something earlier: a check that needs what is not right yet, a name that was never made."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

from autograder.syntax import tree_of
from autograder.words import NOT_WRITTEN_YET

MOST_NAMED = 3
NOT_DEFINED = re.compile(r"NameError: name '(\w+)' is not defined")
NOT_WRITTEN = re.compile(r"NotImplementedError(?:: *(.*))?")
OTHER_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Standing:
    """How a check stands, and the regions whose code it runs, as a message calls them."""

    right: bool
    needs: frozenset[str]


def follows_from(needs: Set[str], others: Iterable[Standing]) -> str | None:
    """What to say of a failing check that also runs all that another failing check runs, and more; None otherwise.

    Args:
        needs: the regions that the failing check runs.
        others: how the checks before it stand.
    """
    others = list(others)
    earlier = [one.needs for one in others if not one.right and one.needs and one.needs < needs]
    if not earlier:
        return None
    first = min(earlier, key=lambda regions: (len(regions), sorted(regions)))
    verified = frozenset().union(*(one.needs for one in others if one.right))
    names = sorted(first - verified or first)[:MOST_NAMED]
    said = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"It needs {said}, which {'is' if len(names) == 1 else 'are'} not right yet: mend that first."


@dataclass(frozen=True)
class CellAbove:
    """A cell that came before another, its code, and why it did not come to its end, in one line; "" if it did."""

    cell_id: str
    source: str
    stopped: str


def why_not_defined(error: str, above: Sequence[CellAbove]) -> str | None:
    """Which cell should have made the name that an error says is not defined, and why it did not.

    None where the error is another one, or where no cell above that stopped makes the name.

    Args:
        error: kind and text, as in "NameError: name 'x' is not defined".
        above: the cells before it, in order.
    """
    missing = NOT_DEFINED.match(error)
    if missing is None:
        return None
    name = missing[1]
    index = next((n for n, cell in enumerate(above) if cell.stopped and makes(cell.source, name)), None)
    if index is None:
        return None
    maker = above[index]
    again = NOT_DEFINED.match(maker.stopped)
    if again is not None and again[1] == name:
        return None
    unwritten = NOT_WRITTEN.fullmatch(maker.stopped)
    why = f"{unwritten[1] or 'its code'} is {NOT_WRITTEN_YET}" if unwritten else maker.stopped
    said = f'`{name}` was never made, because the cell "{maker.cell_id}" above stopped: {why.rstrip(".")}.'
    return "\n".join(filter(None, [said, why_not_defined(maker.stopped, above[:index])]))


def makes(source: str, name: str) -> bool:
    """Does a cell give a name of the notebook a value, or define it? Where it is not Python: does it hold the name?"""
    tree = tree_of(source)
    return name in set(names_made(tree)) if tree.body else re.search(rf"\b{name}\b", source) is not None


def names_made(node: ast.AST) -> Iterator[str]:
    """The names that code outside of functions and classes assigns, imports or defines."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child.name
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        elif isinstance(child, ast.alias):
            yield (child.asname or child.name).partition(".")[0]
        elif not isinstance(child, OTHER_SCOPES):
            yield from names_made(child)
