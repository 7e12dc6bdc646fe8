"""A course begun: the files that make a folder a course, and an assignment from a template.

The template is one percent script; a notebook is made from it.
"""

import importlib.util
import keyword
import re
import sys
from pathlib import Path

from nbformat import NotebookNode

from autograder.assignment import title_of_folder
from autograder.course import CONFIG, COURSE_FILE, Course
from autograder.errors import CourseError
from autograder.files import make_folder, write_atomically
from autograder.notebooks import KERNELSPEC, write_notebook
from autograder.source import NOTEBOOK, SCRIPT, settle_source

NAME = re.compile(r"[A-Za-z]\w*(-\w+)*")
RESERVED = re.compile(r"CON|PRN|AUX|NUL|(COM|LPT)\d", re.IGNORECASE)
PACKAGE = re.compile(r"[A-Za-z_]\w*")
FIRST = "homework1"

CONFIG_TEXT = """from autograder.nbgrader import configure

configure(get_config(), __file__)  # noqa: F821 (nbgrader defines it); options of your own may follow
"""

COURSE_TEXT = """name = "{name}"
{library}# time_zone = "Europe/Berlin"

[due]
# {first} = 2027-10-08T23:59:00  (in the course's time zone)
"""

ENVIRONMENT_TEXT = """# conda env create -f environment.yml && conda activate {name}
name: {name}
channels:
  - conda-forge
dependencies:
  - python=3.11
  - pip
  - pip:
      - {package}
"""

IGNORE_TEXT = """.grading/
.ipynb_checkpoints/
__pycache__/
autograded/
bundles/
data/
demo/
feedback/
gradebook.db
grades.csv
reports/
submitted/
"""

LIBRARY_TEXT = '''"""The course's own package: assignments import it, and students write between its banners.

Name in assignment.toml what students write:  blank = ["{name}.mean"]
"""


def mean(values):
    """The mean of some numbers."""
    # ===== START YOUR CODE HERE =====
    result = sum(values) / len(values)
    # ====== END YOUR CODE HERE ======
    return result
'''

HOMEWORK = '''# %% [markdown]
# # {title}
#
# Write between the START and END banners. Run each check after the cell above it.

# %% student
# ===== START YOUR CODE HERE =====
#> name = ""  # your name
#> student_id = ""  # your student id
name = "The solution"
student_id = "solution"
# ====== END YOUR CODE HERE ======

# %% setup
import matplotlib.pyplot as plt
import numpy as np

from autograder import expect

# %% [markdown]
# ## 1. Smooth a curve
#
# A moving average replaces each value by the mean of the `width` values that begin with it. Of $n$ values,
# $n - \\mathrm{{width}} + 1$ means are left.

# %% moving-average
def moving_average(values, width):
    """Means of neighboring values.

    values: (n,) array. Returns an (n - width + 1,) array.
    """
    # ===== START YOUR CODE HERE =====
    # TODO: compute the means.
    sums = np.cumsum(np.concatenate([[0.0], values]))
    means = (sums[width:] - sums[:-width]) / width
    # ====== END YOUR CODE HERE ======
    return means

# %% moving-average-check
# Check the moving average (5 points)
expect.close(moving_average(np.array([1.0, 2.0, 3.0, 6.0]), 2), np.array([1.5, 2.5, 4.5]), name="means of pairs")
expect.same(moving_average(expect.rng().normal(size=30), 4), name="means of four")

# %% plot
steps = np.linspace(0, 6, 120)
noisy = np.sin(steps) + np.random.default_rng(0).normal(scale=0.3, size=steps.size)
plt.plot(steps, noisy, label="measured")
plt.plot(steps[9:], moving_average(noisy, 10), label="moving average")
plt.xlabel("time in s")
plt.ylabel("signal")
plt.legend()
plt.show()

# %% [markdown] wider-window
# **Question 1 (3 points).** What happens to the curve when `width` grows, and why?
#
# <!-- ===== START YOUR ANSWER HERE ===== -->
# The noise gets smaller, since errors cancel in the mean, and peaks get lower and come later.
# <!-- ====== END YOUR ANSWER HERE ====== -->
'''


def begin_course(folder: Path, library: str = "") -> Course:
    """Make a folder a course with one small assignment.

    Args:
        library: the name of a package to begin beside source/; "" for a course without one.

    Raises:
        CourseError: the folder is a course already, or the name of the library is not one.
    """
    root = folder.resolve()
    if (root / CONFIG).exists():
        raise CourseError(f"{root} is a course already: {CONFIG} is there. Add an assignment with  autograder new NAME")
    if root.exists() and not root.is_dir():
        raise CourseError(f"{root} is a file. Name a folder, which may be a new one.")
    if library and (not PACKAGE.fullmatch(library) or keyword.iskeyword(library)):
        raise CourseError(f'"{library}" cannot be the name of a package. Take letters, digits and _, like  tools')
    if library in ("source", *sys.stdlib_module_names) or installed(library, root):
        raise CourseError(f'"{library}" is the name of another package. Take one like  {name_of(root)}_lib')
    name = name_of(root).replace("_", "-")
    line = f'library = "{library}"\n' if library else ""
    files = {
        CONFIG: CONFIG_TEXT,
        COURSE_FILE: COURSE_TEXT.format(name=name, library=line, first=FIRST),
        "environment.yml": ENVIRONMENT_TEXT.format(name=name, package="nn-course-autograder"),
        ".gitignore": IGNORE_TEXT,
    }
    if library:
        files[f"{library}/__init__.py"] = LIBRARY_TEXT.format(name=library)
    make_folder(root)
    for path, text in files.items():
        if not (root / path).exists():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            write_atomically(root / path, text)
    _ignore_too(root / ".gitignore")
    course = Course(root)
    if not course.assignment_names():
        begin_assignment(course, FIRST)
    return course


def _ignore_too(path: Path) -> None:
    """Add to a .gitignore that was there what must not get into a repository: hand-ins and grades."""
    text = path.read_text(encoding="utf-8")
    there = {line.strip().strip("/") for line in text.split("\n")}
    if missing := [line for line in IGNORE_TEXT.splitlines() if line.strip("/") not in there]:
        write_atomically(path, "\n".join([text.rstrip("\n"), *missing, ""]).lstrip("\n"))


def name_of(root: Path) -> str:
    return re.sub(r"\W+", "_", root.name).strip("_").lower() or "course"


def installed(library: str, root: Path) -> bool:
    """Does a package of this name come from elsewhere than the course?"""
    found = importlib.util.find_spec(library) if library else None
    places = [found.origin, *(found.submodule_search_locations or ())] if found else []
    return any(place and not Path(place).is_relative_to(root) for place in places)


def begin_assignment(course: Course, name: str, as_text: bool = False) -> Path:
    """Write an assignment from the template into source/, as a notebook or as a percent script; returns its file.

    Raises:
        CourseError: the name cannot be a folder's here, or there is one.
    """
    if not NAME.fullmatch(name):
        raise CourseError(f'"{name}" cannot be the name of an assignment. Take letters, digits, _ and -.')
    if RESERVED.fullmatch(name):
        raise CourseError(f'"{name}" cannot be the name of an assignment: Windows has no folder of that name.')
    folder = course.source / name
    if folder.exists():
        raise CourseError(f"{folder} is there already. Take another name, or change what is in it.")
    text = HOMEWORK.format(title=title_of_folder(name))
    path = folder / f"{name}{SCRIPT if as_text else NOTEBOOK}"
    folder.mkdir(parents=True)
    if as_text:
        write_atomically(path, text)
    else:
        write_notebook(notebook_of(text), path)
    settle_source(course.assignment(name), name)
    return path


def notebook_of(script: str) -> NotebookNode:
    """A percent script as a notebook; a title in a cell's header is its id."""
    import jupytext

    notebook = jupytext.reads(script, fmt="py:percent")
    notebook.metadata = NotebookNode(kernelspec=NotebookNode(KERNELSPEC))
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = str(cell.metadata.pop("title", "")) or f"text-{number}"
        cell.metadata.pop("lines_to_next_cell", None)
    return notebook
