"""`autograder init`, `autograder new` and `autograder adopt`."""

from pathlib import Path
from typing import Annotated

import typer


def init(
    folder: Annotated[Path, typer.Argument(help="The course's folder. It is made where there is none.")],
    library: Annotated[
        str, typer.Option(help="Also begin a package of this name, which assignments import.", metavar="NAME")
    ] = "",
) -> None:
    """Begin a course: a folder with its settings and one small assignment.

    Example:  autograder init my_course
    """
    from autograder.begin import begin_course
    from autograder.demo.run import shown
    from autograder.terminal import terminal

    course = begin_course(folder, library)
    names = ", ".join(course.assignment_names())
    terminal().print(
        f"{shown(course.root)}: a course with {names}. See it graded:\n"
        f"  cd {shown(course.root)}\n"
        f"  autograder demo {course.assignment_names()[0]}",
        markup=False,
        soft_wrap=True,
    )


def new(
    name: Annotated[str, typer.Argument(help="The assignment's name: letters, digits, _ and -.")],
    text: Annotated[
        bool, typer.Option("--text", help="Write it as a percent script (.py), not as a notebook.")
    ] = False,
) -> None:
    """Begin an assignment from the template, in source/.

    Example:  autograder new homework2
    """
    from autograder.begin import begin_assignment
    from autograder.course import find_course
    from autograder.terminal import terminal

    course = find_course()
    path = begin_assignment(course, name, text)
    terminal().print(
        f"{course.shorten(path)}: change its cells, then\n"
        f"  autograder lint --fix {name}    ids, kinds and points from the text\n"
        f"  autograder demo {name}          simulated students, graded\n"
        f"  autograder release {name}       the students' version",
        markup=False,
        soft_wrap=True,
    )


def adopt(
    paths: Annotated[
        list[Path], typer.Argument(help="Courses, folders of notebooks, or notebooks. They are not changed.")
    ],
    to: Annotated[Path, typer.Option(help="The new course's folder.", file_okay=False)] = Path("adopted"),
) -> None:
    """Take over an existing course: nbgrader's, otter's master notebooks, or notebooks with other people's markers.

    Writes a new course folder and says what became of each notebook. Exit code 0 means that nothing was left out.

    Example:  autograder adopt ../old_course --to new_course
    """
    from rich.table import Table

    from autograder.adopt.course import adopt_course
    from autograder.demo.run import shown
    from autograder.release.checks import lint_assignment
    from autograder.terminal import terminal
    from autograder.words import counted

    console = terminal()
    course, rows = adopt_course(paths, to)
    table = Table(title=f"Taken over into {shown(course.root)}")
    for column in ("what", "kind", "taken over", "with less, or left out"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(row.place, row.style, "left out" if row.left_out else row.taken, "\n".join(row.less))
    console.print(table)
    problems = [str(problem) for name in course.assignment_names() for problem in lint_assignment(course, name)]
    for problem in problems:
        console.print(course.shorten(problem), markup=False, soft_wrap=True)
    missing = sum(row.left_out for row in rows)
    console.print(
        f"{counted(len(problems), 'remark')} by lint. Next:  cd {shown(course.root)}  and  autograder demo",
        markup=False,
    )
    raise typer.Exit(1 if missing else 0)
