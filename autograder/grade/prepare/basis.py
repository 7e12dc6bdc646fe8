"""What submissions are graded against, as far as it takes to tell whose are graded already.

To read an assignment's sources, with the libraries for it, takes longer than all else in a run that has nothing to do.
So what came of them is kept for as long as all that it was made of is the same: the course's files byte for byte.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import autograder
from autograder.assignment import Assignment
from autograder.course import Course
from autograder.data.present import data_fingerprint
from autograder.files import write_atomically

if TYPE_CHECKING:
    from autograder.grade.prepare.pristine import Pristine

FILE = "basis.json"
READERS = ("nbformat", "jupytext", "nbgrader")
"""The packages, besides this one, by which sources are read and written."""


@dataclass(frozen=True)
class Basis:
    """A part of a `Pristine`; its attributes are the same."""

    fingerprint: str
    points: Mapping[str, Mapping[str, float]]


class Sources:
    """An assignment's sources: read once something of them is asked for that is not known already."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self.course = course
        self.assignment = assignment

    @cached_property
    def pristine(self) -> "Pristine":
        """All of it; raises CourseError where a part is malformed."""
        from autograder.grade.prepare.pristine import load_pristine  # takes a while, and is not always needed

        return load_pristine(self.course, self.assignment)

    @cached_property
    def basis(self) -> Basis:
        """What was kept, or else of `pristine`; raises as that does."""
        path = self.course.work / self.assignment.name / FILE
        inputs = digest_of(self.course, self.assignment)
        if known := read_basis(path, inputs):
            return known
        basis = Basis(self.pristine.fingerprint, self.pristine.points)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps({"inputs": inputs, **asdict(basis)}))
        return basis


def read_basis(path: Path, inputs: str) -> Basis | None:
    """What was kept of these inputs; None where there is nothing, or of other ones."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        kept = json.loads(path.read_bytes())
        if kept["inputs"] == inputs:
            points = {
                str(name): {str(cell): float(most) for cell, most in cells.items()}
                for name, cells in kept["points"].items()
            }
            return Basis(str(kept["fingerprint"]), points)
    return None


def digest_of(course: Course, assignment: Assignment) -> str:
    """A hash of all that `load_pristine` makes a fingerprint and points of: settings, files, and the programs."""
    digest = hashlib.sha256()
    settings = [
        assignment.model_dump_json(exclude={"folder"}),
        repr(course.options).replace(str(course.root), ""),
        data_fingerprint(assignment.data, course.data),
    ]
    for text in (*settings, *programs()):
        digest.update(json.dumps(text).encode())
    found = [path for path in sorted(assignment.folder.rglob("*")) if path.is_file()]
    for path in (*found, *course.library_files(), *sorted(course.root.glob("*.yml"))):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(json.dumps([os.path.relpath(path, course.root), content]).encode())
    return digest.hexdigest()


def programs() -> Iterator[str]:
    """The versions of the packages that read sources, and this one's files, which may change without a new version."""
    yield from map(version, READERS)
    for path in sorted(Path(autograder.__file__).parent.rglob("*.py")):
        about = path.stat()
        yield f"{path} {about.st_size} {about.st_mtime_ns}"
