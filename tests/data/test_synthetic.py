import hashlib
import pickle
import time

import numpy as np
import pytest

from autograder.data import synthetic
from autograder.data.local import SYNTHETIC_FOLDER, SYNTHETIC_MARKER
from autograder.data.synthetic import CLASSES, Recipe, write_synthetic
from benchmarks import synthetic_bands
from nn import datasets

FIRST_BYTES = "41971178251392e4a795e6f6eee72ea8626683f18e084cf04f02672ef1402844"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_synthetic(tmp_path_factory.mktemp("data") / "synthetic-cifar-10-batches-py", rows_per_batch=100)


def test_the_same_bytes_come_everywhere(small):
    """Is the set the one that every machine generates? (A changed recipe changes this sum, and everybody's figures.)"""
    found = hashlib.sha256((small / "data_batch_1").read_bytes() + (small / "test_batch").read_bytes()).hexdigest()
    assert found == FIRST_BYTES


def test_all_arithmetic_is_exact():
    """Are the numbers that are multiplied integers, and the products so small that float64 holds them exactly?"""
    generator = synthetic._Generator(Recipe())
    largest_normal = np.abs(synthetic._Normal.table).max()
    parts = (generator.noise, generator.scenes, generator.scene_means, generator.prototypes)
    assert all((part == np.rint(part)).all() for part in parts)
    weights = np.abs(generator.scene_means).max() + largest_normal * generator._scene_amplitudes(Recipe().scene_noise)
    coefficients = largest_normal * generator.noise.sum(axis=0)
    low = Recipe().scene_size
    coefficients[:low, :low] += (weights[:, None, None, None] * np.abs(generator.scenes)).sum(axis=0).max(axis=0)
    largest_pixel = synthetic._COSINE**2 * coefficients.sum() + np.abs(generator.prototypes).max()
    assert largest_pixel < 2**53


def test_normal_numbers_do_not_hang_on_the_last_bit():
    """Is no entry of the table so near to a half that another machine's logarithm could round it the other way?"""
    from statistics import NormalDist

    exact = [16 * NormalDist().inv_cdf((i + 0.5) / 256) for i in range(256)]
    assert min(abs(abs(value) % 1 - 0.5) for value in exact) > 1e-6


def test_it_is_in_the_official_format_and_says_what_it_is(small):
    """Would an official reader read it, and could anybody take it for CIFAR-10?"""
    names = sorted(path.name for path in small.iterdir() if path.is_file())
    batches = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    assert names == sorted([SYNTHETIC_MARKER, "batches.meta", *batches])
    with (small / "data_batch_5").open("rb") as stream:
        batch = pickle.load(stream, encoding="bytes")
    assert batch[b"data"].shape == (100, 3072)
    assert batch[b"data"].dtype == np.uint8
    assert batch[b"batch_label"] == b"training batch 5 of 5"
    assert all(name.startswith(b"synthetic-") for name in batch[b"filenames"])
    assert datasets.cifar10_classes(small) == CLASSES
    assert datasets.cifar10_source(small) == "synthetic"
    assert "NOT CIFAR-10" in (small / SYNTHETIC_MARKER).read_text()
    assert small.name == SYNTHETIC_FOLDER


def test_classes_are_balanced_and_batches_differ(small):
    """Does each class have the same number of images, and no batch repeat another?"""
    X_train, y_train, X_test, y_test = datasets.load_cifar10(small)
    assert np.bincount(y_train).tolist() == [50] * 10
    assert np.bincount(y_test).tolist() == [10] * 10
    assert len(np.unique(np.concatenate([X_train, X_test]).reshape(600, -1), axis=0)) == 600
    assert (np.diff(y_train) != 0).any()


def test_another_seed_makes_another_set(small, tmp_path):
    """Can a course have its own?"""
    other = write_synthetic(tmp_path / "other", rows_per_batch=100, recipe=Recipe(seed=1))
    assert (datasets.load_cifar10(other)[0] != datasets.load_cifar10(small)[0]).mean() > 0.9


def test_an_interrupted_generation_leaves_nothing(tmp_path, monkeypatch):
    """Stopped half way, is the folder as it was?"""
    target = tmp_path / "set"
    target.mkdir()
    (target / "old").touch()

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(synthetic, "write_label_names", stop)
    with pytest.raises(KeyboardInterrupt):
        write_synthetic(target, rows_per_batch=10)
    assert [path.name for path in tmp_path.rglob("*")] == ["set", "old"]


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """The whole set, prepared for nets; and the seconds of processor time that it took to generate."""
    start = time.process_time()
    folder = write_synthetic(tmp_path_factory.mktemp("data") / "synthetic-cifar-10-batches-py")
    return synthetic_bands.prepared(folder), time.process_time() - start


def test_the_whole_set_takes_seconds(full):
    """Is generating 60,000 images quicker than downloading them?"""
    data, seconds = full
    assert len(data["X_train"]) == 49000
    assert data["source"] == "synthetic"
    assert seconds < 20


@pytest.mark.slow
@pytest.mark.parametrize("band", synthetic_bands.BANDS[:-1], ids=lambda band: band.title)
def test_it_is_as_hard_as_cifar10(full, band):
    """Do the homeworks' classifiers reach what they reach on the real images? (The slowest: in the benchmark.)"""
    data, _ = full
    assert band.low <= band.accuracy(data, 0) <= band.high
