"""What a student packs, and what keeps it from being packed."""

import json
import os
import time
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import nbformat
import pytest

from autograder.assignment import load_assignment
from autograder.errors import CourseError
from autograder.intake.archives import read_zip
from autograder.intake.settle import MANIFEST
from autograder.student.laid import lay_folder
from autograder.student.submit import Packed, pack

NAMED = """# ===== START YOUR CODE HERE: student =====
name = "Ada Lovelace"
student_id = "s1815"
# ====== END YOUR CODE HERE ======"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A released folder with one notebook, a library, weights, and things that are nobody's business."""
    folder = tmp_path / "hw"
    (folder / "nn").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "data" / "helper.py").write_text("secret = 1\n")
    (folder / "data" / "images.bin").write_bytes(b"x" * 1000)
    (folder / "nn" / "layers.py").write_text("x = 1\n")
    (folder / "best_net.npz").write_bytes(b"weights")
    (folder / "assignment.toml").write_text('title = "T"\nnotebooks = ["a"]\nhand_in = ["best_net.npz"]\n')
    write_notebook(folder, NAMED)
    return folder


def packed_from(folder: Path, target: Path | None = None, anyway: bool = False) -> Packed:
    return pack(folder, lay_folder(folder, load_assignment(folder, all_there=False)), target, anyway)


def write_notebook(folder: Path, student: str) -> None:
    cell = nbformat.v4.new_code_cell(student, id="student")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "a.ipynb")


def test_the_zip_holds_the_work_and_no_data(folder):
    """Are notebooks, code and weights in the zip, with their hashes, and nothing of the data set?"""
    packed = packed_from(folder)
    assert packed.path == folder.parent / "s1815-hw.zip"
    with zipfile.ZipFile(packed.path) as archive:
        assert sorted(archive.namelist()) == sorted([MANIFEST, "a.ipynb", "best_net.npz", "nn/layers.py"])
        manifest = json.loads(archive.read(MANIFEST))
    assert (manifest["assignment"], manifest["name"], manifest["student_id"]) == ("hw", "Ada Lovelace", "s1815")
    assert set(manifest["files"]) == {"a.ipynb", "best_net.npz", "nn/layers.py"}


def test_a_notebook_without_outputs_and_missing_weights_are_pointed_out(folder):
    """Does the student hear of what may be an oversight?"""
    (folder / "best_net.npz").unlink()
    warnings = packed_from(folder).warnings
    assert [warning.split(" ")[0] for warning in warnings] == ["best_net.npz:", "a.ipynb"]


@pytest.mark.parametrize("student", [NAMED.replace("Ada Lovelace", ""), NAMED.replace("s1815", " ")])
def test_name_and_id_are_asked_for(folder, student):
    """Is a nameless submission refused, and does the message say where to write the name?"""
    write_notebook(folder, student)
    with pytest.raises(CourseError, match='cell "student": name or student id is empty'):
        packed_from(folder)


def test_a_link_is_not_followed(folder):
    """Does a link out of the folder stay out of the zip?"""
    (folder / "nn" / "more.py").symlink_to("/etc/hostname")
    assert "nn/more.py" not in packed_from(folder).files


def test_an_environment_is_left_out_under_any_name(folder):
    """Does a Python environment in the folder stay out of the zip, and a `data` module of the student's own not?"""
    for name in ("venv", "my env"):
        (folder / name / "lib").mkdir(parents=True)
        (folder / name / "pyvenv.cfg").write_text("home = /usr/bin")
        (folder / name / "lib" / "site.py").write_text("")
    (folder / "nn" / "data").mkdir()
    (folder / "nn" / "data" / "own.py").write_text("")
    wanted = {"a.ipynb", "best_net.npz", "nn/layers.py", "nn/data/own.py"}
    assert set(packed_from(folder).files) == wanted


def test_what_collect_turns_away_is_not_packed(folder):
    """Does a folder of more files than are collected give a message, and no zip?"""
    for number in range(1001):
        (folder / "nn" / f"m{number}.py").write_text("")
    with pytest.raises(CourseError, match=r"would be turned away: .* more than 1000 files"):
        packed_from(folder)
    assert not list(folder.parent.glob("*.zip"))


def test_an_id_with_a_slash_is_no_path(folder):
    """Does a student whose id has characters that file names cannot have get a zip beside the folder all the same?"""
    write_notebook(folder, NAMED.replace("s1815", "../2026/17"))
    packed = packed_from(folder)
    assert packed.path == folder.parent / "_2026_17-hw.zip"
    assert packed.student.student_id == "../2026/17"


@pytest.mark.parametrize("target", ["", "not/there/work.zip"])
def test_a_zip_that_cannot_be_written_is_a_message(folder, target):
    """Does a folder, or a place that is not there, in place of a file give a sentence and no stack trace?"""
    with pytest.raises(CourseError, match=r"cannot be written: .*\n.*--to FILE"):
        packed_from(folder, folder / target)


def test_the_time_of_handing_in_is_the_same_everywhere(folder, monkeypatch):
    """Is a zip that was made in Tokyo handed in when it was made, also where the course is in Berlin?"""
    os.utime(folder / "a.ipynb", (0, 0))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        made = packed_from(folder).path.read_bytes()
    finally:
        monkeypatch.undo()
        time.tzset()
    found = {file.path: file.time for file in read_zip(made, timezone(timedelta(hours=2))).files}
    assert found[MANIFEST] == pytest.approx(time.time(), abs=60)
    assert datetime.fromtimestamp(found["a.ipynb"], UTC).year == 1980


def test_what_would_not_be_graded_is_not_packed_in_silence(folder):
    """Is a student told of everything that would count nothing, before the zip is made, and free to pack it anyway?"""
    (folder / "assignment.toml").write_text(
        'title = "T"\nnotebooks = ["a", "b"]\nhand_in = ["best_net.npz"]\nblank = ["nn.layers.forward"]\n'
    )
    (folder / "nn" / "layers.py").write_text("def forward(x):\n    return x +\n")
    with pytest.raises(CourseError) as error:
        packed_from(folder)
    text = " ".join(str(error.value).split())
    assert "b.ipynb: is not there" in text
    assert "nn/layers.py: the START and END lines are gone" in text
    assert "nn/layers.py: line 2: something is missing or too much here: return x +" in text
    assert text.endswith("add --anyway")
    assert not list(folder.parent.glob("*.zip"))
    packed = packed_from(folder, anyway=True)
    assert packed.path.is_file()
    assert [warning.split(":")[0] for warning in packed.warnings] == [
        "b.ipynb", "nn/layers.py", "nn/layers.py", "a.ipynb was saved without outputs",
    ]  # fmt: skip
