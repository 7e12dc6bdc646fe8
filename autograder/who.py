"""Whose notebook it is: read from its "student" cell, which is never executed."""

import ast
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from nbformat import NotebookNode

from autograder.syntax import parse_python

CELL = "student"
MAX_SOURCE = 10_000
MAX_VALUE = 200


@dataclass(frozen=True)
class Student:
    """What the student typed in; "" where nothing was."""

    name: str
    student_id: str


def read_student(nb: NotebookNode) -> Student:
    """Return the name and student id that the notebook's cell "student" assigns.

    Only plain texts and whole numbers count; a cell that is missing, broken or assigns anything else gives "".
    """
    values: dict[str, str] = {}
    for cell in nb.cells:
        if cell.get("id") == CELL and cell.get("cell_type") == "code":
            values.update(_assigned(cell.source))
    return Student(values.get("name", ""), values.get("student_id", ""))


def file_name(text: str) -> str:
    """The text as a part of a file name."""
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in text).strip(".")[:80] or "nobody"


def _assigned(source: str) -> Iterator[tuple[str, str]]:
    """Each plain value that the source assigns to a name; line by line where the whole does not parse."""
    source = source[:MAX_SOURCE]
    for part in [source] if _parse(source) else source.splitlines():
        for statement in _parse(part.strip()):
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
                for target in statement.targets:
                    value = statement.value.value
                    if isinstance(target, ast.Name) and (type(value) is str or (type(value) is int and value < 10**30)):
                        yield target.id, _tidy(str(value))


def _parse(source: str) -> list[ast.stmt]:
    try:
        return parse_python(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _tidy(text: str) -> str:
    """One line of printable text of bearable length."""
    printable = "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFC", text))
    return re.sub(r"\s+", " ", printable).strip()[:MAX_VALUE]
