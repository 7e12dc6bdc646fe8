"""Mistakes in a notebook's expectations, found before a student does."""

import textwrap

import nbformat
import pytest

from autograder.expect.lint import LintProblem, guessable_cells

GRADED = {"nbgrader": {"grade": True, "solution": False, "points": 3, "grade_id": "check", "schema_version": 3}}
GOOD = """
rng = expect.rng()
x = rng.standard_normal((3, 4))
expect.same(affine(x))
"""


def notebook(*cells: tuple[str, dict]):
    nb = nbformat.v4.new_notebook()
    for index, (source, metadata) in enumerate(cells):
        cell = nbformat.v4.new_code_cell(textwrap.dedent(source).strip(), metadata=metadata)
        cell.id = f"cell-{index}"
        nb.cells.append(cell)
    return nb


def problems(source: str, *others: str) -> list[LintProblem]:
    """Problems of one grade cell after some given cells."""
    return guessable_cells(notebook(*((other, {}) for other in others), (source, GRADED)))


def texts(source: str, *others: str) -> str:
    return "\n".join(problem.text for problem in problems(source, *others))


UNGUESSABLE = {
    "directly": "expect.same(affine(expect.rng().random(3)))",
    "through names": GOOD,
    "through a parameter": "net.params['W1'] = expect.rng().random(3)\nexpect.same(net.loss(X))",
    "through a dict": "net.params = {n: expect.rng().random(2) for n in ('W', 'b')}\nloss, grads = net.loss(X)\n"
    "expect.same(grads)",
    "through a call": "x = expect.rng().random(3)\nnet.train(x)\nexpect.same(net.params['W'])",
    "through a call that gives something": "losses = net.train(expect.rng().random(3))\nexpect.same(net.params['W'])",
    "through a function": "rng = expect.rng()\ndef make():\n    return rng.random(3)\nexpect.same(affine(make()))",
    "through numpy's generator": "np.random.seed(expect.rng().integers(9))\nnet = Net()\nexpect.same(net.params['W'])",
    "through numpy's generator at once": "np.random.seed(expect.rng().integers(9))\nexpect.same(Net(3).params)",
    "through a loop": "for x in expect.rng().random((3, 2)):\n    y = affine(x)\nexpect.same(y)",
    "through a keyword": "expect.same(value=affine(expect.rng().random(3)), name='x')",
    "through an unpacking": "x, w = (expect.rng().random(3) for _ in 'ab')\nout, *_ = affine(x, w)\nexpect.same(out)",
    "through an addition": "x = np.zeros(3)\nx += expect.rng().random(3)\nexpect.same(affine(x))",
    "gradient": "x = expect.rng().random(3)\ndx = back(x)\nexpect.gradient(affine, x, dx)",
    "gradient by keyword": "x = expect.rng().random(3)\nexpect.gradient(f=affine, x=x, analytic=back(x))",
    "accuracy": "expect.accuracy('best.npz', predict, X, y, floor=0.2, full=0.4)",
    "after a magic line": "%matplotlib inline\n!ls\n" + GOOD,
    "in a written-out loop": "x = expect.rng().random(3)\nfor k in (1, 2):\n    expect.same(affine(x, k))",
    "in what a list is made of": "x = [int(v) for v in expect.rng().integers(9, size=3)]\nexpect.same(affine(x, 2))",
    "in a loop over a literal's items": "x = expect.rng().random(3)\nsizes = {'a': 1, 'b': 2}\n"
    "for name, k in sizes.items():\n    expect.same(affine(x, k), name=name)",
    "in a zip with a literal": "x = expect.rng().random(3)\nfor name, grad in zip(('dW', 'db'), back(x)):\n"
    "    expect.same(grad, name=name)",
    "under a context manager": "with np.errstate(all='ignore'):\n    expect.same(affine(expect.rng().random(3)))",
}


@pytest.mark.parametrize("name", UNGUESSABLE)
def test_cells_that_take_the_work(name):
    """Is nothing said of a cell whose points need the work?"""
    assert problems(UNGUESSABLE[name]) == []


GUESSABLE = {
    "close alone": "expect.close(scores, 3.0)",
    "close of random inputs": "x = expect.rng().random(3)\nexpect.close(affine(x), 2 * x)",
    "holds alone": "x = expect.rng().random(3)\nexpect.holds(affine(x), lambda v: True, 'it holds')",
    "same of fixed inputs": "expect.same(affine(np.ones(3)))",
    "random inputs that lead nowhere": "x = expect.rng().random(3)\nexpect.same(affine(np.ones(3)))",
    "random numbers of another kind": "rng = np.random.default_rng(0)\nexpect.same(affine(rng.random(3)))",
    "only numpy and random numbers meet": "np.copyto(a, expect.rng().random(3))\nexpect.same(np.ones(3))",
    "gradient at random x, fixed analytic": "x = expect.rng().random(3)\nexpect.gradient(f, x, np.ones(3))",
}


@pytest.mark.parametrize("name", GUESSABLE)
def test_cells_that_can_be_guessed(name):
    """Is a cell found whose every expectation a constant could meet?"""
    assert "could be guessed" in texts(GUESSABLE[name])


def test_random_inputs_of_an_earlier_cell_do_not_count():
    """Must the inputs be drawn in the grade cell, where the source alone decides?"""
    assert "could be guessed" in texts("expect.same(affine(x))", "x = expect.rng().random(3)")


def test_a_grade_cell_without_expectation():
    """Is a cell found that could never earn anything?"""
    assert texts("print(scores)") == "it states no expectation and asserts nothing, so that nothing in it can be graded"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("if scores.any():\n    expect.same(1)", "where it may be skipped"),
        ("while scores:\n    expect.same(1)", "where it may be skipped"),
        ("try:\n    expect.same(1)\nexcept Exception:\n    pass", "where it may be skipped"),
        ("scores is not None and expect.same(1)", "where it may be skipped"),
        ("expect.same(1) if scores else None", "where it may be skipped"),
        ("for name in grads:\n    expect.same(grads[name])", "in a loop"),
        ("for name, g in net.params.items():\n    expect.same(g)", "in a loop"),
        ("for k in range(n):\n    expect.same(k)", "in a loop"),
        ("for k in range(3):\n    if k > m: break\n    expect.same(k)", "in a loop"),
        ("for k in [*names]:\n    expect.same(k)", "in a loop"),
        ("[expect.same(g) for g in grads]", "in a loop"),
        ("[expect.same(g) for g in (1, 2) if g > m]", "in a loop"),
        ("def check(v):\n    expect.same(v)\ncheck(1)", "in a function"),
        ("check = lambda v: expect.same(v)\ncheck(1)", "in a function"),
        ("for g in grads:\n    x = expect.rng()", "in a loop"),
        ("names = (1, 2)\nnames = grads\nfor k in names:\n    expect.same(k)", "in a loop"),
    ],
)
def test_expectations_that_may_be_skipped(source, says):
    """Is an expectation found whose number in the cell depends on the student's values?"""
    assert says in texts(source + "\n" + GOOD)


def test_asserts_beside_expectations():
    """Is nothing said of an assertion, which counts like an expectation?"""
    assert problems(GOOD + "assert x.shape == (3, 4)") == []


def test_expectations_outside_grade_cells():
    """Is an expectation found that would be stated but never judged?"""
    nb = notebook(
        ("x = 1\nexpect.close(x, 1)", {}), ("expect.same(1)", {"nbgrader": {"grade": True, "solution": True}})
    )
    assert guessable_cells(nb) == [
        LintProblem("cell-0", 2, "expect.close stands outside a grade cell, where it decides nothing"),
        LintProblem("cell-1", 1, "expect.same stands in a cell that students write in, where it decides nothing"),
    ]


def test_names_that_expect_does_not_have():
    """Is a slip of the pen found, with what was meant?"""
    assert texts(GOOD + "expect.gradients(f, x, dx)") == "expect has no gradients; did you mean gradient?"
    assert texts(GOOD + "expect.zzz") == "expect has no zzz"


def test_predicates_that_read_variables():
    """Is a predicate found that would see the source's variables when judged?"""
    late = GOOD + "expect.holds(acc, lambda a: a > knn_acc + np.abs(0), 'the net is better')"
    assert "the predicate reads knn_acc" in texts(late, "import numpy as np\nknn_acc = 0.28")
    fine = GOOD + "expect.holds((acc, knn_acc), lambda pair: all(p > 0 for p in pair), 'the net is better')"
    assert texts(fine, "knn_acc = 0.28\np = 1") == ""


def test_a_grade_cell_that_is_no_python():
    """Is a syntax error reported with its line, and one in another cell left to its author?"""
    assert problems("x = 1\nexpect.same(")[0].line == 2
    assert guessable_cells(notebook(("x = (", {}))) == []


def test_markdown_and_problems_keep_their_order():
    """Are problems listed cell by cell, line by line?"""
    nb = notebook(("expect.a\nexpect.b\n" + GOOD, GRADED), ("expect.c\n" + GOOD, GRADED))
    nb.cells.insert(0, nbformat.v4.new_markdown_cell("expect.close(1, 1)"))
    assert [(p.cell_id, p.line) for p in guessable_cells(nb)] == [("cell-0", 1), ("cell-0", 2), ("cell-1", 1)]
