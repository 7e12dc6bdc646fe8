"""A course to attack: every kind of check, data with withheld rows, a gradebook, and something to overhear."""

import contextlib
import json
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.course import Course
from autograder.data.formats import TEST_BATCH, TRAINING_BATCHES
from autograder.data.mapped import mapped_arrays
from autograder.grade.prepare.pristine import load_pristine
from autograder.grade.run.crew import LocalCrew
from autograder.grade.run.engine import Engine, Listener, grade_all
from autograder.grade.run.one_submission import Settings
from autograder.grade.run.scratch import data_view, scratch_of
from autograder.grade.run.warm_client import WarmProcess
from autograder.grade.run.worker import SandboxRefused
from autograder.gradebook.books import Books
from autograder.gradebook.released import check_released
from autograder.gradebook.results import Scores
from autograder.gradebook.store import Store
from autograder.notebooks import format_notebook, read_notebook, write_notebook
from autograder.release.generate import release
from autograder.sandbox import landlock
from autograder.sandbox.probe import TIERS, obstacle
from autograder.sandbox.watchdog import descendants

CONFIG = Path(__file__).parents[3] / "nbgrader_config.py"
NAME = "target"
BEGIN, END = "# ===== START YOUR CODE HERE =====", "# ====== END YOUR CODE HERE ======"
LOOT = "GOT" + " IT"
"""What an attack prints when it succeeds."""
FULL = {"double-check": 2, "slope-check": 3, "triple-check": 4, "accuracy-check": 10, "after-check": 1}
WITHHELD_NUMBER = 271828.1828459045
TOKEN = "token-of-the-grader"
FIRST_WITHHELD, TEST_ROWS, WIDTH = 1000, 1200, 8

TINY = f'''"""Two functions to write, and one that is given."""

import numpy as np


def double(x):
    """Twice x."""
    {BEGIN}
    out = 2 * x
    {END}
    return out


def slope(x):
    """The gradient of sum(x**3)."""
    {BEGIN}
    dx = 3 * x**2
    {END}
    return dx


def predict(params, X):
    """Labels by a linear classifier."""
    return np.argmax(X @ params["W"], axis=1)
'''

DATASETS = '''"""A small data set, whose last test rows are withheld from submissions."""

import os
from pathlib import Path

import numpy as np

NAMES = ("X_train", "y_train", "X_test", "y_test")


def load_cifar10(root=None):
    """Training and test data, as far as they are shown."""
    folder = Path(root) if root else Path(os.environ["NN_DATA"]) / "cifar-10-batches-py"
    if (folder / "arrays-shown").is_dir():
        return tuple(np.load(folder / "arrays-shown" / f"{name}.npy") for name in NAMES)
    with np.load(folder / "test_batch") as arrays:
        return tuple(arrays[name] for name in NAMES)


def held_out():
    """The withheld test rows."""
    _, _, X, y = load_cifar10()
    return X[1000:], y[1000:]
'''

TOML = """title = "A target"
notebooks = ["main", "after"]
blank = ["nn.tiny.double", "nn.tiny.slope"]
search = ["main:search"]
hand_in = ["best.npz"]

[limits]
cell_seconds = 2
notebook_seconds = 6
memory_mb = 448
processes = 16
file_mb = 80
output_kb = 64
"""

SOLUTION = {"double": "out = 2 * x", "slope": "dx = 3 * x**2", "own": "return 3 * x"}


def node(make: Callable, id: str, source: str, **nbgrader) -> NotebookNode:
    about = {"schema_version": 3, "grade_id": id, "task": False, **nbgrader}
    return make(source, id=id, metadata={"nbgrader": about} if nbgrader else {})


def work(id: str, source: str) -> NotebookNode:
    return node(new_code_cell, id, source, grade=False, solution=True, locked=False)


def check(id: str, source: str) -> NotebookNode:
    return node(new_code_cell, id, source, grade=True, solution=False, locked=True, points=FULL[id])


def main_notebook() -> list[NotebookNode]:
    return [
        work(
            "student",
            "# ===== START YOUR CODE HERE: student =====\n#> name = ''\n#> student_id = ''\nname = 'Instructor'\n"
            + END,
        ),
        new_code_cell(
            "import numpy as np\nfrom autograder import expect\nfrom nn.datasets import held_out, load_cifar10\n"
            "from nn.tiny import double, predict, slope\nX_train, y_train, X_test, y_test = load_cifar10()",
            id="setup",
        ),
        check(
            "double-check",
            "expect.close(double(np.array([1.0, 2.5])), np.array([2.0, 5.0]), name='double of known numbers')\n"
            "expect.same(double(expect.rng().normal(size=(3, 4))), name='double')",
        ),
        check(
            "slope-check",
            "x = expect.rng().normal(size=5)\nexpect.gradient(lambda x: np.sum(x**3), x, slope(x), name='slope')",
        ),
        work("own", f"def triple(x):\n    {BEGIN}\n    return 3 * x\n    {END}"),
        check("triple-check", "expect.same(triple(expect.rng().normal(size=3)), name='triple')"),
        work("search", f"{BEGIN}\nW = np.eye({WIDTH})[:, :3]\nnp.savez('best.npz', W=W)\n{END}"),
        check(
            "accuracy-check",
            "expect.accuracy('best.npz', predict, X_test, y_test, floor=0.50, full=0.90, held_out=held_out)",
        ),
        node(
            new_markdown_cell,
            "why",
            "Why?\n\n<!-- ===== START YOUR ANSWER HERE ===== -->\nSo.\n<!-- ====== END YOUR ANSWER HERE ====== -->",
            grade=True,
            solution=True,
            locked=False,
            points=5,
        ),
    ]


def after_notebook() -> list[NotebookNode]:
    return [
        new_code_cell("from autograder import expect\nfrom nn.tiny import double", id="start"),
        check("after-check", "expect.same(double(expect.rng().normal(size=3)), name='double again')"),
    ]


def make_course(root: Path) -> Course:
    """The course, released, with a line in its gradebook and data in its folder."""
    course = Course(root)
    source = course.source / NAME
    source.mkdir(parents=True)
    library = root / "nn"
    library.mkdir()
    shutil.copy(CONFIG, root)
    (root / "course.toml").write_text('library = "nn"\n')
    (library / "__init__.py").write_text("")
    (library / "tiny.py").write_text(TINY)
    (library / "datasets.py").write_text(DATASETS)
    (source / "assignment.toml").write_text(TOML)
    for name, cells in {"main": main_notebook(), "after": after_notebook()}.items():
        kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
        write_notebook(new_notebook(cells=cells, metadata={"kernelspec": kernel}), source / f"{name}.ipynb")
    make_data(course.data / "cifar-10-batches-py")
    release(course, [NAME])
    return course


def make_data(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in ("batches.meta", *(f"data_batch_{number}" for number in range(1, 6))):
        (folder / name).write_bytes(b"")
    rng = np.random.default_rng(5)
    X_train, X_test = rng.normal(size=(50, WIDTH)), rng.normal(size=(TEST_ROWS, WIDTH))
    X_test[FIRST_WITHHELD + 7, WIDTH - 1] = WITHHELD_NUMBER
    labels = {f"y_{name}": np.argmax(X[:, :3], axis=1) for name, X in (("train", X_train), ("test", X_test))}
    arrays = {"X_train": X_train, "X_test": X_test, **labels}
    with open(folder / "test_batch", "wb") as file:
        np.savez(file, **arrays)
    mapped_arrays(folder, (folder / name for name in (*TRAINING_BATCHES, TEST_BATCH)), lambda: arrays)


def npz(**arrays: np.ndarray) -> bytes:
    file = BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


class Listeners:
    """Servers on this machine, which count what reaches them: TCP, UDP, and a unix socket."""

    def __init__(self, folder: Path) -> None:
        self.heard: list[str] = []
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.path = str(folder / "listener")
        self.unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.unix.bind(self.path)
        os.chmod(self.path, 0o777)
        self.abstract = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.abstract.bind("\0" + self.path)
        for server in (self.unix, self.abstract):
            server.listen()
        for name, wait in {
            "TCP": self.tcp.accept,
            "UDP": lambda: self.udp.recv(1),
            "unix": self.unix.accept,
            "abstract unix": self.abstract.accept,
        }.items():
            threading.Thread(target=self.listen, args=(name, wait), daemon=True).start()

    def listen(self, name: str, wait: Callable) -> None:
        with contextlib.suppress(OSError):
            while True:
                wait()
                self.heard.append(name)


@dataclass
class Outcome:
    """What became of one hostile submission."""

    scores: dict[str, float]
    notes: str
    lines: dict[str, str]
    shown: str
    """The outputs of its stored notebooks."""
    entry: Scores


@dataclass
class Ears(Listener):
    """Keeps what the engine tells."""

    failures: dict[str, str] = field(default_factory=dict)

    def failed(self, student: str, why: str) -> None:
        self.failures[student] = why


class Arena:
    """One engine of one worker, to which submissions are thrown. Every attack is followed by honest work."""

    def __init__(
        self,
        course: Course,
        engine: Engine,
        store: Store,
        books: Books,
        ears: Ears,
        listeners: Listeners,
        words: dict[str, str],
    ) -> None:
        """`words`: what stands for @WORD@ in an attack's text."""
        self.course = course
        self.listeners = listeners
        self.engine = engine
        self.store = store
        self.books = books
        self.ears = ears
        self.words = words
        self.count = 0
        self.honest = self.hand_in("honest", solved=True)

    @property
    def one_process(self) -> bool:
        """May code here start no process of its own?"""
        return self.engine.settings.tier == "landlock" and landlock.abi() < landlock.SIGNAL_ABI

    def fill(self, code: str) -> str:
        """Put this course's places where an attack's text says @PLACE@."""
        for word, place in self.words.items():
            code = code.replace(f"@{word}@", place)
        return code

    def hand_in(
        self,
        student: str,
        solved: bool = False,
        regions: Mapping[str, str] | None = None,
        add: Mapping[str, str] | None = None,
    ) -> Path:
        """Hand in the release, or the solution, with these regions filled and cells added.

        Args:
            regions: name of a function, or of a work cell -> what stands between its banners.
            add: id of a cell -> code of a cell that comes after it; "top" for the first of all.
        """
        folder = self.store.submitted(student)
        shutil.copytree(self.course.release_dir / NAME, folder)
        texts = dict(SOLUTION) if solved else {}
        if solved:
            (folder / "best.npz").write_bytes(npz(W=np.eye(WIDTH)[:, :3]))
        texts |= {name: self.fill(text) for name, text in (regions or {}).items()}
        library = folder / "nn" / "tiny.py"
        for function in ("double", "slope"):
            if function in texts:
                library.write_text(filled(library.read_text(), f'("{function}")', texts.pop(function)))
        notebook = read_notebook(folder / "main.ipynb")
        for cell in notebook.cells:
            if cell.id in texts:
                cell.source = filled(cell.source, "NotImplementedError", texts.pop(cell.id))
        assert not texts
        for place, code in (add or {}).items():
            index = next((i + 1 for i, cell in enumerate(notebook.cells) if cell.id == place), 0)
            assert index or place == "top"
            notebook.cells.insert(index, new_code_cell(self.fill(code)))
        (folder / "main.ipynb").write_text(format_notebook(notebook))
        return folder

    def grade(self, student: str) -> Outcome:
        """Grade a submission and honest work after it, on the same worker; the honest one gets all its points."""
        self.count += 1
        follower = f"honest-{self.count}"
        shutil.copytree(self.honest, self.store.submitted(follower))
        for one in (student, follower):
            assert list(grade_all(self.engine, self.store, self.books, [one])) == [one], self.ears.failures
        assert self.read(follower).scores == FULL, "the honest submission after it has lost points"
        assert len(descendants(self.engine.clerks(self.store).clerks[0].copy.pid)) == 1, "processes are left"
        assert self.listeners.heard == []
        return self.read(student)

    def read(self, student: str) -> Outcome:
        result = self.store.result(student)
        scores = {cell.cell: cell.score for cell in result.cells}
        stored = [self.store.autograded(student) / f"{name}.ipynb" for name in result.stopped]
        entry = next(one for one in self.books.scores() if one.student == student)
        assert entry.score == sum(scores.values()), "nbgrader reads another score from the notebooks"
        return Outcome(
            scores=scores,
            notes="\n".join(f"{note.kind}: {note.text}" for note in result.notes),
            lines={cell.cell: "\n".join(cell.lines) for cell in result.cells},
            shown="\n".join(outputs_of(path) for path in stored if path.exists()),
            entry=entry,
        )


def outputs_of(path: Path) -> str:
    """All that a notebook's cells show."""
    cells = json.loads(path.read_text())["cells"]
    return "\n".join(json.dumps(cell.get("outputs", []), ensure_ascii=False) for cell in cells)


def filled(text: str, mark: str, code: str) -> str:
    """The text with the hole around the line that holds `mark` replaced by code, at its indentation."""
    lines = text.split("\n")
    at = next(i for i, line in enumerate(lines) if mark in line)
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    begin = max(i for i in range(at) if "START YOUR CODE" in lines[i])
    end = next(i for i in range(at, len(lines)) if "END YOUR CODE" in lines[i])
    lines[begin + 1 : end] = [indent + line if line else "" for line in code.rstrip("\n").split("\n")]
    return "\n".join(lines)


@pytest.fixture(scope="session")
def arena_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Arena]]:
    """An arena for each tier, opened when first asked for; "any" is the first that this kernel gives.

    Skips where the kernel does not give it.
    """
    arenas: dict[str, Arena | str] = {}
    with contextlib.ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBGRADER_TOKEN", TOKEN)

        def arena(wanted: str) -> Arena:
            if obstacle():
                pytest.skip(obstacle())
            tiers = TIERS if wanted == "any" else (wanted,)
            for tier in tiers:
                if tier not in arenas:
                    try:
                        arenas[tier] = stack.enter_context(opened(tmp_path_factory.mktemp(tier), tier))
                    except SandboxRefused as refused:
                        arenas[tier] = str(refused)
                if isinstance(arenas[tier], Arena):
                    return arenas[tier]
            pytest.skip(f"this kernel does not give the tier {tiers[-1]}: {arenas[tiers[-1]]}")

        yield arena


@contextlib.contextmanager
def opened(folder: Path, tier: str) -> Iterator[Arena]:
    course = make_course(folder / "course")
    listeners = Listeners(folder)
    store = Store(course, NAME)
    assignment = course.assignment(NAME)
    pristine = load_pristine(course, assignment)
    ears = Ears()
    settings = Settings(seed=20240229, tier=tier, data=data_view(store))
    with (
        scratch_of(store) as scratch,
        WarmProcess() as warm,
        LocalCrew(1, warm, scratch) as crew,
        Engine(course, pristine, settings, crew, warm, scratch, ears) as engine,
        Books(course, assignment) as books,
    ):
        check_released(books.tables, assignment.name, pristine.points)
        words = {
            "COURSE": str(course.root),
            "SCRATCH": str(scratch),
            "TCP": str(listeners.tcp.getsockname()[1]),
            "UDP": str(listeners.udp.getsockname()[1]),
            "SOCKET": listeners.path,
            "WITHHELD": repr(WITHHELD_NUMBER),
            "TOKEN": TOKEN,
            "GRADER": str(os.getpid()),
        }
        arena = Arena(course, engine, store, books, ears, listeners, words)
        arena.grade("honest")
        yield arena
