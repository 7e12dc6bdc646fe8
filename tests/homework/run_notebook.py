"""A program: runs one notebook of several folders, each in a fork of a warm process, and says what every cell did.

Reads a job from stdin, writes {folder: {cell id: what it did}} to stdout, both as JSON. Without `reference` the cells
check themselves, as on a student's machine. With it, evidence is recorded and judged against what the notebook in the
folder `reference` gives, as in grading.
"""

import json
import multiprocessing
import os
import sys
from pathlib import Path

import matplotlib.pyplot  # noqa: F401  # warm: every fork has it
import nbformat
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from autograder.expect.message import Inbox
from autograder.expect.session import KeySession, LocalSession, RecordingSession, Session, use
from autograder.expect.verdict import judge


class Shell(InteractiveShell):
    """IPython without a screen: figures are drawn, and shown nowhere."""

    def enable_gui(self, gui: str | None = None) -> None:
        pass


def run(folder: str, job: dict, session: Session) -> dict[str, dict]:
    """Run the notebook in its folder, in this process; say the text, error and last line's value of each cell."""
    os.chdir(folder)
    sys.path.insert(0, folder)
    shell = Shell.instance()
    notebook = nbformat.read(f"{job['notebook']}.ipynb", as_version=4)
    done = {}
    with use(session):
        for cell in notebook.cells:
            if cell.cell_type == "code" and cell.id not in job["skip"]:
                session.begin_cell(cell.id)
                source = cell.source
                for old, new in job.get("replace", {}).items():
                    source = source.replace(old, new)
                with capture_output() as shown:
                    result = shell.run_cell(source, cell_id=cell.id)
                error = result.error_before_exec or result.error_in_exec
                done[cell.id] = {
                    "text": shown.stdout,
                    "error": f"{type(error).__name__}: {error}" if error else None,
                    "value": None if result.result is None else repr(result.result),
                }
    return done


def check(task: tuple[str, dict]) -> dict[str, dict]:
    """What a student sees."""
    folder, job = task
    return run(folder, job, LocalSession())


def record(task: tuple[str, dict]) -> tuple[dict[str, dict], list[bytes]]:
    """What a submission leaves for the judge."""
    folder, job = task
    evidence: list[bytes] = []
    return run(folder, job, RecordingSession(job["seed"], evidence.append)), evidence


def graded(done: dict[str, dict], evidence: list[bytes], folder: str, key: KeySession) -> dict[str, dict]:
    """What the submission's cells did, with the verdicts on its grade cells."""
    inbox = Inbox()
    for message in evidence:
        inbox.add(message)

    def read_file(name: str) -> bytes | None:
        path = Path(folder, name)
        return path.read_bytes() if path.exists() else None

    errors = {cell: cell_run["error"] for cell, cell_run in done.items() if cell_run["error"]}
    for cell, verdict in judge(key.key, inbox.evidence, errors, read_file).items():
        done.setdefault(cell, {})
        done[cell] |= {"credit": verdict.credit, "lines": verdict.lines, "flags": verdict.flags}
    return done


def main() -> None:
    job = json.load(sys.stdin)
    tasks = [(folder, job) for folder in job["folders"]]
    with multiprocessing.get_context("fork").Pool(job["processes"], maxtasksperchild=1) as pool:
        if "reference" not in job:
            runs = pool.map(check, tasks, chunksize=1)
        else:
            records = pool.map(record, tasks, chunksize=1)
            key = KeySession(job["seed"])
            keyed = run(job["reference"], job | {"skip": job["skip_in_key"], "replace": job["replace_in_key"]}, key)
            failed = {cell: did["error"] for cell, did in keyed.items() if did["error"]}
            if failed:
                sys.exit(f"the reference fails: {failed}")
            runs = [
                graded(done, evidence, folder, key)
                for folder, (done, evidence) in zip(job["folders"], records, strict=True)
            ]
    json.dump(dict(zip(job["folders"], runs, strict=True)), sys.stdout)


if __name__ == "__main__":
    main()
