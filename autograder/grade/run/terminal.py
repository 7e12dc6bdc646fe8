"""`autograder grade` on a terminal: progress while it runs, a table at the end."""

import gc
import threading
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from autograder.errors import CourseError
from autograder.grade.prepare.pristine import Pristine, load_pristine
from autograder.grade.run.engine import Engine, Listener, grade_all, plan
from autograder.grade.run.one_submission import Settings
from autograder.grade.run.retrain import retrain as retrain_again
from autograder.grade.run.retrain import sample, sample_size
from autograder.grade.run.start import Start
from autograder.gradebook.books import Books
from autograder.gradebook.results import Scores
from autograder.gradebook.roster import nothing_from, without_submission
from autograder.gradebook.store import new_seed
from autograder.intake.submission import printable
from autograder.terminal import terminal
from autograder.words import BY_HAND

NAMES_SHOWN = 4
MOST_PLACES = 5
MOST_ROWS = 200
MANY = 3  # submissions for which it is worth while to lay out what each would make of the data


class RateColumn(ProgressColumn):
    """Submissions a minute."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed * 60:.0f}/min" if speed else "", style="progress.data.speed")


class Bar(Listener):
    """The progress bar: how many are done, how fast, how long it will take, whose work is running."""

    def __init__(self, console: Console, total: int) -> None:
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            RateColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[names]}", style="dim", markup=False),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.task = self.progress.add_task("grading", total=total, names="")
        self.keys: dict[str, str] = {}
        self.in_flight: list[str] = []
        self.failures: dict[str, str] = {}
        self.lock = threading.Lock()

    def redraw(self) -> None:
        keys = [f"answer key: {notebook} ({cell})" for notebook, cell in self.keys.items()]
        names = ", ".join(map(printable, self.in_flight[:NAMES_SHOWN])) + (
            " …" if len(self.in_flight) > NAMES_SHOWN else ""
        )
        self.progress.update(self.task, names="; ".join(filter(None, [names, *keys])))

    def key_cell(self, notebook: str, cell_id: str) -> None:
        with self.lock:
            self.keys[notebook] = cell_id
            self.redraw()

    def key_ready(self, notebook: str) -> None:
        with self.lock:
            self.keys.pop(notebook, None)
            self.redraw()

    def begins(self, student: str) -> None:
        with self.lock:
            self.in_flight.append(student)
            self.redraw()

    def done(self, student: str) -> None:
        with self.lock:
            self.in_flight.remove(student)
            self.progress.advance(self.task)
            self.redraw()

    def postponed(self, student: str) -> None:
        with self.lock:
            self.in_flight.remove(student)
            self.redraw()

    def failed(self, student: str, why: str) -> None:
        with self.lock:
            self.failures[student] = why
            self.in_flight.remove(student)
            self.progress.advance(self.task)
            self.redraw()


def grade_and_show(
    start: Start,
    wanted: Sequence[str] = (),
    force: bool = False,
    seed: int | None = None,
    retrain: bool = False,
    console: Console | None = None,
    retrain_sample: str | None = None,
) -> None:
    """Grade an assignment's submissions, with a progress bar, and print the table of scores.

    Args:
        retrain_sample: the part of the class whose searches are run again afterwards, to compare: "5%".

    Raises:
        CourseError: nothing can be graded, or at least one submission could not be.
    """
    console = console or terminal()
    part = sample_size(retrain_sample) if retrain_sample else 0.0
    store = start.store
    course, assignment = store.course, store.course.assignment(store.assignment)
    with Books(course, assignment) as books:
        pristine = load_pristine(course, assignment)
        books.check_released(pristine.points)
        todo = plan(store, pristine, books, wanted, force)
        bar = Bar(console, len(todo.students))
        if todo.students:
            if pristine.newer:
                console.print(newer_note(assignment.name, pristine.newer), style="yellow", markup=False)
            for note in start.notes:
                console.print(note, style="yellow", markup=False)
            settings = Settings(store.begin(seed), start.tier(), start.data(), retrain, len(todo.students) >= MANY)
            gc.freeze()  # what is there now stays: a collection need not look at it again
            engine = Engine(course, pristine, settings, start.crew, start.warm, start.scratch, bar)
            with engine:
                engine.clerks(store)
                with bar.progress:
                    for _ in grade_all(engine, store, books, todo.students):
                        pass
            if not bar.failures:
                store.end()
        elif not wanted:
            store.end()  # an earlier run may have been stopped after its last result, and before its end
        if part:
            compare_sample(start, pristine, wanted, part, seed, console)
        books.renew_penalties()
        console.print(table(books.scores(wanted or None), assignment.name))
        if missing := nothing_from(without_submission(course, assignment.name)):
            console.print(missing, style="yellow", markup=False)
        if todo.up_to_date:
            console.print(f"{len(todo.up_to_date)} graded already; --force grades them again.")
    if bar.failures:
        lines = [f"{printable(student)} has no verdict: {why}" for student, why in sorted(bar.failures.items())]
        raise CourseError("\n".join([*lines, "Run the same command again to try these once more."]))


def newer_note(name: str, places: Sequence[str]) -> str:
    """Where the source is newer than what was released, and what follows."""
    more = len(places) - MOST_PLACES
    shown = ", ".join(places[:MOST_PLACES]) + (f" and {more} more" if more > 0 else "")
    return (
        f"source/{name} has changed since its release: {shown}. Grading uses the source; what students changed is "
        f"found by comparing with the release that they had. To release the new version:  autograder release {name}"
    )


def compare_sample(
    start: Start, pristine: Pristine, wanted: Sequence[str], part: float, seed: int | None, console: Console
) -> None:
    """Train a part of the graded submissions again, and say where the accuracy is another one."""
    store = start.store
    graded = [name for name in store.graded() if store.result(name) and (not wanted or name in wanted)]
    seed = new_seed() if seed is None else seed
    chosen = sample(graded, part, seed)
    if not pristine.assignment.search:
        raise CourseError(f"--retrain-sample: {store.assignment} has no searches that could be run again.")
    console.print(f"Training {len(chosen)} of {len(graded)} again (--seed {seed}): {', '.join(chosen)}", markup=False)
    settings = Settings(seed, start.tier(), start.data(), retrain=True)
    with Engine(store.course, pristine, settings, start.crew, start.warm, start.scratch, Listener()) as engine:
        for one in retrain_again(engine, store, chosen):
            found = list(one.differences())
            store.log_retrained(one.student, found)
            for text in found:
                console.print(f"{one.student}: {text}", style="yellow", markup=False)
            if not found:
                console.print(f"{one.student}: as handed in", markup=False)


def table(scores: Sequence[Scores], assignment: str) -> Table:
    """One row a student: scores, and what to look at. In a large class, those with something to look at come first,
    and no more rows than can be read."""
    more = max(0, len(scores) - MOST_ROWS)
    hidden = f"{more} more are not shown: `autograder export {assignment}` writes everybody's scores." if more else None
    shown = Table(
        title=f"{assignment}: {len(scores)} submission{'s' * (len(scores) != 1)}",
        title_justify="left",
        caption=hidden,
        caption_justify="left",
    )
    if more:
        scores = sorted(scores, key=lambda one: not (one.result and one.result.notes))[:MOST_ROWS]
    shown.add_column("student")
    for column in ("score", "of", "extra", "late"):
        shown.add_column(column, justify="right")
    shown.add_column(BY_HAND)
    shown.add_column("notes", overflow="fold")
    for one in scores:
        kinds: Counter[str] = Counter()
        if one.result is not None:
            kinds.update(note.kind for note in one.result.notes)
            kinds["edits outside regions"] = sum(not edit.is_own for edit in one.result.edits)
        shown.add_row(
            Text(printable(one.student)),
            f"{one.score - one.late_penalty:g}",
            f"{one.maximum:g}",
            f"{one.extra_credit:g}" if one.extra_credit else "",
            f"−{one.late_penalty:g}" if one.late_penalty else "",
            "yes" if one.needs_manual_grade else "",
            Text(", ".join(f"{kind} ({count})" if count > 1 else kind for kind, count in kinds.items() if count)),
        )
    return shown
