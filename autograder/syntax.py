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
