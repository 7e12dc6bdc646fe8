"""The data sets on this machine: where they are, which they are, and their arrays."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from autograder.data.formats import (
    META,
    MNIST_FILES,
    TEST_BATCH,
    TRAINING_BATCHES,
    Array,
    read_cifar10_folder,
    read_label_names,
    read_mnist_files,
)
from autograder.data.made_once import made_once
from autograder.data.mapped import ARRAY_NAMES, has_copy, mapped_arrays

CIFAR10_FOLDER = "cifar-10-batches-py"
SYNTHETIC_FOLDER = "synthetic-cifar-10-batches-py"
SYNTHETIC_MARKER = "SYNTHETIC-NOT-CIFAR-10"
MNIST_FOLDER = "mnist"
DIGITS_FOLDER = "synthetic-digits"
DIGITS_MARKER = "SYNTHETIC-NOT-MNIST"

_FIRST_LABELS = {  # of sets that come in the same files, to tell one from the other
    "mnist": (5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7, 2, 8, 6, 9),
    "fashion-mnist": (9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9, 5, 5, 7, 9, 1, 0, 6, 4),
}
_FASHION = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot")

_told: set[Path] = set()
_loaded: list[str] = []


def loaded() -> tuple[str, ...]:
    """The names of the data sets that this process has loaded: "cifar10", "synthetic", "mnist", …"""
    return tuple(_loaded)


def load_held_out(name: str) -> tuple[Array, Array] | None:
    """A course's own data to judge on, $NN_DATA/held_out/<name>.npz with X and y; None where there is none.

    X is as `load_cifar10` or `load_mnist` gives it. Students never get this file: it is not released, and code that is
    graded does not see it.
    """
    path = Path(os.environ.get("NN_DATA") or "data") / "held_out" / f"{name}.npz"
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["X"], arrays["y"]


def load_cifar10(root: str | os.PathLike | None = None) -> tuple[Array, Array, Array, Array]:
    """The raw CIFAR-10 images and labels, in the official order.

    Args:
        root: a folder that holds `cifar-10-batches-py` (or is it). Without it: $NN_DATA, then `data` in the current
            folder and each folder above; the real images are used if both they and the synthetic ones are there.

    Returns:
        X_train: (50000, 32, 32, 3) uint8, height, width, channel; memory-mapped, copied when written to.
        y_train: (50000,) int64, 0..9.
        X_test, y_test: likewise, 10000 rows (1000 where the rest is withheld, as in grading).

    Raises:
        FileNotFoundError: no data anywhere; the message says how to get it.
        ValueError: a batch is damaged or is not an official one.
    """
    folder = _cifar10_folder(root)
    _note(folder, cifar10_source(root))
    files = [folder / name for name in (*TRAINING_BATCHES, TEST_BATCH)]
    arrays = mapped_arrays(folder, files, lambda: read_cifar10_folder(folder))
    X_train, y_train, X_test, y_test = (arrays[name] for name in ARRAY_NAMES)
    return X_train, y_train, X_test, y_test


def cifar10_made_once(name: str, make: Callable[[], Array], root: str | os.PathLike | None = None) -> Array:
    """What `make` returns, from what `load_cifar10` gives; `name` as in `made_once`, `root` as in `load_cifar10`."""
    return made_once(_cifar10_folder(root), name, make)


def cifar10_classes(root: str | os.PathLike | None = None) -> tuple[str, ...]:
    """The names of the ten classes, in the order of the labels; `root` as in `load_cifar10`."""
    return read_label_names(_cifar10_folder(root))


def cifar10_source(root: str | os.PathLike | None = None) -> str:
    """ "cifar10", or "synthetic" for the generated stand-in; `root` as in `load_cifar10`."""
    return "synthetic" if (_cifar10_folder(root) / SYNTHETIC_MARKER).exists() else "cifar10"


def load_mnist(root: str | os.PathLike | None = None) -> tuple[Array, Array, Array, Array]:
    """MNIST, or any set in its format such as Fashion-MNIST, from the four IDX files, gzipped or plain.

    If MNIST is missing, the synthetic digits are used; loading them says so once.

    Args:
        root: the folder with the files, or one that holds it as `mnist`. Without it: $NN_DATA, then `data` in the
            current folder and each folder above.

    Returns:
        X_train: (60000, 28, 28) uint8; memory-mapped, copied when written to.
        y_train: (60000,) int64, 0..9.
        X_test, y_test: likewise, 10000 rows (1000 where the rest is withheld, as in grading).

    Raises:
        FileNotFoundError: no data anywhere; the message says how to get it.
        ValueError: a file is damaged.
    """
    folder = _mnist_folder(root)
    _tell_if_synthetic(folder)
    files = {name: path for name, stem in MNIST_FILES.items() if (path := _idx_file(folder, stem))}
    wanted = [files.get(name, folder / stem) for name, stem in MNIST_FILES.items()]
    arrays = mapped_arrays(folder, wanted, lambda: read_mnist_files(files))
    X_train, y_train, X_test, y_test = (arrays[name] for name in ARRAY_NAMES)
    _note(folder, _mnist_name(folder, y_train))
    return X_train, y_train, X_test, y_test


def mnist_source(root: str | os.PathLike | None = None) -> str:
    """What `load_mnist` gives: "mnist", "synthetic-digits", "fashion-mnist", or "unknown"; `root` as there."""
    return _mnist_name(_mnist_folder(root), load_mnist(root)[1])


def _mnist_name(folder: Path, y_train: Array) -> str:
    if (folder / DIGITS_MARKER).exists():
        return "synthetic-digits"
    first = tuple(y_train[:20].tolist())
    return next((name for name, labels in _FIRST_LABELS.items() if labels == first), "unknown")


def mnist_classes(root: str | os.PathLike | None = None) -> tuple[str, ...]:
    """The names of the ten classes of what `load_mnist` gives: digits, or clothes; `root` as there."""
    return _FASHION if mnist_source(root) == "fashion-mnist" else tuple("0123456789")


def _note(folder: Path, name: str) -> None:
    """Keep in mind what was loaded, and say it where it is a stand-in."""
    _tell_if_synthetic(folder)
    if name not in _loaded:
        _loaded.append(name)


def _tell_if_synthetic(folder: Path) -> None:
    for marker, title, name in ((SYNTHETIC_MARKER, "CIFAR-10", "cifar10"), (DIGITS_MARKER, "MNIST", "mnist")):
        if (folder / marker).exists() and folder not in _told:
            _told.add(folder)
            print(f"synthetic stand-in, NOT {title}: {folder}\n  The real images: autograder data {name}")


def _holds_cifar10(folder: Path) -> bool:
    return (folder / TEST_BATCH).is_file() or ((folder / META).is_file() and has_copy(folder))


def _idx_file(folder: Path, stem: str) -> Path | None:
    return next((path for path in (folder / stem, folder / f"{stem}.gz") if path.is_file()), None)


def _holds_mnist(folder: Path) -> bool:
    return all(_idx_file(folder, stem) for stem in MNIST_FILES.values()) or has_copy(folder)


def _data_folders() -> list[Path]:
    here = Path.cwd()
    return [parent / "data" for parent in (here, *here.parents)]


def _cifar10_folder(root: str | os.PathLike | None) -> Path:
    names = (CIFAR10_FOLDER, SYNTHETIC_FOLDER)
    if root is not None:
        candidates = [Path(root), *(Path(root) / name for name in names)]
    else:
        candidates = [Path(os.environ["NN_DATA"]) / name for name in ("", *names)] if os.environ.get("NN_DATA") else []
        candidates += [folder / name for name in names for folder in _data_folders()]
    found = next(filter(_holds_cifar10, candidates), None)
    if found is None:
        raise FileNotFoundError(_nothing_found("CIFAR-10", root, "cifar10", "`autograder data synthetic` (a stand-in)"))
    return found


def _mnist_folder(root: str | os.PathLike | None) -> Path:
    names = (MNIST_FOLDER, DIGITS_FOLDER)
    if root is not None:
        candidates = [Path(root), *(Path(root) / name for name in names)]
    else:
        candidates = [Path(os.environ["NN_DATA"]) / name for name in names] if os.environ.get("NN_DATA") else []
        candidates += [folder / name for name in names for folder in _data_folders()]
    found = next(filter(_holds_mnist, candidates), None)
    if found is None:
        offline = "`autograder data synthetic-digits` (a stand-in)"
        raise FileNotFoundError(_nothing_found("MNIST", root, "mnist", offline))
    return found


def _nothing_found(what: str, root: str | os.PathLike | None, command: str, offline: str) -> str:
    if root is not None:
        looked = f"in {Path(root).absolute()}"
    else:
        looked = f'in $NN_DATA ({os.environ.get("NN_DATA") or "not set"}) and in "data" in {Path.cwd()} and above'
    return f"no {what} data {looked}.\n  Get it with  autograder data {command}  or, without a network, {offline}."
