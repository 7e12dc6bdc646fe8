"""From a submission to its grades: splice, run, judge, record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from nbformat import NotebookNode

from autograder.expect.skips import left_out
from autograder.files import TIMESTAMP
from autograder.grade.kept import evidence_of, pack
from autograder.grade.prepare.fingerprints import fingerprints
from autograder.grade.prepare.pristine import Pristine
from autograder.grade.prepare.schemes import put_schemes
from autograder.grade.prepare.splice import SplicedSubmission, splice_submission
from autograder.grade.run.explained import explained
from autograder.grade.run.jobs import Cell, Job, NotebookJob, Run
from autograder.grade.run.repeat import parts_of
from autograder.grade.verdict.judge import AS_HANDED_IN, SEARCH_SKIPPED, JudgeDied, KeyProcess, code_cells
from autograder.grade.verdict.record import record, results_of_missing
from autograder.gradebook.results import EVIDENCE, RESULT, CellResult, SubmissionResult
from autograder.intake.submission import Submission
from autograder.notebooks import format_notebook
from autograder.notes import Note

TRIES = 2
AGAIN = "again"
OF_THE_RUN = frozenset({AGAIN, "stopped", "processes", "evidence"})
"""The kinds of notes that say how a submission ran and was judged; all others say what was handed in."""


@dataclass(frozen=True)
class Settings:
    """How a run grades, the same for all submissions.

    Attributes:
        data: the data folder that submissions see.
        many: are there so many that what each would make of the data is made once for all?
    """

    seed: int
    tier: str
    data: Path | None = None
    retrain: bool = False
    many: bool = False


@dataclass(frozen=True)
class Graded:
    """A submission with its results.

    Attributes:
        notebooks: name -> the notebook with its outputs and verdicts.
        files: path -> content of everything that is kept, result.json and notebooks among it.
        seconds: how long its notebooks ran.
        timed_out: whether a cell or a notebook was stopped for its time.
        paused: whether the grader stood still meanwhile.
        starved: whether it was stopped before it had its time, since it got no core.
        disturbed: whether another submission may have kept it from starting processes.
        doubt: what else the doing of others may have been; "" where that is out of question.
    """

    result: SubmissionResult
    notebooks: Mapping[str, NotebookNode]
    files: Mapping[str, bytes]
    seconds: float
    timed_out: bool = False
    paused: bool = False
    starved: bool = False
    disturbed: bool = False
    doubt: str = ""


@dataclass(frozen=True)
class Earlier:
    """An earlier grading of the same submission.

    What the student changed and handed in is as it was found then: the assignment may have changed since.

    Attributes:
        never_lower: does it count wherever it gave more?
    """

    result: SubmissionResult
    never_lower: bool = False


class Keys(Protocol):
    """The answer keys of a run."""

    ending: bool
    """Is nobody to be judged any more?"""

    def want(self, notebook: str) -> object:
        """Have a notebook's made, where nobody has asked for it before."""

    def judge_of(self, notebook: str) -> KeyProcess:
        """Who judges a notebook, once there is its key."""

    def revive(self) -> None:
        """Where the process with a key is gone, have there be another."""


def make_job(spliced: SplicedSubmission, student: str, pristine: Pristine, settings: Settings) -> Job:
    """What a worker needs to run a submission. Where searches are run again, nothing that they make is handed in."""
    assignment = pristine.assignment
    made_anew = assignment.hand_in if settings.retrain else ()
    return Job(
        student=student,
        notebooks=tuple(
            NotebookJob(name, cells_of(name, notebook, pristine, settings.retrain))
            for name, notebook in spliced.notebooks.items()
        ),
        files={path: content for path, content in spliced.files.items() if path not in made_anew},
        seed=settings.seed,
        limits=assignment.limits,
        tier=settings.tier,
        data=settings.data,
        hand_in=assignment.hand_in,
    )


def cells_of(name: str, notebook: NotebookNode, pristine: Pristine, retrain: bool) -> tuple[Cell, ...]:
    """A notebook's code cells; searches are not run unless asked for, nor is what the author and the work can spare."""
    assignment = pristine.assignment
    searches: frozenset[str] = frozenset() if retrain else assignment.searches_in(name)
    skipped = dict.fromkeys(searches, SEARCH_SKIPPED)
    if wanted := assignment.skips_in(name):
        code = [(cell.id, cell.source) for cell in notebook.cells if cell.cell_type == "code"]
        running = [(cell, source) for cell, source in code if cell not in searches]
        given = {
            cell.id for cell in pristine.notebooks[name] if not (cell.released.has_region or cell.released.is_free)
        }
        skipped |= dict.fromkeys(left_out(running, wanted, given), AS_HANDED_IN)
    return tuple(code_cells(notebook, skipped, pristine.sites[name]))


def grade_with_keys(
    submission: Submission,
    pristine: Pristine,
    settings: Settings,
    run: Callable[[Job], Run],
    keys: Keys,
    again: str = "",
    earlier: Earlier | None = None,
) -> Graded:
    """Grade one submission; once more where an answer key's process ends meanwhile. Arguments as below.

    Raises:
        NoVerdict: something that is not its own doing stopped it every time.
    """
    for notebook in pristine.assignment.notebooks:
        if f"{notebook}.ipynb" in submission.files:
            keys.want(notebook)
    for tries_left in reversed(range(TRIES)):
        try:
            return grade_submission(submission, pristine, settings, run, keys.judge_of, again, earlier)
        except JudgeDied:
            if not tries_left or keys.ending:
                raise
            keys.revive()
    raise AssertionError("the last try returns or raises")


def grade_submission(
    submission: Submission,
    pristine: Pristine,
    settings: Settings,
    run: Callable[[Job], Run],
    judge_of: Callable[[str], KeyProcess],
    again: str = "",
    earlier: Earlier | None = None,
) -> Graded:
    """Grade one submission.

    Args:
        run: runs a job in a sandbox: here, or on another machine.
        judge_of: notebook name -> its judge, ready; it may wait until there is one.
        again: why it is graded once more, if it is.
        earlier: what of an earlier grading is to be kept.
    """
    assignment = pristine.assignment
    spliced = splice_submission(submission, pristine)
    job = make_job(spliced, submission.student, pristine, settings)
    ran = run(job)
    notes = list(spliced.notes)
    if earlier is not None:
        of_the_run = OF_THE_RUN - ({AGAIN} if ran.recorded else set())
        notes = [note for note in earlier.result.notes if note.kind not in of_the_run]
    at_least = earlier.result if earlier is not None and earlier.never_lower else None
    if again:
        notes.append(Note(AGAIN, f"graded once more, alone: {again}"))
    verdicts = {name: judge_of(name).judge(ran.notebooks[name], ran.files) for name in spliced.notebooks}
    verdicts = explained(job, ran, verdicts, pristine.notebooks, run, judge_of)
    results: list[CellResult] = []
    stopped: dict[str, str | None] = {}
    for name, cells in pristine.notebooks.items():
        if name not in spliced.notebooks:
            results += results_of_missing([cell.node for cell in cells], name, spliced.missing[name], assignment)
            stopped[name] = spliced.missing[name]
            continue
        notebook_run, verdict = ran.notebooks[name], verdicts[name]
        results += record(
            spliced.notebooks[name], name, notebook_run, verdict, assignment, at_least.of(name) if at_least else {}
        )
        put_schemes(spliced.notebooks[name], pristine.schemes[name])
        stopped[name] = notebook_run.stopped or None
        if notebook_run.stopped:
            notes.append(Note("stopped", f"{name}: {notebook_run.stopped}"))
        if count := notebook_run.left_at_work:
            processes = "1 process that it started was" if count == 1 else f"{count} processes that it started were"
            notes.append(Note("processes", f"{name}: at its end, {processes} still at work"))
        flags = [*verdict.flags, *(f"{cell_id}: {flag}" for cell_id, c in verdict.cells.items() for flag in c.flags)]
        notes += [Note("evidence", f"{name}: {flag}") for flag in flags]
    result = SubmissionResult(
        assignment=assignment.name,
        student=submission.student,
        seed=settings.seed,
        graded_at=datetime.now(UTC).isoformat(timespec="seconds"),
        submission_sha256=submission.sha256,
        assignment_sha256=pristine.fingerprint,
        cells=tuple(results),
        stopped=stopped,
        edits=spliced.edits if earlier is None else earlier.result.edits,
        notes=tuple(notes),
        fingerprints=fingerprints(spliced, pristine),
        seconds={
            name: {cell: round(one.seconds, 3) for cell, one in notebook.cells.items()}
            for name, notebook in ran.notebooks.items()
        },
    )
    files = dict(spliced.files)
    files |= {f"{name}.ipynb": format_notebook(nb).encode() for name, nb in spliced.notebooks.items()}
    files[RESULT] = result.to_json()
    if submission.timestamp:
        files[TIMESTAMP] = submission.timestamp
    beside = sorted(name for name, content in ran.files.items() if spliced.files.get(name) == content)
    about = {
        "seed": settings.seed,
        "tier": settings.tier,
        "retrained": settings.retrain,
        "submission_sha256": submission.sha256,
        "assignment_sha256": pristine.fingerprint,
        "beside": beside,
        "parts": parts_of(job, pristine.data),
    }
    other_files = {name: content for name, content in ran.files.items() if name not in beside}
    if packed := pack(evidence_of(about, ran.notebooks, other_files, ran.recorded)):
        files[EVIDENCE] = packed
    return Graded(
        result,
        spliced.notebooks,
        files,
        ran.seconds,
        timed_out=any(notebook.timed_out for notebook in ran.notebooks.values()),
        paused=any(notebook.paused for notebook in ran.notebooks.values()),
        starved=any(notebook.starved for notebook in ran.notebooks.values()),
        disturbed=ran.disturbed,
        doubt=next((notebook.doubt for notebook in ran.notebooks.values() if notebook.doubt), ""),
    )
