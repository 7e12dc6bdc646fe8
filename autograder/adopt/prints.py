"""Cells that print a relative error, for the reader to judge, become checks that assert it: text in, text out.

CS231n, C147 and CS145 write `print('dx error: ', rel_error(dx_num, dx))`, with a comment that says how large it may be.
"""

import ast
import re

from autograder.foreign import edge_of
from autograder.markers import HIDDEN_TESTS, holds_back
from autograder.regions import find_regions

ERRORS = {"rel_error", "rel_err", "relative_error"}
STATED = re.compile(r"(?:around|about|than|order of|<|≈|~)\s*(?:the\s+order\s+of\s+)?(?:1?e|10\^|10\*\*)\s*(-\d+)")
LOOSE = 1e-5
SLACK = 100
"""An error may be so many times what a comment says that it is about."""


def with_assertions(source: str) -> str:
    """The cell with an assertion after each print of a relative error, and a point; the same text without one."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    lines = source.split("\n")
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    found = [(node, call) for node in statements if (call := _printed(node))]
    if not found or any(isinstance(node, ast.Assert) for node in ast.walk(tree)) or find_regions(source):
        return source
    for node, call in sorted(found, key=lambda pair: -pair[0].lineno):
        indent = " " * node.col_offset
        lines.insert(node.end_lineno or node.lineno, f"{indent}assert {ast.unparse(call)} < {_limit(source):.0e}")
    return headed("\n".join(lines))


def headed(source: str, points: str = "1 point") -> str:
    """The cell with a first line that makes it a check; a comment in its first line becomes part of that."""
    first, _, rest = source.partition("\n")
    title = first.strip("# ").rstrip(" .:")
    if first.startswith("#") and title and not holds_back(first, [HIDDEN_TESTS]) and not edge_of(first):
        return f"# Check: {title} ({points})\n{rest}"
    return f"# Check ({points})\n{source}"


def _printed(node: ast.Expr) -> ast.Call | None:
    """The relative error that a statement prints, if it is one."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name("print"), args=arguments)):
            for part in (part for argument in arguments for part in ast.walk(argument)):
                match part:
                    case ast.Call(func=ast.Name(name) | ast.Attribute(attr=name)) if name in ERRORS:
                        return part
    return None


def _limit(source: str) -> float:
    stated = [10.0 ** int(power) for power in STATED.findall(source)]
    return min(max(stated) * SLACK, 1e-2) if stated else LOOSE
