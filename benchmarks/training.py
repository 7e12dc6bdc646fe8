"""How fast does nn train, and do the homeworks reach the accuracies that their texts promise?

    python benchmarks/training.py [--only speed|accuracies] [--homework NAME] [--quick]

Speed: a training step of two layers (3072-50-10, plain SGD) and of five (Adam, by the Solver), batches of 200 images in
float32, against PyTorch (eager) and scikit-learn where they are installed, and k nearest neighbours (500 among 5,000
images) against scikit-learn. All on one thread, in turns, in processor time; the least of several rounds counts.
`pip install torch scikit-learn` gets the peers.

Accuracies: runs the source notebooks' own cells, searches included, on the real images where they are in data/ and on
the stand-in otherwise, and prints each measure beside its band, with the time that its cell took on one thread.
"""

import os

os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
os.environ |= dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
os.environ["AUTOGRADER_CHECK"] = "1"  # the last cell submits nothing

import argparse
import io
import itertools
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from rich.table import Table

from autograder.grade.processes.shell import NotebookShell, make_shell
from autograder.machine import load_now
from autograder.notebooks import read_notebook
from nn.datasets import cifar10_source, mnist_source
from nn.fc_net import FullyConnectedNet
from nn.k_nearest_neighbor import KNearestNeighbor
from nn.neural_net import TwoLayerNet
from nn.solver import Solver

ROOT = Path(__file__).parents[1]
FRAMEWORKS = ("tensorflow", "keras")
PEERS = {"PyTorch": "torch", "scikit-learn": "sklearn"}
BATCH, STEPS, ROUNDS, QUICK = 200, 200, 5, 2
SETTINGS = {"learning_rate": 1e-3, "reg": 1e-2}


@dataclass(frozen=True)
class Claim:
    """What a homework's text promises: `measure`, an expression, is between `low` and `high` after the cell `cell`."""

    homework: str
    notebook: str
    cell: str
    what: str
    low: float
    high: float
    measure: str


def final_loss(runs: str, rule: str, other: str) -> str:
    """How much the mean of the last 50 losses is larger with `rule` than with `other`, as an expression."""
    first, second = (f"np.mean(load_runs('{runs}.npz')['{name}']['loss_history'][-50:])" for name in (rule, other))
    return f"{first} - {second}"


def saved_accuracy(weights: str, images: str, part: str) -> str:
    """The accuracy of saved weights in the notebook `frameworks`, as an expression."""
    return f"np.mean(classes_of(load('{weights}.npz'), {images}['X_{part}']) == {images}['y_{part}'])"


def claims(digits: str) -> list[Claim]:
    """Every claim, in the order of homeworks, notebooks and cells. `digits`: which handwritten digits there are."""
    knn, softmax, modular, multi = "knn_and_mse_net", "softmax_net", "fully_connected_nets", "multilayer_nets"
    neighbours = "np.mean(knn.predict_labels(dists, k={}) == y_test)"
    by_heart = "max({}_layer_solver.train_acc_history)"
    return [
        Claim(knn, "knn", "accuracy", "nearest neighbour, k = 1", 0.25, 0.32, neighbours.format(1)),
        Claim(knn, "knn", "accuracy", "nearest neighbours, k = 5", 0.25, 0.32, neighbours.format(5)),
        Claim(knn, "two_layer_net", "baseline", "MSE net, first run", 0.13, 0.25, "baseline_accuracy"),
        Claim(knn, "two_layer_net", "search", "MSE net, tuned", 0.45, 1, "best_accuracy"),
        Claim(knn, "two_layer_net", "bonus-train", "the same with softmax, first run", 0.25, 0.33,
              "np.mean(softmax_net.predict(X_val) == y_val)"),
        Claim(softmax, "two_layer_net", "baseline", "softmax net, first run", 0.25, 0.33, "first_accuracy"),
        Claim(softmax, "two_layer_net", "search", "softmax net, tuned", 0.50, 1, "best_accuracy"),
        Claim(modular, modular, "train-two-layer", "two layers with the Solver", 0.50, 1, "solver.best_val_acc"),
        Claim(modular, modular, "overfit-three", "three layers, 50 images by heart", 1, 1, by_heart.format("three")),
        Claim(modular, modular, "overfit-five", "five layers, 50 images by heart", 1, 1, by_heart.format("five")),
        Claim(modular, modular, "momentum-compare", "loss: momentum less SGD", -9, 0,
              final_loss("momentum", "sgd_momentum", "sgd")),
        Claim(modular, modular, "adam-compare", "loss: RMSProp less SGD", -9, 0,
              "np.mean(load_runs('adam.npz')['rmsprop']['loss_history'][-50:])"
              " - np.mean(load_runs('momentum.npz')['sgd']['loss_history'][-50:])"),
        Claim(modular, modular, "adam-compare", "loss: Adam less RMSProp", -9, 0,
              final_loss("adam", "adam", "rmsprop")),
        Claim(modular, modular, "train-best", "best model", 0.50, 1, "best_accuracy"),
        Claim(multi, multi, "two-layer-train", "two layers in theta notation", 0.48, 1,
              "two_layer_solver.best_val_acc"),
        Claim(multi, multi, "three-layer-train", "three layers in theta notation", 0.48, 1,
              "three_layer_solver.best_val_acc"),
        Claim(multi, "frameworks", "tensorflow-train", "TensorFlow", 0.50, 1,
              saved_accuracy("tensorflow_net", "data", "val")),
        Claim(multi, "frameworks", "keras-train", "Keras", 0.50, 1, saved_accuracy("keras_net", "data", "val")),
        Claim(multi, "frameworks", "mnist-train", f"Keras, test images of {digits}",
              0.88 if digits == "fashion-mnist" else 0.975, 1, saved_accuracy("mnist_net", "digits", "test")),
    ]  # fmt: skip


def measured(shell: NotebookShell, homework: str, notebook: str, wanted: list[Claim]) -> dict[Claim, tuple]:
    """Run a notebook's cells, quietly; the value and the seconds of each claim."""
    found = {}
    shell.reset()
    with TemporaryDirectory(prefix="training-", dir=ROOT) as folder, chdir(folder):
        for cell in read_notebook(ROOT / "source" / homework / f"{notebook}.ipynb").cells:
            if cell.cell_type != "code":
                continue
            began = time.perf_counter()
            with redirect_stdout(io.StringIO()):
                shell.run_cell(cell.source).raise_error()
            seconds = time.perf_counter() - began
            found |= {claim: (float(shell.ev(claim.measure)), seconds) for claim in wanted if claim.cell == cell.id}
    return found


def found_digits() -> str:
    """Which handwritten digits there are."""
    try:
        return mnist_source()
    except FileNotFoundError:
        return "none"


def found_images() -> str:
    """Which images there are."""
    try:
        return str(cifar10_source())
    except FileNotFoundError:
        raise SystemExit(
            "There are no images to train on: autograder data cifar10, or autograder data synthetic."
        ) from None


def what_lacks(digits: str) -> str:
    """What the notebook `frameworks` needs and is not here, or ""."""
    if digits == "none":
        return "no digits: autograder data synthetic-digits"
    return "" if all(map(find_spec, FRAMEWORKS)) else "TensorFlow is not installed"


# --- speed ------------------------------------------------------------------------------------------------------------


def show_speed(rounds: int = ROUNDS) -> None:
    """Time every way in turns, and print each peer's time as a ratio to ours."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((5000, 3072), np.float32), rng.integers(0, 10, 5000)
    table = Table(title="processor time, one thread", title_justify="left")
    for column in ("", "nn", *PEERS):
        table.add_column(column, justify="right" if column else "left")
    for what, ways in (
        ("two layers, a step", two_layers(X, y)),
        ("five layers with Adam, a step", five_layers(X, y)),
        ("nearest neighbours, k = 5", neighbours(X, y)),
    ):
        there = {who: make() for who, make in ways.items() if find_spec(PEERS.get(who, "nn"))}
        least = fastest(there, rounds)
        cells = [
            "-" if who not in ways else "not installed" if who not in least
            else f"{1000 * least[who]:.2f} ms ({least[who] / least['nn']:.2f})"
            for who in ("nn", *PEERS)
        ]  # fmt: skip
        table.add_row(what, *cells)
    Console().print(table)
    print("in brackets: times as long as nn\n")


def fastest(ways: dict[str, Callable[[], int]], rounds: int) -> dict[str, float]:
    """Seconds of the processor for one piece of work, in the best of several rounds; a way says how many it did."""
    least = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for who, work in ways.items():
            began = time.process_time()
            pieces = work()
            least[who] = min(least[who], (time.process_time() - began) / pieces)
    return least


def two_layers(X: np.ndarray, y: np.ndarray) -> dict[str, Callable]:
    """Plain gradient descent with a net of 50 hidden units; each way makes its net, and gives what trains it on."""

    def ours() -> Callable[[], int]:
        net = TwoLayerNet(X.shape[1], 50, 10, dtype=np.float32)

        def work() -> int:
            net.train(X, y, X[:BATCH], y[:BATCH], num_iters=STEPS, batch_size=BATCH, **SETTINGS)
            return STEPS

        return work

    def sklearn() -> Callable[[], int]:
        from sklearn.neural_network import MLPClassifier

        net = MLPClassifier(
            (50,), solver="sgd", momentum=0, batch_size=BATCH, max_iter=STEPS * BATCH // len(X), tol=0,
            n_iter_no_change=STEPS, learning_rate_init=SETTINGS["learning_rate"], alpha=SETTINGS["reg"],
        )  # fmt: skip

        def work() -> int:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that it has not converged
                net.fit(X, y)
            return STEPS

        return work

    return {"nn": ours, "PyTorch": lambda: torch_steps(X, y, [50], "SGD"), "scikit-learn": sklearn}


def five_layers(X: np.ndarray, y: np.ndarray) -> dict[str, Callable]:
    """Adam with four hidden layers of 100 units."""
    hidden = [100] * 4

    def ours() -> Callable[[], int]:
        net = FullyConnectedNet(hidden, reg=SETTINGS["reg"])
        data = {"X_train": X, "y_train": y, "X_val": X[:BATCH], "y_val": y[:BATCH]}
        epochs = STEPS * BATCH // len(X)
        settings = {"optim_config": {"learning_rate": SETTINGS["learning_rate"]}, "num_train_samples": BATCH}

        def work() -> int:
            Solver(
                net, data, update_rule="adam", num_epochs=epochs, batch_size=BATCH, verbose=False, **settings
            ).train()
            return STEPS

        return work

    return {"nn": ours, "PyTorch": lambda: torch_steps(X, y, hidden, "Adam")}


def torch_steps(X: np.ndarray, y: np.ndarray, hidden: list[int], rule: str) -> Callable[[], int]:
    """The same net and steps in PyTorch, written as its users write them."""
    import torch

    torch.set_num_threads(1)
    sizes = [X.shape[1], *hidden]
    layers = [(torch.nn.Linear(before, after), torch.nn.ReLU()) for before, after in itertools.pairwise(sizes)]
    net = torch.nn.Sequential(*itertools.chain(*layers), torch.nn.Linear(sizes[-1], 10))
    step = getattr(torch.optim, rule)(net.parameters(), lr=SETTINGS["learning_rate"], weight_decay=SETTINGS["reg"])
    loss_of = torch.nn.CrossEntropyLoss()
    images, labels = torch.from_numpy(X), torch.from_numpy(y)

    def work() -> int:
        for _ in range(STEPS):
            batch = torch.randint(len(images), (BATCH,))
            step.zero_grad()
            loss = loss_of(net(images[batch]), labels[batch])
            loss.backward()
            step.step()
            loss.item()
        return STEPS

    return work


def neighbours(X: np.ndarray, y: np.ndarray) -> dict[str, Callable]:
    """The labels of 500 images by the vote of five among all."""
    asked = X[::10] + np.float32(0.5)

    def ours() -> Callable[[], int]:
        knn = KNearestNeighbor()
        knn.train(X, y)
        return lambda: len(knn.predict(asked, k=5)) // len(asked)

    def sklearn() -> Callable[[], int]:
        from sklearn.neighbors import KNeighborsClassifier

        knn = KNeighborsClassifier(5, algorithm="brute").fit(X, y)
        return lambda: len(knn.predict(asked)) // len(asked)

    return {"nn": ours, "scikit-learn": sklearn}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("speed", "accuracies"), help="leave the other part out")
    parser.add_argument("--homework", help="accuracies of this one only")
    parser.add_argument("--quick", action="store_true", help=f"speed only, {QUICK} rounds")
    given = parser.parse_args()
    print(load_now())
    if given.quick:
        show_speed(QUICK)
        return
    if given.only != "accuracies" and given.homework is None:
        show_speed()
    if given.only != "speed":
        show_accuracies(given.homework)


def show_accuracies(only: str | None) -> None:
    """The table of claims, of one homework or all; ends the program."""
    images, digits = found_images(), found_digits()
    console = Console(file=sys.stdout)  # also while the output of cells goes elsewhere
    table = Table(title=f"images: {images}; digits: {digits}", title_justify="left")
    for column in ("homework", "what"):
        table.add_column(column, overflow="fold")
    for column in ("band", "measured", "seconds", ""):
        table.add_column(column, justify="right")
    shell, missed = make_shell(), 0
    chosen = [claim for claim in claims(digits) if only in (None, claim.homework)]
    for (homework, notebook), group in itertools.groupby(chosen, lambda claim: (claim.homework, claim.notebook)):
        wanted = list(group)
        lacking = what_lacks(digits) if notebook == "frameworks" else ""
        with console.status(f"{homework}: {notebook}"):
            found = {} if lacking else measured(shell, homework, notebook, wanted)
        for claim in wanted:
            band = f"{claim.low:g} to {claim.high:g}"
            if lacking:
                table.add_row(homework, claim.what, band, lacking)
                continue
            value, seconds = found[claim]
            held = claim.low <= value <= claim.high
            missed += not held
            table.add_row(homework, claim.what, band, f"{value:.3f}", f"{seconds:.1f}", "ok" if held else "MISSED")
    console.print(table)
    raise SystemExit(missed > 0)


if __name__ == "__main__":
    main()
