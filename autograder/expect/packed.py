"""Values of more types than evidence knows, as evidence, and back: sets, bytes, dates, pandas' tables and the like.

What is packed is data again on the other side, of the same type; no method of a student's class is called and none is
needed to unpack it.
"""

import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from autograder.expect.evidence import EvidenceError, Value, encode

Packed = tuple[str, Any]

PLAIN = ""
_CONTAINERS = (list, tuple, dict)


def pack(value: Any) -> Packed:
    """The value as evidence: (kind, content). Raises EvidenceError where its type is unknown."""
    packer = _PACKERS.get(type(value)) or _numpy_packer(value) or _pandas_packer(type(value))
    try:
        if packer is None or type(value) in _CONTAINERS:
            encode(value)
            return PLAIN, value
    except EvidenceError:
        if packer is None:
            raise
    kind, content = packer
    return kind, content(value)


def unpack(packed: Value) -> Any:
    """The value of packed evidence. Raises EvidenceError where it is none, whatever it is."""
    if type(packed) is not tuple or len(packed) != 2 or type(packed[0]) is not str:
        raise EvidenceError("this is not a packed value")
    kind, content = packed
    if kind == PLAIN:
        return content
    if kind not in _UNPACKERS:
        raise EvidenceError(f"an unknown kind of value {kind[:40]!r}")
    try:
        return _UNPACKERS[kind](content)
    except EvidenceError:
        raise
    except Exception as error:
        raise EvidenceError(f"a {kind} that cannot be made: {type(error).__name__}") from None


def _items(value: Any) -> list[Packed]:
    return [pack(item) for item in value]


def _pairs(value: dict) -> list[tuple[Packed, Packed]]:
    return [(pack(key), pack(item)) for key, item in value.items()]


def _unpacked(content: Any) -> list:
    return [unpack(item) for item in content]


def _dict(content: Any) -> dict:
    return {unpack(key): unpack(item) for key, item in content}


_PACKERS: dict[type, tuple[str, Callable[[Any], Value]]] = {
    list: ("list", _items),
    tuple: ("tuple", _items),
    dict: ("dict", _pairs),
    OrderedDict: ("OrderedDict", _pairs),
    Counter: ("Counter", _pairs),
    defaultdict: ("defaultdict", _pairs),
    set: ("set", _items),
    frozenset: ("frozenset", _items),
    bytes: ("bytes", lambda value: np.frombuffer(value, np.uint8).copy()),
    deque: ("deque", _items),
    type({}.keys()): ("keys", _items),
    type({}.values()): ("values", _items),
    type({}.items()): ("items", lambda value: _pairs(dict(value))),
    range: ("range", lambda value: [value.start, value.stop, value.step]),
    Decimal: ("Decimal", str),
    Fraction: ("Fraction", lambda value: [value.numerator, value.denominator]),
    datetime: ("datetime", lambda value: value.isoformat()),
    date: ("date", lambda value: value.isoformat()),
    timedelta: ("timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
}


def _numpy_packer(value: Any) -> tuple[str, Callable[[Any], Value]] | None:
    """How to pack a plain dtype of numpy's, as numbers have them; None for anything else."""
    if isinstance(value, np.dtype) and type(value).__module__.startswith("numpy.") and value.kind in "biufcSUmM":
        return "dtype", lambda dtype: dtype.str
    return None


def _pandas_packer(kind: type) -> tuple[str, Callable[[Any], Value]] | None:
    """How to pack one of pandas' own types; None for any other type, subclasses too."""
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return None
    if kind is pandas.DataFrame:
        return "DataFrame", _frame
    if kind is pandas.Series:
        return "Series", _series
    if issubclass(kind, pandas.Index) and kind.__module__.partition(".")[0] == "pandas":
        return "Index", lambda index: [_column(index), pack(index.name)]
    return ("Timestamp", lambda stamp: stamp.isoformat()) if kind is pandas.Timestamp else None


def _frame(frame: Any) -> Value:
    columns = [_column(frame.iloc[:, number]) for number in range(frame.shape[1])]
    return [_column(frame.index), pack(frame.index.name), _column(frame.columns), columns]


def _series(series: Any) -> Value:
    return [_column(series), _column(series.index), pack(series.index.name), pack(series.name)]


def _column(column: Any) -> Value:
    """The values of one column or index: an array of numbers or texts, and pandas' name of its type."""
    kind = str(column.dtype)
    if kind.startswith(("datetime64", "timedelta64", "category", "period", "interval")):
        return [[pack(str(item)) for item in column.tolist()], kind]
    array = column.to_numpy()
    return [pack(array) if array.dtype.kind in "biufc" else _items(column.tolist()), kind]


def _values(column: Any) -> Any:
    import pandas

    values, kind = column
    content = unpack(values) if type(values) is tuple else _unpacked(values)
    if kind.startswith(("datetime64", "timedelta64", "category")):
        convert = pandas.to_timedelta if kind.startswith("timedelta") else pandas.to_datetime
        return pandas.Series(content, dtype="category") if kind == "category" else pandas.Series(convert(content))
    return pandas.Series(content, dtype=kind)


def _make_series(content: Any) -> Any:
    import pandas

    values, index, index_name, name = content
    labels = pandas.Index(_values(index), name=unpack(index_name))
    return pandas.Series(_values(values).to_numpy(), index=labels, name=unpack(name), dtype=values[1])


def _make_frame(content: Any) -> Any:
    import pandas

    index, index_name, labels, columns = content
    frame = pandas.DataFrame({number: _values(column) for number, column in enumerate(columns)})
    frame.index = pandas.Index(_values(index), name=unpack(index_name))
    frame.columns = pandas.Index(_values(labels))
    return frame


def _make_index(content: Any) -> Any:
    import pandas

    return pandas.Index(_values(content[0]), name=unpack(content[1]))


def _make_stamp(content: Any) -> Any:
    import pandas

    return pandas.Timestamp(content)


_UNPACKERS: dict[str, Callable[[Any], Any]] = {
    "list": _unpacked,
    "tuple": lambda content: tuple(_unpacked(content)),
    "dict": _dict,
    "OrderedDict": lambda content: OrderedDict(_dict(content)),
    "Counter": lambda content: Counter(_dict(content)),
    "defaultdict": lambda content: defaultdict(None, _dict(content)),
    "set": lambda content: set(_unpacked(content)),
    "frozenset": lambda content: frozenset(_unpacked(content)),
    "deque": lambda content: deque(_unpacked(content)),
    "keys": lambda content: dict.fromkeys(_unpacked(content)).keys(),
    "values": lambda content: dict(enumerate(_unpacked(content))).values(),
    "items": lambda content: _dict(content).items(),
    "bytes": lambda content: content.tobytes(),
    "range": lambda content: range(*content),
    "dtype": np.dtype,
    "Decimal": Decimal,
    "Fraction": lambda content: Fraction(*content),
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "timedelta": lambda content: timedelta(*content),
    "DataFrame": _make_frame,
    "Series": _make_series,
    "Index": _make_index,
    "Timestamp": _make_stamp,
}
