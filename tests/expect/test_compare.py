"""How far a value is from what is expected."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.expect.compare import ABSOLUTE, MEASURES, RELATIVE, SUM, compare

SMALL = st.floats(-100, 100, allow_subnormal=False)
PAIRS = hnp.array_shapes(min_dims=0, max_dims=3, max_side=4).flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.float64, shape, elements=SMALL), hnp.arrays(np.float64, shape, elements=SMALL)
    )
)


@given(PAIRS)
def test_the_measures_are_their_formulas(pair):
    """Do the measures agree with the formulas that the courses print?"""
    a, b = pair
    relative = np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b)))
    assert compare(a, b, RELATIVE).error == pytest.approx(relative, rel=1e-12)
    assert compare(a, b, ABSOLUTE).error == pytest.approx(np.max(np.abs(a - b)), rel=1e-12)
    assert compare(a, b, SUM).error == pytest.approx(np.sum(np.abs(a - b)), rel=1e-12)


@given(PAIRS)
def test_the_worst_index_holds_the_largest_difference(pair):
    """Is the index that a student reads the worst one?"""
    a, b = pair
    assert np.abs(a - b)[compare(a, b, ABSOLUTE).index] == np.max(np.abs(a - b))


EQUAL = [
    (3, 3.0),
    (np.int64(3), 3),
    (np.float32(0.5), 0.5),
    (np.array(2.0), 2),
    (True, 1),
    (np.array([1, 0]), np.array([True, False])),
    ([1.0, 2.0], (1, 2)),
    ([1.0, 2.0], np.array([1.0, 2.0])),
    (np.array([[1, 2]]), [[1, 2]]),
    ([np.zeros(2), np.zeros(3)], [np.zeros(2), np.zeros(3)]),
    ({"a": 1, "b": [2]}, {"b": (2,), "a": 1.0}),
    ("text", "text"),
    (np.str_("text"), "text"),
    (None, None),
    ([], []),
    ([], np.zeros(0)),
    (np.zeros((0, 3)), np.zeros((0, 3))),
    (np.inf, np.inf),
    (np.array(["a", "b"]), np.array(["a", "b"])),
    (2**70, 2**70),
    (1 + 2j, 1 + 2j),
    (2.0, 2 + 0j),
    (np.array([250], np.uint8), [250]),
]


@pytest.mark.parametrize(("value", "expected"), EQUAL)
@pytest.mark.parametrize("measure", MEASURES)
def test_the_same_is_the_same(value, expected, measure):
    """Do values that only differ in kind of number or container compare equal?"""
    assert compare(value, expected, measure).error == 0


DIFFERENT = [
    (np.zeros(5), np.zeros((5, 1)), "shape"),
    (np.zeros((5, 1)), np.zeros(5), "shape"),
    (np.zeros(1), 0.0, "shape"),
    (0.0, np.zeros(1), "shape"),
    (np.zeros((2, 3)), np.zeros((3, 2)), "shape"),
    (np.zeros(0), np.zeros((0, 3)), "shape"),
    (1j, 1.0, "complex"),
    (np.zeros(2, complex), np.zeros(2), "complex"),
    ("1", 1, "str"),
    (1, "1", "int"),
    (None, 0.0, "NoneType|None"),
    (0, None, "int"),
    ("relu", "tanh", "relu"),
    ([1, 2], [1, 2, 3], "shape"),
    ([1, "a"], [1, "a", None], "2 items"),
    ([None, None], np.zeros(2), r"item \[0\] is None, where a number is expected"),
    ([[1.0, 2.0], [3.0, None]], np.zeros((2, 2)), r"item \[1\]\[1\] is None"),
    (None, 1.0, "it is None, where a number is expected"),
    ([1, "a", None], [1, "a"], "3 items"),
    ({"W": 1}, {"W": 1, "b": 2}, "lacks the key 'b'"),
    ({"W": 1, "c": 3}, {"W": 1}, "'c' that is not expected"),
    ({"W": 1, "c" * 10**6: 3}, {"W": 1}, "a key 'c{79} that is not expected"),
    ([1], {"W": 1}, "should be a dict"),
    ({"W": 1}, [{"W": 1}], "should be a list"),
    (np.array(["a", "b"]), np.array(["a", "c"]), r"1 of 2 places, first at \[1\]"),
    (np.array(["a"]), np.array([1.0]), "array"),
    (2**70, 2**70 + 1, "not what is expected"),
    ({"a": {"b": np.zeros(2)}}, {"a": {"b": np.zeros(3)}}, r"item \['a'\]\['b'\] has shape"),
]


@pytest.mark.parametrize(("value", "expected", "says"), DIFFERENT)
@pytest.mark.parametrize("measure", MEASURES)
def test_another_structure_never_compares(value, expected, says, measure):
    """Is another shape, type or key a mismatch, said so, and infinitely far away?"""
    comparison = compare(value, expected, measure)
    assert comparison.error == np.inf
    assert re.search(says, comparison.mismatch)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.nan, 1.0),
        (np.nan, np.nan),
        (1.0, np.nan),
        (np.inf, 1.0),
        (1.0, np.inf),
        (np.inf, -np.inf),
        (complex(0, np.nan), complex(0, np.nan)),
        ([1.0, np.nan], [1.0, 2.0]),
    ],
)
def test_what_is_not_finite_is_infinitely_far(value, expected, measure):
    """Does NaN, or inf where it does not belong, fail whatever the threshold?"""
    assert compare(value, expected, measure).error == np.inf
    assert compare(value, expected, measure, round_off=True).error == np.inf


def test_small_integers_do_not_wrap_around():
    """Are unsigned differences taken as numbers?"""
    assert compare(np.array([0], np.uint8), np.array([255], np.uint8), ABSOLUTE).error == 255
    assert compare(np.array([-1]), np.array([2**64 - 1], np.uint64), ABSOLUTE).error > 1e19


def test_large_neighbouring_integers_differ():
    """Do integers that are one float differ nevertheless?"""
    assert compare(np.array([2**53]), np.array([2**53 + 1]), ABSOLUTE).error == 1


class TestRoundOff:
    """Differences that come from the order of additions alone."""

    def test_zero_but_for_rounding(self):
        """Is an entry of 1e-14 beside entries of 1000 as good as 0, where that is asked for?"""
        a, b = np.array([1000.0, 1e-12]), np.array([1000.0, 0.0])
        assert compare(a, b, RELATIVE).error > 1e-5
        assert compare(a, b, RELATIVE, round_off=True).error == 0

    def test_no_real_difference_hides(self):
        """Does a difference of 1e-12 of the largest entry still count?"""
        a, b = np.array([1000.0, 1e-9]), np.array([1000.0, 0.0])
        assert compare(a, b, RELATIVE, round_off=True).error > 1e-2

    def test_an_infinite_entry_excuses_nothing(self):
        """Does an expected inf make all other differences small?"""
        assert compare(np.array([np.inf, 1.0]), np.array([np.inf, 2.0]), RELATIVE, round_off=True).error > 0.3


def test_a_sum_runs_over_all_arrays():
    """Do dicts of arrays add up?"""
    value = {"W": np.array([1.0, 2.0]), "b": 0.5}
    expected = {"W": np.array([1.5, 2.0]), "b": 0.25}
    assert compare(value, expected, SUM).error == 0.75
    assert compare(value, expected, ABSOLUTE).worst.path == "['W']"
