"""Frames on a byte stream: one byte for the kind, four for the length, then the payload.

The trusted side reads frames that student code may have written: `Frames` never holds more than its limit and
answers a stream that is not frames with WireError.
"""

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Iterator

PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15

# Kinds of frames: from a notebook's process; to and from the process with the answer key; to and from warm processes.
CELL_BEGINS, OUTPUT, EVIDENCE, CELL_ENDS, FINISHED = b"B", b"O", b"V", b"E", b"F"
MAKE_KEY, JUDGE, MESSAGE, FILE, ANSWER, FAILED, PROGRESS = b"K", b"J", b"V", b"W", b"A", b"X", b"P"
FORK, END, DONE, SPAWN, BURY, REFUSED = b"F", b"E", b"D", b"S", b"K", b"R"
HEADER = struct.Struct(">cI")


class WireError(Exception):
    """The stream is not a sequence of frames within their limits."""


def write_frame(fd: int, kind: bytes, payload: bytes) -> None:
    """Write one frame whole; raises OSError when nobody reads any more."""
    data = memoryview(HEADER.pack(kind, len(payload)) + payload)
    while data:
        data = data[os.write(fd, data) :]


class Frames:
    """Cuts a stream, fed in pieces, into frames."""

    def __init__(self, limit: int) -> None:
        """`limit`: the largest payload accepted, in bytes."""
        self.limit = limit
        self.buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Take the next piece and yield each (kind, payload) it completes.

        Raises:
            WireError: a frame announces more than the limit.
        """
        self.buffer += data
        while len(self.buffer) >= HEADER.size:
            kind, length = HEADER.unpack_from(self.buffer)
            if length > self.limit:
                raise WireError(f"a frame of {length} bytes, where at most {self.limit} are allowed")
            end = HEADER.size + length
            if len(self.buffer) < end:
                return
            payload = bytes(memoryview(self.buffer)[HEADER.size : end])
            del self.buffer[:end]
            yield kind, payload


def read_frame(fd: int, limit: int = 2**31) -> tuple[bytes, bytes]:
    """Read one frame, waiting for it; raises EOFError at the end of the stream, WireError above the limit."""
    kind, length = HEADER.unpack(read_exactly(fd, HEADER.size))
    if length > limit:
        raise WireError(f"a frame of {length} bytes, where at most {limit} are allowed")
    return kind, read_exactly(fd, length)


def be_a_helper(name: str) -> None:
    """Have the kernel call this process so, and kill it when the thread that started it ends, where the kernel can."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_NAME, name.encode())
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def read_exactly(fd: int, count: int) -> bytes:
    parts = []
    while count:
        part = os.read(fd, min(count, 1 << 20))
        if not part:
            raise EOFError("the other end of the pipe is closed")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
