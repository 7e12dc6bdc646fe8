"""A course of its own for the demo, so that it touches no gradebook and no submission of yours."""

import shutil
from pathlib import Path

from autograder.course import CONFIG, COURSE_FILE, Course
from autograder.data.registry import STAND_INS, find_dataset
from autograder.demo.students import FILE
from autograder.errors import CourseError
from autograder.files import NO_CACHES, make_folder

MARKER = ".made-by-demo"


def make_course(course: Course, assignment: str, root: Path) -> Course:
    """Copy one assignment, the library and the configuration into the folder `root`; the data are linked, not copied.

    What an earlier demo left in `root` is removed.

    Raises:
        CourseError: `root` holds something that no demo made.
    """
    if root.exists():
        if not (root / MARKER).exists():
            raise CourseError(f"{root} is there already, and no demo made it. Name a new folder:  --to FOLDER")
        shutil.rmtree(root)
    make_folder(root)
    (root / MARKER).touch()
    shutil.copy(course.root / CONFIG, root)
    if (course.root / COURSE_FILE).is_file():
        shutil.copy(course.root / COURSE_FILE, root)
    course.copy_libraries(root)
    shutil.copytree(course.source / assignment, root / "source" / assignment, ignore=NO_CACHES)
    course.data.mkdir(exist_ok=True)
    (root / "data").symlink_to(course.data.resolve(), target_is_directory=True)
    return Course(root)


def first_with_demo(course: Course) -> str:
    """The first assignment that describes simulated students, else the first.

    Raises:
        CourseError: there is none.
    """
    names = course.assignment_names()
    described = [name for name in names if (course.source / name / FILE).is_file()]
    if not names:
        raise CourseError(f"demo: there is no assignment in {course.source}. Begin one with  autograder new NAME")
    return (described or names)[0]


def missing_data(course: Course, names: tuple[str, ...]) -> tuple[str, ...]:
    """Which generated stand-ins have to be made, because neither the dataset nor its stand-in is there."""
    wanted = [(find_dataset(name), find_dataset(STAND_INS.get(name, name))) for name in names]
    return tuple(
        stand_in.name
        for dataset, stand_in in wanted
        if not dataset.is_in(course.data) and not stand_in.is_in(course.data)
    )
