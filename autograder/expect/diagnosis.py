"""What is wrong with a value: where it differs, and the usual cause that fits.

A cause is a function of (value, expected) that gives its explanation, or None where it does not fit. A new
cause is one more function in a list. Explanations name no expected number: they also go out about hidden values.
"""

import itertools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.expect.arrangement import arrangement
from autograder.expect.compare import Comparison, compare, describe, leaves, missing
from autograder.expect.evidence import Value

Array = np.ndarray

UNCHANGED = "unchanged"
"""How a check's author ends the name of an input that the code must leave alone: "x afterwards, unchanged"."""
MISPLACED = "Missing values (NaN) are not where they should be."
NON_FINITE = "a division by 0, a logarithm of 0, an overflowing exp, or diverged training"
"""What is guessed where a value is not finite, and nothing better is known."""
CHANGED = "It was changed in place: make a new array, or work on a copy."

_FIT = 1e-5  # of the largest magnitude: round-off of float32 and of numeric gradients passes, a real mistake does not
_FIT_SCALAR = 1e-7  # one number fits many explanations by chance
LENGTH = "the length of "
AXIS = re.compile(LENGTH + r"(?:its )?axis \d(.*)")
_TELLING = 4  # different numbers
_TELLING_COUNTS = 9  # whole numbers, of which a transpose is not one by chance
_LONGEST = 10_000  # a larger factor is not a length
_LARGEST = 2_000_000  # entries; larger arrays are not searched for causes


@dataclass(frozen=True)
class Sight:
    """What can be seen from a check.

    Attributes:
        numbers: what the check's code names: numbers, and lengths of arrays, by what they are called.
        x: where a gradient is taken.
    """

    numbers: Mapping[str, float] = field(default_factory=dict)
    x: Array | None = None

    def axes(self, *lengths: int) -> list[str]:
        """The axes of one array that have these lengths, as they are called; none where no array has them all."""
        arrays: dict[str, dict[int, str]] = {}
        for name, number in self.numbers.items():
            if name.startswith(LENGTH):
                arrays.setdefault(name.rpartition(" of ")[2], {}).setdefault(int(number), name)
        found = next((known for known in arrays.values() if known.keys() >= set(lengths)), {})
        return [found[length] for length in lengths] if found else []


@dataclass(frozen=True)
class Context:
    """What a diagnosis may use besides the two values.

    Attributes:
        name: the value's.
        reference: what it is compared with, in words.
        label: the word before the expected number; "" where that number must not appear.
        measure, at_most: how it was compared.
        mistakes: what usual mistakes would give.
        sight: what can be seen from the check.
        notes: findings made on the way.
        caveat: what to bear in mind with every cause that is named.
        expected: what the value is compared with, where its arrangement may be looked at.
    """

    name: str
    reference: str
    label: str
    measure: str
    at_most: float
    mistakes: Mapping[str, Value]
    sight: Sight = field(default_factory=Sight)
    notes: tuple[str, ...] = ()
    caveat: str = ""
    expected: Value = None


Cause = Callable[[Array, Array], str | None]


@np.errstate(all="ignore")  # whatever the source's notebook makes of overflow, a diagnosis goes on
def explain(comparison: Comparison, value: Value, measured: str, context: Context) -> tuple[str, str]:
    """The message of a failed comparison: what differs and where, both values, the measure; and the cause.

    Args:
        comparison: what comparing gave.
        value: the whole value, to be held against the mistakes.
        measured: the measure and the threshold, in words.
    """
    name, leaf = context.name, comparison.worst
    notes = [f"  {note}" for note in context.notes]
    arranged = None if context.expected is None else arrangement(value, context.expected)
    if leaf is None:
        return "\n".join([f"{name}: {comparison.mismatch}.", *notes]), known_mistake(value, context) or arranged or ""
    if comparison.mismatch:
        head = f"{name}: {comparison.mismatch}."
    else:
        head = f"{name}{leaf.path} differs from {context.reference}{place(comparison, context)}"
        head += f"; {measured}." if measured else "."
        head += extent(leaf.value, leaf.expected)
    changed = CHANGED if name.endswith(UNCHANGED) else None
    cause = (
        known_mistake(value, context) or changed or arranged or likely_cause(leaf.value, leaf.expected, context.sight)
    )
    caveat = "" if comparison.mismatch else context.caveat
    return "\n".join([head, *notes]), "\n".join(filter(None, [cause, caveat]))


def place(comparison: Comparison, context: Context) -> str:
    """at [3, 1]: yours 0.8132, expected 0.1626"""
    leaf, index = comparison.worst, comparison.index
    if leaf is None:
        return ""
    at = f" at {list(index)}" if index else ""
    yours, wanted = show(leaf.value[index]), show(leaf.expected[index])
    if context.label and yours == wanted:  # they differ in later digits
        yours, wanted = f"{leaf.value[index].item()!r}", f"{leaf.expected[index].item()!r}"
    return f"{at}: yours {yours}" + (f", {context.label} {wanted}" if context.label else "")


def extent(value: Array, expected: Array) -> str:
    """How many entries differ, and whether they lie in one row or column."""
    wrong = differing(value, expected)
    count = int(wrong.sum())
    if value.size < 2 or count in (0, value.size):
        return ""
    text = f" {count} of {value.size} entries differ"
    if value.ndim == 2 and count > 1:
        for axis, word in enumerate(("row", "column")):
            lines = np.flatnonzero(wrong.any(axis=1 - axis))
            if len(lines) == 1:
                text += f", all in {word} {lines[0]}"
    return text + "."


def likely_cause(value: Array, expected: Array, sight: Sight) -> str | None:
    """The explanation of the first cause that fits, if any."""
    if max(value.size, expected.size) > _LARGEST or "c" in (value.dtype.kind, expected.dtype.kind):
        return holds_non_finite(value, expected)
    if value.shape != expected.shape:
        return first(SHAPE_CAUSES, value, expected) or other_axis(value, expected, sight)
    found = first(DTYPE_CAUSES, value, expected)
    if found or not telling(expected):
        return found or of_counts(value, expected, sight)
    value, expected = value.astype(np.float64), expected.astype(np.float64)
    return (
        penalty(value, expected, sight)
        or constant_factor(value, expected, sight)
        or first(VALUE_CAUSES, value, expected)
    )


def of_counts(value: Array, expected: Array, sight: Sight) -> str | None:
    """What is wrong with an array of whole numbers, where that is not so by chance."""
    if value.size < _TELLING_COUNTS:
        return None
    value, expected = value.astype(np.float64), expected.astype(np.float64)
    found = transposed(value, expected)
    if found or len(np.unique(expected)) < _TELLING or np.count_nonzero(differing(value, expected)) < _TELLING:
        return found
    return constant_factor(value, expected, sight) or unmasked(value, expected)


def telling(expected: Array) -> bool:
    """Are there enough different numbers, none of them round, for a cause not to fit by chance?

    One number alone has to fit to its last digits (`matches`).
    """
    numbers = np.unique(expected.ravel()[:10_000].astype(np.float64))
    return bool(expected.size == 1 or sum(not round_number(number) for number in numbers[:200]) >= _TELLING)


def first(causes: tuple[Cause, ...], value: Array, expected: Array) -> str | None:
    return next(filter(None, (cause(value, expected) for cause in causes)), None)


def known_mistake(value: Value, context: Context) -> str | None:
    """The mistake, of those that the expectation names, which gives just this value."""
    for text, wrong in context.mistakes.items():
        if compare(value, wrong, context.measure).error <= context.at_most:
            return f"It is what comes out if {text}."
    return None


def not_finite(name: str, value: Value) -> str | None:
    """Where a value holds NaN or inf; None where it is finite, or holds no numbers."""
    for leaf in leaves(value, value):
        if trouble := holds_non_finite(leaf.value, np.zeros(leaf.value.shape)):
            return f"{name}{leaf.path} is not finite.\n  {trouble}"
    return None


def not_a_number(name: str, value: Value) -> str | None:
    """Where a value holds NaN; None where it holds none."""
    for leaf in leaves(value, value):
        if leaf.value.dtype.kind in "fc" and np.isnan(leaf.value).any():
            return f"{name}{leaf.path} is not a number.\n  {holds_non_finite(leaf.value, np.zeros(leaf.value.shape))}"
    return None


def holds_non_finite(value: Array, expected: Array) -> str | None:
    """NaN or inf, where no value is meant to be missing."""
    if value.dtype.kind not in "fc":
        return None
    bad = ~np.isfinite(value)
    if value.shape == expected.shape:
        bad &= ~missing(value, expected)
    if not bad.any():
        return None
    if value.shape == expected.shape and np.isnan(expected).any():
        return MISPLACED
    nans, infs = int((np.isnan(value) & bad).sum()), int(np.isinf(value).sum())
    counted = " and ".join(f"{count} {word}" for count, word in ((nans, "NaN"), (infs, "inf")) if count)
    first = np.argwhere(bad)[0].tolist()
    if not value.ndim and infs:
        causes = f"a first value that nothing has replaced, {NON_FINITE}"
        return f"It is {value.item()}: {causes}?"
    where = f" of {value.size} entries, the first at {first}" if value.ndim else ""
    return f"It holds {counted}{where}: {NON_FINITE}?"


# Causes of another shape


def transposed_shape(value: Array, expected: Array) -> str | None:
    """Axes in reverse."""
    if value.ndim < 2 or value.shape != expected.shape[::-1]:
        return None
    return "It is the transpose of what is expected." if fits(value.T, expected) else "Is it transposed?"


def flattened(value: Array, expected: Array) -> str | None:
    """The same entries in another shape."""
    if value.size != expected.size:
        return None
    same_entries = fits(value.reshape(expected.shape), expected)
    if 1 in value.shape or 1 in expected.shape:
        right = " The entries are right." if same_entries else ""
        return f"An axis of length 1 is too many or missing: keepdims, or reshape to {expected.shape}.{right}"
    return f"The entries are right: reshape to {expected.shape}." if same_entries else None


def missing_sum(value: Array, expected: Array) -> str | None:
    """Not yet summed over one axis."""
    for axis in range(value.ndim):
        for reduce, word in ((np.sum, "sum"), (np.mean, "mean"), (np.max, "maximum")):
            if value.size and fits(reduce(value, axis=axis), expected):
                return f"Its {word} over axis {axis} is what is expected: {word} over that axis too."
    return None


def summed_too_far(value: Array, expected: Array) -> str | None:
    """Summed over more axes than wanted."""
    if value.ndim >= expected.ndim:
        return None
    for axes in itertools.chain.from_iterable(
        itertools.combinations(range(expected.ndim), count) for count in range(1, expected.ndim + 1)
    ):
        for reduce, word in ((np.sum, "sum"), (np.mean, "mean")):
            if expected.size and fits(reduce(expected, axis=axes), value, strict=True):
                return f"It is the {word} of what is expected over axis {', '.join(map(str, axes))}: a {word} too many."
    return "A sum or mean over one axis too many?" if value.ndim == 0 else None


def other_axis(value: Array, expected: Array, sight: Sight) -> str | None:
    """One-dimensional, of another length, where both are lengths of arrays in sight: reduced over the wrong axis."""
    if value.ndim != 1 or expected.ndim != 1:
        return None
    axes = sight.axes(len(value), len(expected))
    if not axes:
        return None
    return f"Is it reduced over the right axis? {len(value)} is {axes[0]}, {len(expected)} is {axes[1]}."


# Causes of other entries


def whole_numbers(value: Array, expected: Array) -> str | None:
    """Fractions cut off by an integer array."""
    if value.dtype.kind not in "iu" or expected.dtype.kind != "f":
        return None
    if not any(np.array_equal(value, cut(expected)) for cut in (np.trunc, np.rint, np.floor)):
        return None
    return f"Its dtype is {value.dtype}, so fractions are cut off: make the array of floats."


def never_filled(value: Array, expected: Array) -> str | None:
    """All zero."""
    if value.size > 1 and not value.any() and expected.any():
        return "All its entries are 0."
    return None


def low_precision(value: Array, expected: Array) -> str | None:
    """Right up to the precision of its dtype."""
    if not fits(value, expected, 1e-2 if value.dtype == np.float16 else _FIT):
        return None
    if value.dtype in (np.float16, np.float32):
        return f"It is {value.dtype}, and right to that precision: compute in float64."
    return (
        "It is nearly right: single precision somewhere, an approximation, or a small term that is missing or too many?"
    )


def sign(value: Array, expected: Array) -> str | None:
    """The negative."""
    return "The sign is the other way round everywhere." if matches(value, -expected) else None


def penalty(value: Array, expected: Array, sight: Sight) -> str | None:
    """A gradient that is off by a multiple of where it is taken: its L2 term."""
    if sight.x is None or sight.x.shape != value.shape or value.size < _TELLING or not np.any(sight.x):
        return None
    x = sight.x.astype(np.float64)
    extra = value - expected
    share = float(np.vdot(x, extra) / np.vdot(x, x))
    spread = float(np.max(np.abs(extra - share * x)))
    if not share or not np.isfinite(spread) or spread > 1e-4 * float(np.max(np.abs(extra))):
        return None
    text = "It differs by a multiple of the point where the gradient is taken, as the gradient of an L2 term does"
    for name, number in sight.numbers.items():
        if number and not name.startswith(LENGTH):
            for part, said in L2_PARTS:
                if math.isclose(share, part * number, rel_tol=1e-3):
                    return f"{text} (with {name}): {said}."
    return f"{text}: is that term too {'large' if share > 0 else 'small'}, or missing?"


L2_PARTS = (
    (-1.0, "it is missing, or its factor is too small"),
    (-0.5, "a factor 2 is missing there, or a ½ too many"),
    (-2.0, "it is missing"),
    (1.0, "it is there twice, or its factor is too large"),
    (0.5, "it is too large"),
    (2.0, "it is too large"),
)


def constant_factor(value: Array, expected: Array, sight: Sight) -> str | None:
    """The same factor everywhere."""
    if (scale := float(np.vdot(expected, expected).real)) == 0:
        return None
    factor = float(np.vdot(expected, value).real) / scale
    if factor == 0 or not math.isfinite(factor) or not matches(value, factor * expected):
        return None
    own = {f"the length of its axis {axis}": float(n) for axis, n in enumerate(value.shape)}
    meaning = factor_meaning(abs(factor), Sight({**own, **sight.numbers}))
    if value.size == 1 and meaning is None:
        return None
    large = abs(factor) > 1
    size = f"{abs(factor) if large else 1 / abs(factor):.4g}"
    if size == "1":
        return None
    turned = " and has the other sign" if factor < 0 else ""
    everywhere = " everywhere" if value.size > 1 else ""
    text = f"It is a factor {size} too {'large' if large else 'small'}{everywhere}{turned}."
    return f"{text} {meaning}" if meaning else text


def factor_meaning(factor: float, sight: Sight) -> str | None:
    """What a factor comes from, where that can be seen: a number or a length in sight, a ½, another base."""

    def is_(number: float) -> bool:
        return math.isclose(factor, number, rel_tol=_FIT_SCALAR)

    half = "Is a ½ missing" if is_(2) else "Is there a ½ too many" if is_(0.5) else ""
    for name, number in sight.numbers.items():
        length = name.startswith(LENGTH)
        if number <= 0 or (number in (1.0, 2.0) and not length) or number == 1 or (length and number > _LONGEST):
            continue
        if is_(number) or is_(1 / number):
            if length and half:
                return f"{half}, or is it {name}?"
            if length:
                return f"{number:g} is {name}: is an average over it taken once, not twice or never?"
            return f"{half}, or is it {name}?" if half else f"That is {name if is_(number) else '1/' + name}."
        if not length and number < 1 and (is_(1 - number) or is_(1 / (1 - number))):
            return f"That is {'1 - ' + name if is_(1 - number) else '1/(1 - ' + name + ')'}."
    if other := other_length(is_, sight):
        return f"{half}, or {other}" if half else other[0].upper() + other[1:]
    if half:
        return f"{half}?"
    for base in (2, 10):
        if is_(1 / math.log(base)):
            return f"{factor:.4f} = 1/ln {base}: is the logarithm to base {base} where it should be natural?"
    return None


def other_length(is_: Callable[[float], bool], sight: Sight) -> str | None:
    """The factor that comes of dividing by one length of an array where another belongs."""
    lengths: dict[str, list[tuple[str, float]]] = {}
    for name, number in sight.numbers.items():
        if (axis := AXIS.fullmatch(name)) and 1 < number <= _LONGEST:
            lengths.setdefault(axis[1], []).append((name, number))
    for axes in lengths.values():
        for (right, n), (used, m) in itertools.permutations(axes, 2):
            if n != m and is_(n / m):
                return f"is it divided by {used}, {m:g}, and not by {right}, {n:g}?"
    return None


def missing_root(value: Array, expected: Array) -> str | None:
    """Squares or roots."""
    if np.min(expected, initial=0) < 0 or np.min(value, initial=0) < 0:
        return None
    if matches(value, expected**2):
        return "It is the square of what is expected: is a square root missing?"
    if matches(value**2, expected):
        return "It is the square root of what is expected: one root too many?"
    return None


def transposed(value: Array, expected: Array) -> str | None:
    """Square, with axes exchanged."""
    if value.ndim != 2 or value.shape[0] != value.shape[1] or value.shape[0] < 2:
        return None
    return "It is the transpose of what is expected." if matches(value, expected.T) else None


def other_layout(value: Array, expected: Array) -> str | None:
    """The right entries, laid out in another order of axes (a reshape where a transpose belongs, HWC for CHW)."""
    if not 2 <= value.ndim <= 4:
        return None
    for axes in itertools.permutations(range(value.ndim)):
        moved = expected.transpose(axes)
        if matches(value, moved.reshape(value.shape)) or matches(value.reshape(moved.shape), moved):
            return "The entries are right but in another order of axes: reshape moves no axes, transpose does."
    return None


def permuted(value: Array, expected: Array) -> str | None:
    """The right rows, or columns, in another order."""
    if value.ndim not in (1, 2) or value.shape[0] < 3 or np.array_equal(expected, np.rint(expected)):
        return None  # whole numbers, such as labels, are permuted by chance
    if fits(sorted_rows(value), sorted_rows(expected)):
        return "The rows are right but in another order." if value.ndim == 2 else "The entries are in another order."
    if value.ndim == 2 and value.shape[1] >= 3 and fits(sorted_rows(value.T), sorted_rows(expected.T)):
        return "The columns are right but in another order."
    return None


def added_constant(value: Array, expected: Array) -> str | None:
    """The same number too much everywhere, or one per column or row."""
    if value.size < 3 or np.ptp(expected) == 0:
        return None
    extra = value - expected
    if uniform(extra, extra.flat[0], expected):
        return f"It is too {'large' if extra.flat[0] > 0 else 'small'} by the same amount everywhere."
    if value.ndim != 2 or min(value.shape) < 3:
        return None
    if uniform(extra, extra[:1], expected) and np.ptp(expected, axis=0).any():
        return "Each column is off by one number: is something that all rows share left out, or added twice?"
    if uniform(extra, extra[:, :1], expected) and np.ptp(expected, axis=1).any():
        return "Each row is off by one number: is something that belongs to each row left out, or added twice?"
    return None


def uniform(extra: Array, amount: Array, expected: Array) -> bool:
    """What is too much is this amount, up to round-off of the expected values, which it must stand out from."""
    spread = np.max(np.abs(extra - amount))
    return bool(spread <= _FIT * float(np.max(np.abs(expected))) and spread <= 1e-3 * float(np.max(np.abs(amount))))


def normalised_axis(value: Array, expected: Array) -> str | None:
    """Sums to 1, or is centred, over the other axis."""
    if value.ndim != 2 or min(value.shape) < 2:
        return None
    for statistic, target, words in ((np.sum, 1.0, "sum to 1"), (np.mean, 0.0, "have mean 0")):
        for axis in (0, 1):
            right = np.abs(statistic(expected, axis=axis) - target).max() < _FIT
            wrong = np.abs(statistic(value, axis=1 - axis) - target).max() < _FIT
            if right and wrong and np.abs(statistic(value, axis=axis) - target).max() > _FIT:
                lines = ("columns", "rows")
                return f"Its {lines[1 - axis]} {words}, its {lines[axis]} should: is the axis {axis} everywhere?"
    return None


def unmasked(value: Array, expected: Array) -> str | None:
    """Right but for entries that should be 0, or that are 0 and should not be."""
    wrong = differing(value, expected)
    if value.size < 4 or wrong.all() or not wrong.any():
        return None
    zero = _FIT_SCALAR * float(np.max(np.abs(expected)))
    if (np.abs(expected[wrong]) <= zero).all() and value[~wrong].any():
        return "All that is wrong should be 0: is a mask or a condition missing?"
    if not value[wrong].any():
        return "All that is wrong is 0 and should not be."
    return None


SHAPE_CAUSES: tuple[Cause, ...] = (
    holds_non_finite,
    transposed_shape,
    flattened,
    missing_sum,
    summed_too_far,
)

DTYPE_CAUSES: tuple[Cause, ...] = (
    holds_non_finite,
    whole_numbers,
    low_precision,
)

VALUE_CAUSES: tuple[Cause, ...] = (
    never_filled,
    sign,
    missing_root,
    transposed,
    added_constant,
    unmasked,
    permuted,
    other_layout,
    normalised_axis,
)


def differing(value: Array, expected: Array) -> Array:
    """Which entries differ by more than a small fraction of the largest expected magnitude; a wrong NaN differs."""
    scale = float(np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected)))
    near = np.abs(np.subtract(value, expected, dtype=complex)) <= _FIT * scale
    return ~(near | missing(value, expected))


def fits(value: Array, wanted: Array, tolerance: float = _FIT, *, strict: bool = False) -> bool:
    """Equal up to a fraction of the largest magnitude wanted; strict: so close that it cannot be chance."""
    if np.shape(value) != np.shape(wanted) or np.size(wanted) == 0:
        return False
    scale = float(np.max(np.abs(wanted)))
    furthest = float(np.max(np.abs(np.subtract(value, wanted, dtype=complex))))
    return math.isfinite(scale) and furthest <= (min(tolerance, _FIT_SCALAR) if strict else tolerance) * scale


def matches(value: Array, wanted: Array) -> bool:
    """As `fits`, but not by chance: one number must fit closely, and be no round one; zeros never match."""
    if np.size(value) == 1 and round_number(value) and round_number(wanted):
        return False
    return bool(np.any(wanted)) and fits(value, wanted, strict=np.size(value) == 1)


def round_number(value: Array) -> bool:
    """A number of few digits, such as a count or an accuracy: it equals others by chance."""
    return bool(np.all(np.abs(value * 1000 - np.rint(value * 1000)) < 1e-9))


def sorted_rows(array: Array) -> Array:
    """Rows in the order of their first column, then the next, …"""
    if array.ndim == 1:
        return np.sort(array)
    return array[np.lexsort(np.round(array, 9).T[::-1])]


def show_all(value: Any) -> str:
    """A text for one value, with the content of a short list, tuple, dict, set or array."""
    if isinstance(value, list | tuple | dict | set | frozenset | np.ndarray):
        text = written(value)
        return text if 0 < len(text) <= 200 else show(value)
    return show(value)


def written(value: Any) -> str:
    """A value as Python writes it, its numbers with six digits; "" for one of many items."""
    if isinstance(value, np.ndarray):
        value = value.tolist() if value.size <= 20 else [None] * 21
    if isinstance(value, list | tuple | dict | set | frozenset) and len(value) > 20:
        return ""
    if type(value) is dict:
        parts = [(repr(key), written(item)) for key, item in value.items()]
        return "{" + ", ".join(f"{key}: {item}" for key, item in parts) + "}" if all(map(all, parts)) else ""
    if type(value) in (list, tuple):
        items = [written(item) for item in value]
        inner = ", ".join(items) + ("," if type(value) is tuple and len(items) == 1 else "")
        return (f"[{inner}]" if type(value) is list else f"({inner})") if all(items) else ""
    if isinstance(value, np.generic):
        value = value.item()
    return f"{value:.6g}" if type(value) is float else repr(value)


def show(value: Any) -> str:
    """A short text for one value."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        value = value.item()
    if isinstance(value, float):
        return f"{value:.6g}"
    return describe(value) if isinstance(value, np.ndarray | list | tuple | dict) else f"{value!r:.80}"
