"""Long and wide outputs: what repeats is left out, what differs stays, and how much is left out is said."""

import pytest
from nbformat.v4 import new_code_cell, new_output

from autograder.report.markup import Markup, resolve
from autograder.report.outputs import MAX_ROWS, output_blocks, runs, text_output, without_runs


def printed(text: str, full: bool = False) -> list[str]:
    """The rows that are printed, and the notes between them."""
    lines = []
    for block in text_output(text, "stdout", full):
        if block["t"] == "left-out":
            lines.append(block["text"])
        else:
            lines += ["".join(run if isinstance(run, str) else run[1] for run in row["r"]) for row in block["rows"]]
    return lines


def training(rounds: int, of: int = 40) -> str:
    """The log of a search: each of its rounds trains, then tells its accuracy."""
    log = []
    for number in range(rounds):
        log += [f"iteration {100 * i} / 4000: loss {2.3 / (i + 1):.6f}" for i in range(of)]
        log.append(f"lr 1e-{number % 5} reg 0.{number}: validation accuracy {0.3 + number / 100:.3f}")
    return "\n".join(log) + "\n"


def test_a_search_keeps_every_accuracy():
    """Are the 25 lines that the student is asked about what is left of 1025?"""
    lines = printed(training(25))
    assert sum("validation accuracy" in line for line in lines) == 25
    assert len(lines) <= MAX_ROWS
    assert lines[0] == "… 40 lines like “iteration 0 / 4000: loss 2.300000” left out"


def test_one_long_run_shows_as_much_as_fits():
    """Of 200 lines of one training, are the first and last shown?"""
    lines = printed(training(1, of=200))
    assert lines[0].startswith("iteration 0 / 4000")
    assert "… 142 lines like the one above left out" in lines
    assert lines[-1].startswith("lr 1e-0")
    assert len(lines) == MAX_ROWS


def test_lines_that_repeat_in_turn_are_a_run():
    """Are Keras's two lines an epoch a run?"""
    lines = [text for i in range(50) for text in (f"Epoch {i}/50", f"1563/1563 [====>...] - 4s - loss: 1.{i}")]
    assert runs(lines) == [(0, 100, 2)]
    (first, note, last) = without_runs(lines, 60)
    assert (len(first) % 2, note, last[-1]) == (0, "42 lines like those above", lines[-1])


def test_lines_that_all_differ_lose_their_middle():
    """Is a text without runs cut as a text?"""
    words = ["".join(chr(97 + (i * 7 + j * j) % 26) for j in range(9)) for i in range(26)]
    lines = printed("\n".join(f"{a} {b}" for a in words[:10] for b in words[:9]))
    assert lines[40] == "… 30 lines left out"
    assert len(lines) == MAX_ROWS + 1


def test_full_outputs_are_full():
    """Does --full-outputs leave nothing out, of tables neither?"""
    assert printed(training(25), full=True) == training(25).rstrip("\n").split("\n")
    table = "<table>" + "".join(f"<tr><td>row {i}</td></tr>" for i in range(200)) + "</table>"
    markup = Markup(full=True)
    cell = new_code_cell("", outputs=[new_output("display_data", data={"text/html": table})] * 90)
    assert len(output_blocks(cell, "here", None, markup)) == 90
    assert "row 150" in str(markup.resolved()[0])


@pytest.mark.parametrize(("width", "columns"), [(90, None), (115, 115), (130, 130), (131, None)])
def test_wide_text_is_set_smaller_before_it_wraps(width, columns):
    """Do statsmodels' tables and wide frames keep their columns?"""
    (block,) = text_output("x" * width + "\nshort", "stdout")
    assert block.get("columns") == columns
    assert len(block["rows"]) == (3 if width > 130 else 2)


COLAB = (
    "<div class='colab-df-container'><table><tr><td>SHOWN</td></tr></table><div class='colab-df-buttons'>"
    "<button title='Convert'><svg><path d='M0'/></svg></button><style>.x {}</style><script>let x</script></div></div>"
)
EMBED = "<style></style><div id='altair-viz-1' class='vega-embed'></div><script>var x = 1;</script>"
CHART = "cannot be printed. Save it as a picture in the notebook to show it"
AS_TEXT = "cannot be printed: shown as text. Save it as a picture in the notebook to show it"


@pytest.mark.parametrize(
    ("data", "shown", "problems"),
    [
        ({"text/html": COLAB, "text/plain": "PLAIN"}, "SHOWN", []),
        ({"text/html": "<table><tr><td>SHOWN</td></tr></table>", "text/latex": "\\begin{tabular}"}, "SHOWN", []),
        ({"text/html": "<b>html</b>", "text/latex": "$x$"}, "$$x$$", []),
        ({"text/html": EMBED, "text/plain": "alt.Chart(...)"}, "alt.Chart(...)", [f"a Vega chart {AS_TEXT}"]),
        (
            {"application/vnd.plotly.v1+json": {}, "text/html": "<script></script>"},
            "a Plotly chart",
            [f"a Plotly chart {CHART}"],
        ),
        (
            {"application/javascript": "x", "application/vnd.bokehjs_exec.v0+json": ""},
            "a Bokeh chart",
            [f"a Bokeh chart {CHART}"],
        ),
        ({"application/javascript": "x", "application/vnd.holoviews_load.v0+json": ""}, "", []),
        ({"text/html": "<script>window.PlotlyConfig = {};</script>"}, "", []),
        ({"text/csv": "a,b"}, "a,b", []),
        (
            {"image/png": "@@@"},
            "an output that cannot be printed",
            ["an image/png output cannot be shown: its base64 text is damaged"],
        ),
    ],
)
def test_each_kind_of_output_is_shown_or_named(data, shown, problems):
    """Is what paper can show on it, what it cannot named once, and what nobody sees in a notebook no alarm?"""
    markup = Markup()
    blocks = output_blocks(new_code_cell("x", outputs=[new_output("display_data", data=data)]), "here", None, markup)
    blocks = resolve(blocks, markup.resolved() if markup.pending else [])
    assert [problem.text for problem in markup.problems] == problems
    assert shown in str(blocks)
    assert bool(blocks) == bool(shown)


def of_bundle(**data: str) -> tuple[list[dict], list[str]]:
    """The blocks of one rich output, and what is said of it."""
    markup = Markup()
    bundle = {name.replace("__", "/").replace("svg", "svg+xml"): text for name, text in data.items()}
    cell = new_code_cell("x", outputs=[new_output("display_data", bundle)])
    blocks = output_blocks(cell, "here", None, markup)
    return resolve(blocks, markup.resolved()), [problem.text for problem in markup.problems]


VIDEO = "<h2>Title</h2><p>Words</p><iframe src='https://x'>old</iframe><select><option>no</option></select>"


@pytest.mark.parametrize("plain", ["", "<IPython.core.display.HTML object>", "<x.Y at 0x7f3a>"])
def test_words_beside_a_video_are_printed(plain):
    """Is only the player lost, and said to be, where an output has words too and no other text tells them?"""
    blocks, said = of_bundle(text__html=VIDEO, text__plain=plain)
    assert [block["t"] for block in blocks] == ["heading", "para", "problem"]
    assert blocks[1]["c"] == ["Words"]
    assert said == ["HTML with <iframe>, <select> cannot be printed"]


def test_a_text_that_tells_what_a_widget_shows_is_printed_in_its_place():
    """Is xarray's and dask's own text better than their HTML without its buttons?"""
    blocks, said = of_bundle(text__html=VIDEO, text__plain="Dimensions: (x: 1)")
    assert [row["r"] for block in blocks for row in block["rows"]] == [["Dimensions: (x: 1)"]]
    assert said == ["HTML with <iframe>, <select> cannot be printed: shown as text"]


def test_what_the_notebook_hides_takes_no_room():
    """Are signs that a library keeps for later, and what is folded away, neither printed nor named?"""
    store = '<svg style="position: absolute; width: 0; height: 0; overflow: hidden"><symbol id="a"></symbol></svg>'
    hidden = (
        "<div style='display:none'><p>no</p></div><div hidden>no</div><p>a<span style='display: none'>no</span></p>"
    )
    blocks, said = of_bundle(text__html=f"<div>{store}{hidden}</div>", text__plain="x")
    assert (blocks, said) == ([{"t": "para", "c": ["a"]}], [])
    seen = '<svg width="9" height="9" style="stroke-width:0"><rect width="9" height="9"/></svg>'
    assert len(of_bundle(text__html=f"<p>b {seen}</p>")[0][0]["c"]) == 2


def test_figures_that_paper_cannot_show_are_named():
    """Is a figure that was saved as PDF, or a drawing whose words are HTML, lost without a word?"""
    blocks, said = of_bundle(application__pdf="JVBERi0x", text__plain="<Figure size 640x480>")
    assert said == ["a figure as PDF cannot be printed: shown as text. Save it as a picture in the notebook to show it"]
    html = "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>{}</p></foreignObject>"
    drawing = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{}<rect width='9' height='9'/></svg>"
    lost = "the text that an SVG drawing holds as HTML (foreignObject) cannot be printed"
    for inner, expected in (
        (html.format("words"), [lost]),
        (html.format(""), []),
        (f"<switch>{html.format('words')}<text>words</text></switch>", []),
    ):
        blocks, said = of_bundle(image__svg=drawing.format(inner))
        assert (blocks[0]["t"], said) == ("picture", expected)
