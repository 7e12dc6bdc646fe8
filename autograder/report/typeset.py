"""From the document's data to PDF bytes, and from the marks in it to pages.

Typst runs with one temporary folder as its root: the template, data.json and the pictures. If it stops at a formula or
a picture, every one of them is tried alone, those that fail are replaced by what they are made of, and it runs again.
"""

import copy
import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder.report.document import Document
from autograder.report.fonts import font_book
from autograder.report.model import NotShown

TEMPLATE = Path(__file__).with_name("template.typ")
FORMULAS = Path(__file__).with_name("formulas.typ")
NO_PACKAGES = "no-packages"
STACK = 256 * 2**20


@dataclass(frozen=True)
class Mark:
    """Where a question or region starts and ends: pages from 1, heights in points from the top."""

    id: str
    first_page: int
    first_y: float
    last_page: int
    last_y: float


@dataclass(frozen=True)
class Typeset:
    """The finished document."""

    pdf: bytes
    marks: tuple[Mark, ...]
    problems: tuple[NotShown, ...]


class TypesetError(Exception):
    """Typst could not set the document."""


def typeset(document: Document, when: datetime) -> Typeset:
    """Set the document.

    Args:
        document: what to print.
        when: goes into the file as its date, so that the same input gives the same bytes.

    Raises:
        TypesetError: Typst fails although every formula and picture by itself can be set.
    """
    import typst

    with tempfile.TemporaryDirectory(prefix="autograder-") as name:
        folder = Path(name)
        problems = list(document.problems)
        write(document.data, document.pictures, folder)
        compiler = compiler_in(folder)
        try:
            pdf = pdf_of(compiler, when)
        except typst.TypstError as error:
            data, broken = without_broken(document.data, folder)
            if not broken:
                raise TypesetError(str(error)) from error
            problems += broken
            data["problems"] = data["problems"] + [vars(problem) for problem in broken]
            write(data, {}, folder)
            compiler = compiler_in(folder)
            try:
                pdf = pdf_of(compiler, when)
            except typst.TypstError as error:
                raise TypesetError(str(error)) from error
        return Typeset(pdf, tuple(marks(compiler)), tuple(problems))


def pdf_of(compiler: Any, when: datetime) -> bytes:
    """The PDF, as PDF/UA-1 unless something does not allow it, such as a character that no font has."""
    import typst

    try:
        return deeply(lambda: compiler.compile(format="pdf", timestamp=when, pdf_standards=["ua-1"]))
    except typst.TypstError:
        return deeply(lambda: compiler.compile(format="pdf", timestamp=when))


def deeply(work: Callable[[], bytes]) -> bytes:
    """Do the work in a thread with a large stack: Typst recurses as deeply as the document is nested."""
    results: list[bytes] = []
    errors: list[BaseException] = []

    def target() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    before = threading.stack_size(STACK)
    try:
        thread = threading.Thread(target=target)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def compiler_in(folder: Path):
    """Typst's compiler, shut in the folder."""
    import typst

    packages = str(folder / NO_PACKAGES)
    return typst.Compiler(
        str(folder / "main.typ"),
        root=str(folder),
        font_paths=font_book(),
        ignore_system_fonts=True,
        package_path=packages,
        package_cache_path=packages,
    )


def write(data: dict, pictures: dict[str, bytes], folder: Path) -> None:
    """Put everything that Typst reads into the folder."""
    (folder / "main.typ").write_bytes(TEMPLATE.read_bytes())
    (folder / FORMULAS.name).write_bytes(FORMULAS.read_bytes())
    (folder / "data.json").write_text(json.dumps(data, ensure_ascii=False, sort_keys=True), "utf-8")
    for name, content in pictures.items():
        (folder / name).write_bytes(content)


def marks(compiler) -> Iterator[Mark]:
    """The marks of the document that was just set, in order."""
    found = json.loads(compiler.query("<page-map>", field="value", one=True))
    starts: dict[str, tuple[int, float]] = {}
    for id, edge, page, y in found:
        if edge == "start":
            starts[id] = (page, y)
        elif id in starts:
            yield Mark(id, *starts[id], page, y)


# Broken pieces


def without_broken(given: dict, folder: Path) -> tuple[dict, list[NotShown]]:
    """The document's data with every formula and picture that Typst cannot set replaced, and these as problems."""
    data = copy.deepcopy(given)
    problems: list[NotShown] = []
    verdicts: dict[str, bool] = {}

    def works(source: str) -> bool:
        if source not in verdicts:
            verdicts[source] = compiles(source, folder)
        return verdicts[source]

    for node in nodes([data["notebooks"], data["scores"]]):
        if isinstance(node, dict) and node.get("t") == "picture" and not works(image(node["file"])):
            problems.append(NotShown("picture", f"{node['alt']}: Typst cannot read it"))
            node.clear()
            node.update(t="problem", text="a picture that cannot be read")
        elif isinstance(node, list) and len(node) == 4 and node[0] == "picture" and not works(image(node[1])):
            problems.append(NotShown("picture", f"{node[2]}: Typst cannot read it"))
            node[:] = ["missing", f"the picture {node[2]} cannot be read"]
        elif is_formula(node) and not works(equation(node[1])):
            problems.append(NotShown("formula", f"{node[2]} cannot be set: shown as TeX"))
            node[:] = ["tex", node[2]]
    return data, problems


def image(file: str) -> str:
    return f"#image({json.dumps(file)})"


def equation(code: str) -> str:
    text = json.dumps(code, ensure_ascii=False)
    return f'#import "{FORMULAS.name}": scope\n#math.equation(eval({text}, mode: "math", scope: scope))'


def is_formula(node: dict | list) -> bool:
    """Whether a node is an inline formula (a displayed one holds one)."""
    return isinstance(node, list) and len(node) == 3 and node[0] in ("maths", "display") and isinstance(node[1], str)


def nodes(tree: object) -> Iterator[dict | list]:
    """All dicts and lists in a tree, outer ones first."""
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, (dict, list)):
            yield node
            pending.extend(reversed(list(node.values() if isinstance(node, dict) else node)))


def compiles(source: str, folder: Path) -> bool:
    """Whether Typst can set this by itself."""
    import typst

    try:
        typst.Compiler(source.encode(), root=str(folder), font_paths=font_book(), ignore_system_fonts=True).compile(
            format="pdf"
        )
    except typst.TypstError:
        return False
    return True
