"""Pictures: what can be printed is, what cannot says why."""

import base64
import io
import json

import pytest
from PIL import Image

from autograder.report.markup import Markup
from autograder.report.pandoc import MARKDOWN
from autograder.report.pictures import (
    PRINT_PIXELS,
    PictureError,
    Pictures,
    bundle_bytes,
    picture_bytes,
    safe_svg,
    svg_width,
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
    assert svg_width(svg) == 96
    assert svg_width(b'<svg viewBox="0 0 300 150">') == 300
    assert svg_width(b'<svg width="72pt">') == pytest.approx(96)
    with pytest.raises(PictureError):
        safe_svg(b"<svg>" + b"<use href='#a'/>" * 3000 + b"</svg>")


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
