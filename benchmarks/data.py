"""How long loading CIFAR-10 takes, and how much memory one and four processes need for it together.

    python benchmarks/data.py [DATA] [--quick]

DATA is the data folder (default: data); where it holds no images, synthetic ones are made for the run. The official
batches are copied to a temporary folder first, so that the first load there is a first load. Memory is the proportional
set size: a page that n processes share counts 1/n in each.
"""

import argparse
import multiprocessing
import pickle
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from autograder.data.synthetic import write_synthetic
from autograder.machine import load_now
from nn.datasets import get_cifar10_data, load_cifar10

BATCHES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch", "batches.meta")


def seconds(function, *arguments, **options) -> float:
    start = time.perf_counter()
    function(*arguments, **options)
    return time.perf_counter() - start


def proportional_mb() -> float | None:
    """This process's proportional set size; None where the system does not tell (it is Linux that does)."""
    try:
        lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("Pss:"))


def unpickled(root: Path) -> np.ndarray:
    """What the page of the data set shows: unpickle each batch, and put the images of all together."""
    batches = [pickle.loads((root / name).read_bytes(), encoding="bytes") for name in BATCHES[:-1]]
    return np.concatenate([batch[b"data"] for batch in batches])


def load_and_weigh(root: Path, all_loaded, all_weighed, results) -> None:
    before = proportional_mb()
    arrays = load_cifar10(root)
    for array in arrays:
        array.sum()  # touches every page
    all_loaded.wait()
    after = proportional_mb()
    all_weighed.wait()
    results.put((before, after))


def total_mb(root: Path, processes: int) -> float | None:
    """Memory that `processes` processes need together for the loaded set, beyond what they need without it."""
    context = multiprocessing.get_context("spawn")
    barriers = [context.Barrier(processes) for _ in range(2)]
    results = context.Queue()
    children = [context.Process(target=load_and_weigh, args=(root, *barriers, results)) for _ in range(processes)]
    for child in children:
        child.start()
    weights = [results.get() for _ in children]
    for child in children:
        child.join()
    return None if None in weights[0] else sum(after - before for before, after in weights)


def main(data: Path, quick: bool) -> None:
    print(load_now())
    folders = ("cifar-10-batches-py", "synthetic-cifar-10-batches-py")
    folder = next((data / name for name in folders if (data / name / "test_batch").is_file()), None)
    with tempfile.TemporaryDirectory() as place:
        if folder is None:
            print(f"{data} holds no images: synthetic ones are made")
            folder = write_synthetic(Path(place, "synthetic-cifar-10-batches-py"))
        root = Path(place, "cifar-10-batches-py")
        root.mkdir()
        for name in BATCHES:
            shutil.copyfile(folder / name, root / name)
        print(f"{folder.name}")
        print(f"{'first load':<44}{seconds(load_cifar10, root):8.3f} s")
        print(f"{'second load':<44}{seconds(load_cifar10, root):8.3f} s")
        for dtype in (np.float64, np.float32):
            taken = seconds(get_cifar10_data, flatten="HWC", dtype=dtype, root=root)
            print(f"{f'second load and split, {dtype.__name__}':<44}{taken:8.3f} s")
        pickled = seconds(unpickled, root)
        print(f"{'peer: the five batches unpickled, as published':<44}{pickled:8.3f} s")
        print(f"{'second load, times as fast as that':<44}{pickled / seconds(load_cifar10, root):8.0f}")
        for processes in (1,) if quick else (1, 4):
            memory = total_mb(root, processes)
            shown = "unknown here" if memory is None else f"{memory:8.0f} MB"
            print(f"{f'memory for the images, {processes} process(es) together':<44}{shown}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=Path(__file__).parents[1] / "data")
    parser.add_argument("--quick", action="store_true", help="memory of one process only")
    given = parser.parse_args()
    main(given.data, given.quick)
