"""Who runs the jobs: warm workers on this machine, or those of a Dask cluster."""

import logging
import queue
import threading
from contextlib import ExitStack
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Protocol

from autograder.errors import CourseError, NoVerdict
from autograder.grade.run.jobs import Job, Run
from autograder.grade.run.scratch import temporary_scratch
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.run.worker import Killed, Worker, WorkerDied
from autograder.machine import usable_cores

TRIES = 2
CONNECT_SECONDS = 10


class Crew(Protocol):
    """Runs jobs, `count` at a time. `run` may be called from any thread."""

    count: int

    def run(self, job: Job) -> Run:
        """Run a job; where something was killed, once more. Raises NoVerdict where that happens every time."""

    def abort(self) -> None:
        """Give up: whoever waits for a job gets an exception."""


class LocalCrew:
    """Workers on this machine. Use as a context manager."""

    def __init__(self, count: int, warm: WarmProcess, scratch: Path | None = None) -> None:
        """Nothing happens yet.

        Args:
            warm: forks their processes.
            scratch: a folder for submissions while they run; default: the system's for temporary files.
        """
        self.count = count
        self.warm = warm
        self.scratch = scratch
        self.aborted = False
        self.crowds = 0
        self.lock = threading.Lock()

    def __enter__(self) -> "LocalCrew":
        self.free: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        with ExitStack() as stack:
            own_cores = list(islice(cycle(usable_cores()), self.count)) if self.count > 1 else [None]
            self.workers = [
                stack.enter_context(Worker(self.warm, self.scratch, self.busy, core, self.count - 1, self.crowd))
                for core in own_cores
            ]
            self.stack = stack.pop_all()
        for worker in self.workers:
            self.free.put(worker)
        return self

    def __exit__(self, *exc) -> None:
        self.stack.close()

    def busy(self) -> int:
        """How many workers run something now."""
        return self.count - self.free.qsize()

    def crowd(self) -> None:
        """A submission had too many processes: who runs beside it may have got none."""
        with self.lock:
            self.crowds += 1

    def run(self, job: Job) -> Run:
        for tries_left in reversed(range(TRIES)):
            worker = self.free.get()
            try:
                if self.aborted:
                    raise WorkerDied("grading was given up")
                crowds = self.crowds
                run = worker.run(job, last_try=tries_left == 0)
                own = sum(notebook.crowded for notebook in run.notebooks.values())
                return run if crowds + own == self.crowds else replace(run, disturbed=True)
            except Killed:
                if tries_left == 0 or self.aborted:
                    raise
            except WorkerDied:
                if tries_left == 0 or self.aborted:
                    raise
                worker.stop()
            finally:
                self.free.put(worker)
        raise AssertionError("the last try returns or raises")

    def abort(self) -> None:
        self.aborted = True
        for worker in self.workers:
            if process := worker.process:
                process.interrupt()


class DaskCrew:
    """The workers of a Dask cluster; each thread of theirs holds one warm process. Use as a context manager.

    They need this package at the same version, and the data at the same path, as a shared folder gives both.
    """

    def __init__(self, address: str) -> None:
        """`address`: of the scheduler, like "tcp://host:8786".

        Raises:
            CourseError: dask.distributed is not installed, nobody answers, or there are no workers.
        """
        try:
            from distributed import Client, KilledWorker
        except ImportError:
            raise CourseError('Grading on a cluster needs Dask:  pip install "nn-course-autograder[cluster]"') from None
        for name in ("distributed", "distributed.client"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # workers come and go: what matters of it is said here
        self.killed = KilledWorker
        try:
            self.client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise CourseError(
                f"no Dask scheduler answers at {address}: {error}. Its address is like  tcp://host:8786"
            ) from None
        self.count = sum(self.client.nthreads().values())
        if self.count == 0:
            self.client.close()
            raise CourseError(f"the Dask cluster at {address} has no workers.")

    def __enter__(self) -> "DaskCrew":
        return self

    def __exit__(self, *exc) -> None:
        self.client.close()

    def run(self, job: Job) -> Run:
        try:
            return self.client.submit(run_here, job, pure=False).result()
        except self.killed as error:
            raise NoVerdict(f"the workers of the cluster that had it ended: {error}") from error

    def abort(self) -> None:
        self.client.close()


_of_this_thread = threading.local()


def run_here(job: Job) -> Run:
    """Run a job in this thread's own warm process, which is started for the first one and stays."""
    if not hasattr(_of_this_thread, "crew"):
        kept = _of_this_thread.kept = ExitStack()
        scratch, warm = kept.enter_context(temporary_scratch()), kept.enter_context(WarmProcess())
        _of_this_thread.crew = kept.enter_context(LocalCrew(1, warm, scratch))
    return _of_this_thread.crew.run(job)
