"""Is the synthetic stand-in as hard to learn as CIFAR-10?

    python benchmarks/synthetic_bands.py [SEEDS] [--quick]

Trains what the homeworks train on the stand-in, and on the real images if they are in data/, and prints the accuracies
against the bands that the stand-in must meet. Nets are trained in float32, SEEDS times each (default 3); an accuracy is
the mean over the seeds, on 1000 validation images and the 1000 test images.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from autograder.data.synthetic import write_synthetic
from autograder.machine import load_now
from nn.datasets import get_cifar10_data
from nn.k_nearest_neighbor import KNearestNeighbor
from nn.losses import mse_loss, softmax_loss
from nn.neural_net import TwoLayerNet

REAL = Path(__file__).parents[1] / "data" / "cifar-10-batches-py"
NEIGHBOURS = (1, 5, 10)


@dataclass(frozen=True)
class Band:
    """What is measured, and between which accuracies the stand-in must be."""

    title: str
    low: float
    high: float
    accuracy: Callable[[dict, int], float]  # (prepared data, seed) -> accuracy


def net(loss, rate: float, reg: float, iterations: int, batch: int = 200, decay: float = 0.95):
    """The accuracy of a net with 50 hidden units trained with these settings."""

    def accuracy(data: dict, seed: int) -> float:
        np.random.seed(seed)
        model = TwoLayerNet(3072, 50, 10, loss_function=loss, dtype=np.float32)
        X_train, y_train, X_val, y_val = (data[name] for name in ("X_train", "y_train", "X_val", "y_val"))
        model.train(X_train, y_train, X_val, y_val, rate, decay, reg, iterations, batch)
        return np.mean([np.mean(model.predict(data[f"X_{part}"]) == data[f"y_{part}"]) for part in ("val", "test")])

    return accuracy


def linear(data: dict, seed: int) -> float:
    """The accuracy of a linear softmax classifier, at about the best settings for the real images."""
    random = np.random.RandomState(seed)
    W, b, rate = np.zeros((10, 3072), np.float32), np.zeros(10, np.float32), 3e-6
    for iteration in range(1500):
        batch = random.choice(len(data["X_train"]), 500)
        X, y = data["X_train"][batch], data["y_train"][batch]
        _, dscores = softmax_loss(X @ W.T + b, y)
        W -= rate * (dscores.T @ X + 0.1 * W)
        b -= rate * dscores.sum(axis=0)
        rate *= 0.9 if iteration % 98 == 0 else 1
    scores = [(np.argmax(data[f"X_{part}"] @ W.T + b, axis=1) == data[f"y_{part}"]).mean() for part in ("val", "test")]
    return float(np.mean(scores))


def neighbours(data: dict, _seed: int) -> float:
    """The accuracy of k nearest neighbours as in the homework (5000 against 500 images), mean over k = 1, 5, 10."""
    model = KNearestNeighbor()
    model.train(data["X_train"][:5000], data["y_train"][:5000])
    distances = model.compute_distances_no_loops(data["X_test"][:500])
    return float(np.mean([model.predict_labels(distances, k=k) == data["y_test"][:500] for k in NEIGHBOURS]))


NEAREST = Band("k nearest neighbours", 0.25, 0.32, neighbours)
POOR_MSE = Band("MSE net, rate 1e-5, reg 0.1, 1000 iterations", 0.14, 0.20, net(mse_loss, 1e-5, 0.1, 1000))
POOR_SOFTMAX = Band("softmax net, rate 1e-4, reg 0.25, 1000", 0.26, 0.31, net(softmax_loss, 1e-4, 0.25, 1000))
LINEAR = Band("linear classifier", 0.30, 0.45, linear)
TUNED_MSE = Band("MSE net, tuned, 1000", 0.45, 0.60, net(mse_loss, 3e-3, 0.01, 1000, 500, 0.8))
TUNED_SOFTMAX = Band("softmax net, tuned, 4000", 0.50, 0.65, net(softmax_loss, 2e-3, 0.5, 4000, 500, 0.93))
QUICK = (NEAREST, POOR_MSE, POOR_SOFTMAX)
BANDS = (NEAREST, POOR_MSE, POOR_SOFTMAX, LINEAR, TUNED_MSE, TUNED_SOFTMAX)


def prepared(root: Path) -> dict:
    return get_cifar10_data(flatten="HWC", dtype=np.float32, root=root)


def measure(root: Path, seeds: int, bands: tuple[Band, ...]) -> dict[Band, list[float]]:
    data = prepared(root)
    runs = [(band, seed) for band in bands for seed in range(1 if band is NEAREST else seeds)]
    accuracies = {band: [] for band in bands}
    for band, seed in tqdm(runs, desc=str(data["source"]), disable=None):
        accuracies[band].append(float(band.accuracy(data, seed)))
    return accuracies


def main(seeds: int, bands: tuple[Band, ...]) -> int:
    print(load_now())
    with tempfile.TemporaryDirectory() as place:
        synthetic = measure(write_synthetic(Path(place, "synthetic-cifar-10-batches-py")), seeds, bands)
    real = measure(REAL, seeds, bands) if (REAL / "test_batch").is_file() else {}
    table = Table("accuracy in %", "band", "synthetic", "over the seeds", "real", "")
    missed = 0
    for band, found in synthetic.items():
        inside = band.low <= np.mean(found) <= band.high
        missed += not inside
        table.add_row(
            band.title,
            f"{100 * band.low:.0f} to {100 * band.high:.0f}",
            f"{100 * np.mean(found):.1f}",
            f"{100 * min(found):.1f} to {100 * max(found):.1f}",
            f"{100 * np.mean(real[band]):.1f}" if real else "not here",
            "ok" if inside else "MISSED",
        )
    Console(width=120).print(table)
    return missed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", nargs="?", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="the first bands, one seed")
    given = parser.parse_args()
    sys.exit(main(1, QUICK) if given.quick else main(given.seeds, BANDS))
