"""The commands that are more than a name for a sign: one function for each kind."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from autograder.report.maths.chemistry import chemistry
from autograder.report.maths.environments import ENVIRONMENTS
from autograder.report.maths.roles import DOTS, role_of
from autograder.report.maths.symbols import SYMBOLS, typed
from autograder.report.maths.text import MAX_DEPTH, Definition, Malformed, Meaning, length_of, with_arguments
from autograder.report.maths.tree import (
    INNER,
    OP,
    OPEN,
    ORD,
    REL,
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
    Words,
    grouped,
    parts,
)

if TYPE_CHECKING:
    from autograder.report.maths.reader import Reader


def on_fraction(reader: "Reader", items: list[Node], name: str) -> None:
    style = {"d": "D", "t": "T"}.get(name[0], "") if name != "frac" else ""
    items.append(Fraction(reader.body("\\" + name), reader.body("\\" + name), style=style))


def on_binomial(reader: "Reader", items: list[Node], name: str) -> None:
    style = {"d": "D", "t": "T"}.get(name[0], "")
    made = Fraction(reader.body("\\" + name), reader.body("\\" + name), 0.0)
    fence = Fence("(", RowOfTerms((made,)), ")")
    items.append(Styled(RowOfTerms((fence,)), style=style) if style else fence)


def on_continued(reader: "Reader", items: list[Node], name: str) -> None:
    option = (reader.option() or "c").strip()
    top, bottom = reader.body("\\cfrac"), reader.body("\\cfrac")
    shift = {"l": (top, Space(1.0)), "r": (Space(1.0), top)}.get(option)
    items.append(Fraction(RowOfTerms(shift) if shift else top, bottom, style="D"))


def on_general_fraction(reader: "Reader", items: list[Node], name: str) -> None:
    left, right = (reader.argument(name).strip() for _ in range(2))
    bar, style = reader.argument(name).strip(), reader.argument(name).strip()
    top, bottom = reader.body(name), reader.body(name)
    made: Node = Fraction(top, bottom, length_of(bar) if bar else None, {"0": "D", "": ""}.get(style, "T"))
    if left or right:
        signs = [reader.another(sign or ".").delimiter(name) for sign in (left, right)]
        made = Fence(signs[0], RowOfTerms((made,)), signs[1])
    items.append(made)


def on_root(reader: "Reader", items: list[Node], name: str) -> None:
    index = reader.option()
    if reader.follows("\\frac"):  # \sqrt\frac{a}{b}: the whole fraction
        inner: list[Node] = []
        on_fraction(reader, inner, "frac")
        body = RowOfTerms(tuple(inner))
    else:
        body = reader.body("\\sqrt")
    items.append(Radical(body, None if index is None else reader.inner(index)))


def on_root_of(reader: "Reader", items: list[Node], name: str) -> None:
    index = reader.up_to("\\of", "\\root")
    items.append(Radical(reader.body("\\root"), reader.inner(index)))


def on_left(reader: "Reader", items: list[Node], name: str) -> None:
    left = reader.delimiter("\\left")
    reader.depth += 1
    if reader.depth > MAX_DEPTH:
        raise Malformed("it is nested too deeply")
    font, bold = reader.font, reader.bold
    inside: list[Node] = []
    while True:
        made, end = reader.row("\\right", "\\middle")
        inside += made
        if end == "\\right":
            break
        inside.append(Middle(reader.delimiter("\\middle")))
    reader.font, reader.bold = font, bold
    reader.depth -= 1
    items.append(Fence(left, RowOfTerms(tuple(inside)), reader.delimiter("\\right")))


def on_end(reader: "Reader", items: list[Node], name: str) -> None:
    raise Malformed(f"\\{name} stands alone")


def on_limits(reader: "Reader", items: list[Node], name: str) -> None:
    if not items or role_of(items[-1]) != OP:
        raise Malformed(f"\\{name} stands after something that is not an operator")
    node, limits = items[-1], name == "limits"
    sides = grouped(list(parts(node.body))) if isinstance(node, Role) else None
    if isinstance(node, Role) and isinstance(sides, Scripts) and isinstance(sides.base, Symbol):
        sign = replace(sides.base, limits=limits)  # of a \sideset: a browser asks the sign itself
        node = replace(node, body=RowOfTerms((replace(sides, base=sign),)))
    if isinstance(node, (Symbol, Role, Scripts)):
        items[-1] = replace(node, limits=limits)


def on_operator(reader: "Reader", items: list[Node], name: str) -> None:
    limits = None if reader.follows("*") else False
    items.append(operator(reader, reader.argument("\\operatorname"), limits))


def operator(reader: "Reader", text: str, limits: bool | None) -> Node:
    body = reader.inner(text.replace("-", "\\text{-}").replace("*", "\\text{*}"), "normal")
    letters = [node.text for node in body.items if isinstance(node, Symbol) and node.kind in ("letter", "number")]
    if len(letters) == len(body.items):
        return Symbol("".join(letters), OP, "name", "normal", limits)
    return Role(body, OP, limits)


def on_over_under(reader: "Reader", items: list[Node], name: str) -> None:
    mark = reader.body("\\" + name)
    under = reader.body("\\" + name) if name == "overunderset" else None
    base = reader.body("\\" + name)
    only = base.items[0] if len(base.items) == 1 else base
    above = mark if name != "underset" else None
    below = under or (mark if name == "underset" else None)
    if isinstance(only, Scripts) and only.limits is True and (only.above if above else only.below) is None:
        items.append(replace(only, above=only.above or above, below=only.below or below))
        return
    items.append(Scripts(only, below, above, True, role=role_of(only) or ORD))


def on_build_relation(reader: "Reader", items: list[Node], name: str) -> None:
    above = reader.inner(reader.up_to("\\over", "\\buildrel"))
    base = reader.body("\\buildrel")
    items.append(Role(RowOfTerms((Scripts(base, None, above, True),)), REL))


def on_substack(reader: "Reader", items: list[Node], name: str) -> None:
    inner = reader.another(reader.argument("\\substack"))
    items.append(inner.rows("").table(ENVIRONMENTS["subarray"]))


def on_old_table(reader: "Reader", items: list[Node], name: str) -> None:
    inner = reader.another(reader.argument("\\" + name))
    layout = OLD_TABLES[name]
    made: Node = inner.rows("").table(layout)
    items.append(Fence(layout.left, RowOfTerms((made,)), layout.right) if layout.left else made)


OLD_TABLES = {
    "matrix": ENVIRONMENTS["matrix"],
    "pmatrix": ENVIRONMENTS["pmatrix"],
    "bmatrix": ENVIRONMENTS["bmatrix"],
    "cases": ENVIRONMENTS["cases"],
    "eqalign": ENVIRONMENTS["aligned"],
    "eqalignno": ENVIRONMENTS["aligned"],
    "leqalignno": ENVIRONMENTS["aligned"],
    "displaylines": ENVIRONMENTS["gathered"],
}


def on_sides(reader: "Reader", items: list[Node], name: str) -> None:
    left, right = reader.body("\\sideset"), reader.body("\\sideset")
    base: list[Node] = []
    while not base:
        reader.piece(reader.take() or "}", base)
    before = left.items[0] if left.items and isinstance(left.items[0], Scripts) else Scripts(RowOfTerms())
    after = right.items[0] if right.items and isinstance(right.items[0], Scripts) else Scripts(RowOfTerms())
    made = Scripts(base[0], after.below, after.above, False, before.below, before.above, OP)
    items.append(Role(RowOfTerms((made,)), OP, None))


def on_prescript(reader: "Reader", items: list[Node], name: str) -> None:
    above, below, base = (reader.body("\\prescript") for _ in range(3))
    items.append(Scripts(base, left_below=below if below.items else None, left_above=above if above.items else None))


def on_not(reader: "Reader", items: list[Node], name: str) -> None:
    following: list[Node] = []
    while not following:
        reader.piece(reader.take() or "}", following)
        while following and isinstance(following[0], Space):
            items.append(following.pop(0))
    node = following[0]
    if isinstance(node, Symbol):
        struck = unicodedata.normalize("NFC", node.text + "\u0338")
        if len(struck) == 1:
            items.append(replace(node, text=struck))
            return
    items.append(Role(Struck(node, "not"), role_of(node) or ORD))


def on_dots(reader: "Reader", items: list[Node], name: str) -> None:
    items.append(Symbol(DOTS, INNER, "sign", "normal"))


def on_bold(reader: "Reader", items: list[Node], name: str) -> None:
    items.append(reader.body("\\" + name, bold=True))


def on_definition(reader: "Reader", items: list[Node], name: str) -> None:
    reader.follows("*")
    command = reader.argument("\\" + name).strip()
    count = reader.option()
    default = reader.option() if count is not None else None
    body = reader.argument("\\" + name)
    if name == "providecommand" and (command in reader.known.commands or command[1:] in SYMBOLS):
        return
    number = int(count) if count and count.strip().isdigit() else 0
    reader.known.commands[command if command.startswith("\\") else "\\" + command] = Definition(body, number, default)


def on_def(reader: "Reader", items: list[Node], name: str) -> None:
    command = reader.take()
    start = reader.text.find("{", reader.at)
    if not command.startswith("\\") or start < 0:
        raise Malformed("\\def needs a command and a text in braces")
    pattern = reader.text[reader.at : start].strip()
    reader.at = start
    pieces = re.split(r"#[1-9]", pattern)
    count = len(pieces) - 1
    after = tuple(pieces[1:]) if any(pieces[1:]) else ()
    reader.known.commands[command] = Definition(reader.argument("\\def"), count, None, pieces[0], after)


def on_let(reader: "Reader", items: list[Node], name: str) -> None:
    command = reader.take()
    reader.follows("=")
    other = reader.take()
    known = reader.known.commands.get(other)
    if known is None:
        known = Definition(other) if reader.acts_on_its_row(other) else Meaning(other)
    reader.known.commands[command] = known


def on_declared_operator(reader: "Reader", items: list[Node], name: str) -> None:
    star = "*" if reader.follows("*") else ""
    command = reader.argument("\\" + name).strip()
    body = reader.argument("\\" + name)
    reader.known.commands[command] = Definition(f"\\operatorname{star}{{{body}}}")


def on_paired(reader: "Reader", items: list[Node], name: str) -> None:
    r"""\DeclarePairedDelimiter, its X with arguments and a body, its XPP with what stands before and after as well."""
    command = reader.argument("\\" + name).strip()
    count = (reader.option() or "1") if name.rstrip("s")[-1] in "XP" else "1"
    before = reader.argument("\\" + name) if name.endswith("XPP") else ""
    left, right = (reader.argument("\\" + name).strip() for _ in range(2))
    after = reader.argument("\\" + name) if name.endswith("XPP") else ""
    body = reader.argument("\\" + name) if name.rstrip("s")[-1] in "XP" else "#1"
    inner = "".join(f"{{{text}}}" for text in (count, before, left, right, after, body))
    reader.known.commands[command] = Definition("\\pairedwith" + inner.replace("#", "##"))


def on_pair(reader: "Reader", items: list[Node], name: str) -> None:
    count, before, left, right, after, body = (reader.argument(name) for _ in range(6))
    star = reader.follows("*")
    size = reader.option() or ""
    found = [reader.argument(name) for _ in range(int(count) if count.strip().isdigit() else 1)]
    begin, end = (f"\\left{left}", f"\\right{right}") if star else (f"{size}l{left}", f"{size}r{right}")
    if not star and not size:
        begin, end = left, right
    inner = body.replace("\\delimsize", "\\middle" if star else f"{size}m" if size else "")
    reader.expand("\\" + name, Definition(with_arguments(f"{before}{begin} {inner} {end}{after}", found)))


def on_new_environment(reader: "Reader", items: list[Node], name: str) -> None:
    reader.follows("*")
    environment = reader.argument("\\" + name).strip()
    count, default = reader.option(), reader.option()
    begin, end = reader.argument("\\" + name), reader.argument("\\" + name)
    number = int(count) if count and count.strip().isdigit() else 0
    reader.known.environments[environment] = (Definition(begin + " ", number, default), end)


def on_define_colour(reader: "Reader", items: list[Node], name: str) -> None:
    colour, model, value = (reader.argument("\\definecolor") for _ in range(3))
    reader.known.colours[colour.strip()] = reader.colour(model, value)


def add_space(items: list[Node], width: float) -> None:
    """Add room; two rooms are one."""
    last = items[-1] if items else None
    if isinstance(last, Space):
        items.pop()
        width += last.width
    items.append(Space(width))


def on_space(reader: "Reader", items: list[Node], name: str) -> None:
    reader.follows("*")
    add_space(items, reader.length("\\" + name))


def on_text_colour(reader: "Reader", items: list[Node], name: str) -> None:
    colour = reader.ink(reader.option(), reader.argument("\\textcolor"))
    items.append(Styled(reader.body("\\textcolor"), colour=colour))


def on_colour_box(reader: "Reader", items: list[Node], name: str) -> None:
    model = reader.option()
    frame = reader.colour(model, reader.argument("\\" + name)) if name == "fcolorbox" else ""
    paper = reader.colour(model, reader.argument("\\" + name))
    behind, reader.paper = reader.paper, paper or reader.paper
    items.append(Boxed(grouped(reader.words(reader.argument("\\" + name), "normal")), frame, paper))
    reader.paper = behind


def on_box(reader: "Reader", items: list[Node], name: str) -> None:
    if name == "bbox":
        look = reader.option() or ""
        paper = next((colour for part in look.split(",") if (colour := reader.colour(None, part))), "")
        border = re.search(r"border:[^,]*?(#[0-9a-fA-F]{3,6}|[a-zA-Z]+)\s*$", look)
        frame = "#000000" if "border" in look else ""
        frame = (reader.colour(None, border[1]) or frame) if border else frame
        behind, reader.paper = reader.paper, paper or reader.paper
        body: Node = reader.body("\\bbox")
        reader.paper = behind
        items.append(Boxed(body, frame, paper) if frame or paper else body)
        return
    if name == "framebox":
        reader.option()
        reader.option()
    items.append(Boxed(grouped(reader.words(reader.argument("\\" + name), "normal")), "#000000"))


STROKES = {"cancel": "/", "bcancel": "\\", "xcancel": "x", "slashed": "not"}


def on_struck(reader: "Reader", items: list[Node], name: str) -> None:
    reader.option()
    items.append(Struck(reader.body("\\" + name), STROKES[name]))


def on_struck_to(reader: "Reader", items: list[Node], name: str) -> None:
    reader.option()
    to, body = reader.body("\\cancelto"), reader.body("\\cancelto")
    items.append(Scripts(Struck(body, "/"), above=to))


def on_enclosed(reader: "Reader", items: list[Node], name: str) -> None:
    notation = reader.argument("\\enclose")
    reader.option()
    made: Node = reader.body("\\enclose")
    for word, line in (("updiagonalstrike", "/"), ("downdiagonalstrike", "\\"), ("horizontalstrike", "-")):
        made = Struck(made, line) if word in notation else made
    if re.search(r"box|circle|longdiv|actuarial", notation):
        made = Boxed(made, "#000000")
    items.append(made)


def on_phantom(reader: "Reader", items: list[Node], name: str) -> None:
    body: Node = Symbol("(", OPEN, "sign", "normal") if "strut" in name else reader.body("\\" + name)
    items.append(Phantom(body, name not in ("vphantom", "mathstrut", "strut"), name != "hphantom"))


def on_smash(reader: "Reader", items: list[Node], name: str) -> None:
    side = (reader.option() or "").strip()
    items.append(Smashed(reader.body("\\smash"), side if side in ("t", "b") else "tb"))


def on_body(reader: "Reader", items: list[Node], name: str) -> None:
    """A body that is shown as it is, whatever its option says."""
    reader.option()
    items.append(reader.body("\\" + name))


def on_overlap(reader: "Reader", items: list[Node], name: str) -> None:
    side = "r" if name == "lefteqn" else name[-4] if name[-3:] == "lap" else "c"
    if name.startswith("text"):
        items.append(Overlap(grouped(reader.words(reader.argument("\\" + name), "normal")), side))
        return
    if name.startswith("cramped"):
        reader.option()
    items.append(Overlap(reader.body("\\" + name), side))


def on_chemistry(reader: "Reader", items: list[Node], name: str) -> None:
    made = chemistry(reader.argument("\\" + name), name)
    reader.expand("\\" + name, Definition(made.replace("#", "##")))


def on_makebox(reader: "Reader", items: list[Node], name: str) -> None:
    reader.option()
    reader.option()
    items.append(reader.body("\\" + name))


def on_empheq(reader: "Reader", items: list[Node], name: str) -> None:
    items.append(Sized(reader.delimiter("\\" + name), 1.8 if "big" in name else 1.2, ORD))


def on_smash_strut(reader: "Reader", items: list[Node], name: str) -> None:
    reader.option()
    reader.argument("\\" + name)


def on_aboxed(reader: "Reader", items: list[Node], name: str) -> None:
    r"""A boxed formula in an alignment: the box lies over both cells, with its & where that of the other rows is."""
    left, _, right = reader.argument("\\" + name).partition("&")
    box = f"\\kern0.3em\\rlap{{\\kern-0.3em\\boxed{{{left} {{}} {right}}}}}"
    made = f"{box}\\phantom{{{left}}}&\\phantom{{{{}} {right}}}\\kern0.3em"
    reader.expand("\\" + name, Definition(made.replace("#", "##")))


def on_move_left(reader: "Reader", items: list[Node], name: str) -> None:
    reader.option()
    reader.expand("\\" + name, Definition("&"))


def on_arrow_between(reader: "Reader", items: list[Node], name: str) -> None:
    star = reader.follows("*")
    arrow = reader.option() or "\\Updownarrow"
    reader.expand("\\" + name, Definition(f"&\\quad {arrow} \\\\" if star else f"{arrow}\\quad & \\\\"))


def on_dots_within(reader: "Reader", items: list[Node], name: str) -> None:
    star = reader.follows("*")
    reader.argument("\\" + name)
    short = "\\vdots & \\\\" if star else "& \\vdots \\\\"
    reader.expand("\\" + name, Definition(short if name.startswith("short") else "\\mathrel{\\vdots}"))


def on_split_fraction(reader: "Reader", items: list[Node], name: str) -> None:
    top, bottom = reader.body("\\" + name), reader.body("\\" + name)
    style = "D" if name == "splitdfrac" else "T"
    above, below = Styled(RowOfTerms((top, Space(1.0))), style), Styled(RowOfTerms((Space(1.0), bottom)), style)
    items.append(Fraction(above, below, 0.0, style))


def on_first(reader: "Reader", items: list[Node], name: str) -> None:
    r"""\mathtip{body}{tip}, \texttip: the tip is a page's affair."""
    items.append(reader.body("\\" + name))
    reader.argument("\\" + name)


def on_toggle(reader: "Reader", items: list[Node], name: str) -> None:
    """The first of several bodies: what is shown until a click."""
    items.append(reader.body("\\toggle"))
    while not reader.follows("\\endtoggle"):
        reader.argument("\\toggle")


def on_skew(reader: "Reader", items: list[Node], name: str) -> None:
    reader.argument("\\skew")
    accent: list[Node] = []
    while not accent:
        reader.piece(reader.take() or "}", accent)
    items += accent


def on_group(reader: "Reader", items: list[Node], name: str) -> None:
    font, bold = reader.font, reader.bold
    inner, _ = reader.row("\\" + name.replace("b", "e", 1).replace("eegin", "end"))
    reader.font, reader.bold = font, bold
    items.append(RowOfTerms(tuple(inner)))


def on_cell_colour(reader: "Reader", items: list[Node], name: str) -> None:
    reader.option()
    reader.argument("\\" + name)


def on_new_arrow(reader: "Reader", items: list[Node], name: str) -> None:
    command = reader.argument("\\" + name).strip()
    reader.argument("\\" + name)
    code = reader.argument("\\" + name).strip()
    reader.known.commands[command] = Definition(f"\\arrowof{{{code}}}")


def on_arrow_of(reader: "Reader", items: list[Node], name: str) -> None:
    found: list[Node] = []
    another = reader.another(f"{{{reader.argument(name)}}}")
    on_unicode(another, found, "unicode")
    below = reader.option()
    sign = found[0].text if isinstance(found[0], (Symbol, Words)) else "→"
    items.append(Arrow(sign, reader.body(name), None if below is None else reader.inner(below)))


INFERENCES = {"Axiom": 0, "Unary": 1, "Binary": 2, "Trinary": 3, "Quaternary": 4, "Quinary": 5}
SHORT_INFERENCES = {"AXC": "AxiomC", "UIC": "UnaryInfC", "BIC": "BinaryInfC", "TIC": "TrinaryInfC", "RL": "RightLabel",
                    "LL": "LeftLabel"}  # fmt: skip


def proof(reader: "Reader") -> Node:
    r"""The inferences up to \end, each a line with its premises above and its conclusion below."""
    stack: list[Node] = []
    labels: dict[str, Node] = {}
    while (token := reader.take()) != "\\end":
        name = SHORT_INFERENCES.get(token[1:], token[1:])
        match = re.fullmatch(r"(Axiom|(?:Un|Bin|Trin|Quatern|Quin)ary)(?:Inf)?(C?)", name)
        if name in ("RightLabel", "LeftLabel"):
            labels[name] = grouped(reader.words(reader.argument(token), "normal"))
        elif match and token[0] == "\\":
            count = INFERENCES[match[1]]
            if len(stack) < count:
                raise Malformed(f"{token} has too few premises above it")
            said = grouped(reader.words(reader.argument(token), "normal")) if match[2] else reader.sequent()
            premises = stack[len(stack) - count :]
            del stack[len(stack) - count :]
            stack.append(inference(premises, said, labels))
            labels = {}
        elif name == "fCenter" or token == "":
            raise Malformed("it ends too early: \\end{prooftree} is missing")
    return grouped(stack)


def inference(premises: list[Node], said: Node, labels: dict[str, Node]) -> Node:
    if not premises:
        return said
    above: list[Node] = []
    for premise in premises:
        above += [Space(2.0), premise] if above else [premise]
    made: list[Node] = [Fraction(RowOfTerms(tuple(above)), said, None, "D")]
    if "LeftLabel" in labels:
        made = [labels["LeftLabel"], Space(0.3), *made]
    if "RightLabel" in labels:
        made += [Space(0.3), labels["RightLabel"]]
    return grouped(made)


def on_second(reader: "Reader", items: list[Node], name: str) -> None:
    r"""\style{…}{body}, \class, \href: the look is a page's affair, the body is shown."""
    look = reader.argument("\\" + name)
    body: Node = reader.body("\\" + name)
    match = re.search(r"(?<!-)\bcolor\s*:\s*([^;]+)", look) if name == "style" else None
    items.append(Styled(body, colour=reader.ink(None, match[1])) if match else body)


def on_raise(reader: "Reader", items: list[Node], name: str) -> None:
    by = reader.length("\\" + name) * (-1 if name in ("lower", "moveleft") else 1)
    if name.startswith("move"):
        items += [Space(by), reader.body("\\" + name), Space(-by)]
        return
    if name == "raisebox":
        reader.option()
        items.append(Raised(grouped(reader.words(reader.argument("\\raisebox"), "normal")), by))
        return
    items.append(Raised(reader.body("\\" + name), by))


def on_rule(reader: "Reader", items: list[Node], name: str) -> None:
    raised = length_of(reader.option() or "")
    width, height = reader.length("\\" + name), reader.length("\\" + name)
    if name != "rule":
        raised = -reader.length("\\" + name)
        height -= raised
    visible = name != "Space" and width > 0 and height > 0
    items.append(Rectangle(width, height, raised) if visible else Space(width))


def on_tag(reader: "Reader", items: list[Node], name: str) -> None:
    star = reader.follows("*")
    text = reader.argument("\\tag")
    words = reader.words(text if star else f"({text})", "normal")
    reader.progress.tag = grouped(words)
    if reader.progress.label:
        reader.known.labels[reader.progress.label] = text
        reader.progress.label = ""


def on_label(reader: "Reader", items: list[Node], name: str) -> None:
    label = reader.argument("\\label").strip()
    tag = reader.progress.tag
    if tag is None:
        reader.progress.label = label
    else:
        words = "".join(one.text for one in parts(tag) if isinstance(one, Words))
        reader.known.labels[label] = words.removeprefix("(").removesuffix(")")


def on_reference(reader: "Reader", items: list[Node], name: str) -> None:
    label = reader.known.labels.get(reader.argument("\\" + name).strip(), "???")
    items.append(Words(f"({label})" if name == "eqref" else label))


def on_unicode(reader: "Reader", items: list[Node], name: str) -> None:
    reader.option()
    code = reader.argument("\\unicode").strip().lower()
    try:
        number = int(code[1:], 16) if code.startswith("x") else int(code, 0)
        char = chr(number)
    except (ValueError, OverflowError):
        raise Malformed(f"\\unicode needs the number of a character, not {code}") from None
    items.append(typed(char) if char.isprintable() else Words("\ufffd"))


def on_character(reader: "Reader", items: list[Node], name: str) -> None:
    match = re.match(r"\s*(?:\"([0-9A-Fa-f]{1,5})|'([0-7]{1,6})|([0-9]{1,6})|`\\?(.))\s?", reader.text[reader.at :])
    if not match:
        raise Malformed("\\char needs the number of a character")
    reader.at += match.end()
    number = int(match[1], 16) if match[1] else int(match[2], 8) if match[2] else int(match[3] or ord(match[4]))
    char = chr(number) if number < 0x110000 else "\ufffd"
    items.append(typed(char) if char.isprintable() else Words("\ufffd"))


def on_verbatim(reader: "Reader", items: list[Node], name: str) -> None:
    mark = reader.text[reader.at : reader.at + 1]
    end = reader.text.find(mark, reader.at + 1) if mark else -1
    if end < 0:
        raise Malformed("\\verb is not closed")
    items.append(Words(reader.text[reader.at + 1 : end], "monospace"))
    reader.at = end + 1


def on_choice(reader: "Reader", items: list[Node], name: str) -> None:
    choices = [reader.body("\\mathchoice") for _ in range(4)]
    items.append(choices[reader.level and min(reader.level + 1, 3)])


def on_escaped(reader: "Reader", items: list[Node], name: str) -> None:
    items.append(Symbol(name, ORD, "sign", "normal"))


def on_begin(reader: "Reader", items: list[Node], name: str) -> None:
    reader.environment(items)


def on_break(reader: "Reader", items: list[Node], name: str) -> None:
    items.append(Space(1.0))


def on_shoved(reader: "Reader", items: list[Node], name: str) -> None:
    items.extend(reader.body("\\" + name).items)


def on_between(reader: "Reader", items: list[Node], name: str) -> None:
    items.append(grouped(reader.words(reader.argument("\\" + name), "normal")))


HANDLERS: dict[str, Callable[["Reader", list[Node], str], None]] = {
    "frac": on_fraction, "dfrac": on_fraction, "tfrac": on_fraction, "nicefrac": on_fraction, "sfrac": on_fraction,
    "binom": on_binomial, "dbinom": on_binomial, "tbinom": on_binomial, "cfrac": on_continued,
    "genfrac": on_general_fraction, "sqrt": on_root, "root": on_root_of, "left": on_left, "right": on_end,
    "middle": on_end, "end": on_end, "begin": on_begin, "limits": on_limits, "nolimits": on_limits,
    "operatorname": on_operator, "overset": on_over_under, "underset": on_over_under, "overunderset": on_over_under,
    "buildrel": on_build_relation, "substack": on_substack, "sideset": on_sides, "prescript": on_prescript,
    "not": on_not, "centernot": on_not, "dots": on_dots, "boldsymbol": on_bold, "bm": on_bold, "pmb": on_bold,
    "newcommand": on_definition, "renewcommand": on_definition, "providecommand": on_definition, "def": on_def,
    "gdef": on_def, "let": on_let, "DeclareMathOperator": on_declared_operator, "DeclarePairedDelimiter": on_paired,
    "pairedwith": on_pair, "newenvironment": on_new_environment, "renewenvironment": on_new_environment,
    "definecolor": on_define_colour, "hspace": on_space, "hskip": on_space, "kern": on_space, "mkern": on_space,
    "mskip": on_space, "mspace": on_space, "textcolor": on_text_colour, "colorbox": on_colour_box,
    "fcolorbox": on_colour_box, "fbox": on_box, "framebox": on_box, "bbox": on_box, "cancel": on_struck,
    "bcancel": on_struck, "xcancel": on_struck, "slashed": on_struck, "cancelto": on_struck_to, "enclose": on_enclosed,
    "phantom": on_phantom, "hphantom": on_phantom, "vphantom": on_phantom, "mathstrut": on_phantom,
    "strut": on_phantom, "smash": on_smash, "cramped": on_body, "vcenter": on_body, "lefteqn": on_overlap,
    **{f"{kind}{side}lap": on_overlap for kind in ("", "math", "text", "cramped") for side in "lrc"},
    "ce": on_chemistry, "pu": on_chemistry, "Aboxed": on_aboxed, "MoveEqLeft": on_move_left,
    "ArrowBetweenLines": on_arrow_between, "vdotswithin": on_dots_within, "shortvdotswithin": on_dots_within,
    "splitfrac": on_split_fraction, "splitdfrac": on_split_fraction, "mathtip": on_first, "texttip": on_first,
    "toggle": on_toggle, "skew": on_skew, "begingroup": on_group, "bgroup": on_group, "cellcolor": on_cell_colour,
    "rowcolor": on_cell_colour, "columncolor": on_cell_colour, "Newextarrow": on_new_arrow, "arrowof": on_arrow_of,
    "mathmbox": on_body, "mathmakebox": on_makebox, "moveleft": on_raise, "moveright": on_raise,
    "empheql": on_empheq, "empheqr": on_empheq, "empheqbigl": on_empheq, "empheqbigr": on_empheq,
    "DeclarePairedDelimiterX": on_paired, "DeclarePairedDelimiterXPP": on_paired, "DeclarePairedDelimiters": on_paired,
    "DeclarePairedDelimitersX": on_paired, "DeclarePairedDelimitersXPP": on_paired, "crampedsubstack": on_substack,
    "xmathstrut": on_smash_strut, "refeq": on_reference,
    "style": on_second, "class": on_second, "cssId": on_second, "href": on_second, "rotatebox": on_second,
    "raise": on_raise, "lower": on_raise, "raisebox": on_raise, "rule": on_rule, "Rule": on_rule, "Space": on_rule,
    "tag": on_tag, "label": on_label, "ref": on_reference, "eqref": on_reference, "unicode": on_unicode,
    "char": on_character, "verb": on_verbatim, "mathchoice": on_choice, "$": on_escaped, "%": on_escaped,
    "#": on_escaped, "&": on_escaped, "_": on_escaped, "And": on_escaped, "\\": on_break, "newline": on_break,
    "cr": on_break, "shoveleft": on_shoved, "shoveright": on_shoved, "intertext": on_between,
    "shortintertext": on_between, **dict.fromkeys(("matrix", "pmatrix", "bmatrix", "cases"), on_old_table),
    **dict.fromkeys(("eqalign", "eqalignno", "leqalignno", "displaylines"), on_old_table),
}  # fmt: skip
# Commands without a picture, and how many arguments they take.
PASSED_OVER = {
    "require": 1, "notag": 0, "nonumber": 0, "nolinebreak": 0, "allowbreak": 0, "displaylimits": 0, "hfill": 0,
    "hfil": 0, "hfilll": 0, "break": 0, "goodbreak": 0, "nobreak": 0, "relax": 0, "protect": 0, "mathtoolsset": 1,
    "centering": 0, "noindent": 0, "uproot": 1, "leftroot": 1, "bigskip": 0, "medskip": 0, "smallskip": 0,
    "setlength": 2, "par": 0, "nonscript": 0, "vspace": 1, "usepackage": 1, "ensuremath": 0, "null": 0,
    "newpage": 0, "unboldmath": 0, "newtagform": 3, "renewtagform": 3, "usetagform": 1, "minCDarrowwidth": 1,
    "minCDarrowheight": 1, "MTFlushSpaceAbove": 0, "MTFlushSpaceBelow": 0, "noLine": 0, "hline": 0,
}  # fmt: skip
