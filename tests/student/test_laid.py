"""What a student hears of a folder before handing it in: each kind of loss that grading would meet."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from nbformat import NotebookNode

from autograder.assignment import load_assignment
from autograder.notebooks import read_notebook, write_notebook
from autograder.student.laid import LaidFolder, is_answered, lay_folder

BEGIN, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"
TRIPLE = f"def triple(x):\n    {BEGIN}\n    return 3 * x\n    {END}"


@pytest.fixture
def folder(released, tmp_path: Path) -> Path:
    """The tiny homework, with everything written."""
    folder = Path(shutil.copytree(released.course.release_dir / "tiny", tmp_path / "tiny"))
    (folder / "nn/tiny.py").write_text((released.course.root / "nn/tiny.py").read_text())
    (folder / "best.npz").write_bytes(released.weights)
    change(folder, own=TRIPLE)
    return folder


def change(folder: Path, **sources: str | None) -> None:
    """Give cells of first.ipynb another text, or delete them (None)."""
    nb = read_notebook(folder / "first.ipynb")
    nb.cells = [cell for cell in nb.cells if sources.get(cell.id, "") is not None]
    for cell in nb.cells:
        cell.source = sources.get(cell.id, cell.source)
    write_notebook(nb, folder / "first.ipynb")


def laid(folder: Path, released) -> LaidFolder:
    return lay_folder(folder, load_assignment(folder, all_there=False), released.course.release_dir / "tiny")


def edit(folder: Path, old: str, new: str) -> None:
    text = (folder / "nn/tiny.py").read_text()
    assert old in text
    (folder / "nn/tiny.py").write_text(text.replace(old, new))


def lose_a_notebook(folder):
    (folder / "second.ipynb").rename(folder / "second (1).ipynb")


def cut_a_notebook(folder):
    (folder / "second.ipynb").write_text('{"cells": [')


def lose_the_library(folder):
    shutil.rmtree(folder / "nn")


def lose_a_file(folder):
    (folder / "nn/tiny.py").unlink()


def write_bad_bytes(folder):
    (folder / "nn/tiny.py").write_bytes((folder / "nn/tiny.py").read_bytes() + b"\0")


def save_in_an_old_encoding(folder):
    edit(folder, "Twice x.", "Twice x, na\u00efvely.")
    path = folder / "nn/tiny.py"
    path.write_bytes(path.read_text("utf-8").encode("cp1252"))


def write_bad_syntax(folder):
    edit(folder, "out = 2 * x", "out = 2 *")


def write_bad_syntax_in_a_cell(folder):
    change(folder, own=TRIPLE.replace("3 * x", "3 *"))


def lose_banners(folder):
    change(folder, own="def triple(x):\n    return 3 * x")


def lose_banners_in_the_library(folder):
    edit(folder, f"    {BEGIN}\n    out = 2 * x\n    {END}\n", "    out = 2 * x\n")


def write_beside_the_region(folder):
    stub = 'raise NotImplementedError("own")'
    change(folder, own=f"def triple(x):\n    {BEGIN}\n    {stub}\n    {END}".replace("(x):", "(x):\n    return 3 * x"))


def delete_work(folder):
    change(folder, own=None)


COSTLY = {
    lose_a_notebook: ("second.ipynb", "is not there, so nothing of it is graded.*second \\(1\\).ipynb"),
    cut_a_notebook: ("second.ipynb", "is not a notebook"),
    lose_the_library: ("nn/", "the folder is not there"),
    lose_a_file: ("nn/tiny.py", "is not there"),
    write_bad_bytes: ("nn/tiny.py", "is not a text"),
    save_in_an_old_encoding: ("nn/tiny.py", "is saved as cp1252, which Python does not read"),
    write_bad_syntax: ("nn/tiny.py", "line 9: something is missing or too much here:  out = 2 \\*"),
    write_bad_syntax_in_a_cell: ("first.ipynb: own", "line 3: something is missing or too much here:  return 3 \\*"),
    lose_banners: ("first.ipynb: own", "the START and END lines around your code .*are gone"),
    lose_banners_in_the_library: ("nn/tiny.py", "the START and END lines around your code .*are gone"),
    write_beside_the_region: ("first.ipynb: own", "your code in line 2 is not between the START and END lines"),
    delete_work: ("first.ipynb: own", "the cell with your work was deleted"),
}


@pytest.mark.parametrize("harm", COSTLY, ids=lambda harm: harm.__name__)
def test_work_that_grading_would_not_see_is_named_beforehand(folder, released, harm):
    """Does a student hear of it, with the place, and as something that costs work?"""
    harm(folder)
    found = laid(folder, released).findings
    place, text = COSTLY[harm]
    assert [finding.place for finding in found if finding.costly] == [place]
    assert re.search(text, found[0].text)


def change_a_given_cell(folder):
    change(folder, setup="import numpy as np\nfrom autograder import expect\nfrom nn.tiny import double, norm\nk = 1")


def change_the_library(folder):
    edit(folder, "import numpy as np", "import numpy as np\nimport math")


def lose_one_banner(folder):
    change(folder, own=f"def triple(x):\n    {BEGIN}\n    return 3 * x")


def add_a_module_to_the_library(folder):
    (folder / "nn/own.py").write_text("x = 1")


def lose_the_weights(folder):
    (folder / "best.npz").unlink()


LIGHT = {
    change_a_given_cell: ("first.ipynb: setup", "line 4 was added. This cell is given"),
    change_the_library: ("nn/tiny.py", "line 4 was added, outside START and END"),
    lose_one_banner: ("first.ipynb: own", "the END line is missing"),
    add_a_module_to_the_library: ("nn/own.py", "does not belong to the homework"),
    lose_the_weights: ("best.npz", 'is not there: "Accuracy check" earns nothing without it'),
}


@pytest.mark.parametrize("change_it", LIGHT, ids=lambda change: change.__name__)
def test_smaller_things_are_named_too(folder, released, change_it):
    """Is what costs little or nothing said, and not made more of?"""
    change_it(folder)
    (finding,) = laid(folder, released).findings
    place, text = LIGHT[change_it]
    assert (finding.place, finding.costly) == (place, False)
    assert finding.text.startswith(text)


@pytest.mark.parametrize(
    ("data", "named", "says"),
    [
        (
            ["cifar10"],
            "synthetic",
            "was trained on synthetic. What counts when graded is cifar10: train on that.  "
            "autograder data cifar10  gets it.",
        ),
        (
            ["cifar10", "mnist"],
            "fashion-mnist",
            "was trained on fashion-mnist. What counts when graded is cifar10 and mnist: train on that.",
        ),
        (["cifar10"], "cifar10", None),
        (["cifar10"], None, None),
        ([], "synthetic", None),
    ],
)
def test_weights_of_other_data_are_named_before_they_cost_points(folder, released, data, named, says):
    """Does a student hear that weights come from a stand-in, though every check passes on that at home?"""
    toml = folder / "assignment.toml"
    toml.write_text(toml.read_text().replace("hand_in =", f"data = {json.dumps(data)}\nhand_in ="))
    np.savez(folder / "best.npz", W=np.eye(4), **({"trained_on": np.str_(named)} if named else {}))
    found = [(one.place, one.text, one.costly) for one in laid(folder, released).findings]
    assert found == ([("best.npz", says, False)] if says else [])


def test_good_work_is_left_in_peace(folder, released):
    """Is there nothing to say of a folder in which only regions, answers and cells of one's own were written?"""
    nb = read_notebook(folder / "first.ipynb")
    nb.cells.append(NotebookNode(nb.cells[2], id="mine", source="a = 1", metadata={}))
    write_notebook(nb, folder / "first.ipynb")
    change(
        folder,
        why="Why?\n\n<!-- ===== START YOUR ANSWER HERE ===== -->\nSo.\n<!-- ===== END YOUR ANSWER HERE ===== -->",
    )
    (folder / "helper.py").write_text("x = 1")
    found = laid(folder, released)
    assert (found.findings, found.changed, found.compared) == ((), {}, True)
    assert found.written == {("first", "why")}


@pytest.mark.parametrize(("text", "answered"), [("Because.", True), ("", False), ("*Your answer.*", False)])
def test_an_answer_is_written_where_it_differs_from_what_was_handed_out(text, answered):
    """Is an answer's prompt, or its place left empty, not taken for an answer?"""
    banners = "<!-- ===== START YOUR ANSWER HERE ===== -->\n{}\n<!-- ===== END YOUR ANSWER HERE ===== -->"
    assert is_answered(banners.format(text), banners.format("*Your answer.*")) is answered


@pytest.mark.parametrize("harm", [lose_the_library, lose_a_file, write_bad_bytes, lose_banners, write_bad_syntax])
def test_what_can_be_seen_without_the_original_is_named_too(folder, tmp_path, harm):
    """Does a student without an unchanged copy hear of what is lost for certain, and that the rest is not known?"""
    harm(folder)
    found = lay_folder(folder, load_assignment(folder))
    assert not found.compared
    assert [finding.place for finding in found.findings if finding.costly] == [COSTLY[harm][0]]
