"""Who called an expectation, and how the call reads there."""

import ast
import contextlib
import linecache
import sys
from functools import lru_cache
from itertools import islice
from types import FrameType, ModuleType
from typing import Any

import numpy as np

_PACKAGE = __name__.rpartition(".")[0]
_LONGEST_NAME = 40
_MOST_IN_SIGHT = 60


def caller() -> FrameType:
    """The innermost frame outside this package."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        frame = frame.f_back
    return frame


def argument_text(frame: FrameType, parameter: str, position: int) -> str | None:
    """Source text of one argument of the call that `frame` is making.

    None where the source is not at hand, the call is not written there, or the text is not one short line.
    """
    instruction = frame.f_lasti // 2
    line, last, start, end = next(islice(frame.f_code.co_positions(), instruction, None), (None,) * 4)
    if line is None or last is None or start is None or end is None:
        return None
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)[line - 1 : last]
    if len(lines) != last - line + 1:
        return None
    encoded = [text.encode() for text in lines]
    encoded[-1] = encoded[-1][:end]  # before the first line is cut: both may be the same line
    encoded[0] = encoded[0][start:]
    return _argument(b"".join(encoded).decode(errors="replace"), parameter, position)


@lru_cache(maxsize=256)
def _argument(call: str, parameter: str, position: int) -> str | None:
    try:
        node = ast.parse(call, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not isinstance(node, ast.Call) or any(isinstance(argument, ast.Starred) for argument in node.args):
        return None
    named = [keyword.value for keyword in node.keywords if keyword.arg == parameter]
    found = [*node.args[position : position + 1], *named]
    if not found or isinstance(found[0], ast.Constant):
        return None
    text = ast.get_source_segment(call, found[0])
    return text if text and len(text) <= _LONGEST_NAME and "\n" not in text else None


def in_sight(frame: FrameType) -> dict[str, float]:
    """Numbers that the code of `frame` names, and lengths of arrays that it names, by what they are called there.

    Only plain numbers, arrays, and what dicts and objects keep under names that the code uses: nothing is called.
    """
    code = frame.f_code
    wanted = [*code.co_names, *code.co_varnames, *code.co_cellvars, *code.co_freevars]
    keys = {constant for constant in code.co_consts if isinstance(constant, str)}
    found: dict[str, float] = {}
    for name in dict.fromkeys(wanted):
        value = frame.f_locals.get(name, frame.f_globals.get(name))
        take(f"`{name}`", value, found)
        if type(value) is dict:
            for key, item in value.items():
                if type(key) is str and key in keys | set(wanted):
                    take(f"`{key}`", item, found)
        elif type(getattr(type(value), "__dict__", {}).get("__dict__")).__name__ == "getset_descriptor":
            for key, item in object.__getattribute__(value, "__dict__").items():
                if key in wanted and not isinstance(value, ModuleType):
                    take(f"`{key}`", item, found)
        if len(found) >= _MOST_IN_SIGHT:
            break
    return found


def take(name: str, value: Any, found: dict[str, float]) -> None:
    """Put a number, or an array's lengths, down under a name."""
    if type(value) in (int, float) or isinstance(value, np.number):
        if isinstance(value, int | float | np.integer | np.floating):
            with contextlib.suppress(OverflowError):  # an integer of hundreds of digits
                number = float(value)
                if abs(number) < 1e12:
                    found.setdefault(name, number)
    elif type(value) is np.ndarray:
        for axis, length in enumerate(value.shape[:4]):
            found.setdefault(f"the length of axis {axis} of {name}", float(length))


def cell_text(frame: FrameType) -> str:
    """The whole text that `frame` runs a line of, as far as it is at hand."""
    return "".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals))


def place(frame: FrameType) -> tuple[str, int | None]:
    """What tells one run of one cell from another: the cell's file name and the execution count."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return frame.f_code.co_filename, getattr(shell, "execution_count", None)
