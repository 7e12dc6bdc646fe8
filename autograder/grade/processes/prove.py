"""Tries one notebook's checks out: on many seeds, with stubs, with odd but right rewrites, with every mistake.

It is a trusted process: only the source's own code runs in it, in forks. `grade/proof.py` says what is to be mended.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import FrameType
from typing import Any

import numpy as np

from autograder.expect.compare import SCALED, compare, leaves
from autograder.expect.evidence import EvidenceError, EvidenceFailure, decode
from autograder.expect.expectation import Expectation, Id
from autograder.expect.kinds import Close, Gradient
from autograder.expect.mutants import Mutant, mutants
from autograder.expect.rewrites import rewrites
from autograder.expect.session import KeySession
from autograder.expect.verdict import judge
from autograder.grade.processes.answer_key import make_key
from autograder.grade.processes.mistakes import (
    AT_ONCE,
    CELL,
    FORKS_UNSAFELY,
    Mistakes,
    Trial,
    batched,
    values_of,
)
from autograder.grade.processes.otherwise import SingleGenerator, use_threads
from autograder.grade.processes.region_runs import RegionRun, places
from autograder.grade.processes.shell import NotebookShell
from autograder.grade.run.jobs import Cell
from autograder.grade.run.protocol import Frame, read_frame, write_frame
from autograder.machine import cores
from autograder.regions import without_mistakes

SEED_SECONDS = 120.0  # of a processor, for one seed of one check
EXPECTATIONS = "autograder.expect"
ENDED = "it took too long, or ended the process"
TWO_THREADS = "BLAS on two threads"
LARGEST_ROUNDING = 1e-2  # of a value's largest number, what float32 may change
RUN_SECONDS = 20.0  # of one run of the solution in a check
SAMPLE = 25  # mistakes that another check has caught already are tried too, to see what fails an expectation


def serve(shell: NotebookShell, control: int) -> None:
    """Run the notebook, then try out each of its checks; hands over one JSON text a check."""
    request = json.loads(read_frame(control)[1])

    def tell(cell_id: str) -> None:
        write_frame(control, Frame.KEY_CELL, json.dumps(cell_id).encode())

    session, mistakes = make_key(shell, request, tell, skip_failing=True, prove=proof_of)
    caught: list[str] = []
    found = []
    for cell_id in dict.fromkeys(place[0] for place in session.key):
        tell(cell_id)
        asked = {"seeds": request["seeds"], "caught": caught}
        one = mistakes.answer(cell_id, Frame.PROVE, asked, SEED_SECONDS * len(request["seeds"]))
        found.append(untried(cell_id) if one is None else one)
        noticed = found[-1]["mutants"]
        caught += [key for key, now in noticed.items() if now and key not in found[-1]["wavering"]]
    mistakes.end()
    write_frame(control, Frame.KEY_MADE, json.dumps(found).encode())


def untried(check: str) -> dict:
    """What is said of a check whose question has no copy: with what is loaded, perhaps, of which there can be none."""
    nothing: dict[str, Any] = {"needs": [], "seeds": {}, "mutants": {}, "wavering": [], "late": [], "seconds": 0.0}
    return {"check": check, **nothing, "loaded": [name for name in FORKS_UNSAFELY if name in sys.modules]}


def proof_of(mistakes: Mistakes, question: list[Cell], check: str, request: Mapping[str, Any]) -> dict:
    """How a check behaves; runs in the copy that was set aside before its question."""
    began = time.process_time()
    reached, _ = mistakes.in_a_fork(lambda: mistakes.regions_run(question), RUN_SECONDS)
    needs = reached[0] if reached else []
    zeros, _ = mistakes.in_a_fork(partial(gives_zeros, mistakes, question), RUN_SECONDS)
    result: dict[str, Any] = {"check": check, "needs": needs, "seeds": {}, "mutants": {}, "wavering": [], "late": []}
    result |= {"zeros": bool(zeros), "slow": []}
    here = list(places(mistakes, question, needs))
    every = {
        f"{plain_name(place)}\t{changed_lines(place.text, mutant)}\t{mutant.said}": place.trial(mutant.text)
        for place in here
        for mutant in mutants(place.text, place.region)
    }
    known = set(request["caught"])
    tried = {key: trial for key, trial in every.items() if key not in known}
    tried |= dict([(key, trial) for key, trial in every.items() if key in known][:SAMPLE])
    _, whole = mistakes.in_a_fork(partial(mistakes.run, question), RUN_SECONDS)
    question = mistakes.from_where_it_matters(question) or question
    _, usual = mistakes.in_a_fork(partial(mistakes.run, question), RUN_SECONDS)
    trials, stubs = {"the solution": None} | honest(here), stubs_of(here)
    work = partial(one_seed, mistakes, question, check, trials, stubs, usual)

    def take(seed: int, given: dict | None) -> None:
        if given is None:
            result["late"].append(seed)
            return
        noticed = given.pop("mutants")
        result["wavering"] += [key for key, now in noticed.items() if now and result["mutants"].get(key) is False]
        result["mutants"] |= noticed
        result["slow"] += given.pop("slow", [])
        result["seeds"][str(seed)] = given

    first, *further = request["seeds"]
    take(first, mistakes.in_a_fork(partial(work, first, tried, otherwise=True), SEED_SECONDS)[0])
    left = {key: trial for key, trial in tried.items() if not result["mutants"].get(key)}
    later = (partial(work, seed, left if number == 0 else {}) for number, seed in enumerate(further))
    for seed, given in zip(further, mistakes.in_forks(later, SEED_SECONDS, cores()), strict=True):
        take(seed, given)
    result["seconds"] = whole
    result["tried"] = time.process_time() - began
    return result


def gives_zeros(mistakes: Mistakes, question: Sequence[Cell]) -> bool:
    """Does a question's check call a function, no expectation, with an array or a list of nothing but zeros?"""
    mistakes.run(question[:-1])
    given = False

    def look(frame: FrameType, event: str, _: object) -> None:
        nonlocal given
        above = frame.f_back.f_code if event == "call" and frame.f_back else None
        if above is None or above.co_filename != CELL or not above.co_name.startswith("<"):  # no function's own calls
            return
        if not frame.f_globals.get("__name__", "").startswith(EXPECTATIONS):
            given |= any(isinstance(one, np.ndarray | list) and is_zero(one) for one in frame.f_locals.values())

    sys.setprofile(look)
    try:
        mistakes.run(question[-1:])
    finally:
        sys.setprofile(None)
    return given


def plain_name(place: "RegionRun") -> str:
    """The region's name without the backticks that messages put around it."""
    return place.name.replace("`", "")


def changed_lines(text: str, mutant: Mutant) -> str:
    """ "old -> new", of the lines that differ, without what an author wrote beside the solution."""
    before, after = without_mistakes(text).split("\n"), without_mistakes(mutant.text).split("\n")
    head = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    tail = next((n for n, (a, b) in enumerate(zip(before[::-1], after[::-1], strict=False)) if a != b), 0)
    tail = min(tail, len(before) - head, len(after) - head)
    old, new = (" ".join(" ".join(lines[head : len(lines) - tail]).split()) for lines in (before, after))
    return f"{old} -> {new}"


def honest(places: Sequence[RegionRun]) -> dict[str, Trial | None]:
    """Right ways to write what a check runs."""
    return {
        f"{kind} in {place.name}": place.trial(text)
        for place in places
        for kind, text in rewrites(place.text, place.region)
    }


def stubs_of(places: Sequence[RegionRun]) -> dict[str, Trial]:
    """Each region that a check runs, empty."""
    return {place.name: place.trial(emptied(place)) for place in places}


def emptied(place: RegionRun) -> str:
    lines = place.text.split("\n")
    lines[place.region.start + 1 : place.region.end] = [f"{place.region.indent}raise NotImplementedError"]
    return "\n".join(lines)


def one_seed(
    mistakes: Mistakes,
    question: Sequence[Cell],
    check: str,
    honest_ones: Mapping[str, Trial | None],
    stubs: Mapping[str, Trial],
    usual: float,
    seed: int,
    mistaken: Mapping[str, Trial],
    otherwise: bool = False,
) -> dict:
    """What a check gives on one seed; runs in a fork of the copy, and every trial in a fork of that.

    Args:
        usual: the processor seconds that a run takes with the solution.
        otherwise: run the solution on two threads and on inputs of float32 as well.
    """
    mistakes.seed = seed
    run: Callable[[], dict] = partial(mistakes.run, question, check)
    runs: dict[str, dict | None] = {}
    for name, trial in {**honest_ones, **{f"stub {name}": stub for name, stub in stubs.items()}}.items():
        work = run if trial is None else partial(mistakes.run_one, trial, question, check)
        runs[name], _ = mistakes.in_a_fork(partial(said_if_failing, work), 3 * RUN_SECONDS)
    single: dict | None = None
    if otherwise:
        runs[TWO_THREADS], _ = mistakes.in_a_fork(partial(on_two_threads, run), 3 * RUN_SECONDS)
        single, _ = mistakes.in_a_fork(partial(in_single, mistakes, run), 3 * RUN_SECONDS)
    seconds = 0.2 + 3 * min(usual, RUN_SECONDS)
    given = mistakes_run(mistakes, question, check, list(mistaken.values()), seconds, runs["the solution"])
    tried: dict[str, dict | None] = dict(zip(mistaken, given, strict=True))
    session = KeySession(seed)
    failed = ""
    with mistakes.quietly(session) as watch:
        for cell in question:
            session.begin_cell(cell.id)
            try:
                if not cell.skip:
                    exec(mistakes.compiled(cell, watch), mistakes.shell.user_ns)
            except Exception as failure:
                failed = f"{type(failure).__name__}: {failure}"[:500]
    numbers = mistakes.positions(session.key, check)
    key = {(check, number): session.key[check, position] for position, number in numbers.items()}
    values = {number: session.values.get((check, position)) for position, number in numbers.items()}
    if failed or not key:
        return {"failed": failed, "honest": {}, "single": "", "stubs": {}, "mutants": {}, "expectations": []}
    judged = {name: verdict_on(key, check, given) for name, given in runs.items()}
    spread = {name: errors_of(key, given) for name, given in runs.items() if name in honest_ones}
    nearest = {name: errors_of(key, given) for name, given in tried.items()}
    return {
        "failed": "",
        "honest": {name: one for name, one in judged.items() if not name.startswith("stub ")},
        "single": far_off(key, single) if otherwise else "",
        "stubs": {name: judged[f"stub {name}"] for name in stubs},
        "mutants": {name: verdict_on(key, check, given)[0] < 1 for name, given in tried.items()},
        "slow": [name for name, given in tried.items() if given is None],
        "expectations": [
            described(one, position, spread, nearest, values[position]) for (_, position), one in sorted(key.items())
        ],
    }


def mistakes_run(
    mistakes: Mistakes,
    question: Sequence[Cell],
    check: str,
    trials: Sequence[Trial],
    seconds: float,
    right: dict | None,
) -> Iterator[dict | None]:
    """What each mistake gives; None for one that takes longer than so many processor seconds.

    A fork takes longer than most checks, so several mistakes run in one, and the solution behind them: where it gives
    something else then, one of them has left something behind, and each runs again in a fork of its own.
    """
    alone = partial(mistakes.in_forks, seconds=seconds, at_once=cores())

    def together(some: Sequence[Trial | None]) -> list[dict]:
        return [mistakes.run_one(trial, question, check, seconds) for trial in some]

    steady, _ = mistakes.in_a_fork(partial(together, [None, None]), 2 * RUN_SECONDS)
    several = list(batched(trials, AT_ONCE if steady == [right, right] else 1))
    works = (partial(together, [*some, None]) for some in several)
    for some, given in zip(several, mistakes.in_forks(works, seconds * (AT_ONCE + 1), cores()), strict=True):
        if given is not None and given[-1] == right:
            yield from given[:-1]
        else:
            yield from alone(partial(mistakes.run_one, trial, question, check) for trial in some)


def on_two_threads(run: Callable[[], dict]) -> dict:
    use_threads(2)
    return said_if_failing(run)


def in_single(mistakes: Mistakes, run: Callable[[], dict]) -> dict:
    mistakes.draws = SingleGenerator
    return said_if_failing(run)


def far_off(key: Mapping[Id, Expectation], given: dict | None) -> str:
    """What is wrong with the solution's values on float32 inputs; "" where they are those of float64, but for rounding.

    Whole numbers may be others: the larger of two nearly equal ones, perhaps.
    """
    if given is None:
        return ENDED
    if given["error"]:
        return given["error"]
    values = values_of(given["values"])
    for (_, position), one in sorted(key.items()):
        content = values.get(position)
        if not isinstance(one, Close) or is_whole(one.expected):
            continue
        if content is None or isinstance(content, EvidenceFailure):
            return f"{one.name}: {content.reason if content else 'there is no value'}"
        comparison = compare(decode(content), one.expected, SCALED, round_off=True)
        if comparison.mismatch or comparison.error > LARGEST_ROUNDING:
            return f"{one.name} is off by {comparison.error:.0e} of its largest number"
    return ""


def is_whole(value: Any) -> bool:
    """Is there no fraction in it?"""
    return all(leaf.expected.dtype.kind in "biu" for leaf in leaves(value, value))


def said_if_failing(work: Callable[[], dict]) -> dict:
    """What the work gives, or the error that it ends with."""
    try:
        return work()
    except Exception as error:
        return {"values": {}, "error": f"{type(error).__name__}: {error}"[:500]}


def verdict_on(key: Mapping[Id, Expectation], check: str, given: dict | None) -> tuple[float, list[str]]:
    """Credit and lines; nothing for a run that took too long or ended its process."""
    if given is None:
        return 0.0, [ENDED]
    evidence = {(check, position): value for position, value in values_of(given["values"]).items()}
    verdict = judge(key, evidence, {check: given["error"]} if given["error"] else {})[check]
    return verdict.credit, list(verdict.lines)


def errors_of(key: Mapping[Id, Expectation], given: dict | None) -> dict[int, float]:
    """By position, how far values are from the solution's, as the expectation measures it; inf where they are none."""
    found: dict[int, float] = {}
    values = values_of(given["values"]) if given else {}
    for (_, position), one in key.items():
        if isinstance(one, Close):
            found[position] = float("inf")
            content = values.get(position)
            if content is not None and not isinstance(content, EvidenceFailure):
                try:
                    measure = SCALED if isinstance(one, Gradient) else one.measure
                    found[position] = compare(decode(content), one.expected, measure, round_off=one.hidden).error
                except EvidenceError:
                    continue
    return found


def described(
    expectation: Expectation,
    position: int,
    spread: Mapping[str, Mapping[int, float]],
    nearest: Mapping[str, Mapping[int, float]],
    value: Any,
) -> dict:
    """One expectation: its threshold, how far honest work is off at most, and how near the nearest mistake comes."""
    if not isinstance(expectation, Close):
        return {"name": expectation.name, "position": position}
    at_most = expectation.tolerance
    off = [error for one in nearest.values() if 0 < (error := one.get(position, 0.0)) < np.inf]
    failing = [error for error in off if error > at_most]
    own = spread["the solution"].get(position, 0.0)  # where a check states rounded numbers
    honest_errors = [one[position] - own for one in spread.values() if np.isfinite(one.get(position, np.inf))]
    return {
        "name": expectation.name,
        "position": position,
        "at_most": at_most,
        "spread": max(honest_errors, default=0.0),
        "nearest": min(failing, default=None),
        "differing": len(off),
        "failed_by": len(failing),
        "zero": is_zero(value),
    }


def is_zero(value: Any) -> bool:
    """Does a value hold numbers, and all of them 0?"""
    if isinstance(value, dict):
        return bool(value) and all(map(is_zero, value.values()))
    if isinstance(value, list | tuple):
        return bool(value) and all(map(is_zero, value))
    array = np.asarray(value)
    return bool(array.dtype.kind in "biuf" and array.size and not array.any())
