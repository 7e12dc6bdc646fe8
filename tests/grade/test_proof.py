"""Checks that miss mistakes, or punish right work, and what `lint --run` says of them."""

import shutil
from pathlib import Path

import pytest
from nbformat.v4 import new_markdown_cell

from autograder.course import Course
from autograder.expect.mutants import mutants
from autograder.grade.processes.prove import changed_lines, untried
from autograder.grade.proof import (
    EQUIVALENT,
    Proof,
    check_findings,
    excuses,
    heading_findings,
    missed_mistakes,
    prove,
    stubs_noticed,
    summary,
    text_findings,
)
from autograder.grade.run.warm_client import WarmProcess
from autograder.notebooks import write_notebook
from autograder.regions import find_regions
from autograder.release.given import given_files

CONFIG = Path(__file__).parents[2] / "nbgrader_config.py"
BEGIN, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"
WORK = f"""def share(x):
    {BEGIN}
    out = x / np.sum(x)
    {END}
    return out


def doubled(x):
    {BEGIN}
    out = 2 * x
    {END}
    return out
"""
SETUP = "import numpy as np\nfrom autograder import expect\n"
STRICT = """x = expect.rng().uniform(1, 2, size=60)
expect.close(share(x), x / x.sum(), at_most=0)"""
WIDE = 'expect.same(doubled(expect.rng().normal(size=3)), at_most=1e9, measure="absolute error")'
SWALLOWS = """try:
    y = doubled(expect.rng().normal(size=3))
except Exception:
    y = 1
expect.holds(1, lambda v: v == 1, "one")"""
CHECKS = {
    "good": "x = expect.rng().uniform(1, 2, size=6)\nexpect.same(share(x))",
    "too-strict": STRICT,
    "too-wide": WIDE,
    "nothing": "expect.same(expect.rng().normal(size=3))",
    "cancels": "x = 1e7 + expect.rng().normal(size=20)\nexpect.same(1e9 * share(x) - 5e7, at_most=1e-6)",
    "zeros": "expect.rng()\nexpect.same(doubled(np.zeros(3)))",
    "zeros-by-name": "expect.rng()\nx = np.zeros(3)\nexpect.same(doubled(x))",
    "swallows": SWALLOWS,
}


@pytest.fixture(scope="module")
def course(tmp_path_factory, course_factory) -> Course:
    root = tmp_path_factory.mktemp("proof")
    source = root / "source" / "hw"
    source.mkdir(parents=True)
    shutil.copy(CONFIG, root)
    (root / "course.toml").write_text("library = []")
    (source / "assignment.toml").write_text('title = "HW"\nnotebooks = ["hw"]\n')
    kinds = course_factory
    cells = [kinds.given("setup", SETUP), kinds.work("work", WORK)]
    cells += [kinds.check(name, 1, text) for name, text in CHECKS.items()]
    write_notebook(kinds.notebook(*cells), source / "hw.ipynb")
    return Course(root)


@pytest.fixture(scope="module")
def proof(course) -> Proof:
    with WarmProcess() as warm:
        return prove(course, course.assignment("hw"), 2, lambda: warm)


def said_of(proof: Proof, cell: str) -> str:
    return "\n".join(finding.text for finding in proof.findings if finding.cell == cell)


def test_a_good_check_is_not_mentioned(proof):
    """Is nothing said of a check that notices mistakes and takes right work?"""
    assert said_of(proof, "good") == ""


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("too-strict", "widen"),
        ("too-wide", "no mistake in the solution fails any of its comparisons"),
        ("nothing", "it runs none of the code that students write"),
        ("cancels", "on inputs of float32 (seed 1) the solution gives something else"),
        ("zeros", "is 0 for every input"),
        ("zeros-by-name", "is 0 for every input"),
        ("swallows", "it earns points though doubled is left as released"),
        ("swallows", "line 1: it swallows exceptions"),
    ],
)
def test_a_weak_check_is_named(proof, cell, says):
    """Is it said what is weak about a check?"""
    assert says in said_of(proof, cell).replace("`", "")


def test_changes_that_nothing_notices_are_listed_until_an_author_excuses_them(course, proof):
    """Are unnoticed mistakes shown as lines of code, and gone once they are listed, where no student sees it?"""
    missed = next(finding for finding in proof.findings if finding.file.name == EQUIVALENT)
    assert "no check notices these changes in doubled" in missed.text
    changes = [line.strip() for line in missed.text.splitlines()[1:] if "->" in line]
    assert "doubled: out = 2 * x -> out = 3 * x" in changes

    path = course.source / "hw" / EQUIVALENT
    path.write_text("# They do not matter.\n" + "\n".join(changes))
    try:
        assert EQUIVALENT not in given_files(course, course.assignment("hw"))
        left = prove(course, course.assignment("hw"), 2, no_process)
    finally:
        path.unlink()
    assert not [finding for finding in left.findings if "-> " in finding.text and "more" not in finding.text]


def test_a_change_that_is_noticed_on_some_inputs_only_is_shown(course):
    """Is it said of a mistake that is noticed by chance only, and not of one that some check always notices?"""
    chance, sure = "f\ta > 0 -> a > 1\tit is > 1", "f\ta -> b\tit is b"
    one = {"mutants": {chance: True, sure: True}, "wavering": [chance, sure], "seeds": {}}
    other = {"mutants": {chance: False, sure: True}, "wavering": [], "seeds": {}}
    found = [finding.text for finding in missed_mistakes(course.assignment("hw"), {"hw": [one, other]})]
    assert len(found) == 1
    assert found[0].startswith("it depends on the random inputs whether a check notices these changes in f.")
    assert found[0].endswith("\n    f: a > 0 -> a > 1\n        (it is > 1)")


@pytest.mark.parametrize(
    ("excuse", "excused"),
    [
        ("len(x) -> x.size", True),
        ("y = np.sum(x**2) / len(x) / len(x) -> y = np.sum(x ** 2) / x.size / x.size", True),
        ("len(y) -> y.size", False),
        ("len(x) -> x.shape[1]", False),
        ("-> ", False),
    ],
)
def test_a_part_of_a_line_may_be_excused(excuse, excused):
    """Is a change known by the part that differs, made in one place or in all, and is no other change?"""
    change = "y = np.sum(x**2) / len(x) / len(x) -> y = np.sum(x ** 2) / x.size / x.size"
    assert excuses(excuse, change) is excused
    assert excuses("len(x) -> (x.size)", "y = a / len(x) / len(x) -> y = (a / x.size) / len(x)")


def test_a_region_is_to_be_noticed_by_one_check_not_by_all():
    """Is a stub that one of two checks notices no finding, and one that earns points on some seed one?"""
    one = {
        "seeds": {"1": {"stubs": {"f": [0.0, []], "g": [1.0, []]}}, "2": {"stubs": {"f": [0.0, []], "g": [0.0, []]}}}
    }
    other = {"seeds": {"1": {"stubs": {"f": [1.0, []]}}}}
    assert stubs_noticed([one, other]) == {"f": True, "g": False}


def no_process() -> WarmProcess:
    raise AssertionError("what was found before is kept")


@pytest.mark.parametrize(
    ("heading", "says"),
    [
        ("# Homework (8 points)", []),
        ("# Homework (9 points)", ["its heading says 9 points, but the questions below it are worth 8"]),
        ("## Part (up to 5 points, 3 of them extra credit)", []),
        ("## Part (8 points)", ["its heading says 8 points, but the questions below it are worth 5"]),
        ("# Homework\nNo more than (9 points) here.", []),
    ],
)
def test_points_in_a_heading_are_those_of_the_questions_below_it(course_factory, heading, says):
    """Does a heading's sum count the questions up to the next heading of its level, with extra credit?"""
    kinds = course_factory
    cells = [new_markdown_cell(heading, id="top"), kinds.check("one", 2, "f(1)"), kinds.check("two", 0, "f(2)")]
    cells += [new_markdown_cell("## Next", id="next"), kinds.check("three", 3, "f(3)")]
    assert [text for _, text in heading_findings(cells, {"two": 3})] == says


def test_a_change_is_shown_without_the_mistakes_beside_the_solution():
    """Are the lines of an author's mistake those that differ, and not all that stands beside the solution?"""
    beside = '#! mistake "doubled":\n#!     x + 1 => 2 * (x + 1)\n#! another way:\n#!     y = 1 + x'
    text = f"{BEGIN}\n{beside}\ny = x + 1\n{END}"
    first = mutants(text, find_regions(text)[0])[0]
    assert changed_lines(text, first) == "y = x + 1 -> y = 2 * (x + 1)"


def test_a_check_that_could_not_be_tried_is_named():
    """Is it to be mended, except where a library that is loaded by then cannot be copied?"""
    one = untried("check")
    assert next(check_findings(one, 60)).startswith("it could not be tried")
    one["loaded"] = ["tensorflow"]
    assert not list(check_findings(one, 60))
    assert list(summary("hw", [one])) == ["hw:check: not tried, since tensorflow is loaded by then"]


@pytest.mark.parametrize(("end", "told"), [("else:\n    raise AssertionError", []), ("", ["line 1: it swallows exc"])])
def test_a_block_that_expects_an_exception_swallows_none(end, told):
    """Is nothing said of what nbgrader's checks do to see that an exception is raised?"""
    source = f"try:\n    f(-1)\nexcept ValueError:\n    pass\n{end}"
    assert [text[: len("line 1: it swallows exc")] for text in text_findings(source, 1)] == told


def test_a_change_that_is_slow_by_chance_may_be_excused(course):
    """Is a listed change no finding where a check notices it only because it took too long on a busy machine?"""
    one = {"mutants": {"f\ta -> b\tit is b": True}, "wavering": [], "slow": ["f\ta -> b\tit is b"], "seeds": {}}
    path = course.source / "hw" / EQUIVALENT
    path.write_text("f: a -> b")
    try:
        assert not list(missed_mistakes(course.assignment("hw"), {"hw": [one]}))
        assert list(missed_mistakes(course.assignment("hw"), {"hw": [one | {"slow": []}]}))
    finally:
        path.unlink()
