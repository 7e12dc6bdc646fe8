"""The bank of mistakes: recognises a wrong value as what a known mistake gives.

A trusted process runs the solution with one mistake in it (`mutants`) on the same inputs, and keeps what every
expectation of a cell would have got: an `Outcome`. A mistake is named only where all values of the cell agree with it,
and where that cannot be chance.
"""

import contextlib
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from autograder.expect.combined import FlatValues, combination, row_of
from autograder.expect.compare import RELATIVE, Leaf, Mismatch, compare, leaves
from autograder.expect.evidence import EvidenceError, EvidenceFailure, Value, decode


class Tells(Enum):
    """How much a cell's wrong values tell about what went wrong."""

    NOTHING = auto()
    COUNTS = auto()  # many whole numbers, such as labels
    LITTLE = auto()  # a few numbers that are not round, such as a loss
    MUCH = auto()


Evidence = Mapping[int, bytes | EvidenceFailure]
"""What a cell's expectations got, by their position in it."""

SHARP = 1e-3  # of the difference from the solution: a mistake explains a value that much better than chance
EXACT = 1e-7  # the same, where few numbers have to tell
ROUND_OFF = 1e-13  # of the largest magnitude
SINGLE = 3e-6  # the same, in single precision
ENOUGH = 4  # distinct numbers, none of them round, that do not agree by chance
ENOUGH_ROUND = 12  # the same of whole numbers, such as labels
ENOUGH_TOGETHER = 8.0  # the same, of several values of which more than two are wrong
MANY = 3  # wrong values
ENOUGH_BITS = 16.0  # that letters and whole numbers hold which do not agree by chance
MOST_SYMBOLS = 1000
EXCHANGED = "It is what comes out if two results are exchanged."


@dataclass(frozen=True)
class Outcome:
    """What one mistake gives in a cell: the values by position, and the error that the cell stopped with, if any.

    `line` is where the mistake is in its cell or module, 0 where that is not known; `two`: they are two at once.
    """

    said: str
    where: str
    values: Evidence
    error: str = ""
    by_author: bool = False
    noticed: bool = False  # is it in a region that an earlier check runs, which would have told of it?
    line: int = 0
    two: bool = False

    @property
    def sentence(self) -> str:
        """The mistake in words, for a diagnosis."""
        place = f", in `{self.where}`" if self.where else ""
        return f"It is what comes out if{place}{',' if place else ''} {self.said}."

    def row(self, solution: Mapping[int, Value]) -> FlatValues | None:
        """Its values as one row, held against the solution's; None where they are laid out differently."""
        try:
            values = {p: decode(content) for p in solution if isinstance(content := self.values.get(p), bytes)}
        except EvidenceError:
            return None
        return row_of(values, solution) if values.keys() == solution.keys() else None


def recognise(
    evidence: Evidence,
    solution: Mapping[int, Value],
    failing: Sequence[int],
    outcomes: Callable[[], Sequence[Outcome]],
    error: str = "",
) -> str | None:
    """The sentence about the mistake that gives exactly what a cell's expectations got.

    Args:
        evidence: what the submission gave, by position.
        solution: what the solution gives, by position; positions that are not in it are not compared.
        failing: the positions that are not met.
        outcomes: gives what mistakes give, the surest first; called where the values tell enough.
        error: what the cell stopped with, if it did.

    Returns:
        None where no mistake agrees, where too few numbers tell, or where several of equal rank say different things
        about whole numbers. Where no single mistake agrees, two are named that together give the values, or one that
        gives all that is wrong.
    """
    try:
        given = {p: decode(content) for p in solution if isinstance(content := evidence.get(p), bytes)}
    except EvidenceError:
        return None
    wrong = [position for position in failing if position in given]
    if not wrong:
        return stopped_alike(given, error, outcomes) if error else None
    if any(position in solution and alike(given[position], solution[position]) for position in wrong):
        return None  # what is wrong with it is not its values
    tells = information(given, wrong)
    if tells is Tells.NOTHING and len(wrong) >= MANY and bits_of(given.values()) >= ENOUGH_TOGETHER:
        tells = Tells.COUNTS
    if tells is Tells.NOTHING:
        return None
    known = [one for one in outcomes() if set(solution) & set(one.values) == set(given)]
    tolerance = SHARP if tells is Tells.MUCH else EXACT
    found = [one for one in known if not one.two and agrees(given, solution, wrong, one, tolerance)]
    if not found and tells is Tells.MUCH:
        found = [one for one in known if one.two and agrees(given, solution, wrong, one, tolerance)]
    if not found:
        if exchanged(given, solution, wrong):
            return EXCHANGED
        return several(given, solution, [one for one in known if not one.two]) if tells is Tells.MUCH else None
    likely = [one for one in found if not one.noticed] or found
    written = [one for one in likely if one.by_author]
    if tells is Tells.COUNTS and not written and not in_one_place(likely):
        return all_off(given, solution, wrong)
    return (written or likely)[0].sentence


def all_off(given: Mapping[int, Value], solution: Mapping[int, Value], wrong: Sequence[int]) -> str | None:
    """What is said where every number of a cell is off by the same."""
    numbers = [position for position, value in given.items() if type(value) in (int, float)]
    if (
        len(wrong) < MANY
        or sorted(numbers) != sorted(wrong)
        or any(type(solution[p]) not in (int, float) for p in wrong)
    ):
        return None
    off = {given[position] - solution[position] for position in wrong}
    return f"Each value is too {'large' if min(off) > 0 else 'small'} by {abs(off.pop()):g}." if len(off) == 1 else None


def alike(value: Value, expected: Value) -> bool:
    return compare(value, expected, RELATIVE, round_off=True).error == 0


def in_one_place(found: Sequence[Outcome]) -> bool:
    """Do several mistakes say the same, or are they in one line or two that follow each other?"""
    if len({one.sentence for one in found}) < 2:
        return True
    lines = [one.line for one in found]
    return len({one.where for one in found}) == 1 and min(lines) > 0 and max(lines) - min(lines) <= 1


def stopped_alike(given: Mapping[int, Value], error: str, outcomes: Callable[[], Sequence[Outcome]]) -> str | None:
    """The sentence about the one mistake that stops a cell with the same error, where no value is wrong before it."""
    if error.startswith(UNTELLING):
        return None
    same = [one for one in outcomes() if one.error == error and one.values.keys() == given.keys() and not one.two]
    written = [one for one in same if one.by_author]
    sentences = {one.sentence for one in written or same}
    return sentences.pop() if len(sentences) == 1 else None


UNTELLING = ("NotImplementedError", "NameError", "UnboundLocalError", "SyntaxError", "KeyboardInterrupt", "MemoryError")
"""Errors that say what is wrong themselves, or that any mistake may end with."""


def exchanged(given: Mapping[int, Value], solution: Mapping[int, Value], wrong: Sequence[int]) -> bool:
    """Are two values wrong, each of which is what the other should be?"""
    if len(wrong) != 2 or any(position not in solution for position in wrong):
        return False
    one, other = wrong
    pairs = (given[one], solution[other]), (given[other], solution[one])
    return all(compare(value, expected, RELATIVE, round_off=True).error <= EXACT for value, expected in pairs)


def several(given: Mapping[int, Value], solution: Mapping[int, Value], known: Sequence[Outcome]) -> str | None:
    """The sentence about two mistakes that together give a cell's values, or about one that gives the wrong ones."""
    right = {position: solution[position] for position in given if position in solution}
    if len(right) < len(given) or (row := row_of(given, right)) is None or (wanted := row_of(right, right)) is None:
        return None
    rows = [one.row(right) for one in known]
    ranks = [2 * one.noticed + (not one.by_author) for one in known]
    found = combination(row, wanted, rows, ranks, [one.by_author for one in known])
    if found is None:
        return None
    first = known[found.mistakes[0]]
    if found.in_part:
        return f"{first.sentence[:-1]}, for some of the results only."
    second = known[found.mistakes[1]]
    there = f" in `{second.where}`," if second.where != first.where else ""
    return f"{first.sentence[:-1]}, and{there} {second.said}."


def agrees(
    given: Mapping[int, Value], solution: Mapping[int, Value], wrong: Sequence[int], outcome: Outcome, tolerance: float
) -> bool:
    """Are all values those of the mistake, and the wrong ones far closer to it than to the solution?"""
    try:
        for position, value in given.items():
            content = outcome.values[position]
            if isinstance(content, EvidenceFailure):
                return False
            mistaken = decode(content)
            pairs = zip(leaves(value, mistaken), leaves_or_none(value, solution[position]), strict=False)
            for leaf, right in pairs:
                if not near(leaf, right if position in wrong else None, tolerance):
                    return False
    except (Mismatch, EvidenceError, KeyError):
        return False
    return True


def leaves_or_none(value: Value, expected: Value) -> Iterator[Leaf | None]:
    """The leaves of two values side by side, then None for ever: where they cannot be compared, nothing is known."""
    with contextlib.suppress(Mismatch):
        yield from leaves(value, expected)
    while True:
        yield None


def near(leaf: Leaf, right: Leaf | None, tolerance: float) -> bool:
    """Is a value that of a mistake? `right` is the value beside the solution's, None where that does not matter."""
    a, b = wide(leaf.value), wide(leaf.expected)
    with np.errstate(all="ignore"):
        apart = np.abs(a - b)
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        furthest = float(np.max(np.where(same, 0.0, apart), initial=0.0))
        scale = float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))
    if not math.isfinite(furthest):
        return False
    single = np.float32 in (leaf.value.dtype, leaf.expected.dtype)
    limit = (SINGLE if single else ROUND_OFF) * scale
    if right is not None:
        with np.errstate(all="ignore"):
            off = np.abs(wide(right.value) - wide(right.expected))
        missed = float(np.max(off, initial=0.0, where=np.isfinite(off)))
        return furthest <= max(tolerance * min(missed, scale), limit) and (missed == 0 or furthest < missed / 2)
    return furthest <= max(limit, 1e-9 * scale)


def wide(array: np.ndarray) -> np.ndarray:
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def information(given: Mapping[int, Value], wrong: Sequence[int]) -> Tells:
    """How much the wrong values tell."""
    numbers: set[float] = set()
    entries = 0
    symbols: list[str] = []
    for position in wrong:
        symbols += itertools.islice(symbols_of(given[position]), MOST_SYMBOLS)
        for leaf in leaves(given[position], given[position]):
            flat = wide(leaf.value).ravel()[:10_000].real
            entries += int(np.size(leaf.value))
            numbers.update(float(number) for number in np.unique(flat[np.isfinite(flat)])[:100])
    telling = [number for number in numbers if not is_round(number)]
    if len(telling) >= ENOUGH:
        return Tells.MUCH
    if telling:
        return Tells.LITTLE
    return Tells.COUNTS if entries >= ENOUGH_ROUND or bits_in(symbols) >= ENOUGH_BITS else Tells.NOTHING


def bits_in(symbols: Sequence[str]) -> float:
    return len(symbols) * math.log2(max(len(set(symbols)), 1))


def bits_of(values: Iterable[Value]) -> float:
    """How much several values tell together."""
    symbols: list[str] = []
    for value in values:
        symbols += itertools.islice(symbols_of(value), MOST_SYMBOLS)
    return bits_in(symbols)


def symbols_of(value: Value) -> Iterator[str]:
    """What a value is written with: the letters of its texts, its whole numbers, and where a list in it ends."""
    if isinstance(value, str):
        yield from value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from symbols_of(key)
            yield from symbols_of(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from symbols_of(item)
        yield "]"
    elif isinstance(value, np.ndarray):
        yield from itertools.chain.from_iterable(map(symbols_of, value.ravel()[:MOST_SYMBOLS].tolist()))
    elif (type(value) is int and abs(value) >= MANY_DIGITS) or (type(value) is float and value % 1):
        yield from f"{value:.12g}"
    else:
        yield str(value)


MANY_DIGITS = 1000  # a whole number that is not equal to another by chance; a fraction is not, either


def is_round(number: float) -> bool:
    """A number of few digits, such as a count: it equals others by chance."""
    thousandfold = number * 1000
    return math.isfinite(thousandfold) and abs(thousandfold - round(thousandfold)) < 1e-9
