"""The command line, one module per group of commands.

Heavy imports stay inside the functions, so that `--help` is quick.
"""

from typing import Annotated

import typer

AssignmentName = Annotated[str, typer.Argument(metavar="ASSIGNMENT", help="The assignment's name, as in source/.")]
"""The argument of all commands that are about one assignment."""
