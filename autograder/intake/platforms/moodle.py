"""Moodle: folders `Ada Lovelace_123456_assignsubmission_file_`, or the same before each file's name, side by side.

The number is the participant's in this assignment, as in the grading worksheet; of a group it is the group's. Anonymous
submissions are called `Participant_123456_…`. From version 4.1 on, the last underscore is missing. Texts typed in are
in folders `…_assignsubmission_onlinetext`. The zip does not say when something was handed in; the grading worksheet
does.
"""

import re
from collections import defaultdict

from autograder.intake.claims import Claim, Platform, Reading, Root, Who

KIND = r"assignsubmission_(?P<kind>file|onlinetext)"
NUMBERED = r"(?P<name>[^_/]+)[_ ](?P<number>\d+)_" + KIND  # with a space: "Participant 123456"
FOLDER = re.compile(NUMBERED + r"_?\Z")
FLAT = re.compile(NUMBERED + r"_(?P<rest>.+)\Z", re.DOTALL)
DEFAULT_GROUP = re.compile(r"(?P<name>[^_/]+)(?P<number>)_" + KIND + r"_?\Z")  # those who are in no group


def read(root: Root) -> Reading:
    parts = defaultdict(list)
    for entry in root.entries:
        match = (
            (FOLDER.match(entry.name) or DEFAULT_GROUP.match(entry.name)) if entry.is_folder else FLAT.match(entry.name)
        )
        if match:
            parts[match["name"], match["number"]].append((match, entry))
    claims = []
    for (name, number), found in parts.items():
        files = []
        for match, entry in found:
            below = "onlinetext/" if match["kind"] == "onlinetext" else ""
            files += [file.at(below + (file.path if entry.is_folder else match["rest"])) for file in entry.files]
        claims.append(
            Claim(
                label=name,
                who=(Who(name=name, id=number, lasting=False),),
                files=tuple(files),
                entries=frozenset(entry.name for _, entry in found),
                group=name,
            )
        )
    return Reading(tuple(claims))


MOODLE = Platform("Moodle", "Ada Lovelace_123456_assignsubmission_file_/, also side by side", read)
