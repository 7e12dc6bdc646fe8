"""Arrays in one .npz file, without pickles: what the nets' `save` writes and `load` reads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from nn.checks import Array


def save_arrays(path: str | os.PathLike, arrays: Mapping[str, Array]) -> None:
    """Write `arrays` into `path`, under just this name; the file appears only when it is complete."""
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    with unfinished.open("wb") as file:
        np.savez(file, **arrays)
    unfinished.replace(path)


def load_arrays(path: str | os.PathLike, wanted: Iterable[str]) -> dict[str, Array]:
    """The arrays that `save_arrays` wrote.

    Raises:
        ValueError: the file is not an .npz file without pickles, or holds other names than `wanted`.
        FileNotFoundError: there is no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
    except (ValueError, TypeError, EOFError, BadZipFile) as error:
        raise ValueError(f"{path}: this is not an .npz file of plain arrays ({error})") from None
    if sorted(arrays) != sorted(wanted):
        raise ValueError(f"{path}: received arrays {sorted(arrays)}, expected {sorted(wanted)}")
    return arrays
