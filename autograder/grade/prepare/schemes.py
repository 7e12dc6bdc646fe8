"""Model answers and marking schemes for those who mark: a cell below each written answer in autograded/.

The whole cell stands between the markers of a marking scheme, so whatever hides these hides it: no student gets it.
"""

from collections.abc import Mapping

from nbformat import NotebookNode

from autograder.markers import MARK_SCHEME, SOLUTION, marked_lines
from autograder.questions import Kind, kind_of
from autograder.regions import inner_texts
from autograder.release.notebook import without_schemes

MAX_ID = 64  # characters that a cell's id may have


def model_of(cell: NotebookNode) -> str:
    """The model answer in a cell of the source, in markdown; "" where there is none."""
    text = without_schemes(cell.source)
    model = "\n\n".join(inner_texts(text)) or between_solutions(text)
    return f"```python\n{model}\n```" if model and cell.cell_type == "code" else model


def marking_of(cell: NotebookNode) -> str:
    """The marking scheme in a cell of the source, without its markers; "" where there is none."""
    lines = [line for line, held in marked_lines(cell.source, [MARK_SCHEME]) if held and MARK_SCHEME not in line]
    return "\n".join(lines).strip()


def scheme_of(cell: NotebookNode) -> str:
    """What a marker should see below the answer to a cell of the source: the model answer, and how it is marked.

    "" for a cell that is not marked by hand, or has neither.
    """
    if kind_of(cell) is not Kind.ANSWER:
        return ""
    parts = {"Model answer": model_of(cell), "Marking scheme": marking_of(cell)}
    said = [f"**{heading}** (graders only)\n\n{part}" for heading, part in parts.items() if part]
    return "\n\n".join([f"<!-- BEGIN {MARK_SCHEME} -->", *said, f"<!-- END {MARK_SCHEME} -->"]) if said else ""


def between_solutions(text: str) -> str:
    """What stands between nbgrader's markers of solutions."""
    lines = marked_lines(text, [SOLUTION])
    return "\n".join(line for line, held in lines if held and f" {SOLUTION}" not in line).strip()


def schemes_in(source: NotebookNode) -> dict[str, str]:
    """Cell id -> what a marker should see below it, of a source notebook."""
    return {cell.id: text for cell in source.cells if (text := scheme_of(cell))}


def put_schemes(notebook: NotebookNode, schemes: Mapping[str, str]) -> None:
    """Put a cell with model answer and marking scheme below each answer of a graded notebook."""
    cells: list[NotebookNode] = []
    taken = {cell.id for cell in notebook.cells}
    for cell in notebook.cells:
        cells.append(cell)
        if text := schemes.get(cell.id):
            name = f"{cell.id[: MAX_ID - 10]}-scheme"
            while name in taken:
                name += "x"
            taken.add(name)
            about = NotebookNode(autograder={"scheme": True})
            cells.append(NotebookNode(cell_type="markdown", id=name, metadata=about, source=text))
    notebook.cells = cells
