"""What importing the kit does to the process that imports it."""

import subprocess
import sys

QUICK = """
import sys
import autograder
assert "rfc3987_syntax" not in sys.modules and not any(name.startswith("nbgrader") for name in sys.modules)
import autograder.expect, autograder.grade.processes.warm
assert "rfc3987_syntax" not in sys.modules and "pydantic" not in sys.modules
"""

COMMAND = """
import sys
from autograder.startup import leave_out
leave_out()
import nbformat
assert "jsonschema" in sys.modules and "lark" not in sys.modules
"""


def test_importing_the_kit_leaves_a_notebook_as_it_is():
    """Can a notebook that imports autograder import everything else, and is no heavy package loaded beside it?"""
    subprocess.run([sys.executable, "-c", QUICK], check=True)


def test_commands_start_without_what_they_do_not_need():
    """Does the command line leave out, in its own process, the two seconds that jsonschema would take?"""
    subprocess.run([sys.executable, "-c", COMMAND], check=True)
