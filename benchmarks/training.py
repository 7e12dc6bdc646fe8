"""Do the homeworks reach the accuracies that their texts promise?

    python benchmarks/training.py [--homework NAME]

Runs the source notebooks' own cells, searches included, on the real images where they are in data/ and on the stand-in
otherwise, and prints each measure beside its band, with the time that its cell took on one thread.
"""

import os

os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
os.environ["AUTOGRADER_CHECK"] = "1"  # the last cell submits nothing

import argparse
import io
import itertools
import sys
import time
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from autograder.grade.processes.shell import NotebookShell, make_shell
from autograder.notebooks import read_notebook
from nn.datasets import cifar10_source, mnist_source

ROOT = Path(__file__).parents[1]
FRAMEWORKS = ("tensorflow", "keras")


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homework", help="only this one")
    only = parser.parse_args().homework
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
