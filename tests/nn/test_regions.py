"""Does each hole that a homework can make in the library leave the rest usable?"""

import ast
import operator
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from autograder.regions import hollow
from autograder.release.library import region_names

NN = Path(__file__).parents[2] / "nn"
X = np.random.default_rng(0).normal(size=(4, 3))
Y = np.array([0, 1, 1, 0])
ONE = np.ones(3)


def knn(m):
    net = m.KNearestNeighbor()
    net.train(X, Y)
    return net


def small_net(m):
    return m.TwoLayerNet(3, 5, 2)


def trained_classifier(m):
    classifier = m.LinearSVM()
    classifier.W = np.eye(3)
    return classifier


def norm_backward(m, name, forward):
    return getattr(m, name)(X, forward(X, ONE, ONE, {"mode": "train"})[1])


# A call that reaches the region, for each region that the library must have.
REACHES = {
    "nn.k_nearest_neighbor": {
        "KNearestNeighbor.compute_distances_two_loops": lambda m: knn(m).compute_distances_two_loops(X),
        "KNearestNeighbor.compute_distances_one_loop": lambda m: knn(m).compute_distances_one_loop(X),
        "KNearestNeighbor.compute_distances_no_loops": lambda m: knn(m).compute_distances_no_loops(X),
        "KNearestNeighbor.predict_labels": lambda m: knn(m).predict_labels(np.eye(4)),
    },
    "nn.losses": {
        "mse_loss": lambda m: m.mse_loss(X, Y),
        "softmax_loss": lambda m: m.softmax_loss(X, Y),
        "svm_loss": lambda m: m.svm_loss(X, Y),
    },
    "nn.linear_classifier": {
        "svm_loss_naive": lambda m: m.svm_loss_naive(X.T, np.eye(3), Y[:3], 0.1),
        "softmax_loss_naive": lambda m: m.softmax_loss_naive(X.T, np.eye(3), Y[:3], 0.1),
        "linear_loss": lambda m: m.svm_loss_vectorized(X.T, np.eye(3), Y[:3], 0.1),
        "LinearClassifier.train:update": lambda m: m.LinearClassifier().train(X, Y, num_iters=2),
        "LinearClassifier.predict": lambda m: trained_classifier(m).predict(X),
    },
    "nn.neural_net": {
        "TwoLayerNet.loss:scores": lambda m: small_net(m).loss(X),
        "TwoLayerNet.loss:loss": lambda m: small_net(m).loss(X, Y),
        "TwoLayerNet.loss:backward": lambda m: small_net(m).loss(X, Y),
        "TwoLayerNet.train:update": lambda m: small_net(m).train(X, Y, X, Y, num_iters=2),
        "TwoLayerNet.predict": lambda m: small_net(m).predict(X),
    },
    "nn.layers": {
        "affine_forward": lambda m: m.affine_forward(X, X.T, np.ones(4)),
        "affine_backward": lambda m: m.affine_backward(np.eye(4), (X, X.T, np.ones(4))),
        "relu_forward": lambda m: m.relu_forward(X),
        "relu_backward": lambda m: m.relu_backward(X, X),
        "batchnorm_forward": lambda m: m.batchnorm_forward(X, ONE, ONE, {"mode": "train"}),
        "batchnorm_backward": lambda m: norm_backward(m, "batchnorm_backward", m.batchnorm_forward),
        "batchnorm_backward_alt": lambda m: norm_backward(m, "batchnorm_backward_alt", m.batchnorm_forward),
        "layernorm_forward": lambda m: m.layernorm_forward(X, ONE, ONE, {}),
        "layernorm_backward": lambda m: norm_backward(m, "layernorm_backward", m.layernorm_forward),
        "dropout_forward": lambda m: m.dropout_forward(X, {"mode": "train", "p": 0.5}),
        "dropout_backward": lambda m: m.dropout_backward(X, ({"mode": "train"}, X)),
    },
    "nn.optim": {
        "sgd_momentum": lambda m: m.sgd_momentum(X, X),
        "rmsprop": lambda m: m.rmsprop(X, X),
        "adam": lambda m: m.adam(X, X),
    },
    "nn.fc_net": {
        "TwoLayerNet.__init__": lambda m: small_net(m),
        "TwoLayerNet.loss:scores": lambda m: small_net(m).loss(X),
        "TwoLayerNet.loss:backward": lambda m: small_net(m).loss(X, Y),
        "FullyConnectedNet.__init__": lambda m: m.FullyConnectedNet([4], 3, 2),
        "FullyConnectedNet.loss:scores": lambda m: m.FullyConnectedNet([4], 3, 2).loss(X),
        "FullyConnectedNet.loss:backward": lambda m: m.FullyConnectedNet([4], 3, 2).loss(X, Y),
    },
}


def regions_of(module):
    text = (NN / f"{module.removeprefix('nn.')}.py").read_text()
    return text, region_names(text, module, NN)


def with_holes(module, holes):
    """The module as a homework gives it that blanks `holes`."""
    text, names = regions_of(module)
    released = hollow(text, {region: name if name in holes else None for region, name in names.items()})
    made = ModuleType(module)
    exec(compile(released, module, "exec"), made.__dict__)
    return made


@pytest.mark.parametrize("module", sorted(f"nn.{path.stem}" for path in NN.glob("*.py")))
def test_the_regions_are_the_ones_homeworks_name(module):
    """Does every module have exactly the regions that assignments may blank, each with a hint that stays?"""
    text, names = regions_of(module)
    assert sorted(names.values()) == sorted(f"{module}.{name}" for name in REACHES.get(module, {}))
    lines = text.split("\n")
    for region in names:
        assert lines[region.start + 1].strip().removeprefix("# > ").startswith("# TODO: ")


@pytest.mark.parametrize(("module", "name"), [(module, name) for module in REACHES for name in REACHES[module]])
def test_a_hole_says_what_is_missing_and_nothing_else_breaks(module, name):
    """Does a call that reaches the hole raise NotImplementedError, and is the module whole otherwise?"""
    np.random.seed(0)
    full_name = f"{module}.{name}"
    holed = with_holes(module, {full_name})
    if full_name == "nn.neural_net.TwoLayerNet.loss:backward":  # the loss comes before its gradients
        loss, grads = REACHES[module][name](holed)
        assert (type(loss), grads) == (float, {})
        return
    with pytest.raises(NotImplementedError, match=name.partition(":")[0].rpartition(".")[2]):
        REACHES[module][name](holed)
    REACHES[module][name](with_holes(module, set()))


@pytest.mark.parametrize("module", sorted(REACHES))
def test_a_module_of_holes_can_be_imported(module):
    """Can a student import a module in which everything is still to write?"""
    with_holes(module, {f"{module}.{name}" for name in REACHES[module]})


def test_the_library_needs_the_autograder_for_its_data_only():
    """Does no module but the one with the data sets import the autograder?"""
    imported = {}
    for path in NN.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
                imported.setdefault(path.stem, set()).update(n for n in names if n.split(".")[0] == "autograder")
    assert {module: names for module, names in imported.items() if names} == {"datasets": {"autograder.data.local"}}


def formulas(text):
    """What stands between dollar signs."""
    return re.findall(r"\$[^$]+\$", text)


# What an exercise asks to derive, in the words and signs that docstrings use; its function may not say it.
TO_DERIVE = ("affine_backward", "relu_backward", "batchnorm_backward", "batchnorm_backward_alt", "layernorm_backward")
TO_DERIVE += ("dropout_backward", "KNearestNeighbor.compute_distances_no_loops")
TO_DERIVE += ("svm_loss_naive", "softmax_loss_naive", "linear_loss")


@pytest.mark.parametrize("name", TO_DERIVE)
def test_what_is_to_be_derived_stands_in_the_region(name):
    """Does a formula that students derive come only with the function given whole?"""
    module = next(module for module, regions in REACHES.items() if name in regions)
    holed = operator.attrgetter(name)(with_holes(module, {f"{module}.{name}"}))
    told = formulas(holed.__doc__)
    if module == "nn.linear_classifier":  # these compute a loss too, which is given
        told = [formula for formula in told if re.search(r"\bd[A-Zs]|partial", formula)]
    assert told == []
    text, names = regions_of(module)
    region = next(region for region, full in names.items() if full == f"{module}.{name}")
    inside = text.split("\n")[region.start + 1 : region.end]
    comments = [line.strip() for line in inside if line.strip().startswith("# ") and "TODO" not in line]
    assert comments
    whole = hollow(text, dict.fromkeys(names))
    assert all(comment in whole for comment in comments)
    blanked = hollow(text, {other: full if other == region else None for other, full in names.items()})
    assert not any(comment in blanked for comment in comments)
