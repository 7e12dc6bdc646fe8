"""Straight lines."""

import numpy as np

from . import sums


def slope(x, y):
    """Return the slope of the least-squares line."""
    # ===== START YOUR CODE HERE =====
    centred = x - x.mean()
    return sums.inner(centred, y) / sums.inner(centred, centred)
    # ====== END YOUR CODE HERE ======


class Line:
    """A line fitted to points."""

    def fit(self, x, y):
        """Fit slope and intercept; return self."""
        # ===== START YOUR CODE HERE: slope =====
        # TODO: the slope, by `slope`.
        #> self.slope = None
        self.slope = slope(x, y)  # given from the second homework on
        # ====== END YOUR CODE HERE ======
        # ===== START YOUR CODE HERE: intercept =====
        # TODO: the intercept.
        self.intercept = np.mean(y) - self.slope * np.mean(x)
        # ====== END YOUR CODE HERE ======
        return self
