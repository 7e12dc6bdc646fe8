"""`autograder export`: grades for other systems."""

from pathlib import Path
from typing import Annotated

import typer

TOTALS = "grades.csv"
SYSTEMS = ("csv", "canvas", "moodle", "gradescope", "blackboard")


def export(
    assignment: Annotated[
        list[str] | None, typer.Argument(metavar="ASSIGNMENT", help="Default: all that are graded.")
    ] = None,
    to: Annotated[
        str,
        typer.Option(
            metavar="SYSTEM", help=f"{', '.join(SYSTEMS)}; or the name of a .csv file, for nbgrader's own columns."
        ),
    ] = TOTALS,
    into: Annotated[
        Path | None,
        typer.Option(help="Fill grades into the file that the system exported.", exists=True, dir_okay=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Default: grades-SYSTEM.csv, or the file given with --into.", dir_okay=False
        ),
    ] = None,
    questions: Annotated[
        bool, typer.Option("--questions", help="One row for each question of each student, in questions.csv.")
    ] = False,
) -> None:
    """Write grades to a CSV file that Canvas, Moodle, Gradescope or Blackboard imports, or to one of your own.

    Everybody on the roster is in it; the grade of those who submitted nothing is left empty. With --into, rows, order
    and all other cells of the system's own export stay as they are; the file is changed, and kept as FILE.before.

    Example:  autograder export softmax_net --to canvas --into gradebook.csv
    """
    from autograder.course import find_course
    from autograder.errors import CourseError
    from autograder.handback.export import export_questions, export_totals
    from autograder.handback.grades import read_grades
    from autograder.handback.systems import SYSTEMS as KNOWN
    from autograder.handback.systems import export_into, export_new
    from autograder.terminal import terminal

    course = find_course()
    course.keep_own(output or Path(to))
    if questions and (into or not to.endswith(".csv")):
        raise CourseError(
            "export: --questions writes a table of its own. Leave out --into, and --to where it names a system."
        )
    if into and to.endswith(".csv"):
        raise CourseError(f"export: which system is {into} from? Say so with --to: {', '.join(KNOWN)}.")
    console = terminal()
    for name in assignment or []:
        course.assignment(name)
    if questions or to.endswith(".csv"):
        target = output or Path("questions.csv" if questions and to == TOTALS else to)
        rows = (export_questions if questions else export_totals)(course, assignment or [], target)
        console.print(f"{rows} row{'s' * (rows != 1)} written to {target}", markup=False)
        return
    if to not in KNOWN:
        raise CourseError(f'--to is "{to}", but there are {", ".join(KNOWN)}, and files that end in .csv.')
    graded = [name for name in course.assignment_names() if any(course.autograded.glob(f"*/{name}"))]
    grades = read_grades(course, assignment or graded)
    target = output or into or Path(f"grades-{to}.csv")
    done = export_into(KNOWN[to], grades, into, target) if into else export_new(KNOWN[to], grades, target)
    for note in done.notes:
        console.print(note, style="yellow", markup=False)
    nothing = [p for p in grades.people if all(grades.of[p.id, c.name].points is None for c in grades.columns)]
    if nothing:
        from autograder.gradebook.roster import named

        console.print(f"Without a grade, {len(nothing)}: {named(nothing)}.", style="yellow", markup=False)
    console.print(f"{done.rows} row{'s' * (done.rows != 1)} written to {target}", markup=False)
    if done.problems:
        raise CourseError("\n".join(done.problems))
