"""`autograder demo`: runs one assignment end to end."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    assignment: Annotated[
        str | None, typer.Argument(help="The assignment's name, as in source/. Default: the first with a demo.toml.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="The demo's own course folder. Default: demo/ASSIGNMENT.", file_okay=False)
    ] = None,
) -> None:
    """Run an assignment end to end: release it, submit it as simulated students, grade it, and show the results.

    The demo is a course in a folder of its own: your gradebook and submissions are not touched. If the data set is not
    there, a synthetic one is generated.

    Example:  autograder demo softmax_net
    """
    from autograder.course import find_course
    from autograder.demo.course import first_with_demo
    from autograder.demo.run import run_demo
    from autograder.terminal import terminal

    course = find_course()
    name = assignment or first_with_demo(course)
    folder = to or course.root / "demo" / name
    course.keep_own(folder)
    run_demo(course, name, folder, terminal())
