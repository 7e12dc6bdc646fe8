r"""Chemical equations and units, \ce{…} and \pu{…}, as the TeX that they stand for.

The grammar is mhchem's: `chemistry.json` has the tables of its parser. A machine reads a text from left to right; in
each state, the first pattern that fits says what is kept in the buffer, what is written, and which state comes next.
"""

import functools
import json
import re
from collections.abc import Callable, Sequence
from importlib import resources
from typing import Any

from autograder.report.maths.text import Malformed

Found = tuple[Any, str]  # what fits (its groups, if there are several), and what follows it
Step = tuple[str, list[list[str]], str, bool, bool]  # pattern, actions, next state, read again, go on

DASHES = str.maketrans({**dict.fromkeys("−–—‐", "-"), "…": "...", "\n": " "})
MAX_STEPS = 5000
MAX_NESTED = 20

# Patterns with groups in braces: before and at the beginning, at and after the end; then the same of a second group.
COMMAND = re.compile(r"\\[a-zA-Z]+\{")
GROUPS: dict[str, tuple[Any, ...]] = {
    "^{(...)}": ("^{", "", "", "}"),
    "^($...$)": ("^", "$", "$", ""),
    "^\\x{}{}": ("^", COMMAND, "}", "", "", "{", "}", "", True),
    "^\\x{}": ("^", COMMAND, "}", ""),
    "_{(...)}": ("_{", "", "", "}"),
    "_($...$)": ("_", "$", "$", ""),
    "_\\x{}{}": ("_", COMMAND, "}", "", "", "{", "}", "", True),
    "_\\x{}": ("_", COMMAND, "}", ""),
    "{...}": ("", "{", "}", ""),
    "{(...)}": ("{", "", "", "}"),
    "$...$": ("", "$", "$", ""),
    "\\bond{(...)}": ("\\bond{", "", "", "}"),
    "[(...)]": ("[", "", "", "]"),
    "\\x{}{}": ("", COMMAND, "}", "", "", "{", "}", "", True),
    "\\x{}": ("", COMMAND, "}", ""),
    "\\frac{(...)}": ("\\frac{", "", "", "}", "{", "", "", "}"),
    "\\overset{(...)}": ("\\overset{", "", "", "}", "{", "", "", "}"),
    "\\underset{(...)}": ("\\underset{", "", "", "}", "{", "", "", "}"),
    "\\underbrace{(...)}": ("\\underbrace{", "", "", "}_", "{", "", "", "}"),
    "\\color{(...)}": ("\\color{", "", "", "}"),
    "\\ce{(...)}": ("\\ce{", "", "", "}"),
    "\\pu{(...)}": ("\\pu{", "", "", "}"),
}
NUMBER = re.compile(
    r"(\+-|\+/-|\+|-|\\pm\s?)?([0-9]+(?:[,.][0-9]+)?|[0-9]*(?:\.[0-9]+))?(\((?:[0-9]+(?:[,.][0-9]+)?|[0-9]*(?:\.[0-9]+))"
    r"\))?(?:(?:([eE])|\s*(\*|x|\\times|×)\s*10\^)([+\-]?[0-9]+|\{[+\-]?[0-9]+\}))?"
)
AMOUNT = re.compile(
    r"(?:(?:\([+\-]?[0-9]+/[0-9]+\)|[+\-]?(?:[0-9]+|\$[a-z]\$|[a-z])/[0-9]+|[+\-]?[0-9]+[.,][0-9]+|[+\-]?\.[0-9]+"
    r"|[+\-]?[0-9]+)(?:[a-z](?=\s*[A-Z]))?)|[+\-]?[a-z](?=\s*[A-Z])|\+(?!\s)"
)
LETTER_AMOUNT = re.compile(r"\$(?:\(?[+\-]?(?:[0-9]*[a-z]?[+\-])?[0-9]*[a-z](?:[+\-][0-9]*[a-z]?)?\)?|\+|-)\$$")
LETTER_FORMULA = re.compile(
    r"(?:[a-z]|(?:[0-9 +\-,.()]+[a-z])+[0-9 +\-,.()]*|(?:[a-z][0-9 +\-,.()]+)+[a-z]?)$", re.ASCII
)
HALF = re.compile(r"([+\-]?)([0-9]+|\$[a-z]\$|[a-z])/([0-9]+)(\$[a-z]\$|[a-z])?$")

SIGNS = {
    "tinySkip": "\\mkern2mu{}", "entitySkip": "~", "pu-space-1": "~", "pu-space-2": "\\mkern3mu ",
    "commaDecimal": "{,}", "hyphen": "\\text{-}", "addition compound": "\\,{\\cdot}\\,",
    "electron dot": "\\mkern1mu \\bullet\\mkern1mu ", "KV x": "{\\times}", "prime": "\\prime ", "circa": "{\\sim}",
    "ellipsis": "\\ldots ",
}  # fmt: skip
ARROWS = {
    "->": "rightarrow", "→": "rightarrow", "⟶": "rightarrow", "<-": "leftarrow", "<->": "leftrightarrow",
    "<-->": "leftrightarrows", "<=>": "rightleftharpoons", "⇌": "rightleftharpoons", "<=>>": "Rightleftharpoons",
    "<<=>": "Leftrightharpoons",
}  # fmt: skip
BONDS = {
    "-": "{-}", "1": "{-}", "=": "{=}", "2": "{=}", "#": "{\\equiv}", "3": "{\\equiv}", "~": "{\\tripledash}",
    "~-": "{\\rlap{\\lower.1em{-}}\\raise.1em{\\tripledash}}",
    "~=": "{\\rlap{\\lower.2em{-}}\\rlap{\\raise.2em{\\tripledash}}-}",
    "~--": "{\\rlap{\\lower.2em{-}}\\rlap{\\raise.2em{\\tripledash}}-}",
    "-~-": "{\\rlap{\\lower.2em{-}}\\rlap{\\raise.2em{-}}\\tripledash}", "...": "{{\\cdot}{\\cdot}{\\cdot}}",
    "....": "{{\\cdot}{\\cdot}{\\cdot}{\\cdot}}", "->": "{\\rightarrow}", "<-": "{\\leftarrow}", "<": "{<}", ">": "{>}",
}  # fmt: skip
OPERATORS = {
    "<<": "\\ll", ">>": "\\gg", "$\\approx$": "\\approx", "v": "\\downarrow", "(v)": "\\downarrow", "^": "\\uparrow",
    "(^)": "\\uparrow",
}  # fmt: skip
WITHOUT_PICTURE = "{\\vphantom{A}}"


def chemistry(text: str, machine: str) -> str:
    r"""The TeX of \ce{text} or \pu{text}.

    Raises:
        Malformed: a brace is missing, a bond is not known, or the text is nested too deeply.
    """
    made = "".join(read(text, machine))
    return made if re.search(r"^\s*(?:&|\\\\|\\hline)|[^\\](?:&|\\\\|\\hline)", text) or not made else f"{{{made}}}"


@functools.cache
def tables() -> tuple[dict[str, re.Pattern], dict[str, dict[str, list[Step]]]]:
    """The patterns, and for each machine and state what may come next, in order."""
    data = json.loads(resources.files(__package__).joinpath("chemistry.json").read_text("utf-8"))
    patterns = {name: re.compile(source) for name, source in data["patterns"].items()}
    return patterns, {name: machine_of(rows) for name, rows in data["machines"].items()}


def machine_of(rows: Sequence[list]) -> dict[str, list[Step]]:
    machine: dict[str, list[Step]] = {state: [] for row in rows for state in row[1].split("|")}
    for names, states, actions, following, *more in rows:
        flags = more[0] if more else ""
        for state in states.split("|"):
            for name in names.split("|"):
                for one in machine if state == "*" else (state,):
                    machine[one].append((name, actions, following, "revisit" in flags, "continue" in flags))
    return machine


def read(text: str | None, machine: str, depth: int = 0) -> list[str]:
    """The pieces of TeX that a machine makes of a text."""
    if not text:
        return []
    if depth > MAX_NESTED:
        raise Malformed("it is nested too deeply")
    work = Work(machine, depth)
    text = text.translate(DASHES)
    states = tables()[1][machine]
    state = "0"
    for _ in range(MAX_STEPS):
        for name, actions, following, again, on in states.get(state) or states["*"]:
            found = fitting(name, text)
            if found is None:
                continue
            for action, *option in actions:
                work.act(action, found[0], option[0] if option else None)
            state = following or state
            if not text:
                return work.made
            text = text if again else found[1]
            if not on:
                break
    raise Malformed("the chemical equation is too long, or cannot be read")


# What fits


def fitting(name: str, text: str) -> Found | None:
    """What of the text fits a pattern, at its beginning."""
    if name in GROUPS:
        return in_groups(text, *GROUPS[name])
    if name in FITTING:
        return FITTING[name](text)
    match = tables()[0][name].match(text)
    if not match:
        return None
    groups = match.groups()
    return (groups if len(groups) > 1 else (groups and groups[0]) or match[0]), text[match.end() :]


def in_groups(
    text: str, before: str, first: Any, last: str, after: str | re.Pattern, *second: Any
) -> Found | None:  # fmt: skip
    """The text between a beginning and an end, braces in pairs; with a second group, a pair of texts."""
    if not text.startswith(before):
        return None
    text = text[len(before) :]
    opened = first.match(text) if isinstance(first, re.Pattern) else text.startswith(first)
    if not opened:
        return None
    at = opened.end() if isinstance(opened, re.Match) else len(first)
    end = end_of_group(text, at, last or after)
    if end is None:
        return None
    found, rest = text[: end[1] if last else end[0]], text[end[1] :]
    if not second:
        return found, rest
    other = in_groups(rest, *second[:4])
    if other is None:
        return None
    return (found + other[0] if len(second) > 4 else (found, other[0])), other[1]


def end_of_group(text: str, at: int, end: str | re.Pattern) -> tuple[int, int] | None:
    braces = 0
    for i in range(at, len(text)):
        if not braces:
            match = re.compile(end if isinstance(end, re.Pattern) else re.escape(end)).match(text, i)
            if match:
                return i, match.end()
        braces += (text[i] == "{") - (text[i] == "}")
        if braces < 0:
            raise Malformed("a { is missing")
    return None


def inline_maths(text: str) -> Found | None:
    return in_groups(text, "${", "", "", "}$") or in_groups(text, "$", "", "", "$")


def two_colours(text: str) -> Found | None:
    return in_groups(text, "\\color{", "", "", "}", "{", "", "", "}") or in_groups(
        text, "\\color", "\\", "", re.compile(r"(?=\{)"), "{", "", "", "}"
    )


def number(text: str) -> Found | None:
    match = NUMBER.match(text)
    return (match.groups(), text[match.end() :]) if match and match[0] else None


def aggregation(text: str) -> Found | None:
    if re.match(r"\([a-z]{1,3}(?=[),])", text):
        found = in_groups(text, "", re.compile(r"\([a-z]{1,3}(?=[),])"), ")", "")
        if found and re.match(r"($|[\s,;)\]}])", found[1]):
            return found
    match = re.match(r"\((?:\\ca\s?)?\$[amothc]\$\)", text)
    return (match[0], text[match.end() :]) if match else None


def amount(text: str) -> Found | None:
    match = AMOUNT.match(text)
    if match is None:
        found = in_groups(text, "", "$", "$", "")
        match = LETTER_AMOUNT.match(found[0]) if found else None
    return (match[0], text[match.end() :]) if match else None


def letter_formula(text: str) -> Found | None:
    match = None if re.match(r"\([a-z]+\)$", text) else LETTER_FORMULA.match(text)
    return (match[0], text[match.end() :]) if match else None


FITTING: dict[str, Callable[[str], Found | None]] = {
    "${(...)}$__$(...)$": inline_maths,
    "\\color{(...)}{(...)}": two_colours,
    "(-)(9.,9)(e)(99)": number,
    "state of aggregation $": aggregation,
    "amount": amount,
    "amount2": amount,
    "formula$": letter_formula,
}


# What is done with it


class Work:
    """One machine's buffer, and what it has written."""

    def __init__(self, machine: str, depth: int) -> None:
        self.machine = machine
        self.depth = depth
        self.kept: dict[str, str] = {}
        self.made: list[str] = []
        self.spaced = False
        self.bond_first = False
        self.level = 0

    def act(self, action: str, found: Any, option: Any) -> None:
        key = action.removesuffix("=")
        if key != action and key in KEPT:
            self.kept[KEPT[key]] = self.kept.get(KEPT[key], "") + found
        elif action in ACTIONS:
            ACTIONS[action](self, found, option)
        else:
            OUTPUTS[action, self.machine](self, found, option)

    def read(self, text: str | None, machine: str) -> list[str]:
        return read(text, machine, self.depth + 1)

    def inner(self, text: str | None, machine: str) -> str:
        return "".join(self.read(text, machine))

    def write(self, *pieces: str) -> None:
        self.made += pieces

    def clear(self) -> None:
        self.kept.clear()
        self.spaced = False


KEPT = {"a": "a", "b": "b", "p": "p", "o": "o", "q": "q", "d": "d", "rm": "rm", "text": "text"}
Action = Callable[[Work, Any, Any], None]


def output(work: Work, found: Any, follows: int | None = None) -> None:
    """Write the entity in the buffer: amount, scripts before it, itself, scripts after it; or the arrow."""
    kept = work.kept
    if "r" in kept:
        work.write(arrow(work))
        work.clear()
        return
    if follows or any(kept.get(key) for key in "abpoqd"):
        if work.spaced:
            work.write(SIGNS["entitySkip"])
        after = any(kept.get(key) for key in "oqd")
        before = any(kept.get(key) for key in "bp")
        if not after and not before and follows != 2:
            kept["o"] = kept.pop("a", "")
        elif not after and before:
            kept |= {"o": kept.pop("a", ""), "d": kept.pop("b", ""), "q": kept.pop("p", "")}
        elif kept.get("o") and kept.get("type") == "kv":
            if fitting("d-oxidation$", kept.get("d", "")):
                kept["type"] = "oxidation"
            elif not kept.get("q"):
                kept["type"] = ""
        work.write(entity(work))
    work.clear()


def entity(work: Work) -> str:
    kind = work.kept.get("type", "")
    machines = {"a": "a", "b": "bd", "p": "pq", "o": "o", "q": "pq", "d": "oxidation" if kind == "oxidation" else "bd"}
    a, b, p, o, q, d = (work.inner(work.kept.get(key), machine) for key, machine in machines.items())
    a, o = (f"{{{text}}}" if text[:1] in ("+", "-") else text for text in (a, o))
    if b or p:
        o = f"\\prescript{{{b}}}{{{p}}}{{{o}}}"
    above, below = f"^{{{d}}}" if d else "", f"_{{\\smash[t]{{{q}}}}}" if q else ""
    if kind == "kv":
        scripts = WITHOUT_PICTURE + above + below if above or below else ""
    else:
        order = (above, below) if kind == "oxidation" else (below, above)
        scripts = "".join(WITHOUT_PICTURE + script for script in order if script)
    return (f"{a}\\," if a else "") + o + scripts


def arrow(work: Work) -> str:
    kept = work.kept
    above, below = (arrow_text(work, kept.get(key), kept.get(key + "t", "")) for key in ("rd", "rq"))
    name = ARROWS[kept["r"]]
    if not above and not below:
        made = f"\\long{name}"
    elif kept["r"] in ("<=>", "<=>>", "<<=>", "<-->"):
        made = f"\\long{name}"
        made = f"\\overset{{{above}}}{{{made}}}" if above else made
        made = f"\\underset{{{below}}}{{{made}}}" if below else made
    else:
        made = f"\\x{name}{f'[{{{below}}}]' if below else ''}{{{above}}}"
    return f" {{}}\\mathrel{{{made}}}{{}} "


def arrow_text(work: Work, text: str | None, kind: str) -> str:
    if kind == "T":
        return words(text or "")
    return work.inner(text, "tex-math" if kind == "M" else "ce")


def words(text: str) -> str:
    if re.search(r"[\^_]", text):
        plain = text.replace(" ", "~", 1).replace("-", "\\text{-}", 1)
        return f"\\mathrm{{{plain}}}"
    return f"\\text{{{text}}}"


def keep(key: str) -> Action:
    def act(work: Work, found: Any, option: Any) -> None:
        work.kept[key] = found

    return act


def reading(machine: str) -> Action:
    def act(work: Work, found: Any, option: Any) -> None:
        work.write(*work.read(found, machine))

    return act


def paired(command: str, between: str = "", machine: str = "ce") -> Action:
    """A command with two arguments that are equations themselves."""

    def act(work: Work, found: Any, option: Any) -> None:
        first, second = (work.inner(text, machine) for text in found)
        work.write(f"{command}{{{first}}}{between}{{{second}}}")

    return act


def coloured(work: Work, found: Any, option: Any) -> None:
    machine = work.machine if work.machine in ("pq", "bd") else "ce"
    work.write(f"{{\\color{{{found[0]}}}{{{work.inner(found[1], machine)}}}}}")


def insert(work: Work, found: Any, option: Any) -> None:
    if option == "1st-level escape":
        work.write(f"{found} ")
    elif option == "comma enumeration S":
        work.write(f"{{{found}}}\\mkern1mu ")
    else:
        work.write(SIGNS[option])


def bond(work: Work, found: Any, option: Any) -> None:
    kind = option or found
    if kind not in BONDS:
        raise Malformed(f"\\bond knows no bond {kind}")
    work.write(BONDS[kind])


def operator(work: Work, found: Any, option: Any) -> None:
    kind = option or found
    sign = OPERATORS.get(kind, kind)
    work.write(f" {sign}{{}} " if sign in ("\\downarrow", "\\uparrow") else f" {{}}{sign}{{}} ")


def half(work: Work, found: str, option: Any) -> None:
    match = HALF.match(found)
    assert match
    top, letter = match[2].strip("$"), (match[4] or "").strip("$")
    made = f"\\frac{{{top}}}{{{match[3]}}}"
    work.write(match[1] + f"\\mathchoice{{\\textstyle{made}}}{{{made}}}{{{made}}}{{{made}}}" + letter)


def comma(work: Work, found: str, option: Any) -> None:
    room = 6 if found != found.rstrip() and not work.level else 3
    work.write(f"{{{found.rstrip()}}}\\mkern{room}mu ")


def charge_or_bond(work: Work, found: str, option: Any) -> None:
    if work.bond_first:
        output(work, found)
        bond(work, found, "-")
    else:
        work.kept["d"] = found


def minus_after(work: Work, found: str, after_charge: bool) -> None:
    """A minus after a formula or its charge: a hyphen, a part of the charge, or a bond."""
    kept = work.kept
    formula = kept.get("o", "")
    orbital = fitting("orbital", formula)
    latin = fitting("one lowercase latin letter $", formula)
    hyphen = found == "-" and (
        (orbital and not orbital[1])
        or fitting("one lowercase greek letter $", formula)
        or latin
        or fitting("$one lowercase latin letter$ $", formula)
    )
    if hyphen and latin and not orbital and not any(kept.get(key) for key in "abpdq"):
        kept["o"] = f"${formula}$"
    digits = fitting("digits", kept.get("d", ""))
    if hyphen:
        output(work, found)
        work.write(SIGNS["hyphen"])
    elif after_charge and digits and not digits[1]:
        kept["d"] = kept.get("d", "") + found
        output(work, found)
    else:
        output(work, found)
        bond(work, found, "-")


def formula_after_charge(work: Work, found: str, option: Any) -> None:
    charge = work.kept.get("d", "")
    if re.fullmatch("[1-9][0-9]*", charge):
        work.kept.pop("d")
        output(work, found)
        work.write(SIGNS["tinySkip"])
        work.kept["b"] = charge
    else:
        output(work, found)
    work.kept["o"] = work.kept.get("o", "") + found


def charge(work: Work, found: str, option: Any) -> None:
    work.kept |= {"d": found, "type": "kv"}


def set_to(name: str, value: bool) -> Action:
    return lambda work, found, option: setattr(work, name, value)


def deeper(by: int) -> Action:
    return lambda work, found, option: setattr(work, "level", work.level + by)


def amount_is_formula(work: Work, found: Any, option: Any) -> None:
    work.kept["o"] = work.kept.pop("a", "")


def add(text: Callable[[Any, Any], str], key: str = "o") -> Action:
    def act(work: Work, found: Any, option: Any) -> None:
        work.kept[key] = work.kept.get(key, "") + text(found, option)

    return act


def state_of_matter(work: Work, found: str, option: Any) -> None:
    room = 1 if work.machine == "pq" else 2
    work.write(f"\\mskip{room}mu " + work.inner(found, "o"))


def writing(text: str) -> Action:
    return lambda work, found, option: work.write(text)


def scientific(work: Work, found: Sequence[str | None], option: Any) -> None:
    """1.2(3)e4, and its like."""
    sign, digits, uncertain, e, times, power = found
    work.write(*plus_minus(sign))
    if digits:
        work.write(*work.read(digits, "pu-9,9"))
        if uncertain:
            work.write(*(work.read(uncertain, "pu-9,9") if re.search("[,.]", uncertain) else [uncertain]))
        if e or times:
            work.write("\\cdot " if e == "e" or times == "*" else "\\times ")
    if power:
        work.write(f"10^{{{power}}}")


def number_to_power(work: Work, found: Sequence[str], option: Any) -> None:
    work.write(*plus_minus(found[0]), *work.read(found[1], "pu-9,9"), f"^{{{found[2]}}}")


def plus_minus(sign: str | None) -> list[str]:
    return ["\\pm "] if sign in ("+-", "+/-") else [sign] if sign else []


def unit(work: Work, found: Any, option: Any) -> None:
    """A unit, or two with a slash between them."""
    top, bottom = (degrees(without_braces(work.kept.get(key, ""))) for key in "dq")
    if not bottom:
        work.write(*work.read(top, "pu-2"))
    else:
        above, below = work.read(top, "pu"), work.read(bottom, "pu")
        if work.kept.get("o") == "//":
            made = f"\\frac{{{''.join(above)}}}{{{''.join(below)}}}"
            work.write(f"\\mathchoice{{\\textstyle{made}}}{{{made}}}{{{made}}}{{{made}}}")
        else:
            slash = "\\,/\\," if len(above) > 1 or len(below) > 1 else "/"
            work.write(*above, slash, *below)
    work.clear()


def without_braces(text: str) -> str:
    found = in_groups(text, "{", "", "", "}")
    return found[0] if found and not found[1] else text


def degrees(text: str) -> str:
    return re.sub(r"(?:°|\^o|\^\{o\})([CF])", r"{}^{\\circ}\1", text)


def unit_piece(work: Work, found: Any, option: Any) -> None:
    text = work.kept.get("rm", "")
    if text:
        bare = without_braces(text)
        work.write(*(work.read(bare, "pu") if bare != text else [f"\\mathrm{{{text}}}"]))
    work.clear()


def digits(work: Work, found: Any, option: Any) -> None:
    """Digits before the point, a room after each thousand."""
    text = work.kept.get("text", "")
    work.write(re.sub(r"(?<=.)(?=(?:...)+$)", r"\\mkern2mu ", text) if len(text) > 4 else text)
    work.clear()


def decimals(work: Work, found: Any, option: Any) -> None:
    text = work.kept.get("text", "")
    work.write(re.sub(r"(...)(?=.)", r"\1\\mkern2mu ", text) if len(text) > 4 else text)
    work.clear()


def kept_text(key: str, made: Callable[[str], str]) -> Action:
    def act(work: Work, found: Any, option: Any) -> None:
        if work.kept.get(key):
            work.write(made(work.kept[key]))
        work.clear()

    return act


ACTIONS: dict[str, Action] = {
    "r=": keep("r"), "rd=": keep("rd"), "rq=": keep("rq"), "rdt=": keep("rdt"), "rqt=": keep("rqt"), "d= kv": charge,
    "o=+p1": add(lambda found, option: option), "tight operator": add(lambda found, option: f"{{{found}}}"),
    "^(-1)": add(lambda found, option: f"^{{{found}}}", "rm"), "insert": insert, "insert+p1": insert,
    "copy": lambda work, found, option: work.write(found), "write": lambda work, found, option: work.write(option),
    "rm": lambda work, found, option: work.write(f"\\mathrm{{{found}}}"), "text": reading("text"),
    "tex-math": reading("tex-math"), "tex-math tight": reading("tex-math tight"), "ce": reading("ce"),
    "pu": reading("pu"), "9,9": reading("9,9"), "bond": bond, "1/2": half,
    "color0-output": lambda work, found, option: work.write(f"\\color{{{found}}}"), "color-output": coloured,
    "o after d": formula_after_charge, "charge or bond": charge_or_bond, "- after o/d": minus_after,
    "a to o": amount_is_formula, "sb=true": set_to("spaced", True), "sb=false": set_to("spaced", False),
    "beginsWithBond=true": set_to("bond_first", True), "beginsWithBond=false": set_to("bond_first", False),
    "parenthesisLevel++": deeper(1), "parenthesisLevel--": deeper(-1), "state of aggregation": state_of_matter,
    "oxidation-output": lambda work, found, option: work.write(f"{{{work.inner(found, 'oxidation')}}}"),
    "frac-output": paired("\\frac"), "overset-output": paired("\\overset"), "underset-output": paired("\\underset"),
    "underbrace-output": paired("\\underbrace", "_"), "operator": operator, "enumber": scientific,
    "number^": number_to_power, "output-0": digits, "output-o": decimals,
    "roman-numeral": kept_text("o", lambda text: f"\\mathrm{{{text}}}"),
}  # fmt: skip
# The same name does another thing in each machine.
OUTPUTS: dict[tuple[str, str], Action] = {
    ("output", "ce"): output, ("output", "text"): kept_text("text", words),
    ("output", "tex-math"): kept_text("o", lambda text: text + " "),
    ("output", "tex-math tight"): kept_text("o", lambda text: text + " "), ("output", "pu"): unit,
    ("output", "pu-2"): unit_piece, ("comma", "ce"): comma, ("comma", "9,9"): writing(SIGNS["commaDecimal"]),
    ("comma", "pu-9,9"): writing(SIGNS["commaDecimal"]), ("space", "pu"): writing(SIGNS["pu-space-1"]),
    ("space", "pu-2"): writing(SIGNS["pu-space-2"]), ("cdot", "pu-2"): writing("\\mkern1mu{\\cdot}\\mkern1mu "),
}  # fmt: skip
