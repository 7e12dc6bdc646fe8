"""Google Classroom and Drive: files side by side, `Ada Lovelace - hw1.ipynb`.

Classroom names the copies so that it makes for students; a student who uploads a file of another name is not found by
it. The name is all there is, and the student may have changed it: the roster decides, and two hand-ins of one name are
asked about. The times are those of the last change in Drive.
"""

from collections import defaultdict

from autograder.intake.claims import Claim, Platform, Reading, Root, Who, is_work


def read(root: Root) -> Reading:
    parts = defaultdict(list)
    for entry in root.loose:
        name, dash, rest = entry.name.partition(" - ")
        if dash and name.strip() and is_work(entry.file):
            parts[name.strip()].append((entry.name, entry.file.at(rest)))
    claims = [
        Claim(name, (Who(name=name),), tuple(file for _, file in found), frozenset(entry for entry, _ in found))
        for name, found in parts.items()
    ]
    return Reading(tuple(claims))


GOOGLE = Platform("Google Classroom or Drive", "Ada Lovelace - hw1.ipynb", read, loose=True)
