"""The files that an assignment gives to its students as they are: data, pictures, helper modules."""

from pathlib import Path

from nbgrader.utils import find_all_files

from autograder.assignment import FILE, Assignment
from autograder.course import Course, nbgrader_config
from autograder.source import source_path


def given_files(course: Course, assignment: Assignment) -> dict[str, bytes]:
    """Return what nbgrader copies from the source folder: path in the released folder -> content.

    Not among them: notebooks, the library, assignment.toml, and what students make themselves.
    """
    ignore = nbgrader_config(course).CourseDirectory.get("ignore", [])
    folder = str(assignment.folder)
    paths = sorted(Path(path).relative_to(folder) for path in find_all_files(folder, [*ignore, "*.ipynb"]))
    scripts = {source_path(assignment.folder, name).name for name in assignment.notebooks}
    made = {FILE, *assignment.hand_in, *scripts}
    return {path.as_posix(): (assignment.folder / path).read_bytes() for path in paths if str(path) not in made}
