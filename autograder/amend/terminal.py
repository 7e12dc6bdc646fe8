"""`autograder grade --changed`: who moves by how much, and then, if that is wished, the new scores."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from autograder.amend.again import Amended, grade_again, standing
from autograder.amend.moves import Key, TotalMove, moves_of, moves_table
from autograder.course import Course
from autograder.errors import CourseError
from autograder.grade.prepare.pristine import load_pristine
from autograder.grade.run.bar import Bar
from autograder.grade.run.engine import BATCH
from autograder.grade.run.start import Start
from autograder.gradebook.books import Books
from autograder.gradebook.released import check_released
from autograder.gradebook.results import CLOSE
from autograder.gradebook.store import Store, new_run
from autograder.mark.books import has_marks
from autograder.mark.room import Room
from autograder.source import source_questions
from autograder.terminal import terminal
from autograder.words import counted

BY = "autograder grade --changed"
NAMED = 8
PARTS = 6

Ask = Callable[[], bool | None]
"""Asks whether to write; None where nobody can be asked."""


def amend_and_show(
    start: Start,
    wanted: Sequence[str] = (),
    reason: str = "",
    never_lower: bool = False,
    ask: Ask = lambda: None,
    console: Console | None = None,
) -> bool:
    """Show what a changed assignment or rubric does to scores, and write it if that is wished.

    Args:
        never_lower: a question keeps its points where it would give fewer.
        ask: called once the table is shown.

    Returns:
        was there nothing to write, or was it written?

    Raises:
        CourseError: nothing is graded, an answer key cannot be made, or a submission could not be graded.
    """
    console = console or terminal()
    store = start.store
    course, assignment = store.course, store.course.assignment(store.assignment)
    with Books(course, assignment) as books, open_room(course, store) as room:
        pristine = load_pristine(course, assignment)
        check_released(books.tables, assignment.name, pristine.points)
        books.renew_penalties()
        plan = standing(store, pristine, wanted)
        shutil.rmtree(store.unfinished, ignore_errors=True)
        try:
            bar = Bar(console, len(plan.todo))
            with bar.progress:
                amended = list(grade_again(start, pristine, plan.todo, never_lower, bar))
            changes = checks_changed(amended, books, room)
            marks = marks_changed(room, wanted, never_lower) if room else {}
            for key, scores in marks.items():
                for student, score in scores.items():
                    changes.setdefault(student, {})[key] = score
            titles = {question.key: question.title for question in source_questions(assignment)}
            moves = moves_of(books.scores(with_results=False), changes, titles, assignment.late)
            summary(console, amended, moves, plan.newer, assignment.name)
            if bar.failures:
                lines = [f"{student} has no verdict: {why}" for student, why in sorted(bar.failures.items())]
                raise CourseError("\n".join([*lines, "Nothing was written. Run the same command again."]))
            if not amended and not any(marks.values()):
                console.print("Nothing has changed since grading.")
                return True
            if not (wished := ask()):
                again = " Add --yes to write these scores." if wished is None else ""
                console.print(f"Nothing was written.{again}")
                return False
            write(store, books, room, amended, marks, moves, reason)
        finally:
            shutil.rmtree(store.unfinished, ignore_errors=True)
        books.renew_penalties()
    console.print(f"Written: {counted(len(moves), 'score')} changed. What was is in {store.work / 'grade.jsonl'}.")
    return True


@contextmanager
def open_room(course: Course, store: Store) -> Iterator[Room | None]:
    """The marking room, where anybody has marked this assignment in it."""
    if has_marks(course):
        with Room(course, store.assignment) as room:
            yield room
    else:
        yield None


def checks_changed(amended: Sequence[Amended], books: Books, room: Room | None) -> dict[str, dict[Key, float]]:
    """Student -> check -> its score now, of those whose score by machine is another and counts."""
    found: dict[str, dict[Key, float]] = {}
    for one in amended:
        before = {cell.key: cell.score or 0.0 for cell in one.before.cells}
        for cell in one.now.cells:
            if abs((cell.score or 0.0) - before.get(cell.key, 0.0)) > CLOSE:
                found.setdefault(one.student, {})[cell.key] = cell.score or 0.0
    by_hand = books.given_by_hand({key for scores in found.values() for key in scores})
    return {
        student: {key: score for key, score in scores.items() if (student, *key) not in by_hand}
        for student, scores in found.items()
    }


def marks_changed(room: Room, wanted: Sequence[str], never_lower: bool) -> dict[Key, dict[str, float]]:
    """Question -> student -> the score that the rubric, or the question's points, give the mark now."""
    found: dict[Key, dict[str, float]] = {}
    for key in room.questions:
        for entry, score in room.renewed_scores(key):
            falls = score < (entry.score or 0.0) - CLOSE
            if not (wanted and entry.student not in wanted) and not (never_lower and falls):
                found.setdefault(key, {})[entry.student] = score
    return found


def summary(
    console: Console, amended: Sequence[Amended], moves: Sequence[TotalMove], newer: Sequence[str], name: str
) -> None:
    """What was done to find out, who moves, and who falls."""
    if moves:
        console.print(moves_table(moves))
    ran = [one for one in amended if one.ran]
    if amended:
        kept, all_of_them = len(amended) - len(ran), counted(len(amended), "submission")
        console.print(f"{kept} of {all_of_them} judged again from kept evidence; {len(ran)} ran again.")
    for part, count in Counter(part for one in ran for part in one.ran).most_common(PARTS):
        console.print(f"  {count} had to run: {part} changed", markup=False)
    if amended and not moves:
        console.print("No score moves.")
    if falling := [move.student for move in moves if move.falls]:
        console.print(f"{counted(len(falling), 'score falls', 'scores fall')}: {', '.join(falling)}", style="red")
    if newer:
        more = f" and {len(newer) - NAMED} more" if len(newer) > NAMED else ""
        who = f"Submitted since, or not graded yet: {', '.join(newer[:NAMED])}{more}."
        console.print(f"{who} For these:  autograder grade {name}", style="yellow", markup=False)


def write(
    store: Store,
    books: Books,
    room: Room | None,
    amended: Sequence[Amended],
    marks: Mapping[Key, Mapping[str, float]],
    moves: Sequence[TotalMove],
    reason: str,
) -> None:
    """Put results in their place, and their scores and marks in the gradebook; log what was."""
    run = new_run()
    by_student = {move.student: move for move in moves}

    def about(student: str) -> dict[str, Any]:
        move = by_student.get(student)
        questions = {":".join(one.key): [one.before, one.after] for one in move.questions} if move else {}
        totals = {"total_before": move.before, "total": move.after} if move else {}
        return {"run": run, "reason": reason, **totals, "questions": questions}

    if room:
        room.keep_in_step()
    for batch in (amended[at : at + BATCH] for at in range(0, len(amended), BATCH)):
        books.enter([one.entry for one in batch])
        for one in batch:
            store.place(one.student, one.staged)
            more = {"ran": list(one.ran), **about(one.student)}
            store.add_to_log(store.grading_line(one.student, one.before, one.now, BY, more))
    if not room:
        return
    room.keep_in_step()
    for key, scores in marks.items():
        room.renew(key, BY, list(scores), reason)
    graded = {one.student for one in amended}
    for student in sorted({student for scores in marks.values() for student in scores} - graded):
        store.log_rubric(student, BY, about(student))
