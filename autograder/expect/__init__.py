"""What grade cells call: `from autograder import expect`, then `expect.close(scores, correct_scores, at_most=1e-7)`.

On a student's machine an expectation is checked at once: a line with the measure against its threshold, and Unmet with
a diagnosis where it is not met. When grading, the same calls only record (see `session`, `verdict`).
"""

from autograder.expect.calls import accuracy, close, gradient, holds, same
from autograder.expect.session import Unmet, rng

__all__ = ["Unmet", "accuracy", "close", "gradient", "holds", "rng", "same"]
