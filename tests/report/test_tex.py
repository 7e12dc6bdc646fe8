"""Formulas: found as Jupyter finds them, set by Typst, or named."""

import pytest
import typst

from autograder.report.markup import Markup
from autograder.report.pandoc import MARKDOWN, convert
from autograder.report.sanitise import safe_html
from autograder.report.tex import Maths, definitions, maths_only, paired_bars, put_back, take_maths, tidied

CASES = [
    ("a $x$ b", [("x", False)]),
    ("a $ x_1 $ b", [("x_1", False)]),
    ("$$\nx\n$$", [("x", True)]),
    ("cost \\$5 and \\$6", []),
    ("`$x$` and ``$`y`$``", []),
    ("```\n$x$\n```\n$y$", [("y", False)]),
    ("~~~\n$x$\n~~~", []),
    ("an open ` tick\n\n$x$ and `code`", [("x", False)]),
    ("$x", []),
    ("$x\n\ny$", []),
    ("\\\\(x\\\\) \\\\[y\\\\]", [("x", False), ("y", True)]),
    ("\\begin{align}\na &= b\n\\end{align}", [("\\begin{align}\na &= b\n\\end{align}", True)]),
    ("| a | $|x|$ |\n|-|-|", [("|x|", False)]),
]


@pytest.mark.parametrize(("source", "expected"), CASES)
def test_formulas_are_found_where_jupyter_finds_them(source, expected):
    """Does a student's $ x $ print as in the notebook?"""
    found: list[Maths] = []
    text = take_maths(source, found)
    assert [(maths.tex, maths.display) for maths in found] == expected
    assert put_back(text, found).count("$") <= source.count("$") + 4 * len(found)
    if not expected:
        assert text == source


FORMULAS = r"""
\frac{1}{2N} \sum_{i=1}^{N} \lVert s_i - \mathrm{onehot}(y_i) \rVert^2
x \odot y \otimes z \ominus w \cap A \bigotimes_i B \oplus C
\begin{vmatrix} a & b \\ c & d \end{vmatrix}
\begin{cases} x & \text{if } x > 0 \\ 0 & \text{(a \textbf{ReLU})} \end{cases}
a &= b \\ c &= d
\textcolor{red}{x} + \color{blue} y + {\bf w} + \rm{Var} + \rm X
\left[ \begin{array}{c|c} a & b \\ \hline c & d \end{array} \right]
\label{eq:1} x = y \tag{1} \nonumber
\operatorname*{argmin}_{W} \|W\|_F^2 + |x|
\mathbb{E}_{x \sim p} \left[ f(x) \middle| y \right]
\def\q{y} \q^2
\underbrace{a + b}_{c} \overset{!}{=} \xrightarrow{f} \hat{y} \bigl( x \bigr)
50\% \quad \{0, 1\} \quad \unicode{x263a} \S
""".strip().split("\n")


def test_the_formulas_of_the_field_can_be_set():
    """Does every formula that students usually write come out as maths, and does Typst take it?"""
    typst_code = convert([], [Maths(tex, True) for tex in FORMULAS]).maths
    assert [tex for tex, made in zip(FORMULAS, typst_code, strict=True) if made is None] == []
    typst.compile("\n\n".join(f"$ {made} $" for made in typst_code).encode(), format="pdf")


def test_a_formula_with_a_mistake_costs_only_itself():
    """Is a formula that cannot be read named, and the next one still set?"""
    assert convert([], [Maths("\\undefined{x}", False), Maths("x^2", False)]).maths == (None, "x^2")


def test_commands_defined_in_one_formula_are_known_in_the_others():
    """Does \\newcommand work across cells, as in the notebook?"""
    maths = [Maths(r"\newcommand{\R}{\mathbb{R}} x \in \R", False), Maths(r"v \in \R^3", False)]
    assert definitions(maths) == r"\newcommand{\R}{\mathbb{R}}"
    assert convert([], maths).maths == ("x in bb(R)", "v in bb(R)^3")


@pytest.mark.parametrize("tex", [r"\newcommand{\R}{\mathbb{R}} \def\x{y}", r"\require{cancel}", "% a comment"])
def test_a_formula_that_only_defines_commands_shows_nothing(tex):
    """Is a cell of definitions at the top of a notebook neither a mistake nor shown as TeX?"""
    markup = Markup()
    markup.add(MARKDOWN, f"before ${tex}$ after\n\n$${tex}$$", "here", None, {})
    assert markup.resolved() == [[{"t": "para", "c": ["before  after"]}]]
    assert markup.problems == []
    assert safe_html("before \ue0000\ue001 after", lambda address: b"", [Maths(tex, False)], [None]) == "before  after"


def test_maths_becomes_mathml_for_pages():
    """Do feedback pages need no script for their formulas?"""
    (made,) = convert([], [Maths("x_1 < 2", True)], "mathml").maths
    assert made.startswith('<math display="block"')
    assert "<msub><mi>x</mi><mn>1</mn></msub>" in made
    assert "annotation" not in made


def test_latex_outputs_that_are_one_formula():
    """Are sympy's outputs formulas?"""
    assert maths_only("$\\displaystyle x$") == Maths("\\displaystyle x", True)
    assert maths_only("$$x$$") == Maths("x", True)
    assert maths_only("\\begin{equation}x\\end{equation}").display
    assert maths_only("text $x$ and $y$") is None
    assert maths_only("$x$ and $y$") is None


def test_bars_that_pair_are_fences():
    """Is |x| set as a fence, and P(a|b) left alone?"""
    assert paired_bars("|x|") == "\\left| x\\right| "
    assert convert([], [Maths(tex, False) for tex in ("|x|", r"\lvert x \rvert", r"\|x\|")]).maths == (
        "lr(|x|)",
        "lr(|x|)",
        "∥x∥",
    )
    assert paired_bars("P(a|b) P(c|d)") == "P(a|b) P(c|d)"
    assert tidied("a % comment\n+ b") == "a \n+ b"
