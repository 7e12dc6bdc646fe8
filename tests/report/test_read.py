"""From folders to submissions: regions, edits, what is missing."""

import json
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import nbformat
import pytest
from conftest import ODD, scores_in

from autograder.errors import CourseError
from autograder.files import HANDED_OUT
from autograder.gradebook.results import telling_line
from autograder.report.document import all_notices, assemble
from autograder.report.model import Options, SourceRegion
from autograder.report.read import assignment_of, full_name, read_graded, read_own


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(ODD / "submission", tmp_path / "odd")
    return tmp_path / "odd"


def test_a_students_edits_outside_the_regions_are_found():
    """Is every change outside the regions listed, and nothing else?"""
    found = read_own(ODD / "submission", ODD / "released")
    assert [(edit.place, edit.kind, edit.line) for edit in found.edits] == [
        ("odd.ipynb: work-toy", "changed", 5),
        ("odd.ipynb: controls", "added", 1),
        ("odd.ipynb: deleted", "deleted", 1),
        ("helper.py", "added", 1),
        ("nn/layers.py", "changed", 15),
    ]
    assert found.pristine


def test_regions_have_full_names_lines_and_say_whether_they_were_written():
    """Does the report find the student's code in the .py files?"""
    found = {region.name: region for region in read_own(ODD / "submission", ODD / "released").regions}
    assert (found["nn.layers.affine"].first, found["nn.layers.affine"].edited) == (9, True)
    assert found["nn.layers.affine"].text == "    out = x.reshape(x.shape[0], -1) @ w + b  # my comment"
    assert found["nn.layers.relu"].edited is False
    assert found[""].path == "helper.py"
    assert full_name("nn/net.py", "class A:\n    def f(self):\n        pass\n", 2, "scores") == "nn.net.A.f:scores"


def test_without_the_released_folder_nothing_is_claimed(folder):
    """If there is nothing to compare with: does the report say so instead of guessing?"""
    found = read_own(folder)
    assert (found.edits, found.pristine) == ((), False)
    assert {region.edited for region in found.regions} == {None}


def test_the_copy_that_came_with_the_homework_is_compared_with(folder):
    """Does a student who unpacked the zip and works in it need to say nothing?"""
    shutil.copytree(ODD / "released", folder.parent / HANDED_OUT)
    assert len(read_own(folder).edits) == 5


def test_editors_that_give_new_ids_are_no_edits(folder):
    """Does a notebook saved by an editor that renames cells look untouched?"""
    nb = nbformat.read(ODD / "released" / "odd.ipynb", 4)
    for number, cell in enumerate(nb.cells):
        cell.id = f"new-{number}"
    nbformat.write(nb, folder / "odd.ipynb")
    assert [edit for edit in read_own(folder, ODD / "released").edits if "ipynb" in edit.place] == []


def test_a_broken_notebook_and_missing_files_are_said_not_raised(folder):
    """Does a folder with half of it gone still give a report that says so?"""
    (folder / "odd.ipynb").write_text('{"cells": [}')
    found = read_own(folder)
    assert found.notebooks == ()
    assert found.unreadable[0].startswith("odd.ipynb is not a notebook")
    assert found.missing == ("best_net.npz",)


def test_what_is_lost_in_a_malformed_file_is_named(tmp_path):
    """Does a notebook of an old format, whose cells have no ids, hide that an output in it cannot be read?"""
    outputs = [{"output_type": "stream", "text": "no name"}]
    cells = [{"cell_type": "markdown", "source": "a", "metadata": {}}] * 20
    cells += [{"cell_type": "code", "source": "b", "metadata": {}, "outputs": outputs}] * 9
    file = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    (tmp_path / "old.ipynb").write_text(json.dumps(file))
    document = assemble(read_own(tmp_path), Options())
    assert [str(problem) for problem in document.problems] == [
        f"old: cell {number} has a malformed output: left out" for number in range(21, 30)
    ]
    notices = [notice["text"] for notice in document.data["notices"]]
    assert not any("malformed" in text or "format" in text or "usable id" in text for text in notices)


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ({"name": ""}, "The name is not filled in"),
        ({"student_id": ""}, "The student id is not filled in"),
        ({"name": "", "student_id": ""}, "The name and student id are not filled in"),
        ({}, None),
    ],
)
def test_what_is_not_filled_in_is_named_at_once(folder, who, said):
    """Does a student hear of name and id in one go?"""
    sentences = [text for _, text, _ in all_notices(replace(read_own(folder), **who)) if "filled in" in text]
    assert [text.split(" (")[0] for text in sentences] == ([said] if said else [])


def test_a_long_list_is_not_cut(folder):
    """Are all functions named that are not written yet, however many?"""
    names = [f"nn.layers.function_{i}" for i in range(60)]
    regions = tuple(SourceRegion("nn/layers.py", name, 1, "pass", False) for name in names)
    document = assemble(replace(read_own(folder), regions=regions), Options())
    (said,) = [notice["text"] for notice in document.data["notices"] if "Not written" in notice["text"]]
    assert all(name in said for name in names)


def test_a_folder_without_assignment_toml_is_its_notebooks(folder, tmp_path):
    """Can any folder of notebooks be printed?"""
    (folder / "assignment.toml").unlink()
    assert assignment_of(folder).notebooks == ("odd",)
    with pytest.raises(CourseError, match="holds no notebook"):
        read_own(tmp_path)
    with pytest.raises(CourseError, match="is not a folder"):
        read_own(tmp_path / "nowhere")


def test_the_digest_is_of_content_and_the_time_of_the_newest_file(folder):
    """Do name and bytes decide the hash, and nothing else?"""
    before = read_own(folder)
    for path in folder.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    again = read_own(folder)
    assert again.digest == before.digest
    assert again.when == datetime.fromtimestamp(1_700_000_000, UTC)
    (folder / "helper.py").write_text("changed")
    assert read_own(folder).digest != before.digest


def test_links_out_of_the_folder_are_not_read(folder, tmp_path):
    """Can a .py file that is a link show somebody else's file?"""
    (tmp_path / "secret.py").write_text("SECRET = 1")
    (folder / "link.py").symlink_to(tmp_path / "secret.py")
    found = read_own(folder, ODD / "released")
    assert "SECRET" not in "".join(region.text for region in found.regions)


def test_scores_come_from_the_gradebook_with_the_line_that_tells(graded_course):
    """Do points, credit, penalty and comments agree with nbgrader's?"""
    scores = scores_in(graded_course)["ada"]
    assert scores.name == "Ada Lovelace"
    rows = {cell.cell: cell for cell in scores.cells}
    assert {cell: (row.score, row.points) for cell, row in rows.items()} == {
        "scores-check": (3, 3),
        "gradient-check": (0, 2),
        "hidden-check": (0, 1),
        "answer-why": (2.5, 4),
        "bonus-check": (10, 10),
    }
    assert rows["bonus-check"].extra_credit
    assert rows["gradient-check"].summary.startswith("dw differs")
    assert rows["scores-check"].summary == ""
    assert rows["answer-why"].comment.startswith("Good")
    assert (scores.total, scores.maximum, scores.late_penalty) == (14.0, 10.0, 1.5)
    assert scores_in(graded_course)["zoe"].of("mini", "answer-why").score is None


def test_a_long_diagnosis_fits_its_line():
    """Does one question's diagnosis leave room for the others?"""
    lines = ["a   ok", "b   failed", "  b differs at [0]: yours 1; at most 2.", "    It is squared.", "c   failed"]
    assert telling_line(lines) == "b differs at [0]: yours 1. It is squared."
    known = [
        "a   failed",
        "  a differs at [2]: yours 4.",
        "b   failed",
        "  b differs at [0]: yours 1.",
        "    It is squared.",
    ]
    assert telling_line(known) == "b differs at [0]: yours 1. It is squared."
    assert telling_line(["b   no value   failed", "  b is not written yet."]) == "b is not written yet."
    assert telling_line(["b   no value   failed", "c   no value   failed", "  b is to do."]) == "b is to do."
    assert telling_line(["The cell did not run."]) == "The cell did not run."
    assert telling_line(["all   ok"]) == ""
    assert len(telling_line(["x" * 500])) == 220


def test_a_graded_submission_is_named_for_its_folder_not_for_what_it_says(graded_course):
    """If somebody hands in a notebook with another's name in it: does the report say so?"""
    assignment = graded_course.assignment("mini")
    found = read_graded(graded_course, assignment, "zoe", scores_in(graded_course)["zoe"])
    assert (found.name, found.student_id) == ("Ada Zorn", "zoe")
    assert ("identity", "The notebook says Ada Lovelace, ada.") in [(note.kind, note.text) for note in found.notes]
    assert [edit.place for edit in found.edits] == ["mini.ipynb: scores-check", "nn/layers.py"]
    assert found.digest == "ab" * 32


def test_a_submission_graded_by_stock_nbgrader_says_that_edits_are_unknown(course_copy):
    """Does a missing result.json count as no edits?"""
    (course_copy.autograded / "ada/mini/result.json").unlink()
    found = read_graded(course_copy, course_copy.assignment("mini"), "ada", None)
    assert [note.kind for note in found.notes] == ["result"]
    assert found.edits == ()


def test_a_damaged_result_does_not_stop_the_report(course_copy):
    """Does a result.json that was cut off by a full disk cost the report?"""
    path = course_copy.autograded / "ada/mini/result.json"
    path.write_text(json.dumps({"edits": [{"place": "x"}, 3], "notes": ["x"], "notebooks": None}))
    read_graded(course_copy, course_copy.assignment("mini"), "ada", None)
    path.write_text('{"edits": [')
    assert read_graded(course_copy, course_copy.assignment("mini"), "ada", None).edits == ()
