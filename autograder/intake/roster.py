"""Reads lists of students: exports of Canvas, Moodle, Gradescope, Blackboard and GitHub Classroom, and plain CSV files.

The columns say what a list is. A student's id is the first of: a plain list's `id`, a user name, an institution's
number, the email; so that it stays the same whichever list is read first, students are recognised by any of these.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from types import MappingProxyType

from autograder.csv_files import read_table, unescaped
from autograder.errors import CourseError
from autograder.gradebook.roster import Person
from autograder.intake.claims import Who, squash
from autograder.intake.people import match, spellings, split_name, student_id

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "student_id", "student id (nbgrader)"),
    "first": ("first name", "first_name", "firstname", "given name", "vorname", "prénom", "nombre"),
    "last": ("last name", "last_name", "lastname", "surname", "family name", "nachname", "nom", "apellido(s)"),
    "name": ("name", "full name", "fullname", "student", "student name", "vollständiger name", "full_name"),
    "email": ("email", "email address", "e-mail", "e-mail address", "e-mail-adresse", "mail", "login_email"),
    "login": ("username", "user name", "login", "sis login id", "anmeldename", "login id"),
    "number": ("sid", "id number", "student id", "sis user id", "sis id", "matrikelnummer", "identifier", "number"),
    "section": ("section", "sections", "section_name", "gruppen"),
    "group": ("group", "team", "groups", "group name"),
}
PLATFORM_COLUMNS = {"canvas": ("id",), "moodle": ("identifier",), "github": ("github_username",)}
TIME_COLUMNS = (
    "handed in", "handed_in", "submitted", "submitted at", "submission time", "time", "timestamp", "date submitted",
    "last modified (submission)", "zuletzt geändert (abgabe)", "submission_timestamp", "submission date",
)  # fmt: skip
TIMES = (
    "%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M",
    "%d.%m.%Y, %H:%M", "%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%A, %B %d, %Y, %I:%M %p",
    "%d %B %Y, %I:%M %p", "%d %B %Y, %H:%M", "%d %b %Y %H:%M", "%b %d, %Y %I:%M %p", "%B %d, %Y %I:%M %p",
)  # fmt: skip
EXTENSION = re.compile(r"extension(?:[ :_]+(?P<assignment>.+))?\Z", re.IGNORECASE)
SPAN = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>d|days?|h|hours?|)\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Imported:
    """A roster as it is with a list read in: everybody who is on it, and how many are new."""

    people: tuple[Person, ...]
    new: int
    kind: str


def read_list(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """A list's columns, in lower case, and its rows. Raises CourseError where the file cannot be read."""
    table = read_table(path)
    columns = [cell.strip().casefold() for cell in table.header]
    return columns, [dict(zip(columns, map(unescaped, row), strict=False)) for row in table.rows]


def kind_of(columns: list[str]) -> str:
    """Which system exported a list."""
    known = set(columns)
    if "sis login id" in known or "sis user id" in known:
        return "Canvas"
    if "identifier" in known and "full name" in known:
        return "Moodle (grading worksheet)"
    if "github_username" in known:
        return "GitHub Classroom"
    if "sid" in known:
        return "Gradescope"
    if "email address" in known or "id number" in known:
        return "Moodle"
    if "last access" in known or ("student id" in known and "username" in known):
        return "Blackboard"
    return "plain list"


def import_roster(
    path: Path, roster: Mapping[str, Person], assignments: Iterable[str], due: Mapping[str, datetime]
) -> Imported:
    """Read a list of students into a roster; who is known already is completed, nobody is taken out.

    Args:
        assignments: those that an extension can be for.
        due: their due times, for an extension that is given as a time.

    Raises:
        CourseError: the file cannot be read, has no column that names students, or a row cannot be understood.
    """
    columns, rows = read_list(path)
    kind = kind_of(columns)
    people, out, new = dict(roster), {}, 0
    for line, row in enumerate(rows, 2):
        fields = fields_of(row, kind)
        if not fields or is_no_student(fields):
            continue
        extensions = extensions_of(row, f"{path}, line {line}", set(assignments), due)
        person = find(fields, row, people.values())
        if person is None:
            refuse_namesakes(fields, people.values(), f"{path}, line {line}")
        elif person.id in out and not keys_of(person) & ids_of(fields, row, kind):
            person = None  # of the same name as the student of a line above
        if person is None:
            person = Person(free_id(new_id(fields), people, f"{path}, line {line}"))
            new += 1
        first, last = names_of(fields)
        if person.id in out and squash(first + last) not in ("", squash(person.first + person.last)):
            raise CourseError(f"{path}, line {line}: {person.id} is {person.name} in a line above. Take one out.")
        keep = {**person.extensions, **extensions}
        person = replace(
            person,
            first=first or person.first,
            last=last or person.last,
            email=fields.get("email", "") or person.email,
            section=fields.get("section", "") or person.section,
            group=fields.get("group", "") or person.group,
            ids=person.ids | ids_of(fields, row, kind),
            extensions=MappingProxyType(dict(keep)),
            listed=True,
        )
        people[person.id] = out[person.id] = person
    if not out:
        raise CourseError(
            f"{path}: no student was found. Its columns are: {', '.join(columns)}. Needed is one of: id, email, name, "
            "first name and last name, or a list that Canvas, Moodle, Gradescope or Blackboard exported."
        )
    return Imported(tuple(out.values()), new, kind)


def fields_of(row: Mapping[str, str], kind: str) -> dict[str, str]:
    """What a row says, by our names of columns."""
    fields = {}
    for name, columns in COLUMNS.items():
        if name == "id" and kind != "plain list":
            continue
        if name == "number" and kind.startswith("Moodle (") and "identifier" in row:
            columns = tuple(one for one in columns if one != "identifier")
        value = next((row[one] for one in columns if row.get(one)), "")
        if value:
            fields[name] = value
    return fields


def is_no_student(fields: Mapping[str, str]) -> bool:
    """Is it one of the rows that Canvas adds: maximum points, and the student of the test view?"""
    name = fields.get("name", "").strip().casefold()
    return name.startswith("points possible") or name in ("student, test", "test student")


def find(fields: Mapping[str, str], row: Mapping[str, str], people: Iterable[Person]) -> Person | None:
    """The person whom a row is about, if there is one already."""
    who = Who(
        name=" ".join(names_of(fields)),
        login=fields.get("login", ""),
        student_id=fields.get("id") or fields.get("number", ""),
        email=fields.get("email", ""),
    )
    found = match(who, "", people)
    if found.person is not None and found.how == "name" and contradicts(found.person, fields):
        return None
    return found.person


def refuse_namesakes(fields: Mapping[str, str], people: Iterable[Person], where: str) -> None:
    """Raises CourseError where a name is all that a row says, and several have it."""
    if any(fields.get(name) for name in ("id", "login", "number", "email")):
        return
    name = squash("".join(names_of(fields)))
    several = [person.id for person in people if name in spellings(person)]
    if len(several) > 1:
        raise CourseError(f"{where}: this may be {' or '.join(several)}. Add a column with ids or emails.")


def keys_of(person: Person) -> frozenset[str]:
    return person.ids | {f"id:{person.id.casefold()}"}


def contradicts(person: Person, fields: Mapping[str, str]) -> bool:
    """Do two of one name differ in their email?"""
    return bool(person.email and fields.get("email") and person.email.casefold() != fields["email"].casefold())


def new_id(fields: Mapping[str, str]) -> str:
    for name in ("id", "login", "number", "email"):
        if fields.get(name):
            return student_id(fields[name])
    return student_id(" ".join(names_of(fields)))


def free_id(wanted: str, people: Mapping[str, Person], where: str) -> str:
    if wanted in people:
        raise CourseError(f"{where}: a second student has the id {wanted}, but another name or email.")
    return wanted


def names_of(fields: Mapping[str, str]) -> tuple[str, str]:
    if fields.get("first") or fields.get("last"):
        return fields.get("first", ""), fields.get("last", "")
    return split_name(fields.get("name", ""))


def ids_of(fields: Mapping[str, str], row: Mapping[str, str], kind: str) -> frozenset[str]:
    """By what platforms know the student, as in `Person.ids`."""
    found = {f"id:{fields[name].casefold()}" for name in ("id", "login", "number") if fields.get(name)}
    if kind == "Canvas" and row.get("id"):
        found.add(f"canvas:{row['id']}")
    if kind.startswith("Moodle (") and (number := re.search(r"\d+\Z", row.get("identifier", ""))):
        found.add(f"moodle:{number[0]}")
    if row.get("github_username"):
        found.add(f"id:{row['github_username'].casefold()}")
    return frozenset(found)


def extensions_of(
    row: Mapping[str, str], where: str, assignments: set[str], due: Mapping[str, datetime]
) -> dict[str, float]:
    """Assignment -> hours, from columns "extension ASSIGNMENT" with "2 d", "36 h", or a time."""
    out = {}
    for column, value in row.items():
        wanted = EXTENSION.match(column or "")
        if not wanted or not value:
            continue
        if wanted["assignment"] is None:
            raise CourseError(f'{where}: an extension for which assignment? Call the column "extension NAME".')
        names = [name for name in assignments if squash(name) == squash(wanted["assignment"])]
        if not names:
            raise CourseError(f'{where}: "{column}" is for no assignment. There are: {", ".join(sorted(assignments))}.')
        if span := SPAN.match(value):
            out[names[0]] = float(span["number"]) * (1 if span["unit"].lower().startswith("h") else 24)
        elif (when := time_of(value, due[names[0]].tzinfo if names[0] in due else None)) and names[0] in due:
            out[names[0]] = max((when - due[names[0]]) / timedelta(hours=1), 0.0)
        else:
            raise CourseError(f'{where}: "{value}" is not an extension. Write  2 d,  36 h,  or a time.')
    return out


def time_of(text: str, zone: tzinfo | None) -> datetime | None:
    """A time as people and platforms write it; on a clock in `zone` where it names none; None where it is none."""
    text = re.sub(r"\s+", " ", text.strip().replace("\u202f", " "))
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
        for form in TIMES:
            try:
                when = datetime.strptime(text, form)
            except ValueError:
                continue
            break
    if when is None or when.tzinfo:
        return when
    if text.endswith("UTC"):
        return datetime.fromisoformat(f"{when.isoformat()}+00:00")
    return when.replace(tzinfo=zone) if zone else when.astimezone()


def read_times(path: Path, people: Iterable[Person], zone: tzinfo | None) -> dict[str, datetime]:
    """Student id -> when something was handed in, from a CSV file with students and times.

    Rows without a time are left out.

    Raises:
        CourseError: the file cannot be read, has no column of times, or a row cannot be understood.
    """
    columns, rows = read_list(path)
    column = next((name for name in TIME_COLUMNS if name in columns), None)
    if column is None:
        raise CourseError(f"{path}: no column has times. It is called, for example, {', '.join(TIME_COLUMNS[:3])}.")
    kind, people, out = kind_of(columns), list(people), {}
    for line, row in enumerate(rows, 2):
        text = row.get(column, "")
        if not text.strip(" -"):
            continue
        when = time_of(text, zone)
        if when is None:
            raise CourseError(f'{path}, line {line}: "{text}" is not a time. Write  2026-10-09 23:30')
        fields = fields_of(row, kind)
        if not fields:
            raise CourseError(f"{path}, line {line}: no student is named. Write an id, an email or a name there.")
        moodle = next((one[7:] for one in ids_of(fields, row, kind) if one.startswith("moodle:")), "")
        by_number = match(Who(id=moodle), "moodle", people).person if moodle else None
        person = by_number or find(fields, row, people)
        out[person.id if person else new_id(fields)] = when
    return out
