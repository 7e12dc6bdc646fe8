"""Results in Gradescope's form."""

import json
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.errors import CourseError
from autograder.gradescope import write_gradescope

RESULT = {
    "notebooks": {
        "net": {
            "cells": {
                "scores": {"points": 4, "credit": 1.0, "score": 4.0, "extra_credit": False, "lines": ["scores ok"]},
                "loss": {"points": 6, "credit": 0.5, "score": 3.0, "extra_credit": False, "lines": ["46 %", "half"]},
                "bonus": {"points": 10, "credit": 1.0, "score": 10.0, "extra_credit": True, "lines": []},
            },
            "stopped": None,
        }
    },
    "edits": [{"place": "nn/layers.py", "kind": "changed", "line": 7, "before": "a", "after": "b"}],
    "notes": [{"kind": "late", "text": "handed in 2 days late"}],
}


def test_points_extra_credit_and_notes_are_there(tmp_path: Path):
    """Do score, maxima, states, diagnosis and integrity notes arrive?"""
    folder = tmp_path / "autograded" / "ada" / "hw"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(RESULT))
    (file,) = write_gradescope(Course(tmp_path), "hw", tmp_path / "out")
    assert file == tmp_path / "out" / "ada" / "results.json"
    results = json.loads(file.read_text())
    assert results["score"] == 17.0
    assert [(t["name"], t["score"], t["max_score"], t["status"]) for t in results["tests"]] == [
        ("net: scores", 4.0, 4, "passed"), ("net: loss", 3.0, 6, "failed"), ("net: bonus", 10.0, 0.0, "passed"),
    ]  # fmt: skip
    assert results["tests"][1]["output"] == "46 %\nhalf"
    assert results["output"] == "handed in 2 days late\nnn/layers.py, line 7: changed outside the regions"


def test_nothing_graded_is_said(tmp_path: Path):
    """Is there a clear error before anything was graded?"""
    with pytest.raises(CourseError, match="no graded submission of hw"):
        write_gradescope(Course(tmp_path), "hw", tmp_path / "out")
