"""What stands apart in a notebook stands apart on paper; what cannot be shown is named, and nothing else is."""

import json
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from autograder.report.document import assemble
from autograder.report.markup import Markup
from autograder.report.model import Options
from autograder.report.outputs import output_blocks
from autograder.report.pandoc import MARKDOWN
from autograder.report.read import read_own


def shown(*texts: str, format: str = MARKDOWN) -> list[list[dict]]:
    """The blocks of each of these fragments."""
    markup = Markup()
    for text in texts:
        markup.add(format, text, "here", None, {})
    return markup.resolved()


def kinds(blocks: list[dict]) -> list[str]:
    return [block["t"] for block in blocks]


def write(folder, *cells, **metadata):
    nb = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)}
    (folder / "one.ipynb").write_text(json.dumps(nb))
    return folder


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("<div>A</div>\n<div>B</div>", MARKDOWN),
        ("<div>A</div><div>B</div>", "html"),
        ("<div>A<div>B</div></div>", "html"),
        ("<p>A</p><div>B</div>", "html"),
        ("<figure><img src='x.png'><figcaption>A</figcaption></figure><div>B</div>", "html"),
    ],
)
def test_blocks_beside_each_other_are_paragraphs(text, format):
    """Does <div>A</div><div>B</div> print as two lines?"""
    (blocks,) = shown(text, format=format)
    assert len(blocks) >= 2
    assert set(kinds(blocks)) == {"para"}


def test_cells_stand_apart():
    """Is the last line of one cell no part of the first of the next?"""
    assert [kinds(blocks) for blocks in shown("<div>A</div>", "<div>B</div>")] == [["para"], ["para"]]


def test_a_table_of_html_holds_the_markdown_in_its_cells():
    """Do cells of HTML with paragraphs, lists and code in them stand beside each other?"""
    text = (
        "before\n\n<table>\n<tr><td>\n\n**one** $x$\n\n- item\n\n</td><td>\n\n```python\ny = 2\n```\n\n</td></tr>\n"
        "<tr><td>three</td><td>\n\n| a |\n|---|\n| four |\n\n</td></tr></table>\n\nafter"
    )
    ((first, table, last),) = shown(text)
    assert (first["c"], table["t"], last["c"]) == (["before"], "table", ["after"])
    cells = [[kinds(cell["c"]) for cell in row] for row in table["body"]]
    assert cells == [[["para", "bullets"], ["code"]], [["plain"], ["table"]]]
    assert table["body"][0][0]["c"][0]["c"] == [["strong", ["one"]], " ", ["maths", "x", "$x$"]]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<ul>\n<li>\n\nOne *two*\n\n</li><li>three</li></ul>", "bullets"),
        ("<ol><li>\n\nOne *two*\n\n</li>\n\n<li>three</li></ol>", "numbers"),
        ("<blockquote>\n\nOne *two*\n\n</blockquote>\n\n<p>three</p>", "quote"),
        ("<div class='alert alert-info'>\n\nOne *two*\n\n</div>\n\nthree", "alert"),
        ("<table><tr><td>One\n\n*two*\n\nthree", "para"),
        ("<table>\n\nOne *two*\n\n<tr><td>three</td></tr></table>", "para"),  # beside the cells: it stands for itself
        ("</div></td>\n\nOne *two*\n\n<table></table></table>\n\nthree", "para"),
        ("<div class='held-1'></div><ul><li>\n\nOne *two*\n\n</li></ul>\n\nthree", "bullets"),
    ],
)
def test_html_around_markdown_loses_nothing(text, kind):
    """Are all words there, once and in order, however the HTML around them is opened and closed?"""
    (blocks,) = shown(text)
    assert re.findall("One|two|three", json.dumps(blocks)) == ["One", "two", "three"]
    assert blocks[0]["t"] == kind


def test_a_definition_stands_below_its_term():
    """Does <dt>a</dt><dd>b</dd> print as two lines?"""
    ((block,),) = shown("<dl><dt>a</dt><dd>b</dd></dl>", format="html")
    assert kinds(block["items"][0]) == ["para", "para"]


def test_a_tight_list_stays_tight():
    """Do list items of one line keep their distance?"""
    ((block,),) = shown("- a\n- b\n  - c")
    assert [kinds(item) for item in block["items"]] == [["plain"], ["plain", "bullets"]]


@pytest.mark.parametrize("value", [None, "python3", 3, []])
def test_odd_metadata_stop_nothing(tmp_path, value):
    """Is a notebook printed whose metadata hold something else than tools write?"""
    cell = new_code_cell("x = 1", metadata={"autograder": value})
    document = assemble(read_own(write(tmp_path, cell, kernelspec=value)), Options())
    assert document.data["notebooks"][0]["cells"][0]["blocks"][0]["t"] == "code"
    assert document.problems == ()


@pytest.mark.parametrize(
    ("metadata", "styles"),
    [
        ({"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}, {"builtin", "number"}),
        ({"language_info": {"name": "julia"}}, {"keyword", "number"}),
        ({}, {"keyword", "number"}),
    ],
)
def test_code_is_coloured_in_its_language(tmp_path, metadata, styles):
    """Are R and Julia coloured like Python?"""
    source = {"R": "x <- c(1, TRUE)", "julia": "function f() 1 end"}
    name = next(iter(metadata.values()), {}).get("language") or metadata.get("language_info", {}).get("name")
    cell = new_code_cell(source.get(name, "for x in 1"))
    assert styles <= set(assemble(read_own(write(tmp_path, cell, **metadata)), Options()).data["styles"]) | {"builtin"}


@pytest.mark.parametrize("version", [2, 3])
def test_notebooks_of_old_formats_are_converted(tmp_path, version):
    """Is a notebook of ten years ago printed rather than refused, with its texts as lists of lines?"""
    heading = {"cell_type": "heading", "level": 2, "source": ["old ", "heading"]}
    cell = {"cell_type": "code", "language": "python", "input": "x = 1", "outputs": [], "collapsed": False}
    text = {"cell_type": "markdown", "source": "old words"}
    content = {
        "nbformat": version,
        "nbformat_minor": 0,
        "metadata": {"name": "old"},
        "worksheets": [{"cells": [text, cell, heading]}],
    }
    (tmp_path / "old.ipynb").write_text(json.dumps(content))
    (tmp_path / "._old.ipynb").write_bytes(b"\x00\x05\x16\x07")
    document = assemble(read_own(tmp_path), Options())
    assert [notebook["name"] for notebook in document.data["notebooks"]] == ["old"]
    said = json.dumps(document.data["notebooks"])
    assert "old words" in said
    assert "old heading" in said
    assert not any("format" in notice["text"] for notice in document.data["notices"])


def test_own_files_are_shown_where_the_released_copy_is_not_at_hand(tmp_path):
    """Is a student's own module printed, though nobody knows what was handed out?"""
    write(tmp_path, new_markdown_cell("a"))
    (tmp_path / "nn").mkdir()
    region = "# ===== START YOUR CODE HERE =====\nx = 1\n# ====== END YOUR CODE HERE ======\n"
    (tmp_path / "nn/layers.py").write_text(region)
    (tmp_path / "nn/given.py").write_text("given = 1\n")
    (tmp_path / "mine.py").write_text("mine = 1\n")
    files = assemble(read_own(tmp_path), Options()).data["files"]
    assert [file["path"] for file in files] == ["mine.py", "nn/layers.py"]


def output(data: dict, metadata: dict | None = None) -> tuple[list[dict], list[str]]:
    markup = Markup()
    cell = new_code_cell("", outputs=[new_output("display_data", data=data, metadata=metadata or {})])
    blocks = output_blocks(cell, "here", None, markup)
    return blocks, [problem.text for problem in markup.problems]


@pytest.mark.parametrize("mime", ["application/vnd.vegalite.v5+json", "application/vnd.vega.v5+json"])
def test_charts_that_only_a_browser_draws_are_named(mime):
    """Is an Altair chart, of which paper shows "alt.Chart(...)", missed by nobody?"""
    _, problems = output({mime: {"mark": "point"}, "text/plain": "alt.Chart(...)"})
    assert problems == [
        "a Vega chart cannot be printed: shown as text. Save it as a picture in the notebook to show it"
    ]


def test_an_estimator_is_no_alarm():
    """Is scikit-learn's page of an estimator, which holds inputs and a script, shown as its text?"""
    html = '<style>a</style><div id="sk-1" class="sk-top-container"><input type="checkbox"><script>x</script></div>'
    blocks, problems = output({"text/html": html, "text/plain": "LinearRegression()"})
    assert problems == []
    assert blocks[0]["rows"][0]["r"] == ["LinearRegression()"]


def test_pictures_on_the_web_are_one_line(tmp_path):
    """Do ten pictures that the instructor's text loads from the web make one note, and a student's own one problem?"""
    text = "![a](https://example.org/a.png) ![b](https://example.org/b.png)"
    for name in ("released", "mine"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, new_markdown_cell(text, id="given"))
    nb = nbformat.read(tmp_path / "mine/one.ipynb", 4)
    nb.cells.append(new_markdown_cell(text, id="added"))
    nbformat.write(nb, tmp_path / "mine/one.ipynb")
    (tmp_path / "mine/pic.png").write_bytes(b"no picture")
    document = assemble(read_own(tmp_path / "mine", tmp_path / "released"), Options())
    assert [str(problem) for problem in document.problems] == [
        "pictures: 2 pictures (one, cell added) are on the web: only pictures in the submission are shown"
    ]
    notes = [notice["text"] for notice in document.data["notices"] if notice["level"] == "note"]
    assert "In the assignment's own text 2 pictures (one, cell given) are on the web, and not shown here." in notes


def test_a_badge_is_its_words():
    """Is "Open in Colab" at the top of a notebook no picture that is missing?"""
    markup = Markup()
    picture = '<img src="https://colab.research.google.com/assets/colab-badge.svg" alt="Open In Colab"/>'
    markup.add(MARKDOWN, f'<a href="https://colab.research.google.com/x">{picture}</a>', "here", None, {})
    markup.add(MARKDOWN, "![](https://img.shields.io/x) ![plot](https://x.org/plot.png)", "here", None, {})
    badge, others = markup.resolved()
    assert badge == [{"t": "para", "c": ["Open In Colab"]}]
    assert [node[0] for node in others[0]["c"] if isinstance(node, list)] == ["missing", "missing"]
    assert len(markup.on_the_web) == 2
