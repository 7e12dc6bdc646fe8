"""Builds the downloads that `files/*.toml` describe, as the platforms build them."""

import io
import json
import tomllib
import zipfile
from pathlib import Path

FOLDER = Path(__file__).parent / "files"
FIRST = ("title", "student", "setup", "double-check", "norm-check", "triple-check", "why")
CASES = sorted(path.stem for path in FOLDER.glob("*.toml"))


def case(name: str) -> dict:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def notebook(work: str = "") -> str:
    """The tiny course's first notebook, with something written into one cell, or nothing."""
    cells = [{"cell_type": "markdown", "id": id, "source": "", "metadata": {}} for id in FIRST]
    cells.append({"cell_type": "code", "id": "own", "source": work, "metadata": {}, "outputs": []})
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})


def content(said: str | dict | bytes) -> bytes:
    """What a file holds: "work:…" and "blank" are notebooks, "text:…" is text, a table is a zip."""
    if isinstance(said, bytes):
        return said
    if isinstance(said, dict):
        return zipped(said)
    kind, _, rest = said.partition(":")
    if kind == "work":
        return notebook(rest).encode()
    return notebook().encode() if said == "blank" else (rest if kind == "text" else said).encode()


def zipped(files: dict[str, str | dict | bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as out:
        for name, said in files.items():
            out.writestr(name, content(said))
    return data.getvalue()


def write(root: Path, files: dict[str, str | dict | bytes]) -> Path:
    for name, said in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(said))
    return root


def work_in(path: Path) -> str:
    """What a collected file holds, in the words of `content`."""
    text = path.read_text("utf-8")
    if path.suffix != ".ipynb":
        return text
    return "".join(cell["source"] for cell in json.loads(text)["cells"])
