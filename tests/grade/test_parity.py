"""Honest submissions of every kind: does each cell get the score that stock `nbgrader autograde` gives it?

Where ours differs on purpose, EXPECTED_DIFFERENCES in honest.py says so and why.
"""

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

SPEC = importlib.util.spec_from_file_location("honest", Path(__file__).with_name("honest.py"))
honest = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(honest)


@pytest.mark.slow
def test_scores_equal_those_of_stock_nbgrader(course_factory, grading, tmp_path):
    """Cell by cell, over all honest submissions."""
    tiny = honest.make_course(tmp_path / "course", course_factory)
    students = sorted(path.name for path in tiny.course.submitted.iterdir())
    assert len(students) >= 30

    def stock(part: int) -> honest.Scores:
        course = honest.stock_course(tiny.course, honest.NAME, tmp_path / f"stock-{part}", students[part::2])
        honest.stock_autograde(course, honest.NAME)
        return honest.auto_scores(course, honest.NAME)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(stock, (0, 1))
    theirs = first | second
    grading(tiny)
    ours = honest.auto_scores(tiny.course, honest.NAME)
    assert ours.keys() == theirs.keys()
    assert len(ours) == 6 * len(students)
    differences = {key: (theirs[key], ours[key]) for key in ours if theirs[key] != ours[key]}
    assert differences == honest.EXPECTED_DIFFERENCES
