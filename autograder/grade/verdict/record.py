"""Writes what happened and what was earned into the notebook, so that nbgrader reads the same score from it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from nbformat import NotebookNode, from_dict

from autograder.assignment import Assignment
from autograder.expect.cell_verdict import CellVerdict
from autograder.expect.follow import CellAbove, why_not_defined
from autograder.expect.sites import counts_as_it_ran
from autograder.grade.run.jobs import CellRun, NotebookRun, Output
from autograder.grade.run.sanitise import text_of
from autograder.grade.verdict.judge import AS_HANDED_IN, SEARCH_SKIPPED, Verdict, first_error, returned
from autograder.gradebook.results import CLOSE, UNMET, CellResult
from autograder.markers import HIDDEN_TESTS, holds_back
from autograder.questions import is_check, points_of, question_of


def record(
    notebook: NotebookNode,
    name: str,
    run: NotebookRun,
    verdict: Verdict,
    assignment: Assignment,
    at_least: Mapping[str, CellResult] = MappingProxyType({}),
) -> list[CellResult]:
    """Fill the outputs of a spliced notebook in, and return the results of its autograded cells.

    Args:
        at_least: cell id -> an earlier result that counts where it is the better one.
    """
    results = []
    above: list[CellAbove] = []
    count = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        ran = run.cells.get(cell.id)
        skipped = (name, cell.id) in assignment.search and ran is None
        left_out = (name, cell.id) in assignment.grading.skip and ran is None
        if ran is not None:
            count += 1
            cell.execution_count = count
        if is_check(cell):
            lines, credit = lines_of(verdict.cells.get(cell.id), ran, run)
            if as_it_ran := counts_as_it_ran(cell.source):
                lines, credit = with_outcome(cell, ran, verdict.cells.get(cell.id), lines)
            if ran is not None and not holds_back(cell.source, [HIDDEN_TESTS]):
                lines += not_defined(first_error(ran), above)
            result = no_lower(result_of(name, cell, credit, lines, assignment), at_least.get(cell.id))
            results.append(result)
            outputs = verdict_outputs(result, cell, ran, as_it_ran)
        elif skipped:
            outputs = [text_output(f"({SEARCH_SKIPPED} when grading)\n")]
        elif left_out:
            outputs = [text_output(f"({AS_HANDED_IN})\n"), *cell.outputs]
        else:
            outputs = plain_outputs(ran, run)
        above.append(CellAbove(cell.id, cell.source, first_error(ran) if ran is not None else ""))
        cell.outputs = [from_dict(output) for output in outputs]
    return results


def not_defined(error: str, above: Sequence[CellAbove]) -> list[str]:
    """Lines about a check that stopped for want of a name: which cell above did not come to make it, and why."""
    return [text_of(f"  {line}") for line in (why_not_defined(error, above) or "").splitlines()]


def lines_of(verdict: CellVerdict | None, ran: CellRun | None, run: NotebookRun) -> tuple[list[str], float]:
    """What a cell's checks say, or why it was not reached; and the part of its points that they give."""
    lines = [text_of(line) for line in verdict.lines] if verdict is not None else []
    if ran is None:
        lines.insert(0, f"This cell did not run. {run.stopped}".strip())
    return lines, verdict.credit if verdict is not None else 0.0


def with_outcome(
    cell: NotebookNode, ran: CellRun | None, verdict: CellVerdict | None, lines: Sequence[str]
) -> tuple[list[str], float]:
    """What a check earns where it counts, as in nbgrader, how it ran: never more than its verdict gives.

    An error gives nothing, a number as the value of its last line that many points, anything else all of them.
    """
    points = points_of(cell)
    if ran is None or points < 0:
        return list(lines), 0.0
    credit, lines = 1.0 if verdict is None else verdict.credit, list(lines)
    if error := first_error(ran):
        if credit > 0:
            lines.append(f"The cell stopped: {hidden_or(error, cell)}")
        return lines, 0.0
    value = returned(ran)
    if value is not None and 0 <= value <= points:
        lines.append(f"The cell gave {value:g} of {points:g} points.")
        return lines, min(credit, value / points if points else 1.0)
    return lines, credit


def hidden_or(error: str, cell: NotebookNode) -> str:
    """The error; only its kind where it may say what a hidden test holds."""
    return error.partition(":")[0] if holds_back(cell.source, [HIDDEN_TESTS]) else text_of(error)


def result_of(name: str, cell: NotebookNode, credit: float, lines: Sequence[str], assignment: Assignment) -> CellResult:
    """The result of one autograded cell."""
    question = question_of(name, cell, assignment.extra_credit)
    score = question.points * credit
    return CellResult(name, cell.id, question.points, score, credit, question.extra_credit, tuple(lines))


def no_lower(result: CellResult, before: CellResult | None) -> CellResult:
    """The result, or the points of an earlier one where those are more, up to what the question is worth now."""
    if before is None or before.score is None or result.points <= 0:
        return result
    credit = min(1.0, before.score / result.points)
    if credit <= (result.credit or 0.0) + CLOSE:
        return result
    score = result.points * credit
    line = f"Graded again, this check gives {result.score or 0:g} points; the earlier {score:g} count."
    return replace(result, score=score, credit=credit, judged=result.credit, lines=(*result.lines, line))


def verdict_outputs(result: CellResult, cell: NotebookNode, ran: CellRun | None, as_it_ran: bool) -> list[Output]:
    """A grade cell's outputs: nothing for nbgrader means full points, an error none, a number that many.

    Args:
        as_it_ran: keep what the cell printed, on stdout: nbgrader takes anything on stderr for an error.

    Where the cell has hidden tests, nothing is kept of what it showed: a warning shows the line that led to it.
    """
    text = "\n".join(result.lines)
    kinds = ("display_data", "stream") if as_it_ran else ("display_data",)
    outputs_of_cell = ran.outputs if ran is not None and not holds_back(cell.source, [HIDDEN_TESTS]) else []
    shown = [output for output in outputs_of_cell if output["output_type"] in kinds]
    shown = [output | {"name": "stdout"} if output["output_type"] == "stream" else output for output in shown]
    credit = result.credit or 0.0
    if credit <= 0:
        return [*shown, {"output_type": "error", "ename": UNMET, "evalue": text, "traceback": text.split("\n")}]
    outputs = [*shown, text_output(text + "\n")] if text else shown
    if credit < 1:
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
