"""Do the checks refuse what they say, and nothing else?"""

import numpy as np
import pytest

from nn.checks import NotFiniteError, check_finite

KINDS = {
    "float32": np.zeros((20, 30), np.float32),
    "float64": np.zeros((20, 30)),
    "float16": np.zeros((20, 30), np.float16),
    "transposed": np.zeros((30, 20)).T,
    "every other column": np.zeros((20, 60), np.float32)[:, ::2],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_found(kind, bad):
    """Is the place named, in every precision and layout?"""
    array = KINDS[kind].copy("K")
    check_finite("x", array)
    array[7, 8] = bad
    with pytest.raises(NotFiniteError, match=rf"x: received {bad} at \[7, 8\], 1 such values in shape \(20, 30\)"):
        check_finite("x", array)


@pytest.mark.parametrize("large", [np.full(10, 1e30, np.float32), np.full(10, -1e300), np.full(9, 255, np.uint8)])
def test_large_numbers_are_finite(large):
    """Is an array accepted whose sum or squares are too large for its type?"""
    check_finite("x", large)
