"""The names of the TeX that notebooks show: signs by what they are to their neighbours, functions, fonts, accents.

Names and roles are those of MathJax 3 with the packages that JupyterLab loads.
"""

import unicodedata

from autograder.report.maths.tree import BIN, CLOSE, INNER, OP, OPEN, ORD, PUNCT, REL, Symbol

ITALIC = """
alpha α  beta β  gamma γ  delta δ  epsilon ϵ  zeta ζ  eta η  theta θ  iota ι  kappa κ  lambda λ  mu μ  nu ν  xi ξ
omicron ο  pi π  rho ρ  sigma σ  tau τ  upsilon υ  phi ϕ  chi χ  psi ψ  omega ω  varepsilon ε  vartheta ϑ  varpi ϖ
varrho ϱ  varsigma ς  varphi φ  hbar ℏ  imath ı  jmath ȷ  ell ℓ  partial ∂  prime ′  digamma ϝ  varkappa ϰ
varGamma Γ  varDelta Δ  varTheta Θ  varLambda Λ  varXi Ξ  varPi Π  varSigma Σ  varUpsilon Υ  varPhi Φ  varPsi Ψ
varOmega Ω  beth ℶ  gimel ℷ  daleth ℸ  hslash ℏ  Finv Ⅎ
"""
UPRIGHT = """
aleph ℵ  wp ℘  Re ℜ  Im ℑ  infty ∞  emptyset ∅  nabla ∇  top ⊤  bot ⊥  angle ∠  triangle △  backslash ∖  forall ∀
exists ∃  neg ¬  lnot ¬  flat ♭  natural ♮  sharp ♯  clubsuit ♣  diamondsuit ♢  heartsuit ♡  spadesuit ♠
backprime ‵  varnothing ∅  blacktriangle ▴  triangledown ▽  blacktriangledown ▾  square ◻  Box ◻  blacksquare ◼
lozenge ◊  Diamond ◊  blacklozenge ⧫  circledS Ⓢ  bigstar ★  sphericalangle ∢  measuredangle ∡  nexists ∄
complement ∁  mho ℧  eth ð  diagup ╱  Game ⅁  diagdown ╲  yen ¥  circledR ®  checkmark ✓  maltese ✠  ohm Ω  degree °
celsius ℃  perthousand ‰  micro µ  upalpha α  upbeta β  upgamma γ  updelta δ  upepsilon ϵ  upzeta ζ  upeta η
uptheta θ  upiota ι  upkappa κ  uplambda λ  upmu μ  upnu ν  upxi ξ  upomicron ο  uppi π  uprho ρ  upsigma σ  uptau τ
upupsilon υ  upphi ϕ  upchi χ  uppsi ψ  upomega ω  upvarepsilon ε  upvartheta ϑ  upvarpi ϖ  upvarrho ϱ  upvarsigma ς
upvarphi φ  Upgamma Γ  Updelta Δ  Uptheta Θ  Uplambda Λ  Upxi Ξ  Uppi Π  Upsigma Σ  Upupsilon Υ  Upphi Φ  Uppsi Ψ
Upomega Ω
"""
PLAIN = """
surd √  vdots ⋮  arrowvert ⏐  Arrowvert ‖  bracevert ⎪  Vert ‖  vert |  ulcorner ⌜  urcorner ⌝  llcorner ⌞
lrcorner ⌟
"""
LARGE = """
coprod ∐  bigvee ⋁  bigwedge ⋀  biguplus ⨄  bigcap ⋂  bigcup ⋃  int ∫  iint ∬  iiint ∭  prod ∏  sum ∑  bigotimes ⨂
bigoplus ⨁  bigodot ⨀  oint ∮  bigsqcup ⨆  smallint ∫  iiiint ⨌
"""
BINARY = """
triangleleft ◃  triangleright ▹  bigtriangleup △  bigtriangledown ▽  wedge ∧  land ∧  vee ∨  lor ∨  cap ∩  cup ∪
ddagger ‡  dagger †  sqcap ⊓  sqcup ⊔  uplus ⊎  amalg ⨿  diamond ⋄  bullet ∙  wr ≀  div ÷  divsymbol ÷  odot ⊙
oslash ⊘  otimes ⊗  ominus ⊖  oplus ⊕  mp ∓  pm ±  circ ∘  bigcirc ◯  setminus ∖  cdot ⋅  ast ∗  times ×  star ⋆
dotplus ∔  ltimes ⋉  smallsetminus ∖  rtimes ⋊  Cap ⋒  doublecap ⋒  leftthreetimes ⋋  Cup ⋓  doublecup ⋓
rightthreetimes ⋌  barwedge ⊼  curlywedge ⋏  veebar ⊻  curlyvee ⋎  doublebarwedge ⩞  boxminus ⊟  circleddash ⊝
boxtimes ⊠  circledast ⊛  boxdot ⊡  circledcirc ⊚  boxplus ⊞  centerdot ⋅  divideontimes ⋇  intercal ⊺
blacktriangleleft ◂  blacktriangleright ▸  vartriangle △
"""
RELATION = """
propto ∝  sqsubseteq ⊑  sqsupseteq ⊒  parallel ∥  mid ∣  dashv ⊣  vdash ⊢  leq ≤  le ≤  geq ≥  ge ≥  lt <  gt >
succ ≻  prec ≺  approx ≈  succeq ⪰  preceq ⪯  supset ⊃  subset ⊂  supseteq ⊇  subseteq ⊆  in ∈  ni ∋  notin ∉
owns ∋  gg ≫  ll ≪  sim ∼  simeq ≃  perp ⊥  equiv ≡  asymp ≍  smile ⌣  frown ⌢  ne ≠  neq ≠  cong ≅  doteq ≐
bowtie ⋈  models ⊨  Leftrightarrow ⇔  Leftarrow ⇐  Rightarrow ⇒  leftrightarrow ↔  leftarrow ←  gets ←  rightarrow →
to →  mapsto ↦  leftharpoonup ↼  leftharpoondown ↽  rightharpoonup ⇀  rightharpoondown ⇁  nearrow ↗  searrow ↘
nwarrow ↖  swarrow ↙  rightleftharpoons ⇌  hookrightarrow ↪  hookleftarrow ↩  longleftarrow ⟵  Longleftarrow ⟸
longrightarrow ⟶  Longrightarrow ⟹  Longleftrightarrow ⟺  longleftrightarrow ⟷  longmapsto ⟼  uparrow ↑  downarrow ↓
updownarrow ↕  Uparrow ⇑  Downarrow ⇓  Updownarrow ⇕  leqq ≦  geqq ≧  leqslant ⩽  geqslant ⩾  eqslantless ⪕
eqslantgtr ⪖  lesssim ≲  gtrsim ≳  lessapprox ⪅  gtrapprox ⪆  approxeq ≊  lessdot ⋖  gtrdot ⋗  lll ⋘  llless ⋘
ggg ⋙  gggtr ⋙  lessgtr ≶  gtrless ≷  lesseqgtr ⋚  gtreqless ⋛  lesseqqgtr ⪋  gtreqqless ⪌  doteqdot ≑  Doteq ≑
eqcirc ≖  risingdotseq ≓  circeq ≗  fallingdotseq ≒  triangleq ≜  backsim ∽  thicksim ∼  backsimeq ⋍  thickapprox ≈
subseteqq ⫅  supseteqq ⫆  Subset ⋐  Supset ⋑  sqsubset ⊏  sqsupset ⊐  preccurlyeq ≼  succcurlyeq ≽  curlyeqprec ⋞
curlyeqsucc ⋟  precsim ≾  succsim ≿  precapprox ⪷  succapprox ⪸  vartriangleleft ⊲  lhd ⊲  vartriangleright ⊳  rhd ⊳
trianglelefteq ⊴  unlhd ⊴  trianglerighteq ⊵  unrhd ⊵  vDash ⊨  Vdash ⊩  Vvdash ⊪  smallsmile ⌣  shortmid ∣
smallfrown ⌢  shortparallel ∥  bumpeq ≏  between ≬  Bumpeq ≎  pitchfork ⋔  varpropto ∝  backepsilon ∍  therefore ∴
because ∵  eqsim ≂  Join ⋈  nless ≮  ngtr ≯  nleq ≰  ngeq ≱  nleqslant ⪇  ngeqslant ⪈  nleqq ≰  ngeqq ≱  lneq ⪇
gneq ⪈  lneqq ≨  gneqq ≩  lvertneqq ≨  gvertneqq ≩  lnsim ⋦  gnsim ⋧  lnapprox ⪉  gnapprox ⪊  nprec ⊀  nsucc ⊁
npreceq ⋠  nsucceq ⋡  precneqq ⪵  succneqq ⪶  precnsim ⋨  succnsim ⋩  precnapprox ⪹  succnapprox ⪺  nsim ≁  ncong ≇
nshortmid ∤  nshortparallel ∦  nmid ∤  nparallel ∦  nvdash ⊬  nvDash ⊭  nVdash ⊮  nVDash ⊯  ntriangleleft ⋪
ntriangleright ⋫  ntrianglelefteq ⋬  ntrianglerighteq ⋭  nsubseteq ⊈  nsupseteq ⊉  nsubseteqq ⊈  nsupseteqq ⊉
subsetneq ⊊  supsetneq ⊋  varsubsetneq ⊊  varsupsetneq ⊋  subsetneqq ⫋  supsetneqq ⫌  varsubsetneqq ⫋
varsupsetneqq ⫌  leftleftarrows ⇇  rightrightarrows ⇉  leftrightarrows ⇆  rightleftarrows ⇄  Lleftarrow ⇚
Rrightarrow ⇛  twoheadleftarrow ↞  twoheadrightarrow ↠  leftarrowtail ↢  rightarrowtail ↣  looparrowleft ↫
looparrowright ↬  leftrightharpoons ⇋  curvearrowleft ↶  curvearrowright ↷  circlearrowleft ↺  circlearrowright ↻
Lsh ↰  Rsh ↱  upuparrows ⇈  downdownarrows ⇊  upharpoonleft ↿  upharpoonright ↾  downharpoonleft ⇃  restriction ↾
multimap ⊸  downharpoonright ⇂  leftrightsquigarrow ↭  rightsquigarrow ⇝  leadsto ⇝  dashrightarrow ⇢
dashleftarrow ⇠  nleftarrow ↚  nrightarrow ↛  nLeftarrow ⇍  nRightarrow ⇏  nleftrightarrow ↮  nLeftrightarrow ⇎
"""
DOTS = """
ldots …  cdots ⋯  ddots ⋱  dotsc …  dotsb ⋯  dotsm ⋯  dotsi ⋯  dotso …
"""
PUNCTUATION = """
ldotp .  cdotp ⋅  colon :
"""
GREEK = """
Gamma Γ  Delta Δ  Theta Θ  Lambda Λ  Xi Ξ  Pi Π  Sigma Σ  Upsilon Υ  Phi Φ  Psi Ψ  Omega Ω
"""
OPENING = """
lmoustache ⎰  lgroup ⟮  langle ⟨  lbrace {  lceil ⌈  lfloor ⌊  lbrack [
"""
CLOSING = """
rmoustache ⎱  rgroup ⟯  rangle ⟩  rbrace }  rceil ⌉  rfloor ⌋  rbrack ]
"""
TEXT = r"""
textasciicircum ^  textasciitilde ~  textasteriskcentered *  textbackslash \  textbar |  textbraceleft {
textbraceright }  textbullet •  textdagger †  textdaggerdbl ‡  textellipsis …  textemdash —  textendash –
textexclamdown ¡  textgreater >  textless <  textordfeminine ª  textordmasculine º  textparagraph ¶
textperiodcentered ·  textquestiondown ¿  textquotedblleft “  textquotedblright ”  textquoteleft ‘  textquoteright ’
textsection §  textunderscore _  textvisiblespace ␣  textacutedbl ˝  textasciiacute ´  textasciibreve ˘
textasciicaron ˇ  textasciidieresis ¨  textasciimacron ¯  textgravedbl ˵  texttildelow ˷  textbaht ฿  textcent ¢
textcolonmonetary ₡  textcurrency ¤  textdollar $  textdong ₫  texteuro €  textflorin ƒ  textguarani ₲  textlira ₤
textnaira ₦  textpeso ₱  textsterling £  textwon ₩  textyen ¥  textcircledP ℗  textcompwordmark ‌  textcopyleft 🄯
textcopyright ©  textregistered ®  textservicemark ℠  texttrademark ™  textbardbl ‖  textbigcircle ◯  textblank ␢
textbrokenbar ¦  textdiscount ⁒  textestimated ℮  textinterrobang ‽  textinterrobangdown ⸘  textmusicalnote ♪
textnumero №  textopenbullet ◦  textpertenthousand ‱  textperthousand ‰  textrecipe ℞  textreferencemark ※
textlangle 〈  textrangle 〉  textlbrackdbl ⟦  textrbrackdbl ⟧  textlquill ⁅  textrquill ⁆  textcelsius ℃
textdegree °  textdiv ÷  textdownarrow ↓  textfractionsolidus ⁄  textleftarrow ←  textlnot ¬  textmho ℧  textminus −
textmu µ  textohm Ω  textonehalf ½  textonequarter ¼  textonesuperior ¹  textpm ±  textrightarrow →  textsurd √
textthreequarters ¾  textthreesuperior ³  texttimes ×  texttwosuperior ²  textuparrow ↑  textborn *  textdied †
textdivorced ⚮  textmarried ⚭
"""
FUNCTIONS = """
arccos arcsin arctan arg cos cosh cot coth csc deg dim exp hom ker lg ln log sec sin sinh tan tanh
"""
LIMIT_FUNCTIONS = """
det gcd inf lim max min Pr sup liminf limsup injlim projlim
"""
FUNCTION_NAMES = {
    "liminf": "lim\u2009inf",
    "limsup": "lim\u2009sup",
    "injlim": "inj\u2009lim",
    "projlim": "proj\u2009lim",
}
SIDE_SCRIPTS = "∫∬∭∮⨌"

# What JupyterLab's MathJax does not know, though students use it, and names of one sign that are whole words elsewhere.
MORE = {
    "P": Symbol("¶", kind="sign", font="normal"),
    "S": Symbol("§", kind="sign", font="normal"),
    "copyright": Symbol("©", kind="sign", font="normal"),
    "pounds": Symbol("£", kind="sign", font="normal"),
    "dag": Symbol("†", BIN, "sign", "normal"),
    "ddag": Symbol("‡", BIN, "sign", "normal"),
    "oiint": Symbol("∯", OP, "sign", "normal", False),
    "oiiint": Symbol("∰", OP, "sign", "normal", False),
    "euro": Symbol("€", kind="sign", font="normal"),
    "intop": Symbol("∫", OP, "sign", "normal", None),
    "Bbbk": Symbol("k", font="double-struck"),
    "|": Symbol("‖", kind="sign", font="normal"),
    "{": Symbol("{", OPEN, "sign", "normal"),
    "}": Symbol("}", CLOSE, "sign", "normal"),
    "coloneqq": Symbol("≔", REL, "sign", "normal"),
    "colonequals": Symbol("≔", REL, "sign", "normal"),
    "eqqcolon": Symbol("≕", REL, "sign", "normal"),
    "dblcolon": Symbol("∷", REL, "sign", "normal"),
    "Coloneqq": Symbol("⩴", REL, "sign", "normal"),
    "lparen": Symbol("(", OPEN, "sign", "normal"),
    "rparen": Symbol(")", CLOSE, "sign", "normal"),
    "lvert": Symbol("|", OPEN, "sign", "normal"),
    "rvert": Symbol("|", CLOSE, "sign", "normal"),
    "lVert": Symbol("‖", OPEN, "sign", "normal"),
    "rVert": Symbol("‖", CLOSE, "sign", "normal"),
    "llbracket": Symbol("⟦", OPEN, "sign", "normal"),
    "rrbracket": Symbol("⟧", CLOSE, "sign", "normal"),
    **{
        f"empheq{big}{side}{name}": Symbol(signs[side == "r"], role, "sign", "normal")
        for name, signs in {
            "brace": "{}",
            "brack": "[]",
            "angle": "⟨⟩",
            "paren": "()",
            "vert": "||",
            "Vert": "‖‖",
            "floor": "⌊⌋",
            "ceil": "⌈⌉",
        }.items()
        for side, role in (("l", OPEN), ("r", CLOSE))
        for big in ("", "big")
    },
    "Alpha": Symbol("Α", font="normal"),
    "Beta": Symbol("Β", font="normal"),
}
# A character as it is typed.
TYPED = {
    "+": BIN, "-": BIN, "*": BIN, "=": REL, "<": REL, ">": REL, ":": REL, "(": OPEN, "[": OPEN, ")": CLOSE,
    "]": CLOSE, ",": PUNCT, ";": PUNCT, "!": CLOSE, "?": CLOSE, "/": ORD, "|": ORD, ".": ORD, "@": ORD, '"': ORD,
    "`": ORD, "·": BIN, "×": BIN, "÷": BIN, "−": BIN, "±": BIN, "…": INNER, "⋯": INNER, "‖": ORD, "∥": REL,
    "′": ORD,
}  # fmt: skip
SHOWN = {"-": "−", "*": "∗", "`": "‘"}  # typed → shown


def pairs(table: str) -> dict[str, str]:
    words = table.split()
    return dict(zip(words[::2], words[1::2], strict=True))


def symbols() -> dict[str, Symbol]:
    """Name → symbol, of every command that stands for one sign or for a function."""
    found = {name: Symbol(sign) for name, sign in pairs(ITALIC).items()}
    found |= {name: Symbol(sign, font="normal") for name, sign in {**pairs(UPRIGHT), **pairs(GREEK)}.items()}
    roles = (
        (PLAIN, ORD), (BINARY, BIN), (RELATION, REL), (DOTS, INNER), (PUNCTUATION, PUNCT), (OPENING, OPEN),
        (CLOSING, CLOSE),
    )  # fmt: skip
    for table, role in roles:
        found |= {name: Symbol(sign, role, "sign", "normal") for name, sign in pairs(table).items()}
    for name, sign in pairs(LARGE).items():
        found[name] = Symbol(sign, OP, "sign", "normal", False if sign in SIDE_SCRIPTS else None)
    found |= {name: Symbol(name, OP, "name", "normal", False) for name in FUNCTIONS.split()}
    for name in LIMIT_FUNCTIONS.split():
        found[name] = Symbol(FUNCTION_NAMES.get(name, name), OP, "name", "normal", None)
    found |= {name: Symbol(sign, kind="sign", font="normal") for name, sign in pairs(TEXT).items()}
    return found | MORE


SYMBOLS = symbols()
BY_SIGN = {symbol.text: symbol for symbol in reversed(SYMBOLS.values()) if symbol.kind == "sign"}
CAPITALS = set(pairs(GREEK))


def typed(char: str) -> Symbol:
    """The symbol that a character typed as itself stands for."""
    if char in TYPED:
        return Symbol(SHOWN.get(char, char), TYPED[char], "sign", "normal")
    if char in BY_SIGN:
        return BY_SIGN[char]
    category = unicodedata.category(char)
    if category[0] == "L":
        return Symbol(char)
    if category[0] == "N":
        return Symbol(char, ORD, "number", "normal")
    role = REL if "\u2190" <= char <= "\u21ff" or "\u2260" <= char <= "\u228b" else ORD
    return Symbol(char, role, "sign", "normal")


FONTS = {
    "mathrm": "normal", "mathup": "normal", "mathbf": "bold", "mathit": "word-italic", "mathnormal": "",
    "mathsf": "sans-serif", "mathtt": "monospace", "mathbb": "double-struck", "Bbb": "double-struck",
    "mathfrak": "fraktur", "frak": "fraktur", "mathcal": "calligraphic", "mathscr": "script",
    "mathbfit": "bold-italic", "mathbfcal": "bold-calligraphic", "mathbfup": "bold", "mathbfscr": "bold-script",
    "mathbfsf": "bold-sans-serif", "mathbffrak": "bold-fraktur", "mathsfit": "sans-serif-italic",
    "mathds": "double-struck", "mathbbm": "double-struck", "symbf": "bold-italic", "symup": "normal",
    "symrm": "normal", "symit": "italic", "symbb": "double-struck", "symcal": "calligraphic", "symscr": "script",
    "mathsfup": "sans-serif", "mathbfsfup": "bold-sans-serif", "mathbfsfit": "bold-sans-serif", "symnormal": "",
    "symbfup": "bold", "symbffrak": "bold-fraktur", "symbfscr": "bold-script", "symbfcal": "bold-calligraphic",
    "symsfup": "sans-serif", "symbfsf": "bold-sans-serif", "symbfsfup": "bold-sans-serif",
    "symsfit": "sans-serif-italic", "symbfsfit": "bold-sans-serif", "symfrak": "fraktur",
    "symsf": "sans-serif", "symtt": "monospace", "symbfit": "bold-italic",
}  # fmt: skip
FONT_SWITCHES = {
    "rm": "normal", "bf": "bold", "it": "word-italic", "mit": "italic", "cal": "calligraphic", "sf": "sans-serif",
    "tt": "monospace", "bbFont": "double-struck", "scr": "script", "oldstyle": "normal",
}  # fmt: skip
TEXT_FONTS = {
    "text": "", "mbox": "", "hbox": "", "textrm": "normal", "textnormal": "normal", "textup": "normal",
    "textbf": "bold", "textit": "italic", "emph": "italic", "textsl": "italic", "textsf": "sans-serif",
    "texttt": "monospace", "textmd": "", "textsc": "",
}  # fmt: skip
SIZES = {
    "tiny": 0.5, "Tiny": 0.6, "scriptsize": 0.7, "footnotesize": 0.8, "small": 0.85, "normalsize": 1.0, "large": 1.2,
    "Large": 1.44, "LARGE": 1.73, "huge": 2.07, "Huge": 2.49,
}  # fmt: skip
STYLES = {"displaystyle": "D", "textstyle": "T", "scriptstyle": "S", "scriptscriptstyle": "SS"}
SPACES = {
    ",": 1 / 6, ":": 2 / 9, ">": 2 / 9, ";": 5 / 18, "!": -1 / 6, " ": 0.25, "\n": 0.25, "space": 0.25,
    "nobreakspace": 0.25, "enspace": 0.5, "enskip": 0.5, "quad": 1.0, "qquad": 2.0, "thinspace": 1 / 6,
    "medspace": 2 / 9, "thickspace": 5 / 18, "negthinspace": -1 / 6, "negmedspace": -2 / 9, "negthickspace": -5 /
    18, "/": 0.0,
}  # fmt: skip
ACCENTS = {
    "hat": "^", "widehat": "^", "tilde": "~", "widetilde": "~", "bar": "¯", "vec": "→", "dot": "˙", "ddot": "¨",
    "dddot": "⃛", "ddddot": "⃜", "check": "ˇ", "breve": "˘", "acute": "´", "grave": "`", "mathring": "˚",
    "overline": "―", "overrightarrow": "→", "overleftarrow": "←", "overleftrightarrow": "↔", "overbrace": "⏞",
    "overparen": "⏜", "overbracket": "⎴", "underline": "―", "underbrace": "⏟", "underparen": "⏝", "underbracket": "⎵",
    "underrightarrow": "→", "underleftarrow": "←", "underleftrightarrow": "↔",
}  # fmt: skip
# Marks over the character before them.
COMBINING = {"\u0300": "`", "\u0301": "´", "\u0302": "^", "\u0303": "~", "\u0304": "¯", "\u0305": "¯", "\u0306": "˘",
             "\u0307": "˙", "\u0308": "¨", "\u030a": "˚", "\u030c": "ˇ", "\u20d7": "→"}  # fmt: skip
NARROW = {
    "hat",
    "tilde",
    "bar",
    "vec",
    "dot",
    "ddot",
    "dddot",
    "ddddot",
    "check",
    "breve",
    "acute",
    "grave",
    "mathring",
}
ARROWS = {
    "xrightarrow": "→", "xleftarrow": "←", "xleftrightarrow": "↔", "xRightarrow": "⇒", "xLeftarrow": "⇐",
    "xLeftrightarrow": "⇔", "xhookrightarrow": "↪", "xhookleftarrow": "↩", "xmapsto": "↦", "xlongequal": "=",
    "xtwoheadrightarrow": "↠", "xtwoheadleftarrow": "↞", "xrightharpoonup": "⇀", "xrightharpoondown": "⇁",
    "xleftharpoonup": "↼", "xleftharpoondown": "↽", "xrightleftharpoons": "⇌", "xleftrightharpoons": "⇋",
    "xtofrom": "⇄", "xRightleftharpoons": "⇌", "xLeftrightharpoons": "⇌",
}  # fmt: skip
BIG = {"big": 1.2, "Big": 1.8, "bigg": 2.4, "Bigg": 3.0}
BIG_ROLES = {"": ORD, "l": OPEN, "r": CLOSE, "m": REL}
ROLES = {
    "mathord": ORD, "mathop": OP, "mathbin": BIN, "mathrel": REL, "mathopen": OPEN, "mathclose": CLOSE,
    "mathpunct": PUNCT, "mathinner": INNER,
}  # fmt: skip
# After \left, \right, \middle, \big: what is not a sign of its own.
DELIMITERS = {".": "", "<": "⟨", ">": "⟩", "/": "/", "|": "|", "(": "(", ")": ")", "[": "[", "]": "]"}
DELIMITER_NAMES = set(pairs(OPENING)) | set(pairs(CLOSING)) | {
    "uparrow", "downarrow", "updownarrow", "Uparrow", "Downarrow", "Updownarrow", "backslash", "vert", "Vert", "|", "{",
    "}", "lvert", "rvert", "lVert", "rVert", "ulcorner", "urcorner", "llcorner", "lrcorner", "lparen", "rparen", "lt",
    "gt", "arrowvert", "Arrowvert", "bracevert", "llbracket", "rrbracket", "mid", "parallel",
}  # fmt: skip
# What stands for other TeX, as MathJax has it; the number of arguments.
ABBREVIATIONS = {
    "iff": (r"\;\Longleftrightarrow\;", 0),
    "implies": (r"\;\Longrightarrow\;", 0),
    "impliedby": (r"\;\Longleftarrow\;", 0),
    "pmod": (r"\quad(\mathrm{mod}\kern 6mu #1)", 1),
    "mod": (r"\quad\mathrm{mod}\,\,#1", 1),
    "pod": (r"\quad(#1)", 1),
    "bmod": (r"\mathbin{\mathrm{mod}}", 0),
    "stackrel": (r"\mathrel{\overset{#1}{#2}}", 2),
    "stackbin": (r"\mathbin{\overset{#1}{#2}}", 2),
    "boxed": (r"\fbox{$\displaystyle{#1}$}", 1),
    "varliminf": (r"\mathop{\underline{\mathrm{lim}}}", 0),
    "varlimsup": (r"\mathop{\overline{\mathrm{lim}}}", 0),
    "idotsint": (r"\int\cdots\int", 0),
    "TeX": (r"T\kern-.14em\lower.5ex{E}\kern-.115em X", 0),
    "LaTeX": (r"L\kern-.325em\raise.21em{\scriptstyle{A}}\kern-.17em\TeX", 0),
    "varinjlim": (r"\mathop{\underrightarrow{\mathrm{lim}}}", 0),
    "varprojlim": (r"\mathop{\underleftarrow{\mathrm{lim}}}", 0),
    "centercolon": (r"\mathrel{:}", 0),
    "ordinarycolon": (r"\mathrel{:}", 0),
    "vcentcolon": (r"\mathrel{:}", 0),
    "MTThinColon": (r"\mathrel{:}", 0),
    "coloneq": (r"\mathrel{:-}", 0),
    "Coloneq": (r"\mathrel{::-}", 0),
    "eqcolon": (r"\mathrel{-:}", 0),
    "Eqcolon": (r"\mathrel{-::}", 0),
    "Eqqcolon": (r"\mathrel{=::}", 0),
    "colonapprox": (r"\mathrel{:\approx}", 0),
    "Colonapprox": (r"\mathrel{::\approx}", 0),
    "colonsim": (r"\mathrel{:\sim}", 0),
    "Colonsim": (r"\mathrel{::\sim}", 0),
    "nuparrow": (r"\not\uparrow", 0),
    "ndownarrow": (r"\not\downarrow", 0),
    "ketbra": (r"{\vert {#1} \rangle\langle {#2} \vert}", 2),
    "Ketbra": (r"{\left\vert {#1} \right\rangle\left\langle {#2} \right\vert}", 2),
    "Braket": (r"\left\langle {#1} \right\rangle", 1),
    "longrightleftharpoons": (r"\xrightleftharpoons{\quad}", 0),
    "longRightleftharpoons": (
        r"\mathrel{\mathrlap{\lower.15em{\kern.25em{\leftharpoondown}}}\raise.15em{{\xrightharpoonup{\quad}}}}",
        0,
    ),
    "longLeftrightharpoons": (
        r"\mathrel{\mathrlap{\raise.15em{\kern.25em{\rightharpoonup}}}\lower.15em{{\xleftharpoondown{\quad}}}}",
        0,
    ),
    "longleftrightarrows": (r"\xtofrom{\quad}", 0),
    "tripledash": (r"\raise.13em{\scriptscriptstyle\kern.15em\text{-}\kern.1em\text{-}\kern.1em\text{-}\kern.15em}", 0),
    "bra": (r"{\langle {#1} |}", 1),
    "ket": (r"{| {#1} \rangle}", 1),
    "braket": (r"{\langle {#1} \rangle}", 1),
    "Bra": (r"\left\langle {#1} \right|", 1),
    "Ket": (r"\left| {#1} \right\rangle", 1),
    "set": (r"\{ {#1} \}", 1),
    "Set": (r"\left\{ {#1} \right\}", 1),
    "dotsc": (r"\ldots", 0),
    "dotso": (r"\ldots", 0),
    "dotsb": (r"\cdots", 0),
    "dotsm": (r"\cdots", 0),
    "dotsi": (r"\cdots", 0),
    "adjustlimits": (r"\mathop{#1}_{#2}\mathop{#3}_{#4}", 4),
    "bigtimes": (r"\mathop{\times}", 0),
    "qty": (r"\left( #1 \right)", 1),
}
TEXT_ACCENTS = {"'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307",
                "u": "\u0306", "v": "\u030c", "c": "\u0327", "H": "\u030b", "r": "\u030a"}  # fmt: skip
