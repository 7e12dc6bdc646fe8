"""nbgrader: the exchange's `ada+hw1+2026-10-09 11:30:00 UTC/`, and `submitted/ada/hw1/`.

The exchange has the time in the folder's name, and every attempt; `submitted/` has it in timestamp.txt.
"""

import re
from datetime import UTC, datetime

from autograder.intake.claims import Claim, Entry, Platform, Reading, Root, Who, text_of

INBOUND = re.compile(
    r"(?P<student>.+?)\+(?P<assignment>[^+]+)\+(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)"
    r" ?(?P<zone>[^+]*)(?:\+.*)?\Z"
)
TIMESTAMP = "timestamp.txt"


def read(root: Root) -> Reading:
    claims, others = [], set()
    for entry in root.folders:
        if match := INBOUND.match(entry.name):
            if match["assignment"] != root.assignment:
                others.add(entry.name)
            else:
                when = moment(f"{match['time']} {match['zone']}")
                claims.append(claim(entry, match["student"], entry.files, when, "the exchange's folder name"))
        elif inside := [file for file in entry.files if file.path.startswith(f"{root.assignment}/")]:
            files = tuple(file.at(file.path.removeprefix(f"{root.assignment}/")) for file in inside)
            stamp = next((file for file in files if file.path == TIMESTAMP and file.size < 1000), None)
            when = moment(text_of(stamp)) if stamp else None
            claims.append(claim(entry, entry.name, files, when, "nbgrader's timestamp.txt"))
        elif root.others.issuperset(file.path.partition("/")[0] for file in entry.files):
            others.add(entry.name)
    notes = (f"{len(others)} hand-ins of other assignments are left out.",) if others else ()
    return Reading(tuple(claims), frozenset(others), notes)


def claim(entry: Entry, student: str, files: tuple, when: datetime | None, source: str) -> Claim:
    attempt = (when.timestamp(),) if when else ()
    who = (Who(student_id=student),)
    return Claim(student, who, files, frozenset({entry.name}), "", attempt, when, source if when else "")


def moment(text: str) -> datetime | None:
    """A time as nbgrader writes it: with the name of its zone, which is UTC where nobody changed it."""
    from nbgrader.utils import parse_utc

    try:
        return parse_utc(text.strip()).replace(tzinfo=UTC)
    except (ValueError, OverflowError, AttributeError):
        return None


NBGRADER = Platform("nbgrader", "ada/hw1/, or the exchange's ada+hw1+2026-10-09 11:30:00 UTC/", read)
