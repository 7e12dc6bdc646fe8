"""Grading a tiny course from end to end."""

import io

from rich.console import Console

from autograder.grade.show import grade_and_show


def grade(tiny, **options) -> str:
    console = Console(file=io.StringIO(), width=200)
    grade_and_show(tiny.course, tiny.name, console=console, **options)
    return console.file.getvalue()


FULL = {
    "first:double-check": 2,
    "first:norm-check": 3,
    "first:triple-check": 4,
    "second:accuracy-check": 10,
    "second:bonus-check": 3,
}


def test_complete_blank_and_mistaken(tiny):
    """Does each of three students get the points that their work deserves?"""
    tiny.hand_in("ada")
    tiny.hand_in("max", library={"out = 2 * x": "out = 3 * x"})
    tiny.hand_in_release("ben")
    shown = grade(tiny)
    assert tiny.scores("ada") == FULL
    assert tiny.scores("max") == FULL | {"first:double-check": 0}
    assert tiny.scores("ben") == dict.fromkeys(FULL, 0)
    assert "ada" in shown
