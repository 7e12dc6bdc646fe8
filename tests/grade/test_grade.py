"""Grading a tiny course from end to end: many students in one run, and what becomes of each."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook
from rich.console import Console

from autograder.course import Course
from autograder.errors import CourseError
from autograder.grade.run.bar import Bar
from autograder.gradebook.store import Store
from autograder.notebooks import read_notebook, write_notebook
from autograder.release.generate import release

FULL = {
    "first:double-check": 2,
    "first:norm-check": 3,
    "first:triple-check": 4,
    "second:accuracy-check": 10,
    "second:bonus-check": 3,
}
NOTHING = dict.fromkeys(FULL, 0)
BEGIN, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"


def region(text: str, before: str = "") -> str:
    return f"{before}{BEGIN}\n{text}\n{END}"


def own(body: str) -> str:
    return f"def triple(x):\n    {BEGIN}\n    {body}\n    {END}"


def change(folder: Path, notebook: str, edit) -> None:
    path = folder / f"{notebook}.ipynb"
    nb = read_notebook(path)
    edit(nb)
    write_notebook(nb, path)


@pytest.fixture(scope="session")
def graded(released, grading, tmp_path_factory):
    """A course with one student for every case below, graded once."""
    tiny = type(released)(
        Course(Path(shutil.copytree(released.course.root, tmp_path_factory.mktemp("graded") / "course"))),
        weights=released.weights,
    )
    tiny.hand_in("ada")
    tiny.hand_in_release("blank")
    tiny.hand_in("mistaken", library={"out = 2 * x": "out = 3 * x"})
    tiny.hand_in("warns", library={"out = 2 * x": "import warnings\n    warnings.warn('mind')\n    out = 2 * x"})
    tiny.hand_in("prints", library={"out = 2 * x": "print('a <b>line</b>')\n    out = 2 * x"})
    tiny.hand_in("nan", cells={"first:own": own("return x * float('nan')")})
    tiny.hand_in("raises", cells={"first:own": own("raise ValueError('no idea')")})
    tiny.hand_in("syntax", cells={"first:own": own("return 3 *")})
    tiny.hand_in("loops", cells={"first:own": own("while True: pass")})
    tiny.hand_in("exits", cells={"first:own": own("import os; os._exit(3)")})
    tiny.hand_in("weightless")
    (tiny.course.submitted / "weightless" / "tiny" / "best.npz").unlink()
    tiny.hand_in("broken-weights", weights=b"PK not a zip")
    tiny.hand_in("no-library")
    shutil.rmtree(tiny.course.submitted / "no-library" / "tiny" / "nn")
    tiny.hand_in("no-second")
    (tiny.course.submitted / "no-second" / "tiny" / "second.ipynb").unlink()
    tiny.hand_in("not-json")
    (tiny.course.submitted / "not-json" / "tiny" / "first.ipynb").write_text("{ this is no notebook")
    tiny.hand_in("late", timestamp="2026-10-10 13:00:00 UTC")
    tiny.hand_in("too-late", timestamp="2026-10-20 13:00:00 UTC")
    cheat = tiny.hand_in("cheat")
    change(cheat, "first", lambda nb: setattr(nb.cells[3], "source", "x = 1"))
    added = tiny.hand_in("added")
    change(added, "first", lambda nb: nb.cells.insert(3, new_code_cell("double = lambda x: x + x", id="mine")))
    tiny.hand_in(
        "unanswered",
        cells={"first:why": read_notebook(tiny.course.release_dir / "tiny" / "first.ipynb").cells[-1].source},
    )
    tiny.hand_in(
        "plots", cells={"first:own": own("import matplotlib.pyplot as plt\n    plt.plot([1, 2])\n    return 3 * x")}
    )
    shown = grading(tiny, seed=7)
    return tiny, shown


@pytest.mark.parametrize(
    ("student", "lost"),
    [
        ("ada", {}),
        ("blank", NOTHING),
        ("mistaken", {"first:double-check": 0}),
        ("warns", {}),
        ("prints", {}),
        ("nan", {"first:triple-check": 0}),
        ("raises", {"first:triple-check": 0}),
        ("syntax", {"first:triple-check": 0}),
        ("loops", {"first:triple-check": 0}),
        ("exits", {"first:triple-check": 0}),
        ("weightless", {"second:accuracy-check": 0}),
        ("broken-weights", {"second:accuracy-check": 0}),
        ("no-library", {"first:double-check": 0, "first:norm-check": 0}),
        ("no-second", {"second:accuracy-check": 0, "second:bonus-check": 0}),
        ("not-json", {"first:double-check": 0, "first:norm-check": 0, "first:triple-check": 0}),
        ("cheat", {}),
        ("added", {}),
        ("plots", {}),
    ],
)
def test_points(graded, student, lost):
    """Does each submission get exactly the points that it deserves, and lose none to its other faults?"""
    tiny, _ = graded
    assert tiny.scores(student) == FULL | lost


def test_gradebook_shows_the_same(graded):
    """Are the points in nbgrader's gradebook those of result.json, question by question?"""
    tiny, _ = graded
    with Gradebook(tiny.course.gradebook_url) as gradebook:
        for student in [path.name for path in tiny.course.submitted.iterdir()]:
            found = {}
            for notebook in gradebook.find_submission("tiny", student).notebooks:
                for grade in notebook.grades:
                    if grade.name != "why":
                        found[f"{notebook.name}:{grade.name}"] = grade.score
            assert found == tiny.scores(student), student


def test_bonus_is_extra_credit(graded):
    """Do extra points come on top, without raising the maximum?"""
    tiny, _ = graded
    with Gradebook(tiny.course.gradebook_url) as gradebook:
        submission = gradebook.find_submission("tiny", "ada")
        assert (submission.score, submission.max_score) == (22, 24)
        bonus = gradebook.find_grade("bonus-check", "second", "tiny", "ada")
        assert (bonus.auto_score, bonus.extra_credit, bonus.max_score) == (0, 3, 0)


def test_late_penalty(graded):
    """Does lateness cost what assignment.toml says: 10 % for each of two days begun, all of it after three?"""
    tiny, _ = graded
    with Gradebook(tiny.course.gradebook_url) as gradebook:
        assert gradebook.find_submission("tiny", "late").late_submission_penalty == pytest.approx(0.2 * 22)
        assert gradebook.find_submission("tiny", "too-late").late_submission_penalty == 22
        assert gradebook.find_submission("tiny", "ada").late_submission_penalty == 0


def test_written_answers_wait_for_a_person(graded):
    """Is an answer left for grading by hand, one that was not written given 0 with a comment, as nbgrader does?"""
    tiny, _ = graded
    with Gradebook(tiny.course.gradebook_url) as gradebook:
        answered = gradebook.find_grade("why", "first", "tiny", "ada")
        assert (answered.auto_score, answered.needs_manual_grade) == (None, True)
        not_answered = gradebook.find_grade("why", "first", "tiny", "unanswered")
        assert (not_answered.auto_score, not_answered.needs_manual_grade) == (0, False)
        assert gradebook.find_comment("why", "first", "tiny", "unanswered").comment == "No response."


@pytest.mark.parametrize(
    ("student", "cell", "words"),
    [
        ("loops", "first:triple-check", "stopped after 5 s"),
        ("exits", "first:triple-check", "ended its own process (exit status 3)"),
        ("raises", "first:triple-check", "ValueError: no idea"),
        ("blank", "first:double-check", "NotImplementedError"),
        ("weightless", "second:accuracy-check", "no such file"),
        ("not-json", "first:double-check", "not a notebook"),
        ("no-second", "second:bonus-check", "second.ipynb was not handed in"),
        ("syntax", "first:triple-check", '`triple` was never made, because the cell "own" above stopped: SyntaxError'),
        ("mistaken", "first:double-check", "in `double`, a number is too large by one"),
    ],
)
def test_reasons(graded, student, cell, words):
    """Is a student told why there are no points?"""
    tiny, _ = graded
    notebook, _, id = cell.partition(":")
    assert words in "\n".join(tiny.result(student)["notebooks"][notebook]["cells"][id]["lines"])


def test_outputs_are_kept_and_harmless(graded):
    """Does the graded notebook hold what the cells showed: text, a plot, the verdict?"""
    tiny, _ = graded
    plots = read_notebook(tiny.course.autograded / "plots" / "tiny" / "first.ipynb")
    check = next(cell for cell in plots.cells if cell.id == "triple-check")
    assert "image/png" in check.outputs[0]["data"]
    assert check.outputs[-1]["text"].startswith("tripled")
    failed = read_notebook(tiny.course.autograded / "raises" / "tiny" / "first.ipynb")
    assert next(cell for cell in failed.cells if cell.id == "triple-check").outputs[-1]["ename"] == "Unmet"


def test_edits_outside_regions_are_told_and_do_not_count(graded):
    """Is a changed check put back, and the change shown?"""
    tiny, _ = graded
    edits = tiny.result("cheat")["edits"]
    assert [edit["place"] for edit in edits] == ["first.ipynb: double-check"]
    assert edits[0]["after"] == "x = 1"


def test_added_cells_run_where_they_stand(graded):
    """Does a student's own cell stay, marked as added?"""
    tiny, _ = graded
    nb = read_notebook(tiny.course.autograded / "added" / "tiny" / "first.ipynb")
    assert nb.cells[3].metadata["autograder"] == {"added": True}
    assert {note["kind"] for note in tiny.result("added")["notes"]} == {"added cells"}


def test_hidden_values_stay_hidden(graded):
    """Is nothing of what the reference gives in what a mistaken student may see?"""
    tiny, _ = graded
    result = tiny.result("mistaken")
    generator = __import__("autograder.expect.session", fromlist=["generator"]).generator
    expected = 2 * generator(7, "double-check", 0).normal(size=(3, 4))
    text = json.dumps(result) + (tiny.course.autograded / "mistaken" / "tiny" / "first.ipynb").read_text()
    for value in expected.ravel():
        assert f"{value:.4g}" not in text


def test_files_beside_the_notebooks_reach_grading(tiny, grading):
    """Do notebooks find, when graded, the data and helpers that came with the homework and that nobody hands in?"""
    (tiny.source / "data").mkdir()
    (tiny.source / "data" / "table.csv").write_text("1,2\n")
    (tiny.source / "helpers.py").write_text("TABLE = 'data/table.csv'\n")
    for name in ("demo.toml", "rubric.toml"):
        (tiny.source / name).write_text("# for the instructor\n")
    path = tiny.source / "first.ipynb"
    nb = read_notebook(path)
    nb.cells[2].source += "\nimport helpers\ntable = np.loadtxt(helpers.TABLE, delimiter=',')"
    nb.cells[3].source = "x = table * expect.rng().normal(size=2)\nexpect.same(double(x), name='doubled')"
    write_notebook(nb, path)
    release(tiny.course, ["tiny"])
    folder = tiny.hand_in("ada")
    for name in ("helpers.py", "data/table.csv"):
        (folder / name).unlink()
    grading(tiny)
    assert tiny.scores("ada")["first:double-check"] == 2
    names = {path.name for path in (tiny.course.autograded / "ada" / "tiny").rglob("*")}
    assert {"helpers.py", "table.csv"} <= names
    assert not {"demo.toml", "rubric.toml"} & names


def test_second_run_does_nothing(graded, grading):
    """Is nothing graded twice, and is what is left of a run that was killed just before its end cleared away?"""
    tiny, _ = graded
    before = {path: path.stat().st_mtime_ns for path in tiny.course.autograded.rglob("*")}
    store = Store(tiny.course, tiny.name)
    store.begin(1)
    store.unfinished.mkdir()
    assert "21 graded already" in grading(tiny)
    assert not (store.work / "run.json").exists()
    assert before == {path: path.stat().st_mtime_ns for path in tiny.course.autograded.rglob("*")}


def test_graded_submissions_may_lie_on_another_disk(tiny, grading, monkeypatch):
    """Where `autograded` is a link to another file system, does every submission get there, twice, and nothing else?"""
    tiny.hand_in("ada")
    elsewhere = tiny.course.root.with_name("elsewhere")
    elsewhere.mkdir()
    shutil.rmtree(tiny.course.autograded, ignore_errors=True)
    tiny.course.autograded.symlink_to(elsewhere)
    replace = os.replace

    def replace_on_one_disk(source, target):
        if (elsewhere in Path(source).resolve().parents) != (elsewhere in Path(target).resolve().parents):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        replace(source, target)

    monkeypatch.setattr(os, "replace", replace_on_one_disk)
    for force in (False, True):
        grading(tiny, force=force)
        assert tiny.scores("ada")["first:double-check"] == 2
        assert [path.name for path in elsewhere.iterdir()] == ["ada"]


def test_unknown_student_and_nothing_handed_in(graded, tiny, grading):
    """Is a mistake in the command said plainly?"""
    with pytest.raises(CourseError, match="nobody submitted nothing"):
        grading(graded[0], wanted=["nobody"])
    with pytest.raises(CourseError, match="No submissions"):
        grading(tiny)
    with pytest.raises(CourseError, match='no sandbox tier "fort"'):
        grading(tiny, tier="fort")


def test_the_progress_bar_takes_a_name_as_it_is(tmp_path):
    """Is a folder that is named like a colour or a link shown by its name?"""
    with open(tmp_path / "shown", "w+") as file:
        bar = Bar(Console(file=file, force_terminal=True, width=200), 2)
        with bar.progress:
            bar.begins("[red]ada")
            bar.begins("[@click=(]bob")
        file.seek(0)
        assert "[red]ada, [@click=(]bob" in file.read()
