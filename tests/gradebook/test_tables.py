"""The gradebook in plain SQL, beside nbgrader's own way."""

import sqlite3
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from autograder.cli import in_words
from autograder.gradebook.books import Books
from autograder.gradebook.entries import GradebookEntry, NotebookEntry
from autograder.gradebook.opening import open_gradebook
from autograder.gradebook.renewal import renew
from autograder.gradebook.roster import Person, read_roster, write_people
from autograder.gradebook.scores import scores_by_student, standing
from autograder.gradebook.tables import INDEXED, PlainTables, opened_tables

SCORES = {"double-check": 2.0, "norm-check": 3.0, "triple-check": 4.0, "why": None}
ENTRY = {
    "first": NotebookEntry(SCORES, {}, {"own": None, "why": "No response."}),
    "second": NotebookEntry({"accuracy-check": 5.0, "bonus-check": 0.0}, {"bonus-check": 3.0}, {}),
}


def test_plain_sql_reads_and_writes_what_nbgrader_does(tiny):
    """Are scores, extensions, due times and penalties the same by both ways, and is nothing written twice?"""
    assignment = tiny.course.assignment("tiny")
    with Books(tiny.course, assignment) as books:
        books.enter([GradebookEntry(student, datetime(2026, 10, 10, 10), ENTRY) for student in ("ada", "max")])
        before = {one.student: one.late_penalty for one in books.scores()}
        books.gradebook.find_assignment("tiny").duedate = None
        books.db.commit()
    write_people(tiny.course, [Person("ada", "Ada", "Lovelace", extensions={"tiny": 36.0}), Person("new", email="n@x")])
    with opened_tables(tiny.course) as tables:
        assert isinstance(tables, PlainTables)
        renew(tables, assignment)
        written = tables.db.total_changes
        renew(tables, assignment)
        assert tables.db.total_changes == written > 0
        plain = standing(tables, tiny.course, assignment)
    with Books(tiny.course, assignment) as books:
        assert books.scores() == plain
        theirs = {one.student: books.gradebook.find_submission("tiny", one.student) for one in plain}
        assert theirs["ada"].extension == timedelta(hours=36)
        assert theirs["max"].duedate == assignment.due.replace(tzinfo=None) - assignment.due.utcoffset()
        assert {name: one.late_submission_penalty or 0.0 for name, one in theirs.items()} == {
            one.student: one.late_penalty for one in plain
        }
        assert before["max"] == theirs["max"].late_submission_penalty > theirs["ada"].late_submission_penalty == 0
        assert books.gradebook.find_student("new").email == "n@x"
    assert read_roster(tiny.course)["ada"].name == "Ada Lovelace"
    assert [*scores_by_student(tiny.course, assignment, ["max"])] == ["max"]


def test_an_older_or_a_missing_gradebook_is_opened_as_nbgrader_does(tiny):
    """Is it made, or made fast, first?"""
    with open_gradebook(tiny.course) as gradebook:
        gradebook.db.execute(text(f"DROP INDEX {next(iter(INDEXED))}"))
        gradebook.db.commit()
    with opened_tables(tiny.course) as tables:
        assert not isinstance(tables, PlainTables)
    with opened_tables(tiny.course) as tables:
        assert isinstance(tables, PlainTables)
    tiny.course.gradebook_file.unlink()
    assert scores_by_student(tiny.course, tiny.course.assignment("tiny")) == {}
    assert tiny.course.gradebook_file.is_file()


def test_a_transaction_is_whole(tiny):
    """Is nothing of it there when it fails half-way, and is the failure told in words?"""
    write_people(tiny.course, [Person("ada")])
    with opened_tables(tiny.course) as tables:

        def changes():
            tables.db.execute("DELETE FROM student")
            raise sqlite3.OperationalError("database is locked")

        with pytest.raises(sqlite3.OperationalError) as error:
            tables.transact(changes)
    assert "Another program is writing to it" in in_words(error.value)
    assert "ada" in read_roster(tiny.course)
