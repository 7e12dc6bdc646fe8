"""Pictures: what can be printed is, what cannot says why."""

import base64
import contextlib
import io
import json
import time

import pytest
from nbformat.v4 import new_code_cell, new_output
from PIL import Image

from autograder.report.markup import Markup
from autograder.report.outputs import output_blocks
from autograder.report.pandoc import MARKDOWN
from autograder.report.pictures import (
    PRINT_PIXELS,
    PictureError,
    Pictures,
    bundle_bytes,
    holds_html,
    picture_bytes,
    safe_svg,
    svg_size,
    wanted,
)


def bitmap(kind: str = "PNG", size=(40, 20), mode: str = "RGB", **more) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, kind, **more)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_every_usual_format_prints(kind):
    """Does a picture print whatever it was saved as?"""
    pictures = Pictures()
    picture = pictures.add(bitmap(kind))
    assert picture.file.endswith((".png", ".jpg"))
    assert picture.width == 24.0
    Image.open(io.BytesIO(pictures.files[picture.file])).load()


def test_greys_of_sixteen_bits_keep_their_levels():
    """Is a depth map printed as it is, not all white?"""
    out = io.BytesIO()
    Image.new("I;16", (40, 20), 30_000).save(out, "PNG")
    pictures = Pictures()
    assert pictures.files[pictures.add(out.getvalue()).file] == out.getvalue()


def test_the_same_picture_is_stored_once():
    """Does the file stay small when a picture is shown again?"""
    pictures = Pictures()
    assert pictures.add(bitmap()) == pictures.add(bitmap())
    assert len(pictures.files) == 1


def test_a_huge_picture_is_brought_to_print_size():
    """Does a photograph from a phone make a PDF of 50 MB?"""
    pictures = Pictures()
    picture = pictures.add(bitmap(size=(6000, 300)))
    assert Image.open(io.BytesIO(pictures.files[picture.file])).width == PRINT_PIXELS
    assert pictures.add(bitmap("TIFF", mode="CMYK")).file.endswith(".png")


@pytest.mark.parametrize(
    "data",
    [b"", b"no picture", b"\x89PNG\r\n\x1a\nbroken", b"<html>not svg</html>", bitmap()[:60], b"x" * (33 * 2**20)],
)
def test_what_is_no_picture_is_refused(data):
    """Does a damaged picture stop anything?"""
    with pytest.raises(PictureError):
        Pictures().add(data)


def test_a_decompression_bomb_is_refused():
    """Can a small file ask for all the memory?"""
    header = bitmap(size=(1, 1))
    bomb = header[:16] + (60_000).to_bytes(4, "big") * 2 + header[24:]
    with pytest.raises(PictureError):
        Pictures().add(bomb)


def test_an_svg_loses_what_is_not_drawing():
    """Can an SVG load a file, run a script or grow without end?"""
    svg = (
        b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y "&x;&x;">]>'
        b'<svg width="96" height="10"><script>alert(1)</script><image href="file:///etc/passwd"/>'
        b"<image xlink:href='http://example.org/x.png'/><use href=\"#a\"/>"
        b"<foreignObject><p>x</p></foreignObject><rect/></svg>"
    )
    safe = safe_svg(svg)
    for word in (b"ENTITY", b"script", b"passwd", b"example.org", b"foreignObject"):
        assert word not in safe
    assert b'<use href="#a"/>' in safe
    assert b"xmlns=" in safe
    assert svg_size(svg)[0] == 96
    assert svg_size(b'<svg viewBox="0 0 300 150">') == (300, 2)
    assert svg_size(b'<svg width="72pt">') == (pytest.approx(96), None)
    assert svg_size(b'<svg width="72pt" height="36pt">') == (pytest.approx(96), 2)


@pytest.mark.parametrize(
    "piece",
    [
        b"<script ",
        b"<foreignObject ",
        b"<foreignObject><",
        b"<switch ",
        b"<!DOCTYPE ",
        b"<!DOCTYPE [",
        b"<!DOCTYPE []",
        b"</script ",
        b"<svg ",
        b" href='",
        b"9",
    ],
)
def test_an_svg_that_never_ends_takes_no_time(piece):
    """Is the time that an SVG takes in proportion to its length, whatever it begins and does not end?"""
    begun = time.process_time()
    for start in (b"<svg ", b"<svg>", b"<svg width='"):
        data = start + piece * (500_000 // len(piece))
        with contextlib.suppress(PictureError):
            safe_svg(data)
        svg_size(data)
        holds_html(data + b"</foreignObject>")
    assert time.process_time() - begun < 1.5  # hundreds of times as long where it grows with the square


def test_a_length_of_many_blanks_takes_no_time():
    """Is the width that an HTML tag asks for read at once, however it is written?"""
    begun = time.process_time()
    assert wanted({"width": "100" + " " * 200_000 + "x"}).width == wanted({"width": "100"}).width
    assert time.process_time() - begun < 1


def test_addresses_lead_only_into_the_submission(tmp_path):
    """Can a picture's address show a file that is not the student's?"""
    folder = tmp_path / "homework"
    folder.mkdir()
    (folder / "plot.png").write_bytes(bitmap())
    (tmp_path / "secret.png").write_bytes(bitmap())
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    attachments = {"a b.png": {"image/png": base64.b64encode(bitmap()).decode()}}
    data = "data:image/png;base64," + base64.b64encode(bitmap()).decode()
    for address in ("plot.png", "./plot.png", "plot%2Epng", "attachment:a%20b.png", data):
        assert picture_bytes(address, folder, attachments) == bitmap()
    outside = ["../secret.png", "/etc/passwd", "link.png", "file:///etc/passwd", "http://example.org/x.png"]
    broken = ["//example.org/x.png", "attachment:none.png", "data:image/png;base64,%%%", "", "."]
    for address in outside + broken:
        with pytest.raises(PictureError):
            picture_bytes(address, folder, attachments)


@pytest.mark.parametrize("name", ["my plot.png", "a&b.png", "it's.png"])
def test_a_picture_in_a_line_may_have_any_name(name, tmp_path):
    """Is <img src="my plot.png"> found, in a line of text as alone?"""
    (tmp_path / name).write_bytes(bitmap())
    for around in ("", "a line "):
        markup = Markup()
        markup.add(MARKDOWN, f'{around}<img alt="a plot" src="{name.replace("&", "&amp;")}">', "here", tmp_path, {})
        assert '"picture"' in json.dumps(markup.resolved())
        assert markup.problems == []


def test_svg_outputs_are_text_and_bitmaps_base64():
    """Are both ways in which notebooks keep pictures read?"""
    assert bundle_bytes("image/svg+xml", "<svg/>") == b"<svg/>"
    assert bundle_bytes("image/png", base64.b64encode(bitmap()).decode()) == bitmap()


def photograph(kind: str = "JPEG", size=(4000, 3000), **more) -> bytes:
    """A picture as full of detail as a phone's."""
    import numpy as np

    coarse = np.random.default_rng(1).integers(0, 255, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(out, kind, **more)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_photographs_stay_small(kind):
    """Do five photographs from a phone make a file that can be uploaded?"""
    pictures = Pictures()
    picture = pictures.add(photograph(kind, **({"quality": 95} if kind == "JPEG" else {"compress_level": 1})))
    assert picture.file.endswith(".jpg")
    assert picture.width == 2400.0
    assert len(pictures.files[picture.file]) < 1_200_000


def test_a_small_jpeg_is_taken_as_it_is():
    """Is a JPEG that prints not saved again, which would make it worse?"""
    exif = Image.Exif()
    exif[0x0112] = 1
    data = bitmap("JPEG", exif=exif)
    pictures = Pictures()
    assert pictures.files[pictures.add(data).file] == data


def test_a_photograph_stands_upright():
    """Is a picture that the camera says to turn turned, and its size that of the turned one?"""
    exif = Image.Exif()
    exif[0x0112] = 6
    pictures = Pictures()
    picture = pictures.add(bitmap("JPEG", size=(400, 200), exif=exif))
    turned = Image.open(io.BytesIO(pictures.files[picture.file]))
    assert (turned.format, turned.size, turned.getexif().get(0x0112)) == ("JPEG", (200, 400), None)
    assert (picture.width, picture.ratio) == (120.0, 0.5)


@pytest.mark.parametrize(
    ("attributes", "width"),
    [
        ({"width": "100"}, 60),
        ({"width": "50%"}, 242.5),
        ({"height": "100"}, 120),
        ({"style": "width:100px;height:10px"}, 60),
        ({"style": "width: 20em"}, 208),
        ({"style": "height:100px"}, 120),
        ({"style": "max-width: 200px"}, 120),
        ({"style": "border: 1px"}, 24),
        ({"width": "auto", "height": "50%"}, 24),
    ],
)
def test_a_picture_has_the_size_that_its_tag_asks_for(attributes, width):
    """Are height, style and em heard?"""
    picture = Pictures().add(bitmap())
    assert wanted(attributes).of(picture) == pytest.approx(width)


@pytest.mark.parametrize(
    ("metadata", "width"),
    [({}, 24), ({"image/png": {"width": 100}}, 60), ({"image/png": {"height": 100}}, 120), ({"height": 100}, 120)],
)
def test_an_output_has_the_size_that_its_metadata_ask_for(metadata, width):
    """Does Image(..., height=100) print at that height?"""
    data = {"image/png": base64.b64encode(bitmap()).decode()}
    cell = new_code_cell("", outputs=[new_output("display_data", data=data, metadata=metadata)])
    (block,) = output_blocks(cell, "here", None, Markup())
    assert block["width"] == width


def test_a_scatter_of_thousands_of_points_is_shown():
    """Is an SVG refused only if what it draws grows beyond measure?"""

    def svg(*parts: str) -> bytes:
        return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'.encode()

    point = "<defs><path id='p' d='M 0 0 L 1 1'/></defs>"
    scatter = svg(point, *(f"<use href='#p' x='{i}'/>" for i in range(3000)))
    assert Pictures().add(scatter).file.endswith(".svg")
    layers = (f"<g id='l{i}'>" + f"<use href='#l{i - 1}'/>" * 10 + "</g>" for i in range(1, 9))
    bomb = svg("<path id='l0' d='M 0 0'/>", *layers)
    with pytest.raises(PictureError, match="repeats itself"):
        Pictures().add(bomb)
    circle = "<g id='a'>" + "<use href='#a'/>" * 30 + "</g>"
    with pytest.raises(PictureError, match="repeats itself"):
        Pictures().add(svg(circle))


def test_a_query_behind_a_picture_is_no_part_of_its_name(tmp_path):
    """Is pic.png?v=2, which browsers take for pic.png, found?"""
    (tmp_path / "pic.png").write_bytes(b"a")
    (tmp_path / "odd?name.png").write_bytes(b"b")
    assert picture_bytes("pic.png?v=2", tmp_path, {}) == b"a"
    assert picture_bytes("odd?name.png", tmp_path, {}) == b"b"
    with pytest.raises(PictureError, match="no such file"):
        picture_bytes("../pic.png?v=2", tmp_path / "x", {})
