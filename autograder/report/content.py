"""Pandoc's document tree as the content that the template prints.

Blocks are dicts with a kind `t`; inlines are strings or lists that begin with their kind. Everything a student wrote
stays data: the template prints it and never reads it as Typst. Only formulas are Typst, and those are ours.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.report.colours import declarations, ink_and_paper
from autograder.report.formulas import Written, write_formulas
from autograder.report.pictures import Wanted, wanted
from autograder.report.rows import code_rows, row_data
from autograder.report.tables import Table, TableCell, table_blocks
from autograder.report.terminal import clean
from autograder.report.tex import PLACEHOLDER, Maths, as_written, put_back

MAX_DEPTH = 10
LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
ATTRIBUTE = re.compile(r"""([a-zA-Z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^'"\s>]+))""")
LOST_TAGS = re.compile(
    r"<(script|iframe|video|audio|canvas|object|embed|form|input|button|select|textarea)\b", re.IGNORECASE
)

Block = dict
Inline = str | list


@dataclass(frozen=True)
class Place:
    """Where a fragment stands: what its placeholders and pictures mean, and who hears of what cannot be shown.

    Attributes:
        maths: the formulas that placeholders count into.
        written: each formula as Typst.
        picture: picture(address, description, size) -> the inline that shows it.
        problem: called with a sentence for everything left out.
    """

    maths: Sequence[Maths]
    written: Sequence[Written]
    picture: Callable[[str, str, Wanted], Inline]
    problem: Callable[[str], None]


def blocks(tree: list, place: Place, depth: int = 0) -> list[Block]:
    """The blocks of a list of pandoc blocks."""
    if depth > MAX_DEPTH:
        place.problem("nested too deeply: shown without its structure")
        return [{"t": "para", "c": [shown_text(plain_text(tree), place)]}]
    result: list[Block] = []
    for node in tree:
        made = BLOCKS.get(node["t"], unknown_block)(node.get("c"), place, depth)
        result.extend(made)
    return apart(result)


def apart(found: list[Block]) -> list[Block]:
    """The blocks with lines that stand beside another line made paragraphs, or their words would run together."""
    lines = [block["t"] in ("plain", "para") for block in found]
    for i, block in enumerate(found):
        beside = (i > 0 and lines[i - 1]) or (i + 1 < len(found) and lines[i + 1])
        if block["t"] == "plain" and beside:
            found[i] = {**block, "t": "para"}
    return found


def paragraphs(found: list[Block]) -> list[Block]:
    """The blocks of a fragment: what comes before and after it is not known here, so each line is a paragraph."""
    return [{**block, "t": "para"} if block["t"] == "plain" else block for block in found]


def paragraph(c: list, place: Place, depth: int) -> list[Block]:
    return [directed(block) for block in lines_and_displays("para", inlines(c, place))]


def directed(block: Block) -> Block:
    """The block, marked where its first letter belongs to a script that runs from right to left."""
    return {**block, "dir": "rtl"} if runs_left(words_of(block["c"])) else block


def runs_left(text: str) -> bool:
    """Whether the first letter of a text is Arabic, Hebrew or of another script that runs from right to left."""
    if text.isascii():
        return False
    strong = (unicodedata.bidirectional(char) for char in text)
    return next((kind in ("R", "AL") for kind in strong if kind in ("L", "R", "AL")), False)


HOLDS_WORDS = ("emph", "strong", "underline", "strike", "super", "sub", "mono", "tinted", "link")


def words_of(line: list[Inline]) -> str:
    """The words of a line, those of formulas and code apart."""
    words = ""
    for node in line:
        if isinstance(node, str):
            words += node
        elif node[0] in HOLDS_WORDS:
            words += words_of(node[-1])
    return words


def plain(c: list, place: Place, depth: int) -> list[Block]:
    return [directed(block) for block in lines_and_displays("plain", inlines(c, place))]


def lines_and_displays(kind: str, line: list[Inline]) -> list[Block]:
    """A paragraph parted at its displayed formulas, which stand between paragraphs."""
    result: list[Block] = []
    current: list[Inline] = []
    for node in [*line, None]:
        display = isinstance(node, list) and node[0] == "display"
        if node is not None and not display:
            append(current, node)
            continue
        while current and (current[0] == ["break"] or (isinstance(current[0], str) and not current[0].strip())):
            current.pop(0)
        while current and (current[-1] == ["break"] or (isinstance(current[-1], str) and not current[-1].strip())):
            current.pop()
        if current:
            result.append({"t": kind, "c": without_ends(current)})
        if display:
            result.append({"t": "display", "c": node})
        current = []
    return result


def without_ends(line: list[Inline]) -> list[Inline]:
    """A line without the space at its beginning and its end, which stood beside a displayed formula or a line's end."""
    if isinstance(line[0], str):
        line[0] = line[0].lstrip(" ")
    last = line[-1]
    if isinstance(last, str):
        line[-1] = last.rstrip(" ")
    return line


def header(c: list, place: Place, depth: int) -> list[Block]:
    return [directed({"t": "heading", "level": c[0], "c": inlines(c[2], place)})]


def code_block(c: list, place: Place, depth: int) -> list[Block]:
    language = next(iter(c[0][1]), "text")
    return [{"t": "code", "rows": [row_data(row) for row in code_rows(shown_text(c[1], place), language)]}]


def bullet_list(c: list, place: Place, depth: int) -> list[Block]:
    items = [blocks(item, place, depth + 1) for item in c]
    return [{"t": "bullets", "tight": tight(c), "items": items} | way_of(items)]


def ordered_list(c: list, place: Place, depth: int) -> list[Block]:
    items = [blocks(item, place, depth + 1) for item in c[1]]
    return [{"t": "numbers", "start": c[0][0], "tight": tight(c[1]), "items": items} | way_of(items)]


def way_of(items: list[list[Block]]) -> dict:
    """The direction of a list: that of its first line."""
    first = next((item[0] for item in items if item), {})
    return {"dir": first["dir"]} if "dir" in first else {}


def tight(items: list) -> bool:
    return all(not item or item[0]["t"] == "Plain" for item in items)


def definition_list(c: list, place: Place, depth: int) -> list[Block]:
    items = []
    for term, meanings in c:
        body = [block for meaning in meanings for block in blocks(meaning, place, depth + 1)]
        items.append(apart([{"t": "plain", "c": [["strong", inlines(term, place)]]}, *body]))
    return [{"t": "bullets", "tight": False, "items": items}]


def quote(c: list, place: Place, depth: int) -> list[Block]:
    return [{"t": "quote", "c": blocks(c, place, depth + 1)}]


def line_block(c: list, place: Place, depth: int) -> list[Block]:
    lines: list[Inline] = []
    for i, line in enumerate(c):
        lines += [["break"]] if i else []
        lines += inlines(line, place)
    return [{"t": "para", "c": lines}]


def division(c: list, place: Place, depth: int) -> list[Block]:
    (_, classes, attributes), body = c
    inner = blocks(body, place, depth + 1)
    given = dict(attributes)
    if is_hidden(given):
        return []
    if given.get("dir", "").lower() in ("rtl", "ltr"):
        inner = [{**block, "dir": given["dir"].lower()} if block["t"] in DIRECTED else block for block in inner]
    if "title" in classes and len(inner) == 1 and inner[0]["t"] == "para":  # of a quote that begins with [!NOTE]
        return [inner[0] | {"c": [["strong", inner[0]["c"]]]}]
    if "alert" in classes or "admonition" in classes or is_callout(body):
        level = next((ALERTS[name] for name in classes if name in ALERTS), "note")
        return [{"t": "alert", "level": level, "c": paragraphs(inner)}] if inner else []
    ink, paper = ink_and_paper(declarations(given.get("style", "")))
    if (ink or paper) and inner:
        return [{"t": "tinted", "ink": ink, "paper": paper, "c": paragraphs(inner)}]
    return inner


def is_hidden(attributes: dict[str, str]) -> bool:
    """Whether the notebook does not show what has these attributes either."""
    look = declarations(attributes.get("style", ""))
    return "hidden" in attributes or look.get("display", "").strip().lower() == "none"


def is_callout(body: list) -> bool:
    """Whether a division is a quote that begins with [!NOTE] or its like: pandoc gives it a title."""
    return bool(body) and body[0]["t"] == "Div" and "title" in body[0]["c"][0][1]


ALERTS = {
    "alert-info": "note", "alert-success": "good", "alert-warning": "warning", "alert-danger": "error", "tip": "good",
    "warning": "warning", "danger": "error", "error": "error", "caution": "warning", "attention": "warning",
}  # fmt: skip
DIRECTED = ("para", "plain", "heading", "bullets", "numbers")


def figure(c: list, place: Place, depth: int) -> list[Block]:
    return apart(blocks(c[2], place, depth + 1) + blocks(c[1][1], place, depth + 1))


def rule(c: list, place: Place, depth: int) -> list[Block]:
    return [{"t": "rule"}]


def table(c: list, place: Place, depth: int) -> list[Block]:
    _, caption, columns, head, bodies, foot = c
    alignments = tuple(spec[0]["t"].removeprefix("Align").lower() for spec in columns)

    def rows(tree: list) -> list[list[TableCell]]:
        return [[cell(one) for one in row[1]] for row in tree]

    def cell(tree: list) -> TableCell:
        attributes, align, rowspan, colspan, body = tree
        ink, paper = ink_and_paper(declarations(dict(attributes[2]).get("style", "")))
        return TableCell(
            blocks(body, place, depth + 1),
            plain_text(body),
            align["t"].removeprefix("Align").lower(),
            rowspan,
            colspan,
            ink,
            paper,
        )

    made = Table(
        alignments,
        head=rows(head[1]),
        body=[row for body in bodies for row in rows(body[2]) + rows(body[3])] + rows(foot[1]),
        row_heads=max((body[1] for body in bodies), default=0),
    )
    return blocks(caption[1], place, depth + 1) + table_blocks(made)


def raw_block(c: list, place: Place, depth: int) -> list[Block]:
    format, text = c
    if format == "html":
        return []
    if format == "lost":
        place.problem(f"<{text}> cannot be printed")
        return [{"t": "problem", "text": f"<{text}>"}]
    place.problem(f"a piece of {format} that pandoc cannot read: shown as text")
    return [{"t": "code", "rows": [row_data(row) for row in code_rows(shown_text(text, place), "text")]}]


def unknown_block(c: object, place: Place, depth: int) -> list[Block]:
    return []


BLOCKS: dict[str, Callable[[list, Place, int], list[Block]]] = {
    "Para": paragraph,
    "Plain": plain,
    "Header": header,
    "CodeBlock": code_block,
    "BulletList": bullet_list,
    "OrderedList": ordered_list,
    "DefinitionList": definition_list,
    "BlockQuote": quote,
    "LineBlock": line_block,
    "Div": division,
    "Figure": figure,
    "HorizontalRule": rule,
    "Table": table,
    "RawBlock": raw_block,
}

WRAPPERS = {
    "Emph": "emph",
    "Strong": "strong",
    "Underline": "underline",
    "Strikeout": "strike",
    "Superscript": "super",
    "Subscript": "sub",
}
TAGS = {
    "b": "strong",
    "strong": "strong",
    "i": "emph",
    "em": "emph",
    "var": "emph",
    "cite": "emph",
    "u": "underline",
    "ins": "underline",
    "s": "strike",
    "del": "strike",
    "strike": "strike",
    "sup": "super",
    "sub": "sub",
    "code": "mono",
    "kbd": "mono",
    "samp": "mono",
    "tt": "mono",
}


def inlines(tree: list, place: Place, depth: int = 0) -> list[Inline]:
    """The inlines of a list of pandoc inlines; neighbouring texts joined, HTML tags paired."""
    if depth > MAX_DEPTH:
        place.problem("nested too deeply: shown without its structure")
        return [shown_text(plain_text(tree), place)]
    stack: list[tuple[str, list[Inline]]] = [("", [])]
    for node in tree:
        if node["t"] == "RawInline":
            raw_inline(node["c"], place, stack)
        else:
            for made in inline(node, place, depth):
                append(stack[-1][1], made)
    while len(stack) > 1:
        close(stack)
    return stack[0][1]


def append(line: list[Inline], made: Inline) -> None:
    """Add an inline; texts grow together."""
    if isinstance(made, str) and line and isinstance(line[-1], str):
        line[-1] += made
    else:
        line.append(made)


def raw_inline(c: list, place: Place, stack: list[tuple[str, list[Inline]]]) -> None:
    """HTML within a line does what its tags say; TeX that holds words is shown as it is."""
    format, text = c
    if format == "html":
        html_tag(text, place, stack)
    elif "{" in text:
        place.problem(f"a piece of {format} that pandoc cannot read: shown as text")
        append(stack[-1][1], ["tex", shown_text(text, place)])


def html_tag(text: str, place: Place, stack: list[tuple[str, list[Inline]]]) -> None:
    """What one HTML tag within a line of markdown does: open, close, break, show a picture, or nothing."""
    match = re.match(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)", text)
    if not match:
        return
    closing, name = bool(match[1]), match[2].lower()
    if name == "br":
        append(stack[-1][1], ["break"])
    elif name in LINES:  # on lines of its own, as in a browser
        if stack[-1][1] and stack[-1][1][-1] != ["break"]:
            append(stack[-1][1], ["break"])
    elif name in ("td", "th"):
        append(stack[-1][1], " ")
    elif name == "img":
        attributes = {key.lower(): html.unescape(a or b or c) for key, a, b, c in ATTRIBUTE.findall(text)}
        append(stack[-1][1], place.picture(attributes.get("src", ""), attributes.get("alt", ""), wanted(attributes)))
    elif (name in TAGS or name in TINTED or name in HIDDEN) and not closing and len(stack) < MAX_DEPTH:
        stack.append((f"{name} {tint_of(name, text)}" if name in TINTED else name, []))
        if name == "script":
            place.problem("<script> cannot be printed")
    elif closing and any(name == opened.split(" ")[0] for opened, _ in stack[1:]):
        while stack[-1][0].split(" ")[0] != name:
            close(stack)
        close(stack)
    elif not closing and (name == "svg" or LOST_TAGS.match(text)):  # an SVG in a block of HTML is a picture
        place.problem(f"<{name}> cannot be printed")


TINTED = ("font", "span", "mark")
HIDDEN = ("script", "style")
LINES = {
    "address", "article", "blockquote", "center", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "footer",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "ol", "p", "pre", "section", "summary", "table", "tr",
    "ul",
}  # fmt: skip
MARKER = "#fff3a3"


def tint_of(name: str, tag: str) -> str:
    """The colours that a tag asks for, "ink paper", each "-" for none."""
    attributes = {key.lower(): html.unescape(a or b or c) for key, a, b, c in ATTRIBUTE.findall(tag)}
    style = declarations(attributes.get("style", ""))
    if name == "font" and "color" in attributes:
        style.setdefault("color", attributes["color"])
    if name == "mark":
        style.setdefault("background-color", MARKER)
    ink, paper = ink_and_paper(style)
    return f"{ink or '-'} {paper or '-'}"


def close(stack: list[tuple[str, list[Inline]]]) -> None:
    """Put what the innermost open tag holds into the one around it."""
    opened, line = stack.pop()
    name, *colours = opened.split(" ")
    if name in HIDDEN:
        return
    if name in TAGS:
        stack[-1][1].append([TAGS[name], line])
        return
    ink, paper = (colour.strip("-") for colour in colours)
    for node in tinted(ink, paper, line):
        append(stack[-1][1], node)


def tinted(ink: str, paper: str, line: list[Inline]) -> list[Inline]:
    return [["tinted", ink, paper, line]] if (ink or paper) and line else line


def inline(node: dict, place: Place, depth: int) -> list[Inline]:
    """The inlines that one pandoc inline (not raw) makes."""
    kind: str = node["t"]
    c: Any = node.get("c")
    if kind == "Str":
        return with_maths(c, place)
    if kind in ("Space", "SoftBreak"):
        return [" "]
    if kind == "LineBreak":
        return [["break"]]
    if kind in WRAPPERS:
        return [[WRAPPERS[kind], inlines(c, place, depth + 1)]]
    if kind == "Code":
        return [["code", shown_text(c[1], place).replace("\n", " ")]]
    if kind == "Link":
        address = put_back(c[2][0], list(place.maths))
        body = inlines(c[1], place, depth + 1)
        return [["link", address, body]] if LINK.match(address) and len(address) < 2000 else body
    if kind == "Image":
        address = put_back(c[2][0], list(place.maths))
        return [place.picture(address, shown_text(plain_text(c[1]), place), wanted(dict(c[0][2])))]
    if kind == "Note":
        return [["note", note_body(blocks(c, place, depth + 1))]]
    if kind == "Math":
        maths = Maths(c[1], c[0]["t"] == "DisplayMath")
        return [formula_inline(maths, write_formulas([maths])[0], place)]
    if kind == "Quoted":
        marks = "‘’" if c[0]["t"] == "SingleQuote" else "“”"
        return [marks[0], *inlines(c[1], place, depth + 1), marks[1]]
    if kind == "Span":
        _, classes, attributes = c[0]
        if is_hidden(dict(attributes)):
            return []
        style = declarations(dict(attributes).get("style", ""))
        if "mark" in classes:
            style.setdefault("background-color", MARKER)
        return tinted(*ink_and_paper(style), inlines(c[1], place, depth + 1))
    if kind == "Cite":
        return inlines(c[1], place, depth + 1)
    if kind == "SmallCaps":
        return inlines(c, place, depth + 1)
    return []


def note_body(body: list[Block]) -> list[Block]:
    """A footnote's blocks; a single paragraph stands on the line of its number."""
    return [{"t": "plain", "c": body[0]["c"]}] if len(body) == 1 and body[0]["t"] == "para" else body


def with_maths(text: str, place: Place) -> list[Inline]:
    """A text with its placeholders replaced by formulas."""
    pieces: list[Inline] = []
    position = 0
    for match in PLACEHOLDER.finditer(text):
        if int(match[1]) >= len(place.maths):
            continue  # written by the student
        if match.start() > position:
            pieces.append(clean(text[position : match.start()]))
        pieces.append(formula(int(match[1]), place))
        position = match.end()
    if position < len(text):
        pieces.append(clean(text[position:]))
    return pieces


def formula(index: int, place: Place) -> Inline:
    """A formula: Typst, or its TeX where it cannot be read."""
    return formula_inline(place.maths[index], place.written[index], place)


def formula_inline(maths: Maths, written: Written, place: Place) -> Inline:
    if written.text is None:
        place.problem(f"the formula {shortened(as_written(maths))} is shown as TeX: {written.error}")
        return ["tex", as_written(maths)]
    if written.unknown:
        names = " and ".join(written.unknown[:4])
        place.problem(f"the formula {shortened(as_written(maths))}: {names} is not known, and shown by its name")
    return ["display" if maths.display else "maths", written.text, as_written(maths)] if written.text else ""


def shortened(text: str, length: int = 60) -> str:
    """The text on one line, at most `length` characters."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"


def shown_text(text: str, place: Place) -> str:
    """Text for a place that shows no formulas: control characters visible, formulas as TeX."""
    return clean(put_back(text, list(place.maths)))


def plain_text(tree: object) -> str:
    """All the words of a pandoc tree, without its structure. Does not recurse: a tree may be nested very deeply."""
    words: list[str] = []
    pending: list = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(reversed(node))
        elif isinstance(node, dict):
            kind: str | None = node.get("t")
            c: Any = node.get("c")
            if kind == "Str":
                words.append(c)
            elif kind in ("Code", "CodeBlock", "Math", "RawBlock"):
                words.append(c[1] if isinstance(c[1], str) else "")
            elif kind in ("Space", "SoftBreak", "LineBreak"):
                words.append(" ")
            elif kind in ("Link", "Image", "Span", "Div", "Cite", "Quoted"):
                pending.append(c[1])
            elif kind == "Header":
                pending.append(c[2])
            elif kind == "RawInline":
                pass
            elif isinstance(c, (list, dict)):
                pending.append(c)
    return "".join(words)
