"""What a submission earned: one type for a question's result, from the verdict to reports and statistics."""

import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from autograder.notes import Note
from autograder.regions import Edit
from autograder.words import BY_HAND, NOT_ANSWERED

RESULT = "result.json"
"""Where a graded submission's folder has its `SubmissionResult`."""

EVIDENCE = "evidence.zip"
"""Where it has the values that the results followed from."""

UNMET = "Unmet"
"""The name of the error that a check without points shows: a result, not an accident."""

NO_RESPONSE = "No response."
"""The comment that nbgrader makes on an answer in which nothing was written."""

CLOSE = 1e-9  # by which two credits may differ
MAX_LINE = 220
OK = re.compile(r"\bok\s*$")


@dataclass(frozen=True)
class CellResult:
    """What one question earned.

    Attributes:
        points: what it is worth; for extra credit the points there are on top of the maximum.
        score: the points earned; None while a person has still to look at it for the first time.
        credit: the part of its points that its checks give, 0 to 1; None where none of them was graded.
        lines: what its checks say, one string a line.
        comment: what a person wrote about it.
        bonus: points that are part of the score and come on top of the maximum.
        waiting: is a person to look at it, again perhaps?
        judged: what its checks give, where an earlier result counts because it was better; else None.
    """

    notebook: str
    cell: str
    points: float
    score: float | None
    credit: float | None = None
    extra_credit: bool = False
    lines: tuple[str, ...] = ()
    comment: str = ""
    bonus: float = 0.0
    waiting: bool = False
    judged: float | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Notebook and cell id."""
        return self.notebook, self.cell

    @property
    def maximum(self) -> float:
        """The points that it adds to the maximum."""
        return 0.0 if self.extra_credit else self.points

    @property
    def state(self) -> Literal["full", "lost", "waiting", "extra"]:
        """How it stands: all points earned, some lost, not graded yet; or extra credit, which nobody loses."""
        if self.score is None:
            return "waiting"
        if self.extra_credit:
            return "extra"
        return "full" if self.score >= self.points else "lost"

    @property
    def is_unanswered(self) -> bool:
        """Was nothing written where an answer is asked for?"""
        return self.comment == NO_RESPONSE and not self.score

    @property
    def remark(self) -> str:
        """What a person wrote about it; "" where nobody did."""
        return "" if self.comment == NO_RESPONSE else self.comment

    @property
    def summary(self) -> str:
        """What to say of it in one line; "" where there is nothing to say."""
        if self.score is None:
            return BY_HAND
        return NOT_ANSWERED if self.is_unanswered else telling_line(self.lines)


@dataclass(frozen=True)
class SubmissionResult:
    """What grading found out about one submission, as result.json keeps it.

    Attributes:
        seed: of the inputs of hidden checks.
        graded_at: ISO time in UTC.
        submission_sha256, assignment_sha256: of what was handed in, and of what it was graded against.
        cells: the results of all checks, in order, those of notebooks that were not handed in too.
        stopped: notebook -> why it did not come to its end, None where it did.
        edits: every difference outside the regions.
        fingerprints: of what the student wrote, to tell what is the same in two submissions: place -> "length:hash".
        seconds: notebook -> cell id -> how long it ran, of the cells that did.
    """

    assignment: str
    student: str
    seed: int
    graded_at: str
    submission_sha256: str
    assignment_sha256: str
    cells: tuple[CellResult, ...]
    stopped: Mapping[str, str | None]
    edits: tuple[Edit, ...]
    notes: tuple[Note, ...]
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def of(self, notebook: str) -> dict[str, CellResult]:
        """Cell id -> result, of one notebook."""
        return {cell.cell: cell for cell in self.cells if cell.notebook == notebook}

    def to_json(self) -> bytes:
        """The bytes of result.json."""
        plain = asdict(self)
        plain["notebooks"] = {
            name: {
                "cells": {
                    cell.cell: {
                        "points": cell.points,
                        "credit": cell.credit,
                        "score": cell.score,
                        "extra_credit": cell.extra_credit,
                        "lines": list(cell.lines),
                        **({} if cell.judged is None else {"judged": cell.judged}),
                    }
                    for cell in self.of(name).values()
                },
                "stopped": why,
            }
            for name, why in self.stopped.items()
        }
        del plain["cells"], plain["stopped"]
        return json.dumps(plain, indent=1, ensure_ascii=False).encode("utf-8", "replace")


@dataclass(frozen=True)
class Scores:
    """What the gradebook says of one submission.

    Attributes:
        name: the student's full name, "" where nobody entered it.
        cells: the results of all questions.
        score: before the late penalty, extra credit included.
        result: what grading left, None where this was not graded by the engine.
        seconds_late: after the student's due time, extension included; 0 where the time of handing in is not known.
        late: what lateness cost, in words, or "".
        ids: by what else the student is known: user names and numbers, as the roster has them.
    """

    student: str
    name: str
    cells: tuple[CellResult, ...]
    score: float
    maximum: float
    late_penalty: float
    needs_manual_grade: bool
    result: SubmissionResult | None = None
    seconds_late: float = 0.0
    late: str = ""
    ids: frozenset[str] = frozenset()

    @property
    def total(self) -> float:
        """The score less the late penalty."""
        return max(self.score - self.late_penalty, 0.0)

    @property
    def extra_credit(self) -> float:
        """The points on top of the maximum."""
        return sum(cell.bonus for cell in self.cells)

    def of(self, notebook: str, cell: str) -> CellResult | None:
        """The result of one question."""
        return next((found for found in self.cells if found.key == (notebook, cell)), None)


def read_result(path: Path) -> SubmissionResult | None:
    """The result in a result.json; None where there is none, or something else under that name."""
    try:
        return parse_result(path.read_bytes())
    except OSError:
        return None


def parse_result(content: bytes) -> SubmissionResult | None:
    """The result in the bytes of a result.json; None where they hold none."""
    try:
        plain = json.loads(content)
        notebooks = plain.pop("notebooks")
        return SubmissionResult(
            cells=tuple(
                CellResult(name, cell, **(given | {"lines": tuple(given["lines"])}))
                for name, notebook in notebooks.items()
                for cell, given in notebook["cells"].items()
            ),
            stopped={name: notebook["stopped"] for name, notebook in notebooks.items()},
            edits=tuple(Edit(**edit) for edit in plain.pop("edits")),
            notes=tuple(Note(**note) for note in plain.pop("notes")),
            **plain,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def telling_line(lines: tuple[str, ...]) -> str:
    """What a verdict says about a failure: what differs and, where it is known, why. Full marks need no line.

    Of several failures it is the first whose cause is known; where none is, the first.

    Args:
        lines: one line for each expectation, ending in "ok" or not; below a failed one, or several with the same fault,
            indented, what is wrong and, indented deeper, what the cause may be.
    """
    failed = next((i for i, line in enumerate(lines) if not line.startswith(" ") and not OK.search(line)), None)
    if failed is None:
        return ""
    blocks = [
        list(block) for indented, block in itertools.groupby(lines[failed:], lambda x: x.startswith(" ")) if indented
    ]
    causes = [[line for line in block[1:] if line.startswith("    ")][:1] for block in blocks]
    told = next((i for i, cause in enumerate(causes) if cause), 0)
    said = [blocks[told][0].split(";")[0].rstrip(".") + ".", *causes[told]] if blocks else [lines[failed]]
    text = " ".join(" ".join(said).split())
    return text if len(text) <= MAX_LINE else text[: MAX_LINE - 1] + "…"
