"""What each student wrote, region by region, and what the homework itself has there."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.assignment import Assignment
from autograder.compare.likeness import Place
from autograder.course import Course
from autograder.grade.prepare.pristine import Pristine, load_pristine
from autograder.gradebook.store import Store
from autograder.regions import RegionError, find_regions
from autograder.release.library import region_names, used_modules
from autograder.source import read_source


@dataclass(frozen=True)
class WrittenRegions:
    """What there is to compare.

    Attributes:
        places: in order.
        texts: place -> student -> what the student wrote there.
        explained: place -> what was released there, and the solution.
    """

    places: tuple[Place, ...]
    texts: Mapping[Place, Mapping[str, str]]
    explained: Mapping[Place, Sequence[str]]


def read_written(
    course: Course, assignment: Assignment, students: Sequence[str], advance: Callable[[], None] = lambda: None
) -> WrittenRegions:
    """Read the regions of graded submissions. `advance` is called after each of them.

    Raises:
        CourseError: the assignment's source is malformed.
    """
    pristine, store = load_pristine(course, assignment), Store(course, assignment.name)
    modules = {
        path.relative_to(course.root).as_posix(): (module, path)
        for module, path in used_modules(course, assignment).items()
    }
    names = {
        path: list(region_names(text, modules[path][0], modules[path][1]).values())
        for path, text in pristine.library.items()
    }
    explained: dict[Place, list[str]] = defaultdict(list)
    for notebook in assignment.notebooks:
        solutions = {cell.id: cell.source for cell in read_source(assignment, notebook).cells}
        for cell in pristine.notebooks[notebook]:
            if cell.released.has_region and cell.node.cell_type == "code":
                for text in (cell.released.text, solutions[cell.id]):
                    for place, inner in zip(cell_places(notebook, cell.id, text), inner_of(text), strict=True):
                        explained[place].append(inner)
    for path, text in pristine.library.items():
        module, file = modules[path]
        whole = file.read_text("utf-8")
        solved = dict(zip(region_names(whole, module, file).values(), inner_of(whole), strict=True))
        for name, inner in zip(names[path], inner_of(text), strict=True):
            explained[name] += [inner, solved.get(name, "")]
    texts: dict[Place, dict[str, str]] = {place: {} for place in explained}
    for student in students:
        for place, text in written_by(store.autograded(student), pristine, names):
            if place in texts:
                texts[place][student] = text
        advance()
    return WrittenRegions(tuple(explained), texts, explained)


def written_by(folder: Path, pristine: Pristine, names: Mapping[str, Sequence[str]]) -> list[tuple[Place, str]]:
    """The regions in a graded submission's folder."""
    found: list[tuple[Place, str]] = []
    for notebook in pristine.notebooks:
        for cell in code_cells_in(folder / f"{notebook}.ipynb"):
            source = cell.get("source", "")
            text = "".join(source) if isinstance(source, list) else str(source)
            found += zip(cell_places(notebook, str(cell.get("id")), text), inner_of(text), strict=True)
    for path in pristine.library:
        try:
            text = (folder / path).read_text("utf-8")
        except (OSError, UnicodeError):
            continue
        found += zip(names[path], inner_of(text), strict=False)  # as many, where grading laid them
    return found


def code_cells_in(path: Path) -> list[dict[str, Any]]:
    """The code cells of a graded notebook, as its JSON has them; [] where it cannot be read."""
    try:
        cells = json.loads(path.read_bytes())["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [cell for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"]


def cell_places(notebook: str, cell: str, text: str) -> list[Place]:
    """What the regions of a cell are called: the second and those after it have a number."""
    place = f"{notebook}:{cell}"
    return [f"{place}#{at}" if at > 1 else place for at in range(1, len(inner_of(text)) + 1)]


def inner_of(text: str) -> list[str]:
    """What stands in each region, line by line as it is; [] where the regions are malformed."""
    lines = text.split("\n")
    try:
        return ["\n".join(lines[region.start + 1 : region.end]) for region in find_regions(text)]
    except RegionError:
        return []
