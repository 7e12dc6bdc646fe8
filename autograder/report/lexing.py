"""Pygments' lexers, several times as fast: at each place, the rules of a state are tried by one regular expression.

Pygments tries them one after the other, each by a call, and most of them fail. Here they are the alternatives of one
expression, in the same order, so that the same rule matches.
"""

import functools
import itertools
import re
from collections.abc import Iterator
from typing import Any

from pygments.lexer import Lexer, RegexLexer
from pygments.token import Error, Whitespace, _TokenType

FLAGS = re.compile(r"\(\?([aimsux]+)\)")
REFERENCE = re.compile(r"\\[1-9]|\(\?P[=<]|\(\?\(")

Rule = tuple[Any, Any, Any]  # a pattern's match, the token or what makes tokens of the match, the states that follow
State = tuple[Any, tuple[Rule, ...], dict[int, int]]  # one match for all rules, the rules, group -> index of its rule


def quick(lexer: Lexer) -> Lexer:
    """The lexer, made quick where it is one that can be: one of rules that no other way of reading goes around."""
    if isinstance(lexer, RegexLexer) and type(lexer).get_tokens_unprocessed is RegexLexer.get_tokens_unprocessed:
        kind: Any = type(lexer)
        states = states_of(kind)
        if states is not None:
            vars(lexer)["get_tokens_unprocessed"] = functools.partial(tokens, lexer, states)
    return lexer


@functools.cache
def states_of(kind: Any) -> dict[str, State] | None:
    """The states of a lexer by name; None where a pattern cannot be an alternative of a larger one."""
    states = {}
    for name, rules in kind._tokens.items():
        owners = [getattr(match, "__self__", None) for match, _, _ in rules]
        patterns = [one for one in owners if isinstance(one, re.Pattern) and not REFERENCE.search(one.pattern)]
        if len(patterns) < len(rules):
            return None
        # An empty group at its end says which alternative it was: one at its beginning would hide from the
        # expression's compiler with which letters the alternative can begin.
        ends = itertools.accumulate(1 + pattern.groups for pattern in patterns)
        whole = "|".join(
            f"{begin}(?:{'|'.join(f'{alternative(one.pattern)}()' for one in several)})"
            for begin, several in itertools.groupby(patterns, lambda one: MAGIC if begins_magic(one.pattern) else "")
        )
        states[name] = (re.compile(whole, kind.flags).match, tuple(rules), {end: i for i, end in enumerate(ends)})
    return states


MAGIC = r"(?=\s*%%)"  # asked once for some twenty rules, where IPython's lexer has rules for a cell's first line


def begins_magic(pattern: str) -> bool:
    """Whether a rule is for text that begins with %%, after white space."""
    return FLAGS.sub("", pattern, count=1).startswith(r"(\s*)(%%")


def alternative(pattern: str) -> str:
    """A pattern that can stand within another: flags at its beginning hold for it alone."""
    found = FLAGS.match(pattern)
    if found:
        return f"(?{found[1]}:{pattern[found.end() :]})"
    return f"(?:{pattern})" if "|" in pattern else pattern


def tokens(
    lexer: Lexer, states: dict[str, State], text: str, stack: tuple[str, ...] = ("root",)
) -> Iterator[tuple[int, Any, str]]:
    """Position, token and text of each piece, as `RegexLexer.get_tokens_unprocessed` gives them."""
    open_states = list(stack)
    match, rules, rule_at = states[open_states[-1]]
    at = 0
    while True:
        found = match(text, at)
        if found:
            own, action, follows = rules[rule_at[found.lastindex]]
            if type(action) is _TokenType:
                yield at, action, found[0]
            elif action is not None:
                yield from action(lexer, own(text, at))
            at = found.end()
            if follows is None:
                continue
            follow(open_states, follows)
        elif at >= len(text):
            return
        elif text[at] == "\n":
            yield at, Whitespace, "\n"
            at += 1
            open_states = ["root"]
        else:
            yield at, Error, text[at]
            at += 1
            continue
        match, rules, rule_at = states[open_states[-1]]


def follow(open_states: list[str], follows: Any) -> None:
    """Change the open states as a rule says; one always stays."""
    if isinstance(follows, int):
        del open_states[max(len(open_states) + follows, 1) :]
        return
    for name in (follows,) if isinstance(follows, str) else follows:
        if name == "#pop":
            del open_states[max(len(open_states) - 1, 1) :]
        else:
            open_states.append(open_states[-1] if name == "#push" else name)
