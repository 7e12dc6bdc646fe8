"""Makes what a released homework may know at home, in a trusted process of its own (`processes/home_key.py`)."""

import base64
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.errors import CourseError
from autograder.expect.home import HomeNotebook, from_bytes, key_of
from autograder.grade.run.protocol import Frame
from autograder.grade.run.warm_client import ANSWER_SECONDS, ONE_THREAD, WarmProcess
from autograder.grade.verdict.judge import KEY_SECONDS, SEARCH_SKIPPED, Judge
from autograder.release.notebook import blank_notebook
from autograder.source import read_source

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
        searches = {cell for name, cell in assignment.search if name == notebook}
        cells = [replace(cell, skip=SEARCH_SKIPPED if cell.id in searches else "") for cell in judge.lay_out()]
        released = blank_notebook(read_source(assignment, notebook))
        manager = TransformerManager()
        request = {
            "cells": [asdict(cell) for cell in cells],
            "regions": judge.library_regions(),
            "seed": 0,
            "folder": str(judge.folder),
            "environment": os.environ | ONE_THREAD | {"NN_DATA": str(course.data)},
            "notebook": notebook,
            "keys": {
                cell.id: key_of(manager.transform_cell(cell.source))
                for cell in released.cells
                if cell.cell_type == "code"
            },
        }
        process = warm.fork(HOME_KEY)
        try:
            process.control.send(Frame.MAKE_KEY, json.dumps(request).encode(), ANSWER_SECONDS)
            while True:
                kind, payload = process.control.receive(KEY_SECONDS)
                if kind is not Frame.KEY_CELL:
                    break
                on_cell(json.loads(payload))
        except (OSError, EOFError) as error:
            raise CourseError(
                f"release: running the source of {assignment.name}/{notebook} on the inputs that students have ended "
                "too early: out of memory? Run the same command again."
            ) from error
        finally:
            process.end()
    return from_bytes(base64.b64decode(json.loads(payload)))[notebook]
