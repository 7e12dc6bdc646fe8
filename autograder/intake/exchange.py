"""nbgrader's exchange: submissions are collected from folders that students own, without following a link of theirs."""

import os
import shutil
import stat
import tempfile
from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect


class Collect(ExchangeCollect):
    """`nbgrader collect`, which reads with the instructor's rights, takes regular files only.

    nbgrader's own copies what a link points to: another student's work, or the solution.
    """

    def do_copy(self, src: str, dest: str, log=None) -> None:
        with tempfile.TemporaryDirectory(prefix="collect-") as folder:
            snapshot = Path(folder, "submission")
            for path in copy_regular_files(Path(src), snapshot):
                self.log.warning("%s: %s is not a regular file (a link?) and is left out", src, path)
            super().do_copy(str(snapshot), dest)


def copy_regular_files(source: Path, target: Path) -> list[str]:
    """Copy a folder's regular files and folders to `target`, which is made; returns the paths that are left out.

    Whoever owns the folder may exchange files for links meanwhile: each is opened once, from its folder, and no link is
    followed on the way.

    Raises:
        OSError: `source` is not a folder, or is a link.
    """
    left_out: list[str] = []
    copy_folder(os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW), target, "", left_out)
    return left_out


def copy_folder(folder: int, target: Path, path: str, left_out: list[str]) -> None:
    """Copy what is in the open folder, and close it."""
    target.mkdir()
    try:
        for name in sorted(os.listdir(folder)):
            here = f"{path}{name}"
            try:
                opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            except OSError:
                left_out.append(here)
                continue
            about = os.fstat(opened)
            if stat.S_ISDIR(about.st_mode):
                copy_folder(opened, target / name, f"{here}/", left_out)
                continue
            with open(opened, "rb") as content:
                if not stat.S_ISREG(about.st_mode):
                    left_out.append(here)
                    continue
                with (target / name).open("wb") as copy:
                    shutil.copyfileobj(content, copy)
            os.utime(target / name, ns=(about.st_atime_ns, about.st_mtime_ns))
    finally:
        os.close(folder)
