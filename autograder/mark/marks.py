"""What a marker decided about an answer, what it is worth, and what a change moves. Pure: plain data in and out.

The history only grows. Each entry holds one decision about one answer and its number among those of the answer, the
version; the newest counts. A decision made upon an older version than the newest is a conflict, and is not written.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from autograder.mark.rubric import TAKE, QuestionRubric

MARKED = "marked"
UNDONE = "undone"
RUBRIC = "rubric changed"
ELSEWHERE = "changed elsewhere"
REQUEST = "asked by the student"
OTHER = "formgrader, or another program"
"""Who wrote into the gradebook what the marking room did not."""


@dataclass(frozen=True)
class Decision:
    """A decision about one answer.

    Attributes:
        items: ids of the rubric's items that it was given.
        more: points on top of what the items give; below 0 to take some off.
        comment: what the marker wrote besides.
        again: should somebody look at it again?
    """

    items: tuple[str, ...] = ()
    more: float = 0.0
    comment: str = ""
    again: bool = False


@dataclass(frozen=True)
class MarkEntry:
    """One line of the history.

    Attributes:
        number: in the order in which they were written, over all answers.
        at: ISO time in UTC.
        who: the marker.
        why: MARKED, UNDONE, RUBRIC, ELSEWHERE or REQUEST.
        step: the same for all that one decision wrote: a group's, a rubric's.
        version: 1 for the first entry of an answer, then one more each time.
        mark: None where the answer has no mark, or none any more.
        score, text: what the gradebook got.
        digest: of the answer that was marked.
        note: what the student asked, which step an undo took back, or why the rubric changed.
    """

    number: int
    at: str
    who: str
    why: str
    step: str
    notebook: str
    cell: str
    student: str
    version: int
    mark: Decision | None
    score: float | None
    text: str
    digest: str = ""
    note: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.notebook, self.cell, self.student


@dataclass(frozen=True)
class Conflict:
    """A decision that was not written, since somebody else had decided meanwhile."""

    student: str
    yours: Decision | None
    theirs: MarkEntry


@dataclass(frozen=True)
class Move:
    """An answer that a change of the rubric touches, with its score before and after."""

    student: str
    before: float
    after: float


def score_of(mark: Decision, rubric: QuestionRubric, points: float) -> float:
    """The points that a mark gives: never below 0, never above what the question is worth."""
    given = sum(item.points for item in rubric.item if item.id in mark.items)
    score = (points - given if rubric.start == TAKE else given) + mark.more
    return round(min(max(score, 0.0), max(points, 0.0)), 6)


def comment_of(mark: Decision, rubric: QuestionRubric) -> str:
    """What the student reads, in markdown: a line for each item, then the comment."""
    sign = -1 if rubric.start == TAKE else 1
    lines = [f"* {signed(sign * item.points)}: {item.text}" for item in rubric.item if item.id in mark.items]
    if mark.more and mark.items:
        lines.append(f"* {signed(mark.more)}: {'further points' if mark.more > 0 else 'further deductions'}")
    return "\n\n".join(part for part in ("\n".join(lines), mark.comment.strip()) if part)


def with_requests(text: str, asked: Sequence[str]) -> str:
    """A comment that answers what the student asked, in markdown; that stands below it."""
    notes = ["> You asked: " + note.replace("\n", "\n> ") for note in asked]
    return "\n\n".join(part for part in (text, *notes) if part)


def signed(points: float) -> str:
    return f"{points:+.10g}".replace("-", "−")


def as_given_elsewhere(score: float, comment: str, rubric: QuestionRubric, points: float) -> Decision:
    """The mark that stands for a score that another program wrote into the gradebook."""
    return Decision(more=round(score - (points if rubric.start == TAKE else 0.0), 6), comment=comment)


def known_only(mark: Decision, rubric: QuestionRubric) -> Decision:
    """The mark without items that the rubric no longer has."""
    known = {item.id for item in rubric.item}
    return replace(mark, items=tuple(one for one in mark.items if one in known))


def newest(entries: Iterable[MarkEntry]) -> dict[tuple[str, str, str], MarkEntry]:
    """(notebook, cell, student) -> the entry that counts."""
    found: dict[tuple[str, str, str], MarkEntry] = {}
    for entry in entries:
        if entry.key not in found or entry.version > found[entry.key].version:
            found[entry.key] = entry
    return found


def touched_by(
    before: QuestionRubric, after: QuestionRubric, current: Iterable[MarkEntry], points: float
) -> tuple[list[tuple[MarkEntry, Decision]], list[Move]]:
    """What a changed rubric changes: the answers whose score or comment it touches, and those whose score moves.

    Args:
        current: the entries that count, of one question.

    Returns:
        touched: each entry, with the mark that it has then.
        moves: those among them whose score is another, by student.
    """
    touched, moves = [], []
    for entry in current:
        if entry.mark is None:
            continue
        mark = known_only(entry.mark, after)
        old, new = score_of(entry.mark, before, points), score_of(mark, after, points)
        if old != new or mark != entry.mark or comment_of(entry.mark, before) != comment_of(mark, after):
            touched.append((entry, mark))
        if old != new:
            moves.append(Move(entry.student, old, new))
    return touched, sorted(moves, key=lambda move: move.student)


def last_step(history: Sequence[MarkEntry], who: str) -> list[MarkEntry]:
    """The entries of this marker's last decision that was not taken back yet; [] where there is none.

    Args:
        history: of one question, in order.
    """
    undone = {entry.note for entry in history if entry.why == UNDONE}
    for entry in reversed(history):
        if entry.who == who and entry.why == MARKED and entry.step not in undone:
            return [one for one in history if one.step == entry.step]
    return []


def before_step(history: Sequence[MarkEntry], step: Sequence[MarkEntry]) -> dict[str, Decision | None]:
    """Student -> the mark before a step, of those about whom nobody has decided since."""
    found: dict[str, Decision | None] = {}
    for undone in step:
        decisions: list[tuple[str, Decision | None]] = [("", None)]
        for entry in history:
            if entry.student != undone.student:
                continue
            if entry.why == UNDONE and decisions[-1][0] == entry.note:
                decisions.pop()
            elif entry.why in (MARKED, ELSEWHERE):
                decisions.append((entry.step, entry.mark))
        if decisions[-1][0] == undone.step:
            found[undone.student] = decisions[-2][1]
    return found


def comments_used(entries: Iterable[MarkEntry]) -> list[str]:
    """The comments that answers have, the most frequent first, to be offered while typing."""
    counts: dict[str, int] = {}
    for entry in entries:
        if entry.mark is not None and (text := entry.mark.comment.strip()):
            counts[text] = counts.get(text, 0) + 1
    return sorted(counts, key=lambda text: (-counts[text], text))


def shares(groups: Sequence[Sequence[str]], markers: Sequence[str]) -> Mapping[str, str]:
    """Student -> the marker who has the answer as a share: whole groups, as evenly as they go.

    Args:
        groups: the students of each group of like answers.
        markers: in order.
    """
    load = dict.fromkeys(markers or [""], 0)
    found: dict[str, str] = {}
    for group in sorted(groups, key=lambda members: (-len(members), *sorted(members)[:1])):
        marker = min(load, key=lambda name: load[name])
        load[marker] += len(group)
        found |= dict.fromkeys(group, marker)
    return found
