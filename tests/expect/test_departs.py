"""Where a wrong run departs from a right one: what is said of students' functions, and when nothing is."""

import ast
import builtins
from functools import partial

import numpy as np
import pytest

from autograder.expect.departs import where_it_departs
from autograder.expect.steps import COMMON, StepRun, pack_run, settled, short, unpack_run
from autograder.expect.tracing import SEEN, TookTooLong, Tracer, on_the_way
from autograder.expect.work_places import cell_file, place_of

WORK, CHECK = cell_file("work"), cell_file("check")


def run(work: str, check: str, on_way: bool = False, **options) -> StepRun:
    """The steps of work in a check; `on_way`: with all values on the way, as of the solution."""
    texts = {WORK: work}
    tracer = Tracer(partial(place_of, texts=texts, work=frozenset({"work"}), check="check"), texts, **options)
    names: dict = {"np": np}
    tree = ast.parse(work)
    setattr(builtins, SEEN, tracer.seen)
    try:
        with tracer.tracing():
            exec(compile(on_the_way(tree) if on_way else tree, WORK, "exec"), names)
            exec(compile(check, CHECK, "exec"), names)
    except ArithmeticError:
        pass
    finally:
        delattr(builtins, SEEN)
    return tracer.run()


def said(solution: str, student: str, check: str) -> str | None:
    return where_it_departs(run(student, check), [run(solution, check, on_way=True)])


NORM = """def norm(x, memory):
    mean = x.mean(axis=0)
    std = np.sqrt(x.var(axis=0) + memory["eps"])
    xhat = (x - mean) / std
    memory["mean"] = 0.9 * memory.get("mean", 0) + 0.1 * mean
    return xhat, (mean, std)
"""
STEPWISE = """def norm(x, memory):
    mean = x.mean(axis=0)
    centred = x - mean
    var = (centred**2).mean(axis=0)
    std = np.sqrt(var + memory["eps"])
    xhat = centred / std
    memory["mean"] = 0.9 * memory.get("mean", 0) + 0.1 * mean
    return xhat, {"std": std}
"""
NORM_CHECK = 'norm(np.random.default_rng(0).normal(size=(6, 4)), {"eps": 1e-5})'


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "centred / std",
            "centred * std",
            "Up to line 5 (`var`, `std`), your `norm` computes what a right solution computes too; `xhat` in line 6 of "
            "its cell is the first value that is not right. Look there first, and at what goes into it: `centred` "
            "(line 3).",
        ),
        (
            "(centred**2).mean(axis=0)",
            "np.abs(centred).mean(axis=0)",
            "Up to line 3 (`mean`), your `norm` computes what a right solution computes too; `var` in line 4 of its "
            "cell is the first value that it does not have. Look there first, and at what goes into it: `centred` "
            "(line 3), then on to line 5.",
        ),
        (
            "0.1 * mean",
            "0.1 * std",
            "Up to line 6 (`var`, `std`, `xhat`), your `norm` computes what a right solution computes too; "
            "`memory['mean']` in line 7 of its cell is the first value that is not right. Look there first.",
        ),
        (
            '    memory["mean"] = 0.9 * memory.get("mean", 0) + 0.1 * mean\n',
            "",
            "What your `norm` leaves in `memory` is not complete: a right solution keeps something more there.",
        ),
        (
            "return xhat,",
            "return centred,",
            "In your `norm`, `centred` as line 3 of its cell leaves it is a value that a right solution has on the "
            "way, but not the one that is wanted: something is still to be done, or another value is meant.",
        ),
    ],
)
def test_the_first_wrong_value_is_named(old, new, sentence):
    """Is the line named where a function's values are wrong first, without a value or a line of the solution?"""
    assert old in STEPWISE
    assert said(NORM, STEPWISE.replace(old, new), NORM_CHECK) == sentence


def test_right_work_written_otherwise_departs_nowhere():
    """Is nothing said where everything that counts is right, whatever the way there?"""
    assert said(NORM, STEPWISE, NORM_CHECK) is None
    assert said(NORM, NORM.replace("x.mean(axis=0)", "sum(x) / len(x)"), NORM_CHECK) is None


def test_a_way_of_its_own_that_leads_back_is_not_blamed():
    """Is a value that the solution never has passed over where a right one was made of it?"""
    odd = STEPWISE.replace("    var =", "    halves = centred / 2\n    centred = 2 * halves\n    var =")
    assert said(NORM, odd, NORM_CHECK) is None
    wrong = odd.replace("centred / std", "centred - std")
    assert "`xhat` in line 8 of its cell is the first value that is not right." in (said(NORM, wrong, NORM_CHECK) or "")


HELPER = """def inner(x):
    squares = x**2
    total = squares.sum()
    return total


def outer(x):
    first = x - x.mean()
    second = inner(first)
    return np.sqrt(second)
"""


def test_it_is_the_function_that_is_wrong_not_the_one_that_calls_it():
    """Is the mistake looked for where it is made?"""
    found = said(HELPER, HELPER.replace("x**2", "x**4 + 1"), "outer(np.arange(5) * 0.37)")
    assert (
        found
        == "In your `inner`, `squares` in line 2 of its cell is the first value that is not right. Look there first."
    )


COUNT = """def count(text):
    words = text.lower().split()
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return counts
"""


def test_texts_and_loops():
    """Is the same said of words and counts?"""
    check = "count('The cat saw the dog and the dog saw a cat')"
    assert said(COUNT, COUNT.replace("text.lower()", "text"), check) == (
        "In your `count`, `words` in line 2 of its cell is the first value that is not right. Look there first."
    )
    assert said(COUNT, COUNT.replace("get(word, 0)", "get(word, 1)"), check) == (
        "Up to line 2 (`words`), your `count` computes what a right solution computes too; `counts` in line 5 of its "
        "cell is the first value that is not right. Look there first."
    )


def test_a_cells_own_lines():
    """Is a cell without functions looked at as well?"""
    solution = "rates = np.array([1.255, 2.751])\ngains = rates * 103.37\ntotal = gains.sum()\n"
    assert said(solution, solution.replace("gains.sum()", "gains.max()"), "total") == (
        "Up to line 2 (`rates`, `gains`), your code computes what a right solution computes too; `total` in line 3 of "
        "the cell is the first value that is not right. Look there first."
    )


@pytest.mark.parametrize(
    "student",
    [
        "def norm(x, memory):\n    return 0.123456 * x, None\n",
        "def other(x):\n    return x\n\n\nnorm = lambda x, memory: (other(x), None)\n",
        "def norm(x, memory):\n    a = np.sin(x)\n    b = np.cos(a)\n    c = a * b\n    return c - 1, None\n",
    ],
    ids=["one line", "no such function", "nothing right"],
)
def test_nothing_is_said_where_it_would_be_the_whole_function(student):
    """Is there silence, or the one line that there is?"""
    found = said(NORM, student, NORM_CHECK)
    assert found is None or "line 2 of its cell is the first value that is not right" in found


def test_a_long_loop_is_cut_short():
    """Are the steps few, and is it over soon, however long a loop runs?"""
    long = "def f(n):\n    total = 0.5\n    for i in range(n):\n        total = total * 1.01 + i\n    return total\n"
    runs = run(long, "f(200_000)").calls
    assert len(next(one for one in runs if one.function == "f").steps) <= 100
    endless = long + "\n\ndef g(n):\n    while True:\n        f(3)\n"
    stopped = run(endless, "try:\n    g(1)\nexcept BaseException:\n    pass", seconds=0.2, stops=True)
    assert stopped.calls


def test_the_time_is_up():
    """Is code that never ends stopped from within?"""
    endless = "def helper():\n    pass\n\n\ndef f():\n    while True:\n        helper()\n"
    with pytest.raises(TookTooLong):
        run(endless, "f()", seconds=0.2, stops=True)


def test_what_a_release_carries_is_small_and_enough():
    """Is the same said from a few kilobytes of marks in single precision, in which no name of the solution's is?"""
    solution = run(NORM, NORM_CHECK, on_way=True)
    kept = pack_run(short(solution), single=True)
    assert len(kept) < 4_000
    assert [name for name in (b"std", b"xhat", b"mean", b"norm") if name in kept] == []
    wrong = run(STEPWISE.replace("centred / std", "centred * std"), NORM_CHECK)
    assert where_it_departs(wrong, [unpack_run(kept)], COMMON) == where_it_departs(wrong, [solution])
    forgetful = run(STEPWISE.replace('    memory["mean"] = 0.9 * memory.get("mean", 0) + 0.1 * mean\n', ""), NORM_CHECK)
    assert where_it_departs(forgetful, [unpack_run(kept)], COMMON) == where_it_departs(forgetful, [solution])


RUNS = """def total(numbers, table):
    result = 0
    for number in numbers:
        if number > 1:
            result += number * table["w"]
    return result


def power(base, n):
    if n == 0:
        return 1
    return base * power(base, n - 1)


def below(x, limit):
    if x < limit:
        return x
    return limit
"""
RUNS_CHECK = 'total([1.25, 3.5, 0.75, 2.125], {"w": 0.3})\npower(1.7, 3)\nbelow(2.5, 2.5)\nbelow(3.125, 2.75)'


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "    return result",
            "    numbers.sort()\n    return result",
            "Your `total` changes what it is given as `numbers`, in line 6 of its cell: work on a copy.",
        ),
        (
            "    for number in numbers:",
            "    for number in numbers[:2]:",
            "In your `total`, `result` as line 5 of its cell leaves it is a value that a right solution has on the "
            "way, but not the one that is wanted: something is still to be done, or another value is meant.",
        ),
        (
            "return 1\n",
            "return base\n",
            "In your `power`, what goes wrong is in lines 10 to 11 of its cell. Look there first.",
        ),
        (
            "    if x < limit:\n        return x",
            "    if x > limit:\n        return x",
            "In your `below`, what goes wrong is in lines 16 to 17 of its cell. Look there first.",
        ),
        (
            "    if x < limit:",
            "    if limit < 1:\n        raise ValueError\n    if x < limit:",
            None,
        ),
    ],
)
def test_what_surrounds_a_line_may_be_wrong(old, new, sentence):
    """Is a test around a `return` named, a loop that stops early, a base case, and an argument that is changed?"""
    assert old in RUNS
    assert said(RUNS, RUNS.replace(old, new), RUNS_CHECK) == sentence


def test_what_a_sum_hides_is_not_right():
    """Is a value in another order not taken for right since its sum is, where it is used itself as well?"""
    right = "def share(x):\n    order = x * np.arange(1, 6)\n    total = order.sum()\n    return order / total\n"
    wrong = right.replace("order = x * np.arange(1, 6)", "order = (x * np.arange(1, 6))[::-1]")
    found = said(right, wrong, "share(np.array([0.31, 0.2, 0.47, 0.13, 0.29]))")
    assert (
        found
        == "In your `share`, `order` in line 2 of its cell is the first value that is not right. Look there first."
    )


def test_work_that_should_have_stopped():
    """Is it said that a right solution refuses what wrong work accepts?"""
    right = "def root(x):\n    if x < 0:\n        raise ArithmeticError\n    y = x**0.5\n    return y\n"
    wrong = "def root(x):\n    y = abs(x) ** 0.5\n    return y\n"
    found = said(right, wrong, "try:\n    root(-2.25)\nexcept ArithmeticError:\n    pass")
    assert found == "Your `root` comes to its end where a right solution stops with an error of its own."


DRAWN = """class Net:
    def __init__(self, size):
        self.w = np.random.randn(size, size)
        self.scale = 1.37 * size

    def scores(self, x):
        hidden = np.tanh(x @ self.w)
        return hidden * self.scale
"""
DRAWN_CHECK = """net = Net(4)
net.w = np.linspace(-0.4, 0.9, 16).reshape(4, 4)
net.scores(np.linspace(0.1, 1.7, 12).reshape(3, 4))
"""


def test_numbers_that_are_drawn_without_a_seed_are_not_wrong():
    """Does a student's right start, of which every run gets another one, stay out of what is said of later lines?"""
    np.random.seed(1)
    one = run(DRAWN, DRAWN_CHECK, on_way=True)
    np.random.seed(2)
    solution = settled(one, run(DRAWN, DRAWN_CHECK, on_way=True))
    np.random.seed(3)
    student = run(DRAWN.replace("np.tanh(x @ self.w)", "np.sin(x @ self.w)"), DRAWN_CHECK)
    assert solution is not None
    assert where_it_departs(student, [solution]) == (
        "In your `Net.scores`, `hidden` in line 7 of its cell is the first value that is not right. Look there first."
    )
    assert where_it_departs(run(DRAWN, DRAWN_CHECK), [solution]) is None
    wrong_scale = run(DRAWN.replace("1.37", "3.71"), DRAWN_CHECK)
    assert "`self.scale` in line 4 of its cell" in str(where_it_departs(wrong_scale, [solution]))
    assert settled(one, run(COUNT, "count('a b')")) is None
