"""CSV files for other systems: numbers with two decimals, and no cell that a spreadsheet takes for a formula."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from autograder.csv_files import CsvTable, as_text, table_text
from autograder.errors import CourseError
from autograder.files import write_atomically

NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?%?\Z")


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


def save(to: Path, text: str, encoding: str) -> None:
    try:
        write_atomically(to, text.encode(encoding))
    except OSError as error:
        raise CourseError(
            f"{to} cannot be written: {error.strerror or error}. Name another file with  --output FILE"
        ) from None


def write_template(template: CsvTable, to: Path) -> int:
    """Write a template with its grades; returns the number of rows. One that was there is kept as `…before`."""
    if to.exists() and to.samefile(template.path):
        before = to.with_name(f"{to.name}.before")
        if not before.exists():
            before.write_bytes(to.read_bytes())
    rows = [[as_it_was(cell) for cell in row] for row in template.rows]
    save(to, table_text([template.header, *rows], template.delimiter, template.newline), template.encoding)
    return len(rows)
