"""Puts hand-ins into `submitted/`, in one step each, and keeps every attempt: what is replaced is moved, never lost."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from autograder.files import MAX_SUBMISSION, TIMESTAMP
from autograder.gradebook.store import Store
from autograder.intake.archives import Found
from autograder.intake.submission import digest, read_submission

ATTEMPTS = "attempts"
LOG = "collect.jsonl"
TAKEN = ("new", "replaced", "time changed")

UNFINISHED = ".collect-"


@dataclass(frozen=True)
class Receipt:
    """What is known of a hand-in beside its files.

    Attributes:
        handed_in: ISO time in UTC, or "" where nobody says.
        time_from: what says so.
        late: whether the platform marks it as late.
        attempt: the platform's order.
        newest: the time of its newest file, in seconds since 1970; no evidence of anything but the order of two
            hand-ins of which nothing else is known.
        sha256: of its files.
        number: the student's, or the group's, on the platform.
    """

    platform: str
    source: str
    label: str
    handed_in: str
    time_from: str
    late: bool
    attempt: tuple
    newest: float
    sha256: str
    number: str = ""

    @property
    def when(self) -> datetime | None:
        return datetime.fromisoformat(self.handed_in) if self.handed_in else None


def receipts(store: Store) -> dict[str, Receipt]:
    """Student -> what was collected last, by the log."""
    try:
        lines = (store.work / LOG).read_text("utf-8", "replace").split("\n")
    except OSError:
        return {}
    names = {field.name for field in fields(Receipt)}
    found = {}
    for line in lines:
        try:
            said = json.loads(line)
            if said["what"] in TAKEN:
                about = {name: value for name, value in said.items() if name in names}
                found[said["student"]] = Receipt(**about | {"attempt": tuple(about["attempt"])})
        except (ValueError, TypeError, KeyError):  # a line that was cut off when the disk was full
            continue
    return found


def newer(old: Receipt | None, new: Receipt) -> bool | None:
    """Is the second hand-in the newer one? None: nothing says so."""
    if old is None:
        return None
    if old.when and new.when:
        return new.when > old.when if new.when != old.when else new.attempt > old.attempt
    if old.platform == new.platform and old.attempt and new.attempt and old.attempt != new.attempt:
        return tuple(new.attempt) > tuple(old.attempt)
    if old.newest != new.newest:
        return new.newest > old.newest
    return None


def put(
    store: Store, student: str, files: Mapping[str, Found], receipt: Receipt, known: Receipt | None, force: bool
) -> str:
    """Write a hand-in; returns what came of it: "new", "replaced", "unchanged", "time changed" or "older".

    `known` is the receipt of what was collected last. One that is older than what is there, by `newer`, is only kept
    among the attempts, unless it is forced.
    """
    place = store.submitted(student)
    place.parent.mkdir(parents=True, exist_ok=True)
    for left in place.parent.glob(f"{UNFINISHED}*"):  # by a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(dir=place.parent, prefix=UNFINISHED))
    try:
        write_files(fresh, files, receipt)
        if not place.exists():
            os.replace(fresh, place)
            log(store, student, receipt, "new")
            return "new"
        old = read_submission(student, place, MAX_SUBMISSION >> 20)
        new = read_submission(student, fresh, MAX_SUBMISSION >> 20)
        if old.files == new.files and old.timestamp == new.timestamp:
            return "unchanged"
        if known is None:
            known = receipt_of(old, place)
        if old.files == new.files and receipt.handed_in:
            state = "time changed"
        elif newer(known, receipt) is False and not force:
            keep(store, student, fresh, receipt)
            log(store, student, receipt, "older, kept beside")
            return "older"
        else:
            state = "replaced"
        moved = keep(store, student, place, known)
        os.replace(fresh, place)
        log(store, student, receipt, state, moved)
        return state
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def write_files(folder: Path, files: Mapping[str, Found], receipt: Receipt) -> None:
    for path, file in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read())
    if receipt.when:
        (folder / TIMESTAMP).write_text(receipt.when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC\n"))
    folder.chmod(0o755)


def receipt_of(old, place: Path) -> Receipt:
    """What is known of a submission that `collect` did not put there."""
    when = old.handed_in()
    newest = max((path.stat().st_mtime for path in place.rglob("*") if path.is_file()), default=0.0)
    stamp = when.replace(tzinfo=UTC).isoformat() if when else ""
    return Receipt("", str(place), old.student, stamp, "timestamp.txt" if when else "", False, (), newest, old.sha256)


def keep(store: Store, student: str, folder: Path, receipt: Receipt) -> str:
    """Move a folder among the student's attempts, unless the same is there; returns where it is."""
    home = store.work / ATTEMPTS / student
    home.mkdir(parents=True, exist_ok=True)
    stamp = receipt.when.astimezone(UTC).strftime("%Y%m%d-%H%M%S") if receipt.when else "time-unknown"
    place = home / f"{stamp}-{receipt.sha256[:12]}"
    if place.exists():
        shutil.rmtree(folder)
    else:
        shutil.move(folder, place)
    return str(place)


def keep_files(
    store: Store, student: str, files: Mapping[str, Found], receipt: Receipt, what: str = "earlier attempt, kept beside"
) -> None:
    """Keep an attempt that does not count."""
    fresh = Path(tempfile.mkdtemp(dir=store.work))
    write_files(fresh, files, receipt)
    keep(store, student, fresh, receipt)
    log(store, student, receipt, what)


def attempts_of(store: Store, student: str) -> list[Path]:
    """The folders of the attempts that do not count, the oldest first."""
    return sorted(path for path in (store.work / ATTEMPTS / student).glob("*") if path.is_dir())


def log(store: Store, student: str, receipt: Receipt, state: str, moved: str = "") -> None:
    """Add a line to the log of this assignment's hand-ins."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    line = {"at": now, "student": student, "what": state} | asdict(receipt)
    if moved:
        line["replaced_is_in"] = store.course.shorten(moved)
    with open(store.work / LOG, "a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def hash_of(files: Mapping[str, Found]) -> str:
    """One hash for the files of a hand-in."""
    return digest({path: file.read() for path, file in files.items()}, b"")
