"""What the tests of the homeworks share: submissions made from the source, run and scored.

A submission is the source with some regions as released and some holding a mistake (`Homework.submission`). `check`
runs a notebook as a student does; `grade` has its evidence judged against the source's own. `scores` and `lost` say
what the grade cells of either come to.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autograder import CHECKING
from autograder.assignment import Assignment
from autograder.course import Course
from autograder.demo.students import DemoStudent, hand_in
from autograder.notebooks import read_notebook
from nn.datasets import load_cifar10

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("run_notebook.py")
REFERENCE = json.loads((ROOT / "tests" / "reference_values.json").read_text(encoding="utf-8"))
FIGURES = {test["id"]: test for test in REFERENCE["tests"]}

Did = Mapping[str, Mapping]
"""What the cells of a notebook did: cell id -> text, error, value, and when graded credit, lines, flags."""


@dataclass(frozen=True)
class Homework:
    """An assignment in source/, submissions to it, and where its data are."""

    course: Course
    assignment: Assignment
    data: Path
    folder: Path
    quick: Mapping[str, str] = field(default_factory=dict)
    """Texts in the cells with what runs instead, in the solution too: shorter training, and less that is asked of it.

    What the full training reaches is measured by benchmarks/training.py."""

    def grade_cells(self, notebook: str) -> dict[str, float]:
        """The automatically graded cells of a notebook, with their points, extra credit included."""
        cells = read_notebook(self.assignment.folder / f"{notebook}.ipynb").cells
        marks = {cell.id: cell.metadata.get("nbgrader", {}) for cell in cells}
        return {
            cell: self.assignment.extra_credit.get((notebook, cell), float(mark["points"]))
            for cell, mark in marks.items()
            if mark.get("grade") and not mark.get("solution")
        }

    def submission(
        self,
        name: str,
        leave: Collection[str] = (),
        write: Mapping[str, str] | None = None,
        files: Path | None = None,
    ) -> Path:
        """A folder to hand in: the source's solution, less the regions in `leave`, with those in `write` replaced.

        `files` is a folder with the files to hand in beside the notebooks, such as saved weights.
        """
        folder = self.folder / name
        student = DemoStudent(id=name, name=name.title(), about=name, leave=tuple(leave), write=write or {})
        hand_in(self.course, self.assignment, student, files, folder)
        return folder

    def check(self, folder: Path, notebook: str, skip: Collection[str] = ()) -> Did:
        """Run a notebook the way a student does, every check at once."""
        return self.check_all([folder], notebook, skip)[folder.name]

    def check_all(self, folders: Sequence[Path], notebook: str, skip: Collection[str] = ()) -> dict[str, Did]:
        """The same for several submissions, by the folders' names; one process imports everything for all of them."""
        job = {"folders": [str(folder) for folder in folders], "notebook": notebook, "skip": list(skip)}
        job["replace"] = self.quick
        return {Path(folder).name: did for folder, did in self._run(job).items()}

    def grade(
        self,
        reference: Path,
        folders: Sequence[Path],
        notebook: str,
        skip: Collection[str] = (),
        only_key: Collection[str] = (),
        replace: Mapping[str, str] | None = None,
    ) -> dict[str, Did]:
        """Run a notebook of several submissions and judge them; by the folders' names.

        The cells in `only_key` run in the reference alone: loading images takes seconds, and only the judge uses them.
        `replace` are texts in the cells of submissions, with what runs instead.
        """
        job = {"folders": [str(folder) for folder in folders], "notebook": notebook, "skip": [*skip, *only_key]}
        job |= {"replace": {**self.quick, **(replace or {})}}
        job |= {"reference": str(reference), "seed": 1, "skip_in_key": list(skip), "replace_in_key": self.quick}
        runs = self._run(job)
        return {Path(folder).name: did for folder, did in runs.items()}

    def scores(self, did: Did, notebook: str) -> dict[str, float]:
        """Points by grade cell: by the verdict, or as stock nbgrader has it: all, none, or the last line's value."""
        return {cell: earned(did[cell], points) for cell, points in self.grade_cells(notebook).items()}

    def lost(self, did: Did, notebook: str) -> list[str]:
        """The grade cells that did not earn all of their points."""
        points = self.grade_cells(notebook)
        return [cell for cell, score in self.scores(did, notebook).items() if score != points[cell]]

    def _run(self, job: dict) -> dict[str, Did]:
        environment = {CHECKING: "1", "OPENBLAS_NUM_THREADS": "1", "NN_DATA": str(self.data), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, str(PROGRAM)],
            input=json.dumps(job | {"processes": min(2, os.cpu_count() or 1)}),
            env=os.environ | environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def earned(did: Mapping, points: float) -> float:
    """The points of one cell."""
    if "credit" in did:
        return did["credit"] * points
    if did["error"]:
        return 0.0
    return points if did["value"] is None else float(did["value"])


@pytest.fixture(scope="session")
def figures() -> dict[str, dict]:
    """The reference figures by id."""
    return FIGURES


@pytest.fixture(scope="session")
def cifar10_folder(tmp_path_factory) -> Path:
    """A data folder: the repository's if CIFAR-10 or its stand-in is there, else one made now with the stand-in."""
    try:
        load_cifar10(ROOT / "data")
    except FileNotFoundError:
        from autograder.data.synthetic import write_synthetic

        folder = tmp_path_factory.mktemp("data")
        write_synthetic(folder / "synthetic-cifar-10-batches-py")
        return folder
    return ROOT / "data"


@pytest.fixture(scope="session")
def homework(cifar10_folder, tmp_path_factory) -> Callable[[str], Homework]:
    """A homework by name, with a folder for its submissions."""
    course = Course(ROOT)

    def make(name: str) -> Homework:
        return Homework(course, course.assignment(name), cifar10_folder, tmp_path_factory.mktemp(name))

    return make
