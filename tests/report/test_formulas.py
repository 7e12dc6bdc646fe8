"""Formulas read as MathJax reads them: the same signs in the same groups, of the same size on paper."""

import json
import re
from pathlib import Path

import pytest
import typst
from formulas import formulas, tree
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.report import typeset
from autograder.report.formulas import Written, write_formulas
from autograder.report.markup import Markup
from autograder.report.pandoc import MARKDOWN
from autograder.report.tex import Maths

SECTIONS = sorted({one["section"] for one in formulas()})
# What MathJax shows in another way than we mean to.
TWO_LINES = {r"a = b \\ c = d", r"a \newline b"}  # MathJax 3 leaves the line end out
OTHERWISE = TWO_LINES | {
    r"\overparen{x} \overbracket{a} \underbracket{b}",  # MathJax draws brackets as borders
    r"\begin{numcases}{f(x)=} 1 & a \\ 2 & b \end{numcases}",  # and these cases as a table within a table
    r"\pmb{x} \pmb{\alpha}",  # twice the same letter
    r"\not{p}",  # two signs, one over the other
    r"∑_{i=1}^n x_i",  # scripts beside the sign, as MathJax has no name for it
    # The same picture from another tree.
    r"\underbracket{x}_{a}",
    r"x \notag",
    r"x \nonumber",
    r"\coloneq \Coloneqq \colonsim",
    r"\ndownarrow \nuparrow",
    r"\underbracket[1pt]{x}",
    r"\begin{prooftree}\AxiomC{a}\UnaryInfC{b}\end{prooftree}",
    r"\operatorname*{argmin}_{w} J(w)",
    r"\centernot\implies",
    r"x\\[4pt] y",
    # In a line MathJax settles where the sum's limits stand, we leave it to the browser.
    r"\sideset{}{'}\sum_{k} a_k",
    r"\sideset{}{'}\sum_{k=1}^{n} a_k",
    r"\sideset{_a^b}{_c^d}\sum_{k=1}^{n} x",
    r"\sideset{_a}{}\prod_{k=1}^{n} x",
    r"\ce{^{227}_{90}Th+ ->[\alpha][t_{1/2} = 18.7\,\text{d}] X}",  # 1/2 as a fraction
    # A chain that begins with a bond ends with one.
    r"\ce{-(CH2-CH2)_n-}",
    r"\pu{5 %}",  # not a comment to us
    r"\ce{H2SO4 (conc.)}",  # a full stop
    r"\ce{M^{..}_i}",
    r"\ce{O''_{i,x}}",
    r"\ce{\frac{a}{b} X}",
    r"\not a",
    r"\not{p} \centernot\implies x \not\in y \not\sim z \not= \not\models \not\to",
    r"\pu{{a b}}",
    r"x̄ = \frac{1}{n}∑xᵢ",
    r"ŷ = Xβ̂, θ̂",
}
# Arrows and bonds that MathJax puts together from several signs.
PUT_TOGETHER = {
    "(↽ -)over(- ⇀)": "⇌",
    "(↽)over(- ⇀)": "↽ ⇀",
    "(↽ -)over(phantom(-) ⇀)": "⇀ ↽",
    "(⟵)over(⟶)": "⇄",
    "phantom(-) - - -": "- - -",
}
# Scripts before a nucleus are those of an empty box in MathJax, set to the right with boxes of nothing.
SCRIPTS_BEFORE = re.compile(
    r"\(phantom\(A\)\)_\(phantom\([^()]*\)\)\^\(phantom\([^()]*\)\) "
    r"\(phantom\(A\)\)_\(phantom\(2\) ?([^()]*)\)\^\(phantom\(2\) ?([^()]*)\) (\S+(?: '[a-z])?)"
)
OF_ANOTHER_SIZE = OTHERWISE | {
    r"\ldots \cdots \vdots \ddots \dots",
    r"1, 2, \ldots",  # room after the last sign
    r"\underbrace{x}_{\text{prior}} \overbrace{y}",  # Typst's braces have a least width
    r"\overrightarrow{AB} \overleftarrow{AB} \overleftrightarrow{AB}",
    r"\left\| x \right\|", r"\left\lVert x \right\rVert_F",  # MathJax puts room around these bars
    r"\newcommand{\norm}[1]{\left\lVert #1 \right\rVert} \norm{x}_2",
    r"\cfrac[l]{1}{x}", r"\lgroup x \rgroup \lmoustache y \rmoustache", r"\unicode{x263a}", r"\bbox[yellow]{x}",
    r"\begin{CD} A @>f>> B \\ @VVV @VVV \\ C @>>> D \end{CD}",  # MathJax's arrows have a least length
    r"\cancel{\frac{m}{m}}\,\ddot{y} = -g \implies v = \cancelto{0}{v_0} - gt",
    r"\cancel{x} \bcancel{x} \xcancel{x}", r"\cancelto{0}{x}",  # MathJax leaves room for the stroke
    r"a × b ÷ c − d · e", r"x² + y₁", r"𝐱 𝒩 𝔼", r"…",  # MathJax takes these from other fonts
    r"\mathit{diff} \mathsf{T} \mathtt{code}", r"W \in \mathbb{R}^{d_{out} \times d_{in}}",
    r"h^{(l)} = \sigma\left(W^{(l)} h^{(l-1)} + b^{(l)}\right)",
    r"\hat{x}^{(k)} = \frac{x^{(k)} - \mathrm{E}[x^{(k)}]}{\sqrt{\mathrm{Var}[x^{(k)}] + \epsilon}}",
    # More room beside a sign, a stroke, a rule or an empty cell there.
    r"\ce{A <-> B}",
    r"\ce{\pm 3}",
    r"\ce{$(n-1)$ H2O}",
    r"\ce{H2O <=>[\pu{25 °C}] H+ + OH-}",
    r"\ce{\underbrace{A + B}_{C}}",
    r"\ce{A ... B}",
    r"\left(\!\binom{n}{k}\!\right)",
    r"\cancel{5x} + \bcancel{y}",
    r"\frac{\cancel{a} b}{\cancel{a} c}",
    r"\cancel{\frac{a}{b}}",
    r"\cancelto{0}{x^2}",
    r"\enclose{updiagonalstrike}{x}",
    r"\iiiint \idotsint",
    r"\dots, \dotsc \dotsb \dotsm \dotsi \dotso",
    r"a_1 \cdots a_n",
    r"(a, b, \dots)",
    r"\{1,\dots\}",
    r"\begin{array}{||c||} a \end{array}",
    r"\begin{bmatrix} 1 & & \\ & \ddots & \\ & & 1 \end{bmatrix}",
    # Signs of other fonts, lines of another length or thickness.
    r"\mathcal{abc}",
    r"\overrightarrow{PQ}",
    r"x₁ + x₂",
    r"x⁻¹",
    r"naïve",
    r"\verb|x_1 & $y|",
    r"\text{ünï ß 漢字 العربية}",
    r"\bbox[border:1px solid]{x}",
    r"{\Huge\sum}",
    r"\degree 90\degree 25\,^{\circ}\mathrm{C}",
    r"\ohm \celsius \micro \perthousand",
    r"\xtwoheadrightarrow{a} \xrightleftharpoons{b}",
    r"\begin{align} \MoveEqLeft a + b \\ &= c \end{align}",
    r"\splitfrac{a}{b} \frac{\splitfrac{a + b}{+ c}}{d}",
    r"\begin{prooftree}\AxiomC{a}\UnaryInfC{b}\end{prooftree}",
    r"\bowtie \ltimes \rtimes \Join",
    r"\thicksim \thickapprox \backsim",
    r"\varpropto \therefore \because \pitchfork",
    r"\models \vDash \Vdash \Vvdash \nvdash",
    r"\overunderset{a}{b}{=}",
    r"\varlimsup_{n\to\infty} a_n \varliminf_{n} b_n",
    r"\not\to \not\Rightarrow \not\exists",
    r"\begin{aligned} a &= b \\ &\phantom{=} + c \end{aligned}",
    r"\sqrt{\mathstrut a} + \sqrt{\mathstrut b}",
    r"\rule{2cm}{0.4pt}",
    r"x\\[4pt] y",
    r"\begin{multlined} a + b \\ + c \end{multlined}",
    r"E_k = \cancel{E_{k-1}} + \frac{\cancel{2}\,x}{\cancelto{1}{2}}",
    r"\begin{bmatrix} \lambda_1 & & 0 \\ & \ddots & \\ 0 & & \lambda_n \end{bmatrix}",
    r"\ce{cis-A}",
    r"\ce{trans-A}",
    r"\text{BN}(x) = \gamma \cdot \frac{x-\mu_B}{\sqrt{\sigma_B^2+\epsilon}} + \beta",
    r"\underbrace{\begin{bmatrix} 1 & x_1 \\ \vdots & \vdots \\ 1 & x_n \end{bmatrix}}_{X \in \mathbb{R}^{n\times 2}}"
    r" \underbrace{\begin{bmatrix} \beta_0 \\ \beta_1 \end{bmatrix}}_{\beta}"
    r" = \underbrace{\begin{bmatrix} y_1 \\ \vdots \\ y_n \end{bmatrix}}_{\text{targets}}",
    r"λ₁·v₁ + λ₂·v₂",
    r"\overbrace{\underbrace{w_1 x_1}_{\text{linear}} + b}^{z} + c = \underbrace{a}_{b} - \overbrace{d}^{e}",
    r"\overbrace{a + b}^{n} + \underbrace{c + d}_{m}",
    r"\underbrace{\overbrace{a+b}^{c}+d}_{e}",
    r"\begin{equation}\begin{split} a &= b \\ &\quad + c \end{split}\end{equation}",
    r"\begin{CD} A @>a>> B \\ @VbVV @VVcV \\ C @>>d> D \end{CD}",
    r"\underline{\underline{A}}\,\vec{x} = \overrightarrow{AB} + \widehat{ABC} + \widetilde{xyz} + \overleftarrow{CD}",
    r"\overbrace{a + \underbrace{b + c}_{=d} + e}^{\text{total of } n \text{ terms}}",
    r"\cfrac{1}{1+\cfrac{1}{1+\cfrac{1}{1+\ddots}}}",
    r"\mathrlap{x}y \mathllap{a}b \hphantom{abc}d \vphantom{\int}e \phantom{=}f",
    r"\rule{1cm}{1pt} \rule[-0.5ex]{3pt}{2ex}",
    r"\cancel{x} + \bcancel{yz} + \xcancel{\frac12} + \cancelto{0}{\Delta t}",
    r"α + β ≤ γ · ∑ᵢ xᵢ² → ∞",
}  # fmt: skip


def of_section(section: str, target: str) -> list[tuple[dict, Written]]:
    """The formulas of one section with what is written of each; a section is a notebook."""
    found = [one for one in formulas() if one["section"] == section]
    written = write_formulas([Maths(one["tex"], one["display"]) for one in found], target)
    return list(zip(found, written, strict=True))


def in_our_signs(one: dict) -> str:
    made = one["tree"]
    for several, sign in PUT_TOGETHER.items():
        made = made.replace(several, sign)
    return SCRIPTS_BEFORE.sub(lambda found: f"multi({found[3]})({found[1]})({found[2]})".replace("()", ""), made)


@pytest.mark.parametrize("section", SECTIONS)
def test_signs_stand_in_the_order_and_groups_of_mathjax(section):
    """Does each formula that MathJax shows read as it does there?"""
    differ = [
        (one["tex"], in_our_signs(one), tree(made.text) if made.text else made.error)
        for one, made in of_section(section, "mathml")
        if one["tree"] is not None and one["tex"] not in OTHERWISE
        if made.text is None or made.unknown or (tree(made.text) if made.text else "") != in_our_signs(one)
    ]
    assert differ == []


def test_formulas_are_as_wide_and_tall_as_in_mathjax(tmp_path):
    """Is nothing lost, glued or shrunk between the tree and the paper?"""
    pairs = [pair for section in SECTIONS for pair in of_section(section, "typst") if pair[0]["width"] is not None]
    differ = []
    for (one, _), (width, height) in zip(pairs, measured(pairs, tmp_path), strict=True):
        room = 0.25 * one["tree"].count("frac(")  # MathJax leaves some beside a fraction
        fits = abs(width - one["width"]) <= max(0.08 * one["width"] + room, 0.3)
        fits = fits and abs(height - one["height"]) <= max(0.2 * one["height"], 0.6)
        if not fits and one["tex"] not in OF_ANOTHER_SIZE:
            differ.append((one["tex"], (width, height), (one["width"], one["height"])))
    assert differ == []


def measured(pairs: list[tuple[dict, Written]], folder: Path) -> list[tuple[float, float]]:
    """The width and height in em of formulas, as Typst sets them."""
    (folder / "data.json").write_text(json.dumps([[made.text, one["display"]] for one, made in pairs]))
    (folder / typeset.FORMULAS.name).write_bytes(typeset.FORMULAS.read_bytes())
    (folder / "main.typ").write_text(
        """#import "formulas.typ": scope
#set text(10pt, top-edge: "bounds", bottom-edge: "bounds")
#context [#metadata(json("data.json").map(((code, display)) => {
  let body = eval(code, mode: "math", scope: scope)
  let size = measure(math.equation(block: false, if display { math.display(body) } else { body }))
  (size.width.pt() / 10, size.height.pt() / 10)
}))<sizes>]
"""
    )
    compiler = typst.Compiler(str(folder / "main.typ"), root=str(folder))
    return json.loads(compiler.query("<sizes>", field="value", one=True))


@pytest.mark.parametrize("frame", [r"\boxed{%s}", r"\Aboxed{%s}", r"\fbox{$\displaystyle %s$}", r"\bbox[yellow]{%s}"])
def test_a_frame_goes_around_what_is_in_it(frame):
    """Does the frame of a tall formula cut through it, in the lines of a report?"""
    inner = r"\frac{a}{\frac{b}{c}}"
    codes = json.dumps(written(frame % inner, inner))
    source = f"""{typeset.FORMULAS.read_text("utf-8")}
#set par(leading: 0.62em)
#let formula(code) = math.equation(block: true, eval(code, mode: "math", scope: scope))
#context [#metadata(json(bytes(sys.inputs.codes)).map(code => measure(formula(code)).height.pt()))<heights>]"""
    compiler = typst.Compiler(source.encode(), sys_inputs={"codes": codes})
    framed, plain = json.loads(compiler.query("<heights>", field="value", one=True))
    assert framed == pytest.approx(plain + 6, abs=0.6)


def written(*texts: str, target: str = "typst") -> list[str | None]:
    return [one.text for one in write_formulas([Maths(text, False) for text in texts], target)]


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        ("x^2", "attach(x,t:2)"),
        (r"\mathbf{x}", "\\𝐱"),
        (r"\|x\|_2^2", "ord(\\‖)x/**/attach(ord(\\‖),b:2,t:2)"),
        (r"1{,}000", '"1,000"'),
        (r"x\;y", "x/**/gap(#(0.278em))y"),
        (r"\sin\!x", 'op("sin")gap(#(0.0em))x'),
        (r"\text{if } x", '"if "x'),
        (r"\mathit{diff}_{\mathit{x1}}", 'attach(scripts(word("diff")),b:word("x1"))'),
        (r"\mathit{a}\mathit{\Gamma}", "a/**/italic(\\Γ)"),
        (r"\newcommand\abs[1]{\lvert#1\rvert} \abs{x}", "opn(\\|)x/**/cls(\\|)"),
        (r"-x", "ord(\\−)x"),
        (r"a - b", "a/**/bin(\\−)b"),
        (r"\ce{^{14}_6C}", 'attach(scripts("C"),bl:6,tl:14)'),
        (r"\ce{O^2-}", '"O"attach(scripts(phantom(#false,#true,A)),t:2/**/ord(\\−))'),
        (r"x\llap{/}y", 'x/**/overlap(#"l",ord(\\/))y'),
        (r"\rule{2em}{1pt}", "rule(#(2.0em),#(0.1em),#(0.0em))"),
        (r"f\left(x\right)y", 'f/**/pun("")lr(size:#90%,opn(\\()x/**/cls(\\)))y'),
        (r"\left(a\middle|b\right)", "lr(size:#90%,opn(\\()a/**/ord(mid(\\|))b/**/cls(\\)))"),
        (r"\smash[b]{y}", 'smashed(#"b",y)'),
        (r"x_{\mathclap{ij}}", 'attach(x,b:overlap(#"c",script(i j)))'),
        (r"x^{a_{\llap{i}}}", 'attach(x,t:attach(a,b:overlap(#"l",script(sscript(i)))))'),
        (r"\overbrace{a}^n+b", "attach(limits(overbrace(a)),t:n)bin(\\+)b"),
        ("x\u0304", "accent(x,macron,dotless:#false)"),
        (r"\begin{array}{c} a \\ \hline \end{array}", 'ruled(#"c",#(),#(1,),a)'),
        (
            r"\begin{array}{*{9}{c}} a & b \end{array}",
            "mat(delim:#none,row-gap:#(0.4em),column-gap:#(1.0em),inline(a),inline(b))",
        ),
    ],
)
def test_what_typst_gets(tex, expected):
    """Do exponents of a norm stand beside it, spaces stay, words keep theirs?"""
    assert written(tex) == [expected]


ATTACK = st.text(alphabet=st.sampled_from("#$*_`[]<>@\\/=-+~\"'(){} \nabpanic0;:|&!.^%"), min_size=1, max_size=60)
CALL = re.compile(r"(?<!\\)#(\w*)")
QUOTED = re.compile(r'("(?:\\.|[^"\\])*")')


@settings(deadline=None, max_examples=40)
@given(st.lists(ATTACK, min_size=20, max_size=20))
def test_no_formula_calls_anything(texts):
    """Can anything written between dollars run as Typst code, or stop the reader with an exception of its own?"""
    for made in written(*texts, *(rf"\text{{{text}}}" for text in texts), *(rf"\begin{{{text}}}" for text in texts)):
        calls = set(CALL.findall(QUOTED.sub("", made or "")))
        assert {name for name in calls if not name[:1].isdigit()} <= {"", "true", "false", "none"}


@settings(deadline=None, max_examples=15)
@given(st.lists(ATTACK, min_size=20, max_size=20))
def test_whatever_is_written_can_be_set(texts):
    """Does Typst take every formula that the reader takes?"""
    codes = [made for made in written(*texts) if made]
    code = "".join(f'#eval({json.dumps(code, ensure_ascii=False)}, mode: "math", scope: scope)\n' for code in codes)
    names = typeset.FORMULAS.read_text("utf-8")
    typst.compile(f"{names}\n${code}$".encode(), format="pdf")


def test_definitions_hold_from_there_on_and_in_their_notebook_only():
    """Does \\newcommand work across cells, as in the notebook, and not in another notebook?"""
    maths = [Maths(r"\newcommand{\R}{\mathbb{R}} x \in \R", False, 1), Maths(r"\R", False, 1), Maths(r"\R", False, 2)]
    first, second, other = write_formulas(maths)
    assert (first.text, second.text) == ("x/**/rel(\\∈)\\ℝ", "\\ℝ")
    assert other.unknown == ("\\R",)
    first, second = written(r"\vec{x}", r"\let\arrow\vec \renewcommand{\vec}[1]{\arrow{\mathbf{#1}}} \vec{x}")
    assert (first, second) == ("accent(x,arrow,dotless:#false)", "accent(\\𝐱,arrow,dotless:#false)")
    assert written(r"see \eqref{a}", r"x \tag{2} \label{a}")[0].endswith('"(2)"')
    assert written(r"\R", r"\def\R{\mathbb{R}}") == ["\\ℝ", ""]


@pytest.mark.parametrize(
    ("tex", "said"),
    [
        (r"\undefined{x}", r"the formula $\undefined{x}$: \undefined is not known, and shown by its name"),
        (r"\frac{1}", "the formula $\\frac{1}$ is shown as TeX: an argument of \\frac is missing"),
        (r"x_1_2", "is shown as TeX: two subscripts stand at one place"),
        (r"\left( x", "is shown as TeX: it ends too early"),
        (r"\def\x{\x\x}\x", "is shown as TeX: \\x stands for too much, or for itself"),
        ("{" * 300, "is shown as TeX: it is nested too deeply"),
        (r"\begin{picture}x\end{picture}", "the environment picture is not known"),
        ("x" + "{}" * 15_000, "is shown as TeX: it is too long"),
    ],
)
def test_what_cannot_be_read_is_named(tex, said):
    """Is a formula with a mistake shown as it was written, with the mistake, and the next one still set?"""
    markup = Markup()
    markup.add(MARKDOWN, f"${tex}$\n\n$x^2$", "here", None, {})
    (blocks,) = markup.resolved()
    assert len(markup.problems) == 1
    assert said in markup.problems[0].text
    assert blocks[-1]["c"] == [["maths", "attach(x,t:2)", "$x^2$"]]


def test_maths_becomes_mathml_for_pages():
    """Do feedback pages need no script for their formulas?"""
    (made,) = write_formulas([Maths("x_1 < 2", True)], "mathml")
    assert made.text.startswith('<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">')
    assert "<msub><mi>x</mi><mn>1</mn></msub>" in made.text
    assert "&lt;" in made.text


def test_names_of_functions_stand_apart_on_pages():
    """Does \\det A not read "detA" in a browser, while \\det(A) stays together?"""
    spaces = {r"x \det A": 2, r"\det(A)": 0, r"5 \bmod 2": 2, r"\operatorname*{arg\,max}_x f": 2, r"a \mathrel{R} b": 2}
    made = write_formulas([Maths(tex, False) for tex in spaces], "mathml")
    assert [one.text.count("<mspace") for one in made] == list(spaces.values())


@pytest.mark.parametrize(("word", "moves"), [("\\limits", "false"), ("", "true")])
def test_limits_of_a_sum_with_signs_at_its_sides_stand_where_they_are_asked_for(word, moves):
    """Does \\limits in a line hold for \\sideset too, where a browser asks the sign in the middle?"""
    (made,) = write_formulas([Maths(rf"\sideset{{}}{{^*}}\sum{word}_{{k=1}}^n a_k", False)], "mathml")
    assert f'movablelimits="{moves}">∑' in made.text


def test_strokes_stand_on_their_sign_on_pages():
    """Is \\not p a p struck out in a browser, and not a p and a stroke beside it?"""
    made = write_formulas([Maths(r"\not p", False), Maths(r"\centernot\implies", False)], "mathml")
    assert "<mi>𝑝\u0338</mi>" in made[0].text
    assert "⟹\u0338</mo>" in made[1].text
