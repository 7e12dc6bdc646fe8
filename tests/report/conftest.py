"""A small graded course, made by hand, and the notebook with everything odd in it."""

import base64
import io
import json
import shutil
import sys
import warnings
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.course import Course, environment_bin_on_path
from autograder.gradebook.books import Books
from autograder.gradebook.results import Scores
from autograder.report.document import Document, assemble
from autograder.report.make import Made, make_report
from autograder.report.model import Options, ReportContent
from autograder.report.read import read_graded, read_own

sys.path.insert(0, str(Path(__file__).parent))  # for golden.py
ODD = Path(__file__).parents[1] / "fixtures" / "odd"

CONFIG = """
from pathlib import Path
c = get_config()
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "mini"
c.HTMLExporter.sanitize_html = True
"""
TOML = """
title = "Mini homework"
notebooks = ["mini"]
hand_in = ["best_net.npz"]
due = 2026-10-09T23:59:00+02:00
[extra_credit]
"mini:bonus-check" = 10
"""
BANNERS = "# ===== START YOUR CODE HERE =====\n{}\n# ====== END YOUR CODE HERE ======"
ANSWER = "<!-- ===== START YOUR ANSWER HERE ===== -->\n{}\n<!-- ====== END YOUR ANSWER HERE ====== -->"
LAYERS = '''def affine(x, w, b):
    """x w + b."""
    # ===== START YOUR CODE HERE =====
{}
    # ====== END YOUR CODE HERE ======
    return out
'''
VERDICT = "scores   sum of differences 3.38e-08   at most 1e-07   ok"
DIAGNOSIS = "dw differs at [3, 1]: yours 0.8132, a factor 5.00 too large everywhere. 5 is the batch size"
HIDDEN_VALUE = "0.123456789"


def nbgrader(id: str, grade: bool, solution: bool, points: float = 0) -> dict:
    data = {"grade": grade, "solution": solution, "locked": not solution, "task": False, "grade_id": id}
    return {"nbgrader": data | {"schema_version": 3} | ({"points": points} if grade else {})}


def code(id: str, source: str, outputs=(), count: int | None = None, metadata: dict | None = None):
    return new_code_cell(source, id=id, outputs=list(outputs), execution_count=count, metadata=metadata or {})


def picture(width: int = 60, height: int = 40) -> str:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (width, height), (30, 90, 160)).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def mini(answer: str, run: bool) -> nbformat.NotebookNode:
    """The mini notebook: released with `run=False`, else as grading leaves it."""

    numbers = iter(range(1, 99))

    def ran(id: str, source: str, *outputs, metadata: dict | None = None):
        return code(id, source, outputs if run else (), next(numbers) if run else None, metadata)

    def said(text: str):
        return new_output("stream", name="stdout", text=text + "\n")

    def unmet(text: str):
        return new_output("error", ename="Unmet", evalue=text, traceback=text.split("\n"))

    student = 'name = "Ada Lovelace"\nstudent_id = "ada"' if run else 'name = ""\nstudent_id = ""'
    work = "scores = 1" if run else "raise NotImplementedError"
    hidden = f"\n### BEGIN HIDDEN TESTS\nassert value == {HIDDEN_VALUE}\n### END HIDDEN TESTS" if run else ""
    plot = new_output("display_data", data={"image/png": picture()})
    told = [f"assert value == {HIDDEN_VALUE}"]
    failed = new_output("error", ename="AssertionError", evalue=HIDDEN_VALUE, traceback=told)
    question = "**Question.** Why?\n\n" + ANSWER.format(answer)
    cells = [
        new_markdown_cell("# Mini\n\nWhat is $x_1$?", id="intro"),
        ran("student", BANNERS.format(student), metadata=nbgrader("student", False, True)),
        ran("work", BANNERS.format(work), metadata=nbgrader("work", False, True)),
        ran(
            "scores-check",
            "# Check your scores (3 points)\nexpect.close(scores, 1)",
            said(VERDICT),
            metadata=nbgrader("scores-check", True, False, 3),
        ),
        ran(
            "gradient-check",
            "# Check the gradient (2 points)\nfrom nn.layers import affine\nexpect.same(affine(x, w, b)[0])",
            unmet(DIAGNOSIS),
            metadata=nbgrader("gradient-check", True, False, 2),
        ),
        ran(
            "hidden-check",
            "# Check the value (1 point)\nvalue = 2" + hidden,
            failed,
            metadata=nbgrader("hidden-check", True, False, 1),
        ),
        ran("plot", "plt.plot(x)", plot),
        new_markdown_cell(question, id="answer-why", metadata=nbgrader("answer-why", True, True, 4)),
        ran("bonus-check", "# Bonus\nexpect.close(1, 1)", said("ok"), metadata=nbgrader("bonus-check", True, False)),
    ]
    if run:
        extra = code("mine", "print('my own cell')", (), 8)
        extra.metadata["autograder"] = {"added": True}
        cells.append(extra)
    return new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "P"}}
    )


RESULT = {
    "assignment": "mini",
    "student": "ada",
    "seed": 1,
    "graded_at": "2026-10-10T10:00:00+00:00",
    "submission_sha256": "ab" * 32,
    "assignment_sha256": "cd" * 32,
    "notebooks": {
        "mini": {
            "cells": {
                "scores-check": {"points": 3, "credit": 1, "score": 3, "extra_credit": False, "lines": [VERDICT]},
                "gradient-check": {"points": 2, "credit": 0, "score": 0, "extra_credit": False, "lines": [DIAGNOSIS]},
                "hidden-check": {"points": 1, "credit": 0, "score": 0, "extra_credit": False, "lines": []},
                "bonus-check": {"points": 10, "credit": 1, "score": 10, "extra_credit": True, "lines": ["ok"]},
            },
            "stopped": None,
        }
    },
    "edits": [
        {
            "place": "mini.ipynb: scores-check",
            "kind": "changed",
            "line": 2,
            "before": "expect.close(scores, 1)",
            "after": "pass",
        },
        {"place": "nn/layers.py", "kind": "added", "line": 1, "before": "", "after": "import os"},
    ],
    "notes": [{"kind": "weights", "text": "best_net.npz was not handed in"}],
}


def write_submission(course: Course, student: str, answer: str) -> Path:
    """A graded submission of the mini homework; returns the folder of the graded one."""
    graded, handed_in = course.autograded / student / "mini", course.submitted / student / "mini"
    for folder in (graded, handed_in):
        (folder / "nn").mkdir(parents=True)
        (folder / "nn/layers.py").write_text(LAYERS.format("    out = x @ w + b"))
        (folder / "timestamp.txt").write_text("2026-10-10 21:14:00 UTC")
        nbformat.write(mini(answer, run=True), folder / "mini.ipynb")
    (graded / "result.json").write_text(json.dumps(RESULT | {"student": student}))
    return graded


def fill_gradebook(course: Course, students: dict[str, str]) -> None:
    from nbgrader.api import Gradebook

    environment_bin_on_path()
    with Gradebook(course.gradebook_url) as book:
        book.add_assignment("mini", duedate=datetime(2026, 10, 9, 21, 59))
        book.add_notebook("mini", "mini")
        for name, points in (("scores-check", 3), ("gradient-check", 2), ("hidden-check", 1), ("bonus-check", 0)):
            book.add_grade_cell(name, "mini", "mini", max_score=points, cell_type="code")
        book.add_grade_cell("answer-why", "mini", "mini", max_score=4, cell_type="markdown")
        for name in ("student", "work", "answer-why"):
            book.add_solution_cell(name, "mini", "mini")
        for name in ("student", "work", "scores-check", "gradient-check", "hidden-check", "bonus-check"):
            book.add_source_cell(name, "mini", "mini", cell_type="code", source="")
        for student, last in students.items():
            book.add_student(student, first_name="Ada", last_name=last)
            entry = book.add_submission("mini", student, timestamp=datetime(2026, 10, 10, 21, 14))
            entry.notebooks[0].late_submission_penalty = 1.5
            for grade in entry.notebooks[0].grades:
                grade.needs_manual_grade = False
                if grade.name == "scores-check":
                    grade.auto_score = 3
                elif grade.name == "bonus-check":
                    grade.auto_score, grade.extra_credit = 0, 10
                elif grade.name == "answer-why":
                    grade.manual_score, grade.needs_manual_grade = (2.5, False) if student == "ada" else (None, True)
                else:
                    grade.auto_score = 0
            for comment in entry.notebooks[0].comments:
                if comment.name == "answer-why":
                    comment.manual_comment = "Good, but $\\eta$ is **missing**."
            book.db.commit()


def make_course(root: Path) -> Course:
    """The course with two graded submissions of the mini homework, in this folder."""
    course = Course(root)
    (root / "nbgrader_config.py").write_text(CONFIG)
    for folder in (course.source / "mini", course.release_dir / "mini"):
        (folder / "nn").mkdir(parents=True)
        (folder / "assignment.toml").write_text(TOML)
        nbformat.write(mini("*Your answer here.*", run=False), folder / "mini.ipynb")
        (folder / "nn/layers.py").write_text(LAYERS.format('    raise NotImplementedError("affine")'))
    write_submission(course, "ada", "Because the rate $\\eta$ was **too small** by a factor 10.")
    write_submission(course, "zoe", "I do not know.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SQLAlchemy about nbgrader
        fill_gradebook(course, {"ada": "Lovelace", "zoe": "Zorn"})
    return course


def scores_in(course: Course) -> dict[str, Scores]:
    """Student -> scores, from the gradebook as it is."""
    with Books(course, course.assignment("mini")) as books:
        return {scores.student: scores for scores in books.scores()}


def mini_document(course: Course) -> tuple[Document, datetime]:
    """The instructor's report on ada, and its date."""
    assignment = course.assignment("mini")
    submission = read_graded(course, assignment, "ada", scores_in(course)["ada"])
    return assemble(submission, Options("report")), submission.when


def odd_submission() -> ReportContent:
    return read_own(ODD / "submission", ODD / "released")


def odd_document() -> Document:
    return assemble(odd_submission(), Options("own"))


@pytest.fixture(scope="session")
def graded_course(tmp_path_factory) -> Course:
    """A course with two graded submissions; read it, do not write to it."""
    return make_course(tmp_path_factory.mktemp("course"))


@pytest.fixture
def course_copy(graded_course, tmp_path) -> Course:
    """A copy of the graded course to write to."""
    shutil.copytree(graded_course.root, tmp_path / "course")
    return Course(tmp_path / "course")


@pytest.fixture(scope="session")
def odd() -> Document:
    """The document of the odd notebook; read it, do not change it."""
    return odd_document()


@pytest.fixture(scope="session")
def odd_pdf(tmp_path_factory) -> Made:
    """The odd notebook as a PDF."""
    return make_report(odd_submission(), tmp_path_factory.mktemp("odd") / "odd.pdf", Options("own"))


@pytest.fixture(scope="session")
def mini_report(graded_course, tmp_path_factory) -> Made:
    """The instructor's report on ada as a PDF."""
    assignment = graded_course.assignment("mini")
    submission = read_graded(graded_course, assignment, "ada", scores_in(graded_course)["ada"])
    return make_report(submission, tmp_path_factory.mktemp("mini") / "ada.pdf", Options("report"))
