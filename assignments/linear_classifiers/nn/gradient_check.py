"""Numeric gradients by central differences, to check analytic ones against.

Source: Press et al., Numerical Recipes (2007), section 5.7.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from nn.checks import Array, check_shape


def rel_error(x: Array, y: Array) -> float:
    r"""The largest relative difference of two arrays.

    $\max_i \; |x_i - y_i| / \max(10^{-8}, |x_i| + |y_i|)$

    Args:
        x, y: arrays (or numbers) of the same shape.

    Returns:
        a float: 0 where they are equal, at most 1 where they have nothing in common, NaN where one holds NaN.

    Raises:
        ValueError: the shapes differ.
    """
    check_shape("y", y, np.shape(x), f"x of shape {np.shape(x)}")
    x, y = (a if np.issubdtype(a.dtype, np.inexact) else a.astype(float) for a in (np.asarray(x), np.asarray(y)))
    return float(np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y))))


def eval_numerical_gradient(f: Callable[[Array], float], x: Array, verbose: bool = False, h: float = 1e-5) -> Array:
    r"""The gradient of a scalar function.

    $\partial f / \partial x_i \approx (f(x + h e_i) - f(x - h e_i)) / 2h$

    Args:
        f: maps `x` to a number. It may ignore its argument and read `x` itself: `x` is changed in place.
        x: float array of any shape; float64 is needed for the usual accuracy. The same as before on return.
        verbose: print every coordinate and its derivative.
        h: step.

    Returns:
        an array like `x`.

    Raises:
        TypeError: `x` does not hold floats (a step of 1e-5 would be rounded away).
    """
    _check_float(x)
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        above, below = _both_sides(f, x, index, h)
        grad[index] = (above - below) / (2 * h)
        if verbose:
            print(index, grad[index])
    return grad


def eval_numerical_gradient_array(f: Callable[[Array], Array], x: Array, df: Array, h: float = 1e-5) -> Array:
    r"""The gradient of $\sum_j f_j(x) \cdot df_j$, for a function that returns an array.

    Args:
        f: maps `x` to an array of the shape of `df`.
        x: float array of any shape, changed in place meanwhile, the same as before on return.
        df: the gradient that arrives from above: of the loss with respect to f(x).
        h: step.

    Returns:
        an array like `x`.

    Raises:
        TypeError: `x` does not hold floats.
        ValueError: f(x) and `df` have different shapes.
    """
    _check_float(x)
    check_shape("df", df, np.shape(f(x)), "f(x)")
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        above, below = _both_sides(f, x, index, h)
        grad[index] = np.sum((above - below) * df) / (2 * h)
    return grad


def grad_check_sparse(
    f: Callable[[Array], float], x: Array, analytic_grad: Array, num_checks: int = 10, h: float = 1e-5
) -> float:
    """Compare an analytic gradient with the numeric one in a few random coordinates, and print each.

    The coordinates come from Python's own random numbers, so numpy's stream stays as it is.

    Returns:
        the largest relative error among them.

    Raises:
        TypeError: `x` does not hold floats.
        ValueError: `analytic_grad` has another shape than `x`.
    """
    _check_float(x)
    check_shape("analytic_grad", analytic_grad, x.shape, f"x of shape {x.shape}")
    worst = 0.0
    for _ in range(num_checks):
        index = tuple(random.randrange(length) for length in x.shape)
        above, below = _both_sides(f, x, index, h)
        numeric = (above - below) / (2 * h)
        analytic = analytic_grad[index]
        error = rel_error(analytic, numeric)
        print(f"numerical: {numeric:f} analytic: {analytic:f}, relative error: {error:e}")
        worst = max(worst, error)
    return worst


def _both_sides(f: Callable, x: Array, index: tuple[int, ...], h: float) -> tuple:
    """f with x[index] a step up and a step down; x is put back."""
    kept = x[index]
    try:
        x[index] = kept + h
        above = np.copy(f(x))
        x[index] = kept - h
        below = np.copy(f(x))
    finally:
        x[index] = kept
    return above, below


def _check_float(x: Array) -> None:
    if not np.issubdtype(np.asarray(x).dtype, np.floating):
        raise TypeError(f"x: received dtype {np.asarray(x).dtype} in shape {np.shape(x)}, expected floats: x * 1.0")
