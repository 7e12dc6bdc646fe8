"""Gradescope: `assignment_555_export/`, with a folder `submission_1234` for each hand-in and `submission_metadata.yml`.

The list names everybody who handed in, with id and email, for groups too, and the exact time. Its `:history:` has the
earlier attempts, whose files are not in the export.
"""

from datetime import UTC, date, datetime
from typing import Any

import yaml

from autograder.intake.claims import Claim, Platform, Reading, Root, Who

METADATA = "submission_metadata.yml"


def read(root: Root) -> Reading:
    text = root.text(METADATA)
    if text is None:
        return Reading(())
    try:
        listed = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return Reading((), notes=(f"{METADATA} cannot be read.",))
    if not isinstance(listed, dict):
        return Reading(())
    entries = {entry.name: entry for entry in root.entries}
    claims, notes = [], []
    for name, about in listed.items():
        entry, about = entries.get(str(name)), plain(about)
        if entry is None or not isinstance(about, dict):
            notes.append(f"{METADATA} lists {name}, which is not in the download.")
            continue
        when = moment(about.get("created_at"))
        people = tuple(who(one) for one in about.get("submitters") or [] if isinstance(one, dict))
        claims.append(
            Claim(
                label=", ".join(one.name for one in people) or str(name),
                who=people,
                files=entry.files,
                entries=frozenset({entry.name}),
                attempt=(when.timestamp(),) if when else (),
                handed_in=when,
                time_from=METADATA if when else "",
            )
        )
    return Reading(tuple(claims), frozenset({METADATA}), tuple(notes))


def plain(value: Any) -> Any:
    """Without the colons that begin Gradescope's keys."""
    return {str(key).lstrip(":"): item for key, item in value.items()} if isinstance(value, dict) else value


def who(submitter: dict) -> Who:
    about = plain(submitter)
    return Who(
        name=str(about.get("name") or ""),
        student_id=str(about.get("sid") or ""),
        email=str(about.get("email") or ""),
    )


def moment(value: Any) -> datetime | None:
    """A time as YAML has it, which is in UTC where it names no zone."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip().replace(" UTC", "+00:00").replace("Z", "+00:00"))
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if isinstance(value, date) else None


GRADESCOPE = Platform("Gradescope", f"assignment_555_export/{METADATA} and submission_1234/", read)
