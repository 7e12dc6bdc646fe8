"""What the command line says when something outside of it is wrong."""

import errno
import sqlite3
import sys
from itertools import pairwise, takewhile

import pytest
from sqlalchemy.exc import DatabaseError, OperationalError

from autograder import cli
from autograder.errors import CourseError
from autograder.reference import commands


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CourseError("no such thing"), "no such thing"),
        (
            PermissionError(errno.EACCES, "Permission denied", "grades.csv"),
            "grades.csv: Permission denied. Look at who",
        ),
        (OSError(errno.ENOSPC, "No space left on device", "a.pdf"), "a.pdf: No space left on device. Make room"),
        (OperationalError("", {}, sqlite3.OperationalError("database is locked")), "Another program is writing"),
        (OperationalError("", {}, sqlite3.OperationalError("attempt to write a readonly database")), "who may write"),
        (DatabaseError("", {}, sqlite3.DatabaseError("file is not a database")), "last good copy of gradebook.db"),
    ],
)
def test_what_is_wrong_outside(monkeypatch, capsys, error, words):
    """Is a full disk, a missing right, a broken gradebook one line that says what to do, with exit code 1?"""
    monkeypatch.setattr(cli, "app", lambda **options: (_ for _ in ()).throw(error))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert words in said
    assert said.count("\n") == 1
    assert "sqlalche.me" not in said


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("a mistake of ours"),
        FileNotFoundError(errno.ENOENT, "No such file", "x"),
        OperationalError("SELECT", {}, sqlite3.OperationalError("no such column: x")),
    ],
)
def test_programming_mistakes_keep_their_traceback(monkeypatch, error):
    """Is nothing hidden that is a mistake of the program's?"""
    monkeypatch.setattr(cli, "app", lambda **options: (_ for _ in ()).throw(error))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    with pytest.raises(type(error)):
        cli.main()


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_help_has_paragraphs_and_explains_every_argument(name, monkeypatch, capsys):
    """On a terminal of any width, is each sentence one that wraps there, and does every argument say what it is?"""
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.setenv("TERMINAL_WIDTH", "1000")
    with pytest.raises(SystemExit) as ended:
        cli.app([*name.split(), "--help"])
    assert ended.value.code == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    about = list(takewhile(lambda line: not line.startswith("╭"), lines))
    assert all(not line or not after for line, after in pairwise(about))
    parameters = dict(commands())[name].__annotations__
    for parameter, kind in parameters.items():
        notes = [note for note in getattr(kind, "__metadata__", ()) if hasattr(note, "help")]
        assert all(note.help for note in notes), parameter
