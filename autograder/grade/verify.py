"""Judges kept evidence again: does it still come to the same verdict?"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.errors import CourseError
from autograder.expect.sites import counts_as_it_ran
from autograder.files import read_regular
from autograder.grade.kept import MAX_KEPT, MAX_READ, KeptEvidence, unpack
from autograder.grade.prepare.pristine import load_pristine
from autograder.grade.run.scratch import temporary_scratch
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.verdict.judge import Judge
from autograder.gradebook.results import CLOSE, EVIDENCE, SubmissionResult
from autograder.gradebook.store import Store


@dataclass(frozen=True)
class Verified:
    """What judging one submission's evidence again came to.

    Attributes:
        trouble: why it could not be judged again, or "".
        differences: "notebook: cell: 1 then, 0 now", one for each check whose credit is another.
    """

    student: str
    seed: int
    checks: int = 0
    trouble: str = ""
    differences: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.trouble and not self.differences


def verify(course: Course, assignment: Assignment, students: Sequence[str] = ()) -> Iterator[Verified]:
    """Judge the kept evidence of these students' submissions (default: all graded ones), run by run.

    Raises:
        CourseError: nothing is graded, a student is not among the graded ones, or an answer key cannot be made.
    """
    store = Store(course, assignment.name)
    graded = store.graded()
    if unknown := [student for student in students if student not in graded]:
        raise CourseError(
            f"there is no graded submission of {', '.join(unknown)} for {assignment.name}. "
            f"First:  autograder grade {assignment.name}"
        )
    if not graded:
        raise CourseError(f"nothing of {assignment.name} is graded. First:  autograder grade {assignment.name}")
    pristine = load_pristine(course, assignment)
    fingerprint = pristine.fingerprint
    as_it_ran = {
        (name, cell.id) for name, cells in pristine.notebooks.items() for cell in cells if counts_as_it_ran(cell.graded)
    }
    by_seed: dict[int, list[tuple[SubmissionResult, KeptEvidence]]] = {}
    for student in students or graded:
        result = store.result(student)
        kept = evidence_in(store.autograded(student))
        if result is None or isinstance(kept, str):
            trouble = kept if isinstance(kept, str) else "its result cannot be read"
            yield Verified(student, result.seed if result else 0, trouble=trouble)
        elif result.assignment_sha256 != fingerprint:
            yield Verified(student, result.seed, trouble="the assignment, its library or its data has changed since")
        else:
            by_seed.setdefault(result.seed, []).append((result, kept))
    with temporary_scratch() as scratch, WarmProcess() as warm:
        for seed, submissions in sorted(by_seed.items()):
            yield from verify_run(course, assignment, seed, submissions, as_it_ran, warm, scratch)


def verify_run(
    course: Course,
    assignment: Assignment,
    seed: int,
    submissions: Sequence[tuple[SubmissionResult, KeptEvidence]],
    as_it_ran: Container[tuple[str, str]],
    warm: WarmProcess,
    scratch: Path,
) -> Iterator[Verified]:
    """Judge submissions that were graded with the same inputs.

    Args:
        as_it_ran: (notebook, cell) of the checks that also count how they ran, of which no evidence is kept.
    """
    credits: dict[str, dict[tuple[str, str], float]] = {result.student: {} for result, _ in submissions}
    for notebook in assignment.notebooks:
        if not any(notebook in kept.messages for _, kept in submissions):
            continue
        with Judge(course, assignment, notebook, seed, warm, scratch) as judge:
            judge.prepare()
            for result, kept in submissions:
                if notebook in kept.messages:
                    verdict = judge.judge(kept.run(notebook), kept.files)
                    credits[result.student] |= {(notebook, cell): v.credit for cell, v in verdict.cells.items()}
    for result, _ in submissions:
        found = tuple(differences(result, credits[result.student], as_it_ran))
        yield Verified(result.student, seed, len(credits[result.student]), differences=found)


def differences(
    result: SubmissionResult, now: Mapping[tuple[str, str], float], as_it_ran: Container[tuple[str, str]]
) -> Iterator[str]:
    """The checks whose credit is another than in the result; more now, where how it ran may have taken it."""
    for cell in result.cells:
        then = cell.judged if cell.judged is not None else cell.credit or 0.0
        more = then + CLOSE if cell.key not in as_it_ran else 1.0
        if cell.key in now and not then - CLOSE <= now[cell.key] <= more:
            yield f"{cell.notebook}: {cell.cell}: {then:g} of its points then, {now[cell.key]:g} now"


def evidence_in(folder: Path) -> KeptEvidence | str:
    """The evidence in a graded submission's folder, or why there is none."""
    packed = read_regular(folder / EVIDENCE, MAX_KEPT)
    if packed is None:
        return f"no evidence was kept ({EVIDENCE} is not there)"
    try:
        kept = unpack(packed)
    except ValueError as error:
        return f"{EVIDENCE} cannot be read: {error}"
    files = dict(kept.files)
    for name in kept.about["beside"]:
        content = read_regular(folder / name, MAX_READ)
        if content is None:
            return f"{name} is not there, which the verdict followed from"
        files[name] = content
    return replace(kept, files=files)
