"""What lateness costs, in the gradebook, as the assignment, the roster and the scores are now."""

from collections.abc import Collection
from datetime import UTC, timedelta

from autograder.assignment import Assignment
from autograder.gradebook.lateness import penalty, seconds_late
from autograder.gradebook.tables import Change, Tables, among, extensions, moment, span

SCORE = """CASE WHEN manual_score IS NOT NULL THEN manual_score + coalesce(extra_credit, 0.0)
                WHEN auto_score IS NOT NULL THEN auto_score + coalesce(extra_credit, 0.0) ELSE 0.0 END"""
"""A grade's score as nbgrader counts it."""


def renewed(tables: Tables, assignment: Assignment, students: Collection[str] | None = None) -> list[Change]:
    """What to change so that due time, extensions and late penalties are right; nothing where all of them are.

    Extensions that the roster does not know, nbgrader's own, stay.

    Args:
        students: whose; default: everybody's.
    """
    found = tables.rows("SELECT id, duedate FROM assignment WHERE name = :name", {"name": assignment.name})
    if not found:
        return []
    ((id, recorded),) = found
    due = assignment.due and assignment.due.astimezone(UTC).replace(tzinfo=None)
    changes = []
    if moment(recorded) != due:
        changes.append(Change("UPDATE assignment SET duedate = :due WHERE id = :id", [{"id": id, "due": due}]))
    whose, values = among("submitted_assignment.student_id", students, "student")
    submissions = tables.rows(
        f"""SELECT id, student_id, timestamp, extension FROM submitted_assignment
            WHERE assignment_id = :assignment AND {whose}""",
        {"assignment": id, **values},
    )
    hours = extensions(tables, assignment.name)
    extended, late = [], {}
    for submission, student, handed_in, longer in submissions:
        extension = span(longer)
        if student in hours and extension != (wanted := timedelta(hours=hours[student])):
            extension = wanted
            extended.append({"id": submission, "longer": wanted})
        late[submission] = seconds_late(moment(handed_in), due, extension)
    if extended:
        changes.append(Change("UPDATE submitted_assignment SET extension = :longer WHERE id = :id", extended))
    return changes + penalties(tables, assignment, id, whose, values, late)


def penalties(
    tables: Tables, assignment: Assignment, id: str, whose: str, values: dict[str, str], late: dict[str, float]
) -> list[Change]:
    """What to change in what the notebooks of an assignment's submissions lose.

    Args:
        id: the assignment's.
        whose, values: a condition on the submissions, and what is named in it.
        late: submission -> seconds.
    """
    of_these = f"""JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
                   WHERE submitted_assignment.assignment_id = :assignment AND {whose}"""
    given = {"assignment": id, **values}
    notebooks = tables.rows(
        f"""SELECT submitted_notebook.id, submitted_notebook.assignment_id, submitted_notebook.late_submission_penalty
            FROM submitted_notebook {of_these}""",
        given,
    )
    scores: dict[str, float] = {}
    if any(late.values()):
        summed = tables.rows(
            f"""SELECT grade.notebook_id, coalesce(sum({SCORE}), 0.0)
                FROM grade JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id {of_these}
                GROUP BY grade.notebook_id""",
            given,
        )
        scores = dict(summed)
    rows = []
    for notebook, submission, before in notebooks:
        seconds = late.get(submission, 0.0)
        lost = penalty(assignment.late, scores.get(notebook, 0.0), seconds) if seconds else 0
        if lost != (before or 0):
            rows.append({"id": notebook, "lost": lost or None})
    change = "UPDATE submitted_notebook SET late_submission_penalty = :lost WHERE id = :id"
    return [Change(change, rows)] if rows else []


def renew(tables: Tables, assignment: Assignment) -> None:
    """Let late penalties follow the assignment, the roster, and what was given by hand after grading.

    Nothing is written where nothing changes: that can be seen without waiting for another program.
    """
    if renewed(tables, assignment):
        tables.transact(lambda: renewed(tables, assignment))
