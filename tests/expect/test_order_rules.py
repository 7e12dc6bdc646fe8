"""`autograder.expect.order_rules`: steps and functions in the wrong order, each mistake with its sentence."""

import pytest

from tests.expect.test_plain_rules import check_is_made

LOOP = "for n in x:\n        v += n\n        y += v"
CASES = {
    "a step too late": (
        "f(x)", f"v = 1\n    y = 2\n    {LOOP}", "v = 1\ny = 2\nfor n in x:\n    y += v\n    v += n",
        "a step comes too late: an earlier one needs what it changes",
    ),
    "an update that students see, too late": (
        "f(w, v)", "v = 2 * v\n    w = w + v", "w = w + v\nv = 2 * v",
        "the update of `v` comes too late: an earlier step needs it",
    ),
    "a call too late": (
        "f(model, x)", "model.train(x)\n    y = model.predict(x)", "y = model.predict(x)\nmodel.train(x)",
        "a step comes too late: an earlier one needs what it changes",
    ),
    "a step too early": (
        "f(t, h)", "a = g(t)\n    b = g(t + h)\n    t = t + h", "t = t + h\na = g(t)\nb = g(t + h)",
        "the update of `t` comes too early: another step needs the value from before it",
    ),
    "used but not kept": (
        "f(t, m)", "t += 1\n    y = m / t", "y = m / (t + 1)",
        "the new value of `t` is used, but `t` itself stays as it was",
    ),
    "begun once": (
        "f(x)", "for v in x:\n        s = []\n        s.append(v)", "s = []\nfor v in x:\n    s.append(v)",
        "something begins anew only once, not in every round of a loop",
    ),
    "begun in every round": (
        "f(x)", "s = 0\n    for v in x:\n        s += v", "s = 0\nfor v in x:\n    s = 0\n    s += v",
        "something begins anew in every round of a loop",
    ),
    "functions in the other order": (
        "f(x, w)", "h, a = affine(x, w)\n    y, b = relu(h)", "h, b = relu(x)\ny, a = affine(h, w)",
        "two functions are applied in the other order",
    ),
    "nested functions in the other order": (
        "f(x, a, b)", "y = back(relu(x, a), b)", "y = relu(back(x, b), a)",
        "two functions are applied in the other order",
    ),
    "one of two functions": (
        "f(x, a, b)", "y = back(relu(x, a), b)", "y = back(x, b)",
        "one of two functions that follow each other is left out",
    ),
    "before the product": (
        "f(x, w, b)", "y = np.maximum(0, x @ w + b)", "y = np.maximum(0, x) @ w + b",
        "a function is applied before a product is taken, not after it",
    ),
    "of one term": (
        "f(x, w, b)", "y = np.maximum(0, x @ w + b)", "y = np.maximum(0, x @ w) + b",
        "a function is applied of one term only, not of the whole sum",
    ),
    "once for all rounds": (
        "f(g, x, n)", "for i in range(n):\n        x = x - g(x)", "_once = g(x)\nfor i in range(n):\n    x = x - _once",
        "a value is made once, before a loop, where each round needs it anew",
    ),
    "one entry along an axis": (
        "f(x)", "y = (x**2).sum(axis=1)", "y = np.take(x**2, 0, axis=1)",
        "only the first entry along an axis counts, not all of them",
    ),
    "an index further": ("f(x, i)", "y = x[i - 1]", "y = x[i - 1 - 1]", "an index is too small by one"),
    "the first entry": ("f(x, i)", "y = x[i - 1]", "y = x[0]", "the first entry is taken where a later one belongs"),
    "a start for an entry": (
        "f(start, x, i)", "y = x[i]", "y = start", "`start` stands where an entry of another variable belongs"
    ),
    "backwards": (
        "f(n)", "for i in range(n):\n        y = i", "for i in reversed(range(n)):\n    y = i",
        "a loop runs in the other direction",
    ),
    "one array for both": (
        "f(x)", "new = np.zeros_like(x)", "new = x", "results go into an array that is still read"
    ),
    "rows for columns": ("f(x, i)", "y = x[:, i]", "y = x[i].T", "rows are taken where columns belong"),
    "a decision": (
        "f(p, y)", "e = p - y", "e = (p > 0.5) * 1.0 - y", "a decision, 0 or 1, stands where a share belongs"
    ),
    "begins with 0": (
        "f(x)", "best = float('-inf')", "best = 0",
        "a variable begins with 0, where it should begin with something else",
    ),
    "a part returned": (
        "f(w, rate)", "step = g(w)\n    return w - rate * step", "step = g(w)\nreturn step",
        "an intermediate result is returned, not what is made of it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_mistake_is_made_and_named(name):
    """Is the usual mistake among those that are tried, with the sentence that says what it is?"""
    check_is_made(*CASES[name])
