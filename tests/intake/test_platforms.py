"""Downloads as the platforms build them: `files/*.toml` says what each is and what must come out."""

from pathlib import Path

import pytest

from autograder.gradebook.roster import read_roster, write_people
from autograder.gradebook.store import Store
from autograder.intake.collect import collect
from autograder.intake.keep import receipts
from autograder.intake.roster import import_roster

from .exports import CASES, case, work_in, write, zipped


@pytest.mark.parametrize("name", CASES)
def test_each_platform_and_shape(tiny, tmp_path: Path, name: str):
    """Does everybody's work come out under the right name, with the time that the platform says and no other?"""
    wanted = case(name)
    course = tiny.course
    if "roster" in wanted:
        (tmp_path / "roster.csv").write_text(wanted["roster"].strip(), "utf-8")
        imported = import_roster(tmp_path / "roster.csv", read_roster(course), ["tiny"], {})
        write_people(course, imported.people)
    source = tmp_path / "download.zip"
    source.write_bytes(zipped(wanted["files"]))
    report = collect(course, course.assignment("tiny"), source)
    assert report.platform == wanted["platform"]
    assert sorted(problem.partition(":")[0] for problem in report.problems) == sorted(wanted.get("problems", {}))
    for start, said in wanted.get("problems", {}).items():
        assert any(problem.startswith(start) and said in problem for problem in report.problems)
    for said in wanted.get("notes", []):
        assert any(said in note for note in report.notes), report.notes
    known = receipts(Store(course, "tiny"))
    assert sorted(known) == sorted(wanted["students"])
    for student, about in wanted["students"].items():
        folder = course.submitted / student / "tiny"
        for path in about.keys() - {"handed_in", "late"}:
            assert work_in(folder / path) == about[path]
        assert known[student].handed_in == about.get("handed_in", "")
        assert known[student].late == about.get("late", False)
        assert (folder / "timestamp.txt").exists() == ("handed_in" in about)


@pytest.mark.parametrize("name", ["canvas-files", "gradescope-export", "teams-versions", "plain-zips"])
def test_an_unpacked_download_is_the_same(tiny, tmp_path: Path, name: str):
    """Does a download that somebody unpacked, into a folder of its own, give the same as the zip?"""
    wanted = case(name)
    source = write(tmp_path / "in" / "downloads", wanted["files"])
    report = collect(tiny.course, tiny.course.assignment("tiny"), source.parent)
    assert (report.platform, report.problems) == (wanted["platform"], [])
    assert sorted(report.collected) == sorted(wanted["students"])


def test_the_same_students_next_week(tiny, tmp_path: Path):
    """Has a student the same id every week, and is a namesake who comes later another one?"""
    course, assignment = tiny.course, tiny.course.assignment("tiny")
    for week, files in enumerate(
        [
            {"schmidt_11_5_first.ipynb": "work:a"},
            {"schmidt_11_7_first.ipynb": "work:b", "schmidt_22_6_first.ipynb": "work:c"},
        ]
    ):
        collect(course, assignment, write(tmp_path / str(week), files))
    assert work_in(course.submitted / "schmidt" / "tiny" / "first.ipynb") == "b"
    assert work_in(course.submitted / "schmidt_22" / "tiny" / "first.ipynb") == "c"


def test_a_submitted_folder_where_few_did_this_assignment(tiny, tmp_path: Path):
    """Are students who handed in only other assignments of the course left out, and nobody's other work taken?"""
    (tiny.course.source / "later").mkdir()
    (tiny.course.source / "later" / "assignment.toml").write_text('title = "Later"\nnotebooks = ["first"]\n')
    files = {"ada/tiny/first.ipynb": "work:ada"} | {f"{n}/later/first.ipynb": "work:no" for n in ("b", "c", "d")}
    report = collect(tiny.course, tiny.course.assignment("tiny"), write(tmp_path / "submitted", files))
    assert (report.platform, report.collected, report.problems) == ("nbgrader", ["ada"], [])


def test_what_fits_no_platform_is_refused(tiny, tmp_path: Path):
    """Does a download of no known form give the list of what was looked for?"""
    report = collect(tiny.course, tiny.course.assignment("tiny"), write(tmp_path / "in", {"first.ipynb": "work:x"}))
    assert report.rows == []
    assert (
        "If it is one student's work, put it into a folder named after the student. Looked for:" in report.problems[0]
    )
    assert "Canvas: lovelaceada_12345_67890_hw.ipynb" in report.problems[0]
