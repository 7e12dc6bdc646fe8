"""Mistakes that people make on the command line, in settings, notebooks and tables: is each told what to do?

Each case is a command in a course where something is wrong, what must be named, and what must be said to do next. The
cases run in forks of this process, which has imported everything: a few hundredths of a second each.
"""

import os
import re
import shlex
import shutil
import sys
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import autograder.grade.run.terminal
import autograder.handback.export
import autograder.intake.collect
import autograder.release.checks
import autograder.report.make
import autograder.student.check  # noqa: F401 (imported once, before the forks)
from autograder import cli
from autograder.notebooks import read_notebook, write_notebook

BEGIN, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"
TOML, COURSE, BOOK, NOTEBOOK = "source/tiny/assignment.toml", "course.toml", "gradebook.db", "source/tiny/first.ipynb"
LIBRARY, RELEASED = "nn/tiny.py", "assignments/tiny"
DUE = "due = 2026-10-09T12:00:00+00:00"
CONFLICT = "<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> main\n"
ODD = (
    "Traceback", "Errno", "<class", "object at 0x", "datetime.", "None", "'(' was", "╭", " 1 days",
)  # fmt: skip
"""What no message holds: Python's own words, boxes, wrong plurals."""

Step = Callable[[Path], object]


class Case(NamedTuple):
    command: str
    names: str
    remedy: str
    prepare: tuple[Step, ...] = ()


# --- what can be wrong ------------------------------------------------------------------------------------------------


def put(path: str, content: str | bytes) -> Step:
    def step(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content.encode() if isinstance(content, str) else content)

    return step


def gone(path: str) -> Step:
    return lambda root: shutil.rmtree(root / path) if (root / path).is_dir() else (root / path).unlink()


def changed(path: str, old: str, new: str) -> Step:
    def step(root: Path) -> None:
        text = (root / path).read_text()
        assert old in text
        (root / path).write_text(text.replace(old, new))

    return step


def cell(id: str, old: str, new: str) -> Step:
    def step(root: Path) -> None:
        notebook = read_notebook(root / NOTEBOOK)
        (found,) = (cell for cell in notebook.cells if cell.id == id)
        assert old in found.source
        found.source = found.source.replace(old, new)
        write_notebook(notebook, root / NOTEBOOK)

    return step


def folder(path: str) -> Step:
    return lambda root: (root / path).mkdir(parents=True)


def empty_zip(path: str) -> Step:
    return lambda root: zipfile.ZipFile(root / path, "w").close()


def toml(old: str, new: str) -> tuple[Step]:
    return (changed(TOML, old, new),)


def course(text: str) -> tuple[Step]:
    return (put(COURSE, text),)


def go(path: str) -> Step:
    return lambda root: os.chdir(root / path)


IMPORT = "import numpy as np"
BANNER = ("START YOUR ANSWER HERE", "END YOUR ANSWER HERE")


UNKNOWN = [
    Case(f"{command} tinny", '"tinny"', 'Did you mean "tiny"?')
    for command in (
        "release", "lint", "grade", "report", "feedback", "verify", "stats", "export", "gradescope build",
        "gradescope results", "demo",
    )
]  # fmt: skip
MISSING = [
    Case(command, f"{what} is missing.", f"See  autograder {command} --help")
    for command, what in {
        "grade": "ASSIGNMENT", "report": "ASSIGNMENT", "feedback": "ASSIGNMENT", "verify": "ASSIGNMENT",
        "stats": "ASSIGNMENT", "collect": "ASSIGNMENT", "new": "name", "init": "folder",
        "adopt": "paths", "gradescope build": "ASSIGNMENT", "roster import": "FILE.csv",
    }.items()
]  # fmt: skip
OPTIONS = [
    Case("grad tiny", 'no command "grad"', 'Did you mean "grade"?'),
    Case("gradescope bild tiny", 'no command "bild"', 'Did you mean "build"?'),
    Case("grade tiny --wrokers 3", 'no option "--wrokers"', 'Did you mean "--workers"?'),
    Case("grade tiny tiny2", '"tiny2" is too much', "autograder grade --help"),
    Case("grade tiny --workers 0", "--workers", "must be 1 or more"),
    Case("grade tiny --workers x", "--workers", "must be a whole number"),
    Case("report tiny --workers -1", "--workers", "must be 1 or more"),
    Case("grade tiny --seed x", "--seed", "must be a whole number"),
    Case("grade tiny --seed -5", "--seed", "must be 0 or more"),
    Case("grade tiny --tier fast", '"fast"', "There are: namespaces, landlock"),
    Case("grade tiny -s adda", "adda", "there is no folder submitted/adda/tiny"),
    Case("report tiny --paper a5", "--paper", "a4 and us-letter"),
    Case("feedback tiny --paper letter", '"letter"', "a4 and us-letter"),
    Case("feedback tiny --zip webct", '"webct"', "moodle, canvas, gradescope"),
    Case("export tiny --to excel", '"excel"', "canvas, moodle, gradescope, blackboard"),
    Case("export tiny --to canvas --into nothere.csv", '"nothere.csv"', "autograder export --help"),
    Case("export tiny -o source", '"source" is a folder', "Name a file"),
    Case("release tiny --to course.toml", '"course.toml" is a file', "Name a folder"),
    Case("report tiny --to course.toml", '"course.toml" is a file', "Name a folder"),
    Case("release --check --bundle", "--check", "Leave one of them out"),
    Case("data cifar", '"cifar"', "Did you mean cifar10?"),
    Case("data synthetic --to course.toml", '"course.toml" is a file', "Name a folder"),
    Case("data synthetic --to /proc/x", "/proc/x", "--to FOLDER"),
    Case("demo tiny --to course.toml", '"course.toml" is a file', "Name a folder"),
    Case("demo tiny --to .", "no demo made it", "--to FOLDER"),
    Case("demo tiny --workers 2", 'no option "--workers"', "autograder demo --help"),
    *(
        Case(f"{command} --to {place}", f"the course's own {place.partition('/')[0]}", "Name another place")
        for command, place in (
            ("release tiny", "source"), ("release tiny", "submitted"), ("report tiny", "source/tiny"),
            ("report tiny", "nn"), ("demo tiny", "submitted"), ("gradescope results tiny", "autograded"),
            ("gradescope build tiny", "gradebook.db"), ("export tiny", "source/grades.csv"),
        )
    ),
    Case("export tiny -o course.toml", "the course's own course.toml", "Name another place", (put(COURSE, ""),)),
    Case("lint --seeds 3", "--seeds", "goes with --run"),
    Case("lint tiny --run --seeds 0", "--seeds must be 1 or more", "autograder lint --help"),
    Case("roster remove zoe", 'no command "remove"', "autograder roster --help"),
    Case("roster import .", '"." is a folder', "Name a file"),
    Case("stats --html", "--html", "a value must follow"),
    Case("mark --port x", "--port must be a whole number", "autograder mark --help"),
    Case("mark tinny", '"tinny"', 'Did you mean "tiny"?'),
    Case("release source/tiny", '"source/tiny"', 'Did you mean "tiny"?'),
    Case("release tiny/", '"tiny/"', 'Did you mean "tiny"?'),
    Case("grade TINY", '"TINY"', 'Did you mean "tiny"?'),
    Case("grade tiny --dask x", "no Dask scheduler answers at x", "tcp://host:8786"),
    Case("grade tiny --retrain-sample 5", "--retrain-sample 5", 'such as "5%"'),
    Case("grade tiny --retrain-sample 200%", "--retrain-sample 200%", 'such as "5%"'),
    Case("doctor now", '"now" is too much', "autograder doctor --help"),
    Case("data synthetic --rows 5", 'no option "--rows"', "autograder data --help"),
    Case("gradescope results tiny x", '"x" is too much', "autograder gradescope results --help"),
    Case("check assignments/tiny nothere", '"nothere" is too much', "autograder check --help"),
    Case("collect tiny", "FROM is missing", "autograder collect --help"),
    Case("help", 'no command "help"', "autograder --help"),
    Case("--verison", 'no option "--verison"', 'Did you mean "--version"?'),
]  # fmt: skip
NO_COURSE = [
    Case(command, "is not in a course", "Go to your course folder first", (go(".."),))
    for command in (
        "release tiny",
        "lint",
        "grade tiny",
        "stats tiny",
        "report tiny",
        "export",
        "new hw2",
        "roster show",
    )
]
SETTINGS = [
    Case("release tiny", "assignment.toml is not TOML at line 1", "Texts stand in quotes", (put(TOML, "title = \n"),)),
    Case("release tiny", "assignment.toml", "Take one of the lines out", (put(TOML, 'title = "a"\ntitle = "b"\n'),)),
    Case("release tiny", "holds two versions, marked by Git in line 1", "git checkout", (put(TOML, CONFLICT),)),
    Case("release tiny", "assignment.toml is not UTF-8", "Save it as UTF-8", (put(TOML, b'title = "caf\xe9"'),)),
    Case("lint tiny", '"titel"', 'Did you mean "title"?', toml("title", "titel")),
    Case("grade tiny", 'not "first"', 'like ["a", "b"]', toml('["first", "second"]', '"first"')),
    Case("grade tiny", "third.ipynb is not there", "under that name", toml('"second"]', '"second", "third"]')),
    Case("release tiny", '"second" more than once', "Take one", toml('"second"]', '"second", "second"]')),
    Case("release tiny", "notebooks", "without .ipynb", toml('"second"]', '"second.ipynb"]')),
    Case("grade tiny", 'not "tomorrow"', "like 2026-10-09T23:59:00", toml(DUE, 'due = "tomorrow"')),
    Case("grade tiny", "due", "time_zone = ", toml(DUE, "due = 2026-10-09T12:00:00")),
    Case("grade tiny", "not 2026-10-09", "a date and a time", toml(DUE, "due = 2026-10-09")),
    Case("release tiny", "not 12:00:00", "a date and a time", toml(DUE, "due = 12:00:00")),
    Case("grade tiny", "not 110", "at most 100", toml("per_day = 10", "per_day = 110")),
    Case("grade tiny", "not -3", "0 or more", toml("max_days = 3", "max_days = -3")),
    Case("grade tiny", "not 0", "above 0", toml("memory_mb = 512", "memory_mb = 0")),
    Case("grade tiny", '"1 GB"', "a whole number", toml("memory_mb = 512", "memory_mb = '1 GB'")),
    Case("grade tiny", '"memory"', 'Did you mean "memory_mb"?', toml("memory_mb = 512", "memory = 512")),
    Case("release tiny", '"nn.tinny.norm"', 'Did you mean "nn.tiny.norm"?', toml("nn.tiny.norm", "nn.tinny.norm")),
    Case("release tiny", '"nn.tiny.normm"', 'Did you mean "nn.tiny.norm"?', toml("nn.tiny.norm", "nn.tiny.normm")),
    Case("grade tiny", '"second:serch"', "no cell with this id", toml("second:search", "second:serch")),
    Case("grade tiny", '"second:bonus"', "not graded", toml('"second:bonus-check" = 3', '"second:bonus" = 3')),
    Case("grade tiny", '"../best.npz"', "without a path", toml("best.npz", "../best.npz")),
    Case("release tiny", '"/etc/passwd"', "without a path", toml("best.npz", "/etc/passwd")),
    Case("grade tiny", '"three"', "a number above 0", toml('bonus-check" = 3', 'bonus-check" = "three"')),
    Case("grade tiny", "course.toml is not TOML at line 1", "Texts stand in quotes", course("name = nn")),
    Case("lint", '"libary"', 'Did you mean "library"?', course('libary = "nn"\n')),
    Case("grade tiny", '"Mars/Base"', '"Europe/Berlin"', course('library = "nn"\ntime_zone = "Mars/Base"\n')),
    Case("release tiny", "no folder mm/", "Make it, or correct the name", course('library = "mm"\n')),
    Case("release tiny", "not 3", "a list of texts", course("library = 3\n")),
    Case("lint", "no assignment in source", "autograder new NAME", (gone("source"),)),
    Case("release", "no assignment in source", "autograder new NAME", (gone("source"),)),
    Case("release --check", "first.ipynb is out of date", "Run:  autograder release", (cell("title", "First", "New"),)),
    Case("grade tiny", "no assignment in source", "autograder new NAME", (gone("source"),)),
    Case("grade tiny", "nbgrader_config.py: line 1: the ( is never closed", "do this again",
         (put("nbgrader_config.py", "c = get_config(\n"),)),
    Case("grade tiny", "nbgrader_config.py stops: No module named 'nothere'", "take out the line",
         (put("nbgrader_config.py", "import nothere\n"),)),
    Case("demo tiny", "demo.toml is not TOML", "Texts stand in quotes", (put("source/tiny/demo.toml", "x ="),)),
    Case("demo tiny", 'unknown key "students"', 'Did you mean "student"?',
         (put("source/tiny/demo.toml", "[students.ada]\n"),)),
    Case("grade tiny", "tiny needs nothere-cpu>=3, which is not installed here", 'pip install "nothere-cpu>=3"',
         (put(TOML, 'packages = ["nothere-cpu>=3; sys_platform == \'linux\'"]\n'),)),
    Case("demo tiny", "tiny needs nothere", 'pip install "nothere"', (put(TOML, 'packages = ["nothere"]\n'),)),
    Case("lint tiny", "needs numpy<1, which is not", "pip install", toml("blank =", 'packages = ["numpy<1"]\nblank =')),
    Case("release --check", "assignments/old has no source", "Delete it, or put", (put("assignments/old/x", ""),)),
]  # fmt: skip
NOTEBOOKS = [
    Case("release tiny", "first.ipynb is not there", "Put the notebook back", (gone(NOTEBOOK),)),
    Case("release tiny", "it is empty", ".ipynb_checkpoints", (put(NOTEBOOK, ""),)),
    Case("lint tiny", "invalid JSON at line 1, column 3", ".ipynb_checkpoints", (put(NOTEBOOK, "{ not json"),)),
    Case("lint tiny", "marked by Git in line 1", "git checkout --ours", (put(NOTEBOOK, CONFLICT),)),
    Case("release tiny", "has no list of cells", "Was another file given its name?", (put(NOTEBOOK, "[]"),)),
    Case("grade tiny", "is not a text file", "Save it as UTF-8", (put(NOTEBOOK, bytes(range(256))),)),
    Case("release tiny", "starts in line 2 and never ends", f"Close it with  {END}", (cell("own", END, ""),)),
    Case("release tiny", "line 4 ends a region", f"Start it with  {BEGIN}", (cell("own", BEGIN, ""),)),
    Case(
        "lint tiny",
        '"triple-check": line 2',
        "the ( is never closed",
        (cell("triple-check", "d')", "d'"),),
    ),
    Case("release tiny", '"own": line 3', "the ( is never closed", (cell("own", "return 3 * x", "return 3 * (x"),)),
    Case("lint tiny", "measure is 'max'", "relative error", (cell("triple-check", "name=", "measure='max', name="),)),
    Case(
        "lint tiny", "no argument atmost", "did you mean at_most?", (cell("triple-check", "name=", "atmost=1, name="),)
    ),
    Case("lint tiny", "no sames", "did you mean same?", (cell("triple-check", "expect.same", "expect.sames"),)),
    Case(
        "release tiny", "nn/tiny.py: line 11", "the ( is never closed", (changed(LIBRARY, "return out", "return (out"),)
    ),
    Case("release tiny", "nn/tiny.py holds two versions", "git checkout", (put(LIBRARY, CONFLICT),)),
    Case("lint tiny", "nn/tiny.py", f"Close that one first with  {END}", (changed(LIBRARY, END, "# end"),)),
    Case("release tiny", "ends a region that never started", "Start it with  <!-- ===== START YOUR ANSWER",
         (cell("why", BANNER[0], "STRT"),)),
    Case("release tiny", "never ends", "Close it with  <!-- ====== END YOUR ANSWER", (cell("why", BANNER[1], "END"),)),
    Case("lint tiny", '"pandsa" is not installed here', 'packages = ["pandsa"]',
         (cell("setup", IMPORT, "import pandsa"),)),
    Case("lint tiny", '"torchh" is not installed', "Install it",
         (cell("setup", IMPORT, "from torchh.nn import Module"),)),
    Case("lint tiny", "no argument points", "it takes value, at_most",
         (cell("triple-check", "name=", "points=5, name="),)),
    Case("lint tiny", "nothing that students write is in it", "get its points",
         (cell("triple-check", "expect.same(triple(y), name='tripled')", "expect.same()"),)),
    Case("release tiny", "nbgrader's solution markers", "START YOUR CODE HERE",
         (cell("own", "return 3 * x", "### BEGIN SOLUTION"),)),
    Case("release tiny", "BEGIN HIDDEN TESTS never ends", "### END HIDDEN TESTS",
         (cell("norm-check", "### END HIDDEN TESTS", ""),)),
    Case("grade tiny", "no folder nn/", "Make it, or correct the name", (gone("nn"),)),
]  # fmt: skip
COLLECTING = [
    Case("collect tiny nothere.zip", '"nothere.zip"', "autograder collect --help"),
    Case("collect tiny j.zip", "neither a folder nor a zip", "give its folder", (put("j.zip", "not a zip"),)),
    Case("collect tiny a.rar", "neither a folder nor a zip", "Unpack another kind", (put("a.rar", b"Rar!\x1a\x07"),)),
    Case("collect tiny source/tiny/first.ipynb", "first.ipynb: it is neither", "give its folder"),
    Case("collect tiny e.zip", "nothing in it", "Download the submissions once more", (empty_zip("e.zip"),)),
    Case("collect tiny e", "nothing in it", "Download the submissions once more", (folder("e"),)),
    Case("collect tiny submitted", "is where submissions are", "grade tiny", (folder("submitted/a/tiny"),)),
    Case("collect tiny d --whose nothing", "--whose", '"Lovelace Ada=ada"', (folder("d"),)),
    Case(
        "collect tiny d --whose zoe=zoe",
        '"zoe"',
        "no submission is called that",
        (put("d/ada/tiny/first.ipynb", "{}"),),
    ),
    Case(
        "collect tiny d --handed-in h.csv",
        "no column has times",
        "handed_in",
        (put("h.csv", "a,b\nx,y\n"), put("d/a/tiny/first.ipynb", "{}")),
    ),
    Case("collect tiny .", ". holds the course itself", "Give the folder or zip with the submissions"),
    Case("collect tiny ..", ".. holds the course itself", "Give the folder or zip with the submissions"),
    Case("collect tiny d", "the form of no download that is known", "Looked for:", (put("d/readme.txt", "x"),)),
    Case(
        "collect tiny z.zip",
        "neither a folder nor a zip",
        "give its folder",
        (put("z.zip", b"PK\x03\x04" + bytes(50)),),
    ),
    Case("roster import no.csv", '"no.csv"', "autograder roster import --help"),
    Case("roster import r.csv", "r.csv is empty", "Export it once more", (put("r.csv", ""),)),
    Case("roster import r.csv", "foo, bar", "Needed is one of: id", (put("r.csv", "foo,bar\n1,2\n"),)),
    Case("roster import r.csv", "line 3: ada is Ada", "Take one out", (put("r.csv", "id,name\nada,Ada\nada,Ed\n"),)),
    Case("roster import r.csv", "no student was found", "Needed is one of: id", (put("r.csv", "id,name\n"),)),
    Case(
        "roster import r.csv",
        '"extension tinny"',
        "There are: tiny",
        (put("r.csv", "id,extension tinny\nada,2 d\n"),),
    ),
    Case("roster import r.xlsx", "is a workbook", "Save the sheet as CSV", (put("r.xlsx", b"PK\x03\x04junk"),)),
    Case("roster import r.csv", "not a text", "Give a CSV file", (put("r.csv", b"id,name\n\0\0"),)),
    Case("roster import r.csv", "line 2", '"extension NAME"', (put("r.csv", "id,extension\nada,two days\n"),)),
    Case("roster import r.csv", '"two days"', "2 d,  36 h", (put("r.csv", "id,extension tiny\nada,two days\n"),)),
]
RESULTS = [
    Case(command, "tiny", "autograder grade tiny")
    for command in (
        "stats tiny", "report tiny", "feedback tiny", "verify tiny", "gradescope results tiny",
    )
] + [
    Case("grade tiny", "No submissions of tiny", "autograder collect tiny FOLDER"),
    Case("export --to moodle", "nothing is graded yet", "autograder grade NAME"),
    Case("verify tiny zoe", "no graded submission of zoe", "autograder grade tiny"),
    Case("export tiny", "grades.csv was not written", "put your last good copy of gradebook.db back"),
    Case("export tiny", "file is not a database", "last good copy of gradebook.db", (put(BOOK, b"junk" * 100),)),
    Case("export --questions", "file is not a database", "last good copy of gradebook.db", (put(BOOK, b"x" * 99),)),
]  # fmt: skip
BEGINNING = [
    Case("init .", "is a course already", "autograder new NAME"),
    Case("init course.toml", "course.toml is a file", "Name a folder"),
    Case("init /proc/x", "/proc/x cannot be made", "name another place"),
    Case("new CON", '"CON"', "Windows has no folder of that name"),
    Case("new .hidden", '".hidden"', "letters, digits, _ and -"),
    Case("new a b", '"b" is too much', "stands in quotes"),
    Case("init c --library 3x", '"3x"', "Take letters, digits and _"),
    Case("init c --library class", '"class"', "Take letters, digits and _"),
    Case("init c --library json", '"json" is the name of another package', "c_lib"),
    Case("init c --library numpy", '"numpy" is the name of another package', "c_lib"),
    Case("new tiny", "source/tiny is there already", "Take another name"),
    Case("new 'my homework'", '"my homework"', "letters, digits, _ and -"),
    Case("new a/b", '"a/b"', "letters, digits, _ and -"),
    Case("adopt nothere", "nothere is not there", "Name a course's folder"),
    Case("adopt e", "e holds no notebook", ".ipynb files", (folder("e"),)),
    Case("adopt source/tiny --to source", "source is there already", "--to FOLDER"),
    Case("adopt j.ipynb", "j.ipynb", ".ipynb_checkpoints", (put("j.ipynb", "junk"),)),
    Case("adopt course.toml", "course.toml is not a notebook", "Name a course's folder"),
]
STUDENTS = [
    *(Case(f"{command} nowhere", "nowhere", "") for command in ("check", "pdf", "submit")),
    *(Case(f"{command} e", "e", "folder", (folder("e"),)) for command in ("check", "pdf", "submit")),
    Case("check", "assignment.toml is missing", "Go to your copy of the homework's folder"),
    Case("submit", "assignment.toml is missing", "Go to your copy of the homework's folder"),
    Case("check assignments", "assignment.toml is missing", "or name it:  assignments/tiny"),
    Case("pdf assignments", "assignments holds no notebook", "Give the folder of the assignment"),
    Case(f"pdf {RELEASED} --paper legal", '"legal"', "a4 and us-letter"),
    Case(f"pdf {RELEASED} --to /proc/x.pdf", "/proc/x.pdf cannot be written", "--to FILE.pdf"),
    Case(f"check {RELEASED}/first.ipynb", "is a file", "Name a folder"),
    Case(f"submit {RELEASED}/first.ipynb", "is a file", "Name a folder"),
    Case(f"pdf {RELEASED}/first.ipynb", "is not a folder", "Give the folder of the assignment"),
    Case(f"pdf {RELEASED} --to source", '"source" is a folder', "Name a file"),
    Case(f"pdf {RELEASED} --to out.txt", '"out.txt" does not end in .pdf', "--to out.pdf"),
    Case(f"pdf {RELEASED} --released nowhere", "nowhere is not a folder", "as it was handed out"),
    Case(f"check {RELEASED} --released nowhere", "nowhere is not a folder", "as it was handed out"),
    Case("submit source/tiny", "nn/: the folder is not there", "Put it right, and do this again"),
    Case(f"submit {RELEASED}", "name or student id is empty", "Fill both in"),
    Case(f"submit {RELEASED}", "first.ipynb", "Put the notebook back", (gone(f"{RELEASED}/first.ipynb"),)),
    Case(f"submit {RELEASED}", "nn/: the folder is not there", "Put it right", (gone(f"{RELEASED}/nn"),)),
    Case(f"submit {RELEASED}", "marked by Git", "git checkout", (put(f"{RELEASED}/first.ipynb", CONFLICT),)),
    Case(f"submit {RELEASED}", "it holds two versions", "git checkout", (put(f"{RELEASED}/nn/tiny.py", CONFLICT),)),
    Case(f"submit {RELEASED}", "nn/tiny.py: line", "the ( is never closed",
         (changed(f"{RELEASED}/nn/tiny.py", 'raise NotImplementedError("double")', "out = (2"),)),
    Case(f"submit {RELEASED}", "nn/tiny.py", "Close that", (changed(f"{RELEASED}/nn/tiny.py", END, "# done"),)),
    Case(f"submit {RELEASED}", "first.ipynb", ".ipynb_checkpoints", (put(f"{RELEASED}/first.ipynb", "junk"),)),
]  # fmt: skip
OLD = '{"metadata": {}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": []}]}'
STUDENT = '[[student]]\nid = "a"\nname = "x"\nabout = "y"\n'
MORE = [
    Case("lint tiny", '"tensor flow" is not a package', "tensorflow>=2.16",
         toml("blank =", 'packages = ["tensor flow"]\nblank =')),
    Case("release tiny", '"*.npz" must be the name of one file', "list each", toml("best.npz", "*.npz")),
    Case("lint tiny", "first.ipynb is of format 3", "Open it in Jupyter and save it", (put(NOTEBOOK, OLD),)),
    Case("release tiny", "is of format 5", "Open it in Jupyter", (put(NOTEBOOK, '{"nbformat": 5, "cells": []}'),)),
    Case("release tiny", "does not say its format", "Open it in Jupyter", (put(NOTEBOOK, '{"cells": []}'),)),
    Case("lint tiny", "no module nn.nothere", "There are: ", toml("blank =", 'library = ["nn.nothere"]\nblank =')),
    Case("lint tiny", "penalty_percent_per_day must be a number", "at most 100",
         toml("per_day = 10", "per_day = '10'")),
    Case("lint tiny", "not true", "a number above 0", toml("cell_seconds = 5", "cell_seconds = true")),
    Case("lint tiny", "not inf", "a number above 0", toml("cell_seconds = 5", "cell_seconds = inf")),
    Case("lint tiny", "not 2.5", "a whole number", toml("max_days = 3", "max_days = 2.5")),
    Case("lint tiny", '"Late"', 'Did you mean "late"?', toml("[late]", "[Late]")),
    Case("lint tiny", 'not "search"', '"notebook:cell-id"', toml("second:search", "search")),
    Case("lint tiny", '"third" is not among the notebooks', "first, second", toml("second:search", "third:search")),
    Case("lint tiny", "title must be a text", 'not ""', toml('"A tiny homework"', '""')),
    Case("lint tiny", "notebooks is empty", "without .ipynb", toml('["first", "second"]', "[]")),
    Case("lint tiny", '"cifar"', "Did you mean cifar10?", toml("blank =", 'data = ["cifar"]\nblank =')),
    Case("lint tiny", "so that it must run", "Take it out",
         toml("[extra_credit]", '[grading]\nskip = ["first:double-check"]\n[extra_credit]')),
    Case("lint tiny", "is not UTF-8", "Save it as UTF-8", (put(TOML, 'title = "a"'.encode("utf-16")),)),
    Case("lint tiny", "nn/tiny.py is not UTF-8", "Save it as UTF-8", (put(LIBRARY, b"# \xe9\nx = 1\n"),)),
    Case("grade tiny", "tabs and spaces are mixed", "line 3",
         (put(LIBRARY, "def f(x):\n\treturn x\n        y = 1\n"),)),
    Case("lint tiny", "rubric.toml is not TOML", "Texts stand in quotes", (put("source/tiny/rubric.toml", "x ="),)),
    Case("lint tiny", 'not "random"', '"in turn"', (put("source/tiny/rubric.toml", 'hand_out = "random"\n'),)),
    Case("lint tiny", "first.py is there too", "Keep the one that you write in",
         (put("source/tiny/first.py", "# %%"),)),
    Case("lint tiny", "line 3 is almost a banner", BEGIN, (cell("own", "return 3 * x", f"return 3 * x  {BEGIN}"),)),
    Case("lint", '"nn" more than once', "Take one", course('library = ["nn", "nn"]\n')),
    Case("lint", 'not "../nn"', "beside source/", course('library = "../nn"\n')),
    Case("lint", 'not "soon"', "like 2026-10-09T23:59:00", course('library = "nn"\n[due]\ntiny = "soon"\n')),
    Case("lint", 'not "ada"', 'like ["a", "b"]', course('library = "nn"\nmay_mark = "ada"\n')),
    Case("lint", "name must not have a slash", '"a/b"', course('name = "a/b"\n')),
    Case("grade tiny --reason x", "belong to --changed", "Add  --changed"),
    Case("grade tiny --changed --force", "--changed grades with the inputs of each earlier run", "leave out --force"),
    Case("grade tiny --no-sandbox --tier landlock", "--no-sandbox means no tier", "Leave out"),
    Case("grade tiny --retrain-sample 0%", "--retrain-sample 0%", 'such as "5%"'),
    Case("grade tiny --changed", "nothing of tiny is graded yet", "autograder grade tiny"),
    Case("stats tiny --png", "--png puts the page's figures beside it", "--html class.html"),
    Case("stats tiny --html source", '"source" is a folder', "Name a file"),
    Case("export tiny --questions --to canvas", "--questions writes a table of its own", "Leave out --into, and --to"),
    Case("export tiny --into b.csv", "which system is b.csv from", "--to: canvas", (put("b.csv", "a,b\n"),)),
    Case("export tiny --to grades.xlsx", '"grades.xlsx"', "files that end in .csv"),
    Case("export tinny", '"tinny"', 'Did you mean "tiny"?'),
    Case("compare tiny", "no graded submissions of tiny", "autograder grade tiny"),
    Case("compare tiny --html source", '"source" is a folder', "Name a file"),
    Case("requests tinny", '"tinny"', 'Did you mean "tiny"?'),
    Case("requests tiny no.zip", 'FROM: there is no "no.zip"', "autograder requests --help"),
    Case("requests tiny r.csv", "no column student_id", "student_id, question, note", (put("r.csv", "a,b\n1,2\n"),)),
    Case("requests tiny r.csv", 'no graded answer of "ada" to "Q9"', "The questions are:",
         (put("r.csv", "student_id,question,note\nada,Q9,why\n"),)),
    Case("mark tiny --port 99999", "--port must be 65535 or less", "autograder mark --help"),
    Case("mark", "nothing is graded yet", "autograder grade ASSIGNMENT"),
    Case("verify tiny ../x", "no graded submission of ../x", "autograder grade tiny"),
    Case("gradescope build tiny --to x.txt", '"x.txt" does not end in .zip', "--to x.zip"),
    Case("gradescope build tiny --visibility now", '"now"', "visible, after_due_date"),
    Case("data synthetic cifar10", '"cifar10" is too much', "autograder data --help"),
    Case("data synthetic --to source/tiny/first.ipynb", "is a file", "Name a folder"),
    Case("demo tiny --to /proc/x", "/proc/x cannot be made", "name another place"),
    Case("release tiny --to /proc/x", "/proc/x cannot be made", "name another place"),
    Case("demo tiny", 'student 1: "about" is missing', "Add, for example",
         (put("source/tiny/demo.toml", '[[student]]\nid = "a"\nname = "x"\n'),)),
    Case("demo tiny", 'id "a" is there more than once', "demo.toml", (put("source/tiny/demo.toml", STUDENT * 2),)),
    Case("demo tiny", "student a: there is no region first:nope", "demo.toml",
         (put("source/tiny/demo.toml", STUDENT + 'leave = ["first:nope"]\n'),)),
    Case("adopt x.zip", "x.zip is not a notebook", "Name a course's folder", (empty_zip("x.zip"),)),
    Case("collect tinny e", '"tinny"', 'Did you mean "tiny"?', (folder("e"),)),
    Case("collect tiny d --handed-in h.csv", '"yesterday" is not a time', "2026-10-09 23:30",
         (put("h.csv", "student,handed in\nada,yesterday\n"), put("d/ada/first.ipynb", "{}"))),
    Case("roster import r.csv", '"-2 d" is not an extension', "2 d,  36 h",
         (put("r.csv", "id,extension tiny\na,-2 d\n"),)),
    Case("release tiny --bundle", "environment.yml is missing", "autograder init"),
    Case(f"check {RELEASED} --released assignments", "assignments holds no notebook", "Name  assignments/tiny"),
    Case(f"pdf {RELEASED} --released nn", "nn holds no notebook", "as it was handed out"),
    Case(f"check {RELEASED}", '"title" is missing', "Add, for example", (put(f"{RELEASED}/assignment.toml", ""),)),
    Case(f"submit {RELEASED}", "is saved as cp1252", "Save it as UTF-8", (put(f"{RELEASED}/nn/tiny.py", b"# \xe9\n"),)),
    Case(f"submit {RELEASED}", "the START and END lines are gone", "Put them", (put(f"{RELEASED}/nn/tiny.py", ""),)),
    Case(f"check {RELEASED} --fast", 'no option "--fast"', "autograder check --help"),
]  # fmt: skip
CASES = [
    *UNKNOWN, *MISSING, *OPTIONS, *NO_COURSE, *SETTINGS, *NOTEBOOKS, *COLLECTING, *BEGINNING, *STUDENTS, *MORE,
]  # fmt: skip


# --- running them -----------------------------------------------------------------------------------------------------


def said(case: Case, course_root: Path, place: Path) -> tuple[int, str]:
    """Exit status and everything that a command prints, in a copy of a course."""
    root = Path(shutil.copytree(course_root, place / "course"))
    log = place / "log"
    child = os.fork()
    if not child:
        status = 70
        try:
            os.chdir(root)
            out = os.open(log, os.O_WRONLY | os.O_CREAT)
            for number, descriptor in enumerate((os.open(os.devnull, os.O_RDONLY), out, out)):
                os.dup2(descriptor, number)
            sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
            os.environ |= {"COLUMNS": "100", "NO_COLOR": "1"}
            for step in case.prepare:
                step(root)
            sys.argv = ["autograder", *shlex.split(case.command)]
            cli.main()
            status = 0
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), log.read_text(errors="replace")


def unwrapped(text: str) -> str:
    return re.sub(r"\n +", " ", text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: re.sub(r"[^\w.=-]+", "_", f"{case.command}-{case.names}"))
def test_a_mistake_is_named_with_what_to_do(released, tmp_path, case):
    """Does the exit code say that it failed, and the text what is wrong, with what, and what to do next?"""
    status, text = said(case, released.course.root, tmp_path)
    assert status in (1, 2), text
    assert case.names in unwrapped(text)
    assert case.remedy in unwrapped(text)
    assert not [words for words in ODD if words in text], text
    assert str(tmp_path / "course" / "source") not in text


@pytest.mark.parametrize("case", RESULTS, ids=lambda case: case.command)
def test_nothing_graded(released, tmp_path, case):
    """Before anything is graded, does a command say what to do first?"""
    status, text = said(case, released.course.root, tmp_path)
    assert status == 1, text
    assert case.names in unwrapped(text)
    assert case.remedy in unwrapped(text)
    assert not [words for words in ODD if words in text], text


def test_an_export_without_grades_keeps_the_last_copy(released, tmp_path):
    """With the gradebook gone, are the grades that were exported before still there?"""
    kept = (put("grades.csv", "student,score\nada,22\n"),)
    status, _ = said(Case("export tiny", "", "", kept), released.course.root, tmp_path)
    assert status == 1
    assert (tmp_path / "course" / "grades.csv").read_text() == "student,score\nada,22\n"


def test_there_are_enough_cases():
    """Are there mistakes of every command here?"""
    commands = {shlex.split(case.command)[0] for case in [*CASES, *RESULTS]}
    assert len(CASES) + len(RESULTS) >= 300
    assert commands >= {
        "adopt", "check", "collect", "compare", "data", "demo", "export", "feedback", "grade", "gradescope", "init",
        "lint", "mark", "new", "pdf", "release", "report", "requests", "roster", "stats", "submit", "verify",
    }  # fmt: skip
