"""Central differences."""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray

STEP = 1e-5
ROUNDINGS = 4  # of f(x), in units of its last place


def numeric_gradient(
    f: Callable[[Array], Any], x: Array, df: Array | None, step: float = STEP
) -> tuple[Array, tuple[str, ...], float]:
    """The gradient of sum(f(x) * df) (of f(x), where it is a number) by central differences.

    Every entry of `x` is moved in place by ±`step` and put back.

    Returns:
        gradient: shape of `x`, float64.
        notes: what was found on the way, for the diagnosis.
        noise: how far off round-off in f(x) can make an entry.

    Raises:
        TypeError, ValueError: x is not a float array, f(x) is neither number nor array, or does not fit `df`.
    """
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
        raise TypeError(f"x is {type(x).__name__}; numeric gradients need an array of floats")
    original = x.copy()
    try:
        outcome(f, x, df)
        changed = np.argwhere(x != original).tolist()
        x[...] = original
        gradient = np.zeros(x.shape)
        largest = 0.0
        for index in np.ndindex(x.shape):
            x[index] = original[index] + step
            above = outcome(f, x, df)
            x[index] = original[index] - step
            below = outcome(f, x, df)
            x[index] = original[index]
            difference = above - below if df is None else np.sum((above - below) * df)
            gradient[index] = difference / (2 * step)
            largest = max(largest, float(np.sum(np.abs(above if df is None else above * df))))
    finally:
        x[...] = original
    noise = ROUNDINGS * float(np.finfo(np.float64).eps) * largest / (2 * step)
    if changed:
        note = f"Evaluating the function changes its input in place, first at {changed[0]}: work on a copy."
        return gradient, (note,), noise
    if gradient.size and not gradient.any():
        return gradient, ("The function does not change at all with this input: is it left out there?",), noise
    return gradient, (), noise


def outcome(f: Callable[[Array], Any], x: Array, df: Array | None) -> Array:
    """A copy of f(x), which is checked to be one number or to have the shape of df."""
    value = f(x)
    if isinstance(value, tuple | list | dict) or value is None:
        raise TypeError(f"f(x) is a {type(value).__name__}; it should be a number or an array: f(x)[0], perhaps")
    value = np.array(value, dtype=np.float64)
    if df is None and value.size != 1:
        raise ValueError(f"f(x) has shape {value.shape}; give the upstream gradient df of that shape too")
    if df is None:
        return value.reshape(())
    if np.shape(df) != value.shape:
        raise ValueError(f"df has shape {np.shape(df)}, f(x) has {value.shape}")
    return value
