"""The grader's side of the warm process, `grade/processes/warm.py`."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading

from autograder.grade.run.protocol import Connection, Frame
from autograder.machine import settle

ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "BLIS")}
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "MPLCONFIGDIR")
GRADING = "autograder.grade.processes.shell"
STARTER, ANSWER_KEY = "autograder.grade.processes.starter", "autograder.grade.processes.answer_key"
TRIES = 3
ANSWER_SECONDS = 120.0  # the first answer comes when everything is imported


def clean_environment() -> dict[str, str]:
    """The variables of the warm process: no tokens, no addresses of the grader's machine."""
    return {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ} | ONE_THREAD


class Process:
    """A process that the warm one forked."""

    def __init__(self, warm: "WarmProcess", generation: int, pid: int, control: Connection) -> None:
        """`generation`: of the warm process that forked it; `control`: where the grader talks to it."""
        self.warm = warm
        self.generation = generation
        self.pid = pid
        self.control = control
        self.ended = False

    def end(self) -> int | None:
        """Kill it, and hang up. Returns the status it ended with, or None where nobody knows that."""
        self.control.close()
        if self.ended:
            return None
        self.ended = True
        return self.warm.end(self)

    def interrupt(self) -> None:
        """Have whoever waits for its answer get an EOFError or OSError. May be called from any thread."""
        self.control.interrupt()


class WarmProcess:
    """A warm process. Use as a context manager; safe to share between threads.

    Where somebody kills it, what it forked dies with it, and the next fork is of a new one.
    """

    def __init__(self, module: str = GRADING, at_once: bool = True) -> None:
        """Nothing happens yet.

        Args:
            module: its `warm_up()` makes ready, before the forks, what they need.
            at_once: start before the first fork is asked for.
        """
        self.module = module
        self.at_once = at_once
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "WarmProcess":
        self.lock = threading.Lock()
        self.generation = 0
        self.closed = False
        if self.at_once:
            self.start()
        return self

    def __exit__(self, *exc) -> None:
        with self.lock:
            self.closed = True
            self.stop()

    def start(self) -> None:
        settle()
        mine, theirs = socket.socketpair()
        self.control = Connection(mine)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "autograder.grade.processes.warm", str(theirs.fileno()), self.module],
                pass_fds=[theirs.fileno()],
                env=clean_environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def stop(self) -> None:
        if self.process is not None:
            self.control.close()
            self.process.kill()
            self.process.wait()
            self.process = None

    def fork(self, program: str) -> Process:
        """Have a process forked that is this program: the name of a module with a `serve(prepared, channel)`.

        Raises:
            OSError, EOFError: it is killed every time, or this context has ended.
        """
        mine, theirs = socket.socketpair()
        with theirs, self.lock:
            for tries_left in reversed(range(TRIES)):
                if self.closed:
                    raise EOFError("the warm process has ended")
                if self.process is None:
                    self.start()
                try:
                    self.control.send(Frame.FORK, json.dumps(program).encode(), ANSWER_SECONDS)
                    self.control.send_descriptor(theirs.fileno())
                    return Process(self, self.generation, self.answer(Frame.FORKED), Connection(mine))
                except (OSError, EOFError):
                    if not tries_left:
                        raise
                    self.stop()
                    self.generation += 1
        raise AssertionError("the last try returns or raises")

    def end(self, process: Process) -> int | None:
        with self.lock:
            if process.generation == self.generation and not self.closed:
                with contextlib.suppress(OSError, EOFError):
                    self.control.send(Frame.END, json.dumps(process.pid).encode(), ANSWER_SECONDS)
                    return self.answer(Frame.ENDED)
        return None

    def answer(self, expected: Frame) -> int:
        kind, payload = self.control.receive(ANSWER_SECONDS)
        assert kind is expected
        return json.loads(payload)
