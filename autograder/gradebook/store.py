"""What a grading run leaves on the disk, so that the next one goes on where it stopped.

A submission is done when its `autograded/` folder holds a result.json for exactly what was handed in and what it was
graded against. The folder appears whole, after the gradebook has the scores: whatever is killed when, the submission is
either done or graded again, with the same seed.
"""

import hashlib
import json
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from autograder.course import Course
from autograder.data.sandbox_view import make_sandbox_view
from autograder.errors import CourseError
from autograder.sandbox.scratch import remove

RESULT = "result.json"


@dataclass(frozen=True)
class Store:
    """The folders of one assignment's grading."""

    course: Course
    assignment: str

    @property
    def work(self) -> Path:
        return self.course.work / self.assignment

    def submitted(self, student: str) -> Path:
        return self.course.submitted / student / self.assignment

    def autograded(self, student: str) -> Path:
        return self.course.autograded / student / self.assignment

    @property
    def unfinished(self) -> Path:
        """Beside the graded submissions, on their file system, so that one comes into its place by a rename."""
        return self.course.autograded / f".{self.assignment}-unfinished"

    def data_view(self) -> Path | None:
        """The datasets as student code may see them, made afresh; None where the course has none."""
        if not self.course.data.is_dir():
            return None
        return make_sandbox_view(self.course.data, self.work / "data", self.course.library)

    def students(self) -> list[str]:
        """Everyone who handed something in."""
        return sorted(path.parent.name for path in self.course.submitted.glob(f"*/{self.assignment}") if path.is_dir())

    def result(self, student: str) -> dict | None:
        """What was written for this student, or None."""
        try:
            result = json.loads((self.autograded(student) / RESULT).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return result if isinstance(result, dict) else None

    # --- the run's seed -------------------------------------------------------------------------------------------

    def begin(self, seed: int | None) -> int:
        """The seed of this run: the one given, else that of a run that did not come to its end, else a new one."""
        path = self.work / "run.json"
        if seed is None:
            try:
                seed = int(json.loads(path.read_text())["seed"])
            except (OSError, ValueError, KeyError, TypeError):
                seed = new_seed()
        self.work.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps({"seed": seed}))
        shutil.rmtree(self.unfinished, ignore_errors=True)
        return seed

    def end(self) -> None:
        """The run is complete: the next one draws new inputs."""
        (self.work / "run.json").unlink(missing_ok=True)
        shutil.rmtree(self.unfinished, ignore_errors=True)

    # --- results --------------------------------------------------------------------------------------------------

    def write(self, student: str, files: Mapping[str, bytes]) -> None:
        """Put a graded submission in place, in one step."""
        self.unfinished.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=self.unfinished))
        for name, content in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o444)
        fresh.chmod(0o755)
        place = self.autograded(student)
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            os.replace(place, self.unfinished / f"old-{fresh.name}")
        os.replace(fresh, place)


def new_seed() -> int:
    return secrets.randbelow(2**32)


@contextmanager
def scratch_of(store: Store) -> Iterator[Path]:
    """The folder for what an assignment's grading needs only while it runs; cleans up what a killed run left there.

    One run at a time may use it. Sandboxed processes of another user can pass through it, and see no names in it.
    """
    place = hashlib.sha256(str(store.work.resolve()).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"autograder-{place}"
    try:
        folder.mkdir(mode=0o711)
    except FileExistsError:
        about = folder.lstat()
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
            raise CourseError(f"{folder} is in the way and belongs to somebody else. Remove it.") from None
        for left in folder.iterdir():
            remove(left)
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        remove(folder)


@contextmanager
def temporary_scratch() -> Iterator[Path]:
    """As `scratch_of`, for a run that goes beside others."""
    folder = Path(tempfile.mkdtemp(prefix="autograder-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        remove(folder)


@contextmanager
def alone(store: Store) -> Iterator[None]:
    """Hold the assignment's lock; raises CourseError while another run has it."""
    store.work.mkdir(parents=True, exist_ok=True)
    lock = FileLock(store.work / "lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise CourseError(f"{store.assignment} is being graded already, by another program.") from None
    try:
        yield
    finally:
        lock.release()


def write_atomically(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, "utf-8")
    os.replace(temporary, path)
