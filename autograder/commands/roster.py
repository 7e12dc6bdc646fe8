"""`autograder roster`: who is in the course."""

from pathlib import Path
from typing import Annotated

import typer

roster = typer.Typer(no_args_is_help=True, help="Who is in the course: import a list of students, or show it.")


@roster.command("import")
def import_list(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="The list of students.", exists=True, dir_okay=False)
    ],
) -> None:
    """Read a list of students into the gradebook: names, emails, sections, groups, platforms' ids, extensions.

    It may be what Canvas (the gradebook's export), Moodle (participants, or a grading worksheet), Gradescope,
    Blackboard or GitHub Classroom export, or a CSV file of your own with the columns id, name, email, section, group.
    A column "extension ASSIGNMENT" with 2 d, 36 h or a time gives a student more time. Import several lists one after
    the other: students are recognised by their ids, emails and names, and nobody is taken out.

    Example:  autograder roster import participants.csv
    """
    from autograder.course import find_course
    from autograder.gradebook.roster import read_roster, write_people
    from autograder.intake.roster import import_roster
    from autograder.terminal import terminal
    from autograder.words import counted

    course = find_course()
    names = course.assignment_names()
    due = {name: when for name in names if (when := course.assignment(name).due)}
    imported = import_roster(file, read_roster(course), names, due)
    write_people(course, imported.people)
    extended = sum(bool(person.extensions) for person in imported.people)
    terminal().print(
        f"{imported.kind}: {counted(len(imported.people), 'student')}, {imported.new} of them new"
        + (f", {extended} with an extension." if extended else "."),
        markup=False,
    )


@roster.command("show")
def show() -> None:
    """List everybody: name, id, section, platforms' ids, and which assignments are missing."""
    from rich.table import Table
    from rich.text import Text

    from autograder.course import find_course
    from autograder.gradebook.roster import read_roster
    from autograder.terminal import terminal
    from autograder.words import counted

    course = find_course()
    console = terminal()
    people = read_roster(course)
    names = [name for name in course.assignment_names() if any(course.submitted.glob(f"*/{name}"))]
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("student", "id", "section", "not handed in", "extension"):
        table.add_column(column, overflow="fold")
    for person in sorted(people.values(), key=lambda one: (one.last, one.first, one.id)):
        missing = [name for name in names if not (course.submitted / person.id / name).is_dir()]
        more = [f"{name} {hours:g} h" for name, hours in person.extensions.items()]
        name = person.name or "(no name)"
        section = " ".join(filter(None, [person.section, person.group]))
        table.add_row(*map(Text, (name, person.id, section, ", ".join(missing), ", ".join(more))))
    console.print(table)
    strange = sum(not person.listed for person in people.values())
    console.print(
        counted(len(people), "student")
        + (f", {strange} of them only from a download: import a roster." if strange else "."),
        markup=False,
    )
