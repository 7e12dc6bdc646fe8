"""What authors hold back, in every spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_output
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme

from autograder.expect import close, same
from autograder.expect.session import KeySession, use
from autograder.expect.verdict import judge
from autograder.markers import HIDDEN_TESTS, MARK_SCHEME, almost_marker, without_held_back
from autograder.report.hidden import SAID, without_hidden

SPELLINGS = ["### {}", "###{}", "# {}", "#{}", "// {} //", "<!-- {} -->", "    ### {} (see the notes)", "{}"]


def between(spelling: str, kind: str, text: str = "assert value == 0.123") -> str:
    return f"a = 1\n{spelling.format('BEGIN ' + kind)}\n{text}\n{spelling.format('END ' + kind)}\nb = 2"


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("kind", [HIDDEN_TESTS, MARK_SCHEME])
def test_every_spelling_that_nbgrader_takes_out_of_a_release_is_held_back(spelling, kind):
    """Are hidden tests hidden whatever stands around their markers?"""
    cell = new_code_cell(between(spelling, kind))
    cell.outputs = [new_output("error", ename="AssertionError", evalue="0.123", traceback=["0.123"])]
    shown = without_hidden(cell)
    assert shown.source == "a = 1\nb = 2"
    assert [output.text for output in shown.outputs] == [SAID]


MARKERS = [f"{a}{edge} HIDDEN TESTS{z}" for a in ("", "# ") for edge in ("BEGIN", "END") for z in ("", " x")]
LINES = st.lists(st.sampled_from([*MARKERS, "a", "", "b = 1"]), max_size=8)


@given(LINES)
def test_what_students_get_is_what_nbgrader_releases(lines):
    """Is the text that edits are compared with the one that nbgrader's own step wrote?"""
    text = "\n".join(lines)
    for kind, step in (
        (HIDDEN_TESTS, ClearHiddenTests()._remove_hidden_test_region),
        (MARK_SCHEME, ClearMarkScheme()._remove_mark_scheme_region),
    ):
        cell = new_code_cell(text.replace(HIDDEN_TESTS, kind))
        try:
            step(cell)
        except RuntimeError:  # nested, or never ends: release stops
            continue
        assert without_held_back(text.replace(HIDDEN_TESTS, kind), [kind]) == cell.source


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("### begin hidden tests", "BEGIN HIDDEN TESTS"),
        ("### END HIDDEN TEST", "END HIDDEN TESTS"),
        ("# BEGIN  HIDDEN  TESTS", "BEGIN HIDDEN TESTS"),
        ("# Start hidden tests", "BEGIN HIDDEN TESTS"),
        ("### BEGIN MARKING SCHEME", "BEGIN MARK SCHEME"),
        ("### BEGIN HIDDEN TESTS", ""),
        ("# the hidden tests begin in week 3", ""),
        ("beginning = 1", ""),
    ],
)
def test_what_is_almost_a_marker_is_recognised(line, meant):
    """Does release notice a marker that nbgrader would let through?"""
    assert almost_marker(line) == meant


def run_cell(source: str, names: dict, session: KeySession) -> None:
    import linecache

    linecache.cache["<hidden-cell>"] = (len(source), None, source.splitlines(keepends=True), "<hidden-cell>")
    session.begin_cell("c")
    with use(session):
        exec(compile(source, "<hidden-cell>", "exec"), names)


def test_the_verdict_on_a_hidden_test_holds_nothing_of_it():
    """Does a failed hidden test print its expression, its expected value, or the error it stopped with?"""
    source = between("# {}", HIDDEN_TESTS, "close(f(7), 0.125)") + "\nsame(f(1))"
    session = KeySession(seed=1)
    run_cell(source, {"f": lambda x: x / 56, "close": close, "same": same}, session)
    verdict = judge(session.key, {}, {"c": "AssertionError: 0.125 is not 7"}, hidden=session.hidden)["c"]
    text = "\n".join(verdict.lines)
    assert verdict.credit == 0
    assert not [secret for secret in ("0.125", "f(7)") if secret in text]
    assert all(said in text for said in ("a hidden test", "f(1)", "the cell had failed before it"))
