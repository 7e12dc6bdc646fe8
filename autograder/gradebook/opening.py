"""Opens the gradebook, nbgrader's database."""

import contextlib
from typing import Any

from nbgrader.api import Comment, Grade, Gradebook, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import Index, Select
from sqlalchemy.exc import DBAPIError

from autograder.course import Course, environment_bin_on_path, nbgrader_config

BUSY_SECONDS = 60

INDEXES = (
    Index("autograder_grade_notebook", Grade.notebook_id),
    Index("autograder_comment_notebook", Comment.notebook_id),
    Index("autograder_submitted_notebook_assignment", SubmittedNotebook.assignment_id),
    Index("autograder_submitted_assignment_student", SubmittedAssignment.student_id),
)
"""By what nbgrader looks rows up, and has no index for: without, every look-up reads the whole table. nbgrader's own
commands use them too."""


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
