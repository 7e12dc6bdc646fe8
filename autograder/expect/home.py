"""What a student's machine may know: what the solution gives for the inputs at home, and which values mistakes give.

Grading uses other inputs, so that these values earn nothing there. Of an expectation whose value is the same on any
input, nothing is kept. A mistake's values are kept as one number, which tells that all values of a cell are those of
the mistake, and not what they are.
"""

import hashlib
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

from autograder.expect.bank import EXCHANGED, SINGLE, Outcome, Tells, exchanged, in_one_place, information
from autograder.expect.compare import Mismatch, leaves, numeric
from autograder.expect.evidence import EvidenceError, EvidenceFailure, Value, decode, encode

MAGIC = b"NNH1"
EXACT = 1e-9  # of the sum of magnitudes: as near as one number has to be that stands for all
LARGEST = 2**16  # bytes of one value that is kept
MOST_SAID = 2  # sentences for the same values, where it has to be known whether there is more than one


@dataclass(frozen=True)
class HomeValue:
    """What the solution gives for one expectation; for a gradient, how far off plain central differences are there."""

    value: Value
    central_error: float = 0.0


@dataclass(frozen=True)
class ValueSum:
    """All values of a cell as one number, with the sum of their magnitudes, and a hash of their shapes and texts."""

    number: float
    scale: float
    shape: int
    single: bool = False

    def equals(self, number: float, shape: int) -> bool:
        return shape == self.shape and abs(number - self.number) <= (SINGLE if self.single else EXACT) * self.scale


@dataclass(frozen=True)
class Named:
    """What gives such a sum: the sentence, whether an author wrote it, and whether an earlier check would notice it."""

    number: float
    shape: int
    sentence: str
    by_author: bool
    noticed: bool = False


@dataclass(frozen=True)
class HomeCheck:
    """What is known of one check: the regions that it runs, the solution's values by position, and mistakes.

    Attributes:
        steps: the solution's run as bytes (`steps.to_bytes`), where it is known.
    """

    needs: frozenset[str] = frozenset()
    values: Mapping[int, HomeValue] = field(default_factory=dict)
    mistakes: tuple[Named, ...] = ()
    steps: bytes = b""

    def mistake(self, given: Mapping[int, Value], failing: Sequence[int]) -> str | None:
        """The sentence about the mistake that gives exactly these values; None where none does, or too little tells.

        Args:
            given: what the cell's expectations got, by position.
            failing: the positions that are not met.
        """
        wrong = [position for position in failing if position in given]
        if exchanged(given, {position: one.value for position, one in self.values.items()}, wrong):
            return EXCHANGED
        if not wrong or not self.mistakes:
            return None
        try:
            tells = information(given, wrong)
            total = sum_of(given)
        except Mismatch:
            return None
        if tells is Tells.NOTHING:
            return None
        found = [one for one in self.mistakes if total.equals(one.number, one.shape)]
        likely = [one for one in found if not one.noticed] or found
        written = [one for one in likely if one.by_author]
        if tells is Tells.COUNTS and not written and len({one.sentence for one in likely}) > 1:
            return None
        return (written or likely)[0].sentence if likely else None


def key_of(text: str) -> str:
    """What a check is known by: its text, as IPython runs it."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:16]


def sum_of(values: Mapping[int, Value]) -> ValueSum:
    """A cell's values as one number."""
    number, scale, single = 0.0, 0.0, False
    digest = hashlib.sha256()
    angle = count(1)
    for position in sorted(values):
        digest.update(f"{position}:{outline(values[position])};".encode())
        for leaf in leaves(values[position], values[position]):
            flat = np.abs(leaf.value).ravel() if leaf.value.dtype.kind == "c" else leaf.value.ravel()
            single = single or (leaf.value.dtype.itemsize < 8 and leaf.value.dtype.kind == "f")
            flat = flat.astype(np.float64)
            finite = np.isfinite(flat)
            if not finite.all():
                digest.update(np.where(finite, 0, np.where(np.isnan(flat), 1, np.sign(flat))).astype("i1").tobytes())
                flat = np.where(finite, flat, 0.0)
            weights = np.cos(2.399963 * np.arange(flat.size) + 0.7 * next(angle))
            number += float(flat @ weights)
            scale += float(np.abs(flat) @ np.abs(weights))
    return ValueSum(number, scale, int.from_bytes(digest.digest()[:4], "little"), single)


def outline(value: Value) -> str:
    """The shapes and texts of a value."""
    array = numeric(value)
    if array is not None:
        return str(array.shape)
    if isinstance(value, list | tuple):
        return f"[{','.join(map(outline, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{key!r}:{outline(item)}' for key, item in sorted(value.items(), key=repr))}}}"
    return repr(value.tolist()) if isinstance(value, np.ndarray) else repr(value)


def named_mistakes(solution: Mapping[int, Value], outcomes: Sequence[Outcome]) -> tuple[Named, ...]:
    """The mistakes of a cell as sums, the surest first; none that gives what the solution gives."""
    right = sum_of(solution)
    kept: dict[tuple, Named] = {}
    said: dict[tuple, list[Outcome]] = {}
    for outcome in sorted(outcomes, key=lambda one: (one.noticed, not one.by_author)):
        try:
            given = {p: decode(c) for p, c in outcome.values.items() if not isinstance(c, EvidenceFailure)}
            total = sum_of(given)
        except (EvidenceError, Mismatch):
            continue
        if len(given) < len(outcome.values) or not given or right.equals(total.number, total.shape):
            continue
        place = (total.shape, float(f"{total.number:.9e}"))
        others = said.setdefault(place, [])
        most = 1 if information(given, list(given)) is Tells.MUCH else MOST_SAID
        if len(others) < most and not any(in_one_place([other, outcome]) for other in others):
            others.append(outcome)
            kept[(*place, len(others))] = Named(
                total.number, total.shape, outcome.sentence, outcome.by_author, outcome.noticed
            )
    return tuple(kept.values())


# --- the file ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HomeNotebook:
    """The checks of one notebook by key, the files whose functions they run, and a fingerprint of the code."""

    fingerprint: str
    checks: Mapping[str, HomeCheck]
    files: tuple[str, ...] = ()


def to_bytes(notebooks: Mapping[str, HomeNotebook]) -> bytes:
    """The file's content."""
    plain = {
        name: (one.fingerprint, {key: plain_check(check) for key, check in one.checks.items()}, one.files)
        for name, one in notebooks.items()
    }
    return MAGIC + zlib.compress(encode(plain), 9)


def from_bytes(content: bytes | None) -> dict[str, HomeNotebook]:
    """The file's content read; nothing where it is not such a file."""
    if not content or not content.startswith(MAGIC):
        return {}
    try:
        plain = decode(zlib.decompress(content[len(MAGIC) :]))
        return {
            name: HomeNotebook(fingerprint, {key: check_of(one) for key, one in checks.items()}, files)
            for name, (fingerprint, checks, files) in plain.items()
        }
    except (EvidenceError, zlib.error, ValueError, TypeError, AttributeError, KeyError, IndexError):
        return {}


def plain_check(check: HomeCheck) -> dict[str, Any]:
    kinds = [(one.sentence, one.by_author, one.noticed) for one in check.mistakes]
    sentences = list(dict.fromkeys(kinds))
    return {
        "needs": sorted(check.needs),
        "values": {position: (one.value, one.central_error) for position, one in check.values.items()},
        "said": sentences,
        "numbers": np.array([one.number for one in check.mistakes]),
        "shapes": np.array([one.shape for one in check.mistakes], np.uint32),
        "which": np.array([sentences.index(kind) for kind in kinds], np.uint16),
        "steps": np.frombuffer(check.steps, np.uint8),
    }


def check_of(plain: Mapping[str, Any]) -> HomeCheck:
    said = plain["said"]
    columns = zip(plain["numbers"].tolist(), plain["shapes"].tolist(), plain["which"].tolist(), strict=True)
    return HomeCheck(
        frozenset(plain["needs"]),
        {position: HomeValue(*one) for position, one in plain["values"].items()},
        tuple(Named(number, shape, *said[which]) for number, shape, which in columns),
        plain["steps"].tobytes() if "steps" in plain else b"",
    )


def find_check(content: bytes | None, text: str) -> HomeCheck:
    """What is known of the check with this text; nothing where the file does not know it."""
    key = key_of(text)
    for notebook in from_bytes(content).values():
        if key in notebook.checks:
            return notebook.checks[key]
    return HomeCheck()


# --- what is kept -----------------------------------------------------------------------------------------------------


def keepable(value: Value, again: Value, others: Sequence[Value]) -> bool:
    """May a value be kept: is it small, the same when its cell is run again, and another on every other input?

    Args:
        value: what the solution gives at home.
        again: the same once more, with other data sets and another state of global random numbers.
        others: what it gives on other inputs.
    """
    return len(encode(value)) <= LARGEST and alike(value, again) and not any(alike(value, one) for one in others)


def alike(one: Value, other: Value) -> bool:
    """Equal up to round-off."""
    try:
        return all(equal_numbers(leaf.value, leaf.expected) for leaf in leaves(one, other))
    except Mismatch:
        return False


def equal_numbers(a: np.ndarray, b: np.ndarray) -> bool:
    scale = float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))
    return bool(np.allclose(a, b, rtol=0, atol=1e-10 * scale if math.isfinite(scale) else 0, equal_nan=True))
