"""What student code could read because of where it lies."""

import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.doctor import places
from autograder.errors import CourseError
from autograder.grade.run import exposure
from autograder.grade.run.exposure import exposed, refuse_exposed
from autograder.sandbox.policy import environment_paths, readable_place

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def course(tmp_path):
    root = tmp_path / "course"
    for folder in ("source/hw", "nn", "submitted/ann/hw", "data"):
        (root / folder).mkdir(parents=True)
    (root / "nbgrader_config.py").write_text("c = get_config()\n")
    (root / "course.toml").write_text('library = "nn"\n')
    return Course(root)


def readable_by(python: Path) -> list[Path]:
    """The paths that a sandbox of this Python may read."""
    code = "from autograder.sandbox.policy import environment_paths; print(*environment_paths(), sep='\\n')"
    answer = subprocess.run([python, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return [Path(line) for line in answer.stdout.splitlines()]


def test_an_environment_in_the_courses_folder_leaves_the_course_unread(course):
    """After `python3 -m venv .` in the course: can a sandbox read the environment, and nothing else there?"""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", course.root], check=True)
    readable = readable_by(course.root / "bin" / "python")
    packages = course.root / f"lib/python3.{sys.version_info.minor}/site-packages"
    assert readable_place(packages / "numpy", readable)
    assert exposed(course, readable) == []
    for secret in (
        course.root,
        course.source / "hw" / "a.ipynb",
        course.root / "nn" / "f.py",
        course.root / "gradebook.db",
    ):
        assert readable_place(secret, readable) is None


def test_the_python_of_these_tests_can_be_read():
    """Are the library, the packages and their shared objects among what may be read?"""
    import numpy
    import numpy._core._multiarray_umath as compiled

    for path in (sys.executable, subprocess.__file__, numpy.__file__, compiled.__file__):
        assert readable_place(Path(path), environment_paths()), path
    assert not any(Path(sys.base_prefix) == path or path == Path("/usr") for path in environment_paths())


def test_a_course_below_the_prefix_is_refused_only_where_it_can_be_read(course):
    """Is a course in a folder that must be readable named, and one beside it not?"""
    beside = [course.root.parent / "lib", course.root.parent / "bin"]
    assert exposed(course, beside) == []
    assert exposed(course, [course.root.parent]) == [("the course", course.root, course.root.parent)]
    with pytest.raises(CourseError, match=r"student code could read the course: .*course lies in .*\n.*\n.*Move"):
        refuse_exposed(course, [course.root.parent])


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ("source", "the source"),
        ("nn", "the complete library"),
        ("submitted", "submissions"),
        ("source/hw", "the source"),
        ("submitted/ann/hw", "submissions"),
        ("data", "the data with all its labels"),
    ],
)
def test_a_part_that_is_a_link_is_judged_by_where_it_leads(course, tmp_path, part, what):
    """Is a link out of the course into a readable folder found, at each level?"""
    readable = tmp_path / "share"
    moved = readable / "moved"
    readable.mkdir()
    (course.root / part).rename(moved)
    (course.root / part).symlink_to(moved)
    assert exposed(course, [readable]) == [(what, moved, readable)]


def test_a_linked_course_and_a_linked_environment_are_followed(course, tmp_path):
    """Is it found out where a course lies whose path, or whose readable folder, goes through a link?"""
    (tmp_path / "link").symlink_to(course.root)
    assert exposed(Course(tmp_path / "link"), [course.root.parent])
    (tmp_path / "usr").symlink_to(course.root.parent)
    assert exposed(course, [tmp_path / "usr"])


def test_a_gradebook_elsewhere_and_temporary_files_count(course, tmp_path, monkeypatch):
    """Are the gradebook and the folder for temporary files looked for where they are?"""
    readable = tmp_path / "share"
    readable.mkdir()
    database = f'c = get_config()\nc.CourseDirectory.db_url = "sqlite:///{readable}/grades.db"\n'
    (course.root / "nbgrader_config.py").write_text(database)
    assert [what for what, _, _ in exposed(course, [readable])] == ["the gradebook"]
    monkeypatch.setattr(exposure.tempfile, "gettempdir", lambda: str(readable / "tmp"))
    assert [what for what, _, _ in exposed(course, [readable])][1:] == ["temporary files, other submissions among them"]


def test_doctor_says_what_can_be_read(course, monkeypatch):
    """Does `doctor` name the place, and is the machine not safe then?"""
    monkeypatch.chdir(course.root)
    assert [fact.ok for fact in places()] == [True]
    monkeypatch.setattr("autograder.doctor.environment_paths", lambda: (course.root.parent,))
    (fact,) = places()
    assert not fact.ok
    assert f"{course.root} can be read" in fact.found


def test_grading_does_not_start_where_the_course_can_be_read(tiny, grading, monkeypatch):
    """Does `grade` stop before any student code runs?"""
    monkeypatch.setattr(exposure, "environment_paths", lambda: (tiny.course.root,))
    tiny.hand_in("ann")
    with pytest.raises(CourseError, match="student code could read the course"):
        grading(tiny, workers=1)
    assert not tiny.course.autograded.exists()
