"""`autograder grade` and `stats`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from autograder.commands import AssignmentName


def grade(
    assignment: AssignmentName,
    student: Annotated[
        list[str] | None, typer.Option("--student", "-s", help="Only this student (repeatable).")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Grade submissions again that are graded already.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", "-w", min=1, help="Submissions at a time. Default: one per core.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Repeat an earlier run: hidden checks draw their random inputs from this number."),
    ] = None,
    retrain: Annotated[bool, typer.Option("--retrain", help="Also rerun hyperparameter-search cells.")] = False,
    retrain_sample: Annotated[
        str | None,
        typer.Option(
            metavar="PART", help="Afterwards train this part of the class (5%) again, and compare accuracies."
        ),
    ] = None,
    tier: Annotated[str | None, typer.Option(help="Sandbox tier: namespaces or landlock. Default: the best.")] = None,
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Run submissions on this Dask cluster instead.")
    ] = None,
    no_sandbox: Annotated[
        bool, typer.Option("--no-sandbox", help="Run student code with all your rights. Only for code you trust.")
    ] = False,
    changed: Annotated[
        bool,
        typer.Option(
            "--changed",
            help="After checks, points, the rubric or data changed: show whose score moves, then write it if you "
            "agree. Notebooks run again only where they would give other values.",
        ),
    ] = False,
    reason: Annotated[str, typer.Option(help="With --changed: why, for the log.")] = "",
    never_lower: Annotated[
        bool, typer.Option("--never-lower", help="With --changed: no question loses points that it has given.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --changed: write the scores without asking.")] = False,
) -> None:
    """Grade submissions; resume an interrupted run. With --changed, grade again what a change of the homework touches.

    Example:  autograder grade softmax_net
    """
    from autograder.course import find_course
    from autograder.errors import CourseError
    from autograder.grade.run.start import started

    wanted = student or []
    if changed and (force or retrain or retrain_sample or seed is not None):
        raise CourseError(
            "grade: --changed grades with the inputs of each earlier run: leave out --force, --seed and --retrain."
        )
    if not changed and (reason or never_lower or yes):
        raise CourseError(
            "grade: --reason, --never-lower and --yes belong to --changed. Add  --changed  or leave them out."
        )
    if no_sandbox and tier:
        raise CourseError("grade: --no-sandbox means no tier of the sandbox. Leave out --no-sandbox or --tier.")
    try:
        tier = "none" if no_sandbox else tier
        with started(find_course(), assignment, wanted, workers, tier, dask, again=force) as start:
            if changed:
                from autograder.amend.terminal import amend_and_show

                amend_and_show(start, wanted, reason, never_lower, lambda: yes or ask("Write these scores?"))
                return
            from autograder.grade.run.terminal import grade_and_show

            grade_and_show(start, wanted, force, seed, retrain, retrain_sample=retrain_sample)
    except KeyboardInterrupt:
        again = "starts over, because of --force" if force else "starts over" if changed else "goes on"
        print(f"Stopped. What is graded is kept; the same command {again}.", file=sys.stderr)
        raise


def ask(question: str) -> bool | None:
    """What a person at the terminal says; None where there is none."""
    return typer.confirm(question) if sys.stdin and sys.stdin.isatty() else None


def stats(
    assignment: AssignmentName,
    histogram: Annotated[
        bool, typer.Option("--histogram/--no-histogram", help="Show the distribution of scores.")
    ] = True,
    html: Annotated[
        Path | None,
        typer.Option(help="Also write one page with figures: questions, diagnoses, lateness.", dir_okay=False),
    ] = None,
    png: Annotated[bool, typer.Option("--png", help="With --html: also its figures as PNG files beside it.")] = False,
) -> None:
    """Show results per question: mean, number of zero and full scores. List what is unusual about submissions.

    Example:  autograder stats softmax_net --html class.html
    """
    from autograder.course import find_course
    from autograder.errors import CourseError
    from autograder.gradebook.anomalies import anomalies
    from autograder.gradebook.roster import nothing_from, without_submission
    from autograder.gradebook.stats import class_scores, histogram_of, question_stats, stats_table
    from autograder.gradebook.store import Store
    from autograder.source import source_questions
    from autograder.terminal import terminal

    if png and html is None:
        raise CourseError("stats: --png puts the page's figures beside it. Name the page:  --html class.html --png")
    course = find_course()
    wanted = course.assignment(assignment)
    scores = class_scores(course, wanted)
    console = terminal()
    stats = question_stats(scores, source_questions(wanted))
    console.print(stats_table(stats))
    if histogram:
        console.print(histogram_of(scores))
    if missing := nothing_from(without_submission(course, assignment)):
        console.print(missing, style="yellow", markup=False)
    store = Store(course, assignment)
    results = [result for score in scores if (result := store.result(score.student)) is not None]
    if found := anomalies(results, store.gradings()):
        console.print("\nWorth a look:", style="bold")
        for one in found:
            console.print(f"  {', '.join(one.students)}: {one.text}", markup=False)
    if html is not None:
        course.keep_own(html)
        from autograder.report.class_page import write_class_page

        write_class_page(html, wanted.title, scores, stats, results, found, course.root / "reports" / assignment, png)
        console.print(f"Page written to {html}", markup=False)


def verify(
    assignment: AssignmentName,
    student: Annotated[
        list[str] | None, typer.Argument(metavar="STUDENT", help="Only these students. Default: all.")
    ] = None,
) -> None:
    """Judge the kept evidence of graded submissions again, and compare with their results.

    Student code is not run. Exit code 0 only if every check comes to the same credit.

    Example:  autograder verify softmax_net ada
    """
    from autograder.course import find_course
    from autograder.errors import CourseError
    from autograder.grade.verify import verify as verified
    from autograder.terminal import terminal

    course = find_course()
    console = terminal()
    failed = 0
    for one in verified(course, course.assignment(assignment), student or []):
        if one.ok:
            console.print(f"{one.student}: the same verdict ({one.checks} checks, seed {one.seed})", markup=False)
            continue
        failed += 1
        for line in [one.trouble] if one.trouble else one.differences:
            console.print(f"{one.student}: {line}", style="red", markup=False)
    if failed:
        raise CourseError(f"{failed} of these submissions could not be verified: see above.")
