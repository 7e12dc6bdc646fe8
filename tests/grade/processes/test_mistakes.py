"""The forks in which the solution runs with a mistake."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
from functools import partial
from types import ModuleType, SimpleNamespace

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder import expect
from autograder.expect.evidence import decode
from autograder.expect.mutants import Mutant
from autograder.expect.session import KeySession
from autograder.expect.sites import sites_in
from autograder.grade.processes.judging import cause_of
from autograder.grade.processes.mistakes import LibraryRegion, Mistakes, Trial, functions_of, limit, patch
from autograder.grade.run.jobs import Cell
from autograder.grade.run.protocol import Connection
from autograder.regions import find_regions

BEGIN, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"
LIBRARY = "".join(
    f"def {name}(x):\n    {BEGIN}\n    y = 2 * x + 1\n    {END}\n    return y\n\n\n" for name in ("f", "g")
)


def test_mistakes_that_an_earlier_check_notices_come_last():
    """Are those first that only this check can notice, and of several regions the surest of each first?"""
    starts = [region.start for region in find_regions(LIBRARY)]
    regions = [LibraryRegion("m", "m.py", name, start, LIBRARY) for name, start in zip("fg", starts, strict=True)]
    check = Cell("check", "expect.same(f(g(1)))", "", True)
    mistakes = Mistakes(None, [check], regions, seed=1)
    called = {("m.py", "f"), ("m.py", "g")}
    order = [trial.where for trial in mistakes.trials([check], 0, called, frozenset())]
    assert order == ["f", "g"] * (len(order) // 2)
    later = [trial.where for trial in mistakes.trials([check], 0, called, {"`f`"})]
    assert later == sorted(order, reverse=True)


@pytest.mark.parametrize(
    ("more", "run"),
    [("t = f(2)", ["check"]), ("f(2)\nshelf.append(3)", ["more", "check"]), ("add(3)", ["more", "check"])],
)
def test_a_question_is_run_without_what_its_check_does_not_need(more, run):
    """Is a cell left out that the check does not need, and kept where the check's value turns out to be another one?"""
    shell = SimpleNamespace(user_ns={"f": abs, "shelf": (shelf := [1, 2]), "add": shelf.append, "expect": expect})
    cells = [Cell("more", more), Cell("check", "expect.same(f(len(shelf)))", "", True)]
    mistakes = Mistakes(shell, cells, [], seed=1)
    assert [cell.id for cell in mistakes.question("more", "check")] == run


@pytest.mark.parametrize(
    ("codes", "forks"), [(["y = len(shelf)", "y = max(shelf)"], 1), (["y = shelf.pop()", "y = 1"], 3)]
)
def test_several_mistakes_run_in_one_fork(codes, forks):
    """Does each give there what it gives alone, with forks of their own where one leaves something behind?"""
    shell = SimpleNamespace(user_ns={"shelf": [1, 2, 4], "expect": expect})
    cells = [Cell("work", "y = sum(shelf)"), Cell("check", "expect.same(y)", "", True)]
    trials = [Trial(Mutant(code, "", 1), "", cell="work") for code in codes]
    mistakes = Mistakes(shell, cells, [], seed=1)
    alone = [mistakes.in_a_fork(partial(mistakes.run_one, trial, cells, "check"), 5.0)[0] for trial in trials]
    right, _, steady = mistakes.with_the_solution(cells, "check")
    assert steady
    assert right["values"] != alone[0]["values"] != alone[1]["values"] != {}
    begun = []
    fork = mistakes.in_a_fork
    mistakes.in_a_fork = lambda work, seconds: begun.append(seconds) or fork(work, seconds)
    assert mistakes.each_of(trials, cells, "check", 5.0, right)[0] == alone
    assert len(begun) == forks


def test_what_was_tried_in_time_is_kept_on_a_busy_machine(monkeypatch):
    """Where the clock runs out before the processor time does: is that given which has been tried?"""
    monkeypatch.setattr("autograder.grade.processes.mistakes.PATIENCE", 1)
    shell = SimpleNamespace(user_ns={"shelf": [1, 2, 4], "expect": expect})
    cells = [Cell("work", "y = sum(shelf)"), Cell("check", "expect.same(y)", "", True)]
    trials = [Trial(Mutant(f"y = {n}", str(n), 1), "", cell="work") for n in range(20)]
    mistakes = Mistakes(shell, cells, [], seed=1)
    assert [one.said for one in mistakes.try_all("work", "check", trials, 5.0, frozenset())] == list("01234567")


MODULE = f"""from __future__ import annotations

from functools import cache

@cache
def one() -> int:
    return 1

class Net:
    def loss(self, x: Array) -> float:
        {BEGIN}
        y = 2 * x
        {END}
        def half() -> Array:
            return y / 2
        return half() + one()

def later(x):
    return x
"""


def test_a_function_gets_the_code_that_the_changed_module_has(monkeypatch):
    """Is that code, with its lines and annotations, the same as when the whole module is compiled?"""
    module, changed = ModuleType("kept_net"), MODULE.replace("2 * x", "2 * x\n        y += 4")
    exec(compile(MODULE, "net.py", "exec"), vars(module))
    monkeypatch.setitem(sys.modules, "kept_net", module)
    region = LibraryRegion("kept_net", "net.py", "Net.loss", find_regions(MODULE)[0].start, MODULE)
    assert module.Net().loss(3) == 4
    function, before = patch(region, changed)
    assert module.Net().loss(3) == 6
    whole = {}
    exec(compile(changed, "net.py", "exec"), whole)
    assert function.__code__ == whole["Net"].loss.__code__ != before
    assert list(function.__code__.co_lines()) == list(whole["Net"].loss.__code__.co_lines())


def test_a_limit_within_a_lower_one_is_kept():
    """Does a fork of a limited fork get the lower limits, instead of ending because it may not have more?"""
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (50, 50))
            resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33))
            limit(60)
            found = resource.getrlimit(resource.RLIMIT_CPU), resource.getrlimit(resource.RLIMIT_AS)[1] <= 2**33
            os.write(writing, json.dumps(found).encode())
        finally:
            os._exit(0)
    os.wait()
    os.close(writing)
    with open(reading, "rb") as file:
        assert json.loads(file.read()) == [[50, 50], True]


def test_a_fork_lets_go_of_copies_that_are_not_its_children():
    """Is a copy ended that a fork of this process does not hear from, though only this process can bury it?"""
    mistakes = Mistakes(None, [], [], seed=1)
    ours, theirs = socket.socketpair()
    copy = subprocess.Popen(["sleep", "60"])
    with ours, theirs:
        mistakes.waiting["check"] = copy.pid, Connection(ours)
        fork = os.fork()
        if fork == 0:
            status = 1
            try:
                mistakes.let_go("check")
                status = len(mistakes.waiting)
            finally:
                os._exit(status)
        assert os.waitpid(fork, 0)[1] == 0
    assert copy.wait() == -signal.SIGKILL


def test_the_first_error_of_a_question_is_the_one_that_tells():
    """Is it that of the first cell that failed, of those since the check before; and none of an earlier question?"""
    sources = {"a": "x = 1", "b": "expect.same(x)", "c": "y = z", "d": "y + 1", "e": "expect.same(y)"}
    mistakes = Mistakes(None, [Cell(name, source) for name, source in sources.items()], [], seed=1)
    assert mistakes.first_error("e", {"c": "ValueError: z", "e": "NameError: y"}) == "ValueError: z"
    assert mistakes.first_error("e", {"a": "TypeError: a", "e": "NameError: y"}) == "NameError: y"
    assert mistakes.first_error("b", {"c": "ValueError: z"}) == ""


def test_a_question_begins_with_the_first_cell_that_runs():
    """Is a copy set aside for a question whose first cells are not run when grading?"""
    cells = [Cell("plot", "plot()", "a plot"), Cell("task", "f(2)"), Cell("check", "expect.same(f(1))")]
    assert Mistakes(None, cells, [], seed=1).starts == {"task": "check"}


MARKED = "def f(x):\n    ### BEGIN SOLUTION\n    y = 2 * x + 1\n    ### END SOLUTION\n    return y"
WHOLE = "ONE = 1\n\ndef g(v):\n    return 2 * v\n\ndef f(x):\n    y = g(x) + ONE\n    return y"
ASSERTS = "assert abs(f(1 / 3) - 5 / 3) < 1e-9\nassert abs(f(2 / 7) - 11 / 7) < 1e-9"


@pytest.mark.parametrize("solution", [MARKED, WHOLE])
def test_mistakes_are_known_in_checks_that_assert(solution):
    """Does the bank run what nbgrader takes for a solution, and what all assertions look at; is the function named?"""
    cells = [new_code_cell(solution, id="work"), new_code_cell(ASSERTS, id="check")]
    for cell, kind in zip(cells, ("solution", "grade"), strict=True):
        marks = {"grade": False, "solution": False, "locked": False, "schema_version": 3, "task": False}
        cell.metadata["nbgrader"] = marks | {"grade_id": cell.id, "points": 1, kind: True}
    sites = sites_in(new_notebook(cells=cells))
    code = [Cell(cell.id, cell.source, "", cell.id == "check", sites.get(cell.id, ())) for cell in cells]
    mistakes = Mistakes(SimpleNamespace(user_ns={}), code, [], seed=1, written=["work"])
    assert mistakes.starts == {"work": "check"}
    key = KeySession(1)
    with mistakes.quietly(key) as watch:
        for cell in mistakes.cells:
            key.begin_cell(cell.id)
            exec(mistakes.compiled(cell, watch), mistakes.shell.user_ns)
    assert mistakes.positions(key.key, "check") == {0: 0, 1: 1}
    found = list(mistakes.try_all("work", "check", None, 20, frozenset()))
    mistakes.known["check"] = found
    minus = next(one for one in found if 1 in one.values and decode(one.values[1]) == (0, ("", 2 * (2 / 7) - 1)))
    said = cause_of(key, mistakes, "check", minus.values, [0, 1], {}, minus.error)
    assert "in `f`, a + and a - are exchanged" in str(said)
    assert {"g", "f", ""} >= {one.where for one in found} >= {*(["g", "f", ""] if solution == WHOLE else ["f"])}


def test_a_work_cell_without_markers_is_a_region():
    """Is it one as a whole, and its functions the places of mistakes, also for a later question that calls one?"""
    work = "import math\n\ndef g(v):\n    return 2 * v\n\nclass C:\n    def f(self, x):\n        return x + 1"
    cells = [
        Cell("work", work),
        Cell("given", "y = 1"),
        Cell("magic", "%%bash\nls"),
        Cell("check", "expect.same(g(1))"),
    ]
    mistakes = Mistakes(None, cells, [], seed=1, written=["work", "magic"])
    assert [bool(find_regions(cell.source)) for cell in mistakes.cells] == [True, False, False, False]
    assert functions_of(mistakes.cells[0]) == ["g", "f"]
    found = list(mistakes.trials([cells[3]], 3, {("", "f")}, frozenset()))
    assert {trial.where for trial in found} == {"C.f"}
    assert "what is returned is too large by one" in {trial.mutant.said for trial in found}
