"""A cell's outputs as blocks: text, pictures, and the best of each rich output that paper can show."""

import json
import re
from pathlib import Path

from nbformat import NotebookNode

from autograder.report import content
from autograder.report.colours import declarations, ink_and_paper
from autograder.report.markup import Block, Markup
from autograder.report.model import NotShown
from autograder.report.pandoc import LATEX, MARKDOWN
from autograder.report.pictures import (
    HTML_IN_SVG,
    POINTS_PER_PIXEL,
    PictureError,
    Wanted,
    bundle_bytes,
    holds_html,
)
from autograder.report.rows import COLUMNS, Row, columns, row_data, terminal_rows
from autograder.report.tables import shortened_html
from autograder.report.terminal import ESCAPE, overwritten
from autograder.report.tex import maths_only

MAX_TEXT = 400_000  # characters of one output that are looked at: its first two thirds and its last
MAX_FULL_TEXT = 20 * MAX_TEXT  # the same, where outputs are wanted in full
MOST_COLUMNS = 130  # of a wide output that is set smaller, before its lines wrap
MAX_RETURNS = 8  # of a line in a longer output that was overwritten more often, the last states that are looked at
MAX_ROWS = 60  # of one output; of more, the first two thirds and the last third of as many are shown
MAX_OUTPUTS = 80  # of one cell
PICTURES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff")
WIDGET = "application/vnd.jupyter.widget-view+json"
LIVE = ("application/javascript", "text/javascript", WIDGET)
CHARTS = {
    "application/vnd.vega": "a Vega chart", "application/vnd.plotly": "a Plotly chart", "application/geo+json": "a map",
    "application/vnd.bokeh": "a Bokeh chart", "application/vnd.holoviews_exec": "a HoloViews chart",
    "application/pdf": "a figure as PDF",
}  # fmt: skip
DRAWN = {"vega-embed": "a Vega chart", "plotly-graph-div": "a Plotly chart", "data-root-id": "a Bokeh chart",
         "folium-map": "a map", "Trust Notebook</span>": "a map"}  # fmt: skip
# What a library puts into a notebook once so that its charts can be drawn: nothing that is seen.
LOADERS = ("application/vnd.bokehjs_load", "application/vnd.holoviews_load")
SETS_UP = re.compile(r"PlotlyConfig|require(js)?\.config|MathJax\.Hub\.Config")
ESTIMATOR = re.compile(r"class=[\"']sk-(top-container|text-repr-fallback)")  # scikit-learn's, with its text beside it


def output_blocks(cell: NotebookNode, place: str, folder: Path | None, markup: Markup) -> list[Block]:
    """The outputs of a cell as blocks; streams that follow each other are one."""
    result: list[Block] = []
    outputs = joined_streams(cell.get("outputs", []))
    most = len(outputs) if markup.full else MAX_OUTPUTS
    for output in outputs[:most]:
        kind = output["output_type"]
        if kind == "stream":
            result += text_output(output["text"], "stderr" if output["name"] == "stderr" else "stdout", markup.full)
        elif kind == "error":
            traceback = "\n".join(output["traceback"]) or f"{output['ename']}: {output['evalue']}"
            result += text_output(traceback, "error", markup.full)
        else:
            result += bundle_blocks(output, place, folder, markup)
    if len(outputs) > most:
        result.append(left_out(f"{len(outputs) - most} outputs left out"))
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


def text_output(text: str, kind: str, full: bool = False) -> list[Block]:
    """A program's output as rows; of a long one, lines like their neighbours are left out, else the middle."""
    if not text.strip():
        return []
    text, middle = without_middle(text.rstrip("\n"), MAX_FULL_TEXT if full else MAX_TEXT)
    lines = overwritten(text).split("\n")
    width = fitting_columns(lines)
    rows = terminal_rows("\n".join(lines if full else lines[: MAX_ROWS + 1]), width)
    if not middle and (full or (len(lines) <= MAX_ROWS and len(rows) <= MAX_ROWS)):
        return [output_block(kind, rows, width)]
    if len(lines) > MAX_ROWS and not middle and (parts := without_runs(lines, MAX_ROWS)):
        return [
            left_out(f"{part} left out") if isinstance(part, str) else output_block(kind, part_rows, width)
            for part in parts
            if isinstance(part, str) or (part_rows := terminal_rows("\n".join(part), width))
        ]
    return without_middle_rows(lines, rows, middle, kind, width)


def output_block(kind: str, rows: list[Row], width: int) -> Block:
    block = {"t": "output", "kind": kind, "rows": [row_data(row) for row in rows]}
    return block | ({"columns": width} if width > COLUMNS else {})


def left_out(text: str) -> Block:
    return {"t": "left-out", "text": f"… {text}"}


def fitting_columns(lines: list[str]) -> int:
    """The columns that an output needs, where smaller print can give them; else as many as there are."""
    widest = max(columns(ESCAPE.sub("", line)) for line in lines)
    return widest if COLUMNS < widest <= MOST_COLUMNS else COLUMNS


def without_middle_rows(lines: list[str], rows: list[Row], middle: str, kind: str, width: int) -> list[Block]:
    """The first two thirds and the last third of as many rows as are shown."""
    cut = MAX_ROWS * 2 // 3
    tail = MAX_ROWS - cut
    if len(lines) <= MAX_ROWS:
        number, unit = len(rows[cut:-tail]) + -(-len(middle) // (COLUMNS - 2)), "rows of long lines"
        parts = [rows[:cut], rows[cut:][-tail:]]
    else:
        number = len(lines) + middle.count("\n") - MAX_ROWS
        unit = "line" if number == 1 else "lines"
        first, last = "\n".join(lines[:cut]), "\n".join(lines[-tail:])
        parts = [terminal_rows(first, width)[:cut], terminal_rows(last, width)[-tail:]]
    before, after = (output_block(kind, part, width) for part in parts)
    return [before, left_out(f"{number} {unit} left out"), after]


# Lines like their neighbours

NUMBERS = re.compile(r"[-+]?\b[0-9][0-9.,:/eE+-]*%?|\b(?:nan|inf)\b|[█▏▎▍▌▋▊▉#=>.-]{3,}")
LEAST_RUN = 5
LONGEST_PERIOD = 4


def without_runs(lines: list[str], most: int) -> list[list[str] | str] | None:
    """The lines, of runs that differ in their numbers only ("iteration 100 / 4000: loss 2.30") no more than fit.

    Returns:
        lists of lines, and between them what is left out; None if the lines outside such runs are too many.
    """
    spans = runs(lines)
    inside = sum(end - start for start, end, _ in spans)
    room = most - (len(lines) - inside) - len(spans)
    if not spans or room < 0:
        return None
    each = room // len(spans)
    result: list[list[str] | str] = [[]]

    def add(some: list[str]) -> None:
        if isinstance(result[-1], str):
            result.append([])
        if isinstance(result[-1], list):
            result[-1] += some

    done = 0
    for start, end, period in spans:
        add(lines[done:start])
        keep = each // period * period
        head = -(-keep * 2 // 3 // period) * period
        tail = keep - head
        number = end - start - keep
        if number <= 1:
            add(lines[start:end])
        else:
            add(lines[start : start + head])
            like = "the one above" if head and period == 1 else "those above" if head else quoted_line(lines[start])
            result.append(f"{number} lines like {like}")
            add(lines[end - tail : end])
        done = end
    add(lines[done:])
    return [part for part in result if part]


def runs(lines: list[str]) -> list[tuple[int, int, int]]:
    """Where lines repeat but for their numbers: (start, end, after how many lines they repeat)."""
    shapes = [NUMBERS.sub("0", line).strip() for line in lines]
    found = []
    i = 0
    while i < len(shapes):
        best = (i, i, 1)
        for period in range(1, LONGEST_PERIOD + 1):
            end = i + period
            while end < len(shapes) and shapes[end] == shapes[end - period]:
                end += 1
            end -= (end - i) % period
            if end - i >= max(LEAST_RUN, 3 * period) and end > best[1]:
                best = (i, end, period)
        if best[1] > i:
            found.append(best)
            i = best[1]
        else:
            i += 1
    return found


def quoted_line(line: str) -> str:
    return f"“{content.shortened(ESCAPE.sub('', line), 60)}”"


def without_middle(text: str, most: int) -> tuple[str, str]:
    """A very long text without its middle, and that middle; before it, what a progress bar has overwritten goes."""
    if len(text) > most and "\r" in text:
        lines = text.replace("\r\n", "\n").split("\n")
        text = "\n".join("\r".join(line.split("\r")[-MAX_RETURNS:]) for line in lines)
    head, tail = most * 2 // 3, max(len(text) - most // 3, 0)
    return (text[:head] + text[tail:], text[head:tail]) if head < tail else (text, "")


def bundle_blocks(output: dict, place: str, folder: Path | None, markup: Markup) -> list[Block]:
    """The best representation of a rich output that paper can show."""
    data = output["data"]
    for mime in PICTURES:
        if mime in data:
            try:
                drawing = bundle_bytes(mime, data[mime])
                picture = markup.pictures.add(drawing)
                if holds_html(drawing):
                    markup.problems.append(NotShown(place, HTML_IN_SVG))
                width = wanted_size(output, mime).of(picture)
                return [{"t": "picture", "file": picture.file, "width": width, "alt": f"output of {place}"}]
            except PictureError as error:
                markup.problems.append(NotShown(place, f"an {mime} output cannot be shown: {error}"))
    if any(mime.startswith(LOADERS) for mime in data):
        return []
    plain = str(data.get("text/plain", ""))
    formula = maths_only(str(data.get("text/latex", "")))
    if formula:
        return [markup.add_formula(formula, place)]
    if chart := next((name for kind, name in CHARTS.items() if any(mime.startswith(kind) for mime in data)), ""):
        return not_printed(chart, plain, place, markup)
    if "text/html" in data and not any(mime in data for mime in LIVE):
        if plain and ESTIMATOR.search(data["text/html"]):
            return text_output(plain, "stdout", markup.full)
        return html_blocks(str(data["text/html"]), plain, place, folder, markup)
    if "text/latex" in data:
        return [markup.add(LATEX, str(data["text/latex"]), place, folder, {})]
    if "text/markdown" in data:
        return [markup.add(MARKDOWN, str(data["text/markdown"]), place, folder, {})]
    if lost := [mime for mime in data if mime in LIVE]:
        if not plain or lost != [WIDGET] or re.match(r"\w+\(", plain):
            what = "an interactive widget" if WIDGET in lost else "a script's output"
            markup.problems.append(NotShown(place, f"{what} cannot be printed" + (": shown as text" if plain else "")))
    elif not plain and (others := sorted(mime for mime in data if mime not in PICTURES)):
        if "application/json" in data:
            plain = json.dumps(data["application/json"], indent=1, ensure_ascii=False)
        elif texts := [mime for mime in others if mime.startswith("text/")]:
            plain = str(data[texts[0]])
        else:
            markup.problems.append(NotShown(place, f"an output of type {', '.join(others)} cannot be printed"))
    if plain:
        return text_output(plain, "stdout", markup.full)
    return [{"t": "problem", "text": "an output that cannot be printed"}] if any(data.values()) else []


def not_printed(what: str, plain: str, place: str, markup: Markup) -> list[Block]:
    """A chart that only a browser draws: named, with the output's plain text in its place."""
    text = f"{what} cannot be printed" + (": shown as text" if plain else "")
    markup.problems.append(NotShown(place, f"{text}. Save it as a picture in the notebook to show it"))
    return text_output(plain, "stdout", markup.full) or [{"t": "problem", "text": what}]


def html_blocks(html: str, plain: str, place: str, folder: Path | None, markup: Markup) -> list[Block]:
    """HTML output as pandoc reads it; what only a browser can show is named, with the output's plain text beside it."""
    lost = sorted({match[1].lower() for match in content.LOST_TAGS.finditer(html)})
    body = re.sub(r"<(script|style|button)\b.*?</\1\s*>|<!--.*?-->", "", html, flags=re.DOTALL | re.IGNORECASE)
    bare = not re.sub(r"<[^>]*>|&nbsp;|\s", "", body) and not re.search(r"<(img|svg|table|hr)\b", body, re.IGNORECASE)
    if lost and (drawn := next((name for sign, name in DRAWN.items() if sign in html), "")):
        return not_printed(drawn, plain, place, markup)
    if lost and bare and SETS_UP.search(html) and not re.search(r"<(?!/?(script|style)\b)\w", html):
        return []
    note: list[Block] = []
    if lost and (bare or not set(lost) <= {"script", "button"}):
        tags = ", ".join(f"<{name}>" for name in lost)
        whole = bare or (plain and not SAYS_NOTHING.fullmatch(plain.strip()))
        said = plain if whole else ""
        markup.problems.append(
            NotShown(place, f"HTML with {tags} cannot be printed" + (": shown as text" if said else ""))
        )
        note = text_output(said, "stdout", markup.full) or [{"t": "problem", "text": f"HTML with {tags}"}]
        if whole:
            return note
        body = UNPRINTABLE.sub("", body)
    body = styled_cells(html, UNSEEN_SVG.sub("", body))
    body, rows = (body, 0) if markup.full else shortened_html(body)
    note += [left_out(f"{rows} rows left out")] if rows else []
    return [] if bare else [markup.add("html", body, place, folder, {}), *note]


SAYS_NOTHING = re.compile(r"<[\w.]+(?: object)?(?: at 0x[0-9a-fA-F]+)?>")
"""The plain text of an object that has none: <IPython.core.display.HTML object>."""
UNPRINTABLE = re.compile(
    r"<(iframe|video|audio|canvas|object|select|textarea)\b.*?</\1\s*>|<(?:embed|input)\b[^>]*>|</?form\b[^>]*>",
    re.DOTALL | re.IGNORECASE,
)
UNSEEN_SVG = re.compile(
    r"<svg\b[^>]*\bstyle\s*=\s*([\"'])(?:(?!\1).)*?(?<![\w-])(?:display\s*:\s*none|(?:width|height)\s*:\s*0(?![.0-9]))"
    r"[^>]*>.*?</svg\s*>",
    re.DOTALL | re.IGNORECASE,
)
"""A drawing that holds signs for others, and is not seen itself."""


RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
CELL = re.compile(r"<(t[dh])\b([^>]*?\bid\s*=\s*[\"']?(T_[\w-]+)[\"']?[^>]*)>", re.IGNORECASE)
MAX_RULES = 5000


def styled_cells(html: str, body: str) -> str:
    """The body with the colours that a pandas Styler gives cells by their ids written into the cells."""
    if 'id="T_' not in body:
        return body
    styles: dict[str, dict[str, str]] = {}
    sheet = "".join(re.findall(r"<style\b[^>]*>(.*?)</style\s*>", html, re.DOTALL | re.IGNORECASE))
    for selectors, style in RULE.findall(sheet)[:MAX_RULES]:
        for selector in selectors.split(","):
            styles.setdefault(selector.strip().removeprefix("#"), {}).update(declarations(style))

    def cell(match: re.Match) -> str:
        ink, paper = ink_and_paper(styles.get(match[3], {}))
        look = "; ".join(f"{name}: {value}" for name, value in (("color", ink), ("background-color", paper)) if value)
        return f'<{match[1]} style="{look}"{match[2]}>' if look else match[0]

    return CELL.sub(cell, body)


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
