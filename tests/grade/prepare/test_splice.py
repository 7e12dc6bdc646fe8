"""Laying a submission onto the pristine assignment."""

import copy
import dataclasses
import time

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.edits import match_cells
from autograder.grade.prepare.pristine import load_pristine
from autograder.grade.prepare.splice import may_act, splice_submission
from autograder.intake.submission import Submission
from autograder.notebooks import format_notebook, read_notebook
from autograder.regions import ANSWER_HERE

BEGIN, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"


@pytest.fixture(scope="module")
def pristine(released):
    return load_pristine(released.course, released.course.assignment("tiny"))


@pytest.fixture
def nb(released) -> NotebookNode:
    """The first notebook as released, with `triple` written."""
    nb = read_notebook(released.course.release_dir / "tiny" / "first.ipynb")
    cell(nb, "own").source = f"def triple(x):\n    {BEGIN}\n    return x + x + x\n    {END}"
    return nb


def cell(nb: NotebookNode, id: str) -> NotebookNode:
    return next(cell for cell in nb.cells if cell.id == id)


def laid(pristine, nb: NotebookNode | bytes):
    content = nb if isinstance(nb, bytes) else format_notebook(nb).encode()
    files = {"first.ipynb": content} | {path: text.encode() for path, text in pristine.library.items()}
    return splice_submission(Submission("s", files, (), b"", ""), pristine)


def sources(spliced) -> dict[str, str]:
    return {cell.id: cell.source for cell in spliced.notebooks["first"].cells}


def ids(spliced) -> list[str]:
    return [cell.id for cell in spliced.notebooks["first"].cells]


ALL = ["title", "student", "setup", "double-check", "norm-check", "own", "triple-check", "why"]


def test_only_regions_come_from_the_student(pristine, nb):
    """Is every given line that was changed put back and shown?"""
    cell(nb, "setup").source += "\nimport os"
    cell(nb, "own").source = "# mine\n" + cell(nb, "own").source
    spliced = laid(pristine, nb)
    assert "import os" not in sources(spliced)["setup"]
    assert "return x + x + x" in sources(spliced)["own"]
    assert "# mine" not in sources(spliced)["own"]
    assert {(edit.place, edit.kind, edit.after) for edit in spliced.edits} == {
        ("first.ipynb: setup", "added", "import os"),
        ("first.ipynb: own", "added", "# mine"),
    }


def test_hidden_tests_are_back_and_no_edit(pristine, nb):
    """Does grading run the hidden tests, without blaming the student that they were not in what was handed in?"""
    assert "HIDDEN" not in cell(nb, "norm-check").source
    spliced = laid(pristine, nb)
    assert "norm of zeros" in sources(spliced)["norm-check"]
    assert spliced.edits == ()
    nb.cells.remove(cell(nb, "norm-check"))
    assert "norm of zeros" in sources(laid(pristine, nb))["norm-check"]


@pytest.mark.parametrize("gone", ALL)
def test_deleted_cell_comes_back(pristine, nb, gone):
    """Is any deleted cell restored, in its place, and said so?"""
    nb.cells = [cell for cell in nb.cells if cell.id != gone]
    spliced = laid(pristine, nb)
    assert ids(spliced) == ALL
    assert any(note.kind == "restored cell" and gone in note.text for note in spliced.notes)


def test_ids_lost(pristine, nb):
    """Are cells found by what they say where an editor threw away ids and metadata?"""
    for number, each in enumerate(nb.cells):
        each.id, each.metadata = f"c{number}", NotebookNode()
    spliced = laid(pristine, nb)
    assert ids(spliced) == ALL
    assert "return x + x + x" in sources(spliced)["own"]
    assert spliced.edits == ()


def test_thousands_of_cells_without_ids(pristine):
    """Is it soon found out that none of very many long cells is one of ours?"""
    lines = [c.released.text.splitlines()[0] for c in pristine.notebooks["first"]]
    text = "\n".join([*lines, *(f"x{number} = {number}" for number in range(900))])
    theirs = [new_code_cell(text, id=f"c{number}") for number in range(5000)]
    began = time.process_time()
    assert set(match_cells(theirs, [c.released for c in pristine.notebooks["first"]]).values()) <= {
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
    }
    assert time.process_time() - began < 5


def test_grade_id_alone_is_enough(pristine, nb):
    """Does nbgrader's metadata identify a cell whose id is another, and whose text is all new?"""
    work = cell(nb, "own")
    work.id = "x1"
    work.source = f"import math\n\nprint(math.pi)\n{BEGIN}\n    return x + x + x\n{END}\nprint(math.tau)"
    assert "return x + x + x" in sources(laid(pristine, nb))["own"]


def test_moved_cells(pristine, nb):
    """Do moved cells run in the original order?"""
    nb.cells.reverse()
    spliced = laid(pristine, nb)
    assert ids(spliced) == ALL
    assert "return x + x + x" in sources(spliced)["own"]
    assert any(note.kind == "moved cells" for note in spliced.notes)


def test_duplicated_cells(pristine, nb):
    """Of two copies of a cell, does the one count that was worked on; and the copy of a check never?"""
    second = copy.deepcopy(cell(nb, "own"))
    second.id = "own-copy"
    second.source = next(c.released.text for c in pristine.notebooks["first"] if c.id == "own")
    nb.cells.append(second)
    check = copy.deepcopy(cell(nb, "double-check"))
    check.id = "double-check-copy"
    nb.cells.insert(0, check)
    spliced = laid(pristine, nb)
    assert ids(spliced) == ALL
    assert "return x + x + x" in sources(spliced)["own"]


def test_of_two_solutions_the_last_counts(pristine, nb):
    """Does the last copy of a work cell count, and none that was turned into text?"""
    for body, kind in (("return 3.0 * x", "code"), ("return 4 * x", "markdown")):
        other = copy.deepcopy(cell(nb, "own"))
        other.update(id=f"own-{kind}", cell_type=kind, source=other.source.replace("return x + x + x", body))
        nb.cells.append(other)
    assert "return 3.0 * x" in sources(laid(pristine, nb))["own"]


def test_a_cell_of_ones_own_is_not_taken_for_a_deleted_one(pristine, nb):
    """Does a deleted cell come back empty beside an added one that says something else?"""
    nb.cells[ALL.index("own")] = new_code_cell("def helper(x):\n    return x", id="helper")
    spliced = laid(pristine, nb)
    assert set(ids(spliced)) == {*ALL, "helper"}
    assert "NotImplementedError" in sources(spliced)["own"]


@pytest.mark.parametrize(
    "kept",
    [
        f"def triple(x):\n    {BEGIN}\n    return x + x + x\n    {END}",
        f"def triple(x):\n    {BEGIN}\n    return x + x + x\n",
        f"def triple(x):\n    return x + x + x\n    {END}",
    ],
    ids=["whole", "split-off", "no-start"],
)
@pytest.mark.parametrize("after", ["triple(2)", f"    {END}"])
def test_a_copy_for_something_else(pristine, nb, kept, after):
    """Does the work count where a copy of its cell, metadata and all, was made into something else, or split off?"""
    work = cell(nb, "own")
    work.source = kept
    copied = copy.deepcopy(work)
    copied.id, copied.source = "copied", after
    nb.cells.insert(nb.cells.index(work) + 1, copied)
    spliced = laid(pristine, nb)
    assert "return x + x + x" in sources(spliced)["own"]
    assert sources(spliced)["copied"] == after


def test_added_cells_stay_where_they_are(pristine, nb):
    """Are a student's own cells kept in place, marked, with ids that are free?"""
    nb.cells.insert(0, new_markdown_cell("hello", id="hello"))
    nb.cells.insert(4, new_code_cell("a = 1", id="norm-check-2"))
    nb.cells.append(new_code_cell("b = 2", id="end"))
    spliced = laid(pristine, nb)
    assert ids(spliced) == ["hello", *ALL[:3], "norm-check-2", *ALL[3:], "end"]
    added = [cell.id for cell in spliced.notebooks["first"].cells if "autograder" in cell.metadata]
    assert added == ["hello", "norm-check-2", "end"]


def test_an_added_cell_takes_no_id(pristine, nb):
    """Is there one cell of each id, and the check the check, where an added cell bears its id?"""
    cell(nb, "norm-check").id = "renamed"
    nb.cells.append(new_code_cell("a = 1", id="norm-check"))
    spliced = laid(pristine, nb)
    assert ids(spliced) == [*ALL, "added-1"]
    assert "norm of zeros" in sources(spliced)["norm-check"]


def test_changed_type_and_metadata(pristine, nb):
    """Are a cell's kind, points and locks the source's, whatever was handed in?"""
    check = cell(nb, "double-check")
    check.cell_type = "markdown"
    for key in ("outputs", "execution_count"):
        check.pop(key, None)
    cell(nb, "norm-check").metadata.nbgrader.points = 1000
    cell(nb, "own").metadata.nbgrader.grade = True
    spliced = laid(pristine, nb)
    by_id = {cell.id: cell for cell in spliced.notebooks["first"].cells}
    assert by_id["double-check"].cell_type == "code"
    assert by_id["norm-check"].metadata.nbgrader.points == 3
    assert by_id["own"].metadata.nbgrader.grade is False
    assert any(note.kind == "changed cell" for note in spliced.notes)


def test_answer_without_banners(pristine, nb):
    """Does an answer count whose banners were typed over?"""
    cell(nb, "why").source = "Because I say so."
    assert "Because I say so." in sources(laid(pristine, nb))["why"]


def test_answer_between_its_banners(pristine, nb):
    """Is what stands outside the banners of an answer an edit, and no part of it?"""
    why = cell(nb, "why")
    why.source = why.source.replace("Why?", "Why not?").replace(ANSWER_HERE, "So.")
    spliced = laid(pristine, nb)
    assert sources(spliced)["why"].split("\n")[0] == "Why?"
    assert "So." in sources(spliced)["why"]
    assert [(edit.before, edit.after) for edit in spliced.edits] == [("Why?", "Why not?")]


def test_untouched_answer_is_as_released(pristine, nb):
    """Does nbgrader see that nothing was answered?"""
    from nbgrader.utils import compute_checksum

    spliced = laid(pristine, nb)
    why = next(cell for cell in spliced.notebooks["first"].cells if cell.id == "why")
    assert why.metadata.nbgrader.checksum == compute_checksum(why)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe\x00", b'{"cells": 3, "nbformat": 4}', b"[" * 100_000])
def test_not_a_notebook(pristine, content):
    """Is a file that is no notebook reported, and nothing else disturbed?"""
    spliced = laid(pristine, content)
    assert "first" in spliced.missing
    assert any(note.kind == "unreadable notebook" for note in spliced.notes)


def test_renamed_notebook(pristine, nb):
    """Is a notebook found under another name, and not taken for one that shares a few cells' names with it?"""
    submission = Submission("s", {"my homework.ipynb": format_notebook(nb).encode()}, (), b"", "")
    spliced = splice_submission(submission, pristine)
    assert "return x + x + x" in sources(spliced)["own"]
    assert spliced.missing == {"second": "second.ipynb was not handed in"}
    nb.cells = [cell(nb, "student"), cell(nb, "setup")]
    scratch = Submission("s", {"scratch.ipynb": format_notebook(nb).encode()}, (), b"", "")
    assert set(splice_submission(scratch, pristine).missing) == {"first", "second"}


def without_ids(nb: NotebookNode) -> bytes:
    """A notebook from a program that drops cells' ids and their metadata."""
    for one in nb.cells:
        one.metadata = NotebookNode()
        del one["id"]
    nb.nbformat_minor = 4
    return format_notebook(nb).encode()


@pytest.mark.parametrize(
    "name", ["Copy of first.ipynb", "first (1).ipynb", "First.IPYNB", "first.ipynb.txt", "x/first.ipynb"]
)
def test_a_notebook_that_lost_name_and_ids(pristine, nb, name):
    """Is a notebook found that a browser or a platform renamed, where the ids of its cells are lost as well?"""
    spliced = splice_submission(Submission("s", {name: without_ids(nb)}, (), b"", ""), pristine)
    assert "return x + x + x" in sources(spliced)["own"]
    assert [note.text for note in spliced.notes if note.kind == "renamed notebook"] == [
        f"{name} is taken for first.ipynb"
    ]


def test_a_submission_in_a_folder_of_its_own(pristine, nb, released):
    """Are library and weights found beside the notebook where all of it lies one folder too deep?"""
    text = (released.course.root / "nn" / "tiny.py").read_bytes()
    inside = {"tiny/first.ipynb": format_notebook(nb).encode(), "tiny/nn/tiny.py": text, "tiny/best.npz": b"weights"}
    spliced = splice_submission(Submission("s", {**inside, "best.npz": b"older"}, (), b"", ""), pristine)
    assert b"out = 2 * x" in spliced.files["nn/tiny.py"]
    assert spliced.files["best.npz"] == b"weights"
    assert spliced.edits == ()


# --- the library and other files --------------------------------------------------------------------------------------


def test_library_regions(pristine, nb, released):
    """Do a module's regions come from the student, and the rest of it from the release?"""
    text = (released.course.root / "nn" / "tiny.py").read_text()
    text = text.replace("def predict(params, X):", "def predict(params, X):\n    return 1").replace("2 * x", "x + x")
    spliced = splice_submission(
        Submission("s", {"first.ipynb": format_notebook(nb).encode(), "nn/tiny.py": text.encode()}, (), b"", ""),
        pristine,
    )
    module = spliced.files["nn/tiny.py"].decode()
    assert "out = x + x" in module
    assert "return 1\n" not in module
    assert any(edit.place == "nn/tiny.py" and edit.after.strip() == "return 1" for edit in spliced.edits)


@pytest.mark.parametrize("place", ["tiny.py", "NN/tiny.py", "nn/Tiny.PY", "hw/nn/tiny.py"])
def test_a_library_out_of_its_place(pristine, nb, released, place):
    """Does work count that a platform or a system put into another folder, and is that told, and no edit?"""
    text = (released.course.root / "nn" / "tiny.py").read_bytes()
    files = {"first.ipynb": format_notebook(nb).encode(), place: text, "weights/Best.npz": b"weights"}
    spliced = splice_submission(Submission("s", files, (), b"", ""), pristine)
    assert b"out = 2 * x" in spliced.files["nn/tiny.py"]
    assert spliced.files["best.npz"] == b"weights"
    assert spliced.edits == ()
    told = [note.text for note in spliced.notes if note.kind == "renamed file"]
    assert told == [f"{place} is taken for nn/tiny.py", "weights/Best.npz is taken for best.npz"]


def test_of_two_files_of_a_name_none_is_taken(pristine, nb, released):
    """Is nothing guessed where the library is missing and two files could be it?"""
    text = (released.course.root / "nn" / "tiny.py").read_bytes()
    files = {"first.ipynb": format_notebook(nb).encode(), "a/tiny.py": text, "b/tiny.py": text}
    spliced = splice_submission(Submission("s", files, (), b"", ""), pristine)
    assert b"out = 2 * x" not in spliced.files["nn/tiny.py"]


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x80", b"import os\n", b"\x00" * 100])
def test_library_missing_or_broken(pristine, nb, content):
    """Does a submission without a usable library get holes, and never the complete one?"""
    files = {"first.ipynb": format_notebook(nb).encode()} | ({} if content is None else {"nn/tiny.py": content})
    module = splice_submission(Submission("s", files, (), b"", ""), pristine).files["nn/tiny.py"].decode()
    assert module.count("raise NotImplementedError") == 2
    assert "2 * x" not in module
    assert "np.sqrt" not in module


def test_files_of_the_assignment(pristine, nb):
    """Are they there as they were given out, whatever was handed in, and is a changed one told?"""
    given = {"helpers.py": b"K = 1\r\n", "data/table.csv": b"a,b\n", "mean.npy": b"\x93NUMPY\x00", "unread.txt": b"t"}
    files = {"first.ipynb": format_notebook(nb).encode(), "helpers.py": b"K = 2\n", "mean.npy": b"\x93\x01"}
    files |= {path: text.encode() for path, text in pristine.library.items()}
    spliced = splice_submission(Submission("s", files, (), b"", ""), dataclasses.replace(pristine, given=given))
    assert given.items() <= spliced.files.items()
    assert [(edit.place, edit.before, edit.after) for edit in spliced.edits] == [("helpers.py", "K = 1", "K = 2")]
    assert [note.text.partition(" came")[0] for note in spliced.notes if note.kind == "changed file"] == ["mean.npy"]


@pytest.mark.parametrize("name", ["numpy.py", "json/__init__.py", "autograder/expect.py", "nn/more.py", "IPython.py"])
def test_modules_that_would_stand_before_others_are_left_out(pristine, nb, name):
    """Can no file of a student's pretend to be a package that grading uses?"""
    files = {"first.ipynb": format_notebook(nb).encode(), name: b"x = 1"}
    spliced = splice_submission(Submission("s", files, (), b"", ""), pristine)
    assert name not in spliced.files
    assert any(note.kind == "added file" for note in spliced.notes)


def test_own_modules_weights_and_pictures_are_kept(pristine, nb):
    """Do harmless files beside the notebooks stay?"""
    kept = {"helpers.py": b"x = 1", "best.npz": b"PK", "pictures/net.png": b"png", "notes.txt": b"t"}
    files = {"first.ipynb": format_notebook(nb).encode(), "data.bin": b"x", **kept}
    spliced = splice_submission(Submission("s", files, (), b"", ""), pristine)
    assert kept.items() <= spliced.files.items()
    assert "data.bin" not in spliced.files


def laid_with(pristine, nb, module: bytes):
    files = {"first.ipynb": format_notebook(nb).encode()} | {p: text.encode() for p, text in pristine.library.items()}
    return splice_submission(Submission("s", files | {"nn/tiny.py": module}, (), b"", ""), pristine)


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("latin-1", "cp1252"), ("utf-16", "utf-16"), ("utf-8-sig", ""), ("utf-8", ""), ("koi8-r", "koi8-r")],
)
def test_a_file_in_another_encoding_is_read_as_editors_read_it(pristine, nb, encoding, named):
    """Does a byte that is not UTF-8 cost points, and is the encoding said?"""
    comment = "ж" if encoding == "koi8-r" else "café"
    head = "# -*- coding: koi8-r -*-\n" if encoding == "koi8-r" else ""
    text = head + pristine.library["nn/tiny.py"].replace(BEGIN, f"{BEGIN}\n    # {comment}", 1)
    spliced = laid_with(pristine, nb, text.encode(encoding))
    assert f"    # {comment}\n" in spliced.files["nn/tiny.py"].decode()
    notes = [note.text for note in spliced.notes if note.kind == "encoding"]
    assert notes == ([f"nn/tiny.py is saved as {named}, not as UTF-8; it is read as that"] if named else [])


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_notebook_in_another_encoding_is_read(pristine, nb, encoding):
    """And a notebook that an editor saved so?"""
    cell(nb, "own").source = f"{BEGIN}\n# café\n{END}"
    spliced = laid(pristine, format_notebook(nb).encode(encoding))
    assert "café" in sources(spliced)["own"]
    assert any("not as UTF-8" in note.text for note in spliced.notes)


def test_what_is_no_text_is_not_read_as_one(pristine, nb):
    """Is a picture in the place of a module told from a text in an old encoding?"""
    spliced = laid_with(pristine, nb, b"\x89PNG\r\n\x1a\n\xff\x10")
    assert "nn/tiny.py is not a text: its regions are empty" in [note.text for note in spliced.notes]


@pytest.mark.parametrize(
    ("text", "looked_at"),
    [
        ("<!-- ===== START YOUR ANSWER HERE ===== -->\nSo, $x_[1]$\n<!-- ===== END YOUR ANSWER HERE ===== -->", False),
        ("<!-- ===== START YOUR ANSWER HERE ===== --> <b>x</b>", True),
        ("[a\n<!-- ===== END YOUR ANSWER HERE ===== -->\n](b)", True),
        ("[a]\n\n[a]: b", True),
    ],
)  # fmt: skip
def test_only_texts_that_may_act_are_looked_at_closely(text, looked_at):
    """Is a plain answer between our banners passed on as it is, without reading it as a browser would?"""
    assert may_act(text) is looked_at
