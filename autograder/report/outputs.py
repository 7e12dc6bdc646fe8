"""A cell's outputs as blocks: text, pictures, and the best of each rich output that paper can show."""

import json
import re
from pathlib import Path

from nbformat import NotebookNode

from autograder.report import content
from autograder.report.markup import Block, Markup
from autograder.report.model import NotShown
from autograder.report.pandoc import LATEX, MARKDOWN
from autograder.report.pictures import POINTS_PER_PIXEL, PictureError, Wanted, bundle_bytes
from autograder.report.rows import COLUMNS, row_data, terminal_rows
from autograder.report.tables import shortened_html
from autograder.report.terminal import overwritten
from autograder.report.tex import maths_only

MAX_TEXT = 400_000  # characters of one output that are looked at: its first two thirds and its last
MAX_RETURNS = 8  # of a line in a longer output that was overwritten more often, the last states that are looked at
MAX_ROWS = 60  # of one output; of more, the first two thirds and the last third of as many are shown
MAX_OUTPUTS = 80  # of one cell
PICTURES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff")
WIDGET = "application/vnd.jupyter.widget-view+json"
LIVE = ("application/javascript", "text/javascript", WIDGET)
CHARTS = {"vnd.vega": "a Vega chart", "vnd.plotly": "a Plotly chart", "vnd.bokeh": "a Bokeh chart", "geo+json": "a map"}
ESTIMATOR = re.compile(r"class=\"sk-(top-container|text-repr-fallback)")  # scikit-learn's, with its text beside it


def output_blocks(cell: NotebookNode, place: str, folder: Path | None, markup: Markup) -> list[Block]:
    """The outputs of a cell as blocks; streams that follow each other are one."""
    result: list[Block] = []
    outputs = joined_streams(cell.get("outputs", []))
    for output in outputs[:MAX_OUTPUTS]:
        kind = output["output_type"]
        if kind == "stream":
            result += text_output(output["text"], "stderr" if output["name"] == "stderr" else "stdout")
        elif kind == "error":
            traceback = "\n".join(output["traceback"]) or f"{output['ename']}: {output['evalue']}"
            result += text_output(traceback, "error")
        else:
            result += bundle_blocks(output, place, folder, markup)
    if len(outputs) > MAX_OUTPUTS:
        result.append({"t": "left-out", "text": f"… {len(outputs) - MAX_OUTPUTS} outputs left out"})
    return result


def joined_streams(outputs: list) -> list:
    """The outputs with neighbouring pieces of one stream joined."""
    joined: list = []
    for output in outputs:
        if (
            joined
            and output["output_type"] == "stream" == joined[-1]["output_type"]
            and output["name"] == joined[-1]["name"]
        ):
            joined[-1] = {**joined[-1], "text": joined[-1]["text"] + output["text"]}
        else:
            joined.append(output)
    return joined


def text_output(text: str, kind: str) -> list[Block]:
    """A program's output as rows, the middle of a long one left out."""
    if not text.strip():
        return []
    text, middle = without_middle(text.rstrip("\n"))
    beyond = middle.count("\n")
    lines = overwritten(text).split("\n")
    cut = MAX_ROWS * 2 // 3
    tail = MAX_ROWS - cut
    head_rows = terminal_rows("\n".join(lines[: MAX_ROWS + 1]))
    if not middle and len(lines) <= MAX_ROWS and len(head_rows) <= MAX_ROWS:
        return [{"t": "output", "kind": kind, "rows": [row_data(row) for row in head_rows]}]
    if len(lines) <= MAX_ROWS:
        left_out, unit = len(head_rows[cut:-tail]) + -(-len(middle) // (COLUMNS - 2)), "rows of long lines"
        parts = [head_rows[:cut], head_rows[cut:][-tail:]]
    else:
        left_out, unit = len(lines) + beyond - MAX_ROWS, "lines"
        parts = [terminal_rows("\n".join(lines[:cut]))[:cut], terminal_rows("\n".join(lines[-tail:]))[-tail:]]
    if left_out == 1:
        unit = unit.replace("lines", "line", 1) if unit == "lines" else unit
    note = {"t": "left-out", "text": f"… {left_out} {unit} left out"}
    first, last = ({"t": "output", "kind": kind, "rows": [row_data(row) for row in part]} for part in parts)
    return [first, note, last]


def without_middle(text: str) -> tuple[str, str]:
    """A very long text without its middle, and that middle; before it, what a progress bar has overwritten goes."""
    if len(text) > MAX_TEXT and "\r" in text:
        lines = text.replace("\r\n", "\n").split("\n")
        text = "\n".join("\r".join(line.split("\r")[-MAX_RETURNS:]) for line in lines)
    head, tail = MAX_TEXT * 2 // 3, max(len(text) - MAX_TEXT // 3, 0)
    return (text[:head] + text[tail:], text[head:tail]) if head < tail else (text, "")


def bundle_blocks(output: dict, place: str, folder: Path | None, markup: Markup) -> list[Block]:
    """The best representation of a rich output that paper can show."""
    data = output["data"]
    for mime in PICTURES:
        if mime in data:
            try:
                picture = markup.pictures.add(bundle_bytes(mime, data[mime]))
                width = wanted_size(output, mime).of(picture)
                return [{"t": "picture", "file": picture.file, "width": width, "alt": f"output of {place}"}]
            except PictureError as error:
                markup.problems.append(NotShown(place, f"an {mime} output cannot be shown: {error}"))
    plain = str(data.get("text/plain", ""))
    if "text/latex" in data:
        formula = maths_only(str(data["text/latex"]))
        if formula:
            return [markup.add_formula(formula, place)]
        return [markup.add(LATEX, str(data["text/latex"]), place, folder, {})]
    if "text/html" in data and not any(mime in data for mime in LIVE):
        if plain and ESTIMATOR.search(data["text/html"]):
            return text_output(plain, "stdout")
        return html_blocks(str(data["text/html"]), plain, place, folder, markup)
    if "text/markdown" in data:
        return [markup.add(MARKDOWN, str(data["text/markdown"]), place, folder, {})]
    if lost := [mime for mime in data if mime in LIVE]:
        if not plain or lost != [WIDGET] or re.match(r"\w+\(", plain):
            what = "an interactive widget" if WIDGET in lost else "a script's output"
            markup.problems.append(NotShown(place, f"{what} cannot be printed" + (": shown as text" if plain else "")))
    elif charts := [name for kind, name in CHARTS.items() if any(f"application/{kind}" in mime for mime in data)]:
        text = f"{charts[0]} cannot be printed" + (": shown as text" if plain else "")
        markup.problems.append(NotShown(place, f"{text}. Save it as a picture in the notebook to show it"))
    elif not plain and (others := sorted(data)):
        if "application/json" in data:
            plain = json.dumps(data["application/json"], indent=1, ensure_ascii=False)
        else:
            markup.problems.append(NotShown(place, f"an output of type {', '.join(others)} cannot be printed"))
    if plain:
        return text_output(plain, "stdout")
    return [{"t": "problem", "text": "an output that cannot be printed"}] if data else []


def html_blocks(html: str, plain: str, place: str, folder: Path | None, markup: Markup) -> list[Block]:
    """HTML output as pandoc reads it; what only a browser can show is named, with the output's plain text beside it."""
    lost = sorted({match[1].lower() for match in content.LOST_TAGS.finditer(html)})
    body = re.sub(r"<(script|style)\b.*?</\1\s*>", "", html, flags=re.DOTALL | re.IGNORECASE)
    bare = not re.sub(r"<[^>]*>|&nbsp;|\s", "", body) and not re.search(r"<(img|svg|table|hr)\b", body, re.IGNORECASE)
    if lost and (bare or lost != ["script"]):
        tags = ", ".join(f"<{name}>" for name in lost)
        markup.problems.append(
            NotShown(place, f"HTML with {tags} cannot be printed" + (": shown as text" if plain else ""))
        )
        return text_output(plain, "stdout") or [{"t": "problem", "text": f"HTML with {tags}"}]
    body, rows = shortened_html(body)
    note = [{"t": "left-out", "text": f"… {rows} rows left out"}] if rows else []
    return [] if bare else [markup.add("html", body, place, folder, {}), *note]


def wanted_size(output: dict, mime: str) -> Wanted:
    """The size that an output says it wants to be shown at, which its metadata give in pixels."""
    metadata = output.get("metadata")
    given = metadata.get(mime) if isinstance(metadata, dict) else None
    given = given if isinstance(given, dict) else metadata if isinstance(metadata, dict) else {}
    sizes = {key: given.get(key) for key in ("width", "height")}
    points = {
        key: size * POINTS_PER_PIXEL
        for key, size in sizes.items()
        if isinstance(size, (int, float)) and not isinstance(size, bool) and 1 <= size <= 20_000
    }
    return Wanted(points.get("width"), points.get("height"))
