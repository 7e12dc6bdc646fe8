"""What a student changed outside the regions, against the assignment as released."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from nbformat import NotebookNode

from autograder.regions import Edit, splice


def cell_names(cell: NotebookNode) -> set[str]:
    """The ids by which a cell may be known: its own and nbgrader's."""
    nbgrader = cell.metadata.get("nbgrader")
    second = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return {name for name in (cell.id, second) if isinstance(name, str)}


def released_texts(theirs: Sequence[NotebookNode], released: Sequence[NotebookNode]) -> dict[str, str]:
    """For each cell that came with the assignment its text as released, by the id that it has now.

    Cells are matched by id, then (editors may give new ids) by an unchanged text.
    """
    matched: dict[str, str] = {}
    left = list(released)
    for cell in theirs:
        same = next((one for one in left if cell_names(one) & cell_names(cell)), None)
        if same is not None:
            matched[cell.id] = same.source
            left.remove(same)
    for cell in theirs:
        if cell.id not in matched:
            same = next((one for one in left if one.source.strip() == cell.source.strip()), None)
            if same is not None:
                matched[cell.id] = same.source
                left.remove(same)
    return matched


def notebook_edits(
    name: str, theirs: Sequence[NotebookNode], released: Sequence[NotebookNode], matched: Mapping[str, str]
) -> list[Edit]:
    """The edits of one notebook: in its cells, cells added (empty ones do not count), cells deleted."""
    edits: list[Edit] = []
    for cell in theirs:
        place = f"{name}.ipynb: {cell.id}"
        if cell.id in matched:
            edits += answered(cell, matched[cell.id], place)
        elif cell.source.strip():
            edits.append(Edit(place, "added", 1, "", cell.source))
    there = set().union(*(cell_names(cell) for cell in theirs)) if theirs else set()
    kept = set(matched.values())
    for cell in released:
        if not cell_names(cell) & there and cell.source not in kept:
            edits.append(Edit(f"{name}.ipynb: {cell.id}", "deleted", 1, cell.source, ""))
    return edits


def answered(cell: NotebookNode, released: str, place: str) -> Sequence[Edit]:
    """The edits of one cell; an answer in prose that lost its banners is still the answer."""
    laid = splice(cell.source, released, place)
    is_answer = cell.cell_type == "markdown" and "YOUR ANSWER HERE" in released
    return () if is_answer and laid.text == released else laid.edits


def file_edits(folder: Path, released: Path, paths: Sequence[str]) -> list[Edit]:
    """The edits of the .py files: outside the regions of released files, files deleted, files added."""
    edits: list[Edit] = []
    for path in paths:
        before, after = text_of(released / path), text_of(folder / path)
        if before is None and after is not None:
            edits.append(Edit(path, "added", 1, "", after))
        elif after is None and before is not None:
            edits.append(Edit(path, "deleted", 1, before, ""))
        elif before is not None and after is not None:
            edits += splice(after, before, path).edits
    return edits


def text_of(path: Path) -> str | None:
    """The text of a file; None if there is none."""
    try:
        return path.read_text("utf-8", errors="replace") if path.is_file() and not path.is_symlink() else None
    except OSError:
        return None
