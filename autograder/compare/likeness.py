"""Which submissions resemble each other beyond what the homework explains. Pure: plain data in and out.

What the homework explains is taken out first: statements that were released, that the solution has, or that many others
wrote. What is left is weighed: a statement that few have tells more than one that some have, so that a pair is pointed
to only where it shares more than chance gives to any pair of a class of this size.

Statements that nearly agree are found with rapidfuzz, which nbgrader brings along and which is kept: it compares a
class in seconds and gives a number that can be explained, the share of equal characters. copydetect, which was made for
this, compares whole files: it cannot take out what most of a class wrote, and finds copies only where statements stand
in the same order.
"""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from autograder.compare.code import Statement, statements

Place = str
"""A region: "net:scores" or "nn/layers.py:affine_forward"."""

USUAL = 0.25  # of those who wrote something there: what so many have, they have from the homework
FEW = 3
NEARLY = 88.0  # percent of equal characters of two statements that count as one
SHARE = 0.6  # of what is left of the shorter of two regions: so much must be shared
WHOLE = 24  # characters of a statement that tells all it can
BITS_EACH = 2.0  # what a further statement tells that the same several students have
SMALL_GROUP = 3
BEYOND = 12.0  # bits: a class in some thousands has such a pair by chance


@dataclass(frozen=True)
class SharedRegion:
    """A region of which two submissions share much.

    Attributes:
        bits: how much it tells.
        share: of what is left of the shorter one, 0 to 1.
        lines: of the first and the second, those of the shared statements, from 0.
    """

    place: Place
    bits: float
    share: float
    lines: tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class LikePair:
    """Two submissions to look at side by side, with the regions that tell most first."""

    students: tuple[str, str]
    bits: float
    regions: tuple[SharedRegion, ...]


def like_pairs(
    written: Mapping[Place, Mapping[str, str]],
    explained: Mapping[Place, Sequence[str]],
    students: int,
    advance: Callable[[], None] = lambda: None,
) -> list[LikePair]:
    """The pairs that share more than the homework explains, those that share most first.

    Args:
        written: place -> student -> what the student wrote there.
        explained: place -> texts that were released, or are the solution.
        students: how many there are in the class.
        advance: called after each place.
    """
    shared: dict[tuple[str, str], list[SharedRegion]] = defaultdict(list)
    for place, texts in written.items():
        for pair, region in like_regions(place, texts, explained.get(place, ())).items():
            shared[pair].append(region)
        advance()
    least = BEYOND + math.log2(max(students * (students - 1) / 2, 1))
    found = [
        LikePair(pair, sum(one.bits for one in regions), tuple(sorted(regions, key=lambda one: -one.bits)))
        for pair, regions in shared.items()
    ]
    return sorted((one for one in found if one.bits >= least), key=lambda one: (-one.bits, one.students))


def like_regions(
    place: Place, texts: Mapping[str, str], explained: Sequence[str]
) -> dict[tuple[str, str], SharedRegion]:
    """Pair -> what it shares of one region, of all pairs that share enough of it."""
    given = {one.form for text in explained for one in statements(text)}
    wrote = {student: statements(text) for student, text in texts.items()}
    owners: dict[str, set[str]] = defaultdict(set)
    for student, found in wrote.items():
        for one in found:
            owners[one.form].add(student)
    usual = max(FEW, USUAL * sum(bool(found) for found in wrote.values()))
    rare = {
        student: [one for one in found if one.form not in given and len(owners[one.form]) <= usual]
        for student, found in wrote.items()
    }
    return {
        pair: region
        for pair in candidates(rare, owners)
        if (region := shared_region(place, rare[pair[0]], rare[pair[1]], owners, len(texts))) is not None
    }


def candidates(rare: Mapping[str, Sequence[Statement]], owners: Mapping[str, Collection[str]]) -> list[tuple[str, str]]:
    """The pairs that may share enough: those with a statement in common, or whose texts look alike."""
    import numpy as np
    from rapidfuzz import fuzz, process

    told = {student: "\n".join(sorted(one.form for one in found)) for student, found in rare.items() if found}
    names = sorted(told)
    if len(names) < 2:
        return []
    texts = [told[name] for name in names]
    likeness = process.cdist(texts, texts, scorer=fuzz.ratio, score_cutoff=100 * SHARE / 2, dtype=np.uint8)
    pairs = {(names[a], names[b]) for a, b in zip(*np.nonzero(np.triu(likeness, 1)), strict=True)}
    for form in {one.form for found in rare.values() for one in found}:
        pairs |= set(itertools.combinations(sorted(name for name in owners[form] if name in told), 2))
    return sorted(pairs)


def shared_region(
    place: Place,
    one: Sequence[Statement],
    other: Sequence[Statement],
    owners: Mapping[str, Collection[str]],
    students: int,
) -> SharedRegion | None:
    """What two lists of statements share, in any order; None where that is too little of the shorter one."""
    pairs = matched(one, other)
    sizes = [sum(len(statement.form) for statement in side) for side in (one, other)]
    size = sum(len(a.form) for a, _ in pairs)
    share = size / max(min(sizes), 1)
    if share < SHARE or not pairs:
        return None
    bits = told_by([a.form for a, _ in pairs], [b.form for _, b in pairs], owners, students)
    lines = [
        tuple(sorted({line for pair in pairs for line in range(pair[side].first, pair[side].last + 1)}))
        for side in (0, 1)
    ]
    return SharedRegion(place, bits, min(share, 1.0), (lines[0], lines[1]))


def matched(one: Sequence[Statement], other: Sequence[Statement]) -> list[tuple[Statement, Statement]]:
    """Statements of the same form, then those that nearly agree; each at most once."""
    from rapidfuzz import fuzz, process

    left = list(other)
    found, alone = [], []
    for statement in one:
        same = next((at for at, its in enumerate(left) if its.form == statement.form), None)
        if same is None:
            alone.append(statement)
        else:
            found.append((statement, left.pop(same)))
    for statement in alone:
        if len(statement.form) < WHOLE or not left:
            continue
        forms = [its.form for its in left]
        near = process.extractOne(statement.form, forms, scorer=fuzz.ratio, score_cutoff=NEARLY)
        if near is not None:
            found.append((statement, left.pop(near[2])))
    return found


def told_by(ones: Sequence[str], others: Sequence[str], owners: Mapping[str, Collection[str]], students: int) -> float:
    """How unlikely it is to share these statements by chance, in bits.

    Statements are counted once. Several that the same students have come from one choice, such as a loop in place of
    an array: where these are more than a few, only the first tells all that it can.
    """
    bits = 0.0
    choices: Counter[frozenset[str]] = Counter()
    for one, other in dict.fromkeys(zip(ones, others, strict=True)):
        having = frozenset(owners[one]) | frozenset(owners[other])
        told = math.log2(max(students, 2) / max(len(having), 2)) * min(1.0, len(one) / WHOLE)
        choices[having] += 1
        if len(having) > SMALL_GROUP and choices[having] > 1:
            told = min(told, BITS_EACH)
        bits += told
    return bits
