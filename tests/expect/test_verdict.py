"""The verdict: evidence of every kind against the answer key."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder import expect
from autograder.expect.evidence import EvidenceFailure, encode
from autograder.expect.message import Inbox
from autograder.expect.session import KeySession, RecordingSession, use
from autograder.expect.verdict import judge


def source():
    x = expect.rng().standard_normal((5, 3))
    expect.same(x @ np.ones((3, 2)), name="out")
    expect.close(2 * np.arange(3), np.array([0, 2, 4]), name="doubled")
    expect.holds(0.5, lambda share: 0 < share < 1, "the share is between 0 and 1", name="share")


@pytest.fixture
def key(bench):
    return bench.key(source).key


@pytest.fixture
def honest(bench):
    return bench.record(source).evidence


def test_honest_evidence_earns_the_credit(key, honest):
    """Does a right submission get full credit, and one aligned line per expectation?"""
    verdict = judge(key, honest)["cell"]
    assert verdict.credit == 1
    assert verdict.flags == ()
    assert verdict.lines == (
        "out       relative error 0.00e+00       at most 1e-08   ok",
        "doubled   relative error 0.00e+00       at most 1e-08   ok",
        "share     the share is between 0 and 1   ok",
    )


def test_order_of_arrival_does_not_matter(key, honest):
    """Is the verdict the same for every order of messages?"""
    verdicts = {judge(key, dict(order))["cell"] for order in itertools.permutations(honest.items())}
    assert len(verdicts) == 1


@pytest.mark.parametrize("position", [0, 1, 2])
def test_missing_evidence_fails_the_cell(key, honest, position):
    """Does one value that never came cost the cell its credit?"""
    del honest["cell", position]
    assert judge(key, honest)["cell"].credit == 0


def test_no_evidence_at_all_fails_every_cell(key):
    """Does a submission that sends nothing get a verdict, and nothing else?"""
    verdict = judge(key, {})["cell"]
    assert verdict.credit == 0
    assert [line for line in verdict.lines if line.startswith(" ")] == ["  No value came from this check."]
    assert verdict.lines[-1] == "  No value came from this check."


def test_the_error_that_stopped_a_cell_is_named(key):
    """Does a student read why a check has no value?"""
    lines = judge(key, {}, {"cell": "ZeroDivisionError: division by zero"})["cell"].lines
    assert lines[0] == "out       no value   failed"
    assert lines[-1] == "  The cell stopped before this check: ZeroDivisionError: division by zero"


def test_endless_recursion_is_said_to_be_that(key):
    """Does a student read what to look for where a function calls itself for ever?"""
    lines = judge(key, {}, {"cell": "RecursionError: maximum recursion depth exceeded"})["cell"].lines
    assert lines[-1] == "    A function calls itself without an end: is the case reached in which it does not?"


def test_the_line_is_said_in_place_of_a_guess_at_what_is_not_finite(key, honest):
    """Where it is known in which line a value goes wrong, is what may make it infinite not guessed?"""
    evidence = honest | {("cell", 0): encode(np.full((5, 2), np.inf))}
    guess = "a division by 0"
    assert any(guess in line for line in judge(key, evidence)["cell"].lines)
    lines = judge(key, evidence, where="Look there.")["cell"].lines
    assert not any(guess in line for line in lines)
    assert any(line.strip() == "Look there." for line in lines)


def test_control_characters_stay_outside(key):
    """Can an error colour the lines of a verdict, hide them, or turn them round?"""
    lines = judge(key, {}, {"cell": "Own: \033[2Ka\rb\b\u202ec\nout   ok"})["cell"].lines
    assert all(line.isprintable() for line in lines)
    assert lines[-1] == "  out   ok"


def test_what_is_not_written_yet_is_named(key):
    """Does a blank submission read what is not written yet?"""
    lines = judge(key, {}, {"cell": "NotImplementedError: affine_forward"})["cell"].lines
    assert lines[-1] == "  affine_forward is not written yet: it raises NotImplementedError."
    assert sum(line.startswith(" ") for line in lines) == 1, "the same fault, said more than once"


def test_each_fault_stands_below_its_rows(key, honest):
    """Where a check in the middle has another fault, does each diagnosis stand below what it is about?"""
    del honest["cell", 0], honest["cell", 2]
    lines = judge(key, honest)["cell"].lines
    assert lines[1] == lines[-1] == "  No value came from this check."


def test_swapped_evidence_fails(key, honest):
    """Does evidence of one expectation serve for another?"""
    swapped = {("cell", 0): honest["cell", 1], ("cell", 1): honest["cell", 0], ("cell", 2): honest["cell", 2]}
    assert judge(key, swapped)["cell"].credit == 0


def test_evidence_of_another_run_fails(bench, key):
    """Does replaying what another seed gave earn anything?"""
    inbox = Inbox()
    session = RecordingSession(99, inbox.add)
    with use(session):
        session.begin_cell("cell")
        source()
    assert judge(key, inbox.evidence)["cell"].credit == 0


def test_evidence_for_what_is_not_asked_is_flagged(key, honest):
    """Is evidence beyond a cell's expectations shown to the instructor, and evidence of other cells left alone?"""
    honest |= {("cell", 3): encode(1), ("cell", 9): encode(2), ("mine", 0): encode(3)}
    verdict = judge(key, honest)
    assert list(verdict) == ["cell"]
    assert verdict["cell"].credit == 1
    assert verdict["cell"].flags == ("evidence for 2 checks that this cell does not have",)


@pytest.mark.parametrize("forged", [b"", b"NNE1", b"\x80\x04N.", encode(1) + b"x", b"NNE1a\x03<f8\x01" + b"\xff" * 8])
def test_malformed_evidence_fails_and_is_flagged(key, honest, forged):
    """Are bytes that are no evidence worth nothing, and seen?"""
    honest["cell", 0] = forged
    verdict = judge(key, honest)["cell"]
    assert verdict.credit == 0
    assert "malformed" in verdict.flags[0]


def test_oversized_evidence_fails(key, honest):
    """Is a message larger than any value may be worth nothing?"""
    honest["cell", 0] = encode(1.0) + bytes(64 * 2**20)
    verdict = judge(key, honest)["cell"]
    assert verdict.credit == 0
    assert "at most 67108864 are read" in verdict.flags[0]


def test_a_predicate_is_spared_huge_values(bench):
    """Can a value that broadcasts to gigabytes fill the trusted side's memory?"""
    reference = np.zeros(100_000)
    verdict = bench.grade(
        lambda: expect.holds(reference, lambda v: bool(np.all(v - reference < 1)), "it is near", name="v"),
        lambda: expect.holds(np.zeros((8_000_000, 1)), None, ""),
    )
    assert verdict.credit == 0
    assert "much larger than it should be (an array of float64, shape (8000000, 1))" in verdict.lines[1]


def test_a_failure_to_record_fails_with_its_reason(key, honest):
    """Does a student read why a value could not be checked?"""
    honest["cell", 0] = EvidenceFailure("the value is of type torch.Tensor: make it a numpy array (.numpy())")
    verdict = judge(key, honest)["cell"]
    assert verdict.credit == 0
    assert "make it a numpy array" in verdict.lines[1]


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.complex_numbers(),
        st.text(max_size=5),
        st.sampled_from(
            [
                np.full((5, 2), np.nan),
                np.full((5, 2), np.inf),
                np.zeros((5, 2)),
                np.zeros((2, 5)),
                np.zeros(10),
                np.zeros((5, 2, 1)),
                np.zeros(0),
                np.array(["a", "b"]),
                np.zeros((5, 2), dtype=complex),
                np.zeros((5, 2), dtype=bool),
                np.arange(3, dtype=np.uint64) + np.uint64(2**63),
                np.float16(3),
            ]
        ),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=2), inner, max_size=3)),
    max_leaves=5,
)


@given(value=VALUES)
@settings(max_examples=300, deadline=None)
def test_no_guess_earns_credit(value):
    """Is every kind of value judged without an error, and worth nothing where it is not the right one?"""
    session = KeySession(3)
    with use(session):
        session.begin_cell("cell")
        expect.same(expect.rng().standard_normal((5, 2)), name="hidden")
        session.begin_cell("loss")
        expect.same(float(expect.rng().standard_normal()), name="hidden")
        session.begin_cell("text")
        expect.same({"name": "relu", "sizes": [3, 4]}, name="hidden")
    evidence = {("cell", 0): encode(value), ("loss", 0): encode(value), ("text", 0): encode(value)}
    for verdict in judge(session.key, evidence).values():
        assert verdict.credit == 0
        assert verdict.flags == ()


@pytest.mark.parametrize("nan", [np.nan, {"sgd": 2.0, "adam": np.nan}, np.array([1.0, np.nan])])
def test_nan_passes_no_predicate(bench, nan):
    """Does NaN fail where the predicate asks only what it is not?"""

    def cell(value):
        expect.holds(value, lambda value: not np.any(value == 3), "it is not 3", name="loss")

    verdict = bench.grade(lambda: cell(1.0), lambda: cell(nan))
    assert verdict.credit == 0
    assert "is not a number" in verdict.lines[1]


@pytest.mark.parametrize("nan", [np.nan, np.array(np.nan), [1.0, np.nan], np.array([1.0, np.nan])])
@pytest.mark.parametrize("measure", ["relative error", "absolute error", "sum of differences"])
def test_nan_never_passes(bench, nan, measure):
    """Does NaN fail under every measure and any threshold?"""

    def cell(value):
        expect.close(value, np.ones(np.shape(nan)), at_most=1e300, measure=measure, name="loss")

    verdict = bench.grade(lambda: cell(np.ones(np.shape(nan))), lambda: cell(nan))
    assert verdict.credit == 0
    assert "NaN" in verdict.lines[-1]


class TestPredicates:
    """holds, judged on whatever a student's process sends."""

    def credit(self, bench, predicate, good, value) -> tuple:
        verdict = bench.grade(
            lambda: expect.holds(good, predicate, "it holds", name="value"),
            lambda: expect.holds(value, None, "anything", name="anything"),
        )
        return verdict.credit, "\n".join(verdict.lines)

    def test_true_counts(self, bench):
        """Does a predicate that gives Python's or numpy's True earn the credit?"""
        assert self.credit(bench, lambda value: value > 1, 2, 3)[0] == 1
        assert self.credit(bench, lambda value: np.all(value > 1), np.array([2]), np.array([3.0, 4.0]))[0] == 1

    @pytest.mark.parametrize("answer", [1, "yes", [1], np.array([True]), np.array(True), 1.0, None])
    def test_only_true_counts(self, bench, answer):
        """Is something that is merely truthy a failure?"""
        credit, text = self.credit(bench, lambda value: True if value else answer, 1, 0)
        assert credit == 0
        assert "where it should give True or False" in text

    def test_a_predicate_that_raises_fails(self, bench):
        """Does a value of another shape or type than the predicate expects fail, with the error named?"""
        credit, text = self.credit(bench, lambda value: value[3] > 0, [1, 1, 1, 1], "x")
        assert credit == 0
        assert "IndexError" in text

    def test_a_predicate_may_change_what_it_is_given(self, bench):
        """Does sorting in place inside a predicate work, as it does on a student's machine?"""
        assert self.credit(bench, lambda v: v.sort() is None and v[0] == 1, np.array([3, 1]), np.array([1, 2]))[0] == 1


def test_a_cell_earns_its_smallest_credit(bench):
    """Does one failed expectation among passed ones cost the whole cell?"""

    def cell(last):
        for value in (1.0, 2.0, last):
            expect.same(value, name="value")

    assert bench.grade(lambda: cell(3.0), lambda: cell(3.0)).credit == 1
    assert bench.grade(lambda: cell(3.0), lambda: cell(3.1)).credit == 0


def test_hidden_values_are_not_in_the_lines(bench):
    """Does no digit of a hidden value, nor an error that gives it away, stand in what a student reads?"""
    expected = {"loss": 1.8973332763705641, "db": np.array([0.7283641, 5.9182736, 2.2817263])}

    def student():
        expect.same(1.7, name="loss")
        expect.same(np.array([0.5, 6.1, 2.0]), name="db")
        expect.gradient(None, None, np.array([0.5, 6.1, 2.0]), name="dW")

    def stated():
        expect.same(expected["loss"], name="loss")
        expect.same(expected["db"], name="db")
        expect.gradient(lambda w: w @ expected["db"], np.ones(3), expected["db"], name="dW")

    text = "\n".join(bench.grade(stated, student).lines)
    for digits in ("1.89", "1.90", "0.728", "0.73", "5.918", "5.92", "2.28"):
        assert digits not in text
    assert "relative error about 5e-02" in text
    assert "yours 1.7" in text


def test_nothing_off_passes_where_nothing_may_be(bench):
    """Is `at_most=0` met by the very value, and missed by its neighbour?"""
    for value, credit in ((3, 1), (np.nextafter(3, 4), 0)):
        assert bench.grade(lambda: expect.close(3, 3, at_most=0), lambda v=value: expect.close(v, 3)).credit == credit
