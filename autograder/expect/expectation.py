"""What every kind of expectation is made of."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from autograder.expect.evidence import Value

Id = tuple[str, int]
"""A cell, and which of its expectations, from 0."""

ReadFile = Callable[[str], bytes | None]
"""The bytes of a file of the submission, or None where there is none (or none that may be read)."""


class Disproved(Exception):
    """What the source notebook gives is wrong; the text says what, and how that is known."""


@dataclass(frozen=True)
class Judgement:
    """What came of one expectation.

    Attributes:
        credit: 1, 0, or a fraction.
        row: the columns of its line: name, measure, threshold, outcome.
        diagnosis: what is wrong, one or more lines; empty where nothing is.
        cause: why, where that is known.
        flags: what an instructor should look at.
    """

    credit: float
    row: tuple[str, ...]
    diagnosis: str = ""
    flags: tuple[str, ...] = ()
    cause: str = ""

    @property
    def text(self) -> str:
        """What is wrong, and why."""
        return "\n".join([self.diagnosis, *(f"  {line}" for line in self.cause.splitlines())])


@dataclass(frozen=True)
class Expectation(ABC):
    """One expectation as stated: what the answer key keeps, and how evidence is judged against it."""

    name: str

    judged: ClassVar[str] = "value"  # the parameter that holds the student's value
    guessable: ClassVar[bool]  # could it be met without computing the value?
    needs_evidence: ClassVar[bool] = True  # False: what is judged does not come from the student's process

    def takes_evidence(self) -> bool:
        """Is a value from the student's process wanted?"""
        return self.needs_evidence

    def calls(self) -> tuple[Callable[..., Any], ...]:
        """The author's own functions that judging calls."""
        return ()

    @abstractmethod
    def judge(self, evidence: Value, read_file: ReadFile) -> Judgement:
        """The trusted side's judgement of a student's value."""

    def check(self, evidence: Value, read_file: ReadFile) -> Judgement:
        """The judgement on the student's own machine, where only what the cell shows is known."""
        return self.judge(evidence, read_file)

    def at_home(self, value: Value, central_error: float) -> "Expectation":
        """The expectation as it is checked where the solution's value for the inputs at hand is known."""
        return self

    def sealed(self, read_file: ReadFile) -> "Expectation":
        """The expectation with what the source notebook's own files, and a check of its own, add to it.

        Raises:
            Disproved: what the source gives is wrong, as can be found out without it.
        """
        return self


HIDDEN = "a hidden test"


@dataclass(frozen=True)
class Hidden(Expectation):
    """An expectation among an author's hidden tests: its verdict says whether it is met, and nothing of what it is."""

    inner: Expectation

    def takes_evidence(self) -> bool:
        return self.inner.takes_evidence()

    def calls(self) -> tuple[Callable[..., Any], ...]:
        return self.inner.calls()

    def judge(self, evidence: Value, read_file: ReadFile) -> Judgement:
        judgement = self.inner.judge(evidence, read_file)
        if judgement.credit == 1:
            return replace(judgement, row=(self.name, "ok"), diagnosis="")
        outcome = "failed" if judgement.credit == 0 else f"{judgement.credit:.0%}"
        return replace(judgement, row=(self.name, outcome), diagnosis="A hidden test failed.")

    def sealed(self, read_file: ReadFile) -> "Hidden":
        return replace(self, inner=self.inner.sealed(read_file))


def unusable(name: str, reason: str) -> Judgement:
    """The judgement of a value that cannot be looked at."""
    return Judgement(0.0, (name, "cannot be checked", "failed"), f"{name} cannot be checked: {reason}.")
