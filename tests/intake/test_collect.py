"""Submissions as learning platforms hand them out."""

import io
import json
import os
import stat
import struct
import unicodedata
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.intake.collect import collect

NOTEBOOK = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []})


def archive(files: dict[str, str | bytes], **symlinks: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items():
            out.writestr(name, content)
        for name, target in symlinks.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            out.writestr(info, target)
    return data.getvalue()


HOMEWORK = {"first.ipynb": NOTEBOOK, "second.ipynb": NOTEBOOK, "nn/tiny.py": "x = 1", "best.npz": b"PK"}
ZIPPED = archive(HOMEWORK)
FLAT = {"first.ipynb": NOTEBOOK, "second.ipynb": NOTEBOOK}


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def collected(tiny, source: Path, **options):
    return collect(tiny.course, tiny.course.assignment("tiny"), source, **options)


def files(tiny, student: str) -> set[str]:
    root = tiny.course.submitted / student / "tiny"
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("layout", "student"),
    [
        ({f"ada/{name}": content for name, content in HOMEWORK.items()}, "ada"),
        ({f"ada/tiny/{name}": content for name, content in HOMEWORK.items()}, "ada"),
        ({"ada.zip": ZIPPED}, "ada"),
        ({"ada-tiny.zip": ZIPPED}, "ada"),
        ({"ada-l-tiny (1).zip": ZIPPED}, "ada-l"),
        ({"ada.zip": archive({f"my homework/{name}": content for name, content in HOMEWORK.items()})}, "ada"),
        ({"Ada Lovelace_12345_assignsubmission_file_/homework.zip": ZIPPED}, "Ada_Lovelace"),
        ({f"Ada Lovelace_12345_assignsubmission_file_/{n}": c for n, c in HOMEWORK.items()}, "Ada_Lovelace"),
        ({"lovelaceada_LATE_12345_678_homework.zip": ZIPPED}, "lovelaceada"),
        ({"lovelaceada_12345_678_tiny.zip": ZIPPED}, "lovelaceada"),
        ({"Homework 1_lovelace_attempt_2026-10-01-10-00-00_homework.zip": ZIPPED}, "lovelace"),
        ({f"Homework 1_ada_attempt_2026-10-01-10-00-00_{n.replace('/', '_')}": c for n, c in FLAT.items()}, "ada"),
        ({"ada.zip": ZIPPED, "__MACOSX/._ada.zip": b"\0\5", "._ada.zip": b"\0\5"}, "ada"),
        ({"ada.zip": archive({f"HW: 1/{name}": content for name, content in HOMEWORK.items()})}, "ada"),
        ({"ada.zip": archive({"hw\\": ""} | {f"hw\\{name}": content for name, content in HOMEWORK.items()})}, "ada"),
        ({f"{unicodedata.normalize('NFD', 'jörg')}/{n}": c for n, c in HOMEWORK.items()}, "jörg"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_layouts(tiny, tmp_path, layout, student, zipped):
    """Is a submission found in each platform's layout, in a folder or a zip?"""
    source = write(tmp_path / "in", layout)
    if zipped:
        source = tmp_path / "all.zip"
        source.write_bytes(archive(layout))
    report = collected(tiny, source)
    assert (report.collected, report.problems) == ([student], [])
    wanted = FLAT if "Homework 1_ada" in next(iter(layout)) else HOMEWORK
    assert files(tiny, student) == {*wanted, "timestamp.txt"}


def test_copies_from_a_browser(tiny, tmp_path):
    """Do "first (1).ipynb" and Canvas's "first-2.ipynb" count as first.ipynb?"""
    source = write(tmp_path / "in", {"ada/first (1).ipynb": NOTEBOOK, "doe_12_34_second-2.ipynb": NOTEBOOK})
    collected(tiny, source)
    assert files(tiny, "ada") == {"first.ipynb", "timestamp.txt"}
    assert files(tiny, "doe") == {"second.ipynb", "timestamp.txt"}


@pytest.mark.parametrize(
    "hostile",
    [
        archive({"../../evil.ipynb": NOTEBOOK}),
        archive({"/etc/evil.ipynb": NOTEBOOK}),
        archive({"..\\evil.ipynb": NOTEBOOK}),
        archive({"C:/evil.ipynb": NOTEBOOK}),
        archive(HOMEWORK, link="/etc/passwd"),
        archive({"first.ipynb": NOTEBOOK, "bomb.bin": bytes(400 * 2**20)}),
        archive({f"f{n}.txt": "" for n in range(2000)}),
        b"this is no zip",
        ZIPPED[:100],
    ],
    ids=["up", "absolute", "backslashes", "drive", "link", "bomb", "many files", "no zip", "torn"],
)
def test_hostile_archives_are_refused(tiny, tmp_path, hostile):
    """Is an archive refused that leads out of its folder or is a bomb, and the next student's taken?"""
    report = collected(tiny, write(tmp_path / "in", {"mallory.zip": hostile, "zoe.zip": ZIPPED}))
    assert report.collected == ["zoe"]
    assert len(report.problems) == 1
    assert report.problems[0].startswith("mallory: ")
    assert not (tiny.course.submitted / "mallory" / "tiny").exists()
    assert not list(tiny.course.root.rglob("evil*"))


def test_links_in_a_folder_are_left_out(tiny, tmp_path):
    """Is a link to a file elsewhere not followed?"""
    source = write(tmp_path / "in", {f"ada/{name}": content for name, content in HOMEWORK.items()})
    (tmp_path / "secret.py").write_text("secret")
    (source / "ada" / "helpers.py").symlink_to(tmp_path / "secret.py")
    report = collected(tiny, source)
    assert "helpers.py" not in files(tiny, "ada")
    assert any("link" in note for note in report.notes)


def test_names_stay_in_their_folder(tiny, tmp_path):
    """Can no student's name lead elsewhere?"""
    collected(tiny, write(tmp_path / "in", {"..strange name!/first.ipynb": NOTEBOOK}))
    assert [path.name for path in tiny.course.submitted.iterdir()] == ["strange_name"]


def test_newer_wins_and_same_is_left(tiny, tmp_path):
    """Is an older submission not put over a newer one, unless forced, and the same one left as it is?"""
    new, old = (
        write(tmp_path / "new", {"ada/first.ipynb": NOTEBOOK}),
        write(tmp_path / "old", {"ada/first.ipynb": "{}"}),
    )
    os.utime(new / "ada" / "first.ipynb", (2_000_000_000, 2_000_000_000))
    os.utime(old / "ada" / "first.ipynb", (1_000_000_000, 1_000_000_000))
    assert collected(tiny, new).collected == ["ada"]
    stamp = tiny.course.submitted / "ada" / "tiny" / "timestamp.txt"
    assert stamp.read_text() == "2033-05-18 03:33:20 UTC\n"
    assert collected(tiny, new).unchanged == ["ada"]
    assert collected(tiny, old).unchanged == ["ada"]
    assert collected(tiny, old, force=True).collected == ["ada"]
    assert stamp.read_text().startswith("2001")
    assert collected(tiny, new).collected == ["ada"]


def test_no_notebook(tiny, tmp_path):
    """Is a submission without a notebook reported?"""
    report = collected(tiny, write(tmp_path / "in", {"ada/essay.txt": "hello"}))
    assert report.problems == ["ada: there is no notebook in what was handed in, only essay.txt."]


def test_what_is_left_out_is_told(tiny, tmp_path):
    """Is every file named that is not collected, and what to do with it?"""
    layout = {"ada.ipynb": NOTEBOOK, "bob.7z": "7z", "readme.pdf": "", "cy/hw.rar": "Rar!", "dan/hw.zip": archive({})}
    report = collected(tiny, write(tmp_path / "in", layout | {"zoe.zip": ZIPPED}))
    assert report.collected == ["zoe"]
    assert [problem.partition(":")[0] for problem in report.problems] == ["ada.ipynb", "bob.7z", "cy", "dan"]
    assert "only hw.rar. Only zips are unpacked" in report.problems[2]
    assert "empty" in report.problems[3]
    assert any("readme.pdf" in note for note in report.notes)


@pytest.mark.parametrize(
    ("layout", "students"),
    [
        (("Anna Schmidt_11_assignsubmission_file_", "Anna Schmidt_22_assignsubmission_file_"), "Anna_Schmidt"),
        (("schmidt_11_5", "schmidt_22_6"), "schmidt"),
    ],
)
def test_two_students_of_one_name(tiny, tmp_path, layout, students):
    """Are the submissions of two students with the same name kept apart, and is that said?"""
    between = "/" if "assign" in layout[0] else "_"
    for_first = {f"{layout[0]}{between}first.ipynb": NOTEBOOK}
    collected(tiny, write(tmp_path / "early", for_first))
    source = write(tmp_path / "in", for_first | {f"{layout[1]}{between}first.ipynb": NOTEBOOK + " "})
    report = collected(tiny, source)
    assert report.collected == [f"{students}_11", f"{students}_22"]
    assert (tiny.course.submitted / f"{students}_22" / "tiny" / "first.ipynb").read_text() == NOTEBOOK + " "
    assert f"{students}_11, {students}_22" in report.notes[0]
    assert f"submitted/{students} is from an earlier download" in report.notes[1]


def test_last_attempt_counts(tiny, tmp_path):
    """Does Blackboard's last attempt count, whole, whatever the files' own times?"""
    name = "Homework 1_ada_attempt_2026-10-0{}-10-00-00_{}.ipynb".format
    layout = {name(1, "first"): "old", name(1, "second"): "old", name(2, "first"): NOTEBOOK}
    source = write(tmp_path / "in", layout)
    for path in source.iterdir():
        os.utime(path, (1_000_000_000 if "10-02" in path.name else 2_000_000_000,) * 2)
    collected(tiny, source)
    assert files(tiny, "ada") == {"first.ipynb", "timestamp.txt"}
    assert (tiny.course.submitted / "ada" / "tiny" / "first.ipynb").read_text() == NOTEBOOK


def zipped_at(clock: tuple[int, ...], extra: bytes = b"") -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as out:
        info = zipfile.ZipInfo("first.ipynb", clock)
        info.extra = extra
        out.writestr(info, NOTEBOOK)
    return data.getvalue()


@pytest.mark.parametrize(
    ("due", "extra", "stamp"),
    [
        ("2026-10-09T23:59:00+02:00", b"", "2026-10-09 21:30:00 UTC\n"),
        ("2026-10-09T23:59:00-07:00", b"", "2026-10-10 06:30:00 UTC\n"),
        (
            "2026-10-09T23:59:00+02:00",
            struct.pack("<HHBI", 0x5455, 5, 1, int(datetime(2026, 10, 9, 20, tzinfo=UTC).timestamp())),
            "2026-10-09 20:00:00 UTC\n",
        ),
    ],
)
def test_half_an_hour_before_the_due_time_is_not_late(tiny, tmp_path, due, extra, stamp):
    """Is a zip's time, which names no zone, that of the course's clocks, and its exact time taken where it has one?"""
    toml = tiny.source / "assignment.toml"
    toml.write_text(toml.read_text().replace("2026-10-09T12:00:00+00:00", due))
    collected(tiny, write(tmp_path / "in", {"ada.zip": zipped_at((2026, 10, 9, 23, 30, 0), extra)}))
    assert (tiny.course.submitted / "ada" / "tiny" / "timestamp.txt").read_text() == stamp


@pytest.mark.parametrize("prefix", ["ada.zip", "Ada_1_assignsubmission_file_", "ada/tiny"])
def test_who_may_say_when_it_was_handed_in(tiny, tmp_path, prefix):
    """Does a timestamp.txt count that nbgrader wrote, and none that a student packed?"""
    both = {"first.ipynb": NOTEBOOK, "timestamp.txt": "2020-01-01 00:00:00 UTC"}
    packed = {prefix: archive(both)} if prefix.endswith(".zip") else {f"{prefix}/{n}": c for n, c in both.items()}
    student = collected(tiny, write(tmp_path / "in", packed)).collected[0]
    stamp = (tiny.course.submitted / student / "tiny" / "timestamp.txt").read_text()
    assert stamp.startswith("2020") == (prefix == "ada/tiny")


def test_a_file_that_cannot_be_written_costs_one_submission(tiny, tmp_path):
    """Is a name that is too long for the disk told, and the next student's work taken?"""
    hostile = archive({"first.ipynb": NOTEBOOK, "y" * 300: ""})
    report = collected(tiny, write(tmp_path / "in", {"mallory.zip": hostile, "zoe.zip": ZIPPED}))
    assert report.collected == ["zoe"]
    assert "File name too long" in report.problems[0]


def test_a_zip_without_times(tiny, tmp_path):
    """Is a zip taken whose times are no times?"""
    torn = zipped_at((1980, 1, 1, 0, 0, 0)).replace(b"\0\0\x21\0", bytes(4))
    assert collected(tiny, write(tmp_path / "in", {"ada.zip": torn})).collected == ["ada"]
