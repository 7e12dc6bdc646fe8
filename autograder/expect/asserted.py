"""Assertions that are being run: what is recorded of them beside student code, and what the answer key keeps.

The instrumented code (`assertions`) hands every value of interest through `Watch`. In a student's process the innermost
one that can be evidence is sent away; on the trusted side the assertion's own steps lead from such a value to its
outcome.
"""

import ast
import builtins
import copy
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar

import numpy as np

from autograder.expect import diagnosis
from autograder.expect.arrangement import NONE
from autograder.expect.assertions import (
    ENDED,
    ERROR,
    FAILED,
    FIRST,
    KNOWN,
    PART,
    RAISED,
    RAISING,
    SEEN,
    Instrument,
    Site,
    Steps,
    steps_of,
)
from autograder.expect.compare import ABSOLUTE, compare
from autograder.expect.evidence import EvidenceError, EvidenceFailure, Value, decode, encode
from autograder.expect.expectation import HIDDEN, Expectation, Hidden, Id, Judgement, ReadFile, unusable
from autograder.expect.message import pack as pack_message
from autograder.expect.packed import pack, unpack
from autograder.expect.session import KeySession, RecordingSession, Session

_ROOM = 2**20  # bytes
_LONGEST_NAME = 60
_SHORT = 100  # letters of a value that is shown beside what is expected
_LONGEST_TEXT = 300
_ONLY_ITS_OWN = (
    "what your code gives here is an object that only methods of its own could judge. "
    "Make it numbers, texts, lists or numpy arrays"
)

Outcome = Callable[[Any], Any]


@dataclass(frozen=True)
class Asserted(Expectation):
    """An assertion of which the student's side is evidence; `name` is its text.

    Attributes:
        outcomes: level -> the assertion as a function of the value at that level. It raises, or gives something false,
            where the assertion fails.
        compared: level -> how the value at that level becomes what is compared, and with what, where that is known.
        innermost: the level of the value that the source gives as evidence. What lies further out, a student's object
            could have made of nothing: what it says of differences, or of its length.
        truth: must the outcome be true? (Otherwise it is enough that nothing is raised.)
        room: bytes of evidence that are looked at, at most.
        message: what its author has it say where it fails.
    """

    outcomes: Mapping[int, Outcome]
    compared: Mapping[int, tuple[Outcome, Any]]
    innermost: int
    truth: bool
    room: int
    message: str = ""

    guessable: ClassVar[bool] = True

    def calls(self) -> tuple[Outcome, ...]:
        return tuple(self.outcomes.values())

    def judge(self, evidence: Value, read_file: ReadFile) -> Judgement:
        if type(evidence) is not tuple or len(evidence) != 2 or evidence[0] not in self.outcomes:
            return unusable(self.name, "what the submission gave is of a type that cannot be judged")
        if evidence[0] > self.innermost:
            return unusable(self.name, _ONLY_ITS_OWN)
        if len(encode(evidence)) > self.room:
            return unusable(self.name, "the value is much larger than it should be")
        level, packed = evidence
        value = unpack(packed)
        trouble = ""
        try:
            met = self.outcomes[level](value)
            if not self.truth or met:
                return Judgement(1.0, (self.name, "ok"))
        except AssertionError as error:
            trouble = _first_lines(str(error))
        except Exception as error:
            trouble = f"{type(error).__name__}: {_first_lines(str(error))}"
        text, cause = self.difference(level, value)
        text = text or f"{self.name} is not so. Yours is {_shown(value)}."
        cause = cause or (NONE if value is None else "")
        more = [f"  {line}" for line in (_first_lines(self.message), trouble) if line]
        text = "\n".join([text, *more])
        return Judgement(0.0, (self.name, "failed"), text, cause=cause)

    def difference(self, level: int, value: Any) -> tuple[str, str]:
        """Where the value differs from what it is compared with, and why perhaps; "" where that says nothing."""
        if level not in self.compared:
            return "", ""
        towards, expected = self.compared[level]
        try:
            value = towards(value)
            comparison = compare(value, expected, ABSOLUTE)
        except Exception:  # it is of another type than the author's functions take
            return "", ""
        context = diagnosis.Context(self.name, "what is expected", "expected", ABSOLUTE, 0.0, {}, expected=expected)
        text, cause = diagnosis.explain(comparison, value, "", context)
        if not comparison.error > 0:
            text, cause = "", other_types(value, expected)
        yours, wanted = _shown(value), _shown(expected)
        is_array = isinstance(expected, np.ndarray) and expected.ndim  # there the place tells more
        if max(len(yours), len(wanted)) <= _SHORT and yours != wanted and not is_array:
            text = f"{self.name} is not so: yours {yours}, expected {wanted}."
        return text, cause


@dataclass(frozen=True)
class Raises(Expectation):
    """The exception that a block of code raises; `name` is what expects it.

    Attributes:
        wanted: the name of its class, with its module.
    """

    wanted: tuple[str, ...]

    guessable: ClassVar[bool] = True

    def judge(self, evidence: Value, read_file: ReadFile) -> Judgement:
        raised = evidence if type(evidence) is list and all(type(name) is str for name in evidence) else []
        if set(raised) & set(self.wanted):
            return Judgement(1.0, (self.name, "ok"))
        wanted = " or ".join(name.rpartition(".")[2] for name in self.wanted)
        got = f"raised {raised[0].rpartition('.')[2][:80]}" if raised else "raised nothing"
        return Judgement(0.0, (self.name, "failed"), f"Your code should raise {wanted} here. It {got}.")


@dataclass(frozen=True)
class Ran(Expectation):
    """An assertion that only the student's process can judge: whether its cell came to its end says whether it held."""

    guessable: ClassVar[bool] = True
    needs_evidence: ClassVar[bool] = False

    def judge(self, evidence: Value, read_file: ReadFile) -> Judgement:
        return Judgement(1.0, (self.name, "judged by whether the cell ran"))


class _Over(Exception):
    """Leads to the end of a cell, where the error of its first failed assertion is raised."""


class Watch:
    """Takes what instrumented code hands over; this one, as on a student's machine, does nothing with it."""

    known_too = False

    def __init__(self, session: Session) -> None:
        self.session = session
        self.sites: dict[str, Site] = {}
        self.steps: dict[str, Steps] = {}
        self.parts: dict[str, list[Any]] = {}
        self.failure: tuple[int, AssertionError] | None = None
        self.names: dict[str, Any] = {}
        self.on = False

    def begin(self, cell: str, sites: Sequence[Site], check: bool) -> Instrument | None:
        """A cell is going to run; returns what instruments it, if anything is to be."""
        self.on = check
        self.failure = None
        if not sites:
            return None
        self.sites |= {f"{cell}:{number}": site for number, site in enumerate(sites)}
        return _Instrument(cell, sites, self)

    def seen(self, site: str, level: int, value: Any) -> Any:
        """The value at a level of a site, handed through."""
        return value

    def part(self, site: str, number: int, value: Any) -> Any:
        """One of the parts of a site, handed through. Together they are its innermost value once the last is there."""
        if self.on and site in self.sites:
            parts = self.parts.setdefault(site, [])
            if number == 0:
                parts.clear()
            parts.append(value)
            if number + 1 == len(parts) == len(self.sites[site].parts):
                self.seen(site, 0, tuple(self.parts.pop(site)))
        return value

    def known(self, site: str, number: int, value: Any) -> Any:
        """A value of the other side, handed through."""
        return value

    def failed(self, number: int, error: AssertionError) -> None:
        """An assertion of the cell failed; the cell goes on, so that the others are looked at too."""
        self.keep_failure(number, error, sys._getframe(1).f_globals)

    def keep_failure(self, number: int, error: AssertionError, names: Mapping[str, Any]) -> None:
        if self.failure is None:
            self.names = {name: value for name, value in names.items() if name != ERROR}
            behind = error.__traceback__ and error.__traceback__.tb_next
            self.failure = number, error.with_traceback(behind)

    def first(self, number: int) -> AssertionError | None:
        """What this assertion failed with, if it was the first that did; names are then again what they were there."""
        if self.failure is None or self.failure[0] != number:
            return None
        names = sys._getframe(1).f_globals
        for name in names.keys() - self.names.keys():
            del names[name]
        names.update(self.names)
        return self.failure[1]

    def ended(self) -> None:
        """The cell is at its end, whether it came there or not."""

    def raising(self, site: str, expected: Any, function: Any) -> Any:
        """The function, watched for the exception that it is expected to raise."""
        if not self.on or not callable(function):
            return function

        @wraps(function, updated=())
        def watched(*arguments: Any, **keywords: Any) -> Any:
            with self.raised(site, expected):
                return function(*arguments, **keywords)

        return watched

    @contextmanager
    def raised(self, site: str, expected: Any) -> Iterator[None]:
        """Around the block in which an exception is expected."""
        yield


class Recorder(Watch):
    """Beside student code: sends the innermost value of each assertion that can be evidence."""

    session: RecordingSession

    def __init__(self, session: RecordingSession, goes_on: Callable[[], bool] | None = None) -> None:
        """`goes_on`, if given, is called once an assertion fails: where it is true, the cell goes on, in a process that
        ends with the cell; else it is over."""
        super().__init__(session)
        self.goes_on = goes_on
        self.ends_here = False
        self.open: dict[str, tuple[Id, str]] = {}

    def failed(self, number: int, error: AssertionError) -> None:
        is_first = self.failure is None
        self.keep_failure(number, error, sys._getframe(1).f_globals)
        if is_first and self.goes_on is not None:
            self.ends_here = self.goes_on()
            if not self.ends_here:
                raise _Over

    def ended(self) -> None:
        if self.ends_here:
            os._exit(0)

    def seen(self, site: str, level: int, value: Any) -> Any:
        if not self.on or site not in self.sites:
            return value
        if level == 0:
            self.open[site] = self.session.next_id(), ""
        if site not in self.open:
            return value
        id, reason = self.open[site]
        try:
            content: bytes | EvidenceFailure = encode((level, pack(value)))
        except EvidenceError as error:
            self.open[site] = id, reason or str(error)
            if level < self.sites[site].last:
                return value
            content = EvidenceFailure(reason or str(error))
        del self.open[site]
        self.session.send(pack_message(*id, content))
        return value

    @contextmanager
    def raised(self, site: str, expected: Any) -> Iterator[None]:
        if not self.on:
            yield
            return
        id = self.session.next_id()
        try:
            yield
        except BaseException as error:
            self.session.send(pack_message(*id, encode(_kinds_of(error))))
            raise
        self.session.send(pack_message(*id, encode([])))


@dataclass
class _Evaluation:
    """One evaluation of an assertion in the source notebook, under way."""

    values: dict[int, bytes]
    known: dict[int, Any]


class Keeper(Watch):
    """On the trusted side: keeps what each assertion of the source notebook comes to."""

    session: KeySession
    known_too = True

    def __init__(self, session: KeySession) -> None:
        super().__init__(session)
        self.open: dict[str, _Evaluation] = {}

    def seen(self, site: str, level: int, value: Any) -> Any:
        if not self.on or site not in self.steps:
            return value
        if level == 0:
            before = self.open.get(site)
            self.open[site] = _Evaluation({}, before.known if before else {})
        with suppress(EvidenceError):
            self.open[site].values[level] = encode((level, pack(value)))
        if level == self.sites[site].last:
            evaluation = self.open.pop(site)
            place = self.keep(expectation := expectation_of(self.steps[site], evaluation))
            if isinstance(expectation, Asserted):
                self.session.values[place] = decode(evaluation.values[expectation.innermost])
        return value

    def known(self, site: str, number: int, value: Any) -> Any:
        if self.on:
            self.open.setdefault(site, _Evaluation({}, {})).known[number] = _copied(value)
        return value

    @contextmanager
    def raised(self, site: str, expected: Any) -> Iterator[None]:
        if not self.on:
            yield
            return
        kinds = expected if isinstance(expected, tuple) else (expected,)
        names = tuple(map(_full_name, kinds))
        place = self.keep(Raises(f"raises {' or '.join(kind.__name__ for kind in kinds)}", names))
        self.session.values[place] = []
        try:
            yield
        except BaseException as error:
            self.session.values[place] = _kinds_of(error)
            raise

    def keep(self, expectation: Expectation) -> Id:
        session = self.session
        if session.in_hidden_test():
            expectation = Hidden(HIDDEN, expectation)
        place = session.next_id()
        session.key[place] = expectation
        session.counts[session.cell_id] += 1
        return place


def watch_of(session: Session, goes_on: Callable[[], bool] | None = None) -> Watch:
    """What takes the assertions of a session."""
    if isinstance(session, KeySession):
        return Keeper(session)
    return Recorder(session, goes_on) if isinstance(session, RecordingSession) else Watch(session)


@contextmanager
def watching(session: Session, goes_on: Callable[[], bool] | None = None) -> Iterator[Watch]:
    """Let instrumented code find the session's watch."""
    watch = watch_of(session, goes_on)
    functions = {
        SEEN: watch.seen,
        PART: watch.part,
        KNOWN: watch.known,
        FAILED: watch.failed,
        FIRST: watch.first,
        ENDED: watch.ended,
        RAISED: watch.raised,
        RAISING: watch.raising,
    }
    before = {name: getattr(builtins, name) for name in functions if hasattr(builtins, name)}
    for name, function in functions.items():
        setattr(builtins, name, function)
    try:
        yield watch
    finally:
        for name in functions:
            if name in before:
                setattr(builtins, name, before[name])
            elif hasattr(builtins, name):
                delattr(builtins, name)


class _Instrument(Instrument):
    """Instruments a cell, and lets the watch know the steps of its sites where it wants them."""

    def __init__(self, cell: str, sites: Sequence[Site], watch: Watch) -> None:
        super().__init__(cell, sites, watch.known_too)
        self.watch = watch

    def visit_Module(self, tree: ast.Module) -> ast.Module:
        if self.known:
            self.watch.steps |= steps_of(self.cell, self.sites, tree)
        return super().visit_Module(tree)


def expectation_of(steps: Steps, seen: _Evaluation) -> Expectation:
    """The expectation that an assertion is, as the source notebook evaluated it.

    The source's own value must pass as evidence, which a value that is compared by identity does not. The last level
    says only whether the assertion holds, so that it counts just where the source has nothing else to show.
    """
    name = steps.text if len(steps.text) <= _LONGEST_NAME else f"{steps.text[: _LONGEST_NAME - 1]}…"
    last = len(steps.steps)
    only = min(seen.values, default=last) == last
    outcomes = {level: outcome_of(steps, seen.known, level) for level in range(last + only)}
    compared: dict[int, tuple[Outcome, Any]] = {}
    first, begun = 0, 0
    for level, step in enumerate(steps.steps):
        if step.comparand is not None and first + step.comparand in seen.known:
            expected = seen.known[first + step.comparand]
            compared |= {
                inner: (outcome_of(steps, seen.known, inner, level), expected) for inner in range(begun, level + 1)
            }
            begun = level + 1
        first += len(step.known)
    size = max(map(len, seen.values.values()), default=0)
    innermost = min(seen.values, default=-1)
    asserted = Asserted(name, outcomes, compared, innermost, steps.truth, max(_ROOM, 8 * size), steps.message)
    if innermost in outcomes and asserted.judge(decode(seen.values[innermost]), lambda file: None).credit == 1:
        return asserted
    return Ran(name)


def outcome_of(steps: Steps, known: Mapping[int, Any], level: int, end: int | None = None) -> Outcome:
    """The assertion, or the value at level `end` of its spine, as a function of the value at one level."""
    functions, first = [], 0
    for number, step in enumerate(steps.steps):
        values = [known.get(first + index) for index in range(len(step.known))]
        first += len(step.known)
        if level <= number < (len(steps.steps) if end is None else end):
            functions.append((eval(step.code, {"__builtins__": builtins}), values))

    def outcome(value: Any) -> Any:
        for function, values in functions:
            value = function(value, *values)
        return value

    return outcome


def _copied(value: Any) -> Any:
    """A copy that later cells of the notebook do not change, where one can be made."""
    if callable(value):
        return value
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def _full_name(kind: type) -> str:
    return f"{type.__getattribute__(kind, '__module__')}.{type.__getattribute__(kind, '__name__')}"


def _kinds_of(error: BaseException) -> list[str]:
    return [_full_name(kind) for kind in type(error).__mro__[:20]]


def is_asserted(expectation: Expectation) -> bool:
    """Is it an assertion, of which a value is evidence?"""
    return isinstance(expectation.inner if isinstance(expectation, Hidden) else expectation, Asserted)


def bare(content: bytes | EvidenceFailure, level: int) -> bytes | EvidenceFailure:
    """The value that is evidence of an assertion, as evidence itself; a failure where it is of another level."""
    if isinstance(content, EvidenceFailure):
        return content
    match decode(content):
        case (int(found), (str(), value)) if found == level:
            return encode(value)
    return EvidenceFailure("it is of another level")


def other_types(value: Any, expected: Any, path: str = "") -> str:
    """Where two values that hold the same differ in their types, and so are not equal; "" where they do not."""
    if isinstance(value, list | tuple) and isinstance(expected, list | tuple) and len(value) == len(expected):
        if isinstance(value, list) != isinstance(expected, list):
            kinds = ("list", "tuple") if isinstance(value, list) else ("tuple", "list")
            return (
                f"The values are right, but {f'item {path}' if path else 'it'} is a {kinds[0]}: make it a {kinds[1]}."
            )
        parts = (other_types(a, b, f"{path}[{i}]") for i, (a, b) in enumerate(zip(value, expected, strict=True)))
        return next(filter(None, parts), "")
    if isinstance(value, np.ndarray) and isinstance(expected, list | tuple):
        return f"The values are right, but {f'item {path}' if path else 'it'} is an array: make it a list."
    if isinstance(value, dict) and isinstance(expected, dict):
        return next(
            filter(None, (other_types(value[k], expected[k], f"{path}[{k!r}]") for k in expected if k in value)), ""
        )
    return ""


def _shown(value: Any) -> str:
    try:
        return diagnosis.show_all(value)
    except Exception:
        text = " ".join(repr(value).split())
        return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def _first_lines(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return " ".join(lines[:3])[:_LONGEST_TEXT]
