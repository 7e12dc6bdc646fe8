"""Python as a list of statements, each in a form that names, comments and layout do not change.

Pure: text in, data out.
"""

import ast
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.syntax import parse_python

LARGEST = 20_000  # characters of a region that are read
OWN, TEXT = "_", "'…'"
SHORT = {ast.Add: "+", ast.Sub: "-"}


@dataclass(frozen=True)
class Statement:
    """A statement, or the head of one that holds others ("for _ in range(_):").

    Attributes:
        first, last: its lines in the region, from 0.
    """

    form: str
    first: int
    last: int


def statements(region: str) -> list[Statement]:
    """The statements of a region in order; its lines where it is not Python, and of a longer one the first part."""
    region = region[:LARGEST]
    try:
        tree = parse_python(textwrap.dedent(region))
        own = own_names(tree)
        return [one for node in tree.body for one in statements_in(node, own)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        lines = [" ".join(line.partition("#")[0].split()) for line in region.split("\n")]
        return [Statement(line, at, at) for at, line in enumerate(lines) if line]


def own_names(tree: ast.AST) -> frozenset[str]:
    """The names that the code itself gives: to variables, parameters, functions and classes."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
    return frozenset(names)


def statements_in(node: ast.stmt, own: frozenset[str]) -> Iterator[Statement]:
    """The statement, and those inside it; a text that stands alone says nothing, nor does `pass`."""
    if isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return
    blocks = [block for _, block in inner_blocks(node)]
    last = min((block[0].lineno - 1 for block in blocks), default=(node.end_lineno or node.lineno))
    yield Statement(form_of(node, own), node.lineno - 1, max(last - 1, node.lineno - 1))
    for block in blocks:
        for inner in block:
            yield from statements_in(inner, own)


def inner_blocks(node: ast.AST) -> Iterator[tuple[str, list[ast.stmt]]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield name, block
    for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield from inner_blocks(part)


def form_of(node: ast.stmt, own: frozenset[str]) -> str:
    """One line without the names that the code itself gives, without texts, and without what is inside a block."""
    alone = FormMaker(own).visit(parse_python(ast.unparse(headed(node))).body[0])
    return ast.unparse(ast.fix_missing_locations(alone)).split("\n")[0]


def headed(node: ast.stmt) -> ast.stmt:
    """The statement with nothing in its blocks."""
    blocks = dict(inner_blocks(node))
    if not blocks:
        return node
    fields = {name: getattr(node, name, None) for name in node._fields}
    fields |= {
        name: [ast.Pass()] if name == "body" else [] for name in ("body", "orelse", "finalbody") if name in fields
    }
    if isinstance(node, ast.Try):
        fields["handlers"] = [ast.ExceptHandler(None, None, [ast.Pass()])]
    if isinstance(node, ast.Match):
        return ast.Expr(node.subject, lineno=node.lineno, col_offset=0)
    return type(node)(**fields, lineno=node.lineno, col_offset=0)


class FormMaker(ast.NodeTransformer):
    """Takes own names, texts and annotations out, and writes `a += b` as `a = a + b`."""

    def __init__(self, own: frozenset[str]) -> None:
        self.own = own

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(OWN if node.id in self.own else node.id, node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(OWN)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.Name(TEXT, ast.Load()) if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        return ast.Name(TEXT, ast.Load())

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name, node.returns, node.decorator_list = OWN, None, []
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return self.generic_visit(node)
        return self.visit(ast.Assign([node.target], node.value))

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        read = parse_python(ast.unparse(node.target)).body[0]
        assert isinstance(read, ast.Expr)
        return self.visit(ast.Assign([node.target], ast.BinOp(read.value, node.op, node.value)))
