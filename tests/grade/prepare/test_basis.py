"""What is known of an assignment without reading its sources, and when it is not known any more."""

import pytest

from autograder.course import Course
from autograder.grade.prepare import basis, pristine
from autograder.grade.prepare.basis import Sources


@pytest.fixture
def reads(monkeypatch):
    """How often sources were read, as a list."""
    found = []
    load = pristine.load_pristine
    monkeypatch.setattr(pristine, "load_pristine", lambda *args: found.append(1) or load(*args))
    return found


def basis_of(tiny) -> basis.Basis:
    course = Course(tiny.course.root)
    return Sources(course, course.assignment(tiny.name)).basis


def test_sources_are_read_once(tiny, reads):
    """Does a second run know what the first one read, and are sources read once within a run?"""
    sources = Sources(tiny.course, tiny.course.assignment(tiny.name))
    found = sources.basis
    assert found == basis.Basis(sources.pristine.fingerprint, sources.pristine.points)
    assert found.points["second"] == {"accuracy-check": 10, "bonus-check": 0}
    assert len(reads) == 1
    assert basis_of(tiny) == found
    assert len(reads) == 1


def appended(name: str, text: str):
    def change(root) -> None:
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text((path.read_text() if path.exists() else "") + text)

    return change


CHANGES = {
    "a notebook": appended("source/tiny/first.ipynb", "\n"),
    "the assignment's settings": appended("source/tiny/assignment.toml", "# more\n"),
    "a file that students get": appended("source/tiny/table.csv", "1"),
    "the library": appended("nn/tiny.py", "\n"),
    "nbgrader's options": appended("nbgrader_config.py", '\nc.ClearSolutions.begin_solution_delimeter = "# mine"\n'),
    "what autotests are made of": appended("autotests.yml", "setup: ''\n"),
    "held-out data": appended("data/held_out/x.npz", "1"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_changes_is_read_again(tiny, reads, change):
    """Does everything count that sources are read from?"""
    (tiny.course.root / "data").mkdir(exist_ok=True)
    basis_of(tiny)
    change(tiny.course.root)
    basis_of(tiny)
    assert len(reads) == 2


def test_a_course_may_move(tiny, reads):
    """Does what is known of a course stay known when its folder gets another place?"""
    found = basis_of(tiny)
    moved = Course(tiny.course.root.rename(tiny.course.root.with_name("moved")))
    assert Sources(moved, moved.assignment(tiny.name)).basis == found
    assert len(reads) == 1


def test_the_programs_count(tiny, reads, monkeypatch):
    """Is what another version of a program read not trusted?"""
    basis_of(tiny)
    monkeypatch.setattr(basis, "version", lambda name: "0.0.1")
    basis_of(tiny)
    assert len(reads) == 2


@pytest.mark.parametrize("kept", ["{", "[]", '{"inputs": 1}', '{"inputs": INPUTS, "fingerprint": "a", "points": [1]}'])
def test_a_damaged_memory_is_made_again(tiny, reads, kept):
    """Is something else under that name put right?"""
    found = basis_of(tiny)
    path = tiny.course.work / tiny.name / basis.FILE
    inputs = basis.digest_of(tiny.course, tiny.course.assignment(tiny.name))
    path.write_text(kept.replace("INPUTS", f'"{inputs}"'))
    assert basis_of(tiny) == found
    assert len(reads) == 2
    assert basis_of(tiny) == found
    assert len(reads) == 2
