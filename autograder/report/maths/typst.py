"""A formula's tree in the maths of Typst.

What comes out holds only names that are written here, signs that are escaped, and text in quotes: nothing that a
formula says can act. The template has the short names.
"""

import json
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from autograder.report.maths.alphabets import in_font
from autograder.report.maths.roles import role_of
from autograder.report.maths.tree import (
    BIN,
    CLOSE,
    INNER,
    OP,
    OPEN,
    ORD,
    PUNCT,
    REL,
    Accent,
    Array,
    Arrow,
    Boxed,
    Fence,
    Fraction,
    Middle,
    Node,
    Overlap,
    Phantom,
    Radical,
    Raised,
    Rectangle,
    Role,
    RowOfTerms,
    Scripts,
    Sized,
    Smashed,
    Space,
    Struck,
    Styled,
    Symbol,
    Unknown,
    Words,
)

CLASSES = {BIN: "bin", REL: "rel", OPEN: "opn", CLOSE: "cls", PUNCT: "pun", ORD: "ord", "inner": "ord"}
ACCENTS = {
    "^": "hat", "~": "tilde", "¯": "macron", "→": "arrow", "˙": "dot", "¨": "dot.double", "⃛": "dot.triple",
    "⃜": "dot.quad", "ˇ": "caron", "˘": "breve", "´": "acute", "`": "grave", "˚": "circle", "←": "arrow.l",
    "↔": "arrow.l.r",
}  # fmt: skip
BRACES = {
    "⏞": "overbrace", "⏟": "underbrace", "⏜": "overparen", "⏝": "underparen", "⎴": "overbracket", "⎵": "underbracket",
}  # fmt: skip
STYLES = {"D": "display", "T": "inline", "S": "script", "SS": "sscript"}
WORD_FONTS = {
    "bold": ("bold",), "italic": ("italic",), "bold-italic": ("bold", "italic"), "sans-serif": ("sans",),
    "monospace": ("mono",), "calligraphic": ("cal",), "script": ("scr",), "fraktur": ("frak",),
    "double-struck": ("bb",),
}  # fmt: skip
EMPTY = '""'
THIN = f"pun({EMPTY})"  # room as after a comma: none in scripts


def typst(tree: Node) -> str:
    """The formula as Typst reads it between dollars."""
    return written(tree) or EMPTY


def written(node: Node) -> str:
    """One piece; a row's pieces stand side by side."""
    if isinstance(node, RowOfTerms):
        return row(node.items)
    return WRITERS[type(node)](node)


def group(node: Node) -> str:
    """A piece as an argument: never nothing."""
    return written(node) or EMPTY


def row(items: Sequence[Node]) -> str:
    pieces: list[str] = []
    i = 0
    while i < len(items):
        node = items[i]
        if isinstance(node, Symbol) and node.font == "normal" and node.kind == "letter":
            word = node.text
            while i + 1 < len(items) and is_upright(items[i + 1]):
                i += 1
                word += getattr(items[i], "text", "")
            pieces.append(quoted(word))
        elif is_of_a_word(node):
            word = getattr(node, "text", "")
            while i + 1 < len(items) and is_of_a_word(items[i + 1]):
                i += 1
                word += getattr(items[i], "text", "")
            pieces.append(f"word({quoted(word)})" if len(word) > 1 else written(node))
        elif isinstance(node, RowOfTerms):
            pieces.append(in_braces(node))
        elif isinstance(node, Space):
            own = between(items, i)
            width = node.width + own
            pieces.append(f"gap({em(width)})" if own else space(width))  # none is less than what they have themselves
        elif role_of(node) == INNER:
            pieces += [THIN * room_before(items, i), written(node), room_after(items, i)]
        else:
            pieces.append(written(node))
        i += 1
    return side_by_side(pieces)


def between(items: Sequence[Node], i: int) -> float:
    """The room in em that signs beside a space have by themselves: Typst leaves it out where there is a space."""
    if i and isinstance(items[i - 1], Space):
        return 0.0
    after = next((one for one in items[i + 1 :] if not isinstance(one, Space)), None)
    if not i or after is None:
        return 0.0
    roles = {role_of(items[i - 1]), role_of(after)}
    if isinstance(items[i - 1], Middle) or isinstance(after, Middle):
        return 0.0
    if REL in roles:
        return 0.0 if roles <= {REL, PUNCT, None} else 5 / 18
    if BIN in roles:
        return 4 / 18
    if INNER in roles:
        return 3 / 18 * (is_dots(items[i - 1]) or role_of(after) == INNER)
    if role_of(items[i - 1]) == PUNCT:
        return 3 / 18
    return 3 / 18 if OP in roles and role_of(after) not in (OPEN, CLOSE, PUNCT) else 0.0


def room_before(items: Sequence[Node], i: int) -> bool:
    """Whether a little room is left between dots, or a pair of delimiters, and the piece before them."""
    return bool(i) and role_of(items[i - 1]) not in (None, BIN, REL, OPEN, PUNCT)


def room_after(items: Sequence[Node], i: int) -> str:
    """The room between dots and the piece after them; after delimiters there is none."""
    role = role_of(items[i + 1]) if i + 1 < len(items) and is_dots(items[i]) else None
    if role == PUNCT:
        return space(1 / 6)
    return THIN * (role in (ORD, OP, OPEN))


def is_dots(node: Node) -> bool:
    return isinstance(node, Symbol) and node.role == INNER


def is_upright(node: Node) -> bool:
    return isinstance(node, Symbol) and node.font == "normal" and node.kind == "letter"


def is_of_a_word(node: Node) -> bool:
    return isinstance(node, Symbol) and node.font == "word-italic" and node.text.isascii() and node.text.isalnum()


def in_braces(node: RowOfTerms) -> str:
    """A group within a row: an ordinary symbol to its neighbours."""
    inner = row(node.items)
    ends = [one for one in node.items if not isinstance(one, Space)]
    if not ends or (is_plain(ends[0]) and is_plain(ends[-1])):
        return inner or EMPTY
    return f"ord({inner})"


def is_plain(node: Node) -> bool:
    """Whether a piece is an ordinary symbol by itself."""
    if isinstance(node, Scripts):
        return is_plain(node.base)
    if isinstance(node, (Symbol, Role)):
        return node.role == ORD
    return isinstance(node, (Words, Fraction, Radical, Accent, Array, RowOfTerms, Unknown))


def side_by_side(pieces: Iterable[str]) -> str:
    """The pieces joined: parted only where they would run together, and by nothing that text would show as a space."""
    joined = ""
    for piece in pieces:
        if joined and piece and (joined[-1].isalnum() or joined[-1] == ".") and (piece[0].isalnum() or piece[0] == "."):
            joined += " " if len(piece) == 1 and piece.isalpha() else "/**/"
        joined += piece
    return joined


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def sign(text: str) -> str:
    """A sign as maths: it grows and takes its place as one."""
    if len(text) != 1:
        return quoted(text)
    if text.isascii() and text.isalnum():
        return text
    if text.isalnum():
        return "\\" + text if is_letter(text) else quoted(text)
    return "\\" + text if unicodedata.category(text)[0] in "SP" else quoted(text)


def symbol(node: Symbol) -> str:
    if node.kind == "name":
        text = quoted(node.text)
        return f"op({text})" if node.limits is False else f"op({text},limits:#true)"
    if node.kind == "number":
        text = node.text if node.text.isascii() and "," not in node.text else quoted(node.text)
        return text if node.font in ("normal", "italic", "word-italic") else letters(node)
    if node.kind == "letter":
        return letters(node)
    if node.role == OP:
        return sign(node.text)
    made = sign(node.text)
    if node.font.startswith("bold"):
        made = f"bold({made})"
    return f"{CLASSES[node.role]}({made})"


def letters(node: Symbol) -> str:
    """Letters or digits in their font."""
    font = "italic" if node.font == "word-italic" else node.font
    if font in ("calligraphic", "script", "bold-calligraphic", "bold-script"):
        inner = f"{'scr' if font.endswith('script') else 'cal'}({side_by_side(map(sign, node.text))})"
        return f"bold({inner})" if font.startswith("bold") else inner
    if font == "normal" or (font == "italic" and (len(node.text) > 1 or not is_letter(node.text))):
        return quoted(node.text)
    if font == "italic":
        return f"italic({sign(node.text)})" if node.text in UPRIGHT_BY_ITSELF else sign(node.text)
    text = in_font(node.text, font)
    if text == node.text and font.startswith("bold"):
        return f"bold({quoted(text)})"
    return f"\\{text}" if len(text) == 1 and text != node.text else quoted(text)


UPRIGHT_BY_ITSELF = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ"


def is_letter(char: str) -> bool:
    """Whether Typst takes this character as a letter of maths."""
    return char.isascii() or "\u0370" <= char <= "\u03ff" or "\u2100" <= char <= "\u214f" or char in "∂ıȷ"


def words(node: Words) -> str:
    made = quoted(node.text)
    for function in WORD_FONTS.get(node.font, ()):
        made = f"{function}({made})"
    return made


def space(width: float) -> str:
    return f"gap({em(width)})" if width else ""


def em(width: float) -> str:
    return f"#({round(width, 3)}em)"


def fraction(node: Fraction) -> str:
    if node.bar == 0:
        made = f"mat(delim:#none,row-gap:#0.1em,{group(node.top)};{group(node.bottom)})"
    else:
        made = f"frac({group(node.top)},{group(node.bottom)})"
    return f"{STYLES[node.style]}({made})" if node.style else made


def root(node: Radical) -> str:
    return f"sqrt({group(node.body)})" if node.index is None else f"root({group(node.index)},{group(node.body)})"


def scripts(node: Scripts) -> str:
    base = group(node.base)
    if node.limits is True:
        base = f"limits({base})"
    elif node.limits is False and (node.role in (REL, OP) or not isinstance(node.base, Symbol)):
        base = f"scripts({base})"
    places = {"b": node.below, "bl": node.left_below, "tl": node.left_above}
    parts = [f"{place}:{group(small(one))}" for place, one in places.items() if one is not None]
    if node.above is not None:
        parts.append(f"t:{above(small(node.above))}")
    made = f"attach({','.join([base, *parts])})"
    named = isinstance(node.base, Role) or (isinstance(node.base, Symbol) and node.base.kind == "name")
    return f"lrg({made})" if node.limits is True and node.role == OP and named else made


def small(node: Node, style: str = "S") -> Node:
    """A script in which boxes, which Typst sets in the size of the text, have the size of a script."""
    if isinstance(node, RowOfTerms):
        items = tuple(small(one, style) for one in node.items)
        return node if items == node.items else RowOfTerms(items)
    if isinstance(node, Scripts):
        return replace(
            node,
            base=small(node.base, style),
            below=node.below and small(node.below, "SS"),
            above=node.above and small(node.above, "SS"),
        )
    if isinstance(node, Overlap | Smashed | Raised | Boxed | Phantom):
        return replace(node, body=Styled(small(node.body, style), style))
    return replace(node, body=small(node.body, style)) if isinstance(node, Styled | Role | Struck) else node


def above(node: Node) -> str:
    """A superscript: primes are Typst's own."""
    items = node.items if isinstance(node, RowOfTerms) else (node,)
    count = next((i for i, one in enumerate(items) if not is_prime(one)), len(items))
    if not count:
        return group(node)
    return side_by_side([f"primes(#{count})", row(items[count:])])


def is_prime(node: Node) -> bool:
    return isinstance(node, Symbol) and node.text == "′"


def accent(node: Accent) -> str:
    body = group(node.body)
    if node.sign == "―":
        return f"{'underline' if node.under else 'overline'}({body})"
    if node.sign in BRACES:
        return f"{BRACES[node.sign]}({body})"
    if node.under:
        return f"attach(limits({body}),b:stretch({sign(node.sign)}))"
    size = "" if node.wide else ",size:#0%"
    single = isinstance(node.body, RowOfTerms) and len(node.body.items) == 1
    return f"accent({body},{ACCENTS[node.sign]},dotless:#false{'' if single else size})"


def arrow(node: Arrow) -> str:
    parts = [f"limits(stretch({sign(node.sign)},size:#(100% + 0.5em)))", f"t:{group(node.above)}"]
    if node.below is not None:
        parts.append(f"b:{group(node.below)}")
    return f"rel(attach({','.join(parts)}))"


def fence(node: Fence) -> str:
    left = f"opn({sign(node.left)})" if node.left else 'opn("")'
    right = f"cls({sign(node.right)})" if node.right else 'cls("")'
    return f"lr(size:#90%,{side_by_side([left, row(node.body.items), right])})"


def middle(node: Middle) -> str:
    return f"ord(mid({sign(node.sign)}))" if node.sign else ""


def sized(node: Sized) -> str:
    if not node.sign:
        return EMPTY
    return f"{CLASSES[node.role]}(lr(size:#{node.height}em,{sign(node.sign)}))"


def table(node: Array) -> str:
    lines = []
    numbered = any(node.tags)
    nothing = (None,) * len(node.rows)
    for cells, tag, extra in zip(node.rows, node.tags or nothing, node.extra or nothing, strict=True):
        made = [cell(node, cells, i) for i in range(len(node.columns))]
        if extra:
            made[0] = made[0].removesuffix("&") + f"below({em(extra + 0.25)})" + "&" * made[0].endswith("&")
        if numbered:
            made.append(f"&gap(#2.5em){written(tag)}" if tag is not None else "&")
        lines.append(",".join(made))
    columns = len(node.columns)
    if {0, columns} & set(node.rules) or {0, len(lines)} & set(node.lines):
        return ruled(node)
    augment = ""
    if node.rules or node.lines:
        rows = ",".join(str(min(line, len(lines))) for line in dict.fromkeys(node.lines))
        columns_after = ",".join(str(min(rule, columns)) for rule in node.rules)
        rules = f"({columns_after}{',' if columns_after else ''})"
        augment = f",augment:#(hline:({rows}{',' if rows else ''}),vline:{rules})"
    gap = node.gaps[0] if node.gaps and len(set(node.gaps)) == 1 else 0.0
    matrix = f"mat(delim:#none,row-gap:{em(node.row_gap)},column-gap:{em(gap)}{augment},{';'.join(lines)})"
    return f"script({matrix})" if node.style == "S" else matrix


def ruled(node: Array) -> str:
    """A table with lines around it: a table of Typst's own, whose lines meet."""
    cells = [written(cells[i]) if i < len(cells) else "" for cells in node.rows for i in range(len(node.columns))]
    rules, lines = (f"({''.join(f'{number},' for number in sorted(set(at)))})" for at in (node.rules, node.lines))
    made = ",".join(one or EMPTY for one in cells)
    return f"ruled(#{quoted(node.columns)},#{rules},#{lines},{made})"


def cell(node: Array, cells: Sequence[Node], i: int) -> str:
    """One cell: its alignment is Typst's & before or after it."""
    inner = written(cells[i]) if i < len(cells) else ""
    if inner:
        inner = f"{STYLES[node.style]}({inner})"
    before = node.gaps[i - 1] if i and len(set(node.gaps)) > 1 else 0.0
    if before:
        inner = f"gap({em(before)}){inner}"
    side = node.columns[i]
    return f"{'&' if side == 'l' else ''}{inner or EMPTY}{'&' if side == 'r' else ''}"


def styled(node: Styled) -> str:
    made = group(node.body)
    if node.style:
        made = f"{STYLES[node.style]}({made})"
    if node.size != 1:
        made = f"sized(#{node.size},{made})"
    return f"paint(#{quoted(node.colour)},{made})" if node.colour else made


def boxed(node: Boxed) -> str:
    return f"framed(#{quoted(node.frame)},#{quoted(node.paper)},{group(node.body)})"


def struck(node: Struck) -> str:
    how = {"/": "", "not": "", "\\": ",inverted:#true", "x": ",cross:#true", "-": ",angle:#90deg"}[node.line]
    return f"cancel({group(node.body)}{how})"


def phantom(node: Phantom) -> str:
    return f"phantom(#{str(node.width).lower()},#{str(node.height).lower()},{group(node.body)})"


def rule(node: Rectangle) -> str:
    return f"rule({em(node.width)},{em(node.height)},{em(node.raised)})"


def overlap(node: Overlap) -> str:
    return f"overlap(#{quoted(node.side)},{group(node.body)})"


def smashed(node: Smashed) -> str:
    return f"smashed(#{quoted(node.side)},{group(node.body)})"


def raised(node: Raised) -> str:
    return f"raised({em(node.by)},{group(node.body)})"


def role(node: Role) -> str:
    body = group(node.body)
    if isinstance(node.body, Accent):  # a brace
        return body
    if node.role == OP:
        return f"op({body},limits:#{'false' if node.limits is False else 'true'})"
    return f"{CLASSES[node.role]}({body})"


def unknown(node: Unknown) -> str:
    return f"lost({quoted(node.name)})"


WRITERS: dict[type[Node], Callable[[Any], str]] = {
    Symbol: symbol, Words: words, Space: lambda node: space(node.width), Fraction: fraction, Radical: root,
    Scripts: scripts, Accent: accent, Arrow: arrow, Fence: fence, Middle: middle, Sized: sized, Array: table,
    Styled: styled, Boxed: boxed, Struck: struck, Phantom: phantom, Rectangle: rule, Overlap: overlap,
    Smashed: smashed, Raised: raised, Role: role, Unknown: unknown,
}  # fmt: skip
