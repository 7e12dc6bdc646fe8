"""IPython without a kernel: runs notebook cells in this process and hands out what they show, as nbformat outputs."""

import base64
import io
import sys
import threading
from collections.abc import Callable
from typing import Any

import matplotlib
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Any as AnyTrait
from traitlets import Type
from traitlets.config import Config

from autograder import load_ipython_extension
from autograder.grade.run.jobs import Output

Emit = Callable[[Output], None]

LONGEST_LINE = 8192


def ignore(output: Output) -> None:
    """Show nothing: what a shell does until somebody listens."""


class Publisher(DisplayPublisher):
    """Hands `display(...)` and figures to the shell's listener."""

    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **_) -> None:
        self.shell.emit(
            {"output_type": "display_data", "data": self.shell.as_json(data), "metadata": dict(metadata or {})}
        )

    def clear_output(self, wait=False) -> None:
        self.shell.emit({"output_type": "clear_output"})


class ResultHook(DisplayHook):
    """Hands the value of a cell's last line to the shell's listener."""

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict, md_dict=None) -> None:
        shell = self.shell
        assert isinstance(shell, NotebookShell)
        shell.emit(
            {
                "output_type": "execute_result",
                "execution_count": self.prompt_count,
                "data": shell.as_json(format_dict),
                "metadata": dict(md_dict or {}),
            }
        )

    def finish_displayhook(self) -> None:
        pass


class NotebookShell(InteractiveShell):
    """An IPython shell whose displays, results and tracebacks go to `emit` as nbformat outputs."""

    display_pub_class = Type(Publisher)
    displayhook_class = Type(ResultHook)
    emit = AnyTrait(ignore)
    system = InteractiveShell.system_raw
    """`!command`, without the terminal that a sandbox does not have."""

    def init_magics(self) -> None:
        """IPython's magics, and the kit's own, which do nothing here: a student may have left one in a cell."""
        super().init_magics()
        load_ipython_extension(self)

    @staticmethod
    def as_json(data: dict[str, Any]) -> dict[str, Any]:
        """The mime bundle with binary pictures as base64 text, as notebooks keep them."""
        return {
            mime: base64.b64encode(value).decode() if isinstance(value, bytes) else value
            for mime, value in data.items()
        }

    def _showtraceback(self, etype, evalue, stb) -> None:
        text, lines = str(evalue)[:LONGEST_LINE], [str(line)[:LONGEST_LINE] for line in stb]
        self.emit({"output_type": "error", "ename": etype.__name__, "evalue": text, "traceback": lines})

    def enable_gui(self, gui=None) -> None:
        """No event loop: figures are drawn inline."""

    def ask_exit(self) -> None:
        """`exit` in a cell does not end the notebook."""


class Stream:
    """Stands for sys.stdout or sys.stderr while a notebook runs."""

    encoding = "utf-8"
    errors = "replace"
    closed = False

    def __init__(self, name: str, shell: NotebookShell, real: Any) -> None:
        self.name = name
        self.shell = shell
        self.real = real
        self.line = ""

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self.line += text
        if "\n" in text or len(self.line) > LONGEST_LINE:
            self.flush()
        return len(text)

    def writelines(self, lines) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        line, self.line = self.line, ""
        for start in range(0, len(line), LONGEST_LINE):
            text = line[start : start + LONGEST_LINE]
            self.shell.emit({"output_type": "stream", "name": self.name, "text": text})

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def fileno(self) -> int:
        return self.real.fileno()


def make_shell() -> NotebookShell:
    """A shell with matplotlib's inline backend switched on and no history file; one per process."""
    matplotlib.use("module://matplotlib_inline.backend_inline")
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Context"
    config.InteractiveShell.autocall = 0
    shell = NotebookShell.instance(config=config)
    shell.db = {}  # where %cd and %store keep things: a sandbox has no folder of IPython's
    shell.run_line_magic("matplotlib", "inline")
    return shell


def warm_up() -> NotebookShell:
    """A shell that has drawn once and explained one error: the fonts and the code for it are loaded before any fork."""
    from matplotlib import pyplot
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    import autograder.data.local
    import autograder.expect.calls  # all of `expect`: in a sandbox, its folder's neighbours are not in sight
    import autograder.expect.cell_end
    import autograder.expect.verdict  # noqa: F401

    shell = make_shell()
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
    return shell


class Listening:
    """Context manager: the shell's outputs and this process's sys.stdout and sys.stderr go to `emit`, in order."""

    def __init__(self, shell: NotebookShell, emit: Emit) -> None:
        self.shell = shell
        lock = threading.RLock()

        def one_at_a_time(output: Output) -> None:
            with lock:
                if output["output_type"] != "stream":
                    self.flush()
                emit(output)

        self.emit = one_at_a_time

    def __enter__(self) -> "Listening":
        self.before = sys.stdout, sys.stderr
        self.shell.emit = self.emit
        self.streams = Stream("stdout", self.shell, self.before[0]), Stream("stderr", self.shell, self.before[1])
        sys.stdout, sys.stderr = self.streams
        return self

    def flush(self) -> None:
        """Hand out lines that have no end yet."""
        for stream in self.streams:
            stream.flush()

    def __exit__(self, *exc) -> None:
        self.flush()
        sys.stdout, sys.stderr = self.before
        self.shell.emit = ignore
