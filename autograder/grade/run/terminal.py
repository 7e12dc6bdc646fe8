"""`autograder grade` on a terminal: progress while it runs, a table at the end."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.errors import CourseError
from autograder.grade.prepare.basis import Sources
from autograder.grade.run.plan import plan, remark_on, sample_size
from autograder.grade.run.start import Start
from autograder.gradebook.released import check_released, students_in
from autograder.gradebook.renewal import renew
from autograder.gradebook.results import Scores
from autograder.gradebook.roster import nothing_from, without_submission
from autograder.gradebook.scores import standing
from autograder.gradebook.tables import opened_tables
from autograder.intake.submission import printable
from autograder.terminal import terminal
from autograder.words import BY_HAND

MOST_ROWS = 200


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
    sources = Sources(course, assignment)
    with opened_tables(course) as tables:
        check_released(tables, assignment.name, sources.basis.points)
        entered = students_in(tables, assignment.name)
    todo = plan(store, assignment, sources.basis.fingerprint, entered, wanted, force)
    failures: Mapping[str, str] = {}
    if todo.students:
        from autograder.grade.run.session import grade_students  # takes a second, and not every run needs it

        failures = grade_students(start, sources.pristine, todo.students, seed, retrain, console)
    elif not wanted:
        store.end()  # an earlier run may have been stopped after its last result, and before its end
    if part:
        from autograder.grade.run.session import compare_sample

        compare_sample(start, sources.pristine, wanted, part, seed, console)
    with opened_tables(course) as tables:
        renew(tables, assignment)
        entered = students_in(tables, assignment.name)
        remarks = {
            student: todo.remarks[student] if student in todo.remarks else remark_on(store.result(student))
            for student in sorted(entered)
            if student in wanted or not wanted
        }
        console.print(
            table(remarks, partial(standing, tables, course, assignment, with_results=False), assignment.name)
        )
    if missing := nothing_from(without_submission(course, assignment.name)):
        console.print(missing, style="yellow", markup=False)
    if todo.up_to_date:
        console.print(f"{len(todo.up_to_date)} graded already; --force grades them again.")
    if failures:
        lines = [f"{printable(student)} has no verdict: {why}" for student, why in sorted(failures.items())]
        raise CourseError("\n".join([*lines, "Run the same command again to try these once more."]))


def table(remarks: Mapping[str, str], scores_of: Callable[[Sequence[str]], Sequence[Scores]], assignment: str) -> Table:
    """One row a student: scores, and what to look at. In a large class, those with something to look at come first,
    and no more rows than can be read.

    Args:
        remarks: student -> what to look at, or "".
        scores_of: students -> their scores.
    """
    more = max(0, len(remarks) - MOST_ROWS)
    hidden = f"{more} more are not shown: `autograder export {assignment}` writes everybody's scores." if more else None
    shown = Table(
        title=f"{assignment}: {len(remarks)} submission{'s' * (len(remarks) != 1)}",
        title_justify="left",
        caption=hidden,
        caption_justify="left",
    )
    students = sorted(remarks, key=lambda student: not remarks[student])[:MOST_ROWS] if more else [*remarks]
    shown.add_column("student")
    for column in ("score", "of", "extra", "late"):
        shown.add_column(column, justify="right")
    shown.add_column(BY_HAND)
    shown.add_column("notes", overflow="fold")
    scores = {one.student: one for one in scores_of(students)}
    for one in map(scores.get, students):
        if one is None:
            continue
        shown.add_row(
            Text(printable(one.student)),
            f"{one.score - one.late_penalty:g}",
            f"{one.maximum:g}",
            f"{one.extra_credit:g}" if one.extra_credit else "",
            f"−{one.late_penalty:g}" if one.late_penalty else "",
            "yes" if one.needs_manual_grade else "",
            Text(remarks[one.student]),
        )
    return shown
