"""Feedback: a page for each notebook, and all of it as a PDF, from one reading of the submission."""

import shutil

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.files import TIMESTAMP, write_atomically
from autograder.gradebook.results import Scores
from autograder.report.document import assemble
from autograder.report.make import write_report
from autograder.report.model import Options
from autograder.report.page import page
from autograder.report.read import read_graded

FEEDBACK = "feedback.pdf"


def one_feedback(
    course: Course, assignment: Assignment, student: str, scores: Scores | None, options: Options
) -> tuple[str, ...]:
    """Write feedback/<student>/<assignment>/: a page for each notebook, the PDF and its page map.

    Where no notebook of the submission could be read there are no pages, and none of an earlier submission.

    Returns:
        what could not be shown.
    """
    submission = read_graded(course, assignment, student, scores)
    document = assemble(submission, options)
    pages = {f"{notebook.name}.html": page(document, notebook.name) for notebook in submission.notebooks}
    folder = course.feedback / student / assignment.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = write_report(document, submission.when, folder / FEEDBACK)
    for name, content in pages.items():
        write_atomically(folder / name, content)
    stamp = course.autograded / student / assignment.name / TIMESTAMP
    if stamp.is_file():
        shutil.copyfile(stamp, folder / TIMESTAMP)
    return tuple(str(problem) for problem in made.problems)
