"""Which assertions of a notebook are watched when it is graded, cell by cell."""

import ast
from collections.abc import Collection
from functools import lru_cache

from nbformat import NotebookNode

from autograder.expect.assertions import Assertion, Site, find_assertions, is_assertion
from autograder.expect.dataflow import CodeCell
from autograder.questions import is_check, students_write
from autograder.syntax import tree_of

EXPECT = "expect"


def assertions_in(nb: NotebookNode, libraries: Collection[str] = ()) -> list[Assertion]:
    """Every assertion that decides about points in a source notebook; `libraries` are those that students write in."""
    cells = [
        CodeCell(cell.id, tree_of(cell.source), students_write(cell), is_check(cell))
        for cell in nb.cells
        if cell.cell_type == "code"
    ]
    return find_assertions(cells, libraries)


def sites_in(nb: NotebookNode, libraries: Collection[str] = ()) -> dict[str, tuple[Site, ...]]:
    """Cell id -> the assertions in it whose student side can be told from the other."""
    found: dict[str, tuple[Site, ...]] = {}
    for assertion in assertions_in(nb, libraries):
        if assertion.site is not None:
            found[assertion.cell] = (*found.get(assertion.cell, ()), assertion.site)
    return found


def states_nothing(tree: ast.Module) -> bool:
    """Is there nothing in a check that could fail, or give a number of points?"""
    body = [node for node in tree.body if not _only_shows(node)]
    if body and isinstance(body[-1], ast.Expr):
        return False
    return not any(isinstance(part, ast.Call | ast.Assert | ast.Raise) for node in body for part in ast.walk(node))


def _only_shows(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name("print" | "display"))) | ast.Expr(value=ast.Constant(str())):
            return True
    return False


@lru_cache(maxsize=1024)
def counts_as_it_ran(source: str) -> bool:
    """Does what a check earns depend on how it ran, as nbgrader has it? Not where it only states expectations."""
    tree = tree_of(source)
    nodes = list(ast.walk(tree))
    states = any(
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == EXPECT
        for node in nodes
    )
    return not states or any(is_assertion(node) for node in nodes)
