"""The trusted process that holds one notebook's answer key, for its judge (`grade/verdict/judge.py`).

It runs the source notebook with the complete library and keeps every expectation as it was stated there, with its live
predicates; then it judges evidence for as long as it is asked. It runs no line of a student's code.
"""

import gc
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable

from autograder.expect.bank import Bank
from autograder.expect.message import Inbox
from autograder.expect.session import KeySession
from autograder.expect.verdict import judge
from autograder.grade.processes.mistakes import LibraryRegion, Mistakes
from autograder.grade.processes.notebook import run_cells
from autograder.grade.processes.shell import NotebookShell
from autograder.grade.run.jobs import LONGEST_WAIT, Cell, Output
from autograder.grade.run.protocol import CHUNK, Frame, Frames, die_with_the_parent, read_frame, write_frame
from autograder.sandbox import limits
from autograder.sandbox.watchdog import usage_of

LONGEST_VERDICT = 2**26
TICK_SECONDS = 0.2
TOO_LONG = "judging the value that the submission gave took too long, and was stopped"


class KeyFailed(Exception):
    """A cell of the source notebook raised an error: (cell id, the traceback)."""


def make_key(shell: NotebookShell, request: dict, tell_progress: Callable[[str], None]) -> tuple[KeySession, Mistakes]:
    """Run the source notebook's cells in the folder given; raises KeyFailed at the first error."""
    os.chdir(request["folder"])
    os.environ.update(request["environment"])
    sys.path.insert(0, os.getcwd())
    session = KeySession(request["seed"])
    cells = [Cell.from_json(cell) for cell in request["cells"]]
    regions = [LibraryRegion(**region) for region in request["regions"]]
    mistakes = Mistakes(shell, cells, regions, request["seed"])
    errors: list[Output] = []

    def begins(cell: Cell) -> None:
        tell_progress(cell.id)
        mistakes.before(cell)

    def emit(output: Output) -> None:
        if output["output_type"] == "error":
            errors.append(output)

    def ends(cell: Cell, stopped: str) -> None:
        if errors:
            raise KeyFailed(cell.id, "\n".join(errors[0]["traceback"]))

    run_cells(shell, cells, session, 0, begins, emit, ends)
    return session, mistakes


def verdict(session: KeySession, mistakes: Mistakes, control: int, request: dict) -> dict:
    """Read what follows a request to judge, and judge it."""
    inbox = Inbox()
    for _ in range(request["messages"]):
        inbox.add(read_frame(control)[1])
    files = {name: read_frame(control)[1] for name in request["files"]}
    cells = list(dict.fromkeys(cell_id for cell_id, _ in session.key))
    given: dict[str, dict] = {}
    crashed = None
    while waiting := [cell_id for cell_id in cells if cell_id not in given]:
        found, ending = judged_in_a_fork(session, mistakes, inbox, files, waiting, request)
        given |= found
        culprit = next((cell_id for cell_id in waiting if cell_id not in found), None)
        if culprit is None:
            break
        if ending == TOO_LONG:
            given[culprit] = not_judged(TOO_LONG)
        elif culprit == crashed:
            if ending == signal.SIGKILL.name:
                raise MemoryError
            given[culprit] = not_judged(f"judging the value that the submission gave ended the process ({ending})")
        crashed = culprit
    return {"cells": {cell_id: given[cell_id] for cell_id in cells}, "flags": inbox.flags}


def judge_cell(
    session: KeySession, bank: Bank, inbox: Inbox, files: dict[str, bytes], cell_id: str, errors: dict[str, str]
) -> dict:
    """The verdict on one cell. Where it fails, and the bank knows its values, it says which mistake they come from."""
    key = {place: expectation for place, expectation in session.key.items() if place[0] == cell_id}
    evidence = {place: value for place, value in inbox.evidence.items() if place[0] == cell_id}
    judged = judge(key, evidence, errors, files.get, session.hidden)[cell_id]
    if judged.failing and cell_id not in session.hidden:
        values = {position: value for (_, position), value in evidence.items()}
        if (mistake := bank.mistake_in(cell_id, values, judged.failing)) is not None:
            causes = {cell_id: mistake.sentence}
            judged = judge(key, evidence, errors, files.get, session.hidden, causes)[cell_id]
    return {"credit": judged.credit, "lines": list(judged.lines), "flags": list(judged.flags)}


def judged_in_a_fork(
    session: KeySession,
    mistakes: Mistakes,
    inbox: Inbox,
    files: dict[str, bytes],
    cells: list[str],
    request: dict,
) -> tuple[dict[str, dict], str]:
    """Judge cells in a fork of this process, each within the time that the cell itself may take.

    Whatever a value does to an author's predicate or a predict function stays in the fork: this process keeps the key.

    Returns:
        The cells that it came to, and how the fork ended: TOO_LONG, or the name of a signal or its exit status.
    """
    mine, theirs = os.pipe()
    me = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            os.close(mine)
            die_with_the_parent(me)
            if sys.platform == "linux":
                limits.lower("RLIMIT_DATA", limits.memory_of_this_process().own + request["memory_mb"] * limits.MB)
            bank = Bank(session.values, mistakes.outcomes)
            for cell_id in cells:
                line = judge_cell(session, bank, inbox, files, cell_id, request["errors"])
                write_frame(theirs, Frame.VERDICT, json.dumps([cell_id, line]).encode())
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(theirs)
    found: dict[str, dict] = {}
    frames = Frames(LONGEST_VERDICT)
    seconds, late = request["cell_seconds"], False
    began = sampled = time.monotonic()
    before = 0.0
    with open(mine, "rb", buffering=0) as answers:
        while len(found) < len(cells) and not late:
            if select.select([answers], [], [], TICK_SECONDS)[0]:
                data = answers.read(CHUNK)
                if not data:
                    break
                for _, payload in frames.feed(data):
                    cell_id, found[cell_id] = json.loads(payload)
                began = time.monotonic()
                if began - sampled > TICK_SECONDS:
                    sampled, before = began, usage_of(child).processor
            elif (wall := time.monotonic() - began) > seconds:
                late = usage_of(child).processor - before > seconds or wall > LONGEST_WAIT * seconds
    if late or len(found) == len(cells):
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return found, TOO_LONG if late else signal.Signals(-code).name if code < 0 else f"exit status {code}"


def not_judged(why: str) -> dict:
    """What a cell comes to that cannot be judged."""
    return {"credit": 0.0, "lines": [f"This check gives nothing: {why}."], "flags": [why]}


def serve(shell: NotebookShell, control: int) -> None:
    """Make the key, then judge until the grader hangs up."""

    def answer(kind: Frame, message: object) -> None:
        write_frame(control, kind, json.dumps(message).encode())

    try:
        request = json.loads(read_frame(control)[1])
        session, mistakes = make_key(shell, request, lambda cell_id: answer(Frame.KEY_CELL, cell_id))
    except KeyFailed as failed:
        answer(Frame.KEY_FAILED, failed.args)
        return
    gc.collect()
    gc.freeze()
    answer(Frame.KEY_MADE, sorted({cell_id for cell_id, _ in session.key}))
    while True:
        try:
            _, payload = read_frame(control)
        except EOFError:
            return
        answer(Frame.VERDICT, verdict(session, mistakes, control, json.loads(payload)))
