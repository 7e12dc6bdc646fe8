"""The work for a whole class: one task for each student."""

from pathlib import Path

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.errors import CourseError
from autograder.gradebook.results import Scores
from autograder.gradebook.scores import scores_by_student
from autograder.gradebook.store import Store
from autograder.report.model import Options
from autograder.report.workers import Later, Task

ONE_REPORT = Later("autograder.report.make", "one_report")
ONE_FEEDBACK = Later("autograder.report.feedback", "one_feedback")


def report_tasks(
    course: Course, assignment: str, students: list[str] | None, folder: Path, options: Options
) -> list[Task]:
    """The tasks that write `folder`/<student>.pdf; each returns what could not be shown.

    Raises:
        CourseError: no such assignment, no such student, or nothing has been graded.
    """
    known, there = graded(course, assignment, students)
    return [
        Task(student, ONE_REPORT, (course, known, student, scores, folder / f"{student}.pdf", options))
        for student, scores in there
    ]


def feedback_tasks(course: Course, assignment: str, students: list[str] | None, options: Options) -> list[Task]:
    """The tasks that write feedback/<student>/<assignment>/; as `report_tasks`."""
    known, there = graded(course, assignment, students)
    return [Task(student, ONE_FEEDBACK, (course, known, student, scores, options)) for student, scores in there]


def graded(course: Course, name: str, students: list[str] | None) -> tuple[Assignment, list[tuple[str, Scores | None]]]:
    """The assignment; student and scores for each graded submission that is asked for."""
    assignment = course.assignment(name)
    there = Store(course, name).graded()
    if not there:
        raise CourseError(f"no graded {name} in {course.autograded}. Run  autograder grade {name}  first.")
    for student in students or ():
        if student not in there:
            raise CourseError(f"{student} has no graded {name}. Graded are: {', '.join(there[:20])}.")
    scores = scores_by_student(course, assignment, students)
    wanted = sorted(set(students)) if students else there
    return assignment, [(student, scores.get(student)) for student in wanted]
