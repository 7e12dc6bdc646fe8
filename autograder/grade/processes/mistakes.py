"""What known mistakes give in the checks of one notebook, for the bank of mistakes (`expect.bank`).

While the answer key is made, a copy of its process is set aside before each question (the cells up to and including a
check), with the notebook's state there. Asked for a check, the copy runs the question's cells once with each mistake in
the solution, every run in a fork of its own, with little time. It is a trusted process: no student code is in it.
"""

import __future__

import ast
import base64
import contextlib
import gc
import importlib
import itertools
import json
import math
import os
import resource
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from types import CodeType, FrameType
from typing import Any, NoReturn

import numpy as np

from autograder.expect import message
from autograder.expect.asserted import Watch, watch_of, watching
from autograder.expect.bank import Outcome
from autograder.expect.evidence import EvidenceFailure
from autograder.expect.expectation import Expectation, Id
from autograder.expect.kinds import stated_positions
from autograder.expect.mutants import Mutant, each_mutant, two_mistakes
from autograder.expect.session import RecordingSession, Session, use
from autograder.expect.skips import unneeded
from autograder.grade.processes.shell import NotebookShell
from autograder.grade.run.jobs import Cell
from autograder.grade.run.protocol import (
    Connection,
    Frame,
    call_this_process,
    die_with_the_parent,
    read_frame,
    write_frame,
)
from autograder.grade.run.question_cells import has_region, question_cells
from autograder.markers import with_banners
from autograder.regions import Region, RegionError, find_regions
from autograder.syntax import plain_text

QUESTION_SECONDS = 15.0  # of a processor, for all mistakes of a question
LONGEST_RUN = 2.0  # of a processor, for one of them; a question that takes longer with the solution is not tried
STEPS_SECONDS = 10.0  # of a processor, for the steps of right work in a check
TRACED = 5  # times as long may a run take whose calls are looked at
AT_ONCE = 8  # mistakes that run in one fork
SHORTEST_WAIT = 10.0  # seconds by the clock: a busy machine may not get to a fork at once
PATIENCE = 5  # times as long on the clock, on a busy machine
LARGEST = 2**20  # bytes of evidence of one mistake
ALL_TOGETHER = 2**24  # bytes of evidence of all mistakes of a question: beyond it, no more are tried
MORE_MEMORY = 2**30  # bytes that a run may take beyond what it has
EARLIER = 6  # work cells before a question whose functions may be what is wrong
CELL = "<cell>"  # what a cell's code says its file is
FORKS_UNSAFELY = ("tensorflow", "jax")  # a fork of their threads hangs


@dataclass(frozen=True)
class LibraryRegion:
    """A region of the library: the file and its text, the module, and the function ("" for the module itself)."""

    module: str
    file: str
    function: str
    start: int
    text: str


@dataclass(frozen=True)
class Trial:
    """One mistake to try: in the library (`region`) or in a cell (`cell`)."""

    mutant: Mutant
    where: str
    region: LibraryRegion | None = None
    cell: str = ""


@dataclass(frozen=True)
class CheckReach:
    """The regions that a check runs, as messages call them, and the library's files whose functions it runs."""

    regions: frozenset[str]
    files: frozenset[str]


@dataclass(frozen=True)
class Fork:
    """A process that works: its number, where its result is read, and until when it is awaited."""

    pid: int
    reading: int
    end: float


def begin_fork(work: Callable[[], Any], seconds: float) -> Fork:
    """Begin a work in a fork."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            call_this_process("mistake")
            limit(seconds)
            data = json.dumps(work()).encode()
            with open(writing, "wb") as file:
                file.write(data)
        finally:
            os._exit(0)
    os.close(writing)
    return Fork(pid, reading, time.monotonic() + max(SHORTEST_WAIT, PATIENCE * seconds))


def result_of(fork: Fork) -> tuple[Any, float]:
    """What was written in a fork (None where it did not come to its end in time) and its processor seconds."""
    try:
        content = read_all(fork.reading, fork.end)
    finally:
        os.close(fork.reading)
        with contextlib.suppress(ProcessLookupError):
            os.kill(fork.pid, signal.SIGKILL)
        _, _, used = os.wait4(fork.pid, 0)
    return json.loads(content) if content else None, used.ru_utime + used.ru_stime


MistakesOf = Callable[[str, Region], Iterator[Mutant]]

Prove = Callable[["Mistakes", list[Cell], str, Mapping[str, Any]], Any]
"""Tries a check out in a copy: of the copy, the question's cells, the check, and what is asked."""


class Mistakes:
    """The copies set aside of one answer key's process, and what they found out."""

    def __init__(
        self,
        shell: NotebookShell,
        cells: Sequence[Cell],
        regions: Sequence[LibraryRegion],
        seed: int,
        at_home: bool = False,
        written: Collection[str] = (),
    ):
        """Nothing is run yet.

        Args:
            at_home: on the inputs that students have on their machines.
            written: the cells that students write in; one without a marker is a region as a whole.
        """
        self.at_home = at_home
        self.watches = not at_home  # assertions are expectations where they are graded
        self.prove: Prove | None = None
        self.right_steps: Callable[[Mistakes, list[Cell], str], list[str]] | None = None
        self.traced: dict[str, list[str]] = {}
        self.reached: dict[str, CheckReach] = {}
        self.shell = shell
        self.cells = [replace(cell, source=with_banners(cell.source, cell.id in written)) for cell in cells]
        self.regions = list(regions)
        self.seed = seed
        self.draws = np.random.Generator
        self.waiting: dict[str, tuple[int, Connection]] = {}
        self.known: dict[str, list[Outcome]] = {}
        self.starts = {own[0].id: check for check, own in question_cells(self.cells).items()}
        self.current = ""
        self.begun = 0.0  # the processor time when the last copy was set aside
        self.calls: list[list[list[str]]] | None = None  # in a copy: what each cell of its question calls
        self.needed: list[Cell] | None = None  # in a copy: the cells of its question that are run
        self.solved: tuple[dict | None, float, bool] | None = None  # in a copy: see `with_the_solution`
        self.code: dict[tuple[str, type | None], CodeType] = {}
        self.done = 0  # in a copy: how many of its cells have run, since no mistake concerns them

    def before(self, cell: Cell) -> None:
        """Set a copy of this process aside where a question begins with this cell. It is not asked, it waits.

        Where the question has run for long already, the copy is set aside here instead: what it has to run is short.
        """
        if any(name in sys.modules for name in FORKS_UNSAFELY):
            return
        starts, late = cell.id in self.starts, time.process_time() - self.begun > LONGEST_RUN / 2
        check = self.starts[cell.id] if starts else self.current
        self.current = "" if cell.id == check else check
        if starts or (late and check in self.waiting):
            if not starts:
                self.let_go(check)
            self.begun = time.process_time()
            self.set_aside(cell, check)

    def set_aside(self, cell: Cell, check: str) -> None:
        ours, theirs = socket.socketpair()
        parent = os.getpid()
        gc.freeze()
        pid = os.fork()
        if pid == 0:
            ours.close()
            for _, other in self.waiting.values():
                other.close()
            self.wait(cell.id, check, theirs, parent)
        theirs.close()
        self.waiting[check] = pid, Connection(ours)

    def outcomes(self, check: str) -> list[Outcome]:
        """What mistakes give in this check; nothing where that cannot be tried."""
        if check not in self.known:
            self.known[check] = self.ask(check, None, QUESTION_SECONDS)
        return self.known[check]

    def ask(self, check: str, trials: Sequence[Trial] | None, seconds: float) -> list[Outcome]:
        """What these mistakes give in a check, or (None) all that are known, as far as the time goes.

        Those in regions that no check before it runs come first: the others have been noticed there.
        """
        request: dict[str, Any] = {"seconds": seconds, "trials": [asdict(trial) for trial in trials or ()]}
        if not trials:
            checks = list(self.starts.values())
            before = checks[: checks.index(check)] if check in checks else []
            request["noticed"] = sorted(frozenset().union(*map(self.needs, before)))
        return [outcome_of(item) for item in self.answer(check, Frame.TRY, request, seconds) or ()]

    def needs(self, check: str) -> frozenset[str]:
        """The regions whose code a check runs, as messages call them; none where that cannot be found out."""
        return self.reach(check).regions

    def reach(self, check: str) -> "CheckReach":
        """What a check runs; nothing where that cannot be found out."""
        if check not in self.reached:
            regions, files = self.answer(check, Frame.REACH, {}, TRACED * LONGEST_RUN) or ((), ())
            self.reached[check] = CheckReach(frozenset(regions), frozenset(files))
        return self.reached[check]

    def steps_of_right_work(self, check: str) -> list[str]:
        """The runs of right work in a check, the solution's first; none where there is too little time."""
        if check not in self.traced:
            self.traced[check] = self.answer(check, Frame.TRACE, {}, STEPS_SECONDS) or []
        return self.traced[check]

    def answer(self, check: str, kind: Frame, request: dict, seconds: float) -> Any:
        """What the copy that waits for a check answers; None where there is none, or it takes too long."""
        if check not in self.waiting:
            return None
        _, channel = self.waiting[check]
        patience = PATIENCE * (seconds + 3 * LONGEST_RUN)
        mine, theirs = socket.socketpair()
        asking = Connection(mine)
        try:
            with theirs:
                channel.send_descriptor(theirs.fileno())
            asking.send(kind, json.dumps(request).encode(), patience)
            return json.loads(asking.receive(patience)[1])
        except (OSError, EOFError):
            self.let_go(check)
            return None
        finally:
            asking.close()

    def positions(self, key: Mapping[Id, Expectation], check: str) -> dict[int, int]:
        """The positions of a check's expectations -> their positions where mistakes are tried."""
        if not self.watches:
            return stated_positions(key, check)
        return {position: position for cell, position in sorted(key) if cell == check}

    def let_go(self, check: str) -> None:
        pid, channel = self.waiting.pop(check)
        channel.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):  # in a fork that judges, it is the child of the process above
            os.waitpid(pid, 0)

    def end(self) -> None:
        """Let the copies go."""
        for check in list(self.waiting):
            self.let_go(check)

    # --- in a copy ----------------------------------------------------------------------------------------------------

    def wait(self, first: str, check: str, channel: socket.socket, parent: int) -> NoReturn:
        """Answer what is asked, one question after the other, until nobody can ask any more.

        Each comes over a socket of its own: several processes may ask, and one may be killed before it has its answer.
        """
        given: dict[tuple[Frame, bytes], tuple[Frame, bytes]] = {}
        try:
            call_this_process("mistakes")
            die_with_the_parent(parent)
            while descriptors := socket.recv_fds(channel, 1, 1)[1]:
                with socket.socket(fileno=descriptors[0]) as asking, contextlib.suppress(OSError, EOFError):
                    asked = read_frame(asking.fileno())
                    if asked not in given:
                        given[asked] = self.answered(first, check, asked[0], json.loads(asked[1]))
                    write_frame(asking.fileno(), *given[asked])
        finally:
            os._exit(0)

    def answered(self, first: str, check: str, kind: Frame, request: dict) -> tuple[Frame, bytes]:
        """The answer to one question."""
        question = self.question(first, check)
        if kind is Frame.REACH:
            reached, _ = self.in_a_fork(lambda: self.regions_run(question), TRACED * LONGEST_RUN)
            return Frame.REACHED, json.dumps(reached or ((), ())).encode()
        if kind is Frame.PROVE and self.prove is not None:
            return Frame.PROVED, json.dumps(self.prove(self, question, check, request)).encode()
        if kind is Frame.TRACE:
            found_steps = self.right_steps(self, question, check) if self.right_steps is not None else []
            return Frame.TRACED, json.dumps(found_steps).encode()
        trials = request["trials"] and [trial_of(trial) for trial in request["trials"]]
        noticed = frozenset(request.get("noticed", ()))
        found = [written_out(one) for one in self.try_all(first, check, trials, request["seconds"], noticed)]
        return Frame.TRIED, json.dumps(found).encode()

    def try_all(
        self, first: str, check: str, trials: Sequence[Trial] | None, seconds: float, noticed: Set[str]
    ) -> Iterator[Outcome]:
        """Run the question with each mistake; nothing where the question takes long even with the solution.

        Args:
            noticed: the regions whose mistakes come last.
        """
        question = self.question(first, check)
        start = self.cells.index(question[0])
        question = self.from_where_it_matters(question)
        if not question:
            return
        called = {(file, function) for calls in self.calls or () for file, function in calls}
        right, usual, steady = self.with_the_solution(question, check)
        at_once = AT_ONCE if steady else 1
        left, size = seconds, 0
        end = time.monotonic() + (PATIENCE - 1) * seconds  # whoever asks waits a little longer
        before = time.process_time()
        for some in batched(trials or self.trials(question, start, called, noticed), at_once):
            each, spent = self.each_of(some, question, check, min(LONGEST_RUN, 0.2 + 3 * usual), right)
            for trial, given in zip(some, each, strict=True):
                values = values_of(given["values"]) if given else {}
                error = given["error"] if given else ""
                seen, author, line = words_of(trial) in noticed, trial.mutant.by_author, trial.mutant.line
                yield Outcome(trial.mutant.said, trial.where, values, error, author, seen, line, trial.mutant.two)
                size += sum(len(content) for content in values.values() if isinstance(content, bytes))
            now = time.process_time()
            left -= spent + now - before
            before = now
            if left < 0 or size > ALL_TOGETHER or time.monotonic() > end:
                return

    def with_the_solution(self, question: Sequence[Cell], check: str) -> tuple[dict | None, float, bool]:
        """What the check gets, the processor seconds it takes, and whether it gets the same again in one process."""
        if self.solved is None:
            right, usual = self.in_a_fork(lambda: self.run(question, check), LONGEST_RUN)
            again, _ = self.in_a_fork(lambda: [self.run(question, check) for _ in range(2)], 2 * LONGEST_RUN)
            self.solved = right, usual, right is not None and again == [right, right]
        return self.solved

    def each_of(
        self, trials: Sequence[Trial], question: Sequence[Cell], check: str, seconds: float, right: dict | None
    ) -> tuple[list[dict | None], float]:
        """What each of these mistakes gives, and the processor seconds of all.

        They run one after the other in one fork; where one of them has left something behind there, so that the
        solution gives something else afterwards, or where one takes too long, each has a fork of its own.
        """
        spent = 0.0
        if len(trials) > 1:
            given, spent = self.in_a_fork(
                lambda: [self.run_one(trial, question, check, seconds) for trial in [*trials, None]],
                seconds * (len(trials) + 1),
            )
            if given and given.pop() == right:
                return given, spent
        each = []
        for trial in trials:
            given, more = self.in_a_fork(partial(self.run_one, trial, question, check), seconds)
            each.append(given)
            spent += more
        return each, spent

    def from_where_it_matters(self, question: list[Cell]) -> list[Cell]:
        """The question from the first cell on that a mistake can change; those before it have run when this returns.

        Nothing where the question takes long even with the solution.
        """
        if self.calls is None:
            self.calls, _ = self.in_a_fork(lambda: self.calls_of(question), TRACED * LONGEST_RUN)
            self.calls = self.calls or []
        if not self.calls:
            return []
        while self.done < len(question) - 1 and not self.concerns(question[self.done], self.calls[self.done]):
            self.run([question[self.done]])
            self.done += 1
        watch = watch_of(RecordingSession(self.seed, lambda data: None))
        for cell in question[self.done :]:  # here once, not in every fork
            with contextlib.suppress(SyntaxError):
                self.compiled(cell, watch)
        for region in self.regions:
            statements_in(region.text)
        return question[self.done :]

    def question(self, first: str, check: str) -> list[Cell]:
        """The cells from the first one to the check that the check needs; all where that cannot be found out."""
        if self.needed is None:
            ids = [cell.id for cell in self.cells]
            every = self.cells[ids.index(first) : ids.index(check) + 1]
            running = [(cell.id, cell.source) for cell in every if not cell.skip]
            aside = unneeded(running) - {cell.id for cell in every if has_region(cell)}
            fewer = [cell for cell in every if cell.id not in aside]
            self.needed = fewer if aside and self.give_the_same(every, fewer, check) else every
        return self.needed

    def give_the_same(self, every: Sequence[Cell], fewer: Sequence[Cell], check: str) -> bool:
        """Does the solution give the check the same values when only `fewer` cells run? No, where it takes too long."""
        given, _ = self.in_a_fork(partial(self.run, every, check), TRACED * LONGEST_RUN)
        again, _ = self.in_a_fork(partial(self.run, fewer, check), TRACED * LONGEST_RUN)
        return given is not None and given == again

    def first_error(self, check: str, errors: Mapping[str, str]) -> str:
        """What the first cell of a check's question stopped with, of those that did; "" where none did."""
        first = next((first for first, last in self.starts.items() if last == check), check)
        ids = [cell.id for cell in self.cells]
        return next((errors[one] for one in ids[ids.index(first) : ids.index(check) + 1] if errors.get(one)), "")

    def regions_run(self, question: Sequence[Cell]) -> tuple[list[str], list[str]]:
        """The regions that the question's cells run, or whose variables they read, as messages call them.

        And the files beside the notebook whose functions they run.
        """
        places: dict[tuple[str, str], list[tuple[int, int, str]]] = {}
        for one in self.regions:
            region = next(region for region in find_regions(one.text) if region.start == one.start)
            where = os.path.basename(one.file), one.function.rpartition(".")[2]
            places.setdefault(where, []).append((region.start + 2, region.end, in_words(one.function, region)))
        functions: dict[str, str] = {}
        reached: set[str] = set()
        given = [cell for cell in question if not has_region(cell)]
        read = {name for cell in given for name in names_in(cell, ast.Load)}
        read -= {name for cell in given for name in names_in(cell, ast.Store)}
        for cell in self.cells[: self.cells.index(question[-1])]:
            functions |= {name: f"`{name}`" for name in places_of(cell) if name}
            reached.update(f"`{name}`" for name in variables_of(cell) if name in read)
        known: dict[CodeType, list[tuple[int, int, str]]] = {}

        def lines(frame: FrameType, event: str, _: object) -> Callable:
            if event == "line":
                line = frame.f_lineno
                reached.update(said for first, last, said in known[frame.f_code] if first <= line <= last)
            return lines

        def calls(frame: FrameType, event: str, _: object) -> Callable | None:
            code = frame.f_code
            if code not in known:
                known[code] = places.get((os.path.basename(code.co_filename), code.co_name), [])
            if code.co_qualname in functions and not code.co_filename.endswith(".py"):
                reached.add(functions[code.co_qualname])
            return lines if known[code] else None

        sys.settrace(calls)
        try:
            self.run(question)
        finally:
            sys.settrace(None)
        here = os.getcwd() + os.sep
        files = {code.co_filename.removeprefix(here) for code in known if code.co_filename.startswith(here)}
        return sorted(reached), sorted(files)

    def concerns(self, cell: Cell, calls: Sequence[Sequence[str]]) -> bool:
        """Can a mistake change what this cell does: has it a region, or does it call a function with one?"""
        regions = {(region.file, region.function.rpartition(".")[2]) for region in self.regions}
        names = {name for other in self.cells for name in functions_of(other)}
        return has_region(cell) or any(tuple(call) in regions or call[1] in names for call in calls)

    def trials(
        self, question: Sequence[Cell], start: int, called: set[tuple[str, str]], noticed: Set[str]
    ) -> Iterator[Trial]:
        """The mistakes that can matter: in the question's own cells, and in functions that it calls.

        Of several regions, the surest mistakes of each come first, and then those in regions that are `noticed`. Where
        submissions are graded, two mistakes at once come last.
        """
        kinds = [each_mistake] if self.at_home else [each_mistake, two_mistakes]
        for mistakes_of in kinds:
            yield from self.trials_of(mistakes_of, question, start, called, noticed)

    def trials_of(
        self,
        mistakes_of: MistakesOf,
        question: Sequence[Cell],
        start: int,
        called: set[tuple[str, str]],
        noticed: Set[str],
    ) -> Iterator[Trial]:
        """The mistakes of one kind."""
        early: list[Iterator[Trial]] = [cell_trials(cell, "", mistakes_of) for cell in question]
        late: list[Iterator[Trial]] = []
        for region in self.regions:
            if (region.file, region.function.rpartition(".")[2]) in called:
                found = next(found for found in find_regions(region.text) if found.start == region.start)
                group = library_trials(region, found, mistakes_of)
                (late if in_words(region.function, found) in noticed else early).append(group)
        names = {name for _, name in called}
        for cell in reversed([cell for cell in self.cells[:start] if has_region(cell)][-EARLIER:]):
            for function in functions_of(cell):
                if function in names:
                    where = next(place for place in places_of(cell) if place.rpartition(".")[2] == function)
                    (late if f"`{where}`" in noticed else early).append(cell_trials(cell, function, mistakes_of))
        for groups in (early, late):
            for turn in itertools.zip_longest(*groups):
                yield from (trial for trial in turn if trial is not None)

    def calls_of(self, question: Sequence[Cell]) -> list[list[tuple[str, str]]]:
        """The functions that each cell of the question calls: (file name, function name)."""
        calls = []
        for cell in question:
            called: set[tuple[str, str]] = set()

            def profile(frame: FrameType, event: str, _: object, called: set = called) -> None:
                if event == "call":
                    called.add((os.path.basename(frame.f_code.co_filename), frame.f_code.co_name))

            sys.setprofile(profile)
            try:
                self.run([cell])
            finally:
                sys.setprofile(None)
            calls.append(sorted(called))
        return calls

    def run_one(self, trial: Trial | None, question: Sequence[Cell], check: str, seconds: float = 0.0) -> dict:
        """What the check gets with this mistake (None: with the solution), and the first error on the way there.

        `seconds`: stop this process where it takes longer. The mistake is taken out again.
        """
        cells = list(question)
        if seconds:
            signal.setitimer(signal.ITIMER_PROF, seconds)
        if trial is None:
            return self.run(cells, check)
        if trial.region is not None:
            function, code = patch(trial.region, trial.mutant.text)
            given = self.run(cells, check)
            function.__code__ = code
            return given
        if any(cell.id == trial.cell for cell in cells):
            return self.run(
                [Cell(cell.id, trial.mutant.text) if cell.id == trial.cell else cell for cell in cells], check
            )
        given = self.run([Cell(trial.cell, trial.mutant.text), *cells], check)
        self.run([cell for cell in self.cells if cell.id == trial.cell])
        return given

    def run(self, cells: Sequence[Cell], check: str = "") -> dict:
        values: dict[str, str | dict] = {}

        def take(data: bytes) -> None:
            given = message.unpack(data)
            if given.cell_id == check and len(data) <= LARGEST:
                values[str(given.position)] = (
                    {"reason": given.content.reason}
                    if isinstance(given.content, EvidenceFailure)
                    else base64.b64encode(given.content).decode()
                )

        error = ""
        session = RecordingSession(self.seed, take, self.at_home)
        session.draws = self.draws
        names = self.shell.user_ns
        with self.quietly(session) as watch:
            for cell in cells:
                session.begin_cell(cell.id)
                try:
                    if not cell.skip:
                        exec(self.compiled(cell, watch), names)
                except Exception as failure:
                    error = error or f"{type(failure).__name__}: {failure}"[:500]
        return {"values": values, "error": error}

    @contextmanager
    def quietly(self, session: Session) -> Iterator[Watch]:
        """Let a session take what cells state and assert, and let nothing be shown."""
        with (
            use(session),
            watching(session) as watch,
            open(os.devnull, "w") as nowhere,
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
        ):
            for cell in self.cells if self.watches else ():  # functions of earlier ones may assert
                watch.begin(cell.id, cell.sites, cell.check)
            yield watch

    def compiled(self, cell: Cell, watch: Watch) -> CodeType:
        """A cell's code, its assertions watched: run without IPython, which takes long to show an error."""
        instrument = watch.begin(cell.id, cell.sites, cell.check) if self.watches else None
        place = cell.source, type(watch) if instrument else None
        if place not in self.code or watch.known_too:
            code = plain_tree(cell.source)
            self.code[place] = compile(instrument.visit_Module(code) if instrument else code, CELL, "exec")
        return self.code[place]

    def in_a_fork(self, work: Callable[[], Any], seconds: float) -> tuple[Any, float]:
        """The work's result, done in a fork, and the processor seconds it took; None where they are more than given."""
        return result_of(begin_fork(work, seconds))

    def in_forks(self, works: Iterable[Callable[[], Any]], seconds: float, at_once: int) -> Iterator[Any]:
        """The result of each work, in their order, as `in_a_fork` gives it; so many of them run at a time."""
        begun: deque[Fork] = deque()
        for work in works:
            begun.append(begin_fork(work, seconds))
            if len(begun) == at_once:
                yield result_of(begun.popleft())[0]
        while begun:
            yield result_of(begun.popleft())[0]


# --- questions and their cells ----------------------------------------------------------------------------------------


def each_mistake(text: str, region: Region) -> Iterator[Mutant]:
    """The mistakes in a region, also those of which many give what the solution gives."""
    return each_mutant(text, region, wide=True)


def cell_trials(cell: Cell, function: str, mistakes_of: MistakesOf) -> Iterator[Trial]:
    """The mistakes in a cell's regions; with `function`, in those of that function alone."""
    if cell.skip or not has_region(cell):
        return
    source = plain_text(cell.source)
    for region in find_regions(source):
        around = function_around(source, region.start)
        for mutant in mistakes_of(source, region) if function in ("", *functions_in(source, region)) else ():
            where = around or function_around(source, mutant.line - 1)
            if not function or where.rpartition(".")[2] == function:
                yield Trial(mutant, where, cell=cell.id)


def library_trials(region: LibraryRegion, found: Region, mistakes_of: MistakesOf) -> Iterator[Trial]:
    """The mistakes in a region of the library; they are made when the first is asked for."""
    for mutant in mistakes_of(region.text, found):
        yield Trial(mutant, region.function, region=region)


def plain_tree(source: str) -> ast.Module:
    """A cell's code, its magic lines turned into calls: only where there are some, since that takes long."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return ast.parse(plain_text(source))


def functions_of(cell: Cell) -> list[str]:
    """The names of the functions that hold regions of a cell, where the cell does nothing but define."""
    names = [name.rpartition(".")[2] for name in places_of(cell)]
    return [] if "" in names else list(dict.fromkeys(names))


def places_of(cell: Cell) -> list[str]:
    """The functions, with their classes, that hold the regions of a cell, or stand in one; "" for other code there."""
    source = plain_text(cell.source)
    regions = find_regions(source) if has_region(cell) else ()
    return [place for region in regions for place in places_in(source, region)]


def functions_in(source: str, region: Region) -> list[str]:
    """The names of the functions that a region is in, or that stand in it."""
    return [place.rpartition(".")[2] for place in places_in(source, region)]


def places_in(source: str, region: Region) -> list[str]:
    """The function, with its class, that a region is in, or those that stand in it; "" for other code there."""
    around = function_around(source, region.start)
    try:
        body = [] if around else ast.parse(source).body
    except (SyntaxError, ValueError):
        return [around]
    inside = [node for node in body if region.start < node.lineno <= region.end]
    within = [
        function_around(source, node.lineno - 1)
        for statement in inside
        for node in (statement.body if isinstance(statement, ast.ClassDef) else [statement])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    defines = all(isinstance(node, DEFINES) or ast.get_docstring(ast.Module([node], [])) for node in inside)
    return within if within and defines else [*within, around]


DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def variables_of(cell: Cell) -> set[str]:
    """The names that a cell's regions give to values outside of any function."""
    source = plain_text(cell.source)
    try:
        regions, tree = find_regions(source), ast.parse(source)
    except (RegionError, SyntaxError, ValueError):
        return set()
    outside = [node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return {
        part.id
        for node in outside
        for part in ast.walk(node)
        if isinstance(part, ast.Name)
        and isinstance(part.ctx, ast.Store)
        and any(region.start < part.lineno <= region.end for region in regions)
    }


def names_in(cell: Cell, use: type[ast.expr_context]) -> set[str]:
    """The names that a cell reads (ast.Load) or sets (ast.Store)."""
    try:
        tree = ast.parse(plain_text(cell.source))
    except (SyntaxError, ValueError):
        return set()
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, use)}


def in_words(function: str, region: Region) -> str:
    """A region of the library as messages call it."""
    return f"`{function}` ({region.name})" if region.name else f"`{function}`"


def words_of(trial: Trial) -> str:
    """The region of a trial as messages call it."""
    if trial.region is None:
        return f"`{trial.where}`"
    start = trial.region.start
    return in_words(trial.region.function, next(one for one in find_regions(trial.region.text) if one.start == start))


def function_around(source: str, line: int) -> str:
    """The function (with its class) in whose body a line (from 0) is; "" outside of any."""
    name = ""
    try:
        level: list[ast.AST] = [ast.parse(source)]
    except (SyntaxError, ValueError):
        return ""
    while level:
        inner = [
            child
            for node in level
            for child in ast.walk(node)
            if child is not node
            and isinstance(child, ast.FunctionDef | ast.ClassDef)
            and child.lineno <= line + 1 <= (child.end_lineno or 0)
        ]
        if not inner:
            return name
        nearest = min(inner, key=lambda child: child.lineno)
        name = f"{name}.{nearest.name}".lstrip(".")
        level = [nearest]
    return name


# --- one mistake ------------------------------------------------------------------------------------------------------


def patch(region: LibraryRegion, text: str) -> tuple[Any, CodeType]:
    """Give the library's function the code that a changed text has for it; whoever imported it has it too.

    Returns the function and the code that it had.
    """
    path = region.function.split(".")
    function: Any = importlib.import_module(region.module)
    for part in path:
        function = getattr(function, part)
    before: CodeType = function.__code__
    features = before.co_flags & __future__.annotations.compiler_flag
    code: CodeType = compile(statement_of(region, text), region.file, "exec", features, dont_inherit=True)
    for part in path:
        code = next(one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == part)
    function.__code__ = code
    return function, before


def statement_of(region: LibraryRegion, text: str) -> str:
    """The lines of a changed text that hold the region's statement of the module, where they were.

    A whole module takes several times as long to compile.
    """
    first, last = next(one for one in statements_in(region.text) if one[0] <= region.start < one[1])
    lines = text.split("\n")
    behind = region.text.count("\n") + 1 - last
    return "\n" * first + "\n".join(lines[first : len(lines) - behind])


@cache
def statements_in(text: str) -> list[tuple[int, int]]:
    """The first line (from 0) of each statement of a module, and that of the next."""
    body = ast.parse(text).body
    starts = [min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))]) - 1 for node in body]
    return list(itertools.pairwise([0, *starts[1:], text.count("\n") + 1]))


def batched(trials: Iterable[Trial], size: int) -> Iterator[list[Trial]]:
    """Trials in groups of a size; they are made as they are asked for."""
    rest = iter(trials)
    while some := list(itertools.islice(rest, size)):
        yield some


def limit(seconds: float) -> None:
    """Let this process take so many more processor seconds, and not much more memory."""
    lower(resource.RLIMIT_CPU, math.ceil(seconds + time.process_time()))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)  # that of RLIMIT_CPU counts whole seconds: endless loops are usual
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[0])
    lower(resource.RLIMIT_AS, pages * resource.getpagesize() + MORE_MEMORY)


def lower(kind: int, bound: int) -> None:
    """Set a limit of this process, or leave the lower one that the process it was forked from has set."""
    _, hard = resource.getrlimit(kind)
    bound = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
    resource.setrlimit(kind, (bound, bound))


def read_all(descriptor: int, end: float) -> bytes:
    """Everything that comes until the other end hangs up; nothing where that is not before the time `end`."""
    parts: list[bytes] = []
    while (left := end - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], left)[0]:
            break
        part = os.read(descriptor, 1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)
    return b""


def values_of(written: Mapping[str, str | dict]) -> dict[int, bytes | EvidenceFailure]:
    return {
        int(position): EvidenceFailure(value["reason"]) if isinstance(value, dict) else base64.b64decode(value)
        for position, value in written.items()
    }


def written_out(outcome: Outcome) -> dict:
    """An outcome as JSON has it."""
    values = {
        position: {"reason": value.reason} if isinstance(value, EvidenceFailure) else base64.b64encode(value).decode()
        for position, value in outcome.values.items()
    }
    return {
        "said": outcome.said,
        "where": outcome.where,
        "values": values,
        "error": outcome.error,
        "by_author": outcome.by_author,
        "noticed": outcome.noticed,
        "line": outcome.line,
        "two": outcome.two,
    }


def trial_of(item: dict) -> Trial:
    region = item["region"] and LibraryRegion(**item["region"])
    return Trial(Mutant(**item["mutant"]), item["where"], region, item["cell"])


def outcome_of(item: dict) -> Outcome:
    values = values_of(item["values"])
    flags = item["by_author"], item["noticed"], item["line"], item["two"]
    return Outcome(item["said"], item["where"], values, item["error"], *flags)
