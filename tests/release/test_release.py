"""source/ and nn/ -> assignments/, by nbgrader's own converter."""

import ast
import copy
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import jupytext
import pytest
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from typer.testing import CliRunner

from autograder.begin import ENVIRONMENT_TEXT
from autograder.cli import app
from autograder.course import Course, nbgrader_config
from autograder.errors import CourseError
from autograder.expect import HOME_FILE
from autograder.grade.prepare.pristine import load_pristine
from autograder.notebooks import format_notebook, read_notebook, write_notebook
from autograder.questions import Kind, kind_of, students_write
from autograder.regions import find_regions
from autograder.release.bundle import build_wheel, not_for_students, write_bundle
from autograder.release.checks import check_assignment, fix_assignment, lint_assignment
from autograder.release.generate import check_sources, orphans, release, stale
from autograder.release.library import library_with_holes, region_names
from autograder.release.notebook import blank_notebook, without_schemes
from autograder.release.preprocessors import CheckRegions
from autograder.release.problems import SourceProblem
from autograder.source import source_questions

pytestmark = pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")
FILES = Path(__file__).parent / "files"
REPOSITORY = Path(__file__).parents[2]
MALFORMED = sorted(path.parents[1].name for path in FILES.glob("*/expected/error.txt"))


def tree(folder):
    """Every file of a folder with its bytes, without what checks compare with at home (tests/grade/test_at_home.py)."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != HOME_FILE)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def run(*arguments, course, code=0):
    """Run the command in the course; return what it prints."""
    before = Path.cwd()
    os.chdir(course.root)
    try:
        result = CliRunner().invoke(app, list(arguments))
    finally:
        os.chdir(before)
    if isinstance(result.exception, CourseError):
        assert code == 1
        return str(result.exception)
    assert result.exit_code == code, result.output
    return result.output


def edit_cell(course, notebook, cell_id, change):
    path = course.source / "lines" / f"{notebook}.ipynb"
    nb = read_notebook(path)
    change(next(cell for cell in nb.cells if cell.id == cell_id))
    write_notebook(nb, path)


# --- what comes out ---------------------------------------------------------------------------------------------------


def test_a_release_is_exactly_what_it_should_be(course):
    """Are regions empty, outputs and the instructor's weights gone, the library's used part there, nothing else?"""
    assert release(course, ["lines"]) == []
    assert tree(course.release_dir / "lines") == tree(FILES / "lines" / "expected" / "lines")
    assert {path.name for path in course.work.iterdir()} == {"release.log"}


def test_formgraders_button_gives_the_same_folder(course, monkeypatch):
    """Is `nbgrader generate_assignment --force` byte by byte our release, from any folder of the course?"""
    monkeypatch.chdir(course.source)
    release(course, ["lines"])
    ours = tree(course.release_dir / "lines")
    config = nbgrader_config(course)
    result = NbGraderAPI(config=config).generate_assignment("lines", force=True)
    assert result["success"], result["log"]
    assert tree(course.release_dir / "lines") == ours


def test_the_gradebook_knows_the_assignment(course):
    """Are cells, points, the due time in UTC and released texts in nbgrader's database?"""
    release(course, ["lines"])
    with Gradebook(course.gradebook_url) as gradebook:
        assignment = gradebook.find_assignment("lines")
        assert str(assignment.duedate) == "2026-10-09 21:59:00"
        assert assignment.max_score == 5
        cells = {cell.name: cell.max_score for n in assignment.notebooks for cell in n.grade_cells}
        assert cells == {"predict-check": 2, "bonus-check": 0, "why-squares": 2, "plot-check": 1}
        for cell in (cell for n in assignment.notebooks for cell in n.source_cells):
            assert "offset_values" not in cell.source
            assert "linear system" not in cell.source


def test_releasing_twice_changes_nothing(course):
    """Is a release deterministic, and does it replace what was there?"""
    release(course, ["lines"])
    before = tree(course.release_dir)
    (course.release_dir / "lines" / "left.over").write_text("old")
    release(course, ["lines"])
    assert tree(course.release_dir) == before


def test_a_released_notebook_and_grading_start_from_the_same_text(course):
    """Do the pure functions that grading calls give what release writes?"""
    release(course, ["lines"])
    folder = course.release_dir / "lines"
    library = library_with_holes(course, course.assignment("lines"))
    assert library == {path: text.decode() for path, text in tree(folder).items() if path.startswith("nn/")}
    for path in folder.glob("*.ipynb"):
        blanked = blank_notebook(read_notebook(course.source / "lines" / path.name))
        released = read_notebook(path)
        assert [(c.id, c.source) for c in blanked.cells] == [(c.id, c.source) for c in released.cells]


def test_the_library_follows_imports(course):
    """Are modules found through notebooks, magics, packages and relative imports, and others left out?"""
    package = course.root / "nn" / "deep"
    package.mkdir()
    (package / "__init__.py").write_text("from .. import unused\n")
    (package / "inner.py").write_text("from . import other\nfrom ..sums import inner as product\n")
    (package / "other.py").write_text("def f():\n    import nn.plots as plots\n    return plots\n")
    path = course.source / "lines" / "plot.ipynb"
    nb = read_notebook(path)
    nb.cells[0].source = (
        "!ls\n%timeit pass\nfrom nn.deep.inner import product\n" + nb.cells[0].source.partition("\n")[2]
    )
    write_notebook(nb, path)
    expected = {"__init__", "deep/__init__", "deep/inner", "deep/other", "lines", "plots", "sums", "unused"}
    assert set(library_with_holes(course, course.assignment("lines"))) == {f"nn/{name}.py" for name in expected}


def test_regions_are_named_by_the_function_around_them(course):
    """What is the full name of a region?"""
    path = course.root / "nn" / "lines.py"
    assert list(region_names(path.read_text(), "nn.lines", path).values()) == [
        "nn.lines.slope",
        "nn.lines.Line.fit:slope",
        "nn.lines.Line.fit:intercept",
    ]


def test_a_locked_cell_cannot_be_edited_and_checksums_are_there(course):
    """Do nbgrader's own steps still run?"""
    release(course, ["lines"])
    cells = {c.id: c.metadata for c in read_notebook(course.release_dir / "lines" / "fit.ipynb").cells}
    assert cells["setup"].editable is False
    assert cells["predict"].deletable is False
    assert "editable" not in cells["predict"]
    assert re.fullmatch("[0-9a-f]{32}", cells["predict-check"].nbgrader.checksum)


# --- what must not come out -------------------------------------------------------------------------------------------


def solution_lines(course, assignment):
    """The normalised lines inside the regions that an assignment blanks, and those that it gives anyway."""
    secret, given = set(), set()

    def sort(text, blanked):
        lines = text.split("\n")
        inside = {n: r for r in find_regions(text) for n in range(r.start + 1, r.end)}
        for number, line in enumerate(lines):
            plain = re.sub(r"\s+", "", line.removeprefix("#>"))
            hidden = number in inside and blanked(inside[number]) and not re.match(r"\s*#(> ?| TODO| {2})", line)
            (secret if hidden else given).add(plain)

    for notebook in assignment.notebooks:
        for cell in read_notebook(assignment.folder / f"{notebook}.ipynb").cells:
            shown = without_schemes(cell.source)
            sort(shown, lambda region, cell=cell: students_write(cell))
            scheme = set(cell.source.split("\n")) - set(shown.split("\n"))
            secret.update(re.sub(r"\s+", "", line) for line in scheme if "MARK SCHEME" not in line)
    for path in library_with_holes(course, assignment):
        file = course.root / path
        module = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        names = region_names(file.read_text(), module, file)
        sort(file.read_text(), lambda region, names=names: names[region] in assignment.blank)
    return {line for line in secret - given if len(line) >= 12}


def texts(data, name):
    """The normalised lines of a file; of a notebook, those of its cells and outputs too."""
    text = data.decode("utf-8", "replace")
    if name.endswith(".ipynb"):
        text += "\n" + "\n".join(_strings(json.loads(text)))
    return {re.sub(r"\s+", "", line) for line in text.split("\n")}


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The autograder wheel, built from this repository."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def test_no_solution_line_is_released(course, wheel, tmp_path):
    """Is no line that only the solution has in the released folder, the zip or the wheel in it?"""
    release(course, ["lines"])
    assignment = course.assignment("lines")
    secret = solution_lines(course, assignment)
    assert {
        "offset_values=line.slope*x",
        "centred=x-x.mean()",
        "Twopointsfornamingthelinearsystemthatfollows.",
    } <= secret
    bundle = write_bundle(course, assignment, course.release_dir / "lines", wheel, tmp_path / "out")
    files = {**tree(course.release_dir), **members(bundle), **members(wheel)}
    for name, data in files.items():
        assert not secret & texts(data, name), name
        assert b"42.4242" not in data
        assert b"instructor's own weights" not in data


def test_the_wheel_holds_the_autograder_alone(wheel):
    """Is the complete library, or any source notebook, in what students install?"""
    names = members(wheel)
    beside = re.compile(r"[^/]+\.dist-info/|[^/]+\.data/data/(share|etc)/jupyter/")
    there = {name for name in names if not beside.match(name)}
    assert {name.partition("/")[0] for name in there} == {"autograder"}
    assert not [name for name in names if name.endswith(".ipynb")]


def test_the_bundle_is_complete_and_deterministic(course, wheel, tmp_path):
    """Does the zip hold what the README in it speaks of, with the same bytes each time?"""
    release(course, ["lines"])
    assignment = course.assignment("lines")
    first = write_bundle(course, assignment, course.release_dir / "lines", wheel, tmp_path / "a")
    again = write_bundle(course, assignment, course.release_dir / "lines", wheel, tmp_path / "b")
    assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(again.read_bytes()).digest()
    inside = members(first)
    copies = ("lines/lines", "lines/.handed-out")
    released = {f"{copy}/{name}": data for copy in copies for name, data in tree(course.release_dir / "lines").items()}
    assert inside.keys() - released.keys() == {"lines/README.md", "lines/environment.yml", f"lines/{wheel.name}"}
    assert {name: inside[name] for name in released} == released
    readme = inside["lines/README.md"].decode()
    for part in ("Fitting a line", wheel.name, "fit.ipynb, then plot.ipynb", "09 October 2026, 23:59", "nn-course"):
        assert part in readme
    assert "autograder data" not in readme


def test_the_bundle_says_which_data_to_get(course, wheel, tmp_path):
    """Does a student read the command for this homework's dataset?"""
    release(course, ["lines"])
    assignment = course.assignment("lines").model_copy(update={"data": ("cifar10", "mnist")})
    inside = members(write_bundle(course, assignment, course.release_dir / "lines", wheel, tmp_path))
    assert "`autograder data cifar10`  and  `autograder data mnist`\n" in inside["lines/README.md"].decode()


def test_the_bundle_lists_the_packages_of_its_own(course, wheel, tmp_path):
    """Are packages that only this homework needs in environment.yml, and in the README's steps?"""
    release(course, ["lines"])
    assignment = course.assignment("lines").model_copy(update={"packages": ("tensorflow>=2.16; sys_platform != 'x'",)})
    inside = members(write_bundle(course, assignment, course.release_dir / "lines", wheel, tmp_path))
    assert f'`pip install {wheel.name} "{assignment.packages[0]}"`' in inside["lines/README.md"].decode()
    (pip,) = [
        part["pip"]
        for part in yaml.safe_load(inside["lines/environment.yml"])["dependencies"]
        if isinstance(part, dict)
    ]
    assert assignment.packages[0] in pip


def test_students_get_the_kit_from_the_bundle(course, wheel, tmp_path):
    """Is the environment of a course that `init` began made of the wheel in the zip, not of a package on the net?"""
    release(course, ["lines"])
    begun = ENVIRONMENT_TEXT.format(name="stats", package="nn-course-autograder")
    (course.root / "environment.yml").write_text(begun)
    inside = members(write_bundle(course, course.assignment("lines"), course.release_dir / "lines", wheel, tmp_path))
    *_, pip = yaml.safe_load(inside["lines/environment.yml"])["dependencies"]
    assert pip == {"pip": [f"./{wheel.name}"]}
    assert f"lines/{wheel.name}" in inside


def test_packages_that_students_would_lack(course):
    """Is a package that a notebook imports named, unless the kit, environment.yml or the assignment brings it?"""
    release(course, ["lines"])
    released = course.release_dir / "lines"
    code = "import json, numpy.linalg\nimport pytest as p\nfrom autograder import expect\n%matplotlib inline"
    (released / "fit.ipynb").write_text(format_notebook(new_notebook(cells=[new_code_cell(code)])))
    assignment = course.assignment("lines")
    (course.root / "environment.yml").write_text("dependencies:\n  - python=3.11\n")
    assert not_for_students(course, assignment, released) == ["pytest"]
    assert not_for_students(course, assignment.model_copy(update={"packages": ("pytest>=8",)}), released) == []
    (course.root / "environment.yml").write_text("dependencies:\n  - pytest=8\n")
    assert not_for_students(course, assignment, released) == []


def test_a_bundle_needs_environment_yml(course, wheel, tmp_path):
    """Is a missing environment.yml said, not a zip without it made?"""
    release(course, ["lines"])
    (course.root / "environment.yml").unlink()
    with pytest.raises(CourseError, match=r"environment\.yml is missing"):
        write_bundle(course, course.assignment("lines"), course.release_dir / "lines", wheel, tmp_path)


# --- malformed sources ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_sources_are_refused_with_file_cell_and_line(case):
    """Does the author learn what is wrong, where, and what to do?"""
    course = Course(FILES / case / "input")
    with pytest.raises(CourseError) as caught:
        check_sources(course, ["hw"])
    assert f"{caught.value}\n" == (FILES / case / "expected" / "error.txt").read_text(encoding="utf-8")


def test_nothing_is_written_for_a_malformed_source(course):
    """Does an earlier release survive, and the gradebook, even if only the second of two is wrong?"""
    release(course, ["lines"])
    before = tree(course.root)
    shutil.copytree(FILES / "nested-region" / "input" / "source" / "hw", course.source / "zz")
    with pytest.raises(CourseError, match='cell "work"'):
        release(course, ["lines", "zz"])
    after = tree(course.root)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"source/zz/assignment.toml", "source/zz/hw.ipynb"}


def test_nbgraders_own_command_refuses_a_malformed_source(course_of):
    """Does formgrader's button stop too, with our message in its log and nothing released?"""
    course = course_of("nested-region")
    result = NbGraderAPI(config=nbgrader_config(course)).generate_assignment("hw", force=True)
    assert not result["success"]
    assert 'hw.ipynb, cell "work": a region starts in line 3 inside the one from line 1' in result["log"]
    assert not (course.release_dir / "hw").exists()


def test_an_error_of_nbgraders_is_shown_without_a_trace(course, monkeypatch):
    """Is a failure inside nbgrader one message with the log's place, and the earlier release still there?"""
    release(course, ["lines"])
    before = tree(course.release_dir)
    config = (course.root / "nbgrader_config.py").read_text()
    (course.root / "nbgrader_config.py").write_text(config + 'c.IncludeHeaderFooter.header = "no-such-header.ipynb"\n')
    with pytest.raises(
        CourseError, match=r"nbgrader could not generate lines: FileNotFoundError.*release\.log"
    ) as caught:
        release(course, ["lines"])
    assert "Traceback" not in str(caught.value)
    assert "Traceback" in (course.work / "release.log").read_text()
    assert tree(course.release_dir) == before


# --- releasing again, with submissions in the gradebook ---------------------------------------------------------------


def hand_in(course):
    with Gradebook(course.gradebook_url) as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission("lines", "ada")


def test_texts_and_points_can_change_under_submissions(course):
    """Can an instructor mend a test after grading began, and learn whom to grade again?"""
    release(course, ["lines"])
    hand_in(course)
    assert release(course, ["lines"]) == []
    edit_cell(course, "fit", "predict-check", lambda cell: cell.metadata.nbgrader.update(points=3))
    edit_cell(course, "fit", "predict-check", lambda cell: cell.update(source=cell.source + "  # mended"))
    (note,) = release(course, ["lines"])
    assert "fit:predict-check is now worth 3 points (was 2)" in note
    assert "autograder grade lines --changed" in note
    with Gradebook(course.gradebook_url) as gradebook:
        assert gradebook.find_grade_cell("predict-check", "fit", "lines").max_score == 3


def test_cells_cannot_change_under_submissions(course):
    """Is nbgrader's refusal foreseen, explained, and the old release kept?"""
    release(course, ["lines"])
    hand_in(course)
    before = tree(course.release_dir)

    def rename(cell):
        cell.id = cell.metadata.nbgrader.grade_id = "draw-check"

    edit_cell(course, "plot", "plot-check", rename)
    with pytest.raises(CourseError, match="1 submissions of lines") as caught:
        release(course, ["lines"])
    for part in ("plot:draw-check is new", "plot:plot-check is gone", "nbgrader db assignment remove lines --force"):
        assert part in str(caught.value)
    assert tree(course.release_dir) == before


def test_what_the_message_advises_works(course):
    """Does taking the assignment out of the gradebook let the changed one be released?"""
    release(course, ["lines"])
    hand_in(course)
    path = course.source / "lines" / "plot.ipynb"
    nb = read_notebook(path)
    nb.cells.append(copy.deepcopy(nb.cells[0]))
    nb.cells[-1].id = nb.cells[-1].metadata.nbgrader.grade_id = "more"
    write_notebook(nb, path)
    with pytest.raises(CourseError, match="plot:more is new"):
        release(course, ["lines"])
    command = [sys.executable, "-m", "nbgrader", "db", "assignment", "remove", "lines", "--force"]
    subprocess.run(command, cwd=course.root, check=True, capture_output=True)
    assert release(course, ["lines"]) == []


# --- --check and the command line -------------------------------------------------------------------------------------


def test_check_names_every_file_that_differs(course):
    """Does --check see changed, missing and added files, and leave the gradebook alone?"""
    release(course, ["lines"])
    folder = course.release_dir / "lines"
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").write_bytes(b"")
    database = (course.root / "gradebook.db").read_bytes()
    assert stale(course, ["lines"]) == []
    (folder / "nn" / "sums.py").unlink()
    (folder / "notes.txt").write_text("mine")
    edit_cell(course, "fit", "title", lambda cell: cell.update(source="# Lines"))
    assert stale(course, ["lines"]) == [
        "assignments/lines/fit.ipynb is out of date",
        "assignments/lines/nn/sums.py is missing",
        "assignments/lines/notes.txt is not part of the release",
    ]
    assert (course.root / "gradebook.db").read_bytes() == database
    shutil.copytree(folder, course.release_dir / "old")
    assert orphans(course) == [course.release_dir / "old"]


def test_the_command_releases_and_checks(course):
    """Does `autograder release` say what it wrote, and --check fail with exit code 1 when something is stale?"""
    (course.root / "gradebook.db").unlink()
    assert "lines is missing" in run("release", "--check", course=course, code=1)
    assert not (course.root / "gradebook.db").exists()
    assert run("release", course=course).endswith("assignments/lines\n")
    assert "up to date: lines" in run("release", "lines", "--check", course=course)
    assert (course.root / "gradebook.db").exists()
    for command in ("release", "lint"):
        assert run(command, "lins", course=course, code=1) == (
            f'no assignment "lins" in {course.source} (a folder with a notebook). Did you mean "lines"?'
        )
    assert "writes nothing" in run("release", "--check", "--bundle", course=course, code=1)


def test_to_writes_elsewhere(course, tmp_path):
    """Does --to leave assignments/ alone?"""
    run("release", "--to", str(tmp_path / "there"), course=course)
    assert tree(tmp_path / "there" / "lines") == tree(FILES / "lines" / "expected" / "lines")
    assert not course.release_dir.exists()


def test_lint_adds_what_would_grade_badly(course):
    """Does lint show hidden tests and a missing cell for the name?"""
    edit_cell(course, "fit", "student", lambda c: (c.update(id="who"), c.metadata.nbgrader.update(grade_id="who")))
    hidden = "\n### BEGIN HIDDEN TESTS\nassert True\n### END HIDDEN TESTS"
    edit_cell(course, "fit", "predict-check", lambda cell: cell.update(source=cell.source + hidden))
    texts = [str(problem) for problem in lint_assignment(course, "lines")]
    assert any("asks for name and student id" in text for text in texts)
    assert any("hidden tests run beside student code" in text for text in texts)
    assert "predict-check" in run("lint", course=course, code=1)


def test_hidden_tests_are_not_released(course):
    """Does nbgrader's own step still take hidden tests out?"""
    hidden = "\n### BEGIN HIDDEN TESTS\nassert predict(line, 4) == 9\n### END HIDDEN TESTS"
    edit_cell(course, "fit", "predict-check", lambda cell: cell.update(source=cell.source + hidden))
    release(course, ["lines"])
    released = (course.release_dir / "lines" / "fit.ipynb").read_text()
    assert released == (FILES / "lines" / "expected" / "lines" / "fit.ipynb").read_text()


def bare(course, notebook):
    """Take ids and nbgrader's metadata out of a source, as an author has it who wrote it in Jupyter."""
    path = course.source / "lines" / f"{notebook}.ipynb"
    content = json.loads(path.read_text(encoding="utf-8"))
    for number, cell in enumerate(content["cells"]):
        cell["id"] = f"{number:08x}"
        cell["metadata"].pop("nbgrader", None)
        if "assert" in "".join(cell["source"]):
            cell["source"] = [f"# Check number {number} (2 points)\n", *cell["source"]]
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def test_an_author_never_edits_json(course):
    """Do a notebook saved in Jupyter, `lint --fix` and `release` make a homework, with nothing written by hand?"""
    path = bare(course, "plot")
    before = path.read_bytes()
    assert "plot.ipynb: no id yet: code cell, 'import nn.plots as plots', and 1 more" in run(
        "release", course=course, code=1
    )
    assert path.read_bytes() == before
    told = run("lint", "--fix", course=course, code=1)
    assert "number-1-check: its points could be guessed" not in told
    assert 'cell "predict-check": it uses nn.lines.Line.fit:slope, which no assignment empties' in told
    ids = {cell.id: kind_of(cell) for cell in read_notebook(path).cells}
    assert ids == {"work": Kind.WORK, "number-1-check": Kind.CHECK}
    run("release", course=course)
    released = read_notebook(course.release_dir / "lines" / "plot.ipynb")
    assert [cell.id for cell in released.cells] == list(ids)
    assert released.cells[1].metadata.nbgrader.points == 2


def test_lint_fix_says_what_it_wrote(course):
    """Is each change named with its file and cell, and nothing said the second time?"""
    bare(course, "plot")
    written = fix_assignment(course, "lines")
    file = course.source / "lines" / "plot.ipynb"
    assert written == [
        f'{file}, cell "work": new id, a work cell',
        f'{file}, cell "number-1-check": new id, a check, 2 points',
    ]
    assert fix_assignment(course, "lines") == []


def test_lint_names_both_where_text_and_metadata_disagree(course):
    """Are the points of the text and those of the metadata told, by lint and by release, which takes the metadata?"""
    edit_cell(course, "fit", "predict-check", lambda cell: cell.update(source="# Predict (5 points)\n" + cell.source))
    told = 'its text says "(5 points)", and nbgrader\'s metadata 2 points'
    assert any(told in str(problem) for problem in lint_assignment(course, "lines"))
    assert any(told in note for note in release(course, ["lines"]))
    assert fix_assignment(course, "lines")[0].endswith('cell "predict-check": points 2 -> 5')
    assert release(course, ["lines"]) == []


def test_a_check_for_practice_has_no_points(course):
    """May a check say that it earns nothing?"""
    edit_cell(course, "fit", "predict-check", lambda c: c.metadata.nbgrader.update(points=0))
    assert any("say (practice) in its first line" in str(problem) for problem in check_assignment(course, "lines"))
    edit_cell(course, "fit", "predict-check", lambda c: c.update(source="# Predict (practice)\n" + c.source))
    assert check_assignment(course, "lines") == []


def test_a_script_and_its_notebook_cannot_both_be_there(course):
    """Is it an error that names both, before anything is written?"""
    (course.source / "lines" / "fit.py").write_text("# %% [markdown]\n# # A line\n")
    told = run("release", course=course, code=1)
    assert "fit.ipynb: fit.py is there too" in told
    assert not course.release_dir.exists()


# --- the real homeworks -----------------------------------------------------------------------------------------------

REAL = Course(REPOSITORY)


@pytest.mark.parametrize("name", REAL.assignment_names())
def test_the_committed_release_is_up_to_date(name):
    """Is assignments/<name> what source/<name> and nn/ give today?"""
    assert stale(REAL, [name]) == []


def test_an_assignment_is_checked_once_for_all_its_notebooks(monkeypatch):
    """Is it checked with the first, and another assignment too, and is a malformed one refused again each time?"""
    checked, problems = [], {"bad": [SourceProblem(Path("bad.ipynb"), "", "there is no region")]}
    part = "autograder.release.preprocessors"
    monkeypatch.setattr(f"{part}._course", lambda resources: (REAL, SimpleNamespace(name=resources["assignment"])))
    monkeypatch.setattr(f"{part}.complete_source", lambda course, assignment, notebook: notebook)
    monkeypatch.setattr(f"{part}.check_assignment", lambda course, name: checked.append(name) or problems.get(name, []))
    check = CheckRegions()
    for name, notebook in (("hw", "one"), ("hw", "two"), ("bad", "one"), ("bad", "two"), ("other", "one")):
        resources = {"assignment": name, "nbgrader": {"notebook": notebook}}
        if name == "bad":
            with pytest.raises(CourseError, match="there is no region"):
                check.preprocess(None, resources)
        else:
            assert check.preprocess(None, resources) == (notebook, resources)
    assert checked == ["hw", "bad", "bad", "other"]


def test_every_committed_release_has_a_source():
    """Is there no folder in assignments/ that nobody releases any more?"""
    assert orphans(REAL) == []


def as_script(path):
    """A notebook as a percent script: jupytext's own, with each cell's id in its header."""
    nb = read_notebook(path)
    for cell in nb.cells:
        points = cell.metadata.get("nbgrader", {}).get("points")
        cell.metadata = NotebookNode(title=cell.id + (f" ({points} points)" if points else ""))
    path.with_suffix(".py").write_text(jupytext.writes(nb, fmt="py:percent"), encoding="utf-8")
    path.unlink()


def test_a_script_gives_the_same_release_as_the_notebook(tmp_path, empty_gradebook):
    """Are the bytes that students get the same from both forms of one homework?"""
    course = Course(tmp_path / "course")
    shutil.copytree(REAL.source / "softmax_net", course.source / "softmax_net")
    shutil.copytree(REAL.root / "nn", course.root / "nn", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("nbgrader_config.py", "course.toml"):
        shutil.copy(REPOSITORY / name, course.root)
    shutil.copy(empty_gradebook, course.root / "gradebook.db")
    as_script(course.source / "softmax_net" / "two_layer_net.ipynb")
    release(course, ["softmax_net"])
    assert tree(course.release_dir / "softmax_net") == {
        path: content
        for path, content in tree(REAL.release_dir / "softmax_net").items()
        if "__pycache__" not in path and ".ipynb_checkpoints" not in path
    }
    ours, theirs = course.assignment("softmax_net"), REAL.assignment("softmax_net")
    assert source_questions(ours) == source_questions(theirs)
    assert load_pristine(course, ours).notebooks == load_pristine(REAL, theirs).notebooks


@pytest.mark.parametrize("name", REAL.assignment_names())
def test_no_solution_line_of_a_homework_is_released(name, wheel):
    """Is no line that only the solution has in the committed folder or in the wheel?"""
    assignment = REAL.assignment(name)
    secret = solution_lines(REAL, assignment)
    released = tree(REAL.release_dir / name)
    assert len(secret) >= 10
    assert released
    for path, data in {**released, **members(wheel)}.items():
        assert not secret & texts(data, path), path


def test_every_homework_is_released():
    """Are source/ and assignments/ about the same homeworks?"""
    assert orphans(REAL) == []
    assert {path.name for path in REAL.release_dir.iterdir()} == set(REAL.assignment_names())


def test_released_library_files_compile():
    """Is every released module Python?"""
    files = sorted(REAL.release_dir.glob("*/nn/**/*.py"))
    assert files
    for path in files:
        ast.parse(path.read_text(encoding="utf-8"), str(path))
