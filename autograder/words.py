"""What is said in the same words everywhere: how a question stands, a number of things, what is not Python."""

import re

NOT_WRITTEN_YET = "not written yet"
NOT_ANSWERED = "not answered"
BY_HAND = "to be graded by hand"

SYNTAX = (
    (r"'(.)' was never closed", r"the \1 is never closed"),
    (r"unmatched '(.)'", r"the \1 closes nothing"),
    (r"closing parenthesis '(.)' does not match opening parenthesis '(.)'.*", r"the \2 is closed by a \1"),
    (r"expected ':'", "the colon at the end is missing"),
    (r"invalid syntax\. Perhaps you forgot a comma\?", "a comma may be missing"),
    (r"invalid syntax\. Maybe you meant '==' .*", "= gives a variable its value; to compare, write =="),
    (r"cannot assign to .*", "this cannot stand to the left of =; to compare, write =="),
    (r"expected an indented block after (.+) on line (\d+)", r"below the \1 of line \2, an indented line is missing"),
    (r"unexpected indent", "the line is indented, but nothing above asks for it"),
    (r"unindent does not match any outer indentation level", "the line is indented differently from those around it"),
    (r"inconsistent use of tabs and spaces in indentation", "tabs and spaces are mixed in the indentation"),
    (r"unterminated string literal.*", "a text in quotes is not closed"),
    (r"unterminated triple-quoted string literal.*", "a text in triple quotes is never closed"),
    (r"'(return|await|yield)' outside function", r"\1 stands outside of a function"),
    (r"invalid syntax", "something is missing or too much here"),
)
"""What Python says of a text that it cannot read, and the same in plain words."""

CONFLICT = re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE)


def counted(number: int, noun: str, plural: str = "") -> str:
    """The number with its noun: "1 report", "2 reports", "2 entries" (`plural` is "entries")."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def syntax_in_words(error: SyntaxError | ValueError) -> str:
    """What is wrong with a text that is not Python, without its line; Python's own words where we have no better."""
    said = (error.msg if isinstance(error, SyntaxError) else str(error)) or type(error).__name__
    for pattern, words in SYNTAX:
        if match := re.fullmatch(pattern, said):
            return match.expand(words)
    return said


def conflict_in(text: str) -> str:
    """Says where Git left two versions of a text in it; "" where there is one."""
    if match := CONFLICT.search(text):
        line = text.count("\n", 0, match.start()) + 1
        return (
            f"holds two versions, marked by Git in line {line}. Take one of them:  git checkout --ours FILE  or  "
            "git checkout --theirs FILE"
        )
    return ""
