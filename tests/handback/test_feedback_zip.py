"""Feedback in the forms that platforms take for an upload of all at once."""

import re
import zipfile

import pytest

from autograder.errors import CourseError
from autograder.handback.feedback_zip import zip_feedback
from autograder.intake.collect import collect

from ..intake.exports import write


def with_feedback(tiny, files: dict[str, str], tmp_path) -> None:
    collect(tiny.course, tiny.course.assignment("tiny"), write(tmp_path / "in", files))
    for folder in tiny.course.submitted.glob("*/tiny"):
        place = tiny.course.feedback / folder.parent.name / "tiny"
        place.mkdir(parents=True)
        (place / "feedback.pdf").write_text(folder.parent.name)


def zipped(tiny, platform: str, tmp_path) -> dict[str, str]:
    done = zip_feedback(tiny.course, tiny.course.assignment("tiny"), platform, tmp_path / "f.zip")
    assert done.problems == ()
    with zipfile.ZipFile(done.path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_moodles_folders_have_the_participants_numbers(tiny, tmp_path):
    """Does every path have the four parts that Moodle's import splits it into, with the number second?"""
    names = ("Ada Lovelace_777_assignsubmission_file_", "José Núñez_778_assignsubmission_file_")
    with_feedback(tiny, {f"{name}/first.ipynb": "work:x" for name in names}, tmp_path)
    found = zipped(tiny, "moodle", tmp_path)
    assert set(found) == {f"{name}/feedback.pdf" for name in names}
    for path in found:
        parts = path.split("/")[0].split("_", 4)
        assert (len(parts) >= 4, parts[1].isdigit(), parts[2:4]) == (True, True, ["assignsubmission", "file"])


def test_canvas_names_have_the_users_and_the_files_number(tiny, tmp_path):
    """Does Canvas find user and file by the first two numbers of each name?"""
    with_feedback(
        tiny, {"lovelaceada_101_9001_first.ipynb": "work:a", "ben_LATE_102_9002_first.ipynb": "work:b"}, tmp_path
    )
    found = zipped(tiny, "canvas", tmp_path)
    assert {re.findall(r"_(\d+)(?=_)", name)[0]: text for name, text in found.items()} == {
        "101": "lovelaceada",
        "102": "ben",
    }
    assert set(found) == {"lovelaceada_101_9001_feedback.pdf", "ben_102_9002_feedback.pdf"}


def test_who_is_not_in_the_archive_is_named(tiny, tmp_path):
    """Is a student without Canvas's number named, with what to do; and no feedback at all an error?"""
    assignment = tiny.course.assignment("tiny")
    with pytest.raises(CourseError, match="there is none of tiny"):
        zip_feedback(tiny.course, assignment, "canvas", tmp_path / "f.zip")
    with_feedback(tiny, {"ada/first.ipynb": "work:x"}, tmp_path)
    done = zip_feedback(tiny.course, assignment, "canvas", tmp_path / "f.zip")
    assert done.files == 0
    assert done.problems[0].startswith("ada: Canvas's file number is not known")
    assert set(zipped(tiny, "gradescope", tmp_path)) == {"ada (ada) feedback.pdf"}
    with pytest.raises(CourseError, match="there are moodle, canvas, gradescope"):
        zip_feedback(tiny.course, assignment, "other", tmp_path / "f.zip")
