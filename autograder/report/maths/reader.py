r"""TeX to a tree, read as MathJax reads it: the same commands, the same groups, the same definitions.

A command that stands for other TeX is replaced in the text that is still to be read, so that `\def` and `\newcommand`
work wherever they do in a notebook.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from PIL import ImageColor

from autograder.report.maths.environments import ENVIRONMENTS, TRANSPARENT, ArrayLayout, columns_of
from autograder.report.maths.roles import DOTS, PRIME, finished, role_of, unfinished
from autograder.report.maths.symbols import (
    ABBREVIATIONS,
    ACCENTS,
    ARROWS,
    BIG,
    BIG_ROLES,
    CAPITALS,
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
from autograder.report.maths.tree import (
    INNER,
    OP,
    OPEN,
    ORD,
    REL,
    Accent,
    Array,
    Arrow,
    Boxed,
    Fence,
    Fraction,
    Middle,
    Node,
    Phantom,
    Radical,
    Raised,
    Role,
    RowOfTerms,
    Scripts,
    Sized,
    Space,
    Struck,
    Styled,
    Symbol,
    Unknown,
    Words,
)

MAX_DEPTH = 40
MAX_EXPANSIONS = 2000
MAX_LENGTH = 20_000

COMMAND = re.compile(r"\\(?:[a-zA-Z]+|.)", re.DOTALL)
NUMBER = re.compile(r"(?:[0-9]+(?:\{,\}[0-9]{3})*(?:\.[0-9]*)?|\.[0-9]+)")
LENGTH = re.compile(r"\s*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))\s*(em|ex|pt|px|mu|cm|mm|in|pc)\s?")
EM = {
    "em": 1.0, "ex": 0.43, "pt": 0.1, "px": 0.0625, "mu": 1 / 18, "cm": 2.845, "mm": 0.2845, "in": 7.227, "pc": 1.2,
}  # fmt: skip
BOLD = {"italic": "bold-italic", "normal": "bold", "script": "bold-script", "calligraphic": "bold-calligraphic",
        "fraktur": "bold-fraktur", "sans-serif": "bold-sans-serif"}  # fmt: skip
INFIX = {
    "over": ("", None, ""), "atop": ("", 0.0, ""), "choose": ("(", 0.0, ")"), "brack": ("[", 0.0, "]"),
    "brace": ("{", 0.0, "}"),
}  # fmt: skip
COLOURS = {"brickred": "#b6321c", "bittersweet": "#c04f17", "cerulean": "#00a2e3", "emerald": "#00a99d",
           "junglegreen": "#00a99a", "mahogany": "#a9341f", "midnightblue": "#006795", "mulberry": "#a93c93",
           "navyblue": "#006eb8", "processblue": "#00b0f0", "rawsienna": "#974006", "redorange": "#f26035",
           "redviolet": "#a1246b", "royalpurple": "#613f99", "rubinered": "#ed017d", "tealblue": "#00aeb3",
           "violetred": "#ef58a0", "wildstrawberry": "#ee2967", "yelloworange": "#faa21a"}  # fmt: skip

QUOTES = {"'": "’”", "`": "‘“"}


class Malformed(ValueError):
    """TeX that cannot be read; the message says why."""


@dataclass(frozen=True)
class Definition:
    r"""What \newcommand or \def gave a name: its text, and how its arguments are found.

    Attributes:
        count: how many arguments there are.
        default: of the first, if it may be left out.
        before: what must stand before the arguments (\def\pair(#1,#2)).
        after: what ends each argument; "" for one in braces.
    """

    body: str
    count: int = 0
    default: str | None = None
    before: str = ""
    after: tuple[str, ...] = ()


@dataclass
class Definitions:
    """What the formulas of a notebook have defined so far."""

    commands: dict[str, Definition | Symbol] = field(default_factory=dict)
    environments: dict[str, tuple[Definition, str]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    colours: dict[str, str] = field(default_factory=dict)

    def copy(self) -> "Definitions":
        return Definitions(dict(self.commands), dict(self.environments), dict(self.labels), dict(self.colours))


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
            if not isinstance(definition, Definition) or definition.count:
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
        reader.bold = self.bold or bold
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
                if name in INFIX or name in ("above", "overwithdelims", "atopwithdelims", "abovewithdelims"):
                    return self.infix(name, finished(items), ends)
                if name in FONT_SWITCHES or name in STYLES or name in SIZES or name in ("color", "boldmath"):
                    rest, end = self.switched(name, ends)
                    return finished([*items, *rest]), end
            self.piece(token, items)

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
            colour = self.colour(self.option(), self.argument("\\color"))
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
                self.piece(token, found)
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
        name = token[1:]
        definition = self.known.commands.get(token)
        if not name:
            add_space(items, 0.25)
        elif isinstance(definition, Definition):
            self.expand(token, definition)
        elif isinstance(definition, Symbol):
            items.append(self.look(definition))
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
            accent = Accent(self.body(token), ACCENTS[name], name not in NARROW, name.startswith("under"))
            items.append(Role(accent, OP, True) if name in BRACES else accent)
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
        body = with_arguments(definition.body, found)
        rest = self.text[self.at :]
        if re.search(r"\\[a-zA-Z]+$", body) and rest[:1].isalpha():
            body += " "
        if len(body) + len(rest) > MAX_LENGTH:
            raise Malformed(f"{token} stands for too much, or for itself")
        self.text, self.at = body + rest, 0

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
        if name in TEXT_FONTS:
            inner_font = TEXT_FONTS[name] or font
            if {font, inner_font} == {"bold", "italic"}:
                inner_font = "bold-italic"
            pieces += self.words(reader.argument("\\" + name), inner_font)
        elif name in ("textcolor", "color"):
            colour = self.colour(reader.option(), reader.argument("\\" + name))
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


class Rows:
    """The rows of a table while it is read."""

    def __init__(self) -> None:
        self.cells: list[list[Node]] = [[]]
        self.tags: list[Node | None] = [None]
        self.extra: list[float] = [0.0]
        self.lines: list[int] = []

    def begin(self) -> None:
        self.cells.append([])
        self.tags.append(None)
        self.extra.append(0.0)

    def without_empty_end(self) -> None:
        r"""Drop the row after the last \\, which has nothing in it."""
        if len(self.cells) > 1 and self.cells[-1] == [RowOfTerms()] and self.tags[-1] is None:
            for part in (self.cells, self.tags, self.extra):
                part.pop()

    def table(self, layout: ArrayLayout, rules: Sequence[int] = ()) -> Array:
        """The table in this layout."""
        width = max(len(row) for row in self.cells)
        columns = layout.columns * (width // len(layout.columns) + 1)
        columns = columns[: max(width, len(layout.columns) if layout.argument == "columns" else 0)]
        gaps = tuple(layout.gaps[i % len(layout.gaps)] for i in range(max(len(columns) - 1, 0)))
        rows = []
        for row in self.cells:
            cells: list[Node] = []
            for i, cell in enumerate(row):
                parts = cell.items if isinstance(cell, RowOfTerms) else (cell,)
                if layout.aligned and i % 2 == 1:
                    parts = tuple(finished([RowOfTerms(), *unfinished(parts)]))
                cells.append(RowOfTerms(parts))
            rows.append(tuple(cells))
        return Array(
            tuple(rows), columns, gaps, layout.row_gap, layout.style, tuple(rules), tuple(self.lines), tuple(self.tags),
            tuple(self.extra),
        )  # fmt: skip


def multline(rows: Rows) -> Array:
    """Lines of one formula: the first at the left, the last at the right."""
    lines = [row[0] if row else RowOfTerms() for row in rows.cells]
    last = len(lines) - 1
    cells: list[tuple[Node, ...]] = []
    for i, line in enumerate(lines):
        parts = line.items if isinstance(line, RowOfTerms) else (line,)
        parts = tuple(finished([RowOfTerms(), *unfinished(parts)])) if i else parts
        if last and i == 0:
            parts = (*parts, Space(4.0))
        elif last and i == last:
            parts = (Space(4.0), *parts)
        cells.append((RowOfTerms(parts),))
    return Array(tuple(cells), "c", (), 0.5, "D", (), (), tuple(rows.tags), tuple(rows.extra))


def tagged(tree: Node, tag: Node | None) -> Node:
    """The formula with its tag at its right."""
    return tree if tag is None else Array(((tree,),), "c", (), 0.4, "D", (), (), (tag,), (0.0,))


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


def parts(node: Node) -> tuple[Node, ...]:
    return node.items if isinstance(node, RowOfTerms) else (node,)


def is_primes(node: Node) -> bool:
    return isinstance(node, RowOfTerms) and bool(node.items) and all(one == PRIME for one in node.items)


def grouped(pieces: list[Node]) -> Node:
    return pieces[0] if len(pieces) == 1 else RowOfTerms(tuple(pieces))


# Text


def closing_brace(text: str, at: int) -> int:
    """Where the group that begins at `at` ends."""
    depth = 0
    i = at
    while i < len(text):
        if text[i] == "\\":
            i += 1
        elif text[i] == "{":
            depth += 1
        elif text[i] == "}":
            depth -= 1
            if depth == 0:
                return i
        i += 1
    raise Malformed("a } is missing")


def length_of(text: str) -> float:
    match = LENGTH.match(text)
    return float(match[1]) * EM[match[2]] if match else 0.0


def with_arguments(body: str, found: Sequence[str]) -> str:
    """The text of a definition with #1, #2, … replaced."""

    def argument(match: re.Match) -> str:
        if match[0] == "##":
            return "#"
        number = int(match[1])
        return found[number - 1] if number <= len(found) else match[0]

    return re.sub(r"##|#([1-9])", argument, body)


# One handler for each command that is not in a table of names


def on_fraction(reader: Reader, items: list[Node], name: str) -> None:
    style = {"d": "D", "t": "T"}.get(name[0], "") if name != "frac" else ""
    items.append(Fraction(reader.body("\\" + name), reader.body("\\" + name), style=style))


def on_binomial(reader: Reader, items: list[Node], name: str) -> None:
    style = {"d": "D", "t": "T"}.get(name[0], "")
    made = Fraction(reader.body("\\" + name), reader.body("\\" + name), 0.0)
    fence = Fence("(", RowOfTerms((made,)), ")")
    items.append(Styled(RowOfTerms((fence,)), style=style) if style else fence)


def on_continued(reader: Reader, items: list[Node], name: str) -> None:
    option = (reader.option() or "c").strip()
    top, bottom = reader.body("\\cfrac"), reader.body("\\cfrac")
    shift = {"l": (top, Space(1.0)), "r": (Space(1.0), top)}.get(option)
    items.append(Fraction(RowOfTerms(shift) if shift else top, bottom, style="D"))


def on_general_fraction(reader: Reader, items: list[Node], name: str) -> None:
    left, right = (reader.argument(name).strip() for _ in range(2))
    bar, style = reader.argument(name).strip(), reader.argument(name).strip()
    top, bottom = reader.body(name), reader.body(name)
    made: Node = Fraction(top, bottom, length_of(bar) if bar else None, {"0": "D", "": ""}.get(style, "T"))
    if left or right:
        signs = [Reader(sign or ".", reader.known, reader.progress).delimiter(name) for sign in (left, right)]
        made = Fence(signs[0], RowOfTerms((made,)), signs[1])
    items.append(made)


def on_root(reader: Reader, items: list[Node], name: str) -> None:
    index = reader.option()
    items.append(Radical(reader.body("\\sqrt"), None if index is None else reader.inner(index)))


def on_root_of(reader: Reader, items: list[Node], name: str) -> None:
    index = reader.up_to("\\of", "\\root")
    items.append(Radical(reader.body("\\root"), reader.inner(index)))


def on_left(reader: Reader, items: list[Node], name: str) -> None:
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


def on_end(reader: Reader, items: list[Node], name: str) -> None:
    raise Malformed(f"\\{name} stands alone")


def on_limits(reader: Reader, items: list[Node], name: str) -> None:
    if not items or role_of(items[-1]) != OP:
        raise Malformed(f"\\{name} stands after something that is not an operator")
    node, limits = items[-1], name == "limits"
    if isinstance(node, (Symbol, Role, Scripts)):
        items[-1] = replace(node, limits=limits)


def on_operator(reader: Reader, items: list[Node], name: str) -> None:
    limits = None if reader.follows("*") else False
    items.append(operator(reader, reader.argument("\\operatorname"), limits))


def operator(reader: Reader, text: str, limits: bool | None) -> Node:
    body = reader.inner(text.replace("-", "\\text{-}").replace("*", "\\text{*}"), "normal")
    letters = [node.text for node in body.items if isinstance(node, Symbol) and node.kind in ("letter", "number")]
    if len(letters) == len(body.items):
        return Symbol("".join(letters), OP, "name", "normal", limits)
    return Role(body, OP, limits)


def on_over_under(reader: Reader, items: list[Node], name: str) -> None:
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


def on_build_relation(reader: Reader, items: list[Node], name: str) -> None:
    above = reader.inner(reader.up_to("\\over", "\\buildrel"))
    base = reader.body("\\buildrel")
    items.append(Role(RowOfTerms((Scripts(base, None, above, True),)), REL))


def on_substack(reader: Reader, items: list[Node], name: str) -> None:
    inner = Reader(reader.argument("\\substack"), reader.known, reader.progress, reader.font, reader.depth + 1)
    items.append(inner.rows("").table(ENVIRONMENTS["subarray"]))


def on_old_table(reader: Reader, items: list[Node], name: str) -> None:
    inner = Reader(reader.argument("\\" + name), reader.known, reader.progress, reader.font, reader.depth + 1)
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


def on_sides(reader: Reader, items: list[Node], name: str) -> None:
    left, right = reader.body("\\sideset"), reader.body("\\sideset")
    base: list[Node] = []
    while not base:
        reader.piece(reader.take() or "}", base)
    before = left.items[0] if left.items and isinstance(left.items[0], Scripts) else Scripts(RowOfTerms())
    after = right.items[0] if right.items and isinstance(right.items[0], Scripts) else Scripts(RowOfTerms())
    made = Scripts(base[0], after.below, after.above, False, before.below, before.above, OP)
    items.append(Role(RowOfTerms((made,)), OP, None))


def on_prescript(reader: Reader, items: list[Node], name: str) -> None:
    above, below, base = (reader.body("\\prescript") for _ in range(3))
    items.append(Scripts(base, left_below=below, left_above=above))


def on_not(reader: Reader, items: list[Node], name: str) -> None:
    following: list[Node] = []
    while not following:
        reader.piece(reader.take() or "}", following)
    node = following[0]
    if isinstance(node, Symbol):
        struck = unicodedata.normalize("NFC", node.text + "\u0338")
        if len(struck) == 1:
            items.append(replace(node, text=struck))
            return
    items.append(Role(Struck(node, "/"), role_of(node) or ORD))


def on_dots(reader: Reader, items: list[Node], name: str) -> None:
    items.append(Symbol(DOTS, INNER, "sign", "normal"))


def on_bold(reader: Reader, items: list[Node], name: str) -> None:
    items.append(reader.body("\\" + name, bold=True))


def on_definition(reader: Reader, items: list[Node], name: str) -> None:
    reader.follows("*")
    command = reader.argument("\\" + name).strip()
    count = reader.option()
    default = reader.option() if count is not None else None
    body = reader.argument("\\" + name)
    if name == "providecommand" and (command in reader.known.commands or command[1:] in SYMBOLS):
        return
    number = int(count) if count and count.strip().isdigit() else 0
    reader.known.commands[command if command.startswith("\\") else "\\" + command] = Definition(body, number, default)


def on_def(reader: Reader, items: list[Node], name: str) -> None:
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


def on_let(reader: Reader, items: list[Node], name: str) -> None:
    command = reader.take()
    reader.follows("=")
    other = reader.take()
    known = reader.known.commands.get(other)
    reader.known.commands[command] = known if known is not None else Definition(other)


def on_declared_operator(reader: Reader, items: list[Node], name: str) -> None:
    star = "*" if reader.follows("*") else ""
    command = reader.argument("\\" + name).strip()
    body = reader.argument("\\" + name)
    reader.known.commands[command] = Definition(f"\\operatorname{star}{{{body}}}")


def on_paired(reader: Reader, items: list[Node], name: str) -> None:
    command, left, right = (reader.argument("\\" + name).strip() for _ in range(3))
    reader.known.commands[command] = Definition(f"\\pairedwith{{{left}}}{{{right}}}")


def on_pair(reader: Reader, items: list[Node], name: str) -> None:
    left, right = reader.argument(name), reader.argument(name)
    star = reader.follows("*")
    size = reader.option()
    body = reader.argument(name)
    if star:
        reader.expand("\\" + name, Definition(f"\\left{left} {body} \\right{right}"))
    elif size:
        reader.expand("\\" + name, Definition(f"{size}l{left} {body} {size}r{right}"))
    else:
        reader.expand("\\" + name, Definition(f"{{{left} {body} {right}}}"))


def on_new_environment(reader: Reader, items: list[Node], name: str) -> None:
    reader.follows("*")
    environment = reader.argument("\\" + name).strip()
    count, default = reader.option(), reader.option()
    begin, end = reader.argument("\\" + name), reader.argument("\\" + name)
    number = int(count) if count and count.strip().isdigit() else 0
    reader.known.environments[environment] = (Definition(begin + " ", number, default), end)


def on_define_colour(reader: Reader, items: list[Node], name: str) -> None:
    colour, model, value = (reader.argument("\\definecolor") for _ in range(3))
    reader.known.colours[colour.strip()] = reader.colour(model, value)


def add_space(items: list[Node], width: float) -> None:
    """Add room; two rooms are one."""
    last = items[-1] if items else None
    if isinstance(last, Space):
        items.pop()
        width += last.width
    items.append(Space(width))


def on_space(reader: Reader, items: list[Node], name: str) -> None:
    reader.follows("*")
    add_space(items, reader.length("\\" + name))


def on_text_colour(reader: Reader, items: list[Node], name: str) -> None:
    colour = reader.colour(reader.option(), reader.argument("\\textcolor"))
    items.append(Styled(reader.body("\\textcolor"), colour=colour))


def on_colour_box(reader: Reader, items: list[Node], name: str) -> None:
    model = reader.option()
    frame = reader.colour(model, reader.argument("\\" + name)) if name == "fcolorbox" else ""
    paper = reader.colour(model, reader.argument("\\" + name))
    items.append(Boxed(grouped(reader.words(reader.argument("\\" + name), "normal")), frame, paper))


def on_box(reader: Reader, items: list[Node], name: str) -> None:
    if name == "bbox":
        look = reader.option() or ""
        paper = next((colour for part in look.split(",") if (colour := reader.colour(None, part))), "")
        border = re.search(r"border:[^,]*?(#[0-9a-fA-F]{3,6}|[a-zA-Z]+)\s*$", look)
        frame = "#000000" if "border" in look else ""
        frame = (reader.colour(None, border[1]) or frame) if border else frame
        body: Node = reader.body("\\bbox")
        items.append(Boxed(body, frame, paper) if frame or paper else body)
        return
    if name == "framebox":
        reader.option()
        reader.option()
    items.append(Boxed(grouped(reader.words(reader.argument("\\" + name), "normal")), "#000000"))


def on_struck(reader: Reader, items: list[Node], name: str) -> None:
    reader.option()
    items.append(Struck(reader.body("\\" + name), {"cancel": "/", "bcancel": "\\", "xcancel": "x"}[name]))


def on_struck_to(reader: Reader, items: list[Node], name: str) -> None:
    reader.option()
    to, body = reader.body("\\cancelto"), reader.body("\\cancelto")
    items.append(Scripts(Struck(body, "/"), above=to))


def on_enclosed(reader: Reader, items: list[Node], name: str) -> None:
    notation = reader.argument("\\enclose")
    reader.option()
    made: Node = reader.body("\\enclose")
    for word, line in (("updiagonalstrike", "/"), ("downdiagonalstrike", "\\"), ("horizontalstrike", "-")):
        made = Struck(made, line) if word in notation else made
    if re.search(r"box|circle|longdiv|actuarial", notation):
        made = Boxed(made, "#000000")
    items.append(made)


def on_phantom(reader: Reader, items: list[Node], name: str) -> None:
    body: Node = Symbol("(", OPEN, "sign", "normal") if "strut" in name else reader.body("\\" + name)
    items.append(Phantom(body, name not in ("vphantom", "mathstrut", "strut"), name != "hphantom"))


def on_smash(reader: Reader, items: list[Node], name: str) -> None:
    reader.option()
    items.append(reader.body("\\" + name))


def on_second(reader: Reader, items: list[Node], name: str) -> None:
    r"""\style{…}{body}, \class, \href: the look is a page's affair, the body is shown."""
    look = reader.argument("\\" + name)
    body: Node = reader.body("\\" + name)
    match = re.search(r"(?<!-)\bcolor\s*:\s*([^;]+)", look) if name == "style" else None
    items.append(Styled(body, colour=reader.colour(None, match[1])) if match else body)


def on_raise(reader: Reader, items: list[Node], name: str) -> None:
    by = reader.length("\\" + name) * (-1 if name == "lower" else 1)
    if name == "raisebox":
        reader.option()
        items.append(Raised(grouped(reader.words(reader.argument("\\raisebox"), "normal")), by))
        return
    items.append(Raised(reader.body("\\" + name), by))


def on_rule(reader: Reader, items: list[Node], name: str) -> None:
    reader.option()
    width, height = reader.length("\\rule"), reader.length("\\rule")
    visible = name != "Space" and width > 0 and height > 0
    items.append(Words("█") if visible else Space(width))


def on_tag(reader: Reader, items: list[Node], name: str) -> None:
    star = reader.follows("*")
    text = reader.argument("\\tag")
    words = reader.words(text if star else f"({text})", "normal")
    reader.progress.tag = grouped(words)
    if reader.progress.label:
        reader.known.labels[reader.progress.label] = text
        reader.progress.label = ""


def on_label(reader: Reader, items: list[Node], name: str) -> None:
    label = reader.argument("\\label").strip()
    tag = reader.progress.tag
    if tag is None:
        reader.progress.label = label
    else:
        words = "".join(one.text for one in parts(tag) if isinstance(one, Words))
        reader.known.labels[label] = words.removeprefix("(").removesuffix(")")


def on_reference(reader: Reader, items: list[Node], name: str) -> None:
    label = reader.known.labels.get(reader.argument("\\" + name).strip(), "???")
    items.append(Words(f"({label})" if name == "eqref" else label))


def on_unicode(reader: Reader, items: list[Node], name: str) -> None:
    reader.option()
    code = reader.argument("\\unicode").strip().lower()
    try:
        number = int(code[1:], 16) if code.startswith("x") else int(code, 0)
        char = chr(number)
    except (ValueError, OverflowError):
        raise Malformed(f"\\unicode needs the number of a character, not {code}") from None
    items.append(typed(char) if char.isprintable() else Words("\ufffd"))


def on_character(reader: Reader, items: list[Node], name: str) -> None:
    match = re.match(r"\s*(?:\"([0-9A-Fa-f]{1,5})|'([0-7]{1,6})|([0-9]{1,6})|`\\?(.))\s?", reader.text[reader.at :])
    if not match:
        raise Malformed("\\char needs the number of a character")
    reader.at += match.end()
    number = int(match[1], 16) if match[1] else int(match[2], 8) if match[2] else int(match[3] or ord(match[4]))
    char = chr(number) if number < 0x110000 else "\ufffd"
    items.append(typed(char) if char.isprintable() else Words("\ufffd"))


def on_verbatim(reader: Reader, items: list[Node], name: str) -> None:
    mark = reader.text[reader.at : reader.at + 1]
    end = reader.text.find(mark, reader.at + 1) if mark else -1
    if end < 0:
        raise Malformed("\\verb is not closed")
    items.append(Words(reader.text[reader.at + 1 : end], "monospace"))
    reader.at = end + 1


def on_choice(reader: Reader, items: list[Node], name: str) -> None:
    choices = [reader.body("\\mathchoice") for _ in range(4)]
    items.append(choices[0])


def on_escaped(reader: Reader, items: list[Node], name: str) -> None:
    items.append(Symbol(name, ORD, "sign", "normal"))


def on_begin(reader: Reader, items: list[Node], name: str) -> None:
    reader.environment(items)


def on_break(reader: Reader, items: list[Node], name: str) -> None:
    items.append(Space(1.0))


def on_shoved(reader: Reader, items: list[Node], name: str) -> None:
    items.extend(reader.body("\\" + name).items)


def on_between(reader: Reader, items: list[Node], name: str) -> None:
    items.append(grouped(reader.words(reader.argument("\\" + name), "normal")))


HANDLERS: dict[str, Callable[[Reader, list[Node], str], None]] = {
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
    "bcancel": on_struck, "xcancel": on_struck, "cancelto": on_struck_to, "enclose": on_enclosed,
    "phantom": on_phantom, "hphantom": on_phantom, "vphantom": on_phantom, "mathstrut": on_phantom,
    "strut": on_phantom, "smash": on_smash, "mathclap": on_smash, "mathllap": on_smash, "mathrlap": on_smash,
    "clap": on_smash, "llap": on_smash, "rlap": on_smash, "cramped": on_smash, "vcenter": on_smash,
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
    "newpage": 0, "unboldmath": 0,
}  # fmt: skip
