"""`autograder check` and `autograder submit`: what students run in their copy of the homework."""

from pathlib import Path
from typing import Annotated

import typer

from autograder.words import counted

Folder = Annotated[Path, typer.Argument(help="Your copy of the homework's folder.", exists=True, file_okay=False)]

MARKS = {"ok": "green", "part": "yellow", "failed": "red", "not reached": "red", "stopped": "red"}


def check(folder: Folder = Path()) -> None:
    """Run the notebooks from the top in a fresh kernel and show the result of every check.

    Other cells are shown if they stopped with an error. Some questions are compared with the solution only when they
    are graded; these say so. Exit code 0 means that every check passed.

    Example:  autograder check knn_and_mse_net
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Table
    from rich.text import Text

    from autograder.assignment import load_assignment
    from autograder.student.check import check_folder

    console = Console()
    assignment = load_assignment(folder)
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("cell {task.completed} of {task.total}"),
        TimeElapsedColumn(), console=console, transient=True,
    )  # fmt: skip
    with progress:
        task = progress.add_task("starting", total=None)
        cells = list(
            check_folder(folder, assignment, lambda name, done, total: progress.update(
                task, description=f"{name}.ipynb", completed=done, total=total))
        )  # fmt: skip
    table = Table(title=assignment.title)
    for column in ("notebook", "check", "points", "", "what it says"):
        table.add_column(column, overflow="fold")
    for cell in cells:
        mark = f"[{MARKS[cell.state]}]{cell.state}[/]"
        points = "" if cell.state == "stopped" else f"{cell.points:g}"
        table.add_row(cell.notebook, cell.cell, points, mark, Text(cell.text))
    console.print(table)
    checks = [cell for cell in cells if cell.state != "stopped"]
    passed = sum(cell.state == "ok" for cell in checks)
    console.print(f"{passed} of {len(checks)} checks pass.")
    raise typer.Exit(passed != len(checks))


def submit(
    folder: Folder = Path(),
    to: Annotated[Path | None, typer.Option(help="The zip to write. Default: beside the folder.")] = None,
) -> None:
    """Pack the folder into one zip to submit: notebooks, code and weights, but no data set.

    Example:  autograder submit knn_and_mse_net
    """
    from rich.console import Console

    from autograder.assignment import load_assignment
    from autograder.student.submit import pack

    console = Console(highlight=False)
    packed = pack(folder, load_assignment(folder), to)
    for warning in packed.warnings:
        console.print(f"[yellow]note:[/] {warning}")
    console.print(
        f"{packed.path}: {counted(len(packed.files), 'file')} by {packed.student.name} ({packed.student.student_id})."
    )
    console.print("Submit this file.")
