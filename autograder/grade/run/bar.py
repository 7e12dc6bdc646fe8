"""The progress bar of a grading run."""

import threading

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from autograder.grade.run.engine import Listener
from autograder.intake.submission import printable

NAMES_SHOWN = 4


class RateColumn(ProgressColumn):
    """Submissions a minute."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed * 60:.0f}/min" if speed else "", style="progress.data.speed")


class Bar(Listener):
    """The progress bar: how many are done, how fast, how long it will take, whose work is running."""

    def __init__(self, console: Console, total: int) -> None:
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            RateColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[names]}", style="dim", markup=False),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.task = self.progress.add_task("grading", total=total, names="")
        self.keys: dict[str, str] = {}
        self.in_flight: list[str] = []
        self.failures: dict[str, str] = {}
        self.lock = threading.Lock()

    def redraw(self) -> None:
        keys = [f"answer key: {notebook} ({cell})" for notebook, cell in self.keys.items()]
        names = ", ".join(map(printable, self.in_flight[:NAMES_SHOWN])) + (
            " …" if len(self.in_flight) > NAMES_SHOWN else ""
        )
        self.progress.update(self.task, names="; ".join(filter(None, [names, *keys])))

    def key_cell(self, notebook: str, cell_id: str) -> None:
        with self.lock:
            self.keys[notebook] = cell_id
            self.redraw()

    def key_ready(self, notebook: str) -> None:
        with self.lock:
            self.keys.pop(notebook, None)
            self.redraw()

    def begins(self, student: str) -> None:
        with self.lock:
            self.in_flight.append(student)
            self.redraw()

    def done(self, student: str) -> None:
        with self.lock:
            self.in_flight.remove(student)
            self.progress.advance(self.task)
            self.redraw()

    def postponed(self, student: str) -> None:
        with self.lock:
            self.in_flight.remove(student)
            self.redraw()

    def failed(self, student: str, why: str) -> None:
        with self.lock:
            self.failures[student] = why
            self.in_flight.remove(student)
            self.progress.advance(self.task)
            self.redraw()
