"""The gradebook: nbgrader's database, one transaction for each submission."""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TypeVar

from nbformat import NotebookNode
from nbgrader.api import (
    Comment,
    Grade,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.utils import compute_checksum, determine_grade, is_grade, is_solution, is_task
from sqlalchemy.exc import IntegrityError, OperationalError

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.errors import CourseError
from autograder.gradebook.late import explanation, penalty
from autograder.gradebook.opening import BUSY_SECONDS, open_gradebook
from autograder.gradebook.results import CellResult, Scores, SubmissionResult
from autograder.gradebook.roster import extensions, known_ids
from autograder.gradebook.scores import read_scores
from autograder.gradebook.store import Store

TRIES = 5
T = TypeVar("T")


class Books:
    """One connection to the gradebook. Use as a context manager, from one thread at a time."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self.course = course
        self.assignment = assignment
        self.lock = threading.Lock()

    def __enter__(self) -> "Books":
        self.gradebook = open_gradebook(self.course)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.gradebook.close()

    @property
    def db(self):
        return self.gradebook.db

    def check_released(self, points: Mapping[str, Mapping[str, float]]) -> None:
        """Raises CourseError where the gradebook does not know the assignment as the source has it.

        Args:
            points: notebook -> cell id -> the points that it adds to the maximum, of all questions.
        """
        name = self.assignment.name
        again = f"Release it (again) first:  autograder release {name}"
        try:
            self.gradebook.find_assignment(name)
        except MissingEntry:
            raise CourseError(f"the gradebook does not know {name}. {again}") from None
        for notebook, wanted in points.items():
            try:
                recorded = self.gradebook.find_notebook(notebook, name)
                graded = {c.name: c.max_score for c in (*recorded.grade_cells, *recorded.task_cells)}
            except MissingEntry:
                raise CourseError(f"the gradebook does not know {name}/{notebook}. {again}") from None
            if graded != wanted:
                changed = sorted(graded.items() ^ wanted.items())[0][0]
                raise CourseError(f"{name}/{notebook}: the cell {changed} has changed since the release. {again}")
        self.when_free(self.settle_due)

    def settle_due(self) -> None:
        """Let the gradebook's due time be the assignment's, or none where that has none."""
        recorded = self.gradebook.find_assignment(self.assignment.name)
        due = self.assignment.due and self.assignment.due.astimezone(UTC).replace(tzinfo=None)
        if recorded.duedate != due:
            recorded.duedate = due

    def has(self, student: str) -> bool:
        """Is there a submission of this student in the gradebook?"""
        try:
            self.gradebook.find_submission(self.assignment.name, student)
        except MissingEntry:
            return False
        return True

    def enter(
        self, result: SubmissionResult, notebooks: Mapping[str, NotebookNode], timestamp: datetime | None
    ) -> None:
        """Write one graded submission's scores down, all of them or none.

        Args:
            result: what grading found.
            notebooks: the graded ones, as they are stored; a notebook that is not among them was not handed in.
            timestamp: when it was handed in, as naive UTC.
        """
        self.when_free(lambda: self.write(result, notebooks, timestamp))

    def when_free(self, transaction: Callable[[], T]) -> T:
        """Run a transaction; start it again while another program keeps the database busy, or has entered the same."""
        end = time.monotonic() + BUSY_SECONDS
        tries_left = TRIES
        while True:
            try:
                with self.lock:
                    result = transaction()
                    self.db.commit()
                    return result
            except OperationalError as error:
                self.db.rollback()
                if "locked" not in str(error) or time.monotonic() > end:
                    raise
                time.sleep(0.05 + random.random() / 5)
            except IntegrityError:  # between looking for a student and entering it, another program entered it
                self.db.rollback()
                tries_left -= 1
                if not tries_left:
                    raise
            except BaseException:
                self.db.rollback()
                raise

    def write(
        self, result: SubmissionResult, notebooks: Mapping[str, NotebookNode], timestamp: datetime | None
    ) -> None:
        submission = self.submission_of(result.student)
        submission.timestamp = timestamp
        self.extend(submission, extensions(self.gradebook, self.assignment.name))
        for submitted in submission.notebooks:
            notebook = notebooks.get(submitted.name)
            if notebook is None:
                for grade in submitted.grades:
                    grade.auto_score, grade.extra_credit, grade.needs_manual_grade = 0, None, False
            else:
                self.write_notebook(submitted, notebook, result.of(submitted.name))
        if submission.total_seconds_late:
            self.db.flush()
            self.db.expire_all()
        self.penalise(submission)

    def extend(self, submission: SubmittedAssignment, hours: Mapping[str, float]) -> None:
        """Give a submission the extension that the roster has for its student; else nbgrader's own stays."""
        if submission.student.id in hours:
            submission.extension = timedelta(hours=hours[submission.student.id])

    def penalise(self, submission: SubmittedAssignment) -> None:
        """Work out what lateness costs, from the scores as they are now."""
        seconds_late = submission.total_seconds_late
        for submitted in submission.notebooks:
            lost = penalty(self.assignment.late, submitted.score, seconds_late) if seconds_late else 0
            if lost != (submitted.late_submission_penalty or 0):
                submitted.late_submission_penalty = lost or None

    def renew_penalties(self) -> None:
        """Let late penalties follow the assignment, the roster, and what was given by hand after grading."""

        def renew() -> None:
            self.db.expire_all()
            self.settle_due()
            extended = extensions(self.gradebook, self.assignment.name)
            for submission in self.gradebook.assignment_submissions(self.assignment.name):
                self.extend(submission, extended)
                self.penalise(submission)

        self.when_free(renew)

    def submission_of(self, student: str) -> SubmittedAssignment:
        """The student's submission, made with all its grades and comments where there was none."""
        try:
            return self.gradebook.find_submission(self.assignment.name, student)
        except MissingEntry:
            pass
        with self.db.no_autoflush:
            submission = SubmittedAssignment(
                assignment=self.gradebook.find_assignment(self.assignment.name),
                student=self.db.get(Student, student) or Student(id=student),
            )
            for notebook in submission.assignment.notebooks:
                submitted = SubmittedNotebook(notebook=notebook, assignment=submission)
                for cell in (*notebook.grade_cells, *notebook.task_cells):
                    Grade(cell=cell, notebook=submitted)
                for cell in (*notebook.solution_cells, *notebook.task_cells):
                    Comment(cell=cell, notebook=submitted)
            self.db.add(submission)
        return submission

    def write_notebook(
        self, submitted: SubmittedNotebook, notebook: NotebookNode, earned: Mapping[str, CellResult]
    ) -> None:
        """As nbgrader's SaveAutoGrades does it: from the cells' outputs and checksums."""
        by_name = {grade.name: grade for grade in submitted.grades}
        comments = {comment.name: comment for comment in submitted.comments}
        for cell in notebook.cells:
            if is_grade(cell):
                name = cell.metadata.nbgrader.grade_id
                write_grade(by_name[name], determine_grade(cell)[0], earned.get(name))
            if is_solution(cell) or is_task(cell):
                comment = comments[cell.metadata.nbgrader.grade_id]
                untouched = cell.metadata.nbgrader.get("checksum") == compute_checksum(cell) and not is_task(cell)
                comment.auto_comment = "No response." if untouched else None

    def scores(self) -> list[Scores]:
        """The scores of all submissions of the assignment, by student."""
        name, store = self.assignment.name, Store(self.course, self.assignment.name)
        found = read_scores(self.gradebook, name, self.assignment.notebooks, self.assignment.extra_credit, store.result)
        ids = known_ids(self.gradebook)
        return [
            replace(
                scores,
                late=explanation(self.assignment.late, scores.seconds_late),
                ids=ids.get(scores.student, frozenset()),
            )
            for scores in found
        ]


def scores_by_student(course: Course, assignment: Assignment) -> dict[str, Scores]:
    """Student -> scores, less late penalties as they are now; {} where the gradebook does not know the assignment."""
    with Books(course, assignment) as books:
        with contextlib.suppress(MissingEntry):
            books.renew_penalties()
        return {scores.student: scores for scores in books.scores()}


def renew_penalties(course: Course, assignment: Assignment) -> None:
    """As `Books.renew_penalties`; nothing where the gradebook does not know the assignment."""
    with Books(course, assignment) as books, contextlib.suppress(MissingEntry):
        books.renew_penalties()


def write_grade(grade: Grade, auto_score: float | None, earned: CellResult | None) -> None:
    """A score by hand stays, and is to be looked at again."""
    grade.auto_score = auto_score
    grade.needs_manual_grade = grade.manual_score is not None or auto_score is None
    if earned is not None and earned.extra_credit:
        grade.extra_credit = earned.score
