"""nbgrader's tables in plain SQL.

The libraries by which nbgrader reads its database take most of a second to import: whatever only reads does without.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from autograder.course import Course

BUSY_SECONDS = 60
INDEXED = {
    "autograder_grade_notebook": ("grade", "notebook_id"),
    "autograder_comment_notebook": ("comment", "notebook_id"),
    "autograder_submitted_notebook_assignment": ("submitted_notebook", "assignment_id"),
    "autograder_submitted_assignment_student": ("submitted_assignment", "student_id"),
}
"""Index -> the table and column by which nbgrader looks rows up, and has no index for: without, every look-up reads the
whole table. nbgrader's own commands use them too."""
ROSTER = "autograder_roster"
MOMENT = "%Y-%m-%d %H:%M:%S.%f"
EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class Change:
    """A statement, and the values of each row that it is for."""

    sql: str
    rows: Sequence[Mapping[str, Any]]


class Tables(Protocol):
    """A connection to a gradebook."""

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Any]:
        """What a query finds; its `:name`s stand for the values."""

    def transact(self, changes: Callable[[], Sequence[Change]]) -> None:
        """Work out what to change, with nobody else writing meanwhile, and change it: all of it or nothing."""

    def has_table(self, name: str) -> bool:
        """Is there such a table?"""


class PlainTables:
    """A gradebook in a file."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Any]:
        return self.db.execute(sql, stored(values or {})).fetchall()

    def transact(self, changes: Callable[[], Sequence[Change]]) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        try:
            for change in changes():
                for row in change.rows:
                    self.db.execute(change.sql, stored(row))
            self.db.execute("COMMIT")
        except BaseException:
            self.db.rollback()
            raise

    def has_table(self, name: str) -> bool:
        return bool(self.rows("SELECT 1 FROM sqlite_master WHERE name = :name", {"name": name}))


@contextmanager
def opened_tables(course: Course) -> Iterator[Tables]:
    """The course's gradebook. One that is new, old or on a server is opened as nbgrader does it."""
    if (db := connected(course.gradebook_file)) is not None:
        try:
            yield PlainTables(db)
        finally:
            db.close()
        return
    from autograder.gradebook.opening import SessionTables, open_gradebook

    with open_gradebook(course) as gradebook:
        yield SessionTables(gradebook)


def connected(file: Path | None) -> sqlite3.Connection | None:
    """A connection to a gradebook's file, which waits while another program writes; None where it lacks an index."""
    if file is None or not file.is_file():
        return None
    db = sqlite3.connect(f"file:{quote(str(file))}?mode=rw", BUSY_SECONDS, isolation_level=None, uri=True)
    try:
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
        if names >= INDEXED.keys():
            return db
    except sqlite3.Error:  # nbgrader's way says what is wrong
        pass
    db.close()
    return None


def stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they are in the file: a time as text, a span as the time so long after 1970 began."""
    found = dict(values)
    for name, value in values.items():
        if isinstance(value, timedelta):
            value = EPOCH + value
        if isinstance(value, datetime):
            found[name] = value.strftime(MOMENT)
    return found


def moment(value: str | datetime | None) -> datetime | None:
    """A time as a query gives it."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def span(value: str | timedelta | None) -> timedelta | None:
    """A span of time as a query gives it."""
    return datetime.fromisoformat(value) - EPOCH if isinstance(value, str) else value


def among(column: str, values: Collection[str] | None, prefix: str) -> tuple[str, dict[str, str]]:
    """The condition that a column has one of the values, and the values by their names; no condition for None.

    Args:
        prefix: what the names begin with.
    """
    if values is None:
        return "1 = 1", {}
    named = {f"{prefix}{number}": value for number, value in enumerate(sorted(values))}
    return f"{column} IN ({', '.join(f':{name}' for name in named)})", named


# --- what several read ------------------------------------------------------------------------------------------------


def roster_records(tables: Tables) -> dict[str, dict]:
    """What the roster knows beside nbgrader's own table, by student; {} where there never was a roster."""
    if not tables.has_table(ROSTER):
        return {}
    return {student: json.loads(record) for student, record in tables.rows(f"SELECT student_id, record FROM {ROSTER}")}


def extensions(tables: Tables, assignment: str) -> dict[str, float]:
    """Student -> hours that the due time of an assignment is later, of those who have an extension."""
    given = {student: record.get("extensions", {}) for student, record in roster_records(tables).items()}
    return {student: float(hours[assignment]) for student, hours in given.items() if assignment in hours}


def known_ids(tables: Tables) -> dict[str, frozenset[str]]:
    """Student -> user names and numbers, without what says where they are from."""
    return {
        student: frozenset(one.partition(":")[2] for one in record.get("ids", ()))
        for student, record in roster_records(tables).items()
    }
