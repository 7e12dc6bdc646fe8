"""Tables that fit the page: how small the print must be, and where to part a table that no print makes fit."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from autograder.report.rows import columns

PAGE_WIDTH = 485.0  # points
SIZES = (9.0, 8.5, 8.0, 7.5, 7.0, 6.5)
CHARACTER = 0.52  # of the size: a digit of the text font, with a little room
PADDING = 0.95  # of the size: the space between two columns
LONGEST_WORD = 36
MAX_ROWS = 60
NUMBER = re.compile(r"[-−+]?[0-9][0-9.,_ ]*(e[-+]?[0-9]+)?%?|[-+]?(nan|NaN|inf|None|NaT)")
MAX_COLUMNS = 240


@dataclass(frozen=True)
class TableCell:
    """One cell: its blocks, the same as plain text, its alignment and spans, its colours ("" for none)."""

    blocks: list
    text: str
    align: str = "default"
    rowspan: int = 1
    colspan: int = 1
    ink: str = ""
    paper: str = ""


@dataclass(frozen=True)
class Table:
    """A table as pandoc reads it; `row_heads`: how many columns on the left are headings."""

    alignments: tuple[str, ...]
    head: list[list[TableCell]]
    body: list[list[TableCell]]
    row_heads: int = 0


def table_blocks(table: Table) -> list[dict]:
    """The blocks that show a table: parted into pieces, all in the largest print in which each of them fits."""
    pieces = parted(table)
    size = min(fitting_size(piece) for piece in pieces)
    made = [block(piece, size) for piece in pieces]
    hidden = len(table.alignments) - MAX_COLUMNS
    return made + ([{"t": "left-out", "text": f"… {hidden} columns left out"}] if hidden > 0 else [])


ROW = re.compile(r"<tr\b.*?</tr\s*>\s*", re.DOTALL | re.IGNORECASE)


def shortened_html(html: str) -> tuple[str, int]:
    """The HTML without the middle of a table of more than MAX_ROWS rows, and how many rows that were."""
    found = list(ROW.finditer(html))
    if len(found) <= MAX_ROWS + 20 or re.search(r"rowspan\s*=\s*.?[2-9]", html):
        return html, 0
    first, last = found[MAX_ROWS * 3 // 4 - 1], found[-(MAX_ROWS // 4)]
    cells = len(re.findall(r"<t[dh]\b", first[0], re.IGNORECASE))
    dots = "<tr>" + "<td>⋮</td>" * cells + "</tr>"
    return html[: first.end()] + dots + html[last.start() :], len(found) - MAX_ROWS // 4 * 4


Slot = tuple[int, TableCell]  # the row in which a cell begins, and the cell


def grid(rows: list[list[TableCell]], width: int) -> list[list[Slot | None]]:
    """For each row and column the cell that covers it; None where the row is too short."""
    slots: list[list[Slot | None]] = [[None] * width for _ in rows]
    for number, row in enumerate(rows):
        column = 0
        for cell in row:
            while column < width and slots[number][column] is not None:
                column += 1
            slot = (number, cell)
            for covered in slots[number : number + cell.rowspan]:
                last = min(column + cell.colspan, width)
                covered[column:last] = [slot] * (last - column)
    return slots


def parted(table: Table) -> list[Table]:
    """The table, or pieces of its columns (headings on the left repeated) where even the smallest print is too wide."""
    widths = least_widths(table)
    room = PAGE_WIDTH / (SIZES[-1] * CHARACTER)
    if printed_width(widths) <= room:
        return [table]
    heads = list(range(min(table.row_heads or 1, len(widths) - 1)))
    head_width = printed_width([widths[i] for i in heads])
    pieces: list[list[int]] = [[]]
    for i in range(len(heads), min(len(widths), MAX_COLUMNS)):
        if pieces[-1] and head_width + printed_width([widths[j] for j in [*pieces[-1], i]]) > room:
            pieces.append([])
        pieces[-1].append(i)
    return [picked(table, heads + piece) for piece in pieces]


def picked(table: Table, indices: Sequence[int]) -> Table:
    """The table with only these columns; a cell over several of them covers those that are there."""

    def rows(of: list[list[TableCell]]) -> list[list[TableCell]]:
        return [row(number, slots) for number, slots in enumerate(grid(of, len(table.alignments)))]

    def row(number: int, slots: list[Slot | None]) -> list[TableCell]:
        cells: list[TableCell] = []
        for _, group in itertools.groupby((slots[i] for i in indices), key=id):
            same = list(group)
            if same[0] is None:
                cells += [TableCell([], "")] * len(same)
            elif same[0][0] == number:
                cells.append(replace(same[0][1], colspan=len(same)))
        return cells

    return replace(
        table, alignments=tuple(table.alignments[i] for i in indices), head=rows(table.head), body=rows(table.body)
    )


def least_widths(table: Table) -> list[int]:
    """For each column the width in characters of its longest word: narrower it cannot get."""
    widths = [1] * len(table.alignments)
    for slots in grid(table.head, len(widths)) + grid(table.body, len(widths)):
        for column, slot in enumerate(slots):
            if slot:
                longest = max((columns(word) for word in slot[1].text.split()), default=1)
                widths[column] = max(widths[column], -(-min(longest, LONGEST_WORD) // slot[1].colspan))
    return widths


def printed_width(widths: Sequence[int]) -> float:
    """Width in characters of columns with these least widths, padding included."""
    return sum(widths) + len(widths) * PADDING / CHARACTER


def fitting_size(table: Table) -> float:
    """The largest size of print in which the table fits."""
    needed = printed_width(least_widths(table)) * CHARACTER
    return next((size for size in SIZES if needed * size <= PAGE_WIDTH), SIZES[-1])


def block(table: Table, size: float) -> dict:
    """The table as the template reads it."""

    def rows(of: list[list[TableCell]]) -> list[list[dict]]:
        return [line(row, slots) for row, slots in zip(of, grid(of, len(table.alignments)), strict=True) if row]

    def line(row: list[TableCell], slots: list[Slot | None]) -> list[dict]:
        heads = {id(slot[1]) for slot in slots[: table.row_heads] if slot}
        made = [cell_data(cell) for cell in row]
        for cell, data in zip(row[: table.row_heads], made, strict=False):
            if id(cell) not in heads:  # one from a row above has the place of the heading
                data["head"] = False
        return made

    return {
        "t": "table",
        "size": size,
        "align": ["auto" if a == "default" else a for a in table.alignments],
        "row_heads": table.row_heads,
        "head": rows(table.head),
        "body": rows(table.body),
    }


def cell_data(cell: TableCell) -> dict:
    data: dict = {"c": cell.blocks}
    if cell.align != "default":
        data["align"] = cell.align
    elif NUMBER.fullmatch(cell.text.strip()):
        data["align"] = "right"
    if cell.rowspan > 1:
        data["rowspan"] = cell.rowspan
    if cell.colspan > 1:
        data["colspan"] = cell.colspan
    if cell.ink:
        data["ink"] = cell.ink
    if cell.paper:
        data["paper"] = cell.paper
    return data
