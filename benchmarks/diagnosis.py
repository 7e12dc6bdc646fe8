"""How many usual mistakes are caught, how many of these are named, and what is said of each.

    python benchmarks/diagnosis.py [ASSIGNMENT …] [--only REGIONS] [--course FOLDER] [--catalogue FILE] [--json FILE]
                                   [--all] [--hand-in] [--right] [--quick]

The catalogue (benchmarks/mistakes.toml) holds mistakes as people make them: a region, the code written there, and a
regular expression for what a right diagnosis says. Each is run in every question that calls its region, on the inputs
of a grading run, and held against the answer key. A mistake counts as caught where a check fails, as named where the
first failing check's cause is right, and as misled where it names another cause.

With --hand-in, those without a right name are handed in, each by a student whose other work is right, and graded: where
lines are pointed to then, what counts is whether they differ from the right work.

With --right, odd but right solutions (benchmarks/right.toml) are run instead, on random inputs of several seeds: each
has to earn everything.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from difflib import SequenceMatcher
from functools import partial
from itertools import islice
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from autograder.course import Course, find_course
from autograder.data.present import require_data
from autograder.demo.course import make_course
from autograder.demo.students import DemoStudent, hand_in
from autograder.errors import CourseError
from autograder.expect.kinds import Holds
from autograder.expect.mutants import Mutant
from autograder.expect.session import KeySession
from autograder.expect.verdict import judge
from autograder.grade.processes.answer_key import make_key
from autograder.grade.processes.judging import cause_of
from autograder.grade.processes.mistakes import LibraryRegion, Mistakes, Trial, function_around, trial_of, words_of
from autograder.grade.processes.prove import one_seed
from autograder.grade.processes.shell import make_shell
from autograder.grade.run.jobs import Cell
from autograder.grade.run.protocol import Frame
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.verdict.judge import Judge
from autograder.gradebook.store import Store
from autograder.machine import cores
from autograder.notebooks import read_notebook
from autograder.regions import find_regions

ROOT = Path(__file__).resolve().parents[1]
MISTAKES = ROOT / "benchmarks" / "mistakes.toml"
RIGHT = ROOT / "benchmarks" / "right.toml"
RIGHT_SECONDS = 200.0  # of a processor, for one seed of a check
QUICK = 20
POINTS = re.compile(r"\blines? (\d+)(?: to (\d+))?")
SILENT = re.compile(r"\A\s*\Z")


def write_into(text: str, start: int, code: str) -> str:
    """The text with the region that begins in line `start` (from 0) holding this code."""
    lines = text.split("\n")
    region = next(one for one in find_regions(text) if one.start == start)
    filled = [line for line in code.split("\n") if line.strip()]
    own = min(len(line) - len(line.lstrip()) for line in filled)
    body = [region.indent + line[own:] for line in filled]
    return "\n".join([*lines[: region.start + 1], *body, *lines[region.end :]])


def trial_for(entry: dict, notebook: str, regions: list[LibraryRegion], cells: list[Cell]) -> Trial | None:
    """The entry as a trial in this notebook; None where its region is not there."""
    place, code = entry["region"], entry["code"]
    if ":" in place and place.partition(":")[0] == notebook:
        _, cell_id, *name = place.split(":")
        cell = next((one for one in cells if one.id == cell_id), None)
        found = cell and [r for r in find_regions(cell.source) if r.name == (name[0] if name else "")]
        if not found:
            return None
        text = write_into(cell.source, found[0].start, code)
        return Trial(Mutant(text, "", found[0].start), function_around(cell.source, found[0].start), cell=cell_id)
    function, _, name = place.partition(":")
    for region in regions:
        here = next(r for r in find_regions(region.text) if r.start == region.start)
        if f"{region.module}.{region.function}" == function and here.name == name:
            text = write_into(region.text, region.start, code)
            return Trial(Mutant(text, "", region.start), region.function, region=region)
    return None


def examine(
    course: Course, name: str, notebook: str, entries: list[dict], seed: int, right: Sequence[int]
) -> Iterator[dict]:
    """What becomes of each entry in this notebook; `right`: they are right ones, to be tried on these seeds."""
    assignment = course.assignment(name)
    with WarmProcess() as warm, tempfile.TemporaryDirectory() as scratch:
        maker = Judge(course, assignment, notebook, seed, warm, Path(scratch))
        left_out = assignment.searches_in(notebook) | assignment.skips_in(notebook)
        cells = [replace(cell, skip="as handed in" if cell.id in left_out else "") for cell in maker.lay_out()]
        regions = [LibraryRegion(**region) for region in maker.library_regions()]
        request = {
            "cells": [asdict(cell) for cell in cells],
            "regions": [vars(region) for region in regions],
            "written": maker.written,
            "seed": seed,
            "folder": str(maker.folder),
            "environment": {"NN_DATA": str(course.data), "OPENBLAS_NUM_THREADS": "1"},
        }
        session, mistakes = make_key(make_shell(), request, lambda cell: None, skip_failing=True, prove=try_right)
        trials = [(entry, trial_for(entry, notebook, regions, mistakes.cells)) for entry in entries]
        yield from right_results(right, session, mistakes, trials) if right else results(session, mistakes, trials)


def try_right(mistakes: Mistakes, question: list[Cell], check: str, request: dict) -> dict:
    """The trials that do not earn everything in a check: on which seed, and what is said."""
    trials: dict[str, Trial | None] = {"the solution": None}
    trials |= {name: trial_of(item) for name, item in request["trials"].items()}
    found: dict[str, list[str]] = {}
    works = (partial(one_seed, mistakes, question, check, trials, {}, 0.0, seed, {}) for seed in request["seeds"])
    each = mistakes.in_forks(works, RIGHT_SECONDS, cores())
    for seed, given in zip(request["seeds"], each, strict=True):
        for about in trials:
            credit, lines = given["honest"].get(about, (0.0, [given["failed"]])) if given else (0.0, ["took too long"])
            if credit < 1:
                found.setdefault(about, [f"on seed {seed}: {credit:.0%}", *lines])
    return found


def right_results(
    seeds: Sequence[int], session: KeySession, mistakes: Mistakes, entries: list[tuple[dict, Trial | None]]
) -> list[dict]:
    """What becomes of each right entry whose region a check of the notebook runs."""
    found: dict[str, dict] = {}
    for check in (check for check in mistakes.starts.values() if any(cell == check for cell, _ in session.key)):
        needs = mistakes.needs(check)
        trials = {
            f"{entry['region']}: {entry['about']}": trial
            for entry, trial in entries
            if trial and words_of(trial) in needs
        }
        if not trials:
            continue
        request = {"seeds": seeds, "trials": {about: asdict(trial) for about, trial in trials.items()}}
        bad = mistakes.answer(check, Frame.PROVE, request, len(seeds) * RIGHT_SECONDS)
        for about in trials:
            one = found.setdefault(about, {"about": about, "checks": 0, "lines": []})
            one["checks"] += 1
            one["lines"] += (
                [check, *bad[about]] if bad is not None and about in bad else [] if bad is not None else [check]
            )
    mistakes.end()
    return list(found.values())


def results(session: KeySession, mistakes: Mistakes, entries: list[tuple[dict, Trial | None]]) -> Iterator[dict]:
    """What becomes of each entry whose region is in the notebook, and is run by a check."""
    checks = [check for check in mistakes.starts.values() if any(cell == check for cell, _ in session.key)]
    for entry, trial in entries:
        if trial is None or not any(words_of(trial) in mistakes.needs(check) for check in checks):
            continue
        result = {"region": entry["region"], "about": entry.get("about", ""), "caught": False, "said": "", "at": ""}
        for check in checks:
            if words_of(trial) not in mistakes.needs(check):
                continue
            outcome = next(iter(mistakes.ask(check, [trial], 30)), None)
            if outcome is None:
                continue
            numbers = mistakes.positions(session.key, check)
            key = {(check, number): session.key[check, position] for position, number in numbers.items()}
            evidence = {(check, position): value for position, value in outcome.values.items()}
            errors = {check: outcome.error} if outcome.error else {}
            verdict = judge(key, evidence, errors)[check]
            places = {number: position for position, number in numbers.items()}
            values = {places[number]: value for number, value in outcome.values.items() if number in places}
            failing = [places[number] for number in verdict.failing]
            hidden = check in session.hidden
            cause = None if hidden else cause_of(session, mistakes, check, values, failing, {}, outcome.error)
            if cause is not None:
                verdict = judge(key, evidence, errors, causes={check: cause})[check]
            if verdict.credit < 1:
                causes = [line.strip() for line in verdict.lines if line.startswith("    ")]
                stated = [session.key[check, position] for position in verdict.failing]
                causes += [one.message for one in stated if isinstance(one, Holds)]  # it says itself what is wrong
                result |= {"caught": True, "at": check, "said": " ".join(dict.fromkeys(causes)), "lines": verdict.lines}
                result |= {"error": outcome.error}
                break
        result["right"] = bool(re.search(entry["says"], result["said"] + " " + result.get("error", ""), re.IGNORECASE))
        yield result
    mistakes.end()


class Mistaken(DemoStudent):
    """A student whose regions are right, but for what `write` puts into one, at whatever indentation it is written."""

    def choose(self, region: str, solution: str) -> str | None:
        if region not in self.write:
            return solution
        first = next(line for line in solution.split("\n") if line.strip())
        return textwrap.indent(textwrap.dedent(self.write[region]), first[: len(first) - len(first.lstrip())])


def handed_in(course: Course, name: str, unnamed: list[dict], entries: list[dict], folder: Path) -> None:
    """Grade mistakes as a class; each result gets what its first failing check says that points to a line.

    `kind` becomes "line named" where a line is said that differs from right work, "misled" where another is.
    """
    code = {(entry["region"], entry["about"]): entry["code"] for entry in entries}
    made = make_course(course, name, folder / name)
    assignment = made.assignment(name)
    right = Mistaken(id="right", name="Right", about="right")
    students = [
        Mistaken(id=f"m{n}", name="M", about="wrong", write={one["region"]: code[one["region"], one["about"]]})
        for n, one in enumerate(unnamed)
    ]
    for student in (right, *students):
        hand_in(made, assignment, student, None, made.submitted / student.id / name)
    for command in ("release", "grade"):
        subprocess.run([sys.executable, "-m", "autograder", command, name], cwd=made.root, stdout=subprocess.DEVNULL)
    store = Store(made, name)
    for one, student in zip(unnamed, students, strict=True):
        result = store.result(student.id)
        told = [line.strip() for cell in (result.cells if result else ()) for line in cell.lines if POINTS.search(line)]
        if told:
            there = differing(store.submitted("right"), store.submitted(student.id), told[0])
            one |= {"said": told[0], "kind": "line named" if there else "misled"}


def differing(right: Path, wrong: Path, said: str) -> bool:
    """Is one of the lines that a sentence points to one by which wrong work differs from right work?"""
    numbers = [
        number
        for first, last in POINTS.findall(said.partition("; ")[2] or said)
        for number in range(int(first), int(last or first) + 1)
    ]
    return any(number in lines for lines in changed_lines(right, wrong) for number in numbers)


def changed_lines(right: Path, wrong: Path) -> Iterator[set[int]]:
    """Of each text that differs between two submissions, the wrong one's lines that do, or lie beside a gap."""
    for one, other in zip(texts_of(right), texts_of(wrong), strict=True):
        if one != other:
            matcher = SequenceMatcher(None, one.split("\n"), other.split("\n"), autojunk=False)
            yield {
                number + 1
                for kind, _, _, first, last in matcher.get_opcodes()
                for number in (range(first, last) or (first - 1, first))
                if kind != "equal"
            }


def texts_of(folder: Path) -> list[str]:
    """The Python files of a submission, and the cells of its notebooks."""
    notebooks = [read_notebook(path) for path in sorted(folder.glob("*.ipynb"))]
    files = [path.read_text("utf-8") for path in sorted(folder.rglob("*.py"))]
    return [*files, *(cell.source for notebook in notebooks for cell in notebook.cells)]


def in_its_own_process(
    course: Course, name: str, notebook: str, entries: list[dict], seed: int, right: Sequence[int] = ()
) -> Iterator[dict]:
    """`examine` in a fork, a result a line: making a key changes the process it is made in."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            os.close(reading)
            with open(writing, "w", buffering=1) as file:
                for result in examine(course, name, notebook, entries, seed, right):
                    file.write(json.dumps(result) + "\n")
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.close(writing)
    with open(reading) as file:
        yield from map(json.loads, file)
    os.wait()


def has_data(course: Course, name: str) -> bool:
    """Are the data sets of an assignment here? Says so where they are not."""
    try:
        require_data(course.assignment(name).data, course.data, name)
    except CourseError as error:
        print(f"left out: {error}")
        return False
    return True


def run_right(course: Course, catalogue: Path, assignments: list[str], seed: int, seeds: Sequence[int]) -> int:
    """Run the right solutions, and show those that lose points; returns how many these are."""
    solutions = tomllib.loads(catalogue.read_text("utf-8"))["solution"]
    seen: set[str] = set()
    punished: set[str] = set()
    for name in assignments or course.assignment_names():
        if not has_data(course, name):
            continue
        entries = [entry for entry in solutions if entry.get("assignment", name) == name]
        for notebook in course.assignment(name).notebooks:
            for one in in_its_own_process(course, name, notebook, entries, seed, seeds):
                seen.add(one["about"])
                if one["lines"]:
                    punished.add(one["about"])
                    print(f"{name}/{notebook} {one['about']}", *one["lines"], sep="\n    ", flush=True)
            print(f"{name}/{notebook}: {len(seen)} tried so far", file=sys.stderr, flush=True)
    print(f"\n{len(seen)} right solutions, on {len(seeds)} seeds each: {len(punished)} lose points")
    return len(punished)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("assignments", nargs="*", help="default: all")
    parser.add_argument("--catalogue", type=Path, help="default: mistakes.toml, or right.toml, beside this file")
    parser.add_argument("--course", type=Path, default=ROOT)
    parser.add_argument("--only", default="", help="regular expression: the regions to run")
    parser.add_argument("--json", type=Path, help="write what became of each mistake there")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all", action="store_true", help="show the rightly named ones too")
    parser.add_argument("--hand-in", action="store_true", help="grade those without a right name, as a class")
    parser.add_argument("--right", action="store_true", help="run odd but right solutions instead")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="with --right: of the random inputs")
    parser.add_argument(
        "--quick", action="store_true", help=f"at most {QUICK} mistakes, of one assignment and one notebook"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    course = find_course(options.course)
    if options.right:
        sys.exit(run_right(course, options.catalogue or RIGHT, options.assignments, options.seed, options.seeds))
    catalogue = tomllib.loads((options.catalogue or MISTAKES).read_text("utf-8"))["mistake"]
    total: Counter = Counter()
    all_results = []
    there = (name for name in options.assignments or course.assignment_names() if has_data(course, name))
    for name in islice(there, 1) if options.quick else there:
        entries = [entry for entry in catalogue if entry.get("assignment", name) == name]
        entries = [entry for entry in entries if re.search(options.only, entry["region"])]
        entries = entries[:QUICK] if options.quick else entries
        best: dict[tuple[str, str], dict] = {}
        try:
            assignment = course.assignment(name)
            for notebook in assignment.notebooks:
                if options.quick and best:
                    break
                for result in in_its_own_process(course, name, notebook, entries, options.seed):
                    place = result["region"], result["about"]
                    if not best.get(place, result)["caught"] or place not in best:  # the first notebook that notices it
                        best[place] = result | {"notebook": notebook}
        except KeyboardInterrupt:
            print(f"{name}: stopped; what was found until then:")
        for result in best.values():
            result["kind"] = (
                "not caught" if not result["caught"]
                else "named" if result["right"]
                else "silent" if SILENT.match(result["said"]) else "misled"
            )  # fmt: skip
        unnamed = [result for result in best.values() if result["kind"] in ("silent", "misled")]
        if options.hand_in and unnamed:
            with tempfile.TemporaryDirectory() as folder:
                handed_in(course, name, unnamed, entries, Path(folder))
        for result in best.values():
            kind = result["kind"]
            total[kind] += 1
            all_results.append(result | {"assignment": name})
            if options.all or kind != "named":
                print(f"{kind:10} {name}/{result['notebook']} {result['region']}: {result['about']}")
                print(f"           {result['at']}: {result['said'] or result.get('error', '')}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(all_results, indent=1))
    count = sum(total.values())
    if not count:
        sys.exit("No mistake was run.")
    print(
        f"\n{sum(total.values())} mistakes: " + ", ".join(f"{kind} {n} ({n / count:.0%})" for kind, n in total.items())
    )


if __name__ == "__main__":
    main()
