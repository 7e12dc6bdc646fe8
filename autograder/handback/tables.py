"""CSV files for other systems: numbers with two decimals, and no cell that a spreadsheet takes for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import CourseError
from autograder.files import refuse_workbook, write_atomically

RISKY = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?%?\Z")


@dataclass
class Template:
    """A table that a system exported, to be given back with grades in it.

    Attributes:
        header: the names of the columns, as they are.
        rows: the cells below, each row as long as the header.
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


def as_text(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(RISKY) else value


def as_it_was(value: str) -> str:
    """A cell of a system's own export: a number, or a single sign for "none", stays."""
    return value if len(value) == 1 or NUMBER.match(value) else as_text(value)


def number(value: float | None) -> str:
    """Points with two decimals; empty for none."""
    return "" if value is None else f"{round(value + 0.0, 2):.2f}"


def write_table(to: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write a CSV file in one step; returns the number of rows."""
    written = [[as_text(cell) for cell in row] for row in rows]
    save(to, table_text([list(map(as_text, header)), *written], ",", "\n"), "utf-8")
    return len(written)


def table_text(rows: Iterable[Sequence[str]], delimiter: str, newline: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=newline).writerows(rows)
    return out.getvalue()


def save(to: Path, text: str, encoding: str) -> None:
    try:
        write_atomically(to, text.encode(encoding))
    except OSError as error:
        raise CourseError(
            f"{to} cannot be written: {error.strerror or error}. Name another file with  --output FILE"
        ) from None


def read_template(path: Path) -> Template:
    """Read a table as a system exported it.

    Raises:
        CourseError: the file cannot be read, or is empty.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from None
    refuse_workbook(path, raw)
    encoding = encoding_of(raw)
    text = raw.decode(encoding)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    if not rows:
        raise CourseError(f"{path} is empty. Export it from the platform once more.")
    header = rows[0]
    width = len(header)
    padded = [row + [""] * (width - len(row)) for row in rows[1:]]
    return Template(path, header, padded, delimiter, encoding, "\r\n" if "\r\n" in text else "\n")


def encoding_of(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "utf-8"


def write_template(template: Template, to: Path) -> int:
    """Write a template with its grades; returns the number of rows. One that was there is kept as `…before`."""
    if to.exists() and to.samefile(template.path):
        before = to.with_name(f"{to.name}.before")
        if not before.exists():
            before.write_bytes(to.read_bytes())
    rows = [[as_it_was(cell) for cell in row] for row in template.rows]
    save(to, table_text([template.header, *rows], template.delimiter, template.newline), template.encoding)
    return len(rows)
