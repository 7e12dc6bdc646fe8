"""What is to be marked: the questions of an assignment as its source has them, and the answers in autograded/."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.assignment import Assignment
from autograder.grade.prepare.schemes import marking_of, model_of
from autograder.gradebook.store import Store
from autograder.markers import CODE_STUB, TEXT_STUB
from autograder.questions import Kind, Question, cell_name, marks_of, questions_in
from autograder.regions import RegionError, find_regions, inner_texts
from autograder.regrade import source_of, without_requests
from autograder.release.notebook import blank_notebook
from autograder.source import read_source

STUBS = frozenset({*CODE_STUB.split("\n"), TEXT_STUB})
MAX_ABOVE = 12  # cells above an answer among which its plot or table is looked for


@dataclass(frozen=True)
class AskedQuestion:
    """A question that people mark.

    Attributes:
        code: is the answer Python?
        text: the question, in markdown.
        model, scheme: the model answer and the marking scheme, in markdown.
        released: what the cell held when it was released; an answer that is no more than that is empty.
        nearby: ids of the code cells above it, the nearest last: their outputs may belong to the answer.
        task: does nbgrader call it a task? Then the answer is what students add below it.
    """

    question: Question
    code: bool
    text: str
    model: str
    scheme: str
    released: str
    nearby: tuple[str, ...]
    task: bool = False


@dataclass(frozen=True)
class Answer:
    """What one student wrote; `digest` changes whenever the text does."""

    student: str
    text: str
    digest: str


# --- questions --------------------------------------------------------------------------------------------------------


def asked_questions(assignment: Assignment) -> dict[tuple[str, str], AskedQuestion]:
    """(notebook, cell) -> each question that is marked by hand, in order.

    Raises:
        CourseError: a source notebook cannot be read.
    """
    found: dict[tuple[str, str], AskedQuestion] = {}
    for name in assignment.notebooks:
        source = read_source(assignment, name)
        released = blank_notebook(source, assignment.markup).cells
        questions = questions_in(name, source.cells, assignment.extra_credit)
        for at, cell in enumerate(source.cells):
            question = questions.get(cell_name(cell))
            if question is not None and question.kind is Kind.ANSWER:
                found[question.key] = asked(question, source.cells, released, at)
    return found


def asked(
    question: Question, source: Sequence[NotebookNode], released: Sequence[NotebookNode], at: int
) -> AskedQuestion:
    """The question in cell number `at` of a notebook."""
    cell = source[at]
    task = bool(marks_of(cell).get("task"))
    text = question_text(released[at])
    if not text.strip() and at and source[at - 1].cell_type == "markdown":
        text = source[at - 1].source
    above = source[max(at - MAX_ABOVE, 0) : at]
    return AskedQuestion(
        question=question,
        code=cell.cell_type == "code",
        text=text,
        model="" if task else model_of(cell),
        scheme=marking_of(cell),
        released=released[at].source,
        nearby=tuple(one.id for one in above if one.cell_type == "code"),
        task=task,
    )


def question_text(released: NotebookNode) -> str:
    """What a released cell asks, in markdown, without the place for the answer."""
    regions = regions_or_none(released.source)
    lines = released.source.split("\n")
    for region in reversed(regions or ()):
        del lines[region.start : region.end + 1]
    text = "\n".join(line for line in lines if line.strip() not in STUBS).strip()
    return f"```python\n{text}\n```" if text and released.cell_type == "code" else text


def regions_or_none(text: str):
    """The regions of a text; None where it has none, or malformed ones."""
    try:
        return find_regions(text) or None
    except RegionError:
        return None


# --- answers ----------------------------------------------------------------------------------------------------------


def students_text(cells: Sequence[Mapping[str, Any]], question: AskedQuestion) -> str | None:
    """What the student wrote, in a graded notebook's cells; None where the question is not among them."""
    for at, cell in enumerate(cells):
        if graded_name(cell) == question.question.cell:
            if question.task:
                return "\n\n".join(without_requests(source_of(one)) for one in added_below(cells, at)).strip()
            return written(without_requests(source_of(cell)), question.released)
    return None


def written(text: str, released: str) -> str:
    """What of a cell's text the student wrote: what stands in its regions, else what was not there at release."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if regions_or_none(text):
        return "\n\n".join(inner_texts(text)).strip()
    given = {line.strip() for line in released.split("\n")}
    return "\n".join(line for line in text.split("\n") if not line.strip() or line.strip() not in given).strip()


def added_below(cells: Sequence[Mapping[str, Any]], at: int) -> Iterator[Mapping[str, Any]]:
    """The cells that a student put directly below one."""
    for cell in cells[at + 1 :]:
        about = cell["metadata"].get("autograder")
        if not (isinstance(about, dict) and about.get("added")):
            return
        yield cell


def graded_name(cell: Mapping[str, Any]) -> str:
    return str(marks_of(cell).get("grade_id") or cell.get("id", ""))


def graded_cells(path: Path) -> list[dict[str, Any]]:
    """The cells of a notebook in autograded/, as its JSON has them; [] where it is not there or cannot be read."""
    try:
        cells = json.loads(path.read_bytes())["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [cell for cell in cells if isinstance(cell, dict) and isinstance(cell.get("metadata"), dict)]


class Answers:
    """All answers of one assignment, kept in step with autograded/."""

    def __init__(self, store: Store, questions: Mapping[tuple[str, str], AskedQuestion]) -> None:
        self.store = store
        self.questions = questions
        self.stamps: dict[str, tuple] = {}
        self.of: dict[tuple[str, str], dict[str, Answer]] = {key: {} for key in questions}
        """(notebook, cell) -> student -> answer; whoever handed in no such notebook is not among them."""
        self.version = 0
        """Another number whenever an answer is another."""

    def refresh(self) -> None:
        """Read what is new or has changed."""
        notebooks = sorted({name for name, _ in self.questions})
        there = self.store.graded()
        for student in set(self.stamps) - set(there):
            del self.stamps[student]
            for answers in self.of.values():
                answers.pop(student, None)
            self.version += 1
        for student in there:
            folder = self.store.autograded(student)
            stamp = tuple(stamp_of(folder / f"{name}.ipynb") for name in notebooks)
            if self.stamps.get(student) != stamp:
                self.read(student, notebooks)
                self.stamps[student] = stamp
                self.version += 1

    def read(self, student: str, notebooks: Sequence[str]) -> None:
        for name in notebooks:
            cells = graded_cells(self.store.autograded(student) / f"{name}.ipynb")
            for key, question in self.questions.items():
                if key[0] != name:
                    continue
                text = students_text(cells, question)
                if text is None:
                    self.of[key].pop(student, None)
                else:
                    self.of[key][student] = Answer(student, text, digest_of(text))


def stamp_of(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_mtime_ns, found.st_size


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
