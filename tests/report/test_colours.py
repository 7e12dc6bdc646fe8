"""Colours and directions that a notebook asks for."""

import pytest
from nbformat.v4 import new_code_cell, new_output

from autograder.report import fonts
from autograder.report.colours import css_colour, declarations, ink_and_paper
from autograder.report.markup import Markup
from autograder.report.outputs import output_blocks
from autograder.report.pandoc import MARKDOWN
from autograder.report.terminal import contrast, luminance


def shown(text: str, format: str = MARKDOWN) -> list[dict]:
    markup = Markup()
    markup.add(format, text, "here", None, {})
    (blocks,) = markup.resolved()
    assert markup.problems == []
    return blocks


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("red", "#ff0000"),
        ("#0f0", "#00ff00"),
        ("rgb(0, 128, 255)", "#0080ff"),
        ("rgba(100%, 0%, 0%, 0.5)", "#ff0000"),
        ("rgba(1, 2, 3, 0)", ""),
        ("transparent", ""),
        ("#ff000000", ""),
        ("var(--x)", ""),
        ("blue !important", "#0000ff"),
        ("hsl(120, 100%, 25%)", "#008000"),
    ],
)
def test_colours_of_css(text, colour):
    """Is each way to write a colour read, and what is none left alone?"""
    assert css_colour(text) == colour


@pytest.mark.parametrize(
    "style", ["color: yellow", "background: #023858", "color: #fff; background: #eee", "color: white"]
)
def test_what_is_coloured_can_be_read(style):
    """Are pale letters on white paper darkened, and letters on a dark cell made white?"""
    ink, paper = ink_and_paper(declarations(style))
    assert contrast(luminance(ink or "#000000"), luminance(paper or "#ffffff")) >= 3


@pytest.mark.parametrize(
    ("text", "format", "line"),
    [
        ('<font color="red">a</font>', MARKDOWN, ["tinted", "#ff0000", "", ["a"]]),
        ('x <span style="color:blue">a *b*</span>', MARKDOWN, ["tinted", "#0000ff", "", ["a ", ["emph", ["b"]]]]),
        ("x <mark>a</mark>", MARKDOWN, ["tinted", "", "#fff3a3", ["a"]]),
        ("<div><mark>a</mark></div>", MARKDOWN, ["tinted", "", "#fff3a3", ["a"]]),
        ('<p><font size="4" color="#008000">a</font></p>', "html", ["tinted", "#008000", "", ["a"]]),
        ('<p><span style="background-color: yellow">a</span></p>', "html", ["tinted", "", "#ffff00", ["a"]]),
    ],
)
def test_words_have_the_colour_that_they_ask_for(text, format, line):
    """Are <font>, style and <mark> seen, in a line and in a block?"""
    (block,) = shown(text, format)
    assert block["t"] == "para"
    assert block["c"][-1] == line


def test_blocks_have_the_colour_that_they_ask_for():
    """Is a paragraph or a <div> with a style coloured?"""
    assert shown('<p style="color:#c00">a</p>') == [
        {"t": "tinted", "ink": "#cc0000", "paper": "", "c": [{"t": "para", "c": ["a"]}]}
    ]
    assert shown('<div style="background: #eeffee">a</div>')[0]["paper"] == "#eeffee"


def test_alert_boxes_are_boxes_with_whatever_is_in_them():
    """Does a box hold the markdown between its tags, and not what follows it?"""
    box, after = shown('<div class="alert alert-block alert-warning">\n\n**a**\n\n- b\n\n</div>\n\nafter')
    assert (box["t"], box["level"]) == ("alert", "warning")
    assert [block["t"] for block in box["c"]] == ["para", "bullets"]
    assert after == {"t": "para", "c": ["after"]}
    assert shown('<div class="alert alert-danger">a')[0]["level"] == "error"


def test_a_styled_frame_keeps_its_colours():
    """Are the cells of a pandas Styler, coloured by a style sheet, coloured?"""
    html = (
        "<style>#T_1_row0_col0, #T_1_row0_col1 { background-color: #023858; color: #f1f1f1; }</style>"
        '<table id="T_1"><tr><td id="T_1_row0_col0" class="data">1</td><td id="T_1_row0_col2">2</td></tr></table>'
    )
    markup = Markup()
    cell = new_code_cell("", outputs=[new_output("display_data", data={"text/html": html, "text/plain": "<Styler>"})])
    output_blocks(cell, "here", None, markup)
    ((table,),) = markup.resolved()
    first, second = table["body"][0]
    assert (first["ink"], first["paper"]) == ("#f1f1f1", "#023858")
    assert "paper" not in second


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("שלום world", "rtl"),
        ("**مرحبا** hello", "rtl"),
        ("hello שלום", None),
        ("12, שלום", "rtl"),
        ("$x$ שלום", "rtl"),
        ('<div dir="rtl">hello</div>', "rtl"),
        ('<p dir="rtl">hello</p>', "rtl"),
        ("- שלום\n- b", "rtl"),
        ("# שלום", "rtl"),
    ],
)
def test_paragraphs_run_in_their_direction(text, way):
    """Does Hebrew or Arabic begin at the right?"""
    assert shown(text)[0].get("dir") == way


def test_fonts_of_debian_are_found_for_each_script(tmp_path, monkeypatch):
    """Are Thai, Tamil, Bengali and Devanagari printed where Debian's fonts are installed?"""
    for script in ("Thai", "Tamil"):
        (tmp_path / f"NotoSans{script}-Regular.ttf").write_bytes(b"")
    (tmp_path / "Lohit-Bengali.ttf").write_bytes(b"")
    monkeypatch.setattr(fonts, "NOTO", str(tmp_path / "NotoSans{}-Regular.ttf"))
    monkeypatch.setitem(fonts.SCRIPTS, "Bengali", (str(tmp_path / "Lohit-Bengali.ttf"), "Lohit Bengali"))
    files = [path.name for path in fonts.font_files.__wrapped__()]
    assert {"NotoSansThai-Regular.ttf", "NotoSansTamil-Regular.ttf", "Lohit-Bengali.ttf"} <= set(files)
