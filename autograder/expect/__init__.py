"""What grade cells call: `from autograder import expect`, then `expect.close(scores, correct_scores, at_most=1e-7)`.

On a student's machine an expectation is checked at once: a line with the measure against its threshold, and Unmet with
a diagnosis where it is not met. When grading, the same calls only record (see `session`, `verdict`).
"""

import sys
from typing import TYPE_CHECKING, Any

from autograder import load_ipython_extension

if TYPE_CHECKING:
    from autograder.expect.calls import accuracy, close, gradient, holds, same
    from autograder.expect.session import Unmet, rng

HOME_FILE = "checks.dat"
"""In a released folder: what checks compare with where the source is not at hand (`home`)."""

STATING = ("accuracy", "close", "gradient", "holds", "same")
"""The functions that state expectations."""

__all__ = ["Unmet", "accuracy", "close", "gradient", "holds", "rng", "same"]


def __getattr__(name: str) -> Any:
    # The grader uses modules of this package and judges nothing: numpy comes with the first of these names.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from autograder.expect import calls, session

    globals().update({wanted: getattr(calls if wanted in STATING else session, wanted) for wanted in __all__})
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if "IPython" in sys.modules and (_shell := sys.modules["IPython"].get_ipython()) is not None:
    from autograder.expect.cell_end import tell_of_cells

    load_ipython_extension(_shell)  # %check and %submit
    tell_of_cells(_shell)
