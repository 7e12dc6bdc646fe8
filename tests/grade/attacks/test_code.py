"""Hostile code, in cells and in the library: what each attack earns, and that honest work after it loses nothing."""

import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "code"
FULL = {"double-check": 2, "slope-check": 3, "triple-check": 4, "accuracy-check": 10, "after-check": 1}
LOOT = "GOT" + " IT"


def attacks() -> list:
    """Every attack of the tables, once for each of its tiers: "any" where the sandbox has no part in stopping it."""
    cases = []
    for path in sorted(HERE.glob("*.toml")):
        table = tomllib.loads(path.read_text("utf-8"))
        for attack in table["attack"]:
            for tier in attack.get("tiers", table["tiers"]):
                name = f"{tier}-{path.stem}-{attack['name'].replace(' ', '-')}"
                cases.append(pytest.param(tier, attack, name, id=name))
    return sorted(cases, key=lambda case: case.values[0])


@pytest.mark.parametrize(("tier", "attack", "name"), attacks())
def test_it_earns_what_it_deserves(tier, attack, name, arena_of):
    """Does this attack earn only what its work deserves, and does the next submission get its full score?"""
    arena = arena_of(tier)
    if attack.get("forks") and arena.one_process:
        pytest.skip("a sandbox is one process in this tier of this kernel")
    solved = attack.get("solved", False)
    arena.hand_in(name, solved=solved, regions=attack.get("regions"), add=attack.get("add"))
    outcome = arena.grade(name)
    kept = set(FULL) - set(attack.get("loses", ())) if solved else set(attack.get("earns", ()))
    kept -= {cell for cell in attack.get("may_lose", ()) if outcome.scores[cell] == 0}
    assert outcome.scores == {cell: points if cell in kept else 0 for cell, points in FULL.items()}, outcome
    assert LOOT not in outcome.shown
    assert attack.get("shows", "done.") in outcome.shown
    assert attack.get("notes", "") in outcome.notes
    for cell, words in attack.get("says", {}).items():
        assert words in outcome.lines[cell]
