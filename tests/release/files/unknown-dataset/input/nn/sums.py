"""Sums."""


def total(a):
    """Return the sum."""
    # ===== START YOUR CODE HERE =====
    return a.sum()
    # ====== END YOUR CODE HERE ======
