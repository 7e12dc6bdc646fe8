"""Other people's markers of what students write, turned into banners: text in, text out.

Known are Coursera's `### START CODE HERE ###`, CS231n's `*****START OF YOUR CODE ...*****`, and the blocks of
CS145 and C147: `# YOUR CODE HERE:` with what to do between two lines of `=`, and `# END YOUR CODE HERE`.
"""

import re
from dataclasses import dataclass

from autograder.regions import END, START, banner_of, find_regions

COURSERA = re.compile(r"(\s*)#+\s*\**\s*(START|END) CODE HERE\b.*", re.IGNORECASE)
CS231N = re.compile(r"(\s*)#\s*\*+\s*(START|END) OF YOUR CODE\b.*", re.IGNORECASE)
BLOCK = re.compile(r"(\s*)#\s*(END )?YOUR CODE HERE\b:?(.*)")
RULE = re.compile(r"\s*#\s*[=*#-]{5,}\s*#*\s*")
COMMENT = re.compile(r"\s*#\s?(.*?)\s*#?\s*")


@dataclass(frozen=True)
class Bannered:
    """A text with banners.

    Attributes:
        regions: how many regions there are.
        unsolved: how many of them hold no code: their solution is still to be written.
    """

    text: str
    regions: int
    unsolved: int


def with_banners(text: str) -> Bannered:
    """The text with banners for the markers in it; the same text where there are none.

    What a marker says that students are to do becomes the region's TODO. Several regions of one function or cell get
    names.
    """
    lines = text.split("\n")
    out: list[str] = []
    position = 0
    inside = ""
    while position < len(lines):
        line = lines[position]
        found = COURSERA.fullmatch(line) or CS231N.fullmatch(line)
        if found:
            starts = found[2].upper() == "START"
            position += 1
            if starts != bool(inside):
                out.append(found[1] + (START if starts else END))
                inside = "marker" if starts else ""
            continue
        if block := BLOCK.fullmatch(line):
            if out and RULE.fullmatch(out[-1]):
                out.pop()
            position += 1
            if block[2]:
                position += _is_rule(lines, position)
                if inside:
                    out.append(block[1] + END)
                    inside = ""
                continue
            todo = [block[3].strip(" :#")] if block[3].strip(" :#") else []
            while position < len(lines) and lines[position].lstrip().startswith("#") and not _is_rule(lines, position):
                comment = COMMENT.fullmatch(lines[position])
                todo.append(comment[1] if comment else "")
                position += 1
            position += _is_rule(lines, position)
            if not inside:
                out += [block[1] + START, *_todo(todo, block[1])]
                inside = "block"
            continue
        out.append(line)
        position += 1
    if inside:
        return Bannered(text, 0, 0)
    named = _named("\n".join(out))
    regions = find_regions(named)
    body = named.split("\n")
    unsolved = sum(not any(map(_is_work, body[region.start + 1 : region.end])) for region in regions)
    return Bannered(named, len(regions), unsolved)


def _is_rule(lines: list[str], position: int) -> bool:
    return position < len(lines) and RULE.fullmatch(lines[position]) is not None


def _todo(lines: list[str], indent: str) -> list[str]:
    """What is to be done as a TODO comment."""
    kept = [line.strip() for line in lines if line.strip()]
    return [f"{indent}# TODO: {line}" if number == 0 else f"{indent}#   {line}" for number, line in enumerate(kept)]


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
