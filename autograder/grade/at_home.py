"""Makes what a released homework may know at home, in a trusted process of its own (`processes/home_key.py`)."""

import base64
import tempfile
from collections.abc import Callable
from pathlib import Path

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.errors import CourseError
from autograder.expect.home import HomeNotebook, from_bytes, key_of
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.verdict.judge import Judge
from autograder.release.notebook import blank_notebook
from autograder.source import read_source
from autograder.syntax import plain_text

HOME_KEY = "autograder.grade.processes.home_key"


def make_home(
    warm: WarmProcess,
    course: Course,
    assignment: Assignment,
    notebook: str,
    on_cell: Callable[[str], None] = lambda cell_id: None,
) -> HomeNotebook:
    """Run a source notebook on the inputs that students have, and keep what they may know.

    Raises:
        CourseError: the process that did it is gone.
    """
    with tempfile.TemporaryDirectory(prefix="at-home-") as scratch:
        judge = Judge(course, assignment, notebook, 0, warm, Path(scratch))
        released = blank_notebook(read_source(assignment, notebook))
        code = [cell for cell in released.cells if cell.cell_type == "code"]
        keys = {cell.id: key_of(plain_text(cell.source)) for cell in code}
        try:
            made = judge.run_apart(HOME_KEY, {"notebook": notebook, "keys": keys}, on_cell)
        except (OSError, EOFError) as error:
            raise CourseError(
                f"release: running the source of {assignment.name}/{notebook} on the inputs that students have ended "
                "too early: out of memory? Run the same command again."
            ) from error
    return from_bytes(base64.b64decode(made))[notebook]
