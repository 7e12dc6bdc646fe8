"""Source notebooks: ids, kinds and points from what an author wrote, and nothing else in the file touched."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.assignment import load_assignment
from autograder.course import Course
from autograder.errors import CourseError
from autograder.questions import Kind
from autograder.source import (
    AGREE,
    is_machine_made,
    open_source,
    read_cell,
    read_source,
    settle_source,
    slug,
    source_questions,
)

REPOSITORY = Path(__file__).parents[1]
REGION = "# ===== START YOUR CODE HERE =====\nx = 1\n# ====== END YOUR CODE HERE ======"
ANSWER = "<!-- ===== START YOUR ANSWER HERE ===== -->\nYes.\n<!-- ====== END YOUR ANSWER HERE ====== -->"
UUID = "3f0c6f0e-8b0d-4f55-9e0b-0a7a5c1c2d{:02d}"  # as JupyterLab makes them


# --- what one cell's text says ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "kind", "points"),
    [
        ("x = 1", Kind.GIVEN, None),
        ("", Kind.GIVEN, None),
        (REGION, Kind.WORK, None),
        ("def f():\n    " + REGION.replace("\n", "\n    "), Kind.WORK, None),
        ("# Check the sum (3 points)\nexpect.same(x)", Kind.CHECK, 3),
        ("# Check the sum, 3 points\nexpect.same(x)", Kind.CHECK, 3),
        ("%%time\n# Check the sum [1 point]\nexpect.same(x)", Kind.CHECK, 1),
        ("# Check the sum\n# It needs x (2.5 points).\nexpect.same(x)", Kind.CHECK, 2.5),
        ("expect.same(x)", Kind.CHECK, None),
        ("# Check a (1 point)\nfor i in (1, 2):\n    expect.same(i)", Kind.CHECK, 1),
        ("# Try it (practice)\nexpect.same(x)", Kind.PRACTICE, 0),
        ("# Check the sum (2 points)\nassert x == 1", Kind.CHECK, 2),
        ("# Check the sum (2 points)\nnp.testing.assert_allclose(x, 1)", Kind.CHECK, 2),
        ("assert x == 1", Kind.GIVEN, None),
        ("# A cloud (20 points)\nplot(x)", Kind.GIVEN, None),
        ("# Check: 20 points\nplot(x)", Kind.GIVEN, None),
        ("# Check the files (1 point)\nnames = !ls\nexpect.same(names)", Kind.CHECK, 1),
        ("# Check it (1 point)\nexpect.same(x)\nx?", Kind.CHECK, 1),
        ("%%bash\n# Check it (1 point)\necho expect", Kind.GIVEN, None),
        ("# expect.same(x)", Kind.GIVEN, None),
        ('text = "expect.same(x)"', Kind.GIVEN, None),
        ("def check(f):\n    expect.same(f(1))", Kind.GIVEN, None),
        ("# Check f (2 points)\ndef check(f):\n    expect.same(f(1))\n\ncheck(f)", Kind.CHECK, 2),
        ("rng = expect.rng()", Kind.GIVEN, None),
        ("import expectations\nexpectations.same(x)", Kind.GIVEN, None),
        ("this is not Python (3 points)", Kind.GIVEN, None),
        (REGION + "\nexpect.same(x)", Kind.WORK, None),
        (REGION.replace("CODE", "ANSWER"), Kind.ANSWER, None),
        ("# Question 2 (4 points)\n" + REGION.replace("CODE", "ANSWER"), Kind.ANSWER, 4),
    ],
)
def test_the_text_of_code_says_what_it_is(source, kind, points):
    """Does a region make a work cell and a call of expect a check, and nothing that only looks like one?"""
    found = read_cell(new_code_cell(source))
    assert (found.kind, found.points) == (kind, points)


@pytest.mark.parametrize(
    ("source", "kind", "points"),
    [
        ("# A title (30 points)", Kind.GIVEN, None),
        ("**Question 1 (5 points).** Why?\n\n" + ANSWER, Kind.ANSWER, 5),
        ("**Question 1** (5 points): why?\n\n" + ANSWER, Kind.ANSWER, 5),
        ("## Question 2: depth [2.5 pts]\n\n" + ANSWER, Kind.ANSWER, 2.5),
        ("Question 3: 2 points\n\n" + ANSWER, Kind.ANSWER, 2),
        ("**Question 4.** Why?\n\nA sentence is enough (1 point).\n" + ANSWER, Kind.ANSWER, 1),
        ("**Question 5.** a) Why? (1 point) b) How? (2 points)\n" + ANSWER, Kind.ANSWER, None),
        ("**Question 6 (3 points).** a) Why? (1 point) b) How? (2 points)\n" + ANSWER, Kind.ANSWER, 3),
        ("Why?\n" + ANSWER, Kind.ANSWER, None),
        ("Write between\n```\n" + ANSWER + "\n```\nand nowhere else (3 points).", Kind.GIVEN, None),
        ("Write between\n~~~~ html\n" + ANSWER + "\n~~~\n~~~~", Kind.GIVEN, None),
        ("Write between\n\n    " + ANSWER.replace("\n", "\n    "), Kind.GIVEN, None),
        ("Write between\n```\n" + REGION + "\n```", Kind.GIVEN, None),
        (REGION, Kind.GIVEN, None),
        ("", Kind.GIVEN, None),
    ],
)
def test_the_text_of_prose_says_what_it_is(source, kind, points):
    """Does a region for an answer make an answer, and a region that is only shown nothing?"""
    found = read_cell(new_markdown_cell(source))
    assert (found.kind, found.points) == (kind, points)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The scores", "the-scores"),
        ("batchnorm_forward in training", "batchnorm-forward-in-training"),
        ("TwoLayerNet", "two-layer-net"),
        ("Größe & Maß", "grosse-mass"),
        ("Naïve Bayes – à la carte", "naive-bayes-a-la-carte"),
        ("1.2 · Σ of all", "1-2-of-all"),
        ("神经网络", ""),
        ("", ""),
        ("word " * 20, "word-word-word-word-word-word-word-word"),
    ],
)
def test_ids_are_made_of_small_letters_digits_and_hyphens(text, name):
    """Can an id be typed in assignment.toml, whatever language the title is in?"""
    assert slug(text) == name


@pytest.mark.parametrize(
    ("name", "machine"),
    [
        (UUID.format(1), True),
        ("a1b2c3d4", True),
        ("cell-0123456789abcdef", True),
        ("AbC123_-xYz9", True),
        ("toy-scores-check", False),
        ("Loss_Check", False),
        ("question-1", False),
        ("deadbeef", False),
        ("TwoLayer-Net", False),
    ],
)
def test_ids_that_editors_make_are_told_from_those_of_people(name, machine):
    """Is a name that somebody gave left alone?"""
    assert is_machine_made(name) == machine


# --- a notebook -------------------------------------------------------------------------------------------------------


def code(source, name=None, **marks):
    return {"cell_type": "code", "source": source, "outputs": [], "execution_count": None} | _rest(name, marks)


def text(source, name=None, **marks):
    return {"cell_type": "markdown", "source": source} | _rest(name, marks)


def _rest(name, marks):
    known = {"grade": False, "locked": False, "schema_version": 3, "solution": False, "task": False}
    metadata = {"nbgrader": known | marks} if marks else {}
    return {"metadata": metadata} | ({"id": name} if name else {})


@dataclass
class Homework:
    """source/hw with one source, "hw"."""

    folder: Path

    @property
    def assignment(self):
        return load_assignment(self.folder)

    @property
    def notebook(self) -> Path:
        return self.folder / "hw.ipynb"

    def write(self, *cells, minor=5, **layout) -> "Homework":
        content = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": minor}
        layout = {"indent": 1, "ensure_ascii": False, "sort_keys": True} | layout
        self.notebook.write_text(json.dumps(content, **layout) + "\n", encoding="utf-8")
        return self

    def cells(self):
        return json.loads(self.notebook.read_text(encoding="utf-8"))["cells"]

    def ids(self):
        return [cell["id"] for cell in self.cells()]

    def fix(self, known=()):
        return {remark.cell: remark.text for remark in settle_source(self.assignment, "hw", known)}


@pytest.fixture
def homework(tmp_path):
    folder = tmp_path / "hw"
    folder.mkdir()
    (folder / "assignment.toml").write_text('title = "T"\nnotebooks = ["hw"]\n', encoding="utf-8")
    return Homework(folder)


AS_WRITTEN = (
    text("# A tiny homework", UUID.format(0)),
    code(
        '# ===== START YOUR CODE HERE =====\nname = "I"\nstudent_id = "i"\n# ====== END YOUR CODE HERE ======',
        UUID.format(1),
    ),
    code("import numpy as np", UUID.format(2)),
    code(
        "def double(x):\n    " + REGION.replace("\n", "\n    ").replace("x = 1", "return 2 * x"),
        UUID.format(3),
    ),
    code("# Check the doubling (2 points)\nexpect.same(double(expect.rng().normal()))", UUID.format(4)),
    text("**Question 1 (1.5 points).** Why?\n\n" + ANSWER, UUID.format(5)),
    text("**Question 1 (1 point).** Why not?\n\n" + ANSWER, UUID.format(6)),
)
IDS = ["tiny-homework", "student", "code", "double", "doubling-check", "question-1", "question-1-2"]
KINDS = ["given", "work", "given", "work", "check", "answer", "answer"]


def test_a_notebook_written_in_jupyterlab_needs_no_json(homework):
    """Do cells that have nothing but their text become a homework, in the file too?"""
    homework.write(*AS_WRITTEN)
    told = homework.fix()
    assert homework.ids() == IDS == list(told)
    assert told["doubling-check"] == "new id, a check, 2 points"
    assert homework.cells()[4]["metadata"] == {
        "nbgrader": {
            "grade": True,
            "grade_id": "doubling-check",
            "locked": True,
            "points": 2,
            "schema_version": 3,
            "solution": False,
            "task": False,
        }
    }
    assert homework.cells()[0]["metadata"] == {}
    assert [(q.cell, q.kind, q.points, q.title) for q in source_questions(homework.assignment)] == [
        ("doubling-check", Kind.CHECK, 2.0, "Doubling"),
        ("question-1", Kind.ANSWER, 1.5, "Question 1"),
        ("question-1-2", Kind.ANSWER, 1.0, "Question 1 (2)"),
    ]


def test_fixing_twice_changes_nothing(homework):
    """Is the file left alone, its time too, once it says everything?"""
    homework.write(*AS_WRITTEN)
    homework.fix()
    before = homework.notebook.read_bytes(), homework.notebook.stat().st_mtime_ns
    assert homework.fix() == {}
    assert (homework.notebook.read_bytes(), homework.notebook.stat().st_mtime_ns) == before


@pytest.mark.parametrize(
    "layout",
    [{}, {"indent": 2}, {"indent": 4, "sort_keys": False}, {"ensure_ascii": True}, {"indent": "\t"}, {"indent": None}],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_nothing_else_in_the_file_changes(homework, layout, newline):
    """Is only what was missing written, whatever editor saved the file?"""
    homework.write(text("# Größe"), code("x = 'ä'"), text("Text", "text"), minor=4, **layout)
    written = homework.notebook.read_text(encoding="utf-8").replace("\n", newline) + newline
    homework.notebook.write_bytes(b"\xef\xbb\xbf" + written.encode())
    homework.fix()
    after = homework.notebook.read_bytes()
    content = json.loads(written)
    fixed = json.loads(after.decode("utf-8-sig"))
    assert fixed["nbformat_minor"] == 5
    fixed["nbformat_minor"] = 4
    for cell in fixed["cells"][:2]:
        del cell["id"]
    del fixed["cells"][1]["metadata"]["nbgrader"]
    assert fixed == content
    layout = {"indent": 1, "ensure_ascii": False, "sort_keys": True} | layout
    assert json.dumps(fixed, **layout).replace("\n", newline) == written.rstrip()
    restored = json.dumps(json.loads(after.decode("utf-8-sig")), **layout).replace("\n", newline)
    assert after == b"\xef\xbb\xbf" + (restored + 2 * newline).encode()


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4])
def test_notebooks_without_ids_are_sources_too(homework, minor):
    """Can an old notebook, which Jupyter saves without ids again and again, be released?"""
    homework.write(*({key: value for key, value in cell.items() if key != "id"} for cell in AS_WRITTEN), minor=minor)
    source = open_source(homework.assignment, "hw")
    assert [cell.id for cell in source.notebook.cells] == IDS
    assert len(source.without_id) == len(IDS)
    homework.fix()
    assert homework.ids() == IDS
    assert open_source(homework.assignment, "hw").without_id == ()


def test_ids_that_are_settled_never_change(homework):
    """May an author give a check another title?"""
    homework.write(*AS_WRITTEN).fix()
    cells = homework.cells()
    cells[4]["source"] = "# Check something else (2 points)\nexpect.same(1)"
    homework.write(*cells)
    assert homework.fix() == {}
    assert homework.ids() == IDS


def test_ids_that_students_have_never_change(homework):
    """Does an id that was released stay, even if a machine made it?"""
    homework.write(*AS_WRITTEN)
    homework.fix(known={UUID.format(0), UUID.format(4)})
    assert homework.ids() == [UUID.format(0), *IDS[1:4], UUID.format(4), *IDS[5:]]
    assert homework.cells()[4]["metadata"]["nbgrader"]["grade_id"] == UUID.format(4)


def test_what_is_only_given_may_keep_the_id_that_jupyter_made(homework):
    """Is a text that nobody grades released under the id that stands in the file, title or not?"""
    homework.write(text("# Title", UUID.format(0)), code("x = 1", UUID.format(1)))
    source = open_source(homework.assignment, "hw")
    assert [cell.id for cell in source.notebook.cells] == [UUID.format(0), UUID.format(1)]
    assert source.without_id == ()


def test_points_of_a_work_cell_are_told(homework):
    """Does an author hear that a cell in which students write earns nothing?"""
    homework.write(code("# Check it (3 points)\n" + REGION + "\nexpect.same(x)", "a"))
    (remark,) = open_source(homework.assignment, "hw").disagreements
    assert remark.text.startswith('its text says "(3 points)", but students write in it, so it earns none.')


def test_a_module_is_not_a_source(homework):
    """Is it said, where the only file of that name is no percent script?"""
    (homework.folder / "hw.py").write_text("def helper(): ...\n", encoding="utf-8")
    with pytest.raises(CourseError, match="is not a percent script"):
        read_source(homework.assignment, "hw")


def test_a_readable_id_is_taken(homework):
    """Does a name that the author gave win over the title?"""
    homework.write(code("# Check the sum (2 points)\nexpect.same(1)", "toy-check"), text("# Title", "Start"))
    homework.fix()
    assert homework.ids() == ["toy-check", "Start"]


def test_nbgraders_panel_may_name_cells(homework):
    """Is what JupyterLab's "Create Assignment" writes accepted as it is?"""
    name = "cell-4f2a9c0d1e2f3a4b"
    marks = {"grade_id": name, "grade": True, "locked": True, "points": 3}
    homework.write(code("assert double(1) == 2", UUID.format(1), **marks))
    source = open_source(homework.assignment, "hw")
    assert (source.notebook.cells[0].id, source.without_id, source.disagreements) == (name, (), ())
    assert homework.fix() == {name: "new id"}
    assert [q.points for q in source_questions(homework.assignment)] == [3.0]


def test_a_copied_cell_is_a_cell_of_its_own(homework):
    """Does a cell that was copied with its metadata, and then changed, get its own id and points?"""
    marks = {"grade_id": "sum-check", "grade": True, "locked": True, "points": 2}
    homework.write(
        code("# Check the product (5 points)\nexpect.same(2)", UUID.format(1), **marks),
        code("# Check the sum (2 points)\nexpect.same(1)", "sum-check", **marks),
        code("# Check the sum (2 points)\nexpect.same(3)", "sum-check", **marks),
    )
    homework.fix()
    assert homework.ids() == ["product-check", "sum-check", "sum-check-2"]
    assert [cell["metadata"]["nbgrader"]["grade_id"] for cell in homework.cells()] == homework.ids()
    assert [cell["metadata"]["nbgrader"]["points"] for cell in homework.cells()] == [5, 2, 2]


CHECK = {"grade_id": "a", "grade": True, "locked": True}


@pytest.mark.parametrize(
    ("cell", "told", "fixed"),
    [
        (
            code("# Check it (10 points)\nexpect.same(1)", "a", **CHECK, points=12),
            'its text says "(10 points)", and nbgrader\'s metadata 12 points',
            "points 12 -> 10",
        ),
        (
            code("# Check it (1 point)\nexpect.same(1)", "a", grade_id="a", locked=True),
            'its text makes it a check with "(1 point)", and nbgrader\'s metadata a given cell',
            "a given cell -> a check, points None -> 1",
        ),
        (
            code(REGION, "a", **CHECK, points=2),
            "its text makes it a work cell, and nbgrader's metadata a check",
            "a check -> a work cell, points 2 -> None",
        ),
        (
            text("**Why? (2 points)**\n" + ANSWER, "a", grade_id="a", solution=True),
            'its text makes it an answer with "(2 points)", and nbgrader\'s metadata a work cell',
            "a work cell -> an answer, points None -> 2",
        ),
        (
            code("# Try it (practice)\nexpect.same(1)", "a", **CHECK, points=2),
            'its text says "(practice)", and nbgrader\'s metadata 2 points',
            "a check -> a check for practice, points 2 -> 0",
        ),
    ],
)
def test_both_are_named_where_text_and_metadata_disagree(homework, cell, told, fixed):
    """Does the metadata count until `lint --fix` writes what the text says?"""
    homework.write(cell)
    source = open_source(homework.assignment, "hw")
    assert [remark.text for remark in source.disagreements] == [f"{told}. {AGREE}"]
    assert source.notebook.cells[0].metadata == cell["metadata"]
    assert homework.fix() == {"a": fixed}
    assert open_source(homework.assignment, "hw").disagreements == ()


@pytest.mark.parametrize(
    "cell",
    [
        code("# Check it (2 points)\nexpect.same(1)", "a", **CHECK, points=2),
        code("# Check it\nassert True", "a", **CHECK, points=2),
        code("# Code to mark\n" + REGION, "a", grade_id="a", grade=True, solution=True, points=2),
        text("Remarks?\n" + ANSWER, "a", grade_id="a", solution=True),
        code("x = 1", "a", grade_id="a", locked=True),
        code(REGION, "a", grade_id="a", solution=True),
    ],
)
def test_metadata_may_say_what_the_text_leaves_open(homework, cell):
    """Is metadata kept that no word of the text contradicts?"""
    homework.write(cell)
    assert open_source(homework.assignment, "hw").disagreements == ()
    assert homework.fix() == {}


def test_extra_credit_stays_with_assignment_toml(homework):
    """Has such a check no points of its own in the notebook, whatever its text says?"""
    toml = homework.folder / "assignment.toml"
    homework.write(code("# Softmax (10 points extra credit)\nexpect.same(1)", "bonus-check"))
    unlisted = (
        'its text says "(10 points extra credit)", but extra_credit in assignment.toml does not list it. '
        'Add there  "hw:bonus-check" = 10'
    )
    assert [r.text for r in open_source(homework.assignment, "hw").disagreements] == [unlisted]
    toml.write_text(toml.read_text() + '[extra_credit]\n"hw:bonus-check" = 10\n')
    homework.fix()
    assert homework.cells()[0]["metadata"]["nbgrader"]["points"] == 0
    (question,) = source_questions(homework.assignment)
    assert (question.kind, question.points, question.extra_credit) == (Kind.CHECK, 10.0, True)
    toml.write_text(toml.read_text().replace("= 10", "= 12"))
    differs = 'its text says "(10 points extra credit)", and extra_credit in assignment.toml 12. Change one of them'
    assert [r.text for r in open_source(homework.assignment, "hw").disagreements] == [differs]


def test_a_broken_notebook_is_refused(homework):
    """Is a source that would need mending named, not guessed at?"""
    homework.write(code("x"), {"cell_type": "code", "metadata": {}, "source": 3, "outputs": []})
    with pytest.raises(CourseError, match="source is not text"):
        read_source(homework.assignment, "hw")
    homework.write(code("x"), "no cell")
    with pytest.raises(CourseError, match="cell 2 is not a cell"):
        read_source(homework.assignment, "hw")


# --- percent scripts --------------------------------------------------------------------------------------------------

SCRIPT = """# %% [markdown] intro
# # A tiny homework

# %% student
# ===== START YOUR CODE HERE =====
name = "I"
student_id = "i"
# ====== END YOUR CODE HERE ======

# %%
# %matplotlib inline
import numpy as np

# %% toy-check (10 points)
expect.same(1)

# %% Check the sum (2 points; needs x)
# It needs x.
expect.same(2)

# %% [markdown]
# **Question 1 (5 points).** Why?
#
# <!-- ===== START YOUR ANSWER HERE ===== -->
# Yes.
# <!-- ====== END YOUR ANSWER HERE ====== -->
"""


def test_a_percent_script_is_a_source(homework):
    """Are ids and points taken from the headers, and the rest from the text?"""
    (homework.folder / "hw.py").write_text(SCRIPT, encoding="utf-8")
    nb = read_source(homework.assignment, "hw")
    assert [cell.id for cell in nb.cells] == ["intro", "student", "code", "toy-check", "sum-check", "question-1"]
    assert nb.cells[4].source == "# Check the sum (2 points; needs x)\n# It needs x.\nexpect.same(2)"
    assert nb.cells[2].source == "%matplotlib inline\nimport numpy as np"
    assert [(q.cell, q.points) for q in source_questions(homework.assignment)] == [
        ("toy-check", 10.0),
        ("sum-check", 2.0),
        ("question-1", 5.0),
    ]


def test_a_script_gets_its_ids_in_its_headers(homework):
    """Does `lint --fix` write into a script what it needs and nothing else, once?"""
    script = homework.folder / "hw.py"
    script.write_text(SCRIPT, encoding="utf-8")
    before = read_source(homework.assignment, "hw")
    assert set(homework.fix()) == {"code", "sum-check", "question-1"}
    assert script.read_text(encoding="utf-8") == (
        SCRIPT.replace("# %%\n", "# %% code\n")
        .replace("needs x)\n", 'needs x) id="sum-check"\n')
        .replace("# %% [markdown]\n", "# %% question-1 [markdown]\n")
    )
    source = open_source(homework.assignment, "hw")
    assert source.notebook == before
    assert (source.without_id, homework.fix()) == ((), {})


def test_both_forms_are_an_error(homework):
    """Is it said, where one of two sources would be ignored?"""
    homework.write(*AS_WRITTEN)
    (homework.folder / "hw.py").write_text("def helper(): ...\n", encoding="utf-8")
    assert read_source(homework.assignment, "hw").cells[4].id == IDS[4]
    (homework.folder / "hw.py").write_text(SCRIPT, encoding="utf-8")
    with pytest.raises(CourseError, match=r"hw\.ipynb: hw\.py is there too"):
        read_source(homework.assignment, "hw")


# --- our own homeworks ------------------------------------------------------------------------------------------------

SOURCES = sorted(path.relative_to(REPOSITORY / "source") for path in (REPOSITORY / "source").glob("*/*.ipynb"))


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_our_sources_say_in_their_text_what_their_metadata_says(path, tmp_path):
    """Is every cell of our homeworks of the kind, and worth the points, that its text alone says?"""
    assignment = Course(REPOSITORY).assignment(path.parts[0])
    content = json.loads((REPOSITORY / "source" / path).read_text(encoding="utf-8"))
    source = open_source(assignment, path.stem)
    assert (source.changes, source.without_id, source.disagreements) == ((), (), ())
    wanted = [cell["metadata"] for cell in content["cells"]]
    for cell in content["cells"]:
        cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key != "nbgrader"}
    (tmp_path / path.name).write_text(json.dumps(content), encoding="utf-8")
    bare = read_source(assignment.model_copy(update={"folder": tmp_path}), path.stem)
    assert [cell.metadata for cell in bare.cells] == wanted
