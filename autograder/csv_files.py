"""CSV files as systems and spreadsheet programs write them, and cells that a spreadsheet takes for no formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import CourseError
from autograder.files import refuse_workbook

RISKY = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")
"""What a cell begins with that a spreadsheet takes for a formula: signs, also of full width, and what it skips."""
INSIDE = re.compile(r"[;\t\r\n]\s*(?=[=@\uff1d\uff20]|[-+\uff0b\uff0d][^;\t\r\n]*[(|!])")
"""What stands before a formula where a spreadsheet takes one cell for several; "; -1" and "- a point" are none."""


@dataclass
class CsvTable:
    """A table as it stood in a file.

    Attributes:
        header: the names of the columns, as they are.
        rows: the cells below, each row as long as the header; no row is empty.
        delimiter, encoding, newline: of the file.
    """

    path: Path
    header: list[str]
    rows: list[list[str]]
    delimiter: str
    encoding: str
    newline: str

    def column(self, *names: str) -> int | None:
        """The first column that has one of these names, in any case."""
        lowered = [name.strip().casefold() for name in self.header]
        return next((lowered.index(name.casefold()) for name in names if name.casefold() in lowered), None)


def read_table(path: Path) -> CsvTable:
    """Read a table with commas, semicolons or tabs, in UTF-8, UTF-16 or Windows' letters.

    Raises:
        CourseError: the file cannot be read, or is empty.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from None
    refuse_workbook(path, raw)
    encoding = encoding_of(raw)
    text = raw.decode(encoding, "replace")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(map(str.strip, row))]
    if not rows:
        raise CourseError(f"{path} is empty. Export it once more.")
    header = rows[0]
    width = len(header)
    padded = [row + [""] * (width - len(row)) for row in rows[1:]]
    return CsvTable(path, header, padded, delimiter, encoding, "\r\n" if "\r\n" in text else "\n")


def encoding_of(raw: bytes) -> str:
    """The encoding of a table, in which it can be written again too."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    for encoding in ("utf-8", "cp1252"):
        try:
            raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return "utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else encoding
    return "latin-1"


def table_text(rows: Iterable[Sequence[str]], delimiter: str, newline: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=newline).writerows(rows)
    return out.getvalue()


def as_text(value: str) -> str:
    """A text that no spreadsheet takes for a formula, nor one that ends cells at other signs than this file."""
    value = INSIDE.sub(r"\g<0>'", value)
    return f"'{value}" if value.startswith(RISKY) else value


def unescaped(cell: str) -> str:
    """A cell without the apostrophe that `as_text` put there."""
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(RISKY) else cell
