"""Makes the pictures of the documentation anew, from the demo and the tests' own courses: `make pictures`.

    python docs/pictures.py [--demo demo/knn_and_mse_net]

It needs Chromium, and the demo once run. Look at each picture before you keep it.
"""

import argparse
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "pictures"
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("report", "mark", "student")]

from browser import Browser  # noqa: E402
from conftest import odd_submission  # noqa: E402
from lab import lab, open_notebook, run_all, show  # noqa: E402
from pictures import main as marking_pictures  # noqa: E402  (tests/mark/pictures.py)
from scenario import png, size  # noqa: E402

from autograder.course import Course  # noqa: E402
from autograder.gradebook.scores import scores_by_student  # noqa: E402
from autograder.report.document import Document, assemble  # noqa: E402
from autograder.report.feedback import one_feedback  # noqa: E402
from autograder.report.model import Options  # noqa: E402
from autograder.report.read import read_graded, read_own  # noqa: E402
from autograder.report.typeset import compiler_in, write  # noqa: E402

STUDENT = "max"  # who has made mistakes
PPI = 75
COLOURS = 256
WIDE, NARROW = (1200, 900), (400, 900)
LAB = (1000, 800)
CHECK = ("knn", "one-loop-check")  # where the student's mistake is


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", type=Path, default=ROOT / "demo" / "knn_and_mse_net")
    demo = parser.parse_args().demo.resolve()
    if not (demo / "autograded" / STUDENT).is_dir():
        sys.exit(f"{demo} is not a demo that was run. Run  make demo  first, or name its folder with --demo.")
    for name, picture in [*report_pictures(demo), *odd_pictures(), *feedback_pictures(demo), *lab_pictures(demo)]:
        keep(name, picture)
    with tempfile.TemporaryDirectory() as folder:
        marking_pictures(Path(folder))
        for path in sorted(Path(folder).glob("*.png")):
            if (TARGET / path.name).exists():  # the others are not in the documentation
                keep(path.stem, path.read_bytes())


def keep(name: str, picture: bytes) -> None:
    """Write a picture with few colours: a page has not many, and the file is a third of the size."""
    image = Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    path = TARGET / f"{name}.png"
    image.save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size >> 10} KB")


# Pages of PDFs


def pages_of(document: Document, count: int | None = None) -> list[bytes]:
    """The pages of a document as pictures."""
    with tempfile.TemporaryDirectory() as folder:
        write(document.data, document.pictures, Path(folder))
        pages = compiler_in(Path(folder)).compile(format="png", ppi=PPI)
    return list(pages[:count] if isinstance(pages, list) else [pages])


def only(document: Document, notebooks: Sequence[dict], files: Sequence[dict]) -> Document:
    """The document with these parts only, below its first page."""
    return replace(document, data=document.data | {"notebooks": list(notebooks), "files": list(files)})


def report_pictures(demo: Path) -> Iterator[tuple[str, bytes]]:
    """An instructor's report: its first page, a question with a mistake, a Python file; and a student's own PDF."""
    course = Course(demo)
    name = next(path.name for path in (demo / "autograded" / STUDENT).iterdir() if path.is_dir())
    assignment = course.assignment(name)
    scores = scores_by_student(course, assignment)[STUDENT]
    report = assemble(read_graded(course, assignment, STUDENT, scores), Options("report"))
    yield "report-first-page", pages_of(report)[0]
    notebook = report.data["notebooks"][0]
    lost = [i for i, cell in enumerate(notebook["cells"]) if cell.get("question", {}).get("state") == "lost"]
    shown = notebook | {"cells": notebook["cells"][max(lost[0] - 4, 0) : lost[0] + 3]}
    yield "report-questions", pages_of(only(report, [shown], []))[-1]
    yield "report-python-files", pages_of(only(report, [], report.data["files"]))[1]
    own = assemble(read_own(demo / "submitted" / STUDENT / name, course.release_dir / name), Options("own"))
    yield "own-first-page", pages_of(own)[0]


def odd_pictures() -> Iterator[tuple[str, bytes]]:
    """Two pages of the notebook with one of every odd thing."""
    pages = pages_of(assemble(odd_submission(), Options("own")))
    yield "odd-markdown", pages[2]
    yield "odd-code", pages[4]


# Pages in a browser


def feedback_pictures(demo: Path) -> Iterator[tuple[str, bytes]]:
    """A page of feedback on a wide screen and on a phone, light and dark."""
    course = Course(demo)
    name = next(path.name for path in (demo / "autograded" / STUDENT).iterdir() if path.is_dir())
    scores = scores_by_student(course, course.assignment(name))[STUDENT]
    one_feedback(course, name, STUDENT, scores, Options("feedback"))
    page = sorted((demo / "feedback" / STUDENT / name).glob("*.html"))[0]
    with tempfile.TemporaryDirectory() as profile, Browser(Path(profile)) as browser:
        for screen, (width, height) in (("", WIDE), ("-narrow", NARROW)):
            for look, dark in (("", False), ("-dark", True)):
                size(browser, width, height, dark=dark)
                browser.open(page.as_uri())
                yield f"feedback-page{screen}{look}", png(browser)
                if browser.value("document.documentElement.scrollWidth > innerWidth"):
                    sys.exit(f"{page} is wider than {width} pixels")


def lab_pictures(demo: Path) -> Iterator[tuple[str, bytes]]:
    """In JupyterLab: a check that finds a mistake."""
    name = next(path.name for path in (demo / "autograded" / STUDENT).iterdir() if path.is_dir())
    with tempfile.TemporaryDirectory() as place:
        folder, home = Path(place) / name, Path(place) / "home"
        shutil.copytree(ROOT / "assignments" / name, folder)
        shutil.copytree(demo / "submitted" / STUDENT / name, folder, dirs_exist_ok=True)
        os.environ["NN_DATA"] = str(demo / "data")
        with lab(folder, home) as address, Browser(home) as browser:
            size(browser, *LAB)
            notebook, check = CHECK
            open_notebook(browser, address, f"{notebook}.ipynb")
            run_all(browser)
            show(browser, check)
            yield "lab-check", png(browser)


if __name__ == "__main__":
    main()
