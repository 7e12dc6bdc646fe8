"""Grades as CSV: nbgrader's own export, and one row for each question."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin

from autograder.course import Course, environment_bin_on_path, nbgrader_config
from autograder.errors import CourseError
from autograder.gradebook.books import renew_penalties

QUESTION_COLUMNS = ("assignment", "student_id", "notebook", "question", "score", "max_score", "extra_credit", "by_hand")
RISKY = ("=", "+", "-", "@", "\t", "\r")


def open_gradebook(course: Course) -> Gradebook:
    """The course's gradebook; use it as a context manager."""
    environment_bin_on_path()
    return Gradebook(course.gradebook_url, nbgrader_config(course).CourseDirectory.get("course_id", ""))


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
                    for row in question_rows(gradebook, assignment.name):
                        writer.writerow(row)
                        count += 1
    except OSError as error:
        raise CourseError(f"export: {to} cannot be written: {error.strerror}.") from None
    return count


def question_rows(gradebook: Gradebook, assignment: str) -> Iterator[dict[str, object]]:
    """The questions of every submission, by student, notebook and place in the gradebook."""
    submissions = sorted(gradebook.assignment_submissions(assignment), key=lambda submission: submission.student.id)
    for submission in submissions:
        for notebook in submission.notebooks:
            for grade in sorted(notebook.grades, key=lambda grade: grade.name):
                yield {
                    "assignment": assignment,
                    "student_id": as_text(submission.student.id),
                    "notebook": notebook.name,
                    "question": grade.name,
                    "score": "" if grade.needs_manual_grade and grade.manual_score is None else grade.score,
                    "max_score": grade.max_score,
                    "extra_credit": grade.extra_credit or 0,
                    "by_hand": "waiting" if grade.needs_manual_grade else "",
                }


def as_text(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(RISKY) else value
