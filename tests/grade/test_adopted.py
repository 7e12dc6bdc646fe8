"""Courses that were written for otter and for CS231n's notebooks: adopted, released and graded."""

import importlib.util
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from autograder.adopt.course import adopt_course
from autograder.notebooks import read_notebook, write_notebook
from autograder.release.checks import check_assignment
from autograder.release.generate import release

SPEC = importlib.util.spec_from_file_location("honest", Path(__file__).with_name("honest.py"))
honest = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(honest)
TEXTS = Path(__file__).with_name("courses")
LAYERS = """import numpy as np


def affine_forward(x, w, b):
    out = None
    # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****
    out = x @ w + b
    # *****END OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    # ================================================================ #
    # YOUR CODE HERE:
    #   Calculate the gradients.
    # ================================================================ #
    dx, dw, db = dout @ w.T, x.T @ dout, dout.sum(axis=0)
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return dx, dw, db
"""


def original(name):
    """The notebook as its course has it: `=== kind` begins a cell, and what follows `test` is the output it shows."""
    cells = []
    for part in (TEXTS / f"{name}.txt").read_text().split("=== ")[1:]:
        header, _, text = part.partition("\n")
        kind, _, shown = header.partition(" ")
        make = {"raw": new_raw_cell, "markdown": new_markdown_cell}.get(kind, new_code_cell)
        cells.append(make(text.rstrip("\n")))
        if shown:
            cells[-1].outputs = [new_output("execute_result", {"text/plain": shown}, execution_count=1)]
    return new_notebook(cells=cells)


@pytest.fixture(scope="module")
def graded(tmp_path_factory, grading):
    """(assignment, student, cell) -> score, of somebody with all solutions and of somebody with none."""
    folder = tmp_path_factory.mktemp("adopted")
    for name in ("otter", "layers"):
        (folder / "old" / name).mkdir(parents=True)
        write_notebook(original(name), folder / "old" / name / f"{name}.ipynb")
    (folder / "old" / "layers" / "lab").mkdir()
    (folder / "old" / "layers" / "lab" / "__init__.py").write_text("")
    (folder / "old" / "layers" / "lab" / "layers.py").write_text(LAYERS)
    course, _ = adopt_course([folder / "old"], folder / "new")
    scores = {}
    for name in ("layers", "otter"):
        assert check_assignment(course, name) == []
        release(course, [name])
        for student in ("full", "blank"):
            shutil.copytree(course.release_dir / name, course.submitted / student / name)
        shutil.copy(course.source / name / f"{name}.ipynb", course.submitted / "full" / name)
        if name == "layers":
            shutil.copytree(course.root / "lab", course.submitted / "full" / name / "lab", dirs_exist_ok=True)
        grading(SimpleNamespace(course=course, name=name))
        scores |= {(name, *key): score for key, score in honest.auto_scores(course, name).items()}
    return course, scores


def test_an_otter_master(graded):
    """Does each test earn its part, one that needs all its tests nothing without them, and is an answer by hand?"""
    _, scores = graded
    cells = {cell for name, _, cell in scores if name == "otter"}
    found = {cell: (scores["otter", "full", cell], scores["otter", "blank", cell]) for cell in cells}
    assert found == {"q1-1-check": (2, 0), "q1-2-check": (1, 0), "q2-check": (2, 0), "q3": (None, 0)}


def test_notebooks_that_print_relative_errors(graded):
    """Are the prints checks now, of the notebook and of the package beside it?"""
    course, scores = graded
    full = {cell: score for (name, student, cell), score in scores.items() if (name, student) == ("layers", "full")}
    blank = {cell: score for (name, student, cell), score in scores.items() if (name, student) == ("layers", "blank")}
    assert sorted(full.values()) == [1, 1, 1]
    assert set(blank.values()) == {0}
    assert blank.keys() == full.keys()
    released = read_notebook(course.release_dir / "layers" / "layers.ipynb")
    assert not any("np.abs(values).max()" in cell.source for cell in released.cells)
    assert "x @ w + b" not in (course.release_dir / "layers" / "lab" / "layers.py").read_text()
