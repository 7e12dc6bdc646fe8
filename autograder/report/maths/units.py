r"""Numbers with their units, as TeX: \pu{1.2e3 kJ//mol}."""

import re

from autograder.report.maths.text import MAX_DEPTH, Malformed, closing_brace, matched

SIGNS = {"+-": r"\pm", "±": r"\pm", "−": "-"}
POWER = re.compile(r"\s*(?:[eE]|(?:x|×|\*|·|\\cdot|\\times)\s*10\^)\{?([-+−]?\d+)\}?(?!\d)")
EXPONENT = re.compile(r"\^?\{?([-+−]?\d+)\}?")
IN_QUANTITY = re.compile(
    r"(?P<braces>{)|(?P<number>\d+(?: \d{3}(?!\d))*(?:[.,]\d+)?(?:\(\d+\))?|\))"
    r"|(?P<degree>(?:°|\\degree(?![a-zA-Z])|\^o|\^\{?\\circ\}?)\s*)"
    r"|(?P<unit>(?:(?:\\mu(?![a-zA-Z])\s*|[µμ])?[^\W\d_]+|\\[a-zA-Z]+))|(?P<times>\s*[*.·⋅]\s*)"
    r"|(?P<sign>\s*(?:\+-|±|\\pm(?![a-zA-Z])|\+|(?<=\s)[-−](?=\s))\s*)|(?P<space>\s+|~)|(?P<other>\\.|(?s:.))"
)
BEFORE_UNITS = re.compile(r"[-+−±\s\d.,()eEx×*·^{}]*[\d})](?=\s|[a-zA-Z\\%°])\s*")


def quantity(text: str) -> str:
    r"""The TeX of \pu's argument: numbers, and units with their exponents; // makes a fraction of the units."""
    above, *below = text.split("//")
    number = BEFORE_UNITS.match(above) if below else None
    before = number[0] if number else ""
    made = in_quantity(above[len(before) :].strip())
    for units in below:
        made = rf"\tfrac{{{made}}}{{{in_quantity(units.strip())}}}"
    return (in_quantity(before.strip()) + r"\," if before else "") + made


def in_quantity(text: str, depth: int = 0) -> str:
    if depth > MAX_DEPTH:
        raise Malformed("it is nested too deeply")
    made = []
    at = 0
    while at < len(text):
        match = matched(IN_QUANTITY, text, at)
        kind, found, at = match.lastgroup, match[0], match.end()
        if kind == "braces":
            end = closing_brace(text, at - 1)
            tex, at = rf"\text{{{text[at:end]}}}", end + 1
        elif kind == "number":
            tex, at = number(text, found, at)
        elif kind == "unit" and text.startswith("{", at):
            tex = found  # a command with arguments
            while text.startswith("{", at):
                end = closing_brace(text, at)
                inner = text[at + 1 : end]
                tex += f"{{{in_quantity(inner, depth + 1) if found.endswith('frac') else inner}}}"
                at = end + 1
        elif kind == "unit":
            exponent = EXPONENT.match(text, at)
            tex = unit(found) + (superscript(exponent[1]) if exponent else "")
            at = exponent.end() if exponent else at
        elif kind == "sign":
            tex = SIGNS.get(found.strip(), found.strip()) + " "
        elif kind == "other":
            if found in ("}", "$", "\\"):
                raise Malformed(f"the second {found} is missing")
            tex = {"−": "-", "%": r"\%"}.get(found, found)
        else:
            tex = {"degree": r"{}^{\circ}", "times": r"\kern2mu{\cdot}\kern2mu"}.get(kind or "", r"\,")
        made.append(tex)
    return "".join(made)


def number(text: str, found: str, at: int) -> tuple[str, int]:
    """A number, or the ) after one, with its power of ten or exponent; and where it ends."""
    tex = found if found == ")" else grouped_digits(found)
    exponent = EXPONENT.match(text, at) if text.startswith("^", at) else None
    if power := POWER.match(text, at):
        times = r"\times" if re.search(r"E|x|×|\\times", power[0]) else r"\cdot"
        tex, at = f"{tex}{times} 10{superscript(power[1])}", power.end()
    elif exponent:
        tex, at = tex + superscript(exponent[1]), exponent.end()
    beside = re.compile(r"[^\W\d_]|°").match(text, at)
    return tex + (r"\," if beside else ""), at


def unit(name: str) -> str:
    micro, letters = matched(re.compile(r"(\\mu(?![a-zA-Z])\s*|[µμ])?(.*)"), name, 0).groups()
    letters = "Å" if letters == r"\AA" else letters
    return (r"\mu " if micro else "") + (f"{{{letters}}}" if letters.startswith("\\") else rf"\mathrm{{{letters}}}")


def superscript(exponent: str) -> str:
    return f"^{{{exponent.replace('−', '-')}}}"


def grouped_digits(number: str) -> str:
    """A number with small spaces between thousands, from five digits on."""
    whole, comma, after, uncertain = matched(re.compile(r"([\d ]+)([.,]?)(\d*)(.*)"), number, 0).groups()
    if len(whole) > 4:
        whole = whole.replace(" ", "")
        whole = r"\,".join(whole[max(end - 3, 0) : end] for end in range((len(whole) - 1) % 3 + 1, len(whole) + 1, 3))
    if len(after) > 4:
        after = re.sub(r"(\d{3})(?=\d)", r"\1\\,", after)
    return whole + (f"{{{comma}}}" if comma == "," else comma) + after + uncertain
