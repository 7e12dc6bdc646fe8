"""Checks that reach nothing of what students write are found, and no others."""

from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook
from typer.testing import CliRunner

from autograder.cli import app
from autograder.errors import CourseError
from autograder.release.checks import lint_assignment
from autograder.release.generate import release
from autograder.release.reach import Library, reaches

BEGIN, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"
LAYERS = f'''import numpy as np
from .losses import hinge as renamed


class Base:
    def outer(self, x):
        return self.inner(x)


class Net(Base):
    def __init__(self, size):
        {BEGIN}
        self.size = size
        {END}

    def inner(self, x):
        {BEGIN}
        return 2 * x
        {END}


def double(x):
    {BEGIN}
    return 2 * x
    {END}


def given(x):
    """What calls it is reached, too."""
    return double(x) + 1


def plain(x):
    double = np.ones(3)
    return double


TABLE = {{"double": double}}
'''
LOSSES = f"def hinge(x):\n    {BEGIN}\n    return x\n    {END}\n"


def cell(id: str, source: str, **marks):
    return new_code_cell(
        source, id=id, metadata={"nbgrader": {"grade_id": id, "schema_version": 3, "task": False, **marks}}
    )


def work(source: str):
    return cell("work", source, grade=False, solution=True, locked=False)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    files = {"nn": "", "nn.layers": LAYERS, "nn.losses": LOSSES}
    (tmp_path / "nn").mkdir()
    paths = {"nn": "__init__.py", "nn.layers": "layers.py", "nn.losses": "losses.py"}
    for name, text in files.items():
        (tmp_path / "nn" / paths[name]).write_text(text)
    return Library({name: tmp_path / "nn" / path for name, path in paths.items()})


SETUP = (
    "import nn.layers\nimport nn.layers as L\nfrom nn.layers import *\nfrom nn import layers, losses\n"
    "import numpy as np\ndef helper(x):\n    return double(x)\n%matplotlib inline\nbase = 3\ntable = {}\n"
    "table['x'] = answer"
)


@pytest.mark.parametrize(
    ("check", "blank", "hand_in"),
    [
        ("assert double(2) == 4", "nn.layers.double", ()),
        ("assert nn.layers.double(2) == 4", "nn.layers.double", ()),
        ("assert L.given(2) == 4", "nn.layers.double", ()),
        ("assert helper(2) == 4", "nn.layers.double", ()),
        ("assert TABLE['double'](2) == 4", "nn.layers.double", ()),
        ("assert layers.renamed(2) == 4", "nn.losses.hinge", ()),
        ("from nn.layers import renamed as r\nassert r(2) == 4", "nn.losses.hinge", ()),
        ("net = Net(3)\nassert net.outer(2) == 4", "nn.layers.Net.inner", ()),
        ("assert Net(3).size", "nn.layers.Net.__init__", ()),
        ("assert answer == 3", "", ()),
        ("assert table['x'] == 3", "", ()),
        ("assert open('x.txt').read()", "", ()),
        ("import pandas\nassert len(pandas.read_csv('mine.csv'))", "", ()),
        ("expect.accuracy('best.npz', plain, 1, 2)", "", ("best.npz",)),
        ("%%bash\nls", "", ()),
        ("getattr(layers, 'dou' + 'ble')(3)", "nn.layers.double", ()),
    ],
)
def test_what_students_write_is_reached(check, blank, hand_in, library):
    """Is a check that depends on a student's work, on whatever way, left alone?"""
    cells = [
        cell("setup", SETUP, grade=False, solution=False, locked=True),
        work(f"{BEGIN}\nanswer = 3\nopen('mine.csv', 'w')\n{END}"),
        cell("check", check, grade=True, solution=False, locked=True, points=2),
    ]
    ((_, reach),) = reaches(new_notebook(cells=cells), library, [blank], hand_in)
    assert reach.written


@pytest.mark.parametrize(
    ("check", "regions"),
    [
        ("assert double(2) == 4", {"nn.layers.double"}),
        ("answer = 3\nassert L.given(answer) == 4", {"nn.layers.double"}),
        ("assert layers.renamed(2) == 4", {"nn.losses.hinge"}),
        ("answer = 1\nassert plain(answer)", set()),
        ("assert (lambda answer: answer)(base) == 3", set()),
    ],
)
def test_what_is_given_whole_is_not_a_students(check, regions, library):
    """Is a check found that only uses given code, and which regions are given in it?"""
    cells = [
        cell("setup", SETUP.replace(" = answer", " = 1"), grade=False, solution=False, locked=True),
        work(f"{BEGIN}\nanswer = 3\n{END}"),
        cell("check", check, grade=True, solution=False, locked=True, points=2),
    ]
    ((_, reach),) = reaches(new_notebook(cells=cells), library, ["nn.layers.Net.inner"], ())
    assert (reach.written, reach.regions) == (False, frozenset(regions))


def test_release_refuses_and_lint_asks(tiny, monkeypatch):
    """Is a region that is missing in `blank` refused, and asked about where the check needs others too?"""
    toml = tiny.source / "assignment.toml"
    toml.write_text(toml.read_text().replace('"nn.tiny.double", ', ""))
    with pytest.raises(
        CourseError, match=r'cell "double-check": nothing that students write .* It uses nn.tiny.double'
    ):
        release(tiny.course, ["tiny"])
    library = tiny.course.root / "nn" / "tiny.py"
    library.write_text(library.read_text().replace('"""Twice x."""\n', '"""Twice x."""\n    norm(x)\n'))
    problems = lint_assignment(tiny.course, "tiny")
    assert [one.text for one in problems if "no assignment empties" in one.text] == [
        "it uses nn.tiny.double, which no assignment empties, so that students get the solution: is it to be in blank?"
    ]
    monkeypatch.chdir(tiny.course.root)
    shown = CliRunner().invoke(app, ["release", "tiny"])
    assert shown.exit_code == 0
    assert 'cell "double-check": it uses nn.tiny.double, which no assignment empties' in " ".join(shown.output.split())


def test_accuracy_on_public_rows_is_told(tiny, monkeypatch):
    """Does lint say which data judge accuracy though their labels are public, until the course has rows of its own?"""
    toml = tiny.source / "assignment.toml"
    toml.write_text(toml.read_text().replace("hand_in =", 'data = ["cifar10"]\nhand_in ='))
    monkeypatch.chdir(tiny.course.root)
    text = (
        "tiny: accuracy is judged on rows of cifar10 whose labels are public. Rows of your own: data/held_out/cifar10"
    )
    assert CliRunner().invoke(app, ["lint", "tiny"]).output.count(text) == 1
    (tiny.course.data / "held_out").mkdir(parents=True)
    (tiny.course.data / "held_out" / "cifar10.npz").touch()
    assert text not in CliRunner().invoke(app, ["lint", "tiny"]).output


def test_lint_names_a_mistake_that_does_not_fit_the_solution(tiny):
    """Is a replacement named whose old code is not in the solution (any more)?"""
    library = tiny.course.root / "nn" / "tiny.py"
    written = '    #! mistake "x is squared":\n    #!     3 * x => x * x\n'
    library.write_text(library.read_text().replace("    out = 2 * x", f"{written}    out = 2 * x"))
    (problem,) = (one for one in lint_assignment(tiny.course, "tiny") if "mistake" in one.text)
    assert problem.text.endswith(': mistake "x is squared": there is no  3 * x  in the solution')
