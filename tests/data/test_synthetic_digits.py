import gzip
import hashlib
import time

import numpy as np
import pytest

from autograder.data import local, synthetic_digits
from autograder.data.formats import write_idx
from autograder.data.obtain import obtain
from autograder.data.registry import find_dataset
from autograder.data.sandbox_view import make_sandbox_view
from autograder.data.synthetic_digits import DigitsRecipe, write_synthetic_digits
from nn.datasets import get_mnist_data, held_out_mnist, load_mnist, mnist_classes, mnist_source

SMALL = {"train": 600, "t10k": 1100}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_synthetic_digits(tmp_path_factory.mktemp("data") / "synthetic-digits", SMALL)


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """The data folder with the whole set, and the seconds of processor time that it took to generate."""
    start = time.process_time()
    folder = obtain(find_dataset("synthetic-digits"), tmp_path_factory.mktemp("data"))
    return folder.parent, time.process_time() - start


def test_the_same_bytes_come_again(small, tmp_path):
    """Does a second generation give the same files?"""
    again = write_synthetic_digits(tmp_path / "again", SMALL)
    for path in small.glob("*-ubyte"):
        assert path.read_bytes() == (again / path.name).read_bytes()


def test_labels_come_the_same_everywhere(small):
    """Are the labels, which hang on the seed alone, those that every machine generates?"""
    labels = (small / "t10k-labels-idx1-ubyte").read_bytes()
    assert hashlib.sha256(labels).hexdigest() == "7fdda9ecc0da0a94f6ad946f0f4b99fbb89de6488ed6cbfc199040587f0152d3"


def test_another_seed_makes_another_set(small, tmp_path):
    """Can a course have its own?"""
    other = write_synthetic_digits(tmp_path / "other", SMALL, DigitsRecipe(seed=1))
    assert (load_mnist(other)[0] != load_mnist(small)[0]).mean() > 0.1


def test_all_arithmetic_is_exact():
    """Are the numbers that are multiplied integers, and their products so small that float64 holds them exactly?"""
    coefficients = synthetic_digits._distortions(500, DigitsRecipe(), np.random.RandomState(0))
    assert (coefficients == np.rint(coefficients)).all()
    assert (np.abs(coefficients) @ np.abs(synthetic_digits._MONOMIALS)).max() < 2**53


def test_it_is_in_the_official_format_and_says_what_it_is(small, capsys):
    """Would an MNIST reader read it, and could anybody take it for MNIST?"""
    local._told.clear()
    X_train, y_train, X_test, y_test = load_mnist(small)
    load_mnist(small)
    assert capsys.readouterr().out.count("NOT MNIST") == 1
    assert X_train.shape == (600, 28, 28)
    assert X_train.dtype == np.uint8
    assert np.bincount(y_train).tolist() == [60] * 10
    assert np.bincount(y_test).tolist() == [110] * 10
    assert len(np.unique(np.concatenate([X_train, X_test]).reshape(1700, -1), axis=0)) == 1700
    assert (small / local.DIGITS_MARKER).read_text().count("NOT MNIST") == 1
    assert small.name == local.DIGITS_FOLDER == find_dataset("synthetic-digits").folder
    assert mnist_source(small) == "synthetic-digits"
    assert mnist_classes(small) == tuple("0123456789")


def test_the_real_digits_win(small, tmp_path, monkeypatch):
    """With both in the data folder, which is loaded? Without MNIST, is the stand-in found by $NN_DATA?"""
    monkeypatch.setenv("NN_DATA", str(small.parent))
    assert mnist_source() == "synthetic-digits"
    labels = np.array([*local._FIRST_LABELS["mnist"], *range(10)], np.uint8)
    for folder in ("mnist", "synthetic-digits"):
        (tmp_path / folder).mkdir()
        for split in ("train", "t10k"):
            write_idx(tmp_path / folder / f"{split}-images-idx3-ubyte", np.zeros((30, 28, 28), np.uint8))
            write_idx(tmp_path / folder / f"{split}-labels-idx1-ubyte", labels)
    (tmp_path / "synthetic-digits" / local.DIGITS_MARKER).touch()
    monkeypatch.setenv("NN_DATA", str(tmp_path))
    assert mnist_source() == "mnist"


def test_fashion_mnist_is_recognised_by_its_labels(tmp_path):
    """Put in MNIST's place, is it called by its name, with names for its classes?"""
    labels = np.array(local._FIRST_LABELS["fashion-mnist"], np.uint8)
    for split in ("train", "t10k"):
        write_idx(tmp_path / f"{split}-images-idx3-ubyte", np.zeros((20, 28, 28), np.uint8))
        write_idx(tmp_path / f"{split}-labels-idx1-ubyte", labels)
        path = tmp_path / f"{split}-images-idx3-ubyte"
        path.with_suffix(".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert mnist_source(tmp_path) == "fashion-mnist"
    assert mnist_classes(tmp_path)[labels[0]] == "boot"


def test_rows_are_split_scaled_and_held_out(small):
    """Are training, validation and test rows disjoint and in order, and is brightness 0..1?"""
    X_train, y_train, X_test, y_test = load_mnist(small)
    data = get_mnist_data(500, 100, 1000, root=small)
    assert {name: data[name].shape for name in ("X_train", "X_val", "X_test")} == {
        "X_train": (500, 784), "X_val": (100, 784), "X_test": (1000, 784),
    }  # fmt: skip
    assert data["X_train"].dtype == np.float32
    np.testing.assert_allclose(data["X_val"], X_train[500:].reshape(100, -1) / 255, rtol=1e-6)
    np.testing.assert_array_equal(data["y_val"], y_train[500:])
    X, y = held_out_mnist(1000, root=small)
    np.testing.assert_allclose(X, X_test[1000:].reshape(100, -1) / 255, rtol=1e-6)
    np.testing.assert_array_equal(y, y_test[1000:])
    with pytest.raises(ValueError, match=r"num_training=600 and num_validation=1 ask for 601 rows"):
        get_mnist_data(600, 1, 0, root=small)


def test_withheld_rows_are_not_in_the_sandbox(small, tmp_path):
    """Does a submission see the stand-in, told as one, less the rows that judge it?"""
    view = make_sandbox_view(small.parent, tmp_path / "view")
    assert [len(array) for array in load_mnist(view)] == [600, 600, 1000, 1000]
    assert mnist_source(view) == "synthetic-digits"
    with pytest.raises(ValueError, match="held_out_mnist: the test set here ends at row 1000"):
        held_out_mnist(1000, root=view)


def test_an_interrupted_generation_leaves_nothing(tmp_path, monkeypatch):
    """Stopped half way, is the folder as it was?"""

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(synthetic_digits, "write_idx", stop)
    with pytest.raises(KeyboardInterrupt):
        write_synthetic_digits(tmp_path / "set", {"train": 10})
    assert list(tmp_path.iterdir()) == []


def test_the_whole_set_takes_seconds(full):
    """Is generating 70,000 images quicker than downloading them?"""
    folder, seconds = full
    assert [len(array) for array in load_mnist(folder)] == [60000, 60000, 10000, 10000]
    assert seconds < 20


@pytest.mark.slow
def test_it_is_about_as_hard_as_mnist(full):
    """Is a linear classifier clearly too little, and are two hidden layers enough for 97.5 %?"""
    data = get_mnist_data(num_test=10000, root=full[0])
    assert 0.85 <= accuracy(data, (), epochs=2) <= 0.93
    assert 0.975 <= accuracy(data, (128, 128), epochs=7) <= 0.99


def accuracy(data, hidden, epochs):
    """Test accuracy of a net trained with Adam, whose rate falls to zero."""
    from nn.fc_net import FullyConnectedNet
    from nn.solver import Solver

    np.random.seed(0)
    net = FullyConnectedNet(list(hidden), input_dim=784, weight_scale=0.05, seed=0)
    solver = Solver(
        net, data, update_rule="adam", optim_config={"learning_rate": 2e-3}, lr_decay=0.6,
        num_epochs=epochs, batch_size=200, verbose=False,
    )  # fmt: skip
    solver.train()
    return solver.check_accuracy(data["X_test"], data["y_test"])
