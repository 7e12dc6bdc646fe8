"""The scores of submissions as the gradebook has them: by machine and by hand, with comments and late penalties."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.gradebook.lateness import explanation, seconds_late
from autograder.gradebook.renewal import renew
from autograder.gradebook.results import CellResult, Scores, SubmissionResult
from autograder.gradebook.store import Store
from autograder.gradebook.tables import Tables, among, known_ids, moment, opened_tables, span

Points = Mapping[tuple[str, str], float]


class RecordedGrade(NamedTuple):
    """A grade as the gradebook has it. `notebook` is the id of the assignment's, `name` that of the cell."""

    submission: str
    notebook: str
    name: str
    auto_score: float | None
    manual_score: float | None
    extra_credit: float | None
    needs_manual_grade: bool


def scores_by_student(
    course: Course, assignment: Assignment, students: Collection[str] | None = None, with_results: bool = True
) -> dict[str, Scores]:
    """Student -> scores, less late penalties as they are now; {} where the gradebook does not know the assignment."""
    with opened_tables(course) as tables:
        renew(tables, assignment)
        return {one.student: one for one in standing(tables, course, assignment, students, with_results)}


def renew_penalties(course: Course, assignment: Assignment) -> None:
    """Let the penalties in the gradebook follow the assignment, the roster and the scores."""
    with opened_tables(course) as tables:
        renew(tables, assignment)


def standing(
    tables: Tables,
    course: Course,
    assignment: Assignment,
    students: Collection[str] | None = None,
    with_results: bool = True,
) -> list[Scores]:
    """The scores of an assignment's submissions, by student.

    Args:
        students: whose; default: everybody's.
        with_results: also what grading left on the disk, and what the checks said.
    """
    store = Store(course, assignment.name)
    ids = known_ids(tables)
    return read_scores(
        tables,
        assignment.name,
        assignment.notebooks,
        assignment.extra_credit,
        store.result if with_results else lambda student: None,
        lambda seconds: explanation(assignment.late, seconds),
        lambda student: ids.get(student, frozenset()),
        students,
    )


def read_scores(
    tables: Tables,
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
    points = maxima(tables, assignment)
    whose, values = among("submitted_assignment.student_id", students, "student")
    given = {"assignment": assignment, **values}
    of_submissions = f"""JOIN assignment ON assignment.id = submitted_assignment.assignment_id
                         WHERE assignment.name = :assignment AND {whose}"""
    of_notebooks = f"""JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
                       {of_submissions}"""
    of_cells = f"JOIN base_cell ON base_cell.id = cell_id {of_notebooks}"
    grades: dict[str, list[RecordedGrade]] = defaultdict(list)
    for row in tables.rows(
        f"""SELECT submitted_notebook.assignment_id, base_cell.notebook_id, base_cell.name,
                   auto_score, manual_score, extra_credit, needs_manual_grade
            FROM grade JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id {of_cells}""",
        given,
    ):
        grades[row[0]].append(RecordedGrade(*row))
    comments = {
        (submission, notebook, name): said
        for submission, notebook, name, said in tables.rows(
            f"""SELECT submitted_notebook.assignment_id, base_cell.notebook_id, base_cell.name,
                       coalesce(manual_comment, auto_comment)
                FROM comment JOIN submitted_notebook ON submitted_notebook.id = comment.notebook_id {of_cells}
                AND coalesce(manual_comment, auto_comment) IS NOT NULL""",
            given,
        )
    }
    penalties = dict(
        tables.rows(
            f"""SELECT submitted_notebook.assignment_id, coalesce(sum(late_submission_penalty), 0.0)
                FROM submitted_notebook {of_notebooks} GROUP BY submitted_notebook.assignment_id""",
            given,
        )
    )
    names = dict(tables.rows("SELECT id, name FROM notebook"))
    places = {key: i for i, key in enumerate(points)}

    def place(row: RecordedGrade) -> tuple[int, int]:
        return order.get(names[row.notebook], len(order)), places.get((row.notebook, row.name), len(places))

    def cell_of(row: RecordedGrade, graded: Mapping[tuple[str, str], CellResult]) -> CellResult:
        key = names[row.notebook], row.name
        check = graded.get(key)
        waits = bool(row.needs_manual_grade)
        return CellResult(
            *key,
            points=float(extra_credit.get(key, points.get((row.notebook, row.name), 0.0))),
            score=None if waits and row.manual_score is None else score_of(row),
            credit=check.credit if check else None,
            extra_credit=key in extra_credit,
            lines=check.lines if check else (),
            comment=comments.get((row.submission, row.notebook, row.name)) or "",
            bonus=float(row.extra_credit or 0),
            waiting=waits,
        )

    scores = []
    for id, handed_in, longer, due, student, first, last in tables.rows(
        f"""SELECT submitted_assignment.id, timestamp, extension, duedate, student.id, first_name, last_name
            FROM submitted_assignment JOIN student ON student.id = submitted_assignment.student_id {of_submissions}""",
        given,
    ):
        found = sorted(grades[id], key=place)
        result = result_of(student)
        graded = {cell.key: cell for cell in result.cells} if result else {}
        seconds = seconds_late(moment(handed_in), moment(due), span(longer))
        scores.append(
            Scores(
                student=student,
                name=" ".join(part for part in (first, last) if part),
                cells=tuple(cell_of(grade, graded) for grade in found),
                score=float(sum(map(score_of, found))),
                maximum=float(sum(points.values())),
                late_penalty=float(penalties.get(id, 0.0)),
                needs_manual_grade=any(grade.needs_manual_grade for grade in found),
                result=result,
                seconds_late=seconds,
                late=late_of(seconds),
                ids=ids_of(student),
            )
        )
    return sorted(scores, key=lambda one: one.student)


def maxima(tables: Tables, assignment: str) -> dict[tuple[str, str], float]:
    """(id of a notebook, name of a cell) -> the points that it adds to the maximum, of all graded cells."""
    return {
        (notebook, name): float(most)
        for kind in ("grade_cells", "task_cells")
        for notebook, name, most in tables.rows(
            f"""SELECT base_cell.notebook_id, base_cell.name, max_score
                FROM base_cell JOIN {kind} ON {kind}.id = base_cell.id
                JOIN notebook ON notebook.id = base_cell.notebook_id
                JOIN assignment ON assignment.id = notebook.assignment_id WHERE assignment.name = :assignment""",
            {"assignment": assignment},
        )
    }


def score_of(row: RecordedGrade) -> float:
    """A grade's score as nbgrader counts it: by hand, else by machine, with the extra credit; else nothing."""
    given = row.auto_score if row.manual_score is None else row.manual_score
    return 0.0 if given is None else float(given + (row.extra_credit or 0.0))
