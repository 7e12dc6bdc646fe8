"""The scores of submissions as the gradebook has them: by machine and by hand, with comments and late penalties."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from nbgrader.api import Assignment as RecordedAssignment
from nbgrader.api import BaseCell, Comment, Grade, Gradebook, Notebook, Student, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import Row, Select, func, or_, select

from autograder.gradebook.late import seconds_late
from autograder.gradebook.opening import pairs
from autograder.gradebook.results import CellResult, Scores, SubmissionResult

Points = Mapping[tuple[str, str], float]


def read_scores(
    gradebook: Gradebook,
    assignment: str,
    notebooks: Sequence[str],
    extra_credit: Points,
    result_of: Callable[[str], SubmissionResult | None] = lambda student: None,
    late_of: Callable[[float], str] = lambda seconds: "",
    ids_of: Callable[[str], frozenset[str]] = lambda student: frozenset(),
    students: Collection[str] | None = None,
) -> list[Scores]:
    """The scores of submissions of an assignment, by student; none where the gradebook does not know it.

    Args:
        notebooks: their names in order.
        extra_credit: (notebook, cell) -> points on top of the maximum.
        result_of: student -> what grading left.
        late_of: seconds late -> what that costs, in words.
        ids_of: student -> by what else the student is known.
        students: whose; default: everybody's.
    """
    order = {name: i for i, name in enumerate(notebooks)}
    points = maxima(gradebook, assignment)
    whose = [RecordedAssignment.name == assignment]
    if students is not None:
        whose.append(SubmittedAssignment.student_id.in_(students))

    def of_submissions(query: Select) -> Select:
        return query.join(RecordedAssignment, RecordedAssignment.id == SubmittedAssignment.assignment_id).where(*whose)

    def of_notebooks(query: Select) -> Select:
        return of_submissions(
            query.join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        )

    cells = BaseCell.__table__
    grades, comments = defaultdict(list), {}
    for row in gradebook.db.execute(
        of_notebooks(
            select(
                SubmittedNotebook.assignment_id.label("submission"), cells.c.name, cells.c.notebook_id,
                Grade.auto_score, Grade.manual_score, Grade.extra_credit, Grade.needs_manual_grade,
            )
            .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
            .join(cells, cells.c.id == Grade.cell_id)
        )
    ):  # fmt: skip
        grades[row.submission].append(row)
    for row in gradebook.db.execute(
        of_notebooks(
            select(SubmittedNotebook.assignment_id.label("submission"), cells.c.name, cells.c.notebook_id,
                   Comment.comment.label("said"))
            .join(SubmittedNotebook, SubmittedNotebook.id == Comment.notebook_id)
            .join(cells, cells.c.id == Comment.cell_id)
            .where(or_(Comment.manual_comment.is_not(None), Comment.auto_comment.is_not(None)))
        )
    ):  # fmt: skip
        comments[row.submission, row.notebook_id, row.name] = row.said
    penalties = pairs(
        gradebook,
        of_notebooks(
            select(
                SubmittedNotebook.assignment_id,
                func.coalesce(func.sum(SubmittedNotebook.late_submission_penalty), 0.0),
            )
        ).group_by(SubmittedNotebook.assignment_id),
    )
    names = {row.id: row.name for row in gradebook.db.execute(select(Notebook.id, Notebook.name))}
    places = {key: i for i, key in enumerate(points)}

    def place(row: Row) -> tuple[int, int]:
        return order.get(names[row.notebook_id], len(order)), places.get((row.notebook_id, row.name), len(places))

    def cell_of(submission: str, row: Row, graded: Mapping[tuple[str, str], CellResult]) -> CellResult:
        key = names[row.notebook_id], row.name
        check = graded.get(key)
        waits = bool(row.needs_manual_grade)
        return CellResult(
            *key,
            points=float(extra_credit.get(key, points.get((row.notebook_id, row.name), 0.0))),
            score=None if waits and row.manual_score is None else score_of(row),
            credit=check.credit if check else None,
            extra_credit=key in extra_credit,
            lines=check.lines if check else (),
            comment=comments.get((submission, row.notebook_id, row.name)) or "",
            bonus=float(row.extra_credit or 0),
            waiting=waits,
        )

    scores = []
    for row in gradebook.db.execute(
        of_submissions(
            select(
                SubmittedAssignment.id, SubmittedAssignment.timestamp, SubmittedAssignment.extension,
                RecordedAssignment.duedate, Student.id.label("student"), Student.first_name, Student.last_name,
            ).join(Student, Student.id == SubmittedAssignment.student_id)
        ).order_by(Student.id)
    ):  # fmt: skip
        found = sorted(grades[row.id], key=place)
        result = result_of(row.student)
        graded = {cell.key: cell for cell in result.cells} if result else {}
        seconds = seconds_late(row.timestamp, row.duedate, row.extension)
        scores.append(
            Scores(
                student=row.student,
                name=" ".join(part for part in (row.first_name, row.last_name) if part),
                cells=tuple(cell_of(row.id, grade, graded) for grade in found),
                score=float(sum(map(score_of, found))),
                maximum=float(sum(points.values())),
                late_penalty=float(penalties.get(row.id, 0.0)),
                needs_manual_grade=any(grade.needs_manual_grade for grade in found),
                result=result,
                seconds_late=seconds,
                late=late_of(seconds),
                ids=ids_of(row.student),
            )
        )
    return sorted(scores, key=lambda one: one.student)


def maxima(gradebook: Gradebook, assignment: str) -> dict[tuple[str, str], float]:
    """(id of a notebook, name of a cell) -> the points that it adds to the maximum, of all graded cells."""
    found = gradebook.db.query(Notebook).join(RecordedAssignment, RecordedAssignment.id == Notebook.assignment_id)
    return {
        (notebook.id, cell.name): float(cell.max_score)
        for notebook in found.filter(RecordedAssignment.name == assignment)
        for cell in (*notebook.grade_cells, *notebook.task_cells)
    }


def score_of(row: Row) -> float:
    """A grade's score as nbgrader counts it: by hand, else by machine, with the extra credit; else nothing."""
    given = row.auto_score if row.manual_score is None else row.manual_score
    return 0.0 if given is None else float(given + (row.extra_credit or 0.0))
