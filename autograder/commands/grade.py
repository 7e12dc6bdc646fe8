"""`autograder grade`, `collect`, `export` and `stats`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

Assignment = Annotated[str, typer.Argument(metavar="ASSIGNMENT")]


def grade(
    assignment: Assignment,
    student: Annotated[
        list[str] | None, typer.Option("--student", "-s", help="Only this student; may be given again.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Grade again what is graded already.")] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", "-w", min=1, help="Submissions at a time. Default: one for each core.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Repeat a run: the inputs of hidden checks are drawn from this number.")
    ] = None,
    retrain: Annotated[bool, typer.Option("--retrain", help="Run the searches again, too.")] = False,
    tier: Annotated[str | None, typer.Option(help="Sandbox tier: namespaces or landlock. Default: the best.")] = None,
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Run submissions on this Dask cluster instead.")
    ] = None,
    no_sandbox: Annotated[
        bool, typer.Option("--no-sandbox", help="Run student code with all your rights. Only for code you trust.")
    ] = False,
) -> None:
    """Grade what was handed in, and go on where an earlier run stopped."""
    from autograder.course import find_course
    from autograder.grade.run.start import started

    wanted = student or []
    try:
        with started(find_course(), assignment, wanted, workers, "none" if no_sandbox else tier, dask) as start:
            from autograder.grade.run.terminal import grade_and_show

            grade_and_show(start, wanted, force, seed, retrain)
    except KeyboardInterrupt:
        again = "begins anew, because of --force" if force else "goes on"
        print(f"Stopped. What is graded is kept; the same command {again}.", file=sys.stderr)
        raise


def collect(
    assignment: Assignment,
    source: Annotated[Path, typer.Argument(metavar="FROM", help="A folder or zip of submissions.", exists=True)],
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace newer submissions by older ones, too.")] = False,
) -> None:
    """Put submissions from a folder or a zip, as learning platforms give them, where grading looks for them.

    FROM holds a folder or a zip for each student, or is a download from Moodle, Canvas or Blackboard. The time of
    handing in is that of a submission's newest file; the clock in a zip is read in the time zone of the due time.
    What is there already is replaced only by something newer.

    Example:  autograder collect softmax_net downloads.zip
    """
    from rich.console import Console

    from autograder.course import find_course
    from autograder.errors import CourseError
    from autograder.intake.collect import collect as gather

    course = find_course()
    console = Console(highlight=False)
    report = gather(course, course.assignment(assignment), source, force)
    for note in report.notes:
        console.print(note, style="yellow", markup=False)
    console.print(
        f"{len(report.collected)} submissions collected for {assignment}, {len(report.unchanged)} there already."
    )
    if report.problems:
        raise CourseError("\n".join(report.problems))
    if not report.collected and not report.unchanged:
        raise CourseError(f"collect: no submission of {assignment} was found in {source}.")


def export(
    assignment: Annotated[list[str] | None, typer.Argument(metavar="[ASSIGNMENT]...")] = None,
    to: Annotated[Path, typer.Option(help="The CSV file to write.", dir_okay=False)] = Path("grades.csv"),
    questions: Annotated[bool, typer.Option("--questions", help="One row for each question of each student.")] = False,
) -> None:
    """Write the grades to a CSV file: nbgrader's own columns, or every question."""
    from rich.console import Console

    from autograder.course import find_course
    from autograder.handback.export import export_questions, export_totals

    course = find_course()
    for name in assignment or []:
        course.assignment(name)
    rows = (export_questions if questions else export_totals)(course, assignment or [], to)
    Console(highlight=False).print(f"{rows} rows written to {to}", markup=False)


def stats(
    assignment: Assignment,
    histogram: Annotated[bool, typer.Option("--histogram/--no-histogram", help="Show how scores are spread.")] = True,
) -> None:
    """Show how each question went: mean, how many got nothing, how many everything."""
    from rich.console import Console

    from autograder.course import find_course
    from autograder.gradebook.stats import histogram_of, question_stats, stats_table

    course = find_course()
    questions = question_stats(course, course.assignment(assignment))
    console = Console(highlight=False)
    console.print(stats_table(questions))
    if histogram:
        console.print(histogram_of(course, assignment))
