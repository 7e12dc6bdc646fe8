"""The documentation's blocks, run: is what every page says to type true, from its top to its end, in a fresh folder?"""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import nbformat
import pytest
import yaml

from .read import LANGUAGES, PAGES, REPOSITORY, Step, name_of, steps
from .starts import begin

HERE = Path(__file__).parent
RUN = {"bash", "python", "toml", "json", "yaml", "csv"}
WITH_BLOCKS = [page for page in PAGES if any(step.kind in RUN for step in steps(page))]
EXAMPLE = REPOSITORY / "examples" / "weather"
GENERATED = "docs/reference/"
OF_THE_TESTS = ("PYTEST", "NN_DATA", "MAKE", "MFLAGS", "EXTRAS", "HOMEWORK")
"""Beginnings of the variables that whoever runs the tests may have set and a reader has not."""


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_says_what_it_is(page):
    """Has each block a language, do commands parse, and does a block that is not run say why?"""
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"\n\n    \S.*", re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE))
    for step in steps(page):
        where = f"{name_of(page)}:{step.line}"
        assert step.kind in LANGUAGES | {"begins", "hidden python"}, where
        assert all(len(why) > 10 for note, why in step.notes.items() if note.startswith("not run")), where
        if step.kind == "bash":
            parsed = subprocess.run(["bash", "-n"], input=step.text, text=True, capture_output=True, check=False)
            assert parsed.returncode == 0, f"{where}\n{parsed.stderr}"
        if step.kind == "yaml":
            yaml.safe_load(step.text)


def test_little_is_left_out():
    """How many blocks and lines are not run?"""
    left_out = [note for page in PAGES for step in steps(page) for note in step.notes if note.startswith("not run")]
    assert len(left_out) <= 12


def test_the_example_is_what_the_guide_shows():
    """Is examples/weather the guide's homework, word for word?"""
    shown = next(step.text for step in steps(REPOSITORY / "docs" / "authoring.md") if step.notes.get("file"))
    assert shown == (EXAMPLE / "source" / "rain" / "rain.py").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="grading needs Linux")
@pytest.mark.parametrize("page", WITH_BLOCKS, ids=name_of)
def test_what_a_page_says_to_do_can_be_done(page, tmp_path, weights):
    """Does each block end as the page says, with what the blocks above it left?"""
    reader = Reader(page, tmp_path, weights)
    for step in steps(page):
        reader.does(step)


class Reader:
    """Somebody who follows a page: where they are, and what Python knows by now."""

    def __init__(self, page: Path, place: Path, weights: bytes) -> None:
        self.page, self.place, self.weights = page, place, weights
        self.folder: Path | None = None
        self.python = ""
        self.begun = 0

    def does(self, step: Step) -> None:
        where = f"{name_of(self.page)}:{step.line}"
        if step.kind == "begins":
            self.begun += 1
            self.folder = begin(step.text, self.place / f"start{self.begun}", self.weights, self.shell)
            self.python = ""
        elif step.kind == "text" and not step.notes:
            return
        elif "not run" in step.notes:
            assert step.kind in ("bash", "yaml"), where
        elif path := step.notes.get("file"):
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(step.text, encoding="utf-8")
        elif notebook := step.notes.get("cells of"):
            add_cells(self.folder / notebook, step.text)
        elif step.kind == "bash":
            self.commands(step, where)
        elif step.kind in ("python", "hidden python"):
            if not name_of(self.page).startswith(GENERATED):  # signatures: see test_reference.py
                self.python += step.text
                self.program(self.python, where)
        elif step.kind == "toml":
            self.settings(step.text, where)
        elif step.kind == "json":
            json.loads(step.text)
        else:
            raise AssertionError(f"{where}: what is this block for? Name it in a comment above it.")

    def commands(self, step: Step, where: str) -> None:
        lines = step.text.splitlines(True)
        for note in step.notes:
            if note.startswith("not run "):
                skipped = note.removeprefix("not run ")
                assert [line for line in lines if line.strip() == skipped], f"{where}: no line {skipped}"
                lines = [line for line in lines if line.strip() != skipped]
        code, _, _ = step.notes.get("exit", "0").partition(":")
        self.folder = self.shell("".join(lines), self.folder, int(code), where)

    def shell(self, text: str, folder: Path, code: int = 0, where: str = "") -> Path:
        """Run commands; gives the folder that they end in."""
        after = self.place / "folder"
        program = f"{(HERE / 'shell.sh').read_text(encoding='utf-8')}\ntrap 'pwd > \"{after}\"' EXIT\n{text}"
        ran = subprocess.run(
            ["bash", "-c", program], cwd=folder, env=self.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=600,
        )  # fmt: skip
        assert ran.returncode == code, f"{where}: exit {ran.returncode}, not {code}\n{text}\n{ran.stdout}"
        return Path(after.read_text().strip())

    def program(self, text: str, where: str) -> None:
        ran = subprocess.run(
            [sys.executable, "-"], input=text, cwd=self.folder, env=self.environment(), capture_output=True, text=True,
            check=False, timeout=600,
        )  # fmt: skip
        assert ran.returncode == 0, f"{where}\n{text}\n{ran.stdout}{ran.stderr}"

    def settings(self, text: str, where: str) -> None:
        """Check a block of a .toml file against the schema that it names, or that of the file its heading names."""
        above = self.page.read_text(encoding="utf-8").splitlines()[: int(where.rpartition(":")[2])]
        kinds = [found[1] for line in above if (found := re.match(r"#+ .*?(\w+)\.toml", line))]
        schema = REPOSITORY / "autograder" / "schemas" / f"{kinds[-1]}.json"
        if named := re.match(r"#:schema (\S+)", text):
            depth = "source/name" if kinds[-1] != "course" else "."
            assert (REPOSITORY / depth / named[1]).resolve() == schema or depth == "source/name"
            assert (REPOSITORY / "source" / "softmax_net" / named[1]).resolve() == schema or kinds[-1] == "course"
            return
        given = json.loads(json.dumps(tomllib.loads(text), default=str))
        rules = json.loads(schema.read_text(encoding="utf-8"))
        if "title" not in given and kinds[-1] == "assignment":
            given |= {"title": "A part", "notebooks": ["two_layer_net"]}
        jsonschema.validate(given, rules)

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_TESTS)}
        return kept | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHON": sys.executable,
            "PROGRAMS": str(HERE / "programs.py"),
            "REPOSITORY": str(REPOSITORY),
            "PIP_NO_INDEX": "1",
            "PIP_DRY_RUN": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "COLUMNS": "100",
            "NO_COLOR": "1",
        }


def add_cells(path: Path, text: str) -> None:
    """Put a block at the end of a notebook: each part that a `# %%` begins is a cell, and so is a block without one."""
    notebook = nbformat.read(path, as_version=4)
    for part in re.split(r"^# %%", text, flags=re.MULTILINE):
        header, _, source = part.partition("\n") if "# %%" in text else ("", "", part)
        if not source.strip():
            continue
        if "[markdown]" in header:
            source = re.sub(r"^# ?", "", source, flags=re.MULTILINE)
            notebook.cells.append(nbformat.v4.new_markdown_cell(source.strip("\n")))
        else:
            notebook.cells.append(nbformat.v4.new_code_cell(source.strip("\n")))
    nbformat.write(notebook, path)
