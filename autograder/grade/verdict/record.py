"""Writes what happened and what was earned into the notebook, so that nbgrader reads the same score from it."""

from collections.abc import Sequence

from nbformat import NotebookNode, from_dict

from autograder.assignment import Assignment
from autograder.expect.verdict import CellVerdict
from autograder.grade.run.jobs import CellRun, NotebookRun, Output
from autograder.grade.run.sanitise import text_of
from autograder.grade.verdict.judge import SEARCH_SKIPPED, Verdict
from autograder.gradebook.results import UNMET, CellResult
from autograder.questions import is_check, question_of


def record(
    notebook: NotebookNode, name: str, run: NotebookRun, verdict: Verdict, assignment: Assignment
) -> list[CellResult]:
    """Fill the outputs of a spliced notebook in, and return the results of its autograded cells."""
    results = []
    count = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        ran = run.cells.get(cell.id)
        skipped = (name, cell.id) in assignment.search and ran is None
        if ran is not None:
            count += 1
            cell.execution_count = count
        if is_check(cell):
            lines, credit = lines_of(verdict.cells.get(cell.id), ran, run)
            results.append(result := result_of(name, cell, credit, lines, assignment))
            outputs = verdict_outputs(result, cell, ran)
        elif skipped:
            outputs = [text_output(f"({SEARCH_SKIPPED} when grading)\n")]
        else:
            outputs = plain_outputs(ran, run)
        cell.outputs = [from_dict(output) for output in outputs]
    return results


def lines_of(verdict: CellVerdict | None, ran: CellRun | None, run: NotebookRun) -> tuple[list[str], float]:
    """What a cell's checks say, or why it was not reached; and the part of its points that they give."""
    lines = [text_of(line) for line in verdict.lines] if verdict is not None else []
    if ran is None:
        lines.insert(0, f"This cell did not run. {run.stopped}".strip())
    return lines, verdict.credit if verdict is not None else 0.0


def result_of(name: str, cell: NotebookNode, credit: float, lines: Sequence[str], assignment: Assignment) -> CellResult:
    """The result of one autograded cell."""
    question = question_of(name, cell, assignment.extra_credit)
    score = question.points * credit
    return CellResult(name, cell.id, question.points, score, credit, question.extra_credit, tuple(lines))


def verdict_outputs(result: CellResult, cell: NotebookNode, ran: CellRun | None) -> list[Output]:
    """A grade cell's outputs: nothing for nbgrader means full points, an error none, a number that many."""
    text = "\n".join(result.lines)
    shown = [output for output in ran.outputs if output["output_type"] == "display_data"] if ran is not None else []
    if result.credit <= 0:
        return [*shown, {"output_type": "error", "ename": UNMET, "evalue": text, "traceback": text.split("\n")}]
    outputs = [*shown, text_output(text + "\n")]
    if result.credit < 1:
        earned = 0.0 if result.extra_credit else result.score
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


def results_of_missing(cells: Sequence[NotebookNode], name: str, why: str, assignment: Assignment) -> list[CellResult]:
    """Zero for every autograded cell of a notebook that is not there."""
    return [
        result_of(name, cell, 0.0, [why], assignment) for cell in cells if cell.cell_type == "code" and is_check(cell)
    ]
