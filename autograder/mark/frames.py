"""Pages inside the marking room's frames: a question, and answers with the outputs that belong to them.

What is in them was written by students, so they are made as feedback is: cleaned, sealed, and served with a policy that
lets nothing run, into a frame that lets nothing run either.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.mark.answers import AskedQuestion
from autograder.notebooks import read_notebook
from autograder.prose import harmless_markdown
from autograder.questions import cell_name
from autograder.report.outputs import PICTURES
from autograder.report.safe_notebook import safe_notebook
from autograder.report.sanitise import POLICY, sealed
from autograder.report.terminal import ESCAPE

FRAME_POLICY = f"{POLICY}; frame-ancestors 'self'; sandbox allow-same-origin"
"""The frame may be measured by the page around it; nothing in it runs."""

LOOKS_AT_PICTURES = re.compile(
    r"\b(?:plot|curve|figure|picture|image|histogram|graph|diagram|chart|template|scatter)(?P<several>s)?\b",
    re.IGNORECASE,
)
LOOKS_AT_OUTPUTS = re.compile(r"\b(?:table|output|printed|matrix|your (?:results?|values?|numbers?))\b", re.IGNORECASE)
MAX_TEXT = 20_000  # characters of one output

STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; background: #fff; color: #1c1c1e; }
article { padding: 0 0 .6rem; } article + article { border-top: 1px solid #8885; padding-top: .6rem; }
h2 { font-size: .8rem; margin: 0 0 .3rem; color: #666; font-weight: 600; } p, ul, ol { margin: .4rem 0; }
pre { white-space: pre-wrap; font: 13px/1.45 ui-monospace, monospace; }
pre { background: #8881; padding: .5rem; margin: .3rem 0; }
img { max-width: 100%; height: auto; background: #fff; } table { border-collapse: collapse; }
td, th { border: 1px solid #8885; padding: .1rem .4rem; } .empty { color: #777; font-style: italic; }
section { margin-bottom: .8rem; } section > h2 { border-bottom: 1px solid #8885; }
@media (prefers-color-scheme: dark) {
  body { background: #1b1d21; color: #e6e6e8; } h2, .empty { color: #a5a5ab; }
}
"""


@dataclass(frozen=True)
class Shown:
    """An answer to be shown: by whom it is, what was written, and the graded notebook that it is from."""

    label: str
    text: str
    path: Path


def question_page(asked: AskedQuestion) -> str:
    """The question, the model answer and the marking scheme."""
    parts = [("Question", asked.text), ("Model answer", asked.model), ("Marking scheme", asked.scheme)]
    there = [(heading, text) for heading, text in parts if text.strip()]
    cells = [new_markdown_cell(text, id=f"part-{at}") for at, (_, text) in enumerate(there)]
    cleaned = safe_notebook(new_notebook(cells=cells), None).cells
    sections = "".join(
        f"<section><h2>{heading}</h2>{cell.source}</section>" for (heading, _), cell in zip(there, cleaned, strict=True)
    )
    return page(sections)


def answers_page(answers: Sequence[Shown], asked: AskedQuestion, show: Sequence[str] | None) -> str:
    """Answers below each other, each with its outputs.

    Args:
        show: ids of the cells whose outputs belong to the answer; None for what the question speaks of.
    """
    return page("".join(article(one, asked, show) for one in answers))


def article(shown: Shown, asked: AskedQuestion, show: Sequence[str] | None) -> str:
    """One answer."""
    text = new_markdown_cell(harmless_markdown(shown.text) if not asked.code else "", id="the-answer")
    belonging = cells_shown(shown.path, asked, show)
    cleaned = safe_notebook(new_notebook(cells=[text, *belonging]), shown.path.parent).cells
    said = f"<pre>{html.escape(shown.text)}</pre>" if asked.code else cleaned[0].source
    if not shown.text.strip():
        said = '<p class="empty">(empty)</p>'
    outputs = "".join(output_html(output) for cell in cleaned[1:] for output in cell.outputs)
    return f"<article><h2>{html.escape(shown.label)}</h2>{said}{outputs}</article>"


def cells_shown(path: Path, asked: AskedQuestion, show: Sequence[str] | None) -> list[NotebookNode]:
    """The cells of a graded notebook whose outputs belong to the answer."""
    pictures = LOOKS_AT_PICTURES.search(asked.text)
    if not (show or asked.code or pictures or LOOKS_AT_OUTPUTS.search(asked.text)) or not path.is_file():
        return []
    cells = {cell_name(cell): cell for cell in read_notebook(path).cells if cell.cell_type == "code"}
    cells |= {cell.id: cell for cell in cells.values()}
    if show is not None:
        wanted = [cells[name] for name in show if name in cells]
    elif asked.code:
        wanted = [cells[asked.question.cell]] if asked.question.cell in cells else []
    else:
        above = [cells[name] for name in reversed(asked.nearby) if name in cells and cells[name].outputs]
        drawn = [cell for cell in above if has_picture(cell)]
        most = 2 if pictures and pictures["several"] else 1
        wanted = drawn[:most][::-1] if pictures and drawn else above[:1]
    return [new_code_cell("", id=cell.id, outputs=cell.outputs) for cell in wanted]


def has_picture(cell: NotebookNode) -> bool:
    return any(mime in output.get("data", {}) for output in cell.outputs for mime in PICTURES)


def output_html(output: NotebookNode) -> str:
    """A clean output."""
    if output.output_type == "stream":
        return preformatted(output.text)
    if output.output_type == "error":
        return preformatted(f"{output.ename}: {output.evalue}")
    if "text/html" in output.data:
        return output.data["text/html"]
    return preformatted(output.data.get("text/plain", ""))


def preformatted(text: str) -> str:
    text = ESCAPE.sub("", text)
    cut = f"{text[:MAX_TEXT]}\n… {len(text) - MAX_TEXT} more characters" if len(text) > MAX_TEXT else text
    return f"<pre>{html.escape(cut)}</pre>"


def page(body: str) -> str:
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    head = f'<meta charset="utf-8">{policy}<title>Answers</title><style>{STYLE}</style>'
    return f"<!doctype html><html><head>{head}</head><body>{sealed(body)}</body></html>"
