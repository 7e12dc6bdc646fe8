"""A notebook as otter or ok hands it out to students, with its tests beside it, as a source: cells in, cells out.

The tests are in the notebook's metadata, or in `tests/q1.py`: a doctest for each case (OK format), or functions that
raise. They are read, never run. `grader.check("q1")` and `ok.grade("q1")` say where each belongs; the code cell before
is what students write.
"""

import ast
import doctest
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.adopt.markers import Bannered, as_region
from autograder.adopt.otter import (
    ANSWER,
    MARK,
    OLD_QUESTION,
    Converted,
    OtterQuestion,
    asserted,
    checks_of,
    in_points,
    read_question,
    without_otter,
)
from autograder.expect.sites import tree_of
from autograder.questions import all_stated_points
from autograder.regions import ANSWER_HERE, find_regions

FOLDER = "tests"
CHECK = re.compile(
    r"^\s*(?:_\s*=\s*)?(?:grader\.check|ok\.grade|check)\(\s*[\"']([^\"']+)[\"'].*\)\s*;?\s*$", re.MULTILINE
)
BEGIN_EXPORT = re.compile(r"<!--\s*BEGIN QUESTION\s*-->")
EXPORT = re.compile(r"<!--\s*(?:(?:BEGIN|END) QUESTION|EXPORT TO PDF[^>]*)\s*-->")
ANSWER_TEXT = re.compile(
    r"[_*]*\s*(?:Type your answer here|Write your answer here|Your answer here)\b.*", re.IGNORECASE
)


def is_handed_out(nb: NotebookNode) -> bool:
    """Has it calls that check questions, and nothing that only a master has?"""
    master = any(cell.cell_type == "raw" and MARK.match(cell.source.strip()) for cell in nb.cells)
    return not master and any(cell.cell_type == "code" and CHECK.search(cell.source) for cell in nb.cells)


def is_tests_folder(folder: Path) -> bool:
    """Is the folder one of otter's or ok's tests, and no package?"""
    files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    return folder.name == FOLDER and bool(files) and all(_read_test(path) is not None for path in files)


def read_tests(nb: NotebookNode, folder: Path) -> dict[str, OtterQuestion]:
    """The questions that have tests, by name: those of the notebook's metadata, and those in `folder`/tests."""
    found: dict[str, OtterQuestion] = {}
    for path in sorted((folder / FOLDER).glob("*.py")):
        if question := _read_test(path):
            found[path.stem] = found[question.name] = question
    in_metadata = (nb.metadata.get("otter") or {}).get("tests") or {}
    for name, test in in_metadata.items():
        read = _from_source(test) if isinstance(test, str) else _from_ok(test)
        if read:
            found[name] = read
    return found


def from_handed_out(nb: NotebookNode, tests: Mapping[str, OtterQuestion]) -> Converted:
    """Convert a notebook; what students write becomes regions, with whatever the cells hold."""
    remarks: list[str] = []
    out: list[NotebookNode] = []
    pending: list[NotebookNode] = []  # code cells since the last text or check
    by_hand: OtterQuestion | None = None
    answer_follows = False  # in an old notebook, the cell after a question is the answer
    unsolved = 0
    for cell in nb.cells:
        cell.metadata.pop("nbgrader", None)
        if cell.cell_type == "code":
            names = CHECK.findall(cell.source)
            source = without_otter(CHECK.sub("", cell.source)).strip("\n")
            if source.strip() and not _is_setup(cell.source, source):
                pending.append(new_code_cell(source))
                out.append(pending[-1])
            if names:
                unsolved += _mark_work(pending)
                pending, by_hand = [], None
            for name in names:
                question = tests.get(name)
                if question is None:
                    remarks.append(f"the tests of {name} are not there ({FOLDER}/{name}.py)")
                else:
                    out += checks_of(question, remarks)
        elif cell.cell_type == "markdown":
            stub = ANSWER_TEXT.fullmatch(cell.source.strip())
            if by_hand and (stub or (answer_follows and not pending)):
                out.append(_answer(by_hand, "" if stub else cell.source.strip()))
                by_hand = None
                continue
            if by_hand and pending:
                unsolved += _mark_by_hand(pending, by_hand)
                by_hand = None
            pending = []
            answer_follows = OLD_QUESTION.search(cell.source) is not None
            text, by_hand = _text(cell.source, by_hand, remarks)
            if text:
                out.append(new_markdown_cell(text))
    if by_hand and pending:
        unsolved += _mark_by_hand(pending, by_hand)
    if unsolved:
        remarks.append(f"{unsolved} regions hold no solution yet: write them")
    return Converted(out, list(dict.fromkeys(remarks)))


def _is_setup(before: str, after: str) -> bool:
    """Is nothing left of a cell of otter's but comments?"""
    return before != after and all(line.lstrip().startswith("#") for line in after.split("\n") if line.strip())


def _text(source: str, by_hand: OtterQuestion | None, remarks: list[str]) -> tuple[str, OtterQuestion | None]:
    """The text without otter's comments, and the question that a person marks, if it begins one."""
    if BEGIN_EXPORT.search(source):
        stated = all_stated_points(source)
        by_hand = OtterQuestion("question", stated[0].points if stated else None, manual=True)
    elif "END QUESTION" in source:
        by_hand = None
    if old := OLD_QUESTION.search(source):
        question = read_question(old["config"].replace("```", ""), remarks)
        by_hand = question if question.manual else None
        before = re.sub(r"(```|<!--)\s*\Z", "", source[: old.start()])
        source = f"{before.rstrip()}\n\n{source[old.end() :].lstrip()}"
    return EXPORT.sub("", source).strip(), by_hand


def _mark_work(cells: Sequence[NotebookNode]) -> int:
    """Make regions of what students write before a check; how many hold no solution."""
    asked = [cell for cell in cells if _asks(cell.source)] or list(cells[-1:])
    unsolved = 0
    for cell in asked:
        if find_regions(cell.source):
            continue
        region = as_region(cell.source)
        if _asks(cell.source) and not cell.source.startswith("%%"):
            start, *lines = region.text.split("\n")
            region = Bannered(
                "\n".join([start, *(f"#> {line}".rstrip() for line in cell.source.split("\n")), *lines]), 1, 1
            )
        unsolved += region.unsolved
        cell.source = region.text
    return unsolved


def _asks(source: str) -> bool:
    """Has the code a `...` for students to replace? One in brackets, `x[..., 0]`, is numpy's."""
    tree = tree_of(source)
    indices = {part for node in ast.walk(tree) if isinstance(node, ast.Subscript) for part in ast.walk(node.slice)}
    return any(isinstance(node, ast.Constant) and node.value is ... and node not in indices for node in ast.walk(tree))


def _mark_by_hand(cells: Sequence[NotebookNode], question: OtterQuestion) -> int:
    """Make an answer of the code that a person marks."""
    unsolved = _mark_work(cells)
    text = cells[-1].source.replace("YOUR CODE HERE", "YOUR ANSWER HERE")
    cells[-1].source = f"# {question.name} {in_points(float(question.points or 1))}\n{text}"
    return unsolved


def _answer(question: OtterQuestion, written: str) -> NotebookNode:
    points = in_points(float(question.points or 1))
    return new_markdown_cell(f"**{question.name} {points}.**\n\n{ANSWER[0]}\n{written or ANSWER_HERE}\n{ANSWER[1]}")


# --- tests ------------------------------------------------------------------------------------------------------------


def _read_test(path: Path) -> OtterQuestion | None:
    """The question that a test file has the tests of; None where it is another module."""
    return _from_source(path.read_text(encoding="utf-8", errors="replace"))


def _from_source(source: str) -> OtterQuestion | None:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    given: dict[str, Any] = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(name)], value=value):
                try:
                    given[name] = ast.literal_eval(value)
                except ValueError:
                    return None
    if isinstance(given.get("test"), dict):
        return _from_ok(given["test"])
    cases = [node for node in tree.body if isinstance(node, ast.FunctionDef) and _case_of(node) is not None]
    if not cases:
        return None
    question = OtterQuestion(
        str(given.get("name", "question")), given.get("points"), whole=bool(given.get("all_or_nothing"))
    )
    imports = [ast.unparse(node) for node in tree.body if _is_import(node)]
    for node in cases:
        settings = _case_of(node) or {}
        node.decorator_list = []
        arguments = ", ".join("globals()" if one.arg == "env" else one.arg for one in node.args.args)
        text = "\n".join([*imports, ast.unparse(node), "", f"{node.name}({arguments})"])
        _add(question, text, bool(settings.get("hidden")), settings.get("points"))
    return question


def _is_import(node: ast.stmt) -> bool:
    otters = isinstance(node, ast.ImportFrom) and str(node.module).startswith("otter")
    return isinstance(node, ast.Import | ast.ImportFrom) and not otters


def _case_of(node: ast.FunctionDef) -> dict[str, Any] | None:
    """The settings of `@test_case(points=1, hidden=False)`; None where a function is no test case."""
    for decorator in node.decorator_list:
        match decorator:
            case ast.Call(func=ast.Name("test_case") | ast.Attribute(attr="test_case"), keywords=keywords):
                return {k.arg: k.value.value for k in keywords if k.arg and isinstance(k.value, ast.Constant)}
    return None


def _from_ok(test: Mapping[str, Any]) -> OtterQuestion | None:
    """A test in OK format; None where there is none that runs code."""
    question = OtterQuestion(
        str(test.get("name", "question")), test.get("points"), whole=bool(test.get("all_or_nothing"))
    )
    for suite in test.get("suites") or []:
        if suite.get("type", "doctest") != "doctest":
            continue
        for case in suite.get("cases") or []:
            text = "\n".join(_statements(f"{suite.get('setup') or ''}\n{case.get('code') or ''}"))
            if text and not case.get("locked"):
                _add(question, text, bool(case.get("hidden")), case.get("points"))
    return question if question.tests else None


def _statements(session: str) -> Iterator[str]:
    """The code of an interactive session, with an assertion of what each expression shows."""
    try:
        examples = doctest.DocTestParser().get_examples(session)
    except ValueError:
        return
    for example in examples:
        source = example.source.rstrip("\n")
        try:
            body = ast.parse(source).body
        except SyntaxError:
            yield source
            continue
        check = asserted(body[-1].value, example.want) if body and isinstance(body[-1], ast.Expr) else ""
        yield check or source


def _add(question: OtterQuestion, text: str, hidden: bool, points: Any) -> None:
    question.tests.append(new_code_cell(text))
    question.hidden.append(hidden)
    question.worth.append(points)
