"""Rubrics: what a marking scheme states, and the file that keeps them."""

import tomllib

import pytest

from autograder.errors import CourseError
from autograder.mark.rubric import (
    FILE,
    QuestionRubric,
    RubricItem,
    RubricToml,
    as_text,
    items_stated,
    new_id,
    read_rubric,
    write_rubric,
)


@pytest.mark.parametrize(
    ("scheme", "items"),
    [
        (
            "2 points: equal scores, hence ln 10. 2 points: small gradients\n(not \"exploding\"). 1 point: a check.",
            [(2, "equal scores, hence ln 10"), (2, 'small gradients (not "exploding")'), (1, "a check")],
        ),
        ("* 2 points: names the loss\n* 0.5 points: its value\n", [(2, "names the loss"), (0.5, "its value")]),
        ("1. 1 point for naming (a), 4 points for the reasons.", [(1, "naming (a)"), (4, "the reasons")]),
        ("Half a point: the unit. ½ point: the axis. 2,5 pts - x", [(0.5, "the unit"), (0.5, "the axis"), (2.5, "x")]),
        ("1 point for each of two changes", [(1, "each of two changes")]),
        ("Anything sensible.", []),
        ("", []),
    ],
)  # fmt: skip
def test_items_come_from_the_marking_scheme(scheme, items):
    """Does each "n points: …" become one item, with all that belongs to it?"""
    assert [(item.points, item.text) for item in items_stated(scheme)] == items


def test_the_file_holds_what_was_written(tmp_path):
    """Is a rubric the same after writing and reading, quotes and formulas included?"""
    items = RubricItem(id="a", points=2, text='says "ln 10" $\\ln 10$'), RubricItem(id="b", points=-0.5, text="no unit")
    one = QuestionRubric(start="taking off", item=items, show=("loss-plot",))
    rubric = RubricToml(hide_names=True, hand_out="by share", markers=("Ada", "Bob")).having(("nb", "why"), one)
    write_rubric(tmp_path, rubric)
    assert read_rubric(tmp_path) == rubric
    assert tomllib.loads(as_text(rubric))["question"]["nb:why"]["item"][1] == {
        "id": "b", "points": -0.5, "text": "no unit",
    }  # fmt: skip
    assert read_rubric(tmp_path / "elsewhere") == RubricToml()


def test_a_question_of_its_own_comes_before_the_scheme():
    """Does a question without an entry have the scheme's items, and one with an entry only its own?"""
    own = QuestionRubric(item=(RubricItem(id="x", points=1, text="mine"),))
    rubric = RubricToml().having(("nb", "why"), own)
    assert rubric.of(("nb", "why"), "2 points: theirs") == own
    assert [item.text for item in rubric.of(("nb", "how"), "2 points: theirs").item] == ["theirs"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[question.why]\nstart = "adding up"', r'"notebook:cell-id"'),
        ('[question."n:why"]\nstart = "up"', r'must be "adding up" or "taking off", not "up"'),
        ('[[question."n:why".item]]\nid = "a"\npoints = "two"\ntext = "x"', r"must be a number of points"),
        (
            '[question."n:why"]\nitem = [{id="a", points=1, text="x"}, {id="a", points=1, text="y"}]',
            r'id "a" is there more than once',
        ),
    ],
)
def test_a_mistake_in_the_file_is_told(tmp_path, text, said):
    """Is it said what is wrong, and where?"""
    (tmp_path / FILE).write_text(text)
    with pytest.raises(CourseError, match=said):
        read_rubric(tmp_path)


def test_a_folder_that_cannot_be_written(tmp_path):
    """Is it said which file?"""
    with pytest.raises(CourseError, match=r"rubric\.toml cannot be written: No such file"):
        write_rubric(tmp_path / "no", RubricToml())


def test_a_new_item_gets_an_id_of_its_own():
    """Does an item never get an id that the history uses for another?"""
    assert new_id(["a", "b"]) == "c"
    assert new_id([*"abcdefghijklmnopqrstuvwxyz", "i1"]) == "i2"
