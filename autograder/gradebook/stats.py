"""How an assignment went, question by question."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from rich.table import Table
from rich.text import Text

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.errors import CourseError
from autograder.gradebook.books import scores_by_student
from autograder.gradebook.results import CellResult, Scores
from autograder.questions import Question
from autograder.words import BY_HAND

BINS = 10
WIDTH = 40


@dataclass(frozen=True)
class QuestionStats:
    """How one question went: the scores that are known, and how many are still to be given by hand."""

    question: Question
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
        return sum(score >= self.question.points for score in self.scores)


def class_scores(course: Course, assignment: Assignment) -> list[Scores]:
    """The scores of all graded submissions, by student; raises CourseError where there are none."""
    scores = list(scores_by_student(course, assignment, with_results=False).values())
    if not scores:
        raise CourseError(f"nothing of {assignment.name} is graded yet. Run:  autograder grade {assignment.name}")
    return scores


def question_stats(scores: Iterable[Scores], questions: Iterable[Question]) -> list[QuestionStats]:
    """How each question went, in the order of the questions."""
    cells: dict[tuple[str, str], list[CellResult]] = {}
    for one in scores:
        for cell in one.cells:
            cells.setdefault(cell.key, []).append(cell)
    stats = []
    for question in questions:
        found = cells.get(question.key, [])
        known = tuple(result.score for result in found if result.score is not None)
        stats.append(QuestionStats(question, known, len(found) - len(known)))
    return stats


def stats_table(stats: Sequence[QuestionStats]) -> Table:
    """One row a question."""
    table = Table()
    table.add_column("notebook", overflow="fold")
    table.add_column("question", no_wrap=True)
    for column in ("points", "mean", "%", "zero", "full", BY_HAND.replace(" by", "\nby")):
        table.add_column(column, justify="right")
    for one in stats:
        points = one.question.points
        table.add_row(
            Text(one.question.notebook),
            Text(one.question.cell),
            f"{points:g}",
            f"{one.mean:.2f}" if one.scores else "",
            f"{100 * one.mean / points:.0f}" if one.scores and points else "",
            str(one.zeros),
            str(one.full),
            str(one.waiting or ""),
        )
    return table


def histogram_of(scores: Iterable[Scores]) -> Text:
    """How the scores are spread, in tenths of the maximum."""
    parts = [one.total / one.maximum for one in scores if one.maximum]
    counts = [0] * BINS
    for part in parts:
        counts[min(int(part * BINS), BINS - 1)] += 1
    most = max([*counts, 1])
    lines = [
        f"{100 * index // BINS:3d}–{100 * (index + 1) // BINS:3d} %  {'█' * round(WIDTH * count / most)} {count or ''}"
        for index, count in enumerate(counts)
    ]
    return Text("\n".join(lines))
