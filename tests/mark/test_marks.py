"""Marks: what they are worth, what a changed rubric moves, what an undo takes back."""

import pytest

from autograder.mark.marks import (
    MARKED,
    RUBRIC,
    UNDONE,
    Decision,
    MarkEntry,
    Move,
    as_given_elsewhere,
    before_step,
    comment_of,
    comments_used,
    known_only,
    last_step,
    newest,
    score_of,
    shares,
    touched_by,
)
from autograder.mark.rubric import ADD, TAKE, QuestionRubric, RubricItem

A, B, C = (RubricItem(id=id, points=points, text=text) for id, points, text in (
    ("a", 2, "names the loss"), ("b", 2.5, "its value"), ("c", -1, "wrong unit")
))  # fmt: skip
ADDING = QuestionRubric(start=ADD, item=(A, B, C))
TAKING = QuestionRubric(start=TAKE, item=(A, B))


@pytest.mark.parametrize(
    ("rubric", "mark", "score"),
    [
        (ADDING, Decision(), 0),
        (ADDING, Decision(("a", "b")), 4.5),
        (ADDING, Decision(("a", "c")), 1),
        (ADDING, Decision(("c",)), 0),
        (ADDING, Decision(("a", "b"), more=3), 5),
        (ADDING, Decision(("a",), more=-0.5), 1.5),
        (ADDING, Decision(("gone",)), 0),
        (TAKING, Decision(), 5),
        (TAKING, Decision(("a",)), 3),
        (TAKING, Decision(("a", "b"), more=-3), 0),
    ],
)
def test_score(rubric, mark, score):
    """Do items add up or take off, and does the score stay between 0 and all points?"""
    assert score_of(mark, rubric, 5) == score


def test_comment():
    """Does a student read each item with its points, and then what the marker wrote?"""
    assert comment_of(Decision(("b", "a"), comment="Well put."), ADDING) == (
        "* +2: names the loss\n* +2.5: its value\n\nWell put."
    )
    assert comment_of(Decision(("a",), more=-0.5), TAKING) == "* −2: names the loss\n* −0.5: further deductions"
    assert comment_of(Decision(more=3, comment="free"), ADDING) == "free"
    assert comment_of(Decision(), ADDING) == ""


@pytest.mark.parametrize("rubric", [ADDING, TAKING])
def test_a_score_given_elsewhere_is_kept(rubric):
    """Is a score from formgrader the same score here?"""
    mark = as_given_elsewhere(3.5, "theirs", rubric, 5)
    assert score_of(mark, rubric, 5) == 3.5
    assert comment_of(mark, rubric) == "theirs"


def entry(number, student, mark, who="ada", why=MARKED, step="", version=1, note=""):
    return MarkEntry(
        number, "2026-01-01", who, why, step or f"s{number}", "nb", "why", student, version, mark, 0, "", "", note
    )


def test_a_changed_item_moves_those_who_have_it():
    """Are exactly the answers with the item touched, and those named whose score is another?"""
    current = [
        entry(1, "max", Decision(("a",))),
        entry(2, "ada", Decision(("a", "b"), more=0.5)),
        entry(3, "bea", Decision(("b",))),
        entry(4, "cy", None),
    ]
    after = QuestionRubric(item=(A.model_copy(update={"points": 1}), B, C))
    touched, moves = touched_by(ADDING, after, current, 5)
    assert [one.student for one, _ in touched] == ["max", "ada"]
    assert moves == [Move("ada", 5, 4), Move("max", 2, 1)]
    reworded = QuestionRubric(item=(A.model_copy(update={"text": "says which loss"}), B, C))
    touched, moves = touched_by(ADDING, reworded, current, 5)
    assert [one.student for one, _ in touched] == ["max", "ada"]
    assert moves == []
    touched, moves = touched_by(ADDING, QuestionRubric(item=(A, C)), current, 5)
    assert [(one.student, mark.items) for one, mark in touched] == [("ada", ("a",)), ("bea", ())]
    assert moves == [Move("ada", 5, 2.5), Move("bea", 2.5, 0)]


def test_undo_takes_the_last_step_of_the_same_marker():
    """Is it one's own last decision, a group's whole, and each only once?"""
    history = [
        entry(1, "max", Decision(("a",)), step="s1"),
        entry(2, "ada", Decision(("a",)), step="s2"),
        entry(3, "max", Decision(("b",)), step="s2", version=2),
        entry(4, "bea", Decision(("a",)), who="bob", step="s3"),
    ]
    step = last_step(history, "ada")
    assert [one.number for one in step] == [2, 3]
    assert before_step(history, step) == {"ada": None, "max": Decision(("a",))}
    history += [entry(5, "max", Decision(("a",)), why=UNDONE, step="s4", version=3, note="s2")]
    assert [one.number for one in last_step(history, "ada")] == [1]
    assert [one.number for one in last_step(history, "bob")] == [4]
    assert last_step(history, "eve") == []
    assert before_step(history, last_step(history, "ada")) == {"max": None}
    history += [entry(6, "max", Decision(), who="bob", step="s5", version=4)]
    assert before_step(history, last_step(history, "ada")) == {}
    history += [entry(7, "bea", Decision(), why=RUBRIC, step="s6", version=2)]
    assert before_step(history, history[3:4]) == {"bea": None}


def test_the_newest_version_counts():
    """Does the order in which lines are read not matter?"""
    old, new = entry(1, "max", Decision()), entry(2, "max", Decision(("a",)), version=2)
    assert newest([new, old]) == newest([old, new]) == {("nb", "why", "max"): new}


def test_comments_are_offered_by_frequency():
    """Is the comment first that was written most often?"""
    marks = [Decision(comment="Why?"), Decision(comment="See page 3"), Decision(comment="Why? "), Decision(), None]
    assert comments_used(entry(i, f"s{i}", mark) for i, mark in enumerate(marks)) == ["Why?", "See page 3"]


def test_items_that_are_gone_are_dropped():
    """Is a mark taken back to one without items that nobody knows any more?"""
    assert known_only(Decision(("a", "old")), ADDING) == Decision(("a",))


def test_shares_keep_groups_together_and_are_even():
    """Does each marker get as much as the others, and each group one marker?"""
    groups = [["a", "b", "c"], ["d"], ["e"], ["f"]]
    found = shares(groups, ["Ada", "Bob"])
    assert {found[one] for one in "abc"} == {"Ada"}
    assert [found[one] for one in "def"] == ["Bob"] * 3
    assert shares(groups, []) == dict.fromkeys("abcdef", "")
