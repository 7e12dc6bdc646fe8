"""Generate released folders with nbgrader's own GenerateAssignment, whole or not at all."""

import filecmp
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry, Notebook
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory

from autograder.assignment import Assignment
from autograder.course import Course, environment_bin_on_path, nbgrader_config
from autograder.errors import CourseError
from autograder.expect import HOME_FILE
from autograder.files import make_folder, never_submitted
from autograder.notebooks import write_notebook
from autograder.questions import is_question, marks_of, points_of, students_write
from autograder.release.at_home import Make, content_now, stale_notebooks
from autograder.release.checks import check_assignment
from autograder.release.preprocessors import settle_files
from autograder.release.versions import keep_version
from autograder.source import SCRIPT, open_source, read_source, source_path

LOG = "release.log"

Advance = Callable[[str], None]


class _Generate(GenerateAssignment):
    """nbgrader's converter, which tells after each notebook, and keeps the error that it would only log."""

    advance: Advance = staticmethod(lambda notebook: None)
    error: Exception | None = None
    assignment: Assignment

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        super().init_assignment(assignment_id, student_id)
        settle_files(Path(self._format_dest(assignment_id, student_id)), self.assignment)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        try:
            super().convert_single_notebook(notebook_filename)
        except Exception as error:
            self.error = error
            raise
        self.advance(Path(notebook_filename).stem)


def release(
    course: Course,
    names: Sequence[str],
    to: Path | None = None,
    advance: Advance = lambda _: None,
    make_home: Make | None = None,
) -> list[str]:
    """Release assignments into `to` (default: the course's assignments/) and tell the gradebook.

    Each folder is made elsewhere and then put in place of the old one. `advance` is called after each notebook.
    `make_home` makes what checks compare with at home; without it, only what was made before is released.

    Returns:
        what the instructor should know: points that changed under submissions already graded.

    Raises:
        CourseError: the source is malformed (then nothing is written), or nbgrader failed.
    """
    check_sources(course, names)
    environment_bin_on_path()
    notes = [note for name in names for note in check_gradebook(course, course.assignment(name))]
    notes += [note for name in names for note in disagreements(course.assignment(name))]
    for name in names:
        assignment = course.assignment(name)
        with _staging(course) as folder:
            _generate(course, assignment, folder, record=True, advance=advance)
            target = (to or course.release_dir) / name
            if (content := content_now(course, assignment, target, make_home)) is not None:
                (folder / name / HOME_FILE).write_bytes(content)
            if target == course.release_dir / name:
                keep_version(course, name)
            _put_in_place(folder / name, target)
    return notes


def stale(course: Course, names: Sequence[str], advance: Advance = lambda _: None) -> list[str]:
    """Return how assignments/ differs from a fresh release, one text per file; the gradebook is not touched.

    Raises:
        CourseError: the source is malformed.
    """
    check_sources(course, names)
    differences = []
    for name in names:
        with _staging(course) as folder:
            _generate(course, course.assignment(name), folder, record=False, advance=advance)
            released = course.release_dir / name
            if (released / HOME_FILE).is_file():
                shutil.copy(released / HOME_FILE, folder / name)
            differences += _differences(folder / name, released)
    return [course.shorten(difference) for difference in differences]


def old_at_home(course: Course, names: Sequence[str]) -> list[str]:
    """Say which released homeworks compare at home with what older code gave; `release` makes that anew."""
    notes = []
    for name in names:
        home = course.release_dir / name / HOME_FILE
        if home.is_file() and (old := stale_notebooks(course, course.assignment(name), home.read_bytes())):
            notes.append(
                course.shorten(f"{home} was made from older code ({', '.join(old)}). Run:  autograder release")
            )
    return notes


def orphans(course: Course) -> list[Path]:
    """Return the folders of assignments/ that have no source."""
    known = course.assignment_names()
    return sorted(p for p in course.release_dir.glob("*") if p.is_dir() and p.name not in known)


def check_sources(course: Course, names: Sequence[str]) -> None:
    """Raise a CourseError that lists everything malformed in these assignments."""
    problems = [problem for name in names for problem in check_assignment(course, name)]
    if problems:
        raise CourseError("\n".join(course.shorten(problem) for problem in problems))


def check_gradebook(course: Course, assignment: Assignment) -> list[str]:
    """Compare the graded cells with the gradebook's, which cannot change once submissions are in it.

    Returns:
        a text for each cell whose points change under submissions.

    Raises:
        CourseError: a cell or notebook was added, taken out or renamed, and there are submissions.
    """
    if course.gradebook_file is not None and not course.gradebook_file.exists():
        return []
    with Gradebook(course.gradebook_url) as gradebook:
        try:
            recorded = gradebook.find_assignment(assignment.name)
        except MissingEntry:
            return []
        submissions = len(recorded.submissions)
        if not submissions:
            return []
        before = {notebook.name: _recorded_cells(notebook) for notebook in recorded.notebooks}
    after = {name: _cells(read_source(assignment, name)) for name in assignment.notebooks}
    changes = [f"{n}.ipynb is {'new' if n in after else 'gone'}" for n in sorted(before.keys() ^ after.keys())]
    notes = []
    for notebook in sorted(before.keys() & after.keys()):
        old, new = before[notebook], after[notebook]
        changes += [f"{notebook}:{c} is {'new' if c in new else 'gone'}" for c in sorted(old.keys() ^ new.keys())]
        for name in sorted(old.keys() & new.keys()):
            was, now = old[name], new[name]
            if (was.grade, was.solution) != (now.grade, now.solution):
                changes.append(f"{notebook}:{name} is of another kind")
            elif was.points != now.points:
                notes.append(
                    f"{assignment.name}, {notebook}:{name} is now worth {now.points:g} points (was {was.points:g}). "
                    f"Grade its {submissions} submissions again:  autograder grade {assignment.name} --changed"
                )
    if changes:
        raise CourseError(
            f"the gradebook has {submissions} submissions of {assignment.name}, and its graded or locked "
            f"cells are no longer the same ({'; '.join(changes)}). Texts, tests and points can change now, "
            f"cells cannot. Put them back, or release this version under another name, or take the old one out of "
            f"the gradebook, scores and all:  nbgrader db assignment remove {assignment.name} --force"
        )
    return notes


@dataclass(frozen=True)
class _RecordedCell:
    grade: bool
    solution: bool
    points: float


def _recorded_cells(notebook: Notebook) -> dict[str, _RecordedCell]:
    """The cells that nbgrader has recorded."""
    points = {cell.name: cell.max_score for cell in notebook.grade_cells}
    solutions = {cell.name for cell in notebook.solution_cells}
    names = (cell.name for cell in notebook.source_cells)
    return {name: _RecordedCell(name in points, name in solutions, points.get(name, 0)) for name in names}


def _cells(nb: NotebookNode) -> dict[str, _RecordedCell]:
    """The cells that nbgrader would record: those that are graded, written in, or locked."""
    return {
        cell.id: _RecordedCell(is_question(cell), students_write(cell), points_of(cell))
        for cell in nb.cells
        if is_question(cell) or students_write(cell) or marks_of(cell).get("locked")
    }


def disagreements(assignment: Assignment) -> list[str]:
    """What the text of a cell says otherwise than its metadata, which is what was released."""
    return [
        f'{assignment.name}, {name}, cell "{remark.cell}": {remark.text}'
        for name in assignment.notebooks
        for remark in open_source(assignment, name).disagreements
    ]


@contextmanager
def _staging(course: Course) -> Iterator[Path]:
    course.work.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="release-", dir=course.work) as folder:
        yield Path(folder)


def _generate(course: Course, assignment: Assignment, folder: Path, *, record: bool, advance: Advance) -> None:
    """Run nbgrader's converter into `folder`; its log goes to a file."""
    config = nbgrader_config(course)
    source = folder / ".source"
    _lay_out(assignment, source / assignment.name)
    config.CourseDirectory.source_directory = str(source)
    config.CourseDirectory.release_directory = str(folder)
    config.CourseDirectory.assignment_id = assignment.name
    config.GenerateAssignment.post_convert_hook = None
    config.GenerateAssignment.no_database = not record
    config.SaveCells.enabled = record
    with _log(course.work / LOG) as log:
        converter = _Generate(coursedir=CourseDirectory(config=config, log=log), config=config, log=log)
        converter.assignment = assignment
        converter.advance = advance
        try:
            converter.start()
        except NbGraderException as error:
            raise _failure(assignment, converter.error or error, course.work / LOG) from error


def _lay_out(assignment: Assignment, folder: Path) -> None:
    """Put the source where nbgrader reads it: notebooks as .ipynb with their ids and metadata, and all other files."""
    shutil.copytree(assignment.folder, folder)
    for name in assignment.notebooks:
        if (path := source_path(assignment.folder, name)).suffix == SCRIPT:
            (folder / path.name).unlink()
        write_notebook(read_source(assignment, name), folder / f"{name}.ipynb")


def _failure(assignment: Assignment, error: Exception, log: Path) -> CourseError:
    if isinstance(error, CourseError):
        return CourseError(str(error))
    return CourseError(
        f"nbgrader could not generate {assignment.name}: {type(error).__name__}: {error}. "
        f"Nothing was changed in assignments/; what it did is in {log}."
    )


@contextmanager
def _log(path: Path) -> Iterator[logging.Logger]:
    log = logging.Logger("autograder.release", logging.INFO)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    try:
        yield log
    finally:
        handler.close()


def _put_in_place(new: Path, old: Path) -> None:
    """Replace a folder; it is missing only between two renames."""
    make_folder(old.parent)
    with tempfile.TemporaryDirectory(prefix=f".{old.name}-", dir=old.parent) as aside:
        shutil.copytree(new, Path(aside) / "new")
        if old.exists():
            os.rename(old, Path(aside) / "old")
        os.rename(Path(aside) / "new", old)


def _differences(fresh: Path, released: Path) -> list[str]:
    if not released.is_dir():
        return [f"{released} is missing"]
    should, found = _files(fresh), _files(released)
    changed = [p for p in should & found if not filecmp.cmp(fresh / p, released / p, shallow=False)]
    return (
        [f"{released / path} is out of date" for path in sorted(changed)]
        + [f"{released / path} is missing" for path in sorted(should - found)]
        + [f"{released / path} is not part of the release" for path in sorted(found - should)]
    )


def _files(folder: Path) -> set[Path]:
    files = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    return {path for path in files if not never_submitted(path)}
