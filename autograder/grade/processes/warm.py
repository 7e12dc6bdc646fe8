"""A warm process: everything is imported and has drawn once. It forks the workers' and the judges' processes.

It is a program of its own (`python -m autograder.grade.processes.warm FD`), so that nothing of the grader's memory is
in it, nor in what it forks: no answer key, no source, no other student's work. It hears from the grader which program
to fork, and hands on the socket over which that one and the grader talk.
"""

import gc
import importlib
import io
import json
import os
import signal
import socket
import sys
import traceback
from typing import NoReturn

from autograder.grade.processes.shell import NotebookShell, make_shell
from autograder.grade.run.protocol import DONE, END, FORK, be_a_helper, read_frame, write_frame


def warm_up(shell: NotebookShell) -> None:
    """Draw once and explain one error, so that the fonts and the code for it are loaded before the forks."""
    from matplotlib import pyplot
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure()
    FigureCanvasAgg(figure)
    figure.subplots().plot([0, 1], label="$x$")
    figure.legend()
    figure.savefig(io.BytesIO(), format="png")
    pyplot.close("all")
    try:
        raise ValueError("no error: warming up")
    except ValueError:
        shell.InteractiveTB.structured_traceback(*sys.exc_info())


def serve(control: socket.socket) -> None:
    """Fork and bury processes as the grader asks for it, until it hangs up."""
    be_a_helper("warm")
    shell = make_shell()
    warm_up(shell)
    gc.collect()
    gc.freeze()
    while True:
        try:
            kind, payload = read_frame(control.fileno())
        except EOFError:
            return
        if kind == FORK:
            _, (channel,), _, _ = socket.recv_fds(control, 1, 1)
            me = os.getpid()
            pid = os.fork()
            if pid == 0:
                control.close()
                become(json.loads(payload), shell, channel, me)
            os.close(channel)
        elif kind == END:
            pid = json.loads(payload)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        write_frame(control.fileno(), DONE, json.dumps(pid).encode())


def become(program: str, shell: NotebookShell, channel: int, parent: int) -> NoReturn:
    """Be another program, to its end: its module's `serve(shell, channel)`. Only now is that imported."""
    try:
        be_a_helper(program)
        if os.getppid() != parent:  # it died before this process had asked to die with it
            return
        importlib.import_module(f"autograder.grade.processes.{program}").serve(shell, channel)
    except (BrokenPipeError, ConnectionResetError):  # the grader was stopped and has hung up
        pass
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
