"""Argument checks that all modules of the library share.

Every message names the argument, says what was received and what was expected, and what it had to fit.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray


class NotFiniteError(ValueError):
    """An argument holds NaN or infinity: bad data, or a training run that has diverged."""


def check_finite(name: str, array: Array) -> None:
    """Refuse NaN and infinity.

    Raises:
        NotFiniteError: with the first place that is not finite.
    """
    array = np.asarray(array)
    with np.errstate(all="ignore"):
        if np.isfinite(_witness(array)):
            return
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        place = tuple(int(i) for i in bad[0])
        raise NotFiniteError(
            f"{name}: received {array[place]} at {list(place)}, {len(bad)} such values in shape {array.shape}, "
            "expected finite numbers (in training this means that it has diverged: lower the learning rate)"
        )


def check_shape(name: str, array: Array, expected: tuple[int | str, ...], fits: str) -> None:
    """Refuse another shape than `expected`; a string in `expected` stands for any length.

    Args:
        fits: what the shape must fit, as it should stand in the message: "x of shape (2, 6)".

    Raises:
        ValueError: with the received and the expected shape.
    """
    received = np.shape(array)
    if received == expected:  # nearly always
        return
    same = len(received) == len(expected) and all(
        isinstance(want, str) or want == got for got, want in zip(received, expected, strict=True)
    )
    if not same:
        raise ValueError(f"{name}: received shape {received}, expected {_text(expected)} to fit {fits}")


def check_batch(
    name: str, x: Array, expected: tuple[int | str, ...] | None = None, fits: str = "one row per example"
) -> None:
    """Refuse an empty batch, NaN, and a shape other than `expected` (default: a batch axis and at least one more).

    Raises:
        ValueError: the shape is wrong or the batch is empty.
        NotFiniteError: a value is NaN or infinite.
    """
    shape = np.shape(x)
    if expected is None:
        if len(shape) < 2:
            raise ValueError(f"{name}: received shape {shape}, expected (N, ...) with at least two axes: {fits}")
    else:
        check_shape(name, x, expected, fits)
    if shape[0] == 0:
        raise ValueError(f"{name}: received shape {shape}, an empty batch; expected {_text(('N', *shape[1:]))}, N >= 1")
    check_finite(name, x)


def check_labels(scores: Array, y: Array) -> None:
    """Check scores (N, C) and labels (N,) against each other.

    Raises:
        ValueError: shapes do not fit, N is 0, or a label is outside 0..C-1.
        NotFiniteError: a score is NaN or infinite.
        TypeError: the labels are not integers, or the scores not floats.
    """
    check_batch("scores", scores, ("N", "C"), "one row of scores per example")
    dtype = np.asarray(scores).dtype
    if not np.issubdtype(dtype, np.floating):
        raise TypeError(f"scores: received dtype {dtype} in shape {np.shape(scores)}, expected floats")
    check_label_rows("y", y, "scores", np.shape(scores))
    check_label_values(y, np.shape(scores)[1], f"scores of shape {np.shape(scores)}")


def check_label_values(y: Array, classes: int, fits: str) -> None:
    """Refuse a label outside 0..classes-1.

    Args:
        fits: what the labels must fit, as it should stand in the message.

    Raises:
        ValueError: with the first such label.
    """
    labels = np.asarray(y)
    bad = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(bad):
        raise ValueError(
            f"y: received label {labels[bad[0]]} at [{bad[0]}] in shape {labels.shape}, "
            f"expected 0 <= label < {classes} to fit {fits}"
        )


def check_label_rows(name: str, y: Array, rows_name: str, rows_shape: tuple[int, ...]) -> None:
    """Check that `y` holds one integer for each row of another array.

    Raises:
        ValueError: `y` is not of shape (N,).
        TypeError: `y` does not hold integers.
    """
    check_shape(name, y, (rows_shape[0],), f"{rows_name} of shape {rows_shape}")
    dtype = np.asarray(y).dtype
    if not np.issubdtype(dtype, np.integer):
        raise TypeError(f"{name}: received dtype {dtype} in shape {np.shape(y)}, expected integers")


def check_count(name: str, count: int) -> None:
    """Refuse anything but a whole number from 1 up.

    Raises:
        ValueError: with what was received.
    """
    if not isinstance(count, int | np.integer) or count < 1:
        raise ValueError(f"{name}: received {count}, expected a whole number >= 1")


def _witness(array: Array) -> float:
    """A number that is finite only if all of `array` is; read once, at the speed of memory."""
    if array.dtype in (np.float32, np.float64) and array.flags.c_contiguous:
        return np.vdot(array, array)  # a product of BLAS, which takes half the time of a sum
    return array.sum()


def _text(shape: tuple[int | str, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
