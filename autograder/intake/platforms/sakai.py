"""Sakai: folders `Lovelace, Ada(alovelace)`, the work in `Submission attachment(s)/`, the time in `timestamp.txt`.

That text is Sakai's, in UTC; a `timestamp.txt` among the attachments is the student's and says nothing. `grades.csv`
lies beside the folders.
"""

import re
from datetime import UTC, datetime

from autograder.intake.claims import Claim, Platform, Reading, Root, Who, text_of

FOLDER = re.compile(r"(?P<name>.+)\((?P<login>[^()]+)\)\Z")
ATTACHMENTS = "Submission attachment(s)/"
TIMESTAMP = "timestamp.txt"
OWN = frozenset({"grades.csv", "grades.xls", "grades.xlsx"})


def read(root: Root) -> Reading:
    claims = []
    for entry in root.folders:
        match = FOLDER.match(entry.name)
        sakais = [file for file in entry.files if file.path.startswith(ATTACHMENTS) or file.path == TIMESTAMP]
        if not match or not sakais:
            continue
        stamp = next((file for file in entry.files if file.path == TIMESTAMP), None)
        when = moment(text_of(stamp)) if stamp and stamp.size < 1000 else None
        claims.append(
            Claim(
                label=match["name"].strip(),
                who=(Who(name=match["name"].strip(), login=match["login"]),),
                files=tuple(
                    file.at(file.path.removeprefix(ATTACHMENTS))
                    for file in entry.files
                    if file.path.startswith(ATTACHMENTS)
                ),
                entries=frozenset({entry.name}),
                handed_in=when,
                time_from="Sakai's timestamp.txt" if when else "",
            )
        )
    return Reading(tuple(claims), OWN)


def moment(text: str) -> datetime | None:
    """`20261009113000123`, or the same as ISO writes it."""
    text = text.strip()
    if re.fullmatch(r"\d{14,17}", text):
        return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


SAKAI = Platform("Sakai", "Lovelace, Ada(alovelace)/Submission attachment(s)/", read)
