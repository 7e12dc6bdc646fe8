"""What students do not get to see: hidden tests and marking schemes, in sources and in what their errors tell."""

from nbformat import NotebookNode

from autograder.gradebook.results import UNMET
from autograder.markers import holds_back, without_held_back

SAID = "A hidden test failed.\n"


def is_hidden(cell: NotebookNode) -> bool:
    """Is there nothing in the cell but what students do not get to see? So are marking schemes below answers."""
    return holds_back(cell.source) and not without_held_back(cell.source).strip()


def without_hidden(cell: NotebookNode) -> NotebookNode:
    """The cell without its hidden parts; the errors of such a cell are replaced by the plain fact.

    The engine's own verdicts (`Unmet`) stay: they say of a hidden test only that it failed.
    """
    if not holds_back(cell.source):
        return cell
    kept = NotebookNode(cell, source=without_held_back(cell.source).rstrip("\n"))
    if cell.cell_type == "code":
        kept.outputs = [
            NotebookNode(output_type="stream", name="stdout", text=SAID)
            if output.output_type == "error" and output.ename != UNMET
            else output
            for output in cell.outputs
        ]
    return kept
