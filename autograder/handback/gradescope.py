"""Graded submissions -> the results.json that Gradescope shows to students."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.errors import CourseError
from autograder.files import write_atomically
from autograder.gradebook.results import CellResult, Scores
from autograder.gradebook.scores import scores_by_student
from autograder.gradebook.store import Store
from autograder.questions import Question
from autograder.source import source_questions

VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")


def gradescope_results(scores: Scores, assignment: Assignment, visibility: str, notes: Iterable[str] = ()) -> dict:
    """One graded submission in Gradescope's format; extra credit comes on top, as points above a maximum of 0.

    Args:
        visibility: when students see it.
        notes: what else to tell the student, such as which of several notebooks was graded.
    """
    questions = {question.key: question for question in source_questions(assignment)}
    order = {key: i for i, key in enumerate(questions)}
    cells = sorted(scores.cells, key=lambda cell: order.get(cell.key, len(order)))
    numbers: dict[str, int] = {}
    tests = []
    for cell in cells:
        numbers[cell.notebook] = numbers.get(cell.notebook, 0) + 1
        which = 1 + assignment.notebooks.index(cell.notebook) if cell.notebook in assignment.notebooks else 0
        tests.append(
            {
                "name": name_of(cell, questions, assignment),
                "number": f"{which}.{numbers[cell.notebook]}",
                "visibility": visibility,
            }
            | outcome(cell)
        )
    return {
        "score": round(scores.total, 2),
        "visibility": visibility,
        "output_format": "text",
        "stdout_visibility": "hidden",
        "output": "\n".join(report(scores, notes)),
        "tests": tests,
    }


def name_of(cell: CellResult, questions: Mapping[tuple[str, str], Question], assignment: Assignment) -> str:
    """The question's title, with its notebook where there are several."""
    title = questions[cell.key].title if cell.key in questions else cell.cell
    return f"{cell.notebook}: {title}" if len(assignment.notebooks) > 1 else title


def report(scores: Scores, notes: Iterable[str]) -> list[str]:
    """What concerns the submission as a whole: lateness, what is still to be graded, notes, edits outside regions."""
    lines = []
    if scores.late_penalty:
        lines.append(f"late: −{scores.late_penalty:.2f} points{f' ({scores.late})' if scores.late else ''}")
    waiting = sum(cell.score is None for cell in scores.cells)
    if waiting:
        lines.append(f"{waiting} question{'s are' if waiting > 1 else ' is'} to be graded by hand")
    lines += notes
    if scores.result:
        lines += [note.text for note in scores.result.notes]
        lines += [
            f"{edit.place}, line {edit.line}: {edit.kind} outside the regions"
            for edit in scores.result.edits
            if not edit.is_own
        ]
    return lines


def outcome(cell: CellResult) -> dict:
    """What one question earned; without a score while a person has still to look. Partial credit has no status."""
    if cell.score is None:
        return {"output": "to be graded by hand"}
    result: dict = {
        "score": round(cell.score, 2),
        "max_score": cell.maximum,
        "output_format": "text",
        "output": "\n".join([*cell.lines, *filter(None, [cell.comment])]),
    }
    if cell.score >= cell.points:
        result["status"] = "passed"
    elif cell.score <= 0:
        result["status"] = "failed"
    return result


def check_visibility(visibility: str) -> None:
    """Raises CourseError for what Gradescope does not know."""
    if visibility not in VISIBILITIES:
        raise CourseError(f'gradescope: --visibility is "{visibility}", but there are {", ".join(VISIBILITIES)}.')


def write_gradescope(
    course: Course, assignment: Assignment, target: Path, visibility: str = "after_published"
) -> list[Path]:
    """Write `target`/<student>/results.json for every graded submission; returns the files.

    Where there is a report, outline.json beside it has the pages of each question, for a PDF assignment's outline.

    Raises:
        CourseError: nothing of this assignment has been graded, or the gradebook does not know a student.
    """
    check_visibility(visibility)
    name = assignment.name
    graded = set(Store(course, name).graded())
    if not graded:
        raise CourseError(f"no graded submission of {name} in {course.autograded}. Run  autograder grade {name}")
    written = []
    for student, scores in scores_by_student(course, assignment).items():
        if student in graded:
            file = target / student / "results.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, json.dumps(gradescope_results(scores, assignment, visibility), indent=1) + "\n")
            written.append(file)
            if outline := page_outline(course.root / "reports" / name / f"{student}.pages.json"):
                write_atomically(target / student / "outline.json", json.dumps(outline, indent=1) + "\n")
    if unknown := sorted(graded - {file.parent.name for file in written}):
        raise CourseError(
            f"{len(written)} results written to {target}; the gradebook does not know: {', '.join(unknown)}. "
            f"Run  autograder grade {name}"
        )
    return written


def page_outline(pages: Path) -> dict | None:
    """The outline in a report's page map; None where there is no report."""
    try:
        return json.loads(pages.read_text("utf-8"))["outline"]
    except (OSError, ValueError, KeyError):
        return None
