"""Regrade requests: a line "Regrade: why" that a student writes below an answer. Pure: text in, text out."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autograder.regions import banner_of

MAX_NOTE = 2000  # characters
REQUEST = re.compile(r"[ \t]*(?:[#>*_-]+[ \t]*)*regrade[ \t]*[*_]*[ \t]*:[ \t]*[*_]*[ \t]*(?P<note>.*)", re.IGNORECASE)
_MARK = re.compile(r"[ \t]*[#>][ \t]?")


def requests_in(text: str) -> list[str]:
    """The requests in a cell's text: each from its line up to an empty one, or to a banner."""
    return [note for note, _ in found_in(text) if note]


def without_requests(text: str) -> str:
    """The text without its requests."""
    lines = text.split("\n")
    for _, (first, last) in reversed(list(found_in(text))):
        del lines[first:last]
    return "\n".join(lines)


def found_in(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Each request with its lines, from the first up to the one after the last."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        match = REQUEST.fullmatch(lines[at]) if len(lines[at]) <= MAX_NOTE else None
        first, at = at, at + 1
        if match is None:
            continue
        said = [match["note"].strip()]
        while at < len(lines) and (line := _MARK.sub("", lines[at]).strip()) and banner_of(lines[at]) is None:
            if REQUEST.fullmatch(lines[at]):
                break
            said.append(line)
            at += 1
        yield "\n".join(said).strip()[:MAX_NOTE], (first, at)


def requests_of(cells: Sequence[Mapping[str, Any]], named: Mapping[int, str]) -> list[tuple[str, str]]:
    """(name of a question's cell, request) of a notebook, in order: of the question in the cell itself, else above it.

    Args:
        named: index of a cell -> the name of the question that it is.
    """
    found = []
    for at, cell in enumerate(cells):
        for note in requests_in(source_of(cell)):
            above = [index for index in named if index <= at]
            if above or named:
                found.append((named[max(above) if above else min(named)], note))
    return found


def source_of(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def same_work(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> bool:
    """Do two notebooks' cells say the same, requests and empty lines apart?"""
    return list(lines_of(one)) == list(lines_of(other))


def lines_of(cells: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """The lines of each cell that says something, without requests and empty lines."""
    for cell in cells:
        lines = [line.rstrip() for line in without_requests(source_of(cell)).split("\n") if line.strip()]
        if lines:
            yield lines
