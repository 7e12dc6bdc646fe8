"""The work for a whole class: one task for each student."""

from pathlib import Path

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.errors import CourseError
from autograder.report.fonts import font_book
from autograder.report.make import make_report
from autograder.report.model import Options, Scores
from autograder.report.read import read_graded
from autograder.report.scores import read_scores, students_with
from autograder.report.workers import Task

FEEDBACK = "feedback.pdf"


def report_tasks(
    course: Course, assignment: str, students: list[str] | None, folder: Path, options: Options
) -> list[Task]:
    """The tasks that write `folder`/<student>.pdf; each returns what could not be shown.

    Raises:
        CourseError: no such assignment, no such student, or nothing has been graded.
    """
    return [
        Task(student, one_report, (course, loaded, student, scores, name, folder / f"{student}.pdf", options))
        for loaded, student, scores, name in graded(course, assignment, students)
    ]


def feedback_tasks(course: Course, assignment: str, students: list[str] | None, options: Options) -> list[Task]:
    """The tasks that write feedback/<student>/<assignment>/; as `report_tasks`."""
    import autograder.report.feedback  # noqa: F401 (imported once, here, for all the processes to come)

    return [
        Task(student, one_feedback, (course, loaded, student, scores, name, options))
        for loaded, student, scores, name in graded(course, assignment, students)
    ]


def graded(
    course: Course, name: str, students: list[str] | None
) -> list[tuple[Assignment, str, Scores | None, str]]:
    """The assignment, student, scores and full name of each graded submission that is asked for."""
    assignment = course.assignment(name)
    there = students_with(course, name)
    if not there:
        raise CourseError(f"no graded submission of {name} in {course.autograded}. Run  autograder grade {name}  first.")
    for student in students or ():
        if student not in there:
            raise CourseError(f"{student} has no graded {name}. Graded are: {', '.join(there[:20])}.")
    wanted = sorted(set(students)) if students else there
    scores = read_scores(course, assignment, wanted)
    font_book()
    return [(assignment, student, *scores.get(student, (None, ""))) for student in wanted]


def one_report(
    course: Course, assignment: Assignment, student: str, scores: Scores | None, name: str, pdf: Path, options: Options
) -> tuple[str, ...]:
    """Write one instructor's report; returns what could not be shown."""
    made = make_report(read_graded(course, assignment, student, scores, name), pdf, options)
    return tuple(str(problem) for problem in made.problems)


def one_feedback(
    course: Course, assignment: Assignment, student: str, scores: Scores | None, name: str, options: Options
) -> tuple[str, ...]:
    """Write one student's feedback, pages and PDF; returns what the PDF could not show."""
    from autograder.report.feedback import write_feedback

    write_feedback(course, assignment, student)
    folder = course.feedback / student / assignment.name
    made = make_report(read_graded(course, assignment, student, scores, name), folder / FEEDBACK, options)
    return tuple(str(problem) for problem in made.problems)
