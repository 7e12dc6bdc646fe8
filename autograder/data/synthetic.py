"""Generate a stand-in for CIFAR-10: learnable to about the same accuracies, written in the official format.

An image is the sum of
- colour noise whose amplitude falls with spatial frequency, as in photographs;
- a few scenes that all classes share, with weights whose mean depends on the class: what a linear classifier can use;
- one of many smooth prototypes of its class, shifted a little: what needs a hidden layer, or neighbours.

All of it is sums and products of integers far below 2**53, kept in float64, where matrix products of such numbers are
exact. So the bytes depend on the seed alone, not on the machine's BLAS or on numpy's version: `RandomState` promises
its stream, and everything else is arithmetic.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
from tqdm import tqdm

from autograder.data.formats import META, TEST_BATCH, TRAINING_BATCHES, write_cifar10_batch, write_label_names
from autograder.data.local import SYNTHETIC_MARKER

CLASSES = tuple(f"synthetic-{label}" for label in range(10))
MARKER_TEXT = """\
These images are generated. They are NOT CIFAR-10, and their classes mean nothing.
They stand in for it where there is no network; get the real images with  autograder data cifar10
"""
BATCHES = {name: f"training batch {i} of 5" for i, name in enumerate(TRAINING_BATCHES, 1)}
BATCHES[TEST_BATCH] = "testing batch 1 of 1"

SIDE = 32
_GREY = 128
_BLOCK = 1000  # images made at a time
_COSINE = 64  # amplitude of the integer cosines
_NORMAL = 16  # standard deviation of the integer normal numbers
_PIXEL = 2**24  # what one grey level is in a block of integer pixels
_COEFFICIENT = 2**13  # norm of the coefficients of a pattern with a standard deviation of one grey level


@dataclass(frozen=True)
class Recipe:
    """What the images are made of; amplitudes are standard deviations in grey levels."""

    seed: int = 0
    noise: float = 14.7
    noise_falloff: float = 1.32
    noise_colour: float = 0.3  # of each channel's own noise, relative to what the channels share
    scenes: int = 3
    scene_size: int = 4  # patterns are sums of size x size cosines
    scene_signal: float = 20.0  # between the classes, for the first scene
    scene_noise: float = 36.0  # within a class, for the first scene
    scene_decay: float = 0.63  # from one scene to the next
    prototypes: int = 10  # in each class
    prototype_size: int = 3
    prototype: float = 15.0
    prototype_falloff: float = 1.0
    shift: int = 1  # at most, in pixels
    odd_percent: int = 42  # of the images show a prototype of any class, so that no classifier can be right always


def write_synthetic(folder: Path, rows_per_batch: int = 10000, recipe: Recipe | None = None) -> Path:
    """Write the five training batches, the test batch, batches.meta and a marker file into `folder`.

    Args:
        folder: replaced by a complete set, or left as it was.
        rows_per_batch: a multiple of 10; the official number is 10000.
        recipe: what to make; by default the set that all courses share.

    Returns:
        `folder`.
    """
    generator = _Generator(recipe or Recipe())
    folder.parent.mkdir(parents=True, exist_ok=True)
    bar = tqdm(desc="synthetic images", total=len(BATCHES) * rows_per_batch, unit=" images", disable=None)
    with bar, tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as unfinished:
        fresh = Path(unfinished, folder.name)
        fresh.mkdir()
        for number, (name, title) in enumerate(BATCHES.items()):
            images, labels = generator.batch(number, rows_per_batch, bar)
            filenames = (f"{CLASSES[label]}_{name}_{row:05}.png" for row, label in enumerate(labels))
            write_cifar10_batch(fresh / name, title, images, labels, filenames)
        write_label_names(fresh / META, CLASSES, rows_per_batch)
        (fresh / SYNTHETIC_MARKER).write_text(MARKER_TEXT, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        fresh.replace(folder)
    return folder


class _Normal:
    """Integers whose distribution is normal with standard deviation `_NORMAL`, from a stream that never changes."""

    table = np.array([round(_NORMAL * NormalDist().inv_cdf((i + 0.5) / 256)) for i in range(256)], np.float64)

    def __init__(self, seed: int | list[int]) -> None:
        self.random = np.random.RandomState(seed)

    def __call__(self, *shape: int) -> np.ndarray:
        return self.table[self.random.randint(0, 256, shape, np.uint8)]


class _Generator:
    """The patterns that all images of a recipe share, and the batches made from them."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        normal = _Normal(recipe.seed)
        self.noise = self._noise_amplitudes()
        self.scenes = _smooth(normal, recipe.scenes, recipe.scene_size, 0.5)
        self.scene_means = self._scene_means(normal)
        self.prototypes = self._shifted_prototypes(normal)

    def batch(self, number: int, rows: int, bar: tqdm) -> tuple[np.ndarray, np.ndarray]:
        """Images (rows, 32, 32, 3) uint8 and labels (rows,), the same number of each class, of batch `number`."""
        normal = _Normal([self.recipe.seed, number])
        labels = normal.random.permutation(np.arange(rows) % len(CLASSES))
        images = np.empty((rows, SIDE, SIDE, 3), np.uint8)
        for start in range(0, rows, _BLOCK):
            block = slice(start, start + _BLOCK)
            images[block] = self._images(labels[block], normal)
            bar.update(len(images[block]))
        return images, labels

    def _images(self, labels: np.ndarray, normal: _Normal) -> np.ndarray:
        recipe, count = self.recipe, len(labels)
        shared = normal(count, 1, SIDE, SIDE)
        own = normal(count, 3, SIDE, SIDE)
        coefficients = self.noise[0] * shared + self.noise[1] * own
        weights = self.scene_means[labels] + normal(count, recipe.scenes) * self._scene_amplitudes(recipe.scene_noise)
        low = recipe.scene_size
        coefficients[:, :, :low, :low] += np.tensordot(weights, self.scenes, axes=1)
        pixels = _inverse_cosine_transform(coefficients, range(SIDE))
        odd = normal.random.randint(0, 100, count) < recipe.odd_percent
        shown = np.where(odd, normal.random.randint(0, len(CLASSES), count), labels)
        which = normal.random.randint(0, recipe.prototypes, count)
        row_shift, column_shift = normal.random.randint(0, 2 * recipe.shift + 1, (2, count))
        pixels += self.prototypes[shown, which, row_shift, column_shift]
        pixels = np.floor(pixels / _PIXEL) + _GREY
        return pixels.clip(0, 255).astype(np.uint8).transpose(0, 2, 3, 1)

    def _noise_amplitudes(self) -> np.ndarray:
        """(2, 32, 32) integers: of the noise that the channels share, and of each channel's own."""
        recipe = self.recipe
        spectrum = (0.7 + _frequencies(SIDE)) ** -recipe.noise_falloff
        spectrum /= np.sqrt(np.sum(spectrum**2))
        shared = recipe.noise / np.hypot(1, recipe.noise_colour) * _COEFFICIENT / _NORMAL * spectrum
        return np.rint([shared, recipe.noise_colour * shared])

    def _scene_amplitudes(self, first: float) -> np.ndarray:
        """(scenes,) integers: what to multiply a normal number with, for weights that vary by `first` grey levels."""
        amplitudes = first * self.recipe.scene_decay ** np.arange(self.recipe.scenes)
        return np.rint(amplitudes * _COEFFICIENT / _NORMAL / _SMOOTH_NORM)

    def _scene_means(self, normal: _Normal) -> np.ndarray:
        """(10, scenes) integers: the mean weight of each scene in each class."""
        means = normal(len(CLASSES), self.recipe.scenes)
        means -= means.mean(axis=0)
        means *= _NORMAL / means.std(axis=0)
        return np.rint(means * self._scene_amplitudes(self.recipe.scene_signal))

    def _shifted_prototypes(self, normal: _Normal) -> np.ndarray:
        """(10, prototypes, 2 shift + 1, 2 shift + 1, 3, 32, 32) integers: each prototype in each of its places."""
        recipe = self.recipe
        amplitude = np.rint(recipe.prototype * _COEFFICIENT / _SMOOTH_NORM)
        count, size = len(CLASSES) * recipe.prototypes, recipe.prototype_size
        patterns = _smooth(normal, count, size, recipe.prototype_falloff, with_mean=False)
        positions = range(-recipe.shift, SIDE + recipe.shift)
        larger = _inverse_cosine_transform(patterns * amplitude, positions)
        windows = np.lib.stride_tricks.sliding_window_view(larger, (SIDE, SIDE), axis=(2, 3))
        places = 2 * recipe.shift + 1
        by_place = windows.transpose(0, 2, 3, 1, 4, 5)
        return by_place.reshape(len(CLASSES), recipe.prototypes, places, places, 3, SIDE, SIDE)


_SMOOTH_NORM = 256  # norm of the coefficients of a smooth pattern


def _frequencies(size: int) -> np.ndarray:
    """(size, size): the spatial frequency of each cosine product, in half waves per image."""
    return np.hypot(*np.indices((size, size)))


def _smooth(normal: _Normal, count: int, size: int, falloff: float, with_mean: bool = True) -> np.ndarray:
    """(count, 3, size, size) integer coefficients of random smooth colour patterns, all of the same norm."""
    shared, own = normal(count, 1, size, size), normal(count, 3, size, size)
    coefficients = (shared + 0.6 * own) * (1 + _frequencies(size)) ** -falloff
    coefficients[:, :, 0, 0] *= with_mean
    norms = np.sqrt(np.mean(coefficients**2, axis=1, keepdims=True).sum(axis=(2, 3), keepdims=True))
    return np.rint(coefficients * (_SMOOTH_NORM / norms))


def _inverse_cosine_transform(coefficients: np.ndarray, positions: range) -> np.ndarray:
    """(..., P, P) integer pixels at `positions` in both directions, from (..., K, K) integer coefficients."""
    waves = np.arange(coefficients.shape[-1])
    phases = (np.array(positions)[:, None] + 0.5) * waves * np.pi / SIDE
    cosines = np.rint(_COSINE * np.cos(phases) * np.where(waves == 0, np.sqrt(0.5), 1.0))
    return cosines @ coefficients @ cosines.T
