"""Which cells can grading leave out: are all that need one of them found?"""

import pytest

from autograder.expect.skips import Need, left_out, needs, unneeded

NEEDED = {
    "a name": ("net = 1", "print(net)"),
    "a name that it changes in passing": ("net = 1", "net += 1"),
    "a name in a function's body": ("net = 1", "def f():\n    return net"),
    "a name in a function that is called from above": ("net = 1", "f = lambda: net"),
    "an object that it changes by a method": ("net.train()", "net.predict()"),
    "an object that it writes into": ("net[0] = 1", "print(net)"),
    "an attribute that it sets": ("net.rate = 1", "print(net)"),
    "a name that is bound here in a branch only": ("net = 1", "if x:\n    net = 2\nprint(net)"),
    "a name that is bound here in a loop only": ("net = 1", "for x in y:\n    net = 2\nprint(net)"),
    "a name that is bound here too late": ("net = 1", "print(net)\nnet = 2"),
    "an import": ("import numpy as net", "net.zeros(3)"),
    "a function": ("def net(): pass", "net()"),
    "a class": ("class net: pass", "net()"),
    "a name that it deletes": ("del net", "print(net)"),
    "a loop's name": ("for net in y: pass", "print(net)"),
    "a name of with": ("with open('f') as net: pass", "print(net)"),
    "a name given in an expression": ("print(net := 3)", "print(net)"),
}

NOT_NEEDED = {
    "another name": ("net = 1", "print(other)"),
    "a name that it binds itself": ("net = 1", "net = 2\nprint(net)"),
    "a loop's own name": ("net = 1", "for net in x:\n    print(net)"),
    "a comprehension's own name": ("net = 1", "print([net for net in x], {net: v for net, v in x})"),
    "a comprehension's name in the skipped cell": ("x = [net for net in y]", "print(net)"),
    "a function's own name": ("net = 1", "def f(net):\n    return net"),
    "a function's own variable": ("net = 1", "def f():\n    net = 2\n    return net"),
    "both branches bind it": ("net = 1", "if x:\n    net = 2\nelse:\n    net = 3\nprint(net)"),
    "an object that a harmless method leaves as it is": ("x = net.mean()", "print(net)"),
    "an attribute of that name": ("net = 1", "print(x.net)"),
    "a keyword of that name": ("net = 1", "f(net=2)"),
    "only a text": ("net = 1", "print('net')"),
}


@pytest.mark.parametrize("case", NEEDED)
def test_what_is_needed_is_found(case):
    """Is the cell named that needs a skipped one, and what it needs?"""
    skipped, running = NEEDED[case]
    cells = [("above", "import numpy\ndef g(): pass"), ("skipped", skipped), ("running", running)]
    assert list(needs(cells, {"skipped"})) == [Need("running", "net", "skipped")]
    assert left_out(cells, {"skipped"}) == frozenset()


@pytest.mark.parametrize("case", NOT_NEEDED)
def test_what_is_not_needed_is_left_out(case):
    """Is nothing said where a name only looks alike?"""
    skipped, running = NOT_NEEDED[case]
    cells = [("skipped", skipped), ("running", running)]
    assert list(needs(cells, {"skipped"})) == []
    assert left_out(cells, {"skipped"}) == {"skipped"}


def test_what_was_bound_above_is_needed_as_the_skipped_cell_leaves_it():
    """Is a name needed that has another value before the skipped cell; and not where it gets one after it?"""
    cells = [("before", "net = 0"), ("skipped", "net = 1"), ("after", "print(net)")]
    assert [need.cell for need in needs(cells, {"skipped"})] == ["after"]
    cells.insert(2, ("between", "net = 2"))
    assert list(needs(cells, {"skipped"})) == []


def test_a_function_from_above_may_use_it_later():
    """Is a name needed that a function of an earlier cell asks for when it is called?"""
    cells = [("above", "def f():\n    return net"), ("skipped", "net = 1"), ("check", "f()")]
    assert list(needs(cells, {"skipped"})) == [Need("above", "net", "skipped")]


def test_modules_are_not_changed_by_calls():
    """May a skipped cell call functions of modules that all cells use?"""
    cells = [
        ("setup", "import numpy as np"),
        ("skipped", "import numpy as np\nnp.random.seed(0)"),
        ("check", "np.ones(1)"),
    ]
    assert list(needs(cells, {"skipped"})) == []


@pytest.mark.parametrize("source", ["exec('print(n' + 'et)')", "globals()['net']", "Out[3]", "print(net", "?!"])
def test_code_that_could_use_anything_gets_everything(source):
    """Are all cells run where a student's code cannot be read for names; and is given code trusted?"""
    cells = [("skipped", "net = 1"), ("running", source)]
    assert left_out(cells, {"skipped"}) == frozenset()
    assert left_out(cells, {"skipped"}, given={"running"}) == {"skipped"}


def test_cells_that_the_last_one_does_not_need():
    """Are all found that nothing after them needs, and is one kept that a later, needed one uses?"""
    cells = [("data", "X = load()"), ("times", "t = clock(X)"), ("plot", "show(t)"), ("shift", "Y = X + 1")]
    check = ("check", "print(f(Y))")
    assert unneeded([*cells, check]) == {"times", "plot"}
    assert unneeded([*cells, ("check", "exec('print(t)')")]) == frozenset()
    assert unneeded([check]) == frozenset()
