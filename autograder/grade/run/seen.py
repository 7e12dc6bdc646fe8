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
from contextlib import suppress

from autograder.assignment import Assignment
from autograder.files import write_atomically
from autograder.gradebook.store import Store

FILE = "seen.json"
SETTLED_SECONDS = 2.0


class Seen:
    """What the last looks found: of each student, how the files look, and what there is to say of the result.

    `write` keeps it.
    """

    def __init__(self, store: Store, assignment: Assignment, fingerprint: str) -> None:
        """`fingerprint`: of what submissions are graded against."""
        self.store = store
        self.against = [fingerprint, assignment.limits.file_mb, sorted(assignment.hand_in)]
        self.before: dict[str, tuple[str, str]] = {}
        self.now: dict[str, tuple[str, str]] = {}
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            kept = json.loads((store.work / FILE).read_text())
            if kept["against"] == self.against:
                self.before = {name: (str(look), str(remark)) for name, (look, remark) in kept["students"].items()}

    def look(self, student: str) -> str:
        """What tells a student's files from other ones; "" where they are too new for that."""
        found = [*files_in(str(self.store.submitted(student))), *files_in(str(self.store.autograded(student)))]
        newest = max((changed for *_, changed in found), default=0)
        if newest > time.time_ns() - SETTLED_SECONDS * 1e9:
            return ""
        return hashlib.sha256(repr(sorted(found)).encode("utf-8", "surrogateescape")).hexdigest()

    def remark(self, student: str, look: str) -> str | None:
        """What there was to say of a student whose work was found complete with these files; None where it was not."""
        kept, remark = self.before.get(student, ("", ""))
        return remark if look and look == kept else None

    def add(self, student: str, look: str, remark: str) -> None:
        """The student's work is complete with these files."""
        if look:
            self.now[student] = look, remark

    def write(self) -> None:
        """Keep what was found; of those whom nobody looked at, what was known before."""
        students = self.before | self.now
        if students != self.before:
            self.store.work.mkdir(parents=True, exist_ok=True)
            write_atomically(self.store.work / FILE, json.dumps({"against": self.against, "students": students}))


def files_in(folder: str) -> list[tuple[str, int, int, int, int]]:
    """The files and links in a folder and those below it: path, inode, size, times of writing and of change."""
    found, folders = [], [folder]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    about = entry.stat(follow_symlinks=False)
                    found.append((entry.path, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns))
    return found
