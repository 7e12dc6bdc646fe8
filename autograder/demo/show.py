"""What the demo shows at its end: scores of every question, and where to look next."""

from collections.abc import Sequence

from rich.table import Table

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.demo.students import DemoStudent
from autograder.gradebook.scores import scores_by_student
from autograder.gradebook.store import Store
from autograder.questions import Question
from autograder.source import source_questions


def question_table(course: Course, assignment: Assignment, students: Sequence[DemoStudent]) -> Table:
    """Points of every question of every student, as nbgrader's gradebook has them, with totals."""
    shown = Table(title=f"{assignment.title}: points", title_justify="left")
    shown.add_column("question", overflow="fold")
    shown.add_column("of", justify="right")
    for student in students:
        shown.add_column(student.name, justify="right")
    standing = scores_by_student(course, assignment)
    scores = {student.id: {cell.key: cell.score for cell in standing[student.id].cells} for student in students}
    questions = source_questions(assignment)
    for question in questions:
        marks = [mark(scores[student.id].get(question.key), question) for student in students]
        extra = "+" if question.extra_credit else ""
        shown.add_row(":".join(question.key), f"{extra}{question.points:g}", *marks)
    shown.add_section()
    extras = [question for question in questions if question.extra_credit]
    checks = [question for question in questions if not question.by_hand and not question.extra_credit]
    for label, chosen in (("all checks", checks), ("extra credit", extras)):
        if chosen:
            reached = [f"{sum(scores[student.id].get(q.key) or 0 for q in chosen):g}" for student in students]
            shown.add_row(label, f"{sum(question.points for question in chosen):g}", *reached)
    reached = [f"{standing[student.id].score:g}" for student in students]
    shown.add_row("total so far", f"{next(iter(standing.values())).maximum:g}", *reached, style="bold")
    return shown


def mark(score: float | None, question: Question) -> str:
    """A score as the table shows it."""
    if score is None:
        return "[dim]by hand[/]"
    full = score >= question.points
    colour = "green" if full else "dim" if question.by_hand else "red" if score <= 0 else "yellow"
    return f"[{colour}]{score:g}[/]"


def diagnoses(course: Course, assignment: Assignment, student: DemoStudent) -> dict[str, list[str]]:
    """What grading told a student about each check that did not earn everything."""
    result = Store(course, assignment.name).result(student.id)
    assert result is not None
    return {
        ":".join(cell.key): list(cell.lines)
        for cell in result.cells
        if cell.credit is not None and cell.credit < 1 and not cell.extra_credit
    }
