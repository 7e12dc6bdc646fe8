"""The filter, run in an interpreter of its own, for both processors."""

import errno
import struct

import pytest

from autograder.sandbox.seccomp import ALLOW, AUDIT_ARCH, FAIL, KILL_PROCESS, compile_filter, rules
from autograder.sandbox.selftest.checks import FORBIDDEN_CALLS
from autograder.sandbox.syscall_table import ALWAYS, BY_ARGUMENT, METADATA, numbers

MACHINES = ("x86_64", "aarch64")
EPERM, ENOSYS, NOTHING = FAIL | errno.EPERM, FAIL | errno.ENOSYS, FAIL
OPEN = {"processes": True, "signals_outside_blocked": True, "metadata": True, "truncate": True}
CLOSED = dict.fromkeys(OPEN, False)


def verdict(program: bytes, machine: str, number: int, *arguments: int) -> int:
    """What the filter answers to a call: classic BPF as the kernel's Documentation/networking/filter.rst has it."""
    padded = [value & (1 << 64) - 1 for value in (*arguments, *[0] * (6 - len(arguments)))]
    data = struct.pack("IIQ6Q", number, AUDIT_ARCH.get(machine, 0), 0, *padded)
    code = [struct.unpack("HBBI", program[at : at + 8]) for at in range(0, len(program), 8)]
    accumulator, position = 0, 0
    while True:
        operation, if_true, if_false, operand = code[position]
        position += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("I", data, operand)
        elif operation == 0x54:
            accumulator &= operand
        elif operation == 0x06:
            return operand
        else:
            holds = {0x15: accumulator == operand, 0x25: accumulator > operand, 0x35: accumulator >= operand}[operation]
            position += if_true if holds else if_false


def program(machine: str, **options: bool) -> bytes:
    return compile_filter(rules(**options), machine)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("options", [OPEN, CLOSED], ids=["open", "closed"])
def test_what_is_not_named_is_refused(machine, options):
    """Does every number from 0 to 1000 that no table names fail, and every one that is always needed pass?"""
    always, named = set(numbers(ALWAYS, machine).values()), set(numbers(BY_ARGUMENT + METADATA, machine).values())
    filter_ = program(machine, **options)
    for number in range(1000):
        answer = verdict(filter_, machine, number)
        if number in always:
            assert answer == ALLOW, number
        elif number not in named:
            assert answer == (EPERM if number < 424 else ENOSYS), number


@pytest.mark.parametrize("machine", MACHINES)
def test_forbidden_calls_fail_whatever_their_arguments(machine):
    """Is no dangerous call let through, in the most permissive filter?"""
    filter_ = program(machine, **OPEN)
    for name, both in FORBIDDEN_CALLS.items():
        for argument in (0, 1, -1):
            answer = verdict(filter_, machine, both[MACHINES.index(machine)], *[argument] * 6)
            assert answer in (EPERM, ENOSYS), name


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("name", "arguments", "open_answer", "closed_answer"),
    [
        ("clone", (0x1200011,), ALLOW, EPERM),
        ("clone", (0x3D0F00,), ALLOW, ALLOW),
        ("clone", (0x10000011,), EPERM, EPERM),
        ("clone", (0x8011,), EPERM, EPERM),
        ("kill", (1, 9), ALLOW, EPERM),
        ("kill", (-1, 9), ALLOW, EPERM),
        ("kill", (0, 9), ALLOW, ALLOW),
        ("tkill", (1, 9), ALLOW, EPERM),
        ("socketpair", (1, 1 | 0x80000), ALLOW, ALLOW),
        ("socketpair", (1, 2), EPERM, EPERM),
        ("socketpair", (2, 1), EPERM, EPERM),
        ("sendto", (3, 1, 1, 0, 0), ALLOW, ALLOW),
        ("sendto", (3, 1, 1, 0, 1), EPERM, EPERM),
        ("sendto", (3, 1, 1, 0, 1 << 40), EPERM, EPERM),
        ("fcntl", (3, 4), ALLOW, ALLOW),
        ("fcntl", (3, 8), EPERM, EPERM),
        ("ioctl", (0, 0x5401), ALLOW, ALLOW),
        ("ioctl", (0, 0x5412), FAIL | errno.ENOTTY, FAIL | errno.ENOTTY),
        ("prctl", (15,), ALLOW, ALLOW),
        ("prctl", (1, 0), EPERM, EPERM),
        ("prlimit64", (0, 7), ALLOW, ALLOW),
        ("prlimit64", (1234, 7), EPERM, EPERM),
        ("clone3", (1, 88), ENOSYS, ENOSYS),
        ("fchmod", (3, 0), ALLOW, NOTHING),
        ("truncate", (1, 0), ALLOW, EPERM),
        ("sync", (), NOTHING, NOTHING),
    ],
)
def test_arguments_decide(machine, name, arguments, open_answer, closed_answer):
    """Does the filter let the harmless form of a call pass and refuse the dangerous one?"""
    number = numbers(BY_ARGUMENT + METADATA, machine)[name]
    answers = [verdict(program(machine, **options), machine, number, *arguments) for options in (OPEN, CLOSED)]
    assert answers == [open_answer, closed_answer]


def test_another_processor_is_killed_and_x32_is_missing():
    """Do calls by another architecture's numbers get nowhere?"""
    filter_ = program("x86_64", **OPEN)
    assert verdict(filter_, "aarch64", 0) == KILL_PROCESS
    assert verdict(filter_, "i386", 20) == KILL_PROCESS
    assert verdict(filter_, "x86_64", 0x40000000 | 39) == ENOSYS
