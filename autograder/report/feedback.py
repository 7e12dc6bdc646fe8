"""Feedback: nbgrader's own page for each notebook, made safe to open, and the same as a PDF."""

import html
import logging
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from nbconvert.exporters import HTMLExporter
from nbconvert.exporters.html import contextfilter
from nbformat import NotebookNode
from nbgrader.apps import NbGrader
from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory

from autograder.assignment import Assignment
from autograder.course import Course, environment_bin_on_path, find_course, nbgrader_config
from autograder.errors import CourseError
from autograder.files import TIMESTAMP
from autograder.gradebook.results import Scores
from autograder.prose import CleanHTML, rendered
from autograder.questions import marks_of
from autograder.report.formulas import write_formulas
from autograder.report.hidden import is_hidden, without_hidden
from autograder.report.make import one_report
from autograder.report.model import Options
from autograder.report.outputs import PICTURES
from autograder.report.pictures import PictureError, bundle_bytes, picture_bytes
from autograder.report.sanitise import picture_address, safe_html, sealed
from autograder.report.tex import Maths, maths_only, take_maths

FEEDBACK = "feedback.pdf"
MAX_HTML = 2_000_000
SHOWN_METADATA = ("grade", "solution", "task", "grade_id", "points", "score", "comment")


class SafeHTMLExporter(HTMLExporter):
    """nbconvert's HTML exporter, whose pages run nothing, whatever is in the notebook.

    Prose and rich outputs become clean HTML before the template sees them; metadata is cut down to nbgrader's.
    """

    def _preprocess(self, nb, resources):
        nb, resources = super()._preprocess(nb, resources)
        folder = resources.get("metadata", {}).get("path") or None
        return safe_notebook(nb, Path(folder) if folder else None), resources

    @contextfilter
    def markdown2html(self, context, source):
        """Prose is clean HTML already."""
        return source

    def from_notebook_node(self, nb, resources=None, **kw):
        self.sanitize_html = False  # all of it is clean; nbconvert's own cleaning would take the pictures out
        page, resources = super().from_notebook_node(nb, resources, **kw)
        return sealed(page), resources


# One notebook


def safe_notebook(nb: NotebookNode, folder: Path | None, hide: bool = True) -> NotebookNode:
    """A copy of the notebook in which every source of prose is `CleanHTML`, every output of a harmless kind.

    Unless told not to `hide` them, hidden tests are left out, with whatever their errors would tell.
    """
    maths: list[Maths] = []
    cells = [without_hidden(cell) for cell in nb.cells if marks_of(cell) or not is_hidden(cell)] if hide else nb.cells
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


# All of a submission


def write_feedback(course: Course, assignment: Assignment, student: str) -> list[Path]:
    """Write feedback/<student>/<assignment>/*.html with nbgrader's converter; returns the pages.

    Where no notebook of the submission could be read there are none, and none of an earlier submission.

    Raises:
        CourseError: nbgrader could not make a page.
    """
    environment_bin_on_path()
    config = nbgrader_config(course)
    config.merge(NbGrader().config)
    config.CourseDirectory.root = str(course.root)
    config.CourseDirectory.db_url = course.gradebook_url
    config.CourseDirectory.assignment_id = assignment.name
    config.CourseDirectory.student_id = re.sub(r"([*?[])", r"[\1]", student)
    config.GenerateFeedback.exporter_class = SafeHTMLExporter
    config.GenerateFeedback.post_convert_hook = keep_pages_only
    converter = GenerateFeedback(coursedir=CourseDirectory(config=config), config=config)
    converter.force = True
    converter.log = log = logging.getLogger(f"{__name__}.{student}")
    log.propagate = False
    log.addHandler(said := Said())
    target = course.feedback / student / assignment.name
    if not any((course.autograded / student / assignment.name).glob("*.ipynb")):
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        return []
    try:
        converter.start()
    except NbGraderException as error:
        raise CourseError(f"{student}: nbgrader could not make the feedback: {said.last_error() or error}") from error
    finally:
        log.removeHandler(said)
    return sorted(target.glob("*.html"))


def one_feedback(
    course: Course, assignment: str, student: str, scores: Scores | None, options: Options
) -> tuple[str, ...]:
    """Write one student's feedback, pages and PDF; returns what the PDF could not show."""
    write_feedback(course, course.assignment(assignment), student)
    pdf = course.feedback / student / assignment / FEEDBACK
    return one_report(course, assignment, student, scores, pdf, options)


class Said(logging.Handler):
    """Keeps nbgrader's error messages, which its exception does not have."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())

    def last_error(self) -> str:
        """The last line of the first traceback."""
        tracebacks = [message for message in self.messages if message.startswith("Traceback")]
        return tracebacks[0].strip().splitlines()[-1] if tracebacks else ""


def keep_pages_only(assignment: str, student: str, notebooks: list[str]) -> None:
    """After nbgrader's conversion: remove its copies of the submission's files, which might run or tell too much."""
    for name in notebooks:
        path = Path(name).resolve()
        course = find_course(path.parent)
        folder = course.feedback / path.parent.parent.name / path.parent.name
        pages = {f"{Path(one).stem}.html" for one in notebooks} | {FEEDBACK, "feedback.pages.json", TIMESTAMP}
        if not folder.is_dir() or not folder.resolve().is_relative_to(course.feedback.resolve()):
            continue
        for entry in folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name not in pages:
                entry.unlink()
