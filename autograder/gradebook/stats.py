"""How an assignment went, question by question."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from nbgrader.api import MissingEntry
from rich.table import Table
from rich.text import Text

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.errors import CourseError
from autograder.gradebook.books import renew_penalties
from autograder.handback.export import open_gradebook
from autograder.notebooks import read_source_notebook

BINS = 10
WIDTH = 40


@dataclass(frozen=True)
class Question:
    """One graded cell; for extra credit `points` are the extra points there are."""

    notebook: str
    cell: str
    points: float
    scores: tuple[float, ...]
    waiting: int

    @property
    def mean(self) -> float:
        return fmean(self.scores) if self.scores else 0.0

    @property
    def zeros(self) -> int:
        return sum(score <= 0 for score in self.scores)

    @property
    def full(self) -> int:
        return sum(score >= self.points for score in self.scores)


def question_stats(course: Course, assignment: Assignment) -> list[Question]:
    """Every question of an assignment, in the notebooks' order, over all graded submissions.

    Raises:
        CourseError: nothing has been graded.
    """
    scores: dict[tuple[str, str], list[float | None]] = {}
    with open_gradebook(course) as gradebook:
        try:
            submissions = gradebook.assignment_submissions(assignment.name)
        except MissingEntry:
            submissions = []
        for submission in submissions:
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    waits = grade.needs_manual_grade and grade.manual_score is None
                    scores.setdefault((notebook.name, grade.name), []).append(None if waits else grade.score)
    if not scores:
        raise CourseError(f"nothing of {assignment.name} is graded yet. Run:  autograder grade {assignment.name}")
    questions = []
    for name in assignment.notebooks:
        for cell in read_source_notebook(assignment.folder / f"{name}.ipynb").cells:
            nbgrader = cell.metadata.get("nbgrader", {})
            if nbgrader.get("grade"):
                given = scores.get((name, cell.id), [])
                points = assignment.extra_credit.get((name, cell.id), float(nbgrader["points"]))
                known = tuple(score for score in given if score is not None)
                questions.append(Question(name, cell.id, points, known, len(given) - len(known)))
    return questions


def stats_table(questions: Sequence[Question]) -> Table:
    """One row a question."""
    table = Table()
    table.add_column("notebook", overflow="fold")
    table.add_column("question", no_wrap=True)
    for column in ("points", "mean", "%", "zero", "full", "by hand"):
        table.add_column(column, justify="right")
    for question in questions:
        table.add_row(
            Text(question.notebook),
            Text(question.cell),
            f"{question.points:g}",
            f"{question.mean:.2f}" if question.scores else "",
            f"{100 * question.mean / question.points:.0f}" if question.scores and question.points else "",
            str(question.zeros),
            str(question.full),
            str(question.waiting or ""),
        )
    return table


def histogram_of(course: Course, assignment: str) -> Text:
    """How the scores are spread, in tenths of the maximum."""
    renew_penalties(course, course.assignment(assignment))
    with open_gradebook(course) as gradebook:
        parts = [
            max(0.0, submission.score - submission.late_submission_penalty) / submission.max_score
            for submission in gradebook.assignment_submissions(assignment)
            if submission.max_score
        ]
    counts = [0] * BINS
    for part in parts:
        counts[min(int(part * BINS), BINS - 1)] += 1
    most = max([*counts, 1])
    lines = [
        f"{100 * index // BINS:3d}–{100 * (index + 1) // BINS:3d} %  {'█' * round(WIDTH * count / most)} {count or ''}"
        for index, count in enumerate(counts)
    ]
    return Text("\n".join(lines))
