"""The process between the grader and a sandbox: it measures from outside, kills on order, and leaves nobody behind.

It is the parent of the sandbox's first process and the heir of every orphan in it. When the grader dies, however
suddenly, the control socket closes, and the watchdog takes that as the order to kill.
"""

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from autograder.sandbox import scratch
from autograder.sandbox.limits import memory_of_this_process
from autograder.sandbox.policy import Policy

MEASURE_EVERY_MS = 50
SELDOM = 5  # measurements: what takes longer is measured as seldom as that
LOOK_SECONDS = 0.05
TASKS_IN_PASSING = 2  # such as end while they are counted
LEAST_FREE = 2**18  # bytes of the scratch folder's file system: below, somebody's writing has failed or is about to
STOPPED = "it was stopped"
NO_ROOM_LEFT = "no room left on the disk"
INTERRUPT, RING = b"i", b"a"
"""Orders: send the first process SIGINT, or SIGALRM."""
PRIVATE, SHARED, THREADS = (b"RssAnon:", b"VmSwap:"), b"RssShmem:", b"Threads:"
FIELDS = {*PRIVATE, SHARED, THREADS}
MB = 2**20


class Meter:
    """Measures what a sandbox uses up altogether, and says when it is too much."""

    def __init__(self, policy: Policy) -> None:
        self.folder = str(policy.write)
        self.device = os.stat(policy.write).st_dev
        self.limits = policy.limits
        self.scratch_bytes = policy.limits.scratch_mb * MB
        with contextlib.suppress(scratch.Unmeasurable, OSError):  # then it is stopped for that, like any other
            self.scratch_bytes += scratch.tree_bytes(self.folder)
        self.inherited = held_by("self").private
        born_with = memory_of_this_process()
        self.headroom = max(0, born_with.own - self.inherited) + policy.limits.stack_mb * MB
        """What the kernel lets one process use beyond `memory_mb`: it was mapped before, and is filled only now.

        It is not counted. Who reaches the limit with one process gets a MemoryError, however often we look.
        """
        self.shortage = ""
        self.ticks = 0
        self.mapped: dict[int, set[int]] = {}
        """Process -> its deleted files that are mapped, those longest not looked at first.

        Nobody can see their size: each counts as the largest that there can be.
        """

    def look_at_the_disk(self) -> None:
        """Keep in `shortage` that the file system was full at any time, whoever filled it."""
        with contextlib.suppress(OSError):
            about = os.statvfs(self.folder)
            if about.f_bavail * about.f_frsize < LEAST_FREE or (about.f_files and not about.f_favail):
                self.shortage = NO_ROOM_LEFT

    def excess(self) -> str | None:
        """Return what was exceeded, in words, or None."""
        self.look_at_the_disk()
        self.ticks += 1
        pids = descendants(os.getpid())
        held = {pid: held_by(pid) for pid in pids}
        if sum(one.threads for one in held.values()) > self.limits.processes + TASKS_IN_PASSING:
            return too_many_tasks(self.limits.processes)
        opened = scratch.opened_by(pids, self.device)
        private = sum(max(0, one.private - self.inherited) for one in held.values())
        shared = sum(one.shared for one in held.values()) + opened.buffers
        if max(0, private - self.headroom) + shared > self.limits.memory_mb * MB:
            return f"its processes used more than {self.limits.memory_mb} MB of memory"
        if self.ticks % SELDOM == 0:
            if usage_of(os.getpid()).processor > self.limits.cpu_seconds:
                return f"its processes used more than {self.limits.cpu_seconds} s of processor time"
            self.look_at_mappings(pids)
        try:
            disk = scratch.tree_bytes(self.folder, self.scratch_bytes)
        except scratch.Unmeasurable:
            return "it made a folder that cannot be measured"
        except OSError as error:
            self.shortage = f"{error.strerror}, where its folder was measured"
            return None
        disk += sum(opened.deleted.values())
        disk += len(set().union(*self.mapped.values()) - opened.deleted.keys()) * self.limits.file_mb * MB
        if disk > self.scratch_bytes:
            return too_much_written(self.limits.scratch_mb)
        return None

    def look_at_mappings(self, pids: Sequence[int]) -> None:
        """At those of some processes, in turn: there can be so many that memory would not be watched meanwhile."""
        known = {pid: found for pid, found in self.mapped.items() if pid in pids}
        self.mapped = {pid: set[int]() for pid in pids if pid not in known} | known
        until = time.monotonic() + LOOK_SECONDS
        for pid in list(self.mapped):
            del self.mapped[pid]
            self.mapped[pid] = scratch.mapped_by([pid], self.device)
            if time.monotonic() > until:
                return


def too_much_written(megabytes: int) -> str:
    """The reason for stopping a sandbox that used up its share of the disk."""
    return f"it wrote more than {megabytes} MB"


def too_many_tasks(processes: int) -> str:
    """The reason for stopping a sandbox that has too many processes, where the kernel does not keep it from that."""
    return f"it had more than {processes} processes and threads"


def descendants(pid: int) -> list[int]:
    """Return the processes that `pid` and its children have started, as far as they are still its descendants."""
    return [one for one in family(pid) if one != pid]


def family(pid: int) -> dict[int, frozenset[int]]:
    """Return `pid` and its descendants, each with its children."""
    found: dict[int, frozenset[int]] = {}
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        children: set[int] = set()
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{parent}/task"):
                children.update(map(int, Path(f"/proc/{parent}/task/{thread}/children").read_text().split()))
        found[parent] = frozenset(children)
        waiting += children - found.keys()
    return found


@dataclass(frozen=True)
class Usage:
    """What a process and all its descendants have had of the processors so far.

    Attributes:
        processor: seconds that they ran, all together, those that have ended included.
        waiting: thread -> seconds that it could have run, but something else did.
        children: process -> those that it has now.
        buried: process -> page faults of the children that it has waited for: each has some.
    """

    processor: float = 0.0
    waiting: Mapping[int, float] = field(default_factory=dict)
    children: Mapping[int, frozenset[int]] = field(default_factory=dict)
    buried: Mapping[int, int] = field(default_factory=dict)

    def forgets(self, before: "Usage") -> bool:
        """Has a child vanished since then that its parent did not wait for? What it ran is in no account."""
        for pid, children in self.children.items():
            gone = before.children.get(pid, children) - children
            if gone and self.buried.get(pid) == before.buried.get(pid) and not all(map(lives, gone)):
                return True
        return False


def usage_of(pid: int) -> Usage:
    """Measure a process and its descendants from outside."""
    ticks, waiting, buried = 0, {}, {}
    children = family(pid)
    for one in children:
        with contextlib.suppress(OSError):
            stat = stat_of(one)
            ticks += sum(map(int, stat[11:15]))
            buried[one] = int(stat[8]) + int(stat[10])
            for thread in os.listdir(f"/proc/{one}/task"):
                waiting[int(thread)] = int(Path(f"/proc/{one}/task/{thread}/schedstat").read_bytes().split()[1]) / 1e9
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), waiting, children, buried)


def lives(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")


def stat_of(pid: int) -> list[bytes]:
    """What the kernel tells of a process after its name, which the process chooses itself. Raises OSError."""
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()


class Held(NamedTuple):
    """What a process has: bytes of memory that no file backs, its own (swapped out or not) and shared, and threads."""

    private: int = 0
    shared: int = 0
    threads: int = 0


def held_by(pid: int | str) -> Held:
    """What a process has; nothing when it is gone."""
    try:
        return held(Path(f"/proc/{pid}/status").read_bytes())
    except OSError:
        return Held()


def held(status: bytes) -> Held:
    """What a process's status tells. Its first line is the process's name, of any bytes but line ends."""
    lines = (line.split() for line in status.split(b"\n")[1:])
    fields = {words[0]: int(words[1]) for words in lines if words and words[0] in FIELDS}
    private = sum(fields.get(name, 0) for name in PRIVATE)
    return Held(private * 1024, fields.get(SHARED, 0) * 1024, fields.get(THREADS, 0))


def at_work(pids: Iterable[int]) -> int:
    """How many of these processes run, or could."""
    count = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            count += stat_of(pid)[0] == b"R"
    return count


def watch(
    main: int,
    control: int,
    kill_all: Callable[[], None],
    excess: Callable[[], str | None],
    shortage: Callable[[], str],
) -> None:
    """Stay until `main` has ended and all that it started is gone; then report how it ended.

    Args:
        main: the process id of the sandbox's first process, a child of this one.
        control: a socket to the grader: orders come in, the report goes out.
        kill_all: kills every process of the sandbox that is left.
        excess: says what the sandbox used too much of, or None.
        shortage: says what the machine had too little of while the sandbox ran, or "".
    """
    poll = select.poll()
    poll.register(control, select.POLLIN)
    if hasattr(os, "pidfd_open"):
        poll.register(os.pidfd_open(main), select.POLLIN)
    reason, busy = None, 0
    while (ended := bury(main)) is None:
        ready = dict(poll.poll(MEASURE_EVERY_MS))
        if control in ready:
            order = os.read(control, 1)
            if order in (INTERRUPT, RING):
                os.kill(main, signal.SIGINT if order == INTERRUPT else signal.SIGALRM)
                continue
            reason = STOPPED
            poll.unregister(control)
        elif not ready:
            reason = reason or excess()
        if reason:
            busy = busy or at_work(pid for pid in descendants(os.getpid()) if pid != main)
            kill_all()
    busy = busy or at_work(descendants(os.getpid()))
    while True:
        kill_all()
        try:
            os.wait()
        except ChildProcessError:
            break
    status, cpu_seconds = ended
    reason = reason or excess()
    report = {
        "status": os.waitstatus_to_exitcode(status),
        "reason": reason,
        "cpu_seconds": cpu_seconds,
        "shortage": shortage(),
        "busy": busy,
    }
    with contextlib.suppress(OSError):
        os.write(control, json.dumps(report).encode() + b"\n")


def bury(main: int) -> tuple[int, float] | None:
    """Reap the children that have ended; return the status and processor time of `main` if it is among them."""
    while True:
        pid, status, usage = os.wait4(-1, os.WNOHANG)
        if pid == main:
            return status, usage.ru_utime + usage.ru_stime
        if pid == 0:
            return None
