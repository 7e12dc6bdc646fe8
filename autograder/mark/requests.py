"""Students' regrade requests: found in what they submitted, or in a CSV file, and put beside their answers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from autograder.course import Course
from autograder.csv_files import read_table
from autograder.errors import CourseError
from autograder.gradebook.store import Store
from autograder.intake.keep import attempts_of
from autograder.mark.answers import graded_cells, graded_name
from autograder.mark.room import Room
from autograder.prose import harmless_markdown
from autograder.questions import Question
from autograder.regrade import requests_of
from autograder.source import source_questions

COLUMNS = ("student_id", "question", "note")
NEW, OPEN, ANSWERED, CHECK = "new", "open", "answered", "about a check"
ORDER = (NEW, OPEN, CHECK, ANSWERED)


@dataclass(frozen=True)
class Request:
    """What a student asks about a question, in markdown that does nothing in a browser."""

    student: str
    question: Question
    note: str


def take_requests(course: Course, name: str, requests: Iterable[Request]) -> list[tuple[Request, str]]:
    """Put the requests beside their answers, those that are there already not again; says how each stands.

    A check has no place in the marking room: requests about one are only told.

    Raises:
        CourseError: a request is about an answer that is not graded; those before it are written.
    """
    told = []
    with Room(course, name) as room:
        for one in dict.fromkeys(requests):
            if one.question.key not in room.questions:
                told.append((one, CHECK))
            elif room.request(one.question.key, one.student, one.note):
                told.append((one, NEW))
            else:
                told.append((one, OPEN if room.is_open(one.question.key, one.student, one.note) else ANSWERED))
    return sorted(told, key=lambda each: (ORDER.index(each[1]), each[0].student))


def submitted_requests(course: Course, name: str) -> Iterator[Request]:
    """The requests in what was collected: of each graded student's submission, and of the attempts beside it."""
    assignment, store = course.assignment(name), Store(course, name)
    questions = {question.key: question for question in source_questions(assignment)}
    for student in store.graded():
        for folder in (store.submitted(student), *attempts_of(store, student)):
            for notebook in assignment.notebooks:
                for cell, note in requests_in_file(folder / f"{notebook}.ipynb", notebook, questions):
                    yield Request(student, questions[notebook, cell], harmless_markdown(note))


def requests_in_file(path: Path, notebook: str, questions: Mapping[tuple[str, str], Question]) -> list[tuple[str, str]]:
    """(cell, request) of each in a notebook's file; [] where there is none, or it cannot be read."""
    cells = graded_cells(path)
    named = {at: name for at, cell in enumerate(cells) if (notebook, name := graded_name(cell)) in questions}
    return requests_of(cells, named)


def requests_in_csv(course: Course, name: str, path: Path) -> list[Request]:
    """The requests in a CSV file with the columns student_id, question and note.

    Raises:
        CourseError: a column is missing, or a row names no question or nobody's answer.
    """
    table = read_table(path)
    places = [table.column(column) for column in COLUMNS]
    if None in places:
        raise CourseError(f"{path}: there is no column {COLUMNS[places.index(None)]}. It needs {', '.join(COLUMNS)}.")
    rows = [[row[at].strip() for at in places if at is not None] for row in table.rows]
    questions = source_questions(course.assignment(name))
    by_title = {question.title.casefold(): question for question in questions}
    by_cell = {cell: question for question in questions for cell in (question.cell, ":".join(question.key))}
    graded = set(Store(course, name).graded())
    found = []
    for number, (student, called, note) in enumerate(rows, start=2):
        question = by_cell.get(called) or by_title.get(called.casefold())
        if question is None or student not in graded:
            known = ", ".join(question.title for question in questions)
            raise CourseError(
                f'{path}, line {number}: no graded answer of "{student}" to "{called}". The questions are: {known}.'
            )
        found.append(Request(student, question, harmless_markdown(note)))
    return found


def requests_table(told: Iterable[tuple[Request, str]]) -> Table:
    """One row a request; it fits into 80 columns."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column, width in (("student", 16), ("question", 20), ("", 13)):
        table.add_column(column, overflow="fold", max_width=width)
    table.add_column("asks", overflow="fold")
    for one, state in told:
        style = "dim" if state == ANSWERED else None
        table.add_row(Text(one.student), Text(one.question.title), Text(state), Text(one.note), style=style)
    return table
