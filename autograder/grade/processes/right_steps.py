"""The steps that right work takes in a check: those of the solution, and of odd but right ways to write it.

Made in the copy of the answer key's process that was set aside before the check's question (`processes/mistakes.py`),
for telling where a wrong run departs from a right one (`expect.departs`).
"""

import ast
import base64
import builtins
import importlib
import random
import re
import time
from collections.abc import Sequence
from functools import partial
from types import CodeType
from typing import Any

import numpy as np

from autograder.expect import message
from autograder.expect.evidence import EvidenceError, EvidenceFailure
from autograder.expect.rewrites import rewrites
from autograder.expect.session import RecordingSession
from autograder.expect.steps import pack_run, settled, unpack_run
from autograder.expect.tracing import SEEN, Tracer, on_the_way
from autograder.expect.work_places import cell_file, place_of
from autograder.grade.processes.mistakes import (
    EARLIER,
    LONGEST_RUN,
    TRACED,
    LibraryRegion,
    Mistakes,
    Trial,
    functions_of,
)
from autograder.grade.processes.region_runs import places
from autograder.grade.run.jobs import Cell
from autograder.grade.run.question_cells import has_region
from autograder.syntax import plain_text

MOST_REWRITES = 4
REWRITE_SECONDS = 0.5  # of a processor, for all of them
SECONDS = 4.0  # of a processor, for one traced run
OTHER_SEED = 20_231
UNSEEDED = re.compile(r"\b(default_rng|RandomState|Random)\(\)")
SECONDS_AT_HOME = 10.0  # the same where a release is made: what is known there must not depend on the machine's load


def right_steps(mistakes: Mistakes, question: Sequence[Cell], check: str) -> list[str]:
    """The runs as base64, the solution's first; none where they take too long, or give the check something else.

    Students have the solution's alone at home.
    """
    usual, _ = mistakes.in_a_fork(partial(mistakes.run, question, check), LONGEST_RUN)
    if usual is None:
        return []
    seconds = SECONDS_AT_HOME if mistakes.at_home else SECONDS
    first, spent = mistakes.in_a_fork(
        partial(traced, mistakes, question, check, seconds=seconds), seconds + TRACED * LONGEST_RUN
    )
    if not first or first["values"] != usual["values"] or first["late"]:
        return []
    run = first["run"]
    if first["random"]:
        again = partial(traced, mistakes, question, check, seconds=seconds, seed=OTHER_SEED)
        other, more = mistakes.in_a_fork(again, seconds + TRACED * LONGEST_RUN)
        spent += more
        if (run := unaffected(run, other["run"] if other else "")) is None:
            return []
    found = [run]
    if mistakes.at_home:
        return found
    began = time.process_time()
    reached, _ = mistakes.in_a_fork(lambda: mistakes.regions_run(question), TRACED * LONGEST_RUN)
    for place in places(mistakes, question, reached[0] if reached else ()):
        for _, text in rewrites(place.text, place.region):
            if len(found) > MOST_REWRITES or time.process_time() - began + spent > REWRITE_SECONDS:
                return found
            other, more = mistakes.in_a_fork(partial(traced, mistakes, question, check, place.trial(text)), SECONDS)
            spent += more
            if other and not other["late"] and len(other["values"]) == len(usual["values"]):
                found.append(other["run"])
    return found


def unaffected(run: str, other: str) -> str | None:
    """The first of two runs of the same code, without what random numbers without a seed make of it."""
    try:
        both = settled(unpack_run(base64.b64decode(run)), unpack_run(base64.b64decode(other)))
    except EvidenceError:
        return None
    return base64.b64encode(pack_run(both)).decode() if both is not None else None


def traced(
    mistakes: Mistakes,
    question: Sequence[Cell],
    check: str,
    trial: Trial | None = None,
    seen: bool = True,
    seconds: float = SECONDS,
    seed: int | None = None,
) -> dict[str, Any]:
    """Run a question with its steps recorded; to be called in a fork.

    Args:
        trial: other work than the solution.
        seen: record every value on the way, not only those that have names.
        seconds: of a processor, after which it is stopped.
        seed: of the random numbers that nobody gave a seed; None leaves them as they are.

    Returns:
        the run as base64, the check's values, the first error, whether it was stopped, and whether it drew such
        numbers.
    """
    texts: dict[str, str] = {}
    work = {cell.id for cell in question if has_region(cell)}
    tracer = Tracer(partial(place_of, texts=texts, work=frozenset(work), check=check), texts, seconds)
    setattr(builtins, SEEN, tracer.seen)
    patch_library(mistakes.regions, trial, seen, texts)
    values: dict[str, Any] = {}
    error = ""

    def take(data: bytes) -> None:
        given = message.unpack(data)
        if given.cell_id == check:
            content = given.content
            values[str(given.position)] = (
                {"reason": content.reason}
                if isinstance(content, EvidenceFailure)
                else base64.b64encode(content).decode()
            )

    session = RecordingSession(mistakes.seed, take, mistakes.at_home)
    session.draws = mistakes.draws
    start = mistakes.cells.index(question[0])
    earlier = [cell for cell in mistakes.cells[:start] if functions_of(cell)][-EARLIER:]
    names = mistakes.shell.user_ns
    with mistakes.quietly(session) as watch:

        def code_of(cell: Cell) -> CodeType:
            own = trial is not None and trial.cell == cell.id
            source = plain_text(trial.mutant.text if own and trial else cell.source)
            texts[cell_file(cell.id)] = source
            tree = ast.parse(source)
            if seen and cell.id != check:
                tree = on_the_way(tree)
            instrument = watch.begin(cell.id, cell.sites, cell.check) if mistakes.watches else None
            return compile(instrument.visit_Module(tree) if instrument else tree, cell_file(cell.id), "exec")

        for cell in earlier:
            exec(code_of(cell), names)
        if seed is not None:
            np.random.seed(seed)
            random.seed(seed)
        before = global_randomness()
        with tracer.tracing():
            for cell in question:
                session.begin_cell(cell.id)
                try:
                    if not cell.skip:
                        exec(code_of(cell), names)
                except Exception as failure:
                    error = error or f"{type(failure).__name__}: {failure}"[:500]
    run = base64.b64encode(pack_run(tracer.run())).decode()
    drew = global_randomness() != before or any(UNSEEDED.search(text) for text in texts.values())
    return {"run": run, "values": values, "error": error, "late": tracer.late, "random": drew}


def global_randomness() -> str:
    """The state of the random numbers that need no generator."""
    return repr((np.random.get_state(), random.getstate()))


def patch_library(regions: Sequence[LibraryRegion], trial: Trial | None, seen: bool, texts: dict[str, str]) -> None:
    """Give the library's functions with regions the code of other work, or code that tells its values on the way."""
    changed = trial.region if trial is not None else None
    for region in regions:
        text = region.text
        if trial is not None and changed is not None and changed.file == region.file:
            text = trial.mutant.text
        tree = ast.parse(text)
        code: CodeType = compile(on_the_way(tree) if seen else tree, region.file, "exec")
        function: Any = importlib.import_module(region.module)
        for part in region.function.split(".") if region.function else ():
            function = getattr(function, part)
            code = next(one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == part)
        if region.function:
            code = code.replace(co_filename=function.__code__.co_filename)
            texts[code.co_filename] = text
            function.__code__ = code
