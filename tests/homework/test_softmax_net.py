"""Does the homework softmax_net give every point to its solution, none to the release, and find each mistake?"""

import re

import pytest

from autograder.expect.lint import guessable_cells
from autograder.notebooks import read_notebook

NAME = "two_layer_net"
NET = "nn.neural_net.TwoLayerNet"
IDLE = ["toy-plot", "baseline", "baseline-plots", "debug-plot", "search", "load-best", "best-weights", "test-accuracy"]

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
        ["toy-loss-check", "toy-train-check"],
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
    "rate-forgotten": (
        "two_layer_net:debug:update_ratios",
        "    _, grads = net.loss(X, y, reg)\n"
        "    ratios = {n: float(np.linalg.norm(grads[n]) / np.linalg.norm(net.params[n])) for n in ('W1', 'W2')}",
        ["debug-check"],
    ),
}


@pytest.fixture(scope="module")
def softmax_net(homework):
    return homework("softmax_net")


@pytest.fixture(scope="module")
def complete(softmax_net):
    """The solution's folder after the notebook ran in it from top to bottom, and what its cells did."""
    folder = softmax_net.submission("complete")
    return folder, softmax_net.check(folder, NAME)


@pytest.fixture(scope="module")
def graded(softmax_net, complete):
    """The complete submission and every mistaken one, judged against the source."""
    reference, _ = complete
    folders = [softmax_net.submission("complete-again", files=reference)]
    for name, (region, text, _) in MISTAKES.items():
        folders.append(softmax_net.submission(name, write={region: text}, files=reference))
    return softmax_net.grade(reference, folders, NAME, skip=IDLE)


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


def test_the_release_earns_nothing(softmax_net):
    """Does a student who hands in what was released get no automatic point, and reach the first region?"""
    did = softmax_net.check(softmax_net.submission("released", leave=["*"]), NAME, skip=IDLE)
    assert set(softmax_net.scores(did, NAME).values()) == {0.0}
    assert not did["toy-data"]["error"]


def test_the_solution_is_graded_full(softmax_net, graded):
    """Does the judge give the complete submission every point, where the search is not run again?"""
    assert softmax_net.lost(graded["complete-again"], NAME) == []


def test_the_loss_is_checked_before_the_gradients_are_written(softmax_net):
    """Does a student who has come to the check of the loss pass it, and hear next what the gradients lack?"""
    later = [f"{NET}.loss:backward", f"{NET}.train:update", f"{NET}.predict", "two_layer_net:debug:*"]
    did = softmax_net.check(softmax_net.submission("up-to-the-loss", leave=later), NAME, skip=IDLE)
    assert not did["toy-loss-check"]["error"]
    assert "names: loss gives the gradients of W1, b1, W2 and b2. Yours is []" in did["toy-gradient-check"]["error"]


@pytest.mark.parametrize(
    ("region", "text", "cell", "said"),
    [
        (
            "nn.losses.softmax_loss",
            "    e = np.exp(scores - scores.max(axis=1, keepdims=True))\n"
            "    dscores = e / e.sum(axis=1, keepdims=True)\n"
            "    loss = np.log(dscores[np.arange(len(y)), y]).mean()\n"
            "    dscores[np.arange(len(y)), y] -= 1\n"
            "    dscores /= len(y)",
            "softmax-check",
            "small_loss.*the minus sign is missing",
        ),
        (
            f"{NET}.predict",
            "        y_pred = self.loss(X).argmax(axis=0)",
            "predict-check",
            "over the examples, not over the classes",
        ),
        (*MISTAKES["rate-forgotten"][:2], "debug-check", "the learning rate is missing"),
    ],
)
def test_a_mistake_is_named_at_once(softmax_net, region, text, cell, said):
    """Does a student hear of a usual mistake from the check under its task, and not only when graded?"""
    name = f"named-{cell}"
    did = softmax_net.check(softmax_net.submission(name, write={region: text}), NAME, skip=[*IDLE, "images"])
    assert re.search(said, did[cell]["error"] or "", re.DOTALL), did[cell]


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


def test_accuracies_lie_in_their_bands(complete):
    """Do first run and search end where the text says they do?"""
    _, did = complete
    first = float(re.search(r"validation accuracy ([\d.]+)", did["baseline"]["text"])[1])
    assert 0.25 <= first <= 0.33
    best = float(re.search(r"best: ([\d.]+)", did["search"]["text"])[1])
    assert best >= 0.50
