"""Tells a notebook's process (`grade/processes/notebook.py`) what to run, reads what it sends, holds it to its limits.

A cell's source goes out when the cell before it has ended: student code cannot read what comes later, hidden tests
among it.

Nothing that arrives is believed: frames out of order, too large or not understood end the run, and what came before
counts. Time is measured here: what a notebook spends running or asleep, not what it waits for a core while others run,
nor what passes while the grader itself stands still.
"""

import contextlib
import json
import math
import os
import select
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from autograder.assignment import Limits
from autograder.expect.cell_verdict import LARGEST_STEPS
from autograder.grade.run.clock import TICK_SECONDS, Clock, Lap, Spending
from autograder.grade.run.jobs import LONGEST_WAIT, Cell, CellRun, NotebookRun
from autograder.grade.run.protocol import LARGEST_OUTPUT, Frame, Frames, ProtocolError, packed
from autograder.grade.run.sanitise import clean_output
from autograder.sandbox.watchdog import Usage

GRACE_SECONDS = 2.0
MAX_FRAME = 80 * 2**20
MAX_PARTS = 200_000  # of a message: read, each takes many times its bytes
MAX_EVIDENCE = 256 * 2**20
MAX_MESSAGES = 20_000  # of evidence
MAX_PICTURES = 32 * 2**20
MAX_ERRORS = 3  # of a cell: a notebook's process sends one
MAX_TEXT = 32 * 2**20
LEAST_TEXT, LEAST_PICTURE = 256, 16 * 1024  # bytes that an output counts for at least: each takes memory here
LEAST_TAG = 100  # bytes that each tag of an HTML output counts for: it takes time here
CHUNK = 1 << 20


def notice(text: str) -> dict:
    return {"output_type": "stream", "name": "stdout", "text": text + "\n"}


OF_TOO_MANY_PARTS = notice("… an output of very many parts is left out")
TOO_LARGE = notice("… a very large output is left out")


class Following:
    """One notebook's run, as the frames tell it.

    Attributes:
        outgoing: bytes for the process that it has not taken yet.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        seed: int,
        limits: Limits,
        usage: Callable[[], Usage] = Usage,
        traced: Mapping[str, Sequence[str]] = MappingProxyType({}),
        work: Sequence[str] = (),
    ) -> None:
        """`cells`: what the process is to run, in order; `usage`: what it has used so far; the rest as in a job."""
        self.spending = Spending(usage)
        self.asked = -math.inf
        self.clock = Clock()
        self.waiting = list(reversed(cells))
        about = {
            "cells": len(cells),
            "seed": seed,
            "cell_seconds": limits.cell_seconds,
            "output_bytes": limits.output_kb * 1024,
            "traced": {check: list(question) for check, question in traced.items()},
            "work": list(work),
        }
        self.traced = traced
        self.evidence_before = 0
        self.outgoing = bytearray(packed(Frame.NOTEBOOK, json.dumps(about).encode()))
        self.send_next_cell()
        self.limits = limits
        self.frames = Frames(MAX_FRAME)
        self.run = NotebookRun(cells={}, evidence=[])
        self.current: CellRun | None = None
        self.finished = False
        self.text_left = 0
        self.pictures_left = MAX_PICTURES
        self.text_left_in_all = MAX_TEXT
        self.evidence_left = MAX_EVIDENCE
        self.whole = self.lap = self.begin_lap()

    def begin_lap(self) -> Lap:
        """A stretch that begins now. Of short ones, several share one look at what was used: each takes its time."""
        now = self.clock.now()
        self.look(now)
        return Lap(now, self.spent)

    def look(self, now: float) -> None:
        """Every tick, see what was spent."""
        if now - self.asked > TICK_SECONDS:
            self.spent, self.asked = self.spending.so_far(), now

    def send_next_cell(self) -> None:
        if self.waiting:
            self.outgoing += packed(Frame.CELL, json.dumps(vars(self.waiting[-1]), default=vars).encode())

    def overtime(self) -> tuple[float, float]:
        """By how many seconds the running cell and the notebook exceed their limits; below 0 where they do not.

        Where it waited for a core so long that its time is up all the same, that is kept in the run.
        """
        now = self.clock.now()
        self.look(now)
        cell_seconds = float(self.limits.cell_seconds) if self.current is not None else math.inf
        stretches = ((self.lap, cell_seconds), (self.whole, float(self.limits.notebook_seconds)))
        walls = [now - lap.began - limit for lap, limit in stretches]
        if max(walls) < 0:
            return walls[0], walls[1]
        spent = self.spending.so_far()
        over = [lap.seconds(now, spent) - limit for lap, limit in stretches]
        far = [now - lap.began - LONGEST_WAIT * limit for lap, limit in stretches]
        self.run.starved |= max(far) >= 0 > max(over)
        return max(over[0], far[0]), max(over[1], far[1])

    def feed(self, data: bytes) -> None:
        """Take the next bytes; raises ProtocolError when they are not what a notebook's process sends."""
        for kind, payload in self.frames.feed(data):
            if kind is Frame.EVIDENCE:
                self.on_evidence(payload)
                continue
            if kind is Frame.STEPS:
                self.on_steps(payload)
                continue
            message, size = self.read(payload)
            if kind is Frame.OUTPUT:
                self.on_output(message, size)
            elif kind is Frame.CELL_BEGINS:
                self.on_begin(message)
            elif kind is Frame.CELL_ENDS:
                self.on_end(message)
            elif kind is Frame.FINISHED and self.current is None and not self.waiting:
                self.finished = True
                return
            else:
                raise ProtocolError(f"an unexpected message of kind {kind!r}")

    @staticmethod
    def read(payload: bytes) -> tuple[object, int]:
        """What a message says, and the bytes it counts for. What would take long to read is replaced by a notice."""
        if len(payload) > LARGEST_OUTPUT:
            return TOO_LARGE, LEAST_TEXT
        if payload.count(b",") >= MAX_PARTS:
            return OF_TOO_MANY_PARTS, LEAST_TEXT
        try:
            return json.loads(payload), len(payload)
        except (ValueError, RecursionError):
            raise ProtocolError("a message that is not JSON") from None

    def on_begin(self, message: object) -> None:
        if self.current is not None or not self.waiting or message != self.waiting[-1].id:
            raise ProtocolError("cells out of order")
        self.current = self.run.cells[self.waiting.pop().id] = CellRun()
        self.lap = self.begin_lap()
        self.current_id, self.evidence_before = str(message), len(self.run.evidence)
        self.text_left = min(self.limits.output_kb * 1024, self.text_left_in_all)

    def on_end(self, message: object) -> None:
        if self.current is None:
            raise ProtocolError("the end of a cell that did not begin")
        self.current.seconds = self.clock.now() - self.lap.began
        if message:
            self.current.stopped = time_message("the cell", self.limits.cell_seconds)
            self.run.timed_out = True
        self.current = None
        self.send_next_cell()

    def on_evidence(self, payload: bytes) -> None:
        self.evidence_left -= len(payload)
        if self.evidence_left < 0 or len(self.run.evidence) == MAX_MESSAGES:
            raise ProtocolError("too much evidence")
        self.run.evidence.append(payload)

    def on_steps(self, payload: bytes) -> None:
        """The steps of the check that is running, once, in a run that is traced."""
        if self.current is None or self.current_id not in self.traced or self.current_id in self.run.steps:
            raise ProtocolError("steps that nobody asked for")
        if len(payload) > LARGEST_STEPS:
            raise ProtocolError("too many steps")
        self.run.steps[self.current_id] = payload, tuple(self.run.evidence[self.evidence_before :])

    def on_output(self, message: object, size: int) -> None:
        if self.current is None or not isinstance(message, dict):
            return
        outputs = self.current.outputs
        if message.get("output_type") == "clear_output":
            outputs.clear()
            return
        if message.get("output_type") == "error":
            error = clean_output(message, None)
            if error is not None and sum(output["output_type"] == "error" for output in outputs) < MAX_ERRORS:
                outputs.append(error)
            return
        is_text = message.get("output_type") == "stream"
        left = self.text_left if is_text else self.pictures_left
        if left <= 0:
            return
        if is_text:
            size = max(size, LEAST_TEXT) if follows_none(message, outputs) else size
            self.text_left -= size
            self.text_left_in_all -= size
        else:
            size = max(size, LEAST_PICTURE, LEAST_TAG * tags_in(message))
            self.pictures_left -= size
        if size > left:
            outputs.append(
                notice(f"… the rest of this cell's output is left out ({self.limits.output_kb} kB are kept)")
            )
            return
        output = clean_output(message, len(self.run.cells))
        if output is None:
            return
        if follows_none(output, outputs):
            outputs.append(output)
        else:
            outputs[-1]["text"] += output["text"]

    def stop(self, why: str) -> None:
        """Close the run: `why` goes to the cell that was running, if any, and to the notebook."""
        self.run.stopped = why
        if self.current is not None:
            self.current.stopped = why
            self.current.seconds = self.clock.now() - self.lap.began


def follows_none(output: dict, outputs: Sequence[dict]) -> bool:
    """Does it begin an output of its own, and not go on with the stream that is last?"""
    last = outputs[-1] if outputs else {}
    return not (
        output.get("output_type") == last.get("output_type") == "stream" and output.get("name") == last.get("name")
    )


def tags_in(output: dict) -> int:
    """How many tags its HTML has, at most."""
    data = output.get("data")
    html = data.get("text/html") if isinstance(data, dict) else None
    return html.count("<") if isinstance(html, str) else 0


def time_message(what: str, seconds: float) -> str:
    return f"stopped after {seconds:g} s: {what} was not done by then"


def open_process(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends; None where it has ended already."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def follow(
    channel: int,
    pid: int,
    cells: Sequence[Cell],
    seed: int,
    limits: Limits,
    usage: Callable[[], Usage] = Usage,
    ring: Callable[[], None] = lambda: None,
    traced: Mapping[str, Sequence[str]] = MappingProxyType({}),
    work: Sequence[str] = (),
) -> NotebookRun:
    """Follow a notebook's process until it is done, dies, breaks the rules or runs out of time.

    The caller kills it afterwards in every case. A run whose process ended by itself too early has `stopped` set to
    "died"; the caller knows the exit status and says it better.

    Args:
        usage: what the process and all below it have used of the processors.
        ring: tells the process that the time of its cell is up. It has GRACE_SECONDS to stop it.
        traced, work: as in a job.
    """
    run = Following(cells, seed, limits, usage, traced, work)
    os.set_blocking(channel, False)
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    process = open_process(pid)
    if process is not None:
        poll.register(process, select.POLLIN)
    try:
        while not run.finished:
            write_at_once(channel, run.outgoing)
            poll.modify(channel, select.POLLIN | (select.POLLOUT if run.outgoing else 0))
            ready = dict(poll.poll(TICK_SECONDS * 1000 if process is not None else 0))
            if ready.get(channel, 0) & ~select.POLLOUT:
                run.clock.now()
                data = read_at_once(channel)
                if not data:
                    run.stop("died")
                    break
                run.feed(data)
            elif process is None or process in ready:
                run.stop("died")
                break
            cell_over, notebook_over = run.overtime()
            if max(cell_over - GRACE_SECONDS, notebook_over) >= 0 and not run.finished:
                run.run.timed_out = True
                run.stop(
                    time_message("the notebook", limits.notebook_seconds)
                    if notebook_over >= 0
                    else time_message("the cell", limits.cell_seconds)
                )
                break
            if cell_over >= 0:
                ring()
    except ProtocolError as error:
        run.stop(f"stopped: the notebook's process sent {error}")
    except ConnectionResetError:
        run.stop("died")
    finally:
        if process is not None:
            os.close(process)
    run.run.seconds = run.clock.now() - run.whole.began
    run.run.paused = run.clock.lost > 0
    return run.run


def write_at_once(channel: int, data: bytearray) -> None:
    """Write what the other side takes now, and take it out of `data`. Who does not listen is noticed when reading."""
    with contextlib.suppress(BlockingIOError, BrokenPipeError):
        while data:
            del data[: os.write(channel, data)]


def read_at_once(channel: int) -> bytes:
    """What there is to read; raises ProtocolError where that is nothing, as for a byte that was sent out of band."""
    try:
        return os.read(channel, CHUNK)
    except BlockingIOError:
        raise ProtocolError("something that cannot be read") from None
