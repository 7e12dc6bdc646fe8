"""What of a check its evidence follows from: which changes need no other run, and which do?"""

import pytest

from autograder.expect.calls import KINDS
from autograder.expect.recorded import VALUES, as_recorded

CHECK = """scores = net.loss(X)
correct = np.array([[0.5, -1.0], [2.0, 3.5]])
expect.close(scores, correct, at_most=1e-7)"""


def test_every_kind_of_expectation_is_known():
    """Is it said of each function that states an expectation which argument is recorded?"""
    assert {function.__name__ for function in KINDS} == VALUES.keys()


def same(before: str, after: str, *others: str) -> bool:
    return as_recorded({"c": before}, others) == as_recorded({"c": after}, others)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("-1.0", "-1.5"),
        ("at_most=1e-7", "at_most=1e-5"),
        (", at_most=1e-7", ""),
        ("expect.close(scores, correct, at_most=1e-7)", "expect.same(scores, hidden=True)"),
        ("correct, at_most=1e-7", "np.sqrt(correct) * 2, measure='absolute error'"),
        ("expect.close(scores, correct, at_most=1e-7)", "expect.holds(scores, lambda s: s.min() > limit, 'all above')"),
        ("expect.close", "# compared with the reference\nexpect.close"),
        ("expect.close", "def near(v):\n    return v > correct\nexpect.close"),
    ],
)
def test_what_only_the_verdict_looks_at(old, new):
    """Do expected values, tolerances, predicates, kinds and comments need no other run?"""
    assert old in CHECK
    assert same(CHECK, CHECK.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("net.loss(X)", "net.loss(X[:2])"),
        ("scores, correct", "scores + 0, correct"),
        ("np.array(", "reference("),
        ("correct, at_most=1e-7", "correct, at_most=limit()"),
        ("correct = np.array(", "correct = np.random.rand("),
        ("expect.close(scores", "expect.same(scores)\nexpect.close(scores"),
        ("scores, correct", "*both"),
        ("expect.close(", "print(correct)\nexpect.close("),
    ],
)
def test_what_another_run_would_show(old, new):
    """Does whatever could record other values, act or fail differ?"""
    assert old in CHECK
    assert not same(CHECK, CHECK.replace(old, new))


def test_a_variable_that_others_read_is_recorded():
    """Does an expected value count as soon as another cell, or a value, is made of it?"""
    changed = CHECK.replace("-1.0", "-1.5")
    assert same(CHECK, changed, "plot(scores)")
    assert not same(CHECK, changed, "plot(correct)")
    uses = "expect.same(f(correct))"
    assert as_recorded({"c": CHECK, "d": uses}, []) != as_recorded({"c": changed, "d": uses}, [])
    also = "correct = 3\nexpect.close(f(2), correct)"
    assert as_recorded({"c": CHECK, "d": also}, []) == as_recorded(
        {"c": changed, "d": also.replace("3", "4")}, ["f = abs"]
    )


def test_a_gradient_records_the_analytic_one():
    """Is f called by nobody when graded, and x only worked out?"""
    check = "expect.gradient(lambda w: loss(w)[0], net.w, grads['w'], at_most=1e-6)"
    assert same(check, check.replace("loss(w)[0]", "other(w)").replace("1e-6", "1e-4"))
    assert not same(check, check.replace("net.w", "net.v"))
    assert not same(check, check.replace("grads['w']", "grads['v']"))


def test_accuracy_records_nothing():
    """Can the curve of an accuracy change, but not the data that the check itself makes ready?"""
    check = "expect.accuracy('best.npz', predict, X, y, floor=0.5, full=0.9, points=10)"
    assert same(check, check.replace("0.9", "0.8").replace("points=10", "slack=1"))
    assert not same(check, check.replace("X, y", "X[:5], y[:5]"))
