"""Reads zips of students and of learning platforms, which may hold anything.

There are limits on number and size; a path that leads out of its folder, a link or a device is refused.
"""

import io
import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import PurePosixPath

from autograder.intake.submission import IGNORED_FOLDERS, MAX_FILES
from autograder.student.submit import UNIX_TIMES

MAX_BYTES = 512 * 2**20
MAX_RATIO = 200


class Refused(Exception):
    """An archive that is not taken; the text says why."""


@dataclass(frozen=True)
class Found:
    """A file of a submission: its path in it, its content, and its time (seconds since 1970)."""

    path: str
    content: bytes
    time: float


def read_zip(content: bytes, zone: tzinfo | None, limit: int = MAX_BYTES, files: int = MAX_FILES) -> Iterator[Found]:
    """The files of an archive.

    Args:
        zone: where the clocks stood that its times are from, since a zip does not say; None: here.

    Raises:
        Refused: it is none, is damaged or encrypted, or is a bomb; or a path in it leads elsewhere.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > files:
                raise Refused(f"the archive holds {len(members)} files; at most {files} are unpacked.")
            total = sum(member.file_size for member in members)
            if total > limit or total > MAX_RATIO * max(len(content), 2**20):
                raise Refused(f"unpacked, the archive would be {total / 2**20:.0f} MB.")
            for member in members:
                path = safe_path(member)
                if path is None:
                    continue
                with archive.open(member) as file:
                    data = file.read(member.file_size + 1)
                if len(data) > member.file_size:
                    raise Refused("the archive lies about its files' sizes.")
                yield Found(path, data, time_of(member, zone))
    except Refused:
        raise
    except Exception as error:  # a hostile archive can raise anything
        raise Refused(f"the archive cannot be read: {error or type(error).__name__}.") from None


def time_of(member: zipfile.ZipInfo, zone: tzinfo | None) -> float:
    """When the file was written: the exact time where the archive has it, else the time on a clock in `zone`."""
    extra = member.extra
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == UNIX_TIMES and size >= 5 and extra[4] & 1:
            return float(struct.unpack_from("<I", extra, 5)[0])
        extra = extra[4 + size :]
    try:
        return datetime(*member.date_time, tzinfo=zone).timestamp()
    except ValueError:  # some programs write month 0, day 0
        return datetime(1980, 1, 1, tzinfo=zone).timestamp()


def safe_path(member: zipfile.ZipInfo) -> str | None:
    """The member's path, or None where it is a folder or litter; raises Refused where it leads elsewhere."""
    name = member.filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", name) or "\0" in name:
        raise Refused(f"the archive has a file with the path {name!r:.100}, which leads out of it.")
    if not parts or name.endswith("/") or is_litter(parts):
        return None
    kind = member.external_attr >> 28
    if kind not in (0, 0o10):
        raise Refused(f"the archive has a link or special file, {name!r:.100}.")
    return str(PurePosixPath(*parts))


def is_litter(parts: tuple[str, ...]) -> bool:
    """Is it a file that an operating system or a tool left there?"""
    litter = parts[-1] in (".DS_Store", "Thumbs.db") or parts[-1].startswith("._")
    return litter or "__MACOSX" in parts or not IGNORED_FOLDERS.isdisjoint(parts)
