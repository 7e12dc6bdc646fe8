"""Do the homeworks' settings reach the accuracies that their texts promise?

    python benchmarks/training.py [--quick]

Trains what the homeworks train, on the real images where they are in data/ and on the stand-in otherwise, and prints
each accuracy beside its band, with the time it took on one BLAS thread. --quick leaves out what takes over ten seconds.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from nn.datasets import get_cifar10_data, load_cifar10
from nn.fc_net import FullyConnectedNet
from nn.fc_net import TwoLayerNet as ModularTwoLayerNet
from nn.k_nearest_neighbor import KNearestNeighbor
from nn.losses import mse_loss, softmax_loss
from nn.neural_net import TwoLayerNet
from nn.solver import Solver

Data = dict[str, np.ndarray]


@dataclass(frozen=True)
class Claim:
    """What a homework's text promises: a measure between `low` and `high`."""

    homework: str
    what: str
    low: float
    high: float
    measure: Callable[[], float]
    slow: bool = False


def neighbours(k: int) -> float:
    """Test accuracy of k nearest neighbours: 5000 training and 500 test images, raw pixels."""
    X_train, y_train, X_test, y_test = load_cifar10()
    classifier = KNearestNeighbor()
    classifier.train(X_train[:5000].reshape(5000, -1).astype(np.float32), y_train[:5000])
    predicted = classifier.predict(X_test[:500].reshape(500, -1).astype(np.float32), k=k)
    return float(np.mean(predicted == y_test[:500]))


def two_layer(data: Data, loss: Callable, **settings) -> float:
    """Validation accuracy of a net with 50 hidden units."""
    np.random.seed(0)
    net = TwoLayerNet(3072, 50, 10, loss_function=loss, dtype=np.float32)
    net.train(data["X_train"], data["y_train"], data["X_val"], data["y_val"], **settings)
    return float(np.mean(net.predict(data["X_val"]) == data["y_val"]))


def solve(data: Data, net, **settings) -> Solver:
    """Train a modular net quietly."""
    solver = Solver(net, data, verbose=False, **settings)
    solver.train()
    return solver


def modular_two_layer(data: Data) -> float:
    np.random.seed(0)
    net = ModularTwoLayerNet(reg=0.2)
    net.params = {name: value.astype(np.float32) for name, value in net.params.items()}
    rates = {"learning_rate": 1e-3}
    return solve(data, net, update_rule="sgd", optim_config=rates, lr_decay=0.95, num_epochs=10).best_val_acc


def best_net(data: Data) -> float:
    net = FullyConnectedNet([100] * 4, weight_scale=2e-2, dtype=np.float32, seed=0)
    rates = {"learning_rate": 5e-4}
    return solve(data, net, update_rule="adam", optim_config=rates, lr_decay=0.9, num_epochs=8).best_val_acc


def overfit(data: Data, depth: int) -> float:
    """Training accuracy on 50 images after 20 epochs: the last one noted, not that of the restored weights."""
    few = data | {"X_train": data["X_train"][:50], "y_train": data["y_train"][:50]}
    np.random.seed(0)
    net = FullyConnectedNet([100] * (depth - 1), weight_scale=1e-1, dtype=np.float64, seed=0)
    settings = {"update_rule": "sgd", "optim_config": {"learning_rate": 1e-3}, "num_epochs": 20, "batch_size": 25}
    return solve(few, net, **settings).train_acc_history[-1]


def final_loss(data: Data, rule: str, rate: float) -> float:
    """Mean of the last 50 losses of five layers on 4000 images."""
    few = data | {"X_train": data["X_train"][:4000], "y_train": data["y_train"][:4000]}
    np.random.seed(0)
    net = FullyConnectedNet([100] * 5, weight_scale=5e-2, dtype=np.float32, seed=0)
    solver = solve(few, net, update_rule=rule, optim_config={"learning_rate": rate}, num_epochs=5)
    return float(np.mean(solver.loss_history[-50:]))


def claims(rows: Data, images: Data) -> list[Claim]:
    """Every claim: on images as rows (height, width, channel) and as arrays (channel, height, width)."""
    first = {"num_iters": 1000, "batch_size": 200, "learning_rate_decay": 0.95}
    mse = {"learning_rate": 3e-3, "learning_rate_decay": 0.8, "reg": 0.01, "batch_size": 500, "num_iters": 1000}
    softmax = {"learning_rate": 2e-3, "learning_rate_decay": 0.93, "reg": 0.5, "batch_size": 500, "num_iters": 4000}
    knn, modular = "knn_and_mse_net", "fully_connected_nets"
    return [
        Claim(knn, "nearest neighbour, k = 1", 0.25, 0.32, lambda: neighbours(1)),
        Claim(knn, "nearest neighbours, k = 5", 0.25, 0.32, lambda: neighbours(5)),
        Claim(knn, "MSE net, first run", 0.13, 0.25,
              lambda: two_layer(rows, mse_loss, learning_rate=1e-5, reg=0.1, **first)),
        Claim(knn, "MSE net, tuned", 0.45, 1, lambda: two_layer(rows, mse_loss, **mse)),
        Claim("softmax_net", "softmax net, first run", 0.25, 0.33,
              lambda: two_layer(rows, softmax_loss, learning_rate=1e-4, reg=0.25, **first)),
        Claim("softmax_net", "softmax net, tuned", 0.50, 1, lambda: two_layer(rows, softmax_loss, **softmax), True),
        Claim(modular, "two layers with the Solver", 0.50, 1, lambda: modular_two_layer(images), True),
        Claim(modular, "three layers, 50 images by heart", 1, 1, lambda: overfit(images, 3)),
        Claim(modular, "five layers, 50 images by heart", 1, 1, lambda: overfit(images, 5)),
        Claim(modular, "loss: momentum less SGD", -9, 0,
              lambda: final_loss(images, "sgd_momentum", 1e-2) - final_loss(images, "sgd", 1e-2)),
        Claim(modular, "loss: Adam less RMSProp", -9, 0,
              lambda: final_loss(images, "adam", 1e-3) - final_loss(images, "rmsprop", 1e-4)),
        Claim(modular, "five layers with Adam", 0.50, 1, lambda: best_net(images), True),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="leave out what takes over ten seconds")
    quick = parser.parse_args().quick
    rows = get_cifar10_data(flatten="HWC", dtype=np.float32)
    images = get_cifar10_data(dtype=np.float32)
    table = Table(title=f"data: {rows['source']}", title_justify="left")
    for column in ("homework", "what"):
        table.add_column(column)
    for column in ("band", "measured", "seconds", ""):
        table.add_column(column, justify="right")
    missed = 0
    for claim in track([c for c in claims(rows, images) if not (quick and c.slow)], "training"):
        start = time.perf_counter()
        value = claim.measure()
        seconds = time.perf_counter() - start
        held = claim.low <= value <= claim.high
        missed += not held
        band = f"{claim.low:g} to {claim.high:g}"
        table.add_row(claim.homework, claim.what, band, f"{value:.3f}", f"{seconds:.1f}", "ok" if held else "MISSED")
    Console().print(table)
    raise SystemExit(missed > 0)


if __name__ == "__main__":
    main()
