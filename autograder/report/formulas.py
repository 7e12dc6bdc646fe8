"""The formulas of a document, read in their order: what one of a notebook defines is known from there on."""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from autograder.report.maths.mathml import mathml
from autograder.report.maths.reader import is_known, read
from autograder.report.maths.text import Definitions
from autograder.report.maths.tree import Node, RowOfTerms, Styled
from autograder.report.maths.typst import typst
from autograder.report.tex import Maths

MAX_KEPT = 2000  # characters of a formula that is kept for when it comes again
MAX_FORMULA = 30_000  # characters of what is read, and of what is written
TOO_LONG = "it is too long"
DEFINES = re.compile(
    r"\\(?:(?:re)?new|provide)command|\\[gx]?def(?![a-z])|\\let(?![a-z])|\\Declare|\\(?:re)?newenvironment"
    r"|\\definecolor|\\label(?![a-z])|\\Newextarrow"
)


@dataclass(frozen=True)
class Written:
    """One formula for Typst or as MathML.

    Attributes:
        text: "" where a formula only defines commands; None where it cannot be read.
        unknown: the commands in it that are not known; they are shown by their names.
        error: why it cannot be read.
    """

    text: str | None
    unknown: tuple[str, ...] = ()
    error: str = ""


def write_formulas(maths: Sequence[Maths], target: Literal["typst", "mathml"] = "typst") -> list[Written]:
    """Each formula as text of the target, in the same order."""
    known: dict[int, Definitions] = {}
    for formula in maths:  # a notebook that was run out of order may define a command below its first use
        definitions = known.setdefault(formula.notebook, Definitions())
        if len(formula.tex) <= MAX_FORMULA and DEFINES.search(formula.tex):
            read(formula.tex, definitions)
    for definitions in known.values():  # what TeX has itself is what it is until it is defined anew
        definitions.commands = {name: made for name, made in definitions.commands.items() if not is_known(name)}
    return [
        write_formula(formula, known[formula.notebook], target)
        if known[formula.notebook] != Definitions() or DEFINES.search(formula.tex) or len(formula.tex) > MAX_KEPT
        else written_alone(formula.tex, formula.display, target)
        for formula in maths
    ]


@functools.lru_cache(4000)
def written_alone(tex: str, display: bool, target: Literal["typst", "mathml"]) -> Written:
    """A formula that hangs on no other's definitions, and defines nothing."""
    return write_formula(Maths(tex, display), Definitions(), target)


def write_formula(formula: Maths, known: Definitions, target: Literal["typst", "mathml"]) -> Written:
    """One formula; what it defines goes into `known`."""
    if len(formula.tex) > MAX_FORMULA:
        return Written(None, (), TOO_LONG)
    found = read(formula.tex, known)
    if found.tree is None:
        return Written(None, (), found.error)
    if found.empty:
        return Written("")
    try:
        tree = displayed(found.tree) if formula.display else found.tree
        text = typst(tree) if target == "typst" else mathml(tree, formula.display)
    except RecursionError:
        return Written(None, (), "it is nested too deeply")
    if len(text) > MAX_FORMULA:
        return Written(None, (), TOO_LONG)
    return Written(text, found.unknown)


def displayed(tree: Node) -> Node:
    r"""A displayed formula without the \displaystyle around all of it, which would keep its lines from breaking."""
    if isinstance(tree, RowOfTerms) and len(tree.items) == 1 and isinstance(tree.items[0], Styled):
        only = tree.items[0]
        return only.body if only == Styled(only.body, "D") else tree
    return tree
