"""assignment.toml: what an assignment consists of and how it is graded."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from pydantic import Field

from autograder.errors import CourseError
from autograder.options import USUAL, CourseMarks
from autograder.toml_files import (
    Files,
    Moment,
    Notebooks,
    Packages,
    Percent,
    Places,
    Points,
    Positive,
    PositiveWhole,
    Text,
    Texts,
    TomlTable,
    Whole,
    check_toml,
    format_toml,
    read_toml,
)

FILE = "assignment.toml"


class LatePolicy(TomlTable):
    """What a late submission loses."""

    penalty_percent_per_day: Percent = 0
    """Percent of the score lost for each day begun."""
    max_days: Whole | None = None
    """After so many days the score is 0. Left out: never."""


class Limits(TomlTable):
    """What a submission may use while it is graded."""

    cell_seconds: Positive = 60
    """Time for one cell, in seconds. Longer runs stop there."""
    notebook_seconds: Positive = 600
    """Time for one notebook, in seconds."""
    memory_mb: PositiveWhole = 4096
    """Memory of all its processes together, in MB."""
    processes: PositiveWhole = 64
    """Processes and threads at a time."""
    file_mb: PositiveWhole = 256
    """Size of one file that it writes, or that is submitted, in MB."""
    output_kb: PositiveWhole = 512
    """Output kept from one cell, in kB."""


class Grading(TomlTable):
    """What grading leaves out."""

    skip: Places = frozenset()
    """Cells that no check needs, such as a first training run and its plots. They are not run when grading; what was
    handed in below them is kept for those who mark, and marked as that."""


class AssignmentToml(TomlTable):
    """An assignment.toml as it is written. Places of cells are "notebook:cell-id"."""

    title: Text = Field(examples=["k nearest neighbours"])
    """What students and reports call the assignment."""
    notebooks: Notebooks = Field(examples=[["knn"]])
    """The notebooks in order, without .ipynb."""
    due: Moment | None = None
    """When it is due: with an offset (2026-10-09T23:59:00+02:00), or local time in the course's time zone. Comes before
    the course's own line in course.toml."""
    blank: Texts = ()
    """Full names of the library's regions that students write: "nn.losses.mse_loss", "nn.net.Net.loss:scores"."""
    library: Texts = ()
    """Library modules to give to students besides those that the notebooks import."""
    search: Places = frozenset()
    """Cells that grading does not run again, since they take long: searches and training."""
    hand_in: Files = ()
    """Files that the notebooks make and that belong to the submission."""
    data: Texts = ()
    """The data sets that it reads (see `autograder data`)."""
    packages: Packages = ()
    """Packages that it needs besides the course's, as pip takes them: "tensorflow>=2.16". They are added to the
    environment.yml and to the first steps of the README that students get."""
    late: LatePolicy = LatePolicy()
    """The late policy. Replaces the one of course.toml."""
    limits: Limits = Limits()
    """Limits of its own; what is not given here is as in course.toml."""
    grading: Grading = Grading()
    """What grading leaves out."""
    extra_credit: Points = Field(default_factory=dict)
    """Checks and answers whose points are on top of the maximum, with their points."""


class Assignment(AssignmentToml):
    """An assignment: its assignment.toml, completed by the course's defaults.

    `search` holds (notebook, cell id), `extra_credit` (notebook, cell id) -> points. `due` has a time zone.
    """

    name: str
    """The name of its folder."""
    folder: Path
    """Where assignment.toml lies, with the notebooks."""
    markup: CourseMarks = USUAL
    """How the course marks solutions and hidden tests, where nbgrader_config.py says so."""

    @property
    def named_places(self) -> dict[str, frozenset[tuple[str, str]]]:
        """Key -> the cells that it names."""
        return {
            "search": self.search,
            "extra_credit": frozenset(self.extra_credit),
            "[grading] skip": self.grading.skip,
        }

    def searches_in(self, notebook: str) -> frozenset[str]:
        """The searches of one notebook."""
        return frozenset(cell for name, cell in self.search if name == notebook)

    def skips_in(self, notebook: str) -> frozenset[str]:
        """The cells of one notebook that grading may leave out, searches apart."""
        return frozenset(cell for name, cell in self.grading.skip - self.search if name == notebook)

    def __hash__(self) -> int:
        return hash((self.folder, self.title, self.notebooks, self.due))


def load_assignment(
    folder: Path,
    *,
    due: datetime | None = None,
    zone: tzinfo | None = None,
    late: LatePolicy | None = None,
    limits: Limits | None = None,
    all_there: bool = True,
    notebooks: Sequence[str] = (),
    markup: CourseMarks = USUAL,
) -> Assignment:
    """Read `folder`/assignment.toml.

    Args:
        folder: of the source, or a student's copy of the released folder.
        due, late, limits: the course's, for an assignment.toml that says nothing else.
        zone: the course's time zone, for a `due` without one.
        all_there: must there be every notebook?
        markup: how the course marks what students do not get.
        notebooks: those in the folder, where assignment.toml need not be there, nor name them or give a title.

    Raises:
        CourseError: the file is missing or not TOML, has an unknown key or a value of the wrong type, or names a
            notebook that is not there.
    """
    path = Path(folder) / FILE
    if notebooks and not path.exists():
        given = {}
    else:
        given = read_toml(path, f": it says which notebooks the assignment has.{_elsewhere(path)}")
    if notebooks:
        given = {"title": title_of_folder(path.parent.resolve().name), "notebooks": list(notebooks)} | given
    checked = check_toml(AssignmentToml, given, path)
    values: dict[str, Any] = {name: getattr(checked, name) for name in checked.model_fields_set}
    values["due"] = due if checked.due is None else in_zone(checked.due, zone, f"{path}: due")
    if late is not None:
        values.setdefault("late", late)
    if limits is not None:
        values["limits"] = limits.model_copy(update=checked.limits.model_dump(exclude_unset=True))
    values |= {"name": path.parent.resolve().name, "folder": path.parent, "markup": markup}
    assignment = Assignment.model_construct(**values)
    for notebook in assignment.notebooks if all_there else ():
        if not any((path.parent / f"{notebook}{suffix}").is_file() for suffix in (".ipynb", ".py")):
            raise CourseError(
                f'{path}: notebooks has "{notebook}", but {notebook}.ipynb is not there.\n'
                f"  Put the notebook back under that name.{_other_notebooks(assignment)}"
            )
    for key, places in assignment.named_places.items():
        for notebook, cell in sorted(places):
            if notebook not in assignment.notebooks:
                raise CourseError(
                    f'{path}: {key} has "{notebook}:{cell}", but "{notebook}" is not among the notebooks '
                    f"({', '.join(assignment.notebooks)})."
                )
    return assignment


def title_of_folder(name: str) -> str:
    """What an assignment is called that says nothing else: "homework1" -> "Homework 1"."""
    words = re.sub(r"(?<=[a-z])(?=\d)", " ", re.sub(r"[_-]+", " ", name)).strip()
    return words[:1].upper() + words[1:]


def student_libraries(assignment: Assignment) -> frozenset[str]:
    """The packages in which its students write."""
    return frozenset(name.partition(".")[0] for name in assignment.blank)


def released_toml(assignment: Assignment) -> str:
    """The assignment.toml that students get: all that differs from the defaults, the course's settings among it."""
    values = assignment.model_dump(exclude_defaults=True, exclude={"name", "folder", "markup"})
    values["search"] = [":".join(cell) for cell in values.get("search", ())]
    values["grading"] = (
        {"skip": [":".join(cell) for cell in sorted(assignment.grading.skip)]} if assignment.grading.skip else {}
    )
    values["extra_credit"] = {":".join(cell): points for cell, points in assignment.extra_credit.items()}
    ordered = {name: values[name] for name in AssignmentToml.model_fields if values.get(name)}
    return format_toml(ordered, "Made by `autograder release`.")


def in_zone(moment: datetime, zone: tzinfo | None, where: str) -> datetime:
    """A due time with its time zone; one that is local time is in `zone`.

    Raises:
        CourseError: it has no offset and there is no zone, or clocks skip it.
    """
    if moment.tzinfo is not None:
        return moment if zone is None else moment.astimezone(zone)
    if zone is None:
        raise CourseError(
            f"{where} must be a time with its zone, like {moment.isoformat()}+02:00, not {moment.isoformat()}. "
            'Or give the course its zone:  time_zone = "Europe/Berlin"  in course.toml.'
        )
    local = moment.replace(tzinfo=zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
        raise CourseError(f"{where}: {moment.isoformat()} does not exist in {zone}: clocks go forward there and then.")
    return local


def _elsewhere(path: Path) -> str:
    """Where an assignment.toml is that was not found here: in a folder above, or in one below."""
    here = path.parent.resolve()
    found = [folder for folder in here.parents if (folder / FILE).is_file()][:1]
    found += sorted(below.parent for below in here.glob(f"*/{FILE}") if not below.parent.name.startswith("."))
    if not found:
        return "\n  Go to your copy of the homework's folder, the one with the notebooks, or name it."
    return f"\n  Go to your copy of the homework's folder, or name it:  {'  or  '.join(map(str, found[:3]))}"


def _other_notebooks(assignment: Assignment) -> str:
    """What notebooks there are besides: one may have been renamed, by a browser or by its owner."""
    names = sorted(path.name for path in assignment.folder.glob("*.ipynb") if path.stem not in assignment.notebooks)
    return f" There is: {', '.join(names[:5])}." if names else ""
