"""`autograder.expect.taken`: what other types than numbers, texts, lists and arrays count as."""

import datetime
import heapq
import itertools
from collections import defaultdict, deque
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from autograder import expect
from autograder.expect.evidence import decode, encode
from autograder.expect.taken import taken

TABLE = pd.DataFrame({"a": [1, 2], "b": [0.5, np.nan]}, index=["x", "y"])
TAKEN = {
    "table": (TABLE, np.array([[1.0, 0.5], [2.0, np.nan]])),
    "column": (TABLE.a, np.array([1, 2])),
    "column with integers missing": (pd.Series([1, None], dtype="Int64"), np.array([1.0, np.nan])),
    "index": (TABLE.index, ["x", "y"]),
    "index of numbers": (pd.Index([3, 1]), np.array([3, 1])),
    "pairs of labels": (pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]), [("a", 1), ("b", 2)]),
    "texts and numbers": (pd.DataFrame({"city": ["Ulm"], "mm": [3.5]}), [["Ulm", 3.5]]),
    "categories": (pd.Series(["u", "v"], dtype="category"), ["u", "v"]),
    "missing": ([pd.NA, 1], [np.nan, 1]),
    "dates in a column": (pd.Series(pd.to_datetime(["2026-03-01"])), ["2026-03-01"]),
    "objects in an array": (np.array(["b", None], dtype=object), ["b", None]),
    "dates in an array": (np.array(["2026-03-01"], dtype="M8[D]"), ["2026-03-01"]),
    "moments": (pd.Timestamp("2026-03-01 12:30"), "2026-03-01T12:30:00"),
    "durations": ([pd.Timedelta("1D"), np.timedelta64(90, "m")], ["1 day, 0:00:00", "1:30:00"]),
    "date": (datetime.date(2026, 3, 1), "2026-03-01"),
    "dates as keys": ({datetime.date(2026, 3, 1): 1}, {"2026-03-01": 1}),
    "set": ({3, 1, 2}, [1, 2, 3]),
    "set of several types": (frozenset({1, "a"}), ["a", 1]),
    "generator": ((n * n for n in range(3)), [0, 1, 4]),
    "merged": (heapq.merge([1, 4], [2]), [1, 2, 4]),
    "pairs": (zip([1, 2], "ab", strict=True), [(1, "a"), (2, "b")]),
    "some of an endless iterator": (itertools.islice(itertools.count(), 2), [0, 1]),
    "views": ([{"a": 1}.keys(), {"a": 1}.values(), {"a": 1}.items()], [["a"], [1], [("a", 1)]]),
    "range": (range(2), [0, 1]),
    "queue": (deque([1]), [1]),
    "fractions": ((Fraction(1, 4), Decimal("0.5")), (0.25, 0.5)),
    "deep inside": (defaultdict(set, {"a": {2, 1}}), {"a": [1, 2]}),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_other_types_count_as(name):
    """Is a value of a type that is no evidence made plain?"""
    value, wanted = TAKEN[name]
    assert repr(decode(encode(taken(value)))) == repr(wanted)


def test_a_students_class_is_left_alone():
    """Is no method of a class called that only resembles a known type?"""

    class Mine(pd.Series):
        def to_numpy(self, *args, **options):
            raise RuntimeError("a method of a student's object was called")

        __iter__ = to_numpy

    value = Mine([1.0])
    assert taken(value) is value


RIGHT = {
    "an array for a table": (TABLE, TABLE.to_numpy()),
    "a table for an array": (np.ones((2, 2)), pd.DataFrame(np.ones((2, 2)))),
    "a list for a column of texts": (pd.Series(["a", "b"]), ["a", "b"]),
    "texts in an array for a list": (["a", "b"], np.array(["a", "b"])),
    "a list for texts in an array": (np.array(["a", "b"]), ["a", "b"]),
    "a generator for a list": ([1, 2], (n for n in (1, 2))),
    "NaN where a value is missing": (np.array([1.0, np.nan]), [1.0, float("nan")]),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_values_of_another_type_pass(bench, name):
    """Does the same content earn everything, whichever of these types it has, and is a generator read once?"""
    solution, value = RIGHT[name]
    verdict = bench.grade(lambda: expect.same(solution, name="it"), lambda: expect.same(value, name="it"))
    assert verdict.credit == 1


WRONG = {
    "another order of texts": (["a", "b"], np.array(["b", "a"])),
    "NaN where a number belongs": (np.array([1.0, np.nan]), [np.nan, np.nan]),
    "a number where one is missing": (np.array([1.0, np.nan]), [1.0, 2.0]),
    "another column": (TABLE.a, TABLE.b),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_values_of_another_type_fail(bench, name):
    """Does other content fail in these types too?"""
    solution, value = WRONG[name]
    assert bench.grade(lambda: expect.same(solution), lambda: expect.same(value)).credit == 0


def test_nan_is_told_only_where_it_is_wrong(bench):
    """Is a missing value that belongs there not taken for the cause of another wrong value?"""
    right = np.array([1.25, np.nan, 2.5, 3.125])
    verdict = bench.grade(lambda: expect.same(right), lambda: expect.same(right + np.array([0, 0, 1, 0])))
    assert "NaN" not in " ".join(verdict.lines)
