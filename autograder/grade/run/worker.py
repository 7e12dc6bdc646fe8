"""A worker: runs submissions one after the other, each notebook in a fresh fork of its starter.

The starter is `grade/processes/starter.py`.
"""

import errno
import json
import os
import re
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.assignment import Limits
from autograder.errors import NoVerdict
from autograder.grade.run.follow import follow
from autograder.grade.run.jobs import CellRun, Job, NotebookJob, NotebookRun, Run
from autograder.grade.run.protocol import Connection, Frame
from autograder.grade.run.warm_client import ANSWER_SECONDS, STARTER, Process, WarmProcess
from autograder.machine import free_space, kills_for_memory
from autograder.sandbox.scratch import read_result, remove
from autograder.sandbox.watchdog import NO_ROOM_LEFT, STOPPED, too_many_tasks, too_much_written, usage_of

KILLING = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
WATCHDOG_KILLED = "its watchdog was killed"
MAX_HAND_IN = 64 * 2**20
MB = 2**20
ROOM_SECONDS = 20.0
SPARE_BYTES = 1 * MB  # of the scratch file system: stays free for what the grader writes
NO_ROOM = re.compile(rf"{re.escape(os.strerror(errno.ENOSPC))}|\d+ requested and \d+ written")
"""What Python and numpy say where a file could not be written, or only a part of it."""
SHARED = re.compile(
    "|".join(re.escape(os.strerror(number)) for number in (errno.EAGAIN, errno.ENOMEM, errno.ENFILE, errno.EDQUOT))
    + f"|can't start new thread|{NO_ROOM.pattern}"
)
"""What Python says where it did not get something that all programs of a machine share."""


class WorkerDied(NoVerdict):
    """The process that starts notebooks is gone: killed, or out of memory."""


class SandboxRefused(NoVerdict):
    """The sandbox could not be set up; the text says why."""


class Killed(NoVerdict):
    """A process of a notebook was killed: by somebody on this machine, or, until it is seen twice, by its own code."""


class NotBegun(Killed):
    """A notebook's process ended before its first cell began."""


class Worker:
    """Holds one process that starts notebooks. Use as a context manager, from one thread at a time."""

    def __init__(
        self,
        warm: WarmProcess,
        scratch: Path | None = None,
        sharers: Callable[[], int] = lambda: 1,
        core: int | None = None,
        neighbours: int = 0,
        on_crowd: Callable[[], None] = lambda: None,
    ) -> None:
        """Nothing happens yet.

        Args:
            scratch: the folder for submissions while they run; default: the system's for temporary files.
            sharers: how many workers share that folder's file system now, this one included.
            core: the processor core for its sandboxes; None: any.
            neighbours: how many other workers there are on this machine.
            on_crowd: hears at once where a submission had so many processes that others may have got none.
        """
        self.warm = warm
        self.scratch = scratch
        self.sharers = sharers
        self.core = core
        self.neighbours = neighbours
        self.on_crowd = on_crowd
        self.process: Process | None = None

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *exc) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process; the next request gets a new one."""
        if self.process is not None:
            self.process.end()
            self.process = None

    @property
    def control(self) -> Connection:
        """Where the process hears the grader. Raises EOFError where there is none."""
        if self.process is None:
            raise EOFError("it was stopped")
        return self.process.control

    def ask(self, kind: Frame, request: dict) -> Any:
        with self.alive():
            if self.process is None:
                self.process = self.warm.fork(STARTER)
            self.control.send(kind, json.dumps(request).encode(), ANSWER_SECONDS)
            answer, payload = self.control.receive(ANSWER_SECONDS)
        if answer in (Frame.REFUSED, Frame.DIED):
            raise (SandboxRefused if answer is Frame.REFUSED else NotBegun)(json.loads(payload))
        return json.loads(payload)

    def spawn(self, request: dict) -> tuple[int, int, int]:
        """Start a notebook's process; returns its number, its watchdog's, and the grader's end of its channel."""
        pid, watchdog = self.ask(Frame.SPAWN, request)
        with self.alive():
            return pid, watchdog, self.control.receive_descriptor(ANSWER_SECONDS)

    def ring(self) -> None:
        """Have the notebook's process hear that the time of its cell is up."""
        with self.alive():
            self.control.send(Frame.RING, b"null", ANSWER_SECONDS)

    @contextmanager
    def alive(self) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError) as error:
            raise WorkerDied(f"the process that starts notebooks ended ({error}): killed, or out of memory?") from error

    def run(self, job: Job, last_try: bool = True) -> Run:
        """Run a submission's notebooks in order in one scratch folder.

        Raises:
            WorkerDied: the process that starts notebooks is gone.
            SandboxRefused: there is no sandbox for the first notebook.
            Killed: a notebook's process was killed, and this is not the last try. In the last one, that is how the
                notebook ended, unless it had not begun, or the machine did it.
            NoVerdict: the machine had too little memory or disk, or no notebook begins on it any more.
        """
        began = time.monotonic()
        self.wait_for_room(sum(map(len, job.files.values())))
        folder = Path(tempfile.mkdtemp(prefix="grading-", dir=self.scratch))
        try:
            with no_room():
                write_files(folder, job.files)
            runs = {}
            for notebook in job.notebooks:
                try:
                    runs[notebook.name] = self.run_notebook(job, notebook, folder, last_try)
                except (SandboxRefused, NotBegun) as error:
                    if not runs:
                        raise
                    if not last_try:
                        raise Killed(str(error)) from None
                    if not self.begins_elsewhere(job, notebook):
                        raise NoVerdict(str(error)) from None
                    runs[notebook.name] = not_run(notebook, error)
            files = {name: read_result(folder, name, MAX_HAND_IN) for name in job.hand_in}
        finally:
            remove(folder)
        return Run(
            student=job.student,
            notebooks=runs,
            files={name: content for name, content in files.items() if content is not None},
            seconds=time.monotonic() - began,
        )

    @property
    def place(self) -> Path:
        """Where the scratch folders lie."""
        return self.scratch or Path(tempfile.gettempdir())

    def wait_for_room(self, size: int) -> None:
        """Wait until a submission of that size can be laid out; raises NoVerdict where that takes too long."""
        until = time.monotonic() + ROOM_SECONDS
        while (free := free_space(self.place)) < size + SPARE_BYTES:
            if time.monotonic() > until:
                raise NoVerdict(
                    f"there is no room for it in {self.place}: {free / MB:.0f} MB are free, and its files take "
                    f"{size / MB:.0f} MB. Make room there, or set TMPDIR to a folder that has some"
                )
            time.sleep(0.2)

    def begins_elsewhere(self, job: Job, notebook: NotebookJob) -> bool:
        """Would a notebook begin in a folder in which none has run? Then it is the folder that keeps it from that."""
        folder = Path(tempfile.mkdtemp(prefix="grading-", dir=self.scratch))
        try:
            self.run_notebook(job, replace(notebook, cells=()), folder, last_try=True)
        except (SandboxRefused, NotBegun):
            return False
        finally:
            remove(folder)
        return True

    def run_notebook(self, job: Job, notebook: NotebookJob, folder: Path, last_try: bool) -> NotebookRun:
        cells = [cell for cell in notebook.cells if not cell.skip]
        allowed = sandbox_limits(job.limits)
        share = max(1, (free_space(self.place) - SPARE_BYTES) // max(1, self.sharers()) // MB)
        request = {
            "folder": str(folder),
            "tier": job.tier,
            "data": str(job.data) if job.data else None,
            "core": self.core,
            "neighbours": self.neighbours,
            "limits": allowed | {"scratch_mb": min(share, allowed["scratch_mb"])},
        }
        killed_before = kills_for_memory()
        pid, watchdog, channel = self.spawn(request)
        ended = False
        try:
            run = follow(
                channel,
                pid,
                cells,
                job.seed,
                job.limits,
                lambda: usage_of(watchdog),
                self.ring,
                notebook.traced,
                notebook.work,
            )
            ended = run.stopped == "died"
        finally:
            os.close(channel)
            ending = self.ask(Frame.BURY, {"ended": ended})
            folder.chmod(0o700)  # whatever the code made of it: the next notebook and the results need it
        run.left_at_work = ending["busy"]
        if kills_for_memory() > killed_before:
            raise NoVerdict("the machine ran out of memory meanwhile. Grade with fewer workers")
        scarce = share < allowed["scratch_mb"]
        full = ending["reason"] == too_much_written(share) or errors_match(run, NO_ROOM)
        shortage = ending["shortage"] or (NO_ROOM_LEFT if scarce and full else "")
        if shortage == NO_ROOM_LEFT:
            raise NoVerdict(
                f"there was no room left in {self.place} while it ran. Make room there, or set TMPDIR to a folder that "
                "has some"
            )
        if shortage:
            raise NoVerdict(f"this machine had too little for it: {shortage}")
        if ended:
            why = death(ending["status"], ending["reason"], job.limits)
            if not run.cells:
                raise NotBegun(f"its process ended before its first cell began ({why})")
            if ending["reason"] == WATCHDOG_KILLED:
                raise Killed("somebody killed the process that watches over it")
            if not last_try and -ending["status"] in KILLING and ending["reason"] is None:
                raise Killed(why)
            if ending["reason"] in (None, STOPPED):
                run.doubt = "its process ended"
            elif ending["reason"] == too_many_tasks(job.limits.processes):
                run.crowded = True
                self.on_crowd()
            say_why(run, why)
        elif errors_match(run, SHARED, "MemoryError"):
            run.doubt = "it got no memory, room or process"
        return run


def errors_match(run: NotebookRun, words: re.Pattern, kind: str = "\0") -> bool:
    """Did a cell stop with an error that says such words, or whose class is of that kind?

    Another submission may have given back by now what was missing.
    """
    errors = [output for cell in run.cells.values() for output in cell.outputs if output["output_type"] == "error"]
    return any(words.search(error["evalue"]) or error["ename"].endswith(kind) for error in errors)


@contextmanager
def no_room() -> Iterator[None]:
    """What cannot be written for want of room is not the submission's fault."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise NoVerdict(f"{error.filename}: {error.strerror}") from error


def not_run(notebook: NotebookJob, why: Exception) -> NotebookRun:
    """A notebook that did not begin."""
    stopped = f"not run, because the notebooks before it left no folder to run in: {why}"
    cells = {cell.id: CellRun(stopped=stopped) for cell in notebook.cells if not cell.skip}
    return NotebookRun(cells=cells, evidence=[], stopped=stopped)


def say_why(run: NotebookRun, why: str) -> None:
    run.stopped = why
    for cell in run.cells.values():
        if cell.stopped == "died":
            cell.stopped = why


def death(status: int, reason: str | None, limits: Limits) -> str:
    """Why a notebook's process ended, in a teacher's words. `reason`: what the sandbox killed it for, if it did."""
    if reason:
        return f"stopped: {reason}"
    if status >= 0:
        return f"stopped: the code ended its own process (exit status {status})"
    name = signal.Signals(-status).name
    reasons = {
        "SIGKILL": "it was killed by its own code, or by somebody on this machine",
        "SIGSEGV": "it crashed in compiled code, or its recursion went too deep",
        "SIGXCPU": "it used up its processor time",
        "SIGXFSZ": f"it wrote a file of more than {limits.file_mb} MB",
        "SIGSYS": "it asked for something that the sandbox forbids",
    }
    return f"stopped: the process ended by {name}: {reasons.get(name, 'its own code, or a crash')}"


def sandbox_limits(limits: Limits) -> dict:
    return {
        "memory_mb": limits.memory_mb,
        "processes": limits.processes,
        "file_mb": limits.file_mb,
        "scratch_mb": 4 * limits.file_mb,
        "cpu_seconds": int(limits.notebook_seconds) + 10,
    }


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
