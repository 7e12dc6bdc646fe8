"""A warm process that forks one sandboxed child for every notebook.

It is a program of its own (`python -m autograder.grade.zygote FD`), so that nothing of the grader's memory is in it:
no answer key, no source, no other student's work. It never reads what a child sends: it passes the child's end of the
channel to the grader and only starts, kills and buries.
"""

import gc
import json
import os
import socket
import sys
from pathlib import Path

from autograder.grade.sandbox import Policy, SandboxLimits, spawn
from autograder.grade.wire import read_frame, write_frame

SPAWN, BURY, DONE, REFUSED = b"S", b"K", b"D", b"R"


def forget_the_course() -> None:
    """Take from sys.path whatever could hold a complete library: everything but the standard library and packages."""
    sys.path[:] = [path for path in sys.path if path.startswith((sys.prefix, sys.base_prefix))]


def readable_paths(data: Path | None) -> tuple[Path, ...]:
    """What a child may read: the Python environment, the parts of autograder that run in it, the data."""
    import autograder

    package = Path(autograder.__file__).parent
    environment = {Path(sys.prefix), Path(sys.base_prefix), Path("/usr"), Path("/lib"), Path("/lib64"), Path("/etc")}
    own = {package / part for part in ("__init__.py", "errors.py", "expect", "grade")}
    return tuple(sorted(path for path in environment | own | ({data} if data else set()) if path.exists()))


def policy_of(request: dict) -> Policy:
    data = Path(request["data"]) if request["data"] else None
    return Policy(
        read=readable_paths(data),
        write=Path(request["folder"]),
        limits=SandboxLimits(**request["limits"]),
        tier=request["tier"],
    )


def serve(control: socket.socket) -> None:
    """Answer the grader's requests until it hangs up."""
    from autograder.grade.runner import run_in_sandbox
    from autograder.grade.shell import make_shell

    shell = make_shell()
    forget_the_course()
    gc.collect()
    gc.freeze()
    child = None
    while True:
        try:
            kind, payload = read_frame(control.fileno())
        except EOFError:
            if child is not None:
                child.kill()
            return
        request = json.loads(payload)
        if kind == SPAWN:
            folder = Path(request["folder"])
            try:
                child = spawn(lambda channel, folder=folder: run_in_sandbox(shell, folder, channel), policy_of(request))
            except OSError as error:
                write_frame(control.fileno(), REFUSED, json.dumps(str(error)).encode())
                continue
            write_frame(control.fileno(), DONE, json.dumps(child.pid).encode())
            socket.send_fds(control, [b"\0"], [child.fd])
            os.close(child.fd)
        elif kind == BURY:
            child.kill()
            status = child.wait()
            child = None
            write_frame(control.fileno(), DONE, json.dumps(status).encode())


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
