"""What grade cells call: `from autograder import expect`, then `expect.close(scores, correct_scores, at_most=1e-7)`.

On a student's machine an expectation is checked at once: a line with the measure against its threshold, and Unmet with
a diagnosis where it is not met. When grading, the same calls only record (see `session`, `verdict`).
"""

import sys

from autograder import load_ipython_extension
from autograder.expect.calls import accuracy, close, gradient, holds, same
from autograder.expect.cell_end import tell_of_cells
from autograder.expect.session import Unmet, rng

if "IPython" in sys.modules and (_shell := sys.modules["IPython"].get_ipython()) is not None:
    load_ipython_extension(_shell)  # %check and %submit
    tell_of_cells(_shell)

__all__ = ["Unmet", "accuracy", "close", "gradient", "holds", "rng", "same"]
