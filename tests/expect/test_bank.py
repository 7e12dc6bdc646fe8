"""Recognising what known mistakes give."""

from dataclasses import replace

import numpy as np
import pytest

from autograder.expect.bank import Outcome, recognise
from autograder.expect.evidence import EvidenceFailure, encode

RNG = np.random.default_rng(0)
RIGHT = RNG.normal(size=(4, 3))
SHIFTED = RIGHT + RNG.normal(size=3)


def outcome(said: str, *values, by_author: bool = False) -> Outcome:
    return Outcome(said, "f", {i: encode(value) for i, value in enumerate(values)}, by_author=by_author)


def named(given: list, right: list, failing: list[int], *outcomes: Outcome) -> str | None:
    evidence = {i: value if isinstance(value, EvidenceFailure) else encode(value) for i, value in enumerate(given)}
    found = recognise(evidence, dict(enumerate(right)), failing, lambda: outcomes)
    return found and found.removeprefix("It is what comes out if, in `f`, ").removesuffix(".")


def test_the_mistake_that_gives_the_value_is_named():
    """Is it the one that agrees, up to round-off, and not the first?"""
    others = outcome("other", RIGHT * 2), outcome("shift", SHIFTED)
    assert named([SHIFTED * (1 + 1e-15)], [RIGHT], [0], *others) == "shift"


@pytest.mark.parametrize("second", [RIGHT * 1.01, RIGHT + 1e-3, None, "text"])
def test_all_values_of_a_cell_must_agree(second):
    """Is nothing named where the cell's other value is not that of the mistake?"""
    assert named([SHIFTED, second], [RIGHT, RIGHT], [0], outcome("shift", SHIFTED, RIGHT)) is None


def test_a_mistake_that_is_only_near_is_not_named():
    """Is a value one hundredth of the way off not taken for the mistake's?"""
    near = SHIFTED + 0.01 * (SHIFTED - RIGHT)
    assert named([near], [RIGHT], [0], outcome("shift", SHIFTED)) is None


def test_a_mistake_that_is_near_only_beside_the_solution_is_not_named():
    """Is a value that is small, as a mistake's is, told from that by its own size?"""
    assert named([SHIFTED * 1e-5], [RIGHT], [0], outcome("shift", SHIFTED * 1e-6)) is None
    assert named([SHIFTED * 1e-5], [RIGHT], [0], outcome("shift", SHIFTED * 1e-5)) == "shift"


def test_small_differences_tell_too():
    """Is a mistake that changes the tenth digit told from one that changes the ninth?"""
    tenth, ninth = RIGHT * (1 + 1e-9), RIGHT * (1 + 1e-8)
    assert named([tenth], [RIGHT], [0], outcome("ninth", ninth), outcome("tenth", tenth)) == "tenth"


@pytest.mark.parametrize("value", [0.5, 3, np.array([1, 0, 1]), "yes", True])
def test_a_few_round_numbers_tell_nothing(value):
    """Is a count, a label or a text never taken for a mistake's, which gives the same by chance?"""
    assert (
        named([value], [np.zeros_like(value) if not isinstance(value, str) else "no"], [0], outcome("m", value)) is None
    )


def test_one_number_tells_where_it_is_not_round():
    """Is a loss enough, if it agrees to the last digits?"""
    assert named([0.7310585786], [1.25], [0], outcome("m", 0.7310585786)) == "m"
    assert named([0.7310585786], [1.25], [0], outcome("m", 0.73105)) is None


def test_labels_are_named_where_one_mistake_alone_gives_them():
    """Do many labels tell, unless two mistakes give the same ones?"""
    right, wrong = np.arange(20) % 3, (np.arange(20) + 1) % 3
    assert named([wrong], [right], [0], outcome("one", wrong)) == "one"
    assert named([wrong], [right], [0], outcome("one", wrong), outcome("two", wrong)) is None


def test_an_authors_mistake_is_said_before_an_automatic_one():
    """Is the author's sentence taken where both give the same?"""
    assert named([SHIFTED], [RIGHT], [0], outcome("a", SHIFTED), outcome("b", SHIFTED, by_author=True)) == "b"


def test_nan_agrees_with_nan():
    """Is a mistake named that gives NaN in the same places?"""
    value = SHIFTED.copy()
    value[0, 0] = np.nan
    assert named([value], [RIGHT], [0], outcome("m", value)) == "m"


def test_single_precision_agrees():
    """Is a mistake in float32 recognised by what it gives in float64?"""
    assert named([SHIFTED.astype(np.float32)], [RIGHT], [0], outcome("m", SHIFTED)) == "m"


def test_nothing_is_asked_where_no_value_came():
    """Is the bank left alone where the cell stopped before its values?"""

    def never():
        raise AssertionError("asked")

    assert recognise({}, {0: RIGHT}, [0], never) is None
    assert recognise({0: EvidenceFailure("too large")}, {0: RIGHT}, [0], never) is None


def test_two_mistakes_are_named_where_each_explains_its_own_values():
    """Are a wrong loss and a wrong gradient put down to two mistakes, and none where a third value is off?"""
    loss, gradient = outcome("no half", SHIFTED, RIGHT), outcome("no mask", RIGHT, 2.5 * RIGHT)
    said = "no half, and no mask"
    assert named([SHIFTED, 2.5 * RIGHT], [RIGHT, RIGHT], [0, 1], loss, gradient) == said
    assert named([SHIFTED, 2.6 * RIGHT], [RIGHT, RIGHT], [0, 1], loss, gradient) is None
    values = {"no half": (SHIFTED, RIGHT, RIGHT), "no mask": (RIGHT, SHIFTED, RIGHT)}
    third = [outcome(said, *each) for said, each in values.items()]
    assert named([SHIFTED, SHIFTED, SHIFTED], [RIGHT] * 3, [0, 1, 2], *third) is None


def test_a_mistake_that_stops_the_cell_is_known_by_its_error():
    """Is it named where one mistake alone stops with this error, and not where two do, or where a name is missing?"""
    error = "ValueError: shapes (3,) (4,)"
    one, other = (Outcome(said, "f", {}, error) for said in ("the caches are exchanged", "a transpose is missing"))
    sentence = "It is what comes out if, in `f`, the caches are exchanged."
    assert recognise({}, {0: 1.5}, [0], lambda: [one], error) == sentence
    assert recognise({}, {0: 1.5}, [0], lambda: [one, one], error) == sentence
    assert recognise({}, {0: 1.5}, [0], lambda: [one, other], error) is None
    assert recognise({}, {0: 1.5}, [0], lambda: [one], "ValueError: shapes (3,) (5,)") is None
    missing = "NameError: name 'y' is not defined"
    assert recognise({}, {0: 1.5}, [0], lambda: [Outcome("x", "f", {}, missing)], missing) is None


@pytest.mark.parametrize("number", [1.7976931348623157e308, -5e305, 5e-324, 2.0**62])
def test_numbers_at_the_end_of_their_range(number):
    """Is no mistake named, and nothing raised, where a value holds such numbers?"""
    value = np.full((2, 3), number)
    value[0] = 0.123
    assert recognise({0: encode(value)}, {0: RIGHT}, [0], lambda: []) is None


def test_a_mistake_that_an_earlier_check_would_notice_comes_last():
    """Is an automatic mistake in what is checked here named before an author's in what an earlier check has tried?"""
    earlier = Outcome("a", "g", {0: encode(SHIFTED)}, by_author=True, noticed=True)
    assert named([SHIFTED], [RIGHT], [0], earlier, outcome("b", SHIFTED)) == "b"
    sentence = "It is what comes out if, in `g`, a."
    assert recognise({0: encode(SHIFTED)}, {0: RIGHT}, [0], lambda: [earlier]) == sentence


def test_texts_and_lists_of_few_digits_tell_enough():
    """Is a mistake named by letters and whole numbers, where there are enough of them?"""
    right, wrong = "the cat sat on the mat", "THE CAT SAT ON THE MAT"
    known = [outcome("it is made upper case, not lower", wrong)]
    assert "upper case" in (recognise({0: encode(wrong)}, {0: right}, [0], lambda: known) or "")
    few = [81, 62, 40, 33, 7, 2]
    known = [outcome("it is sorted the other way round", few)]
    assert "sorted" in (recognise({0: encode(few)}, {0: few[::-1]}, [0], lambda: known) or "")
    known = [outcome("x", [1, 0])]
    assert recognise({0: encode([1, 0])}, {0: [0, 1]}, [0], lambda: known) is None


def test_what_agrees_in_one_line_is_one_cause():
    """Of several mistakes that agree with whole numbers: is the first named where all are in one line, else none?"""
    value = list(range(1, 20))
    content = {0: encode(value)}

    def known(*lines: int) -> list[Outcome]:
        return [Outcome(f"said {n}", "f", content, line=line) for n, line in enumerate(lines)]

    assert "said 0" in (recognise(content, {0: value[::-1]}, [0], lambda: known(5, 5, 6)) or "")
    assert recognise(content, {0: value[::-1]}, [0], lambda: known(5, 8)) is None


def test_two_mistakes_at_once_are_named_where_no_single_one_agrees_and_much_tells():
    """Does a single mistake come first, and do whole numbers tell nothing about two?"""
    both = replace(outcome("a sign is missing, and a factor 2 is", SHIFTED), two=True)
    solution = {0: SHIFTED + 1}
    given = {0: encode(SHIFTED)}
    assert "and a factor 2 is" in (recognise(given, solution, [0], lambda: [both]) or "")
    one = outcome("a sum is missing", SHIFTED)
    assert "a sum is missing" in (recognise(given, solution, [0], lambda: [both, one]) or "")
    labels = np.arange(20)
    whole = replace(both, values={0: encode(labels)})
    assert recognise({0: encode(labels)}, {0: labels + 1}, [0], lambda: [whole]) is None


def test_fractions_of_few_digits_tell_in_a_list():
    """Do six numbers with a fraction tell, which are not equal to others by chance, and do two not?"""
    values = np.array([1.0, -0.5, 1.3, 0.7, 2.4, 3.1])
    for count, named in ((6, True), (2, False)):
        given = {0: encode(values[:count])}
        mistakes = [outcome("the step is missing", values[:count])]
        assert bool(recognise(given, {0: values[:count] + 1}, [0], lambda known=mistakes: known)) == named


def test_exchanged_results_are_named():
    """Are two values that stand in each other's place told, whatever mistakes are known?"""
    slope, offset = 1.2345678, np.array([0.123, 4.567, 8.912, 3.456])
    said = recognise({0: encode(offset), 1: encode(slope)}, {0: slope, 1: offset}, [0, 1], list)
    assert said == "It is what comes out if two results are exchanged."


def test_two_mistakes_in_one_value_are_named_where_they_add_up():
    """Are two wrong terms of one array named, and none where a third is off?"""
    first, second = RNG.normal(size=(2, 4, 3))
    known = outcome("no bias", RIGHT + first), outcome("no half", RIGHT + second)
    assert named([RIGHT + first + second], [RIGHT], [0], *known) == "no bias, and no half"
    assert named([RIGHT + first + 1.01 * second], [RIGHT], [0], *known) is None
    assert named([RIGHT + 2 * first], [RIGHT], [0], *known) is None


def test_entries_of_a_dict_are_looked_at_one_by_one():
    """Are two wrong gradients in one dict put down to two mistakes, or to one that was made in some of them only?"""
    right = {"W": RIGHT, "b": RIGHT[0], "c": RIGHT[1]}
    sign, half = outcome("the sign", {n: -v for n, v in right.items()}), outcome("a half", right | {"W": RIGHT / 2})
    assert named([right | {"b": -RIGHT[0]}], [right], [0], sign) == "the sign, for some of the results only"
    mean = outcome("a mean", right | {"b": SHIFTED[0]})
    assert named([right | {"W": RIGHT / 2, "b": SHIFTED[0]}], [right], [0], half, mean) == "a half, and a mean"
    author = outcome("all signs", {n: -v for n, v in right.items()}, by_author=True)
    assert named([right | {"b": -RIGHT[0]}], [right], [0], author) is None


def test_numbers_of_many_digits_tell():
    """Are a few large counts enough, which equal others hardly by chance?"""
    right, wrong = {0: 820874, 1: 25818}, {0: 820864, 1: 25808}
    known = [outcome("m", *wrong.values())]
    said = recognise({n: encode(value) for n, value in wrong.items()}, right, [0, 1], lambda: known)
    assert said == "It is what comes out if, in `f`, m."


def test_values_that_are_all_off_by_the_same_are_told_so():
    """Is that said where mistakes in several places agree, and nothing where one of the numbers is right?"""
    found = [outcome("a number is too large by one", 3, 1, 6, 9), outcome("it is too large by one", 3, 1, 6, 9)]
    found = [replace(one, line=line) for one, line in zip(found, (3, 9), strict=True)]
    assert named([3, 1, 6, 9], [2, 0, 5, 8], [0, 1, 2, 3], *found) == "Each value is too large by 1"
    found = [replace(one, values=one.values | {3: encode(8)}) for one in found]
    assert named([3, 1, 6, 8], [2, 0, 5, 8], [0, 1, 2], *found) is None


def test_a_value_that_is_only_of_another_type_is_none_of_a_mistake():
    """Is nothing named where a tuple stands for a list, though a mistake changes nothing there?"""
    assert (
        named([("a", "long text", 3.217)], [["a", "long text", 3.217]], [0], outcome("x", ["a", "long text", 3.217]))
        is None
    )


def test_what_is_wrong_only_between_the_entries_that_are_looked_at_is_not_named():
    """Of large arrays a part is looked at: is no mistake named in some results where another array is off elsewhere?"""
    right = {"W": RNG.normal(size=(50, 50)), "b": RIGHT}
    sign = outcome("the sign", {name: -value for name, value in right.items()})
    given = right | {"b": -RIGHT}
    assert named([given], [right], [0], sign) == "the sign, for some of the results only"
    given["W"] = right["W"].copy()
    given["W"][0, 1] += 1
    assert named([given], [right], [0], sign) is None
