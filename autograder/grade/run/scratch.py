"""What a grading run needs on the disk while it goes: its scratch folder, the data sets as student code sees them."""

import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from autograder.data.sandbox_view import make_sandbox_view
from autograder.errors import CourseError
from autograder.gradebook.store import Store
from autograder.sandbox.scratch import clear, remove

PREFIX, LOCK = "autograder-", ".lock"
YOUNG_SECONDS = 60.0  # so long after it was made, a folder may be one whose run is about to take its lock


def data_view(store: Store) -> Path | None:
    """The data sets as student code may see them, made afresh; None where the course has none."""
    course = store.course
    return make_sandbox_view(course.data, store.work / "data") if course.data.is_dir() else None


@contextmanager
def scratch_of(store: Store) -> Iterator[Path]:
    """The folder for what an assignment's grading needs only while it runs; cleans up what a killed run left there.

    One run at a time may use it. Sandboxed processes of another user can pass through it, and see no names in it.
    """
    place = hashlib.sha256(str(store.work.resolve()).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"{PREFIX}{place}"
    try:
        folder.mkdir(mode=0o711)
    except FileExistsError:
        if not is_ours(folder):
            raise CourseError(f"{folder} is in the way and belongs to somebody else. Remove it.") from None
        for left in folder.iterdir():
            clear(left)
    with held(folder):
        yield folder


@contextmanager
def temporary_scratch() -> Iterator[Path]:
    """As `scratch_of`, for a run that goes beside others."""
    with held(Path(tempfile.mkdtemp(prefix=PREFIX))) as folder:
        yield folder


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """Have a folder to the end, and remove it then. What runs that were killed left beside it goes first."""
    lock = FileLock(folder.with_name(folder.name + LOCK))
    lock.acquire()
    try:
        folder.chmod(0o711)
        remove_what_is_left(folder.parent)
        yield folder
    finally:
        remove(folder)
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def remove_what_is_left(temporary: Path) -> None:
    """Remove the scratch folders of runs that do not live any more: their locks are left, and nobody holds them.

    A folder without a lock is not of ours, whatever it is called.
    """
    for left in temporary.glob(f"{PREFIX}*{LOCK}"):
        folder = left.with_name(left.name.removesuffix(LOCK))
        if not is_ours(folder):
            continue
        lock = FileLock(left)
        try:
            lock.acquire(blocking=False)
        except (Timeout, OSError):
            continue
        if time.time() - folder.lstat().st_mtime > YOUNG_SECONDS:
            remove(folder)
            left.unlink(missing_ok=True)
        lock.release()


def is_ours(folder: Path) -> bool:
    """Is it a folder, and this user's?"""
    try:
        about = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid()
