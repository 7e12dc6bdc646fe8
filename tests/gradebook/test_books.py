"""Results in nbgrader's database, entered several at a time."""

from datetime import datetime

import pytest
from nbgrader.api import Gradebook
from sqlalchemy import inspect, text

from autograder.gradebook.books import Books
from autograder.gradebook.entries import GradebookEntry, NotebookEntry
from autograder.gradebook.opening import INDEXES, open_gradebook


def entry(student: str, double: float, why: float | None = None) -> GradebookEntry:
    scores = {"double-check": double, "norm-check": 3.0, "triple-check": 4.0, "why": why}
    first = NotebookEntry(scores, {}, {"own": None, "why": "No response."})
    second = NotebookEntry({"accuracy-check": 5.0, "bonus-check": 0.0}, {"bonus-check": 3.0}, {})
    return GradebookEntry(student, datetime(2026, 10, 10, 10), {"first": first, "second": second})


@pytest.fixture
def books(tiny):
    with Books(tiny.course, tiny.course.assignment("tiny")) as books:
        yield books


def test_entered_as_nbgrader_counts(books):
    """Has every submission of a batch the scores that nbgrader's own look-ups give, and the penalty for a day late?"""
    books.enter([entry("ada", 2.0), entry("max", 0.0)])
    for scores in books.scores():
        theirs = books.gradebook.find_submission("tiny", scores.student)
        assert (scores.score, scores.maximum) == (theirs.score, theirs.max_score)
        assert scores.late_penalty == theirs.late_submission_penalty == pytest.approx(scores.score / 10)
        assert scores.needs_manual_grade == theirs.needs_manual_grade
        assert scores.seconds_late == theirs.total_seconds_late
    ada, max_ = books.scores()
    assert (ada.score, max_.score) == (17, 15)
    assert ada.of("first", "why").comment == "No response."
    assert [one.student for one in books.scores(["max"])] == ["max"]


def test_a_batch_that_fills_sqlites_memory_is_entered(books):
    """Does nothing in the transaction wait for the transaction, once that has locked the file?"""
    books.db.execute(text("PRAGMA cache_size = 1"))
    books.enter([entry(f"s{number}", 2.0) for number in range(32)])
    assert len(books.scores()) == 32


def test_what_a_person_gave_stays(books):
    """After grading again, is a score by hand kept and to be looked at once more?"""
    books.enter([entry("ada", 2.0)])
    grade = books.gradebook.find_grade("double-check", "first", "tiny", "ada")
    grade.manual_score, grade.needs_manual_grade = 1.5, False
    books.db.commit()
    books.enter([entry("ada", 0.0), entry("new", 2.0)])
    found = {scores.student: scores.of("first", "double-check") for scores in books.scores()}
    assert (found["ada"].score, found["ada"].waiting) == (1.5, True)
    assert (found["new"].score, found["new"].waiting) == (2.0, False)


def test_an_older_gradebook_gets_its_indexes(tiny):
    """Do they come when a gradebook without them is opened, and does nbgrader open it as before?"""

    def there(gradebook: Gradebook) -> set[str]:
        tables = {index.table.name for index in INDEXES}
        return {found["name"] for table in tables for found in inspect(gradebook.engine).get_indexes(table)}

    wanted = {index.name for index in INDEXES}
    with open_gradebook(tiny.course) as gradebook:
        for name in wanted:
            gradebook.db.execute(text(f"DROP INDEX {name}"))
        gradebook.db.commit()
        assert not there(gradebook) & wanted
    with open_gradebook(tiny.course) as gradebook:
        assert wanted <= there(gradebook)
    with Gradebook(f"sqlite:///{tiny.course.root}/gradebook.db") as gradebook:
        assert [assignment.name for assignment in gradebook.assignments] == ["tiny"]
