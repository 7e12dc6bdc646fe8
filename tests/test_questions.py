"""Questions: which cells earn points, how many, and what a person calls them."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.questions import (
    Kind,
    is_check,
    is_question,
    kind_of,
    points_of,
    questions_in,
    stated_points,
    title_of,
    without_points,
)


def code(source="", name="the-id", **marks):
    cell = new_code_cell(source, id=name)
    return _marked(cell, name, marks)


def text(source="", name="the-id", **marks):
    return _marked(new_markdown_cell(source, id=name), name, marks)


def _marked(cell, name, marks):
    if marks:
        cell.metadata["nbgrader"] = {"grade": False, "solution": False, "locked": False, "grade_id": name, **marks}
    return cell


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        (code(), Kind.GIVEN),
        (code(locked=True), Kind.GIVEN),
        (code(solution=True), Kind.WORK),
        (code(grade=True, locked=True, points=2), Kind.CHECK),
        (code(grade=True, locked=True, points=0), Kind.PRACTICE),
        (text(grade=True, solution=True, points=2), Kind.ANSWER),
        (code(grade=True, solution=True, points=2), Kind.ANSWER),
        (text(task=True, points=2), Kind.ANSWER),
    ],
)
def test_metadata_says_of_which_kind_a_cell_is(cell, kind):
    """Is each of nbgrader's kinds of cell one of ours?"""
    assert kind_of(cell) is kind
    assert is_question(cell) == (kind in (Kind.CHECK, Kind.PRACTICE, Kind.ANSWER))
    assert is_check(cell) == (kind in (Kind.CHECK, Kind.PRACTICE))


@pytest.mark.parametrize("marks", ["text", 3, None, ["grade"], {}])
def test_metadata_of_students_may_be_anything(marks):
    """Does a notebook whose metadata says nonsense have a kind all the same?"""
    cell = new_code_cell("x")
    cell.metadata["nbgrader"] = marks
    assert (kind_of(cell), points_of(cell), is_question(cell)) == (Kind.GIVEN, 0.0, False)


@pytest.mark.parametrize("points", ["10", True, None, float("nan"), float("inf"), [1]])
def test_points_that_are_not_a_number_are_none(points):
    """Can a student's metadata make a report fail?"""
    assert points_of(code(grade=True, points=points)) == 0.0


def test_questions_come_in_order_with_their_points():
    """Are questions exactly the graded cells, extra credit among them with its own points?"""
    cells = [
        text("# Title", "title"),
        code("# Check the scores (3 points)", "scores-check", grade=True, points=3),
        code("x = 1", "work", solution=True),
        text("**Question 1 (2.5 points).** Why?", "why", grade=True, solution=True, points=2.5),
        code("# Softmax (10 points extra credit)", "bonus-check", grade=True, points=0),
    ]
    found = questions_in("knn", cells, {("knn", "bonus-check"): 10.0, ("other", "why"): 3.0})
    assert [(q.cell, q.kind, q.points, q.extra_credit, q.by_hand, q.title) for q in found.values()] == [
        ("scores-check", Kind.CHECK, 3.0, False, False, "Scores"),
        ("why", Kind.ANSWER, 2.5, False, True, "Question 1"),
        ("bonus-check", Kind.CHECK, 10.0, True, False, "Softmax"),
    ]
    assert found["why"].key == ("knn", "why")


def test_no_two_questions_of_a_notebook_are_called_the_same():
    """Can a reader tell two checks with the same title apart?"""
    cells = [code("# Check the scores (3 points)", f"check-{i}", grade=True, points=3) for i in range(3)]
    assert [q.title for q in questions_in("a", cells, {}).values()] == ["Scores", "Scores (2)", "Scores (3)"]


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("# Check the loss (3 points)", "Loss"),
        ("# Check your scores: (3 pts)", "Scores"),
        ("# Check the loss (3 points; needs the scores, f(x), and " + "much more " * 10 + ")", "Loss"),
        ("# Judge the saved net (up to 20 points; needs TwoLayerNet)", "Saved net"),
        ("# Check that three layers can overfit (1 point)", "Three layers can overfit"),
        ("# Check affine_forward [2.5 points]", "affine_forward"),
        ("# Check f(x) (for all x)", "f(x) (for all x)"),
        ("# Checking accounts (2 points)", "Checking accounts"),
        ("# Größe prüfen (2 points):", "Größe prüfen"),
        ("%matplotlib inline\n# Check the plot (1 point)", "Plot"),
        ("# --------\n# Check the plot (1 point)", "Plot"),
        ("# Check", "Check"),
        ("# " + "long " * 40, ("Long " + "long " * 19)[:99] + "…"),
        ("# ===== START YOUR CODE HERE =====\n# no title", "The id"),
        ("# (3 points)", "The id"),
        ("x = 1  # a comment", "The id"),
        ("", "The id"),
    ],
)
def test_a_check_is_called_what_it_checks(source, title):
    """Is the title whole, without the points, which stand beside it anyway?"""
    assert title_of(code(source)) == title


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("**Question 1 (5 points).** Look at the curve.", "Question 1"),
        ("**Question 2** (5 points): look at the curve.", "Question 2"),
        ("__Question 3: depth (1 point)__\n\nWhy?", "Question 3: depth"),
        ("## Question 4 [2 pts]\n\nWhy?", "Question 4"),
        ("### Why so *deep*?", "Why so *deep*?"),
        ("Question 5 (2 points): why?", "Question 5"),
        ("Question 6. Why is the net so deep?", "Question 6"),
        ("```\n# code\n```\n**Frage 7 (2 points)**", "Frage 7"),
        ("<!-- ===== START YOUR ANSWER HERE ===== -->\n## my answer", "The id"),
        ("Why is the net so deep?", "The id"),
        ("", "The id"),
    ],
)
def test_an_answer_is_called_by_its_heading(source, title):
    """Is "Question 1" what a person reads in tables and bookmarks?"""
    assert title_of(text(source)) == title


@pytest.mark.parametrize(
    ("line", "points"),
    [
        ("Check the sum (1 point)", 1),
        ("Check the sum (10 Points)", 10),
        ("Check the sum (2.5 points)", 2.5),
        ("Check the sum (2,5 points)", 2.5),
        ("Check the sum (3 pts)", 3),
        ("Check the sum (3pts.)", 3),
        ("Check the sum [3 points]:", 3),
        ("Check the sum (3 marks)", 3),
        ("Check the sum ( up to 20 points; needs f(x) )", 20),
        ("Check the sum (max. 4 points)", 4),
        ("Check the sum (0–4 points)", 4),
        ("Check the sum (0 points)", 0),
        ("Check the sum (practice)", 0),
        ("Check the sum (not graded)", 0),
        ("**Question 1 (5 points).** Look (2 points).", 5),
        ("Question 1 *(5 points)*", 5),
        ("Plot 100 points", None),
        ("Distances (all points)", None),
        ("Half of it (1/2 point)", None),
        ("Two clusters: 20 points", None),
        ("(3 pointers)", None),
        ("", None),
    ],
)
def test_points_are_read_as_authors_write_them(line, points):
    """Which spellings state points, and which only speak of them?"""
    stated = stated_points(line)
    assert (stated.points if stated else None) == points


@pytest.mark.parametrize("line", ["Check the sum, 3 points", "Check the sum: 3 pts.", "Check the sum — worth 3 points"])
def test_points_may_stand_at_the_end_of_a_title(line):
    """Are brackets needed where a cell is a question anyway?"""
    assert stated_points(line) is None
    assert stated_points(line, trailing=True).points == 3
    assert without_points(line) == "Check the sum"


def test_extra_credit_is_told_apart():
    """Does a text say that its points come on top of the maximum?"""
    assert stated_points("Softmax (10 points extra credit)").extra_credit
    assert stated_points("Softmax (10 points, bonus)").extra_credit
    assert not stated_points("Softmax (10 points)").extra_credit
