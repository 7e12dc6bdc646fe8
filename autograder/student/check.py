"""A student's folder -> what each of its checks says, from a fresh kernel, before anything is handed in."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from autograder.assignment import Assignment
from autograder.notebooks import read_notebook
from autograder.questions import cell_name, is_check, questions_in

FOLLOWS = ("NameError", "NotImplementedError", "KeyboardInterrupt")
"""Errors of other cells that say nothing new: a check tells of the same cause."""


@dataclass(frozen=True)
class CheckedCell:
    """One check: the points it is worth, how it went, and what it printed; or another cell that stopped."""

    notebook: str
    cell: str
    points: float
    state: str  # "ok" | "failed" | "part" | "not reached"; "stopped" for a cell that is not a check
    text: str


def check_folder(
    folder: Path, assignment: Assignment, started: Callable[[str, int, int], None] = lambda *_: None
) -> Iterator[CheckedCell]:
    """Run every notebook from the top in a fresh kernel, errors allowed, and report on its checks.

    A cell that is not a check is reported if it stopped for a reason of its own: what later checks say, such as that a
    name is not defined, follows from that.

    `started(notebook, cell number, number of cells)` is called before each cell. Nothing in the folder is written,
    except by the notebooks themselves.
    """
    for name in assignment.notebooks:
        notebook = read_notebook(folder / f"{name}.ipynb")
        stopped = run(
            notebook, name, folder, assignment, lambda index, nb=notebook, n=name: started(n, index, len(nb.cells))
        )
        questions = questions_in(name, notebook.cells, assignment.extra_credit)
        for cell in notebook.cells:
            if is_check(cell):
                yield checked(name, cell, questions[cell_name(cell)].points, stopped)
            elif (error := error_of(cell)) and error.ename not in FOLLOWS:
                yield CheckedCell(name, cell.id, 0, "stopped", f"{error.ename}: {error.evalue}")


def run(
    notebook: NotebookNode, name: str, folder: Path, assignment: Assignment, started: Callable[[int], None]
) -> str | None:
    """Execute the notebook in place; the reason if it had to stop early.

    Searches have no time limit: grading does not run them.
    """
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    seconds = assignment.limits.cell_seconds
    running = ""

    def starts(cell: NotebookNode, cell_index: int) -> None:
        nonlocal running
        running = cell.id
        started(cell_index)

    client = NotebookClient(
        notebook,
        timeout_func=lambda cell: None if (name, cell.id) in assignment.search else seconds,
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],
        on_cell_start=starts,
    )
    try:
        client.execute()
    except CellTimeoutError:
        return f'the cell "{running}" ran longer than {seconds:g} s'
    except DeadKernelError:
        return f'the kernel died in the cell "{running}"'
    return None


def checked(notebook: str, cell: NotebookNode, points: float, stopped: str | None) -> CheckedCell:
    """How one check went, by what it left in the notebook."""
    error = error_of(cell)
    if cell.execution_count is None or (stopped and error and error.ename == "KeyboardInterrupt"):
        return CheckedCell(notebook, cell.id, points, "not reached", stopped or "")
    text = "".join(output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stdout")
    if error:
        return CheckedCell(notebook, cell.id, points, "failed", f"{text}{error.ename}: {error.evalue}".strip())
    result = next((o.data.get("text/plain") for o in cell.outputs if o.output_type == "execute_result"), None)
    if result is not None and earned_part(result, points):
        return CheckedCell(notebook, cell.id, points, "part", text.strip())
    return CheckedCell(notebook, cell.id, points, "ok", text.strip())


def error_of(cell: NotebookNode) -> NotebookNode | None:
    """The error that the cell stopped with."""
    return next((output for output in cell.get("outputs", ()) if output.output_type == "error"), None)


def earned_part(result: str, points: float) -> bool:
    """Whether the cell's value says that it earned only a part of its points."""
    try:
        return float(result) < points
    except ValueError:
        return False
