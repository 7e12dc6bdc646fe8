"""Does the library reproduce every figure in tests/reference_values.json?

One function for each id; a figure without a function fails. The functions follow the recipes in the file.
"""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nn import fc_net, layer_utils, layers, losses, neural_net, optim
from nn.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array, rel_error

IDS = [test["id"] for test in json.loads((Path(__file__).parents[1] / "reference_values.json").read_text())["tests"]]
FIGURES = {}
CHILD = "NN_TESTS_WITH_THE_RECORDED_KERNEL"


def figure(*ids):
    def register(function):
        FIGURES.update(dict.fromkeys(ids, function))
        return function

    return register


@pytest.mark.parametrize("name", [name for name in IDS if name != "toy_mutants"])
def test_figure(name, reference, kernel, exact):
    """Is this figure reproduced, to its tolerance, and to the last bit where that was recorded and can be expected?"""
    assert exact or CHILD not in os.environ
    entry = reference["tests"][name]
    FIGURES[name](entry, Machine(kernel, exact))


@pytest.mark.slow
def test_figures_with_the_recorded_kernel(kernel):
    """Do the bit-exact figures come out to the last bit with the BLAS kernel that they were recorded with?"""
    if kernel is None or not np.__version__.startswith("2.4."):
        pytest.skip("the figures were recorded with numpy 2.4 and its own OpenBLAS")
    if not np._core._multiarray_umath.__cpu_features__.get("AVX512_SKX"):
        pytest.skip("this processor cannot run the BLAS kernel that the figures were recorded with (AVX-512)")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "test_figure[", __file__]
    environment = os.environ | {"OPENBLAS_CORETYPE": "SkylakeX", "OPENBLAS_NUM_THREADS": "1", CHILD: "1"}
    child = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert child.returncode == 0, child.stdout[-6000:]


class Machine:
    """How exactly this machine must meet a figure."""

    def __init__(self, kernel, exact):
        self.kernel = kernel
        self.exact = exact

    def value(self, computed, expected):
        """A value: within the stated tolerance of the stated one, 1e-10 of the recomputed one, or bit for bit."""
        computed, stated = np.asarray(computed), np.asarray(expected["stated"])
        assert computed.dtype == np.float64
        assert computed.shape == stated.shape
        if "tol_abs" in expected:
            assert np.abs(computed - stated).max() <= expected["tol_abs"]
        if "tol_rel" in expected:
            assert rel_error(computed, stated) <= expected["tol_rel"]
        if "tol_sum_abs" in expected:
            assert np.abs(computed - stated).sum() <= expected["tol_sum_abs"]
        assert rel_error(computed, np.asarray(expected["computed"])) <= 1e-10
        if self.exact and expected["bit_exact"]:
            np.testing.assert_array_equal(computed, stated)

    def error(self, computed, expected):
        """The printed error of a gradient check: under its bound everywhere, to the last bit where it was recorded."""
        assert computed <= expected["tol_grade_max"]
        if self.exact:
            assert computed == expected["computed"]
            assert not expected["bit_exact"] or computed == expected["stated"]

    def error_table(self, computed, expected):
        """A table of such errors, recorded to three digits."""
        for name, error in computed.items():
            assert error <= expected["tol_grade_max"]
            if self.exact:
                assert f"{error:.2e}" == expected["mine_2e"][name]

    def rounding(self, computed, expected):
        """The rounding of a printed table: no BLAS is involved, so it is the same on every machine."""
        assert computed == pytest.approx(expected["stated"], rel=1e-4)
        if self.exact:
            assert computed == expected["stated"]


def gradients_agree(computed, expected):
    assert set(computed) == set(expected)
    for name, gradient in expected.items():
        assert computed[name].shape == np.shape(gradient)
        assert np.abs(computed[name] - gradient).max() <= 1e-9 * np.abs(gradient).max(), name


def params_error(net, f, gradients):
    """The error of each parameter's gradient against the numeric one."""
    return {name: rel_error(eval_numerical_gradient(f, net.params[name]), g) for name, g in gradients.items()}


def linspace_params(*dims):
    """The weights of the course's deterministic nets."""
    params = {}
    for i, (rows, columns) in enumerate(itertools.pairwise(dims), start=1):
        ends = [(-0.7, 0.3, -0.1, 0.9), (-0.3, 0.4, -0.9, 0.1)][0 if i == 1 else 1]
        params[f"W{i}"] = np.linspace(ends[0], ends[1], rows * columns).reshape(rows, columns)
        params[f"b{i}"] = np.linspace(ends[2], ends[3], columns)
    return params


# --- hand-worked backpropagation -------------------------------------------------------------------------------------


@figure("hand_backprop")
def hand_backprop(entry, machine):
    """Do the affine layers, with a sigmoid between them, give the numbers of the exercise on paper?"""
    W1, b1 = np.array([[0.15, 0.2], [0.25, 0.3]]), np.array([0.35, 0.35])
    W2, b2 = np.array([[0.4, 0.45]]), np.array([0.6])
    x0, y = np.array([[0.05, 0.1]]), 0.01

    z1, cache1 = layers.affine_forward(x0, W1.T, b1)
    x1 = 1 / (1 + np.exp(-z1))
    z2, cache2 = layers.affine_forward(x1, W2.T, b2)
    x2 = 1 / (1 + np.exp(-z2))
    loss = 0.5 * np.sum((y - x2) ** 2)
    dx1, dW2, db2 = layers.affine_backward((x2 - y) * x2 * (1 - x2), cache2)
    _, dW1, db1 = layers.affine_backward(dx1 * x1 * (1 - x1), cache1)

    computed = {"z1": z1[0], "x1": x1[0], "z2": z2[0], "x2": x2[0], "loss": loss}
    computed |= {"W1": dW1.T, "b1": db1, "W2": dW2.T, "b2": db2}
    for name, expected in entry["expected"].items():
        machine.value(computed[name], expected)
    for name, torch in entry["torch"].items():
        np.testing.assert_allclose(computed[name], torch["float64"], rtol=1e-14)
        np.testing.assert_allclose(computed[name], torch["float32"], rtol=1e-5)


# --- the toy net ------------------------------------------------------------------------------------------------------

LOSSES = {"mse": losses.mse_loss, "softmax": losses.softmax_loss}


def probability_softmax_loss(scores, y):
    """Softmax as one homework printed its figures with it: probabilities first, then their logarithm."""
    probs = np.exp(scores - scores.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    loss = -np.sum(np.log(probs[rows, y])) / len(y)
    probs[rows, y] -= 1
    return loss, probs / len(y)


def toy(loss_function):
    net = toy_net(loss_function)
    np.random.seed(1)
    return net, 10 * np.random.randn(5, 4), np.array([0, 1, 2, 2, 1])


def toy_net(loss_function):
    np.random.seed(0)
    return neural_net.TwoLayerNet(4, 10, 3, std=1e-1, loss_function=loss_function)


@figure("toy_scores")
def toy_scores(entry, machine):
    """Is the toy net drawn as recorded, and are its scores right?"""
    net, X, y = toy(losses.mse_loss)
    for name, value in net.params.items():
        np.testing.assert_array_equal(value, entry["inputs"][name])
    np.testing.assert_array_equal(X, entry["inputs"]["X"])
    np.testing.assert_array_equal(y, entry["inputs"]["y"])
    machine.value(net.loss(X), entry["expected"]["scores"])


@figure("toy_loss_mse", "toy_loss_softmax")
def toy_loss(entry, machine):
    """Is the loss right, data and L2 term?"""
    net, X, y = toy(LOSSES[entry["id"].removeprefix("toy_loss_")])
    machine.value(net.loss(X, y, reg=0.05)[0], entry["expected"]["loss"])


@figure("toy_gradcheck_mse", "toy_gradcheck_softmax")
def toy_gradcheck(entry, machine):
    """Are the gradients right, and is the printed error of the check that of the homework?"""
    head = entry["id"].removeprefix("toy_gradcheck_")
    net, X, y = toy(LOSSES[head])
    gradients = net.loss(X, y, reg=0.05)[1]
    gradients_agree(gradients, entry["analytic_gradients"])

    printing_net = toy(losses.mse_loss if head == "mse" else probability_softmax_loss)[0]
    printed = printing_net.loss(X, y, reg=0.05)[1]
    errors = params_error(printing_net, lambda _: printing_net.loss(X, y, reg=0.05)[0], printed)
    for name, expected in entry["expected"].items():
        machine.error(errors[name], expected)
    for name, error in params_error(net, lambda _: net.loss(X, y, reg=0.05)[0], gradients).items():
        assert error <= entry["expected"][name]["tol_grade_max"]
    for h, stated in entry["other_h"].items():
        numeric = eval_numerical_gradient(
            lambda _: printing_net.loss(X, y, reg=0.05)[0], printing_net.params["W1"], h=float(h)
        )
        error = rel_error(numeric, printed["W1"])
        assert error <= 1e-7
        assert not machine.exact or error == stated["W1"]


@figure("toy_train_mse", "toy_train_softmax")
def toy_train(entry, machine):
    """Does training draw, step and decay as recorded, loss by loss?"""
    head = entry["id"].removeprefix("toy_train_")
    _, X, y = toy(LOSSES[head])
    net = toy_net(LOSSES[head])
    stats = net.train(X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=100)
    expected = entry["expected"]["final_training_loss"]
    assert abs(stats["loss_history"][-1] - expected["stated"]) <= expected["tol_abs"]
    np.testing.assert_allclose(stats["loss_history"], entry["loss_history"], rtol=1e-10)
    gradients_agree(net.params, entry["final_params"])
    assert np.mean(net.predict(X) == y) == entry["final_train_acc"]

    printing_net = toy_net(losses.mse_loss if head == "mse" else probability_softmax_loss)
    printed = printing_net.train(X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=100)["loss_history"]
    machine.value(printed[-1], expected)
    if machine.exact:
        assert printed == entry["loss_history"]


# --- layers and losses ------------------------------------------------------------------------------------------------


@figure("affine_forward")
def affine_forward(entry, machine):
    """Is the affine layer right, and its rounding that of the kernel?"""
    x = np.linspace(-0.1, 0.5, 240).reshape(2, 4, 5, 6)
    w = np.linspace(-0.2, 0.3, 360).reshape(120, 3)
    out, _ = layers.affine_forward(x, w, np.linspace(-0.3, 0.1, 3))
    machine.value(out, entry["expected"]["out"])
    error = rel_error(out, np.array(entry["expected"]["out"]["stated"]))
    by_kernel = entry["expected"]["rel_error"]["mine_by_OPENBLAS_CORETYPE"]
    assert error == pytest.approx(entry["expected"]["rel_error"]["computed"], rel=1e-6)
    if machine.exact:
        assert error == by_kernel[machine.kernel]


@figure("affine_backward", "affine_backward__multilayer-nets")
def affine_backward(entry, machine):
    """Are the gradients of the affine layer right?"""
    np.random.seed(231)
    x, w, b, dout = (np.random.randn(*shape) for shape in ((10, 2, 3), (6, 5), (5,), (10, 5)))
    affine_gradients(layers.affine_forward, layers.affine_backward, x, w, b, dout, entry, machine)


@figure("affine_relu_backward", "affine_relu_backward__multilayer-nets")
def affine_relu_backward(entry, machine):
    """Are the gradients of affine - ReLU right?"""
    np.random.seed(231)
    x, w, b, dout = (np.random.randn(*shape) for shape in ((2, 3, 4), (12, 10), (10,), (2, 10)))
    affine_gradients(layer_utils.affine_relu_forward, layer_utils.affine_relu_backward, x, w, b, dout, entry, machine)


def affine_gradients(forward, backward, x, w, b, dout, entry, machine):
    computed = dict(zip(("dx", "dw", "db"), backward(dout, forward(x, w, b)[1]), strict=True))
    errors = {}
    for name, array in (("dx", x), ("dw", w), ("db", b)):
        numeric = eval_numerical_gradient_array(lambda _: forward(x, w, b)[0], array, dout)
        errors[name] = rel_error(numeric, computed[name])
    if "stated" in entry["expected"]:  # no seed in the homework: only the bound holds
        assert max(errors.values()) <= entry["expected"]["tol_grade_max"]
    else:
        gradients_agree(computed, entry["analytic_gradients"])
        for name, expected in entry["expected"].items():
            machine.error(errors[name], expected)


@figure("relu_forward")
def relu_forward(entry, machine):
    """Is ReLU right?"""
    out, _ = layers.relu_forward(np.linspace(-0.5, 0.5, 12).reshape(3, 4))
    machine.value(out, entry["expected"]["out"])
    machine.rounding(rel_error(out, np.array(entry["expected"]["out"]["stated"])), entry["expected"]["rel_error"])


@figure("relu_backward", "relu_backward__multilayer-nets")
def relu_backward(entry, machine):
    """Is the gradient of ReLU right?"""
    np.random.seed(231)
    x, dout = np.random.randn(10, 10), np.random.randn(10, 10)
    dx = layers.relu_backward(dout, layers.relu_forward(x)[1])
    error = rel_error(eval_numerical_gradient_array(lambda _: layers.relu_forward(x)[0], x, dout), dx)
    if "stated" in entry["expected"]:
        assert error <= entry["expected"]["tol_grade_max"]
    else:
        gradients_agree({"dx": dx}, entry["analytic_gradients"])
        machine.error(error, entry["expected"]["dx"])


@figure("svm_loss", "softmax_loss", "softmax_loss__multilayer-nets")
def loss(entry, machine):
    """Are the losses of nearly equal scores right, and their gradients?"""
    loss_function = losses.svm_loss if entry["id"] == "svm_loss" else losses.softmax_loss
    np.random.seed(231)
    x, y = 0.001 * np.random.randn(50, 10), np.random.randint(10, size=50)
    value, dx = loss_function(x, y)
    error = rel_error(eval_numerical_gradient(lambda _: loss_function(x, y)[0], x), dx)
    if "stated" in entry["expected"]:
        assert abs(value - entry["expected"]["stated"]["loss"]) <= entry["expected"]["tol_loss_abs"]
        return
    machine.value(value, entry["expected"]["loss"])
    machine.error(error, entry["expected"]["dx_error"])
    if "y" in entry:
        assert y.tolist() == entry["y"]
    if "prob_form" in entry:
        value, dx = probability_softmax_loss(x, y)
        assert value == pytest.approx(entry["prob_form"]["loss"], rel=1e-12)


# --- modular nets -----------------------------------------------------------------------------------------------------


@figure("two_layer", "three_layer")
def deterministic_net(entry, machine):
    """Are scores, losses and gradients of the nets with evenly spaced weights right?"""
    hidden = [50] if entry["id"] == "two_layer" else [50, 30]
    models = [fc_net.FullyConnectedNet(hidden, input_dim=5, num_classes=7, dtype=np.float64)]
    if entry["id"] == "two_layer":
        np.random.seed(231)
        np.random.randn(3, 5), np.random.randint(7, size=3)  # the homework draws X and y first
        models.append(fc_net.TwoLayerNet(input_dim=5, hidden_dim=50, num_classes=7, weight_scale=1e-3))
        for name, std in entry["init_std_seed231"].items():
            assert models[1].params[name].std() == pytest.approx(std, rel=1e-12)
    X = np.linspace(-5.5, 4.5, 15).reshape(5, 3).T
    y = np.array([0, 5, 1])
    for model in models:
        model.params |= linspace_params(5, *hidden, 7)
        machine.value(model.loss(X), entry["expected"]["scores"])
        for reg, name in ((0.0, "loss_reg0"), (1.0, "loss_reg1")):
            model.reg = reg
            machine.value(model.loss(X, y)[0], entry["expected"][name])
        for reg in ("0.0", "0.7"):
            model.reg = float(reg)
            gradients = model.loss(X, y)[1]
            if entry["analytic_gradients"][reg]:
                gradients_agree(gradients, entry["analytic_gradients"][reg])
            expected = entry["expected"][f"gradcheck_reg{reg}"]
            errors = params_error(model, lambda _, model=model: model.loss(X, y)[0], gradients)
            assert max(errors.values()) <= expected["tol_grade_max"]

            # the printed errors are round-off, which depends on the order in which the homework adds up the loss
            model.reg = 0.0
            as_printed = lambda _, model=model, reg=reg: model.loss(X, y)[0] + l2_term(model, float(reg))  # noqa: E731
            machine.error_table(params_error(model, as_printed, gradients), expected)


def l2_term(model, reg):
    return 0.5 * reg * sum(np.sum(w**2) for name, w in model.params.items() if name.startswith("W"))


@figure("fc_net_loss")
def fc_net_loss(entry, machine):
    """Are the nets of random weights drawn as recorded, and their losses and gradients right?"""
    np.random.seed(231)
    X, y = np.random.randn(2, 15), np.random.randint(10, size=(2,))
    np.testing.assert_array_equal(X, entry["inputs"]["X"])
    np.testing.assert_array_equal(y, entry["inputs"]["y"])
    for reg in ("0", "3.14"):
        model = fc_net.FullyConnectedNet(
            [20, 30], input_dim=15, num_classes=10, reg=float(reg), weight_scale=5e-2, dtype=np.float64
        )
        for name, value in model.params.items():
            np.testing.assert_array_equal(value, entry["analytic"][reg]["params"][name])
        value, gradients = model.loss(X, y)
        expected = entry["expected"][f"reg{reg}"]
        machine.value(value, expected["loss"])
        gradients_agree(gradients, entry["analytic"][reg]["grads"])
        errors = params_error(model, lambda _, model=model: model.loss(X, y)[0], gradients)
        machine.error_table(errors, expected["gradcheck"])


# --- update rules -----------------------------------------------------------------------------------------------------


@figure("sgd_momentum", "rmsprop", "adam")
def update_rule(entry, machine):
    """Does one step of the rule give its table?"""
    w = np.linspace(-0.4, 0.6, 20).reshape(4, 5)
    dw = np.linspace(-0.6, 0.4, 20).reshape(4, 5)
    from_6_to_9 = np.linspace(0.6, 0.9, 20).reshape(4, 5)
    config = {
        "sgd_momentum": {"learning_rate": 1e-3, "velocity": from_6_to_9.copy()},
        "rmsprop": {"learning_rate": 1e-2, "cache": from_6_to_9.copy()},
        "adam": {"learning_rate": 1e-2, "m": from_6_to_9.copy(), "v": np.linspace(0.7, 0.5, 20).reshape(4, 5), "t": 5},
    }[entry["id"]]
    next_w, config = getattr(optim, entry["id"])(w, dw, config)
    computed = config | {"next_w": next_w}
    for name, expected in entry["expected"].items():
        if name == "t_after":
            assert config["t"] == expected
        elif name.endswith("_error"):
            table = name.removesuffix("_error")
            error = rel_error(computed[table], np.array(entry["expected"][table]["stated"]))
            machine.rounding(error, expected)
        else:
            machine.value(computed[name], expected)
    for variant, error in entry.get("wrong_variants_next_w_error", {}).items():
        wrong = rel_error(wrong_adam(variant), np.array(entry["expected"]["next_w"]["stated"]))
        assert wrong == pytest.approx(error, rel=1e-6)


def wrong_adam(variant):
    """The first step of Adam with one mistake."""
    w, dw = np.linspace(-0.4, 0.6, 20).reshape(4, 5), np.linspace(-0.6, 0.4, 20).reshape(4, 5)
    m = 0.9 * np.linspace(0.6, 0.9, 20).reshape(4, 5) + 0.1 * dw
    v = 0.999 * np.linspace(0.7, 0.5, 20).reshape(4, 5) + 0.001 * dw**2
    t = 5 if variant == "t_not_incremented" else 6
    if variant != "no_bias_correction":
        m, v = m / (1 - 0.9**t), v / (1 - 0.999**t)
    root = np.sqrt(v + 1e-8) if variant == "eps_inside_sqrt" else np.sqrt(v) + 1e-8
    return w - 1e-2 * m / root
