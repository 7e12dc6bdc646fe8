"""Zips that may hold anything."""

import io
import stat
import struct
import time
import zipfile
from datetime import UTC, datetime, timedelta, timezone

import pytest

from autograder.intake.archives import Budget, Refused, found, open_download, read_zip, unpacked

from .exports import zipped


def with_link() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as out:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        out.writestr(info, "/etc/passwd")
    return data.getvalue()


def lying() -> bytes:
    """A zip whose directory says that a file is smaller than it is."""
    content = zipped({"a.txt": b"x" * 1000})
    return content.replace(struct.pack("<I", 1000), struct.pack("<I", 10))


@pytest.mark.parametrize(
    ("hostile", "said"),
    [
        (zipped({"../../evil.ipynb": "blank"}), "leads out of it"),
        (zipped({"/etc/evil.ipynb": "blank"}), "leads out of it"),
        (zipped({"..\\evil.ipynb": "blank"}), "leads out of it"),
        (zipped({"C:/evil.ipynb": "blank"}), "leads out of it"),
        (with_link(), "a link or special file"),
        (zipped({"bomb.bin": bytes(400 * 2**20)}), "larger than 200 MB"),
        (lying(), "cannot be read"),
    ],
    ids=["up", "absolute", "backslashes", "drive", "link", "bomb", "lying"],
)
def test_a_hostile_file_of_an_archive_is_left_out(hostile, said):
    """Is a file left out and named that leads out of its folder, lies, or is a bomb?"""
    whole = read_zip(hostile, None)
    assert whole.files == []
    (told,) = whole.lost + whole.notes
    assert said in told


@pytest.mark.parametrize("broken", [b"this is not a zip", zipped({"a": "text:b"})[:60]], ids=["not a zip", "torn"])
def test_an_archive_that_cannot_be_read_is_refused(broken):
    """Is it said that an archive is none, or is torn?"""
    with pytest.raises(Refused, match="cannot be read"):
        read_zip(broken, None)


def test_of_too_many_files_the_work_is_kept():
    """Do notebooks and code stay where an archive holds too many files, and is the first of the others named?"""
    many = {f"f{n}.txt": "text:" for n in range(2000)} | {"nn/x.py": "text:x", "z.ipynb": "blank"}
    whole = read_zip(zipped(many), None)
    assert [file.path for file in whole.files[:2]] == ["z.ipynb", "nn/x.py"]
    assert (len(whole.files), len(whole.lost)) == (1000, 1002)
    assert "more than 1000 files" in whole.lost[0]


def test_one_budget_for_all_archives_in_an_archive():
    """Does a small zip of zips of zeros stop before it fills the memory?"""
    inner = zipped({"zeros.bin": bytes(60 * 2**20)})
    bomb = zipped({f"{n}.zip": inner for n in range(20)})
    assert len(bomb) < 2 * 2**20
    whole = unpacked([found("hw.zip", bomb, 0.0)], None)
    assert (len(whole.files), len(whole.lost)) == (3, 17)
    assert "larger than" in whole.lost[0]


def test_the_budget_has_depth_files_and_seconds():
    """Are archives too deep, too many files and too long a time told, and the rest kept?"""
    deep: dict = {"first.ipynb": "work:x"}
    for _ in range(5):
        deep = {"in.zip": deep}
    with pytest.raises(Refused, match="3 archives deep"):
        unpacked([found("hw.zip", zipped(deep), 0.0)], None)
    several = {f"{n}.zip": {f"{n}-{i}.txt": "text:" for i in range(400)} for n in range(3)}
    whole = unpacked([found("hw.zip", zipped(several), 0.0)], None)
    assert len(whole.files) + 3 == 1000
    assert "1000 files" in whole.lost[0]
    with pytest.raises(Refused, match="60 seconds"):
        read_zip(zipped({"a": "text:b"}), None, Budget(end=time.monotonic() - 1))


def raw_named(name: bytes) -> bytes:
    """A zip with one file whose name has these bytes and does not say its encoding."""
    marker = "x" * len(name)
    return zipped({marker: "text:1"}).replace(marker.encode(), name)


@pytest.mark.parametrize(
    "raw", ["Jörg.txt".encode(), "Jörg.txt".encode("cp1252"), "Jörg.txt".encode("cp437"), "Jo\u0308rg.txt".encode()]
)
def test_a_name_is_the_same_whichever_program_packed_it(raw):
    """Is a name with an umlaut the same in UTF-8 without its flag, in Windows' letters, in DOS's, and decomposed?"""
    assert [file.path for file in read_zip(raw_named(raw), None).files] == ["Jörg.txt"]


@pytest.mark.parametrize("name", ["Zoë é.txt", "Šárka ñ.txt", "雪.txt", "Ärger ß.txt"])
def test_a_name_with_the_flag_is_itself(name):
    """Is a name that says it is UTF-8 taken as it is?"""
    assert [file.path for file in read_zip(zipped({name: "text:1"}), None).files] == [name]


def test_one_bad_file_of_a_platforms_archive_takes_away_only_itself(tmp_path):
    """Does a download with one hostile name still give the other students' files?"""
    (tmp_path / "all.zip").write_bytes(zipped({"ada_1_2_first.ipynb": "work:1", "../evil": "text:2"}))
    told = []
    with open_download(tmp_path / "all.zip", None, told.append) as files:
        assert [file.path for file in files] == ["ada_1_2_first.ipynb"]
    assert "leads out" in told[0]


@pytest.mark.parametrize("hours", [2, -7])
def test_a_time_without_zone_is_on_the_courses_clock(hours):
    """Is a zip's time that of the course's clocks, and its exact time taken where it has one?"""
    data, zone = io.BytesIO(), timezone(timedelta(hours=hours))
    exact = datetime(2026, 10, 9, 20, tzinfo=UTC)
    with zipfile.ZipFile(data, "w") as out:
        for name, extra in (("a", b""), ("b", struct.pack("<HHBI", 0x5455, 5, 1, int(exact.timestamp())))):
            info = zipfile.ZipInfo(name, (2026, 10, 9, 23, 30, 0))
            info.extra = extra
            out.writestr(info, "")
    times = {file.path: datetime.fromtimestamp(file.time, UTC) for file in read_zip(data.getvalue(), zone).files}
    assert times == {"a": datetime(2026, 10, 9, 23, 30, tzinfo=zone), "b": exact}


def test_a_zip_without_times():
    """Is a zip taken whose times are no times?"""
    torn = zipped({"a": "text:1"})
    at = torn.index(b"PK\x01\x02") + 12
    (file,) = read_zip(torn[:at] + bytes(4) + torn[at + 4 :], None).files
    assert file.read() == b"1"
