"""How near a gradient has to be to the reference's: every honest rewrite passes, a plain numeric gradient does not."""

import numpy as np
import pytest

from autograder import expect
from autograder.expect.numeric import numeric_gradient
from nn import layers, losses

SEEDS = range(20)


def loops(a, b):
    """The matrix product, summed one after the other."""
    out = np.zeros((len(a), b.shape[1]), a.dtype)
    for i in range(len(a)):
        for j in range(b.shape[1]):
            for k in range(len(b)):
                out[i, j] += a[i, k] * b[k, j]
    return out


def affine(rng, dtype):
    """x, w and upstream gradient; the gradient with respect to w in several ways."""
    n, d, m = rng.integers(3, 20, 3)
    x, w, dout = (rng.normal(size=shape).astype(dtype) for shape in ((n, d), (d, m), (n, m)))
    rewrites = [loops(x.T, dout), np.einsum("nd,nm->dm", x, dout), x[::-1].T @ dout[::-1], (dout.T @ x).T]
    rewrites.append(np.sum([np.outer(a, b) for a, b in zip(x, dout, strict=True)], axis=0))
    return lambda w: x @ w, w, x.T @ dout, dout, rewrites


def softmax(rng, dtype):
    scores = rng.normal(scale=3, size=(6, 4)).astype(dtype)
    y = rng.integers(0, 4, 6)
    onehot = np.eye(4, dtype=dtype)[y]
    direct = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    logs = np.exp(scores - np.log(np.exp(scores).sum(1, keepdims=True)))
    shifted = np.exp(scores - scores.max())
    rewrites = [(p - onehot) / 6 for p in (direct, logs, shifted / shifted.sum(1, keepdims=True))]
    return lambda s: losses.softmax_loss(s, y)[0], scores, losses.softmax_loss(scores, y)[1], None, rewrites


def batchnorm(rng, dtype):
    n, d = int(rng.integers(4, 30)), 5
    x = (4 * rng.normal(size=(n, d)) + 12).astype(dtype)
    gamma, dout = rng.normal(size=d).astype(dtype), rng.normal(size=(n, d)).astype(dtype)
    beta = np.zeros(d, dtype)

    def forward(x):
        return layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})[0]

    dx = layers.batchnorm_backward(dout, layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})[1])[0]
    centred = x - x.mean(0)
    inverse = 1 / np.sqrt(x.var(0) + 1e-5)
    dxhat = dout * gamma
    dvar = -0.5 * (dxhat * centred).sum(0) * inverse**3
    steps = dxhat * inverse + dvar * 2 * centred / n
    steps += (-(dxhat * inverse).sum(0) - dvar * 2 * centred.mean(0)) / n
    xhat = centred * inverse
    short = gamma * inverse / n * (n * dout - dout.sum(0) - xhat * (dout * xhat).sum(0))
    moments = 1 / np.sqrt((x**2).mean(0) - x.mean(0) ** 2 + 1e-5)  # loses digits by cancelling
    xhat = centred * moments
    cancelling = moments * (dxhat - dxhat.mean(0) - xhat * (dxhat * xhat).mean(0))
    return forward, x, dx, dout, [steps, short, cancelling] if dtype == np.float64 else [steps, short]


KINDS = [affine, softmax, batchnorm]


def credit(bench, f, x, right, df, analytic, **options):
    """What a student's gradient earns against that of the source."""

    def cell(gradient):
        expect.gradient(f, x, gradient, df, name="dx", **options)

    return bench.grade(lambda: cell(right), lambda: cell(analytic)).credit


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_every_honest_rewrite_passes_with_every_seed(bench, kind, dtype):
    """Do other orders of sums, loops and formulas earn all points?"""
    for seed in SEEDS:
        f, x, right, df, rewrites = kind(np.random.default_rng(seed), dtype)
        for rewrite in rewrites:
            assert credit(bench, f, x, right, df, rewrite, at_most=1e-6) == 1, seed


@pytest.mark.parametrize("kind", KINDS)
def test_plain_central_differences_do_not_pass(bench, kind):
    """Does a student who derives nothing, and differentiates numerically as the course does, earn nothing?"""
    passed = 0
    for seed in SEEDS:
        f, x, right, df, _ = kind(np.random.default_rng(seed), np.float64)

        def own(x, f=f):  # their own forward pass: the same function, rounded in another way
            return 3 * f(x) - 2 * f(x)

        for function in (f, own):
            numeric = numeric_gradient(function, x.copy(), df)[0]
            passed += credit(bench, f, x, right, df, numeric, at_most=1e-6)
    assert passed == 0


def test_the_author_may_let_numeric_gradients_pass(bench):
    """Does `graded_at_most` loosen it?"""
    f, x, right, df, _ = affine(np.random.default_rng(0), np.float64)
    numeric = numeric_gradient(f, x.copy(), df)[0]
    assert credit(bench, f, x, right, df, numeric, graded_at_most=1e-6) == 1
    assert credit(bench, f, x, right, df, 1.01 * right, graded_at_most=1e-6) == 0


def test_a_numeric_gradient_is_called_by_its_name(bench):
    """Does the student hear what is expected instead?"""
    f, x, right, df, _ = softmax(np.random.default_rng(0), np.float64)
    numeric = numeric_gradient(f, x.copy(), df)[0]
    lines = bench.grade(lambda: expect.gradient(f, x, right, df), lambda: expect.gradient(f, x, numeric, df)).lines
    assert "finite differences" in "\n".join(lines)


@pytest.mark.parametrize("factor", [0, 0.5, 1.001, -1])
@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_solution_is_found_before_anybody_is_graded(bench, kind, factor):
    """Does a source whose gradient is wrong stop grading, with the cell's own name for it?"""
    f, x, right, df, _ = kind(np.random.default_rng(3), np.float64)
    with pytest.raises(expect.Unmet, match=r"own solution is wrong\. dx differs from the numeric"):
        bench.key(lambda: expect.gradient(f, x, factor * right, df, name="dx", graded_at_most=1))


def test_one_wrong_entry_is_enough(bench):
    """Is a gradient that is wrong in one place found?"""
    f, x, right, df, _ = affine(np.random.default_rng(3), np.float64)
    right[1, 1] += 0.01
    with pytest.raises(expect.Unmet, match=r"differs from the numeric gradient at \[1, 1\]"):
        bench.key(lambda: expect.gradient(f, x, right, df, name="dx"))


def test_a_kink_beside_the_point_does_not_stop_grading(bench):
    """Is a right solution accepted where an entry lies within a step of a kink?"""
    x = np.array([3e-6, -4e-6, 1.0, -1.0, 5e-7])
    right = (x > 0).astype(float)
    bench.key(lambda: expect.gradient(lambda x: np.sum(np.maximum(x, 0)), x, right))
    assert credit(bench, lambda x: np.sum(np.maximum(x, 0)), x, right, None, right) == 1
    assert credit(bench, lambda x: np.sum(np.maximum(x, 0)), x, right, None, right + 1e-6) == 0


def test_a_gradient_that_is_zero_but_for_rounding_passes(bench):
    """May the bias before a normalisation come out as 1e-17 here and 3e-16 there?"""
    x = np.random.default_rng(0).normal(size=(8, 3))

    def loss(b):
        shifted = x + b
        return np.sum((shifted - shifted.mean(0)) ** 3)

    rounding = np.random.default_rng(1).normal(scale=1e-16, size=3)
    assert credit(bench, loss, np.zeros(3), rounding, None, np.zeros(3)) == 1
    assert credit(bench, loss, np.zeros(3), rounding, None, np.full(3, 1e-3)) == 0
