"""GitHub Classroom: `hw1-submissions/hw1-alovelace/`, a clone of each student's repository.

`classroom_grades.csv` or `grades.csv` beside them, from the classroom's page, links repositories to the roster and has
the time of handing in. Without it the time is unknown: a commit's time is the student's own clock.
"""

import csv
import io
from datetime import UTC, datetime

from autograder.intake.claims import Claim, Platform, Reading, Root, Who, common_start

LISTS = ("classroom_grades.csv", "grades.csv")
FOLDER = "-submissions"


def read(root: Root) -> Reading:
    listed = repositories(root)
    prefix = root.path[-1].removesuffix(FOLDER) + "-" if root.path and root.path[-1].endswith(FOLDER) else ""
    if listed and not prefix:
        prefix = common_start(entry.name for entry in root.folders if entry.name in listed)
    claims = []
    for entry in root.folders:
        row = listed.get(entry.name, {})
        if not row and not (prefix and entry.name.startswith(prefix)):
            continue
        login = row.get("github_username") or entry.name.removeprefix(prefix)
        when = moment(row.get("submission_timestamp", ""))
        claims.append(
            Claim(
                label=login,
                who=(Who(login=login, student_id=row.get("roster_identifier", "")),),
                files=entry.files,
                entries=frozenset({entry.name}),
                handed_in=when,
                time_from="GitHub Classroom's list" if when else "",
            )
        )
    return Reading(tuple(claims), frozenset(LISTS))


def repositories(root: Root) -> dict[str, dict[str, str]]:
    """Repository name -> its row in the classroom's list of grades; empty where there is no such list."""
    rows = csv.DictReader(io.StringIO(root.text(*LISTS) or ""))
    if "student_repository_name" not in (rows.fieldnames or ()):
        return {}
    return {row["student_repository_name"]: {key: value or "" for key, value in row.items() if key} for row in rows}


def moment(text: str) -> datetime | None:
    for form in ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%dT%H:%M:%SZ"):
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


GITHUB = Platform("GitHub Classroom", "hw1-submissions/hw1-alovelace/", read)
