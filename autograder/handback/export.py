"""Grades as CSV: nbgrader's own export, and one row for each question."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin

from autograder.course import Course
from autograder.errors import CourseError
from autograder.gradebook.books import open_gradebook, renew_penalties
from autograder.gradebook.scores import read_scores

QUESTION_COLUMNS = ("assignment", "student_id", "notebook", "question", "score", "max_score", "extra_credit", "by_hand")
RISKY = ("=", "+", "-", "@", "\t", "\r")


def export_totals(course: Course, assignments: Sequence[str], to: Path) -> int:
    """Write nbgrader's CSV export (all assignments, or these) to `to`; returns the number of rows."""
    for name in assignments or course.assignment_names():
        renew_penalties(course, course.assignment(name))
    try:
        with open_gradebook(course) as gradebook:
            CsvExportPlugin(to=str(to), assignment=list(assignments)).export(gradebook)
        with open(to, newline="") as file:
            return sum(1 for _ in csv.reader(file)) - 1
    except OSError as error:
        raise CourseError(f"export: {to} cannot be written: {error.strerror}.") from None


def export_questions(course: Course, assignments: Sequence[str], to: Path) -> int:
    """Write one row for each question of each submission to `to`; returns the number of rows."""
    count = 0
    try:
        with open(to, "w", newline="", encoding="utf-8") as file, open_gradebook(course) as gradebook:
            writer = csv.DictWriter(file, QUESTION_COLUMNS)
            writer.writeheader()
            for assignment in gradebook.assignments:
                if not assignments or assignment.name in assignments:
                    for row in question_rows(gradebook, course, assignment.name):
                        writer.writerow(row)
                        count += 1
    except OSError as error:
        raise CourseError(f"export: {to} cannot be written: {error.strerror}.") from None
    return count


def question_rows(gradebook: Gradebook, course: Course, name: str) -> Iterator[dict[str, object]]:
    """The questions of every submission, by student, notebook and name; of an assignment without a source too."""
    notebooks = sorted(notebook.name for notebook in gradebook.find_assignment(name).notebooks)
    extra_credit = course.assignment(name).extra_credit if name in course.assignment_names() else {}
    for scores in read_scores(gradebook, name, notebooks, extra_credit, lambda student: None):
        for cell in sorted(scores.cells, key=lambda cell: cell.key):
            yield {
                "assignment": name,
                "student_id": as_text(scores.student),
                "notebook": cell.notebook,
                "question": cell.cell,
                "score": "" if cell.score is None else cell.score,
                "max_score": cell.maximum,
                "extra_credit": cell.bonus,
                "by_hand": "waiting" if cell.waiting else "",
            }


def as_text(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(RISKY) else value
