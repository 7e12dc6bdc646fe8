"""Marks of values, and the steps of a run as bytes: equal values have equal marks; nothing else is read as steps."""

import numpy as np
import pytest

from autograder.expect.evidence import EvidenceError, encode
from autograder.expect.steps import CallRun, RunStep, StepRun, ValueMark, mark_of, pack_run, unpack_run

X = np.random.default_rng(1).normal(size=(4, 3))


def mark(value) -> ValueMark:
    found = mark_of(value)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (X, X * (1 + 1e-13)),
        (X.sum(axis=0), X.sum(axis=0, keepdims=True)),
        (X, X.tolist()),
        (X[0, 0], float(X[0, 0])),
        (X, X.astype(np.float32)),
        ({"a": X, "b": 1}, {"b": 1, "a": X}),
        ({"x", "y"}, {"y", "x"}),
        (np.array([1.5, np.nan]), np.array([1.5, np.nan])),
    ],
)
def test_the_same_value_has_the_same_mark(one, other):
    """Do round-off, axes of length 1, precision and the kind of container make no difference?"""
    assert mark(one).equals(mark(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (X, X.T),
        (X, X[::-1]),
        (X, 1.0001 * X),
        (X, -X),
        (X, X[:, :2]),
        ("bridge", "bridges"),
        (["ab", "c"], ["a", "bc"]),
        ({"a": 1.25}, {"b": 1.25}),
        (np.array([1.5, np.nan]), np.array([1.5, np.inf])),
    ],
)
def test_another_value_has_another_mark(one, other):
    """Are order, sign, scale, shape, texts and keys told apart?"""
    assert not mark(one).equals(mark(other))


@pytest.mark.parametrize(
    ("value", "tells"),
    [
        *[(None, 0), (0, 0), (1, 0), (True, 0), (np.zeros((3, 4)), 0), (np.ones(5), 0), ([], 0), ("", 0)],
        *[(7, 1), ("ab", 1), ([1, 2], 1), (0.5, 1)],
        *[(X, 3), (0.123456, 3), (103.37, 2), ("the longest word", 2), ({"the": 3, "dog": 2}, 2)],
    ],
)
def test_how_much_a_value_tells(value, tells):
    """Is a value that equals others by chance known as such?"""
    assert mark(value).tells == tells


def test_what_has_no_mark():
    """Do objects, functions and endless containers give none?"""
    endless: list = []
    endless.append(endless)
    assert [mark_of(one) for one in (object(), len, endless, [object()])] == [None] * 4


STEP = RunStep(3, "self.mean", ("x", "config['v']"), mark(X), takes=True, loop=2, test=1, skipped=True, tests=("y",))
RUN = StepRun(
    (
        CallRun(
            "Net.loss", "cell", 1, 9, arguments=(("x", mark(X)), ("self", None)), steps=(STEP,), returns=9, needs=("x",)
        ),
        CallRun(
            "mean",
            "lab/tools.py",
            4,
            6,
            0,
            3,
            items=(("", mark(2.5)),),
            others=(mark(X[0]),),
            parts=(mark(X[0, 0]),),
            ended=False,
            test=3,
            loops=((4, 6),),
            changed=("x",),
        ),
    )
)


def test_a_run_is_read_as_it_was_written():
    """Do all parts of a run come back, and in single precision nearly so?"""
    assert unpack_run(pack_run(RUN)) == RUN
    nearly = unpack_run(pack_run(RUN, single=True)).calls[0].steps[0].mark
    assert nearly is not None
    assert nearly.equals(mark(X), 3e-7)


def call(**changed) -> tuple:
    """A call as its bytes have it."""
    parts = {
        "function": "f", "where": "cell", "first": 1, "last": 2, "caller": -1, "at": 0, "returns": 2, "ended": True,
        "needs": "", "arguments": [], "steps": [], "items": [], "others": (0, 0), "parts": (0, 0),
        "test": 0, "loops": (), "changed": "",
    }  # fmt: skip
    return tuple((parts | changed).values())


def step(**changed) -> tuple:
    parts = {"line": 1, "label": "x", "loads": "", "mark": 0, "flags": 0, "loop": 0, "test": 0, "tests": ""}
    return tuple((parts | changed).values())


def packed(calls, number=0.0) -> bytes:
    return encode((calls, np.full((1, 3), number), np.zeros(1, np.uint32), np.ones(1, np.uint8), False))


def test_a_forged_call_that_is_well_formed_is_read():
    """Is what follows refused for what is wrong with it, and not for its form?"""
    assert unpack_run(packed([call(steps=[step()])])).calls[0].steps[0].label == "x"


@pytest.mark.parametrize(
    "forged",
    [
        b"",
        b"garbage",
        pack_run(RUN)[:-1],
        encode(1),
        encode(([], 1, 2, 3)),
        packed([call()] * 61),
        packed([call(steps=[step()] * 500)]),
        packed([call(function="f\x1b[31m")]),
        packed([call(function="f" * 100)]),
        packed([call(function="<b>")]),
        packed([call(where="a\nb")]),
        packed([call(first=-1)]),
        packed([call(last=10**9)]),
        packed([call(caller=0)]),
        packed([call(caller=5)]),
        packed([call(others=(0, 10**6))]),
        packed([call(steps=[step(line="1")])]),
        packed([call(steps=[step(line=-3)])]),
        packed([call(steps=[step(label="x` <script>")])]),
        packed([call(steps=[step(label="x\x07")])]),
        packed([call(steps=[step(label=7)])]),
        packed([call(steps=[step(loads="a|`b`")])]),
        packed([call(steps=[step(mark=1)])]),
        packed([call(steps=[step(mark=-1)])]),
        packed([call(steps=[step(flags=9)])]),
        packed([call(steps=[(1, 2)])]),
        packed([call(items=[("a b", 0)])]),
        packed([call(arguments=[("x", 0)] * 100)]),
        packed([call()], number=np.nan),
        packed([call()], number=np.inf),
    ],
)
def test_forged_steps_are_refused(forged):
    """Are names, lines and numbers that no run has turned away, whatever they are?"""
    with pytest.raises(EvidenceError):
        unpack_run(forged)
