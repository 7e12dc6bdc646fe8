"""The process that does tasks of `report/workers.py`: a fork of the warm one, or on Windows a fresh Python for each."""

import contextlib
import gc
import os
import pickle
import sys
import traceback
from typing import Any

from autograder.errors import CourseError
from autograder.grade.run.protocol import Frame, read_frame, write_frame

MEMORY = 4 * 2**30


def serve(prepared: None, control: int) -> None:
    """Do the tasks that come, one after the other, and send what comes of each, until nobody asks."""
    limit_memory()
    gc.set_threshold(100_000, 20, 20)  # a document is many small things that all stay until it is written
    with contextlib.suppress(EOFError):
        while True:
            _, task = read_frame(control)
            write_frame(control, Frame.OUTCOME, pickle.dumps(outcome(task)))


def outcome(packed: bytes) -> tuple[Any, str | None]:
    """Do a task, as `workers.packed` made it; returns its result and what went wrong."""
    sys.path[:], call = pickle.loads(packed)
    try:
        function, arguments = pickle.loads(call)
        return function(*arguments), None
    except CourseError as error:
        return None, str(error)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return None, f"{type(error).__name__}: {error} ({os.path.basename(where.filename)}:{where.lineno})"


def limit_memory() -> None:
    """At most MEMORY bytes of data, where the system can say so."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard == resource.RLIM_INFINITY or hard > MEMORY:
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, hard))


if __name__ == "__main__":
    limit_memory()
    answer, sys.stdout = sys.stdout.buffer, sys.stderr
    answer.write(pickle.dumps(outcome(sys.stdin.buffer.read())))
