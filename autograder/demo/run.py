"""The demo, step by step."""

import shutil
from pathlib import Path

from rich.console import Console

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.data.obtain import obtain
from autograder.data.registry import find_dataset
from autograder.demo.course import make_course, missing_data
from autograder.demo.show import diagnoses, question_table
from autograder.demo.students import hand_in, load_students
from autograder.errors import CourseError
from autograder.grade.export import export_totals
from autograder.grade.judge import Judge
from autograder.grade.show import grade_and_show
from autograder.release.generate import release
from autograder.report.batch import feedback_tasks
from autograder.report.model import Options
from autograder.report.workers import run_tasks


def run_demo(course: Course, name: str, root: Path, console: Console) -> None:
    """Let one homework go round in a course of its own at `root`.

    Raises:
        CourseError: a step failed; its text says which and why.
    """
    original = course.assignment(name)
    students = load_students(original)
    demo = make_course(course, name, root)
    assignment = demo.assignment(name)

    step(console, 1, f"a course of its own in {demo.root}")
    for dataset in missing_data(demo, assignment.data):
        console.print(f"   {dataset}: a stand-in is generated, because the real data are not here.", style="yellow")
        obtain(find_dataset(dataset), demo.data)

    step(console, 2, f"release {name}: regions emptied, library with holes")
    release(demo, [name])

    step(console, 3, "three students hand in")
    with console.status("the reference solution runs once, searches included …"):
        weights = reference_weights(demo, assignment)
    for student in students:
        hand_in(demo, assignment, student, weights, demo.submitted / student.id / name)
        console.print(f"   {student.name}: {student.about}")

    step(console, 4, "grade")
    grade_and_show(demo, name, console=console)
    console.print(question_table(demo, assignment, students))
    for student in students[1:2]:
        console.print(f"What {student.name} is told:", style="bold")
        for line in diagnoses(demo, assignment, student):
            console.print(f"   {line}", markup=False)

    step(console, 5, "export and feedback")
    grades = demo.root / "grades.csv"
    export_totals(demo, [name], grades)
    tasks = feedback_tasks(demo, name, None, Options("feedback", "a4", False))
    failed = [f"{outcome.name}: {outcome.error}" for outcome in run_tasks(tasks, None) if outcome.error is not None]
    if failed:
        raise CourseError("demo: feedback could not be written.\n" + "\n".join(failed))
    console.print(f"   {grades}\n   {demo.feedback}/<student>/{name}/\n   {demo.root / 'gradebook.db'}", markup=False)
    console.print(
        f"\nTo look at it in nbgrader's formgrader:\n"
        f"   cd {demo.root} && jupyter lab        (menu Nbgrader, Formgrader)\n"
        f"To print reports:  cd {demo.root} && autograder report {name}",
        markup=False,
    )


def step(console: Console, number: int, text: str) -> None:
    """Say what comes next."""
    console.print(f"\n{number}. {text}", style="bold", markup=False)


def reference_weights(course: Course, assignment: Assignment) -> Path | None:
    """Run the source notebooks that search; the folder with the files they made, None if nothing is to be handed in."""
    if not assignment.hand_in:
        return None
    folder = course.work / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    for notebook in {name for name, _ in assignment.search}:
        with Judge(course, assignment, notebook, seed=0) as judge:
            judge.prepare()
            for name in assignment.hand_in:
                if (judge.folder / name).is_file():
                    shutil.copy(judge.folder / name, folder)
    return folder
