"""The codec of evidence."""

import contextlib
import enum
import math
import os
import pickle
import struct
import tracemalloc
from collections import Counter, OrderedDict, defaultdict, namedtuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.expect import evidence
from autograder.expect.evidence import EvidenceError, decode, encode

DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(sizes=(16, 32, 64), endianness="?"),
    hnp.complex_number_dtypes(sizes=(64, 128), endianness="?"),
    hnp.unicode_string_dtypes(min_len=1, max_len=4),
    hnp.byte_string_dtypes(min_len=1, max_len=4),
)
ARRAYS = DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=4)))
NUMPY_SCALARS = ARRAYS.filter(lambda array: array.size).map(lambda array: array.flat[0])
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**1000), 2**1000),
    st.floats(),
    st.complex_numbers(),
    st.text(st.characters(exclude_categories=[])),
)
KEYS = st.one_of(st.text(), st.integers(), st.booleans(), st.tuples(st.floats(allow_nan=False), st.integers()))
VALUES = st.recursive(
    st.one_of(PLAIN, ARRAYS, NUMPY_SCALARS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple), st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)


def identical(a, b) -> bool:
    """The same type, shape, dtype and bits, all the way down."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(identical(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(identical, a, b))
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype.str == b.dtype.str and np.shape(a) == np.shape(b) and a.tobytes() == b.tobytes()
    if isinstance(a, float):
        return struct.pack("<d", a) == struct.pack("<d", b)
    if isinstance(a, complex):
        return identical((a.real, a.imag), (b.real, b.imag))
    return a == b


@given(VALUES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_encoded_is_decoded(value):
    """Does every value come back with its type, dtype, shape and bits?"""
    assert identical(decode(encode(value)), value)


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda tail: evidence.MAGIC + tail)))
@settings(max_examples=1000, deadline=None)
def test_random_bytes_are_refused_or_read(data):
    """Does any sequence of bytes raise something else than EvidenceError?"""
    with contextlib.suppress(EvidenceError):
        decode(data)


@given(VALUES, st.data())
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_evidence_is_refused_or_read(value, data):
    """And bytes that are nearly right, with some changed, dropped or added?"""
    raw = bytearray(encode(value))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(raw)))
        raw[start : start + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(EvidenceError):
        decode(bytes(raw))


@given(VALUES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_truncated_evidence_is_refused(value):
    """Is every proper beginning of some evidence refused?"""
    raw = encode(value)
    for end in range(len(raw)):
        with pytest.raises(EvidenceError):
            decode(raw[:end])


def array_bytes(dtype: bytes, shape: tuple[int, ...], body: bytes = b"", tag: bytes = b"a") -> bytes:
    dimensions = b"".join(struct.pack("<Q", length) for length in shape)
    return evidence.MAGIC + tag + bytes([len(dtype)]) + dtype + bytes([len(shape)]) + dimensions + body


HOSTILE = {
    "empty": b"",
    "another magic": b"NNE2N",
    "pickle": pickle.dumps(np.arange(3)),
    "unknown tag": evidence.MAGIC + b"x",
    "bytes after the value": evidence.MAGIC + b"NN",
    "object dtype": array_bytes(b"|O", (1,), bytes(8)),
    "structured dtype": array_bytes(b"i4,f8", (1,), bytes(12)),
    "sub-array dtype": array_bytes(b"(2,)<f8", (1,), bytes(16)),
    "datetime dtype": array_bytes(b"<M8[s]", (1,), bytes(8)),
    "void dtype": array_bytes(b"|V8", (1,), bytes(8)),
    "dtype by alias": array_bytes(b"float64", (1,), bytes(8)),
    "dtype that is code": array_bytes(b"__import__('os')", (1,), bytes(8)),
    "strings of no length": array_bytes(b"<U0", (1000,), b""),
    "long double": array_bytes(b"<f16", (1,), bytes(16)),
    "huge shape": array_bytes(b"<f8", (2**62,)),
    "shape whose product wraps around": array_bytes(b"<f8", (2**32, 2**32)),
    "shape that is negative as int64": array_bytes(b"<f8", (2**64 - 1,), bytes(8)),
    "huge and empty": array_bytes(b"<f8", (0, 2**40)),
    "17 axes": array_bytes(b"<f8", (1,) * 17, bytes(8)),
    "255 axes": array_bytes(b"<f8", (1,) * 255, bytes(8)),
    "array beyond the end": array_bytes(b"<f8", (3,), bytes(16)),
    "scalar of shape (1,)": array_bytes(b"<f8", (1,), bytes(8), tag=b"g"),
    "booleans that are 2": array_bytes(b"|b1", (2,), b"\x01\x02"),
    "characters outside Unicode": array_bytes(b"<U1", (1,), b"\xff\xff\xff\xff"),
    "big-endian characters outside Unicode": array_bytes(b">U1", (1,), b"\xff\xff\xff\xff"),
    "integer of no bytes": evidence.MAGIC + b"i\x00",
    "integer of 255 bytes": evidence.MAGIC + b"i\xff" + bytes(255),
    "list of 2**32 - 1 items": evidence.MAGIC + b"l\xff\xff\xff\xff",
    "nested lists that multiply": evidence.MAGIC + (b"l" + struct.pack("<I", 90_000)) * 10,
    "17 lists in each other": evidence.MAGIC + b"l\x01\x00\x00\x00" * 17 + b"N",
    "a million lists in each other": evidence.MAGIC + b"l\x01\x00\x00\x00" * 1_000_000 + b"N",
    "text that is not UTF-8": evidence.MAGIC + b"s\x02\x00\x00\x00\xff\xfe",
    "text beyond the end": evidence.MAGIC + b"s\xff\xff\xff\xffab",
    "list as a key": evidence.MAGIC + b"d\x01\x00\x00\x00l\x00\x00\x00\x00N",
    "tuple with an array as a key": evidence.MAGIC
    + b"d\x01\x00\x00\x00t\x01\x00\x00\x00"
    + array_bytes(b"<f8", ())[4:],
    "the same key twice": evidence.MAGIC + b"d\x02\x00\x00\x00TNTN",
    "keys of one hash": evidence.MAGIC
    + b"d"
    + struct.pack("<I", 50_000)
    + b"".join(encode(key * (2**61 - 1))[4:] + b"N" for key in range(50_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_evidence_is_refused(name):
    """Are bytes refused that would be code, would not fit, or would say one thing and hold another?"""
    tracemalloc.start()
    try:
        with pytest.raises(EvidenceError):
            decode(HOSTILE[name])
        assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    finally:
        tracemalloc.stop()


def test_decoding_allocates_a_few_times_its_input_at_most():
    """Does a message of the largest size need memory in proportion to it, whatever it holds?"""
    raw = encode({"a": np.zeros(2_000_000), "b": [1.5] * 50_000})
    tracemalloc.start()
    decode(raw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * len(raw)


class Spy(float):
    """A float whose every method betrays that it was called."""

    def _betray(self, *args):
        raise RuntimeError("a method of a student's object was called")

    __float__ = __eq__ = __repr__ = __str__ = __hash__ = __reduce__ = __reduce_ex__ = __index__ = __len__ = _betray
    __array__ = __iter__ = __getitem__ = __bool__ = __lt__ = _betray


class SpyArray(np.ndarray):
    """An array with a method of its own."""


class SpyMasked(np.ma.MaskedArray):
    """A masked array with methods of its own."""


def subclass(base: type, *arguments) -> object:
    """An object of a subclass whose methods fail."""
    names = [
        "len",
        "iter",
        "getitem",
        "contains",
        "bool",
        "str",
        "repr",
        "eq",
        "abs",
        "add",
        "pos",
        "float",
        "index",
        "hash",
    ]
    methods = dict.fromkeys([f"__{name}__" for name in names], fails)
    return type("Mine", (base,), methods | {"items": None, "keys": None})(*arguments)


def fails(*_):
    raise RuntimeError("a method of a student's object was called")


Pair = namedtuple("Pair", "loss gradient")
BUILT_ON = {
    "float": (Spy(-0.0), -0.0),
    "int": (subclass(int, 2**70), 2**70),
    "complex": (subclass(complex, 1j), 1j),
    "str": (subclass(str, "text"), "text"),
    "list": (subclass(list, [1, 2]), [1, 2]),
    "tuple": (subclass(tuple, (1, 2)), (1, 2)),
    "dict": (subclass(dict, {"a": 1}), {"a": 1}),
    "key": ({Pair(1, 2): 3}, {(1, 2): 3}),
    "enumeration": (enum.IntEnum("E", "A B").B, 2),
    "named tuple": (Pair(1.5, np.ones(2)), (1.5, np.ones(2))),
    "OrderedDict": (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
    "defaultdict": (defaultdict(list, {"loss": [1.0]}), {"loss": [1.0]}),
    "Counter": (Counter("aab"), {"a": 2, "b": 1}),
    "matrix": (np.matrix([[1.0, 2.0]]), np.array([[1.0, 2.0]])),
    "array": (np.ones(2).view(SpyArray), np.ones(2)),
    "masked array without masked entries": (np.ma.array([1.0, 2.0]), np.array([1.0, 2.0])),
    "deep inside": ([OrderedDict(x=(Spy(2.0),))], [{"x": (2.0,)}]),
}


@pytest.mark.parametrize("name", BUILT_ON)
def test_a_subclass_is_read_as_what_it_is_built_on(name):
    """Is an object of a subclass read, at home and when graded, without calling a method of the subclass?"""
    value, wanted = BUILT_ON[name]
    assert identical(decode(encode(value)), wanted)


OTHER_VALUES = {
    "deep inside": (lambda: [1, {"loss": ({2.0},)}], r"\[1\]\['loss'\]\[0\]"),
    "masked array": (lambda: np.ma.array([1.0], mask=[True]), "plain array"),
    "masked array of a class of its own": (lambda: np.ma.array([1.0]).view(SpyMasked), "plain array"),
    "objects in an array": (lambda: np.array([object()]), "dtype object"),
    "structured array": (lambda: np.zeros(2, dtype=[("a", "f8")]), "dtype"),
    "dates": (lambda: np.zeros(2, dtype="M8[s]"), "dtype"),
    "long doubles": (lambda: np.zeros(2, dtype=np.longdouble), "dtype"),
    "class": (lambda: np.float64, "type"),
    "function": (lambda: subclass, "function"),
    "bytes": (lambda: b"bytes", "bytes"),
    "set": (lambda: {1, 2}, "set"),
    "generator": (lambda: np.random.default_rng(0), "Generator"),
    "key of another type": (lambda: {b"key": 1}, "key"),
    "huge integer": (lambda: 2 ** (8 * evidence.MAX_INT_BYTES), "integer"),
    "many axes": (lambda: np.zeros((1,) * 17), "17 axes"),
    "long list": (lambda: [0.0] * (evidence.MAX_ITEMS + 1), "items"),
    "many keys": (lambda: dict.fromkeys(range(evidence.MAX_KEYS + 1)), "keys"),
    "two lists": (lambda: [[0.0] * 60_000, [0.0] * 60_000], "items"),
    "large array": (lambda: np.zeros(evidence.MAX_BYTES // 8 + 1), "MB"),
    "three arrays": (lambda: [np.zeros(evidence.MAX_BYTES // 16)] * 3, "MB"),
    "long text": (lambda: "x" * (evidence.MAX_BYTES + 1), "MB"),
    "array that pretends to be huge": (lambda: np.broadcast_to(np.zeros(1), (2**40,)), "MB"),
}


@pytest.mark.parametrize("name", OTHER_VALUES)
def test_other_values_are_no_evidence(name):
    """Is a value of any other type, or too large, refused with words that say which, without calling its methods?"""
    make, says = OTHER_VALUES[name]
    with pytest.raises(EvidenceError, match=says):
        encode(make())


def test_a_list_that_holds_itself_is_no_evidence():
    """Does an endless value end?"""
    value: list = []
    value.append(value)
    with pytest.raises(EvidenceError, match="deep"):
        encode(value)


def test_numpy_integers_as_keys_become_integers():
    """May a student's dict be keyed by what np.arange gave?"""
    assert decode(encode({np.int64(3): 0.5})) == {3: 0.5}


def test_layout_in_memory_does_not_matter():
    """Are transposed, strided and Fortran-ordered arrays read as they look?"""
    base = np.arange(24.0).reshape(4, 6)
    for view in (base.T, base[::2, ::-3], np.asfortranarray(base), np.broadcast_to(base[0], (3, 6))):
        read = decode(encode(view))
        assert np.array_equal(read, view)
        assert read.flags.writeable
        assert read.flags.owndata


def test_nan_payloads_survive():
    """Does a NaN of unusual bits, or a negative zero, come through?"""
    bits = np.array([0x7FF8_0000_0000_1234, 0xFFF0_0000_0000_0001, 0x8000_0000_0000_0000], dtype=np.uint64)
    assert np.array_equal(decode(encode(bits.view(np.float64))).view(np.uint64), bits)
    assert math.copysign(1, decode(encode(-0.0))) == -1


def test_many_random_bytes():
    """Do fifty thousand random messages that begin like evidence raise nothing else?"""
    raw = os.urandom(1_000_000)
    for start in range(0, len(raw), 20):
        with contextlib.suppress(EvidenceError):
            decode(evidence.MAGIC + b"ltdag"[start % 5 : start % 5 + 1] + raw[start : start + 20])
