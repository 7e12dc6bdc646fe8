"""Short fingerprints of what a student wrote, by which submissions that hold the same can be told later.

Small regions have none: right answers to small questions are alike. Neither has what was released.
"""

import ast
import hashlib
import textwrap
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO

from autograder.grade.prepare.pristine import Pristine
from autograder.grade.prepare.splice import SplicedSubmission
from autograder.regions import RegionError, find_regions
from autograder.syntax import parse_python

LARGEST = 20_000  # characters of a region that is read as Python: more would hold up grading
LEAST = 120  # characters of a region without comments and layout


def fingerprints(spliced: SplicedSubmission, pristine: Pristine) -> dict[str, str]:
    """What is in a submission -> "length:hash": its larger regions, by place and name, and its hand-in files.

    The length is that of the text that was hashed; 0 for files.
    """
    found: dict[str, str] = {}
    for name, notebook in spliced.notebooks.items():
        released = {cell.id: cell.released.text for cell in pristine.notebooks[name] if cell.released.has_region}
        for cell in notebook.cells:
            if cell.id in released:
                found |= of_text(f"{name}:{cell.id}", cell.source, released[cell.id])
    for path, text in pristine.library.items():
        found |= of_text(path, spliced.files.get(path, b"").decode("utf-8", "replace"), text)
    for path in pristine.assignment.hand_in:
        if path in spliced.files:
            found[path] = f"0:{hash_of(repr(parts_of(spliced.files[path])))}"
    return found


def of_text(place: str, text: str, released: str) -> dict[str, str]:
    """Those of one text's regions. The second region of a text, and those after it, have a number to their place."""
    try:
        regions = list(regions_in(text))
        empty = released_regions(released)
    except RegionError:  # a student's banners
        return {}
    written = [plain(region) for region in regions]
    return {
        f"{place}#{number}" if number > 1 else place: f"{len(text)}:{hash_of(text)}"
        for number, text in enumerate(written, 1)
        if len(text) >= LEAST and text not in empty
    }


@lru_cache(maxsize=1024)
def released_regions(text: str) -> frozenset[str]:
    """The regions of a text as released, with which every student's are compared."""
    return frozenset(plain(region) for region in regions_in(text))


def regions_in(text: str) -> Iterator[str]:
    lines = text.split("\n")
    for region in find_regions(text):
        yield "\n".join(lines[region.start + 1 : region.end])


def plain(region: str) -> str:
    """A region without comments and layout, as far as it is Python."""
    if len(region) > LARGEST:
        return " ".join(region.split())
    try:
        return ast.unparse(parse_python(textwrap.dedent(region)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return " ".join(region.split())


def parts_of(content: bytes) -> object:
    """What identifies a file: of an archive of arrays their checksums, however they were packed and named."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return sorted((part.CRC, part.file_size) for part in archive.infolist())
    except Exception:  # zipfile documents no closed set of errors for damaged files
        return content


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
