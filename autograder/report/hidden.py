"""What students do not get to see: hidden tests and marking schemes, in sources and in what their errors tell."""

import re

from nbformat import NotebookNode

HIDDEN = re.compile(
    r"^[^\n]*### (?:BEGIN (?P<kind>HIDDEN TESTS|MARK SCHEME))\b.*?(?:### END (?P=kind)[^\n]*(?:\n|\Z)|\Z)",
    re.DOTALL | re.MULTILINE,
)
SAID = "A hidden test failed.\n"


def has_hidden(cell: NotebookNode) -> bool:
    """Whether there is something in the cell that students do not get."""
    return HIDDEN.search(cell.source) is not None


def without_hidden(cell: NotebookNode) -> NotebookNode:
    """The cell without its hidden parts; the errors of such a cell are replaced by the plain fact.

    The engine's own verdicts (`Unmet`) stay: they never hold hidden values.
    """
    if not has_hidden(cell):
        return cell
    kept = NotebookNode(cell, source=HIDDEN.sub("", cell.source).rstrip("\n"))
    if cell.cell_type == "code":
        kept.outputs = [
            NotebookNode(output_type="stream", name="stdout", text=SAID)
            if output.output_type == "error" and output.ename != "Unmet"
            else output
            for output in cell.outputs
        ]
    return kept
