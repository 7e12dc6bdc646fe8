"""Reports against the peers: time, peak memory, file size and install size on the same five notebooks, in one run.

    python benchmarks/reports.py [--students 30] [--workers 2] [--notebooks FOLDER] [--quick]

Ours is timed as a whole class (one PDF for each student, with all notebooks; outputs, pictures and the code in regions
differ), the peers on the five notebooks once, as many at a time, and multiplied. nbconvert's `webpdf` is taken apart
into what it does, nbconvert to HTML and Chromium to PDF, so that it runs on the system's Chromium; offline its pages
have no formulas (MathJax is not there), which makes it faster. `pdf` is nbconvert's own, over xelatex.

Without --notebooks, five notebooks of source/ are given outputs: a matplotlib plot where the code plots, lines of text
elsewhere.
"""

import argparse
import base64
import io
import os
import random
import re
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil

from autograder.machine import cores, load_now
from autograder.report.document import assemble
from autograder.report.formulas import write_formulas
from autograder.report.make import make_report, write_report
from autograder.report.model import Options
from autograder.report.page import page
from autograder.report.read import read_own
from autograder.report.tex import Maths
from autograder.report.workers import Task, run_tasks
from autograder.words import counted

ROOT = Path(__file__).resolve().parents[1]
COUNT = 5
QUICK = 3


@dataclass(frozen=True)
class Figures:
    """One set of notebooks: seconds, seconds of processors, peak bytes of memory, bytes of the PDFs.

    Attributes:
        made, wanted: how many PDFs there are, and were to be.
    """

    seconds: float
    processor: float
    memory: int
    size: int
    made: int
    wanted: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--workers", type=int, default=cores())
    parser.add_argument("--notebooks", type=Path, help="a folder with executed notebooks to use instead")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} students, one notebook")
    given = parser.parse_args()
    if given.quick:
        given.students = QUICK
    print(load_now())
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="reports-") as name:
        folder = Path(name)
        notebooks = prepared(folder / "homework", given.notebooks, 1 if given.quick else COUNT)
        cells = sum(len(nbformat.read(path, 4).cells) for path in notebooks)
        what = f"{counted(len(notebooks), 'notebook')}, {cells} cells"
        print(f"{what}; {given.students} students, {given.workers} at a time\n")
        rows = [ours(folder, given.students, given.workers, len(notebooks))]
        rows.append(webpdf(folder, notebooks, given.students, given.workers))
        rows.append(xelatex(folder, notebooks, given.students, given.workers))
        show([row for row in rows if row], rows[0][1], len(notebooks))


# The notebooks


def prepared(target: Path, executed: Path | None, count: int) -> list[Path]:
    """A folder with the notebooks to print; returns their paths."""
    target.mkdir(parents=True)
    paths = sorted((executed or ROOT / "source").glob("*.ipynb" if executed else "*/*.ipynb"))[:count]
    for number, path in enumerate(paths):
        nb = nbformat.read(path, 4)
        if not executed:
            give_outputs(nb)
        nbformat.write(nb, target / f"{number}-{path.name}")
    return sorted(target.glob("*.ipynb"))


def give_outputs(nb: nbformat.NotebookNode) -> None:
    """Outputs as a run would leave them, without the run."""
    for count, cell in enumerate((cell for cell in nb.cells if cell.cell_type == "code"), 1):
        cell.execution_count = count
        text = "".join(f"iteration {100 * i:5d} / 1000: loss {2.3 / (i + 1):.6f}\n" for i in range(6))
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
        if "plt." in cell.source or "visualize" in cell.source or "plot" in cell.source:
            cell.outputs.append(nbformat.v4.new_output("display_data", data={"image/png": plot(count)}))


def of_student(homework: Path, target: Path, number: int) -> Path:
    """A copy of the notebooks as another student's: other values in outputs and pictures, other lines in regions."""
    target.mkdir(parents=True)
    rng = random.Random(number)
    for path in homework.glob("*.ipynb"):
        nb = nbformat.read(path, 4)
        for cell in nb.cells:
            own = f"{'# ' * (cell.cell_type == 'code')}student {number}\n"
            cell.source = re.sub(r"(?m)^(?=.*END YOUR (CODE|ANSWER) HERE)", own, cell.source)
            for output in cell.get("outputs", []):
                if "text" in output:
                    output.text = re.sub(
                        r"(?<=\.)[0-9]+", lambda found: str(rng.random())[2 : 2 + len(found[0])], output.text
                    )
                if "image/png" in output.get("data", {}):
                    output.data["image/png"] = commented(output.data["image/png"], f"student {number}")
        nbformat.write(nb, target / path.name)
    return target


def commented(picture: str, words: str) -> str:
    """A PNG in base 64 with a comment before its last chunk: another file of the same looks."""
    data = base64.b64decode(picture)
    chunk = b"tEXtComment\0" + words.encode()
    made = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return base64.b64encode(data[:-12] + made + data[-12:]).decode()


def plot(seed: int) -> str:
    """A matplotlib plot as notebooks keep it."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    import numpy as np

    rng = np.random.default_rng(seed)
    figure, axes = plt.subplots(1, 2, figsize=(10, 4))
    axes[0].plot(rng.normal(size=500).cumsum())
    axes[1].imshow(rng.random((32, 32, 3)))
    out = io.BytesIO()
    figure.savefig(out, format="png", bbox_inches="tight")
    plt.close(figure)
    return base64.b64encode(out.getvalue()).decode()


# Measuring


class Memory:
    """The most memory that this process's descendants had together (proportional set size) while it was open."""

    def __enter__(self) -> "Memory":
        self.peak = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.sample, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()

    def sample(self) -> None:
        while not self.stop.wait(0.1):
            total = 0
            for process in psutil.Process().children(recursive=True):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.peak = max(self.peak, total)


def measured(work: Callable[[], Sequence[Path]]) -> Figures:
    with Memory() as memory:
        start, before = time.perf_counter(), processor_seconds()
        made = work()
        seconds, processor = time.perf_counter() - start, processor_seconds() - before
    there = [path for path in made if path.is_file()]
    return Figures(seconds, processor, memory.peak, sum(path.stat().st_size for path in there), len(there), len(made))


def processor_seconds(who: int = resource.RUSAGE_CHILDREN) -> float:
    """What the processors did so far for processes that this one has waited for."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def spent_here() -> float:
    """What the processors did so far for this process and those that it began, pandoc's that still runs too."""
    running = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    here = processor_seconds(resource.RUSAGE_SELF) + processor_seconds()
    return here + sum(times.user + times.system for times in running)


def called(*command: str | Path) -> bool:
    return subprocess.run([str(part) for part in command], capture_output=True, check=False).returncode == 0


def several(work: Callable[[Path], Path], notebooks: Sequence[Path], workers: int) -> list[Path]:
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, notebooks))


# Ours and theirs

Row = tuple[str, float, Figures, float]  # name, seconds for the class, figures, megabytes to install


def one_student(homework: Path, pdf: Path) -> float:
    """Make one PDF; returns the seconds of processors that it took."""
    before = spent_here()
    make_report(read_own(homework), pdf, Options())
    return spent_here() - before


def one_feedback(homework: Path, pdf: Path) -> float:
    """Make one student's feedback, the PDF and a page for each notebook; returns the seconds of processors."""
    before = spent_here()
    submission = read_own(homework)
    document = assemble(submission, Options("feedback"))
    write_report(document, submission.when, pdf)
    for notebook in submission.notebooks:
        pdf.with_name(f"{pdf.stem}-{notebook.name}.html").write_text(page(document, notebook.name), "utf-8")
    return spent_here() - before


def ours(folder: Path, students: int, workers: int, count: int) -> Row:
    """The class, one PDF a student; and one student by command."""
    pdfs = [folder / "ours" / f"{i}.pdf" for i in range(students)]
    homeworks = [of_student(folder / "homework", folder / "class" / str(i), i) for i in range(students)]
    spent: list[float] = []

    def work() -> list[Path]:
        tasks = [Task(pdf.stem, one_student, (own, pdf)) for own, pdf in zip(homeworks, pdfs, strict=True)]
        for outcome in run_tasks(tasks, workers):
            if outcome.error:
                sys.exit(f"{outcome.name}: {outcome.error}")
            spent.append(outcome.result)
        return pdfs

    figures = measured(work)
    start = time.perf_counter()
    called(sys.executable, "-m", "autograder", "pdf", folder / "homework", "--to", folder / "command.pdf")
    command = time.perf_counter() - start
    tasks = [
        Task(pdf.stem, one_feedback, (own, folder / "feedback" / pdf.name))
        for own, pdf in zip(homeworks, pdfs, strict=True)
    ]
    feedback = sum(outcome.result for outcome in run_tasks(tasks, workers) if not outcome.error) / students
    per_notebook = figures.seconds / students / count
    processor = sum(spent) / students
    print(f"ours: {per_notebook:.3f} s a notebook in the class, {processor / count:.3f} s of a processor;")
    print(f"      {command:.1f} s for one student by command, everything imported again;")
    print(f"      feedback, pages and PDF: {feedback / count:.3f} s of a processor a notebook;")
    print(f"      {formula_milliseconds():.2f} ms a formula, read and written\n")
    one = Figures(
        figures.seconds / students, processor, figures.memory, figures.size // students, figures.made, figures.wanted
    )
    return "autograder (pandoc, Typst)", figures.seconds, one, wheel_megabytes("pypandoc", "typst", "nh3")


def formula_milliseconds() -> float:
    """Milliseconds for one formula of the set that the tests compare with MathJax."""
    lines = (ROOT / "tests/report/files/formulas.txt").read_text("utf-8").splitlines()
    maths = [Maths(line.removeprefix("inline: "), True) for line in lines if line and not line.startswith("==")]
    start = time.perf_counter()
    write_formulas(maths)
    return 1000 * (time.perf_counter() - start) / len(maths)


def webpdf(folder: Path, notebooks: Sequence[Path], students: int, workers: int) -> Row | None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        print("webpdf: left out, there is no Chromium (apt-get install chromium)")
        return None
    (folder / "web").mkdir()

    def work(notebook: Path) -> Path:
        page, pdf = folder / "web" / f"{notebook.stem}.html", folder / "web" / f"{notebook.stem}.pdf"
        called(sys.executable, "-m", "nbconvert", "--to", "html", "--output", page, notebook)
        profile = f"--user-data-dir={folder / 'web' / notebook.stem}"
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", profile]
        called(chromium, *options, "--no-pdf-header-footer", f"--print-to-pdf={pdf}", page.as_uri())
        return pdf

    figures = measured(lambda: several(work, notebooks, workers))
    return "nbconvert webpdf (Chromium)", figures.seconds * students, figures, package_megabytes("chromium")


def xelatex(folder: Path, notebooks: Sequence[Path], students: int, workers: int) -> Row | None:
    if not shutil.which("xelatex"):
        print("pdf: left out, there is no xelatex (apt-get install texlive-xetex texlive-fonts-recommended")
        print("     texlive-plain-generic)")
        return None
    (folder / "tex").mkdir()
    pandoc = Path(wheel_file("pypandoc")) / "files"
    os.environ["PATH"] = f"{pandoc}{os.pathsep}{os.environ['PATH']}"

    def work(notebook: Path) -> Path:
        pdf = folder / "tex" / f"{notebook.stem}.pdf"
        called(sys.executable, "-m", "nbconvert", "--to", "pdf", "--output", pdf.with_suffix(""), notebook)
        return pdf

    figures = measured(lambda: several(work, notebooks, workers))
    return "nbconvert pdf (xelatex)", figures.seconds * students, figures, package_megabytes("texlive-xetex")


# Sizes


def wheel_file(package: str) -> str:
    import importlib.util

    return os.path.dirname(importlib.util.find_spec(package).origin)


def wheel_megabytes(*packages: str) -> float:
    return sum(path.stat().st_size for package in packages for path in Path(wheel_file(package)).rglob("*")) / 1e6


def package_megabytes(package: str) -> float:
    """The installed size of a Debian package and of those of its family that it depends on."""
    names = subprocess.run(
        ["apt-cache", "depends", "--recurse", "--installed", "--no-recommends", "--no-suggests", "--no-conflicts",
         "--no-breaks", "--no-replaces", "--no-enhances", package],
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    wanted = {line.strip() for line in names.splitlines() if line and not line.startswith((" ", "<"))}
    wanted = {
        name for name in wanted if name.startswith(("chromium", "texlive", "tex-", "lmodern", "dvisvgm", "libtex"))
    }
    sizes = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Installed-Size}\n", *sorted(wanted)], capture_output=True, text=True, check=False
    ).stdout
    return sum(int(size) for size in sizes.split()) / 1000


def show(rows: Sequence[Row], own: float, notebooks: int) -> None:
    """Print a table. `own`: the seconds of ours; `notebooks`: how many each student has."""
    titles = {"class": 10, "a notebook": 12, "times ours": 12, "processor": 12, "memory": 10, "file": 10, "install": 10}
    print(" " * 30 + "".join(f"{title:>{width}}" for title, width in titles.items()))
    for name, seconds, figures, install in rows:
        made = "" if figures.made >= figures.wanted else f"   only {figures.made} of {figures.wanted} made"
        print(
            f"{name:30}{seconds:8.0f} s{figures.seconds / notebooks:10.3f} s{seconds / own:11.1f}x"
            f"{figures.processor / notebooks:10.3f} s"
            f"{figures.memory / 1e6:7.0f} MB{figures.size / 1e6:7.1f} MB{install:7.0f} MB{made}"
        )


if __name__ == "__main__":
    from reports import main  # under this name, the processes of the tasks can import its functions

    main()
