"""A grading run: workers, judges, gradebook and results on the disk, for all submissions of an assignment."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sqlalchemy.exc import OperationalError

from autograder.course import Course
from autograder.errors import CourseError, NoVerdict
from autograder.expect.sites import counts_as_it_ran, states_nothing
from autograder.grade.prepare.pristine import Pristine
from autograder.grade.run.crew import Crew
from autograder.grade.run.jobs import Job, Run
from autograder.grade.run.one_submission import Earlier, Graded, Settings, grade_submission
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.run.worker import SandboxRefused
from autograder.grade.verdict.judge import Judge, JudgeDied
from autograder.gradebook.books import Books
from autograder.gradebook.entries import GradebookEntry, entry_of
from autograder.gradebook.results import SubmissionResult
from autograder.gradebook.store import Store
from autograder.intake.submission import Submission, read_submission
from autograder.source import source_path
from autograder.syntax import tree_of

TRIES = 2
RETRY_SECONDS = 0.2
BATCH, BATCH_SECONDS = 32, 1.0
"""So many results are written down in one transaction, or what has come in so many seconds."""


@dataclass(frozen=True)
class Finished:
    """A graded submission that is on the disk, and is yet to be entered and put in its place.

    Attributes:
        before: what grading it before had given, if it was.
        staged: the folder with its files.
    """

    student: str
    graded: Graded
    entry: GradebookEntry
    before: SubmissionResult | None
    staged: Path


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

    def done(self, student: str, graded: Graded) -> None:
        """A submission is graded and written down."""

    def postponed(self, student: str) -> None:
        """A submission has no verdict yet; it is graded once more when the others are done."""

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
        warm: WarmProcess,
        scratch: Path,
        listener: Listener,
    ) -> None:
        """Nothing happens yet.

        Args:
            crew: runs the submissions.
            warm: forks the judges' processes.
            scratch: a folder for the source notebooks while they run.
        """
        self.course = course
        self.pristine = pristine
        self.settings = settings
        self.scratch = scratch
        self.listener = listener
        self.crew = crew
        self.warm = warm
        self.ending = False
        self.lock = threading.Lock()

    def __enter__(self) -> "Engine":
        self.stack = contextlib.ExitStack()
        self.pool = self.stack.enter_context(ThreadPoolExecutor(len(self.pristine.assignment.notebooks)))
        self.judges: dict[str, Judge] = {}
        self.ready: dict[str, Future[Judge]] = {}
        return self

    def __exit__(self, *exc) -> None:
        self.stop_judges()
        while wait(self.ready.values(), timeout=RETRY_SECONDS).not_done:
            self.stop_judges()
        self.stack.close()

    def make_key(self, notebook: str) -> Future[Judge]:
        """Have a notebook's answer key made, where nobody has asked for it before."""
        with self.lock:
            if notebook not in self.ready:
                judge = Judge(
                    self.course, self.pristine.assignment, notebook, self.settings.seed, self.warm, self.scratch
                )
                self.judges[notebook] = self.stack.enter_context(judge)
                self.ready[notebook] = self.pool.submit(self.make_ready, judge)
            return self.ready[notebook]

    def make_ready(self, judge: Judge) -> Judge:
        name = judge.notebook
        for tries_left in reversed(range(TRIES)):
            try:
                judge.prepare(lambda cell_id: self.listener.key_cell(name, cell_id))
                break
            except JudgeDied:
                if not tries_left or self.ending:
                    raise
        check_key(judge, self.pristine)
        self.listener.key_ready(name)
        return judge

    def abort(self) -> None:
        """Stop workers and judges, so that no thread waits for one any longer."""
        self.crew.abort()
        self.stop_judges()

    def stop_judges(self) -> None:
        """Stop the judges, and the making of keys that nobody needs any more."""
        self.ending = True
        for judge in list(self.judges.values()):
            if process := judge.process:
                process.interrupt()

    def unfinished_keys(self) -> list[Future]:
        """The answer keys that are still being made; raises CourseError where one cannot be made."""
        futures = list(self.ready.values())
        for future in futures:
            if future.done():
                future.result()
        return [future for future in futures if not future.done()]

    def grade(
        self,
        submission: Submission,
        again: str = "",
        run: Callable[[Job], Run] | None = None,
        earlier: Earlier | None = None,
    ) -> Graded:
        """Grade one submission.

        Args:
            again: why it is graded once more, if it is.
            run: in place of the crew's.
            earlier: what of an earlier grading is to be kept.

        Raises:
            NoVerdict: something that is not its own doing stopped it every time.
        """
        for notebook in self.pristine.assignment.notebooks:
            if f"{notebook}.ipynb" in submission.files:
                self.make_key(notebook)
        for tries_left in reversed(range(TRIES)):
            try:
                return grade_submission(
                    submission, self.pristine, self.settings, run or self.crew.run, self.judge_of, again, earlier
                )
            except JudgeDied:
                if not tries_left or self.ending:
                    raise
                for judge in list(self.judges.values()):
                    judge.revive()
        raise AssertionError("the last try returns or raises")

    def judge_of(self, notebook: str) -> Judge:
        return self.make_key(notebook).result()


def check_key(judge: Judge, pristine: Pristine) -> None:
    """Raises CourseError where a cell has points and states nothing for them."""
    for cell in pristine.notebooks[judge.notebook]:
        if not cell.is_grade or cell.is_answer or cell.node.cell_type != "code" or cell.id in judge.cells:
            continue
        if not counts_as_it_ran(cell.graded) or states_nothing(tree_of(cell.graded)):
            raise CourseError(
                f"{source_path(judge.assignment.folder, judge.notebook)}, cell {cell.id}: it has points but states no "
                "expectation (expect.same, expect.close, …) and asserts nothing, so nothing can be judged."
            )


def plan(store: Store, pristine: Pristine, books: Books, wanted: Sequence[str], force: bool) -> Plan:
    """Who is to be graded: everyone, or those wanted, whose work or whose assignment is not what was graded last."""
    students = store.students()
    for name in wanted:
        if name not in students:
            raise CourseError(
                f"{name} submitted nothing for {store.assignment}: there is no folder {store.submitted(name)}."
            )
    if not students:
        raise CourseError(
            f"No submissions of {store.assignment} in {store.course.submitted}/<student>/. "
            f"Import them first:  autograder collect {store.assignment} FOLDER"
        )
    todo: list[str] = []
    done: list[str] = []
    entered = set() if force else books.students()
    for student in wanted or students:
        (done if student in entered and is_done(store, pristine, student) else todo).append(student)
    return Plan(tuple(todo), tuple(done))


def is_done(store: Store, pristine: Pristine, student: str) -> bool:
    """Is what lies in a student's graded folder the result of this submission and this assignment?"""
    result = store.result(student)
    if result is None or result.assignment_sha256 != pristine.fingerprint:
        return False
    if not store.is_intact(student):
        return False
    try:
        return result.submission_sha256 == read(store, pristine, student).sha256
    except NoVerdict:
        return False  # grading it says why it cannot be read


def read(store: Store, pristine: Pristine, student: str) -> Submission:
    """What a student handed in; raises NoVerdict where it cannot be read."""
    assignment = pristine.assignment
    return read_submission(student, store.submitted(student), assignment.limits.file_mb, assignment.hand_in)


def is_of_the_course(error: Exception) -> bool:
    """Would every submission end with this?"""
    return isinstance(error, CourseError) and not isinstance(error, NoVerdict)


def in_words(error: Exception) -> str:
    """What an error says; its kind too, where its text was not written for people."""
    return str(error) if isinstance(error, CourseError) and str(error) else f"{type(error).__name__}: {error}"


def grade_all(engine: Engine, store: Store, books: Books, students: Sequence[str]) -> Iterator[str]:
    """Grade these students' submissions, writing each down when it is done; yields their names as they are.

    What goes wrong with one submission does not stop the others. One that has no verdict, or that ran out of time
    beside others, is graded once more at the end, alone. What goes wrong then is told to the engine's listener.

    Raises:
        CourseError: the answer key cannot be made, or the first submissions are refused by the sandbox.
        OperationalError: the gradebook cannot be written to.
    """
    listener = engine.listener
    none_yet = True
    again: dict[str, str] = {}

    def one(student: str) -> Finished:
        listener.begins(student)
        submission = read(store, engine.pristine, student)
        graded = engine.grade(submission, again.get(student, ""))
        if why := doubt(graded, alone or engine.crew.count == 1):
            raise NoVerdict(why)
        entry = entry_of(graded.result, graded.notebooks, submission.handed_in())
        return Finished(student, graded, entry, store.result(student), store.stage(graded.files))

    def write_down(batch: Sequence[Finished]) -> Iterator[str]:
        for one in entered(books, batch, listener):
            try:
                store.place(one.student, one.staged)
                store.log(one.student, one.before, one.graded.result)
            except OSError as error:
                listener.failed(one.student, in_words(error))
                continue
            listener.done(one.student, one.graded)
            yield one.student

    with ThreadPoolExecutor(2 * engine.crew.count) as pool:
        waiting, most, alone = iter(students), 2 * engine.crew.count + 1, False
        running: dict[Future[Finished], str] = {}
        batch: list[Finished] = []
        due = 0.0
        keys = engine.unfinished_keys()
        try:
            while True:
                for student in islice(waiting, most - len(running)):
                    running[pool.submit(one, student)] = student
                if batch and (len(batch) >= BATCH or not running or time.monotonic() > due):
                    full, batch = batch, []
                    yield from write_down(full)
                if not running:
                    if alone or not again:
                        return
                    waiting, most, alone = iter(list(again)), 1, True
                    continue
                left = max(0.0, due - time.monotonic()) if batch else None
                finished = wait([*running, *keys], left, FIRST_COMPLETED).done
                keys = engine.unfinished_keys()
                for future in finished & running.keys():
                    student = running.pop(future)
                    try:
                        result = future.result()
                    except Exception as error:
                        if (isinstance(error, SandboxRefused) and none_yet) or is_of_the_course(error):
                            raise
                        store.log_no_verdict(student, in_words(error))
                        if isinstance(error, NoVerdict) and not alone:
                            again[student] = str(error)
                            listener.postponed(student)
                        else:
                            listener.failed(student, in_words(error))
                        continue
                    none_yet = False
                    if not batch:
                        due = time.monotonic() + BATCH_SECONDS
                    batch.append(result)
        except BaseException:
            for future in running:
                future.cancel()
            engine.abort()
            raise


def entered(books: Books, batch: Sequence[Finished], listener: Listener) -> Sequence[Finished]:
    """Enter results in the gradebook in one transaction; returns those that are there.

    What the gradebook does not take of one submission is told to the listener.

    Raises:
        OperationalError: nothing can be written, because the database is read-only, full or locked for good.
    """
    try:
        books.enter([one.entry for one in batch])
    except OperationalError:
        raise
    except Exception as error:
        if len(batch) > 1:
            return [found for one in batch for found in entered(books, [one], listener)]
        listener.failed(batch[0].student, in_words(error))
        return []
    return batch


def doubt(graded: Graded, alone: bool) -> str:
    """Why a submission's verdict may not be its own doing, or ""."""
    if graded.timed_out and graded.paused:
        return "it ran out of time while grading was paused"
    if graded.timed_out and graded.starved:
        return "this machine was so busy with other things that it did not get its time"
    if graded.disturbed and not alone:
        return "another submission had so many processes that this one may have got none"
    what = "it ran out of time" if graded.timed_out else graded.doubt
    return f"{what} beside others" if what and not alone else ""
