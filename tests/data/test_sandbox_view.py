import errno
import importlib
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autograder.data import registry, sandbox_view
from autograder.data.formats import write_cifar10_batch, write_label_names
from autograder.data.sandbox_view import make_sandbox_view
from autograder.data.synthetic import BATCHES, write_synthetic
from autograder.errors import CourseError
from nn.datasets import get_cifar10_data, held_out_cifar10, load_cifar10, load_mnist

ROWS = 1100  # in each batch: 100 test rows are withheld
HIDDEN = 251  # only the withheld test images hold this value, and nothing else


def write_real(folder):
    """A set in the official format whose withheld test rows can be told from all others."""
    random = np.random.RandomState(0)
    folder.mkdir(parents=True)
    for name, title in BATCHES.items():
        images = random.randint(0, HIDDEN, (ROWS, 32, 32, 3), np.uint8)
        if name == "test_batch":
            images[1000:] = HIDDEN
        write_cifar10_batch(folder / name, title, images, np.arange(ROWS) % 10, (f"{row}.png" for row in range(ROWS)))
    write_label_names(folder / "batches.meta", (f"class {label}" for label in range(10)), ROWS)


def write_mnist(folder):
    folder.mkdir(parents=True)
    for stem, rows in (("train", 1500), ("t10k", 1100)):
        pixels = np.zeros((rows, 28, 28), np.uint8)
        images = struct.pack(">HBB3I", 0, 8, 3, rows, 28, 28) + pixels.tobytes()
        (folder / f"{stem}-images-idx3-ubyte").write_bytes(images)
        (folder / f"{stem}-labels-idx1-ubyte").write_bytes(struct.pack(">HBBI", 0, 8, 1, rows) + bytes(rows))


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    """A data folder with all three sets, and the view made of it."""
    data = tmp_path_factory.mktemp("course") / "data"
    write_real(data / "cifar-10-batches-py")
    write_synthetic(data / "synthetic-cifar-10-batches-py", rows_per_batch=ROWS)
    write_mnist(data / "mnist")
    return data, make_sandbox_view(data, data.with_name("view"))


def test_the_withheld_rows_are_in_no_file_of_the_view(view):
    """Is neither an image nor a label of a withheld row in the view, whatever is read there?"""
    _, shown = view
    assert {len(np.load(path)) for path in shown.rglob("*.npy")} == {1000, 1500, 5 * ROWS}
    assert not any((np.load(path) == HIDDEN).any() for path in shown.glob("cifar-10-batches-py/*/*.npy"))
    others = sorted(
        str(path.relative_to(shown)) for path in shown.rglob("*") if path.is_file() and path.suffix != ".npy"
    )
    stand_in = "synthetic-cifar-10-batches-py"
    assert others == [
        "cifar-10-batches-py/batches.meta",
        f"{stand_in}/SYNTHETIC-NOT-CIFAR-10",
        f"{stand_in}/batches.meta",
    ]
    assert not any(path.is_symlink() for path in shown.rglob("*"))


@pytest.mark.parametrize("folder", ["cifar-10-batches-py", "synthetic-cifar-10-batches-py", "mnist"])
def test_training_images_are_the_same_file(view, folder):
    """Do submissions share the grader's copy in memory?"""
    data, shown = view
    (original,) = (data / folder).glob("arrays-*/X_train.npy")
    assert original.samefile(shown / folder / "arrays-shown" / "X_train.npy")


def test_load_functions_work_in_the_view(view, monkeypatch):
    """Does a submission get the same rows from the view as from the whole data?"""
    data, shown = view
    everything = get_cifar10_data(4500, 1000, 1000, root=data)
    monkeypatch.setenv("NN_DATA", str(shown))
    for name, value in get_cifar10_data(4500, 1000, 1000).items():
        np.testing.assert_array_equal(value, everything[name])
    assert [len(array) for array in load_cifar10()] == [5 * ROWS, 5 * ROWS, 1000, 1000]
    assert [len(array) for array in load_mnist()] == [1500, 1500, 1000, 1000]
    assert get_cifar10_data(4500, 0, 0, root=shown / "synthetic-cifar-10-batches-py")["source"] == "synthetic"


def test_held_out_rows_are_missed_clearly_in_the_view(view):
    """Does asking for the withheld rows there give an error that says so?"""
    data, shown = view
    assert held_out_cifar10(4500, 1000, root=data)[0].shape == (100, 3, 32, 32)
    with pytest.raises(ValueError, match="the test set here ends at row 1000"):
        held_out_cifar10(4500, 1000, root=shown)


def test_a_view_is_replaced_whole(view, tmp_path):
    """Made again from other data, is nothing of the old view left?"""
    data, _ = view
    target = tmp_path / "view"
    (target / "old").mkdir(parents=True)
    only_mnist = tmp_path / "data"
    shutil.copytree(data / "mnist", only_mnist / "mnist")
    make_sandbox_view(only_mnist, target)
    assert [path.name for path in target.iterdir()] == ["mnist"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_where_links_are_impossible_arrays_are_copied(view, tmp_path, monkeypatch):
    """On another file system, is the view the same but for the sharing?"""
    data, _ = view

    def refuse(*_):
        raise OSError(errno.EXDEV, "cross-device link")

    monkeypatch.setattr("os.link", refuse)
    X_train, _, _, _ = load_cifar10(data)
    sandbox_view._link_or_write(X_train, tmp_path / "X_train.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "X_train.npy"), X_train)


def test_data_that_cannot_be_read_stops_the_view(tmp_path):
    """Is the reader's complaint passed on, without a trace of the view?"""
    write_mnist(tmp_path / "data" / "mnist")
    (tmp_path / "data" / "mnist" / "t10k-labels-idx1-ubyte").write_bytes(b"damaged")
    with pytest.raises(CourseError, match=r"cannot read .*mnist"):
        make_sandbox_view(tmp_path / "data", tmp_path / "view")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_the_process_that_forks_submissions_never_holds_the_data(view, tmp_path):
    """After making a view, is neither the course library nor any array of the data in this process?"""
    data, _ = view
    program = (
        "import sys; from pathlib import Path; from autograder.data.sandbox_view import make_sandbox_view\n"
        "make_sandbox_view(*map(Path, sys.argv[1:]))\n"
        "print('nn' in sys.modules, 'arrays-' in Path('/proc/self/maps').read_text())"
    )
    if not Path("/proc/self/maps").exists():
        program = program.replace("Path('/proc/self/maps').read_text()", "''")
    command = [sys.executable, "-c", program, str(data), str(tmp_path / "view")]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert run.stdout.split() == ["False", "False"]


def test_every_loader_of_the_registry_is_there():
    """Does the registry name functions that exist?"""
    for dataset in registry.known_datasets().values():
        module, function = dataset.loader.split(":")
        assert callable(getattr(importlib.import_module(module), function))
