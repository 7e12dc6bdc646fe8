"""`autograder check` and `autograder submit`: what students run in their copy of the homework."""

from pathlib import Path
from typing import Annotated

import typer

from autograder.words import counted

Folder = Annotated[Path, typer.Argument(help="Your copy of the homework's folder.", exists=True, file_okay=False)]

Released = Annotated[
    Path | None, typer.Option(help="An unchanged copy of the folder, to see what you changed outside the regions.")
]


def check(
    folder: Folder = Path(),
    search: Annotated[
        bool, typer.Option("--search", help="Also run the searches, which grading does not, however long they take.")
    ] = False,
    released: Released = None,
) -> None:
    """Run the notebooks from the top in a fresh kernel and show how each question stands.

    What runs is what will be graded: your regions in the homework as you got it. Shown are the points of each question
    with what is wrong, the answers not written yet, the files that are missing, and changes outside the regions,
    which are not graded. Some questions are compared with the solution only when they are graded; these say so. Exit
    code 0 means that every check passed, every answer is written, and nothing of your work is lost.

    Example:  autograder check knn_and_mse_net
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.text import Text

    from autograder.assignment import load_assignment
    from autograder.student.check import check_folder
    from autograder.student.laid import lay_folder
    from autograder.student.show import shown_check
    from autograder.terminal import terminal

    console = terminal()
    laid = lay_folder(folder, load_assignment(folder, all_there=False), released)
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("cell {task.completed} of {task.total}"),
        TimeElapsedColumn(), console=console, transient=True,
    )  # fmt: skip
    with progress:
        task = progress.add_task("starting", total=None)
        checked = check_folder(folder, laid, search, lambda name, done, total: progress.update(
            task, description=f"{name}.ipynb", completed=done, total=total))  # fmt: skip
    for line in shown_check(checked, console.width):
        text = Text(line.text)
        text.stylize(line.style, 0, len(line.text) if line.styled is None else line.styled)
        console.print(text, soft_wrap=True)
    raise typer.Exit(not checked.is_complete)


def submit(
    folder: Folder = Path(),
    to: Annotated[Path | None, typer.Option(help="The zip to write. Default: beside the folder.")] = None,
    released: Released = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Pack the folder even if a part of your work would not be graded.")
    ] = False,
) -> None:
    """Pack the folder into one zip to submit: notebooks, code and weights, but no data set.

    Nothing is packed where a part of your work would not be graded: a file that is missing or cannot be read, a syntax
    error, code whose START and END lines are gone. Each is named.

    Example:  autograder submit knn_and_mse_net
    """
    from autograder.assignment import load_assignment
    from autograder.student.laid import lay_folder
    from autograder.student.show import wrapped
    from autograder.student.submit import pack
    from autograder.terminal import terminal

    console = terminal()
    assignment = load_assignment(folder, all_there=False)
    packed = pack(folder, lay_folder(folder, assignment, released), to, anyway)
    for warning in packed.warnings:
        for line in wrapped(f"note: {warning}", console.width, "yellow", hanging="  "):
            console.print(line.text, style=line.style, markup=False, soft_wrap=True)
    console.print(
        f"{packed.path}: {counted(len(packed.files), 'file')} by {packed.student.name} ({packed.student.student_id}).",
        markup=False,
    )
    console.print("Submit this file.")
