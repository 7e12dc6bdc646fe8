"""Where a course keeps its files, what course.toml says of it, and the nbgrader configuration that goes with them."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.json_schema import WithJsonSchema
from traitlets.config import Config, PyFileConfigLoader
from traitlets.config.loader import ConfigFileNotFound

from autograder.assignment import FILE, Assignment, LatePolicy, Limits, in_zone, load_assignment
from autograder.errors import CourseError
from autograder.files import NO_CACHES
from autograder.options import cell_seconds_of, markup_of
from autograder.toml_files import (
    Moment,
    Text,
    Texts,
    TomlTable,
    check_toml,
    did_you_mean,
    read_toml,
    shown,
    wrong,
)
from autograder.words import syntax_in_words

CONFIG = "nbgrader_config.py"
COURSE_FILE = "course.toml"


def without_slash(name: str) -> str:
    if "/" in name or "\\" in name:
        raise wrong(f"must not have a slash in it: {shown(name)}.")
    return name


def library_names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not name.isidentifier() or name in {"autograder", "source"}:
            raise wrong(f'must name a package of Python beside source/, like "tools", not {shown(name)}.')
    return names


def known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone, a path, a folder of zones
        example = '"Europe/Berlin" or "America/New_York"'
        raise wrong(f"must be the name of a time zone, like {example}, not {shown(name)}.") from None
    return name


def one_or_several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class CourseToml(TomlTable):
    """A course.toml: what holds for the whole course. Every key may be left out."""

    name: Annotated[Text, AfterValidator(without_slash)] | None = None
    """The course's short name. nbgrader knows the course under it (`course_id`)."""
    library: Annotated[
        Texts,
        BeforeValidator(one_or_several),
        AfterValidator(library_names),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    ] = ()
    """The package beside source/ that the assignments use and in which students write; a list if there are several."""
    time_zone: Annotated[Text, AfterValidator(known_zone)] | None = None
    """The course's time zone by its IANA name, such as "Europe/Berlin". Due times without an offset are in it."""
    due: Mapping[str, Moment] = Field(default_factory=dict)
    """When assignments are due: one line for each, with its name."""
    late: LatePolicy = LatePolicy()
    """The late policy of assignments that have none of their own."""
    limits: Limits = Limits()
    """Limits for all assignments; each can change them."""
    student_cell: bool = True
    """Do notebooks ask for name and student id, in a cell with the id "student"? `adopt` says false where none does."""
    may_mark: Texts = ()
    """Who may grade answers in the marking room, by their user names in Jupyter or JupyterHub. Left out: everybody who
    can log in to the server."""


@dataclass(frozen=True)
class Course:
    """A course folder: the one that holds nbgrader_config.py."""

    root: Path

    @cached_property
    def source(self) -> Path:
        return self.root / "source"

    @cached_property
    def release_dir(self) -> Path:
        return self.root / "assignments"

    @cached_property
    def submitted(self) -> Path:
        return self.root / "submitted"

    @cached_property
    def autograded(self) -> Path:
        return self.root / "autograded"

    @cached_property
    def feedback(self) -> Path:
        return self.root / "feedback"

    @property
    def settings(self) -> CourseToml:
        """What course.toml says; all defaults where there is none.

        Raises:
            CourseError: course.toml is wrong.
        """
        path = self.root / COURSE_FILE
        return check_toml(CourseToml, read_toml(path), path) if path.exists() else CourseToml()

    @property
    def options(self) -> Config:
        """What nbgrader_config.py sets; nothing where there is none.

        Raises:
            CourseError: it does not run.
        """
        return nbgrader_config(self) if (self.root / CONFIG).is_file() else Config()

    @property
    def zone(self) -> tzinfo | None:
        """The course's time zone."""
        name = self.settings.time_zone
        return None if name is None else ZoneInfo(name)

    @property
    def libraries(self) -> tuple[Path, ...]:
        """The packages that the assignments use, complete: folders, or single modules; the stem is the name.

        Raises:
            CourseError: course.toml names one that is not there.
        """
        return tuple(self._library(name) for name in self.settings.library)

    def _library(self, name: str) -> Path:
        folder, module = self.root / name, self.root / f"{name}.py"
        if folder.is_dir():
            return folder
        if module.is_file():
            return module
        raise CourseError(
            f'{self.root / COURSE_FILE}: library has "{name}", but there is no folder {name}/ beside source/. '
            "Make it, or correct the name."
        )

    def library_files(self) -> tuple[Path, ...]:
        """Every module of the libraries, sorted."""
        found = (library.rglob("*.py") if library.is_dir() else [library] for library in self.libraries)
        return tuple(sorted(path for paths in found for path in paths))

    def copy_libraries(self, to: Path) -> None:
        """Copy the complete libraries into a folder."""
        for library in self.libraries:
            if library.is_dir():
                shutil.copytree(library, to / library.name, ignore=NO_CACHES, dirs_exist_ok=True)
            else:
                shutil.copy(library, to)

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
        return nbgrader_config(self).CourseDirectory.get("db_url") or sqlite_url(self.root / "gradebook.db")

    @property
    def gradebook_file(self) -> Path | None:
        """The file of nbgrader's database; None where it is on a server."""
        url = self.gradebook_url
        return self.root / unquote(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None

    def keep_own(self, target: Path) -> None:
        """Raises CourseError where writing to a path would overwrite what the course consists of, or submissions."""
        own = [self.source, self.submitted, self.autograded, self.work, self.root / COURSE_FILE, self.root / CONFIG]
        own += [*self.libraries, *filter(None, [self.gradebook_file])]
        for place in own:
            if target.resolve().is_relative_to(place.resolve()):
                raise CourseError(f"{target} would overwrite the course's own {place.name}. Name another place.")

    def shorten(self, text: object) -> str:
        """The text with its paths as they are from the course folder."""
        return str(text).replace(f"{self.root}{os.sep}", "")

    def assignment_names(self) -> tuple[str, ...]:
        """The folders in source/ that hold an assignment.toml or a notebook, sorted."""
        folders = (path for path in self.source.glob("*") if path.is_dir() and not path.name.startswith("."))
        return tuple(sorted(path.name for path in folders if (path / FILE).is_file() or self._notebooks(path)))

    @staticmethod
    def _notebooks(folder: Path) -> tuple[str, ...]:
        """The names of the notebooks in an assignment's folder, percent scripts among them."""
        names = {path.stem for path in folder.glob("*.ipynb")}
        if others := [path for path in folder.glob("*.py") if path.stem not in names]:
            from autograder.source import is_script  # takes a while to import, and few need it

            names |= {path.stem for path in others if is_script(path)}
        return tuple(sorted(names))

    def due_notes(self, now: datetime) -> tuple[str, ...]:
        """What is odd about due times, in words: those that are past, and those of assignments that are not there.

        Args:
            now: with a time zone.
        """
        names = self.assignment_names()
        unknown = tuple(
            f'{COURSE_FILE}: due has "{name}", but there is no source/{name}. {did_you_mean(name, names)}'
            for name in self.settings.due
            if name not in names
        )
        due = {name: self.assignment(name).due for name in names}
        return unknown + tuple(
            f"{name} was due on {time:%d %B %Y, %H:%M (UTC%z)}: what is submitted now is late. "
            f"Change that in {COURSE_FILE} or its {FILE}."
            for name, time in due.items()
            if time is not None and time < now
        )

    def assignment(self, name: str) -> Assignment:
        """Load source/<name>.

        Raises:
            CourseError: there is no such assignment, or its assignment.toml is wrong.
        """
        names = self.assignment_names()
        if not names:
            raise CourseError(f"there is no assignment in {self.source}. Begin one with  autograder new NAME")
        if name not in names:
            hint = did_you_mean(Path(name).name, names)
            raise CourseError(f'no assignment "{name}" in {self.source} (a folder with a notebook). {hint}')
        settings, zone = self.settings, self.zone
        options = self.options
        limits, seconds = settings.limits, cell_seconds_of(options)
        if seconds is not None and "cell_seconds" not in limits.model_fields_set:
            limits = limits.model_copy(update={"cell_seconds": seconds})
        due: datetime | None = settings.due.get(name)
        if due is not None:
            due = in_zone(due, zone, f"{self.root / COURSE_FILE}: due: {name}")
        return load_assignment(
            self.source / name,
            due=due,
            zone=zone,
            late=settings.late,
            limits=limits,
            notebooks=self._notebooks(self.source / name),
            markup=markup_of(options),
        )


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
    except CourseError:
        raise
    except SyntaxError as error:
        raise CourseError(
            f"{course.root / CONFIG}: line {error.lineno}: {syntax_in_words(error)}. Put it right, and do this again."
        ) from error
    except Exception as error:
        said = str(error) or type(error).__name__
        raise CourseError(
            f"{course.root / CONFIG} stops: {said}. Put it right, or take out the line that does it."
        ) from error
    config.CourseDirectory.root = str(course.root)
    return config


def sqlite_url(file: Path) -> str:
    """SQLAlchemy's URL of a database file: in it, `?` would begin options, and `%20` stand for a space."""
    return "sqlite:///" + quote(str(file), safe="/ !$&'()*+,;=@:[]~")


def environment_bin_on_path() -> None:
    """Put this Python's folder of programs on the PATH: nbgrader calls `alembic` by name."""
    folder = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "")
    if folder not in path.split(os.pathsep):
        os.environ["PATH"] = folder + os.pathsep + path
