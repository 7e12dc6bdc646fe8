"""A student's folder -> one zip to hand in: notebooks, code and the files that the homework asks for, no data set."""

import hashlib
import io
import json
import struct
import textwrap
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.assignment import Assignment
from autograder.errors import CourseError
from autograder.files import python_files
from autograder.intake.archives import UNIX_TIMES, Refused, first_of, read_zip
from autograder.intake.settle import MANIFEST, Expected, settle
from autograder.notebooks import read_notebook
from autograder.student.laid import LaidFolder
from autograder.who import Student, file_name, read_student

NARROW = 79  # columns of a message
MAX_FILE_BYTES = 50 * 2**20
FIRST_TIME = 315_619_200  # seconds, a day into 1980: zips know no earlier year


@dataclass(frozen=True)
class Packed:
    """What went into the zip, and what the student should know before handing it in."""

    path: Path
    student: Student
    files: tuple[str, ...]
    warnings: tuple[str, ...]


def files_to_hand_in(folder: Path, assignment: Assignment) -> Iterator[Path]:
    """The notebooks, every .py file and what `hand_in` names, relative to the folder, in a stable order."""
    wanted = [folder / f"{name}.ipynb" for name in assignment.notebooks]
    wanted += [folder / name for name in assignment.hand_in]
    wanted += [folder / path for path in python_files(folder)]
    for path in wanted:
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(folder)


def pack(folder: Path, laid: LaidFolder, target: Path | None = None, anyway: bool = False) -> Packed:
    """Write the zip that a student hands in.

    Args:
        folder: the student's copy of the released folder.
        laid: the same as grading takes it.
        target: where the zip goes; by default beside the folder, named for student and assignment.
        anyway: even where work that was done would not be graded.

    Raises:
        CourseError: work would not be graded, name or id are empty, a file is too large, `collect` would turn the zip
            away, or it cannot be written.
    """
    assignment = laid.assignment
    lost = [finding for finding in laid.findings if finding.costly]
    if lost and not anyway:
        listed = "\n".join(
            textwrap.fill(str(finding), NARROW, initial_indent="  ", subsequent_indent="    ") for finding in lost
        )
        raise CourseError(
            f"nothing was packed, since this would not be graded:\n{listed}\n"
            "  Put it right, and do this again. To pack the folder as it is, add  --anyway"
        )
    student = student_of(folder, assignment)
    files = tuple(files_to_hand_in(folder, assignment))
    for path in files:
        size = (folder / path).stat().st_size
        if size > MAX_FILE_BYTES:
            raise CourseError(
                f"{path} has {size / 2**20:.0f} MB, more than {MAX_FILE_BYTES // 2**20} MB.\n"
                "  Clear the notebook's large outputs, or remove the file from the folder."
            )
    target = target or folder.resolve().parent / f"{file_name(student.student_id)}-{assignment.name}.zip"
    now = datetime.now().astimezone()
    manifest = {
        "assignment": assignment.name,
        "name": student.name,
        "student_id": student.student_id,
        "made_at": now.isoformat(timespec="seconds"),
        "files": {path.as_posix(): hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in files},
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member(MANIFEST, now.timestamp()), json.dumps(manifest, indent=1))
        for path in files:
            written = (folder / path).stat().st_mtime
            archive.writestr(member(path.as_posix(), written), (folder / path).read_bytes())
    check_collected(content.getvalue(), assignment)
    try:
        target.write_bytes(content.getvalue())
    except OSError as error:
        raise CourseError(
            f"{target} cannot be written: {error.strerror}.\n"
            "  Name another file, in a folder that is there:  --to FILE.zip"
        ) from None
    return Packed(target, student, tuple(manifest["files"]), tuple(warnings(laid)))


def student_of(folder: Path, assignment: Assignment) -> Student:
    """Who the first notebook that is there says it is of.

    Raises:
        CourseError: there is no notebook, or name or id are empty.
    """
    there = [name for name in assignment.notebooks if (folder / f"{name}.ipynb").is_file()]
    if not there:
        raise CourseError(f"{folder} has no {assignment.notebooks[0]}.ipynb.\n  Go to the homework's folder.")
    student = read_student(read_notebook(folder / f"{there[0]}.ipynb"))
    if not student.name.strip() or not student.student_id.strip():
        raise CourseError(
            f'{there[0]}.ipynb, cell "student": name or student id is empty.\n'
            "  Fill both in, save the notebook, and run this command again."
        )
    return student


def check_collected(content: bytes, assignment: Assignment) -> None:
    """Raises CourseError where `autograder collect` would turn the zip away."""
    try:
        whole = read_zip(content, None)
        settled = settle(whole.files, assignment, Expected({name: {} for name in assignment.notebooks}, {}))
        if lost := [*whole.lost, *settled.lost]:
            raise Refused("; ".join(first_of(lost)))
    except Refused as refused:
        raise CourseError(
            f"the zip would be turned away: {refused}\n"
            "  Take what does not belong to the assignment out of the folder, and run this command again."
        ) from None


def member(path: str, seconds: float) -> zipfile.ZipInfo:
    """A zip's entry with the file's exact time, since the clock in a zip has no time zone."""
    seconds = max(int(seconds), FIRST_TIME)
    info = zipfile.ZipInfo(path, time.localtime(seconds)[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    info.extra = struct.pack("<HHBI", UNIX_TIMES, 5, 1, seconds)
    return info


def warnings(laid: LaidFolder) -> Iterator[str]:
    """What may be an oversight, in words for the student."""
    yield from map(str, laid.findings)
    for question in laid.questions:
        if question.by_hand and question.key not in laid.written:
            yield f'"{question.title}" in {question.notebook}.ipynb is not answered.'
    for name, notebook in laid.notebooks.items():
        code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
        if code and not any(cell.get("outputs") for cell in code):
            yield f"{name}.ipynb was saved without outputs: run it before you export its PDF."
    due = laid.assignment.due
    if due and datetime.now().astimezone() > due:
        yield f"the due time, {due:%d %B %Y %H:%M}, has passed."
