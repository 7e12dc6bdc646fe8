"""Submissions as learning platforms hand them out."""

import io
import json
import os
import stat
import zipfile
from pathlib import Path

import pytest

from autograder.grade.collect import collect

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
        ({"ada.zip": archive({f"my homework/{name}": content for name, content in HOMEWORK.items()})}, "ada"),
        ({"Ada Lovelace_12345_assignsubmission_file_/homework.zip": ZIPPED}, "Ada_Lovelace"),
        ({f"Ada Lovelace_12345_assignsubmission_file_/{n}": c for n, c in HOMEWORK.items()}, "Ada_Lovelace"),
        ({"lovelaceada_LATE_12345_678_homework.zip": ZIPPED}, "lovelaceada"),
        ({"lovelaceada_12345_678_tiny.zip": ZIPPED}, "lovelaceada"),
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
    assert files(tiny, student) == {*HOMEWORK, "timestamp.txt"}


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
    assert report.problems == ["ada: there is no notebook in what was handed in."]
