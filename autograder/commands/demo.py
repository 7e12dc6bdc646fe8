"""`autograder demo`: a whole homework goes round."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    assignment: Annotated[str, typer.Argument(help="Which homework, as in source/.")] = "knn_and_mse_net",
    to: Annotated[
        Path | None, typer.Option(help="The demo's own course folder. Default: demo/ASSIGNMENT.", file_okay=False)
    ] = None,
) -> None:
    """Release a homework, hand it in as three simulated students, grade it, and show everything.

    The demo is a course in a folder of its own: your gradebook and your submissions are not touched. Where the dataset
    is not there, a synthetic stand-in is made.

    Example:  autograder demo softmax_net
    """
    from rich.console import Console

    from autograder.course import find_course
    from autograder.demo.run import run_demo

    course = find_course()
    run_demo(course, assignment, to or course.root / "demo" / assignment, Console(highlight=False))
