"""Where wrong work goes wrong: failing checks that no known mistake explains are run again, with their steps recorded.

The verdict stands by then: what comes of this is a sentence, or nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from autograder.assignment import Limits
from autograder.errors import NoVerdict
from autograder.expect.cell_verdict import CellVerdict
from autograder.expect.skips import Names
from autograder.grade.prepare.pristine import PristineCell
from autograder.grade.run.jobs import Cell, Job, NotebookJob, NotebookRun, Run
from autograder.grade.run.question_cells import question_cells
from autograder.grade.verdict.judge import KeyProcess, Verdict, first_error
from autograder.regions import RegionError, find_regions
from autograder.who import CELL as STUDENT_CELL

MOST_CHECKS = 4  # of a notebook
FEW_LINES = 2  # of a student's: which of them is wrong need not be said
LONGEST = 2.0  # seconds that the cells took which are run again
MORE_SECONDS = 2.0  # for being traced


def explained(
    job: Job,
    ran: Run,
    verdicts: Mapping[str, Verdict],
    cells: Mapping[str, Sequence[PristineCell]],
    run: Callable[[Job], Run],
    judge_of: Callable[[str], KeyProcess],
) -> dict[str, Verdict]:
    """The verdicts, with what their steps say added to the lines of failing checks; credits and flags stay as they are.

    Args:
        cells: of each notebook, as the author wrote them.
    """
    files = (text.decode("utf-8", "replace") for path, text in job.files.items() if path.endswith(".py"))
    library = max(map(lines_written, files), default=0)
    again = [
        notebook
        for one in job.notebooks
        if (notebook := traced_job(one, ran.notebooks[one.name], verdicts[one.name], cells[one.name], library))
        is not None
    ]
    said = dict(verdicts)
    if not again or ran.recorded:
        return said
    try:
        traced = run(replace(job, notebooks=tuple(again), limits=limits_of(job, ran, again), hand_in=()))
    except NoVerdict:
        return said
    for notebook in again:
        first, verdict = ran.notebooks[notebook.name], verdicts[notebook.name]
        known = set(first.evidence)
        steps = {
            check: content
            for check, (content, evidence) in traced.notebooks[notebook.name].steps.items()
            if evidence and known.issuperset(evidence)
        }
        if steps:
            more = judge_of(notebook.name).judge(first, ran.files, steps)
            lines = {
                name: replace(cell, lines=more.cells[name].lines) if name in more.cells else cell
                for name, cell in verdict.cells.items()
            }
            said[notebook.name] = replace(verdict, cells=lines)
    return said


def limits_of(job: Job, ran: Run, again: Iterable[NotebookJob]) -> Limits:
    """The limits of a run that is traced: a notebook has what it took before, and a little more."""
    seconds = [
        sum(
            ran.notebooks[one.name].cells[cell.id].seconds
            for cell in one.cells
            if cell.id in ran.notebooks[one.name].cells
        )
        for one in again
    ]
    most = max(seconds) + MORE_SECONDS
    return job.limits.model_copy(update={"notebook_seconds": most, "cell_seconds": most})


def traced_job(
    notebook: NotebookJob, run: NotebookRun, verdict: Verdict, cells: Sequence[PristineCell], library: int = 0
) -> NotebookJob | None:
    """The cells that a notebook's unexplained checks need, without those that took long; None where there are none.

    Args:
        library: how many lines the student wrote in the longest region of the library.
    """
    running = [cell for cell in notebook.cells if not cell.skip]
    ids = [cell.id for cell in running]
    checks = [one for one in ids if is_unexplained(verdict.cells.get(one), run, one)][:MOST_CHECKS]
    work = tuple(cell.id for cell in cells if cell.released.has_region and cell.id != STUDENT_CELL)
    needed: set[str] = set()
    traced: dict[str, tuple[str, ...]] = {}
    questions = question_cells(running)
    for check in checks:
        question = questions.get(check, ())
        mine = leading_to(running[: ids.index(check) + 1]) | {cell.id for cell in question if cell.id in work}
        if sum(run.cells[one].seconds for one in needed | mine if one in run.cells) > LONGEST:
            continue
        own = [cell.source for cell in running if cell.id in mine and cell.id in work]
        written = [lines_written(text) or text.count("\n") + 1 for text in own]
        if max([library, *written]) <= FEW_LINES:
            continue
        traced[check] = tuple(cell.id for cell in question if cell.id in mine)
        needed |= mine
    if not traced:
        return None
    return NotebookJob(notebook.name, tuple(cell for cell in running if cell.id in needed), traced, work)


def lines_written(text: str) -> int:
    """The lines of code in the longest region of a text; 0 where it has none."""
    lines = text.split("\n")
    try:
        regions = find_regions(text)
    except RegionError:
        regions = ()
    parts = [lines[region.start + 1 : region.end] for region in regions]
    return max((sum(bool(line.strip()) and line.lstrip()[0] != "#" for line in part) for part in parts), default=0)


def leading_to(cells: Sequence[Cell]) -> set[str]:
    """The last cell, and those before it that make what it uses, as far as names tell.

    What it misses (an object that a function changes) shows: the check then gets other values than before.
    """
    wanted: set[str] = set()
    found: set[str] = set()
    code = [(cell, Names.of(cell.source)) for cell in cells]
    modules = set().union(*(names.modules for _, names in code))
    for cell, names in reversed(code):
        made = names.bound | names.maybe | (names.changed - modules)
        if cell is cells[-1] or made & wanted:
            found.add(cell.id)
            wanted = (wanted - names.bound) | names.used
    return found


def is_unexplained(verdict: CellVerdict | None, run: NotebookRun, cell_id: str) -> bool:
    """Is a check wrong by its values, which no known mistake explains? An error says itself where it was raised."""
    if verdict is None or not verdict.unnamed or cell_id not in run.cells:
        return False
    error = first_error(run.cells[cell_id])
    return not error or error.startswith("AssertionError")
