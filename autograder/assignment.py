"""assignment.toml: what an assignment consists of and how it is graded."""

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from autograder.errors import CourseError

FILE = "assignment.toml"


@dataclass(frozen=True)
class LatePolicy:
    """What lateness costs: percent of the score per day begun; after `max_days` (if given) the score is 0."""

    penalty_percent_per_day: float = 0.0
    max_days: int | None = None


@dataclass(frozen=True)
class Limits:
    """What a submission may use while it is graded."""

    cell_seconds: float = 60
    notebook_seconds: float = 600
    memory_mb: int = 4096
    processes: int = 64
    file_mb: int = 256
    output_kb: int = 512


@dataclass(frozen=True)
class Assignment:
    """One assignment.toml.

    Attributes:
        folder: where it lies, with the notebooks.
        notebooks: their names in order, without .ipynb.
        blank: full names of the library's regions that students write ("nn.losses.mse_loss").
        library: library modules to copy besides those that the notebooks import.
        search: (notebook, cell id) of the cells that grading does not run again.
        hand_in: files that the notebooks make and that belong to the submission.
        data: the datasets it reads.
        extra_credit: (notebook, cell id) -> points on top of the maximum.
    """

    name: str
    folder: Path
    title: str
    notebooks: tuple[str, ...]
    due: datetime | None = None
    blank: tuple[str, ...] = ()
    library: tuple[str, ...] = ()
    search: frozenset[tuple[str, str]] = frozenset()
    hand_in: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    late: LatePolicy = LatePolicy()
    limits: Limits = Limits()
    extra_credit: Mapping[tuple[str, str], float] = field(default_factory=lambda: MappingProxyType({}), hash=False)


def load_assignment(folder: Path) -> Assignment:
    """Read `folder`/assignment.toml.

    Raises:
        CourseError: the file is missing or not TOML, has an unknown key or a value of the wrong type, or names a
            notebook that is not there.
    """
    path = Path(folder) / FILE
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CourseError(f"{path} is missing: it says which notebooks the assignment has.{_elsewhere(path)}") from None
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CourseError(f"{path} is not UTF-8. Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{path} is not TOML: {error}.") from None

    for key in ("title", "notebooks"):
        if key not in given:
            raise CourseError(f'{path}: "{key}" is missing. Add, for example,  {EXAMPLES[key]}')
    values = _read(given, READERS, str(path))
    assignment = Assignment(name=path.parent.resolve().name, folder=path.parent, **values)
    for notebook in assignment.notebooks:
        if not (path.parent / f"{notebook}.ipynb").is_file():
            raise CourseError(
                f'{path}: notebooks has "{notebook}", but {notebook}.ipynb is not there.\n'
                f"  Put the notebook back under that name.{_other_notebooks(assignment)}"
            )
    for key in ("search", "extra_credit"):
        for notebook, cell in getattr(assignment, key):
            if notebook not in assignment.notebooks:
                raise CourseError(
                    f'{path}: {key} has "{notebook}:{cell}", but "{notebook}" is not among the notebooks '
                    f"({', '.join(assignment.notebooks)})."
                )
    return assignment


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


Reader = Callable[[Any, str], Any]
EXAMPLES = {"title": 'title = "k nearest neighbours"', "notebooks": 'notebooks = ["knn"]'}


def _read(given: Mapping[str, Any], readers: Mapping[str, Reader], where: str) -> dict[str, Any]:
    for key in given:
        if key not in readers:
            near = difflib.get_close_matches(key, readers, n=1)
            hint = f'Did you mean "{near[0]}"?' if near else f"There are: {', '.join(readers)}."
            raise CourseError(f'{where}: unknown key "{key}". {hint}')
    return {key: readers[key](value, f"{where}: {key}") for key, value in given.items()}


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise CourseError(f"{where} must be a text, not {value!r}.")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise CourseError(f'{where} must be a list of texts, like ["a", "b"], not {value!r}.')
    texts = tuple(_text(item, where) for item in value)
    for text in texts:
        if texts.count(text) > 1:
            raise CourseError(f'{where} has "{text}" more than once.')
    return texts


def _notebooks(value: Any, where: str) -> tuple[str, ...]:
    names = _texts(value, where)
    if not names:
        raise CourseError(f"{where} is empty. Name the notebooks in order, without .ipynb.")
    for name in names:
        if name.endswith(".ipynb"):
            raise CourseError(f'{where}: write "{name.removesuffix(".ipynb")}", without .ipynb.')
        _plain_file(name, where)
    return names


def _files(value: Any, where: str) -> tuple[str, ...]:
    return tuple(_plain_file(name, where) for name in _texts(value, where))


def _plain_file(name: str, where: str) -> str:
    if "\\" in name or PurePosixPath(name).name != name or name.startswith("."):
        raise CourseError(f'{where}: "{name}" must be the name of a file in the assignment\'s folder, without a path.')
    return name


def _place(value: Any, where: str) -> tuple[str, str]:
    notebook, colon, cell = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not (notebook and colon and cell):
        raise CourseError(f'{where} must name cells as "notebook:cell-id", not {value!r}.')
    return notebook, cell


def _places(value: Any, where: str) -> frozenset[tuple[str, str]]:
    return frozenset(_place(text, where) for text in _texts(value, where))


def _points(value: Any, where: str) -> Mapping[tuple[str, str], float]:
    number = _number(above=0)
    table = _table(value, where)
    return MappingProxyType(
        {_place(key, where): float(number(points, f'{where}: "{key}"')) for key, points in table.items()}
    )


def _due(value: Any, where: str) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise CourseError(f"{where} must be a time with its zone, like 2026-10-09T23:59:00+02:00, not {value!r}.")
    return value


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise CourseError(f"{where} must be a table, [{where.rsplit(': ', 1)[-1]}], not {value!r}.")
    return value


def _number(*, whole: bool = False, above: float | None = None, upto: float = float("inf")) -> Reader:
    low = "above 0" if above == 0 else "0 or more"

    def read(value: Any, where: str) -> float:
        kind = int if whole else (int, float)
        right = isinstance(value, kind) and not isinstance(value, bool)
        if not right or not (value > above if above is not None else value >= 0) or not value <= upto:
            most = f" and at most {upto:g}" if upto != float("inf") else ""
            raise CourseError(f"{where} must be a {'whole ' if whole else ''}number {low}{most}, not {value!r}.")
        return value

    return read


def _record(kind: type, readers: Mapping[str, Reader]) -> Reader:
    assert set(readers) == {f.name for f in fields(kind)}

    def read(value: Any, where: str) -> Any:
        return kind(**_read(_table(value, where), readers, where))

    return read


READERS: dict[str, Reader] = {
    "title": _text,
    "notebooks": _notebooks,
    "due": _due,
    "blank": _texts,
    "library": _texts,
    "search": _places,
    "hand_in": _files,
    "data": _texts,
    "late": _record(LatePolicy, {"penalty_percent_per_day": _number(upto=100), "max_days": _number(whole=True)}),
    "limits": _record(
        Limits,
        {
            "cell_seconds": _number(above=0),
            "notebook_seconds": _number(above=0),
            "memory_mb": _number(whole=True, above=0),
            "processes": _number(whole=True, above=0),
            "file_mb": _number(whole=True, above=0),
            "output_kb": _number(whole=True, above=0),
        },
    ),
    "extra_credit": _points,
}
