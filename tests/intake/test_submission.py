"""Reading a submission's folder, whatever lies in it."""

import os

from autograder.intake.submission import read_submission


def test_links_pipes_and_large_files_are_left_out(tmp_path):
    """Is only what the student handed in read, and in bounds?"""
    folder = tmp_path / "submission"
    (folder / "sub").mkdir(parents=True)
    (folder / "knn.ipynb").write_text("{}")
    (folder / "sub" / "a.py").write_text("x = 1")
    (folder / "timestamp.txt").write_text("2026-10-09 11:00:00 UTC")
    (folder / "large.npz").write_bytes(bytes(2 * 2**20))
    (tmp_path / "secret").write_text("secret")
    (folder / "link.py").symlink_to(tmp_path / "secret")
    (folder / "folder-link").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.py")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").write_text("")
    deep = folder.joinpath(*"abcdefgh")
    deep.mkdir(parents=True)
    (deep / "deep.py").write_text("")
    submission = read_submission("s", folder, file_mb=1)
    assert sorted(submission.files) == ["knn.ipynb", "sub/a.py"]
    assert submission.handed_in().isoformat() == "2026-10-09T11:00:00"
    told = " ".join(note.text for note in submission.notes)
    for name in ("link.py", "folder-link", "pipe.py", "large.npz", "a/b/c/d/e/f"):
        assert name in told


def test_hash_changes_with_content_name_and_time(tmp_path):
    """Is a newer submission seen as one?"""
    (tmp_path / "a.ipynb").write_text("1")
    hashes = [read_submission("s", tmp_path, 1).sha256]
    (tmp_path / "a.ipynb").write_text("2")
    hashes.append(read_submission("s", tmp_path, 1).sha256)
    (tmp_path / "a.ipynb").rename(tmp_path / "b.ipynb")
    hashes.append(read_submission("s", tmp_path, 1).sha256)
    (tmp_path / "timestamp.txt").write_text("2026-10-09 11:00:00 UTC")
    hashes.append(read_submission("s", tmp_path, 1).sha256)
    assert len(set(hashes)) == 4
    (tmp_path / "timestamp.txt").write_text("some day")
    assert read_submission("s", tmp_path, 1).handed_in() is None
