"""Graded submissions -> the results.json that Gradescope shows to students."""

import json
from pathlib import Path

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.errors import CourseError
from autograder.gradebook.books import renew_penalties
from autograder.report.model import Score, Scores
from autograder.report.scores import read_scores

VISIBLE = "after_published"


def gradescope_results(scores: Scores, result: dict) -> dict:
    """One graded submission in Gradescope's format; extra credit comes on top, as points above a maximum of 0.

    Args:
        scores: what the gradebook says, points given by hand and late penalty included.
        result: what grading wrote as result.json.
    """
    tests = [
        {"name": f"{row.notebook}: {row.cell}", "number": str(number), "visibility": VISIBLE} | outcome(row, result)
        for number, row in enumerate(scores.rows, 1)
    ]
    edits = [f"{edit['place']}, line {edit['line']}: {edit['kind']} outside the regions" for edit in result["edits"]]
    late = [f"late: −{scores.late_penalty:g} points"] if scores.late_penalty else []
    return {
        "score": scores.total,
        "visibility": VISIBLE,
        "output": "\n".join([*late, *(note["text"] for note in result["notes"]), *edits]),
        "tests": tests,
    }


def outcome(row: Score, result: dict) -> dict:
    """What one question earned; without a score while a person has still to look."""
    if row.score is None:
        return {"output": "to be graded by hand"}
    graded = result["notebooks"].get(row.notebook, {"cells": {}})["cells"].get(row.cell)
    said = [*(graded["lines"] if graded else ()), *filter(None, [row.comment])]
    return {
        "score": row.score,
        "max_score": 0.0 if row.extra_credit else row.points,
        "status": "passed" if row.score >= row.points else "failed",
        "output": "\n".join(said),
    }


def write_gradescope(course: Course, assignment: Assignment, target: Path) -> list[Path]:
    """Write `target`/<student>/results.json for every graded submission; returns the files.

    Raises:
        CourseError: nothing of this assignment has been graded, or the gradebook does not know a student.
    """
    name = assignment.name
    paths = {path.parent.parent.name: path for path in sorted(course.autograded.glob(f"*/{name}/result.json"))}
    if not paths:
        raise CourseError(f"no graded submission of {name} in {course.autograded}. Run  autograder grade {name}")
    renew_penalties(course, assignment)
    written = []
    for student, (scores, _) in read_scores(course, assignment, list(paths)).items():
        results = gradescope_results(scores, json.loads(paths[student].read_text(encoding="utf-8")))
        file = target / student / "results.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        written.append(file)
    if unknown := sorted(paths.keys() - {file.parent.name for file in written}):
        raise CourseError(
            f"{len(written)} results written to {target}; the gradebook does not know: {', '.join(unknown)}. "
            f"Run  autograder grade {name}"
        )
    return written
