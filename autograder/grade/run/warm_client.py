"""The grader's side of the warm process."""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading

from autograder.grade.run.protocol import DONE, END, FORK, read_frame, write_frame

ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "BLIS")}
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "MPLCONFIGDIR")
TRIES = 3


def clean_environment() -> dict[str, str]:
    """The variables of the warm process: no tokens, no addresses of the grader's machine."""
    return {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ} | ONE_THREAD


class Process:
    """A process that the warm one forked."""

    def __init__(self, warm: "WarmProcess", generation: int, pid: int, control: socket.socket) -> None:
        """`generation`: of the warm process that forked it; `control`: where the grader talks to it."""
        self.warm = warm
        self.generation = generation
        self.pid = pid
        self.control = control
        self.ended = False

    def end(self) -> None:
        """Kill it, and hang up."""
        self.control.close()
        if not self.ended:
            self.ended = True
            self.warm.end(self)

    def hung_up(self) -> bool:
        """Has it ended? (It says nothing unasked: where there is something to read, that is the end.)"""
        return bool(select.select([self.control], [], [], 0)[0])

    def interrupt(self) -> None:
        """Have whoever waits for its answer get an EOFError or OSError. May be called from any thread."""
        with contextlib.suppress(OSError):
            self.control.shutdown(socket.SHUT_RDWR)


class WarmProcess:
    """The warm process of a grading run. Use as a context manager; safe to share between threads.

    Where somebody kills it, what it forked dies with it, and the next fork is of a new one.
    """

    def __enter__(self) -> "WarmProcess":
        self.lock = threading.Lock()
        self.generation = 0
        self.start()
        return self

    def __exit__(self, *exc) -> None:
        self.control.close()
        self.process.terminate()
        self.process.wait()

    def start(self) -> None:
        self.control, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "autograder.grade.processes.warm", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=clean_environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def fork(self, program: str) -> Process:
        """Have a program's process forked: "starter" or "answer_key"."""
        mine, theirs = socket.socketpair()
        with theirs, self.lock:
            for tries_left in reversed(range(TRIES)):
                try:
                    write_frame(self.control.fileno(), FORK, json.dumps(program).encode())
                    socket.send_fds(self.control, [b"\0"], [theirs.fileno()])
                    return Process(self, self.generation, self.answer(), mine)
                except (OSError, EOFError):
                    if not tries_left:
                        raise
                    self.restart()
        raise AssertionError("the last try returns or raises")

    def end(self, process: Process) -> None:
        with self.lock:
            if process.generation == self.generation:
                with contextlib.suppress(OSError, EOFError):
                    write_frame(self.control.fileno(), END, json.dumps(process.pid).encode())
                    self.answer()

    def answer(self) -> int:
        kind, payload = read_frame(self.control.fileno())
        assert kind == DONE
        return json.loads(payload)

    def restart(self) -> None:
        self.__exit__()
        self.generation += 1
        self.start()
