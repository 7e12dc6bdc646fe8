"""Recording, answer key, and the random numbers they share."""

import subprocess
import sys

import numpy as np
import pytest

from autograder import expect
from autograder.expect.evidence import decode
from autograder.expect.session import KeySession, LocalSession, RecordingSession, current, use


def values_of(inbox) -> dict:
    return {place: decode(content) for place, content in inbox.evidence.items()}


def test_recording_sends_values_and_prints_nothing(bench, capsys):
    """Does a student's process send its own values, whether right or wrong, and say nothing of either?"""

    def cell():
        expect.close(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
        expect.same({"W": 2})
        expect.holds("text", lambda text: 1 / 0, "it is empty")
        expect.gradient(None, None, np.ones(2))
        assert expect.accuracy("no-such.npz", None, None, None, floor=0.2, full=0.4, points=10) is None
        assert expect.accuracy("no-such.npz", None, None, None, floor=0.2, full=0.4) is None

    values = values_of(bench.record(cell))
    assert list(values) == [("cell", position) for position in range(6)]
    assert np.array_equal(values["cell", 0], [1.0, 2.0])
    assert values["cell", 1] == {"W": 2}
    assert values["cell", 2] == "text"
    assert np.array_equal(values["cell", 3], np.ones(2))
    assert values["cell", 4] is values["cell", 5] is None
    assert capsys.readouterr().out == ""


def test_recording_calls_and_reads_nothing_but_the_value(bench):
    """Are f, the predicate and the expected values left alone, even where they would raise?"""

    def explode(*_):
        raise RuntimeError("called")

    def cell():
        expect.gradient(explode, object(), np.ones(2), mistakes={"x": object()})
        expect.holds(1, explode, "it explodes")
        expect.close(1, object(), measure="no such measure", at_most=-1)

    assert len(bench.record(cell).evidence) == 3


def test_recording_copies_at_once(bench):
    """Is evidence what a value was when it was stated, not what became of it?"""

    def cell():
        array = np.zeros(3)
        expect.same(array)
        array += 1

    assert not values_of(bench.record(cell))["cell", 0].any()


def test_what_cannot_be_recorded_is_said(bench):
    """Is an object that is no value reported as such, while the cell goes on?"""

    def cell():
        expect.same(object())
        expect.same(1)

    inbox = bench.record(cell)
    assert "of type object" in inbox.evidence["cell", 0].reason
    assert decode(inbox.evidence["cell", 1]) == 1


def test_the_key_keeps_copies(bench):
    """Does the answer key stay as stated when the source notebook goes on changing its arrays?"""
    expected, mistake = np.zeros(3), np.ones(3)

    def cell():
        expect.close(np.zeros(3), expected, mistakes={"it is one": mistake})

    key = bench.key(cell).key
    expected += 5
    mistake += 5
    assert not key["cell", 0].expected.any()
    assert np.array_equal(key["cell", 0].mistakes["it is one"], np.ones(3))


def test_the_key_counts_expectations():
    """Can the grader see how many expectations each cell stated?"""
    session = KeySession(1)
    with use(session):
        session.begin_cell("two")
        expect.same(1)
        expect.same(2)
        session.begin_cell("none")
    assert session.counts == {"": 0, "two": 2, "none": 0}
    assert list(session.key) == [("two", 0), ("two", 1)]


@pytest.mark.parametrize(
    "cell",
    [
        lambda: expect.close(1.0, 2.0),
        lambda: expect.same(np.nan),
        lambda: expect.holds(1, lambda value: False, "it is 2"),
        lambda: expect.gradient(None, None, np.array([np.inf, np.nan])),
        lambda: expect.accuracy("no-such.npz", None, [], [], floor=0.2, full=0.4),
    ],
)
def test_a_source_that_fails_its_own_check_makes_no_key(bench, cell):
    """Is an expectation that no student could meet found before anybody is graded?"""
    with pytest.raises(expect.Unmet, match="the source notebook fails its own check"):
        bench.key(cell)


def test_key_and_recording_draw_the_same_numbers(bench):
    """Do source and student compute with the same inputs, call by call?"""
    drawn = []

    def cell():
        drawn.append([expect.rng().random(4).tolist() for _ in range(3)])

    bench.key(cell)
    bench.record(cell)
    assert drawn[0] == drawn[1]
    assert len({tuple(numbers) for numbers in drawn[0]}) == 3


def draw(session, cell_id):
    with use(session):
        session.begin_cell(cell_id)
        return expect.rng().random()


def test_numbers_differ_by_run_cell_and_call():
    """Are inputs new in every run, cell and call?"""
    seen = [draw(KeySession(seed), cell) for seed in (0, 1, 2**40) for cell in ("", "a", "b", "a1")]
    assert len(set(seen)) == 12


def test_numbers_are_the_same_in_another_process():
    """Does a recorded seed reproduce a run on another day, with another hash seed?"""
    code = (
        "from autograder.expect.session import *\n"
        "session = RecordingSession(11, print); session.begin_cell('scores')\n"
        "print(session.rng().random())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert outputs == {f"{draw(RecordingSession(11, print), 'scores')}\n"}


def test_locally_the_numbers_are_always_the_same():
    """Does a cell that is run again meet the same inputs?"""
    first, second = LocalSession(), LocalSession()
    with use(first):
        one = [expect.rng().random() for _ in range(2)]
    with use(second):
        two = [expect.rng().random() for _ in range(2)]
    assert one == two
    assert one[0] != one[1]


def test_use_restores_the_session_after_an_error():
    """Is a student's session back after a recording that was cut short?"""
    before = current()
    with pytest.raises(ZeroDivisionError), use(KeySession(0)):
        1 / 0  # noqa: B018
    assert current() is before


def test_importing_expect_needs_numpy_alone():
    """Is the module light, with no notebook or gradebook machinery behind it?"""
    code = (
        "import sys, numpy.random; before = set(sys.modules)\n"
        "from autograder.expect import same; import autograder.expect.verdict\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before if sys.modules[name] is not None}\n"
        "print(sorted(new - sys.stdlib_module_names))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out in ("['autograder']\n", "['autograder', 'numpy']\n")
