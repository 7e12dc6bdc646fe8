"""The benchmarks' scripts."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_help(script, tmp_path):
    """Does every benchmark say what it measures, in a folder without data too, and has it a quick form?"""
    run = subprocess.run([sys.executable, script, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("usage:")
    assert f"benchmarks/{script.name}" in run.stdout
    assert "--quick" in run.stdout
