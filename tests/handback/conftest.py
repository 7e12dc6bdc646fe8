"""A graded course with a roster."""

from types import SimpleNamespace

import pytest

from autograder.gradebook.roster import Person, write_people

PEOPLE = (
    Person("s1", "Ada", "Lovelace", "ada@uni.edu", "A", ids=frozenset({"canvas:101", "moodle:777", "id:s1"})),
    Person(
        "s2", "=1+1", "Böse", "cmd@uni.edu", "A", ids=frozenset({"canvas:102", "moodle:778"}), extensions={"tiny": 48.0}
    ),
    Person("s3", "Mary", "Somerville", "mary@uni.edu", "B", ids=frozenset({"canvas:103", "moodle:779"})),
)


@pytest.fixture(scope="module")
def graded(tmp_path_factory, course_factory, weights, grading) -> SimpleNamespace:
    """s1 handed in a day and three hours late, s2 at the same time with two days more, s3 nothing."""
    tiny = course_factory.make_course(tmp_path_factory.mktemp("handback") / "course", weights)
    write_people(tiny.course, PEOPLE)
    tiny.hand_in("s1", timestamp="2026-10-10 15:00:00 UTC")
    tiny.hand_in("s2", timestamp="2026-10-10 15:00:00 UTC", library={"out = 2 * x": "out = 3 * x"})
    grading(tiny)
    return tiny
