"""What a student changed outside the regions, and what is left of the submission without it.

Grading runs what this module gives, and the student's own PDF and the instructor's report show the edits it finds: all
three ask here, so they agree. Pure: cells and texts in, data out; nothing is executed and no file is touched.
"""

import difflib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nbformat import NotebookNode

from autograder.files import DATA_SETS, decoded, never_submitted
from autograder.given import taken_in
from autograder.notes import Note
from autograder.questions import Kind, kind_of, marks_of, students_write
from autograder.regions import (
    Edit,
    RegionError,
    Spliced,
    banner_of,
    find_regions,
    pair_in_order,
    shown,
    splice,
    starts_region,
)

LIKE_ENOUGH = 0.6
GAP = "\n\n"  # what notebooks put between cells that are merged
CERTAIN = 1000.0  # the likeness of a pair that is known
SAME = 1.5  # the likeness of a cell with exactly the released text
MAX_COMPARED = 20_000  # characters of a cell that is compared with others
MAX_LIKENED = 200  # cells that are compared with those of ours that were not found by their ids


@dataclass(frozen=True)
class ReleasedCell:
    """A cell as students got it.

    Attributes:
        has_region: is there a part that students write?
        is_prose: does a student write text here, which counts whole where its banners are gone?
        is_free: is all of it the student's? So it is in nbgrader where a cell is not locked.
    """

    id: str
    cell_type: str
    text: str
    has_region: bool
    is_prose: bool
    is_free: bool = False


@dataclass(frozen=True)
class LaidCell:
    """One cell of a notebook in which everything outside the regions is as released.

    Attributes:
        theirs: its index in the submitted notebook, None where it was deleted.
        released: its index in the released one, None where the student added it.
    """

    id: str
    text: str
    theirs: int | None
    released: int | None


@dataclass(frozen=True)
class LaidNotebook:
    """A submitted notebook laid onto the released one, and what is not in it."""

    cells: tuple[LaidCell, ...]
    edits: tuple[Edit, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class LaidFiles:
    """The released files with the student's regions in them, and what is not in them."""

    contents: Mapping[str, bytes]
    edits: tuple[Edit, ...]
    notes: tuple[Note, ...]


def released_cell(cell: NotebookNode, text: str | None = None) -> ReleasedCell:
    """The cell of a released notebook; `text` in place of its source.

    Raises:
        RegionError: its regions are malformed.
    """
    text = cell.source if text is None else text
    has_region = bool(find_regions(text))
    is_prose = kind_of(cell) is Kind.ANSWER or (has_region and cell.cell_type == "markdown")
    unlocked = students_write(cell) or (cell.cell_type == "code" and not marks_of(cell))
    return ReleasedCell(cell.id, cell.cell_type, text, has_region, is_prose, unlocked and not has_region)


# --- a notebook -------------------------------------------------------------------------------------------------------


def lay_notebook(place: str, theirs: Sequence[NotebookNode], released: Sequence[ReleasedCell]) -> LaidNotebook:
    """Lay a notebook's cells onto the released ones: regions from the student, everything else as released.

    Cells are matched by id, then by what they say. Cells that the student added stay where they are; what was deleted
    comes back; all are in their original order.

    Args:
        place: what edits and notes call the notebook ("knn.ipynb").
    """
    matched = match_cells(theirs, released)
    merged = merged_cells(theirs, matched, released)
    matched |= {ours: index for index, window in merged.items() for ours in window}
    added = added_cells(theirs, {matched[ours]: ours for ours in sorted(matched)}, released)
    ids = free_ids([theirs[index].id for follow in added.values() for index in follow], {c.id for c in released})
    cells: list[LaidCell] = []
    edits: list[Edit] = []
    notes: list[Note] = []

    def add_following(ours: int) -> None:
        for index in added.get(ours, ()):
            cell = LaidCell(next(ids), theirs[index].source, index, None)
            edits.append(Edit(f"{place}: {cell.id}", "added", 1, "", shown(cell.text.split("\n")), whole=True))
            cells.append(cell)

    add_following(-1)
    for ours, cell in enumerate(released):
        where = f"{place}: {cell.id}"
        index = matched.get(ours)
        if index in merged:
            window = merged[index]
            if ours == window[0]:
                texts, found = lay_merged(theirs[index], [released[one] for one in window], where)
                cells += [LaidCell(released[one].id, text, index, one) for one, text in zip(window, texts, strict=True)]
                edits += found
                others = ", ".join(released[one].id for one in window[1:])
                notes.append(Note("merged cells", f"{where} and {others} were merged; each of them counts"))
        elif index is None:
            cells.append(LaidCell(cell.id, cell.text, None, ours))
            edits.append(Edit(where, "deleted", 1, cell.text, "", whole=True))
            notes.append(Note("restored cell", f"{where} was deleted; it is back"))
        else:
            laid = lay_cell(theirs[index], cell, where)
            cells.append(LaidCell(cell.id, laid.text, index, ours))
            edits += laid.edits
            if cell.cell_type == "code":
                notes += notes_of_taken_in(where, laid, cell.text)
            if theirs[index].cell_type != cell.cell_type:
                kind = theirs[index].cell_type
                notes.append(Note("changed cell", f"{where} was turned into a {kind} cell; it is {cell.cell_type}"))
        add_following(ours)
    if count := sum(map(len, added.values())):
        notes.append(Note("added cells", f"{place}: {count} cell{'s' * (count > 1)} added"))
    if were_moved(theirs, released, matched):
        notes.append(Note("moved cells", f"{place}: cells were moved; they run in their original order"))
    return LaidNotebook(tuple(cells), tuple(edits), tuple(notes))


Laid = LaidNotebook | LaidFiles

OF_THE_WHOLE = frozenset({"added cells"})
"""The kinds of notes that say how many, and so are not the same for every version."""


def blameless(laid: Sequence[Laid]) -> tuple[tuple[Edit, ...], tuple[Note, ...]]:
    """What a student changed, by one submission laid onto every version that students may have begun with.

    What is as any of them had it was not changed; elsewhere the version counts from which there is the least to tell.
    """
    if len(laid) == 1:
        return laid[0].edits, laid[0].notes
    by_place: list[dict[str, list[Edit]]] = []
    for one in laid:
        places: dict[str, list[Edit]] = defaultdict(list)
        for edit in one.edits:
            places[edit.place].append(edit)
        by_place.append(places)
    edits: list[Edit] = []
    for place in by_place[0]:
        if all(place in places for places in by_place):
            edits += min((places[place] for places in by_place), key=amount)
    first, *others = laid
    keys = [{note_key(note) for note in one.notes} for one in others]
    return tuple(edits), tuple(note for note in first.notes if all(note_key(note) in one for one in keys))


def amount(edits: Iterable[Edit]) -> tuple[int, int]:
    """How much is told by edits."""
    sizes = [len(edit.before) + len(edit.after) for edit in edits]
    return len(sizes), sum(sizes)


def note_key(note: Note) -> tuple[str, str]:
    return (note.kind, "" if note.kind in OF_THE_WHOLE else note.text)


def released_of(laid: LaidNotebook, released: Sequence[ReleasedCell]) -> dict[int, ReleasedCell]:
    """Index of a student's cell -> the released cell that it is; of several that were merged, all as one."""
    found: dict[int, ReleasedCell] = {}
    for cell in laid.cells:
        if cell.theirs is None or cell.released is None:
            continue
        ours = released[cell.released]
        if first := found.get(cell.theirs):
            text = GAP.join([first.text, ours.text])
            ours = replace(first, text=text, has_region=first.has_region or ours.has_region)
        found[cell.theirs] = ours
    return found


def lay_cell(theirs: NotebookNode, cell: ReleasedCell, place: str = "") -> Spliced:
    """The text of one cell, and the edits that are not in it; prose that lost its banners counts whole."""
    if cell.is_free:
        return Spliced(theirs.source, ())
    laid = splice(theirs.source, cell.text, place)
    if cell.is_prose and laid.text == cell.text and theirs.source.strip() != cell.text.strip():
        return Spliced(theirs.source, ())
    return laid


def notes_of_taken_in(place: str, laid: Spliced, released: str) -> list[Note]:
    """A note where code in a region keeps given code after it from running as it was given."""
    if not laid.inner:
        return []
    lines = taken_in(
        laid.text, laid.inner, released, [(region.start + 1, region.end) for region in find_regions(released)]
    )
    if not lines:
        return []
    first = laid.text.split("\n")[lines[0] - 1].strip()[:80]
    count = (
        "1 given line does not run as it was"
        if len(lines) == 1
        else f"{len(lines)} given lines do not run as they were"
    )
    them = "it" if len(lines) == 1 else "them"
    more = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
    text = f"{place}: {count} given, since code in a region takes {them} in: line {lines[0]}, {first}{more}"
    return [Note("given code", text)]


def lay_merged(theirs: NotebookNode, window: Sequence[ReleasedCell], place: str) -> tuple[list[str], tuple[Edit, ...]]:
    """The texts of several cells that a student merged into one, and the edits that are not in them."""
    laid = splice(theirs.source, GAP.join(cell.text for cell in window), place)
    lines = laid.text.split("\n")
    regions = list(find_regions(laid.text))
    texts, done = [], 0
    for cell in window:
        own = find_regions(cell.text)
        behind = len(cell.text.split("\n")) - (own[-1].end + 1 if own else 0)
        end = (regions[len(own) - 1].end + 1 if own else done) + behind
        texts.append("\n".join(lines[done:end]))
        regions = regions[len(own) :]
        done = end + GAP.count("\n") - 1
    return texts, laid.edits


def added_cells(
    theirs: Sequence[NotebookNode], chosen: Mapping[int, int], released: Sequence[ReleasedCell]
) -> dict[int, list[int]]:
    """The indices of the cells that the student added, by the index of the released cell that they follow.

    Those before the first have -1. Empty cells and untouched copies of released ones do not count.
    """
    known = {cell.text.strip() for cell in released} | {""}
    added: dict[int, list[int]] = defaultdict(list)
    after = -1
    for index, cell in enumerate(theirs):
        if index in chosen:
            after = chosen[index]
        elif cell.source.strip() not in known:
            added[after].append(index)
    return added


def free_ids(wanted: Sequence[str], taken: set[str]):
    """An id for each added cell: the one it has, or where another cell has that, a new one."""
    taken = set(taken)
    number = 0
    for name in wanted:
        while name in taken:
            number += 1
            name = f"added-{number}"
        taken.add(name)
        yield name


def were_moved(theirs: Sequence[NotebookNode], released: Sequence[ReleasedCell], matched: Mapping[int, int]) -> bool:
    """Do cells stand in another order than they were released in? Only those count that are certainly the same."""
    order = [
        index
        for ours, index in sorted(matched.items())
        if released[ours].id in cell_names(theirs[index]) or released[ours].text.strip() == theirs[index].source.strip()
    ]
    return order != sorted(order)


# --- which cell is which ----------------------------------------------------------------------------------------------


def match_cells(theirs: Sequence[NotebookNode], released: Sequence[ReleasedCell]) -> dict[int, int]:
    """Index of a released cell -> index of the student's cell that is it.

    By id; then, for what an editor gave a new id, by the text: the same text where it stands only once, then in order
    the most alike, then wherever it was moved to. An answer of which nothing is left but its place is found by that.
    """
    matched = matched_by_id(theirs, released)

    def free() -> list[int]:
        used = set(matched.values())
        return [index for index in range(len(theirs)) if index not in used]

    def left() -> list[int]:
        return [ours for ours in range(len(released)) if ours not in matched]

    texts, known = defaultdict(list), defaultdict(list)
    for index in free():
        texts[theirs[index].source.strip()].append(index)
    for ours in left():
        known[released[ours].text.strip()].append(ours)
    matched |= {known[text][0]: texts[text][0] for text in known if len(known[text]) == len(texts[text]) == 1}

    rows, columns = left(), free()[:MAX_LIKENED]
    alike = {(i, j): likeness(theirs[index], released[ours]) for i, ours in enumerate(rows)
             for j, index in enumerate(columns)}  # fmt: skip
    matched |= between_known(rows, columns, alike, matched)
    used = set(matched.values())
    for (i, j), score in sorted(alike.items(), key=lambda item: -item[1]):
        if score >= LIKE_ENOUGH and rows[i] not in matched and columns[j] not in used:
            matched[rows[i]] = columns[j]
            used.add(columns[j])

    for ours in left():
        before = max((index for k, index in matched.items() if k < ours), default=-1)
        after = min((index for k, index in matched.items() if k > ours), default=len(theirs))
        between = [i for i in free() if before < i < after and theirs[i].source.strip()]
        alone = len(between) == 1 and ours - 1 in {*matched, -1} and ours + 1 in {*matched, len(released)}
        if released[ours].is_prose and alone and theirs[between[0]].cell_type == released[ours].cell_type:
            matched[ours] = between[0]
    return matched


def between_known(
    rows: Sequence[int], columns: Sequence[int], alike: Mapping[tuple[int, int], float], known: Mapping[int, int]
) -> dict[int, int]:
    """The most alike pairs of `rows` and `columns` that keep their order, also beside the pairs that are known.

    So of two cells with the same text, the one that stands where it was released is taken.

    Args:
        alike: (position in rows, position in columns) -> likeness.
    """
    all_rows, all_columns = sorted([*rows, *known]), sorted([*columns, *known.values()])
    likeness = {(rows[i], columns[j]): score for (i, j), score in alike.items()} | dict.fromkeys(known.items(), CERTAIN)
    pairs = pair_in_order(
        len(all_rows),
        len(all_columns),
        lambda i, j: likeness.get((all_rows[i], all_columns[j]), 0.0),
        LIKE_ENOUGH - 1e-9,
    )
    found = {all_rows[i]: all_columns[j] for i, j in pairs}
    return {ours: index for ours, index in found.items() if ours not in known}


def matched_by_id(theirs: Sequence[NotebookNode], released: Sequence[ReleasedCell]) -> dict[int, int]:
    by_id: dict[str, list[int]] = defaultdict(list)
    for index, cell in enumerate(theirs):
        for name in cell_names(cell):
            by_id[name].append(index)
    matched: dict[int, int] = {}
    used: set[int] = set()
    for ours, wanted in enumerate(released):
        candidates = [index for index in by_id.get(wanted.id, ()) if index not in used]
        if candidates:
            matched[ours] = worked_on(theirs, candidates, wanted) if wanted.has_region else candidates[0]
            used.add(matched[ours])
    return matched


def cell_names(cell: NotebookNode) -> set[str]:
    """The ids by which a cell may be known: its own and nbgrader's."""
    return {name for name in (cell.get("id"), marks_of(cell).get("grade_id")) if isinstance(name, str)}


def merged_cells(
    theirs: Sequence[NotebookNode], matched: Mapping[int, int], released: Sequence[ReleasedCell]
) -> dict[int, tuple[int, ...]]:
    """Index of a student's cell -> the released cells that it was merged from, where there are several.

    Beside the cell that it was found to be, those are it that stand next to that one, were found nowhere else, and are
    in it with the banners of their regions and most of their other lines; a cell without regions, with all of them.
    """
    merged = {}
    for ours, index in matched.items():
        cell = theirs[index]
        if released[ours].cell_type != cell.cell_type or released[ours].is_free or len(cell.source) > MAX_COMPARED:
            continue
        left = Counter(line.strip() for line in cell.source.splitlines() if line.strip())
        left -= fixed_lines(released[ours])
        window = [ours]
        for step in (1, -1):
            other = ours + step
            while 0 <= other < len(released) and other not in matched and released[other].cell_type == cell.cell_type:
                wanted = fixed_lines(released[other])
                missing = wanted - left
                region = released[other].has_region and not any(map(banner_of, missing))
                if not wanted or missing.total() > (1 - LIKE_ENOUGH if region else 0) * wanted.total():
                    break
                left -= wanted
                window.append(other)
                other += step
        if len(window) > 1:
            merged[index] = tuple(sorted(window))
    return merged


def fixed_lines(cell: ReleasedCell) -> Counter[str]:
    """The lines of a cell outside its regions, banners among them."""
    lines = cell.text.split("\n")
    inside = {number for region in find_regions(cell.text) for number in range(region.start + 1, region.end)}
    return Counter(line.strip() for number, line in enumerate(lines) if number not in inside and line.strip())


def worked_on(theirs: Sequence[NotebookNode], candidates: Sequence[int], cell: ReleasedCell) -> int:
    """Which of several cells with a cell's id is the student's work.

    A copy keeps nbgrader's id, whatever becomes of it, as does what is split off. The last one with a region counts, or
    where none has one, the cell with the id itself.
    """
    changed = [i for i in candidates if theirs[i].source.strip() != cell.text.strip()] or candidates
    same_type = [i for i in changed if theirs[i].cell_type == cell.cell_type] or changed
    with_region = [i for i in same_type if any(map(starts_region, theirs[i].source.splitlines()))]
    by_id = [i for i in same_type if theirs[i].get("id") == cell.id]
    return (with_region or by_id or same_type)[-1]


def likeness(theirs: NotebookNode, cell: ReleasedCell) -> float:
    """From 0 to 1: how much of the released text is still in the student's cell; SAME where nothing else is."""
    if theirs.cell_type != cell.cell_type:
        return 0.0
    if theirs.source.strip() == cell.text.strip():
        return SAME
    if len(theirs.source) > MAX_COMPARED:
        return 0.0
    ours = Counter(line.strip() for line in cell.text.splitlines() if line.strip())
    there = Counter(line.strip() for line in theirs.source.splitlines() if line.strip())
    kept = (ours & there).total() / max(ours.total(), 1)
    shorter, longer = sorted((len(theirs.source), len(cell.text)))
    if not kept or 2 * shorter < LIKE_ENOUGH * (shorter + longer):  # no ratio could be enough
        return kept
    return max(kept, difflib.SequenceMatcher(None, theirs.source, cell.text).quick_ratio())


# --- files ------------------------------------------------------------------------------------------------------------


def lay_files(theirs: Mapping[str, bytes], released: Mapping[str, bytes]) -> LaidFiles:
    """Lay files onto the released ones: regions from the student, everything else as released.

    Edits are what differs in texts, files with regions that are gone, and Python files that the student added. A file
    that cannot be read as text counts as one without regions.

    Args:
        theirs: path -> content of all files that were handed in, notebooks apart.
        released: path -> content of the files that came with the assignment, notebooks apart.
    """
    contents: dict[str, bytes] = {}
    edits: list[Edit] = []
    notes: list[Note] = []
    for path in sorted({*released, *(path for path in theirs if is_own_module(path))}):
        if path not in released:
            edits.append(Edit(path, "added", 1, "", shown(lines_of(theirs[path])), whole=True))
            continue
        text = text_of(released[path])
        contents[path] = released[path]
        if text is None or path not in theirs:
            if text is not None and has_region(text):
                edits.append(Edit(path, "deleted", 1, "", "", whole=True))
            continue
        if theirs[path] == released[path]:
            continue
        text, submitted = text.replace("\r\n", "\n"), text_of(theirs[path])
        if submitted is None or has_region(text) is None:
            edits.append(Edit(path, "changed", 1, shown(text.split("\n")), shown(lines_of(theirs[path]))))
            continue
        laid = splice(submitted, text, path)
        edits += laid.edits
        if path.endswith(".py"):
            notes += notes_of_taken_in(path, laid, text)
        if has_region(text):
            contents[path] = laid.text.encode("utf-8", "surrogatepass")
    return LaidFiles(contents, tuple(edits), tuple(notes))


def is_own_module(path: str) -> bool:
    return path.endswith(".py") and not never_submitted(path) and not path.startswith(f"{DATA_SETS}/")


def has_region(text: str) -> bool | None:
    """Is there a region in the text of a file? None where what looks like one is malformed."""
    try:
        return bool(find_regions(text))
    except RegionError:
        return None


def text_of(content: bytes) -> str | None:
    """The text of a file; None if it is not one."""
    read = decoded(content)
    return read[0] if read else None


def lines_of(content: bytes) -> list[str]:
    """The lines of a file to be shown, whatever is in it."""
    text = text_of(content)
    return (content.decode("utf-8-sig", "replace").replace("\0", "\ufffd") if text is None else text).split("\n")
