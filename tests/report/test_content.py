"""Markup as content: everything a student wrote stays data."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import odd_submission
from nbformat.v4 import new_markdown_cell, new_notebook

from autograder.report.cells import prose_blocks
from autograder.report.document import assemble
from autograder.report.formulas import write_formulas
from autograder.report.markup import Markup, resolve
from autograder.report.model import Notebook, Options
from autograder.report.outputs import text_output
from autograder.report.pandoc import LATEX, MARKDOWN, Fragment, convert
from autograder.report.tables import PAGE_WIDTH, SIZES, Table, TableCell, shortened_html, table_blocks
from autograder.report.tex import Maths
from autograder.report.typeset import typeset

GOLDEN = Path(__file__).with_name("files") / "odd_content.json"


def shown(text: str, format: str = MARKDOWN) -> tuple[list[dict], list[str]]:
    """The blocks of one fragment, and its problems."""
    markup = Markup()
    markup.add(format, text, "here", None, {})
    (blocks,) = markup.resolved()
    return blocks, [problem.text for problem in markup.problems]


def test_the_odd_notebook_gives_the_stored_content(odd):
    """Is what goes to Typst exactly what it was when somebody looked at it? (tests/report/golden.py writes it anew.)"""
    from golden import content_of

    assert content_of(odd) == json.loads(GOLDEN.read_text("utf-8"))


def walk(tree):
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, (list, dict)):
            pending.extend(node.values() if isinstance(node, dict) else node)


def test_attributes_never_reach_typst():
    """Do pandoc's `typst:` attributes, which it writes as code, end before the template?"""
    blocks, _ = shown(
        '<p><span typst:text:fill="panic()" style="color:red">x</span></p>'
        '<table><tr><td typst:fill="panic()">y</td></tr></table>',
        "html",
    )
    assert "panic" not in json.dumps(blocks)


def test_markup_readers_open_nothing(tmp_path):
    """Can LaTeX or HTML in an output read a file while it is converted?"""
    secret = tmp_path / "secret.tex"
    secret.write_text("THE SECRET")
    found = convert(
        [
            Fragment(LATEX, f"\\input{{{secret}}} text"),
            Fragment("html", f"<iframe src='{secret}'></iframe><p>text</p>"),
        ],
    )
    assert "SECRET" not in json.dumps(found)


def test_one_hopeless_fragment_costs_only_itself(monkeypatch):
    """If pandoc dies of one cell, are the other cells still printed?"""
    from autograder.report import pandoc

    real = pandoc.run

    def dies(fragments, seconds):
        return None if any("bomb" in fragment.text for fragment in fragments) else real(fragments, seconds)

    monkeypatch.setattr(pandoc, "run", dies)
    markup = Markup()
    markup.add(MARKDOWN, "a *bomb*", "the first", None, {})
    markup.add(MARKDOWN, "an *answer* $x^2$", "the second", None, {})
    first, second = markup.resolved()
    assert first[0]["t"] == "code"
    assert second == [{"t": "para", "c": ["an ", ["emph", ["answer"]], " ", ["maths", "attach(x,t:2)", "$x^2$"]]}]
    assert [problem.place for problem in markup.problems] == ["the first"]


def test_pandoc_is_started_once_and_again_where_it_ends():
    """Does one process read all homeworks, and does what ends it cost only the request at hand?"""
    from autograder.report import pandoc

    assert pandoc.run([Fragment(MARKDOWN, "one")], 9) == pandoc.run([Fragment(MARKDOWN, "one")], 9)
    assert pandoc.process.running is not None
    first = pandoc.process.running.pid
    assert pandoc.run([Fragment(MARKDOWN, "*two*")], 9) is not None
    assert pandoc.process.running.pid == first
    assert pandoc.process.ask(b"no request", 9) == b""
    assert pandoc.run([Fragment(MARKDOWN, "one"), Fragment("no such format", "x")], 9) == [
        [{"t": "Para", "c": [{"t": "Str", "c": "one"}]}],
        None,
    ]
    assert pandoc.process.running.pid != first
    assert pandoc.run([Fragment("html", "<b>" * 100_000)], 0.05) is None
    assert pandoc.run([Fragment(MARKDOWN, "one")], 9) is not None


def test_a_text_that_comes_again_is_not_changed_by_the_first():
    """Is the same prose in two students' notebooks the same in both documents, whatever headings are above it?"""
    texts = ["#### Deep\n\nwith $x_1$", "# Top", "#### Deep\n\nwith $x_1$"]

    def levels(order):
        notebook = new_notebook(cells=[new_markdown_cell(text) for text in order])
        content = replace(odd_submission(), notebooks=(Notebook("a", notebook, None),))
        cells = assemble(content, Options()).data["notebooks"][0]["cells"]
        return [block["level"] for cell in cells for block in cell["blocks"] if block["t"] == "heading"]

    assert levels(texts) == [2, 2, 3]
    assert levels(texts[1:]) == [2, 3]
    assert levels(texts) == [2, 2, 3]


def test_headings_in_answers_quotes_lists_and_tables_have_the_levels_of_the_document():
    """Is an answer's heading below the notebook's, and the PDF one that can be read aloud?"""
    banner = "<!-- ===== {} YOUR ANSWER HERE ===== -->"
    answer = "\n".join([banner.format("START"), "# Mine\n\n> ### Quoted\n\n- # Listed", banner.format("END")])
    cells = [new_markdown_cell("# Top\n\n### Deep"), new_markdown_cell(answer)]
    cells.append(new_markdown_cell("<table><tr><td><h6>Cell</h6></td></tr></table>\n\n## Last"))
    content = replace(odd_submission(), notebooks=(Notebook("a", new_notebook(cells=cells), None),), edits=())
    document = assemble(content, Options())

    def headings(tree):
        if isinstance(tree, dict) and tree.get("t") == "heading":
            yield tree["c"][0], tree["level"]
        elif isinstance(tree, (dict, list)):
            for one in tree.values() if isinstance(tree, dict) else tree:
                yield from headings(one)

    found = list(headings(document.data["notebooks"]))
    assert found == [("Top", 2), ("Deep", 3), ("Mine", 2), ("Quoted", 3), ("Listed", 2), ("Cell", 3), ("Last", 3)]
    assert b"pdfuaid" in typeset(document, content.when).pdf


def test_a_quote_that_begins_with_its_kind_is_a_box():
    """Does > [!WARNING], as GitHub and VS Code have it, look like a warning, with the formulas in it?"""
    (note,), (warning,), (plain,) = (
        shown(f"> {first}\n> $$\n> x\n> $$")[0] for first in ("[!NOTE]", "[!WARNING]", "text")
    )
    assert [one["t"] for one in (note, warning, plain)] == ["alert", "alert", "quote"]
    assert [note["level"], warning["level"]] == ["note", "warning"]
    assert note["c"][0] == {"t": "para", "c": [["strong", ["Note"]]]}
    assert note["c"][1] == {"t": "display", "c": ["display", "x", "$$x$$"]}


def test_nesting_has_an_end():
    """Does markup nested a thousand deep still print its words?"""
    blocks, problems = shown(">" * 300 + " deep words")
    assert "deep words" in json.dumps(blocks)
    assert any("nested too deeply" in text for text in problems)


@pytest.mark.parametrize("number", ["5", "9" * 5000])
@pytest.mark.parametrize("format", [MARKDOWN, "html", LATEX])
def test_a_placeholder_that_a_student_wrote_is_text(format, number):
    """Can the marks that keep the formulas' places be forged so that a report fails?"""
    for mark in ("\ue000", "&#xe000;"):
        blocks, _ = shown(f"before {mark}{number}\ue001 after", format)
        assert "before" in json.dumps(blocks)
        assert "after" in json.dumps(blocks)


def printed(text: str) -> list[str]:
    """What the report prints of an output: its rows, and what it says about those left out."""
    return [
        line
        for block in text_output(text, "stdout")
        for line in ([block["text"]] if block["t"] == "left-out" else map(row_words, block["rows"]))
    ]


def row_words(row: dict) -> str:
    return "".join(run if isinstance(run, str) else run[1] for run in row["r"])


def test_of_a_huge_output_the_end_is_shown():
    """Is the result in the last line of a long training run on paper, however long the run?"""
    lines = [f"iteration {i:6d} loss 0.1234567890" for i in range(30_000)]
    assert printed("\n".join([*lines, "final accuracy"])) == [
        *lines[:40],
        "… 29941 lines left out",
        *lines[-19:],
        "final accuracy",
    ]
    rows = printed("z" * 1_000_000 + "end")
    assert len(rows) == 61
    assert rows[-1].endswith("zend")
    assert re.fullmatch("… 101[0-9]{2} rows of long lines left out", rows[40])


def test_of_a_huge_progress_bar_the_last_state_is_shown():
    """Do nine thousand states of a progress bar hide what was printed after it?"""
    bar = "".join(f"\r{i:6d}/9000 |{'#' * 60}|" for i in range(9001))
    assert printed(f"{bar}\n{bar}\ndone") == [f"  9000/9000 |{'#' * 60}|"] * 2 + ["done"]
    assert "left out" in " ".join(printed("\x1b[31m" * 90_000 + "x"))


def test_a_table_at_the_end_of_a_cell_has_all_its_rows():
    """Is the last row a row, although no line end follows it in a cell?"""
    ((table,), _) = shown("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |")
    assert [[cell["c"][0]["c"] for cell in row] for row in table["body"]] == [[["1"], ["2"]], [["3"], ["4"]]]


def test_latex_that_pandoc_does_not_know_is_shown_as_it_is():
    """Does a LaTeX output lose words without a word?"""
    blocks, problems = shown("Text \\unknown{lost words} \\noindent and $x$.\n\n\\begin{odd}more\\end{odd}", LATEX)
    assert ["tex", "\\unknown{lost words}"] in blocks[0]["c"]
    assert "noindent" not in json.dumps(blocks)
    assert "more" in json.dumps(blocks[1])
    assert problems.count("a piece of latex that pandoc cannot read: shown as text") == 2


def test_banners_of_code_in_prose_are_no_answer():
    """Does the text that shows students between which lines to write print as it stands?"""
    banners = "# ===== START YOUR CODE HERE =====\n# ====== END YOUR CODE HERE ======"
    markup = Markup()
    blocks = prose_blocks(f"Write between\n\n```\n{banners}\n```\n\nand nowhere else.", "here", None, {}, markup)
    para, code, rest = resolve(blocks, markup.resolved())
    assert (para["c"], rest["c"]) == (["Write between"], ["and nowhere else."])
    assert [row_words(row) for row in code["rows"]] == banners.split("\n")


def test_colons_stay_colons():
    """Does a:b:c become a picture of a letter, where Jupyter shows it as it is?"""
    blocks, _ = shown("ratios a:b:c, x[:m:2], 10:on:20 🎉")
    assert blocks == [{"t": "para", "c": ["ratios a:b:c, x[:m:2], 10:on:20 🎉"]}]


def test_displayed_formulas_stand_between_paragraphs():
    """Is a formula in the middle of a paragraph set as a block of its own?"""
    blocks, _ = shown("before $$x$$ after")
    assert [block["t"] for block in blocks] == ["para", "display", "para"]


def test_html_in_markdown_is_paired_and_the_lost_is_named():
    """Do <b>, <br> and <sup> work, and is an <iframe> named instead of silently left out?"""
    blocks, problems = shown(
        "<b>bold <i>both</b> x<sup>2</sup> a<br>b\n\n<iframe src='x'></iframe>\n\n<video controls></video>"
    )
    assert blocks[0]["c"][0] == ["strong", ["bold ", ["emph", ["both"]]]]
    assert ["super", ["2"]] in blocks[0]["c"]
    assert ["break"] in blocks[0]["c"]
    assert problems == ["<iframe> cannot be printed", "<video> cannot be printed"]


def test_a_drawing_in_html_is_shown_or_named():
    """Does an SVG that is not an output of its own vanish?"""
    svg = "<svg width='100' height='50'><circle cx='20' cy='20' r='10'/></svg>"
    for text, format in ((f"<p>{svg}</p>", "html"), (f"<div>\n{svg}\n</div>", MARKDOWN)):
        blocks, problems = shown(text, format)
        assert blocks[0]["c"][0][0] == "picture"
        assert problems == []
    assert shown(f"a line with {svg} in it")[1] == ["<svg> cannot be printed"]


def test_only_web_links_are_links():
    """Can a link in a PDF run or open something local?"""
    blocks, _ = shown("[a](javascript:alert(1)) [b](file:///etc/passwd) [c](https://example.org)")
    links = [node for node in walk(blocks) if isinstance(node, list) and node and node[0] == "link"]
    assert [link[1] for link in links] == ["https://example.org"]


def cells(*texts: str) -> list[TableCell]:
    return [TableCell([{"t": "plain", "c": [text]}], text) for text in texts]


def test_a_wide_table_gets_smaller_print_and_then_parts():
    """Do the columns of a wide DataFrame all print, none off the page?"""
    small = Table(("default",) * 4, [cells(*"abcd")], [cells("1.5", "2", "3", "4")], 1)
    assert [block["size"] for block in table_blocks(small)] == [SIZES[0]]
    names = [f"feature_{i}" for i in range(40)]
    wide = Table(("default",) * 41, [cells("", *names)], [cells("0", *["0.123456"] * 40)], 1)
    parts = table_blocks(wide)
    assert len(parts) > 1
    assert {part["size"] for part in parts} == {SIZES[-1]}
    assert [cell["c"][0]["c"][0] for part in parts for cell in part["head"][0][1:]] == names
    assert all(part["body"][0][0]["c"][0]["c"] == ["0"] for part in parts)
    assert all(len(part["align"]) * 9 * 0.5 * part["size"] < PAGE_WIDTH for part in parts)


def test_a_wide_table_with_spans_parts_too():
    """Does a DataFrame with headings over several columns and rows print legibly, each number below its heading?"""
    groups = [TableCell([], f"group{i}", colspan=3) for i in range(20)]
    head = [[*cells("", ""), *groups], [*cells("k1", "k2"), *cells(*"xyz" * 20)]]
    numbers = [[f"{row}.{i:05d}" for i in range(60)] for row in range(2)]
    body = [[replace(*cells("r"), rowspan=2), *cells("1", *numbers[0])], cells("2", *numbers[1])]
    parts = table_blocks(Table(("default",) * 62, head, body, 2))
    assert len(parts) == 4
    spans = [cell.get("colspan", 1) for part in parts for cell in part["head"][0][2:]]
    assert sum(spans) == 60
    assert max(spans) == 3
    for row, heads in ((0, 2), (1, 1)):
        shown = [cell["c"][0]["c"][0] for part in parts for cell in part["body"][row][heads:]]
        assert shown == numbers[row]
    assert all(part["body"][0][0]["rowspan"] == 2 for part in parts)
    assert all([cell.get("head", True) for cell in part["body"][1][:2]] == [True, False] for part in parts)


def test_a_long_html_table_is_cut_before_pandoc_reads_it():
    """Does a DataFrame of 50 000 rows neither stall the report nor fill a book?"""
    row = "<tr><td>{}</td><td>x</td></tr>"
    html, left_out = shortened_html("<table>" + "".join(row.format(i) for i in range(5000)) + "</table>")
    assert left_out == 4940
    assert html.count("<tr>") == 61
    assert html.startswith("<table>")
    assert html.endswith("</table>")
    assert "<td>44</td>" in html
    assert "<td>4985</td>" in html
    assert shortened_html("<table>" + row * 70 + "</table>")[1] == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a <figure>b<figcaption>c</figcaption></figure>d", ["a ", ["break"], "b", ["break"], "c", ["break"], "d"]),
        ("x <center>y</center>z", ["x ", ["break"], "y", ["break"], "z"]),
        ("a <style>b{c:d}</style>e", ["a e"]),
        ("$$x$$ words", ["words"]),
    ],
)
def test_html_within_a_line_is_not_glued(text, expected):
    """Do blocks within a line of markdown stand on lines of their own, and is what a browser hides hidden?"""
    blocks, _ = shown(text)
    assert blocks[-1]["c"] == expected


def test_colours_in_formulas_can_be_read():
    """Is yellow on white darkened in a formula as it is in words, and left alone on black?"""
    made = write_formulas(
        [Maths(tex, False) for tex in (r"\color{yellow}x", r"\colorbox{black}{\textcolor{yellow}{x}}")]
    )
    assert [re.findall("#[0-9a-f]{6}", one.text) for one in made] == [["#787800"], ["#000000", "#ffff00"]]
