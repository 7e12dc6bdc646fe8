"""A warm process: everything is imported and has been used once. It forks the processes that do the work.

Its twin in the grader is `grade/run/warm_client.py`. It is a program of its own
(`python -m autograder.grade.processes.warm FD MODULE`), so that nothing of the grader's memory is in it, nor in what it
forks: no answer key, no source, no other student's work. MODULE's `warm_up()` imports what the forks will need and
returns what they get. The warm process hears which program to fork, and hands on the socket over which that one and the
grader talk.

Python's own forkserver was tried for this (Python 3.11) and cannot do it. It passes the whole environment on, tokens
included. Each of its processes runs the grader's main program again and has its sys.path. A start takes 11 ms instead
of 2. When somebody kills it, its processes live on and nobody learns of it.
"""

import gc
import importlib
import json
import os
import signal
import socket
import sys
import traceback
from typing import Any, NoReturn

from autograder.grade.run.protocol import Frame, call_this_process, die_with_the_parent, read_frame, write_frame


def main(channel: int, module: str) -> None:
    """Warm up, then serve."""
    call_this_process("warm")
    os.umask(0o022)
    prepared = importlib.import_module(module).warm_up()
    gc.collect()
    gc.freeze()
    serve(prepared, channel)


def serve(prepared: Any, channel: int) -> None:
    """Fork and bury processes as the grader asks for it, until it hangs up.

    A fork of this process may do the same for somebody else: then it is that one's warm process.
    """
    control = socket.socket(fileno=channel)
    while True:
        try:
            kind, payload = read_frame(control.fileno())
        except (EOFError, ConnectionResetError):
            return
        if kind is Frame.FORK:
            _, (given,), _, _ = socket.recv_fds(control, 1, 1)
            me = os.getpid()
            pid = os.fork()
            if pid == 0:
                control.close()
                become(json.loads(payload), prepared, given, me)
            os.close(given)
            write_frame(control.fileno(), Frame.FORKED, json.dumps(pid).encode())
        elif kind is Frame.END:
            pid = json.loads(payload)
            os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
            write_frame(control.fileno(), Frame.ENDED, json.dumps(os.waitstatus_to_exitcode(status)).encode())


def become(program: str, prepared: Any, channel: int, parent: int) -> NoReturn:
    """Be another program, to its end: that module's `serve(prepared, channel)`. Only now is it imported."""
    try:
        call_this_process(program.rpartition(".")[2])
        die_with_the_parent(parent)
        importlib.import_module(program).serve(prepared, channel)
    except (BrokenPipeError, ConnectionResetError):  # the grader was stopped and has hung up
        pass
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
