"""`autograder.expect.plain_rules`: usual mistakes in everyday code, each with its sentence."""

import textwrap

import pytest

from autograder.expect.mutants import mutants
from autograder.regions import find_regions

CASES = {
    "not centred": ("f(x)", "return x - x.mean()", "return x", "the mean is not subtracted"),
    "N for N - 1": ("f(s, n)", "return s / (n - 1)", "return s / n", "it is divided by N where N - 1 belongs"),
    "N - 1 for N": ("f(x)", "return 1 / len(x)", "return 1 / (len(x) - 1)", "it is divided by N - 1 where N belongs"),
    "whole division": ("f(x)", "return x / 2", "return x // 2", "a division is rounded down (//)"),
    "no remainder": ("f(x)", "return x % 26", "return x", "the remainder (%) is not taken"),
    "one of two masks": (
        "f(x)", "return x[(x > 1) & (x < 5)]", "return x[x > 1]", "one of several conditions is missing"
    ),
    "the opposite mask": (
        "f(x)", "return x[x > 1]", "return x[~(x > 1)]", "a condition is the other way round: what should go is kept"
    ),
    "chained bounds": ("f(x)", "return 0 <= x <= 9", "return 0 <= x < 9", "a bound is left out"),
    "other flag": (
        "f(x)", "return g(x, replace=True)", "return g(x, replace=False)",
        "`replace` is True where it should be False, or the reverse",
    ),
    "a part too few": (
        "f(x)", "return np.vstack([x, x + 1])", "return np.vstack([x])",
        "one of the parts that are put together is missing",
    ),
    "a candidate too few": (
        "f(a, b, c)", "return min(a, b, c)", "return min(a, c)", "one of the candidates of a minimum is missing"
    ),
    "no limit": ("f(a, b)", "return min(a, b)", "return a", "a limit is missing: no minimum is taken"),
    "an argument too few": (
        "f(n, dt)", "return np.fft.rfftfreq(n, dt)", "return np.fft.rfftfreq(n)",
        "the argument with `dt` is left out",
    ),
    "no recursion": (
        "f(x)", "y.extend(f(x))", "y.extend(x)", "the function does not call itself for an inner part"
    ),
    "append for extend": (
        "f(x)", "y.extend(x)", "y.append(x)", "a list is added as one item where its items should be added"
    ),
    "the other end": (
        "f(x)", "return x.popleft()", "return x.pop()",
        "what came last is taken first: items are taken from the other end",
    ),
    "the last for the first": (
        "f(x)", "return x.pop(0)", "return x.pop()", "items are taken from the other end"
    ),
    "another item": (
        "f(x)", "return x[-1]", "return x[0]", "another item is taken: an index is not the right one"
    ),
    "a case": (
        "f(x)", "return np.where(x == 0, 1, x)", "return x", "a case is not told apart: it is treated as all others"
    ),
    "change": (
        "f(x)", "return x.pct_change()", "return x.diff()",
        "a difference is not divided by what it is a change of",
    ),
    "by the new value": (
        "f(x)", "return x.pct_change()", "return x.diff() / x",
        "a change is divided by the new value, not by the old one",
    ),
    "the other neighbour": (
        "f(x)", "return x.shift(1)", "return x.shift(-1)",
        "it is held against the one after it, where the one before belongs, or the reverse",
    ),
    "the whole table": (
        "f(x)", "return x.sum(axis=1)", "return np.sum(np.asarray(x))",
        "a sum is taken over everything, not over one axis",
    ),
    "how many": (
        "f(x)", "return x / x.sum()", "return x / len(x)", "it is divided by how many there are, not by their sum"
    ),
    "sums multiplied": (
        "f(a, b, c)", "return (a * b).groupby(c).sum()", "return a.groupby(c).sum() * b.groupby(c).sum()",
        "sums are multiplied where products should be summed up",
    ),
    "a loop's start": (
        "f(x, n)", "for i in range(2, n):\n        y = i", "for i in range(2 - 1, n):\n        y = i",
        "a loop begins one step too early",
    ),
    "a root of one part": (
        "f(a, b)", "return (a / b) ** 0.5", "return a / b**0.5", "the root is taken of one part only"
    ),
    "nothing shuffled": (
        "f(n, rng)", "return rng.permutation(n)", "return np.arange(n)",
        "nothing is shuffled: the order stays as it was",
    ),
    "median": ("f(x)", "return x.mean()", "return np.median(x)", "a median stands where a mean belongs"),
    "default": ("f(x, k=3)", "return x * k", "return x * 3", "`k` is not used, but its default"),
    "no answer at the end": (
        "f(x)", "return not x", "return True",
        "a condition at the end is not looked at: the answer there is always True",
    ),
    "pair": ("f(x, n)", "y.append((x, n))", "y.append((n, x))", "the two parts of a pair are exchanged"),
    "results": ("f(x, n)", "return x, n", "return (n, x)", "two results are exchanged"),
    "one after the other": (
        "f(a, b)", "a, b = b, a + b", "a = b\n    b = a + b",
        "values are changed one after the other where they should change at once",
    ),
    "numbers": ("f(a, b)", "return 4 * a + 2 * b", "return 2 * a + 4 * b", "two numbers are exchanged"),
    "new for old": (
        "f(old, new)", "new[1] = old[0] + old[2]", "new[1] = new[0] + new[2]",
        "new values are used where the old ones belong"
    ),
    "no condition": (
        "f(x)", "return [v for v in x if v]", "return [v for v in x]", "a condition is missing: everything is kept"
    ),
    "steps": (
        "f(x, k)", "for i in range(len(x) - k):\n        y = i", "for i in range(0, len(x) - k, k):\n        y = i",
        "a loop goes on in steps of `k`, not of one",
    ),
    "one round": ("f(x)", "while x:\n        x -= 1", "while x:\n        x -= 1\n        break",
                  "a loop ends after its first round"),
    "next index": ("f(t, i)", "return t[i]", "return t[i + 1]", "an index is off by one"),
    "quotient": ("f(a, b, c)", "return a * b / c", "return a * c / b", "a factor and a divisor are exchanged"),
    "rounded": ("f(x)", "return x + 273.15", "return x + 273.0", "a number is rounded: it has more digits"),
    "return in a loop": (
        "f(x)", "for v in x:\n        y = v\n    return y", "for v in x:\n        y = v\n        return y",
        "a `return` stands inside a loop, which ends in its first round",
    ),
    "one too many": ("f(x)", "return len(x)", "return len(x) + 1", "what is returned is too large by one"),
    "one case is one too small": (
        "f(x, i)", "return i if x else -1", "return i - 1 if x else -1", "what is returned is too small by one"
    ),
    "one row": (
        "f(n)", "y = [[0] * n for _ in range(n + 1)]", "y = [[0] * n] * (n + 1)",
        "all rows are one and the same list",
    ),
    "begins empty": ("f(x)", "y = [x]", "y = []", "a list begins empty, without its first item"),
    "not filled": (
        "f(x)", "for i in range(3):\n        x[i] = i", "pass", "entries that should be set first are not set"
    ),
    "a step late": ("f(i, h)", "return i * h", "return (i + 1) * h", "an index is off by one"),
    "begins with one": ("f(y)", "z = y[2]", "z = 1.0", "a product begins with 1, without its first factor"),
    "original": (
        "f(data)", "u = data + 1\n    u[0] = u[1] / 2", "u = data + 1\n    u[0] = data[1] / 2",
        "`data` is read where what was made of it belongs",
    ),
    "other indices": ("f(u, i, j)", "return u[j, j]", "return u[i, i]", "an index stands in place of another"),
    "into the argument": (
        "f(x)", "return sorted(x)", "x[:] = sorted(x)\n    return x", "the argument `x` is changed, not a copy of it"
    ),
    "slice": ("f(x, i, n)", "return x[i:i + n]", "return x[i:i + n + 1]", "the end of a slice is off by one"),
    "centred nowhere": (
        "f(x, y)", "return (x - x.mean()) * (y - y.mean())", "return x * y", "the mean is not subtracted"
    ),
    "sums and means over everything": (
        "f(x)", "return x.sum(axis=0) / x.std(axis=0)", "return x.sum() / x.std()",
        "something is taken over everything, not over one axis",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_mistake_is_made_and_named(name):
    """Is the usual mistake among those that are tried, with the sentence that says what it is?"""
    check_is_made(*CASES[name])


def check_is_made(head: str, right: str, wrong: str, said: str) -> None:
    """Of a function with this head and body, the wrong body is among the mistakes, with its sentence."""
    begin, end = "    # ===== START YOUR CODE HERE =====\n", "    # ====== END YOUR CODE HERE ======\n"
    text = f"def {head}:\n{begin}    {right}\n{end}"
    found = mutants(text, find_regions(text)[0], wide=True)
    assert plain(wrong) in [plain(body_of(one.text)) for one in found if one.said == said]


def body_of(text: str) -> str:
    return textwrap.dedent("\n".join(line for line in text.split("\n")[1:] if "=====" not in line))


def plain(code: str) -> str:
    """Without blanks and brackets, which mean nothing here."""
    return "".join(code.split()).replace("(", "").replace(")", "")
