"""A page of the documentation as a list of things to do.

What a reader does not see stands in HTML comments:

    <!-- begins: STARTING POINT -->    what follows happens in a fresh folder with this in it (`starts.py`)
    <!-- run: COMMANDS -->             commands that the page need not show
    <!-- python: LINES -->             names that the Python blocks below it use
    <!-- not run: WHY -->              the block below cannot be run here
    <!-- not run (LINE): WHY -->       one line of it cannot
    <!-- exit 1: WHY -->               the block below ends with this exit code
    <!-- file: PATH -->                the block below is this file
    <!-- cells of: NOTEBOOK -->        the block below is put at the end of this notebook, as cells
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    *sorted((REPOSITORY / "docs").rglob("*.md")),
    REPOSITORY / "data" / "README.md",
    REPOSITORY / "benchmarks" / "README.md",
]
LANGUAGES = {"bash", "python", "toml", "json", "yaml", "csv", "text"}
PART = re.compile(
    r"^<!-- (?P<word>begins|run|python|file|cells of|exit|not run)\b(?P<rest>.*?) ?-->$"
    r"|^(?P<indent> *)```(?P<language>[\w-]*)\n(?P<code>.*?)^ *```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Step:
    """A block of a page or a hidden instruction, with the notes that stand above it.

    kind: a language of `LANGUAGES`, "begins", or "hidden python".
    """

    kind: str
    text: str
    line: int
    notes: dict[str, str] = field(default_factory=dict)


def name_of(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def steps(page: Path) -> list[Step]:
    """The page from top to bottom. Notes belong to the next block."""
    text = page.read_text(encoding="utf-8")
    found: list[Step] = []
    notes: dict[str, str] = {}
    for part in PART.finditer(text):
        line = text.count("\n", 0, part.start()) + 1
        if part["word"] is None:
            indent = len(part["indent"])
            code = "".join(row[min(indent, len(row) - len(row.lstrip(" "))) :] for row in part["code"].splitlines(True))
            found.append(Step(part["language"], code, line, notes))
            notes = {}
            continue
        word, rest = part["word"], part["rest"]
        about = rest.removeprefix(":").strip()
        if word == "begins":
            found.append(Step("begins", about, line))
        elif word == "run":
            found.append(Step("bash", about + "\n", line))
        elif word == "python":
            found.append(Step("hidden python", about + "\n", line))
        elif word == "not run" and rest.startswith(" ("):
            skipped, _, why = rest.removeprefix(" (").partition("): ")
            notes = {**notes, f"not run {skipped}": why}
        else:
            key, _, value = rest.strip().partition(": ") if word == "exit" else ("", "", about)
            notes = {**notes, word: f"{key}: {value}" if key else value}
    return found
