"""The process with the answer key judges what students send, and no value of theirs takes it long or takes it down."""

import os
import signal
import socket
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from autograder.expect.evidence import encode
from autograder.expect.message import pack
from autograder.expect.session import KeySession
from autograder.grade.processes import judging
from autograder.grade.processes.judging import TOO_LONG, JudgingFork
from autograder.grade.processes.mistakes import Mistakes
from autograder.grade.run.jobs import CellRun, NotebookRun
from autograder.grade.run.protocol import Connection, Frame, write_frame
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.verdict.judge import Judge, JudgeDied
from autograder.sandbox.watchdog import Usage, descendants

SETUP = "import os\nimport signal\nimport time\nimport numpy as np\nfrom autograder import expect"
PRIME = """
def is_prime(n):
    return n > 1 and all(n % d for d in range(2, int(n**0.5) + 1))

expect.holds(mine(97), is_prime, 'is prime', name='prime')
"""
WORK = "def mine(x):\n    # ===== START YOUR CODE HERE =====\n    return x\n    # ====== END YOUR CODE HERE ======"
CELLS = {
    "prime-check": PRIME,
    "nap-check": "expect.holds(mine(1), lambda n: (n == 1 or time.sleep(1000)) is True, 'is one', name='one')",
    "kill-check": "expect.holds(mine(1), lambda n: n == 1 or os.kill(os.getpid(), signal.SIGSEGV), 'is 1', name='one')",
    "eat-check": "expect.holds(mine(1), lambda n: n == 1 or bool(np.ones(10**n)[0]), 'is one', name='one')",
    "once-check": (
        "seen = []\n"
        "expect.holds(mine(1), lambda n: seen.append(n) is None and len(seen) <= 2, 'is the first', name='first')"
    ),
    "plain-check": "expect.close(mine(2.0), 2.0, name='two')",
}
TOML = """title = "Slow"
notebooks = ["only"]

[limits]
cell_seconds = 1
notebook_seconds = 20
memory_mb = 256
"""


@pytest.fixture(scope="module")
def judge(course_factory, tmp_path_factory):
    """A judge whose checks can be made slow, or crash, by the value that a student gives."""
    cells = [course_factory.given("setup", SETUP), course_factory.work("work", WORK)]
    cells += [course_factory.check(cell_id, 1, source) for cell_id, source in CELLS.items()]
    root = tmp_path_factory.mktemp("slow") / "course"
    slow = course_factory.make_course(root, b"", "slow", TOML, "x = 1\n", {"only": course_factory.notebook(*cells)})
    with WarmProcess() as warm, Judge(slow.course, slow.course.assignment("slow"), "only", 0, warm) as judge:
        judge.prepare()
        yield judge


def credits_for(judge: Judge, **values: object) -> dict[str, float]:
    """The credit of each cell; cells that are not named get the right value."""
    given = {"prime": 97, "nap": 1, "kill": 1, "eat": 1, "once": 1, "plain": 2.0} | values
    evidence = [pack(f"{name}-check", 0, encode(value)) for name, value in given.items()]
    verdict = judge.judge(NotebookRun({f"{name}-check": CellRun() for name in given}, evidence), {})
    credits_for.flags = {name.removesuffix("-check"): cell.flags for name, cell in verdict.cells.items()}
    credits_for.lines = {name.removesuffix("-check"): cell.lines for name, cell in verdict.cells.items()}
    return {name.removesuffix("-check"): cell.credit for name, cell in verdict.cells.items()}


FULL = dict.fromkeys(("prime", "nap", "kill", "eat", "once", "plain"), 1.0)


@pytest.mark.parametrize(
    ("culprit", "value", "words"),
    [
        ("prime", 2**89 - 1, "took too long"),
        ("nap", 2, "took too long"),
        ("kill", 2, "SIGSEGV"),
        ("eat", 9, "MemoryError"),
    ],
)
def test_value_that_stops_the_judge(judge, culprit, value, words):
    """Does a value with which judging never ends, crashes or eats up memory cost only its own cell, with a flag?

    (The predicate of "once" counts how often it is called: what it keeps of one submission never meets another.)
    """
    began = time.monotonic()
    assert credits_for(judge, **{culprit: value}) == FULL | {culprit: 0.0}
    assert words in " ".join([*credits_for.flags[culprit], *credits_for.lines[culprit]])
    assert time.monotonic() - began < 30
    assert credits_for(judge) == FULL


def test_judge_that_somebody_kills_is_no_verdict(judge, monkeypatch):
    """Where the judging process is killed from outside every time, is that no verdict on the submission?"""
    assert credits_for(judge) == FULL
    os.kill(judge.process.pid, signal.SIGKILL)
    with pytest.raises(JudgeDied):
        credits_for(judge)
    judge.revive()
    assert credits_for(judge) == FULL


def test_one_fork_judges_many_where_nothing_can_be_left_behind(course_factory, tmp_path):
    """Do submissions share a process where all predicates only compute, and does another take its place?"""
    cells = [
        course_factory.given("setup", SETUP),
        course_factory.work("work", WORK),
        course_factory.check("less-check", 1, "expect.holds(mine(1), lambda n: n < 5, 'is less', name='less')"),
    ]
    plain = course_factory.make_course(
        tmp_path / "course",
        b"",
        "plain",
        TOML.replace("Slow", "Plain"),
        "x = 1\n",
        {"only": course_factory.notebook(*cells)},
    )
    with WarmProcess() as warm, Judge(plain.course, plain.course.assignment("plain"), "only", 0, warm) as judge:
        judge.prepare()

        def credit(value: int) -> float:
            evidence = [pack("less-check", 0, encode(value))]
            return judge.judge(NotebookRun({"less-check": CellRun()}, evidence), {}).cells["less-check"].credit

        def judging() -> list[int]:
            return [pid for pid in descendants(judge.process.pid) if name_of(pid) == "judging"]

        assert [credit(1), credit(7)] == [1, 0]
        (pid,) = judging()
        assert [credit(7), credit(1)] == [0, 1]
        assert judging() == [pid]
        os.kill(pid, signal.SIGKILL)
        assert [credit(7), credit(1)] == [0, 1]
        assert judging() != [pid]


@pytest.mark.parametrize(("waiting", "working", "ending"), [(1.0, 0.0, ""), (0.0, 0.0, TOO_LONG), (1.0, 1.0, TOO_LONG)])
def test_time_that_others_had_is_not_the_judges(monkeypatch, waiting, working, ending):
    """Is judging stopped for what it takes itself, and not because others have the processor, or all stood still?"""
    fork = JudgingFork(KeySession(0), None, cell_seconds=0.05, memory_mb=64)
    mine, theirs = socket.socketpair()
    fork.channel, fork.pid = Connection(mine), os.getpid()
    began, looks = time.monotonic(), []

    def usage(pid: int) -> Usage:
        looks.append(pid)
        if len(looks) == 2:
            time.sleep(1.5)
        if len(looks) == 5:
            write_frame(theirs.fileno(), Frame.JUDGED, b"null")
        passed = time.monotonic() - began
        return Usage(working * passed, {pid: waiting * passed})

    monkeypatch.setattr(judging, "usage_of", usage)
    with theirs, mine:
        _, late, whole = fork.follow(["a"])
    assert (late, whole) == (ending == TOO_LONG, ending == "")


def test_a_fork_of_a_fork_that_has_grown_gives_its_result():
    """Is a trial that a copy forks, once that has taken memory, not taken for one that ended its process?"""
    in_a_fork = partial(Mistakes.in_a_fork, None)

    def grow_and_fork() -> list:
        taken = np.ones(16 * 2**20)
        return [in_a_fork(lambda: 7, seconds=1000)[0], len(taken)]

    assert in_a_fork(grow_and_fork, seconds=5)[0] == [7, 16 * 2**20]


def name_of(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()
