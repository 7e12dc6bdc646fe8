"""Grading the same submissions with stock nbgrader and with us: time, overhead, memory, scores.

    python benchmarks/grading.py [--submissions 30] [--many 300] [--workers 2]

The submissions are of the part of knn_and_mse_net that needs no images: backpropagation by hand, and the toy net.
They are graded by `nbgrader autograde` as nbgrader comes, then by `autograder grade`, on this machine, one after the
other. Overhead is what a submission takes beyond the bare execution of its cells (a fork of a process that has
everything imported, IPython, figures drawn, nothing recorded), in the steady state.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from rich.console import Console
from rich.table import Table

from autograder.assignment import Assignment
from autograder.course import Course, environment_bin_on_path
from autograder.demo.students import DemoStudent, hand_in
from autograder.grade.assess import Settings, make_job
from autograder.grade.pristine import load_pristine
from autograder.grade.splice import splice_submission
from autograder.grade.submission import read_submission
from autograder.notebooks import read_source_notebook, write_notebook
from autograder.release.generate import release

ROOT = Path(__file__).resolve().parents[1]
NAME = "toy_net"
FIRST_CELL_LEFT_OUT = "cifar-text"
BLANK = (
    "nn.losses.mse_loss",
    "nn.neural_net.TwoLayerNet.loss:scores",
    "nn.neural_net.TwoLayerNet.loss:loss",
    "nn.neural_net.TwoLayerNet.train:update",
    "nn.neural_net.TwoLayerNet.predict",
)
STOCK_CONFIG = """from pathlib import Path
c = get_config()
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "nn"
c.CourseDirectory.release_directory = "assignments"
"""
STEADY_SAMPLE = 0.2


@dataclass(frozen=True)
class Measured:
    """One run: wall-clock seconds, and the memory of its warm processes towards its end, in MB."""

    seconds: float
    worker_mb: float = 0.0


# --- the course -------------------------------------------------------------------------------------------------------


def make_course(root: Path) -> Course:
    """A course with one assignment: the toy part of the homework."""
    source = root / "source" / NAME
    source.mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    shutil.copytree(ROOT / "nn", root / "nn", ignore=shutil.ignore_patterns("__pycache__"))
    nb = read_source_notebook(ROOT / "source" / "knn_and_mse_net" / "two_layer_net.ipynb")
    ids = [cell.id for cell in nb.cells]
    nb.cells = nb.cells[: ids.index(FIRST_CELL_LEFT_OUT)]
    write_notebook(NotebookNode(nb), source / f"{NAME}.ipynb")
    (source / "assignment.toml").write_text(
        f'title = "The toy net"\nnotebooks = ["{NAME}"]\nblank = {json.dumps(list(BLANK))}\n'
    )
    course = Course(root)
    release(course, [NAME])
    return course


def kinds(assignment: Assignment) -> list[DemoStudent]:
    """Students of every kind: complete, blank, and one for each region that is left out."""
    left = [(), ("*",), *((name,) for name in assignment.blank), (f"{NAME}:hand-forward",), (f"{NAME}:hand-backward",)]
    return [DemoStudent(f"kind{number}", "Student", "", leave=leave) for number, leave in enumerate(left)]


def hand_in_many(course: Course, count: int) -> None:
    """Submissions of all kinds in turn, up to `count`."""
    assignment = course.assignment(NAME)
    models = []
    for student in kinds(assignment):
        folder = course.root / "models" / student.id
        if not folder.exists():
            hand_in(course, assignment, student, None, folder)
        models.append(folder)
    for number in range(count):
        target = course.submitted / f"s{number:03d}" / NAME
        if not target.exists():
            shutil.copytree(models[number % len(models)], target)


# --- the runs ---------------------------------------------------------------------------------------------------------


def environment() -> dict[str, str]:
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}
    return os.environ | threads


def run_stock(course: Course, root: Path) -> tuple[Measured, Course]:
    """`nbgrader autograde` as nbgrader comes, in a copy of the course."""
    shutil.copytree(course.root, root, ignore=shutil.ignore_patterns("autograded", ".grading"))
    (root / "nbgrader_config.py").write_text(STOCK_CONFIG)
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", NAME],
        cwd=root,
        env=environment(),
        check=True,
        capture_output=True,
    )
    return Measured(time.monotonic() - began), Course(root)


def run_ours(course: Course, workers: int) -> Measured:
    """`autograder grade`, with the memory of its warm processes watched."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "autograder", "grade", NAME, "--force", "--workers", str(workers)],
        cwd=course.root,
        env=environment(),
        stdout=subprocess.DEVNULL,
    )
    samples: list[float] = []
    watcher = threading.Thread(target=sample_memory, args=(process, samples))
    watcher.start()
    code = process.wait()
    seconds = time.monotonic() - began
    watcher.join()
    if code:
        raise SystemExit(f"autograder grade ended with exit code {code}")
    return Measured(seconds, samples[-1] if samples else 0.0)


def sample_memory(process: subprocess.Popen, samples: list[float]) -> None:
    """The mean proportional memory of the warm processes, in MB, again and again until the run ends."""
    while process.poll() is None:
        found = [mb for pid in warm_processes(process.pid) if (mb := proportional_mb(pid))]
        if found:
            samples.append(sum(found) / len(found))
        time.sleep(STEADY_SAMPLE)


def warm_processes(grader: int) -> list[int]:
    pids = []
    for task in Path(f"/proc/{grader}/task").glob("*/children"):
        try:
            children = [int(pid) for pid in task.read_text().split()]
            pids += [pid for pid in children if b"grade.zygote" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        except OSError:
            continue
    return pids


def proportional_mb(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("Pss:"))


def bare_seconds(course: Course, count: int) -> float:
    """What running a submission's cells takes in a fork of a warm process: the mean over the first submissions."""
    pristine = load_pristine(course, course.assignment(NAME))
    jobs = []
    for number in range(count):
        submission = read_submission("s", course.submitted / f"s{number:03d}" / NAME, 256)
        spliced = splice_submission(submission, pristine)
        folder = course.root / "bare" / str(number)
        for path, content in spliced.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        job = make_job(spliced, "s", pristine.assignment, Settings(seed=0, tier="none"))
        jobs.append({"folder": str(folder), "cells": [cell.source for cell in job.notebooks[0].cells]})
    result = subprocess.run(
        [sys.executable, __file__, "--bare"],
        input=json.dumps(jobs),
        text=True,
        env=environment(),
        capture_output=True,
        check=True,
    )
    times = [float(line.split()[1]) for line in result.stdout.splitlines() if line.startswith("BARE ")]
    assert len(times) == count, result.stderr
    return sum(times) / count


def run_bare() -> None:
    """In a process of its own: run each job's cells in a fork, and print the seconds."""
    from autograder.expect.session import RecordingSession, use
    from autograder.grade.shell import Listening, make_shell
    from autograder.grade.zygote import forget_the_course, warm_up

    shell = make_shell()
    warm_up()
    forget_the_course()
    for job in json.load(sys.stdin):
        sys.stdout.flush()
        if os.fork() == 0:
            os.chdir(job["folder"])
            sys.path.insert(0, job["folder"])
            began = time.monotonic()
            with Listening(shell, lambda output: None), use(RecordingSession(0, lambda message: None)):
                for cell in job["cells"]:
                    shell.run_cell(cell, store_history=True)
            print("BARE", time.monotonic() - began, flush=True)
            os._exit(0)
        os.wait()


# --- scores -----------------------------------------------------------------------------------------------------------


def scores(course: Course, count: int) -> dict[tuple[str, str], float | None]:
    with Gradebook(course.gradebook_url) as gradebook:
        return {
            (submission.student.id, grade.name): grade.auto_score
            for submission in gradebook.assignment_submissions(NAME)
            for notebook in submission.notebooks
            for grade in notebook.grades
            if int(submission.student.id[1:]) < count
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=30)
    parser.add_argument("--many", type=int, default=300, help="how many show the steady state and the growth of memory")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        run_bare()
        return
    environment_bin_on_path()
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="grading-benchmark-") as folder:
        course = make_course(Path(folder) / "ours")
        hand_in_many(course, options.submissions)
        with console.status("bare execution of the cells"):
            bare = bare_seconds(course, options.submissions)
        with console.status("autograder grade"):
            ours = run_ours(course, options.workers)
        our_scores = scores(course, options.submissions)
        with console.status("nbgrader autograde, as nbgrader comes"):
            stock, theirs = run_stock(course, Path(folder) / "stock")
        stock_scores = scores(theirs, options.submissions)
        hand_in_many(course, options.many)
        with console.status(f"autograder grade, {options.many} submissions"):
            many = run_ours(course, options.workers)
        growth = (many.seconds - ours.seconds) / (options.many - options.submissions)
        different = [key for key in our_scores if our_scores[key] != stock_scores[key]]

    n, cells = options.submissions, len(our_scores)
    table = Table(title=f"{n} submissions of {NAME}, {options.workers} workers", title_justify="left")
    table.add_column("")
    table.add_column("stock nbgrader", justify="right")
    table.add_column("autograder", justify="right")
    table.add_row("all of them", f"{stock.seconds:.1f} s", f"{ours.seconds:.1f} s")
    table.add_row("each", f"{stock.seconds / n:.2f} s", f"{ours.seconds / n:.2f} s")
    table.add_row("times faster", "1", f"{stock.seconds / ours.seconds:.1f}")
    table.add_row("each, in the steady state", "", f"{1000 * growth:.0f} ms")
    table.add_row("bare execution of the cells", "", f"{1000 * bare:.0f} ms")
    overhead = options.workers * growth - bare
    table.add_row("overhead of a submission, on its worker", "", f"{1000 * overhead:.0f} ms")
    table.add_row(f"memory of a worker, {n} submissions", "", f"{ours.worker_mb:.0f} MB")
    table.add_row(f"memory of a worker, {options.many} submissions", "", f"{many.worker_mb:.0f} MB")
    table.add_row("scores that differ", "", f"{len(different)} of {cells}")
    console.print(table)
    for key in different:
        console.print(f"  {key}: stock {stock_scores[key]}, ours {our_scores[key]}")
    console.print(f"{options.many} submissions: {many.seconds:.1f} s, memory {many.worker_mb - ours.worker_mb:+.1f} MB")


if __name__ == "__main__":
    main()
