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


def gradebook_trouble(error: Exception) -> str | None:
    """What to say of an error that the gradebook's database gave; None for any other error."""
    sqlalchemy = sys.modules.get("sqlalchemy")
    if sqlalchemy is None or not isinstance(error, sqlalchemy.exc.DBAPIError):
        return None
    return (
        f"the gradebook (gradebook.db) cannot be used: {error.orig}. Is another program working in it? "
        "If it is damaged, put a copy of it back; without one, move it away and release the assignments again "
        "(grades given by hand are in it only)."
    )


def main() -> None:
    """Run the command line; a CourseError becomes a message and exit code 1, as does a gradebook that is unusable."""
    leave_out_servers()
    try:
        app()
    except Exception as error:
        text = str(error) if isinstance(error, CourseError) else gradebook_trouble(error)
        if text is None:
            raise
        logging.getLogger(__name__).debug("stopped", exc_info=True)
        Console(stderr=True, highlight=False).print(text, style="red", markup=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
