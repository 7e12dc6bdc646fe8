"""Fork this process, confine the fork, and run a function in it."""

import contextlib
import itertools
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from typing import NoReturn

from autograder.sandbox import scratch, syscalls, watchdog
from autograder.sandbox.policy import Policy, SandboxDied, SandboxUnavailable
from autograder.sandbox.tiers import TIERS, Tier

START_SECONDS = 30
KILL_SECONDS = 30
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class SandboxedChild:
    """A process in a sandbox. Wait for it, or kill it; as a context manager it is killed at the end."""

    def __init__(self, pid: int, fd: int, control: socket.socket, watchdog_pid: int) -> None:
        self.pid = pid
        """The sandbox's first process, as this process sees it."""
        self.fd = fd
        """The socket to the function that runs in the sandbox. Whoever uses it closes it."""
        self.reason: str | None = None
        """After `wait`: why it was stopped from outside, or None when it ended by itself."""
        self.shortage = ""
        """After `wait`: what the machine had too little of meanwhile, or ""."""
        self.busy = 0
        """After `wait`: how many processes beside its first were at work when that ended."""
        self.cpu_seconds = 0.0
        self._status: int | None = None
        self._control = control
        self.watchdog_pid = watchdog_pid
        """The parent of all of them."""

    def __enter__(self) -> "SandboxedChild":
        return self

    def __exit__(self, *_) -> None:
        self.kill()
        os.close(self.fd)

    def interrupt(self) -> None:
        """Send SIGINT to the first process: a KeyboardInterrupt in its Python code."""
        with contextlib.suppress(OSError):
            self._control.send(watchdog.INTERRUPT)

    def ring(self) -> None:
        """Send SIGALRM to the first process."""
        with contextlib.suppress(OSError):
            self._control.send(watchdog.RING)

    def kill(self) -> None:
        """Kill every process of the sandbox, and return when they are gone. Does nothing if they are already."""
        if self._status is None:
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_WR)
            with contextlib.suppress(TimeoutError):
                self.wait(KILL_SECONDS)
                return
            os.kill(self.watchdog_pid, signal.SIGKILL)
            self.wait()

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the sandbox has ended and none of its processes is left.

        Returns:
            The exit code of its first process, or minus the signal that ended it.

        Raises:
            TimeoutError: it has not ended after `timeout` seconds.
        """
        if self._status is None:
            report = read_line(self._control, timeout) or {}
            if "status" not in report:  # it was killed, or stopped for an error of its own
                report = {"status": -signal.SIGKILL, "reason": "its watchdog was killed"}
            self.reason, self.cpu_seconds = report["reason"], report.get("cpu_seconds", 0.0)
            self.shortage, self.busy = report.get("shortage", ""), report.get("busy", 0)
            os.waitpid(self.watchdog_pid, 0)
            self._control.close()
            self._status = report["status"]
        return self._status


def spawn(main: Callable[[int], None], policy: Policy) -> SandboxedChild:
    """Run `main(fd)` in a fork of this process that can do no more than the policy says.

    The fork has all of this process's memory: nothing secret may be in it, and nothing that it shares writably with
    others. `fd` is a stream socket to the returned child's `.fd`. When `main` returns, the process ends with status 0.

    Raises:
        SandboxUnavailable: this machine does not give what the policy's tier needs.
        RuntimeError: this process has more than one thread; a fork could inherit a lock that nobody will release.
    """
    if not hasattr(os, "fork"):
        raise SandboxUnavailable(
            f"Grading needs fork(), which {sys.platform} does not have. Use the container that Dockerfile describes."
        )
    refuse_threads()
    tier = TIERS[policy.tier](policy)
    scratch.prepare(policy.write)
    control, watchdogs_control = socket.socketpair()
    channel, mains_channel = socket.socketpair()
    flush_output()
    unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    watchdog_pid = os.fork()
    if watchdog_pid == 0:
        run_watchdog(main, policy, tier, watchdogs_control.detach(), mains_channel.detach())
    signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
    watchdogs_control.close()
    mains_channel.close()
    try:
        started = await_start(control)
    except TimeoutError:
        started = {"error": f"it was not ready after {START_SECONDS} s", "died": True}
        os.kill(watchdog_pid, signal.SIGKILL)
    if "error" in started:
        control.close()
        channel.close()
        os.waitpid(watchdog_pid, 0)
        kind = SandboxDied if started.get("died") else SandboxUnavailable
        raise kind(
            f"The sandbox ({policy.tier}) cannot be set up: {started['error']}.\n"
            "`autograder doctor` says what this machine lacks; --no-sandbox grades without, if you trust the code.",
            cause=started["error"],
        )
    return SandboxedChild(started["pid"], channel.detach(), control, watchdog_pid)


def await_start(control: socket.socket) -> dict:
    """Return what the watchdog and the sandbox tell of their start: `pid` and `ready`, or `error`."""
    told: dict = {}
    while "error" not in told and not {"pid", "ready"} <= told.keys():
        told |= read_line(control, START_SECONDS) or {"error": "a process died while it was set up", "died": True}
    return told


def refuse_threads() -> None:
    try:
        count = len(os.listdir("/proc/self/task"))
    except OSError:
        return
    if count > 1:
        raise RuntimeError(
            f"spawn: this process has {count} threads. Set OPENBLAS_NUM_THREADS=1 (and the like) before numpy is "
            "imported, and start no threads in the process that forks."
        )


def read_line(control: socket.socket, timeout: float | None) -> dict | None:
    """Return the next message, or None when the other side is gone; raises TimeoutError."""
    deadline = None if timeout is None else time.monotonic() + timeout
    line = b""
    while not line.endswith(b"\n"):
        control.settimeout(None if deadline is None else max(0.001, deadline - time.monotonic()))
        try:
            received = control.recv(1)
        except ConnectionResetError:
            received = b""
        if not received:
            return None
        line += received
    return json.loads(line)


def run_watchdog(main: Callable[[int], None], policy: Policy, tier: Tier, control: int, channel: int) -> NoReturn:
    """In the first fork: make ready what must be done from outside, fork the sandbox, and keep it to its end."""
    try:
        os.setsid()
        forget_signals()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        close_all_but(control, channel)
        tier.prepare()
        alive, life = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(life)
            run_main(main, policy, tier, control, channel, alive)
        os.close(channel)
        os.close(alive)
        tell(control, pid=pid)
        watchdog.watch(pid, control, tier.killer(pid), tier.excess, tier.shortage)
    except BaseException as error:
        tell(control, error=describe(error))
    finally:
        os._exit(0)


def run_main(
    main: Callable[[int], None], policy: Policy, tier: Tier, control: int, channel: int, alive: int
) -> NoReturn:
    """In the second fork: confine this process, then run `main`."""
    status, ready = 1, False
    try:
        os.setsid()
        set_environment(policy)
        stay_on(policy.core)
        tier.enter()
        die_with_the_watchdog(alive)
        tier.lock()
        os.chdir(policy.write)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        ready = True
        tell(control, ready=True)
        take_only(channel, policy.channel_fd)
        main(policy.channel_fd)
        status = 0
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except BaseException as error:
        if ready:
            traceback.print_exc()
        else:
            tell(control, error=describe(error))
    finally:
        flush_output()
        os._exit(status & 0xFF)


def stay_on(core: int | None) -> None:
    """Keep this process, and every later child, on one core; the sandbox forbids to change that."""
    if core is not None and hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):  # the core was taken away meanwhile
            os.sched_setaffinity(0, {core})


def flush_output() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


def tell(control: int, **message: object) -> None:
    """Send a message to the grader, if it still lives."""
    with contextlib.suppress(OSError):
        os.write(control, json.dumps(message).encode() + b"\n")


def describe(error: BaseException) -> str:
    return str(error) or type(error).__name__


def forget_signals() -> None:
    """Put every signal back to what a fresh Python has."""
    signal.set_wakeup_fd(-1)
    ignored = {signal.SIGPIPE, signal.SIGXFSZ}
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGINT}:
        signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def close_all_but(*kept: int) -> None:
    """Close every file descriptor but these; 0, 1 and 2 become /dev/null."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nothing, descriptor)
    edges = [2, *sorted(kept), syscalls.END_OF_DESCRIPTORS]
    for low, high in itertools.pairwise(edges):
        syscalls.close_range(low + 1, high - 1)


def take_only(channel: int, wanted: int) -> None:
    """Move the channel to the descriptor that the policy wants, and close every other one."""
    os.dup2(channel, wanted, inheritable=False)
    close_all_but(wanted)


def die_with_the_watchdog(alive: int) -> None:
    """Have the kernel kill this process when its parent dies. `alive`: a pipe whose other end only the parent holds."""
    if sys.platform != "linux":
        return
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    if select.select([alive], [], [], 0)[0]:
        os._exit(1)


def set_environment(policy: Policy) -> None:
    """Leave nothing of the grader's environment; HOME, TMPDIR and every cache lie in the scratch folder."""
    home, temporary = str(policy.write / scratch.HOME), str(policy.write / scratch.TEMPORARY)
    os.environ.clear()
    os.environ.update(
        {
            "PATH": os.pathsep.join([os.path.join(sys.prefix, "bin"), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": home,
            "TMPDIR": temporary,
            "MPLCONFIGDIR": os.path.join(home, "matplotlib"),
            "IPYTHONDIR": os.path.join(home, "ipython"),
            "LOGNAME": "student",
            "USER": "student",
            "LANG": "C.UTF-8",
            "MPLBACKEND": "agg",
            "PYTHONDONTWRITEBYTECODE": "1",
            **dict.fromkeys(THREADS, "1"),
            **policy.environment,
        }
    )
    tempfile.tempdir = None
    os.umask(0o022)
