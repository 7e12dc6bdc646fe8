"""`autograder.expect.arrangement`: what is wrong with how a value is arranged."""

import numpy as np
import pytest

from autograder.expect.arrangement import arrangement

WORDS = ["ink", "pen", "pad", "cup", "ink", "tin"]
CASES = {
    "two texts": (["b", "a"], ["a", "b"], "The items are right but in reverse order."),
    "three texts": (["c", "b", "a"], ["c", "a", "b"], "The items are right but in another order."),
    "none": (None, WORDS, "None: no `return` was reached"),
    "reverse order": (WORDS[::-1], WORDS, "reverse order"),
    "sorted": (tuple(sorted(WORDS)), WORDS, "another order"),
    "numbers in another order": (np.array([4, 1, 3, 2, 9]), np.array([1, 2, 3, 4, 9]), "another order"),
    "pairs the other way round": ([(2, "a"), (1, "b"), (3, "c"), (1, "d")],
                                  [("a", 2), ("b", 1), ("c", 3), ("d", 1)], "parts of each item"),
    "one list too deep": ([1, [2, [3]], 4, 5], [1, 2, 3, 4, 5], "in other lists"),
    "no repeated ones": (["ink", "pen", "pad", "cup", "tin"], WORDS, "occur again"),
    "end": (WORDS[:4], WORDS, "the end is missing"),
    "beginning": (WORDS[1:], WORDS, "the beginning is missing"),
    "too long": ([*WORDS, "x"], WORDS, "goes on for too long"),
    "too early": (["x", *WORDS], WORDS, "too much at the beginning"),
    "some missing": (["ink", "pen", "cup", "ink", "tin"], WORDS, "some of it is missing"),
    "some too many": (["ink", "x", *WORDS[1:]], WORDS, "something too much"),
    "case": ("Hello World", "hello world", "Upper and lower case"),
    "blanks": ("ab cd ef", "abcdef", "Blanks"),
    "text backwards": ("fedcba", "abcdef", "reverse order"),
    "real": (np.array([1.5 + 1e-17j, 2.5]), np.array([1.5, 2.5]), "take its real part"),
    "complex": (np.array([1.5 + 1j, 2.5]), np.array([1.5, 2.5]), "a step back to real numbers"),
    "matrix for an entry": (np.array([[1, 0.8547], [0.8547, 1]]), 0.8547, "One entry of it"),
    "all too large": ({n: n + 1 for n in range(5)}, {n: n for n in range(5)}, "too large by the same amount"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_with_the_arrangement_is_told(name):
    """Is it said what is right about the value, and what is not?"""
    value, expected, says = CASES[name]
    assert says in (arrangement(value, expected) or "")


SILENT = {
    "equal": (WORDS, WORDS),
    "few items": ([2, 1, 1], [1, 1, 2]),
    "labels of two kinds": (np.array([0, 1, 1, 0, 1, 0]), np.array([1, 0, 0, 1, 0, 1])),
    "other items": (["a", "b", "c", "d"], WORDS),
    "a round number": (np.array([1.0, 2.0]), 2.0),
    "other text": ("abcdeg", "abcdef"),
    "other keys": ({1: 2}, {2: 2}),
    "a number": (2.0, 1.0),
}


@pytest.mark.parametrize("name", SILENT)
def test_nothing_is_said_where_that_may_be_chance(name):
    """Is there silence where little tells?"""
    assert arrangement(*SILENT[name]) is None
