"""A source notebook -> the notebook that students get."""

import copy

from nbformat import NotebookNode

from autograder.markers import MARK_SCHEME, without_held_back, without_solution
from autograder.notebooks import KERNELSPEC
from autograder.options import USUAL, CourseMarks
from autograder.questions import marks_of, students_write
from autograder.regions import banner_of, blank


def blank_notebook(nb: NotebookNode, markup: CourseMarks = USUAL) -> NotebookNode:
    """Return a copy with its regions emptied, its marking schemes and outputs gone, and its metadata plain.

    A work cell or answer without banners is emptied as nbgrader does it: between BEGIN and END SOLUTION, or whole;
    `markup` says what students get instead.

    Pure; cells keep their ids, order and metadata. Release and grading both start from it.

    Raises:
        RegionError: a region is malformed.
    """
    out = copy.deepcopy(nb)
    out.metadata = NotebookNode(kernelspec=NotebookNode(KERNELSPEC), language_info=NotebookNode(name="python"))
    for cell in out.cells:
        if students_write(cell) or marks_of(cell).get("task"):
            cell.source = without_schemes(cell.source)
        if students_write(cell):
            cell.source = without_work(cell, markup)
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
            for key in ("execution", "collapsed", "scrolled"):
                cell.metadata.pop(key, None)
    return out


def without_work(cell: NotebookNode, markup: CourseMarks = USUAL) -> str:
    """The text of a cell that students write in, without what they are to write."""
    if any(map(banner_of, cell.source.split("\n"))):
        return blank(cell.source, cell.id)
    return without_solution(cell.source, markup.code_stub if cell.cell_type == "code" else markup.text_stub)


def without_schemes(source: str) -> str:
    """The text without its marking schemes."""
    kept = without_held_back(source, [MARK_SCHEME])
    return source if kept == source else kept.rstrip("\n")
