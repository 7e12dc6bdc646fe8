"""What judging gives for one grade cell: plain data, which the grader has without numpy."""

from dataclasses import dataclass

LARGEST_STEPS = 2**21  # bytes of the steps of a check


@dataclass(frozen=True)
class CellVerdict:
    """What one grade cell comes to.

    Attributes:
        credit: 0 to 1.
        lines: what its output says, one string a line; no hidden expected value is in them.
        flags: what an instructor should look at.
        failing: the positions of the expectations that are not met whole.
        unnamed: is it wrong in a way that no known mistake explains?
    """

    credit: float
    lines: tuple[str, ...]
    flags: tuple[str, ...]
    failing: tuple[int, ...] = ()
    unnamed: bool = False
