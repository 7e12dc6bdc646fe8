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


def test_crash_of_the_peer_is_no_difference(tmp_path, monkeypatch):
    """Is a submission at which stock nbgrader crashes run again alone, and a second crash told as one?"""
    course, ran = honest.Course(tmp_path), []

    def autograde(course, name, *options):
        ran.append(options)
        for student in options[1:2] or ("ada",):
            (course.autograded / student / name).mkdir(parents=True)
        if not options:
            raise honest.StockCrashed("the kernel died")

    monkeypatch.setattr(honest, "stock_autograde", autograde)
    honest.stock_autograde_all(course, "tiny", ["ada", "bob"])
    assert ran == [(), ("--student", "bob", "--force")]

    def crash(course, name, *options):
        raise honest.StockCrashed("the kernel died")

    monkeypatch.setattr(honest, "stock_autograde", crash)
    with pytest.raises(honest.StockCrashed):
        honest.stock_autograde_all(course, "tiny", ["cy"])


@pytest.mark.slow
def test_scores_equal_those_of_stock_nbgrader(course_factory, grading, tmp_path):
    """Cell by cell, over all honest submissions."""
    tiny = honest.make_course(tmp_path / "course", course_factory)
    students = sorted(path.name for path in tiny.course.submitted.iterdir())
    assert len(students) >= 30

    def stock(part: int) -> honest.Scores:
        mine = students[part::2]
        course = honest.stock_course(tiny.course, honest.NAME, tmp_path / f"stock-{part}", mine)
        honest.stock_autograde_all(course, honest.NAME, mine)
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
