"""assignment.toml and the course folder."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.assignment import LatePolicy, Limits, load_assignment
from autograder.course import Course, environment_bin_on_path, find_course, nbgrader_config
from autograder.errors import CourseError

FULL = """
title = "k-nearest neighbours and a two-layer net"
notebooks = ["knn", "two_layer_net"]
due = 2026-10-09T23:59:00+02:00
blank = ["nn.losses.mse_loss", "nn.neural_net.TwoLayerNet.loss:scores"]
library = ["nn.vis"]
search = ["two_layer_net:search"]
hand_in = ["best_net.npz"]
data = ["cifar10"]
[late]
penalty_percent_per_day = 10
max_days = 3
[limits]
cell_seconds = 30.5
memory_mb = 2048
[extra_credit]
"two_layer_net:bonus-check" = 10
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with the two notebooks that FULL names."""
    path = tmp_path / "source" / "hw"
    path.mkdir(parents=True)
    for name in ("knn", "two_layer_net"):
        (path / f"{name}.ipynb").write_text("{}")
    (tmp_path / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "x"\n')
    return path


def load(folder, text):
    (folder / "assignment.toml").write_text(text, encoding="utf-8")
    return load_assignment(folder)


def test_every_key_is_read(folder):
    """Does each part of assignment.toml arrive in its type?"""
    a = load(folder, FULL)
    assert (a.name, a.folder, a.title) == ("hw", folder, "k-nearest neighbours and a two-layer net")
    assert a.notebooks == ("knn", "two_layer_net")
    assert a.due.astimezone(UTC) == datetime(2026, 10, 9, 21, 59, tzinfo=UTC)
    assert a.blank == ("nn.losses.mse_loss", "nn.neural_net.TwoLayerNet.loss:scores")
    assert (a.library, a.hand_in, a.data) == (("nn.vis",), ("best_net.npz",), ("cifar10",))
    assert a.search == {("two_layer_net", "search")}
    assert a.late == LatePolicy(penalty_percent_per_day=10, max_days=3)
    assert a.limits == Limits(cell_seconds=30.5, memory_mb=2048)
    assert a.extra_credit == {("two_layer_net", "bonus-check"): 10.0}
    assert hash(a) == hash(load(folder, FULL))


def test_what_is_left_out_has_a_default(folder):
    """Is a title with one notebook enough?"""
    a = load(folder, 'title = "A"\nnotebooks = ["knn"]')
    assert (a.due, a.blank, a.search, a.late, dict(a.extra_credit)) == (None, (), frozenset(), LatePolicy(), {})
    assert list(a.limits.model_dump().values()) == [60, 600, 4096, 64, 256, 512]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("title =", "titel ="), '"title" is missing'),
        (("notebooks =", "notebook ="), '"notebooks" is missing'),
        (("library =", "libary ="), 'unknown key "libary". Did you mean "library"?'),
        (("cell_seconds", "cell_secs"), 'limits: unknown key "cell_secs". Did you mean "cell_seconds"?'),
        (("max_days", "grace"), 'late: unknown key "grace". There are: penalty_percent_per_day, max_days.'),
        (('["knn", "two_layer_net"]', '"knn"'), 'notebooks must be a list of texts, like ["a", "b"], not "knn"'),
        (('["knn", "two_layer_net"]', "[]"), "notebooks is empty"),
        (('["knn", ', '["knn.ipynb", '), 'write "knn", without .ipynb'),
        (('["knn", ', '["../knn", '), '"../knn" must be the name of a file'),
        (('["knn", ', '["kn", '), 'notebooks has "kn", but kn.ipynb is not there'),
        (('["knn", ', '["knn", "knn", '), 'has "knn" more than once'),
        (("due = 2026-10-09T23:59:00+02:00", "due = 2026-10-09T23:59:00"), "due must be a time with its zone"),
        (("due = 2026-10-09T23:59:00+02:00", "due = 2026-10-09"), "due must be a date and a time, like"),
        (('"two_layer_net:search"', '"search"'), 'search must name cells as "notebook:cell-id"'),
        (('"two_layer_net:search"', '"two_layer:search"'), '"two_layer" is not among the notebooks'),
        (('"best_net.npz"', '"out/best_net.npz"'), "must be the name of a file"),
        (('"best_net.npz"', '".."'), "must be the name of a file"),
        (('"best_net.npz"', "3"), "hand_in must be a text, not 3"),
        (("_per_day = 10", "_per_day = 110"), "must be a number 0 or more and at most 100, not 110"),
        (("max_days = 3", "max_days = 1.5"), "max_days must be a whole number 0 or more, not 1.5"),
        (("cell_seconds = 30.5", "cell_seconds = 0"), "cell_seconds must be a number above 0, not 0"),
        (("cell_seconds = 30.5", "cell_seconds = nan"), "cell_seconds must be a number above 0, not nan"),
        (("memory_mb = 2048", "memory_mb = true"), "memory_mb must be a whole number above 0, not true"),
        (('check" = 10', 'check" = 0'), "must be a number above 0, not 0"),
        (("[late]\npenalty_percent_per_day = 10\nmax_days = 3", ""), None),
        (("data =", "late = 3\ndata ="), "is not TOML"),
        (("title = ", "title = !"), "is not TOML"),
    ],
)
def test_mistakes_are_named(folder, change, says):
    """Does a wrong assignment.toml say the key, the value and what to write?"""
    assert change[0] in FULL
    text = FULL.replace(*change, 1)
    if says is None:
        assert load(folder, text).late == LatePolicy()
        return
    with pytest.raises(CourseError) as caught:
        load(folder, text)
    assert says in str(caught.value)
    assert str(folder / "assignment.toml") in str(caught.value)


def test_a_missing_or_unreadable_file_is_said(folder):
    """What if there is no assignment.toml, or one in another encoding?"""
    with pytest.raises(CourseError, match=r"assignment\.toml is missing"):
        load_assignment(folder)
    (folder / "assignment.toml").write_bytes('title = "ü"'.encode("latin-1"))
    with pytest.raises(CourseError, match="not UTF-8"):
        load_assignment(folder)
    (folder / "assignment.toml").unlink()
    (folder / "assignment.toml").mkdir()
    with pytest.raises(CourseError, match="cannot be read"):
        load_assignment(folder)


def test_the_wrong_folder_is_told_the_right_one(folder, tmp_path):
    """Does a student one folder too high, or one too low, learn where to go, and one elsewhere what to look for?"""
    (folder / "assignment.toml").write_text(FULL)
    (folder.parent / ".handed-out").mkdir()
    (folder.parent / ".handed-out" / "assignment.toml").write_text(FULL)
    (folder / "nn").mkdir()
    for wrong in (folder.parent, folder / "nn"):
        with pytest.raises(CourseError, match="or name it:") as caught:
            load_assignment(wrong)
        assert str(caught.value).endswith(f"or name it:  {folder}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CourseError, match="the one with the notebooks"):
        load_assignment(tmp_path / "empty")


def test_a_renamed_notebook_is_seen(folder):
    """Does the message name the notebook that stands there under another name?"""
    (folder / "assignment.toml").write_text(FULL)
    (folder / "knn.ipynb").rename(folder / "knn (1).ipynb")
    with pytest.raises(CourseError, match=r"Put the notebook back under that name\. There is: knn \(1\)\.ipynb\."):
        load_assignment(folder)


# --- the course -------------------------------------------------------------------------------------------------------


def test_a_course_is_found_from_within(folder, tmp_path, monkeypatch):
    """Is the course the nearest folder upwards with nbgrader_config.py?"""
    assert find_course(folder) == Course(tmp_path.resolve())
    monkeypatch.chdir(folder)
    assert find_course().source == tmp_path.resolve() / "source"


def test_outside_a_course_it_says_so(tmp_path):
    """What does a command say in a folder that is no course?"""
    with pytest.raises(CourseError, match=r"not in a course: no nbgrader_config\.py"):
        find_course(tmp_path)


def test_assignments_are_found_by_name(folder, tmp_path):
    """Are folders with an assignment.toml the assignments, and is a typing mistake answered?"""
    load(folder, FULL)
    (tmp_path / "source" / "notes").mkdir()
    course = Course(tmp_path)
    assert course.assignment_names() == ("hw",)
    assert course.assignment("hw").title == load_assignment(folder).title
    with pytest.raises(CourseError, match=r'no assignment "hw1".*Did you mean "hw"\?'):
        course.assignment("hw1")
    with pytest.raises(CourseError, match="There are: hw"):
        course.assignment("../../etc")


def test_nbgraders_configuration_is_the_courses(folder, tmp_path):
    """Is nbgrader_config.py read, with the course as root, and its database known?"""
    course = Course(tmp_path)
    config = nbgrader_config(course)
    assert (config.CourseDirectory.course_id, config.CourseDirectory.root) == ("x", str(tmp_path))
    assert course.gradebook_url == f"sqlite:///{tmp_path / 'gradebook.db'}"
    (tmp_path / "nbgrader_config.py").write_text('get_config().CourseDirectory.db_url = "sqlite:////elsewhere.db"\n')
    assert course.gradebook_url == "sqlite:////elsewhere.db"
    (tmp_path / "nbgrader_config.py").write_text("1 / 0")
    with pytest.raises(CourseError, match="stops: division by zero"):
        nbgrader_config(course)
    (tmp_path / "nbgrader_config.py").unlink()
    with pytest.raises(CourseError, match="is missing"):
        nbgrader_config(course)


def test_programs_of_this_environment_are_found(monkeypatch):
    """Does nbgrader find `alembic` when the environment is not activated?"""
    monkeypatch.setenv("PATH", "/usr/bin")
    environment_bin_on_path()
    environment_bin_on_path()
    assert os.environ["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/usr/bin"
