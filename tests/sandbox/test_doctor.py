"""`autograder doctor`."""

import json
import sys

import pytest
from packaging.requirements import Requirement
from typer.testing import CliRunner

from autograder import doctor
from autograder.cli import app
from autograder.doctor import Fact
from autograder.sandbox.probe import TIERS, Mechanism

WHOLE = (Mechanism("network", "seccomp", "TCP and UDP", dict.fromkeys(TIERS, "")),)
BROKEN = (Mechanism("network", "seccomp", "TCP and UDP", {"namespaces": "UDP", "landlock": "TCP"}),)


def run(monkeypatch, mechanisms, *arguments):
    monkeypatch.setattr(doctor, "probe", lambda: mechanisms)
    return CliRunner().invoke(app, ["doctor", *arguments], env={"COLUMNS": "200"})


def test_a_sound_machine(monkeypatch):
    """Does the exit code say that grading is safe, and the table what each mechanism stops?"""
    monkeypatch.setattr(doctor, "packages", lambda: (Fact("numpy", "2.0"),))
    monkeypatch.setattr(doctor, "tools", lambda: (Fact("pandoc", "3"),))
    result = run(monkeypatch, WHOLE)
    assert result.exit_code == 0, result.output
    assert "TCP and UDP" in result.output
    assert "tested" in result.output
    assert "namespaces" in result.output


def test_a_leaking_sandbox(monkeypatch):
    """Does a mechanism that fails in both tiers make the exit code 1, and is what got through shown?"""
    result = run(monkeypatch, BROKEN)
    assert result.exit_code == 1
    assert "failed: UDP" in result.output
    assert "--no-sandbox" in result.output


def test_a_missing_package(monkeypatch):
    """Does a missing package make the exit code 1 and say how to get it?"""
    monkeypatch.setattr(doctor, "packages", lambda: (Fact("nbgrader", "not installed", "pip install nbgrader"),))
    result = run(monkeypatch, WHOLE)
    assert result.exit_code == 1
    assert "pip install nbgrader" in result.output


def test_json_holds_everything(monkeypatch):
    """Can a program read the same facts, and the verdict?"""
    result = run(monkeypatch, BROKEN, "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert report["safe"] is False
    assert report["sandbox"]["tier"] is None
    assert report["sandbox"]["mechanisms"][0]["namespaces"] == "failed: UDP"
    assert {"machine", "packages", "tools", "data"} < report.keys()
    assert any(fact["name"] == "Python" and sys.prefix in fact["found"] for fact in report["machine"])


@pytest.mark.parametrize(
    ("need", "ok"), [("numpy>=1.26", True), ("numpy>=999", False), ("there-is-no-such-package>=1", False)]
)
def test_packages_are_held_against_what_the_project_asks_for(need, ok):
    """Is a package that is too old or not there told from one that will do, with the command that helps?"""
    fact = doctor.package(Requirement(need))
    assert fact.ok is ok
    assert ok or need in fact.remedy


def test_this_environment_is_complete():
    """Are all packages and tools found in the environment in which these tests run, alembic included?"""
    assert [fact for fact in (*doctor.packages(), *doctor.tools()) if not fact.ok] == []
