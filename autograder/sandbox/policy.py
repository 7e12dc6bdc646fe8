"""What a sandboxed process may do."""

import functools
import os
import site
import sys
import sysconfig
from collections.abc import Mapping
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


@dataclass(frozen=True)
class SandboxLimits:
    """How much of the machine a sandbox may use.

    Attributes:
        memory_mb: what one process may allocate on top of what it is born with, and what all of a sandbox's processes
            may hold together. Files mapped for reading are not counted, up to as much again.
        cpu_seconds: processor time of one process.
        processes: processes and threads, together.
        file_mb: the size of one file.
        open_files: file descriptors of one process.
        scratch_mb: what may be added to the scratch folder, deleted files that are still open included.
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
    """

    read: tuple[Path, ...]
    write: Path
    limits: SandboxLimits = field(default_factory=SandboxLimits)
    tier: Tier = "namespaces"
    environment: Mapping[str, str] = field(default_factory=dict)
    channel_fd: int = 3

    def __post_init__(self) -> None:
        relative = [str(path) for path in (*self.read, self.write) if not path.is_absolute()]
        if relative:
            raise ValueError(f"Policy: {', '.join(relative)}: paths must be absolute, since the root may change.")


def environment_paths() -> tuple[Path, ...]:
    """What Python, its packages and the programs of the system need to read in order to run: no user's files.

    Of /etc only what the dynamic loader, the clock and the fonts need: no /etc/passwd, so `pwd` finds nobody.
    Programs that ask for the user's name or home get them from LOGNAME and HOME.
    """
    return tuple(path for path in _installed_paths() if os.access(path, os.R_OK))


@functools.cache
def _installed_paths() -> tuple[Path, ...]:
    installed = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    interpreter = {sys.prefix, sys.base_prefix} - {"/"}
    system = {"/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/alternatives"}
    return tuple(sorted(map(Path, installed | interpreter | system | set(site.getsitepackages()))))
