"""Every attack, in every tier, as root and as an ordinary user."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.sandbox.probe import obstacle
from autograder.sandbox.selftest.checks import CHECKS

HERE = Path(__file__).parent
NOBODY = "65534"
BEFORE_SIGNALS_WERE_CONFINED = "4"

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
USERS = {"root": "-", "nobody": NOBODY} if AS_ROOT else {"user": "-"}
ORDINARY = list(USERS)[-1]
SITUATIONS = [
    *(pytest.param((user, "-", tier), id=f"{tier}-{name}")
      for name, user in USERS.items() for tier in ("namespaces", "landlock")),
    pytest.param((USERS[ORDINARY], BEFORE_SIGNALS_WERE_CONFINED, "landlock"), id=f"old-landlock-{ORDINARY}"),
]  # fmt: skip


def attack_names() -> list[str]:
    if obstacle():
        return [check.name for check in CHECKS]
    spec = importlib.util.spec_from_file_location("sandbox_attacks", HERE / "attacks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [check.name for check in CHECKS] + list(module.ATTACKS)


class Server:
    """The process that forks the sandboxes; see server.py."""

    def __init__(self, user: str, version: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "server.py"), user, version],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **request: str) -> str:
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        assert answer, f"the grader's process died of {request}: status {self.process.wait()}"
        return json.loads(answer)["through"]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def servers():
    """One server per user and version, started when first asked for; a tier's obstacle is found out once."""
    running: dict[tuple[str, str], Server] = {}
    obstacles: dict[tuple[str, str, str], str] = {}

    def server(situation: tuple[str, str, str]) -> Server:
        user, version, tier = situation
        if obstacle():
            pytest.skip(obstacle())
        if (user, version) not in running or running[user, version].process.poll() is not None:
            running[user, version] = Server(user, version)
        if situation not in obstacles:
            obstacles[situation] = running[user, version].ask(tier=tier)
            assert "failed" not in obstacles[situation]
        if obstacles[situation]:
            pytest.skip(f"this kernel does not give the tier {tier}: {obstacles[situation]}")
        return running[user, version]

    yield server
    for one in running.values():
        one.close()


WITHOUT_A_SANDBOX = ["endings", "ending before the others", "stopping itself", "waiting too long", "zombies"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@pytest.mark.parametrize("name", WITHOUT_A_SANDBOX)
def test_without_a_sandbox_killing_and_waiting_work(name, servers):
    """With --no-sandbox, does a process still end when it should, and is its end reported?"""
    assert servers((USERS[ORDINARY], "-", "none")).ask(attack=name, tier="none") == ""


@pytest.mark.parametrize("name", attack_names())
@pytest.mark.parametrize("situation", SITUATIONS)
def test_nothing_gets_through(situation, name, servers):
    """Does the sandbox stop this attack, or give what honest work needs, and say so?"""
    assert servers(situation).ask(attack=name, tier=situation[2]) == ""
