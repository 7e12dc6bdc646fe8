"""Arrays that take long to make from a data set: made once in a grading run, and mapped by every submission.

The process with an answer key, which is trusted, is told by $NN_SHARED where submissions see their data. What it makes
there of a data set is what every submission would make of it, bit for bit: the same library, the same bytes. It is
mapped copy-on-write, so that a submission may change its own. Everywhere else, arrays are made as they are asked for.
"""

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the grader, which removes what was made, starts without
    import numpy as np

PREFIX = "made-"
SHARED = "NN_SHARED"
ROOM = 4  # times its size must be free where an array is written


def made_once(folder: Path, name: str, make: "Callable[[], np.ndarray]") -> "np.ndarray":
    """What `make` returns; where a grading run has it already, that, mapped.

    Args:
        folder: of the data set.
        name: says everything that the array depends on beside the data set, in letters that a file's name may have.
    """
    import numpy as np

    made = folder / f"{PREFIX}{name}.npy"
    if made.is_file():
        return np.asarray(np.load(made, mmap_mode="c"))
    array = make()
    if shared := os.environ.get(SHARED):
        share(array, Path(shared) / folder.name / made.name)
    return array


def share(array: "np.ndarray", target: Path) -> None:
    """Write an array for others, whole or not at all; nothing where there is no room for it, or it is there."""
    import numpy as np

    unfinished = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    try:
        if target.exists() or shutil.disk_usage(target.parent).free < ROOM * array.nbytes:
            return
        with open(unfinished, "xb") as file:
            np.save(file, array)
        unfinished.replace(target)
    except OSError:
        unfinished.unlink(missing_ok=True)


def remove_made(view: Path) -> None:
    """Remove what was made for the submissions that see this data folder."""
    for made in [*view.glob(f"*/{PREFIX}*.npy"), *view.glob(f"*/.{PREFIX}*")]:
        made.unlink(missing_ok=True)
