import numpy as np
import pytest

from autograder.data.download import NoMirror, fetch

CONTENT = np.random.RandomState(0).bytes(3_000_000)
DEAD = "http://127.0.0.1:9/"  # nothing listens on the discard port


def test_a_file_arrives_with_the_right_checksum(site, tmp_path):
    """Is what was downloaded what the registry describes, and only that?"""
    path = fetch(site.remote_file("set.bin", CONTENT), tmp_path / "new" / "folder")
    assert path.read_bytes() == CONTENT
    assert [p.name for p in path.parent.iterdir()] == ["set.bin"]


def test_a_file_that_is_there_is_not_asked_for_again(site, tmp_path):
    """Does a second call need no network?"""
    file = site.remote_file("set.bin", CONTENT)
    (tmp_path / "set.bin").write_bytes(CONTENT)
    fetch(file, tmp_path)
    assert not site.asked


def test_a_cut_connection_is_resumed(site, tmp_path):
    """After two cuts, are only the missing bytes asked for?"""
    site.cut_after = [1_000_000, 500_000]
    path = fetch(site.remote_file("set.bin", CONTENT), tmp_path)
    assert path.read_bytes() == CONTENT
    first, second, third = site.asked["set.bin"]
    assert first is None
    assert 0 < int(second[6:-1]) <= 1_000_000
    assert int(second[6:-1]) < int(third[6:-1]) <= 1_500_000


def test_the_next_call_goes_on_with_a_part_file(site, tmp_path):
    """Does a download that was stopped an hour ago go on where it was?"""
    (tmp_path / "set.bin.part").write_bytes(CONTENT[:2_000_000])
    path = fetch(site.remote_file("set.bin", CONTENT), tmp_path)
    assert path.read_bytes() == CONTENT
    assert site.asked["set.bin"] == ["bytes=2000000-"]
    assert not (tmp_path / "set.bin.part").exists()


def test_a_complete_part_file_needs_no_download(site, tmp_path):
    """Stopped between the last byte and the checksum: is nothing asked for?"""
    (tmp_path / "set.bin.part").write_bytes(CONTENT)
    assert fetch(site.remote_file("set.bin", CONTENT), tmp_path).read_bytes() == CONTENT
    assert not site.asked


def test_a_server_without_ranges_sends_all_of_it_again(site, tmp_path):
    """Is the answer 200 to a request for a range taken as the whole file?"""
    site.knows_ranges = False
    (tmp_path / "set.bin.part").write_bytes(CONTENT[:1234])
    assert fetch(site.remote_file("set.bin", CONTENT), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("part", [b"x" * 1000, b"x" * len(CONTENT), b"x" * (len(CONTENT) + 1)])
def test_a_wrong_part_file_is_thrown_away(site, tmp_path, part):
    """Does a part file of something else cost one more download, not a failure for ever?"""
    (tmp_path / "set.bin.part").write_bytes(part)
    assert fetch(site.remote_file("set.bin", CONTENT), tmp_path).read_bytes() == CONTENT


def test_a_wrong_checksum_is_refused(site, tmp_path):
    """Are bytes that are not the registry's ones refused, and none of them kept?"""
    with pytest.raises(NoMirror, match=r"127\.0\.0\.1: sends a file with the wrong checksum"):
        fetch(site.remote_file("set.bin", CONTENT, checksum_of=b"something else"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_dead_and_wrong_mirrors_are_passed_over(site, tmp_path):
    """Nobody listening, no such page, a log-in page: is the fourth mirror asked?"""
    site.pages["portal"] = b"<html>Please log in</html>"
    file = site.remote_file("set.bin", CONTENT, urls=(DEAD, site.url("nothing"), site.url("portal")))
    assert fetch(file, tmp_path).read_bytes() == CONTENT


def test_each_mirror_says_why_it_failed(site, tmp_path):
    """When nothing works, does the user learn what each mirror did?"""
    site.pages["portal"] = b"<html>Please log in</html>"
    site.cut_after = [100, 0]  # the portal's page goes out whole
    file = site.remote_file("cut", CONTENT, urls=(DEAD, site.url("nothing"), site.url("portal")))
    with pytest.raises(NoMirror) as caught:
        fetch(file, tmp_path)
    dead, missing, portal, cut = str(caught.value).splitlines()
    assert "cannot be reached" in dead
    assert "answers 404" in missing
    assert "offers 26 bytes where 3000000 are missing" in portal
    assert "cuts the connection" in cut
