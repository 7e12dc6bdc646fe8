"""Model answers and marking schemes: below each answer for those who mark, nowhere for students."""

import json
import shutil
from pathlib import Path

import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell
from pypdf import PdfReader

from autograder.assignment import load_assignment
from autograder.course import Course, nbgrader_config
from autograder.grade.prepare.schemes import scheme_of
from autograder.gradebook.scores import scores_by_student
from autograder.notebooks import read_notebook, write_notebook
from autograder.release.generate import release
from autograder.report.document import assemble
from autograder.report.feedback import one_feedback
from autograder.report.model import Options
from autograder.report.read import read_graded
from autograder.student.check import check_folder
from autograder.student.laid import lay_folder
from autograder.student.show import shown_check

MODEL, SCHEME = "The secret model answer.", "2 points for the secret reason."
START, END = (f"<!-- ===== {which} YOUR ANSWER HERE ===== -->" for which in ("START", "END"))
WHY = f"Why?\n\n{START}\n{MODEL}\n{END}\n\n### BEGIN MARK SCHEME\n{SCHEME}\n### END MARK SCHEME"


@pytest.fixture(scope="module")
def graded(released, grading, tmp_path_factory):
    """A course with a marking scheme and one graded submission."""
    root = Path(shutil.copytree(released.course.root, tmp_path_factory.mktemp("schemes") / "course"))
    tiny = type(released)(Course(root), weights=released.weights)
    path = tiny.source / "first.ipynb"
    nb = read_notebook(path)
    next(cell for cell in nb.cells if cell.id == "why").source = WHY
    write_notebook(nb, path)
    release(tiny.course, ["tiny"])
    tiny.hand_in("ada", cells={"first:why": f"Why?\n\n{START}\nI do not know.\n{END}"})
    grading(tiny)
    return tiny


def secrets_in(text: str) -> list[str]:
    return [secret for secret in (MODEL, SCHEME, "MARK SCHEME") if secret in text]


def test_those_who_mark_see_them_below_the_answer(graded):
    """Are model answer and scheme in autograded/, right below the student's answer, in the report and in formgrader?"""
    path = graded.course.autograded / "ada" / "tiny" / "first.ipynb"
    nb = read_notebook(path)
    at = next(index for index, cell in enumerate(nb.cells) if cell.id == "why")
    assert "I do not know." in nb.cells[at].source
    assert secrets_in(nb.cells[at].source) == []
    assert secrets_in(nb.cells[at + 1].source) == [MODEL, SCHEME, "MARK SCHEME"]
    assignment = graded.course.assignment("tiny")
    scores = scores_by_student(graded.course, assignment)["ada"]
    report = json.dumps(assemble(read_graded(graded.course, assignment, "ada", scores), Options("report")).data)
    assert all(secret in report for secret in ("secret model answer", "secret reason", "not shown to students"))
    page, _ = HTMLExporter(config=nbgrader_config(graded.course)).from_filename(str(path))
    assert "secret model answer" in page
    assert "secret reason" in page


def test_students_see_them_nowhere(graded, tmp_path):
    """Is nothing of them in the release, in the feedback pages, in the feedback PDF, or in what check says?"""
    handed_out = graded.course.release_dir / "tiny"
    for path in handed_out.rglob("*"):
        if path.is_file():
            assert secrets_in(path.read_text("utf-8", "replace")) == []
    scores = scores_by_student(graded.course, graded.course.assignment("tiny"))["ada"]
    one_feedback(graded.course, graded.course.assignment("tiny"), "ada", scores, Options("feedback"))
    feedback = graded.course.feedback / "ada" / "tiny"
    page = (feedback / "first.html").read_text()
    assert "I do not know." in page
    assert secrets_in(page) == []
    pdf = " ".join("".join(p.extract_text() for p in PdfReader(feedback / "feedback.pdf").pages).split())
    assert "I do not know." in pdf
    assert [word for word in ("secret", "Model answer", "Marking scheme") if word in pdf] == []
    assert sorted(path.suffix for path in feedback.iterdir()) == [".html", ".html", ".json", ".pdf"]
    laid = lay_folder(handed_out, load_assignment(handed_out))
    said = "\n".join(line.text for line in shown_check(check_folder(handed_out, laid), 80))
    assert "Why" in said
    assert secrets_in(said) == []


GRADERS = "(graders only)"
MARKS = {"grade": True, "solution": True, "locked": False, "points": 2, "grade_id": "a", "schema_version": 3}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (
            new_markdown_cell(WHY),
            [f"**Model answer** {GRADERS}", MODEL, f"**Marking scheme** {GRADERS}", SCHEME],
        ),
        (new_markdown_cell(f"Why?\n{START}\n{END}"), []),
        (
            new_code_cell("### BEGIN SOLUTION\nx = 1\n### END SOLUTION\ny = 2"),
            [f"**Model answer** {GRADERS}", "```python\nx = 1\n```"],
        ),
    ],
)
def test_what_a_marker_sees_of_a_source_cell(cell, expected):
    """Are model answer and scheme shown, each where there is one, and of an nbgrader source too?"""
    cell.metadata["nbgrader"] = MARKS
    parts = scheme_of(cell).split("\n\n")
    assert parts[1:-1] == expected
    assert parts[0] == ("<!-- BEGIN MARK SCHEME -->" if expected else "")


def test_a_check_has_no_scheme():
    """Is nothing put below cells that are not marked by hand?"""
    cell = new_code_cell("expect.same(1)", metadata={"nbgrader": MARKS | {"solution": False}})
    assert scheme_of(cell) == ""
