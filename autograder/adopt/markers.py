"""Other people's markers of what students write, turned into banners: text in, text out.

A marker is a comment line (`autograder.foreign`), or a box of comments between two rules, as in CS231n, CS145 and C147:
`# TODO: …` or `# YOUR CODE HERE:` with what to do. Where no line says where the students' part ends, it reaches to the
end of the function or of the cell.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograder.foreign import Edge, edge_of
from autograder.markers import SOLUTION
from autograder.regions import END, START, banner_of, find_regions, starts_region

BLOCK = re.compile(r"\s*#\s*YOUR CODE HERE\b:(?P<todo>.*)")
ASKED = re.compile(r"#\s*TODO\b:?(?P<todo>.*)")
RULE = re.compile(r"\s*#\s*[=*#-]{5,}\s*#*\s*")
COMMENT = re.compile(r"\s*#\s?(.*?)\s*#?\s*")
MAX_BOX = 40  # lines


@dataclass(frozen=True)
class Bannered:
    """A text with banners.

    Attributes:
        regions: how many regions there are.
        unsolved: how many of them hold no code: their solution is still to be written.
        unended: how many reach to the end of their function or cell, since no line says where they end.
    """

    text: str
    regions: int = 0
    unsolved: int = 0
    unended: int = 0


@dataclass(frozen=True)
class _Mark:
    """A marker: its edge, its first line and the one after its last, and what it says is to be done."""

    edge: Edge
    first: int
    after: int
    todo: tuple[str, ...] = ()
    asks: bool = False  # a box that only says what to do: nothing without an end


def with_banners(text: str) -> Bannered:
    """The text with banners for the markers in it; the same text where there are none, or where one never ends.

    What a marker says that students are to do becomes the region's TODO. Several regions of one function or cell get
    names.
    """
    lines = text.split("\n")
    marks = list(_marks(lines))
    if all(banner_of(lines[mark.first]) for mark in marks):
        return Bannered(text)
    out: list[str] = []
    done = unended = position = 0
    while position < len(marks):
        mark = marks[position]
        following = marks[position + 1] if position + 1 < len(marks) else None
        position += 1
        out += lines[done : mark.first]
        done = mark.after
        ends = following is not None and following.edge is Edge.END
        if mark.edge is Edge.END:  # a second one of a region is taken out
            out += [] if any(map(starts_region, out)) else lines[mark.first : mark.after]
            continue
        if not ends and (mark.asks or (following and following.edge is Edge.START and mark.edge is Edge.OPEN)):
            out += lines[mark.first : mark.after]
            continue
        if not ends and mark.edge is Edge.START:
            return Bannered(text)
        end = following.first if following and ends else _end_of_block(lines, mark)
        if following and not ends:
            end = min(end, following.first)
        indent = _indent(lines[mark.first])
        given = starts_region(lines[mark.first])
        out += [lines[mark.first]] if given else [indent + START, *_todo(mark.todo, indent)]
        out += [*lines[mark.after : end], indent + END]
        if following and ends:
            done, position = following.after, position + 1
        else:
            done, unended = end, unended + 1
    named = _named("\n".join([*out, *lines[done:]]))
    regions = find_regions(named)
    body = named.split("\n")
    unsolved = sum(not any(map(_is_work, body[region.start + 1 : region.end])) for region in regions)
    return Bannered(named, len(regions), unsolved, unended)


def with_nbgraders_markers(text: str) -> str:
    """The text of a cell that nbgrader would empty whole, with its markers around what other markers enclose."""
    found = with_banners(text)
    if f"BEGIN {SOLUTION}" in text or not found.regions or found.unended:
        return text
    lines = found.text.split("\n")
    for line in (number for region in find_regions(found.text) for number in (region.start, region.end)):
        edge = "BEGIN" if starts_region(lines[line]) else "END"
        lines[line] = f"{_indent(lines[line])}### {edge} {SOLUTION}"
    return "\n".join(lines)


def as_region(text: str) -> Bannered:
    """The whole cell as a region, but for a magic in its first line."""
    first, _, rest = text.partition("\n")
    before, text = (f"{first}\n", rest) if first.startswith("%%") else ("", text)
    unsolved = not any(map(_is_work, text.split("\n")))
    return Bannered(f"{before}{START}\n{text}\n{END}", 1, int(unsolved))


def _marks(lines: Sequence[str]) -> Iterator[_Mark]:
    """The markers of a text, from its first line to its last."""
    position = 0
    while position < len(lines):
        mark = _boxed(lines, position) or _in_a_line(lines, position)
        if mark:
            yield mark
        position = mark.after if mark else position + 1


def _boxed(lines: Sequence[str], first: int) -> _Mark | None:
    """The marker that a box of comments is, which begins and ends with a rule."""
    if not _is_rule(lines, first):
        return None
    last = first + 1
    while last < min(len(lines), first + MAX_BOX) and not _is_rule(lines, last):
        if not lines[last].lstrip().startswith("#"):
            return None
        last += 1
    if last == first + 1 or not _is_rule(lines, last):
        return None
    inside = lines[first + 1 : last]
    if any(edge_of(line) is Edge.END or _is_end_banner(line) for line in inside):
        return _Mark(Edge.END, first, last + 1)
    texts = [found[1] for line in inside if (found := COMMENT.fullmatch(line))]
    if block := BLOCK.fullmatch(inside[0]):
        return _Mark(Edge.START, first, last + 1, (block["todo"].strip(" #"), *texts[1:]))
    if asked := ASKED.match(inside[0].strip()):
        return _Mark(Edge.OPEN, first, last + 1, (asked["todo"].strip(" #"), *texts[1:]), asks=True)
    return None


def _in_a_line(lines: Sequence[str], position: int) -> _Mark | None:
    line = lines[position]
    if banner := banner_of(line):
        return _Mark(Edge.START if banner["which"].upper() == "START" else Edge.END, position, position + 1)
    if block := BLOCK.fullmatch(line):
        after = position + 1
        while after < len(lines) and lines[after].lstrip().startswith("#") and not edge_of(lines[after]):
            after += 1
        todo = [found[1] for line in lines[position + 1 : after] if (found := COMMENT.fullmatch(line))]
        return _Mark(Edge.OPEN, position, after, (block["todo"].strip(" :#"), *todo))
    edge = edge_of(line)
    return _Mark(edge, position, position + 1) if edge else None


def _is_end_banner(line: str) -> bool:
    banner = banner_of(line)
    return banner is not None and banner["which"].upper() == "END"


def _is_rule(lines: Sequence[str], position: int) -> bool:
    return position < len(lines) and RULE.fullmatch(lines[position]) is not None


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _end_of_block(lines: Sequence[str], mark: _Mark) -> int:
    """The line after the last one of the block of code that a marker stands in."""
    margin = len(_indent(lines[mark.first]).expandtabs(8))
    end = mark.after
    for number in range(mark.after, len(lines)):
        if lines[number].strip():
            if len(_indent(lines[number]).expandtabs(8)) < margin:
                break
            end = number + 1
    return end


def _todo(texts: Sequence[str], indent: str) -> list[str]:
    """What is to be done as a TODO comment."""
    kept = [text.strip() for text in texts if text.strip()]
    return [f"{indent}# TODO: {text}" if number == 0 else f"{indent}#   {text}" for number, text in enumerate(kept)]


def _is_work(line: str) -> bool:
    """Is it code, and not what stands where code is missing?"""
    text = line.split("#")[0].strip()
    empty = ("pass", "...", "None", "raise NotImplementedError", "raise NotImplementedError()")
    return bool(text) and text not in empty and not re.fullmatch(r"[\w, \[\].\"']+ = None", text)


def _named(text: str) -> str:
    """The text with a name for each region of a function, or of the cell, that has several."""
    lines = text.split("\n")
    owners: dict[str, list[int]] = {}
    scope: list[tuple[int, str]] = []
    for number, line in enumerate(lines):
        if found := re.match(r"(\s*)(?:async\s+def|def|class)\s+(\w+)", line):
            indent = len(found[1])
            scope = [one for one in scope if one[0] < indent] + [(indent, f"{found[2]}@{number}")]
        elif line.strip() and (banner := banner_of(line)):
            indent = len(banner["indent"])
            scope = [one for one in scope if one[0] < indent]
            if banner["which"].upper() == "START" and not banner["name"]:
                owners.setdefault(scope[-1][1] if scope else "", []).append(number)
    for numbers in owners.values():
        if len(numbers) > 1:
            for count, number in enumerate(numbers, start=1):
                margin = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
                lines[number] = f"{margin}# ===== START YOUR CODE HERE: part-{count} ====="
    return "\n".join(lines)
