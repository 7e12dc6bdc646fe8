"""What of an assignment's results is listed as worth a look."""

import numpy as np
import pytest

from autograder.gradebook.anomalies import Anomaly, anomalies
from autograder.gradebook.results import SubmissionResult
from autograder.gradebook.store import Store
from autograder.notes import Note

CLASS = [f"student-{number}" for number in range(20)]
LONG = """out = np.zeros_like(x)
    for row in range(x.shape[0]):
        for column in range(x.shape[1]):
            value = x[row, column]
            out[row, column] = value + value
            assert out[row, column] / 2 == value, "the double of a number is twice that number"
            assert out[row, column] - value == value, "and it is the number more than the number itself"
"""


def result(student: str, *notes: Note, **fingerprints: str) -> SubmissionResult:
    return SubmissionResult("hw", student, 1, "", "", "", (), {}, (), notes, fingerprints)


def test_an_undisturbed_class_has_none():
    """Is nothing said of honest work, also where all have the same small or usual code?"""
    results = [result(name, Note("added cells", "x"), usual="900:a", small="150:b") for name in CLASS]
    log = [{"student": name, "why": "first time"} for name in CLASS]
    assert anomalies(results, log) == []


def test_the_same_work_of_two():
    """Is the same code of two students listed where it is long, and the same weights of any number?"""
    own = {name: result(name, loss=f"400:{name}", step=f"200:{name}", weights=f"0:{name}") for name in CLASS}
    own["ada"] = result("ada", loss="400:x", step="200:y", weights="0:z")
    own["ben"] = result("ben", loss="400:x", step="200:other", weights="0:own")
    own["cy"] = result("cy", loss="400:own", step="200:y", weights="0:z")
    own["eve"] = result("eve", weights="0:z")
    assert anomalies(list(own.values()), []) == [
        Anomaly("same weights", ("ada", "cy", "eve"), "the same weights"),
        Anomaly("same code", ("ada", "ben"), "the same code in loss"),
    ]


def test_notes_of_grading():
    """Are evidence that does not fit, processes left at work, time-outs and retries listed, in this order?"""
    notes = [Note("again", "a"), Note("stopped", "b"), Note("processes", "c"), Note("evidence", "d"), Note("file", "e")]
    found = anomalies([result("ada", *notes)], [])
    assert [(one.kind, one.text) for one in found] == [
        ("evidence", "d"), ("processes", "c"), ("stopped", "b"), ("graded twice", "a")
    ]  # fmt: skip


def test_who_has_no_verdict():
    """Is who had no verdict several times listed with the last reason, until there is one?"""
    none = {"student": "eve", "no_verdict": "the disk was full"}
    assert anomalies([], [none]) == [Anomaly("no verdict", ("eve",), "1 time; the last: the disk was full")]
    given = {"student": "eve", "why": "first time"}
    assert anomalies([], [none, none, given]) == []
    assert anomalies([], [given, none]) == []
    assert anomalies([], [given, none, none | {"no_verdict": "again"}]) == [
        Anomaly("no verdict", ("eve",), "2 times since it was graded; the last: again")
    ]


def test_who_was_trained_again():
    """Is a difference listed until the submission is graded again, and none where there was none?"""
    given, again = {"student": "eve", "why": "first time"}, {"student": "eve", "retrained": ["other weights"]}
    assert anomalies([], [given, again]) == [Anomaly("trained again", ("eve",), "other weights")]
    assert anomalies([], [given, again, given]) == []
    assert anomalies([], [given, again, again | {"retrained": []}]) == []


@pytest.fixture
def graded(tiny, grading):
    rng = np.random.default_rng(0)
    for student, library in {"ada": LONG, "ben": LONG.replace("    #", "#"), "cy": "out = x + x"}.items():
        np.savez(tiny.course.root / "own.npz", W=np.eye(4)[:, :3] + (student == "cy") * rng.normal(size=(4, 3)) / 9)
        weights = (tiny.course.root / "own.npz").read_bytes()
        tiny.hand_in(student, library={"out = 2 * x": library}, weights=weights)
    path = tiny.course.submitted / "ben" / "tiny" / "nn" / "tiny.py"
    path.write_text(path.read_text().replace("value = x[row", "# my own idea\n            value = x[row"))
    grading(tiny, tier="landlock")
    return tiny


def test_a_graded_class(graded):
    """Are code and weights found to be the same through grading, whatever comments were put in?"""
    store = Store(graded.course, "tiny")
    found = anomalies([store.result(student) for student in store.graded()], store.logged())
    assert found == [
        Anomaly("same weights", ("ada", "ben"), "the same best.npz"),
        Anomaly("same code", ("ada", "ben"), "the same code in nn/tiny.py"),
    ]
    assert [line["by"] for line in store.logged()] == ["autograder grade"] * 3


def test_the_log_has_one_entry_a_line_whatever_a_student_is_called(tiny):
    """Is an entry found again whose student's name, or reason, holds what ends a line elsewhere, or is no text?"""
    store = Store(tiny.course, "tiny")
    names = ["a\u2028b", "c\x85d\u2029", "e\nf\x0c", "\udcff"]
    for name in names:
        store.log_no_verdict(name, f"{name} is unreadable")
    assert [line["student"] for line in store.logged()] == names
    assert [line["no_verdict"] for line in store.logged()] == [f"{name} is unreadable" for name in names]
