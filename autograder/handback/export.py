"""Grades as CSV: nbgrader's own export, and one row for each question."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nbgrader.api import Assignment, Gradebook, SubmittedAssignment
from sqlalchemy import select

from autograder.course import Course
from autograder.errors import CourseError
from autograder.gradebook.books import renew_penalties
from autograder.gradebook.opening import open_gradebook, pairs
from autograder.gradebook.scores import read_scores
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


def export_totals(course: Course, assignments: Sequence[str], to: Path) -> int:
    """Write nbgrader's CSV export (all assignments, or these) to `to`; returns the number of rows.

    The columns and rows are those of its CsvExportPlugin, which asks the database anew for every student.
    """
    for name in assignments or course.assignment_names():
        renew_penalties(course, course.assignment(name))
    with open_gradebook(course) as gradebook:
        rows = [
            row
            for assignment in gradebook.assignments
            if not assignments or assignment.name in assignments
            for row in total_rows(gradebook, assignment)
        ]
    refuse_nothing(rows, to)
    return write_table(to, TOTAL_COLUMNS, rows)


def total_rows(gradebook: Gradebook, assignment: Assignment) -> Iterator[list[str]]:
    """Everybody in the gradebook, by name; who has no submission of the assignment has 0 points."""
    notebooks = [notebook.name for notebook in assignment.notebooks]
    scores = {one.student: one for one in read_scores(gradebook, assignment.name, notebooks, {})}
    times = select(SubmittedAssignment.student_id, SubmittedAssignment.timestamp)
    handed_in = pairs(gradebook, times.where(SubmittedAssignment.assignment_id == assignment.id))
    maximum = float(assignment.max_score)
    for student in gradebook.students:
        one = scores.get(student.id)
        raw, lost = (one.score, one.late_penalty) if one else (0.0, 0.0)
        person = [student.id, student.last_name, student.first_name, student.email]
        when = [assignment.name, assignment.duedate, handed_in.get(student.id)]
        points = map(number, (raw, lost, max(0.0, raw - lost), maximum))
        yield [*("" if value is None else str(value) for value in (*when, *person)), *points]


def export_questions(course: Course, assignments: Sequence[str], to: Path) -> int:
    """Write one row for each question of each submission to `to`; returns the number of rows."""
    with open_gradebook(course) as gradebook:
        rows = [
            row
            for assignment in gradebook.assignments
            if not assignments or assignment.name in assignments
            for row in question_rows(gradebook, course, assignment.name)
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


def question_rows(gradebook: Gradebook, course: Course, name: str) -> Iterator[list[str]]:
    """The questions of every submission, by student, notebook and name; of an assignment without a source too."""
    notebooks = sorted(notebook.name for notebook in gradebook.find_assignment(name).notebooks)
    known = course.assignment(name) if name in course.assignment_names() else None
    questions: Mapping[tuple[str, str], Question] = {q.key: q for q in source_questions(known)} if known else {}
    extra_credit = known.extra_credit if known else {}
    students = {student.id: student for student in gradebook.students}
    for scores in read_scores(gradebook, name, notebooks, extra_credit):
        student = students[scores.student]
        for cell in sorted(scores.cells, key=lambda cell: cell.key):
            yield [
                name,
                scores.student,
                student.last_name or "",
                student.first_name or "",
                cell.notebook,
                cell.cell,
                questions[cell.key].title if cell.key in questions else cell.cell,
                number(cell.score),
                number(cell.maximum),
                number(cell.bonus),
                "waiting" if cell.waiting else "",
            ]
