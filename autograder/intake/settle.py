"""Of all files of a hand-in, the ones that are graded: one notebook of each name, from the folder that holds the work.

Students hand in copies, backups and renamed notebooks beside each other. The newest that holds work is taken, by what
the platform says, then by how much of the work it holds; what is left out is named.
"""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.assignment import Assignment
from autograder.files import TIMESTAMP
from autograder.intake.archives import Found, Refused
from autograder.intake.claims import OTHER_ARCHIVES, squash
from autograder.intake.submission import MAX_DEPTH, printable

MANIFEST = "submission.json"  # what `autograder submit` says of the zip it makes
MAX_NOTEBOOK = 64 * 2**20
MAX_NAME = 255  # bytes of a file's name, on every file system
ENDINGS = re.compile(r"\.ipynb(?:\.(?:txt|json|ipynb))?\Z|\.json\Z", re.IGNORECASE)
DECORATION = re.compile(
    r"\A(?:\d{14}_|copy of |kopie von )|[ _-]*(?:-copy\d*|copy(?: \d+)?|kopie|final|\(\d+\)|-\d+|_\d+)\Z", re.IGNORECASE
)
BACKUP = re.compile(r"backup|sicherung|\bold\b|\balt\b|archive", re.IGNORECASE)


@dataclass(frozen=True)
class Expected:
    """What was handed out: notebook name -> cell id -> its text, and the .py files by path."""

    notebooks: Mapping[str, Mapping[str, str]]
    modules: Mapping[str, bytes]


@dataclass(frozen=True)
class Manifest:
    """What `autograder submit` wrote into its zip."""

    assignment: str
    student_id: str
    name: str


@dataclass(frozen=True)
class Settled:
    """The files to grade, and what to tell: what was renamed, what was left out.

    `lost`: what is left out although it may be work.
    """

    files: tuple[Found, ...]
    notes: tuple[str, ...]
    manifest: Manifest | None
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A file that may be one of the notebooks. `work`: how many of its cells were worked on; -1: it is not readable."""

    file: Found
    notebook: str
    work: int

    @property
    def home(self) -> str:
        return str(PurePosixPath(self.file.path).parent)


def expected_of(assignment: Assignment, released: Path) -> Expected:
    """What students got: `released`, or the source where nothing was released."""
    folder = released if released.is_dir() else assignment.folder
    notebooks = {name: cells_of(read(folder / f"{name}.ipynb")) or {} for name in assignment.notebooks}
    modules = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.py")}
    return Expected(notebooks, modules)


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def cells_of(content: bytes) -> dict[str, str] | None:
    """Cell id -> text; None where it is not a notebook. A cell without an id has its number.

    nbgrader's id comes first: some programs give cells new ids of their own.
    """
    try:
        cells = json.loads(content)["cells"]
        return {
            str(cell.get("metadata", {}).get("nbgrader", {}).get("grade_id") or cell.get("id") or i): text(cell)
            for i, cell in enumerate(cells)
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def text(cell: dict) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(map(str, source))


def settle(files: Iterable[Found], assignment: Assignment, expected: Expected) -> Settled:
    """Choose the files of a submission.

    Raises:
        Refused: there is no notebook, or it is another assignment's.
    """
    files = list(files)
    manifest = manifest_of(files)
    if manifest and manifest.assignment and manifest.assignment != assignment.name:
        raise Refused(f"this is a hand-in of {manifest.assignment}, by its {MANIFEST}.")
    candidates = candidates_of(files, expected)
    if not candidates:
        raise Refused(no_notebook(files))
    home = best_home(candidates, files, expected)
    best: dict[str, Candidate] = {}
    for one in sorted(candidates, key=lambda one: rank(one, home), reverse=True):
        best.setdefault(one.notebook, one)
    chosen = {one.file.path for one in best.values()}
    others = [one for one in candidates if one.file.path not in chosen]
    backups = {one.home for one in others} - {one.home for one in best.values()} - {"."}
    notes = [
        f"{one.file.path} is taken as {name}.ipynb" for name, one in best.items() if one.file.name != f"{name}.ipynb"
    ]
    notes += [f"left out: {one.file.path}, another {one.notebook}.ipynb{why(one, best)}" for one in others]
    out: dict[str, Found] = {}
    for name, one in best.items():
        out[f"{name}.ipynb"] = one.file.at(f"{name}.ipynb")
    dropped = {one.file.path for one in others} | chosen
    for file in sorted(files, key=lambda file: (file.order, file.time)):
        if file.path in dropped or file.name == TIMESTAMP or inside(file.path, backups):
            continue
        path = below(file.path, home)
        if path.count("/") >= MAX_DEPTH:
            notes.append(f"left out: {path:.100} lies too deep")
        elif path not in out or not is_notebook_of(path, best):
            out[path] = file.at(path)
    lost = unstorable(out)
    return Settled(
        tuple(out[path] for path in sorted(out.keys() - lost.keys())), tuple(notes), manifest, tuple(lost.values())
    )


def unstorable(paths: Collection[str]) -> dict[str, str]:
    """The paths that cannot be written beside the others, and what to tell of each.

    Of a file and a folder with one name, the notebook is kept, else the folder.
    """
    folders = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    lost = {}
    for path in paths:
        parts = PurePosixPath(path).parts
        above = {str(parent) for parent in PurePosixPath(path).parents}
        if any(len(part.encode()) > MAX_NAME for part in parts):
            lost[path] = f"{path[:60]}… has a name of more than {MAX_NAME} bytes"
        elif (path in folders and not path.endswith(".ipynb")) or any(
            one in paths and one.endswith(".ipynb") for one in above
        ):
            lost[path] = f"{path}: a file and a folder have one name"
    return lost


def is_notebook_of(path: str, best: Mapping[str, Candidate]) -> bool:
    return path.endswith(".ipynb") and path.removesuffix(".ipynb") in best


def why(other: Candidate, best: Mapping[str, Candidate]) -> str:
    """Why a notebook is not the one that is graded."""
    if other.work < 0:
        return ", which cannot be read"
    if other.work == 0 and best[other.notebook].work > 0:
        return ", without work in it"
    return f", with {other.work} cells worked on (the one taken has {best[other.notebook].work})"


def inside(path: str, folders: set[str]) -> bool:
    return any(path.startswith(f"{folder}/") for folder in folders)


def below(path: str, home: str) -> str:
    return path.removeprefix(f"{home}/") if home != "." else path


def manifest_of(files: list[Found]) -> Manifest | None:
    """The newest list that `autograder submit` made, if there is one."""
    for file in sorted((one for one in files if one.name == MANIFEST), key=lambda one: one.time, reverse=True):
        if file.size > 2**20:
            continue
        try:
            data = json.loads(file.read())
            return Manifest(*(printable(str(data.get(key) or "")) for key in ("assignment", "student_id", "name")))
        except (ValueError, AttributeError, RecursionError):
            continue
    return None


def candidates_of(files: list[Found], expected: Expected) -> list[Candidate]:
    """The files that may be a notebook of the assignment: by their names, else by their cells, else the only one."""
    found, unknown = [], []
    for file in files:
        if not may_be_notebook(file.name):
            continue
        cells = cells_of(file.read()) if file.size <= MAX_NOTEBOOK else None
        if cells is None and ".ipynb" not in file.name.lower():
            continue
        name = notebook_of(file.name, cells, expected.notebooks)
        if name:
            found.append(Candidate(file, name, work_of(cells, expected.notebooks[name])))
        else:
            unknown.append((file, cells))
    if not found and len(unknown) == 1 and len(expected.notebooks) == 1:
        (file, cells), (name,) = unknown[0], expected.notebooks
        found.append(Candidate(file, name, work_of(cells, {})))
    return found


def may_be_notebook(file_name: str) -> bool:
    """Has a file the ending of a notebook, or one that browsers give to it?"""
    return ENDINGS.search(file_name) is not None and file_name != MANIFEST


def notebook_of(file_name: str, cells: Mapping[str, str] | None, notebooks: Mapping[str, Collection[str]]) -> str:
    """The notebook that a file is, by its name, else by its cells; or "". `notebooks`: name -> ids of its cells."""
    return by_name(file_name, notebooks) or by_cells(cells, notebooks) or by_part(file_name, notebooks)


def by_name(file_name: str, names: Iterable[str]) -> str:
    """The notebook that a file is by its name, less what browsers, platforms and people add to a copy; or ""."""
    stem = ENDINGS.sub("", file_name)
    spellings = {squash(stem): stem}
    while (shorter := DECORATION.sub("", stem, count=1)) != stem:
        stem = shorter
        spellings[squash(stem)] = stem
    by_squash = {squash(name): name for name in names}
    return next((by_squash[one] for one in spellings if one in by_squash), "")


def by_cells(cells: Mapping[str, str] | None, notebooks: Mapping[str, Collection[str]]) -> str:
    """The notebook most of whose cells these are; or ""."""
    if not cells:
        return ""
    shares = {name: len(cells.keys() & set(known)) / max(len(known), 1) for name, known in notebooks.items()}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] > 0.5 else ""


def by_part(file_name: str, names: Iterable[str]) -> str:
    """The only notebook whose name is a part of the file's; or ""."""
    words = squash(ENDINGS.sub("", file_name))
    inside = [name for name in names if len(squash(name)) > 2 and squash(name) in words]
    return inside[0] if len(inside) == 1 else ""


def work_of(cells: Mapping[str, str] | None, released: Mapping[str, str]) -> int:
    """How many cells hold something, and something else than what was handed out; -1 where they cannot be read."""
    if cells is None:
        return -1
    return sum(
        bool(source.strip()) and source.strip() != released.get(cell, "").strip() for cell, source in cells.items()
    )


def best_home(candidates: list[Candidate], files: list[Found], expected: Expected) -> str:
    """The folder whose notebooks and modules hold the work."""
    homes: dict[str, list[Candidate]] = defaultdict(list)
    for one in candidates:
        homes[one.home].append(one)

    def modules_changed(home: str) -> int:
        count = 0
        for file in files:
            known = expected.modules.get(below(file.path, home))
            if known is not None and file.path.endswith(".py"):
                count += file.size != len(known) or file.read() != known
        return count

    def value(home: str) -> tuple:
        inside = homes[home]
        work = sum(max(one.work, 0) for one in inside) + modules_changed(home)
        return (
            work > 0,
            max(one.file.order for one in inside),
            not BACKUP.search(home),
            len({one.notebook for one in inside if one.work >= 0}),
            work,
            max(one.file.time for one in inside),
            -home.count("/") - (home != "."),
            -len(home),
        )

    return max(homes, key=value)


def rank(one: Candidate, home: str) -> tuple:
    """Sorts the notebooks of one name, the best last."""
    exact = one.file.name == f"{one.notebook}.ipynb"
    return (one.work > 0, one.file.order, one.home == home, one.work, one.file.time, exact, -len(one.file.path))


def no_notebook(files: list[Found]) -> str:
    """What was handed in instead of a notebook, and what to do."""
    if not files:
        return "what was handed in is empty."
    paths = [file.path for file in files]
    shown = ", ".join(paths[:3]) + (" …" if len(paths) > 3 else "")
    packed = any(path.lower().endswith(OTHER_ARCHIVES) for path in paths)
    hint = (
        " Only zips are unpacked: unpack it into a folder named after the student, and collect that." if packed else ""
    )
    return f"there is no notebook in what was handed in, only {shown}.{hint}"
