"""The data folder that a graded submission sees: everything but the withheld test rows.

Submissions run with this folder as $NN_DATA. The arrays of the training set are hard links, so that every submission
and the grader itself share one copy in memory. (Symbolic links would lead out of what a sandbox may read.)
"""

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.data.registry import Dataset, known_datasets
from autograder.errors import CourseError

if TYPE_CHECKING:
    import numpy as np

ARRAYS = "arrays-shown"  # the loaders take the one folder arrays-* for the data where there are no official files


def make_sandbox_view(data: Path, view: Path) -> Path:
    """Make `view` the data folder for submissions: each dataset of `data`, cut to what a submission may see.

    The data is read in a process of its own: no trace of the withheld labels may be left in the process from which
    submissions are forked.

    Args:
        data: the course's data folder.
        view: replaced where it exists; on the file system of `data`, or the arrays are copied instead of linked.

    Returns:
        `view`.

    Raises:
        CourseError: a dataset could not be read.
    """
    view.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{view.name}-", dir=view.parent) as unfinished:
        fresh = Path(unfinished, view.name)
        fresh.mkdir()
        for dataset in known_datasets().values():
            if dataset.is_in(data):
                _show(dataset, data, fresh)
        shutil.rmtree(view, ignore_errors=True)
        fresh.replace(view)
    return view


def _show(dataset: Dataset, data: Path, view: Path) -> None:
    folder, shown = data / dataset.folder, view / dataset.folder
    arrays = shown / ARRAYS
    arrays.mkdir(parents=True)
    for name in dataset.shown_files:
        shutil.copyfile(folder / name, shown / name)
    arguments = [dataset.loader, folder.absolute(), arrays.absolute(), dataset.shown_test_rows]
    result = subprocess.run(
        [sys.executable, "-P", "-m", __name__, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        last = (result.stderr.strip() or "no message").splitlines()[-1]
        raise CourseError(f"data: cannot read {folder}: {last}")


def _export(loader: str, folder: str, arrays: str, shown_test_rows: str) -> None:
    """In the reading process: the arrays that `loader` gives, linked or written into the folder `arrays`."""
    module, function = loader.split(":")
    X_train, y_train, X_test, y_test = getattr(importlib.import_module(module), function)(folder)
    rows = int(shown_test_rows)
    to_show = {"X_train": X_train, "y_train": y_train, "X_test": X_test[:rows], "y_test": y_test[:rows]}
    for name, array in to_show.items():
        _link_or_write(array, Path(arrays, f"{name}.npy"))


def _link_or_write(array: "np.ndarray", target: Path) -> None:
    import numpy as np  # only the reading process needs it; grading starts faster without

    source = array.base
    if isinstance(source, np.memmap) and source.filename and source.shape == array.shape:
        try:
            os.link(source.filename, target)
        except OSError:  # another file system, or another owner
            shutil.copyfile(source.filename, target)
    else:
        np.save(target, array)


if __name__ == "__main__":
    _export(*sys.argv[1:])
