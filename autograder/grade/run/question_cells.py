"""Which cells of a notebook make a question: what follows the check before it, up to and including its own check."""

from collections.abc import Sequence

from autograder.grade.run.jobs import Cell
from autograder.regions import RegionError, find_regions


def question_cells(cells: Sequence[Cell]) -> dict[str, tuple[Cell, ...]]:
    """Check -> the cells of its question, without those that are skipped."""
    found: dict[str, tuple[Cell, ...]] = {}
    begun: list[Cell] = []
    for cell in (cell for cell in cells if not cell.skip):
        begun.append(cell)
        if is_stated(cell):
            found[cell.id] = tuple(begun)
            begun = []
    return found


def is_stated(cell: Cell) -> bool:
    """Does a cell state expectations, or assert something that is watched? No cell that students write in does."""
    return ("expect." in cell.source or (cell.check and bool(cell.sites))) and not has_region(cell)


def has_region(cell: Cell) -> bool:
    try:
        return bool(find_regions(cell.source))
    except RegionError:
        return False
