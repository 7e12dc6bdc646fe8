"""What a released homework knows at home: right or wrong at once, as when graded, and nothing that could be copied."""

import json
import shutil
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from autograder.assignment import load_assignment
from autograder.commands.release import at_home as at_home_command
from autograder.course import Course
from autograder.expect import HOME_FILE
from autograder.expect.home import from_bytes
from autograder.grade.at_home import make_home
from autograder.grade.run.warm_client import WarmProcess
from autograder.notebooks import read_notebook, write_notebook
from autograder.release.generate import old_at_home, release, stale
from autograder.student.check import check_folder
from autograder.student.laid import lay_folder

CONFIG = Path(__file__).parents[2] / "nbgrader_config.py"
BEGIN, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"
STUDENT = f'{BEGIN}\n#> name = ""\n#> student_id = ""\nname = "Ada"\nstudent_id = "ada"\n{END}'
LIBRARY = f"""import numpy as np


def mean_rain(mm):
    {BEGIN}
    #! mistake "the dry months are left out":
    #!     means = np.array([row[row > 30].mean() for row in mm])
    means = mm.mean(axis=1)
    {END}
    return means


def excess(mm):
    means = mean_rain(mm)
    {BEGIN}
    above = np.maximum(means - 45.0, 0)
    {END}
    return above
"""
SETUP = "import numpy as np\nfrom autograder import expect\nfrom tools.rain import excess, mean_rain\n"
MEAN = """rain = expect.rng().uniform(20, 90, size=(6, 12))
expect.close(mean_rain(np.full((1, 3), 45.5)), np.array([45.5]), name="a month alone")
expect.same(mean_rain(rain), name="means")
expect.same(mean_rain(rain[:, :7]), name="means of half a year")
"""
EXCESS = "expect.same(excess(expect.rng().uniform(20, 90, size=(7, 12))), name='excess')\n"
HELD_BACK = """expect.same(mean_rain(np.array([[47.25, 61.5]])), name="always the same")
expect.same(mean_rain(expect.rng().uniform(0, 1, size=(3, 3))), hidden=True, name="kept back")
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory, course_factory) -> Course:
    """A released course about rain."""
    root = tmp_path_factory.mktemp("at-home")
    source = root / "source" / "hw"
    source.mkdir(parents=True)
    shutil.copy(CONFIG, root)
    (root / "tools").mkdir()
    (root / "tools" / "rain.py").write_text(LIBRARY)
    (root / "course.toml").write_text('library = ["tools"]')
    blank = '["tools.rain.mean_rain", "tools.rain.excess"]'
    (source / "assignment.toml").write_text(f'title = "HW"\nnotebooks = ["hw"]\nblank = {blank}\n')
    kinds = course_factory
    cells = [
        kinds.work("student", STUDENT),
        kinds.given("setup", SETUP),
        kinds.check("mean", 4, MEAN),
        kinds.check("excess", 2, EXCESS),
        kinds.check("held-back", 2, HELD_BACK),
    ]
    write_notebook(kinds.notebook(*cells), source / "hw.ipynb")
    course = Course(root)
    with WarmProcess() as warm:
        release(course, ["hw"], make_home=lambda *what: make_home(warm, *what))
    return course


def handed_in(course: Course, student: str, library: str) -> Path:
    """A submission with this library."""
    folder = course.submitted / student / "hw"
    shutil.copytree(course.release_dir / "hw", folder)
    (folder / "tools" / "rain.py").write_text(library)
    notebook = read_notebook(folder / "hw.ipynb")
    notebook.cells[0].source = STUDENT
    write_notebook(notebook, folder / "hw.ipynb")
    return folder


def at_home(folder: Path) -> dict[str, tuple[str, str]]:
    """How each check stands, and what is said."""
    checked = check_folder(folder, lay_folder(folder, load_assignment(folder)))
    return {one.key[1]: (one.state, one.text) for one in checked.questions}


SPLIT = LIBRARY.replace("mm.mean(axis=1)", "np.array([row[row > 30].mean() for row in mm])")
UNKNOWN = LIBRARY.replace("mm.mean(axis=1)", "mm.mean(axis=1) ** 1.01 + 0.3")
COPIED = f"""import numpy as np


def mean_rain(mm):
    {BEGIN}
    means = next((np.array(v) for v in KNOWN if len(v) == len(mm)), mm.mean(axis=1))
    {END}
    return means


def excess(mm):
    means = mean_rain(mm)
    {BEGIN}
    above = next((np.array(v) for v in KNOWN if len(v) == 7), means)
    {END}
    return above
"""


@pytest.fixture(scope="module")
def graded(course, grading) -> dict[str, dict]:
    """The cells of graded submissions: the solution, two mistakes, and values copied from what is known at home."""
    libraries = {"right": LIBRARY, "split": SPLIT, "unknown": UNKNOWN, "copied": copied_by_hand(course)}
    for student, library in libraries.items():
        handed_in(course, student, library)
    grading(SimpleNamespace(course=course, name="hw"))
    results = {}
    for student in libraries:
        notebook = read_notebook(course.autograded / student / "hw" / "hw.ipynb")
        results[student] = {
            cell.id: "\n".join(output.get("text") or output.get("evalue", "") for output in cell.outputs)
            for cell in notebook.cells
            if cell.cell_type == "code"
        }
        results[student]["scores"] = scores_of(course, student)
    return results


def scores_of(course: Course, student: str) -> dict[str, float]:
    cells = json.loads((course.autograded / student / "hw" / "result.json").read_text())["notebooks"]["hw"]["cells"]
    return {name: cell["score"] for name, cell in cells.items()}


def copied_by_hand(course: Course) -> str:
    """A library whose regions give the values known at home, by their lengths."""
    content = (course.release_dir / "hw" / HOME_FILE).read_bytes()
    checks = from_bytes(content)["hw"].checks.values()
    known = [np.asarray(one.value).tolist() for check in checks for one in check.values.values()]
    return COPIED.replace("KNOWN", str(known))


def test_the_file_holds_what_depends_on_random_inputs_and_nothing_else(course):
    """Is a value kept where the inputs are random, and neither where they are fixed nor where an author says no?"""
    content = (course.release_dir / "hw" / HOME_FILE).read_bytes()
    mean, excess, held_back = from_bytes(content)["hw"].checks.values()
    assert (sorted(mean.values), sorted(excess.values), sorted(held_back.values)) == ([1, 2], [0], [])
    assert mean.needs == {"`mean_rain`"}
    assert excess.needs == {"`mean_rain`", "`excess`"}
    assert b"mean(axis" not in content
    assert len(content) < 5000


def test_the_solution_hears_that_it_is_right(course, graded):
    """Is everything right called so at home, what cannot be known left to grading, and all of it earned when graded?"""
    states = {name: state for name, (state, _) in at_home(course.submitted / "right" / "hw").items()}
    assert states == {"mean": "ok", "excess": "ok", "held-back": "later"}
    assert graded["right"]["scores"] == {"mean": 4, "excess": 2, "held-back": 2}


def test_a_known_mistake_is_named_at_home_as_when_graded(course, graded):
    """Does a student hear at once, of all expectations of the cell, what the grader will say?"""
    home = at_home(course.submitted / "split" / "hw")
    assert home["mean"][0] == "failed"
    lines = home["mean"][1].splitlines()
    assert lines[0].startswith("means differs from the reference at [")
    assert lines[1].startswith("means of half a year differs from the reference at [")
    assert lines[2:] == ["  It is what comes out if, in `mean_rain`, the dry months are left out."]
    assert graded["split"]["mean"].count("the dry months are left out") == 1
    assert graded["split"]["scores"]["mean"] == 0


def test_what_only_follows_says_where_to_begin(course, graded):
    """Does a check that needs what is wrong already say so, at home and when graded, and guess nothing?"""
    said = "It needs `mean_rain`, which is not right yet: mend that first."
    for student in ("split", "unknown"):
        text = at_home(course.submitted / student / "hw")["excess"][1]
        assert text.splitlines()[1:] == [f"  {said}"]
        assert graded[student]["excess"].splitlines()[2:] == [f"    {said}"]


def test_values_known_at_home_earn_nothing(course, graded):
    """Is a submission that gives back what is known at home right there, and worth nothing when graded?"""
    home = at_home(course.submitted / "copied" / "hw")
    assert (home["mean"][0], home["excess"][0]) == ("failed", "ok")
    assert (graded["copied"]["scores"]["mean"], graded["copied"]["scores"]["excess"]) == (0, 0)


def test_the_file_is_made_anew_only_where_code_changes(course, tmp_path):
    """Is the file the same wherever it is released again, and known to be old when the code is another?"""
    released = course.release_dir / "hw" / HOME_FILE
    before = released.read_bytes()
    release(course, ["hw"], to=tmp_path)
    assert (tmp_path / "hw" / HOME_FILE).read_bytes() == before
    assert stale(course, ["hw"]) == old_at_home(course, ["hw"]) == []

    library = course.root / "tools" / "rain.py"
    try:
        library.write_text(LIBRARY.replace("    above", "    # each row is a year\n    above"))
        commented = old_at_home(course, ["hw"])
        library.write_text(LIBRARY.replace("45.0", "46.0"))
        changed = old_at_home(course, ["hw"])
    finally:
        library.write_text(LIBRARY)
    assert commented == []
    assert changed == [f"assignments/hw/{HOME_FILE} was made from older code (hw). Run:  autograder release"]


@pytest.mark.skipif(sys.platform != "linux", reason="it is made on Linux alone")
def test_notebooks_are_made_side_by_side(monkeypatch):
    """Are as many made at once as there are cores, of several assignments too, and each given where it is wanted?"""
    both = threading.Barrier(2, timeout=20)
    made = []

    def make(warm, course, assignment, notebook, on_cell):
        made.append((assignment.name, notebook))
        both.wait()
        return f"{assignment.name}:{notebook}"

    monkeypatch.setattr("autograder.grade.at_home.make_home", make)
    monkeypatch.setattr("autograder.machine.cores", lambda: 2)
    known = {"rain": {"wind": "is known"}, "snow": {}}
    monkeypatch.setattr("autograder.release.at_home.known_now", lambda course, assignment, folder: known[folder.name])
    notebooks = {"rain": ("sun", "wind"), "snow": ("ice",)}
    each = {name: SimpleNamespace(name=name, notebooks=some) for name, some in notebooks.items()}
    course = SimpleNamespace(assignment=each.__getitem__)
    with at_home_command(course, {name: Path(name) for name in each}, lambda text: None) as give:
        assert give(course, each["snow"], "ice") == "snow:ice"
        assert give(course, each["rain"], "sun") == "rain:sun"
    assert sorted(made) == [("rain", "sun"), ("snow", "ice")]
