"""The trusted process that holds one notebook's answer key, for its judge (`grade/verdict/judge.py`).

It runs the source notebook with the complete library and keeps every expectation as it was stated there, with its live
predicates; then it judges evidence for as long as it is asked. It runs no line of a student's code.
"""

import json
import os
import sys
from collections.abc import Callable

from autograder.expect.message import Inbox
from autograder.expect.session import KeySession
from autograder.expect.verdict import judge
from autograder.grade.processes.notebook import run_cells
from autograder.grade.processes.shell import NotebookShell
from autograder.grade.run.jobs import Cell, Output
from autograder.grade.run.protocol import Kind, read_frame, write_frame


class KeyFailed(Exception):
    """A cell of the source notebook raised an error: (cell id, the traceback)."""


def make_key(shell: NotebookShell, request: dict, tell_progress: Callable[[str], None]) -> KeySession:
    """Run the source notebook's cells in the folder given; raises KeyFailed at the first error."""
    os.chdir(request["folder"])
    os.environ.update(request["environment"])
    sys.path.insert(0, os.getcwd())
    session = KeySession(request["seed"])
    cells = [Cell(**cell) for cell in request["cells"]]
    errors: list[Output] = []

    def emit(output: Output) -> None:
        if output["output_type"] == "error":
            errors.append(output)

    def ends(cell: Cell, stopped: str) -> None:
        if errors:
            raise KeyFailed(cell.id, "\n".join(errors[0]["traceback"]))

    run_cells(shell, cells, session, 0, lambda cell: tell_progress(cell.id), emit, ends)
    return session


def verdict(session: KeySession, control: int, request: dict) -> dict:
    """Read what follows a request to judge, and judge it."""
    inbox = Inbox()
    for _ in range(request["messages"]):
        inbox.add(read_frame(control)[1])
    files = {name: read_frame(control)[1] for name in request["files"]}
    cells = judge(session.key, inbox.evidence, request["errors"], files.get, session.hidden)
    return {
        "cells": {
            name: {"credit": cell.credit, "lines": list(cell.lines), "flags": list(cell.flags)}
            for name, cell in cells.items()
        },
        "flags": inbox.flags,
    }


def serve(shell: NotebookShell, control: int) -> None:
    """Make the key, then judge until the grader hangs up."""

    def answer(kind: bytes, message: object) -> None:
        write_frame(control, kind, json.dumps(message).encode())

    try:
        session = make_key(shell, json.loads(read_frame(control)[1]), lambda cell_id: answer(Kind.KEY_CELL, cell_id))
    except KeyFailed as failed:
        answer(Kind.KEY_FAILED, failed.args)
        return
    answer(Kind.KEY_MADE, sorted({cell_id for cell_id, _ in session.key}))
    while True:
        try:
            _, payload = read_frame(control)
        except EOFError:
            return
        answer(Kind.VERDICT, verdict(session, control, json.loads(payload)))
