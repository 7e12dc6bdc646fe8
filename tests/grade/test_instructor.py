"""What an instructor does, rightly or wrongly, around grading."""

import csv
import shutil
import subprocess
import sys

import pytest
from nbgrader.api import Gradebook

from autograder.assignment import load_assignment
from autograder.errors import CourseError
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.verdict.judge import Judge
from autograder.gradebook.stats import class_scores, histogram_of
from autograder.handback.export import export_totals
from autograder.notebooks import read_notebook, write_notebook
from autograder.report.batch import graded


def edit(tiny, notebook: str, cell: str, old: str, new: str) -> None:
    """Change a cell of the source."""
    path = tiny.source / f"{notebook}.ipynb"
    nb = read_notebook(path)
    changed = next(c for c in nb.cells if c.id == cell)
    assert old in changed.source
    changed.source = changed.source.replace(old, new)
    write_notebook(nb, path)


def test_solution_that_fails(tiny, grading):
    """Is the cell named in which the instructor's own notebook fails, and nobody graded?"""
    tiny.hand_in("ada")
    edit(tiny, "first", "own", "return 3 * x", "return 3 / 0")
    with pytest.raises(CourseError, match=r'cell "triple-check": the instructor.s own solution fails'):
        grading(tiny)
    assert not (tiny.course.autograded / "ada" / "tiny").exists()


def test_check_without_expectation(tiny, grading):
    """Is grading refused where points hang on nothing that could be judged?"""
    tiny.hand_in("ada")
    edit(tiny, "first", "triple-check", "expect.same(triple(y), name='tripled')", "print(triple(1))")
    with pytest.raises(CourseError, match="cell triple-check: it has points but states no expectation"):
        grading(tiny)


def test_points_changed_since_the_release(tiny, grading):
    """Is the instructor told to release again, instead of writing scores that do not fit the gradebook?"""
    tiny.hand_in("ada")
    path = tiny.source / "first.ipynb"
    nb = read_notebook(path)
    next(cell for cell in nb.cells if cell.id == "norm-check").metadata.nbgrader.points = 7
    write_notebook(nb, path)
    with pytest.raises(CourseError, match="the cell norm-check has changed since the release"):
        grading(tiny)


def test_not_released(tiny, grading):
    """Is an assignment refused that the gradebook does not know?"""
    tiny.hand_in("ada")
    (tiny.course.root / "gradebook.db").unlink()
    with pytest.raises(CourseError, match="the gradebook does not know tiny"):
        grading(tiny)


@pytest.mark.parametrize("command", ["grade", "stats"])
def test_damaged_gradebook(tiny, command):
    """Does a gradebook that is no database give one message, and no stack trace?"""
    tiny.hand_in("ada")
    (tiny.course.root / "gradebook.db").write_bytes(b"no database" * 1000)
    run = [sys.executable, "-m", "autograder", command, "tiny"]
    done = subprocess.run(run, cwd=tiny.course.root, capture_output=True, text=True)
    assert done.returncode == 1
    assert "the gradebook cannot be used: file is not a database." in done.stderr
    assert "Traceback" not in done.stderr


def test_changed_source_is_graded_again_and_manual_scores_stay(tiny, grading):
    """After a check is mended, is everybody graded again, with the points that a person gave kept and flagged?"""
    tiny.hand_in("ada", library={"out = 2 * x": "out = 3 * x"})
    tiny.hand_in("max")
    grading(tiny)
    assert tiny.scores("ada")["first:double-check"] == 0
    with Gradebook(tiny.course.gradebook_url) as gradebook:
        gradebook.find_grade("why", "first", "tiny", "ada").manual_score = 4
        gradebook.find_grade("double-check", "first", "tiny", "ada").manual_score = 1
        gradebook.db.commit()
    edit(tiny, "first", "double-check", "expect.same(double(x)", "expect.same(double(x).shape")
    assert "graded already" not in grading(tiny)
    assert tiny.scores("ada")["first:double-check"] == 2
    with Gradebook(tiny.course.gradebook_url) as gradebook:
        why = gradebook.find_grade("why", "first", "tiny", "ada")
        assert (why.score, why.needs_manual_grade) == (4, True)
        double = gradebook.find_grade("double-check", "first", "tiny", "ada")
        assert (double.auto_score, double.score, double.needs_manual_grade) == (2, 1, True)


def test_late_penalty_follows_points_given_by_hand(tiny, grading, tmp_path):
    """Does lateness cost its part of what a person gives afterwards, everywhere, with nothing graded again?"""
    tiny.hand_in("max", timestamp="2026-10-10 10:00:00 UTC")
    tiny.hand_in("zoe", timestamp="2026-10-19 10:00:00 UTC")
    grading(tiny)

    def given(score: float) -> None:
        with Gradebook(tiny.course.gradebook_url) as gradebook:
            for student in ("max", "zoe"):
                gradebook.find_grade("why", "first", "tiny", student).manual_score = score
            gradebook.db.commit()

    def lost() -> dict[str, float]:
        with Gradebook(tiny.course.gradebook_url) as gradebook:
            found = gradebook.assignment_submissions("tiny")
            return {one.student.id: pytest.approx(one.late_submission_penalty) for one in found}

    assert lost() == {"max": 2.2, "zoe": 22}
    given(5)
    export_totals(tiny.course, [], tmp_path / "grades.csv")
    assert lost() == {"max": 2.7, "zoe": 27}
    table = (tmp_path / "grades.csv").read_text(encoding="utf-8").splitlines()
    totals = {row["student_id"]: row for row in csv.DictReader(table)}
    assert float(totals["zoe"]["score"]) == 0
    given(4)
    assert "2 graded already" in grading(tiny)
    assert lost() == {"max": 2.6, "zoe": 26}
    given(3)
    scores = dict(graded(tiny.course, "tiny", None)[1])
    assert (scores["max"].total, scores["zoe"].total) == (pytest.approx(22.5), 0)
    given(2)
    assert histogram_of(class_scores(tiny.course, tiny.course.assignment("tiny"))).plain.startswith("  0– 10 %  █")
    assert lost() == {"max": 2.4, "zoe": 24}


def test_searches_run_only_when_asked(tiny, grading):
    """Are the handed-in weights graded, and those of the student's own search with --retrain?"""
    poor = tiny.weights.replace(b"W.npy", b"Q.npy")
    tiny.hand_in("ada", weights=poor)
    grading(tiny)
    assert tiny.scores("ada")["second:accuracy-check"] == 0
    search = next(
        cell
        for cell in read_notebook(tiny.course.autograded / "ada" / "tiny" / "second.ipynb").cells
        if cell.id == "search"
    )
    assert "not run again" in search.outputs[0]["text"]
    grading(tiny, force=True, retrain=True)
    assert tiny.scores("ada")["second:accuracy-check"] == 10


def test_instructors_search_runs_once(tiny):
    """Is the reference solution's search kept, so that the next grading run does not search again?"""
    assignment = load_assignment(tiny.source)

    def cells() -> list[str]:
        ran: list[str] = []
        with WarmProcess() as warm, Judge(tiny.course, assignment, "second", 0, warm) as judge:
            judge.prepare(ran.append)
            assert (judge.folder / "best.npz").exists()
        return ran

    assert "search" in cells()
    assert "search" not in cells()
    edit(tiny, "second", "search", "np.eye(4)", "1.0 * np.eye(4)")
    assert "search" in cells()


def test_withdrawn_submission_is_ignored(tiny, grading):
    """Is a student without a submission folder left alone, and a stray file in submitted/ not taken for one?"""
    tiny.hand_in("ada")
    tiny.hand_in("max")
    shutil.rmtree(tiny.course.submitted / "max")
    (tiny.course.submitted / "readme.txt").write_text("x")
    (tiny.course.submitted / "zoe").mkdir()
    shown = grading(tiny)
    assert "tiny: 1 submission " in shown
