"""The maths in a notebook's markdown: found as Jupyter finds it, and tidied for pandoc's TeX reader.

Jupyter takes the maths out before it reads the markdown, so that `a_1 $x_2$ b_3` and a `|` inside `$…$` in a table
come out right. `take_maths` does the same and leaves a placeholder; whoever reads the result puts the maths back.
"""

import re
from dataclasses import dataclass

OPEN, CLOSE = "\ue000", "\ue001"
PLACEHOLDER = re.compile(f"{OPEN}([0-9]{{1,9}}){CLOSE}")

CODE_OR_MATHS = re.compile(
    r"""
    (?P<fence> ^[ ]{0,3}(?P<ticks>`{3,}|~{3,})[^\n]*\n (?:.*?\n)?? [ ]{0,3}(?P=ticks)[`~]*[ \t]*$
             | ^[ ]{0,3}(?:`{3,}|~{3,})[^\n]*\n.*\Z )
  | (?P<code> (?<![`\\])(?P<mark>`+)(?!`) (?:(?!\n[ \t]*\n).)+? (?<!`)(?P=mark)(?!`) )
  | (?P<escaped> \\[$\\](?![(\[]) )
  | \$\$ (?P<display> .+? ) \$\$
  | \$ (?P<inline> (?:\\.|[^$\\\n]|\n(?![ \t]*\n))+? ) \$
  | \\\\\[ (?P<bracket> .+? ) \\\\\]
  | \\\\\( (?P<paren> .+? ) \\\\\)
  | (?P<environment> \\begin\{(?P<name>[a-z]*\*?)\} .*? \\end\{(?P=name)\} )
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
MATHS_GROUPS = {"display": True, "inline": False, "bracket": True, "paren": False, "environment": True}


@dataclass(frozen=True)
class Maths:
    """One formula as its author wrote it, without delimiters."""

    tex: str
    display: bool


def take_maths(source: str, found: list[Maths]) -> str:
    """The markdown with every formula replaced by a placeholder.

    Args:
        source: markdown of one cell.
        found: gets the formulas; a placeholder holds its formula's index in it.
    """

    def replaced(match: re.Match) -> str:
        for group, display in MATHS_GROUPS.items():
            tex = match[group]
            if tex is not None and tex.strip():
                found.append(Maths(tex.strip(), display))
                return f"{OPEN}{len(found) - 1}{CLOSE}"
        return match[0]

    return CODE_OR_MATHS.sub(replaced, source.replace(OPEN, "\ufffd").replace(CLOSE, "\ufffd"))


def put_back(text: str, maths: list[Maths]) -> str:
    """The text with its placeholders replaced by the TeX as written: for places that show no formulas.

    A placeholder that counts into nothing was written by the student and is left as it is.
    """
    return PLACEHOLDER.sub(
        lambda match: as_written(maths[int(match[1])]) if int(match[1]) < len(maths) else match[0], text
    )


def as_written(formula: Maths) -> str:
    """The formula with its dollars."""
    return f"$${formula.tex}$$" if formula.display else f"${formula.tex}$"


def maths_only(latex: str) -> Maths | None:
    """The formula that a LaTeX output consists of (sympy's, IPython's Math), or None if it is something else."""
    text = latex.strip()
    for start, end in (("$$", "$$"), ("$", "$"), ("\\[", "\\]"), ("\\(", "\\)")):
        if text.startswith(start) and text.endswith(end) and len(text) > len(start) + len(end):
            inner = text[len(start) : -len(end)]
            return Maths(inner.strip(), True) if "$" not in inner else None
    if re.fullmatch(r"\\begin\{(equation|align|gather|eqnarray|multline)(\*?)\}.*\\end\{\1\2\}", text, re.DOTALL):
        return Maths(text, True)
    return None


# What MathJax understands and pandoc's reader does not, as something that both read alike.
SIGNS = {"S": "§", "P": "¶", "copyright": "©", "degree": "°"}
GROUP = r"\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
TIDY = [
    (re.compile(r"(?<!\\)%[^\n]*"), ""),
    (re.compile(r"\\(?:label|require|cssId)\s*\{[^{}]*\}"), ""),
    (re.compile(r"\\(?:notag|nonumber|limits|middle|mathstrut|strut)(?![a-zA-Z])"), ""),
    (re.compile(r"\\(?:color|hspace|vspace|hskip|vskip)\s*\*?\s*\{[^{}]*\}"), " "),
    (re.compile(r"\\(?:textcolor|href|class|style|bbox|colorbox)\s*(?:\[[^]]*\])?\s*\{[^{}]*\}\s*" + GROUP), r"{\1}"),
    (
        re.compile(r"\\(?:smash|vphantom|hphantom|mathop|mathclap|mathrlap|mathllap)\s*(?:\[[^]]*\])?\s*" + GROUP),
        r"{\1}",
    ),
    (re.compile(r"\\rule\s*\{[^{}]*\}\s*\{[^{}]*\}"), ""),
    (re.compile(r"\{\s*\\(bf|rm|it|sf|tt|cal)(?![a-zA-Z])\s*([^{}]*)\}"), r"\\math\1{\2}"),
    (re.compile(r"\\(bf|rm|it|sf|tt|cal)(?![a-zA-Z])\s*\{"), r"\\math\1{"),
    (re.compile(r"\\(bf|rm|it|sf|tt|cal)(?![a-zA-Z])\s*([a-zA-Z]+)"), r"\\math\1{\2}"),
    (re.compile(r"(\\text\{[^{}]*)\\text(?:bf|it|rm|tt|sf|normal)\{([^{}]*)\}"), r"\1\2"),
    (re.compile(r"\\(?:[bB]igg?)\s*\{([^{}]*)\}"), r"{\1}"),
    (re.compile(r"\\(S|P|copyright|degree)(?![a-zA-Z])"), lambda m: "\\text{" + SIGNS[m[1]] + "}"),
    (re.compile(r"\\colonequals(?![a-zA-Z])"), r"\\coloneqq "),
    (re.compile(r"\\thick(sim|approx)(?![a-zA-Z])"), r"\\\1 "),
    (re.compile(r"\\(begin|end)\{([dr])cases\}"), r"\\\1{cases}"),
    (re.compile(r"\\tag\*?\s*\{([^{}]*)\}"), r"\\qquad \\text{(\1)}"),
    (re.compile(r"\\unicode\s*\{x([0-9a-fA-F]{2,6})\}"), lambda m: "\\text{" + chr(min(int(m[1], 16), 0x10FFFF)) + "}"),
    (re.compile(r"\\\\\s*(?:\[[^]]*\])?\s*(?=\\end\{|\Z)"), " "),
]


def tidied(tex: str) -> str:
    """The formula in the TeX that pandoc reads; what only colours, names or spaces it is left out."""
    for pattern, replacement in TIDY:
        tex = pattern.sub(replacement, tex)
    tex = paired_bars(tex.strip())
    return f"\\begin{{aligned}}{tex}\\end{{aligned}}" if needs_alignment(tex) else tex


BAR = re.compile(r"(?<!\\left)(?<!\\right)(?<!\\[bB]ig[lrg])(?<!\\[bB]ig)(?<!\\)(\\\||\|)(?!\|)")


def paired_bars(tex: str) -> str:
    r"""The formula with bars that pair written as fences: `|x|` as \left|x\right|, `\|x\|` as \left\|x\right\|."""
    if tex.count("\\lvert") == tex.count("\\rvert") and "big" not in tex.lower():
        tex = re.sub(r"\\([lr])vert(?![a-zA-Z])", lambda m: "\\left|" if m[1] == "l" else "\\right|", tex)
    for bar in ("|", "\\|"):
        places = [match for match in BAR.finditer(tex) if match[1] == bar]
        if len(places) != 2 or "\\begin{" in tex:
            continue
        before, inside, after = (
            tex[: places[0].start()],
            tex[places[0].end() : places[1].start()],
            tex[places[1].end() :],
        )
        if balanced(inside) and inside.strip():
            tex = f"{before}\\left{bar} {inside}\\right{bar} {after}"
    return tex


def depth_of(text: str) -> int:
    """How deeply brackets are nested in a formula."""
    depth = deepest = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    return deepest


def balanced(tex: str) -> bool:
    """Whether every bracket in the formula is opened before it is closed, and closed."""
    depth = 0
    for char in tex:
        depth += (char in "([{") - (char in ")]}")
        if depth < 0:
            return False
    return depth == 0


def needs_alignment(tex: str) -> bool:
    """Whether the formula has line ends or & outside every environment (MathJax takes them as they are)."""
    outside = tex
    while True:
        shorter = re.sub(r"\\begin\{([a-z]*\*?)\}(?:(?!\\begin\{).)*?\\end\{\1\}", "", outside, flags=re.DOTALL)
        if shorter == outside:
            break
        outside = shorter
    return re.search(r"\\\\|(?<!\\)&", outside) is not None


DEFINITION = re.compile(
    r"\\(?:newcommand|renewcommand|DeclareMathOperator)\*?\s*\{?\\[a-zA-Z]+\}?\s*(?:\[[0-9]\])?\s*" + GROUP
)


def definitions(formulas: list[Maths]) -> str:
    """The commands that a notebook's formulas define: MathJax knows them on the whole page, from there on."""
    found = [match[0] for formula in formulas for match in DEFINITION.finditer(with_newcommand(formula.tex))]
    return "\n".join(dict.fromkeys(found))


def without_definitions(tex: str) -> str:
    """The formula without the commands that it defines."""
    return DEFINITION.sub("", with_newcommand(tex)).strip()


def shows_nothing(tex: str) -> bool:
    """Whether a formula only defines commands or loads packages: MathJax shows nothing in its place."""
    return not tidied(without_definitions(tex))


def with_newcommand(tex: str) -> str:
    r"""The formula with \def written as \newcommand."""
    return re.sub(r"\\def\s*(\\[a-zA-Z]+)\s*\{", r"\\newcommand{\1}{", tex)
