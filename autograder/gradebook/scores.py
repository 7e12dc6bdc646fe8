"""The scores of submissions as the gradebook has them: by machine and by hand, with comments and late penalties."""

from collections.abc import Callable, Mapping, Sequence

from nbgrader.api import Assignment as RecordedAssignment
from nbgrader.api import Gradebook, SubmittedAssignment, SubmittedNotebook
from sqlalchemy.orm import selectinload

from autograder.gradebook.results import CellResult, Scores, SubmissionResult

Points = Mapping[tuple[str, str], float]


def read_scores(
    gradebook: Gradebook,
    assignment: str,
    notebooks: Sequence[str],
    extra_credit: Points,
    result_of: Callable[[str], SubmissionResult | None],
) -> list[Scores]:
    """The scores of all submissions of an assignment, by student; none where the gradebook does not know it.

    Args:
        notebooks: their names in order.
        extra_credit: (notebook, cell) -> points on top of the maximum.
        result_of: student -> what grading left.
    """
    found = (
        gradebook.db.query(SubmittedAssignment)
        .join(RecordedAssignment, RecordedAssignment.id == SubmittedAssignment.assignment_id)
        .filter(RecordedAssignment.name == assignment)
        .options(
            selectinload(SubmittedAssignment.notebooks).selectinload(SubmittedNotebook.grades),
            selectinload(SubmittedAssignment.notebooks).selectinload(SubmittedNotebook.comments),
        )
    )
    scores = [scores_of(entry, notebooks, extra_credit, result_of(entry.student.id)) for entry in found]
    return sorted(scores, key=lambda one: one.student)


def scores_of(
    entry: SubmittedAssignment, notebooks: Sequence[str], extra_credit: Points, result: SubmissionResult | None
) -> Scores:
    """The scores of one submission in the gradebook."""
    graded = {cell.key: cell for cell in result.cells} if result else {}
    order = {name: i for i, name in enumerate(notebooks)}
    cells = []
    for notebook in sorted(entry.notebooks, key=lambda one: order.get(one.name, len(order))):
        comments = {comment.name: comment.comment or "" for comment in notebook.comments}
        for grade in notebook.grades:
            key = notebook.name, grade.name
            check = graded.get(key)
            cells.append(
                CellResult(
                    *key,
                    points=float(extra_credit.get(key, grade.max_score)),
                    score=None if grade.needs_manual_grade and grade.manual_score is None else float(grade.score),
                    credit=check.credit if check else None,
                    extra_credit=key in extra_credit,
                    lines=check.lines if check else (),
                    comment=comments.get(grade.name, ""),
                    bonus=float(grade.extra_credit or 0),
                    waiting=bool(grade.needs_manual_grade),
                )
            )
    return Scores(
        student=entry.student.id,
        name=" ".join(part for part in (entry.student.first_name, entry.student.last_name) if part),
        cells=tuple(cells),
        score=float(entry.score),
        maximum=float(entry.max_score),
        late_penalty=float(entry.late_submission_penalty or 0.0),
        needs_manual_grade=bool(entry.needs_manual_grade),
        result=result,
        seconds_late=float(entry.total_seconds_late or 0.0),
    )
