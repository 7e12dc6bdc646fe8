"""Monospaced text as rows: code with syntax colours, a program's output, diffs.

A row is one printed line of at most `COLUMNS` columns. Its runs are pieces of text, plain or `[style, text]`;
`style_table` says what each style looks like. Wrapping happens here, so that a wrapped line keeps its colours and mark.
"""

import contextlib
import difflib
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Token
from pygments.util import ClassNotFound
from wcwidth import wcwidth

from autograder.report.lexing import quick
from autograder.report.terminal import ansi_look, clean, coloured, overwritten

COLUMNS = 100
NUMBERED = 94  # columns beside a line number
MAX_HANG = 40
NOTEBOOKS = "ipython3"
"""Pygments' name for the Python of notebooks."""
MAX_KEPT = 20_000  # characters of a source whose colours are kept for when it comes again

Run = str | tuple[str, str]


@dataclass(frozen=True)
class Row:
    """One printed line. `mark`: "" | "work" | "added" | "removed"; `wrapped`: it goes on from the row above."""

    runs: tuple[Run, ...]
    number: int | None = None
    mark: str = ""
    wrapped: bool = False
    hang: int = 0


def row_data(row: Row) -> dict:
    """The row as the template reads it."""
    data: dict = {"r": [list(run) if isinstance(run, tuple) else run for run in row.runs]}
    if row.number is not None:
        data["n"] = row.number
    if row.mark:
        data["m"] = row.mark
    if row.wrapped:
        data["w"] = row.hang
    return data


def row_text(row: Row) -> str:
    """The row without its colours."""
    return "".join(run if isinstance(run, str) else run[1] for run in row.runs)


# Code

TOKEN_STYLES = {
    Token.Keyword: "keyword",
    Token.Operator.Word: "keyword",
    Token.Name.Builtin: "builtin",
    Token.Name.Exception: "builtin",
    Token.Name.Function: "name",
    Token.Name.Class: "name",
    Token.Name.Decorator: "decorator",
    Token.Literal.String: "string",
    Token.Literal.Number: "number",
    Token.Comment: "comment",
}


def token_style(token) -> str | None:
    """The style of a Pygments token, or None for plain text."""
    while token is not Token:
        if token in TOKEN_STYLES:
            return TOKEN_STYLES[token]
        token = token.parent
    return None


@functools.cache
def lexer_for(language: str) -> Lexer:
    """The Pygments lexer of a language, by name; plain text if there is none of that name."""
    if language == NOTEBOOKS:
        with contextlib.suppress(ImportError):  # by its name, Pygments looks for it in every plugin that is installed
            from ipython_pygments_lexers import IPython3Lexer

            return quick(IPython3Lexer(stripnl=False, ensurenl=False))
    try:
        return quick(get_lexer_by_name(language, stripnl=False, ensurenl=False))
    except ClassNotFound:
        return get_lexer_by_name("text", stripnl=False, ensurenl=False)


def code_rows(text: str, language: str = NOTEBOOKS, first: int | None = None, marks: Iterable[str] = ()) -> list[Row]:
    """Rows of source code.

    Args:
        text: the code.
        language: a Pygments lexer's name.
        first: the number of the first line, or None for no line numbers.
        marks: one mark a line; missing ones are "".
    """
    text = clean(text).rstrip("\n")
    lines = (coloured_lines if len(text) <= MAX_KEPT else coloured_lines.__wrapped__)(text, language)
    marks = list(marks)
    rows = []
    for i, line in enumerate(lines):
        row = Row(line, None if first is None else first + i, marks[i] if i < len(marks) else "")
        rows.extend(wrap(row, COLUMNS if first is None else NUMBERED, hang=True))
    return rows


@functools.lru_cache(2000)
def coloured_lines(text: str, language: str) -> tuple[tuple[Run, ...], ...]:
    """The lines of a source with their colours; those of the assignment's own cells serve for every student."""
    runs = ((token_style(token), piece) for token, piece in lexer_for(language).get_tokens(text))
    return tuple(split_lines(runs)) if text else ((),)


def split_lines(runs: Iterable[tuple[str | None, str]]) -> Iterator[tuple[Run, ...]]:
    """Lines of runs from one stream of runs; neighbours of one style are joined."""
    line: list[tuple[str | None, str]] = []
    for style, text in runs:
        for i, piece in enumerate(text.split("\n")):
            if i:
                yield joined(line)
                line = []
            if piece:
                line.append((style, piece))
    yield joined(line)


def joined(line: list[tuple[str | None, str]]) -> tuple[Run, ...]:
    """The runs of a line, neighbours of one style (white space fits any style) made one."""
    merged: list[list] = []
    for style, text in line:
        if merged and (merged[-1][0] == style or (style is None and not text.strip() and is_plain(merged[-1][0]))):
            merged[-1][1] += text
        else:
            merged.append([style, text])
    return tuple(text if style is None else (style, text) for style, text in merged)


def is_plain(style: str | None) -> bool:
    """Whether white space looks the same in this style as without one."""
    return style is None or not any(word.startswith(("on:", "underline")) for word in style.split())


# Wrapping


def wrap(row: Row, width: int = COLUMNS, hang: bool = False) -> list[Row]:
    """The row cut into rows of at most `width` columns, after a space or a comma where one is near the edge.

    Args:
        row: a row of any length.
        width: how many columns there are.
        hang: indent the rows that go on two columns deeper than the row itself.
    """
    text = row_text(row)
    if columns(text) <= width:
        return [row]
    indent = min(len(text) - len(text.lstrip(" ")) + 2, MAX_HANG) if hang else 0
    ends = list(cuts(text, width, width - max(indent, 2)))
    pieces = slices(row.runs, ends)
    rest = replace(row, number=None, wrapped=True, hang=max(indent, 2))
    return [replace(row if i == 0 else rest, runs=runs) for i, runs in enumerate(pieces)]


def columns(text: str) -> int:
    """The width of a text in columns: two for a wide character, none for a combining one."""
    return len(text) if text.isascii() else sum(max(wcwidth(char), 0) for char in text)


def cuts(text: str, first: int, rest: int) -> Iterator[int]:
    """Where to cut a text so that its first piece has at most `first` columns and the others at most `rest`."""
    start, width, room = 0, 0, first
    for i, char in enumerate(text):
        step = max(wcwidth(char), 0)
        if width + step > room:
            end = soft_end(text, start, i)
            yield end
            start, room = end, rest
            width = columns(text[start:i])
        width += step
    yield len(text)


def soft_end(text: str, start: int, end: int) -> int:
    """The last place after a space, comma or bracket in the last quarter of text[start:end], or its end."""
    for i in range(end, max(start + 1, end - (end - start) // 4), -1):
        if text[i - 1] in " ,;)]}/|":
            return i
    return end


def slices(runs: tuple[Run, ...], ends: list[int]) -> list[tuple[Run, ...]]:
    """The runs cut at these positions of their joined text."""
    pieces: list[list[Run]] = [[]]
    position = 0
    remaining = iter(ends)
    end = next(remaining)
    for run in runs:
        style, text = (None, run) if isinstance(run, str) else run
        while text:
            if position == end:
                pieces.append([])
                end = next(remaining)
            part, text = text[: end - position], text[end - position :]
            pieces[-1].append(part if style is None else (style, part))
            position += len(part)
    return [tuple(piece) for piece in pieces]


# Terminal output


def terminal_rows(text: str, width: int = COLUMNS) -> list[Row]:
    """Rows of a program's output: ANSI colours become styles, carriage returns and backspaces act as on a terminal."""
    text = overwritten(text)
    return [row for line in split_lines(coloured(text)) for row in wrap(Row(line), width)]


# Diffs


def diff_rows(before: str, after: str, first: int = 1, context: int = 2) -> list[Row]:
    """Rows of a line diff: lines of `before` only are "removed", lines of `after` only "added", with context.

    Args:
        before, after: the two texts.
        first: the number of the first line of `after`.
        context: how many equal lines to show around a change.
    """
    old, new = clean(before).split("\n"), clean(after).split("\n")
    rows: list[Row] = []
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(context):
        if rows:
            rows.append(Row((("comment", "…"),)))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                rows += [row for j in range(j1, j2) for row in wrap(Row((new[j],), first + j), NUMBERED, hang=True)]
            else:
                rows += [row for line in old[i1:i2] for row in wrap(Row((line,), mark="removed"), NUMBERED, hang=True)]
                rows += [
                    row for j in range(j1, j2) for row in wrap(Row((new[j],), first + j, "added"), NUMBERED, hang=True)
                ]
    return rows


# Looks

CODE_STYLES = {
    "keyword": {"fill": "#0b5c2f", "weight": "bold"},
    "builtin": {"fill": "#0b5c2f"},
    "name": {"fill": "#1f4fbf"},
    "decorator": {"fill": "#7a3ea0"},
    "string": {"fill": "#a8321e"},
    "number": {"fill": "#7a4a00"},
    "comment": {"fill": "#5f6b6d", "style": "italic"},
}


def style_table(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """What these styles and all of code look like: `fill`, `weight`, `style`, `underline`, `on` (paper)."""
    return CODE_STYLES | {name: ansi_look(name) for name in sorted(set(names) - CODE_STYLES.keys())}
