"""ILIAS: `Homework 1/Abgaben/Lovelace_Ada_alovelace_12345/hw.ipynb`, for teams in a folder `Team_17` for each.

The folder's name ends with the login and the user's number. The files may begin with the time of the upload, which the
student could have written too, so that it is not believed.
"""

import re
from collections import defaultdict

from autograder.intake.claims import Claim, Entry, Platform, Reading, Root, Who

ABOVE = {"abgaben", "submissions", "einreichungen"}
FOLDER = re.compile(r"(?P<name>.+)_(?P<login>[^_]+)_(?P<user>\d+)\Z")
TEAM = re.compile(r"Team[ _](?P<team>\d+)\Z")


def read(root: Root) -> Reading:
    if not ABOVE.intersection(part.lower() for part in root.path):
        return Reading(())
    claims = []
    for entry in root.folders:
        if match := FOLDER.match(entry.name):
            claims.append(Claim(match["name"], (who(match),), entry.files, frozenset({entry.name})))
        elif TEAM.match(entry.name):
            claims.append(of_team(entry))
    return Reading(tuple(claims))


def who(match: re.Match) -> Who:
    return Who(name=match["name"].replace("_", " "), login=match["login"], id=match["user"])


def of_team(entry: Entry) -> Claim:
    """A team's hand-in: everybody with a folder in it, and all their files."""
    people, files = {}, defaultdict(list)
    for file in entry.files:
        top, _, rest = file.path.partition("/")
        if match := FOLDER.match(top):
            people[top] = who(match)
            files[rest].append(file.at(rest))
        else:
            files[file.path].append(file)
    newest = [max(same, key=lambda file: file.time) for same in files.values()]
    return Claim(entry.name, tuple(people.values()), tuple(newest), frozenset({entry.name}), group=entry.name)


ILIAS = Platform("ILIAS", "Abgaben/Lovelace_Ada_alovelace_12345/", read)
