"""Lays a submission onto the pristine assignment: regions from the student, everything else from the source.

Cells are matched by id, then by what they say; extra cells stay, marked; what is missing comes back. Of the library
only regions are taken. Bytes in, data out: nothing is executed and no file is touched.
"""

import difflib
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import PurePosixPath

from nbformat import NotebookNode

from autograder.errors import CourseError
from autograder.grade.prepare.pristine import Pristine, PristineCell
from autograder.grade.run.sanitise import is_picture
from autograder.gradebook.store import RESULT
from autograder.intake.submission import TIMESTAMP, Note, Submission
from autograder.notebooks import parse_notebook
from autograder.regions import Edit, splice, starts_region

LIKE_ENOUGH = 0.6
MAX_COMPARED = 20_000
MAX_LIKENED = 200  # cells that are compared with those of ours that were not found by their ids
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp")
TEXTS = (".md", ".txt", ".csv", ".json")


@dataclass(frozen=True)
class Spliced:
    """A submission, ready to run.

    Attributes:
        notebooks: name -> notebook, for those that were handed in and can be read.
        missing: name -> why there is no notebook of that name.
        files: path -> content of what lies beside the notebooks: the library, what came with the assignment, weights,
            pictures, own modules.
        edits: every difference outside the regions; none of them is in `notebooks` or `files`.
    """

    notebooks: Mapping[str, NotebookNode]
    missing: Mapping[str, str]
    files: Mapping[str, bytes]
    edits: tuple[Edit, ...]
    notes: tuple[Note, ...]


def splice_submission(submission: Submission, pristine: Pristine) -> Spliced:
    """Lay a submission onto the pristine assignment. Never raises for anything that a student can hand in."""
    notes = list(submission.notes)
    edits: list[Edit] = []
    notebooks, missing = {}, {}
    taken = find_notebooks(submission, pristine, notes)
    for name, cells in pristine.notebooks.items():
        path = taken.get(name)
        if path is None:
            missing[name] = f"{name}.ipynb was not handed in"
            notes.append(Note("missing notebook", missing[name]))
            continue
        try:
            theirs, mended = parse_notebook(submission.files[path], path)
        except CourseError as error:
            missing[name] = str(error)
            notes.append(Note("unreadable notebook", str(error)))
            continue
        notes += [Note("mended notebook", f"{path}: {text}") for text in mended[:10]]
        notebooks[name] = splice_notebook(f"{name}.ipynb", theirs, cells, pristine.metadata[name], edits, notes)
    files = splice_library(submission, pristine.library, edits, notes)
    files |= splice_given(submission, pristine.given, edits, notes)
    files |= other_files(submission, pristine, files, set(taken.values()), notes)
    return Spliced(notebooks, missing, files, tuple(edits), tuple(notes))


# --- notebooks --------------------------------------------------------------------------------------------------------


def find_notebooks(submission: Submission, pristine: Pristine, notes: list[Note]) -> dict[str, str]:
    """Notebook name -> path of the file that is it: by name, else by most of its cells' ids."""
    handed_in = [path for path in submission.files if path.endswith(".ipynb")]
    found = {name: f"{name}.ipynb" for name in pristine.notebooks if f"{name}.ipynb" in handed_in}
    for name, cells in pristine.notebooks.items():
        if name in found:
            continue
        wanted = {f'"{cell.id}"'.encode() for cell in cells}
        for path in handed_in:
            if path in found.values():
                continue
            there = sum(id in submission.files[path] for id in wanted)
            if there > len(wanted) / 2:
                found[name] = path
                notes.append(Note("renamed notebook", f"{path} is taken for {name}.ipynb"))
                break
    return found


def splice_notebook(
    place: str,
    theirs: NotebookNode,
    cells: Sequence[PristineCell],
    metadata: NotebookNode,
    edits: list[Edit],
    notes: list[Note],
) -> NotebookNode:
    """The notebook to run; `edits` and `notes` take what is not in it."""
    matched = match_cells(theirs.cells, cells)
    chosen = {theirs_index: index for index, theirs_index in matched.items()}
    out: list[NotebookNode] = []
    extra = extra_cells(theirs.cells, chosen, cells, place, notes)
    out += extra.pop(-1, [])
    for index, cell in enumerate(cells):
        if index in matched:
            out.append(splice_cell(place, theirs.cells[matched[index]], cell, edits, notes))
        else:
            out.append(NotebookNode(cell.node, source=cell.graded))
            edits.append(Edit(f"{place}: {cell.id}", "deleted", 1, cell.released, ""))
            notes.append(Note("restored cell", f"{place}: the cell {cell.id} was deleted; it is back"))
        out += extra.pop(index, [])
    if list(matched.values()) != sorted(matched.values()):
        notes.append(Note("moved cells", f"{place}: cells were moved; they run in their original order"))
    unique_ids(out, {cell.id for cell in cells})
    given = {cell.id for cell in cells if not (cell.has_region or cell.is_answer)}
    for node in out:
        if node.cell_type == "markdown" and node.id not in given:
            make_harmless(node, place, notes)
    return NotebookNode(nbformat=4, nbformat_minor=5, metadata=metadata.copy(), cells=out)


def make_harmless(node: NotebookNode, place: str, notes: list[Note]) -> None:
    """Leave nothing in a student's text that could act in the browser of somebody who opens the graded notebook."""
    if re.search(r"[<\[]", node.source):
        from autograder.report.prose import harmless_markdown  # takes a while to import, and few need it

        harmless = harmless_markdown(node.source)
        if harmless != node.source:
            node.source = harmless
            notes.append(Note("unsafe text", f"{place}: {node.id}: HTML that could act in a browser is shown as text"))
    if node.get("attachments"):
        node.attachments = harmless_attachments(node.attachments)


def harmless_attachments(attachments: Mapping) -> NotebookNode:
    """Those that are pictures, by plain names."""
    kept = NotebookNode()
    for name, bundle in attachments.items():
        pictures = {mime: data for mime, data in bundle.items() if is_picture(mime, data)}
        if pictures and re.fullmatch(r"[\w. ()-]+", name):
            kept[name] = NotebookNode(pictures)
    return kept


def splice_cell(
    place: str, theirs: NotebookNode, cell: PristineCell, edits: list[Edit], notes: list[Note]
) -> NotebookNode:
    where = f"{place}: {cell.id}"
    if theirs.cell_type != cell.node.cell_type:
        notes.append(
            Note("changed cell", f"{where} was turned into a {theirs.cell_type} cell; it is {cell.node.cell_type}")
        )
    laid = splice(theirs.source, cell.released, where)
    node = NotebookNode(cell.node, source=laid.text if cell.has_region else cell.graded)
    if cell.is_answer and laid.text == cell.released and theirs.source.strip() != cell.released.strip():
        node.source = theirs.source
    else:
        edits += laid.edits
    if theirs.get("attachments") and cell.node.cell_type != "code":
        node.attachments = theirs.attachments
    return node


def match_cells(theirs: Sequence[NotebookNode], cells: Sequence[PristineCell]) -> dict[int, int]:
    """Index of a pristine cell -> index of the student's cell that is it."""
    by_id: dict[str, list[int]] = defaultdict(list)
    for index, cell in enumerate(theirs):
        for name in {cell.get("id"), grade_id(cell)}:
            by_id[name].append(index)
    matched: dict[int, int] = {}
    used: set[int] = set()
    for index, cell in enumerate(cells):
        candidates = [i for i in by_id.get(cell.id, ()) if i not in used]
        if candidates:
            matched[index] = worked_on(theirs, candidates, cell) if cell.has_region else candidates[0]
            used.add(matched[index])
    left = [index for index in range(len(cells)) if index not in matched]
    free = [index for index in range(len(theirs)) if index not in used]
    texts = [cell.source.strip() for cell in theirs]
    for index in list(left):
        released = cells[index].released.strip()
        same = [i for i in free if texts[i] == released]
        if same:
            matched[index] = same[0]
            free.remove(same[0])
            left.remove(index)
    for index in left:
        likeness = {i: likeness_of(theirs[i], cells[index]) for i in free[:MAX_LIKENED]}
        best = max(likeness, key=likeness.__getitem__, default=None)
        if best is not None and likeness[best] >= LIKE_ENOUGH:
            matched[index] = best
            free.remove(best)
    return matched


def worked_on(theirs: Sequence[NotebookNode], candidates: Sequence[int], cell: PristineCell) -> int:
    """Which of several cells with a cell's id is the student's work.

    A copy keeps nbgrader's id, whatever becomes of it, as does what is split off. The last one with a region counts, or
    where none has one, the cell with the id itself.
    """
    changed = [i for i in candidates if theirs[i].source.strip() != cell.released.strip()] or candidates
    same_type = [i for i in changed if theirs[i].cell_type == cell.node.cell_type] or changed
    with_region = [i for i in same_type if any(map(starts_region, theirs[i].source.splitlines()))]
    by_id = [i for i in same_type if theirs[i].get("id") == cell.id]
    return (with_region or by_id or same_type)[-1]


def grade_id(cell: NotebookNode) -> str | None:
    nbgrader = cell.metadata.get("nbgrader")
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return name if isinstance(name, str) else None


def likeness_of(theirs: NotebookNode, cell: PristineCell) -> float:
    """From 0 to 1: how much of the released text is still in the student's cell."""
    if theirs.cell_type != cell.node.cell_type or len(theirs.source) > MAX_COMPARED:
        return 0.0
    ours = Counter(line.strip() for line in cell.released.splitlines() if line.strip())
    there = Counter(line.strip() for line in theirs.source.splitlines() if line.strip())
    kept = (ours & there).total() / max(ours.total(), 1)
    shorter, longer = sorted((len(theirs.source), len(cell.released)))
    if not kept or 2 * shorter < LIKE_ENOUGH * (shorter + longer):  # no ratio could be enough
        return kept
    return max(kept, difflib.SequenceMatcher(None, theirs.source, cell.released).quick_ratio())


def extra_cells(
    theirs: Sequence[NotebookNode],
    chosen: Mapping[int, int],
    cells: Sequence[PristineCell],
    place: str,
    notes: list[Note],
) -> dict[int, list[NotebookNode]]:
    """Cells that the student added, by the index of the pristine cell that they follow (-1: before the first)."""
    released = {cell.released.strip() for cell in cells}
    extra: dict[int, list[NotebookNode]] = defaultdict(list)
    after = -1
    count = 0
    for index, cell in enumerate(theirs):
        if index in chosen:
            after = chosen[index]
            continue
        if not cell.source.strip() or cell.source.strip() in released:
            continue
        node = NotebookNode(
            cell_type=cell.cell_type, id=cell.id, source=cell.source, metadata=NotebookNode(autograder={"added": True})
        )
        if cell.cell_type == "code":
            node.update(execution_count=None, outputs=[])
        elif cell.get("attachments"):
            node.attachments = cell.attachments
        extra[after].append(node)
        count += 1
    if count:
        notes.append(Note("added cells", f"{place}: {count} cell{'s' * (count > 1)} added"))
    return extra


def unique_ids(nodes: Sequence[NotebookNode], reserved: set[str]) -> None:
    """Give added cells ids that no other cell has."""
    taken = set(reserved)
    number = 0
    for node in nodes:
        if "autograder" not in node.metadata:
            continue
        while node.id in taken:
            number += 1
            node.id = f"added-{number}"
        taken.add(node.id)


# --- the files beside -------------------------------------------------------------------------------------------------


def splice_library(
    submission: Submission, library: Mapping[str, str], edits: list[Edit], notes: list[Note]
) -> dict[str, bytes]:
    """The library with the student's regions in it; where a file is missing, its holes stay."""
    out = {}
    for path, released in library.items():
        content = submission.files.get(path)
        text = decode(content) if content is not None else None
        if text is None:
            out[path] = released.encode()
            if content is not None:
                notes.append(Note("unreadable file", f"{path} is not UTF-8 text: its regions are empty"))
            elif "YOUR CODE HERE" in released:
                notes.append(Note("missing file", f"{path} was not handed in: its regions are empty"))
            continue
        laid = splice(text, released, path)
        out[path] = laid.text.encode("utf-8", "surrogatepass")
        edits += laid.edits
    return out


def splice_given(
    submission: Submission, given: Mapping[str, bytes], edits: list[Edit], notes: list[Note]
) -> dict[str, bytes]:
    """The files that came with the assignment, as they came: they have no regions."""
    for path, ours in given.items():
        theirs = submission.files.get(path, ours)
        if theirs == ours:
            continue
        old, new = decode(ours), decode(theirs)
        if old is None or new is None or "\0" in old + new:
            notes.append(Note("changed file", f"{path} came with the homework; the student's own is left out"))
        else:
            edits += splice(new, old.replace("\r\n", "\n"), path).edits
    return dict(given)


def decode(content: bytes) -> str | None:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def other_files(
    submission: Submission, pristine: Pristine, ours: Mapping[str, bytes], taken: set[str], notes: list[Note]
) -> dict[str, bytes]:
    """What else lies beside the notebooks and may: weights, the student's own modules, pictures, small texts."""
    package = {PurePosixPath(path).parts[0] for path in pristine.library}
    kept = {}
    for path, content in submission.files.items():
        parts = PurePosixPath(path).parts
        if path in ours or path in taken or path.endswith(".ipynb"):
            continue
        if path in pristine.assignment.hand_in:
            kept[path] = content
        elif parts[0] in package:
            notes.append(Note("added file", f"{path} is not part of the library and is left out"))
        elif len(parts) > 1 and (parts[0] in (RESULT, TIMESTAMP) or parts[0].endswith(".ipynb")):
            notes.append(Note("added file", f"{path} lies in a folder named like a file of ours, and is left out"))
        elif path.endswith(".py"):
            if shadows(parts[0].removesuffix(".py")):
                notes.append(Note("added file", f"{path} has the name of a package that is in use, and is left out"))
            else:
                kept[path] = content
                notes.append(Note("added file", f"{path} is the student's own module"))
        elif path.lower().endswith(PICTURES + TEXTS):
            kept[path] = content
    return kept


def shadows(name: str) -> bool:
    """Would a module of this name stand before one that Python or an installed package has?"""
    if name in sys.stdlib_module_names or name in ("autograder", "sitecustomize", "usercustomize"):
        return True
    return PathFinder.find_spec(name, [path for path in sys.path if path.endswith("site-packages")]) is not None
