"""Honest submissions of every kind, to one small course, and what stock nbgrader says of them.

The checks state their expected values, so that stock nbgrader, which runs them beside the student's code, can judge.
"""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook

from autograder.course import Course, environment_bin_on_path
from autograder.notebooks import read_notebook, write_notebook

NAME = "parity"
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
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "demo.toml", "rubric.toml"]
c.Execute.timeout = 600
"""

Scores = dict[tuple[str, str], float | None]
"""(student, cell) -> what grading gave; None where a person is to."""


# --- the course -------------------------------------------------------------------------------------------------------


def notebook(kinds: SimpleNamespace) -> NotebookNode:
    return kinds.notebook(
        kinds.given(
            "setup",
            "import numpy as np\nfrom autograder import expect\nfrom nn.tiny import double, predict, squares\n"
            "X = np.random.default_rng(1).normal(size=(400, 4))\ny = np.argmax(X[:, :3], axis=1)",
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


def weights(share: float) -> bytes:
    """Weights that get about this share of the labels right."""
    W = np.eye(4)[:, :3] * share + np.roll(np.eye(4)[:, :3], 1, axis=1) * (1 - share)
    file = io.BytesIO()
    np.savez(file, W=W)
    return file.getvalue()


def make_course(root: Path, kinds: SimpleNamespace):
    """The course, released, with every honest submission handed in.

    Args:
        kinds: this folder's conftest: cells of every kind, and `make_course`.

    Returns:
        conftest's TinyCourse.
    """
    tiny = kinds.make_course(root, weights(1.0), NAME, TOML, LIBRARY, {NAME: notebook(kinds)})
    (tiny.source / "best.npz").write_bytes(weights(1.0))
    for student, changes in WRITTEN.items():
        tiny.hand_in(student, **changes)
    for student, rearrange in REARRANGED.items():
        path = tiny.hand_in(student) / f"{NAME}.ipynb"
        nb = read_notebook(path)
        rearrange({cell.id: cell for cell in nb.cells}, nb.cells)
        write_notebook(nb, path)
    tiny.hand_in_release("untouched")
    (tiny.hand_in("weights-none") / "best.npz").unlink()
    folder = tiny.hand_in("own-module", **library("double", "import helper\nout = helper.twice(x)"))
    (folder / "helper.py").write_text("def twice(x):\n    return 2 * x\n")
    return tiny


# --- the submissions --------------------------------------------------------------------------------------------------


def library(name: str, body: str) -> dict:
    old = {"double": "out = 2 * x", "squares": "value, gradient = float(np.sum(x**2)), 2 * x"}[name]
    return {"library": {old: body.replace("\n", "\n    ")}}


def own(body: str) -> dict:
    return {"cells": {f"{NAME}:own": f"def triple(x):\n    {BEGIN}\n    {body}\n    {END}"}}


def written(text: str) -> dict:
    banners = "<!-- ===== START YOUR ANSWER HERE ===== -->", "<!-- ===== END YOUR ANSWER HERE ===== -->"
    return {"cells": {f"{NAME}:why": f"Why?\n\n{banners[0]}\n{text}\n{banners[1]}"}}


WRITTEN: dict[str, dict] = {
    "complete": {},
    "factor": library("double", "out = 3 * x"),
    "sign": library("double", "out = -2 * x"),
    "transposed": library("double", "out = (2 * x).T"),
    "flat": library("double", "out = (2 * x).ravel()"),
    "none": library("double", "out = None"),
    "nan": library("double", "out = x * np.nan"),
    "inf": library("double", "out = x + np.inf"),
    "whole-numbers": library("double", "out = (2 * x).astype(int)"),
    "in-place": library("double", "x *= 2\nout = x"),
    "list": library("double", "out = (2 * x).tolist()"),
    "float32": library("double", "out = (2 * x).astype(np.float32)"),
    "slow": library("double", "import time; time.sleep(0.3)\nout = 2 * x"),
    "raises": library("double", "raise ValueError('I gave up')"),
    "assertion": library("double", "assert False, 'my own check'\nout = x"),
    "name-error": library("double", "out = 2 * y"),
    "missing-module": library("double", "import no_such_module\nout = 2 * x"),
    "missing-file": library("double", "open('no-such-file').read()\nout = 2 * x"),
    "recursion": library("double", "return double(x)"),
    "exit": library("double", "raise SystemExit"),
    "warning": library("double", "import warnings; warnings.warn('careful')\nout = 2 * x"),
    "library-syntax": library("double", "out = 2 *"),
    "wrong-gradient": library("squares", "value, gradient = float(np.sum(x**2)), x"),
    "wrong-value": library("squares", "value, gradient = float(np.sum(x)), 2 * x"),
    "both-wrong": {
        "library": {
            "out = 2 * x": "out = x",
            "value, gradient = float(np.sum(x**2)), 2 * x": "value, gradient = 0.0, x",
        }
    },
    "outside": {
        "library": {
            "import numpy as np": "import numpy as np\n\n\ndef twice(x):\n    return 2 * x",
            "out = 2 * x": "out = twice(x)",
        }
    },
    "own-wrong": own("return x"),
    "own-raises": own("raise NotImplementedError('triple')"),
    "own-syntax": own("return 3 *"),
    "own-prints": own("print('so far', x)\n    return 3 * x"),
    "own-plots": own("import matplotlib.pyplot as plt; plt.plot([1, 2])\n    return 3 * x"),
    "own-shell": own("!echo so far\n    return 3 * x"),
    "own-input": own("return 3 * int(input('x'))"),
    "own-unicode": own("länge = 3  # drei ✓\n    return länge * x"),
    "only-the-shown-one": own("return 21 if x == 7 else 0"),
    "stderr": own("import sys; print('note', file=sys.stderr)\n    return 3 * x"),
    "long-answer": written("Because $a^2$ is *not* linear.\n\n- one\n- two"),
    "check-rewritten": {"cells": {f"{NAME}:triple-check": "pass"}} | library("double", "out = x"),
    "weights-60": {"weights": weights(0.6)},
    "weights-50": {"weights": weights(0.5)},
    "weights-30": {"weights": weights(0.3)},
}


def extra_cells(by_id: dict[str, NotebookNode], cells: list[NotebookNode]) -> None:
    cells.insert(cells.index(by_id["own"]), new_code_cell("factor = 3", id="mine"))
    cells.append(new_markdown_cell("That was it.", id="mine-too"))
    by_id["own"].source = by_id["own"].source.replace("return 3", "return factor")


def failing_extra_cell(by_id: dict[str, NotebookNode], cells: list[NotebookNode]) -> None:
    cells.insert(1, new_code_cell("1 / 0", id="mine"))


def without_check(by_id: dict[str, NotebookNode], cells: list[NotebookNode]) -> None:
    cells.remove(by_id["triple-check"])


def without_own(by_id: dict[str, NotebookNode], cells: list[NotebookNode]) -> None:
    cells.remove(by_id["own"])


def own_at_the_end(by_id: dict[str, NotebookNode], cells: list[NotebookNode]) -> None:
    cells.remove(by_id["own"])
    cells.append(by_id["own"])


REARRANGED: dict[str, Callable[[dict[str, NotebookNode], list[NotebookNode]], None]] = {
    "extra-cells": extra_cells,
    "failing-extra-cell": failing_extra_cell,
    "check-deleted": without_check,
    "own-deleted": without_own,
    "own-moved": own_at_the_end,
}

# (student, cell): (stock's score, ours)
EXPECTED_DIFFERENCES = {
    # Stock gives no points to a check that has anything on stderr; a warning is no mistake.
    ("warning", "double-check"): (0, 2),
    ("stderr", "triple-check"): (0, 4),
    # The reference leaves its input alone, so that its second answer is the same; stock has nothing to compare with.
    ("in-place", "double-check"): (2, 0),
    # Nor can it tell a right function from one that knows the one value that is shown.
    ("only-the-shown-one", "triple-check"): (4, 0),
    # Saved weights are judged by the trusted side's own code, which the student's syntax error does not touch.
    ("library-syntax", "accuracy-check"): (0, 10),
    # A share of the points is printed, and not the value of the last line, in which stock looks for it.
    ("weights-50", "accuracy-check"): (10, 10 * 16 / 60),
    ("weights-60", "accuracy-check"): (10, 5.5),
    # What is deleted or moved comes back, where it was; stock waits for somebody to score a check that is not there.
    ("check-deleted", "triple-check"): (None, 4),
    ("own-moved", "triple-check"): (0, 4),
    # Of the library only regions count, and this one needs a function from outside; the report shows the edit.
    ("outside", "double-check"): (2, 0),
}


# --- stock nbgrader ---------------------------------------------------------------------------------------------------


class StockCrashed(Exception):
    """Stock nbgrader itself stopped, which is no difference between its scores and ours."""


def stock_course(course: Course, name: str, root: Path, students: Sequence[str]) -> Course:
    """A copy of a released course with these students' submissions, for nbgrader without any of ours."""
    left_out = shutil.ignore_patterns("submitted", "autograded", ".grading")
    shutil.copytree(course.root, root, symlinks=True, ignore=left_out)
    (root / "nbgrader_config.py").write_text(STOCK_CONFIG)
    for made in (root / "source" / name).glob("*.npz"):
        made.unlink()  # stock nbgrader would put it in place of every student's
    for student in students:
        shutil.copytree(course.submitted / student / name, root / "submitted" / student / name)
    return Course(root)


def stock_autograde(course: Course, name: str, *options: str) -> None:
    """`nbgrader autograde NAME`, as its users run it; raises StockCrashed where it does not come to a good end."""
    environment_bin_on_path()
    run = subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", name, *options],
        cwd=course.root,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise StockCrashed(run.stderr[-3000:])


def stock_autograde_all(course: Course, name: str, students: Sequence[str]) -> None:
    """Grade everybody; a submission at which stock nbgrader crashed is run again alone.

    Raises:
        StockCrashed: it crashes at one even then.
    """
    try:
        stock_autograde(course, name)
    except StockCrashed:
        for student in students:
            if not (course.autograded / student / name).is_dir():
                stock_autograde(course, name, "--student", student, "--force")


def auto_scores(course: Course, name: str) -> Scores:
    """The scores that a gradebook holds, before anybody grades by hand."""
    with Gradebook(course.gradebook_url) as gradebook:
        return {
            (submission.student.id, grade.name): grade.auto_score
            for submission in gradebook.assignment_submissions(name)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }
