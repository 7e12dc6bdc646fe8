"""How an assignment went, question by question."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import correlation, fmean

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.errors import CourseError
from autograder.gradebook.results import CellResult, Scores
from autograder.gradebook.scores import scores_by_student
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
    """One row a question, below a heading for each notebook; it fits into 80 columns."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("question", no_wrap=True, overflow="ellipsis", max_width=32)
    for column in ("points", "mean", "%", "zero", "full", BY_HAND.replace(" graded ", "\ngraded\n")):
        table.add_column(column, justify="right", no_wrap=True)
    for notebook, questions in itertools.groupby(stats, key=lambda one: one.question.notebook):
        table.add_row(Text(notebook, style="bold"))
        for one in questions:
            points = one.question.points
            table.add_row(
                Text(f"  {one.question.cell}"),
                f"{points:g}",
                f"{one.mean:.2f}" if one.scores else "",
                f"{100 * one.mean / points:.0f}" if one.scores and points else "",
                str(one.zeros),
                str(one.full),
                str(one.waiting or ""),
            )
    return table


def discrimination(scores: Sequence[Scores], key: tuple[str, str]) -> float | None:
    """How a question goes with all others: the correlation of its score with the rest of the total, −1 to 1.

    None where it says nothing: fewer than five scores, or all the same.
    """
    pairs = [
        (cell.score, sum(other.score or 0.0 for other in one.cells) - cell.score)
        for one in scores
        if (cell := one.of(*key)) is not None and cell.score is not None
    ]
    if len(pairs) < 5 or any(len(set(values)) < 2 for values in zip(*pairs, strict=True)):
        return None
    return correlation(*map(list, zip(*pairs, strict=True)))


def counts_of(scores: Iterable[Scores]) -> list[int]:
    """How many students there are in each tenth of the maximum."""
    counts = [0] * BINS
    for one in scores:
        if one.maximum:
            counts[max(min(int(one.total / one.maximum * BINS), BINS - 1), 0)] += 1
    return counts


def histogram_of(scores: Iterable[Scores]) -> Text:
    """How the scores are spread, in tenths of the maximum."""
    counts = counts_of(scores)
    most = max([*counts, 1])
    lines = [
        f"{100 * index // BINS:3d}–{100 * (index + 1) // BINS:3d} %  {'█' * round(WIDTH * count / most)} {count or ''}"
        for index, count in enumerate(counts)
    ]
    return Text("\n".join(lines))
