"""Lets the session on a student's machine know where a check's cell begins and ends, in IPython."""

import ast
from typing import Any

from autograder.expect import session

END = "__import__('autograder.expect.cell_end', fromlist=['end_of_cell']).end_of_cell()"


class CellEnd(ast.NodeTransformer):
    """Has the last line of a cell that states expectations tell that the cell is done, and give what it gave before."""

    def visit(self, node: ast.AST) -> ast.AST:
        here = session.current()
        if not isinstance(here, session.LocalSession) or not isinstance(node, ast.Module) or not states(node):
            return node
        here.begin()
        call = ast.parse(END, mode="eval").body
        assert isinstance(call, ast.Call)
        last = node.body[-1]
        for part in ast.walk(call):
            ast.copy_location(part, last)
        if isinstance(last, ast.Expr):
            call.args = [last.value]
            last.value = call
        else:
            node.body.append(ast.copy_location(ast.Expr(call), last))
        return node


def states(tree: ast.Module) -> bool:
    """Does a cell state an expectation?"""
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "expect"
        and node.attr != "rng"
        for node in ast.walk(tree)
    )


def end_of_cell(value: Any = None) -> Any:
    """The value of the cell's last line; raises Unmet where an expectation is not met."""
    here = session.current()
    if isinstance(here, session.LocalSession) and (text := here.end()):
        raise session.Unmet(text)
    return value


def after_cell(result: Any) -> None:
    """Say what was wrong before a cell stopped with an error of its own."""
    here = session.current()
    if isinstance(here, session.LocalSession) and here.waits and (text := here.end(stopped=True)):
        print(text)


def tell_of_cells(shell: Any) -> None:
    """Have a shell tell of the ends of its cells, once."""
    if not any(isinstance(one, CellEnd) for one in shell.ast_transformers):
        shell.ast_transformers.append(CellEnd())
        shell.events.register("post_run_cell", after_cell)
