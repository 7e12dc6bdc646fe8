"""`grade --changed`: who moves by how much, what runs again for it, and what is written?"""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from autograder.amend.moves import moves_of, moves_table
from autograder.amend.terminal import amend_and_show
from autograder.assignment import LatePolicy
from autograder.errors import CourseError
from autograder.grade.run.start import started
from autograder.grade.run.worker import Worker
from autograder.grade.verify import verify
from autograder.gradebook.results import CellResult, Scores
from autograder.gradebook.scores import scores_by_student
from autograder.gradebook.store import Store
from autograder.notebooks import read_notebook, write_notebook
from autograder.release.generate import release

WRONG = {"out = 2 * x": "out = 2 * x + 1e-6"}


def amend(tiny, answer: bool | None = None, **options) -> str:
    console = Console(file=io.StringIO(), width=100)
    with started(tiny.course, tiny.name, options.get("wanted", ()), 2) as start:
        amend_and_show(start, ask=lambda: answer, console=console, **options)
    return console.file.getvalue()


def change(tiny, notebook: str, cell: str, old: str, new: str) -> None:
    path = tiny.source / f"{notebook}.ipynb"
    nb = read_notebook(path)
    [one] = [one for one in nb.cells if one.id == cell]
    assert old in one.source
    one.source = one.source.replace(old, new)
    write_notebook(nb, path)


def total(tiny, student: str) -> float:
    return scores_by_student(tiny.course, tiny.course.assignment("tiny"))[student].total


def log(tiny) -> list[dict]:
    return list(Store(tiny.course, "tiny").logged())


@pytest.fixture
def ran(monkeypatch, tmp_path) -> Callable[[], list[str]]:
    """Says which submissions ran since it was last asked, in whichever process."""
    noted = tmp_path / "ran"
    noted.touch()
    run = Worker.run

    def note(self, job, **more):
        with noted.open("a") as file:
            file.write(f"{job.student}\n")
        return run(self, job, **more)

    def since() -> list[str]:
        students = sorted(noted.read_text().split())
        noted.write_text("")
        return students

    monkeypatch.setattr(Worker, "run", note)
    return since


def test_a_threshold_is_judged_with_kept_evidence(tiny, grading, ran):
    """Does a wider tolerance move who it should without a run, after nothing was written unasked; does verify agree?"""
    tiny.hand_in("ada")
    tiny.hand_in("eve", library=WRONG)
    grading(tiny, workers=2)
    assert ran() == ["ada", "eve"]
    before = {path: path.read_bytes() for path in (tiny.course.autograded / "eve").rglob("*") if path.is_file()}
    notebook = tiny.course.autograded / "eve" / "tiny" / "second.ipynb"
    change(tiny, "first", "double-check", "name='doubled'", "name='doubled', at_most=1e-3")

    said = amend(tiny)
    assert "2 of 2 submissions judged again from kept evidence; 0 ran again." in said
    assert [line.split() for line in said.splitlines() if line.startswith(" eve")] == [
        ["eve", "20", "22", "+2", "Double", "check", "0", "→", "2"]
    ]
    assert "ada" not in said
    assert "Nothing was written. Add --yes to write these scores." in said
    assert {path: path.read_bytes() for path in before} == before
    assert total(tiny, "eve") == 20
    assert len(log(tiny)) == 2
    assert "Nothing was written.\n" in amend(tiny, answer=False)

    shown = read_notebook(notebook).cells
    said = amend(tiny, answer=True, reason="1e-8 was too strict")
    assert "Written: 1 score changed." in said
    assert ran() == []
    assert total(tiny, "eve") == 22
    [ada, eve] = log(tiny)[2:]
    assert (eve["by"], eve["reason"], eve["ran"]) == ("autograder grade --changed", "1e-8 was too strict", [])
    assert eve["questions"] == {"first:double-check": [0, 2]}
    assert (eve["total_before"], eve["total"], ada["questions"]) == (20, 22, {})
    assert ada["run"] == eve["run"]
    assert all(one.ok for one in verify(tiny.course, tiny.course.assignment("tiny")))
    assert [cell.get("outputs") for cell in read_notebook(notebook).cells] == [cell.get("outputs") for cell in shown]
    assert "2 graded already" in grading(tiny, workers=2)
    assert "Nothing has changed since grading." in amend(tiny)
    assert ran() == []


def test_what_would_run_otherwise_runs_again(tiny, grading, ran):
    """Does a changed given cell, or a limit, run notebooks again, with the same inputs, and say by what?"""
    tiny.hand_in("ada")
    grading(tiny, workers=2)
    seed = tiny.result("ada")["seed"]
    ran()
    change(tiny, "second", "setup", "y = np", "Z = 0\ny = np")
    toml = tiny.source / "assignment.toml"
    toml.write_text(toml.read_text().replace("cell_seconds = 5", "cell_seconds = 6"))
    said = amend(tiny, answer=True)
    assert ran() == ["ada"]
    assert "0 of 1 submission judged again from kept evidence; 1 ran again." in said
    assert "1 had to run: second:setup changed" in said
    assert "1 had to run: its limits changed" in said
    assert "No score moves." in said
    assert tiny.result("ada")["seed"] == seed
    assert not [edit for edit in tiny.result("ada")["edits"] if edit["place"].startswith("second")]
    assert all(one.ok for one in verify(tiny.course, tiny.course.assignment("tiny")))


def test_points_and_the_library(tiny, grading, ran):
    """Do changed points move scores once they are released, and does a changed solution need no run?"""
    tiny.hand_in("ada", library={"np.sum(x**2)": "np.sum(np.abs(x))"})
    tiny.hand_in("eve")
    grading(tiny, workers=2)
    ran()
    library = tiny.course.root / "nn" / "tiny.py"
    library.write_text(library.read_text().replace("np.sum(x**2)", "np.sum(np.abs(x))"))
    path = tiny.source / "first.ipynb"
    nb = read_notebook(path)
    [cell] = [cell for cell in nb.cells if cell.id == "triple-check"]
    cell.metadata.nbgrader.points = 6
    write_notebook(nb, path)
    with pytest.raises(CourseError, match="triple-check has changed since the release"):
        amend(tiny)
    [note] = release(tiny.course, ["tiny"])
    assert "autograder grade tiny --changed" in note
    said = amend(tiny, answer=True)
    assert ran() == []
    rows = {line.split()[0]: line.split()[1:] for line in said.splitlines() if line[:4] in (" ada", " eve")}
    assert rows["eve"][:4] == ["22", "21", "−1", "falls"]
    assert rows["ada"][:3] == ["19", "24", "+5"]
    assert "1 score falls: eve" in said
    assert (total(tiny, "ada"), total(tiny, "eve")) == (24, 21)


def test_never_lower(tiny, grading):
    """Does the better of two scores count, in notebook, gradebook and log, and does verify know what was judged?"""
    tiny.hand_in("eve", library={"out = 2 * x": "out = 2 * x + 1e-10"})
    grading(tiny, workers=2)
    assert total(tiny, "eve") == 22
    change(tiny, "first", "double-check", "name='doubled'", "name='doubled', at_most=1e-14")
    assert "eve 22 20 −2 falls" in " ".join(amend(tiny).split())
    said = amend(tiny, answer=True, never_lower=True)
    assert "No score moves." in said
    assert total(tiny, "eve") == 22
    [cell] = [one for one in Store(tiny.course, "tiny").result("eve").cells if one.cell == "double-check"]
    assert (cell.score, cell.credit, cell.judged) == (2, 1, 0)
    assert cell.lines[-1] == "Graded again, this check gives 0 points; the earlier 2 count."
    assert all(one.ok for one in verify(tiny.course, tiny.course.assignment("tiny")))


def test_who_submitted_since_is_left_to_grade(tiny, grading):
    """Are submissions that are newer than their grades named, and left alone?"""
    folder = tiny.hand_in("eve")
    tiny.hand_in("ada")
    grading(tiny, workers=2)
    (folder / "note.txt").write_text("once more")
    change(tiny, "first", "double-check", "name='doubled'", "name='twice'")
    said = amend(tiny, answer=True)
    assert "1 of 1 submission judged again" in said
    assert "Submitted since, or not graded yet: eve. For these:  autograder grade tiny" in " ".join(said.split("\n"))
    with pytest.raises(CourseError, match="no graded submission of max"):
        amend(tiny, wanted=["max"])


def test_moves_are_those_of_totals():
    """Is a late penalty taken off, are those who fall first, and does the table fit into 80 columns?"""

    def one(student: str, score: float, late: float = 0) -> Scores:
        cells = (CellResult("a", "one", 10, score), CellResult("b", "two", 10, 4.0))
        return Scores(student, "", cells, score + 4, 20, 0, False, seconds_late=late)

    scores = [one("up", 2), one("late", 10, 3600), one("same", 3), one("down", 8)]
    changes = {
        "up": {("a", "one"): 7.0},
        "late": {("a", "one"): 5.0},
        "same": {("a", "one"): 3.0},
        "down": {("a", "one"): 7.5},
    }
    moves = moves_of(
        scores, changes, {("a", "one"): "A question with quite a long name"}, LatePolicy(penalty_percent_per_day=10)
    )
    assert [(move.student, move.before, move.after, move.falls) for move in moves] == [
        ("late", 12.6, 8.1, True),
        ("down", 12, 11.5, True),
        ("up", 6, 11, False),
    ]
    console = Console(file=io.StringIO(), width=80)
    console.print(moves_table(moves))
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith(" late") and "−4.5 falls" in line for line in lines)
