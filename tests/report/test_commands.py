"""The commands: what they write, what they say, how they exit."""

import json
import shutil

import nbformat
import pytest
from conftest import ODD
from nbformat.v4 import new_markdown_cell, new_notebook
from pypdf import PdfReader
from typer.testing import CliRunner

from autograder.cli import app
from autograder.errors import CourseError


def run(*arguments: str):
    result = CliRunner().invoke(app, list(arguments))
    if isinstance(result.exception, CourseError):
        raise result.exception
    return result


def test_report_makes_a_pdf_and_a_page_map_for_every_student(course_copy, monkeypatch):
    """Does one command print the whole class?"""
    monkeypatch.chdir(course_copy.root)
    result = run("report", "mini")
    assert result.exit_code == 0, result.output
    assert "2 reports written to" in result.output
    folder = course_copy.root / "reports" / "mini"
    assert sorted(path.name for path in folder.iterdir()) == ["ada.pages.json", "ada.pdf", "zoe.pages.json", "zoe.pdf"]
    pages = json.loads((folder / "ada.pages.json").read_text())
    assert pages["questions"] == {
        f"mini:{name}": [2] for name in ("scores-check", "gradient-check", "hidden-check", "answer-why", "bonus-check")
    }


def test_the_instructors_first_page_has_scores_and_integrity_notes(mini_report):
    """Does the first page tell what a grader needs to know?"""
    page = " ".join(PdfReader(mini_report.pdf).pages[0].extract_text().split())
    for words in (
        "Ada Lovelace",
        "Gradient nn/layers.py: 4 0 2",
        "dw differs at [3, 1]: yours 0.8132, a factor 5.00 too large everywhere.",
        "Bonus (extra credit) 10 10",
        "Late penalty −1.5",
        "Total 14 10",
        "best_net.npz was not handed in",
        "mini.ipynb: scores-check · line 2 · changed",
        "expect.close(scores, 1)",
        "import os",
        "2 changes outside the regions: listed below.",
    ):
        assert words in page, words
    second = PdfReader(mini_report.pdf).pages[1].extract_text()
    assert "added cell" in second
    assert "Comment: Good, but" in " ".join(second.split())


def test_a_broken_submission_is_named_and_the_others_are_printed(course_copy, monkeypatch):
    """Does one broken notebook stop the class?"""
    (course_copy.autograded / "ada/mini/mini.ipynb").write_bytes(b"\xff\xfe not a notebook")
    monkeypatch.chdir(course_copy.root)
    result = run("report", "mini", "--workers", "1")
    assert result.exit_code == 1
    assert "ada: not shown: notebook: mini.ipynb is not" in " ".join(result.output.split())
    assert "(1 incomplete, 0 failed)" in result.output
    first = PdfReader(course_copy.root / "reports/mini/ada.pdf").pages[0].extract_text()
    assert "mini.ipynb is not a" in first
    assert len(PdfReader(course_copy.root / "reports/mini/zoe.pdf").pages) == 3


def test_a_student_whose_report_fails_is_named(course_copy, monkeypatch):
    """Is a report that cannot be written a failure, and does it say why?"""
    (course_copy.root / "reports/mini/ada.pdf").mkdir(parents=True)
    monkeypatch.chdir(course_copy.root)
    result = run("report", "mini")
    assert result.exit_code == 1
    assert "ada: failed: IsADirectoryError" in " ".join(result.output.split())
    assert "(0 incomplete, 1 failed)" in result.output


def test_only_the_students_asked_for(course_copy, monkeypatch):
    """Can one report be made again, on the paper that the course uses, in a folder named from here?"""
    monkeypatch.chdir(course_copy.root)
    result = run("report", "mini", "--student", "zoe", "--to", "here", "--paper", "us-letter")
    assert result.exit_code == 0, result.output
    assert "1 report written to here" in result.output
    assert sorted(path.name for path in (course_copy.root / "here").iterdir()) == ["zoe.pages.json", "zoe.pdf"]
    assert PdfReader(course_copy.root / "here/zoe.pdf").pages[0].mediabox.width == 612


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "minni"], 'Did you mean "mini"'),
        (["report", "mini", "--student", "bob"], "bob has no graded mini. Graded are: ada, zoe."),
        (["report", "mini", "--paper", "b5"], "there are a4 and us-letter"),
        (["feedback", "mini", "--student", "bob"], "bob has no graded mini"),
        (["pdf", "nowhere"], "nowhere is not a folder"),
    ],
)
def test_mistakes_are_explained(graded_course, monkeypatch, arguments, said):
    """Does a mistyped command say what is wrong and what there is?"""
    monkeypatch.chdir(graded_course.root)
    with pytest.raises(CourseError, match=said):
        run(*arguments)


def test_pdf_prints_a_students_folder_and_says_what_is_missing(tmp_path):
    """Does a student get one file, and hear what is wrong before handing it in?"""
    shutil.copytree(ODD / "submission", tmp_path / "odd")
    result = run("pdf", str(tmp_path / "odd"), "--released", str(ODD / "released"))
    output = " ".join(result.output.split())
    assert result.exit_code == 1
    assert "error: best_net.npz is not there." in output
    assert "warning: 5 changes outside the regions" in output
    assert "not shown: odd, cell maths: the formula" in output
    assert (tmp_path / "2026-0042-odd.pdf").is_file()
    assert (tmp_path / "2026-0042-odd.pages.json").is_file()


def test_what_is_named_on_the_terminal_cannot_steer_it(tmp_path):
    """Can a picture's name in a student's notebook clear the instructor's screen?"""
    cell = new_markdown_cell("![x](\x1b[2J\x1b]0;owned\x07.png) and $\\frac{\x1b[31m$")
    nbformat.write(new_notebook(cells=[cell]), tmp_path / "a.ipynb")
    done = run("pdf", str(tmp_path), "--to", str(tmp_path / "a.pdf"))
    assert done.exit_code == 1
    assert "owned" in done.output
    assert "\x1b" not in done.output


def test_pdf_says_where_it_cannot_write(tmp_path):
    """Is a target that cannot be written explained, without a stack trace?"""
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(CourseError, match=r"taken/a\.pdf cannot be written: .*--to"):
        run("pdf", str(ODD / "submission"), "--to", str(tmp_path / "taken" / "a.pdf"))


def test_pdf_finds_the_released_folder_of_the_course_around_it(course_copy, monkeypatch):
    """Inside a course, are changes marked without being told where the released folder is?"""
    shutil.copytree(course_copy.submitted / "ada/mini", course_copy.root / "work/mini")
    result = run("pdf", str(course_copy.root / "work/mini"), "--to", str(course_copy.root / "x.pdf"))
    assert result.exit_code == 1, result.output
    assert "hidden-check" in result.output
    assert "changes outside the regions" in result.output
    assert "was not at hand" not in result.output


def test_feedback_without_a_notebook(course_copy, monkeypatch):
    """Does a student of whom no notebook could be read get the PDF that says so, and no page of an earlier attempt?"""
    monkeypatch.chdir(course_copy.root)
    (course_copy.autograded / "zoe/mini/mini.ipynb").unlink()
    old = course_copy.feedback / "zoe/mini/mini.html"
    old.parent.mkdir(parents=True)
    old.touch()
    result = run("feedback", "mini", "--student", "zoe")
    assert "0 failed" in result.output
    names = sorted(path.name for path in (course_copy.feedback / "zoe/mini").iterdir())
    assert names == ["feedback.pages.json", "feedback.pdf", "timestamp.txt"]


def test_feedback_writes_pages_and_pdfs(course_copy, monkeypatch):
    """Does every student get their pages and the PDF?"""
    monkeypatch.chdir(course_copy.root)
    result = run("feedback", "mini", "--student", "zoe")
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in (course_copy.feedback / "zoe/mini").iterdir())
    assert names == ["feedback.pages.json", "feedback.pdf", "mini.html", "timestamp.txt"]
    assert not (course_copy.feedback / "ada").exists()
