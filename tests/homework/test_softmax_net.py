"""Does the homework softmax_net give every point to its solution, none to the release, and find each mistake?"""

import dataclasses
import json
import re

import numpy as np
import pytest

from autograder.expect.lint import guessable_cells
from autograder.notebooks import read_notebook, write_notebook
from nn.datasets import cifar10_source

NAME = "two_layer_net"
NET = "nn.neural_net.TwoLayerNet"
IDLE = [
    "toy-plot", "baseline", "explore", "baseline-plots", "debug-plot", "search", "load-best", "best-weights",
    "test-accuracy",
]  # fmt: skip

# name -> region, what a student wrote there, the grade cells that must be lost
MISTAKES = {
    "bias-forgotten": (
        f"{NET}.predict",
        "        hidden = np.maximum(0, X @ self.params['W1'].T)\n"
        "        y_pred = (hidden @ self.params['W2'].T).argmax(axis=1)",
        ["predict-check"],
    ),
    "no-relu-mask": (
        f"{NET}.loss:backward",
        "        dhidden = dscores @ W2\n"
        "        grads = {'W1': dhidden.T @ X + reg * W1, 'b1': dhidden.sum(axis=0),\n"
        "                 'W2': dscores.T @ hidden + reg * W2, 'b2': dscores.sum(axis=0)}",
        ["toy-gradient-check", "toy-train-check", "debug-check"],
    ),
    "penalty-on-biases": (
        f"{NET}.loss:loss",
        "        data_loss, dscores = self.loss_function(scores, y)\n"
        "        loss = data_loss + 0.5 * reg * sum(np.sum(p**2) for p in self.params.values())",
        ["toy-loss-check", "toy-train-check", "debug-check"],
    ),
    "softmax-overflows": (
        "nn.losses.softmax_loss",
        "    e = np.exp(scores)\n"
        "    p = e / e.sum(axis=1, keepdims=True)\n"
        "    rows = np.arange(len(y))\n"
        "    loss = -np.log(p[rows, y]).mean()\n"
        "    dscores = p.copy()\n"
        "    dscores[rows, y] -= 1\n"
        "    dscores /= len(y)",
        ["softmax-check"],
    ),
    "maximum-of-the-whole-batch": (
        "nn.losses.softmax_loss",
        "    rows = np.arange(len(y))\n"
        "    shifted = scores - scores.max()\n"
        "    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))\n"
        "    loss = -log_probs[rows, y].mean()\n"
        "    dscores = np.exp(log_probs)\n"
        "    dscores[rows, y] -= 1\n"
        "    dscores /= len(y)",
        ["softmax-check"],
    ),
    "rate-forgotten": (
        "two_layer_net:debug:loss_drop",
        "    params, (before, _), (_, grads) = net.params, net.loss(*others, reg), net.loss(*batch, reg)\n"
        "    net.params = {name: value - grads[name] for name, value in params.items()}\n"
        "    drop = before - net.loss(*others, reg)[0]\n"
        "    net.params = params",
        ["debug-check"],
    ),
    "net-left-changed": (
        "two_layer_net:debug:loss_drop",
        "    (before, _), (_, grads) = net.loss(*others, reg), net.loss(*batch, reg)\n"
        "    net.params = {name: value - learning_rate * grads[name] for name, value in net.params.items()}\n"
        "    drop = before - net.loss(*others, reg)[0]",
        ["debug-check"],
    ),
}

# the check that names it at once -> region, what a student wrote there, what is said
NAMED_AT_ONCE = {
    "softmax-check": (
        "nn.losses.softmax_loss",
        "    e = np.exp(scores - scores.max(axis=1, keepdims=True))\n"
        "    dscores = e / e.sum(axis=1, keepdims=True)\n"
        "    loss = np.log(dscores[np.arange(len(y)), y]).mean()\n"
        "    dscores[np.arange(len(y)), y] -= 1\n"
        "    dscores /= len(y)",
        "small_loss.*the minus sign is missing",
    ),
    "predict-check": (
        f"{NET}.predict",
        "        y_pred = self.loss(X).argmax(axis=0)",
        "over the examples, not over the classes",
    ),
    "debug-check": (*MISTAKES["rate-forgotten"][:2], "the learning rate is missing"),
}


@pytest.fixture(scope="module")
def softmax_net(homework):
    quick = {"num_iters=5000": "num_iters=1200", "full=0.50": "full=0.42"}
    return dataclasses.replace(homework("softmax_net"), quick=quick)


@pytest.fixture(scope="module")
def complete(softmax_net):
    """The solution's folder after the notebook ran in it from top to bottom, and what its cells did."""
    folder = softmax_net.submission("complete")
    return folder, softmax_net.check(folder, NAME)


@pytest.fixture(scope="module")
def checked(softmax_net):
    """What the checks say at once of several unfinished or mistaken submissions; the images are left out."""
    later = [f"{NET}.loss:backward", f"{NET}.train:update", f"{NET}.predict", "two_layer_net:debug:*"]
    folders = [
        softmax_net.submission("released", leave=["*"]),
        softmax_net.submission("up-to-the-loss", leave=later),
        *(
            softmax_net.submission(f"named-{cell}", write={region: text})
            for cell, (region, text, _) in NAMED_AT_ONCE.items()
        ),
    ]
    return softmax_net.check_all(folders, NAME, skip=[*IDLE, "images"])


@pytest.fixture(scope="module")
def graded(softmax_net, complete):
    """The complete submission and every mistaken one, judged against the source."""
    reference, _ = complete
    folders = [softmax_net.submission("complete-again", files=reference)]
    for name, (region, text, _) in MISTAKES.items():
        folders.append(softmax_net.submission(name, write={region: text}, files=reference))
    return softmax_net.grade(reference, folders, NAME, skip=IDLE, only_key=["images"])


def test_points_add_up_to_100(softmax_net):
    """Do the points come to what the homework promises?"""
    cells = read_notebook(softmax_net.assignment.folder / f"{NAME}.ipynb").cells
    assert sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in cells) == 100


def test_no_points_can_be_guessed(softmax_net):
    """Has every check an expectation on fresh inputs or held-out data?"""
    assert guessable_cells(read_notebook(softmax_net.assignment.folder / f"{NAME}.ipynb")) == []


def test_the_solution_earns_every_point(softmax_net, complete):
    """Does the source notebook, run from top to bottom, pass every check and stop nowhere?"""
    _, did = complete
    assert {cell: run["error"] for cell, run in did.items() if run["error"]} == {}
    assert softmax_net.scores(did, NAME) == softmax_net.grade_cells(NAME)


def test_the_release_earns_nothing(softmax_net, checked):
    """Does a student who hands in what was released get no automatic point, and reach the first region?"""
    did = checked["released"]
    assert set(softmax_net.scores(did, NAME).values()) == {0.0}
    assert not did["toy-data"]["error"]


def test_the_solution_is_graded_full(softmax_net, graded):
    """Does the judge give the complete submission every point, where the search is not run again?"""
    assert softmax_net.lost(graded["complete-again"], NAME) == []


def test_the_loss_is_checked_before_the_gradients_are_written(checked):
    """Does a student who has come to the check of the loss pass it, and hear next what the gradients lack?"""
    did = checked["up-to-the-loss"]
    assert not did["toy-loss-check"]["error"]
    assert "names: loss gives the gradients of W1, b1, W2 and b2. Yours is []" in did["toy-gradient-check"]["error"]


@pytest.mark.parametrize("cell", NAMED_AT_ONCE)
def test_a_mistake_is_named_at_once(checked, cell):
    """Does a student hear of a usual mistake from the check under its task, and not only when graded?"""
    did = checked[f"named-{cell}"]
    assert re.search(NAMED_AT_ONCE[cell][2], did[cell]["error"] or "", re.DOTALL), did[cell]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_loses_its_questions(softmax_net, graded, name):
    """Does a usual mistake lose exactly the checks that test it, and none of the others?"""
    assert softmax_net.lost(graded[name], NAME) == MISTAKES[name][2]


@pytest.mark.parametrize(
    ("cell", "test", "figure"),
    [
        ("toy-loss-check", "toy_loss_softmax", "loss"),
        ("toy-train-check", "toy_train_softmax", "final_training_loss"),
    ],
)
def test_stated_figures_are_the_reference(softmax_net, figures, cell, test, figure):
    """Does the notebook state the reference's figures to the last digit?"""
    cells = read_notebook(softmax_net.assignment.folder / f"{NAME}.ipynb").cells
    source = next(c.source for c in cells if c.id == cell)
    assert repr(figures[test]["expected"][figure]["stated"]) in source


def test_the_search_skips_itself(softmax_net, complete):
    """With the weights there, is the search not run again; and do weights and settings name data and numbers?"""
    folder, did = complete
    with np.load(folder / "best_net.npz", allow_pickle=False) as saved:
        assert str(saved["trained_on"]) == cifar10_source(softmax_net.data)
    assert json.loads((folder / "best_settings.json").read_text())["num_iters"] == 1200
    assert "learning_rate 0.001" in did["load-best"]["text"]
    all_but_search = [cell for cell in did if cell not in ("setup", "search")]
    again = softmax_net.check(folder, NAME, skip=all_but_search)["search"]
    assert (again["error"], again["text"].split(",")[0]) == (None, "best_net.npz is there")


def test_without_weights_the_first_net_stands_in(softmax_net):
    """Does the cell that loads the weights say what to do where there are none, and is that no error?"""
    folder = softmax_net.submission("no-weights")
    only = ("setup", "load-best")
    skip = [cell.id for cell in read_notebook(folder / f"{NAME}.ipynb").cells if cell.id not in only]
    source = read_notebook(folder / f"{NAME}.ipynb")
    next(cell for cell in source.cells if cell.id == "setup").source += "\nfirst_net = None"
    write_notebook(source, folder / f"{NAME}.ipynb")
    did = softmax_net.check(folder, NAME, skip=skip)["load-best"]
    assert did["error"] is None
    assert "There is no best_net.npz yet: run the search." in did["text"]


def test_accuracies_lie_in_their_bands(complete):
    """Do first run and search end where the text says they do?"""
    _, did = complete
    first = float(re.search(r"validation accuracy ([\d.]+)", did["baseline"]["text"])[1])
    assert 0.25 <= first <= 0.33
    best = float(re.search(r"best: ([\d.]+)", did["search"]["text"])[1])
    assert best >= 0.42
