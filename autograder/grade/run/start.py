"""The start of a grading run: what takes a while is set going first.

The gradebook's libraries take a second to import. Import them inside `started`, and a process warms up meanwhile.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from autograder.course import CONFIG, Course
from autograder.data.present import require_data, stand_ins_used
from autograder.errors import CourseError
from autograder.grade.run.crew import Crew, DaskCrew, LocalCrew
from autograder.grade.run.exposure import refuse_exposed
from autograder.grade.run.scratch import data_view, scratch_of
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.run.worker import sandbox_limits
from autograder.gradebook.store import Store, alone
from autograder.machine import MB, available_memory, cores
from autograder.options import refused_options
from autograder.packages import require_packages
from autograder.sandbox import SandboxLimits
from autograder.sandbox.limits import shortfall
from autograder.sandbox.probe import TIERS, require_tier

T = TypeVar("T")


@dataclass(frozen=True)
class Start:
    """A run that holds the assignment's lock.

    Attributes:
        scratch: a folder for what only the run needs.
        warm: forks workers' and judges' processes.
        tier: waits for the sandbox's; raises SandboxUnavailable where there is none.
        data: waits until the datasets lie where student code may see them.
        notes: what to tell whoever started it.
    """

    store: Store
    scratch: Path
    warm: WarmProcess
    crew: Crew
    tier: Callable[[], str]
    data: Callable[[], Path | None]
    notes: tuple[str, ...] = ()


@contextmanager
def started(
    course: Course,
    name: str,
    wanted: Sequence[str] = (),
    workers: int | None = None,
    tier: str | None = None,
    dask: str | None = None,
    again: bool = False,
) -> Iterator[Start]:
    """Lock an assignment, warm up, try the sandbox: at once where there is surely something to grade, else when asked.

    Args:
        wanted: the students to grade; empty: everyone.
        workers: how many submissions at a time; default: one for each core.
        tier: the sandbox's; default: the best one that this machine keeps, which is found out by trying.
        dask: the address of a cluster that runs the submissions instead.
        again: what is graded already will be graded too.

    Raises:
        CourseError: there is no such assignment or tier, its data or a package is missing, another program is grading
            it, or there is no such cluster.
            (What a sandbox would let student code read of the course is found meanwhile; then `tier` raises it.)
    """
    settings = course.assignment(name)
    require_data(settings.data, course.data, name)
    require_packages(settings.packages, name)
    limits = settings.limits
    if refused := refused_options(course.options):
        raise CourseError(f"grade: {course.root / CONFIG}: {refused[0]}.")
    if tier not in (None, *TIERS, "none"):
        raise CourseError(f'there is no sandbox tier "{tier}". There are: {", ".join(TIERS)}.')
    store = Store(course, name)
    if not dask and (text := shortfall(SandboxLimits(**sandbox_limits(limits)))):
        raise CourseError(f"{text}.")
    count = min(workers or cores(), len(wanted or store.students()) or 1)
    early = again or not store.has_all(wanted)
    notes = stand_ins_used(settings.data, course.data)
    if not dask and (room := affordable(count, limits.memory_mb)) < count:
        notes.append(
            f"{room} of {count} workers: each may use {limits.memory_mb} MB (memory_mb in assignment.toml), and "
            f"{available_memory() / MB:.0f} MB are free."
        )
        count = room
    with (
        alone(store),
        scratch_of(store) as scratch,
        WarmProcess(at_once=early) as warm,
        DaskCrew(dask) if dask else LocalCrew(count, warm, scratch) as crew,
        ExitStack() as background,
    ):
        find_tier: Callable[[], str] = partial(safe_tier, course, tier)
        lay_data: Callable[[], Path | None] = partial(data_view, store)
        if early:
            find_tier, lay_data = meanwhile(find_tier, background), meanwhile(lay_data, background)
        yield Start(store, scratch, warm, crew, find_tier, lay_data, tuple(notes))


def meanwhile(work: Callable[[], T], until: ExitStack) -> Callable[[], T]:
    """Begin some work in a thread; returns what waits for it. Then no thread is left: this process can be forked."""
    pool = until.enter_context(ThreadPoolExecutor(1))
    future = pool.submit(work)

    def awaited() -> T:
        result = future.result()
        pool.shutdown()
        return result

    return awaited


def affordable(workers: int, memory_mb: int) -> int:
    """How many of the workers this machine has memory for: at least one."""
    return max(1, min(workers, available_memory() // (memory_mb * MB)))


def safe_tier(course: Course, tier: str | None) -> str:
    """The sandbox's tier: the one given, else the best.

    Raises:
        CourseError: a sandbox here would let student code read a part of the course.
        SandboxUnavailable: there is no sandbox here.
    """
    if tier != "none":
        refuse_exposed(course)
    return tier or require_tier()
