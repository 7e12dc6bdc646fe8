"""Markup that waits for pandoc: one run reads all of a document's fragments and formulas.

Until then a block {"t": "pending"} keeps the place of each fragment.
"""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.report import content, pandoc
from autograder.report.formulas import Written, write_formulas
from autograder.report.model import NotShown
from autograder.report.pandoc import MARKDOWN, Fragment
from autograder.report.pictures import (
    HTML_IN_SVG,
    OnTheWeb,
    PictureError,
    Pictures,
    Wanted,
    holds_html,
    picture_bytes,
)
from autograder.report.rows import code_rows, row_data
from autograder.report.terminal import clean
from autograder.report.tex import Maths, take_html_maths, take_maths

Block = dict

MAX_MARKUP = 200_000

made: dict[tuple[Fragment, tuple[Maths, ...], tuple[Written, ...]], list[Block]] = {}
"""The blocks of fragments that this process has met, and that have no pictures: as `pandoc.known`."""


@dataclass(frozen=True)
class Pending:
    """A fragment that waits for pandoc, and where it stands."""

    fragment: Fragment
    place: str
    folder: Path | None
    attachments: dict
    maths: tuple[int, ...]


@dataclass
class Markup:
    """All markup, formulas, pictures and problems of one document.

    Attributes:
        on_the_web: (place, address) of each picture that is not part of the submission.
        given: the places whose text is the assignment's own, as it was released.
        full: whether nothing is cut out of long outputs.
    """

    pictures: Pictures = field(default_factory=Pictures)
    problems: list[NotShown] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    maths: list[Maths] = field(default_factory=list)
    on_the_web: list[tuple[str, str]] = field(default_factory=list)
    given: set[str] = field(default_factory=set)
    full: bool = False
    notebook: int = 0
    written: list[Written] = field(default_factory=list)

    def begin_notebook(self) -> None:
        """What was defined by formulas so far is not known in those to come."""
        self.notebook += 1

    def add(self, format: str, text: str, place: str, folder: Path | None, attachments: dict) -> Block:
        """Keep a fragment for pandoc; returns the block that stands for it until `resolved`."""
        if len(text) > MAX_MARKUP:
            self.problems.append(NotShown(place, f"{len(text)} characters of text are too many: cut"))
            text = text[:MAX_MARKUP]
        found: list[Maths] = []
        if format == MARKDOWN:
            text = take_maths(text, found, self.notebook)
        elif format == "html":
            text = take_html_maths(text, found, self.notebook)
        first = len(self.maths)
        self.maths += found
        numbers = tuple(range(first, first + len(found)))
        self.pending.append(Pending(Fragment(format, text), place, folder, attachments, numbers))
        return {"t": "pending", "index": len(self.pending) - 1}

    def add_formula(self, formula: Maths, place: str) -> Block:
        """Keep one formula, an output of its own."""
        block = self.add("commonmark", "\ue0000\ue001", place, None, {})
        self.maths.append(replace(formula, notebook=self.notebook))
        last = self.pending[-1]
        self.pending[-1] = Pending(last.fragment, place, None, {}, (len(self.maths) - 1,))
        return block

    def resolved(self) -> list[list[Block]]:
        """The blocks of every fragment, in the order in which they were added."""
        trees = pandoc.convert([one.fragment for one in self.pending])
        self.written = write_formulas(self.maths)
        return [self.blocks_of(one, tree, self.written) for one, tree in zip(self.pending, trees, strict=True)]

    def mathml(self) -> dict[tuple[str, bool], str]:
        """Each formula, as Typst and whether it is displayed -> the same as MathML."""
        found = zip(self.maths, self.written, write_formulas(self.maths, "mathml"), strict=True)
        return {
            (typst.text, formula.display): mathml.text for formula, typst, mathml in found if typst.text and mathml.text
        }

    def blocks_of(self, one: Pending, tree: list | None, written: list[Written]) -> list[Block]:
        """The blocks of a fragment. They serve whoever has the same fragment next, and must not be changed."""
        anew = False

        def problem(text: str) -> None:
            nonlocal anew
            anew = True
            self.problems.append(NotShown(one.place, text))

        def picture(address: str, alt: str, size: Wanted) -> content.Inline:
            nonlocal anew
            anew = True
            return self.picture_inline(address, alt, size, one)

        place = content.Place([self.maths[i] for i in one.maths], [written[i] for i in one.maths], picture, problem)
        if tree is None:
            problem("the markup cannot be read: shown as text")
            return [text_block(content.shown_text(one.fragment.text, place))]
        what = (one.fragment, tuple(place.maths), tuple(place.written))
        if what in made:
            return made[what]
        try:
            found = content.paragraphs(content.blocks(tree, place))
        except RecursionError:
            problem("nested too deeply: shown without its structure")
            return [text_block(content.shown_text(content.plain_text(tree), place))]
        if not anew and one.fragment in pandoc.known:
            if len(made) > pandoc.MAX_KNOWN:
                made.clear()
            made[what] = found
        return found

    def picture_inline(self, address: str, alt: str, size: Wanted, one: Pending) -> content.Inline:
        try:
            data = picture_bytes(address, one.folder, one.attachments)
            picture = self.pictures.add(data)
            if holds_html(data):
                self.problems.append(NotShown(one.place, HTML_IN_SVG))
            return ["picture", picture.file, alt or "picture", size.of(picture)]
        except OnTheWeb as error:
            if alt and BADGE.search(address):
                return clean(alt)
            self.on_the_web.append((one.place, address))
            return ["missing", clean(f"the picture {content.shortened(address)} is not shown: {error}")]
        except PictureError as error:
            text = f"the picture {content.shortened(address) or '(without an address)'} cannot be shown: {error}"
            self.problems.append(NotShown(one.place, text))
            return ["missing", clean(text)]


BADGE = re.compile(r"badge|img\.shields\.io", re.IGNORECASE)
"""The address of a picture of words, which its description has too: "Open in Colab"."""


def text_block(text: str) -> Block:
    return {"t": "code", "rows": [row_data(row) for row in code_rows(text, "text")]}


def resolve(blocks: list[Block], resolved: list[list[Block]]) -> list[Block]:
    """The blocks with every pending one replaced by what it became."""
    result: list[Block] = []
    for block in blocks:
        if block["t"] == "pending":
            result.extend(resolved[block["index"]])
        elif block["t"] == "answer":
            result.append({**block, "c": resolve(block["c"], resolved)})
        else:
            result.append(block)
    return result
