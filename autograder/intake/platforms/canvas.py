"""Canvas: files side by side, `lovelaceada_12345_67890_hw.ipynb`.

The name is the student's or the group's sortable name without signs, then `LATE` where Canvas thinks so, the user's
number, the file's number, and the file's own name. Anonymous: `anon_Ab3xY_67890_hw.ipynb`. Of a group, the number is
that of one member. A text or a link has no file number: `lovelaceada_12345_text.html`. The zip's times are those of the
download.
"""

import re
from collections import defaultdict
from dataclasses import replace

from autograder.intake.claims import Claim, Platform, Reading, Root, Who

FILE = re.compile(r"(?P<name>\w+?)(?P<late>_LATE|_late)?_(?P<user>\d+)_(?P<file>\d+)_(?P<rest>.+)\Z", re.DOTALL)
ANONYMOUS = re.compile(r"(?P<late>LATE_)?anon_(?P<user>[A-Za-z0-9]{5})_(?P<file>\d+)_(?P<rest>.+)\Z", re.DOTALL)
TEXT = re.compile(r"(?P<name>\w+?)(?P<late>_LATE|_late)?_(?P<user>\d+)_(?P<rest>text|link)\.html\Z")


def read(root: Root) -> Reading:
    found = defaultdict(list)
    for entry in root.loose:
        match = ANONYMOUS.match(entry.name) or FILE.match(entry.name)
        if match:
            file = replace(entry.file, path=match["rest"], order=int(match["file"]))
        elif match := TEXT.match(entry.name):
            file = entry.file.at(f"{match['rest']}.html")
        else:
            continue
        found[match["user"]].append((match, entry.name, file))
    claims = []
    for user, parts in found.items():
        match = parts[0][0]
        name = match.groupdict().get("name", "")
        who = Who(name=name, id=user) if name else Who(name=f"anon_{user}", id=user, lasting=False)
        claims.append(
            Claim(
                label=who.name,
                who=(who,),
                group=name,
                files=tuple(file for _, _, file in parts),
                entries=frozenset(entry for _, entry, _ in parts),
                attempt=(max(file.order for _, _, file in parts),),
                late=any(part["late"] for part, _, _ in parts),
            )
        )
    return Reading(tuple(claims))


CANVAS = Platform("Canvas", "lovelaceada_12345_67890_hw.ipynb, anon_Ab3xY_67890_hw.ipynb", read, loose=True)
