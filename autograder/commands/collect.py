"""`autograder collect`: submissions from a download to where grading looks for them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.commands import AssignmentName

if TYPE_CHECKING:
    from datetime import tzinfo

    from rich.table import Table

    from autograder.assignment import Assignment
    from autograder.intake.collect import Report

MOMENT = "%d %b %Y %H:%M"
STATES = {
    "new": "new",
    "replaced": "replaces an older one",
    "time changed": "time changed",
    "unchanged": "unchanged",
    "older": "older, not taken",
    "asks": "asks for a regrade",
}


def collect(
    assignment: AssignmentName,
    source: Annotated[Path, typer.Argument(metavar="FROM", help="A folder or zip of submissions.", exists=True)],
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace newer submissions by older ones, too.")] = False,
    handed_in: Annotated[
        Path | None,
        typer.Option(
            help="A CSV file with a student and a time in each row: your own, or Moodle's grading worksheet.",
            dir_okay=False,
            exists=True,
        ),
    ] = None,
    file_times: Annotated[
        bool, typer.Option("--file-times", help="Take files' times as the time of submission, if nothing else says it.")
    ] = False,
    whose: Annotated[
        list[str] | None, typer.Option(metavar="NAME=ID", help="Whose a submission is; repeatable.")
    ] = None,
) -> None:
    """Import submissions from an LMS download (folder or zip).

    Canvas, Moodle, Blackboard, Gradescope, Brightspace, Sakai, Google Classroom, Teams, GitHub Classroom, ILIAS,
    nbgrader's exchange, or a folder or zip for each student. Existing submissions are replaced only by newer ones,
    and every attempt is kept in .grading/ASSIGNMENT/attempts. Where the platform does not say when something was
    handed in, nobody is late.

    Example:  autograder collect softmax_net downloads.zip
    """
    from autograder.course import find_course
    from autograder.errors import CourseError
    from autograder.intake.collect import CollectOptions
    from autograder.intake.collect import collect as gather
    from autograder.intake.roster import read_times
    from autograder.terminal import terminal

    course = find_course()
    wanted = course.assignment(assignment)
    console = terminal()
    answers = dict(answer.rpartition("=")[::2] for answer in whose or ())
    if "" in answers or not all(answers.values()):
        raise CourseError('--whose needs a name as the platform has it, and an id, like  --whose "Lovelace Ada=ada"')
    zone = course.zone or (wanted.due.tzinfo if wanted.due else None)

    def times(people):
        return read_times(handed_in, people, zone) if handed_in else {}

    options = CollectOptions(force, answers, times, file_times, ask if sys.stdin.isatty() else lambda label, near: "")
    if source.resolve() == course.submitted.resolve():
        raise CourseError(f"{source} is where submissions are collected to. Grade them:  autograder grade {assignment}")
    if course.root.resolve().is_relative_to(source.resolve()):
        raise CourseError(f"{source} holds the course itself. Give the folder or zip with the submissions.")
    report = gather(course, wanted, source, options)
    show(report, wanted, console, zone)
    if report.problems:
        raise CourseError("\n".join(report.problems))
    if not report.rows:
        raise CourseError(f"no submission of {assignment} is in {source}. Is it another download?")


def ask(label: str, near) -> str:
    """Ask on the terminal whose a hand-in is."""
    from autograder.gradebook.roster import named

    hint = f" It may be {named(near)}." if near else ""
    return typer.prompt(f"{label}: whose is it?{hint} Student id (empty: leave it out)", default="", show_default=False)


def show(report: "Report", assignment: "Assignment", console, zone: "tzinfo | None") -> None:
    from datetime import UTC, datetime

    from autograder.gradebook.roster import nothing_from

    due = assignment.due.astimezone(zone) if assignment.due else None
    if due is None:
        console.print(f"{assignment.name} has no due time: nobody is late.", markup=False)
    else:
        past = "was" if due < datetime.now(UTC) else "is"
        console.print(f"{assignment.name} {past} due {due:{MOMENT} (UTC%z)}.", markup=False)

    if report.platform:
        inside = f", in {report.inside}" if report.inside else ""
        console.print(f"Read as a download from {report.platform}{inside}.", markup=False)
    if report.rows:
        console.print(table(report, zone))
    for note in report.notes:
        console.print(note, style="yellow", markup=False, soft_wrap=False)
    if report.missing:
        console.print(nothing_from(report.missing), style="yellow", markup=False)
    count = len(report.collected)
    console.print(
        f"Collected {count} submission{'s' * (count != 1)} of {assignment.name} ({len(report.unchanged)} unchanged)."
        + (f" Next:  autograder grade {assignment.name}" if count and not report.problems else ""),
        markup=False,
    )


def table(report: "Report", zone: "tzinfo | None") -> "Table":
    """Who handed in, when, and what came of it."""
    from rich.table import Table
    from rich.text import Text

    from autograder.gradebook.lateness import duration

    unknown = [row for row in report.rows if row.handed_in is None]
    table = Table(box=None, padding=(0, 2, 0, 0), title_justify="left")
    for column in ("student", "id", "handed in", "late", "what came of it"):
        table.add_column(column, overflow="fold")
    for row in report.rows:
        when = row.handed_in.astimezone(zone).strftime(MOMENT) if row.handed_in else "time unknown"
        late = duration(row.seconds_late) if row.seconds_late else ""
        late = late or ("marked LATE" if row.late else "")
        table.add_row(
            Text(row.name if row.name != row.student else ""),
            Text(row.student),
            Text(when, style="" if row.handed_in else "yellow"),
            Text(late, style="yellow"),
            Text(STATES[row.state], style="dim" if row.state == "unchanged" else ""),
        )
    if unknown:
        table.caption = (
            f"For {len(unknown)} the time is unknown, so that they are not late; give times with  --handed-in FILE.csv"
        )
        table.caption_justify = "left"
    return table
