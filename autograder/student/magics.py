"""`%check` and `%submit`: in a notebook, what the commands do in a terminal."""

import difflib
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import FileLink, display
from IPython.utils.capture import capture_output
from nbformat import NotebookNode

from autograder.assignment import Assignment, load_assignment
from autograder.errors import CourseError
from autograder.expect.follow import why_not_defined
from autograder.expect.skips import Names
from autograder.notebooks import read_notebook
from autograder.questions import Question, cell_name, questions_in
from autograder.report.make import make_report
from autograder.report.model import Options
from autograder.report.read import read_own
from autograder.student.check import cells_above, check_folder, part_of
from autograder.student.laid import LaidFolder, lay_folder
from autograder.student.show import number, shown_check
from autograder.student.submit import pack, student_of
from autograder.who import file_name
from autograder.words import NOT_WRITTEN_YET, counted

WIDTH = 100
SAVE = "Save the notebook first (Ctrl+S), then run this cell again: what is saved is what counts."
GIVEN = ModuleType, FunctionType, type
"""Values that a call of one of their methods, or of what they return, does not change."""


def call(shell: InteractiveShell, name: str, line: str) -> None:
    """Do what the magic does, in the notebook's folder; what a student can put right becomes a sentence."""
    try:
        {"check": check, "submit": submit}[name](shell, Path.cwd(), line.strip())
    except CourseError as error:
        print(error)


# --- %check -----------------------------------------------------------------------------------------------------------


def check(shell: InteractiveShell, folder: Path, line: str) -> None:
    """`%check`: all questions, from a fresh kernel. `%check scores`: that one, here and now."""
    assignment = load_assignment(folder, all_there=False)
    if line:
        check_one(shell, folder, assignment, line.strip("\"'"))
        return
    if not is_saved(shell, folder, assignment):
        print("This is about the notebook as it was last saved. (Ctrl+S saves it.)\n")
    show_check(folder, lay_folder(folder, assignment), "%submit")


def show_check(folder: Path, laid: LaidFolder, submit: str) -> None:
    """Run everything from a fresh kernel, and print how it stands; `submit`: what is next for who is done."""
    bar = display({"text/plain": "starting a fresh kernel"}, raw=True, display_id=True)

    def started(name: str, done: int, total: int) -> None:
        if bar is not None:
            bar.update({"text/plain": f"{name}.ipynb: cell {done} of {total}"}, raw=True)

    checked = check_folder(folder, laid, started=started)
    if bar is not None:
        bar.update({"text/plain": ""}, raw=True)
    for line in shown_check(checked, WIDTH, submit):
        print(line.text)


def check_one(shell: InteractiveShell, folder: Path, assignment: Assignment, wanted: str) -> None:
    """Run the check of one question in this kernel, with what its variables are now.

    Raises:
        CourseError: there is no such check.
    """
    question, cell = find_check(folder, assignment, wanted)
    with capture_output() as shown, no_trace_of(shell, NotImplementedError):
        result = shell.run_cell(cell.source, store_history=False)
    shown.show()
    error = result.error_before_exec or result.error_in_exec
    if error is None:
        value = result.result if isinstance(result.result, int | float) else None
        part = part_of(value, shown.stdout, question.points)
        earned = question.points if part is None else part
        print(f"{question.title}: {number(earned)} of {number(question.points)} points.")
        return
    print(f"{question.title}: 0 of {number(question.points)} points so far.")
    if isinstance(error, NotImplementedError):
        print(f"{error!s:.200} is {NOT_WRITTEN_YET}." if str(error) else f"Its code is {NOT_WRITTEN_YET}.")
    elif isinstance(error, NameError):
        cells = read_notebook(folder / f"{question.notebook}.ipynb").cells
        above = cells[: [one.id for one in cells].index(cell.id)]
        said = why_not_defined(f"NameError: {error}", cells_above(above))
        print(said or "Have you run the cells above it?")
    else:
        cells = [one for one in read_notebook(folder / f"{question.notebook}.ipynb").cells if one.cell_type == "code"]
        changed = changed_since(cells, cell.id, sources_run(shell))
        if names := [name for name in changed if not isinstance(shell.user_ns.get(name), GIVEN)]:
            said = (
                f"Cells below that check ran after those above it, and may have changed {', '.join(names)}. "
                "Run the notebook again from its top to that check, or call  %check , which does so for all."
            )
            print(textwrap.fill(said, WIDTH))


def sources_run(shell: InteractiveShell) -> list[str]:
    """The cells that ran in this kernel, in their order."""
    return shell.history_manager.input_hist_raw if shell.history_manager else []


def changed_since(cells: Sequence[NotebookNode], check: str, history: Sequence[str]) -> list[str]:
    """The names a check uses that cells below it bound, or may have changed, after the cells above it last ran.

    Args:
        cells: a notebook's code cells.
        check: the id of one of them.
        history: the sources of the cells that ran, in their order.
    """
    last = {source.strip(): number for number, source in enumerate(history)}
    place = [cell.id for cell in cells].index(check)
    runs = [(Names.of(cell.source), last.get(cell.source.strip(), -1)) for cell in cells]
    found = []
    for name in sorted(runs[place][0].used):
        made = max((when for names, when in runs[:place] if name in names.bound | names.maybe), default=-1)
        below = [when for names, when in runs[place + 1 :] if name in names.bound | names.maybe | names.changed]
        if 0 <= made < max(below, default=-1):
            found.append(name)
    return found


@contextmanager
def no_trace_of(shell: InteractiveShell, error: type[Exception]) -> Iterator[None]:
    """Cells that end with this error end without a word."""
    before = shell.custom_exceptions, shell.CustomTB
    shell.set_custom_exc((error,), lambda *args, **kwargs: None)
    try:
        yield
    finally:
        shell.custom_exceptions, shell.CustomTB = before


def find_check(folder: Path, assignment: Assignment, wanted: str) -> tuple[Question, NotebookNode]:
    """The check with that name, its cell's or its title's, or the only one whose name begins so.

    Raises:
        CourseError: there is none, or several.
    """
    checks: list[tuple[Question, NotebookNode]] = []
    for name in assignment.notebooks:
        path = folder / f"{name}.ipynb"
        if path.is_file():
            notebook = read_notebook(path)
            questions = questions_in(name, notebook.cells, assignment.extra_credit)
            cells = {cell_name(cell): cell for cell in notebook.cells}
            checks += [(q, cells[q.cell]) for q in questions.values() if not q.by_hand]
    key = wanted.casefold()
    exact = [one for one in checks if key in (one[0].cell.casefold(), one[0].title.casefold())]
    begun = [one for one in checks if one[0].cell.casefold().startswith(key) or one[0].title.casefold().startswith(key)]
    for found in (exact, begun):
        if len(found) == 1:
            return found[0]
    several = [question.cell for question, _ in exact or begun]
    if several:
        raise CourseError(listed(f'%check: "{wanted}" may be any of these:', several))
    raise CourseError(no_such_check(wanted, [question.cell for question, _ in checks]))


def no_such_check(wanted: str, names: Sequence[str]) -> str:
    """What to say where no check has a name."""
    meant = difflib.get_close_matches(wanted, names, 1)
    hint = f" Did you mean  %check {meant[0]} ?" if meant else ""
    return listed(f'%check: there is no check "{wanted}".{hint} There are:', names)


def listed(said: str, names: Sequence[str]) -> str:
    """The sentence, and below it the names, in lines that do not break one."""
    lines = textwrap.wrap(", ".join(names), WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    return "\n  ".join([said, *lines])


def is_saved(shell: InteractiveShell, folder: Path, assignment: Assignment) -> bool:
    """Is the cell that ran before this one in a saved notebook, with its number? Then so is what was done before."""
    sources = shell.history_manager.input_hist_raw if shell.history_manager else []
    before = len(sources) - 2  # the last one is this cell
    if before < 1:
        return True
    for name in assignment.notebooks:
        if (folder / f"{name}.ipynb").is_file():
            for cell in read_notebook(folder / f"{name}.ipynb").cells:
                if cell.get("execution_count") == before and cell.source.strip() == sources[before].strip():
                    return True
    return False


# --- %submit ----------------------------------------------------------------------------------------------------------


def submit(shell: InteractiveShell, folder: Path, line: str) -> None:
    """`%submit`: check everything, make the PDF, pack the zip, and show links to both.

    Raises:
        CourseError: as `pack` and `autograder pdf`.
    """
    assignment = load_assignment(folder, all_there=False)
    student = student_of(folder, assignment)
    if not is_saved(shell, folder, assignment):
        print(SAVE)
        return
    laid = lay_folder(folder, assignment)
    show_check(folder, laid, "")
    print()
    stem = f"{file_name(student.student_id)}-{assignment.name}"
    packed = pack(folder, laid, folder / f"{stem}.zip", anyway="--anyway" in line.split())
    made = make_report(read_own(folder), folder / f"{stem}.pdf", Options("own"))
    for problem in made.problems:
        print(f"not shown in the PDF: {problem}")
    print(f"{packed.student.name} ({packed.student.student_id}): {counted(len(packed.files), 'file')} in the zip.")
    display(FileLink(made.pdf.name, result_html_prefix=f"Your PDF, {counted(made.pages, 'page')}: "))
    display(DownloadLink(packed.path.name, result_html_prefix="Submit this file: "))


class DownloadLink(FileLink):
    """A link that a browser saves; JupyterLab would open it as a text, which a zip is not."""

    html_link_str = "<a href='%s' download>%s</a>"
