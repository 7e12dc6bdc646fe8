"""Which submissions are pointed to: copies in disguise, and nobody who only solved the homework?"""

import io
import random

import pytest
from rich.console import Console

from autograder.compare.code import statements
from autograder.compare.likeness import like_pairs
from autograder.compare.page import compare_page
from autograder.compare.table import as_plain, pairs_table

SOLUTION = """exps = np.exp(scores - scores.max(axis=1, keepdims=True))
probs = exps / exps.sum(axis=1, keepdims=True)
loss = -np.log(probs[np.arange(N), y]).mean()
loss += reg * np.sum(W * W)
dscores = probs.copy()
dscores[np.arange(N), y] -= 1
dscores /= N"""

STEPS = [
    ["scores -= scores.max(axis=1, keepdims=True)", "scores = scores - np.max(scores, axis=1)[:, None]",
     "m = np.max(scores, 1)\nscores = (scores.T - m).T"],
    ["e = np.exp(scores)", "e = np.exp(scores)", "e = np.e ** scores"],
    ["p = e / e.sum(axis=1, keepdims=True)", "p = e / np.sum(e, axis=1).reshape(-1, 1)",
     "p = np.zeros_like(e)\nfor i in range(N):\n    p[i] = e[i] / e[i].sum()"],
    ["loss = -np.log(p[range(N), y]).sum() / N", "loss = np.mean(-np.log(p[np.arange(N), y]))",
     "loss = 0\nfor i in range(N):\n    loss -= np.log(p[i, y[i]])\nloss = loss / N"],
    ["loss += reg * np.sum(W ** 2)", "loss = loss + reg * (W ** 2).sum()", "loss += reg * np.sum(W * W)"],
    ["d = p.copy()\nd[range(N), y] -= 1", "d = p\nd[np.arange(N), y] -= 1.0", "onehot = np.eye(C)[y]\nd = p - onehot"],
    ["d /= N", "d = d / N", "d = d / scores.shape[0]"],
]  # fmt: skip

ODD = """row_best = np.amax(scores, axis=-1)
table = np.exp(np.subtract(scores, np.expand_dims(row_best, -1)))
sums = np.einsum('nc->n', table)
for k in range(scores.shape[1]):
    table[:, k] = np.divide(table[:, k], sums)
picked = np.take_along_axis(table, y[:, np.newaxis], axis=1)
loss = float(np.negative(np.log(picked)).sum()) / len(y)
loss = loss + 2 * reg * 0.5 * np.linalg.norm(W) ** 2
np.put_along_axis(table, y[:, np.newaxis], picked - 1, axis=1)
dscores = np.divide(table, len(y))"""

DISGUISED = """# my own idea: I start with the largest score of each example
biggest = np.amax(scores, axis=-1)
# exponentials
P = np.exp(np.subtract(scores, np.expand_dims(biggest, -1)))
total = np.einsum('nc->n', P)

for column in range(scores.shape[1]):
    P[:, column] = np.divide(P[:, column],  total)  # a probability
right = np.take_along_axis(P, y[:, np.newaxis], axis=1)
np.put_along_axis(P, y[:, np.newaxis], right - 1, axis=1)
dscores = np.divide(P, len(y))
cost = float(np.negative(np.log(right)).sum()) / len(y)
cost = cost + 2 * reg * 0.5 * np.linalg.norm(W) ** 2"""


def honest(number: int = 40, seed: int = 3) -> dict[str, str]:
    """What a class wrote without each other: each step in one of three ways, the last of them rarely."""
    chance = random.Random(seed)

    def one() -> str:
        names = chance.sample(["z", "q", "tmp", "a1", "expo", "res"], 3)
        text = "\n".join(chance.choices(ways, (5, 4, 1))[0] for ways in STEPS)
        for old, new in zip(("e", "p", "d"), names, strict=True):
            text = "\n".join(line.replace(f"{old} ", f"{new} ").replace(f"{old}[", f"{new}[") for line in [text])
        return text

    return {f"s{at:03d}": one() for at in range(number)}


def pairs(texts: dict[str, str], more: dict[str, dict[str, str]] | None = None):
    written = {"net:loss": texts, **(more or {})}
    return like_pairs(written, {"net:loss": [SOLUTION, ""]}, len(texts))


@pytest.mark.parametrize("seed", range(5))
def test_an_honest_class_is_not_listed(seed):
    """Is nobody named who took one of the usual ways?"""
    assert pairs(honest(seed=seed)) == []
    assert pairs(honest(200, seed=seed)) == []


def test_the_only_natural_solution_is_not_listed():
    """Is nobody named for what everybody, or a handful of the class, naturally writes, or for the solution itself?"""
    chance = random.Random(1)
    loop = "total = 0\nfor value in values:\n    total += value\nreturn total / len(values)"
    means = {f"s{at:03d}": "return sum(values) / len(values)" if at % 9 else loop for at in range(40)}
    relus = {student: chance.choice(["out = np.maximum(0, x)", "out = x * (x > 0)"]) for student in means}
    written = {"net:mean": means, "net:relu": relus, "net:loss": dict.fromkeys(means, SOLUTION)}
    assert like_pairs(written, {"net:loss": [SOLUTION]}, 40) == []


@pytest.mark.parametrize(
    ("change", "share"),
    [
        (lambda text: text, 1.0),
        (lambda text: text.replace("table", "P").replace("sums", "s").replace("picked", "right"), 1.0),
        (lambda text: "\n".join(f"{line}  # {at} yes" for at, line in enumerate(text.split("\n"))), 1.0),
        (lambda text: DISGUISED, 1.0),
        (lambda text: DISGUISED.replace("2 * reg * 0.5", "reg").replace("axis=-1", "axis=1"), 0.9),
    ],
)
def test_a_copy_is_found(change, share):
    """Is a copied region the only pair among 40 honest ones, whatever its names, order, comments and small changes?"""
    texts = honest() | {"s011": ODD, "s029": change(ODD)}
    [pair] = pairs(texts)
    assert pair.students == ("s011", "s029")
    [region] = pair.regions
    assert region.place == "net:loss"
    assert region.share >= share
    assert len(region.lines[0]) >= 10 * share - 1e-9


def test_small_things_in_several_regions_add_up():
    """Is a pair found that shares a little of the unusual in each of many regions, and nobody else?"""
    odd = [f"out = np.tensordot(x, w[{at}:, ::{at + 2}], axes=[[-1], [0]]).squeeze()" for at in range(8)]
    more = {
        f"net:r{at}": {f"s{n:03d}": f"out = x @ w[{n}]" for n in range(40)} | {"s003": odd[at], "s035": odd[at]}
        for at in range(8)
    }
    [pair] = pairs(honest(), more)
    assert pair.students == ("s003", "s035")
    assert len(pair.regions) == 8


def test_forms():
    """Do names, texts, comments, annotations and `+=` leave a form as it is, and are lines read that are not Python?"""
    one = statements("for i in range(n):\n    total: int = 0\n    total += f(i, 'x')  # sum\n'a docstring'\npass")
    other = statements('for k in range(n):\n    t = 0\n    t = t + f(k, "yy")')
    assert [s.form for s in one] == [s.form for s in other] == ["for _ in range(n):", "_ = 0", "_ = _ + f(_, '…')"]
    assert [(s.first, s.last) for s in one] == [(0, 0), (1, 1), (2, 2)]
    odd = "def f(a, *b: int, c=1) -> int:\n    with g() as h:\n        return h\n"
    odd += "try:\n    x = 1\nexcept E as e:\n    y = 2"
    assert [s.form for s in statements(odd)] == [
        "def _(_, *_, _=1):", "with g() as _:", "return _", "try:", "_ = 1", "_ = 2",
    ]  # fmt: skip
    assert [s.form for s in statements("x = = 1\n# only\nif y:")] == ["x = = 1", "if y:"]


def test_page_table_and_json():
    """Are both sides shown as text, with the shared lines marked, whatever a student wrote; does the table fit?"""
    evil = "\nx = '</pre><script>alert(1)</script>'"
    texts = honest() | {"<b>eve": ODD + evil, "a-student-with-a-long-name@university.example": DISGUISED}
    found = pairs(texts)
    page = compare_page("A <title>", found, {"net:loss": texts}, len(texts))
    assert "<script" not in page
    assert "<b>eve" not in page
    assert "&lt;b&gt;eve" in page
    assert page.count("<mark>sums = np.einsum(&#x27;nc-&gt;n&#x27;, table)</mark>") == 1
    assert "default-src 'none'" in page
    assert "1 of 861 pairs." in page
    console = Console(file=io.StringIO(), width=80)
    console.print(pairs_table(found))
    assert max(map(len, console.file.getvalue().splitlines())) <= 80
    [plain] = as_plain("net", sorted(texts), found)["pairs"]
    assert plain["students"] == ["<b>eve", "a-student-with-a-long-name@university.example"]
    assert plain["regions"][0]["lines"][0] == list(range(1, 11))
