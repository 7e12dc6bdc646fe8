"""A small class whose answers are to be marked."""

import shutil
import sys
from pathlib import Path

import pytest

from autograder.course import Course

sys.path.insert(0, str(Path(__file__).parent))  # for classroom.py
sys.path.append(str(Path(__file__).parents[1] / "report"))  # for browser.py and payloads.py


@pytest.fixture(scope="session")
def small_class(tmp_path_factory, course_factory, weights) -> Course:
    """Eight students, three questions, the last two students late; only copy it."""
    from classroom import make_class, submit

    course = make_class(course_factory, tmp_path_factory.mktemp("class") / "course", weights, students=8, late=2)
    submit(
        course,
        {
            "s000": {
                "question-plateau": "Equal scores, so ln 10.",
                "question-mean": "return sum(values) / len(values)",
            },
            "s001": {
                "question-plateau": "equal scores so **ln 10**",
                "question-mean": "return sum(values)/len(values)",
            },
            "s002": {"question-plateau": ""},
            "s003": {"question-plateau": "The learning rate is too small."},
        },
    )
    return course


@pytest.fixture
def marked_course(small_class, tmp_path) -> Course:
    """The small class, to be changed."""
    return Course(Path(shutil.copytree(small_class.root, tmp_path / "course")))
