"""Microsoft Teams: `Submitted files/Ada Lovelace/Homework 1/Version 2/hw.ipynb`, as in the class's document library.

Each time a student hands in there is a new version; the last one counts. `Working files` holds what was not handed in.
The times of the files are those of the download.
"""

import re
from collections import defaultdict

from autograder.intake.archives import Found
from autograder.intake.claims import Claim, Entry, Platform, Reading, Root, Who, squash

VERSION = re.compile(r"(?:(?P<title>[^/]+)/)?Version (?P<number>\d+)/(?P<rest>.+)\Z", re.DOTALL)
SUBMITTED, WORKING = "Submitted files", "Working files"


def read(root: Root) -> Reading:
    found: list[tuple[str, str, str, int, list[Found]]] = []
    for entry in root.folders:
        if entry.name == WORKING and is_there(root, SUBMITTED):
            continue
        people = by_student(entry) if entry.name == SUBMITTED else {entry.name: entry.files}
        for name, files in people.items():
            versions = defaultdict(list)
            for file in files:
                if match := VERSION.match(file.path):
                    versions[match["title"] or "", int(match["number"])].append(file.at(match["rest"]))
            found += [(entry.name, name, title, number, inside) for (title, number), inside in versions.items()]
    titles = {title for _, _, title, _, _ in found}
    notes = [f"{WORKING} is left out: it was not handed in."] if found and is_there(root, WORKING) else []
    if len(titles) > 1:
        wanted = {title for title in titles if squash(title) in (squash(root.assignment), squash(root.title))}
        notes.append(f"of {', '.join(sorted(titles))}, {', '.join(sorted(wanted)) or 'none'} is {root.assignment}.")
        titles = wanted
    claims = [
        Claim(name, (Who(name=name),), tuple(inside), frozenset({entry}), attempt=(number,))
        for entry, name, title, number, inside in found
        if title in titles
    ]
    others = {entry for entry, _, title, _, _ in found if title not in titles}
    return Reading(tuple(claims), frozenset({WORKING, *others}), tuple(notes))


def is_there(root: Root, name: str) -> bool:
    return any(entry.name == name for entry in root.folders)


def by_student(entry: Entry) -> dict[str, list[Found]]:
    """Student -> files below the student's folder."""
    people = defaultdict(list)
    for file in entry.files:
        student, slash, rest = file.path.partition("/")
        if slash:
            people[student].append(file.at(rest))
    return people


TEAMS = Platform("Teams", "Submitted files/Ada Lovelace/Homework 1/Version 2/", read)
