"""What the blocks of a page find in their folder when they begin."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from autograder.notebooks import write_notebook

from ..conftest import TinyCourse, first, make_course, second
from .programs import STUDENTS
from .read import REPOSITORY

COURSE = re.compile(r"a course with (?P<names>[\w, ]+?)(?P<state>; submitted|; graded|)")
"""A small course whose assignments have the names that the page speaks of, and three students' work."""


def _cell(kind: str, id: str, source: str, **marks: object) -> NotebookNode:
    """A cell of nbgrader's."""
    marks = {
        "grade_id": id,
        "schema_version": 3,
        "grade": False,
        "solution": False,
        "locked": False,
        "task": False,
    } | marks
    make = new_code_cell if kind == "code" else new_markdown_cell
    return make(source, metadata={"nbgrader": marks})


def begin(start: str, place: Path, weights: bytes, run: Callable[[str, Path], None]) -> Path:
    """Make a starting point below `place`; gives the folder that the commands begin in.

    run: runs shell commands in a folder.

    Raises:
        ValueError: no such starting point.
    """
    if start == "an empty folder":
        place.mkdir()
        return place
    if start == "a clone of the repository":
        return clone(place)
    if found := COURSE.fullmatch(start):
        names = found["names"].split(" and ")
        return course(place, names, found["state"].removeprefix("; "), weights, run)
    if found := re.fullmatch(r"the zip of (\w+)", start):
        return bundle(place, found[1], weights, run)
    if start in OTHERS:
        place.mkdir()
        source = place / "my_course" / ("source/hw1" if start == "a course of nbgrader" else "hw1")
        source.mkdir(parents=True)
        write_notebook(new_notebook(cells=OTHERS[start]), source / "hw1.ipynb")
        (place / "here").mkdir()
        return place / "here"
    raise ValueError(f'"{start}": there is no such starting point')


OTHERS = {
    "a course of nbgrader": [
        _cell(
            "code",
            "square",
            "def square(x):\n    ### BEGIN SOLUTION\n    return x**2\n    ### END SOLUTION",
            solution=True,
        ),
        _cell("code", "square-test", "assert square(3) == 9\nassert square(-2) == 4", grade=True, points=2),
        _cell("markdown", "why", "Why is it never negative?", grade=True, solution=True, points=1),
    ],
    "a course of otter": [
        new_raw_cell("# ASSIGNMENT CONFIG\ninit_cell: false"),
        new_raw_cell("# BEGIN QUESTION\nname: q1\npoints: 2"),
        new_raw_cell("# BEGIN SOLUTION"),
        new_code_cell("def square(x):\n    return x**2 # SOLUTION"),
        new_raw_cell("# END SOLUTION"),
        new_raw_cell("# BEGIN TESTS"),
        new_code_cell("assert square(3) == 9"),
        new_code_cell("# HIDDEN\nassert square(-2) == 4"),
        new_raw_cell("# END TESTS"),
        new_raw_cell("# END QUESTION"),
    ],
}
"""Notebooks of other kits: starting point -> the cells of `hw1.ipynb` in `../my_course`."""


def clone(place: Path) -> Path:
    """The files that Git has, as they are here; the environment that the tests run in, and the data, by links."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (REPOSITORY / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, place / name)
    (place / ".venv").mkdir()
    (place / ".venv" / "bin").symlink_to(Path(sys.prefix) / "bin")
    (place / ".venv" / "ready-dev").touch()
    for data in (REPOSITORY / "data").iterdir():
        if data.is_dir():
            (place / "data" / data.name).symlink_to(data)
    return place


def course(place: Path, names: list[str], state: str, weights: bytes, run: Callable[[str, Path], None]) -> Path:
    """A course, rosters, Canvas's files for its first assignment; for several, Ada's own folder of the last."""
    place.mkdir()
    root = place / "course"
    for number, name in enumerate(names):
        if number == 0:
            tiny = make_course(root, weights, name=name, notebooks=notebooks())
        else:
            shutil.copytree(root / "source" / names[0], root / "source" / name)
            run(f"autograder release {name}", root)
            tiny = TinyCourse(tiny.course, name, weights)
        hand_in(tiny)
    (root / "environment.yml").write_bytes((REPOSITORY / "environment.yml").read_bytes())
    run(f"programs canvas_zip submitted {names[0]} downloads.zip", root)
    shutil.copy(root / "downloads.zip", root / "submissions.zip")
    run(f'programs tables "A tiny homework" {names[0]}', root)
    if len(names) > 1:
        finished(root / "submitted" / "ada" / names[-1], root / names[-1], run)
        shutil.copytree(root / "source", place / "old_course" / "source")
    if state == "":
        shutil.rmtree(root / "submitted")
    if state == "graded":
        run("autograder roster import FILE.csv", root)
        run("; ".join(f"autograder grade {name}" for name in names), root)
    return root


def notebooks() -> dict[str, NotebookNode]:
    """The tiny course's, less the hidden test, which `lint` has something to say about."""
    begun = first()
    for cell in begun.cells:
        cell.source = re.sub(r"### BEGIN HIDDEN TESTS\n(.*\n)### END HIDDEN TESTS", r"\1", cell.source)
    return {"first": begun, "second": second()}


def hand_in(tiny: TinyCourse) -> None:
    """Ada is right, Bea sums wrongly, Hal left out the last function."""
    wrong = {
        "bea": {"library": {"np.sum(x**2)": "np.sum(np.abs(x))"}},
        "hal": {"library": {"out = 2 * x": 'raise NotImplementedError("double")'}},
    }
    for student in STUDENTS:
        folder = tiny.hand_in(student, **wrong.get(student, {}))
        path = folder / "first.ipynb"
        text = path.read_text(encoding="utf-8").replace("Instructor", student.title()).replace("instructor", student)
        path.write_text(text, encoding="utf-8")


def bundle(place: Path, name: str, weights: bytes, run: Callable[[str, Path], None]) -> Path:
    """The folder that a student downloaded the zip of a homework into, and the finished work in `done`."""
    place.mkdir()
    root = place.with_name(f"{place.name}-course")
    tiny = make_course(root, weights, name=name, notebooks=notebooks())
    (root / "environment.yml").write_bytes((REPOSITORY / "environment.yml").read_bytes())
    run(f"autograder release {name} --bundle", root)
    shutil.copy(root / "bundles" / f"{name}.zip", place)
    hand_in(tiny)
    finished(root / "submitted" / "ada" / name, place / "done", run)
    return place


def finished(submission: Path, folder: Path, run: Callable[[str, Path], None]) -> None:
    """A student's own folder with this work, every cell of it run."""
    shutil.copytree(submission, folder)
    run("command jupyter nbconvert --log-level ERROR --to notebook --execute --inplace *.ipynb", folder)
