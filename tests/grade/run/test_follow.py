"""What a notebook's process sends is not believed."""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
from dataclasses import replace

import pytest

from autograder.assignment import Limits
from autograder.grade.run.clock import Spending
from autograder.grade.run.follow import Following, follow
from autograder.grade.run.jobs import LONGEST_WAIT, Cell
from autograder.grade.run.protocol import HEADER, Frame, Frames, ProtocolError, read_frame
from autograder.sandbox.watchdog import Usage, descendants, lives, usage_of

CELLS = [Cell("a", "one"), Cell("b", "two")]
IDS = [cell.id for cell in CELLS]
LIMITS = Limits(cell_seconds=1, notebook_seconds=4, output_kb=4)


def frame(kind: bytes, message: object) -> bytes:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return HEADER.pack(kind, len(payload)) + payload


def stream(text: str) -> bytes:
    return frame(Frame.OUTPUT, {"output_type": "stream", "name": "stdout", "text": text})


HONEST = [
    frame(Frame.CELL_BEGINS, "a"),
    stream("one\n"),
    stream("two\n"),
    frame(Frame.EVIDENCE, b"first"),
    frame(Frame.CELL_ENDS, ""),
    frame(Frame.CELL_BEGINS, "b"),
    frame(Frame.CELL_ENDS, ""),
    frame(Frame.FINISHED, None),
]


@pytest.fixture
def sleeper():
    """A process that stands for the notebook's."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def watched(sleeper, frames: list[bytes], limits: Limits = LIMITS, close: bool = True):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        theirs.sendall(b"".join(frames))
        if close:
            theirs.shutdown(socket.SHUT_WR)
        return follow(ours.fileno(), sleeper.pid, CELLS, 0, limits)


def test_honest_run(sleeper):
    """Does an undisturbed run come through whole, with text joined?"""
    run = watched(sleeper, HONEST)
    assert run.stopped == ""
    assert [output["text"] for output in run.cells["a"].outputs] == ["one\ntwo\n"]
    assert run.evidence == [b"first"]
    assert list(run.cells) == IDS


def test_a_cell_goes_out_when_its_turn_comes():
    """Does a notebook's process hear of a cell only when the one before it has ended?"""
    watch = Following(CELLS, 7, LIMITS)
    heard = list(Frames(1000).feed(watch.outgoing))
    assert [kind for kind, _ in heard] == [Frame.NOTEBOOK, Frame.CELL]
    about, first = [json.loads(payload) for _, payload in heard]
    assert (about["cells"], about["seed"], Cell.from_json(first)) == (2, 7, CELLS[0])
    watch.outgoing.clear()
    watch.feed(b"".join(HONEST[:4]))
    assert not watch.outgoing
    watch.feed(HONEST[4])
    ((kind, payload),) = Frames(1000).feed(watch.outgoing)
    assert (kind, Cell.from_json(json.loads(payload))) == (Frame.CELL, CELLS[1])


def test_a_process_that_does_not_listen(sleeper):
    """Does a source larger than a socket holds wait for its reader, and a process that never reads hold up nobody?"""
    large = [Cell("a", "x" * 2**22), Cell("b", "two")]
    ours, theirs = socket.socketpair()
    with ours, theirs:
        run = follow(ours.fileno(), sleeper.pid, large, 0, Limits(cell_seconds=1, notebook_seconds=0.4))
        assert run.stopped.startswith("stopped after 0.4 s")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reader = threading.Thread(
            target=lambda: (read_frame(theirs.fileno()), read_frame(theirs.fileno()), theirs.sendall(b"".join(HONEST)))
        )
        reader.start()
        run = follow(ours.fileno(), sleeper.pid, large, 0, LIMITS)
        reader.join()
    assert (run.stopped, list(run.cells)) == ("", IDS)


@pytest.mark.parametrize(
    "forged",
    [
        [frame(Frame.CELL_BEGINS, "b")],
        [frame(Frame.CELL_BEGINS, "a"), frame(Frame.CELL_BEGINS, "b")],
        [frame(Frame.CELL_BEGINS, ["a"])],
        [frame(Frame.CELL_ENDS, "")],
        [frame(Frame.FINISHED, None)],
        [frame(Frame.CELL_BEGINS, "a"), frame(Frame.FINISHED, None)],
        [*HONEST[:5], frame(Frame.CELL_BEGINS, "a")],
        [frame(b"?", None)],
        [b"GET / HTTP/1.1\r\n\r\n" * 10],
        [HEADER.pack(Frame.OUTPUT, 2**32 - 1)],
        [frame(Frame.CELL_BEGINS, b"not json")],
        [frame(Frame.OUTPUT, b"[" * 100_000)],
        [frame(Frame.OUTPUT, b"9" * 10_000)],
    ],
)
def test_forged_frames_end_the_run(sleeper, forged):
    """Is a stream that no runner writes cut off at once, whatever it holds?"""
    run = watched(sleeper, [*forged, *HONEST])
    assert run.stopped.startswith("stopped: the notebook's process sent")


def test_what_came_before_counts(sleeper):
    """Are cells kept that ended before the process misbehaved?"""
    run = watched(sleeper, [*HONEST[:5], frame(b"?", None)])
    assert run.evidence == [b"first"]
    assert run.cells["a"].stopped == ""
    assert "b" not in run.cells


def test_nothing_after_the_end_is_heard(sleeper):
    """Is evidence ignored that comes after the last cell?"""
    run = watched(sleeper, [*HONEST, frame(Frame.EVIDENCE, b"late"), stream("late\n")])
    assert run.evidence == [b"first"]


def test_output_is_cut(sleeper):
    """Is text beyond the limit left out, with a word about it, and the next cell's not?"""
    many = [stream("x" * 1000) for _ in range(50)]
    run = watched(
        sleeper,
        [HONEST[0], *many, frame(Frame.CELL_ENDS, ""), frame(Frame.CELL_BEGINS, "b"), stream("y"), *HONEST[-2:]],
    )
    text = "".join(output["text"] for output in run.cells["a"].outputs)
    assert len(text) < 4500
    assert "left out (4 kB are kept)" in text
    assert run.cells["b"].outputs[0]["text"] == "y"


def test_tags_are_counted():
    """Does HTML of many tags, which takes long to clean, use up the room for pictures?"""
    html = frame(Frame.OUTPUT, {"output_type": "display_data", "data": {"text/html": "<b>" * 8000, "text/plain": "x"}})
    watch = Following(CELLS, 0, LIMITS)
    watch.feed(b"".join([HONEST[0], *[html] * 60]))
    outputs = watch.run.cells["a"].outputs
    assert 30 < len(outputs) < 50
    assert "left out" in outputs[-1]["text"]


def test_messages_of_many_parts_are_not_read():
    """Does a message that would take gigabytes when it is read leave no more than a line, as often as it comes?"""
    watch = Following(CELLS, 0, LIMITS)
    tracemalloc.start()
    watch.feed(b"".join([HONEST[0], *[frame(Frame.OUTPUT, b"[" + b"[]," * 2_000_000 + b"1]")] * 3]))
    assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    tracemalloc.stop()
    assert "very many parts" in watch.run.cells["a"].outputs[0]["text"]
    with pytest.raises(ProtocolError, match="out of order"):
        Following(CELLS, 0, LIMITS).feed(frame(Frame.CELL_BEGINS, b"[" + b"1," * 1_000_000 + b"1]"))


def test_error_after_much_output_is_kept(sleeper):
    """Is it still known why a cell stopped that printed too much before?"""
    error = frame(
        Frame.OUTPUT, {"output_type": "error", "ename": "E", "evalue": "x" * 10_000, "traceback": ["y" * 10_000]}
    )
    run = watched(
        sleeper, [HONEST[0], *[stream("x" * 1000) for _ in range(9)], *[error] * 9, frame(Frame.CELL_ENDS, "")]
    )
    errors = [output for output in run.cells["a"].outputs if output["output_type"] == "error"]
    assert len(errors) == 3
    assert (errors[0]["ename"], len(errors[0]["evalue"]), len(errors[0]["traceback"][0])) == ("E", 4000, 4000)


def test_silent_process_is_stopped_in_time(sleeper):
    """Is a cell without an end stopped after its seconds, and a notebook that never begins after the notebook's?"""
    began = time.monotonic()
    run = watched(sleeper, HONEST[:4], close=False)
    assert time.monotonic() - began > 2.5
    assert run.cells["a"].stopped.startswith("stopped after 1 s")
    assert run.evidence == [b"first"]
    run = watched(sleeper, [], Limits(cell_seconds=1, notebook_seconds=0.5), close=False)
    assert run.stopped.startswith("stopped after 0.5 s")


def test_dead_process_is_noticed(sleeper):
    """Does a run end soon when the process dies while something else holds its pipe?"""
    sleeper.kill()
    run = watched(sleeper, HONEST[:2], Limits(cell_seconds=30), close=False)
    assert run.stopped == "died"


def test_frames_in_any_pieces():
    """Are frames found however the stream is cut, and one above the limit refused?"""
    whole = b"".join(HONEST)
    for size in (1, 3, 7, len(whole)):
        frames = Frames(100)
        found = [f for start in range(0, len(whole), size) for f in frames.feed(whole[start : start + size])]
        assert [kind for kind, _ in found] == [item[:1] for item in HONEST]
    with pytest.raises(ProtocolError):
        list(Frames(100).feed(struct.pack(">cI", b"O", 101)))


def test_closed_descriptor_leaks_nothing(sleeper):
    """Are no descriptors left open after many runs?"""
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        watched(sleeper, HONEST)
    assert len(os.listdir("/proc/self/fd")) == before


def test_byte_out_of_band(sleeper):
    """Does a byte that poll announces and read does not return end the run at once, and what came before count?"""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"".join(HONEST[:4]))
        theirs.send(b"x", socket.MSG_OOB)
        began = time.monotonic()
        run = follow(ours.fileno(), sleeper.pid, CELLS, 0, LIMITS)
    assert time.monotonic() - began < 2
    assert run.evidence == [b"first"]
    assert "something that cannot be read" in run.stopped


def test_very_large_output_is_not_read(sleeper):
    """Is an output of 60 MB neither parsed nor kept, and what comes after it kept?"""
    watch = Following(CELLS, 0, LIMITS)
    huge = b'{"output_type": "stream", "name": "stdout", "text": "' + b"x" * (60 << 20) + b'"}'
    began = time.process_time()
    watch.feed(b"".join([HONEST[0], frame(Frame.OUTPUT, huge), stream("after")]))
    assert time.process_time() - began < 1
    assert [output["text"] for output in watch.run.cells["a"].outputs] == ["… a very large output is left out\nafter"]


def test_time_that_others_had_does_not_count(sleeper, monkeypatch):
    """Does a cell that waits for a core get its time, ring when it has used it up, and end the run after that?"""
    waiting = {"seconds": 1000.0}
    rings: list[float] = []
    began = time.monotonic()

    def usage() -> Usage:
        return Usage(0.0, {7: waiting["seconds"] + max(0.0, time.monotonic() - began - 0.1)})

    limits = Limits(cell_seconds=0.4, notebook_seconds=0.6)
    monkeypatch.setattr("autograder.grade.run.follow.GRACE_SECONDS", 0.3)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(HONEST[0])
        ended = follow(
            ours.fileno(), sleeper.pid, CELLS, 0, limits, usage, lambda: rings.append(time.monotonic() - began)
        )
        assert rings[0] >= 0.4 * LONGEST_WAIT
        assert ended.timed_out
        assert ended.starved
        theirs.sendall(HONEST[0])
        began, rings = time.monotonic(), []
        ended = follow(
            ours.fileno(), sleeper.pid, CELLS, 0, limits, Usage, lambda: rings.append(time.monotonic() - began)
        )
    assert rings[0] < 1
    assert ended.timed_out
    assert not ended.starved
    assert ended.stopped == "stopped after 0.6 s: the notebook was not done by then"


def test_pause_of_the_grader_is_not_the_notebooks_time(sleeper, monkeypatch):
    """Does what passes while the grader stands still cost a notebook nothing, and is what it did meanwhile read?"""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"".join(HONEST[:2]))
        paused = iter([lambda: (time.sleep(5), theirs.sendall(b"".join(HONEST[2:])))])

        def usage() -> Usage:
            next(paused, lambda: None)()
            return Usage()

        run = follow(ours.fileno(), sleeper.pid, CELLS, 0, Limits(cell_seconds=0.5, notebook_seconds=1), usage)
    assert run.stopped == ""
    assert run.paused
    assert list(run.cells) == IDS


def test_what_ended_processes_waited_is_kept():
    """Does the time count that processes waited for a core one after the other, though each has ended since?

    The kernel tells of a long wait all at once, when it is over.
    """
    looks = iter([{1: 50.0}, {1: 50.0, 2: 0.15}, {1: 50.1, 3: 0.1, 4: 0.2}, {1: 50.1, 4: 9.2}, {1: 50.3}, {}])
    spending = Spending(lambda: Usage(1.0, next(looks)))
    waited = [spending.so_far().waited for _ in range(6)]
    assert waited == pytest.approx([0.0, 0.15, 0.35, 9.35, 9.55, 9.55])


PARENT = """
import os, signal, sys, time
if sys.argv[1] == "forgets":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork() == 0:
    print("begun", flush=True)
    sys.stdin.readline()
    os._exit(0)
while sys.argv[1] == "waits" and os.waitpid(-1, os.WNOHANG) == (0, 0):
    time.sleep(0.01)
time.sleep(60)
"""


@pytest.mark.parametrize(("how", "counted"), [("waits", 7.0), ("leaves", 7.0), ("forgets", 0.0)])
def test_waiting_counts_unless_children_vanish(how, counted):
    """Is no waiting counted where children end whose time is in no account, since their parent ignores their end?"""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        extra = iter([0.0, 7.0])
        spending = Spending(lambda: replace(usage_of(parent.pid), waiting={1: next(extra)}))
        parent.stdout.readline()
        (child,) = descendants(parent.pid)
        spending.so_far()
        print(file=parent.stdin, flush=True)
        while how != "leaves" and lives(child):
            time.sleep(0.01)
        assert spending.so_far().waited == counted
        parent.kill()
