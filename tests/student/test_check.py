"""What a student's own run of the checks reports."""

import shutil
from pathlib import Path

import nbformat

from autograder import CHECKING
from autograder.assignment import load_assignment
from autograder.notebooks import read_notebook, write_notebook
from autograder.regions import ANSWER_HERE
from autograder.student.check import CheckedFolder, StoppedCell, check_folder
from autograder.student.laid import lay_folder

NO_DATA = "FileNotFoundError: [Errno 2] No such file or directory: 'cifar10'"
SEARCHED = 'title = "T"\nnotebooks = ["a"]\nsearch = ["a:search"]\n[limits]\ncell_seconds = 1\n'


def grade_cell(name: str, source: str, points: float = 2) -> nbformat.NotebookNode:
    marks = {"grade": True, "solution": False, "locked": True, "points": points, "grade_id": name, "schema_version": 3}
    return nbformat.v4.new_code_cell(source, id=name, metadata={"nbgrader": marks | {"task": False}})


def checked_in(folder: Path, search: bool = False) -> CheckedFolder:
    return check_folder(folder, lay_folder(folder, load_assignment(folder)), search)


def in_short(checked: CheckedFolder) -> list[tuple]:
    return [
        (item.cell, "stopped", item.text) if isinstance(item, StoppedCell) else (item.key[1], item.state, item.text)
        for item in checked.items
    ]


def test_each_check_is_reported(tmp_path: Path, capfd):
    """Are passing, failing and partly passing checks told apart, in a fresh kernel, in the order of the notebook?"""
    (tmp_path / "assignment.toml").write_text('title = "T"\nnotebooks = ["a"]\n[extra_credit]\n"a:bonus" = 3\n')
    cells = [
        grade_cell("right", "print('scores ok')"),
        grade_cell("wrong", "raise ValueError('off by a factor 5')"),
        grade_cell("part", "1.5"),
        grade_cell("bonus", "None", points=0),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    before = (tmp_path / "a.ipynb").read_bytes()

    checked = checked_in(tmp_path).questions

    assert [(one.key[1], one.state, one.earned, one.question.points) for one in checked] == [
        ("right", "ok", 2, 2), ("wrong", "failed", 0, 2), ("part", "part", 1.5, 2), ("bonus", "ok", 3, 3),
    ]  # fmt: skip
    assert checked[0].text == ""
    assert checked[1].text == "ValueError: off by a factor 5"
    assert (tmp_path / "a.ipynb").read_bytes() == before
    assert capfd.readouterr().err == ""  # kernels warn of what does not concern a student


def test_states_that_are_neither_right_nor_wrong_are_told_apart(tmp_path: Path):
    """Is nothing called ok that was not compared, nothing called failed that is only not written yet?"""
    (tmp_path / "assignment.toml").write_text('title = "T"\nnotebooks = ["a"]\n')
    answer = "**Why?**\n<!-- ===== START YOUR ANSWER HERE ===== -->\n{}\n<!-- ===== END YOUR ANSWER HERE ===== -->"
    marks = {"grade": True, "solution": True, "locked": False, "points": 2, "schema_version": 3, "task": False}
    cells = [
        grade_cell("later", "from autograder import expect\nexpect.same(1.0, name='one')"),
        grade_cell("hidden", "# tested later"),
        grade_cell("half", "print('7.5 of 10 points')", points=10),
        grade_cell("todo", "raise NotImplementedError('loss: scores')"),
        grade_cell("asserts", "x = 3\nassert x == 4"),
        nbformat.v4.new_markdown_cell(
            answer.format(ANSWER_HERE), id="open", metadata={"nbgrader": marks | {"grade_id": "open"}}
        ),
        nbformat.v4.new_markdown_cell(
            answer.format("So."), id="done", metadata={"nbgrader": marks | {"grade_id": "done"}}
        ),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    checked = checked_in(tmp_path)
    assert [(one.key[1], one.state, one.earned) for one in checked.questions] == [
        ("later", "later", None), ("hidden", "later", None), ("half", "part", 7.5), ("todo", "to write", 0),
        ("asserts", "failed", 0), ("open", "to write", 0), ("done", "by hand", None),
    ]  # fmt: skip
    assert checked.questions[3].text == "loss: scores is not written yet."
    assert checked.questions[4].text == "This does not hold: assert x == 4"
    assert not checked.is_complete


def test_a_notebook_knows_that_it_is_being_checked(tmp_path: Path):
    """Can a last cell that checks everything tell that it is itself being checked?"""
    (tmp_path / "assignment.toml").write_text('title = "T"\nnotebooks = ["a"]\n')
    cells = [grade_cell("asks", f"import os\nassert os.environ[{CHECKING!r}]")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    assert checked_in(tmp_path).is_complete


def test_the_cause_of_a_missing_name_is_shown(tmp_path: Path):
    """Is the given cell shown that stopped for want of data, before the check that lacks what it should have made?"""
    (tmp_path / "assignment.toml").write_text('title = "T"\nnotebooks = ["a"]\n')
    cells = [
        nbformat.v4.new_code_cell("X = open('cifar10')", id="images"),
        nbformat.v4.new_code_cell("X + 1", id="picture"),
        nbformat.v4.new_code_cell("raise NotImplementedError('search')", id="search"),
        grade_cell("score", "X + 2"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    assert in_short(checked_in(tmp_path)) == [
        ("images", "stopped", NO_DATA),
        (
            "score",
            "failed",
            "NameError: name 'X' is not defined\n"
            f'`X` was never made, because the cell "images" above stopped: {NO_DATA}.',
        ),
    ]


def test_a_search_may_take_its_time(tmp_path: Path):
    """Does a search get no time limit where it is asked for, and is another cell named that is too slow?"""
    (tmp_path / "assignment.toml").write_text(SEARCHED)
    sleep = "import time\ntime.sleep(1.2)"
    cells = [nbformat.v4.new_code_cell(sleep, id="search"), grade_cell("after", "print('ok')")]
    cells += [grade_cell("slow", sleep), grade_cell("last", "1")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    slow = 'the cell "slow" ran longer than 1 s'
    assert in_short(checked_in(tmp_path, search=True)) == [
        ("after", "ok", ""), ("slow", "not run", slow), ("last", "not run", slow),
    ]  # fmt: skip


def test_a_search_is_not_run_as_when_grading(tmp_path: Path):
    """Does a check see what grading will see: no variable that only the search makes?"""
    (tmp_path / "assignment.toml").write_text(SEARCHED)
    cells = [nbformat.v4.new_code_cell("best = 1", id="search"), grade_cell("after", "print(best)")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    checked = checked_in(tmp_path)
    assert checked.searches == ("search",)
    assert in_short(checked) == [("after", "failed", "NameError: name 'best' is not defined")]


def test_what_runs_is_what_grading_runs(released, tmp_path: Path):
    """Does code outside the regions, in the notebook or in the library, help at home no more than when graded?"""
    handed_out = released.course.release_dir / "tiny"
    folder = Path(shutil.copytree(handed_out, tmp_path / "tiny"))
    text = (folder / "nn/tiny.py").read_text()
    (folder / "nn/tiny.py").write_text(text.replace('"""Twice x."""', '"""Twice x."""\n    return 2 * x'))
    nb = read_notebook(folder / "first.ipynb")
    own = next(cell for cell in nb.cells if cell.id == "own")
    own.source = "def triple(x):\n    return 3 * x"
    write_notebook(nb, folder / "first.ipynb")
    checked = check_folder(folder, lay_folder(folder, load_assignment(folder), handed_out))
    states = {one.key[1]: one.state for one in checked.questions}
    assert (states["double-check"], states["triple-check"]) == ("to write", "to write")
