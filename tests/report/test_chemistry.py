r"""\ce and \pu where MathJax shows nothing, or less than was meant; the rest is in test_formulas.py."""

import pytest
from formulas import tree

from autograder.report.formulas import write_formulas
from autograder.report.maths.chemistry import chemistry
from autograder.report.maths.text import Malformed
from autograder.report.tex import Maths


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\ce{Fe0.95O}", "'F 'e (phantom(A))_(0 . 9 5) 'O"),
        (r"\ce{Fe^+3}", "'F 'e (phantom(A))^(+ 3)"),
        (r"\ce{pKa}", "'p (K)_('a)"),
        (r"\ce{CO2^ + H2O(^)}", "'C 'O (phantom(A))_(2) ↑ + 'H (phantom(A))_(2) 'O ↑"),
        (r"\ce{{[AgCl2]^-} + {text}}", "[ 'A 'g 'C 'l (phantom(A))_(2) ] (phantom(A))^(-) + t e x t"),
        (r"\ce{RCH2OH ->[[O]] RCHO}", "'R 'C 'H (phantom(A))_(2) 'O 'H (→)over([ 'O ]) 'R 'C 'H 'O"),
        (r"\ce{V_{Ni}^{''} + O^x_O}", "'V (phantom(A))_('N 'i)^(′ ′) + 'O (phantom(A))_('O)^(×)"),
        (r"\ce{-(C2H4)-_n}", "- ( 'C (phantom(A))_(2) 'H (phantom(A))_(4) ) - (phantom(A))_(n)"),
        (r"\ce{\frac12 O2}", "frac(1)(2) 'O (phantom(A))_(2)"),
        (r"\ce{\boxed{H2}}", "'H (phantom(A))_(2)"),
        (r"\ce{\overbrace{A + B}^{sum}}", "(('A + 'B)over(⏞))over('s 'u 'm)"),
        (r"\begin{aligned}\ce{A &-> B \\ C &-> D}\end{aligned}", "table['A & ⟶ 'B ; 'C & ⟶ 'D]"),
        (r"\pu{4 J \degree C-1}", "4 'J ()^(∘) ('C)^(- 1)"),
        (r"\pu{12 \AA}", "1 2 Å"),
        (r"\pu{1/2 m}", "1 / 2 'm"),
        (r"\pu{1.5 \cdot 10^3 V}", "1 . 5 ⋅ (1 0)^(3) 'V"),
    ],
)
def test_what_is_meant_is_shown(tex, expected):
    """Is chemistry shown as a chemist writes it?"""
    (made,) = write_formulas([Maths(tex, True)], "mathml")
    assert (made.error, made.unknown) == ("", ())
    assert tree(made.text) == expected


@pytest.mark.parametrize(
    ("text", "name", "made"),
    [
        (r"\color{red}{Na}Cl", "ce", r"{{\color{red}{\mathrm{Na}}}\mathrm{Cl}}"),  # not the rest
        ("2 nH2O", "ce", r"{2\,n\,\mathrm{H}{\vphantom{A}}_{2}\mathrm{O}}"),
        ("3-CH3", "ce", r"{3{-}\mathrm{CH}{\vphantom{A}}_{3}}"),
        ("cis-A-B", "ce", r"{\mathrm{cis}\text{-}\mathrm{A}{-}\mathrm{B}}"),
        ("12345.67890 m", "pu", r"{12\,345.678\,90\,\mathrm{m}}"),
        ("1.2(3)e-4kg//m3", "pu", r"{1.2(3)\cdot 10^{-4}\,\tfrac{\mathrm{kg}}{\mathrm{m}^{3}}}"),
    ],
)
def test_what_is_written(text, name, made):
    """Are colours kept to their formula, hyphens told from bonds, numbers set apart from what they count?"""
    assert chemistry(text, name) == made


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        (r"A\bond{x}B", "ce", r"\\bond knows no bond x"),
        ("A ->[x B", "ce", r"a \] is missing"),
        ("A_", "ce", "a script is missing after _"),
        ("A{B", "ce", "a } is missing"),
        ("A}B", "ce", "a { is missing"),
        ("$x", "ce", r"the second \$ is missing"),
        ("5 }", "pu", "the second } is missing"),
        (r"\underbrace{" * 60 + "}" * 60, "ce", "it is nested too deeply"),
        (r"\frac{" * 60 + "}" * 60, "pu", "it is nested too deeply"),
    ],
)
def test_what_cannot_be_read(text, name, said):
    """Does a mistake in a formula say what it is?"""
    with pytest.raises(Malformed, match=said):
        chemistry(text, name)
