"""`autograder.expect.data_rules`: mistakes in what is looked up, sorted and collected, each with its sentence."""

import pytest

from tests.expect.test_plain_rules import check_is_made

CASES = {
    "equal ones in any order": (
        "f(c)", "return sorted(c, key=lambda w: (-c[w], w))", "return sorted(c, key=lambda w: -c[w],)",
        "of equal ones the order is not looked at",
    ),
    "sorted the other way": (
        "f(c)", "return sorted(c, key=lambda w: (-c[w], w))", "return sorted(c, key=lambda w: (c[w], w))",
        "it is sorted the other way round",
    ),
    "equal ones the other way": (
        "f(c)", "return sorted(c, key=lambda w: (-c[w], w))", "return sorted(c, key=lambda w: (c[w], w), reverse=True)",
        "equal ones come in the other order",
    ),
    "not reversed": ("f(x)", "return x[::-1]", "return x[:]", "the order is not reversed"),
    "one of two is not set": (
        "f(a, b, t, y)", "a[0], b[0] = t, y", "a[0] = t", "one of several values that are set together is not set"
    ),
    "a part that begins too early": (
        "f(lines)", "return lines[1:]", "return lines[0:]", "a part that is taken begins one too early"
    ),
    "another column": (
        "f(t)", "return t['a'] * t['b']", "return t['b'] * t['b']", "another column or key is taken"
    ),
    "grouped by another column": (
        "f(t)", "return t['a'].x + t.groupby('b')", "return t['a'].x + t.groupby('a')", "another column or key is taken"
    ),
    "the key": ("f(d)", "y = [d[k] for k in d]", "y = [k for k in d]", "the key is taken, not what belongs to it"),
    "the largest value": (
        "f(d)", "return max(d, key=d.get)", "return max(d.values())",
        "the largest value is given, not what it belongs to",
    ),
    "missing values as 0": (
        "f(t)", "return t.groupby('a').mean()", "return t.fillna(0).groupby('a').mean()", "missing values count as 0"
    ),
    "between 0 and 1": (
        "f(x)", "return (x - x.mean(axis=0)) / x.std(axis=0)",
        "return (x - np.min(x, axis=0)) / (np.max(x, axis=0) - np.min(x, axis=0))",
        "it is scaled by the smallest and the largest value, not by mean and standard deviation",
    ),
    "scaled as well": (
        "f(x)", "return x - x.mean(axis=0)", "return (x - x.mean(axis=0)) / np.std(x, axis=0)",
        "it is divided by the standard deviation, which should stay",
    ),
    "over another length": (
        "f(x, rows)", "n = len(x)\n    y = rows.mean(axis=0)", "n = len(x)\ny = rows.sum(axis=0) / len(x)",
        "it is divided by the length of `x`, not its own",
    ),
    "over all": ("f(x, a, b)", "y = a / (a + b)", "y = a / len(x)", "it is divided by the length of `x`, not by a sum"),
    "sorted at the end": (
        "f(x)", "return g(x)", "return sorted(g(x))", "the result is sorted, where the order should stay"
    ),
    "each counts 1": (
        "f(cost, length)", "return cost + length", "return cost + 1", "1 is added where a value of its own belongs"
    ),
    "only the last": (
        "f(d, k, v)", "d.setdefault(k, []).append(v)", "d[k] = [v]", "only the last item of each key is kept"
    ),
    "the inner result is lost": (
        "f(x)", "y.extend(f(x))", "f(x)", "what the function gives for an inner part is not used"
    ),
    "the simplest case": ("f(x)", "return [[]]", "return []", "the simplest case gives an empty list"),
    "another case": ("f(x)", "return -1", "return 0", "one case gives 0"),
    "without the first": (
        "f(x)", "for v in x:\n        g(v)", "for v in x[1:]:\n    g(v)", "a loop leaves out the first item"
    ),
    "no loop": ("f(x)", "for v in x:\n        g(v)\n        g(v)", "pass", "a loop is left out"),
    "something else collected": (
        "f(place, speed)", "a = [place]\n    for n in place:\n        a.append(place)",
        "a = [speed]\nfor n in place:\n    a.append(speed)", "`speed` is collected",
    ),
    "a step too few": (
        "f(a, n)", "h = a / n\n    for i in range(n):\n        g(i * h)",
        "h = a / (n - 1)\nfor i in range(n - 1):\n    g(i * h)", "a number of steps is one too few everywhere",
    ),
    "everything of a mask": (
        "f(t)", "return t[~t['a']]", "return t", "a condition is missing: everything is kept"
    ),
    "one variable for another, wherever it stands": (
        "f(costs)", "t = g(costs)\n    y = t[1] + t[2]", "t = g(costs)\ny = costs[1] + costs[2]",
        "`costs` stands in place of another variable",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_mistake_is_made_and_named(name):
    """Is the usual mistake among those that are tried, with the sentence that says what it is?"""
    check_is_made(*CASES[name])
