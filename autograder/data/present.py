"""Which data sets an assignment's notebooks find in a data folder: those that it names, or their stand-ins."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from autograder.data.registry import STAND_INS, Dataset, known_datasets
from autograder.errors import CourseError

HELD_OUT = "held_out"
"""The folder of a data folder with a course's own data to judge accuracy on. No student sees it."""

ENDS = 2**16  # bytes of both ends of a file that are compared


def found(name: str, data: Path) -> Dataset | None:
    """What loading the data set `name` gives: itself, or the stand-in where only that is there; None without both."""
    known = known_datasets()
    candidates = [known[candidate] for candidate in (name, STAND_INS.get(name, name)) if candidate in known]
    return next((dataset for dataset in candidates if is_there(dataset, data)), None)


def is_there(dataset: Dataset, data: Path) -> bool:
    """Is it in the data folder: its own files, or the copy that loading them once has made?"""
    return dataset.is_in(data) or any((data / dataset.folder).glob("arrays-*"))


def require_data(names: Iterable[str], data: Path, what: str) -> None:
    """Raise CourseError where a data set is missing; the text says which command fetches it. `what`: for which work."""
    missing = [name for name in names if found(name, data) is None]
    if missing:
        lines = [f"{what} needs data that is not in {data}: {', '.join(missing)}."]
        for name in missing:
            stand_in = f"   or, without a network:  autograder data {STAND_INS[name]}" if name in STAND_INS else ""
            lines.append(f"  autograder data {name}{stand_in}")
        raise CourseError("\n".join(lines))


def stand_ins_used(names: Iterable[str], data: Path) -> list[str]:
    """One sentence for each of these data sets of which only the stand-in is there."""
    return [
        f"{dataset.name} stands in for {name}: accuracy is measured on that. The real data:  autograder data {name}"
        for name in names
        if (dataset := found(name, data)) and dataset.name != name
    ]


def data_fingerprint(names: Iterable[str], data: Path) -> str:
    """A hash of what the data sets are: it changes where others are found, or where their files do."""
    digest = hashlib.sha256()
    folders = [data / dataset.folder for name in sorted(names) if (dataset := found(name, data))]
    for folder in [*folders, data / HELD_OUT]:
        for path in sorted(folder.glob("*")):
            if path.is_file():
                digest.update(f"{folder.name}/{path.name} {path.stat().st_size}\n".encode())
                with path.open("rb") as file:
                    digest.update(file.read(ENDS))
                    file.seek(max(path.stat().st_size - ENDS, 0))
                    digest.update(file.read(ENDS))
    return digest.hexdigest()
