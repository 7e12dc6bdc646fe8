"""Who runs the jobs: warm workers on this machine, or those of a Dask cluster."""

import logging
import mmap
import queue
import struct
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Protocol

from autograder.errors import CourseError, NoVerdict
from autograder.grade.run.jobs import Job, Run
from autograder.grade.run.scratch import temporary_scratch
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.run.worker import Killed, Worker, WorkerDied
from autograder.machine import usable_cores

TRIES = 2
CONNECT_SECONDS = 10


class Board:
    """What the workers of one machine tell each other: who is at work, and who had too many processes.

    It is shared with the processes that are forked afterwards. Each worker writes to its own place alone.
    """

    PLACE = struct.Struct("=BI")

    def __init__(self, count: int) -> None:
        self.places = [number * self.PLACE.size for number in range(count)]
        self.memory = mmap.mmap(-1, max(1, count * self.PLACE.size))

    def write(self, number: int, busy: bool, crowd: bool = False) -> None:
        """A worker begins or ends a submission, or (`crowd`) finds that it has too many processes."""
        _, crowds = self.PLACE.unpack_from(self.memory, self.places[number])
        self.PLACE.pack_into(self.memory, self.places[number], busy, crowds + crowd)

    def busy(self) -> int:
        """How many workers run something now."""
        return sum(self.PLACE.unpack_from(self.memory, place)[0] for place in self.places)

    def crowds(self) -> int:
        """How many submissions had too many processes: who ran beside one may have got none."""
        return sum(self.PLACE.unpack_from(self.memory, place)[1] for place in self.places)


class Crew(Protocol):
    """Runs jobs, `count` at a time. `run` may be called from any thread."""

    count: int
    is_local: bool
    """Do jobs run on this machine?"""

    def of_clerk(self, number: int, warm: WarmProcess) -> AbstractContextManager["Crew"]:
        """The part of it that one of several processes uses."""

    def run(self, job: Job) -> Run:
        """Run a job; where something was killed, once more. Raises NoVerdict where that happens every time."""

    def abort(self) -> None:
        """Give up: whoever waits for a job gets an exception."""


class LocalCrew:
    """Workers on this machine. Use as a context manager."""

    is_local = True

    def __init__(
        self,
        count: int,
        warm: WarmProcess,
        scratch: Path | None = None,
        board: Board | None = None,
        numbers: Sequence[int] | None = None,
    ) -> None:
        """Nothing happens yet.

        Args:
            count: how many workers there are on this machine.
            warm: forks their processes.
            scratch: a folder for submissions while they run; default: the system's for temporary files.
            board: what tells them of each other.
            numbers: the workers that are this crew's; default: all.
        """
        self.count = count
        self.warm = warm
        self.scratch = scratch
        self.board = board or Board(count)
        self.numbers = range(count) if numbers is None else numbers
        self.aborted = False

    def __enter__(self) -> "LocalCrew":
        self.free: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.workers = {}
        own_cores = list(islice(cycle(usable_cores()), self.count)) if self.count > 1 else [None]
        with ExitStack() as stack:
            for number in self.numbers:
                crowd = partial(self.board.write, number, busy=True, crowd=True)
                worker = Worker(self.warm, self.scratch, self.board.busy, own_cores[number], self.count - 1, crowd)
                self.workers[number] = stack.enter_context(worker)
            self.stack = stack.pop_all()
        for number in self.workers:
            self.free.put(number)
        return self

    def __exit__(self, *exc) -> None:
        self.stack.close()

    def of_clerk(self, number: int, warm: WarmProcess) -> "LocalCrew":
        return LocalCrew(self.count, warm, self.scratch, self.board, [number])

    def run(self, job: Job) -> Run:
        for tries_left in reversed(range(TRIES)):
            number = self.free.get()
            worker = self.workers[number]
            try:
                if self.aborted:
                    raise WorkerDied("grading was given up")
                crowds = self.board.crowds()
                self.board.write(number, busy=True)
                run = worker.run(job, last_try=tries_left == 0)
                own = sum(notebook.crowded for notebook in run.notebooks.values())
                return run if crowds + own == self.board.crowds() else replace(run, disturbed=True)
            except Killed:
                if tries_left == 0 or self.aborted:
                    raise
            except WorkerDied:
                if tries_left == 0 or self.aborted:
                    raise
                worker.stop()
            finally:
                self.board.write(number, busy=False)
                self.free.put(number)
        raise AssertionError("the last try returns or raises")

    def abort(self) -> None:
        self.aborted = True
        for worker in self.workers.values():
            if process := worker.process:
                process.interrupt()


class DaskCrew:
    """The workers of a Dask cluster; each thread of theirs holds one warm process. Use as a context manager.

    They need this package at the same version, and the data at the same path, as a shared folder gives both.
    """

    is_local = False

    def __init__(self, address: str, count: int = 0) -> None:
        """Nobody is called yet.

        Args:
            address: of the scheduler, like "tcp://host:8786".
            count: how many workers it has; 0: that is found out.
        """
        self.address = address
        self.count = count
        self.lock = threading.Lock()
        self.connected: Any = None

    def __enter__(self) -> "DaskCrew":
        """Find out how many workers there are.

        Raises:
            CourseError: dask.distributed is not installed, nobody answers, or there are no workers.
        """
        if not self.count:
            self.count = sum(self.client().nthreads().values())
            self.abort()  # the processes that use it are forked first, and connect themselves
        if not self.count:
            raise CourseError(f"the Dask cluster at {self.address} has no workers.")
        return self

    def __exit__(self, *exc) -> None:
        self.abort()

    def of_clerk(self, number: int, warm: WarmProcess) -> "DaskCrew":
        return DaskCrew(self.address, self.count)

    def client(self) -> Any:
        """The connection to the cluster, which is opened where there is none."""
        try:
            from distributed import Client
        except ImportError:
            raise CourseError('Grading on a cluster needs Dask:  pip install "nn-course-autograder[cluster]"') from None
        for name in ("distributed", "distributed.client"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # workers come and go: what matters of it is said here
        with self.lock:
            if self.connected is None:
                try:
                    self.connected = Client(self.address, timeout=CONNECT_SECONDS, set_as_default=False)
                except (OSError, TimeoutError, ValueError) as error:
                    raise CourseError(
                        f"no Dask scheduler answers at {self.address}: {error}. Its address is like  tcp://host:8786"
                    ) from None
            return self.connected

    def run(self, job: Job) -> Run:
        from distributed import KilledWorker

        try:
            return self.client().submit(run_here, job, pure=False).result()
        except KilledWorker as error:
            raise NoVerdict(f"the workers of the cluster that had it ended: {error}") from error

    def abort(self) -> None:
        if self.connected is not None:
            self.connected.close()
            self.connected = None


_of_this_thread = threading.local()


def run_here(job: Job) -> Run:
    """Run a job in this thread's own warm process, which is started for the first one and stays."""
    if not hasattr(_of_this_thread, "crew"):
        kept = _of_this_thread.kept = ExitStack()
        scratch, warm = kept.enter_context(temporary_scratch()), kept.enter_context(WarmProcess())
        _of_this_thread.crew = kept.enter_context(LocalCrew(1, warm, scratch))
    return _of_this_thread.crew.run(job)
