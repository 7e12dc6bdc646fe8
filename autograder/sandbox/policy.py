"""What a sandboxed process may do."""

import functools
import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from autograder.errors import CourseError

Tier = Literal["namespaces", "landlock", "none"]


class SandboxUnavailable(CourseError):
    """This machine cannot confine a process as the policy asks. `.cause`: what stood in the way, in a few words."""

    def __init__(self, message: str, cause: str = "") -> None:
        super().__init__(message)
        self.cause = cause or message


class SandboxDied(SandboxUnavailable):
    """A process was killed, or got stuck, while a sandbox was set up: the next try may go well."""


@dataclass(frozen=True)
class SandboxLimits:
    """How much of the machine a sandbox may use.

    Attributes:
        memory_mb: what one process may allocate on top of what it is born with, and what all of a sandbox's processes
            may hold together, in sockets and pipes too. Files mapped for reading are not counted, up to as much again.
        cpu_seconds: processor time of all its processes together.
        processes: processes and threads, together.
        file_mb: the size of one file.
        open_files: file descriptors of one process.
        scratch_mb: what may be added to the scratch folder, deleted files that are still open or mapped included.
        stack_mb: the stack of the main thread.
        nice: how far the sandbox steps back behind the grader (0..19).
    """

    memory_mb: int = 4096
    cpu_seconds: int = 600
    processes: int = 64
    file_mb: int = 256
    open_files: int = 256
    scratch_mb: int = 1024
    stack_mb: int = 8
    nice: int = 5


@dataclass(frozen=True)
class Policy:
    """What a sandboxed process may do.

    Attributes:
        read: files and folders that it may read and execute from. Anything that is not in one of them cannot be read.
        write: its scratch folder, which is also its working directory. HOME and TMPDIR lie in it.
        limits: how much it may use.
        tier: "namespaces" or "landlock"; "none" keeps the limits and the killing only, and confines nothing.
        environment: variables to set on top of the few that every sandbox gets.
        channel_fd: the file descriptor that `main` gets; 0, 1 and 2 are /dev/null, all others are closed.
        core: the processor core that all of it runs on, so that it takes no time from others; None: any.
        neighbours: how many other sandboxes may run at the same time. Where they are the same user to the kernel, it
            counts their processes together.
    """

    read: tuple[Path, ...]
    write: Path
    limits: SandboxLimits = field(default_factory=SandboxLimits)
    tier: Tier = "namespaces"
    environment: Mapping[str, str] = field(default_factory=dict)
    channel_fd: int = 3
    core: int | None = None
    neighbours: int = 0

    def __post_init__(self) -> None:
        relative = [str(path) for path in (*self.read, self.write) if not path.is_absolute()]
        if relative:
            raise ValueError(f"Policy: {', '.join(relative)}: paths must be absolute, since the root may change.")


SYSTEM = (
    *("/bin", "/sbin", "/lib", "/lib32", "/lib64"),
    *(f"/usr/{part}" for part in ("bin", "sbin", "lib", "lib32", "lib64", "libexec", "share")),
    *(f"/usr/local/{part}" for part in ("bin", "lib", "lib64", "share")),
    *(f"/etc/{part}" for part in ("ld.so.cache", "localtime", "fonts", "alternatives")),
)
"""Programs, shared libraries and fonts; of /etc only what the loader, clock and fonts need: no list of users."""

INSTALLED = ("bin", "lib", "lib64", "targets", "ssl", "fonts", "etc/fonts", *(f"share/{part}" for part in (
    "fonts", "fontconfig", "locale", "terminfo", "zoneinfo", "tcltk"
)))  # fmt: skip
"""Parts of a folder that Python, or conda with it, is installed into: programs, shared libraries, the library."""


def environment_paths() -> tuple[Path, ...]:
    """What Python, its packages and the programs of the system need to read in order to run: no user's files.

    Never a whole prefix: people keep courses below one, or make the environment in the course's folder itself.
    Since there is no /etc/passwd, `pwd` finds nobody: programs that ask for the user's name or home get them from
    LOGNAME and HOME.
    """
    return tuple(path for path in _installed_paths() if os.access(path, os.R_OK))


@functools.cache
def _installed_paths() -> tuple[Path, ...]:
    packages = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    packages |= set(site.getsitepackages()) | ({site.getusersitepackages()} if site.ENABLE_USER_SITE else set())
    packages |= {path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")}  # by .pth files
    environment = {f"{sys.prefix}/{part}" for part in ("bin", "pyvenv.cfg")}
    installation = {f"{sys.base_prefix}/{part}" for part in INSTALLED} if Path(sys.base_prefix) != Path("/") else set()
    return tuple(sorted(map(Path, packages | environment | installation | set(SYSTEM))))


def readable_place(path: Path, readable: Iterable[Path]) -> Path | None:
    """The readable folder (or file) that a path, its links followed, lies in; None where it lies in none."""
    place = path.resolve()
    return next((folder for folder in readable if place.is_relative_to(folder.resolve())), None)
