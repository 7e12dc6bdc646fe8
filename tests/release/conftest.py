"""Small courses to release: files/<case>/input, copied into a temporary folder."""

import shutil
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.course import Course, environment_bin_on_path

FILES = Path(__file__).parent / "files"
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def empty_gradebook(tmp_path_factory):
    """A gradebook with its tables and nothing in it: nbgrader starts another program each time it makes one."""
    environment_bin_on_path()
    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    Gradebook(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def course_of(tmp_path, empty_gradebook):
    """A course in a temporary folder, made from the input of a case."""

    def make(case: str) -> Course:
        root = tmp_path / case
        shutil.copytree(FILES / case / "input", root)
        for name in ("nbgrader_config.py", "environment.yml"):
            shutil.copy(REPOSITORY / name, root)
        shutil.copy(empty_gradebook, root / "gradebook.db")
        return Course(root)

    return make


@pytest.fixture
def course(course_of):
    """The course of the case "lines", which is right."""
    return course_of("lines")
