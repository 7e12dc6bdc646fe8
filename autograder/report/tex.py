"""The maths in a notebook's markdown, found as Jupyter finds it.

Jupyter takes the maths out before it reads the markdown, so that `a_1 $x_2$ b_3` and a `|` inside `$…$` in a table
come out right. `take_maths` does the same and leaves a placeholder; whoever reads the result puts the maths back.
"""

import html
import re
from dataclasses import dataclass, replace

from autograder.report.maths.reader import read
from autograder.report.maths.text import Definitions

# A group in braces, up to three in one another: a dollar in it ends no formula.
GROUP = r"\{(?:\\.|[^{}\\]|\{(?:\\.|[^{}\\]|\{(?:\\.|[^{}\\])*\})*\})*\}"
OPEN, CLOSE, DOLLAR = "\ue000", "\ue001", "\ue002"
PLACEHOLDER = re.compile(f"{OPEN}([0-9]{{1,9}}){CLOSE}")

CODE_OR_MATHS = re.compile(
    r"""
    (?P<fence> ^[ ]{0,3}(?P<ticks>`{3,}+|~{3,}+)[^\n]*\n (?:.*?\n)?? [ ]{0,3}(?P=ticks)[`~]*[ \t]*$
             | ^[ ]{0,3}(?:`{3,}+|~{3,}+)[^\n]*\n.*\Z )
  | (?P<code> (?<![`\\])(?P<mark>`++) (?:(?!\n[ \t]*\n).)+? (?<!`)(?P=mark)(?!`) )
  | (?P<escaped> \\[$\\](?![(\[]) )
  | \$\$ (?P<display> .+? ) \$\$
  | \$ (?P<grouped> (?:\\.|GROUP|[^${}\\\n]|\n(?![ \t]*\n))+? ) \$
  | \$ (?P<inline> (?:\\.|[^$\\\n]|\n(?![ \t]*\n))+? ) \$
  | \\\\\[ (?P<bracket> .+? ) \\\\\]
  | \\\\\( (?P<paren> .+? ) \\\\\)
  | (?P<environment> \\begin\{(?P<name>[a-z]*\*?)\} .*? \\end\{(?P=name)\} )
    """.replace("GROUP", GROUP),
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
# Code on one line, fenced code, and code of HTML, whose dollars are none.
CODE = re.compile(
    r"^(?P<fence>`{3,}+|~{3,}+)[^`\n]*\n.*?^(?P=fence)[`~]*$|(?<![\\`])(?P<ticks>`++)[^\n]*?[^`\n](?P=ticks)(?!`)"
    r"|<(?P<tag>code|pre|script|style)\b[^>\n]*>.*?</(?P=tag)\s*>",
    re.DOTALL | re.MULTILINE,
)
# Blocks of HTML within markdown, whose backslashes are not those of markdown; fences are passed over.
HTML_BLOCK = re.compile(
    r"^(?P<fence>`{3,}+|~{3,}+)[^`\n]*\n.*?^(?P=fence)[`~]*$"
    r"|^[ ]{0,3}<(?:address|blockquote|center|dd|details|div|dl|dt|figure|h[1-6]|li|ol|p|section|table|td|th|tr|ul)\b"
    r"(?:.(?!\n[ \t]*\n))*.",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
BRACKETS = re.compile(r"(?<!\\)\\(\(|\[)(.+?)(?<!\\)\\(\)|\])", re.DOTALL)
HTML_MATHS = re.compile(
    r"""
    (?P<escaped> \\\$ )
  | \$\$ (?P<display> .+? ) \$\$
  | \$ (?P<grouped> (?:\\.|GROUP|[^${}\\])+? ) \$
  | \$ (?P<inline> (?:\\.|[^$\\])+? ) \$
  | \\\[ (?P<bracket> .+? ) \\\]
  | \\\( (?P<paren> .+? ) \\\)
  | (?P<environment> \\begin\{(?P<name>[a-z]*\*?)\} .*? \\end\{(?P=name)\} )
    """.replace("GROUP", GROUP),
    re.VERBOSE | re.DOTALL,
)
ENTITY = re.compile(r"&(?:lt|gt|amp);")
HTML_TAG = re.compile(r"(<!--.*?-->|<[^>]*>)", re.DOTALL)
WITHOUT_MATHS = re.compile(
    r"<(/?)(?:(code|pre|script|style|textarea|annotation|math)\b|\w+[^>]*\b(?:tex2jax|mathjax)_ignore\b)", re.IGNORECASE
)
MATHS_GROUPS = {
    "display": True,
    "grouped": False,
    "inline": False,
    "bracket": True,
    "paren": False,
    "environment": True,
}


@dataclass(frozen=True)
class Maths:
    """One formula as its author wrote it, without delimiters; `notebook`: the number of the notebook it stands in."""

    tex: str
    display: bool
    notebook: int = 0


def take_maths(source: str, found: list[Maths], notebook: int = 0) -> str:
    """The markdown with every formula replaced by a placeholder.

    Args:
        source: markdown of one cell.
        found: gets the formulas; a placeholder holds its formula's index in it.
        notebook: the number of the notebook that the cell belongs to.
    """

    source = without_marks(source)
    if "<" in source and "\\" in source:
        source = HTML_BLOCK.sub(html_brackets, source)
    source = CODE.sub(lambda match: match[0].replace("$", DOLLAR), source)
    source = CODE_OR_MATHS.sub(lambda match: placeholder(match, found, notebook), source)
    found[:] = [replace(one, tex=one.tex.replace(DOLLAR, "$")) if DOLLAR in one.tex else one for one in found]
    return source.replace(DOLLAR, "$")


def html_brackets(match: re.Match) -> str:
    r"""A block of HTML with its \(…\) and \[…\] written as in markdown's own lines."""
    return match[0] if match["fence"] else BRACKETS.sub(r"\\\\\1\2\\\\\3", match[0])


def take_html_maths(source: str, found: list[Maths], notebook: int = 0) -> str:
    """The HTML with every formula in its text replaced, as `take_maths`; none across tags, none in code."""
    pieces = HTML_TAG.split(without_marks(source))
    ignored: list[str] = []
    for i, piece in enumerate(pieces):
        if i % 2:
            match = WITHOUT_MATHS.match(piece)
            name = (re.match(r"</?(\w+)", piece) or [piece, ""])[1].lower()
            if ignored and piece.startswith("</") and ignored[-1] == name:
                ignored.pop()
            elif match and not match[1] and not piece.endswith("/>"):
                ignored.append(name)
        elif not ignored and ("$" in piece or "\\" in piece):
            text = html.unescape(piece)
            taken = HTML_MATHS.sub(lambda match: placeholder(match, found, notebook), text)
            pieces[i] = piece if taken == text else html.escape(taken, quote=False)
    return "".join(pieces)


def without_marks(source: str) -> str:
    """The text without the characters that mark what was taken out."""
    return source.replace(OPEN, "\ufffd").replace(CLOSE, "\ufffd").replace(DOLLAR, "\ufffd")


def placeholder(match: re.Match, found: list[Maths], notebook: int) -> str:
    """What stands for a formula that was taken out; anything else as it is."""
    for group, display in MATHS_GROUPS.items():
        tex = match[group]
        if tex is not None and tex.strip():
            tex = ENTITY.sub(lambda entity: html.unescape(entity[0]), without_quote_marks(tex, match))
            found.append(Maths(tex.strip(), display, notebook))
            return f"{OPEN}{len(found) - 1}{CLOSE}"
    return match[0]


QUOTED_LINE = re.compile(r"[ \t]*(?:(?:[-*+]|[0-9]{1,9}[.)])[ \t]+)*(>[> \t]*)")


def without_quote_marks(tex: str, match: re.Match) -> str:
    """A formula of several lines without the > by which markdown begins each line of a quote.

    Jupyter takes them for signs of the formula; VS Code, GitHub and whoever wrote it do not.
    """
    if "\n" not in tex:
        return tex
    line = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
    quoted = QUOTED_LINE.match(line)
    if quoted is None:
        return tex
    return re.sub(rf"\n(?:[ \t]*>){{1,{quoted[1].count('>')}}}", "\n", tex)


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


def shows_nothing(tex: str) -> bool:
    """Whether a formula only defines commands or loads packages: MathJax shows nothing in its place."""
    return read(tex, Definitions()).empty
