"""Given code that a student's regions take in is found, and nothing else is called that."""

import pytest

from autograder.edits import lay_files
from autograder.given import taken_in
from autograder.regions import find_regions, splice

BEGIN, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"
RELEASED = f'''import numpy as np


def loss_of(scores, y):
    """The mean loss."""
    {BEGIN}
    raise NotImplementedError("loss_of")
    {END}
    loss = loss / len(y)
    if loss < 0:
        raise ValueError("a negative loss")
    {BEGIN}
    raise NotImplementedError("loss_of")
    {END}
    return loss


def given(x):
    return x + 1
'''


def laid(first: str, second: str, released: str = RELEASED) -> list[int]:
    """The lines of given code that these two regions take in."""
    parts = released.split('    raise NotImplementedError("loss_of")\n')
    result = splice(parts[0] + first + parts[1] + second + parts[2], released)
    assert result.edits == ()
    return taken_in(result.text, result.inner, released, [(r.start + 1, r.end) for r in find_regions(released)])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("    loss = scores.sum()\n", "    loss = loss + 1\n"),
        ("    '''a text over\n    two lines'''\n    loss = (1 +\n        2)\n", ""),
        ("    def inner(z):\n        return z\n    loss = inner(1)\n", "    for i in range(3):\n        loss += i\n"),
        ("    loss = 1 \\\n        + 2\n", "    return loss\n"),
        ("\tloss = 1\n", ""),
        ("    loss = 'open\n", ""),
        ("    (\n", ""),
        ("    if 0: pass\n" + "    elif 0: pass\n" * 3000, ""),
    ],
)
def test_honest_and_broken_code_takes_nothing_in(first, second):
    """Is nothing said of code that only fills its region, nor of code that cannot be compiled?"""
    assert laid(first, second) == []


@pytest.mark.parametrize(
    ("first", "second", "lines"),
    [
        ("    loss = 3\n    '''\n", "    '''\n", 3),
        ('    loss = 3\n    """\n', '    """\n', 3),
        ("    loss = 3\n    x = f'''{loss}\n", "    '''\n", 3),
        (
            "    loss = 3\n    if False:\n        pass\n    return loss\ndef other(loss, y):\n    pass\n",
            "    pass\n",
            4,
        ),
        ("    loss = 3\n", "    return loss\ndef other(loss):\n    pass\n", 1),
        ("    loss = 3\n", "    class A:\n        pass\n    return 3\nasync def f(loss):\n    pass\n", 1),
    ],
)
def test_what_is_left_open_is_found(first, second, lines):
    """Is given code found that became part of a string, or of a function that begins in a region?"""
    assert len(laid(first, second)) == lines


def test_brackets_decorators_and_branches():
    """Is given code found that became an argument, a decorated function, or the other branch of another statement?"""
    call = (
        f"def f(n):\n    {BEGIN}\n    pass\n    {END}\n    n = n + 1\n    {BEGIN}\n    pass\n    {END}\n    return n\n"
    )
    parts = call.split("    pass\n")
    result = splice(parts[0] + "    dict(\n" + parts[1] + "    )\n" + parts[2], call)
    inner = [(r.start + 1, r.end) for r in find_regions(call)]
    assert taken_in(result.text.replace("n = n + 1", "n = n"), result.inner, call, inner) == [5]
    function = f"{BEGIN}\npass\n{END}\ndef check(x):\n    return x\n"
    result = splice(function.replace("pass", "@lambda f: print"), function)
    assert taken_in(result.text, result.inner, function, [(1, 2)]) == [4]
    branch = f"if a:\n    {BEGIN}\n    pass\n    {END}\nelse:\n    b = 1\n"
    result = splice(branch.replace("    pass", "    pass\nfor x in []:\n    pass"), branch)
    assert taken_in(result.text, result.inner, branch, [(2, 3)]) == [8]


def test_cells_with_magics():
    """Is a cell with magics and shell commands read as notebooks run it?"""
    cell = f"%matplotlib inline\n!ls (\nfiles = !ls\nnp.sum?\n{BEGIN}\npass\n{END}\nx = await f()\n"
    opened = splice(cell.replace("pass", "'''"), cell + f"{BEGIN}\npass\n{END}\n")
    assert taken_in(opened.text, opened.inner, cell, [(5, 6)]) == []
    result = splice(cell.replace("pass", "y = 1"), cell)
    assert taken_in(result.text, result.inner, cell, [(5, 6)]) == []


def test_a_note_says_where():
    """Does laying a library say which given line is no longer what it was, and in what it is now?"""
    parts = RELEASED.split('raise NotImplementedError("loss_of")')
    theirs = parts[0] + "loss = 3; '''" + parts[1] + "'''" + parts[2]
    found = lay_files({"nn/losses.py": theirs.encode()}, {"nn/losses.py": RELEASED.encode()})
    assert found.edits == ()
    assert [(note.kind, note.text) for note in found.notes] == [
        ("given code", "nn/losses.py: 3 given lines do not run as they were given, "
         "since code in a region takes them in: line 9, loss = loss / len(y), and 2 more")
    ]  # fmt: skip
