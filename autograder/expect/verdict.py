"""Evidence held against the answer key: what each grade cell earns, and what it says.

Everything in the evidence may be a lie; a lie gains nothing, since all that counts is the answer key. A cell earns the
smallest credit of its expectations, and nothing where one of them has no evidence.
"""

import logging
from collections import defaultdict
from collections.abc import Container, Mapping
from dataclasses import replace
from itertools import zip_longest
from types import MappingProxyType

from autograder.expect.cell_verdict import CellVerdict
from autograder.expect.diagnosis import NON_FINITE
from autograder.expect.evidence import EvidenceError, EvidenceFailure, decode, encode
from autograder.expect.expectation import Expectation, Id, Judgement, ReadFile, unusable
from autograder.expect.lines import Layout
from autograder.words import NOT_WRITTEN_YET

Evidence = Mapping[Id, bytes | EvidenceFailure]

NOTHING = encode(None)
NOT_WRITTEN = "NotImplementedError"


def judge(
    key: Mapping[Id, Expectation],
    evidence: Evidence,
    errors: Mapping[str, str] | None = None,
    read_file: ReadFile = lambda name: None,
    hidden: Container[str] = (),
    causes: Mapping[str, str] = MappingProxyType({}),
    where: str = "",
) -> dict[str, CellVerdict]:
    """The verdict on every cell of the answer key.

    Args:
        key: expectations by (cell id, position), as `KeySession.key` has them.
        evidence: what the submission's process recorded for them.
        errors: by cell id, the error that a cell stopped with ("ZeroDivisionError: division by zero").
        read_file: the bytes of a file of the submission by name (saved weights), None where there is none.
        hidden: the cells with hidden tests: what an error in them says may be what such a test holds.
        causes: by cell, what its wrong values are known to come from; said in place of a guess.
        where: of a key of one cell, where its run goes wrong; said after the last of its wrong values.
    """
    cells: dict[str, list[Id]] = defaultdict(list)
    for place in sorted(key, key=lambda place: place[1]):
        cells[place[0]].append(place)
    strays = defaultdict(list)
    for cell_id, position in evidence.keys() - key.keys():
        strays[cell_id].append(position)
    verdicts = {}
    for cell_id, places in cells.items():
        error = (errors or {}).get(cell_id)
        if error and cell_id in hidden and not error.startswith(NOT_WRITTEN):
            error = error.partition(":")[0]
        judgements = [judge_one(key[place], evidence.get(place), error, read_file) for place in places]
        if cell_id in causes:
            judgements = [one if one.credit == 1 else replace(one, cause=causes[cell_id]) for one in judgements]
        if where and (wrong := [n for n, one in enumerate(judgements) if one.credit < 1]):
            judgements = [replace(one, cause="") if NON_FINITE in one.cause else one for one in judgements]
            last = judgements[wrong[-1]]
            judgements[wrong[-1]] = replace(last, cause="\n".join(filter(None, [last.cause, where])))
        flags = [flag for judgement in judgements for flag in judgement.flags]
        if cell_id in strays:
            flags.append(f"evidence for {len(strays[cell_id])} checks that this cell does not have")
        credit = min(judgement.credit for judgement in judgements)
        failing = tuple(place[1] for place, one in zip(places, judgements, strict=True) if one.credit < 1)
        verdicts[cell_id] = CellVerdict(credit, report(judgements), tuple(flags), failing)
    return verdicts


def judge_one(
    expectation: Expectation, evidence: bytes | EvidenceFailure | None, error: str | None, read_file: ReadFile
) -> Judgement:
    """The judgement of one expectation; never raises."""
    name = expectation.name
    if not expectation.takes_evidence():
        evidence = NOTHING
    if evidence is None:
        return missing(name, error)
    if isinstance(evidence, EvidenceFailure):
        return unusable(name, evidence.reason)
    try:
        return expectation.judge(decode(evidence), read_file)
    except EvidenceError as failure:
        return replace(unusable(name, str(failure)), flags=(f"{name}: malformed evidence: {failure}",))
    except Exception as failure:  # one bad value must not stop the grading of a class
        logging.getLogger(__name__).exception("judging %s", name)
        text = f"judging it failed with {type(failure).__name__}"
        return replace(unusable(name, text), flags=(f"{name}: {text}: {failure!s:.200}",))


def missing(name: str, error: str | None) -> Judgement:
    """The judgement of an expectation that the submission never came to."""
    if error is None:
        text = "No value came from this check."
    elif error.startswith(NOT_WRITTEN):
        what = error.partition(":")[2].strip() or "something"
        text = f"{what:.200} is {NOT_WRITTEN_YET}: it raises NotImplementedError."
    elif error.startswith("AssertionError"):
        said = error.partition(":")[2].strip()
        text = f"No value came from this check: the cell had failed before it{f' ({said:.500})' if said else ''}."
    else:
        text = f"The cell stopped before this check: {error:.500}"
        if error.startswith("RecursionError"):
            text += "\n  A function calls itself without an end: is the case reached in which it does not?"
    return Judgement(0.0, (name, "no value", "failed"), text)


def report(judgements: list[Judgement]) -> tuple[str, ...]:
    """The lines of a cell: a row per expectation, a failed one followed by its diagnosis.

    Where several in a row have the same diagnosis, it stands once, after the last of them.
    """
    layout = Layout([judgement.row for judgement in judgements])
    lines = []
    for judgement, following in zip_longest(judgements, judgements[1:]):
        lines.append(layout.line(judgement.row))
        if following is None or following.diagnosis != judgement.diagnosis:
            lines.extend(f"  {plain(line)}" for line in judgement.diagnosis.splitlines())
        if judgement.cause and (following is None or following.cause != judgement.cause):
            lines.extend(f"    {plain(line)}" for line in judgement.cause.splitlines())
    return tuple(lines)


def plain(line: str) -> str:
    """The line without the control characters that a student's error may hold: they could colour or hide it."""
    return "".join(c if c.isprintable() else " " for c in line)
