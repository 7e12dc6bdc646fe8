"""Reads what a notebook's process (`grade/processes/notebook.py`) sends, and holds it to its limits.

Nothing that arrives is believed: frames out of order, too large or not understood end the run, and what came before
counts. Time is measured here.
"""

import json
import os
import select
import time
from collections.abc import Sequence

from autograder.assignment import Limits
from autograder.grade.run.jobs import CellRun, NotebookRun
from autograder.grade.run.protocol import Frames, Kind, ProtocolError
from autograder.grade.run.sanitise import clean_output

GRACE_SECONDS = 2.0
MAX_FRAME = 80 * 2**20
MAX_PARTS = 500_000  # of a message: read, each takes many times its bytes
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


class Following:
    """One notebook's run, as the frames tell it."""

    def __init__(self, cells: Sequence[str], limits: Limits) -> None:
        """`cells`: the ids of the cells that the process is to run, in order."""
        self.waiting = list(reversed(cells))
        self.limits = limits
        self.frames = Frames(MAX_FRAME)
        self.run = NotebookRun(cells={}, evidence=[])
        self.current: CellRun | None = None
        self.finished = False
        self.text_left = 0
        self.pictures_left = MAX_PICTURES
        self.text_left_in_all = MAX_TEXT
        self.evidence_left = MAX_EVIDENCE
        self.began = self.cell_began = time.monotonic()

    def deadline(self) -> float:
        """The moment at which the process is to be stopped if nothing more is heard."""
        end = self.began + self.limits.notebook_seconds
        if self.current is not None:
            end = min(end, self.cell_began + self.limits.cell_seconds + GRACE_SECONDS)
        return end

    def feed(self, data: bytes) -> None:
        """Take the next bytes; raises ProtocolError when they are not what a notebook's process sends."""
        for kind, payload in self.frames.feed(data):
            if kind is Kind.EVIDENCE:
                self.on_evidence(payload)
                continue
            try:
                message = json.loads(payload) if payload.count(b",") < MAX_PARTS else OF_TOO_MANY_PARTS
            except (ValueError, RecursionError):
                raise ProtocolError("a message that is not JSON") from None
            if kind is Kind.OUTPUT:
                self.on_output(message, len(payload) if message is not OF_TOO_MANY_PARTS else LEAST_TEXT)
            elif kind is Kind.CELL_BEGINS:
                self.on_begin(message)
            elif kind is Kind.CELL_ENDS:
                self.on_end(message)
            elif kind is Kind.FINISHED and self.current is None and not self.waiting:
                self.finished = True
                return
            else:
                raise ProtocolError(f"an unexpected message of kind {kind!r}")

    def on_begin(self, message: object) -> None:
        if self.current is not None or not self.waiting or message != self.waiting[-1]:
            raise ProtocolError("cells out of order")
        self.current = self.run.cells[self.waiting.pop()] = CellRun()
        self.cell_began = time.monotonic()
        self.text_left = min(self.limits.output_kb * 1024, self.text_left_in_all)

    def on_end(self, message: object) -> None:
        if self.current is None:
            raise ProtocolError("the end of a cell that did not begin")
        self.current.seconds = time.monotonic() - self.cell_began
        if message:
            self.current.stopped = time_message("the cell", self.limits.cell_seconds)
        self.current = None

    def on_evidence(self, payload: bytes) -> None:
        self.evidence_left -= len(payload)
        if self.evidence_left < 0 or len(self.run.evidence) == MAX_MESSAGES:
            raise ProtocolError("too much evidence")
        self.run.evidence.append(payload)

    def on_output(self, message: object, size: int) -> None:
        if self.current is None or not isinstance(message, dict):
            return
        outputs = self.current.outputs
        if message.get("output_type") == "clear_output":
            outputs.clear()
            return
        if message.get("output_type") == "error":
            if sum(output["output_type"] == "error" for output in outputs) < MAX_ERRORS:
                outputs.append(clean_output(message, None))
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
            self.current.seconds = time.monotonic() - self.cell_began


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


def follow(channel: int, pid: int, cells: Sequence[str], limits: Limits) -> NotebookRun:
    """Follow a notebook's process until it is done, dies, breaks the rules or runs out of time.

    The caller kills it afterwards in every case. A run whose process ended by itself too early has `stopped` set to
    "died"; the caller knows the exit status and says it better.
    """
    run = Following(cells, limits)
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    process = open_process(pid)
    if process is not None:
        poll.register(process, select.POLLIN)
    try:
        while not run.finished:
            left = run.deadline() - time.monotonic()
            ready = [fd for fd, _ in poll.poll(max(left, 0) * 1000 if process is not None else 0)]
            if channel in ready:
                data = os.read(channel, CHUNK)
                if not data:
                    run.stop("died")
                    break
                run.feed(data)
            elif process is None or process in ready:
                run.stop("died")
                break
            if run.deadline() <= time.monotonic():
                timed_out = run.current is not None and run.began + limits.notebook_seconds > time.monotonic()
                run.stop(
                    time_message("the cell", limits.cell_seconds)
                    if timed_out
                    else time_message("the notebook", limits.notebook_seconds)
                )
                break
    except ProtocolError as error:
        run.stop(f"stopped: the notebook's process sent {error}")
    except ConnectionResetError:
        run.stop("died")
    finally:
        if process is not None:
            os.close(process)
    run.run.seconds = time.monotonic() - run.began
    return run.run
