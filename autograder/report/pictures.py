"""Pictures for the template: decoded, checked, brought to a format and size that prints, each stored once."""

import base64
import binascii
import hashlib
import io
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

POINTS_PER_PIXEL = 0.6  # a notebook's pixel on paper: matplotlib's usual figure gets three quarters of the width
MAX_BYTES = 32 * 2**20
MAX_PIXELS = 60_000_000
PRINT_PIXELS = 2200  # more of them across the page than any printer shows
PRINTED = {"PNG": "png", "JPEG": "jpg"}
PRINTED_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I")


class PictureError(ValueError):
    """A picture that cannot be shown; the message says why."""


class OnTheWeb(PictureError):
    """A picture that is not part of the submission."""


@dataclass(frozen=True)
class Picture:
    """A picture's file name in the typesetting folder and its natural width in points (None: as the file says)."""

    file: str
    width: float | None


@dataclass
class Pictures:
    """The pictures of one document: file name -> bytes."""

    files: dict[str, bytes] = field(default_factory=dict)

    def add(self, data: bytes, pixels: float | None = None) -> Picture:
        """Take in a picture.

        Args:
            data: PNG, JPEG, GIF, WebP, BMP, TIFF or SVG; what it is, is read from the bytes.
            pixels: the width that the notebook shows it at, if it says one.

        Raises:
            PictureError: it is none of these, damaged, or too large.
        """
        if len(data) > MAX_BYTES:
            raise PictureError(f"{len(data) >> 20} MB are too much for a picture (at most {MAX_BYTES >> 20} MB)")
        if looks_like_svg(data):
            data, suffix, width = safe_svg(data), "svg", pixels or svg_width(data)
        else:
            data, suffix, width = safe_bitmap(data, pixels)
        name = f"{hashlib.sha256(data).hexdigest()[:16]}.{suffix}"
        self.files[name] = data
        return Picture(name, None if width is None else round(width * POINTS_PER_PIXEL, 1))


def looks_like_svg(data: bytes) -> bool:
    head = data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith(b"<") and b"<svg" in data[:100_000].lower()


SVG_DROPPED = [
    re.compile(rb"<!DOCTYPE[^>\[]*(\[.*?\])?\s*>", re.DOTALL | re.IGNORECASE),
    re.compile(rb"<script\b.*?</script\s*>", re.DOTALL | re.IGNORECASE),
    re.compile(rb"<foreignObject\b.*?</foreignObject\s*>", re.DOTALL | re.IGNORECASE),
]
SVG_ADDRESS = re.compile(rb"\s(?:xlink:)?href\s*=\s*([\"'])(?!#|data:image/)[^\"']*\1", re.IGNORECASE)
MAX_USES = 2000


def safe_svg(data: bytes) -> bytes:
    """The SVG without scripts, entities and addresses of other files."""
    if data.count(b"<use") > MAX_USES:
        raise PictureError("an SVG that repeats itself too often")
    for pattern in SVG_DROPPED:
        data = pattern.sub(b"", data)
    data = SVG_ADDRESS.sub(b"", data)
    if b"xmlns" not in data[:4000]:
        data = re.sub(rb"<svg\b", b'<svg xmlns="http://www.w3.org/2000/svg"', data, count=1)
    return data


def svg_width(data: bytes) -> float | None:
    """The width of an SVG in pixels, from its width or its view box."""
    tag = re.search(rb"<svg\b[^>]*>", data, re.IGNORECASE)
    if not tag:
        return None
    width = re.search(rb"\bwidth\s*=\s*[\"']\s*([0-9.]+)\s*(px|pt|in|cm|mm)?\s*[\"']", tag[0])
    if width:
        return float(width[1]) * {b"pt": 4 / 3, b"in": 96.0, b"cm": 37.8, b"mm": 3.78}.get(width[2], 1.0)
    box = re.search(rb"\bviewBox\s*=\s*[\"'][-0-9.]+[ ,]+[-0-9.]+[ ,]+([0-9.]+)", tag[0])
    return float(box[1]) if box else None


def safe_bitmap(data: bytes, pixels: float | None) -> tuple[bytes, str, float]:
    """A bitmap as PNG or JPEG that prints, its suffix, and the width in pixels to show it at."""
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
            if image.width * image.height > MAX_PIXELS:
                raise PictureError(f"{image.width}×{image.height} pixels are too many")
            shown = pixels or image.width
            if image.format in PRINTED and image.width <= PRINT_PIXELS and image.height <= PRINT_PIXELS:
                image.load()
                if image.mode in PRINTED_MODES and not image.getexif().get(0x0112):
                    return data, PRINTED[image.format], shown
            image = ImageOps.exif_transpose(image)
            image.thumbnail((PRINT_PIXELS, PRINT_PIXELS))
            out = io.BytesIO()
            image.convert("RGBA").save(out, "PNG")
            return out.getvalue(), "png", shown
    except PictureError:
        raise
    except Exception as error:
        raise PictureError(f"not a picture that can be read ({type(error).__name__})") from None


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
