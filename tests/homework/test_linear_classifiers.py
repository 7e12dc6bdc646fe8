"""Does the homework linear_classifiers give every point to its solution, none to the release, and find each mistake?"""

import json
import re

import numpy as np
import pytest

from autograder.expect.lint import guessable_cells
from autograder.notebooks import read_notebook
from nn.datasets import cifar10_source

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("linear_classifiers")]

NAME = "linear_classifiers"
LINEAR = "nn.linear_classifier"
CLASSIFIER = f"{LINEAR}.LinearClassifier"
IDLE = ["sparse-demo", "timing", "baseline", "baseline-plot", "search", "templates", "test-accuracy"]

WITHOUT_IMAGES = [*IDLE, "images", "accuracy-check"]

# name -> region, what a student wrote there, the grade cells that must be lost
MISTAKES = {
    "right-class-counted": (
        f"{LINEAR}.svm_loss_naive",
        "    for i in range(len(X)):\n"
        "        scores = X[i] @ W\n"
        "        for j in range(W.shape[1]):\n"
        "            margin = scores[j] - scores[y[i]] + 1\n"
        "            if margin > 0:\n"
        "                loss += margin\n"
        "                dW[:, j] += X[i]\n"
        "                dW[:, y[i]] -= X[i]\n"
        "    loss = loss / len(X) + 0.5 * reg * np.sum(W**2)\n"
        "    dW = dW / len(X) + reg * W",
        ["svm-naive-loss-check"],
    ),
    "naive-gradient-without-right-class": (
        f"{LINEAR}.svm_loss_naive",
        "    for i in range(len(X)):\n"
        "        scores = X[i] @ W\n"
        "        for j in range(W.shape[1]):\n"
        "            margin = scores[j] - scores[y[i]] + 1\n"
        "            if j != y[i] and margin > 0:\n"
        "                loss += margin\n"
        "                dW[:, j] += X[i]\n"
        "    loss = loss / len(X) + 0.5 * reg * np.sum(W**2)\n"
        "    dW = dW / len(X) + reg * W",
        ["svm-naive-gradient-check"],
    ),
    "softmax-overflows": (
        f"{LINEAR}.softmax_loss_naive",
        "    for i in range(len(X)):\n"
        "        p = np.exp(X[i] @ W)\n"
        "        p /= p.sum()\n"
        "        loss -= np.log(p[y[i]])\n"
        "        p[y[i]] -= 1\n"
        "        dW += np.outer(X[i], p)\n"
        "    loss = loss / len(X) + 0.5 * reg * np.sum(W**2)\n"
        "    dW = dW / len(X) + reg * W",
        ["softmax-naive-check"],
    ),
    "maximum-of-the-whole-batch-naive": (
        f"{LINEAR}.softmax_loss_naive",
        "    largest = (X @ W).max()\n"
        "    for i in range(len(X)):\n"
        "        scores = X[i] @ W - largest\n"
        "        p = np.exp(scores)\n"
        "        loss -= scores[y[i]] - np.log(p.sum())\n"
        "        p /= p.sum()\n"
        "        p[y[i]] -= 1\n"
        "        dW += np.outer(X[i], p)\n"
        "    loss = loss / len(X) + 0.5 * reg * np.sum(W**2)\n"
        "    dW = dW / len(X) + reg * W",
        ["softmax-naive-check"],
    ),
    "maximum-of-the-whole-batch": (
        "nn.losses.softmax_loss",
        "    shifted = scores - scores.max()\n"
        "    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))\n"
        "    loss = -log_probs[np.arange(len(y)), y].mean()\n"
        "    dscores = (np.exp(log_probs) - np.eye(scores.shape[1])[y]) / len(y)",
        ["softmax-loss-check"],
    ),
    "one-for-all-margins": (
        "nn.losses.svm_loss",
        "    rows = np.arange(len(y))\n"
        "    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1)\n"
        "    margins[rows, y] = 0\n"
        "    loss = margins.sum() / len(y)\n"
        "    dscores = (margins > 0).astype(scores.dtype)\n"
        "    dscores[rows, y] = -dscores.max(axis=1)\n"
        "    dscores /= len(y)",
        ["svm-loss-check"],
    ),
    "gradient-not-averaged": (
        "nn.losses.softmax_loss",
        "    rows = np.arange(len(y))\n"
        "    shifted = scores - scores.max(axis=1, keepdims=True)\n"
        "    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))\n"
        "    loss = -log_probs[rows, y].sum() / len(y)\n"
        "    dscores = np.exp(log_probs)\n"
        "    dscores[rows, y] -= 1",
        ["softmax-loss-check"],
    ),
    "penalty-lacks-its-half": (
        f"{LINEAR}.linear_loss",
        "    loss, dscores = loss_function(X @ W, y)\n"
        "    loss += reg * np.sum(W**2)\n"
        "    dW = X.T @ dscores + 2 * reg * W",
        ["linear-loss-check", "update-check"],
    ),
    "step-along-the-gradient": (
        f"{CLASSIFIER}.train:update",
        "            self.W = self.W + learning_rate * grad",
        ["update-check"],
    ),
    "largest-over-the-examples": (
        f"{CLASSIFIER}.predict",
        "        y_pred = (X @ W).argmax(axis=0)",
        ["predict-check"],
    ),
}

# Right in another way: nothing may be lost.
OTHER_WAYS = {
    "sums-in-another-order": (
        f"{LINEAR}.softmax_loss_naive",
        "    for i in reversed(range(len(X))):\n"
        "        scores = X[i] @ W - np.max(X[i] @ W)\n"
        "        p = np.exp(scores) / np.exp(scores).sum()\n"
        "        loss += (np.log(np.exp(scores).sum()) - scores[y[i]]) / len(X)\n"
        "        p[y[i]] -= 1\n"
        "        dW += np.outer(X[i], p) / len(X)\n"
        "    loss += sum(reg / 2 * w * w for w in W.ravel()[::-1])\n"
        "    dW += reg * W",
    ),
    "step-in-place": (f"{CLASSIFIER}.train:update", "            self.W -= learning_rate * grad"),
}

# the one region that is written -> the checks that it passes
ALONE = {
    "nn.losses.svm_loss": ["svm-loss-check"],
    "nn.losses.softmax_loss": ["softmax-loss-check"],
    f"{LINEAR}.svm_loss_naive": ["svm-naive-loss-check", "svm-naive-gradient-check"],
    f"{LINEAR}.linear_loss": ["linear-loss-check"],
}

# mistake -> the check that names it at once, and what it says
NAMED_AT_ONCE = {
    "right-class-counted": ("svm-naive-loss-check", "the right class is counted too"),
    "one-for-all-margins": ("svm-loss-check", "the right class gets -1 for all margins together"),
    "penalty-lacks-its-half": ("linear-loss-check", "the L2 term lacks its factor 1/2"),
    "step-along-the-gradient": ("update-check", "the step goes along the gradient, not against it"),
    "largest-over-the-examples": ("predict-check", "over the examples, not over the classes"),
}


@pytest.fixture(scope="module")
def linear_classifiers(homework):
    return homework(NAME)


@pytest.fixture(scope="module")
def complete(linear_classifiers):
    """The solution's folder after the notebook ran in it from top to bottom, and what its cells did."""
    folder = linear_classifiers.submission("complete")
    return folder, linear_classifiers.check(folder, NAME)


@pytest.fixture(scope="module")
def graded(linear_classifiers, complete):
    """The complete submission and every other one, judged against the source."""
    reference, _ = complete
    folders = [linear_classifiers.submission("complete-again", files=reference)]
    for name, (region, text, *_) in (MISTAKES | OTHER_WAYS).items():
        folders.append(linear_classifiers.submission(name, write={region: text}, files=reference))
    return linear_classifiers.grade(reference, folders, NAME, skip=IDLE, only_key=["images"])


@pytest.fixture(scope="module")
def checked(linear_classifiers):
    """What the checks say at once of the release, of one region alone, and of some mistakes; without images."""
    regions = linear_classifiers.assignment.blank
    folders = [linear_classifiers.submission("released", leave=["*"])]
    for region in ALONE:
        leave = [other for other in regions if other != region]
        folders.append(linear_classifiers.submission(f"only-{region}", leave=leave))
    for name in NAMED_AT_ONCE:
        region, text, _ = MISTAKES[name]
        folders.append(linear_classifiers.submission(f"named-{name}", write={region: text}))
    return linear_classifiers.check_all(folders, NAME, skip=WITHOUT_IMAGES)


def test_points_add_up_to_100(linear_classifiers):
    """Do the points come to what the homework promises?"""
    cells = read_notebook(linear_classifiers.assignment.folder / f"{NAME}.ipynb").cells
    assert sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in cells) == 100


def test_no_points_can_be_guessed(linear_classifiers):
    """Has every check an expectation on fresh inputs or held-out data?"""
    assert guessable_cells(read_notebook(linear_classifiers.assignment.folder / f"{NAME}.ipynb")) == []


def test_the_solution_earns_every_point(linear_classifiers, complete):
    """Does the source notebook, run from top to bottom, pass every check and stop nowhere?"""
    _, did = complete
    assert {cell: run["error"] for cell, run in did.items() if run["error"]} == {}
    assert linear_classifiers.scores(did, NAME) == linear_classifiers.grade_cells(NAME)


def test_the_release_earns_nothing(linear_classifiers, checked):
    """Does a student who hands in what was released get no automatic point, and reach the first region?"""
    did = checked["released"]
    assert all(did[cell]["error"] for cell in linear_classifiers.grade_cells(NAME) if cell != "accuracy-check")
    assert not did["setup"]["error"]


@pytest.mark.parametrize("name", ["complete-again", *OTHER_WAYS])
def test_a_right_solution_is_graded_full(linear_classifiers, graded, name):
    """Does the judge give every point to the complete submission and to other ways, without running the search?"""
    assert linear_classifiers.lost(graded[name], NAME) == []


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_loses_its_questions(linear_classifiers, graded, name):
    """Does a usual mistake lose exactly the checks that test it, and none of the others?"""
    assert linear_classifiers.lost(graded[name], NAME) == MISTAKES[name][2]


@pytest.mark.parametrize("region", ALONE)
def test_each_loss_is_checked_on_its_own(linear_classifiers, checked, region):
    """Does a student who has written only one region pass its check, whatever is missing elsewhere?"""
    did = checked[f"only-{region}"]
    right = [cell for cell in linear_classifiers.grade_cells(NAME) if cell in did and not did[cell]["error"]]
    assert right == ALONE[region]


@pytest.mark.parametrize("name", NAMED_AT_ONCE)
def test_a_mistake_is_named_at_once(checked, name):
    """Does a student hear of a usual mistake from the check under its task, and not only when graded?"""
    cell, said = NAMED_AT_ONCE[name]
    assert re.search(said, checked[f"named-{name}"][cell]["error"] or "", re.DOTALL)


def test_the_search_skips_itself(linear_classifiers, complete):
    """With the weights there, is the search not run again; and do the files name data and settings?"""
    folder, did = complete
    with np.load(folder / "best_classifier.npz", allow_pickle=False) as saved:
        assert str(saved["trained_on"]) == cifar10_source(linear_classifiers.data)
    assert json.loads((folder / "best_settings.json").read_text())["classifier"] in ("LinearSVM", "Softmax")
    again = linear_classifiers.check(folder, NAME, skip=[cell for cell in did if cell not in ("setup", "search")])
    assert (again["search"]["error"], again["search"]["text"].split(",")[0]) == (None, "best_classifier.npz is there")


def test_accuracies_lie_in_their_bands(complete):
    """Do first runs and search end where the text says they do, and do the two forms of each loss agree?"""
    _, did = complete
    svm, softmax = (float(found) for found in re.findall(r"validation accuracy ([\d.]+)", did["baseline"]["text"]))
    assert 0.33 <= svm <= 0.41
    assert 0.28 <= softmax <= 0.37
    assert float(re.search(r"best: ([\d.]+)", did["search"]["text"])[1]) >= 0.40
    differences = re.findall(r"difference (\S+), of the gradients (\S+)", did["timing"]["text"])
    assert len(differences) == 2
    assert all(float(number.rstrip(",")) < 1e-9 for pair in differences for number in pair)
