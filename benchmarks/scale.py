"""A large class: what grading costs for each submission, whether it stays the same, and what 100,000 would take.

    python benchmarks/scale.py [--submissions 3000] [--quick] [--dask ADDRESS]

The submissions are those of the parity test, generated as often as needed. Measured are the throughput of a whole run,
the memory of the grader's own process early and late in it, the part of the processor time that this process needs
alone, the entry in the gradebook, and then the commands that read the gradebook, for a tenth of the class and for all
of it. The peer is stock nbgrader, on ten of the submissions in the same run.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from grading import FEW, MB, Case, conftest, headline, honest, measured, multiplied, stock_cost
from rich.console import Console
from rich.table import Table

from autograder.gradebook.books import Books
from autograder.gradebook.entries import entry_of
from autograder.gradebook.store import Store
from autograder.notebooks import read_notebook

PEER = 10
QUICK = 300
BATCH = 32
MANY = 100_000
SERIAL_CORES = (16, 256, 1024)
COMMANDS = ("stats", "export", "grade")

console = Console(highlight=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=3000, help="how many (default: %(default)s)")
    parser.add_argument("--dask", metavar="ADDRESS", help="run the submissions on this cluster")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} submissions, for a look")
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
        show_growth(tenth, whole)
        show_extrapolation(small, large)


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
    entries = []
    for student in case.students[:1000]:
        result = store.result(student)
        names = [name for name, why in result.stopped.items() if (store.autograded(student) / f"{name}.ipynb").exists()]
        notebooks = {name: read_notebook(store.autograded(student) / f"{name}.ipynb") for name in names}
        entries.append(entry_of(result, notebooks, None))
    empty = multiplied(few, root, 1).course
    with Books(empty, empty.assignment(case.name)) as books:
        began = time.process_time()
        for start in range(0, len(entries), BATCH):
            books.enter(entries[start : start + BATCH])
        return (time.process_time() - began) / len(entries)


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
    """Seconds of the processor for a command that reads the gradebook; for `grade`, one with nothing to do."""
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


def show_growth(tenth: Case, whole: Case) -> None:
    table = Table(title="seconds of the processor, with nothing left to grade", title_justify="left")
    table.add_column("")
    for count in (len(tenth.students), len(whole.students)):
        table.add_column(f"{count}", justify="right")
    table.add_column("ms for each further submission", justify="right")
    for command in COMMANDS:
        few, many = seconds_of(tenth, command), seconds_of(whole, command)
        further = (many - few) / (len(whole.students) - len(tenth.students))
        table.add_row(command, f"{few:.1f} s", f"{many:.1f} s", f"{1000 * further:.2f}")
    console.print(table)


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
