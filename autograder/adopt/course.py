"""A course taken over: notebooks and packages of an existing one -> a new course folder, and what became of each."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from autograder.adopt.handed_out import from_handed_out, is_handed_out, is_tests_folder, read_tests
from autograder.adopt.markers import with_banners, with_nbgraders_markers
from autograder.adopt.options import stated_options
from autograder.adopt.otter import from_master, is_master
from autograder.adopt.plain import from_plain
from autograder.assignment import FILE
from autograder.begin import NAME, begin_course
from autograder.course import CONFIG, COURSE_FILE, Course
from autograder.errors import CourseError
from autograder.files import never_submitted
from autograder.markers import HIDDEN_TESTS, holds_back
from autograder.notebooks import read_notebook, write_notebook
from autograder.questions import is_check, is_question, marks_of, points_of
from autograder.regions import find_regions
from autograder.release.autotests import TESTS
from autograder.release.library import region_names
from autograder.release.refusals import other_kernel
from autograder.source import is_marked, read_source, settle_source
from autograder.toml_files import format_toml
from autograder.who import CELL as STUDENT_CELL

MADE = ("autograded", "feedback", "submitted", "release", "gradebook.db", "__pycache__", ".git", ".ipynb_checkpoints")
OTHERS = (".ipynb", ".pyc", ".ok")
LARGEST = 100 * 2**20  # bytes of a file that is copied


@dataclass
class Adopted:
    """What became of one notebook or package.

    Attributes:
        style: whose it was.
        taken: what was taken over, in words.
        less: what was taken over with less, or left out, and why.
        left_out: was it left out whole?
    """

    place: str
    style: str
    taken: str = ""
    less: list[str] = field(default_factory=list)
    left_out: bool = False


def adopt_course(paths: Sequence[Path], to: Path) -> tuple[Course, list[Adopted]]:
    """Take over what is in `paths` into the new folder `to`; nothing in `paths` is changed.

    Args:
        paths: courses (folders with a folder source/), folders of notebooks with what lies beside them, or notebooks.

    Raises:
        CourseError: a path is not there, holds no notebook, or `to` is there already.
    """
    if to.exists() and any(to.iterdir()):
        raise CourseError(f"{to} is there already. Name a new folder:  --to FOLDER")
    homeworks: dict[str, tuple[Path, list[Path]]] = {}
    for path in paths:
        for name, folder, notebooks in _homeworks(path):
            if name in homeworks:
                raise CourseError(f"two assignments would be called {name}: {homeworks[name][0]} and {folder}.")
            homeworks[name] = folder, notebooks
    (to / "source").mkdir(parents=True)
    rows: list[Adopted] = []
    libraries: dict[str, list[str]] = {}
    for name, (folder, notebooks) in homeworks.items():
        rows += _adopt_homework(name, folder, notebooks, to, libraries)
    if all(row.left_out for row in rows if row.style != "package"):
        shutil.rmtree(to)
        reasons = (f"  {row.place}: {'; '.join(row.less)}" for row in rows if row.left_out)
        raise CourseError("\n".join(["nothing could be taken over:", *reasons]))
    begin_course(to)
    _adopt_options(paths, to, rows)
    for path in paths:
        if (tests := path / TESTS).is_file() and not (to / TESTS).exists():
            shutil.copyfile(tests, to / TESTS)
    if libraries:
        names = ", ".join(f'"{library}"' for library in sorted(libraries))
        text = (to / COURSE_FILE).read_text(encoding="utf-8")
        (to / COURSE_FILE).write_text(text.replace("\n", f"\nlibrary = [{names}]\n", 1), encoding="utf-8")
    course = Course(to.resolve())
    asked = False
    for name in course.assignment_names():
        assignment = course.assignment(name)
        for notebook in assignment.notebooks:
            row = next(row for row in rows if row.place == f"{name}/{notebook}.ipynb")
            try:
                settle_source(assignment, notebook)
                _count(row, made := read_source(assignment, notebook))
                asked |= any(cell.id == STUDENT_CELL for cell in made.cells)
            except CourseError as error:
                row.less.append(str(error).removeprefix(f"{assignment.folder / notebook}.ipynb: "))
    if not asked:
        text = (to / COURSE_FILE).read_text(encoding="utf-8")
        text = text.replace("\n", "\nstudent_cell = false  # no notebook asks for name and student id\n", 1)
        (to / COURSE_FILE).write_text(text, encoding="utf-8")
    return course, rows


def _adopt_options(paths: Sequence[Path], to: Path, rows: list[Adopted]) -> None:
    """Take over what the courses' nbgrader_config.py say of markers, stubs and time; it is read, not run."""
    for path in paths:
        file = path / CONFIG
        if not file.is_file():
            continue
        rows.append(row := Adopted(CONFIG, "nbgrader"))
        given = stated_options(file.read_text(encoding="utf-8", errors="replace"))
        kept = [option for option in given if option.is_kept]
        row.taken = ", ".join(option.name for option in kept) or "the kit's own settings"
        row.less = [option.left_out for option in given if option.left_out]
        if kept:
            lines = ["", "c = get_config()  # noqa: F821", *(option.line for option in kept), ""]
            with (to / CONFIG).open("a", encoding="utf-8") as config:
                config.write("\n".join(lines))


def _homeworks(path: Path) -> Iterator[tuple[str, Path, list[Path]]]:
    """(name, folder, notebooks) of each homework in a path."""
    if not path.exists():
        raise CourseError(f"{path} is not there. Name a course's folder, or notebooks.")
    if path.is_file():
        if path.suffix != ".ipynb":
            raise CourseError(f"{path} is not a notebook. Name a course's folder, or .ipynb files.")
        yield _name(path.stem), path.parent, [path]
        return
    source = path / "source"
    folders = sorted(one for one in source.iterdir() if one.is_dir()) if source.is_dir() else [path]
    found = False
    for folder in folders:
        if notebooks := sorted(folder.glob("*.ipynb")):
            found = True
            yield _name(folder.resolve().name), folder, notebooks
    if not found:
        inside = sorted({one.parent for one in path.rglob("*.ipynb") if _is_homework(one.parent, path)})
        names = [_name(folder.name) for folder in inside]
        for folder, name in zip(inside, names, strict=True):
            alone = names.count(name) == 1
            yield (
                name if alone else _name("_".join(folder.relative_to(path).parts)),
                folder,
                sorted(folder.glob("*.ipynb")),
            )
        found = bool(inside)
    if not found:
        raise CourseError(f"{path} holds no notebook, nor do its folders. Name a folder with .ipynb files.")


def _is_homework(folder: Path, path: Path) -> bool:
    """Is it a folder that somebody put there, and not one that a tool made?"""
    parts = folder.relative_to(path).parts
    return not any(part in MADE or part.startswith((".", "_")) for part in parts)


def _name(text: str) -> str:
    name = "".join(c if c.isalnum() or c in "_-" else "_" for c in text).strip("_-")
    return name if NAME.fullmatch(name) else f"hw_{name}"


def _adopt_homework(
    name: str, folder: Path, notebooks: Sequence[Path], to: Path, libraries: dict[str, list[str]]
) -> list[Adopted]:
    target = to / "source" / name
    target.mkdir(parents=True)
    rows = []
    for path in notebooks:
        rows.append(row := Adopted(f"{name}/{path.stem}.ipynb", ""))
        try:
            notebook = read_notebook(path)
        except CourseError as error:
            row.style, row.left_out, row.less = "?", True, [str(error)]
            continue
        if other := next(other_kernel(notebook), None):
            row.style, row.left_out, row.less = "?", True, [other[1]]
            continue
        _convert(notebook, row, folder)
        write_notebook(notebook, target / path.name)
    only = len(notebooks) == 1 and notebooks[0].parent == folder and _name(notebooks[0].stem) == name
    packages = [] if only and len(list(folder.glob("*.ipynb"))) > 1 else _packages(folder)
    blank: list[str] = []
    for package in packages:
        rows.append(row := Adopted(f"{package.name}/", "package"))
        blank += _adopt_package(package, to, row, libraries, name)
    left = {package.name for package in packages}
    _copy_files(folder, target, left | {path.name for path in folder.iterdir() if is_tests_folder(path)})
    kept = [row.place.partition("/")[2].removesuffix(".ipynb") for row in rows if row.style not in ("package", "?")]
    if not kept:
        shutil.rmtree(target)
    elif blank:
        toml = format_toml({"title": name, "notebooks": kept, "blank": blank}, "Made by `autograder adopt`.")
        (target / FILE).write_text(toml, encoding="utf-8")
    return rows


def _convert(notebook: NotebookNode, row: Adopted, folder: Path) -> None:
    """Bring a notebook into a form that can be released; `folder` is where it lies."""
    if is_handed_out(notebook):
        converted = from_handed_out(notebook, read_tests(notebook, folder))
        notebook.cells = converted.cells
        notebook.metadata.pop("otter", None)
        row.style, row.less = "otter, as handed out", converted.remarks
        return
    if is_marked(notebook):
        row.style = "nbgrader"
        for cell in notebook.cells:
            marks = cell.metadata.get("nbgrader") or {}
            if cell.cell_type == "code" and marks.get("solution"):
                cell.source = with_nbgraders_markers(cell.source)
            if cell.cell_type == "code" and holds_back(cell.source, [HIDDEN_TESTS]) and not marks.get("grade"):
                cell.metadata.nbgrader = marks | {"grade": True, "solution": False, "locked": True, "points": 0}
                row.less.append(
                    f"hidden tests outside of a check: {marks.get('grade_id', 'a cell')} became one of 0 points"
                )
        return
    if is_master(notebook):
        converted = from_master(notebook)
        notebook.cells = converted.cells
        row.style, row.less = "otter", list(dict.fromkeys(converted.remarks))
        return
    plain = from_plain(notebook)
    notebook.cells = plain.cells
    row.style, row.less = "markers" if plain.marked else "plain", plain.remarks


def _packages(folder: Path) -> list[Path]:
    """The packages beside the notebooks: folders with modules in which something is to be written."""
    found = []
    for path in sorted(folder.iterdir()):
        named = path.is_dir() and path.name.isidentifier() and path.name not in MADE
        if named and any(path.glob("*.py")) and not is_tests_folder(path):
            found.append(path)
    return found


def _adopt_package(package: Path, to: Path, row: Adopted, libraries: dict[str, list[str]], homework: str) -> list[str]:
    """Put a package beside source/, with banners; returns the regions that the homework's students write."""
    files = {path.relative_to(package): path for path in sorted(package.rglob("*")) if path.is_file()}
    texts: dict[Path, bytes] = {}
    regions = unsolved = 0
    blank: list[str] = []
    for relative, path in files.items():
        if never_submitted(relative) or path.stat().st_size > LARGEST or path.suffix in (".pyc", ".so"):
            continue
        content = path.read_bytes()
        if path.suffix == ".py":
            found = with_banners(content.decode("utf-8", "replace").replace("\r\n", "\n"))
            regions, unsolved = regions + found.regions, unsolved + found.unsolved
            content = found.text.encode()
            module = ".".join([package.name, *relative.with_suffix("").parts]).removesuffix(".__init__")
            try:
                blank += region_names(found.text, module, path).values()
            except CourseError as error:
                row.less.append(f"{relative}: {error}")
        texts[relative] = content
    target = to / package.name
    if package.name in libraries:
        same = all((target / one).is_file() and (target / one).read_bytes() == text for one, text in texts.items())
        if not same:
            row.left_out = True
            row.less.append(
                f"{homework} has a package of the same name with other content; a course has one of a name. "
                "Adopt that assignment into a course of its own"
            )
            return []
    for relative, content in texts.items():
        (target / relative).parent.mkdir(parents=True, exist_ok=True)
        (target / relative).write_bytes(content)
    libraries.setdefault(package.name, []).append(homework)
    row.taken = f"library of the course, {regions} regions"
    if unsolved:
        row.less.append(f"{unsolved} regions hold no solution yet: write them")
    return blank


def _copy_files(folder: Path, target: Path, left: set[str]) -> None:
    """Copy what lies beside the notebooks, data and pictures."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if not path.is_file() or path.is_symlink() or path.suffix in OTHERS or never_submitted(relative):
            continue
        if relative.parts[0] in left or set(relative.parts) & set(MADE) or relative.name in (CONFIG, COURSE_FILE):
            continue
        if path.stat().st_size <= LARGEST:
            (target / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / relative)


def _count(row: Adopted, notebook: NotebookNode) -> None:
    """Say how much of a homework a notebook holds."""
    checks = [cell for cell in notebook.cells if is_check(cell)]
    by_hand = [cell for cell in notebook.cells if is_question(cell) and not is_check(cell)]
    work = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and (marks_of(cell).get("solution") or find_regions(cell.source))
    ]
    points = sum(map(points_of, [*checks, *by_hand]))
    row.taken = f"{len(work)} work cells, {len(checks)} checks, {len(by_hand)} by hand, {points:g} points"
    if not checks and not by_hand:
        row.less.append("nothing in it is graded: add checks (expect.…), with points in their first line")
