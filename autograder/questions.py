"""Questions: which cells of a notebook earn points, how many, by what, and what a person calls them.

Everything here reads one cell's own text and its nbgrader metadata, whoever wrote them: a student's notebook may hold
anything under these names. `autograder.source` makes the metadata from the text of a source notebook.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from nbformat import NotebookNode

from autograder.regions import banner_of

MAX_TITLE = 100  # characters
MAX_LINE = 1000  # characters of a line that are looked at


class Kind(StrEnum):
    """What a cell is for."""

    GIVEN = "given"  # released as it is
    WORK = "work"  # students write in its regions
    CHECK = "check"  # earns its points by what it states
    ANSWER = "answer"  # students write in it, and a person gives the points
    PRACTICE = "practice"  # a check without points


@dataclass(frozen=True)
class Question:
    """One cell that is graded.

    Attributes:
        points: the most there is to earn; for extra credit, on top of the maximum.
        title: what a person calls it, "Question 3" or "Scores"; no two of a notebook are called the same.
    """

    notebook: str
    cell: str
    kind: Kind
    points: float
    extra_credit: bool
    title: str

    @property
    def by_hand(self) -> bool:
        return self.kind is Kind.ANSWER

    @property
    def key(self) -> tuple[str, str]:
        """(notebook, cell), which is how the gradebook and assignment.toml name it."""
        return self.notebook, self.cell


def questions_in(
    notebook: str, cells: Iterable[NotebookNode], extra_credit: Mapping[tuple[str, str], float]
) -> dict[str, Question]:
    """Return the questions among a notebook's cells, cell id -> question, in their order.

    Args:
        notebook: its name, without .ipynb.
        extra_credit: (notebook, cell id) -> points on top of the maximum, as in assignment.toml.
    """
    found: dict[str, Question] = {}
    titles: Counter[str] = Counter()
    for cell in cells:
        if not is_question(cell):
            continue
        question = question_of(notebook, cell, extra_credit)
        titles[question.title] += 1
        if (number := titles[question.title]) > 1:
            question = replace(question, title=f"{question.title} ({number})")
        found[question.cell] = question
    return found


def question_of(notebook: str, cell: NotebookNode, extra_credit: Mapping[tuple[str, str], float]) -> Question:
    """One graded cell as a question; other questions of its notebook may have the same title."""
    name = cell_name(cell)
    extra = extra_credit.get((notebook, name))
    kind = kind_of(cell)
    if extra is None:
        return Question(notebook, name, kind, points_of(cell), False, title_of(cell))
    return Question(notebook, name, Kind.CHECK if kind is Kind.PRACTICE else kind, extra, True, title_of(cell))


# --- nbgrader's metadata ----------------------------------------------------------------------------------------------


def marks_of(cell: Mapping[str, Any]) -> Mapping[str, Any]:
    """The cell's nbgrader metadata, {} if it has none or something else under that name."""
    found = cell["metadata"].get("nbgrader")
    return found if isinstance(found, dict) else {}


def cell_name(cell: NotebookNode) -> str:
    """The name that the gradebook knows the cell by."""
    return str(marks_of(cell).get("grade_id") or cell.id)


def is_question(cell: Mapping[str, Any]) -> bool:
    """Is it graded, by its expectations or by hand?"""
    marks = marks_of(cell)
    return bool(marks.get("grade")) or bool(marks.get("task"))


def is_check(cell: Mapping[str, Any]) -> bool:
    """Is it graded, and not by hand?"""
    return bool(marks_of(cell).get("grade")) and not marks_of(cell).get("solution")


def students_write(cell: Mapping[str, Any]) -> bool:
    """Is the cell made for students to write in? Any other is released as it is, even if it shows what banners are."""
    return bool(marks_of(cell).get("solution"))


def kind_of(cell: Mapping[str, Any]) -> Kind:
    """The kind that the cell's metadata says."""
    marks = marks_of(cell)
    if is_check(cell):
        return Kind.CHECK if marks.get("points") != 0 else Kind.PRACTICE
    if is_question(cell):
        return Kind.ANSWER
    return Kind.WORK if students_write(cell) else Kind.GIVEN


def points_of(cell: Mapping[str, Any]) -> float:
    """The points in the cell's metadata; 0 where there is no sensible number."""
    points = marks_of(cell).get("points")
    if isinstance(points, int | float) and not isinstance(points, bool) and math.isfinite(points):
        return float(points)
    return 0.0


# --- titles and points in a text --------------------------------------------------------------------------------------

_NUMBER = r"(?P<points>\d+(?:[.,]\d+)?)"
_MOST = r"(?:(?:up\s+to|at\s+most|max(?:imum|\.)?|worth|0\s*[-–—])\s*)*"
_UNIT = r"(?:points?|pts?|marks?)\b\.?"
_REST = r"(?P<more>(?:[^()\[\]]|\([^()]*\))*)"
BRACKETED = re.compile(rf"[*_]*[(\[]\s*{_MOST}{_NUMBER}[\s-]*{_UNIT}{_REST}[)\]]", re.IGNORECASE)
TRAILING = re.compile(rf"\s*[,;:–—-]\s*{_MOST}{_NUMBER}\s*{_UNIT}(?P<more>)[\s.:*_]*$", re.IGNORECASE)
PRACTICE = re.compile(
    r"[(\[]\s*(?:for\s+)?(?:practi[cs]e|not\s+graded|ungraded|no\s+points)\b[^)\]]*[)\]]", re.IGNORECASE
)
EXTRA = re.compile(r"\b(?:extra\s+credit|bonus)\b", re.IGNORECASE)
_CHECK_WORDS = re.compile(r"\A(?:check|judge)\b:?\s+(?:that\s+)?(?:(?:the|your|its)\s+)?(?=\S)", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:question|exercise|problem|task|part)\s+\w+(?:\.\w+)*\b", re.IGNORECASE)
_WORD = re.compile(r"\w")
_BOLD = re.compile(r"(\*\*|__)(?P<words>.+?)\1")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


@dataclass(frozen=True)
class Stated:
    """What a text says about points: how many (0 for practice), in which words, and whether they are extra credit."""

    points: float
    words: str
    extra_credit: bool = False


def stated_points(text: str, trailing: bool = False) -> Stated | None:
    """The points that a line states: "(10 points)", "[2.5 pts]", "(practice)", and at its end ", 3 points" if asked."""
    if found := BRACKETED.search(text) or (TRAILING.search(text) if trailing else None):
        return _stated(found)
    if found := PRACTICE.search(text):
        return Stated(0.0, found[0])
    return None


def all_stated_points(text: str) -> list[Stated]:
    """Every statement of points in brackets, in order."""
    return [_stated(found) for found in BRACKETED.finditer(text)]


def _stated(found: re.Match[str]) -> Stated:
    points = float(found["points"].replace(",", "."))
    return Stated(points, found[0].strip(" ,;:–—-*_"), bool(EXTRA.search(found["more"])))


def without_points(title: str) -> str:
    """A title without "(3 points)", "(up to 4 points; needs …)" and what follows, and without its ornaments."""
    for statement in (BRACKETED, TRAILING, PRACTICE):
        if found := statement.search(title):
            before, after = title[: found.start()], title[found.end() :]
            title = before if before.strip(" .:#*_") else after
    return " ".join(title.split()).strip(" .:;,#*_–—-")


def prose_lines(text: str) -> list[str]:
    """The lines of a text in markdown that are not code shown in a fence."""
    lines, fence = [], ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if fence:
            if found and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif found:
            fence = found[1]
        else:
            lines.append(line)
    return lines


def leading_comment(source: str) -> list[str]:
    """The comment that a code cell begins with, line by line without its `#`, up to a banner; magics may precede it."""
    lines: list[str] = []
    for line in source.split("\n"):
        text = line[:MAX_LINE].strip()
        if text.startswith("#") and banner_of(line) is None:
            lines.append(text.lstrip("#").strip())
        elif lines or (text and not text.startswith(("%", "!"))):
            break
    return lines


def title_line(cell: NotebookNode) -> str:
    """The line that says what the cell is, as its author wrote it and without its marks; "" where there is none."""
    if cell["cell_type"] == "code":
        return next((line for line in leading_comment(cell["source"]) if _WORD.search(line)), "")
    for line in prose_lines(cell["source"]):
        if banner_of(line) is not None:
            return ""
        if not _WORD.search(line):
            continue
        line = line[:MAX_LINE].strip()
        if heading := re.match(r"#{1,6}\s+(.*)", line):
            return heading[1]
        if bold := _BOLD.match(line):
            behind = line[bold.end() :]
            stated = BRACKETED.match(behind.lstrip(" .:"))
            return bold["words"] + (f" {stated[0]}" if stated else "")
        if stated := BRACKETED.search(line):
            return line[: stated.end()]
        numbered = _NUMBERED.match(line)
        return numbered[0] if numbered and not TRAILING.search(line) else line
    return ""


def title_of(cell: NotebookNode) -> str:
    """What to call a question: what the line that it begins with names, else its id in words."""
    line = title_line(cell)
    if cell["cell_type"] != "code" and not _is_heading(cell, line):
        line = ""
    title = without_points(line)
    if len(title) >= 3:
        return title_from(title)
    words = cell_name(cell).replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def title_from(line: str) -> str:
    """A question's title from the line that names it: "Check your scores (3 points)" -> "Scores"."""
    title = without_check(without_points(line))
    return title if len(title) <= MAX_TITLE else title[: MAX_TITLE - 1] + "…"


def without_check(title: str) -> str:
    """What a check checks: "Check the scores" -> "Scores", "Check affine_forward" -> "affine_forward"."""
    rest = _CHECK_WORDS.sub("", title, count=1)
    word = rest.split(" ")[0].rstrip(",;:")
    return rest[:1].upper() + rest[1:] if word.isalpha() else rest


def _is_heading(cell: NotebookNode, line: str) -> bool:
    """Is the line set apart as a title, or a number such as "Question 3", and not the text's first sentence?"""
    text = next((one.strip() for one in prose_lines(cell["source"]) if _WORD.search(one)), "")
    return text.startswith(("#", "**", "__")) or bool(_NUMBERED.match(line)) or stated_points(line) is not None
