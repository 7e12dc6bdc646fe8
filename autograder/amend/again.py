"""Grades submissions again upon an assignment that has changed: from kept evidence, where they would run as they did.

Nothing is put in its place: each result is written down beside the others, with what it gives the gradebook.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import CourseError, NoVerdict
from autograder.grade.kept import KeptEvidence
from autograder.grade.prepare.pristine import Pristine
from autograder.grade.run.engine import Engine, Listener, doubt, in_words, is_of_the_course
from autograder.grade.run.jobs import Job, Run
from autograder.grade.run.one_submission import Earlier, Settings
from autograder.grade.run.plan import read
from autograder.grade.run.repeat import changed_parts, parts_of, run_from
from autograder.grade.run.start import Start
from autograder.grade.verify import evidence_in
from autograder.gradebook.entries import GradebookEntry, entry_of
from autograder.gradebook.results import SubmissionResult
from autograder.gradebook.store import Store
from autograder.notebooks import read_notebook


@dataclass(frozen=True)
class WhoAgain:
    """Who is to be graded again.

    Attributes:
        todo: those whose results are of another version of the assignment.
        same: those whose results are of this one.
        newer: those who have submitted since they were graded, or are not graded at all: `autograder grade` does them.
    """

    todo: tuple[SubmissionResult, ...]
    same: tuple[str, ...]
    newer: tuple[str, ...]


@dataclass(frozen=True)
class Amended:
    """A submission that was graded again.

    Attributes:
        ran: what has changed of its run, by which it had to run again; () where its kept evidence was judged.
        staged: the folder with its files.
    """

    before: SubmissionResult
    now: SubmissionResult
    entry: GradebookEntry
    staged: Path
    ran: tuple[str, ...] = ()

    @property
    def student(self) -> str:
        return self.now.student


@dataclass
class AgainOrKept:
    """Runs a job, or gives what it recorded before. `changed`: by what it had to run."""

    store: Store
    engine: Engine
    before: SubmissionResult
    changed: tuple[str, ...] = field(default=())

    def __call__(self, job: Job) -> Run:
        folder = self.store.autograded(self.before.student)
        kept = evidence_in(folder)
        if not isinstance(kept, KeptEvidence) or not self.store.is_intact(self.before.student):
            self.changed = ("its kept evidence, which is missing or damaged",)
        else:
            self.changed = changed_parts(kept.about.get("parts"), parts_of(job, self.engine.pristine.data))
        if self.changed or not isinstance(kept, KeptEvidence):
            return self.engine.crew.run(job)
        notebooks = {one.name: read_notebook(folder / f"{one.name}.ipynb") for one in job.notebooks}
        return run_from(kept, self.before, notebooks, job)


def standing(store: Store, pristine: Pristine, wanted: Sequence[str] = ()) -> WhoAgain:
    """Who of these students, or of all, is to be graded again.

    Raises:
        CourseError: nothing is graded, or a student is not among the graded ones.
    """
    graded = store.graded()
    if not graded:
        raise CourseError(
            f"nothing of {store.assignment} is graded yet, so nothing can have changed since. "
            f"Run:  autograder grade {store.assignment}"
        )
    if unknown := [name for name in wanted if name not in graded]:
        raise CourseError(f"there is no graded submission of {', '.join(unknown)} for {store.assignment}.")
    todo, same, newer = [], [], []
    for student in wanted or sorted({*graded, *store.students()}):
        result = store.result(student)
        try:
            as_graded = (
                result is not None and read(store, pristine.assignment, student).sha256 == result.submission_sha256
            )
        except NoVerdict:
            as_graded = False
        if result is None or not as_graded:
            newer.append(student)
        elif result.assignment_sha256 == pristine.fingerprint:
            same.append(student)
        else:
            todo.append(result)
    return WhoAgain(tuple(todo), tuple(same), tuple(newer))


def grade_again(
    start: Start, pristine: Pristine, todo: Sequence[SubmissionResult], never_lower: bool, listener: Listener
) -> Iterator[Amended]:
    """Grade submissions again, each with the inputs that it was graded with; who fails is told to the listener.

    Raises:
        CourseError: an answer key cannot be made.
    """
    groups: dict[tuple[int, bool], list[SubmissionResult]] = defaultdict(list)
    for before in todo:
        kept = evidence_in(start.store.autograded(before.student))
        retrained = isinstance(kept, KeptEvidence) and bool(kept.about.get("retrained"))
        groups[before.seed, retrained].append(before)
    for (seed, retrained), group in groups.items():
        settings = Settings(seed, start.tier(), start.data(), retrained)
        engine = Engine(start.store.course, pristine, settings, start.crew, start.warm, start.scratch, listener)
        with engine:
            yield from grade_group(engine, start.store, group, never_lower)


def grade_group(
    engine: Engine, store: Store, group: Sequence[SubmissionResult], never_lower: bool
) -> Iterator[Amended]:
    """Those that were graded with the same inputs; one whose time ran out beside others is graded again alone."""

    def one(before: SubmissionResult, alone: bool) -> Amended:
        engine.listener.begins(before.student)
        submission = read(store, engine.pristine.assignment, before.student)
        run = AgainOrKept(store, engine, before)
        graded = engine.grade(submission, run=run, earlier=Earlier(before, never_lower))
        if why := doubt(graded, alone):
            raise NoVerdict(why)
        entry = entry_of(graded.result, graded.notebooks, submission.handed_in())
        amended = Amended(before, graded.result, entry, store.stage(graded.files), run.changed)
        engine.listener.done(before.student)
        return amended

    def tried(before: SubmissionResult, alone: bool) -> Amended | Exception:
        try:
            return one(before, alone)
        except Exception as error:
            if is_of_the_course(error):
                raise
            return error

    later = []
    try:
        with ThreadPoolExecutor(2 * engine.crew.count) as pool:
            done = pool.map(lambda before: tried(before, engine.crew.count == 1), group)
            for before, found in zip(group, done, strict=True):
                if isinstance(found, Amended):
                    yield found
                elif isinstance(found, NoVerdict) and engine.crew.count > 1:
                    engine.listener.postponed(before.student)
                    later.append(before)
                else:
                    engine.listener.failed(before.student, in_words(found))
        for before in later:
            found = tried(before, alone=True)
            if isinstance(found, Amended):
                yield found
            else:
                engine.listener.failed(before.student, in_words(found))
    except BaseException:
        engine.abort()
        raise
