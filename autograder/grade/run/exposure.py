"""Does something that student code must not read lie where it has to read: in the Python environment, in /usr/share?"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.course import Course
from autograder.errors import CourseError
from autograder.sandbox.policy import environment_paths, readable_place


def refuse_exposed(course: Course, readable: Iterable[Path] | None = None) -> None:
    """Raise CourseError where student code could open a part of the course; the text names each part."""
    found = exposed(course, environment_paths() if readable is None else readable)
    if found:
        raise CourseError(
            "\n".join(f"student code could read {what}: {place} lies in {folder}." for what, place, folder in found)
            + "\n  Python and its packages are there, and a sandbox has to let them be read."
            + "\n  Move the course (TMPDIR, for temporary files) elsewhere, or make the environment elsewhere."
        )


def exposed(course: Course, readable: Iterable[Path]) -> list[tuple[str, Path, Path]]:
    """What of a course can be read: (what it is, where it lies, the readable folder around it), the outermost only."""
    readable = tuple(readable)
    found: list[tuple[str, Path, Path]] = []
    for what, path in secrets(course):
        folder = readable_place(path, readable)
        place = path.resolve()
        if folder is not None and not any(place.is_relative_to(outer) for _, outer, _ in found):
            found.append((what, place, folder))
    return found


def secrets(course: Course) -> Iterator[tuple[str, Path]]:
    """What student code must not read, outermost first. Each entry of a folder may be a link that leads elsewhere."""
    yield "the course", course.root
    yield "the gradebook", course.gradebook_file or course.root
    yield "temporary files, other submissions among them", Path(tempfile.gettempdir())
    for what, folder in (
        ("the source", course.source),
        *(("the complete library", library) for library in course.libraries),
        ("the data with all its labels", course.data),
        ("submissions", course.submitted),
        ("graded submissions", course.autograded),
        ("feedback", course.feedback),
        ("results of grading", course.work),
    ):
        yield what, folder
        for path in sorted(folder.glob("*")) + sorted(folder.glob("*/*")):
            if path.is_symlink():
                yield what, path
