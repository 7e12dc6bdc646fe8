"""A formula's tree as MathML, which browsers show without a script or a network."""

import html
import re
from collections.abc import Callable
from typing import Any

from autograder.report.maths.alphabets import in_font
from autograder.report.maths.roles import role_of
from autograder.report.maths.tree import (
    BIN,
    CLOSE,
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
    parts,
)

# What a browser puts at the sides of a sign comes from its table of signs; these say what the formula means.
SIDES = {ORD: 0.0, OPEN: 0.0, CLOSE: 0.0, BIN: 4 / 18, REL: 5 / 18}
SIZES = {"D": ("true", "0"), "T": ("false", "0"), "S": ("false", "1"), "SS": ("false", "2")}
THIN = '<mspace width="0.167em"></mspace>'
COLUMNS = {"l": "left", "c": "center", "r": "right"}


def mathml(tree: Node, display: bool) -> str:
    """The formula as a math element."""
    kind = "block" if display else "inline"
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="{kind}">{row(tree)}</math>'


def row(node: Node) -> str:
    """A piece, its parts side by side without an element of their own."""
    if not isinstance(node, RowOfTerms):
        return one(node)
    made = ""
    before: Node | None = None
    for part in node.items:
        if before is not None and apart(before, part):
            made += THIN
        made += one(part)
        before = part
    return made


def apart(left: Node, right: Node) -> bool:
    """Whether the name of a function stands beside something that it would run into."""
    if is_name(left):
        return role_of(right) in (ORD, OP, "inner")
    return is_name(right) and role_of(left) in (ORD, CLOSE, "inner")


def is_name(node: Node) -> bool:
    if isinstance(node, Scripts):
        return is_name(node.base)
    return isinstance(node, (Symbol, Role)) and node.role == OP and getattr(node, "kind", "name") == "name"


def one(node: Node) -> str:
    """A piece as exactly one element."""
    if isinstance(node, RowOfTerms):
        return one(node.items[0]) if len(node.items) == 1 else f"<mrow>{row(node)}</mrow>"
    return WRITERS[type(node)](node)


def element(name: str, *parts: str, **attributes: str) -> str:
    given = "".join(f' {key}="{html.escape(value)}"' for key, value in attributes.items())
    return f"<{name}{given}>{''.join(parts)}</{name}>"


def sign(text: str, **attributes: str) -> str:
    return element("mo", html.escape(text), **attributes)


def symbol(node: Symbol) -> str:
    text = node.text
    if node.kind == "number":
        return element("mn", html.escape(in_font(text, node.font)))
    if node.kind == "name" and node.limits is None:  # beside the name in a line, below it in a displayed formula
        return sign(text, movablelimits="true", lspace="0em", rspace="0em", form="prefix")
    if node.kind == "name":
        return element("mi", html.escape(text), mathvariant="normal") if len(text) == 1 else element("mi", text)
    if node.kind == "letter":
        if node.font == "normal":
            return element("mi", html.escape(text), **({"mathvariant": "normal"} if len(text) == 1 else {}))
        return element("mi", html.escape(text if node.font == "italic" else in_font(text, node.font)))
    if node.role == OP:
        return sign(text, movablelimits="true" if node.limits is None else "false")
    if node.role in (PUNCT, "inner"):
        return sign(text)
    side = f"{SIDES[node.role]:.3f}em"
    stretchy = {"stretchy": "false"} if node.role in (OPEN, CLOSE, ORD) else {}
    return sign(text, lspace=side, rspace=side, **stretchy)


def words(node: Words) -> str:
    text = html.escape(in_font(node.text, node.font)).replace(" ", "\u00a0")
    return element("mtext", text)


def space(node: Space) -> str:
    return element("mspace", width=f"{node.width:.3f}em")


def fraction(node: Fraction) -> str:
    bar = {} if node.bar is None else {"linethickness": f"{node.bar}em" if node.bar else "0"}
    made = element("mfrac", one(node.top), one(node.bottom), **bar)
    return in_style(made, node.style)


def in_style(made: str, style: str) -> str:
    if not style:
        return made
    displayed, level = SIZES[style]
    return element("mstyle", made, displaystyle=displayed, scriptlevel=level)


def root(node: Radical) -> str:
    return element("msqrt", row(node.body)) if node.index is None else element("mroot", one(node.body), one(node.index))


def scripts(node: Scripts) -> str:
    base = one(node.base)
    below, above = (None if part is None else one(part) for part in (node.below, node.above))
    if node.left_below is not None or node.left_above is not None:
        before = [element("none") if part is None else one(part) for part in (node.left_below, node.left_above)]
        after = [part or element("none") for part in (below, above)]
        return element("mmultiscripts", base, *after, "<mprescripts></mprescripts>", *before)
    names = ("munder", "mover", "munderover") if node.limits is not False else ("msub", "msup", "msubsup")
    if above is None:
        return element(names[0], base, below or element("mrow"))
    return element(names[1], base, above) if below is None else element(names[2], base, below, above)


def accent(node: Accent) -> str:
    mark = sign(node.sign, stretchy="true" if node.wide else "false")
    if node.under:
        return element("munder", one(node.body), mark, accentunder="true")
    return element("mover", one(node.body), mark, accent="true")


def arrow(node: Arrow) -> str:
    base = sign(node.sign, stretchy="true", lspace="0.278em", rspace="0.278em")
    if node.below is None:
        return element("mover", base, one(node.above))
    return element("munderover", base, one(node.below), one(node.above))


def fence(node: Fence) -> str:
    sides = (
        sign(text, stretchy="true", fence="true", form=form, lspace="0em", rspace="0em") if text else ""
        for text, form in ((node.left, "prefix"), (node.right, "postfix"))
    )
    left, right = sides
    return element("mrow", left, row(node.body), right)


def middle(node: Middle) -> str:
    return sign(node.sign, stretchy="true", fence="true") if node.sign else ""


def sized(node: Sized) -> str:
    size = f"{node.height}em"
    return sign(node.sign, stretchy="true", minsize=size, maxsize=size, lspace="0em", rspace="0em")


def table(node: Array) -> str:
    rows = []
    last = len(node.rows)
    for number, cells in enumerate(node.rows):
        made = []
        for i, cell in enumerate(cells):
            look = f"text-align: {COLUMNS[node.columns[i]]}; padding: {node.row_gap / 2:.2f}em 0"
            if i and i - 1 < len(node.gaps) and node.gaps[i - 1]:
                look += f"; padding-left: {node.gaps[i - 1]}em"
            for rule, side in ((i, "left"), (i + 1 if i + 1 == len(node.columns) else -1, "right")):
                look += f"; border-{side}: 1px solid" if rule in node.rules else ""
            for line, side in ((number, "top"), (last if number + 1 == last else -1, "bottom")):
                look += f"; border-{side}: 1px solid" if line in node.lines else ""
            made.append(element("mtd", row(cell), style=look))
        if number < len(node.tags) and (tag := node.tags[number]) is not None:
            made.append(element("mtd", row(tag), style="padding-left: 2.5em"))
        rows.append(element("mtr", *made))
    made_table = element("mtable", *rows, displaystyle="true" if node.style == "D" else "false")
    return in_style(made_table, "S") if node.style == "S" and len(node.columns) > 1 else made_table


def styled(node: Styled) -> str:
    made = in_style(one(node.body), node.style)
    if node.size != 1:
        made = element("mstyle", made, style=f"font-size: {node.size}em")
    return element("mstyle", made, style=f"color: {node.colour}") if node.colour else made


def boxed(node: Boxed) -> str:
    frame = f"border: 1px solid {node.frame};" if node.frame else ""
    paper = f" background: {node.paper};" if node.paper else ""
    return element("mrow", row(node.body), style=f"{frame}{paper} padding: 3px")


def struck(node: Struck) -> str:
    if node.line == "not":
        made = row(node.body)
        end = made.rfind("</m")
        if made.count("</") == 1 and re.fullmatch(r"<m[ion][^<]*", made[:end]):
            start = made.index(">") + 1
            sign_alone = in_font(made[start:end], "italic") if start == len("<mi>") else made[start:end]
            return f"{made[:start]}{sign_alone}\u0338{made[end:]}"
        return element("mrow", made, sign("\u0338", lspace="0em", rspace="0em"))
    angle = {"/": "to top left", "\\": "to top right", "x": "to top left", "-": "to top"}[node.line]
    line = f"linear-gradient({angle}, transparent 47%, currentColor 47%, currentColor 53%, transparent 53%)"
    if node.line == "x":
        line += f", {line.replace('top left', 'top right')}"
    return element("mrow", row(node.body), style=f"background: {line}")


def phantom(node: Phantom) -> str:
    made = element("mphantom", row(node.body))
    if node.width and node.height:
        return made
    return element("mpadded", made, **({"width": "0"} if node.height else {"height": "0", "depth": "0"}))


def rule(node: Rectangle) -> str:
    made = element(
        "mspace", width=f"{node.width:.3f}em", height=f"{node.height:.3f}em", style="background: currentColor"
    )
    return element("mpadded", made, voffset=f"{node.raised:.3f}em") if node.raised else made


def overlap(node: Overlap) -> str:
    """No width; a body to the left is one that begins at the right in a line that runs to the left."""
    body = element("mrow", row(node.body), dir="ltr")
    if node.side == "c":
        return body
    return element("mpadded", body, width="0", **({"dir": "rtl"} if node.side == "l" else {}))


def smashed(node: Smashed) -> str:
    none = {name: "0" for side, name in (("t", "height"), ("b", "depth")) if side in node.side}
    return element("mpadded", row(node.body), **none)


def raised(node: Raised) -> str:
    return element("mpadded", row(node.body), voffset=f"{node.by:.3f}em")


def role(node: Role) -> str:
    """A body with the room at its sides that it takes as what it is."""
    if node.role not in (BIN, REL) or any(isinstance(part, (Struck, Arrow)) for part in parts(node.body)):
        return one(node.body)
    side = space(Space(SIDES[node.role]))
    return element("mrow", side, row(node.body), side)


def unknown(node: Unknown) -> str:
    return element("mtext", html.escape(node.name), style="color: #b00020")


WRITERS: dict[type[Node], Callable[[Any], str]] = {
    Symbol: symbol, Words: words, Space: space, Fraction: fraction, Radical: root, Scripts: scripts, Accent: accent,
    Arrow: arrow, Fence: fence, Middle: middle, Sized: sized, Array: table, Styled: styled, Boxed: boxed,
    Struck: struck, Phantom: phantom, Rectangle: rule, Overlap: overlap,
    Smashed: smashed, Raised: raised, Role: role, Unknown: unknown,
}  # fmt: skip
