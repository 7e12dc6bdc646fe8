"""How often the line is named where wrong work departs from right work, of mistakes that no list foresaw.

    python benchmarks/departures.py [--only NAMES] [--all] [--quick]

The tasks (benchmarks/departures.toml) are functions of courses of any kind, and regions of `nn`. Each mistake is run in
its task's check, beside the solution, as grading does with a check that fails without a known mistake. Counted is where
the mistake is: in the one line that is named, in the lines, beside them (in what the line is made of), or elsewhere
(wrong); and how often nothing is said. A line that is missing is found where what is said matches `says`.
"""

import argparse
import ast
import builtins
import importlib
import os
import re
import sys
import time
import tomllib
import types
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
from diagnosis import write_into

from autograder.expect.departs import Departure, departure, in_words
from autograder.expect.rewrites import rewrites
from autograder.expect.steps import StepRun, pack_run, unpack_run
from autograder.expect.tracing import SEEN, Tracer, on_the_way
from autograder.expect.work_places import cell_file, place_of
from autograder.regions import Region, find_regions

ROOT = Path(__file__).resolve().parents[1]
MISTAKES = ROOT / "benchmarks" / "departures.toml"
MARK = "#@"
QUICK = 20
MOST_REWRITES = 8


def region_of(place: str) -> tuple[Path, str, Region]:
    """A region's file, its text, and the region; `place` is like nn.neural_net.TwoLayerNet.loss:scores."""
    dotted, _, name = place.partition(":")
    parts = dotted.split(".")
    file = ROOT / parts[0] / f"{parts[1]}.py"
    text = file.read_text("utf-8")
    node: ast.AST = ast.parse(text)
    for part in parts[2:]:
        node = next(one for one in node.body if getattr(one, "name", None) == part)  # type: ignore[attr-defined]
    first, last = node.lineno, node.end_lineno  # type: ignore[attr-defined]
    return file, text, next(r for r in find_regions(text) if first <= r.start + 1 <= last and r.name == name)


def run(file: str, module: str, text: str, check: str, right: bool) -> tuple[StepRun, float]:
    """The steps of a text in a check, and the processor's seconds; `right`: with all values on the way."""
    texts = {file: text}
    tracer = Tracer(partial(place_of, texts=texts, work=frozenset({"work"}), check="check"), texts, 10.0)
    setattr(builtins, SEEN, tracer.seen)
    made = types.ModuleType(module)
    made.__dict__.update(__package__=module.rpartition(".")[0], np=np)
    before = sys.modules.get(module)
    sys.modules[module] = made
    began = time.process_time()
    try:
        with tracer.tracing():
            tree = ast.parse(text)
            exec(compile(on_the_way(tree) if right else tree, file, "exec"), made.__dict__)
            exec(compile(check, cell_file("check"), "exec"), made.__dict__)
    except Exception as error:
        if right:
            raise
        print(f"  it stops: {error!r}"[:120])
    finally:
        sys.modules[module] = before or made
    seconds = time.process_time() - began
    return unpack_run(pack_run(tracer.run())), seconds


def outcome(found: Departure | None, lines: list[int]) -> str:
    """Where the mistake is, held against what is pointed to."""
    if found is None:
        return "nothing said"
    if any(found.first <= line <= found.last for line in lines):
        return "line" if found.first == found.last else "lines"
    return "beside" if any(line in lines for _, line in found.beside) else "wrong"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="regular expression: the tasks to run")
    parser.add_argument("--all", action="store_true", help="show all that is said")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} tasks")
    options = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    tasks = [one for one in tomllib.loads(MISTAKES.read_text("utf-8"))["task"] if re.search(options.only, one["name"])]
    totals = {True: Counter(), False: Counter()}
    seconds = []
    for task in tasks[:QUICK] if options.quick else tasks:
        file, module, text, region = cell_file("work"), "work", task.get("solution", ""), None
        if "region" in task:
            path, text, region = region_of(task["region"])
            file, module = str(path), ".".join(task["region"].split(".")[:2])
            importlib.import_module(module)
        right = [run(file, module, text, task["check"], True)[0]]
        for _, other in rewrites(text, region)[:MOST_REWRITES] if region else ():
            right.append(run(file, module, other, task["check"], True)[0])
        for mistake in task["mistake"]:
            code = write_into(text, region.start, mistake["code"]) if region else mistake["code"]
            lines = [number for number, line in enumerate(code.split("\n"), 1) if MARK in line]
            student, taken = run(file, module, code, task["check"], False)
            seconds.append(taken)
            found = departure(student, right)
            kind = outcome(found, lines)
            if found is not None and "says" in mistake and re.search(mistake["says"], in_words(found)):
                kind = "line"
            totals["region" in task][kind] += 1
            if options.all or kind in ("wrong", "nothing said"):
                print(f"{kind:13}{task['name']}: {mistake['about']} (line {', '.join(map(str, lines)) or '-'})")
                print(f"             {in_words(found) if found else ''}")
    for of_nn, total in totals.items():
        count = sum(total.values())
        if count:
            parts = ", ".join(f"{kind} {number} ({number / count:.0%})" for kind, number in total.most_common())
            print(f"\n{count} mistakes in {'regions of nn' if of_nn else 'functions of other courses'}: {parts}")
    print(
        f"\na traced run takes {1000 * np.median(seconds):.0f} ms of the processor, {1000 * max(seconds):.0f} at most"
    )


if __name__ == "__main__":
    main()
