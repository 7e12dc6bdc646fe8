"""Whose score moves by how much. Pure: plain data in and out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from autograder.assignment import LatePolicy
from autograder.gradebook.lateness import penalty
from autograder.gradebook.results import CLOSE, Scores

Key = tuple[str, str]
MOST_ROWS = 200


@dataclass(frozen=True)
class QuestionMove:
    """A question whose score changes."""

    key: Key
    title: str
    before: float
    after: float


@dataclass(frozen=True)
class TotalMove:
    """A student whose total changes, late penalties taken off, or a question of whom does."""

    student: str
    name: str
    before: float
    after: float
    questions: tuple[QuestionMove, ...]

    @property
    def difference(self) -> float:
        return self.after - self.before

    @property
    def falls(self) -> bool:
        return self.difference < -CLOSE


def moves_of(
    scores: Sequence[Scores],
    changes: Mapping[str, Mapping[Key, float]],
    titles: Mapping[Key, str],
    late: LatePolicy,
) -> list[TotalMove]:
    """Who moves: those who fall first, the largest differences first.

    Args:
        scores: as the gradebook has them.
        changes: student -> question -> its score then.
        titles: question -> what it is called.
    """
    found = []
    for one in scores:
        given = changes.get(one.student, {})
        questions = tuple(
            QuestionMove(cell.key, titles.get(cell.key, cell.cell), cell.score or 0.0, given[cell.key])
            for cell in one.cells
            if cell.key in given and abs(given[cell.key] - (cell.score or 0.0)) > CLOSE
        )
        if questions:
            after = {cell.key: given.get(cell.key, cell.score or 0.0) for cell in one.cells}
            before = {cell.key: cell.score or 0.0 for cell in one.cells}
            totals = total_of(before, one, late), total_of(after, one, late)
            found.append(TotalMove(one.student, one.name, *totals, questions))
    return sorted(found, key=lambda move: (not move.falls, -abs(move.difference), move.student))


def total_of(points: Mapping[Key, float], scores: Scores, late: LatePolicy) -> float:
    """The total with these points, less what lateness costs, notebook by notebook."""
    sums: dict[str, float] = {}
    for (notebook, _), score in points.items():
        sums[notebook] = sums.get(notebook, 0.0) + score
    return max(0.0, sum(score - penalty(late, score, scores.seconds_late) for score in sums.values()))


def moves_table(moves: Sequence[TotalMove]) -> Table:
    """One row a student; who falls is in red, and says so. It fits into 80 columns."""
    more = len(moves) - MOST_ROWS
    table = Table(box=SIMPLE_HEAD, pad_edge=False, caption=f"{more} more move up." if more > 0 else None)
    table.add_column("student", overflow="fold", max_width=24)
    for column in ("old", "new", "difference"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("questions", overflow="fold")
    for at, move in enumerate(moves):
        if at >= MOST_ROWS and not move.falls:
            break
        table.add_row(
            Text(move.student),
            shown(move.before),
            shown(move.after),
            signed(move.difference) + (" falls" if move.falls else ""),
            Text(", ".join(f"{one.title} {shown(one.before)} → {shown(one.after)}" for one in move.questions)),
            style="red" if move.falls else None,
        )
    return table


def shown(points: float) -> str:
    """Points with two decimals at most."""
    return f"{round(points, 2):.10g}"


def signed(points: float) -> str:
    return f"{round(points, 2):+.10g}".replace("-", "−") if abs(points) > CLOSE else "0"
