"""A grading run: workers, judges, gradebook and results on the disk, for all submissions of an assignment."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

from sqlalchemy.exc import OperationalError

from autograder.course import Course
from autograder.data.made_once import remove_made
from autograder.errors import CourseError, NoVerdict
from autograder.expect.sites import counts_as_it_ran, states_nothing
from autograder.grade.prepare.pristine import Pristine
from autograder.grade.run.clerks import Answered, Clerks
from autograder.grade.run.crew import Crew
from autograder.grade.run.jobs import Job, Run
from autograder.grade.run.one_submission import TRIES, Earlier, Graded, Settings, grade_with_keys
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.run.worker import SandboxRefused
from autograder.grade.verdict.judge import Judge, JudgeDied
from autograder.gradebook.books import Books
from autograder.gradebook.store import Store
from autograder.intake.submission import Submission
from autograder.source import source_path
from autograder.syntax import tree_of

RETRY_SECONDS = 0.2
BATCH, BATCH_SECONDS = 32, 1.0
"""So many results are written down in one transaction, or what has come in so many seconds."""


class Listener:
    """Hears how a run goes; each method may be called from any thread. Does nothing by itself."""

    def key_cell(self, notebook: str, cell_id: str) -> None:
        """The answer key is being made, and has come to this cell."""

    def key_ready(self, notebook: str) -> None:
        """A notebook's answer key is made."""

    def begins(self, student: str) -> None:
        """A submission is taken up."""

    def done(self, student: str) -> None:
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
        self.hired: Clerks | None = None
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
        if self.settings.data:
            remove_made(self.settings.data)

    def clerks(self, store: Store) -> Clerks:
        """Those who grade for `grade_all`. Ask for them first while this process has one thread."""
        if self.hired is None:
            clerks = Clerks(store, self.pristine, self.settings, self.crew, self.warm)
            self.hired = self.stack.enter_context(clerks)
        return self.hired

    def make_key(self, notebook: str) -> Future[Judge]:
        """Have a notebook's answer key made, where nobody has asked for it before, or once more where it is gone."""
        with self.lock:
            if notebook in self.ready and self.is_gone(notebook):
                self.ready[notebook] = self.pool.submit(self.make_ready, self.judges[notebook])
            if notebook not in self.ready:
                shared = self.settings.data if self.settings.many else None
                seed = self.settings.seed
                judge = Judge(self.course, self.pristine.assignment, notebook, seed, self.warm, self.scratch, shared)
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

    def is_gone(self, notebook: str) -> bool:
        """Was a notebook's key made, and has its process ended since?"""
        future, process = self.ready[notebook], self.judges[notebook].process
        return future.done() and not future.exception() and (process is None or process.control.hung_up())

    def abort(self) -> None:
        """Stop clerks, workers and judges, so that no thread waits for one any longer."""
        if self.hired is not None:
            self.hired.end()
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
        run: Callable[[Job], Run] | None = None,
        earlier: Earlier | None = None,
    ) -> Graded:
        """Grade one submission in this process.

        Args:
            run: in place of the crew's.
            earlier: what of an earlier grading is to be kept.

        Raises:
            NoVerdict: something that is not its own doing stopped it every time.
        """
        return grade_with_keys(submission, self.pristine, self.settings, run or self.crew.run, self, earlier=earlier)

    def want(self, notebook: str) -> Future[Judge]:
        return self.make_key(notebook)

    def revive(self) -> None:
        for judge in list(self.judges.values()):
            judge.revive()

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
    listener, clerks = engine.listener, engine.clerks(store)
    handed_in = {
        notebook for notebook in engine.pristine.assignment.notebooks if is_handed_in(store, students, notebook)
    }

    def write_down(batch: Sequence[Answered]) -> Iterator[str]:
        lines = []
        for one in entered(books, batch, listener):
            try:
                store.place(one.student, one.staged)
            except OSError as error:
                listener.failed(one.student, in_words(error))
                continue
            lines.append(one.line)
            listener.done(one.student)
            yield one.student
        store.add_to_log(*lines)

    waiting, alone, none_yet = deque(students), False, True
    again: dict[str, str] = {}
    batch: list[Answered] = []
    due = 0.0
    try:
        while True:
            for notebook in handed_in:
                engine.make_key(notebook)
            while waiting and (clerks.room if not alone else not clerks.in_hand):
                student = waiting.popleft()
                listener.begins(student)
                clerks.give(student, again.get(student, ""), alone)
            if batch and (len(batch) >= BATCH or not clerks.in_hand or time.monotonic() > due):
                full, batch = batch, []
                yield from write_down(full)
            if not clerks.in_hand:
                if alone or not again:
                    return
                waiting, alone = deque(again), True
                continue
            left = max(0.0, due - time.monotonic()) if batch else None
            for one in clerks.outcomes(left, engine.ready):
                if one.error is None:
                    none_yet = False
                    due = due if batch else time.monotonic() + BATCH_SECONDS
                    batch.append(one)
                    continue
                if (isinstance(one.error, SandboxRefused) and none_yet) or is_of_the_course(one.error):
                    raise one.error
                store.log_no_verdict(one.student, one.words)
                if isinstance(one.error, NoVerdict) and not alone:
                    again[one.student] = one.words
                    listener.postponed(one.student)
                else:
                    listener.failed(one.student, one.words)
            engine.unfinished_keys()
    except BaseException:
        engine.abort()
        raise


def is_handed_in(store: Store, students: Iterable[str], notebook: str) -> bool:
    """Did one of these hand the notebook in?"""
    return any((store.submitted(student) / f"{notebook}.ipynb").exists() for student in students)


def entered(books: Books, batch: Sequence[Answered], listener: Listener) -> Sequence[Answered]:
    """Enter results in the gradebook in one transaction; returns those that are there.

    What the gradebook does not take of one submission is told to the listener.

    Raises:
        OperationalError: nothing can be written, because the database is read-only, full or locked for good.
    """
    try:
        books.enter([one.entry for one in batch if one.entry])
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
