"""Runs one task for each student, several at a time, each in a process of its own.

A process that crashes, hangs or eats memory costs its own task and no other. They are forks of a fresh process that has
imported what they need, not of this one: Typst's threads do not survive a fork.
"""

import contextlib
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from autograder.errors import CourseError

WARM = "autograder.report.warm"
SECONDS = 180
MEMORY = 4 * 2**30


@dataclass(frozen=True)
class Task:
    """A name, and the call (of a module's function, so that any start method can send it) that does the work."""

    name: str
    function: Callable[..., Any]
    arguments: tuple = ()


@dataclass(frozen=True)
class Outcome:
    """What a task returned, or what went wrong."""

    name: str
    result: Any = None
    error: str | None = None


def run_tasks(tasks: Sequence[Task], workers: int | None = None, seconds: float = SECONDS) -> Iterator[Outcome]:
    """Run the tasks, at most `workers` (default: the processors there are) at once; outcomes come as they finish."""
    context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
    if sys.platform != "win32":
        context.set_forkserver_preload([WARM, *sorted({task.function.__module__ for task in tasks} - {"__main__"})])
    most = workers or processors()
    waiting = list(reversed(tasks))
    running: dict[Connection, tuple[Task, Any, float]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < most:
                task = waiting.pop()
                ours, theirs = context.Pipe(duplex=False)
                process = context.Process(target=child, args=(theirs, task), daemon=True)
                process.start()
                theirs.close()
                running[ours] = (task, process, time.monotonic() + seconds)
            patience = min(end for _, _, end in running.values()) - time.monotonic()
            ready = wait(list(running), timeout=max(patience, 0))
            late = [pipe for pipe, (_, _, end) in running.items() if time.monotonic() > end]
            for pipe in {*ready, *late}:
                task, process, _ = running.pop(pipe)
                yield outcome(pipe, task, process, seconds)
    finally:
        for pipe, (_, process, _) in running.items():
            process.kill()
            process.join()
            pipe.close()


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def outcome(pipe: Connection, task: Task, process: Any, seconds: float) -> Outcome:
    """What a process that is done, dead or late leaves."""
    try:
        if pipe.poll():
            result, error = pipe.recv()
            return Outcome(task.name, result, error)
        process.kill()
        return Outcome(task.name, error=f"stopped after {seconds:.0f} s")
    except EOFError:
        process.join(5)
        return Outcome(task.name, error=f"the process ended unexpectedly (exit code {process.exitcode})")
    finally:
        process.join(5)
        if process.is_alive():
            process.kill()
        pipe.close()


def child(pipe: Connection, task: Task) -> None:
    """In the new process: do the task, send (result, error)."""
    limit_memory()
    try:
        answer = (task.function(*task.arguments), None)
    except CourseError as error:
        answer = (None, str(error))
    except Exception as error:
        import traceback

        where = traceback.extract_tb(error.__traceback__)[-1]
        answer = (None, f"{type(error).__name__}: {error} ({os.path.basename(where.filename)}:{where.lineno})")
    with contextlib.suppress(BrokenPipeError):
        pipe.send(answer)
    pipe.close()


def limit_memory() -> None:
    """At most MEMORY bytes of data, where the system can say so."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard == resource.RLIM_INFINITY or hard > MEMORY:
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, hard))
