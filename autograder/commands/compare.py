"""`autograder compare`: submissions that resemble each other."""

import json
from pathlib import Path
from typing import Annotated

import typer

from autograder.commands import AssignmentName


def compare(
    assignment: AssignmentName,
    html: Annotated[
        Path | None,
        typer.Option(
            help="Write the pairs side by side to this page. Default: reports/ASSIGNMENT-compare.html", dir_okay=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the pairs as JSON, and write no page.")] = False,
) -> None:
    """List pairs of graded submissions whose code resembles each other more than the homework explains.

    Names, comments, layout and the order of statements do not matter. What was released, what the solution has and what
    a quarter of the class wrote is left out. A pair is a pointer for you, never a verdict: no score depends on it.

    Example:  autograder compare softmax_net
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from autograder.compare.likeness import like_pairs
    from autograder.compare.page import compare_page
    from autograder.compare.read import read_written
    from autograder.compare.table import as_plain, pairs_table
    from autograder.course import find_course
    from autograder.errors import CourseError
    from autograder.files import write_atomically
    from autograder.gradebook.store import Store
    from autograder.terminal import terminal
    from autograder.words import counted

    course = find_course()
    wanted = course.assignment(assignment)
    students = Store(course, assignment).graded()
    if len(students) < 2:
        raise CourseError(
            f"{len(students) or 'no'} graded submission{'s' * (len(students) != 1)} of {assignment}: two are needed to "
            f"compare. First:  autograder grade {assignment}"
        )
    console = terminal()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        reading = progress.add_task("reading", total=len(students))
        written = read_written(course, wanted, students, lambda: progress.advance(reading))
        comparing = progress.add_task("comparing regions", total=len(written.places))
        pairs = like_pairs(written.texts, written.explained, len(students), lambda: progress.advance(comparing))
    if as_json:
        print(json.dumps(as_plain(assignment, students, pairs), indent=1, ensure_ascii=False))
        return
    if pairs:
        console.print(pairs_table(pairs))
    target = html or course.root / "reports" / f"{assignment}-compare.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, compare_page(wanted.title, pairs, written.texts, len(students)))
    of = counted(len(students) * (len(students) - 1) // 2, "pair")
    console.print(
        f"{len(pairs)} of {of} share more than the homework explains. "
        f"Look at them side by side before you say anything:  {target}",
        markup=False,
    )
