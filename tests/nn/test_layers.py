"""Do the layers compute what they say, with the gradients of numeric checks, on any shape and in both precisions?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn import layer_utils, layers
from nn.gradient_check import eval_numerical_gradient_array, rel_error

quick = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 5)
batch_sizes = st.integers(2, 6)
dtypes = st.sampled_from([np.float32, np.float64])


def away_from_kinks(rng, *shape):
    """Numbers that a step of 1e-5 carries over no kink at 0."""
    x = rng.normal(size=shape)
    return np.where(np.abs(x) < 1e-2, 0.5, x)


def check_gradients(forward, backward, inputs, rng, bound=1e-6):
    """Compare all gradients with the numeric ones, and in float32 with those in float64."""
    out, cache = forward(*inputs)
    dout = rng.normal(size=out.shape)
    gradients = backward(dout, cache)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    assert len(gradients) == len(inputs)
    for array, gradient in zip(inputs, gradients, strict=True):
        assert gradient.shape == array.shape
        assert gradient.dtype == np.float64
        numeric = eval_numerical_gradient_array(lambda _: forward(*inputs)[0], array, dout)
        assert np.abs(numeric - gradient).max() <= bound * max(1, np.abs(gradient).max())

    single = [array.astype(np.float32) for array in inputs]
    out32, cache = forward(*single)
    gradients32 = backward(dout.astype(np.float32), cache)
    gradients32 = gradients32 if isinstance(gradients32, tuple) else (gradients32,)
    for computed, expected in zip((out32, *gradients32), (out, *gradients), strict=True):
        assert computed.dtype == np.float32
        assert np.abs(computed - expected).max() <= 1e-3 * max(1, np.abs(expected).max())


@quick
@given(seeds, sizes, st.lists(sizes, min_size=1, max_size=3), sizes)
def test_affine_gradients(seed, n, dims, m):
    """Is the affine layer's gradient the numeric one, whatever the shape of an example?"""
    rng = np.random.default_rng(seed)
    inputs = [rng.normal(size=shape) for shape in ((n, *dims), (int(np.prod(dims)), m), (m,))]
    check_gradients(layers.affine_forward, layers.affine_backward, inputs, rng)


@quick
@given(seeds, st.lists(sizes, min_size=1, max_size=3))
def test_relu_gradient(seed, shape):
    """Is ReLU's gradient the numeric one, away from the kink?"""
    rng = np.random.default_rng(seed)
    check_gradients(layers.relu_forward, layers.relu_backward, [away_from_kinks(rng, *shape)], rng)


def test_relu_at_its_kink():
    """Is the gradient 0 where the input is exactly 0, as after a layer whose inputs were all dropped?"""
    x = np.array([-1.0, 0.0, -0.0, 2.0])
    np.testing.assert_array_equal(layers.relu_backward(np.ones(4), x), [0, 0, 0, 1])


@quick
@given(seeds, batch_sizes, sizes, st.booleans())
def test_batchnorm_gradients(seed, n, d, alternative):
    """Are both ways back through batch normalisation the numeric gradient?"""
    rng = np.random.default_rng(seed)
    inputs = [spread_out(rng, n, d), rng.normal(size=d), rng.normal(size=d)]
    backward = layers.batchnorm_backward_alt if alternative else layers.batchnorm_backward
    check_gradients(
        lambda *arrays: layers.batchnorm_forward(*arrays, {"mode": "train"}), backward, inputs, rng, bound=1e-5
    )


@quick
@given(seeds, sizes, batch_sizes)
def test_layernorm_gradients(seed, n, d):
    """Is the gradient of layer normalisation the numeric one?"""
    rng = np.random.default_rng(seed)
    inputs = [spread_out(rng, d, n).T.copy(), rng.normal(size=d), rng.normal(size=d)]
    forward = layers.layernorm_forward
    check_gradients(lambda *arrays: forward(*arrays, {}), layers.layernorm_backward, inputs, rng, bound=1e-5)


def spread_out(rng, n, d):
    """Columns of numbers that are not nearly equal: normalising those would magnify rounding."""
    return rng.permuted(np.linspace(-1, 1, n)[:, None] * np.ones(d), axis=0) + 0.1 * rng.normal(size=(n, d))


@quick
@given(
    seeds, st.lists(sizes, min_size=1, max_size=3), st.sampled_from([0.3, 0.7, 1.0]), st.sampled_from(["train", "test"])
)
def test_dropout_gradient(seed, shape, p, mode):
    """Is dropout's gradient the numeric one when the mask is held by a seed?"""
    rng = np.random.default_rng(seed)
    param = {"p": p, "mode": mode, "seed": 5}
    inputs = [rng.normal(size=shape)]
    check_gradients(lambda x: layers.dropout_forward(x, param), layers.dropout_backward, inputs, rng)


@quick
@given(seeds, batch_sizes, sizes, sizes, st.sampled_from([None, "batchnorm", "layernorm"]), st.booleans())
def test_hidden_layer_gradients(seed, n, d, m, normalization, dropout):
    """Are the gradients of a whole hidden layer the numeric ones, with and without its optional parts?"""
    rng = np.random.default_rng(seed)
    m += 1  # one feature alone cannot be layer-normalised
    inputs = [rng.normal(size=shape) for shape in ((n, d), (d, m), (m,))]
    if normalization:
        inputs += [rng.normal(size=m), 3 + rng.normal(size=m)]  # shifted up, away from the kink of ReLU
    else:
        inputs[2] += 20
    dropout_param = {"p": 0.6, "mode": "train", "seed": 3} if dropout else None

    def forward(x, w, b, gamma=None, beta=None):
        norm_param = {"mode": "train", "eps": 1e-1}
        return layer_utils.affine_norm_relu_dropout_forward(
            x, w, b, normalization, gamma, beta, norm_param, dropout_param
        )

    def backward(dout, cache):
        gradients = layer_utils.affine_norm_relu_dropout_backward(dout, cache)
        return gradients if normalization else gradients[:3]

    out, _ = forward(*inputs)
    if normalization and np.any((out != 0) & (np.abs(out) < 1e-2)):
        return  # a value beside the kink
    check_gradients(forward, backward, inputs, rng, bound=1e-5)


def test_named_hidden_layers_are_their_parts():
    """Do the named combinations give what their layers give one after another?"""
    rng = np.random.default_rng(0)
    x, w, b, gamma, beta = (rng.normal(size=shape) for shape in ((4, 3), (3, 5), 5, 5, 5))
    a = layers.affine_forward(x, w, b)[0]
    normalised = layers.batchnorm_forward(a, gamma, beta, {"mode": "train"})[0]
    out, cache = layer_utils.affine_batchnorm_relu_forward(x, w, b, gamma, beta, {"mode": "train"})
    np.testing.assert_array_equal(out, np.maximum(0, normalised))
    assert [g.shape for g in layer_utils.affine_batchnorm_relu_backward(out, cache)] == [
        (4, 3),
        (3, 5),
        (5,),
        (5,),
        (5,),
    ]
    normalised = layers.layernorm_forward(a, gamma, beta, {})[0]
    out, cache = layer_utils.affine_layernorm_relu_forward(x, w, b, gamma, beta, {})
    np.testing.assert_array_equal(out, np.maximum(0, normalised))
    assert [g.shape for g in layer_utils.affine_layernorm_relu_backward(out, cache)] == [
        (4, 3),
        (3, 5),
        (5,),
        (5,),
        (5,),
    ]


@quick
@given(seeds, batch_sizes, sizes, dtypes)
def test_batchnorm_normalises_the_batch(seed, n, d, dtype):
    """Is every column of a training batch brought to mean beta and standard deviation gamma?"""
    rng = np.random.default_rng(seed)
    x = (5 + 3 * spread_out(rng, n, d)).astype(dtype)
    gamma, beta = rng.uniform(1, 2, d).astype(dtype), rng.normal(size=d).astype(dtype)
    param = {"mode": "train", "eps": 1e-9}
    out, _ = layers.batchnorm_forward(x, gamma, beta, param)
    assert out.dtype == param["running_mean"].dtype == param["running_var"].dtype == dtype
    np.testing.assert_allclose(out.mean(axis=0), beta, atol=1e-4)
    np.testing.assert_allclose(out.std(axis=0), gamma, rtol=1e-3)


def test_batchnorm_remembers_for_testing():
    """Are running averages kept as the paper says, used in testing, and left alone by it?"""
    rng = np.random.default_rng(0)
    gamma, beta, param = np.ones(3), np.zeros(3), {"mode": "train", "momentum": 0.8}
    mean, var = np.zeros(3), np.zeros(3)
    for _ in range(60):
        x = 2 + 5 * rng.normal(size=(200, 3))
        layers.batchnorm_forward(x, gamma, beta, param)
        mean, var = 0.8 * mean + 0.2 * x.mean(axis=0), 0.8 * var + 0.2 * x.var(axis=0)
    np.testing.assert_allclose(param["running_mean"], mean, rtol=1e-12)
    np.testing.assert_allclose(param["running_var"], var, rtol=1e-12)

    x = 2 + 5 * rng.normal(size=(5, 3))
    param["mode"] = "test"
    before = param["running_mean"].copy(), param["running_var"].copy()
    out, _ = layers.batchnorm_forward(x, gamma, beta, param)
    np.testing.assert_allclose(out, (x - mean) / np.sqrt(var + 1e-5), rtol=1e-12)
    np.testing.assert_array_equal((param["running_mean"], param["running_var"]), before)


def test_eps_is_taken_from_the_settings():
    """Does each normalisation divide by the root of variance + eps, with the eps that is given, and 1e-5 by default?"""
    x, one, zero = 1e-2 * np.random.default_rng(0).normal(size=(4, 3)), np.ones(3), np.zeros(3)
    for given_eps, eps in (({}, 1e-5), ({"eps": 3.0}, 3.0)):
        rows, columns = (x - x.mean(axis=1)[:, None], x.var(axis=1)[:, None]), (x - x.mean(axis=0), x.var(axis=0))
        out, _ = layers.layernorm_forward(x, one, zero, given_eps)
        np.testing.assert_allclose(out, rows[0] / np.sqrt(rows[1] + eps), rtol=1e-12)
        out, _ = layers.batchnorm_forward(x, one, zero, given_eps | {"mode": "train"})
        np.testing.assert_allclose(out, columns[0] / np.sqrt(columns[1] + eps), rtol=1e-12)
        past = {"mode": "test", "running_mean": zero, "running_var": 2 * one}
        out, _ = layers.batchnorm_forward(x, one, zero, given_eps | past)
        np.testing.assert_allclose(out, x / np.sqrt(2 + eps), rtol=1e-12)


def test_layernorm_does_not_mix_examples():
    """Does an example give the same alone as in a batch?"""
    rng = np.random.default_rng(0)
    x, gamma, beta = rng.normal(size=(6, 4)), rng.normal(size=4), rng.normal(size=4)
    whole, _ = layers.layernorm_forward(x, gamma, beta, {})
    alone, _ = layers.layernorm_forward(x[2:3], gamma, beta, {})
    np.testing.assert_allclose(whole[2:3], alone, rtol=1e-14)


@pytest.mark.parametrize("p", [0.25, 0.7])
def test_dropout_keeps_the_mean(p):
    """Is a share p of the values kept, scaled so that the mean stays, in training, and everything in testing?"""
    x = 10 + np.random.default_rng(0).normal(size=(500, 500))
    np.random.seed(231)
    out, _ = layers.dropout_forward(x, {"mode": "train", "p": p})
    assert np.mean(out != 0) == pytest.approx(p, abs=0.005)
    assert out.mean() == pytest.approx(10, rel=0.01)
    np.testing.assert_allclose(out[out != 0], x[out != 0] / p, rtol=1e-14)
    np.testing.assert_array_equal(layers.dropout_forward(x, {"mode": "test", "p": p})[0], x)


def test_a_dropout_seed_leaves_the_global_stream_alone():
    """Does a seed repeat the mask without disturbing anybody else's random numbers?"""
    x = np.ones((20, 20))
    param = {"mode": "train", "p": 0.5, "seed": 7}
    np.random.seed(1)
    first = layers.dropout_forward(x, param)[0]
    after = np.random.rand()
    np.random.seed(1)
    assert after == np.random.rand()
    np.testing.assert_array_equal(first, layers.dropout_forward(x, param)[0])
    for either in (param, {"mode": "train", "p": 0.5}):  # without a seed the global stream is used
        np.random.seed(7)
        mask = layers.dropout_forward(x, either)[0] != 0
        np.random.seed(7)
        np.testing.assert_array_equal(mask, np.random.rand(20, 20) < 0.5)


def test_inputs_stay_as_they_are():
    """Does no layer write into what it is given?"""
    rng = np.random.default_rng(0)
    x, w, b, gamma, beta = (rng.normal(size=shape) for shape in ((4, 3), (3, 5), 5, 3, 3))
    dout5, dout3 = rng.normal(size=(4, 5)), rng.normal(size=(4, 3))
    arrays = (x, w, b, gamma, beta, dout5, dout3)
    for array in arrays:
        array.flags.writeable = False
    layers.affine_backward(dout5, layers.affine_forward(x, w, b)[1])
    layers.relu_backward(dout3, layers.relu_forward(x)[1])
    for backward in (layers.batchnorm_backward, layers.batchnorm_backward_alt):
        backward(dout3, layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})[1])
    layers.layernorm_backward(dout3, layers.layernorm_forward(x, gamma, beta, {})[1])
    layers.dropout_backward(dout3, layers.dropout_forward(x, {"mode": "train", "p": 0.5})[1])


ONES = np.ones
BAD_CALLS = {
    "affine: w": (
        lambda: layers.affine_forward(ONES((2, 3)), ONES((4, 5)), ONES(5)),
        r"w: .*\(4, 5\).*\(3, M\).*\(2, 3\)",
    ),
    "affine: b": (lambda: layers.affine_forward(ONES((2, 3)), ONES((3, 5)), ONES(4)), r"b: .*\(4,\).*\(5,\).*\(3, 5\)"),
    "affine: one axis": (lambda: layers.affine_forward(ONES(3), ONES((3, 5)), ONES(5)), r"x: .*\(3,\).*\(N, \.\.\.\)"),
    "affine: empty": (
        lambda: layers.affine_forward(ONES((0, 3)), ONES((3, 5)), ONES(5)),
        r"x: .*\(0, 3\), an empty batch",
    ),
    "affine: NaN": (
        lambda: layers.affine_forward(np.array([[1, np.nan]]), ONES((2, 5)), ONES(5)),
        r"x: received nan at \[0, 1\].*\(1, 2\)",
    ),
    "affine: dout": (
        lambda: layers.affine_backward(ONES((2, 4)), (ONES((2, 3)), ONES((3, 5)), ONES(5))),
        r"dout: .*\(2, 4\).*\(2, 5\)",
    ),
    "relu: dout": (lambda: layers.relu_backward(ONES((2, 4)), ONES((2, 3))), r"dout: .*\(2, 4\).*\(2, 3\)"),
    "batchnorm: gamma": (
        lambda: layers.batchnorm_forward(ONES((2, 3)), ONES(2), ONES(3), {"mode": "train"}),
        r"gamma: .*\(2,\).*\(3,\).*\(2, 3\)",
    ),
    "batchnorm: mode": (
        lambda: layers.batchnorm_forward(ONES((2, 3)), ONES(3), ONES(3), {"mode": "eval"}),
        r"bn_param\['mode'\]: received 'eval'",
    ),
    "layernorm: beta": (
        lambda: layers.layernorm_forward(ONES((2, 3)), ONES(3), ONES((1, 3)), {}),
        r"beta: .*\(1, 3\).*\(3,\)",
    ),
    "dropout: p": (
        lambda: layers.dropout_forward(ONES(3), {"mode": "train", "p": 0}),
        r"dropout_param\['p'\]: received 0",
    ),
    "dropout: mode": (lambda: layers.dropout_forward(ONES(3), {"p": 0.5}), r"dropout_param\['mode'\]: received None"),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_bad_input_is_named(name):
    """Does the error name the argument, what was received and what was expected?"""
    call, message = BAD_CALLS[name]
    with pytest.raises(ValueError, match=message):
        call()


def test_float32_settings_from_a_search_do_not_widen():
    """Do settings drawn as numpy float64 scalars leave float32 data float32?"""
    x, one = np.ones((4, 3), np.float32), np.ones(3, np.float32)
    wide = np.float64(0.5)
    assert layers.dropout_forward(x, {"p": wide, "mode": "train"})[0].dtype == np.float32
    assert (
        layers.batchnorm_forward(x, one, one, {"mode": "train", "eps": wide, "momentum": wide})[0].dtype == np.float32
    )
    assert layers.layernorm_forward(x, one, one, {"eps": wide})[0].dtype == np.float32


def test_rel_error_sees_a_wrong_gradient():
    """Would these checks notice a gradient that forgets that the mean depends on x?"""
    rng = np.random.default_rng(0)
    x, gamma, beta, dout = spread_out(rng, 5, 3), np.ones(3), np.zeros(3), rng.normal(size=(5, 3))
    _, (_, _, std) = layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})
    numeric = eval_numerical_gradient_array(
        lambda _: layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})[0], x, dout
    )
    assert rel_error(numeric, dout * gamma / std) > 0.1


@pytest.mark.parametrize("normalization", [None, "batchnorm", "layernorm"])
def test_the_first_layer_leaves_out_what_nobody_needs(normalization):
    """Are all other gradients the same where that of the images is not asked for?"""
    rng = np.random.default_rng(0)
    x, w, b, gamma, beta = (rng.normal(size=shape) for shape in ((4, 2, 3), (6, 5), 5, 5, 5))
    param = {"mode": "train"}
    _, cache = layer_utils.affine_norm_relu_dropout_forward(x, w, b, normalization, gamma, beta, param)
    dout = rng.normal(size=(4, 5))
    dx, *others = layer_utils.affine_norm_relu_dropout_backward(dout, cache)
    no_dx, *same = layer_utils.affine_norm_relu_dropout_backward(dout, cache, need_dx=False)
    assert dx.shape == x.shape
    assert no_dx is None
    for one, other in zip(others, same, strict=True):
        np.testing.assert_array_equal(one, other)
