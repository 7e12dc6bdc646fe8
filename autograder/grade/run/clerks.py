"""Clerks: trusted processes that grade, each with a worker of its own. The grader names submissions and enters results.

Their side is `grade/processes/clerk.py`. They are forks of the grader with all that it has read, so that nothing needs
to be handed over; none of them runs student code, and nothing that runs it is forked from one.
"""

import json
import math
import os
import selectors
import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder.errors import CourseError, NoVerdict
from autograder.grade.prepare.pristine import Pristine
from autograder.grade.run.crew import Crew
from autograder.grade.run.one_submission import Settings
from autograder.grade.run.protocol import CHUNK, Frame, Frames
from autograder.grade.run.warm_client import ANSWER_SECONDS, WARM, ForkedProcess, Process, WarmProcess
from autograder.grade.run.worker import SandboxRefused
from autograder.grade.verdict.judge import Judge
from autograder.gradebook.entries import GradebookEntry, NotebookEntry
from autograder.gradebook.store import Store
from autograder.machine import cores

CLERK = "autograder.grade.processes.clerk"
AT_ONCE = 2  # submissions of a worker: one is prepared or written down while another runs
LARGEST = 2**31
REFUSED, OF_THE_COURSE, NO_VERDICT, OTHER = "refused", "of the course", "no verdict", "other"
ERRORS: Mapping[str, Callable[[str], Exception]] = {
    REFUSED: SandboxRefused, OF_THE_COURSE: CourseError, NO_VERDICT: NoVerdict, OTHER: RuntimeError,
}  # fmt: skip


@dataclass(frozen=True)
class Work:
    """What clerks are forked with.

    Attributes:
        at_once: how many submissions each has in hand.
    """

    store: Store
    pristine: Pristine
    settings: Settings
    crew: Crew
    at_once: int


@dataclass(frozen=True)
class Answered:
    """What came of a submission.

    Attributes:
        error: why it has no verdict; then there is nothing else.
        words: what that says.
        entry: what the gradebook gets.
        line: what the log gets.
        staged: the folder with its files.
    """

    student: str
    error: Exception | None = None
    words: str = ""
    entry: GradebookEntry | None = None
    line: Mapping[str, Any] = field(default_factory=dict)
    staged: Path = Path()


@dataclass
class Clerk:
    """One of them; `copy` is the process that forks what it needs, `students` are whose work it has in hand."""

    number: int
    process: Process
    copy: Process | None
    frames: Frames = field(default_factory=lambda: Frames(LARGEST))
    students: list[str] = field(default_factory=list)

    def send(self, kind: Frame, message: object, descriptor: int | None = None) -> None:
        """Tell it something. Where it has ended, that is noticed when reading."""
        with suppress(OSError, EOFError):
            self.process.control.send(kind, json.dumps(message).encode(), ANSWER_SECONDS)
            if descriptor is not None:
                self.process.control.send_descriptor(descriptor)


class Clerks:
    """The clerks of a grading run. Use as a context manager; open it while this process has one thread."""

    def __init__(self, store: Store, pristine: Pristine, settings: Settings, crew: Crew, warm: WarmProcess) -> None:
        """`warm`: is copied for each of them, to fork what runs notebooks."""
        self.count = crew.count if crew.is_local else min(crew.count, cores())
        self.at_once = math.ceil(AT_ONCE * crew.count / self.count)
        self.is_local = crew.is_local
        self.warm = warm
        self.forker = ForkedProcess(Work(store, pristine, settings, crew, self.at_once), "clerks")
        self.wanted: list[tuple[Clerk, str]] = []
        self.seen: set[Future[Judge]] = set()

    def __enter__(self) -> "Clerks":
        with ExitStack() as stack:
            stack.enter_context(self.forker)
            self.selector = stack.enter_context(selectors.DefaultSelector())
            self.waking, woken = socket.socketpair()
            stack.enter_context(self.waking)
            stack.enter_context(woken)
            woken.setblocking(False)
            self.waking.setblocking(False)
            self.selector.register(woken, selectors.EVENT_READ)
            self.clerks: dict[int, Clerk] = {}
            stack.callback(self.end)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *exc) -> None:
        self.stack.close()

    def end(self) -> None:
        """Kill them, and what runs for them."""
        for clerk in list(self.clerks.values()):
            self.bury(clerk)

    @property
    def in_hand(self) -> int:
        """How many submissions they have."""
        return sum(len(clerk.students) for clerk in self.clerks.values())

    @property
    def room(self) -> int:
        """How many more they take."""
        return self.count * self.at_once - self.in_hand

    def give(self, student: str, again: str, alone: bool) -> None:
        """Have a submission graded by who has the least in hand. Arguments as in `grade_all`."""
        number = min(range(self.count), key=lambda one: len(self.clerks[one].students) if one in self.clerks else 0)
        clerk = self.clerks.get(number) or self.begin(number)
        clerk.students.append(student)
        clerk.send(Frame.SUBMISSION, [student, again, alone])

    def begin(self, number: int) -> Clerk:
        process = self.forker.fork(CLERK)
        copy = self.warm.fork(WARM) if self.is_local else None
        clerk = self.clerks[number] = Clerk(number, process, copy)
        self.selector.register(process.control.socket, selectors.EVENT_READ, clerk)
        clerk.send(Frame.SET_UP, number, copy.control.socket.fileno() if copy else None)
        if copy:
            copy.control.close()
        return clerk

    def bury(self, clerk: Clerk) -> None:
        del self.clerks[clerk.number]
        self.wanted = [(one, notebook) for one, notebook in self.wanted if one is not clerk]
        self.selector.unregister(clerk.process.control.socket)
        clerk.process.end()
        if clerk.copy:
            clerk.copy.end()

    def outcomes(self, seconds: float | None, keys: Mapping[str, Future[Judge]]) -> Iterator[Answered]:
        """What has come of submissions, once there is something, or an answer key is made, or so much time has passed.

        Args:
            keys: notebook -> its answer key.
        """
        for future in keys.values():
            if future not in self.seen:
                self.seen.add(future)
                future.add_done_callback(lambda _: self.wake())
        self.hand_keys_out(keys)
        for event, _ in self.selector.select(seconds):
            clerk = event.data
            if clerk is None:
                with suppress(BlockingIOError):
                    os.read(event.fd, CHUNK)
                continue
            try:
                data = clerk.process.control.socket.recv(CHUNK)
            except (BlockingIOError, ConnectionResetError) as error:
                data = b"" if isinstance(error, ConnectionResetError) else None
            if data:
                yield from self.read(clerk, data)
            elif data is not None:
                self.bury(clerk)
                ended = NoVerdict("the process that graded it ended: killed, or out of memory?")
                for student in clerk.students:
                    yield Answered(student, ended, str(ended))

    def read(self, clerk: Clerk, data: bytes) -> Iterator[Answered]:
        for kind, payload in clerk.frames.feed(data):
            message = json.loads(payload)
            if kind is Frame.WANTED:
                self.wanted.append((clerk, message))
                continue
            clerk.students.remove(message["student"])
            if error := message.get("error"):
                yield Answered(message["student"], ERRORS[error](message["words"]), message["words"])
            else:
                entry = entry_from(message["entry"])
                yield Answered(entry.student, entry=entry, line=message["line"], staged=Path(message["staged"]))

    def hand_keys_out(self, keys: Mapping[str, Future[Judge]]) -> None:
        """Give each clerk that wants a key which is ready a copy of it."""
        waiting = []
        for clerk, notebook in self.wanted:
            if notebook not in keys or not keys[notebook].done():
                waiting.append((clerk, notebook))
                continue
            judge = keys[notebook].result()
            try:
                with judge.copy() as channel:
                    clerk.send(Frame.KEY, [notebook, sorted(judge.cells)], channel.fileno())
            except NoVerdict as error:
                clerk.send(Frame.KEY, [notebook, str(error)])
        self.wanted = waiting

    def wake(self) -> None:
        """Have `outcomes` come back. May be called from any thread."""
        with suppress(OSError):
            self.waking.send(b"\0")


def entry_from(content: Mapping[str, Any]) -> GradebookEntry:
    """The entry that `dataclasses.asdict` and JSON made that of."""
    timestamp = content["timestamp"]
    return GradebookEntry(
        content["student"],
        datetime.fromisoformat(timestamp) if timestamp else None,
        {name: NotebookEntry(**notebook) for name, notebook in content["notebooks"].items()},
    )
