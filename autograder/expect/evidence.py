"""Values as bytes: what a student's process hands to the trusted side, and how that side reads it.

A value is None, bool, int, float, complex, str, a numpy scalar or array of booleans, numbers or fixed-width strings,
or a tuple, list or dict of values. An object of a subclass of these (defaultdict, a named tuple, np.matrix)
is read as what it is built on, by the methods of that: no method of a student's own is ever called.
The bytes describe themselves, hold no code (no pickle), and are bounded in size, depth and number of items; reading
them either gives a value or raises EvidenceError, whatever they are.
"""

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

MAGIC = b"NNE1"
MAX_BYTES = 64 * 2**20
MAX_DEPTH = 16
MAX_ITEMS = 100_000
MAX_KEYS = 5_000  # of one dict: numbers can be chosen so that all have the same hash, and each key meets all others
MAX_INT_BYTES = 128
MAX_DIMENSIONS = 16

_KEYS = (str, int, float, bool)
_NUMBERS = {"b": (1,), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8), "c": (8, 16)}
_LENGTH = struct.Struct("<I")
_FLOAT = struct.Struct("<d")
_COMPLEX = struct.Struct("<dd")
_DIMENSION = struct.Struct("<Q")

Value = Any


class EvidenceError(Exception):
    """A value that cannot be evidence, or bytes that are not evidence; the text says what and where."""


@dataclass(frozen=True)
class EvidenceFailure:
    """Why an expectation has no evidence, in the words of the student's process."""

    reason: str


def encode(value: Value) -> bytes:
    """The bytes of a value; raises EvidenceError where it is not one (see the module) or is too large."""
    writer = _Writer()
    writer.write(value, "", 0)
    return b"".join(writer.parts)


def decode(data: bytes) -> Value:
    """The value of some bytes, arrays as fresh writable copies; raises EvidenceError and nothing else."""
    if len(data) > MAX_BYTES:
        raise EvidenceError(f"the evidence has {len(data)} bytes, at most {MAX_BYTES} are read")
    reader = _Reader(data)
    value = reader.read(0)
    if reader.at != len(data):
        raise EvidenceError(f"{len(data) - reader.at} bytes follow the value")
    return value


def snapshot(value: Value) -> Value:
    """The value as the trusted side would see it: a deep copy of plain types."""
    return decode(encode(value))


_READ = (
    (bool, bool),
    (int, lambda value: int.__add__(value, 0)),
    (float, float.__pos__),
    (complex, complex.__pos__),
    (str, str.__str__),
    (tuple, lambda value: (*tuple.__iter__(value),)),
    (list, lambda value: [*list.__iter__(value)]),
    (np.ndarray, lambda value: np.ndarray.view(value, np.ndarray)),
)
"""How an object of a subclass becomes one of the class itself, without a method of the subclass."""


def plain(value: Any, path: str) -> Any:
    """The value as an object of the built-in class, or of numpy's, that its own class is built on."""
    kind = type(value)
    if kind in _EXACT or kind in _SCALARS:
        return value
    if issubclass(kind, np.ma.MaskedArray):
        if kind is not np.ma.MaskedArray or np.ma.is_masked(value):
            raise EvidenceError(f"{_at(path)} is a masked array: make it a plain array with np.ma.filled(...)")
        return np.array(value.data)
    for base, read in _READ:
        if issubclass(kind, base):
            return read(value)
    return value


class _Writer:
    def __init__(self) -> None:
        self.parts: list[bytes] = [MAGIC]
        self.size = len(MAGIC)
        self.items = 0

    def put(self, *parts: bytes) -> None:
        self.room(sum(map(len, parts)))
        self.parts.extend(parts)

    def room(self, needed: int) -> None:
        self.size += needed
        if self.size > MAX_BYTES:
            raise EvidenceError(f"the value needs more than {MAX_BYTES // 2**20} MB")

    def write(self, value: Value, path: str, depth: int) -> None:
        self.items += 1
        if self.items > MAX_ITEMS:
            raise EvidenceError(f"the value holds more than {MAX_ITEMS} items: make it an array")
        if depth > MAX_DEPTH:
            raise EvidenceError(f"the value is nested more than {MAX_DEPTH} deep")
        value = plain(value, path)
        kind = type(value)
        if value is None:
            self.put(b"N")
        elif kind is bool:
            self.put(b"T" if value else b"F")
        elif kind is int:
            size = value.bit_length() // 8 + 1
            if size > MAX_INT_BYTES:
                raise EvidenceError(f"{_at(path)} is an integer of {size} bytes, at most {MAX_INT_BYTES} are kept")
            self.put(b"i", bytes([size]), value.to_bytes(size, "little", signed=True))
        elif kind is float:
            self.put(b"f", _FLOAT.pack(value))
        elif kind is complex:
            self.put(b"c", _COMPLEX.pack(value.real, value.imag))
        elif kind is str:
            text = value.encode("utf-8", "surrogatepass")
            self.put(b"s", _LENGTH.pack(len(text)), text)
        elif kind is tuple or kind is list:
            self.put(b"t" if kind is tuple else b"l", _count(value))
            for index, item in enumerate(value):
                self.write(item, f"{path}[{index}]", depth + 1)
        elif issubclass(kind, dict):
            count = dict.__len__(value)
            if count > MAX_KEYS:
                raise EvidenceError(f"{_at(path)} is a dict of {count} keys, at most {MAX_KEYS} are kept")
            self.put(b"d", _LENGTH.pack(count))
            for key, item in dict.items(value):
                key = int(key) if type(key) in _INTEGERS else plain(key, path)
                if not _is_key(key):
                    raise EvidenceError(f"{_at(path)} has a key {_type_name(type(key))}: keys are texts or numbers")
                self.write(key, path, depth + 1)
                self.write(item, f"{path}[{key!r:.40}]", depth + 1)
        elif kind is np.ndarray or kind in _SCALARS:
            self.array(b"a" if kind is np.ndarray else b"g", np.asarray(value), path)
        else:
            raise EvidenceError(f"{_at(path)} is {_type_name(kind)}: {_instead(kind)}")

    def array(self, tag: bytes, array: np.ndarray, path: str) -> None:
        dtype = array.dtype
        if not _known(dtype):
            raise EvidenceError(
                f"{_at(path)} is an array of dtype {dtype}: only booleans, numbers of up to 64 bits (complex: 128) "
                "and fixed-width strings can be checked"
            )
        if array.ndim > MAX_DIMENSIONS:
            raise EvidenceError(f"{_at(path)} has {array.ndim} axes, at most {MAX_DIMENSIONS} are kept")
        size = math.prod(array.shape) * dtype.itemsize
        if size > MAX_BYTES:
            raise EvidenceError(f"{_at(path)} needs {size / 2**20:.0f} MB, at most {MAX_BYTES // 2**20} MB are kept")
        name = dtype.str.encode()
        shape = b"".join(map(_DIMENSION.pack, array.shape))
        self.put(tag, bytes([len(name)]), name, bytes([array.ndim]), shape)
        self.put(array.tobytes())


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.items = 0
        if self.take(len(MAGIC)) != MAGIC:
            raise EvidenceError("these bytes are not evidence")

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise EvidenceError(f"the evidence ends at byte {len(self.data)}, {count} more were announced")
        self.at += count
        return self.data[self.at - count : self.at]

    def read(self, depth: int) -> Value:
        self.items += 1
        if self.items > MAX_ITEMS:
            raise EvidenceError(f"the evidence holds more than {MAX_ITEMS} items")
        if depth > MAX_DEPTH:
            raise EvidenceError(f"the evidence is nested more than {MAX_DEPTH} deep")
        match self.take(1):
            case b"N":
                return None
            case b"T":
                return True
            case b"F":
                return False
            case b"i":
                size = self.take(1)[0]
                if not 0 < size <= MAX_INT_BYTES:
                    raise EvidenceError(f"an integer of {size} bytes")
                return int.from_bytes(self.take(size), "little", signed=True)
            case b"f":
                return _FLOAT.unpack(self.take(8))[0]
            case b"c":
                return complex(*_COMPLEX.unpack(self.take(16)))
            case b"s":
                try:
                    return self.take(self.length()).decode("utf-8", "surrogatepass")
                except UnicodeDecodeError as error:
                    raise EvidenceError(f"a text that is not UTF-8: {error.reason}") from None
            case b"t":
                return tuple([self.read(depth + 1) for _ in range(self.count())])
            case b"l":
                return [self.read(depth + 1) for _ in range(self.count())]
            case b"d":
                return self.dict(depth)
            case b"a":
                return self.array()
            case b"g":
                array = self.array()
                if array.shape != ():
                    raise EvidenceError(f"a numpy scalar of shape {array.shape}")
                return array[()]
            case tag:
                raise EvidenceError(f"an unknown kind of value {tag!r} at byte {self.at - 1}")

    def length(self) -> int:
        return _LENGTH.unpack(self.take(4))[0]

    def count(self) -> int:
        count = self.length()
        if count > MAX_ITEMS - self.items:
            raise EvidenceError(f"a container of {count} items, at most {MAX_ITEMS} are read")
        return count

    def dict(self, depth: int) -> dict:
        pairs = {}
        count = self.count()
        if count > MAX_KEYS:
            raise EvidenceError(f"a dict of {count} keys, at most {MAX_KEYS} are read")
        for _ in range(count):
            key = self.read(depth + 1)
            if not _is_key(key):
                raise EvidenceError(f"a dict key of type {type(key).__name__}")
            if key in pairs:
                raise EvidenceError(f"the dict key {key!r:.40} comes twice")
            pairs[key] = self.read(depth + 1)
        return pairs

    def array(self) -> np.ndarray:
        name = self.take(self.take(1)[0])
        try:
            dtype = np.dtype(name.decode("ascii"))
        except (TypeError, ValueError, SyntaxError):
            raise EvidenceError(f"an array of unknown dtype {name!r}") from None
        if not _known(dtype) or dtype.str.encode() != name:
            raise EvidenceError(f"an array of dtype {name!r}")
        dimensions = self.take(1)[0]
        if dimensions > MAX_DIMENSIONS:
            raise EvidenceError(f"an array of {dimensions} axes")
        shape = tuple(_DIMENSION.unpack(self.take(8))[0] for _ in range(dimensions))
        if math.prod(max(length, 1) for length in shape) * dtype.itemsize > MAX_BYTES:
            raise EvidenceError(f"an array of shape {shape} and dtype {dtype}")
        raw = self.take(math.prod(shape) * dtype.itemsize)
        array = np.ndarray(shape, dtype, buffer=raw).copy() if raw else np.empty(shape, dtype)
        if dtype.kind == "b" and array.size and array.view(np.uint8).max() > 1:
            raise EvidenceError("a boolean array with bytes other than 0 and 1")
        if dtype.kind == "U" and array.size:
            code_points = np.frombuffer(raw, np.dtype("u4").newbyteorder(dtype.byteorder))
            if code_points.max() > 0x10FFFF:
                raise EvidenceError("a string array with characters outside Unicode")
        return array


_SCALARS = frozenset(
    np.dtype(f"{kind}{size}").type for kind, sizes in _NUMBERS.items() for size in sizes
) | {np.str_, np.bytes_, np.longlong, np.ulonglong}  # fmt: skip
_INTEGERS = frozenset(np.dtype(f"{kind}{size}").type for kind in "iu" for size in _NUMBERS[kind])


_EXACT = frozenset({type(None), bool, int, float, complex, str, tuple, list, dict, np.ndarray})


def _is_key(key: Any) -> bool:
    """A text, a number, or a tuple of them: what can be a dict's key here."""
    if type(key) is tuple:
        return all(type(part) in _KEYS for part in key)
    return type(key) in _KEYS


def _known(dtype: np.dtype) -> bool:
    if type(dtype).__module__ != "numpy.dtypes" or dtype.fields or dtype.subdtype:
        return False
    return dtype.itemsize in _NUMBERS.get(dtype.kind, ()) or (dtype.kind in "US" and dtype.itemsize > 0)


def _count(container: Any) -> bytes:
    if len(container) > MAX_ITEMS:
        raise EvidenceError(f"the value holds more than {MAX_ITEMS} items: make it an array")
    return _LENGTH.pack(len(container))


def _at(path: str) -> str:
    return f"item {path}" if path else "the value"


def _type_name(kind: type) -> str:
    module = type.__getattribute__(kind, "__module__")
    name = type.__getattribute__(kind, "__name__")
    return f"of type {name}" if module == "builtins" else f"of type {module}.{name}"


def _instead(kind: type) -> str:
    if issubclass(kind, np.ndarray):
        return "make it a plain array with np.array(...)"
    if callable(getattr(kind, "detach", None)) or callable(getattr(kind, "numpy", None)):
        return "make it a numpy array (.numpy())"
    return "only None, booleans, numbers, strings, numpy arrays, and tuples, lists and dicts of them can be checked"
