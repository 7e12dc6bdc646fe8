"""A tiny course: one library module with two holes, two notebooks, every kind of cell."""

import io
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from rich.console import Console

from autograder.course import Course
from autograder.grade.run.start import started
from autograder.grade.run.terminal import grade_and_show
from autograder.notebooks import read_notebook, write_notebook
from autograder.release.generate import release

CONFIG = Path(__file__).parents[1] / "nbgrader_config.py"
BEGIN, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"

LIBRARY = f'''"""Two functions."""

import numpy as np


def double(x):
    """Twice x."""
    {BEGIN}
    out = 2 * x
    {END}
    return out


def norm(x):
    """The Euclidean norm."""
    {BEGIN}
    result = float(np.sqrt(np.sum(x**2)))
    {END}
    return result


def predict(params, X):
    """Labels by a linear classifier."""
    return np.argmax(X @ params["W"], axis=1)
'''

TOML = """title = "A tiny homework"
notebooks = ["first", "second"]
due = 2026-10-09T12:00:00+00:00
blank = ["nn.tiny.double", "nn.tiny.norm"]
search = ["second:search"]
hand_in = ["best.npz"]

[late]
penalty_percent_per_day = 10
max_days = 3

[limits]
cell_seconds = 5
notebook_seconds = 20
memory_mb = 512
processes = 16
file_mb = 16
output_kb = 64

[extra_credit]
"second:bonus-check" = 3
"""


def given(id: str, source: str) -> NotebookNode:
    return new_code_cell(source, id=id)


def work(id: str, source: str) -> NotebookNode:
    return _cell(new_code_cell, id, source, grade=False, solution=True, locked=False)


def check(id: str, points: float, source: str) -> NotebookNode:
    return _cell(new_code_cell, id, source, grade=True, solution=False, locked=True, points=points)


def answer(id: str, points: float, source: str) -> NotebookNode:
    return _cell(new_markdown_cell, id, source, grade=True, solution=True, locked=False, points=points)


def _cell(make: Callable, id: str, source: str, **nbgrader) -> NotebookNode:
    return make(source, id=id, metadata={"nbgrader": {"schema_version": 3, "grade_id": id, "task": False, **nbgrader}})


def first() -> NotebookNode:
    return notebook(
        new_markdown_cell("# First", id="title"),
        work(
            "student",
            "# ===== START YOUR CODE HERE: student =====\n"
            '#> name = ""  # your name\n#> student_id = ""  # your student id\n'
            'name = "Instructor"\nstudent_id = "instructor"\n# ====== END YOUR CODE HERE ======',
        ),
        given("setup", "import numpy as np\nfrom autograder import expect\nfrom nn.tiny import double, norm"),
        check("double-check", 2, "x = expect.rng().normal(size=(3, 4))\nexpect.same(double(x), name='doubled')"),
        check(
            "norm-check",
            3,
            "x = expect.rng().normal(size=5)\nexpect.same(norm(x), name='norm')\n"
            "### BEGIN HIDDEN TESTS\nexpect.close(norm(np.zeros(2)), 0.0, name='norm of zeros')\n### END HIDDEN TESTS",
        ),
        work("own", f"def triple(x):\n    {BEGIN}\n    return 3 * x\n    {END}"),
        check("triple-check", 4, "y = expect.rng().normal(size=3)\nexpect.same(triple(y), name='tripled')"),
        answer(
            "why",
            5,
            "Why?\n\n<!-- ===== START YOUR ANSWER HERE ===== -->\nBecause.\n<!-- ===== END YOUR ANSWER HERE ===== -->",
        ),
    )


def second() -> NotebookNode:
    return notebook(
        given(
            "setup",
            "import numpy as np\nfrom autograder import expect\nfrom nn.tiny import predict\n"
            "X = np.random.default_rng(1).normal(size=(400, 4))\ny = np.argmax(X[:, :3], axis=1)",
        ),
        work("search", f"{BEGIN}\nW = np.eye(4)[:, :3]\nnp.savez('best.npz', W=W)\n{END}"),
        check(
            "accuracy-check",
            10,
            "def held_out():\n    X = np.random.default_rng(2).normal(size=(1000, 4))\n"
            "    return X, np.argmax(X[:, :3], axis=1)\n\n"
            "expect.accuracy('best.npz', predict, X, y, floor=0.5, full=0.9, points=10, held_out=held_out)",
        ),
        work("bonus", f"def square(x):\n    {BEGIN}\n    return x * x\n    {END}"),
        check("bonus-check", 0, "z = expect.rng().normal(size=3)\nexpect.same(square(z), name='squared')"),
    )


def notebook(*cells: NotebookNode) -> NotebookNode:
    return new_notebook(
        cells=list(cells),
        metadata={"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
    )


@dataclass
class TinyCourse:
    """A released tiny course, and ways to hand in."""

    course: Course
    name: str = "tiny"
    weights: bytes = b""

    def hand_in(
        self,
        student: str,
        library: dict[str, str] | None = None,
        cells: dict[str, str] | None = None,
        weights: bytes | None = None,
        timestamp: str | None = None,
    ) -> Path:
        """Hand in the complete solution, with these changes.

        Args:
            library: text in the complete library -> text that the student has instead.
            cells: "notebook:cell" -> the cell's source instead of the solution's.
            weights: best.npz instead of the instructor's.
        """
        folder = self.course.submitted / student / self.name
        shutil.copytree(self.course.release_dir / self.name, folder)
        text = (self.course.root / "nn" / "tiny.py").read_text()
        for old, new in (library or {}).items():
            assert old in text
            text = text.replace(old, new)
        (folder / "nn" / "tiny.py").write_text(text)
        for path in folder.glob("*.ipynb"):
            nb = read_notebook(path)
            solution = {cell.id: cell.source for cell in read_notebook(self.source / path.name).cells}
            for cell in nb.cells:
                if not cell.metadata.get("nbgrader", {}).get("locked", True):
                    cell.source = solution[cell.id]
                cell.source = (cells or {}).get(f"{path.stem}:{cell.id}", cell.source)
            write_notebook(nb, path)
        (folder / "best.npz").write_bytes(self.weights if weights is None else weights)
        if timestamp:
            (folder / "timestamp.txt").write_text(timestamp)
        return folder

    def hand_in_release(self, student: str) -> Path:
        """Hand in what was given out."""
        return Path(shutil.copytree(self.course.release_dir / self.name, self.course.submitted / student / self.name))

    @property
    def source(self) -> Path:
        return self.course.source / self.name

    def result(self, student: str) -> dict:
        return json.loads((self.course.autograded / student / self.name / "result.json").read_text())

    def scores(self, student: str) -> dict[str, float]:
        """Cell -> points earned, as result.json has it."""
        return {
            f"{name}:{cell}": entry["score"]
            for name, nb in self.result(student)["notebooks"].items()
            for cell, entry in nb["cells"].items()
        }


def make_course(
    root: Path,
    weights: bytes,
    name: str = "tiny",
    toml: str = TOML,
    library: str = LIBRARY,
    notebooks: dict[str, NotebookNode] | None = None,
) -> TinyCourse:
    """Write a course with one assignment, and release it."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copy(CONFIG, root)
    (root / "course.toml").write_text('name = "nn"\nlibrary = "nn"\n')
    (root / "nn").mkdir()
    (root / "nn" / "__init__.py").write_text("")
    (root / "nn" / "tiny.py").write_text(library)
    source = root / "source" / name
    source.mkdir(parents=True)
    (source / "assignment.toml").write_text(toml)
    for notebook, content in (notebooks or {"first": first(), "second": second()}).items():
        write_notebook(content, source / f"{notebook}.ipynb")
    course = TinyCourse(Course(root), name, weights)
    release(course.course, [name])
    return course


def grade(
    tiny: TinyCourse,
    wanted: Sequence[str] = (),
    workers: int | None = None,
    tier: str | None = None,
    dask: str | None = None,
    **options,
) -> str:
    """Grade a course's submissions in this process; returns what is shown. Options as of `grade_and_show`."""
    console = Console(file=io.StringIO(), width=200)
    with started(tiny.course, tiny.name, wanted, workers, tier, dask) as start:
        grade_and_show(start, wanted, console=console, **options)
    return console.file.getvalue()


@pytest.fixture(scope="session")
def weights() -> bytes:
    """Weights that classify the tiny task without a mistake."""
    file = io.BytesIO()
    np.savez(file, W=np.eye(4)[:, :3])
    return file.getvalue()


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory, weights: bytes) -> TinyCourse:
    """A released tiny course; only copy it."""
    return make_course(tmp_path_factory.mktemp("released") / "course", weights)


@pytest.fixture
def tiny(released: TinyCourse, tmp_path: Path) -> TinyCourse:
    """A released tiny course of one's own."""
    root = Path(shutil.copytree(released.course.root, tmp_path / "course"))
    return TinyCourse(Course(root), weights=released.weights)


@pytest.fixture(scope="session")
def grading() -> Callable[..., str]:
    """`grade`, for tests that run grading themselves."""
    return grade


@pytest.fixture(scope="session")
def course_factory() -> SimpleNamespace:
    """What a test needs to write a course of its own: kinds of cells, and `make_course`."""
    return SimpleNamespace(
        notebook=notebook, given=given, work=work, check=check, answer=answer, make_course=make_course
    )
