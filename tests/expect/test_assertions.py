"""nbgrader's assertions: whose side is whose, and do instrumented cells do what they did before?"""

import ast
import contextlib
import copy
import io
import re
from datetime import date
from functools import lru_cache

import numpy as np
import pytest

from autograder.expect.asserted import Asserted, Keeper, Ran, Recorder, watching
from autograder.expect.assertions import Instrument, _going_on, find_assertions, steps_of
from autograder.expect.dataflow import CodeCell
from autograder.expect.evidence import EvidenceError, encode
from autograder.expect.message import Inbox
from autograder.expect.packed import pack, unpack
from autograder.expect.session import KeySession, RecordingSession, use
from autograder.expect.verdict import judge

GIVEN = """import random
import time
import numpy as np
from numpy.testing import assert_allclose, assert_equal, assert_raises

def check_it(f, number, wanted):
    result = f(number)
    assert result == wanted, "wrong"
"""
WORK = """def f(x):
    if isinstance(x, (int, float)) and x < 0:
        raise ValueError("negative")
    return x * x

values = {"a": 1, "b": [1.0, 2.0]}
"""


def assertions(check, given=GIVEN, work=WORK):
    cells = [
        CodeCell("given", ast.parse(given)),
        CodeCell("work", ast.parse(work), written=True),
        CodeCell("check", ast.parse(check), check=True),
    ]
    return find_assertions(cells)


def told(check):
    """Of each assertion in a check: its steps from the student's value outwards, or why there are none."""
    found = [a for a in assertions(check) if a.cell == "check"]
    steps = steps_of("check", [a.site for a in found if a.site], ast.parse(check))
    codes = iter([[step.code.partition(": ")[2] for step in one.steps] for one in steps.values()])
    return [(next(codes, []) if not a.site.raises else []) if a.site else a.reason for a in found]


@pytest.mark.parametrize(
    ("check", "steps"),
    [
        ("assert f(3) == 9", ["v == k0"]),
        ("assert 9 == f(3)", ["k0 == v"]),
        ("assert_allclose(f(np.ones(2)), np.ones(2), rtol=1e-6)", ["k0(v, k1, rtol=k2)"]),
        ("assert abs(f(2) - 4) < 1e-9", ["v - k0", "k1(v)", "v < k2"]),
        ("assert isinstance(values, dict)", ["k0(v, k1)"]),
        ("assert set(values) == {'a', 'b'}", ["k0(v)", "v == k1"]),
        ("assert 1 < f(2) < 9", ["k0 < v < k1"]),
        ("assert f(2)", []),
        ("assert not f(0)", ["not v"]),
        ("assert values['b'][1:].copy() == 3", ["v[k0]", "v[k1:]", "v.copy", "v()", "v == k2"]),
        ("assert len(values) == 2", ["v == k0"]),
        ("assert [f(n) for n in range(3)] == [0, 1, 4]", ["v == k0"]),
        ("assert (f(1), f(2)) == (1, 4)", ["v == k0"]),
        ("r = f(3)\nassert r == 9", ["v == k0"]),
        ("assert all(f(n) == n ** 2 for n in range(3))", ["v == k0"]),
        ("for n in range(3):\n    assert f(n) == n ** 2", ["v == k0"]),
        ("np.random.seed(0)\nx = np.random.rand(3)\nassert np.allclose(f(x), x ** 2)", ["k0(v, k1)"]),
        ("rng = np.random.default_rng(0)\nx = rng.random(3)\nassert np.allclose(f(x), x ** 2)", ["k0(v, k1)"]),
    ],
)
def test_the_students_side_is_found(check, steps):
    """Is the student's value evidence, and all else the answer key's?"""
    assert told(check) == [steps]


@pytest.mark.parametrize(
    ("check", "steps"),
    [
        ("assert f(2) == f(-2)", ["v[0] == v[1]"]),
        ("assert f(3) - f(2) == 5 * f(1)", ["v[0] == v[1]"]),
        ("assert abs(f(2) - f(-2)) < 1e-9", ["v[0] - v[1]", "k0(v)", "v < k1"]),
        ("assert f(1) < f(2) <= f(3)", ["v[0] < v[1] <= v[2]"]),
        ("x = np.random.rand(3)\nassert np.allclose(f(x), x ** 2)", ["k0(v[0], v[1])"]),
        ("np.random.seed(0)\nf(1)\nx = np.random.rand(3)\nassert np.allclose(f(x), x ** 2)", ["k0(v[0], v[1])"]),
        ("x = random.random()\nassert f(x) == x ** 2", ["v[0] == v[1]"]),
        ("began = time.time()\nf(3)\nassert time.time() - began < 1", ["v[0] - v[1]", "v < k0"]),
        ("assert f(1) == 2 or f(2) == 4", []),
        ("assert f(values) is values", []),
        ("assert f(1) is None", ["v is k0"]),
        ("assert all(f(v) for v in values)", []),
        ("assert all(type(v) is not str for v in values)", ["(k0(v) is not k1 for v in v)", "k2(v)"]),
        ("assert sum(1 for key in values if key == 'a') == 1", ["(1 for key in v if key == 'a')", "k0(v)", "v == k1"]),
        ("assert sorted(values, key=lambda name: f(len(name))) == ['a', 'b']", ["v == k0"]),
        ("numbers = [3, 1]\nf(numbers)\nassert numbers == [1, 3]", ["v == k0"]),
        ("x = np.ones(2)\nassert np.allclose(f(x), x)", ["k0(v, k1)"]),
        ("assert open(values['a']).read() == 'x'", ["v.read", "v()", "v == k0"]),
        ("assert eval(values['a']) == 1", ["v == k0"]),
        ("import numpy as np\nassert_raises(ValueError, f, -1)", []),
    ],
)
def test_several_values_of_the_students(check, steps):
    """Are the student's values evidence together, and is nothing run on the trusted side that reads files or code?"""
    assert told(check)[-1] == steps


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        ("assert 1 + 1 == 2", "neither"),
        ("if f(1) == 1:\n    assert f(2) == 4", "depending"),
        ("for key in values:\n    assert f(2) == 4", "depending"),
        ("while f(1) > 2:\n    assert f(2) == 4", "depending"),
        ("try:\n    assert f(2) == 4\nexcept ValueError:\n    pass", "depending"),
        ("with assert_raises(values['error']):\n    f(2)", "the student's own"),
    ],
)
def test_what_cannot_be_told_apart(check, reason):
    """Does an assertion count as in nbgrader where no value is the student's, or not every run reaches it?"""
    found = told(check)
    assert len(found) == 1
    assert reason in found[0]


RAISED = """try:
    f(-1)
except ValueError:
    pass
else:
    raise AssertionError("no error")
"""


def test_an_error_that_is_caught():
    """Is the error that a try block expects evidence, and does a block that changes nothing stay so?"""
    key = KeySession(0)
    assert run(cells_of(WORK, RAISED), key)[1] == ""
    assert len(key.key) == 1
    assert judge(key.key, evidence_of(WORK, RAISED)[0])["check"].credit == 1
    silent = WORK.replace('raise ValueError("negative")', "pass")
    evidence, ran = evidence_of(silent, RAISED)
    assert judge(key.key, evidence)["check"].credit == 0
    assert ran == run(cells_of(silent, RAISED))


def test_functions_that_assert():
    """Is what a helper asserts found in it, and is a helper that is called now and then left alone?"""
    found = {a.cell: a for a in assertions("check_it(f, 3, 9)")}
    assert found["given"].site is not None
    found = {a.cell: a for a in assertions("if f(1):\n    check_it(f, 3, 9)")}
    assert "depending" in found["given"].reason


CHECK = """assert f(3) == 9
r = f(np.arange(3))
assert_allclose(r, [0, 1, 4])
with assert_raises(ValueError):
    f(-1)
check_it(f, 2, 4)
assert values["b"] == [1.0, 2.0] and values["a"] < 2
print("printed", r)
"""


def cells_of(source, check=CHECK, given=GIVEN):
    texts = {"given": given, "work": source, "check": check}
    return [CodeCell(name, parsed(text), name == "work", name == "check") for name, text in texts.items()]


parsed = lru_cache(ast.parse)


def sites_of(cells):
    sites = {}
    for assertion in find_assertions(cells):
        if assertion.site:
            sites[assertion.cell] = (*sites.get(assertion.cell, ()), assertion.site)
    return sites


def run(cells, session=None, sites=None):
    """Run given, work and check cells; returns what is printed, the error, and the names that are left."""
    sites = sites_of(cells) if sites is None else sites
    names, printed, error = {"__name__": "__main__"}, io.StringIO(), ""
    np.random.seed(0)
    scope = contextlib.nullcontext() if session is None else use(session)
    watch_scope = contextlib.nullcontext() if session is None else watching(session)
    with contextlib.redirect_stdout(printed), scope, watch_scope as watch:
        for cell in cells:
            tree = cell.tree
            if session is not None:
                session.begin_cell(cell.id)
                if instrument := watch.begin(cell.id, sites.get(cell.id, ()), cell.check):
                    tree = instrument.visit(copy.deepcopy(tree))
            try:
                exec(compile(tree, cell.id, "exec"), names)
            except (Exception, pytest.fail.Exception) as failure:
                error = f"{type(failure).__name__}: {failure}"
    return printed.getvalue(), error, sorted(names)


def evidence_of(source, check=CHECK):
    inbox = Inbox()
    ran = run(cells_of(source, check), RecordingSession(0, inbox.add))
    return inbox.evidence, ran


@pytest.mark.parametrize("source", [WORK, WORK.replace("x * x", "x * x + 1"), "values = {}\n"])
def test_instrumenting_changes_nothing(source):
    """Does a cell print the same, raise the same and leave the same names, whether its assertions hold or not?"""
    assert evidence_of(source)[1] == run(cells_of(source))


def test_the_answer_key_judges():
    """Is every assertion judged by the source's own side, and one that fails told with what is wrong?"""
    key = KeySession(0)
    assert run(cells_of(WORK), key)[1] == ""
    assert len(key.key) == 6
    evidence, _ = evidence_of(WORK)
    assert judge(key.key, evidence)["check"].credit == 1
    wrong, (_, error, _) = evidence_of(WORK.replace("x * x", "2 * x"))
    verdict = judge(key.key, wrong, {"check": error})["check"]
    assert verdict.credit == 0
    assert "f(3) == 9 is not so: yours 6, expected 9" in "\n".join(verdict.lines)
    assert "assert_allclose(r, [0, 1, 4])   failed" in verdict.lines, "it is looked at, though one before it failed"


def test_a_cell_goes_on_to_what_it_states_last():
    """Is what a cell states after one assertion looked at where that fails, and what its author has it say told?"""
    check = "assert f(3) == 9, 'three squared'\nx = f(2)"
    key = KeySession(0)
    run(cells_of(WORK, check), key)
    wrong, (_, error, _) = evidence_of(WORK.replace("x * x", "2 * x"), check)
    assert "    three squared" in judge(key.key, wrong, {"check": error})["check"].lines
    kept = {"assert f(3) == 9\nexpect.same(f(4))": 2, "assert f(3) == 9\nf(4)": 3, "x = 1\nassert x": 2}
    for text, statements in kept.items():
        assert len(_going_on(ast.parse(text).body)) == statements, text


def test_a_process_that_says_it_held_gains_nothing():
    """Is evidence refused that says only that the assertion is true?"""
    key = KeySession(0)
    run(cells_of(WORK, "assert f(3) == 9"), key)
    inbox = Inbox()
    session = RecordingSession(0, inbox.add)
    session.begin_cell("check")
    recorder = Recorder(session)
    recorder.begin("check", [a.site for a in assertions("assert f(3) == 9") if a.cell == "check"], True)
    recorder.seen("check:0", 0, object())
    recorder.seen("check:0", 1, True)
    assert judge(key.key, inbox.evidence)["check"].credit == 0


LIAR = """
class Liar:
    def __sub__(self, other):
        return 0.0
    __rsub__ = __abs__ = __mod__ = __sub__
    def __array__(self, *args, **options):
        return np.array([1.0, 4.0, 9.0])

def f(x):
    return Liar()
"""


@pytest.mark.parametrize(
    "check",
    [
        "assert abs(f(2.0) - 4) < 1e-6",
        "assert np.abs(f(np.arange(3)) - np.array([0, 1, 4])).max() < 1e-9",
        "assert np.asarray(f(np.arange(1, 4))).sum() == 14",
        "npt.assert_allclose(f(np.array([1.0, 2.0, 3.0])), [1, 4, 9])",
    ],
)
def test_an_object_says_nothing_of_itself(check):
    """Is nothing earned by an object whose own methods give a difference of 0 or an array, and by such words?"""
    given = "import numpy as np\nimport numpy.testing as npt"
    work = "def f(x):\n    return x * x"
    key = KeySession(0)
    sites = sites_of(cells_of(work, check, given))
    assert run(cells_of(work, check, given), key, sites)[1] == ""
    inbox = Inbox()
    assert run(cells_of(LIAR, check, given), RecordingSession(0, inbox.add), sites)[1] == ""
    assert judge(key.key, inbox.evidence)["check"].credit == 0
    for level, value in ((1, 0.0), (1, True), (2, 0.0), (3, True)):
        said = {place: encode((level, ("", value))) for place in key.key}
        assert judge(key.key, said)["check"].credit == 0


def test_values_that_are_no_evidence():
    """Is it evidence that an assertion on a student's object holds, where nothing else of it can be evidence?"""
    work = "class Thing:\n    size = 3\n    def get(self):\n        return 4\n\nthing = Thing()\n"
    check = "assert isinstance(thing, Thing)\nassert thing.get() == 4\nassert thing"
    key = KeySession(0)
    run(cells_of(work, check), key)
    assert [type(expectation) for expectation in key.key.values()] == [Asserted, Asserted, Ran]
    assert judge(key.key, evidence_of(work, check)[0])["check"].credit == 1
    assert judge(key.key, {})["check"].credit == 0
    other = work.replace("thing = Thing()", "thing = 4")
    assert judge(key.key, evidence_of(other, check)[0])["check"].credit == 0


def test_keeper_and_recorder_hand_values_through():
    """Is the object itself handed on, whatever it is?"""
    thing = object()
    assert Keeper(KeySession(0)).seen("no:0", 0, thing) is thing
    assert Recorder(RecordingSession(0, lambda data: None)).known("no:0", 0, thing) is thing


def test_instrumented_text_stays_where_it_was():
    """Do errors point at the lines and columns that the author wrote?"""
    found = assertions("x = 1\nassert f(3) == 9")
    site = next(a.site for a in found if a.cell == "check")
    tree = Instrument("check", [site]).visit(ast.parse("x = 1\nassert f(3) == 9"))
    assert (tree.body[1].lineno, tree.body[1].test.lineno, tree.body[1].test.col_offset) == (2, 2, 7)


@pytest.mark.parametrize(
    "value",
    [
        {1, 2}, frozenset({"a"}), b"bytes", range(2, 9, 3), date(2026, 3, 1), [{1}, ({2: {3}},)], {"a": {1, 2}}, None,
        2.5, "text", (1, [2]),
    ],
)  # fmt: skip
def test_packed_values_come_back(value):
    """Is a value of the same type and content made of what was packed?"""
    back = unpack(pack(value))
    assert type(back) is type(value)
    assert back == value


def test_packed_arrays_come_back():
    """Arrays too, in containers that evidence does not know?"""
    back = unpack(pack({"a": np.arange(3), "b": {1}}))
    assert back["a"].tolist() == [0, 1, 2]
    assert back["b"] == {1}


@pytest.mark.parametrize(
    "packed", [3, ("set", 4), ("no such kind", 1), ("range", [1, 2, 3, 4]), ("Fraction", [1, 0]), ("date", 5)]
)
def test_what_was_never_packed(packed):
    """Is anything else refused, and nothing else raised?"""
    with pytest.raises(EvidenceError):
        unpack(packed)


TOOLS = """import asyncio
import contextlib
import hashlib
import inspect
import io
import itertools
import math
import random
import re
import unittest
from collections import Counter, namedtuple
from decimal import Decimal
from unittest import TestCase, mock

import numpy as np
import numpy.testing as npt
import pytest
from numpy.testing import assert_array_equal as same_array, assert_raises

tc = TestCase()
Point = namedtuple("Point", "x y")
"""
SOLUTION = """import numpy as np

def f(x):
    if isinstance(x, (int, float)) and x < 0:
        raise ValueError("negative")
    return x * x

def words(text):
    return {word: len(word) for word in text.split()}

def table(n):
    return np.arange(n * n, dtype=float).reshape(n, n)

def shout(text):
    print(text.upper())

def double(numbers):
    for i in range(len(numbers)):
        numbers[i] *= 2

def evens(n):
    yield from range(0, n, 2)

def pair():
    return 3, "three"

class Counter2:
    made = 0
    def __init__(self, n=0):
        self.n = n
        Counter2.made += 1
    def up(self, by=1):
        self.n += by
        return self
    def __eq__(self, other):
        return self.n == other.n
    def __lt__(self, other):
        return self.n < other.n
    def __len__(self):
        return self.n

answer = 0.1 + 0.2

secret = "42"
"""
SPELLINGS = """assert (y := f(3)) == 9 and y > 0

assert 1 < f(2) <= f(3) < f(4)

assert f(3) in (9, 9.0) and f(2) not in {5, 6}

assert f(2) is not None and not f(0)

assert f(2) == 4 or f(2) == "four"

assert not (f(2) == 5 or f(3) == 5)

assert all([f(n) == n ** 2 for n in range(4)]), f"not {f(2)}"

assert all(f(n) == m for n, m in zip([1, 2], [1, 4]))

assert any(f(n) == 16 for n in range(6))

assert len(words("a bb")) == 2 == len(set(words("a bb").values()))

assert isinstance(f(2), (int, float, np.number)) and not isinstance(f(2), bool)

assert type(words("a")) is dict

assert words("a bb") == {"a": 1, "bb": 2}, "wrong"

assert list(words("bb a")) == ["bb", "a"] and sorted(words("bb a")) == ["a", "bb"]

assert all(isinstance(n, int) for n in words("a bb").values())

assert {k: v for k, v in words("a bb").items() if v > 1} == {"bb": 2}

assert max(words("a bb"), key=words("a bb").get) == "bb"

assert words("a bb")["bb"] == 2 and words("").get("x") is None

assert math.isclose(answer, 0.3, rel_tol=1e-9) and answer != 0.3

assert answer == pytest.approx(0.3) and abs(answer - 0.3) < 1e-12

assert np.isclose(answer, 0.3) and np.allclose(table(2), [[0, 1], [2, 3]])

assert (table(2) == table(2).astype(int)).all() and table(3).shape == (3, 3)

assert table(2).dtype == np.float64 and table(2).dtype.kind == "f"

assert table(3)[1:, -1].tolist() == [5.0, 8.0] and table(2).sum() == 6

assert np.array_equal(table(2) @ np.eye(2), table(2))

npt.assert_allclose(table(3).T, table(3).transpose(), atol=0)

same_array(table(2)[0], [0, 1], err_msg="row")

npt.assert_array_less(table(2), 4); npt.assert_equal(f(3), 9)

np.testing.assert_almost_equal(f(1.1), 1.21, decimal=8, verbose=False)

tc.assertEqual(f(2), 4, "two"); tc.assertIn("a", words("a")); tc.assertAlmostEqual(answer, 0.3)

tc.assertCountEqual(words("a b"), ["b", "a"]); tc.assertDictEqual(words("a"), {"a": 1})

unittest.TestCase().assertTrue(f(2) == 4); TestCase().assertIsNone(shout("x"))

tc.assertGreater(f(3), f(2)); tc.assertRegex(secret, r"^\\d+$")

with tc.assertRaises(ValueError) as caught:
    f(-1)
assert "negative" in str(caught.exception)

with pytest.raises(ValueError, match="neg"):
    f(-1)

assert_raises(ValueError, f, -1); tc.assertRaises((ValueError, TypeError), f, -2)

tc.assertRaisesRegex(ValueError, "nega", f, -3)

try:
    f(-1)
except ValueError as error:
    assert error.args == ("negative",)
else:
    assert False

try:
    f(-1)
    assert False, "no error"
except ValueError:
    pass

assert hashlib.sha1(str(f(7)).encode()).hexdigest() == "2e01e17467891f7c933dbaa00e1459d23db3fe4f"

assert hashlib.md5(secret.encode("utf-8")).hexdigest() == "a1d0c6e83f027327d8461063f4ac58a6", "not it"

out = io.StringIO()
with contextlib.redirect_stdout(out):
    shout("hey")
assert out.getvalue().strip() == "HEY"
printed = out.getvalue().splitlines()
assert len(printed) == 1 and printed[0].isupper()

with mock.patch("builtins.print") as fake:
    shout("ho")
fake.assert_called_once_with("HO")
assert fake.call_args[0][0] == "HO"

numbers = [1, 2]
kept = numbers
assert double(numbers) is None and numbers == [2, 4] and kept is numbers

before = table(2)
after = before.copy()
f(after)
assert np.array_equal(before, after)

assert next(evens(5)) == 0 and list(evens(5)) == [0, 2, 4] and inspect.isgenerator(evens(1))

assert sum(evens(9)) == 20 and tuple(itertools.islice(evens(9), 2)) == (0, 2)

n, name = pair()
assert (n, name) == (3, "three") and name.startswith("th") and len(pair()) == 2

assert pair()[0] == 3 and pair() != (4, "four") and isinstance(pair(), tuple)

c = Counter2(2)
assert c.up().up(by=2).n == 5 and c.n == 5 and len(c) == 5

assert Counter2(1) < Counter2(2) and Counter2(3) == Counter2(3) and not Counter2(1) == Counter2(2)

c = Counter2(1)
assert Counter2.made > 0 and hasattr(c, "n") and getattr(c, "m", None) is None

assert callable(f) and f.__name__ == "f" and len(inspect.signature(f).parameters) == 1

assert [Counter2(k).n for k in range(3)] == list(range(3))

random.seed(4); a = random.random(); assert f(a) == a ** 2

rng = np.random.default_rng(2); v = rng.normal(size=3); assert np.allclose(f(v), v ** 2), f"{f(v)}"

u = np.random.rand(4); assert np.max(np.abs(f(u) - u * u)) < 1e-12

for number, wanted in {1: 1, 2: 4}.items():
    assert f(number) == wanted, f"f({number})"

for n in range(1, 3):
    for m in range(n):
        assert f(n * m) == f(n) * f(m)

for key, value in words("a bb").items():
    assert len(key) == value

if len(words("a")) == 1:
    assert words("a")["a"] == 1

assert re.match(r"\\d", secret) and secret.isdigit() and int(secret) == 42

assert lambda: f(2) == 5

assert f(2) if answer else f(3)

assert f"{answer:.2f}" == "0.30" and "%d" % f(2) == "4"

assert -f(2) == -4 and f(2) ** 0.5 == 2 and f(f(2)) == 16 and f(2) | 1 == 5

assert f(*[2]) == f(**{"x": 2}) and [*words("a b")] == ["a", "b"]

assert Counter(words("a b").values()) == Counter({1: 2}) and Decimal(f(2)) == 4

assert set(words("a b")) | {"c"} == {"a", "b", "c"} and words("a").keys() == {"a"}

assert ("a", 1) in words("a").items() and 1 in words("a").values() and "a" in words("a")

assert Point(f(1), f(2)) == Point(1, 4) and Point(*pair()).y == "three"

assert asyncio.iscoroutinefunction(f) is False and np.isnan(f(np.nan))

assert all(a <= b for a, b in zip(list(evens(9)), list(evens(9))[1:]))

assert sum(x > 1 for x in words("a bb ccc").values()) == 2 and min(len(w) for w in words("a bb")) == 1

assert dict(zip(words("a b"), map(f, [1, 2]))) == {"a": 1, "b": 4}

assert list(map(f, [1, 2])) == [1, 4] and list(filter(f, [0, 1])) == [1]

assert abs(sum(f(x) for x in [1, 2]) - 5) <= 0 and (f(1) < f(2)) == True

assert np.testing.assert_allclose(f(2.0), 4.0) is None

numbers = []; double(numbers); assert numbers == []

assert f(2) == 4; assert f(3) == 9; print("both", f(2))"""
ODD = {  # what students hand in
    "right": ("", ""),
    "wrong": ("return x * x", "return x + x"),
    "none": ("return x * x", "x * x"),
    "float": ("return x * x", "return x * x * 1.0"),
    "numpy": ("return x * x", "return np.multiply(x, x)"),
    "text": ("return x * x", "return str(x)"),
    "fraction": ("return x * x", "from fractions import Fraction; return Fraction(x) * x if type(x) is int else x * x"),
    "always": ("return x * x", "return type('Yes', (int,), {'__eq__': lambda self, other: True, '__hash__': None})(3)"),
    "no-error": ('raise ValueError("negative")', "pass"),
    "other-error": ('raise ValueError("negative")', 'raise TypeError("no")'),
    "own-error": ('raise ValueError("negative")', 'raise type("Low", (ValueError,), {})("negative")'),
    "loud": ("return x * x", "print('x', x); return x * x"),
    "forgetful": ("return x * x", "return x * x if x is not None and not f.__dict__.setdefault('n', 0) else 1"),
    "counter": (
        "return {word: len(word) for word in text.split()}",
        "from collections import Counter; return Counter({w: len(w) for w in text.split()})",
    ),
    "ordered": (
        "return {word: len(word) for word in text.split()}",
        "from collections import OrderedDict; return OrderedDict((w, len(w)) for w in text.split())",
    ),
    "list-of-pairs": (
        "return {word: len(word) for word in text.split()}",
        "return [(w, len(w)) for w in text.split()]",
    ),
    "floats": ("len(word) for", "float(len(word)) for"),
    "ints": ("dtype=float", "dtype=int"),
    "nested-lists": ("return np.arange(n * n, dtype=float).reshape(n, n)", "return [[0.0, 1.0], [2.0, 3.0]]"),
    "matrix": (".reshape(n, n)", ".reshape(n, n).view(type('Mine', (np.ndarray,), {}))"),
    "masked": (".reshape(n, n)", ".reshape(n, n); return np.ma.array(np.arange(n * n, dtype=float).reshape(n, n))"),
    "quiet": ("print(text.upper())", "pass"),
    "returns-text": ("print(text.upper())", "return text.upper()"),
    "new-list": ("for i in range(len(numbers)):\n        numbers[i] *= 2", "return [2 * n for n in numbers]"),
    "sneaky": ("return x * x", "y = x * x\n    if isinstance(x, np.ndarray): x[:] = 0\n    return y"),
    "list-not-generator": ("yield from range(0, n, 2)", "return list(range(0, n, 2))"),
    "list-pair": ('return 3, "three"', 'return [3, "three"]'),
    "named-pair": (
        'return 3, "three"',
        'from collections import namedtuple; return namedtuple("P", "a b")(3, "three")',
    ),
    "no-eq": ("def __eq__(self, other):\n        return self.n == other.n", "pass"),
    "no-chain": ("return self\n", "pass\n"),
    "exact": ("answer = 0.1 + 0.2", "answer = 0.3"),
    "array-answer": ("answer = 0.1 + 0.2", "answer = np.array(0.3)"),
    "number": ('secret = "42"', "secret = 42"),
    "bytes": ('secret = "42"', 'secret = b"42"'),
    "nothing": (SOLUTION, "pass\n"),
}


@pytest.fixture(scope="module")
def spelled():
    """Each check of the spellings, with its sites and what the answer key keeps for it."""
    found = []
    for check in SPELLINGS.split("\n\n"):
        texts = cells_of(SOLUTION, check, TOOLS)
        sites = sites_of(texts)
        key = KeySession(0)
        assert run(texts, key, sites)[1] == "", check
        found.append((check, sites, key.key))
    return found


@pytest.mark.parametrize("odd", ODD)
def test_every_spelling_comes_out_as_it_does_in_nbgrader(odd, spelled):
    """Does each pass where the plain cell runs to its end, and only there, and print and leave the same?"""
    source = SOLUTION.replace(*ODD[odd])
    assert source != SOLUTION or odd == "right"
    unlike = {}
    changed = [part for part in SOLUTION.split("\n\n") if part not in source.split("\n\n")]
    names = {name for part in changed for name in re.findall(r"(?m)^(?:def |class |)(\w+)", part)}
    for check, sites, key in spelled:
        if odd != "right" and names.isdisjoint(re.findall(r"\w+", check)):
            continue
        texts = cells_of(source, check, TOOLS)
        plain = run(texts)
        inbox = Inbox()
        ran = run(texts, RecordingSession(0, inbox.add), sites)
        verdict = judge(key, inbox.evidence).get("check")
        held = ran[1] == "" and (verdict is None or verdict.credit == 1)
        if ran != plain or held != (plain[1] == ""):
            unlike[check] = plain, ran, verdict and verdict.lines
    # An object that says that it is equal to everything convinces nobody outside its own process.
    assert bool(unlike) == (odd == "always"), unlike
