"""Are the losses of linear classifiers and their gradients right, and bad input named?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn.gradient_check import eval_numerical_gradient
from nn.linear_classifier import (
    LinearClassifier,
    LinearSVM,
    linear_loss,
    softmax_loss_naive,
    softmax_loss_vectorized,
    svm_loss_naive,
    svm_loss_vectorized,
)
from nn.losses import mse_loss

LOSSES = [svm_loss_naive, svm_loss_vectorized, softmax_loss_naive, softmax_loss_vectorized]
ONES = np.ones


@given(st.integers(1, 4), st.integers(1, 5), st.integers(2, 4), st.sampled_from([0.0, 0.7]), st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_gradients_are_the_numeric_ones(number, features, classes, reg, seed):
    """For any sizes: both ways the same, and the gradient that of the loss?"""
    random = np.random.RandomState(seed)
    W, X, y = random.randn(features, classes), random.randn(number, features), random.randint(0, classes, number)
    for loss_function in LOSSES:
        _, dW = loss_function(W, X, y, reg)
        numeric = eval_numerical_gradient(lambda W, f=loss_function: f(W, X, y, reg)[0], W)
        np.testing.assert_allclose(dW, numeric, rtol=1e-5, atol=1e-6)
    for naive, fast in (LOSSES[:2], LOSSES[2:]):
        one, other = naive(W, X, y, reg), fast(W, X, y, reg)
        np.testing.assert_allclose(one[0], other[0], rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(one[1], other[1], rtol=1e-9, atol=1e-12)


def test_losses_by_hand():
    """Two examples, two classes, worked out on paper?"""
    W, X, y = np.array([[1.0, 0.0], [0.0, 2.0]]), np.eye(2), np.array([0, 0])
    # scores (1, 0) and (0, 2), so margins 0 and 3: loss 1.5; and 0.2 / 2 * (1 + 4) for the weights
    loss, dW = svm_loss_naive(W, X, y, 0.2)
    assert loss == pytest.approx(1.5 + 0.5)
    np.testing.assert_allclose(dW, np.array([[0, 0], [-0.5, 0.5]]) + 0.2 * W)
    loss, _ = softmax_loss_vectorized(W, X, y, 0.0)
    assert loss == pytest.approx(0.5 * (np.log(1 + np.exp(-1)) + np.log(1 + np.exp(2))))
    loss, _ = linear_loss(W, X, y, 0.0, mse_loss)
    assert loss == pytest.approx(0.25 * (0 + 1 + 4))


@pytest.mark.parametrize("loss_function", LOSSES)
def test_large_scores_stay_finite(loss_function):
    """Does a score of 1000 give a finite loss and gradient?"""
    loss, dW = loss_function(np.array([[1000.0, 0.0]]), ONES((1, 1)), np.array([1]), 0.0)
    assert loss == pytest.approx(1001 if "svm" in loss_function.__name__ else 1000)
    np.testing.assert_allclose(dW, [[1, -1]])


def test_nothing_is_changed():
    """Are the arguments the same after the calls?"""
    random = np.random.RandomState(0)
    W, X, y = random.randn(3, 2), random.randn(4, 3), random.randint(0, 2, 4)
    kept = W.copy(), X.copy(), y.copy()
    for loss_function in LOSSES:
        loss_function(W, X, y, 0.1)
    for now, before in zip((W, X, y), kept, strict=True):
        np.testing.assert_array_equal(now, before)


def test_a_run_that_diverges_stops_with_a_warning():
    """Does a learning rate that is far too large end early, and predict still answer?"""
    random = np.random.RandomState(0)
    X, y = 100 * random.randn(50, 4), random.randint(0, 3, 50)
    classifier = LinearSVM()
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match=r"training diverged at iteration \d+ of 500"):
        history = classifier.train(X, y, learning_rate=1e3, reg=1e3, num_iters=500)
    assert len(history) < 500
    with np.errstate(all="ignore"):
        assert classifier.predict(X).shape == (50,)


def test_training_continues_and_draws_once():
    """Does a second call go on from the weights there are?"""
    random = np.random.RandomState(0)
    X, y = random.randn(30, 4), random.randint(0, 3, 30)
    np.random.seed(0)
    whole, parts = LinearClassifier(), LinearClassifier()
    whole.train(X, y, num_iters=6, batch_size=5)
    np.random.seed(0)
    parts.train(X, y, num_iters=4, batch_size=5)
    parts.train(X, y, num_iters=2, batch_size=5)
    np.testing.assert_array_equal(parts.W, whole.W)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: svm_loss_naive(ONES((3, 2)), ONES((4, 5)), ONES(4, int), 0), ValueError, r"W: .*expected \(5, C\)"),
        (lambda: svm_loss_naive(ONES((3, 2)), ONES((4, 3)), ONES(3, int), 0), ValueError, r"y: .*expected \(4,\)"),
        (lambda: svm_loss_naive(ONES((3, 2)), ONES((4, 3)), ONES(4), 0), TypeError, r"y: received dtype float64"),
        (lambda: softmax_loss_naive(ONES((3, 2)), ONES((4, 3)), 2 * ONES(4, int), 0), ValueError, r"label 2 .*< 2"),
        (lambda: softmax_loss_vectorized(ONES((3, 2)), ONES((0, 3)), ONES(0, int), 0), ValueError, r"an empty batch"),
        (lambda: LinearSVM().predict(ONES((4, 3))), ValueError, r"W: there are no weights yet: call train"),
        (lambda: LinearSVM().train(ONES((4, 3)), ONES(4, int), batch_size=0), ValueError, r"batch_size: received 0"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, message):
    """Does the error name the argument, what was received and what was expected?"""
    with pytest.raises(error, match=message):
        call()
