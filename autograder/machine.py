"""What this machine has and what a shell hands over: facts that grading and reports share."""

import contextlib
import os
from pathlib import Path

MB = 2**20
CGROUPS = Path("/sys/fs/cgroup")
OWNERS_RIGHTS = 0o700
NO_LIMIT = 2**60


def usable_cores() -> list[int]:
    """The numbers of the processor cores that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def cores() -> int:
    """How many processor cores this process may use."""
    return len(usable_cores())


def load_now() -> str:
    """What a measurement is to be read with: "2 cores, load 0.4 before it began"."""
    return f"{cores()} cores, load {os.getloadavg()[0]:.1f} before it began"


def settle() -> None:
    """Put right what a shell may have left: closed standard descriptors, a umask that takes the owner's own rights.

    A file that is opened while descriptor 0, 1 or 2 is closed gets that number, and what is printed goes into it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free number is this one
    mask = os.umask(0o077)
    os.umask(mask & ~OWNERS_RIGHTS)


def available_memory() -> int:
    """How many bytes of memory programs can still get: of the machine, or of the container where that has fewer."""
    found = [NO_LIMIT]
    with contextlib.suppress(OSError, ValueError, KeyError):
        fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        found.append(int(fields["MemAvailable"].split()[0]) * 1024)
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        with contextlib.suppress(OSError, ValueError):
            found.append(int((CGROUPS / limit).read_text()) - int((CGROUPS / used).read_text()))
    return max(0, min(found))


def kills_for_memory() -> int:
    """How many processes the kernel has killed so far because there was no memory left."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/vmstat").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
    return 0


def free_space(folder: Path) -> int:
    """How many bytes can still be written in a folder's file system; 0 where it can hold no more files."""
    about = os.statvfs(folder)
    return 0 if about.f_files and not about.f_favail else about.f_bavail * about.f_frsize
