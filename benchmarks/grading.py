"""Grading the same submissions with stock nbgrader and with us, in one run: time, overhead, memory, scores.

    python benchmarks/grading.py [--homework NAME] [--students N] [--only small|homework]

Two cases. The small one is the parity test's: one short notebook and an honest submission of every kind, where all that
counts is what grading costs beside the code. The other is a homework of source/, with demo.toml's students, where the
code itself takes most of the time. Stock nbgrader runs as its users run it, `nbgrader autograde NAME`, and also as two
of them side by side, each with half the students. It cannot leave a search out; so a homework is graded both as it is
and with the search taken out of stock's notebooks.

Bare execution is one fork of a warm process for each submission, which runs the same cells and nothing else. The
overhead is what a submission costs us beyond that: processor time of all workers, judging and bookkeeping included.
"""

import os

os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "grade"))

import conftest  # noqa: E402 (the parity test's course)
import honest  # noqa: E402

from autograder.course import Course, find_course  # noqa: E402
from autograder.demo.course import make_course  # noqa: E402
from autograder.demo.run import reference_weights  # noqa: E402
from autograder.demo.students import hand_in, load_students  # noqa: E402
from autograder.expect.session import RecordingSession  # noqa: E402
from autograder.grade.assess import Settings, make_job  # noqa: E402
from autograder.grade.engine import data_view, usual_workers  # noqa: E402
from autograder.grade.jobs import Job  # noqa: E402
from autograder.grade.pristine import load_pristine  # noqa: E402
from autograder.grade.runner import run_cells  # noqa: E402
from autograder.grade.shell import NotebookShell, ignore, make_shell  # noqa: E402
from autograder.grade.splice import splice_submission  # noqa: E402
from autograder.grade.submission import read_submission  # noqa: E402
from autograder.grade.worker import write_files  # noqa: E402
from autograder.grade.zygote import warm_up  # noqa: E402
from autograder.notebooks import read_notebook, write_notebook  # noqa: E402
from autograder.release.generate import release  # noqa: E402

SPEED, OVERHEAD = 10.0, 0.1
"""What is promised for the small case: so many times as fast, so many seconds a submission."""
MANY = 300
SAMPLE_SECONDS = 0.5
MB = 2**20

console = Console(highlight=False)


@dataclass(frozen=True)
class Case:
    """Submissions to grade, all of them handed in."""

    course: Course
    name: str
    students: tuple[str, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homework", default="softmax_net", help="the homework of source/ (default: %(default)s)")
    parser.add_argument("--students", type=int, default=4, help="how many hand the homework in (default: %(default)s)")
    parser.add_argument("--only", choices=("small", "homework"), help="leave the other case out")
    given = parser.parse_args()
    kept = True
    with tempfile.TemporaryDirectory(prefix="grading-benchmark-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        shell = make_shell()
        warm_up()
        if given.only != "homework":
            kept = small_case(folder / "small", shell)
        if given.only != "small":
            homework_case(folder / "homework", given.homework, given.students, shell)
    raise SystemExit(not kept)


# --- the two cases ----------------------------------------------------------------------------------------------------


def small_case(folder: Path, shell: NotebookShell) -> bool:
    """Grade the parity test's submissions, then ten times as many; is what is promised kept?"""
    with console.status("small: making the submissions"):
        course = honest.make_course(folder / "course", conftest).course
        students = tuple(sorted(path.name for path in course.submitted.iterdir()))
        case = Case(course, honest.NAME, students)
    console.print(headline(f"Small notebook, {len(students)} honest submissions of every kind"), style="bold")
    with console.status("small: bare execution"):
        bare = bare_seconds(case, shell)
    with console.status("small: stock nbgrader"):
        stock, theirs = stock_seconds(case, folder / "stock")
    with console.status("small: two stock nbgraders side by side"):
        beside = side_by_side(case, folder)
    with console.status("small: ours"):
        ours, scores = our_seconds(copied(case, folder / "ours"))
    with console.status(f"small: ours, {MANY} submissions"):
        many = multiplied(case, folder / "many", MANY)
        with watched_memory(many) as memory:
            for_many, _ = our_seconds(many)
    rows = [
        ("stock nbgrader", stock, len(students)),
        ("two stock nbgraders side by side", beside, len(students)),
        ("ours", ours, len(students)),
        (f"ours, {MANY} submissions", for_many, MANY),
    ]
    show_times(rows, stock / len(students), bare)
    marginal = (for_many - ours) / (MANY - len(students)) * usual_workers() - bare
    differences = {key: (theirs[key], scores[key]) for key in scores if theirs[key] != scores[key]}
    same = differences == honest.EXPECTED_DIFFERENCES
    console.print(f"bare execution of the same cells: {1000 * bare:.0f} ms a submission")
    console.print(
        f"our overhead above it: {1000 * marginal:.0f} ms for each further submission; "
        f"{1000 * (ours * usual_workers() / len(students) - bare):.0f} ms with start and answer key spread over "
        f"{len(students)}, {1000 * (for_many * usual_workers() / MANY - bare):.0f} ms over {MANY}"
    )
    console.print(
        f"scores: {len(scores)} cells, identical but for the {len(honest.EXPECTED_DIFFERENCES)} that honest.py explains"
        if same
        else f"scores DIFFER: {sorted(differences.items() ^ honest.EXPECTED_DIFFERENCES.items())}"
    )
    show_memory(memory)
    kept = stock / ours >= SPEED and marginal < OVERHEAD and same
    console.print(
        f"promised: {SPEED:g} times as fast, less than {1000 * OVERHEAD:g} ms; {'kept' if kept else 'MISSED'}\n",
        style="green" if kept else "red",
    )
    return kept


def homework_case(folder: Path, name: str, count: int, shell: NotebookShell) -> None:
    """Grade a homework of source/, with and without its search."""
    with console.status(f"{name}: the reference solution runs once, searches included"):
        case = homework(folder / "course", name, count)
    console.print(headline(f"{name}, {count} submissions of demo.toml's students"), style="bold")
    searches = case.course.assignment(name).search
    with console.status(f"{name}: bare execution"):
        bare = bare_seconds(case, shell)
    rows = []
    if searches:
        with console.status(f"{name}: stock nbgrader, searches included"):
            rows.append(("stock nbgrader, which runs the search", stock_seconds(case, folder / "searching")[0], count))
        case = without_searches(case, folder / "without")
    with console.status(f"{name}: stock nbgrader"):
        stock, theirs = stock_seconds(case, folder / "stock")
    rows.append(("stock nbgrader without the search" if searches else "stock nbgrader", stock, count))
    with console.status(f"{name}: two stock nbgraders side by side"):
        rows.append(("two of these side by side", side_by_side(case, folder), count))
    with console.status(f"{name}: ours"):
        ours, scores = our_seconds(case)
    rows.append(("ours", ours, count))
    show_times(rows, rows[0][1] / count, bare)
    console.print(f"bare execution of the same cells: {bare:.2f} s a submission")
    console.print(
        f"our overhead above it: {ours * usual_workers() / count - bare:.2f} s, start and answer key included"
    )
    different = [key for key in scores if not near(theirs[key], scores[key])]
    console.print(f"scores: {len(scores)} cells, {len(different)} different")
    for student, cell in different:
        console.print(f"   {student}, {cell}: stock {theirs[student, cell]}, ours {scores[student, cell]}")
    console.print()


def near(one: float | None, other: float | None) -> bool:
    return one == other or (one is not None and other is not None and abs(one - other) < 1e-9)


def homework(root: Path, name: str, count: int) -> Case:
    """A course with one homework and `count` submissions: demo.toml's students, as often as needed."""
    original = find_course(ROOT)
    course = make_course(original, name, root)
    assignment = course.assignment(name)
    release(course, [name])
    weights = reference_weights(course, assignment, lambda cell: None)
    kinds = load_students(original.assignment(name))
    students = []
    for number in range(count):
        kind = kinds[number % len(kinds)]
        students.append(f"{kind.id}-{number}")
        hand_in(course, assignment, kind, weights, course.submitted / students[-1] / name)
    return Case(course, name, tuple(students))


def copied(case: Case, root: Path) -> Case:
    shutil.copytree(case.course.root, root, symlinks=True)
    return Case(Course(root), case.name, case.students)


def without_searches(case: Case, root: Path) -> Case:
    """The same submissions, with nothing in the cells that search."""
    case = copied(case, root)
    searches = case.course.assignment(case.name).search
    for student in case.students:
        for name in {notebook for notebook, _ in searches}:
            path = case.course.submitted / student / case.name / f"{name}.ipynb"
            nb = read_notebook(path)
            for cell in nb.cells:
                if (name, cell.id) in searches:
                    cell.source = f"{honest.BEGIN}\npass\n{honest.END}"
            write_notebook(nb, path)
    return case


def multiplied(case: Case, root: Path, count: int) -> Case:
    """`count` submissions: those of the case, as often as needed."""
    shutil.copytree(case.course.root, root, symlinks=True, ignore=shutil.ignore_patterns("submitted"))
    students = []
    for number in range(count):
        student = case.students[number % len(case.students)]
        students.append(f"{number:03}-{student}")
        shutil.copytree(case.course.submitted / student, root / "submitted" / students[-1])
    return Case(Course(root), case.name, tuple(students))


# --- the measurements -------------------------------------------------------------------------------------------------


def stock_seconds(case: Case, root: Path) -> tuple[float, honest.Scores]:
    course = honest.stock_course(case.course, case.name, root, case.students)
    seconds = timed(lambda: honest.stock_autograde(course, case.name))
    return seconds, honest.auto_scores(course, case.name)


def side_by_side(case: Case, folder: Path) -> float:
    """Seconds of two nbgraders at once, each with its own course and half the students."""
    halves = [
        honest.stock_course(case.course, case.name, folder / f"half-{part}", case.students[part::2]) for part in (0, 1)
    ]
    with ThreadPoolExecutor(2) as pool:
        return timed(lambda: list(pool.map(lambda course: honest.stock_autograde(course, case.name), halves)))


def our_seconds(case: Case) -> tuple[float, honest.Scores]:
    command = [sys.executable, "-m", "autograder", "grade", case.name]

    def grade() -> None:
        run = subprocess.run(command, cwd=case.course.root, capture_output=True, text=True, check=False)
        if run.returncode:
            sys.exit(run.stdout[-2000:] + run.stderr[-2000:])

    return timed(grade), honest.auto_scores(case.course, case.name)


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def bare_seconds(case: Case, shell: NotebookShell) -> float:
    """Seconds a submission takes when a fork of this warm process runs its cells, and nobody watches or judges."""
    assignment = case.course.assignment(case.name)
    pristine = load_pristine(case.course, assignment)
    data = data_view(case.course)
    settings = Settings(seed=0, tier="none", data=data)
    seconds = 0.0
    for student in case.students:
        folder = case.course.submitted / student / case.name
        spliced = splice_submission(read_submission(student, folder, assignment.limits.file_mb), pristine)
        job = make_job(spliced, student, assignment, settings)
        with tempfile.TemporaryDirectory() as scratch:
            write_files(Path(scratch), job.files)
            seconds += timed(lambda job=job, scratch=scratch: run_in_fork(job, Path(scratch), shell))
    return seconds / len(case.students)


def run_in_fork(job: Job, folder: Path, shell: NotebookShell) -> None:
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return
    try:
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(0, 1)
        os.dup2(0, 2)
        os.chdir(folder)
        os.environ |= {"NBGRADER_EXECUTION": "autograde"} | ({"NN_DATA": str(job.data)} if job.data else {})
        sys.path[:] = [str(folder), *(path for path in sys.path if path.startswith((sys.prefix, sys.base_prefix)))]
        for name in [name for name in sys.modules if name == "nn" or name.startswith("nn.")]:
            del sys.modules[name]
        for notebook in job.notebooks:
            if os.fork() == 0:
                session = RecordingSession(job.seed, ignore)
                seconds = job.limits.cell_seconds
                run_cells(shell, notebook.cells, session, seconds, ignore, ignore, lambda cell, stopped: None)
                os._exit(0)
            os.wait()
    finally:
        os._exit(0)


# --- memory -----------------------------------------------------------------------------------------------------------


@dataclass
class Memory:
    """Bytes by kind of process, early in a run and late: the most that was seen of (private, proportional)."""

    early: dict[str, tuple[int, int]] = field(default_factory=dict)
    late: dict[str, tuple[int, int]] = field(default_factory=dict)


@contextmanager
def watched_memory(case: Case) -> Iterator[Memory]:
    """Look at the processes of the grading run that goes on meanwhile: around 30 submissions, and in the last 30."""
    memory, stop = Memory(), threading.Event()

    def sample() -> None:
        while not stop.wait(SAMPLE_SECONDS):
            done = len(list(case.course.autograded.glob(f"*/{case.name}")))
            into = memory.early if 10 <= done <= 50 else memory.late if done >= len(case.students) - 50 else None
            if into is not None:
                note(into)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield memory
    finally:
        stop.set()
        thread.join()


def note(into: dict[str, tuple[int, int]]) -> None:
    """Add what this process's descendants use now, by kind."""
    for process in psutil.Process().children(recursive=True):
        try:
            kind, used = kind_of(process), process.memory_full_info()
        except psutil.Error:
            continue
        before = into.get(kind, (0, 0))
        into[kind] = max(before[0], used.uss), max(before[1], used.pss)


def kind_of(process: psutil.Process) -> str:
    line = process.cmdline()
    if "autograder.grade.zygote" in line:
        above = process.parent()
        return "its child, with a notebook" if above and "autograder.grade.zygote" in above.cmdline() else "a worker"
    return "the answer key" if "autograder.grade.key" in line else "the grader"


# --- what is shown ----------------------------------------------------------------------------------------------------


def headline(text: str) -> str:
    load = os.getloadavg()[0]
    return f"{text}; {usual_workers()} cores, load {load:.1f} at the start"


def show_times(rows: Sequence[tuple[str, float, int]], reference: float, bare: float) -> None:
    """`rows`: what, seconds, submissions. `reference`: seconds a submission of what the others are compared with."""
    table = Table()
    table.add_column("")
    for column in ("wall time", "a submission", "times as fast", "of bare execution"):
        table.add_column(column, justify="right")
    for name, seconds, count in rows:
        each = seconds / count
        table.add_row(name, f"{seconds:.1f} s", f"{each:.3f} s", f"{reference / each:.1f}", f"{each / bare:.1f}")
    console.print(table)


def show_memory(memory: Memory) -> None:
    table = Table(title="memory, MB: private (proportional)", title_justify="left")
    table.add_column("")
    table.add_column("after 30 submissions", justify="right")
    table.add_column(f"after {MANY}", justify="right")
    for kind in sorted(memory.early.keys() | memory.late.keys()):
        shown = [
            f"{used[kind][0] / MB:.0f} ({used[kind][1] / MB:.0f})" if kind in used else "-"
            for used in (memory.early, memory.late)
        ]
        table.add_row(kind, *shown)
    console.print(table)


if __name__ == "__main__":
    main()
