"""Functions that may be called for one submission after the other."""

import numpy as np
import pytest

from autograder.expect.harmless import is_harmless

LIMIT = 3.0
SEEN: list = []


def double(x):
    return 2 * x


def closed_over(value):
    return lambda v: v < value


@pytest.mark.parametrize(
    "function",
    [
        lambda v: v == 25.0,
        lambda v: 0 < v < LIMIT,
        lambda v: double(v) > 1 and v.shape == (3, 4),
        lambda params, X: np.argmax(X @ params["W"] + params["b"], axis=1),
        lambda v: isinstance(v, np.ndarray) and bool(np.all(v > 0)) and v.dtype == np.float64,
        closed_over(2.0),
    ],
)
def test_harmless(function):
    """Is what only computes with its arguments known to leave nothing behind?"""
    assert is_harmless(function)


def counts(v):
    global LIMIT
    LIMIT = v
    return True


def shifts(params, X):
    X -= X.mean()
    return X


def sets(params, X):
    X[0] = 1
    return X


def again(v):
    return again(v)


def loops(v):
    while v > 0:
        v = v - 1
    return True


@pytest.mark.parametrize(
    "function",
    [
        lambda v: SEEN.append(v) or True,
        lambda v: v in SEEN,
        lambda v: np.random.normal() < v,
        lambda params, X: np.exp(X, X),
        lambda params, X: np.add(X, 1, X),
        lambda params, X: np.sum(X, out=X),
        lambda v: v.sort() is None,
        lambda v: __import__("os").getpid() == v,
        lambda v: setattr(v, "x", 1),
        closed_over(SEEN),
        counts,
        shifts,
        sets,
        again,
        loops,
        print,
        np.isfinite,
    ],
)
def test_not_harmless(function):
    """Does whatever could change, keep or find something count as harmful?"""
    assert not is_harmless(function)
