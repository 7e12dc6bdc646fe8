"""What a student's own run of the checks reports."""

from pathlib import Path

import nbformat

from autograder.assignment import load_assignment
from autograder.student.check import check_folder


def grade_cell(name: str, source: str, points: float = 2) -> nbformat.NotebookNode:
    marks = {"grade": True, "solution": False, "locked": True, "points": points, "grade_id": name, "schema_version": 3}
    return nbformat.v4.new_code_cell(source, id=name, metadata={"nbgrader": marks | {"task": False}})


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

    checked = list(check_folder(tmp_path, load_assignment(tmp_path)))

    assert [(cell.cell, cell.state, cell.points) for cell in checked] == [
        ("right", "ok", 2), ("wrong", "failed", 2), ("part", "part", 2), ("bonus", "ok", 3),
    ]  # fmt: skip
    assert checked[0].text == "scores ok"
    assert checked[1].text == "ValueError: off by a factor 5"
    assert (tmp_path / "a.ipynb").read_bytes() == before
    assert capfd.readouterr().err == ""  # kernels warn of what does not concern a student


def test_the_cause_of_a_missing_name_is_shown(tmp_path: Path):
    """Is the given cell shown that stopped for want of data, before the check that lacks what it should have made?"""
    (tmp_path / "assignment.toml").write_text('title = "T"\nnotebooks = ["a"]\n')
    cells = [
        nbformat.v4.new_code_cell("raise FileNotFoundError('no data: autograder data cifar10')", id="images"),
        nbformat.v4.new_code_cell("X + 1", id="picture"),
        nbformat.v4.new_code_cell("raise NotImplementedError('search')", id="search"),
        grade_cell("score", "X + 2"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    checked = [(cell.cell, cell.state, cell.text) for cell in check_folder(tmp_path, load_assignment(tmp_path))]
    assert checked == [
        ("images", "stopped", "FileNotFoundError: no data: autograder data cifar10"),
        ("score", "failed", "NameError: name 'X' is not defined"),
    ]


def test_a_search_may_take_its_time(tmp_path: Path):
    """Does a search, which grading does not run, get no time limit, and is another cell named that is too slow?"""
    (tmp_path / "assignment.toml").write_text(
        'title = "T"\nnotebooks = ["a"]\nsearch = ["a:search"]\n[limits]\ncell_seconds = 1\n'
    )
    sleep = "import time\ntime.sleep(2)"
    cells = [nbformat.v4.new_code_cell(sleep, id="search"), grade_cell("after", "print('ok')")]
    cells += [grade_cell("slow", sleep), grade_cell("last", "1")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    after, slow, last = check_folder(tmp_path, load_assignment(tmp_path))
    assert (after.state, after.text) == ("ok", "ok")
    assert (slow.state, slow.text) == (last.state, last.text)
    assert (last.state, last.text) == ("not reached", 'the cell "slow" ran longer than 1 s')
