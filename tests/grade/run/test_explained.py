"""Which failing checks are run again for their steps."""

from types import SimpleNamespace

import pytest

from autograder.expect.cell_verdict import CellVerdict
from autograder.grade.run.explained import traced_job
from autograder.grade.run.jobs import Cell, CellRun, NotebookJob
from autograder.grade.verdict.judge import Verdict

BEGIN, END = "    # ===== START YOUR CODE HERE =====", "    # ====== END YOUR CODE HERE ======"
LONG = ["    total = 0", "    # the sum", "    for x in xs:", "", "        total += x"]
ERROR = {"output_type": "error", "ename": "NameError", "evalue": "name 'y' is not defined"}
FALSE = {"output_type": "error", "ename": "AssertionError", "evalue": ""}


def traced(lines, outputs=(), unnamed=True, seconds=0.1, library=0):
    work = Cell("work", "\n".join(["def f(xs):", BEGIN, *lines, END, "    return total"]))
    cells = (Cell("far", "y = 2"), work, Cell("check", "expect.same(f([1, 2]))", check=True))
    ran = {cell.id: CellRun(seconds=seconds) for cell in cells}
    ran["check"] = CellRun(list(outputs), seconds=seconds)
    verdict = Verdict({"check": CellVerdict(0.0, (), (), unnamed=unnamed)})
    pristine = [SimpleNamespace(id=one.id, released=SimpleNamespace(has_region=one is work)) for one in cells]
    job = traced_job(NotebookJob("a", cells), SimpleNamespace(cells=ran), verdict, pristine, library)
    return job and (job.traced, [cell.id for cell in job.cells])


@pytest.mark.parametrize("outputs", [(), (FALSE,)])
def test_only_what_leads_to_the_check_is_run_again(outputs):
    assert traced(LONG, outputs) == ({"check": ("work", "check")}, ["work", "check"])


@pytest.mark.parametrize(
    "how",
    [{"lines": LONG[:3]}, {"outputs": (ERROR,)}, {"unnamed": False}, {"seconds": 1.5}],
    ids=["two lines of code", "an error says where", "the cause is known", "it took long"],
)
def test_what_is_not_run_again(how):
    assert traced(**{"lines": LONG} | how) is None


def test_a_longer_region_of_the_library_is_looked_at():
    assert traced(LONG[:1], library=3) == ({"check": ("work", "check")}, ["work", "check"])
