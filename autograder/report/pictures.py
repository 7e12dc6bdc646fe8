"""Pictures for the template: decoded, checked, brought to a format and size that prints, each stored once."""

import base64
import binascii
import hashlib
import io
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from autograder.report.tables import PAGE_WIDTH

if TYPE_CHECKING:
    from PIL import Image

POINTS_PER_PIXEL = 0.6  # a notebook's pixel on paper: matplotlib's usual figure gets three quarters of the width
MAX_BYTES = 32 * 2**20
MAX_PIXELS = 60_000_000
PRINT_PIXELS = 2200  # more of them across the page than any printer shows
PHOTO_PIXELS = 1700  # of a photograph: 250 dots an inch over the whole width of the page
PHOTO_BYTES = 600_000  # a photograph of more is made smaller
PHOTO_QUALITY = 82
PRINTED = {"PNG": "png", "JPEG": "jpg"}
PRINTED_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I")


class PictureError(ValueError):
    """A picture that cannot be shown; the message says why."""


class OnTheWeb(PictureError):
    """A picture that is not part of the submission."""


@dataclass(frozen=True)
class Picture:
    """A picture's file name, its width in points (None: as the file says), and its width over its height."""

    file: str
    width: float | None
    ratio: float | None = None


@dataclass(frozen=True)
class Wanted:
    """The width and height in points at which a page asks to show a picture."""

    width: float | None = None
    height: float | None = None

    def of(self, picture: Picture) -> float | None:
        """The width to show the picture at; a height alone gives it through the picture's proportions."""
        if self.width is None and self.height is not None and picture.ratio:
            return max(self.height * picture.ratio, 1.0)
        return picture.width if self.width is None else max(self.width, 1.0)


LENGTH = re.compile(r"\s*([0-9]{1,5}(?:\.[0-9]*)?|\.[0-9]+)\s*(px|em|rem|ex|pt|pc|cm|mm|in|%|vw)?\s*(?:!important)?\s*")
POINTS = {
    "px": POINTS_PER_PIXEL, "": POINTS_PER_PIXEL, "em": 10.4, "rem": 10.4, "ex": 4.5, "pt": 0.8, "pc": 9.6, "cm": 22.7,
    "mm": 2.27, "in": 57.6, "%": PAGE_WIDTH / 100, "vw": PAGE_WIDTH / 100,
}  # fmt: skip


def wanted(attributes: Mapping[str, str]) -> Wanted:
    """The size that an HTML tag asks for by `width`, `height` or `style`."""
    style = dict(part.split(":", 1) for part in attributes.get("style", "").split(";") if ":" in part)
    style = {key.strip().lower(): value for key, value in style.items()}
    width = length(style.get("width", "")) or length(attributes.get("width", "")) or length(style.get("max-width", ""))
    heights = (style.get("height", ""), attributes.get("height", ""))
    height = next((length(text) for text in heights if "%" not in text and length(text)), None)
    return Wanted(width, height)


def length(text: str) -> float | None:
    """A CSS length on paper, in points; what a screen shows at 96 dots an inch is smaller there, in any unit."""
    match = LENGTH.fullmatch(" ".join(text[:100].split()))
    return float(match[1]) * POINTS[match[2] or ""] if match and float(match[1]) else None


@dataclass
class Pictures:
    """The pictures of one document: file name -> bytes."""

    files: dict[str, bytes] = field(default_factory=dict)
    known: dict[bytes, Picture] = field(default_factory=dict)

    def add(self, data: bytes) -> Picture:
        """Take in a picture.

        Args:
            data: PNG, JPEG, GIF, WebP, BMP, TIFF or SVG; what it is, is read from the bytes.

        Raises:
            PictureError: it is none of these, damaged, or too large.
        """
        if len(data) > MAX_BYTES:
            raise PictureError(f"{len(data) >> 20} MB are too much for a picture (at most {MAX_BYTES >> 20} MB)")
        key = hashlib.sha256(data).digest()
        if key not in self.known:
            self.known[key] = self.added(data)
        return self.known[key]

    def added(self, data: bytes) -> Picture:
        if looks_like_svg(data):
            width, ratio = svg_size(data)
            data, suffix = safe_svg(data), "svg"
        else:
            data, suffix, width, ratio = safe_bitmap(data)
        name = f"{hashlib.sha256(data).hexdigest()[:16]}.{suffix}"
        self.files[name] = data
        return Picture(name, None if width is None else round(width * POINTS_PER_PIXEL, 1), ratio)


def looks_like_svg(data: bytes) -> bool:
    head = data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith(b"<") and b"<svg" in data[:100_000].lower()


ANY_CASE = re.DOTALL | re.IGNORECASE
SVG_DOCTYPE = re.compile(rb"<!DOCTYPE[^>\[]*(\[.*?\])?\s*>", ANY_CASE)
SVG_DROPPED = [
    (re.compile(rb"</" + tag + rb"\s*>", ANY_CASE), re.compile(rb"<" + tag + rb"\b.*?</" + tag + rb"\s*>", ANY_CASE))
    for tag in (b"script", b"foreignObject")
]
"""The end of an element that is left out, and all of it."""
HTML_IN_SVG = "the text that an SVG drawing holds as HTML (foreignObject) cannot be printed"
FOREIGN = re.compile(rb"<(/?)(switch|foreignObject)\b[^>]*>", re.IGNORECASE)


def holds_html(data: bytes) -> bool:
    """Whether a picture is an SVG with words in HTML, and nothing else to show in their place."""
    if not looks_like_svg(data):
        return False
    chosen, begun = False, -1  # between alternatives; where HTML begins
    for tag in FOREIGN.finditer(data, 0, data.rfind(b">") + 1):
        ends = bool(tag[1])
        if tag[2].lower() == b"switch":
            chosen = not ends
        elif not ends:
            begun = tag.end() if begun < 0 else begun
        elif begun >= 0:
            if not chosen and without_tags(data[begun : tag.start()]).strip():
                return True
            begun = -1
    return False


def without_tags(html: bytes) -> bytes:
    end = html.rfind(b">") + 1
    return re.sub(rb"<[^>]*>", b"", html[:end]) + html[end:]


SVG_ADDRESS = re.compile(rb"\s(?:xlink:)?href\s*=\s*([\"'])(?!#|data:image/)[^\"']*\1", re.IGNORECASE)
MAX_DRAWN = 400_000  # elements, each counted as often as it is used


def safe_svg(data: bytes) -> bytes:
    """The SVG without scripts, entities and addresses of other files. Takes time that grows with its length."""
    if begins := re.search(rb"<!DOCTYPE", data, re.IGNORECASE):
        doctype = SVG_DOCTYPE.match(data, begins.start())
        if doctype is None:
            raise PictureError("an SVG whose DOCTYPE does not end")
        data = data[: doctype.start()] + data[doctype.end() :]
    for end, whole in SVG_DROPPED:
        last = max((match.end() for match in end.finditer(data)), default=0)
        data = whole.sub(b"", data[:last]) + data[last:]  # none that is looked for there goes on to the end
    data = SVG_ADDRESS.sub(b"", data)
    if data.count(b"<use") > 20 and drawn(data) > MAX_DRAWN:
        raise PictureError("an SVG that repeats itself too often")
    if b"xmlns" not in data[:4000]:
        data = re.sub(rb"<svg\b", b'<svg xmlns="http://www.w3.org/2000/svg"', data, count=1)
    return data


def drawn(data: bytes) -> float:
    """How many elements an SVG draws, what is used several times counted each time; infinite where it uses itself."""
    from xml.etree import ElementTree

    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError:
        return 0  # whoever draws it will say so
    by_id = {element.get("id"): element for element in root.iter() if element.get("id")}
    counts: dict[int, float] = {}
    open_ones: set[int] = set()

    def count(element: ElementTree.Element, depth: int) -> float:
        if id(element) in counts:
            return counts[id(element)]
        if id(element) in open_ones or depth > MAX_SVG_DEPTH:
            return float("inf")
        open_ones.add(id(element))
        total: float = 1 + sum(count(inner, depth + 1) for inner in element)
        if element.tag.endswith("use"):
            address = element.get("href") or element.get("{http://www.w3.org/1999/xlink}href") or ""
            target = by_id.get(address.removeprefix("#"))
            total += count(target, depth + 1) if target is not None else 0
        open_ones.discard(id(element))
        counts[id(element)] = total
        return total

    return count(root, 0)


MAX_SVG_DEPTH = 200
SVG_NUMBER = rb"[0-9]{1,9}(?:\.[0-9]{0,20})?"
SVG_PIXELS = {b"pt": 4 / 3, b"in": 96.0, b"cm": 37.8, b"mm": 3.78}


def svg_size(data: bytes) -> tuple[float | None, float | None]:
    """The width of an SVG in pixels, and its width over its height, from its attributes or its view box."""
    tag = re.search(rb"<svg\b[^>]{0,10000}", data, re.IGNORECASE)
    if not tag:
        return None, None
    lengths = re.finditer(rb"\b(width|height)\s*=\s*[\"']\s*(" + SVG_NUMBER + rb")\s*(px|pt|in|cm|mm)?\s*[\"']", tag[0])
    given = {match[1]: float(match[2]) * SVG_PIXELS.get(match[3], 1.0) for match in lengths}
    size = rb"[ ,]+(" + SVG_NUMBER + rb")"
    box = re.search(rb"\bviewBox\s*=\s*[\"'][-0-9.]+[ ,]+[-0-9.]+" + size + size, tag[0])
    if box and float(box[1]) and float(box[2]):
        ratio = float(box[1]) / float(box[2])
        return given.get(b"width", float(box[1])), ratio
    width, height = given.get(b"width"), given.get(b"height")
    return width, width / height if width and height else None


def safe_bitmap(data: bytes) -> tuple[bytes, str, float, float]:
    """A bitmap as PNG or JPEG that prints, its suffix, its width in pixels, and its width over its height."""
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(io.BytesIO(data))
            kind = image.format or ""
            if image.width * image.height > MAX_PIXELS:
                raise PictureError(f"{image.width}×{image.height} pixels are too many")
            turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
            width, height = (image.height, image.width) if turned else image.size
            shape = (float(width), width / height)
            photograph = kind in ("JPEG", "MPO")
            if is_printable(image, photograph, len(data)):
                image.load()
                return data, PRINTED[kind], *shape
            if photograph:
                image.draft("RGB", (2 * PHOTO_PIXELS, 2 * PHOTO_PIXELS))  # a JPEG opens at half its size much faster
            image = ImageOps.exif_transpose(image)
            most = PHOTO_PIXELS if photograph else PRINT_PIXELS
            image.thumbnail((most, most))
            out = io.BytesIO()
            if photograph:
                image.convert("RGB").save(out, "JPEG", quality=PHOTO_QUALITY, optimize=True)
                return out.getvalue(), "jpg", *shape
            image = image.convert("RGBA")
            image.save(out, "PNG")
            if len(out.getvalue()) > 2 * PHOTO_BYTES and image.getchannel("A").getextrema()[0] == 255:
                smaller = io.BytesIO()
                image.thumbnail((PHOTO_PIXELS, PHOTO_PIXELS))
                image.convert("RGB").save(smaller, "JPEG", quality=PHOTO_QUALITY, optimize=True)
                if 3 * len(smaller.getvalue()) < len(out.getvalue()):  # a photograph, whatever it is saved as
                    return smaller.getvalue(), "jpg", *shape
            return out.getvalue(), "png", *shape
    except PictureError:
        raise
    except Exception as error:
        raise PictureError(f"not a picture that can be read ({type(error).__name__})") from None


def is_printable(image: "Image.Image", photograph: bool, size: int) -> bool:
    """Whether a bitmap can be taken as it is: Typst reads it, it stands upright and is not larger than needed."""
    small = max(image.size) <= (PHOTO_PIXELS if photograph else PRINT_PIXELS)
    light = size <= (PHOTO_BYTES if photograph else 4 * PHOTO_BYTES)
    upright = image.getexif().get(0x0112, 1) == 1
    return image.format in PRINTED and image.mode in PRINTED_MODES and small and light and upright


DATA_ADDRESS = re.compile(r"data:([a-zA-Z0-9.+/-]*)((?:;[^,;]*)*),(.*)", re.DOTALL)


def picture_bytes(address: str, folder: Path | None, attachments: dict) -> bytes:
    """The bytes behind an address in markdown: an attachment, a data URI, or a file below the notebook's folder.

    Raises:
        PictureError: it is elsewhere, or not there.
    """
    if address.startswith("attachment:"):
        bundle = attachments.get(unquote(address.removeprefix("attachment:")))
        if not isinstance(bundle, dict) or not bundle:
            raise PictureError("the cell has no such attachment")
        return bundle_bytes(*next(iter(sorted(bundle.items()))))
    match = DATA_ADDRESS.fullmatch(address)
    if match:
        return decoded(match[3]) if ";base64" in match[2] else unquote(match[3]).encode()
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+:|//", address):
        raise OnTheWeb("it is on the web; only pictures in the submission are shown")
    return file_bytes(unquote(address), folder)


def file_bytes(address: str, folder: Path | None) -> bytes:
    """The bytes of a picture file; only of files below the folder, links followed."""
    if folder is None or not address:
        raise PictureError("no such file")
    path = below(folder, address) or below(folder, re.split(r"[?#]", address)[0])
    if path is None:
        raise PictureError("no such file in the submission")
    if path.stat().st_size > MAX_BYTES:
        raise PictureError(f"larger than {MAX_BYTES >> 20} MB")
    try:
        return path.read_bytes()
    except OSError as error:
        raise PictureError(f"it cannot be read: {error.strerror}") from None


def below(folder: Path, address: str) -> Path | None:
    """The file at that address if it is there and below the folder, links followed."""
    try:
        path = (folder / address).resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
    except (OSError, ValueError):
        return None


def bundle_bytes(mime: str, content: object) -> bytes:
    """The bytes of one representation in an output: SVG is text, other pictures base64."""
    text = "".join(content) if isinstance(content, list) else content
    if not isinstance(text, str):
        raise PictureError("its content is not text")
    if mime == "image/svg+xml" and text.lstrip().startswith("<"):
        return text.encode("utf-8", "replace")
    return decoded(text)


def decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise PictureError("its base64 text is damaged") from None
