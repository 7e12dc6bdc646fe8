"""What importing the kit does to the process that imports it."""

import subprocess
import sys

QUICK = """
import sys
import autograder
assert "rfc3987_syntax" not in sys.modules and not any(name.startswith("nbgrader") for name in sys.modules)
import autograder.grade.processes.warm
from autograder.expect import same
more = [name for name in ("IPython", "nbformat", "jsonschema", "rfc3987_syntax", "pydantic") if name in sys.modules]
assert not more, more
import autograder.grade.processes.answer_key
import autograder.grade.processes.starter
more = [name for name in ("nbformat", "jsonschema", "rfc3987_syntax", "pydantic") if name in sys.modules]
assert not more, more
"""

COMMAND = """
import sys
from autograder.startup import leave_out
leave_out()
import nbformat
assert "jsonschema" in sys.modules and "lark" not in sys.modules
"""

GRADER = """
import sys
from autograder.startup import leave_out
leave_out()
import autograder.grade.run.start
import autograder.grade.run.terminal
first = [name for name in ("numpy", "nbformat", "nbgrader", "sqlalchemy", "IPython") if name in sys.modules]
assert not first, first
import autograder.grade.run.session
more = [name for name in ("numpy", "nbconvert", "setuptools", "isoduration", "requests") if sys.modules.get(name)]
assert more == ["requests"] and not hasattr(sys.modules["requests"], "__file__"), more
"""

READER = """
import sys
import autograder.cli
from autograder.startup import leave_out
leave_out()
import pydantic.plugin._loader
pydantic.plugin._loader.entry_points = None
import autograder.course
import autograder.gradebook.roster
import autograder.report.batch
more = [name for name in ("numpy", "nbformat", "nbgrader", "sqlalchemy") if name in sys.modules]
assert not more, more
import autograder.gradebook.stats
import autograder.handback.export
more = [name for name in ("numpy", "nbgrader", "sqlalchemy") if name in sys.modules]
assert not more, more
"""

ARCHIVES = """
import sys, zipfile
from autograder.startup import leave_out
leave_out()
from nbgrader.utils import unzip
with zipfile.ZipFile(sys.argv[1] + "/a.zip", "w") as file:
    file.writestr("one.txt", "1")
unzip(sys.argv[1] + "/a.zip", sys.argv[1])
"""


def test_importing_the_kit_leaves_a_notebook_as_it_is():
    """Can a notebook that imports autograder import everything else, and is no heavy package loaded beside it?"""
    subprocess.run([sys.executable, "-c", QUICK], check=True)


def test_commands_start_without_what_they_do_not_need():
    """Does the command line leave out, in its own process, the two seconds that jsonschema would take?"""
    subprocess.run([sys.executable, "-c", COMMAND], check=True)


def test_the_grader_starts_its_warm_process_before_it_imports_what_takes_long():
    """Are the notebooks' and the gradebook's libraries imported while the warm process starts, and numpy never?

    Where there is nothing to grade, these are not imported at all.
    """
    subprocess.run([sys.executable, "-c", GRADER], check=True)


def test_what_only_reads_the_gradebook_does_without_nbgraders_libraries():
    """Do reports, feedback, statistics and exports read it in plain SQL, and reports leave notebooks to others?"""
    subprocess.run([sys.executable, "-c", READER], check=True)


def test_archives_can_still_be_unpacked(tmp_path):
    """Is what is left out imported once nbgrader uses it?"""
    subprocess.run([sys.executable, "-c", ARCHIVES, str(tmp_path)], check=True)
    assert next(tmp_path.rglob("one.txt")).read_text() == "1"
