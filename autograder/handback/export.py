"""Grades as CSV: nbgrader's own export, and one row for each question."""

import csv
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin

from autograder.course import Course
from autograder.gradebook.books import renew_penalties
from autograder.gradebook.opening import open_gradebook
from autograder.gradebook.scores import read_scores
from autograder.handback.tables import number, write_table
from autograder.questions import Question
from autograder.source import source_questions

QUESTION_COLUMNS = (
    "assignment", "student_id", "last_name", "first_name", "notebook", "question", "title", "score", "max_score",
    "extra_credit", "by_hand",
)  # fmt: skip


def export_totals(course: Course, assignments: Sequence[str], to: Path) -> int:
    """Write nbgrader's CSV export (all assignments, or these) to `to`; returns the number of rows."""
    for name in assignments or course.assignment_names():
        renew_penalties(course, course.assignment(name))
    with tempfile.TemporaryDirectory() as folder, open_gradebook(course) as gradebook:
        raw = Path(folder) / "grades.csv"
        CsvExportPlugin(to=str(raw), assignment=list(assignments)).export(gradebook)
        with open(raw, newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
    points = [i for i, name in enumerate(header) if "score" in name or "penalty" in name]
    return write_table(to, header, (with_decimals(row, points) for row in rows))


def with_decimals(row: list[str], points: Sequence[int]) -> list[str]:
    return [number(float(cell)) if i in points and cell else cell for i, cell in enumerate(row)]


def export_questions(course: Course, assignments: Sequence[str], to: Path) -> int:
    """Write one row for each question of each submission to `to`; returns the number of rows."""
    with open_gradebook(course) as gradebook:
        rows = [
            row
            for assignment in gradebook.assignments
            if not assignments or assignment.name in assignments
            for row in question_rows(gradebook, course, assignment.name)
        ]
    return write_table(to, QUESTION_COLUMNS, rows)


def question_rows(gradebook: Gradebook, course: Course, name: str) -> Iterator[list[str]]:
    """The questions of every submission, by student, notebook and name; of an assignment without a source too."""
    notebooks = sorted(notebook.name for notebook in gradebook.find_assignment(name).notebooks)
    known = course.assignment(name) if name in course.assignment_names() else None
    questions: Mapping[tuple[str, str], Question] = {q.key: q for q in source_questions(known)} if known else {}
    extra_credit = known.extra_credit if known else {}
    for scores in read_scores(gradebook, name, notebooks, extra_credit, lambda student: None):
        student = gradebook.find_student(scores.student)
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
