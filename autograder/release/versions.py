"""Every version of an assignment that students may have: the one in `assignments/`, and those that it replaced.

An author mends a text after it was released, or releases it once more. What a student changed is what differs from the
version that this student began with.
"""

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbformat import NotebookNode, from_dict

from autograder.assignment import FILE, Assignment
from autograder.course import Course
from autograder.edits import ReleasedCell, released_cell
from autograder.expect import HOME_FILE
from autograder.files import never_submitted, read_regular, write_atomically
from autograder.regions import RegionError

FOLDER = "released"
"""In an assignment's folder of work: the versions that a later release replaced."""

MAX_FILE = 2**20  # bytes: a larger one is data
MAX_KEPT = 16 * 2**20  # bytes of a version that another one replaced, the small files first
MOST_READ = 50  # versions, the newest ones


@dataclass(frozen=True)
class Version:
    """An assignment as it was released: notebook name -> its cells, and path -> content of the other files."""

    notebooks: Mapping[str, tuple[ReleasedCell, ...]]
    files: Mapping[str, bytes]

    def places(self, other: "Version") -> Iterator[str]:
        """Where another version has another text: "knn.ipynb: loss", "nn/layers.py"."""
        for name in sorted(self.notebooks.keys() & other.notebooks.keys()):
            mine, theirs = ({cell.id: cell.text for cell in one.notebooks[name]} for one in (self, other))
            yield from (f"{name}.ipynb: {id}" for id in {**mine, **theirs} if mine.get(id) != theirs.get(id))
        for path in sorted(self.files.keys() & other.files.keys()):
            if self.files[path].replace(b"\r\n", b"\n") != other.files[path].replace(b"\r\n", b"\n"):
                yield path


def version_now(course: Course, assignment: Assignment) -> Version | None:
    """The version in `assignments/`; None where none was released."""
    return version_of(read_folder(course.release_dir / assignment.name), assignment)


def replaced_versions(course: Course, assignment: Assignment) -> list[Version]:
    """The versions that a later one replaced, the newest first."""
    kept = sorted((course.work / assignment.name / FOLDER).glob("*.json.gz"), reverse=True)[:MOST_READ]
    return [version for path in kept if (version := version_of(read_kept(path), assignment)) is not None]


def keep_version(course: Course, name: str) -> None:
    """Keep what is in `assignments/` of an assignment, which another release is about to replace."""
    there = read_folder(course.release_dir / name)
    if there is None:
        return
    notebooks, files = there
    room = MAX_KEPT
    encoded = {}
    for path in sorted(files, key=lambda path: (len(files[path]), path)):
        room -= len(files[path])
        if room >= 0:
            encoded[path] = base64.b64encode(files[path]).decode()
    content = json.dumps([notebooks, encoded], sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(content).hexdigest()[:16]
    folder = course.work / name / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for same in folder.glob(f"*-{digest}.json.gz"):
        same.unlink()
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
    write_atomically(folder / f"{stamp}-{digest}.json.gz", gzip.compress(content, mtime=0))


Kept = tuple[Mapping[str, Sequence[Any]], Mapping[str, bytes]]
"""Notebook name -> its cells, and path -> content."""


def read_folder(folder: Path) -> Kept | None:
    """What is kept of a released folder; None where there is none, or where it cannot be read."""
    if not folder.is_dir():
        return None
    notebooks, files = {}, {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if never_submitted(name) or name in (FILE, HOME_FILE) or not path.is_file():
            continue
        if path.suffix == ".ipynb":
            try:
                cells = json.loads(path.read_bytes())["cells"]
                notebooks[name.removesuffix(".ipynb")] = [{**cell, "outputs": []} for cell in cells]
            except (OSError, ValueError, KeyError, TypeError):
                return None
        elif (content := read_regular(path, MAX_FILE)) is not None:
            files[name] = content
    return notebooks, files


def read_kept(path: Path) -> Kept | None:
    try:
        notebooks, files = json.loads(gzip.decompress(path.read_bytes()).decode("utf-8", "surrogatepass"))
        return notebooks, {name: base64.b64decode(content) for name, content in files.items()}
    except (OSError, EOFError, zlib.error, ValueError, TypeError, AttributeError):
        return None


def version_of(kept: Kept | None, assignment: Assignment) -> Version | None:
    """A version by what is kept of it; None where it cannot be understood."""
    if kept is None:
        return None
    notebooks, files = kept
    try:
        cells = {name: tuple(map(cell_of, of_notebook)) for name, of_notebook in notebooks.items()}
    except (RegionError, KeyError, TypeError, AttributeError):
        return None
    return Version(cells, {path: content for path, content in files.items() if path not in assignment.hand_in})


def cell_of(kept: Mapping[str, Any]) -> ReleasedCell:
    source = kept["source"]
    node: NotebookNode = from_dict({**kept, "source": source if isinstance(source, str) else "".join(source)})
    return released_cell(node)
