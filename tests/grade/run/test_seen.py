"""Which graded submissions a run need not read again."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.grade.run import seen
from autograder.grade.run.seen import Seen


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A store with one graded submission, long since written."""
    monkeypatch.setattr(seen, "SETTLED_SECONDS", -60.0)
    for folder in ("submitted", "autograded"):
        (tmp_path / folder / "ada" / "sub").mkdir(parents=True)
        (tmp_path / folder / "ada" / "sub" / "a.ipynb").write_text("first")
    return SimpleNamespace(
        work=tmp_path / "work",
        submitted=lambda student: tmp_path / "submitted" / student,
        autograded=lambda student: tmp_path / "autograded" / student,
    )


def seen_of(course, fingerprint: str = "1", file_mb: int = 10) -> Seen:
    assignment = SimpleNamespace(limits=SimpleNamespace(file_mb=file_mb), hand_in=("b.npz", "a.npz"))
    return Seen(course, assignment, fingerprint)


def looked(course) -> None:
    found = seen_of(course)
    found.add("ada", found.look("ada"), "file (2)")
    found.write()


def rewritten(file: Path) -> None:
    about = file.stat()
    file.write_text("other")
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))


def replaced(file: Path) -> None:
    file.with_name("new").write_text("first")
    file.with_name("new").replace(file)


CHANGES = {
    "its text, with the old time set": rewritten,
    "by another file with the same text": replaced,
    "removed": Path.unlink,
    "a file more": lambda file: file.with_name("more.py").write_text(""),
    "a link in its place": lambda file: (file.unlink(), file.symlink_to("/etc/hostname")),
}


@pytest.mark.parametrize("folder", ["submitted", "autograded"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_is_seen(course, folder, change):
    """Is work known until anything of it changes, in what was handed in or in what was made of it?"""
    looked(course)
    found = seen_of(course)
    assert found.remark("ada", found.look("ada")) == "file (2)"
    change(getattr(course, folder)("ada") / "sub" / "a.ipynb")
    assert found.remark("ada", found.look("ada")) is None


def test_what_it_is_graded_against_counts(course):
    """Is nothing known once the assignment, or what is read of a submission, is another?"""
    looked(course)
    for found in (seen_of(course, "2"), seen_of(course, file_mb=9)):
        assert found.remark("ada", found.look("ada")) is None


def test_what_is_new_or_unreadable_is_read_again(course, monkeypatch):
    """Is work that has just changed looked at next time, and a damaged file of looks left aside?"""
    looked(course)
    for damaged in ("{", '{"against": ["1", 10, ["a.npz", "b.npz"]], "students": {"ada": "abc"}}'):
        (course.work / seen.FILE).write_text(damaged)
        assert seen_of(course).before == {}
    monkeypatch.setattr(seen, "SETTLED_SECONDS", 60.0)
    found = seen_of(course)
    assert found.look("ada") == ""
    assert found.remark("ada", "") is None
