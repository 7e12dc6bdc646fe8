"""A course begun: does it run at once, and what is refused?"""

import pytest

from autograder.begin import IGNORE_TEXT, begin_assignment, begin_course
from autograder.demo.run import shown
from autograder.demo.students import load_students
from autograder.errors import CourseError
from autograder.notebooks import read_notebook, write_notebook
from autograder.release.checks import lint_assignment
from autograder.release.generate import release
from autograder.source import source_questions


@pytest.mark.parametrize("library", ["", "tools"])
def test_a_course_begun_can_be_released(tmp_path, library):
    """Without and with a package beside it, is there nothing for lint to say, and no solution in the release?"""
    course = begin_course(tmp_path / "My course", library)
    assert course.settings.name == "my-course"
    assert [path.name for path in course.libraries] == ([library] if library else [])
    assert lint_assignment(course, "homework1") == []
    assert [(q.title, q.points) for q in source_questions(course.assignment("homework1"))] == [
        ("Moving average", 5),
        ("Question 1", 3),
    ]
    release(course, ["homework1"])
    text = (course.release_dir / "homework1" / "homework1.ipynb").read_text()
    assert "cumsum" not in text
    assert "TODO: compute the means." in text


@pytest.mark.parametrize("as_text", [False, True])
def test_a_homework_begun(tmp_path, as_text):
    """As a notebook or as text, without an assignment.toml?"""
    course = begin_course(tmp_path / "course")
    path = begin_assignment(course, "second_homework", as_text)
    assert path.name == ("second_homework.py" if as_text else "second_homework.ipynb")
    assignment = course.assignment("second_homework")
    assert (assignment.title, assignment.notebooks) == ("Second homework", ("second_homework",))
    assert lint_assignment(course, "second_homework") == []


def test_a_course_in_a_repository(tmp_path):
    """Is what must not be committed added to a .gitignore that is there, once, and everything else kept?"""
    (tmp_path / ".gitignore").write_text("build/\n/submitted\n*.log")
    (tmp_path / "course.toml").write_text('name = "mine"\n')
    course = begin_course(tmp_path)
    assert course.settings.name == "mine"
    lines = (tmp_path / ".gitignore").read_text().split("\n")
    assert lines[:3] == ["build/", "/submitted", "*.log"]
    assert sorted(lines[3:-1]) == sorted(set(IGNORE_TEXT.splitlines()) - {"submitted/"})


def test_a_place_that_is_no_place(tmp_path):
    """Is it said, without a traceback, when a folder cannot be made?"""
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match="cannot be made: Not a directory"):
        begin_course(tmp_path / "file" / "course")


@pytest.mark.parametrize(("name", "typed"), [("course", "course"), ("Mein Kurs", "'Mein Kurs'")])
def test_a_folder_as_one_types_it(tmp_path, monkeypatch, name, typed):
    """Can what `init` says be pasted into a shell?"""
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / name) == typed


def test_what_is_refused(tmp_path):
    """A second course in the folder, a homework that is there, a name that is no folder's?"""
    course = begin_course(tmp_path / "course")
    with pytest.raises(CourseError, match="is a course already"):
        begin_course(tmp_path / "course")
    with pytest.raises(CourseError, match="is there already"):
        begin_assignment(course, "homework1")
    with pytest.raises(CourseError, match="cannot be the name of an assignment"):
        begin_assignment(course, "../homework2")
    with pytest.raises(CourseError, match="cannot be the name of a package"):
        begin_course(tmp_path / "other", "no name")


def test_students_of_a_demo_that_nobody_described(tmp_path):
    """Is there one who did all, one who did half, one who did nothing?"""
    course = begin_course(tmp_path / "course")
    students = load_students(course.assignment("homework1"))
    assert [student.id for student in students] == ["ada", "hal", "bea"]
    half = {students[1].choose(f"homework1:{cell}", "s") for cell in ("moving-average", "wider-window")}
    assert half == {"s", None}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("# Check it (2 points)\nassert_data = open('scores.csv').read()\nassert assert_data", 'it reads "scores.csv"'),
        ("### START CODE HERE ###\nx = 1\n### END CODE HERE ###", "is Coursera's marker"),
    ],
)
def test_what_release_refuses(tmp_path, source, says):
    """Data that is not there, and solutions under markers that are not acted on?"""
    course = begin_course(tmp_path / "course")
    path = course.source / "homework1" / "homework1.ipynb"
    notebook = read_notebook(path)
    notebook.cells[2].source = source
    write_notebook(notebook, path)
    with pytest.raises(CourseError, match=says):
        release(course, ["homework1"])


def test_a_kernel_that_is_not_python(tmp_path):
    """Is a notebook for R refused in a sentence?"""
    course = begin_course(tmp_path / "course")
    path = course.source / "homework1" / "homework1.ipynb"
    notebook = read_notebook(path)
    notebook.metadata = {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}
    write_notebook(notebook, path)
    with pytest.raises(CourseError, match="written for R, and only Python notebooks can be graded"):
        release(course, ["homework1"])
