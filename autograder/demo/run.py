"""The demo, step by step."""

import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from autograder.assignment import FILE, Assignment
from autograder.course import Course
from autograder.data.obtain import obtain
from autograder.data.registry import find_dataset
from autograder.demo.course import make_course, missing_data
from autograder.demo.show import diagnoses, question_table
from autograder.demo.students import hand_in, load_students
from autograder.errors import CourseError
from autograder.grade.run.start import started
from autograder.grade.run.terminal import grade_and_show
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.verdict.judge import Judge
from autograder.handback.export import export_totals
from autograder.packages import require_packages
from autograder.release.generate import release
from autograder.report.batch import feedback_tasks
from autograder.report.model import Options
from autograder.report.workers import run_tasks
from autograder.words import counted


def run_demo(course: Course, name: str, root: Path, console: Console) -> None:
    """Run one assignment end to end in a course of its own at `root`.

    Raises:
        CourseError: this is not Linux, or a step failed; its text says which and why.
    """
    if not sys.platform.startswith("linux"):
        raise CourseError(
            "demo: grading needs Linux, and so does the demo. On macOS and Windows run it in the container that "
            "Dockerfile describes:\n"
            "  docker build -t course .\n"
            f'  docker run --rm -it -v "$PWD":/course course demo {name}'
        )
    require_packages(course.assignment(name).packages, name)
    students = load_students(course.assignment(name))
    demo = make_course(course, name, root)
    assignment = demo.assignment(name)

    step(console, 1, f"a course of its own in {demo.root}")
    for dataset in missing_data(demo, assignment.data):
        console.print(f"   {dataset}: a stand-in is generated, because the real data are not here.", style="yellow")
        obtain(find_dataset(dataset), demo.data)

    step(console, 2, f"release {name}: solutions are removed from notebooks and library")
    release(demo, [name])

    step(console, 3, f"submit: {counted(len(students), 'simulated student')}")
    with console.status("the reference solution runs once, searches included") as status:
        weights = reference_weights(
            demo, assignment, lambda cell: status.update(f"the reference solution runs: {cell}")
        )
    for student in students:
        hand_in(demo, assignment, student, weights, demo.submitted / student.id / name)
        console.print(f"   {student.name}: {student.about}")

    step(console, 4, "grade")
    with started(demo, name) as start:
        grade_and_show(start, console=console)
    console.print(question_table(demo, assignment, students))
    told = next((student for student in students if student.write), students[0])
    said = diagnoses(demo, assignment, told)
    if said:
        console.print(f"What {told.name} is told:", style="bold", markup=False)
    for question, lines in said.items():
        console.print(f"   {question}", *lines, sep="\n      ", markup=False, soft_wrap=True)

    step(console, 5, "export and feedback")
    grades = demo.root / "grades.csv"
    export_totals(demo, [name], grades)
    tasks = feedback_tasks(demo, name, None, Options("feedback", "a4", False))
    failed = [f"{outcome.name}: {outcome.error}" for outcome in run_tasks(tasks, None) if outcome.error is not None]
    if failed:
        raise CourseError("demo: feedback could not be written.\n" + "\n".join(failed))
    place = shown(demo.root)
    programs = Path(sys.executable).parent
    console.print(
        f"   scores      {place}/grades.csv\n"
        f"   feedback    {place}/feedback/<student>/{name}/\n"
        f"   gradebook   {place}/gradebook.db\n\n"
        f"Look at it in nbgrader's formgrader (menu Nbgrader, Formgrader):\n"
        f"   cd {place} && {programs}/jupyter lab\n"
        f"Print a report for every student:\n"
        f"   cd {place} && {programs}/autograder report {name}",
        markup=False,
        soft_wrap=True,
    )


def shown(path: Path) -> str:
    """The path as one would type it into a shell from here."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def step(console: Console, number: int, text: str) -> None:
    """Say what comes next."""
    console.print(f"\n{number}. {text}", style="bold", markup=False)


def reference_weights(course: Course, assignment: Assignment, on_cell: Callable[[str], None]) -> Path | None:
    """Run source notebooks until all files to submit are made, those that search first; None if there are none.

    Returns:
        the folder with the files.

    Raises:
        CourseError: no notebook makes one of them.
    """
    if not assignment.hand_in:
        return None
    folder = course.work / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    searching = {name for name, _ in assignment.search}
    missing = set(assignment.hand_in)
    for notebook in sorted(assignment.notebooks, key=lambda name: name not in searching):
        if missing:
            with WarmProcess() as warm, Judge(course, assignment, notebook, 0, warm) as judge:
                judge.prepare(on_cell)
                made = {name for name in missing if (judge.folder / name).is_file()}
                for name in made:
                    shutil.copy(judge.folder / name, folder)
                missing -= made
    if missing:
        names = ", ".join(sorted(missing))
        raise CourseError(f"{assignment.folder / FILE}: hand_in has {names}, but no source notebook makes that.")
    return folder
