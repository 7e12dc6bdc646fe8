"""nbgrader's assertions: whose side is whose, and do instrumented cells do what they did before?"""

import ast
import contextlib
import io
from datetime import date

import numpy as np
import pytest

from autograder.expect.asserted import Keeper, Ran, Recorder, watching
from autograder.expect.assertions import Instrument, find_assertions, steps_of
from autograder.expect.dataflow import CodeCell
from autograder.expect.evidence import EvidenceError
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
    return [next(codes) if a.site else a.reason for a in found]


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
    ("check", "reason"),
    [
        ("assert f(2) == f(-2)", "both"),
        ("assert f(3) - f(2) == 5 * f(1)", "both"),
        ("x = np.random.rand(3)\nassert np.allclose(f(x), x ** 2)", "both"),
        ("np.random.seed(0)\nf(1)\nx = np.random.rand(3)\nassert np.allclose(f(x), x ** 2)", "both"),
        ("x = random.random()\nassert f(x) == x ** 2", "both"),
        ("began = time.time()\nf(3)\nassert time.time() - began < 1", "both"),
        ("assert 1 + 1 == 2", "neither"),
        ("if f(1) == 1:\n    assert f(2) == 4", "depending"),
        ("for key in values:\n    assert f(2) == 4", "depending"),
        ("while f(1) > 2:\n    assert f(2) == 4", "depending"),
        ("try:\n    assert f(2) == 4\nexcept ValueError:\n    pass", "depending"),
        ("assert all(f(v) for v in values)", "depending"),
    ],
)
def test_what_cannot_be_told_apart(check, reason):
    """Does an assertion count as in nbgrader where its sides cannot be told apart, or not every run reaches it?"""
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
    assert run(WORK, key, RAISED)[1] == ""
    assert len(key.key) == 1
    assert judge(key.key, evidence_of(WORK, RAISED)[0])["check"].credit == 1
    silent = WORK.replace('raise ValueError("negative")', "pass")
    evidence, ran = evidence_of(silent, RAISED)
    assert judge(key.key, evidence)["check"].credit == 0
    assert ran == run(silent, None, RAISED)


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


def run(source, session, check=CHECK):
    """Run given, work and check cells; returns what is printed, the error, and the names that are left."""
    texts = {"given": GIVEN, "work": source, "check": check}
    cells = [CodeCell(name, ast.parse(text), name == "work", name == "check") for name, text in texts.items()]
    sites = {}
    for assertion in find_assertions(cells):
        if assertion.site:
            sites[assertion.cell] = (*sites.get(assertion.cell, ()), assertion.site)
    names, printed, error = {}, io.StringIO(), ""
    scope = contextlib.nullcontext() if session is None else use(session)
    watch_scope = contextlib.nullcontext() if session is None else watching(session)
    with contextlib.redirect_stdout(printed), scope, watch_scope as watch:
        for cell in cells:
            tree = ast.parse(texts[cell.id])
            if session is not None:
                session.begin_cell(cell.id)
                if instrument := watch.begin(cell.id, sites.get(cell.id, ()), cell.check):
                    tree = instrument.visit(tree)
            try:
                exec(compile(tree, cell.id, "exec"), names)
            except Exception as failure:
                error = f"{type(failure).__name__}: {failure}"
    return printed.getvalue(), error, sorted(names)


def evidence_of(source, check=CHECK):
    inbox = Inbox()
    ran = run(source, RecordingSession(0, inbox.add), check)
    return inbox.evidence, ran


@pytest.mark.parametrize("source", [WORK, WORK.replace("x * x", "x * x + 1"), "values = {}\n"])
def test_instrumenting_changes_nothing(source):
    """Does a cell print the same, raise the same and leave the same names, whether its assertions hold or not?"""
    assert evidence_of(source)[1] == run(source, None)


def test_the_answer_key_judges():
    """Is every assertion judged by the source's own side, and one that fails told with what is wrong?"""
    key = KeySession(0)
    assert run(WORK, key)[1] == ""
    assert len(key.key) == 6
    evidence, _ = evidence_of(WORK)
    assert judge(key.key, evidence)["check"].credit == 1
    wrong, (_, error, _) = evidence_of(WORK.replace("x * x", "2 * x"))
    verdict = judge(key.key, wrong, {"check": error})["check"]
    assert verdict.credit == 0
    assert "f(3) == 9 differs from what is expected: yours 6, expected 9" in "\n".join(verdict.lines)


def test_a_process_that_says_it_held_gains_nothing():
    """Is evidence refused that says only that the assertion is true?"""
    key = KeySession(0)
    run(WORK, key, "assert f(3) == 9")
    inbox = Inbox()
    session = RecordingSession(0, inbox.add)
    session.begin_cell("check")
    recorder = Recorder(session)
    recorder.begin("check", [a.site for a in assertions("assert f(3) == 9") if a.cell == "check"], True)
    recorder.seen("check:0", 0, object())
    recorder.seen("check:0", 1, True)
    assert judge(key.key, inbox.evidence)["check"].credit == 0


def test_values_that_are_no_evidence():
    """Does an assertion on a student's object count as it ran, and one on the object's value as that value?"""
    work = "class Thing:\n    size = 3\n    def get(self):\n        return 4\n\nthing = Thing()\n"
    key = KeySession(0)
    run(work, key, "assert isinstance(thing, Thing)\nassert thing.get() == 4\nassert isinstance(thing, object)")
    kinds = [type(expectation) for expectation in key.key.values()]
    assert kinds.count(Ran) == 1
    assert len(kinds) == 2


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
