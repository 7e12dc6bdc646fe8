"""Starts a Jupyter server with the marking room."""

import logging
import os
from urllib.parse import quote

from traitlets.config import Config

from autograder.course import Course, environment_bin_on_path
from autograder.errors import CourseError
from autograder.mark.server import PREFIX
from autograder.startup import take_in

EXTENSIONS = {"autograder.mark": True, "nbgrader.server_extensions.formgrader": True}


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
