"""Usual mistakes, made from a solution's text."""

import ast

import pytest

from autograder.expect.mutants import each_mutant, misfits, mutants, two_mistakes
from autograder.regions import blank, find_regions, hollow, without_mistakes

BEGIN, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"
LOSS = '''def loss(w, x, y, reg):
    """Half the mean squared error and an L2 term."""
    # ===== START YOUR CODE HERE =====
    # TODO: the loss, a number.
    error = x @ w - y
    total = 0.5 * np.sum(error**2) / len(x) + 0.5 * reg * np.sum(w**2)
    # ====== END YOUR CODE HERE ======
    return total
'''
WRITTEN = """def double(x):
    # ===== START YOUR CODE HERE =====
    # TODO: twice x.
    #! mistake "x is squared":
    #!     y = x**2
    y = 2 * x
    # ====== END YOUR CODE HERE ======
    return y
"""


def of(text: str) -> dict[str, list[str]]:
    """Sentence -> the bodies that it belongs to."""
    found: dict[str, list[str]] = {}
    for mutant in mutants(text, find_regions(text)[0], wide=True):
        found.setdefault(mutant.said, []).append(mutant.text)
    return found


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("the term with `reg` is missing", "total = (0.5 * np.sum(error ** 2) / len(x))"),
        ("a ½ is missing", "total = 0.5 * np.sum(error**2) / len(x) + (reg) * np.sum(w**2)"),
        ("a square is missing", "total = 0.5 * np.sum(error) / len(x) + 0.5 * reg * np.sum(w**2)"),
        ("a mean stands where a sum belongs", "total = 0.5 * np.mean(error ** 2) / len(x) + 0.5 * reg * np.sum(w**2)"),
        (
            "it is not divided by the number that the average is over",
            "total = (0.5 * np.sum(error ** 2)) + 0.5 * reg * np.sum(w**2)",
        ),
        ("a difference is taken the other way round", "error = (y - x @ w)"),
    ],
)
def test_usual_mistakes_are_among_them(said, line):
    """Is each of these mistakes made, under the sentence that says it?"""
    lines = {ast.unparse(ast.parse(line))}
    made = {
        ast.unparse(statement)
        for text in of(LOSS)[said]
        for statement in ast.walk(ast.parse(text))
        if isinstance(statement, ast.Assign)
    }
    assert lines <= made


def test_a_mistake_made_everywhere_is_one_too():
    """Is a square that is missing in both places at once a mistake of its own?"""
    both = [text for text in of(LOSS)["a square is missing"] if "**" not in text]
    assert len(both) == 1


def test_every_mistake_is_python_and_changes_the_region_alone():
    """Is everything outside of the region as it was?"""
    for mutant in mutants(LOSS, find_regions(LOSS)[0]):
        ast.parse(mutant.text)
        assert mutant.text != LOSS
        assert mutant.text.split("\n")[:4] == LOSS.split("\n")[:4]
        assert mutant.text.endswith("    return total\n")


def test_each_mistake_is_made_when_it_is_asked_for(monkeypatch):
    """Where the first ones are tried and no more: are the others not even looked at?"""
    looked = []
    monkeypatch.setattr("autograder.expect.mutants.fits", lambda text, *_: looked.append(text) or True)
    made = each_mutant(LOSS, find_regions(LOSS)[0])
    first = [next(made).text, next(made).text]
    assert looked == first


def test_sentences_show_no_line_of_the_solution():
    """Do sentences name only what the released text shows: parameters, and what is outside of the region?"""
    for said in of(LOSS):
        assert "error" not in said
        assert "np.sum" not in said


def test_an_authors_mistake_comes_first_and_is_not_released():
    """Is what an author wrote beside the solution a mistake, and gone from the text that is run?"""
    first = mutants(WRITTEN, find_regions(WRITTEN)[0])[0]
    assert first.by_author
    assert first.said == "x is squared"
    assert "    y = x**2\n    # ====== END" in first.text
    assert 'mistake "x is squared"' not in without_mistakes(WRITTEN)
    assert "#!     y" not in without_mistakes(WRITTEN)
    assert "    y = 2 * x" in without_mistakes(WRITTEN)
    given = hollow(WRITTEN, dict.fromkeys(find_regions(WRITTEN)))
    assert given == "def double(x):\n    y = 2 * x\n    return y\n"
    assert "squared" not in blank(WRITTEN, "double")


def test_a_written_mistake_may_replace_parts_of_the_solution():
    """Is each pair of old and new code taken everywhere, and is one that does not fit named?"""
    text = WRITTEN.replace("    #!     y = x**2", "    #!     2 * x => 2 * x * x\n    #!     y = => y = 0 +")
    region = find_regions(text)[0]
    assert "    y = 0 + 2 * x * x\n    # ====== END" in mutants(text, region)[0].text
    assert list(misfits(text, region)) == []
    other = text.replace("2 * x =>", "3 * x =>")
    assert not mutants(other, region)[0].by_author
    assert list(misfits(other, region)) == [(4, 'mistake "x is squared": there is no  3 * x  in the solution')]
    broken = text.replace("=> y = 0 +", "=> y = 0 + (")
    assert list(misfits(broken, region)) == [(4, 'mistake "x is squared": with it, the region is not Python')]


def test_an_update_that_comes_too_late_is_a_mistake():
    """Is a step that keeps a running value tried behind the one that needs it, and left where nothing does?"""
    body = "    cache = 0.9 * cache + dw\n    w = w - dw / cache\n"
    text = f"def step(w, dw, cache):\n    {BEGIN}\n{body}    {END}\n    return w, cache\n"
    said = "the update of `cache` comes too late: an earlier step needs it"
    late = "    w = w - dw / cache\n    cache = 0.9 * cache + dw\n"
    assert of(text)[said] == [text.replace(body, late)]
    assert "the update of `w` comes too late: an earlier step needs it" not in of(text)


def test_what_is_not_python_has_no_mistakes():
    """Is a text that cannot be parsed left alone?"""
    text = "# ===== START YOUR CODE HERE =====\nx = = 1\n# ====== END YOUR CODE HERE ======\n"
    assert mutants(text, find_regions(text)[0]) == []


def test_an_input_that_is_changed_in_place_is_a_mistake():
    """Is a product taken into a parameter, and a bound cut off in it?"""
    body = "    dx = dout * (x > 0)\n    out = np.maximum(0, x)\n"
    text = f"def back(dout, x):\n    {BEGIN}\n{body}    {END}\n    return dx\n"
    made = [text.split("\n")[2:-3] for text in of(text)["an input is changed in place"]]
    assert ["    dout *= x > 0", "    dx = dout", "    out = np.maximum(0, x)"] in made
    assert ["    dx = dout * (x > 0)", "    out = np.maximum(0, x, out=x)"] in made


@pytest.mark.parametrize(
    ("line", "said", "changed"),
    [
        ("y = x / (np.sqrt(v) + eps)", "`eps` stands inside of the root", "y = x / np.sqrt(v + eps)"),
        ("y = x / np.sqrt(v + eps)", "`eps` stands outside of the root", "y = x / (np.sqrt(v) + eps)"),
        ("y = np.sqrt(v / eps)", "the root is taken of one part only", "y = np.sqrt(v) / eps"),
        ("y = x * (v + eps)", "brackets are missing around a sum or a product", "y = x * v + eps"),
        ("y = (x - v) / eps", "brackets are missing around a sum or a product", "y = x - v / eps"),
        ("y = x / (2 * eps)", "brackets are missing around a sum or a product", "y = x / 2 * eps"),
        ("y = p * x", "1 - `p` stands where `p` belongs", "y = (1 - p) * x"),
        ("y = x[rows(), v]", "whole columns are taken, not one entry of each row", "y = x[:, v]"),
        ("y = np.sum(x**2)", "a sum is squared where squares should be added", "y = np.sum(x) ** 2"),
        ("y = np.sum(x * x)", "magnitudes are added, not squares", "y = np.sum(np.abs(x))"),
        ("y = x.sum()", "squares are added, not the values", "y = (x**2).sum()"),
        ("y = x.reshape(len(x), -1)", "reshape mixes the entries of different rows", "y = x.reshape(-1, len(x)).T"),
        ("y = x.T", "reshape stands where a transpose belongs: it moves no axes", "y = x.reshape(x.T.shape)"),
        ("y = p ** v", "an exponent is off by one", "y = p ** (v + 1)"),
        ("y = np.maximum(0, x)", "it is cut off at 1 as well", "y = np.clip(x, 0, 1)"),
        ("y = x * (v > 0)", "the sign stands where a mask of 0 and 1 belongs", "y = x * np.sign(v)"),
        ("y = x * (v > 0)", "a value is multiplied in where a mask of 0 and 1 belongs", "y = x * v"),
        ("y = eps + v", "there is a factor `p` too many", "y = p * eps + v"),
        ("y = np.exp(x)", "`y` is squared", "y = np.exp(x) ** 2"),
        ("y = x[v(), eps]", "an index is off by one", "y = x[v(), eps - 1]"),
        ("y = x.mean(axis=0)", "a median stands where a mean belongs", "y = np.median(x, axis=0)"),
        ("y = x + v", "it is multiplied where it should be added", "y = x * v"),
        ("y = x; y += v", "the term with `v` is not added to `y`", "y = x; pass"),
        ("y = x; y /= len(x)", "`y` is not divided by the number that the average is over", "y = x; pass"),
        ("n = len(x); y = n * x", "N - 1 stands where N belongs", "n = len(x); y = (n - 1) * x"),
        ("y = p * x", "it is divided by what has `p` in it, where it should be multiplied", "y = x / p"),
        ("y = np.maximum(0, x)", "what a function is called with has the other sign", "y = np.maximum(0, -x)"),
        ("y = x / v", "the square of `v` stands in place of the value", "y = x / v**2"),
        ("y = x / v", "the root of `v` stands in place of the value", "y = x / np.sqrt(v)"),
        ("y = x @ v", "a product is divided by the number that it sums over", "y = x @ v / x.shape[1]"),
        ("y = np.exp(x) + eps", "`v` stands where `eps` belongs", "y = np.exp(x) + v"),
        ("n = len(x); y = n * x", "a factor is missing: a number of entries, such as N", "n = len(x); y = x"),
    ],
)
def test_mistakes_of_students(line, said, changed):
    """Is each of these made, under the sentence that says it?"""
    text = f"def f(x, v, eps, p):\n    {BEGIN}\n    # TODO: y.\n    {line}\n    {END}\n    return y\n"
    wanted = ast.unparse(ast.parse(text.replace(line, changed)))
    assert wanted in [ast.unparse(ast.parse(one)) for one in of(text)[said]]


def test_a_loop_that_does_one_round_is_a_mistake():
    """Is a loop tried that ends after its first round, and one that does its last alone?"""
    text = (
        f"def f(x):\n    y = 0\n    {BEGIN}\n    for i in range(len(x)):\n        y += x[i]\n    {END}\n    return y\n"
    )
    given = []
    for said in ("a loop ends after its first round", "a loop does its last round only"):
        names: dict = {}
        exec(of(text)[said][0], names)
        given.append(names["f"]([1, 20, 300]))
    assert given == [1, 300]


def test_a_factor_may_be_missing_in_one_place_alone():
    """Is a variable that is read twice tried without its factor in each of the places?"""
    body = "    back = dout * mask\n    dw = x * back\n    db = 1 * back\n"
    text = f"def f(dout, mask, x):\n    {BEGIN}\n{body}    {END}\n    return dw, db\n"
    made = of(text)["a factor of a variable is missing in one place that uses it"]
    assert text.replace("1 * back", "1 * dout") in made
    assert text.replace("x * back", "x * dout") in made


def test_a_setting_of_the_object_is_named():
    """Is self.reg called `reg`, which the released text shows, and what a region alone has not?"""
    text = f"""class Net:
    def __init__(self, reg):
        self.reg = reg

    def loss(self, w):
        {BEGIN}
        self.kept = 3 * w
        total = w + self.reg * w
        {END}
        return total
"""
    said = of(text)
    assert "the factor with `reg` is missing" in said
    assert not any("kept" in sentence for sentence in said)


def test_another_way_to_write_the_solution_has_mistakes_too():
    """Are its automatic mistakes tried where a value is to be recognised, and only there, and is it never released?"""
    way = "    #! another way:\n    #!     y = x\n    #!     y = y + x\n    y = 2 * x"
    text = WRITTEN.replace("    y = 2 * x", way)
    region = find_regions(text)[0]
    wide = [mutant.text for mutant in mutants(text, region, wide=True)]
    assert any("    # TODO: twice x.\n    y = x\n    y = (y - x)\n    # ====== END" in one for one in wide)
    assert not any("y - x" in one.text for one in mutants(text, region))
    assert [mutant.said for mutant in mutants(text, region) if mutant.by_author] == ["x is squared"]
    assert without_mistakes(text) == without_mistakes(WRITTEN)
    broken = text.replace("y = y + x", "y = y +")
    assert list(misfits(broken, region)) == [(6, "another way: with it, the region is not Python")]


def test_two_mistakes_at_once():
    """Are two usual mistakes made in one text, and both said?"""
    found = {one.said: one for one in two_mistakes(LOSS, find_regions(LOSS)[0])}
    both = found["a + and a - are exchanged, and the factor with `reg` is missing"]
    assert "error = (x @ w + y)" in both.text
    assert "/ len(x) + 0.5 * np.sum(w**2)" in both.text
    assert both.two
