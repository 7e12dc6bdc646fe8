"""The steps of a run: which values a function's lines made, as marks that tell equal values from unequal ones.

What a student's process sends of them is read strictly (`unpack_run`): it decides nothing but a sentence.
"""

import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from autograder.expect.cell_verdict import LARGEST_STEPS
from autograder.expect.evidence import EvidenceError, Value, decode, encode

SPACE = "|"
LONGEST_LOADS = 2000
MOST_CALLS, MOST_STEPS, MOST_LOADS, MOST_OTHERS = 60, 400, 24, 3000
MOST_OTHERS_AT_HOME, MOST_OF_A_CALL = 400, 120
LONGEST_LABEL, LONGEST_LINE = 60, 10**6
LABEL = re.compile(r"[^\W\d]\w{0,39}(\.\w{1,40}|\['[\w .:-]{1,40}'\]){0,2}")
WORD = re.compile(r"[\w .:-]+(?='\])|\w+")
LOOKED_AT = 2**15  # entries of an array; of a larger one, so many spread over it
MOST_ITEMS, DEEPEST = 2000, 5
EXACT, SINGLE = 1e-9, 4e-6  # of the sum of magnitudes
COMMON = 3e-7  # the same, of marks that were kept in single precision
ENOUGH_BITS = 16.0  # letters and whole numbers that do not agree by chance
SHARP = 3
ANGLE = 2.399963
TABLE = np.cos(ANGLE * np.arange(LOOKED_AT)), np.cos(1.913977 * np.arange(LOOKED_AT) + 0.5)


@dataclass(frozen=True)
class ValueMark:
    """What is kept of a value: a hash of its outline and texts, and two weighted sums of its numbers.

    Attributes:
        scale: the sum of the numbers' magnitudes, which round-off is measured by.
        tells: 0 for what is equal to anything (None, 0, zeros), 1 for a few letters or whole numbers, 2 for what is not
            equal to another value by chance, 3 for numbers that are not round, which tell of all that they are made of.
    """

    outline: int
    first: float
    second: float
    scale: float
    single: bool
    tells: int

    def equals(self, other: "ValueMark", round_off: float = EXACT) -> bool:
        limit = (SINGLE if self.single or other.single else round_off) * max(self.scale, other.scale)
        return (
            self.outline == other.outline
            and abs(self.first - other.first) <= limit
            and abs(self.second - other.second) <= limit
        )


Labelled = tuple[tuple[str, ValueMark | None], ...]


@dataclass(frozen=True)
class RunStep:
    """One value that a line gave to a name, or to a part of what a name stands for.

    Attributes:
        label: like x, config['v'] or self.mean.
        loads: the labels whose values the line reads.
        tests: those that the tests and loops around it read.
        given: is the line outside of the banners of its function, where nobody writes?
        takes: does the line only take it out of something, or hand it on?
        loop, test: the lines of the innermost loop around it, and of the test in that loop around it; 0 for none.
        skipped: were there values of it that were not looked at, just before this one?
    """

    line: int
    label: str
    loads: tuple[str, ...]
    mark: ValueMark | None
    takes: bool = False
    loop: int = 0
    test: int = 0
    skipped: bool = False
    tests: tuple[str, ...] = ()
    given: bool = False


@dataclass(frozen=True)
class CallRun:
    """One call of a function, or (function "") one run of a cell's own lines.

    Attributes:
        where: the cell or file that it is written in.
        first, last: its lines there.
        caller, at: the call that made it, by its number, and the line there; -1 for none.
        arguments: by name; None where a value has no mark.
        items: what it returned, item by item where that is a tuple, with what the `return` line calls each.
        others: further values on the way.
        parts: first entries, rows and columns of what is on the way, which a loop goes through.
        returns: the line that it returned from.
        test: the line of the innermost test around that one; 0 for none.
        loops: the first and last lines of its loops.
        changed: the arguments that it changed in place; None where that is not known.
        needs: the labels that this line reads.
        ended: did it come to its end?
    """

    function: str
    where: str
    first: int
    last: int
    caller: int = -1
    at: int = 0
    arguments: Labelled = ()
    steps: tuple[RunStep, ...] = ()
    items: Labelled = ()
    others: tuple[ValueMark, ...] = ()
    parts: tuple[ValueMark, ...] = ()
    returns: int = 0
    ended: bool = True
    needs: tuple[str, ...] = ()
    test: int = 0
    loops: tuple[tuple[int, int], ...] = ()
    changed: tuple[str, ...] | None = None


@dataclass(frozen=True)
class StepRun:
    """All calls of a check's run, in the order in which they began; `without_names`: see `unnamed`."""

    calls: tuple[CallRun, ...] = field(default_factory=tuple)
    without_names: bool = False


# --- marks ------------------------------------------------------------------------------------------------------------


class _Marking:
    """Goes through one value."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.sums = [0.0, 0.0]
        self.scale = 0.0
        self.single = False
        self.left = MOST_ITEMS
        self.leaf = 0
        self.bits = 0.0
        self.fraction = False
        self.large = False

    def put(self, text: str) -> None:
        self.digest.update(text.encode("utf-8", "replace") + b"\0")

    def value(self, value: Any, depth: int = 0) -> None:
        self.left -= 1
        if self.left < 0 or depth > DEEPEST:
            raise EvidenceError("too many items")
        kind = type(value)
        if value is None or kind is bool or kind is np.bool_:
            self.put(f"{bool(value)}" if value is not None else "None")
            self.bits += value is not None
        elif issubclass(kind, str):
            text = str.__str__(value)
            self.put(f"s{text}")
            self.bits += 5.0 * min(len(text), 100)
        elif issubclass(kind, int | float | complex | np.number) or kind is np.ndarray:
            self.numbers(np.asarray(value))
        elif issubclass(kind, list | tuple):
            array = _as_array(value)
            if array is not None:
                self.numbers(array)
                return
            self.put(f"[{len(value)}")
            for item in list.__iter__(value) if issubclass(kind, list) else tuple.__iter__(value):
                self.value(item, depth + 1)
        elif issubclass(kind, dict):
            self.put(f"{{{dict.__len__(value)}")
            for key, item in sorted(dict.items(value), key=lambda pair: repr(pair[0])):
                self.put(f"k{key!r:.100}")
                self.bits += 5.0 * min(len(key), 20) if type(key) is str else 2.0
                self.value(item, depth + 1)
        elif issubclass(kind, set | frozenset):
            self.put(f"set {sorted(map(repr, value))}")
            self.bits += 3.0 * len(value)
        else:
            self.value(_foreign(value), depth)

    def numbers(self, array: np.ndarray) -> None:
        if array.dtype.kind not in "biufc":
            if array.dtype.kind not in "US" and array.dtype != object:
                raise EvidenceError("no numbers")
            self.value(array.tolist() if array.size <= MOST_ITEMS else array.ravel()[:MOST_ITEMS].tolist())
            return
        shape = tuple(length for length in array.shape if length != 1)
        self.put(f"n{shape}")
        self.single |= array.dtype.kind in "fc" and array.dtype.itemsize in (2, 4)
        flat = array.ravel() if array.size <= LOOKED_AT else array.ravel()[:: -(-array.size // LOOKED_AT)]
        parts = [flat.real, flat.imag] if flat.dtype.kind == "c" else [flat]
        for part in parts:
            whole = part.dtype.kind in "biu"
            part = part.astype(np.float64)
            finite = np.isfinite(part)
            if not finite.all():
                self.digest.update(
                    np.where(finite, 0, np.where(np.isnan(part), 2, np.sign(part))).astype("i1").tobytes()
                )
                part = np.where(finite, part, 0.0)
            self.leaf += 1
            for number, table in enumerate(TABLE):
                weights = (
                    table[: part.size] * math.cos(0.7 * self.leaf + number) if self.leaf > 1 else table[: part.size]
                )
                self.sums[number] += float(part @ weights)
            self.scale += float(np.abs(part).sum())
            self.look(part, whole)

    def look(self, part: np.ndarray, whole: bool) -> None:
        """How much do these numbers tell?"""
        some = part[:400]
        different = len(np.unique(some))
        if different < 2 and part.size > 1 and np.ptp(part) == 0:
            if part.size and not float(part[0] * 1000).is_integer():
                self.bits += 8.0  # the same fraction everywhere
            return
        thousandfold = some * 1000
        if not whole and bool((np.abs(thousandfold - np.rint(thousandfold)) > 1e-9).any()):
            self.fraction = True
            return
        if part.size > 1 and bool((some != np.rint(some)).any()):
            self.bits += 8.0 * different
        elif part.size > 1:
            self.bits += part.size * math.log2(max(different, 1))
        if part.size == 1:
            size = abs(float(part[0]))
            digits = (
                math.log2(1000 * size) if size and not size.is_integer() else 4.0 + math.log2(size) if size > 1 else 0.0
            )
            self.bits += min(max(digits, 0.0), 20.0)


def mark_of(value: Value) -> ValueMark | None:
    """The mark of a value; None where it is not made of numbers, texts and containers, or is very large."""
    marking = _Marking()
    try:
        with np.errstate(all="ignore"):
            marking.value(value)
    except Exception:  # a student's object may do anything
        return None
    tells = 3 if marking.fraction else 2 if marking.bits >= ENOUGH_BITS else 1 if marking.bits >= 2 else 0
    outline = int.from_bytes(marking.digest.digest()[:4], "little")
    return ValueMark(outline, marking.sums[0], marking.sums[1], marking.scale, marking.single, tells)


def _as_array(value: Sequence) -> np.ndarray | None:
    """A list of numbers, or of rows of them, as an array."""
    flat, inner = value, 0
    while inner < 3 and len(flat) and all(type(one) in (list, tuple) for one in flat):
        flat = [item for one in flat for item in one]
        inner += 1
        if len(flat) > 100 * MOST_ITEMS:
            return None
    if not len(flat) or not all(type(one) in (int, float) or isinstance(one, np.number) for one in flat):
        return None
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError):
        return None
    return array if array.dtype.kind in "iuf" else None


def _foreign(value: Any) -> Any:
    """The numbers in an array of another library, or a pandas object as plain containers."""
    module = type(value).__module__.partition(".")[0]
    if module == "torch":
        return value.detach().cpu().numpy()
    if module in ("tensorflow", "keras", "jax", "jaxlib"):
        return np.asarray(value)
    if module == "pandas":
        plain = value.to_dict() if hasattr(value, "columns") else [value.index.tolist(), value.tolist()]
        return {str(key): list(column.values()) for key, column in plain.items()} if type(plain) is dict else plain
    if module == "collections" and hasattr(value, "__iter__") and hasattr(value, "__len__"):
        return list(value)
    raise EvidenceError("no value")


# --- as bytes ---------------------------------------------------------------------------------------------------------


def pack_run(run: StepRun, single: bool = False) -> bytes:
    """A run's bytes. `single`: keep the sums in single precision, for a small file."""
    marks: list[ValueMark | None] = []

    def number(mark: ValueMark | None) -> int:
        marks.append(mark)
        return len(marks) - 1

    calls = [
        (
            call.function, call.where, call.first, call.last, call.caller, call.at, call.returns, call.ended,
            SPACE.join(call.needs),
            [(name, number(mark)) for name, mark in call.arguments],
            [
                (step.line, step.label, SPACE.join(step.loads), number(step.mark), flags_of(step), step.loop, step.test,
                 SPACE.join(step.tests))
                for step in call.steps
            ],
            [(name, number(mark)) for name, mark in call.items],
            (len(marks), len([number(mark) for mark in call.others])),
            (len(marks), len([number(mark) for mark in call.parts])),
            call.test, call.loops, None if call.changed is None else SPACE.join(call.changed),
        )
        for call in run.calls
    ]  # fmt: skip
    numbers = np.array([(m.first, m.second, m.scale) if m else (0.0,) * 3 for m in marks], "<f4" if single else "<f8")
    outlines = np.array([m.outline if m else 0 for m in marks], np.uint32)
    kinds = np.array([(m is not None) + 2 * m.single + 4 * m.tells if m else 0 for m in marks], np.uint8)
    return encode((calls, numbers.reshape(-1, 3), outlines, kinds, run.without_names))


def flags_of(step: RunStep) -> int:
    return 4 * step.given + 2 * step.takes + step.skipped


def short(run: StepRun) -> StepRun:
    """The run without most of the further values on the way, and without names or lines: these are the solution's."""
    left = MOST_OTHERS_AT_HOME
    calls = []
    for call in run.calls:
        named = {mark for mark in (*(step.mark for step in call.steps), *(mark for _, mark in call.arguments)) if mark}
        others = [mark for mark in call.others if mark.tells and mark not in named][: min(left, MOST_OF_A_CALL)]
        left -= len(others)
        parts = [mark for mark in call.parts if mark.tells][: min(left, MOST_OF_A_CALL)]
        left -= len(parts)
        calls.append(
            CallRun(
                unnamed(call.function), call.where, 0, 0, call.caller, 0,
                tuple((unnamed(name), mark) for name, mark in call.arguments),
                tuple(RunStep(0, unnamed(step.label), (), step.mark) for step in call.steps if step.mark is not None),
                tuple((unnamed(label), mark) for label, mark in call.items), tuple(others), tuple(parts), 0, call.ended,
                changed=call.changed and tuple(map(unnamed, call.changed)),
            )
        )  # fmt: skip
    return StepRun(tuple(calls), without_names=True)


def settled(one: StepRun, other: StepRun) -> StepRun | None:
    """A run without the marks that differ in another run of the same code; None where the two differ in more."""

    def same(mark: ValueMark | None, beside: ValueMark | None) -> ValueMark | None:
        return mark if mark is not None and beside is not None and mark.equals(beside) else None

    def named(marks: Labelled, beside: Labelled) -> Labelled:
        return tuple((label, same(a, b)) for (label, a), (_, b) in zip(marks, beside, strict=True))

    def nameless(marks: Sequence[ValueMark], beside: Sequence[ValueMark]) -> tuple[ValueMark, ...]:
        return tuple(a for a, b in zip(marks, beside, strict=False) if same(a, b))

    try:
        return replace(
            one,
            calls=tuple(
                replace(
                    call,
                    arguments=named(call.arguments, there.arguments),
                    steps=tuple(
                        replace(a, mark=same(a.mark, b.mark)) for a, b in zip(call.steps, there.steps, strict=True)
                    ),
                    items=named(call.items, there.items),
                    others=nameless(call.others, there.others),
                    parts=nameless(call.parts, there.parts),
                )
                for call, there in zip(one.calls, other.calls, strict=True)
            ),
        )
    except ValueError:
        return None


def unnamed(label: str) -> str:
    """A label or a function's name with a hash in place of each of its words."""
    return WORD.sub(lambda word: f"h{hashlib.sha256(word[0].encode()).hexdigest()[:9]}", label)


def unpack_run(data: bytes) -> StepRun:
    """The run in some bytes; raises EvidenceError for anything else, whatever they are."""
    if len(data) > LARGEST_STEPS:
        raise EvidenceError("too long")
    try:
        calls, numbers, outlines, kinds, without_names = decode(data)
        rows = numbers.astype(np.float64).reshape(-1, 3)
        if not np.isfinite(rows).all() or not len(rows) == len(outlines) == len(kinds):
            raise EvidenceError("no marks")
        marks = [
            ValueMark(int(outline), row[0], row[1], row[2], bool(kind & 2), min(int(kind) >> 2, SHARP))
            if kind & 1
            else None
            for row, outline, kind in zip(rows.tolist(), outlines.tolist(), kinds.tolist(), strict=True)
        ]
        if len(calls) > MOST_CALLS:
            raise EvidenceError("too many calls")
        return StepRun(tuple(_call(place, plain, marks) for place, plain in enumerate(calls)), without_names is True)
    except (TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise EvidenceError(f"not the steps of a run: {error!s:.100}") from None


def _call(place: int, plain: Sequence, marks: Sequence[ValueMark | None]) -> CallRun:
    function, where, first, last, caller, at, returns, ended, needs, arguments, steps, items, others, parts, *more = (
        plain
    )
    test, loops, changed = more or (0, (), None)
    if (
        len(steps) > MOST_STEPS + 1
        or others[1] + parts[1] > MOST_OTHERS
        or len(arguments) > MOST_LOADS
        or len(items) > MOST_LOADS
    ):
        raise EvidenceError("too many steps")
    if not -1 <= caller < place:
        raise EvidenceError("a call before its caller")

    def mark(number: int) -> ValueMark | None:
        return marks[_whole(number, len(marks) - 1)]

    return CallRun(
        _name(function),
        _text(where),
        _whole(first),
        _whole(last),
        caller,
        _whole(at),
        tuple((_label(name), mark(number)) for name, number in arguments),
        tuple(
            RunStep(
                _whole(line),
                _label(label),
                _joined(loads),
                mark(number),
                bool(_whole(flags, 7) & 2),
                _whole(loop),
                _whole(test),
                bool(flags & 1),
                _joined(tests),
                bool(flags & 4),
            )
            for line, label, loads, number, flags, loop, test, tests in steps
        ),
        tuple((_label(name) if name else "", mark(number)) for name, number in items),
        tuple(one for one in marks[_whole(others[0]) :][: _whole(others[1])] if one is not None),
        tuple(one for one in marks[_whole(parts[0]) :][: _whole(parts[1])] if one is not None),
        _whole(returns),
        ended is True,
        _joined(needs),
        _whole(test),
        tuple((_whole(one), _whole(other)) for one, other in loops[:MOST_LOADS]),
        None if changed is None else _joined(changed),
    )


def _whole(number: Any, largest: int = LONGEST_LINE) -> int:
    if type(number) is not int or not 0 <= number <= largest:
        raise EvidenceError("a number out of range")
    return number


def _text(text: Any, longest: int = 200) -> str:
    if type(text) is not str or len(text) > longest or not text.isprintable():
        raise EvidenceError("no name of a place")
    return text


def _name(text: Any) -> str:
    if (
        type(text) is not str
        or len(text) > LONGEST_LABEL
        or not all(part.isidentifier() for part in text.split(".") if text)
    ):
        raise EvidenceError("no name of a function")
    return text


def _label(text: Any) -> str:
    if type(text) is not str or len(text) > LONGEST_LABEL or not LABEL.fullmatch(text):
        raise EvidenceError("no name of a value")
    return text


def _joined(text: Any) -> tuple[str, ...]:
    return _labels(_text(text, LONGEST_LOADS).split(SPACE) if text else ())


def _labels(texts: Iterable) -> tuple[str, ...]:
    labels = tuple(map(_label, texts))
    if len(labels) > MOST_LOADS:
        raise EvidenceError("too many names")
    return labels
