"""Does the homework fully_connected_nets give its solution every point, its release none, and find each mistake?"""

import dataclasses
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import indent

import numpy as np
import pytest

from autograder.expect.lint import guessable_cells
from autograder.notebooks import read_notebook

TWO = "nn.fc_net.TwoLayerNet"
DEEP = "nn.fc_net.FullyConnectedNet"
NOTEBOOKS = ("fully_connected_nets", "batch_normalization", "dropout")
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("fully_connected_nets")]
SEARCH = {
    "fully_connected_nets": ["train-two-layer", "momentum-compare", "adam-compare", "train-best"],
    "batch_normalization": ["compare-train", "scales-train", "batches-train"],
    "dropout": ["regularisation-train"],
}

# Given cells that no grade cell needs, and the searches: left out where only scores matter.
IDLE = {
    "fully_connected_nets": [
        *SEARCH["fully_connected_nets"],
        "sandwich-demo", "losses-demo", "two-layer-plot", "momentum-plot", "adam-plot", "test-accuracy",
    ],
    "batch_normalization": [
        *SEARCH["batch_normalization"],
        "forward-demo", "test-demo", "backward-compare", "layernorm-demo",
        "images", "compare-plot", "scales-plot", "batches-plot",
    ],
    "dropout": [*SEARCH["dropout"], "forward-demo", "images", "regularisation-plot"],
}  # fmt: skip

# name -> notebook, region, what a student wrote there, the grade cells that must be lost
MISTAKES = {
    "relu-lets-gradients-through": (
        "fully_connected_nets",
        "nn.layers.relu_backward",
        "    dx = dout.copy()",
        ["relu-backward-check", "two-layer-gradient-check", "deep-gradient-check", "overfit-three-check",
         "overfit-five-check", "momentum-compare-check", "adam-compare-check"],
    ),
    "two-layer-loss-without-penalty": (
        "fully_connected_nets",
        f"{TWO}.loss:backward",
        '    dhidden, grads["W2"], grads["b2"] = affine_backward(dscores, scores_cache)\n'
        '    _, grads["W1"], grads["b1"] = affine_relu_backward(dhidden, hidden_cache)\n'
        '    grads["W2"] += self.reg * W2\n'
        '    grads["W1"] += self.reg * W1',
        ["two-layer-loss-check"],
    ),
    "two-layer-gradient-without-penalty": (
        "fully_connected_nets",
        f"{TWO}.loss:backward",
        "    loss += 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2))\n"
        '    dhidden, grads["W2"], grads["b2"] = affine_backward(dscores, scores_cache)\n'
        '    _, grads["W1"], grads["b1"] = affine_relu_backward(dhidden, hidden_cache)',
        ["two-layer-gradient-check"],
    ),
    "only-the-last-layer-regularised": (
        "fully_connected_nets",
        f"{DEEP}.loss:backward",
        '    dout, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dscores, caches[-1])\n'
        "    for i in range(last - 1, 0, -1):\n"
        '        dout, grads[f"W{i}"], grads[f"b{i}"], dgamma, dbeta = (\n'
        "            affine_norm_relu_dropout_backward(dout, caches[i - 1]))\n"
        "        if self.normalization:\n"
        '            grads[f"gamma{i}"], grads[f"beta{i}"] = dgamma, dbeta\n'
        '    W = self.params[f"W{last}"]\n'
        "    loss += 0.5 * self.reg * np.sum(W * W)\n"
        '    grads[f"W{last}"] += self.reg * W',
        ["deep-loss-check", "deep-gradient-check"],
    ),
    "step-before-the-velocity": (
        "fully_connected_nets",
        "nn.optim.sgd_momentum",
        '    next_w = w + v\n    v = config["momentum"] * v - config["learning_rate"] * dw',
        ["momentum-check", "momentum-compare-check"],
    ),
    "rmsprop-never-forgets": (
        "fully_connected_nets",
        "nn.optim.rmsprop",
        "    cache = cache + dw**2\n"
        '    next_w = w - config["learning_rate"] * dw / (np.sqrt(cache) + config["epsilon"])',
        ["rmsprop-check"],
    ),
    "adam-counts-afterwards": (
        "fully_connected_nets",
        "nn.optim.adam",
        '    m = config["beta1"] * m + (1 - config["beta1"]) * dw\n'
        '    v = config["beta2"] * v + (1 - config["beta2"]) * dw**2\n'
        '    m_corrected = m / max(1 - config["beta1"] ** t, 1e-8)\n'
        '    v_corrected = v / max(1 - config["beta2"] ** t, 1e-8)\n'
        '    next_w = w - config["learning_rate"] * m_corrected / (np.sqrt(v_corrected) + config["epsilon"])\n'
        "    t += 1",
        ["adam-check", "adam-compare-check"],
    ),
    "relu-of-matrices-only": (
        "fully_connected_nets",
        "nn.layers.relu_backward",
        "    dx = np.array([[d * (v > 0) for d, v in zip(drow, row)] for drow, row in zip(dout[:, :], x)])\n"
        "    if x.ndim > 2:\n"
        "        dx = dout * (x > 0)[:, :1]",
        ["relu-backward-check"],
    ),
    "relu-changes-its-input": (
        "fully_connected_nets",
        "nn.layers.relu_forward",
        "    x[x < 0] = 0\n    out = x",
        ["relu-forward-check"],
    ),
    "relu-changes-dout": (
        "fully_connected_nets",
        "nn.layers.relu_backward",
        "    dout[x <= 0] = 0\n    dx = dout",
        ["relu-backward-check"],
    ),
    "momentum-hard-coded": (
        "fully_connected_nets",
        "nn.optim.sgd_momentum",
        '    v = 0.9 * v - config["learning_rate"] * dw\n    next_w = w + v',
        ["momentum-check"],
    ),
    "decay-rate-hard-coded": (
        "fully_connected_nets",
        "nn.optim.rmsprop",
        "    cache = 0.99 * cache + 0.01 * dw**2\n"
        '    next_w = w - config["learning_rate"] * dw / (np.sqrt(cache) + config["epsilon"])',
        ["rmsprop-check"],
    ),
    "adam-hard-coded": (
        "fully_connected_nets",
        "nn.optim.adam",
        "    t += 1\n"
        "    m, v = 0.9 * m + 0.1 * dw, 0.999 * v + 0.001 * dw**2\n"
        "    m_corrected, v_corrected = m / (1 - 0.9**t), v / (1 - 0.999**t)\n"
        '    next_w = w - config["learning_rate"] * m_corrected / (np.sqrt(v_corrected) + 1e-8)',
        ["adam-check"],
    ),
    "epsilon-hard-coded": (
        "fully_connected_nets",
        "nn.optim.rmsprop",
        '    cache = config["decay_rate"] * cache + (1 - config["decay_rate"]) * dw**2\n'
        '    next_w = w - config["learning_rate"] * dw / (np.sqrt(cache) + 1e-8)',
        ["rmsprop-check"],
    ),
    "weights-too-small-to-overfit": (
        "fully_connected_nets",
        "fully_connected_nets:overfit-five",
        "weight_scale = 1e-3\nlearning_rate = 1e-3",
        ["overfit-five-check"],
    ),
    "variance-by-n-minus-1": (
        "batch_normalization",
        "nn.layers.batchnorm_forward",
        '    if mode == "train":\n'
        "        mean, var = x.mean(axis=0), x.var(axis=0, ddof=1)\n"
        "        std = np.sqrt(var + eps)\n"
        "        xhat = (x - mean) / std\n"
        "        running_mean = momentum * running_mean + (1 - momentum) * mean\n"
        "        running_var = momentum * running_var + (1 - momentum) * var\n"
        "        cache = (xhat, gamma, std)\n"
        "    else:\n"
        "        xhat = (x - running_mean) / np.sqrt(running_var + eps)\n"
        "    out = gamma * xhat + beta",
        ["forward-train-check", "forward-test-check", "backward-check", "backward-alt-check", "net-check"],
    ),
    "running-averages-never-kept": (
        "batch_normalization",
        "nn.layers.batchnorm_forward",
        '    if mode == "train":\n'
        "        mean, var = x.mean(axis=0), x.var(axis=0)\n"
        "        std = np.sqrt(var + eps)\n"
        "        xhat = (x - mean) / std\n"
        "        cache = (xhat, gamma, std)\n"
        "    else:\n"
        "        xhat = (x - running_mean) / np.sqrt(running_var + eps)\n"
        "    out = gamma * xhat + beta",
        ["forward-train-check", "forward-test-check", "net-check"],
    ),
    "mean-taken-for-a-constant": (
        "batch_normalization",
        "nn.layers.batchnorm_backward",
        "    dbeta = dout.sum(axis=0)\n    dgamma = (dout * xhat).sum(axis=0)\n    dx = dout * gamma / std",
        ["backward-check", "net-check"],
    ),
    "alternative-without-gamma": (
        "batch_normalization",
        "nn.layers.batchnorm_backward_alt",
        "    n = len(xhat)\n"
        "    dbeta = dout.sum(axis=0)\n"
        "    dgamma = (dout * xhat).sum(axis=0)\n"
        "    dx = (n * dout - dbeta - xhat * dgamma) / (n * std)",
        ["backward-alt-check"],
    ),
    "layer-gradient-over-the-batch": (
        "batch_normalization",
        "nn.layers.layernorm_backward",
        "    n = len(xhat)\n"
        "    dbeta = dout.sum(axis=0)\n"
        "    dgamma = (dout * xhat).sum(axis=0)\n"
        "    dx = gamma / (n * std) * (n * dout - dbeta - xhat * dgamma)",
        ["layernorm-backward-check", "net-check"],
    ),
    **{
        f"initial-{name}": (
            "batch_normalization",
            f"{DEEP}.__init__",
            "    for i in range(1, self.num_layers + 1):\n"
            '        self.params[f"W{i}"] = weight_scale * np.random.randn(dims[i - 1], dims[i])\n'
            '        self.params[f"b{i}"] = np.zeros(dims[i])\n'
            "        if self.normalization and i < self.num_layers:\n"
            f'            self.params[f"gamma{{i}}"] = np.{gamma}(dims[i])\n'
            f'            self.params[f"beta{{i}}"] = np.{beta}(dims[i])',
            ["net-check"],
        )
        for name, gamma, beta in (("gamma-of-zeros", "zeros", "zeros"), ("beta-of-ones", "ones", "ones"))
    },
    "averages-forgotten-in-each-call": (
        "batch_normalization",
        f"{DEEP}.loss:scores",
        "    caches, out = [], X\n"
        "    for i in range(1, last):\n"
        '        layer = [self.params.get(f"{name}{i}") for name in ("W", "b", "gamma", "beta")]\n'
        "        out, cache = affine_norm_relu_dropout_forward(\n"
        '            out, *layer[:2], self.normalization, *layer[2:], {"mode": mode}, dropout_param)\n'
        "        caches.append(cache)\n"
        '    scores, cache = affine_forward(out, self.params[f"W{last}"], self.params[f"b{last}"])\n'
        "    caches.append(cache)",
        ["net-check"],
    ),
    "batchnorm-changes-its-input": (
        "batch_normalization",
        "nn.layers.batchnorm_forward",
        '    if mode == "train":\n'
        "        mean, var = x.mean(axis=0), x.var(axis=0)\n"
        "        std = np.sqrt(var + eps)\n"
        "        x -= mean\n"
        "        xhat = x / std\n"
        "        running_mean = momentum * running_mean + (1 - momentum) * mean\n"
        "        running_var = momentum * running_var + (1 - momentum) * var\n"
        "        cache = (xhat, gamma, std)\n"
        "    else:\n"
        "        xhat = (x - running_mean) / np.sqrt(running_var + eps)\n"
        "    out = gamma * xhat + beta",
        ["forward-train-check"],
    ),
    "dropout-without-scaling": (
        "dropout",
        "nn.layers.dropout_forward",
        '    if mode == "train":\n'
        "        mask = (random.rand(*x.shape) < p).astype(x.dtype)\n"
        "        out = x * mask\n"
        "    else:\n"
        "        out = x",
        ["forward-check", "backward-check", "net-check"],
    ),
    "dropout-gradient-without-mask": (
        "dropout",
        "nn.layers.dropout_backward",
        "    dx = dout.copy()",
        ["backward-check", "net-check"],
    ),
}  # fmt: skip

# Right in another way: parameters come into the dict, or terms into a sum, in another order. Nothing may be lost.
_WEIGHTS_FIRST = (
    "for i in range(self.num_layers):\n"
    '    self.params[f"W{i + 1}"] = weight_scale * np.random.randn(dims[i], dims[i + 1])\n'
    "for i in range(self.num_layers):\n"
    '    self.params[f"b{i + 1}"] = np.zeros(dims[i + 1])\n'
    "for i in range(self.num_layers - 1 if self.normalization else 0):\n"
    '    self.params[f"gamma{i + 1}"], self.params[f"beta{i + 1}"] = np.ones(dims[i + 1]), np.zeros(dims[i + 1])'
)
OTHER_WAYS = {
    "deep-sums-in-another-order": (
        "fully_connected_nets",
        f"{DEEP}.loss:backward",
        "    squares = [w * w for name, W in self.params.items() if name[0] == 'W' for w in W.ravel()[::-1]]\n"
        "    loss = sum(squares) * (self.reg / 2) + loss\n"
        '    dout, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dscores, caches[-1])\n'
        "    for i in range(last - 1, 0, -1):\n"
        "        dout, dW, db, dgamma, dbeta = affine_norm_relu_dropout_backward(dout, caches[i - 1])\n"
        '        grads |= {f"W{i}": dW, f"b{i}": db, f"gamma{i}": dgamma, f"beta{i}": dbeta}\n'
        "    grads = {name: grads[name] + (self.reg * w if name[0] == 'W' else 0) for name, w in self.params.items()}",
    ),
    "two-layer-weights-first": (
        "fully_connected_nets",
        f"{TWO}.__init__",
        "    W1 = weight_scale * np.random.randn(input_dim, hidden_dim)\n"
        "    W2 = weight_scale * np.random.randn(hidden_dim, num_classes)\n"
        '    self.params = {"b1": np.zeros(hidden_dim), "b2": np.zeros(num_classes), "W1": W1, "W2": W2}',
    ),
    **{
        f"deep-weights-first-{notebook}": (notebook, f"{DEEP}.__init__", indent(_WEIGHTS_FIRST, "    "))
        for notebook in NOTEBOOKS
    },
}


@pytest.fixture(scope="module")
def fully_connected_nets(homework):
    quick = {
        "num_epochs=8, batch_size=100": "num_epochs=2, batch_size=100",
        "reg=0.01, num_epochs=5": "reg=0.01, num_epochs=1",
        "full=0.50": "full=0.42",
        "np.logspace(-4, 0, 7)": "np.logspace(-4, 0, 4)",
        "num_epochs=25": "num_epochs=12",
    }
    return dataclasses.replace(homework("fully_connected_nets"), quick=quick)


@pytest.fixture(scope="module")
def complete(fully_connected_nets):
    """The solution's folder after its notebooks ran in it from top to bottom, and what their cells did."""
    folder = fully_connected_nets.submission("complete")
    with ThreadPoolExecutor(2) as side_by_side:
        did = side_by_side.map(lambda notebook: fully_connected_nets.check(folder, notebook), NOTEBOOKS)
        return folder, dict(zip(NOTEBOOKS, did, strict=True))


@pytest.fixture(scope="module")
def graded(fully_connected_nets, complete):
    """Every mistaken submission and the complete one, each judged on the notebook that it concerns."""
    homework, (reference, _) = fully_connected_nets, complete
    runs = {}
    for notebook in NOTEBOOKS:
        folders = [homework.submission(f"complete-{notebook}", files=reference)]
        for name, (where, region, text, *_) in (MISTAKES | OTHER_WAYS).items():
            if where == notebook:
                folders.append(homework.submission(name, write={region: indented(region, text)}, files=reference))
        few = {"get_cifar10_data(dtype": "get_cifar10_data(num_training=500, dtype"}
        runs |= homework.grade(reference, folders, notebook, skip=IDLE[notebook], replace=few)
    return runs


def indented(region: str, text: str) -> str:
    """The text one level further in, where the region is in a method of a net."""
    return indent(text, "    ") if region.startswith("nn.fc_net.") else text


def cells(homework, notebook: str) -> dict:
    """The cells of a source notebook, by id."""
    return {cell.id: cell for cell in read_notebook(homework.assignment.folder / f"{notebook}.ipynb").cells}


def number(pattern: str, text: str) -> float:
    """The number that a cell printed after a text."""
    found = re.search(pattern + r"\s*([-+.\de]+)", text)
    assert found, f"no {pattern!r} in {text!r}"
    return float(found[1])


def test_points_add_up_to_100(fully_connected_nets):
    """Do the points come to what the homework promises, notebook by notebook?"""
    points = dict.fromkeys(NOTEBOOKS, 0)
    for notebook in NOTEBOOKS:
        for cell in cells(fully_connected_nets, notebook).values():
            points[notebook] += cell.metadata.get("nbgrader", {}).get("points", 0)
    assert points == {"fully_connected_nets": 62, "batch_normalization": 24, "dropout": 14}


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_no_point_can_be_guessed(fully_connected_nets, notebook):
    """Does every grade cell state an expectation on fresh inputs, or on saved weights?"""
    assert guessable_cells(read_notebook(fully_connected_nets.assignment.folder / f"{notebook}.ipynb")) == []


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_the_solution_earns_every_point(fully_connected_nets, complete, notebook):
    """Does the source notebook, run from top to bottom, pass every check and stop nowhere?"""
    did = complete[1][notebook]
    assert {cell: run["error"] for cell, run in did.items() if run["error"]} == {}
    assert fully_connected_nets.lost(did, notebook) == []


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_the_release_earns_nothing(fully_connected_nets, notebook):
    """Does a student who hands in what was released get no automatic point, and reach the first region?"""
    released = fully_connected_nets.submission(f"released-{notebook}", leave=["*"])
    did = fully_connected_nets.check(released, notebook, skip=IDLE[notebook])
    assert set(fully_connected_nets.scores(did, notebook).values()) == {0.0}
    assert not did["setup"]["error"]


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_the_solution_is_graded_full(fully_connected_nets, graded, notebook):
    """Does the judge give the complete submission every point, where the searches are not run again?"""
    did = graded[f"complete-{notebook}"]
    assert fully_connected_nets.lost(did, notebook) == []


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_loses_its_question(fully_connected_nets, graded, name):
    """Does a usual mistake lose exactly the checks that test it or need it, and none of the others?"""
    notebook, _, _, lost = MISTAKES[name]
    did = graded[name]
    assert fully_connected_nets.lost(did, notebook) == lost


@pytest.mark.parametrize("name", OTHER_WAYS)
def test_another_way_loses_nothing(fully_connected_nets, graded, name):
    """Does a right solution earn every point, in whatever order its dict holds the parameters?"""
    assert fully_connected_nets.lost(graded[name], OTHER_WAYS[name][0]) == []


def test_the_first_notebook_needs_neither_normalisation_nor_dropout(fully_connected_nets, complete):
    """Does a student who has only done the first notebook get all of its points?"""
    later = ["nn.layers.batchnorm_*", "nn.layers.layernorm_*", "nn.layers.dropout_*"]
    folder = fully_connected_nets.submission("first-only", leave=later, files=complete[0])
    did = fully_connected_nets.check(folder, "fully_connected_nets", skip=IDLE["fully_connected_nets"])
    assert fully_connected_nets.lost(did, "fully_connected_nets") == []


def test_usual_mistakes_are_named(graded):
    """Does the diagnosis say what is wrong where the homework knows the mistake?"""
    said = {name: " ".join(" ".join(did.get("lines", ())) for did in run.values()) for name, run in graded.items()}
    assert "the L2 term is missing" in said["two-layer-loss-without-penalty"]
    assert "only the last layer is regularised" in said["only-the-last-layer-regularised"]


@pytest.mark.parametrize(
    ("cell", "test", "names", "kind"),
    [
        ("affine-forward-check", "affine_forward", ["out"], "stated"),
        ("relu-forward-check", "relu_forward", ["out"], "stated"),
        ("two-layer-scores-check", "two_layer", ["scores"], "stated"),
        ("two-layer-loss-check", "two_layer", ["loss_reg0", "loss_reg1"], "stated"),
        ("momentum-check", "sgd_momentum", ["next_w", "velocity"], "stated"),
        ("rmsprop-check", "rmsprop", ["next_w", "cache"], "stated"),
        ("adam-check", "adam", ["next_w", "v", "m"], "stated"),
    ],
)
def test_stated_figures_are_the_reference(fully_connected_nets, figures, cell, test, names, kind):
    """Does the notebook state the reference's figures to the last digit?"""
    source = cells(fully_connected_nets, "fully_connected_nets")[cell].source
    for name in names:
        for value in np.ravel(figures[test]["expected"][name][kind]):
            assert repr(float(value)) in source


def test_initial_losses_are_the_reference(fully_connected_nets, figures):
    """Are the first losses of a deep net those of the reference, with and without regularisation?"""
    source = cells(fully_connected_nets, "fully_connected_nets")["deep-loss-check"].source
    for reg in ("reg0", "reg3.14"):
        assert repr(figures["fc_net_loss"]["expected"][reg]["loss"]["computed"]) in source


def test_given_losses_are_the_reference(complete, figures):
    """Do the given losses print the reference's values, and right gradients?"""
    text = complete[1]["fully_connected_nets"]["losses-demo"]["text"]
    for name in ("svm_loss", "softmax_loss"):
        loss = figures[name]["expected"]["loss"]["computed"]
        assert number(rf"{name}\s+loss", text) == pytest.approx(loss, abs=1e-9)
        assert number(rf"{name} .*dscores", text) < 1e-6


def test_both_ways_back_agree(complete):
    """Does the timing cell find the two backward functions of batch normalisation equal?"""
    text = complete[1]["batch_normalization"]["backward-compare"]["text"]
    for name in ("dx", "dgamma", "dbeta"):
        assert number(f"{name} relative difference", text) < 1e-8


def test_histories_show_what_the_text_says(complete):
    """Do the saved runs say what the questions ask about: momentum, Adam, normalisation and dropout help?"""
    folder = Path(complete[0])
    saved = {name: np.load(folder / f"{name}.npz") for name in ("momentum", "adam", "norm_scales", "dropout")}
    final = {
        rule: saved[file][f"{rule}/loss_history"][-50:].mean()
        for file, rule in (("momentum", "sgd"), ("momentum", "sgd_momentum"), ("adam", "rmsprop"), ("adam", "adam"))
    }
    assert final["sgd_momentum"] < final["sgd"] - 0.05
    assert final["rmsprop"] < final["sgd"] - 0.05
    assert final["adam"] < final["rmsprop"] - 0.05
    learned = {
        kind: np.mean([saved["norm_scales"][key].max() for key in saved["norm_scales"]
                       if key.startswith(f"{kind} ") and key.endswith("/train_acc_history")])
        for kind in ("none", "batch")
    }  # fmt: skip
    assert learned["batch"] > learned["none"] + 0.05
    gaps = [
        (saved["dropout"][f"train {keep}"] - saved["dropout"][f"val {keep}"])[-8:].mean() for keep in (1.0, 0.5, 0.25)
    ]
    assert gaps[0] > gaps[2] + 0.02


def test_searches_are_declared(fully_connected_nets, complete):
    """Are the cells that grading does not run again, and the files they save, those of assignment.toml?"""
    assignment = fully_connected_nets.assignment
    assert assignment.search == {(notebook, cell) for notebook, names in SEARCH.items() for cell in names}
    assert {path.name for path in Path(complete[0]).glob("*.npz")} == set(assignment.hand_in)
