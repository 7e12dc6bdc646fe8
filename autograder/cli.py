"""`autograder`: the command line."""

import errno
import gc
import inspect
import logging
import os
import re
import signal
import sys

import typer
from typer.exceptions import TyperException

from autograder import __version__
from autograder.commands import (
    begin,
    collect,
    compare,
    data,
    demo,
    doctor,
    export,
    grade,
    gradescope,
    mark,
    release,
    report,
    requests,
    roster,
    student,
)
from autograder.errors import CourseError
from autograder.machine import settle
from autograder.startup import leave_out
from autograder.terminal import terminal

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Release, collect, grade and report Jupyter homework.",
)

INSTRUCTORS = "For instructors"
STUDENTS = "For students"
BOTH = "For everybody"

RIGHTS = "Look at who owns it and who may write there, or do this as that user."
THERE = "Look whether the folders before it are there, or name another place."
ROOM = "Make room on the disk, and run the same command again: what is done is kept."
LIMITS = "Look at the limits of this shell:  ulimit -a"
REMEDIES = {
    errno.EACCES: RIGHTS,
    errno.EPERM: RIGHTS,
    errno.EROFS: RIGHTS,
    errno.ENOTDIR: THERE,
    errno.EISDIR: THERE,
    errno.ENAMETOOLONG: "Take a shorter name.",
    errno.ENOSPC: ROOM,
    errno.EDQUOT: ROOM,
}
GRADEBOOK_REMEDIES = {
    "locked": "Another program is writing to it: run the same command again when that is done.",
    "readonly": RIGHTS,
    "unable to open": RIGHTS,
    "full": ROOM,
    "not a database": "Put your last good copy of gradebook.db back.",
    "malformed": "Put your last good copy of gradebook.db back.",
}


USAGE = (
    (r"Missing (argument|option) '(.+)'\.", r"\2 is missing."),
    (r"No such (command|option):? '?([^' ]+?)'?\.?", r'there is no \1 "\2".'),
    (r"No such (command|option):? '?([^' ]+?)'?\.? (?:Did you mean|\(Possible options:) '?([^')]+)'?[?)]",
     r'there is no \1 "\2". Did you mean "\3"?'),
    (r"Got unexpected extra argument\(s\) \((.+)\)", r'"\1" is too much. A name with spaces stands in quotes.'),
    (r"Invalid value for '([^']+)'.*: Input should be greater than or equal to (\S+)", r"\1 must be \2 or more."),
    (r"Invalid value for '([^']+)'.*: Input should be less than or equal to (\S+)", r"\1 must be \2 or less."),
    (r"Invalid value for '([^']+)'.*: Input should be a valid integer.*", r"\1 must be a whole number."),
    (r"Invalid value for '([^']+)'.*: (?:file|dir|path) '(.+)' does not exist\.", r'\1: there is no "\2" here.'),
    (r"Invalid value for '([^']+)'.*: (?:file|path) '(.+)' is a directory\.", r'\1: "\2" is a folder. Name a file.'),
    (r"Invalid value for '([^']+)'.*: (?:dir|path) '(.+)' is a file\.", r'\1: "\2" is a file. Name a folder.'),
    (r"Option '(.+)' requires an argument\.", r"a value must follow \1."),
)  # fmt: skip
"""What Typer says of a command line that it cannot read, and how we say it."""


def show_version(wanted: bool) -> None:
    if wanted:
        print(f"autograder {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", callback=show_version, is_eager=True, help="Print the version."),
) -> None:
    """Release, collect, grade and report Jupyter homework."""


app.command(rich_help_panel=INSTRUCTORS)(begin.init)
app.command(rich_help_panel=INSTRUCTORS)(begin.new)
app.command(rich_help_panel=INSTRUCTORS)(begin.adopt)
app.command(rich_help_panel=INSTRUCTORS)(release.lint)
app.command(rich_help_panel=INSTRUCTORS)(release.release)
app.add_typer(roster.roster, name="roster", rich_help_panel=INSTRUCTORS)
app.command(rich_help_panel=INSTRUCTORS)(collect.collect)
app.command(rich_help_panel=INSTRUCTORS)(grade.grade)
app.command(rich_help_panel=INSTRUCTORS)(grade.verify)
app.command(rich_help_panel=INSTRUCTORS)(compare.compare)
app.command(rich_help_panel=INSTRUCTORS)(mark.mark)
app.command(rich_help_panel=INSTRUCTORS)(grade.stats)
app.command(rich_help_panel=INSTRUCTORS)(report.report)
app.command(rich_help_panel=INSTRUCTORS)(report.feedback)
app.command(rich_help_panel=INSTRUCTORS)(export.export)
app.command(rich_help_panel=INSTRUCTORS)(requests.requests)
app.add_typer(gradescope.gradescope, name="gradescope", rich_help_panel=INSTRUCTORS)
app.command(rich_help_panel=STUDENTS)(student.check)
app.command(rich_help_panel=STUDENTS)(report.pdf)
app.command(rich_help_panel=STUDENTS)(student.submit)
app.command(rich_help_panel=BOTH)(data.data)
app.command(rich_help_panel=BOTH)(doctor.doctor)
app.command(rich_help_panel=BOTH)(demo.demo)

for group in (app, roster.roster, gradescope.gradescope):
    for command in group.registered_commands:
        # Typer keeps the line ends of a docstring, whatever the width of the terminal.
        command.help = re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.getdoc(command.callback) or "")


def usage_in_words(error: TyperException) -> str:
    """What is wrong with a command line, and which command explains it."""
    said = " ".join(error.format_message().split())
    for pattern, words in USAGE:
        if match := re.fullmatch(pattern, said):
            said = match.expand(words)
            break
    said = re.sub(r"^\[(\w+)\]", r"\1", said)
    context = getattr(error, "ctx", None)
    return f"{said} See  {context.command_path if context else 'autograder'} --help"


def in_words(error: Exception) -> str:
    """What an error means that is nobody's programming mistake, and what to do; empty for any other."""
    if isinstance(error, TyperException):
        return usage_in_words(error)
    if isinstance(error, CourseError):
        return str(error)
    if isinstance(error, OSError) and error.errno in REMEDIES:
        place = error.filename or "what is printed, or a file"
        return f"{place}: {error.strerror}. {REMEDIES[error.errno]}"
    if isinstance(error, MemoryError) or "can't start new thread" in str(error):
        return f"there is not enough memory here, or too few threads are allowed ({error or 'memory'}). {LIMITS}"
    kinds = (("sqlite3", "Error"), ("sqlalchemy.exc", "DBAPIError"))
    if isinstance(error, tuple(getattr(sys.modules[name], kind) for name, kind in kinds if name in sys.modules)):
        said = str(getattr(error, "orig", error))
        remedy = next((remedy for words, remedy in GRADEBOOK_REMEDIES.items() if words in said), "")
        return f"the gradebook cannot be used: {said}. {remedy}".strip() if remedy else ""
    return ""


def stand_for_closed_streams() -> None:
    """See to it that printing works: on closed streams, and whatever the encoding."""
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(descriptor, "w", encoding="utf-8", closefd=False))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def drop_what_cannot_be_printed() -> None:
    """Else Python would try it again at the end, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def end_in_order(number: int, frame: object) -> None:
    """Leave by way of all that must be cleaned up."""
    sys.exit(128 + number)


def main() -> None:
    """Run the command line; what went wrong outside of the program becomes a message and exit code 1."""
    gc.set_threshold(20_000, 20, 20)  # importing makes much that stays; to look through it often takes a tenth longer
    settle()
    stand_for_closed_streams()
    leave_out()
    for name in ("SIGTERM", "SIGHUP"):
        if number := getattr(signal, name, None):
            signal.signal(number, end_in_order)
    try:
        try:
            status = app(prog_name="autograder", standalone_mode=False)
        finally:
            sys.stdout.flush()
    except Exception as error:
        text = in_words(error)
        drop_what_cannot_be_printed()
        if not text:
            raise
        logging.getLogger(__name__).debug("stopped", exc_info=True)
        text = text.replace(f"{os.getcwd()}{os.sep}", "")
        terminal(stderr=True).print(text, style="red", markup=False, soft_wrap=True)
        sys.exit(2 if isinstance(error, TyperException) else 1)
    except typer.Abort:
        sys.exit(130)
    if isinstance(status, int):
        sys.exit(status)


if __name__ == "__main__":
    main()
