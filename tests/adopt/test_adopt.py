"""Courses of other kinds, taken over."""

from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from autograder.adopt.course import adopt_course
from autograder.adopt.markers import with_banners
from autograder.adopt.otter import from_master
from autograder.adopt.plain import from_plain
from autograder.adopt.prints import with_assertions
from autograder.errors import CourseError
from autograder.notebooks import read_notebook, write_notebook
from autograder.release.checks import check_assignment, lint_assignment
from autograder.release.notebook import blank_notebook
from autograder.release.refusals import foreign_marker, missing_files
from autograder.source import read_source

COURSERA = """def sigmoid(z):
    ### START CODE HERE ### (≈ 1 line of code)
    s = 1 / (1 + np.exp(-z))
    ### END CODE HERE ###
    return s"""

CS231N = """def forward(x):
    # TODO: implement it
    # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****

    out = x + 1

    # *****END OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****
    return out"""

C147 = """def loss(self, X):
    # ================================================================ #
    # YOUR CODE HERE:
    #   Calculate the scores.
    #   Store them in scores.
    # ================================================================ #
    scores = X
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #

    # ================================================================ #
    # YOUR CODE HERE:
    #   Calculate the loss.
    # ================================================================ #
    pass
    # ================================================================ #
    # END YOUR CODE HERE
    # ================================================================ #
    return scores"""


def test_coursera_markers():
    """Do banners take the place of the markers, and nothing else change?"""
    found = with_banners(COURSERA)
    assert (found.regions, found.unsolved) == (1, 0)
    assert found.text == COURSERA.replace(
        "### START CODE HERE ### (≈ 1 line of code)", "# ===== START YOUR CODE HERE ====="
    ).replace("### END CODE HERE ###", "# ====== END YOUR CODE HERE ======")


def test_cs231n_markers():
    """Are they banners too, with the lines between them kept?"""
    found = with_banners(CS231N)
    assert found.regions == 1
    assert "START OF YOUR CODE" not in found.text
    assert "    out = x + 1\n" in found.text


def test_c147_blocks():
    """Does what a block asks for become the TODO, is each of two regions named, and one without code counted?"""
    found = with_banners(C147)
    assert (found.regions, found.unsolved) == (2, 1)
    assert found.text == "\n".join(
        [
            "def loss(self, X):",
            "    # ===== START YOUR CODE HERE: part-1 =====",
            "    # TODO: Calculate the scores.",
            "    #   Store them in scores.",
            "    scores = X",
            "    # ====== END YOUR CODE HERE ======",
            "",
            "    # ===== START YOUR CODE HERE: part-2 =====",
            "    # TODO: Calculate the loss.",
            "    pass",
            "    # ====== END YOUR CODE HERE ======",
            "    return scores",
        ]
    )


BOX = "#####################\n    # {} #\n    #####################"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("#### START CODE HERE ####", "#### END CODE HERE ####"),
        ("# *** START CODE HERE: the mean ***", "# *** END CODE HERE ***"),
        ("### BEGIN YOUR SOLUTION", "### END YOUR SOLUTION"),
        ("# Begin your code (Part 1)", "# End your code (Part 1)"),
        ("# BEGIN YOUR CODE HERE", "# END YOUR CODE HERE"),
        ("### YOUR CODE HERE (~4 lines)", "### END YOUR CODE"),
        ("# Your code starts here", "# Your code ends here"),
        ("#SOLUTION START( ~ 1 line of code)", "#SOLUTION END"),
        ("######## YOUR CODE ########", "######## END YOUR CODE FOR (c) ########"),
        ("# <SOLUTION>", "# </SOLUTION>"),
        ("# begin solution", "# end solution"),
        ("# BEGIN_SOLUTION", "# END_SOLUTION"),
        ("# -------- START OF YOUR CODE --------", "# -------- END OF YOUR CODE --------"),
        ("# ---- STUDENT CODE START ----", "# ---- STUDENT CODE END ----"),
        ("# === BEGIN IMPLEMENTATION ===", "# === END IMPLEMENTATION ==="),
        (BOX.format("TODO: the mean"), BOX.format("END OF YOUR CODE")),
    ],
)
def test_markers_in_other_words(start, end):
    """Is what stands between them a region, and are both gone?"""
    text = f"def mean(x):\n    {start}\n    total = sum(x)\n    {end}\n    return total / len(x)"
    found = with_banners(text)
    todo = "    # TODO: the mean\n" if "TODO" in start else ""
    assert (found.regions, found.unsolved, found.unended) == (1, 0, 0)
    assert found.text == (
        f"def mean(x):\n    # ===== START YOUR CODE HERE =====\n{todo}    total = sum(x)\n"
        "    # ====== END YOUR CODE HERE ======\n    return total / len(x)"
    )


@pytest.mark.parametrize(
    "marker",
    ["# YOUR CODE HERE", "# TODO: your code here", "# <YOUR CODE HERE>", "#SOLUTION", "# Your solution below:"],
)
def test_a_marker_without_an_end(marker):
    """Does its region reach to the end of the function, and not to what is given below?"""
    text = f"def mean(x):\n    {marker}\n    total = sum(x)\n\n    return total / len(x)\n\nprint(mean([1, 2]))"
    found = with_banners(text)
    assert (found.regions, found.unended) == (1, 1)
    assert found.text == (
        "def mean(x):\n    # ===== START YOUR CODE HERE =====\n    total = sum(x)\n\n    return total / len(x)\n"
        "    # ====== END YOUR CODE HERE ======\n\nprint(mean([1, 2]))"
    )


def test_a_notebook_without_metadata():
    """Are its solutions regions, cells that assert something of them checks, and all others as before?"""
    tagged = new_code_cell("scale = 3", metadata={"tags": ["solution"]})
    scored = new_code_cell("assert double(2) == 4", metadata={"tags": ["score:2", "description:twice"]})
    cells = [
        new_code_cell("import math\nassert math.pi > 3"),
        new_code_cell("def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"),
        new_code_cell("# Two and three\nassert double(2) == 4\nassert double(3) == 6"),
        new_code_cell("### BEGIN HIDDEN TESTS\nassert double(5) == 10\n### END HIDDEN TESTS\ndouble(1)"),
        tagged,
        new_code_cell("# Doubled (4 points)\nassert double(scale) == 6"),
        scored,
        new_code_cell("double(7)"),
        new_code_cell("# to_remove solution\nanswer = 42"),
    ]
    plain = from_plain(new_notebook(cells=cells))
    start, end = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"
    assert [cell.source for cell in plain.cells] == [
        "import math\nassert math.pi > 3",
        f"def double(x):\n    {start}\n    return 2 * x\n    {end}",
        "# Check: Two and three (1 point)\nassert double(2) == 4\nassert double(3) == 6",
        "# Check (1 point)\n### BEGIN HIDDEN TESTS\nassert double(5) == 10\n### END HIDDEN TESTS\ndouble(1)",
        f"{start}\nscale = 3\n{end}",
        "# Doubled (4 points)\nassert double(scale) == 6",
        "# Check (2 points)\nassert double(2) == 4",
        "double(7)",
        f"{start}\nanswer = 42\n{end}",
    ]
    assert plain.remarks == [
        "3 cells with assertions became checks: set their points",
        "no line says where 1 regions end: they reach to the end of the function or cell",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "# START of my code",
        "# end of work",
        "# the solution is below",
        "# BEGIN SOLUTION\nx = 1",
        '"""YOUR CODE HERE is a marker"""',
        "### START CODE HERE",
    ],
)
def test_texts_without_regions_stay(text):
    """Is a text without a whole marked part left alone?"""
    assert with_banners(text).text == text


@pytest.mark.parametrize(
    ("line", "whose"),
    [
        ("### START CODE HERE ###", "Coursera's"),
        ("    # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****", "CS231n's"),
        ("    # YOUR CODE HERE:", "CS145's"),
        ("# Your code starts here", "another course's"),
        ("#ANSWER END", "another course's"),
        ("x = 3 # SOLUTION", "otter's"),
        ("### BEGIN SOLUTION", "nbgrader's and otter's"),
        ("# ===== START YOUR CODE HERE =====", ""),
        ("# the solution is below", ""),
        ("raise NotImplementedError  # YOUR CODE HERE", ""),
        ("# YOUR CODE HERE", ""),
    ],
)
def test_foreign_markers(line, whose):
    """Is each known marker known, and no other line taken for one?"""
    assert foreign_marker(line) == whose


def otter_master():
    test = new_code_cell("square(3)")
    test.outputs = [new_output("execute_result", {"text/plain": "9"}, execution_count=1)]
    hidden = new_code_cell("# HIDDEN\nsquare(7) == 49")
    hidden.outputs = [new_output("execute_result", {"text/plain": "True"}, execution_count=1)]
    return new_notebook(
        cells=[
            new_raw_cell("# ASSIGNMENT CONFIG\nsolutions_pdf: true"),
            new_code_cell("import otter\ngrader = otter.Notebook()\nimport math"),
            new_raw_cell("# BEGIN QUESTION\nname: q1\npoints: 3"),
            new_markdown_cell("**Question 1.** Square a number."),
            new_raw_cell("# BEGIN SOLUTION"),
            new_code_cell("def square(x):\n    y = x * x # SOLUTION\n    return y"),
            new_raw_cell("# END SOLUTION"),
            new_raw_cell("# BEGIN TESTS"),
            test,
            hidden,
            new_raw_cell("# END TESTS"),
            new_raw_cell("# END QUESTION"),
            new_raw_cell("# BEGIN QUESTION\nname: q2\npoints: 2\nmanual: true"),
            new_markdown_cell("Why?"),
            new_raw_cell("# BEGIN SOLUTION"),
            new_markdown_cell("Because."),
            new_raw_cell("# END SOLUTION"),
            new_raw_cell("# END QUESTION"),
        ]
    )


def test_otter_master():
    """Do solutions become regions, tests checks with their part of the points, hidden ones hidden?"""
    cells = [cell.source for cell in from_master(otter_master()).cells]
    assert cells == [
        "import math",
        "**Question 1.** Square a number.",
        "def square(x):\n    # ===== START YOUR CODE HERE =====\n    #> y = ...\n    y = x * x\n"
        "    # ====== END YOUR CODE HERE ======\n    return y",
        "# Check q1 1 (1.5 points)\nassert square(3) == 9",
        "# Check q1 2 (1.5 points)\n### BEGIN HIDDEN TESTS\nassert square(7) == 49\n### END HIDDEN TESTS",
        "Why?",
        "**q2 (2 points).**\n\n<!-- ===== START YOUR ANSWER HERE ===== -->\nBecause.\n"
        "<!-- ====== END YOUR ANSWER HERE ====== -->",
    ]


def test_a_course_is_taken_over(tmp_path):
    """Is a new course written that can be released, and is the old one as before?"""
    old = tmp_path / "old"
    (old / "hw1" / "nndl").mkdir(parents=True)
    (old / "hw1" / "nndl" / "__init__.py").write_text("")
    (old / "hw1" / "nndl" / "net.py").write_text(C147)
    (old / "hw1" / "data.csv").write_text("a,b\n1,2\n")
    write_notebook(
        new_notebook(cells=[new_code_cell("from nndl.net import loss\nprint(loss(None, 3))")]),
        old / "hw1" / "net.ipynb",
    )
    (old / "hw2").mkdir()
    write_notebook(otter_master(), old / "hw2" / "squares.ipynb")
    r = new_notebook(cells=[], metadata={"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}})
    write_notebook(r, old / "hw2" / "statistics.ipynb")
    before = {path: path.read_bytes() for path in old.rglob("*") if path.is_file()}
    course, rows = adopt_course([old], tmp_path / "new")
    assert {path: path.read_bytes() for path in old.rglob("*") if path.is_file()} == before
    by_place = {row.place: row for row in rows}
    assert by_place["hw2/statistics.ipynb"].left_out
    assert by_place["hw2/squares.ipynb"].taken == "1 work cells, 2 checks, 1 by hand, 5 points"
    assert by_place["nndl/"].less == ["1 regions hold no solution yet: write them"]
    assert course.settings.library == ("nndl",)
    assert course.assignment("hw1").blank == ("nndl.net.loss:part-1", "nndl.net.loss:part-2")
    assert (course.source / "hw1" / "data.csv").read_text() == "a,b\n1,2\n"
    assert [check_assignment(course, name) for name in ("hw1", "hw2")] == [[], []]
    with pytest.raises(CourseError, match="is there already"):
        adopt_course([old], tmp_path / "new")
    ids = [cell.id for cell in read_notebook(course.source / "hw2" / "squares.ipynb").cells]
    assert "q1-1-check" in ids


def test_options_of_the_old_course(tmp_path):
    """Are markers, stubs and time taken over, and is what cannot be said in the table?"""
    old = tmp_path / "old"
    (old / "source" / "ps1").mkdir(parents=True)
    work = new_code_cell("x = None\n### START ANSWER\nx = 1\n### STOP ANSWER")
    work.metadata.nbgrader = {"grade_id": "w", "grade": False, "solution": True, "locked": False, "schema_version": 1}
    check = new_code_cell("assert x == 1")
    check.metadata.nbgrader = {
        "grade_id": "c", "grade": True, "solution": False, "locked": True, "points": 2, "schema_version": 1,
    }  # fmt: skip
    write_notebook(new_notebook(cells=[work, check]), old / "source" / "ps1" / "one.ipynb")
    (old / "nbgrader_config.py").write_text(
        "c = get_config()\n"
        "c.CourseDirectory.course_id = 'old'\n"
        "c.ClearSolutions.begin_solution_delimeter = 'START ANSWER'\n"
        "c.ClearSolutions.end_solution_delimeter = 'STOP ANSWER'\n"
        "c.ClearSolutions.code_stub = {'python': '...'}\n"
        "c.AssignLatePenalties.plugin_class = late.Mine\n"
        "c.LateSubmissionPlugin.penalty_method = 'zero'\n"
        "raise SystemExit('this file is not run')\n"
    )
    course, rows = adopt_course([old], tmp_path / "new")
    row = next(row for row in rows if row.place == "nbgrader_config.py")
    assert "ClearSolutions.code_stub" in row.taken
    assert [text.split(":")[0] for text in row.less] == [
        "c.AssignLatePenalties.plugin_class is worked out by code",
        "penalty_method = 'zero'",
    ]
    assert check_assignment(course, "ps1") == []
    assignment = course.assignment("ps1")
    blanked = blank_notebook(read_source(assignment, "one"), assignment.markup)
    assert blanked.cells[0].source == "x = None\n..."


def marked(source, **marks):
    cell = new_code_cell(source)
    given = {"grade_id": "c", "grade": False, "solution": False, "locked": False, "schema_version": 3, "task": False}
    cell.metadata.nbgrader = given | marks
    return cell


def test_nbgraders_cells_with_other_markers(tmp_path):
    """Is of a cell that nbgrader would empty whole only the marked part emptied, and are hidden tests held back?"""
    old = tmp_path / "old" / "source" / "ps1"
    old.mkdir(parents=True)
    work = "def mean(x):\n    # START CODE HERE\n    total = sum(x)\n    # END CODE HERE\n    return total / len(x)"
    cells = [
        marked("### BEGIN HIDDEN TESTS\nslow = True\n### END HIDDEN TESTS\nimport math", grade_id="setup", locked=True),
        marked(work, grade_id="mean", solution=True),
        marked("assert mean([1, 3]) == 2", grade_id="test", grade=True, locked=True, points=2),
    ]
    write_notebook(new_notebook(cells=cells), old / "one.ipynb")
    course, rows = adopt_course([tmp_path / "old"], tmp_path / "new")
    assert rows[0].less == ["hidden tests outside of a check: setup became one of 0 points"]
    assert check_assignment(course, "ps1") == []
    assignment = course.assignment("ps1")
    blanked = blank_notebook(read_source(assignment, "one"), assignment.markup)
    assert blanked.cells[1].source == (
        "def mean(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()\n    return total / len(x)"
    )


def test_one_broken_notebook_of_a_course(tmp_path):
    """Is it said what is wrong with it, and the rest taken over?"""
    old = tmp_path / "old" / "source" / "ps1"
    old.mkdir(parents=True)
    twice = [marked("assert x == 1", grade=True, locked=True, points=1) for _ in range(2)]
    write_notebook(new_notebook(cells=twice), old / "twice.ipynb")
    good = [marked("x = 1", grade_id="w", solution=True), marked("assert x == 1", grade=True, locked=True, points=1)]
    write_notebook(new_notebook(cells=good), old / "good.ipynb")
    course, rows = adopt_course([tmp_path / "old"], tmp_path / "new")
    assert {row.place: row.taken for row in rows} == {
        "ps1/good.ipynb": "1 work cells, 1 checks, 0 by hand, 1 points",
        "ps1/twice.ipynb": "",
    }
    assert rows[1].less == ['two cells have the grade_id "c". Give one of them another in Jupyter.']
    assert [problem.file.name for problem in check_assignment(course, "ps1")] == ["twice.ipynb"]


def test_checks_that_are_filled_in_at_release(tmp_path):
    """Is what a check that only has AUTOTEST lines is about known: no remark by lint?"""
    old = tmp_path / "old" / "source" / "ps1"
    old.mkdir(parents=True)
    cells = [
        marked(
            "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION",
            grade_id="w",
            solution=True,
        ),
        marked('"""Twice."""\n### AUTOTEST double(1); double(2)', grade=True, locked=True, points=1),
        marked("### HASHED AUTOTEST double(3)", grade_id="h", grade=True, locked=True, points=1),
    ]
    write_notebook(new_notebook(cells=cells), old / "one.ipynb")
    (tmp_path / "old" / "autotests.yml").write_text("")
    course, _ = adopt_course([tmp_path / "old"], tmp_path / "new")
    assert lint_assignment(course, "ps1") == []


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ('np.load("data/trials.npy")', "data/trials.npy"),
        ('pd.read_csv("there/a.csv")', ""),
        ('!wget -q https://example.org/a.csv -O data/a.csv\npd.read_csv("data/a.csv")', ""),
        ('zip.extractall("data/")\npd.read_csv("data/a.csv")', ""),
        ('pipeline.load("en_core_web")', ""),
        ('pd.read_pickle("trips.pickle")', "trips.pickle"),
    ],
)
def test_files_that_are_missing(source, missing):
    """Is a file that is read and not there named, in a folder too, and one that the notebook makes not?"""
    nb = new_notebook(cells=[new_code_cell(source)])
    found = [text for _, text in missing_files(nb, {"there/a.csv"}, in_folders=True)]
    assert [text.split('"')[1] for text in found] == [missing] * bool(missing)


RELATIVE = """# Test the affine_backward function
dx_num = eval_numerical_gradient_array(lambda x: affine_forward(x, w, b)[0], x, dout)
_, cache = affine_forward(x, w, b)
dx, dw, db = affine_backward(dout, cache)

# The error should be around e-10 or less
print('Testing affine_backward function:')
print('dx error: ', rel_error(dx_num, dx))
for name in sorted(grads):
    print('%s relative error: %.2e' % (name, rel_error(grad_num, grads[name])))"""


def test_printed_errors_become_checks():
    """Is each relative error asserted after it is printed, with what the comment allows, and nothing else changed?"""
    assert with_assertions(RELATIVE) == (
        RELATIVE.replace("# Test the affine_backward function", "# Check: Test the affine_backward function (1 point)")
        .replace("rel_error(dx_num, dx))", "rel_error(dx_num, dx))\nassert rel_error(dx_num, dx) < 1e-08")
        .replace("grads[name])))", "grads[name])))\n    assert rel_error(grad_num, grads[name]) < 1e-08")
    )
    assert with_assertions("print(rel_error(a, b))") == (
        "# Check (1 point)\nprint(rel_error(a, b))\nassert rel_error(a, b) < 1e-05"
    )
    for text in ("print('rel_error(x, y)')", "x = rel_error(a, b)", "print(rel_error(a, b)", "%matplotlib inline"):
        assert with_assertions(text) == text


def raw(text):
    return new_raw_cell(text)


def shown(text, output):
    cell = new_code_cell(text)
    cell.outputs = [new_output("execute_result", {"text/plain": output}, execution_count=1)]
    return cell


TEST_CONFIG = '""" # BEGIN TEST CONFIG\n{}\n""" # END TEST CONFIG\n'


@pytest.mark.parametrize(
    ("config", "cells"),
    [
        ("points: [1, 3]", ["# Check q 1 (1 point)\nassert f(1) == 1", "# Check q 2 (3 points)\n{}"]),
        ("points:\n  each: 2", ["# Check q 1 (2 points)\nassert f(1) == 1", "# Check q 2 (2 points)\n{}"]),
        ("points:\n  total: 3", ["# Check q 1 (1.5 points)\nassert f(1) == 1", "# Check q 2 (1.5 points)\n{}"]),
        ("points: 4\nall_or_nothing: true", ["# Check q (4 points)\nassert f(1) == 1\n{}"]),
    ],
)
def test_points_and_messages_of_otter(config, cells):
    """Is a question worth what it was, in parts or only whole, and do messages come along?"""
    second = TEST_CONFIG.format('hidden: true\nsuccess_message: "Well done"\nfailure_message: "Look at 0"') + "f(0)"
    parts = [raw("# BEGIN TESTS"), shown("f(1)", "1"), shown(second, "0"), raw("# END TESTS"), raw("# END QUESTION")]
    converted = from_master(new_notebook(cells=[raw(f"# BEGIN QUESTION\nname: q\n{config}"), *parts]))
    hidden = "### BEGIN HIDDEN TESTS\nassert f(0) == 0, 'Look at 0'\nprint('Well done')\n### END HIDDEN TESTS"
    assert [cell.source for cell in converted.cells] == [cell.replace("{}", hidden) for cell in cells]


def test_a_path_without_notebooks(tmp_path):
    """Is it said?"""
    with pytest.raises(CourseError, match="holds no notebook"):
        adopt_course([Path(tmp_path)], tmp_path / "new")
