"""Takes submissions from a download, a folder or a zip, into `submitted/`.

In this order: which platform it is from (`recognise`), whose each hand-in is (`people`), which of its files are graded
(`settle`), and putting it there (`keep`).
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.files import MAX_SUBMISSION, read_regular
from autograder.gradebook.roster import Person, named, read_roster, without_submission, write_people
from autograder.gradebook.store import Store
from autograder.intake import people as whose
from autograder.intake.archives import Refused, first_of, open_download, unpacked
from autograder.intake.claims import Claim, Who, is_work
from autograder.intake.keep import Receipt, hash_of, keep_files, put, receipts
from autograder.intake.platforms.plain import PLAIN
from autograder.intake.recognise import Recognised, recognise
from autograder.intake.settle import Expected, Settled, expected_of, manifest_of, settle
from autograder.regrade import requests_in, same_work, source_of

Ask = Callable[[str, tuple[Person, ...]], str]
"""Whose a hand-in is, by its name on the platform and who it may be; "" where that is not answered."""

ASKS = "asks"
"""What came of a copy of a submission in which a student asks for a regrade."""


@dataclass(frozen=True)
class CollectedRow:
    """What came of one student's hand-in.

    Attributes:
        state: as of `keep.put`, or ASKS.
        seconds_late: None where the time of handing in is not known.
        late: whether the platform marks it as late.
    """

    student: str
    name: str
    state: str
    handed_in: datetime | None
    time_from: str
    seconds_late: float | None
    late: bool
    files: int


@dataclass
class Report:
    """What came of collecting."""

    platform: str = ""
    inside: str = ""
    rows: list[CollectedRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    missing: list[Person] = field(default_factory=list)

    @property
    def collected(self) -> list[str]:
        return [row.student for row in self.rows if row.state in ("new", "replaced", "time changed")]

    @property
    def unchanged(self) -> list[str]:
        return [row.student for row in self.rows if row.state in ("unchanged", "older", ASKS)]


@dataclass(frozen=True)
class CollectOptions:
    """How to collect.

    Attributes:
        force: replace newer submissions by older ones, too.
        whose: how the platform names a hand-in -> the student's id.
        times: of the people in the course, by id, when they handed in, whatever the platform says.
        file_times: take the time of the file or folder as the time of handing in, where the platform does not say.
        ask: asks a person whose a hand-in is.
        only_requests: keep the copies in which students ask for a regrade, and take no submission.
    """

    force: bool = False
    whose: Mapping[str, str] = field(default_factory=dict)
    times: Callable[[Iterable[Person]], Mapping[str, datetime]] = lambda people: {}
    file_times: bool = False
    ask: Ask = lambda label, near: ""
    only_requests: bool = False


def collect(course: Course, assignment: Assignment, source: Path, options: CollectOptions = CollectOptions()) -> Report:
    """Put every student's hand-in that is in `source` into `submitted/`; what is there already and newer stays."""
    report = Report()
    store = Store(course, assignment.name)
    store.work.mkdir(parents=True, exist_ok=True)
    zone = course.zone or (assignment.due.tzinfo if assignment.due else None)
    roster = read_roster(course)
    known = {whose.squash(text) for person in roster.values() for text in (person.id, person.name, *person.ids)}
    known |= {whose.squash(one.partition(":")[2]) for person in roster.values() for one in person.ids}

    def is_known(text: str) -> bool:
        return whose.squash(text) in known - {""}

    try:
        with open_download(source, zone, report.notes.append) as files:
            others = set(course.assignment_names()) - {assignment.name}
            found = recognise(files, assignment.name, assignment.title, zone, is_known, others)
            report.platform, report.inside = found.platform.name, "/".join(found.root.path)
            report.notes += [f"{found.platform.name}: {note}" for note in found.reading.notes]
            tell_strays(found, report)
            owned, changed = owners(found, roster, options, report, zone)
            everybody = {**roster, **changed}
            times = options.times(everybody.values())
            expected = expected_of(assignment, course.release_dir / assignment.name)
            download = Download(str(source), found, assignment, expected, zone, times, receipts(store), options)
            for student in sorted(owned):
                take(store, everybody[student], owned[student], download, report)
    except Refused as refused:
        report.problems.append(f"{source}: {refused}")
        return report
    taken = {row.student for row in report.rows}
    if without := sorted(times.keys() - taken):
        report.notes.append(f"times were given for {', '.join(without)}, of whom no submission was taken.")
    write_people(course, [person for person in changed.values() if person.id in taken])
    report.missing = without_submission(course, assignment.name, everybody.values())
    return report


def tell_strays(found: Recognised, report: Report) -> None:
    entries = {entry.name: entry for entry in found.root.entries}
    for name in found.strays:
        if any(is_work(file) for file in entries[name].files):
            report.problems.append(
                f"{name}: whose is it? It does not have the form of the others ({found.platform.form}). Put it into a "
                "folder named after the student, and collect that."
            )
        else:
            report.notes.append(f"{name} is left out: it is nobody's hand-in.")


# --- whose it is ------------------------------------------------------------------------------------------------------


def owners(
    found: Recognised, roster: Mapping[str, Person], options: CollectOptions, report: Report, zone: tzinfo | None
) -> tuple[dict[str, list[Claim]], dict[str, Person]]:
    """Student id -> hand-ins, and everybody of whom something new is known."""
    platform = found.platform.name
    strict = any(person.listed for person in roster.values())
    changed: dict[str, Person] = {}
    owned: dict[str, list[Claim]] = defaultdict(list)
    open_claims: list[tuple[Claim, Who, whose.Match]] = []

    def give(claim: Claim, person: Person, who: Who | None = None) -> None:
        owned[person.id].append(claim)
        if who is not None:
            changed[person.id] = whose.learned(changed.get(person.id, person), who, platform)

    for claim in found.reading.claims:
        group = whose.members(claim.group, roster.values())
        if group:
            for person in group:
                give(claim, person)
            report.notes.append(f"{claim.label} is a group: {named(group)}.")
            continue
        if not claim.who:
            report.problems.append(f"{claim.label}: nobody is named as its owner.")
        for who in claim.who:
            answer = options.whose.get(claim.label) or options.whose.get(name_of(who))
            match = whose.match(who, platform, roster.values())
            if answer:
                give(claim, roster.get(answer) or Person(answer, *whose.split_name(who.name), listed=strict), who)
            elif match.person:
                give(claim, match.person, who)
            else:
                open_claims.append((claim, who, match))
        if len(claim.who) > 1:
            report.notes.append(f"{claim.label}: a group; each of them gets the hand-in.")
    new: list[tuple[Claim, Who]] = []
    for claim, who, match in open_claims:
        named_by_itself = by_manifest(claim, found, roster, owned, report, zone) if found.platform is PLAIN else None
        if named_by_itself is not None:
            give(claim, named_by_itself, who)
        elif strict or match.near:
            if answer := options.ask(claim.label, match.near):
                give(claim, roster.get(answer) or Person(answer, *whose.split_name(who.name)), who)
            else:
                report.problems.append(question(claim, match))
        else:
            new.append((claim, who))
    labels = {text for claim in found.reading.claims for text in (claim.label, *names_of(claim))}
    for label in sorted(options.whose.keys() - labels):
        report.problems.append(f'--whose names "{label}", but no submission is called that.')
    made = whose.newcomers([replace(claim, who=(who,)) for claim, who in new], platform, roster)
    for claim, who in new:
        give(claim, made[who])
        changed[made[who].id] = made[who]
    tell_namesakes(made, report)
    return owned, changed


def name_of(who: Who) -> str:
    return who.login or who.student_id or who.name


def names_of(claim: Claim) -> list[str]:
    return [name_of(who) for who in claim.who]


def by_manifest(
    claim: Claim,
    found: Recognised,
    roster: Mapping[str, Person],
    owned: Mapping[str, list[Claim]],
    report: Report,
    zone: tzinfo | None,
) -> Person | None:
    """The student that the hand-in names itself, which a student may have written: only where nobody else is known by
    the folder's name, and where that student has no other hand-in here."""
    try:
        manifest = manifest_of(unpacked(list(claim.files), zone).files)
    except Refused:
        return None
    if manifest is None or not manifest.student_id:
        return None
    person = whose.match(Who(student_id=manifest.student_id), found.platform.name, roster.values()).person
    if person is None or person.id in owned:
        return None
    report.notes.append(f"{claim.label} is taken as {named([person])}: its submission.json says so.")
    return person


def question(claim: Claim, match: whose.Match) -> str:
    may_be = f" It may be {named(match.near)}." if match.near else " Nobody on the roster has this id, email or name."
    example = match.near[0].id if match.near else "ID"
    return f'{claim.label}: whose is it?{may_be} Say so with  --whose "{claim.label}={example}"'


def tell_namesakes(made: Mapping[Who, Person], report: Report) -> None:
    by_name = defaultdict(list)
    for who, person in made.items():
        by_name[who.name or whose.student_id(who.student_id or who.login)].append(person.id)
    for name, ids in by_name.items():
        if len(ids) > 1:
            report.notes.append(f"several are called {name}; they are kept apart as {', '.join(sorted(ids))}.")


# --- what is taken ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Download:
    """What is the same for every hand-in of one download."""

    source: str
    found: Recognised
    assignment: Assignment
    expected: Expected
    zone: tzinfo | None
    times: Mapping[str, datetime]
    known: Mapping[str, Receipt]
    options: CollectOptions


def take(store: Store, person: Person, claims: list[Claim], download: Download, report: Report) -> None:
    """Put the last of a student's attempts into place, and keep the others."""
    ready: list[tuple[Receipt, Settled]] = []
    problems = []
    for claim in sorted(claims, key=lambda claim: claim.attempt):
        lost: list[str] = []
        try:
            whole = unpacked(list(claim.files), download.zone)
            report.notes += [f"{claim.label}: left out: {note}" for note in whole.notes]
            lost = whole.lost
            settled = settle(whole.files, download.assignment, download.expected)
        except Refused as refused:
            why = "; ".join([str(refused), *first_of(lost)])
            problems.append(f"{person.id}: {why}" + (f" ({claim.label})" if claim.label != person.id else ""))
            continue
        settled = replace(settled, lost=tuple(first_of([*lost, *settled.lost])))
        ready.append((receipt_of(claim, settled, person, download), settled))
    if not ready:
        report.problems += problems
        return
    if problems:
        report.notes += [f"an attempt is left out: {problem}" for problem in problems]
    same = {receipt.sha256 for receipt, _ in ready}
    if len(same) > 1 and len({receipt.attempt for receipt, _ in ready}) < len(ready):
        labels = ", ".join(receipt.label for receipt, _ in ready)
        report.problems.append(
            f"{person.id}: there are {len(ready)} different hand-ins ({labels}), and nothing says which is the last. "
            "Take the others out of the download, and collect again."
        )
        return
    if download.options.only_requests:
        ready = [one for one in ready if asks(one[1])]
        if not ready:
            return
    *earlier, (receipt, settled) = ready
    files = {file.path: file for file in settled.files}
    try:
        if download.options.only_requests or (asks(settled) and is_same_work(store.submitted(person.id), settled)):
            keep_files(store, person.id, files, receipt, "regrade request, kept beside")
            state = ASKS
        else:
            state = put(store, person.id, files, receipt, download.known.get(person.id), download.options.force)
        for older, its in earlier:
            keep_files(store, person.id, {file.path: file for file in its.files}, older)
    except (OSError, Refused) as error:
        reason = getattr(error, "strerror", None) or error
        report.problems.append(f"{person.id}: could not be written to {store.submitted(person.id)}: {reason}.")
        return
    report.notes += [f"{person.id}: {note}." for note in settled.notes]
    report.problems += [f"{person.id}: the rest is taken; left out: {text}" for text in settled.lost]
    if earlier:
        report.notes.append(f"{person.id}: the last of {len(ready)} attempts is taken; the others are kept beside it.")
    if state == ASKS and not download.options.only_requests:
        report.notes.append(
            f"{person.id}: the same work, with a regrade request. What was handed in before counts. To see it:  "
            f"autograder requests {download.assignment.name}"
        )
    if state == "older":
        report.notes.append(f"{person.id}: a newer submission is there; --force replaces it.")
    manifest = settled.manifest
    if manifest and manifest.student_id and download.found.platform is not PLAIN:
        key = f"id:{manifest.student_id.casefold()}"
        if person.listed and key not in person.ids | {f"id:{person.id.casefold()}"}:
            report.notes.append(f"{person.id}: the submission.json in it says {manifest.student_id}.")
    report.rows.append(
        CollectedRow(
            student=person.id,
            name=person.name,
            state=state,
            handed_in=receipt.when,
            time_from=receipt.time_from,
            seconds_late=late_by(receipt.when, download.assignment, person),
            late=receipt.late,
            files=len(files),
        )
    )


def asks(settled: Settled) -> bool:
    """Does the student ask for a regrade in it?"""
    notebooks = (file.read() for file in settled.files if file.path.endswith(".ipynb"))
    asking = (content for content in notebooks if b"egrade" in content.lower())
    return any(requests_in(source_of(cell)) for content in asking for cell in notebook_cells(content))


def is_same_work(place: Path, settled: Settled) -> bool:
    """Is a hand-in what was submitted before, requests apart, as far as it has its files?"""
    for file in settled.files:
        before = read_regular(place / file.path, MAX_SUBMISSION)
        if file.path.endswith(".ipynb"):
            if before is None or not same_work(notebook_cells(file.read()), notebook_cells(before)):
                return False
        elif file.path.endswith((".py", ".npz", ".npy")) and before != file.read():
            return False
    return True


def notebook_cells(content: bytes) -> list[dict[str, Any]]:
    """The cells in the bytes of a notebook; [] where it is none."""
    try:
        return [cell for cell in json.loads(content)["cells"] if isinstance(cell, dict)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []


def receipt_of(claim: Claim, settled: Settled, person: Person, download: Download) -> Receipt:
    """What is known of a hand-in. No file in it says when it was handed in: those times are the student's."""
    files = {file.path: file for file in settled.files}
    when, time_from = claim.handed_in, claim.time_from
    if person.id in download.times:
        when, time_from = download.times[person.id], "--handed-in"
    elif when is None and download.options.file_times:
        when = datetime.fromtimestamp(max(file.time for file in claim.files), UTC)
        time_from = "the file's time"
    return Receipt(
        platform=download.found.platform.name,
        source=download.source,
        label=claim.label,
        handed_in=when.astimezone(UTC).isoformat() if when else "",
        time_from=time_from,
        late=claim.late,
        attempt=claim.attempt,
        newest=max((file.time for file in claim.files), default=0.0),
        sha256=hash_of(files),
        number=next((who.id for who in claim.who if who.id), ""),
    )


def late_by(when: datetime | None, assignment: Assignment, person: Person) -> float | None:
    """Seconds after the student's due time; None where the time of handing in or the due time is not known."""
    if when is None or assignment.due is None:
        return None
    extension = 3600 * person.extensions.get(assignment.name, 0.0)
    return max((when - assignment.due).total_seconds() - extension, 0.0)
