"""Does the message name the cause, and only where it is the cause?"""

import json
import re
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder import expect
from autograder.expect.diagnosis import show_all
from autograder.expect.evidence import snapshot
from autograder.expect.kinds import Same

RNG = np.random.default_rng(8)
N, D, H, C = 6, 5, 4, 3
X = RNG.standard_normal((N, D))
Y = RNG.integers(C, size=N)
W1, B1 = RNG.standard_normal((D, H)), RNG.standard_normal(H)
W2, B2 = RNG.standard_normal((H, C)), RNG.standard_normal(C)
DOUT = RNG.standard_normal((N, H))
HIDDEN = X @ W1 + B1
RELU = np.maximum(HIDDEN, 0)
SCORES = RELU @ W2 + B2
SQUARE = RNG.standard_normal((4, 4))
DISTANCES = np.sqrt(((X[:, None] - RNG.standard_normal((8, D))) ** 2).sum(axis=2))
IMAGES = RNG.standard_normal((4, 3, 5, 5))


def softmax(scores, axis=1):
    exp = np.exp(scores - scores.max())
    return exp / exp.sum(axis=axis, keepdims=True)


def cross_entropy(scores, log=np.log):
    return -np.mean(log(softmax(scores)[np.arange(N), Y]))


PROBABILITIES = softmax(SCORES)
DSCORES = (PROBABILITIES - np.eye(C)[Y]) / N
LOSS = cross_entropy(SCORES)
DRELU = DOUT * (HIDDEN > 0)
DB = DSCORES.sum(axis=0)


def messages(bench, value, expected, **options) -> tuple[str, str]:
    """What a student reads at home of a visible expectation, and when graded of a hidden one."""
    with pytest.raises(expect.Unmet) as caught:
        expect.close(value, expected, name="value", **options)
    verdict = bench.grade(
        lambda: expect.same(expected, name="value", **options), lambda: expect.same(value, name="value", **options)
    )
    assert verdict.credit == 0
    return str(caught.value), "\n".join(verdict.lines[1:])


def one(array, index, value):
    changed = array.copy()
    changed[index] = value
    return changed


WRONG = {
    # shapes
    "transposed": (W1.T, W1, "It is the transpose of what is expected."),
    "transposed, other entries": (RNG.standard_normal((H, D)), W1, "Is it transposed?"),
    "transposed square": (SQUARE.T, SQUARE, "It is the transpose of what is expected."),
    "column for a vector": (B2[:, None], B2, r"An axis of length 1 .* reshape to \(3,\). The entries are right."),
    "row for a vector": (B2[None], B2, "An axis of length 1 is too many or missing: keepdims"),
    "vector for a column": (Y[:, None].astype(float), Y.astype(float), "An axis of length 1"),
    "array for a number": (np.array([LOSS]), LOSS, "An axis of length 1"),
    "flattened": (IMAGES.reshape(4, -1), IMAGES, r"The entries are right: reshape to \(4, 3, 5, 5\)"),
    "sum missing": (DSCORES, DB, "Its sum over axis 0 is what is expected: sum over that axis too"),
    "mean missing": (DSCORES, DSCORES.mean(axis=0), "Its mean over axis 0 is what is expected"),
    "maximum missing": (SCORES, SCORES.max(axis=1), "Its maximum over axis 1 is what is expected"),
    "summed over all": (DSCORES.sum(), RNG.standard_normal(3), "A sum or mean over one axis too many"),
    "summed too far": (SCORES.sum(axis=1), SCORES, "It is the sum of what is expected over axis 1"),
    "mean over everything": (SCORES.mean(), SCORES, "It is the mean of what is expected over axis 0, 1"),
    # not finite
    "NaN": (one(SCORES, (2, 1), np.nan), SCORES, r"It holds 1 NaN of 18 entries, the first at \[2, 1\]"),
    "NaN elsewhere": (
        np.array([1.5, 2.25, np.nan]),
        np.array([np.nan, 1.5, 2.25]),
        r"Missing values \(NaN\) are not where they should be",
    ),
    "inf": (np.array([np.inf, -np.inf, 0.5]), np.ones(3), r"It holds 2 inf of 3 entries, the first at \[0\]"),
    "NaN loss": (np.nan, LOSS, "It holds 1 NaN: a division by 0, a logarithm of 0, an overflowing exp"),
    # dtype
    "integer array": (SCORES.astype(int), SCORES, "Its dtype is int64, so fractions are cut off"),
    "rounded": (np.rint(SCORES).astype(np.int32), SCORES, "Its dtype is int32, so fractions are cut off"),
    "float32": (SCORES.astype(np.float32), SCORES, "It is float32, and right to that precision"),
    "float16": (SCORES.astype(np.float16), SCORES, "It is float16, and right to that precision"),
    "single precision on the way": (SCORES.astype(np.float32).astype(float), SCORES, "It is nearly right"),
    "zeros": (np.zeros_like(SCORES), SCORES, "All its entries are 0."),
    # factors and signs
    "sign": (-DSCORES, DSCORES, "The sign is the other way round everywhere"),
    "sign of a number": (-LOSS, LOSS, "The sign is the other way round"),
    "sum for mean": (DSCORES * N, DSCORES, "a factor 6 too large everywhere. 6 is the length of its axis 0"),
    "averaged twice": (DSCORES / N, DSCORES, "a factor 6 too small everywhere. 6 is the length of its axis 0"),
    "averaged over classes": (DSCORES / C, DSCORES, "a factor 3 too small everywhere. 3 is the length of its axis 1"),
    "divided by the wrong length": (
        DSCORES[:4] * 4 / 3,
        DSCORES[:4],
        "[.] Is it divided by the length of its axis 1, 3, and not by the length of its axis 0, 4[?]$",
    ),
    "twice, or by the wrong length": (
        2 * DSCORES,
        DSCORES,
        "a ½ missing, or is it divided by the length of its axis 1",
    ),
    "factor of a gradient": (X.T @ DOUT / N, X.T @ DOUT, "It is a factor 6 too small everywhere.$"),
    "no half": (2 * DSCORES, DSCORES, "a factor 2 too large everywhere. Is a ½ missing"),
    "sum over two for mean": (DSCORES[:2] * 2, DSCORES[:2], "a ½ missing, or is it the length of its axis 0"),
    "half too many": (LOSS / 2, LOSS, "a factor 2 too small. Is there a ½ too many"),
    "minus and factor": (-2 * DSCORES, DSCORES, "a factor 2 too large everywhere and has the other sign"),
    "any factor": (0.37 * W1, W1, "a factor 2.703 too small everywhere."),
    "base 2": (cross_entropy(SCORES, np.log2), LOSS, "is the logarithm to base 2"),
    "base 10": (cross_entropy(SCORES, np.log10), LOSS, "is the logarithm to base 10"),
    # other entries
    "no root": (DISTANCES**2, DISTANCES, "It is the square of what is expected: is a square root missing"),
    "a root too many": (np.sqrt(DISTANCES), DISTANCES, "It is the square root of what is expected"),
    "no mask": (DOUT, DRELU, "All that is wrong should be 0: is a mask or a condition missing"),
    "masked too much": (DRELU, DOUT, "All that is wrong is 0 and should not be"),
    "rows permuted": (SCORES[[2, 0, 1, 3, 5, 4]], SCORES, "The rows are right but in another order"),
    "columns permuted": (SCORES[:, ::-1], SCORES, "The columns are right but in another order"),
    "entries permuted": (B1[::-1], B1, "The items are right but in reverse order"),
    "HWC for CHW": (
        IMAGES.transpose(0, 2, 3, 1).reshape(4, -1),
        IMAGES.reshape(4, -1),
        "columns are right but in another",
    ),
    "reshape for transpose": (IMAGES.reshape(4, 5, 5, 3), IMAGES.transpose(0, 2, 3, 1), "another order of axes"),
    "offset": (SCORES + 0.3, SCORES, "It is too large by the same amount everywhere"),
    "no bias": (RELU @ W2, SCORES, "Each column is off by one number: is something that all rows share left out"),
    "scores not shifted by row": (SCORES - SCORES.max(1)[:, None], SCORES, "Each row is off by one number"),
    "softmax over examples": (softmax(SCORES, 0), PROBABILITIES, "Its columns sum to 1, its rows should"),
    "layer for batch norm": (
        HIDDEN - HIDDEN.mean(1, keepdims=True),
        HIDDEN - HIDDEN.mean(0),
        "Its rows have mean 0, its columns should|Each",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_cause_is_named(bench, name):
    """Is each usual mistake told from its value, at home and of hidden values alike?"""
    value, expected, says = WRONG[name]
    visible, hidden = messages(bench, value, expected)
    assert re.search(says, visible), visible
    assert re.search(says, hidden), hidden


NEAR_MISSES = {
    "one entry": (one(SCORES, (2, 1), 5.0), SCORES),
    "one row scaled": (one(SCORES, 2, 2 * SCORES[2]), SCORES),
    "another array": (RNG.standard_normal((N, C)), SCORES),
    "another number": (LOSS * 1.3711, LOSS),
    "nearly twice": (2.0001 * SCORES + one(np.zeros((N, C)), (0, 0), 0.1), SCORES),
    "nearly twice, one number": (2.0001 * LOSS, LOSS),
    "a count that happens to be double": (8, 4),
    "an accuracy that happens to be half": (0.25, 0.5),
    "an accuracy that happens to be the square": (0.25, 0.5),
    "an accuracy that happens to be negated": (-0.5, 0.5),
    "labels": (np.array([0, 1, 2, 2, 1, 1]), np.array([0, 2, 1, 1, 2, 1])),
    "labels with the same counts": (np.array([0, 1, 2, 1]), np.array([1, 0, 2, 1])),
    "another whole number": (np.array([1, 2, 3]), np.array([1.5, 7.2, 3.3])),
    "random noise": (SCORES + 0.01 * RNG.standard_normal(SCORES.shape), SCORES),
    "two round numbers for one": (np.array([2.0, 2.0, 0.0]), np.array([1.0, 1.0, 0.0])),
    "a loss that is six times as large": (LOSS * N, LOSS),
    "another length, of nothing in sight": (DSCORES.sum(axis=1), DB),
    "a history that was cut short": (B1[:3], B1),
    "two numbers": (np.array([1.37, 2.91]), np.array([0.55, 7.13])),
}


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_no_cause_is_invented(bench, name):
    """Is nothing said of the cause where no usual mistake fits?"""
    value, expected = NEAR_MISSES[name]
    visible, hidden = messages(bench, value, expected)
    assert "\n" not in visible, visible
    assert len(hidden.splitlines()) == 1, hidden


@pytest.mark.parametrize("name", WRONG)
def test_no_expected_number_is_given_away(bench, name):
    """Is no expected value, to three digits, in what is said of a hidden one?"""
    value, expected, _ = WRONG[name]
    _, hidden = messages(bench, value, expected)
    shown = {f"{abs(number):.3g}" for number in np.asarray(value, dtype=float).flat}
    for number in np.asarray(expected, dtype=float).flat:
        digits = f"{abs(number):.3g}"
        assert digits in shown or len(digits) < 4 or digits not in hidden


FIGURES = json.loads((Path(__file__).parents[1] / "reference_values.json").read_text())
TOY = next(test for test in FIGURES["tests"] if test["id"] == "toy_mutants")["expected"]["mse"]["loss_reg0.05"]
SAYS = {
    "no_reg": "the L2 term is missing",
    "reg_no_half": "the L2 term lacks its factor 1/2",
    "no_half": "the data loss lacks its factor 1/2",
    "sum_not_mean": "the data loss is summed, not averaged",
    "mean_over_classes": "the data loss is averaged over the classes too",
}


class TestKnownMistakes:
    """What an expectation says of the mistakes that its author foresaw."""

    @pytest.mark.parametrize("mutant", SAYS)
    def test_a_mistake_is_named(self, bench, mutant):
        """Is each frequent mistake in the toy loss named, though the values are close?"""
        visible, hidden = messages(
            bench,
            TOY[mutant],
            TOY["correct"],
            at_most=1e-12,
            measure="absolute error",
            mistakes={text: TOY[name] for name, text in SAYS.items()},
        )
        assert visible.endswith(f"It is what comes out if {SAYS[mutant]}.")
        assert hidden.endswith(f"It is what comes out if {SAYS[mutant]}.")

    def test_another_value_is_no_known_mistake(self, bench):
        """And a mistake that was not foreseen left unnamed?"""
        mistakes = {text: TOY[name] for name, text in SAYS.items()}
        visible, _ = messages(bench, TOY["weights_drawn_in_by_out"], TOY["correct"], at_most=1e-12, mistakes=mistakes)
        assert "what comes out" not in visible

    def test_arrays_and_dicts(self, bench):
        """May a mistake be a whole dict of gradients?"""
        right, without = {"W": W1, "b": B1}, {"W": W1 - 0.1 * np.tanh(W1), "b": B1}
        visible, _ = messages(bench, without, right, mistakes={"the L2 gradient is missing": without})
        assert visible.endswith("It is what comes out if the L2 gradient is missing.")

    def test_a_mistake_of_another_shape_is_passed_over(self, bench):
        """Does a mistake that cannot be compared disturb nothing?"""
        visible, _ = messages(bench, W1.T, W1, mistakes={"it is nonsense": "text", "it is W1 transposed": W1.T})
        assert visible.endswith("It is what comes out if it is W1 transposed.")


class TestPlace:
    """Where it differs."""

    @pytest.mark.parametrize(
        ("value", "says"),
        [
            (one(SCORES, 4, 0.1), "3 of 18 entries differ, all in row 4."),
            (one(SCORES, (slice(None), 2), 0.1), "6 of 18 entries differ, all in column 2."),
            (one(SCORES, (4, 2), 0.1), "1 of 18 entries differ."),
        ],
    )
    def test_how_many(self, bench, value, says):
        """Is one wrong row, column or entry told from a wrong array?"""
        visible, hidden = messages(bench, value, SCORES)
        assert says in visible
        assert says in hidden

    def test_inside_a_container(self, bench):
        """Is the array named that differs, with its index?"""
        visible, _ = messages(bench, {"W": W1, "b": [B1, B2 + 1]}, {"W": W1, "b": [B1, B2]})
        assert visible.startswith("value['b'][1] differs from what is expected at [")


def test_large_arrays_are_diagnosed_quickly(bench):
    """Does a failure on an array of a million entries take well under the time of a cell?"""
    expected = RNG.standard_normal((1000, 1000))
    value = expected + 1e-3 * RNG.standard_normal((1000, 1000))
    start = time.process_time()
    messages(bench, value, expected)
    assert time.process_time() - start < 10


ARRAYS = st.tuples(
    st.sampled_from(["f8", "f4", "f2", "i8", "u1", "?", "c16"]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3),
).flatmap(lambda kind: hnp.arrays(*kind))


@given(ARRAYS, ARRAYS, st.booleans())
@example(value=np.array(0.0), expected=np.array(0.6875, np.float16), derived=False)  # 1e-5 of it underflows
@example(value=np.array(9e307), expected=np.array(0.0), derived=True)  # their difference overflows
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_pair_of_arrays_is_judged(value, expected, derived):
    """Does no shape, dtype or value make the diagnosis itself fail?"""
    if derived:
        with np.errstate(all="ignore"):
            expected = np.asarray(-(value.astype(complex).real + 0.0).T)
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        judgement = Same("value", snapshot(expected), 1e-8, "relative error", {}).judge(
            snapshot(value), lambda name: None
        )
    assert (judgement.credit == 0) == bool(judgement.diagnosis)


def test_a_text_with_the_word_array_in_it_is_no_array():
    """Is what a student wrote shown as it is, also where it speaks of an array?"""
    assert show_all(["an array of 3", 1]) == "['an array of 3', 1]"
    assert "array(" not in show_all([np.zeros(3), "x"])


class TestSight:
    """What is told from what the check itself names."""

    def hidden(self, bench, right, wrong, **seen):
        """The message of a cell that names these numbers and arrays."""
        source = "\n".join([*(f"{name}" for name in seen), "expect.same(value, name='value')"])

        def run(value):
            return lambda: exec(compile(source, "<cell>", "exec"), {"expect": expect, "value": value, **seen})

        return "\n".join(bench.grade(run(right), run(wrong)).lines[1:])

    def test_a_number_in_sight_is_named(self, bench):
        """Is a factor that is 1/p said to be that?"""
        assert "a factor 1.25 too small everywhere. That is `p`." in self.hidden(bench, DSCORES, 0.8 * DSCORES, p=0.8)
        assert "too large everywhere. That is 1/`p`." in self.hidden(bench, DSCORES, DSCORES / 0.8, p=0.8)
        assert "That is 1 - `p`." in self.hidden(bench, DSCORES, DSCORES * (1 - 0.3), p=0.3)

    def test_a_length_in_sight_is_named(self, bench):
        """Is a factor that is the number of rows of an array in sight said to be that?"""
        said = self.hidden(bench, LOSS, LOSS * N, X=X)
        assert f"a factor {N} too large. {N} is the length of axis 0 of `X`" in said

    def test_a_number_too_large_for_a_float_in_sight_harms_nothing(self, bench):
        """Does a check that names an integer of 400 digits still say what is wrong?"""
        said = self.hidden(bench, DSCORES, 0.8 * DSCORES, p=0.8, huge=10**400)
        assert "a factor 1.25 too small everywhere. That is `p`." in said

    def test_the_wrong_axis(self, bench):
        """Is another length explained where both are lengths in sight?"""
        said = self.hidden(bench, DB, DSCORES.sum(axis=1), scores=SCORES)
        assert "6 is the length of axis 0 of `scores`, 3 is the length of axis 1 of `scores`." in said

    def test_the_l2_term_of_a_gradient(self, bench):
        """Is a gradient that is off by a multiple of the point told as one whose L2 term is wrong?"""

        def cell(right):
            def run():
                reg, w = 0.1, W1.copy()
                grad = 2 * w**3 + (reg * w if right else 0)
                expect.gradient(lambda w: np.sum(w**4) / 2 + 0.5 * reg * np.sum(w**2), w, grad, name="dW")

            return run

        said = "\n".join(bench.grade(cell(True), cell(False)).lines)
        assert "differs by a multiple of the point where the gradient is taken" in said
        assert "(with `reg`): it is missing, or its factor is too small." in said

    def test_an_input_that_was_changed(self, bench):
        """Is an array that a check wants unchanged said to be changed in place, and nothing guessed about it?"""

        def cell(x):
            return lambda: expect.close(x, SCORES.tolist(), name="x afterwards, unchanged")

        lines = bench.grade(cell(SCORES), cell(np.maximum(SCORES, 0))).lines
        assert lines[-1].strip() == "It was changed in place: make a new array, or work on a copy."
