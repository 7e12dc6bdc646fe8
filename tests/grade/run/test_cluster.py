"""Grading on a Dask cluster."""

import distributed
import pytest

from autograder.errors import CourseError
from autograder.grade.run import crew


def test_same_scores_on_a_cluster(tiny, grading):
    """Do submissions that other processes run get the scores that they get here?"""
    tiny.hand_in("ada")
    tiny.hand_in("max", library={"out = 2 * x": "out = 3 * x"})
    grading(tiny, seed=3)
    here = {student: tiny.result(student)["notebooks"] for student in ("ada", "max")}
    with distributed.LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None) as cluster:
        grading(tiny, seed=3, force=True, dask=cluster.scheduler_address)
    assert {student: tiny.result(student)["notebooks"] for student in ("ada", "max")} == here


def test_no_cluster(tiny, grading, monkeypatch):
    """Is it said that nobody answers?"""
    monkeypatch.setattr(crew, "CONNECT_SECONDS", 1)
    tiny.hand_in("ada")
    with pytest.raises(CourseError, match="no Dask scheduler answers"):
        grading(tiny, dask="tcp://127.0.0.1:1")
