"""Python's syntax trees, made by one thread at a time."""

import ast
import threading

_one_at_a_time = threading.Lock()


def parse_python(text: str) -> ast.Module:
    """The syntax tree of a text; raises SyntaxError or ValueError as `ast.parse` does.

    Python 3.11 counts the depth of the trees that it makes for all threads together, so that two made at once can end
    in a SystemError.
    """
    with _one_at_a_time:
        return ast.parse(text)


def tree_of(source: str) -> ast.Module:
    """The syntax tree that IPython runs for a cell; empty where it is not Python."""
    from IPython.core.inputtransformer2 import TransformerManager  # a student's `import expect` does without

    try:
        return parse_python(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError):
        return ast.Module([], [])
