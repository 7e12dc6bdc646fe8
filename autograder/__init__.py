"""Release, collect, grade and report Jupyter homework."""

import os
from functools import partial

__version__ = "0.1.0"

MAGICS = ("check", "submit")
"""What students call in a notebook: `%check`, `%check scores`, `%submit`."""

CHECKING = "AUTOGRADER_CHECK"
"""Set in the environment of notebooks while they are being checked."""


def load_ipython_extension(shell) -> None:
    """Give a notebook these magics: `%load_ext autograder`, which `from autograder import expect` does too."""
    for name in MAGICS:
        shell.register_magic_function(partial(call_magic, shell, name), "line", name)


def call_magic(shell, name: str, line: str = "") -> None:
    """Do what a magic does, but nothing while its own notebook is being checked or graded."""
    from autograder.expect.session import LocalSession, current

    if CHECKING not in os.environ and isinstance(current(), LocalSession):
        from autograder.student import magics

        magics.call(shell, name, line)
