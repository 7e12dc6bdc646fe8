"""Landlock: which files a process can open, and whom it can signal.

The rules and their versions ("ABI") are those of the kernel's Documentation/userspace-api/landlock.rst.
"""

import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from autograder.sandbox import syscalls

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = (1 << bit for bit in range(6, 13))
REFER, TRUNCATE, IOCTL_DEV = (1 << bit for bit in range(13, 16))

READING = EXECUTE | READ_FILE | READ_DIR
WRITING = WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_FIFO | MAKE_SYM | REFER | TRUNCATE
ABOUT_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

TCP_BIND_AND_CONNECT = 0b11
SCOPE_ABSTRACT_UNIX_SOCKET, SCOPE_SIGNAL = 0b01, 0b10

TRUNCATE_ABI, NETWORK_ABI, SIGNAL_ABI = 3, 4, 6
"""The first versions that can restrict truncation, TCP, and signals."""


def abi() -> int:
    """The version of Landlock that the running kernel offers; 0 where it is absent or switched off."""
    try:
        return syscalls.syscall(syscalls.LANDLOCK_CREATE_RULESET, None, 0, 1, name="landlock")
    except (OSError, AttributeError):
        return 0


def handled_files(version: int) -> int:
    """Every right over files that this version can take away."""
    last = 15 if version >= 5 else 14 if version >= 3 else 13 if version >= 2 else 12
    return (1 << (last + 1)) - 1


def create_ruleset(files: int, network: int, scopes: int, version: int) -> int:
    """Return the file descriptor of a ruleset that takes away the given rights, as far as the version has them."""
    attributes = struct.pack("QQQ", files, network, scopes)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    return syscalls.syscall(
        syscalls.LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0, name="landlock_create_ruleset"
    )


def allow(ruleset: int, path: Path, rights: int) -> None:
    """Give back `rights` over `path` and everything below it."""
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= ABOUT_A_FILE
        beneath_a_path = 1
        rule = struct.pack("=Qi", rights, descriptor)
        syscalls.syscall(syscalls.LANDLOCK_ADD_RULE, ruleset, beneath_a_path, rule, 0, name=f"landlock_add_rule {path}")
    finally:
        os.close(descriptor)


def enforce(ruleset: int) -> None:
    """Put this process, and every later child, under the ruleset for good. Needs no_new_privs."""
    syscalls.syscall(syscalls.LANDLOCK_RESTRICT_SELF, ruleset, 0, name="landlock_restrict_self")
    os.close(ruleset)


def confine(read: Iterable[Path], write: Iterable[Path]) -> None:
    """Leave this process nothing but reading below `read`, all below `write`, and signals to its own kind."""
    version = abi()
    handled = handled_files(version)
    ruleset = create_ruleset(
        handled,
        TCP_BIND_AND_CONNECT if version >= NETWORK_ABI else 0,
        SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL if version >= SIGNAL_ABI else 0,
        version,
    )
    for path in read:
        allow(ruleset, path, READING & handled)
    for path in write:
        allow(ruleset, path, (READING | WRITING) & handled)
    allow(ruleset, Path("/dev/null"), (READ_FILE | WRITE_FILE | TRUNCATE) & handled)
    for device in ("/dev/zero", "/dev/urandom"):
        allow(ruleset, Path(device), READ_FILE)
    enforce(ruleset)


def keep_signals_inside() -> None:
    """Let this process and its children signal no process but each other. Needs version 6.

    A ruleset that says nothing of moving files between folders forbids it; so this one allows it everywhere.
    """
    ruleset = create_ruleset(REFER, 0, SCOPE_SIGNAL, abi())
    allow(ruleset, Path("/"), REFER)
    enforce(ruleset)
