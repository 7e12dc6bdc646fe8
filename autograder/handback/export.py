"""Grades as CSV: nbgrader's own export, and one row for each question."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from autograder.course import Course
from autograder.errors import CourseError
from autograder.gradebook.scores import maxima, read_scores, renew_penalties
from autograder.gradebook.tables import Tables, moment, opened_tables
from autograder.handback.tables import number, write_table
from autograder.questions import Question
from autograder.source import source_questions

TOTAL_COLUMNS = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
    "late_submission_penalty", "score", "max_score",
)  # fmt: skip
QUESTION_COLUMNS = (
    "assignment", "student_id", "last_name", "first_name", "notebook", "question", "title", "score", "max_score",
    "extra_credit", "by_hand",
)  # fmt: skip

BY_NAME = "ORDER BY last_name, first_name"


def export_totals(course: Course, assignments: Sequence[str], to: Path) -> int:
    """Write nbgrader's CSV export (all assignments, or these) to `to`; returns the number of rows.

    The columns and rows are those of its CsvExportPlugin, which asks the database anew for every student.
    """
    for name in assignments or course.assignment_names():
        renew_penalties(course, course.assignment(name))
    with opened_tables(course) as tables:
        rows = [
            row
            for id, name, due in tables.rows("SELECT id, name, duedate FROM assignment ORDER BY duedate, name")
            if not assignments or name in assignments
            for row in total_rows(tables, id, name, due)
        ]
    refuse_nothing(rows, to)
    return write_table(to, TOTAL_COLUMNS, rows)


def total_rows(tables: Tables, id: str, assignment: str, due: str | datetime | None) -> Iterator[list[str]]:
    """Everybody in the gradebook, by name; who has no submission of the assignment has 0 points."""
    scores = {one.student: one for one in read_scores(tables, assignment, notebooks_of(tables, assignment), {})}
    times = "SELECT student_id, timestamp FROM submitted_assignment WHERE assignment_id = :id"
    handed_in = dict(tables.rows(times, {"id": id}))
    maximum = sum(maxima(tables, assignment).values())
    for student, *names in tables.rows(f"SELECT id, last_name, first_name, email FROM student {BY_NAME}"):
        one = scores.get(student)
        raw, lost = (one.score, one.late_penalty) if one else (0.0, 0.0)
        when = [assignment, moment(due), moment(handed_in.get(student))]
        points = map(number, (raw, lost, max(0.0, raw - lost), maximum))
        yield [*("" if value is None else str(value) for value in (*when, student, *names)), *points]


def notebooks_of(tables: Tables, assignment: str) -> list[str]:
    """The names of an assignment's notebooks, sorted."""
    found = """SELECT notebook.name FROM notebook JOIN assignment ON assignment.id = notebook.assignment_id
               WHERE assignment.name = :assignment"""
    return sorted(name for (name,) in tables.rows(found, {"assignment": assignment}))


def export_questions(course: Course, assignments: Sequence[str], to: Path) -> int:
    """Write one row for each question of each submission to `to`; returns the number of rows."""
    with opened_tables(course) as tables:
        rows = [
            row
            for (name,) in tables.rows("SELECT name FROM assignment ORDER BY duedate, name")
            if not assignments or name in assignments
            for row in question_rows(tables, course, name)
        ]
    refuse_nothing(rows, to)
    return write_table(to, QUESTION_COLUMNS, rows)


def refuse_nothing(rows: Sequence[Sequence[str]], to: Path) -> None:
    """Raises CourseError for a table without rows: the file may be the last copy of the grades."""
    if not rows:
        raise CourseError(
            f"the gradebook has no grades, so {to} was not written. Grade first:  autograder grade NAME.  If it had "
            "grades before, put your last good copy of gradebook.db back."
        )


def question_rows(tables: Tables, course: Course, name: str) -> Iterator[list[str]]:
    """The questions of every submission, by student, notebook and name; of an assignment without a source too."""
    known = course.assignment(name) if name in course.assignment_names() else None
    questions: Mapping[tuple[str, str], Question] = {q.key: q for q in source_questions(known)} if known else {}
    extra_credit = known.extra_credit if known else {}
    students = {id: names for id, *names in tables.rows("SELECT id, last_name, first_name FROM student")}
    for scores in read_scores(tables, name, notebooks_of(tables, name), extra_credit):
        last, first = students[scores.student]
        for cell in sorted(scores.cells, key=lambda cell: cell.key):
            yield [
                name,
                scores.student,
                last or "",
                first or "",
                cell.notebook,
                cell.cell,
                questions[cell.key].title if cell.key in questions else cell.cell,
                number(cell.score),
                number(cell.maximum),
                number(cell.bonus),
                "waiting" if cell.waiting else "",
            ]
