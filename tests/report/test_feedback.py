"""Feedback that is safe to open: nothing of a student's runs, nothing hidden is told."""

import io
import itertools
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from conftest import DIAGNOSIS, HIDDEN_VALUE, VERDICT, nbgrader, odd_submission, scores_in
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from payloads import HTML, MARKDOWN, RUN, SVG, hostile_notebook
from pypdf import PdfReader

from autograder.course import Course
from autograder.gradebook.scores import scores_by_student
from autograder.report.document import assemble, in_one_line
from autograder.report.feedback import one_feedback
from autograder.report.hidden import without_hidden
from autograder.report.model import Notebook, Options, ReportContent
from autograder.report.page import is_aligned
from autograder.report.page import page as html_page
from autograder.report.pictures import PictureError
from autograder.report.read import read_graded
from autograder.report.rows import row_data, terminal_rows
from autograder.report.sanitise import POLICY, safe_html, sealed
from autograder.report.typeset import typeset

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TITLE = "Mini homework: mini"
PAGES = ["feedback.pages.json", "feedback.pdf", "mini.html", "timestamp.txt"]
RUNS = {"script", "iframe", "object", "embed", "base", "form", "link", "frame", "applet", "template", "math-x"}


class Audit(HTMLParser):
    """Collects everything in a page that could run or load something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag in RUNS:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            compact = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if name.startswith("on") or name in ("srcdoc", "formaction"):
                self.found.append(f"<{tag} {name}>")
            if name in ("href", "src", "xlink:href", "action", "data") and not harmless_address(value or ""):
                self.found.append(f"<{tag} {name}={value}>")
            if tag == "img" and name == "src" and not compact.startswith("data:image/"):
                self.found.append(f"<img src={value}>")
            if tag == "a" and name == "href" and compact.startswith("data:"):
                self.found.append(f"<a href={value}>")
            if name == "style" and "url(" in compact:
                self.found.append(f"<{tag} style={value}>")

    handle_startendtag = handle_starttag


def harmless_address(value: str) -> bool:
    """Whether an address is a place in the page, a page on the web, or a picture."""
    compact = re.sub(r"[\x00-\x20]+", "", value).lower()
    scheme = re.match(r"[a-z][a-z0-9+.-]*:", compact)
    if not scheme:
        return not compact.startswith("//")
    return scheme[0] in ("http:", "https:", "mailto:") or compact.startswith("data:image/")


def audited(html: str) -> list[str]:
    audit = Audit()
    audit.feed(html)
    return audit.found


def no_picture(address: str) -> bytes:
    raise PictureError("none")


@pytest.mark.parametrize("payload", HTML)
def test_a_piece_of_html_is_harmless_by_itself(payload):
    """Does the first layer alone, without policy and last look, leave nothing that runs?"""
    assert audited(safe_html(payload, no_picture)) == []


@pytest.mark.parametrize("payload", HTML)
def test_the_last_look_takes_out_what_runs(payload):
    """If something got into a page by another way, does the second layer take it out?"""
    assert audited(sealed(payload)) == []


def test_what_is_harmless_stays():
    """Do tables, emphasis, links and formulas survive the cleaning?"""
    from autograder.report.formulas import write_formulas
    from autograder.report.tex import Maths

    formulas = [Maths("x^2", False)]
    text = (
        '<table class="dataframe"><tr><th>a</th></tr></table><b>b</b> <a href="https://example.org">l</a> \ue0000\ue001'
    )
    made = safe_html(text, no_picture, formulas, [one.text for one in write_formulas(formulas, "mathml")])
    assert '<table class="dataframe">' in made
    assert "<b>b</b>" in made
    assert '<a href="https://example.org" rel="noopener noreferrer">l</a>' in made
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in made


def test_a_formula_in_an_attribute_stays_text():
    """Can the MathML of a formula close an attribute and add another?"""
    from autograder.report.tex import Maths

    made = safe_html(
        '<img alt="\ue0000\ue001" src="data:image/png;base64,AAAA">',
        no_picture,
        [Maths("x", False)],
        ['<math a="b" onerror=1>'],
    )
    assert "<math" not in made
    assert 'alt="$x$"' in made


@pytest.fixture(scope="session")
def hostile_page(graded_course, tmp_path_factory):
    """The page that nbgrader makes of the hostile notebook, with everything in feedback/ beside it."""
    root = tmp_path_factory.mktemp("hostile") / "course"
    shutil.copytree(graded_course.root, root)
    course = Course(root)
    folder = course.autograded / "ada/mini"
    nb = nbformat.read(folder / "mini.ipynb", 4)
    cells, metadata = hostile_notebook(
        new_code_cell, new_markdown_cell, new_output, nbgrader("answer-why", True, True, 4)
    )
    nb.cells = [cell for cell in nb.cells if cell.id != "answer-why"] + cells
    nb.metadata.update(metadata)
    nbformat.write(nb, folder / "mini.ipynb")
    (folder / "evil.html").write_text(f"<script>{RUN}</script>")
    (folder / "evil.svg").write_text(SVG)
    one_feedback(course, course.assignment("mini"), "ada", scores_in(course)["ada"], Options("feedback"))
    return course.feedback / "ada/mini/mini.html"


def test_the_page_of_a_hostile_notebook_has_nothing_that_runs(hostile_page):
    """Whatever is in outputs, markdown, SVG, attachments and metadata: does anything in the page run or load?"""
    page = hostile_page.read_text("utf-8")
    assert audited(page) == []
    assert page.count("Content-Security-Policy") == 1
    assert f'content="{POLICY}"' in page


def test_no_file_of_the_student_lies_beside_the_page(hostile_page):
    """Can a student get an HTML or SVG file of theirs opened from the feedback folder?"""
    assert sorted(path.name for path in hostile_page.parent.iterdir()) == PAGES


def chromium(*arguments: str) -> str:
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--virtual-time-budget=3000",
    ]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=120, check=True).stdout


def title(page: str) -> str:
    match = re.search(r"<title[^>]*>(.*?)</title>", page, re.DOTALL)
    return match[1].strip() if match else ""


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed; the pages are audited without it all the same")
class TestInChromium:
    def test_the_payloads_do_run_where_nobody_cleans_them(self, tmp_path):
        """Do these payloads really run? (Otherwise the next tests would prove nothing.)"""
        payloads = [HTML[i].replace(RUN, f"document.title+='{i};'") for i in (0, 4, 7)]
        path = tmp_path / "page.html"
        path.write_text("<html><head><title>ran:</title></head><body>" + "\n".join(payloads) + "</body></html>")
        ran = title(chromium("--dump-dom", path.as_uri()))
        assert sorted(ran.removeprefix("ran:").split(";")) == ["", "0", "4", "7"]

    def test_no_payload_runs_in_the_feedback(self, hostile_page, tmp_path):
        """Does any of a student's scripts run in anyone's browser?"""
        dom = chromium("--dump-dom", hostile_page.as_uri())
        assert title(dom) == TITLE
        assert "scores" in dom

    def test_each_layer_holds_without_the_browsers_policy(self, hostile_page, tmp_path):
        """And in a browser that knows no such policy?"""
        page = hostile_page.read_text("utf-8")
        bare = re.sub(r"<meta[^>]*Content-Security-Policy[^>]*>", "", page)
        assert len(bare) < len(page)
        path = tmp_path / "bare.html"
        path.write_text(bare, "utf-8")
        assert title(chromium("--dump-dom", path.as_uri())) == TITLE

    def test_the_policy_alone_stops_every_payload(self, tmp_path):
        """And if cleaning let everything through?"""
        policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        for number, start in enumerate((0, len(HTML) // 2)):
            body = "\n".join(
                payload for payload in HTML[start : start + len(HTML) // 2 + 1] if "<title>" not in payload
            )
            path = tmp_path / f"{number}.html"
            path.write_text(f"<html><head>{policy}<title>innocent</title></head><body>{body}</body></html>")
            assert title(chromium("--dump-dom", path.as_uri())) == "innocent"


@pytest.fixture(scope="session")
def feedback(graded_course, tmp_path_factory):
    """The feedback page of ada's mini homework."""
    root = tmp_path_factory.mktemp("feedback") / "course"
    shutil.copytree(graded_course.root, root)
    course = Course(root)
    one_feedback(course, course.assignment("mini"), "ada", scores_in(course)["ada"], Options("feedback"))
    return (course.feedback / "ada/mini/mini.html").read_text("utf-8")


def test_the_page_begins_with_the_questions_their_points_and_what_was_wrong(feedback):
    """Does a student see at once where points were lost and why, and does each line lead to its question?"""
    table = feedback[feedback.index('<table class="questions">') : feedback.index("</table>")]
    rows = [re.sub(r"<[^>]*>", "|", row.replace("<wbr>", "")) for row in re.findall(r"<tr class.*?</tr>", table)]
    code = re.compile(r"Code: |, |nn[./]\S+")
    said = [[part for part in row.split("|") if part and not code.fullmatch(part)] for row in rows]
    assert [one[:4] for one in said] == [
        ["✓", "all points", "Scores", "3 of 3"],
        ["✗", "points lost", "Gradient", "0 of 2"],
        ["✗", "points lost", "Value", "0 of 1"],
        ["✗", "points lost", "Question", "2.5 of 4"],
        ["+", "extra credit", "Bonus ", "extra credit"],
    ]
    assert said[1][4] == DIAGNOSIS
    assert said[2][4] == "the check failed"
    assert said[3][4:] == ["graded by hand", "Comment: Good, but ", "η", " is ", "missing", "."]
    for place in re.findall(r'href="#(question-[0-9]+)"', table):
        assert feedback.count(f'id="{place}"') == 1
    assert table.count('class="lost"') == 3


def test_feedback_shows_scores_comments_and_diagnosis(feedback):
    """Does a student see the sum, lateness, comments and what was wrong?"""
    assert "Points: <b>14 of 10</b>" in feedback
    assert "(−1.5)" in feedback
    assert VERDICT in feedback
    assert DIAGNOSIS in feedback
    assert "<strong>missing</strong>" in feedback
    assert "<mi>η</mi>" in feedback


def test_a_comment_stands_on_the_first_page_as_it_reads():
    """Are formatting and formulas of a comment shown there, its lists told apart, and a long one cut?"""
    blocks = [
        {"t": "para", "c": ["Good, ", ["strong", ["but"]], ["break"], "see ", ["maths", "x", "$x$"]]},
        {"t": "bullets", "items": [[{"t": "plain", "c": ["one"]}], [{"t": "plain", "c": ["two"]}]]},
        {"t": "display", "c": ["display", "y", "$$y$$"]},
    ]
    shown = ["Good, ", ["strong", ["but"]], " ", "see ", ["maths", "x", "$x$"], " ", "• ", "one", " ", "• ", "two", " "]
    assert in_one_line(blocks, 300) == [*shown, " ", ["maths", "y", "$$y$$"]]
    assert in_one_line([{"t": "para", "c": ["a" * 400]}], 300) == ["a" * 299 + "…"]


def test_a_page_names_only_what_its_own_notebook_does_not_show():
    """Is a student told of a chart on the page of the notebook that has it, and there in one box?"""
    chart = new_output("display_data", {"application/vnd.plotly.v1+json": {}})
    first = new_code_cell("x", id="one", outputs=[chart, new_output("display_data", {"application/pdf": "JVBERi0="})])
    cells = {"a": [first], "b": [new_markdown_cell("b")]}
    notebooks = tuple(Notebook(name, nbformat.v4.new_notebook(cells=made), None) for name, made in cells.items())
    content = ReportContent("a", "A", "Ada", "ada", datetime(2026, 10, 9, tzinfo=UTC), "0" * 64, notebooks)
    document = assemble(content, Options("feedback"))
    assert html_page(document, "a").count("Not shown as it should be:") == 1
    assert html_page(document, "a").count("<li>cell one: ") == 2
    assert "Not shown" not in html_page(document, "b")


def test_full_outputs_are_full_on_the_page_and_in_its_pdf(course_copy):
    """Does `feedback --full-outputs` show a long output that is cut otherwise, and say nothing of a cut?"""
    path = course_copy.autograded / "ada/mini/mini.ipynb"
    nb = nbformat.read(path, 4)
    lines = "".join(f"word {chr(97 + i % 26)}{chr(97 + i // 26)}\n" for i in range(200))
    next(cell for cell in nb.cells if cell.id == "plot").outputs = [new_output("stream", name="stdout", text=lines)]
    nbformat.write(nb, path)
    scores = scores_in(course_copy)["ada"]
    shown = {}
    for full in (False, True):
        one_feedback(course_copy, course_copy.assignment("mini"), "ada", scores, Options("feedback", full_outputs=full))
        folder = course_copy.feedback / "ada/mini"
        pdf = "".join(page.extract_text() for page in PdfReader(folder / "feedback.pdf").pages)
        shown[full] = [("word ze" in text, "left out" in text) for text in ((folder / "mini.html").read_text(), pdf)]
    assert shown == {False: [(False, True)] * 2, True: [(True, False)] * 2}


def test_a_page_fits_a_phone_and_a_dark_room(feedback):
    """Does the page say its language and its width, and follow the system's colours?"""
    assert '<html lang="en">' in feedback
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in feedback
    assert "img { max-width: 100%;" in feedback
    assert "grid-template-columns: 1.4em minmax(0, 1fr) auto;" in feedback  # a long name of code does not widen it
    assert "@media (prefers-color-scheme: dark)" in feedback
    assert 'alt="output of mini, cell plot" width="60"' in feedback


def test_a_screen_reader_finds_its_way(feedback):
    """Are headings in order, tables' heads marked, marks said in words, pictures described, and the focus seen?"""
    levels = [int(level) for level in re.findall(r"<h([1-6])", feedback)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert re.findall(r"<th(?!ead|[^>]*scope=)[^>]*>", feedback) == []
    assert '<span class="unseen">points lost</span>' in feedback
    assert feedback.index("<main>") < feedback.index('<table class="questions">')
    assert re.findall(r"<img(?![^>]*alt=.[^>]+)[^>]*>", feedback) == []
    assert ":focus-visible { outline:" in feedback


def test_hidden_tests_and_their_values_are_left_out(feedback):
    """Can a student read a hidden test's source or value off the feedback?"""
    assert HIDDEN_VALUE not in feedback
    assert "HIDDEN TESTS" not in feedback
    assert "A hidden test failed." in feedback
    cell = new_markdown_cell("mine\n### BEGIN MARK SCHEME\n1 point for x\n### END MARK SCHEME\nmore")
    assert without_hidden(cell).source == "mine\nmore"
    open_ended = new_code_cell("a = 1\n### BEGIN HIDDEN TESTS\nassert a == 1")
    assert without_hidden(open_ended).source == "a = 1"


def page_of(*cells) -> str:
    """The page of a notebook with these cells."""
    nb = nbformat.v4.new_notebook(cells=list(cells))
    when = datetime(2026, 10, 9, tzinfo=UTC)
    content = ReportContent("a", "A", "Ada", "ada", when, "0" * 64, (Notebook("a", nb, None),))
    return html_page(assemble(content, Options("feedback")), "a")


def test_pictures_are_inside_the_page():
    """Does the page show plots without any file beside it?"""
    from conftest import picture

    page = page_of(new_code_cell("x", outputs=[new_output("display_data", data={"image/png": picture()})]))
    assert re.search(r'<img src="data:image/png;base64,[^"]+" alt="output of a, cell [0-9a-f]+" width="60">', page)
    assert audited(page) == []


def test_nbgraders_own_commands_make_the_same_pages(course_copy):
    """Is feedback made with `nbgrader generate_feedback` or formgrader's button the same?"""
    from autograder.course import find_course, nbgrader_config
    from autograder.report.nbgrader_feedback import FeedbackExporter

    config = nbgrader_config(find_course(Path(__file__)))
    assert config.GenerateFeedback.exporter_class == "autograder.report.nbgrader_feedback.FeedbackExporter"
    assert config.GenerateFeedback.post_convert_hook == "autograder.report.nbgrader_feedback.keep_pages_only"
    scores = scores_by_student(course_copy, course_copy.assignment("mini"))["ada"]
    one_feedback(course_copy, course_copy.assignment("mini"), "ada", scores, Options("feedback"))
    page, _ = FeedbackExporter().from_filename(str(course_copy.autograded / "ada/mini/mini.ipynb"))
    assert page == (course_copy.feedback / "ada/mini/mini.html").read_text("utf-8")


def test_a_forged_place_of_a_formula_does_not_stop_the_page():
    """Can the marks that keep the formulas' places be forged so that a page fails?"""
    for number in ("5", "9" * 5000):
        assert "before" in safe_html(f"before \ue000{number}\ue001 <b title='\ue000{number}\ue001'>x</b>", no_picture)


def test_every_markdown_payload_is_harmless_alone():
    """Does each payload lose its sting by itself, not only among the others?"""
    for payload in MARKDOWN:
        assert audited(page_of(new_markdown_cell(payload))) == [], payload


def test_the_feedback_pdf_hides_the_same(course_copy):
    """Does the PDF tell what the page does not?"""
    one_feedback(course_copy, course_copy.assignment("mini"), "ada", scores_in(course_copy)["ada"], Options("feedback"))
    folder = course_copy.feedback / "ada/mini"
    assert sorted(path.name for path in folder.iterdir()) == PAGES
    text = "".join(page.extract_text() for page in PdfReader(folder / "feedback.pdf").pages)
    assert HIDDEN_VALUE not in text
    assert "A hidden test failed." in text
    assert "dw differs at [3, 1]" in text
    assert "Integrity notes" not in text
    assert Path(folder / "mini.html").exists()


def test_names_in_a_diagnosis_are_code(graded_course):
    """Is what stands between backticks in the line of a question code, on the page and on paper?"""
    said = "It is what comes out if, in `affine`, the `b < c` is missing."
    scores = scores_in(graded_course)["ada"]
    lines = ("dw   failed", "  dw differs from the reference", f"    {said}")
    lost = [replace(cell, lines=lines) if cell.state == "lost" else cell for cell in scores.cells]
    content = read_graded(graded_course, graded_course.assignment("mini"), "ada", replace(scores, cells=tuple(lost)))
    document = assemble(content, Options("feedback"))
    shown = "in <code>affine</code>, the <code>b &lt; c</code> is missing."
    assert html_page(document, "mini").count(shown) == 3
    text = PdfReader(io.BytesIO(typeset(document, content.when).pdf)).pages[0].extract_text()
    assert "in affine, the b < c is missing." in " ".join(text.split())


def test_what_pages_use_is_not_taken_out():
    """Do places where a long name may break, and outputs that scroll, stay in a page?"""
    body = '<code>nn.<wbr>layers</code><div class="output stdout aligned"><pre>1  2\n</pre></div>'
    assert sealed(body) == body


def test_parts_that_are_sealed_one_by_one_make_a_sealed_page():
    """Can what a part leaves open, or closes too often, reach the part beside it?"""
    assert sealed("<article><p class='work'>mine") == '<article><p class="work">mine</p></article>'
    assert sealed("</article></main></body><p>mine") == "<p>mine</p>"


@pytest.mark.parametrize(
    ("shown", "aligned"),
    [
        ("┏━━━━┓\n┃ a  ┃", True),
        ("   a     b\n0  1.0   2\n1  2.0   3\n", True),
        ("epoch 1: loss 2.3\nepoch 2: loss 1.9\n100%|████| 5/5", False),
        ("a  b\nc", False),
        ("loss   error 0.0   ok\ngradient of the loss   error 1.0   failed", True),
        ("see  this\nand  that", False),
        ("a  b  " * 60 + "\n1  2\n3  4\n5  6", False),
    ],
)
def test_tables_of_text_keep_their_columns_on_a_phone(shown, aligned):
    """Does an output whose columns stand below each other scroll, and any other one wrap?"""
    assert is_aligned([row_data(row) for row in terminal_rows(shown)]) is aligned


def test_what_a_check_says_of_a_mistake_wraps_on_a_phone():
    """Do only the columns of a check's output scroll, while the sentences below them wrap?"""
    lines = "loss   error 0.5   failed\n   loss differs from the one expected: twice as large.\nrate   error 0.0   ok\n"
    cells = [new_code_cell("x", outputs=[new_output("stream", text=lines)])]
    content = replace(odd_submission(), notebooks=(Notebook("mini", new_notebook(cells=cells), None),))
    page = html_page(assemble(content, Options("feedback")), "mini")
    said = '<span class="said">   loss differs from the one expected: twice as large.\n</span>'
    assert f'aligned"><pre>loss   error 0.5   failed\n{said}rate   error 0.0   ok\n</pre>' in page
