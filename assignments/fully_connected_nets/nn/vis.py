"""Pictures: grids of images, weights of a net, curves of training runs.

Every function but `visualize_grid` draws one figure. In a notebook it appears under the cell; in a script it stays
current, for `plt.gcf()` and `plt.savefig`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from math import isqrt, sqrt
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from tqdm import tqdm

from nn.checks import Array, check_shape

_FILE_BACKENDS = {"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"}


def visualize_grid(
    Xs: Array, ubound: float = 255.0, padding: int = 1, columns: int | None = None, background: float = 0.0
) -> Array:
    """Put images side by side in a grid, each stretched to the whole range of brightness.

    Args:
        Xs: (N, height, width, channels) images.
        ubound: brightness of the lightest value of each image; the darkest becomes 0.
        padding: pixels between images.
        columns: images in a row; by default as many as make the grid square.
        background: brightness between the images and of places that are left over.

    Returns:
        one image (height, width, channels) of float64 values in 0..ubound; a constant image is black.

    Raises:
        ValueError: `Xs` does not have four axes.
    """
    check_shape("Xs", Xs, ("N", "height", "width", "channels"), "a stack of images")
    number, height, width, channels = Xs.shape
    side = isqrt(max(number - 1, 0)) + 1
    rows, columns = (side, side) if columns is None else (-(-number // columns), columns)
    low = Xs.min(axis=(1, 2, 3), keepdims=True)
    spread = Xs.max(axis=(1, 2, 3), keepdims=True).astype(float) - low
    stretched = ubound * (Xs - low.astype(float)) / np.where(spread == 0, 1, spread)

    step_down, step_right = height + padding, width + padding
    grid = np.full((rows * step_down - padding, columns * step_right - padding, channels), background)
    for i, image in enumerate(stretched):
        top, left = i // columns * step_down, i % columns * step_right
        grid[top : top + height, left : left + width] = image
    return grid


def show_net_weights(net: Any, name: str = "W1", title: str | None = None, order: str | None = None) -> None:
    """Show the weights of every hidden unit of the first layer as a colour image.

    Args:
        net: has `params[name]`, one row per hidden unit (H, D) or one column (D, H), D = 3 * side * side.
        name: of the weights.
        title: above the picture.
        order: in which the D numbers run: "HWC" for height, width, channel, or "CHW" for channel, height, width. By
            default "HWC" for the nets of `nn.neural_net`, in both layouts, and for rows; "CHW" for other columns.

    Raises:
        ValueError: the weights of a unit do not make a square colour image, or another order.
    """
    W = net.params[name]
    units_first = W.shape[0] == len(net.params[name.replace("W", "b")])
    if order is None:
        order = "HWC" if units_first or hasattr(net, "layout") else "CHW"
    images = _colour_images(name, W if units_first else W.T, order)
    columns = _columns(len(images))
    height = 6 * -(-len(images) // columns) / columns
    _, ax = plt.subplots(figsize=(6, max(height, 1) + 0.4))
    ax.imshow(visualize_grid(images, padding=3, columns=columns, background=255.0).astype(np.uint8))
    ax.set_title(title or f"{name}: one image per hidden unit")
    ax.axis("off")
    _show()


def show_templates(W: Array, classes: Sequence[str], title: str | None = None) -> None:
    """Show the weights of every class of a linear classifier as a colour image.

    Args:
        W: (D, C) weights, D = 3 * side * side in the order height, width, channel; a last row with biases is left out.
        classes: (C,) their names.
        title: above the pictures.

    Raises:
        ValueError: the weights of a class do not make a square colour image, or the names do not fit W.
    """
    check_shape("W", W, ("D", len(classes)), f"{len(classes)} names of classes")
    images = _colour_images("W", W[: len(W) - len(W) % 3].T, "HWC")
    columns = (len(classes) + 1) // 2
    figure, axes = plt.subplots(2, columns, figsize=(2 * columns, 4.4), layout="constrained", squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for ax, image, label in zip(axes.flat, images, classes, strict=False):
        ax.imshow(visualize_grid(image[None]).astype(np.uint8))
        ax.set_title(label, fontsize=10)
    if title:
        figure.suptitle(title)
    _show()


def plot_training(run: Any, title: str | None = None) -> None:
    """Plot the loss of every step and the accuracies of every epoch of one training run.

    Args:
        run: a Solver, or the dict that `nn.neural_net.TwoLayerNet.train` gives.
        title: above both plots.
    """
    figure, (loss_ax, accuracy_ax) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    loss = _history(run, "loss_history")
    loss_ax.plot(loss, "." if len(loss) > 1000 else "-", markersize=2, linewidth=1)
    _label(loss_ax, "loss_history")
    for key, label in (("train_acc_history", "training"), ("val_acc_history", "validation")):
        accuracy_ax.plot(_history(run, key), "o-", markersize=3, label=label)
    _label(accuracy_ax, "train_acc_history")
    accuracy_ax.set_title("accuracy")
    accuracy_ax.legend()
    if title:
        figure.suptitle(title)
    _show()


def plot_curves(
    runs: Mapping[str, Any],
    keys: tuple[str, ...] = ("loss_history", "train_acc_history", "val_acc_history"),
    title: str | None = None,
) -> None:
    """Compare several training runs: one plot for each kind of history, one curve for each run.

    Args:
        runs: label -> a Solver or a dict with the histories.
        keys: which histories, from left to right.
        title: above all plots.
    """
    figure, axes = plt.subplots(1, len(keys), figsize=(5.5 * len(keys), 4), layout="constrained", squeeze=False)
    for ax, key in zip(axes[0], keys, strict=True):
        for label, run in runs.items():
            ax.plot(_history(run, key), "-" if key == "loss_history" else "o-", markersize=3, linewidth=1, label=label)
        _label(ax, key)
        ax.legend()
    if title:
        figure.suptitle(title)
    _show()


def _columns(number: int) -> int:
    """How many images to put in a row: a grid up to twice as wide as high that leaves as few places over as it can."""
    side = isqrt(max(number - 1, 0)) + 1
    return min(range(side, max(side, isqrt(2 * number)) + 1), key=lambda columns: (-number % columns, columns))


def progress(items: Iterable, unit: str = "run") -> tqdm:
    """The items one after another, with a bar that says how many are done and how long the rest will take.

    Args:
        items: what a loop goes through.
        unit: what one of them is called.
    """
    return tqdm(list(items), unit=unit, file=sys.stdout, ncols=80)


def _colour_images(name: str, rows: Array, order: str) -> Array:
    """(N, side, side, 3) images from rows of weights."""
    side = round(sqrt(rows.shape[1] / 3))
    if 3 * side * side != rows.shape[1]:
        raise ValueError(f"{name}: received {rows.shape[1]} weights per image, expected 3 * side * side")
    if order == "HWC":
        return rows.reshape(-1, side, side, 3)
    if order == "CHW":
        return rows.reshape(-1, 3, side, side).transpose(0, 2, 3, 1)
    raise ValueError(f'order: received {order!r}, expected "HWC" or "CHW"')


def _history(run: Any, key: str) -> list[float]:
    return run[key] if isinstance(run, Mapping) else getattr(run, key)


_LABELS = {
    "loss_history": ("loss of each batch", "iteration", "loss"),
    "train_acc_history": ("training accuracy", "epoch", "accuracy (fraction correct)"),
    "val_acc_history": ("validation accuracy", "epoch", "accuracy (fraction correct)"),
}


def _label(ax: plt.Axes, key: str) -> None:
    title, x, y = _LABELS.get(key, (key, "entry", key))
    ax.set(title=title, xlabel=x, ylabel=y)
    ax.grid(alpha=0.3)


def _show() -> None:
    """Show the figure where there is something to show it on; a backend that only writes files would warn."""
    if plt.get_backend().lower() not in _FILE_BACKENDS:
        plt.show()
