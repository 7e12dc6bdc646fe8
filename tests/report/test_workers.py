"""One process for each student: what breaks in one stays in it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder.errors import CourseError
from autograder.grade.run.warm_client import ForkedProcess
from autograder.report.workers import Task, run_tasks, warm_process


def double(n: int) -> int:
    return 2 * n


def die() -> None:
    os._exit(7)


def hang() -> None:
    time.sleep(60)


def meet(folder: Path, name: str, expected: int) -> None:
    (folder / name).touch()
    while len(list(folder.iterdir())) < expected:
        time.sleep(0.01)


def refuse() -> None:
    raise CourseError("knn.ipynb is not there.")


def crash() -> None:
    raise ZeroDivisionError("division by zero")


def eat() -> None:
    bytearray(64 * 2**30)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (die, "the process ended unexpectedly (exit code 7)"),
        (hang, "stopped after 4 s"),
        (refuse, "knn.ipynb is not there."),
        (crash, "ZeroDivisionError: division by zero (test_workers.py:"),
        (eat, "MemoryError"),
    ],
)
def test_one_that_breaks_never_stops_the_others(function, said):
    """Whatever a submission does to its process, are the other reports made, and is its own named?"""
    tasks = [Task("a", double, (1,)), Task("broken", function), Task("b", double, (2,)), Task("c", double, (3,))]
    seconds = 4 if function is hang else 60
    outcomes = {outcome.name: outcome for outcome in run_tasks(tasks, workers=2, seconds=seconds)}
    assert {name: outcomes[name].result for name in "abc"} == {"a": 2, "b": 4, "c": 6}
    assert outcomes["broken"].error.startswith(said)


def test_tasks_run_at_the_same_time(tmp_path):
    """Are as many tasks under way as there are workers? Each here waits until it has seen all others begin."""
    tasks = [Task(str(i), meet, (tmp_path, str(i), 6)) for i in range(6)]
    assert [outcome.error for outcome in run_tasks(tasks, workers=6, seconds=60)] == [None] * 6


def test_one_task_starts_no_second_python(monkeypatch):
    """Is a single report made by a fork of the command itself, in a process of its own all the same?"""
    monkeypatch.delitem(sys.modules, "typst", raising=False)
    monkeypatch.setattr(subprocess, "Popen", None)
    with warm_process(one=True) as warm:
        warm.begin()
        (outcome,) = run_tasks([Task("a", os.getppid)], given=warm)
    assert (outcome.error, outcome.result != os.getppid(), outcome.result != os.getpid()) == (None, True, True)
    with warm_process(one=True) as warm:
        (outcome,) = run_tasks([Task("broken", die)], given=warm)
    assert outcome.error == "the process ended unexpectedly (exit code 7)"


def test_a_process_that_has_loaded_typst_is_not_forked(monkeypatch):
    """Does Typst, whose threads would be missing in a fork, run in one of a process without it?"""
    monkeypatch.setitem(sys.modules, "typst", None)
    assert not isinstance(warm_process(one=True), ForkedProcess)
