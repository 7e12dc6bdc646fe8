"""A notebook without nbgrader's metadata as a source: cells in, cells out.

What other people's markers and tags say that students write becomes regions; cells that assert something of it become
checks of 1 point, unless they say what they are worth.
"""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from autograder.adopt.markers import as_region, with_banners
from autograder.adopt.prints import headed, with_assertions
from autograder.expect.sites import is_assertion
from autograder.markers import HIDDEN_TESTS, holds_back
from autograder.questions import all_stated_points
from autograder.regions import find_regions
from autograder.syntax import tree_of

SOLUTION_TAGS = {"solution", "solutions"}
SCORE_TAG = re.compile(r"score:(\d+(?:\.\d+)?)")  # nbchkr


@dataclass(frozen=True)
class Plain:
    """What became of a notebook.

    Attributes:
        cells: the new cells.
        marked: had it other people's markers or tags?
        remarks: what was taken over with less.
    """

    cells: list[NotebookNode]
    marked: bool
    remarks: list[str]


def from_plain(nb: NotebookNode) -> Plain:
    """Convert a notebook."""
    regions = unsolved = unended = checks = 0
    written: set[str] = set()
    for cell in nb.cells:
        cell.pop("outputs", None)
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        tags = [str(tag) for tag in cell.metadata.get("tags", [])]
        found = with_banners(cell.source)
        if SOLUTION_TAGS & {tag.lower() for tag in tags} and not find_regions(found.text):
            found = as_region(cell.source)
        regions, unsolved, unended = regions + found.regions, unsolved + found.unsolved, unended + found.unended
        cell.source = found.text
        tree = tree_of(cell.source)
        loaded, stored = _names(tree)
        if find_regions(cell.source):
            written |= stored
        elif loaded & written:
            written |= stored
            checked = _as_check(cell.source, tree, tags)
            checks += checked != cell.source
            cell.source = checked
        else:
            cell.source = with_assertions(cell.source)
    remarks = []
    if checks:
        remarks.append(f"{checks} cells with assertions became checks: set their points")
    if unended:
        remarks.append(f"no line says where {unended} regions end: they reach to the end of the function or cell")
    if unsolved:
        remarks.append(f"{unsolved} regions hold no solution yet: write them")
    return Plain(list(nb.cells), bool(regions), remarks)


def _as_check(source: str, tree: ast.Module, tags: Sequence[str]) -> str:
    """The cell as a check, where it asserts something; the same text otherwise."""
    if source.startswith("%%"):
        return source
    if score := next((found[1] for tag in tags if (found := SCORE_TAG.fullmatch(tag))), ""):
        return headed(source, f"{score} points")
    if (shown := with_assertions(source)) != source:
        return shown
    asserts = any(map(is_assertion, ast.walk(tree))) or holds_back(source, [HIDDEN_TESTS])
    return headed(source) if asserts and not all_stated_points(source) else source


def _names(tree: ast.Module) -> tuple[set[str], set[str]]:
    """The names that a cell reads, and those that it gives values."""
    nodes = list(ast.walk(tree))
    loaded = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    stored |= {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    return loaded, stored
