"""`autograder gradescope`: results in the form that Gradescope reads."""

from pathlib import Path
from typing import Annotated

import typer


def gradescope(
    assignment: Annotated[str, typer.Argument(metavar="ASSIGNMENT")],
    to: Annotated[Path | None, typer.Option(help="Default: gradescope/ASSIGNMENT.", file_okay=False)] = None,
) -> None:
    """Write a results.json for every graded submission, as Gradescope's autograders do.

    Scores are the gradebook's, as in `autograder export`: with points given by hand, and less the late penalty.
    The pages of each question, for Gradescope's outline, are in the <student>.pages.json of `autograder report`.

    Example:  autograder gradescope softmax_net
    """
    from rich.console import Console

    from autograder.course import find_course
    from autograder.handback.gradescope import write_gradescope

    course = find_course()
    wanted = course.assignment(assignment)
    target = to or course.root / "gradescope" / wanted.name
    written = write_gradescope(course, wanted, target)
    Console(highlight=False).print(f"{len(written)} results written to {target}", markup=False)
