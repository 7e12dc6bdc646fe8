"""`autograder gradescope`: an autograder for Gradescope, and results in the form that it reads."""

from pathlib import Path
from typing import Annotated

import typer

from autograder.commands import AssignmentName

gradescope = typer.Typer(no_args_is_help=True, help="Make an autograder for Gradescope, or results in its format.")


@gradescope.command("build")
def build(
    assignment: AssignmentName,
    to: Annotated[
        Path | None, typer.Option(help="The zip. Default: gradescope/ASSIGNMENT-autograder.zip.", dir_okay=False)
    ] = None,
    visibility: Annotated[
        str, typer.Option(help="When students see results: visible, after_due_date, after_published or hidden.")
    ] = "visible",
    no_sandbox: Annotated[
        bool, typer.Option("--no-sandbox", help="Run student code in the container with all rights.")
    ] = False,
) -> None:
    """Create the zip from which Gradescope builds a programming assignment's autograder.

    Upload it under "Configure Autograder", with the base image Ubuntu 22.04. It holds your solution: see the statement
    that is printed, and that is in the zip.

    Example:  autograder gradescope build softmax_net
    """
    from autograder.course import find_course
    from autograder.errors import CourseError
    from autograder.handback.gradescope_build import build as make

    course = find_course()
    wanted = course.assignment(assignment)
    target = to or course.root / "gradescope" / f"{wanted.name}-autograder.zip"
    course.keep_own(target)
    if target.suffix != ".zip":
        raise CourseError(f'"{target}" does not end in .zip, as Gradescope needs. Write  --to {target.stem}.zip')
    built = make(course, wanted, target, visibility, no_sandbox)
    print(f"{built.path}: {built.path.stat().st_size / 2**20:.1f} MB\n\n{built.statement}")


@gradescope.command("results")
def results(
    assignment: AssignmentName,
    to: Annotated[Path | None, typer.Option(help="Default: gradescope/ASSIGNMENT.", file_okay=False)] = None,
    visibility: Annotated[
        str, typer.Option(help="When students see results: visible, after_due_date, after_published or hidden.")
    ] = "after_published",
) -> None:
    """Write a results.json for every graded submission, in the format of Gradescope's autograders.

    Scores are the gradebook's, as in `autograder export`: with points given by hand, and less the late penalty. Where
    `autograder report` has made a report, outline.json beside it has the pages of each question for Gradescope's
    outline of a PDF assignment.

    Example:  autograder gradescope results softmax_net
    """
    from autograder.course import find_course
    from autograder.handback.gradescope import write_gradescope
    from autograder.terminal import terminal

    course = find_course()
    wanted = course.assignment(assignment)
    target = to or course.root / "gradescope" / wanted.name
    course.keep_own(target)
    written = write_gradescope(course, wanted, target, visibility)
    count = len(written)
    terminal().print(f"{count} result{'s' * (count != 1)} written to {target}", markup=False)


@gradescope.command("run", hidden=True)
def run(
    root: Annotated[Path, typer.Option(help="Gradescope's folder.", exists=True, file_okay=False)] = Path(
        "/autograder"
    ),
    warm_up: Annotated[bool, typer.Option("--warm-up", help="Grade what was handed out, and write nothing.")] = False,
) -> None:
    """Grade the submission in Gradescope's container."""
    from autograder.handback.gradescope_run import run as grade_one

    grade_one(root, warm_up)
