# ruff: noqa: E501
"""A course with answers to mark, as a class would have handed them in, without grading it: quick to make."""

import base64
import io
import random
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.course import Course
from autograder.files import write_atomically
from autograder.gradebook.books import Books
from autograder.gradebook.entries import entry_of
from autograder.gradebook.results import SubmissionResult
from autograder.gradebook.roster import Person, write_people
from autograder.gradebook.store import Store
from autograder.notebooks import format_notebook
from autograder.questions import is_question
from autograder.regions import find_regions
from autograder.source import read_source

BEGIN, END = "<!-- ===== START YOUR ANSWER HERE ===== -->", "<!-- ====== END YOUR ANSWER HERE ====== -->"
TOML = 'title = "Plateaus and gaps"\nnotebooks = ["net"]\ndue = 2026-10-09T12:00:00+00:00\n[late]\npenalty_percent_per_day = 10\n'

PLATEAU = f"""**Question 1 (5 points).** The loss curve stays near $\\ln 10$ for the first 200 steps. Why this value, and why does it
take so long to leave it?

{BEGIN}
All scores are nearly zero, so every class gets the probability 1/10 and the loss is $-\\ln(1/10) = \\ln 10$. Tiny weights make
tiny gradients, so the first steps are small.
{END}

### BEGIN MARK SCHEME
* 2 points: equal scores give every class 1/10, hence ln 10
* 2 points: small weights make small gradients
* 1 point: a remark on the learning rate
### END MARK SCHEME"""
GAP = f"""**Question 2 (3 points).** A net reaches 60 % on the training images and 48 % on the test images. Which of these can narrow
the gap: (a) more images, (b) more hidden units, (c) stronger regularisation?

{BEGIN}
(a) and (c): both make it harder to fit what is peculiar to the training images.
{END}

### BEGIN MARK SCHEME
1 point for naming exactly (a) and (c), 2 points for the reasons.
### END MARK SCHEME"""
CODE = """# Question 3 (2 points): write the mean without numpy
def mean(values):
    # ===== START YOUR ANSWER HERE =====
    return sum(values) / len(values)
    # ====== END YOUR ANSWER HERE ======"""

PLATEAUS = [
    "All scores are almost zero at the start, so each class has probability 1/10 and the loss is $\\ln 10$. The weights are tiny, so the gradients are tiny as well.",
    "Because $-\\ln(1/10) = \\ln 10 \\approx 2.303$: the softmax of equal scores is **1/10** for every class. Small weights give small gradients.",
    "The net guesses. With ten classes a guess has probability 1/10, which is a loss of 2.3. I would raise the learning rate.",
    "The learning rate is too small.",
    "The gradients explode, therefore the loss does not go down.",
    "Because the initial loss of a softmax with 10 classes is ln(10).",
    "It is random at the beginning, and then it learns.",
]
GAPS = [
    "(a) and (c), since both make it harder to memorise the training images.",
    "a and c. More data and more regularization reduce overfitting; more hidden units would make it worse.",
    "(a), (b) and (c) all help.",
    "Only (c), because it is overfitting.",
    "More images.",
]
MEANS = [
    "return sum(values) / len(values)",
    "total = 0\nfor value in values:\n    total += value\nreturn total / len(values)",
    "s = 0  # the sum\nfor v in values:\n    s += v\nreturn s/len(values)",
    "return sum(values) / 10",
]
FIRST = [
    "Ada",
    "Ben",
    "Cleo",
    "Dana",
    "Emil",
    "Fay",
    "Gus",
    "Hana",
    "Ivo",
    "Jana",
    "Karl",
    "Lea",
    "Max",
    "Nora",
    "Otto",
    "Pia",
    "Quentin",
    "Rosa",
    "Sven",
    "Tara",
]
LAST = ["Archer", "Brandt", "Costa", "Dvorak", "Eriksen", "Fischer", "Garcia", "Hansen", "Ito", "Jansen"]


def cells(course_factory, questions: int) -> NotebookNode:
    """The source notebook: a plot, then the questions; more of the first kind where more are wanted."""
    work, given, answer = course_factory.work, course_factory.given, course_factory.answer
    made = [
        given("setup", "import numpy as np\nimport matplotlib.pyplot as plt"),
        given("loss-plot", "plt.plot(losses)"),
        answer("question-plateau", 5, PLATEAU),
        answer("question-gap", 3, GAP),
        work("question-mean", CODE),
    ]
    made[-1].metadata.nbgrader |= {"grade": True, "points": 2}
    for number in range(4, questions + 1):
        made.append(answer(f"question-{number}", 5, PLATEAU.replace("Question 1", f"Question {number}")))
    return course_factory.notebook(*made)


def make_class(course_factory, root: Path, weights: bytes, students: int, questions: int = 3, late: int = 0) -> Course:
    """A released course with so many graded submissions; the last `late` of them came a day too late."""
    course = course_factory.make_course(
        root, weights, name="net", toml=TOML, library="", notebooks={"net": cells(course_factory, questions)}
    ).course
    people = [
        Person(f"s{n:03d}", FIRST[n % len(FIRST)], LAST[(n // len(FIRST) + n) % len(LAST)]) for n in range(students)
    ]
    write_people(course, people)
    chance = random.Random(1)
    submit(
        course, {one.id: answers_of(chance, questions) for one in people}, {one.id for one in people[students - late :]}
    )
    return course


def answers_of(chance: random.Random, questions: int) -> dict[str, str]:
    """What one student wrote: cell -> text."""

    def one(pool: list[str], varied: Callable[[str], str] = str) -> str:
        return "" if chance.random() < 0.08 else varied(chance.choices(pool, range(len(pool), 0, -1))[0])

    def varied(text: str) -> str:
        ways = [str, str, str.upper, lambda t: t.replace(". ", ".  ") + "\n", lambda t: t.replace("tiny", "very small")]
        ways += [lambda t: f"{t} I am {chance.randrange(50, 99)} % sure."]
        return chance.choice(ways)(text)

    found = {
        "question-plateau": one(PLATEAUS, varied),
        "question-gap": one(GAPS, varied),
        "question-mean": one(MEANS),
    }
    return found | {f"question-{n}": one(PLATEAUS, varied) for n in range(4, questions + 1)}


def submit(course: Course, answers: dict[str, dict[str, str]], late: set[str] = frozenset()) -> None:
    """Put graded submissions into autograded/ and the gradebook: student -> cell -> text."""
    assignment, store = course.assignment("net"), Store(course, "net")
    source = read_source(assignment, "net")
    entries = []
    for number, (student, texts) in enumerate(answers.items()):
        nb = with_answers(source, texts, picture(number))
        handed_in = datetime(2026, 10, 10 if student in late else 8)
        result = SubmissionResult("net", student, 1, "2026-10-10", "a" * 64, "b" * 64, (), {"net": None}, (), ())
        entries.append(entry_of(result, {"net": nb}, handed_in))
        folder = store.autograded(student)
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "net.ipynb", format_notebook(nb))
        write_atomically(folder / "result.json", result.to_json())
    with Books(course, assignment) as books:
        books.enter(entries)


def with_answers(source: NotebookNode, texts: dict[str, str], png: str) -> NotebookNode:
    """A graded notebook with these answers, and a plot."""
    nb = NotebookNode(source)
    nb.cells = []
    for cell in source.cells:
        cell = NotebookNode(cell)
        if cell.id == "loss-plot":
            cell.outputs = [new_output("display_data", data={"image/png": png})]
        if is_question(cell):
            lines = cell.source.split("### BEGIN MARK SCHEME")[0].rstrip().split("\n")
            [region] = find_regions("\n".join(lines))
            indent = "    " if cell.cell_type == "code" else ""
            lines[region.start + 1 : region.end] = [indent + line for line in texts.get(cell.id, "").split("\n")]
            cell.source = "\n".join(lines)
        nb.cells.append(cell)
    return nb


def picture(number: int) -> str:
    """A small plot: a curve that starts flat."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (320, 160), "white")
    points = [(x, 20 + max(0, x - 60 - number % 40) ** 0.9 / 2) for x in range(0, 320, 8)]
    ImageDraw.Draw(image).line(points, fill=(30, 90, 160), width=2)
    file = io.BytesIO()
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()
