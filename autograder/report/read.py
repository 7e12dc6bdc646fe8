"""From folders to a `Submission`: a student's own folder, or what grading left of a submission."""

import ast
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from nbformat import NotebookNode

from autograder.assignment import FILE, Assignment, load_assignment
from autograder.course import Course, find_course
from autograder.errors import CourseError
from autograder.notebooks import parse_notebook, read_bytes, read_notebook
from autograder.regions import Edit, RegionError, find_regions
from autograder.report.edits import file_edits, notebook_edits, released_texts, text_of
from autograder.report.model import Note, Notebook, Scores, SourceRegion, Submission
from autograder.student.who import Student, read_student

SKIPPED = {"__pycache__", ".ipynb_checkpoints", ".git", ".venv", "venv", "data", "node_modules", "build", "dist"}
MAX_FILES = 300
RESULT = "result.json"
HANDED_OUT = ".handed-out"


def read_own(folder: Path, released: Path | None = None) -> Submission:
    """A student's folder, as it is.

    Args:
        folder: the assignment's folder, with assignment.toml (or just notebooks).
        released: the same as it was handed out; by default the copy that came with it, or the course's `assignments/`.

    Raises:
        CourseError: there is no notebook in the folder.
    """
    if not folder.is_dir():
        raise CourseError(f"{folder} is not a folder. Give the folder of the assignment, with its notebooks.")
    folder = folder.resolve()
    assignment = assignment_of(folder)
    if released is not None and not released.is_dir():
        raise CourseError(f"{released} is not a folder. Give the assignment's folder as it was handed out.")
    pristine = released or handed_out(folder) or course_release(folder, assignment.name)
    return read_folder(folder, assignment, pristine)


def assignment_of(folder: Path) -> Assignment:
    """The folder's assignment.toml, or one made from the notebooks that lie there."""
    if (folder / FILE).is_file():
        try:
            return load_assignment(folder)
        except CourseError as error:
            if "is not there" not in str(error):
                raise
    names = tuple(sorted(path.stem for path in folder.glob("*.ipynb")))
    if not names:
        raise CourseError(f"{folder} holds no notebook. Give the folder of the assignment, with its .ipynb files.")
    title = folder.name.replace("_", " ")
    return Assignment.model_construct(name=folder.name, folder=folder, title=title, notebooks=names)


def handed_out(folder: Path) -> Path | None:
    """The copy that the bundle puts beside a student's folder; None if it is not there."""
    copy = folder.parent / HANDED_OUT
    return copy if (copy / FILE).is_file() else None


def course_release(folder: Path, name: str) -> Path | None:
    """The released folder of that assignment in the course around `folder`; None if it is that folder or not there."""
    try:
        found = find_course(folder).release_dir / name
    except CourseError:
        return None
    return found if found.is_dir() and found.resolve() != folder else None


def read_graded(
    course: Course, assignment: Assignment, student: str, scores: Scores | None, name: str = ""
) -> Submission:
    """What grading left of a submission: executed notebooks, result.json, and the files as handed in.

    Raises:
        CourseError: the submission has not been graded.
    """
    graded = course.autograded / student / assignment.name
    if not graded.is_dir():
        raise CourseError(f"{student} has no graded {assignment.name}. Run  autograder grade {assignment.name}  first.")
    handed_in = course.submitted / student / assignment.name
    pristine = course.release_dir / assignment.name
    submission = read_folder(
        graded, assignment, pristine if pristine.is_dir() else None, handed_in if handed_in.is_dir() else graded
    )
    # Grading put everything outside the regions back: what was changed there is in result.json, not in the notebooks.
    submission = replace(submission, notebooks=tuple(replace(nb, released=None) for nb in submission.notebooks))
    result = read_result(graded / RESULT)
    if result is None:
        missing_result = Note(
            "result", f"{RESULT} is not there: this was graded by stock nbgrader; edits are not known."
        )
        submission = replace(submission, edits=(), notes=(missing_result,))
    else:
        submission = replace(
            submission,
            edits=tuple(edit for edit in map(edit_from, result.get("edits", [])) if edit),
            notes=tuple(note for note in map(note_from, result.get("notes", [])) if note),
            digest=str(result.get("submission_sha256") or submission.digest),
        )
    if submission.student_id and submission.student_id != student:
        who = Note("identity", f"The notebook says {submission.name or 'no name'}, {submission.student_id}.")
        submission = replace(submission, notes=(who, *submission.notes))
    return replace(submission, scores=scores, student_id=student, name=name or submission.name or student)


def read_result(path: Path) -> dict | None:
    """The engine's result.json; None if there is none."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def note_from(data: Mapping) -> Note | None:
    """A note out of result.json."""
    try:
        return Note(str(data["kind"]), str(data["text"]))
    except (KeyError, TypeError):
        return None


def edit_from(data: Mapping) -> Edit | None:
    """An edit out of result.json."""
    try:
        return Edit(data["place"], data["kind"], int(data["line"]), data["before"], data["after"])
    except (KeyError, TypeError, ValueError):
        return None


def read_folder(folder: Path, assignment: Assignment, pristine: Path | None, sources: Path | None = None) -> Submission:
    """The notebooks of `folder` and the .py files of `sources` (default: the same folder)."""
    sources = sources or folder
    notebooks: list[Notebook] = []
    edits: list[Edit] = []
    missing: list[str] = []
    unreadable: list[str] = []
    for name in assignment.notebooks:
        path = folder / f"{name}.ipynb"
        if not path.is_file():
            missing.append(path.name)
            continue
        try:
            nb, mended = parse_notebook(read_bytes(path), path.name)
        except CourseError as error:
            unreadable.append(str(error).replace(f"{folder}{os.sep}", ""))
            continue
        cells = released_cells(pristine, name)
        matched = None if cells is None else released_texts(nb.cells, cells)
        notebooks.append(Notebook(name, nb, folder, matched, mended))
        edits += notebook_edits(name, nb.cells, cells, matched) if cells is not None else []
    missing += [name for name in assignment.hand_in if not (folder / name).is_file() and not (sources / name).is_file()]
    paths = sorted(set(python_files(sources)) | (set(python_files(pristine)) if pristine else set()))
    edits += file_edits(sources, pristine, paths) if pristine else []
    who = next((found for nb in notebooks if (found := read_student(nb.nb)).name or found.student_id), Student("", ""))
    handed_in = [sources / path for path in python_files(sources)]
    handed_in += [folder / f"{nb.name}.ipynb" for nb in notebooks]
    handed_in += [sources / name for name in assignment.hand_in if (sources / name).is_file()]
    return Submission(
        assignment=assignment.name,
        title=assignment.title,
        name=who.name,
        student_id=who.student_id,
        when=moment(sources, handed_in),
        digest=digest(handed_in),
        notebooks=tuple(notebooks),
        regions=tuple(region for path in paths for region in file_regions(sources, pristine, path)),
        edits=tuple(edits),
        extra_credit=assignment.extra_credit,
        missing=tuple(missing),
        unreadable=tuple(unreadable),
        pristine=pristine is not None,
    )


def released_cells(pristine: Path | None, name: str) -> Sequence[NotebookNode] | None:
    """The cells of the released notebook; None if it is not there."""
    if pristine is None or not (pristine / f"{name}.ipynb").is_file():
        return None
    return read_notebook(pristine / f"{name}.ipynb").cells


def python_files(folder: Path) -> list[str]:
    """The .py files below a folder, by their paths from it; at most MAX_FILES."""
    found: list[str] = []
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
        found += [(Path(at) / name).relative_to(folder).as_posix() for name in sorted(files) if name.endswith(".py")]
        if len(found) > MAX_FILES:
            break
    return sorted(found)[:MAX_FILES]


def file_regions(folder: Path, pristine: Path | None, path: str) -> Iterator[SourceRegion]:
    """The regions of one .py file, or the whole file if the student added it."""
    text = text_of(folder / path)
    if text is None:
        return
    released = text_of(pristine / path) if pristine else None
    if pristine is not None and released is None:
        yield SourceRegion(path, "", 1, text, True)
        return
    try:
        regions = find_regions(text)
        before = find_regions(released) if released is not None else ()
    except RegionError:
        yield SourceRegion(path, "", 1, text, None)
        return
    lines = text.split("\n")
    released_lines = (released or "").split("\n")
    for i, region in enumerate(regions):
        inner = "\n".join(lines[region.start + 1 : region.end])
        edited = None
        if len(before) == len(regions):
            edited = inner.split("\n") != released_lines[before[i].start + 1 : before[i].end]
        yield SourceRegion(path, full_name(path, text, region.start, region.name), region.start + 2, inner, edited)


def full_name(path: str, text: str, line: int, region: str) -> str:
    """The region's full name: module, function around that 0-based line, region's own name."""
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    names = [module]
    try:
        body: Sequence[ast.stmt] = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        body = ()
    while True:
        around = next(
            (
                node
                for node in body
                if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef))
                and node.lineno <= line + 1 <= (node.end_lineno or 0)
            ),
            None,
        )
        if around is None:
            break
        names.append(around.name)
        body = around.body
    return ".".join(names) + (f":{region}" if region else "")


def digest(paths: Sequence[Path]) -> str:
    """SHA-256 over the names and contents of these files, in their order."""
    whole = hashlib.sha256()
    for path in paths:
        content = path.read_bytes() if path.is_file() else b""
        whole.update(f"{path.name}\n{len(content)}\n".encode("utf-8", "replace"))
        whole.update(content)
    return whole.hexdigest()


def moment(folder: Path, paths: Sequence[Path]) -> datetime:
    """When it was handed in (nbgrader's timestamp.txt), or when the newest of its files was written."""
    stamp = text_of(folder / "timestamp.txt")
    if stamp:
        from nbgrader.utils import parse_utc

        try:
            return parse_utc(stamp.strip()).replace(tzinfo=UTC)
        except ValueError:
            pass
    times = [path.stat().st_mtime for path in paths if path.is_file()]
    return datetime.fromtimestamp(int(max(times, default=0)), UTC)
