"""What grading would refuse in a source, and solutions that would be released: looked for before students have it.

Each function gives (cell id, text) pairs; the cell is "" for the whole notebook.
"""

import ast
import re
from collections.abc import Collection, Iterator

from nbformat import NotebookNode

from autograder.assignment import FILE
from autograder.expect.assertions import Assertion
from autograder.expect.sites import assertions_in, states_nothing
from autograder.expect.stated import expectations
from autograder.foreign import Edge, edge_of
from autograder.notebooks import other_kernel_name
from autograder.packages import not_importable
from autograder.questions import is_check, points_of
from autograder.regions import banner_of
from autograder.release.autotests import ONLY_PYTHON, autotest_lines
from autograder.release.notebook import blank_notebook
from autograder.syntax import tree_of

Found = Iterator[tuple[str, str]]

MARKERS = (  # what begins a solution in other people's courses, and whose it is
    (re.compile(r"(BEGIN|END) SOLUTION\b"), "nbgrader's and otter's"),
    (re.compile(r"#\s*(BEGIN|END) (PROMPT|TESTS?|QUESTION)\b", re.IGNORECASE), "otter's"),
    (re.compile(r"#\s*SOLUTION\b(?!S)"), "otter's"),
    (re.compile(r"#+\s*\**\s*(START|END) CODE HERE\b", re.IGNORECASE), "Coursera's"),
    (re.compile(r"\*{3,}\s*(START|END) OF YOUR CODE\b", re.IGNORECASE), "CS231n's"),
    (re.compile(r"#\s*TODO.*\n#\s*\*{3,}"), "CS231n's"),
    (re.compile(r"^\s*#\s*(END YOUR CODE HERE\b|YOUR CODE HERE:)"), "CS145's"),
)
READS = {
    "genfromtxt", "imread", "load", "loadmat", "loadtxt", "open", "read_csv", "read_excel", "read_json",
    "read_parquet", "read_pickle", "read_table",
}  # fmt: skip


def foreign_marker(line: str) -> str:
    """Whose marker of a solution the line is, where it is one that release does not act on; else ""."""
    if banner_of(line):
        return ""
    whose = next((whose for marker, whose in MARKERS if marker.search(line)), "")
    return whose or ("another course's" if edge_of(line) in (Edge.START, Edge.END) else "")


def marked_solutions(nb: NotebookNode) -> Found:
    """Markers of solutions that are still there when the notebook's regions are empty: all would be released."""
    for cell in blank_notebook(nb).cells:
        if cell.cell_type != "code":
            continue
        for number, line in enumerate(cell.source.split("\n"), start=1):
            if whose := foreign_marker(line):
                yield (
                    cell.id,
                    f"line {number}: {line.strip()!r} is {whose} marker, which is not acted on here, so that students "
                    "would get what follows it. Use START and END banners, or bring the whole course along with  "
                    "autograder adopt",
                )
                break


def other_kernel(nb: NotebookNode) -> Found:
    """A notebook for another language than Python."""
    if name := other_kernel_name(nb):
        yield "", ONLY_PYTHON.format(name=name)


def empty_checks(nb: NotebookNode) -> Found:
    """Checks that have points and state nothing."""
    for cell in nb.cells:
        filled_in_later = any(True for _ in autotest_lines([cell]))
        if (
            is_check(cell)
            and points_of(cell)
            and cell.cell_type == "code"
            and not filled_in_later
            and states_nothing(tree_of(cell.source))
        ):
            yield cell.id, "it has points but states no expectation and asserts nothing, so that nothing can be graded"


def missing_files(nb: NotebookNode, there: Collection[str], in_folders: bool = False) -> Found:
    """Files that given cells read by name, and that are neither among those `there` nor made by the notebook.

    Args:
        in_folders: are files in folders looked at too? Not where a data set puts them there.
    """
    trees = {cell.id: tree_of(cell.source) for cell in nb.cells if cell.cell_type == "code"}
    other = {
        part.value
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and not _reads(node)
        for part in [*node.args, *(keyword.value for keyword in node.keywords)]
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value
    }
    for cell in nb.cells:
        if cell.id not in trees or (cell.metadata.get("nbgrader") or {}).get("solution"):
            continue
        for node in ast.walk(trees[cell.id]):
            if isinstance(node, ast.Call) and (name := _reads(node)):
                inside = not re.match(r"[a-zA-Z]+://|/|~|\.\.", name) and (in_folders or "/" not in name.strip("./"))
                made = any(name in text or name.startswith(f"{text.rstrip('/')}/") for text in other)
                if inside and name.removeprefix("./") not in there and not made:
                    yield (
                        cell.id,
                        f'line {node.lineno}: it reads "{name}", which is not beside the notebook. Put it there',
                    )


def uninstalled(nb: NotebookNode, own: Collection[str]) -> Found:
    """Packages that cells import, and that are not installed here. `own`: modules beside the notebook, libraries."""
    for cell in nb.cells:
        tree = tree_of(cell.source) if cell.cell_type == "code" else ast.Module([], [])
        tried = {id(node) for one in ast.walk(tree) if isinstance(one, ast.Try) for node in ast.walk(one)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Import | ast.ImportFrom) or id(node) in tried:
                continue
            relative = isinstance(node, ast.ImportFrom) and (node.level or not node.module)
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            for name in not_importable(() if relative else filter(None, names), own):
                yield (
                    cell.id,
                    f'line {node.lineno}: "{name}" is not installed here, so that grading would stop at it. Install '
                    f'it, and name it in {FILE}:  packages = ["{name}"]',
                )


def _reads(call: ast.Call) -> str:
    """The name of the file that a call reads, where it is written there; else ""."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    writes = len(call.args) > 1 and name == "open" and not (
        isinstance(call.args[1], ast.Constant) and str(call.args[1].value).startswith("r")
    )  # fmt: skip
    first = call.args[0] if call.args else None
    if name == "load" and isinstance(first, ast.Constant) and not re.search(r"\.\w{1,6}$", str(first.value)):
        return ""  # the name of something, and not of a file
    if name not in READS or writes or not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        return ""
    return first.value


def forgeable(nb: NotebookNode, libraries: Collection[str]) -> Found:
    """How many points a submission could get by making its own process say so, and where."""
    assertions = assertions_in(nb, libraries)
    checks = [cell for cell in nb.cells if is_check(cell) and cell.cell_type == "code" and points_of(cell) > 0]
    reasons = {cell.id: reason for cell in checks if (reason := _why_forgeable(cell, assertions))}
    if not reasons:
        return
    points = sum(points_of(cell) for cell in checks if cell.id in reasons)
    total = sum(map(points_of, checks))
    yield (
        "",
        f"{points:g} of its {total:g} points count as in nbgrader, where what a submission runs can forge them: "
        + "; ".join(f"{cell} ({reason})" for cell, reason in reasons.items())
        + ". Compare what students compute with a value that does not come from them, or state  expect.same",
    )


def _why_forgeable(check: NotebookNode, assertions: list[Assertion]) -> str:
    tree = tree_of(check.source)
    if any(True for _ in expectations(tree)):
        return ""
    called = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    own = [a for a in assertions if a.cell == check.id or (a.function and a.function in called)]
    if any(a.site is not None for a in own):
        return ""
    return f"line {own[0].line}: {own[0].reason}" if own else "it asserts nothing"
