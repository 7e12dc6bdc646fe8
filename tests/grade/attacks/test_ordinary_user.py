"""The attacks that the sandbox stops, where an ordinary user grades."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FEWEST = 20
HANGS = 1800.0  # seconds; it takes twenty on a quiet machine


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["namespaces", "landlock"])
def test_attacks_on_an_ordinary_user(tier, ordinary_user):
    """Does each attack of this tier earn an ordinary user's students what it earns root's, neighbours included?"""
    _, run = ordinary_user
    attacks = [str(ROOT / "tests" / "grade" / "attacks" / "test_code.py"), "-k", f"{tier}-", "-p", "no:cacheprovider"]
    ended = run([sys.executable, "-m", "pytest", "--rootdir", str(ROOT), "-q", *attacks], ROOT, timeout=HANGS)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|skipped)", ended.stdout)}
    if "passed" not in counts and counts.get("skipped"):
        pytest.skip(f"an ordinary user has no {tier} tier on this machine:\n{ended.stdout}")
    assert counts["passed"] >= FEWEST, ended.stdout
