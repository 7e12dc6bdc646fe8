"""Source notebooks: what an author wrote, as .ipynb or as a percent script, with ids, kinds and points from the text.

An author writes cells; each says by itself what it is. A region makes it a work cell, a call of `expect` a check, a
region for an answer an answer; "(10 points)" in its first line says what it is worth. From that come the cell's id and
the metadata that nbgrader needs. What the file already says is kept: ids for good, metadata until `settle_source`
brings it in line with the text. Extra credit is the business of assignment.toml.
"""

import ast
import json
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.assignment import Assignment
from autograder.errors import CourseError
from autograder.expect.stated import expectations, parse
from autograder.files import write_atomically
from autograder.notebooks import CELL_ID, parse_notebook, read_bytes
from autograder.questions import (
    Kind,
    Question,
    Stated,
    all_stated_points,
    kind_of,
    leading_comment,
    marks_of,
    prose_lines,
    questions_in,
    stated_points,
    title_line,
    without_check,
    without_points,
)
from autograder.regions import banner_of
from autograder.syntax import plain_text
from autograder.who import CELL as STUDENT

NOTEBOOK, SCRIPT = ".ipynb", ".py"
HEADER = re.compile(r"#\s*%%+(?P<rest>(\s.*)?)")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_SLUG = 40
AGREE = "Change one of them; autograder lint --fix takes what the text says"
SHOWN_POINTS = '"(3 points)"'
FLAGS = {  # kind -> nbgrader's grade, solution, locked
    Kind.GIVEN: (False, False, True),
    Kind.WORK: (False, True, False),
    Kind.CHECK: (True, False, True),
    Kind.PRACTICE: (True, False, True),
    Kind.ANSWER: (True, True, False),
}
IN_WORDS = {
    Kind.GIVEN: "a given cell",
    Kind.WORK: "a work cell",
    Kind.CHECK: "a check",
    Kind.ANSWER: "an answer",
    Kind.PRACTICE: "a check for practice",
}
_MACHINE_MADE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # JupyterLab
    r"|(?=[a-z]*[0-9])[0-9a-f]{8}|cell-[0-9a-f]{16}"  # nbformat, VS Code; nbgrader
    r"|(?=.*[A-Z])(?=.*[a-z])(?=.*[0-9])[\w-]{12}"  # Colab
)
_NO_SPELLING = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l"})


@dataclass(frozen=True)
class CellReading:
    """What a cell's own text says: its kind, its points (None where it states none), and the line that names it."""

    kind: Kind
    stated: Stated | None
    title: str

    @property
    def points(self) -> float | None:
        return self.stated.points if self.stated else None


@dataclass(frozen=True)
class Remark:
    """Something about one cell of a source."""

    cell: str
    text: str


@dataclass(frozen=True)
class Source:
    """A source as it was read.

    Attributes:
        path: the file.
        notebook: a complete notebook of format 4.5, each cell with its id and nbgrader's metadata.
        changes: what its author's file does not say yet and `settle_source` would write.
        without_id: cells whose ids are made up again at each reading, because the file has none worth keeping.
        disagreements: where nbgrader's metadata says one thing and the text another.
    """

    path: Path
    notebook: NotebookNode
    changes: tuple[Remark, ...]
    without_id: tuple[Remark, ...]
    disagreements: tuple[Remark, ...]
    by_metadata: bool = False
    """Did its author mark the cells in Jupyter, as nbgrader has it? Then the metadata says what they are."""


# --- reading ----------------------------------------------------------------------------------------------------------


def source_path(folder: Path, notebook: str) -> Path:
    """The file of a source notebook: `notebook`.ipynb, or a percent script `notebook`.py.

    Raises:
        CourseError: both are there. (That neither is, reading says.)
    """
    path, script = folder / f"{notebook}{NOTEBOOK}", folder / f"{notebook}{SCRIPT}"
    if not is_script(script):
        if script.is_file() and not path.exists():
            raise CourseError(
                f"{script} is not a percent script: no line begins with  # %%  . Nor is there {path.name}."
            )
        return path
    if path.exists():
        raise CourseError(
            f"{path}: {script.name} is there too, and one of them would be ignored. Keep the one that you write in."
        )
    return script


def is_script(path: Path) -> bool:
    """Is the file a percent script, and not a module that lies beside the notebooks?"""
    if path.suffix != SCRIPT or not path.is_file():
        return False
    return any(HEADER.fullmatch(line) for line in path.read_text(encoding="utf-8", errors="replace").splitlines())


def read_source(assignment: Assignment, notebook: str) -> NotebookNode:
    """Return a source notebook with every cell's id and metadata.

    Raises:
        CourseError: the file is missing, is not a notebook, or a part of it is malformed.
    """
    return open_source(assignment, notebook).notebook


def source_questions(assignment: Assignment) -> tuple[Question, ...]:
    """Every question of an assignment, in the order of its notebooks and their cells.

    Raises:
        CourseError: as `read_source`.
    """
    return tuple(
        question
        for name in assignment.notebooks
        for question in questions_in(name, read_source(assignment, name).cells, assignment.extra_credit).values()
    )


def open_source(
    assignment: Assignment, notebook: str, *, text_wins: bool = False, known: Collection[str] = ()
) -> Source:
    """Read a source and work out what its file does not say.

    Args:
        text_wins: the text decides where it disagrees with the metadata; otherwise the metadata does.
        known: ids that students have already, which stay whatever they look like.

    Raises:
        CourseError: as `read_source`.
    """
    path = source_path(assignment.folder, notebook)
    content, headings = _script(path) if path.suffix == SCRIPT else (_content(path), ())
    given = [cell.get("id") for cell in content["cells"]]
    for number, cell in enumerate(content["cells"]):  # placeholders: no id in the file is a reason to refuse it
        cell["id"] = f"cell-{number}"
    nb, mended = parse_notebook(json.dumps(content | {"nbformat_minor": 5}).encode(), str(path))
    if mended:
        raise CourseError(f"{path}: {mended[0]}. Open it in Jupyter, mend that and save it.")
    for cell in nb.cells:
        cell.source = assignment.markup.usual(cell.source)
    if is_marked(nb):
        return _as_marked(path, nb, given)
    extra = {cell: points for (name, cell), points in assignment.extra_credit.items() if name == notebook}
    return _settled(path, nb, given, headings, extra, frozenset(known), text_wins)


def _content(path: Path) -> dict[str, Any]:
    """The JSON of a notebook that can be read, as it stands in the file."""
    data = read_bytes(path)
    parse_notebook(data, str(path))
    content = json.loads(data.decode("utf-8-sig"))
    if "cells" not in content:
        raise CourseError(f"{path} is of format {content['nbformat']}, of before 2015. Open it in Jupyter and save it.")
    for number, cell in enumerate(content["cells"], start=1):
        if not isinstance(cell, dict):
            raise CourseError(f"{path}: cell {number} is not a cell. Open it in Jupyter, mend that and save it.")
    return content


def _script(path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A percent script as the JSON of a notebook, and the name, with points, that each cell's header has.

    A title in words is part of what students read, so it becomes the first line of a code cell.
    """
    import jupytext

    try:
        text = read_bytes(path).decode("utf-8-sig")
        nb = jupytext.reads(text, fmt="py:percent")
    except UnicodeDecodeError as error:
        raise CourseError(f"{path} is not UTF-8 (byte {error.start}). Save it as UTF-8.") from None
    except Exception as error:
        raise CourseError(f"{path}: jupytext cannot read this script: {error}") from None
    headings = []
    for cell in nb.cells:
        title = str(cell.metadata.pop("title", ""))
        cell.metadata.pop("lines_to_next_cell", None)
        name = without_points(title)
        named = SLUG.fullmatch(name) is not None
        cell["id"] = cell.metadata.pop("id", None) or (name if named else None)
        if title and not named and cell.cell_type == "code" and title_line(cell) != title:
            [(magic, rest)] = re.findall(r"\A(%%[^\n]*\n)?(.*)", cell.source, re.DOTALL)
            cell.source = f"{magic}# {title}\n{rest}"
        headings.append(title if named else "")
    nb.metadata = {}
    return json.loads(json.dumps(nb)), tuple(headings)


# --- what a text says -------------------------------------------------------------------------------------------------


def read_cell(cell: NotebookNode, heading: str = "") -> CellReading:
    """Work out what a cell is from its text alone.

    Args:
        heading: the name and points in the cell's header, where the source is a script.
    """
    if cell.cell_type == "code":
        return _read_code(cell, heading)
    title = title_line(cell)
    before = []
    for line in prose_lines(cell.source):
        banner = banner_of(line)
        if banner and banner["opener"] == "<!--" and len(banner["indent"].expandtabs(4)) < 4:
            break
        before.append(line)
    else:
        return CellReading(Kind.GIVEN, None, title or heading)
    return CellReading(Kind.ANSWER, _stated([title, heading, *before]), title or heading)


def _read_code(cell: NotebookNode, heading: str) -> CellReading:
    title = title_line(cell)
    lines = [title, heading, *leading_comment(cell.source)]
    banners = [banner for line in cell.source.split("\n") if (banner := banner_of(line))]
    if banners:
        by_hand = any("ANSWER" in banner[0].upper() for banner in banners)
        return CellReading(Kind.ANSWER if by_hand else Kind.WORK, _stated(lines), title or heading)
    tree = _tree(cell.source)
    stated = _stated(lines)
    if any(True for _ in expectations(_executed(tree))):
        return CellReading(Kind.PRACTICE if stated and not stated.points else Kind.CHECK, stated, title or heading)
    bracketed = _stated(lines, trailing=False)
    if bracketed and any(_asserts(node) for node in ast.walk(_executed(tree))):
        return CellReading(Kind.CHECK if bracketed.points else Kind.PRACTICE, bracketed, title or heading)
    return CellReading(Kind.GIVEN, None, title or heading)


def _tree(source: str) -> ast.Module:
    """The syntax tree of a cell, IPython's own syntax understood; empty where it is not Python."""
    tree = parse(source)
    if not isinstance(tree, ast.Module):
        tree = parse(plain_text(source))
    return tree if isinstance(tree, ast.Module) else ast.Module([], [])


def _stated(lines: Sequence[str], trailing: bool = True) -> Stated | None:
    """The points stated in the first two lines (title and header); else the only ones stated in the others."""
    for line in lines[:2]:
        if found := stated_points(line, trailing):
            return found
    others = [found for line in lines[2:] for found in all_stated_points(line)]
    return others[0] if len(others) == 1 else None


def _executed(tree: ast.Module) -> ast.Module:
    """The code without the functions and classes that the cell itself never uses."""
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    kept = [node for node in tree.body if not isinstance(node, defined)]
    waiting = [node for node in tree.body if isinstance(node, defined)]
    while True:
        used = {part.id for node in kept for part in ast.walk(node) if isinstance(part, ast.Name)}
        called = [node for node in waiting if node.name in used]
        if not called:
            return ast.Module(kept, [])
        kept += called
        waiting = [node for node in waiting if node not in called]


def _asserts(node: ast.AST) -> bool:
    """Is it an assertion, or a call of a function that is called one?"""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return name.startswith("assert")
    return isinstance(node, ast.Assert)


# --- ids --------------------------------------------------------------------------------------------------------------


def slug(text: str) -> str:
    """A text as an id: small letters, digits and hyphens; "" where it has none of them."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)  # TwoLayerNet
    plain = unicodedata.normalize("NFKD", spaced.lower().translate(_NO_SPELLING))
    words = re.findall(r"[a-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c)))
    out = ""
    for word in words:
        if len(out) + len(word) >= MAX_SLUG and out:
            break
        out = f"{out}-{word}" if out else word[:MAX_SLUG]
    return out


def new_id(cell: NotebookNode, reading: CellReading, taken: Collection[str]) -> str:
    """A readable id that no other cell has, from the cell's title."""
    if _asks_who(cell, reading) and STUDENT not in taken:
        return STUDENT
    title = without_check(without_points(reading.title)).partition(": ")[0]
    name = slug(re.sub(r"(?i)\A(?:a|an|the)\s+(?=\w)", "", title)) or slug(_defined(cell))
    if reading.kind in (Kind.CHECK, Kind.PRACTICE):
        name = name if name.endswith("check") else f"{name}-check".strip("-")
    name = name or {Kind.ANSWER: "question", Kind.WORK: "work"}.get(reading.kind, "")
    name = name or ("code" if cell.cell_type == "code" else "text")
    number, chosen = 1, name
    while chosen in taken:
        number += 1
        chosen = f"{name}-{number}"
    return chosen


def _asks_who(cell: NotebookNode, reading: CellReading) -> bool:
    return reading.kind is Kind.WORK and {"name", "student_id"} <= set(re.findall(r"(?m)^(\w+) *=", cell.source))


def _defined(cell: NotebookNode) -> str:
    """The first function or class that a code cell defines."""
    nodes = _tree(cell.source).body if cell.cell_type == "code" else []
    return next((n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)), "")


def is_machine_made(name: str) -> bool:
    """Is it an id as editors make them, and no name that a person gave?"""
    return _MACHINE_MADE.fullmatch(name) is not None


# --- cells marked in Jupyter ------------------------------------------------------------------------------------------


def is_marked(nb: NotebookNode) -> bool:
    """Is it a notebook whose author marked the cells in Jupyter, and wrote neither banners nor expectations?"""
    if not any(marks_of(cell).get(key) for cell in nb.cells for key in ("grade", "solution", "task")):
        return False
    return not any(
        any(map(banner_of, cell.source.split("\n")))
        or (cell.cell_type == "code" and any(True for _ in expectations(_tree(cell.source))))
        for cell in nb.cells
    )


def _as_marked(path: Path, nb: NotebookNode, given: Sequence[Any]) -> Source:
    """The source as nbgrader reads it: every marked cell under its grade_id, all others free."""
    before = [dict(marks_of(cell)) for cell in nb.cells]
    for cell in nb.cells:
        if "nbgrader" in cell.metadata and cell.metadata.nbgrader.get("schema_version", 0) != 3:
            from nbgrader.nbgraderformat import MetadataValidator  # takes a while to import, and few need it

            MetadataValidator().upgrade_cell_metadata(cell)
        if not any(marks_of(cell).get(key) for key in ("grade", "solution", "locked", "task")):
            cell.metadata.pop("nbgrader", None)
    taken: set[str] = set()
    names = [str(marks_of(cell).get("grade_id") or "") for cell in nb.cells]
    for name in names:
        if name and name in taken:
            raise CourseError(f'{path}: two cells have the grade_id "{name}". Give one of them another in Jupyter.')
        taken.add(name)
    changes = []
    for cell, name, own, old in zip(nb.cells, names, given, before, strict=True):
        if name:
            cell.id = _usable(name) or slug(name) or "cell"
            cell.metadata.nbgrader = NotebookNode(_as_nbgrader_means_it(marks_of(cell), cell.id))
        else:
            free = _usable(own)
            cell.id = free if free and free not in taken else new_id(cell, read_cell(cell), taken)
        taken.add(cell.id)
        if cell.id != own or dict(marks_of(cell)) != old:
            changes.append(Remark(cell.id, "new id" if cell.id != own else "nbgrader's metadata completed"))
    return Source(path, nb, tuple(changes), (), (), by_metadata=True)


def _as_nbgrader_means_it(marks: Mapping[str, Any], name: str) -> dict[str, Any]:
    """nbgrader's metadata with every key that nbgrader reads; a check is locked, what students write in is not."""
    grade, solution, task = (bool(marks.get(key)) for key in ("grade", "solution", "task"))
    locked = not solution and (grade or task or bool(marks.get("locked")))
    kept = {key: value for key, value in marks.items() if key != "points" or grade or task}
    new = {"grade": grade, "grade_id": name, "locked": locked, "schema_version": 3, "solution": solution, "task": task}
    return dict(sorted((kept | new).items()))


# --- settling ---------------------------------------------------------------------------------------------------------


@dataclass
class _Cell:
    """One cell on its way: what the file gives it, and what becomes of it."""

    node: NotebookNode
    reading: CellReading
    given: str | None
    marks: Mapping[str, Any]  # nbgrader's metadata, {} where the file has none that is this cell's own
    id: str = ""
    new: bool = False
    copied: str | None = None  # the id that it has in the file, and an earlier cell too


def _settled(
    path: Path,
    nb: NotebookNode,
    given: Sequence[Any],
    headings: Sequence[str],
    extra: Mapping[str, float],
    known: frozenset[str],
    text_wins: bool,
) -> Source:
    cells = [
        _Cell(node, read_cell(node, headings[i] if headings else ""), _usable(given[i]), dict(marks_of(node)))
        for i, node in enumerate(nb.cells)
    ]
    _drop_copies(cells)
    _name(cells, known, rename=text_wins)
    changes, without_id, disagreements = [], [], []
    for cell in cells:
        disagreements += [Remark(cell.id, text) for text in _disagreements(cell, extra, path.stem)]
        if cell.new and (cell.given is None or cell.reading.kind is not Kind.GIVEN):
            copied = f', which has the id "{cell.copied}" of an earlier cell' if cell.copied else ""
            without_id.append(Remark(cell.id, f"{_described(cell.node)}{copied}"))
        marks = _marks(cell, extra, text_wins)
        was = cell.given if cell.given is not None and not is_machine_made(cell.given) else None
        said = [] if cell.id == cell.given else [f"id {was} -> {cell.id}" if was else "new id"]
        said += _told(cell, marks)
        if said:
            changes.append(Remark(cell.id, ", ".join(said)))
        cell.node.id = cell.id
        if marks:
            cell.node.metadata.nbgrader = NotebookNode(marks)
        else:
            cell.node.metadata.pop("nbgrader", None)
    return Source(path, nb, tuple(changes), tuple(without_id), tuple(disagreements))


def _usable(name: Any) -> str | None:
    return name if isinstance(name, str) and CELL_ID.fullmatch(name) else None


def _drop_copies(cells: Sequence[_Cell]) -> None:
    """Forget ids and metadata that came along when an author copied or split a cell."""
    ids: set[str] = set()
    for cell in cells:
        if cell.given in ids:
            cell.given, cell.copied = None, cell.given
        elif cell.given is not None:
            ids.add(cell.given)
    names: dict[str, list[_Cell]] = {}
    for cell in cells:
        names.setdefault(str(cell.marks.get("grade_id") or ""), []).append(cell)
    for name, owners in names.items():
        if name and len(owners) > 1:
            own = next((cell for cell in owners if cell.given == name), owners[0])
            for cell in owners:
                if cell is not own:
                    cell.marks = {}


def _name(cells: Sequence[_Cell], known: frozenset[str], rename: bool) -> None:
    """Give every cell its id: the one it has, nbgrader's where that is the only one of worth, or a new one.

    Args:
        known: ids that stay.
        rename: given cells get new ids too, where an editor made theirs.
    """
    for cell in cells:
        if grade_id := _usable(cell.marks.get("grade_id")):
            readable = cell.given is not None and not is_machine_made(cell.given)
            cell.id = cell.given if readable and cell.given else grade_id
        elif cell.given is not None:
            stays = not is_machine_made(cell.given) or cell.given in known
            if stays or (cell.reading.kind is Kind.GIVEN and not rename):
                cell.id = cell.given
    taken = {cell.id for cell in cells if cell.id}
    for cell in cells:
        if not cell.id:
            cell.id = new_id(cell.node, cell.reading, taken)
            cell.new = True
            taken.add(cell.id)


def _marks(cell: _Cell, extra: Mapping[str, float], text_wins: bool) -> Mapping[str, Any]:
    """nbgrader's metadata for a cell; {} for a text that is only to be read."""
    if not cell.marks:
        kind = cell.reading.kind
        if kind is Kind.GIVEN and cell.node.cell_type != "code":
            return {}
        return _flags({}, cell.id, kind, _points(cell, extra))
    marks = dict(cell.marks)
    if cell.new or not marks.get("grade_id"):
        marks["grade_id"] = cell.id
    if not text_wins:
        return marks
    marks["grade_id"] = cell.id
    kind = kind_of(cell.node)
    if _other_kind(cell):
        kind = cell.reading.kind
    whole = tuple(marks.get(key) for key in ("grade", "solution", "locked")) == FLAGS[kind]
    if not marks.get("task") and not (whole and marks.get("schema_version") == 3):
        marks = _flags(marks, cell.id, kind, marks.get("points"))
    points = _points(cell, extra)
    if kind in (Kind.CHECK, Kind.ANSWER, Kind.PRACTICE) and points is not None and points != marks.get("points"):
        marks["points"] = points
    return marks


def _flags(marks: Mapping[str, Any], name: str, kind: Kind, points: float | None) -> dict[str, Any]:
    grade, solution, locked = FLAGS[kind]
    values = {"grade": grade, "grade_id": name, "locked": locked}
    values |= {"points": points} if grade and points is not None else {}
    values |= {"schema_version": 3, "solution": solution, "task": False}
    kept = {key: value for key, value in marks.items() if key != "points" or grade}
    return dict(sorted((kept | values).items()))


def _points(cell: _Cell, extra: Mapping[str, float]) -> float | None:
    """The points for nbgrader's metadata: those that the text states, and 0 for extra credit."""
    if cell.id in extra:
        return 0
    points = cell.reading.points
    return int(points) if points is not None and points == int(points) else points


def _other_kind(cell: _Cell) -> bool:
    """Does the text make another kind of cell of it than the metadata does?"""
    says, has = cell.reading.kind, kind_of(cell.node)
    if says is has or says is Kind.GIVEN:
        return False  # a text without a sign of its own may be what the metadata says
    if {says, has} <= {Kind.CHECK, Kind.PRACTICE}:
        return False  # a matter of points
    if says is Kind.WORK and has is Kind.ANSWER:
        return False  # code that a person grades
    stated = cell.reading.stated is not None
    return stated if (says, has) in ((Kind.ANSWER, Kind.WORK), (Kind.CHECK, Kind.GIVEN)) else says is not Kind.PRACTICE


def _disagreements(cell: _Cell, extra: Mapping[str, float], notebook: str) -> list[str]:
    stated = cell.reading.stated
    if stated and stated.points and cell.reading.kind is Kind.WORK and not cell.marks.get("grade"):
        return [
            f'its text says "{stated.words}", but students write in it, so it earns none. Give the check a cell of its '
            "own; code that a person marks stands between banners that say YOUR ANSWER"
        ]
    says = f'its text says "{stated.words}"' if stated else ""
    if cell.id in extra:
        listed = f"extra_credit in assignment.toml {extra[cell.id]:g}"
        return [f"{says}, and {listed}. Change one of them"] if stated and stated.points != extra[cell.id] else []
    if stated and stated.extra_credit:
        line = f'"{notebook}:{cell.id}" = {stated.points:g}'
        return [f"{says}, but extra_credit in assignment.toml does not list it. Add there  {line}"]
    if not cell.marks:
        return []
    if _other_kind(cell):
        points = f' with "{stated.words}"' if stated else ""
        says, has = IN_WORDS[cell.reading.kind], IN_WORDS[kind_of(cell.node)]
        return [f"its text makes it {says}{points}, and nbgrader's metadata {has}. {AGREE}"]
    marked = cell.marks.get("points")
    if stated and cell.reading.kind is not Kind.WORK and cell.marks.get("grade") and marked != stated.points:
        return [f'its text says "{stated.words}", and nbgrader\'s metadata {marked!r} points. {AGREE}']
    return []


def _described(cell: NotebookNode) -> str:
    """A cell's first words, for somebody who looks for it."""
    line = next((line.strip() for line in cell.source.split("\n") if line.strip()), "")
    return f"{cell.cell_type} cell, {line[:50]!r}" if line else f"empty {cell.cell_type} cell"


def _told(cell: _Cell, marks: Mapping[str, Any]) -> list[str]:
    """What changes in a cell's metadata, in words."""
    before = marks_of(cell.node)
    if dict(before) == dict(marks):
        return []
    kind = kind_of({"metadata": {"nbgrader": dict(marks)}})
    if not cell.marks:
        points = f", {marks['points']:g} {'point' if marks['points'] == 1 else 'points'}" if "points" in marks else ""
        return [f"{IN_WORDS[kind]}{points}"]
    said = []
    if kind is not (was := kind_of(cell.node)):
        said.append(f"{IN_WORDS[was]} -> {IN_WORDS[kind]}")
    if before.get("points") != marks.get("points"):
        said.append(f"points {before.get('points')} -> {marks.get('points')}")
    if before.get("grade_id") != marks.get("grade_id") and before.get("grade_id") is not None:
        said.append(f"grade_id {before['grade_id']} -> {marks['grade_id']}")
    return said or ["nbgrader's metadata completed"]


# --- writing ----------------------------------------------------------------------------------------------------------


def settle_source(assignment: Assignment, notebook: str, known: Collection[str] = ()) -> tuple[Remark, ...]:
    """Write ids, kinds and points into a source file, where it does not say them yet, and return what was written.

    Everything else in the file stays as it is, to the byte where its JSON is laid out as Jupyter does it. A second call
    finds nothing to do.

    Raises:
        CourseError: as `read_source`, or the file cannot be written.
    """
    source = open_source(assignment, notebook, text_wins=True, known=known)
    data = read_bytes(source.path)
    if source.path.suffix == SCRIPT:
        text, changes = _settled_script(data.decode("utf-8-sig"), source)
    else:
        text, changes = _settled_json(data.decode("utf-8-sig"), source.notebook), source.changes
    new = (b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b"") + text.encode()
    if new == data or not changes:
        return ()
    write_atomically(source.path, new)
    return changes


def _settled_json(text: str, nb: NotebookNode) -> str:
    content = json.loads(text)
    if content == (new := _with_marks(content, nb)):
        return text
    layouts: list[dict[str, Any]] = [
        {"indent": indent, "ensure_ascii": ascii_only}
        for indent in (1, 2, 4, "\t", None)
        for ascii_only in (False, True)
    ]
    newline = "\r\n" if "\r\n" in text else "\n"
    end = text[len(text.rstrip()) :]
    body = text.rstrip().replace("\r\n", "\n")
    layout = next((one for one in layouts if json.dumps(content, **one) == body), layouts[0])
    return json.dumps(new, **layout).replace("\n", newline) + end


def _with_marks(content: dict[str, Any], nb: NotebookNode) -> dict[str, Any]:
    """The file's JSON with the ids and metadata of the notebook; keys keep their order, or their alphabetical one."""
    cells = []
    for old, cell in zip(content["cells"], nb.cells, strict=True):
        metadata = {key: value for key, value in old.get("metadata", {}).items() if key != "nbgrader"}
        if "nbgrader" in cell.metadata:
            metadata = _placed(old.get("metadata", {}), {"nbgrader": dict(cell.metadata.nbgrader)})
        cells.append(_placed(old, {"id": cell.id, "metadata": metadata}))
    minor = content.get("nbformat_minor")
    return content | {"cells": cells, "nbformat_minor": minor if isinstance(minor, int) and minor >= 5 else 5}


def _placed(old: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    new = dict(old) | dict(values)
    return dict(sorted(new.items())) if list(old) == sorted(old) else new


def _settled_script(text: str, source: Source) -> tuple[str, tuple[Remark, ...]]:
    """The script with an id in the header of each cell that had none."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(newline)
    headers = [number for number, line in enumerate(lines) if HEADER.fullmatch(line)]
    if len(headers) != len(source.notebook.cells):
        raise CourseError(
            f"{source.path}: {len(source.notebook.cells)} cells, but {len(headers)} lines that begin with  # %%  . "
            "Give each cell a header of its own."
        )
    changed = {remark.cell for remark in source.changes if remark.text.startswith("new id")}
    for number, cell in zip(headers, source.notebook.cells, strict=True):
        if cell.id in changed:
            lines[number] = _header(lines[number], cell.id)
    kept = [Remark(r.cell, r.text.partition(",")[0]) for r in source.changes if r.cell in changed]
    return newline.join(lines), tuple(kept)


def _header(line: str, name: str) -> str:
    """The header with the id as its title, or as a key where it has a title of its own."""
    rest = re.sub(r"\A#\s*%%+", "", line)
    start = line.removesuffix(rest)
    titled = re.sub(r"\[(?:markdown|md|raw)\]|\w+=.*", "", rest).strip()
    return f'{line.rstrip()} id="{name}"' if titled else f"{start} {name}{rest.rstrip()}"
