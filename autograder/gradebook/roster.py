"""Who is in the course: names and emails in nbgrader's own table, the rest in one beside it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from autograder.course import Course
from autograder.gradebook.tables import ROSTER, Change, Tables, opened_tables, roster_records
from autograder.words import counted

MAKE_TABLE = f"""CREATE TABLE IF NOT EXISTS {ROSTER} (
                     student_id VARCHAR(128) NOT NULL, record TEXT, PRIMARY KEY (student_id))"""
ADD_STUDENT = """INSERT INTO student (id, first_name, last_name, email, lms_user_id)
                 VALUES (:id, :first, :last, :email, :lms)"""
CHANGE_STUDENT = """UPDATE student SET first_name = :first, last_name = :last, email = :email,
                    lms_user_id = coalesce(:lms, lms_user_id) WHERE id = :id"""


@dataclass(frozen=True)
class Person:
    """A student.

    Attributes:
        id: as in the gradebook, and the name of the folder in `submitted/`.
        group: the team that hands in together, or "".
        ids: by which platforms know the student: "canvas:12345", "id:alovelace" (a user name or an institution's id).
        extensions: assignment -> hours that the due time is later.
        listed: whether the student is on an imported roster, rather than known only from a download.
    """

    id: str
    first: str = ""
    last: str = ""
    email: str = ""
    section: str = ""
    group: str = ""
    ids: frozenset[str] = frozenset()
    extensions: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    listed: bool = True

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}".strip()

    def platform_id(self, platform: str) -> str:
        """The student's number on a platform, or "". Of several, the highest."""
        numbers = [one.partition(":")[2] for one in self.ids if one.startswith(f"{platform}:")]
        return max(numbers, key=lambda number: (len(number), number), default="")


def read_roster(course: Course) -> dict[str, Person]:
    """Everybody whom the gradebook knows, by id."""
    with opened_tables(course) as tables:
        known = roster_records(tables)
        people = tables.rows("SELECT id, first_name, last_name, email FROM student ORDER BY id")
        return {
            id: person_of(Person(id, first or "", last or "", email or ""), known.get(id))
            for id, first, last, email in people
        }


def person_of(person: Person, record: dict | None) -> Person:
    """A row of the gradebook; one that was entered by other means than a roster counts as listed if it has a name.

    Args:
        person: what nbgrader's own table has.
        record: what the roster has.
    """
    if record is None:
        return replace(person, listed=bool(person.name or person.email))
    return replace(
        person,
        section=record.get("section", ""),
        group=record.get("group", ""),
        ids=frozenset(record.get("ids", ())),
        extensions=MappingProxyType({name: float(hours) for name, hours in record.get("extensions", {}).items()}),
        listed=record.get("listed", True),
    )


def write_people(course: Course, people: Iterable[Person]) -> None:
    """Enter these, or what has changed of them."""
    people = {person.id: person for person in people}.values()
    entered = [entered_person(person) for person in people]
    records = [{"id": person.id, "record": json.dumps(record_of(person))} for person in people]
    ids = [{"id": person.id} for person in people]

    def changes(tables: Tables) -> list[Change]:
        known = {id for (id,) in tables.rows("SELECT id FROM student")}
        return [
            change
            for change in (
                Change(MAKE_TABLE, [{}]),
                Change(ADD_STUDENT, [row for row in entered if row["id"] not in known]),
                Change(CHANGE_STUDENT, [row for row in entered if row["id"] in known]),
                Change(f"DELETE FROM {ROSTER} WHERE student_id = :id", ids),
                Change(f"INSERT INTO {ROSTER} (student_id, record) VALUES (:id, :record)", records),
            )
            if change.rows
        ]

    with opened_tables(course) as tables:
        tables.transact(lambda: changes(tables))


def entered_person(person: Person) -> dict[str, str | None]:
    """A person's row in nbgrader's own table."""
    return {
        "id": person.id,
        "first": person.first or None,
        "last": person.last or None,
        "email": person.email or None,
        "lms": person.platform_id("canvas") or person.platform_id("moodle") or None,
    }


def record_of(person: Person) -> dict[str, Any]:
    """What the roster knows beside nbgrader's own table."""
    return {
        "section": person.section,
        "group": person.group,
        "ids": sorted(person.ids),
        "extensions": dict(person.extensions),
        "listed": person.listed,
    }


def without_submission(course: Course, assignment: str, people: Iterable[Person] | None = None) -> list[Person]:
    """Those on the roster who have handed in nothing, by name."""
    people = read_roster(course).values() if people is None else people
    missing = [p for p in people if p.listed and not (course.submitted / p.id / assignment).is_dir()]
    return sorted(missing, key=lambda person: (person.last, person.first, person.id))


def nothing_from(people: Sequence[Person]) -> str:
    """The sentence that says who handed in nothing; "" where everybody did."""
    return f"{counted(len(people), 'student has', 'students have')} no submission: {named(people)}." if people else ""


def named(people: Iterable[Person], most: int = 12) -> str:
    """People in a sentence: "Ada Lovelace (s1815), s1816"."""
    shown = [f"{person.name} ({person.id})" if person.name not in ("", person.id) else person.id for person in people]
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more
