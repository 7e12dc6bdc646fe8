"""Like answers together."""

import time

import pytest

from autograder.mark.groups import EMPTY, SAME, SIMILAR, SINGLE, Group, group_answers, parsed_form, plain_form

LONG = "The scores are all nearly zero at the start, so every class has the probability 1/10 and the loss is ln 10."


def test_empty_ones_come_first_then_the_largest_groups():
    """Are answers in the order in which one wants to mark them?"""
    texts = {
        "ada": LONG,
        "bob": f"  *{LONG.upper()}*\n",
        "cy": LONG.replace("nearly", "almost"),
        "di": "Because of the learning rate.",
        "ed": "   ",
        "fy": "Your answer here",
        "gus": "because of the learning rate",
    }
    assert group_answers(texts, nothing=["*Your answer here*"]) == [
        Group(EMPTY, ("ed", "fy"), 1),
        Group(SIMILAR, ("ada", "bob", "cy"), 2),
        Group(SAME, ("di", "gus"), 1),
    ]


@pytest.mark.parametrize(
    "other",
    [
        LONG.replace("1/10", "1/11"),
        LONG.replace("are all", "are not all"),
        LONG.replace("ln 10", "ln 2"),
    ],
)
def test_a_number_or_a_denial_is_no_small_difference(other):
    """Do answers stay apart that differ in a number or a "not", however alike they look?"""
    assert [group.kind for group in group_answers({"ada": LONG, "bob": other})] == [SINGLE, SINGLE]


def test_a_text_joins_the_one_it_is_most_like():
    """Is a group made around its most frequent text, without chains from one to the next?"""
    base = "abcdefghij " * 10
    near, far = base.replace("j", "x", 3), base.replace("j", "x", 9)
    groups = group_answers({"a": base, "b": base, "c": near, "d": far})
    assert [(group.kind, group.students) for group in groups] == [(SIMILAR, ("a", "b", "c")), (SINGLE, ("d",))]


@pytest.mark.parametrize(
    "source",
    [
        "total = 0\nfor x in xs:\n    total += f(x)",
        "s=0  # the sum\nfor value in xs:\n\n    s += f( value )\n",
    ],
)
def test_code_is_compared_by_its_parsed_form(source):
    """Do layout, comments and one's own names not matter?"""
    assert parsed_form(source) == "v1 = 0\nfor v2 in xs:\n    v1 += f(v2)"


def test_code_that_does_something_else_is_another_group():
    """Do an operator and a called function matter?"""
    codes = {"a": "y = f(x)", "b": "z = f(x)", "c": "y = g(x)", "d": "y = f(x) + 1", "e": "y = = 1", "f": "y  =  = 1"}
    groups = group_answers(codes, code=True)
    assert [group.students for group in groups] == [("a", "b"), ("e", "f"), ("c",), ("d",)]
    assert parsed_form('def f(a):\n    """Says."""\n    return a') == "def f(v1):\n    return v1"


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("**Yes**, it does!", "yes it does"),
        ("ﬁne — “so”", 'fine - "so"'),
        ("a<!-- note --> b", "a b"),
        ("1.5 and 3,5.", "1.5 and 3,5"),
    ],
)
def test_plain_form(text, same_as):
    """Is what does not change the meaning left out?"""
    assert plain_form(text) == same_as


def test_no_answers():
    """Is a question that nobody answered no trouble?"""
    assert group_answers({}) == []


def test_an_answer_of_open_comments_takes_no_time():
    """Is an answer put into its form at once, however many comments it begins and does not end?"""
    begun = time.process_time()
    assert plain_form("<!-- a --> Because" + "<!--" * 100_000).startswith("because")
    assert plain_form("So" + "!" * 100_000 + "x").startswith("so!")
    assert time.process_time() - begun < 1
