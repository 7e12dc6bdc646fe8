"""The same run under other conditions: random inputs of float32, two threads of BLAS. For `lint --run`."""

import ctypes
from pathlib import Path
from typing import Any

import numpy as np

SETTERS = ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_", "openblas_set_num_threads")


class SingleGenerator(np.random.Generator):
    """Draws the numbers that another generator would draw, arrays of float64 rounded to float32."""

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name.startswith("_") or not callable(found):
            return found
        return lambda *args, **kwargs: rounded(found(*args, **kwargs))


def rounded(drawn: Any) -> Any:
    return drawn.astype(np.float32) if isinstance(drawn, np.ndarray) and drawn.dtype == np.float64 else drawn


def use_threads(number: int) -> bool:
    """Let numpy's OpenBLAS use so many threads from now on; False where numpy has another BLAS."""
    maps = Path("/proc/self/maps").read_text()
    for path in {line.split()[-1] for line in maps.splitlines() if "openblas" in line}:
        library = ctypes.CDLL(path)
        for name in SETTERS:
            if hasattr(library, name):
                getattr(library, name)(number)
                return True
    return False
