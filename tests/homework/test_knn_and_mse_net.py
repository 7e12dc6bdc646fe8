"""Does the homework knn_and_mse_net give every point to its solution, none to the release, and find each mistake?"""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from autograder.expect.lint import guessable_cells
from autograder.notebooks import read_notebook
from nn.datasets import cifar10_source

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("knn_and_mse_net")]

KNN = "nn.k_nearest_neighbor.KNearestNeighbor"
NET = "nn.neural_net.TwoLayerNet"

# Given cells that no grade cell needs: left out where only scores matter.
IDLE = {
    "knn": [
        "data-pictures", "timing", "picture", "accuracy", "neighbours",
        "cross-validation", "cross-validation-plot", "best-k-test",
    ],
    "two_layer_net": [
        "hand-figure", "hand-table", "baseline", "baseline-plots", "search",
        "load-best", "best-weights", "test", "bonus-train", "bonus-own",
    ],
}  # fmt: skip

# name -> notebook, region, what a student wrote there, the grade cells that must be lost
MISTAKES = {
    "no-square-root": (
        "knn",
        f"{KNN}.compute_distances_one_loop",
        "            dists[i] = ((self.X_train - X[i]) ** 2).sum(axis=1)",
        ["one-loop-check"],
    ),
    "distances-of-magnitudes": (
        "knn",
        f"{KNN}.compute_distances_two_loops",
        "                dists[i, j] = np.abs(X[i] - self.X_train[j]).sum()",
        ["two-loops-check"],
    ),
    "factor-two-forgotten": (
        "knn",
        f"{KNN}.compute_distances_no_loops",
        "        squares = (X**2).sum(axis=1)[:, None] + (self.X_train**2).sum(axis=1)\n"
        "        dists = np.sqrt(np.maximum(squares - X @ self.X_train.T, 0))",
        ["no-loops-check"],
    ),
    "ties-to-the-nearest": (
        "knn",
        f"{KNN}.predict_labels",
        "        nearest = self.y_train[np.argsort(dists, axis=1)[:, :k]].tolist()\n"
        "        y_pred = np.array([max(labels, key=labels.count) for labels in nearest])",
        ["vote-check", "near-ties-check"],
    ),
    "equally-near-in-any-order": (
        "knn",
        f"{KNN}.predict_labels",
        "        order = np.array([np.lexsort((-np.arange(len(row)), row)) for row in dists])[:, :k]\n"
        "        y_pred = np.array([np.bincount(self.y_train[row]).argmax() for row in order])",
        ["near-ties-check"],
    ),
    "trains-on-the-fold-left-out": (
        "knn",
        "knn:cross-validate",
        "        classifier.train(X, y)\n"
        "        distances = classifier.compute_distances_no_loops(X_folds[fold])\n"
        "        for k in ks:\n"
        "            accuracies[k].append(np.mean(classifier.predict_labels(distances, k=k) == y_folds[fold]))",
        ["cross-validate-check"],
    ),
    "largest-of-equally-good-k": (
        "knn",
        "knn:best-k",
        "    return max(accuracies, key=lambda k: (np.mean(accuracies[k]), k))",
        ["best-k-check"],
    ),
    "inputs-in-place-of-hidden-units": (
        "two_layer_net",
        "two_layer_net:hand-forward-numbers",
        "hand_z1, hand_x1 = [0.3775, 0.3925], [0.59327, 0.59688]\nhand_z2, hand_x2, hand_loss = 0.665, 0.66038, 0.2115",
        ["hand-forward-check"],
    ),
    "sigmoid-derivative-with-a-factor-z": (
        "two_layer_net",
        "two_layer_net:hand-backward",
        "    delta2 = (x2 - y) * x2 * (1 - x2) * np.log(x2 / (1 - x2))\n"
        "    delta1 = (W2.T @ delta2) * x1 * (1 - x1)\n"
        "    dW1, db1, dW2, db2 = np.outer(delta1, x0), delta1, np.outer(delta2, x1), delta2",
        ["hand-backward-check"],
    ),
    "weights-transposed": (
        "two_layer_net",
        "two_layer_net:shapes",
        '    shapes = {"W1": (D, H), "b1": (H,), "W2": (H, C), "b2": (C,)}',
        ["shapes-check"],
    ),
    "mse-changes-the-scores": (
        "two_layer_net",
        "nn.losses.mse_loss",
        "    scores[np.arange(len(y)), y] -= 1\n    loss, dscores = 0.5 * np.sum(scores**2) / len(y), scores / len(y)",
        ["mse-check"],
    ),
    "softmax-maximum-of-the-whole-batch": (
        "two_layer_net",
        "nn.losses.softmax_loss",
        "    shifted = scores - scores.max()\n"
        "    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))\n"
        "    loss = -log_probs[np.arange(len(y)), y].mean()\n"
        "    dscores = (np.exp(log_probs) - np.eye(scores.shape[1])[y]) / len(y)",
        ["bonus-check"],
    ),
    "predicts-the-smallest-score": (
        "two_layer_net",
        f"{NET}.predict",
        "        y_pred = self.loss(X).argmin(axis=1)",
        ["predict-check"],
    ),
    "step-along-the-gradient": (
        "two_layer_net",
        f"{NET}.train:update",
        "            for name in grads:\n                self.params[name] += learning_rate * grads[name]",
        ["update-check", "toy-train-check"],
    ),
    "no-regularisation": (
        "two_layer_net",
        f"{NET}.loss:loss",
        "        loss, dscores = self.loss_function(scores, y)",
        ["loss-check", "toy-train-check"],
    ),
    "mse-without-a-half": (
        "two_layer_net",
        "nn.losses.mse_loss",
        "    targets = np.eye(scores.shape[1])[y]\n"
        "    loss = ((scores - targets) ** 2).sum() / len(y)\n"
        "    dscores = 2 * (scores - targets) / len(y)",
        ["mse-check", "loss-check", "toy-train-check"],
    ),
    "softmax-without-minus": (
        "two_layer_net",
        "nn.losses.softmax_loss",
        "    shifted = scores - scores.max(axis=1, keepdims=True)\n"
        "    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))\n"
        "    loss = log_probs[np.arange(len(y)), y].mean()\n"
        "    dscores = (np.eye(scores.shape[1])[y] - np.exp(log_probs)) / len(y)",
        ["bonus-check"],
    ),
}
NOTEBOOKS = ("knn", "two_layer_net")

# Right in another way. Nothing may be lost.
OTHER_WAYS = {
    "softmax-in-place": (
        "two_layer_net",
        "nn.losses.softmax_loss",
        "    scores -= scores.max(axis=1, keepdims=True)\n"
        "    log_probs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))\n"
        "    loss = -log_probs[np.arange(len(y)), y].mean()\n"
        "    dscores = (np.exp(log_probs) - np.eye(scores.shape[1])[y]) / len(y)",
    ),
}


@pytest.fixture(scope="module")
def knn_and_mse_net(homework):
    return homework("knn_and_mse_net")


@pytest.fixture(scope="module")
def complete(knn_and_mse_net):
    """The solution's folder after both notebooks ran in it from top to bottom, and what their cells did."""
    folder = knn_and_mse_net.submission("complete")
    with ThreadPoolExecutor() as side_by_side:
        did = side_by_side.map(lambda notebook: knn_and_mse_net.check(folder, notebook), NOTEBOOKS)
        return folder, dict(zip(NOTEBOOKS, did, strict=True))


@pytest.fixture(scope="module")
def graded(knn_and_mse_net, complete):
    """Every mistaken submission and the complete one, each judged on the notebook that it concerns."""
    homework, (reference, _) = knn_and_mse_net, complete
    runs = {}
    for notebook in NOTEBOOKS:
        folders = [homework.submission(f"complete-{notebook}", files=reference)]
        for name, (where, region, text, *_) in (MISTAKES | OTHER_WAYS).items():
            if where == notebook:
                folders.append(homework.submission(name, write={region: text}, files=reference))
        runs |= homework.grade(reference, folders, notebook, skip=IDLE[notebook], only_key=["data", "cifar"])
    return runs


def number(pattern: str, text: str) -> float:
    """The number that a cell printed after a text."""
    found = re.search(pattern + r"\s*([-+.\de]+)", text)
    assert found, f"no {pattern!r} in {text!r}"
    return float(found[1])


def test_points_add_up_to_100_and_10(knn_and_mse_net):
    """Do points and extra credit come to what the homework promises?"""
    points = 0.0
    for notebook in NOTEBOOKS:
        for cell in read_notebook(knn_and_mse_net.assignment.folder / f"{notebook}.ipynb").cells:
            points += cell.metadata.get("nbgrader", {}).get("points", 0)
    assert points == 100
    assert knn_and_mse_net.assignment.extra_credit == {("two_layer_net", "bonus-check"): 10}


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_cells_are_as_committed_notebooks_should_be(knn_and_mse_net, notebook):
    """Are there no outputs, does every id fit nbgrader's, and can no question's points be guessed?"""
    source = read_notebook(knn_and_mse_net.assignment.folder / f"{notebook}.ipynb")
    for cell in source.cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
        assert cell.metadata.get("nbgrader", {}).get("grade_id", cell.id) == cell.id
    assert guessable_cells(source) == []


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_the_solution_earns_every_point(knn_and_mse_net, complete, notebook):
    """Does the source notebook, run from top to bottom, pass every check and stop nowhere?"""
    did = complete[1][notebook]
    assert {cell: run["error"] for cell, run in did.items() if run["error"]} == {}
    assert knn_and_mse_net.scores(did, notebook) == knn_and_mse_net.grade_cells(notebook)


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_the_release_earns_nothing(knn_and_mse_net, notebook):
    """Does a student who hands in what was released get no automatic point, and reach the first region?"""
    released = knn_and_mse_net.submission(f"released-{notebook}", leave=["*"])
    did = knn_and_mse_net.check(released, notebook, skip=IDLE[notebook])
    assert set(knn_and_mse_net.scores(did, notebook).values()) == {0.0}
    assert not did["setup"]["error"]


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_the_solution_is_graded_full(knn_and_mse_net, graded, notebook):
    """Does the judge give the complete submission every point, where the search is not run again?"""
    assert knn_and_mse_net.lost(graded[f"complete-{notebook}"], notebook) == []


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_loses_its_question(knn_and_mse_net, graded, name):
    """Does a usual mistake lose exactly the checks that test it, and none of the others?"""
    notebook, _, _, lost = MISTAKES[name]
    assert knn_and_mse_net.lost(graded[name], notebook) == lost


@pytest.mark.parametrize("name", OTHER_WAYS)
def test_another_way_loses_nothing(knn_and_mse_net, graded, name):
    """Does a right solution that works in its own way earn every point?"""
    assert knn_and_mse_net.lost(graded[name], OTHER_WAYS[name][0]) == []


def test_changes_in_place_count_at_home_as_when_graded(knn_and_mse_net):
    """Does a student hear at once what grading says of a function that changes its argument?"""
    written = {name: (MISTAKES | OTHER_WAYS)[name] for name in ("mse-changes-the-scores", "softmax-in-place")}
    folders = [
        knn_and_mse_net.submission(f"{name}-at-home", write={region: text})
        for name, (_, region, text, *_) in written.items()
    ]
    wanted = {"setup", "mse-check", "bonus-check"}
    cells = read_notebook(folders[0] / "two_layer_net.ipynb").cells
    did = knn_and_mse_net.check_all(folders, "two_layer_net", skip=[c.id for c in cells if c.id not in wanted])
    assert "scores afterwards, unchanged" in did["mse-changes-the-scores-at-home"]["mse-check"]["error"]
    assert did["softmax-in-place-at-home"]["bonus-check"]["error"] is None


def test_usual_mistakes_are_named(graded):
    """Does the diagnosis say what is wrong where the homework knows the mistake?"""
    said = {name: " ".join(" ".join(did.get("lines", ())) for did in run.values()) for name, run in graded.items()}
    assert "the square root is missing" in said["no-square-root"]
    assert "the regularisation is missing" in said["no-regularisation"]
    assert "the factor 1/2 is missing" in said["mse-without-a-half"]
    assert "the minus sign is missing" in said["softmax-without-minus"]
    assert "the step goes along the gradient" in said["step-along-the-gradient"]


def test_hand_figures_are_the_reference(figures, complete):
    """Are the numbers of the 2-2-1 net, by hand and numeric, those of the reference?"""
    expected = {name: value["computed"] for name, value in figures["hand_backprop"]["expected"].items()}
    rows = re.findall(r"d(\w\d)\[.*?\]\s+(\S+)\s+(\S+)\s+(\S+)", complete[1]["two_layer_net"]["hand-table"]["text"])
    for name in ("W1", "b1", "W2", "b2"):
        columns = np.array([row[1:] for row in rows if row[0] == name], dtype=float)
        np.testing.assert_allclose(columns, np.repeat(np.reshape(expected[name], (-1, 1)), 3, axis=1), atol=1.5e-8)


@pytest.mark.parametrize(
    ("cell", "figure"),
    [
        ("loss-check", ("toy_loss_mse", "loss", "computed")),
        ("toy-train-check", ("toy_train_mse", "final_training_loss", "computed")),
        ("scores-check", ("toy_scores", "scores", "stated")),
        ("bonus-train", ("toy_loss_softmax", "loss", "computed")),
    ],
)
def test_stated_figures_are_the_reference(knn_and_mse_net, figures, cell, figure):
    """Does the notebook state the reference's figures to the last digit?"""
    test, name, kind = figure
    cells = read_notebook(knn_and_mse_net.assignment.folder / "two_layer_net.ipynb").cells
    source = next(c.source for c in cells if c.id == cell)
    for value in np.ravel(figures[test]["expected"][name][kind]):
        assert repr(float(value)) in source


def test_stated_mistakes_are_the_reference(knn_and_mse_net, figures):
    """Are the values that name a mistake those that the mistake gives?"""
    notebook = read_notebook(knn_and_mse_net.assignment.folder / "two_layer_net.ipynb")
    sources = {cell.id: cell.source for cell in notebook.cells}
    mutants = figures["toy_mutants"]["expected"]["mse"]
    for name in ("no_reg", "reg_no_half", "no_half", "sum_not_mean", "mean_over_classes"):
        assert repr(mutants["loss_reg0.05"][name]) in sources["loss-check"], name
    for name in ("no_reg", "reg_no_half", "reg_biases", "no_half_loss_only", "mean_over_classes"):
        assert repr(mutants["final_training_loss"][name]) in sources["toy-train-check"], name


def test_accuracies_lie_in_their_bands(complete):
    """Do the runs on images end where the text says they do?"""
    did = complete[1]
    for k in (1, 5):
        assert 0.25 <= number(rf"k = {k}: .* accuracy", did["knn"]["accuracy"]["text"]) <= 0.32
    assert 0.13 <= number("validation accuracy", did["two_layer_net"]["baseline"]["text"]) <= 0.25
    assert "as expected" in did["two_layer_net"]["baseline"]["text"]
    assert 0.26 <= number("validation accuracy with softmax", did["two_layer_net"]["bonus-train"]["text"]) <= 0.33
    assert number("best validation accuracy", did["two_layer_net"]["search"]["text"]) >= 0.45
    assert number("test accuracy", did["two_layer_net"]["test"]["text"]) >= 0.43


def test_all_ways_of_computing_distances_agree(complete):
    """Does the timing cell find all three within 1e-8?"""
    text = complete[1]["knn"]["timing"]["text"]
    assert text.count("agrees with two loops") == 3
    assert "DIFFERS" not in text


def test_the_search_saves_its_best_settings(knn_and_mse_net, complete):
    """Do weights and settings lie beside the notebook, of a net trained from scratch?"""
    folder, did = complete
    settings = json.loads(Path(folder, "best_settings.json").read_text())
    assert settings["num_iters"] >= 1000
    assert json.loads((folder / "knn_accuracy.json").read_text())["accuracy"] >= 0.25
    assert str(settings["learning_rate"]) in did["two_layer_net"]["load-best"]["text"]
    with np.load(folder / "best_net.npz", allow_pickle=False) as weights:
        assert {name: weights[name].shape for name in weights} == {
            "trained_on": (), "W1": (50, 3072), "b1": (50,), "W2": (10, 50), "b2": (10,),
        }  # fmt: skip
        assert str(weights["trained_on"]) == cifar10_source(knn_and_mse_net.data)


@pytest.mark.real_data
def test_real_images_give_the_published_figures(knn_and_mse_net, complete):
    """On CIFAR-10 itself, are neighbours and first run where the reference says?"""
    if cifar10_source(knn_and_mse_net.data) != "cifar10":
        pytest.skip("the real images are not here")
    did = complete[1]
    assert number("k = 1: .* accuracy", did["knn"]["accuracy"]["text"]) == 0.272
    assert number("k = 5: .* accuracy", did["knn"]["accuracy"]["text"]) == 0.272
    assert 0.155 <= number("validation accuracy", did["two_layer_net"]["baseline"]["text"]) <= 0.201
