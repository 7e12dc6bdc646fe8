"""The work for a whole class: one task for each student."""

from pathlib import Path

from autograder.course import Course
from autograder.errors import CourseError
from autograder.gradebook.books import renew_penalties
from autograder.report.make import make_report
from autograder.report.model import Options, Scores
from autograder.report.read import read_graded
from autograder.report.scores import read_scores, students_with
from autograder.report.workers import Task


def report_tasks(
    course: Course, assignment: str, students: list[str] | None, folder: Path, options: Options
) -> list[Task]:
    """The tasks that write `folder`/<student>.pdf; each returns what could not be shown.

    Raises:
        CourseError: no such assignment, no such student, or nothing has been graded.
    """
    return [
        Task(student, one_report, (course, assignment, student, scores, name, folder / f"{student}.pdf", options))
        for student, scores, name in graded(course, assignment, students)
    ]


def feedback_tasks(course: Course, assignment: str, students: list[str] | None, options: Options) -> list[Task]:
    """The tasks that write feedback/<student>/<assignment>/; as `report_tasks`."""
    from autograder.report.feedback import one_feedback

    return [
        Task(student, one_feedback, (course, assignment, student, scores, name, options))
        for student, scores, name in graded(course, assignment, students)
    ]


def graded(course: Course, name: str, students: list[str] | None) -> list[tuple[str, Scores | None, str]]:
    """Student, scores and full name for each graded submission that is asked for."""
    assignment = course.assignment(name)
    there = students_with(course, name)
    if not there:
        raise CourseError(f"no graded {name} in {course.autograded}. Run  autograder grade {name}  first.")
    for student in students or ():
        if student not in there:
            raise CourseError(f"{student} has no graded {name}. Graded are: {', '.join(there[:20])}.")
    wanted = sorted(set(students)) if students else there
    renew_penalties(course, assignment)
    scores = read_scores(course, assignment, wanted)
    return [(student, *scores.get(student, (None, ""))) for student in wanted]


def one_report(
    course: Course, assignment: str, student: str, scores: Scores | None, name: str, pdf: Path, options: Options
) -> tuple[str, ...]:
    """Write one instructor's report; returns what could not be shown."""
    submission = read_graded(course, course.assignment(assignment), student, scores, name)
    return tuple(str(problem) for problem in make_report(submission, pdf, options).problems)
