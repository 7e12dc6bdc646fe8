"""Frames on a byte stream: one byte for the kind, four for the length, then the payload.

The trusted side reads frames that student code may have written: `Frames` never holds more than its limit and
answers a stream that is not frames with ProtocolError.
"""

import contextlib
import ctypes
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator
from enum import Enum, unique

PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15
CHUNK = 1 << 20
LARGEST_OUTPUT = 12 * 2**20  # bytes of one output: reading more would hold up the grader
NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)


@unique
class Frame(bytes, Enum):
    """What a frame says. Each conversation has kinds of its own, so that none can be taken for another's."""

    # The grader and the warm process.
    FORK, FORKED, END, ENDED = b"f", b"F", b"e", b"E"
    # A worker and its starter.
    SPAWN, SPAWNED, REFUSED, DIED, RING, BURY, BURIED = b"s", b"S", b"R", b"D", b"r", b"b", b"B"
    # To a notebook's process, and from it.
    NOTEBOOK, CELL = b"n", b"l"
    CELL_BEGINS, OUTPUT, EVIDENCE, CELL_ENDS, FINISHED, STEPS = b"1", b"2", b"3", b"4", b"5", b"6"
    # A judge and the process with the answer key.
    MAKE_KEY, KEY_CELL, KEY_MADE, KEY_FAILED = b"k", b"c", b"K", b"X"
    JUDGE, MESSAGE, FILE, VERDICT = b"j", b"m", b"w", b"J"
    # From a fork that judges: this submission is judged.
    JUDGED = b"g"
    # The answer key's process and a copy of it that tries mistakes.
    TRY, TRIED, REACH, REACHED, PROVE, PROVED, TRACE, TRACED = b"?", b"!", b"a", b"A", b"p", b"P", b"o", b"O"
    # For another grader: a copy of the process with an answer key, which talks over the socket that follows.
    COPY, COPIED = b"y", b"Y"
    # The grader and a clerk: submissions to grade and what came of them, answer keys that are wanted and got.
    SET_UP, SUBMISSION, GRADED, WANTED, KEY = b"u", b"h", b"H", b"q", b"Q"
    # A report's task and its outcome.
    TASK, OUTCOME = b"t", b"T"


HEADER = struct.Struct(">cI")


class ProtocolError(Exception):
    """The stream is not a sequence of frames within their limits."""


def packed(kind: Frame, payload: bytes) -> bytes:
    """One frame."""
    return HEADER.pack(kind.value, len(payload)) + payload


def write_frame(fd: int, kind: Frame, payload: bytes) -> None:
    """Write one frame whole; raises OSError when nobody reads any more."""
    data = memoryview(packed(kind, payload))
    while data:
        data = data[os.write(fd, data) :]


class Frames:
    """Cuts a stream, fed in pieces, into frames."""

    def __init__(self, limit: int) -> None:
        """`limit`: the largest payload accepted, in bytes."""
        self.limit = limit
        self.buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Frame, bytes]]:
        """Take the next piece and yield each (kind, payload) it completes.

        Raises:
            ProtocolError: a frame announces more than the limit, or is of no known kind.
        """
        self.buffer += data
        while len(self.buffer) >= HEADER.size:
            code, length = HEADER.unpack_from(self.buffer)
            kind = kind_of(code)
            if length > self.limit:
                raise ProtocolError(f"a frame of {length} bytes, where at most {self.limit} are allowed")
            end = HEADER.size + length
            if len(self.buffer) < end:
                return
            payload = bytes(memoryview(self.buffer)[HEADER.size : end])
            del self.buffer[:end]
            yield kind, payload


def read_frame(fd: int, limit: int = 2**31) -> tuple[Frame, bytes]:
    """Read one frame, waiting for it; raises EOFError at the end of the stream, ProtocolError as `Frames.feed`."""
    code, length = HEADER.unpack(read_exactly(fd, HEADER.size))
    kind = kind_of(code)
    if length > limit:
        raise ProtocolError(f"a frame of {length} bytes, where at most {limit} are allowed")
    return kind, read_exactly(fd, length)


def kind_of(code: bytes) -> Frame:
    try:
        return Frame(code)
    except ValueError:
        raise ProtocolError(f"a frame of the unknown kind {code!r}") from None


class Connection:
    """The grader's end of a socket to a process of its own: no wait on it is without an end.

    Each method raises TimeoutError after so many seconds, and OSError or EOFError when the other end is gone.
    """

    def __init__(self, ours: socket.socket) -> None:
        ours.setblocking(False)
        self.socket = ours

    def send(self, kind: Frame, payload: bytes, seconds: float) -> None:
        """Write one frame."""
        until = time.monotonic() + seconds
        for part in (HEADER.pack(kind.value, len(payload)), payload):
            data = memoryview(part)
            while data:
                self.wait(select.POLLOUT, until)
                with contextlib.suppress(BlockingIOError):
                    data = data[self.socket.send(data, socket.MSG_DONTWAIT | NO_SIGNAL) :]

    def receive(self, seconds: float, limit: int = 2**31) -> tuple[Frame, bytes]:
        """Read one frame; raises ProtocolError where it is none."""
        until = time.monotonic() + seconds
        code, length = HEADER.unpack(self.receive_exactly(HEADER.size, until))
        kind = kind_of(code)
        if length > limit:
            raise ProtocolError(f"a frame of {length} bytes, where at most {limit} are allowed")
        return kind, self.receive_exactly(length, until)

    def receive_exactly(self, count: int, until: float) -> bytes:
        parts = []
        while count:
            self.wait(select.POLLIN, until)
            with contextlib.suppress(BlockingIOError):
                part = self.socket.recv(min(count, CHUNK))
                if not part:
                    raise EOFError("the other end of the socket is closed")
                parts.append(part)
                count -= len(part)
        return b"".join(parts)

    def send_descriptor(self, descriptor: int) -> None:
        """Hand on a file descriptor, after a frame that announces it."""
        socket.send_fds(self.socket, [b"\0"], [descriptor])

    def receive_descriptor(self, seconds: float) -> int:
        """Take a file descriptor that a frame has announced."""
        self.wait(select.POLLIN, time.monotonic() + seconds)
        _, descriptors, _, _ = socket.recv_fds(self.socket, 1, 1)
        if not descriptors:
            raise EOFError("the other end of the socket is closed")
        return descriptors[0]

    def wait(self, events: int, until: float) -> None:
        poll = select.poll()
        poll.register(self.socket, events)
        if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
            raise TimeoutError("no answer in time")

    def hung_up(self) -> bool:
        """Has the process ended? (It says nothing unasked: where there is something to read, that is the end.)"""
        return bool(select.select([self.socket], [], [], 0)[0])

    def interrupt(self) -> None:
        """Have whoever waits get an EOFError or OSError. May be called from any thread."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.socket.close()


def call_this_process(name: str) -> None:
    """Have the kernel show this process under that name, where it can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode())


def die_with_the_parent(parent: int) -> None:
    """Have the kernel kill this process when `parent`, which forked it, ends, where it can; end if it has already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def read_exactly(fd: int, count: int) -> bytes:
    parts = []
    while count:
        part = os.read(fd, min(count, CHUNK))
        if not part:
            raise EOFError("the other end of the pipe is closed")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
