"""A source notebook -> the notebook that students get."""

import copy

from nbformat import NotebookNode

from autograder.markers import MARK_SCHEME, without_held_back
from autograder.notebooks import KERNELSPEC
from autograder.questions import students_write
from autograder.regions import blank


def blank_notebook(nb: NotebookNode) -> NotebookNode:
    """Return a copy with its regions emptied, its marking schemes and outputs gone, and its metadata plain.

    Pure; cells keep their ids, order and metadata. Release and grading both start from it.

    Raises:
        RegionError: a region is malformed.
    """
    out = copy.deepcopy(nb)
    out.metadata = NotebookNode(kernelspec=NotebookNode(KERNELSPEC), language_info=NotebookNode(name="python"))
    for cell in out.cells:
        if students_write(cell):
            cell.source = blank(without_schemes(cell.source), cell.id)
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
            for key in ("execution", "collapsed", "scrolled"):
                cell.metadata.pop(key, None)
    return out


def without_schemes(source: str) -> str:
    """The text without its marking schemes."""
    kept = without_held_back(source, [MARK_SCHEME])
    return source if kept == source else kept.rstrip("\n")
