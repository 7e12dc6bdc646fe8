"""The rows and columns of a formula while they are read."""

from collections.abc import Sequence

from autograder.report.maths.environments import ArrayLayout
from autograder.report.maths.roles import finished, unfinished
from autograder.report.maths.tree import Array, Node, RowOfTerms, Space


class Rows:
    """The rows of a table while it is read."""

    def __init__(self) -> None:
        self.cells: list[list[Node]] = [[]]
        self.tags: list[Node | None] = [None]
        self.extra: list[float] = [0.0]
        self.lines: list[int] = []

    def begin(self) -> None:
        self.cells.append([])
        self.tags.append(None)
        self.extra.append(0.0)

    def without_empty_end(self) -> None:
        r"""Drop the row after the last \\, which has nothing in it."""
        if len(self.cells) > 1 and self.cells[-1] == [RowOfTerms()] and self.tags[-1] is None:
            for part in (self.cells, self.tags, self.extra):
                part.pop()

    def table(self, layout: ArrayLayout, rules: Sequence[int] = ()) -> Array:
        """The table in this layout."""
        width = max(len(row) for row in self.cells)
        columns = layout.columns * (width // len(layout.columns) + 1)
        columns = columns[:width]
        gaps = tuple(layout.gaps[i % len(layout.gaps)] for i in range(max(len(columns) - 1, 0)))
        rows = []
        for row in self.cells:
            cells: list[Node] = []
            for i, cell in enumerate(row):
                parts = cell.items if isinstance(cell, RowOfTerms) else (cell,)
                if layout.aligned and i % 2 == 1:
                    parts = tuple(finished([RowOfTerms(), *unfinished(parts)]))
                cells.append(RowOfTerms(parts))
            rows.append(tuple(cells))
        return Array(
            tuple(rows), columns, gaps, layout.row_gap, layout.style, tuple(rules), tuple(self.lines), tuple(self.tags),
            tuple(self.extra),
        )  # fmt: skip


def multline(rows: Rows) -> Array:
    """Lines of one formula: the first at the left, the last at the right."""
    lines = [row[0] if row else RowOfTerms() for row in rows.cells]
    last = len(lines) - 1
    cells: list[tuple[Node, ...]] = []
    for i, line in enumerate(lines):
        parts = line.items if isinstance(line, RowOfTerms) else (line,)
        parts = tuple(finished([RowOfTerms(), *unfinished(parts)])) if i else parts
        if last and i == 0:
            parts = (*parts, Space(4.0))
        elif last and i == last:
            parts = (Space(4.0), *parts)
        cells.append((RowOfTerms(parts),))
    return Array(tuple(cells), "c", (), 0.5, "D", (), (), tuple(rows.tags), tuple(rows.extra))


def tagged(tree: Node, tag: Node | None) -> Node:
    """The formula with its tag at its right."""
    return tree if tag is None else Array(((tree,),), "c", (), 0.4, "D", (), (), (tag,), (0.0,))
