"""What a grading run does where there is something to grade, with its progress bar and what it tells meanwhile."""

import gc
from collections.abc import Mapping, Sequence

from rich.console import Console

from autograder.errors import CourseError
from autograder.grade.prepare.pristine import Pristine
from autograder.grade.run.bar import Bar
from autograder.grade.run.engine import Engine, Listener, grade_all
from autograder.grade.run.one_submission import Settings
from autograder.grade.run.retrain import retrain as retrain_again
from autograder.grade.run.retrain import sample
from autograder.grade.run.start import Start
from autograder.gradebook.books import Books
from autograder.gradebook.store import new_seed

MOST_PLACES = 5
MANY = 3  # submissions for which it is worth while to lay out what each would make of the data


def grade_students(
    start: Start, pristine: Pristine, students: Sequence[str], seed: int | None, retrain: bool, console: Console
) -> Mapping[str, str]:
    """Grade these students' submissions; returns who has no verdict, and why."""
    store, name = start.store, pristine.assignment.name
    if pristine.newer:
        console.print(newer_note(name, pristine.newer), style="yellow", markup=False)
    for note in start.notes:
        console.print(note, style="yellow", markup=False)
    bar = Bar(console, len(students))
    with Books(store.course, pristine.assignment) as books:
        settings = Settings(store.begin(seed), start.tier(), start.data(), retrain, len(students) >= MANY)
        gc.freeze()  # what is there now stays: a collection need not look at it again
        with Engine(store.course, pristine, settings, start.crew, start.warm, start.scratch, bar) as engine:
            engine.clerks(store)
            with bar.progress:
                for _ in grade_all(engine, store, books, students):
                    pass
    if not bar.failures:
        store.end()
    return bar.failures


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
