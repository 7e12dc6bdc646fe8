"""Formgrader's pages in a browser: can what a student hands in act in them?"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from urllib.parse import quote

import nbformat
import pytest
from browser import Browser, in_chromium
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader.api import Gradebook
from payloads import MARKDOWN, RUN, SCRIPT, SVG, hostile_notebook

from autograder.grade.prepare.splice import may_act
from autograder.notebooks import read_notebook, write_notebook
from autograder.prose import harmless_markdown, is_harmless, rendered

EVIL = f"<img src=x onerror={RUN}>"
EVIL_ID = f"eve'\"{EVIL}"
BREAKING_OUT = f'tiny";{RUN};"'

HONEST = [
    "# Title\n\n*a* **b** `x<y` a < b and c > d",
    "$a<b$ and\n\n$$\\sum_{i<n} x_i$$",
    "| a | b |\n|:--|--:|\n| 1 | 2 |",
    '![p](plot.png) [x](https://a.org) <br> <b>x</b> <font color="red">r</font> <sub>2</sub>',
    "```python\nif a < b: print('<script>')\n```",
    "<div align='center'>x</div>",
    "- a\n- [ ] b\n\n1. x\n2. y",
    "<https://x.org> <me@x.org> ~~x~~",
    "javascript: the language; data: the numbers; onclick = 3",
    "![a](attachment:a.png)",
    "> quote\n\n---\n\n&amp; &lt; &nbsp;",
    "<details><summary>more</summary>\n\ntext\n\n</details>",
]


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_text_is_kept_as_it_is(text):
    """Does a student's text reach the graded notebook unchanged, HTML that only shows something included?"""
    assert harmless_markdown(text) == text


@pytest.mark.parametrize("text", [*MARKDOWN, '<button class="full-credit">x</button>', '<p class="full-credit">x</p>'])
def test_a_hostile_text_is_harmless_afterwards(text):
    """Is there nothing left that runs, sends, or that formgrader takes for a button of its own?"""
    harmless = harmless_markdown(text)
    assert harmless == text or may_act(text)
    assert is_harmless(rendered(harmless))
    assert harmless_markdown(harmless) == harmless


def test_a_placeholder_in_angle_brackets_becomes_visible():
    """Is what is no HTML at all shown as it was typed?"""
    assert rendered(harmless_markdown("Answer: <your answer>")).strip() == "<p>Answer: &lt;your answer&gt;</p>"


@pytest.fixture(scope="module")
def hostile_course(tmp_path_factory, released, grading):
    """A graded course in which a student's texts, id and name are payloads, and files too."""
    from autograder.course import Course

    root = tmp_path_factory.mktemp("formgrader") / "course"
    shutil.copytree(released.course.root, root)
    tiny = type(released)(Course(root), weights=released.weights)
    folder = tiny.hand_in("eve")
    (folder / "x.svg").write_text(SVG)
    nb = read_notebook(folder / "first.ipynb")
    marks = {"grade": True, "solution": True, "points": 5, "grade_id": "why", "schema_version": 3, "locked": False}
    cells, _ = hostile_notebook(new_code_cell, new_markdown_cell, new_output, {"nbgrader": marks})
    nb.cells += [cell for cell in cells if cell.cell_type == "markdown"]
    why = next(cell for cell in nb.cells if cell.id == "why")
    why.source = why.source.replace("Because.", "Because.\n\n" + "\n\n".join(MARKDOWN))
    write_notebook(nb, folder / "first.ipynb")
    folder.parent.rename(folder.parent.with_name(EVIL_ID))
    tiny.hand_in("o'brien")
    grading(tiny, workers=1)
    with Gradebook(f"sqlite:///{root}/gradebook.db") as gradebook:
        gradebook.update_or_create_student(EVIL_ID, first_name=EVIL, last_name=f"</script>{SCRIPT}")
    return tiny


@in_chromium
def test_what_is_written_to_autograded_runs_nothing_on_nbgraders_own_page(hostile_course, tmp_path):
    """Are texts harmless already where they are written, whatever template shows them?"""
    path = hostile_course.course.autograded / EVIL_ID / "tiny" / "first.ipynb"
    nb = read_notebook(path)
    assert any("&lt;img src=x onerror" in cell.source for cell in nb.cells)
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(nb)
    page = re.sub(r"<script[^>]*src=.*?</script>|<script type=.module.*?</script>", "", page, flags=re.DOTALL)
    (tmp_path / "page.html").write_text(page)
    with Browser(tmp_path) as browser:
        assert browser.title((tmp_path / "page.html").as_uri()) not in ("owned", "")
    assert "unsafe text" in {note["kind"] for note in hostile_course.result(EVIL_ID)["notes"]}


@pytest.fixture(scope="module")
def server(hostile_course, tmp_path_factory):
    """The address of a Jupyter server with formgrader in the course's folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path_factory.mktemp("home")
    environment = os.environ | {
        "HOME": str(home),
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
    }
    options = ["--no-browser", "--allow-root", f"--ServerApp.port={port}", "--IdentityProvider.token=t"]
    options += ["--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", *options],
        cwd=hostile_course.course.root,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/api?token=t").close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()


@in_chromium
def test_no_page_of_formgrader_runs_what_a_student_wrote(hostile_course, server, tmp_path):
    """Does any page run a student's script, and do all pages still work?"""
    with Gradebook(f"sqlite:///{hostile_course.course.root}/gradebook.db") as gradebook:
        submission = gradebook.find_submission_notebook("first", "tiny", EVIL_ID).id
        maximum = gradebook.find_submission_notebook("first", "tiny", EVIL_ID).max_score
    # as if the cleaning of what is written to autograded/ had let everything through
    path = hostile_course.course.autograded / EVIL_ID / "tiny" / "first.ipynb"
    nb = read_notebook(path)
    cells, metadata = hostile_notebook(new_code_cell, new_markdown_cell, new_output, {})
    nb.cells += [nbformat.NotebookNode(cell, id=f"raw-{number}") for number, cell in enumerate(cells)]
    nb.metadata.update(metadata)
    path.chmod(0o644)
    path.write_text(nbformat.writes(nb))
    student = quote(EVIL_ID, safe="")
    table = "document.querySelectorAll('#main-table tr').length > 0 && !document.body.innerText.includes('Loading')"
    pages = {
        "manage_assignments": table,
        "manage_submissions/tiny": table,
        "gradebook": table,
        "gradebook/tiny": table,
        "gradebook/tiny/first": table,
        "manage_students": table,
        "manage_students/o%27brien": table,
        "manage_students/o%27brien/tiny": table,
        f"manage_students/{student}": "true",
        f"manage_students/{student}/tiny": "true",
        f"gradebook/{quote(EVIL, safe='')}": "true",
        f"gradebook/{quote(BREAKING_OUT, safe='')}": "true",
        f"gradebook/tiny%5C/{quote(f';{RUN}//', safe='')}": "true",
        f"manage_students/{quote(BREAKING_OUT, safe='')}": "true",
        f"submissions/{submission}/x.svg": "true",
        f"submissions/{submission}/": "true",
    }
    with Browser(tmp_path) as browser:
        browser.open(f"{server}/formgrader/manage_assignments?token=t")
        for page, works in pages.items():
            title = browser.title(f"{server}/formgrader/{page}")
            assert title != "owned", page
            assert browser.value("window.owned") is None
            assert browser.value(works), page
        # the page of the submission: scores can be given, the name is shown as text, no click in a text does anything
        assert title == "first"
        assert browser.value("formgrader.grades.loaded && formgrader.grades.length") == 4
        assert browser.value("$('.live-notebook .name-shown').first().text()") == f"</script>{SCRIPT}, {EVIL}"
        assert browser.value("$('.live-notebook .name-shown').first().is(':visible')") is False
        browser.value("$('.glyphicon-eye-open.name-hidden').click()")
        assert browser.value("$('.live-notebook .name-shown').first().is(':visible')") is True
        browser.value("$('.rendered_html *').each(function () { if (!this.href) this.click(); })")
        assert browser.value("document.title") == "first"
        assert browser.value("formgrader.grades.every(g => g.get('manual_score') === null)") is True
        browser.value("$('#why').val('4').change()")
        time.sleep(0.5)
    with Gradebook(f"sqlite:///{hostile_course.course.root}/gradebook.db") as gradebook:
        entry = gradebook.find_submission_notebook("first", "tiny", EVIL_ID)
        assert gradebook.find_grade("why", "first", "tiny", EVIL_ID).manual_score == 4
        assert entry.max_score == maximum
