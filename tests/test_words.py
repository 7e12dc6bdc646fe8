"""How messages say a number of things."""

import pytest

from autograder.words import counted


@pytest.mark.parametrize(("number", "said"), [(0, "0 reports"), (1, "1 report"), (2, "2 reports")])
def test_nouns_follow_their_number(number, said):
    """Is one thing said in the singular, and any other number in the plural?"""
    assert counted(number, "report") == said


def test_irregular_plural():
    """Can a plural be given?"""
    assert [counted(n, "entry", "entries") for n in (1, 2)] == ["1 entry", "2 entries"]
