"""Who is to be graded, found out with as little reading as that takes: a run may have nothing else to do."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from autograder.assignment import Assignment
from autograder.errors import CourseError, NoVerdict
from autograder.grade.run.seen import Seen
from autograder.gradebook.results import SubmissionResult
from autograder.gradebook.store import Store
from autograder.intake.submission import Submission, read_submission


@dataclass(frozen=True)
class Plan:
    """What a run is to do.

    Attributes:
        remarks: what there is to say of the results of those who are up to date.
    """

    students: tuple[str, ...]
    up_to_date: tuple[str, ...]
    remarks: Mapping[str, str] = field(default_factory=dict)


def plan(
    store: Store,
    assignment: Assignment,
    fingerprint: str,
    entered: Collection[str],
    wanted: Sequence[str] = (),
    force: bool = False,
) -> Plan:
    """Who is to be graded: everyone, or those wanted, whose work or whose assignment is not what was graded last.

    Args:
        fingerprint: of what submissions are graded against.
        entered: those of whom the gradebook has a submission.

    Raises:
        CourseError: somebody wanted, or everybody, has submitted nothing.
    """
    students = store.students()
    wanted = [*dict.fromkeys(wanted)]
    if missing := [name for name in wanted if not store.submitted(name).is_dir()]:
        name = missing[0]
        raise CourseError(
            f"{name} submitted nothing for {store.assignment}: there is no folder {store.submitted(name)}."
        )
    if not students:
        raise CourseError(
            f"No submissions of {store.assignment} in {store.course.submitted}/<student>/. "
            f"Import them first:  autograder collect {store.assignment} FOLDER"
        )
    if force:
        return Plan(tuple(wanted or students), ())
    seen = Seen(store, assignment, fingerprint)
    todo: list[str] = []
    remarks: dict[str, str] = {}
    for student in wanted or students:
        look = seen.look(student) if student in entered else ""
        remark = seen.remark(student, look)
        if remark is None and student in entered and (result := up_to_date(store, assignment, fingerprint, student)):
            remark = remark_on(result)
        if remark is None:
            todo.append(student)
        else:
            seen.add(student, look, remark)
            remarks[student] = remark
    seen.write()
    return Plan(tuple(todo), tuple(remarks), remarks)


def up_to_date(store: Store, assignment: Assignment, fingerprint: str, student: str) -> SubmissionResult | None:
    """What lies in a student's graded folder, where it is the result of this submission and this assignment."""
    result = store.result(student)
    if result is None or result.assignment_sha256 != fingerprint or not store.is_intact(student):
        return None
    try:
        handed_in = read(store, assignment, student)
    except NoVerdict:
        return None  # grading it says why it cannot be read
    return result if result.submission_sha256 == handed_in.sha256 else None


def remark_on(result: SubmissionResult | None) -> str:
    """What somebody should look at in a result, by kind; "" where there is nothing."""
    if result is None:
        return ""
    kinds = Counter(note.kind for note in result.notes)
    kinds["edits outside regions"] = sum(not edit.is_own for edit in result.edits)
    return ", ".join(f"{kind} ({count})" if count > 1 else kind for kind, count in kinds.items() if count)


def sample_size(text: str) -> float:
    """The part of a class that "5%" or "0.05" means; raises CourseError where it means none."""
    try:
        part = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        part = math.nan
    if not 0 < part <= 1:
        raise CourseError(f'--retrain-sample {text}: write a part of the class, such as "5%".')
    return part


def read(store: Store, assignment: Assignment, student: str) -> Submission:
    """What a student handed in; raises NoVerdict where it cannot be read."""
    return read_submission(student, store.submitted(student), assignment.limits.file_mb, assignment.hand_in)
