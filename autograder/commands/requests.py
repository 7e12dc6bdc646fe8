"""`autograder requests`: students' regrade requests."""

from pathlib import Path
from typing import Annotated

import typer

from autograder.commands import AssignmentName


def requests(
    assignment: AssignmentName,
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="FROM",
            help="A download with the copies that students handed in to ask, or a CSV file with the columns "
            "student_id, question, note. Default: what is collected.",
            exists=True,
        ),
    ] = None,
) -> None:
    """Collect students' regrade requests, and put them beside their answers in the marking room.

    A request is a line "Regrade: why" below an answer, in a copy of the notebook that a student hands in again. Such a
    copy never replaces the submission. A new decision in the marking room answers a request; the feedback shows both.

    Example:  autograder requests softmax_net downloads.zip
    """
    from autograder.course import find_course
    from autograder.errors import CourseError
    from autograder.intake.collect import CollectOptions, collect
    from autograder.mark.requests import (
        CHECK,
        NEW,
        requests_in_csv,
        requests_table,
        submitted_requests,
        take_requests,
    )
    from autograder.terminal import terminal
    from autograder.words import counted

    course = find_course()
    wanted = course.assignment(assignment)
    console = terminal()
    if source is not None and source.suffix.lower() == ".csv":
        told = take_requests(course, assignment, requests_in_csv(course, assignment, source))
    else:
        if source is not None:
            report = collect(course, wanted, source, CollectOptions(only_requests=True))
            for note in report.notes:
                console.print(note, style="yellow", markup=False)
            if report.problems:
                raise CourseError("\n".join(report.problems))
        told = take_requests(course, assignment, submitted_requests(course, assignment))
    if told:
        console.print(requests_table(told))
    if not told:
        console.print(f"No regrade requests for {assignment}. One is a line  Regrade: why  below an answer.")
        return
    states = [state for _, state in told]
    console.print(f"{counted(states.count(NEW), 'new request')} of {len(told)}.", end=" ")
    if CHECK in states:
        console.print(
            "Look at checks in their reports; if one was wrong, change it:  autograder grade --changed", end=" "
        )
    console.print(f"Answer the others under “to look at again”:  autograder mark {assignment}")
