"""Monospaced text as rows: code with syntax colours, terminal output with ANSI colours, diffs.

A row is one printed line of at most `COLUMNS` columns. Its runs are pieces of text, plain or `[style, text]`;
`style_table` says what each style looks like. Wrapping happens here, so that a wrapped line keeps its colours and mark.
"""

import difflib
import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Token
from pygments.util import ClassNotFound
from wcwidth import wcwidth

COLUMNS = 100
NUMBERED = 94  # columns beside a line number
TAB = 4
MAX_HANG = 40

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
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return get_lexer_by_name("text", stripnl=False, ensurenl=False)


def code_rows(text: str, language: str = "ipython3", first: int | None = None, marks: Iterable[str] = ()) -> list[Row]:
    """Rows of source code.

    Args:
        text: the code.
        language: a Pygments lexer's name.
        first: the number of the first line, or None for no line numbers.
        marks: one mark a line; missing ones are "".
    """
    text = clean(text).rstrip("\n")
    runs = ((token_style(token), piece) for token, piece in lexer_for(language).get_tokens(text))
    lines = list(split_lines(runs)) if text else [()]
    marks = list(marks)
    rows = []
    for i, line in enumerate(lines):
        row = Row(line, None if first is None else first + i, marks[i] if i < len(marks) else "")
        rows.extend(wrap(row, COLUMNS if first is None else NUMBERED, hang=True))
    return rows


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

ESCAPE = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\[[0-9;?<=>]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]|\x1b")
NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
ANSI = {
    "black": "#1d1f21",
    "red": "#b3261e",
    "green": "#1b7a32",
    "yellow": "#8a5a00",
    "blue": "#1f4fbf",
    "magenta": "#8e2c9b",
    "cyan": "#00707d",
    "white": "#666666",
}
ANSI_PAPER = {
    "black": "#4a4a4a",
    "red": "#f6c4c0",
    "green": "#c6ead0",
    "yellow": "#f5e3a8",
    "blue": "#cbdcfa",
    "magenta": "#ecd0f0",
    "cyan": "#c3e8ec",
    "white": "#e4e4e4",
}


def terminal_rows(text: str) -> list[Row]:
    """Rows of a program's output: ANSI colours become styles, carriage returns and backspaces act as on a terminal."""
    text = overwritten(text)
    return [row for line in split_lines(coloured(text)) for row in wrap(Row(line))]


def overwritten(text: str) -> str:
    """The text as a terminal shows it after carriage returns (progress bars) and backspaces."""
    text = text.replace("\r\n", "\n")
    if "\r" in text:
        text = "\n".join(returned(line) for line in text.split("\n"))
    if "\b" in text:
        shown: list[str] = []
        for char in text:
            if char != "\b":
                shown.append(char)
            elif shown and shown[-1] != "\n":
                shown.pop()
        text = "".join(shown)
    return clean(text, keep="\x1b\x07")


def returned(line: str) -> str:
    """One line after its carriage returns: later text covers the columns that it reaches."""
    shown = ""
    for part in line.split("\r"):
        shown = part + shown[len(part) :] if "\x1b" not in shown + part else (part or shown)
    return shown


def clean(text: str, keep: str = "") -> str:
    """The text with tabs as spaces, other line ends as newlines, and control characters made visible."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\t" in text:
        text = text.expandtabs(TAB)
    if text.isprintable():
        return text
    return "".join(char if char >= " " or char == "\n" or char in keep else visible(char) for char in text).translate(
        UNPRINTABLE
    )


def visible(char: str) -> str:
    """A control character in caret notation: ^@ for NUL."""
    return "^" + chr(0x40 + ord(char))


# Bidirectional overrides show code in another order than it runs; C1 controls and lone surrogates have no picture.
UNPRINTABLE = dict.fromkeys(
    [*range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF], "\N{REPLACEMENT CHARACTER}"
)
UNPRINTABLE |= dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")


def coloured(text: str) -> Iterator[tuple[str | None, str]]:
    """Runs of the text between its ANSI escapes; escapes that are not about colour are dropped."""
    style: dict[str, str] = {}
    position = 0
    for match in ESCAPE.finditer(text):
        if match.start() > position:
            yield style_name(style), clean(text[position : match.start()])
        position = match.end()
        if match[1] is not None:
            style = after_codes(style, [int(code or 0) for code in re.split("[;:]", match[1])])
    if position < len(text):
        yield style_name(style), clean(text[position:])


def style_name(style: dict[str, str]) -> str | None:
    """A style's name, which says what it looks like: "bold fg:red on:#ffeeaa"."""
    shown = dict(style)
    if shown.pop("inverse", None):
        shown["on"], shown["fg"] = shown.get("fg", "black"), shown.get("on", "white")
    words = [word for word in ("bold", "italic", "underline") if word in shown]
    words += [f"{key}:{shown[key]}" for key in ("fg", "on") if key in shown]
    return " ".join(words) or None


def after_codes(style: dict[str, str], codes: list[int]) -> dict[str, str]:
    """The style after one SGR escape (ECMA-48, 8.3.117)."""
    style = dict(style)
    codes = list(codes)
    while codes:
        code = codes.pop(0)
        if code == 0:
            style = {}
        elif code in SWITCHES_ON:
            style[SWITCHES_ON[code]] = "on"
        elif code in SWITCHES_OFF:
            style.pop(SWITCHES_OFF[code], None)
        elif code in (38, 48):
            colour = extended_colour(codes)
            if colour:
                style["fg" if code == 38 else "on"] = colour
        elif code % 10 < 8 and code // 10 in (3, 9):
            style["fg"] = NAMES[code % 10]
        elif code % 10 < 8 and code // 10 in (4, 10):
            style["on"] = NAMES[code % 10]
    return style


SWITCHES_ON = {1: "bold", 3: "italic", 4: "underline", 7: "inverse"}
SWITCHES_OFF = {22: "bold", 23: "italic", 24: "underline", 27: "inverse", 39: "fg", 49: "on"}


def extended_colour(codes: list[int]) -> str | None:
    """The colour after 38 or 48: `5;n` (256 colours) or `2;r;g;b`; takes its numbers from `codes`."""
    kind = codes.pop(0) if codes else None
    if kind == 5 and codes:
        return colour_256(codes.pop(0))
    if kind == 2 and len(codes) >= 3:
        red, green, blue = (min(codes.pop(0), 255) for _ in range(3))
        return f"#{red:02x}{green:02x}{blue:02x}"
    return None


def colour_256(n: int) -> str:
    """Colour n of xterm's 256: 16 named, a 6×6×6 cube, 24 greys."""
    if n < 16:
        return NAMES[n % 8]
    if n < 232:
        levels = (0, 95, 135, 175, 215, 255)
        n -= 16
        return f"#{levels[n // 36]:02x}{levels[n // 6 % 6]:02x}{levels[n % 6]:02x}"
    grey = min(8 + 10 * (n - 232), 238)
    return f"#{grey:02x}{grey:02x}{grey:02x}"


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
    """What each style looks like: `fill`, `weight`, `style`, `underline`, `on` (the colour of the paper)."""
    return {name: CODE_STYLES.get(name) or ansi_look(name) for name in sorted(set(names))}


def ansi_look(name: str) -> dict[str, str]:
    """The look of a style by `style_name`; a colour too pale for white paper is darkened."""
    look: dict[str, str] = {}
    for word in name.split():
        key, _, colour = word.partition(":")
        if key == "fg":
            look["fill"] = ANSI.get(colour) or colour
        elif key == "on":
            look["on"] = ANSI_PAPER.get(colour) or colour
        elif key == "bold":
            look["weight"] = "bold"
        elif key == "italic":
            look["style"] = "italic"
        elif key == "underline":
            look["underline"] = "yes"
    paper = luminance(look.get("on", "#ffffff"))
    ink = look.get("fill", "#000000")
    if contrast(luminance(ink), paper) < 4.5:
        look["fill"] = darkened(ink, paper) if paper > 0.2 else "#ffffff"
    return look


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb" (WCAG 2.1)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: float, b: float) -> float:
    """Contrast ratio of two luminances (WCAG 2.1): 1 to 21."""
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)


def darkened(colour: str, paper: float) -> str:
    """The colour, darkened in steps until it reads on the paper."""
    channels = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    while contrast(luminance(colour), paper) < 4.5 and any(channels):
        channels = [int(c * 0.9) for c in channels]
        colour = "#{:02x}{:02x}{:02x}".format(*channels)
    return colour
