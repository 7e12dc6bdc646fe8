"""What in an assignment's results somebody should look at: facts, and no verdict on anybody."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from autograder.gradebook.results import SubmissionResult

ENOUGH = 300  # characters of code, without comments and layout, that two submissions have in common
USUAL = 0.25  # of the class: so many did not have it from each other
FEW = 3
KINDS = {"evidence": "evidence", "processes": "processes", "stopped": "stopped", "again": "graded twice"}
"""The notes of a submission that are listed -> the word for them."""


@dataclass(frozen=True)
class Anomaly:
    """Something unusual. `kind` is a short fixed word for programs."""

    kind: str
    students: tuple[str, ...]
    text: str


def anomalies(results: Sequence[SubmissionResult], log: Iterable[Mapping]) -> list[Anomaly]:
    """What is unusual about these submissions.

    Args:
        results: of one assignment.
        log: the lines of its log, oldest first.
    """
    log = list(log)
    noted = [
        Anomaly(KINDS[note.kind], (result.student,), note.text)
        for result in results
        for note in result.notes
        if note.kind in KINDS
    ]
    return [
        *without_verdict(log),
        *trained_again(log),
        *sorted(noted, key=lambda one: [*KINDS.values()].index(one.kind)),
        *the_same(results),
    ]


def without_verdict(log: Iterable[Mapping]) -> list[Anomaly]:
    """Who had no verdict more than once since the last one, or has none at all."""
    failures: dict[str, list[str]] = defaultdict(list)
    graded: set[str] = set()
    for line in log:
        student = str(line.get("student"))
        if "retrained" in line:
            continue
        if "no_verdict" in line:
            failures[student].append(str(line["no_verdict"]))
        else:
            graded.add(student)
            failures.pop(student, None)
    return [
        Anomaly(
            "no verdict",
            (student,),
            f"{len(reasons)} time{'s' * (len(reasons) > 1)}{' since it was graded' * (student in graded)}; "
            f"the last: {reasons[-1]}",
        )
        for student, reasons in sorted(failures.items())
        if len(reasons) > 1 or student not in graded
    ]


def trained_again(log: Iterable[Mapping]) -> list[Anomaly]:
    """Whose weights were others when they were trained again, since the submission was graded last."""
    differences: dict[str, list] = {}
    for line in log:
        if "retrained" in line:
            differences[str(line.get("student"))] = list(line["retrained"])
        elif "no_verdict" not in line:
            differences.pop(str(line.get("student")), None)
    return [Anomaly("trained again", (name,), str(text)) for name, texts in differences.items() for text in texts]


def the_same(results: Sequence[SubmissionResult]) -> list[Anomaly]:
    """Which submissions have the same weights, or much of the same code."""
    owners: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in results:
        for place, fingerprint in one.fingerprints.items():
            owners[place, fingerprint].append(one.student)
    unusual = max(FEW, USUAL * len(results))
    found: list[Anomaly] = []
    shared: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for (place, fingerprint), students in owners.items():
        length = int(fingerprint.partition(":")[0])
        if len(students) == 1:
            continue
        if not length:
            found.append(Anomaly("same weights", tuple(sorted(students)), f"the same {place}"))
        elif len(students) <= unusual:
            for pair in itertools.combinations(sorted(students), 2):
                shared[pair][place] += length
    for pair, places in sorted(shared.items()):
        if places.total() >= ENOUGH:
            found.append(Anomaly("same code", pair, f"the same code in {', '.join(sorted(places))}"))
    return found
