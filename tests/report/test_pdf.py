"""The finished PDF: its text, its structure, its bytes, its looks."""

import io
import json
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
import typst
from golden import page_pictures
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image, ImageChops
from pypdf import PdfReader

from autograder.report import fonts
from autograder.report.document import assemble, without_glyph
from autograder.report.fonts import font_files, missing_characters
from autograder.report.make import make_report
from autograder.report.model import Options
from autograder.report.pagemap import page_map
from autograder.report.read import read_own
from autograder.report.typeset import typeset

FILES = Path(__file__).with_name("files")
ODD = Path(__file__).parents[1] / "fixtures" / "odd"


def text_of(pdf: Path) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(pdf).pages)


def flat(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.fixture(scope="session")
def odd_text(odd_pdf) -> str:
    return text_of(odd_pdf.pdf)


@pytest.mark.parametrize(
    "words",
    [
        "2026-0042",
        "Zoë Ångström",
        "Because the learning rate was too small",
        "scores   sum of differences 3.38e-08   at most 1e-07   ok",
        "… 413 lines like the one above left out",
        "… 341 rows left out",
        "line 471",
        "feature_37",
        "mismatch in its core dimension 0",
        "The footnote's text.",
        "Hidden details",
        "HTML with bold and a link",
        "Привет",
        '#include "data.json" #read("/etc/passwd")',
        '#panic("raw block")',
        "out = x.reshape(x.shape[0], -1) @ w + b  # my comment",
        "nn/layers.py, line 9",
        "Not written yet: as it was handed out.",
        "helper.py",
        "added cell",
        "100%|██████████| 10/10",
        "odd: 1 cell failed: failing (ValueError).",
        "odd: cell not-run was not run.",
        "best_net.npz is not there.",
        "Not written yet: nn.layers.relu.",
    ],
)
def test_text_extraction_finds(odd_text, words):
    """Can every answer, output and notice be searched for?"""
    assert flat(words) in flat(odd_text)


def test_what_could_not_be_shown_is_named_in_the_file(odd_pdf, odd_text):
    """Is there anything that fails silently?"""
    assert len(odd_pdf.problems) >= 8
    for problem in odd_pdf.problems:
        said = (
            problem.text[-28:] if problem.place == "fonts" else problem.text[:50]
        )  # the missing character itself has no text
        assert flat(said) in flat(odd_text), problem
    places = {problem.place.removeprefix("odd, cell ") for problem in odd_pdf.problems}
    assert {"maths", "lists", "pictures", "pictures-out", "rich"} <= places


def test_a_question_leads_to_the_lines_that_it_grades(mini_report):
    """Does the page map say which lines of which file a question grades, and does the first page link to them?"""
    found = json.loads(mini_report.pages_json.read_text())
    pages = found["regions"]["nn.layers.affine"]
    assert found["code"] == {
        "mini:gradient-check": [{"region": "nn.layers.affine", "path": "nn/layers.py", "lines": [4, 4], "pages": pages}]
    }
    first = PdfReader(mini_report.pdf).pages[0]
    assert "nn/layers.py: 4" in first.extract_text()
    assert [one for one in first["/Annots"] if "/Dest" in one.get_object() or "/A" in one.get_object()]


def test_bookmarks_lead_to_notebooks_questions_and_files(odd_pdf):
    """Can a grader jump to a question?"""
    reader = PdfReader(odd_pdf.pdf)

    def titles(outline):
        for entry in outline:
            if isinstance(entry, list):
                yield from titles(entry)
            else:
                yield entry.title, reader.get_destination_page_number(entry)

    found = dict(titles(reader.outline))
    pages = json.loads(odd_pdf.pages_json.read_text())
    assert found["odd"] in (1, 2)
    assert found["Why did it train so badly?"] + 1 == pages["questions"]["odd:answer-why"][0]
    assert {"Scores", "Python files", "nn/layers.py", "nn.layers.affine"} <= set(found)


def test_the_file_is_tagged_and_says_what_it_is(odd_pdf):
    """Can a screen reader read it?"""
    reader = PdfReader(odd_pdf.pdf)
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "en"
    assert reader.metadata.title.startswith("Everything odd")
    assert "Zoë" in reader.metadata.author


def test_every_page_has_name_id_and_number(odd_pdf):
    """Does a page that falls out of the pile say whose it is?"""
    reader = PdfReader(odd_pdf.pdf)
    assert odd_pdf.pages == len(reader.pages)
    for number, page in enumerate(reader.pages, 1):
        text = flat(page.extract_text())
        assert "2026-0042" in text
        assert f"page{number}of{odd_pdf.pages}" in text


def test_the_same_input_gives_the_same_bytes(odd_pdf, tmp_path):
    """Is a PDF made twice, from a copy elsewhere, the same file?"""
    for part in ("submission", "released"):
        shutil.copytree(ODD / part, tmp_path / part)
    again = make_report(read_own(tmp_path / "submission", tmp_path / "released"), tmp_path / "x.pdf", Options("own"))
    assert again.pdf.read_bytes() == odd_pdf.pdf.read_bytes()
    assert again.pages_json.read_bytes() == odd_pdf.pages_json.read_bytes()


def difference(one: bytes, other: bytes) -> float:
    """How much of the page differs clearly, in percent."""
    a, b = (Image.open(io.BytesIO(data)).convert("L") for data in (one, other))
    if a.size != b.size:
        return 100.0
    histogram = ImageChops.difference(a, b).histogram()
    return 100 * sum(histogram[64:]) / (a.width * a.height)


TOLERANCE = 0.3


def test_pages_look_as_they_did_when_somebody_looked(graded_course):
    """Has the layout changed without anybody looking? (tests/report/golden.py writes the pictures anew.)"""
    from conftest import mini_document

    pages = page_pictures(*mini_document(graded_course))
    stored = [(FILES / f"mini-{number}.png").read_bytes() for number in range(1, len(pages) + 1)]
    assert not (FILES / f"mini-{len(pages) + 1}.png").exists()
    assert [
        round(difference(*pair), 2) for pair in zip(pages, stored, strict=True) if difference(*pair) > TOLERANCE
    ] == []
    assert difference(pages[0], pages[1]) > 3 * TOLERANCE, "the tolerance would let anything pass"


def test_questions_can_start_on_new_pages(odd, odd_pdf):
    """Does every question have pages of its own when Gradescope needs that?"""
    data = {**odd.data, "new_page": True}
    from dataclasses import replace
    from datetime import UTC, datetime

    document = replace(odd, data=data)
    done = typeset(document, datetime(2026, 1, 1, tzinfo=UTC))
    marks = {mark.id: mark for mark in done.marks}
    check, why = marks["odd:toy-check"], marks["odd:answer-why"]
    assert check.first_y < 120
    assert why.first_y < 120
    assert why.first_page > check.last_page
    questions = page_map(document, done.marks, 99)["questions"]
    assert questions["odd:toy-check"][0] == check.first_page


def test_the_page_map_has_gradescopes_form(odd_pdf):
    """Can the outline be handed to Gradescope as it is?"""
    found = json.loads(odd_pdf.pages_json.read_text())
    assert found["page_count"] == odd_pdf.pages
    assert found["student_id"] == "2026-0042"
    (notebook,) = found["outline"]["question_data"]
    assert notebook["weight"] == 8
    assert [child["title"] for child in notebook["children"]] == ["Scores", "Why did it train so badly?"]
    assert [child["weight"] for child in notebook["children"]] == [3, 5]
    for child, pages in zip(notebook["children"], found["questions"].values(), strict=True):
        assert [one["page_number"] for one in child["crop_rect_list"]] == pages
        assert all(0 <= one["y1"] < one["y2"] <= 100 and one["x2"] == 100 for one in child["crop_rect_list"])
    assert set(found["regions"]) == {"nn.layers.affine", "nn.layers.relu"}


def test_a_question_begins_with_the_work_that_leads_to_it(odd_pdf):
    """Is the student's code on the question's pages, not only its check?"""
    pages = json.loads(odd_pdf.pages_json.read_text())["questions"]["odd:toy-check"]
    reader = PdfReader(odd_pdf.pdf)
    assert flat("out = x @ w + b") in flat("".join(reader.pages[number - 1].extract_text() for number in pages))


def test_the_cell_with_name_and_id_belongs_to_no_question(odd):
    """Is a grader of the first question spared the student's name, and the cell a page of its own?"""
    starts = {cell["id"]: cell["starts"] for cell in odd.data["notebooks"][0]["cells"] if "starts" in cell}
    assert starts["work-toy"] == ["odd:toy-check"]
    assert "student" not in starts


def test_a_picture_or_formula_that_typst_refuses_costs_only_itself(odd):
    """If Typst stops at one piece, is the rest printed and the piece named?"""
    from dataclasses import replace
    from datetime import UTC, datetime

    data = json.loads(json.dumps(odd.data))
    blocks = data["notebooks"][0]["cells"][2]["blocks"]
    blocks += [{"t": "picture", "file": "bad.svg", "alt": "a bad drawing", "width": 50}]
    blocks += [{"t": "para", "c": ["see ", ["maths", "nosuchname(", "$bad$"], " and on"]}]
    document = replace(odd, data=data, pictures={**odd.pictures, "bad.svg": b"<svg"})
    done = typeset(document, datetime(2026, 1, 1, tzinfo=UTC))
    new = [problem for problem in done.problems if problem not in odd.problems]
    assert [(problem.place, problem.text.split(":")[0]) for problem in new] == [
        ("picture", "a bad drawing"),
        ("formula", "$bad$ cannot be set"),
    ]
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(done.pdf)).pages)
    assert "and on" in text


def test_student_text_in_titles_and_names_is_text(tmp_path):
    """Can a name or an assignment's title break the page or run as code?"""
    shutil.copytree(ODD / "released", tmp_path / "homework")
    path = tmp_path / "homework" / "odd.ipynb"
    text = path.read_text("utf-8").replace('name = \\"\\"', 'name = \\"#panic() *x* $y$ <z> [a]\\"')
    path.write_text(text, "utf-8")
    document = assemble(read_own(tmp_path / "homework"), Options("own"))
    assert document.data["student"] == "#panic() *x* $y$ <z> [a]"
    done = typeset(document, read_own(tmp_path / "homework").when)
    assert "#panic() *x* $y$ <z> [a]" in PdfReader(io.BytesIO(done.pdf)).pages[0].extract_text()


def test_words_without_end_break_at_the_edge(tmp_path):
    """Is a word, a piece of code or a table's entry that is longer than the line printed whole?"""
    word = "abcdefghij" * 30
    table = f"| a | b | c |\n|---|---|---|\n| {word} | {word} | {word} |"
    cells = [new_markdown_cell(text) for text in (f"see {word} end", f"see `{word}` end", f"# {word}", table)]
    nbformat.write(new_notebook(cells=cells), tmp_path / "a.ipynb")
    made = make_report(read_own(tmp_path), tmp_path / "a.pdf", Options())
    lines = [line for page in PdfReader(made.pdf).pages for line in page.extract_text().split("\n")]
    assert max(map(len, lines)) < 130
    assert "".join(lines).count(word) >= 3
    assert "\u200b" not in "".join(lines)


SUM = " + ".join(f"x_{{{i}}} y_{{{i}}}" for i in range(40))
ROWS = r" \\ ".join(" & ".join(f"{row}.{i:02d}" for i in range(40)) for row in range(2))
WIDE = {
    "sum": SUM,
    "brackets": rf"\left( {SUM} \right)",
    "root": rf"\sqrt{{{SUM}}}",
    "align": rf"a &= {SUM} \\ &= b",
    "matrix": rf"\begin{{bmatrix}} {ROWS} \end{{bmatrix}}",
}


@pytest.mark.parametrize("tex", WIDE.values(), ids=WIDE)
@pytest.mark.parametrize("dollars", ["$", "$$"])
def test_wide_formulas_end_before_the_edge(tex, dollars, tmp_path):
    """Is a formula broken into lines, or where it cannot be, made to fit?"""
    nbformat.write(new_notebook(cells=[new_markdown_cell(f"see {dollars}{tex}{dollars} there")]), tmp_path / "a.ipynb")
    made = make_report(read_own(tmp_path), tmp_path / "a.pdf", Options())
    assert made.problems == ()
    ends = []

    def seen(text, matrix, place, *_) -> None:
        if text.strip():
            ends.append(place[4] * matrix[0] + place[5] * matrix[2] + matrix[4])

    PdfReader(made.pdf).pages[1].extract_text(visitor_text=seen)
    assert max(ends) < 595 - 40


def placed(pdf: Path) -> list[tuple[float, float]]:
    """The printed width and height of every picture in a PDF, in points."""
    found = []

    def seen(operator, operands, matrix, _) -> None:
        if operator == b"Do":
            found.append((abs(matrix[0]), abs(matrix[3])))

    for page in PdfReader(pdf).pages:
        page.extract_text(visitor_operand_before=seen)
    return found


def test_pictures_fit_the_page_whole_and_in_their_proportions(tmp_path):
    """Is a tall figure neither cut nor squeezed, and do two plots in one table stand side by side?"""
    from conftest import picture

    tall, plot = picture(600, 3000), picture(640, 480)
    side_by_side = "| a | b |\n|---|---|\n" + f"| ![x](data:image/png;base64,{plot}) " * 2 + "|"
    cells = [
        new_code_cell("x", outputs=[new_output("display_data", data={"image/png": tall})]),
        new_markdown_cell(f"in a line ![x](data:image/png;base64,{tall})"),
        new_markdown_cell(side_by_side),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "a.ipynb")
    made = make_report(read_own(tmp_path), tmp_path / "a.pdf", Options())
    sizes = placed(made.pdf)
    assert [round(height / width, 2) for width, height in sizes] == [5, 5, 0.75, 0.75]
    assert all(height < 700 for _, height in sizes)
    assert sum(width for width, _ in sizes[2:]) < 485


@pytest.mark.parametrize("name", ["Anna " * 39, "N" * 199])
def test_the_longest_name_keeps_the_running_head_on_its_line(name, tmp_path):
    """Does a very long name run over the title, or above the edge of the page?"""
    cell = new_code_cell(f"name = {name!r}\nstudent_id = {name[:100]!r}", id="student")
    nbformat.write(new_notebook(cells=[cell]), tmp_path / "a.ipynb")
    made = make_report(read_own(tmp_path), tmp_path / "a.pdf", Options())
    first, second = PdfReader(made.pdf).pages
    assert flat(name.strip()) in flat(first.extract_text())
    assert max(map(len, second.extract_text().split("\n")[:1])) < 130
    assert flat(name)[:40] in flat(second.extract_text().split("\n")[0])


def test_fonts_come_from_known_places_only():
    """Would another font on somebody's machine change the pages?"""
    names = {path.name for path in font_files()}
    assert {"DejaVuSans.ttf", "STIXGeneral.ttf"} <= names
    assert not any("LastResort" in name for name in names)


def test_a_character_without_a_glyph_is_named():
    """Does anything print as a box without a word?"""
    assert missing_characters("Plain, é, ∀ε>0, 𝔼[𝑋], ﬁ, → and \u200d\ufe0f\u0301") == []
    assert missing_characters("runes ᚠᚢ") == ["ᚠ", "ᚢ"]


def test_a_text_that_no_font_has_is_one_problem():
    """Does an answer in a script without a font leave room on the first page, and are all its characters counted?"""
    cuneiform = [chr(0x12000 + i) for i in range(300)]
    assert missing_characters("".join(cuneiform)) == cuneiform
    (problem,) = without_glyph(cuneiform)
    assert problem.text.startswith("no installed font has 300 characters, \U00012000 (U+12000), \U00012001")
    assert problem.text.endswith(" and 288 more: they print as boxes")
    (one,) = without_glyph(["\U00012000"])
    assert one.text == "no installed font has the character \U00012000 (U+12000): it prints as a box"
    assert without_glyph([]) == []


def test_without_the_system_fonts_emoji_are_named(monkeypatch):
    """On a machine without emoji and CJK fonts: does the report say so?"""
    ours = tuple(path for path in font_files() if "matplotlib" in str(path))
    monkeypatch.setattr(fonts, "font_files", lambda: ours)
    monkeypatch.setattr(fonts, "font_book", lambda: typst.Fonts(include_system_fonts=False))
    for cached in (fonts.is_box, fonts.outline):
        monkeypatch.setattr(fonts, cached.__name__, cached.__wrapped__)
    assert fonts.missing_characters("plot 🎉 漢") == ["漢", "🎉"]


HOSTILE = {
    "quotes": new_markdown_cell("> " * 20_000 + "x"),
    "divisions": new_markdown_cell("<div>" * 5_000 + "x"),
    "braces": new_markdown_cell("$" + "{" * 3_000 + "x" + "}" * 3_000 + "$"),
    "fractions": new_markdown_cell("$" + r"\frac{a}{" * 300 + "x" + "}" * 300 + "$"),
    "commands": new_markdown_cell(r"$\newcommand{\a}{\b\b}\newcommand{\b}{\a\a} \a$"),
    "code": new_code_cell("x = '" + "y" * 600_000 + "'"),
    "colours": new_code_cell("", outputs=[new_output("stream", name="stdout", text="\x1b[31mz\x1b[0m" * 50_000)]),
    "references": new_code_cell(
        "",
        outputs=[
            new_output(
                "display_data",
                data={
                    "image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg' width='1e9'><g id='a0'/>"
                    + "".join(f"<g id='a{i}'>" + f"<use href='#a{i - 1}'/>" * 10 + "</g>" for i in range(1, 12))
                    + "<use href='#a11'/></svg>"
                },
            )
        ],
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_cell_costs_only_itself(name, tmp_path):
    """Can one cell stop a report, or keep it for minutes?"""
    answer = new_markdown_cell("The *answer* after it.")
    nbformat.write(new_notebook(cells=[HOSTILE[name], answer]), tmp_path / "a.ipynb")
    start = time.monotonic()
    made = make_report(read_own(tmp_path), tmp_path / "a.pdf", Options())
    assert time.monotonic() - start < 30
    assert made.pages < 60
    assert "The answer after it." in text_of(made.pdf)


def test_a_report_can_be_read_aloud(graded_course, tmp_path):
    """Is a report PDF/UA-1 (tagged, titled, pictures and formulas described) where its fonts allow?"""
    from conftest import mini_document

    document, when = mini_document(graded_course)
    pdf = typeset(document, when).pdf
    assert b"/Lang" in pdf
    assert PdfReader(io.BytesIO(pdf)).metadata.title == "Mini homework, Ada Lovelace"
    assert b"<pdfuaid:part>1<" in pdf
    nbformat.write(new_notebook(cells=[new_markdown_cell("no font has \ufdfd this")]), tmp_path / "b.ipynb")
    made = make_report(read_own(tmp_path), tmp_path / "b.pdf", Options())
    assert b"<pdfuaid:part>" not in made.pdf.read_bytes()
    assert "no font has" in text_of(made.pdf)


def test_each_student_has_the_own_name_on_every_page(tmp_path):
    """Does a PDF that is set after another's, by the same process, name its own student in title and headers?"""
    cells = [new_markdown_cell("Text. " * 2000, id="long")]
    nbformat.write(new_notebook(cells=cells), tmp_path / "a.ipynb")
    for name in ("Ada", "Emmy"):
        content = replace(read_own(tmp_path), name=name, student_id=f"{name.lower()}-1")
        reader = PdfReader(io.BytesIO(typeset(assemble(content, Options()), content.when).pdf))
        assert reader.metadata.title.endswith(f", {name}")
        assert len(reader.pages) > 2
        assert all(f"{name} {name.lower()}-1" in page.extract_text() for page in reader.pages)


GREYS = re.compile(r'#let (?:ink|grey|faint|accent) = rgb\("(#[0-9a-f]{6})"\)')


def test_small_print_has_contrast():
    """Does everything grey on paper, and on the paper of code, have a contrast of 4.5 to 1?"""
    from autograder.report.terminal import contrast, luminance
    from autograder.report.typeset import TEMPLATE

    found = GREYS.findall(TEMPLATE.read_text("utf-8"))
    assert len(found) == 4
    assert [one for one in found if contrast(luminance(one), luminance("#f6f7f8")) < 4.5] == []
