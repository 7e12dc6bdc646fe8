"""What goes to a worker and what comes back: plain data, so that a worker can be here or on another machine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.expect.assertions import Site

if TYPE_CHECKING:  # pydantic stays out of the processes that run student code
    from autograder.assignment import Limits

LONGEST_WAIT = 10
"""So many times its limit may code take by the clock, while others have the processor."""

Output = dict[str, Any]
"""What a cell shows, as nbformat has it."""


@dataclass(frozen=True)
class Cell:
    """A code cell to run.

    Attributes:
        skip: why it is not to be run, or empty.
        check: is it graded? Only there are assertions watched.
        sites: its assertions that are watched.
    """

    id: str
    source: str
    skip: str = ""
    check: bool = False
    sites: tuple[Site, ...] = ()

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Cell":
        """The cell that `dataclasses.asdict` and JSON made that of."""
        sites = tuple(
            Site(tuple(map(tuple, site["spine"])), site["raises"], tuple(map(tuple, site["parts"])))
            for site in content["sites"]
        )
        return cls(**(content | {"sites": sites}))


@dataclass(frozen=True)
class NotebookJob:
    """A notebook to run.

    Attributes:
        traced: check -> the cells of its question, where the steps of a check are wanted and nothing else.
        work: the cells in which students write, of a notebook that is traced.
    """

    name: str
    cells: tuple[Cell, ...]
    traced: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    work: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """One submission, ready to run: notebooks in order, and the files that lie beside them."""

    student: str
    notebooks: tuple[NotebookJob, ...]
    files: dict[str, bytes]
    seed: int
    limits: "Limits"
    tier: str
    data: Path | None = None
    hand_in: tuple[str, ...] = ()


@dataclass
class CellRun:
    """What one cell showed; `stopped` says why it did not come to its end, or is empty."""

    outputs: list[Output] = field(default_factory=list)
    stopped: str = ""
    seconds: float = 0.0


@dataclass
class NotebookRun:
    """What a notebook left behind: outputs for people, evidence for the judge, and why it stopped early, if it did.

    Attributes:
        timed_out: whether it, or a cell of it, was stopped for its time.
        paused: whether the grader itself stood still meanwhile.
        starved: whether it waited for a core so long that it was stopped before it had its time.
        crowded: whether it was stopped for having so many processes that others may have got none.
        doubt: what the doing of others on this machine may have been, not its own; "" where that is out of question.
        left_at_work: how many processes that it started were still at work at its end.
        steps: of a run that is traced, check -> its steps, and the evidence that came with them.
    """

    cells: dict[str, CellRun]
    evidence: list[bytes]
    stopped: str = ""
    seconds: float = 0.0
    timed_out: bool = False
    paused: bool = False
    starved: bool = False
    crowded: bool = False
    doubt: str = ""
    left_at_work: int = 0
    steps: dict[str, tuple[bytes, tuple[bytes, ...]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """A submission after it ran.

    Attributes:
        files: its hand-in files as they were then.
        disturbed: whether another submission may have kept it from starting processes.
        recorded: where this is kept evidence: the tier, machine and versions that it was recorded with.
    """

    student: str
    notebooks: dict[str, NotebookRun]
    files: dict[str, bytes]
    seconds: float
    disturbed: bool = False
    recorded: dict[str, Any] = field(default_factory=dict)
