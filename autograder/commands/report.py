"""`autograder report`, `autograder feedback` and `autograder pdf`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from autograder.commands import AssignmentName
from autograder.words import counted

PAPERS = ("a4", "us-letter")

Students = Annotated[list[str] | None, typer.Option("--student", "-s", help="Only this student (repeatable).")]
Workers = Annotated[int | None, typer.Option(min=1, help="How many at a time. Default: one per core.")]
Paper = Annotated[str, typer.Option(help=f"Paper size: {' or '.join(PAPERS)}.")]
Full = Annotated[bool, typer.Option("--full-outputs", help="Show long outputs in full.")]
NewPage = Annotated[bool, typer.Option("--new-page-per-question", help="Start each question on a new page.")]


def pdf(
    folder: Annotated[Path, typer.Argument(help="Your copy of the homework's folder.")] = Path(),
    to: Annotated[
        Path | None, typer.Option(help="The PDF to write. Default: beside the folder.", dir_okay=False)
    ] = None,
    released: Annotated[
        Path | None, typer.Option(help="An unchanged copy of the folder, to mark what you changed outside the regions.")
    ] = None,
    paper: Paper = "a4",
    new_page_per_question: NewPage = False,
    full_outputs: Full = False,
) -> None:
    """Create one PDF of the whole homework: notebooks with outputs and answers, and the code you wrote.

    Notebooks appear as they were last saved: run them first. Exit code 0 means that everything could be shown, and
    that nothing is missing.

    Example:  autograder pdf knn_and_mse_net
    """
    from autograder.errors import CourseError
    from autograder.report.make import make_report
    from autograder.report.read import read_own
    from autograder.terminal import terminal
    from autograder.who import file_name

    console = terminal()
    options = chosen("own", paper, new_page_per_question, full_outputs)
    submission = read_own(folder, released)
    who = file_name(submission.student_id or submission.name or "nobody")
    if to is not None and to.suffix.lower() != ".pdf":
        raise CourseError(f'--to: "{to}" does not end in .pdf. Write  --to {to.with_suffix(".pdf")}')
    target = to or folder.resolve().parent / f"{who}-{submission.assignment}.pdf"
    try:
        made = make_report(submission, target, options)
    except OSError as error:
        raise CourseError(
            f"{target} cannot be written: {error.strerror or error}. Say where with  --to FILE.pdf"
        ) from error
    for level, text in made.notices:
        console.print(f"{'note' if level == 'note' else level}: {text}", style=STYLES[level], markup=False)
    for problem in made.problems:
        console.print(f"not shown: {problem}", style="red", markup=False)
    console.print(f"{made.pdf}: {counted(made.pages, 'page')}.", markup=False)
    raise typer.Exit(bool(made.problems) or any(level == "error" for level, _ in made.notices))


STYLES = {"error": "red", "warning": "yellow", "note": "dim"}


def report(
    assignment: AssignmentName,
    student: Students = None,
    to: Annotated[Path | None, typer.Option(help="Default: reports/ASSIGNMENT.", file_okay=False)] = None,
    workers: Workers = None,
    paper: Paper = "a4",
    new_page_per_question: NewPage = False,
    full_outputs: Full = False,
) -> None:
    """Create a PDF for each graded submission: scores and integrity notes first, then notebooks and code.

    Next to each PDF, <student>.pages.json gives the pages of each question.

    Example:  autograder report knn_and_mse_net
    """
    from autograder.course import find_course
    from autograder.report.workers import warm_process

    course = find_course()
    options = chosen("report", paper, new_page_per_question, full_outputs)
    folder = to or course.root / "reports" / assignment
    course.keep_own(folder)
    with warm_process(one=len(student or ()) == 1) as warm:
        from autograder.report.batch import report_tasks

        tasks = report_tasks(course, assignment, student, folder.absolute(), options)
        failed = run(tasks, workers, lambda made: f"{counted(made, 'report')} written to {folder}", warm)
    tell_missing(course, assignment)
    raise typer.Exit(failed)


def feedback(
    assignment: AssignmentName,
    student: Students = None,
    workers: Workers = None,
    paper: Paper = "a4",
    full_outputs: Full = False,
    zip_for: Annotated[
        str | None,
        typer.Option("--zip", metavar="PLATFORM", help="Also pack all PDFs for moodle, canvas or gradescope."),
    ] = None,
) -> None:
    """Create feedback for students: one HTML page per notebook and one PDF.

    The pages go to feedback/STUDENT/ASSIGNMENT/, where `nbgrader release_feedback` expects them. With --zip, the PDFs
    of the whole class go into feedback/ASSIGNMENT-PLATFORM.zip too: upload it in Moodle under "Upload multiple feedback
    files in a zip", in Canvas under "Re-Upload Submissions".

    Example:  autograder feedback knn_and_mse_net
    """
    from autograder.course import find_course
    from autograder.report.workers import warm_process

    course = find_course()
    wanted = course.assignment(assignment)
    check_platform(zip_for)
    options = chosen("feedback", paper, False, full_outputs)
    with warm_process(one=len(student or ()) == 1) as warm:
        from autograder.report.batch import feedback_tasks

        tasks = feedback_tasks(course, assignment, student, options)
        said = f"written to {course.feedback}"
        failed = run(tasks, workers, lambda made: f"feedback for {counted(made, 'student')} {said}", warm)
    tell_missing(course, assignment)
    if zip_for:
        failed |= pack(course, wanted, zip_for)
    raise typer.Exit(failed)


def tell_missing(course, assignment: str) -> None:
    """Say who handed in nothing."""
    from autograder.gradebook.roster import nothing_from, without_submission
    from autograder.terminal import terminal

    if missing := nothing_from(without_submission(course, assignment)):
        terminal().print(missing, style="yellow", markup=False)


def check_platform(zip_for: str | None) -> None:
    """Raises CourseError for a platform that takes no archive, before anything is made."""
    from autograder.errors import CourseError
    from autograder.handback.feedback_zip import PLACES

    if zip_for is not None and zip_for not in PLACES:
        raise CourseError(f'--zip is "{zip_for}", but there are {", ".join(PLACES)}.')


def pack(course, assignment, platform: str) -> bool:
    """Write the archive for a platform; returns whether somebody is not in it."""
    from autograder.handback.feedback_zip import zip_feedback
    from autograder.terminal import terminal

    console = terminal()
    zipped = zip_feedback(course, assignment, platform, course.feedback / f"{assignment.name}-{platform}.zip")
    for problem in zipped.problems:
        console.print(f"not in the archive: {problem}", style="red", markup=False)
    console.print(f"{zipped.path}: {counted(zipped.files, 'file')}", markup=False)
    return bool(zipped.problems)


def chosen(kind: str, paper: str, new_page_per_question: bool, full_outputs: bool = False):
    """The options of one command."""
    from autograder.errors import CourseError
    from autograder.report.model import Options

    if paper not in PAPERS:
        raise CourseError(f'--paper is "{paper}", but there are {" and ".join(PAPERS)}.')
    return Options(kind, paper, new_page_per_question, full_outputs)


def run(tasks, workers: int | None, said: Callable[[int], str], warm) -> bool:
    """Run the tasks under a progress bar and say what went wrong; returns whether anything did.

    Args:
        said: the sentence that tells how many were made, from their number.
        warm: as `run_tasks` takes it.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from autograder.report.workers import run_tasks
    from autograder.terminal import terminal

    console = terminal()
    failed, incomplete = [], 0
    if warm is not None:
        warm.begin()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=len(tasks))
        for outcome in run_tasks(tasks, workers, given=warm):
            progress.update(bar, advance=1, description=outcome.name)
            if outcome.error is not None:
                failed.append(outcome)
                console.print(f"{outcome.name}: failed: {outcome.error}", style="red", markup=False)
                continue
            incomplete += bool(outcome.result)
            for problem in outcome.result:
                console.print(f"{outcome.name}: not shown: {problem}", style="yellow", markup=False)
    console.print(f"{said(len(tasks) - len(failed))} ({incomplete} incomplete, {len(failed)} failed).", markup=False)
    return bool(failed or incomplete)
