"""Arrays kept as memory-mapped copies beside the files that they were read from."""

import contextlib
import hashlib
import secrets
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from autograder.data.formats import Arrays

ARRAY_NAMES = ("X_train", "y_train", "X_test", "y_test")
CACHE_PREFIX = "arrays-"
ABANDONED_AFTER = 3600.0  # seconds; an unfinished cache folder older than this was left by a killed process


def mapped_arrays(folder: Path, files: Iterable[Path], read: Callable[[], Arrays]) -> Arrays:
    """What `read` returns, from a memory-mapped copy in `folder` once there is one.

    The copy is a folder `arrays-<key>` of .npy files; the key comes from the files' names, sizes and times, so that
    changed files get a new copy. It appears whole or not at all, whoever else is making it at the same time. Where
    `folder` cannot be written, the arrays are simply read again. Processes that load the same copy share its memory.

    Args:
        folder: where the official files are.
        files: the official files; if they are not there, `folder` must hold exactly one copy, which is used as it is.
        read: reads the official files.

    Returns:
        The arrays by name. Images are mapped copy-on-write: changing them changes neither the file nor anybody else's.
    """
    files = tuple(files)
    if missing := [path.name for path in files if not path.is_file()]:
        return _open_copy(_only_copy(folder, missing))
    copy = folder / f"{CACHE_PREFIX}{_fingerprint(files)}"
    if copy.is_dir():
        try:
            return _open_copy(copy)
        except (OSError, ValueError):
            shutil.rmtree(copy, ignore_errors=True)
    arrays = read()
    _remove_outdated(folder, copy)
    try:
        _write_copy(arrays, copy)
        return _open_copy(copy)
    except OSError:
        return arrays


def has_copy(folder: Path) -> bool:
    return any(path.is_dir() for path in folder.glob(f"{CACHE_PREFIX}*"))


def _only_copy(folder: Path, missing: list[str]) -> Path:
    copies = [path for path in folder.glob(f"{CACHE_PREFIX}*") if path.is_dir()]
    if len(copies) != 1:
        raise FileNotFoundError(
            f"{folder} lacks {', '.join(missing)}, and holds {len(copies)} copies of the arrays, not 1.\n"
            "  Delete this folder and get the data again with  autograder data"
        )
    return copies[0]


def _fingerprint(files: tuple[Path, ...]) -> str:
    facts = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]


def _open_copy(copy: Path) -> Arrays:
    arrays = {}
    for name in ARRAY_NAMES:
        file = copy / f"{name}.npy"
        arrays[name] = np.asarray(np.load(file, mmap_mode="c" if name.startswith("X") else None))
    return arrays


def _write_copy(arrays: Arrays, copy: Path) -> None:
    unfinished = copy.with_name(f".{copy.name}-{secrets.token_hex(4)}")
    try:
        unfinished.mkdir()
        for name in ARRAY_NAMES:
            np.save(unfinished / f"{name}.npy", arrays[name])
        unfinished.rename(copy)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not copy.is_dir():  # otherwise another process was first, with the same arrays
            raise


def _remove_outdated(folder: Path, current: Path) -> None:
    """Remove copies of other files than `current` is of, and unfinished ones that their writer has abandoned.

    Other processes may be writing and removing at the same time: `current` may be theirs, and is left alone.
    """
    for path in folder.glob(f"{CACHE_PREFIX}*"):
        if path != current:
            shutil.rmtree(path, ignore_errors=True)
    for path in folder.glob(f".{CACHE_PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > ABANDONED_AFTER:
                shutil.rmtree(path, ignore_errors=True)
