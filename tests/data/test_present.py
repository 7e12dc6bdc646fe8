"""Which data is there, and whether grading notices that it is other data."""

import numpy as np
import pytest

from autograder.data.local import load_held_out
from autograder.data.present import data_fingerprint, found, require_data, stand_ins_used
from autograder.data.registry import find_dataset
from autograder.errors import CourseError
from autograder.grade.prepare.pristine import load_pristine


def put(data, name: str, content: bytes = b"x") -> None:
    """Lay the files of a data set into a data folder."""
    dataset = find_dataset(name)
    for member in dataset.unpack or [f"{dataset.folder}/{file}" for file in dataset.shown_files]:
        path = data / member
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def test_the_real_data_is_taken_before_its_stand_in(tmp_path):
    """Is what is found the data set itself, else its stand-in, else nothing?"""
    assert found("cifar10", tmp_path) is None
    put(tmp_path, "synthetic")
    assert found("cifar10", tmp_path).name == "synthetic"
    assert stand_ins_used(["cifar10", "mnist"], tmp_path) == [
        "synthetic stands in for cifar10: accuracy is measured on that. The real data:  autograder data cifar10"
    ]
    put(tmp_path, "cifar10")
    assert found("cifar10", tmp_path).name == "cifar10"
    assert stand_ins_used(["cifar10"], tmp_path) == []


def test_missing_data_is_named_with_the_command_that_fetches_it(tmp_path):
    """Does whoever grades without the data hear what to do?"""
    put(tmp_path, "synthetic")
    require_data(["cifar10"], tmp_path, "grade: hw")
    with pytest.raises(CourseError) as error:
        require_data(["cifar10", "mnist"], tmp_path, "grade: hw")
    assert str(error.value).splitlines() == [
        f"grade: hw needs data that is not in {tmp_path}: mnist.",
        "  autograder data mnist   or, without a network:  autograder data synthetic-digits",
    ]


def test_other_data_has_another_fingerprint(tmp_path):
    """Does it change with the data set, with a file's content, and with the course's held-out file, and else not?"""
    put(tmp_path, "synthetic")
    prints = [data_fingerprint(["cifar10"], tmp_path)]
    put(tmp_path, "synthetic")
    assert data_fingerprint(["cifar10"], tmp_path) == prints[0]
    put(tmp_path, "synthetic", b"y")
    prints.append(data_fingerprint(["cifar10"], tmp_path))
    put(tmp_path, "cifar10")
    prints.append(data_fingerprint(["cifar10"], tmp_path))
    (tmp_path / "held_out").mkdir()
    (tmp_path / "held_out" / "cifar10.npz").write_bytes(b"z")
    prints.append(data_fingerprint(["cifar10"], tmp_path))
    assert len(set(prints)) == 4
    assert data_fingerprint([], tmp_path) != prints[-1]


def test_a_courses_own_data_is_found_where_grading_looks(tmp_path, monkeypatch):
    """Is `held_out/<name>.npz` read from $NN_DATA, without pickles, and is there none by default?"""
    monkeypatch.setenv("NN_DATA", str(tmp_path))
    assert load_held_out("cifar10") is None
    (tmp_path / "held_out").mkdir()
    np.savez(tmp_path / "held_out" / "cifar10.npz", X=np.zeros((3, 32, 32, 3), np.uint8), y=np.arange(3))
    X, y = load_held_out("cifar10")
    assert (X.shape, y.tolist()) == ((3, 32, 32, 3), [0, 1, 2])


def test_grading_notices_missing_and_other_data(tiny, grading):
    """Does `grade` ask for the data before it starts, and grade again when the data is other data?"""
    toml = tiny.source / "assignment.toml"
    toml.write_text(toml.read_text().replace("blank =", 'data = ["cifar10"]\nblank ='))
    tiny.hand_in("ada")
    with pytest.raises(CourseError, match="autograder data cifar10"):
        grading(tiny)
    put(tiny.course.data, "synthetic")
    before = load_pristine(tiny.course, tiny.course.assignment("tiny")).fingerprint
    put(tiny.course.data, "cifar10")
    assert load_pristine(tiny.course, tiny.course.assignment("tiny")).fingerprint != before
