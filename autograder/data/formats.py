"""The official files of CIFAR-10 and MNIST, read and written.

CIFAR-10 comes as pickles that Python 2 wrote; they are read without running anything that is in them, and written as
Python 2 wrote them, byte strings throughout. MNIST comes as IDX files, https://yann.lecun.com/exdb/mnist/.
"""

import gzip
import math
import pickle
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray
Arrays = dict[str, Array]

TRAINING_BATCHES = tuple(f"data_batch_{i}" for i in range(1, 6))
TEST_BATCH = "test_batch"
META = "batches.meta"
MNIST_FILES = {
    "X_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "X_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}

_IMAGE_BYTES = 3 * 32 * 32
_IDX_UNSIGNED_BYTE = 8


# CIFAR-10, read


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


# CIFAR-10, written


def write_cifar10_batch(path: Path, title: str, images: Array, labels: Array, filenames: Iterable[str]) -> None:
    """One batch file.

    Args:
        path: the file to write.
        title: the batch's own label, such as "training batch 1 of 5".
        images: (N, 32, 32, 3) uint8, height, width, channel.
        labels: (N,) integers.
        filenames: N names.
    """
    rows = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).reshape(len(images), -1)
    entries = {
        "batch_label": _string(title),
        "labels": _list(_integer(int(label)) for label in labels),
        "data": _byte_matrix(rows),
        "filenames": _list(_string(name) for name in filenames),
    }
    path.write_bytes(_pickled(entries))


def write_label_names(path: Path, label_names: Iterable[str], rows_per_batch: int) -> None:
    """batches.meta, which names the classes."""
    entries = {
        "num_cases_per_batch": _integer(rows_per_batch),
        "label_names": _list(map(_string, label_names)),
        "num_vis": _integer(3072),
    }
    path.write_bytes(_pickled(entries))


def _pickled(entries: dict[str, bytes]) -> bytes:
    body = b"".join(_string(key) + value for key, value in entries.items())
    return pickle.PROTO + b"\x02" + pickle.EMPTY_DICT + pickle.MARK + body + pickle.SETITEMS + pickle.STOP


def _string(text: str | bytes) -> bytes:
    raw = text.encode("latin1") if isinstance(text, str) else text
    if len(raw) < 256:
        return pickle.SHORT_BINSTRING + bytes([len(raw)]) + raw
    return pickle.BINSTRING + struct.pack("<i", len(raw)) + raw


def _integer(value: int) -> bytes:
    return pickle.BININT + struct.pack("<i", value)


def _list(items: Iterable[bytes]) -> bytes:
    return pickle.EMPTY_LIST + pickle.MARK + b"".join(items) + pickle.APPENDS


def _name(module: str, name: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()


def _tuple(*items: bytes) -> bytes:
    return pickle.MARK + b"".join(items) + pickle.TUPLE


def _byte_matrix(rows: Array) -> bytes:
    """A C-ordered uint8 matrix: an empty array is reconstructed, then given its state, of which the dtype is a part."""
    empty = _tuple(_name("numpy", "ndarray"), _tuple(_integer(0)), _string("b"))
    array = _name("numpy.core.multiarray", "_reconstruct") + empty + pickle.REDUCE
    dtype = _name("numpy", "dtype") + _tuple(_string("u1"), _integer(0), _integer(1)) + pickle.REDUCE
    unset = _integer(-1)
    dtype_state = _tuple(_integer(3), _string("|"), *[pickle.NONE] * 3, unset, unset, _integer(0))
    shape = _tuple(*(_integer(length) for length in rows.shape))
    state = _tuple(_integer(1), shape, dtype + dtype_state + pickle.BUILD, pickle.NEWFALSE, _string(rows.tobytes()))
    return array + state + pickle.BUILD


# MNIST, read and written


def read_idx(path: Path) -> Array:
    """An IDX file of unsigned bytes, gzipped (`.gz`) or plain.

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


def read_mnist_files(files: Mapping[str, Path]) -> Arrays:
    """Images (N, H, W) uint8 and labels (N,) int64, from the IDX files of X_train, y_train, X_test and y_test.

    Raises:
        ValueError: a file is damaged, or images and labels do not fit each other.
    """
    arrays = {name: read_idx(path) for name, path in files.items()}
    for split in ("train", "test"):
        images, labels = arrays[f"X_{split}"], arrays[f"y_{split}"]
        if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
            folder = files[f"X_{split}"].parent
            raise ValueError(f"{folder}: {split} images {images.shape} and labels {labels.shape} do not fit")
        arrays[f"y_{split}"] = labels.astype(np.int64)
    return arrays


def write_idx(path: Path, array: Array) -> None:
    """An array of unsigned bytes as a plain IDX file."""
    head = struct.pack(f">HBB{array.ndim}I", 0, _IDX_UNSIGNED_BYTE, array.ndim, *array.shape)
    path.write_bytes(head + array.tobytes())
