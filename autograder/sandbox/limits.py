"""Limits that the kernel keeps for one process: memory, processor time, processes, files."""

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.policy import SandboxLimits

with contextlib.suppress(ImportError):  # Windows has none, and can import this all the same
    import resource

MB = 2**20
OWN_MEMORY = 2**30  # what the processes of grading map for themselves, roughly
ULIMIT = {
    "RLIMIT_DATA": ("-d", 1024),
    "RLIMIT_AS": ("-v", 1024),
    "RLIMIT_CPU": ("-t", 1),
    "RLIMIT_NPROC": ("-u", 1),
    "RLIMIT_FSIZE": ("-f", 1024),
    "RLIMIT_NOFILE": ("-n", 1),
    "RLIMIT_STACK": ("-s", 1024),
}
"""The shell's option for a limit, and the bytes or things that it counts in. A lower one would cost points."""


@dataclass(frozen=True)
class Memory:
    """What a process has mapped, in bytes: all of it, and what it can write to and has for itself."""

    mapped: int
    own: int


def memory_of_this_process() -> Memory:
    pages = [int(word) for word in Path("/proc/self/statm").read_text().split()]
    return Memory(pages[0] * os.sysconf("SC_PAGE_SIZE"), pages[5] * os.sysconf("SC_PAGE_SIZE"))


def set_limits(limits: SandboxLimits, born_with: Memory, other_tasks: int) -> None:
    """Put this process under the limits, for good.

    A fork is born with its parent's memory, and the kernel counts that too; so the limits on memory start from there.
    RLIMIT_DATA counts what a process can write to and has for itself, RLIMIT_AS every mapping, read-only files
    included: it is set twice as wide, so that mapped data sets fit and shared anonymous memory is bounded all the same.

    Args:
        limits: what the policy says.
        born_with: the memory of the process that was forked.
        other_tasks: processes and threads that the kernel counts under the same user and that are not the sandbox's.
    """
    # One byte of core instead of none: with that the kernel does not start the machine's crash reporter either.
    bounds = {
        "RLIMIT_DATA": born_with.own + limits.memory_mb * MB,
        "RLIMIT_AS": born_with.mapped + 2 * limits.memory_mb * MB,
        "RLIMIT_CPU": limits.cpu_seconds,
        "RLIMIT_NPROC": other_tasks + limits.processes,
        "RLIMIT_FSIZE": limits.file_mb * MB,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_STACK": limits.stack_mb * MB,
        "RLIMIT_CORE": 1,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_SIGPENDING": 1024,
    }
    for name, bound in bounds.items():
        lower(name, bound)
    os.nice(limits.nice)


def set_portable_limits(limits: SandboxLimits) -> None:
    """The limits that any Unix has, for running without a sandbox."""
    lower("RLIMIT_CPU", limits.cpu_seconds)
    lower("RLIMIT_FSIZE", limits.file_mb * MB)
    lower("RLIMIT_CORE", 0)


def lower(name: str, bound: int) -> None:
    """Set both the soft and the hard limit to `bound`, or leave a lower hard limit where that harms nobody.

    Raises:
        PermissionError: somebody has set a lower hard limit, which would stop honest work.
    """
    kind = getattr(resource, name)
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY and hard < bound:
        if name in ULIMIT:
            raise PermissionError(too_low(name, hard, bound))
        bound = hard
    resource.setrlimit(kind, (bound, bound))


def shortfall(limits: SandboxLimits) -> str:
    """Which limit of this process is too low for sandboxes with these limits, and what to do; "" where none is."""
    if sys.platform == "win32":
        return ""
    needed = {
        "RLIMIT_DATA": limits.memory_mb * MB + OWN_MEMORY,
        "RLIMIT_AS": 2 * limits.memory_mb * MB + OWN_MEMORY,
        "RLIMIT_FSIZE": limits.file_mb * MB,
        "RLIMIT_CPU": limits.cpu_seconds,
        "RLIMIT_NOFILE": limits.open_files,
    }
    for name, bound in needed.items():
        lowest = min(
            (limit for limit in resource.getrlimit(getattr(resource, name)) if limit != resource.RLIM_INFINITY),
            default=bound,
        )
        if lowest < bound:
            return too_low(name, lowest, bound)
    return ""


def too_low(name: str, limit: int, needed: int) -> str:
    option, unit = ULIMIT[name]
    return (
        f"this shell's limit `ulimit {option}` is {limit // unit}, and grading needs {-(-needed // unit)}. "
        f"Raise it (`ulimit {option} unlimited`), or lower the limits in assignment.toml"
    )


def tasks_of(user: int) -> int:
    """Count the processes and threads that run under a user id."""
    count = 0
    for entry in os.scandir("/proc"):
        try:
            if entry.name.isdigit() and entry.stat().st_uid == user:
                count += os.stat(f"/proc/{entry.name}/task").st_nlink - 2
        except OSError:
            continue
    return count
