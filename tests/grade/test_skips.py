"""Cells that grading leaves out: nobody loses or gains by it, and what was handed in is kept for those who mark."""

import pytest
from nbformat.v4 import new_code_cell, new_output

from autograder.commands.release import lint
from autograder.errors import CourseError
from autograder.grade.spared import Spared, spared_cells
from autograder.notebooks import read_notebook, write_notebook
from autograder.release.checks import check_assignment

BEGIN, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"
TOML = """title = "Skips"
notebooks = ["skips"]
library = ["nn.tiny"]

[grading]
skip = ["skips:look", "skips:plot"]
"""
CELLS = {
    "setup": "from autograder import expect\nslow, net = 1, [0]",
    "look": "slow = 7\nprint('ran')",
    "plot": "print(slow)",
}
FORGED = [
    new_output("display_data", {"text/html": "<b onclick='go()'>mine</b><script>go()</script>"}),
    new_output("stream", name="stdout", text="points: 99\n"),
    new_output("display_data", {"application/javascript": "go()"}),
]


@pytest.fixture(scope="module")
def course(course_factory, tmp_path_factory):
    """A course whose notebook has two cells that grading leaves out."""
    notebook = course_factory.notebook(
        *(course_factory.given(id, text) for id, text in CELLS.items()),
        course_factory.work("own", f"def triple(x):\n    {BEGIN}\n    return 3 * x\n    {END}"),
        course_factory.check("own-check", 4, "expect.same(triple(expect.rng().normal(size=3)), name='tripled')"),
    )
    root = tmp_path_factory.mktemp("skips") / "course"
    return course_factory.make_course(root, b"", "skips", TOML, notebooks={"skips": notebook})


@pytest.fixture(scope="module")
def graded(course, grading):
    """The course, graded with a student for every case below."""

    def hand_in(student: str, body: str, look=(), more=()) -> None:
        path = course.hand_in(student, cells={"skips:own": f"def triple(x):\n    {BEGIN}\n    {body}\n    {END}"})
        nb = read_notebook(path / "skips.ipynb")
        for cell in nb.cells:
            if cell.id in ("look", "own-check"):
                cell.outputs = list(look)
        nb.cells += more
        write_notebook(nb, path / "skips.ipynb")

    hand_in("honest", "return 3 * x", FORGED)
    hand_in("wrong", "return 4 * x", FORGED)
    hand_in("needs", "return 3 * x + 0 * (slow - 1)", FORGED)
    hand_in("counts", "assert slow == 7\n    return 3 * x", FORGED)
    hand_in("hides", "return 3 * x if globals()['slow'] == 7 else 0", FORGED)
    hand_in("adds", "return 3 * x", FORGED, [new_code_cell("print(slow + 1)", id="mine")])
    hand_in("deletes", "return 3 * x")
    grading(course)
    return course


def outputs(course, student: str, cell: str) -> list:
    nb = read_notebook(course.course.autograded / student / "skips" / "skips.ipynb")
    return next(each for each in nb.cells if each.id == cell).outputs


@pytest.mark.parametrize(
    ("student", "points"),
    {"honest": 4, "wrong": 0, "needs": 4, "counts": 4, "hides": 4, "adds": 4, "deletes": 4}.items(),
)
def test_points_are_those_of_a_whole_run(graded, student, points):
    """Does a skipped cell cost nobody anything, and do outputs that were handed in give nothing?"""
    assert graded.scores(student) == {"skips:own-check": points}


@pytest.mark.parametrize("student", ["honest", "wrong"])
def test_what_was_handed_in_is_kept_and_harmless(graded, student):
    """Is it marked as handed in, and can nothing in it act in a marker's browser?"""
    label, html, text, script = outputs(graded, student, "look")
    assert label["text"] == "(as handed in, not run again)\n"
    assert html["data"] == {"text/html": "<b>mine</b>"}
    assert text["text"] == "points: 99\n"
    assert script["data"] == {"text/plain": "(an output of a kind that is not shown)"}
    assert "mine" not in str(outputs(graded, student, "own-check"))


@pytest.mark.parametrize("student", ["needs", "counts", "hides", "adds"])
def test_who_may_need_a_skipped_cell_gets_it(graded, student):
    """Are all cells run where a student's own code uses what a skipped one makes, or could?"""
    assert [output["text"] for output in outputs(graded, student, "look")] == ["ran\n"]
    assert [output["text"] for output in outputs(graded, student, "plot")] == ["7\n"]


def with_skip(course, skip: str, **cells: str) -> str:
    """What release says to another list of cells to skip, and to other cells; all is put back."""
    toml, path = course.source / "assignment.toml", course.source / "skips.ipynb"
    before = toml.read_text(), path.read_text()
    try:
        toml.write_text(TOML.replace('"skips:look", "skips:plot"', skip))
        nb = read_notebook(path)
        for cell in nb.cells:
            cell.source = cells.get(cell.id.replace("-", "_"), cell.source)
        write_notebook(nb, path)
        return "\n".join(map(str, check_assignment(course.course, "skips")))
    finally:
        toml.write_text(before[0])
        path.write_text(before[1])


def test_a_skip_that_would_cost_points_is_refused(course):
    """Are a check, a cell that is not there, and a cell that others need named before anything is released?"""
    assert with_skip(course, '"skips:look", "skips:plot"') == ""
    assert '"skips:look", but cell "plot" is run and needs `slow` from it. Skip "skips:plot" too' in with_skip(
        course, '"skips:look"'
    )
    assert '[grading] skip has "skips:own-check", but this cell is graded' in with_skip(course, '"skips:own-check"')
    assert "skips.ipynb has no cell with this id" in with_skip(course, '"skips:gone"')
    assert 'has "other:look", but "other" is not among the notebooks' in with_skip(course, '"other:look"')


def test_what_only_the_answer_key_can_see_stops_it(course, grading, tmp_path):
    """Is a solution that fails without a skipped cell told, before any submission is graded?"""
    nb = read_notebook(course.source / "skips.ipynb")
    before = [cell.source for cell in nb.cells]
    for cell in nb.cells:
        if cell.id == "look":
            cell.source = "(lambda x: x.append(1))(net)"
        elif cell.id == "own-check":
            cell.source = "net[1]\n" + cell.source
    write_notebook(nb, course.source / "skips.ipynb")
    try:
        course.hand_in("late")
        with pytest.raises(CourseError, match=r'cell "own-check": the instructor\'s own solution fails'):
            grading(course, ["late"])
    finally:
        for cell, source in zip(nb.cells, before, strict=True):
            cell.source = source
        write_notebook(nb, course.source / "skips.ipynb")


def test_lint_proposes_cells_that_nothing_needs(course_factory, grading, tmp_path, capsys, monkeypatch):
    """Are cells proposed that nothing needs and that take long, with their time, and none that sets something?"""
    cells = {
        "setup": "from autograder import expect\nimport time\nimport numpy as np",
        "seed": "np.random.seed(1)",
        "data": "data = np.arange(3.0)",
        "train": "time.sleep(0.3)\nnet = sum(data)",
        "table": "for number in range(3):\n    print(number, net)",
        "drawn": "print(net)",
        "quick": "print(data)",
        "used": "time.sleep(0.2)\nfactor = 3",
    }
    notebook = course_factory.notebook(
        *(course_factory.given(id, text) for id, text in cells.items()),
        course_factory.work("student", f'{BEGIN}\nname = student_id = ""\n{END}'),
        course_factory.work("own", f"def triple(x):\n    {BEGIN}\n    return 3 * x\n    {END}"),
        course_factory.check("own-check", 4, "expect.same(factor / 3 * triple(expect.rng().normal(size=3)), name='y')"),
    )
    notebook.cells[5].outputs = [new_output("display_data", {"image/png": ""})]
    notebook.cells[3].metadata["execution"] = {
        "iopub.execute_input": "2026-01-01T10:00:00.000000Z", "shell.execute_reply": "2026-01-01T10:00:12.500000Z",
    }  # fmt: skip
    toml = 'title = "Spared"\nnotebooks = ["only"]\nlibrary = ["nn.tiny"]\n'
    tiny = course_factory.make_course(tmp_path / "course", b"", "spared", toml, notebooks={"only": notebook})
    assert spared_cells(tiny.course, "spared") == [Spared("only", "train", 12.5), Spared("only", "drawn", None)]
    tiny.hand_in("ada")
    grading(tiny)
    (found,) = spared_cells(tiny.course, "spared")
    assert (found.cell, 0.3 <= found.seconds < 5) == ("train", True)
    monkeypatch.chdir(tiny.course.root)
    lint(["spared"])
    said = capsys.readouterr().out
    assert "spared: no check needs what this cell makes, so that grading need not run it:" in said
    assert '  "only:train"   0.' in said
    path = tiny.source / "assignment.toml"
    path.write_text(path.read_text() + '\n[grading]\nskip = ["only:train", "only:table", "only:drawn"]\n')
    assert check_assignment(tiny.course, "spared") == []
    assert spared_cells(tiny.course, "spared") == []
