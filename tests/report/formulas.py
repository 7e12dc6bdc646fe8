"""The set of formulas that reports are compared with MathJax on, and how it is made anew.

    npm install mathjax-full@3.2.2
    node tests/report/files/mathjax.mjs tests/report/files/formulas.txt | python tests/report/formulas.py

writes tests/report/files/formulas.json: what MathJax makes of each line, as a tree of signs and as a size.
"""

import json
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from autograder.report.maths.alphabets import in_font

FILES = Path(__file__).with_name("files")
GOLDEN = FILES / "formulas.json"
GROUPS = {"math", "mrow", "mstyle", "mpadded", "mtd", "menclose"}
WITHOUT_PICTURE = {"mspace", "none", "mprescripts"}
SAME = {"‾": "―", "¯": "―", "_": "―", "∥": "‖", "∣": "|", "⟩": "〉", "⟨": "〈", "∼": "~", "−": "-", "∗": "*", "∖": "\\",
        "≔": ":=", "≕": "=:", "″": "′′", "‴": "′′′"}  # fmt: skip
INVISIBLE = "\u2061\u2062\u2063\u2064\u200b"
FONTS = {"-tex-calligraphic": "script", "-tex-bold-calligraphic": "bold-script", "-tex-mathit": "", "italic": ""}


def tree(mathml: str) -> str:
    """A formula's signs in order, with what groups them: fractions, roots, scripts, tables. 'd is an upright d."""
    return " ".join(pieces(ET.fromstring(mathml.replace("&nbsp;", "\u00a0"))))


def pieces(element: ET.Element) -> list[str]:
    name = element.tag.split("}")[-1]
    inner = list(element)
    if name in ("mi", "mn", "mo", "mtext"):
        font = element.get("mathvariant", "")
        text = "".join(SAME.get(char, char) for char in "".join((element.text or "").split()) if char not in INVISIBLE)
        made = list(in_font(text, font if name == "mtext" else FONTS.get(font, font)))
        upright = font == "normal" or (not font and len(text) > 1)  # a letter alone is italic by itself
        return [
            f"'{char}" if name != "mtext" and upright and char.isascii() and char.isalpha() else char for char in made
        ]
    if name in GROUPS:
        return [piece for one in inner for piece in pieces(one)]
    if name in WITHOUT_PICTURE:
        return []
    if name == "mfrac":
        bar = element.get("linethickness", "")
        return [f"{'atop' if re.match('0(?![.0-9])', bar) else 'frac'}{grouped(inner[0])}{grouped(inner[1])}"]
    if name == "msqrt":
        return [f"sqrt({' '.join(piece for one in inner for piece in pieces(one))})"]
    if name == "mroot":
        return [f"root{grouped(inner[1])}{grouped(inner[0])}"]
    if name in ("msub", "msup", "msubsup", "munder", "mover", "munderover"):
        return scripts(name, inner)
    if name == "mmultiscripts":
        return ["multi" + "".join(grouped(one) for one in inner if one.tag.split("}")[-1] not in WITHOUT_PICTURE)]
    if name == "mphantom":
        return [f"phantom({' '.join(piece for one in inner for piece in pieces(one))})"]
    assert name == "mtable", name
    return [table(inner)]


def grouped(element: ET.Element) -> str:
    return f"({' '.join(pieces(element))})"


def scripts(name: str, inner: list[ET.Element]) -> list[str]:
    limits = name in ("munder", "mover", "munderover")
    base = inner[0]
    while limits and base.tag.split("}")[-1] in GROUPS and len(base) == 1:
        base = base[0]
    pair = {name, base.tag.split("}")[-1]}
    if pair == {"munder", "mover"}:  # one after the other or both at once: the same picture
        lower, upper = (inner[1], base[1]) if name == "munder" else (base[1], inner[1])
        name, inner = "munderover", [base[0], lower, upper]
    below = pieces(inner[1]) if name not in ("msup", "mover") else []
    above = pieces(inner[-1]) if name not in ("msub", "munder") else []
    if not below and not above:
        return pieces(inner[0])
    signs = pieces(inner[0])
    upright = not limits and all(piece.startswith("'") for piece in signs)
    before = signs[:-1] if upright else []  # a word, however its letters are grouped: its scripts stand at its end
    made = f"({' '.join(signs[len(before) :])})"
    made += f"{'under' if limits else '_'}({' '.join(below)})" if below else ""
    return [*before, made + (f"{'over' if limits else '^'}({' '.join(above)})" if above else "")]


def table(rows: list[ET.Element]) -> str:
    lines = []
    for row in rows:
        cells = list(row)
        if row.tag.endswith("mlabeledtr"):
            cells = cells[1:] + cells[:1]
        made = [" ".join(pieces(cell)) for cell in cells]
        while made and not made[-1]:
            made.pop()
        lines.append(" & ".join(made))
    while lines and not lines[-1]:
        lines.pop()
    return f"table[{' ; '.join(lines)}]"


def formulas() -> list[dict]:
    """The set: section, tex, display, tree (None where MathJax shows red), width and height in em or None."""
    return json.loads(GOLDEN.read_text("utf-8"))


def main() -> None:
    """From standard input, what mathjax.mjs says, to the golden file."""
    made = []
    for one in json.load(sys.stdin):
        red = one["mml"].startswith("ERROR") or "merror" in one["mml"] or '<mtext mathcolor="red"' in one["mml"]
        box = re.search(r'viewBox="[-0-9.]+ [-0-9.]+ ([0-9.]+) ([0-9.]+)"', one.pop("svg"))
        width, height = (round(float(number) / 1000, 2) for number in box.groups()) if box else (None, None)
        mml = one.pop("mml")
        known = width is not None and 0 < width < 60 and not red
        size = {"width": width, "height": height} if known else {"width": None, "height": None}
        made.append(one | {"tree": None if red else tree(mml)} | size)
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in made)
    GOLDEN.write_text(f"[\n{lines}\n]\n", "utf-8")


if __name__ == "__main__":
    main()
