"""nbgrader's AUTOTEST lines, filled in by nbgrader itself from the source's own solution.

`### AUTOTEST f(3)` becomes the assertions that the course's autotests.yml makes of the value. That runs the notebook in
a kernel, so what came out is kept until the notebook, its tests or the library change. It is the instructor's own code.
"""

import copy
import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.errors import CourseError
from autograder.files import write_atomically
from autograder.notebooks import KERNELSPEC, other_kernel_name
from autograder.source import read_source, source_path

MARKER = "AUTOTEST"
TESTS = "autotests.yml"
ONLY_PYTHON = "it is written for {name}, and only Python notebooks can be graded here. Take it out of the assignment"


def complete_source(course: Course, assignment: Assignment, notebook: str) -> NotebookNode:
    """A source notebook with its AUTOTEST lines filled in.

    Raises:
        CourseError: as `read_source`; it is for another kernel than Python's; there is no autotests.yml, or nbgrader
            cannot make tests of it.
    """
    nb = read_source(assignment, notebook)
    if other := other_kernel_name(nb):
        raise CourseError(f"{source_path(assignment.folder, notebook)}: {ONLY_PYTHON.format(name=other)}.")
    if not any(True for _ in autotest_lines(nb.cells)):
        return nb
    tests = tests_file(course, assignment)
    path = source_path(assignment.folder, notebook)
    if tests is None:
        raise CourseError(f"{path}: it has ### {MARKER}, but there is no {TESTS} beside it or in {course.root}.")
    kept = course.work / assignment.name / "autotests" / f"{_fingerprint(course, nb, tests)}.json"
    if not kept.is_file():
        sources = [cell.source for cell in _instantiated(course, assignment, nb, tests, path).cells]
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, json.dumps(sources))
    for cell, source in zip(nb.cells, json.loads(kept.read_text(encoding="utf-8")), strict=True):
        cell.source = source
    return nb


def autotest_lines(cells: Sequence[NotebookNode]) -> Iterator[tuple[str, int]]:
    """Where AUTOTEST stands: (cell id, line)."""
    for cell in cells:
        if cell.cell_type == "code":
            for number, line in enumerate(cell.source.split("\n"), start=1):
                if MARKER in line and line.lstrip().startswith("#"):
                    yield cell.id, number


def with_stand_ins(nb: NotebookNode) -> NotebookNode:
    """The notebook with an assertion in place of each AUTOTEST line: for those who read what its checks are about."""
    lines = set(autotest_lines(nb.cells))
    if not lines:
        return nb
    nb = copy.deepcopy(nb)
    for cell in nb.cells:
        texts = cell.source.split("\n")
        for number, text in enumerate(texts, start=1):
            if (cell.id, number) in lines:
                margin, named = text[: len(text) - len(text.lstrip())], text.partition(MARKER)[2]
                values = ", ".join(filter(None, map(str.strip, named.split(";"))))
                texts[number - 1] = f"{margin}assert [{values}] != []"
        cell.source = "\n".join(texts)
    return nb


def tests_file(course: Course, assignment: Assignment) -> Path | None:
    """The autotests.yml that counts: the assignment's, else the course's."""
    return next((path for folder in (assignment.folder, course.root) if (path := folder / TESTS).is_file()), None)


def _fingerprint(course: Course, nb: NotebookNode, tests: Path) -> str:
    digest = hashlib.sha256(json.dumps([cell.source for cell in nb.cells]).encode() + tests.read_bytes())
    for path in course.library_files():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:24]


def _instantiated(course: Course, assignment: Assignment, nb: NotebookNode, tests: Path, path: Path) -> NotebookNode:
    from nbgrader.preprocessors import InstantiateTests  # takes a while to import, and few need it

    class ClosingItsClient(InstantiateTests):
        client: Any = None

        @property
        def kc(self) -> Any:
            return self.client

        @kc.setter
        def kc(self, client: Any) -> None:
            if self.client is not None:
                self.client.stop_channels()
            self.client = client

    with tempfile.TemporaryDirectory() as folder:
        course.copy_libraries(Path(folder))
        for file in assignment.folder.iterdir():
            if file.is_file() and file.suffix != ".ipynb":
                shutil.copy(file, folder)
        shutil.copy(tests, Path(folder) / TESTS)
        prepared = copy.deepcopy(nb)
        prepared.metadata.kernelspec = NotebookNode(KERNELSPEC)
        quiet = logging.Logger("autograder.autotests", logging.CRITICAL)
        try:
            return ClosingItsClient(log=quiet).preprocess(prepared, {"metadata": {"path": folder}})[0]
        except Exception as error:
            raise CourseError(f"{path}: nbgrader cannot fill in its {MARKER} lines: {error!s:.500}") from error
