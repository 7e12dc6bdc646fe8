"""Opens the gradebook, nbgrader's database, as nbgrader does."""

import contextlib
import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from nbgrader.api import Base, Gradebook
from sqlalchemy import DateTime, Index, Interval, Select, bindparam, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from autograder.course import Course, environment_bin_on_path, nbgrader_config
from autograder.gradebook.tables import BUSY_SECONDS, INDEXED, Change

TRIES = 5
T = TypeVar("T")

INDEXES = tuple(Index(name, Base.metadata.tables[table].c[column]) for name, (table, column) in INDEXED.items())


def open_gradebook(course: Course) -> Gradebook:
    """The course's gradebook, which waits while another program writes to it; use it as a context manager."""
    environment_bin_on_path()
    url = course.gradebook_url
    if url.startswith("sqlite:"):
        url += ("&" if "?" in url else "?") + f"timeout={BUSY_SECONDS}"
    gradebook = Gradebook(url, nbgrader_config(course).CourseDirectory.get("course_id", ""))
    for index in INDEXES:
        with contextlib.suppress(DBAPIError):  # the database is read-only, or another program has just made it
            index.create(gradebook.engine, checkfirst=True)
    return gradebook


def pairs(gradebook: Gradebook, query: Select) -> dict[Any, Any]:
    """What a query for two columns finds: first column -> second."""
    return {row[0]: row[1] for row in gradebook.db.execute(query)}


def when_free(gradebook: Gradebook, transaction: Callable[[], T]) -> T:
    """Run a transaction; start it again while another program keeps the database busy, or has entered the same."""
    end = time.monotonic() + BUSY_SECONDS
    tries_left = TRIES
    while True:
        try:
            result = transaction()
            gradebook.db.commit()
            return result
        except OperationalError as error:
            gradebook.db.rollback()
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.05 + random.random() / 5)
        except IntegrityError:  # between looking for a student and entering it, another program entered it
            gradebook.db.rollback()
            tries_left -= 1
            if not tries_left:
                raise
        except BaseException:
            gradebook.db.rollback()
            raise


class SessionTables:
    """The tables of a gradebook that is open already, wherever it is: `gradebook/tables.py` says what they can do."""

    def __init__(self, gradebook: Gradebook) -> None:
        self.gradebook = gradebook

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Any]:
        return [*self.gradebook.db.execute(text(sql), dict(values or {}))]

    def transact(self, changes: Callable[[], Sequence[Change]]) -> None:
        when_free(self.gradebook, lambda: self.apply(changes()))

    def apply(self, changes: Sequence[Change]) -> None:
        """Change what is to be changed, in the transaction that goes on."""
        for change in changes:
            kinds = [
                bindparam(name, type_=kind())
                for name, value in change.rows[0].items()
                for type_, kind in ((datetime, DateTime), (timedelta, Interval))
                if isinstance(value, type_)
            ]
            self.gradebook.db.execute(text(change.sql).bindparams(*kinds), [*change.rows])

    def has_table(self, name: str) -> bool:
        # by the connection that the transaction is on: another one may have to wait for it
        return inspect(self.gradebook.db.connection()).has_table(name)
