"""Other people's markers of what students write: which edge of a solution a comment line is.

Courses write the same few words in many ways: `### START CODE HERE ###`, `# BEGIN YOUR SOLUTION`, `#SOLUTION END`,
`# *****END OF YOUR CODE*****`, `# Your code starts here`. A line is read without its rules, stars and brackets.
"""

import re
from enum import StrEnum

from autograder.regions import banner_of

MAX_LINE = 200  # characters of a line that can be a marker

_COMMENT = re.compile(r"\s*#(?P<text>.*)")
_CLOSING_TAG = re.compile(r"[\s#*=~_-]*</")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_DECORATION = re.compile(r"[\s#*=~_<>/|.!\u2026-]+")
_WHOSE = r"(?:YOUR|YOURS|MY|THE|STUDENT|STUDENTS)"
_WHAT = r"(?:CODE|SOLUTIONS?|ANSWERS?|IMPLEMENTATION|WORK|TODO)"
_HERE = r"(?: (?:HERE|BELOW|BLOCK|SECTION|PART|CELL))?(?:(?: INPUT)? FOR(?: \w+)*)?(?: ?: ?.*)?"
_DO = r"(?:ADD|ENTER|FILL IN|IMPLEMENT|INSERT|PLACE|PUT|TYPE|WRITE)"


def _edge(verbs: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?:{verbs})(?: OF)?(?: {_WHOSE})?(?: OWN)? {_WHAT}{_HERE}"
        rf"|(?:{_WHOSE} )?(?:OWN )?{_WHAT} (?:{verbs})S?{_HERE}"
    )


_START = _edge("BEGIN|START")
_END = _edge("END|FINISH|STOP")
_OPEN = re.compile(
    rf"(?:TODO ?:? ?)?(?:{_DO} )?{_WHOSE} (?:OWN )?{_WHAT}(?: (?:GOES|COMES))?(?: (?:HERE|BELOW))?(?: ?:)?"
    rf"|(?:TODO ?:? ?)?{_DO} {_WHAT} (?:HERE|BELOW)(?: ?:)?"
    r"|(?:TO REMOVE )?SOLUTIONS?(?: (?:HERE|BELOW|CELL))?(?: ?:)?|@TITLE SOLUTIONS?"
)
_HELD_BACK = re.compile(r"\b(?:HIDDEN TESTS?|MARK SCHEME)\b")


class Edge(StrEnum):
    """Which edge of what students write a line is."""

    START = "start"
    END = "end"
    OPEN = "open"  # it begins, and a line that ends it may be missing


def edge_of(line: str) -> Edge | None:
    """The edge that a comment line marks; None for any other line, and for banners of this kit."""
    found = _COMMENT.fullmatch(line) if len(line) <= MAX_LINE else None
    if found is None or banner_of(line):
        return None
    text = _DECORATION.sub(" ", _BRACKETS.sub(" ", found["text"])).strip(" :").upper()
    if _HELD_BACK.search(text):
        return None
    if _CLOSING_TAG.match(found["text"]) and re.fullmatch(_WHAT, text):
        return Edge.END
    if _START.fullmatch(text):
        return Edge.START
    if _END.fullmatch(text):
        return Edge.END
    return Edge.OPEN if _OPEN.fullmatch(text) else None
