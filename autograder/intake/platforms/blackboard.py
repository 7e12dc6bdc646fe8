"""Blackboard: files side by side, `Homework 1_alovelace_attempt_2026-10-09-11-30-00_hw.ipynb`.

That is the assignment's title, the user name, and the time of the attempt on the server's clock; the student's file
name comes after it. Beside the files of each attempt is a text, `…_attempt_2026-10-09-11-30-00.txt`, which has the
student's name in its first line and, below, what the student wrote. Every attempt is in the download.
"""

import re
from collections import defaultdict
from collections.abc import Mapping

from autograder.intake.claims import Claim, Entry, Platform, Reading, Root, Who, common_start, text_of

ATTEMPT = re.compile(r"(?P<head>.+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<rest>.+)|\.txt)\Z", re.DOTALL)
NAME = re.compile(r"Name:\s*(?P<name>.*?)\s*\((?P<login>[^()]+)\)\s*\Z")


def read(root: Root) -> Reading:
    matches = [(match, entry) for entry in root.loose if (match := ATTEMPT.match(entry.name))]
    heads = {match["head"] for match, _ in matches}
    parts = defaultdict(list)
    people: dict[str, Who] = {}
    for match, entry in matches:
        parts[match["head"], match["time"]].append((match, entry))
        if not match["rest"] and (found_who := who_of(match["head"], entry)):
            people.setdefault(match["head"], found_who)
    claims = []
    for (head, time), found in parts.items():
        who = people.get(head) or Who(login=login_of(head, heads, people))
        claims.append(
            Claim(
                label=who.name or who.login,
                who=(who,),
                files=tuple(entry.file.at(match["rest"]) for match, entry in found if match["rest"]),
                entries=frozenset(entry.name for _, entry in found),
                attempt=(time,),
                handed_in=root.local(time, "%Y-%m-%d-%H-%M-%S"),
                time_from="the attempt's time in Blackboard's file names",
            )
        )
    return Reading(tuple(claims))


def who_of(head: str, text: Entry) -> Who | None:
    """The student as the attempt's text says in its first line; None where that does not fit the file's name."""
    first = text_of(text.file).lstrip().partition("\n")[0]
    match = NAME.match(first.strip())
    if match and head.endswith(f"_{match['login']}"):
        return Who(name=match["name"], login=match["login"])
    return None


def login_of(head: str, heads: set[str], people: Mapping[str, Who]) -> str:
    """The user name at the end of `title_user`, both of which may hold underscores: the title is the same for all."""
    titles = {other.removesuffix(f"_{who.login}") for other, who in people.items()}
    for title in titles:
        if head.startswith(f"{title}_"):
            return head.removeprefix(f"{title}_")
    if len(heads) > 1:
        common = common_start(heads).rpartition("_")[0]
        if common:
            return head.removeprefix(f"{common}_")
    return head.rpartition("_")[2]


BLACKBOARD = Platform("Blackboard", "Homework 1_alovelace_attempt_2026-10-09-11-30-00_hw.ipynb", read, loose=True)
