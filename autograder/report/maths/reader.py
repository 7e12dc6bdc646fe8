r"""TeX to a tree, read as MathJax reads it: the same commands, the same groups, the same definitions.

A command that stands for other TeX is replaced in the text that is still to be read, so that `\def` and `\newcommand`
work wherever they do in a notebook.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from PIL import ImageColor

from autograder.report.colours import ink_and_paper
from autograder.report.maths.arrays import Rows, multline, tagged
from autograder.report.maths.chemistry import chemistry
from autograder.report.maths.commands import HANDLERS, PASSED_OVER, add_space, proof
from autograder.report.maths.environments import ENVIRONMENTS, TRANSPARENT, columns_of
from autograder.report.maths.roles import PRIME, finished, role_of
from autograder.report.maths.symbols import (
    ABBREVIATIONS,
    ACCENTS,
    ARROWS,
    BIG,
    BIG_ROLES,
    CAPITALS,
    COMBINING,
    DELIMITER_NAMES,
    DELIMITERS,
    FONT_SWITCHES,
    FONTS,
    NARROW,
    ROLES,
    SIZES,
    SPACES,
    STYLES,
    SYMBOLS,
    TEXT_ACCENTS,
    TEXT_FONTS,
    typed,
)
from autograder.report.maths.text import (
    EM,
    LENGTH,
    MAX_DEPTH,
    Definition,
    Definitions,
    Malformed,
    Meaning,
    closing_brace,
    joined,
    length_of,
    with_arguments,
)
from autograder.report.maths.tree import (
    OP,
    ORD,
    REL,
    Accent,
    Array,
    Arrow,
    Fence,
    Fraction,
    Node,
    Overlap,
    Role,
    RowOfTerms,
    Scripts,
    Sized,
    Space,
    Styled,
    Symbol,
    Unknown,
    Words,
    grouped,
    parts,
)

MAX_EXPANSIONS = 2000
MAX_LENGTH = 20_000

COMMAND = re.compile(r"\\(?:[a-zA-Z]+|.)", re.DOTALL)
NUMBER = re.compile(r"(?:[0-9]+(?:\{,\}[0-9]{3})*(?:\.[0-9]*)?|\.[0-9]+)")
BOLD = {"italic": "bold-italic", "normal": "bold", "script": "bold-script", "calligraphic": "bold-calligraphic",
        "fraktur": "bold-fraktur", "sans-serif": "bold-sans-serif", "word-italic": "bold-italic"}  # fmt: skip
INFIX = {
    "over": ("", None, ""), "atop": ("", 0.0, ""), "choose": ("(", 0.0, ")"), "brack": ("[", 0.0, "]"),
    "brace": ("{", 0.0, "}"),
}  # fmt: skip
COLOURS = {"brickred": "#b6321c", "bittersweet": "#c04f17", "cerulean": "#00a2e3", "emerald": "#00a99d",
           "junglegreen": "#00a99a", "mahogany": "#a9341f", "midnightblue": "#006795", "mulberry": "#a93c93",
           "navyblue": "#006eb8", "processblue": "#00b0f0", "rawsienna": "#974006", "redorange": "#f26035",
           "redviolet": "#a1246b", "royalpurple": "#613f99", "rubinered": "#ed017d", "tealblue": "#00aeb3",
           "violetred": "#ef58a0", "wildstrawberry": "#ee2967", "yelloworange": "#faa21a"}  # fmt: skip

OTHER_INFIX = ("above", "overwithdelims", "atopwithdelims", "abovewithdelims")
ROW_COMMANDS = {
    *OTHER_INFIX, "color", "boldmath", "begin", "end", "left", "right", "middle", "cr", "newline", "\\", "of",
    "begingroup", "endgroup", "bgroup", "egroup",
}  # fmt: skip

DIAGRAM_ARROW = re.compile(r"@(?:([><VA])(.*?)\1(.*?)\1|([=|.]))", re.DOTALL)
DIAGRAM_SIGNS = {">": "→", "<": "←", "V": "↓", "A": "↑", "=": "=", "|": "‖", ".": "."}
QUOTES = {"'": "’”", "`": "‘“"}


@dataclass(frozen=True)
class Formula:
    """What was read: the tree, the names that are not known, or why it cannot be read (tree None)."""

    tree: Node | None
    unknown: tuple[str, ...] = ()
    error: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show: a formula of definitions."""
        return isinstance(self.tree, RowOfTerms) and all(isinstance(one, Space) for one in self.tree.items)


def read(tex: str, known: Definitions) -> Formula:
    """Read one formula.

    Args:
        tex: what stands between the dollars.
        known: what earlier formulas defined; gets what this one defines.
    """
    reader = Reader(tex, known, Progress())
    try:
        tree = reader.whole()
    except Malformed as error:
        return Formula(None, (), str(error))
    except RecursionError:
        return Formula(None, (), "it is nested too deeply")
    return Formula(tree, tuple(dict.fromkeys(reader.progress.unknown)))


def is_known(token: str) -> bool:
    """Whether TeX has this command itself, without a definition."""
    progress = Progress()
    reader = Reader("{x}" * 6, Definitions(), progress)
    if reader.acts_on_its_row(token):
        return True
    try:
        reader.own(token, [])
    except Malformed:
        return True
    return not progress.unknown


@dataclass
class Progress:
    """What all readers of one formula share."""

    expansions: int = 0
    unknown: list[str] = field(default_factory=list)
    tag: Node | None = None
    label: str = ""


class Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str, known: Definitions, progress: Progress, font: str = "", depth: int = 0) -> None:
        if depth > MAX_DEPTH:
            raise Malformed("it is nested too deeply")
        self.text = text
        self.at = 0
        self.known = known
        self.progress = progress
        self.font = font
        self.bold = False
        self.depth = depth
        self.level = 0  # of scripts in scripts
        self.paper = "#ffffff"

    def another(self, text: str) -> "Reader":
        """A reader of another text, with what is known here."""
        reader = Reader(text, self.known, self.progress, self.font, self.depth + 1)
        reader.level, reader.paper = self.level, self.paper
        return reader

    # What comes next

    def skip_space(self) -> None:
        while self.at < len(self.text):
            if self.text[self.at].isspace():
                self.at += 1
            elif self.text[self.at] == "%":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end + 1
            else:
                return

    def take(self) -> str:
        """The next command or character, "" at the end."""
        self.skip_space()
        if self.at >= len(self.text):
            return ""
        match = COMMAND.match(self.text, self.at)
        token = match[0] if match else self.text[self.at]
        self.at += len(token)
        return token

    def follows(self, token: str) -> bool:
        """Whether that token comes next; then it is passed over."""
        at = self.at
        if self.take() == token:
            return True
        self.at = at
        return False

    def argument(self, name: str) -> str:
        """The text of the next argument: a group, a command or one character."""
        self.skip_space()
        if self.at < len(self.text) and self.text[self.at] == "{":
            end = closing_brace(self.text, self.at)
            found = self.text[self.at + 1 : end]
            self.at = end + 1
            return found
        token = self.take()
        if token in ("", "}"):
            raise Malformed(f"an argument of {name} is missing")
        return token

    def option(self) -> str | None:
        """The text in square brackets that comes next, if there is one."""
        at = self.at
        self.skip_space()
        if self.at >= len(self.text) or self.text[self.at] != "[":
            self.at = at
            return None
        depth = 0
        for i in range(self.at + 1, len(self.text)):
            char = self.text[i]
            depth += (char == "{") - (char == "}")
            if char == "]" and depth <= 0:
                found = self.text[self.at + 1 : i]
                self.at = i + 1
                return found
        raise Malformed("a ] is missing")

    def length(self, name: str) -> float:
        """A length in em, in braces or not."""
        self.skip_space()
        if self.at < len(self.text) and self.text[self.at] == "{":
            return length_of(self.argument(name))
        match = LENGTH.match(self.text, self.at)
        if not match:
            raise Malformed(f"{name} needs a length")
        self.at = match.end()
        return float(match[1]) * EM[match[2]]

    def delimiter(self, name: str) -> str:
        r"""The delimiter after \left, \big, …; "" for the dot."""
        token = self.take()
        if token == "{":
            self.at -= 1
            token = self.argument(name).strip()
        for _ in range(20):  # a command of the notebook's own
            definition = self.known.commands.get(token)
            if isinstance(definition, Meaning):
                token = definition.token
                break
            if definition is None or definition.count:
                break
            token = definition.body.strip()
        if token in DELIMITERS:
            return DELIMITERS[token]
        symbol = SYMBOLS.get(token[1:]) if token.startswith("\\") and token[1:] in DELIMITER_NAMES else None
        if symbol is None and len(token) == 1 and not token.isalnum():
            return token
        if symbol is None:
            raise Malformed(f"{name} needs a delimiter, not {token or 'nothing'}")
        return {"∣": "|", "∥": "‖", "∖": "\\"}.get(symbol.text, symbol.text)

    # Rows

    def whole(self) -> Node:
        """The whole text: one line, or a table where it has line ends or & of its own."""
        return self.lines("")

    def inner(self, text: str, font: str | None = None, bold: bool = False) -> RowOfTerms:
        """The pieces of another text, read with what is known here."""
        reader = Reader(text, self.known, self.progress, self.font if font is None else font, self.depth + 1)
        reader.bold, reader.level, reader.paper = self.bold or bold, self.level, self.paper
        items, _ = reader.row("")
        return RowOfTerms(tuple(items))

    def body(self, name: str, font: str | None = None, bold: bool = False) -> RowOfTerms:
        """The next argument, read."""
        return self.inner(self.argument(name), font, bold)

    def row(self, *ends: str) -> tuple[list[Node], str]:
        """The pieces up to one of these tokens, which is passed over, and which one it was."""
        items: list[Node] = []
        while True:
            token = self.take()
            if token in ends:
                return finished(items), token
            if token == "":
                raise Malformed("it ends too early: a brace, a \\right or an \\end is missing")
            name = token[1:]
            if token[0] == "\\" and token not in self.known.commands:
                if name in INFIX or name in OTHER_INFIX:
                    return self.infix(name, finished(items), ends)
                if name in FONT_SWITCHES or name in STYLES or name in SIZES or name in ("color", "boldmath"):
                    rest, end = self.switched(name, ends)
                    return finished([*items, *rest]), end
            self.piece(token, items)

    def acts_on_its_row(self, token: str) -> bool:
        """Whether a command reaches beyond its arguments: a switch, a fraction's \\over, the end of something."""
        name = token[1:]
        return (
            name in INFIX
            or name in FONT_SWITCHES
            or name in STYLES
            or name in SIZES
            or name in ROW_COMMANDS
        )  # fmt: skip

    def sequent(self) -> Node:
        r"""A line of a proof with its formulas in dollars and \\fCenter between them."""
        end = re.compile(r"\\n|$").search(self.text, self.at)
        assert end
        text, self.at = self.text[self.at : end.start()], end.end()
        return grouped(self.words(text.replace("\\fCenter", ""), "normal"))

    def infix(self, name: str, before: list[Node], ends: tuple[str, ...]) -> tuple[list[Node], str]:
        r"""A fraction of all that stands before and after \over, \choose, …."""
        left, bar, right = INFIX.get(name, ("", None, ""))
        if name.endswith("withdelims"):
            left, right = self.delimiter("\\" + name), self.delimiter("\\" + name)
            bar = 0.0 if name.startswith("atop") else None
        if name.startswith("above"):
            bar = self.length("\\" + name)
        after, end = self.row(*ends)
        made: Node = Fraction(RowOfTerms(tuple(before)), RowOfTerms(tuple(after)), bar)
        return [Fence(left, RowOfTerms((made,)), right) if left or right else made], end

    def switched(self, name: str, ends: tuple[str, ...]) -> tuple[list[Node], str]:
        """The rest of the group in another font, style, size or colour."""
        font, bold = self.font, self.bold
        look: Callable[[RowOfTerms], Node] = lambda row: row  # noqa: E731
        if name in FONT_SWITCHES:
            self.font = FONT_SWITCHES[name]
        elif name == "boldmath":
            self.bold = True
        elif name in STYLES:
            look = lambda row: Styled(row, style=STYLES[name])  # noqa: E731
        elif name in SIZES:
            look = lambda row: Styled(row, size=SIZES[name])  # noqa: E731
        else:
            colour = self.ink(self.option(), self.argument("\\color"))
            look = lambda row: Styled(row, colour=colour)  # noqa: E731
        rest, end = self.row(*ends)
        self.font, self.bold = font, bold
        made = look(RowOfTerms(tuple(rest)))
        return (rest if isinstance(made, RowOfTerms) else [made]), end

    def colour(self, model: str | None, value: str) -> str:
        """A colour as #rrggbb; black where it is not known."""
        value = value.strip()
        if value in self.known.colours:
            return self.known.colours[value]
        try:
            if model in ("rgb", "RGB", "gray"):
                parts = [float(part) for part in value.split(",")] * (3 if model == "gray" else 1)
                parts = [min(max(part / (255 if model == "RGB" else 1), 0.0), 1.0) for part in parts]
                return "#{:02x}{:02x}{:02x}".format(*(round(255 * part) for part in parts[:3]))
            value = f"#{value}" if model == "HTML" else value
            red, green, blue = ImageColor.getrgb(COLOURS.get(value.lower(), value))[:3]
            return f"#{red:02x}{green:02x}{blue:02x}"
        except (ValueError, IndexError):
            return ""

    def ink(self, model: str | None, value: str) -> str:
        """A colour of letters, darkened where it could not be read on the paper behind them."""
        return ink_and_paper({"color": self.colour(model, value), "background": self.paper})[0]

    def piece(self, token: str, items: list[Node]) -> None:
        """Read what begins with this token and add it to the items."""
        if token[0] == "\\":
            self.command(token, items)
        elif token == "{":
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise Malformed("it is nested too deeply")
            font, bold = self.font, self.bold
            inner, _ = self.row("}")
            self.font, self.bold = font, bold
            self.depth -= 1
            items.append(RowOfTerms(tuple(inner)))
        elif token == "}":
            raise Malformed("a { is missing")
        elif token in "^_":
            self.script(token, items)
        elif token in "'’":
            self.primes(items)
        elif token == "&":
            raise Malformed("an & stands where there are no columns")
        elif token == "~":
            add_space(items, 0.25)
        elif token == "#":
            raise Malformed("a # stands where there are no arguments")
        elif token in "0123456789." and (match := NUMBER.match(self.text, self.at - 1)):
            self.at = match.end()
            font = "bold" if self.bold else self.font or "normal"
            items.append(Symbol(match[0].replace("{,}", ","), ORD, "number", font))
        elif token in COMBINING and items and not isinstance(items[-1], Space):
            items.append(Accent(RowOfTerms((items.pop(),)), COMBINING[token]))
        elif "\ud800" <= token <= "\udfff" or not token.isprintable():
            items.append(Words("\ufffd"))
        else:
            items.append(self.look(typed(token)))

    def look(self, symbol: Symbol, capital: bool = False) -> Symbol:
        """A symbol in the font that is in force."""
        if capital or (symbol.kind == "letter" and symbol.text.isascii()):
            symbol = replace(symbol, font=self.font or symbol.font)
        return replace(symbol, font=BOLD.get(symbol.font, symbol.font)) if self.bold else symbol

    # Scripts

    def script(self, mark: str, items: list[Node]) -> None:
        base = items.pop() if items and not isinstance(items[-1], Space) else RowOfTerms()
        argument = self.script_body(mark)
        if not isinstance(base, Scripts):
            base = Scripts(base, limits=limits_of(base), role=role_of(base) or ORD)
        if mark == "_":
            if base.below is not None:
                raise Malformed("two subscripts stand at one place: braces must say which belongs to which")
            items.append(replace(base, below=argument))
        elif base.above is None:
            items.append(replace(base, above=argument))
        elif is_primes(base.above):
            items.append(replace(base, above=RowOfTerms((*parts(base.above), argument))))
        else:
            raise Malformed("two superscripts stand at one place: braces must say which belongs to which")

    def script_body(self, mark: str) -> Node:
        """What comes next, as a whole: a group, or one command with its arguments."""
        found: list[Node] = []
        while not found:
            token = self.take()
            if token in ("", "}", "&", "^", "_", "\\\\", "\\end", "\\right", "\\cr"):
                raise Malformed(f"nothing follows {mark}")
            name = token[1:]
            if token[0] == "\\" and name in FONT_SWITCHES and token not in self.known.commands:
                font, self.font = self.font, FONT_SWITCHES[name]
                found = [self.script_body(mark)]
                self.font = font
            elif token[0] == "\\" and name in STYLES:
                continue
            elif token.isdigit():
                found = [self.look(typed(token))]
            else:
                self.level += 1
                self.piece(token, found)
                self.level -= 1
        return found[0] if len(found) == 1 else RowOfTerms(tuple(found))

    def primes(self, items: list[Node]) -> None:
        count = 1
        while self.at < len(self.text) and self.text[self.at] in "'’":
            self.at += 1
            count += 1
        base = items.pop() if items and not isinstance(items[-1], Space) else RowOfTerms()
        if not isinstance(base, Scripts):
            base = Scripts(base, limits=False, role=role_of(base) or ORD)
        if base.above is not None:
            raise Malformed("a prime follows a superscript: braces must say which belongs to which")
        items.append(replace(base, above=RowOfTerms((PRIME,) * count)))

    # Commands

    def command(self, token: str, items: list[Node]) -> None:
        definition = self.known.commands.get(token)
        if isinstance(definition, Definition):
            self.expand(token, definition)
        else:
            self.own(definition.token if definition else token, items)

    def own(self, token: str, items: list[Node]) -> None:
        """A command as TeX has it, whatever the notebook defines."""
        name = token[1:]
        if token[0] != "\\":
            self.piece(token, items)
        elif not name:
            add_space(items, 0.25)
        elif name in HANDLERS:
            HANDLERS[name](self, items, name)
        elif name in SPACES:
            add_space(items, SPACES[name])
        elif name in ABBREVIATIONS:
            body, count = ABBREVIATIONS[name]
            self.expand(token, Definition(body, count))
        elif name in SYMBOLS:
            items.append(self.look(SYMBOLS[name], name in CAPITALS))
        elif name in FONTS:
            items.append(self.body(token, FONTS[name]))
        elif name in TEXT_FONTS:
            items.append(grouped(self.words(self.argument(token), TEXT_FONTS[name] or "normal")))
        elif name in ARROWS:
            below = self.option()
            items.append(Arrow(ARROWS[name], self.body(token), None if below is None else self.inner(below)))
        elif name in ACCENTS:
            if name in ("overbracket", "underbracket"):
                self.option()
                self.option()
            accent = Accent(self.body(token), ACCENTS[name], name not in NARROW, name.startswith("under"))
            items.append(Role(accent, ORD, True) if name in BRACES else accent)
        elif name in ROLES:
            role = ROLES[name]
            items.append(Role(self.body(token), role, None if role == OP else False))
        elif match := re.fullmatch(r"(bigg?|Bigg?)([lrm]?)", name):
            items.append(Sized(self.delimiter(token), BIG[match[1]], BIG_ROLES[match[2]]))
        elif name in PASSED_OVER:
            for _ in range(PASSED_OVER[name]):
                self.argument(token)
        else:
            self.progress.unknown.append(token)
            items.append(Unknown(token))

    def expand(self, token: str, definition: Definition) -> None:
        """Replace a command and its arguments by what it stands for, in the text that is still to be read."""
        self.progress.expansions += 1
        if self.progress.expansions > MAX_EXPANSIONS:
            raise Malformed(f"{token} stands for too much, or for itself")
        found: list[str] = []
        if definition.default is not None:
            option = self.option()
            found.append(definition.default if option is None else option)
        if definition.before and not self.passed(definition.before):
            raise Malformed(f"{token} is used otherwise than it was defined")
        while len(found) < definition.count:
            end = definition.after[len(found)] if definition.after else ""
            found.append(self.up_to(end, token) if end else self.argument(token))
        if definition.after and len(definition.after) > definition.count and not self.passed(definition.after[-1]):
            raise Malformed(f"{token} is used otherwise than it was defined")
        text = joined(with_arguments(definition.body, found), self.text[self.at :])
        if len(text) > MAX_LENGTH:
            raise Malformed(f"{token} stands for too much, or for itself")
        self.text, self.at = text, 0

    def passed(self, text: str) -> bool:
        """Whether this text comes next; then it is passed over."""
        self.skip_space()
        if not self.text.startswith(text, self.at):
            return False
        self.at += len(text)
        return True

    def up_to(self, end: str, token: str) -> str:
        """The text before the next `end` outside braces, which is passed over."""
        depth, i = 0, self.at
        while i < len(self.text):
            if depth == 0 and self.text.startswith(end, i):
                found, self.at = self.text[self.at : i], i + len(end)
                return found[1:-1] if found.startswith("{") and closing_brace(found, 0) == len(found) - 1 else found
            depth += (self.text[i] == "{") - (self.text[i] == "}")
            i += 2 if self.text[i] == "\\" else 1
        raise Malformed(f"{token} is used otherwise than it was defined")

    # Tables

    def rows(self, *ends: str) -> "Rows":
        """Cells up to one of these tokens."""
        rows = Rows()
        while True:
            if not rows.cells[-1]:
                self.lines_before(rows)
            items, end = self.row("&", "\\\\", "\\cr", "\\newline", "\\tabularnewline", *ends)
            rows.cells[-1].append(RowOfTerms(tuple(items)))
            if end == "&":
                continue
            rows.tags[-1] = self.row_tag()
            if end in ends:
                rows.without_empty_end()
                return rows
            self.follows("*")
            if match := re.match(r"\s*\[\s*([-+.0-9]+\s*[a-z]{2})\s*\]", self.text[self.at :]):
                self.at += match.end()
                rows.extra[-1] = length_of(match[1])
            rows.begin()

    def lines_before(self, rows: "Rows") -> None:
        r"""\hline and its like at the beginning of a row."""
        while True:
            at = self.at
            token = self.take()
            if token in ("\\hline", "\\hdashline", "\\toprule", "\\midrule", "\\bottomrule"):
                rows.lines.append(len(rows.cells) - 1)
            elif token == "\\cline":
                self.argument(token)
                rows.lines.append(len(rows.cells) - 1)
            elif token in ("\\intertext", "\\shortintertext"):
                said = grouped(self.words(self.argument(token), "normal"))
                rows.cells[-1].append(Overlap(said, "r"))
                rows.begin()
            else:
                self.at = at
                return

    def lines(self, end: str) -> Node:
        """A formula up to this token: as it is, or a table where it has line ends or & of its own."""
        rows = self.rows(end)
        if len(rows.cells) == 1 and len(rows.cells[0]) == 1:
            return tagged(rows.cells[0][0], rows.tags[0])
        return rows.table(ENVIRONMENTS["align"])

    def row_tag(self) -> Node | None:
        """The tag that this row was given, if any; its label is known from here on."""
        tag, self.progress.tag = self.progress.tag, None
        return tag

    def environment(self, items: list[Node]) -> None:
        name = self.argument("\\begin").strip()
        if name in self.known.environments:
            begin, end = self.known.environments[name]
            close = environment_end(self.text, self.at, name)
            tail = f"\\end{{{name}}}"
            self.text = self.text[:close] + " " + end + " " + self.text[close + len(tail) :]
            self.expand(f"\\begin{{{name}}}", begin)
            return
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Malformed("it is nested too deeply")
        made: Node
        outer = name
        if name == "empheq":
            self.option()
            name = self.argument("\\begin{empheq}").strip()
        if name in TRANSPARENT:
            made = self.lines("\\end")
        elif name in ("multline", "multline*", "multlined"):
            self.option()
            made = multline(self.rows("\\end"))
        elif name == "CD":
            made = self.diagram()
        elif name == "prooftree":
            made = proof(self)
        elif name in ENVIRONMENTS:
            made = self.table(name)
        else:
            raise Malformed(f"the environment {name} is not known")
        if self.argument("\\end").strip() != outer:
            raise Malformed(f"\\begin{{{outer}}} is not closed by \\end{{{outer}}}")
        self.depth -= 1
        items.append(made)

    def table(self, name: str) -> Node:
        layout = ENVIRONMENTS[name]
        rules: tuple[int, ...] = ()
        before: Node | None = None
        if layout.argument == "columns":
            self.option()
            columns, rules = columns_of(self.argument(f"\\begin{{{name}}}"))
            layout = replace(layout, columns=columns or "c")
        elif layout.argument == "option":
            option = self.option()
            layout = replace(layout, columns=option) if option in ("l", "c", "r") and name.endswith("*") else layout
        elif layout.argument == "number":
            self.option()
            self.argument(f"\\begin{{{name}}}")
        elif layout.argument == "text":
            before = self.body(f"\\begin{{{name}}}")
        made: Node = self.rows("\\end").table(layout, rules)
        if layout.left or layout.right:
            made = Fence(layout.left, RowOfTerms((made,)), layout.right)
        return made if before is None else RowOfTerms((before, made))

    def diagram(self) -> Node:
        """A commutative diagram: objects and arrows in turn, in rows and between them."""
        end = environment_end(self.text, self.at, "CD")
        body, self.at = self.text[self.at : end], end + len("\\end")
        rows = [self.diagram_row(line) for line in re.split(r"\\\\(?:\s*\[[^]]*\])?", body) if line.strip()]
        width = max(map(len, rows), default=1)
        filled = tuple(tuple(row) + (RowOfTerms(),) * (width - len(row)) for row in rows)
        return Array(filled, "c" * width, (0.8,) * (width - 1), 0.6, "D")

    def diagram_row(self, line: str) -> list[Node]:
        cells: list[Node] = []
        done = 0
        for match in DIAGRAM_ARROW.finditer(line):
            before = line[done : match.start()].strip()
            kind = match[1] or match[4]
            if kind in "><=" or (kind == "." and before):
                cells.append(self.inner(before))
            elif cells:
                cells.append(RowOfTerms())
            arrow = Symbol(DIAGRAM_SIGNS[kind], REL, "sign", "normal")
            first, second = (self.inner(text or "") for text in (match[2], match[3]))
            if kind in "><":
                above = RowOfTerms((Space(0.6), *first.items, Space(0.6)))
                cells.append(Arrow(arrow.text, above, second if second.items else None))
            elif kind in "VA" and (first.items or second.items):
                cells.append(RowOfTerms((first, arrow, second)))
            else:
                cells.append(RowOfTerms() if kind == "." else arrow)
            done = match.end()
        last = line[done:].strip()
        return [*cells, self.inner(last)] if last else cells

    # Words

    def words(self, text: str, font: str) -> list[Node]:
        r"""The pieces of \text{…}: words, and the formulas within."""
        pieces: list[Node] = []
        said = ""
        i = 0

        def say() -> None:
            nonlocal said
            if said:
                pieces.append(Words(re.sub(r"\s+", " ", said), font))
            said = ""

        while i < len(text):
            char = text[i]
            if char == "$":
                end = text.find("$", i + 1)
                if end < 0:
                    raise Malformed("a $ is missing")
                say()
                pieces.append(self.inner(text[i + 1 : end], ""))
                i = end + 1
            elif char == "{":
                end = closing_brace(text, i)
                say()
                pieces += self.words(text[i + 1 : end], font)
                i = end + 1
            elif char == "~":
                said += "\u00a0"
                i += 1
            elif char == "\\":
                token = COMMAND.match(text, i)
                if not token:
                    break
                i = token.end()
                name = token[0][1:]
                if name == "(":
                    end = text.find("\\)", i)
                    say()
                    pieces.append(self.inner(text[i : end if end >= 0 else None], ""))
                    i = end + 2 if end >= 0 else len(text)
                elif name in TEXT_ACCENTS and (match := re.match(r"\s*\{?\\?([^\W\d_])\}?", text[i:])):
                    said += unicodedata.normalize("NFC", match[1] + TEXT_ACCENTS[name])
                    i += match.end()
                elif name in FONT_SWITCHES:
                    say()
                    return pieces + self.words(text[i:].lstrip(), FONT_SWITCHES[name])
                elif name in STYLES or name in SIZES:
                    i = len(text) - len(text[i:].lstrip())
                elif name in " \n\\":
                    said += " "
                elif name in "$%&#_{}^":
                    said += name
                else:
                    say()
                    i = self.in_words(name, text, i, font, pieces)
            elif char in QUOTES:
                double = text.startswith(char * 2, i)
                said += QUOTES[char][double]
                i += 1 + double
            else:
                said += char
                i += 1
        say()
        return pieces

    def in_words(self, name: str, text: str, at: int, font: str, pieces: list[Node]) -> int:
        """A command within words; returns where it and its arguments end."""
        reader = Reader(text[at:], self.known, self.progress, "", self.depth + 1)
        reader.paper = self.paper
        if name in ("ce", "pu"):
            pieces.append(self.inner(chemistry(reader.argument("\\" + name), name), ""))
        elif name in TEXT_FONTS:
            inner_font = TEXT_FONTS[name] or font
            if {font, inner_font} == {"bold", "italic"}:
                inner_font = "bold-italic"
            pieces += self.words(reader.argument("\\" + name), inner_font)
        elif name in ("textcolor", "color"):
            colour = self.ink(reader.option(), reader.argument("\\" + name))
            inner = reader.argument("\\" + name) if name == "textcolor" else reader.text[reader.at :]
            pieces.append(Styled(grouped(self.words(inner, font)), colour=colour))
            reader.at = reader.at if name == "textcolor" else len(reader.text)
        else:
            found: list[Node] = []
            reader.command("\\" + name, found)
            if not found and reader.text != text[at:]:  # a definition: the text goes on with what it stands for
                pieces += self.words(reader.text[reader.at :], font)
                return len(text)
            pieces += found
        if re.fullmatch(r"[a-zA-Z]+", name) and reader.at == 0:
            reader.at = len(reader.text) - len(reader.text.lstrip())
        return at + reader.at


def environment_end(text: str, at: int, name: str) -> int:
    r"""Where the \end that belongs to an opened environment begins."""
    depth = 1
    for match in re.finditer(r"\\(begin|end)\s*\{" + re.escape(name) + r"\}", text[at:]):
        depth += 1 if match[1] == "begin" else -1
        if not depth:
            return at + match.start()
    raise Malformed(f"\\end{{{name}}} is missing")


BRACES = ("overbrace", "underbrace", "overbracket", "underbracket")


def limits_of(base: Node) -> bool | None:
    if isinstance(base, (Symbol, Role)):
        return base.limits
    return False


def is_primes(node: Node) -> bool:
    return isinstance(node, RowOfTerms) and bool(node.items) and all(one == PRIME for one in node.items)
