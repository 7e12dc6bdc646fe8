"""One submission in Gradescope's container: collected, graded, and its results written.

The folders are Gradescope's: `submission/` with the student's files, `submission_metadata.json`, and
`results/results.json`, which is written last and only where grading came to its end.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.files import write_atomically
from autograder.grade.run.start import started
from autograder.grade.run.terminal import grade_and_show
from autograder.gradebook.roster import Person, write_people
from autograder.gradebook.scores import scores_by_student
from autograder.gradebook.store import Store
from autograder.handback.gradescope import gradescope_results
from autograder.handback.gradescope_build import SETTINGS
from autograder.intake.archives import Refused, open_download, unpacked
from autograder.intake.keep import Receipt, hash_of, put
from autograder.intake.people import student_id
from autograder.intake.settle import expected_of, settle


@dataclass(frozen=True)
class Metadata:
    """What Gradescope says of a submission.

    Attributes:
        student: an id for the folder here.
        extension: hours that the student's due time is later than the assignment's.
    """

    student: str
    name: str
    created_at: datetime | None
    extension: float


def read_metadata(path: Path) -> Metadata:
    """Read submission_metadata.json; what is missing in it is unknown."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        data = {}
    users = [user for user in data.get("users") or [] if isinstance(user, dict)]
    names = [str(user.get("sid") or user.get("email") or user.get("id") or "") for user in users]
    due = moment((data.get("assignment") or {}).get("due_date"))
    own = [moment((user.get("assignment") or {}).get("due_date")) for user in users]
    later = [(when - due).total_seconds() / 3600 for when in own if when and due]
    return Metadata(
        student=student_id("-".join(filter(None, names)) or "submission"),
        name=", ".join(str(user.get("name") or "") for user in users),
        created_at=moment(data.get("created_at")),
        extension=max([0.0, *later]),
    )


def moment(text: Any) -> datetime | None:
    try:
        when = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return when if when.tzinfo else None


def run(root: Path, warm_up: bool = False) -> dict:
    """Grade what lies in `root`; returns what was written to results/results.json.

    Args:
        warm_up: grade what was handed out in place of a submission, and write no results: the solution's searches then
            need not run again.

    Raises:
        CourseError: the submission cannot be graded here, by no fault of its own; nothing is written.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    settings = json.loads((root / "source" / SETTINGS).read_text("utf-8"))
    course = Course(root / "source" / "course")
    assignment = course.assignment(settings["assignment"])
    metadata = read_metadata(root / "submission_metadata.json")
    submission = course.release_dir / assignment.name if warm_up else root / "submission"
    try:
        notes = hand_in(course, assignment, metadata, submission)
    except Refused as refused:
        return write(root, refusal(str(refused), assignment, settings["visibility"]))
    with started(course, assignment.name, [metadata.student], 1, "none" if settings["no_sandbox"] else None) as start:
        grade_and_show(start, [metadata.student], force=True, console=Console(width=100, highlight=False))
    if warm_up:
        return {}
    scores = scores_by_student(course, assignment)[metadata.student]
    return write(root, gradescope_results(scores, assignment, settings["visibility"], notes))


def hand_in(course: Course, assignment: Assignment, metadata: Metadata, submission: Path) -> tuple[str, ...]:
    """Put the student's files where grading looks for them; returns what was chosen among them."""
    store = Store(course, assignment.name)
    store.work.mkdir(parents=True, exist_ok=True)
    notes: list[str] = []
    with open_download(submission, course.zone, notes.append) as files:
        whole = unpacked(list(files), course.zone)
        settled = settle(whole.files, assignment, expected_of(assignment, course.release_dir / assignment.name))
        notes += [f"left out: {text}" for text in (*whole.notes, *whole.lost, *settled.lost)]
    extensions = {assignment.name: metadata.extension} if metadata.extension else {}
    write_people(course, [Person(metadata.student, last=metadata.name, extensions=extensions)])
    kept = {file.path: file for file in settled.files}
    when = metadata.created_at
    receipt = Receipt(
        platform="Gradescope",
        source=str(submission),
        label=metadata.student,
        handed_in=when.astimezone(UTC).isoformat() if when else "",
        time_from="submission_metadata.json" if when else "",
        late=False,
        attempt=(),
        newest=0.0,
        sha256=hash_of(kept),
    )
    put(store, metadata.student, kept, receipt, None, force=True)
    return (*notes, *settled.notes)


def refusal(why: str, assignment: Assignment, visibility: str) -> dict:
    """The results of a submission in which there is nothing to grade."""
    return {
        "score": 0.0,
        "visibility": visibility,
        "output": f"Nothing was graded: {why}\n\nSubmit {', '.join(f'{name}.ipynb' for name in assignment.notebooks)}, "
        "or the zip that  autograder submit  makes.",
        "tests": [],
    }


def write(root: Path, results: Mapping) -> dict:
    (root / "results").mkdir(exist_ok=True)
    write_atomically(root / "results" / "results.json", json.dumps(results, indent=1) + "\n")
    return dict(results)
