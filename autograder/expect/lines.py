"""The line that is printed per expectation: name, measure, threshold, outcome."""

from collections.abc import Sequence

GAP = "   "


class Layout:
    """Column widths over the rows seen so far.

    The first column is common to all rows; the others line up among rows of the same number of columns, so that a
    sentence in one row does not tear the measures of the others apart.
    """

    def __init__(self, rows: Sequence[Sequence[str]] = ()):
        self.name = 0
        self.columns: dict[int, list[int]] = {}
        for row in rows:
            self.add(row)

    def add(self, row: Sequence[str]) -> None:
        self.name = max(self.name, len(row[0]))
        widths = self.columns.setdefault(len(row), [0] * len(row))
        widths[:] = [max(width, len(text)) for width, text in zip(widths, row, strict=True)]

    def line(self, row: Sequence[str]) -> str:
        """A row that was added, padded, without blanks at the end."""
        widths = [self.name, *self.columns[len(row)][1:]]
        return GAP.join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
