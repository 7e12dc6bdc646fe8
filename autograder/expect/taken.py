"""Values as an expectation takes them: what a notebook gives, as the plain values that evidence knows.

    pandas' tables, columns, indices    their values as an array, or as lists of texts; missing numbers are NaN
    sets                                sorted lists
    ranges, views of dicts, generators  lists
    arrays of objects                   lists
    dates, times, durations             texts, as ISO 8601 writes them
    fractions, decimal numbers          floats

So a solution may give any of these where another gives a list or an array. Only the very types that are named here are
read: of a class of a student's own no method is called, and `evidence.encode` refuses it by name.
"""

import itertools
import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from types import GeneratorType
from typing import Any

import numpy as np

from autograder.expect.evidence import MAX_DEPTH, MAX_ITEMS, Value


def taken(value: Any, depth: int = 0) -> Value:
    """The value with all that is named above made plain, however deep; anything else is left as it is."""
    kind = type(value)
    if kind in _AS_THEY_ARE or depth > MAX_DEPTH:
        return value
    if kind is list or kind is tuple:
        return value if len(value) > MAX_ITEMS else kind([taken(item, depth + 1) for item in value])
    if kind in _DICTS:
        return {_key(key): taken(item, depth + 1) for key, item in value.items()}
    if kind is np.ndarray:
        return _array(value, depth)
    if kind in _TAKEN:
        return taken(_TAKEN[kind](value), depth + 1)
    if kind in _ITERATED or kind.__module__ == "itertools":
        return [taken(item, depth + 1) for item in itertools.islice(value, MAX_ITEMS + 1)]
    if kind in (np.datetime64, np.timedelta64):
        return taken(value.astype(_PRECISION[value.dtype.kind]).item(), depth + 1)
    return _pandas(value, kind, depth)


def _key(key: Any) -> Any:
    return _moment(key) if type(key) in (date, datetime) else key


def _moment(value: date | datetime) -> str:
    """A date, or a date and a time; midnight is the date alone."""
    return value.isoformat().removesuffix("T00:00:00")


def _array(array: np.ndarray, depth: int) -> Value:
    if array.dtype.kind == "O":
        return taken(array.tolist(), depth + 1)
    if array.dtype.kind in "mM":
        return taken(array.astype(_PRECISION[array.dtype.kind]).tolist(), depth + 1)
    return array


def _pandas(value: Any, kind: type, depth: int) -> Value:
    pandas = sys.modules.get("pandas")
    if pandas is None or kind.__module__.partition(".")[0] != "pandas":
        return value
    if kind in (pandas.DataFrame, pandas.Series) or issubclass(kind, pandas.Index):
        return taken(_values(value, pandas), depth + 1)
    if value is pandas.NA or value is pandas.NaT:
        return float("nan")
    if kind is pandas.Timestamp:
        return _moment(value)
    return str(value.to_pytimedelta()) if kind is pandas.Timedelta else value


def _values(table: Any, pandas: Any) -> np.ndarray:
    """The values of a table, column or index as an array: of floats where they are numbers and some are missing."""
    if not isinstance(table, pandas.Index):
        types = table.dtypes if isinstance(table, pandas.DataFrame) else [table.dtype]
        if all(map(pandas.api.types.is_numeric_dtype, types)) and table.isna().to_numpy().any():
            return table.to_numpy(dtype=float, na_value=np.nan)
    return table.to_numpy()


def _sorted(items: Any) -> list:
    try:
        return sorted(items)
    except TypeError:  # of several types
        return sorted(items, key=repr)


_AS_THEY_ARE = frozenset({type(None), bool, int, float, complex, str})
_DICTS = (dict, OrderedDict, defaultdict)

_TAKEN: dict[type, Callable[[Any], Any]] = {
    set: _sorted,
    frozenset: _sorted,
    deque: list,
    Decimal: float,
    Fraction: float,
    date: _moment,
    datetime: _moment,
    time: time.isoformat,
    timedelta: str,
}

_PRECISION = {"M": "M8[us]", "m": "m8[us]"}  # that of Python's own dates and durations
_VIEWS: tuple[Any, ...] = ({}.keys(), {}.values(), {}.items())
_ITERATED = frozenset(map(type, [*_VIEWS, *map(iter, [[], (), "", range(0), set(), *_VIEWS]), reversed([])])) | {
    range, map, filter, zip, enumerate, reversed, GeneratorType,
}  # fmt: skip
