"""Seccomp: which system calls a process can make at all.

A filter names what is allowed; everything else fails with EPERM, or ENOSYS for the calls that programs expect to be
missing on older kernels. Notably absent: every way to get a socket other than a pair, to send file descriptors (nobody
can measure what they hold while they are in flight) or data out of band, to enlarge a pipe, to trace or read another
process, to make a namespace or a mount, to open a file by handle, io_uring, bpf, perf events, keyrings, memfd, System V
and POSIX queues.
"""

import ctypes
import errno
import functools
import os
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autograder.sandbox import syscalls
from autograder.sandbox.syscall_table import ALWAYS, BY_ARGUMENT, FIRST_UNIFIED, METADATA, numbers

ALLOW, FAIL, KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32_CALLS = 0x40000000
ALL_BITS = 0xFFFFFFFF

LOAD, AND, JUMP = 0x20, 0x54, 0x05
IF_EQUAL, IF_GREATER, IF_AT_LEAST = 0x15, 0x25, 0x35
RETURN = 0x06
NUMBER_AT, ARCH_AT, ARGUMENTS_AT = 0, 4, 16

CLONE_PARENT, CLONE_THREAD = 0x8000, 0x10000
CLONE_NEW_NAMESPACE = 0x7E020000
AF_UNIX, SOCK_STREAM, SOCK_TYPE_MASK = 1, 1, 0xF
SEND_FLAGS = 0x4040  # do not wait, no SIGPIPE; above all, nothing out of band
FCNTL_DUP, FCNTL_FLAGS, FCNTL_LOCKS, FCNTL_PIPES = (0, 1030), (1, 2, 3, 4), (5, 6, 7, 36, 37, 38), (1032,)
IOCTLS = (
    0x5401,
    0x540F,
    0x5413,
    0x541B,
    0x5421,
    0x5450,
    0x5451,
)  # is it a terminal, its size; bytes waiting; close-on-exec
PRCTLS = (2, 3, 15, 16, 23, 38, 39, 41, 42, 0x53564D41)  # names, harmless questions, no_new_privs, huge pages


@dataclass(frozen=True)
class Check:
    """One 32-bit half of an argument, masked, must be one of some values."""

    argument: int
    values: Sequence[int]
    mask: int = ALL_BITS
    high: bool = False


@dataclass(frozen=True)
class Rule:
    """What happens to the named calls: `action` where every check holds, else the failure `otherwise`."""

    names: Sequence[str]
    action: int
    checks: Sequence[Check] = ()
    otherwise: int = FAIL | errno.EPERM


def rules(processes: bool, signals_outside_blocked: bool, metadata: bool, truncate: bool) -> tuple[Rule, ...]:
    """Return what is decided by more than the call's number.

    Args:
        processes: whether new processes are allowed, or only threads.
        signals_outside_blocked: whether something else (a pid namespace, Landlock) confines signals; if not, a process
            can signal itself only.
        metadata: whether files' modes, owners and times can be changed, because no file outside is in sight. If not,
            such calls succeed without effect: copying a file must work, and Landlock does not restrict them.
        truncate: whether something else confines truncation by path.
    """
    this_process = (Check(0, (os.getpid(), 0)),)
    confined = () if signals_outside_blocked else this_process
    thread_or_process = Check(0, (0,), CLONE_NEW_NAMESPACE | CLONE_PARENT)
    clone = (thread_or_process,) if processes else (thread_or_process, Check(0, (CLONE_THREAD,), CLONE_THREAD))
    nothing = FAIL
    found = [
        Rule(("fcntl",), ALLOW, (Check(1, FCNTL_DUP + FCNTL_FLAGS + FCNTL_LOCKS + FCNTL_PIPES),)),
        Rule(("ioctl",), ALLOW, (Check(1, IOCTLS),), FAIL | errno.ENOTTY),
        Rule(("prctl",), ALLOW, (Check(0, PRCTLS),)),
        Rule(("prlimit64",), ALLOW, (Check(0, (0,)),)),
        Rule(("clone",), ALLOW, clone),
        Rule(("clone3",), FAIL | errno.ENOSYS),
        Rule(("kill", "tgkill"), ALLOW, confined),
        Rule(("socketpair",), ALLOW, (Check(0, (AF_UNIX,)), Check(1, (SOCK_STREAM,), SOCK_TYPE_MASK))),
        Rule(("sendto",), ALLOW, (Check(3, (0,), ALL_BITS ^ SEND_FLAGS), Check(4, (0,)), Check(4, (0,), high=True))),
        Rule(("sync", "syncfs"), nothing),
        Rule(tuple(METADATA_NAMES), ALLOW if metadata else nothing),
    ]
    if processes:
        found.append(Rule(("fork", "vfork"), ALLOW))
    if signals_outside_blocked:
        found.append(Rule(("tkill",), ALLOW))
    if truncate:
        found.append(Rule(("truncate",), ALLOW))
    return tuple(found)


METADATA_NAMES = tuple(numbers(METADATA, "x86_64"))


@functools.cache
def compile_filter(found: tuple[Rule, ...], machine: str = syscalls.MACHINE) -> bytes:
    """Return the filter as a classic BPF program for the given processor."""
    always = numbers(ALWAYS, machine)
    others = numbers(BY_ARGUMENT, machine) | numbers(METADATA, machine)
    program = [
        _instruction(LOAD, ARCH_AT),
        _instruction(IF_EQUAL, AUDIT_ARCH[machine], 1, 0),
        _instruction(RETURN, KILL_PROCESS),
        _instruction(LOAD, NUMBER_AT),
        _instruction(IF_AT_LEAST, X32_CALLS, 0, 1),
        _instruction(RETURN, FAIL | errno.ENOSYS),
    ]
    for first, last in _ranges(always.values()):
        program += [
            _instruction(IF_AT_LEAST, first, 0, 2),
            _instruction(IF_GREATER, last, 1, 0),
            _instruction(RETURN, ALLOW),
        ]
    for rule in found:
        body = _body(rule)
        for name in rule.names:
            if name in others:
                program += [_instruction(IF_EQUAL, others[name], 0, len(body)), *body]
    program += [
        _instruction(IF_AT_LEAST, FIRST_UNIFIED, 0, 1),
        _instruction(RETURN, FAIL | errno.ENOSYS),
        _instruction(RETURN, FAIL | errno.EPERM),
    ]
    return b"".join(program)


def install(program: bytes) -> None:
    """Put this process, and every later child, under the filter for good. Needs no_new_privs."""
    code = ctypes.create_string_buffer(program, len(program))
    count = len(program) // len(_instruction(RETURN, 0))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", count, ctypes.addressof(code)))
    filter_mode = 2
    syscalls.prctl(syscalls.PR_SET_SECCOMP, filter_mode, ctypes.c_void_p(ctypes.addressof(header)))


def _instruction(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, operand)


def _ranges(values: Iterable[int]) -> list[tuple[int, int]]:
    """Return the values as runs of neighbours, first and last included."""
    runs: list[tuple[int, int]] = []
    for value in sorted(values):
        if runs and runs[-1][1] == value - 1:
            runs[-1] = (runs[-1][0], value)
        else:
            runs.append((value, value))
    return runs


def _body(rule: Rule) -> list[bytes]:
    """Return the instructions for a call that has the rule's number; the last one fails with `otherwise`."""
    body = [_instruction(RETURN, rule.action), _instruction(RETURN, rule.otherwise)]
    for check in reversed(rule.checks):
        fail = len(body) - 1
        count = len(check.values)
        compare = [
            _instruction(IF_EQUAL, value, count - 1 - position, fail if position == count - 1 else 0)
            for position, value in enumerate(check.values)
        ]
        masked = [] if check.mask == ALL_BITS else [_instruction(AND, check.mask)]
        load = _instruction(LOAD, ARGUMENTS_AT + 8 * check.argument + 4 * check.high)
        body = [load, *masked, *compare, *body]
    return body
