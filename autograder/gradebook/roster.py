"""Who is in the course: names and emails in nbgrader's own table, the rest in one beside it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from nbgrader.api import Gradebook, Student
from sqlalchemy import Column, MetaData, String, Table, Text, delete, insert, inspect, select

from autograder.course import Course
from autograder.gradebook.opening import open_gradebook
from autograder.words import counted

TABLE = Table(
    "autograder_roster", MetaData(), Column("student_id", String(128), primary_key=True), Column("record", Text)
)


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


@contextmanager
def opened(course: Course) -> Iterator[Gradebook]:
    """The course's gradebook, with a table for the roster."""
    with open_gradebook(course) as gradebook:
        TABLE.create(gradebook.engine, checkfirst=True)
        yield gradebook


def extensions(gradebook: Gradebook, assignment: str) -> dict[str, float]:
    """Student -> hours that the due time of an assignment is later, of those who have an extension."""
    given = {student: record.get("extensions", {}) for student, record in records(gradebook).items()}
    return {student: float(hours[assignment]) for student, hours in given.items() if assignment in hours}


def known_ids(gradebook: Gradebook) -> dict[str, frozenset[str]]:
    """Student -> user names and numbers, without what says where they are from."""
    return {
        student: frozenset(one.partition(":")[2] for one in record.get("ids", ()))
        for student, record in records(gradebook).items()
    }


def records(gradebook: Gradebook) -> dict[str, dict]:
    """What the roster knows beside nbgrader's own table, by student; {} where there never was a roster."""
    if not inspect(gradebook.engine).has_table(TABLE.name):
        return {}
    return {student: json.loads(record) for student, record in gradebook.db.execute(select(TABLE)).all()}


def read_roster(course: Course) -> dict[str, Person]:
    """Everybody whom the gradebook knows, by id."""
    with opened(course) as gradebook:
        known = records(gradebook)
        return {
            student.id: person_of(student, known.get(student.id))
            for student in gradebook.db.execute(select(Student).order_by(Student.id)).scalars()
        }


def person_of(student: Student, record: dict | None) -> Person:
    """A row of the gradebook; one that was entered by other means than a roster counts as listed if it has a name."""
    person = Person(student.id, student.first_name or "", student.last_name or "", student.email or "", ids=frozenset())
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
    with opened(course) as gradebook:
        for person in people:
            lms = person.platform_id("canvas") or person.platform_id("moodle")
            student = gradebook.db.get(Student, person.id)
            if student is None:
                student = Student(id=person.id)
                gradebook.db.add(student)
            student.first_name, student.last_name = person.first or None, person.last or None
            student.email, student.lms_user_id = person.email or None, lms or student.lms_user_id
            record = {
                "section": person.section,
                "group": person.group,
                "ids": sorted(person.ids),
                "extensions": dict(person.extensions),
                "listed": person.listed,
            }
            gradebook.db.execute(delete(TABLE).where(TABLE.c.student_id == person.id))
            gradebook.db.execute(insert(TABLE).values(student_id=person.id, record=json.dumps(record)))
        gradebook.db.commit()


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
