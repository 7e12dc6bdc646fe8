"""`autograder.expect.array_rules`: usual mistakes with arrays, each with its sentence."""

import pytest

from tests.expect.test_plain_rules import check_is_made

CASES = {
    "an argument that counts as 0": ("f(x, b)", "y = g(x, b)", "y = g(x, 0 * b)", "`b` counts as 0"),
    "an array whose name is put together": (
        "f(x, p, i)", 'y = g(x, p[f"b{i}"])', 'y = g(x, 0 * p[f\'b{i}\'])', "`b…` counts as 0"
    ),
    "a term that counts twice": ("f(x, b)", "y = x + b", "y = x + 2 * b", "`b` counts twice"),
    "a factor 2 too many": ("f(x)", "y = g(x)", "y = 2 * g(x)", "there is a factor 2 too many"),
    "a ½ too many": ("f(x, y)", "y /= len(x)", "y /= 2.0 * len(x)", "there is a ½ too many in `y`"),
    "the sum for the entries": (
        "f(x, b)", "y = x + b", "y = x + np.sum(b)", "the sum of an array stands where its entries belong"
    ),
    "per cent": (
        "f(x, y)", "s = np.mean(x == y)", "s = 100 * np.mean(x == y)",
        "per cent are given where a share belongs: a factor 100",
    ),
    "another length": (
        "f(x, labels)", "s = np.sum(x) / len(labels)", "s = np.sum(x) / len(x)",
        "the length of `x` stands where another belongs"
    ),
    "a term that is averaged": (
        "f(x, w, reg)", "dw = g(x) + reg * w", "dw = g(x) + reg * w / len(x)",
        "the term with `reg` is divided by the length of `x`",
    ),
    "a scale of its own": (
        "f(n, m, std)", "w = std * np.random.randn(n, m)", "w = np.random.randn(n, m) / np.sqrt(n)",
        "`std` is not used, but a scale made of a number of units",
    ),
    "drawn in another order": (
        "f(n, m)", "w = np.random.randn(n, m)", "w = np.random.randn(m, n).T",
        "the random numbers are drawn in the transposed shape, and so in another order",
    ),
    "done for others too": (
        "f(grads, W1, b1)", 'grads["W1"] += W1', "grads['W1'] += W1\n    grads['b1'] += b1",
        "what is done for `W…` is done for `b…` too",
    ),
    "exchanged variables": ("f(a, b)", "y = (a + 1) * b", "y = (b + 1) * a", "`a` and `b` are exchanged"),
    "several factors": ("f(a, b, c)", "y = a * b * c", "y = a", "several factors are missing"),
    "left out in one round": (
        "f(w)", 'for name in ("a", "b"):\n        w += name',
        "for _round, name in enumerate('a', 'b'):\n    if _round != 1:\n        w += name",
        "a step of a loop is left out in one of its rounds",
    ),
    "inside of a loop": (
        "f(w, n)", "for i in range(n):\n        w += i\n    w *= 2", "for i in range(n):\n    w += i\n    w *= 2",
        "a step that belongs behind a loop is taken in every round of it",
    ),
    "column by column": (
        "f(x)", "y = x.reshape(len(x), -1)", "y = x.reshape(len(x), -1, order='F')",
        "a reshape goes through the entries column by column, not row by row",
    ),
    "a function too many": ("f(x, w)", "y = x @ w", "y = np.tanh(x @ w)", "a tanh is taken of a value"),
    "the other axis throughout": (
        "f(x)", "y = x.sum(axis=0) / x.shape[0]", "y = x.sum(axis=1) / x.shape[1]",
        "axis 1 is taken where axis 0 belongs",
    ),
    "the whole array": (
        "f(p, rows, y)", "p[rows, y] -= 1", "p -= 1", "it is done to a whole array, not to some of its entries"
    ),
    "not centred squares": (
        "f(x)", "v = x.var(axis=0)", "v = np.mean(x ** 2, axis=0)",
        "the mean of the squares is taken, without subtracting the mean",
    ),
    "magnitudes": (
        "f(x)", "y = x.argmax(axis=1)", "y = np.argmax(np.abs(x), axis=1)", "magnitudes are compared, not the values"
    ),
    "1 less a setting": (
        "f(x, m, momentum)", "y = x + m", "y = x + (1 - momentum) * m", "there is a factor 1 - `momentum` too many"
    ),
    "another array in a result": (
        "f(x, w, dw)", "dw = g(x)", "dw = g(x) + w", "`w` is added to `dw`, where it does not belong"
    ),
    "the power of a bracket": (
        "f(beta, t)", "y = 1 - beta ** t", "y = (1 - beta) ** t", "a power is taken of a whole sum, not of one term"
    ),
    "ones for a factor": (
        "f(x, w)", "y = x @ w", "y = np.ones_like(x) @ w", "ones stand in place of a factor of a product"
    ),
    "a mean too many": (
        "f(x, w)", "y = x @ w", "y = (x - np.mean(x, axis=0)) @ w", "a mean is subtracted that should not be"
    ),
    "divided by its norm": (
        "f(x, a)", "y = a * x", "y = a * (x / np.linalg.norm(x))", "an array is divided by its norm"
    ),
    "softplus": (
        "f(x)", "y = np.maximum(0, x)", "y = np.log(1 + np.exp(x))",
        "a softplus, log(1 + exp), stands where a bound belongs",
    ),
    "another key": (
        "f(c)", 'y = c["beta1"] + c["beta2"]',
        'y = c["beta1"] + c[\'beta1\']', "`beta1` stands where `beta2` belongs"
    ),
    "another variable": (
        "f(x)", "spread = x + 1\n    y = spread", "spread = x + 1\ny = x",
        "`x` stands in place of another variable",
    ),
    "a weight that shrinks": (
        "f(w, dw, learning_rate)", "w -= learning_rate * dw", "w = (1 - learning_rate) * w - learning_rate * dw",
        "there is a factor 1 - `learning_rate` too many",
    ),
    "only those before": (
        "f(n, one)", "y = [i for i in range(n) if i != one]", "y = [i for i in range(n) if i <= one]",
        "all that is smaller or equal counts, where all but one should",
    ),
    "the last item": (
        "f(ks, found)", "for k in ks:\n        found.append(g(k=k))", "for k in ks:\n    found.append(g(k=ks[-1]))",
        "the last item of a loop is used in every round of it",
    ),
    "two neighbours of three": (
        "f(x)", "a = x.sum(axis=1)\n    b = x.sum(axis=1)\n    c = x.sum(axis=1)",
        "a = x.sum(axis=0)\nb = x.sum(axis=0)\nc = x.sum(axis=1)", "something is taken over the other axis",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_mistake_is_made_and_named(name):
    """Is the usual mistake among those that are tried, with the sentence that says what it is?"""
    check_is_made(*CASES[name])
