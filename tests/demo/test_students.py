"""What the demo's simulated students hand in."""

from pathlib import Path

import pytest

from autograder.course import Course
from autograder.demo.course import make_course
from autograder.demo.students import DemoStudent, hand_in, load_students
from autograder.errors import CourseError
from autograder.notebooks import read_notebook
from autograder.regions import find_regions

COURSE = Course(Path(__file__).parents[2])
HOMEWORKS = COURSE.assignment_names()


def texts(folder: Path, name: str) -> dict[str, str]:
    """Every text of a submission but the cell with the name: "nn/losses.py" or "notebook:cell" -> text."""
    assignment = COURSE.assignment(name)
    found = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.py")}
    for notebook in assignment.notebooks:
        for cell in read_notebook(folder / f"{notebook}.ipynb").cells:
            if cell.id != "student":
                found[f"{notebook}:{cell.id}"] = cell.source
    return found


@pytest.fixture(scope="module", params=HOMEWORKS)
def handed_in(request, tmp_path_factory):
    """A homework's name and each demo student's texts."""
    assignment = COURSE.assignment(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    students = load_students(assignment)
    for student in students:
        hand_in(COURSE, assignment, student, None, folder / student.id)
    return request.param, students, [texts(folder / student.id, request.param) for student in students]


def test_there_are_three_kinds_of_student(handed_in):
    """Is one complete, one mistaken in something, and one blank?"""
    _, students, _ = handed_in
    complete, mistaken, blank = students
    assert not complete.leave
    assert not complete.write
    assert mistaken.write
    assert blank.leave == ("*",)


def test_the_complete_one_leaves_no_hole_and_the_blank_one_all(handed_in):
    """Is every region filled in by the first, and as released by the last?"""
    name, _, (complete, _, blank) = handed_in
    holes = [text for text in blank.values() if "raise NotImplementedError" in text and find_regions(text)]
    assert len(holes) >= 2
    assert not any("MARK SCHEME" in text or "#! " in text for text in complete.values())
    assert not any("raise NotImplementedError(" in text and find_regions(text) for text in complete.values())
    for path, text in blank.items():
        if path.startswith("nn/"):
            assert text == (COURSE.release_dir / name / path).read_text()


def test_the_mistake_is_what_was_written(handed_in):
    """Does the mistaken one differ from the complete one where demo.toml says, in the text that it gives?"""
    _, students, (complete, mistaken, _) = handed_in
    for text in students[1].write.values():
        (place,) = [place for place in mistaken if text.strip("\n") in mistaken[place]]
        assert text.strip("\n") not in complete[place]


def test_a_region_that_is_not_there_is_named(tmp_path: Path):
    """Is a slip in demo.toml found?"""
    student = DemoStudent(id="x", name="X", about="a slip", write={"nn.losses.mse_los": "    pass"})
    with pytest.raises(CourseError, match=r"there is no region nn\.losses\.mse_los"):
        hand_in(COURSE, COURSE.assignment(HOMEWORKS[0]), student, None, tmp_path / "x")


def test_the_demo_keeps_away_from_what_it_did_not_make(tmp_path: Path):
    """Is a folder of yours refused, and one of an earlier demo replaced?"""
    (tmp_path / "mine").mkdir()
    with pytest.raises(CourseError, match="no demo made it"):
        make_course(COURSE, HOMEWORKS[0], tmp_path / "mine")
    made = make_course(COURSE, HOMEWORKS[0], tmp_path / "demo")
    (made.root / "rest").touch()
    assert not (make_course(COURSE, HOMEWORKS[0], tmp_path / "demo").root / "rest").exists()
    assert made.assignment_names() == (HOMEWORKS[0],)
