"""The gradebook: nbgrader's database, read and written in whole tables."""

import threading
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, TypeVar

from nbgrader.api import Assignment as RecordedAssignment
from nbgrader.api import (
    BaseCell,
    Comment,
    Grade,
    MissingEntry,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import bindparam, insert, select, update

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.gradebook.entries import GradebookEntry, NotebookEntry
from autograder.gradebook.opening import SessionTables, open_gradebook, pairs, when_free
from autograder.gradebook.renewal import renewed
from autograder.gradebook.results import Scores
from autograder.gradebook.scores import standing

GRADED, COMMENTED = ("GradeCell", "TaskCell"), ("SolutionCell", "TaskCell")
"""nbgrader's kinds of cells of which a submission has a grade, and a comment."""
T = TypeVar("T")


@dataclass(frozen=True)
class RecordedLayout:
    """An assignment as the gradebook has it.

    Attributes:
        notebooks: name -> id.
        graded, commented: notebook -> name of a cell -> id.
    """

    id: str
    due: datetime | None
    notebooks: Mapping[str, str]
    graded: Mapping[str, Mapping[str, str]]
    commented: Mapping[str, Mapping[str, str]]


class Books:
    """One connection to the gradebook. Use as a context manager, from one thread at a time."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self.course = course
        self.assignment = assignment
        self.lock = threading.Lock()

    def __enter__(self) -> "Books":
        self.gradebook = open_gradebook(self.course)
        self.tables = SessionTables(self.gradebook)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.gradebook.close()

    @property
    def db(self):
        return self.gradebook.db

    def enter(self, entries: Sequence[GradebookEntry]) -> None:
        """Write the scores of graded submissions down, all of them or none."""
        self.when_free(lambda: self.write(entries))

    def when_free(self, transaction: Callable[[], T]) -> T:
        """Run a transaction; start it again while another program keeps the database busy, or has entered the same."""
        with self.lock:
            return when_free(self.gradebook, transaction)

    def layout(self) -> RecordedLayout:
        """The assignment's notebooks and cells; raises MissingEntry where the gradebook does not know it."""
        name = self.assignment.name
        known = self.db.execute(
            select(RecordedAssignment.id, RecordedAssignment.duedate).where(RecordedAssignment.name == name)
        ).one_or_none()
        if known is None:
            raise MissingEntry(f"No such assignment: {name}")
        notebooks = pairs(self.gradebook, select(Notebook.name, Notebook.id).where(Notebook.assignment_id == known.id))
        graded: dict[str, dict[str, str]] = {name: {} for name in notebooks}
        commented: dict[str, dict[str, str]] = {name: {} for name in notebooks}
        cells = BaseCell.__table__
        for row in self.db.execute(
            select(Notebook.name.label("notebook"), cells.c.name, cells.c.id, cells.c.type)
            .join(Notebook, Notebook.id == cells.c.notebook_id)
            .where(Notebook.assignment_id == known.id)
        ):
            if row.type in GRADED:
                graded[row.notebook][row.name] = row.id
            if row.type in COMMENTED:
                commented[row.notebook][row.name] = row.id
        return RecordedLayout(known.id, known.duedate, notebooks, graded, commented)

    def write(self, entries: Sequence[GradebookEntry]) -> None:
        layout = self.layout()
        ids = self.submissions(layout, entries)
        rows = [{"of": ids[entry.student], "handed_in": entry.timestamp} for entry in entries]
        self.change(SubmittedAssignment, rows, timestamp="handed_in")
        notebooks = self.notebooks(layout, ids.values())
        self.write_grades(layout, entries, ids, notebooks)
        self.write_comments(layout, entries, ids, notebooks)
        self.penalise(ids)

    def submissions(self, layout: RecordedLayout, entries: Sequence[GradebookEntry]) -> dict[str, str]:
        """Student -> id of the submission; what is not there yet is made, students too."""
        wanted = [entry.student for entry in entries]
        known = set(self.db.execute(select(Student.id).where(Student.id.in_(wanted))).scalars())
        self.add(Student, [{"id": student} for student in wanted if student not in known])
        mine = SubmittedAssignment.assignment_id == layout.id, SubmittedAssignment.student_id.in_(wanted)
        found = select(SubmittedAssignment.student_id, SubmittedAssignment.id).where(*mine)
        ids = pairs(self.gradebook, found)
        fresh = {student: new_id() for student in wanted if student not in ids}
        self.add(
            SubmittedAssignment,
            [{"id": id, "assignment_id": layout.id, "student_id": student} for student, id in fresh.items()],
        )
        return ids | fresh

    def notebooks(self, layout: RecordedLayout, submissions: Collection[str]) -> dict[tuple[str, str], str]:
        """(submission, name of a notebook) -> id of what was submitted; what is not there yet is made."""
        names = {id: name for name, id in layout.notebooks.items()}
        found = select(SubmittedNotebook.assignment_id, SubmittedNotebook.notebook_id, SubmittedNotebook.id).where(
            SubmittedNotebook.assignment_id.in_(submissions)
        )
        ids = {(row.assignment_id, names[row.notebook_id]): row.id for row in self.db.execute(found)}
        fresh = {
            (submission, name): new_id()
            for submission in submissions
            for name in layout.notebooks
            if (submission, name) not in ids
        }
        self.add(
            SubmittedNotebook,
            [
                {"id": id, "assignment_id": submission, "notebook_id": layout.notebooks[name]}
                for (submission, name), id in fresh.items()
            ],
        )
        return ids | fresh

    def write_grades(
        self,
        layout: RecordedLayout,
        entries: Sequence[GradebookEntry],
        ids: Mapping[str, str],
        notebooks: Mapping[tuple[str, str], str],
    ) -> None:
        found = select(Grade.notebook_id, Grade.cell_id, Grade.id, Grade.manual_score, Grade.extra_credit).where(
            Grade.notebook_id.in_(notebooks.values())
        )
        known = {(row.notebook_id, row.cell_id): row for row in self.db.execute(found)}
        fresh, changed = [], []
        for entry in entries:
            for name, cells in layout.graded.items():
                notebook = notebooks[ids[entry.student], name]
                for cell, cell_id in cells.items():
                    before = known.get((notebook, cell_id))
                    by_hand, extra = (before.manual_score, before.extra_credit) if before else (None, None)
                    row = grade_row(entry.notebooks.get(name), cell, by_hand, extra)
                    if before is None:
                        fresh.append({"id": new_id(), "notebook_id": notebook, "cell_id": cell_id, **row})
                    else:
                        changed.append({"of": before.id, **{f"new_{column}": value for column, value in row.items()}})
        self.add(Grade, fresh)
        columns = ("auto_score", "extra_credit", "needs_manual_grade")
        self.change(Grade, changed, **{column: f"new_{column}" for column in columns})

    def write_comments(
        self,
        layout: RecordedLayout,
        entries: Sequence[GradebookEntry],
        ids: Mapping[str, str],
        notebooks: Mapping[tuple[str, str], str],
    ) -> None:
        found = select(Comment.notebook_id, Comment.cell_id, Comment.id).where(
            Comment.notebook_id.in_(notebooks.values())
        )
        known = {(row.notebook_id, row.cell_id): row.id for row in self.db.execute(found)}
        fresh, changed = [], []
        for entry in entries:
            for name, cells in layout.commented.items():
                notebook = notebooks[ids[entry.student], name]
                given = entry.notebooks[name].comments if name in entry.notebooks else {}
                for cell, cell_id in cells.items():
                    before = known.get((notebook, cell_id))
                    if before is None:
                        row = {"id": new_id(), "notebook_id": notebook, "cell_id": cell_id}
                        fresh.append({**row, "auto_comment": given.get(cell)})
                    elif cell in given:
                        changed.append({"of": before, "said": given[cell]})
        self.add(Comment, fresh)
        self.change(Comment, changed, auto_comment="said")

    def add(self, kind: Any, rows: Sequence[dict]) -> None:
        """Insert rows of one of nbgrader's tables."""
        if rows:
            self.db.execute(insert(kind.__table__), rows)

    def change(self, kind: Any, rows: Sequence[dict], **columns: str) -> None:
        """Update rows of one of nbgrader's tables: column -> the key of its new value, in the row whose id is `of`."""
        if rows:
            table = kind.__table__
            new: dict[str, Any] = {column: bindparam(key) for column, key in columns.items()}
            self.db.connection().execute(update(table).where(table.c.id == bindparam("of")).values(new), rows)

    def penalise(self, students: Collection[str]) -> None:
        """Work out what lateness costs these students, from the scores as they are now."""
        self.tables.apply(renewed(self.tables, self.assignment, students))

    def renew_penalties(self) -> None:
        """Let late penalties follow the assignment, the roster, and what was given by hand after grading."""
        self.when_free(lambda: self.tables.apply(renewed(self.tables, self.assignment)))

    def given_by_hand(self, keys: Collection[tuple[str, str]]) -> set[tuple[str, str, str]]:
        """(student, notebook, cell) of all scores that a person gave to these questions, (notebook, cell)."""
        cells = BaseCell.__table__
        found = (
            select(SubmittedAssignment.student_id, Notebook.name, cells.c.name)
            .select_from(Grade)
            .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
            .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
            .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
            .join(RecordedAssignment, RecordedAssignment.id == Notebook.assignment_id)
            .join(cells, cells.c.id == Grade.cell_id)
            .where(RecordedAssignment.name == self.assignment.name, Grade.manual_score.is_not(None))
        )
        return {tuple(row) for row in self.db.execute(found) if (row[1], row[2]) in keys}

    def scores(self, students: Collection[str] | None = None, with_results: bool = True) -> list[Scores]:
        """The scores of submissions of the assignment, by student.

        Args:
            students: whose; default: everybody's.
            with_results: also what grading left on the disk, and what the checks said.
        """
        return standing(self.tables, self.course, self.assignment, students, with_results)


def grade_row(entry: NotebookEntry | None, cell: str, by_hand: float | None, extra: float | None) -> dict[str, Any]:
    """A grade's columns. A score by hand stays, and is to be looked at again; a notebook not handed in gets nothing.

    Args:
        by_hand, extra: the score that a person gave, and the extra credit, before.
    """
    if entry is None:
        return {"auto_score": 0, "extra_credit": None, "needs_manual_grade": False}
    score = entry.scores.get(cell)
    return {
        "auto_score": score,
        "extra_credit": entry.extra_credit.get(cell, extra),
        "needs_manual_grade": by_hand is not None or score is None,
    }


def new_id() -> str:
    """A row's id, of the form that nbgrader's have."""
    return uuid.uuid4().hex
