"""Everybody's grades, for any system: who is in the course, and what each submission earned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.course import Course
from autograder.errors import CourseError
from autograder.gradebook.results import Scores
from autograder.gradebook.roster import Person, read_roster
from autograder.gradebook.scores import scores_by_student
from autograder.questions import Question
from autograder.source import source_questions


@dataclass(frozen=True)
class Column:
    """One assignment: what it is called, its maximum, its questions in order."""

    name: str
    title: str
    maximum: float
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Grade:
    """What one student has for one assignment.

    Attributes:
        points: less the late penalty; None where nothing was handed in or graded.
        waiting: how many questions a person has yet to look at.
        state: "graded", "partly graded", "not graded yet" or "not handed in".
        late: what lateness cost, in words.
    """

    points: float | None
    state: str
    waiting: int = 0
    penalty: float = 0.0
    late: str = ""
    scores: Scores | None = None


@dataclass(frozen=True)
class Grades:
    """Students in order of their names, assignments in order, and a grade for each of both."""

    people: tuple[Person, ...]
    columns: tuple[Column, ...]
    of: Mapping[tuple[str, str], Grade]


def read_grades(course: Course, assignments: Sequence[str]) -> Grades:
    """Everybody on the roster or with a submission, for these assignments.

    Raises:
        CourseError: the gradebook knows none of these assignments.
    """
    roster = read_roster(course)
    columns, of = [], {}
    with_work: set[str] = set()
    for name in assignments:
        assignment = course.assignment(name)
        questions = source_questions(assignment)
        scores = scores_by_student(course, assignment, with_results=False)
        handed_in = {path.parent.name for path in course.submitted.glob(f"*/{name}") if path.is_dir()}
        maximum = sum(question.points for question in questions if not question.extra_credit)
        columns.append(Column(name, assignment.title, maximum, questions))
        with_work |= scores.keys() | handed_in
        for student in roster.keys() | scores.keys() | handed_in:
            of[student, name] = grade_of(scores.get(student), student in handed_in)
    if not any(grade.points is not None for grade in of.values()):
        raise CourseError("nothing is graded yet. Run  autograder grade " + (" ".join(assignments[:1]) or "NAME"))
    wanted = {student for student, person in roster.items() if person.listed} | with_work
    people = [roster.get(student) or Person(student, listed=False) for student in wanted]
    people.sort(key=lambda person: (person.last.casefold(), person.first.casefold(), person.id))
    return Grades(tuple(people), tuple(columns), of)


def grade_of(scores: Scores | None, handed_in: bool) -> Grade:
    """One student's grade for one assignment."""
    if scores is None:
        return Grade(None, "not graded yet" if handed_in else "not handed in")
    waiting = sum(cell.score is None for cell in scores.cells)
    return Grade(
        points=scores.total,
        state="partly graded" if waiting else "graded",
        waiting=waiting,
        penalty=scores.late_penalty,
        late=scores.late,
        scores=scores,
    )
