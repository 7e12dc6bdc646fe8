"""Do the modular nets compute what they say, in every combination of their parts?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn.fc_net import FullyConnectedNet, TwoLayerNet
from nn.gradient_check import eval_numerical_gradient

small = st.integers(2, 5)


def kink_distance(net, X):
    """How near any hidden value of a plain net comes to the kink of ReLU."""
    nearest, out = np.inf, X.reshape(len(X), -1)
    for i in range(1, net.num_layers):
        a = out @ net.params[f"W{i}"] + net.params[f"b{i}"]
        nearest, out = min(nearest, np.abs(a).min()), np.maximum(0, a)
    return nearest


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(small, min_size=0, max_size=3),
    small,
    st.sampled_from([None, "batchnorm", "layernorm"]),
    st.sampled_from([1, 0.7]),
    st.sampled_from([0.0, 0.5]),
)
def test_gradients_are_the_numeric_ones(seed, hidden_dims, n, normalization, keep, reg):
    """Are all gradients the numeric ones, with any depth, normalisation, dropout and regularisation?"""
    np.random.seed(seed)
    net = FullyConnectedNet(
        hidden_dims,
        input_dim=6,
        num_classes=3,
        dropout_keep_ratio=keep,
        normalization=normalization,
        reg=reg,
        weight_scale=0.5,
        dtype=np.float64,
        seed=11,
    )
    for i in range(1, net.num_layers):  # hidden values stay on the bright side of the kink of ReLU
        net.params[f"beta{i}" if normalization else f"b{i}"] += 8.0
    X, y = np.random.randn(n, 2, 3), np.random.randint(3, size=n)
    _, grads = net.loss(X, y)
    assert grads.keys() == net.params.keys()
    for name, value in net.params.items():
        assert grads[name].shape == value.shape
        numeric, finer = (eval_numerical_gradient(lambda _: net.loss(X, y)[0], value, h=h) for h in (1e-5, 5e-6))
        # where nearly equal values are normalised, the loss bends so much that the numeric gradient is off itself
        bound = 1e-6 * max(1, np.abs(numeric).max()) + 3 * np.abs(numeric - finer).max()
        assert np.abs(grads[name] - numeric).max() <= bound, name


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), small, small, small, st.sampled_from([0.0, 0.5]))
def test_two_layer_net_is_the_full_net_with_one_hidden_layer(seed, n, h, c, reg):
    """Do both classes give the same scores, loss and gradients with the same weights?"""
    np.random.seed(seed)
    two = TwoLayerNet(input_dim=6, hidden_dim=h, num_classes=c, weight_scale=0.3, reg=reg)
    full = FullyConnectedNet([h], input_dim=6, num_classes=c, reg=reg, dtype=np.float64)
    full.params = two.params
    X, y = np.random.randn(n, 6), np.random.randint(c, size=n)
    np.testing.assert_allclose(two.loss(X), full.loss(X), rtol=1e-13)
    (loss, grads), (expected, expected_grads) = two.loss(X, y), full.loss(X, y)
    assert loss == pytest.approx(expected, rel=1e-13)
    for name, gradient in expected_grads.items():
        np.testing.assert_allclose(grads[name], gradient, rtol=1e-13)


def test_gradient_beside_the_kink():
    """Is the gradient right where some hidden units are off?"""
    np.random.seed(1)
    net = FullyConnectedNet([6, 5], input_dim=4, num_classes=3, weight_scale=0.8, reg=0.1, dtype=np.float64)
    X, y = np.random.randn(5, 4), np.array([0, 1, 2, 1, 0])
    assert kink_distance(net, X) > 1e-4
    _, grads = net.loss(X, y)
    for name, value in net.params.items():
        numeric = eval_numerical_gradient(lambda _: net.loss(X, y)[0], value)
        np.testing.assert_allclose(grads[name], numeric, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("normalization", [None, "batchnorm", "layernorm"])
def test_the_net_computes_in_its_dtype(dtype, normalization):
    """Are scores and gradients in the precision asked for, whatever the data's?"""
    net = FullyConnectedNet(
        [5, 4],
        input_dim=6,
        num_classes=3,
        dropout_keep_ratio=0.5,
        normalization=normalization,
        reg=np.float64(0.1),
        dtype=dtype,
    )
    X, y = np.random.default_rng(0).normal(size=(7, 6)), np.zeros(7, int)
    loss, grads = net.loss(X, y)
    assert isinstance(loss, float)
    assert net.loss(X).dtype == dtype
    assert {gradient.dtype for gradient in grads.values()} == {np.dtype(dtype)}
    assert {value.dtype for value in net.params.values()} == {np.dtype(dtype)}


def test_parameters_have_the_fields_names_and_shapes():
    """Are the parameters those that code written for this net expects, drawn in layer order?"""
    np.random.seed(5)
    net = FullyConnectedNet(
        [4, 3], input_dim=6, num_classes=2, normalization="batchnorm", weight_scale=0.1, dtype=np.float64
    )
    assert {name: value.shape for name, value in net.params.items()} == {
        "W1": (6, 4), "b1": (4,), "gamma1": (4,), "beta1": (4,),
        "W2": (4, 3), "b2": (3,), "gamma2": (3,), "beta2": (3,),
        "W3": (3, 2), "b3": (2,),
    }  # fmt: skip
    np.random.seed(5)
    for name, shape in (("W1", (6, 4)), ("W2", (4, 3)), ("W3", (3, 2))):
        np.testing.assert_array_equal(net.params[name], 0.1 * np.random.randn(*shape))
    assert np.all(net.params["gamma1"] == 1)
    assert not net.params["beta2"].any()
    assert len(net.bn_params) == 2


def test_scores_are_computed_in_testing_mode():
    """Are scores without labels free of dropout and of the batch they come in?"""
    np.random.seed(0)
    net = FullyConnectedNet(
        [8], input_dim=6, num_classes=3, dropout_keep_ratio=0.5, normalization="batchnorm", dtype=np.float64
    )
    X, y = np.random.randn(10, 6), np.random.randint(3, size=10)
    for _ in range(5):
        net.loss(X, y)
    np.testing.assert_allclose(net.loss(X)[:1], net.loss(X[:1]), rtol=1e-12)


def test_without_dropout_no_random_numbers_are_drawn():
    """Does a keep ratio of 1 leave the global stream to the batches, so that published runs come out?"""
    net = FullyConnectedNet([5], input_dim=4, num_classes=3)
    np.random.seed(3)
    net.loss(np.ones((2, 4)), np.array([0, 1]))
    after = np.random.rand()
    np.random.seed(3)
    assert after == np.random.rand()


def test_dropout_makes_the_loss_random_unless_seeded():
    """Do dropout masks differ from call to call, and repeat with a seed?"""
    X, y = np.random.default_rng(0).normal(size=(20, 6)), np.zeros(20, int)
    for seed, repeats in ((None, False), (4, True)):
        np.random.seed(0)
        net = FullyConnectedNet(
            [50], input_dim=6, num_classes=3, dropout_keep_ratio=0.5, weight_scale=0.5, dtype=np.float64, seed=seed
        )
        assert (net.loss(X, y)[0] == net.loss(X, y)[0]) == repeats


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: FullyConnectedNet([3], normalization="batch"), r"normalization: received 'batch', expected"),
        (lambda: FullyConnectedNet([3], dropout_keep_ratio=0), r"dropout_keep_ratio: received 0"),
        (lambda: TwoLayerNet(4, 3, 2).loss(np.ones((2, 5))), r"w: .*\(4, 3\), expected \(5, M\).*\(2, 5\)"),
        (lambda: TwoLayerNet(4, 3, 2).loss(np.ones((2, 4)), np.array([0, 2])), r"y: received label 2 at \[1\]"),
        (lambda: TwoLayerNet(4, 3, 2).loss(np.ones((0, 4))), r"X: received shape \(0, 4\), an empty batch"),
        (lambda: TwoLayerNet(4, 3, 2).loss(np.full((1, 4), np.nan)), r"X: received nan at \[0, 0\]"),
        (lambda: FullyConnectedNet([3], 4, 2).loss(np.ones(4)), r"X: received shape \(4,\), expected \(N, \.\.\.\)"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, message):
    """Does the error name the argument and both shapes?"""
    with pytest.raises(ValueError, match=message):
        call()
