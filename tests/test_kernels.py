"""Notebooks for other kernels than Python's: refused wherever they come."""

import pytest
from nbformat import from_dict
from nbformat.v4 import new_code_cell, new_notebook

from autograder.adopt.course import adopt_course
from autograder.begin import begin_course
from autograder.errors import CourseError
from autograder.grade.prepare.pristine import load_pristine
from autograder.notebooks import other_kernel_name, write_notebook
from autograder.release.checks import lint_assignment
from autograder.release.generate import release

SAYS = "only Python notebooks can be graded here"


def kernel(name, language=None, display_name=None, info=None):
    spec = {"name": name, "language": language, "display_name": display_name or name}
    notebook = new_notebook()
    notebook.metadata = from_dict({"kernelspec": {key: value for key, value in spec.items() if value is not None}})
    if info:
        notebook.metadata.language_info = from_dict({"name": info})
    return notebook


@pytest.mark.parametrize(
    ("notebook", "name"),
    [
        (new_notebook(), ""),
        (kernel("python3", "python", "Python 3"), ""),
        (kernel("python3", "python", "Python 3.11 (course)", "python"), ""),
        (kernel("xpython", "python", "Python 3.13 (XPython)"), ""),
        (kernel("xpython-raw"), ""),
        (kernel("conda-env-ir-py", "python"), ""),
        (kernel("my-course"), ""),
        (kernel("ir", "R", "R"), "R"),
        (kernel("ir"), "ir"),
        (kernel("julia-1.10", "julia", "Julia 1.10"), "Julia 1.10"),
        (kernel("julia-1.10"), "julia-1.10"),
        (kernel("bash", "bash", "Bash"), "Bash"),
        (kernel("sagemath", "sage", "SageMath 10.2"), "SageMath 10.2"),
        (kernel("sagemath", "python", "SageMath 9.5", "python"), "SageMath 9.5"),
        (kernel("octave", info="octave"), "octave"),
        (kernel("xcpp17", "C++17", "C++17"), "C++17"),
        (kernel("anything", info="R"), "anything"),
    ],
)
def test_which_kernels_are_pythons(notebook, name):
    """Is a kernel known by its language, else by its name, and Sage, which reads Python differently, by its name?"""
    assert other_kernel_name(notebook) == name


def test_they_are_refused_everywhere(tmp_path):
    """By lint, release, grade and adopt, each with a sentence that names the kernel?"""
    course = begin_course(tmp_path / "course")
    notebook = kernel("ir", "R", "R")
    notebook.cells = [new_code_cell("x <- 3")]
    write_notebook(notebook, course.source / "homework1" / "homework1.ipynb")
    [problem] = lint_assignment(course, "homework1")
    assert f"written for R, and {SAYS}" in problem.text
    with pytest.raises(CourseError, match=SAYS):
        release(course, ["homework1"])
    with pytest.raises(CourseError, match=SAYS):
        load_pristine(course, course.assignment("homework1"))
    with pytest.raises(CourseError, match=SAYS):
        adopt_course([course.source / "homework1"], tmp_path / "new")
