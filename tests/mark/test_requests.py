"""Regrade requests: from a student's copy of the notebook to the feedback that answers them."""

import json
import shutil

import pytest
from classroom import submit
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from autograder.cli import app
from autograder.errors import CourseError
from autograder.gradebook.scores import scores_by_student
from autograder.gradebook.store import Store
from autograder.intake.collect import collect
from autograder.mark.marks import Decision
from autograder.mark.requests import requests_in_csv, submitted_requests, take_requests
from autograder.mark.room import AGAIN, DONE, Room
from autograder.regrade import requests_in, same_work, without_requests
from autograder.report.feedback import one_feedback
from autograder.report.model import Options

PLATEAU, GAP = ("net", "question-plateau"), ("net", "question-gap")


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("It is ln 10.\n\nRegrade: I said why, in\nline 2.\n\nMore.", ["I said why, in\nline 2."]),
        ("**Regrade:** why?", ["why?"]),
        ("> regrade : why?\n> really", ["why?\nreally"]),
        ("return 3\n    # Regrade: it is a mean\n    # after all", ["it is a mean\nafter all"]),
        ("Regrade: one\nRegrade: two\n# ====== END YOUR CODE HERE ======", ["one", "two"]),
        ("I do not want a regrade: it is fine. regraded: no", []),
        ("Regrade:", []),
    ],
)  # fmt: skip
def test_what_is_a_request(text, notes):
    """Is a request its line and those below it, in markdown and in code, and nothing else?"""
    assert requests_in(text) == notes
    assert requests_in(without_requests(text)) == []


@given(st.lists(st.sampled_from(["a", "", "Regrade: x", "# b", "<!-- ===== END YOUR ANSWER HERE ===== -->"])))
def test_what_is_left(lines):
    """Is all else left as it is, and is a copy with a request the same work?"""
    text = "\n".join(lines)
    without = without_requests(text)
    assert set(without.split("\n")) <= set(lines) | {""}
    assert same_work([{"source": text}], [{"source": without}, {"source": "Regrade: more"}])
    if "Regrade: x" not in lines:
        assert without == text


def with_request(course, student: str, cell: str, line: str, other: str = "") -> dict:
    """The notebook that a student handed in, with a line below an answer."""
    nb = json.loads((course.autograded / student / "net" / "net.ipynb").read_text())
    for one in nb["cells"]:
        if one["id"] == cell:
            lines = "".join(one["source"]).split("\n")
            lines[-1:-1] = ["", line, other]
            one["source"] = "\n".join(lines)
    return nb


def test_from_a_copy_to_the_feedback(marked_course, tmp_path, monkeypatch):
    """Does a copy with a request ask, replace nothing, and is the answer to it shown with it?"""
    course = marked_course
    submit(course, {"s000": {"question-plateau": "Equal scores, so ln 10."}})
    for student in ("s000", "s003"):
        shutil.copytree(course.autograded / student / "net", course.submitted / student / "net")
    with Room(course, "net") as room:
        answers = room.question(PLATEAU, "ada")["answers"]
        [token] = [token for token, one in answers.items() if one["student"] == "s000"]
        room.mark(PLATEAU, {token: 0}, Decision(("a",), comment="Why slow?"), "ada")
    before = (course.submitted / "s000" / "net" / "net.ipynb").read_bytes()

    line = "Regrade: <script>x</script>equal scores *are*"
    for name, nb in (
        ("s000", with_request(course, "s000", "question-plateau", line, "small")),
        ("s003", with_request(course, "s003", "question-gap", "", "an answer that is another")),
    ):
        (tmp_path / "again" / name).mkdir(parents=True)
        (tmp_path / "again" / name / "net.ipynb").write_text(json.dumps(nb))
    shutil.copytree(tmp_path / "again", tmp_path / "copies")
    report = collect(course, course.assignment("net"), tmp_path / "again")
    assert {row.student: row.state for row in report.rows} == {"s000": "asks", "s003": "replaced"}
    assert any("s000: the same work, with a regrade request." in note for note in report.notes)
    assert (course.submitted / "s000" / "net" / "net.ipynb").read_bytes() == before

    monkeypatch.chdir(course.root)
    said = CliRunner().invoke(app, ["requests", "net"], catch_exceptions=False).stdout
    assert "1 new request of 1." in said
    assert "s000" in said
    assert "0 new requests of 1." in CliRunner().invoke(app, ["requests", "net", str(tmp_path / "copies")]).stdout
    assert (course.submitted / "s003" / "net" / "net.ipynb").read_bytes() != before
    with Room(course, "net") as room:
        one = room.question(PLATEAU, "ada")["answers"][token]
        assert (one["state"], one["asks"]) == (AGAIN, "&lt;script>x&lt;/script>equal scores *are*\nsmall")
        assert room.outdated(PLATEAU) == []
        room.mark(PLATEAU, {token: one["version"]}, Decision(("a", "b"), comment="Yes, you did."), "ada")
        one = room.question(PLATEAU, "ada")["answers"][token]
        assert (one["state"], one["score"]) == (DONE, 4)
        assert room.outdated(PLATEAU) == []
        assert [entry["why"] for entry in room.history(PLATEAU, token)] == ["marked", "asked by the student", "marked"]
    assert "answered" in CliRunner().invoke(app, ["requests", "net"], catch_exceptions=False).stdout
    scores = scores_by_student(course, course.assignment("net"))["s000"]
    one_feedback(course, course.assignment("net"), "s000", scores, Options("feedback"))
    page = (course.feedback / "s000" / "net" / "net.html").read_text()
    assert "Yes, you did." in page
    assert "You asked: " in page
    assert "equal scores <em>are</em>" in page
    assert "<script>x" not in page


def test_a_request_is_no_part_of_the_answer(marked_course):
    """Is a marked answer that was collected again with a request still marked, and what it asks found?"""
    course = marked_course
    with Room(course, "net") as room:
        answers = room.question(PLATEAU, "ada")["answers"]
        [token] = [token for token, one in answers.items() if one["student"] == "s000"]
        room.mark(PLATEAU, {token: 0}, Decision(("a",)), "ada")
    submit(course, {"s000": {"question-plateau": "Equal scores, so ln 10.\n\nRegrade: why not more?"}})
    shutil.copytree(course.autograded / "s000" / "net", course.submitted / "s000" / "net")
    with Room(course, "net") as room:
        assert room.question(PLATEAU, "ada")["answers"][token]["state"] == DONE
    [one] = submitted_requests(course, "net")
    assert (one.student, one.question.key, one.note) == ("s000", PLATEAU, "why not more?")
    assert Store(course, "net").graded()[0] == "s000"


def test_requests_from_a_file(marked_course, tmp_path):
    """Do requests in a CSV file find their answers, by the question's title or its cell, and is a wrong line named?"""
    path = tmp_path / "requests.csv"
    path.write_text("student_id,question,note\ns000,Question 1,Why not 2?\ns001,question-gap,See page 3\n")
    found = requests_in_csv(marked_course, "net", path)
    assert [state for _, state in take_requests(marked_course, "net", found)] == ["new", "new"]
    assert [state for _, state in take_requests(marked_course, "net", found)] == ["open", "open"]
    with Room(marked_course, "net") as room:
        assert [question["again"] for question in room.overview()["questions"]] == [1, 1, 0]
    path.write_text("student_id,question,note\ns000,Question 9,?\n")
    with pytest.raises(CourseError, match=r'line 2: no graded answer of "s000" to "Question 9"'):
        requests_in_csv(marked_course, "net", path)
    path.write_text("student,question\ns000,x\n")
    with pytest.raises(CourseError, match="no column student_id"):
        requests_in_csv(marked_course, "net", path)
