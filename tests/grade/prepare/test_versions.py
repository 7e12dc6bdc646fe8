"""Students who began with an earlier version of the assignment are compared with that one."""

import shutil

from nbformat.v4 import new_code_cell

from autograder.grade.prepare.pristine import load_pristine
from autograder.grade.prepare.splice import splice_submission
from autograder.grade.run.session import newer_note
from autograder.intake.submission import read_submission
from autograder.notebooks import read_notebook, write_notebook
from autograder.release.generate import release


def changed_source(tiny) -> None:
    """The author mends given cells, takes one out, adds one, and changes the library and a given file."""
    path = tiny.source / "first.ipynb"
    nb = read_notebook(path)
    nb.cells = [cell for cell in nb.cells if cell.id != "why"]
    for cell in nb.cells:
        if cell.id in ("title", "setup"):
            cell.source += "\n# mended by the author"
    nb.cells.insert(2, new_code_cell("seed = 7", id="new-given"))
    write_notebook(nb, path)
    library = tiny.course.root / "nn" / "tiny.py"
    library.write_text(library.read_text() + "\n\nMENDED = True\n")
    (tiny.source / "helper.py").write_text("x = 2\n")
    (tiny.source / "table.bin").write_bytes(b"\0\2")


def spliced(tiny, student: str, pristine=None):
    pristine = pristine or load_pristine(tiny.course, tiny.course.assignment("tiny"))
    return splice_submission(read_submission(student, tiny.course.submitted / student / "tiny", 64), pristine)


def rewrite(tiny, student: str, **cells: str) -> None:
    path = tiny.course.submitted / student / "tiny" / "first.ipynb"
    nb = read_notebook(path)
    for cell in nb.cells:
        cell.source = cells.get(cell.id.replace("-", "_"), cell.source)
    write_notebook(nb, path)


def test_a_changed_source_accuses_nobody(tiny):
    """Does no student who changed nothing have an edit or a note, whichever version the student began with?"""
    (tiny.source / "helper.py").write_text("x = 1\n")
    (tiny.source / "table.bin").write_bytes(b"\0\1")
    (tiny.source / "old.py").write_text("y = 1\n")
    release(tiny.course, ["tiny"])
    tiny.hand_in_release("old")
    tiny.hand_in("worked")
    tiny.hand_in_release("cheat")
    rewrite(tiny, "cheat", setup="import os\nx = 0")
    shutil.rmtree(tiny.course.submitted / "cheat" / "tiny" / "nn")
    changed_source(tiny)
    (tiny.source / "old.py").unlink()

    pristine = load_pristine(tiny.course, tiny.course.assignment("tiny"))
    places = "first.ipynb: title, first.ipynb: new-given, first.ipynb: setup, first.ipynb: why, helper.py and 2 more"
    assert f"source/tiny has changed since its release: {places}." in newer_note("tiny", pristine.newer)
    before = spliced(tiny, "old", pristine), spliced(tiny, "worked", pristine)
    assert [(one.edits, one.notes) for one in before] == [((), ()), ((), ())]
    assert [cell.id for cell in before[0].notebooks["first"].cells].count("why") == 0
    assert "mended by the author" in next(c.source for c in before[0].notebooks["first"].cells if c.id == "setup")
    assert before[0].files["helper.py"] == b"x = 2\n"

    release(tiny.course, ["tiny"])
    tiny.hand_in_release("new")
    tiny.hand_in_release("mixed")
    tiny.hand_in_release("new-cheat")
    shutil.copy(tiny.course.submitted / "old/tiny/helper.py", tiny.course.submitted / "mixed/tiny/helper.py")
    rewrite(tiny, "mixed", title=read_notebook(tiny.course.submitted / "old/tiny/first.ipynb").cells[0].source)
    rewrite(tiny, "new-cheat", setup="import os\nx = 0", double_check="")
    pristine = load_pristine(tiny.course, tiny.course.assignment("tiny"))
    assert pristine.newer == ()
    for student in ("old", "worked", "new", "mixed"):
        one = spliced(tiny, student, pristine)
        assert (one.edits, one.notes) == ((), ()), student
    for student, kind in (("cheat", "changed"), ("new-cheat", "changed")):
        one = spliced(tiny, student, pristine)
        assert (one.edits[0].place, one.edits[0].kind) == ("first.ipynb: setup", kind)
    assert {edit.place for edit in spliced(tiny, "cheat", pristine).edits} == {"first.ipynb: setup", "nn/tiny.py"}
