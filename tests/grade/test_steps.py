"""Where wrong work goes wrong: what a failing check that no known mistake explains says of the student's own lines."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from textwrap import indent
from types import SimpleNamespace

import pytest

from autograder.assignment import load_assignment
from autograder.course import Course
from autograder.grade.at_home import make_home
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.verify import verify
from autograder.notebooks import write_notebook
from autograder.release.generate import release

CONFIG = Path(__file__).parents[2] / "nbgrader_config.py"
BEGIN, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"
STUDENT = f'{BEGIN[:-6]}: student =====\n#> name = ""\n#> student_id = ""\nname = "Ada"\nstudent_id = "ada"\n{END}'
SPREAD = f"""def spread(x):
    {BEGIN}
    middle = x.mean(axis=0)
    off = x - middle
    squares = (off**2).sum(axis=0)
    result = np.sqrt(squares / len(x))
    {END}
    return result"""
LIBRARY = f"""import numpy as np


def weighted(x, w):
    {BEGIN}
    share = w / w.sum()
    parts = x * share
    total = parts.sum()
    {END}
    return total
"""
CHECK = "x = expect.rng().normal(size=(7, 4))\nexpect.same(spread(x), name='spread')"
CHECK_LIBRARY = (
    "random = expect.rng()\nx, w = random.normal(size=6), random.uniform(1, 2, 6)\n"
    "expect.same(lab.tools.weighted(x, w), name='weighted')"
)


@pytest.fixture(scope="module")
def course(tmp_path_factory, course_factory):
    root = tmp_path_factory.mktemp("steps") / "course"
    (root / "source" / "hw").mkdir(parents=True)
    (root / "lab").mkdir()
    shutil.copy(CONFIG, root)
    (root / "lab" / "tools.py").write_text(LIBRARY)
    (root / "course.toml").write_text('library = "lab"')
    toml = 'title = "HW"\nnotebooks = ["hw"]\nblank = ["lab.tools.weighted"]\n'
    (root / "source" / "hw" / "assignment.toml").write_text(toml)
    setup = "import numpy as np\nfrom autograder import expect\nimport lab.tools"
    cells = [
        course_factory.work("student", STUDENT),
        course_factory.given("setup", setup),
        course_factory.work("spread", SPREAD),
        course_factory.check("spread-check", 2, CHECK),
        course_factory.check("weighted-check", 2, CHECK_LIBRARY),
    ]
    write_notebook(course_factory.notebook(*cells), root / "source" / "hw" / "hw.ipynb")
    made = Course(root)
    with WarmProcess() as warm:
        release(made, ["hw"], make_home=lambda *what: make_home(warm, *what))
    return made


def hand_in(course, student, spread=SPREAD, tools=LIBRARY):
    folder = Path(shutil.copytree(course.release_dir / "hw", course.submitted / student / "hw"))
    source = json.loads((course.source / "hw" / "hw.ipynb").read_text())
    for cell in source["cells"]:
        if cell["id"] == "spread":
            cell["source"] = spread.splitlines(keepends=True)
    (folder / "hw.ipynb").write_text(json.dumps(source))
    (folder / "lab" / "tools.py").write_text(tools)


def said(course, student):
    """Check -> (score, its lines)."""
    result = json.loads((course.autograded / student / "hw" / "result.json").read_text())
    cells = result["notebooks"]["hw"]["cells"]
    return {name: (cell["score"], "\n".join(cell["lines"])) for name, cell in cells.items()}


WRONG_SPREAD = SPREAD.replace("(off**2).sum(axis=0)", "(np.abs(off) ** 1.7 + 0.3).sum(axis=0)")
TRACER = "import autograder.grade.processes.traced_notebook as t\n"
HOSTILE = {
    "hangs": "import sys\nwhile sys.gettrace() is not None:\n    pass\n",
    "sleeps": "import sys, time\nif sys.gettrace() is not None:\n    time.sleep(600)\n",
    "dies": "import os, sys\nif sys.gettrace() is not None:\n    os._exit(0)\n",
    "garbage": TRACER + "t.pack_run = lambda run: bytes(range(256))\n",
    "huge": TRACER + "t.pack_run = lambda run: bytes(40_000_000)\n",
    "colours": (
        TRACER + "from dataclasses import replace\nfrom autograder.expect.steps import StepRun, pack_run\n"
        "red = chr(27) + '[31mFORGED'\n"
        "t.pack_run = lambda run: pack_run(StepRun(tuple(replace(c, function=red, where=red) for c in run.calls)))\n"
    ),
    "other-values": "import sys\nx = x + (sys.gettrace() is None)\nx[0] += 1.5 * (sys.gettrace() is None)\n",
    "honest": "",
}


@pytest.mark.slow
def test_the_first_wrong_value_is_named_in_a_cell_and_in_a_file(course, grading):
    """Does a mistake that nobody foresaw cost its points, and is the line named where it begins?"""
    hand_in(course, "right")
    hand_in(
        course,
        "wrong",
        WRONG_SPREAD,
        LIBRARY.replace("parts = x * share", "parts = np.sin(x) * share + 0.01"),
    )
    grading(SimpleNamespace(course=course, name="hw"))
    assert {name: score for name, (score, _) in said(course, "right").items()} == {
        "spread-check": 2,
        "weighted-check": 2,
    }
    found = said(course, "wrong")
    assert [found[name][0] for name in ("spread-check", "weighted-check")] == [0, 0]
    assert (
        "Up to line 4 (`middle`, `off`), your `spread` computes what a right solution computes too; `squares` in line "
        "5 of its cell is the first value that is not right. Look there first." in found["spread-check"][1]
    )
    assert (
        "Up to line 6 (`share`), your `weighted` computes what a right solution computes too; `parts` in line 7 "
        "of `lab/tools.py` is the first value that is not right. Look there first." in found["weighted-check"][1]
    )


@pytest.mark.slow
def test_hostile_replies_change_nothing(course, grading):
    """Does a run that hangs, dies or lies when asked for its steps get its score, soon, and no sentence?"""
    for name, code in HOSTILE.items():
        hand_in(course, name, WRONG_SPREAD.replace(f"{BEGIN}\n", f"{BEGIN}\n{indent(code, '    ')}"))
    began = time.monotonic()
    grading(SimpleNamespace(course=course, name="hw"))
    assert time.monotonic() - began < 120
    for name in HOSTILE:
        found = said(course, name)
        assert [found[check][0] for check in ("spread-check", "weighted-check")] == [0, 2], name
        text = found["spread-check"][1].replace("\n", "")
        assert ("right solution" in text) == (name == "honest"), text
        assert "FORGED" not in text, name
        assert text.isprintable(), name
    verified = list(verify(course, load_assignment(course.source / "hw"), list(HOSTILE)))
    assert [one for one in verified if not one.ok] == []
    for name in HOSTILE:
        shutil.rmtree(course.submitted / name)


AT_HOME = """
import json
from IPython.core.interactiveshell import InteractiveShell
from autograder import load_ipython_extension
shell = InteractiveShell.instance(colors="NoColor")
load_ipython_extension(shell)
for cell in json.load(open("hw.ipynb"))["cells"]:
    if cell["cell_type"] == "code":
        shell.run_cell("".join(cell["source"]))
"""


@pytest.mark.slow
def test_the_same_is_said_at_home(course):
    """Does a student hear at once what grading says, of a function in a cell and of one in a file?"""
    hand_in(
        course,
        "home",
        SPREAD.replace("squares / len(x)", "squares / 3.7"),
        LIBRARY.replace("x * share", "x**3 * share"),
    )
    run = subprocess.run(
        [sys.executable, "-c", AT_HOME], cwd=course.submitted / "home" / "hw", capture_output=True, text=True
    )
    assert (
        "Up to line 5 (`middle`, `off`, `squares`), your `spread` computes what a right solution computes too; "
        "`result` in line 6 of its cell is the first value that is not right. Look there first." in run.stdout
    ), run.stdout + run.stderr
    assert "`parts` in line 7 of `lab/tools.py` is the first value that is not right." in run.stdout
    shutil.rmtree(course.submitted / "home")
