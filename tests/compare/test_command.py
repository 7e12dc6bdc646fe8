"""`autograder compare` in a course: what is read, what is said, and the page."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.compare.read import read_written
from autograder.errors import CourseError
from autograder.gradebook.store import Store

ODD = [
    "first = np.add.reduce(np.stack([x, np.zeros_like(x)]), axis=0)",
    "second = np.multiply(np.full(np.shape(x), 2.0), first)",
    "third = np.where(np.isnan(second), second, np.abs(second) * np.sign(second))",
    "fourth = np.ldexp(np.asarray(third, dtype=np.float64), np.zeros(np.shape(x), int))",
    "fifth = np.nan_to_num(fourth, copy=True, nan=np.nan, posinf=np.inf)",
    "sixth = np.apply_along_axis(lambda v: v + 0.0, -1, np.atleast_1d(fifth))",
    "out = np.reshape(sixth, np.shape(x)).astype(np.result_type(x, 1.0))",
]


def test_compare(tiny, monkeypatch):
    """Are the regions of notebooks and library read, a copied one named, and the page written beside the reports?"""
    for at in range(12):
        tiny.hand_in(f"s{at}", library={"out = 2 * x": f"out = x * 2 + {at} - {at}"})
    for name, odd in (("ann", ODD), ("zoe", [line.replace("first", "a").replace("sixth", "z") for line in ODD])):
        tiny.hand_in(name, library={"out = 2 * x": "\n    ".join(odd)})
    for folder in tiny.course.submitted.glob("*/tiny"):
        shutil.copytree(folder, tiny.course.autograded / folder.parent.name / "tiny")
    assignment, students = tiny.course.assignment("tiny"), Store(tiny.course, "tiny").graded()
    written = read_written(tiny.course, assignment, students)
    assert written.places == (
        "first:student", "first:own", "second:search", "second:bonus", "nn.tiny.double", "nn.tiny.norm",
    )  # fmt: skip
    assert written.texts["nn.tiny.double"]["s3"] == "    out = x * 2 + 3 - 3"
    assert "    out = 2 * x" in written.explained["nn.tiny.double"]
    assert 'name = "' in written.texts["first:student"]["ann"]

    monkeypatch.chdir(tiny.course.root)
    said = CliRunner().invoke(app, ["compare", "tiny"], catch_exceptions=False).stdout
    assert [line.split() for line in said.splitlines() if "ann" in line] == [
        ["ann", "zoe", "100", "%", "nn.tiny.double"]
    ]
    assert "1 of 91 pairs share more than the homework explains." in said
    assert "second = np.multiply(" in (tiny.course.root / "reports" / "tiny-compare.html").read_text()
    plain = json.loads(CliRunner().invoke(app, ["compare", "tiny", "--json"], catch_exceptions=False).stdout)
    assert (plain["compared"], [pair["students"] for pair in plain["pairs"]]) == (14, [["ann", "zoe"]])


def test_two_submissions_are_needed(tiny, monkeypatch):
    """Is it said what to do first?"""
    monkeypatch.chdir(tiny.course.root)
    with pytest.raises(CourseError, match=r"no graded submissions of tiny: .*autograder grade tiny"):
        CliRunner().invoke(app, ["compare", "tiny"], catch_exceptions=False)
