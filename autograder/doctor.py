"""What this machine has of all that grading needs: facts, gathered and tried out, for `autograder doctor`."""

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from packaging.requirements import Requirement

from autograder.course import environment_bin_on_path, find_course
from autograder.data.registry import known_datasets
from autograder.errors import CourseError
from autograder.grade.run.exposure import exposed
from autograder.machine import cores
from autograder.sandbox.policy import environment_paths
from autograder.sandbox.probe import Mechanism, complete_tier, hints, probe

DISTRIBUTION = "nn-course-autograder"


@dataclass(frozen=True)
class Fact:
    """One line of the report: what it is about, what was found, and what to do if that will not do."""

    name: str
    found: str
    remedy: str = ""

    @property
    def ok(self) -> bool:
        return not self.remedy


@dataclass(frozen=True)
class MachineReport:
    machine: tuple[Fact, ...]
    packages: tuple[Fact, ...]
    tools: tuple[Fact, ...]
    datasets: tuple[Fact, ...]
    due: tuple[Fact, ...]
    places: tuple[Fact, ...]
    mechanisms: tuple[Mechanism, ...]
    tier: str | None
    hints: tuple[str, ...]

    @property
    def safe(self) -> bool:
        """Whether submissions can be graded here: sandbox and packages are complete, and nothing secret is readable."""
        return self.tier is not None and all(fact.ok for fact in (*self.packages, *self.tools, *self.places))


def examine() -> MachineReport:
    """Look at everything; takes a few seconds, since the sandbox is tried out."""
    mechanisms = probe()
    return MachineReport(
        machine=machine(),
        packages=packages(),
        tools=tools(),
        datasets=datasets(),
        due=due_times(),
        places=places(),
        mechanisms=mechanisms,
        tier=complete_tier(mechanisms),
        hints=hints(),
    )


def machine() -> tuple[Fact, ...]:
    user = "root" if hasattr(os, "geteuid") and os.geteuid() == 0 else "an ordinary user"
    return (
        Fact("system", platform.platform()),
        Fact("kernel", f"{platform.release()} {platform.machine()}"),
        Fact("Python", f"{platform.python_version()} in {sys.prefix}"),
        Fact("user", user),
        Fact("cores", str(cores())),
        Fact("BLAS", blas()),
    )


def blas() -> str:
    try:
        import numpy

        build = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    except (ImportError, KeyError, TypeError):
        return "unknown"
    return f"{build['name']} {build['version']}; grading gives it one thread per worker"


def packages() -> tuple[Fact, ...]:
    """Compare what the distribution asks for with what is installed."""
    try:
        wanted = [Requirement(line) for line in importlib.metadata.requires(DISTRIBUTION) or ()]
    except importlib.metadata.PackageNotFoundError:
        return (Fact(DISTRIBUTION, "not installed", "pip install -e . in the course's root"),)
    return tuple(package(need) for need in wanted if need.marker is None or need.marker.evaluate({"extra": ""}))


def package(need: Requirement) -> Fact:
    remedy = f'pip install "{need}"'
    try:
        version = importlib.metadata.version(need.name)
    except importlib.metadata.PackageNotFoundError:
        return Fact(need.name, "not installed", remedy)
    return Fact(need.name, version, "" if need.specifier.contains(version, prereleases=True) else remedy)


def tools() -> tuple[Fact, ...]:
    """Find the programs and compilers that other packages bring."""
    environment_bin_on_path()
    alembic = shutil.which("alembic")
    return (
        Fact("alembic", alembic or "not found", "" if alembic else "pip install nbgrader, which brings it"),
        tried("pandoc", pandoc_version, "pip install pypandoc_binary"),
        tried("typst", typst_version, "pip install typst"),
    )


def tried(name: str, version: Callable[[], str], remedy: str) -> Fact:
    try:
        return Fact(name, version())
    except Exception as error:
        return Fact(name, f"does not run: {error}", remedy)


def pandoc_version() -> str:
    import pypandoc

    return pypandoc.get_pandoc_version()


def typst_version() -> str:
    import typst

    typst.Compiler  # noqa: B018  (a broken wheel has the module, but not the compiler)
    return importlib.metadata.version("typst")


def due_times() -> tuple[Fact, ...]:
    """Say what is odd about the course's due times; nothing outside a course."""
    try:
        notes = find_course().due_notes(datetime.now(UTC))
    except CourseError as error:
        notes = () if "is not in a course" in str(error) else (str(error),)
    return tuple(Fact("due", note.partition(". ")[0], note.partition(". ")[2] or "see above") for note in notes)


def datasets() -> tuple[Fact, ...]:
    """Say which datasets are in the course's data folder, or in ./data outside a course."""
    try:
        folder = find_course().data
    except CourseError:
        folder = Path("data")
    return tuple(
        Fact(dataset.name, str(folder / dataset.folder))
        if dataset.is_in(folder)
        else Fact(dataset.name, "not here", f"autograder data {dataset.name}")
        for dataset in known_datasets().values()
    )


def places() -> tuple[Fact, ...]:
    """Say what of the course student code could read in spite of the sandbox; nothing outside a course."""
    try:
        course = find_course()
    except CourseError:
        return ()
    found = exposed(course, environment_paths())
    if not found:
        return (Fact("course", f"{course.root}, which student code cannot read"),)
    remedy = "move it, or make the Python environment elsewhere"
    return tuple(Fact(what, f"{place} can be read: it is in {folder}", remedy) for what, place, folder in found)
