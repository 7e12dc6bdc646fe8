r"""Chemistry in formulas, as TeX: \ce{2H2 + O2 -> 2H2O} and \pu{1.2e3 kJ//mol}.

The text is read once, from left to right. What a sign means depends on what it stands right after: a 2 at the start of
a word is an amount, after a nucleus (letters, brackets, scripts) a subscript; a - there is a charge or a bond.
"""

import re
from collections.abc import Callable

from autograder.report.maths.text import MAX_DEPTH, Malformed, closing_brace, matched
from autograder.report.maths.units import SIGNS, quantity

ARROWS = {
    "<-->": r"\longleftrightarrows", "<->": r"\longleftrightarrow", "<=>>": r"\longRightleftharpoons",
    "<<=>": r"\longLeftrightharpoons", "<=>": r"\longrightleftharpoons", "->": r"\longrightarrow",
    "<-": r"\longleftarrow", "→": r"\longrightarrow", "⟶": r"\longrightarrow", "←": r"\longleftarrow",
    "⟵": r"\longleftarrow", "↔": r"\longleftrightarrow", "⟷": r"\longleftrightarrow", "⇌": r"\longrightleftharpoons",
}  # fmt: skip
STRETCHED = {
    r"\longrightarrow": r"\xrightarrow", r"\longleftarrow": r"\xleftarrow",
    r"\longleftrightarrow": r"\xleftrightarrow", r"\longrightleftharpoons": r"\xrightleftharpoons",
    r"\longleftrightarrows": r"\xtofrom",
}  # fmt: skip
TWO_ARROWS = (r"\longrightleftharpoons", r"\longleftrightarrows")
LOW, HIGH, DASHES = r"\mathrlap{\lower.2em{-}}", r"\mathrlap{\raise.2em{-}}", r"{\tripledash}"
BONDS = {
    "-": "{-}", "1": "{-}", "=": "{=}", "2": "{=}", "#": r"{\equiv}", "3": r"{\equiv}", "≡": r"{\equiv}",
    "~": DASHES, "~-": rf"\mathrlap{{\lower.1em{{-}}}}\raise.1em{DASHES}", "-~-": rf"{LOW}{HIGH}{DASHES}",
    "~--": rf"{LOW}\mathrlap{{\raise.2em{DASHES}}}{{-}}", "~=": rf"{LOW}\mathrlap{{\raise.2em{DASHES}}}{{-}}",
    "...": r"{\cdot}{\cdot}{\cdot}", "....": r"{\cdot}{\cdot}{\cdot}{\cdot}", "->": r"{\rightarrow}",
    "<-": r"{\leftarrow}",
}  # fmt: skip
# Commands whose arguments are chemistry: how many are something else, how many follow.
OF_CHEMISTRY = {
    "ce": (0, 1), "color": (1, 1), "textcolor": (1, 1), "underset": (0, 2), "overset": (0, 2), "underbrace": (0, 1),
    "overbrace": (0, 1), "underline": (0, 1), "overline": (0, 1), "cancel": (0, 1), "boxed": (0, 1),
}  # fmt: skip
ARROW = r"<-->|<->|<=>>|<<=>|<=>|->|<-|[→⟶←⟵↔⟷⇌]"
RELATIONS = (
    r"\\(?:pm|mp|approx|simeq|sim|equiv|neq?|leq?|geq?|ll|gg|propto|times|to|(?:long)?(?:left|right|leftright)arrow"
    r"|rightleftharpoons)(?![a-zA-Z])"
)
OPERATOR = rf"(?:\+-|[±+<>]|[-−=](?=\s|$)|{RELATIONS})"
MARK = r"(?:\((?:v|\^)\)|v|\^|[↓↑])(?=\s|$|[,;])"
NO_SPACE = re.compile(rf"\s+(?=$|{ARROW}|{OPERATOR}|{MARK})")
STATES = "aq|s|l|g|cr|am|sln|ads?|lc|vit|mon|pol|fl|cd"
STATE = re.compile(rf"\s*\(({STATES})(?:,([^()]*))?\)(?![0-9_^])")
CHARGE = re.compile(rf"\++|[-−]+(?=$|[\s)\],;_^'|/.*&+}}]|->|\\\\|\\}}|\((?:{STATES})[,)])")
AFTER_AMOUNT = re.compile(r"\s*(?:[A-Z(\[{$^_]|e[-+^]|\\[a-zA-Z])|\s+[a-z](?!\s)")
SCRIPT = re.compile(r"[-+−]?\d+(?:[.,]\d+)?|\.+|'+|[IVX]+|[A-Za-z]|\*|[-+−]+")
IN_SCRIPT = re.compile(r"(?P<raw>\$[^$]*\$|\\[a-zA-Z]+|\\.|\d+[.,]\d+|\([slg]\))|(?P<word>[A-Za-z]+)|(?s:.)")
SCRIPT_SIGNS = {".": r"\bullet ", "•": r"\bullet ", "'": r"\prime ", "−": "-", " ": "~"}
OTHERS = {"%": r"\%", ":": "{:}", "<": "{<}", ">": "{>}"}
DEFECT = re.compile(r"[0-9n]*(?:x|/|(?:\\bullet )+|(?:\\prime )+)")  # charges relative to the lattice
NUCLEUS = re.compile(r"[A-Z][a-z]?|[a-z]+|\\[a-zA-Z]+")


def chemistry(text: str, name: str) -> str:
    r"""The TeX of \ce{text} or \pu{text}; `name` is "ce" or "pu".

    Raises:
        Malformed: a brace or a script is missing, a bond is not known, or the text is nested too deeply.
    """
    made = Chemical(text).read() if name == "ce" else quantity(text.strip())
    in_rows = re.search(r"(?<!\\)&|\\\\|\\hline", text)
    return made if in_rows or not made else f"{{{made}}}"


class Chemical:
    r"""The reader of \ce's argument.

    Attributes:
        at: what is read next.
        made: the TeX so far.
        attached: whether what comes next stands right after a nucleus.
        soft: whether that is a name (lower case, Greek, maths), which a hyphen follows rather than a bond.
        bonded: whether the word began with a bond, and so ends with one.
    """

    def __init__(self, text: str, depth: int = 0) -> None:
        if depth > MAX_DEPTH:
            raise Malformed("it is nested too deeply")
        self.text, self.depth, self.at = text.strip(), depth, 0
        self.made: list[str] = []
        self.attached = self.soft = self.bonded = False

    def read(self) -> str:
        """All of it as TeX: the first step that fits is taken, until nothing is left."""
        while self.at < len(self.text):
            for pattern, attached, step in STEPS:
                match = pattern.match(self.text, self.at) if attached in (None, self.attached) else None
                if match:
                    self.at = match.end()
                    step(self, match)
                    break
        return "".join(self.made)

    def add(self, tex: str, attached: bool = False, soft: bool = False) -> None:
        self.made.append(tex)
        self.attached, self.soft = attached, soft

    def ahead(self, pattern: str | re.Pattern) -> re.Match | None:
        return re.compile(pattern).match(self.text, self.at)

    def inner(self, text: str) -> str:
        return Chemical(text, self.depth + 1).read()

    def group(self) -> str:
        """The text in the braces that begin here."""
        start = self.at + 1
        end = closing_brace(self.text, self.at)
        self.at = end + 1
        return self.text[start:end]

    def groups(self) -> str:
        """All that is in braces from here on, as it is written."""
        start = self.at
        while self.text.startswith("{", self.at):
            self.group()
        return self.text[start : self.at]

    def option(self) -> tuple[str, str] | None:
        """What stands in [] here, or in T[] for words, M[] for maths, C[] for chemistry: its kind and text."""
        match = self.ahead(r"([TMC]?)\[")
        if not match:
            return None
        at = start = match.end()
        depth = 1
        while at < len(self.text):
            char = self.text[at]
            at = closing_brace(self.text, at) if char == "{" else at + (char == "\\")
            depth += (char == "[") - (char == "]")
            if depth == 0:
                self.at = at + 1
                return match[1], self.text[start:at]
            at += 1
        raise Malformed("a ] is missing")

    def space(self, match: re.Match) -> None:
        self.add("~" if self.at < len(self.text) else "")
        self.bonded = False

    def no_space(self, match: re.Match) -> None:
        self.attached = self.bonded = False

    def skip_spaces(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def arrow(self, match: re.Match) -> None:
        drawn = ARROWS[match[1]]
        texts: list[str] = []
        while len(texts) < 2 and (option := self.option()):
            kind, text = option
            texts.append(rf"\text{{{text}}}" if kind == "T" else text if kind == "M" else self.inner(text))
        above, below = [*texts, "", ""][:2]
        if texts and drawn in STRETCHED:
            room = r"\;" if drawn in TWO_ARROWS else ""
            drawn = f"{STRETCHED[drawn]}{f'[{{{below}}}]' if below else ''}{{{room}{above}{room}}}"
        elif texts:
            drawn = rf"\overset{{{above}}}{{{drawn}}}"
            drawn = rf"\mathrel{{\underset{{{below}}}{{{drawn}}}}}" if below else rf"\mathrel{{{drawn}}}"
        self.add(f"{{}}{drawn}{{}}")
        self.skip_spaces()

    def ellipsis(self, match: re.Match) -> None:
        spaced = match[0] != match[0].strip()
        self.add(r"~\ldots~" if spaced else BONDS["..."] if self.attached else r"\ldots ")

    def addition(self, match: re.Match) -> None:
        at_end = self.at == len(self.text)
        self.add(r"\kern1mu{\cdot}" if at_end else r"\,{\cdot}\," if self.attached else r"{\cdot}\,")

    def state(self, match: re.Match) -> None:
        more = f",{self.inner(match[2])}" if match[2] else ""
        self.add(rf"\kern2mu(\mathrm{{{match[1]}}}{more})", True)

    def mark(self, match: re.Match) -> None:
        self.add(r"~{\downarrow}\," if "v" in match[0] or "↓" in match[0] else r"~{\uparrow}\,")

    def operator(self, match: re.Match) -> None:
        sign = SIGNS.get(match[1], match[1])
        if not self.made or self.made[-1] in ("(", "[", r"\{"):
            self.add(f"{{{sign}}}")
        else:
            self.add(f"{{}}{sign}{{}}")

    def fraction(self, match: re.Match) -> None:
        self.add(rf"\tfrac{{{match[1]}}}{{{match[2]}}}")
        self.gap()

    def amount(self, match: re.Match) -> None:
        self.add(match[0].replace(",", "{,}"))
        self.gap()

    def prefix(self, match: re.Match) -> None:
        """The letter of n-butane, p-xylene."""
        self.add(match[0], True, True)

    def gap(self) -> None:
        """The small space between an amount and what there is of it."""
        follows = self.ahead(AFTER_AMOUNT)
        if follows and not self.ahead(STATE) and not self.ahead(NO_SPACE):
            self.made.append(r"\,")
            self.skip_spaces()

    def letters(self, match: re.Match) -> None:
        word = match[0]
        if word == "pKa":
            self.add(r"\mathrm{p}K_{\mathrm{a}}", True)
        else:
            self.add(rf"\mathrm{{{word}}}", True, word.islower())

    def next_script(self) -> tuple[str, str]:
        """The script that begins here: _ or ^, and its TeX, with the charge that ends it."""
        mark = self.text[self.at : self.at + 1]
        if mark == "'" or mark.isdecimal():
            short = matched(re.compile(r"'+|0[.,]\d+|\d+"), self.text, self.at)
            self.at = short.end()
            return ("^" if mark == "'" else "_", in_script(short[0]))
        self.at += 1
        char = self.text[self.at : self.at + 1]
        if char == "{":
            tex = in_script(self.group())
        elif found := self.ahead(r"\$([^$]*)\$"):
            self.at, tex = found.end(), found[1]
        elif found := self.ahead(r"\\[a-zA-Z]+"):
            self.at = found.end()
            tex = found[0] + self.groups() + " "
        elif found := self.ahead(SCRIPT):
            self.at, tex = found.end(), in_script(found[0])
        else:
            raise Malformed(f"a script is missing after {mark}")
        charge = self.ahead(CHARGE) if mark == "^" else None
        if charge:
            self.at, tex = charge.end(), tex + in_script(charge[0])
        return mark, tex

    def scripts(self, match: re.Match) -> None:
        """One script; two over one another where one is the charge of a defect, else each after the other."""
        mark, tex = self.next_script()
        before = self.at
        other = self.next_script() if match[1] == "" and self.text.startswith(("_", "^", "'"), self.at) else None
        found = {mark: tex} | ({other[0]: other[1]} if other else {})
        if len(found) == 2 and DEFECT.fullmatch(found["^"]):
            found["^"] = found["^"].replace("x", r"\times ")
        else:
            found, self.at = {mark: tex}, before
        self.add(with_scripts(found), True, self.soft)

    def scripts_before(self, match: re.Match) -> None:
        """The mass and the charge of a nucleus, which stand before it."""
        mark, script = self.next_script()
        found = {mark: script}
        if self.text.startswith(("_", "^"), self.at) and self.text[self.at] not in found:
            mark, script = self.next_script()
            found[mark] = script
        nucleus = self.ahead(NUCLEUS)
        if nucleus:
            self.at = nucleus.end()
            tex = nucleus[0] if nucleus[0].startswith("\\") else rf"\mathrm{{{nucleus[0]}}}"
            self.add(rf"\prescript{{{found.get('^', '')}}}{{{found.get('_', '')}}}{{{tex}}}", True)
        else:
            self.add(with_scripts(found), True)

    def charge(self, match: re.Match) -> None:
        if self.bonded and match[0] != "+" * len(match[0]):
            self.add("{-}")
        else:
            self.add(with_scripts({"^": in_script(match[0])}), True)

    def dash(self, match: re.Match) -> None:
        """A - before more of the word: a sign, a bond, or the hyphen of a name."""
        self.bonded = self.bonded or not (self.attached or self.ahead(r"\d"))
        name_follows = self.ahead(r"[a-z](?![_^(])")
        named = self.attached or (self.made and self.made[-1][-1:].isdecimal())
        hyphen = self.soft or (named and name_follows)  # trans-2-butene
        self.add(r"\text{-}" if hyphen else "{-}")

    def bond(self, match: re.Match) -> None:
        self.add(BONDS[match[0]])

    def opening(self, match: re.Match) -> None:
        self.add(match[0])

    def closing(self, match: re.Match) -> None:
        self.add(match[0], True)

    def punctuation(self, match: re.Match) -> None:
        spaced = match[0] != match[1] and self.at < len(self.text)
        self.add(f"{{{match[1]}}}" + (r"\ " if spaced else ""))

    def maths(self, match: re.Match) -> None:
        at_start = not self.attached
        self.add(f"{{{match[1] if match[1] is not None else match[2]}}}", True, True)
        if at_start and self.ahead(r"\s+[A-Z(\[]"):
            self.attached = False
            self.gap()

    def braces(self, match: re.Match) -> None:
        text = self.group()
        made = f"{{{self.inner(text)}}}" if re.search(r"[_^]", text) else rf"\text{{{text}}}" if text else ""
        self.add(made, bool(text))

    def command(self, match: re.Match) -> None:
        name = match[1]
        if name == "bond":
            kind = self.group() if self.text.startswith("{", self.at) else ""
            if kind not in BONDS:
                raise Malformed(f"\\bond knows no bond {kind}")
            self.add(BONDS[kind])
        elif name == "ca":
            self.groups()
            self.add(r"{\sim}")
        elif name in OF_CHEMISTRY and self.text.startswith("{", self.at):
            self.add(self.of_chemistry(name), True)
        elif name.isalpha():
            at_start, groups = not self.attached, self.groups()
            self.add(f"\\{name}{groups}" if groups else f"{{\\{name}}}", True, not groups)
            if at_start and name.endswith("frac"):
                self.gap()
        else:
            self.add(f"\\{name}")

    def of_chemistry(self, name: str) -> str:
        r"""\underbrace{A + B}_{C} and the like: a command, with chemistry in its arguments and scripts."""
        others, count = OF_CHEMISTRY[name]
        made = "" if name == "ce" else f"\\{name}"
        for number in range(others + count):
            if not self.text.startswith("{", self.at):
                return made  # \color{red} alone colours all that follows
            text = self.group()
            made += f"{{{text if number < others else self.inner(text)}}}"
        while name.endswith("brace") and self.text.startswith(("_{", "^{"), self.at):
            mark = self.text[self.at]
            self.at += 1
            made += f"{mark}{{{self.inner(self.group())}}}"
        return f"{{{made}}}"

    def unopened(self, match: re.Match) -> None:
        raise Malformed("a { is missing")

    def other(self, match: re.Match) -> None:
        if match[0] in "$\\":
            raise Malformed(f"the second {match[0]} is missing")
        self.add(OTHERS.get(match[0], match[0]))


# Letters before a capital that are part of the name.
NO_AMOUNT = r"(?:[itn](?:Bu|Pr)|p(?:O?H|Ka?))(?![A-Za-z])"


def with_scripts(found: dict[str, str]) -> str:
    """Scripts at the height they have at a capital letter, whatever they stand after."""
    return r"{\vphantom{A}}" + "".join(f"{mark}{{{found[mark]}}}" for mark in "_^" if mark in found)


def in_script(text: str) -> str:
    """The TeX of a script: words upright, one small letter a variable, . an unpaired electron, ' a charge."""
    made = []
    at = 0
    while at < len(text):
        if text[at] == "{":
            end = closing_brace(text, at) + 1
            made.append(text[at:end])
        else:
            match = matched(IN_SCRIPT, text, at)
            end, found = match.end(), match[0]
            if match["word"]:
                made.append(found if len(found) == 1 and found.islower() else rf"\mathrm{{{found}}}")
            elif match["raw"]:
                name = found.startswith("\\") and found[1:].isalpha() and not text.startswith("{", end)
                made.append(rf"(\mathrm{{{found[1]}}})" if found[0] == "(" else found.strip("$") + " " * name)
            else:
                made.append(SCRIPT_SIGNS.get(found, found))
        at = end
    return "".join(made)


Step = tuple[re.Pattern, bool | None, Callable[[Chemical, re.Match], None]]
# What is tried in this order; True: only right after a nucleus, False: only elsewhere.
STEPS: list[Step] = [
    (re.compile(pattern), attached, step)
    for pattern, attached, step in [
        (
            r"\s*(?:\.{3}|…|\\[lc]?dots(?![a-zA-Z]))(?=\s)\s*|\.{3}|…|\\[lc]?dots(?![a-zA-Z])",
            None,
            Chemical.ellipsis,
        ),
        (r"\s+[.*·⋅]\s+|[*·⋅•]|\.(?!\))", None, Chemical.addition),
        (STATE, None, Chemical.state),
        (NO_SPACE, None, Chemical.no_space),
        (r"\s+", None, Chemical.space),
        (rf"({ARROW})", None, Chemical.arrow),
        (MARK, False, Chemical.mark),
        (r"\^(?=\s|$)|\(\^\)|[↑↓]", None, Chemical.mark),
        (rf"({OPERATOR})\s*", False, Chemical.operator),
        (rf"(±|{RELATIONS})\s*", True, Chemical.operator),
        (r"[-−]", False, Chemical.dash),
        (r"(?=\^\d+[A-Z])", True, Chemical.scripts_before),
        (r"(?=[_^])", False, Chemical.scripts_before),
        (r"(?=[_^'0-9])(?=([0-9]?))", True, Chemical.scripts),
        (r"(\d+|[a-z])/(\d+)", False, Chemical.fraction),
        (r"\\[dt]?frac\s*(\d)\s*(\d)", None, Chemical.fraction),
        (r"\((?:\d+|[a-z])/\d+\)(?=\s*[A-Z(\[])", False, Chemical.amount),
        (r"\d+(?:[.,]\d+)?(?:[nmxyzk](?![a-z]))?", False, Chemical.amount),
        (rf"(?<!\d\s)(?!{NO_AMOUNT})[a-z](?=\s*[A-Z]|\s+[(\[])|n(?=[A-Z][a-z]?\d)", False, Chemical.amount),
        (r"[a-z](?=[-−](?:[A-Z]|[a-z]{2}))", False, Chemical.prefix),
        (CHARGE, True, Chemical.charge),
        (r"[-−]", True, Chemical.dash),
        (r"[=#≡]", None, Chemical.bond),
        (r"[(\[]|\\{", None, Chemical.opening),
        (r"[)\]]|\\}", None, Chemical.closing),
        (r"([,;])\s*", None, Chemical.punctuation),
        (r"[^\W\d_]+", None, Chemical.letters),
        (r"(?={)", None, Chemical.braces),
        (r"\$([^$]*)\$|\\\((.*?)\\\)", None, Chemical.maths),
        (r"\\([a-zA-Z]+|.)(?:\s+(?=[A-Za-z\d]))?", None, Chemical.command),
        (r"}", None, Chemical.unopened),
        (r"(?s:.)", None, Chemical.other),
    ]
]
