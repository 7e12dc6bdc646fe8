"""Several mistakes at once: wrong values that no single known mistake gives, as what two of them give, or one in part.

What a cell got is laid out as one row of numbers, and so is what the solution and every known mistake give. Its pieces
are the arrays in it, so that the entries of a dict of gradients are looked at one by one.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autograder.expect.compare import Mismatch, leaves
from autograder.expect.evidence import Value

Array = np.ndarray

MOST_ENTRIES = 2000  # that are looked at, spread over all arrays
EXACT = 1e-7  # of the difference from the solution
ROUND_OFF = 1e-12  # of the largest magnitude of an array
SINGLE = 3e-6  # the same, in single precision
ENOUGH = 4  # different numbers that are not round
LARGEST_SUM = 2000  # mistakes of which two are added up


@dataclass(frozen=True)
class FlatValues:
    """Values laid out as one row; `pieces` are the ranges of its arrays."""

    numbers: Array
    pieces: tuple[slice, ...]
    single: bool


@dataclass(frozen=True)
class Combination:
    """The mistakes that together give the wrong values, by their number; `in_part`: for some of the results only."""

    mistakes: tuple[int, ...]
    in_part: bool = False


def row_of(values: Mapping[int, Value], solution: Mapping[int, Value]) -> FlatValues | None:
    """The values as one row, in the order of the solution's; None where they cannot be held against them."""
    try:
        found = [leaf for p in sorted(values) for leaf in leaves(values[p], solution[p])]
    except (Mismatch, KeyError):
        return None
    if not found or any("c" in (leaf.value.dtype.kind, leaf.expected.dtype.kind) for leaf in found):
        return None
    single = any(leaf.value.dtype == np.float32 for leaf in found)
    parts = []
    for leaf in found:
        every = slice(None, None, max(1, -(-leaf.value.size // max(ENOUGH, MOST_ENTRIES // len(found)))))
        mine, wanted = leaf.value.ravel(), leaf.expected.ravel()
        if not np.array_equal(mine, wanted) and np.array_equal(mine[every], wanted[every]):
            return None  # what is wrong with it is not among the entries that are looked at
        parts.append(mine[every].astype(np.float64))
    ends = np.cumsum([0, *map(len, parts)])
    pieces = tuple(slice(int(a), int(b)) for a, b in itertools.pairwise(ends))
    return FlatValues(np.concatenate(parts), pieces, single)


def combination(
    given: FlatValues,
    right: FlatValues,
    known: Sequence[FlatValues | None],
    ranks: Sequence[int],
    of_all: Sequence[bool],
) -> Combination | None:
    """The mistakes that give a row which none of them gives alone.

    Args:
        given: what a cell got.
        right: what the solution gives.
        known: what each mistake gives; None where that is laid out differently.
        ranks: how sure each is; the smallest rank is preferred.
        of_all: speaks its sentence of all the results, so that it fits none alone?
    """
    order = [n for n in sorted(range(len(known)), key=lambda n: ranks[n]) if fits(known[n], given)]
    if not order or not fits(right, given):
        return None
    table = np.stack([row.numbers for n in order if (row := known[n]) is not None])
    with np.errstate(all="ignore"):
        gives, leaves_right, wrong = agreement(given, right, table)
        if not wrong.any() or not all(telling(given.numbers[given.pieces[n]]) for n in np.flatnonzero(wrong)):
            return None
        found = (
            each_its_own(gives, leaves_right, wrong)
            or added_up(given.numbers, right.numbers, table, given.single)
            or one_in_part(gives & ~np.array([of_all[n] for n in order]), leaves_right, wrong)
        )
    return Combination(tuple(order[n] for n in found.mistakes), found.in_part) if found else None


def fits(row: FlatValues | None, other: FlatValues) -> bool:
    return row is not None and row.pieces == other.pieces


def agreement(given: FlatValues, right: FlatValues, table: Array) -> tuple[Array, Array, Array]:
    """Which mistake gives which piece of what was given; which leaves which as it should be; which pieces are wrong."""
    gives, leaves_right, wrong = [], [], []
    for piece in given.pieces:
        mine, wanted = given.numbers[piece], right.numbers[piece]
        scale = np.max(np.abs(wanted), initial=0.0)
        rounding = (SINGLE if given.single else ROUND_OFF) * scale
        missed = np.max(np.abs(mine - wanted), initial=0.0)
        off = bool(missed > max(1e-9 * scale, rounding))
        wrong.append(off or not np.isfinite(missed))
        gives.append(
            off & (np.max(np.abs(table[:, piece] - mine), axis=1, initial=0.0) <= max(EXACT * missed, rounding))
        )
        leaves_right.append(
            np.max(np.abs(table[:, piece] - wanted), axis=1, initial=0.0) <= max(1e-9 * scale, rounding)
        )
    return np.array(gives), np.array(leaves_right), np.array(wrong)


def each_its_own(gives: Array, leaves_right: Array, wrong: Array) -> Combination | None:
    """Two mistakes, each of which gives some pieces and leaves the others as they should be."""
    clean = np.flatnonzero((gives | leaves_right).all(axis=0) & gives.any(axis=0))
    first = int(np.flatnonzero(wrong)[0])
    for one in clean[gives[first, clean]]:
        rest = wrong & ~gives[:, one]
        second = next((other for other in clean if (gives[:, other] == rest).all()), None)
        if rest.any() and second is not None:
            return Combination((int(one), int(second)))
    return None


def added_up(given: Array, right: Array, table: Array, single: bool) -> Combination | None:
    """Two mistakes whose differences from the solution add up to that of what was given."""
    target = given - right
    apart = table[:LARGEST_SUM] - right
    size = float(np.max(np.abs(target)))
    usable = np.flatnonzero(np.isfinite(apart).all(axis=1) & (np.max(np.abs(apart), axis=1) > 1e-6 * size))
    _, firsts = np.unique(np.round(apart[usable] / size, 6), axis=0, return_index=True)
    usable = usable[np.sort(firsts)]  # mistakes that give the same count once
    if len(usable) < 2 or len(np.unique(np.round(target / size, 6))) < 2 * ENOUGH:
        return None
    rounding = (SINGLE if single else ROUND_OFF) * float(np.max(np.abs(right)))
    limit = max(EXACT * size, rounding)
    weights = np.random.default_rng(0).standard_normal(len(target))
    sums = apart[usable] @ weights
    order = np.argsort(sums)
    room = limit * float(np.sum(np.abs(weights)))
    for first, one in enumerate(usable):
        low, high = np.searchsorted(sums[order], (target @ weights - sums[first]) + np.array([-room, room]))
        for second in np.sort(order[low:high]):
            other = usable[second]
            if other > one and np.max(np.abs(apart[one] + apart[other] - target)) <= limit:
                return Combination((int(one), int(other)))
    return None


def one_in_part(gives: Array, leaves_right: Array, wrong: Array) -> Combination | None:
    """One mistake that gives all wrong pieces, but other values where those given are right."""
    whole = np.flatnonzero(gives[wrong].all(axis=0))
    if not len(whole):
        return None
    return Combination((int(min(whole, key=lambda one: (int((~leaves_right[~wrong, one]).sum()), one))),), in_part=True)


def telling(numbers: Array) -> bool:
    """Do numbers agree with others hardly by chance: some of them are not round?"""
    thousandfold = np.unique(numbers[np.isfinite(numbers)]) * 1000
    return bool(np.any(np.abs(thousandfold - np.rint(thousandfold)) >= 1e-9))
