"""nbgrader's markers: what an author holds back from students, and solutions, between a BEGIN and an END line.

The rule is nbgrader's own (`ClearHiddenTests`, `ClearMarkScheme`): a line that contains the marker's words is a marker,
whatever stands around them (`###BEGIN HIDDEN TESTS`, `# BEGIN HIDDEN TESTS`, `<!-- BEGIN MARK SCHEME -->`). The marker
lines and what lies between them are held back. What is almost a marker is held back by nobody, so release refuses it.
"""

import re
from collections.abc import Iterator, Sequence

from autograder.regions import END, START, banner_of

HIDDEN_TESTS = "HIDDEN TESTS"
MARK_SCHEME = "MARK SCHEME"
HELD_BACK = (HIDDEN_TESTS, MARK_SCHEME)
SOLUTION = "SOLUTION"
CODE_STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
TEXT_STUB = "YOUR ANSWER HERE"

ALMOST = re.compile(
    r"\b(BEGIN|END|START|STOP)[\s_-]*(HIDDEN[\s_-]*TESTS?|MARK(?:ING)?[\s_-]*SCHEMES?)\b", re.IGNORECASE
)


def holds_back(text: str, kinds: Sequence[str] = HELD_BACK) -> bool:
    """Does the text have a part that is held back?"""
    return any(f"BEGIN {kind}" in text for kind in kinds)


def without_held_back(text: str, kinds: Sequence[str] = HELD_BACK) -> str:
    """The text as students get it; a part that never ends reaches to the end of the text."""
    return "\n".join(line for line, is_held_back in marked_lines(text, kinds) if not is_held_back)


def marked_lines(text: str, kinds: Sequence[str] = HELD_BACK) -> Iterator[tuple[str, bool]]:
    """The lines of a text, each with whether it is held back: a marker, or between markers."""
    inside = ""
    for line in text.split("\n"):
        begun = next((kind for kind in kinds if f"BEGIN {kind}" in line), "")
        inside = inside or begun
        ended = next((kind for kind in kinds if f"END {kind}" in line and "BEGIN" not in line), "")
        yield line, bool(inside or ended)
        if ended and ended == inside:
            inside = ""


def without_solution(text: str, stub: str) -> str:
    """The text as nbgrader's ClearSolutions gives it to students.

    The stub, indented like the BEGIN SOLUTION line, takes the place of each solution, and of the whole text where no
    solution is marked.
    """
    kept: list[str] = []
    inside = marked = False
    for line in text.split("\n"):
        if f"BEGIN {SOLUTION}" in line:
            inside = marked = True
            indent = line[: len(line) - len(line.lstrip())]
            kept += [indent + one for one in stub.split("\n")]
        elif f"END {SOLUTION}" in line:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept) if marked else stub


def with_banners(text: str, written: bool = False) -> str:
    """The text of a cell with banners in place of nbgrader's lines around a solution, as many lines as before.

    `written`: students write in it. Where nothing is marked, banners stand around all of it.
    """
    if f"BEGIN {SOLUTION}" not in text:
        whole = written and not text.lstrip().startswith("%%") and not any(map(banner_of, text.split("\n")))
        return f"{START}\n{text}\n{END}" if whole else text
    lines, opened = text.split("\n"), 0
    for number, line in enumerate(lines):
        indent = line[: len(line) - len(line.lstrip())]
        if f"BEGIN {SOLUTION}" in line:
            opened += 1
            lines[number] = indent + (START if opened == 1 else START.replace("HERE", f"HERE: {opened}"))
        elif f"END {SOLUTION}" in line:
            lines[number] = indent + END
    return "\n".join(lines)


def almost_marker(line: str) -> str:
    """The marker that a line was probably meant to be, where it is not one: "BEGIN HIDDEN TESTS"; else ""."""
    if any(f"{edge} {kind}" in line for kind in HELD_BACK for edge in ("BEGIN", "END")):
        return ""
    match = ALMOST.search(line)
    if not match:
        return ""
    edge = "BEGIN" if match[1].upper() in ("BEGIN", "START") else "END"
    return f"{edge} {HIDDEN_TESTS if match[2].upper().startswith('HIDDEN') else MARK_SCHEME}"
