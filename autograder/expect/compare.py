"""How far a value is from what is expected: one number, and where it is worst."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray

RELATIVE = "relative error"
ABSOLUTE = "absolute error"
SUM = "sum of differences"
MEASURES = (RELATIVE, ABSOLUTE, SUM)
SCALED = "scaled error"
"""The difference divided by the largest magnitude that is expected in the array: how gradients are judged."""

_FLOOR = 1e-8
_SCALE_FLOOR = 1e-5  # entries of a gradient that is 0 in exact arithmetic are as small as rounding makes them
_ROUND_OFF = 32 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Leaf:
    """Two numbers or arrays of the same shape that stand at the same place; `path` is "" or like "[0]['W1']"."""

    path: str
    value: Array
    expected: Array


@dataclass(frozen=True)
class Comparison:
    """What comparing gave.

    Attributes:
        error: the measure over all leaves; inf where something cannot be compared or is not finite.
        mismatch: why the two cannot be compared (shape, type, length, keys), else None.
        worst: the leaf that holds the largest difference, None with a mismatch or without leaves.
        index: where in that leaf, () for a scalar.
    """

    error: float
    mismatch: str | None = None
    worst: Leaf | None = None
    index: tuple[int, ...] = ()


class Mismatch(Exception):
    """The structures differ; carries the leaf where two shapes differ, if that is the difference."""

    def __init__(self, text: str, leaf: Leaf | None = None):
        super().__init__(text)
        self.leaf = leaf


def compare(value: Any, expected: Any, measure: str, *, round_off: bool = False) -> Comparison:
    """The measure between two values (see `expect.close`).

    Shapes must be equal; integers, booleans and floats may stand for each other, as may scalars and 0-d arrays, tuples
    and lists, and lists of numbers or texts and arrays; complex numbers stand for real ones never. A NaN makes the
    error inf, except where NaN is expected in an array that holds numbers as well: there a value should be missing.

    Args:
        round_off: count differences below 32 machine epsilons of the largest expected magnitude of an array as none.
            Entries that are 0 in exact arithmetic come out as ±1e-17 in one formula and 0 in another; relative to
            themselves, or to the floor of 1e-8 in an array of large numbers, they would differ wildly.
    """
    try:
        pairs = list(leaves(value, expected))
    except Mismatch as mismatch:
        return Comparison(float("inf"), str(mismatch), mismatch.leaf)
    total, worst, worst_error = 0.0, None, -1.0
    index: tuple[int, ...] = ()
    for leaf in pairs:
        errors = _errors(leaf, measure, round_off)
        if not errors.size:
            continue
        largest = float(errors.max())
        if largest > worst_error:
            worst, worst_error = leaf, largest
            index = tuple(int(i) for i in np.unravel_index(int(errors.argmax()), errors.shape))
        total = total + float(errors.sum()) if measure == SUM else max(total, largest)
    return Comparison(total, None, worst, index)


def numeric(value: Any) -> Array | None:
    """A number, an array of numbers, or a rectangular list of numbers as an array; None for anything else."""
    if isinstance(value, list | tuple):
        value = _from_list(value)
    if type(value) is int and not -(2**63) <= value < 2**63:
        return None
    if isinstance(value, bool | int | float | complex | np.generic | np.ndarray):
        array = np.asarray(value)
        return array if array.dtype.kind in "biufc" else None
    return None


def leaves(value: Any, expected: Any, path: str = "") -> Iterator[Leaf]:
    """The numbers and arrays of two values side by side; raises Mismatch where something else differs."""
    here = f"item {path}" if path else "it"
    if isinstance(expected, dict):
        if not isinstance(value, dict):
            raise Mismatch(f"{here} should be a dict and is {describe(value)}")
        if missing := [key for key in expected if key not in value]:
            raise Mismatch(f"{here} lacks the key {missing[0]!r}")
        if extra := [key for key in value if key not in expected]:
            raise Mismatch(f"{here} has a key {extra[0]!r:.80} that is not expected")
        for key in expected:
            yield from leaves(value[key], expected[key], f"{path}[{key!r}]")
        return
    array, wanted = numeric(value), numeric(expected)
    if array is not None and wanted is not None:
        if array.dtype.kind == "c" and wanted.dtype.kind != "c":
            raise Mismatch(f"{here} is complex, real numbers are expected")
        leaf = Leaf(path, array, wanted)
        if array.shape != wanted.shape:
            raise Mismatch(f"{here} has shape {array.shape}, expected {wanted.shape}", leaf)
        yield leaf
    elif wanted is not None and (empty := _first_none(value, path)) is not None:
        raise Mismatch(f"{f'item {empty}' if empty else 'it'} is None, where a number is expected")
    elif isinstance(expected, list | tuple):
        value = value.tolist() if is_texts(value) else value
        if not isinstance(value, list | tuple):
            raise Mismatch(f"{here} should be a {type(expected).__name__} and is {describe(value)}")
        if len(value) != len(expected):
            raise Mismatch(f"{here} has {len(value)} items, expected {len(expected)}")
        for index, (item, wanted_item) in enumerate(zip(value, expected, strict=True)):
            yield from leaves(item, wanted_item, f"{path}[{index}]")
    elif is_texts(expected) and isinstance(value, list | tuple):
        yield from leaves(value, expected.tolist(), path)
    elif isinstance(expected, np.ndarray):
        _same_texts(value, expected, here)
    elif type(value) is not type(expected) and not (isinstance(value, str) and isinstance(expected, str)):
        raise Mismatch(f"{here} is {describe(value)}, expected {describe(expected)}")
    elif value != expected:
        raise Mismatch(f"{here} is {value!r:.80}, which is not what is expected")


def _first_none(value: Any, path: str) -> str | None:
    """Where a value, or the first item that does, holds None in place of a number; None where none does."""
    if value is None:
        return path
    items = enumerate(value) if isinstance(value, list | tuple) else ()
    return next((found for i, item in items if (found := _first_none(item, f"{path}[{i}]")) is not None), None)


def is_texts(value: Any) -> bool:
    """An array of texts with axes, which a list may stand for."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "U" and value.ndim > 0


def _same_texts(value: Any, expected: Array, here: str) -> None:
    if not isinstance(value, np.ndarray) or value.dtype.kind != expected.dtype.kind:
        raise Mismatch(f"{here} is {describe(value)}, expected {describe(expected)}")
    if value.shape != expected.shape:
        raise Mismatch(f"{here} has shape {value.shape}, expected {expected.shape}")
    if places := np.argwhere(value != expected).tolist():
        raise Mismatch(f"{here} differs at {len(places)} of {value.size} places, first at {places[0]}")


def _errors(leaf: Leaf, measure: str, round_off: bool) -> Array:
    value, expected = leaf.value, leaf.expected
    equal = (value == expected) | missing(value, expected)
    a, b = _wide(value), _wide(expected)
    with np.errstate(all="ignore"):
        difference = np.abs(a - b)
        largest = np.max(np.abs(b), initial=0.0, where=np.isfinite(b))
        if round_off:
            difference = np.where(difference <= _ROUND_OFF * largest, 0.0, difference)
        if value.dtype.kind in "biu" and expected.dtype.kind in "biu":
            difference = np.maximum(difference, 1.0)  # neighbours beyond 2**53 are one float
        if measure == RELATIVE:
            errors = difference / np.maximum(_FLOOR, np.abs(a) + np.abs(b))
        elif measure == SCALED:
            errors = difference / max(_SCALE_FLOOR, largest)
        else:
            errors = difference
    errors = np.where(equal, 0.0, errors)
    return np.where(np.isnan(errors), np.inf, errors)


def missing(value: Array, expected: Array) -> Array:
    """Where a value is missing, as it should be: NaN for NaN in an array that holds numbers as well."""
    if value.dtype.kind not in "fc" or expected.dtype.kind not in "fc" or not np.isfinite(expected).any():
        return np.zeros(expected.shape, dtype=bool)
    return np.isnan(value) & np.isnan(expected)


def _wide(array: Array) -> Array:
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _from_list(items: Sequence) -> Any:
    """A list (of lists …) of numbers as an array where it is rectangular, else None."""
    if all(type(item) in (int, float, bool) for item in items):
        array = np.array(items, dtype=None if items else float)
        return array if array.dtype.kind in "bif" else None
    parts = [part for item in items if (part := numeric(item)) is not None]
    if len(parts) < len(items) or len({part.shape for part in parts}) != 1:
        return None
    return np.stack(parts)


def describe(value: Any) -> str:
    """A value's kind in few words, never its content."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype.name}, shape {value.shape}"
    if isinstance(value, list | tuple | dict):
        return f"a {type(value).__name__} of {len(value)} items"
    return f"a {type(value).__name__}"
