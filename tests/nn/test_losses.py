"""Do the losses compute what they say, and are their gradients the numeric ones?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn.gradient_check import eval_numerical_gradient
from nn.losses import mse_loss, softmax_loss, svm_loss

LOSSES = [mse_loss, softmax_loss, svm_loss]
quick = settings(max_examples=40, deadline=None)


@st.composite
def batches(draw):
    n, classes, seed = draw(st.integers(1, 7)), draw(st.integers(1, 6)), draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    return rng.normal(scale=2, size=(n, classes)), rng.integers(classes, size=n)


def in_loops(loss_function, scores, y):
    """The formulas, one number at a time."""
    n, classes = scores.shape
    total = 0.0
    for i in range(n):
        for j in range(classes):
            if loss_function is mse_loss:
                total += 0.5 * (scores[i, j] - (j == y[i])) ** 2
            elif loss_function is svm_loss and j != y[i]:
                total += max(0.0, scores[i, j] - scores[i, y[i]] + 1)
        if loss_function is softmax_loss:
            total -= np.log(np.exp(scores[i, y[i]]) / sum(np.exp(s) for s in scores[i]))
    return total / n


@pytest.mark.parametrize("loss_function", LOSSES)
@quick
@given(batches())
def test_loss_is_its_formula(loss_function, batch):
    """Is the loss what loops over its formula give?"""
    loss, _ = loss_function(*batch)
    assert isinstance(loss, float)
    assert loss == pytest.approx(in_loops(loss_function, *batch), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("loss_function", LOSSES)
@quick
@given(batches())
def test_gradient_is_the_numeric_one(loss_function, batch):
    """Is the gradient the numeric one, and does the call leave the scores alone?"""
    scores, y = batch
    if loss_function is svm_loss:
        margins = scores - scores[np.arange(len(y)), y][:, None] + 1
        scores = scores + np.where(np.abs(margins) < 1e-3, 1e-2, 0)  # away from the kink
    kept = scores.copy()
    _, dscores = loss_function(scores, y)
    np.testing.assert_array_equal(scores, kept)
    numeric = eval_numerical_gradient(lambda s: loss_function(s, y)[0], scores)
    np.testing.assert_allclose(dscores, numeric, atol=1e-8)


@pytest.mark.parametrize("loss_function", LOSSES)
@quick
@given(batches())
def test_float32_stays_float32(loss_function, batch):
    """Do float32 scores give a float32 gradient that agrees with the one in float64?"""
    scores, y = batch
    loss, dscores = loss_function(scores.astype(np.float32), y)
    assert dscores.dtype == np.float32
    scores = scores.astype(np.float32).astype(np.float64)
    expected, expected_dscores = loss_function(scores, y)
    assert loss == pytest.approx(expected, rel=1e-4, abs=1e-5)
    np.testing.assert_allclose(dscores, expected_dscores, atol=1e-5)


def test_softmax_of_huge_scores_is_finite():
    """Does the log-sum-exp form hold where the exponentials overflow or the probability is 0?"""
    scores = np.array([[1e4, 0.0, -1e4], [0.0, 1e4, 0.0]])
    loss, dscores = softmax_loss(scores, np.array([2, 1]))
    assert loss == pytest.approx(1e4)
    np.testing.assert_allclose(dscores, [[0.5, 0, -0.5], [0, 0, 0]], atol=1e-12)


def test_softmax_of_rows_of_different_size():
    """Is a row of small scores not lost beside one of large scores?"""
    small, large = np.array([[0.0, 1.0]]), np.array([[1e4, 1e4]])
    loss, _ = softmax_loss(np.concatenate([small, large]), np.array([0, 1]))
    assert loss == pytest.approx((np.log(1 + np.e) + np.log(2)) / 2)


@pytest.mark.parametrize("loss_function", LOSSES)
@pytest.mark.parametrize(
    ("scores", "y", "error", "message"),
    [
        (np.ones((4, 3)), np.array([0, 1, 3, 0]), ValueError, r"y: received label 3 at \[2\].*\(4,\).*< 3.*\(4, 3\)"),
        (np.ones((4, 3)), np.array([0, -1, 2, 0]), ValueError, r"y: received label -1 at \[1\].*\(4, 3\)"),
        (np.ones((4, 3)), np.array([0, 1]), ValueError, r"y: received shape \(2,\), expected \(4,\).*\(4, 3\)"),
        (np.ones((4, 3)), np.zeros((4, 1), int), ValueError, r"y: received shape \(4, 1\), expected \(4,\)"),
        (np.ones((4, 3)), np.zeros(4), TypeError, r"y: received dtype float64 in shape \(4,\), expected integers"),
        (np.ones((4, 3), int), np.zeros(4, int), TypeError, r"scores: received dtype int64.*expected floats"),
        (np.ones(4), np.zeros(4, int), ValueError, r"scores: received shape \(4,\), expected \(N, C\)"),
        (np.ones((0, 3)), np.zeros(0, int), ValueError, r"scores: received shape \(0, 3\), an empty batch"),
        (np.array([[1, np.nan]]), np.zeros(1, int), ValueError, r"scores: received nan at \[0, 1\].*\(1, 2\)"),
        (np.array([[np.inf, 0]]), np.zeros(1, int), ValueError, r"scores: received inf at \[0, 0\].*\(1, 2\)"),
    ],
)
def test_bad_input_is_named(loss_function, scores, y, error, message):
    """Does the error name the argument and both shapes?"""
    with pytest.raises(error, match=message):
        loss_function(scores, y)
