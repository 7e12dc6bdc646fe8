"""The quick lexers give what Pygments gives."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ipython_pygments_lexers import IPython3Lexer
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name

from autograder.report import lexing
from autograder.report.lexing import quick

SOURCE = Path(lexing.__file__).read_text("utf-8")
CODE = {
    "ipython": [
        SOURCE,
        "%%time\nx = 1 % y\n",
        "  %%bash\nls -l | wc\n",
        "!pip install x\n%matplotlib inline\nnp.array?\n??f\nx != y\n",
        "f'{x!r:>{w}}' rb'\\x00' '''open",
        "@a.b\nclass A(B):\n\tdef f(self, *, x: int = 0x_ff) -> 'A': ...\n",
        "match x:\n    case 1j | 0b1: raise E from e\nélan = ‘’ $ £\n",
    ],
    "r": ["x <- c(1, 2)  # R\nf <- function(a, ...) { if (a %in% b) NULL else TRUE }\n'open"],
    "julia": ['f(x::Int) = x^2 |> √  # Julia\nmacro m(e) :($e) end\n"$(a)" ```cmd``` #= open'],
    "sql": ["SELECT a, 'b' FROM t -- c\nWHERE /* d */ x >= 1;"],
    "matlab": ["x = [1 2; 3 4]';  % c\nif x == 1, disp('a'), end"],
}


def lexer_of(name: str) -> Lexer:
    options = {"stripnl": False, "ensurenl": False}
    return IPython3Lexer(**options) if name == "ipython" else get_lexer_by_name(name, **options)


@pytest.mark.parametrize("language", CODE)
def test_a_quick_lexer_gives_the_same_tokens(language):
    """Is code coloured as before, in every language that notebooks are often in?"""
    fast = quick(lexer_of(language))
    assert "get_tokens_unprocessed" in vars(fast)
    for text in CODE[language]:
        assert list(fast.get_tokens(text)) == list(lexer_of(language).get_tokens(text))


PIECES = st.sampled_from(
    ["'", '"', '"""', "'''", "f'", "{", "}", "\\", "\n", " ", "%%", "%", "!", "?", "#", "@", "def ", "x", "1e", "class"]
)


@settings(deadline=None, max_examples=100)
@given(st.lists(PIECES, max_size=30))
def test_whatever_is_written_has_the_same_tokens(pieces):
    """Do strings, magics and brackets that are left open change nothing?"""
    text = "".join(pieces)
    assert list(quick(lexer_of("ipython")).get_tokens(text)) == list(lexer_of("ipython").get_tokens(text))


def test_a_lexer_with_a_way_of_its_own_keeps_it():
    """Is a lexer that doesn't read by rules alone left as it is?"""
    plain = get_lexer_by_name("json")
    assert quick(plain) is plain
    assert "get_tokens_unprocessed" not in vars(plain)
