"""Which regions of .py files a question grades: those whose functions its check calls.

Read from the text of the notebook alone. A check calls a function itself, or by a helper of the notebook that it calls.
"""

import ast
import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nbformat import NotebookNode

from autograder.questions import Question, cell_name, is_question
from autograder.report.model import SourceRegion
from autograder.syntax import parse_python

MAX_SOURCE = 100_000  # characters of a cell that are read


@dataclass(frozen=True)
class Uses:
    """The names and attributes that a piece of code reads, the modules it imports from, and what its names are made of.

    Attributes:
        imported: name -> what it is, in full ("nn.layers.affine_forward").
        made_of: a name that the code defines -> what its definition uses.
    """

    names: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    imported: Mapping[str, str] = field(default_factory=dict)
    made_of: Mapping[str, "Uses"] = field(default_factory=dict)


def graded_regions(
    cells: Sequence[NotebookNode], questions: Mapping[str, Question], regions: Sequence[SourceRegion]
) -> dict[str, list[SourceRegion]]:
    """Cell -> the regions that its question grades, in their order; cells of questions that grade none are left out.

    Args:
        cells: of one notebook.
        questions: its questions, by cell.
        regions: of all .py files.
    """
    named = [region for region in regions if region.name]
    if not named:
        return {}
    imported: dict[str, str] = {}
    made_of: dict[str, Uses] = {}
    found = {}
    for cell in cells:
        if cell.cell_type != "code":
            continue
        uses = uses_of(cell.source)
        imported.update(uses.imported)
        made_of.update(uses.made_of)
        question = questions.get(cell_name(cell)) if is_question(cell) else None
        if question is None:
            continue
        names, attributes = reached(uses, made_of)
        called = [region for region in named if is_called(region, names, attributes, imported)]
        if called := closest(called, question.title):
            found[question.cell] = called
    return found


def reached(uses: Uses, made_of: Mapping[str, Uses]) -> tuple[set[str], set[str]]:
    """The names and attributes that code reads, itself or by what it reads of the notebook."""
    names, attributes = set(uses.names), set(uses.attributes)
    pending = list(names)
    while pending:
        inner = made_of.get(pending.pop())
        if inner is not None:
            attributes |= inner.attributes
            pending += inner.names - names
            names |= inner.names
    return names, attributes


def is_called(region: SourceRegion, names: set[str], attributes: set[str], imported: Mapping[str, str]) -> bool:
    """Whether code that reads these names and attributes calls the function that the region is in."""
    function = region.name.partition(":")[0]
    whole = {imported[name] for name in names if name in imported}
    if function in whole:
        return True
    owner, _, own = function.rpartition(".")
    if owner in whole:  # a class, or the function's module
        return own == "__init__" or own in attributes
    module, _, class_name = owner.rpartition(".")
    return module in whole and class_name in attributes and (own == "__init__" or own in attributes)


def closest(called: Sequence[SourceRegion], title: str) -> list[SourceRegion]:
    """Of the regions that a check calls, those that its title names, or else those that are not only there to begin."""
    words = set(re.findall(r"\w+", title.lower()))
    for part in (2, 0):  # the region's own name, then its function's
        names = (region.name.partition(":")[part].rpartition(".")[2].lower() for region in called)
        if named := [region for region, name in zip(called, names, strict=True) if name in words]:
            return named
    methods = [region for region in called if not region.name.partition(":")[0].endswith(".__init__")]
    return methods or list(called)


@functools.lru_cache(4096)
def uses_of(source: str) -> Uses:
    """What a cell's code uses; nothing where it is not Python."""
    lines = ("" if line.lstrip().startswith(("%", "!", "?")) else line for line in source[:MAX_SOURCE].split("\n"))
    try:
        tree = parse_python("\n".join(lines))
        return uses_in(tree.body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Uses()


def uses_in(body: Sequence[ast.stmt]) -> Uses:
    names: set[str] = set()
    attributes: set[str] = set()
    imported: dict[str, str] = {}
    made_of: dict[str, Uses] = {}
    for statement in body:
        nodes = list(ast.walk(statement))
        own = Uses(
            frozenset(node.id for node in nodes if isinstance(node, ast.Name)),
            frozenset(node.attr for node in nodes if isinstance(node, ast.Attribute)),
        )
        names |= own.names
        attributes |= own.attributes
        for node in nodes:
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Import):
                imported |= {alias.asname: alias.name for alias in node.names if alias.asname}
        made_of |= dict.fromkeys(defined(statement, nodes), own)
    return Uses(frozenset(names), frozenset(attributes), imported, made_of)


def defined(statement: ast.stmt, nodes: Sequence[ast.AST]) -> list[str]:
    """The names that a statement defines. `nodes`: all of it."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    return [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
