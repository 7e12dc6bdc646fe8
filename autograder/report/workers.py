"""Runs one task for each student, several at a time, each in a process of its own.

A process that crashes, hangs or uses too much memory affects its own task only. They are forks of a warm process that
has imported what they need, not of this one: Typst's threads do not survive a fork. Windows has no fork: each task gets
a fresh Python there.
"""

import importlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from autograder.grade.run.protocol import Frame
from autograder.grade.run.warm_client import WarmProcess
from autograder.machine import cores

PRELOADED, PROGRAM = "autograder.report.warm", "autograder.report.task"
SECONDS = 180.0


@dataclass(frozen=True)
class Task:
    """A name, and the call (of a module's function, so that it can be sent) that does the work."""

    name: str
    function: Callable[..., Any]
    arguments: tuple = ()


@dataclass(frozen=True)
class Later:
    """A module's function, imported where it is called: whoever makes a task need not import it."""

    module: str
    name: str

    def __call__(self, *arguments: Any) -> Any:
        return getattr(importlib.import_module(self.module), self.name)(*arguments)


@dataclass(frozen=True)
class TaskOutcome:
    """What a task returned, or what went wrong."""

    name: str
    result: Any = None
    error: str | None = None


def warm_process() -> AbstractContextManager[WarmProcess | None]:
    """What the tasks' processes are forked from; None where there is no fork. It warms up while tasks are made."""
    return WarmProcess(PRELOADED) if hasattr(os, "fork") else nullcontext()


def run_tasks(
    tasks: Sequence[Task], workers: int | None = None, seconds: float = SECONDS, given: WarmProcess | None = None
) -> Iterator[TaskOutcome]:
    """Run the tasks, at most `workers` (default: the cores there are) at once; outcomes come as they finish.

    Args:
        given: what `warm_process` gave, where that began before the tasks were made.
    """
    with ThreadPoolExecutor(workers or cores()) as pool, nullcontext(given) if given else warm_process() as warm:
        futures = [
            pool.submit(run_in_fork, warm, task, seconds) if warm else pool.submit(run_anew, task, seconds)
            for task in tasks
        ]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def run_in_fork(warm: WarmProcess, task: Task, seconds: float) -> TaskOutcome:
    """Run a task in a fork of the warm process."""
    try:
        process = warm.fork(PROGRAM)
    except (OSError, EOFError) as error:
        return TaskOutcome(task.name, error=f"no process could be started: {error}")
    try:
        process.control.send(Frame.TASK, packed(task), seconds)
        _, answer = process.control.receive(seconds)
        return TaskOutcome(task.name, *pickle.loads(answer))
    except TimeoutError:
        return TaskOutcome(task.name, error=f"stopped after {seconds:.0f} s")
    except (OSError, EOFError):
        return TaskOutcome(task.name, error=f"the process ended unexpectedly (exit code {process.end()})")
    finally:
        process.end()


def run_anew(task: Task, seconds: float) -> TaskOutcome:
    """Run a task in a fresh Python."""
    try:
        ran = subprocess.run(
            [sys.executable, "-m", PROGRAM], input=packed(task), stdout=subprocess.PIPE, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return TaskOutcome(task.name, error=f"stopped after {seconds:.0f} s")
    if ran.returncode:
        return TaskOutcome(task.name, error=f"the process ended unexpectedly (exit code {ran.returncode})")
    return TaskOutcome(task.name, *pickle.loads(ran.stdout))


def packed(task: Task) -> bytes:
    """The task, and where its process finds the module of its function."""
    return pickle.dumps((sys.path, pickle.dumps((task.function, task.arguments))))
