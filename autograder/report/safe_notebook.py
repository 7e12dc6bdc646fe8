"""A copy of a notebook that is safe to show to those who grade: prose and outputs are clean HTML."""

import html
from collections.abc import Mapping
from pathlib import Path

from nbformat import NotebookNode

from autograder.prose import CleanHTML, rendered
from autograder.questions import marks_of
from autograder.report.formulas import write_formulas
from autograder.report.outputs import PICTURES
from autograder.report.pictures import PictureError, bundle_bytes, picture_bytes
from autograder.report.sanitise import picture_address, safe_html
from autograder.report.tex import Maths, maths_only, take_maths

MAX_HTML = 2_000_000
SHOWN_METADATA = ("grade", "solution", "task", "grade_id", "points", "score", "comment")


def safe_notebook(nb: NotebookNode, folder: Path | None) -> NotebookNode:
    """A copy of the notebook in which every source of prose is `CleanHTML`, every output of a harmless kind.

    Hidden tests are in it: those who grade may see them.
    """
    maths: list[Maths] = []
    cells = nb.cells
    prose = {i: take_maths(cell.source, maths) for i, cell in enumerate(cells) if cell.cell_type == "markdown"}
    comments = {i: take_maths(str(marks_of(cell).get("comment") or ""), maths) for i, cell in enumerate(cells)}
    outputs = {i: [taken(output, maths) for output in cell.get("outputs", [])] for i, cell in enumerate(cells)}
    mathml = [written.text for written in write_formulas(maths, "mathml")]

    def clean(text: str, attachments: Mapping) -> str:
        return safe_html(text, lambda address: picture_bytes(address, folder, dict(attachments)), maths, mathml)

    made = []
    for i, cell in enumerate(cells):
        metadata = {key: marks_of(cell)[key] for key in SHOWN_METADATA if key in marks_of(cell)}
        if metadata:
            metadata["grade_id"] = html.escape(str(metadata.get("grade_id", "")))
            for key in ("points", "score"):
                if key in metadata:
                    metadata[key] = float(metadata[key] or 0)
            metadata["comment"] = clean(rendered(comments[i]), {}) if comments[i] else ""
        new = NotebookNode(id=cell.id, cell_type=cell.cell_type, source=cell.source, metadata=NotebookNode())
        if metadata:
            new.metadata.nbgrader = NotebookNode(metadata)
        if cell.cell_type == "markdown":
            attachments = cell.get("attachments") or {}
            new.source = CleanHTML(clean(rendered(prose[i]), attachments))
        elif cell.cell_type == "code":
            count = cell.get("execution_count")
            new.execution_count = count if isinstance(count, int) else None
            new.outputs = [safe_output(output, clean) for output in outputs[i]]
        else:
            new.cell_type = "markdown"
            new.source = CleanHTML(f"<pre>{html.escape(cell.source)}</pre>")
        made.append(new)
    return NotebookNode(nbformat=4, nbformat_minor=5, metadata=NotebookNode(), cells=made)


def taken(output: NotebookNode, maths: list[Maths]) -> NotebookNode:
    """The output with the formulas of its LaTeX or markdown taken out."""
    data = dict(output.get("data", {}))
    if "text/latex" in data:
        formula = maths_only(str(data["text/latex"]))
        if formula:
            maths.append(formula)
            data["text/latex"] = f"\ue000{len(maths) - 1}\ue001"
    if "text/markdown" in data:
        data["text/markdown"] = take_maths(str(data["text/markdown"]), maths)
    return NotebookNode({**output, "data": data}) if data else output


def safe_output(output: NotebookNode, clean) -> NotebookNode:
    """An output as text, or as clean HTML in the one representation that shows it best."""
    kind = output.output_type
    if kind == "stream":
        name = "stderr" if output.name == "stderr" else "stdout"
        return NotebookNode(output_type=kind, name=name, text=output.text)
    if kind == "error":
        return NotebookNode(output_type=kind, ename=output.ename, evalue=output.evalue, traceback=output.traceback)
    made = NotebookNode(output_type=kind, metadata=NotebookNode(), data=safe_bundle(output.data, clean))
    if kind == "execute_result":
        made.execution_count = None
    return made


def safe_bundle(data: Mapping, clean) -> NotebookNode:
    for mime in PICTURES:
        if mime in data:
            try:
                address = picture_address(bundle_bytes(mime, data[mime]))
                return NotebookNode({"text/html": f'<img alt="output" src="{address}">'})
            except PictureError:
                continue
    if "text/html" in data:
        return NotebookNode({"text/html": clean(str(data["text/html"])[:MAX_HTML], {})})
    if "text/markdown" in data:
        return NotebookNode({"text/html": clean(rendered(str(data["text/markdown"])), {})})
    if "text/latex" in data:
        return NotebookNode({"text/html": clean(html.escape(str(data["text/latex"])), {})})
    return NotebookNode({"text/plain": str(data.get("text/plain", "(an output that cannot be shown here)"))})
