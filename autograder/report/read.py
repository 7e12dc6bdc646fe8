"""From folders to a `ReportContent`: a student's own folder, or what grading left of a submission."""

import ast
import functools
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from autograder.assignment import FILE, Assignment, load_assignment
from autograder.course import Course, find_course
from autograder.edits import ReleasedCell, lay_files, lay_notebook, lines_of, released_cell, released_of
from autograder.errors import CourseError
from autograder.files import HANDED_OUT, TIMESTAMP, never_submitted, python_files, read_regular
from autograder.gradebook.results import RESULT, Scores, read_result
from autograder.notebooks import parse_notebook, read_bytes, read_notebook
from autograder.notes import Note
from autograder.regions import Edit, RegionError, find_regions
from autograder.report.model import Notebook, ReportContent, SourceRegion
from autograder.who import Student, read_student

MAX_FILE = 64 * 2**20


def read_own(folder: Path, released: Path | None = None) -> ReportContent:
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
    return read_folder(folder, assignment, find_released(folder, assignment.name, released))


def find_released(folder: Path, name: str, released: Path | None = None) -> Path | None:
    """The folder of that assignment as it was handed out, to compare a student's with; None if it is not at hand.

    Args:
        released: the one that the student names; otherwise the copy that came with the folder, or the course's.

    Raises:
        CourseError: the one that the student names is not a folder, or has no notebook in it.
    """
    if released is not None and not released.is_dir():
        raise CourseError(f"{released} is not a folder. Give the assignment's folder as it was handed out.")
    if released is not None and not any(released.glob("*.ipynb")):
        inner = released / name
        hint = f"Name  {inner}" if inner.is_dir() else "Give the assignment's folder as it was handed out."
        raise CourseError(f"{released} holds no notebook, so there is nothing to compare with. {hint}")
    return released or handed_out(folder) or course_release(folder, name)


def assignment_of(folder: Path) -> Assignment:
    """The folder's assignment.toml, or one made from the notebooks that lie there."""
    if (folder / FILE).is_file():
        try:
            return load_assignment(folder)
        except CourseError as error:
            if "is not there" not in str(error):
                raise
    names = tuple(sorted(path.stem for path in folder.glob("*.ipynb") if not path.name.startswith(".")))
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


def read_graded(course: Course, assignment: Assignment, student: str, scores: Scores | None) -> ReportContent:
    """What grading left of a submission: executed notebooks, result.json, and the files as handed in.

    Raises:
        CourseError: the submission has not been graded.
    """
    graded = course.autograded / student / assignment.name
    if not graded.is_dir():
        raise CourseError(f"{student} has no graded {assignment.name}. Run  autograder grade {assignment.name}  first.")
    handed_in = course.submitted / student / assignment.name
    pristine = course.release_dir / assignment.name
    # Grading put everything outside the regions back: what was changed there is in result.json, not in the notebooks.
    submission = read_folder(
        graded,
        assignment,
        pristine if pristine.is_dir() else None,
        handed_in if handed_in.is_dir() else graded,
        compared=False,
    )
    result = read_result(graded / RESULT)
    if result is None:
        missing_result = Note(
            "result", f"{RESULT} is not there: this was graded by stock nbgrader; edits are not known."
        )
        submission = replace(submission, notes=(missing_result,))
    else:
        submission = replace(
            submission, edits=result.edits, notes=result.notes, digest=result.submission_sha256 or submission.digest
        )
    submission = replace(submission, when_known=(graded / TIMESTAMP).is_file())
    known = {student.casefold(), *(scores.ids if scores else ())}
    if submission.student_id and submission.student_id.casefold() not in known:
        who = Note("identity", f"The notebook says {submission.name or 'no name'}, {submission.student_id}.")
        submission = replace(submission, notes=(who, *submission.notes))
    name = (scores.name if scores else "") or submission.name or student
    return replace(submission, scores=scores, student_id=student, name=name)


def read_folder(
    folder: Path, assignment: Assignment, pristine: Path | None, sources: Path | None = None, compared: bool = True
) -> ReportContent:
    """The notebooks of `folder` and the .py files of `sources` (default: the same folder).

    Args:
        compared: whether to look for what differs from `pristine` outside the regions.
    """
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
        cells = released_cells(pristine, name) if compared else None
        known = None
        if cells is not None:
            laid = lay_notebook(path.name, nb.cells, cells)
            edits += laid.edits
            known = {nb.cells[index].id: cell for index, cell in released_of(laid, cells).items()}
        notebooks.append(Notebook(name, nb, folder, known, mended))
    missing += [name for name in assignment.hand_in if not (folder / name).is_file() and not (sources / name).is_file()]
    paths = sorted(set(python_files(sources)) | (set(python_files(pristine)) if pristine else set()))
    if pristine and compared:
        released = released_files(pristine, assignment)
        edits += lay_files(read_files(sources, {*paths, *released}), released).edits
    who = next((found for nb in notebooks if (found := read_student(nb.nb)).name or found.student_id), Student("", ""))
    handed_in = [sources / path for path in python_files(sources)]
    handed_in += [folder / f"{nb.name}.ipynb" for nb in notebooks]
    handed_in += [sources / name for name in assignment.hand_in if (sources / name).is_file()]
    return ReportContent(
        assignment=assignment.name,
        title=assignment.title,
        name=who.name,
        student_id=who.student_id,
        when=moment(sources, handed_in),
        digest=digest(handed_in),
        notebooks=tuple(notebooks),
        regions=tuple(known_regions(sources, pristine, paths)),
        edits=tuple(edits),
        extra_credit=assignment.extra_credit,
        missing=tuple(missing),
        unreadable=tuple(unreadable),
        pristine=pristine is not None,
        due=assignment.due,
    )


def released_cells(pristine: Path | None, name: str) -> list[ReleasedCell] | None:
    """The cells of the released notebook; None if it is not there."""
    if pristine is None or not (pristine / f"{name}.ipynb").is_file():
        return None
    return [released_cell(cell) for cell in read_notebook(pristine / f"{name}.ipynb").cells]


def released_files(pristine: Path, assignment: Assignment) -> dict[str, bytes]:
    """Path -> content of the files that came with the assignment, notebooks apart."""
    paths = (path.relative_to(pristine).as_posix() for path in pristine.rglob("*") if path.is_file())
    made = {FILE, *assignment.hand_in}
    return read_files(pristine, {p for p in paths if not (p in made or p.endswith(".ipynb") or never_submitted(p))})


def read_files(folder: Path, paths: Iterable[str]) -> dict[str, bytes]:
    """Path -> content, of those that are there and are not too large to be read."""
    contents = {path: read_regular(folder / path, MAX_FILE) for path in sorted(paths)}
    return {path: content for path, content in contents.items() if content is not None}


def shown_file(path: Path) -> str | None:
    """The text of a file, whatever is in it; None if it is not there."""
    content = read_regular(path, MAX_FILE)
    return None if content is None else "\n".join(lines_of(content))


def known_regions(folder: Path, pristine: Path | None, paths: Sequence[str]) -> list[SourceRegion]:
    """The regions of all .py files.

    Without the released files a whole file may be the student's or the assignment's: one is taken for the student's
    unless it lies beside files with regions.
    """
    found = [region for path in paths for region in file_regions(folder, pristine, path)]
    if pristine is not None:
        return found
    given = {Path(region.path).parent for region in found if region.name}
    return [region for region in found if region.name or Path(region.path).parent not in given]


def file_regions(folder: Path, pristine: Path | None, path: str) -> Iterator[SourceRegion]:
    """The regions of one .py file, or the whole file if the student added it or if that cannot be known."""
    text = shown_file(folder / path)
    if text is None:
        return
    released = shown_file(pristine / path) if pristine else None
    if pristine is not None and released is None:
        yield SourceRegion(path, "", 1, text, True)
        return
    try:
        regions = find_regions(text)
        before = find_regions(released) if released is not None else ()
    except RegionError:
        yield SourceRegion(path, "", 1, text, None)
        return
    if pristine is None and not regions and text.strip():
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


@functools.lru_cache(4096)
def full_name(path: str, text: str, line: int, region: str) -> str:
    """The region's full name: module, function around that 0-based line, region's own name."""
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    names = [module] if module else []
    body = statements(text)
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


@functools.lru_cache(16)
def statements(text: str) -> Sequence[ast.stmt]:
    """The statements of a file, none where it cannot be read; each of its regions asks for them."""
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()


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
    stamp = shown_file(folder / TIMESTAMP)
    if stamp:
        from nbgrader.utils import parse_utc

        try:
            return parse_utc(stamp.strip()).replace(tzinfo=UTC)
        except ValueError:
            pass
    times = [path.stat().st_mtime for path in paths if path.is_file()]
    return datetime.fromtimestamp(int(max(times, default=0)), UTC)
