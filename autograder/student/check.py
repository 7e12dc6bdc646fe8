"""A student's folder -> what each of its questions earns so far, from a fresh kernel, before anything is handed in.

What runs is what grading would run: the student's regions in the assignment as it was handed out, without the searches.
"""

import ast
import logging
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder import CHECKING
from autograder.assignment import Assignment
from autograder.expect.follow import CellAbove, why_not_defined
from autograder.expect.kinds import LATER
from autograder.expect.skips import left_out
from autograder.gradebook.results import UNMET
from autograder.questions import Question, cell_name, is_check, is_question
from autograder.student.laid import LaidFolder
from autograder.words import NOT_WRITTEN_YET

FOLLOWS = ("NameError", "NotImplementedError", "KeyboardInterrupt")
"""Errors of other cells that say nothing new: a check tells of the same cause."""

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
ARROW = re.compile(r"^-+> *\d+ +(.+)$", re.MULTILINE)
PART = re.compile(r"\b(\d+(?:\.\d+)?) of \d+(?:\.\d+)? points\b")
HIDDEN = "It has hidden tests only, which run when it is graded."

Started = Callable[[str, int, int], None]


@dataclass(frozen=True)
class CheckedQuestion:
    """One question: how it stands, and why.

    Attributes:
        state: "ok", "part", "failed", "to write", "not run"; "later" where only grading can tell; for answers
            "to write" and "by hand".
        earned: points; None where only grading can tell.
        text: what there is to say, one or more lines; empty where there is nothing.
    """

    question: Question
    state: str
    earned: float | None
    text: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Notebook and cell."""
        return self.question.key


@dataclass(frozen=True)
class StoppedCell:
    """A cell without points that stopped for a reason of its own."""

    notebook: str
    cell: str
    text: str


@dataclass(frozen=True)
class CheckedFolder:
    """What there is to say about a folder; `searches` are the cells that were not run."""

    laid: LaidFolder
    items: tuple[CheckedQuestion | StoppedCell, ...]
    searches: tuple[str, ...]

    @property
    def questions(self) -> tuple[CheckedQuestion, ...]:
        return tuple(item for item in self.items if isinstance(item, CheckedQuestion))

    @property
    def is_complete(self) -> bool:
        """Does every question stand as well as can be known, and nothing get lost?"""
        return all(
            item.state in ("ok", "later", "by hand") for item in self.items if isinstance(item, CheckedQuestion)
        ) and not any(finding.costly for finding in self.laid.findings)


def check_folder(
    folder: Path, laid: LaidFolder, search: bool = False, started: Started = lambda *_: None
) -> CheckedFolder:
    """Run every notebook from the top in a fresh kernel, errors allowed, and say how each question stands.

    A cell that is not a check is reported if it stopped for a reason of its own: what later checks say, such as that a
    name is not defined, follows from that.

    Args:
        laid: the folder as grading takes it.
        search: run the searches too, however long they take. Grading does not run them.
        started: called before each cell, with the notebook, the cell's number and the number of cells.

    Nothing in the folder is written, except by the notebooks themselves.
    """
    items: list[CheckedQuestion | StoppedCell] = []
    searches: list[str] = []
    with tempfile.TemporaryDirectory(prefix="autograder-") as library:
        for path, content in laid.changed.items():
            target = Path(library, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        for name in laid.assignment.notebooks:
            questions = {question.cell: question for question in laid.questions if question.notebook == name}
            notebook = laid.notebooks.get(name)
            if notebook is None:
                items += [CheckedQuestion(question, "not run", 0.0) for question in questions.values()]
                continue
            skipped = set() if search else not_run(notebook, name, laid.assignment)
            searches += [cell.id for cell in notebook.cells if cell.id in skipped]
            ran = without_sources(notebook, skipped)
            stopped = run(ran, name, folder, laid.assignment, library if laid.changed else "", started)
            items += checked_cells(name, notebook, ran, questions, laid, stopped)
    return CheckedFolder(laid, tuple(items), tuple(searches))


def not_run(notebook: NotebookNode, name: str, assignment: Assignment) -> set[str]:
    """The cells that grading would not run."""
    searches = assignment.searches_in(name)
    code = [(cell.id, cell.source) for cell in notebook.cells if cell.cell_type == "code" and cell.id not in searches]
    return {*searches, *left_out(code, assignment.skips_in(name))}


def without_sources(notebook: NotebookNode, cells: set[str]) -> NotebookNode:
    """A copy to run, without outputs, in which these cells are empty."""
    copies = []
    for cell in notebook.cells:
        copy = NotebookNode(cell, source="" if cell.id in cells else cell.source)
        if cell.cell_type == "code":
            copy.update(outputs=[], execution_count=None)
        copies.append(copy)
    return NotebookNode(notebook, cells=copies)


def run(
    notebook: NotebookNode, name: str, folder: Path, assignment: Assignment, library: str, started: Started
) -> str | None:
    """Execute the notebook in place; the reason if it had to stop early.

    Searches have no time limit: grading does not run them.

    Args:
        library: a folder whose modules come before those of the student's folder; "" if there is none.
    """
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    seconds = assignment.limits.cell_seconds
    running = ""
    before = [new_code_cell(f"import sys\nsys.path.insert(0, {library!r})")] if library else []
    ran = NotebookNode(notebook, cells=[*before, *notebook.cells])

    def starts(cell: NotebookNode, cell_index: int) -> None:
        nonlocal running
        running = cell.id
        started(name, cell_index, len(ran.cells))

    client = NotebookClient(
        ran,
        timeout_func=lambda cell: None if (name, cell.id) in assignment.search else seconds,
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],
        on_cell_start=starts,
    )
    try:
        client.execute(env={**os.environ, CHECKING: "1"})
    except CellTimeoutError:
        return f'the cell "{running}" ran longer than {seconds:g} s'
    except DeadKernelError:
        return f'the kernel died in the cell "{running}"'
    return None


def checked_cells(
    name: str,
    notebook: NotebookNode,
    ran: NotebookNode,
    questions: Mapping[str, Question],
    laid: LaidFolder,
    stopped: str | None,
) -> list[CheckedQuestion | StoppedCell]:
    """The questions and stopped cells of one notebook, in order."""
    items: list[CheckedQuestion | StoppedCell] = []
    for index, cell in enumerate(ran.cells):
        question = questions.get(cell_name(cell))
        if question is not None and is_question(cell):
            if is_check(cell):
                one = checked(question, cell, stopped)
                why = why_not_defined(one.text, cells_above(ran.cells[:index]))
                items.append(replace(one, text=f"{one.text}\n{why}") if why else one)
            else:
                answered = question.key in laid.written
                items.append(
                    CheckedQuestion(question, "by hand" if answered else "to write", None if answered else 0.0)
                )
        elif (error := error_of(cell)) and error.ename not in FOLLOWS:
            items.append(StoppedCell(name, cell.id, f"{error.ename}: {error.evalue}"))
    return items


def cells_above(cells: Sequence[NotebookNode]) -> list[CellAbove]:
    """The code cells among these, with the errors that are in their outputs."""
    errors = [(cell, error_of(cell)) for cell in cells if cell.cell_type == "code"]
    return [
        CellAbove(cell.id, cell.source, f"{error.ename}: {error.evalue}"[:500] if error else "")
        for cell, error in errors
    ]


def checked(question: Question, cell: NotebookNode, stopped: str | None) -> CheckedQuestion:
    """How one check went, by what it left in the notebook."""
    error = error_of(cell)
    if states_nothing(cell.source):
        return CheckedQuestion(question, "later", None, HIDDEN)
    if cell.execution_count is None or (stopped and error and error.ename == "KeyboardInterrupt"):
        return CheckedQuestion(question, "not run", 0.0, stopped or "")
    text = "".join(output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stdout")
    if error:
        return failed(question, error)
    result = next((o.data.get("text/plain") for o in cell.outputs if o.output_type == "execute_result"), None)
    earned = part_of(result, text, question.points)
    if earned is not None:
        return CheckedQuestion(question, "part", earned, text.strip())
    later = [line for line in text.split("\n") if LATER in line]
    if later:
        return CheckedQuestion(question, "later", None)
    return CheckedQuestion(question, "ok", question.points)


def failed(question: Question, error: NotebookNode) -> CheckedQuestion:
    """A check that stopped: the diagnosis, what is not written yet, or the error."""
    if error.ename == "NotImplementedError":
        return CheckedQuestion(question, "to write", 0.0, f"{error.evalue or 'Its code'} is {NOT_WRITTEN_YET}.")
    text = error.evalue if error.ename == UNMET else f"{error.ename}: {error.evalue}"
    if error.ename == "AssertionError" and not error.evalue and (line := line_that_stopped(error)):
        text = f"This does not hold: {line}"
    return CheckedQuestion(question, "failed", 0.0, text.strip())


def line_that_stopped(error: NotebookNode) -> str:
    """The line of the cell that its error came from, as IPython shows it; "" where it shows none."""
    text = COLOUR.sub("", "\n".join(error.get("traceback", ())))
    found = ARROW.search(text)
    return found[1].strip() if found else ""


def error_of(cell: NotebookNode) -> NotebookNode | None:
    """The error that the cell stopped with."""
    return next((output for output in cell.get("outputs", ()) if output.output_type == "error"), None)


def part_of(result: str | float | None, text: str, points: float) -> float | None:
    """The points that a cell says it earned, as the value of its last line or in words; None where that is all."""
    said = PART.findall(text)
    for found in (result, said[-1] if said else None):
        try:
            if found is not None and float(found) < points:
                return float(found)
        except ValueError:
            continue
    return None


def states_nothing(source: str) -> bool:
    """Is there nothing but comments in the cell? So hidden tests leave it."""
    try:
        return not ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
