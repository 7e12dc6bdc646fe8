"""Python's syntax trees, made by one thread at a time."""

import ast
import threading
from functools import lru_cache

_one_at_a_time = threading.Lock()


def parse_python(text: str) -> ast.Module:
    """The syntax tree of a text; raises SyntaxError or ValueError as `ast.parse` does.

    Python 3.11 counts the depth of the trees that it makes for all threads together, so that two made at once can end
    in a SystemError.
    """
    with _one_at_a_time:
        return ast.parse(text)


@lru_cache(4096)
def plain_text(source: str) -> str:
    """What IPython makes of a cell's text: its magic lines turned into calls. Takes longer than to parse it."""
    from IPython.core.inputtransformer2 import TransformerManager  # a student's `import expect` does without

    return TransformerManager().transform_cell(source)


def tree_of(source: str) -> ast.Module:
    """The syntax tree that IPython runs for a cell; empty where it is not Python."""
    try:
        return parse_python(plain_text(source))
    except (SyntaxError, ValueError):
        return ast.Module([], [])
