"""`autograder release` and `autograder lint`."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from autograder.assignment import Assignment
    from autograder.course import Course
    from autograder.expect.home import HomeNotebook
    from autograder.release.at_home import Make
    from autograder.release.problems import SourceProblem

SEEDS = 20
Names = Annotated[list[str] | None, typer.Argument(metavar="ASSIGNMENT", help="Default: all in source/.")]


def release(
    assignments: Names = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; say whether assignments/ is up to date.")
    ] = False,
    bundle: Annotated[bool, typer.Option("--bundle", help="Also create the zip for students, in bundles/.")] = False,
    to: Annotated[Path | None, typer.Option(help="Write folders and zips here instead.", file_okay=False)] = None,
) -> None:
    """Create the student version: notebooks and library without solutions.

    Example:  autograder release softmax_net --bundle
    """
    import tempfile

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from autograder.course import find_course
    from autograder.errors import CourseError
    from autograder.release.bundle import build_wheel, not_for_students, write_bundle
    from autograder.release.checks import never_emptied
    from autograder.release.generate import check_sources, old_at_home, orphans, stale
    from autograder.release.generate import release as generate
    from autograder.terminal import terminal
    from autograder.toml_files import as_toml

    if check and (bundle or to):
        raise CourseError("--check writes nothing, so it does not go with --bundle or --to. Leave one of them out.")
    course = find_course()
    names = list(dict.fromkeys(assignments or course.assignment_names()))
    if not names:
        raise CourseError(f"there is no assignment in {course.source}. Begin one with  autograder new NAME")
    for name in names:
        course.keep_own((to or course.release_dir) / name)
    check_sources(course, names)
    questions = [course.shorten(one) for name in names for one in never_emptied(course, course.assignment(name))]
    console = terminal()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        total = sum(len(course.assignment(name).notebooks) for name in names)
        task = progress.add_task("notebooks", total=total)

        def advance(notebook: str) -> None:
            progress.update(task, advance=1, description=notebook)

        if check:
            differences = stale(course, names, advance)
            notes = old_at_home(course, names)
            left = [] if assignments else [course.shorten(path) for path in orphans(course)]
        else:
            folders = {name: (to or course.release_dir) / name for name in names}
            with at_home(course, folders, lambda cell: progress.update(task, description=cell)) as make_home:
                notes = generate(course, names, to, advance, make_home)
    if check:
        if differences:
            differences.append("assignments/ is not up to date. Run:  autograder release")
        differences += [f"{path} has no source. Delete it, or put its source back." for path in left]
        if differences:
            raise CourseError("\n".join(differences))
        for note in (*notes, *questions):
            console.print(note, style="yellow", markup=False)
        console.print(f"assignments/ is up to date: {', '.join(names)}")
        return
    for note in (*notes, *questions, *course.due_notes(datetime.now(UTC))):
        console.print(note, style="yellow", markup=False)
    for name in names:
        console.print(course.shorten((to or course.release_dir) / name), markup=False)
    if bundle:
        with tempfile.TemporaryDirectory() as folder:
            wheel = build_wheel(Path(folder))
            for name in names:
                released = (to or course.release_dir) / name
                target = write_bundle(course, course.assignment(name), released, wheel, to or course.root / "bundles")
                console.print(course.shorten(target), markup=False)
                if missing := not_for_students(course, course.assignment(name), released):
                    console.print(
                        f"{name}: students need {', '.join(missing)} too, which environment.yml does not bring. Add it "
                        f"there, or  packages = {as_toml(missing)}  to assignment.toml, and release again.",
                        style="yellow", markup=False, soft_wrap=True,
                    )  # fmt: skip


@contextmanager
def at_home(
    course: "Course", folders: "Mapping[str, Path]", on_cell: "Callable[[str], None]"
) -> "Iterator[Make | None]":
    """What makes the file that lets checks compare at home; None where that cannot be made on this system.

    As many notebooks as the machine has cores are made at a time, from when this begins.

    Args:
        folders: where each assignment is released.
    """
    if sys.platform != "linux":
        yield None
        return
    from concurrent.futures import Future, ThreadPoolExecutor

    from autograder.grade.at_home import make_home
    from autograder.grade.run.warm_client import WarmProcess
    from autograder.machine import cores
    from autograder.release.at_home import known_now

    with ExitStack() as stack:
        pool = ThreadPoolExecutor(cores())
        stack.callback(pool.shutdown, cancel_futures=True)
        warm = stack.enter_context(WarmProcess(at_once=False))  # ends before the pool, whose work ends with it

        def begin(assignment: "Assignment", notebook: str) -> "Future[HomeNotebook]":
            return pool.submit(make_home, warm, course, assignment, notebook, partial(tell_cell, on_cell, notebook))

        making: dict[tuple[str, str], Future[HomeNotebook]] = {}
        for name, folder in folders.items():
            assignment = course.assignment(name)
            known = known_now(course, assignment, folder)
            making |= {(name, one): begin(assignment, one) for one in assignment.notebooks if one not in known}

        def made(_: "Course", assignment: "Assignment", notebook: str) -> "HomeNotebook":
            begun = making.get((assignment.name, notebook)) or begin(assignment, notebook)  # its source changed now
            return begun.result()

        yield made


def tell_cell(on_cell: "Callable[[str], None]", notebook: str, cell: str) -> None:
    on_cell(f"{notebook}, what checks compare with at home: {cell}")


def lint(
    assignments: Names = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Write the cells' ids, kinds and points, as their text has them, first.")
    ] = False,
    run: Annotated[
        bool, typer.Option("--run", help="Try the checks out too: right work, stubs, and every usual mistake.")
    ] = False,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="With --run: on how many random inputs. Default: 20.")
    ] = None,
) -> None:
    """Check source/ for malformed cells and regions, and for checks that can be passed by guessing.

    With --run, the solution must earn everything and stubs nothing, odd but right solutions too, and every mistake that
    can be made by one change must be noticed by some check.

    Example:  autograder lint --fix softmax_net
    """
    from autograder.course import find_course
    from autograder.errors import CourseError
    from autograder.grade.spared import proposal, spared_cells
    from autograder.mark.rubric import read_rubric
    from autograder.release.checks import fix_assignment, lint_assignment, public_rows
    from autograder.terminal import terminal

    if seeds is not None and not run:
        raise CourseError("--seeds goes with --run: without it, nothing is tried out on inputs.")
    course = find_course()
    names = list(assignments or course.assignment_names())
    if not names:
        raise CourseError(f"there is no assignment in {course.source}. Begin one with  autograder new NAME")
    console = terminal()
    for name in names if fix else ():
        for change in fix_assignment(course, name):
            console.print(course.shorten(change), markup=False, soft_wrap=True)
    for note in (note for name in names for note in public_rows(course, course.assignment(name))):
        console.print(course.shorten(note), style="yellow", markup=False, soft_wrap=True)
    for name in names:
        read_rubric(course.assignment(name).folder)
    problems = [problem for name in names for problem in lint_assignment(course, name)]
    if problems:
        raise CourseError("\n".join(map(course.shorten, problems)))
    for line in (line for name in names for line in proposal(name, spared_cells(course, name))):
        console.print(line, style="yellow", markup=False, soft_wrap=True)
    if run:
        try_out(course, names, seeds or SEEDS, console)
    console.print(f"{', '.join(names)}: no problems found")


def try_out(course: "Course", names: list[str], seeds: int, console: "Console") -> None:
    """Try out the checks of these assignments, and print what each was good for.

    Raises:
        CourseError: there is something to mend.
    """
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from autograder.errors import CourseError
    from autograder.grade.proof import prove
    from autograder.grade.run.warm_client import WarmProcess

    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    findings: list[SourceProblem] = []
    with ExitStack() as stack, Progress(*columns, console=console, transient=True) as progress:
        started: list[WarmProcess] = []
        task = progress.add_task("")

        def warm() -> WarmProcess:
            if not started:
                started.append(stack.enter_context(WarmProcess()))
            return started[0]

        for name in names:
            tell = partial(show_cell, progress, task, name)
            proof = prove(course, course.assignment(name), seeds, warm, tell)
            for line in proof.lines:
                console.print(line, markup=False, soft_wrap=True)
            findings += proof.findings
    if findings:
        raise CourseError("\n".join(map(course.shorten, findings)))


def show_cell(progress: "Progress", task: "TaskID", name: str, cell: str) -> None:
    progress.update(task, description=f"{name}: {cell}")
