"""CIFAR-10 and MNIST as arrays, split and normalised the way the homeworks use them. Needs numpy only."""

import os
from collections.abc import Iterator
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import DTypeLike

from autograder.data.local import (
    cifar10_classes,
    cifar10_made_once,
    cifar10_source,
    load_cifar10,
    load_held_out,
    load_mnist,
    mnist_classes,
    mnist_source,
)

__all__ = [
    "cifar10_classes",
    "cifar10_source",
    "get_CIFAR10_data",
    "get_cifar10_data",
    "get_mnist_data",
    "held_out_cifar10",
    "held_out_mnist",
    "load_CIFAR10",
    "load_cifar10",
    "load_mnist",
    "mnist_classes",
    "mnist_source",
]

Array = np.ndarray
Layout = Literal["HWC", "CHW"] | None

_BLOCK = 1000  # rows converted at a time, so that no second float copy of the images is ever made


def get_cifar10_data(
    num_training: int = 49000,
    num_validation: int = 1000,
    num_test: int = 1000,
    subtract_mean: bool = True,
    flatten: Layout = None,
    dtype: DTypeLike = np.float64,
    root: str | os.PathLike | None = None,
) -> dict[str, Array]:
    """CIFAR-10 split into training, validation and test rows, with the mean training image subtracted.

    Training rows are the first `num_training` of the official training set, validation rows the `num_validation` after
    them, test rows the first `num_test` of the official test set.

    Args:
        num_training, num_validation, num_test: numbers of rows.
        subtract_mean: subtract the mean image of the training rows from every image.
        flatten: None keeps images as (N, 3, 32, 32); "HWC" makes rows (N, 3072) in the order height, width, channel,
            "CHW" in the order channel, height, width.
        dtype: of the images. The default split takes 1.25 GB in float64 and half of that in float32.
        root: as in `load_cifar10`.

    Returns:
        X_train, y_train, X_val, y_val, X_test, y_test: images in `dtype` as `flatten` says, labels (N,) int64.
        mean_image: float64, one image in the same layout; the mean of the training rows, also when not subtracted.
        source: "cifar10" or "synthetic" (a numpy string, so that a loop over `.shape` works).

    Raises:
        ValueError: there are fewer rows than asked for, or an argument is none of the above.
        FileNotFoundError: as `load_cifar10`.
    """
    X_train, y_train, X_test, y_test = load_cifar10(root)
    _check_rows(len(X_train), "training", num_training=num_training, num_validation=num_validation)
    _check_rows(len(X_test), "test", num_test=num_test)
    validation = slice(num_training, num_training + num_validation)
    mean_image = cifar10_made_once(f"mean-{num_training}", lambda: _mean_image(X_train[:num_training]), root)
    subtracted = mean_image if subtract_mean else None
    made = f"{num_training}-{'less-mean' if subtract_mean else 'whole'}-{flatten}-{np.dtype(dtype).name}"
    return {
        "X_train": cifar10_made_once(made, lambda: _prepare(X_train[:num_training], subtracted, flatten, dtype), root),
        "y_train": y_train[:num_training].copy(),
        "X_val": _prepare(X_train[validation], subtracted, flatten, dtype),
        "y_val": y_train[validation].copy(),
        "X_test": _prepare(X_test[:num_test], subtracted, flatten, dtype),
        "y_test": y_test[:num_test].copy(),
        "mean_image": np.ascontiguousarray(_arranged(mean_image[None], flatten)[0]),
        "source": np.str_(cifar10_source(root)),
    }


def load_CIFAR10(root: str | os.PathLike | None = None) -> tuple[Array, Array, Array, Array]:
    """`load_cifar10` with float64 images, from which a mean image can be subtracted in place; they take 1.5 GB.

    Args:
        root: as in `load_cifar10`. If no such folder exists (notebooks of other courses name one of their own), the
            data is looked for as without `root`.
    """
    if root is not None and not os.path.isdir(root):
        root = None
    X_train, y_train, X_test, y_test = load_cifar10(root)
    return X_train.astype(np.float64), y_train, X_test.astype(np.float64), y_test


def get_CIFAR10_data(
    num_training: int = 49000, num_validation: int = 1000, num_test: int = 1000, subtract_mean: bool = True
) -> dict[str, Array]:
    """The six arrays of `get_cifar10_data` and nothing else, as other courses' notebooks expect them."""
    data = get_cifar10_data(num_training, num_validation, num_test, subtract_mean)
    return {name: data[name] for name in ("X_train", "y_train", "X_val", "y_val", "X_test", "y_test")}


def held_out_cifar10(
    num_training: int = 49000,
    num_test: int = 1000,
    subtract_mean: bool = True,
    flatten: Layout = None,
    dtype: DTypeLike = np.float64,
    root: str | os.PathLike | None = None,
) -> tuple[Array, Array]:
    """The test rows that `get_cifar10_data` leaves over, prepared as it prepares its own.

    Where the course has data of its own for this (`data/held_out/cifar10.npz`, which no student gets), that is taken.

    Args:
        num_training: rows that the mean image is taken over.
        num_test: rows to leave out at the start of the test set.
        subtract_mean, flatten, dtype, root: as in `get_cifar10_data`.

    Returns:
        X: (10000 - num_test, ...) images; y: (10000 - num_test,) int64.

    Raises:
        ValueError: the data here has no such rows: they are withheld where submissions run.
    """
    X_train, _, X_test, y_test = load_cifar10(root)
    _check_rows(len(X_train), "training", num_training=num_training)
    mean_image = _mean_image(X_train[:num_training]) if subtract_mean else None
    own = load_held_out(cifar10_source(root))
    if own is not None:
        return _prepare(own[0], mean_image, flatten, dtype), own[1]
    _check_held_out("held_out_cifar10", len(X_test), num_test)
    return _prepare(X_test[num_test:], mean_image, flatten, dtype), y_test[num_test:].copy()


def get_mnist_data(
    num_training: int = 55000,
    num_validation: int = 5000,
    num_test: int = 1000,
    dtype: DTypeLike = np.float32,
    root: str | os.PathLike | None = None,
) -> dict[str, Array]:
    """MNIST split into training, validation and test rows, brightness scaled to 0..1.

    Training rows are the first `num_training` of the official training set, validation rows the `num_validation` after
    them, test rows the first `num_test` of the official test set.

    Args:
        num_training, num_validation, num_test: numbers of rows.
        dtype: of the images, a float type.
        root: as in `load_mnist`.

    Returns:
        X_train, y_train, X_val, y_val, X_test, y_test: images (N, 784) in `dtype`, labels (N,) int64.
        source: as `mnist_source` gives it (a numpy string).

    Raises:
        ValueError: there are fewer rows than asked for.
        FileNotFoundError: as `load_mnist`.
    """
    X_train, y_train, X_test, y_test = load_mnist(root)
    _check_rows(len(X_train), "training", num_training=num_training, num_validation=num_validation)
    _check_rows(len(X_test), "test", num_test=num_test)
    validation = slice(num_training, num_training + num_validation)
    return {
        "X_train": _brightness(X_train[:num_training], dtype),
        "y_train": y_train[:num_training].copy(),
        "X_val": _brightness(X_train[validation], dtype),
        "y_val": y_train[validation].copy(),
        "X_test": _brightness(X_test[:num_test], dtype),
        "y_test": y_test[:num_test].copy(),
        "source": np.str_(mnist_source(root)),
    }


def held_out_mnist(
    num_test: int = 1000, dtype: DTypeLike = np.float32, root: str | os.PathLike | None = None
) -> tuple[Array, Array]:
    """The test rows that `get_mnist_data` leaves over, prepared as it prepares its own.

    Where the course has data of its own for this (`data/held_out/mnist.npz`, which no student gets), that is taken.

    Args:
        num_test: rows to leave out at the start of the test set.
        dtype, root: as in `get_mnist_data`.

    Returns:
        X: (10000 - num_test, 784) images; y: (10000 - num_test,) int64.

    Raises:
        ValueError: the data here has no such rows: they are withheld where submissions run.
    """
    _, _, X_test, y_test = load_mnist(root)
    own = load_held_out(mnist_source(root))
    if own is not None:
        return _brightness(own[0], dtype), own[1]
    _check_held_out("held_out_mnist", len(X_test), num_test)
    return _brightness(X_test[num_test:], dtype), y_test[num_test:].copy()


def _brightness(images: Array, dtype: DTypeLike) -> Array:
    """(N, 28, 28) bytes as rows of numbers from 0 to 1."""
    return np.divide(_rows(images), 255, dtype=dtype)


def _check_held_out(function: str, there: int, num_test: int) -> None:
    """Raise a ValueError if no test rows come after the first `num_test`."""
    if there <= num_test:
        raise ValueError(
            f"{function}: the test set here ends at row {there}, so nothing is held out after the first "
            f"{num_test} rows.\n  Held-out rows are withheld while a submission runs; call this where all rows are."
        )
    _check_rows(there, "test", num_test=num_test)


def _arranged(images: Array, flatten: Layout) -> Array:
    """(N, 32, 32, 3) images in the layout that `flatten` names."""
    if flatten == "HWC":
        return _rows(images)
    images = images.transpose(0, 3, 1, 2)
    if flatten == "CHW":
        return _rows(images)
    if flatten is None:
        return images
    raise ValueError(f'flatten must be None, "HWC" or "CHW", not {flatten!r}')


def _rows(images: Array) -> Array:
    """Each image as a row, also of no images (whose length reshape could not find out)."""
    return images.reshape(len(images), prod(images.shape[1:]))


def _blocks(count: int) -> Iterator[slice]:
    return (slice(start, min(start + _BLOCK, count)) for start in range(0, count, _BLOCK))


def _mean_image(images: Array) -> Array:
    """(32, 32, 3) float64; exact, since bytes are summed as integers."""
    if len(images) == 0:
        raise ValueError("num_training must be at least 1: the mean image of no rows is undefined")
    total = np.zeros(images.shape[1:], np.int64)
    for rows in _blocks(len(images)):
        total += images[rows].sum(axis=0, dtype=np.uint32)
    return total / len(images)


def _prepare(images: Array, mean_image: Array | None, flatten: Layout, dtype: DTypeLike) -> Array:
    """(N, 32, 32, 3) bytes, minus the mean image if there is one, in the layout and dtype asked for."""
    dtype = np.dtype(dtype)
    if mean_image is not None and not np.issubdtype(dtype, np.floating):
        raise ValueError(f"dtype must be a float type where the mean image is subtracted, not {dtype}")
    out = np.empty((len(images), *_arranged(images[:1], flatten).shape[1:]), dtype)
    mean = 0 if mean_image is None else _arranged(mean_image[None], flatten)
    for rows in _blocks(len(images)):
        np.subtract(_arranged(images[rows], flatten), mean, out=out[rows], casting="same_kind")
    return out


def _check_rows(there: int, kind: str, **wanted: int) -> None:
    for argument, rows in wanted.items():
        if rows < 0:
            raise ValueError(f"{argument} must not be negative: {rows}")
    if (total := sum(wanted.values())) > there:
        arguments = " and ".join(f"{argument}={rows}" for argument, rows in wanted.items())
        ask = "asks" if len(wanted) == 1 else "ask"
        raise ValueError(f"{arguments} {ask} for {total} rows, but there are {there} in the {kind} set")
