import gzip
import multiprocessing
import os
import pickle
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from autograder.data import formats, local, mapped
from autograder.data.formats import write_cifar10_batch, write_label_names
from autograder.data.made_once import SHARED, remove_made
from nn.datasets import (
    cifar10_classes,
    cifar10_source,
    get_cifar10_data,
    get_mnist_data,
    held_out_cifar10,
    held_out_mnist,
    load_cifar10,
    load_mnist,
)

ROWS = 40  # in each of the small batches


REAL = Path(__file__).parents[2] / "data"
FASHION = Path("/usr/share/datasets/fashion-mnist")


def write_set(folder, seed=0):
    """A small set in the official format: its images and labels, training first."""
    random = np.random.RandomState(seed)
    folder.mkdir(parents=True)
    images = random.randint(0, 256, (6 * ROWS, 32, 32, 3), np.uint8)
    labels = random.randint(0, 10, 6 * ROWS)
    for i, name in enumerate((*formats.TRAINING_BATCHES, formats.TEST_BATCH)):
        rows = slice(i * ROWS, (i + 1) * ROWS)
        names = (f"{row}.png" for row in range(ROWS))
        write_cifar10_batch(folder / name, f"batch {i}", images[rows], labels[rows], names)
    write_label_names(folder / "batches.meta", (f"class {label}" for label in range(10)), ROWS)
    return images, labels


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A data folder with a small set in it, found because it is below the current folder."""
    monkeypatch.delenv("NN_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    images, labels = write_set(tmp_path / "data" / "cifar-10-batches-py")
    return tmp_path / "data", images, labels


def copies(data):
    return [path.name for path in (data / "cifar-10-batches-py").glob("arrays-*")]


# What a grading run makes once


def test_images_are_made_once_for_all_submissions_of_a_run(small, monkeypatch, tmp_path):
    """Are they mapped then, the same to the last bit, a submission's own when it changes them, and gone afterwards?"""
    data, *_ = small
    view = tmp_path / "view"
    shutil.copytree(data, view)
    wanted = {"num_training": 10, "num_validation": 5, "num_test": 5, "dtype": np.float32}
    own = get_cifar10_data(**wanted, flatten="HWC")
    assert not [*view.glob("*/made-*")]
    monkeypatch.setenv(SHARED, str(view))
    get_cifar10_data(**wanted, flatten="HWC")
    monkeypatch.delenv(SHARED)
    assert {path.name for path in view.glob("*/made-*")} == {"made-mean-10.npy", "made-10-less-mean-HWC-float32.npy"}
    for _ in range(2):
        mapped = get_cifar10_data(**wanted, flatten="HWC", root=view)
        for name, array in own.items():
            np.testing.assert_array_equal(mapped[name], array, strict=True)
        assert isinstance(mapped["X_train"].base, np.memmap)
        mapped["X_train"] -= 1  # in this process only
    other = get_cifar10_data(**wanted, flatten="CHW", root=view)["X_train"]
    assert other.base is None
    remove_made(view)
    assert not [*view.glob("*/made-*")]
    assert get_cifar10_data(**wanted, flatten="HWC", root=view)["X_train"].base is None


# Reading the official files


def test_images_and_labels_come_in_the_official_order(small):
    """Are rows, channels and labels where the official files have them?"""
    _, images, labels = small
    X_train, y_train, X_test, y_test = load_cifar10()
    np.testing.assert_array_equal(np.concatenate([X_train, X_test]), images)
    np.testing.assert_array_equal(np.concatenate([y_train, y_test]), labels)
    assert (X_train.dtype, y_train.dtype) == (np.uint8, np.int64)
    assert len(X_test) == ROWS
    assert cifar10_classes() == tuple(f"class {label}" for label in range(10))
    assert cifar10_source() == "cifar10"


def test_any_reader_of_the_official_format_reads_the_small_set(small):
    """Is what these tests write what Python's own unpickler and numpy take for an official batch?"""
    data, images, labels = small
    with (data / "cifar-10-batches-py" / "data_batch_2").open("rb") as stream:
        batch = pickle.load(stream, encoding="latin1")
    assert sorted(batch) == ["batch_label", "data", "filenames", "labels"]
    np.testing.assert_array_equal(batch["data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), images[ROWS : 2 * ROWS])
    assert batch["labels"] == labels[ROWS : 2 * ROWS].tolist()


class Hostile:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def hostile_pickles():
    yield "os.system", pickle.dumps({"data": Hostile(os.system, "touch harmed")}, 2), "posix.system"
    yield "eval", pickle.dumps(Hostile(eval, "open('harmed', 'w')"), 2), "__builtin__.eval"
    yield "getattr", pickle.dumps(Hostile(getattr, "", "join"), 2), "__builtin__.getattr"
    yield "numpy's own functions", b"\x80\x02cnumpy\nload\n.", "numpy.load"
    yield "dotted name", b"\x80\x04\x8c\x05numpy\x8c\x10ndarray.__init__\x93.", "ndarray.__init__"
    yield "extension", b"\x80\x02\x82\x01.", "extension code"
    yield "persistent id", b"\x80\x02Pharmed\n.", "persistent"


@pytest.mark.parametrize(("raw", "complaint"), [pytest.param(*case[1:], id=case[0]) for case in hostile_pickles()])
def test_a_hostile_pickle_is_refused(small, raw, complaint):
    """Does a pickle that asks for anything but the three official names stop before it does anything?"""
    data, _, _ = small
    path = data / "cifar-10-batches-py" / "data_batch_3"
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=complaint) as caught:
        load_cifar10()
    assert str(path) in str(caught.value)
    assert not Path("harmed").exists()


def array_pickle(dtype="u1", rows=1, raw=b"\0" * 3072):
    """An official batch of one row but for what is given."""
    length = struct.pack("<i", len(raw))
    return (
        b"\x80\x02}(U\x06labels](K\x00eU\x04datacnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR"
        b"(K\x01(J"
        + struct.pack("<i", rows)
        + b"M\x00\x0ctcnumpy\ndtype\n(U"
        + bytes([len(dtype)])
        + dtype.encode()
        + b"K\x00K\x01tR"
        b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T" + length + raw + b"tbu."
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no pickle",
        array_pickle()[:-200],
        pickle.dumps([1, 2], 2),
        pickle.dumps({b"labels": [1]}, 2),
        b"\x80\x02r\xff\xff\xff\x7f.",
        array_pickle(dtype="O8"),
        array_pickle(dtype="f8"),
        array_pickle(rows=2**31 - 1),
        array_pickle(rows=-1),
        array_pickle(raw=b""),
        array_pickle().replace(b"](K\x00e", b"](K\x0ae"),
        array_pickle().replace(b"](K\x00e", b"](NeU"),
        array_pickle().replace(b"](K\x00e", b"](K\x00K\x00e"),
    ],
    ids=range(14),
)
def test_a_damaged_batch_is_refused(small, raw):
    """Cut off, something else, objects, shapes that do not fit, labels out of range: one clear error with the path?"""
    data, _, _ = small
    path = data / "cifar-10-batches-py" / "test_batch"
    path.write_bytes(raw)
    with pytest.raises(ValueError, match="test_batch is not an official CIFAR-10 file"):
        load_cifar10()


def test_the_least_official_batch_is_read(small):
    """Are the damaged batches above refused for their damage alone?"""
    data, _, _ = small
    path = data / "cifar-10-batches-py" / "test_batch"
    path.write_bytes(array_pickle())
    _, _, X_test, y_test = load_cifar10()
    assert X_test.shape == (1, 32, 32, 3)
    assert y_test.tolist() == [0]


# Where the data is


def test_the_first_place_with_data_is_taken(small, tmp_path, monkeypatch):
    """root, then $NN_DATA, then data in the current folder, then above: in this order?"""
    elsewhere, _ = write_set(tmp_path / "elsewhere" / "cifar-10-batches-py", seed=1)
    given, _ = write_set(tmp_path / "given" / "cifar-10-batches-py", seed=2)
    below = tmp_path / "some" / "folder"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    np.testing.assert_array_equal(load_cifar10()[0][0], small[1][0])
    monkeypatch.setenv("NN_DATA", str(tmp_path / "elsewhere"))
    np.testing.assert_array_equal(load_cifar10()[0][0], elsewhere[0])
    for root in (tmp_path / "given", str(tmp_path / "given" / "cifar-10-batches-py")):
        np.testing.assert_array_equal(load_cifar10(root)[0][0], given[0])


def test_real_images_win_over_the_stand_in(small, tmp_path, capsys):
    """With both there, even the stand-in nearer, is the real set taken; and does the stand-in always say what it is?"""
    data, _, _ = small
    stand_in = data / "synthetic-cifar-10-batches-py"
    write_set(stand_in, seed=1)
    (stand_in / local.SYNTHETIC_MARKER).touch()
    assert cifar10_source() == "cifar10"
    assert get_cifar10_data(150, 50, 20)["source"] == "cifar10"
    assert capsys.readouterr().out == ""
    shutil.rmtree(data / "cifar-10-batches-py")
    assert get_cifar10_data(150, 50, 20)["source"] == "synthetic"
    load_cifar10()
    assert capsys.readouterr().out.count("synthetic stand-in, NOT CIFAR-10") == 1
    stand_in.rename(data / "cifar-10-batches-py")
    assert cifar10_source() == "synthetic"


def test_without_data_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    """Does the message name the places and both commands?"""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NN_DATA", "/nowhere")
    with pytest.raises(FileNotFoundError) as caught:
        load_cifar10(tmp_path)
    assert f"no CIFAR-10 data in {tmp_path}" in str(caught.value)
    monkeypatch.setattr(local, "_data_folders", lambda: [tmp_path / "data"])
    with pytest.raises(FileNotFoundError) as caught:
        load_cifar10()
    for words in ("$NN_DATA (/nowhere)", str(tmp_path), "autograder data cifar10", "autograder data synthetic"):
        assert words in str(caught.value)


# The memory-mapped copy


def test_the_second_load_reads_no_pickle(small, monkeypatch):
    """Is the copy used, mapped, and may a student write into what is returned without harming it?"""
    first = load_cifar10()
    monkeypatch.setattr(formats, "_read_pickle", lambda *_: pytest.fail("read the pickles again"))
    second = load_cifar10()
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    assert type(second[0]) is np.ndarray
    assert isinstance(second[0].base, np.memmap)
    second[0][:] = 0
    np.testing.assert_array_equal(load_cifar10()[0], first[0])


def test_changed_batches_are_read_again(small):
    """After a batch is replaced, is the old copy neither used nor kept?"""
    data, _, _ = small
    load_cifar10()
    old = copies(data)
    images = np.full((ROWS, 32, 32, 3), 7, np.uint8)
    write_cifar10_batch(data / "cifar-10-batches-py" / "test_batch", "new", images, np.arange(ROWS) % 10, ["x"] * ROWS)
    assert (load_cifar10()[2] == 7).all()
    assert len(copies(data)) == 1
    assert copies(data) != old


def test_a_damaged_copy_is_made_again(small):
    """Half a file, or one lost: is the copy replaced, and the right data returned?"""
    data, images, _ = small
    load_cifar10()
    copy = next((data / "cifar-10-batches-py").glob("arrays-*"))
    os.truncate(copy / "X_train.npy", 100_000)
    np.testing.assert_array_equal(load_cifar10()[0], images[: 5 * ROWS])
    (copy / "y_test.npy").unlink()
    load_cifar10()
    assert sorted(path.name for path in copy.iterdir()) == sorted(f"{name}.npy" for name in mapped.ARRAY_NAMES)


def test_a_killed_writer_leaves_nothing_for_ever(small):
    """Is an abandoned, unfinished copy removed by the next one to write, and a fresh one left alone?"""
    folder = small[0] / "cifar-10-batches-py"
    abandoned, fresh = folder / ".arrays-0-old", folder / ".arrays-0-new"
    abandoned.mkdir()
    fresh.mkdir()
    os.utime(abandoned, (0, 0))
    load_cifar10()
    assert fresh.is_dir()
    assert not abandoned.exists()


def test_a_copy_that_another_process_makes_meanwhile_is_kept(small):
    """Another process finishes its copy while this one reads: is that copy left alone, and are the arrays right?"""
    data, images, _ = small
    folder = data / "cifar-10-batches-py"
    files = [folder / name for name in (*formats.TRAINING_BATCHES, formats.TEST_BATCH)]
    made = []

    def read():
        load_cifar10()
        made.extend((path, path.stat().st_mtime_ns) for path in folder.glob("arrays-*/X_train.npy"))
        return formats.read_cifar10_folder(folder)

    arrays = mapped.mapped_arrays(folder, files, read)
    np.testing.assert_array_equal(arrays["X_train"], images[: 5 * ROWS])
    assert [(path, path.stat().st_mtime_ns) for path in folder.glob("arrays-*/X_train.npy")] == made
    assert len(made) == 1
    assert not list(folder.glob(".arrays-*"))


def test_an_unfinished_copy_that_vanishes_meanwhile_costs_nothing(small, monkeypatch):
    """Another process puts its copy in place just as this one looks at its age: is the data returned all the same?"""
    data, images, _ = small
    other = data / "cifar-10-batches-py" / ".arrays-0-other"
    other.mkdir()
    glob = Path.glob

    def glob_then_vanish(folder, pattern):
        found = list(glob(folder, pattern))
        if other in found:
            other.rmdir()
        return found

    monkeypatch.setattr(Path, "glob", glob_then_vanish)
    np.testing.assert_array_equal(load_cifar10()[0], images[: 5 * ROWS])
    assert len(copies(data)) == 1
    assert not other.exists()


def load_and_sum(barrier, root, results):
    barrier.wait()
    X_train, y_train, X_test, y_test = load_cifar10(root)
    results.put((int(X_train.sum()), int(y_train.sum()), int(X_test.sum()), int(y_test.sum())))


def test_concurrent_first_loads_agree(small):
    """Four processes that all find no copy: does each get the data, and one complete copy remain?"""
    data, images, labels = small
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(4), context.Queue()
    processes = [context.Process(target=load_and_sum, args=(barrier, data, results)) for _ in range(4)]
    for process in processes:
        process.start()
    sums = {results.get(timeout=60) for _ in processes}
    for process in processes:
        process.join()
    parts = (images[:-ROWS], labels[:-ROWS], images[-ROWS:], labels[-ROWS:])
    assert sums == {tuple(int(part.sum()) for part in parts)}
    assert len(copies(data)) == 1
    assert not list((data / "cifar-10-batches-py").glob(".arrays-*"))


@pytest.mark.parametrize("error", [PermissionError(13, "denied"), OSError(30, "read-only file system")])
def test_a_folder_that_cannot_be_written_is_read(small, monkeypatch, error):
    """Is the data returned all the same, quietly?"""
    data, images, _ = small

    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(Path, "mkdir", refuse)
    np.testing.assert_array_equal(load_cifar10()[0], images[: 5 * ROWS])
    assert not copies(data)


def test_a_full_disk_leaves_no_half_copy(small):
    """When the copy does not fit, is the data returned and nothing left lying about?"""
    data, images, _ = small
    program = (
        "import resource, sys; from nn.datasets import load_cifar10\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "print(load_cifar10(sys.argv[1])[0].sum())"
    )
    run = subprocess.run([sys.executable, "-c", program, str(data)], capture_output=True, text=True, check=True)
    assert int(run.stdout) == images[: 5 * ROWS].sum()
    assert not [path for path in (data / "cifar-10-batches-py").iterdir() if "arrays" in path.name]


def test_the_copy_alone_is_enough(small):
    """Without the official batches, are the arrays of the copy the data?"""
    data, images, _ = small
    load_cifar10()
    for path in (data / "cifar-10-batches-py").glob("*_batch*"):
        path.unlink()
    np.testing.assert_array_equal(load_cifar10()[0], images[: 5 * ROWS])


def test_a_missing_batch_is_named(small):
    """Does the error say which file is not there, and what to do?"""
    (small[0] / "cifar-10-batches-py" / "data_batch_3").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks data_batch_3, .*\n.*autograder data"):
        load_cifar10()


# Splits


@pytest.mark.parametrize(("flatten", "order"), [(None, "NCHW"), ("CHW", "NCHW"), ("HWC", "NHWC")])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_split_has_the_mean_training_image_subtracted(small, flatten, order, dtype):
    """Rows, layout, dtype and the float64 mean: as computed the plain way?"""
    _, images, labels = small
    data = get_cifar10_data(140, 50, 20, flatten=flatten, dtype=dtype)
    plain = images.transpose(["NHWC".index(axis) for axis in order]).astype(np.float64)
    plain = plain if flatten is None else plain.reshape(len(plain), -1)
    mean = plain[:140].mean(axis=0)
    rows = {"train": slice(0, 140), "val": slice(140, 190), "test": slice(200, 220)}
    for split, part in rows.items():
        X, y = data[f"X_{split}"], data[f"y_{split}"]
        np.testing.assert_array_equal(X, (plain[part] - mean).astype(dtype))
        np.testing.assert_array_equal(y, labels[part])
        assert X.flags.c_contiguous
    np.testing.assert_array_equal(data["mean_image"], mean)
    X, y = held_out_cifar10(140, 20, flatten=flatten, dtype=dtype)
    np.testing.assert_array_equal(X, (plain[220:] - mean).astype(dtype))
    np.testing.assert_array_equal(y, labels[220:])
    assert all(hasattr(value, "shape") for value in data.values())


@pytest.mark.parametrize(("flatten", "shape"), [(None, (3, 32, 32)), ("CHW", (3072,)), ("HWC", (3072,))])
def test_a_part_can_be_empty(small, flatten, shape):
    """Without validation or test rows, are there empty arrays of the right shape?"""
    data = get_cifar10_data(150, 0, 0, flatten=flatten)
    assert data["X_val"].shape == data["X_test"].shape == (0, *shape)


def test_images_can_stay_as_they_are(small):
    """Without subtraction, are the bytes kept, and bytes if wanted?"""
    data = get_cifar10_data(150, 50, 20, subtract_mean=False, flatten="HWC", dtype=np.uint8)
    assert data["X_val"].dtype == np.uint8
    np.testing.assert_array_equal(data["X_val"], small[1][150:200].reshape(50, -1))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"num_training": 151}, r"num_training=151 and num_validation=50 ask for 201 rows, but there are 200"),
        ({"num_test": 41}, "num_test=41 asks for 41 rows, but there are 40 in the test set"),
        ({"num_training": 0}, "num_training must be at least 1"),
        ({"num_training": -1, "num_validation": 10}, "num_training must not be negative: -1"),
        ({"num_validation": -10}, "num_validation must not be negative: -10"),
        ({"flatten": "WHC"}, 'flatten must be None, "HWC" or "CHW", not \'WHC\''),
        ({"dtype": np.int32}, "dtype must be a float type where the mean image is subtracted, not int32"),
    ],
)
def test_a_split_that_cannot_be_is_refused(small, arguments, complaint):
    """Is the argument named, with what it is and what there is?"""
    with pytest.raises(ValueError, match=complaint):
        get_cifar10_data(**{"num_training": 150, "num_validation": 50, "num_test": 20} | arguments)


def test_held_out_rows_are_missed_clearly(small):
    """Where the test set is cut, does the error say so rather than return no rows?"""
    with pytest.raises(ValueError, match=r"the test set here ends at row 40.*\n.*withheld while a submission runs"):
        held_out_cifar10(150, 40)


# Real images


@pytest.fixture
def real(monkeypatch):
    if not (REAL / "cifar-10-batches-py" / "test_batch").is_file():
        pytest.skip("data/cifar-10-batches-py is not there")
    monkeypatch.setenv("NN_DATA", str(REAL))


@pytest.mark.real_data
def test_real_images_are_in_the_official_order(real):
    """Do the first labels and the class counts agree with the official set?"""
    X_train, y_train, X_test, y_test = load_cifar10()
    assert X_train.shape == (50000, 32, 32, 3)
    assert X_test.shape == (10000, 32, 32, 3)
    assert y_train[:10].tolist() == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]
    assert y_test[:10].tolist() == [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]
    assert np.bincount(y_train).tolist() == [5000] * 10
    assert cifar10_classes()[3] == "cat"


@pytest.mark.real_data
def test_the_second_load_of_real_images_takes_no_time(real):
    """Under 0.2 seconds of a processor, where reading the batches takes more?"""
    load_cifar10()
    start = time.process_time()
    load_cifar10()
    assert time.process_time() - start < 0.2


@pytest.mark.real_data
def test_the_split_is_made_without_a_second_copy(real):
    """Is the peak little more than what is returned? (1.25 GB of float64; all mapped bytes are 0.18 GB)"""
    program = (
        "from nn.datasets import get_cifar10_data\n"
        "data = get_cifar10_data(flatten='HWC')\n"
        "status = open('/proc/self/status').read()\n"  # getrusage would count what pytest itself held before the fork
        "print(int(status.split('VmHWM:')[1].split()[0]) * 1024)"
    )
    load_cifar10()
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 51000 * 3072 * 8 + 0.35e9


# MNIST


def idx(array, magic=8):
    return struct.pack(f">HBB{array.ndim}I", 0, magic, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def write_mnist(folder, pack=lambda raw: raw, ending=""):
    random = np.random.RandomState(0)
    folder.mkdir(parents=True)
    arrays = {}
    for name, stem in formats.MNIST_FILES.items():
        rows = 30 if "train" in name else 10
        arrays[name] = random.randint(0, 256, (rows, 28, 28)) if name.startswith("X") else random.randint(0, 10, rows)
        (folder / f"{stem}{ending}").write_bytes(pack(idx(arrays[name])))
    return arrays


@pytest.mark.parametrize(("pack", "ending"), [(bytes, ""), (gzip.compress, ".gz")], ids=["plain", "gzipped"])
def test_idx_files_are_read(tmp_path, monkeypatch, pack, ending):
    """Plain or gzipped, found by folder, by $NN_DATA or below data: the images and labels that were written?"""
    arrays = write_mnist(tmp_path / "data" / "mnist", pack, ending)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NN_DATA", raising=False)
    for root in (tmp_path / "data" / "mnist", tmp_path / "data", None):
        for (name, expected), array in zip(arrays.items(), load_mnist(root), strict=True):
            np.testing.assert_array_equal(array, expected)
            assert array.dtype == (np.uint8 if name.startswith("X") else np.int64)
    monkeypatch.setenv("NN_DATA", str(tmp_path / "data"))
    monkeypatch.chdir("/")
    assert isinstance(load_mnist()[0].base, np.memmap)


def test_the_mnist_split(tmp_path):
    """Are the parts the rows that they should be, brightness from 0 to 1, and the held-out rows all those left over?"""
    arrays = write_mnist(tmp_path / "mnist")
    data = get_mnist_data(20, 8, 3, root=tmp_path)
    held_out = held_out_mnist(3, root=tmp_path)
    parts = {"train": slice(0, 20), "val": slice(20, 28), "test": slice(0, 3)}
    got = {name: (data[f"X_{name}"], data[f"y_{name}"]) for name in parts} | {"held out": held_out}
    for name, rows in (parts | {"held out": slice(3, 10)}).items():
        source = "train" if name in ("train", "val") else "test"
        X, y = got[name]
        assert X.dtype == np.float32
        images = arrays[f"X_{source}"][rows]
        np.testing.assert_allclose(X, images.reshape(len(images), 784) / 255, rtol=1e-6)
        np.testing.assert_array_equal(y, arrays[f"y_{source}"][rows])
    assert data["source"] == "unknown"
    assert get_mnist_data(20, 0, 0, np.float64, tmp_path)["X_val"].shape == (0, 784)
    with pytest.raises(ValueError, match="num_training=30 and num_validation=1 ask for 31 rows"):
        get_mnist_data(30, 1, 3, root=tmp_path)
    with pytest.raises(ValueError, match="held_out_mnist: the test set here ends at row 10"):
        held_out_mnist(10, root=tmp_path)


@pytest.mark.parametrize(
    ("stem", "damage", "complaint"),
    [
        ("train-images-idx3-ubyte", lambda raw: raw[:-1], "holds less than the 23520 bytes"),
        ("train-images-idx3-ubyte", lambda raw: raw + b"x", "holds more than the 23520 bytes"),
        ("train-images-idx3-ubyte", lambda raw: raw[:3], "cannot be read"),
        ("train-images-idx3-ubyte", lambda raw: raw[:2] + b"\x0d" + raw[3:], "does not begin as an IDX file"),
        ("train-images-idx3-ubyte", lambda raw: b"<html>", "does not begin as an IDX file"),
        (
            "t10k-labels-idx1-ubyte",
            lambda raw: idx(np.zeros(9)),
            r"test images \(10, 28, 28\) and labels \(9,\) do not fit",
        ),
    ],
)
def test_a_damaged_idx_file_is_refused(tmp_path, stem, damage, complaint):
    """Is the file named, and what is wrong with it?"""
    write_mnist(tmp_path / "mnist")
    path = tmp_path / "mnist" / stem
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=complaint) as caught:
        load_mnist(tmp_path)
    assert str(path.parent) in str(caught.value)


def test_a_cut_gzip_file_is_refused(tmp_path):
    """Does a download that was cut off give an error that names the file?"""
    write_mnist(tmp_path / "m", gzip.compress, ".gz")
    path = tmp_path / "m" / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz cannot be read"):
        load_mnist(tmp_path / "m")


def test_without_mnist_the_error_says_how_to_get_it(tmp_path):
    """Does the message name the place and the command?"""
    with pytest.raises(FileNotFoundError, match=rf"no MNIST data in {tmp_path}\.\n.*autograder data mnist"):
        load_mnist(tmp_path)


@pytest.mark.skipif(not FASHION.is_dir(), reason="the Debian package dataset-fashion-mnist is not installed")
def test_files_of_the_same_format_from_elsewhere_are_read(tmp_path):
    """Fashion-MNIST as published: 60,000 and 10,000 images, ten classes of the same size?"""
    for path in FASHION.glob("*.gz"):
        (tmp_path / path.name).symlink_to(path)
    X_train, y_train, X_test, y_test = load_mnist(tmp_path)
    assert X_train.shape == (60000, 28, 28)
    assert X_test.shape == (10000, 28, 28)
    assert np.bincount(y_train).tolist() == [6000] * 10
    assert np.bincount(y_test).tolist() == [1000] * 10
