"""Assertions that are judged on the trusted side: what is said where one fails."""

import numpy as np

from autograder.expect.asserted import Asserted
from autograder.expect.packed import pack


def test_a_failed_comparison_says_where_the_arrays_differ():
    """Are the place and both values named, and is it judged without a fault of the grader's own?"""
    expected = np.array([1.0, 2.0, 3.0])
    expectation = Asserted(
        "np.allclose(out, expected)",
        outcomes={0: lambda out: np.allclose(out, expected)},
        compared={0: expected},
        innermost=0,
        truth=True,
        room=10_000,
    )
    judgement = expectation.judge((0, pack(np.array([1.0, 2.0, 6.0]))), lambda path: None)
    assert judgement.credit == 0
    assert "at [2]: yours 6, expected 3" in judgement.diagnosis
    assert not judgement.flags
    assert expectation.judge((0, pack(expected.copy())), lambda path: None).credit == 1
