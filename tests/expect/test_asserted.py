"""Assertions that are judged on the trusted side: what is said where one fails."""

import numpy as np
import pytest

from autograder.expect.asserted import Asserted
from autograder.expect.packed import pack


def test_a_failed_comparison_says_where_the_arrays_differ():
    """Are the place and both values named, and is it judged without a fault of the grader's own?"""
    expected = np.array([1.0, 2.0, 3.0])
    expectation = Asserted(
        "np.allclose(out, expected)",
        outcomes={0: lambda out: np.allclose(out, expected)},
        compared={0: (lambda out: out, expected)},
        innermost=0,
        truth=True,
        room=10_000,
    )
    judgement = expectation.judge((0, pack(np.array([1.0, 2.0, 6.0]))), lambda path: None)
    assert judgement.credit == 0
    assert "at [2]: yours 6, expected 3" in judgement.diagnosis
    assert not judgement.flags
    assert expectation.judge((0, pack(expected.copy())), lambda path: None).credit == 1


@pytest.mark.parametrize(
    ("value", "expected", "said"),
    [
        ([(1, 4), (2, 5)], [[1, 4], [2, 5]], "item [0] is a tuple: make it a list"),
        (["e", "o"], 2, "It is a list, whose length is what is expected."),
        (["b", "c", "d"], "bcd", "It is a list of texts: join them into one."),
        ([("the", 2), ("cat", 1)], {"the": 2, "cat": 1}, "It is a list of the right pairs: make it a dict."),
        ("Bo", ["Bo"], "The item is right, but a list that holds it is expected."),
        (["a", "b"], {"a": 1, "b": 2}, "It is a list of the right keys: a dict is expected."),
        ({4: "Oslo", 7: "Kiev"}, {"Oslo": 4, "Kiev": 7}, "Keys and values are exchanged."),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3}, "What is there is right, but keys are missing."),
        ({"a": 1, "": 2, "b": 2}, {"a": 1, "b": 2}, "All that is expected is there, and keys too many."),
        (["A", "C", "D"], ["A", "C", "B", "D"], ""),
        ([[1, 4]], [[1, 4], [2, 5], [3, 6]], "What is there is right, but the end is missing."),
        ([1, 4, 2, 5, 3, 6], [[1, 4], [2, 5], [3, 6]], "The items are right but in other lists"),
        ([0, 10, 17.8, 5], [0, 10, -17.8, 5], "Only signs differ."),
        ([7.25], 7.25, "It is a list of one item"),
        ("12", 12, "It is a text: make it a number."),
        (None, 5, "no `return` was reached"),
        (float("-inf"), 5, "It is -inf: a first value that nothing has replaced"),
        ([3, 1], [1, 3, 2], ""),
    ],
)
def test_a_value_of_another_kind_says_what_makes_it_right(value, expected, said):
    """Is what both values are told, and how one becomes the other, where that is all?"""
    asserted = Asserted(
        "f(x) == y", {0: lambda v: v == expected}, {0: (lambda v: v, expected)}, innermost=0, truth=True, room=10_000
    )
    judgement = asserted.judge((0, pack(value)), lambda path: None)
    assert judgement.diagnosis.startswith("f(x) == y is not so: yours ")
    assert said in judgement.cause if said else not judgement.cause
