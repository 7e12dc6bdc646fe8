"""Writes the stored content and page pictures anew: `python tests/report/golden.py`. Look before you keep them."""

import json
import sys
import tempfile
from pathlib import Path

FILES = Path(__file__).with_name("files")
CELLS = (
    "maths",
    "injections",
    "lists",
    "pictures",
    "long-lines",
    "work-toy",
    "toy-check",
    "failing",
    "frame",
    "rich",
    "answer-why",
)
PPI = 45


def content_of(document) -> dict:
    """The part of a document that is compared: chosen cells, styles, edits, problems."""
    data = document.data
    cells = {cell["id"]: cell for notebook in data["notebooks"] for cell in notebook["cells"]}
    return {
        "cells": {name: cells[name] for name in CELLS},
        "styles": data["styles"],
        "edits": data["edits"],
        "files": data["files"],
        "notices": data["notices"],
        "problems": [problem for problem in data["problems"] if problem["place"] != "fonts"],
    }


def page_pictures(document, when) -> list[bytes]:
    """The pages of a document as small PNG pictures."""
    from autograder.report.typeset import compiler_in, write

    with tempfile.TemporaryDirectory() as folder:
        write(document.data, document.pictures, Path(folder))
        pages = compiler_in(Path(folder)).compile(format="png", ppi=PPI, timestamp=when)
    return pages if isinstance(pages, list) else [pages]


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    import conftest

    FILES.mkdir(exist_ok=True)
    content = json.dumps(content_of(conftest.odd_document()), indent=1, ensure_ascii=False, sort_keys=True)
    (FILES / "odd_content.json").write_text(content + "\n", "utf-8")
    with tempfile.TemporaryDirectory() as folder:
        document, when = conftest.mini_document(conftest.make_course(Path(folder)))
        for number, page in enumerate(page_pictures(document, when), 1):
            (FILES / f"mini-{number}.png").write_bytes(page)


if __name__ == "__main__":
    main()
