"""Runs one task for each student, several at a time, in processes that do one task after the other.

A process that crashes, hangs or uses too much memory affects the task that it is at only: the next task gets a fresh
one, as it does after any error and after TASKS_EACH tasks. What a process has read of the assignment's own texts serves
its next student too. The processes are forks of a warm one that has imported what they need. For one task, this process
serves as the warm one, which spares importing a part of that twice; but not where it has loaded Typst, whose threads do
not survive a fork. Windows has no fork: each task gets a fresh Python there.
"""

import importlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from typing import Any

from autograder.grade.run.protocol import Frame
from autograder.grade.run.warm_client import ForkedProcess, Process, WarmProcess
from autograder.machine import cores

PRELOADED, PROGRAM = "autograder.report.warm", "autograder.report.task"
SECONDS = 180.0
TASKS_EACH = 25


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


def warm_process(one: bool = False) -> AbstractContextManager[WarmProcess | None]:
    """What the tasks' processes are forked from; None where there is no fork. It warms up while tasks are made.

    Args:
        one: there will be no more than one task. Then call `begin` once that is made, while there is one thread.
    """
    if not hasattr(os, "fork"):
        return nullcontext()
    if one and "typst" not in sys.modules:
        return ForkedProcess(None, "report", at_once=False)
    return WarmProcess(PRELOADED)


def run_tasks(
    tasks: Sequence[Task], workers: int | None = None, seconds: float = SECONDS, given: WarmProcess | None = None
) -> Iterator[TaskOutcome]:
    """Run the tasks, at most `workers` (default: the cores there are) at once; outcomes come as they finish.

    Args:
        given: what `warm_process` gave, where that began before the tasks were made.
    """
    workers = min(workers or cores(), max(len(tasks), 1))
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(workers))
        warm = given or stack.enter_context(warm_process())
        run = stack.enter_context(Processes(warm)).run if warm else run_anew
        futures = [pool.submit(run, task, seconds) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


class Processes:
    """The forks of a warm process that wait for their next task. Use as a context manager, from any threads."""

    def __init__(self, warm: WarmProcess) -> None:
        self.warm = warm
        self.idle: list[tuple[Process, int]] = []  # each with the number of tasks that it has done

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *exc: object) -> None:
        while self.idle:
            self.idle.pop()[0].end()

    def run(self, task: Task, seconds: float) -> TaskOutcome:
        """Run a task in a process that waits, or in a fresh one."""
        try:
            process, done = self.idle.pop()
        except IndexError:
            try:
                process, done = self.warm.fork(PROGRAM), 0
            except (OSError, EOFError) as error:
                return TaskOutcome(task.name, error=f"no process could be started: {error}")
        outcome = ask(process, task, seconds)
        if outcome.error is None and done + 1 < TASKS_EACH:
            self.idle.append((process, done + 1))
        else:
            process.end()
        return outcome


def ask(process: Process, task: Task, seconds: float) -> TaskOutcome:
    """Have a process do a task."""
    try:
        process.control.send(Frame.TASK, packed(task), seconds)
        _, answer = process.control.receive(seconds)
        return TaskOutcome(task.name, *pickle.loads(answer))
    except TimeoutError:
        return TaskOutcome(task.name, error=f"stopped after {seconds:.0f} s")
    except (OSError, EOFError):
        return TaskOutcome(task.name, error=f"the process ended unexpectedly (exit code {process.end()})")


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
