"""Kept evidence: is a verdict the same when it is judged again, and is it noticed when it is not?"""

import contextlib
import json
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.errors import CourseError
from autograder.grade.kept import KeptEvidence, pack, unpack
from autograder.grade.verify import verify
from autograder.gradebook.results import EVIDENCE

ABOUT = {"seed": 1, "beside": []}
NAMES = st.text("abc", min_size=1, max_size=3)


@given(
    st.dictionaries(NAMES, st.lists(st.binary(max_size=30), max_size=12), max_size=3),
    st.dictionaries(NAMES, st.binary(max_size=30), max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_what_is_packed_is_unpacked(messages, files):
    """Does evidence come back as it was, messages in their order, in the same bytes each time?"""
    kept = KeptEvidence(ABOUT, messages, {name: {"c": "Error: x"} for name in messages}, files)
    assert unpack(pack(kept)) == kept
    assert pack(unpack(pack(kept))) == pack(kept)


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_damaged_evidence_is_named(data):
    """Is anything else than evidence refused with a ValueError?"""
    raw = bytearray(pack(KeptEvidence(ABOUT, {"a": [b"x" * 20]}, {"a": {}}, {"w.npz": b"1"})))
    start = data.draw(st.integers(0, len(raw)))
    raw[start : start + data.draw(st.integers(1, 8))] = data.draw(st.binary(max_size=8))
    with contextlib.suppress(ValueError):
        unpack(bytes(raw))


def test_verdicts_are_the_same_and_changes_are_noticed(tiny, grading):
    """Does `verify` confirm untouched results, and name a changed score, changed evidence and a changed assignment?"""
    tiny.hand_in("ada")
    tiny.hand_in("max", library={"out = 2 * x": "out = 3 * x"})
    grading(tiny, workers=1)
    assignment = tiny.course.assignment("tiny")
    first = {one.student: one for one in verify(tiny.course, assignment)}
    assert [first["ada"].ok, first["max"].ok] == [True, True]
    assert first["ada"].checks == first["max"].checks == 5

    folder = tiny.course.autograded / "max" / "tiny"
    result = json.loads((folder / "result.json").read_text())
    result["notebooks"]["first"]["cells"]["double-check"]["credit"] = 1.0
    (folder / "result.json").chmod(0o644)
    (folder / "result.json").write_text(json.dumps(result))
    (one,) = verify(tiny.course, assignment, ["max"])
    assert one.differences == ("first: double-check: 1 of its points then, 0 now",)

    (tiny.course.autograded / "ada" / "tiny" / EVIDENCE).unlink()
    (one,) = verify(tiny.course, assignment, ["ada"])
    assert one.trouble == "no evidence was kept (evidence.zip is not there)"

    library = tiny.course.root / "nn" / "tiny.py"
    library.write_text(library.read_text() + "# changed")
    (one,) = verify(tiny.course, assignment, ["max"])
    assert one.trouble == "the assignment, its library or its data has changed since"
    with pytest.raises(CourseError, match="no graded submission of eve"):
        list(verify(tiny.course, assignment, ["eve"]))


def test_the_log_says_why_somebody_was_graded(tiny, grading):
    """Is each grading a line that is never taken away, with its reason and both scores?"""
    tiny.hand_in("ada", library={"out = 2 * x": "out = 3 * x"})
    grading(tiny, workers=1)
    shutil.rmtree(tiny.course.submitted / "ada")
    tiny.hand_in("ada")
    grading(tiny, workers=1)
    lines = [json.loads(line) for line in (tiny.course.work / "tiny" / "grade.jsonl").read_text().splitlines()]
    assert [line["why"] for line in lines] == ["first time", "handed in again"]
    assert lines[1]["score_before"] == lines[0]["score"] == lines[1]["score"] - 2
