"""Feedback of a whole class in one archive, in the form that a platform takes for an upload of all at once.

Moodle takes the folders of its own download, with the participant's number; Canvas takes the file names of its own
download, with the user's and the file's number. Both numbers are known from the download that was collected.
Gradescope takes no feedback in bulk: for it the archive has a PDF for each student, named for people.
"""

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.errors import CourseError
from autograder.files import write_atomically
from autograder.gradebook.roster import Person, read_roster
from autograder.gradebook.store import Store
from autograder.intake.keep import Receipt, receipts

FEEDBACK = "feedback.pdf"
TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class FeedbackPlace:
    """Where a student's feedback goes in the archive: what comes before the file's name; or what is missing for it."""

    prefix: str = ""
    missing: str = ""


def moodle(person: Person, receipt: Receipt | None) -> FeedbackPlace:
    own = receipt if receipt and f"moodle:{receipt.number}" in person.ids else None  # and not a group's
    number = own.number if own else person.platform_id("moodle")
    if not number:
        return FeedbackPlace(
            missing="Moodle's participant number is not known: import the assignment's grading worksheet"
        )
    name = (own.label if own else person.name or person.id).replace("_", " ")
    return FeedbackPlace(f"{name.replace('/', ' ')}_{number}_assignsubmission_file_/")


def canvas(person: Person, receipt: Receipt | None) -> FeedbackPlace:
    if receipt is None or receipt.platform != "Canvas" or not receipt.number or not receipt.attempt:
        return FeedbackPlace(missing="Canvas's file number is not known: collect Canvas's own download")
    return FeedbackPlace(f"{receipt.label}_{receipt.number}_{receipt.attempt[0]}_")


def gradescope(person: Person, receipt: Receipt | None) -> FeedbackPlace:
    name = " ".join(filter(None, [person.last, person.first])) or person.id
    return FeedbackPlace(f"{name.replace('/', ' ')} ({person.id}) ")


PLACES: Mapping[str, Callable[[Person, Receipt | None], FeedbackPlace]] = {
    "moodle": moodle,
    "canvas": canvas,
    "gradescope": gradescope,
}


@dataclass(frozen=True)
class Zipped:
    """The archive, how many files are in it, and who is not."""

    path: Path
    files: int
    problems: tuple[str, ...]


def zip_feedback(course: Course, assignment: Assignment, platform: str, to: Path) -> Zipped:
    """Write the archive of everybody's feedback.

    Raises:
        CourseError: there is no such platform, no feedback was made, or the file cannot be written.
    """
    if platform not in PLACES:
        raise CourseError(f'feedback: --zip is "{platform}", but there are {", ".join(PLACES)}.')
    name = assignment.name
    folders = sorted(path for path in course.feedback.glob(f"*/{name}") if (path / FEEDBACK).is_file())
    if not folders:
        raise CourseError(f"there is none of {name} in {course.feedback}. Run  autograder feedback {name}")
    roster, known = read_roster(course), receipts(Store(course, name))
    members: dict[str, bytes] = {}
    problems = []
    for folder in folders:
        student = folder.parent.name
        place = PLACES[platform](roster.get(student) or Person(student), known.get(student))
        if place.missing:
            problems.append(f"{student}: {place.missing}.")
        else:  # of a group that Canvas knows as one, one member's stands for all
            members.setdefault(place.prefix + FEEDBACK, (folder / FEEDBACK).read_bytes())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path, content in sorted(members.items()):
            archive.writestr(zipfile.ZipInfo(path, TIME), content)
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(to, out.getvalue())
    except OSError as error:
        raise CourseError(f"{to} cannot be written: {error.strerror}.") from None
    return Zipped(to, len(members), tuple(problems))
