"""On a student's machine: a failing check is run once more, with its steps recorded, to say where it goes wrong."""

import os
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from types import CodeType
from typing import Any

import numpy as np

from autograder.expect import message
from autograder.expect.departs import IN_A_CELL, where_it_departs
from autograder.expect.evidence import EvidenceError, Value, encode
from autograder.expect.session import HOME_SEED, RecordingSession, use
from autograder.expect.steps import COMMON, unpack_run
from autograder.expect.tracing import TookTooLong, Tracer
from autograder.expect.work_places import cell_file, file_place
from autograder.syntax import parse_python

CHECK = "check"
SECONDS = 1.0


def where_at_home(text: str, names: Mapping[str, Any], steps: bytes, values: Mapping[int, Value]) -> str:
    """The sentence about where a check goes wrong; "" where that cannot be told, or it gives something else now.

    Args:
        text: the check's.
        names: the notebook's variables, which stay as they are.
        steps: those of the solution.
        values: what its expectations got.
    """
    given: dict[int, Any] = {}

    def take(data: bytes) -> None:
        one = message.unpack(data)
        given[one.position] = one.content

    tracer = Tracer(place_of, seconds=SECONDS, stops=True)
    try:
        code = compile(parse_python(text), cell_file(CHECK), "exec")
        with unnoticed(), use(RecordingSession(HOME_SEED, take, at_home=True)):
            try:
                with tracer.tracing():
                    exec(code, dict(names))
            except Exception:  # the student has seen it
                pass
        if any(given.get(position) != encode(value) for position, value in values.items()):
            return ""
        return where_it_departs(tracer.run(), [unpack_run(steps)], COMMON) or ""
    except (TookTooLong, SyntaxError, ValueError, EvidenceError):
        return ""


def place_of(code: CodeType) -> str | None:
    """Where a student's function is written; None for other code, the check's among it."""
    name = code.co_filename
    if name == cell_file(CHECK) or code.co_name == "<module>":
        return None
    in_a_cell = code.co_filename.startswith("<ipython-input") or "ipykernel_" in name
    return IN_A_CELL if in_a_cell else file_place(code, {})


@contextmanager
def unnoticed() -> Iterator[None]:
    """Let nothing be shown, no figure be left, and random numbers go on as before."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    figures = set(pyplot.get_fignums()) if pyplot is not None else set()
    states = np.random.get_state(), random.getstate()
    with ExitStack() as stack:
        nowhere = stack.enter_context(open(os.devnull, "w"))
        stack.enter_context(redirect_stdout(nowhere))
        stack.enter_context(redirect_stderr(nowhere))
        if "IPython" in sys.modules:
            from IPython.utils.capture import capture_output

            stack.enter_context(capture_output())
        try:
            yield
        finally:
            np.random.set_state(states[0])
            random.setstate(states[1])
            if pyplot is not None:
                for number in set(pyplot.get_fignums()) - figures:
                    pyplot.close(number)
