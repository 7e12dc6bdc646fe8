"""What the demo shows at its end: scores of every question, and where to look next."""

import json
from collections.abc import Mapping, Sequence

from nbgrader.api import Gradebook
from rich.table import Table

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.demo.students import DemoStudent
from autograder.notebooks import read_notebook


def question_table(course: Course, assignment: Assignment, students: Sequence[DemoStudent]) -> Table:
    """Points of every question of every student, as nbgrader's gradebook has them, with totals."""
    shown = Table(title=f"{assignment.title}: points", title_justify="left")
    shown.add_column("question", overflow="fold")
    shown.add_column("of", justify="right")
    for student in students:
        shown.add_column(student.name, justify="right")
    with Gradebook(course.gradebook_url) as gradebook:
        scores = {student.id: scores_of(gradebook, assignment, student.id) for student in students}
        totals = {student.id: gradebook.find_submission(assignment.name, student.id) for student in students}
        asked = questions(assignment)
        for key, (most, by_hand) in asked.items():
            marks = [mark(scores[student.id].get(key), most, by_hand) for student in students]
            shown.add_row(":".join(key), f"+{most:g}" if key in assignment.extra_credit else f"{most:g}", *marks)
        shown.add_section()
        extra = {key for key in asked if key in assignment.extra_credit}
        checks = {key for key, (_, by_hand) in asked.items() if not by_hand} - extra
        for label, keys in (("all checks", checks), ("extra credit", extra)):
            if keys:
                reached = [f"{sum(scores[student.id].get(key) or 0 for key in keys):g}" for student in students]
                shown.add_row(label, f"{sum(asked[key][0] for key in keys):g}", *reached)
        reached = [f"{totals[student.id].score:g}" for student in students]
        shown.add_row("total so far", f"{next(iter(totals.values())).max_score:g}", *reached, style="bold")
    return shown


def questions(assignment: Assignment) -> Mapping[tuple[str, str], tuple[float, bool]]:
    """(notebook, cell) -> its points, and whether they are given by hand; in the order of the notebooks."""
    found = {}
    for name in assignment.notebooks:
        for cell in read_notebook(assignment.folder / f"{name}.ipynb").cells:
            marks = cell.metadata.get("nbgrader", {})
            if marks.get("grade"):
                points = assignment.extra_credit.get((name, cell.id), float(marks["points"]))
                found[name, cell.id] = points, bool(marks.get("solution"))
    return found


def scores_of(gradebook: Gradebook, assignment: Assignment, student: str) -> dict[tuple[str, str], float | None]:
    """(notebook, cell) -> score, extra credit included; None where a person has still to look."""
    found = {}
    for notebook in gradebook.find_submission(assignment.name, student).notebooks:
        for grade in notebook.grades:
            found[notebook.name, grade.name] = None if grade.needs_manual_grade else grade.score
    return found


def mark(score: float | None, most: float, by_hand: bool) -> str:
    """A score as the table shows it."""
    if score is None:
        return "[dim]by hand[/]"
    colour = "green" if score >= most else "dim" if by_hand else "red" if score <= 0 else "yellow"
    return f"[{colour}]{score:g}[/]"


def diagnoses(course: Course, assignment: Assignment, student: DemoStudent) -> dict[str, list[str]]:
    """What grading told a student about each check that did not earn everything."""
    path = course.autograded / student.id / assignment.name / "result.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    return {
        f"{name}:{cell}": grade["lines"]
        for name, notebook in result["notebooks"].items()
        for cell, grade in notebook["cells"].items()
        if grade["credit"] < 1 and not grade["extra_credit"]
    }
