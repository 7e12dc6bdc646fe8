"""A clerk, of `grade/run/clerks.py`: grades what the grader names, from reading to writing it down beside the others.

It is a trusted process: student code runs in what its starter forks (`grade/processes/starter.py`), which is not a fork
of this one, and what comes from there is data. It enters nothing in the gradebook and puts nothing in its place.
"""

import json
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime

from autograder.errors import NoVerdict
from autograder.grade.run.clerks import NO_VERDICT, OF_THE_COURSE, OTHER, REFUSED, Work
from autograder.grade.run.crew import Crew
from autograder.grade.run.engine import doubt, in_words, is_of_the_course
from autograder.grade.run.one_submission import grade_with_keys
from autograder.grade.run.plan import read
from autograder.grade.run.protocol import Connection, Frame, read_frame, write_frame
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.run.worker import SandboxRefused
from autograder.grade.verdict.judge import JudgeDied, KeyProcess
from autograder.gradebook.entries import entry_of

Say = Callable[[Frame, object], None]


class AskedKeys:
    """The answer keys, copies of which the grader is asked for when they are first wanted."""

    ending = False

    def __init__(self, work: Work, say: Say) -> None:
        self.limits = work.pristine.assignment.limits
        self.say = say
        self.lock = threading.Lock()
        self.got: dict[str, Future[KeyProcess]] = {}

    def want(self, notebook: str) -> Future[KeyProcess]:
        with self.lock:
            if notebook not in self.got:
                self.got[notebook] = Future()
                self.say(Frame.WANTED, notebook)
            return self.got[notebook]

    def judge_of(self, notebook: str) -> KeyProcess:
        return self.want(notebook).result()

    def revive(self) -> None:
        """Forget those whose process is gone: they are asked for again."""
        with self.lock:
            for notebook, future in list(self.got.items()):
                if future.done() and (future.exception() or future.result().control.hung_up()):
                    del self.got[notebook]

    def take(self, control: socket.socket, notebook: str, cells: list[str] | str) -> None:
        """The grader has sent one: the cells that it judges, and a descriptor; or why there is none."""
        if isinstance(cells, str):
            self.got[notebook].set_exception(JudgeDied(cells))
            return
        _, (descriptor,), _, _ = socket.recv_fds(control, 1, 1)
        connection = Connection(socket.socket(fileno=descriptor))
        self.got[notebook].set_result(KeyProcess(notebook, self.limits, connection, cells))


def serve(work: Work, channel: int) -> None:
    """Grade until the grader hangs up."""
    control = socket.socket(fileno=channel)
    number = json.loads(read_frame(channel)[1])
    copied = None
    if work.crew.is_local:
        _, (descriptor,), _, _ = socket.recv_fds(control, 1, 1)
        copied = Connection(socket.socket(fileno=descriptor))
    saying = threading.Lock()

    def say(kind: Frame, message: object) -> None:
        with saying:
            write_frame(channel, kind, json.dumps(message, default=datetime.isoformat).encode())

    keys = AskedKeys(work, say)
    with (
        WarmProcess(at_once=False, copied=copied) as warm,
        work.crew.of_clerk(number, warm) as crew,
        ThreadPoolExecutor(work.at_once) as pool,
    ):
        while True:
            try:
                kind, payload = read_frame(channel)
            except (EOFError, ConnectionResetError):
                os._exit(0)
            message = json.loads(payload)
            if kind is Frame.KEY:
                keys.take(control, *message)
            else:
                pool.submit(tell, work, crew, keys, say, *message)


def tell(work: Work, crew: Crew, keys: AskedKeys, say: Say, student: str, again: str, alone: bool) -> None:
    """Grade a submission, and say what came of it."""
    try:
        answer = graded(work, crew, keys, student, again, alone)
    except Exception as error:
        kind = (
            REFUSED if isinstance(error, SandboxRefused)
            else OF_THE_COURSE if is_of_the_course(error)
            else NO_VERDICT if isinstance(error, NoVerdict)
            else OTHER
        )  # fmt: skip
        answer = {"student": student, "error": kind, "words": in_words(error)}
    say(Frame.GRADED, answer)


def graded(work: Work, crew: Crew, keys: AskedKeys, student: str, again: str, alone: bool) -> dict:
    """Grade a submission and write it down; returns what the gradebook and the log get.

    Raises:
        NoVerdict: something that is not its own doing stopped it, or may have.
    """
    store, pristine = work.store, work.pristine
    submission = read(store, pristine.assignment, student)
    found = grade_with_keys(submission, pristine, work.settings, crew.run, keys, again)
    if why := doubt(found, alone or crew.count == 1):
        raise NoVerdict(why)
    entry = entry_of(found.result, found.notebooks, submission.handed_in())
    line = store.grading_line(student, store.result(student), found.result)
    return {"student": student, "entry": asdict(entry), "line": line, "staged": str(store.stage(found.files))}
