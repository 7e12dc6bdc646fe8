"""Simulated students: the reference solution, less what they leave out, with the mistakes that they make.

`source/<assignment>/demo.toml` describes them; the models below say how.
"""

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any

from nbformat import NotebookNode
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.json_schema import WithJsonSchema

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.errors import CourseError
from autograder.markers import without_held_back
from autograder.notebooks import format_notebook
from autograder.questions import students_write
from autograder.regions import CODE_PROMPT, MARKDOWN_PROMPT, Region, find_regions, without_mistakes
from autograder.release.library import library_with_holes, region_names
from autograder.release.notebook import blank_notebook, without_schemes
from autograder.source import read_source
from autograder.toml_files import Text, Texts, TomlTable, check_toml, read_toml, says, shown, wrong
from autograder.who import CELL as STUDENT

FILE = "demo.toml"
Choose = Callable[[str, str], str | None]


def plain_id(text: str) -> str:
    if any(sign in text for sign in '/\\"') or text.startswith("."):
        raise wrong(f"must not start with a dot, nor have a slash or a quotation mark in it: {shown(text)}.")
    return text


class DemoStudent(TomlTable):
    """One simulated student."""

    id: Annotated[Text, AfterValidator(plain_id)] = Field(examples=["max"])
    """The student id, which is the name of the folder in submitted/."""
    name: Text = Field(examples=["Max Mistake"])
    """The student's name."""
    about: Text = Field(examples=["forgets to average the loss"])
    """What the demo says about the student."""
    leave: Texts = ()
    """Regions left as they were released; * and ? stand for other characters: "two_layer_net:question-*"."""
    write: Annotated[
        Mapping[str, Annotated[str, says("a text")]],
        WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
    ] = Field(default_factory=dict)
    """Regions that hold this text instead of the solution."""

    def choose(self, region: str, solution: str) -> str | None:
        """What this student writes into a region; None leaves it as it was released."""
        if region in self.write:
            return self.write[region].rstrip("\n")
        if any(fnmatch(region, pattern) for pattern in self.leave):
            return None
        return solution


def different_ids(students: tuple[DemoStudent, ...]) -> tuple[DemoStudent, ...]:
    if not students:
        raise wrong("is empty. Describe at least one [[student]].")
    ids = [student.id for student in students]
    for id in ids:
        if ids.count(id) > 1:
            raise wrong(f': id "{id}" is there more than once.')
    return students


def tables(value: Any) -> Any:
    if not isinstance(value, list):
        raise wrong(f"must be tables, one [[student]] for each student, not {shown(value)}.")
    return value


class DemoToml(TomlTable):
    """A demo.toml: the simulated students of an assignment's demo.

    Regions of the library have their full name ("nn.losses.mse_loss"), regions of a notebook "notebook:cell-id", or
    "notebook:cell-id:region" where the region has a name.
    """

    student: Annotated[tuple[DemoStudent, ...], AfterValidator(different_ids), BeforeValidator(tables)] = Field(
        examples=[[{"id": "ada", "name": "Ada Complete", "about": "everything done"}]]
    )
    """One table, [[student]], for each student."""


def load_students(assignment: Assignment) -> tuple[DemoStudent, ...]:
    """Read the assignment's demo.toml; where there is none, one student did all of it, one half, and one nothing.

    Raises:
        CourseError: the file is not right.
    """
    path = assignment.folder / FILE
    if not path.exists():
        return usual_students(assignment)
    given = read_toml(path, ": it describes the demo's simulated students.")
    return check_toml(DemoToml, given, path).student


def usual_students(assignment: Assignment) -> tuple[DemoStudent, ...]:
    """A student with everything done, one with every second thing done, and one with nothing."""
    work = [
        f"{name}:{cell.id}"
        for name in assignment.notebooks
        for cell in read_source(assignment, name).cells
        if students_write(cell) and cell.id != STUDENT
    ]
    work += assignment.blank
    half = tuple(pattern for place in work[1::2] for pattern in (place, f"{place}:*"))
    return (
        DemoStudent(id="ada", name="Ada Complete", about="everything done"),
        DemoStudent(id="hal", name="Hal Half", about="every second part done", leave=half),
        DemoStudent(id="bea", name="Bea Blank", about="nothing done", leave=("*",)),
    )


def hand_in(course: Course, assignment: Assignment, student: DemoStudent, weights: Path | None, target: Path) -> None:
    """Write a student's submission into the folder `target`.

    Args:
        weights: folder with the files that the reference solution's searches make; they are handed in by those who did
            the search.

    Raises:
        CourseError: demo.toml names a region that is not there.
    """
    known: set[str] = set()

    def choose(region: str, solution: str) -> str | None:
        known.add(region)
        return student.choose(region, solution)

    target.mkdir(parents=True)
    for path, text in library_files(course, assignment, choose).items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(text, encoding="utf-8")
    for name in assignment.notebooks:
        notebook = fill_notebook(read_source(assignment, name), name, student, choose)
        (target / f"{name}.ipynb").write_text(format_notebook(notebook), encoding="utf-8")
    searched = all(student.choose(f"{notebook}:{cell}", "") is not None for notebook, cell in assignment.search)
    if weights is not None and searched:
        for name in assignment.hand_in:
            (target / name).write_bytes((weights / name).read_bytes())
    unknown = sorted(set(student.write) - known)
    for pattern in student.leave:
        whole = pattern.removesuffix(":*")
        if not any(fnmatch(region, whole) or fnmatch(region, f"{whole}:*") for region in known):
            unknown.append(pattern)
    if unknown:
        raise CourseError(f"{assignment.folder / FILE}: student {student.id}: there is no region {', '.join(unknown)}.")


def library_files(course: Course, assignment: Assignment, choose: Choose) -> dict[str, str]:
    """The library as handed in: path -> text."""
    files = {}
    for path, released in library_with_holes(course, assignment).items():
        source = (course.root / path).read_text(encoding="utf-8")
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        names = region_names(source, module, course.root / path)
        asked = {name: body(source, region) for region, name in names.items() if name in assignment.blank}
        files[path] = fill(released, [choose(name, solution) for name, solution in asked.items()])
    return files


def fill_notebook(source: NotebookNode, name: str, student: DemoStudent, choose: Choose) -> NotebookNode:
    """The notebook as handed in: the released one with the student's regions."""
    notebook = blank_notebook(source)
    for cell, original in zip(notebook.cells, source.cells, strict=True):
        cell.source = without_held_back(cell.source)
        text = without_schemes(original.source)
        regions = find_regions(text)
        labels = [f"{name}:{cell.id}:{region.name}" if region.name else f"{name}:{cell.id}" for region in regions]
        bodies = [choose(label, body(text, region)) for label, region in zip(labels, regions, strict=True)]
        if students_write(original) and not regions:
            whole = choose(f"{name}:{cell.id}", without_markers(text))
            cell.source = cell.source if whole is None else whole
            continue
        if cell.id == STUDENT:
            bodies = [f'name = "{student.name}"\nstudent_id = "{student.id}"']
        cell.source = fill(cell.source, bodies)
    return notebook


def without_markers(text: str) -> str:
    """A solution that stands between nbgrader's markers, without them."""
    return "\n".join(line for line in text.split("\n") if "BEGIN SOLUTION" not in line and "END SOLUTION" not in line)


def body(text: str, region: Region) -> str:
    """What stands between a region's banners, less what is there only for the release and the bank of mistakes."""
    lines = without_mistakes("\n".join(text.split("\n")[region.start + 1 : region.end])).split("\n")
    prompt = MARKDOWN_PROMPT if region.markdown else CODE_PROMPT
    return "\n".join(line for line in lines if not prompt.fullmatch(line))


def fill(released: str, bodies: Sequence[str | None]) -> str:
    """Put a text into each region of a released text; None leaves that region alone."""
    lines = released.split("\n")
    for region, text in reversed(list(zip(find_regions(released), bodies, strict=True))):
        if text is not None:
            lines[region.start + 1 : region.end] = text.split("\n")
    return "\n".join(lines)
