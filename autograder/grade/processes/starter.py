"""A worker's process (`grade/run/worker.py`): forks one sandboxed child for every notebook.

Nothing of the grader's memory is in it. It never reads what a child sends: it passes the child's end of the channel to
the grader and only starts, kills and buries.
"""

import contextlib
import json
import os
import socket
import sys
from functools import partial
from pathlib import Path

import autograder
from autograder.grade.processes.notebook import run_in_sandbox
from autograder.grade.processes.shell import NotebookShell
from autograder.grade.run.protocol import Frame, read_frame, write_frame
from autograder.sandbox import Policy, SandboxDied, SandboxLimits, SandboxUnavailable, environment_paths, spawn
from autograder.sandbox.policy import readable_place

ENDING_SECONDS = 2


def forget_the_course() -> None:
    """Take from sys.path whatever could hold a complete library: everything but the standard library and packages."""
    readable = environment_paths()
    sys.path[:] = [path for path in sys.path if path and readable_place(Path(path), readable)]


def readable_paths(data: Path | None) -> tuple[Path, ...]:
    """What a child may read: the Python environment, the parts of autograder that run in it, the data."""
    package = Path(autograder.__file__).parent
    parts = ("__init__.py", "errors.py", "markers.py", "words.py", "data", "expect", "grade", "sandbox")
    own = tuple(package / part for part in parts)
    return (*environment_paths(), *own, *([data] if data else []))


def policy_of(request: dict) -> Policy:
    data = Path(request["data"]) if request["data"] else None
    return Policy(
        read=readable_paths(data),
        write=Path(request["folder"]),
        limits=SandboxLimits(**request["limits"]),
        tier=request["tier"],
        core=request["core"],
        neighbours=request["neighbours"],
        environment={"NBGRADER_EXECUTION": "autograde"} | ({"NN_DATA": str(data)} if data else {}),
    )


def serve(shell: NotebookShell, control: int) -> None:
    """Answer the grader's requests until it hangs up."""
    forget_the_course()
    channel = socket.socket(fileno=control)
    child = None
    while True:
        try:
            kind, payload = read_frame(control)
        except EOFError:
            if child is not None:
                child.kill()
            return
        request = json.loads(payload)
        if kind is Frame.SPAWN:
            try:
                child = spawn(partial(run_in_sandbox, shell, Path(request["folder"])), policy_of(request))
            except (SandboxUnavailable, OSError) as error:
                kind = Frame.REFUSED if isinstance(error, SandboxUnavailable) else Frame.DIED
                kind = Frame.DIED if isinstance(error, SandboxDied) else kind
                write_frame(control, kind, json.dumps(str(error)).encode())
                continue
            write_frame(control, Frame.SPAWNED, json.dumps([child.pid, child.watchdog_pid]).encode())
            socket.send_fds(channel, [b"\0"], [child.fd])
            os.close(child.fd)
        elif child is None:
            raise RuntimeError(f"{kind.name} came before a notebook was started")
        elif kind is Frame.RING:
            child.ring()
        elif kind is Frame.BURY:
            if request["ended"]:
                with contextlib.suppress(TimeoutError):
                    child.wait(ENDING_SECONDS)
            child.kill()
            ending = {
                "status": child.wait(),
                "reason": child.reason,
                "shortage": child.shortage,
                "busy": child.busy,
            }
            child = None
            write_frame(control, Frame.BURIED, json.dumps(ending).encode())
