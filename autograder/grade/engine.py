"""A grading run: workers, judges, gradebook and results on the disk, for all submissions of an assignment."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Course
from autograder.data.sandbox_view import make_sandbox_view
from autograder.errors import CourseError
from autograder.grade.assess import Graded, Settings, grade_submission
from autograder.grade.books import Books, Entry
from autograder.grade.crew import Crew
from autograder.grade.judge import Judge
from autograder.grade.pristine import Pristine
from autograder.grade.state import Store
from autograder.grade.submission import Submission, read_submission


@dataclass(frozen=True)
class Plan:
    """What a run is to do."""

    students: tuple[str, ...]
    up_to_date: tuple[str, ...]


class Listener:
    """Hears how a run goes; each method may be called from any thread. Does nothing by itself."""

    def key_cell(self, notebook: str, cell_id: str) -> None:
        """The answer key is being made, and has come to this cell."""

    def key_ready(self, notebook: str) -> None:
        """A notebook's answer key is made."""

    def begins(self, student: str) -> None:
        """A submission is taken up."""

    def done(self, student: str, graded: Graded, entry: Entry) -> None:
        """A submission is graded and written down."""

    def failed(self, student: str, why: str) -> None:
        """A submission could not be graded."""


class Engine:
    """Grades submissions of one assignment. Use as a context manager: its judges live as long."""

    def __init__(
        self,
        course: Course,
        pristine: Pristine,
        settings: Settings,
        crew: Crew,
        scratch: Path,
        listener: Listener,
    ) -> None:
        """`crew`: runs the submissions. `scratch`: a folder for the source notebooks while they run."""
        self.course = course
        self.pristine = pristine
        self.settings = settings
        self.scratch = scratch
        self.listener = listener
        self.crew = crew

    def __enter__(self) -> "Engine":
        with contextlib.ExitStack() as stack:
            self.judges: dict[str, Future[Judge]] = {}
            assignment, seed = self.pristine.assignment, self.settings.seed
            pool = stack.enter_context(ThreadPoolExecutor(len(assignment.notebooks)))
            self.makers = [
                stack.enter_context(Judge(self.course, assignment, name, seed, self.scratch))
                for name in assignment.notebooks
            ]
            for judge in self.makers:
                self.judges[judge.notebook] = pool.submit(self.make_ready, judge)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *exc) -> None:
        self.stack.close()

    def make_ready(self, judge: Judge) -> Judge:
        name = judge.notebook
        judge.prepare(lambda cell_id: self.listener.key_cell(name, cell_id))
        check_key(judge, self.pristine)
        self.listener.key_ready(name)
        return judge

    def abort(self) -> None:
        """Stop workers and judges, so that no thread waits for one any longer."""
        self.crew.abort()
        for judge in self.makers:
            judge.process.kill()

    def unfinished_keys(self) -> list[Future]:
        """The answer keys that are still being made; raises CourseError where one cannot be made."""
        for future in self.judges.values():
            if future.done():
                future.result()
        return [future for future in self.judges.values() if not future.done()]

    def grade(self, submission: Submission) -> Graded:
        """Grade one submission; raises WorkerDied where it takes its worker down every time."""
        return grade_submission(
            submission, self.pristine, self.settings, self.crew.run, lambda name: self.judges[name].result()
        )


def check_key(judge: Judge, pristine: Pristine) -> None:
    """Raises CourseError where a cell has points for which the source states no expectation."""
    for cell in pristine.notebooks[judge.notebook]:
        if cell.is_grade and not cell.is_answer and cell.node.cell_type == "code" and cell.id not in judge.cells:
            raise CourseError(
                f"{judge.assignment.folder / judge.notebook}.ipynb, cell {cell.id}: it has points but states no "
                "expectation (expect.same, expect.close, …), so nothing can be judged."
            )


def usual_workers() -> int:
    """One worker for each core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def plan(store: Store, pristine: Pristine, books: Books, wanted: Sequence[str], force: bool) -> Plan:
    """Who is to be graded: everyone, or those wanted, whose work or whose assignment is not what was graded last."""
    students = store.students()
    for name in wanted:
        if name not in students:
            raise CourseError(
                f"nothing was handed in by {name} for {store.assignment}: {store.submitted(name)} is not there."
            )
    if not students:
        raise CourseError(
            f"no submissions: {store.course.submitted}/<student>/{store.assignment} is what is looked for. "
            f"`autograder collect {store.assignment} FOLDER` puts them there."
        )
    todo, done = [], []
    for student in wanted or students:
        (todo if force or not is_done(store, pristine, books, student) else done).append(student)
    return Plan(tuple(todo), tuple(done))


def is_done(store: Store, pristine: Pristine, books: Books, student: str) -> bool:
    result = store.result(student)
    if result is None or result.get("assignment_sha256") != pristine.fingerprint or not books.has(student):
        return False
    return result.get("submission_sha256") == read(store, pristine, student).sha256


def read(store: Store, pristine: Pristine, student: str) -> Submission:
    return read_submission(student, store.submitted(student), pristine.assignment.limits.file_mb)


def data_view(course: Course) -> Path | None:
    """The datasets as student code may see them."""
    if not course.data.is_dir():
        return None
    return make_sandbox_view(course.data, course.work / "data", course.library)


def grade_all(engine: Engine, store: Store, books: Books, students: Sequence[str]) -> Iterator[str]:
    """Grade these students' submissions, writing each down when it is done; yields their names as they are.

    What goes wrong with one submission is told to the engine's listener, and the others go on.

    Raises:
        CourseError: the answer key cannot be made.
    """
    listener = engine.listener

    def one(student: str) -> tuple[Submission, Graded]:
        listener.begins(student)
        submission = read(store, engine.pristine, student)
        return submission, engine.grade(submission)

    with ThreadPoolExecutor(engine.crew.count) as pool:
        waiting = iter(students)
        running: dict[Future, str] = {}
        keys = engine.unfinished_keys()
        try:
            while True:
                for student in waiting:
                    running[pool.submit(one, student)] = student
                    if len(running) >= engine.crew.count + 1:
                        break
                if not running:
                    return
                finished = wait([*running, *keys], return_when=FIRST_COMPLETED).done
                keys = engine.unfinished_keys()
                for future in finished & running.keys():
                    student = running.pop(future)
                    try:
                        submission, graded = future.result()
                    except CourseError:
                        raise
                    except Exception as error:
                        listener.failed(student, f"{type(error).__name__}: {error}")
                        continue
                    entry = books.enter(student, graded.notebooks, graded.grades, submission.handed_in())
                    store.write(student, graded.files)
                    listener.done(student, graded, entry)
                    yield student
        except BaseException:
            for future in running:
                future.cancel()
            engine.abort()
            raise
