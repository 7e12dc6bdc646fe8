"""A notebook's cells as blocks: its code, its outputs, its prose, in the order in which they stand."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nbformat import NotebookNode

from autograder.edits import lay_cell
from autograder.gradebook.results import UNMET
from autograder.regions import Edit, Region, RegionError, find_regions
from autograder.report.markup import Block, Markup, text_block
from autograder.report.model import Notebook
from autograder.report.outputs import output_blocks
from autograder.report.pandoc import MARKDOWN
from autograder.report.rows import Row, code_rows, row_data
from autograder.report.terminal import clean
from autograder.words import NOT_WRITTEN_YET

MAX_TEXT = 400_000  # characters of one cell that are looked at
MAX_CODE_ROWS = 3000  # of one cell
SHORT = 16  # rows of code that are kept on the page of their output


def cell_data(cell: NotebookNode, notebook: Notebook, markup: Markup, language: str) -> dict:
    """One cell as the template reads it (its question is added by who knows the scores)."""
    place = f"{notebook.name}, cell {cell.id}"
    released = None if notebook.released is None else notebook.released.get(cell.id)
    added = notebook.released is not None and released is None
    data: dict = {"id": cell.id, "blocks": [], "tag": "added cell" if added else ""}
    if cell.cell_type == "code":
        edits = lay_cell(cell, released).edits if released is not None else ()
        source = source_blocks(cell.source, edits, language)
        outputs = output_blocks(cell, place, notebook.folder, markup)
        if source:
            count = cell.get("execution_count")
            source[0]["prompt"] = f"[{count}]" if count is not None else "[ ]"
            source[0]["keep"] = bool(outputs) and len(source[0]["rows"]) <= SHORT
        data["blocks"] += source + outputs
    elif cell.cell_type == "markdown":
        attachments = cell.get("attachments") or {}
        data["blocks"] += prose_blocks(cell.source, place, notebook.folder, attachments, markup)
        if released is not None and lay_cell(cell, released).edits:
            data["tag"] = "changed outside its region"
        elif released is not None and not find_regions_or_none(cell.source):
            markup.given.add(place)
    elif cell.source.strip():
        data["blocks"].append(text_block(cell.source))
    return data


def language_of(metadata: Mapping) -> str:
    """The name of the lexer for a notebook's code, from what its metadata say of the kernel."""
    for key, name in (("kernelspec", "language"), ("language_info", "pygments_lexer"), ("language_info", "name")):
        given = metadata.get(key)
        language = given.get(name) if isinstance(given, Mapping) else None
        if isinstance(language, str) and language:
            return "ipython3" if language.lower().startswith(("python", "ipython")) else language.lower()
    return "ipython3"


def prose_blocks(source: str, place: str, folder: Path | None, attachments: dict, markup: Markup) -> list[Block]:
    """The markdown of a cell, the student's answer in it marked as such."""

    def pending(lines: list[str]) -> list[Block]:
        text = "\n".join(lines).strip("\n")
        return [markup.add(MARKDOWN, text, place, folder, attachments)] if text.strip() else []

    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    regions = find_regions_or_none("\n".join(lines))
    result: list[Block] = []
    done = 0
    for region in regions:
        if not region.markdown:  # banners of code, shown as what to write between
            continue
        result += pending(lines[done : region.start])
        result.append({"t": "answer", "c": pending(lines[region.start + 1 : region.end])})
        done = region.end + 1
    return result + pending(lines[done:])


def find_regions_or_none(text: str) -> Sequence[Region]:
    """The regions of a text, none where their banners do not fit together."""
    try:
        return find_regions(text)
    except RegionError:
        return ()


def source_blocks(source: str, edits: Sequence[Edit], language: str) -> list[Block]:
    """The code of a cell: regions marked as the student's work, changes outside them as changes."""
    if not source.strip():
        return []
    beyond = source.count("\n", MAX_TEXT) if len(source) > MAX_TEXT else 0
    source = source[:MAX_TEXT]
    magic = re.match(r"%%(bash|sh|html|javascript|js|latex|markdown|svg|perl|ruby)\b", source)
    rows = marked_rows(source, edits, magic[1] if magic else language)
    blocks: list[Block] = [{"t": "code", "rows": [row_data(row) for row in rows[:MAX_CODE_ROWS]]}]
    left_out = max(len(rows) - MAX_CODE_ROWS, 0) + beyond
    return blocks + ([{"t": "left-out", "text": f"… {left_out} lines of code left out"}] if left_out else [])


def marked_rows(source: str, edits: Sequence[Edit], language: str) -> list[Row]:
    """Rows of code with the marks "work", "added" and "removed"."""
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    marks = [""] * len(lines)
    for region in find_regions_or_none("\n".join(lines)):
        marks[region.start + 1 : region.end] = ["work"] * (region.end - region.start - 1)
    removed: dict[int, list[str]] = {}
    for edit in edits:
        after = edit.after.split("\n") if edit.after else []
        for number in matching_lines(lines, edit.line - 1, after):
            marks[number] = "added"
        if edit.before:
            removed.setdefault(edit.line - 1, []).extend(edit.before.split("\n"))
    if not removed:
        return code_rows("\n".join(lines), language, marks=marks)
    rows: list[Row] = []
    printed = 0
    for at in sorted(removed):
        at_most = min(at, len(lines))
        if at_most > printed:
            rows += code_rows("\n".join(lines[printed:at_most]), language, marks=marks[printed:at_most])
            printed = at_most
        rows += code_rows("\n".join(removed[at]), "text", marks=["removed"] * len(removed[at]))
    if printed < len(lines):
        rows += code_rows("\n".join(lines[printed:]), language, marks=marks[printed:])
    return rows


def matching_lines(lines: list[str], start: int, wanted: list[str]) -> Iterator[int]:
    """The numbers of these lines, in order, from `start` on."""
    number = max(start, 0)
    for text in wanted:
        while number < len(lines) and lines[number].rstrip() != text.rstrip():
            number += 1
        if number < len(lines):
            yield number
            number += 1


# State


def notices(notebook: Notebook) -> Iterator[tuple[str, str]]:
    """What a reader should know about a notebook's run: ("error" | "warning", sentence)."""
    code = [cell for cell in notebook.nb.cells if cell.cell_type == "code" and cell.source.strip()]
    counts = [cell.get("execution_count") for cell in code]
    not_run = [cell for cell in code if cell.get("execution_count") is None and not cell.get("outputs")]
    failed = [cell for cell in code if error_name(cell) not in ("", UNMET, "NotImplementedError")]
    unwritten = [cell for cell in code if error_name(cell) == "NotImplementedError"]
    if code and len(not_run) == len(code):
        yield "error", f"{notebook.name} was not run: no cell has an output."
    elif not_run:
        yield "warning", f"{notebook.name}: {listed(not_run, len(not_run))} not run."
    if failed:
        errors = ", ".join(f"{cell.id} ({error_name(cell)})" for cell in failed[:6])
        more = f" and {len(failed) - 6} more" if len(failed) > 6 else ""
        yield (
            "error",
            f"{notebook.name}: {len(failed)} {'cell' if len(failed) == 1 else 'cells'} failed: {errors}{more}.",
        )
    if unwritten:
        yield (
            "warning",
            f"{notebook.name}: {listed(unwritten, len(unwritten), 'needs', 'need')} what is {NOT_WRITTEN_YET}.",
        )
    ran = [count for count in counts if count is not None]
    if ran != sorted(ran):
        yield "warning", f"{notebook.name}: its cells were run in another order than they stand in."
    for sentence in gathered(notebook.mended):
        yield "warning", f"{notebook.name}: {sentence}."


MAX_MENDED = 8
OLDER = re.compile(r"no usable id$|^its format is |^it was converted from ")
LOST = re.compile(r"malformed (output|attachments)$|is not (a cell|text)$|no list of outputs$")


def gathered(mended: Sequence[str]) -> list[str]:
    """What was mended in a file without a loss; an older format without ids is not a flaw."""
    mended = [sentence for sentence in mended if not LOST.search(sentence) and not OLDER.search(sentence)]
    more = len(mended) - MAX_MENDED
    return [*mended[:MAX_MENDED], *([f"{more} more flaws in the file"] if more > 0 else [])]


def listed(cells: list[NotebookNode], count: int, one: str = "was", several: str = "were") -> str:
    """The first ids of some cells, with a verb: "cells a, b and 3 more were"."""
    names = ", ".join(cell.id for cell in cells[:6]) + (f" and {count - 6} more" if count > 6 else "")
    return f"cell {names} {one}" if count == 1 else f"cells {names} {several}"


def error_name(cell: NotebookNode) -> str:
    """The name of the first error in the cell's outputs, "" if there is none."""
    errors = (output["ename"] for output in cell.get("outputs", []) if output["output_type"] == "error")
    return clean(next(errors, ""))[:40]
