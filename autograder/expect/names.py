"""Who called an expectation, and how the call reads there."""

import ast
import linecache
import sys
from functools import lru_cache
from itertools import islice
from types import FrameType

_PACKAGE = __name__.rpartition(".")[0]
_LONGEST_NAME = 40


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
    if None in (line, last, start, end):
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


def cell_text(frame: FrameType) -> str:
    """The whole text that `frame` runs a line of, as far as it is at hand."""
    return "".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals))


def place(frame: FrameType) -> tuple[str, int | None]:
    """What tells one run of one cell from another: the cell's file name and the execution count."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return frame.f_code.co_filename, getattr(shell, "execution_count", None)
