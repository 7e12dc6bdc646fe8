"""Which graded submissions were found complete and unchanged, so that the next run need not read all of them again.

A file that is written to, replaced or touched gets another time of change, which no program can set back. So a
submission counts as unchanged while the names, sizes and times of all its files are those of the last look, in what was
handed in and in what grading made of it. Files that changed just before a look are read again next time: a second
change within the clock's step would not show.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress

from autograder.files import write_atomically
from autograder.grade.prepare.pristine import Pristine
from autograder.gradebook.store import Store

FILE = "seen.json"
SETTLED_SECONDS = 2.0


class Seen:
    """What the last looks found. `write` keeps it."""

    def __init__(self, store: Store, pristine: Pristine) -> None:
        assignment = pristine.assignment
        self.store = store
        self.against = [pristine.fingerprint, assignment.limits.file_mb, sorted(assignment.hand_in)]
        self.before: dict[str, str] = {}
        self.now: dict[str, str] = {}
        with suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads((store.work / FILE).read_text())
            if kept["against"] == self.against:
                self.before = dict(kept["students"])

    def look(self, student: str) -> str:
        """What tells a student's files from other ones; "" where they are too new for that."""
        found, newest = [], 0
        for folder in (self.store.submitted(student), self.store.autograded(student)):
            for path, about in files_in(str(folder)):
                newest = max(newest, about.st_ctime_ns)
                found.append((path, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns))
        if newest > time.time_ns() - SETTLED_SECONDS * 1e9:
            return ""
        return hashlib.sha256(repr(sorted(found)).encode("utf-8", "surrogateescape")).hexdigest()

    def knows(self, student: str, look: str) -> bool:
        """Was the student's work found complete with these files?"""
        return bool(look) and self.before.get(student) == look

    def add(self, student: str, look: str) -> None:
        """The student's work is complete with these files."""
        if look:
            self.now[student] = look

    def write(self) -> None:
        """Keep what was found; of those whom nobody looked at, what was known before."""
        students = self.before | self.now
        if students != self.before:
            self.store.work.mkdir(parents=True, exist_ok=True)
            write_atomically(self.store.work / FILE, json.dumps({"against": self.against, "students": students}))


def files_in(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """The files and links in a folder and those below it."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from files_in(entry.path)
            else:
                yield entry.path, entry.stat(follow_symlinks=False)
