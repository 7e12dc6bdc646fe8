"""A student's folder as grading takes it, and what is lost on the way: found by reading, before anything runs.

Which text counts, `autograder.edits` decides, here as in grading and in the PDF.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nbformat import NotebookNode

from autograder.assignment import Assignment
from autograder.data.registry import STAND_INS
from autograder.edits import LaidCell, LaidNotebook, ReleasedCell, lay_files, lay_notebook, text_of
from autograder.errors import CourseError
from autograder.files import UTF_8, declared_encoding, decoded, never_submitted, python_files
from autograder.notebooks import parse_notebook, read_bytes, read_notebook
from autograder.questions import Kind, Question, kind_of, questions_in
from autograder.regions import ANSWER_HERE, Edit, RegionError, banner_of, find_regions
from autograder.report.read import find_released, full_name, read_files, released_cells, released_files
from autograder.syntax import plain_text
from autograder.words import conflict_in, counted, syntax_in_words

NO_CODE = ("#", "pass", "raise NotImplementedError")
STUBS = (ANSWER_HERE, "YOUR ANSWER HERE", "NotImplementedError")
MAX_BEFORE = 60  # characters of a line that are quoted


@dataclass(frozen=True)
class Finding:
    """Something that grading will not take as it is.

    Attributes:
        place: the file, or notebook and cell.
        text: what is wrong and what to do.
        costly: does work that was done, or a whole part of the assignment, count nothing because of it?
    """

    place: str
    text: str
    costly: bool

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


@dataclass(frozen=True)
class LaidFolder:
    """A student's folder laid onto what was handed out.

    Attributes:
        notebooks: name -> the notebook as grading runs it; as it is in the folder where nothing is there to compare.
        questions: all that there are, in the order of the notebooks.
        written: (notebook, cell) of the answers in which something is written.
        changed: path -> content of the .py files that grading has otherwise than the folder.
        compared: was the assignment there as it was handed out?
    """

    assignment: Assignment
    notebooks: Mapping[str, NotebookNode]
    questions: tuple[Question, ...]
    written: frozenset[tuple[str, str]]
    changed: Mapping[str, bytes]
    findings: tuple[Finding, ...]
    compared: bool


def lay_folder(folder: Path, assignment: Assignment, released: Path | None = None) -> LaidFolder:
    """Lay a folder onto what was handed out; nothing is executed or written.

    Args:
        released: the folder as it was handed out, where it is not beside it or in the course around it.

    Raises:
        CourseError: `released` is not a folder, or its notebooks cannot be read.
    """
    pristine = find_released(folder.resolve(), assignment.name, released)
    notebooks: dict[str, NotebookNode] = {}
    questions: list[Question] = []
    written: set[tuple[str, str]] = set()
    findings: list[Finding] = []
    for name in assignment.notebooks:
        cells = released_cells(pristine, name)
        if cells is not None and pristine is not None:
            there = questions_in(name, read_notebook(pristine / f"{name}.ipynb").cells, assignment.extra_credit)
            questions += there.values()
        theirs = read_theirs(folder / f"{name}.ipynb", assignment.notebooks, findings)
        if theirs is None:
            continue
        if cells is None or pristine is None:
            notebooks[name] = theirs
            questions += questions_in(name, theirs.cells, assignment.extra_credit).values()
            findings += broken_regions(f"{name}.ipynb", theirs.cells)
            written |= {(name, cell.id) for cell in theirs.cells if is_answered(cell.source, None)}
        else:
            laid = lay_notebook(f"{name}.ipynb", theirs.cells, cells)
            originals = read_notebook(pristine / f"{name}.ipynb").cells
            notebooks[name] = laid_notebook(laid, theirs, originals)
            findings += lost_in_notebook(laid, theirs, cells)
            written |= {
                (name, cell.id)
                for cell in laid.cells
                if cell.released is not None and is_answered(cell.text, cells[cell.released].text)
            }
        findings += unreadable_cells(f"{name}.ipynb", notebooks[name].cells)
    written &= {question.key for question in questions if question.by_hand}
    changed, lost = laid_library(folder, assignment, pristine)
    findings += [*lost, *missing_files(folder, assignment, notebooks, questions), *of_other_data(folder, assignment)]
    by_cost = sorted(findings, key=lambda finding: not finding.costly)
    return LaidFolder(
        assignment, notebooks, tuple(questions), frozenset(written), changed, tuple(by_cost), pristine is not None
    )


def is_answered(text: str, released: str | None) -> bool:
    """Has a student written something into this text? Blank lines do not count."""
    try:
        regions = find_regions(text)
    except RegionError:
        regions = ()
    lines = text.split("\n")
    inner = "\n".join("\n".join(lines[region.start + 1 : region.end]) for region in regions) if regions else text
    if released is not None:
        return bool(inner.strip()) and text.split() != released.split()
    return bool(inner.strip()) and not any(stub in inner for stub in STUBS)


# --- notebooks --------------------------------------------------------------------------------------------------------


def read_theirs(path: Path, known: Sequence[str], findings: list[Finding]) -> NotebookNode | None:
    """The student's notebook; None, and a finding, where there is none that can be read."""
    if not path.is_file():
        others = sorted(other.name for other in path.parent.glob("*.ipynb") if other.stem not in known)
        hint = f" There is: {', '.join(others[:5])}." if others else ""
        text = f"is not there, so nothing of it is graded. Put the notebook back under that name.{hint}"
        findings.append(Finding(path.name, text, True))
        return None
    try:
        notebook, mended = parse_notebook(read_bytes(path), path.name)
    except CourseError as error:
        findings.append(Finding(path.name, str(error).removeprefix(path.name).strip(), True))
        return None
    findings += [Finding(path.name, f"{text}. Jupyter does not open it.", True) for text in mended if "UTF-8" in text]
    return notebook


def laid_notebook(laid: LaidNotebook, theirs: NotebookNode, originals: Sequence[NotebookNode]) -> NotebookNode:
    """The notebook to run: given cells as they were handed out, the student's regions, and cells of their own."""
    cells = []
    for cell in laid.cells:
        own = None if cell.theirs is None else theirs.cells[cell.theirs]
        node = NotebookNode(own if cell.released is None else originals[cell.released], id=cell.id, source=cell.text)
        if own is not None and node.cell_type == own.cell_type == "code":
            node.outputs = own.outputs
        cells.append(node)
    return NotebookNode(theirs, cells=cells)


def lost_in_notebook(laid: LaidNotebook, theirs: NotebookNode, released: Sequence[ReleasedCell]) -> Iterator[Finding]:
    """What a student did in a notebook that grading does not take."""
    cells = {cell.id: cell for cell in laid.cells if cell.released is not None}
    places: dict[str, list[Edit]] = {}
    for edit in laid.edits:
        if not edit.is_own:
            places.setdefault(edit.place, []).append(edit)
    for place, edits in places.items():
        cell = cells.get(place.rpartition(": ")[2])
        if cell is None or cell.released is None:
            continue
        node = None if cell.theirs is None else theirs.cells[cell.theirs]
        yield lost_in_cell(place, edits, cell, node, released[cell.released])
    for note in laid.notes:
        if note.kind in ("changed cell", "moved cells", "merged cells"):
            place, _, text = note.text.partition(": ")
            yield Finding(place, f"{text}.", False)


def lost_in_cell(
    place: str, edits: Sequence[Edit], laid: LaidCell, theirs: NotebookNode | None, released: ReleasedCell
) -> Finding:
    """What the edits of one cell mean for its grade."""
    if theirs is None or edits[0].whole:
        if released.has_region or released.is_prose:
            return Finding(place, "the cell with your work was deleted, so nothing of it is graded. Undo that.", True)
        return Finding(place, "the cell was deleted. Grading puts it back.", False)
    if not released.has_region:
        return Finding(place, f"{changed_lines(edits)}. This cell is given: grading runs it as it was.", False)
    return lost_in_text(place, edits, theirs.source, laid.text, released.text)


def lost_in_text(place: str, edits: Sequence[Edit], theirs: str, laid: str, released: str) -> Finding:
    """What edits outside the regions of a cell or a file mean; `laid` is what is left of the student's text."""
    missing = [which for which in ("START", "END") if banners(theirs, which) < banners(released, which)]
    if len(missing) == 2:
        return Finding(
            place,
            f"the START and END lines around your code (near line {edits[0].line}) are gone, so it is not graded. "
            "Put them back.",
            True,
        )
    if missing:
        return Finding(place, f"the {missing[0]} line is missing near line {edits[0].line}. Put it back.", False)
    empty = unwritten(laid, released)
    beside = [edit for edit in edits if edit.after.strip() and function_at(theirs, edit.line - 1) in empty]
    if beside:
        text = f"your code in line {beside[0].line} is not between the START and END lines, so it is not graded."
        return Finding(place, f"{text} Move it there.", True)
    return Finding(
        place, f"{changed_lines(edits)}, outside START and END. Grading takes the text that was there.", False
    )


def banners(text: str, which: str) -> int:
    """How many START or END lines there are."""
    return sum((found := banner_of(line)) is not None and found["which"].upper() == which for line in text.splitlines())


def unwritten(laid: str, released: str) -> set[str]:
    """The functions with a region that is as it was handed out, or empty; "" for the text outside of functions."""
    lines, before = laid.split("\n"), released.split("\n")
    empty = set()
    for ours, given in zip(find_regions(laid), find_regions(released), strict=False):
        inner = [line.strip() for line in lines[ours.start + 1 : ours.end]]
        code = [
            line
            for line in inner
            if line and not line.startswith(("#", "raise NotImplementedError")) and line != "pass"
        ]
        if not code or inner == [line.strip() for line in before[given.start + 1 : given.end]]:
            empty.add(function_at(laid, ours.start))
    return empty


def function_at(text: str, line: int) -> str:
    """The name of the function and class around a 0-based line; "" outside of them, and where Python cannot read it."""
    return full_name("", text, line, "")


def changed_lines(edits: Sequence[Edit]) -> str:
    """Which lines were changed, in words."""
    words = [f"line {edit.line} was {edit.kind}" for edit in edits[:3]]
    more = f", and {counted(len(edits) - 3, 'more change')}" if len(edits) > 3 else ""
    return ", ".join(words) + more


def broken_regions(place: str, cells: Sequence[NotebookNode]) -> Iterator[Finding]:
    """Regions that lost their banners, where there is no original to compare with."""
    usual = any(banners(cell.source, "START") for cell in cells)
    for cell in cells:
        if usual and kind_of(cell) is Kind.WORK and not any(banners(cell.source, which) for which in ("START", "END")):
            yield Finding(f"{place}: {cell.id}", "the START and END lines are gone, so it is not graded.", True)
        if kind_of(cell) in (Kind.WORK, Kind.ANSWER):
            try:
                find_regions(cell.source)
            except RegionError as error:
                yield Finding(f"{place}: {cell.id}", f"{error}.", True)


def unreadable_cells(place: str, cells: Sequence[NotebookNode]) -> Iterator[Finding]:
    """Work cells that Python cannot read."""
    for cell in cells:
        if cell.cell_type == "code" and kind_of(cell) in (Kind.WORK, Kind.ANSWER):
            wrong = syntax_error(plain_text(cell.source))
            if wrong:
                yield Finding(f"{place}: {cell.id}", f"{wrong}. Nothing in this cell runs.", True)


def syntax_error(text: str) -> str:
    """What keeps Python from reading a text, with its line; "" where nothing does."""
    try:
        ast.parse(text)
    except SyntaxError as error:
        quoted = (error.text or "").strip()[:MAX_BEFORE]
        if conflict := conflict_in(text):
            return f"it {conflict}"
        return f"line {error.lineno}: {syntax_in_words(error)}" + (f":  {quoted}" if quoted else "")
    except (ValueError, RecursionError, MemoryError) as error:
        return f"Python cannot read it: {error or type(error).__name__}"
    return ""


# --- files ------------------------------------------------------------------------------------------------------------


def laid_library(folder: Path, assignment: Assignment, pristine: Path | None) -> tuple[dict[str, bytes], list[Finding]]:
    """The .py files that grading has otherwise than the folder, and what is lost in the library."""
    if pristine is None:
        return {}, list(broken_library(folder, assignment))
    released = released_files(pristine, assignment)
    own = read_files(folder, {*python_files(folder), *released})
    laid = lay_files(own, released)
    python = {path: content for path, content in laid.contents.items() if path.endswith(".py")}
    findings = [*missing_library(own, released), *strangers(own, released)]
    places: dict[str, list[Edit]] = {}
    for edit in laid.edits:
        if not edit.whole:
            places.setdefault(edit.place, []).append(edit)
    for path in python:
        if path not in own:
            continue
        read = decoded(own[path])
        if read is None:
            findings.append(Finding(path, "is not a text, so nothing of it is graded. Save it as UTF-8.", True))
            continue
        findings += badly_encoded(path, own[path])
        if path in places:
            left, given = text_of(laid.contents[path]) or "", text_of(released[path]) or ""
            findings.append(lost_in_text(path, places[path], read[0], left, given))
        if wrong := syntax_error(text_of(laid.contents[path]) or ""):
            findings.append(Finding(path, f"{wrong}. No check that needs this file passes.", True))
    strange = any(finding.place in own and finding.place not in released for finding in findings)
    differ = strange or any(own.get(path) != content for path, content in python.items())
    return (python if differ else {}), findings


def badly_encoded(path: str, content: bytes) -> Iterator[Finding]:
    """A file that editors show and Python cannot import."""
    read = decoded(content)
    if read and read[1] not in UTF_8 and not declared_encoding(content):
        yield Finding(path, f"is saved as {read[1]}, which Python does not read. Save it as UTF-8.", True)


def missing_library(own: Mapping[str, bytes], released: Mapping[str, bytes]) -> Iterator[Finding]:
    """Files with regions that are gone; a whole folder of them is one finding."""
    for top in dict.fromkeys(PurePosixPath(path).parts[0] for path in released):
        below = [
            path for path in released if PurePosixPath(path).parts[0] == top and b"YOUR CODE HERE" in released[path]
        ]
        gone = [path for path in below if path not in own]
        if below and not any(PurePosixPath(path).parts[0] == top for path in own) and gone != [top]:
            yield Finding(f"{top}/", "the folder is not there, so nothing of what you wrote in it is graded.", True)
        else:
            for path in gone:
                yield Finding(path, "is not there, so nothing of what you wrote in it is graded.", True)


def strangers(own: Mapping[str, bytes], released: Mapping[str, bytes]) -> Iterator[Finding]:
    """Modules of the student's own in the assignment's package."""
    packages = {PurePosixPath(path).parts[0] for path in released if "/" in path and path.endswith(".py")}
    for path in own:
        if path not in released and PurePosixPath(path).parts[0] in packages and not never_submitted(path):
            text = "does not belong to the homework, and grading leaves it out. Put it beside the notebooks."
            yield Finding(path, text, False)


def broken_library(folder: Path, assignment: Assignment) -> Iterator[Finding]:
    """What is wrong with the files that assignment.toml says have regions, without the originals."""
    if gone := [top for top in {name.split(".")[0] for name in assignment.blank} if not has_module(folder, top)]:
        yield Finding(f"{gone[0]}/", "the folder is not there, so nothing of what you wrote in it is graded.", True)
        return
    for path in dict.fromkeys(module_of(folder, name) for name in assignment.blank):
        content = read_files(folder, {path}).get(path)
        if content is None:
            yield Finding(path, "is not there, so nothing of what you wrote in it is graded.", True)
            continue
        text = text_of(content)
        if text is None:
            yield Finding(path, "is not a text, so nothing of it is graded. Save it as UTF-8.", True)
            continue
        yield from badly_encoded(path, content)
        try:
            if not find_regions(text):
                yield Finding(path, "the START and END lines are gone, so it is not graded. Put them back.", True)
        except RegionError as error:
            yield Finding(path, f"{error}.", True)
        if wrong := syntax_error(text):
            yield Finding(path, f"{wrong}. No check that needs this file passes.", True)


def has_module(folder: Path, name: str) -> bool:
    return (folder / name).is_dir() or (folder / f"{name}.py").is_file()


def module_of(folder: Path, region: str) -> str:
    """The path of the file that a region's full name belongs to."""
    parts = region.partition(":")[0].split(".")
    paths = ["/".join(parts[:end]) + ".py" for end in range(1, len(parts))]
    there = (path for path in paths if (folder / path).is_file())
    return next(there, next((path for path in reversed(paths) if (folder / path).parent.is_dir()), paths[0]))


def missing_files(
    folder: Path, assignment: Assignment, notebooks: Mapping[str, NotebookNode], questions: Sequence[Question]
) -> Iterator[Finding]:
    """Files that the notebooks should have made, with the questions that need them."""
    checks = {(name, cell.id): cell.source for name, nb in notebooks.items() for cell in nb.cells}
    for file in assignment.hand_in:
        if (folder / file).is_file():
            continue
        needing = [q for q in questions if re.search(rf"\b{re.escape(file)}\b", checks.get(q.key, ""))]
        names = ", ".join(f'"{question.title}"' for question in needing)
        verb = "earns" if len(needing) == 1 else "earn"
        whom = f"{names or 'the questions that need it'} {verb}"
        yield Finding(file, f"is not there: {whom} nothing without it. Run the cells that save it.", False)


def of_other_data(folder: Path, assignment: Assignment) -> Iterator[Finding]:
    """Weights that say that they were trained on data which the assignment does not name, such as a stand-in."""
    from autograder.expect.weights import trained_on  # with numpy, which nothing else needs here

    replaced = {stand_in: name for name, stand_in in STAND_INS.items()}
    for file in assignment.hand_in if assignment.data else ():
        path = folder / file
        named = trained_on(path.read_bytes()) if path.suffix == ".npz" and path.is_file() else ""
        if named and named not in assignment.data:
            counts = replaced[named] if replaced.get(named) in assignment.data else " and ".join(assignment.data)
            how = f"  autograder data {counts}  gets it." if replaced.get(named) == counts else ""
            text = f"was trained on {named}. What counts when graded is {counts}: train on that.{how}"
            yield Finding(file, text, False)
