"""A submission's scores: points and comments from nbgrader's gradebook, the diagnosis from the engine's result."""

import itertools
import re
from collections.abc import Mapping
from pathlib import Path

from autograder.assignment import Assignment
from autograder.course import Course, environment_bin_on_path
from autograder.report.model import Score, Scores
from autograder.report.read import RESULT, read_result

MAX_LINE = 220
OK = re.compile(r"\bok\s*$")


def students_with(course: Course, assignment: str) -> list[str]:
    """The students of whom there is a graded submission, sorted."""
    return sorted(path.parent.name for path in course.autograded.glob(f"*/{assignment}") if path.is_dir())


def read_scores(course: Course, assignment: Assignment, students: list[str]) -> dict[str, tuple[Scores, str]]:
    """For each of these students the scores and the name in the gradebook; those it does not know are left out."""
    from nbgrader.api import Gradebook, MissingEntry

    environment_bin_on_path()
    found: dict[str, tuple[Scores, str]] = {}
    with Gradebook(course.gradebook_url) as gradebook:
        for student in students:
            try:
                entry = gradebook.find_submission(assignment.name, student)
            except MissingEntry:
                continue
            lines = diagnosis(course.autograded / student / assignment.name / RESULT)
            person = " ".join(part for part in (entry.student.first_name, entry.student.last_name) if part)
            found[student] = (scores_of(entry, assignment, lines), person)
    return found


def scores_of(entry, assignment: Assignment, lines: Mapping[tuple[str, str], str]) -> Scores:
    """The scores of one entry of the gradebook, in the order of the notebooks and of their cells."""
    rows: list[Score] = []
    order = {name: i for i, name in enumerate(assignment.notebooks)}
    for notebook in sorted(entry.notebooks, key=lambda one: order.get(one.name, len(order))):
        comments = {comment.name: (comment.comment or "") for comment in notebook.comments}
        for grade in notebook.grades:
            key = (notebook.name, grade.name)
            extra = key in assignment.extra_credit
            pending = grade.needs_manual_grade and grade.manual_score is None
            earned = (grade.extra_credit or 0.0) if extra else grade.score
            rows.append(
                Score(
                    notebook=notebook.name,
                    cell=grade.name,
                    points=float(assignment.extra_credit[key] if extra else grade.max_score),
                    score=None if pending else float(earned),
                    extra_credit=extra,
                    line="to be graded by hand" if pending else lines.get(key, ""),
                    comment=comments.get(grade.name, ""),
                )
            )
    penalty = float(entry.late_submission_penalty or 0.0)
    return Scores(tuple(rows), penalty, max(float(entry.score) - penalty, 0.0), float(entry.max_score))


def diagnosis(path: Path) -> dict[tuple[str, str], str]:
    """(notebook, cell) -> the line of its verdict that says most, from result.json."""
    result = read_result(path) or {}
    found: dict[tuple[str, str], str] = {}
    for notebook, data in (result.get("notebooks") or {}).items():
        for cell, verdict in (data.get("cells") or {}).items():
            line = telling_line(verdict.get("lines") or [])
            if line:
                found[notebook, cell] = line
    return found


def telling_line(lines: list[str]) -> str:
    """What a verdict says about its first failure: what differs and, where it is known, why. Full marks need no line.

    Args:
        lines: one line for each expectation, ending in "ok" or not; below a failed one, or several with the same fault,
            indented, what is wrong and, indented deeper, what the cause may be.
    """
    failed = next((i for i, line in enumerate(lines) if not line.startswith(" ") and not OK.search(line)), None)
    if failed is None:
        return ""
    after = itertools.dropwhile(lambda line: not line.startswith(" "), lines[failed + 1 :])
    below = list(itertools.takewhile(lambda line: line.startswith(" "), after))
    said = [below[0].split(";")[0].rstrip(".") + "."] if below else [lines[failed]]
    said += [line for line in below[1:] if line.startswith("    ")][:1]
    text = " ".join(" ".join(said).split())
    return text if len(text) <= MAX_LINE else text[: MAX_LINE - 1] + "…"
