"""Faults of the machine are no student's zero: what is not the submission's doing is no verdict, or mended."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.errors import CourseError
from autograder.files import MAX_FILES
from autograder.grade.processes import clerk
from autograder.grade.run import start, worker
from autograder.grade.run.scratch import LOCK, PREFIX
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.run.worker import NotBegun, Worker
from autograder.grade.verdict.judge import Judge
from autograder.gradebook.anomalies import anomalies
from autograder.gradebook.store import Store
from autograder.intake.submission import read_submission
from autograder.sandbox import syscalls
from autograder.sandbox.watchdog import descendants

BUSY = "this machine was so busy with other things that it did not get its time"
TRIES, HANGS = 3, 600.0
FULL = {
    "first:double-check": 2,
    "first:norm-check": 3,
    "first:triple-check": 4,
    "second:accuracy-check": 10,
    "second:bonus-check": 3,
}


def scores(tiny, student: str) -> dict[str, float]:
    return {name: tiny.scores(student)[name] for name in FULL}


def notes(tiny, student: str) -> str:
    return "\n".join(note["text"] for note in tiny.result(student)["notes"])


def command(tiny, *options: str, shell: str = 'exec "$@"') -> subprocess.Popen:
    """`autograder grade`, from a shell of which something is wrong."""
    program = [sys.executable, "-m", "autograder", "grade", "tiny", "--tier", "landlock", *options]
    return subprocess.Popen(
        ["bash", "-c", shell, "-", *program],
        cwd=tiny.course.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tiny.course.root.parent / "temporary")},
    )


@pytest.fixture
def temporary(tiny) -> Path:
    """The folder of temporary files of `command`."""
    folder = tiny.course.root.parent / "temporary"
    folder.mkdir()
    folder.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("shell", "code", "says"),
    [
        ('exec "$@" <&- >&- 2>&-', 0, ""),
        ('umask 0777; exec "$@"', 0, ""),
        ('PYTHONIOENCODING=ascii exec "$@"', 0, ""),
        ('exec "$@" >/dev/full', 1, "No space left on device. Make room on the disk"),
        ('ulimit -v 900000; exec "$@"', 1, "this shell's limit `ulimit -v` is 900000, and grading needs"),
        ('ulimit -f 1000; exec "$@"', 1, "this shell's limit `ulimit -f` is 1000, and grading needs"),
    ],
)
def test_shells_of_which_something_is_wrong(tiny, temporary, shell, code, says):
    """Does a closed stream, a strange umask, an ASCII terminal cost nobody a point, and is a limit one line?"""
    tiny.hand_in("ada")
    process = command(tiny, "--workers", "1", shell=shell)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == code, output + errors
    assert says in errors
    assert "Traceback" not in output + errors
    if "ulimit" not in shell:
        assert scores(tiny, "ada") == FULL
        assert not list(temporary.iterdir())


def wait_for(condition, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.02)


def test_everything_paused(tiny, temporary):
    """After all of it stood still for longer than its limits, does a submission still get its points?"""
    toml = tiny.source / "assignment.toml"
    toml.write_text(
        toml.read_text().replace("cell_seconds = 5", "cell_seconds = 2").replace("seconds = 20", "seconds = 4")
    )
    tiny.hand_in("ada", cells={"first:own": sleeping(1.2)})
    process = command(tiny)
    wait_for(lambda: list(temporary.glob("*/grading-*/asleep")))
    family = [process.pid, *descendants(process.pid)]
    for pid in family:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(5)
    for pid in family:
        os.kill(pid, signal.SIGCONT)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, output + errors
    assert scores(tiny, "ada") == FULL


def sleeping(seconds: float) -> str:
    begin, end = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"
    rest = f"open('asleep', 'w').close(); import time; time.sleep({seconds})"
    return f"def triple(x):\n    {begin}\n    {rest}\n    return 3 * x\n    {end}"


def test_out_of_time_beside_others(tiny, grading):
    """Is a submission that ran out of time graded once more alone before it loses a point, and is that said?"""
    toml = tiny.source / "assignment.toml"
    toml.write_text(toml.read_text().replace("cell_seconds = 5", "cell_seconds = 1"))
    for student in ("ada", "bob", "cy"):
        tiny.hand_in(student)
    slow = tiny.course.submitted / "ada" / "tiny" / "nn" / "tiny.py"
    slow.write_text(slow.read_text().replace("out = 2 * x", "while True: out = 2 * x"))
    grading(tiny, workers=2, tier="landlock")
    assert "graded once more, alone: it ran out of time beside others" in notes(tiny, "ada")
    assert scores(tiny, "ada") == FULL | {"first:double-check": 0}
    assert scores(tiny, "bob") == scores(tiny, "cy") == FULL
    assert "once more" not in notes(tiny, "bob")


def test_scratch_file_system_full(tiny, temporary):
    """Where two submissions fill the disk between them, does each get its points in the end?"""
    try:
        syscalls.mount("faults", str(temporary), "tmpfs", 0, "size=8m,mode=755")
    except (OSError, AttributeError):
        pytest.skip("no file system can be mounted here")
    try:
        save = "import numpy as np; np.save('big', np.zeros(4_800_000 // 8)); import time; time.sleep(1.5)"
        for student in ("ada", "bob"):
            tiny.hand_in(student, library={"out = 2 * x": f"{save}; out = 2 * x"})
        process = command(tiny, "--workers", "2")
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, output + errors
        assert scores(tiny, "ada") == scores(tiny, "bob") == FULL
        assert "there was no room left" in notes(tiny, "ada") + notes(tiny, "bob")
    finally:
        syscalls.detach(str(temporary))


def test_memory_of_the_machine_gone(tiny, grading, monkeypatch):
    """Is a kill by the kernel no verdict, tried again alone, and named where it happens again?"""
    tiny.hand_in("ada")
    tiny.hand_in("bob")
    kills = iter(range(6))
    monkeypatch.setattr(worker, "kills_for_memory", lambda: next(kills, 6))
    with pytest.raises(CourseError, match="has no verdict: the machine ran out of memory meanwhile"):
        grading(tiny, workers=1, tier="landlock")
    monkeypatch.undo()
    grading(tiny, workers=1, tier="landlock")
    assert scores(tiny, "ada") == scores(tiny, "bob") == FULL


@pytest.mark.parametrize(("free_mb", "workers"), [(100_000, 4), (1100, 2), (100, 1)])
def test_workers_fit_into_the_memory(monkeypatch, free_mb, workers):
    """Are there no more workers than the machine has memory for, and at least one?"""
    monkeypatch.setattr(start, "available_memory", lambda: free_mb * 2**20)
    assert start.affordable(4, 512) == workers


def test_fewer_workers_are_told(tiny, grading, monkeypatch):
    """Is it said where there are fewer workers than asked for?"""
    tiny.hand_in("ada")
    tiny.hand_in("bob")
    monkeypatch.setattr(start, "available_memory", lambda: 600 * 2**20)
    shown = grading(tiny, workers=2, tier="landlock")
    assert "1 of 2 workers: each may use 512 MB (memory_mb in assignment.toml), and 600 MB are free." in shown


def test_very_many_files(tiny):
    """Of more files than are read, are notebooks, code and weights among those that are?"""
    folder = tiny.hand_in("ada")
    for number in range(MAX_FILES + 50):
        (folder / f"a{number:04}.txt").touch()
    submission = read_submission("ada", folder, 16, ("best.npz",))
    assert {"first.ipynb", "second.ipynb", "nn/tiny.py", "best.npz"} <= submission.files.keys()
    assert len(submission.files) == MAX_FILES
    assert "more than 1000 files" in submission.notes[0].text


def test_submission_that_cannot_be_read(tiny, grading, monkeypatch):
    """Is a submission whose folder goes while grading runs, or cannot be read, named instead of given 0?"""
    for student in ("ada", "bob"):
        tiny.hand_in(student)
    read = clerk.read

    def gone(store, pristine, student):
        if student == "ada":
            shutil.rmtree(store.submitted(student), ignore_errors=True)
        return read(store, pristine, student)

    monkeypatch.setattr(clerk, "read", gone)
    with pytest.raises(CourseError, match=r"ada has no verdict: .*ada/tiny cannot be read: No such file or directory"):
        grading(tiny, tier="landlock")
    assert scores(tiny, "bob") == FULL
    assert "cannot be read" in anomalies([], Store(tiny.course, "tiny").logged())[0].text
    assert not (tiny.course.autograded / "ada" / "tiny").exists()


def test_damaged_results_are_mended(tiny, grading):
    """Is a stored result that is cut off, gone or changed noticed by the next run, and made again?"""
    damages = {
        "ada": lambda folder: (folder / "first.ipynb").unlink(),
        "bob": lambda folder: rewrite(folder / "first.ipynb", b""),
        "cy": lambda folder: rewrite(folder / "result.json", (folder / "result.json").read_bytes()[:-100] + b"}"),
        "dan": lambda folder: None,
    }
    for student in damages:
        tiny.hand_in(student)
    grading(tiny, tier="landlock", seed=1)
    for student, damage in damages.items():
        damage(tiny.course.autograded / student / "tiny")
    shown = grading(tiny, tier="landlock", seed=2)
    assert "1 graded already" in shown
    assert {student: tiny.result(student)["seed"] for student in damages} == {"ada": 2, "bob": 2, "cy": 2, "dan": 1}
    assert (tiny.course.autograded / "bob" / "tiny" / "first.ipynb").stat().st_size > 0


def rewrite(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def test_damaged_weights_of_the_source_are_made_again(tiny):
    """Are kept weights of the instructor's search that are not what was written made again, and nobody blamed?"""
    assignment = tiny.course.assignment("tiny")

    def cells() -> list[str]:
        ran: list[str] = []
        with WarmProcess() as warm, Judge(tiny.course, assignment, "second", 0, warm) as judge:
            judge.prepare(ran.append)
        return ran

    assert "search" in cells()
    (kept,) = tiny.course.work.rglob("best.npz")
    rewrite(kept, kept.read_bytes()[:100])
    assert "search" in cells()
    assert "search" not in cells()


def test_helper_killed_while_the_first_sandbox_is_set_up(tiny, grading, monkeypatch):
    """Does grading go on where a process dies before the first notebook has begun?"""
    tiny.hand_in("ada")
    honest, deaths = Worker.spawn, iter([NotBegun("a process died while it was set up")])

    def spawn(self, request):
        for death in deaths:
            raise death
        return honest(self, request)

    monkeypatch.setattr(Worker, "spawn", spawn)
    grading(tiny, tier="landlock")
    assert scores(tiny, "ada") == FULL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_stays_in_the_temporary_folder(tiny, temporary, number):
    """After TERM, or after kill -9 and another run, is no copy of a submission left behind?"""
    tiny.hand_in("ada", cells={"first:own": sleeping(0.5)})
    process = command(tiny)
    wait_for(lambda: list(temporary.glob("*/grading-*/asleep")))
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == (128 + number if number == signal.SIGTERM else -number)
    assert "Traceback" not in errors
    if number == signal.SIGKILL:
        assert list(temporary.iterdir())
        old, own = temporary / f"{PREFIX}of-another-run", temporary / f"{PREFIX}an-instructors-own-folder"
        for folder in (old, own):
            folder.mkdir()
            os.utime(folder, (0, 0))
        old.with_name(old.name + LOCK).touch()
        again = command(tiny)
        output, errors = again.communicate(timeout=120)
        assert again.returncode == 0, output + errors
        own.rmdir()
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("name", ["what?mode=ro", "a%20b", "#1 of 2"])
def test_course_paths_that_look_like_addresses(released, tmp_path, grading, name):
    """Is the gradebook that of the course, whatever the course's folder is called?"""
    root = Path(shutil.copytree(released.course.root, tmp_path / name / "course"))
    tiny = type(released)(Course(root), weights=released.weights)
    before = (root / "gradebook.db").stat().st_mtime_ns
    tiny.hand_in("ada")
    shown = grading(tiny, tier="landlock")
    assert "ada" in shown
    assert (root / "gradebook.db").stat().st_mtime_ns > before
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert sorted(path.name for path in (tmp_path / name).iterdir()) == ["course"]


def hand_in_beside_sixty(tiny) -> None:
    """A submission with 60 busy processes, and honest ones that need most of their time."""
    toml = tiny.source / "assignment.toml"
    text = (
        toml.read_text().replace("cell_seconds = 5", "cell_seconds = 1.5").replace("processes = 16", "processes = 64")
    )
    toml.write_text(text.replace("notebook_seconds = 20", "notebook_seconds = 4"))
    many = "for _ in range(60):\n        if os.fork() == 0:\n            os.setsid()\n            while True: pass"
    long = "until = time.process_time() + 0.9\n    while time.process_time() < until: pass"
    begin, end = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"
    for student, rest in {"a": many, "b": long, "c": long}.items():
        own = f"def triple(x):\n    {begin}\n    import os, time\n    {rest}\n    return 3 * x\n    {end}"
        tiny.hand_in(student, cells={"first:own": own})


def check_beside_sixty(tiny) -> None:
    assert scores(tiny, "b") == scores(tiny, "c") == FULL
    assert all(BUSY in note for student in "bc" for note in notes(tiny, student).splitlines())
    assert "processes that it started were still at work" in notes(tiny, "a")


@pytest.mark.slow
def test_busy_neighbours(tiny, grading):
    """Beside another's 60 busy processes, does honest work that needs time get its points? Is the other named?"""
    hand_in_beside_sixty(tiny)
    for tries_left in reversed(range(TRIES)):
        try:
            grading(tiny, workers=2, tier="landlock")
            break
        except CourseError as error:
            if BUSY not in str(error) or not tries_left:
                raise
    check_beside_sixty(tiny)


@pytest.mark.slow
def test_busy_neighbours_of_an_ordinary_user(tiny, ordinary_user):
    """Is that so where the kernel counts the processes of all submissions together, as one user's?"""
    folder, run = ordinary_user
    hand_in_beside_sixty(tiny)
    theirs = type(tiny)(Course(Path(shutil.copytree(tiny.course.root, folder / "course"))))
    grade = [sys.executable, "-m", "autograder", "grade", "tiny", "--tier", "landlock", "--workers", "2"]
    ended = run(grade, theirs.course.root, timeout=HANGS)
    for _ in range(TRIES - 1):
        if ended.returncode and BUSY in ended.stderr:
            ended = run(grade, theirs.course.root, timeout=HANGS)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    check_beside_sixty(theirs)
