"""Does the two-layer net compute, learn and refuse what it should? (Its figures are in test_reference_figures.)"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn.gradient_check import eval_numerical_gradient
from nn.losses import mse_loss, softmax_loss, svm_loss
from nn.neural_net import TwoLayerNet

small = st.integers(1, 6)


def net_and_batch(seed, n, d, h, c, loss_function=softmax_loss, dtype=np.float64):
    np.random.seed(seed)
    net = TwoLayerNet(d, h, c, std=0.5, loss_function=loss_function, dtype=dtype)
    net.params["b1"] += (1 + np.arange(h) / 7).astype(dtype)
    return net, np.random.randn(n, d).astype(dtype), np.random.randint(c, size=n)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    small,
    small,
    small,
    small,
    st.sampled_from([0.0, 0.3]),
    st.sampled_from([mse_loss, softmax_loss]),
)
def test_gradients_are_the_numeric_ones(seed, n, d, h, c, reg, loss_function):
    """Are all gradients the numeric ones, on any shape, for both losses, in both precisions?"""
    net, X, y = net_and_batch(seed, n, d, h, c, loss_function)
    if np.abs(X @ net.params["W1"].T + net.params["b1"]).min() < 1e-3:
        net.params["b1"] += 5  # away from the kink of ReLU
    loss, grads = net.loss(X, y, reg=reg)
    assert grads.keys() == net.params.keys()
    for name, value in net.params.items():
        numeric = eval_numerical_gradient(lambda _: net.loss(X, y, reg=reg)[0], value)
        np.testing.assert_allclose(grads[name], numeric, atol=1e-7)

    single = TwoLayerNet(d, h, c, loss_function=loss_function, dtype=np.float32)
    single.params = {name: value.astype(np.float32) for name, value in net.params.items()}
    loss32, grads32 = single.loss(X.astype(np.float32), y, reg=np.float64(reg))
    assert isinstance(loss, float)
    assert isinstance(loss32, float)
    assert loss32 == pytest.approx(loss, rel=1e-3, abs=1e-4)
    for name, gradient in grads32.items():
        assert gradient.dtype == np.float32
        np.testing.assert_allclose(gradient, grads[name], atol=2e-3 * max(1, np.abs(grads[name]).max()))


def test_weights_are_drawn_from_the_global_stream():
    """Are W1 and W2 drawn in this order, so that a seed set outside repeats them and the stream goes on?"""
    np.random.seed(3)
    net = TwoLayerNet(4, 10, 3, std=0.1)
    rest = np.random.rand()
    np.random.seed(3)
    np.testing.assert_array_equal(net.params["W1"], 0.1 * np.random.randn(10, 4))
    np.testing.assert_array_equal(net.params["W2"], 0.1 * np.random.randn(3, 10))
    assert rest == np.random.rand()
    assert not net.params["b1"].any()
    assert not net.params["b2"].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss_function", [mse_loss, softmax_loss, svm_loss])
def test_training_learns_and_keeps_the_precision(loss_function, dtype):
    """Does training separate three clouds, with histories of the right lengths?"""
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=240)
    X = (np.eye(3)[y] * 3 + rng.normal(scale=0.5, size=(240, 3))).astype(dtype)
    np.random.seed(0)
    net = TwoLayerNet(3, 20, 3, std=0.1, loss_function=loss_function, dtype=dtype)
    settings = {"learning_rate": np.float64(0.2), "learning_rate_decay": np.float64(0.98), "num_iters": 200}
    stats = net.train(X[:200], y[:200], X[200:], y[200:], batch_size=40, **settings)
    assert len(stats["loss_history"]) == 200
    assert len(stats["train_acc_history"]) == len(stats["val_acc_history"]) == 40
    assert stats["loss_history"][-1] < 0.3 * stats["loss_history"][0]
    assert (
        stats["val_acc_history"][-1] == np.mean(net.predict(X[200:]) == y[200:]) or stats["val_acc_history"][-1] > 0.9
    )
    assert np.mean(net.predict(X) == y) > 0.95
    assert all(value.dtype == dtype for value in net.params.values())


def test_accuracies_are_noted_once_an_epoch(reference):
    """Does an epoch end after N // batch_size steps, also where the batch size does not divide N?"""
    net, X, y = net_and_batch(0, 490, 2, 3, 2)  # a hundredth of CIFAR-10's training set and batches
    for batch_size, entries in reference["cifar"]["decay_period"]["int N//bs"].items():
        stats = net.train(X, y, X[:2], y[:2], num_iters=1000, batch_size=int(batch_size) // 100, learning_rate=0)
        assert len(stats["val_acc_history"]) == len(stats["train_acc_history"]) == entries


def test_accuracies_are_of_the_batch_and_of_the_validation_set():
    """Is the training accuracy that of the current batch, and the other that of the validation set, after the step?"""
    net, X, y = net_and_batch(0, 60, 4, 5, 3)
    X_val, y_val = X[:7] + 1, (y[:7] + 1) % 3
    np.random.seed(2)
    stats = net.train(X, y, X_val, y_val, num_iters=1, batch_size=8, learning_rate=0.1)
    np.random.seed(2)
    batch = np.random.choice(60, 8)
    assert stats["train_acc_history"] == [np.mean(net.predict(X[batch]) == y[batch])]
    assert stats["val_acc_history"] == [np.mean(net.predict(X_val) == y_val)]


def test_predict_gives_the_class_of_the_largest_score():
    """Is the prediction the class of the largest score, the first of equal ones?"""
    net, X, _ = net_and_batch(0, 5, 2, 3, 4)
    np.testing.assert_array_equal(net.predict(X), net.loss(X).argmax(axis=1))
    for value in net.params.values():
        value[...] = 0
    np.testing.assert_array_equal(net.predict(X), np.zeros(5))


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_divergence_is_said_and_a_search_goes_on():
    """Does a learning rate that is far too large end with a warning, histories and usable predictions?"""
    net, X, y = net_and_batch(0, 50, 4, 5, 3, mse_loss)
    with pytest.warns(RuntimeWarning, match=r"training diverged at iteration \d+ of 500: lower learning_rate"):
        stats = net.train(X, y, X, y, learning_rate=1e3, num_iters=500, batch_size=10)
    assert 1 <= len(stats["loss_history"]) < 500
    assert len(stats["val_acc_history"]) >= 1
    assert net.predict(X).shape == (50,)


def test_verbose_prints_every_hundredth_loss(capsys):
    """Is progress printed on demand, and nothing otherwise?"""
    net, X, y = net_and_batch(0, 5, 2, 3, 4)
    net.train(X, y, X, y, num_iters=201, verbose=True)
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        "iteration 0 / 201",
        "iteration 100 / 201",
        "iteration 200 / 201",
    ]
    net.train(X, y, X, y, num_iters=3)
    assert capsys.readouterr().out == ""


X, Y = np.ones((5, 4)), np.array([0, 1, 2, 2, 1])
NAN = np.where(np.arange(20).reshape(5, 4) == 6, np.nan, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda net: net.loss(np.ones((5, 3))),
            r"X: received shape \(5, 3\), expected \(N, 4\) to fit W1 of shape \(10, 4\)",
        ),
        (lambda net: net.loss(np.ones((5, 2, 2))), r"X: received shape \(5, 2, 2\), expected \(N, 4\)"),
        (lambda net: net.loss(np.ones((0, 4))), r"X: received shape \(0, 4\), an empty batch"),
        (lambda net: net.loss(NAN), r"X: received nan at \[1, 2\], 1 such values in shape \(5, 4\)"),
        (lambda net: net.loss(X, Y[:3]), r"y: received shape \(3,\), expected \(5,\) to fit scores of shape \(5, 3\)"),
        (lambda net: net.loss(X, Y + 1), r"y: received label 3 at \[2\].*scores of shape \(5, 3\)"),
        (lambda net: net.predict(np.ones((5, 3))), r"X: received shape \(5, 3\)"),
        (
            lambda net: net.train(X, Y[:2], X, Y),
            r"y: received shape \(2,\), expected \(5,\) to fit X of shape \(5, 4\)",
        ),
        (lambda net: net.train(X, Y, X[:, :2], Y), r"X_val: received shape \(5, 2\), expected \(N, 4\)"),
        (lambda net: net.train(X, Y, X, Y[:1]), r"y_val: received shape \(1,\), expected \(5,\)"),
        (lambda net: net.train(X, Y, X, Y, batch_size=0), r"batch_size: received 0, expected a whole number >= 1"),
        (lambda net: net.train(NAN, Y, X, Y), r"X: received nan at \[1, 2\]"),
    ],
)
def test_bad_input_is_named(call, message):
    """Does the error name the argument and both shapes?"""
    with pytest.raises(ValueError, match=message):
        call(TwoLayerNet(4, 10, 3))
