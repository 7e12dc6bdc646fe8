"""A notebook's cells as blocks: its code, its outputs, its prose, in the order in which they stand.

Markup waits in a `Markup` until one run of pandoc has read it; until then a block {"t": "pending"} keeps its place.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from autograder.regions import RegionError, find_regions, splice
from autograder.report import content, pandoc
from autograder.report.model import Notebook, Options, Problem
from autograder.report.pandoc import MARKDOWN, Fragment
from autograder.report.pictures import PictureError, Pictures, bundle_bytes, picture_bytes
from autograder.report.rows import Row, clean, code_rows, overwritten, row_data, terminal_rows
from autograder.report.tables import shortened_html
from autograder.report.tex import Maths, maths_only, take_maths

MAX_ROWS = 60  # of one output; of more, the first two thirds and the last third of as many are shown
MAX_TEXT = 400_000  # characters of one output that are looked at
MAX_OUTPUTS = 80  # of one cell
MAX_MARKUP = 200_000
SHORT = 16  # rows of code that are kept on the page of their output

Block = dict


@dataclass(frozen=True)
class Pending:
    """A fragment that waits for pandoc, and where it stands."""

    fragment: Fragment
    place: str
    folder: Path | None
    attachments: dict
    maths: tuple[int, ...]


@dataclass
class Markup:
    """All markup, formulas, pictures and problems of one document."""

    pictures: Pictures = field(default_factory=Pictures)
    problems: list[Problem] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    maths: list[Maths] = field(default_factory=list)

    def add(self, format: str, text: str, place: str, folder: Path | None, attachments: dict) -> Block:
        """Keep a fragment for pandoc; returns the block that stands for it until `resolved`."""
        if len(text) > MAX_MARKUP:
            self.problems.append(Problem(place, f"{len(text)} characters of text are too many: cut"))
            text = text[:MAX_MARKUP]
        found: list[Maths] = []
        if format == MARKDOWN:
            text = take_maths(text, found)
        first = len(self.maths)
        self.maths += found
        numbers = tuple(range(first, first + len(found)))
        self.pending.append(Pending(Fragment(format, text), place, folder, attachments, numbers))
        return {"t": "pending", "index": len(self.pending) - 1}

    def add_formula(self, formula: Maths, place: str) -> Block:
        """Keep one formula, an output of its own."""
        block = self.add("commonmark", "\ue0000\ue001", place, None, {})
        self.maths.append(formula)
        last = self.pending[-1]
        self.pending[-1] = Pending(last.fragment, place, None, {}, (len(self.maths) - 1,))
        return block

    def resolved(self) -> list[list[Block]]:
        """The blocks of every fragment, in the order in which they were added."""
        converted = pandoc.convert([one.fragment for one in self.pending], self.maths)
        return [
            self.blocks_of(one, tree, converted.maths)
            for one, tree in zip(self.pending, converted.documents, strict=True)
        ]

    def blocks_of(self, one: Pending, tree: list | None, typst: tuple[str | None, ...]) -> list[Block]:
        def problem(text: str) -> None:
            self.problems.append(Problem(one.place, text))

        place = content.Place(
            [self.maths[i] for i in one.maths],
            [typst[i] for i in one.maths],
            lambda address, alt: self.picture_inline(address, alt, one),
            problem,
        )
        if tree is None:
            problem("the markup cannot be read: shown as text")
            return [text_block(content.shown_text(one.fragment.text, place))]
        try:
            return content.blocks(tree, place)
        except RecursionError:
            problem("nested too deeply: shown without its structure")
            return [text_block(content.shown_text(content.plain_text(tree), place))]

    def picture_inline(self, address: str, alt: str, one: Pending) -> content.Inline:
        try:
            picture = self.pictures.add(picture_bytes(address, one.folder, one.attachments))
            return ["picture", picture.file, alt or "picture", picture.width]
        except PictureError as error:
            text = f"the picture {content.shortened(address) or '(without an address)'} cannot be shown: {error}"
            self.problems.append(Problem(one.place, text))
            return ["missing", clean(text)]


def text_block(text: str) -> Block:
    return {"t": "code", "rows": [row_data(row) for row in code_rows(text, "text")]}


def resolve(blocks: list[Block], resolved: list[list[Block]]) -> list[Block]:
    """The blocks with every pending one replaced by what it became."""
    result: list[Block] = []
    for block in blocks:
        if block["t"] == "pending":
            result.extend(resolved[block["index"]])
        elif block["t"] == "answer":
            result.append({**block, "c": resolve(block["c"], resolved)})
        else:
            result.append(block)
    return result


# Cells


def nbgrader(cell: NotebookNode) -> dict:
    """The cell's nbgrader metadata, {} if it has none or something else under that name."""
    found = cell.metadata.get("nbgrader")
    return found if isinstance(found, dict) else {}


def is_question(cell: NotebookNode) -> bool:
    """Whether the cell carries points or is graded."""
    data = nbgrader(cell)
    return bool(data.get("grade")) or bool(data.get("task"))


def is_work(cell: NotebookNode) -> bool:
    """Whether students write in this cell."""
    return bool(nbgrader(cell).get("solution"))


def question_title(cell: NotebookNode) -> str:
    """What to call a question: the comment that its cell begins with, else its id in words."""
    mark = r"#+\s*" if cell.cell_type == "code" else r"#{1,6}\s+"
    match = re.match(rf"\s*{mark}([^\n]{{3,100}})", cell.source)
    if match and not re.search(r"YOUR (CODE|ANSWER)|^[#>=\s]*$", match[1]):
        return without_points(match[1])
    words = str(nbgrader(cell).get("grade_id") or cell.id).replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def without_points(title: str) -> str:
    """A title without "(3 points)" at its end."""
    return re.sub(r"\s*\([0-9.]+ points?[^)]*\)\s*$", "", title).strip(" .:#*")


def cell_data(cell: NotebookNode, notebook: Notebook, markup: Markup, options: Options, language: str) -> dict:
    """One cell as the template reads it (its question is added by who knows the scores)."""
    place = f"{notebook.name}, cell {cell.id}"
    released = None if notebook.released is None else notebook.released.get(cell.id)
    added = notebook.released is not None and released is None
    data: dict = {"id": cell.id, "blocks": [], "tag": "added cell" if added else ""}
    if cell.cell_type == "code":
        source = source_blocks(cell.source, released, language)
        outputs = output_blocks(cell, place, notebook.folder, markup)
        if source:
            count = cell.get("execution_count")
            source[0]["prompt"] = f"[{count}]" if count is not None else "[ ]"
            source[0]["keep"] = bool(outputs) and len(source[0]["rows"]) <= SHORT
        data["blocks"] += source + outputs
    elif cell.cell_type == "markdown":
        attachments = cell.get("attachments") or {}
        data["blocks"] += prose_blocks(cell.source, place, notebook.folder, attachments, markup)
        if released is not None and splice(cell.source, released).edits:
            data["tag"] = "changed outside its region"
    elif cell.source.strip():
        data["blocks"].append(text_block(cell.source))
    return data


def prose_blocks(source: str, place: str, folder: Path | None, attachments: dict, markup: Markup) -> list[Block]:
    """The markdown of a cell, the student's answer in it marked as such."""

    def pending(lines: list[str]) -> list[Block]:
        text = "\n".join(lines).strip("\n")
        return [markup.add(MARKDOWN, text, place, folder, attachments)] if text.strip() else []

    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    try:
        regions = find_regions("\n".join(lines))
    except RegionError:
        regions = ()
    result: list[Block] = []
    done = 0
    for region in regions:
        result += pending(lines[done : region.start])
        result.append({"t": "answer", "c": pending(lines[region.start + 1 : region.end])})
        done = region.end + 1
    return result + pending(lines[done:])


def source_blocks(source: str, released: str | None, language: str) -> list[Block]:
    """The code of a cell: regions marked as the student's work, changes outside them as changes."""
    if not source.strip():
        return []
    magic = re.match(r"%%(bash|sh|html|javascript|js|latex|markdown|svg|perl|ruby)\b", source)
    rows = marked_rows(source, released, magic[1] if magic else language)
    return [{"t": "code", "rows": [row_data(row) for row in rows]}]


def marked_rows(source: str, released: str | None, language: str) -> list[Row]:
    """Rows of code with the marks "work", "added" and "removed"."""
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    marks = [""] * len(lines)
    try:
        for region in find_regions("\n".join(lines)):
            marks[region.start + 1 : region.end] = ["work"] * (region.end - region.start - 1)
    except RegionError:
        pass
    removed: dict[int, list[str]] = {}
    for edit in splice(source, released).edits if released is not None else ():
        after = edit.after.split("\n") if edit.after else []
        for number in matching_lines(lines, edit.line - 1, after):
            marks[number] = "added"
        if edit.before:
            removed.setdefault(edit.line - 1, []).extend(edit.before.split("\n"))
    if not removed:
        return code_rows("\n".join(lines), language, marks=marks)
    rows: list[Row] = []
    printed = 0
    for at in sorted(removed):
        at_most = min(at, len(lines))
        if at_most > printed:
            rows += code_rows("\n".join(lines[printed:at_most]), language, marks=marks[printed:at_most])
            printed = at_most
        rows += code_rows("\n".join(removed[at]), "text", marks=["removed"] * len(removed[at]))
    if printed < len(lines):
        rows += code_rows("\n".join(lines[printed:]), language, marks=marks[printed:])
    return rows


def matching_lines(lines: list[str], start: int, wanted: list[str]) -> Iterator[int]:
    """The numbers of these lines, in order, from `start` on."""
    number = max(start, 0)
    for text in wanted:
        while number < len(lines) and lines[number].rstrip() != text.rstrip():
            number += 1
        if number < len(lines):
            yield number
            number += 1


# Outputs

PICTURES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff")
WIDGET = "application/vnd.jupyter.widget-view+json"
LIVE = ("application/javascript", "text/javascript", WIDGET)


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
    beyond = text.count("\n", MAX_TEXT) if len(text) > MAX_TEXT else 0
    cut_text = text[:MAX_TEXT]
    if not cut_text.strip():
        return []
    lines = overwritten(cut_text.rstrip("\n")).split("\n")
    cut = MAX_ROWS * 2 // 3
    tail = MAX_ROWS - cut
    head_rows = terminal_rows("\n".join(lines[: MAX_ROWS + 1]))
    if len(lines) + beyond <= MAX_ROWS and len(head_rows) <= MAX_ROWS:
        return [{"t": "output", "kind": kind, "rows": [row_data(row) for row in head_rows]}]
    if len(lines) <= MAX_ROWS:
        left_out, unit = len(head_rows) - MAX_ROWS, "rows of long lines"
        parts = [head_rows[:cut], head_rows[-tail:]]
    else:
        left_out, unit = len(lines) + beyond - MAX_ROWS, "lines"
        parts = [terminal_rows("\n".join(lines[:cut]))[:cut], terminal_rows("\n".join(lines[-tail:]))[-tail:]]
    if left_out == 1:
        unit = unit.replace("lines", "line", 1) if unit == "lines" else unit
    note = {"t": "left-out", "text": f"… {left_out} {unit} left out"}
    first, last = ({"t": "output", "kind": kind, "rows": [row_data(row) for row in part]} for part in parts)
    return [first, note, last]


def bundle_blocks(output: dict, place: str, folder: Path | None, markup: Markup) -> list[Block]:
    """The best representation of a rich output that paper can show."""
    data = output["data"]
    for mime in PICTURES:
        if mime in data:
            try:
                picture = markup.pictures.add(bundle_bytes(mime, data[mime]), shown_width(output, mime))
                return [{"t": "picture", "file": picture.file, "width": picture.width, "alt": f"output of {place}"}]
            except PictureError as error:
                markup.problems.append(Problem(place, f"an {mime} output cannot be shown: {error}"))
    plain = str(data.get("text/plain", ""))
    if "text/latex" in data:
        formula = maths_only(str(data["text/latex"]))
        if formula:
            return [markup.add_formula(formula, place)]
        return [markup.add("latex", str(data["text/latex"]), place, folder, {})]
    if "text/html" in data and not any(mime in data for mime in LIVE):
        return html_blocks(str(data["text/html"]), plain, place, folder, markup)
    if "text/markdown" in data:
        return [markup.add(MARKDOWN, str(data["text/markdown"]), place, folder, {})]
    if lost := [mime for mime in data if mime in LIVE]:
        if not plain or lost != [WIDGET] or re.match(r"\w+\(", plain):
            what = "an interactive widget" if WIDGET in lost else "a script's output"
            markup.problems.append(Problem(place, f"{what} cannot be printed" + (": shown as text" if plain else "")))
    elif not plain and (others := sorted(data)):
        if "application/json" in data:
            plain = json.dumps(data["application/json"], indent=1, ensure_ascii=False)
        else:
            markup.problems.append(Problem(place, f"an output of type {', '.join(others)} cannot be printed"))
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
            Problem(place, f"HTML with {tags} cannot be printed" + (": shown as text" if plain else ""))
        )
        return text_output(plain, "stdout") or [{"t": "problem", "text": f"HTML with {tags}"}]
    body, rows = shortened_html(body)
    note = [{"t": "left-out", "text": f"… {rows} rows left out"}] if rows else []
    return [] if bare else [markup.add("html", body, place, folder, {}), *note]


def shown_width(output: dict, mime: str) -> float | None:
    """The width in pixels that an output says it wants to be shown at."""
    metadata = output.get("metadata")
    wanted = metadata.get(mime) if isinstance(metadata, dict) else None
    width = wanted.get("width") if isinstance(wanted, dict) else None
    return float(width) if isinstance(width, (int, float)) and 1 <= width <= 20_000 else None


# State

VERDICT = "Unmet"  # how a failed expectation shows: a result, no accident


def notices(notebook: Notebook) -> Iterator[tuple[str, str]]:
    """What a reader should know about a notebook's run: ("error" | "warning", sentence)."""
    code = [cell for cell in notebook.nb.cells if cell.cell_type == "code" and cell.source.strip()]
    counts = [cell.get("execution_count") for cell in code]
    not_run = [cell for cell in code if cell.get("execution_count") is None and not cell.get("outputs")]
    failed = [cell for cell in code if error_name(cell) not in ("", VERDICT)]
    if code and len(not_run) == len(code):
        yield "error", f"{notebook.name} was not run: no cell has an output."
    elif not_run:
        yield "warning", f"{notebook.name}: {listed(not_run, len(not_run))} not run."
    if failed:
        errors = ", ".join(f"{cell.id} ({error_name(cell)})" for cell in failed[:6])
        more = f" and {len(failed) - 6} more" if len(failed) > 6 else ""
        yield (
            "error",
            f"{notebook.name}: {len(failed)} {'cell' if len(failed) == 1 else 'cells'} failed: {errors}{more}.",
        )
    ran = [count for count in counts if count is not None]
    if ran != sorted(ran):
        yield "warning", f"{notebook.name}: its cells were run in another order than they stand in."
    for sentence in notebook.mended[:5]:
        yield "warning", f"{notebook.name}: {sentence}."


def listed(cells: list[NotebookNode], count: int) -> str:
    """The first ids of some cells, with a verb: "cells a, b and 3 more were"."""
    names = ", ".join(cell.id for cell in cells[:6]) + (f" and {count - 6} more" if count > 6 else "")
    return f"cell {names} was" if count == 1 else f"cells {names} were"


def error_name(cell: NotebookNode) -> str:
    """The name of the first error in the cell's outputs, "" if there is none."""
    errors = (output["ename"] for output in cell.get("outputs", []) if output["output_type"] == "error")
    return clean(next(errors, ""))[:40]
