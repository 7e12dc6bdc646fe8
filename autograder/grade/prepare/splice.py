"""Lays a submission onto the pristine assignment: regions from the student, everything else from the source.

Added cells stay, marked; what is missing comes back; of the library only regions are taken. Which cell is which, and
what was changed, `autograder.edits` finds. Bytes in, data out: nothing is executed and no file is touched.
"""

import itertools
import json
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.machinery import PathFinder
from pathlib import PurePosixPath

from nbformat import NotebookNode, from_dict

from autograder.edits import (
    LaidCell,
    LaidNotebook,
    Note,
    ReleasedCell,
    blameless,
    has_region,
    lay_files,
    lay_notebook,
    text_of,
)
from autograder.errors import CourseError
from autograder.files import TIMESTAMP, UTF_8, decoded
from autograder.grade.prepare.pristine import Pristine, PristineCell
from autograder.grade.run.sanitise import Output, clean_output, is_picture
from autograder.gradebook.results import EVIDENCE, RESULT
from autograder.intake.submission import Submission
from autograder.notebooks import parse_notebook
from autograder.regions import Edit

PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp")
TEXTS = (".md", ".txt", ".csv", ".json")
ACTING = re.compile(r"<|\]\s*[(\[:]")  # HTML, or a link, a picture or the address of one
PLAIN_BANNER = re.compile(r"^<!-- =+ (START|END) YOUR ANSWER HERE =+ -->$", re.MULTILINE)
MOST_OUTPUTS, MOST_SHOWN = 100, 8 * 2**20  # outputs, and bytes of them, that are kept below one cell


@dataclass(frozen=True)
class SplicedSubmission:
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


def splice_submission(submission: Submission, pristine: Pristine) -> SplicedSubmission:
    """Lay a submission onto the pristine assignment. Never raises for anything that a student can hand in."""
    notes = list(submission.notes)
    edits: list[Edit] = []
    notebooks, missing = {}, {}
    taken = find_notebooks(submission, pristine, notes)
    submission, taken = out_of_folder(submission, taken)
    submission = in_place(submission, pristine, notes)
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
        wanted = pristine.assignment.skips_in(name)
        versions = [version.notebooks[name] for version in pristine.versions if name in version.notebooks]
        notebooks[name] = splice_notebook(
            f"{name}.ipynb", theirs, cells, pristine.metadata[name], wanted, edits, notes, versions
        )
    files = splice_files(submission, pristine, edits, notes)
    files |= other_files(submission, pristine, files, set(taken.values()), notes)
    return SplicedSubmission(notebooks, missing, files, tuple(edits), tuple(notes))


# --- notebooks --------------------------------------------------------------------------------------------------------


def find_notebooks(submission: Submission, pristine: Pristine, notes: list[Note]) -> dict[str, str]:
    """Notebook name -> path of the file that is it: by its whole name, else as in what is collected."""
    found = {name: f"{name}.ipynb" for name in pristine.notebooks if f"{name}.ipynb" in submission.files}
    wanted = {name: [cell.id for cell in cells] for name, cells in pristine.notebooks.items() if name not in found}
    unknown = []
    for path, content in submission.files.items() if wanted else ():
        from autograder.intake.settle import cells_of, may_be_notebook, notebook_of  # of few submissions

        file_name = PurePosixPath(path).name
        if path in found.values() or not may_be_notebook(file_name):
            continue
        cells = cells_of(content)
        name = notebook_of(file_name, cells, wanted) if cells or file_name.lower().endswith(".ipynb") else ""
        if name:
            found.setdefault(name, path)
        elif cells:
            unknown.append(path)
    if len(pristine.notebooks) == len(unknown) == 1 and not found:
        found[next(iter(wanted))] = unknown[0]
    notes += [Note("renamed notebook", f"{found[name]} is taken for {name}.ipynb") for name in wanted if name in found]
    return found


def out_of_folder(submission: Submission, taken: dict[str, str]) -> tuple[Submission, dict[str, str]]:
    """The submission as if it lay where it belongs, where all its notebooks lie in one folder below; and their paths.

    What lies beside that folder stays, unless something in the folder has its path.
    """
    homes = {str(PurePosixPath(path).parent) for path in taken.values()}
    home = homes.pop() if len(homes) == 1 else "."
    if home == ".":
        return submission, taken
    inside = {
        path.removeprefix(f"{home}/"): content
        for path, content in submission.files.items()
        if path.startswith(f"{home}/")
    }
    outside = {path: content for path, content in submission.files.items() if not path.startswith(f"{home}/")}
    paths = {name: path.removeprefix(f"{home}/") for name, path in taken.items()}
    return replace(submission, files={**outside, **inside}), paths


def in_place(submission: Submission, pristine: Pristine, notes: list[Note]) -> Submission:
    """The submission with library and weights where they belong, as platforms lose folders and systems change case.

    A file that is missing is one of its name that lies elsewhere, where there is only one.
    """
    library = [path for path, text in pristine.library.items() if has_region(text)]
    wanted = [path for path in (*library, *pristine.assignment.hand_in) if path not in submission.files]
    ours = {*pristine.files, *pristine.assignment.hand_in}
    elsewhere: dict[str, list[str]] = {}
    for path in submission.files if wanted else ():
        if path not in ours:
            elsewhere.setdefault(PurePosixPath(path).name.casefold(), []).append(path)
    files = dict(submission.files)
    for path in wanted:
        found = elsewhere.get(PurePosixPath(path).name.casefold(), ())
        twins = [other for other in wanted if PurePosixPath(other).name == PurePosixPath(path).name]
        if len(found) == len(twins) == 1:
            files[path] = files.pop(found[0])
            notes.append(Note("renamed file", f"{found[0]} is taken for {path}"))
    return replace(submission, files=files)


def splice_notebook(
    place: str,
    theirs: NotebookNode,
    cells: Sequence[PristineCell],
    metadata: NotebookNode,
    wanted: Collection[str],
    edits: list[Edit],
    notes: list[Note],
    versions: Sequence[Sequence[ReleasedCell]] = (),
) -> NotebookNode:
    """The notebook to run; `edits` and `notes` take what is not in it.

    Args:
        wanted: ids of the cells below which what was handed in is kept, made safe to look at; nothing is judged by it.
        versions: the notebook as students may have got it, where it had other texts.
    """
    laid = lay_notebook(place, theirs.cells, [cell.released for cell in cells])
    others = versions if laid.edits or laid.notes else ()
    also = [lay_notebook(place, theirs.cells, version) for version in others]
    gone = {index for one, version in zip(also, others, strict=True) for index in untouched(one, theirs.cells, version)}
    kept = tuple(cell for cell in laid.cells if cell.released is not None or cell.theirs not in gone)
    laid = replace(laid, cells=kept)
    nodes = [
        added_node(theirs.cells[cell.theirs], cell)
        if cell.released is None
        else spliced_node(cells[cell.released], cell, None if cell.theirs is None else theirs.cells[cell.theirs])
        for cell in laid.cells
    ]
    for node, cell in zip(nodes, laid.cells, strict=True):
        if node.cell_type == "code" and node.id in wanted and cell.released is not None and cell.theirs is not None:
            node.outputs = [from_dict(output) for output in shown(theirs.cells[cell.theirs].get("outputs", ()))]
    found = blameless([laid, *also])
    edits += found[0]
    notes += found[1]
    theirs_too = {
        cell.id for cell in cells if cell.released.has_region or cell.released.is_prose or cell.released.is_free
    }
    given = {cell.id for cell in cells} - theirs_too
    for node in nodes:
        if node.cell_type == "markdown" and node.id not in given:
            make_harmless(node, place, notes)
    return NotebookNode(nbformat=4, nbformat_minor=5, metadata=metadata.copy(), cells=nodes)


def untouched(laid: LaidNotebook, theirs: Sequence[NotebookNode], released: Sequence[ReleasedCell]) -> Iterator[int]:
    """The indices of the student's cells that are as they were given."""
    for cell in laid.cells:
        if cell.theirs is None or cell.released is None:
            continue
        if theirs[cell.theirs].source.strip() == released[cell.released].text.strip():
            yield cell.theirs


def shown(outputs: Iterable[object]) -> Iterator[Output]:
    """The outputs of one cell that can be shown, as far as there is room."""
    room = MOST_SHOWN
    for output in itertools.islice(outputs, MOST_OUTPUTS):
        room -= len(json.dumps(output, default=str))
        if room < 0:
            yield {"output_type": "stream", "name": "stdout", "text": "… the rest of what was handed in is left out\n"}
            return
        if (clean := clean_output(output, None)) is not None:
            yield clean


def make_harmless(node: NotebookNode, place: str, notes: list[Note]) -> None:
    """Leave nothing in a student's text that could act in the browser of somebody who opens the graded notebook."""
    if may_act(node.source):
        from autograder.prose import harmless_markdown  # takes a while to import, and few need it

        harmless = harmless_markdown(node.source)
        if harmless != node.source:
            node.source = harmless
            notes.append(Note("unsafe text", f"{place}: {node.id}: HTML that could act in a browser is shown as text"))
    if node.get("attachments"):
        node.attachments = harmless_attachments(node.attachments)


def may_act(text: str) -> bool:
    """Is there more in a Markdown text than letters, formulas and banners, so that it must be looked at closely?"""
    return ACTING.search(PLAIN_BANNER.sub("", text)) is not None


def harmless_attachments(attachments: Mapping) -> NotebookNode:
    """Those that are pictures, by plain names."""
    kept = NotebookNode()
    for name, bundle in attachments.items():
        pictures = {mime: data for mime, data in bundle.items() if is_picture(mime, data)}
        if pictures and re.fullmatch(r"[\w. ()-]+", name):
            kept[name] = NotebookNode(pictures)
    return kept


def spliced_node(pristine: PristineCell, laid: LaidCell, theirs: NotebookNode | None) -> NotebookNode:
    """A cell of the assignment to run: the text with the student's work, or the graded text where there is none."""
    untouched = theirs is None or not (pristine.released.has_region or laid.text != pristine.released.text)
    node = NotebookNode(pristine.node, source=pristine.graded if untouched else laid.text)
    if theirs is not None and theirs.get("attachments") and node.cell_type != "code":
        node.attachments = theirs.attachments
    return node


def added_node(theirs: NotebookNode, laid: LaidCell) -> NotebookNode:
    """A cell that the student added, marked as such."""
    node = NotebookNode(
        cell_type=theirs.cell_type, id=laid.id, source=laid.text, metadata=NotebookNode(autograder={"added": True})
    )
    if theirs.cell_type == "code":
        node.update(execution_count=None, outputs=[])
    elif theirs.get("attachments"):
        node.attachments = theirs.attachments
    return node


# --- the files beside -------------------------------------------------------------------------------------------------


def splice_files(submission: Submission, pristine: Pristine, edits: list[Edit], notes: list[Note]) -> dict[str, bytes]:
    """The library with the student's regions in it, and the other files that came with the assignment, as they came."""
    released = pristine.files
    handed_in = {path: content for path, content in submission.files.items() if not path.endswith(".ipynb")}
    laid = lay_files(handed_in, released)
    also = [lay_files(handed_in, version.files) for version in pristine.versions if laid.edits or laid.notes]
    found = blameless([laid, *also])
    edits += found[0]
    notes += found[1]
    for path, ours in released.items():
        theirs = submission.files.get(path)
        if path in pristine.given:
            known = {ours, *(version.files.get(path) for version in pristine.versions)}
            if theirs is not None and theirs not in known and (text_of(ours) is None or text_of(theirs) is None):
                notes.append(Note("changed file", f"{path} came with the homework; the student's own is left out"))
        elif theirs is None and has_region(pristine.library[path]):
            if any(path not in version.files for version in pristine.versions):
                continue  # it is newer than what the student may have got
            notes.append(Note("missing file", f"{path} was not handed in: its regions are empty"))
        elif theirs is not None:
            read = decoded(theirs)
            if read is None:
                notes.append(Note("unreadable file", f"{path} is not a text: its regions are empty"))
            elif read[1] not in UTF_8:
                notes.append(Note("encoding", f"{path} is saved as {read[1]}, not as UTF-8; it is read as that"))
    return {**laid.contents, **pristine.given}


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
        given_before = any(version.files.get(path) == content for version in pristine.versions)
        if path in pristine.assignment.hand_in:
            kept[path] = content
        elif parts[0] in package and given_before:
            continue
        elif parts[0] in package:
            notes.append(Note("added file", f"{path} is not part of the library and is left out"))
        elif len(parts) > 1 and (parts[0] in (RESULT, EVIDENCE, TIMESTAMP) or parts[0].endswith(".ipynb")):
            notes.append(Note("added file", f"{path} lies in a folder named like a file of ours, and is left out"))
        elif path.endswith(".py"):
            if shadows(parts[0].removesuffix(".py")):
                notes.append(Note("added file", f"{path} has the name of a package that is in use, and is left out"))
            else:
                kept[path] = content
                if not given_before:
                    notes.append(Note("added file", f"{path} is the student's own module"))
        elif path.lower().endswith(PICTURES + TEXTS):
            kept[path] = content
    return kept


def shadows(name: str) -> bool:
    """Would a module of this name stand before one that Python or an installed package has?"""
    if name in sys.stdlib_module_names or name in ("autograder", "sitecustomize", "usercustomize"):
        return True
    return PathFinder.find_spec(name, [path for path in sys.path if path.endswith("site-packages")]) is not None
