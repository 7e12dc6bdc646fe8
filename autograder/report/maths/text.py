"""Pieces of TeX as text: groups, lengths, what definitions stand for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

MAX_DEPTH = 40  # of groups in groups
LENGTH = re.compile(r"\s*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))\s*(em|ex|pt|px|mu|cm|mm|in|pc)\s?")
EM = {
    "em": 1.0, "ex": 0.43, "pt": 0.1, "px": 0.0625, "mu": 1 / 18, "cm": 2.845, "mm": 0.2845, "in": 7.227, "pc": 1.2,
}  # fmt: skip


class Malformed(ValueError):
    """TeX that cannot be read; the message says why."""


@dataclass(frozen=True)
class Definition:
    r"""What \newcommand or \def gave a name: its text, and how its arguments are found.

    Attributes:
        count: how many arguments there are.
        default: of the first, if it may be left out.
        before: what must stand before the arguments (\def\pair(#1,#2)).
        after: what ends each argument; "" for one in braces.
    """

    body: str
    count: int = 0
    default: str | None = None
    before: str = ""
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Meaning:
    r"""What \let gave a name: what another command does by itself, whatever that one is defined as later."""

    token: str


@dataclass
class Definitions:
    """What the formulas of a notebook have defined so far."""

    commands: dict[str, Definition | Meaning] = field(default_factory=dict)
    environments: dict[str, tuple[Definition, str]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    colours: dict[str, str] = field(default_factory=dict)

    def copy(self) -> "Definitions":
        return Definitions(dict(self.commands), dict(self.environments), dict(self.labels), dict(self.colours))


def closing_brace(text: str, at: int) -> int:
    """Where the group that begins at `at` ends."""
    depth = 0
    i = at
    while i < len(text):
        if text[i] == "\\":
            i += 1
        elif text[i] == "{":
            depth += 1
        elif text[i] == "}":
            depth -= 1
            if depth == 0:
                return i
        i += 1
    raise Malformed("a } is missing")


def matched(pattern: re.Pattern, text: str, at: int) -> re.Match:
    """Where a pattern fits, which is to fit at this place."""
    match = pattern.match(text, at)
    if not match:
        raise Malformed(f"{text[at:]} cannot be read")
    return match


def length_of(text: str) -> float:
    match = LENGTH.match(text)
    return float(match[1]) * EM[match[2]] if match else 0.0


def with_arguments(body: str, found: Sequence[str]) -> str:
    """The text of a definition with #1, #2, … replaced."""
    made, at = "", 0
    for match in re.finditer(r"##|#([1-9])", body):
        number = int(match[1] or 0)
        piece = "#" if not number else found[number - 1] if number <= len(found) else match[0]
        made = joined(joined(made, body[at : match.start()]), piece)
        at = match.end()
    return joined(made, body[at:])


COMMAND_AT_END = re.compile(r"(?<!\\)(?:\\\\)*\\[a-zA-Z]+$")


def joined(before: str, after: str) -> str:
    """Two texts, one after the other; a letter after the name of a command does not become a part of it."""
    return f"{before} {after}" if after[:1].isalpha() and COMMAND_AT_END.search(before) else before + after
