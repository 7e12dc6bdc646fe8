"""The demo, from release to feedback, on a tiny course."""

import io
import sys

import pytest
from nbgrader.api import Gradebook
from rich.console import Console

from autograder.demo.run import run_demo
from autograder.errors import CourseError

ONE = """
[[student]]
id = "max"
name = "Max Mistake"
about = "adds a half"
leave = ["first:why"]
[student.write]
"nn.tiny.double" = "    out = 2.5 * x"
"""


def demo(tiny, text, to):
    (tiny.source / "demo.toml").write_text(text)
    console = Console(file=io.StringIO(), width=120)
    run_demo(tiny.course, tiny.name, to, console)
    return console.file.getvalue()


def test_one_student_goes_from_release_to_feedback(tiny, tmp_path):
    """Does one simulated student, with one mistake, get the right score, its cause, a row in the CSV and feedback?"""
    said = demo(tiny, ONE, tmp_path / "demo")
    assert "submit: 1 simulated student" in said
    assert "edits outside regions" not in said
    assert "What Max Mistake is told:" in said
    assert "first:double-check" in said
    with Gradebook(f"sqlite:///{tmp_path / 'demo' / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission("tiny", "max")
        assert (submission.score, submission.max_score) == (3 + 4 + 10 + 3, 2 + 3 + 4 + 5 + 10)
    assert "max" in (tmp_path / "demo" / "grades.csv").read_text()
    pages = {path.name for path in (tmp_path / "demo" / "feedback" / "max" / "tiny").iterdir()}
    assert {"first.html", "second.html"} <= pages
    assert not (tiny.course.root / "gradebook.db").samefile(tmp_path / "demo" / "gradebook.db")


def test_elsewhere_than_on_linux_it_says_so_at_once(tiny, tmp_path, monkeypatch):
    """Is a newcomer on macOS told of the container before anything is made?"""
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(CourseError, match=r"needs Linux.*\n.*docker build"):
        demo(tiny, ONE, tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


def test_a_file_that_nothing_makes_is_named(tiny, tmp_path):
    """Is a file to submit that no source notebook writes told by name?"""
    path = tiny.source / "assignment.toml"
    path.write_text(path.read_text().replace('["best.npz"]', '["best.npz", "never.npz"]'))
    with pytest.raises(CourseError, match=r"hand_in has never\.npz, but no source notebook makes that"):
        demo(tiny, ONE, tmp_path / "demo")
