"""Grades as CSV, and how each question went."""

import csv
import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.assignment import LatePolicy
from autograder.cli import app
from autograder.csv_files import as_text
from autograder.errors import CourseError
from autograder.gradebook.lateness import penalty
from autograder.gradebook.opening import open_gradebook
from autograder.gradebook.scores import scores_by_student
from autograder.gradebook.stats import class_scores, histogram_of, question_stats
from autograder.handback.export import export_questions, export_totals
from autograder.source import source_questions


@pytest.fixture
def graded(tiny, grading):
    tiny.hand_in("ada")
    tiny.hand_in("max", library={"out = 2 * x": "out = 3 * x"}, timestamp="2026-10-10 10:00:00 UTC")
    grading(tiny)
    return tiny


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_csv_stats_and_nbgrader_export(graded, tmp_path):
    """Do our two CSV files, nbgrader's own export and the statistics show the same numbers?"""
    assert export_totals(graded.course, ["tiny"], tmp_path / "totals.csv") == 2
    totals = {row["student_id"]: row for row in rows_of(tmp_path / "totals.csv")}
    assert (float(totals["ada"]["score"]), float(totals["ada"]["max_score"])) == (22, 24)
    assert (float(totals["max"]["raw_score"]), float(totals["max"]["score"])) == (20, 18)
    subprocess.run(
        [sys.executable, "-m", "nbgrader", "export", "--to", str(tmp_path / "theirs.csv")],
        cwd=graded.course.root,
        check=True,
        capture_output=True,
    )
    theirs = {row["student_id"]: row for row in rows_of(tmp_path / "theirs.csv")}
    for student, column in itertools.product(theirs, ("raw_score", "late_submission_penalty", "score", "max_score")):
        assert f"{float(theirs[student][column]):.2f}" == totals[student][column]

    assert export_questions(graded.course, [], tmp_path / "questions.csv") == 12
    rows = {(row["student_id"], row["question"]): row for row in rows_of(tmp_path / "questions.csv")}
    assert float(rows["max", "double-check"]["score"]) == 0
    assert rows["ada", "why"]["score"] == ""
    assert rows["ada", "why"]["by_hand"] == "waiting"
    assert float(rows["ada", "bonus-check"]["extra_credit"]) == 3

    assignment = graded.course.assignment("tiny")
    scores = class_scores(graded.course, assignment)
    stats = {one.question.cell: one for one in question_stats(scores, source_questions(assignment))}
    assert list(stats) == [
        "double-check", "norm-check", "triple-check", "why", "accuracy-check", "bonus-check"
    ]  # fmt: skip
    assert (stats["double-check"].mean, stats["double-check"].zeros, stats["double-check"].full) == (1, 1, 1)
    assert stats["why"].waiting == 2
    assert stats["bonus-check"].question.points == 3
    assert histogram_of(scores).plain.count("█") > 0


def test_each_table_has_a_file_of_its_own(graded, monkeypatch):
    """Does a table of questions leave the table of totals alone?"""
    monkeypatch.chdir(graded.course.root)
    assert CliRunner().invoke(app, ["export"]).exit_code == 0
    totals = Path("grades.csv").read_text(encoding="utf-8")
    assert CliRunner().invoke(app, ["export", "--questions"]).exit_code == 0
    assert Path("grades.csv").read_text(encoding="utf-8") == totals
    assert len(rows_of(Path("questions.csv"))) == 12


def test_no_such_folder(graded, tmp_path):
    """Is it said which file cannot be written?"""
    for write in (export_totals, export_questions):
        with pytest.raises(CourseError, match=r"no/such/grades\.csv cannot be written: No such file"):
            write(graded.course, [], tmp_path / "no" / "such" / "grades.csv")


def test_nothing_graded(tiny):
    """Is it said that there is nothing to show yet?"""
    with pytest.raises(CourseError, match="nothing of tiny is graded yet"):
        class_scores(tiny.course, tiny.course.assignment("tiny"))


@pytest.mark.parametrize("text", ["=1+1", "@x", "-1", "+2", "\uff1d1+1", "\uff20x", "\t=1", "\n=1"])
def test_no_formulas(text):
    """Is a name that a spreadsheet would run defused?"""
    assert as_text(text).startswith("'" + text[0])


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Ann;=1+1;", "Ann;'=1+1;"),
        ("Ann\n =1+1", "Ann\n '=1+1"),
        ("Ann\t-2+cmd|' /C calc'!A0", "Ann\t'-2+cmd|' /C calc'!A0"),
        ("one; -1 point\n- two\n+ three; a = b, =c", "one; -1 point\n- two\n+ three; a = b, =c"),
    ],
)
def test_no_formulas_where_cells_end_elsewhere(text, written):
    """Is one defused, too, that begins a cell only where a spreadsheet splits at semicolons, and no list of points?"""
    assert as_text(text) == written


@pytest.mark.parametrize(
    ("seconds", "lost"),
    [(0, 0), (-5, 0), (1, 2), (86_400, 2), (86_401, 4), (3 * 86_400, 6), (3 * 86_400 + 1, 20)],
)
def test_penalty(seconds, lost):
    """Is a tenth lost for every day begun, and everything after the third?"""
    assert penalty(LatePolicy(penalty_percent_per_day=10, max_days=3), 20, seconds) == pytest.approx(lost)
    assert penalty(LatePolicy(), 20, seconds) == 0


def test_no_penalty_takes_more_than_there_is():
    """Is twelve times a tenth all of it, and nothing left where no day is allowed?"""
    assert penalty(LatePolicy(penalty_percent_per_day=10), 20, 11.5 * 86_400) == 20
    assert penalty(LatePolicy(penalty_percent_per_day=10, max_days=0), 20, 1) == 20


def test_a_due_time_taken_away_costs_nothing_any_more(graded):
    """Do the penalties go with the due time in assignment.toml, and does nbgrader's gradebook forget it too?"""
    path = graded.course.source / "tiny" / "assignment.toml"
    before = scores_by_student(graded.course, graded.course.assignment("tiny"))
    assert before["max"].late_penalty == 2
    path.write_text("\n".join(line for line in path.read_text().split("\n") if not line.startswith("due")))
    after = scores_by_student(graded.course, graded.course.assignment("tiny"))
    assert (after["max"].late_penalty, after["max"].total) == (0, 20)
    with open_gradebook(graded.course) as gradebook:
        assert gradebook.find_assignment("tiny").duedate is None
