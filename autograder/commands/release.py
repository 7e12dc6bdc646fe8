"""`autograder release` and `autograder lint`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

Names = Annotated[list[str] | None, typer.Argument(metavar="[ASSIGNMENT]...", help="Default: all in source/.")]


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

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from autograder.course import find_course
    from autograder.errors import CourseError
    from autograder.release.bundle import build_wheel, write_bundle
    from autograder.release.generate import check_sources, orphans, stale
    from autograder.release.generate import release as generate

    if check and (bundle or to):
        raise CourseError("--check writes nothing, so it does not go with --bundle or --to. Leave one of them out.")
    course = find_course()
    names = list(assignments or course.assignment_names())
    if not names:
        raise CourseError(f"there is no assignment in {course.source}. Begin one with  autograder new NAME")
    check_sources(course, names)
    console = Console(highlight=False)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        total = sum(len(course.assignment(name).notebooks) for name in names)
        task = progress.add_task("notebooks", total=total)

        def advance(notebook: str) -> None:
            progress.update(task, advance=1, description=notebook)

        if check:
            differences = stale(course, names, advance)
            left = [] if assignments else [course.shorten(path) for path in orphans(course)]
        else:
            notes = generate(course, names, to, advance)
    if check:
        if differences:
            differences.append("assignments/ is not up to date. Run:  autograder release")
        differences += [f"{path} has no source. Delete it, or put its source back." for path in left]
        if differences:
            raise CourseError("\n".join(differences))
        console.print(f"assignments/ is up to date: {', '.join(names)}")
        return
    for note in (*notes, *course.due_notes(datetime.now(UTC))):
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


def lint(
    assignments: Names = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Write the cells' ids, kinds and points, as their text has them, first.")
    ] = False,
) -> None:
    """Check source/ for malformed cells and regions, and for checks that can be passed by guessing.

    Example:  autograder lint --fix softmax_net
    """
    from rich.console import Console

    from autograder.course import find_course
    from autograder.errors import CourseError
    from autograder.release.checks import fix_assignment, lint_assignment

    course = find_course()
    names = list(assignments or course.assignment_names())
    if not names:
        raise CourseError(f"there is no assignment in {course.source}. Begin one with  autograder new NAME")
    console = Console(highlight=False)
    for name in names if fix else ():
        for change in fix_assignment(course, name):
            console.print(course.shorten(change), markup=False, soft_wrap=True)
    problems = [problem for name in names for problem in lint_assignment(course, name)]
    if problems:
        raise CourseError("\n".join(map(course.shorten, problems)))
    console.print(f"{', '.join(names)}: no problems found")
