"""Does given code still run as it was given, with a student's regions around it?

What stands in a region can take in the code after it without changing a letter of that: a string or a bracket that is
left open and ends in a later region, a decorator, a function or a condition that begins in the region.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from autograder.syntax import parse_python

Inner = Sequence[tuple[int, int]]
"""For each region of a text, the 0-based numbers of its first inner line and of its END banner."""

MAGIC = re.compile(r"(?P<indent>\s*)(?:[\w, ]+=\s*)?[%!?].*|(?P<indent_too>\s*)[\w.]+\?{1,2}\s*")
LARGEST = 20_000  # characters: parsing more would hold up whoever asks


def taken_in(text: str, inner: Inner, released: str, released_inner: Inner) -> list[int]:
    """The lines (from 1) of `text` whose given statements are no longer what they were in the released text.

    None where either of them is not Python: code that cannot be compiled does not run at all, which nobody overlooks.
    """
    if text == released or max(len(text), len(released)) > LARGEST:
        return []
    theirs, ours = statements(text, inner), released_statements(released, tuple(released_inner))
    if theirs is None or ours is None:
        return []
    lines = given_lines(text, inner)
    return sorted(lines[number] + 1 for number, what in ours.items() if theirs.get(number) != what)


def given_lines(text: str, inner: Inner) -> list[int]:
    """The 0-based numbers of the lines outside the regions."""
    inside = {number for first, last in inner for number in range(first, last)}
    return [number for number in range(text.count("\n") + 1) if number not in inside]


@lru_cache(maxsize=1024)
def released_statements(text: str, inner: tuple[tuple[int, int], ...]) -> Mapping[int, list] | None:
    """`statements` of a text as released, with which every student's is compared."""
    return statements(text, inner)


def statements(text: str, inner: Inner) -> Mapping[int, list] | None:
    """Which of the given lines a statement begins in -> what kinds it is, and what it is part of, outermost first."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if magic := MAGIC.fullmatch(line):
            lines[number] = f"{magic['indent'] or magic['indent_too'] or ''}pass"
    try:
        parts = list(walk(parse_python("\n".join(lines)), ()))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    place = {line: number for number, line in enumerate(given_lines(text, inner))}
    found: dict[int, list] = {}
    for statement, above in parts:
        if (at := place.get(statement.lineno - 1)) is not None:
            where = tuple(place.get(one - 1, -1) if isinstance(one, int) else one for one in above)
            decorators = len(getattr(statement, "decorator_list", ()))
            found.setdefault(at, []).append((type(statement).__name__, decorators, where))
    return found


def walk(node: ast.AST, above: tuple[str | int, ...]) -> Iterator[tuple[ast.stmt, tuple[str | int, ...]]]:
    """Every statement below a node, with the kinds, lines and fields of what it is part of."""
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.stmt):
                yield child, (*above, field)
                yield from walk(child, (*above, field, type(child).__name__, child.lineno))
            elif isinstance(child, ast.ExceptHandler):
                yield from walk(child, (*above, field, "except", child.lineno))
            elif isinstance(child, ast.match_case):
                yield from walk(child, (*above, field, "case", child.pattern.lineno))
