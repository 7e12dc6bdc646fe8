"""Does the homework multilayer_nets give every point to its solution, none to the release, and find each mistake?"""

import dataclasses
import importlib.util
import json

import nbformat
import numpy as np
import pytest

from autograder.data.obtain import obtain
from autograder.data.registry import find_dataset
from autograder.expect.lint import guessable_cells
from autograder.notebooks import read_notebook
from nn.datasets import get_cifar10_data, get_mnist_data, load_mnist
from nn.fc_net import FullyConnectedNet
from nn.solver import Solver

NOTEBOOKS = ("multilayer_nets", "frameworks")
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("multilayer_nets")]
TRAINING = {
    "multilayer_nets": ["two-layer-train", "three-layer-train"],
    "frameworks": [
        "frameworks-import",
        "tensorflow-train",
        "tensorflow-session",
        "keras-train",
        "mnist-search",
        "mnist-train",
    ],
}
# Given cells that no grade cell needs: left out where only scores matter.
IDLE = {
    "multilayer_nets": ["loss-demo", "two-layer-plot", "three-layer-plot"],
    "frameworks": [
        "tensorflow-plot", "keras-plot", "mnist-table", "effects-plot", "mnist-pictures", "confusion-plot",
    ],
}  # fmt: skip

# name -> notebook, region, what a student wrote there, the grade cells that must be lost
MISTAKES = {
    "gradient-where-the-upstream-one-is-positive": (
        "multilayer_nets",
        "multilayer_nets:relu:backward",
        "    dx = dout * (dout > 0)",
        ["relu-backward-check", "sandwich-check", "two-layer-gradient-check", "three-layer-gradient-check"],
    ),
    "penalty-without-a-half": (
        "multilayer_nets",
        "multilayer_nets:two-layer-net:gradients",
        "        loss, dscores = softmax_loss(scores, y)\n"
        '        loss += self.reg * (np.sum(p["theta2"] ** 2) + np.sum(p["theta1"] ** 2))\n'
        '        dhidden, grads["theta2"], grads["theta2_0"] = affine_backward(dscores, cache2)\n'
        '        _, grads["theta1"], grads["theta1_0"] = affine_relu_backward(dhidden, cache1)\n'
        '        grads["theta2"] += self.reg * p["theta2"]\n'
        '        grads["theta1"] += self.reg * p["theta1"]',
        ["two-layer-loss-check"],
    ),
    "relu-of-matrices-only": (
        "multilayer_nets",
        "multilayer_nets:relu:backward",
        "    dx = dout * (x > 0) if x.ndim == 2 else dout * (x > 0)[:, :1]",
        ["relu-backward-check"],
    ),
    "relu-changes-dout": (
        "multilayer_nets",
        "multilayer_nets:relu:backward",
        "    dout[x <= 0] = 0\n    dx = dout",
        ["relu-backward-check"],
    ),
    "third-layer-drawn-first": (
        "multilayer_nets",
        "multilayer_nets:three-layer-net:init",
        '        self.params["theta3"] = weight_scale * np.random.randn(hidden_dim2, num_classes)\n'
        '        self.params["theta2"] = weight_scale * np.random.randn(hidden_dim1, hidden_dim2)\n'
        '        self.params["theta1"] = weight_scale * np.random.randn(input_dim, hidden_dim1)\n'
        "        for layer, units in enumerate((hidden_dim1, hidden_dim2, num_classes), 1):\n"
        '            self.params[f"theta{layer}_0"] = np.zeros(units)',
        ["three-layer-init-check"],
    ),
    "third-layer-without-scale": (
        "multilayer_nets",
        "multilayer_nets:three-layer-net:init",
        "        sizes = (input_dim, hidden_dim1, hidden_dim2, num_classes)\n"
        "        for layer, (inputs, units) in enumerate(zip(sizes, sizes[1:]), 1):\n"
        '            self.params[f"theta{layer}"] = np.random.randn(inputs, units)\n'
        '            self.params[f"theta{layer}_0"] = np.zeros(units)',
        ["three-layer-init-check"],
    ),
    "third-layer-without-penalty": (
        "multilayer_nets",
        "multilayer_nets:three-layer-net:gradients",
        "        loss, dscores = softmax_loss(scores, y)\n"
        '        dhidden2, grads["theta3"], grads["theta3_0"] = affine_backward(dscores, cache3)\n'
        '        dhidden1, grads["theta2"], grads["theta2_0"] = affine_relu_backward(dhidden2, cache2)\n'
        '        _, grads["theta1"], grads["theta1_0"] = affine_relu_backward(dhidden1, cache1)\n'
        '        for name in ("theta2", "theta1"):\n'
        "            loss += 0.5 * self.reg * np.sum(p[name] ** 2)\n"
        '        for name in ("theta3", "theta2", "theta1"):\n'
        "            grads[name] += self.reg * p[name]",
        ["three-layer-loss-check"],
    ),
    "mean-of-the-batches": (
        "frameworks",
        "frameworks:check-accuracy",
        "    shares = []\n"
        "    for start in range(0, len(X), batch_size):\n"
        "        batch = slice(start, start + batch_size)\n"
        "        shares.append(np.mean(scores_function(X[batch]).argmax(axis=1) == y[batch]))\n"
        "    accuracy = float(np.mean(shares))",
        ["check-accuracy-check"],
    ),
    "all-images-at-once": (
        "frameworks",
        "frameworks:check-accuracy",
        "    accuracy = float(np.mean(scores_function(X).argmax(axis=1) == y))",
        ["check-accuracy-check"],
    ),
    "biases-not-counted": (
        "frameworks",
        "frameworks:count-parameters",
        "    number = sum(inputs * outputs for inputs, outputs in zip(sizes[:-1], sizes[1:]))",
        ["count-parameters-check"],
    ),
    "best-in-place-of-mean": (
        "frameworks",
        "frameworks:effects",
        "    means = {}\n"
        "    for result in results:\n"
        "        value = str(result[name])\n"
        '        means[value] = max(means.get(value, 0.0), result["val_accuracy"])',
        ["effects-check"],
    ),
    "rows-and-columns-exchanged": (
        "frameworks",
        "frameworks:confusion",
        "    matrix = np.zeros((num_classes, num_classes), dtype=int)\n    np.add.at(matrix, (predicted, y), 1)",
        ["confusion-check"],
    ),
}

# Right in another way: the parameters come into the dict in another order. Nothing may be lost.
OTHER_WAYS = {
    "weights-first": (
        "multilayer_nets",
        "multilayer_nets:two-layer-net:init",
        '        self.params["theta1"] = weight_scale * np.random.randn(input_dim, hidden_dim)\n'
        '        self.params["theta2"] = weight_scale * np.random.randn(hidden_dim, num_classes)\n'
        '        self.params["theta1_0"], self.params["theta2_0"] = np.zeros(hidden_dim), np.zeros(num_classes)',
    ),
}


@pytest.fixture(scope="module")
def multilayer_nets(homework, tmp_path_factory):
    """The homework, with a data folder in which there are digits as well."""
    nets = homework("multilayer_nets")
    try:
        load_mnist(nets.data)
    except FileNotFoundError:
        data = tmp_path_factory.mktemp("with-digits")
        for folder in nets.data.glob("*cifar*"):
            (data / folder.name).symlink_to(folder)
        obtain(find_dataset("synthetic-digits"), data)
        return dataclasses.replace(nets, data=data)
    return nets


def trained(data, hidden, input_dim, weight_scale, reg, epochs):
    """A net of the course library and its Solver, trained quickly with Adam."""
    np.random.seed(0)
    net = FullyConnectedNet(hidden, input_dim=input_dim, weight_scale=weight_scale, reg=reg, seed=0)
    solver = Solver(
        net, data, update_rule="adam", optim_config={"learning_rate": 1e-3}, lr_decay=0.6, num_epochs=epochs,
        batch_size=200, verbose=False, num_train_samples=1000,
    )  # fmt: skip
    solver.train()
    return net.params, {
        name: getattr(solver, name) for name in ("loss_history", "train_acc_history", "val_acc_history")
    }


@pytest.fixture(scope="module")
def weights(multilayer_nets, tmp_path_factory):
    """A folder with every file to hand in, from one net for images and one for digits.

    The net for images has one hidden layer. With a second one that passes on what it gets it is a three-layer net too.
    """
    images = get_cifar10_data(flatten="CHW", dtype=np.float32, root=multilayer_nets.data)
    for name in ("X_train", "X_val"):
        images[name] /= 64
    params, history = trained(images, [200], 3072, weight_scale=0.02, reg=1e-3, epochs=5)
    W1, b1, W2, b2 = (params[name] for name in ("W1", "b1", "W2", "b2"))
    passed_on = np.eye(200, dtype=np.float32), np.zeros(200, np.float32)
    digits = get_mnist_data(root=multilayer_nets.data)
    digit_params, _ = trained(digits, [256, 128], 784, weight_scale=0.06, reg=0.0, epochs=6)

    names = {layers: [f"{kind}{layer}" for layer in range(1, layers + 1) for kind in "Wb"] for layers in (2, 3)}
    thetas = {name: f"theta{name[1]}" + "_0" * (name[0] == "b") for name in names[3]}
    three = dict(zip(names[3], (W1, b1, *passed_on, W2, b2), strict=True))
    raw_three = three | {"W1": W1 / 64}
    raw_two = dict(zip(names[2], (W1 / 64, b1, W2, b2), strict=True))
    made_up = [
        {"units": [64, 32], "activation": "relu", "dropout": 0.0, "learning_rate": rate}
        | {"train_accuracy": 0.9, "val_accuracy": 0.9 + rate}
        for rate in (1e-3, 1e-2)
    ]

    folder = tmp_path_factory.mktemp("weights")
    np.savez(folder / "two_layer.npz", **{thetas[name]: value for name, value in raw_two.items()})
    np.savez(folder / "three_layer.npz", **{thetas[name]: value for name, value in raw_three.items()})
    for library in ("tensorflow", "keras"):
        np.savez(folder / f"{library}_net.npz", **three)
    for run in ("two_layer", "three_layer", "tensorflow", "keras"):
        np.savez(folder / f"{run}_history.npz", **history)
    np.savez(folder / "mnist_net.npz", **{name: digit_params[name] for name in names[3]})
    (folder / "mnist_search.json").write_text(json.dumps(made_up))
    return folder


@pytest.fixture(scope="module")
def complete(multilayer_nets, weights):
    """The solution's folder, and what the cells of both notebooks did in it; training is left out."""
    folder = multilayer_nets.submission("complete", files=weights)
    return folder, {name: multilayer_nets.check(folder, name, skip=TRAINING[name]) for name in NOTEBOOKS}


@pytest.fixture(scope="module")
def scrambled(weights, tmp_path_factory):
    """The files to hand in, where Keras was trained on images whose axes were mixed up by reshaping them."""
    folder = tmp_path_factory.mktemp("scrambled")
    for path in weights.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    with np.load(weights / "keras_net.npz") as saved:
        params = dict(saved)
    per_pixel = params["W1"].reshape(3, 32, 32, -1)
    params["W1"] = per_pixel.transpose(1, 2, 0, 3).reshape(3072, -1)
    np.savez(folder / "keras_net.npz", **params)
    return folder


@pytest.fixture(scope="module")
def graded(multilayer_nets, weights, scrambled, complete):
    """Every mistaken submission and the complete one, each judged on the notebook that it concerns."""
    reference, _ = complete
    runs = {}
    for notebook in NOTEBOOKS:
        folders = [multilayer_nets.submission(f"complete-{notebook}", files=weights)]
        if notebook == "frameworks":
            folders.append(multilayer_nets.submission("scrambled", files=scrambled))
        for name, (where, region, text, *_) in (MISTAKES | OTHER_WAYS).items():
            if where == notebook:
                folders.append(multilayer_nets.submission(name, write={region: text}, files=weights))
        skip = [*TRAINING[notebook], *IDLE[notebook]]
        runs |= multilayer_nets.grade(reference, folders, notebook, skip=skip, only_key=["images", "mnist-data"])
    return runs


def test_each_notebook_has_100_points(multilayer_nets):
    """Do the points of both notebooks come to what the homework promises?"""
    for notebook in NOTEBOOKS:
        cells = read_notebook(multilayer_nets.assignment.folder / f"{notebook}.ipynb").cells
        assert sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in cells) == 100


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_cells_are_as_committed_notebooks_should_be(multilayer_nets, notebook):
    """Are there no outputs, does every id fit nbgrader's, and can no question's points be guessed?"""
    source = read_notebook(multilayer_nets.assignment.folder / f"{notebook}.ipynb")
    for cell in source.cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
        assert cell.metadata.get("nbgrader", {}).get("grade_id", cell.id) == cell.id
    assert guessable_cells(source) == []


def test_training_is_what_grading_leaves_out(multilayer_nets):
    """Does the graded path need no TensorFlow: is every cell that does listed as a search?"""
    listed = {(notebook, cell) for notebook, cells in TRAINING.items() for cell in cells}
    assert multilayer_nets.assignment.search == listed


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_the_solution_earns_every_point(multilayer_nets, complete, notebook):
    """Does the source notebook, run from top to bottom on saved weights, pass every check and stop nowhere?"""
    did = complete[1][notebook]
    assert {cell: run["error"] for cell, run in did.items() if run["error"]} == {}
    assert multilayer_nets.scores(did, notebook) == multilayer_nets.grade_cells(notebook)


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_the_release_earns_nothing(multilayer_nets, notebook):
    """Does a student who hands in what was released get no automatic point, and reach the first region?"""
    released = multilayer_nets.submission(f"released-{notebook}", leave=["*"])
    did = multilayer_nets.check(released, notebook, skip=[*TRAINING[notebook], *IDLE[notebook]])
    assert set(multilayer_nets.scores(did, notebook).values()) == {0.0}
    assert not did["setup"]["error"]


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_the_solution_is_graded_full(multilayer_nets, graded, notebook):
    """Does the judge give the complete submission every point, its weights judged on withheld images?"""
    assert multilayer_nets.lost(graded[f"complete-{notebook}"], notebook) == []


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_loses_its_question(multilayer_nets, graded, name):
    """Does a usual mistake lose exactly the checks that test it, and none of the others?"""
    notebook, _, _, lost = MISTAKES[name]
    assert multilayer_nets.lost(graded[name], notebook) == lost


@pytest.mark.parametrize("name", OTHER_WAYS)
def test_another_way_loses_nothing(multilayer_nets, graded, name):
    """Does a right solution earn every point, in whatever order its dict holds the parameters?"""
    assert multilayer_nets.lost(graded[name], OTHER_WAYS[name][0]) == []


def test_scrambled_images_cost_the_accuracy(multilayer_nets, graded):
    """Is a net that was trained on images with mixed-up axes found out, and nothing else lost?"""
    assert multilayer_nets.lost(graded["scrambled"], "frameworks") == ["keras-accuracy-check"]
    assert graded["scrambled"]["keras-accuracy-check"]["credit"] == 0


def test_usual_mistakes_are_named(graded):
    """Does the diagnosis say what is wrong where the homework knows the mistake?"""
    said = {name: " ".join(" ".join(did.get("lines", ())) for did in run.values()) for name, run in graded.items()}
    assert "the L2 term lacks its factor 1/2" in said["penalty-without-a-half"]
    assert "this is the mean of the batches" in said["mean-of-the-batches"]
    assert "the biases are missing" in said["biases-not-counted"]
    assert "in batches that are not too large" in said["all-images-at-once"]
    assert "It is the transpose" in said["rows-and-columns-exchanged"]


def test_a_net_with_sigmoids_is_judged_as_one(multilayer_nets):
    """Does the numpy forward pass take sigmoids where the saved weights say so, and ReLU where they say nothing?"""
    source = next(
        c.source
        for c in read_notebook(multilayer_nets.assignment.folder / "frameworks.ipynb").cells
        if c.id == "numpy-forward"
    )
    names = {"np": np}
    exec(source, names)
    params = {"W1": np.array([[2.0]]), "b1": np.zeros(1), "W2": np.array([[3.0]]), "b2": np.ones(1)}
    X = np.array([[-1.0], [1.0]])
    assert names["scores_of"](params, X).ravel().tolist() == [1.0, 7.0]
    sigmoids = names["scores_of"](params | {"sigmoid": np.array(1.0)}, X).ravel()
    np.testing.assert_allclose(sigmoids, 3 / (1 + np.exp([2.0, -2.0])) + 1)


def test_stated_figures_are_the_reference(multilayer_nets, figures):
    """Does the notebook state the reference's losses to the last digit?"""
    cells = read_notebook(multilayer_nets.assignment.folder / "multilayer_nets.ipynb").cells
    sources = {cell.id: cell.source for cell in cells}
    for figure, cell in (("two_layer", "two-layer-loss-check"), ("three_layer", "three-layer-loss-check")):
        stated = [value["stated"] for name, value in figures[figure]["expected"].items() if name.startswith("loss")]
        assert len(stated) == 2
        assert all(repr(float(value)) in sources[cell] for value in stated)


QUICK = {
    "frameworks:tensorflow-train:train": '    HIDDEN, ACTIVATION = (16, 12), "relu"\n'
    "    settings = dict(learning_rate=1e-2, momentum=0.9, decay=0.7, reg=1e-3, epochs=2, batch_size=100)",
    "frameworks:mnist-search:search": "    tried = [\n"
    '        dict(units=(16, 12), activation="relu", dropout=dropout, learning_rate=1e-2) for dropout in (0.0, 0.2)\n'
    "    ]",
}


def on_a_slice(folder):
    """Make the notebook of a submission use 1000 training images."""
    path = folder / "frameworks.ipynb"
    notebook = nbformat.read(path, as_version=4)
    (sizes,) = (cell for cell in notebook.cells if cell.id == "sizes")
    sizes.source = "CIFAR10_TRAINING = MNIST_TRAINING = 1000"
    nbformat.write(notebook, path)
    return folder


@pytest.fixture
def few_threads(monkeypatch):
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "1")


needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed: pip install -e .[frameworks]"
)


@needs_tensorflow
@pytest.mark.usefixtures("few_threads")
def test_tensorflow_and_keras_train(multilayer_nets):
    """Do the training cells run on a slice of the data, learn from it, and save nets that numpy can judge?"""
    folder = on_a_slice(multilayer_nets.submission("trains", write=QUICK))
    did = multilayer_nets.check(folder, "frameworks")
    low_accuracy = {"tensorflow-accuracy-check", "keras-accuracy-check", "mnist-accuracy-check"}
    assert {cell: run["error"] for cell, run in did.items() if run["error"] and cell not in low_accuracy} == {}
    assert "numpy agrees on" not in did["keras-train"]["text"] + did["mnist-train"]["text"]
    for name, hidden in (("tensorflow_net", (16, 12)), ("keras_net", (256, 128)), ("mnist_net", (16, 12))):
        with np.load(folder / f"{name}.npz", allow_pickle=False) as params:
            assert [len(params[f"b{layer}"]) for layer in (1, 2, 3)] == [*hidden, 10]
    with np.load(folder / "tensorflow_history.npz", allow_pickle=False) as history:
        assert len(history["loss_history"]) == 20
        assert history["loss_history"][-5:].mean() < history["loss_history"][:5].mean() - 0.3
    assert [result["dropout"] for result in json.loads((folder / "mnist_search.json").read_text())] == [0.0, 0.2]


@needs_tensorflow
@pytest.mark.usefixtures("few_threads")
def test_a_search_must_use_its_hyper_parameters(multilayer_nets):
    """Is a model that ignores the learning rate of the setting refused before it is trained?"""
    ignores = (
        "    model = keras.Sequential([keras.layers.Input((784,))])\n"
        '    for units in setting["units"]:\n'
        '        model.add(keras.layers.Dense(units, activation=setting["activation"]))\n'
        '        model.add(keras.layers.Dropout(setting["dropout"]))\n'
        "    model.add(keras.layers.Dense(10))\n"
        '    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")'
    )
    folder = multilayer_nets.submission("ignores", write={**QUICK, "frameworks:build-model": ignores})
    skip = [*IDLE["frameworks"], "images", "tensorflow-train", "tensorflow-session", "keras-train", "mnist-train"]
    did = multilayer_nets.check(on_a_slice(folder), "frameworks", skip=skip)
    assert "build_model does not use learning_rate: the setting says 0.01" in did["mnist-search"]["error"]
