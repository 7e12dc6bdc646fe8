"""The grader's side of the warm process, `grade/processes/warm.py`."""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback
from typing import Any, NoReturn

from autograder.grade.run.protocol import Connection, Frame, call_this_process, die_with_the_parent
from autograder.machine import settle

ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "BLIS")}
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "MPLCONFIGDIR")
GRADING = "autograder.grade.processes.shell"
STARTER, ANSWER_KEY = "autograder.grade.processes.starter", "autograder.grade.processes.answer_key"
WARM = "autograder.grade.processes.warm"
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

    def __init__(self, module: str = GRADING, at_once: bool = True, copied: Connection | None = None) -> None:
        """Nothing happens yet.

        Args:
            module: its `warm_up()` makes ready, before the forks, what they need.
            at_once: start before the first fork is asked for.
            copied: where the first one listens: a copy of another's (`fork(WARM)`), which ends when that is closed.
        """
        self.module = module
        self.at_once = at_once
        self.control = copied
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "WarmProcess":
        self.lock = threading.Lock()
        self.generation = 0
        self.closed = False
        if self.at_once and self.control is None:
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

    def begin(self) -> None:
        """Start now, rather than at the first fork."""
        with self.lock:
            if self.control is None:
                self.start()

    def stop(self) -> None:
        if self.control is not None:
            self.control.close()
            self.control = None
        if self.process is not None:
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
                    mine.close()
                    raise EOFError("the warm process has ended")
                if self.control is None:
                    self.start()
                try:
                    pid = self.ask(Frame.FORK, program, theirs.fileno())
                    return Process(self, self.generation, pid, Connection(mine))
                except (OSError, EOFError):
                    if not tries_left:
                        mine.close()
                        raise
                    self.stop()
                    self.generation += 1
        raise AssertionError("the last try returns or raises")

    def end(self, process: Process) -> int | None:
        with self.lock:
            if process.generation == self.generation and not self.closed:
                with contextlib.suppress(OSError, EOFError):
                    return self.ask(Frame.END, process.pid)
        return None

    def ask(self, kind: Frame, about: str | int, descriptor: int | None = None) -> int:
        """What the warm process answers; `descriptor` goes with the question."""
        if self.control is None:
            raise EOFError("there is no warm process")
        self.control.send(kind, json.dumps(about).encode(), ANSWER_SECONDS)
        if descriptor is not None:
            self.control.send_descriptor(descriptor)
        return json.loads(self.control.receive(ANSWER_SECONDS)[1])


class ForkedProcess(WarmProcess):
    """A warm process that is a fork of this one, with all that is in memory: its forks are given `prepared`.

    Start it while this process has one thread.
    """

    def __init__(self, prepared: Any, name: str, at_once: bool = True) -> None:
        """`name`: what the system calls it."""
        super().__init__(at_once=at_once)
        self.prepared = prepared
        self.name = name
        self.pid = 0

    def start(self) -> None:
        mine, theirs = socket.socketpair()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            self.live(theirs.detach(), parent)
        theirs.close()
        self.control = Connection(mine)

    def live(self, channel: int, parent: int) -> NoReturn:
        """Be that process: nothing of the grader's stays open in it, and what its terminal sends does not reach it."""
        try:
            call_this_process(self.name)
            die_with_the_parent(parent)
            os.setsid()
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            os.closerange(3, channel)
            os.closerange(channel + 1, os.sysconf("SC_OPEN_MAX"))
            gc.collect()
            gc.freeze()
            importlib.import_module(WARM).serve(self.prepared, channel)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)

    def stop(self) -> None:
        super().stop()
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0
