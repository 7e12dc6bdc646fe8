"""What a student changed outside the regions: the same in grading and in the student's own PDF."""

import copy
import shutil

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.edits import lay_notebook, released_cell
from autograder.grade.prepare.pristine import load_pristine
from autograder.grade.prepare.splice import splice_submission
from autograder.intake.submission import read_submission
from autograder.notebooks import read_notebook, write_notebook
from autograder.report.read import read_own

BEGIN, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"


@pytest.fixture(scope="module")
def pristine(released):
    return load_pristine(released.course, released.course.assignment("tiny"))


def cell(nb: NotebookNode, id: str) -> NotebookNode:
    return next(cell for cell in nb.cells if cell.id == id)


def lose_ids(nb, folder):
    for number, each in enumerate(nb.cells):
        each.id, each.metadata = f"c{number}", NotebookNode()


def lose_plain_ids(nb, folder):
    for number, each in enumerate(nb.cells):
        each.id = f"c{number}"


def reorder(nb, folder):
    nb.cells.reverse()


def delete_banners(nb, folder):
    cell(nb, "own").source = "def triple(x):\n    return 3 * x"


def merge(nb, folder):
    cell(nb, "own").source += "\n" + nb.cells.pop(6).source


def duplicate(nb, folder):
    other = copy.deepcopy(cell(nb, "own"))
    other.id = "own-copy"
    other.source = other.source.replace("x + x + x", "3 * x")
    nb.cells.insert(2, other)


def answer_plainly(nb, folder):
    cell(nb, "why").source = "Because I say so."


def answer_plainly_without_ids(nb, folder):
    answer_plainly(nb, folder)
    lose_ids(nb, folder)


def add_and_delete_cells(nb, folder):
    nb.cells.insert(0, new_markdown_cell("hello", id="title"))
    nb.cells.append(new_code_cell("a = 1", id="mine"))
    nb.cells.remove(cell(nb, "setup"))


def edit_modules(nb, folder):
    text = (folder / "nn/tiny.py").read_text()
    (folder / "nn/tiny.py").write_text(
        text.replace("np.argmax", "np.argmin").replace("import numpy", "import os, numpy")
    )


def add_modules(nb, folder):
    (folder / "helper.py").write_text("def twice(x):\n    return 2 * x\n")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/cached.py").write_text("x = 1")
    (folder / "env").mkdir()
    (folder / "env/pyvenv.cfg").touch()
    (folder / "env/site.py").write_text("x = 1")


def delete_modules(nb, folder):
    (folder / "nn/tiny.py").unlink()


def not_text(nb, folder):
    (folder / "nn/tiny.py").write_bytes(b"\xff\xfe\x80")


CHANGES = [
    lose_ids, lose_plain_ids, reorder, delete_banners, merge, duplicate, answer_plainly, answer_plainly_without_ids,
    add_and_delete_cells, edit_modules, add_modules, delete_modules, not_text,
]  # fmt: skip
UNBLAMED = {merge, lose_ids, lose_plain_ids, reorder, answer_plainly, answer_plainly_without_ids}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_the_students_pdf_and_the_instructors_report_show_the_same_edits(pristine, released, tmp_path, change):
    """Does a student see beforehand exactly what the instructor will see?"""
    handed_out = released.course.release_dir / "tiny"
    folder = tmp_path / "tiny"
    shutil.copytree(handed_out, folder)
    nb = read_notebook(folder / "first.ipynb")
    cell(nb, "own").source = f"def triple(x):\n    {BEGIN}\n    return x + x + x\n    {END}"
    change(nb, folder)
    write_notebook(nb, folder / "first.ipynb")
    graded = splice_submission(read_submission("ada", folder, 16), pristine)
    own = read_own(folder, handed_out)
    assert list(own.edits) == list(graded.edits)
    assert (graded.edits == ()) == (change in UNBLAMED)
    assert any(note.kind == "moved cells" for note in graded.notes) == (change is reorder)


def test_lost_ids_are_no_accusation():
    """Are two answers that look alike told apart by their order, and nothing said of moved cells?"""
    blank = (
        "<!-- ===== START YOUR ANSWER HERE ===== -->\n*Your answer here.*\n<!-- ===== END YOUR ANSWER HERE ===== -->"
    )
    released = [released_cell(new_markdown_cell(blank, id=name)) for name in ("why", "how", "when")]
    theirs = [new_markdown_cell(blank, id=f"c{i}") for i in range(3)]
    theirs[0].source = blank.replace("*Your answer here.*", "Because.")
    laid = lay_notebook("a.ipynb", theirs, released)
    assert [(one.id, one.theirs) for one in laid.cells] == [("why", 0), ("how", 1), ("when", 2)]
    assert "Because." in laid.cells[0].text
    assert (laid.edits, laid.notes) == ((), ())


def test_of_two_cells_with_one_text_the_one_in_its_place_is_taken():
    """Is a copy of a cell above it, in a notebook without ids, an added cell, and no cell moved?"""
    released = [released_cell(new_code_cell(text, id=f"c{i}")) for i, text in enumerate(["a = 1", "b = 2", "c = 3"])]
    theirs = [new_code_cell(text, id=f"new-{i}") for i, text in enumerate(["c = 3", "a = 1", "b = 2", "c = 3"])]
    laid = lay_notebook("a.ipynb", theirs, released)
    assert [(cell.id, cell.theirs) for cell in laid.cells] == [("c0", 1), ("c1", 2), ("c2", 3)]
    assert (laid.edits, laid.notes) == ((), ())


def test_given_code_between_regions_that_a_string_takes_in():
    """Is it noted that given code of a cell does not run, though not a letter of it was changed?"""
    text = f"{BEGIN}\npass\n{END}\nassert x > 0\n{BEGIN}\npass\n{END}"
    cell = new_code_cell(text.replace("pass", '"""'), id="c")
    laid = lay_notebook("a.ipynb", [cell], [released_cell(new_code_cell(text, id="c"))])
    assert laid.edits == ()
    assert [note.kind for note in laid.notes] == ["given code"]
    assert "a.ipynb: c: 1 given line does not run as it was given" in laid.notes[0].text


def work_cell(id: str, line: str, before: str = "") -> NotebookNode:
    return new_code_cell(f"{before}{BEGIN}\n{line}\n{END}", id=id)


def merged(*cells: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in cells)


@pytest.mark.parametrize("kept", ["a", "b", "c"])
def test_of_merged_cells_each_region_counts(kept):
    """Is the work of every cell taken from the one that they became, whichever of their ids it has?"""
    released = [released_cell(work_cell(name, "pass", f"{name} = 1\n")) for name in "abc"]
    theirs = [work_cell(name, f"x_{name} = 2", f"{name} = 1\n") for name in "abc"]
    one = new_code_cell(merged(*theirs), id=kept)
    laid = lay_notebook("n.ipynb", [one], released)
    assert [cell.text for cell in laid.cells] == [cell.source for cell in theirs]
    assert [cell.theirs for cell in laid.cells] == [0, 0, 0]
    assert (laid.edits, [note.kind for note in laid.notes]) == ((), ["merged cells"])


def test_what_else_was_changed_in_a_merged_cell_is_an_edit():
    """Does the given cell between two others come back as it was, and is the change to it named?"""
    cells = [work_cell("a", "pass"), new_code_cell("k = 1\nm = 2", id="given"), work_cell("b", "pass", "# b\n")]
    released = [released_cell(cell) for cell in cells]
    theirs = new_code_cell(f"{BEGIN}\na = 5\n{END}\nk = 1\nm = 2\nz = 3\n# b\n{BEGIN}\nb = 6\n{END}", id="a")
    laid = lay_notebook("n.ipynb", [theirs], released)
    assert [cell.text for cell in laid.cells] == [
        f"{BEGIN}\na = 5\n{END}", "k = 1\nm = 2", f"# b\n{BEGIN}\nb = 6\n{END}",
    ]  # fmt: skip
    assert [(edit.kind, edit.after) for edit in laid.edits] == [("added", "z = 3")]


def test_a_deleted_cell_is_not_found_in_its_neighbour():
    """Is a cell that is gone still called deleted, where the one beside it only looks a little like it?"""
    released = [released_cell(work_cell("a", "pass")), released_cell(work_cell("b", "pass"))]
    laid = lay_notebook("n.ipynb", [work_cell("a", "x = 1")], released)
    assert [(edit.place, edit.kind) for edit in laid.edits] == [("n.ipynb: b", "deleted")]
