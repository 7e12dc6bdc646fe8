"""What a grading run needs on the disk while it goes: its scratch folder, the data sets as student code sees them."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder.data.sandbox_view import make_sandbox_view
from autograder.errors import CourseError
from autograder.gradebook.store import Store
from autograder.sandbox.scratch import remove


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
    folder = Path(tempfile.gettempdir()) / f"autograder-{place}"
    try:
        folder.mkdir(mode=0o711)
    except FileExistsError:
        about = folder.lstat()
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
            raise CourseError(f"{folder} is in the way and belongs to somebody else. Remove it.") from None
        for left in folder.iterdir():
            remove(left)
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        remove(folder)


@contextmanager
def temporary_scratch() -> Iterator[Path]:
    """As `scratch_of`, for a run that goes beside others."""
    folder = Path(tempfile.mkdtemp(prefix="autograder-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        remove(folder)
