"""A master notebook of otter assign as a source: cells in, cells out.

Questions stand between cells `# BEGIN QUESTION` and `# END QUESTION` (or begin with a text cell that says BEGIN
QUESTION), solutions and tests likewise. A question's solution becomes a region, every test cell a check with its part
of the points, and the output that the master shows for a test becomes what it asserts.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from autograder.regions import ANSWER_HERE, END, END_ANSWER, START, START_ANSWER

MARK = re.compile(r"#\s*(BEGIN|END)\s+(QUESTION|SOLUTION|TESTS?|PROMPT)\b", re.IGNORECASE)
CONFIG = re.compile(r"#?\s*ASSIGNMENT CONFIG", re.IGNORECASE)
OLD_QUESTION = re.compile(r"BEGIN QUESTION\s*\n(?P<config>.*?)(?:```|-->|\Z)", re.DOTALL)
OLD_TEST = re.compile(r"\A\s*#+\s*(?P<hidden>hidden\s+)?tests?\s*#*\s*$", re.IGNORECASE | re.MULTILINE)
OLD_SOLUTION = re.compile(r"\A\s*#+\s*SOLUTION\s*#*\s*$", re.IGNORECASE | re.MULTILINE)
TEST_CONFIG = re.compile(r'"""\s*#\s*BEGIN TEST CONFIG\s*\n(.*?)"""\s*#\s*END TEST CONFIG[^\n]*\n?', re.DOTALL)
PROMPT = re.compile(r'[ \t]*"""\s*#\s*BEGIN PROMPT\s*\n(.*?)[ \t]*""";?\s*#\s*END PROMPT[^\n]*\n?', re.DOTALL)
NO_PROMPT = re.compile(r"#\s*(BEGIN )?SOLUTION NO PROMPT\b")
LINE_SOLUTION = re.compile(r"^(?P<indent>\s*)(?P<code>.*\S)\s*#\s*SOLUTION\b(?! NO PROMPT).*$")
ONLY_SOLUTION = re.compile(r"\s*#+\s*SOLUTION\b(?! NO PROMPT).*")
BEGIN_BLOCK = re.compile(r"^(?P<indent>\s*)#\s*BEGIN SOLUTION\b.*$")
END_BLOCK = re.compile(r"^\s*#\s*END SOLUTION\b.*$")
FENCED = re.compile(r"^```otter[ \t]*\n(.*?)^```[ \t]*$\n?", re.DOTALL | re.MULTILINE)
SETTING = re.compile(r"\s*(#.*|-.*|\w[\w ]*:.*)?")
IGNORED_CELL = re.compile(r"##\s*ignore\s*##|#\s*ignore\b", re.IGNORECASE)
IGNORED_LINE = re.compile(r".*#\s?IGNORE\s*")
IGNORED_PART = re.compile(
    r"^[ \t]*#\s*BEGIN\s*IGNORE\b.*?#\s*END IGNORE[ \t]*$\n?", re.DOTALL | re.MULTILINE | re.IGNORECASE
)
ANSWER = START_ANSWER, END_ANSWER


@dataclass
class OtterQuestion:
    """A question while its cells are read."""

    name: str
    points: Any = None
    manual: bool = False
    whole: bool = False
    tests: list[NotebookNode] = field(default_factory=list)
    hidden: list[bool] = field(default_factory=list)
    worth: list[float | None] = field(default_factory=list)


@dataclass(frozen=True)
class Converted:
    """What became of a master: its cells, and what was taken over with less, or left out."""

    cells: list[NotebookNode]
    remarks: list[str]


def is_master(nb: NotebookNode) -> bool:
    """Is it a master notebook of otter assign?"""
    return any(
        CONFIG.match(cell.source.strip()) or re.search(r"#?\s*BEGIN QUESTION", cell.source)
        for cell in nb.cells
        if cell.cell_type in ("raw", "markdown")
    )


def from_master(nb: NotebookNode) -> Converted:
    """Convert a master notebook."""
    out: list[NotebookNode] = []
    remarks: list[str] = []
    question: OtterQuestion | None = None
    prompt: list[str] = []
    part = ""
    for cell in _otters_cells(nb):
        text = cell.source.strip()
        mark = MARK.match(text) if cell.cell_type == "raw" else None
        if cell.cell_type == "raw" and CONFIG.match(text):
            remarks.append("the assignment's config is left out: see assignment.toml")
        elif mark:
            edge, what = mark[1].upper(), mark[2].upper().rstrip("S")
            if what == "QUESTION" and edge == "BEGIN":
                question = read_question(text.partition("\n")[2], remarks)
            elif what == "QUESTION":
                out += checks_of(question, remarks)
                question = None
            else:
                part = what if edge == "BEGIN" else ""
        elif cell.cell_type == "markdown" and (old := OLD_QUESTION.search(cell.source)):
            out += checks_of(question, remarks)
            question = read_question(old["config"].replace("```", ""), remarks)
            before = re.sub(r"(```|<!--)\s*\Z", "", cell.source[: old.start()]).strip()
            if kept := "\n\n".join(filter(None, [before, cell.source[old.end() :].strip()])):
                out.append(new_markdown_cell(kept))
        elif part == "PROMPT" and cell.cell_type == "code":
            prompt += cell.source.split("\n")
        elif cell.cell_type == "code" and (part == "TEST" or OLD_TEST.match(text)):
            _add_test(question, cell, remarks)
        elif part == "SOLUTION" or (question and (OLD_SOLUTION.match(text) or "SOLUTION" in text)):
            out.append(_solution(cell, question, prompt))
            prompt = []
        elif cell.cell_type != "raw":
            source = without_otter(_without_ignored(cell.source)) if cell.cell_type == "code" else cell.source
            if source.strip():
                make = new_code_cell if cell.cell_type == "code" else new_markdown_cell
                out.append(make(_in_regions(source) if cell.cell_type == "code" else source))
    out += checks_of(question, remarks)
    return Converted(out, remarks)


def _otters_cells(nb: NotebookNode) -> Iterator[NotebookNode]:
    """The cells as otter reads them: without what it ignores, and with raw cells for what texts fence.

    A text that is nothing but a marker and its settings is one too: Colab has no raw cells.
    """
    for cell in nb.cells:
        if IGNORED_CELL.match(cell.source.strip()) or "BEGIN ASSIGNMENT" in cell.source:
            continue
        if cell.cell_type == "markdown" and FENCED.search(cell.source):
            for number, part in enumerate(FENCED.split(cell.source)):
                if part.strip():
                    yield new_raw_cell(part) if number % 2 else new_markdown_cell(part.strip("\n"))
            continue
        first, *others = cell.source.strip().split("\n")
        marks = cell.cell_type == "markdown" and (MARK.match(first) or CONFIG.match(first))
        yield new_raw_cell(cell.source) if marks and all(map(SETTING.fullmatch, others)) else cell


def _without_ignored(source: str) -> str:
    """The code without the lines that otter gives to nobody."""
    lines = IGNORED_PART.sub("", source).split("\n")
    return "\n".join(line for line in lines if not IGNORED_LINE.fullmatch(line))


def read_question(config: str, remarks: list[str]) -> OtterQuestion:
    text = "\n".join(line.lstrip("#") if line.startswith("#") else line for line in config.splitlines())
    try:
        given = yaml.safe_load(text) or {}
    except yaml.YAMLError:
        given = {}
    if not isinstance(given, dict):
        given = {}
    name = str(given.get("name") or "question")
    if "name" not in given:
        remarks.append("a question without a name")
    return OtterQuestion(name, given.get("points"), bool(given.get("manual")), bool(given.get("all_or_nothing")))


def _add_test(question: OtterQuestion | None, cell: NotebookNode, remarks: list[str]) -> None:
    if question is None:
        remarks.append("a test outside of every question is left out")
        return
    text = cell.source
    config: dict[str, Any] = {}
    if found := TEST_CONFIG.search(text):
        config = yaml.safe_load(found[1]) or {}
        text = text[: found.start()] + text[found.end() :]
    old = OLD_TEST.match(text)
    hidden = bool(config.get("hidden")) or bool(old and old["hidden"])
    if old:
        text = text[old.end() :]
    if found := re.match(r"\s*#+\s*HIDDEN\b[^\n]*\n", text, re.IGNORECASE):
        hidden, text = True, text[found.end() :]
    text = _asserting(text.strip("\n"), cell.get("outputs", []))
    if message := config.get("failure_message"):
        text = _with_message(text, str(message))
    if message := config.get("success_message"):
        text += f"\nprint({str(message)!r})"
    question.tests.append(new_code_cell(text))
    question.hidden.append(hidden)
    question.worth.append(config.get("points"))


def _asserting(text: str, outputs: Sequence[NotebookNode]) -> str:
    """The test with an assertion of what its last expression gave in the master."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test")]
    last = tree.body[-1] if tree.body else None
    if functions and not isinstance(last, ast.Expr):
        return "\n".join([text, "", *(f"{name}(*[globals()][: {_arity(tree, name)}])" for name in functions)])
    if not isinstance(last, ast.Expr) or _is_assertion(last.value):
        return text
    shown = "".join("".join(o.get("data", {}).get("text/plain", "")) for o in outputs if o.output_type != "stream")
    printed = "".join("".join(o.get("text", "")) for o in outputs if o.output_type == "stream")
    before = "\n".join(text.split("\n")[: last.lineno - 1])
    check = asserted(last.value, shown or printed)
    return "\n".join(filter(None, [before, check])) if check else text


def asserted(expression: ast.expr, shown: str) -> str:
    """The assertion that an expression shows this text; "" where it shows nothing that could be compared."""
    text, shown = ast.unparse(expression), shown.rstrip("\n")
    if not shown:
        return ""
    match expression:
        case ast.Call(func=ast.Name("print"), args=[*values], keywords=[]) if values:
            parts = [f"str({ast.unparse(value)})" for value in values]
            said = parts[0] if len(parts) == 1 else f"' '.join([{', '.join(parts)}])"
            return f"assert {said} == {shown!r}"
    if shown == "True":
        return f"assert {text}"
    try:
        ast.literal_eval(shown)
    except (ValueError, SyntaxError):
        return f"assert repr({text}) == {shown!r}"
    if isinstance(expression, ast.Compare | ast.BoolOp | ast.IfExp | ast.Lambda):
        text = f"({text})"
    return f"assert {text} == {shown}"


def _with_message(text: str, message: str) -> str:
    """The test, its assertions without a message given this one."""
    lines = text.split("\n")
    try:
        asserts = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Assert)]
    except SyntaxError:
        return text
    for node in asserts:
        if node.msg is None and node.end_lineno is not None:
            line = lines[node.end_lineno - 1].encode()
            end = node.end_col_offset or len(line)
            lines[node.end_lineno - 1] = f"{line[:end].decode()}, {message!r}{line[end:].decode()}"
    return "\n".join(lines)


def _arity(tree: ast.Module, name: str) -> int:
    node = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    return len(node.args.args)


def _is_assertion(node: ast.expr) -> bool:
    name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
    return str(name).startswith("assert")


def checks_of(question: OtterQuestion | None, remarks: list[str]) -> list[NotebookNode]:
    """The check cells of a question: its points, parted among its tests as otter does it."""
    if question is None or not question.tests:
        if question is not None and not question.manual:
            remarks.append(f"question {question.name} has no tests")
        return []
    points = question.points
    each = points.get("each") if isinstance(points, dict) else None
    if isinstance(points, dict) and "total" in points:
        points = points["total"]
    if isinstance(points, list):
        worth = [float(one) for one in points]
    elif each is not None:
        worth = [float(each)] * len(question.tests)
    else:
        total = float(points) if isinstance(points, int | float) else sum(filter(None, question.worth)) or 1.0
        left = total - sum(filter(None, question.worth))
        free = sum(one is None for one in question.worth) or 1
        worth = [float(one or 0) for one in question.worth]
        open_ones = [number for number, one in enumerate(question.worth) if one is None]
        for number, part in zip(open_ones, in_parts(left, free), strict=False):
            worth[number] = part
    if question.whole:
        tests = [_held_back(test.source, hidden) for test, hidden in zip(question.tests, question.hidden, strict=True)]
        return [new_code_cell("\n".join([f"# Check {question.name} {in_points(sum(worth))}", *tests]))]
    cells = []
    if any(hidden and not one for hidden, one in zip(question.hidden, worth, strict=False)):
        remarks.append(f"hidden tests of {question.name} that are worth nothing are left out")
    for number, (test, hidden, one) in enumerate(zip(question.tests, question.hidden, worth, strict=False), start=1):
        if hidden and not one:
            continue
        which = f" {number}" if len(question.tests) > 1 else ""
        text = _held_back(test.source, hidden)
        cells.append(new_code_cell(f"# Check {question.name}{which} {in_points(one)}\n{text}"))
    return cells


def in_parts(points: float, number: int) -> list[float]:
    """Points in equal parts of at most two decimals, which come to the whole together."""
    bounds = [round(points * part / number, 2) for part in range(number + 1)]
    return [round(after - before, 2) for before, after in pairwise(bounds)]


def in_points(points: float) -> str:
    number = f"{round(points, 3):g}"
    return f"({number} {'point' if number == '1' else 'points'})" if points else "(practice)"


def _held_back(test: str, hidden: bool) -> str:
    return f"### BEGIN HIDDEN TESTS\n{test}\n### END HIDDEN TESTS" if hidden else test


def _solution(cell: NotebookNode, question: OtterQuestion | None, prompt: Sequence[str] = ()) -> NotebookNode:
    """A solution as a region: code, with a prompt that students get, or an answer that a person marks."""
    source = OLD_SOLUTION.sub("", _without_ignored(cell.source)).strip("\n")
    by_hand = question is not None and question.manual
    points = question.points if question and isinstance(question.points, int | float) else 1
    stated = in_points(points)
    name = question.name if question else "question"
    if cell.cell_type != "code":
        text = re.sub(r"\A\**SOLUTION:?\**\s*", "", source, flags=re.IGNORECASE)
        return new_markdown_cell(f"**{name} {stated}.**\n\n{ANSWER[0]}\n{text or ANSWER_HERE}\n{ANSWER[1]}")
    text = _in_regions(source)
    if START not in text and "START YOUR CODE HERE" not in text:
        given = [f"{_indent(line)}#> {line.strip()}" for line in prompt if line.strip()]
        text = "\n".join([START, *given, text, END])
    if by_hand:
        text = f"# {name} {stated}\n{text.replace('YOUR CODE HERE', 'YOUR ANSWER HERE')}"
    return new_code_cell(text)


def _in_regions(source: str) -> str:
    """The code with banners around what otter takes out, and lines `#>` for what it puts there."""
    prompts = [found[1].rstrip("\n") for found in PROMPT.finditer(source)]
    source = PROMPT.sub("", source)
    out: list[str] = []
    opened: str | None = None
    blocks = 0
    for line in source.split("\n"):
        if ONLY_SOLUTION.fullmatch(line):
            continue
        if found := BEGIN_BLOCK.match(line):
            opened = found["indent"]
            blocks += 1
            out.append(f"{opened}{START}")
            given = prompts.pop(0).split("\n") if prompts else []
            out += [f"{_indent(one)}#> {one.strip()}" for one in given if one.strip()]
        elif END_BLOCK.match(line) and opened is not None:
            out.append(f"{opened}{END}")
            opened = None
        elif opened is None and (found := LINE_SOLUTION.match(line)):
            indent, code = found["indent"], found["code"]
            kept = re.match(r"""[\w.\[\], '"]+?\s*=(?!=)\s*""", code)
            stub = f"{kept[0].rstrip()} ..." if kept else "return ..." if code.startswith("return") else "..."
            out += [f"{indent}{START}", f"{indent}#> {stub}", f"{indent}{code}", f"{indent}{END}"]
            blocks += 1
        elif opened is None and NO_PROMPT.search(line):
            indent, code = _indent(line), NO_PROMPT.sub("", line).strip()
            given = [one for one in prompts.pop(0).split("\n") if one.strip()] if prompts else []
            shown = [f"{_indent(one)}#> {one.strip()}" for one in given]
            out += [f"{indent}{START}", *shown, f"{indent}{code}", f"{indent}{END}"]
            blocks += 1
        else:
            out.append(line)
    return "\n".join(_numbered(out) if blocks > 1 else out)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _numbered(lines: list[str]) -> list[str]:
    number, out = 0, []
    for line in lines:
        if line.strip() == START:
            number += 1
            line = line.replace("HERE =", f"HERE: part-{number} =")
        out.append(line)
    return out


def without_otter(source: str) -> str:
    """The code without otter's own calls."""
    lines = source.split("\n")
    return "\n".join(
        line
        for line in lines
        if not re.match(r"\s*(import otter\b|from client\.api\b|(?:grader|ok)\s*=|(?:_\s*=\s*)?(?:grader|ok)\.)", line)
    )
