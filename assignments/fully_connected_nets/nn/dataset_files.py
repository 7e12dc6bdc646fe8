"""Read the official files of CIFAR-10 and MNIST into arrays, and keep those arrays memory-mapped beside the files."""

import contextlib
import gzip
import hashlib
import math
import pickle
import secrets
import shutil
import struct
import time
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray
Arrays = dict[str, Array]

ARRAY_NAMES = ("X_train", "y_train", "X_test", "y_test")
TRAINING_BATCHES = tuple(f"data_batch_{i}" for i in range(1, 6))
TEST_BATCH = "test_batch"
META = "batches.meta"
CACHE_PREFIX = "arrays-"
ABANDONED_AFTER = 3600.0  # seconds; an unfinished cache folder older than this was left by a killed process

_IMAGE_BYTES = 3 * 32 * 32
_IDX_UNSIGNED_BYTE = 8


class _PickledDtype:
    """Stands in for numpy.dtype while unpickling: keeps the name it was made with and runs nothing."""

    def __init__(self, name: Any = None, *_: Any) -> None:
        self.name = name

    def __setstate__(self, state: Any) -> None:
        pass


class _PickledArray:
    """Stands in for numpy.ndarray while unpickling: keeps shape, dtype and bytes unexamined."""

    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def images(self) -> Array:
        """The (N, 3072) uint8 array that was pickled; ValueError if it is anything else."""
        _version, shape, dtype, fortran, raw = self.state
        rows, columns = shape
        is_bytes = isinstance(dtype, _PickledDtype) and dtype.name in (b"u1", "u1", b"|u1", "|u1")
        if (
            not is_bytes
            or fortran
            or columns != _IMAGE_BYTES
            or not isinstance(raw, bytes)
            or len(raw) != rows * columns
        ):
            raise ValueError(f"its data is not an (N, {_IMAGE_BYTES}) array of bytes")
        return np.frombuffer(raw, np.uint8).reshape(rows, columns)


def _reconstruct(*_: Any) -> _PickledArray:
    return _PickledArray()


class _BatchUnpickler(pickle.Unpickler):
    """Knows the three names that the official batches use, as stand-ins; every other name is refused."""

    known = {  # noqa: RUF012
        ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
        ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
        ("numpy", "ndarray"): _PickledArray,
        ("numpy", "dtype"): _PickledDtype,
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self.known[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no official batch does") from None


def _read_pickle(path: Path, wanted: Callable[[dict], Any]) -> Any:
    """`wanted` of the dictionary pickled in `path`; ValueError, with the path, whatever is wrong with the file."""
    try:
        with path.open("rb") as stream:
            return wanted(_BatchUnpickler(stream, encoding="bytes").load())
    except OSError:
        raise
    except Exception as error:  # a damaged or hostile pickle can raise anything
        raise ValueError(
            f"{path} is not an official CIFAR-10 file: {error or type(error).__name__}\n"
            "  Delete its folder and get the data again with  autograder data cifar10"
        ) from error


def read_cifar10_batch(path: Path) -> tuple[Array, Array]:
    """One official batch (a Python 2 pickle), read without running anything that is in it.

    Args:
        path: for example .../cifar-10-batches-py/data_batch_1.

    Returns:
        images: (N, 32, 32, 3) uint8, height, width, channel.
        labels: (N,) int64, 0..9.

    Raises:
        ValueError: the file is damaged, has other content, or names anything that an official batch does not.
    """

    def images_and_labels(batch: dict) -> tuple[Array, Array]:
        rows, labels = batch[b"data"].images(), batch[b"labels"]
        if len(labels) != len(rows) or not all(type(label) is int and 0 <= label <= 9 for label in labels):
            raise ValueError(f"its labels are not {len(rows)} integers from 0 to 9")
        images = rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        return np.ascontiguousarray(images), np.array(labels, np.int64)

    return _read_pickle(path, images_and_labels)


def read_label_names(folder: Path) -> tuple[str, ...]:
    """The names of the ten classes, from `folder`/batches.meta."""
    return _read_pickle(folder / META, lambda meta: tuple(name.decode("latin1") for name in meta[b"label_names"]))


def read_cifar10_folder(folder: Path) -> Arrays:
    """The five training batches in order, and the test batch, as X_train, y_train, X_test, y_test."""
    batches = [read_cifar10_batch(folder / name) for name in TRAINING_BATCHES]
    X_test, y_test = read_cifar10_batch(folder / TEST_BATCH)
    X_train = np.concatenate([images for images, _ in batches])
    y_train = np.concatenate([labels for _, labels in batches])
    return {"X_train": X_train, "y_train": y_train, "X_test": X_test, "y_test": y_test}


def read_idx(path: Path) -> Array:
    """An IDX file of unsigned bytes, gzipped (`.gz`) or plain: MNIST's format, http://yann.lecun.com/exdb/mnist/.

    Raises:
        ValueError: the file is damaged, or holds something else than unsigned bytes.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            zeros, kind, dimensions = struct.unpack(">HBB", stream.read(4))
            if zeros != 0 or kind != _IDX_UNSIGNED_BYTE:
                raise ValueError("it does not begin as an IDX file of unsigned bytes")
            shape = struct.unpack(f">{dimensions}I", stream.read(4 * dimensions))
            size = math.prod(shape)
            raw = stream.read(size + 1)
    except (ValueError, struct.error, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} cannot be read: {error}\n  Delete it and get the data again.") from error
    if len(raw) != size:
        more_or_less = "more" if len(raw) > size else "less"
        raise ValueError(f"{path} is damaged: it holds {more_or_less} than the {size} bytes that its head announces")
    return np.frombuffer(raw, np.uint8).reshape(shape)


def mapped_arrays(folder: Path, files: Iterable[Path], read: Callable[[], Arrays]) -> Arrays:
    """What `read` returns, from a memory-mapped copy in `folder` once there is one.

    The copy is a folder `arrays-<key>` of .npy files; the key comes from the files' names, sizes and times, so that
    changed files get a new copy. It appears whole or not at all, whoever else is making it at the same time. Where
    `folder` cannot be written, the arrays are simply read anew. Processes that load the same copy share its memory.

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
        mode = "c" if name.startswith("X") else None
        arrays[name] = np.asarray(np.load(copy / f"{name}.npy", mmap_mode=mode))
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
