"""Who is to be graded, and how little is read to find that out."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.errors import CourseError
from autograder.files import SEAL
from autograder.grade.prepare.basis import Sources
from autograder.grade.run import plan as planning
from autograder.grade.run import seen
from autograder.grade.run.plan import Plan, plan, read
from autograder.gradebook.results import RESULT, CellResult, SubmissionResult
from autograder.gradebook.store import Store
from autograder.notes import Note
from autograder.regions import Edit

WHO = ("ada", "bob", "cleo")


@pytest.fixture
def graded(tiny, monkeypatch):
    """Three submissions with results of what was handed in, long since written."""
    monkeypatch.setattr(seen, "SETTLED_SECONDS", -60.0)
    store, assignment = Store(tiny.course, tiny.name), tiny.course.assignment(tiny.name)
    result = SubmissionResult(
        assignment=tiny.name,
        student="",
        seed=1,
        graded_at="2026-10-10T13:00:00+00:00",
        submission_sha256="",
        assignment_sha256=Sources(tiny.course, assignment).basis.fingerprint,
        cells=(CellResult("first", "norm-check", 3, 3.0, 1.0),),
        stopped={"first": None},
        edits=(Edit("first.ipynb: setup", "changed", 1, "a", "b"), Edit("more.py", "added", 1, "", "c", whole=True)),
        notes=(Note("file", "one"), Note("stopped", "first: time"), Note("file", "two")),
    )
    for student in WHO:
        folder = tiny.hand_in_release(student)
        (folder / "nn" / "tiny.py").write_text(f"name = {student!r}\n")
        mine = replace(result, student=student, submission_sha256=read(store, assignment, student).sha256)
        if student == "cleo":
            mine = replace(mine, edits=(), notes=())
        store.unfinished.mkdir(parents=True, exist_ok=True)
        store.place(student, store.stage({RESULT: mine.to_json(), "first.ipynb": b"{}"}))
    return tiny


def planned(tiny, wanted=(), entered=WHO, force=False) -> Plan:
    assignment = tiny.course.assignment(tiny.name)
    fingerprint = Sources(tiny.course, assignment).basis.fingerprint
    return plan(Store(tiny.course, tiny.name), assignment, fingerprint, entered, wanted, force)


def test_nothing_is_read_twice(graded, monkeypatch):
    """Is each submission, and each result, read once by the first run that has nothing to do, and by later ones not?"""
    counted = Counter()

    def count(what, function):
        def counting(*args):
            counted[what] += 1
            return function(*args)

        return counting

    monkeypatch.setattr(planning, "read_submission", count("submissions", planning.read_submission))
    for name in ("result", "is_intact"):
        monkeypatch.setattr(Store, name, count(name, getattr(Store, name)))
    first = planned(graded)
    assert (first.students, first.up_to_date) == ((), WHO)
    remark = "file (2), stopped, edits outside regions"
    assert first.remarks == {"ada": remark, "bob": remark, "cleo": ""}
    assert counted == {"submissions": 3, "result": 3, "is_intact": 3}
    assert planned(graded) == first
    assert counted == {"submissions": 3, "result": 3, "is_intact": 3}


def damaged(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"3.0", b"4.0") or b" ")


CHANGES = {
    "a score in a result": lambda tiny: damaged(tiny.course.autograded / "bob" / "tiny" / RESULT),
    "a graded notebook": lambda tiny: (tiny.course.autograded / "bob" / "tiny" / "first.ipynb").unlink(),
    "no result": lambda tiny: (tiny.course.autograded / "bob" / "tiny" / RESULT).unlink(),
    "what was handed in": lambda tiny: (tiny.course.submitted / "bob" / "tiny" / "new.py").write_text(""),
    "when it was handed in": lambda tiny: (tiny.course.submitted / "bob/tiny/timestamp.txt").write_text("2026-10-10"),
}


@pytest.mark.parametrize("looked", [False, True], ids=["never looked at", "known"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changed_is_graded_again(graded, change, looked):
    """Is a submission graded again whose work or whose result is no longer what it was, and no other one?"""
    if looked:
        planned(graded)
    change(graded)
    found = planned(graded)
    assert (found.students, found.up_to_date) == (("bob",), ("ada", "cleo"))


def test_without_checksums_a_result_counts_while_it_can_be_read(graded):
    """Are results that nbgrader's own commands wrote taken as they are, and not where they are damaged?"""
    (graded.course.autograded / "bob" / "tiny" / SEAL).unlink()
    assert planned(graded).students == ()
    (graded.course.autograded / "bob" / "tiny" / RESULT).chmod(0o644)
    (graded.course.autograded / "bob" / "tiny" / RESULT).write_text("{")
    assert planned(graded).students == ("bob",)


def test_another_assignment_is_graded_anew(graded):
    """Is everybody graded again once the source is another, and those whom the gradebook does not have?"""
    planned(graded)
    assert planned(graded, entered={"ada", "cleo"}).students == ("bob",)
    assert planned(graded, force=True).students == WHO
    settings = graded.source / "assignment.toml"
    settings.write_text(settings.read_text().replace("cell_seconds = 5", "cell_seconds = 6"))
    assert planned(graded).students == WHO
    assert planned(graded, ["bob", "bob"]).students == ("bob",)


def test_who_submitted_nothing_is_named(graded):
    """Does grading somebody who is not there say so, and name a folder?"""
    with pytest.raises(CourseError, match=r"dora submitted nothing for tiny: there is no folder .*submitted/dora/tiny"):
        planned(graded, ["ada", "dora"])
