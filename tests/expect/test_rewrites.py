"""Odd but right ways to write a solution."""

import numpy as np

from autograder.expect.rewrites import RULES, rewrites
from autograder.regions import find_regions

TEXT = """import numpy as np

def f(x, w, b):
    # ===== START YOUR CODE HERE =====
    scores = np.maximum(x @ w, 0) + b + 1
    scores = scores * (scores > 0) - scores.mean(axis=0) + scores.sum(axis=0)
    out = np.sum(scores**2) / len(x)
    # ====== END YOUR CODE HERE ======
    return out
"""


def test_every_rewrite_gives_the_same():
    """Does each kind change the text, and nothing but the rounding of what comes out?"""
    rng = np.random.default_rng(1)
    given = rng.normal(size=(4, 3)), rng.normal(size=(3, 5)), rng.normal(size=5)
    expected = run(TEXT, *given)
    found = dict(rewrites(TEXT, find_regions(TEXT)[0]))
    assert found.keys() == RULES.keys()
    for kind, text in found.items():
        assert text != TEXT
        assert np.isclose(run(text, *given), expected, rtol=1e-12), kind


def run(text: str, *given: np.ndarray) -> float:
    names: dict = {}
    exec(text, names)
    return names["f"](*given)
