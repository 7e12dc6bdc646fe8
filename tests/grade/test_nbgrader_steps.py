"""nbgrader's own command and formgrader's button, with our engine plugged in."""

import json
import os
import sqlite3
import subprocess
import sys

import pytest

from autograder.gradebook.store import Store
from autograder.notebooks import read_notebook

SCORES = """
SELECT student_id, base_cell.name, grade.auto_score, grade.extra_credit, grade.needs_manual_grade,
       submitted_notebook.late_submission_penalty
FROM grade JOIN base_cell ON grade.cell_id = base_cell.id
JOIN submitted_notebook ON grade.notebook_id = submitted_notebook.id
JOIN submitted_assignment ON submitted_notebook.assignment_id = submitted_assignment.id ORDER BY 1, 2
"""
BUTTON = """
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from autograder.course import find_course, nbgrader_config
config = nbgrader_config(find_course())
import json
print(json.dumps(NbGraderAPI(CourseDirectory(config=config), config=config).autograde("tiny", "ada")["success"]))
"""


def scores(tiny) -> list[tuple]:
    with sqlite3.connect(tiny.course.root / "gradebook.db") as db:
        return db.execute(SCORES).fetchall()


def run(tiny, *arguments: str) -> str:
    environment = os.environ | {"PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}
    result = subprocess.run(
        [sys.executable, *arguments], cwd=tiny.course.root, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout


@pytest.fixture
def handed_in(tiny):
    tiny.hand_in("ada", timestamp="2026-10-10 13:00:00 UTC")
    tiny.hand_in("max", library={"out = 2 * x": "import warnings; warnings.warn('!'); out = 3 * x"})
    tiny.hand_in_release("ben")
    return tiny


def test_nbgrader_autograde_gives_the_same_gradebook(handed_in, grading):
    """Does `nbgrader autograde` write the same scores, extra credit and penalties, and the same outputs?"""
    run(handed_in, "-m", "nbgrader", "autograde", "tiny")
    theirs = scores(handed_in)
    assert ("ada", "bonus-check", 0.0, 3.0, 0, pytest.approx(2.6)) in theirs
    assert ("max", "double-check", 0.0, None, 0, None) in theirs
    path = handed_in.course.autograded / "max" / "tiny" / "first.ipynb"
    check = next(cell for cell in read_notebook(path).cells if cell.id == "double-check")
    assert check.outputs[0]["ename"] == "Unmet"
    assert handed_in.result("max")["notebooks"]["first"]["cells"]["double-check"]["score"] == 0
    logged = [(line["student"], line["by"]) for line in Store(handed_in.course, "tiny").logged()]
    assert logged == [(student, "nbgrader autograde") for student in ("ada", "ben", "max")]
    grading(handed_in, force=True)
    assert scores(handed_in) == theirs


def test_formgraders_button(handed_in):
    """Does formgrader's Autograde button grade with the engine?"""
    assert json.loads(run(handed_in, "-c", BUTTON).splitlines()[-1]) is True
    assert handed_in.scores("ada")["second:accuracy-check"] == 10


def test_what_links_point_to_is_not_in_what_nbgrader_writes(tiny):
    """Does a link to the solution, another's work or a secret earn nothing, and show nothing?"""
    secret = tiny.course.root / "secret.txt"
    secret.write_text("the secret")
    tiny.hand_in("ada")
    eve = tiny.hand_in_release("eve")
    (eve / "first.ipynb").unlink()
    (eve / "first.ipynb").symlink_to(tiny.source / "first.ipynb")
    mal = tiny.hand_in_release("mal")
    (mal / "best.npz").symlink_to(tiny.course.submitted / "ada" / "tiny" / "best.npz")
    (mal / "nn" / "tiny.py").unlink()
    (mal / "nn" / "tiny.py").symlink_to(tiny.course.root / "nn" / "tiny.py")
    (mal / "notes.txt").symlink_to(secret)
    (mal / "folder").symlink_to(tiny.source)
    (mal / "honest.txt").write_text("mine")
    environment = os.environ | {"PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "nbgrader", "autograde", "tiny"]
    done = subprocess.run(command, cwd=tiny.course.root, env=environment, capture_output=True, text=True, check=False)
    assert "first.ipynb was not handed in" in done.stderr
    assert not (tiny.course.autograded / "eve" / "tiny").exists()
    graded = tiny.course.autograded / "mal" / "tiny"
    assert sorted(path.relative_to(graded).as_posix() for path in graded.rglob("*") if path.is_file()) == [
        "evidence.zip",
        "first.ipynb",
        "honest.txt",
        "nn/__init__.py",
        "nn/tiny.py",
        "result.json",
        "second.ipynb",
    ]
    assert "2 * x" not in (graded / "nn" / "tiny.py").read_text()
    earned = {(student, cell): score for student, cell, score, *_ in scores(tiny)}
    assert earned["ada", "double-check"] == 2
    assert earned["mal", "double-check"] == earned["mal", "accuracy-check"] == 0
