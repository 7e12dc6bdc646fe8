"""What the gradebook gets of one graded submission, worked out from its notebooks as nbgrader's SaveAutoGrades does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nbformat import NotebookNode
from nbgrader.utils import compute_checksum, determine_grade, is_grade, is_solution, is_task

from autograder.gradebook.results import SubmissionResult

NO_RESPONSE = "No response."


@dataclass(frozen=True)
class NotebookEntry:
    """One notebook that was handed in.

    Attributes:
        scores: cell -> the score by machine, None where a person gives it.
        extra_credit: cell -> points on top of the maximum.
        comments: cell -> what the machine says of it, None for nothing.
    """

    scores: Mapping[str, float | None]
    extra_credit: Mapping[str, float | None]
    comments: Mapping[str, str | None]


@dataclass(frozen=True)
class GradebookEntry:
    """One submission.

    Attributes:
        timestamp: when it was handed in, as naive UTC.
        notebooks: name -> entry, of those that were handed in.
    """

    student: str
    timestamp: datetime | None
    notebooks: Mapping[str, NotebookEntry]


def entry_of(
    result: SubmissionResult, notebooks: Mapping[str, NotebookNode], timestamp: datetime | None
) -> GradebookEntry:
    """What to enter.

    Args:
        result: what grading found.
        notebooks: the graded ones, as they are stored; a notebook that is not among them was not handed in.
        timestamp: when it was handed in, as naive UTC.
    """
    return GradebookEntry(
        result.student,
        timestamp,
        {name: notebook_entry(notebook, name, result) for name, notebook in notebooks.items()},
    )


def notebook_entry(notebook: NotebookNode, name: str, result: SubmissionResult) -> NotebookEntry:
    scores: dict[str, float | None] = {}
    comments: dict[str, str | None] = {}
    for cell in notebook.cells:
        if is_grade(cell):
            scores[cell.metadata.nbgrader.grade_id] = determine_grade(cell)[0]
        if is_solution(cell) or is_task(cell):
            untouched = cell.metadata.nbgrader.get("checksum") == compute_checksum(cell) and not is_task(cell)
            comments[cell.metadata.nbgrader.grade_id] = NO_RESPONSE if untouched else None
    extra_credit = {cell: earned.score for cell, earned in result.of(name).items() if earned.extra_credit}
    return NotebookEntry(scores, extra_credit, comments)
