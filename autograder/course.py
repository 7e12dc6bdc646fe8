"""Where a course keeps its files, and the nbgrader configuration that goes with them."""

import difflib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from traitlets.config import Config, PyFileConfigLoader
from traitlets.config.loader import ConfigFileNotFound

from autograder.assignment import Assignment, load_assignment
from autograder.errors import CourseError

CONFIG = "nbgrader_config.py"
LIBRARY = "nn"


@dataclass(frozen=True)
class Course:
    """A course folder: the one that holds nbgrader_config.py."""

    root: Path

    @property
    def source(self) -> Path:
        return self.root / "source"

    @property
    def release_dir(self) -> Path:
        return self.root / "assignments"

    @property
    def submitted(self) -> Path:
        return self.root / "submitted"

    @property
    def autograded(self) -> Path:
        return self.root / "autograded"

    @property
    def feedback(self) -> Path:
        return self.root / "feedback"

    @property
    def library(self) -> Path:
        """The package that the assignments use, complete."""
        return self.root / LIBRARY

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def work(self) -> Path:
        """Logs and half-finished results; git ignores it."""
        return self.root / ".grading"

    @property
    def gradebook_url(self) -> str:
        """SQLAlchemy's URL of nbgrader's database."""
        return nbgrader_config(self).CourseDirectory.get("db_url") or f"sqlite:///{self.root / 'gradebook.db'}"

    def shorten(self, text: object) -> str:
        """The text with its paths as they are from the course folder."""
        return str(text).replace(f"{self.root}{os.sep}", "")

    def assignment_names(self) -> tuple[str, ...]:
        """The folders in source/ that hold an assignment.toml, sorted."""
        return tuple(sorted(path.parent.name for path in self.source.glob("*/assignment.toml")))

    def assignment(self, name: str) -> Assignment:
        """Load source/<name>.

        Raises:
            CourseError: there is no such assignment, or its assignment.toml is wrong.
        """
        names = self.assignment_names()
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f'Did you mean "{near[0]}"?' if near else f"There are: {', '.join(names) or 'none'}."
            raise CourseError(f'no assignment "{name}" in {self.source} (a folder with an assignment.toml). {hint}')
        return load_assignment(self.source / name)


def find_course(start: Path | None = None) -> Course:
    """Return the course that `start` (default: the current folder) lies in.

    Raises:
        CourseError: no folder from there upwards holds nbgrader_config.py.
    """
    here = Path(start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / CONFIG).is_file():
            return Course(folder)
    raise CourseError(
        f"{here} is not in a course: no {CONFIG} here or in a folder above. Go to your course folder first."
    )


def nbgrader_config(course: Course) -> Config:
    """Load the course's nbgrader_config.py.

    Raises:
        CourseError: the file is missing or does not run.
    """
    try:
        config = PyFileConfigLoader(CONFIG, path=str(course.root)).load_config()
    except ConfigFileNotFound:
        raise CourseError(f"{course.root / CONFIG} is missing: it makes this folder a course.") from None
    except Exception as error:
        raise CourseError(f"{course.root / CONFIG} does not run: {type(error).__name__}: {error}") from error
    config.CourseDirectory.root = str(course.root)
    return config


def environment_bin_on_path() -> None:
    """Put this Python's folder of programs on the PATH: nbgrader calls `alembic` by name."""
    folder = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "")
    if folder not in path.split(os.pathsep):
        os.environ["PATH"] = folder + os.pathsep + path
