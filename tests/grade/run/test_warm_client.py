"""The warm process and what it forks."""

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from autograder.grade.run.protocol import Frame
from autograder.grade.run.warm_client import ANSWER_KEY, STARTER, Process, WarmProcess


@pytest.fixture
def warm():
    with WarmProcess() as warm:
        yield warm


@pytest.fixture
def fork():
    """Forks a process, which has ended when the test has."""
    with contextlib.ExitStack() as forks:

        def make(warm: WarmProcess, program: str = STARTER) -> Process:
            process = warm.fork(program)
            forks.callback(process.end)
            return process

        yield make


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def wait_for_the_end_of(*pids: int) -> None:
    until = time.monotonic() + 30
    while any(map(alive, pids)):
        assert time.monotonic() < until, "a process outlives its end"
        time.sleep(0.01)


def test_forks_live_until_they_are_ended(warm, fork):
    """Does a fork live beside the others, and leave nothing, not even a zombie, when it is ended?"""
    first, second = fork(warm), fork(warm, ANSWER_KEY)
    assert alive(first.pid)
    assert alive(second.pid)
    first.end()
    first.end()
    assert not Path(f"/proc/{first.pid}").exists()
    assert alive(second.pid)
    assert not second.control.hung_up()
    second.end()
    assert not Path(f"/proc/{second.pid}").exists()


def test_forks_die_with_the_warm_process(warm, fork):
    """After kill -9 of the warm process, are its forks gone, and is the next fork of a new one?"""
    before = warm.process.pid
    old = fork(warm)
    os.kill(before, signal.SIGKILL)
    wait_for_the_end_of(old.pid)
    assert old.control.hung_up()
    new = fork(warm)
    assert warm.process.pid != before
    old.end()
    assert alive(new.pid)


def test_everything_ends_with_the_warm_process(fork):
    """Does nothing outlive the context?"""
    with WarmProcess() as warm:
        pids = warm.process.pid, fork(warm).pid
    wait_for_the_end_of(*pids)


def test_interrupt_wakes_whoever_waits(warm, fork):
    """Does interrupt() end a fork that its grader waits for?"""
    one = fork(warm)
    one.interrupt()
    assert one.control.hung_up()
    with pytest.raises(BrokenPipeError):
        one.control.send(Frame.JUDGE, b"{}", 5)
    wait_for_the_end_of(one.pid)


def test_nothing_of_the_graders_environment(monkeypatch, fork):
    """Is a token in the grader's environment neither in the warm process's nor in a fork's?"""
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    with WarmProcess() as warm:
        for pid in (warm.process.pid, fork(warm).pid):
            assert b"hunter2" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_one_thread(warm, fork):
    """Can the processes be forked safely?"""
    for pid in (fork(warm).pid, warm.process.pid):
        assert len(os.listdir(f"/proc/{pid}/task")) == 1
