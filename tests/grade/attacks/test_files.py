"""Hostile files: what each submission earns, and that honest work after it loses nothing."""

import io
import json
import os
import shutil
import struct
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from nbconvert.exporters import HTMLExporter
from rich.console import Console

from autograder.course import nbgrader_config
from autograder.grade.run.engine import grade_all
from autograder.grade.run.terminal import table

FULL = {"double-check": 2, "slope-check": 3, "triple-check": 4, "accuracy-check": 10, "after-check": 1}
NOTHING = dict.fromkeys(FULL, 0)
LOOT = "GOT" + " IT"
TRAP = f"print('{LOOT}')\nraise SystemExit(1)\n"

Attack = Callable[[Path], None]
MAIN, AFTER = "main.ipynb", "after.ipynb"


def lost(*cells: str) -> dict[str, int]:
    return FULL | dict.fromkeys(cells, 0)


ONLY_AFTER = lost("double-check", "slope-check", "triple-check", "accuracy-check")
NO_WEIGHTS = lost("accuracy-check")


def edit(folder: Path, change: Callable[[dict], None], name: str = MAIN) -> None:
    content = json.loads((folder / name).read_text())
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"])
    change(content)
    (folder / name).write_text(json.dumps(content))


def cell_of(content: dict, id: str) -> dict:
    return next(cell for cell in content["cells"] if cell["id"] == id)


# --- notebooks --------------------------------------------------------------------------------------------------------


def written(content: bytes) -> Attack:
    return lambda folder: (folder / MAIN).write_bytes(content)


def recoded(encoding: str) -> Attack:
    def attack(folder: Path) -> None:
        text = (folder / MAIN).read_text()
        (folder / MAIN).write_bytes(text.replace("{", '{"caf\u00e9": 1, ', 1).encode(encoding))

    return attack


def huge_outputs(megabytes: int) -> Attack:
    def attack(folder: Path) -> None:
        text = "x" * (megabytes << 20)
        edit(
            folder,
            lambda nb: nb["cells"][1].update(outputs=[{"output_type": "stream", "name": "stdout", "text": text}]),
        )

    return attack


def many_cells(folder: Path) -> None:
    cell = json.dumps({"cell_type": "code", "source": "1"})
    text = (folder / MAIN).read_text().rstrip()
    end = text.rindex("]", 0, text.index('"metadata": {\n  "kernelspec"'))
    (folder / MAIN).write_text(text[:end] + f",{cell}" * 200_000 + text[end:])


def changed_types(folder: Path) -> None:
    def change(nb: dict) -> None:
        for cell in nb["cells"]:
            cell["cell_type"] = {"code": "markdown", "markdown": "raw"}[cell["cell_type"]]
            cell["attachments"] = {"x.html": {"text/html": f"<script>{LOOT}</script>"}}

    edit(folder, change)


def changed_metadata(folder: Path) -> None:
    def change(nb: dict) -> None:
        nb["metadata"] = {"kernelspec": {"name": "bash", "display_name": "x", "language": "sh"}, "nbgrader": 7}
        for cell in nb["cells"]:
            cell["metadata"] = {
                "nbgrader": {
                    "grade_id": cell["id"],
                    "grade": True,
                    "solution": True,
                    "points": 1000,
                    "locked": False,
                    "schema_version": 99,
                    "checksum": "0",
                },
                "trusted": True,
            }
        mine = {
            "grade_id": "mine",
            "grade": True,
            "solution": False,
            "points": 100,
            "schema_version": 3,
            "locked": True,
        }
        nb["cells"].append(
            {"cell_type": "code", "id": "mine", "source": "100", "metadata": {"nbgrader": mine}, "outputs": []}
        )

    edit(folder, change)


def malformed_parts(folder: Path) -> None:
    def change(nb: dict) -> None:
        nb["cells"][1:1] = [None, 7, [], {}, {"cell_type": ["code"], "source": {"a": 1}, "id": 5, "metadata": [1]}]
        nb["cells"].append({"cell_type": "code", "source": ["a", 3], "outputs": {"a": 1}, "execution_count": "x"})
        nb["nbformat_minor"] = "5"

    edit(folder, change)


def without_checks(folder: Path) -> None:
    edit(folder, lambda nb: nb.update(cells=[cell for cell in nb["cells"] if not cell["id"].endswith("-check")]))


def with_every_cell_thrice(folder: Path) -> None:
    edit(folder, lambda nb: nb.update(cells=nb["cells"] * 3))


def backwards(folder: Path) -> None:
    edit(folder, lambda nb: nb["cells"].reverse())


def without_ids(folder: Path) -> None:
    def change(nb: dict) -> None:
        for cell in nb["cells"]:
            cell["id"], cell["metadata"] = "same", {}

    edit(folder, change)


def with_easier_checks(folder: Path) -> None:
    def change(nb: dict) -> None:
        for cell in nb["cells"]:
            if cell["id"].endswith("-check"):
                cell["source"] = "print('all is well')"
        cell_of(nb, "setup")["source"] += "\nexpect.same = expect.close = lambda *a, **k: None"
        cell_of(nb, "own")["source"] = cell_of(nb, "own")["source"].replace("return 3 * x", "return 4 * x")

    edit(folder, change)


def region_that_ends_early(folder: Path) -> None:
    def change(nb: dict) -> None:
        end, start = "# ====== END YOUR CODE HERE ======", "# ===== START YOUR CODE HERE ====="
        own = cell_of(nb, "own")
        own["source"] = own["source"].replace(
            "return 3 * x", f"return 3 * x\n    {end}\nimport nn\nprint('{LOOT}')\ndef other(x):\n    {start}\n    pass"
        )

    edit(folder, change)


def banners_in_texts(folder: Path) -> None:
    def change(nb: dict) -> None:
        own = cell_of(nb, "own")
        own["source"] = own["source"].replace(
            "return 3 * x",
            'text = """\n    # ===== START YOUR CODE HERE =====\n    # ====== END YOUR CODE HERE ======\n'
            '    """\n    return 3 * x',
        )

    edit(folder, change)


def scripts_in_texts(folder: Path) -> None:
    script = f"<script>alert('{LOOT}')</script><img src=x onerror='{LOOT}'>"

    def change(nb: dict) -> None:
        cell_of(nb, "why")["source"] = script
        nb["cells"].append(
            {"cell_type": "raw", "id": "raw", "metadata": {"raw_mimetype": "text/html"}, "source": script}
        )
        nb["cells"].append({"cell_type": "markdown", "id": "text", "metadata": {}, "source": script})

    edit(folder, change)


def copies_of_a_work_cell(folder: Path) -> None:
    """Below the work: copies of its cell, with nbgrader's metadata, that became something else."""

    def change(nb: dict) -> None:
        own = cell_of(nb, "own")
        at = nb["cells"].index(own) + 1
        nb["cells"][at:at] = [own | {"id": "a", "source": "triple(2)"}, own | {"id": "b", "source": ""}]

    edit(folder, change)


def with_other_line_ends(folder: Path) -> None:
    edit(folder, lambda nb: [cell.update(source=cell["source"].replace("\n", "\r\n")) for cell in nb["cells"]])
    for path in (folder / MAIN, folder / "nn" / "tiny.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def with_a_second_list_of_cells(folder: Path) -> None:
    text = (folder / MAIN).read_text().rstrip()
    (folder / MAIN).write_text(text.removesuffix("}") + ', "cells": []}')


def region_that_closes_its_function(folder: Path) -> None:
    tiny = folder / "nn" / "tiny.py"
    more = "    return dx\n\n\ndef predict(params, X):\n    return [0] * len(X)\n\n\ndef rest(dx):\n    pass\n"
    tiny.write_text(tiny.read_text().replace("    dx = 3 * x**2\n", "    dx = 3 * x**2\n" + more))


def nearly_banners(folder: Path) -> None:
    tiny = folder / "nn" / "tiny.py"
    tiny.write_text(tiny.read_text() + f"# START YOUR CODE HERE: a{' ' * 270}!\n" * 2000)


# --- weights ----------------------------------------------------------------------------------------------------------


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def npy(header: str, body: bytes = b"") -> bytes:
    text = header.encode() + b" " * (118 - len(header) % 64 % 118) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def encrypted() -> bytes:
    data = bytearray(npz(W=np.eye(8)[:, :3]))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    return bytes(data)


class Loot:
    def __reduce__(self):
        return (print, (LOOT,))


GOOD = np.eye(8)[:, :3]
WEIGHTS: dict[str, bytes] = {
    "empty": b"",
    "not a zip": b"PK\x03\x04 and nothing more",
    "an empty zip": zipped(),
    "a pickle": npz(W=np.array([Loot()], dtype=object)),
    "structured": npz(W=np.zeros(3, dtype=[("a", "f8")])),
    "complex": npz(W=GOOD + 1j),
    "texts": npz(W=np.full((8, 3), "1.0")),
    "NaN": npz(W=np.full((8, 3), np.nan)),
    "inf": npz(W=np.where(GOOD == 0, -np.inf, GOOD)),
    "all zero": npz(W=np.zeros((8, 3))),
    "of another name": npz(V=GOOD),
    "transposed": npz(W=GOOD.T),
    "of too many axes": npz(W=GOOD[None]),
    "a number": npz(W=np.float64(3)),
    "too long": npz(W=np.zeros((8, 8_000_000 // 8))),
    "a bomb": zipped(("W.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (8, 3)}") + bytes(200 << 20))),
    "a header that promises too much": zipped(
        ("W.npy", npy(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({2**60}, 8)}}", bytes(64)))
    ),
    "a header that is code": zipped(("W.npy", npy(f"print('{LOOT}')", bytes(64)))),
    "a header that is deep": zipped(("W.npy", npy("(" * 4000, bytes(64)))),
    "paths that lead out": zipped(("../../../tmp/W.npy", npy("{}")), ("/etc/W.npy", b"x")),
    "encrypted": encrypted(),
    "compressed otherwise": zipped(("W.npy", b"x"), method=zipfile.ZIP_LZMA),
    "a name that is a report": zipped(("W\n  best.npz   ok\033[31m" + "x" * 60_000 + ".npy", npy("{}"))),
    "a thousand arrays": npz(**{f"W{number}": np.zeros(1) for number in range(1000)}),
}


# --- files beside -----------------------------------------------------------------------------------------------------


def modules_that_shadow(folder: Path) -> None:
    for name in (
        "numpy.py", "json.py", "autograder.py", "nn.py", "sitecustomize.py", "usercustomize.py", "IPython.py",
        "evil.pth", "autograder/__init__.py", "autograder/expect/__init__.py", "numpy/__init__.py",
        "encodings/__init__.py", "nn/extra.py", "nn/numpy.py", ".ipython/profile_default/startup/00.py",
        ".home/.ipython/profile_default/startup/00.py", ".home/.local/lib/python3.11/site-packages/evil.pth",
    ):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(TRAP)


def conftest_of_ones_own(folder: Path) -> None:
    (folder / "conftest.py").write_text(TRAP)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p evil")


def library_outside_its_regions(folder: Path) -> None:
    (folder / "nn" / "__init__.py").write_text(TRAP)
    tiny = folder / "nn" / "tiny.py"
    payload = f"print('{LOOT}')\n\n\ndef predict(params, X):\n    return [0] * len(X)\n"
    tiny.write_text(payload + tiny.read_text() + payload)


def library_region_that_ends_early(folder: Path) -> None:
    tiny = folder / "nn" / "tiny.py"
    end, start = "# ====== END YOUR CODE HERE ======", "# ===== START YOUR CODE HERE ====="
    tiny.write_text(
        tiny.read_text().replace(
            "out = 2 * x", f"out = 2 * x\n    {end}\n    print('{LOOT}')\n    {start}\n    out = 2 * x"
        )
    )


def library_missing(folder: Path) -> None:
    for path in (folder / "nn").iterdir():
        path.unlink()
    (folder / "nn").rmdir()


def library_in_latin_1(folder: Path) -> None:
    (folder / "nn" / "tiny.py").write_bytes("# \u00e9\n".encode("latin-1") + (folder / "nn" / "tiny.py").read_bytes())


def links(course: Path, folder: Path) -> None:
    honest = course / "submitted" / "honest" / "target"
    for name in (MAIN, "best.npz", "nn/tiny.py"):
        (folder / name).unlink()
        (folder / name).symlink_to(honest / name)
    (folder / "gradebook.json").symlink_to(course / "gradebook.db")
    (folder / "loop").symlink_to(folder)
    (folder / "root").symlink_to("/")
    os.mkfifo(folder / "pipe.png")
    os.mkfifo(folder / "best.png")


def folders_named_like_results(folder: Path) -> None:
    for name in ("result.json", "evidence.zip", "timestamp.txt", "feedback.html", "other.ipynb"):
        (folder / name).mkdir()
        (folder / name / "picture.png").write_bytes(b"x")
    (folder / MAIN).rename(folder / "renamed.ipynb")
    (folder / MAIN).mkdir()
    (folder / MAIN / "picture.png").write_bytes(b"x")


def names_that_are_no_text(folder: Path) -> None:
    raw = os.fsencode(folder)
    for name in (
        b"\xff.png",
        b"\xfe" * 200 + b".txt",
        b"a\nb.txt",
        b"\x1b[31mred.md",
        b"--.md",
        b"$(reboot).txt",
        b"\xe2\x80\xae.md",
    ):
        with open(raw + b"/" + name, "wb") as file:
            file.write(b"x")
    os.mkdir(raw + b"/\xfe.png")
    with open(raw + b"/\xfe.png/x.png", "wb") as file:
        file.write(b"x")


def an_old_result(folder: Path) -> None:
    """A result.json that says all is earned, and a time long before the due date."""
    (folder / "result.json").write_text(
        json.dumps({"submission_sha256": "x", "notebooks": {}, "notes": [], "edits": []})
    )
    (folder / "timestamp.txt").write_text("9" * 900)


ATTACKS: dict[str, tuple[Attack, dict[str, int], str]] = {
    "not JSON": (written(b"GIF89a"), ONLY_AFTER, "unreadable notebook"),
    "an empty file": (written(b""), ONLY_AFTER, "unreadable notebook"),
    "JSON but no notebook": (written(b'{"cells": 3, "nbformat": 4}'), ONLY_AFTER, "unreadable notebook"),
    "null": (written(b"null"), ONLY_AFTER, "unreadable notebook"),
    "deep JSON": (written(b"[" * 200_000), ONLY_AFTER, "unreadable notebook"),
    "a number of a million digits": (
        written(b'{"cells": [], "nbformat": ' + b"9" * 1_000_000 + b"}"),
        ONLY_AFTER,
        "unreadable notebook",
    ),
    "UTF-16": (recoded("utf-16"), FULL, "it is saved as utf-16, not as UTF-8"),
    "Latin-1": (recoded("latin-1"), FULL, "it is saved as cp1252, not as UTF-8"),
    "a byte order mark": (recoded("utf-8-sig"), FULL, ""),
    "70 MB of outputs": (huge_outputs(70), ONLY_AFTER, "too large"),
    "more than a file may have": (huge_outputs(85), ONLY_AFTER, "is too large (85 MB) and is left out"),
    "200 000 cells": (many_cells, ONLY_AFTER, "at most 5000 are read"),
    "cells of other types": (changed_types, FULL, "changed cell"),
    "other metadata": (changed_metadata, FULL, ""),
    "malformed parts": (malformed_parts, FULL, "mended notebook"),
    "no checks": (without_checks, FULL, "restored cell"),
    "every cell three times": (with_every_cell_thrice, FULL, ""),
    "backwards": (backwards, FULL, "moved cells"),
    "no ids": (without_ids, FULL, "mended notebook"),
    "easier checks": (with_easier_checks, lost("triple-check"), ""),
    "a region that ends early": (region_that_ends_early, FULL, ""),
    "banners in texts": (banners_in_texts, lost("triple-check"), ""),
    "copies of a work cell": (copies_of_a_work_cell, FULL, "added cells"),
    "other line ends": (with_other_line_ends, FULL, ""),
    "a second list of cells": (with_a_second_list_of_cells, lost("triple-check"), "restored cell"),
    "a region that closes its function": (region_that_closes_its_function, FULL, ""),
    "lines that are nearly banners": (nearly_banners, FULL, ""),
    "scripts in texts": (scripts_in_texts, FULL, "added cells"),
    "no weights": (lambda folder: (folder / "best.npz").unlink(), NO_WEIGHTS, ""),
    "modules that shadow": (modules_that_shadow, FULL, "added file"),
    "a conftest of one's own": (conftest_of_ones_own, FULL, "added file"),
    "the library outside its regions": (library_outside_its_regions, FULL, ""),
    "a library's region that ends early": (library_region_that_ends_early, FULL, ""),
    "no library": (library_missing, lost("double-check", "slope-check", "after-check"), "missing file"),
    "a library in Latin-1": (library_in_latin_1, FULL, "it is read as that"),
    "folders named like results": (folders_named_like_results, FULL, "renamed notebook"),
    "names that are no text": (names_that_are_no_text, FULL, ""),
    "an old result": (an_old_result, FULL, ""),
} | {
    f"weights: {name}": (lambda folder, data=data: (folder / "best.npz").write_bytes(data), NO_WEIGHTS, "")
    for name, data in WEIGHTS.items()
}  # fmt: skip


@pytest.fixture(scope="session")
def arena(arena_of):
    return arena_of("any")


@pytest.mark.parametrize("name", ATTACKS)
def test_it_earns_what_it_deserves(name, arena):
    """Does the solution, with its files turned into weapons, earn what is left of it, and nothing for the weapons?"""
    attack, deserved, note = ATTACKS[name]
    student = "file-" + "-".join(name.replace(":", "").replace("'", "").split())
    attack(arena.hand_in(student, solved=True))
    outcome = arena.grade(student)
    assert outcome.scores == deserved, (outcome.lines, outcome.notes)
    assert LOOT not in outcome.shown
    assert note in outcome.notes


def test_links_lead_nowhere(arena):
    """Are another student's files, linked into a submission, left out of it?"""
    folder = arena.hand_in("links", solved=True)
    links(arena.course.root, folder)
    outcome = arena.grade("links")
    assert outcome.scores == NOTHING
    for path in (MAIN, "best.npz", "nn/tiny.py", "gradebook.json", "loop", "root"):
        assert f"{path} is a link and is left out" in outcome.notes


class Finder(HTMLParser):
    """Collects what of a page would run the attack's code."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tag = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tag = tag
        self.found += [f"{tag} {name}" for name, value in attributes if LOOT in (value or "")]

    def handle_data(self, data: str) -> None:
        if self.tag == "script" and LOOT in data:
            self.found.append("script")


def test_formgrader_shows_no_script(arena):
    """Does what formgrader shows of a student's text, answer and raw cells hold nothing that runs?"""
    scripts_in_texts(arena.hand_in("scripts", solved=True))
    arena.grade("scripts")
    page, _ = HTMLExporter(config=nbgrader_config(arena.course), template_name="classic").from_filename(
        str(arena.store.autograded("scripts") / MAIN)
    )
    finder = Finder()
    finder.feed(page)
    assert finder.found == []


def test_names_that_are_commands_addresses_and_unprintable(arena):
    """Whatever a student is called, is the work graded, and does the name lead nowhere and hide nothing?"""
    names = [
        "a;b$(id)`id`",
        "-rf",
        "=1+1",
        "\u202elive",
        "two\nlines\x1b[2K",
        "\U0001f600" * 63,
        "%2e%2e%2fup",
        "autograded",
    ]
    before = {path.name for path in arena.course.root.iterdir()}
    for name in names:
        shutil.copytree(arena.honest, arena.store.submitted(name))
    assert sorted(grade_all(arena.engine, arena.store, arena.books, names)) == sorted(names), arena.ears.failures
    for name in names:
        assert arena.read(name).scores == FULL
    assert {path.name for path in arena.course.root.iterdir()} == before
    assert {path.parent.name for path in arena.course.autograded.glob("*/target")} >= set(names)
    shown = "".join(printed(table(dict.fromkeys(names, "edits"), arena.books.scores, "target")))
    assert not {sign for sign in shown if not sign.isprintable()} - {"\n"}


def printed(what: object) -> str:
    console = Console(file=io.StringIO(), width=400)
    console.print(what)
    return console.file.getvalue()


def test_a_folder_that_cannot_be_listed(arena):
    """Is a submission of nothing but a file where a folder should be given a verdict?"""
    arena.store.submitted("nothing").mkdir(parents=True)
    outcome = arena.grade("nothing")
    assert outcome.scores == NOTHING
    assert "main.ipynb was not handed in" in outcome.notes
