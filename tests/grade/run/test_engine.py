"""What happens in the middle of a run to helpers and files must not cost another submission its verdict."""

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
from sqlalchemy.exc import OperationalError

from autograder.errors import CourseError, NoVerdict
from autograder.grade.prepare.pristine import load_pristine
from autograder.grade.processes import clerk
from autograder.grade.run.crew import Board, LocalCrew
from autograder.grade.run.engine import Engine, Listener, doubt, grade_all
from autograder.grade.run.jobs import NotebookRun, Run
from autograder.grade.run.one_submission import Settings
from autograder.grade.run.plan import read
from autograder.grade.run.protocol import Frame
from autograder.grade.run.scratch import temporary_scratch
from autograder.grade.run.start import started
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.run.worker import SandboxRefused, Worker
from autograder.grade.verdict.judge import JudgeDied, KeyProcess
from autograder.gradebook.books import Books
from autograder.gradebook.store import Store
from autograder.notebooks import read_notebook, write_notebook

FULL = {"first:double-check": 2, "first:triple-check": 4, "second:accuracy-check": 10}


@contextmanager
def engine_of(tiny, workers=1):
    pristine = load_pristine(tiny.course, tiny.course.assignment(tiny.name))
    with (
        temporary_scratch() as scratch,
        WarmProcess() as warm,
        LocalCrew(workers, warm, scratch) as crew,
        Engine(tiny.course, pristine, Settings(5, "landlock"), crew, warm, scratch, Listener()) as engine,
    ):
        yield engine


def scores(graded) -> dict[str, float]:
    found = {":".join(cell.key): cell.score for cell in graded.result.cells}
    return {name: found[name] for name in FULL}


@pytest.mark.parametrize("again", [False, True])
def test_what_is_graded_again_is_begun_at_once(tiny, grading, again):
    """Does a run warm up early that grades again what is graded already, and one that has nothing to do not?"""
    tiny.hand_in("ada")
    grading(tiny, tier="landlock")
    with started(tiny.course, "tiny", tier="landlock", again=again) as start:
        assert (start.warm.control is not None) is again


def test_key_that_nobody_needs(tiny, grading):
    """Is no answer key made of a notebook that nobody handed in, and is one that is not needed any more not awaited?"""
    notebook = tiny.source / "second.ipynb"
    content = read_notebook(notebook)
    content.cells[0].source += "\nimport time; time.sleep(60)"
    write_notebook(content, notebook)
    (tiny.hand_in("ada") / "second.ipynb").unlink()
    began = time.monotonic()
    grading(tiny)
    assert tiny.scores("ada")["first:double-check"] == 2
    with engine_of(tiny) as engine:
        key = engine.make_key("second")
    assert isinstance(key.exception(0), JudgeDied)
    assert time.monotonic() - began < 40


def test_killed_judge_is_made_again(tiny):
    """After kill -9 of the processes with the answer key, are the next verdicts those of the same key?"""
    tiny.hand_in("ada")
    with engine_of(tiny) as engine:
        submission = read(Store(tiny.course, tiny.name), engine.pristine.assignment, "ada")
        before = engine.grade(submission)
        for judge in engine.judges.values():
            os.kill(judge.process.pid, signal.SIGKILL)
        after = engine.grade(submission)
    assert scores(before) == scores(after) == FULL
    assert {path: data for path, data in before.files.items() if path.endswith(".ipynb")} == {
        path: data for path, data in after.files.items() if path.endswith(".ipynb")
    }


def test_key_whose_process_comes_late(tiny, monkeypatch):
    """Where no process can be forked for an answer key, because the machine is too busy, is it asked for once more?"""
    with engine_of(tiny) as engine:
        honest, late = engine.warm.fork, iter([TimeoutError("no answer in time")])

        def fork(program):
            for error in late:
                raise error
            return honest(program)

        monkeypatch.setattr(engine.warm, "fork", fork)
        assert engine.make_key("first").result(60).cells


def test_gradebook_that_cannot_be_written(tiny, grading, monkeypatch):
    """Does the run end at once where no score can be written down, and is nobody said to have no verdict?"""
    tiny.hand_in("ada")
    tiny.hand_in("bob")

    def readonly(*_) -> None:
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("attempt to write a readonly database"))

    monkeypatch.setattr(Books, "write", readonly)
    with pytest.raises(OperationalError, match="readonly"):
        grading(tiny)
    assert not list(tiny.course.autograded.glob("*/tiny"))


def test_evidence_that_kills_every_judge(tiny, monkeypatch):
    """Is a submission that takes the judge down each time given up, and is the next one graded?"""
    tiny.hand_in("ada")
    tiny.hand_in("bob")
    with engine_of(tiny) as engine:
        store = Store(tiny.course, tiny.name)
        ada, bob = (read(store, engine.pristine.assignment, student) for student in ("ada", "bob"))
        engine.grade(bob)
        judge = engine.judges["first"]
        kind = type(judge)
        honest, tries = kind.judge, []

        def deadly(self, run, files):
            tries.append(self.notebook)
            os.kill(self.process.pid, signal.SIGKILL)
            return honest(self, run, files)

        monkeypatch.setattr(kind, "judge", deadly)
        with pytest.raises(JudgeDied, match="the process with the answer key of first ended"):
            engine.grade(ada)
        assert tries == ["first", "first"]
        monkeypatch.setattr(kind, "judge", honest)
        assert scores(engine.grade(bob)) == FULL


def test_worker_that_dies_every_time(tiny, grading, monkeypatch):
    """Where the process that starts notebooks is killed every time, does the message say what died, and what to do?"""
    tiny.hand_in("ada")
    tiny.hand_in("bob")
    honest = Worker.run

    def run(self, job, last_try=True):
        if job.student == "ada":
            self.ask(Frame.SPAWN, {})
        return honest(self, job, last_try)

    monkeypatch.setattr(Worker, "run", run)
    with pytest.raises(CourseError, match=r"ada has no verdict: the process that starts notebooks ended \(.+\)"):
        grading(tiny)
    assert tiny.scores("bob")["first:double-check"] == 2


def test_submission_that_cannot_be_written_down(tiny, grading):
    """Where a result cannot be stored, is that said with the student's name, and are the others graded?"""
    for student in ("ada", "bob", "cy"):
        tiny.hand_in(student)
    tiny.course.autograded.mkdir()
    (tiny.course.autograded / "bob").write_text("in the way")
    with pytest.raises(CourseError, match=r"bob has no verdict: FileExistsError.*\nRun the same command again"):
        grading(tiny)
    assert tiny.scores("ada")["first:double-check"] == 2
    assert tiny.scores("cy")["first:double-check"] == 2
    (tiny.course.autograded / "bob").unlink()
    grading(tiny)
    assert tiny.scores("bob")["first:double-check"] == 2


def refusing(monkeypatch, which) -> None:
    """Have the sandbox refuse the notebooks that `which(student, notebook, last_try, folder)` says."""
    honest = Worker.run_notebook

    def run_notebook(self, job, notebook, folder, last_try):
        if which(job.student, notebook.name, last_try, folder):
            raise SandboxRefused("no room")
        return honest(self, job, notebook, folder, last_try)

    monkeypatch.setattr(Worker, "run_notebook", run_notebook)


def test_sandbox_refused_after_the_first_notebook(tiny, grading, monkeypatch):
    """Does a notebook whose folder gives no sandbox, twice, cost only its own points, and say so?

    Where no other folder gives one either, is it the machine's fault, and no verdict?
    """
    for student in ("ada", "bob", "cy"):
        tiny.hand_in(student)
    spoiled = {"ada": lambda folder: any(folder.iterdir()), "bob": lambda folder: False, "cy": lambda folder: True}
    refusing(monkeypatch, lambda student, notebook, _, folder: notebook == "second" and spoiled[student](folder))
    with pytest.raises(CourseError, match=r"^cy has no verdict: no room\nRun the same command again"):
        grading(tiny)
    assert tiny.scores("ada")["first:double-check"] == 2
    assert tiny.scores("ada")["second:bonus-check"] == 0
    assert tiny.scores("bob")["second:bonus-check"] == 3
    assert "left no folder to run in: no room" in str(tiny.result("ada"))


def test_sandbox_refused_once(tiny, grading, monkeypatch):
    """Is a notebook that got no sandbox run again before it costs anything?"""
    tiny.hand_in("ada")
    refusing(monkeypatch, lambda student, notebook, last_try, _: notebook == "second" and not last_try)
    grading(tiny)
    assert tiny.scores("ada")["second:bonus-check"] == 3


def test_sandbox_refused_from_the_start(tiny, grading, monkeypatch):
    """Where no submission gets a sandbox, does the run end at once, with the reason?"""
    for student in ("ada", "bob"):
        tiny.hand_in(student)
    refusing(monkeypatch, lambda *_: True)
    with pytest.raises(SandboxRefused, match="no room"):
        grading(tiny)


def test_sandbox_refused_to_one_of_many(tiny, grading, monkeypatch):
    """Where one submission gets no sandbox, are the others graded, and is it named?"""
    tiny.hand_in("ada")
    grading(tiny)
    for student in ("bob", "cy", "dan", "eve"):
        tiny.hand_in(student)
    refusing(monkeypatch, lambda student, *_: student == "eve")
    with pytest.raises(CourseError, match="eve has no verdict: no room"):
        grading(tiny, workers=1)
    assert tiny.scores("cy")["first:double-check"] == 2
    monkeypatch.undo()
    grading(tiny)
    assert tiny.scores("eve")["first:double-check"] == 2


def test_what_may_be_the_doing_of_others(tiny):
    """Is a loss that others on the machine may have caused no verdict, and which of them is one when it is alone?"""
    with engine_of(tiny) as engine:
        tiny.hand_in("ada")
        graded = engine.grade(read(Store(tiny.course, tiny.name), engine.pristine.assignment, "ada"))
    busy = "this machine was so busy with other things that it did not get its time"
    paused = "it ran out of time while grading was paused"
    crowded = "another submission had so many processes that this one may have got none"
    for changes, beside, alone in (
        ({}, "", ""),
        ({"paused": True, "starved": True}, "", ""),
        ({"timed_out": True}, "it ran out of time beside others", ""),
        ({"timed_out": True, "starved": True}, busy, busy),
        ({"timed_out": True, "paused": True}, paused, paused),
        ({"disturbed": True}, crowded, ""),
        ({"doubt": "its process ended"}, "its process ended beside others", ""),
    ):
        changed = replace(graded, **changes)
        assert (doubt(changed, alone=False), doubt(changed, alone=True)) == (beside, alone)


@dataclass
class Script:
    """A worker that runs nothing but this; `crowded` says how that ended."""

    act: Callable[[], None] = lambda: None
    crowded: bool = False

    def run(self, job: str, last_try: bool) -> Run:
        self.act()
        return Run(job, {"only": NotebookRun({}, [], crowded=self.crowded)}, {}, 0.0)


def test_who_runs_beside_a_crowd():
    """Is who ends while one with too many processes goes on known to be disturbed, and nobody before or after?"""
    board = Board(2)
    here, there = (LocalCrew(2, None, board=board, numbers=[number]) for number in (0, 1))
    with here, there:
        runs = {}
        here.workers[0] = there.workers[1] = Script()
        runs["before"] = here.run("before")

        def go_on() -> None:
            board.write(0, busy=True, crowd=True)

        def crowd() -> None:
            here.workers[0] = Script(go_on, crowded=True)
            runs["crowd"] = here.run("crowd")

        there.workers[1] = Script(crowd)
        runs["beside"] = there.run("beside")
        here.workers[0] = Script()
        runs["after"] = here.run("after")
    assert {name: run.disturbed for name, run in runs.items()} == {
        "before": False, "beside": True, "crowd": False, "after": False,
    }  # fmt: skip
    assert board.busy() == 0


def test_alone_is_alone(tiny, monkeypatch, tmp_path):
    """Is a submission that is graded once more alone, also while answer keys become ready meanwhile?"""
    students = ["ada", "bob", "cy", "dee"]
    for student in students:
        tiny.hand_in(student)
    log = tmp_path / "log"

    def say(*words: str) -> None:
        with open(log, "a") as file:
            file.write(" ".join(words) + "\n")

    def graded(work, crew, keys, student, again, alone):
        if not again:
            raise NoVerdict("first time")
        say("begins", student, again, str(alone))
        time.sleep(0.2)
        say("ends", student)
        raise NoVerdict("second time")

    monkeypatch.setattr(clerk, "graded", graded)
    with engine_of(tiny, workers=2) as engine:
        engine.ready["made meanwhile"] = made = Future()
        threading.Timer(0.3, made.set_result, [None]).start()
        assert list(grade_all(engine, Store(tiny.course, tiny.name), None, students)) == []
        del engine.ready["made meanwhile"]
    lines = log.read_text().splitlines()
    assert lines[::2] == [line.replace("ends", "begins") + " first time True" for line in lines[1::2]]
    assert sorted(line.split()[1] for line in lines[::2]) == students


def test_a_clerk_that_is_killed(tiny, grading, monkeypatch, tmp_path):
    """Are the submissions of a clerk that somebody kills graded by another one, and is one that kills each named?"""
    for student in ("ada", "bob", "cy"):
        tiny.hand_in(student)
    honest, seen = clerk.graded, tmp_path / "seen"

    def graded(work, crew, keys, student, again, alone):
        if student == "bob" or (student == "ada" and not seen.exists()):
            seen.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return honest(work, crew, keys, student, again, alone)

    monkeypatch.setattr(clerk, "graded", graded)
    with pytest.raises(CourseError, match=r"^bob has no verdict: the process that graded it ended: killed, or out of"):
        grading(tiny)
    for student in ("ada", "cy"):
        assert tiny.scores(student)["first:double-check"] == 2
    assert "the process that graded it ended" in str(tiny.result("ada"))
    assert not list(tiny.course.autograded.glob("*unfinished/*"))


def test_copies_of_a_key_that_end(tiny, grading, monkeypatch):
    """Where the copy of an answer key that judges for a clerk ends, is there another, and are scores the same?"""
    for student in ("ada", "bob"):
        tiny.hand_in(student)
    honest, killed = KeyProcess.judge, []

    def judge(self, run, files):
        if not killed:
            killed.append(self.notebook)
            self.control.interrupt()
        return honest(self, run, files)

    monkeypatch.setattr(KeyProcess, "judge", judge)
    grading(tiny)
    for student in ("ada", "bob"):
        assert {name: tiny.scores(student)[name] for name in FULL} == FULL
