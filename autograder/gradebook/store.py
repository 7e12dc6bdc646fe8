"""What a grading run leaves on the disk, so that the next one goes on where it stopped.

A submission is done when its `autograded/` folder holds a result.json for exactly what was handed in and what it was
graded against. The folder appears whole, after the gradebook has the scores: whatever is killed when, the submission is
either done or graded again, with the same seed.
"""

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from filelock import FileLock, Timeout

from autograder.course import Course
from autograder.errors import CourseError
from autograder.files import SEAL, is_intact, seal, sync_folder, write_atomically, write_synced
from autograder.gradebook.results import RESULT, SubmissionResult, read_result

LOG = "grade.jsonl"
"""In an assignment's folder of work: a line for each grading of a submission, only ever added to."""

RUBRIC_CHANGED = "the rubric changed"


@dataclass(frozen=True)
class Store:
    """The folders of one assignment's grading."""

    course: Course
    assignment: str

    @property
    def work(self) -> Path:
        return self.course.work / self.assignment

    def submitted(self, student: str) -> Path:
        return self.course.submitted.joinpath(student, self.assignment)

    def autograded(self, student: str) -> Path:
        return self.course.autograded.joinpath(student, self.assignment)

    @property
    def unfinished(self) -> Path:
        """Beside the graded submissions, on their file system, so that one comes into its place by a rename."""
        return self.course.autograded / f".{self.assignment}-unfinished"

    def students(self) -> list[str]:
        """Everyone who handed something in."""
        return folders_with(self.course.submitted, self.assignment)

    def result(self, student: str) -> SubmissionResult | None:
        """What was written for this student, or None."""
        return read_result(self.autograded(student) / RESULT)

    def is_intact(self, student: str) -> bool:
        """Is a graded submission still what was written?"""
        folder = self.autograded(student)
        if os.path.exists(os.path.join(folder, SEAL)):
            return is_intact(folder)
        result = self.result(student)  # nbgrader's own commands write no checksums
        return result is not None and all(
            why is not None or (folder / f"{name}.ipynb").is_file() for name, why in result.stopped.items()
        )

    def has_all(self, students: Sequence[str] = ()) -> bool:
        """Has each of these, or everyone, a graded submission, be it of what is handed in now or not?"""
        return all(
            os.path.exists(os.path.join(self.autograded(student), RESULT)) for student in students or self.students()
        )

    def graded(self) -> list[str]:
        """Everyone of whom there is a graded submission."""
        return folders_with(self.course.autograded, self.assignment)

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

    def grading_line(
        self,
        student: str,
        before: SubmissionResult | None,
        now: SubmissionResult,
        by: str = "autograder grade",
        more: Mapping[str, object] = MappingProxyType({}),
    ) -> dict[str, object]:
        """What the log says of a grading: who was graded when, for how much, and why."""
        why = (
            "first time" if before is None
            else "handed in again" if before.submission_sha256 != now.submission_sha256
            else "the assignment, its library or its data changed" if before.assignment_sha256 != now.assignment_sha256
            else "once more"
        )  # fmt: skip
        return {
            "at": now.graded_at,
            "student": student,
            "by": by,
            "why": why,
            "score": sum(cell.score or 0 for cell in now.cells),
            "score_before": None if before is None else sum(cell.score or 0 for cell in before.cells),
            "seed": now.seed,
            "submission_sha256": now.submission_sha256,
            "assignment_sha256": now.assignment_sha256,
            **more,
        }

    def log_no_verdict(self, student: str, why: str) -> None:
        """Add to the log that a submission could not be graded."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.add_to_log({"at": now, "student": student, "no_verdict": why})

    def log_retrained(self, student: str, differences: Sequence[str]) -> None:
        """Add to the log that a submission's searches were run again, and what differed."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.add_to_log({"at": now, "student": student, "retrained": list(differences)})

    def log_rubric(self, student: str, by: str, more: Mapping[str, object]) -> None:
        """Add to the log that a changed rubric gave marks other scores."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.add_to_log({"at": now, "student": student, "by": by, "why": RUBRIC_CHANGED, **more})

    def add_to_log(self, *lines: Mapping[str, object]) -> None:
        self.work.mkdir(parents=True, exist_ok=True)
        with open(self.work / LOG, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))

    def gradings(self) -> Iterator[dict[str, Any]]:
        """The lines of the log that are about grading submissions."""
        return (line for line in self.logged() if line.get("why") != RUBRIC_CHANGED)

    def logged(self) -> Iterator[dict[str, Any]]:
        """The lines of the log, oldest first; one that was cut off, as by a full disk, is left out."""
        with suppress(FileNotFoundError):
            for line in (self.work / LOG).read_text("utf-8", "replace").split("\n"):
                with suppress(ValueError):
                    if isinstance(entry := json.loads(line), dict):
                        yield entry

    # --- results --------------------------------------------------------------------------------------------------

    def stage(self, files: Mapping[str, bytes]) -> Path:
        """Write a graded submission down beside the others; returns the folder that `place` takes."""
        self.unfinished.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=self.unfinished))
        for name, content in {**files, SEAL: seal(files)}.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_synced(path, content, 0o444)
        fresh.chmod(0o755)
        sync_folder(fresh)
        return fresh

    def place(self, student: str, staged: Path) -> None:
        """Put a graded submission in place, in one step."""
        place = self.autograded(student)
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            os.replace(place, self.unfinished / f"old-{staged.name}")
        os.replace(staged, place)
        sync_folder(place.parent)


def folders_with(folder: Path, name: str) -> list[str]:
    """The folders in a folder that have one of this name in them, sorted."""
    with suppress(OSError), os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if os.path.isdir(os.path.join(entry.path, name)))
    return []


def new_run() -> str:
    """A name by which the log's lines of one run are told from those of others."""
    return secrets.token_hex(8)


def new_seed() -> int:
    return secrets.randbelow(2**32)


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
