"""Starts a Jupyter server with the marking room, and reads students' regrade requests."""

import csv
import logging
import os
from pathlib import Path
from urllib.parse import quote

from traitlets.config import Config

from autograder.course import Course, environment_bin_on_path
from autograder.errors import CourseError
from autograder.mark.server import PREFIX
from autograder.startup import take_in
from autograder.words import counted

EXTENSIONS = {"autograder.mark": True, "nbgrader.server_extensions.formgrader": True}
COLUMNS = ("student_id", "question", "note")


def serve(course: Course, assignment: str | None, port: int, browser: bool) -> None:
    """Serve the course folder until the server is stopped.

    Raises:
        CourseError: there is nothing to mark.
    """
    from jupyter_server.serverapp import ServerApp

    wanted = f"*/{assignment}" if assignment else "*/*"
    if not any(path.is_dir() and not path.parent.name.startswith(".") for path in course.autograded.glob(wanted)):
        raise CourseError(f"nothing is graded yet. Run:  autograder grade {assignment or 'ASSIGNMENT'}")
    environment_bin_on_path()
    take_in()
    os.chdir(course.root)
    server = ServerApp.instance(config=server_config(course, assignment, port, browser))
    server.initialize([], find_extensions=False)
    print(f"The marking room is at\n  {address(server, assignment)}\nStop it with Ctrl+C.", flush=True)
    server.start()


def server_config(course: Course, assignment: str | None = None, port: int = 8888, browser: bool = False) -> Config:
    """What a Jupyter server needs that shows the marking room and formgrader of a course."""
    config = Config()
    config.ServerApp.root_dir = str(course.root)
    config.ServerApp.port = port
    config.ServerApp.open_browser = browser
    config.ServerApp.default_url = f"/{PREFIX}/" + (f"#{quote(assignment, safe='')}" if assignment else "")
    config.ServerApp.jpserver_extensions = EXTENSIONS
    config.ServerApp.log_level = logging.WARNING
    config.ServerApp.allow_root = getattr(os, "geteuid", lambda: 1)() == 0
    return config


def address(server, assignment: str | None) -> str:
    """Where the page is, with the token that lets one in."""
    token = server.identity_provider.token
    query = f"?token={token}" if token else ""
    place = f"#{quote(assignment, safe='')}" if assignment else ""
    return f"http://{server.ip or 'localhost'}:{server.port}{server.base_url}{PREFIX}/{query}{place}"


def take_requests(course: Course, assignment: str | None, path: Path) -> str:
    """Put the requests in a CSV file beside their answers; says how many are new.

    Raises:
        CourseError: a column or the assignment is missing, or a row names no graded answer; then nothing is written.
    """
    from autograder.mark.room import Room

    if assignment is None:
        raise CourseError("mark: with --requests, say which assignment they are about:  autograder mark ASSIGNMENT …")
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    if missing := [name for name in COLUMNS if rows and name not in rows[0]]:
        raise CourseError(f"{path}: there is no column {missing[0]}. It needs {', '.join(COLUMNS)}.")
    with Room(course, assignment) as room:
        by_title = {question.question.title.casefold(): key for key, question in room.questions.items()}
        by_cell = {name: key for key in room.questions for name in (key[1], ":".join(key))}
        found = []
        for number, row in enumerate(rows, start=2):
            name = (row["question"] or "").strip()
            key = by_cell.get(name) or by_title.get(name.casefold())
            student = (row["student_id"] or "").strip()
            if key is None or student not in room.answers.of[key]:
                known = ", ".join(question.question.title for question in room.questions.values())
                raise CourseError(
                    f'{path}, line {number}: no graded answer of "{student}" to "{name}". The questions are: {known}.'
                )
            found.append((key, student, (row["note"] or "").strip()))
        new = sum(room.request(*one) for one in found)
    return f"{counted(new, 'new request')} of {len(found)}: shown under “to look at again”."
