"""What is wrong with the source of an assignment, found before anything is written."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.assignment import FILE, Assignment, student_libraries
from autograder.course import CONFIG, Course
from autograder.data.present import HELD_OUT
from autograder.data.registry import find_dataset
from autograder.errors import CourseError
from autograder.expect.skips import needs
from autograder.markers import HIDDEN_TESTS, MARK_SCHEME, almost_marker, holds_back
from autograder.notebooks import read_notebook
from autograder.options import refused_options
from autograder.packages import what_is_missing
from autograder.questions import Kind, is_question, marks_of, students_write
from autograder.regions import END, END_ANSWER, START, START_ANSWER, RegionError, banner_of, find_regions
from autograder.release.autotests import TESTS, autotest_lines, tests_file, with_stand_ins
from autograder.release.library import code_cells, library_with_holes, used_modules
from autograder.release.notebook import blank_notebook
from autograder.release.problems import SourceProblem
from autograder.release.reach import Library, reaches
from autograder.release.refusals import (
    empty_checks,
    forgeable,
    marked_solutions,
    missing_files,
    other_kernel,
    uninstalled,
)
from autograder.source import (
    FLAGS,
    IN_WORDS,
    SHOWN_POINTS,
    Source,
    is_script,
    open_source,
    read_cell,
    settle_source,
    source_path,
)
from autograder.syntax import plain_text
from autograder.who import CELL as STUDENT_CELL

ALMOST_BANNER = re.compile(r"={3,}.*\b(START|END)\b.*\bYOUR\b|\b(START|END) YOUR (CODE|ANSWER) HERE\b.*={3,}")
FOREIGN = {
    "BEGIN SOLUTION": f"nbgrader's solution markers are not cleared here. Use  {START}",
    "### AUTOTEST": "nbgrader's AUTOTEST is not filled in here. State an expectation (expect.same)",
    "### HASHED AUTOTEST": "nbgrader's AUTOTEST is not filled in here. State an expectation (expect.same)",
}
BELONGS_INTO = {MARK_SCHEME: "an answer", HIDDEN_TESTS: "a check"}
KINDS: dict[tuple[object, object, object], str] = {
    FLAGS[kind]: text for kind, text in IN_WORDS.items() if kind is not Kind.PRACTICE
}
FIX = "autograder lint --fix puts it right"
NAMED = "# ===== START YOUR CODE HERE: its-name ====="


def check_assignment(course: Course, name: str) -> list[SourceProblem]:
    """Return everything in source/<name> that keeps it from being released, in the order of the files.

    Raises:
        CourseError: there is no such assignment.
    """
    folder = course.source / name
    try:
        assignment = course.assignment(name)
    except CourseError as error:
        if name not in course.assignment_names():
            raise
        return [_from_error(folder / FILE, error)]
    problems = [SourceProblem(course.root / CONFIG, "", text) for text in refused_options(course.options)]
    problems += _folder(course, assignment)
    notebooks: dict[str, NotebookNode] = {}
    given = _given_files(course, assignment)
    for notebook in assignment.notebooks:
        try:
            source = open_source(assignment, notebook)
        except CourseError as error:
            problems.append(_from_error(folder / f"{notebook}.ipynb", error))
            continue
        notebooks[notebook] = source.notebook
        problems += [SourceProblem(source.path, *found) for found in other_kernel(source.notebook)] or check_notebook(
            source, assignment, given, tests_file(course, assignment) is not None
        )
    problems += unknown_places(assignment, notebooks)
    if not problems:
        try:
            library_with_holes(course, assignment)
        except CourseError as error:
            problems.append(_from_error(assignment.folder / FILE, error))
        else:
            problems += _unreached(course, assignment, notebooks)
    return problems


def _given_files(course: Course, assignment: Assignment) -> frozenset[str]:
    """The files that notebooks find when they run: those beside them, and data of the course."""
    files = {path.relative_to(assignment.folder).as_posix() for path in assignment.folder.rglob("*") if path.is_file()}
    data = () if assignment.data else (course.root / "data").rglob("*")
    return frozenset(files | {path.relative_to(course.root).as_posix() for path in data if path.is_file()})


def _unreached(course: Course, assignment: Assignment, notebooks: dict[str, NotebookNode]) -> Iterator[SourceProblem]:
    """Checks whose points everybody would get, since nothing that students write is in them."""
    library = Library(used_modules(course, assignment))
    for name, nb in notebooks.items():
        for cell, reach in reaches(with_stand_ins(nb), library, assignment.blank, assignment.hand_in):
            if not reach.written:
                used = ", ".join(sorted(reach.regions))
                why = f" It uses {used}: add what students are to write to blank in {FILE}" if used else ""
                text = f"nothing that students write is in it, so that everybody would get its points.{why}"
                yield SourceProblem(source_path(assignment.folder, name), cell.id, text.removesuffix("."))


def never_emptied(course: Course, assignment: Assignment) -> Iterator[SourceProblem]:
    """Regions that a check needs, and that no assignment of the course empties.

    Names lead from a check to more than it needs: each region is asked about at the check with the fewest.
    """
    emptied: set[str] = set()
    for name in course.assignment_names():
        with suppress(CourseError):  # it has problems of its own
            emptied.update(course.assignment(name).blank)
    library = Library(used_modules(course, assignment))
    asked: dict[str, tuple[int, str, str]] = {}
    for name in assignment.notebooks:
        nb = open_source(assignment, name).notebook
        for cell, reach in reaches(nb, library, assignment.blank, assignment.hand_in):
            for region in reach.regions - emptied:
                if region not in asked or len(reach.regions) < asked[region][0]:
                    asked[region] = len(reach.regions), name, cell.id
    for region, (_, name, cell_id) in sorted(asked.items()):
        why = "which no assignment empties, so that students get the solution"
        text = f"it uses {region}, {why}: is it to be in blank?"
        yield SourceProblem(source_path(assignment.folder, name), cell_id, text)


def _unfitting_mistakes(course: Course, assignment: Assignment) -> Iterator[SourceProblem]:
    """Mistakes written beside the solution, which cannot be made of it."""
    from autograder.expect.mutants import misfits

    for _, path in sorted(used_modules(course, assignment).items()):
        text = path.read_text("utf-8")
        for region in find_regions(text):
            for line, said in misfits(text, region):
                yield SourceProblem(path, "", f"line {line}: {said}")
    for name in assignment.notebooks:
        source = open_source(assignment, name)
        for cell in (cell for cell in source.notebook.cells if cell.cell_type == "code"):
            text = plain_text(cell.source)
            for region in find_regions(text):
                for line, said in misfits(text, region):
                    yield SourceProblem(source.path, cell.id, f"line {line}: {said}")


def check_notebook(
    source: Source, assignment: Assignment, there: frozenset[str] = frozenset(), has_autotests: bool = False
) -> list[SourceProblem]:
    """Return what is malformed in one source notebook; `there` are the files that are released beside it.

    `has_autotests`: is there an autotests.yml?
    """
    nb, path = source.notebook, source.path
    problems: list[SourceProblem] = []
    if new := source.without_id:
        which = f"{new[0].text}" + (f", and {len(new) - 1} more" if len(new) > 1 else "")
        text = f"no id yet: {which}. Write ids into the file with  autograder lint --fix {assignment.name}"
        problems.append(SourceProblem(path, "", text))
    for cell in nb.cells:

        def note(text: str, cell: str = cell.id) -> None:
            problems.append(SourceProblem(path, cell, text))

        for check in MARKED_CELL_CHECKS if source.by_metadata else CELL_CHECKS:
            check(cell, (path.stem, cell.id) in assignment.extra_credit, note)
    if not problems:
        problems += _not_python(nb, path, "")
    if not problems:
        missing = missing_files(nb, {*there, *assignment.hand_in}, in_folders=not assignment.data)
        found = [*marked_solutions(nb), *empty_checks(nb), *missing]
        problems += [SourceProblem(path, *one) for one in found]
        if source.by_metadata and not has_autotests:
            text = f"AUTOTEST needs {TESTS}, beside the notebook or beside source/"
            first = list(autotest_lines(nb.cells))[:1]
            problems += [SourceProblem(path, cell, f"line {line}: {text}") for cell, line in first]
    if not problems:
        problems += _not_python(blank_notebook(nb), path, " once its regions are emptied")
    return problems


def _from_error(path: Path, error: CourseError) -> SourceProblem:
    """The error as a problem; most texts of errors begin with a path of their own."""
    text = str(error)
    found = re.match(r'(?P<file>.+?\.(?:ipynb|py|toml))(?:, cell "(?P<cell>[^"]+)")?(?P<rest>.*)', text, re.DOTALL)
    if not found:
        return SourceProblem(path, "", text.rstrip("."))
    rest = found["rest"].removeprefix(":").strip().rstrip(".")
    return SourceProblem(Path(found["file"]), found["cell"] or "", rest.removeprefix(", "))


# --- the folder -------------------------------------------------------------------------------------------------------


def _folder(course: Course, assignment: Assignment) -> Iterator[SourceProblem]:
    listed = {f"{name}.ipynb" for name in assignment.notebooks}
    for path in sorted(assignment.folder.glob("*.ipynb")):
        if path.name not in listed:
            yield SourceProblem(
                path, "", f'{FILE} does not list it. Add "{path.stem}" to notebooks, or move the file away'
            )
    scripts = {path for name in assignment.notebooks if is_script(path := assignment.folder / f"{name}.py")}
    for dataset in assignment.data:
        try:
            find_dataset(dataset)
        except CourseError as error:
            yield SourceProblem(assignment.folder / FILE, "", str(error).rstrip("."))
    beside = (assignment.folder / library.name for library in course.libraries)
    copies = [path for path in beside if path.exists() or path.is_symlink()]
    for copy in copies:
        yield SourceProblem(
            copy, "", "this would be released with its solutions. Take it away: release puts the library there"
        )
    if copies:
        return
    for path in sorted({*assignment.folder.rglob("*.py")} - scripts):
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        if number := next((number for number, line in enumerate(lines, start=1) if banner_of(line)), None):
            packages = "".join(f" and in {library.stem}/" for library in course.libraries)
            place = f"Regions stand in notebooks{packages}"
            yield SourceProblem(path, "", f"line {number}: a region, but this file is released as it is. {place}")


def unknown_places(assignment: Assignment, notebooks: dict[str, NotebookNode]) -> Iterator[SourceProblem]:
    """Cells that assignment.toml names and that are not there, or cannot be what it says."""
    for key, places in assignment.named_places.items():
        for notebook, cell in sorted(places):
            if notebook in notebooks:
                ids = {c.id: c for c in notebooks[notebook].cells}
                if cell not in ids:
                    text = f'{key} has "{notebook}:{cell}", but {notebook}.ipynb has no cell with this id'
                    yield SourceProblem(assignment.folder / FILE, "", text)
                elif key == "extra_credit" and not is_question(ids[cell]):
                    text = f'extra_credit has "{notebook}:{cell}", but this cell is not graded'
                    yield SourceProblem(assignment.folder / FILE, "", text)
                elif key == "[grading] skip" and is_question(ids[cell]):
                    text = f'{key} has "{notebook}:{cell}", but this cell is graded, so that it must run. Take it out'
                    yield SourceProblem(assignment.folder / FILE, "", text)
    for name, nb in notebooks.items():
        skipped, searches = assignment.skips_in(name), assignment.searches_in(name)
        code = [(c.id, c.source) for c in nb.cells if c.cell_type == "code" and c.id not in searches]
        for need in dict.fromkeys(needs(code, skipped)):
            text = (
                f'[grading] skip has "{name}:{need.skipped}", but cell "{need.cell}" is run and needs `{need.name}` '
                f'from it. Skip "{name}:{need.cell}" too, or neither of them'
            )
            yield SourceProblem(assignment.folder / FILE, "", text)


# --- one cell ---------------------------------------------------------------------------------------------------------

Note = Callable[[str], None]


def _check_id(cell: NotebookNode, extra: bool, note: Note) -> None:
    marks = marks_of(cell)
    if marks and marks.get("grade_id") != cell.id:
        note(f"nbgrader's grade_id is {marks.get('grade_id')!r}. It must be the cell's id: {FIX}")


def _check_marks(cell: NotebookNode, extra: bool, note: Note) -> None:
    """One of the kinds of cell that there are: given, work, grade, answer."""
    if "nbgrader" not in cell.metadata:
        return
    marks = marks_of(cell)
    grade, solution, locked = (marks.get(key) for key in ("grade", "solution", "locked"))
    if marks.get("schema_version") != 3:
        note(f"nbgrader's metadata has schema_version {marks.get('schema_version')!r} and needs 3: {FIX}")
    if marks.get("task"):
        note("nbgrader's task cells are not supported. Make it an answer cell: graded, with a region")
    elif (grade, solution, locked) not in KINDS:
        kinds = ", ".join(f"{kind} has {a}, {b}, {c}" for (a, b, c), kind in KINDS.items())
        has = f"nbgrader's grade, solution, locked are {grade}, {solution}, {locked}"
        note(f"{has}: no such kind. {FIX}; there are: {kinds}")
    elif cell.cell_type != "code" and grade != solution:
        kind = KINDS[grade, solution, locked]
        note(f"{kind} must be code, not {cell.cell_type}; text that students write and you mark is an answer")
    elif grade:
        _check_points(marks.get("points"), extra, read_cell(cell).points == 0, note)


def _check_points(points: Any, extra: bool, practice: bool, note: Note) -> None:
    if points is None:
        note(f"it needs points. Write them in its first line, like {SHOWN_POINTS}, or (practice) for none")
    elif isinstance(points, bool) or not isinstance(points, int | float) or not 0 <= points < float("inf"):
        note(f"a graded cell needs points, 0 or more, not {points!r}")
    elif extra and points != 0:
        note(f"its points are extra credit in {FILE}, so its metadata must have points 0, not {points:g}: {FIX}")
    elif not extra and points == 0 and not practice:
        note(
            f"a graded cell with 0 points. Give it points, say (practice) in its first line, "
            f"or list it under [extra_credit] in {FILE}"
        )


def _check_regions(cell: NotebookNode, extra: bool, note: Note) -> None:
    try:
        regions = find_regions(cell.source)
    except RegionError as error:
        return note(str(error))
    marks = marks_of(cell)
    names = [region.name for region in regions]
    for position, region in enumerate(regions):
        if cell.cell_type == "markdown" and not marks.get("solution") and not region.markdown:
            continue  # a text that shows students what a region looks like
        if not marks.get("solution"):
            kind = "a check" if marks.get("grade") else "locked" if marks.get("locked") else "not marked as a work cell"
            note(
                f"line {region.start + 1}: a region, but the cell is {kind}. Take the banners out, or let "
                "autograder lint --fix make it a work cell"
            )
        if region.markdown != (cell.cell_type == "markdown"):
            note(f"line {region.start + 1}: in a {cell.cell_type} cell, banners are {_banners(cell)}")
        if region.name in names[:position]:
            name = f'called "{region.name}"' if region.name else "without a name"
            note(f"line {region.start + 1}: a second region {name}. Name each:  {NAMED}")
    if marks.get("solution") and not regions:
        note(f"students write here, but it has no region: all of it would be released. Use  {_banners(cell)}")
    for number, line in enumerate(cell.source.split("\n"), start=1):
        if ALMOST_BANNER.search(line) and not banner_of(line):
            note(f"line {number} is almost a banner. Write  {_banners(cell)}")


def _banners(cell: NotebookNode) -> str:
    return f"{START_ANSWER}  and  {END_ANSWER}" if cell.cell_type == "markdown" else f"{START}  and  {END}"


def _check_markers(cell: NotebookNode, extra: bool, note: Note) -> None:
    """nbgrader's markers: those that are not used here, and those that come in pairs."""
    lines = list(enumerate(cell.source.split("\n"), start=1))
    for number, line in lines:
        if marker := almost_marker(line):
            note(f"line {number} is almost a marker, and students would get what follows it. Write  ### {marker}")
        for marker, text in FOREIGN.items():
            if marker in line:
                note(f"line {number}: {text}")
    marks = marks_of(cell)
    for what, allowed in BELONGS_INTO.items():
        for number, line in lines:
            fits = marks.get("grade") and bool(marks.get("solution")) == (allowed == "an answer")
            if f"BEGIN {what}" in line and not fits:
                note(f"line {number}: BEGIN {what} belongs into {allowed}")
    _check_pairs(cell, note)


CELL_CHECKS: tuple[Callable[[NotebookNode, bool, Note], None], ...] = (
    _check_id,
    _check_marks,
    _check_regions,
    _check_markers,
)


def _check_marked_points(cell: NotebookNode, extra: bool, note: Note) -> None:
    """Points of a cell that was marked in Jupyter; 0 is a number there like any other."""
    marks = marks_of(cell)
    if is_question(cell):
        points = marks.get("points")
        if isinstance(points, bool) or not isinstance(points, int | float) or not 0 <= points < float("inf"):
            note(f"a graded cell needs points, 0 or more, not {points!r}. Set them in Jupyter")
    if cell.cell_type != "code" and marks.get("grade") and not marks.get("solution"):
        note(f"a check must be code, not {cell.cell_type}")


def _check_solutions(cell: NotebookNode, extra: bool, note: Note) -> None:
    """nbgrader's solution markers: in pairs, in cells that students write in."""
    begun = 0
    for number, line in enumerate(cell.source.split("\n"), start=1):
        if "BEGIN SOLUTION" in line:
            if begun:
                note(f"line {number}: BEGIN SOLUTION inside the one from line {begun}")
            if not students_write(cell):
                note(
                    f"line {number}: a solution, but the cell is not marked as one that students write in, so that "
                    'they would get it. Choose "Autograded answer" for it in Jupyter'
                )
            begun = number
        elif "END SOLUTION" in line:
            if not begun:
                note(f"line {number}: END SOLUTION without a beginning")
            begun = 0
    if begun:
        note(f"line {begun}: BEGIN SOLUTION never ends. Close it with  ### END SOLUTION")


def _check_held_back(cell: NotebookNode, extra: bool, note: Note) -> None:
    """What nbgrader holds back: hidden tests in checks, marking schemes where somebody marks."""
    _check_pairs(cell, note)
    marks = marks_of(cell)
    for number, line in enumerate(cell.source.split("\n"), start=1):
        if marker := almost_marker(line):
            note(f"line {number} is almost a marker, and students would get what follows it. Write  ### {marker}")
        if f"BEGIN {HIDDEN_TESTS}" in line and not marks.get("grade"):
            note(f"line {number}: BEGIN {HIDDEN_TESTS} belongs into {BELONGS_INTO[HIDDEN_TESTS]}")
        if f"BEGIN {MARK_SCHEME}" in line and not (students_write(cell) or marks.get("task")):
            note(f"line {number}: BEGIN {MARK_SCHEME} belongs into an answer or a task")


def _check_pairs(cell: NotebookNode, note: Note) -> None:
    for what in BELONGS_INTO:
        inside = 0
        for number, line in enumerate(cell.source.split("\n"), start=1):
            if f"BEGIN {what}" in line:
                if inside:
                    note(f"line {number}: BEGIN {what} inside the one from line {inside}")
                inside = number
            elif f"END {what}" in line:
                if not inside:
                    note(f"line {number}: END {what} without a beginning")
                inside = 0
        if inside:
            note(f"line {inside}: BEGIN {what} never ends. Close it with  ### END {what}")


MARKED_CELL_CHECKS: tuple[Callable[[NotebookNode, bool, Note], None], ...] = (
    _check_marked_points,
    _check_solutions,
    _check_held_back,
)


def _not_python(nb: NotebookNode, path: Path, when: str) -> Iterator[SourceProblem]:
    try:
        for _ in code_cells(nb, path):
            pass
    except CourseError as error:
        problem = _from_error(path, error)
        yield SourceProblem(problem.file, problem.cell, problem.text + when)


# --- lint and fix -----------------------------------------------------------------------------------------------------


WEB_PICTURE = re.compile(
    r"!\[[^\]]*\]\(\s*<?(https?://[^\s)>]+)|<img\b[^>]*\bsrc\s*=\s*[\"']?(https?://[^\s\"'>]+)", re.IGNORECASE
)


def lint_assignment(course: Course, name: str) -> list[SourceProblem]:
    """Return what `check_assignment` finds, and what is well-formed but would grade badly."""
    from autograder.expect.lint import guessable_cells  # with numpy; grading needs the rest of this module

    problems = check_assignment(course, name)
    if problems:
        return problems
    assignment = course.assignment(name)
    problems += never_emptied(course, assignment)
    problems += _unfitting_mistakes(course, assignment)
    missing = what_is_missing(assignment.packages, "it")
    if missing:
        problems.append(SourceProblem(assignment.folder / FILE, "", missing))
    beside = {path.stem for folder in (assignment.folder, course.root) for path in folder.iterdir()}
    for number, notebook in enumerate(assignment.notebooks):
        source = open_source(assignment, notebook)
        path, nb = source.path, with_stand_ins(source.notebook)
        problems += [SourceProblem(path, remark.cell, remark.text) for remark in source.disagreements]
        problems += [SourceProblem(path, *one) for one in forgeable(nb, student_libraries(assignment))]
        problems += [SourceProblem(path, *one) for one in uninstalled(nb, beside) if not missing]
        asks = course.settings.student_cell and not source.by_metadata
        if number == 0 and asks and STUDENT_CELL not in {cell.id for cell in nb.cells}:
            problems.append(SourceProblem(path, "", f'no cell with id "{STUDENT_CELL}" asks for name and student id'))
        for cell in nb.cells:
            if holds_back(cell.source, [HIDDEN_TESTS]) and not source.by_metadata:
                text = "hidden tests run beside student code, which can read them. State expectations (expect.same)"
                problems.append(SourceProblem(path, cell.id, text))
            if cell.cell_type == "markdown" and (match := WEB_PICTURE.search(cell.source)):
                text = (
                    f"{match[1] or match[2]} is on the web, which PDFs do not show. Put the picture beside the notebook"
                )
                problems.append(SourceProblem(path, cell.id, text))
        problems += [SourceProblem(path, p.cell_id, f"line {p.line}: {p.text}") for p in guessable_cells(nb)]
    return problems


def public_rows(course: Course, assignment: Assignment) -> list[str]:
    """What to know of accuracy that is judged on held-out rows which are not the course's own; nothing to mend."""
    sources = [cell.source for name in assignment.notebooks for cell in open_source(assignment, name).notebook.cells]
    if not any(re.search(r"\bheld_out\s*=", source) for source in sources):
        return []
    files = [course.data / HELD_OUT / f"{name}.npz" for name in assignment.data]
    return [
        f"{assignment.name}: accuracy is judged on rows of {path.stem} whose labels are public. "
        f"Rows of your own: {path} (Held-out data, in docs/authoring.md)"
        for path in files
        if not path.is_file()
    ]


def fix_assignment(course: Course, name: str) -> list[str]:
    """Write what the cells' texts say into the sources of an assignment, and return what was written, cell by cell.

    An id that students have already stays as it is.

    Raises:
        CourseError: there is no such assignment, or a source cannot be read or written.
    """
    assignment = course.assignment(name)
    written = []
    for notebook in assignment.notebooks:
        released = course.release_dir / name / f"{notebook}.ipynb"
        known = {cell.id for cell in read_notebook(released).cells} if released.is_file() else set()
        path = source_path(assignment.folder, notebook)
        written += [f'{path}, cell "{c.cell}": {c.text}' for c in settle_source(assignment, notebook, known)]
    return written
