"""The guide of docs/authoring.md: does it say what examples/weather holds, and do its commands do what it says?"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.release.checks import lint_assignment

REPOSITORY = Path(__file__).parents[1]
GUIDE = (REPOSITORY / "docs" / "authoring.md").read_text(encoding="utf-8").partition("## What an assignment is")[0]
EXAMPLE = REPOSITORY / "examples" / "weather"


def commands() -> list[str]:
    return [line for block in re.findall(r"```console\n(.*?)```", GUIDE, re.DOTALL) for line in block.splitlines()]


def script() -> str:
    return re.search(r"```python\n(.*?)```", GUIDE, re.DOTALL)[1]


def test_the_example_is_what_the_guide_shows():
    """Word for word, and has lint nothing to say?"""
    assert script() == (EXAMPLE / "source" / "rain" / "rain.py").read_text(encoding="utf-8")
    assert lint_assignment(Course(EXAMPLE), "rain") == []


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="grading needs Linux")
def test_the_commands_of_the_guide(tmp_path):
    """From init to feedback, does each command end well, and is everybody graded?"""
    pytest.importorskip("pandas")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    folder = tmp_path
    for command in commands():
        if command.startswith("pip "):
            continue
        if command.startswith("cd "):
            folder = folder / command.split()[1]
            continue
        if command.startswith("autograder collect"):
            shutil.copytree(folder / "demo" / "rain" / "submitted", folder / "handed-in")
            for student in (folder / "handed-in").iterdir():
                for file in (student / "rain").iterdir():
                    file.rename(student / file.name)
                (student / "rain").rmdir()
        ran = subprocess.run(
            command.split(), cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
        if command.startswith("autograder new"):
            (folder / "source" / "rain" / "rain.py").write_text(script(), encoding="utf-8")
            shutil.copy(EXAMPLE / "source" / "rain" / "rain.csv", folder / "source" / "rain")
    rows = (folder / "grades.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 4
    assert all((folder / "feedback" / student / "rain").is_dir() for student in ("ada", "hal", "bea"))
