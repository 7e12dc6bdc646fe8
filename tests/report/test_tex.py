"""Formulas are found where Jupyter finds them."""

import time

import pytest

from autograder.report.markup import Markup
from autograder.report.pandoc import MARKDOWN
from autograder.report.sanitise import safe_html
from autograder.report.tex import Maths, maths_only, put_back, take_html_maths, take_maths

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
    ("it costs US$100, says `$code$`", []),
    ("```\n$x$\n```\n$y$ and `$z$`", [("y", False)]),
    ("\\begin{align}\na &= b\n\\end{align}", [("\\begin{align}\na &= b\n\\end{align}", True)]),
    ("| a | $|x|$ |\n|-|-|", [("|x|", False)]),
    (r"$\text{if $x$, ${y}$} z$ and $w$", [(r"\text{if $x$, ${y}$} z", False), ("w", False)]),
    ("<code>$x$</code> <pre>\n$y$</pre> $a &lt; b$", [("a < b", False)]),
    ("<p>\\(x\\) and \\[y\\]</p>\n\n\\(no\\)", [("x", False), ("y", True)]),
    ("> $$\n> a\n> > b\n> $$\n> c", [("a\n > b", True)]),
    ("- x\n  > > $$\n  > > a\n>> > b\n  > > $$", [("a\n > b", True)]),
    ("1. > \\begin{align}\n   > a\n   > \\end{align}", [("\\begin{align}\n a\n \\end{align}", True)]),
    ("$$\na\n> b\n$$", [("a\n> b", True)]),
    ("```html\n<p>\\(x\\)</p>\n```", []),
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


@pytest.mark.parametrize("tex", [r"\newcommand{\R}{\mathbb{R}} \def\x{y}", r"\require{cancel}", "% a comment"])
def test_a_formula_that_only_defines_commands_shows_nothing(tex):
    """Is a cell of definitions at the top of a notebook neither a mistake nor shown as TeX?"""
    markup = Markup()
    markup.add(MARKDOWN, f"before ${tex}$ after\n\n$${tex}$$", "here", None, {})
    assert markup.resolved() == [[{"t": "para", "c": ["before  after"]}]]
    assert markup.problems == []
    assert safe_html("before \ue0000\ue001 after", lambda address: b"", [Maths(tex, False)], [None]) == "before  after"


def test_latex_outputs_that_are_one_formula():
    """Are sympy's outputs formulas?"""
    assert maths_only("$\\displaystyle x$") == Maths("\\displaystyle x", True)
    assert maths_only("$$x$$") == Maths("x", True)
    assert maths_only("\\begin{equation}x\\end{equation}").display
    assert maths_only("text $x$ and $y$") is None
    assert maths_only("$x$ and $y$") is None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<th>$\\alpha_1$</th><td>a &lt; b</td>", [("\\alpha_1", False)]),
        ("<td>$5</td><td>$6</td>", []),  # a formula does not reach over tags
        (
            "<p>$a &lt; b$ and $$c$$ and \\(d\\) and \\[e\\]</p>",
            [("a < b", False), ("c", True), ("d", False), ("e", True)],
        ),
        ("<code>$x$</code><pre>$y$</pre>", []),
        ('<table class="dataframe tex2jax_ignore mathjax_ignore"><tr><td>$x$</td></tr></table>$y$', [("y", False)]),
        ('<a title="$x$">\\$5</a>', []),
    ],
)
def test_formulas_in_html_outputs_are_found_where_jupyter_finds_them(source, expected):
    """Does the head of a table that says $\\alpha_1$ read so, and a column of prices not?"""
    found: list[Maths] = []
    text = take_html_maths(source, found)
    assert [(maths.tex, maths.display) for maths in found] == expected
    if not expected:
        assert text == source


@pytest.mark.parametrize("sign", "`~")
@pytest.mark.parametrize("end", ["", "\nx", "x\n"])
def test_long_rows_of_signs_are_read_once(sign, end):
    """Does what opens no code, however long, cost no more than its length? (It took minutes.)"""
    began = time.process_time()
    assert take_maths(200_000 * sign + end, []) == 200_000 * sign + end
    assert time.process_time() - began < 5
