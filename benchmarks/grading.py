"""Grading the same submissions with stock nbgrader and with us, in one run: time, overhead, memory, scores.

    python benchmarks/grading.py [--homework NAME …] [--students N] [--only small|homework|skips] [--quick]
    python benchmarks/grading.py --workers 1 2 4 8 16

Two cases. The small one is the parity test's: one short notebook and an honest submission of every kind, where all that
counts is what grading costs beside the code. The other is a homework of source/, with demo.toml's students, where the
code itself takes most of the time. Stock nbgrader runs as its users run it, `nbgrader autograde NAME`, and also as two
of them side by side, each with half the students. It cannot leave a search out; so a homework is graded both as it is
and with the search taken out of stock's notebooks. Ours is graded with the cells left out that [grading] skip of its
assignment.toml lists, and with all of them. `--only skips` compares no more than these two and stock without searches,
for each homework named: what a further submission needs, start and answer key aside.

Bare execution is one fork of a warm process for each submission, which runs the same cells and nothing else. The
overhead is what a submission costs us beyond that in processor time, of all processes together, which hardly depends on
what else the machine does; judging and bookkeeping are in it. What the grader's own process needs of it is shown too:
however many cores or machines there are, that part is done by one.

`--workers` grades the small case's many submissions with so many workers at a time, one number after the other, and
nothing else. A further submission is what a run of many takes beyond one of few: starting up is not in it.
"""

import os

os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import argparse
import ctypes
import gc
import re
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "grade")]

import conftest  # noqa: E402 (the parity test's course)
import honest  # noqa: E402

from autograder.course import Course, find_course  # noqa: E402
from autograder.data.present import require_data  # noqa: E402
from autograder.demo.course import make_course  # noqa: E402
from autograder.demo.run import reference_weights  # noqa: E402
from autograder.demo.students import hand_in, load_students  # noqa: E402
from autograder.errors import CourseError  # noqa: E402
from autograder.expect.session import RecordingSession  # noqa: E402
from autograder.grade.prepare.pristine import load_pristine  # noqa: E402
from autograder.grade.prepare.splice import splice_submission  # noqa: E402
from autograder.grade.processes.notebook import run_cells  # noqa: E402
from autograder.grade.processes.shell import NotebookShell, ignore, warm_up  # noqa: E402
from autograder.grade.run.jobs import Job  # noqa: E402
from autograder.grade.run.one_submission import Settings, make_job  # noqa: E402
from autograder.grade.run.scratch import data_view  # noqa: E402
from autograder.grade.run.worker import write_files  # noqa: E402
from autograder.gradebook.store import Store  # noqa: E402
from autograder.intake.submission import read_submission  # noqa: E402
from autograder.machine import load_now  # noqa: E402
from autograder.notebooks import read_notebook, write_notebook  # noqa: E402
from autograder.release.generate import release  # noqa: E402

SPEED, OVERHEAD, ALONE = 10.0, 0.1, 0.005
"""What is promised for the small case: so many times as fast, and so many seconds a submission, of all processes and of
the grader's own."""
FAIR, SPARED = 5.0, 3.0
"""And for a homework: so many times less processor time for a further submission than stock nbgrader needs without the
search, and than with the cells that no check needs."""
STOCK, ALL_CELLS, LEFT_OUT = "stock nbgrader without searches", "ours, all cells run", "ours, cells left out"
PEERS, MANY_ENOUGH = 4, 3
"""So many of a homework's submissions are graded by stock nbgrader; so many of ours are the first, and make a run that
prepares its images once."""
PR_SET_CHILD_SUBREAPER = 36
ENDING_SECONDS = 5.0
FEW, MANY, QUICK = 30, 300, 10
SAMPLE_SECONDS = 0.5
MB = 2**20

console = Console(highlight=False)


@dataclass(frozen=True)
class Case:
    """Submissions to grade, all of them handed in."""

    course: Course
    name: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, and of the processor, for so many submissions."""

    wall: float
    processor: float
    count: int
    alone: float = 0.0
    """Seconds of the processor that the program itself used, without the processes below it."""

    @property
    def each(self) -> float:
        return self.wall / self.count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--homework", nargs="+", default=["softmax_net"], help="homeworks of source/ (default: softmax_net)"
    )
    parser.add_argument(
        "--students", type=int, default=12, help="how many hand the homework in, at least 6 (default: %(default)s)"
    )
    parser.add_argument("--only", choices=("small", "homework", "skips"), help="only this case")
    parser.add_argument("--quick", action="store_true", help="the small case alone, with fewer submissions")
    parser.add_argument("--workers", type=int, nargs="+", metavar="N", help="the small case, ours with N workers each")
    given = parser.parse_args()
    few, many = (FEW, MANY) if not given.quick else (QUICK, FEW)
    kept = True
    with tempfile.TemporaryDirectory(prefix="grading-benchmark-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        shell = warm_up()
        gc.collect()
        gc.freeze()
        if given.workers:
            raise SystemExit(not scaling_case(folder / "small", given.workers, few, many))
        if given.only in (None, "small"):
            kept = small_case(folder / "small", shell, few, many)
        for name in given.homework if given.only != "small" and not given.quick else ():
            if not has_data(name):
                console.print(f"{name}: left out, its data is not here: autograder data synthetic", style="yellow")
                continue
            kept &= homework_case(folder / name, name, given.students, shell, only_skips=given.only == "skips")
    raise SystemExit(not kept)


def has_data(homework: str) -> bool:
    """Are the data sets here that the homework needs?"""
    course = find_course(ROOT)
    try:
        require_data(course.assignment(homework).data, course.data, homework)
    except CourseError:
        return False
    return True


# --- the two cases ----------------------------------------------------------------------------------------------------


def small_case(folder: Path, shell: NotebookShell, count: int, large: int) -> bool:
    """Grade some of the parity test's submissions, then many; is what is promised kept?"""
    case, many = small_cases(folder, count, large)
    headline(f"A small notebook, {count} honest submissions of every kind")
    with console.status("small: bare execution"):
        bare = bare_cost(case, shell)
    with console.status("small: stock nbgrader"):
        stock, theirs = stock_cost(case, folder / "stock")
    with console.status("small: two stock nbgraders side by side"):
        beside = side_by_side(case, folder)
    with console.status("small: ours"):
        ours, scores = our_cost(case)
    with console.status(f"small: ours, {large} submissions"), watched_memory(many) as memory:
        for_many, _ = our_cost(many)
    rows = {
        "stock nbgrader": stock,
        "two stock nbgraders side by side": beside,
        "ours": ours,
        f"ours, {large} submissions": for_many,
        "bare execution, one after the other": bare,
    }
    show_costs(rows, stock)
    further = large - count
    alone = (for_many.alone - ours.alone) / further
    processor = (for_many.processor - ours.processor) / further - bare.processor / count
    start = ours.wall - count * (for_many.wall - ours.wall) / further
    enough = (count, large) == (FEW, MANY)
    if enough:
        console.print(
            f"our overhead for each further submission: {1000 * processor:.0f} ms of the processor; of all that it "
            f"costs, {1000 * alone:.0f} ms are the grader's own process; start and answer key: {start:.1f} s, once"
        )
    explained = {
        (student, cell): both
        for student in case.students
        for (kind, cell), both in honest.EXPECTED_DIFFERENCES.items()
        if kind == kind_of_student(student)
    }
    differences = {key: (theirs[key], scores[key]) for key in scores if theirs[key] != scores[key]}
    same = differences == explained
    console.print(
        f"scores: {len(scores)} cells, identical but for the {len(explained)} that tests/grade/honest.py explains"
        if same
        else f"scores DIFFER: {sorted(differences.items() ^ explained.items())}"
    )
    if enough:
        show_memory(memory, large)
    kept = stock.wall / ours.wall >= SPEED and processor < OVERHEAD and alone < ALONE and same
    promise = (
        f"promised: {SPEED:g} times as fast, less than {1000 * OVERHEAD:g} ms of overhead on the processor, "
        f"{1000 * ALONE:g} ms of the grader's own process"
    )
    if not enough:
        console.print(f"{promise}; so few submissions do not show it\n")
        return same
    console.print(f"{promise}: {'kept' if kept else 'MISSED'}\n", style="green" if kept else "red")
    return kept


def small_cases(folder: Path, count: int, large: int) -> tuple[Case, Case]:
    """Honest submissions of every kind, few and many of them."""
    with console.status("small: making the submissions"):
        course = honest.make_course(folder / "course", conftest).course
        everyone = sorted(path.name for path in course.submitted.iterdir())
        base = Case(course, honest.NAME, tuple(everyone[len(everyone) * i // count] for i in range(count)))
        return multiplied(base, folder / "few", count), multiplied(base, folder / "many", large)


def scaling_case(folder: Path, workers: Sequence[int], count: int, large: int) -> bool:
    """Grade many submissions with each of these numbers of workers, in a course of its own; are the scores the same?"""
    case, many = small_cases(folder, count, large)
    headline(f"A small notebook, {large} honest submissions, of which so many are graded at a time")
    first: tuple[float, float] | None = None
    scores = []
    table = Table()
    for column in (
        "workers",
        "wall time",
        "times as fast",
        "further one",
        "times as fast",
        "processor",
        "grader's own",
    ):
        table.add_column(column, justify="right")
    for number in workers:
        with console.status(f"small: {number} workers"):
            few, _ = our_cost(fresh(case, folder / f"few-{number}"), "--workers", str(number), "--seed", "7")
            all_of_them, given = our_cost(
                fresh(many, folder / f"many-{number}"), "--workers", str(number), "--seed", "7"
            )
        scores.append(given)
        further = large - count
        wall, each = all_of_them.wall, (all_of_them.wall - few.wall) / further
        first = first or (wall, each)
        table.add_row(
            str(number),
            f"{wall:.1f} s",
            f"{first[0] / wall:.1f}",
            f"{1000 * each:.1f} ms",
            f"{first[1] / each:.1f}",
            f"{1000 * (all_of_them.processor - few.processor) / further:.0f} ms",
            f"{1000 * (all_of_them.alone - few.alone) / further:.1f} ms",
        )
    console.print(table)
    same = near_all(*scores)
    console.print(f"{len(scores[0])} scores {'identical' if same else 'DIFFER'} whatever the number of workers")
    return same


def homework_case(folder: Path, name: str, count: int, shell: NotebookShell, only_skips: bool) -> bool:
    """Grade a homework of source/, with and without its search; is what is promised kept?"""
    with console.status(f"{name}: the reference solution runs once, searches included"):
        whole = homework(folder / "course", name, count)
    if only_skips:
        return show_skips(name, whole, folder)
    case = replace(whole, students=whole.students[:PEERS])
    searches = case.course.assignment(name).search
    headline(f"{name}, {len(case.students)} submissions of demo.toml's students")
    with console.status(f"{name}: bare execution"):
        bare = bare_cost(case, shell)
    rows = {}
    if searches:
        with console.status(f"{name}: stock nbgrader, searches included"):
            rows["stock nbgrader, which runs the search"] = stock_cost(case, folder / "searching")[0]
    searched = without_searches(case, folder / "without-searches")
    without = " without the search" if searches else ""
    with console.status(f"{name}: stock nbgrader"):
        rows["stock nbgrader" + without], theirs = stock_cost(searched, folder / "stock")
    with console.status(f"{name}: two stock nbgraders side by side"):
        rows["two stock nbgraders side by side" + without] = side_by_side(searched, folder)
    with console.status(f"{name}: ours"):
        rows["ours"], scores = our_cost(searched, force=True)
    rows["bare execution, one after the other"] = bare
    show_costs(rows, next(iter(rows.values())))
    different = [key for key in scores if not near(theirs[key], scores[key])]
    console.print(f"scores: {len(scores)} cells, {len(different)} different (hidden checks, held-out images)")
    for student, cell in different:
        console.print(f"   {student}, {cell}: stock {theirs[student, cell]}, ours {scores[student, cell]}")
    return show_skips(name, whole, folder)


def show_skips(name: str, case: Case, folder: Path) -> bool:
    """What a further submission needs: stock nbgrader without searches, ours with all cells, and ours without those
    that no check needs. Each grades some first, and then these and further ones. Is what is promised kept?"""
    headline(f"{name}, what each further submission needs")
    without = replace(without_searches(case, folder / "without"), students=case.students[:PEERS])
    everything = with_all_cells(case, folder / "everything")

    def stock(one: Case) -> tuple[Cost, honest.Scores]:
        return stock_cost(one, folder / f"stock-{len(one.students)}")

    ours = partial(our_cost, force=True)
    further, scores = {}, {}
    for label, one, first, graded in (
        (STOCK, without, 1, stock), (ALL_CELLS, everything, MANY_ENOUGH, ours), (LEFT_OUT, case, MANY_ENOUGH, ours)
    ):  # fmt: skip
        with console.status(f"{name}: {label}"):
            few, _ = graded(replace(one, students=one.students[:first]))
            many, scores[label] = graded(one)
        further[label] = (many.processor - few.processor) / (many.count - few.count)
    table = Table("", "seconds of the processor", "times what ours needs")
    for label, each in further.items():
        table.add_row(label, f"{each:.2f}", f"{each / further[LEFT_OUT]:.1f}")
    console.print(table)
    same = near_all(scores[ALL_CELLS], scores[LEFT_OUT])
    console.print(f"{len(scores[LEFT_OUT])} scores with cells left out: {'identical' if same else 'DIFFERENT'}")
    less = min(further[ALL_CELLS] / SPARED, further[STOCK] / FAIR)
    kept = same and 0 < further[LEFT_OUT] <= less
    console.print(
        f"promised: {SPARED:g} times less than with all cells, and {FAIR:g} times less than stock nbgrader without "
        f"searches: {'kept' if kept else 'MISSED'}\n",
        style="green" if kept else "red",
    )
    return kept


def near_all(one: honest.Scores, *others: honest.Scores) -> bool:
    return all(one.keys() == other.keys() and all(near(one[key], other[key]) for key in one) for other in others)


def with_all_cells(case: Case, root: Path) -> Case:
    """The same submissions, in a course whose assignment leaves no cell out."""
    shutil.copytree(case.course.root, root, symlinks=True)
    path = root / "source" / case.name / "assignment.toml"
    path.write_text(re.sub(r"(?ms)^skip = \[.*?\]\n", "", path.read_text()))
    course = Course(root)
    assert not course.assignment(case.name).grading.skip
    return Case(course, case.name, case.students)


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


def without_searches(case: Case, root: Path) -> Case:
    """The same submissions, with nothing in the cells that search."""
    shutil.copytree(case.course.root, root, symlinks=True)
    case = Case(Course(root), case.name, case.students)
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
        students.append(f"{student}.{number}")
        shutil.copytree(case.course.submitted / student, root / "submitted" / students[-1])
    return Case(Course(root), case.name, tuple(students))


def fresh(case: Case, root: Path) -> Case:
    """The same submissions in a course of their own, where nothing is graded yet."""
    shutil.copytree(case.course.root, root, symlinks=True)
    return Case(Course(root), case.name, case.students)


def kind_of_student(student: str) -> str:
    """The kind of a submission that `multiplied` made."""
    return student.rsplit(".", 1)[0]


# --- the measurements -------------------------------------------------------------------------------------------------


def stock_cost(case: Case, root: Path) -> tuple[Cost, honest.Scores]:
    course = honest.stock_course(case.course, case.name, root, case.students)
    cost = measured(lambda: honest.stock_autograde(course, case.name), len(case.students))
    return cost, honest.auto_scores(course, case.name)


def side_by_side(case: Case, folder: Path) -> Cost:
    """Two nbgraders at once, each with its own course and half the students."""
    halves = [
        honest.stock_course(case.course, case.name, folder / f"half-{part}", case.students[part::2]) for part in (0, 1)
    ]
    with ThreadPoolExecutor(2) as pool:
        return measured(
            lambda: list(pool.map(lambda course: honest.stock_autograde(course, case.name), halves)), len(case.students)
        )


def our_cost(case: Case, *options: str, force: bool = False) -> tuple[Cost, honest.Scores]:
    """What grading these students costs; all of them, where nobody else is handed in. `force`: only these, again."""
    command = [sys.executable, "-m", "autograder", "grade", case.name, *options]
    if force:
        command += ["--force", "--seed", "7", *(part for student in case.students for part in ("-s", student))]

    alone = 0.0

    def grade() -> None:
        nonlocal alone
        with tempfile.TemporaryFile("w+") as said:
            run = psutil.Popen(command, cwd=case.course.root, stdout=said, stderr=said)
            while run.is_running() and run.status() != psutil.STATUS_ZOMBIE:
                times = run.cpu_times()
                alone = times.user + times.system
                time.sleep(0.05)
            if run.wait():
                said.seek(0)
                sys.exit(said.read()[-4000:])

    cost = measured(grade, len(case.students))
    return replace(cost, alone=alone), honest.auto_scores(case.course, case.name)


def measured(work: Callable[[], object], count: int) -> Cost:
    """What `work` costs, in its child processes and all below them; those that outlive their parents become ours."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    began, used = time.perf_counter(), processor_of_children()
    work()
    wall = time.perf_counter() - began
    with suppress(ChildProcessError):
        while time.perf_counter() - began - wall < ENDING_SECONDS:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.01)
    return Cost(wall, processor_of_children() - used, count)


def processor_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def bare_cost(case: Case, shell: NotebookShell) -> Cost:
    """A fork of this warm process runs each submission's cells, and nobody watches or judges."""
    assignment = case.course.assignment(case.name)
    pristine = load_pristine(case.course, assignment)
    settings = Settings(seed=0, tier="none", data=data_view(Store(case.course, case.name)))
    costs = []
    for student in case.students:
        folder = case.course.submitted / student / case.name
        spliced = splice_submission(read_submission(student, folder, assignment.limits.file_mb), pristine)
        job = make_job(spliced, student, pristine, settings)
        with tempfile.TemporaryDirectory() as scratch:
            write_files(Path(scratch), job.files)
            costs.append(measured(lambda job=job, scratch=scratch: run_in_fork(job, Path(scratch), shell), 1))
    return Cost(sum(cost.wall for cost in costs), sum(cost.processor for cost in costs), len(costs))


def run_in_fork(job: Job, folder: Path, shell: NotebookShell) -> None:
    """Run each notebook's cells in a fork of its own; what they show and state goes nowhere."""
    for notebook in job.notebooks:
        pid = os.fork()
        if pid == 0:
            nowhere = os.open(os.devnull, os.O_RDWR)
            for descriptor in range(3):
                os.dup2(nowhere, descriptor)
            os.chdir(folder)
            os.environ |= {"NBGRADER_EXECUTION": "autograde"} | ({"NN_DATA": str(job.data)} if job.data else {})
            sys.path[:] = [str(folder), *(path for path in sys.path if path.startswith((sys.prefix, sys.base_prefix)))]
            for name in [name for name in sys.modules if name.partition(".")[0] == "nn"]:
                del sys.modules[name]
            session = RecordingSession(job.seed, ignore)
            run_cells(shell, notebook.cells, session, job.limits.cell_seconds, ignore, ignore, lambda *_: None)
            os._exit(0)
        os.waitpid(pid, 0)


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
    name = process.name()
    above = process.parent()
    below_its_like = above is not None and above.name() == name
    if name in ("warm", "answer_key") and below_its_like:
        return f"a clerk's copy of the {name.replace('_', ' ')}"
    if name == "starter":
        return "its child, with a notebook" if below_its_like else "a starter"
    return {
        "warm": "the warm process", "answer_key": "the answer key", "judging": "a fork that judges",
        "clerk": "a clerk", "clerks": "what forks clerks", "watchdog": "a watchdog", "mistakes": "a copy for mistakes",
    }.get(name, "the grader")  # fmt: skip


# --- what is shown ----------------------------------------------------------------------------------------------------


def headline(text: str) -> None:
    console.print(f"{text}\n{load_now()}", style="bold")


def show_costs(rows: dict[str, Cost], reference: Cost) -> None:
    table = Table()
    table.add_column("")
    for column in ("wall time", "per submission", "processor", "times as fast"):
        table.add_column(column, justify="right")
    for name, cost in rows.items():
        table.add_row(
            name,
            f"{cost.wall:.1f} s",
            f"{cost.each:.3f} s",
            f"{cost.processor / cost.count:.3f} s",
            f"{reference.each / cost.each:.1f}",
        )
    console.print(table)


def show_memory(memory: Memory, count: int) -> None:
    table = Table(title="memory, MB: private (proportional)", title_justify="left")
    table.add_column("")
    table.add_column("after 30 submissions", justify="right")
    table.add_column(f"after {count}", justify="right")
    for kind in sorted(memory.early.keys() | memory.late.keys()):
        shown = [
            f"{used[kind][0] / MB:.0f} ({used[kind][1] / MB:.0f})" if kind in used else "-"
            for used in (memory.early, memory.late)
        ]
        table.add_row(kind, *shown)
    console.print(table)


if __name__ == "__main__":
    main()
