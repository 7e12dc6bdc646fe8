"""Runs a notebook's cells, one after the other, and tells what happens as frames.

In the sandbox this side is not to be believed: its twin, `grade/run/follow.py`, checks every frame. Nor is it to know
more than it needs: each cell comes from there when the one before it has ended.
"""

import json
import os
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from autograder.expect.asserted import Watch, watching
from autograder.expect.session import RecordingSession, Session, use
from autograder.grade.processes.shell import Emit, Listening, NotebookShell
from autograder.grade.processes.traced_notebook import run_traced
from autograder.grade.run.jobs import Cell
from autograder.grade.run.protocol import LARGEST_OUTPUT, Frame, ProtocolError, read_frame, write_frame

APART_SECONDS = 2  # of a processor, for what follows a failed assertion in its cell
APART_WAIT = 2.0  # seconds by the clock


class TimeIsUp(BaseException):
    """Raised inside a cell that has used up its seconds."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise TimeIsUp in the main thread when SIGALRM comes and so many seconds are over.

    The signal comes from outside, where it is known how long this process could not run because others did. One that
    is late, and was meant for the cell before, is not heard.
    """
    began = time.monotonic()

    def ring(*_) -> None:
        if 0 < seconds <= time.monotonic() - began:
            raise TimeIsUp(f"stopped after {seconds:g} s")

    signal.signal(signal.SIGALRM, ring)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)


def goes_on_apart() -> bool:
    """Fork: true in the child, which goes on for a while; false here, once it has ended.

    What it does to objects, prints, or uses is so of no consequence for the cells that follow.
    """
    try:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # a child of many threads may wait
            child = os.fork()
    except OSError:
        return False
    if child:
        wait_for(child)
        return False
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (APART_SECONDS, APART_SECONDS))
        memory, _ = resource.getrlimit(resource.RLIMIT_DATA)
        if memory != resource.RLIM_INFINITY:  # the other half is for what this process is a copy of
            resource.setrlimit(resource.RLIMIT_DATA, (memory // 2, memory // 2))
    except BaseException:
        os._exit(1)
    return True


def wait_for(child: int) -> None:
    """Wait until a child has ended; not long, then it is killed."""
    end = time.monotonic() + APART_WAIT
    try:
        pause = 0.001
        while time.monotonic() < end:
            if os.waitpid(child, os.WNOHANG)[0]:
                child = 0
                return
            time.sleep(pause)
            pause = min(2 * pause, 0.05)
    finally:
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


@contextmanager
def instrumented(shell: NotebookShell, watch: Watch, cell: Cell) -> Iterator[None]:
    """Let the watch see the values of the cell's assertions while it runs."""
    transformer = watch.begin(cell.id, cell.sites, cell.check)
    if transformer is not None:
        shell.ast_transformers.append(transformer)
    try:
        yield
    finally:
        if transformer in shell.ast_transformers:
            shell.ast_transformers.remove(transformer)


def run_cells(
    shell: NotebookShell,
    cells: Iterable[Cell],
    session: Session,
    cell_seconds: float,
    begins: Callable[[Cell], None],
    emit: Emit,
    ends: Callable[[Cell, str], None],
) -> None:
    """Run the cells in order in the shell's namespace; an error ends its cell, not the notebook.

    `begins(cell)` and `ends(cell, stopped)` are called around every cell that is run.
    """
    with Listening(shell, emit) as listener, use(session), watching(session, goes_on_apart) as watch:
        for cell in cells:
            if cell.skip:
                continue
            begins(cell)
            session.begin_cell(cell.id)
            stopped = ""
            try:
                with at_most(cell_seconds), instrumented(shell, watch, cell):
                    result = shell.run_cell(cell.source, store_history=True, cell_id=cell.id)
                if isinstance(result.error_in_exec, TimeIsUp):
                    stopped = str(result.error_in_exec)
            except TimeIsUp as up:
                stopped = str(up)
            listener.flush()
            ends(cell, stopped)


def read_message(channel: int, wanted: Frame) -> dict:
    """Wait for what the grader says next."""
    kind, payload = read_frame(channel)
    if kind is not wanted:
        raise ProtocolError(f"{kind.name} came where {wanted.name} was expected")
    return json.loads(payload)


class RawOutput:
    """Catches what is written below Python's sys.stdout: by C code and by other programs."""

    def __init__(self, limit: int) -> None:
        self.file = tempfile.TemporaryFile(dir=".")  # noqa: SIM115
        self.limit = limit
        self.position = 0
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(self.file.fileno(), 1)
        os.dup2(self.file.fileno(), 2)

    def new_text(self) -> str:
        size = os.fstat(self.file.fileno()).st_size
        data = os.pread(self.file.fileno(), min(size - self.position, self.limit), self.position)
        self.position = size
        return data.decode("utf-8", "replace")


def run_in_sandbox(shell: NotebookShell, folder: Path, channel: int) -> None:
    """Run the notebook that comes in over `channel` in `folder`, inside the sandbox, and write there what happens."""
    os.chdir(folder)
    job = read_message(channel, Frame.NOTEBOOK)
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True  # a module rewritten within a second, as cells do, would not be seen
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    me = os.getpid()
    raw = RawOutput(job["output_bytes"] // 2)  # it goes out as JSON, which is longer

    def tell(kind: Frame, message: object) -> None:
        payload = json.dumps(message).encode()
        if len(payload) > LARGEST_OUTPUT:
            text = f"… an output of {len(payload) >> 20} MB is left out\n"
            payload = json.dumps({"output_type": "stream", "name": "stdout", "text": text}).encode()
        if os.getpid() == me:
            write_frame(channel, kind, payload)

    def emit(output: dict) -> None:
        if os.getpid() != me and output["output_type"] == "stream":
            os.write(1, output["text"].encode("utf-8", "replace"))
        tell(Frame.OUTPUT, output)

    def ends(cell: Cell, stopped: str) -> None:
        text = raw.new_text()
        if text:
            emit({"output_type": "stream", "name": "stdout", "text": text})
        tell(Frame.CELL_ENDS, stopped)

    cells = (Cell.from_json(read_message(channel, Frame.CELL)) for _ in range(job["cells"]))
    session = RecordingSession(job["seed"], lambda message: write_frame(channel, Frame.EVIDENCE, message))
    if job["traced"]:
        traced, work = job["traced"], frozenset(job["work"])
        steps = partial(write_frame, channel, Frame.STEPS)
        run_traced(shell, cells, traced, work, session, lambda cell: tell(Frame.CELL_BEGINS, cell.id), steps, ends)
    else:
        run_cells(shell, cells, session, job["cell_seconds"], lambda cell: tell(Frame.CELL_BEGINS, cell.id), emit, ends)
    tell(Frame.FINISHED, None)
