"""The Linux calls that Python's standard library has no name for."""

import ctypes
import os
import platform
import sys

MACHINE = platform.machine()
"""The processor, as the kernel names it."""

KNOWN_MACHINES = ("x86_64", "aarch64")

PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}.get(MACHINE, -1)
CLOSE_RANGE = 436
MOUNT_SETATTR = 442
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446

END_OF_DESCRIPTORS = 2**32 if sys.platform == "linux" else 4096
"""One more than the largest file descriptor that anything here may have."""

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_KEEPCAPS = 8
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_GET_NO_NEW_PRIVS = 39
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else ctypes.pythonapi  # has none of the calls


def _checked(name: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def syscall(number: int, *arguments: int | bytes | ctypes.Array | None, name: str) -> int:
    """Make the system call of that number; raises OSError with `name` in its text."""
    wide = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return _checked(name, _libc.syscall(ctypes.c_long(number), *wide))


def prctl(option: int, *arguments: int | ctypes.c_void_p) -> int:
    """Change or ask for an attribute of this process."""
    wide = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in arguments]
    wide += [ctypes.c_ulong(0)] * (4 - len(wide))
    return _checked(f"prctl({option})", _libc.prctl(ctypes.c_int(option), *wide))


def close_range(first: int, last: int) -> None:
    """Close the file descriptors from `first` to `last`. Python's own `os.closerange` may try each number in turn."""
    if first > last:
        return
    if sys.platform == "linux":
        syscall(CLOSE_RANGE, first, last, 0, name="close_range")
    else:
        os.closerange(first, last + 1)


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` names for new ones."""
    _checked("unshare", _libc.unshare(ctypes.c_int(flags)))


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    _checked(
        f"mount {source} on {target}",
        _libc.mount(
            os.fsencode(source),
            os.fsencode(target),
            kind.encode() if kind else None,
            ctypes.c_ulong(flags),
            options.encode() or None,
        ),
    )


def detach(target: str) -> None:
    """Take what is mounted on `target`, and on anything below it, out of sight."""
    lazily = 2
    _checked(f"umount {target}", _libc.umount2(os.fsencode(target), ctypes.c_int(lazily)))


def pivot_root(new_root: str, put_old: str) -> None:
    syscall(PIVOT_ROOT, os.fsencode(new_root), os.fsencode(put_old), name="pivot_root")


def capset(header: bytes, data: bytes) -> None:
    _checked("capset", _libc.capset(header, data))


def capget(header: bytes) -> bytes:
    """Return the three sets, in two halves, as six 32-bit words: effective, permitted, inheritable; twice."""
    data = ctypes.create_string_buffer(24)
    _checked("capget", _libc.capget(header, data))
    return data.raw
