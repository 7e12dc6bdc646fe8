"""Honest submissions of every kind: does each cell get the score that stock `nbgrader autograde` gives it?

Where ours differs on purpose, EXPECTED_DIFFERENCES says so and why.
"""

import io
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from nbgrader.api import Gradebook

from autograder.course import Course, environment_bin_on_path

BEGIN, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"

TOML = """title = "Parity"
notebooks = ["parity"]
blank = ["nn.tiny.double", "nn.tiny.squares"]
hand_in = ["best.npz"]

[limits]
cell_seconds = 20
"""

LIBRARY = f"""import numpy as np


def double(x):
    {BEGIN}
    out = 2 * x
    {END}
    return out


def squares(x):
    {BEGIN}
    value, gradient = float(np.sum(x**2)), 2 * x
    {END}
    return value, gradient


def predict(params, X):
    return np.argmax(X @ params["W"], axis=1)
"""

STOCK_CONFIG = """from pathlib import Path
c = get_config()
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "nn"
c.CourseDirectory.release_directory = "assignments"
"""


def weights(share: float) -> bytes:
    """Weights that get about this share of the labels right."""
    W = np.eye(4)[:, :3] * share + np.roll(np.eye(4)[:, :3], 1, axis=1) * (1 - share)
    file = io.BytesIO()
    np.savez(file, W=W)
    return file.getvalue()


def library(name: str, body: str) -> dict:
    old = {"double": "out = 2 * x", "squares": "value, gradient = float(np.sum(x**2)), 2 * x"}[name]
    return {"library": {old: body.replace("\n", "\n    ")}}


def own(body: str) -> dict:
    return {"cells": {"parity:own": f"def triple(x):\n    {BEGIN}\n    {body}\n    {END}"}}


def written(text: str) -> dict:
    banners = "<!-- ===== START YOUR ANSWER HERE ===== -->", "<!-- ===== END YOUR ANSWER HERE ===== -->"
    return {"cells": {"parity:why": f"Why?\n\n{banners[0]}\n{text}\n{banners[1]}"}}


HONEST = {
    "complete": {},
    "factor": library("double", "out = 3 * x"),
    "sign": library("double", "out = -2 * x"),
    "transposed": library("double", "out = (2 * x).T"),
    "flat": library("double", "out = (2 * x).ravel()"),
    "none": library("double", "out = None"),
    "nan": library("double", "out = x * np.nan"),
    "inf": library("double", "out = x / 0.0 if False else x + np.inf"),
    "whole-numbers": library("double", "out = (2 * x).astype(int)"),
    "in-place": library("double", "x *= 2\nout = x"),
    "list": library("double", "out = (2 * x).tolist()"),
    "float32": library("double", "out = (2 * x).astype(np.float32)"),
    "raises": library("double", "raise ValueError('I gave up')"),
    "assertion": library("double", "assert False, 'my own check'\nout = x"),
    "name-error": library("double", "out = 2 * y"),
    "missing-module": library("double", "import no_such_module\nout = 2 * x"),
    "missing-file": library("double", "open('no-such-file').read()\nout = 2 * x"),
    "recursion": library("double", "return double(x)"),
    "exit": library("double", "raise SystemExit"),
    "library-syntax": library("double", "out = 2 *"),
    "wrong-gradient": library("squares", "value, gradient = float(np.sum(x**2)), x"),
    "wrong-value": library("squares", "value, gradient = float(np.sum(x)), 2 * x"),
    "both-wrong": {
        "library": {
            "out = 2 * x": "out = x",
            "value, gradient = float(np.sum(x**2)), 2 * x": "value, gradient = 0.0, x",
        }
    },
    "own-wrong": own("return x"),
    "own-raises": own("raise NotImplementedError('triple')"),
    "own-syntax": own("return 3 *"),
    "own-prints": own("print('so far', x)\n    return 3 * x"),
    "own-plots": own("import matplotlib.pyplot as plt; plt.plot([1, 2])\n    return 3 * x"),
    "own-unicode": own("länge = 3  # drei ✓\n    return länge * x"),
    "long-answer": written("Because $a^2$ is *not* linear.\n\n- one\n- two"),
    "weights-60": {"weights": weights(0.6)},
    "weights-50": {"weights": weights(0.5)},
    "weights-30": {"weights": weights(0.3)},
    "weights-none": {"weights": b""},
    "warning": library("double", "import warnings; warnings.warn('careful')\nout = 2 * x"),
    "stderr": own("import sys; print('note', file=sys.stderr)\n    return 3 * x"),
}

# (student, cell): (stock's score, ours)
EXPECTED_DIFFERENCES = {
    # Stock gives no points to a check that has anything on stderr; a warning is no mistake.
    ("warning", "double-check"): (0, 2),
    ("stderr", "triple-check"): (0, 4),
    # The reference leaves its input alone, so that its second answer is the same; stock has nothing to compare with.
    ("in-place", "double-check"): (2, 0),
    # Saved weights are judged by the trusted side's own code, which the student's syntax error does not touch.
    ("library-syntax", "accuracy-check"): (0, 10),
}


@pytest.fixture(scope="module")
def parity(course_factory, tmp_path_factory):
    """The course, released, with all honest submissions, and one copy that nobody has handed in."""
    from nbformat.v4 import new_code_cell

    kinds = course_factory
    notebook = kinds.notebook(
        new_code_cell(
            "import numpy as np\nfrom autograder import expect\nfrom nn.tiny import double, predict, squares\n"
            "X = np.random.default_rng(1).normal(size=(400, 4))\ny = np.argmax(X[:, :3], axis=1)",
            id="setup",
        ),
        kinds.check(
            "double-check",
            2,
            "x = np.array([[1.5, 2.5], [3.5, 4.5]])\n"
            "expect.close(double(x), np.array([[3.0, 5.0], [7.0, 9.0]]), name='doubled')\n"
            "expect.same(double(x), name='doubled again')",
        ),
        kinds.check(
            "value-check",
            1,
            "expect.holds(squares(np.array([3.0, 4.0]))[0], lambda v: v == 25.0, 'is 25', name='sum of squares')\n"
            "expect.same(1.0)",
        ),
        kinds.check(
            "gradient-check",
            3,
            "z = np.array([0.5, -1.0, 2.0])\n"
            "expect.gradient(lambda z: float(np.sum(z**2)), z, squares(z)[1], name='gradient')",
        ),
        kinds.work("own", f"def triple(x):\n    {BEGIN}\n    return 3 * x\n    {END}"),
        kinds.check("triple-check", 4, "expect.close(triple(7), 21, name='tripled')\nexpect.same(triple(1))"),
        kinds.check(
            "accuracy-check",
            10,
            "expect.accuracy('best.npz', predict, X, y, floor=0.3, full=0.9, points=10)",
        ),
        kinds.answer(
            "why",
            5,
            "Why?\n\n<!-- ===== START YOUR ANSWER HERE ===== -->\nSo.\n<!-- ===== END YOUR ANSWER HERE ===== -->",
        ),
    )
    root = tmp_path_factory.mktemp("parity") / "course"
    tiny = kinds.make_course(root, weights(1.0), "parity", TOML, LIBRARY, {"parity": notebook})
    (tiny.source / "best.npz").write_bytes(weights(1.0))
    for student, changes in HONEST.items():
        folder = tiny.hand_in(student, **changes)
        if student == "weights-none":
            (folder / "best.npz").unlink()
    return tiny


def stock_scores(parity, root: Path, students: list[str]) -> dict[tuple[str, str], float | None]:
    """What stock nbgrader gives to these students, in a copy of the course."""
    shutil.copytree(parity.course.root, root, ignore=shutil.ignore_patterns("submitted", ".grading"))
    (root / "nbgrader_config.py").write_text(STOCK_CONFIG)
    (root / "source" / "parity" / "best.npz").unlink()  # stock nbgrader would put it in place of every student's
    for student in students:
        shutil.copytree(parity.course.submitted / student, root / "submitted" / student)
    environment_bin_on_path()
    run = subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", "parity"],
        cwd=root,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return auto_scores(Course(root))


def auto_scores(course: Course) -> dict[tuple[str, str], float | None]:
    with Gradebook(course.gradebook_url) as gradebook:
        return {
            (submission.student.id, grade.name): grade.auto_score
            for submission in gradebook.assignment_submissions("parity")
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def test_scores_equal_those_of_stock_nbgrader(parity, grading, tmp_path):
    """Cell by cell, over all honest submissions."""
    students = list(HONEST)
    assert len(students) >= 30
    halves = [(tmp_path / "one", students[::2]), (tmp_path / "two", students[1::2])]
    with ThreadPoolExecutor(2) as pool:
        stock = {k: v for part in pool.map(lambda half: stock_scores(parity, *half), halves) for k, v in part.items()}
    grading(parity)
    ours = auto_scores(parity.course)
    assert ours.keys() == stock.keys()
    assert len(ours) == 6 * len(students)
    differences = {key: (stock[key], ours[key]) for key in ours if stock[key] != ours[key]}
    print(differences)
    assert differences == EXPECTED_DIFFERENCES
