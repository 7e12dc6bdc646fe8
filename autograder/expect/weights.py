"""Saved weights: read without trusting the file, and scored in whole percentage points."""

import io
import math
import zipfile
from collections.abc import Mapping

import numpy as np

from autograder.errors import CourseError

Array = np.ndarray

MAX_BYTES = 64 * 2**20
MAX_ARRAYS = 64
MAX_NAME = 100
MAX_LENGTH = 4096
_MAX_HEADER = 4096


class WeightsError(CourseError):
    """A weights file that cannot be used; the text says why."""


TRAINED_ON = "trained_on"
"""The entry of an .npz file that says, as text, on which data its weights were trained."""


def trained_on(data: bytes) -> str:
    """The data set that a weights file names; "" where it names none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            raw = archive.open(f"{TRAINED_ON}.npy").read(_MAX_HEADER)
        name = np.lib.format.read_array(io.BytesIO(raw), allow_pickle=False, max_header_size=_MAX_HEADER)
        text = str(name[()]) if name.dtype.kind == "U" and name.shape == () else ""
    except Exception:  # as in `load_weights`
        return ""
    return text if len(text) <= MAX_NAME and text.isprintable() else ""


def load_weights(data: bytes) -> dict[str, Array]:
    """The arrays of an .npz file, as float64; the name of the data that it may hold besides is left out.

    No pickle is read, sizes are checked before anything is unpacked, and every array is finite.

    Raises:
        WeightsError: no zip archive of .npy arrays, too large, damaged, encrypted, not numeric, or not finite.
    """
    if len(data) > MAX_BYTES:
        raise WeightsError(f"it is larger than {MAX_BYTES // 2**20} MB")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
                raise WeightsError("it is compressed in a way that np.savez never uses")
            if len(members) > MAX_ARRAYS:
                raise WeightsError(f"it holds {len(members)} arrays, at most {MAX_ARRAYS} are read")
            if sum(member.file_size for member in members) > MAX_BYTES:
                raise WeightsError(f"unpacked it is larger than {MAX_BYTES // 2**20} MB")
            weights = [member for member in members if _array_name(member) != TRAINED_ON]
            return {_array_name(member): _read_array(archive, member) for member in weights}
    except WeightsError:
        raise
    except Exception:  # zipfile and numpy document no closed set of errors for damaged files
        raise WeightsError("it is no .npz file, or is damaged; write it with np.savez(path, W1=..., b1=...)") from None


def _array_name(member: zipfile.ZipInfo) -> str:
    name = member.filename.removesuffix(".npy")
    if len(name) > MAX_NAME or not name.isprintable():
        raise WeightsError(f"it holds an array whose name is not a short text: {name!r:.40}")
    return name


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    name = _array_name(member)
    if member.flag_bits & 1:
        raise WeightsError("it is encrypted")
    with archive.open(member) as file:
        raw = file.read(member.file_size + 1)
    stream = io.BytesIO(raw)
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise WeightsError(f"the array {name} has the unknown format {version}")
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran_order, dtype = read_header(stream, max_header_size=_MAX_HEADER)
    if dtype.kind not in "fiu" or dtype.itemsize > 8:
        raise WeightsError(f"the array {name} has dtype {dtype}; weights are floating-point numbers")
    body = raw[stream.tell() :]
    if len(shape) > 8 or min(shape, default=0) < 0 or len(body) != math.prod(shape) * dtype.itemsize:
        raise WeightsError(f"the array {name} is damaged: {len(body)} bytes for shape {shape} of {dtype}")
    array = np.frombuffer(body, dtype).reshape(shape, order="F" if fortran_order else "C").astype(np.float64)
    if bad := int(np.size(array) - np.isfinite(array).sum()):
        raise WeightsError(f"the array {name} holds {bad} values that are not finite: training diverged")
    return array


def check_shapes(params: dict[str, Array], shapes: Mapping[str, tuple[int, ...]], other_arrays: bool = False) -> None:
    """The arrays of the reference are there, with as many axes, none so long that a product of two could fill memory.

    Lengths may differ: a net with another hidden layer is a net too. Lengths that do not fit make predict fail.

    Raises:
        WeightsError: they are not.
    """
    longest = max(MAX_LENGTH, *(length for shape in shapes.values() for length in shape))
    missing = [name for name in shapes if name not in params]
    if missing and not other_arrays:
        raise WeightsError(f"it lacks {', '.join(missing)}: it should hold {', '.join(shapes)}")
    for name in params if other_arrays else shapes:
        found = params[name].shape
        shape = shapes.get(name, found)
        if len(found) != len(shape) or max(found, default=0) > longest:
            raise WeightsError(f"{name} has shape {found}, where one like {shape} is expected")


def credit(correct: int, total: int, floor: int, full: int, slack: int = 0, steps: int = 100) -> tuple[int, int]:
    """Points earned on the curve, and its span: one point per whole step above `floor`, all at `full`.

    In integers throughout: in floating point many accuracies come out a point low.

    Args:
        floor, full: in steps, of which `steps` make 1; by default in per cent.
        slack: steps added, for data whose accuracy scatters around the one that was aimed at.
    """
    span = full - floor
    return max(0, min(correct * steps // total + slack - floor, span)), span
