"""What trying out the checks of an assignment shows (`lint --run`): what punishes right work, and what misses mistakes.

The trying is done by a trusted process per notebook (`processes/prove.py`); what it found is kept until code changes.
"""

import ast
import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.assignment import FILE, Assignment
from autograder.course import Course
from autograder.data.present import require_data
from autograder.errors import CourseError
from autograder.expect.assertions import is_assertion
from autograder.expect.mutants import CHANGED_IN_PLACE
from autograder.expect.stated import expectations, name_of, parse
from autograder.files import write_atomically
from autograder.grade.processes.prove import ENDED, SEED_SECONDS
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.verdict.judge import Judge
from autograder.questions import is_check, is_question, points_of, prose_lines, stated_points
from autograder.release.at_home import fingerprint
from autograder.release.problems import SourceProblem
from autograder.source import read_source, source_path
from autograder.words import counted

PROVE = "autograder.grade.processes.prove"
EQUIVALENT = "equivalent.txt"
"""In an assignment's source folder: the changes of the solution that are no mistakes. Never released."""
KIT = (
    *(f"expect/{name}.py" for name in ("compare", "kinds", "mutants", "numeric", "rewrites", "skips")),
    *(f"grade/processes/{name}.py" for name in ("mistakes", "otherwise", "prove")),
)
"""What decides about what trying finds, besides the assignment's own code."""
NEAR = 0.1  # of a threshold: honest work should stay below that
SLOW = 0.3  # of a cell's time limit
MOST_LISTED = 8
TEXT = 7  # below every heading
HEADING = re.compile(r"(#{1,6})[ \t]+(.*)")
ARROW = " -> "


@dataclass(frozen=True)
class Proof:
    """What there is to mend in an assignment, and a line for each check: what it costs, and how sharp it is."""

    findings: tuple[SourceProblem, ...]
    lines: tuple[str, ...]


def prove(
    course: Course,
    assignment: Assignment,
    seeds: int,
    warm: Callable[[], WarmProcess],
    on_cell: Callable[[str], None] = lambda cell_id: None,
) -> Proof:
    """Try out every check of an assignment, or take what was found before.

    Args:
        seeds: how many random inputs the solution and the stub are tried on.
        warm: gives a warm process, where one is needed.

    Raises:
        CourseError: data of the assignment is missing, or a process that tried is gone.
    """
    require_data(assignment.data, course.data, f"lint --run: {assignment.name}")
    tried = {name: tried_before(course, assignment, name, seeds, warm, on_cell) for name in assignment.notebooks}
    findings = [finding for name in assignment.notebooks for finding in found_in(course, assignment, name, tried[name])]
    findings += missed_mistakes(assignment, tried)
    lines = [line for name in assignment.notebooks for line in summary(name, tried[name])]
    return Proof(tuple(findings), tuple(lines))


def tried_before(
    course: Course,
    assignment: Assignment,
    notebook: str,
    seeds: int,
    warm: Callable[[], WarmProcess],
    on_cell: Callable[[str], None],
) -> list[dict]:
    """What trying a notebook's checks gave: kept, or tried now."""
    kit = [Path(__file__).parents[1] / name for name in KIT]
    files = [path.relative_to(course.root).as_posix() for path in course.library_files()]
    digest = hashlib.sha256(fingerprint(course, assignment, notebook, files).encode())
    digest.update(b"".join(path.read_bytes() for path in kit))
    kept = course.work / assignment.name / "lint" / f"{notebook}-{seeds}-{digest.hexdigest()[:16]}.json"
    if not kept.is_file():
        tried = try_checks(warm(), course, assignment, notebook, seeds, on_cell)
        kept.parent.mkdir(parents=True, exist_ok=True)
        for old in kept.parent.glob(f"{notebook}-{seeds}-*.json"):
            old.unlink()
        write_atomically(kept, json.dumps(tried))
    return json.loads(kept.read_text("utf-8"))


def try_checks(
    warm: WarmProcess,
    course: Course,
    assignment: Assignment,
    notebook: str,
    seeds: int,
    on_cell: Callable[[str], None],
) -> list[dict]:
    with tempfile.TemporaryDirectory(prefix="lint-") as scratch:
        judge = Judge(course, assignment, notebook, 1, warm, Path(scratch))
        try:
            return judge.run_apart(PROVE, {"seeds": list(range(1, seeds + 1))}, on_cell)
        except (OSError, EOFError) as error:
            raise CourseError(
                f"lint: trying out {assignment.name}/{notebook} ended too early: out of memory? Run it again."
            ) from error


# --- what is to be mended ---------------------------------------------------------------------------------------------


def found_in(
    course: Course, assignment: Assignment, notebook: str, tried: Sequence[Mapping]
) -> Iterator[SourceProblem]:
    """What is wrong with single checks."""
    path = source_path(assignment.folder, notebook)
    nb = read_source(assignment, notebook)
    for one in tried:
        for text in check_findings(one, assignment.limits.cell_seconds):
            yield SourceProblem(path, one["check"], text)
    for cell in nb.cells:
        if cell.cell_type == "code" and is_check(cell):
            extra = assignment.extra_credit.get((notebook, cell.id))
            for text in text_findings(cell.source, extra if extra is not None else points_of(cell)):
                yield SourceProblem(path, cell.id, text)
    extra_here = {cell: points for (book, cell), points in assignment.extra_credit.items() if book == notebook}
    for cell_id, text in heading_findings(nb.cells, extra_here):
        yield SourceProblem(path, cell_id, text)


def check_findings(one: Mapping[str, Any], cell_seconds: float) -> Iterator[str]:
    """What trying one check showed."""
    if not one["needs"] and not one["seeds"]:
        if not one.get("loaded"):
            yield "it could not be tried: its question takes too long. Put a check in front of the long cell"
        return
    for seed, given in one["seeds"].items():
        if given["failed"]:
            yield f"on seed {seed} the solution itself fails: {given['failed']}"
            return
        for name, (credit, lines) in given["honest"].items():
            if credit < 1:
                what = "the solution" if name == "the solution" else f"the solution with {name}"
                mend = "" if lines == [ENDED] else "widen the threshold. "
                yield f"on seed {seed} {what} earns {credit:.0%}: {mend}{first_failed(lines)}"
                return
        if given["single"]:
            yield (
                f"on inputs of float32 (seed {seed}) the solution gives something else: {given['single']}. Take inputs "
                "for which rounding matters less, or mend the solution"
            )
            return
    for seed in one["late"]:
        yield f"on seed {seed} it could not be tried in {SEED_SECONDS:g} s of a processor: take smaller inputs"
        return
    stubs = stubs_noticed([one])
    if stubs and not any(stubs.values()):
        names, are = " and ".join(sorted(stubs)), "is" if len(stubs) == 1 else "are"
        yield f"it earns points though {names} {are} left as released: state an expectation of what it gives"
    if not one["needs"]:
        yield "it runs none of the code that students write: state an expectation of that"
    stated = next(iter(one["seeds"].values()))["expectations"] if one["seeds"] else []
    for expectation in stated:
        if "at_most" not in expectation:
            continue
        name = expectation["name"]
        if expectation["zero"] and (one["zeros"] or not expectation["failed_by"]):
            yield f"{name} is 0 for every input: take inputs for which it is not"
        if expectation["spread"] > NEAR * expectation["at_most"]:
            yield (
                f"{name}: right solutions are off by {expectation['spread']:.1e}, near the threshold "
                f"{expectation['at_most']:.1e}: widen it"
            )
    compared = [expectation for expectation in stated if "at_most" in expectation]
    if any(one["differing"] for one in compared) and not any(one["failed_by"] for one in compared):
        yield "no mistake in the solution fails any of its comparisons: is a threshold too wide?"
    if one["seconds"] > SLOW * cell_seconds:
        yield f"it takes {one['seconds']:.0f} s of the {cell_seconds:g} s that a cell may take"


def stubs_noticed(tried: Iterable[Mapping[str, Any]]) -> dict[str, bool]:
    """Each region that checks run, and whether one of them loses points, on every seed, while it is empty."""
    noticed: dict[str, bool] = {}
    for one in tried:
        runs = [given["stubs"] for given in one["seeds"].values()]
        for name in {name for stubs in runs for name in stubs}:
            loses = all(stubs[name][0] == 0 for stubs in runs if name in stubs)
            noticed[name] = noticed.get(name, False) or loses
    return noticed


def text_findings(source: str, points: float) -> Iterator[str]:
    """What the text of a check shows: swallowed exceptions, and points that disagree."""
    tree = parse(source)
    if isinstance(tree, SyntaxError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and any(map(swallows, node.handlers)) and not is_assertion(node):
            yield f"line {node.lineno}: it swallows exceptions: what fails there is not seen"
    for call in expectations(tree):
        said = next((keyword.value for keyword in call.keywords if keyword.arg == "points"), None)
        if name_of(call) == "accuracy" and isinstance(said, ast.Constant) and said.value != points:
            yield f"line {call.lineno}: points={said.value!r}, but the cell is worth {points:g}"


def heading_findings(cells: Sequence[NotebookNode], extra: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """Headings that say another number of points than the questions below them have: (cell id, text)."""
    worth = [extra.get(cell.id, points_of(cell)) if is_question(cell) else 0.0 for cell in cells]
    headings = [heading(cell) for cell in cells]
    for number, (cell, (level, text)) in enumerate(zip(cells, headings, strict=True)):
        said = stated_points(text) if not is_question(cell) else None
        following = range(number + 1, len(cells))
        end = next((n for n in following if headings[n][0] <= level), len(cells))
        total = sum(worth[number + 1 : end])
        if said is not None and said.points not in (0, total):
            yield cell.id, f"its heading says {said.points:g} points, but the questions below it are worth {total:g}"


def heading(cell: NotebookNode) -> tuple[int, str]:
    """The level and the text of a cell's first heading: 1 for "# …"; TEXT and "" where it has none."""
    lines = prose_lines(cell.source) if cell.cell_type == "markdown" else []
    found = next((match for line in lines if (match := HEADING.match(line))), None)
    return (len(found[1]), found[2]) if found else (TEXT, "")


def swallows(handler: ast.ExceptHandler) -> bool:
    """Does nothing that follows say that there was an exception?"""
    return not any(isinstance(node, ast.Raise) or (
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "expect"
    ) for node in ast.walk(handler))  # fmt: skip


def missed_mistakes(assignment: Assignment, tried: Mapping[str, Sequence[Mapping]]) -> Iterator[SourceProblem]:
    """Mistakes that no check of the assignment notices, region by region, without those that an author excused."""
    caught: dict[str, bool] = {}
    steadily: set[str] = set()
    for one in (one for name in tried for one in tried[name]):
        for key, was_caught in one["mutants"].items():
            caught[key] = caught.get(key, False) or was_caught
        steadily |= {key for key, was_caught in one["mutants"].items() if was_caught} - set(one["wavering"])
    path = assignment.folder / EQUIVALENT
    stubs = stubs_noticed(one for found in tried.values() for one in found)
    for name in sorted(name for name, noticed in stubs.items() if not noticed):
        text = f"no check loses points where {name} is left as released: state an expectation of what it gives"
        yield SourceProblem(assignment.folder / FILE, "", text)
    excused = excused_changes(path)
    slow = {tuple(key.split("\t")[:2]) for found in tried.values() for one in found for key in one.get("slow", ())}
    known = {one for one in excused for where, change in slow if one[0] == where and excuses(one[1], change)}
    missed: dict[str, list[tuple[str, str]]] = {}
    wavering: dict[str, list[tuple[str, str]]] = {}
    for key, was_caught in caught.items():
        where, change, said = key.split("\t")
        if key in steadily or said == CHANGED_IN_PLACE:  # only where a check says so is that a mistake
            continue
        fitting = {one for one in excused if one[0] == where and excuses(one[1], change)}
        known |= fitting
        if not fitting:
            (wavering if was_caught else missed).setdefault(where, []).append((change, said))
    for where, changes in missed.items():
        yield SourceProblem(
            path, "", f"no check notices these changes in {where}. State an expectation that does, or list those that "
            f"are no mistakes:{listed(where, changes)}",
        )  # fmt: skip
    for where, changes in wavering.items():
        yield SourceProblem(
            path, "", f"it depends on the random inputs whether a check notices these changes in {where}. State an "
            f"expectation that always does, on inputs of your own:{listed(where, changes)}",
        )  # fmt: skip
    for where, change in sorted(excused - known):
        if caught:
            yield SourceProblem(path, "", f"{where}: there is no such change any more, or a check notices it: {change}")


def listed(where: str, changes: Sequence[tuple[str, str]]) -> str:
    """Changes of a region, a line each in the form of the file of those that are no mistakes, and what each is."""
    lines = [f"{where}: {change}\n        ({said})" for change, said in changes[:MOST_LISTED]]
    lines += [f"and {len(changes) - MOST_LISTED} more"] if len(changes) > MOST_LISTED else []
    return "".join(f"\n    {line}" for line in lines)


def excuses(excuse: str, change: str) -> bool:
    """Is a change ("old -> new", of whole lines) the excused one, in one place of the lines or in all?"""
    before, _, after = excuse.partition(ARROW)
    old, _, new = change.partition(ARROW)
    pieces = old.split(before) if before else [old]
    made = [after.join(pieces)]
    made += [before.join(pieces[:n]) + after + before.join(pieces[n:]) for n in range(1, len(pieces))]
    return len(pieces) > 1 and bare(new) in map(bare, made)


def bare(code: str) -> str:
    """Code without blanks, brackets that only group, and kinds of quotes: a change may have written these otherwise."""
    return re.sub(r"[\s()]", "", code).replace("'", '"')


def excused_changes(path: Path) -> set[tuple[str, str]]:
    """(region, "old -> new") of the changes that an author says are no mistakes: a line each, "region: old -> new".

    Old and new are whole lines, or a part of them.
    """
    if not path.is_file():
        return set()
    lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    pairs = [line.partition(": ") for line in lines if line and not line.startswith("#")]
    return {(where, change) for where, _, change in pairs}


# --- lines ------------------------------------------------------------------------------------------------------------


def summary(notebook: str, tried: Sequence[Mapping]) -> Iterator[str]:
    """One line a check: seeds, mistakes caught, honest spread and nearest mistake, time."""
    for one in tried:
        if one.get("loaded"):
            yield f"{notebook}:{one['check']}: not tried, since {' and '.join(one['loaded'])} is loaded by then"
            continue
        stated = next(iter(one["seeds"].values()))["expectations"] if one["seeds"] else []
        compared = [expectation for expectation in stated if "at_most" in expectation]
        spread = max((one["spread"] for one in compared), default=0.0)
        near = [one["nearest"] / one["at_most"] for one in compared if one["nearest"] is not None and one["at_most"]]
        caught = sum(one["mutants"].values())
        nearest = f", the nearest at {min(near):.0e} times the threshold" if near else ""
        seeds = counted(len(one["seeds"]), "seed")
        yield (
            f"{notebook}:{one['check']}: {seeds}, notices {caught} of {len(one['mutants'])} "
            f"mistakes tried on it{nearest}; right solutions differ by {spread:.0e}; {one['seconds']:.1f} s"
        )


def first_failed(lines: Sequence[str]) -> str:
    """The first line about an expectation that is not met, with what is said beneath."""
    for number, line in enumerate(lines):
        if line.rstrip().endswith("failed"):
            return " ".join(" ".join(lines[number : number + 2]).split())
    return lines[-1] if lines else ""
