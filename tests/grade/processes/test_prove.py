"""What each mistake gives while a check is tried out."""

from functools import partial
from types import SimpleNamespace

import pytest

from autograder import expect
from autograder.expect.mutants import Mutant
from autograder.grade.processes.mistakes import Mistakes, Trial
from autograder.grade.processes.prove import mistakes_run
from autograder.grade.run.jobs import Cell

SLOW = "\nwhile True:\n    pass"


@pytest.mark.parametrize(
    ("codes", "forks"),
    [
        (["y = len(shelf)", "y = max(shelf)"], [1]),
        (["y = shelf.pop()", "y = 1"], [1, 2]),
        (["y = 1", f"y = 2{SLOW}", "y = 3"], [1, 3]),
    ],
)
def test_mistakes_run_together_give_what_they_give_alone(codes, forks):
    """Is it so where one leaves something behind, and where one does not end; do forks stay few?"""
    shell = SimpleNamespace(user_ns={"shelf": [1, 2, 4], "expect": expect})
    cells = [Cell("work", "y = sum(shelf)"), Cell("check", "expect.same(y)", "", True)]
    trials = [Trial(Mutant(code, "", 1), "", cell="work") for code in codes]
    mistakes = Mistakes(shell, cells, [], seed=1)
    alone = [mistakes.in_a_fork(partial(mistakes.run_one, trial, cells, "check"), 0.2)[0] for trial in trials]
    assert [given is None for given in alone] == [SLOW in code for code in codes]
    begun = []
    in_forks = mistakes.in_forks
    mistakes.in_forks = lambda works, seconds, at_once: (
        begun.append(len(works := list(works))) or in_forks(works, seconds, at_once)
    )
    right = mistakes.run(cells, "check")
    assert list(mistakes_run(mistakes, cells, "check", trials, 0.2, right)) == alone
    assert begun == forks


def test_mistakes_of_a_solution_that_gives_something_else_every_time_run_alone():
    """Is it not taken for something left behind each time, which would take twice as long?"""
    shell = SimpleNamespace(user_ns={"shelf": [1, 2, 4], "expect": expect})
    cells = [Cell("work", "y = shelf.pop()"), Cell("check", "expect.same(y)", "", True)]
    mistakes = Mistakes(shell, cells, [], seed=1)
    right, _ = mistakes.in_a_fork(partial(mistakes.run, cells, "check"), 1.0)
    trials = [Trial(Mutant("y = shelf.pop() + 1", "", 1), "", cell="work")] * 3
    given = list(mistakes_run(mistakes, cells, "check", trials, 1.0, right))
    assert given[0] == given[1] == given[2] != right
