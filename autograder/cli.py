"""`autograder`: the command line."""

import logging
import sys
from types import ModuleType

import typer
from rich.console import Console

from autograder import __version__
from autograder.commands import data, demo, doctor, grade, gradescope, release, report, student
from autograder.errors import CourseError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Release, collect, grade and report Jupyter homework.",
)

INSTRUCTORS = "For instructors"
STUDENTS = "For students"
BOTH = "For everybody"


def show_version(wanted: bool) -> None:
    if wanted:
        print(f"autograder {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", callback=show_version, is_eager=True, help="Print the version."),
) -> None:
    """Release, collect, grade and report Jupyter homework."""


app.command(rich_help_panel=INSTRUCTORS)(release.release)
app.command(rich_help_panel=INSTRUCTORS)(release.lint)
app.command(rich_help_panel=INSTRUCTORS)(grade.collect)
app.command(rich_help_panel=INSTRUCTORS)(grade.grade)
app.command(rich_help_panel=INSTRUCTORS)(report.report)
app.command(rich_help_panel=INSTRUCTORS)(report.feedback)
app.command(rich_help_panel=INSTRUCTORS)(grade.stats)
app.command(rich_help_panel=INSTRUCTORS)(grade.export)
app.command(rich_help_panel=INSTRUCTORS)(gradescope.gradescope)
app.command(rich_help_panel=STUDENTS)(student.check)
app.command(rich_help_panel=STUDENTS)(report.pdf)
app.command(rich_help_panel=STUDENTS)(student.submit)
app.command(rich_help_panel=BOTH)(data.data)
app.command(rich_help_panel=BOTH)(doctor.doctor)
app.command(rich_help_panel=BOTH)(demo.demo)


def leave_out_servers() -> None:
    """Keep nbgrader's Jupyter server extensions out: it imports them with any part of itself, and no command serves."""
    for name in ("assignment_list", "course_list", "formgrader", "validate_assignment"):
        module = ModuleType(f"nbgrader.server_extensions.{name}")
        module.load_jupyter_server_extension = None
        sys.modules.setdefault(module.__name__, module)


def main() -> None:
    """Run the command line; a CourseError becomes a message and exit code 1."""
    leave_out_servers()
    try:
        app()
    except CourseError as error:
        logging.getLogger(__name__).debug("stopped", exc_info=True)
        Console(stderr=True, highlight=False).print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
