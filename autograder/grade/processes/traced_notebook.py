"""Runs some of a notebook's cells once more, in a sandbox, and tells the steps that lead to its checks.

The verdict is given by then. Nothing is shown, and what is told can only add a sentence to it.
"""

import ast
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext, redirect_stderr, redirect_stdout, suppress
from functools import partial
from types import CodeType

from autograder.expect.asserted import watching
from autograder.expect.evidence import EvidenceError
from autograder.expect.session import Session, use
from autograder.expect.steps import pack_run
from autograder.expect.tracing import Tracer
from autograder.expect.work_places import cell_file, place_of
from autograder.grade.processes.shell import NotebookShell
from autograder.grade.run.jobs import Cell
from autograder.syntax import plain_text


def run_traced(
    shell: NotebookShell,
    cells: Iterable[Cell],
    traced: Mapping[str, Iterable[str]],
    work: frozenset[str],
    session: Session,
    begins: Callable[[Cell], None],
    send: Callable[[bytes], None],
    ends: Callable[[Cell, str], None],
) -> None:
    """Run the cells in order; an error ends its cell.

    Args:
        traced: check -> the cells of its question, itself among them.
        work: the cells whose own lines students write.
        send: takes the steps of the check that is running.
    """
    texts: dict[str, str] = {}
    checks = {cell_id: check for check, question in traced.items() for cell_id in question}
    tracers: dict[str, Tracer] = {}
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    with (
        open(os.devnull, "w") as nowhere,
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
        use(session),
        watching(session) as watch,
    ):
        for cell in cells:
            begins(cell)
            session.begin_cell(cell.id)
            instrument = watch.begin(cell.id, cell.sites, cell.check)

            def code_of(cell: Cell = cell, instrument: ast.NodeTransformer | None = instrument) -> CodeType:
                source = texts[cell_file(cell.id)] = plain_text(cell.source)
                tree = ast.parse(source)
                changed = instrument.visit(tree) if instrument is not None else tree
                return compile(changed, cell_file(cell.id), "exec")

            check = checks.get(cell.id)
            if check is not None and check not in tracers:
                tracers[check] = Tracer(partial(place_of, texts=texts, work=work, check=check), texts)
            tracer = tracers[check] if check is not None else None
            try:
                with tracer.tracing() if tracer is not None else nullcontext():
                    exec(code_of(), shell.user_ns)
            except BaseException:  # a student's error, or their `exit()`
                pass
            if check == cell.id and tracer is not None and not tracer.late:
                with suppress(EvidenceError):
                    send(pack_run(tracer.run()))
            ends(cell, "")
