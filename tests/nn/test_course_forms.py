"""Does code written against CS231n, C147 and CS145 run on nn, once its modules are renamed, with the values they print?

Each test is a cell or two in the manner of those courses' notebooks, written anew. Where the meaning of a form changed
over the years, there is a module for each meaning in nn.courses, and nn itself refuses the form with a sentence.
"""

import re

import numpy as np
import pytest

import nn.fc_net
from autograder.data.formats import write_cifar10_batch, write_label_names
from autograder.data.local import CIFAR10_FOLDER, TEST_BATCH, TRAINING_BATCHES
from nn import datasets, layers, losses, optim, vis
from nn.courses import (
    c147,
    c147_layer_tests,
    cs145,
    cs231n_classifiers,
    cs231n_classifiers_2016,
    cs231n_fc_net_2017,
    cs231n_fc_net_2018,
)
from nn.fc_net import FullyConnectedNet
from nn.gradient_check import eval_numerical_gradient, grad_check_sparse, rel_error
from nn.k_nearest_neighbor import KNN, KNearestNeighbor
from nn.linear_classifier import (
    LinearClassifier,
    LinearSVM,
    Softmax,
    softmax_loss_naive,
    softmax_loss_vectorized,
    svm_loss_naive,
    svm_loss_vectorized,
)
from nn.losses import mse_loss
from nn.neural_net import TwoLayerNet
from nn.solver import Solver


@pytest.fixture
def toy():
    """Five examples with four numbers in three classes: the toy data of all these courses."""
    np.random.seed(1)
    return 10 * np.random.randn(5, 4), np.array([0, 1, 2, 2, 1])


def toy_net(make=TwoLayerNet, **settings):
    np.random.seed(0)
    return make(4, 10, 3, std=1e-1, **settings)


# --- the two-layer net, by course and year ----------------------------------------------------------------------------

CS231N_SCORES = [
    [-0.81233741, -1.27654624, -0.70335995],
    [-0.17129677, -1.18803311, -0.47310444],
    [-0.51590475, -1.01354314, -0.8504215],
    [-0.15419291, -0.48629638, -0.52901952],
    [-0.00618733, -0.12435261, -0.15226949],
]
C147_SCORES = [
    [-1.07260209, 0.05083871, -0.87253915],
    [-2.02778743, -0.10832494, -1.52641362],
    [-0.74225908, 0.15259725, -0.39578548],
    [-0.38172726, 0.10835902, -0.17328274],
    [-0.64417314, -0.18886813, -0.41106892],
]
COURSES = {  # the class, its scores, and the loss that it has with this reg
    "cs231n 2016": (cs231n_classifiers_2016.TwoLayerNet, CS231N_SCORES, 0.1, 1.30378789133),
    "cs231n since 2017": (cs231n_classifiers.TwoLayerNet, CS231N_SCORES, 0.05, 1.30378789133),
    "c147": (TwoLayerNet, C147_SCORES, 0.05, 1.071696123862817),
    "cs145": (cs145.TwoLayerNet, C147_SCORES, 0.05, 1.8973332763705641),
}


@pytest.mark.parametrize("course", COURSES)
def test_the_toy_net_gives_the_values_that_a_course_prints(toy, course):
    """Are scores and loss the printed ones, and the gradients those of this very loss?"""
    make, scores, reg, loss = COURSES[course]
    net = toy_net(make)
    assert np.sum(np.abs(net.loss(toy[0]) - scores)) < 1e-7
    found, grads = net.loss(*toy, reg=reg)
    assert abs(found - loss) < 1e-11
    for name in grads:
        numeric = eval_numerical_gradient(lambda _: net.loss(*toy, reg=reg)[0], net.params[name], verbose=False)
        assert rel_error(numeric, grads[name]) < 1e-7


def test_the_classic_net_trains_as_printed(toy):
    """Do 100 steps in CS231n's layout end at its printed loss, and the other two at theirs?"""
    settings = {"learning_rate": 1e-1, "reg": 5e-6, "num_iters": 100, "verbose": False}
    last = {
        cs231n_classifiers.TwoLayerNet: 0.017149607938732093,
        TwoLayerNet: 0.014497864587765886,
        cs145.TwoLayerNet: 0.02950555626206818,
    }
    for make, loss in last.items():
        assert abs(toy_net(make).train(*toy, *toy, **settings)["loss_history"][-1] - loss) < 1e-12


def test_another_layout_is_refused():
    """Is a layout that does not exist named?"""
    with pytest.raises(ValueError, match='layout: received \'CD\', expected "HD" or "DH"'):
        toy_net(layout="CD")


def test_weights_are_drawn_as_pictures_in_every_layout(monkeypatch):
    """Does the picture of a unit show the same image for either layout of neural_net, and for fc_net's order?"""
    images = np.random.RandomState(0).rand(4, 8, 8, 3)
    shown = []
    monkeypatch.setattr(vis, "visualize_grid", lambda Xs, **_: shown.append(Xs) or np.zeros((2, 2, 3)))
    for layout in ("HD", "DH"):
        net = TwoLayerNet(192, 4, 3, layout=layout)
        net.params["W1"] = images.reshape(4, -1) if layout == "HD" else images.reshape(4, -1).T
        vis.show_net_weights(net)
    modular = nn.fc_net.TwoLayerNet(192, 4, 3)
    modular.params["W1"] = images.transpose(0, 3, 1, 2).reshape(4, -1).T
    vis.show_net_weights(modular)
    modular.params["W1"] = images.reshape(4, -1).T
    vis.show_net_weights(modular, order="HWC")
    for Xs in shown:
        np.testing.assert_array_equal(Xs, images)
    with pytest.raises(ValueError, match="order: received 'WHC'"):
        vis.show_net_weights(modular, order="WHC")


# --- names ------------------------------------------------------------------------------------------------------------


def test_star_imports_bring_layers_and_losses():
    """After `from nn.fc_net import *`, are the layers, sandwiches and losses there that notebooks go on to call?"""
    there = {}
    exec("from nn.fc_net import *", there)
    for name in ("affine_forward", "relu_backward", "batchnorm_forward", "batchnorm_backward_alt", "layernorm_backward",
                 "dropout_forward", "affine_relu_forward", "affine_relu_backward", "softmax_loss", "svm_loss",
                 "TwoLayerNet", "FullyConnectedNet"):  # fmt: skip
        assert callable(there[name]), name
    assert layers.softmax_loss is losses.softmax_loss
    assert layers.svm_loss is losses.svm_loss


@pytest.fixture
def cifar(tmp_path, monkeypatch):
    """A small set in CIFAR-10's format, where the data folder is."""
    folder = tmp_path / "data" / CIFAR10_FOLDER
    folder.mkdir(parents=True)
    random = np.random.RandomState(0)
    for name in (*TRAINING_BATCHES, TEST_BATCH):
        images = random.randint(0, 256, (10, 32, 32, 3), np.uint8)
        write_cifar10_batch(folder / name, name, images, np.arange(10), map(str, range(10)))
    write_label_names(folder / "batches.meta", map(str, range(10)), 10)
    monkeypatch.delenv("NN_DATA", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("root", ["cs231n/datasets/cifar-10-batches-py", f"data/{CIFAR10_FOLDER}", "data"])
def test_images_can_be_changed_in_place(cifar, root):
    """Does the mean image go off the loaded arrays in place, wherever the notebook says that the data is?"""
    X_train, y_train, X_test, _ = datasets.load_CIFAR10(root)
    assert X_train.shape == (50, 32, 32, 3)
    assert X_train.dtype == X_test.dtype == np.float64
    before = X_train.copy()
    X_train -= np.mean(X_train, axis=0)
    np.testing.assert_allclose(X_train, before - before.mean(axis=0))
    mask = list(range(20))
    assert y_train[mask].dtype.kind == "i"


def test_the_prepared_data_has_the_other_courses_name(cifar):
    """Does get_CIFAR10_data give the six arrays, channels first, and nothing that is not an array of examples?"""
    data = datasets.get_CIFAR10_data(num_training=40, num_validation=10, num_test=10)
    assert {name: value.shape for name, value in data.items()} == {
        "X_train": (40, 3, 32, 32),
        "y_train": (40,),
        "X_val": (10, 3, 32, 32),
        "y_val": (10,),
        "X_test": (10, 3, 32, 32),
        "y_test": (10,),
    }


# --- nearest neighbours -----------------------------------------------------------------------------------------------


def test_nearest_neighbours_by_any_norm():
    """Do C147's calls, by name, give the distances of each norm, and the same labels as CS231n's?"""
    random = np.random.RandomState(0)
    X, y, X_test = random.rand(20, 6), random.randint(0, 3, 20), random.rand(7, 6)
    knn = KNN()
    knn.train(X=X, y=y)
    dists = knn.compute_distances(X=X_test)
    np.testing.assert_allclose(dists, knn.compute_L2_distances_vectorized(X=X_test))
    one = knn.compute_distances(norm=lambda x: np.linalg.norm(x, 1), X=X_test)
    np.testing.assert_allclose(one, np.abs(X_test[:, None] - X).sum(axis=2))
    classifier = KNearestNeighbor()
    classifier.train(X, y)
    np.testing.assert_array_equal(knn.predict_labels(dists, k=3), classifier.predict(X_test, k=3))


# --- fully connected nets ---------------------------------------------------------------------------------------------


def test_batch_normalisation_by_its_older_name():
    """Is use_batchnorm=True the same net as normalization="batchnorm", and a contradiction refused?"""
    nets = []
    for how in ({"use_batchnorm": True}, {"normalization": "batchnorm"}):
        np.random.seed(231)
        nets.append(FullyConnectedNet([20, 30], input_dim=15, num_classes=10, weight_scale=5e-2, reg=3.14, **how))
    X, y = np.random.randn(2, 15), np.array([3, 7])
    assert nets[0].loss(X, y)[0] == nets[1].loss(X, y)[0]
    assert len(nets[0].bn_params) == 2
    assert FullyConnectedNet([20], use_batchnorm=False).bn_params == []
    with pytest.raises(ValueError, match="use_batchnorm: received True together with normalization='layernorm'"):
        FullyConnectedNet([20], normalization="layernorm", use_batchnorm=True)


def test_the_two_layer_net_takes_hidden_dims():
    """Does C147's keyword give the same net?"""
    for how in ({"hidden_dims": 50}, {"hidden_dim": 50}, {"hidden_dims": 50, "dropout": 0}):
        np.random.seed(0)
        net = nn.fc_net.TwoLayerNet(input_dim=5, num_classes=7, weight_scale=1e-2, **how)
        assert net.params["W1"].shape == (5, 50)
        assert net.params["W1"][0, 0] == 1e-2 * 1.764052345967664


@pytest.mark.parametrize(
    "make", [lambda p: FullyConnectedNet([20], dropout=p), lambda p: nn.fc_net.TwoLayerNet(dropout=p)]
)
def test_dropout_is_refused_since_its_meaning_changed(make):
    """Is a probability refused with the name that means one thing, and what is no dropout in any year taken?"""
    with pytest.raises(ValueError, match=r"dropout: received 0\.3, .*drop .* up to 2017.*keep .*dropout_keep_ratio"):
        make(0.3)
    assert make(0).params.keys() == make(1).params.keys()


@pytest.mark.parametrize(
    ("module", "dropout", "keep"),
    [
        (cs231n_fc_net_2017, 0.25, 0.75),
        (cs231n_fc_net_2017, 0, 1),
        (cs231n_fc_net_2018, 0.25, 0.25),
        (cs231n_fc_net_2018, 1, 1),
        (c147, 0.6, 0.6),
        (c147, 0, 1),
        (c147, 1.0, 1),
    ],
)
def test_dropout_means_what_it_meant_in_a_course(module, dropout, keep):
    """Is the net the one with this share of values kept, by keyword and by position, and is the star import whole?"""
    X, y = np.random.RandomState(0).randn(2, 15), np.array([3, 7])
    there = {}
    exec(f"from {module.__name__} import *", there)
    assert there["FullyConnectedNet"] is module.FullyConnectedNet
    assert {"TwoLayerNet", "affine_forward", "affine_relu_backward", "softmax_loss"} <= set(there)
    losses_found = set()
    for make in (
        lambda: FullyConnectedNet([20, 30], 15, 10, dropout_keep_ratio=keep, weight_scale=0.5, seed=123),
        lambda: module.FullyConnectedNet([20, 30], 15, 10, dropout=dropout, weight_scale=0.5, seed=123),
        lambda: module.FullyConnectedNet([20, 30], 15, 10, dropout, weight_scale=0.5, seed=123),
    ):
        np.random.seed(0)
        losses_found.add(make().loss(X, y)[0])
    assert len(losses_found) == 1


def test_the_dropout_layer_by_year():
    """Does p = 0.3 zero 0.3 of the values up to 2017, and 0.7 of them since, with the mean kept in both?"""
    x = np.random.RandomState(0).randn(500, 500) + 10
    for forward, zeroed in ((cs231n_fc_net_2017.dropout_forward, 0.3), (c147.dropout_forward, 0.7)):
        out, cache = forward(x, {"mode": "train", "p": 0.3, "seed": 1})
        assert abs(np.mean(out == 0) - zeroed) < 0.01
        assert abs(out.mean() - 10) < 0.1
        np.testing.assert_array_equal(layers.dropout_backward(x, cache), out)
        assert forward(x, {"mode": "test", "p": 0.3})[0] is x
    with pytest.raises(ValueError, match=r"dropout_param\['p'\]: received 1, expected 0 <= p < 1, .* to drop"):
        cs231n_fc_net_2017.dropout_forward(x, {"mode": "train", "p": 1})
    with pytest.raises(ValueError, match=r"dropout: received -0\.5"):
        cs231n_fc_net_2017.FullyConnectedNet([20], dropout=-0.5)


def test_batch_normalisation_in_the_course_modules():
    """Do use_batchnorm (2017, C147) and normalization (2018) reach the net?"""
    for module, how in ((cs231n_fc_net_2017, {"use_batchnorm": True}), (c147, {"use_batchnorm": True})):
        assert len(module.FullyConnectedNet([20, 30], **how).bn_params) == 2
        assert module.FullyConnectedNet([20, 30]).bn_params == []
    assert cs231n_fc_net_2018.FullyConnectedNet([20], normalization="layernorm").normalization == "layernorm"


def test_the_layer_tests_of_c147(capsys):
    """Does each print small errors only, for the two losses and all parameters of the net?"""
    np.random.seed(0)
    for name in c147_layer_tests.__all__:
        getattr(c147_layer_tests, name)()
    said = capsys.readouterr().out
    errors = [float(found) for found in re.findall(r"(?:error|difference) (\S+)", said)]
    assert len(errors) == 2 + 3 + 1 + 3 + 12
    assert max(errors) < 1e-4
    assert "FullyConnectedNet with reg = 3.14: loss" in said


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.fc_net.TwoLayerNet(6, 4, 3),
        lambda: FullyConnectedNet([5, 4], 6, 3, dtype=np.float64),
        lambda: FullyConnectedNet([5, 4], 6, 3, normalization="batchnorm", dtype=np.float64),
    ],
)
def test_nets_are_saved_and_loaded(tmp_path, make):
    """Does a saved net, with its running averages, predict the same after loading, under the very name given?"""
    random = np.random.RandomState(0)
    X, y = random.randn(9, 6), random.randint(0, 3, 9)
    net, other = make(), make()
    net.loss(X, y)
    net.save(tmp_path / "best_model.npy")
    other.load(str(tmp_path / "best_model.npy"))
    np.testing.assert_array_equal(other.loss(X), net.loss(X))
    with pytest.raises(ValueError, match=r"best_model\.npy: .* expected"):
        FullyConnectedNet([7], 6, 3).load(tmp_path / "best_model.npy")
    np.save(tmp_path / "pickled.npy", np.array({"W1": 1}, dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"pickled\.npy: this is not an \.npz file of plain arrays"):
        net.load(tmp_path / "pickled.npy")


# --- update rules -----------------------------------------------------------------------------------------------------


def test_nesterov_momentum_gives_the_printed_values():
    """Are next_w and velocity those that C147's notebook expects?"""
    w = np.linspace(-0.4, 0.6, num=20).reshape(4, 5)
    dw = np.linspace(-0.6, 0.4, num=20).reshape(4, 5)
    v = np.linspace(0.6, 0.9, num=20).reshape(4, 5)
    next_w, config = optim.sgd_nesterov_momentum(w, dw, config={"learning_rate": 1e-3, "velocity": v})
    assert rel_error(next_w[0], np.array([0.08714, 0.15246105, 0.21778211, 0.28310316, 0.34842421])) < 1e-7
    assert rel_error(config["velocity"][3], np.array([0.75296842, 0.76712632, 0.78128421, 0.79544211, 0.8096])) < 1e-8


@pytest.mark.parametrize(
    ("rule", "config", "said"),
    [
        (
            "sgd",
            {"learning_rte": 1e-3},
            "config: received 'learning_rte', which sgd does not know: did you mean 'learn",
        ),
        ("rmsprop", {"a": np.ones(2)}, "config: received 'a', which rmsprop does not know: .* called \"cache\" here"),
        ("adam", {"v": np.ones(2), "a": np.ones(2), "t": 5}, '\'a\', which adam does not know: .* "m" and "v" here'),
        ("sgd", {"momentum": 0.9}, r"'momentum', which sgd does not know: expected some of \['learning_rate'\]"),
        ("adam", {"beta_1": 0.9}, "did you mean 'beta1'"),
    ],
)
def test_unknown_settings_of_a_rule_are_refused(rule, config, said):
    """Does a setting that would have been ignored say which one is meant?"""
    with pytest.raises(ValueError, match=said):
        optim.RULES[rule](np.ones(2), np.ones(2), config)


def test_a_solver_passes_the_refusal_on():
    """Does a misspelt setting stop the training instead of being ignored?"""
    data = {
        "X_train": np.ones((4, 3)),
        "y_train": np.zeros(4, int),
        "X_val": np.ones((2, 3)),
        "y_val": np.zeros(2, int),
    }
    solver = Solver(nn.fc_net.TwoLayerNet(3, 2, 2), data, optim_config={"learning_rte": 1}, batch_size=2, verbose=False)
    with pytest.raises(ValueError, match="did you mean 'learning_rate'"):
        solver.train()


def test_rules_with_the_names_of_c147():
    """Are next_w and both running means under C147's names those that its notebook expects, changed in place?"""
    w, dw = np.linspace(-0.4, 0.6, num=20).reshape(4, 5), np.linspace(-0.6, 0.4, num=20).reshape(4, 5)
    mean, squares = np.linspace(0.6, 0.9, num=20).reshape(4, 5), np.linspace(0.7, 0.5, num=20).reshape(4, 5)
    config = {"learning_rate": 1e-2, "a": mean}
    next_w, _ = c147.rmsprop(w, dw, config)
    assert rel_error(next_w[0], np.array([-0.39223849, -0.34037513, -0.28849239, -0.23659121, -0.18467247])) < 1e-7
    assert rel_error(config["a"][0], np.array([0.5976, 0.6126277, 0.6277108, 0.64284931, 0.65804321])) < 1e-7
    config = {"learning_rate": 1e-2, "v": mean, "a": squares, "t": 5}
    next_w, _ = c147.adam(w, dw, config)
    assert rel_error(next_w[0], np.array([-0.40094747, -0.34836187, -0.29577703, -0.24319299, -0.19060977])) < 1e-7
    assert rel_error(config["v"][0], np.array([0.48, 0.49947368, 0.51894737, 0.53842105, 0.55789474])) < 1e-7
    assert rel_error(config["a"][0], np.array([0.69966, 0.68908382, 0.67851319, 0.66794809, 0.65738853])) < 1e-7
    assert config["t"] == 6
    assert sorted(c147.adam(w, dw)[1]) == ["a", "beta1", "beta2", "epsilon", "learning_rate", "t", "v"]


# --- linear classifiers -----------------------------------------------------------------------------------------------


@pytest.fixture
def dev():
    """Five hundred examples like centred pixels, with the bias as a last number."""
    random = np.random.RandomState(0)
    X = np.hstack([64 * random.randn(500, 48), np.ones((500, 1))])
    return X, random.randint(0, 10, 500)


@pytest.mark.parametrize(
    ("naive", "fast", "first_loss"),
    [(svm_loss_naive, svm_loss_vectorized, 9.0), (softmax_loss_naive, softmax_loss_vectorized, np.log(10))],
)
def test_naive_and_vectorised_losses_agree(dev, naive, fast, first_loss, capsys):
    """Small weights: is the loss the textbook's, the same both ways, and the gradient right in the sparse check?"""
    np.random.seed(0)
    W = np.random.randn(49, 10) * 0.0001
    loss, grad = naive(W, *dev, 0.000005)
    assert abs(loss - first_loss) < 0.1
    fast_loss, fast_grad = fast(W, *dev, 0.000005)
    assert abs(loss - fast_loss) < 1e-10
    assert np.linalg.norm(grad - fast_grad, ord="fro") < 1e-10
    worst = grad_check_sparse(lambda w: naive(w, *dev, 5e1)[0], W, naive(W, *dev, 5e1)[1], 5)
    assert worst < 1e-5
    assert capsys.readouterr().out.count("relative error") == 5


@pytest.mark.parametrize("make", [LinearSVM, Softmax, lambda: LinearClassifier(loss_function=mse_loss)])
def test_a_linear_classifier_is_trained_by_the_usual_calls(make):
    """Does train return a loss for every step, predict learn separable classes, and W have one column per class?"""
    random = np.random.RandomState(0)
    centres = 5 * random.randn(3, 6)
    y = random.randint(0, 3, 300)
    X = np.hstack([centres[y] + random.randn(300, 6), np.ones((300, 1))])
    np.random.seed(0)
    classifier = make()
    losses_seen = classifier.train(X, y, learning_rate=1e-2, reg=1e-3, num_iters=300, batch_size=50, verbose=False)
    assert len(losses_seen) == 300
    assert losses_seen[-1] < losses_seen[0]
    assert np.mean(classifier.predict(X) == y) > 0.95
    assert classifier.W[:-1, :].shape == (6, 3)


def test_the_regularisation_of_later_years_is_twice_as_strong(dev):
    """Is the loss with reg_factor=1 the data loss plus reg times the sum of squares, without the 1/2?"""
    W = np.random.RandomState(1).randn(49, 10) * 1e-3
    terms = []
    for factor in (0.5, 1.0):
        classifier = LinearSVM(reg_factor=factor)
        classifier.W = W
        terms.append(classifier.loss(*dev, reg=10.0)[0] - classifier.loss(*dev)[0])
    np.testing.assert_allclose(terms, [5 * np.sum(W**2), 10 * np.sum(W**2)])


def test_losses_of_later_years_have_no_half_before_reg(dev):
    """In cs231n_classifiers, is the L2 term reg times the sum of squares, in the functions and in the classes?"""
    W = np.random.RandomState(1).randn(49, 10) * 1e-3
    for name in ("svm_loss_naive", "svm_loss_vectorized", "softmax_loss_naive", "softmax_loss_vectorized"):
        for module, factor in ((cs231n_classifiers, 1.0), (cs231n_classifiers_2016, 0.5)):
            loss = getattr(module, name)
            term, grad = loss(W, *dev, 10.0)[0] - loss(W, *dev, 0.0)[0], loss(W, *dev, 10.0)[1]
            np.testing.assert_allclose(term, factor * 10 * np.sum(W**2), rtol=1e-9)
            np.testing.assert_allclose(grad - loss(W, *dev, 0.0)[1], 2 * factor * 10 * W, atol=1e-12)
    for name in ("LinearSVM", "Softmax"):
        np.random.seed(0)
        first = getattr(cs231n_classifiers, name)().train(*dev, learning_rate=1e-9, reg=1e6, num_iters=1)[0]
        assert abs(first - 1e6 * 490e-6) < 60  # 490 weights drawn with a standard deviation of 1e-3


@pytest.mark.parametrize(("make", "loss"), [(c147.SVM, 9 * 64 * 7 * np.sqrt(2) * 0.4), (c147.Softmax, np.log(10))])
def test_classifiers_with_one_row_per_class(dev, make, loss, capsys):
    """Are weights and gradients (C, D), the loss a number, both forms equal, and the sparse check good?"""
    np.random.seed(1)
    classifier = make(dims=[10, 49])
    np.random.seed(1)
    np.testing.assert_array_equal(classifier.W, make.std * np.random.normal(size=[10, 49]))
    assert isinstance(classifier.loss(*dev), float)
    assert abs(classifier.loss(*dev) / loss - 1) < 0.1
    naive_loss, grad = classifier.loss_and_grad(*dev)
    fast_loss, fast_grad = classifier.fast_loss_and_grad(*dev)
    assert grad.shape == (10, 49)
    assert abs(naive_loss - fast_loss) < 1e-9
    assert np.linalg.norm(grad - fast_grad) < 1e-9
    classifier.grad_check_sparse(*dev, grad, num_checks=20)
    errors = [float(found) for found in re.findall(r"relative error: (\S+)", capsys.readouterr().out)]
    assert len(errors) == 20
    assert max(errors) < 1e-5


def test_each_training_begins_with_new_weights(dev):
    """Does a search that trains one C147 classifier again and again begin each time near the loss of small weights?"""
    np.random.seed(0)
    classifier = c147.Softmax(dims=[10, 49])
    for _ in range(2):
        history = classifier.train(*dev, learning_rate=1e-2, num_iters=50, verbose=False)
        assert abs(history[0] - np.log(10)) < 0.02
        assert history[-1] > 5  # so large a step is no good: a second training from there would not begin at ln 10
    assert classifier.predict(dev[0]).shape == (500,)


def test_a_classifier_is_saved_and_loaded(tmp_path, dev):
    """Does the saved classifier predict the same?"""
    np.random.seed(0)
    classifier, other = Softmax(), Softmax()
    classifier.train(*dev, learning_rate=1e-6, num_iters=5)
    classifier.save(tmp_path / "best_softmax.npy")
    other.load(tmp_path / "best_softmax.npy")
    np.testing.assert_array_equal(other.predict(dev[0]), classifier.predict(dev[0]))
