"""What becomes of an expectation when a cell states it: checked at once, recorded, or kept as the answer key.

Nothing here may be relied on by the verdict: a student's process can replace all of it. It only decides what
that process sends.
"""

import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import numpy as np

from autograder.expect import HOME_FILE, message, names
from autograder.expect.evidence import EvidenceError, EvidenceFailure, Value, encode, snapshot
from autograder.expect.expectation import HIDDEN, Disproved, Expectation, Hidden, Id, Judgement, ReadFile, unusable
from autograder.expect.follow import Standing, follows_from
from autograder.expect.home import find_check, key_of
from autograder.expect.lines import Layout
from autograder.markers import HIDDEN_TESTS, holds_back, marked_lines

HOME_SEED = 0
"""Of the random numbers on a student's machine."""

LONGEST_CHECK = 1.0  # seconds of a processor: one that takes longer is not run again to find out where it goes wrong

Title = Callable[[], str]
Build = Callable[[str], Expectation]


class Unmet(AssertionError):
    """An expectation that is not met; the text is the diagnosis."""

    def _render_traceback_(self) -> list[str]:
        """What Jupyter shows: the diagnosis alone; the stack would tell a student nothing more."""
        return [f"Not met: {self}"]


class Session(ABC):
    """One way of treating expectations; a cell's expectations and its `rng()` calls are numbered from 0.

    Attributes:
        draws: the kind of generator that `rng()` gives.
    """

    draws: type[np.random.Generator] = np.random.Generator

    def __init__(self, seed: int, at_home: bool = False):
        """`at_home`: give the random numbers of a student's machine, where nobody knows which cell is running."""
        self.seed = HOME_SEED if at_home else seed
        self.home = at_home
        self.begin_cell("")

    def begin_cell(self, cell_id: str) -> None:
        """Start numbering again, for this cell."""
        self.cell_id = cell_id
        self.stated = 0
        self.drawn = 0

    def rng(self) -> np.random.Generator:
        """The generator for the next `expect.rng()` of the cell."""
        self.drawn += 1
        return self.draws(generator(self.seed, "" if self.home else self.cell_id, self.drawn - 1).bit_generator)

    def next_id(self) -> Id:
        self.stated += 1
        return self.cell_id, self.stated - 1

    @abstractmethod
    def state(self, value: Value, title: Title, build: Build) -> Judgement | None:
        """Take an expectation on `value`.

        `title` gives its name; `build` makes it from the name and the cell's other arguments, where they are wanted.
        """


class LocalSession(Session):
    """On a student's machine: check at once, print a line, and say what is wrong.

    Attributes:
        waits: will `end` be called when the cell is done? Then all its expectations are stated before Unmet is raised;
            otherwise the first one that is not met ends the cell.
    """

    def __init__(self) -> None:
        super().__init__(HOME_SEED, at_home=True)
        self.place: tuple | None = None
        self.waits = False
        self.standing: dict[str, Standing] = {}

    def begin(self) -> None:
        """A cell begins whose end will be told."""
        self.place = None
        self.waits = True

    def enter(self) -> None:
        """Is this the first expectation, or `rng()`, of a cell? Then begin with it."""
        frame = names.caller()
        place = names.place(frame)
        if place != self.place:
            self.begin_cell("")
            self.place = place
            self.layout = Layout()
            self.text = names.cell_text(frame)
            self.known = find_check(read_here(HOME_FILE), self.text)
            self.names = frame.f_globals
            self.began = time.process_time()
            self.judged: list[Judgement] = []
            self.values: dict[int, Value] = {}

    def rng(self) -> np.random.Generator:
        self.enter()
        return super().rng()

    def state(self, value: Value, title: Title, build: Build) -> Judgement:
        self.enter()
        name = title()
        _, position = self.next_id()
        try:
            evidence = snapshot(value)
        except EvidenceError as error:
            judgement = unusable(name, str(error))
        else:
            expectation = build(name)
            if (known := self.known.values.get(position)) is not None:
                expectation = expectation.at_home(known.value, known.central_error)
            judgement = expectation.check(evidence, read_here)
            if expectation.takes_evidence():
                self.values[position] = evidence
        self.layout.add(judgement.row)
        print(self.layout.line(judgement.row))
        self.judged.append(judgement)
        if judgement.credit == 0 and not self.waits:
            raise Unmet(judgement.text)
        return judgement

    def end(self, stopped: bool = False) -> str:
        """The cell is done, or `stopped` by an error: what is wrong with its values, or "" where nothing is."""
        began, self.waits = self.place is not None, False
        if not began:
            return ""
        self.place = None
        failing = [position for position, one in enumerate(self.judged) if one.credit == 0]
        key = key_of(self.text)
        self.standing.pop(key, None)
        others = list(self.standing.values())
        self.standing[key] = Standing(not failing and not stopped, self.known.needs)
        if not failing:
            return ""
        cause = follows_from(self.known.needs, others) or self.known.mistake(self.values, failing)
        wrong = [self.judged[position] for position in failing]
        if cause:
            return told([replace(one, cause=cause) for one in wrong])
        if self.known.steps and time.process_time() - self.began < LONGEST_CHECK:
            from autograder.expect.steps_at_home import where_at_home  # imports this module

            where = where_at_home(self.text, self.names, self.known.steps, self.values)
            wrong[-1] = replace(wrong[-1], cause="\n".join(filter(None, [wrong[-1].cause, where])))
        return told(wrong)


def told(judgements: Sequence[Judgement]) -> str:
    """What is wrong with several values, and why; a cause that they share is said once, after the last of them."""
    lines = []
    for judgement, following in zip_longest(judgements, judgements[1:]):
        shared = following is not None and following.cause == judgement.cause
        lines.append(judgement.diagnosis if shared else judgement.text)
    return "\n".join(lines)


class RecordingSession(Session):
    """Beside student code, when grading: send the student's values away, check and print nothing."""

    def __init__(self, seed: int, send: Callable[[bytes], None], at_home: bool = False):
        super().__init__(seed, at_home)
        self.send = send

    def state(self, value: Value, title: Title, build: Build) -> None:
        try:
            content: bytes | EvidenceFailure = encode(value)
        except EvidenceError as error:
            content = EvidenceFailure(str(error))
        self.send(message.pack(*self.next_id(), content))


class KeySession(Session):
    """On the trusted side, over the source notebook: keep every expectation as stated there.

    Attributes:
        key: expectations by (cell id, position). They hold copies of values, and live predicates and predict functions.
        values: what the solution gave for those that need evidence.
        counts: how many expectations each cell stated that was begun.
        hidden: the cells that hold hidden tests.
        read_file: finds the files that the source notebook saved.
    """

    def __init__(self, seed: int, read_file: ReadFile | None = None, at_home: bool = False):
        self.read_file = read_file or read_here
        self.key: dict[Id, Expectation] = {}
        self.values: dict[Id, Value] = {}
        self.counts: dict[str, int] = {}
        self.hidden: set[str] = set()
        super().__init__(seed, at_home)

    def begin_cell(self, cell_id: str) -> None:
        super().begin_cell(cell_id)
        self.counts[cell_id] = 0

    def state(self, value: Value, title: Title, build: Build) -> None:
        """Raises Unmet where the source notebook does not meet its own expectation: then no student could."""
        expectation = build(title())
        evidence = snapshot(value)
        judgement = expectation.judge(evidence, self.read_file)
        if judgement.credit == 0:
            raise Unmet(f"the source notebook fails its own check. {judgement.text}")
        if self.in_hidden_test():
            expectation = Hidden(HIDDEN, expectation)
        place = self.next_id()
        try:
            self.key[place] = expectation.sealed(self.read_file)
        except Disproved as disproved:
            raise Unmet(f"the source notebook's own solution is wrong. {disproved}") from None
        if expectation.takes_evidence():
            self.values[place] = evidence
        self.counts[self.cell_id] += 1

    def in_hidden_test(self) -> bool:
        """Is the expectation that is being stated one of an author's hidden tests?"""
        frame = names.caller()
        text = names.cell_text(frame)
        if not holds_back(text, [HIDDEN_TESTS]):
            return False
        self.hidden.add(self.cell_id)
        lines = list(marked_lines(text, [HIDDEN_TESTS]))
        return frame.f_lineno <= len(lines) and lines[frame.f_lineno - 1][1]


def generator(seed: int, cell_id: str, call: int) -> np.random.Generator:
    """The random numbers of one `expect.rng()` call: the same wherever seed, cell and call are the same."""
    digest = hashlib.sha256(f"{seed}\n{cell_id}\n{call}".encode()).digest()
    return np.random.default_rng(np.random.SeedSequence(int.from_bytes(digest[:16], "little")))


def read_here(name: str) -> bytes | None:
    """A file below the current folder, or None."""
    try:
        return Path(name).read_bytes()
    except OSError:
        return None


_current: Session = LocalSession()


def current() -> Session:
    """The session that takes expectations now."""
    return _current


def rng() -> np.random.Generator:
    """Random numbers for inputs: others in every grading run, cell and call, always the same on a student's machine."""
    return current().rng()


@contextmanager
def use(session: Session) -> Iterator[Session]:
    """Let this session take the expectations stated meanwhile."""
    global _current
    before, _current = _current, session
    try:
        yield session
    finally:
        _current = before
