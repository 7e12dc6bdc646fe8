"""Who a sandboxed process is: a user id that nobody else has, where the grader is root, and no capabilities."""

import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox import syscalls

CAP_CHOWN, CAP_DAC_READ_SEARCH, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN = 0, 2, 5, 6, 7, 21
LAST_CAPABILITY = 63
PIDS = 1 << 22


@dataclass(frozen=True)
class Privileges:
    """What this process can do as root: change its user, and mount without a user namespace."""

    change_user: bool
    mount: bool


def privileges() -> Privileges:
    if os.geteuid() != 0:
        return Privileges(False, False)
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    held = int(line.split()[1], 16)

    def holds(*capabilities: int) -> bool:
        return all(held >> capability & 1 for capability in capabilities)

    change_user = holds(CAP_CHOWN, CAP_KILL, CAP_SETGID, CAP_SETUID) and spare_id(os.getpid()) is not None
    return Privileges(change_user, change_user and holds(CAP_SYS_ADMIN))


def refuse_half_a_root() -> None:
    """Raise PermissionError where this process is the machine's root, yet may not become somebody else.

    The kernel does not bind root to a number of processes.
    """
    first_id_inside, first_id_outside, _ = Path("/proc/self/uid_map").read_text().splitlines()[0].split()
    if os.geteuid() == 0 and first_id_inside == first_id_outside == "0":
        raise PermissionError("root lacks capabilities here (CAP_SYS_ADMIN, CAP_SETUID, …); run as an ordinary user")


def spare_id(pid: int) -> int | None:
    """Return a user and group id for the sandbox that process `pid` keeps: high up, and different for every live pid.

    None where no ids can be spared, as in a container that has only a few.
    """
    id_map = [tuple(map(int, line.split())) for line in Path("/proc/self/uid_map").read_text().splitlines()]
    inside, _, count = max(id_map, key=lambda extent: extent[2])
    end = min(inside + count, 2**31 - 2**20)
    span = min(count // 4, PIDS)
    return end - span + pid % span if span >= 2**12 else None


def become(user: int) -> None:
    """Change to that user and group for good, with no further groups. Capabilities stay in reach until dropped."""
    drop_bounding_set()
    syscalls.prctl(syscalls.PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def drop_bounding_set() -> None:
    """See to it that no program started later can gain a capability, where this process may do so."""
    for capability in range(LAST_CAPABILITY + 1):
        try:
            syscalls.prctl(syscalls.PR_CAPBSET_DROP, capability)
        except OSError:
            return


def drop_capabilities(but: int = 0) -> None:
    """Give up every capability that this process holds, but those in the bit mask; no program it starts has any."""
    syscalls.prctl(syscalls.PR_CAP_AMBIENT, syscalls.PR_CAP_AMBIENT_CLEAR_ALL)
    version_3, this_process = 0x20080522, 0
    effective_permitted_inheritable = struct.pack("III", but, but, 0) + bytes(12)
    syscalls.capset(struct.pack("Ii", version_3, this_process), effective_permitted_inheritable)


def held_capabilities() -> int:
    """Return what this process may do beyond any user, as a bit mask."""
    version_3, this_process = 0x20080522, 0
    effective, permitted, *_ = struct.unpack("6I", syscalls.capget(struct.pack("Ii", version_3, this_process)))
    return effective | permitted


def needed_to_reach(paths: Iterable[Path]) -> int:
    """Return the capabilities that this process's user needs to read the paths, as a bit mask.

    Root's own Python may lie in a folder that only root can enter. The capability to enter it opens nothing else where
    Landlock says what can be opened.
    """
    return 0 if all(os.access(path, os.R_OK) for path in paths) else 1 << CAP_DAC_READ_SEARCH
