"""The line that is printed per expectation: name, measure, threshold, outcome."""

from collections.abc import Sequence

GAP = "   "
_USUAL = {4: [0, len("sum of differences 3.38e-08"), len("at most 1e-07"), 0]}


class Layout:
    """Column widths over the rows seen so far.

    The first column is common to all rows; the others line up among rows of the same number of columns, so that a
    sentence in one row does not tear the measures of the others apart. Measures have room for the longest usual one, so
    that rows which are printed one by one line up too.
    """

    def __init__(self, rows: Sequence[Sequence[str]] = ()):
        self.name = 0
        self.columns: dict[int, list[int]] = {}
        for row in rows:
            self.add(row)

    def add(self, row: Sequence[str]) -> None:
        self.name = max(self.name, len(row[0]))
        widths = self.columns.setdefault(len(row), list(_USUAL.get(len(row), [0] * len(row))))
        widths[:] = [max(width, len(text)) for width, text in zip(widths, row, strict=True)]

    def line(self, row: Sequence[str]) -> str:
        """A row that was added, padded, without blanks at the end."""
        widths = [self.name, *self.columns[len(row)][1:]]
        return GAP.join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
