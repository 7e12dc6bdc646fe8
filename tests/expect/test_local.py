"""On a student's machine: what is printed, what is raised, and that grading judges the same."""

import linecache
import sys
import textwrap
import time

import numpy as np
import pytest

from autograder import expect
from autograder.expect import names
from autograder.expect.session import LocalSession, use


def run_cell(source: str, filename: str = "<cell 1>", **names) -> dict:
    """Run source as a notebook does: compiled under a name whose lines are in the line cache."""
    source = textwrap.dedent(source)
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace = {"np": np, "expect": expect, **names}
    exec(compile(source, filename, "exec"), namespace)
    return namespace


def test_the_line_of_the_style_guide(capsys):
    """Is the line exactly the one that the documentation shows?"""
    run_cell(
        """
        # Check your scores (3 points)
        correct_scores = np.array([1.0, 2.0])
        scores = correct_scores + np.array([0, 3.38e-8])
        expect.close(scores, correct_scores, at_most=1e-7, measure="sum of differences")
        """
    )
    assert capsys.readouterr().out == "scores   sum of differences 3.38e-08   at most 1e-07   ok\n"


def test_several_lines_align(capsys):
    """Do lines of one cell stand below each other, and does another cell start anew?"""
    source = """
        grads = {"W1": np.ones(2), "b1": np.zeros(3)}
        expect.close(grads["W1"], np.ones(2))
        expect.close(1.5, 1.5 + 1e-12, at_most=0.01, measure="absolute error", name="loss")
        expect.holds(0.171, lambda a: 0.13 <= a <= 0.25, "the accuracy is between 13 and 25 %", name="val_acc")
        expect.same(grads["b1"])
        expect.close(2, 2, name="n")
        """
    expected = """\
grads["W1"]   relative error 0.00e+00       at most 1e-08   ok
loss          absolute error 1.00e-12       at most 0.01    ok
val_acc       the accuracy is between 13 and 25 %   ok
grads["b1"]   not compared yet: graded later        –
n             relative error 0.00e+00       at most 1e-08   ok
"""
    run_cell(source, "<cell 1>")
    assert capsys.readouterr().out == expected
    run_cell("expect.close(2, 2, name='n')", "<cell 2>")
    assert capsys.readouterr().out == "n   relative error 0.00e+00       at most 1e-08   ok\n"


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("expect.close(scores, 1.0)", "scores"),
        ("expect.close(net.loss(X)[0], 1.0)", "net.loss(X)[0]"),
        ("expect.close(value=scores, expected=1.0)", "scores"),
        ("expect.close(expected=1.0, value=scores)", "scores"),
        ("expect.close(scores, 1.0, name='mine')", "mine"),
        ("expect.close(\n    scores,\n    1.0,\n)", "scores"),
        ("x = [expect.close(s, 1.0) for s in [1.0]]", "s"),
        ("größe = 'ä'; expect.close(größe_2, 1.0)", "größe_2"),
        ("print(end=''); expect.close(scores, 1.0); print(end='')", "scores"),
        ("expect.close(1.0, 1.0)", "value"),
        ("expect.close(*(1.0, 1.0))", "value"),
        ("expect.close(**dict(value=1.0, expected=1.0))", "value"),
        ("check = expect.close\ncheck(scores, 1.0)", "scores"),
        ("expect.close(scores + 0 * scores + 0 * scores + 0 * scores + 0 * scores, 1.0)", "value"),
        ("expect.close(np.array(\n    1.0), 1.0)", "value"),
        ("expect.same(scores)", "scores"),
        ("expect.holds(scores, lambda s: True, 'it is')", "scores"),
        ("expect.gradient(lambda x: x @ x, x, 2 * x)", "2 * x"),
        ("expect.gradient(lambda x: x @ x, x, analytic=dx)", "dx"),
    ],
)
def test_names_come_from_the_source(capsys, call, name):
    """Is a value called what the cell calls it, wherever that can be told?"""

    class Net:
        def loss(self, X):
            return (1.0,)

    x = np.ones(2)
    run_cell(call, scores=1.0, net=Net(), X=None, größe_2=1.0, x=x, dx=2 * x)
    assert capsys.readouterr().out.partition("   ")[0] == name


def test_names_without_source(capsys):
    """Does a cell whose source is nowhere to be read work all the same?"""
    exec("expect.close(scores, 1.0)", {"expect": expect, "scores": 1.0})
    exec("def f():\n    expect.close(scores, 1.0)\nf()", {"expect": expect, "scores": 1.0, "__name__": "cell"})
    assert capsys.readouterr().out.count("value   relative error 0.00e+00") == 2


def test_names_in_a_test_file(capsys):
    """And under pytest, which rewrites its files?"""
    scores = 1.0
    expect.close(scores, 1.0)
    assert capsys.readouterr().out.startswith("scores   ")


def test_names_take_little_time():
    """Does naming cost less than a millisecond a call?"""
    namespace = run_cell("def call(f, loss_of_the_net):\n    f(loss_of_the_net)", "<cell 9>")
    found = []
    start = time.process_time()
    for _ in range(200):
        namespace["call"](lambda _: found.append(names.argument_text(sys._getframe(1), "value", 0)), 0)
    assert (time.process_time() - start) / 200 < 1e-3
    assert set(found) == {"loss_of_the_net"}


def unmet(call) -> str:
    with pytest.raises(expect.Unmet) as caught:
        call()
    return str(caught.value)


def test_a_failure_says_what_where_and_how_far(capsys):
    """Does the message name the array, the worst index, both values, the measure and the threshold?"""
    dw = np.full((4, 2), 1.0)
    expected = dw.copy()
    expected[3, 1] = 2.0
    text = unmet(lambda: expect.close(dw, expected, at_most=1e-6, name="dw"))
    assert text == (
        "dw differs from what is expected at [3, 1]: yours 1, expected 2; relative error 3.33e-01, at most 1e-06. "
        "1 of 8 entries differ."
    )
    assert capsys.readouterr().out == "dw   relative error 3.33e-01       at most 1e-06   failed\n"


def test_values_that_differ_in_late_digits_are_told_apart():
    """Does no message say "yours 1.0717, expected 1.0717"?"""
    text = unmet(lambda: expect.close(1.0716961269598, 1.0716961238228, at_most=1e-12, name="loss"))
    assert "yours 1.0716961269598, expected 1.0716961238228;" in text


def test_unmet_is_an_assertion_shown_without_a_stack():
    """Does stock nbgrader see a failed assertion, and a student the diagnosis alone?"""
    error = expect.Unmet("dw differs.\n  It is a factor 5 too large.")
    assert isinstance(error, AssertionError)
    assert error._render_traceback_() == ["Not met: dw differs.\n  It is a factor 5 too large."]


def test_what_cannot_be_checked_is_said(capsys):
    """Does an object that grading could not judge fail at home already?"""
    text = unmet(lambda: expect.same(object(), name="net"))
    assert text.startswith("net cannot be checked: the value is of type object")
    assert capsys.readouterr().out == "net   cannot be checked   failed\n"


def test_same_finds_what_is_not_finite():
    """Does a hidden expectation catch NaN at home?"""
    text = unmet(lambda: expect.same({"dW": np.array([[1.0, np.nan], [np.inf, np.nan]])}, name="grads"))
    assert text.startswith("grads['dW'] is not finite.\n  It holds 2 NaN and 1 inf of 4 entries, the first at [0, 1]")


def test_holds_says_what_should_be():
    """Does the message repeat what should hold, with the student's value?"""
    text = unmet(lambda: expect.holds(0.31, lambda a: a < 0.25, "the accuracy is below 25 %", name="acc"))
    assert text == "acc: the accuracy is below 25 %. Yours is 0.31."
    text = unmet(lambda: expect.holds({"W1": (50, 5)}, lambda s: s == {"W1": (5, 50)}, "W1 is (5, 50)", name="shapes"))
    assert text == "shapes: W1 is (5, 50). Yours is {'W1': (50, 5)}."
    text = unmet(lambda: expect.holds([np.ones(3)], lambda values: False, "it is right", name="values"))
    assert text == "values: it is right. Yours is [[1, 1, 1]]."


@pytest.mark.parametrize(
    "argument", [{"measure": "relative"}, {"at_most": -1}, {"at_most": np.nan}, {"at_most": np.inf}]
)
def test_an_authors_mistake_is_an_error(argument):
    """Is a measure or threshold that does not exist an error, not a failure of the student?"""
    with pytest.raises(ValueError, match=r"measure is|at_most is"):
        expect.close(1, 1, **argument)


class TestGradient:
    """Gradients against central differences."""

    def test_a_right_gradient(self, capsys, rng):
        """Does a right gradient pass, its relative error printed, and x come back untouched?"""
        x, w = rng.standard_normal((3, 4)), rng.standard_normal((4, 2))
        before, dout = x.copy(), rng.standard_normal((3, 2))
        dx = dout @ w.T
        expect.gradient(lambda x: x @ w, x, dx, dout)
        assert np.array_equal(x, before)
        out = capsys.readouterr().out
        assert out.startswith("dx   relative error ")
        assert out.endswith("at most 1e-07   ok\n")

    def test_the_error_is_that_of_the_course(self, capsys, rng):
        """Is it max |a-b| / max(1e-8, |a|+|b|) with h = 1e-5, as nn.gradient_check prints it?"""
        x = rng.standard_normal(5)
        numeric = np.array([(np.sum((x + h) ** 3) - np.sum((x - h) ** 3)) / 2e-5 for h in 1e-5 * np.eye(5)])
        analytic = 3 * x**2
        error = np.max(np.abs(analytic - numeric) / np.maximum(1e-8, np.abs(analytic) + np.abs(numeric)))
        expect.gradient(lambda x: np.sum(x**3), x, analytic, at_most=1)
        assert float(capsys.readouterr().out.split()[3]) == pytest.approx(error, rel=0.2)

    def test_a_parameter_that_f_reads_elsewhere(self, rng):
        """May f ignore its argument and read the array where it lives?"""
        net = {"W": rng.standard_normal((2, 2))}
        expect.gradient(lambda _: np.sum(net["W"] ** 2), net["W"], 2 * net["W"])

    def test_x_is_restored_when_f_fails(self, rng):
        """Is x whole after f raised in the middle?"""
        x = rng.standard_normal(4)
        before, calls = x.copy(), []

        def f(x):
            calls.append(1)
            if len(calls) == 4:
                raise NotImplementedError("loss")
            return x.sum()

        with pytest.raises(NotImplementedError, match="loss"):
            expect.gradient(f, x, np.ones(4))
        assert np.array_equal(x, before)

    def test_f_that_changes_its_input(self, rng):
        """Is an input modified in place named as a cause, and repaired?"""
        x = rng.standard_normal((2, 3)) - 0.2
        before = x.copy()

        def relu_sum(x):
            x[x < 0] = 0
            return np.sum(x**2)

        text = unmet(lambda: expect.gradient(relu_sum, x, 2 * x, name="dx"))
        assert "changes its input in place" in text
        assert np.array_equal(x, before)

    def test_a_right_gradient_of_a_wrong_function_is_not_blamed_alone(self):
        """Does a student whose loss lacks its minus sign, but whose gradient is right, learn where else to look?"""
        scores, right = np.arange(4.0), np.array([0.1234567, -0.2345678, 0.3456789, -0.4567891])
        text = unmet(lambda: expect.gradient(lambda s: -(s @ right), scores, right, name="dscores"))
        assert text.endswith(
            "  The sign is the other way round everywhere.\n"
            "  The numeric gradient is that of your own function: if its value is wrong, mend that first."
        )

    def test_a_gradient_that_is_zero_but_for_rounding_passes(self):
        """Does round-off in f(x) cost nothing where the gradient is 0, at a value of about a thousand?"""
        x = np.array([0.3, 0.7])
        expect.gradient(lambda x: (1000.0 + x[1]) - x[1] + x[0] ** 2, x, np.array([0.6, 1e-16]), at_most=1e-6)

    def test_f_that_ignores_its_input(self):
        """Is a forward pass that leaves the bias out named, where the bias's gradient is right?"""
        b = np.array([1.0, 2.0])
        text = unmet(lambda: expect.gradient(lambda b: 3.0, b, np.ones(2), name="db"))
        assert "The function does not change at all with this input: is it left out there?" in text

    def test_f_that_returns_a_view_of_x(self, rng):
        """Is f(x) = x differentiated rightly, though it returns the array that is moved?"""
        x = rng.standard_normal(3)
        expect.gradient(lambda x: x, x, np.ones(3), np.ones(3))

    def test_a_wrong_gradient_names_the_numeric_one(self):
        """Does a student see the numeric value beside the analytic one?"""
        x = np.array([0.1234567, -0.2345678, 0.3456789, -0.4567891])
        text = unmet(lambda: expect.gradient(lambda x: x @ np.roll(x, 2), x, np.roll(x, 2), name="dx"))
        assert text.startswith("dx differs from the numeric gradient at [")
        assert "numeric" in text.partition(";")[0]
        assert "a factor 2 too small everywhere" in text

    @pytest.mark.parametrize(
        ("f", "x", "df", "says"),
        [
            (lambda x: (1.0, x), np.ones(2), None, "f\\(x\\) is a tuple"),
            (lambda x: None, np.ones(2), None, "NoneType"),
            (lambda x: x, np.ones(2), None, "upstream gradient"),
            (lambda x: x, np.ones(2), np.ones(3), "df has shape"),
            (lambda x: 1.0, np.arange(3), None, "array of floats"),
            (lambda x: 1.0, [1.0], None, "array of floats"),
        ],
    )
    def test_what_cannot_be_differentiated(self, f, x, df, says):
        """Does a call that makes no sense say why?"""
        with pytest.raises((TypeError, ValueError), match=says):
            expect.gradient(f, x, np.ones(2), df)


VISIBLE = [
    (np.array([1.0, 2.0]), np.array([1.0, 2.0])),
    (np.array([1.0, 2.0]), np.array([1.0, 2.1])),
    (np.float32(0.1), 0.1),
    (np.float32(0.5), 0.5),
    ([1, 2], np.array([1.0, 2.0])),
    (np.ones((3, 1)), np.ones(3)),
    (np.nan, 1.0),
    ("a", "a"),
    ("a", 1),
    (1j, 1.0),
    (object, 1.0),
    ({"W": np.ones(2)}, {"W": np.ones(2) * (1 + 5e-8)}),
    (np.ma.array([1.0]), np.array([1.0])),
]


@pytest.mark.parametrize(("value", "expected"), VISIBLE)
@pytest.mark.parametrize("measure", ["relative error", "absolute error", "sum of differences"])
def test_local_and_graded_agree(bench, capsys, value, expected, measure):
    """Is what passes at home, and only that, passed when graded, in the same words?"""
    try:
        with use(LocalSession()):
            expect.close(value, expected, measure=measure, name="value")
        local, diagnosis = 1.0, ""
    except expect.Unmet as error:
        local, diagnosis = 0.0, str(error)
    verdict = bench.grade(
        lambda: expect.close(expected, expected, measure=measure, name="value"),
        lambda: expect.close(value, expected, measure=measure, name="value"),
    )
    assert verdict.credit == local
    assert verdict.lines[0] == capsys.readouterr().out.rstrip("\n")
    assert list(verdict.lines[1:]) == [f"  {line}" for line in diagnosis.splitlines()]
