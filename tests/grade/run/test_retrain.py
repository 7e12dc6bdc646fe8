"""A sample of the class is trained again, and what was handed in is compared with it."""

import io

import numpy as np
import pytest

from autograder.errors import CourseError
from autograder.grade.run.plan import sample_size
from autograder.grade.run.retrain import Retrained, sample
from autograder.gradebook.anomalies import anomalies
from autograder.gradebook.store import Store

CLASS = [f"student-{number}" for number in range(40)]


def test_the_seed_chooses():
    """Are the same students chosen for the same seed, others for another, at least one, and all for 100 %?"""
    assert sample(CLASS, 0.05, 1) == sample(CLASS[::-1], 0.05, 1)
    assert len(sample(CLASS, 0.05, 1)) == 2
    assert sample(CLASS, 0.1, 1) != sample(CLASS, 0.1, 2)
    assert len(sample(CLASS[:3], 0.05, 1)) == 1
    assert sample(CLASS, 1.0, 1) == sorted(CLASS)
    assert (sample_size("5%"), sample_size("0.25"), sample_size("100%")) == (0.05, 0.25, 1.0)


@pytest.mark.parametrize("text", ["0", "-5%", "150%", "5", "some", "nan"])
def test_what_is_no_part_of_a_class(text):
    """Is a size that means nothing refused before anything is graded?"""
    with pytest.raises(CourseError, match="write a part of the class"):
        sample_size(text)


def test_differences_in_both_directions():
    """Is much more or less accuracy told, and none at all, but not a little?"""
    pairs = {"a": (90.0, 88.0), "b": (90.0, 60.0), "c": (60.0, 90.0), "d": (90.0, None)}
    assert list(Retrained("ada", pairs).differences()) == [
        "b: 90.0 % as handed in, 60.0 % when trained again from the code alone",
        "c: 60.0 % as handed in, 90.0 % when trained again from the code alone",
        "d: 90.0 % as handed in, no accuracy when trained again from the code alone",
    ]


def test_weights_that_the_code_does_not_make(tiny, grading):
    """Is it told whose code makes other weights than were handed in, or none, and of nobody else?"""
    begin, end = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"
    bad = f"{begin}\nW = np.roll(np.eye(4), 1, axis=0)[:, :3]\nnp.savez('best.npz', W=W)\n{end}"
    file = io.BytesIO()
    np.savez(file, W=np.roll(np.eye(4), 1, axis=0)[:, :3])
    tiny.hand_in("ada")
    tiny.hand_in("better", cells={"second:search": bad})
    tiny.hand_in("none", cells={"second:search": f"{begin}\npass\n{end}"})
    tiny.hand_in("worse", weights=file.getvalue())
    shown = grading(tiny, tier="landlock", seed=7, retrain_sample="100%")
    before = {student: tiny.scores(student)["second:accuracy-check"] for student in ("ada", "better", "none", "worse")}
    assert before == {"ada": 10, "better": 10, "none": 10, "worse": 0}
    assert "Training 4 of 4 again (--seed 7): ada, better, none, worse" in shown
    assert "ada: as handed in" in shown
    found = {one.students[0]: one.text for one in anomalies([], Store(tiny.course, "tiny").logged())}
    assert set(found) == {"better", "none", "worse"}
    assert found["worse"].startswith("second:accuracy-check: ")
    assert found["none"].endswith("100.0 % as handed in, no accuracy when trained again from the code alone")
