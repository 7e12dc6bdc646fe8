"""Write images in the official CIFAR-10 format: pickles as Python 2 wrote them, byte strings throughout."""

import pickle
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np


def write_batch(path: Path, title: str, images: np.ndarray, labels: np.ndarray, filenames: Iterable[str]) -> None:
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


def write_meta(path: Path, label_names: Iterable[str], rows_per_batch: int) -> None:
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


def _byte_matrix(rows: np.ndarray) -> bytes:
    """A C-ordered uint8 matrix: an empty array is reconstructed, then given its state, of which the dtype is a part."""
    empty = _tuple(_name("numpy", "ndarray"), _tuple(_integer(0)), _string("b"))
    array = _name("numpy.core.multiarray", "_reconstruct") + empty + pickle.REDUCE
    dtype = _name("numpy", "dtype") + _tuple(_string("u1"), _integer(0), _integer(1)) + pickle.REDUCE
    unset = _integer(-1)
    dtype_state = _tuple(_integer(3), _string("|"), *[pickle.NONE] * 3, unset, unset, _integer(0))
    shape = _tuple(*(_integer(length) for length in rows.shape))
    state = _tuple(_integer(1), shape, dtype + dtype_state + pickle.BUILD, pickle.NEWFALSE, _string(rows.tobytes()))
    return array + state + pickle.BUILD
