"""All the markup of a document, read by one process of pandoc's."""

import atexit
import functools
import json
import os
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

SCRIPT = Path(__file__).with_name("pandoc.lua")
MARKDOWN = "gfm-emoji-tex_math_dollars-tex_math_gfm-yaml_metadata_block"
LATEX = "latex+raw_tex"  # what it does not know stays raw, instead of vanishing
MEMORY = "1g"
SECONDS = 30


@dataclass(frozen=True)
class Fragment:
    """Markup of one place. `format` is a reader of pandoc's: MARKDOWN, "html" or LATEX."""

    format: str
    text: str


@functools.cache
def program() -> str:
    """Where pandoc is: the wheel brings it. pypandoc, which looks in many places and tries each, is asked otherwise."""
    wheel = find_spec("pypandoc")
    brought = Path(wheel.origin).with_name("files") / "pandoc" if wheel and wheel.origin else None
    if brought is not None and "PYPANDOC_PANDOC" not in os.environ and os.access(brought, os.X_OK):
        return str(brought)
    import pypandoc

    return pypandoc.get_pandoc_path()


known: dict[Fragment, list] = {}
"""What pandoc made of fragments that this process has met: the assignment's own texts are those of every student."""

MAX_KNOWN = 2000
MAX_KEPT = 20_000  # characters of a fragment that is kept


def convert(fragments: Sequence[Fragment]) -> list[list | None]:
    """Pandoc's blocks for each fragment, None for one that it cannot read; all that are new in one request."""
    new = list(dict.fromkeys(fragment for fragment in fragments if fragment not in known))
    read = dict(zip(new, converted(new), strict=True))
    found = [known[one] if one in known else read[one] for one in fragments]
    if len(known) > MAX_KNOWN:
        known.clear()
    known.update({one: tree for one, tree in read.items() if tree is not None and len(one.text) <= MAX_KEPT})
    return found


def converted(fragments: Sequence[Fragment]) -> list[list | None]:
    """The same, anew. If the process fails or takes too long, the fragments are tried one by one: one bad piece costs
    only itself.
    """
    if not fragments:
        return []
    together = run(fragments, SECONDS)
    if together is not None:
        return together
    return [(run([fragment], SECONDS / 6) or [None])[0] for fragment in fragments]


def run(fragments: Sequence[Fragment], seconds: float) -> list[list | None] | None:
    """What pandoc makes of these; None if it failed."""
    request = json.dumps({"fragments": [vars(fragment) for fragment in fragments]})
    try:
        answer = json.loads(process.ask(request.encode(), seconds))
        read = zip(json.loads(answer["document"])["blocks"], answer["found"], strict=True)
    except (OSError, ValueError, RecursionError):
        return None
    return [division["c"][1] if found else None for division, found in read]


class Pandoc:
    """A process of pandoc's that answers one request after the other: to start it takes longer than to read a homework.

    It is started when it is first asked, and anew after a request that it could not answer.
    """

    def __init__(self) -> None:
        self.running: subprocess.Popen[bytes] | None = None
        self.asked = threading.Lock()

    def ask(self, line: bytes, seconds: float) -> bytes:
        """The line that answers a line of at most so many seconds' work; empty where pandoc ended at it."""
        with self.asked:
            if self.running is None:
                command = [program(), "+RTS", f"-M{MEMORY}", "-RTS", "lua", str(SCRIPT)]
                self.running = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
                )
            stdin, stdout = self.running.stdin, self.running.stdout
            assert stdin is not None
            assert stdout is not None
            deadline = threading.Timer(seconds, self.running.kill)
            deadline.start()
            answer = b""
            try:
                stdin.write(line + b"\n")
                stdin.flush()
                answer = stdout.readline()
            finally:
                deadline.cancel()
                if not answer.endswith(b"\n"):
                    self.end()
            return answer

    def end(self) -> None:
        """End the process, if there is one."""
        if self.running is not None:
            self.running.kill()
            self.running.communicate()
            self.running = None


process = Pandoc()
atexit.register(process.end)
