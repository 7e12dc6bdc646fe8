"""The scratch folder of a sandbox: made ready, measured while student code fills it, read and removed afterwards."""

import contextlib
import errno
import os
import shutil
import stat
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

HOME, TEMPORARY = ".home", ".tmp"
BLOCK = 512
ENTRY_BYTES = 4096
"""What an entry costs at least, so that a million empty files are not nothing."""
MAX_DEPTH = 64
SOCKET_BYTES, PIPE_BYTES = 212_992, 65_536
"""What the kernel keeps at most for a socket (net.core.wmem_default) and a pipe: nobody can see how much it is."""


MACHINES_FAULTS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO}
"""Why a file cannot be opened that nobody's code is to blame for."""


class Unmeasurable(Exception):
    """The folder is too deep, or a part of it cannot be listed."""


def prepare(folder: Path) -> None:
    """Make the folders in `folder` that HOME and TMPDIR point to, whatever an earlier sandbox put in their place."""
    for name in (HOME, TEMPORARY):
        path = folder / name
        if path.is_symlink() or not path.is_dir():
            clear(path)
            path.mkdir()


def give(folder: Path, user: int) -> None:
    """Make `user` the owner of the folder and all in it, but for hard links: they may be files elsewhere, too.

    A tree that an earlier sandbox made so deep that it cannot be walked keeps its owners beyond some depth.
    """
    os.chown(folder, user, user)
    with contextlib.suppress(OSError, RecursionError):
        for _, folders, files, descriptor in os.fwalk(folder):
            for name in folders + files:
                about = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                if stat.S_ISDIR(about.st_mode) or about.st_nlink == 1:
                    os.chown(name, user, user, dir_fd=descriptor, follow_symlinks=False)


def tree_bytes(folder: str, stop_at: float = float("inf"), depth: int = 0, above: int | None = None) -> int:
    """Return the disk space under a folder, without following links; stops adding up beyond `stop_at`.

    Folders are opened one from the other (`above` is the descriptor of the one that holds it): paths may be longer than
    the system takes.

    Raises:
        Unmeasurable: the tree is deeper than honest work makes it, or a folder in it cannot be listed.
        OSError: the machine has no more files to open, or no memory.
    """
    if depth > MAX_DEPTH:
        raise Unmeasurable
    total = 0
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | (os.O_NOFOLLOW if depth else 0), dir_fd=above)
    except (FileNotFoundError, NotADirectoryError):  # it has gone, or changed, meanwhile
        return 0
    except OSError as error:
        raise (error if error.errno in MACHINES_FAULTS else Unmeasurable) from None
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                try:
                    about = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                total += max(about.st_blocks * BLOCK, ENTRY_BYTES)
                if stat.S_ISDIR(about.st_mode):
                    total += tree_bytes(entry.name, stop_at - total, depth + 1, descriptor)
                if total > stop_at:
                    break
    except OSError as error:
        raise (error if error.errno in MACHINES_FAULTS else Unmeasurable) from None
    finally:
        os.close(descriptor)
    return total


@dataclass(frozen=True)
class Opened:
    """What processes hold through open descriptors, beside the files that can be seen.

    Attributes:
        deleted: file number -> bytes, of files that have no name any more.
        buffers: bytes that the kernel may keep for sockets and pipes.
    """

    deleted: Mapping[int, int]
    buffers: int


def opened_by(pids: Iterable[int], device: int) -> Opened:
    """Look at every open descriptor of these processes; of files, only at those on the device."""
    deleted, buffers = {}, {}
    for pid in pids:
        for about in _open_files(pid):
            if stat.S_ISSOCK(about.st_mode):
                buffers[about.st_ino] = SOCKET_BYTES
            elif stat.S_ISFIFO(about.st_mode):
                buffers[about.st_ino] = PIPE_BYTES
            elif about.st_nlink == 0 and about.st_dev == device and stat.S_ISREG(about.st_mode):
                deleted[about.st_ino] = about.st_blocks * BLOCK
    return Opened(deleted, sum(buffers.values()))


def mapped_by(pids: Iterable[int], device: int) -> set[int]:
    """The numbers of files on a device that have no name any more, but that these processes have mapped."""
    place = f"{os.major(device):02x}:{os.minor(device):02x}".encode()
    found = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/maps").read_bytes().split(b"\n"):
                if line.endswith(b" (deleted)"):
                    _, _, _, where, number, *_ = line.split()
                    if where == place:
                        found.add(int(number))
    return found


def _open_files(pid: int) -> Iterator[os.stat_result]:
    """What a process holds open. Files that it closes meanwhile hide none of the others."""
    with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                yield entry.stat()


def read_result(folder: Path, name: str, at_most: int) -> bytes | None:
    """Read a file that student code left in its scratch folder, and nothing that it may point to instead.

    Returns:
        Its content; None if it is not there, is not a regular file of its own, or is longer than `at_most` bytes.

    Raises:
        OSError: the machine has no more files to open, or no memory.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for part in Path(name).parts:
        above = descriptor
        try:
            descriptor = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=above)
        except OSError as error:
            if error.errno in MACHINES_FAULTS:
                raise
            return None
        finally:
            os.close(above)
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1 or about.st_size > at_most:
            return None
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(at_most)
    finally:
        os.close(descriptor)


def clear(path: Path) -> None:
    """Remove a file, a link, or a folder with all that is in it; it need not be there."""
    if path.is_dir() and not path.is_symlink():
        remove(path)
    else:
        path.unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Remove a scratch folder whose sandbox has ended, whatever was done to the modes and depth of what is in it."""
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        subprocess.run(["chmod", "-R", "u+rwX", "--", folder], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["rm", "-rf", "--", folder], check=True)
