"""Takes submissions from a folder or a zip, as learning platforms hand them out, into `submitted/`.

What it understands:
- `<student>/…`, with the notebooks somewhere below, or `<student>/<assignment>/…`
- `<student>.zip`, or `<student>-<assignment>.zip` as `autograder submit` names it: one archive for each student
- Moodle: folders `Full Name_12345_assignsubmission_file_`
- Canvas: files `doejane_12345_67890_two_layer_net.ipynb` or `doejane_LATE_12345_67890_homework.zip`
- Blackboard: files `Homework 1_jdoe_attempt_2026-10-09-11-30-00_homework.zip`; the last attempt counts

The time of handing in is the newest time in the submission. nbgrader's timestamp.txt says it instead where it
lies in a student's folder, but not where the student can have put it: in an archive, or on a platform.
"""

import os
import re
import shutil
import tempfile
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path, PurePosixPath

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.gradebook.store import Store
from autograder.intake.archives import MAX_BYTES, Found, Refused, is_litter, read_zip
from autograder.intake.submission import (
    IGNORED_FILES,
    MAX_FILES,
    TIMESTAMP,
    Note,
    read_regular,
    read_submission,
    walk,
)

MAX_NESTED = 2
MOODLE = re.compile(r"(?P<student>.+?)_(?P<number>\d+)_assignsubmission_(file|onlinetext)_?\Z")
CANVAS = re.compile(r"(?P<student>[^_/]+?)(?:_LATE)?_(?P<number>\d+)_\d+_(?P<file>.+)\Z")
BLACKBOARD = re.compile(r".+_(?P<student>[^_/]+)_attempt_(?P<attempt>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)\Z")
COPY_NUMBER = re.compile(r"([ _]?\(\d+\)|-\d+)(?=\.ipynb\Z)")
OTHER_ARCHIVES = (".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz")


@dataclass
class Report:
    """What came of collecting."""

    collected: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def collect(course: Course, assignment: Assignment, source: Path, force: bool = False) -> Report:
    """Put every student's submission that is in `source` into `submitted/`; what is there already and newer stays.

    Args:
        source: a folder or a zip of submissions.
        force: replace newer submissions by older ones, too.
    """
    report = Report()
    store = Store(course, assignment.name)
    zone = assignment.due.tzinfo if assignment.due else None
    try:
        by_student = group(store, read_source(source, report, zone), report)
    except Refused as refused:
        report.problems.append(f"{source}: {refused}")
        return report
    for student, files in sorted(by_student.items()):
        try:
            files = settle(unpack(files, student, report, zone), assignment)
            if not any(found.path.endswith(".ipynb") for found in files):
                report.problems.append(f"{student}: {no_notebook(files)}")
            elif put(store, student, files, force, report):
                report.collected.append(student)
        except Refused as refused:
            report.problems.append(f"{student}: {refused}")
        except OSError as error:
            report.problems.append(f"{student}: could not be written to {store.submitted(student)}: {error.strerror}.")
    return report


def no_notebook(files: list[Found]) -> str:
    """What was handed in instead of a notebook, and what to do."""
    if not files:
        return "what was handed in is empty."
    paths = [found.path for found in files]
    shown = ", ".join(paths[:3]) + (" …" if len(paths) > 3 else "")
    packed = any(path.lower().endswith(OTHER_ARCHIVES) for path in paths)
    hint = " Only zips are unpacked: unpack it into a folder of the student's, and collect that." if packed else ""
    return f"there is no notebook in what was handed in, only {shown}.{hint}"


# --- reading ----------------------------------------------------------------------------------------------------------


def read_source(source: Path, report: Report, zone: tzinfo | None) -> list[Found]:
    """All files in a folder or zip, with their paths in it; `zone` as of `read_zip`."""
    if source.is_dir():
        notes: list[Note] = []
        found = []
        for path, entry in walk(source, notes):
            if is_litter(PurePosixPath(path).parts):
                continue
            content = read_regular(Path(entry.path), MAX_BYTES)
            if content is None:
                report.notes.append(f"{path} cannot be read, or is too large, and is left out.")
            else:
                found.append(Found(path, content, entry.stat(follow_symlinks=False).st_mtime))
        report.notes += [note.text for note in notes]
        return found
    content = read_regular(source, 8 * MAX_BYTES)
    if content is None:
        raise Refused("it is neither a folder nor a readable zip.")
    return list(read_zip(content, zone, limit=8 * MAX_BYTES, files=100 * MAX_FILES))


# --- whose it is ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Owned:
    """A file with its owner: the name, and the number by which a platform tells owners of the same name apart.

    `attempt` is Blackboard's, a time that sorts.
    """

    student: str
    number: str
    found: Found
    attempt: str = ""


def group(store: Store, files: list[Found], report: Report) -> dict[str, list[Found]]:
    """Student -> files, with paths below what is the student's own."""
    owned = [one for found in without_common_folder(files) if (one := owner(found, store.assignment, report))]
    numbers: dict[str, set[str]] = defaultdict(set)
    last: dict[str, str] = defaultdict(str)
    for one in owned:
        numbers[one.student].add(one.number)
        last[one.student] = max(last[one.student], one.attempt)
    groups: dict[str, list[Found]] = defaultdict(list)
    for one in owned:
        several = len(numbers[one.student]) > 1 and one.number
        if one.attempt == last[one.student]:
            groups[f"{one.student}_{one.number}" if several else one.student].append(one.found)
    for student in sorted(student for student, known in numbers.items() if len(known) > 1):
        names = [f"{student}_{number}" if number else student for number in sorted(numbers[student])]
        report.notes.append(f"several are called {student}; they are kept apart as {', '.join(names)}.")
        if student not in names and store.submitted(student).exists():
            report.notes.append(f"submitted/{student} is from an earlier download, and one of them: remove it.")
    return groups


def owner(found: Found, assignment: str, report: Report) -> Owned | None:
    """Whose a file is; None, and told, where nobody can know."""
    top, _, rest = found.path.partition("/")
    if rest:
        if moodle := MOODLE.match(top):
            return owned_by(moodle, moodle["number"], rest, found)
        return Owned(student_name(top), "", Found(rest, found.content, found.time))
    if blackboard := BLACKBOARD.match(top):
        file = blackboard["file"]
        return owned_by(blackboard, "", file, found, blackboard["attempt"]) if file else None
    if canvas := CANVAS.match(top):
        return owned_by(canvas, canvas["number"], canvas["file"], found)
    if top.lower().endswith(".zip"):
        return Owned(student_name(without_assignment(top[:-4], assignment)), "", found)
    if top.lower().endswith((".ipynb", *OTHER_ARCHIVES)):
        report.problems.append(
            f"{top}: whose is it? Put it, unpacked, into a folder with the student's id as its name."
        )
    else:
        report.notes.append(f"{top} is left out: it is neither a student's folder nor a zip.")
    return None


def without_assignment(stem: str, assignment: str) -> str:
    """An archive's name without what `autograder submit`, and a browser, put behind the student's."""
    return re.sub(rf"(?<=.)-{re.escape(assignment)}([ _]?\(\d+\))?\Z", "", stem, flags=re.IGNORECASE)


def owned_by(match: re.Match, number: str, path: str, found: Found, attempt: str = "") -> Owned | None:
    """A file that came through a platform; the time of handing in is nothing that a student could say there."""
    if PurePosixPath(path).name == TIMESTAMP:
        return None
    return Owned(student_name(match["student"]), number, Found(path, found.content, found.time), attempt)


def without_common_folder(files: list[Found]) -> list[Found]:
    """The files less a single folder around all students' folders."""
    tops = {found.path.partition("/")[0] for found in files}
    deep = [found for found in files if found.path.count("/") >= 2 or found.path.endswith(".zip")]
    if len(tops) == 1 and len(deep) == len(files) and all("/" in found.path for found in files):
        inner = {found.path.split("/")[1] for found in files}
        if len(inner) > 1 or any(MOODLE.match(name) for name in inner):
            return [Found(found.path.partition("/")[2], found.content, found.time) for found in files]
    return files


def student_name(text: str) -> str:
    """A student's id as a folder name: letters, digits, and - _ . @ as they are, anything else as _."""
    name = re.sub(r"[^\w.@-]+", "_", unicodedata.normalize("NFC", text.strip())).strip("._")
    return name[:100] or "unnamed"


# --- what it is -------------------------------------------------------------------------------------------------------


def unpack(files: list[Found], student: str, report: Report, zone: tzinfo | None, depth: int = 0) -> list[Found]:
    """The student's files, archives among them unpacked; raises Refused for an archive that is not taken."""
    out: list[Found] = []
    for found in files:
        if not found.path.lower().endswith(".zip"):
            if not depth or PurePosixPath(found.path).name != TIMESTAMP:
                out.append(found)
        elif depth == MAX_NESTED:
            report.notes.append(f"{student}: {found.path} is an archive in an archive in an archive, and is left out.")
        else:
            out += unpack(list(read_zip(found.content, zone)), student, report, zone, depth + 1)
    if sum(len(found.content) for found in out) > MAX_BYTES:
        raise Refused(f"all archives unpacked are more than {MAX_BYTES >> 20} MB.")
    return out


def settle(files: list[Found], assignment: Assignment) -> list[Found]:
    """The files as grading looks for them: the folder that holds the notebooks is the submission."""
    names = {f"{name}.ipynb" for name in assignment.notebooks}
    notebooks = [found for found in files if found.path.endswith(".ipynb")]
    homes: dict[str, int] = defaultdict(int)
    for found in notebooks:
        homes[str(PurePosixPath(found.path).parent)] += 1 + 10 * (original_name(found.path) in names)
    home = max(homes, key=lambda folder: (homes[folder], -len(folder)), default=".")
    prefix = "" if home == "." else home + "/"
    out: dict[str, Found] = {}
    for found in files:
        path = found.path.removeprefix(prefix) if found.path.startswith(prefix) else found.path
        if "/" not in path and path.endswith(".ipynb") and path not in names and original_name(path) in names:
            path = original_name(path)
        if path not in out or found.time > out[path].time:
            out[path] = Found(path, found.content, found.time)
    return list(out.values())


def original_name(path: str) -> str:
    """A notebook's name without what browsers and platforms add to a second copy: "knn (1).ipynb", "knn-2.ipynb"."""
    return COPY_NUMBER.sub("", PurePosixPath(path).name)


# --- putting it there -------------------------------------------------------------------------------------------------


def put(store: Store, student: str, files: list[Found], force: bool, report: Report) -> bool:
    """Write a submission in one step; False where the same or a newer one is there."""
    place = store.submitted(student)
    stamp = next((found.content for found in files if found.path == TIMESTAMP), b"")
    when = datetime.fromtimestamp(max(found.time for found in files), UTC)
    stamp = stamp or when.strftime("%Y-%m-%d %H:%M:%S UTC\n").encode()
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=place.parent, prefix=".collect-"))
    try:
        for found in files:
            if PurePosixPath(found.path).name not in IGNORED_FILES:
                target = fresh / found.path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(found.content)
        (fresh / TIMESTAMP).write_bytes(stamp)
        fresh.chmod(0o755)
        if place.exists():
            old, new = (
                read_submission(student, place, MAX_BYTES >> 20),
                read_submission(student, fresh, MAX_BYTES >> 20),
            )
            if old.files == new.files:
                report.unchanged.append(student)
                return False
            if not force and (old.handed_in() or datetime.min) > (new.handed_in() or datetime.max):
                report.unchanged.append(student)
                report.notes.append(f"{student}: a newer submission is there; --force replaces it.")
                return False
            os.replace(place, fresh.with_name(f"{fresh.name}-old"))
        os.replace(fresh, place)
        return True
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        report.problems.append(f"{student}: a file and a folder of what was handed in have the same name.")
        return False
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(fresh.with_name(f"{fresh.name}-old"), ignore_errors=True)
