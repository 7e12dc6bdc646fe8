"""Would a submission run as it did? Then its kept evidence can be judged in place of another run."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from nbformat import NotebookNode

from autograder.expect.recorded import as_recorded
from autograder.expect.sites import counts_as_it_ran
from autograder.grade.kept import KeptEvidence
from autograder.grade.run.jobs import Cell, CellRun, Job, NotebookJob, NotebookRun, Output, Run
from autograder.gradebook.results import CellResult, SubmissionResult
from autograder.questions import is_check

RECORDED = ("tier", "kernel", "machine", "autograder", "python", "numpy")
"""What kept evidence says of the run that it was recorded in."""


def parts_of(job: Job, data: str) -> dict[str, str]:
    """What the evidence of a job follows from, besides its seed: part -> digest.

    Parts are cells ("net:setup"), files ("nn/layers.py"), the order of a notebook's cells, limits and data sets. What
    of a check only the verdict looks at is no part.

    Args:
        data: a fingerprint of the data sets.
    """
    parts = {"its limits": digest_of(job.limits.model_dump_json()), "its data": digest_of(data)}
    parts |= {path: hashlib.sha256(content).hexdigest()[:16] for path, content in job.files.items()}
    for notebook in job.notebooks:
        texts = texts_of(notebook)
        parts[f"the order of cells in {notebook.name}"] = digest_of([cell.id for cell in notebook.cells])
        for cell in notebook.cells:
            about = [texts[cell.id], cell.skip, cell.check, [asdict(site) for site in cell.sites]]
            parts[f"{notebook.name}:{cell.id}"] = digest_of(about)
    return parts


def texts_of(notebook: NotebookJob) -> dict[str, str]:
    """Cell id -> what of its text the evidence follows from."""
    checks = {cell.id: cell.source for cell in notebook.cells if only_states(cell)}
    others = {cell.id: cell.source for cell in notebook.cells if cell.id not in checks}
    return {**others, **as_recorded(checks, others.values())}


def only_states(cell: Cell) -> bool:
    """Is it a check that states expectations, and earns nothing by how it runs?"""
    return cell.check and not cell.skip and not cell.sites and not counts_as_it_ran(cell.source)


def digest_of(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def changed_parts(then: Mapping[str, str] | None, now: Mapping[str, str]) -> tuple[str, ...]:
    """The parts that differ, in order; what was not known then differs as a whole."""
    if then is None:
        return ("evidence of an earlier version",)
    return tuple(part for part in {**now, **then} if then.get(part) != now.get(part))


def run_from(kept: KeptEvidence, before: SubmissionResult, notebooks: Mapping[str, NotebookNode], job: Job) -> Run:
    """The run that evidence is of: what it recorded and showed.

    Args:
        kept: with all files that checks read.
        before: the result that it led to.
        notebooks: name -> the graded notebook, with outputs.
    """
    runs = {}
    for notebook in job.notebooks:
        name = notebook.name
        outcomes, errors = kept.outcomes.get(name, {}), kept.errors[name]
        cells = {}
        for cell in notebooks[name].cells:
            if cell.cell_type != "code" or cell.execution_count is None:
                continue
            outputs = [dict(output) for output in cell.outputs]
            if is_check(cell):
                outputs = shown_by(outputs, before.of(name).get(cell.id))
                if cell.id in outcomes.get("returned", {}):
                    outputs.append(value_output(outcomes["returned"][cell.id]))
            stopped = errors.get(cell.id, "") if is_check(cell) or was_stopped(outputs) else ""
            cells[cell.id] = CellRun(outputs, stopped, before.seconds.get(name, {}).get(cell.id, 0.0))
        runs[name] = NotebookRun(
            cells,
            kept.messages[name],
            stopped=before.stopped.get(name) or "",
            left_at_work=outcomes.get("left_at_work", 0),
        )
    recorded = {name: kept.about[name] for name in RECORDED if name in kept.about}
    return Run(job.student, runs, dict(kept.files), 0.0, recorded=recorded)


def shown_by(outputs: Sequence[Output], result: CellResult | None) -> list[Output]:
    """What a check showed itself, of the outputs that `verdict_outputs` made: the verdict comes last."""
    shown = list(outputs)
    credit = (result.credit or 0.0) if result else 0.0
    if credit <= 0:
        return shown[:-1]
    if credit < 1:
        shown.pop()
    if result is not None and any(result.lines):
        shown.pop()
    return shown


def was_stopped(outputs: Sequence[Output]) -> bool:
    return any(output["output_type"] == "error" and output["ename"] == "Stopped" for output in outputs)


def value_output(value: float) -> dict[str, Any]:
    """The value of a cell's last line, as a cell shows it."""
    data = {"text/plain": repr(value)}
    return {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": None}
