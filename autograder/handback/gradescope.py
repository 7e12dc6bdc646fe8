"""Graded submissions -> the results.json that Gradescope shows to students."""

import json
from pathlib import Path

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.errors import CourseError
from autograder.files import write_atomically
from autograder.gradebook.books import scores_by_student
from autograder.gradebook.results import CellResult, Scores
from autograder.gradebook.store import Store

VISIBLE = "after_published"


def gradescope_results(scores: Scores) -> dict:
    """One graded submission in Gradescope's format; extra credit comes on top, as points above a maximum of 0."""
    tests = [
        {"name": f"{cell.notebook}: {cell.cell}", "number": str(number), "visibility": VISIBLE} | outcome(cell)
        for number, cell in enumerate(scores.cells, 1)
    ]
    late = [f"late: −{scores.late_penalty:g} points"] if scores.late_penalty else []
    notes, edits = (scores.result.notes, scores.result.edits) if scores.result else ((), ())
    outside = [f"{edit.place}, line {edit.line}: {edit.kind} outside the regions" for edit in edits if not edit.is_own]
    return {
        "score": scores.total,
        "visibility": VISIBLE,
        "output": "\n".join([*late, *(note.text for note in notes), *outside]),
        "tests": tests,
    }


def outcome(cell: CellResult) -> dict:
    """What one question earned; without a score while a person has still to look."""
    if cell.score is None:
        return {"output": "to be graded by hand"}
    return {
        "score": cell.score,
        "max_score": cell.maximum,
        "status": "passed" if cell.score >= cell.points else "failed",
        "output": "\n".join([*cell.lines, *filter(None, [cell.comment])]),
    }


def write_gradescope(course: Course, assignment: Assignment, target: Path) -> list[Path]:
    """Write `target`/<student>/results.json for every graded submission; returns the files.

    Raises:
        CourseError: nothing of this assignment has been graded, or the gradebook does not know a student.
    """
    name = assignment.name
    graded = set(Store(course, name).graded())
    if not graded:
        raise CourseError(f"no graded submission of {name} in {course.autograded}. Run  autograder grade {name}")
    written = []
    for student, scores in scores_by_student(course, assignment).items():
        if student in graded:
            file = target / student / "results.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, json.dumps(gradescope_results(scores), indent=1) + "\n")
            written.append(file)
    if unknown := sorted(graded - {file.parent.name for file in written}):
        raise CourseError(
            f"{len(written)} results written to {target}; the gradebook does not know: {', '.join(unknown)}. "
            f"Run  autograder grade {name}"
        )
    return written
