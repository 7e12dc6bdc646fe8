"""`autograder mark`: opens the marking room."""

from typing import Annotated

import typer


def mark(
    assignment: Annotated[
        str | None, typer.Argument(metavar="ASSIGNMENT", help="Open this assignment. Default: all that are graded.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port of the Jupyter server; the next free one is taken.")
    ] = 8888,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address, and open no browser.")] = False,
) -> None:
    """Grade written answers in the browser: question by question, with a rubric, like answers together.

    This starts a Jupyter server in the course folder, with formgrader and the marking room, for you alone. If you use
    JupyterLab or JupyterHub, it is also in the menus Nbgrader and View.

    Example:  autograder mark softmax_net
    """
    from autograder.course import find_course
    from autograder.mark.launch import serve

    course = find_course()
    if assignment is not None:
        course.assignment(assignment)
    serve(course, assignment, port, not no_browser)
