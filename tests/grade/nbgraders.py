"""Courses as people write them for nbgrader, one style each, and hand-ins: full, half of it, the other half, blank.

A course is a text in `courses/`: `=== kind name points` begins a cell. Solutions stand between nbgrader's markers.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbgrader
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.course import Course
from autograder.notebooks import read_notebook, write_notebook

TEXTS = Path(__file__).with_name("courses")
DOCUMENTATION = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide" / "source" / "ps1"
STUDENTS = ("full", "half", "other-half", "blank")
FLAGS = {  # kind -> grade, solution, locked, task
    "locked": (False, False, True, False),
    "work": (False, True, False, False),
    "check": (True, False, True, False),
    "manual": (True, True, False, False),
    "answer": (True, True, False, False),
    "task": (False, False, True, True),
}


@dataclass(frozen=True)
class PublicStyle:
    """A course of the tests.

    Attributes:
        texts: its notebooks, each a text of `courses/`.
        files: what lies beside them there.
        documentation: has it the notebooks of nbgrader's own documentation too?
        own: nbgrader's markers -> the course's own.
        options: what its nbgrader_config.py says of them, and of stubs and time.
    """

    texts: Sequence[str]
    files: Sequence[str] = ()
    documentation: bool = False
    own: Mapping[str, str] = field(default_factory=dict)
    options: str = ""

    def notebooks(self, old_schema: int = 1) -> dict[str, NotebookNode]:
        """Its source notebooks; `old_schema` is the version of the metadata of the text `old`."""
        ours = {text: source_notebook(text, old_schema if text == "old" else 3) for text in self.texts}
        theirs = DOCUMENTATION.glob("*.ipynb") if self.documentation else ()
        return ours | {path.stem: read_notebook(path) for path in sorted(theirs)}

    def write(self, root: Path, config: str, old_schema: int = 1) -> Course:
        """The course as a folder."""
        notebooks = self.notebooks(old_schema)
        for cell in (cell for nb in notebooks.values() for cell in nb.cells):
            for usual, own in self.own.items():
                cell.source = cell.source.replace(usual, own)
        course = write_course(root, notebooks, config + self.options)
        for name in self.files:
            shutil.copy(TEXTS / name, course.source / "ps1")
        return course


OWN = {
    "BEGIN SOLUTION": "STARTS MY SOLUTION",
    "END SOLUTION": "ENDS MY SOLUTION",
    "BEGIN HIDDEN TESTS": "STARTS SECRET TESTS",
    "END HIDDEN TESTS": "ENDS SECRET TESTS",
}
OPTIONS = """
c = get_config()
c.ClearSolutions.begin_solution_delimeter = "STARTS MY SOLUTION"
c.ClearSolutions.end_solution_delimeter = "ENDS MY SOLUTION"
c.ClearSolutions.code_stub = {"python": "# Write here\\n..."}
c.ClearHiddenTests.begin_test_delimeter = "STARTS SECRET TESTS"
c.ClearHiddenTests.end_test_delimeter = "ENDS SECRET TESTS"
c.Execute.timeout = 45
"""

COURSES = {
    "problems": PublicStyle(["asserts", "autotest", "credit", "numeric", "old", "tools"], documentation=True),
    "sales": PublicStyle(["sales"], ["sales.csv"]),
    "intro": PublicStyle(["intro"]),
    "numerics": PublicStyle(["numerics"], own=OWN, options=OPTIONS),
    "models": PublicStyle(["models"]),
}


def source_notebook(style: str, schema: int = 3) -> NotebookNode:
    """The instructor's notebook; `schema` is the version of nbgrader's metadata."""
    cells = []
    for part in (TEXTS / f"{style}.txt").read_text().split("=== ")[1:]:
        header, _, text = part.partition("\n")
        kind, name, points, *_ = [*header.split(), "", ""]
        make = new_markdown_cell if kind in ("answer", "task") else new_code_cell
        cell = make(text.rstrip("\n"))
        if kind != "given":
            cell.metadata.nbgrader = marks(kind, name, points, schema)
        cells.append(cell)
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def marks(kind: str, name: str, points: str, schema: int) -> dict:
    grade, solution, locked, task = FLAGS[kind]
    found = {"grade": grade, "grade_id": name, "locked": locked, "schema_version": schema, "solution": solution}
    if schema == 3:
        found["task"] = task
    if points:
        found["points"] = float(points)
    elif schema == 1:
        found["points"] = 0.0  # version 1 had them in every cell
    return found


def write_course(root: Path, notebooks: dict[str, NotebookNode], config: str, name: str = "ps1") -> Course:
    """A course with one assignment."""
    source = root / "source" / name
    source.mkdir(parents=True)
    (root / "nbgrader_config.py").write_text(config)
    (source / "assignment.toml").write_text(f'title = "Problems"\nnotebooks = {json.dumps(sorted(notebooks))}\n')
    for notebook, content in notebooks.items():
        write_notebook(content, source / f"{notebook}.ipynb")
    shutil.copy(Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide" / "autotests.yml", root)
    return Course(root)


def hand_in(course: Course, name: str = "ps1") -> None:
    """Everybody's submissions, made from what was released and the instructor's solutions."""
    for student in STUDENTS:
        folder = Path(shutil.copytree(course.release_dir / name, course.submitted / student / name))
        for path in sorted(folder.glob("*.ipynb")):
            nb = read_notebook(path)
            solved = {name_of(cell): cell.source for cell in read_notebook(course.source / name / path.name).cells}
            work = [cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("solution")]
            half = (len(work) + 1) // 2
            chosen = {"full": work, "half": work[:half], "other-half": work[half:], "blank": []}[student]
            for cell in chosen:
                lines = solved[name_of(cell)].split("\n")
                cell.source = "\n".join(line for line in lines if "SOLUTION" not in line)
            write_notebook(nb, path)


def name_of(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")
