"""Straight lines."""

import numpy as np

from . import sums


def slope(x, y):
    """Return the slope of the least-squares line."""
    # ===== START YOUR CODE HERE =====
    # TODO: write this part.
    raise NotImplementedError("slope")
    # ====== END YOUR CODE HERE ======


class Line:
    """A line fitted to points."""

    def fit(self, x, y):
        """Fit slope and intercept; return self."""
        self.slope = slope(x, y)  # given from the second homework on
        # ===== START YOUR CODE HERE: intercept =====
        # TODO: the intercept.
        raise NotImplementedError("Line.fit: intercept")
        # ====== END YOUR CODE HERE ======
        return self
