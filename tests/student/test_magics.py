"""`%check` and `%submit`, as a student calls them in a notebook."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

from autograder.grade.processes.shell import NotebookShell
from autograder.notebooks import read_notebook, write_notebook
from autograder.student.magics import changed_since

NAMED = (
    '# ===== START YOUR CODE HERE: student =====\nname = "Ada"\nstudent_id = "s1"\n# ====== END YOUR CODE HERE ======'
)


@pytest.fixture
def folder(released, tmp_path: Path) -> Path:
    """The tiny homework, written and with a name, beside the copy that it came with."""
    handed_out = released.course.release_dir / "tiny"
    shutil.copytree(handed_out, tmp_path / ".handed-out")
    folder = Path(shutil.copytree(handed_out, tmp_path / "tiny"))
    shutil.copy(released.course.root / "nn/tiny.py", folder / "nn/tiny.py")
    (folder / "best.npz").write_bytes(released.weights)
    nb = read_notebook(folder / "first.ipynb")
    next(cell for cell in nb.cells if cell.id == "student").source = NAMED
    write_notebook(nb, folder / "first.ipynb")
    return folder


def run_here(folder: Path, *sources: str) -> list[NotebookNode]:
    """Run cells in a notebook of that folder, which is not saved meanwhile."""
    cells = [new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
    nb = NotebookNode(read_notebook(folder / "first.ipynb"), cells=cells)
    NotebookClient(nb, resources={"metadata": {"path": str(folder)}}).execute()
    return cells


def text_of(cell: NotebookNode) -> str:
    said = "".join(output.text for output in cell.outputs if output.output_type == "stream")
    return said + "".join(output.data.get("text/html", "") for output in cell.outputs if "data" in output)


SETUP = "import numpy as np\nfrom autograder import expect\nfrom nn.tiny import double, norm"


def test_one_check_runs_here_and_now(folder):
    """Does `%check` with a name run that check with the notebook's own variables, without loading anything first?"""
    unwritten = 'def double(x): raise NotImplementedError("double")'
    more = ["%check d", "%check xyz", unwritten, "%check double-check"]
    cells = run_here(
        folder, SETUP, "%check double-check", "double = None", "%check double", "%check doble-check", *more
    )
    assert "Double check: 2 of 2 points." in text_of(cells[1])
    assert "Double check: 0 of 2 points so far." in text_of(cells[3])
    assert "Did you mean  %check double-check ?" in text_of(cells[4])
    assert text_of(cells[6]).startswith('%check: there is no check "xyz". There are:\n  double-check, ')
    assert text_of(cells[8]) == "Double check: 0 of 2 points so far.\ndouble is not written yet.\n"
    assert [output.output_type for output in cells[8].outputs] == ["stream"]


def test_a_check_is_not_blamed_for_what_cells_below_it_changed():
    """Are the names told that cells below a check changed after those above it ran, and none if these ran again?"""
    texts = {"a": "net = 1\nX = 2", "b": "f(net, X)", "c": "net = 3", "d": "X.sort()\ny = 1"}
    cells = [new_code_cell(text, id=name) for name, text in texts.items()]
    runs = ["", *texts.values(), "%check b"]
    assert changed_since(cells, "b", runs[:3]) == []
    assert changed_since(cells, "b", runs) == ["X", "net"]
    assert changed_since(cells, "b", [*runs, texts["a"]]) == []


def test_a_name_that_was_never_made_is_explained(folder):
    """Is the saved cell named that stopped before it made what a check needs; else, is it asked what was run?"""
    saved = read_notebook(folder / "first.ipynb")
    own = next(cell for cell in saved.cells if cell.id == "own")
    (not_run,) = run_here(folder, "%load_ext autograder\nfrom autograder import expect\n%check triple-check")
    assert "Have you run the cells above it?" in text_of(not_run)
    own.outputs = [new_output("error", ename="TabError", evalue="mixed", traceback=[])]
    write_notebook(saved, folder / "first.ipynb")
    (stopped,) = run_here(folder, "%load_ext autograder\nfrom autograder import expect\n%check triple-check")
    assert '`triple` was never made, because the cell "own" above stopped: TabError: mixed.' in text_of(stopped)


def test_everything_is_checked_and_packed_without_a_terminal(folder):
    """Does one last cell check, print and pack, and link both files where the notebook can reach them?"""
    saved = read_notebook(folder / "first.ipynb")
    saved.cells.append(new_code_cell("a = 1", id="mine", execution_count=2))
    write_notebook(saved, folder / "first.ipynb")
    _, _, packed, again = run_here(folder, SETUP, "a = 1", "%submit", "%submit")
    text = text_of(packed)
    assert "not written yet" in text
    assert "Double check" in text
    assert "Ada (s1): 5 files in the zip." in text
    assert "<a href='s1-tiny.zip' download>s1-tiny.zip</a>" in text  # JupyterLab opens other links as texts
    assert "href='s1-tiny.pdf'" in text
    assert "first.ipynb" in zipfile.ZipFile(folder / "s1-tiny.zip").namelist()
    assert (folder / "s1-tiny.pdf").read_bytes().startswith(b"%PDF")
    assert text_of(again).startswith("Save the notebook first")


def test_loading_the_extension_says_nothing(folder):
    """Is the last cell quiet, whether expect was imported before it or not?"""
    cells = run_here(folder, "%reload_ext autograder", SETUP, "%reload_ext autograder", "%check double-check")
    assert [text_of(cell) for cell in cells[:3]] == ["", "", ""]
    assert "Double check: 2 of 2 points." in text_of(cells[3])


def test_magics_that_are_left_in_a_cell_do_no_harm(folder, monkeypatch):
    """Does a cell that calls them go on when it is graded, and when it is itself being checked?"""
    from autograder.expect.session import RecordingSession, use

    shell = NotebookShell()
    with use(RecordingSession(1, lambda data: None)):
        result = shell.run_cell("%load_ext autograder\n%check\n%submit\nx = 1")
    assert result.success
    assert shell.user_ns["x"] == 1
    monkeypatch.setenv("AUTOGRADER_CHECK", "1")
    assert shell.run_cell("%check\ny = 2").success
    assert json.dumps(shell.user_ns["y"]) == "2"
