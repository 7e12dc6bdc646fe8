"""Which lines of .py files a question grades."""

from nbformat.v4 import new_code_cell

from autograder.questions import questions_in
from autograder.report.graded_code import graded_regions
from autograder.report.model import SourceRegion

NAMES = (
    "lib.layers.relu_forward",
    "lib.layers.relu_backward",
    "lib.net.Net.__init__",
    "lib.net.Net.loss:scores",
    "lib.net.Net.loss:gradient",
    "lib.net.Net.predict",
    "lib.optim.adam",
)
IMPORTS = "%matplotlib inline\nimport lib.optim as optim\nfrom lib import net\nfrom lib.net import Net"


def check(name: str, source: str):
    data = {"grade": True, "solution": False, "points": 2, "grade_id": name, "schema_version": 3, "locked": True}
    return new_code_cell(source, id=name, metadata={"nbgrader": data})


def graded(*cells) -> dict[str, list[str]]:
    regions = [SourceRegion("lib/x.py", name, 1, "pass", True) for name in NAMES]
    found = graded_regions(cells, questions_in("n", cells, {}), regions)
    return {cell: [region.name.removeprefix("lib.") for region in of] for cell, of in found.items()}


def test_what_a_check_calls_is_what_it_grades():
    """Are functions found that are imported by name, by module and as methods of what a helper makes?"""
    assert graded(
        new_code_cell("from lib.layers import relu_forward, relu_backward\n" + IMPORTS),
        new_code_cell("def toy():\n    return Net(3)"),
        check("forward", "# Check forward\nexpect.same(relu_forward(x))"),
        check("step", "# Check the step\nexpect.same(optim.adam(w, dw))"),
        check("made", "# Check the start\nexpect.same(Net(2).params)"),
        check("predicted", "# Check the classes\nexpect.same(toy().predict(X))"),
        check("through-module", "# Check more\nexpect.same(net.Net(2).predict(X))"),
        check("nothing", "# Check sums\nexpect.same(1 + 1)"),
    ) == {
        "forward": ["layers.relu_forward"],
        "step": ["optim.adam"],
        "made": ["net.Net.__init__"],
        "predicted": ["net.Net.predict"],
        "through-module": ["net.Net.predict"],
    }


def test_the_title_says_which_of_several_is_meant():
    """Is a function that a check only needs left out where its title names the one that it grades?"""
    assert graded(
        new_code_cell("from lib.layers import relu_backward, relu_forward\nfrom lib.net import Net"),
        check("backward", "# Check relu_backward\nexpect.gradient(relu_forward, x, relu_backward(dout, x))"),
        check("scores", "# Check the scores\nexpect.same(Net(2).loss(X))"),
        check("loss", "# Check all\nexpect.same(Net(2).loss(X))"),
    ) == {
        "backward": ["layers.relu_backward"],
        "scores": ["net.Net.loss:scores"],
        "loss": ["net.Net.loss:scores", "net.Net.loss:gradient"],
    }


def test_what_is_not_python_grades_nothing():
    """Does a cell that cannot be read stop a report?"""
    assert graded(new_code_cell("from lib.net import Net"), check("broken", "Net(2).predict(")) == {}
