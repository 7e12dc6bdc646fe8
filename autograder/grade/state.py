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
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Course

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
                seed = secrets.randbelow(2**32)
        self.work.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps({"seed": seed}))
        shutil.rmtree(self.work / "unfinished", ignore_errors=True)
        return seed

    def end(self) -> None:
        """The run is complete: the next one draws new inputs."""
        (self.work / "run.json").unlink(missing_ok=True)

    # --- results --------------------------------------------------------------------------------------------------

    def write(self, student: str, files: Mapping[str, bytes]) -> None:
        """Put a graded submission in place, in one step."""
        unfinished = self.work / "unfinished"
        unfinished.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=unfinished))
        for name, content in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o444)
        fresh.chmod(0o755)
        place = self.autograded(student)
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            os.replace(place, unfinished / f"old-{fresh.name}")
        os.replace(fresh, place)


def write_atomically(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, "utf-8")
    os.replace(temporary, path)
