"""Sums."""


def total(a):
    """Return the sum."""
    # ===== START YOUR CODE HERE =====
    return a.sum()


def other(a):
    x = a
    # ====== END YOUR CODE HERE ======
    return x
