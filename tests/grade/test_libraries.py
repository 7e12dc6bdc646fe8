"""Courses with no library, and with two of other names, from release to report."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.assignment import load_assignment
from autograder.course import Course
from autograder.notebooks import write_notebook
from autograder.release.generate import release
from autograder.report.make import make_report
from autograder.report.model import Options
from autograder.report.read import read_own
from autograder.student.check import check_folder
from autograder.student.laid import lay_folder

CONFIG = Path(__file__).parents[2] / "nbgrader_config.py"
BEGIN, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"
STUDENT = f'{BEGIN[:-6]}: student =====\n#> name = ""\n#> student_id = ""\nname = "Ada"\nstudent_id = "ada"\n{END}'
FUNCTION = "def {name}(x):\n" + f"    {BEGIN}\n" + "    out = {factor} * x\n" + f"    {END}\n    return out\n"
SETUP = "from autograder import expect\n"


def course_of(root, kinds, libraries):
    """A course with one notebook: a function of its own, and one of each library."""
    (root / "source" / "hw").mkdir(parents=True)
    shutil.copy(CONFIG, root)
    names = [Path(path).with_suffix("").as_posix().replace("/", ".") for path in libraries]
    for path in libraries:
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(FUNCTION.format(name="times", factor=3))
    if libraries:
        (root / "course.toml").write_text(f"library = {[name.partition('.')[0] for name in names]}")
    blank = [f"{name}.times" for name in names]
    (root / "source" / "hw" / "assignment.toml").write_text(f'title = "HW"\nnotebooks = ["hw"]\nblank = {blank}\n')
    cells = [kinds.work("student", STUDENT), kinds.given("setup", SETUP + "".join(f"import {n}\n" for n in names))]
    cells.append(kinds.work("double", FUNCTION.format(name="double", factor=2)))
    for position, call in enumerate(["double", *blank]):
        source = f"x = expect.rng().normal(size=3)\nexpect.same({call}(x), name='y')"
        cells.append(kinds.check(f"check-{position}", 2, source))
    write_notebook(kinds.notebook(*cells), root / "source" / "hw" / "hw.ipynb")
    return Course(root)


@pytest.mark.parametrize("libraries", [[], ["tools/deep.py", "shapes.py"]], ids=["none", "two"])
def test_any_number_of_libraries(tmp_path, course_factory, grading, libraries):
    """Is such a course released, checked, graded and reported, full points for what is right, none for holes?"""
    course = course_of(tmp_path / "course", course_factory, libraries)
    release(course, ["hw"])
    released = course.release_dir / "hw"
    assert {path.relative_to(released).as_posix() for path in released.rglob("*.py")} == set(libraries)

    ada = Path(shutil.copytree(released, course.submitted / "ada" / "hw"))
    shutil.copy(course.source / "hw" / "hw.ipynb", ada)
    grading(SimpleNamespace(course=course, name="hw"))
    cells = json.loads((course.autograded / "ada" / "hw" / "result.json").read_text())["notebooks"]["hw"]["cells"]
    assert [cells[id]["score"] for id in sorted(cells)] == [2, *[0] * len(libraries)]

    course.copy_libraries(ada)
    checked = check_folder(ada, lay_folder(ada, load_assignment(ada)))
    assert [question.state for question in checked.questions] == ["later"] * (1 + len(libraries))
    assert make_report(read_own(ada), tmp_path / "ada.pdf", Options()).pages
