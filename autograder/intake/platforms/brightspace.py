"""Brightspace (D2L): `170866-5432 - Ada Lovelace - Oct 9, 2026 1130 PM`, a folder, or before ` - ` and a file's name.

The numbers are the user's and the submission folder's; the time is on the server's clock. A student who hands in twice
is there twice. `index.html` is the platform's.
"""

import re
from collections import defaultdict

from autograder.intake.claims import Claim, Platform, Reading, Root, Who

WHO = r"(?P<user>\d+)-(?P<folder>\d+) ?- ?(?P<name>.+?) ?- ?"
MONTH = r"[^\W\d]{3,9}\.?"
TIME = (
    rf"(?P<time>{MONTH} \d{{1,2}}, \d{{4}} \d{{3,4}} ?[AP]M"
    rf"|\d{{1,2}} {MONTH},? \d{{4}} \d{{1,2}}[ .:]?\d\d(?: ?[AP]M)?)"
)
FOLDER = re.compile(WHO + TIME + r"\Z")
FLAT = re.compile(WHO + TIME + r" ?- ?(?P<rest>.+)\Z", re.DOTALL)
FORMATS = tuple(
    f"{day} {hour}" for day in ("%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y") for hour in ("%I%M %p", "%H%M")
)


def read(root: Root) -> Reading:
    parts = defaultdict(list)
    for entry in root.entries:
        if match := (FOLDER if entry.is_folder else FLAT).match(entry.name):
            parts[match["user"], match["time"]].append((match, entry))
    claims = []
    for (user, time), found in parts.items():
        name = found[0][0]["name"]
        when = root.local(clock(time), *FORMATS)
        claims.append(
            Claim(
                label=name,
                who=(Who(name=name, id=user),),
                files=tuple(
                    file.at(file.path if entry.is_folder else match["rest"])
                    for match, entry in found
                    for file in entry.files
                ),
                entries=frozenset(entry.name for _, entry in found),
                attempt=(when.timestamp() if when else 0,),
                handed_in=when,
                time_from="the time in Brightspace's names" if when else "",
            )
        )
    return Reading(tuple(claims), frozenset({"index.html"}))


def clock(text: str) -> str:
    """The time without signs, and with four digits for the hour and minute."""
    _, day, hour = re.split(r"\A(.*? \d{4}) ", re.sub(r"[.,:]", "", text))
    half = re.search(r"[AP]M", hour)
    return f"{day} {re.sub(r'[^0-9]', '', hour).zfill(4)}{f' {half[0]}' if half else ''}"


BRIGHTSPACE = Platform("Brightspace", "170866-5432 - Ada Lovelace - Oct 9, 2026 1130 PM/", read)
