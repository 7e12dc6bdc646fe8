"""Reads a submission's folder: files that may be anything, from somebody who may want anything."""

import hashlib
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from autograder.errors import NoVerdict
from autograder.files import (
    MAX_FILES,
    MAX_SUBMISSION,
    TIMESTAMP,
    is_environment,
    is_litter_file,
    is_litter_folder,
    read_regular,
)
from autograder.notes import Note

MAX_DEPTH = 6
MAX_LISTED = 100_000  # files that are looked at


@dataclass(frozen=True)
class Submission:
    """A submission's files by their path below it, and what was left out.

    Attributes:
        timestamp: nbgrader's timestamp.txt, or b"".
        sha256: of all file names and contents, and of the time of handing in.
    """

    student: str
    files: dict[str, bytes]
    notes: tuple[Note, ...]
    timestamp: bytes
    sha256: str

    def handed_in(self) -> datetime | None:
        """When it was handed in, in naive UTC as nbgrader keeps it; None where nobody says so understandably."""
        from nbgrader.utils import parse_utc  # takes a while to import, and few need it

        try:
            return parse_utc(self.timestamp.decode().strip()) if self.timestamp.strip() else None
        except (ValueError, OverflowError, AttributeError):
            return None


def read_submission(student: str, folder: Path, file_mb: int, first: Collection[str] = ()) -> Submission:
    """Read the regular files of a folder; links, devices and whatever is too large are left out, with a note.

    Where there are too many, notebooks, Python files and the `first`, by their paths, are not among those left out.

    Raises:
        NoVerdict: something in it, or the folder itself, cannot be read.
    """
    files: dict[str, bytes] = {}
    notes: list[Note] = []
    total = 0
    found = [(path, entry) for path, entry in islice(walk(folder, notes), MAX_LISTED) if entry.name != TIMESTAMP]
    found.sort(key=lambda one: (one[0] not in first, not one[0].endswith(".ipynb"), not one[0].endswith(".py")))
    if len(found) > MAX_FILES:
        more = len(found) - MAX_FILES
        notes.append(Note("file", f"more than {MAX_FILES} files: {found[MAX_FILES][0]} and {more - 1} more left out"))
    for path, entry in found[:MAX_FILES]:
        size = size_of(entry)
        if size > file_mb * 2**20 or total + size > MAX_SUBMISSION:
            notes.append(Note("file", f"{path} is too large ({size / 2**20:.0f} MB) and is left out"))
            continue
        content = read_or_refuse(entry.path, file_mb * 2**20)
        if content is None:
            notes.append(Note("file", f"{path} cannot be read and is left out"))
            continue
        files[path] = content
        total += len(content)
    when = os.path.join(folder, TIMESTAMP)
    timestamp = (read_or_refuse(when, 1000) if os.path.exists(when) else None) or b""
    return Submission(student, files, tuple(notes), timestamp, digest(files, timestamp))


def size_of(entry: os.DirEntry) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError as error:
        raise NoVerdict(f"{entry.path} cannot be read: {error.strerror}") from error


def read_or_refuse(path: str, limit: int) -> bytes | None:
    """As `read_regular`; raises NoVerdict where it is the machine that does not let it be read."""
    content = read_regular(path, limit)
    if content is None and not os.path.islink(path):
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
        except OSError as error:
            raise NoVerdict(f"{path} cannot be read: {error.strerror}") from error
    return content


def walk(folder: str | Path, notes: list[Note], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, os.DirEntry]]:
    """The regular files below a folder, in order, with their paths from it; what is none goes to `notes`."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise NoVerdict(f"{folder} cannot be read: {error.strerror}") from error
    taken = set()
    for entry in entries:
        path = prefix + printable(entry.name)
        if path in taken:
            notes.append(Note("file", f"a second {path} is left out"))
            continue
        taken.add(path)
        if entry.is_symlink():
            notes.append(Note("file", f"{path} is a link and is left out"))
        elif entry.is_dir(follow_symlinks=False):
            if is_litter_folder(entry.name) or is_environment(entry.path):
                continue
            if depth + 1 >= MAX_DEPTH:
                notes.append(Note("file", f"{path} lies too deep and is left out"))
            else:
                yield from walk(entry.path, notes, path + "/", depth + 1)
        elif entry.is_file(follow_symlinks=False):
            if not is_litter_file(entry.name):
                yield path, entry
        else:
            notes.append(Note("file", f"{path} is not a file and is left out"))


def printable(name: str) -> str:
    """A file name that can be printed and stored, whatever bytes it has."""
    return name if name.isprintable() else "".join(c if c.isprintable() else "_" for c in name)


def digest(files: dict[str, bytes], timestamp: bytes) -> str:
    """One hash for what was handed in and when."""
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(f"{path}\n{len(files[path])}\n".encode("utf-8", "surrogatepass"))
        whole.update(files[path])
    whole.update(timestamp)
    return whole.hexdigest()
