import io
import tarfile

import pytest

from autograder.data.obtain import obtain
from autograder.data.registry import Dataset, find_dataset
from autograder.errors import CourseError

MEMBERS = ("pictures/batch_1", "pictures/batch_2")


def archive(members, *, links=()):
    """A tar.gz of {name: bytes}, and of symbolic links (name, target)."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        for name, target in links:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
    return raw.getvalue()


def pictures(file, **changes):
    fields = {"name": "pictures", "title": "", "home": "example.org", "folder": "pictures", "loader": ""}
    return Dataset(**fields | {"shown_test_rows": 0, "unpack": MEMBERS, "files": (file,)} | changes)


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_an_archive_is_downloaded_unpacked_and_removed(site, tmp_path):
    """Is the set there afterwards, and nothing else?"""
    file = site.remote_file("pictures.tar.gz", archive(dict.fromkeys(MEMBERS, b"pixels")))
    assert obtain(pictures(file), tmp_path / "data") == tmp_path / "data" / "pictures"
    assert files_below(tmp_path) == ["data/pictures/batch_1", "data/pictures/batch_2"]


def test_what_is_there_is_not_downloaded_again(site, tmp_path):
    """Does a second call ask nobody?"""
    dataset = pictures(site.remote_file("pictures.tar.gz", archive(dict.fromkeys(MEMBERS, b"pixels"))))
    obtain(dataset, tmp_path)
    obtain(dataset, tmp_path)
    assert len(site.asked["pictures.tar.gz"]) == 1


def test_an_archive_put_there_by_hand_is_used_and_kept(site, tmp_path):
    """Without a network, is copying the archive enough?"""
    file = site.remote_file("pictures.tar.gz", archive(dict.fromkeys(MEMBERS, b"pixels")))
    (tmp_path / "pictures.tar.gz").write_bytes(site.pages.pop("pictures.tar.gz"))
    obtain(pictures(file), tmp_path)
    assert not site.asked
    assert files_below(tmp_path) == ["pictures.tar.gz", *MEMBERS]


def test_nothing_but_the_named_members_leaves_an_archive(site, tmp_path):
    """Does a hostile archive write nothing of its choice, inside the folder or outside?"""
    hostile = {
        "../outside": b"!",
        str(tmp_path / "absolute"): b"!",
        "pictures/../../outside": b"!",
        "pictures/more": b"!",
    }
    content = archive(hostile | dict.fromkeys(MEMBERS, b"pixels"), links=[("pictures/link", "/etc")])
    obtain(pictures(site.remote_file("pictures.tar.gz", content)), tmp_path / "data")
    assert files_below(tmp_path) == ["data/pictures/batch_1", "data/pictures/batch_2"]


def test_a_link_in_place_of_a_member_is_not_followed(site, tmp_path):
    """Is a symbolic link under a member's name refused, and nothing left half done?"""
    content = archive({MEMBERS[0]: b"pixels"}, links=[(MEMBERS[1], "/etc/passwd")])
    with pytest.raises(CourseError, match=r"pictures\.tar\.gz does not hold pictures/batch_2"):
        obtain(pictures(site.remote_file("pictures.tar.gz", content)), tmp_path)
    assert files_below(tmp_path) == ["pictures.tar.gz"]


def test_a_damaged_archive_is_reported(site, tmp_path):
    """Right checksum, but no archive: is that said in a line?"""
    whole = archive(dict.fromkeys(MEMBERS, bytes(100_000)))
    for content in (b"no archive at all", whole[: len(whole) // 2]):
        (tmp_path / "pictures.tar.gz").unlink(missing_ok=True)
        with pytest.raises(CourseError, match=r"pictures\.tar\.gz cannot be unpacked"):
            obtain(pictures(site.remote_file("pictures.tar.gz", content)), tmp_path)


def test_files_that_are_no_archive_stay_as_they_are(site, tmp_path):
    """Are the four files of a set like MNIST put side by side into its folder, and known there plain or gzipped?"""
    files = tuple(site.remote_file(f"{name}.gz", name.encode()) for name in ("images", "labels"))
    dataset = pictures(files[0], unpack=(), files=files)
    obtain(dataset, tmp_path)
    assert files_below(tmp_path) == ["pictures/images.gz", "pictures/labels.gz"]
    (tmp_path / "pictures" / "images.gz").rename(tmp_path / "pictures" / "images")
    assert dataset.is_in(tmp_path)


def test_offline_the_error_says_what_to_do_instead(tmp_path, monkeypatch):
    """Does a student without a network learn of both ways on?"""
    monkeypatch.setattr("requests.get", lambda *_, **__: no_network())
    with pytest.raises(CourseError) as caught:
        obtain(find_dataset("cifar10"), tmp_path)
    message = str(caught.value)
    assert "www.cs.toronto.edu: cannot be reached" in message
    assert "get cifar-10-python.tar.gz\n    elsewhere (https://www.cs.toronto.edu/~kriz/cifar.html)" in message
    assert f"put it into {tmp_path} and run this command again" in message
    assert "autograder data synthetic" in message
    with pytest.raises(CourseError) as caught:
        obtain(find_dataset("mnist"), tmp_path)
    assert f"put it into {tmp_path / 'mnist'}" in str(caught.value)
    assert "autograder data synthetic-digits" in str(caught.value)


def test_a_broken_archive_put_there_by_hand_is_named(tmp_path, monkeypatch):
    """Does a student without a network, whose copy was cut off, learn that the copy is at fault?"""
    monkeypatch.setattr("requests.get", lambda *_, **__: no_network())
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(b"x" * 2_000_000)
    with pytest.raises(CourseError, match=r"cifar-10-python\.tar\.gz is there \(2\.0 of 170\.5 MB\), but is damaged"):
        obtain(find_dataset("cifar10"), tmp_path)


def no_network():
    import requests

    raise requests.ConnectionError


def test_a_place_that_cannot_be_written_is_named(site, tmp_path):
    """Does the error say where it could not write?"""
    (tmp_path / "file").touch()
    file = site.remote_file("pictures.tar.gz", archive(dict.fromkeys(MEMBERS, b"pixels")))
    with pytest.raises(CourseError, match=rf"{tmp_path / 'file'} cannot be written"):
        obtain(pictures(file), tmp_path / "file")
