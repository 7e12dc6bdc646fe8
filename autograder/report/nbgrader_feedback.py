"""What nbgrader's own commands and formgrader's button need to make the same feedback as `autograder feedback`."""

import shutil
from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter

from autograder.course import find_course
from autograder.files import TIMESTAMP
from autograder.gradebook.scores import scores_by_student
from autograder.report.document import assemble
from autograder.report.feedback import FEEDBACK
from autograder.report.model import Options
from autograder.report.page import page
from autograder.report.read import read_graded


class FeedbackExporter(HTMLExporter):
    """Makes the page of a graded notebook from its file's place in the course; nothing of nbconvert's is used."""

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> tuple[Any, dict[str, Any]]:
        path = Path(filename).resolve()
        name, student = path.parent.name, path.parent.parent.name
        course = find_course(path.parent)
        assignment = course.assignment(name)
        scores = scores_by_student(course, assignment).get(student)
        document = assemble(read_graded(course, assignment, student, scores), Options("feedback"))
        return page(document, path.stem), {**(resources or {}), "output_extension": self.file_extension}


def keep_pages_only(assignment: str, student: str, notebooks: list[str]) -> None:
    """After nbgrader's conversion: remove its copies of the submission's files, which might run or tell too much."""
    for name in notebooks:
        path = Path(name).resolve()
        course = find_course(path.parent)
        folder = course.feedback / path.parent.parent.name / path.parent.name
        pages = {f"{Path(one).stem}.html" for one in notebooks} | {FEEDBACK, "feedback.pages.json", TIMESTAMP}
        if not folder.is_dir() or not folder.resolve().is_relative_to(course.feedback.resolve()):
            continue
        for entry in folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name not in pages:
                entry.unlink()
