"""The marking room's page in a browser: two markers, every key, and what students hide in their answers."""

import csv
import json
import urllib.request

import pytest
from browser import Browser, in_chromium
from classroom import make_class, submit
from payloads import HTML, MARKDOWN

from autograder.gradebook.opening import open_gradebook
from autograder.gradebook.scores import scores_by_student
from autograder.handback.export import export_questions
from autograder.mark.rubric import read_rubric
from autograder.report.feedback import one_feedback
from autograder.report.model import Options

PLATEAU = "question-plateau"
KEY = f"net:{PLATEAU}"


def narrow(browser, name):
    """Nothing is wider than the window, and the dialog is in it."""
    assert browser.value("document.documentElement.scrollWidth") <= 400
    box = "document.getElementById('dialog').getBoundingClientRect()"
    assert browser.value(f"{box}.left >= 0 && {box}.right <= 400 && {box}.bottom <= 800")


@in_chromium
def test_two_markers_with_the_keyboard(course_factory, weights, tmp_path):
    """In a class of 40: do a group's decision, a conflict, an undo and a changed rubric end the same everywhere?"""
    from scenario import edit_rubric, play, serving, size

    marked_course = make_class(course_factory, tmp_path / "course", weights, students=40, late=3)
    same = ("Equal scores, so ln 10.", "equal scores so **ln 10**", "Equal scores, so ln 10!")
    submit(marked_course, {one: {PLATEAU: text} for one, text in zip(("s000", "s001", "s004"), same, strict=True)})
    submit(marked_course, {"s003": {PLATEAU: "A sign is wrong somewhere."}})
    (tmp_path / "ada").mkdir()
    (tmp_path / "bob").mkdir()
    with serving(marked_course.root, tmp_path) as address:
        with Browser(tmp_path / "ada") as ada, Browser(tmp_path / "bob") as bob:
            play(ada, bob, address, "Ada Archer")
            size(ada, 400, 800, dark=True)
            edit_rubric(ada, narrow)
        with open_gradebook(marked_course) as gradebook:
            submission = gradebook.find_submission_notebook("net", "net", "s001").id
        theirs = urllib.request.Request(
            f"{address}/formgrader/api/grades?submission_id={submission}", headers={"Authorization": "token t"}
        )
        with urllib.request.urlopen(theirs) as answer:
            formgrader = {grade["name"]: grade["manual_score"] for grade in json.load(answer)}
    assert formgrader[PLATEAU] == 4
    items = [(item.points, item.text) for item in read_rubric(marked_course.source / "net").question[KEY].item]
    assert items[1:] == [
        (2, "small weights make small gradients (or a low rate)"),
        (1, "a remark on the learning rate"),
        (1, "compares with a guess"),
    ]
    with open_gradebook(marked_course) as gradebook:
        given = {
            s: gradebook.find_grade(PLATEAU, "net", "net", s).manual_score for s in ("s000", "s001", "s004", "s003")
        }
    assert given == {"s000": 4, "s001": 4, "s004": 4, "s003": None}
    export_questions(marked_course, ["net"], tmp_path / "questions.csv")
    with (tmp_path / "questions.csv").open(newline="") as file:
        rows = {(row["student_id"], row["question"]): row for row in csv.DictReader(file)}
    assert float(rows["s001", PLATEAU]["score"]) == 4
    scores = scores_by_student(marked_course, marked_course.assignment("net"))["s001"]
    one_feedback(marked_course, marked_course.assignment("net"), "s001", scores, Options("feedback"))
    page = (marked_course.feedback / "s001" / "net" / "net.html").read_text()
    assert "equal scores give every class 1/10, hence ln 10" in page
    assert "small weights make small gradients (or a low rate)" in page


@in_chromium
def test_no_answer_runs_anything(marked_course, tmp_path):
    """Does any payload in an answer run, or change the page around it?"""
    from scenario import enter, serving, to_group, until

    for number, payloads in enumerate((MARKDOWN, HTML[: len(HTML) // 2], HTML[len(HTML) // 2 :])):
        submit(marked_course, {f"s00{number}": {PLATEAU: "\n\n".join(payloads)}})
    frames = "[...document.querySelectorAll('iframe')]"
    inside = f"JSON.stringify({frames}.map(one => one.contentDocument.title + one.contentWindow.owned))"
    click_all = f"{frames}[1].contentDocument.querySelectorAll('*').forEach(one => one.click?.())"
    with serving(marked_course.root, tmp_path) as address, Browser(tmp_path) as browser:
        enter(browser, address, "Ada")
        for name in ("Ada Archer", "Ben Brandt", "Cleo Costa"):
            to_group(browser, name)
            until(browser, f"{frames}.every(one => one.contentDocument?.title)")
            assert browser.value(inside) == '["Answersundefined","Answersundefined"]', name
            assert browser.value("document.title") == "Question 1 · Marking room"
        browser.value(click_all)
        assert browser.value("document.title") == "Question 1 · Marking room"


@pytest.mark.parametrize("name", ["page.html", "page.js", "page.css"])
def test_the_page_needs_nothing_from_elsewhere(name):
    """Does the page work without a network, and is everything it loads beside it?"""
    from autograder.mark.server import PAGE

    text = (PAGE / name).read_text("utf-8")
    assert "http://" not in text
    assert "https://" not in text
    assert "innerHTML" not in text
