"""The file that lets a released homework compare at home: when it is up to date, and where it is kept.

It is remade only where the code of a notebook, of the library's files that its checks run, or a data file changes.
So it does not depend on the machine that releases. `autograder.grade.at_home` makes it.
"""

import ast
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.expect import HOME_FILE
from autograder.expect.home import HomeNotebook, from_bytes, to_bytes
from autograder.release.autotests import complete_source
from autograder.release.given import given_files
from autograder.syntax import parse_python, plain_text

FORMAT = "4"
MISTAKE = "#!"

Make = Callable[[Course, Assignment, str], HomeNotebook]
"""Makes one notebook's part, without its fingerprint: of the course, the assignment, and the notebook's name."""


def fingerprint(course: Course, assignment: Assignment, notebook: str, files: Iterable[str]) -> str:
    """A hash of everything that what is known at home is made from: code, without comments, and data beside it.

    Args:
        files: the library's, whose functions the checks run.
    """
    nb = complete_source(course, assignment, notebook)
    cells = [cell for cell in nb.cells if cell.cell_type == "code"]
    code = [(cell.id, essence(plain_text(cell.source))) for cell in cells]
    searches = sorted(cell for name, cell in assignment.search if name == notebook)
    digest = hashlib.sha256(json.dumps([FORMAT, code, searches, sorted(assignment.blank)]).encode())
    for file in sorted(files):
        path = course.root / file
        digest.update(f"{file}\n{essence(path.read_text('utf-8')) if path.is_file() else None}".encode())
    for name, content in sorted(given_files(course, assignment).items()):
        digest.update(name.encode() + content)
    return digest.hexdigest()[:16]


def essence(text: str) -> str:
    """Code without comments and docstrings, but with the mistakes that an author wrote down."""
    try:
        tree = parse_python(text)
    except (SyntaxError, ValueError):
        return text
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    mistakes = [line.strip() for line in text.split("\n") if line.lstrip().startswith(MISTAKE)]
    return "\n".join([ast.unparse(tree), *mistakes])


def stale_notebooks(course: Course, assignment: Assignment, content: bytes | None) -> list[str]:
    """The notebooks of which a file's content does not know what is so now."""
    known = from_bytes(content)
    return [
        name for name in assignment.notebooks if name not in known or is_stale(course, assignment, name, known[name])
    ]


def is_stale(course: Course, assignment: Assignment, notebook: str, known: HomeNotebook) -> bool:
    """Has the code changed since this was made?"""
    return fingerprint(course, assignment, notebook, known.files) != known.fingerprint


def content_now(course: Course, assignment: Assignment, released: Path, make: Make | None) -> bytes | None:
    """The file's content as it should be: what was released, or made before, as far as that is up to date.

    Args:
        released: the folder that holds what was released before, if it is there.
        make: None where it cannot be made here; then only what is up to date is kept.
    """
    before = known_now(course, assignment, released)
    parts: dict[str, HomeNotebook] = {}
    for name in assignment.notebooks:
        if name in before:
            parts[name] = before[name]
        elif make is not None:
            made = make(course, assignment, name)
            parts[name] = replace(made, fingerprint=fingerprint(course, assignment, name, made.files))
    if not parts:
        return None
    content = to_bytes(parts)
    kept = kept_file(course, assignment)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(content)
    return content


def known_now(course: Course, assignment: Assignment, released: Path) -> dict[str, HomeNotebook]:
    """By notebook, what was released or made before and is up to date."""
    before: dict[str, HomeNotebook] = {}
    for path in (kept_file(course, assignment), released / HOME_FILE):
        before |= from_bytes(path.read_bytes() if path.is_file() else None)
    return {name: known for name, known in before.items() if not is_stale(course, assignment, name, known)}


def kept_file(course: Course, assignment: Assignment) -> Path:
    """Where what was made last is kept, for releases into other folders."""
    return course.work / assignment.name / HOME_FILE
