"""What a submission is laid on: the assignment as released, plus what was held back for grading.

Notebooks have their regions emptied and their hidden tests in; the library has its holes. No solution is in it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from nbformat import NotebookNode
from nbgrader.utils import compute_checksum

from autograder.assignment import Assignment, student_libraries
from autograder.course import Course
from autograder.data.present import data_fingerprint
from autograder.edits import ReleasedCell, released_cell
from autograder.errors import CourseError
from autograder.expect.assertions import Site
from autograder.expect.sites import sites_in
from autograder.grade.prepare.schemes import schemes_in
from autograder.markers import HIDDEN_TESTS, without_held_back
from autograder.notebooks import format_notebook
from autograder.questions import Kind, is_question, kind_of, points_of
from autograder.release.autotests import complete_source
from autograder.release.checks import unknown_places
from autograder.release.given import given_files
from autograder.release.library import library_with_holes
from autograder.release.notebook import blank_notebook
from autograder.release.versions import Version, replaced_versions, version_now


@dataclass(frozen=True)
class PristineCell:
    """One cell of the source notebook.

    Attributes:
        released: the cell as students got it.
        graded: the text that is run: as released, with the hidden tests.
        node: the cell to fill in, with nbgrader's metadata.
    """

    released: ReleasedCell
    graded: str
    node: NotebookNode

    @property
    def id(self) -> str:
        """The cell's id, which is nbgrader's grade_id too."""
        return self.node.id

    @property
    def is_grade(self) -> bool:
        """Are there points for it?"""
        return is_question(self.node)

    @property
    def is_answer(self) -> bool:
        """Is it a student's text, graded by hand?"""
        return kind_of(self.node) is Kind.ANSWER


@dataclass(frozen=True)
class Pristine:
    """An assignment to lay submissions on.

    Attributes:
        notebooks: name -> cells, in order.
        metadata: name -> the notebook's own metadata.
        library: path below the submission -> text, with holes.
        given: path below the submission -> content of the files that students got as they are.
        schemes: name -> cell id -> model answer and marking scheme, for those who mark; in no notebook that runs.
        sites: name -> cell id -> the assertions that are watched.
        fingerprint: changes whenever the assignment or the library does.
        data: changes whenever its data sets do.
        versions: what students may have begun with, where it has other texts.
        newer: where the source has another text than the version in `assignments/`.
    """

    assignment: Assignment
    notebooks: Mapping[str, tuple[PristineCell, ...]]
    metadata: Mapping[str, NotebookNode]
    library: Mapping[str, str]
    given: Mapping[str, bytes]
    schemes: Mapping[str, Mapping[str, str]]
    sites: Mapping[str, Mapping[str, tuple[Site, ...]]]
    fingerprint: str
    data: str
    versions: tuple[Version, ...] = ()
    newer: tuple[str, ...] = ()

    @property
    def files(self) -> dict[str, bytes]:
        """Path -> content of what students get beside the notebooks: the library with empty regions, other files."""
        return {**{path: text.encode() for path, text in self.library.items()}, **self.given}

    @property
    def points(self) -> dict[str, dict[str, float]]:
        """Notebook -> cell id -> the points that it adds to the maximum, of all questions."""
        return {
            name: {cell.id: points_of(cell.node) for cell in cells if cell.is_grade}
            for name, cells in self.notebooks.items()
        }


def load_pristine(course: Course, assignment: Assignment) -> Pristine:
    """Read the source and empty it; raises CourseError where a part of it is malformed."""
    sources = {name: complete_source(course, assignment, name) for name in assignment.notebooks}
    if problems := list(unknown_places(assignment, sources)):
        raise CourseError("\n".join(map(str, problems)))
    blanked = {name: blank_notebook(nb, assignment.markup) for name, nb in sources.items()}
    given = given_files(course, assignment)
    data = data_fingerprint(assignment.data, course.data)
    notebooks = {name: tuple(pristine_cell(cell) for cell in nb.cells) for name, nb in blanked.items()}
    pristine = Pristine(
        assignment=assignment,
        notebooks=notebooks,
        metadata={name: nb.metadata for name, nb in blanked.items()},
        library=dict(library_with_holes(course, assignment)),
        given=given,
        schemes={name: schemes_in(nb) for name, nb in sources.items()},
        sites={name: sites_in(nb, student_libraries(assignment)) for name, nb in sources.items()},
        fingerprint=fingerprint(course, assignment, sources, given, data),
        data=data,
    )
    now = Version({name: tuple(cell.released for cell in cells) for name, cells in notebooks.items()}, pristine.files)
    released = version_now(course, assignment)
    earlier = [*([released] if released else []), *replaced_versions(course, assignment)]
    return replace(
        pristine,
        versions=tuple(version for version in earlier if any(now.places(version))),
        newer=tuple(now.places(released)) if released else (),
    )


def pristine_cell(cell: NotebookNode) -> PristineCell:
    """A cell whose regions are empty, as it was released and as it is graded."""
    if "nbgrader" in cell.metadata:
        cell.metadata.nbgrader.cell_type = cell.cell_type
        cell.metadata.nbgrader.checksum = compute_checksum(cell)
    return PristineCell(released_cell(cell, without_held_back(cell.source, [HIDDEN_TESTS])), cell.source, cell)


def fingerprint(
    course: Course, assignment: Assignment, sources: Mapping[str, NotebookNode], given: Mapping[str, bytes], data: str
) -> str:
    """A hash of everything that the checks' scores depend on, submissions apart."""
    digest = hashlib.sha256()
    for name in sorted(sources):
        digest.update(format_notebook(sources[name]).encode())
    settings = assignment.model_dump_json(exclude={"folder", "title", "due", "late"})
    digest.update(settings.encode())
    for path, content in given.items():
        digest.update(json.dumps([path, hashlib.sha256(content).hexdigest()]).encode())
    digest.update(data.encode())
    for file in course.library_files():
        digest.update(json.dumps([file.relative_to(course.root).as_posix(), file.read_text("utf-8")]).encode())
    return digest.hexdigest()
