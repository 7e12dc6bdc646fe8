"""A large class: what grading costs for each submission, whether it stays the same, and what 100,000 would take.

    python benchmarks/scale.py [--submissions 3000] [--growth] [--quick] [--dask ADDRESS]

The submissions are those of the parity test, generated as often as needed. Measured are the throughput of a whole run,
the memory of the grader's own process early and late in it, the part of the processor time that this process needs
alone, and the entry in the gradebook. The peer is stock nbgrader, on ten of the submissions in the same run.

Then the commands that read the gradebook, for classes of 30 to 30,000: there, thirty graded submissions are entered
under as many names as needed. `--growth` does this part alone.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import psutil
from grading import FEW, MB, Case, conftest, headline, honest, measured, multiplied, stock_cost
from rich.console import Console
from rich.table import Table

from autograder.course import Course
from autograder.gradebook.books import Books
from autograder.gradebook.entries import GradebookEntry, entry_of
from autograder.gradebook.store import Store
from autograder.notebooks import read_notebook

PEER = 10
QUICK = 300
BATCH = 32
MANY = 100_000
SERIAL_CORES = (16, 256, 1024)
COMMANDS = {
    "stats": "stats",
    "export": "export",
    "grade with nothing to do, first": "grade",
    "and again": "grade",
}
"""The commands that read the gradebook. `grade` reads everything that was handed in once, then what has changed."""
GROWTH = (30, 300, 3000, 30_000)

console = Console(highlight=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=3000, help="how many (default: %(default)s)")
    parser.add_argument("--dask", metavar="ADDRESS", help="run the submissions on this cluster")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} submissions, classes up to {QUICK}")
    parser.add_argument("--growth", action="store_true", help="only the commands that read the gradebook")
    given = parser.parse_args()
    if given.quick:
        given.submissions = QUICK
    with tempfile.TemporaryDirectory(prefix="scale-benchmark-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with console.status("making the submissions"):
            course = honest.make_course(folder / "course", conftest).course
            everyone = sorted(path.name for path in course.submitted.iterdir())
            few = Case(course, honest.NAME, tuple(everyone[len(everyone) * i // FEW] for i in range(FEW)))
        classes = GROWTH[:2] if given.quick else GROWTH
        if given.growth:
            show_growth(few, folder, classes)
            return
        with console.status("making the submissions"):
            tenth = multiplied(few, folder / "tenth", max(1, given.submissions // 10))
            whole = multiplied(few, folder / "whole", given.submissions)
        headline(f"{given.submissions} generated submissions")
        with console.status("stock nbgrader"):
            stock, _ = stock_cost(multiplied(few, folder / "peer", PEER), folder / "stock")
        with console.status("ours, a tenth"):
            small = Run(tenth, given.dask)
        with console.status("ours, all of them"):
            large = Run(whole, given.dask)
        show_runs(small, large, stock.processor / stock.count, stock.each)
        entry = entry_cost(whole, folder / "empty", few)
        console.print(f"entry in the gradebook: {1000 * entry:.2f} ms of the processor for each submission")
        show_extrapolation(small, large)
        show_growth(few, folder, classes)


class Run:
    """One grading run.

    Attributes:
        count, wall, processor: how many submissions, seconds by the clock, and of the processor, of all processes.
        alone: seconds of the processor that the grader's own process used.
        early, late: the most private memory of that process in the first and in the last third of the run, in bytes.
    """

    def __init__(self, case: Case, dask: str | None) -> None:
        self.count = len(case.students)
        command = [sys.executable, "-m", "autograder", "grade", case.name, *(["--dask", dask] if dask else [])]
        self.alone, samples = 0.0, []

        def grade() -> None:
            run = psutil.Popen(command, cwd=case.course.root, stdout=said, stderr=said)
            while run.is_running() and run.status() != psutil.STATUS_ZOMBIE:
                times = run.cpu_times()
                self.alone = times.user + times.system
                samples.append(run.memory_full_info().uss)
                time.sleep(0.2)
            if run.wait():
                said.seek(0)
                sys.exit(said.read()[-4000:])

        with tempfile.TemporaryFile("w+") as said:
            cost = measured(grade, self.count)
        self.wall, self.processor = cost.wall, cost.processor
        third = max(1, len(samples) // 3)
        self.early, self.late = max(samples[third : 2 * third], default=0), max(samples[-third:])


def entry_cost(case: Case, root: Path, few: Case) -> float:
    """Seconds of the processor to enter one submission's results, in batches, into a gradebook without submissions."""
    store = Store(case.course, case.name)
    entries = [entry_of_graded(store, student) for student in case.students[:1000]]
    empty = multiplied(few, root, 1).course
    with Books(empty, empty.assignment(case.name)) as books:
        began = time.process_time()
        for some in batched(entries):
            books.enter(some)
        return (time.process_time() - began) / len(entries)


def entry_of_graded(store: Store, student: str) -> GradebookEntry:
    """What the gradebook gets of a graded submission."""
    result, folder = store.result(student), store.autograded(student)
    paths = {name: folder / f"{name}.ipynb" for name in result.stopped}
    return entry_of(result, {name: read_notebook(path) for name, path in paths.items() if path.exists()}, None)


def show_runs(small: Run, large: Run, stock_processor: float, stock_wall: float) -> None:
    table = Table()
    table.add_column("")
    for column in (
        "wall time",
        "a second",
        "processor",
        "grader's own process",
        "its memory, middle",
        "at the end",
        "stock, times",
    ):
        table.add_column(column, justify="right")
    for run in (small, large):
        table.add_row(
            f"{run.count} submissions",
            f"{run.wall:.1f} s",
            f"{run.count / run.wall:.1f}",
            f"{1000 * run.processor / run.count:.0f} ms each",
            f"{1000 * run.alone / run.count:.1f} ms each",
            f"{run.early / MB:.0f} MB",
            f"{run.late / MB:.0f} MB",
            f"{stock_processor / (run.processor / run.count):.1f}",
        )
    console.print(table)
    console.print(f"stock nbgrader: {stock_wall:.2f} s by the clock and {stock_processor:.2f} s of the processor each")


def seconds_of(case: Case, command: str) -> float:
    """Seconds of the processor for a command that reads the gradebook, without the processes below it."""
    run = psutil.Popen(
        [sys.executable, "-m", "autograder", command, case.name],
        cwd=case.course.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    used = 0.0
    while run.is_running() and run.status() != psutil.STATUS_ZOMBIE:
        times = run.cpu_times()
        used = times.user + times.system
        time.sleep(0.02)
    if run.wait():
        sys.exit(f"autograder {command} failed")
    return used


def show_growth(few: Case, folder: Path, counts: Sequence[int]) -> None:
    """Seconds of the processor for the commands that read the gradebook."""
    headline("Commands that read the gradebook, seconds of the processor")
    case = multiplied(few, folder / "graded", len(few.students))
    grade = [sys.executable, "-m", "autograder", "grade", case.name]
    subprocess.run(grade, cwd=case.course.root, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    spent: dict[str, list[float]] = {what: [] for what in COMMANDS}
    for count in counts:
        with console.status(f"{count} submissions"):
            large = entered(case, folder / f"growth-{count}", count)
            for what, command in COMMANDS.items():
                spent[what].append(seconds_of(large, command))
            shutil.rmtree(large.course.root)
    table = Table()
    table.add_column("")
    for count in counts:
        table.add_column(f"{count}", justify="right")
    table.add_column("ms for each further submission", justify="right")
    for what, seconds in spent.items():
        further = (seconds[-1] - seconds[0]) / (counts[-1] - counts[0])
        table.add_row(what, *(f"{one:.1f} s" for one in seconds), f"{1000 * further:.2f}")
    console.print(table)


def entered(case: Case, root: Path, count: int) -> Case:
    """`count` graded submissions: those of the case, under as many names as needed, with the same files."""
    shutil.copytree(case.course.root, root, symlinks=True, ignore=shutil.ignore_patterns("submitted", "autograded"))
    course = Course(root)
    names = {f"{like}.{n}": like for n, like in zip(range(count), cycle(case.students), strict=False)}
    before, after = Store(case.course, case.name), Store(course, case.name)
    entries = {like: entry_of_graded(before, like) for like in case.students}
    for name, like in names.items():
        shutil.copytree(before.submitted(like), after.submitted(name), copy_function=os.link)
        shutil.copytree(before.autograded(like), after.autograded(name), copy_function=os.link)
    with Books(course, course.assignment(case.name)) as books:
        for some in batched([replace(entries[like], student=name) for name, like in names.items()]):
            books.enter(some)
    return Case(course, case.name, tuple(names))


def batched(entries: Sequence[GradebookEntry]) -> Iterator[Sequence[GradebookEntry]]:
    """The entries, as many at a time as a grading run enters."""
    return (entries[start : start + BATCH] for start in range(0, len(entries), BATCH))


def show_extrapolation(small: Run, large: Run) -> None:
    """What 100,000 submissions would take: the grader's own process is one, all else is shared out."""
    further = large.count - small.count
    alone = (large.alone - small.alone) / further
    each = (large.processor - small.processor) / further - alone
    console.print(f"100,000 of them, at {1000 * each:.0f} ms of a core and {1000 * alone:.0f} ms of the grader each:")
    for count in SERIAL_CORES:
        hours = MANY * max(each / count, alone) / 3600
        console.print(f"   {count} cores: {hours:.1f} h{' (the grader is the limit)' if alone > each / count else ''}")


if __name__ == "__main__":
    main()
