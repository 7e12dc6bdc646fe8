"""nbgrader's tests as they are: does every cell get the score that stock nbgrader gives it?

`courses/stock.json` keeps stock nbgrader's scores; a slow test runs stock nbgrader and compares.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.course import Course, environment_bin_on_path
from autograder.expect.sites import assertions_in
from autograder.grade.verify import verify
from autograder.notebooks import read_notebook, write_notebook
from autograder.release.generate import release
from autograder.release.refusals import forgeable


def load(name: str):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


honest, nbgraders = load("honest"), load("nbgraders")
STOCK = nbgraders.TEXTS / "stock.json"
CONFIG = (Path(__file__).parents[2] / "nbgrader_config.py").read_text()
STYLES = sorted(nbgraders.COURSES)
EVERY_KIND = ("numerics", "problems")
"""The courses that have every kind of cell and setting between them; the others are graded by `make slow`."""


def scores(course: Course) -> dict[str, float | None]:
    return {f"{student} {cell}": score for (student, cell), score in honest.auto_scores(course, "ps1").items()}


@pytest.fixture(scope="module")
def graded(tmp_path_factory, grading) -> Callable[[str], Course]:
    """A course by its style, as ours, released and graded."""
    folder = tmp_path_factory.mktemp("ours")

    @cache
    def course_of(style: str) -> Course:
        course = nbgraders.COURSES[style].write(folder / style, CONFIG)
        release(course, ["ps1"])
        nbgraders.hand_in(course)
        grading(SimpleNamespace(course=course, name="ps1"))
        return course

    return course_of


@pytest.mark.parametrize(
    "style", [pytest.param(style, marks=() if style in EVERY_KIND else pytest.mark.slow) for style in STYLES]
)
def test_scores_equal_those_that_stock_nbgrader_gave(graded, style):
    """Cell by cell, for the full, the half and the blank hand-ins."""
    assert scores(graded(style)) == json.loads(STOCK.read_text())[style]


def test_a_courses_own_markers_are_acted_on(graded):
    """Has what students get the course's own stub, none of its markers, and the time-out from its config?"""
    course = graded("numerics")
    released = read_notebook(course.release_dir / "ps1" / "numerics.ipynb")
    texts = {nbgraders.name_of(cell): cell.source for cell in released.cells}
    assert texts["linear"].startswith("def solve(A, b):\n    # Write here\n    ...\n\ndef normalise(v):")
    assert texts["linear-hidden"] == ""
    assert not any("MY SOLUTION" in text or "SECRET" in text for text in texts.values())
    assert course.assignment("ps1").limits.cell_seconds == 45


def test_verify_comes_to_the_same_verdicts(graded):
    """Also of checks whose points depend on how they ran?"""
    course = graded("problems")
    assert [one.student for one in verify(course, course.assignment("ps1")) if one.ok] == sorted(nbgraders.STUDENTS)


FORGERY = 'get_ipython().input_transformers_cleanup.append(lambda lines: ["pass\\n"])'


def test_a_submission_that_takes_the_tests_out(tmp_path, grading):
    """Does the line that earns everything in stock nbgrader earn no more than lint says could be forged?"""
    sources = {style: nbgraders.source_notebook(style) for style in ("asserts", "credit", "intro", "tools")}
    course = nbgraders.write_course(tmp_path / "course", sources, CONFIG)
    release(course, ["ps1"])
    nbgraders.hand_in(course)
    for student in nbgraders.STUDENTS[:-1]:
        shutil.rmtree(course.submitted / student)
    for path in (course.submitted / "blank" / "ps1").glob("*.ipynb"):
        nb = read_notebook(path)
        next(cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("solution")).source = FORGERY
        write_notebook(nb, path)
    grading(SimpleNamespace(course=course, name="ps1"))
    earned = {name.split()[1] for name, score in scores(course).items() if score}
    said = "".join(text for nb in sources.values() for _, text in forgeable(with_ids(nb), ()))
    assert earned == {"double-parts"}
    assert "4 of its 9 points" in said
    assert "double-parts" in said


def test_nearly_all_assertions_are_judged_on_the_trusted_side():
    """Of the assertions of these courses, are at least nineteen in twenty?"""
    notebooks = [nb for course in nbgraders.COURSES.values() for nb in course.notebooks(3).values()]
    found = [assertion for nb in notebooks for assertion in assertions_in(with_ids(nb))]
    assert sum(a.site is not None for a in found) / len(found) >= 0.95


def with_ids(nb):
    for cell in nb.cells:
        cell.id = nbgraders.name_of(cell) or cell.id
    return nb


def stock_scores(root: Path, style: str) -> dict[str, float | None]:
    """What stock nbgrader gives everybody for a course that it has released itself."""
    course = nbgraders.COURSES[style].write(root, honest.STOCK_CONFIG, old_schema=3)
    environment_bin_on_path()
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", "ps1"]
    made = subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    nbgraders.hand_in(course)
    honest.stock_autograde_all(course, "ps1", nbgraders.STUDENTS)
    return scores(course)


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_stock_nbgrader_gives_these_scores(tmp_path, style):
    """Are the scores kept beside this test, of every course and everybody, those of the nbgrader that is installed?"""
    found, kept = stock_scores(tmp_path / "course", style), json.loads(STOCK.read_text())
    if os.environ.get("WRITE_STOCK_SCORES"):
        kept[style] = found
        STOCK.write_text(json.dumps(kept, indent=0, sort_keys=True) + "\n")
    assert found == kept[style]
