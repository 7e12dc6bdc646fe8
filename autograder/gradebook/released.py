"""What the gradebook knows of an assignment since its release, and of whom it has submissions."""

from collections import defaultdict
from collections.abc import Mapping

from autograder.errors import CourseError
from autograder.gradebook.tables import Tables


def check_released(tables: Tables, assignment: str, points: Mapping[str, Mapping[str, float]]) -> None:
    """Raises CourseError where the gradebook does not know the assignment as the source has it.

    Args:
        points: notebook -> cell id -> the points that it adds to the maximum, of all questions.
    """
    again = f"Release it (again) first:  autograder release {assignment}"
    named = {"assignment": assignment}
    if not tables.rows("SELECT id FROM assignment WHERE name = :assignment", named):
        raise CourseError(f"the gradebook does not know {assignment}. {again}")
    of_assignment = "JOIN assignment ON assignment.id = notebook.assignment_id WHERE assignment.name = :assignment"
    notebooks = {name for (name,) in tables.rows(f"SELECT notebook.name FROM notebook {of_assignment}", named)}
    recorded: dict[str, dict[str, float]] = defaultdict(dict)
    for kind in ("grade_cells", "task_cells"):
        for notebook, cell, most in tables.rows(
            f"""SELECT notebook.name, base_cell.name, max_score
                FROM base_cell JOIN {kind} ON {kind}.id = base_cell.id
                JOIN notebook ON notebook.id = base_cell.notebook_id {of_assignment}""",
            named,
        ):
            recorded[notebook][cell] = most
    for notebook, wanted in points.items():
        if notebook not in notebooks:
            raise CourseError(f"the gradebook does not know {assignment}/{notebook}. {again}")
        if recorded[notebook] != wanted:
            changed = sorted(recorded[notebook].items() ^ wanted.items())[0][0]
            raise CourseError(f"{assignment}/{notebook}: the cell {changed} has changed since the release. {again}")


def students_in(tables: Tables, assignment: str) -> set[str]:
    """Those of whom the gradebook has a submission."""
    found = tables.rows(
        """SELECT student_id FROM submitted_assignment
           JOIN assignment ON assignment.id = submitted_assignment.assignment_id
           WHERE assignment.name = :assignment""",
        {"assignment": assignment},
    )
    return {student for (student,) in found}
