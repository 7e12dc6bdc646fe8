"""The regions that a check runs, and how other work is put there, to be tried in a copy of the answer key's process."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from autograder.expect.mutants import Mutant
from autograder.grade.processes.mistakes import (
    LibraryRegion,
    Mistakes,
    Trial,
    function_around,
    in_words,
    variables_of,
)
from autograder.grade.run.jobs import Cell
from autograder.grade.run.question_cells import has_region
from autograder.regions import Region, find_regions
from autograder.syntax import plain_text


@dataclass(frozen=True)
class RegionRun:
    """A region that a check runs: its name in messages, the text it stands in, and a trial with another text there."""

    name: str
    text: str
    region: Region
    trial: Callable[[str], Trial]


def places(mistakes: Mistakes, question: Sequence[Cell], needs: Sequence[str]) -> Iterator[RegionRun]:
    """The regions that a check runs."""
    for one in mistakes.regions:
        here = next(region for region in find_regions(one.text) if region.start == one.start)
        if in_words(one.function, here) in needs:
            yield RegionRun(in_words(one.function, here), one.text, here, partial(in_library, one))
    for cell in mistakes.cells[: mistakes.cells.index(question[-1])]:
        text = text_of(mistakes.cells, cell.id)
        variables = variables_of(cell)
        for here in find_regions(text) if has_region(cell) else ():
            function = function_around(text, here.start)
            names = [f"`{function}`"] if function else [f"`{name}`" for name in sorted(variables)]
            if set(names) & set(needs) and (function or cell in question):
                yield RegionRun(names[0], text, here, partial(in_cell, cell.id))


def in_library(region: LibraryRegion, text: str) -> Trial:
    return Trial(Mutant(text, "", 0), region.function, region=region)


def in_cell(cell_id: str, text: str) -> Trial:
    return Trial(Mutant(text, "", 0), "", cell=cell_id)


def text_of(cells: Sequence[Cell], cell_id: str) -> str:
    return plain_text(next(cell.source for cell in cells if cell.id == cell_id))
