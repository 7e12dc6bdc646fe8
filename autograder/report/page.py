"""A notebook of a document as a page of HTML: what the PDF prints, for a screen of any width, light or dark.

The page is written from the same data as the PDF. Everything in it is text that is escaped here, a picture that was
read and written anew, or a formula that our own MathML writer made. It runs no script and loads nothing.
"""

import base64
import html
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.report.document import Document
from autograder.report.formulas import write_formulas
from autograder.report.pictures import POINTS_PER_PIXEL
from autograder.report.rows import style_table
from autograder.report.sanitise import POLICY, sealed
from autograder.report.tex import Maths
from autograder.words import BY_HAND, NOT_WRITTEN_YET, counted

LOOK = Path(__file__).with_name("page.css")
MARKS = {"full": "✓", "lost": "✗", "waiting": "…", "extra": "+"}
SAID = {"full": "all points", "lost": "points lost", "waiting": "to be graded", "extra": "extra credit"}
KINDS = {"svg": "svg+xml", "jpg": "jpeg"}
ONLY_ON_PAPER = ("fonts",)

Block = dict
Inline = str | list


def page(document: Document, name: str) -> str:
    """The page of one notebook of a document.

    Args:
        document: a submission's, as `assemble` makes it.
        name: of the notebook, without .ipynb.
    """
    writer = Writer(document, name)
    data = document.data
    title = f"{data['title']}: {writer.notebook['title']}"
    head = (
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{LOOK.read_text('utf-8')}</style>"
    )
    parts = (writer.summary(), *map(writer.cell, writer.notebook["cells"]), writer.code(), writer.footnotes())
    body = sealed(writer.header()) + element("main", *map(sealed, parts))
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'


class Writer:
    """Writes one page; its footnotes and the places that its links lead to are numbered as they come."""

    def __init__(self, document: Document, name: str) -> None:
        self.data = document.data
        self.mathml = document.mathml
        self.pictures = document.pictures
        self.notebook = next(one for one in self.data["notebooks"] if one["name"] == name)
        questions = [cell["question"]["id"] for cell in self.notebook["cells"] if "question" in cell]
        self.places = {id: f"question-{number}" for number, id in enumerate(questions, 1)}
        rows = self.data["scores"]["rows"] if self.data["scores"] else []
        self.rows = [row for row in rows if row["notebook"] == name]
        graded = {one["name"] for row in self.rows for one in row["code"]}
        self.regions = [
            (file["path"], region)
            for file in self.data["files"]
            for region in file["regions"]
            if region["name"] in graded
        ]
        self.places |= {region["name"]: f"code-{number}" for number, (_, region) in enumerate(self.regions, 1)}
        self.notes: list[str] = []
        self.styles = style_table(self.data["styles"])

    # --- the parts of the page

    def header(self) -> str:
        """Whose work of what this is, and how it stands."""
        data = self.data
        who = " · ".join(filter(None, [data["student"], data["student_id"]]))
        return (
            f"<header><p>{text(data['title'])}</p><h1>{text(self.notebook['title'])}</h1><p>{text(who)}</p></header>\n"
        )

    def summary(self) -> str:
        """The questions with their points and what is to be said of each, the sums, and what else is to be known."""
        said = [
            element("p", text(notice["text"]), class_=f"notice {notice['level']}")
            for notice in self.data["notices"]
            if notice["notebook"] in ("", self.notebook["name"])
        ]
        if problems := self.problems():
            items = element("ul", *(element("li", text(problem)) for problem in problems))
            said.append(element("div", "<b>Not shown as it should be:</b>" + items, class_="notice error"))
        return element("section", self.totals() + self.table() + "".join(said), class_="summary") + "\n"

    def problems(self) -> list[str]:
        """What of this notebook, or of no notebook in particular, is not shown as it should be."""
        name = self.notebook["name"]
        others = {one["name"] for one in self.data["notebooks"]} - {name}
        return [
            f"{problem['place'].removeprefix(f'{name}, ')}: {problem['text']}"
            for problem in self.data["problems"]
            if problem["place"] not in ONLY_ON_PAPER
            and problem["place"].split(", cell ")[0] not in others
            and (problem["place"] != "pictures" or f"{name}, cell" in problem["text"] or " more)" in problem["text"])
        ]

    def totals(self) -> str:
        scores = self.data["scores"]
        if scores is None:
            return ""
        own = [row for row in self.rows if row["score"] is not None]
        so_far = " so far" if any(row["score"] is None for row in self.rows) else ""
        parts = []
        if len(self.data["notebooks"]) > 1:
            maximum = sum(row["points"] for row in self.rows if not row["extra"])
            parts.append(
                f"This notebook: <b>{number(sum(row['score'] for row in own))} of {number(maximum)}</b>{so_far}"
            )
        pending = scores["pending"]
        waiting = f", {counted(pending, 'question')} {BY_HAND}" if pending else ""
        whole = f"{number(scores['total'])} of {number(scores['maximum'])}</b>{' so far' if pending else ''}{waiting}"
        parts.append(f"{'All notebooks' if parts else 'Points'}: <b>{whole}")
        if scores["late"]:
            lost = f" (−{number(scores['late_penalty'])})" if scores["late_penalty"] else ""
            parts.append(f"{text(scores['late'][:1].upper() + scores['late'][1:])}{lost}")
        return element("p", "<br>".join(parts), class_="totals")

    def table(self) -> str:
        if not self.rows:
            return ""
        titles = ("", "Question", "Points", "Diagnosis")
        head = element("thead", element("tr", *(element("th", title, scope="col") for title in titles)))
        return element("table", head + element("tbody", *map(self.row, self.rows)), class_="questions")

    def row(self, row: dict) -> str:
        title = text(row["title"]) + (" <small>extra credit</small>" if row["extra"] else "")
        if row["id"] in self.places:
            title = f'<a href="#{self.places[row["id"]]}">{title}</a>'
        names = [(self.places[one["name"]], breakable(one["name"])) for one in row["code"]]
        links = [f'<a href="#{place}"><code>{name}</code></a>' for place, name in names]
        code = element("small", "Code: " + ", ".join(links)) if links else ""
        points = f"{'–' if row['score'] is None else number(row['score'])} of {number(row['points'])}"
        comment = f"<small>Comment: {self.inlines(row['comment'])}</small>" if row["comment"] else ""
        line = self.inlines(row["line"]) + comment
        mark = MARKS[row["state"]] + element("span", SAID[row["state"]], class_="unseen")
        cells = (("mark", mark), ("title", title + code), ("points", points), ("line", line))
        return element("tr", *(element("td", made, class_=kind) for kind, made in cells), class_=row["state"])

    def cell(self, cell: dict) -> str:
        made = element("p", text(cell["tag"]), class_="tag") if cell["tag"] else ""
        if "question" in cell:
            made += self.question(cell["question"])
        return element("article", made + self.blocks(cell["blocks"])) + "\n"

    def question(self, question: dict) -> str:
        points = f"{number(question['points'])} {'point' if question['points'] == 1 else 'points'}"
        state = question.get("state", "")
        if "score" in question:
            score = question["score"]
            points = f"{points}, {BY_HAND}" if score is None else f"{number(score)} of {points}"
        if question["extra"]:
            points = f"extra credit, {points}"
        title = element(heading(question["level"]), text(question["title"]))
        bar = element(
            "div", title + element("span", points), class_=f"question {state}", id=self.places[question["id"]]
        )
        if "comment" in question:
            bar += element("div", "<b>Comment</b> " + self.blocks(question["comment"]), class_="notice comment")
        return bar

    def code(self) -> str:
        """The regions of .py files that the questions of this notebook grade."""
        if not self.regions:
            return ""
        made = ""
        for path, region in self.regions:
            made += element("h3", breakable(region["name"]), id=self.places[region["name"]])
            if region["edited"]:
                lines = f"{path}, lines {region['first']} to {region['last']}"
                left_out = (
                    f"<p class='left-out'>… {region['left_out']} lines left out</p>" if region["left_out"] else ""
                )
                made += element("p", text(lines), class_="place") + self.code_rows(region["rows"]) + left_out
            else:
                made += element("p", f"{text(path)}: {NOT_WRITTEN_YET}", class_="notice warning")
        return element("section", "<h2>Python files</h2>" + made, class_="code")

    def footnotes(self) -> str:
        if not self.notes:
            return ""
        notes = [element("li", note, id=f"note-{number}") for number, note in enumerate(self.notes, 1)]
        return element("section", element("ol", *notes), class_="notes")

    # --- blocks

    def blocks(self, found: Sequence[Block]) -> str:
        return "".join(map(self.block, found))

    def block(self, node: Block) -> str:
        made = BLOCKS[node["t"]](self, node)
        return element("div", made, dir=node["dir"]) if "dir" in node else made

    def output(self, node: Block) -> str:
        """An output; of one whose columns are kept, sentences still wrap."""
        aligned = is_aligned(node["rows"])
        parts = itertools.groupby(node["rows"], key=lambda row: aligned and is_sentence(row))
        made = "".join(
            element("span", self.rows_of(list(rows)), class_="said") if said else self.rows_of(list(rows))
            for said, rows in parts
        )
        return element("div", element("pre", made), class_=f"output {node['kind']}{' aligned' * aligned}")

    def code_rows(self, rows: Sequence[dict]) -> str:
        return element("pre", self.rows_of(rows))

    def rows_of(self, rows: Sequence[dict]) -> str:
        """Rows of code: those of one mark together, what was wrapped for paper on one line again."""
        made = ""
        for mark, group in itertools.groupby(rows, key=lambda row: row.get("m", "")):
            lines: list[str] = []
            for row in group:
                line = "".join(map(self.run, row["r"]))
                if "w" in row and lines:
                    lines[-1] += line
                else:
                    lines.append(element("i", str(row["n"])) + line if "n" in row else line)
            body = "\n".join(lines) + "\n"
            made += element("span", body, class_=mark) if mark else body
        return made

    def run(self, run: str | list) -> str:
        if isinstance(run, str):
            return text(run)
        style, words = run
        if style.isalpha() and style not in ("bold", "italic", "underline"):  # of code; a terminal's have signs
            return element("span", text(words), class_=style)
        look = self.styles[style]
        made = tinted(look.get("fill", ""), look.get("on", ""), text(words))
        for key, tag in (("weight", "b"), ("style", "em"), ("underline", "u")):
            made = element(tag, made) if key in look else made
        return made

    def picture(self, file: str, description: str, width: float | None) -> str:
        kind = file.rsplit(".", 1)[1]
        data = base64.b64encode(self.pictures[file]).decode()
        size = {} if width is None else {"width": str(max(round(width / POINTS_PER_PIXEL), 1))}
        return element("img", src=f"data:image/{KINDS.get(kind, 'png')};base64,{data}", alt=description, **size)

    def table_block(self, node: Block) -> str:
        def cell(one: dict, scope: str, align: str) -> str:
            tag = "th" if scope else "td"
            align = one.get("align", align)
            spans = {key: str(one[key]) for key in ("colspan", "rowspan") if key in one}
            look = colours(one.get("ink", ""), one.get("paper", ""))
            given = spans | look | ({"align": align} if align in ("left", "right", "center") else {})
            if scope:
                given["scope"] = scope
            return element(tag, self.blocks(one["c"]), **given)

        def rows(found: list, head: bool) -> str:
            made = ""
            for row in found:
                sides = itertools.chain(node["align"], itertools.repeat("auto"))
                made += element("tr", *(
                    cell(one, "col" if head else "row" if i < node["row_heads"] and one.get("head", True) else "", side)
                    for i, (one, side) in enumerate(zip(row, sides, strict=False))
                ))  # fmt: skip
            return made

        head = element("thead", rows(node["head"], True)) if node["head"] else ""
        return element("div", element("table", head + element("tbody", rows(node["body"], False))), class_="wide")

    # --- inlines

    def inlines(self, line: Sequence[Inline]) -> str:
        return "".join(map(self.inline, line))

    def inline(self, node: Inline) -> str:
        return text(node) if isinstance(node, str) else INLINES[node[0]](self, node)

    def formula(self, node: list) -> str:
        """A formula as MathML; one that pandoc found in another markup is read here."""
        displayed = node[0] == "display"
        if known := self.mathml.get((node[1], displayed)):
            return known
        (written,) = write_formulas([Maths(node[2].strip("$"), displayed)], "mathml")
        return written.text or element("code", text(node[2]))

    def note(self, node: list) -> str:
        self.notes.append("")
        place = len(self.notes)
        self.notes[place - 1] = self.blocks(node[1])
        return f'<sup><a href="#note-{place}">{place}</a></sup>'


def text(words: str) -> str:
    return html.escape(words)


def element(tag: str, *parts: str, **attributes: str) -> str:
    """An element; an attribute's name may end in "_", where Python has the word."""
    given = "".join(f' {name.rstrip("_")}="{html.escape(value)}"' for name, value in attributes.items())
    return f"<{tag}{given}>" + ("" if tag in VOID else f"{''.join(parts)}</{tag}>")


VOID = ("img", "br", "hr")


def breakable(name: str) -> str:
    """The full name of a piece of code, which may break after a dot or colon."""
    return re.sub(r"([.:])", r"\1<wbr>", text(name))


def heading(level: int) -> str:
    return f"h{min(level, 6)}"


def number(points: float) -> str:
    """Points with two decimals at most."""
    return f"{round(points, 2):g}"


def colours(ink: str, paper: str) -> dict[str, str]:
    """The attributes of an element that has colours of its own; what they do is in page.css."""
    if not (ink or paper):
        return {}
    given = (("--ink", ink), ("--paper", paper))
    return {
        "class_": "paper" if paper else "ink",
        "style": ";".join(f"{name}:{value}" for name, value in given if value),
    }


def tinted(ink: str, paper: str, made: str, tag: str = "span") -> str:
    return element(tag, made, **colours(ink, paper)) if ink or paper else made


def listed(writer: Writer, node: Block) -> str:
    items = [element("li", writer.blocks(item)) for item in node["items"]]
    if node["t"] == "bullets":
        return element("ul", *items)
    return element("ol", *items, start=str(node["start"]))


BOXES = re.compile("[\u2500-\u257f]")
COLUMNS_APART = re.compile(r"\S {2,}(?=\S)")


def is_aligned(rows: Sequence[dict]) -> bool:
    """Is an output a table of text, which reads wrongly where a narrow screen wraps its lines?"""
    if any("w" in row for row in rows):  # wider than paper
        return False
    gaps = [len(COLUMNS_APART.findall(line)) for line in map(line_of, rows)]
    return (
        any(BOXES.search(line_of(row)) for row in rows)
        or sum(map(bool, gaps)) >= 3
        or sum(number > 1 for number in gaps) >= 2
    )


def is_sentence(row: dict) -> bool:
    """Is a line of an output words without columns, such as what a check says of a mistake?"""
    line = line_of(row).strip()
    return len(line.split()) > 4 and not COLUMNS_APART.search(line) and not BOXES.search(line)


def line_of(row: dict) -> str:
    """The text of a row."""
    return "".join(run if isinstance(run, str) else run[1] for run in row["r"])


BLOCKS: Mapping[str, Callable[[Writer, Any], str]] = {
    "para": lambda writer, node: element("p", writer.inlines(node["c"])),
    "plain": lambda writer, node: writer.inlines(node["c"]),
    "tinted": lambda writer, node: tinted(node["ink"], node["paper"], writer.blocks(node["c"]), "div"),
    "alert": lambda writer, node: element("div", writer.blocks(node["c"]), class_=f"notice {node['level']}"),
    "display": lambda writer, node: element("div", writer.inline(node["c"]), class_="wide"),
    "answer": lambda writer, node: element("div", writer.blocks(node["c"]), class_="work"),
    "heading": lambda writer, node: element(heading(node["level"]), writer.inlines(node["c"])),
    "code": lambda writer, node: writer.code_rows(node["rows"]),
    "output": Writer.output,
    "picture": lambda writer, node: element("p", writer.picture(node["file"], node["alt"], node["width"])),
    "left-out": lambda writer, node: element("p", text(node["text"]), class_="left-out"),
    "problem": lambda writer, node: element("p", text(node["text"]), class_="missing"),
    "bullets": listed,
    "numbers": listed,
    "quote": lambda writer, node: element("blockquote", writer.blocks(node["c"])),
    "rule": lambda writer, node: "<hr>",
    "table": Writer.table_block,
}

WORDS = {
    "emph": "em", "strong": "strong", "underline": "u", "strike": "s", "super": "sup", "sub": "sub", "mono": "code",
}  # fmt: skip
INLINES: Mapping[str, Callable[[Writer, list], str]] = {
    **dict.fromkeys(WORDS, lambda writer, node: element(WORDS[node[0]], writer.inlines(node[1]))),
    "code": lambda writer, node: element("code", text(node[1])),
    "tex": lambda writer, node: element("code", text(node[1]), class_="missing"),
    "maths": Writer.formula,
    "display": Writer.formula,
    "tinted": lambda writer, node: tinted(node[1], node[2], writer.inlines(node[3])),
    "break": lambda writer, node: "<br>",
    "link": lambda writer, node: element("a", writer.inlines(node[2]), href=node[1]),
    "picture": lambda writer, node: writer.picture(*node[1:]),
    "missing": lambda writer, node: element("span", text(node[1]), class_="missing"),
    "note": Writer.note,
}
