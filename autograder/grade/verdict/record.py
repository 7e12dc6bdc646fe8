"""Writes what happened and what was earned into the notebook, so that nbgrader reads the same score from it."""

from collections.abc import Mapping
from dataclasses import dataclass

from nbformat import NotebookNode, from_dict

from autograder.assignment import Assignment
from autograder.grade.run.jobs import CellRun, NotebookRun, Output
from autograder.grade.run.sanitise import text_of
from autograder.grade.verdict.judge import SEARCH_SKIPPED, CellVerdict, Verdict

UNMET = "Unmet"


@dataclass(frozen=True)
class CellGrade:
    """What one graded cell earned. For extra credit `points` are the extra points there are."""

    points: float
    credit: float
    extra_credit: bool
    lines: tuple[str, ...]

    @property
    def score(self) -> float:
        return self.points * self.credit


def record(
    notebook: NotebookNode, name: str, run: NotebookRun, verdict: Verdict, assignment: Assignment
) -> dict[str, CellGrade]:
    """Fill the outputs of a spliced notebook in, and return the grades of its autograded cells by cell id."""
    grades = {}
    count = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        ran = run.cells.get(cell.id)
        skipped = (name, cell.id) in assignment.search and ran is None
        if ran is not None:
            count += 1
            cell.execution_count = count
        if is_autograded(cell):
            grade = grade_of(cell, verdict.cells.get(cell.id), ran, run, assignment.extra_credit.get((name, cell.id)))
            grades[cell.id] = grade
            outputs = verdict_outputs(grade, cell, ran)
        elif skipped:
            outputs = [text_output(f"({SEARCH_SKIPPED} when grading)\n")]
        else:
            outputs = plain_outputs(ran, run)
        cell.outputs = [from_dict(output) for output in outputs]
    return grades


def is_autograded(cell: NotebookNode) -> bool:
    nbgrader = cell.metadata.get("nbgrader", {})
    return bool(nbgrader.get("grade")) and not nbgrader.get("solution")


def grade_of(
    cell: NotebookNode, verdict: CellVerdict | None, ran: CellRun | None, run: NotebookRun, extra: float | None
) -> CellGrade:
    """A cell's grade; where it was not reached, why."""
    credit = verdict.credit if verdict is not None else 0.0
    lines = [text_of(line) for line in verdict.lines] if verdict is not None else []
    if ran is None:
        lines.insert(0, f"This cell did not run. {run.stopped}".strip())
    points = float(cell.metadata.nbgrader.points) if extra is None else extra
    return CellGrade(points=points, credit=credit, extra_credit=extra is not None, lines=tuple(lines))


def verdict_outputs(grade: CellGrade, cell: NotebookNode, ran: CellRun | None) -> list[Output]:
    """A grade cell's outputs: nothing for nbgrader means full points, an error none, a number that many."""
    text = "\n".join(grade.lines)
    shown = [output for output in ran.outputs if output["output_type"] == "display_data"] if ran is not None else []
    if grade.credit <= 0:
        return [*shown, {"output_type": "error", "ename": UNMET, "evalue": text, "traceback": text.split("\n")}]
    outputs = [*shown, text_output(text + "\n")]
    if grade.credit < 1:
        earned = 0.0 if grade.extra_credit else grade.score
        outputs.append(
            {
                "output_type": "execute_result",
                "execution_count": cell.execution_count,
                "data": {"text/plain": repr(earned)},
                "metadata": {},
            }
        )
    return outputs


def plain_outputs(ran: CellRun | None, run: NotebookRun) -> list[Output]:
    """What a cell without points showed, and why it stopped if it did."""
    if ran is None:
        return [text_output(f"(not run. {run.stopped})\n")] if run.stopped else []
    if not ran.stopped:
        return ran.outputs
    kept = [output for output in ran.outputs if output["output_type"] != "error"]
    return [*kept, {"output_type": "error", "ename": "Stopped", "evalue": ran.stopped, "traceback": [ran.stopped]}]


def text_output(text: str) -> Output:
    return {"output_type": "stream", "name": "stdout", "text": text}


def grades_of_missing(
    cells: Mapping[str, NotebookNode], name: str, why: str, assignment: Assignment
) -> dict[str, CellGrade]:
    """Zero for every autograded cell of a notebook that is not there."""
    return {
        cell_id: CellGrade(
            points=assignment.extra_credit.get((name, cell_id), float(node.metadata.nbgrader.points)),
            credit=0.0,
            extra_credit=(name, cell_id) in assignment.extra_credit,
            lines=(why,),
        )
        for cell_id, node in cells.items()
        if node.cell_type == "code" and is_autograded(node)
    }
