"""What the tests of the course library share: the reference figures, and how exactly this machine must meet them."""

import ctypes
import json
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

REFERENCE = json.loads((Path(__file__).parents[1] / "reference_values.json").read_text())
RECORDED_NUMPY = (2, 4)
RECORDED_KERNEL = "SkylakeX"


def blas_kernel() -> str | None:
    """The kernel that numpy's own OpenBLAS chose for this processor, None where numpy came with another BLAS."""
    libraries = [path for folder in ("numpy.libs", "numpy/.dylibs") for path in _site().glob(f"{folder}/*openblas*")]
    if len(libraries) != 1:
        return None
    library = ctypes.CDLL(str(libraries[0]))
    for name in ("scipy_openblas_get_corename64_", "openblas_get_corename64_"):
        if hasattr(library, name):
            corename = getattr(library, name)
            corename.restype = ctypes.c_char_p
            return corename().decode()
    return None


def _site() -> Path:
    return Path(np.__file__).parents[1]


@pytest.fixture(scope="session")
def kernel() -> str | None:
    return blas_kernel()


@pytest.fixture(scope="session")
def exact(kernel) -> bool:
    """Whether the figures marked bit_exact must come out to the last bit here."""
    numpy_version = tuple(map(int, np.__version__.split(".")[:2]))
    return kernel == RECORDED_KERNEL and numpy_version == RECORDED_NUMPY and sys.platform == "linux"


@pytest.fixture(scope="session")
def reference() -> dict:
    """The reference figures: `tests` by id, the other parts as they stand."""
    return REFERENCE | {"tests": {test["id"]: test for test in REFERENCE["tests"]}}
