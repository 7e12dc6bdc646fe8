"""Graded submissions -> the results.json that Gradescope shows to students."""

import json
from collections.abc import Iterator
from pathlib import Path

from autograder.course import Course
from autograder.errors import CourseError

VISIBLE = "after_published"


def gradescope_results(result: dict) -> dict:
    """One graded submission in Gradescope's format; extra credit comes on top, as points above a maximum of 0.

    Args:
        result: what grading wrote as result.json.
    """
    tests = [
        {
            "name": f"{notebook}: {cell}",
            "number": str(number),
            "score": grade["score"],
            "max_score": 0.0 if grade["extra_credit"] else grade["points"],
            "status": "passed" if grade["credit"] >= 1 else "failed",
            "output": "\n".join(grade["lines"]),
            "visibility": VISIBLE,
        }
        for number, (notebook, cell, grade) in enumerate(graded_cells(result), 1)
    ]
    notes = [f"{edit['place']}, line {edit['line']}: {edit['kind']} outside the regions" for edit in result["edits"]]
    return {
        "score": sum(test["score"] for test in tests),
        "visibility": VISIBLE,
        "output": "\n".join([note["text"] for note in result["notes"]] + notes),
        "tests": tests,
    }


def graded_cells(result: dict) -> Iterator[tuple[str, str, dict]]:
    """(notebook, cell, grade) in order."""
    for notebook, graded in result["notebooks"].items():
        for cell, grade in graded["cells"].items():
            yield notebook, cell, grade


def write_gradescope(course: Course, assignment: str, target: Path) -> list[Path]:
    """Write `target`/<student>/results.json for every graded submission; returns the files.

    Raises:
        CourseError: nothing of this assignment has been graded.
    """
    written = []
    for path in sorted(course.autograded.glob(f"*/{assignment}/result.json")):
        results = gradescope_results(json.loads(path.read_text(encoding="utf-8")))
        file = target / path.parent.parent.name / "results.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        written.append(file)
    if not written:
        raise CourseError(
            f"no graded submission of {assignment} in {course.autograded}. Run  autograder grade {assignment}"
        )
    return written
