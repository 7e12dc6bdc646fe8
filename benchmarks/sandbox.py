"""What the sandbox costs: from `spawn()` to the first line of student code, beside a bare fork of the same process.

    python benchmarks/sandbox.py [REPEATS] [--quick]

Run as root it measures an ordinary user too. The parent is as warm as a grading worker: numpy, matplotlib and IPython
are imported. Bare fork and both tiers take turns, so that a busy machine slows all of them alike; the processor time,
of parent and children together, hardly depends on what else runs.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import gc
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import IPython  # noqa: F401
import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot
import numpy  # noqa: F401
from rich.console import Console
from rich.table import Table

from autograder.machine import load_now
from autograder.sandbox import Policy, SandboxUnavailable, environment_paths, spawn, syscalls

NOBODY = 65534
WARM_UP = 5
QUICK = 20


Moments = tuple[float, float, float]
"""Seconds until the first line, until all is gone, and of the processor."""


def processor() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def bare_fork() -> Moments:
    """Fork, have the child send a byte, and wait for it."""
    used = processor()
    began = time.perf_counter()
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(theirs, b"x")
        os._exit(0)
    os.read(ours, 1)
    first = time.perf_counter()
    os.waitpid(pid, 0)
    ended = time.perf_counter()
    os.close(ours)
    os.close(theirs)
    return first - began, ended - began, processor() - used


def sandboxed(policy: Policy) -> Moments:
    """The same in a sandbox."""
    used = processor()
    began = time.perf_counter()
    child = spawn(lambda fd: os.write(fd, b"x"), policy)
    os.read(child.fd, 1)
    first = time.perf_counter()
    child.wait()
    ended = time.perf_counter()
    os.close(child.fd)
    return first - began, ended - began, processor() - used


def measure(repeats: int) -> dict[str, list[Moments]]:
    """Return the times of every contestant that this machine and user can run."""
    with tempfile.TemporaryDirectory() as folder:
        contestants: dict[str, Callable[[], Moments]] = {"bare fork": bare_fork}
        for tier in ("namespaces", "landlock"):
            policy = Policy(read=environment_paths(), write=Path(folder), tier=tier)
            try:
                sandboxed(policy)
            except SandboxUnavailable as error:
                print(f"{tier}: {error.cause}")
                continue
            contestants[tier] = lambda policy=policy: sandboxed(policy)
        times: dict[str, list[Moments]] = {name: [] for name in contestants}
        for _ in range(repeats + WARM_UP):
            for name, run in contestants.items():
                times[name].append(run())
    return {name: values[WARM_UP:] for name, values in times.items()}


def show(user: str, times: dict[str, list[Moments]]) -> None:
    table = Table(title=f"as {user}, milliseconds", title_justify="left")
    for column in ("", "first line p50", "p95", "all gone p50", "p95", "processor p50", "p95", "beyond a fork"):
        table.add_column(column, justify="right" if column else "left")
    bare = statistics.median(moments[2] for moments in times["bare fork"])
    for name, values in times.items():
        cells = []
        for moment in zip(*values, strict=True):
            cuts = statistics.quantiles(moment, n=20)
            cells += [f"{statistics.median(moment) * 1e3:.1f}", f"{cuts[-1] * 1e3:.1f}"]
        more = statistics.median(moments[2] for moments in values) - bare  # of the processor, than a bare fork
        table.add_row(name, *cells, f"{more * 1e3:.1f}")
    Console(width=120).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repeats", nargs="?", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} repeats")
    given = parser.parse_args()
    repeats = QUICK if given.quick else given.repeats
    print(load_now(), flush=True)
    environment_paths()
    gc.collect()
    gc.freeze()
    as_root = os.geteuid() == 0
    show("root" if as_root else "an ordinary user", measure(repeats))
    if as_root:
        pid = os.fork()
        if pid == 0:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)
            show("an ordinary user", measure(repeats))
            os._exit(0)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
