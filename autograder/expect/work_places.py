"""Where a student's functions are written: in cells, and between the banners of files beside the notebook."""

import linecache
import os
from collections.abc import Mapping
from types import CodeType

from autograder.expect.departs import IN_A_CELL
from autograder.regions import BANNER


def cell_file(cell_id: str) -> str:
    """What the code of a cell that is run for its steps calls its file."""
    return f"<cell {cell_id}>"


def place_of(code: CodeType, texts: Mapping[str, str], work: frozenset[str], check: str) -> str | None:
    """Where a function is written that students write, or a cell's own lines; None for all other code.

    Args:
        texts: the texts of the cells by the names of their files.
        work: the cells whose own lines are looked at.
        check: the cell that is not.
    """
    name = code.co_filename
    if name.startswith("<cell "):
        cell_id = name[len("<cell ") : -1]
        if cell_id == check or (code.co_name == "<module>" and cell_id not in work):
            return None
        return f"{IN_A_CELL} {cell_id}" if code.co_name == "<module>" else IN_A_CELL
    return file_place(code, texts)


def file_place(code: CodeType, texts: Mapping[str, str]) -> str | None:
    """The file beside the notebook in which a function with a region is written; None for all other code."""
    name, here = code.co_filename, os.getcwd() + os.sep
    if not name.startswith(here) or not name.endswith(".py") or code.co_name == "<module>":
        return None
    last = max((line for _, _, line in code.co_lines() if line), default=0)
    lines = texts[name].splitlines() if name in texts else linecache.getlines(name)
    own = lines[code.co_firstlineno - 1 : last + 2]
    return name.removeprefix(here).replace(os.sep, "/") if any(BANNER.match(line) for line in own) else None
