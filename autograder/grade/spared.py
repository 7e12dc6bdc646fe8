"""Cells of an assignment that grading need not run, with the time that they take: for `lint`, which proposes them."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from statistics import median

from nbformat import NotebookNode

from autograder.assignment import FILE
from autograder.course import Course
from autograder.expect.skips import spare
from autograder.gradebook.store import Store
from autograder.questions import is_question
from autograder.source import open_source
from autograder.syntax import tree_of
from autograder.who import CELL as STUDENT_CELL

SAMPLE = 30  # graded submissions that are asked how long a cell took
WORTH_SECONDS = 0.1
TRAINING = ("train", "fit", "solve")
TIMES = ("iopub.execute_input", "shell.execute_reply")
"""Jupyter's names for when a cell began and when it ended."""


@dataclass(frozen=True)
class Spared:
    """A cell that could be left out; `seconds`: what it takes, None where nobody knows."""

    notebook: str
    cell: str
    seconds: float | None


def spared_cells(course: Course, name: str) -> list[Spared]:
    """The cells of an assignment that are worth leaving out: they take a while, or draw, or may take long."""
    assignment = course.assignment(name)
    taken = seconds_taken(Store(course, name))
    found = []
    for notebook in assignment.notebooks:
        nb = open_source(assignment, notebook).notebook
        code = {cell.id: cell for cell in nb.cells if cell.cell_type == "code"}
        searches = assignment.searches_in(notebook)
        cells = [(id, cell.source) for id, cell in code.items() if id not in searches]
        kept = {id for id, cell in code.items() if is_question(cell) or id == STUDENT_CELL}
        for id in spare(cells, assignment.skips_in(notebook), kept):
            seconds = taken.get((notebook, id), seconds_in(code[id]))
            if seconds >= WORTH_SECONDS if seconds is not None else may_take_long(code[id]):
                found.append(Spared(notebook, id, seconds))
    return found


def seconds_taken(store: Store) -> dict[tuple[str, str], float]:
    """(notebook, cell) -> what it took in the middle of some graded submissions."""
    all_taken: dict[tuple[str, str], list[float]] = defaultdict(list)
    for student in islice(store.graded(), SAMPLE):
        if result := store.result(student):
            for notebook, cells in result.seconds.items():
                for cell, seconds in cells.items():
                    all_taken[notebook, cell].append(seconds)
    return {place: median(seconds) for place, seconds in all_taken.items()}


def seconds_in(cell: NotebookNode) -> float | None:
    """What Jupyter noted when the author ran a cell last."""
    noted = cell.metadata.get("execution", {})
    try:
        began, ended = (datetime.fromisoformat(noted[name]) for name in TIMES)
    except (KeyError, TypeError, ValueError):
        return None
    return (ended - began).total_seconds()


def may_take_long(cell: NotebookNode) -> bool:
    """Does a cell of which no time is known draw or train something, by its outputs or by what it calls?"""
    if any("image/png" in output.get("data", {}) for output in cell.outputs):
        return True
    calls = (node.func for node in ast.walk(tree_of(cell.source)) if isinstance(node, ast.Call))
    return any(isinstance(call, ast.Attribute) and call.attr in TRAINING for call in calls)


def proposal(name: str, cells: list[Spared]) -> Iterator[str]:
    """What `lint` says of them."""
    if cells:
        makes = "this cell makes" if len(cells) == 1 else f"these {len(cells)} cells make"
        yield f"{name}: no check needs what {makes}, so that grading need not run it:"
    for one in sorted(cells, key=lambda one: -(one.seconds or 0)):
        yield f'  "{one.notebook}:{one.cell}"' + (f"   {one.seconds:.1f} s" if one.seconds is not None else "")
    if cells:
        yield f"  List what markers need not see run again in skip of [grading] in {FILE}."
