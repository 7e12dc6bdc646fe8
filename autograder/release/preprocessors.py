"""Our steps in nbgrader's GenerateAssignment; nbgrader_config.py lists them.

They find the course from the folder of the notebook, so that they do the same whoever calls them: `autograder release`,
`nbgrader generate_assignment` or formgrader.
"""

from datetime import UTC
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor

from autograder.assignment import FILE, Assignment, released_toml
from autograder.course import Course, find_course
from autograder.errors import CourseError
from autograder.markers import HIDDEN_TESTS
from autograder.release.autotests import complete_source
from autograder.release.checks import check_assignment
from autograder.release.library import library_with_holes
from autograder.release.notebook import blank_notebook

Resources = dict[str, Any]


def _course(resources: Resources) -> tuple[Course, Assignment]:
    course = find_course(Path(resources["metadata"]["path"]))
    return course, course.assignment(resources["nbgrader"]["assignment"])


class CheckRegions(NbGraderPreprocessor):
    """Stop where the source is malformed, and complete the cells' metadata from their text.

    An assignment is checked as a whole, with the first of its notebooks: nbgrader makes one of these for all of them.
    """

    checked = ""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        course, assignment = _course(resources)
        problems = check_assignment(course, assignment.name) if assignment.name != self.checked else []
        if problems:
            raise CourseError("\n".join(map(course.shorten, problems)))
        self.checked = assignment.name
        return complete_source(course, assignment, resources["nbgrader"]["notebook"]), resources


class BlankRegions(NbGraderPreprocessor):
    """Empty the regions."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        return blank_notebook(nb, _course(resources)[1].markup), resources


class ClearUsualHiddenTests(ClearHiddenTests):
    """nbgrader's step, for its usual markers: where the course has its own, they have been replaced already."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        self.begin_test_delimeter, self.end_test_delimeter = f"BEGIN {HIDDEN_TESTS}", f"END {HIDDEN_TESTS}"
        self.enforce_metadata = True
        return super().preprocess(nb, resources)


class SaveDueDate(NbGraderPreprocessor):
    """Tell the gradebook when the assignment is due, or that it no longer has a due time."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        _, assignment = _course(resources)
        if not self.config.GenerateAssignment.get("no_database"):
            due = None if assignment.due is None else assignment.due.astimezone(UTC).replace(tzinfo=None)
            with Gradebook(resources["nbgrader"]["db_url"]) as gradebook:
                gradebook.update_or_create_assignment(assignment.name, duedate=due)
        return nb, resources


class IncludeLibrary(NbGraderPreprocessor):
    """Put the library with its holes beside the notebook."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        files = library_with_holes(*_course(resources))
        resources.setdefault("outputs", {}).update({path: text.encode() for path, text in files.items()})
        return nb, resources


def settle_files(folder: Path, assignment: Assignment) -> None:
    """Put right what nbgrader copied into a released folder.

    The files that students are to make (the instructor's weights, say) are taken out, and assignment.toml is complete
    without the course's course.toml.
    """
    for name in (FILE, *assignment.hand_in):
        (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)  # nbgrader makes it when there is a file to copy
    (folder / FILE).write_text(released_toml(assignment), encoding="utf-8", newline="\n")


def after_generate(assignment: str, student: str, notebooks: list[str]) -> None:
    """nbgrader's post_convert_hook: put right what its GenerateAssignment copied."""
    course = find_course(Path(notebooks[0]).parent)
    settle_files(course.release_dir / assignment, course.assignment(assignment))
