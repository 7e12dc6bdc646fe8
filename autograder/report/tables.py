"""Tables that fit the page: how small the print must be, and where to part a table that no print makes fit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from autograder.report.rows import columns

PAGE_WIDTH = 485.0  # points
SIZES = (9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5)
CHARACTER = 0.52  # of the size: a digit of the text font, with a little room
PADDING = 0.95  # of the size: the space between two columns
LONGEST_WORD = 36
MAX_ROWS = 60
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
    """The blocks that show a table: shortened, parted into pieces that fit, each in the largest print that fits."""
    table, left_out = shortened(table)
    pieces = parted(table)
    made = [block(piece) for piece in pieces]
    notes = [f"… {left_out} rows left out"] if left_out else []
    hidden = len(table.alignments) - MAX_COLUMNS
    notes += [f"… {hidden} columns left out"] if hidden > 0 else []
    return made + [{"t": "left-out", "text": note} for note in notes]


def shortened(table: Table) -> tuple[Table, int]:
    """The table without the middle of too many rows, and how many that were."""
    left_out = len(table.body) - MAX_ROWS
    if left_out <= 0 or has_spans(table):
        return table, 0
    first = MAX_ROWS * 3 // 4
    dots = [TableCell([{"t": "plain", "c": ["⋮"]}], "⋮") for _ in table.alignments]
    return replace(table, body=table.body[:first] + [dots] + table.body[first + left_out :]), left_out


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


def block(table: Table) -> dict:
    """The table as the template reads it."""
    needed = printed_width(least_widths(table)) * CHARACTER
    size = next((size for size in SIZES if needed * size <= PAGE_WIDTH), SIZES[-1])

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
    if cell.rowspan > 1:
        data["rowspan"] = cell.rowspan
    if cell.colspan > 1:
        data["colspan"] = cell.colspan
    return data
