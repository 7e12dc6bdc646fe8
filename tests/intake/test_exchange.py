"""What `nbgrader collect` takes from the folders of an exchange, which students own."""

import os

import pytest
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory

from autograder.course import nbgrader_config
from autograder.intake.exchange import Collect, copy_regular_files


def test_links_and_devices_are_not_collected(tmp_path):
    """Does a link bring in what it points to? Do regular files come with their contents and times?"""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.txt").write_text("secret")
    theirs = tmp_path / "theirs"
    (theirs / "nn").mkdir(parents=True)
    (theirs / "hw.ipynb").write_text("{}")
    os.utime(theirs / "hw.ipynb", (1000, 1000))
    (theirs / "nn" / "layers.py").write_text("x = 1")
    (theirs / "nn" / "link.py").symlink_to(secret / "key.txt")
    (theirs / "folder").symlink_to(secret)
    os.mkfifo(theirs / "pipe")
    left_out = copy_regular_files(theirs, tmp_path / "copy")
    assert left_out == ["folder", "nn/link.py", "pipe"]
    copied = {path.relative_to(tmp_path / "copy").as_posix() for path in (tmp_path / "copy").rglob("*")}
    assert copied == {"hw.ipynb", "nn", "nn/layers.py"}
    assert (tmp_path / "copy" / "hw.ipynb").stat().st_mtime == 1000


def test_a_submission_that_is_a_link_itself_is_refused(tmp_path):
    """Can the whole folder be a link?"""
    (tmp_path / "secret").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="link"):
        copy_regular_files(tmp_path / "link", tmp_path / "copy")


def test_a_course_collects_with_it(tiny, tmp_path):
    """Does a course's configuration put this in the place of nbgrader's step?"""
    config = nbgrader_config(tiny.course)
    collect = ExchangeFactory(config=config).Collect(coursedir=CourseDirectory(config=config), config=config)
    assert isinstance(collect, Collect)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "hw.ipynb").write_text("{}")
    (theirs / "link").symlink_to(tiny.course.root)
    collect.do_copy(str(theirs), str(tmp_path / "submitted"))
    assert [path.name for path in (tmp_path / "submitted").iterdir()] == ["hw.ipynb"]
