"""`autograder gradescope`: results in Gradescope's format."""

from pathlib import Path
from typing import Annotated

import typer

from autograder.words import counted


def gradescope(
    assignment: Annotated[str, typer.Argument(metavar="ASSIGNMENT")],
    to: Annotated[Path | None, typer.Option(help="Default: gradescope/ASSIGNMENT.", file_okay=False)] = None,
) -> None:
    """Write a results.json for every graded submission, in the format of Gradescope's autograders.

    Scores are the gradebook's, as in `autograder export`: including points given by hand, minus the late penalty.
    `autograder report` writes the pages of each question, for Gradescope's outline, to <student>.pages.json.

    Example:  autograder gradescope softmax_net
    """
    from rich.console import Console

    from autograder.course import find_course
    from autograder.handback.gradescope import write_gradescope

    course = find_course()
    wanted = course.assignment(assignment)
    target = to or course.root / "gradescope" / wanted.name
    written = write_gradescope(course, wanted, target)
    Console(highlight=False).print(f"{counted(len(written), 'result')} written to {target}", markup=False)
