"""Generate a stand-in for MNIST: printed digits, distorted, thickened and smudged, in MNIST's own IDX format.

Every digit of the fonts that matplotlib carries becomes a table of distances to its outline. An image samples one such
table along a random smooth distortion of the plane; where the distance is below a random thickness there is ink. Pixels
are integers computed from integers (in float64, far below 2**53), so the bytes depend on the seed and the fonts alone.
"""

import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextPath
from tqdm import tqdm

from autograder.data.formats import write_idx
from autograder.data.local import DIGITS_MARKER

MARKER_TEXT = """\
These digits are generated from printed ones. They are NOT MNIST, which was written by hand.
They stand in for it where there is no network; get the real images with  autograder data mnist
"""
SPLITS = {"train": 60000, "t10k": 10000}
FONTS = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSansMono-BoldOblique"),
    *("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic"),
    *("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta"),
    *("cmr10", "cmb10", "cmss10", "cmtt10"),
)

SIDE = 28
DIGITS = 10
_GLYPH_HEIGHT = 20  # pixels of a digit before distortion, as in MNIST
_COARSE = 2  # table entries in a pixel where distances are computed
_FINE = 8  # table entries in a pixel where images sample
_MARGIN = 5  # pixels of table on each side beyond the image
_UNIT = 64  # a distance of one pixel in the tables
_CURVE_STEPS = 4
_BLOCK = 500  # images made at a time
_SHIFT = 2**20  # what one table entry is in integer coordinates


@dataclass(frozen=True)
class DigitsRecipe:
    """What the images are made of. All but the seed are largest deviations: each image draws its own, evenly."""

    seed: int = 0
    stretch: float = 0.25  # of width and height, relative
    slant: float = 0.4  # sideways per pixel of height, and upwards per pixel of width half as much
    bend: float = 0.25  # at the edge, relative: what the terms x*x, x*y, y*y of the distortion do
    place: float = 1.9  # pixels
    thickness: float = 0.7  # pixels that the outline moves in or out
    grain: int = 60  # grey levels of noise in each pixel, where there is ink
    missing: int = 25  # per cent of the images that lack a round spot
    spot: float = 3.6  # radius of the largest spot, in pixels


def write_synthetic_digits(
    folder: Path, rows: dict[str, int] | None = None, recipe: DigitsRecipe | None = None
) -> Path:
    """Write the four IDX files and a marker file into `folder`.

    Args:
        folder: replaced by a complete set, or left as it was.
        rows: images in "train" and "t10k"; the official numbers by default. Multiples of 10 make equal classes.
        recipe: what to make; by default the set that all courses share.

    Returns:
        `folder`.
    """
    recipe, rows = recipe or DigitsRecipe(), rows or SPLITS
    tables = distance_tables()
    folder.parent.mkdir(parents=True, exist_ok=True)
    bar = tqdm(desc="synthetic digits", total=sum(rows.values()), unit=" images", disable=None)
    with bar, tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as unfinished:
        fresh = Path(unfinished, folder.name)
        fresh.mkdir()
        for number, (split, count) in enumerate(rows.items()):
            random = np.random.RandomState([recipe.seed, number])
            labels = random.permutation(np.arange(count) % DIGITS)
            images = np.empty((count, SIDE, SIDE), np.uint8)
            for start in range(0, count, _BLOCK):
                block = slice(start, start + _BLOCK)
                images[block] = draw(labels[block], tables, recipe, random)
                bar.update(len(labels[block]))
            write_idx(fresh / f"{split}-images-idx3-ubyte", images)
            write_idx(fresh / f"{split}-labels-idx1-ubyte", labels.astype(np.uint8))
        (fresh / DIGITS_MARKER).write_text(MARKER_TEXT, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        fresh.replace(folder)
    return folder


def draw(labels: np.ndarray, tables: np.ndarray, recipe: DigitsRecipe, random: np.random.RandomState) -> np.ndarray:
    """Images (N, 28, 28) uint8 of the digits `labels`."""
    count = len(labels)
    table = labels * len(FONTS) + random.randint(0, len(FONTS), count)
    rows, columns = np.floor(_distortions(count, recipe, random) @ _MONOMIALS / _SHIFT).clip(0, tables.shape[1] - 1)
    flat = (table[:, None] * tables.shape[1] + rows.astype(np.intp)) * tables.shape[2] + columns.astype(np.intp)
    distance = tables.ravel()[flat]
    thickness = _even(random, recipe.thickness * _UNIT, count)
    ink = ((distance + thickness[:, None]) * 4 + 128).clip(0, 255)
    ink -= ink * random.randint(0, recipe.grain, ink.shape, np.uint8) // 256
    ink[_spots(count, recipe, random)] = 0
    return ink.astype(np.uint8).reshape(count, SIDE, SIDE)


def _even(random: np.random.RandomState, largest: float, *shape: int) -> np.ndarray:
    """Integers between -largest and largest, as float64."""
    bound = round(largest)
    return random.randint(-bound, bound + 1, shape).astype(np.float64)


def _monomials() -> np.ndarray:
    """(6, 784) integers: 1, y, x, y*y, x*y, x*x at each pixel, in half pixels from the middle of the image."""
    y, x = (2 * np.indices((SIDE, SIDE)).reshape(2, -1) - (SIDE - 1)).astype(np.float64)
    return np.stack([np.ones_like(x), y, x, y * y, x * y, x * x])


_MONOMIALS = _monomials()


def _distortions(count: int, recipe: DigitsRecipe, random: np.random.RandomState) -> np.ndarray:
    """(2, N, 6) integer coefficients: which row and column of the table each pixel shows."""
    half_pixel = _FINE * _SHIFT / 2
    middle = (SIDE / 2 + _MARGIN) * _FINE * _SHIFT
    bend = half_pixel * recipe.bend / SIDE
    identity = np.rint([[middle, half_pixel, 0, 0, 0, 0], [middle, 0, half_pixel, 0, 0, 0]])
    place, stretch, slant = 2 * half_pixel * recipe.place, half_pixel * recipe.stretch, half_pixel * recipe.slant
    largest = [[place, stretch, slant / 2, bend, bend, bend], [place, slant, stretch, bend, bend, bend]]
    deviations = [[_even(random, each, count) for each in axis] for axis in largest]
    return identity[:, None] + np.array(deviations).transpose(0, 2, 1)


def _spots(count: int, recipe: DigitsRecipe, random: np.random.RandomState) -> np.ndarray:
    """(N, 784) bool: where the ink has come off."""
    middle = random.randint(0, 2 * SIDE, (2, count, 1)) - (SIDE - 1)
    radius = random.randint(0, round(2 * recipe.spot) + 1, (count, 1))
    radius[random.randint(0, 100, count) >= recipe.missing] = 0
    _, y, x, *_ = _MONOMIALS
    return (y - middle[0]) ** 2 + (x - middle[1]) ** 2 < radius**2


@cache
def distance_tables() -> np.ndarray:
    """(10 * fonts, rows, columns) int16: distance to the outline, positive inside; by digit, then by font."""
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    fonts = [FontProperties(fname=folder / f"{name}.ttf") for name in FONTS]
    return np.stack([_refined(_distances(_segments(font, str(d)))) for d in range(DIGITS) for font in fonts])


def _segments(font: FontProperties, character: str) -> np.ndarray:
    """(S, 2, 2): start and end (y, x) of the straight pieces of an outline, in pixels of the table, upright."""
    points = []
    for corner, code in TextPath((0, 0), character, size=100, prop=font).iter_segments(simplify=False):
        corner = corner.reshape(-1, 2)
        if code == Outline.MOVETO:
            first = here = corner[0]
        elif code == Outline.CLOSEPOLY:
            points.append((here, first))
            here = first
        else:
            for there in _flattened(np.vstack([here, corner])):
                points.append((here, there))
                here = there
    lines = np.array(points)[:, :, ::-1]
    low, high = lines.min(axis=(0, 1)), lines.max(axis=(0, 1))
    lines = (lines - (low + high) / 2) * (_GLYPH_HEIGHT / (high[0] - low[0]))
    lines[:, :, 0] *= -1  # rows grow downwards
    return lines + SIDE / 2 + _MARGIN


def _flattened(control: np.ndarray) -> np.ndarray:
    """Points along a Bézier curve of any degree, its start left out (de Casteljau's construction)."""
    if len(control) == 2:
        return control[1:]
    t = np.arange(1, _CURVE_STEPS + 1)[:, None, None] / _CURVE_STEPS
    points = np.broadcast_to(control, (_CURVE_STEPS, *control.shape))
    while points.shape[1] > 1:
        points = (1 - t) * points[:, :-1] + t * points[:, 1:]
    return points[:, 0]


def _distances(segments: np.ndarray) -> np.ndarray:
    """Distance of each coarse entry to the nearest segment, positive inside by the winding rule; in units, rounded."""
    side = (SIDE + 2 * _MARGIN) * _COARSE
    y, x = ((np.indices((side, side)).reshape(2, -1, 1)) + 0.5) / _COARSE
    (y0, x0), (y1, x1) = segments[:, 0].T, segments[:, 1].T
    dy, dx = y1 - y0, x1 - x0
    along = (((y - y0) * dy + (x - x0) * dx) / np.maximum(dy * dy + dx * dx, 1e-12)).clip(0, 1)
    squared = (y - y0 - along * dy) ** 2 + (x - x0 - along * dx) ** 2
    crosses = (y0 <= y) != (y1 <= y)
    left_of = (x0 - x) * dy < (y0 - y) * dx
    winding = np.sum(np.where(crosses & (left_of == (dy > 0)), np.sign(dy), 0), axis=1)
    distance = np.sqrt(squared.min(axis=1)) * np.where(winding != 0, 1, -1)
    return np.rint(distance * _UNIT).reshape(side, side)


def _refined(coarse: np.ndarray) -> np.ndarray:
    """The table with more entries in a pixel, linear in between."""
    step = _FINE // _COARSE
    fractions = (np.arange(step) + 0.5) / step - 0.5
    fine = coarse
    for axis in (0, 1):
        before, after = np.roll(fine, 1, axis), np.roll(fine, -1, axis)
        pieces = [fine + max(f, 0) * (after - fine) + max(-f, 0) * (before - fine) for f in fractions]
        rows, columns = fine.shape
        fine = np.stack(pieces, axis + 1).reshape((rows * step, columns) if axis == 0 else (rows, columns * step))
    return np.rint(fine).astype(np.int16)
