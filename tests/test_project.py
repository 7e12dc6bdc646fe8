"""The files around the package agree with each other."""

import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_environment_and_the_package_ask_for_the_same():
    """Does environment.yml install just what the package depends on, in the same versions of packages and Python?"""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *conda, pip = environment["dependencies"]
    assert set(map(Requirement, pip["pip"])) == set(map(Requirement, PROJECT["dependencies"]))
    (python,) = [line.partition("=")[2] for line in conda if line.startswith("python=")]
    assert python in Requirement(f"python{PROJECT['requires-python']}").specifier


def test_the_workflow_runs_what_it_should_where_it_should():
    """Is the workflow valid YAML: grading on Linux in both tiers, the students' commands on macOS and Windows too?"""
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))["jobs"]
    assert jobs["tests"]["runs-on"].startswith("ubuntu")
    assert jobs["tests"]["strategy"]["matrix"]["tier"] == ["namespaces", "landlock"]
    steps = "\n".join(step.get("run", "") for step in jobs["tests"]["steps"])
    assert all(f"make {target}" in steps for target in ("test", "slow", "lint-run SEEDS=1"))
    systems = jobs["students"]["strategy"]["matrix"]["os"]
    assert {system.partition("-")[0] for system in systems} == {"ubuntu", "macos", "windows"}
    commands = "\n".join(step.get("run", "") for step in jobs["students"]["steps"])
    assert all(f"autograder {command}" in commands for command in ("check", "pdf", "submit"))
