"""otter's and ok's notebooks taken over: masters with everything in them, and notebooks as students have them."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from autograder.adopt.course import adopt_course
from autograder.adopt.handed_out import from_handed_out, is_handed_out, is_tests_folder, read_tests
from autograder.adopt.otter import from_master, is_master
from autograder.notebooks import read_notebook, write_notebook
from autograder.release.checks import check_assignment

START, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"
ANSWER = "<!-- ===== START YOUR ANSWER HERE ===== -->\n{}\n<!-- ====== END YOUR ANSWER HERE ====== -->"


def raw(text):
    return new_raw_cell(text)


def shown(text, output, stream=False):
    cell = new_code_cell(text)
    made = new_output("stream", text=output) if stream else new_output("execute_result", {"text/plain": output})
    cell.outputs = [made]
    return cell


def master(*cells, config="name: q\npoints: 2"):
    begin = raw(f"# BEGIN QUESTION\n{config}")
    return [cell.source for cell in from_master(new_notebook(cells=[begin, *cells, raw("# END QUESTION")])).cells]


def solution(text):
    return [raw("# BEGIN SOLUTION"), new_code_cell(text), raw("# END SOLUTION")]


@pytest.mark.parametrize(
    ("text", "released"),
    [
        ("a, b = 1, 2 # SOLUTION", f"{START}\n#> a, b = ...\na, b = 1, 2\n{END}"),
        ("sizes['m'] = 2  # SOLUTION: medium", f"{START}\n#> sizes['m'] = ...\nsizes['m'] = 2\n{END}"),
        ("# SOLUTION\nprint(3) # SOLUTION", f"{START}\n#> ...\nprint(3)\n{END}"),
        ("x = 1 # SOLUTION\n# a note for us # IGNORE", f"{START}\n#> x = ...\nx = 1\n{END}"),
        (
            "x = 1 # SOLUTION\n# BEGIN IGNORE\nslow_check(x)\n# END IGNORE\nprint(x)",
            f"{START}\n#> x = ...\nx = 1\n{END}\nprint(x)",
        ),
        (
            'plot(x); # SOLUTION NO PROMPT\n""" # BEGIN PROMPT\nplot(...)\n""" # END PROMPT',
            f"{START}\n#> plot(...)\nplot(x);\n{END}\n",
        ),
    ],
)
def test_what_otter_takes_out(text, released):
    """Are solutions of every form in regions, and lines for nobody gone?"""
    assert master(*solution(text)) == [released]


def test_cells_that_otter_ignores_and_prompts():
    """Are ignored cells gone, and do students get the prompts?"""
    assert master(
        new_code_cell("## Ignore ##\nrubric = 1"),
        raw("# BEGIN PROMPT"), new_code_cell("def f(x):\n    ..."), raw("# END PROMPT"),
        *solution("def f(x):\n    return x"),
    ) == [f"{START}\n#> def f(x):\n    #> ...\ndef f(x):\n    return x\n{END}"]  # fmt: skip


def test_printed_output_is_compared():
    """Is what a test printed in the master asserted, and are hidden tests without points left out?"""
    cells = [
        raw("# BEGIN TESTS"), shown("print(f(1))", "4\n", stream=True),
        shown('""" # BEGIN TEST CONFIG\npoints: 2\n""" # END TEST CONFIG\nprint(f(1), f(2))', "4 8\n", stream=True),
        shown("# HIDDEN\nf(3)", "12"), raw("# END TESTS"),
    ]  # fmt: skip
    assert master(*cells, config="name: q") == [
        "# Check q 1 (practice)\nassert str(f(1)) == '4'",
        "# Check q 2 (2 points)\nassert ' '.join([str(f(1)), str(f(2))]) == '4 8'",
    ]


@pytest.mark.parametrize("fence", ["```otter\n{}\n```", "{}"])
def test_a_master_of_colab(fence):
    """Colab has no raw cells: are markers in text cells read, fenced and not?"""
    marks = ["# BEGIN QUESTION\nname: q\npoints: 2", "# BEGIN SOLUTION", "# END SOLUTION", "# BEGIN TESTS"]
    question, begin, end, tests, closed, done = (
        new_markdown_cell(fence.format(mark)) for mark in [*marks, "# END TESTS", "# END QUESTION"]
    )
    cells = [question, new_markdown_cell("Set v."), begin, new_code_cell("v = 7 # SOLUTION"), end, tests]
    nb = new_notebook(cells=[*cells, shown("v == 7", "True"), closed, done, new_markdown_cell("# The end")])
    assert is_master(nb)
    assert [cell.source for cell in from_master(nb).cells] == [
        "Set v.",
        f"{START}\n#> v = ...\nv = 7\n{END}",
        "# Check q (2 points)\nassert v == 7",
        "# The end",
    ]


def test_text_around_an_old_question_stays():
    """Does what stands after the settings of a question stay too?"""
    nb = new_notebook(
        cells=[
            new_markdown_cell("Square it.\n\n<!--\nBEGIN QUESTION\nname: q\n-->\n\nUse no loop."),
            new_code_cell("y = 4 # SOLUTION"),
            shown("# TEST\ny", "4"),
        ]
    )
    assert [cell.source for cell in from_master(nb).cells] == [
        "Square it.\n\nUse no loop.",
        f"{START}\n#> y = ...\ny = 4\n{END}",
        "# Check q (1 point)\nassert y == 4",
    ]


# --- as students have them --------------------------------------------------------------------------------------------


def ok(name, *cases, points=None):
    made = [{"code": code, "hidden": False, "locked": False} for code in cases]
    return {"name": name, "points": points, "suites": [{"cases": made, "scored": True, "type": "doctest"}]}


OK_FILE = """OK_FORMAT = True
test = {'name': 'q2', 'points': 3, 'suites': [{'type': 'doctest', 'setup': '', 'cases': [
  {'code': r'''
  >>> total = 0
  >>> for one in sizes:
  ...     total += one
  >>> total
  6
  ''', 'hidden': False, 'locked': False},
  {'code': '>>> np.testing.assert_allclose(\\n...     sizes, [1, 2, 3])\\n', 'points': 2}]}]}
"""
RAISING_FILE = """OK_FORMAT = False
from otter.test_files import test_case
import math

name = "q3"
points = None

@test_case(points=2, hidden=False)
def test_area(env):
    assert math.isclose(env["area"](1), math.pi), "of the unit circle"

@test_case(points=1, hidden=True)
def test_zero(area):
    assert area(0) == 0
"""


def handed_out():
    nb = new_notebook(
        cells=[
            new_code_cell('# Initialize Otter\nimport otter\ngrader = otter.Notebook("hw.ipynb")'),
            new_code_cell("import numpy as np\nlater = np.zeros(3)[..., None]"),
            new_markdown_cell("**Question 1.**"),
            new_code_cell("mean = ...\nmean"),
            new_code_cell('grader.check("q1")'),
            new_code_cell("print(mean)"),
            new_markdown_cell("**Question 2.**\n\n<!--\nBEGIN QUESTION\nname: q2\n-->"),
            new_code_cell("sizes = [1, 2, 3]"),
            new_code_cell('ok.grade("q2");'),
            new_code_cell("def area(r):\n    return np.pi * r**2"),
            new_code_cell('_ = grader.check("q3")'),
            new_markdown_cell("<!-- BEGIN QUESTION -->\n\n**Question 4.** Why? **(2 Points)**"),
            new_markdown_cell("_Type your answer here, replacing this text._"),
            new_markdown_cell("<!-- END QUESTION -->\n\n### Submit"),
            new_code_cell("grader.export(pdf=False)"),
            new_code_cell('grader.check("q9")'),
        ]
    )
    nb.metadata.otter = {"OK_FORMAT": True, "tests": {"q1": ok("q1", ">>> mean == 3.0\nTrue", points=[4])}}
    return nb


def test_a_notebook_as_students_have_it(tmp_path):
    """Do tests of the metadata and of files become checks, each with its points, and the code before them regions?"""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "q2.py").write_text(OK_FILE)
    (tmp_path / "tests" / "q3.py").write_text(RAISING_FILE)
    nb = handed_out()
    assert is_handed_out(nb)
    assert is_tests_folder(tmp_path / "tests")
    converted = from_handed_out(nb, read_tests(nb, tmp_path))
    assert [cell.source for cell in converted.cells] == [
        "import numpy as np\nlater = np.zeros(3)[..., None]",
        "**Question 1.**",
        f"{START}\n#> mean = ...\n#> mean\nmean = ...\nmean\n{END}",
        "# Check q1 (4 points)\nassert mean == 3.0",
        "print(mean)",
        "**Question 2.**",
        f"{START}\nsizes = [1, 2, 3]\n{END}",
        "# Check q2 1 (1 point)\ntotal = 0\nfor one in sizes:\n    total += one\nassert total == 6",
        "# Check q2 2 (2 points)\nnp.testing.assert_allclose(\n    sizes, [1, 2, 3])",
        f"{START}\ndef area(r):\n    return np.pi * r**2\n{END}",
        "# Check q3 1 (2 points)\nimport math\ndef test_area(env):\n"
        "    assert math.isclose(env['area'](1), math.pi), 'of the unit circle'\n\ntest_area(globals())",
        "# Check q3 2 (1 point)\n### BEGIN HIDDEN TESTS\nimport math\ndef test_zero(area):\n"
        "    assert area(0) == 0\n\ntest_zero(area)\n### END HIDDEN TESTS",
        "**Question 4.** Why? **(2 Points)**",
        f"**question (2 points).**\n\n{ANSWER.format('*Double-click this text to write your answer here.*')}",
        "### Submit",
    ]
    assert converted.remarks == [
        "the tests of q9 are not there (tests/q9.py)",
        "1 regions hold no solution yet: write them",
    ]


def test_written_answers_of_solved_notebooks():
    """Is the cell after an old question that a person marks the answer, and never released?"""
    question = new_markdown_cell("Describe it.\n<!--\nBEGIN QUESTION\nname: q1\nmanual: True\npoints: 3\n-->")
    nb = new_notebook(cells=[question, new_markdown_cell("It has gaps."), new_code_cell("ok.submit()")])
    assert [cell.source for cell in from_handed_out(nb, {}).cells] == [
        "Describe it.",
        f"**q1 (3 points).**\n\n{ANSWER.format('It has gaps.')}",
    ]


def test_a_repository_of_such_homeworks(tmp_path):
    """Are homeworks found in folders of folders, their tests not taken for a package, and can they be released?"""
    for name in ("hw/hw01", "lab/lab01", ".git/hw02", "_build/hw03"):
        folder = tmp_path / "old" / name
        (folder / "tests").mkdir(parents=True)
        (folder / "tests" / "q2.py").write_text(OK_FILE)
        (folder / "tests" / "q3.py").write_text(RAISING_FILE)
        (folder / "hw.ok").write_text("{}")
        write_notebook(handed_out(), folder / "hw.ipynb")
    course, rows = adopt_course([tmp_path / "old"], tmp_path / "new")
    assert list(course.assignment_names()) == ["hw01", "lab01"]
    assert {row.place: row.taken for row in rows} == {
        "hw01/hw.ipynb": "3 work cells, 5 checks, 1 by hand, 12 points",
        "lab01/hw.ipynb": "3 work cells, 5 checks, 1 by hand, 12 points",
    }
    assert sorted(path.name for path in (course.source / "hw01").iterdir()) == ["hw.ipynb"]
    assert check_assignment(course, "hw01") == []
    assert "otter" not in read_notebook(course.source / "hw01" / "hw.ipynb").metadata
