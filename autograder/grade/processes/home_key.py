"""The trusted process that finds out what a released notebook may know at home (`expect.home`).

It runs the source notebook once on the inputs that students have, without the searches. What a cell needs from a search
is not there; a check that fails for that is left to grading. After each check it looks whether its values are worth
keeping: the check is run again with other data sets and other global random numbers (a student's may differ), and on
other inputs (a value that is always the same would be an answer to copy).
"""

import base64
import contextlib
import json
import random
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograder.expect.bank import Outcome
from autograder.expect.evidence import EvidenceError, Value, decode
from autograder.expect.home import (
    HomeCheck,
    HomeNotebook,
    HomeValue,
    keepable,
    named_mistakes,
    to_bytes,
)
from autograder.expect.kinds import Gradient, Same, stated_positions
from autograder.expect.session import KeySession
from autograder.expect.steps import pack_run, short, unpack_run
from autograder.grade.processes.answer_key import make_key
from autograder.grade.processes.mistakes import FORKS_UNSAFELY, Mistakes, values_of
from autograder.grade.processes.shell import NotebookShell
from autograder.grade.run.jobs import Cell
from autograder.grade.run.protocol import Frame, read_frame, write_frame

OTHER_SEEDS = 1, 2
A_DATA_SET = 20_000  # numbers; a larger array may be another on a student's machine
AGAIN_SECONDS = 60.0
MISTAKES_SECONDS = 2.0  # of a processor, for all mistakes of a check

Runs = list[dict[int, Value]]


def serve(shell: NotebookShell, control: int) -> None:
    """Make one notebook's part of the file, tell of the cells meanwhile, and hand it over."""
    request = json.loads(read_frame(control)[1])
    again: dict[str, Runs] = {}

    def tell(cell_id: str) -> None:
        write_frame(control, Frame.KEY_CELL, json.dumps(cell_id).encode())

    def ended(cell: Cell, session: KeySession, mistakes: Mistakes) -> None:
        if any(place[0] == cell.id for place in session.key):
            again[cell.id] = run_again(cell, mistakes, shell)

    session, mistakes = make_key(shell, request, tell, at_home=True, skip_failing=True, ended=ended)
    checks: dict[str, HomeCheck] = {}
    for cell_id, runs in again.items():
        tell(cell_id)
        checks[request["keys"][cell_id]] = known_of(cell_id, session, mistakes, runs)
    files = sorted({file for cell_id in again for file in mistakes.reach(cell_id).files})
    mistakes.end()
    content = to_bytes({request["notebook"]: HomeNotebook("", checks, tuple(files))})
    write_frame(control, Frame.KEY_MADE, json.dumps(base64.b64encode(content).decode()).encode())


def run_again(cell: Cell, mistakes: Mistakes, shell: NotebookShell) -> Runs:
    """What a check gets on the same inputs with other data, then on other inputs; empty where that takes too long."""

    def work() -> list[dict]:
        if can_fork:
            change_data(shell.user_ns)
        np.random.seed(987_654)
        random.seed(987_654)
        runs = [mistakes.run([cell], cell.id)]
        mistakes.at_home = False
        for seed in OTHER_SEEDS:
            mistakes.seed = seed
            runs.append(mistakes.run([cell], cell.id))
        return runs

    can_fork = not any(name in sys.modules for name in FORKS_UNSAFELY)
    if can_fork:
        given, _ = mistakes.in_a_fork(work, AGAIN_SECONDS)
    else:
        given, before = None, mistakes.seed
        given = work()
        mistakes.seed, mistakes.at_home = before, True
    found: Runs = []
    for run in given or ():
        values = {}
        for position, content in values_of(run["values"]).items():
            with contextlib.suppress(EvidenceError):
                values[position] = decode(content) if isinstance(content, bytes) else None
        found.append(values)
    return found


def change_data(variables: dict[str, Any]) -> None:
    """Give every large array of a notebook, alone or in a dict or list, other numbers."""
    for name, value in list(variables.items()):
        if not name.startswith("_"):
            variables[name] = changed(value, 3)


def changed(value: Any, depth: int) -> Any:
    if type(value) is np.ndarray and value.size >= A_DATA_SET and value.dtype.kind in "iuf":
        return np.flip(value)
    if type(value) is dict and depth:
        return {key: changed(item, depth - 1) for key, item in value.items()}
    if type(value) in (list, tuple) and depth and len(value) < 1000:
        return type(value)(changed(item, depth - 1) for item in value)
    return value


def known_of(cell_id: str, session: KeySession, mistakes: Mistakes, runs: Runs) -> HomeCheck:
    """What is kept of one check."""
    given: dict[int, Value] = {}
    values: dict[int, HomeValue] = {}
    for position, here in stated_positions(session.key, cell_id).items():
        expectation = session.key[cell_id, position]
        if not expectation.takes_evidence():
            continue
        given[here] = session.values[cell_id, position]
        if not isinstance(expectation, Same | Gradient) or expectation.kept_back or len(runs) < 1 + len(OTHER_SEEDS):
            continue
        if all(here in run for run in runs) and keepable(given[here], runs[0][here], [run[here] for run in runs[1:]]):
            error = expectation.central_error if isinstance(expectation, Gradient) else 0.0
            values[here] = HomeValue(given[here], error)
    outcomes: list[Outcome] = mistakes.ask(cell_id, None, MISTAKES_SECONDS)
    named = named_mistakes(given, only_of(given, outcomes))
    return HomeCheck(mistakes.needs(cell_id), values, named, steps_at_home(mistakes.steps_of_right_work(cell_id)))


def steps_at_home(runs: Sequence[str]) -> bytes:
    """The steps of the solution as a student's machine has them."""
    return pack_run(short(unpack_run(base64.b64decode(runs[0]))), single=True) if runs else b""


def only_of(given: Mapping[int, Value], outcomes: list[Outcome]) -> list[Outcome]:
    """The outcomes, without those that lack a value, so that two of them are not taken for each other."""
    return [one for one in outcomes if one.values.keys() <= given.keys()]
