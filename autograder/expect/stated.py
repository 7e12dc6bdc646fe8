"""Where a notebook's code states expectations. Needs nothing but the code: no numpy, which the grader does without."""

import ast
from collections.abc import Iterator
from typing import TypeGuard

from autograder.expect import STATING
from autograder.syntax import parse_python

MODULE = "expect"


def parse(source: str) -> ast.Module | SyntaxError:
    """The syntax tree of a cell, its magic lines left out."""
    lines = [
        line[: len(line) - len(line.lstrip())] + "pass" if line.lstrip().startswith(("%", "!")) else line
        for line in source.splitlines()
    ]
    try:
        return parse_python("\n".join(lines))
    except SyntaxError as error:
        return error


def is_call(node: ast.AST, *names: str) -> TypeGuard[ast.Call]:
    """Is it `expect.name(...)` for one of the names?"""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == MODULE
        and node.func.attr in names
    )


def name_of(call: ast.Call) -> str:
    """Which function of `expect` a call calls."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def expectations(tree: ast.AST) -> Iterator[ast.Call]:
    """The calls that state expectations."""
    return (node for node in ast.walk(tree) if is_call(node, *STATING))
