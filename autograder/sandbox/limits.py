"""Limits that the kernel keeps for one process: memory, processor time, processes, files."""

import os
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.policy import SandboxLimits

try:
    import resource
except ImportError:  # Windows has none, and can import this all the same
    resource = None

MB = 2**20


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
    """Set both the soft and the hard limit to `bound`, or leave a lower hard limit."""
    kind = getattr(resource, name)
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        bound = min(bound, hard)
    resource.setrlimit(kind, (bound, bound))


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
