"""Tables that fit the page: how small the print must be, and where to part a table that no print makes fit."""

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
    """One cell: its blocks, the same as plain text, its alignment and spans."""

    blocks: list
    text: str
    align: str = "default"
    rowspan: int = 1
    colspan: int = 1


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


def has_spans(table: Table) -> bool:
    return any(cell.rowspan > 1 or cell.colspan > 1 for row in table.head + table.body for cell in row)


def parted(table: Table) -> list[Table]:
    """The table, or pieces of its columns (headings on the left repeated) where even the smallest print is too wide."""
    widths = least_widths(table)
    room = PAGE_WIDTH / (SIZES[-1] * CHARACTER)
    if printed_width(widths) <= room or has_spans(table):
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
    """The table with only these columns."""

    def rows(of: list[list[TableCell]]) -> list[list[TableCell]]:
        return [[row[i] for i in indices if i < len(row)] for row in of]

    return replace(
        table, alignments=tuple(table.alignments[i] for i in indices), head=rows(table.head), body=rows(table.body)
    )


def least_widths(table: Table) -> list[int]:
    """For each column the width in characters of its longest word: narrower it cannot get."""
    widths = [1] * len(table.alignments)
    for row in table.head + table.body:
        column = 0
        for cell in row:
            if cell.colspan == 1 and column < len(widths):
                longest = max((columns(word) for word in cell.text.split()), default=1)
                widths[column] = max(widths[column], min(longest, LONGEST_WORD))
            column += cell.colspan
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
        return [[cell_data(cell) for cell in row] for row in of if row]

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
    return data
