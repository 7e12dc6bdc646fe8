"""The trusted process that holds one notebook's answer key, for its judge (`grade/verdict/judge.py`).

It runs the source notebook with the complete library and keeps every expectation as it was stated there, with its live
predicates; then it judges evidence for as long as it is asked. It runs no line of a student's code.
"""

import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Callable

from autograder.expect.message import Inbox
from autograder.expect.session import KeySession
from autograder.grade.processes.judging import TOO_LONG, Evidence, JudgingFork
from autograder.grade.processes.mistakes import LibraryRegion, Mistakes, Prove
from autograder.grade.processes.notebook import run_cells
from autograder.grade.processes.right_steps import right_steps
from autograder.grade.processes.shell import NotebookShell
from autograder.grade.run.jobs import Cell, Output
from autograder.grade.run.protocol import Frame, die_with_the_parent, read_frame, write_frame


class KeyFailed(Exception):
    """A cell of the source notebook raised an error: (cell id, the traceback)."""


def make_key(
    shell: NotebookShell,
    request: dict,
    tell_progress: Callable[[str], None],
    at_home: bool = False,
    skip_failing: bool = False,
    prove: Prove | None = None,
    ended: Callable[[Cell, KeySession, Mistakes], None] | None = None,
) -> tuple[KeySession, Mistakes]:
    """Run the source notebook's cells in the folder given; raises KeyFailed at the first error.

    Args:
        at_home: on the inputs that students have on their machines.
        skip_failing: go on after a cell that fails: the files of a search may be wanting.
        prove: what the copies that are set aside can do besides trying mistakes.
        ended: called after each cell that came to its end.
    """
    os.chdir(request["folder"])
    os.environ.update(request["environment"])
    sys.path.insert(0, os.getcwd())
    session = KeySession(request["seed"], at_home=at_home)
    cells = [Cell.from_json(cell) for cell in request["cells"]]
    regions = [LibraryRegion(**region) for region in request["regions"]]
    mistakes = Mistakes(shell, cells, regions, request["seed"], at_home, request["written"])
    mistakes.prove = prove
    mistakes.right_steps = right_steps
    errors: list[Output] = []

    def begins(cell: Cell) -> None:
        tell_progress(cell.id)
        mistakes.before(cell)

    def emit(output: Output) -> None:
        if output["output_type"] == "error":
            errors.append(output)

    def ends(cell: Cell, stopped: str) -> None:
        if errors and not skip_failing:
            raise KeyFailed(cell.id, "\n".join(errors[0]["traceback"]))
        if ended is not None and not errors:
            ended(cell, session, mistakes)
        errors.clear()

    run_cells(shell, cells, session, 0, begins, emit, ends)
    return session, mistakes


def verdict(judging: JudgingFork, control: int, request: dict) -> dict:
    """Read what follows a request to judge, and judge it: with steps, the cells alone that these are of."""
    messages = [read_frame(control)[1] for _ in range(request["messages"])]
    files = {name: read_frame(control)[1] for name in request["files"]}
    steps = {name: read_frame(control)[1] for name in request["steps"]}
    evidence = Evidence(messages, files, request["errors"], steps)
    cells = [one for one in dict.fromkeys(cell_id for cell_id, _ in judging.session.key) if not steps or one in steps]
    given: dict[str, dict] = {}
    crashed = None
    while waiting := [cell_id for cell_id in cells if cell_id not in given]:
        found, ending = judging.judge(evidence, waiting)
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
    inbox = Inbox()
    for message in messages:
        inbox.add(message)
    return {"cells": {cell_id: given[cell_id] for cell_id in cells}, "flags": inbox.flags}


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
    judge_all(session, mistakes, control)


def judge_all(session: KeySession, mistakes: Mistakes, control: int) -> None:
    """Judge whatever comes, until the grader hangs up; for each other grader, a copy of this process does the same."""
    judging = None
    while True:
        try:
            kind, payload = read_frame(control)
        except (EOFError, ConnectionResetError):
            return
        if kind is Frame.COPY:
            with socket.socket(fileno=os.dup(control)) as channel:
                _, (given,), _, _ = socket.recv_fds(channel, 1, 1)
            me = os.getpid()
            pid = os.fork()
            if pid == 0:
                os.close(control)
                die_with_the_parent(me)
                judging = None  # the fork that judges is not this one's
                control = given
                continue
            os.close(given)
            write_frame(control, Frame.COPIED, json.dumps(pid).encode())
            continue
        request = json.loads(payload)
        judging = judging or JudgingFork(session, mistakes, request["cell_seconds"], request["memory_mb"])
        write_frame(control, Frame.VERDICT, json.dumps(verdict(judging, control, request)).encode())
