"""What may be kept for a student's machine, and how a mistake is recognised there by one number."""

import numpy as np
import pytest

from autograder.expect.bank import Outcome
from autograder.expect.evidence import encode
from autograder.expect.follow import Standing, follows_from
from autograder.expect.home import (
    HomeCheck,
    HomeNotebook,
    HomeValue,
    from_bytes,
    keepable,
    key_of,
    named_mistakes,
    to_bytes,
)

RNG = np.random.default_rng(3)
SCORES, LOSS = RNG.normal(size=(4, 3)), 1.234567891


def outcome(said: str, *values, by_author: bool = False) -> Outcome:
    return Outcome(said, "f", {n: encode(value) for n, value in enumerate(values)}, by_author=by_author)


OUTCOMES = [
    outcome("nothing is wrong", SCORES, LOSS),
    outcome("a factor 2 is missing", SCORES / 2, LOSS),
    outcome("the sum is over rows", SCORES.T, LOSS),
    outcome("the term is twice there", SCORES, LOSS * 2, by_author=True),
]


@pytest.fixture
def check() -> HomeCheck:
    values = {0: HomeValue(SCORES), 1: HomeValue(LOSS, 0.5)}
    return HomeCheck(frozenset({"`f`"}), values, named_mistakes({0: SCORES, 1: LOSS}, OUTCOMES))


def test_a_mistake_is_recognised_where_all_values_agree(check):
    """Is a mistake named by all values of a cell together, and by nothing less?"""
    said = "It is what comes out if, in `f`, a factor 2 is missing."
    assert check.mistake({0: SCORES / 2, 1: LOSS}, [0]) == said
    assert check.mistake({0: SCORES / 2 * (1 + 1e-14), 1: LOSS}, [0]) == said
    assert check.mistake({0: SCORES / 2, 1: 1.5 * LOSS}, [0, 1]) is None
    assert check.mistake({0: SCORES / 2.001, 1: LOSS}, [0]) is None
    assert check.mistake({0: SCORES.reshape(3, 4) / 2, 1: LOSS}, [0]) is None
    assert check.mistake({0: SCORES, 1: 2 * LOSS}, [1]) == "It is what comes out if, in `f`, the term is twice there."


def test_round_numbers_tell_nothing():
    """Is nothing named from a count or two, which many mistakes give?"""
    check = HomeCheck(mistakes=named_mistakes({0: 3}, [outcome("one is missing", 2)]))
    assert check.mistake({0: 2}, [0]) is None


def test_what_gives_the_same_as_the_solution_is_not_kept(check):
    """Is a change that changes nothing left out?"""
    assert len(check.mistakes) == 3


def test_the_file_comes_back_as_it_was_written(check):
    """Are values, mistakes and regions read as written, and anything else read as nothing?"""
    notebooks = {"hw": HomeNotebook("abc", {"k": check}, ("nn/layers.py",))}
    back = from_bytes(to_bytes(notebooks))["hw"]
    assert (back.fingerprint, back.files) == ("abc", ("nn/layers.py",))
    assert back.checks["k"].needs == check.needs
    assert back.checks["k"].mistakes == check.mistakes
    assert np.array_equal(back.checks["k"].values[0].value, SCORES)
    assert back.checks["k"].values[1] == check.values[1]
    for content in (None, b"", b"NNH1", b"NNH1garbage", to_bytes(notebooks)[:-9]):
        assert from_bytes(content) == {}


@pytest.mark.parametrize(
    ("again", "others", "kept"),
    [
        (SCORES, [SCORES + 1, SCORES + 2], True),
        (SCORES * (1 + 1e-15), [SCORES + 1, SCORES + 2], True),
        (SCORES + 0.1, [SCORES + 1, SCORES + 2], False),
        (SCORES, [SCORES, SCORES + 2], False),
        (SCORES, [SCORES + 1, SCORES * (1 + 1e-15)], False),
    ],
    ids=["random", "round-off", "depends on data", "sometimes the same", "always the same"],
)
def test_what_may_be_kept(again, others, kept):
    """Is a value kept only if it hangs on the random inputs, and on nothing else?"""
    assert keepable(SCORES, again, others) == kept


def test_a_check_is_known_by_its_text():
    """Does a blank line at the end not matter, and any other change?"""
    assert key_of("expect.same(x)\n") == key_of("expect.same(x)")
    assert key_of("expect.same(x)") != key_of("expect.same(y)")


def standing(right: bool, *needs: str) -> Standing:
    return Standing(right, frozenset(needs))


@pytest.mark.parametrize(
    ("needs", "others", "says"),
    [
        ({"`loss`", "`f`"}, [standing(False, "`f`")], "It needs `f`, which is not right yet: mend that first."),
        ({"`loss`", "`f`"}, [standing(True, "`f`")], None),
        ({"`f`"}, [standing(False, "`f`")], None),
        ({"`loss`"}, [standing(False, "`f`")], None),
        ({"`loss`"}, [standing(False)], None),
        (
            {"`net`", "`loss`", "`f`"},
            [standing(True, "`f`"), standing(False, "`f`", "`loss`")],
            "It needs `loss`, which is not right yet: mend that first.",
        ),
        (
            {"`net`", "`loss`", "`f`"},
            [standing(False, "`f`", "`loss`")],
            "It needs `f` and `loss`, which are not right yet: mend that first.",
        ),
    ],
)
def test_what_only_follows(needs, others, says):
    """Is the earlier failure named, without what is known to be right, and only where it is needed?"""
    assert follows_from(needs, others) == says
