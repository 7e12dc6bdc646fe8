"""Weights files and the credit curve."""

import contextlib
import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.expect import weights
from autograder.expect.weights import WeightsError, check_shapes, credit, load_weights


def saved(write=np.savez, **arrays) -> bytes:
    stream = io.BytesIO()
    write(stream, **arrays)
    return stream.getvalue()


def zipped(compression=zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return stream.getvalue()


def npy(array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_saved_weights_are_loaded(write, rng):
    """Do arrays of every float dtype and layout come back as float64?"""
    W = rng.standard_normal((4, 3))
    loaded = load_weights(saved(write, W1=W, W2=W.T, h=W.astype(np.float32), s=np.array(2.0), n=np.arange(3), e=W[:0]))
    assert {array.dtype for array in loaded.values()} == {np.dtype(np.float64)}
    assert np.array_equal(loaded["W1"], W)
    assert np.array_equal(loaded["W2"], W.T)
    assert np.array_equal(loaded["h"], W.astype(np.float32))
    assert loaded["s"] == 2.0
    assert loaded["e"].shape == (0, 3)


class Bomb:
    """Leaves a mark when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


DAMAGED = {
    "empty": (b"", "no .npz file"),
    "text": (b"W1 = 3", "no .npz file"),
    "a pickle in an array": (zipped(W=npy(np.array([Bomb()], dtype=object))), "dtype object"),
    "not an array": (zipped(W=b"hello"), "no .npz file"),
    "strings": (saved(W=np.array(["a"])), "dtype <U1"),
    "complex": (saved(W=np.array([1j])), "dtype complex128"),
    "booleans": (saved(W=np.array([True])), "dtype bool"),
    "long doubles": (saved(W=np.ones(2, np.longdouble)), "dtype"),
    "structured": (saved(W=np.zeros(2, dtype="f8,f8")), "dtype"),
    "NaN": (saved(W=np.array([1.0, np.nan, np.inf])), "W holds 2 values that are not finite: training diverged"),
    "cut off": (saved(W=np.ones(100))[:-200], "no .npz file"),
    "array cut off": (zipped(W=npy(np.ones(100))[:-8]), "damaged: 792 bytes"),
    "array too long": (zipped(W=npy(np.ones(100)) + b"12345678"), "damaged"),
    "negative shape": (zipped(W=npy(np.ones(100)).replace(b"(100,)", b"(-10,)")), "damaged"),
    "huge shape": (
        zipped(W=npy(np.ones(100)).replace(b"(100,), }        ", b"(99999999999,), }")),
        "no .npz file|damaged",
    ),
    "shape that wraps around": (
        zipped(W=npy(np.ones((4294967296, 0))).replace(b"(4294967296, 0)", b"(4294967296, 4)")),
        "damaged",
    ),
    "another version": (zipped(W=b"\x93NUMPY\x03\x00" + npy(np.ones(3))[8:]), "format|no .npz file"),
    "a header that is code": (zipped(W=npy(np.ones(3)).replace(b"'<f8'", b"1/0  ")), "no .npz file"),
    "many arrays": (saved(**{f"W{i}": np.ones(1) for i in range(100)}), "100 arrays"),
    "a long name": (zipped(**{"W" * 200: npy(np.full(3, np.nan))}), "name is not a short text: 'W{39}$"),
    "a name of two lines": (
        zipped(**{"W\n\033[31mW": npy(np.full(3, np.nan))}),
        r"not a short text: 'W\\n\\x1b\[31mW'",
    ),
    "bzip2": (zipped(zipfile.ZIP_BZIP2, W=npy(np.ones(3))), "compressed"),
    "lzma": (zipped(zipfile.ZIP_LZMA, W=npy(np.ones(3))), "compressed"),
    "larger than allowed": (bytes(weights.MAX_BYTES + 1), "larger than"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_bad_files_are_refused(name):
    """Is a file that is not plain finite weights refused, with the reason, and no code of it run?"""
    data, says = DAMAGED[name]
    with pytest.raises(WeightsError, match=says):
        load_weights(data)


def test_a_zip_bomb_is_not_unpacked():
    """Is a small file that would unpack to a gigabyte refused before it does?"""
    data = zipped(W=bytes(2**27))
    assert len(data) < 2**18
    tracemalloc.start()
    with pytest.raises(WeightsError, match="unpacked it is larger than 64 MB"):
        load_weights(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_a_zip_that_lies_about_its_size_is_not_unpacked():
    """And one whose directory states a small size?"""
    data = bytearray(zipped(W=bytes(123_456_789)))
    size = struct.pack("<L", 123_456_789)
    assert data.count(size) == 2
    tracemalloc.start()
    with pytest.raises(WeightsError):
        load_weights(bytes(data.replace(size, struct.pack("<L", 1000))))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**21


def test_an_encrypted_file_is_refused():
    """Is an archive marked as encrypted refused without asking for a password?"""
    data = bytearray(saved(W=np.ones(3)))
    directory = data.index(b"PK\x01\x02")
    data[6] |= 1
    data[directory + 8] |= 1
    with pytest.raises(WeightsError, match="encrypted"):
        load_weights(bytes(data))


BASE = saved(np.savez_compressed, W1=np.arange(6.0).reshape(2, 3), b1=np.zeros(2))


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_damaged_files_are_refused_or_read(data):
    """Do changed bytes anywhere raise something else than WeightsError?"""
    raw = bytearray(BASE)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(WeightsError):
        assert all(np.isfinite(array).all() for array in load_weights(bytes(raw)).values())


SHAPES = {"W1": (50, 3072), "b1": (50,), "W2": (10, 50), "b2": (10,)}


def params(**shapes) -> dict:
    return {name: np.zeros(shape) for name, shape in (SHAPES | shapes).items() if shape is not None}


def test_shapes_like_the_references_pass():
    """May a student's net have another hidden layer, and its file an array more?"""
    check_shapes(params(), SHAPES)
    check_shapes(params(W1=(200, 3072), b1=(200,), W2=(10, 200)), SHAPES)
    check_shapes(params(mean=(3,)), SHAPES)


@pytest.mark.parametrize(
    ("shapes", "says"),
    [
        ({"b2": None}, "lacks b2"),
        ({"b1": (1, 50)}, r"b1 has shape \(1, 50\), where one like \(50,\)"),
        ({"b1": ()}, "b1 has shape"),
        ({"b1": (5000,)}, "b1 has shape"),
        ({"W2": (8_000_000, 1)}, "W2 has shape"),
    ],
)
def test_other_shapes_are_refused(shapes, says):
    """Is a missing array named, and an array whose product could fill the memory kept from predict?"""
    with pytest.raises(WeightsError, match=says):
        check_shapes(params(**shapes), SHAPES)


@pytest.mark.parametrize(("floor", "full"), [(23, 45), (28, 50)])
def test_the_curve_is_in_whole_points(floor, full):
    """Does each of the 1001 accuracies k/1000 earn what whole numbers say, and never a point less by rounding?"""
    span = full - floor
    for k in range(1001):
        whole_per_cent = int(f"{k:04d}"[:-1])
        assert credit(k, 1000, floor, full) == (min(max(whole_per_cent - floor, 0), span), span)


def test_the_float_form_of_the_curve_is_wrong():
    """Does 24 % earn its point, which floating point takes away?"""
    assert int((0.240 - 0.23) * 100) == 0
    assert credit(240, 1000, 23, 45) == (1, 22)


@pytest.mark.parametrize(
    ("correct", "total", "slack", "earned"),
    [(2299, 10_000, 0, 0), (2400, 10_000, 0, 1), (2399, 10_000, 0, 0), (4300, 10_000, 2, 22), (4299, 10_000, 2, 21)],
)
def test_the_curve_at_its_ends(correct, total, slack, earned):
    """Does slack add whole points, and credit begin one point above the floor?"""
    assert credit(correct, total, 23, 45, slack) == (earned, 22)
