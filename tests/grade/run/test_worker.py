"""Running notebooks in the warm worker."""

import json

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.assignment import Limits
from autograder.expect.message import unpack
from autograder.expect.sites import sites_in
from autograder.grade.run.jobs import Cell, Job, NotebookJob
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.run.worker import Worker

LIMITS = Limits(cell_seconds=3, notebook_seconds=20, memory_mb=400, processes=16, file_mb=8, output_kb=32)


@pytest.fixture(scope="module")
def worker():
    with WarmProcess() as warm, Worker(warm) as worker:
        yield worker


def run(worker, *cells: str, limits: Limits = LIMITS, tier: str = "landlock", **files: bytes):
    """Run cells c0, c1, … in one notebook."""
    notebook = NotebookJob("nb", tuple(Cell(f"c{number}", source) for number, source in enumerate(cells)))
    job = Job("s", (notebook,), {name.replace("__", "."): data for name, data in files.items()}, 0, limits, tier)
    return worker.run(job).notebooks["nb"]


def text(run, cell: str) -> str:
    """What a cell showed, as text."""
    parts = []
    for output in run.cells[cell].outputs:
        parts.append(output.get("text") or output.get("data", {}).get("text/plain") or "\n".join(output["traceback"]))
    return "".join(parts)


def test_outputs_of_every_kind(worker):
    """Do streams, results, displays, figures and errors come back as a kernel gives them?"""
    ran = run(
        worker,
        "import sys\nprint('out')\nprint('err', file=sys.stderr)\n1 + 1",
        "from IPython.display import HTML, display\ndisplay(HTML('<b>bold</b>'))",
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()",
        "def f():\n    return 1 / 0\nf()",
        "x = 5;",
        "x",
        "!echo from a shell",
        "import os; os.write(1, b'below python')",
    )
    assert [(o["output_type"], o.get("name")) for o in ran.cells["c0"].outputs] == [
        ("stream", "stdout"), ("stream", "stderr"), ("execute_result", None)
    ]  # fmt: skip
    assert ran.cells["c1"].outputs[0]["data"]["text/html"] == "<b>bold</b>"
    assert "image/png" in ran.cells["c2"].outputs[0]["data"]
    error = ran.cells["c3"].outputs[0]
    assert (error["ename"], error["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert ran.cells["c4"].outputs == []
    assert text(ran, "c5") == "5"
    assert "from a shell" in text(ran, "c6")
    assert "below python" in text(ran, "c7")
    assert ran.stopped == ""


def test_cells_go_on_after_an_error_and_exit(worker):
    """Does a cell that fails, exits or asks for input end only itself?"""
    ran = run(worker, "x = 1", "raise SystemExit", "exit()", "input()", "raise KeyboardInterrupt", "x + 1")
    assert text(ran, "c5") == "2"


def test_huge_outputs_cost_nothing_but_themselves(worker):
    """Do a line, an error and a page of 90 MB leave the cells after them alone?"""
    ran = run(
        worker,
        "print('x' * 90_000_000)",
        "raise ValueError('y' * 90_000_000)",
        "from IPython.display import HTML\nHTML('z' * 90_000_000)",
        "1 + 1",
        limits=LIMITS.model_copy(update={"cell_seconds": 20, "memory_mb": 1500}),
    )
    assert ran.stopped == ""
    assert text(ran, "c0").startswith("xxxx")
    assert "the rest of this cell's output is left out" in text(ran, "c0")
    assert ran.cells["c1"].outputs[0]["evalue"].startswith("yyyy")
    assert "an output of 85 MB is left out" in text(ran, "c2")
    assert text(ran, "c3") == "2"


def test_folders_can_be_changed(worker):
    """Does %cd work, which wants to remember where it was, and %store?"""
    ran = run(worker, "import os\nos.mkdir('sub')\n%cd -q sub", "%cd -q ..", "x = 3\n%store x", "os.path.exists('sub')")
    assert [o["output_type"] for c in ("c0", "c1", "c2") for o in ran.cells[c].outputs] == ["stream"]
    assert text(ran, "c3") == "True"


def test_a_module_that_a_cell_writes_anew(worker):
    """Does a cell see its own module as it is now, though it was written twice within a second, of the same length?"""
    ran = run(
        worker,
        "%%writefile own.py\nx = 1",
        "import own",
        "%%writefile own.py\nx = 2",
        "import importlib\nimportlib.reload(own).x",
    )
    assert text(ran, "c3") == "2"


def test_fresh_namespace_each_time(worker):
    """Is nothing of one run seen by the next?"""
    run(worker, "secret = 1\nimport numpy as np\nnp.leak = 2\nopen('left.txt', 'w').write('x')")
    ran = run(worker, "'secret' in globals(), hasattr(__import__('numpy'), 'leak'), __import__('os').listdir('.')")
    assert "False, False" in text(ran, "c0")
    assert "left.txt" not in text(ran, "c0")


SPY = """
import ctypes, gc, os
wanted = bytearray(b"HIDDEN!TEXT")
wanted[-5] = 45
found = []
for one in gc.get_objects():
    if type(one) in (list, dict, tuple):
        parts = one.values() if type(one) is dict else one
        found += [type(one) for part in parts if isinstance(part, str) and wanted.decode() in part]
try: maps = open("/proc/self/maps").read().splitlines()
except OSError: maps = []
for line in maps:
    edges, rights, _, _, file = line.split()[:5]
    start, end = (int(edge, 16) for edge in edges.split("-"))
    if rights.startswith("rw") and file == "0" and end - start < 2**28:
        place = ctypes.string_at(start, end - start).find(wanted)
        found += [line] * (place >= 0)
for folder, _, names in os.walk("."):
    for name in names:
        try: found += [name] * (bytes(wanted) in open(os.path.join(folder, name), "rb").read())
        except OSError: pass
print("found", bool(found), found[:3], "in", len(maps))
"""


def test_a_cell_cannot_read_those_that_come_after_it(worker):
    """Does a cell that searches its process's memory and files find the hidden tests of later cells nowhere?"""
    ran = run(worker, SPY, SPY.replace("HIDDEN", "VISIBLE") + "x = 'VISIBLE-TEXT'", "assert 'HIDDEN-TEXT'")
    assert text(ran, "c0").startswith("found False")
    assert text(ran, "c1").startswith("found True"), "the search does not work"


GIVEN = "state = []\ndef f():\n    return 1\ndef grow(kept=[]):\n    while True:\n        kept.append(bytes(1000))"


@pytest.mark.parametrize(
    "later",
    ["assert grow() == []", "import os\nos._exit(3)\nassert f() == 1", "import time\ntime.sleep(60)\nassert f() == 1"],
)
def test_what_follows_a_failed_assertion_has_no_consequence(worker, later):
    """Is the rest of a check looked at, while nothing that it does to objects, to memory or to time costs anything?"""
    sources = GIVEN, f"assert f() == 2\nstate.append(1)\nprint('on')\nassert f() == 1\n{later}", "assert state == []"
    notebook = new_notebook(cells=[new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)])
    for cell in notebook.cells:
        marks = {"grade": cell.id != "c0", "solution": cell.id == "c0", "locked": False, "schema_version": 3}
        cell.metadata["nbgrader"] = marks | {"task": False, "points": 1, "grade_id": cell.id}
    sites = sites_in(notebook)
    cells = tuple(Cell(one.id, one.source, "", one.id != "c0", sites.get(one.id, ())) for one in notebook.cells)
    job = Job("s", (NotebookJob("nb", cells),), {}, 0, LIMITS, "landlock")
    ran = worker.run(job).notebooks["nb"]
    assert (ran.stopped, ran.timed_out) == ("", False)
    assert [(m.cell_id, m.position) for m in map(unpack, ran.evidence)] == [("c1", 0), ("c1", 1), ("c2", 0)]
    assert [output["ename"] for output in ran.cells["c1"].outputs] == ["AssertionError"]
    assert ran.cells["c2"].outputs == []


def test_time_limit_of_a_cell_leaves_the_next_alone(worker):
    """Is a slow Python cell stopped, and the one after it run?"""
    ran = run(worker, "while True:\n    pass", "40 + 2", limits=Limits(cell_seconds=0.5, notebook_seconds=20))
    assert ran.cells["c0"].stopped == "stopped after 0.5 s: the cell was not done by then"
    assert text(ran, "c1") == "42"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os._exit(7)", "ended its own process (exit status 7)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed"),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("import signal, time\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: time.sleep(1)", "after 3 s"),
    ],
)
def test_death_is_explained(worker, code, words):
    """Does a notebook whose process died say why, and keep what came before?"""
    ran = run(worker, "print('before')", code, "print('after')")
    assert text(ran, "c0") == "before\n"
    assert words in ran.cells["c1"].stopped
    assert words in ran.stopped
    assert "c2" not in ran.cells


def test_memory_limit(worker):
    """Does a cell that wants too much memory fail, and the next cell run?"""
    ran = run(worker, "import numpy as np\nx = np.ones(10**9)", "1 + 1")
    assert "MemoryError" in text(ran, "c0")
    assert text(ran, "c1") == "2"


def test_hand_in_files_come_back(worker):
    """Are weights returned as the notebook left them, and a link in their place not followed?"""
    cells = (Cell("c0", "open('a.npz', 'wb').write(b'new')\nimport os; os.symlink('/etc/hostname', 'b.npz')"),)
    job = Job("s", (NotebookJob("nb", cells),), {}, 0, LIMITS, "landlock", hand_in=("a.npz", "b.npz", "c.npz"))
    assert worker.run(job).files == {"a.npz": b"new"}


def test_nothing_of_the_course_is_in_the_process(worker):
    """Does a notebook find no complete library and no answer key: in memory, on the path, in the variables?"""
    code = (
        "import sys, os, json\n"
        "print(json.dumps([[m for m in sys.modules if m.split('.')[0] == 'nn' or 'grade.key' in m or 'judge' in m],\n"
        "  [p for p in sys.path if os.path.isdir(os.path.join(p, 'nn'))],\n"
        "  sorted(os.environ)]))"
    )
    modules, paths, variables = json.loads(text(run(worker, code), "c0"))
    assert modules == []
    assert paths == []
    assert not {"PYTHONPATH", "NN_DATA", "OLDPWD"} & set(variables)


def test_worker_has_one_thread(worker):
    """Can the warm process be forked safely?"""
    import os

    assert len(os.listdir(f"/proc/{worker.process.pid}/task")) == 1
