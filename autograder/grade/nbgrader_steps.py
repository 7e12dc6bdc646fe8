"""Our steps in nbgrader's Autograde; nbgrader_config.py lists them.

So `nbgrader autograde` and formgrader's button splice, run and judge as `autograder grade` does. They get one notebook
at a time, in nbgrader's order; all notebooks of a submission are graded at the first of them.
"""

import atexit
import contextlib
import threading
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode

from autograder.course import Course, find_course
from autograder.errors import CourseError, NoVerdict
from autograder.grade.prepare.pristine import load_pristine
from autograder.grade.prepare.splice import splice_submission
from autograder.grade.run.crew import LocalCrew
from autograder.grade.run.engine import Engine, Listener
from autograder.grade.run.one_submission import Graded, Settings
from autograder.grade.run.plan import read
from autograder.grade.run.scratch import data_view, temporary_scratch
from autograder.grade.run.start import safe_tier
from autograder.grade.run.warm_client import WarmProcess
from autograder.gradebook.results import EVIDENCE, RESULT, CellResult
from autograder.gradebook.store import Store, new_seed
from autograder.intake.submission import TIMESTAMP

Resources = dict[str, Any]


@dataclass(frozen=True)
class EngineSession:
    """An engine for one assignment, kept while this process grades it, and what it graded last."""

    store: Store
    engine: Engine
    done: dict[tuple[str, str], Graded]


_lock = threading.Lock()
_sessions: dict[tuple[Path, str, str], EngineSession] = {}
_open = contextlib.ExitStack()
atexit.register(_open.close)


def course_of(resources: Resources) -> Course:
    return find_course(Path(resources["metadata"]["path"]))


def session_of(resources: Resources, tier: str) -> EngineSession:
    """The session for the notebook's assignment; a changed source gets a new one."""
    course = course_of(resources)
    name = resources["nbgrader"]["assignment"]
    pristine = load_pristine(course, course.assignment(name))
    key = course.root, name, pristine.fingerprint
    with _lock:
        if key not in _sessions:
            _open.close()
            _sessions.clear()
            store = Store(course, name)
            settings = Settings(seed=new_seed(), tier=tier, data=data_view(store))
            scratch = _open.enter_context(temporary_scratch())
            warm = _open.enter_context(WarmProcess())
            crew = _open.enter_context(LocalCrew(1, warm, scratch))
            engine = _open.enter_context(Engine(course, pristine, settings, crew, warm, scratch, Listener()))
            _sessions[key] = EngineSession(store, engine, {})
        return _sessions[key]


def graded(resources: Resources, tier: str) -> Graded:
    """The grades of the submission that the notebook belongs to."""
    session = session_of(resources, tier)
    student = resources["nbgrader"]["student"]
    submission = read(session.store, session.engine.pristine.assignment, student)
    key = student, submission.sha256
    if key not in session.done:
        before = session.store.result(student)
        try:
            result = session.engine.grade(submission)
        except NoVerdict as error:
            session.store.log_no_verdict(student, str(error))
            raise
        store = session.store
        store.add_to_log(store.grading_line(student, before, result.result, by="nbgrader autograde"))
        session.done.clear()
        session.done[key] = result
    return session.done[key]


class SpliceSubmission(NbGraderPreprocessor):
    """In place of OverwriteCells: the student's regions, everything else from the source."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        course = course_of(resources)
        about = resources["nbgrader"]
        pristine = load_pristine(course, course.assignment(about["assignment"]))
        store = Store(course, about["assignment"])
        submission = read(store, pristine.assignment, about["student"])
        spliced = splice_submission(submission, pristine)
        for edit in spliced.edits:
            self.log.info("%s, line %s: %s outside the regions; it does not count", edit.place, edit.line, edit.kind)
        for note in spliced.notes:
            self.log.info("%s", note.text)
        ours = {*spliced.files, *(f"{name}.ipynb" for name in spliced.notebooks), RESULT, EVIDENCE}
        ours |= {TIMESTAMP} if submission.timestamp else set()
        remove_strangers(store.autograded(about["student"]), ours)
        if about["notebook"] not in spliced.notebooks:
            raise CourseError(
                f"{about['student']}: {spliced.missing[about['notebook']]}. "
                f"`autograder grade {about['assignment']}` grades what is left of such a submission."
            )
        return spliced.notebooks[about["notebook"]], resources


def remove_strangers(folder: Path, ours: Container[str]) -> None:
    """Take away what nbgrader copied into the graded submission and is not part of ours.

    nbgrader copies, with the instructor's rights, whatever a student's link points to.
    """
    for path in sorted(folder.rglob("*"), reverse=True):  # what is in a folder comes before the folder
        if path.is_dir() and not path.is_symlink():
            with contextlib.suppress(OSError):  # it is not empty
                path.rmdir()
        elif path.relative_to(folder).as_posix() not in ours:
            path.unlink()


class RunInSandbox(NbGraderPreprocessor):
    """In place of Execute: the notebook's outputs from the sandbox, its verdicts from the answer key."""

    tier = Unicode("", help='Sandbox tier: "namespaces" or "landlock"; "none" for no sandbox; "" for the best.').tag(
        config=True
    )

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        result = graded(resources, safe_tier(course_of(resources), self.tier or None))
        name = resources["nbgrader"]["notebook"]
        files = {path: content for path, content in result.files.items() if not path.endswith(".ipynb")}
        resources.setdefault("outputs", {}).update(files)
        resources["autograder"] = {"results": result.result.of(name)}
        return result.notebooks[name], resources


class SaveExtraCredit(NbGraderPreprocessor):
    """After SaveAutoGrades: points beyond the maximum, which nbgrader keeps for hand-given ones."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        about = resources["nbgrader"]
        results: Mapping[str, CellResult] = resources["autograder"]["results"]
        with Gradebook(about["db_url"]) as gradebook:
            for cell_id, result in results.items():
                if result.extra_credit:
                    entry = gradebook.find_grade(cell_id, about["notebook"], about["assignment"], about["student"])
                    entry.extra_credit = result.score
            gradebook.db.commit()
        return nb, resources
