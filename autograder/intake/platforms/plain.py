"""A folder or a zip for each student, named by whoever gathered them: `ada/`, `ada.zip`, `s1815-hw1.zip`.

Nothing here says when something was handed in: the times in a folder may be those of copying, and the times in a zip
are the student's.
"""

import re

from autograder.intake.claims import Claim, Platform, Reading, Root, Who, is_work


def read(root: Root) -> Reading:
    claims = []
    for entry in root.entries:
        if entry.is_folder and any(is_work(file) or ".json" in file.name.lower() for file in entry.files):
            claims.append(Claim(entry.name, (Who(student_id=entry.name),), entry.files, frozenset({entry.name})))
        elif not entry.is_folder and entry.name.lower().endswith(".zip"):
            name = without_assignment(entry.name[:-4], root.assignment)
            claims.append(Claim(entry.name, (Who(student_id=name),), entry.files, frozenset({entry.name})))
    return Reading(tuple(claims))


def without_assignment(stem: str, assignment: str) -> str:
    """An archive's name without what `autograder submit`, and a browser, put behind the student's."""
    return re.sub(rf"(?<=.)-{re.escape(assignment)}(?:[ _]?\(\d+\))?\Z", "", stem, flags=re.IGNORECASE)


PLAIN = Platform("a folder or zip for each student", "ada/, ada.zip, s1815-hw1.zip", read)
