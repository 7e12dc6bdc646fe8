"""Does the library reach the recorded figures on the real CIFAR-10 images? Skipped where they are not in data/."""

from pathlib import Path

import numpy as np
import pytest

from nn.datasets import get_cifar10_data, load_cifar10
from nn.fc_net import FullyConnectedNet
from nn.k_nearest_neighbor import KNearestNeighbor
from nn.losses import mse_loss, softmax_loss
from nn.neural_net import TwoLayerNet
from nn.solver import Solver

DATA = Path(__file__).parents[2] / "data"
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not (DATA / "cifar-10-batches-py" / "test_batch").exists(), reason="no CIFAR-10 in data/"),
]

# The learning rates of the recorded runs, in the order of the file; the file has the other settings.
OVERFITTING = {
    "3-layer": [1e-3, 1e-2, 1e-2, 8e-3, 1e-3, 3e-3],
    "5-layer": [2e-3, 1e-2, 5e-3, 1e-3, 2e-3, 1e-2],
}
RULES = {"sgd": 1e-2, "sgd_momentum": 1e-2, "rmsprop": 1e-4, "adam": 1e-3}


@pytest.fixture(scope="module")
def rows():
    """The standard split in float64, images as rows in the order height, width, channel."""
    return get_cifar10_data(flatten="HWC", root=DATA)


@pytest.fixture(scope="module")
def recompressed():
    """Whether these images went through JPEG, as those of the recorded figures did, or are the original ones."""
    original = [[59, 62, 63], [43, 46, 45], [50, 48, 43]]
    return load_cifar10(DATA)[0][0, 0, :3].tolist() != original


@pytest.fixture(scope="module")
def images(rows):
    """The first 4000 training images and the validation images, in the order channel, height, width."""

    def as_images(X):
        return X.reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2)

    return {
        "X_train": as_images(rows["X_train"][:4000]),
        "y_train": rows["y_train"][:4000],
        "X_val": as_images(rows["X_val"]),
        "y_val": rows["y_val"],
    }


def test_official_order(rows, reference):
    """Are the rows in the official order, which the recorded figures hang on?"""
    first = reference["cifar"]["data"]["first_labels"]
    assert rows["y_train"][:10].tolist() == first["train"]
    assert rows["y_test"][:10].tolist() == first["test"]


def test_nearest_neighbours(reference, recompressed):
    """Are the accuracies of the nearest neighbours on raw pixels the recorded ones, for every k?"""
    X_train, y_train, X_test, y_test = load_cifar10(DATA)
    knn = KNearestNeighbor()
    knn.train(X_train[:5000].reshape(5000, -1), y_train[:5000])
    dists = knn.compute_distances_no_loops(X_test[:500].reshape(500, -1))
    expected = reference["cifar"]["knn"]["orig"]
    accuracies = {k: float(np.mean(knn.predict_labels(dists, k=int(k[1:])) == y_test[:500])) for k in expected}
    assert accuracies == (expected if recompressed else pytest.approx(expected, abs=0.02))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "loss_function", "learning_rate", "reg"),
    [("mse", mse_loss, 1e-5, 0.1), ("softmax", softmax_loss, 1e-4, 0.25)],
)
def test_first_run_of_the_two_layer_net(rows, reference, recompressed, head, loss_function, learning_rate, reg):
    """Does the homework's first run, in its chain of random numbers, give its losses and accuracies?"""
    np.random.seed(0)
    toy = TwoLayerNet(4, 10, 3, std=1e-1, loss_function=loss_function)
    X, y = 10 * np.random.RandomState(1).randn(5, 4), np.array([0, 1, 2, 2, 1])
    toy.train(X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=100)
    net = TwoLayerNet(3072, 50, 10, loss_function=loss_function)
    stats = net.train(
        rows["X_train"], rows["y_train"], rows["X_val"], rows["y_val"],
        learning_rate=learning_rate, learning_rate_decay=0.95, reg=reg, num_iters=1000, batch_size=200,
    )  # fmt: skip
    chain = reference["cifar"]["rng_chain"][head]
    losses = next(chain[key] for key in chain if key.startswith("mine_jpeg" if recompressed else "stated__"))
    whose = "mine" if recompressed else "stated"
    val_acc = np.mean(net.predict(rows["X_val"]) == rows["y_val"])
    np.testing.assert_allclose(stats["loss_history"][::100], losses, rtol=1e-9 if recompressed else 1e-6)
    assert stats["train_acc_history"] == chain[f"{whose}_train_hist"]
    assert val_acc == chain[f"{whose}_val"]
    if recompressed:
        assert np.mean(net.predict(rows["X_test"]) == rows["y_test"]) == chain["mine_test"]
    band = reference["cifar"]["baseline_bands_20_seeds"][f"{head}/orig"]
    assert band["val_min"] <= val_acc <= band["val_max"]


@pytest.mark.slow
def test_tuned_mse_net_reaches_full_credit(rows, reference):
    """Do the recommended settings bring the MSE net over 45 %, within the recorded range?"""
    recorded = reference["cifar"]["tuned_val_test_wall"]["mse/orig/lr0.003/reg0.01/decay0.8/bs500/it1000"]
    np.random.seed(0)
    net = TwoLayerNet(3072, 50, 10, loss_function=mse_loss, dtype=np.float32)
    X_train, X_val = rows["X_train"].astype(np.float32), rows["X_val"].astype(np.float32)
    net.train(
        X_train, rows["y_train"], X_val, rows["y_val"],
        learning_rate=3e-3, learning_rate_decay=0.8, reg=0.01, num_iters=1000, batch_size=500,
    )  # fmt: skip
    val_acc = np.mean(net.predict(X_val) == rows["y_val"])
    assert val_acc >= 0.45
    assert min(val for val, *_ in recorded) - 0.01 <= val_acc <= max(val for val, *_ in recorded) + 0.01


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize(
    ("depth", "place"), [(depth, i) for depth, rates in OVERFITTING.items() for i in range(len(rates))]
)
def test_overfitting_fifty_images(images, reference, recompressed, depth, place):
    """Does the Solver fit 50 images as recorded, epoch by epoch?"""
    runs = [run for run in reference["cifar"]["solver"] if run["tag"] == f"overfit50 {depth}" and run["data"] == "orig"]
    recorded, learning_rate = runs[place], OVERFITTING[depth][place]
    np.random.seed(recorded["seed"])
    model = FullyConnectedNet([100] * (int(depth[0]) - 1), weight_scale=recorded["weight_scale"], dtype=np.float64)
    data = images | {"X_train": images["X_train"][:50], "y_train": images["y_train"][:50]}
    solver = Solver(
        model, data, update_rule="sgd", optim_config={"learning_rate": learning_rate}, num_epochs=20, batch_size=25,
        verbose=False,
    )  # fmt: skip
    solver.train()
    agrees(solver, recorded, recompressed)
    if (recorded["weight_scale"], learning_rate) == (0.1, 1e-3):
        assert max(solver.train_acc_history) == 1.0


@pytest.mark.parametrize("update_rule", RULES)
def test_update_rules_on_a_deep_net(images, reference, recompressed, update_rule):
    """Does each update rule train six layers on 4000 images as recorded?"""
    recorded = next(
        run
        for run in reference["cifar"]["solver"]
        if run["tag"] == f"5x100 on 4000: {update_rule}" and (run["data"], run["dtype"]) == ("orig", "float64")
    )
    np.random.seed(recorded["seed"])
    model = FullyConnectedNet([100] * 5, weight_scale=recorded["weight_scale"], dtype=np.float64)
    solver = Solver(
        model, images, update_rule=update_rule, optim_config={"learning_rate": RULES[update_rule]}, num_epochs=5,
        batch_size=100, verbose=False,
    )  # fmt: skip
    solver.train()
    agrees(solver, recorded, recompressed)


def agrees(solver, recorded, recompressed):
    """Compare a run with a recorded one; other BLAS kernels may turn single examples, other pixels a few."""
    assert solver.iteration == recorded["iters"]
    if recompressed:
        assert solver.loss_history[0] == pytest.approx(recorded["loss0"], rel=1e-10)
        assert solver.loss_history[-1] == pytest.approx(recorded["last_loss"], rel=1e-4)
    np.testing.assert_allclose(solver.train_acc_history, recorded["train_acc"], atol=0.021 if recompressed else 0.25)
    np.testing.assert_allclose(solver.val_acc_history, recorded["val_acc"], atol=0.003 if recompressed else 0.06)
    assert solver.best_val_acc == max(solver.val_acc_history)
