"""Results in Gradescope's form."""

import json
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.errors import CourseError
from autograder.gradebook.results import CellResult, Scores, SubmissionResult
from autograder.handback.gradescope import gradescope_results, write_gradescope
from autograder.notes import Note
from autograder.regions import Edit

CELLS = (
    CellResult("first", "scores", 4, 4.0, lines=("scores ok",)),
    CellResult("first", "loss", 6, 3.0, lines=("46 %", "half"), comment="nearly"),
    CellResult("first", "bonus", 10, 10.0, extra_credit=True),
    CellResult("first", "reason", 5, None),
)
RESULT = SubmissionResult(
    assignment="mini", student="ada", seed=1, graded_at="", submission_sha256="", assignment_sha256="",
    cells=CELLS, stopped={"first": None},
    edits=(
        Edit("nn/layers.py", "changed", 7, "a", "b"),
        Edit("first.ipynb: mine", "added", 1, "", "print(1)", whole=True),
    ),
    notes=(Note("file", "a.txt is a link and is left out"),),
)  # fmt: skip
SCORES = Scores("ada", "", CELLS, 17.0, 15.0, 1.7, False, RESULT, late="handed in 2 h late: 1 day begun × 10 %")


def test_points_extra_credit_and_notes_are_there(tiny):
    """Do score, maxima, states, diagnosis, comments and integrity notes arrive, in the order of the notebooks?"""
    results = gradescope_results(
        SCORES, tiny.course.assignment("tiny"), "hidden", ["first-Copy1.ipynb is taken as first.ipynb"]
    )
    assert results["score"] == 15.3
    assert [(t["name"], t.get("score"), t.get("max_score"), t.get("status")) for t in results["tests"]] == [
        ("first: scores", 4.0, 4, "passed"),
        ("first: loss", 3.0, 6, None),
        ("first: bonus", 10.0, 0.0, "passed"),
        ("first: reason", None, None, None),
    ]
    assert {test["visibility"] for test in results["tests"]} == {"hidden"}
    assert [test["number"] for test in results["tests"]] == ["1.1", "1.2", "1.3", "1.4"]
    assert results["tests"][1]["output"] == "46 %\nhalf\nnearly"
    assert results["tests"][3]["output"] == "to be graded by hand"
    assert results["output"].splitlines() == [
        "late: −1.70 points (handed in 2 h late: 1 day begun × 10 %)",
        "1 question is to be graded by hand",
        "first-Copy1.ipynb is taken as first.ipynb",
        "a.txt is a link and is left out",
        "nn/layers.py, line 7: changed outside the regions",
    ]


def test_the_score_is_the_gradebooks(tiny, grading, tmp_path: Path):
    """Is the score that of the gradebook, with points given by hand and less the late penalty?"""
    tiny.hand_in("ada", timestamp="2026-10-10 10:00:00 UTC")
    grading(tiny)
    with Gradebook(tiny.course.gradebook_url) as gradebook:
        gradebook.find_grade("why", "first", "tiny", "ada").manual_score = 4
        gradebook.db.commit()
    report = tiny.course.root / "reports" / "tiny" / "ada.pages.json"
    report.parent.mkdir(parents=True)
    report.write_text(json.dumps({"outline": {"question_data": []}}))
    (file,) = write_gradescope(tiny.course, tiny.course.assignment("tiny"), tmp_path / "out")
    assert file == tmp_path / "out" / "ada" / "results.json"
    assert json.loads((file.parent / "outline.json").read_text()) == {"question_data": []}
    results = json.loads(file.read_text())
    assert results["score"] == pytest.approx(0.9 * 26)
    by_hand = next(test for test in results["tests"] if test.get("score") == 4 and test["max_score"] == 5)
    assert by_hand["name"].startswith("first: ")


def test_nothing_graded_is_said(tiny, tmp_path: Path):
    """Is there a clear error before anything was graded?"""
    with pytest.raises(CourseError, match="no graded submission of tiny"):
        write_gradescope(tiny.course, tiny.course.assignment("tiny"), tmp_path / "out")
