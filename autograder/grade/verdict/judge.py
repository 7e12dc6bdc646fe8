"""Judges: one trusted process per notebook, which makes the answer key and gives verdicts.

That process is `grade/processes/answer_key.py`.
"""

import hashlib
import json
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nbformat import NotebookNode

from autograder.assignment import Assignment, Limits, student_libraries
from autograder.course import Course
from autograder.data.made_once import SHARED
from autograder.data.present import data_fingerprint
from autograder.errors import CourseError, NoVerdict
from autograder.expect.assertions import Site
from autograder.expect.cell_verdict import CellVerdict
from autograder.expect.sites import sites_in
from autograder.files import SEAL, is_intact, seal, write_synced
from autograder.grade.run.jobs import LONGEST_WAIT, Cell, CellRun, NotebookRun
from autograder.grade.run.protocol import Connection, Frame
from autograder.grade.run.warm_client import ANSWER_KEY, ANSWER_SECONDS, ONE_THREAD, Process, WarmProcess
from autograder.questions import is_check, students_write
from autograder.release.autotests import complete_source
from autograder.release.given import given_files
from autograder.release.library import region_names, used_modules
from autograder.source import source_path

SEARCH_SKIPPED = "a search that is not run again"
AS_HANDED_IN = "as handed in, not run again"
KEY_SECONDS = 24 * 3600.0  # a cell of the source notebook may train for long


@dataclass(frozen=True)
class Verdict:
    """All grade cells of one notebook; `flags` are oddities of the evidence as a whole."""

    cells: Mapping[str, CellVerdict]
    flags: tuple[str, ...] = ()


class JudgeDied(NoVerdict):
    """The process with an answer key is gone: killed, or out of memory."""


class KeyProcess:
    """Talks to a process that holds a notebook's answer key; safe to share between threads."""

    def __init__(self, notebook: str, limits: Limits, control: Connection | None = None, cells: Iterable[str] = ()):
        """`control`: where the process hears us, if there is one; `cells`: those that it judges."""
        self.notebook = notebook
        self.limits = limits
        self.lock = threading.RLock()
        self.connection = control
        self.cells = frozenset(cells)

    def judge(
        self, run: NotebookRun, files: Mapping[str, bytes], steps: Mapping[str, bytes] = MappingProxyType({})
    ) -> Verdict:
        """The verdict on one notebook's evidence.

        Args:
            files: the hand-in files of its submission.
            steps: check -> the steps of its run, which say no more than where it goes wrong; with them, these checks
                alone are judged.

        Raises:
            JudgeDied: the process is gone. `revive` makes another.
        """
        errors = {name: error for name, cell in run.cells.items() if (error := first_error(cell))}
        with self.lock:
            seconds = float(self.limits.cell_seconds)
            request = {
                "messages": len(run.evidence), "files": list(files), "errors": errors, "cell_seconds": seconds,
                "memory_mb": self.limits.memory_mb, "steps": list(steps),
            }  # fmt: skip
            self.send(Frame.JUDGE, json.dumps(request).encode())
            for message in run.evidence:
                self.send(Frame.MESSAGE, message)
            for content in files.values():
                self.send(Frame.FILE, content)
            for content in steps.values():
                self.send(Frame.STEPS, content)
            _, content = self.receive(ANSWER_SECONDS + 4 * LONGEST_WAIT * seconds * len(self.cells))
        cells = {
            name: CellVerdict(
                cell["credit"], tuple(cell["lines"]), tuple(cell["flags"]), unnamed=cell.get("unnamed", False)
            )
            for name, cell in content["cells"].items()
        }
        return Verdict(cells, tuple(content["flags"]))

    @property
    def control(self) -> Connection:
        """Where the process hears us. Raises EOFError where there is none."""
        if self.connection is None:
            raise EOFError("it never began")
        return self.connection

    def send(self, kind: Frame, payload: bytes) -> None:
        with self.alive():
            self.control.send(kind, payload, ANSWER_SECONDS)

    def receive(self, seconds: float = KEY_SECONDS) -> tuple[Frame, Any]:
        with self.alive():
            kind, payload = self.control.receive(seconds)
        return kind, json.loads(payload)

    @contextmanager
    def alive(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError) as error:
            raise JudgeDied(
                f"the process with the answer key of {self.notebook} ended: out of memory? "
                "Run the same command again to go on."
            ) from error


class Judge(KeyProcess):
    """One notebook's answer key, in a process of its own. Use as a context manager; safe to share between threads."""

    def __init__(
        self,
        course: Course,
        assignment: Assignment,
        notebook: str,
        seed: int,
        warm: WarmProcess,
        scratch: Path | None = None,
        shared: Path | None = None,
    ) -> None:
        """Nothing happens yet.

        Args:
            warm: forks its process.
            scratch: the folder to run the source notebook in; default: the system's for temporary files.
            shared: the data folder that submissions see, where arrays are laid that each of them would make again.
        """
        super().__init__(notebook, assignment.limits)
        self.course = course
        self.assignment = assignment
        self.seed = seed
        self.warm = warm
        self.shared = {SHARED: str(shared)} if shared else {}
        self.folder = Path(tempfile.mkdtemp(prefix="answer-key-", dir=scratch))
        self.process: Process | None = None
        self.known = False
        """Was what the searches make there, when the notebook was laid out last?"""
        self.written: list[str] = []
        """The code cells that students write in, of the notebook as it was laid out last."""

    def __enter__(self) -> "Judge":
        return self

    def __exit__(self, *exc) -> None:
        if self.process is not None:
            self.process.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def prepare(self, on_cell: Callable[[str], None] = lambda cell_id: None) -> None:
        """Make the answer key, in a new process. `on_cell` hears which cell of the source notebook is running.

        Raises:
            CourseError: a cell of the source notebook fails.
            JudgeDied: the process is gone.
        """
        with self.lock:
            self.begin()
            self.make_key(on_cell)
            self.keep_weights()
            if (
                self.assignment.searches_in(self.notebook)
                and self.assignment.skips_in(self.notebook)
                and not self.known
            ):
                self.begin()  # that one ran all cells, for the searches; the key is made as submissions run
                self.make_key(on_cell)

    def begin(self) -> None:
        """Have a process for the key, in place of one that there may be."""
        if self.process is not None:
            self.process.end()
        with self.alive():
            self.process = self.warm.fork(ANSWER_KEY)
            self.connection = self.process.control

    def copy(self) -> socket.socket:
        """Have the process copied; returns where the copy listens.

        Raises:
            JudgeDied: the process is gone.
        """
        mine, theirs = socket.socketpair()
        try:
            with theirs, self.lock, self.alive():
                self.control.send(Frame.COPY, b"null", ANSWER_SECONDS)
                self.control.send_descriptor(theirs.fileno())
                self.control.receive(ANSWER_SECONDS)
        except JudgeDied:
            mine.close()
            raise
        return mine

    def revive(self) -> None:
        """Where the process is gone, make the answer key again."""
        with self.lock:
            if self.process is None or self.process.control.hung_up():
                self.prepare()

    def make_key(self, on_cell: Callable[[str], None]) -> None:
        self.send(Frame.MAKE_KEY, json.dumps(self.request(self.lay_out())).encode())
        while (answer := self.receive())[0] is Frame.KEY_CELL:
            on_cell(answer[1])
        kind, content = answer
        if kind is Frame.KEY_FAILED:
            cell_id, traceback = content
            raise CourseError(
                f'{source_path(self.assignment.folder, self.notebook)}, cell "{cell_id}": the instructor\'s own '
                "solution fails, so nothing can be graded against it. Mend it, or what it calls, and grade again.\n"
                + traceback.replace(f"{self.folder}{os.sep}", "")
            )
        self.cells = frozenset(content)

    def request(self, cells: Sequence[Cell]) -> dict[str, Any]:
        """What a process must be told that runs these cells of the source notebook."""
        return {
            "cells": [asdict(cell) for cell in cells],
            "regions": self.library_regions(),
            "written": self.written,
            "seed": self.seed,
            "folder": str(self.folder),
            "environment": os.environ | ONE_THREAD | {"NN_DATA": str(self.course.data)} | self.shared,
        }

    def run_apart(self, program: str, more: Mapping[str, Any], on_cell: Callable[[str], None]) -> Any:
        """Have the notebook run by a process of its own, without its searches and skipped cells; returns its answer.

        Args:
            program: the module that the process is.
            more: what it must be told besides the usual.

        Raises:
            OSError, EOFError: the process is gone.
        """
        skipped = dict.fromkeys(self.assignment.skips_in(self.notebook), AS_HANDED_IN)
        skipped |= dict.fromkeys(self.assignment.searches_in(self.notebook), SEARCH_SKIPPED)
        cells = [replace(cell, skip=skipped.get(cell.id, cell.skip)) for cell in self.lay_out()]
        process = self.warm.fork(program)
        try:
            request = {**self.request(cells), **more}
            process.control.send(Frame.MAKE_KEY, json.dumps(request).encode(), ANSWER_SECONDS)
            while True:
                kind, payload = process.control.receive(KEY_SECONDS)
                if kind is not Frame.KEY_CELL:
                    return json.loads(payload)
                on_cell(json.loads(payload))
        finally:
            process.end()

    def lay_out(self) -> list[Cell]:
        """Put the library, the assignment's files and known weights where the notebook runs; returns its code cells."""
        self.course.copy_libraries(self.folder)
        for path in self.assignment.folder.iterdir():
            if path.is_file() and path.suffix != ".ipynb":
                shutil.copy(path, self.folder)
        for name, content in given_files(self.course, self.assignment).items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(content)
        notebook = complete_source(self.course, self.assignment, self.notebook)
        searches = self.assignment.searches_in(self.notebook)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        self.written = [cell.id for cell in code if students_write(cell)]
        self.cache = (
            self.course.work
            / self.assignment.name
            / "weights"
            / search_fingerprint(
                code,
                searches,
                self.course.library_files(),
                data_fingerprint(self.assignment.data, self.course.data),
            )
        )
        known = [self.cache / name for name in self.assignment.hand_in]
        self.known = bool(searches) and is_intact(self.cache)
        for path in known if self.known else ():
            if path.exists():
                shutil.copy(path, self.folder)
        skipped = dict.fromkeys(searches, SEARCH_SKIPPED) if self.known else {}
        if self.known or not searches:
            skipped |= dict.fromkeys(self.assignment.skips_in(self.notebook), AS_HANDED_IN)
        return code_cells(notebook, skipped, sites_in(notebook, student_libraries(self.assignment)))

    def library_regions(self) -> list[dict]:
        """The regions of the library that students write, for the bank of mistakes."""
        found = []
        for module, path in used_modules(self.course, self.assignment).items():
            text = path.read_text("utf-8")
            for region, name in region_names(text, module, path).items():
                if name in self.assignment.blank:
                    function = name.removeprefix(f"{module}.").partition(":")[0]
                    found.append(
                        {"module": module, "file": path.name, "function": function, "start": region.start, "text": text}
                    )
        return found

    def keep_weights(self) -> None:
        """Keep what the source notebook's search made, so that the next grading run need not search again."""
        if is_intact(self.cache) or not self.assignment.searches_in(self.notebook):
            return
        shutil.rmtree(self.cache, ignore_errors=True)
        self.cache.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=self.cache.parent))
        files = {
            name: (self.folder / name).read_bytes()
            for name in self.assignment.hand_in
            if (self.folder / name).is_file()
        }
        for name, content in {**files, SEAL: seal(files)}.items():
            (temporary / name).parent.mkdir(parents=True, exist_ok=True)
            write_synced(temporary / name, content)
        os.replace(temporary, self.cache)


def code_cells(notebook: NotebookNode, skipped: Mapping[str, str], sites: Mapping[str, tuple[Site, ...]]) -> list[Cell]:
    """A notebook's code cells as they are to run; assertions are watched. `skipped`: which cells are not, and why."""
    return [
        Cell(cell.id, cell.source, skipped.get(cell.id, ""), is_check(cell), sites.get(cell.id, ()))
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def first_error(cell: CellRun) -> str:
    """What a cell stopped with, in one line, or "" where it came to its end."""
    errors = [output for output in cell.outputs if output["output_type"] == "error"]
    return cell.stopped or (f"{errors[0]['ename']}: {errors[0]['evalue']}"[:500] if errors else "")


def returned(ran: CellRun) -> float | None:
    """The number that the cell gave as the value of its last line."""
    for output in ran.outputs:
        if output["output_type"] == "execute_result":
            try:
                return float("".join(output["data"].get("text/plain", "")))
            except ValueError:
                return None
    return None


def search_fingerprint(code: list, searches: Container[str], library: Sequence[Path], data: str) -> str:
    """A hash of everything that runs up to the last search, of the library's files, and of the data."""
    last = max((index for index, cell in enumerate(code) if cell.id in searches), default=-1)
    digest = hashlib.sha256("\n\n".join([*(cell.source for cell in code[: last + 1]), data]).encode())
    for path in library:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:24]
