"""Grading that is killed, interrupted or disturbed, and then goes on."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.errors import CourseError
from autograder.grade.run.warm_client import WarmProcess
from autograder.gradebook.books import Books
from autograder.gradebook.entries import GradebookEntry
from autograder.gradebook.store import Store, alone
from autograder.sandbox.watchdog import descendants

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("resume")]

STUDENTS = 6
COMMAND = [sys.executable, "-m", "autograder", "grade", "tiny", "--workers", "2"]
TABLES = """
SELECT student.id, assignment.name, notebook.name, base_cell.name, grade.auto_score, grade.extra_credit,
       grade.needs_manual_grade, submitted_notebook.late_submission_penalty, submitted_assignment.timestamp
FROM grade JOIN base_cell ON grade.cell_id = base_cell.id
JOIN submitted_notebook ON grade.notebook_id = submitted_notebook.id
JOIN notebook ON submitted_notebook.notebook_id = notebook.id
JOIN submitted_assignment ON submitted_notebook.assignment_id = submitted_assignment.id
JOIN assignment ON submitted_assignment.assignment_id = assignment.id
JOIN student ON submitted_assignment.student_id = student.id ORDER BY 1, 2, 3, 4
"""


def gradebook(tiny) -> list[tuple]:
    with sqlite3.connect(tiny.course.root / "gradebook.db") as db:
        return db.execute(TABLES).fetchall()


def results(tiny) -> dict[str, tuple]:
    return {
        path.name: (tiny.result(path.name)["seed"], tiny.scores(path.name)) for path in tiny.course.autograded.iterdir()
    }


def start(tiny, *options: str, **how) -> subprocess.Popen:
    return subprocess.Popen(
        [*COMMAND, *options],
        cwd=tiny.course.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=heed_interrupts,
        **how,
    )


def heed_interrupts() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so does all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def finish(tiny, *options: str) -> str:
    process = start(tiny, *options)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    return output


def family(pid: int) -> list[int]:
    """The process and all that it started, directly or not."""
    return [pid, *descendants(pid)]


@pytest.fixture(scope="module")
def handed_in(released, tmp_path_factory):
    root = tmp_path_factory.mktemp("handed-in") / "course"
    tiny = type(released)(Course(Path(shutil.copytree(released.course.root, root))), weights=released.weights)
    for number in range(STUDENTS):
        factor = 2 + number % 3
        tiny.hand_in(
            f"s{number}",
            library={"out = 2 * x": f"import time; time.sleep(0.2); out = {factor} * x"},
            timestamp="2026-10-10 13:00:00 UTC" if number == 1 else None,
        )
    return tiny


@pytest.fixture(scope="module")
def undisturbed(handed_in, tmp_path_factory):
    """A run from end to end: its gradebook, its results, and how long it took."""
    tiny = copy_of(handed_in, tmp_path_factory.mktemp("undisturbed"))
    began = time.monotonic()
    finish(tiny, "--seed", "5")
    return gradebook(tiny), results(tiny), time.monotonic() - began


def copy_of(tiny, folder: Path):
    return type(tiny)(Course(Path(shutil.copytree(tiny.course.root, folder / "course"))), weights=tiny.weights)


@pytest.mark.parametrize("moment", range(3))
def test_killed_grader(handed_in, undisturbed, tmp_path, moment):
    """kill -9 of the grader at a random moment, then the same command again: is everything as if nothing had been?"""
    tiny = copy_of(handed_in, tmp_path)
    process = start(tiny, "--seed", "5")
    time.sleep(undisturbed[2] * random.Random(moment).uniform(0.3, 0.95))
    started = family(process.pid)
    process.kill()
    process.communicate()
    until = time.monotonic() + 30
    while any(alive(pid) for pid in started):
        assert time.monotonic() < until, "processes outlive the grader"
        time.sleep(0.05)
    finish(tiny, "--seed", "5")
    assert gradebook(tiny) == undisturbed[0]
    assert results(tiny) == undisturbed[1]
    assert not list(tiny.course.autograded.glob(".*"))


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


@pytest.mark.parametrize("moment", range(2))
def test_killed_helpers(handed_in, undisturbed, tmp_path, moment):
    """kill -9 of whatever runs below the grader, several times: are the scores those of an undisturbed run?"""
    tiny = copy_of(handed_in, tmp_path)
    chance = random.Random(moment)
    process = start(tiny, "--seed", "5")
    for _ in range(3):
        time.sleep(undisturbed[2] * chance.uniform(0.1, 0.3))
        below = family(process.pid)[1:]
        if below:
            try:
                os.kill(chance.choice(below), signal.SIGKILL)
            except ProcessLookupError:
                continue
    process.communicate(timeout=120)
    finish(tiny)
    assert gradebook(tiny) == undisturbed[0]
    assert results(tiny) == undisturbed[1]


def test_interrupt(handed_in, tmp_path):
    """Does Ctrl-C end the run soon, with an exit code that says so, and leave nobody behind?"""
    tiny = copy_of(handed_in, tmp_path)
    process = start(tiny)
    while process.poll() is None and not list(tiny.course.autograded.glob("*/tiny")):
        time.sleep(0.01)
    started = family(process.pid)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert not any(map(alive, started))
    assert "Stopped. What is graded is kept; the same command goes on." in output
    assert "Traceback" not in output


def test_interrupt_from_the_keyboard_while_the_sandbox_is_tried(handed_in, tmp_path):
    """Is Ctrl-C, which goes to all processes of a terminal, no failure of the sandbox and no traceback of a helper?"""
    tiny = copy_of(handed_in, tmp_path)
    process = start(tiny, start_new_session=True)
    while process.poll() is None and not any(b"sandbox.selftest.checks" in command(pid) for pid in family(process.pid)):
        time.sleep(0.01)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in output


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_two_runs_at_once(handed_in, tmp_path, grading):
    """Is a second run of an assignment that is being graded refused?"""
    tiny = copy_of(handed_in, tmp_path)
    with alone(Store(tiny.course, tiny.name)), pytest.raises(CourseError, match="being graded already"):
        grading(tiny)


def test_busy_database(handed_in, undisturbed, tmp_path):
    """Does grading wait while another program writes to the gradebook?"""
    tiny = copy_of(handed_in, tmp_path)
    process = start(tiny, "--seed", "5")
    other = sqlite3.connect(tiny.course.root / "gradebook.db", isolation_level=None, timeout=60)
    for _ in range(8):
        other.execute("BEGIN IMMEDIATE")
        time.sleep(0.4)
        other.execute("COMMIT")
        time.sleep(0.1)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert gradebook(tiny) == undisturbed[0]


def test_two_programs_enter_the_same_student(tiny, monkeypatch):
    """Is a student entered though another program enters the same one between the look and the entry?"""
    assignment = tiny.course.assignment("tiny")
    with Books(tiny.course, assignment) as ours, Books(tiny.course, assignment) as theirs:
        look = ours.layout
        others = iter([lambda: theirs.enter([GradebookEntry("ada", None, {})])])

        def meanwhile():
            found = look()
            next(others, lambda: None)()
            return found

        monkeypatch.setattr(ours, "layout", meanwhile)
        ours.enter([GradebookEntry("ada", None, {})])
        assert [scores.student for scores in ours.scores()] == ["ada"]


def test_newer_submissions_and_students_and_force(handed_in, tmp_path, grading, monkeypatch):
    """Is exactly that graded which is new, asked for, or forced?"""
    tiny = copy_of(handed_in, tmp_path)
    grading(tiny, wanted=["s0", "s1"], seed=1)
    assert sorted(results(tiny)) == ["s0", "s1"]
    grading(tiny, seed=2)
    assert {name: seed for name, (seed, _) in results(tiny).items()} == {
        f"s{n}": 1 if n < 2 else 2 for n in range(STUDENTS)
    }
    shutil.rmtree(tiny.course.submitted / "s3" / "tiny")
    tiny.hand_in("s3")
    grading(tiny, seed=3)
    assert [name for name, (seed, _) in results(tiny).items() if seed == 3] == ["s3"]
    assert tiny.scores("s3")["first:double-check"] == 2
    grading(tiny, seed=4, force=True, wanted=["s4"])
    assert [name for name, (seed, _) in results(tiny).items() if seed == 4] == ["s4"]
    monkeypatch.setattr(WarmProcess, "start", lambda self: pytest.fail("there is nothing to warm up for"))
    grading(tiny)


def test_seed_repeats_a_run(handed_in, tmp_path, grading):
    """Do the hidden inputs differ from run to run, and come back with the seed?"""
    tiny = copy_of(handed_in, tmp_path)
    grading(tiny, wanted=["s1"])
    first = tiny.result("s1")
    grading(tiny, wanted=["s1"], force=True)
    second = tiny.result("s1")
    assert first["seed"] != second["seed"]
    grading(tiny, wanted=["s1"], force=True, seed=first["seed"])
    again = tiny.result("s1")
    assert first["notebooks"] == again["notebooks"] != second["notebooks"]
