"""The systems that grades go back to, one entry each: their columns, and what they know students by.

A system's own export is the best template: its rows, order and columns are kept, and only grades are filled in.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.csv_files import CsvTable, read_table
from autograder.errors import CourseError
from autograder.gradebook.roster import Person
from autograder.handback.grades import Column, Grade, Grades
from autograder.handback.tables import number, write_table, write_template
from autograder.intake.claims import Who, squash
from autograder.intake.people import match

ROW = Callable[[Person, Grades], list[str]]


@dataclass(frozen=True)
class System:
    """A system that imports grades.

    Attributes:
        header: the columns of a new table.
        row: one student's cells in it.
        first: rows above the students.
        who: what a row of the system's own export says of a student, by its columns' names.
        column_of: which column of such an export holds an assignment's grade.
        needs: what a student must have for the system to find them, for messages; "" if anything does.
    """

    name: str
    header: Callable[[Grades], list[str]]
    row: ROW
    column_of: Callable[[CsvTable, Column], int | None]
    who: Mapping[str, tuple[str, ...]]
    first: Callable[[Grades], list[list[str]]] = lambda grades: []
    needs: Callable[[Person], str] = lambda person: ""


@dataclass
class Exported:
    """What came of an export: the file, its rows, and what to look at."""

    path: Path
    rows: int = 0
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def points(grades: Grades, person: Person, column: Column) -> str:
    return number(grades.of.get((person.id, column.name), Grade(None, "not handed in")).points)


def number_of(person: Person) -> str:
    """The institution's id of a student, as far as it is known: never an email or a user name if there is another."""
    known = sorted(one[3:] for one in person.ids if one.startswith("id:") and "@" not in one)
    return next((one for one in known if any(char.isdigit() for char in one)), "") or person.id


def surname_first(person: Person) -> str:
    return f"{person.last}, {person.first}" if person.first and person.last else person.name


def titled(column: Column, header: str) -> bool:
    """Is a column of an export the assignment's? It may have more behind the title: "HW 1 (123)", "HW 1 [Total …"."""
    wanted = {squash(column.title), squash(column.name)}
    stem = re.sub(r"\s*[(\[|].*\Z", "", re.sub(r"^Assignment:\s*", "", header), flags=re.DOTALL)
    return squash(header) in wanted or squash(stem) in wanted or squash(stem.removesuffix("(Real)")) in wanted


def by_title(template: CsvTable, column: Column) -> int | None:
    found = [i for i, header in enumerate(template.header) if titled(column, header)]
    return found[0] if found else None


# --- the systems ------------------------------------------------------------------------------------------------------

CANVAS = System(
    name="canvas",
    header=lambda grades: [
        "Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(column.title for column in grades.columns)
    ],
    first=lambda grades: [
        ["    Points Possible", "", "", "", "", *(number(column.maximum) for column in grades.columns)]
    ],
    row=lambda person, grades: [
        surname_first(person), person.platform_id("canvas"), "", person.id, person.section,
        *(points(grades, person, column) for column in grades.columns),
    ],
    column_of=by_title,
    who={"name": ("Student",), "id": ("ID",), "student_id": ("SIS User ID",), "login": ("SIS Login ID",)},
    needs=lambda person: "" if person.platform_id("canvas") else "Canvas's number",
)  # fmt: skip


def moodle_grade(template: CsvTable, column: Column) -> int | None:
    """A grading worksheet's "Grade", else the column of the gradebook's export."""
    found = by_title(template, column)
    return template.column("Grade") if found is None and template.column("Identifier") is not None else found


def moodle_rows(person: Person, grades: Grades) -> list[str]:
    (column,) = grades.columns
    identifier = person.platform_id("moodle")
    return [
        f"Participant {identifier}" if identifier else "", person.name, number_of(person), person.email,
        points(grades, person, column), number(column.maximum), "",
        grades.of[person.id, column.name].late if (person.id, column.name) in grades.of else "",
    ]  # fmt: skip


MOODLE = System(
    name="moodle",
    header=lambda grades: [
        "Identifier", "Full name", "ID number", "Email address", "Grade", "Maximum Grade", "Last modified (grade)",
        "Feedback comments",
    ],
    row=moodle_rows,
    column_of=moodle_grade,
    who={
        "name": ("Full name",),
        "first": ("First name",),
        "last": ("Last name", "Surname"),
        "email": ("Email address",),
        "student_id": ("ID number",),
        "participant": ("Identifier",),
    },
    needs=lambda person: "" if person.platform_id("moodle") or person.email else "Moodle's number or an email",
)  # fmt: skip

GRADESCOPE = System(
    name="gradescope",
    header=lambda grades: [
        "First Name", "Last Name", "SID", "Email", "Sections",
        *(name for column in grades.columns for name in (column.title, f"{column.title} - Max Points")),
    ],
    row=lambda person, grades: [
        person.first, person.last, number_of(person), person.email, person.section,
        *(cell for column in grades.columns for cell in (points(grades, person, column), number(column.maximum))),
    ],
    column_of=by_title,
    who={"first": ("First Name",), "last": ("Last Name",), "student_id": ("SID",), "email": ("Email",)},
    needs=lambda person: "" if person.email or number_of(person) else "an email or a student id",
)  # fmt: skip

BLACKBOARD = System(
    name="blackboard",
    header=lambda grades: [
        "Last Name", "First Name", "Username", "Student ID",
        *(f"{column.title} [Total Pts: {column.maximum:g} Score]" for column in grades.columns),
    ],
    row=lambda person, grades: [
        person.last, person.first, person.id, number_of(person),
        *(points(grades, person, column) for column in grades.columns),
    ],
    column_of=by_title,
    who={"first": ("First Name",), "last": ("Last Name",), "login": ("Username",), "student_id": ("Student ID",)},
)  # fmt: skip

PLAIN = System(
    name="csv",
    header=lambda grades: [
        "student_id", "last_name", "first_name", "email", "section",
        *(f"{column.name} {what}" if len(grades.columns) > 1 else what
          for column in grades.columns for what in ("score", "max_score", "late_penalty", "state", "late")),
    ],
    row=lambda person, grades: [
        person.id, person.last, person.first, person.email, person.section,
        *(cell for column in grades.columns for cell in plain_cells(grades, person, column)),
    ],
    column_of=by_title,
    who={"student_id": ("student_id", "id"), "first": ("first_name",), "last": ("last_name",), "email": ("email",)},
)  # fmt: skip


def plain_cells(grades: Grades, person: Person, column: Column) -> list[str]:
    grade = grades.of.get((person.id, column.name), Grade(None, "not handed in"))
    penalty = number(grade.penalty) if grade.points is not None else ""
    return [number(grade.points), number(column.maximum), penalty, grade.state, grade.late]


SYSTEMS: Mapping[str, System] = {system.name: system for system in (CANVAS, MOODLE, GRADESCOPE, BLACKBOARD, PLAIN)}


# --- writing ----------------------------------------------------------------------------------------------------------


def export_new(system: System, grades: Grades, to: Path) -> Exported:
    """Write a table in the system's form.

    Raises:
        CourseError: Moodle takes one assignment at a time; the file cannot be written.
    """
    if system is MOODLE and len(grades.columns) != 1:
        raise CourseError("Moodle's grading worksheet is for one assignment. Name it:  export ASSIGNMENT")
    out = Exported(to)
    lacking = [person for person in grades.people if system.needs(person)]
    for person in lacking:
        out.problems.append(
            f"{person.id}: {system.needs(person)} is not known, so that {system.name} cannot tell who it is. Import "
            f"the list that {system.name} exports:  autograder roster import FILE.csv"
        )
    rows = [*system.first(grades), *(system.row(person, grades) for person in grades.people)]
    out.rows = write_table(to, system.header(grades), rows) - len(system.first(grades))
    out.notes += waiting(grades)
    return out


def export_into(system: System, grades: Grades, template_path: Path, to: Path) -> Exported:
    """Fill grades into what the system exported; rows, order and all other cells stay.

    Raises:
        CourseError: the file has no column for an assignment, or cannot be read or written.
    """
    template = read_table(template_path)
    out = Exported(to)
    columns: dict[int, Column] = {}
    for column in grades.columns:
        index = system.column_of(template, column)
        if index is None:
            raise CourseError(
                f'{template_path} has no column for {column.name}: none is called "{column.title}". '
                f"There are: {', '.join(template.header)}. Export it again after the assignment was made there."
            )
        columns[index] = column
    found: set[str] = set()
    for row in template.rows:
        who = who_of(system, template, row)
        if who is None:
            continue
        person = match(who, system.name, grades.people).person
        if person is None:
            if not is_no_student(who):
                out.notes.append(f"{who.name or who.login or who.student_id} is in {template_path.name} only.")
            continue
        found.add(person.id)
        for index, column in columns.items():
            if text := points(grades, person, column):
                row[index] = text
        comment = template.column("Feedback comments")
        if system is MOODLE and comment is not None and not row[comment]:
            row[comment] = grades.of.get((person.id, grades.columns[0].name), Grade(None, "")).late
    maximum = template.column("Maximum Grade")
    if maximum is not None and len(columns) == 1:
        check_maximum(template, maximum, grades.columns[0], out)
    for person in grades.people:
        graded = any(grades.of.get((person.id, c.name), Grade(None, "")).points is not None for c in grades.columns)
        if graded and person.id not in found:
            out.problems.append(f"{person.id} has a grade but no row in {template_path.name}.")
    out.rows = write_template(template, to)
    out.notes += waiting(grades)
    return out


def who_of(system: System, template: CsvTable, row: list[str]) -> Who | None:
    """Whom a row of a system's export is about; None where it says nothing."""
    said = {}
    for name, columns in system.who.items():
        index = template.column(*columns)
        said[name] = row[index].strip().removeprefix("'") if index is not None else ""
    name = said.get("name") or " ".join(filter(None, [said.get("first"), said.get("last")]))
    participant = re.search(r"\d+\Z", said.get("participant", ""))
    identity = said.get("id", "") or (participant[0] if participant else "")
    if not any([name, identity, said.get("email"), said.get("login"), said.get("student_id")]):
        return None
    return Who(
        name=flipped(name),
        id=identity,
        login=said.get("login", ""),
        student_id=said.get("student_id", ""),
        email=said.get("email", ""),
    )


def flipped(name: str) -> str:
    """ "Lovelace, Ada" as "Ada Lovelace"."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma else name


def is_no_student(who: Who) -> bool:
    return (
        who.name.strip().casefold().startswith("points possible")
        or squash(who.name) == "teststudent"
        or (squash(who.name) == "studenttest")
    )


def check_maximum(template: CsvTable, index: int, column: Column, out: Exported) -> None:
    """Is the system's maximum the assignment's?"""
    said = {row[index].strip() for row in template.rows if row[index].strip()}
    for text in sorted(said):
        try:
            differs = abs(float(text.replace(",", ".")) - column.maximum) > 0.005
        except ValueError:
            continue
        if differs:
            out.problems.append(
                f"{template.path.name} has a maximum of {text}, but {column.name} has {number(column.maximum)} points. "
                "Set the maximum there to the same, and export again."
            )


def waiting(grades: Grades) -> Iterable[str]:
    """What is not graded to the end."""
    for column in grades.columns:
        open_questions = [p for p in grades.people if (g := grades.of.get((p.id, column.name))) and g.waiting]
        if open_questions:
            yield (
                f"{column.name}: {len(open_questions)} have questions that are to be graded by hand; their points are "
                "without these."
            )
