"""Every promise of docs/threat-model.md has tests that try to break it, and every attack belongs to a promise."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "threat-model.md").read_text("utf-8")
HOSTILE = (
    "grade/attacks/test_files.py",
    "grade/run/test_faults.py",
    "grade/run/test_resume.py",
    "grade/run/test_follow.py",
    "grade/run/test_exposure.py",
    "sandbox/test_attacks.py",
    "test_fuzz.py",
)
"""What is attacked or disturbed in these files is mapped, test by test."""


def mapped() -> dict[str, dict[str, set[str]]]:
    """Promise -> file -> the tests in it that are named; none where the whole file is meant."""
    table = PAGE.partition("## Which tests")[2]
    rows = re.findall(r"^\| (T\d+) \| (.*) \|$", table, re.MULTILINE)
    return {
        promise: {
            place: set(re.findall(r"`(test_\w+)`", names))
            for place, names in re.findall(r"`([\w/]+\.\w+)`([^;]*)", cells)
        }
        for promise, cells in rows
    }


def names_in(place: str) -> set[str]:
    return set(re.findall(r"^ *(?:async )?def (test_\w+)", (TESTS / place).read_text("utf-8"), re.MULTILINE))


def test_every_promise_has_tests():
    """Is there a promise without a test, or a test that is no longer there?"""
    promises = set(re.findall(r"^\| (T\d+) \|", PAGE.partition("## Which tests")[0], re.MULTILINE))
    assert promises == set(mapped())
    for places in mapped().values():
        assert places
        for place, names in places.items():
            assert (TESTS / place).is_file(), place
            assert names <= (names_in(place) if place.endswith(".py") else set()), (place, names - names_in(place))


def test_every_attack_and_fault_belongs_to_a_promise():
    """Is there an attack, or a fault, of which the page does not say what it tries to break?"""
    places = [item for found in mapped().values() for item in found.items()]
    whole = {place for place, names in places if not names}
    tables = {path.relative_to(TESTS).as_posix() for path in (TESTS / "grade" / "attacks" / "code").glob("*.toml")}
    assert tables <= whole
    for place in HOSTILE:
        named = {name for one, names in places for name in names if one == place}
        assert place in whole or named == names_in(place), names_in(place) ^ named
