"""Results in Gradescope's form."""

import json
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.edits import Note
from autograder.errors import CourseError
from autograder.gradebook.results import CellResult, Scores, SubmissionResult
from autograder.handback.gradescope import gradescope_results, write_gradescope
from autograder.regions import Edit

CELLS = (
    CellResult("net", "scores", 4, 4.0, lines=("scores ok",)),
    CellResult("net", "loss", 6, 3.0, lines=("46 %", "half"), comment="nearly"),
    CellResult("net", "bonus", 10, 10.0, extra_credit=True),
    CellResult("net", "why", 5, None),
)
RESULT = SubmissionResult(
    assignment="mini", student="ada", seed=1, graded_at="", submission_sha256="", assignment_sha256="",
    cells=CELLS, stopped={"net": None},
    edits=(
        Edit("nn/layers.py", "changed", 7, "a", "b"),
        Edit("net.ipynb: mine", "added", 1, "", "print(1)", whole=True),
    ),
    notes=(Note("file", "a.txt is a link and is left out"),),
)  # fmt: skip
SCORES = Scores("ada", "", CELLS, 17.0, 15.0, 1.7, False, RESULT)


def test_points_extra_credit_and_notes_are_there():
    """Do score, maxima, states, diagnosis, comments and integrity notes arrive?"""
    results = gradescope_results(SCORES)
    assert results["score"] == 15.3
    assert [(t["name"], t.get("score"), t.get("max_score"), t.get("status")) for t in results["tests"]] == [
        ("net: scores", 4.0, 4, "passed"), ("net: loss", 3.0, 6, "failed"), ("net: bonus", 10.0, 0.0, "passed"),
        ("net: why", None, None, None),
    ]  # fmt: skip
    assert results["tests"][1]["output"] == "46 %\nhalf\nnearly"
    assert results["tests"][3]["output"] == "to be graded by hand"
    assert results["output"] == (
        "late: −1.7 points\na.txt is a link and is left out\nnn/layers.py, line 7: changed outside the regions"
    )


def test_the_score_is_the_gradebooks(tiny, grading, tmp_path: Path):
    """Is the score that of the gradebook, with points given by hand and less the late penalty?"""
    tiny.hand_in("ada", timestamp="2026-10-10 10:00:00 UTC")
    grading(tiny)
    with Gradebook(tiny.course.gradebook_url) as gradebook:
        gradebook.find_grade("why", "first", "tiny", "ada").manual_score = 4
        gradebook.db.commit()
    (file,) = write_gradescope(tiny.course, tiny.course.assignment("tiny"), tmp_path / "out")
    assert file == tmp_path / "out" / "ada" / "results.json"
    results = json.loads(file.read_text())
    assert results["score"] == pytest.approx(0.9 * 26)
    assert {t["name"]: t["score"] for t in results["tests"]}["first: why"] == 4


def test_nothing_graded_is_said(tiny, tmp_path: Path):
    """Is there a clear error before anything was graded?"""
    with pytest.raises(CourseError, match="no graded submission of tiny"):
        write_gradescope(tiny.course, tiny.course.assignment("tiny"), tmp_path / "out")
