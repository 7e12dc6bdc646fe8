"""What goes into a report: plain data, whoever read it and from wherever."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.gradebook.results import Scores
from autograder.notes import Note
from autograder.regions import Edit
from autograder.report.terminal import clean

if TYPE_CHECKING:  # whoever only asks for reports starts without the notebooks' libraries
    from nbformat import NotebookNode

    from autograder.edits import ReleasedCell


@dataclass(frozen=True)
class Notebook:
    """One notebook.

    Attributes:
        name: file name without .ipynb.
        nb: what it holds.
        folder: where its pictures lie.
        released: cell id -> the cell as released, or None if the released notebook is not known.
        mended: what was malformed in the file, one sentence each.
    """

    name: str
    nb: "NotebookNode"
    folder: Path | None
    released: Mapping[str, "ReleasedCell"] | None = None
    mended: tuple[str, ...] = ()


@dataclass(frozen=True)
class SourceRegion:
    """One region of a .py file, or a whole file that the student added (name "").

    Attributes:
        path: the file, from the assignment's folder.
        name: full name ("nn.layers.affine_forward").
        first: the number of its first line in the file.
        text: what stands between the banners.
        edited: whether it differs from what was released; None if that is not known.
    """

    path: str
    name: str
    first: int
    text: str
    edited: bool | None


@dataclass(frozen=True)
class ReportContent:
    """All that one report shows.

    Attributes:
        when: when it was handed in, or last changed.
        when_known: whether that is the time of handing in, where there should be one.
        due: when the assignment is due.
        digest: SHA-256 of the handed-in files.
        edits: differences outside the regions.
        missing: files that belong to the submission and are not there.
        unreadable: files that could not be read, one sentence each.
        pristine: whether the released texts were there to compare with.
    """

    assignment: str
    title: str
    name: str
    student_id: str
    when: datetime
    digest: str
    notebooks: tuple[Notebook, ...]
    regions: tuple[SourceRegion, ...] = ()
    edits: tuple[Edit, ...] = ()
    extra_credit: Mapping[tuple[str, str], float] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    pristine: bool = True
    scores: Scores | None = None
    when_known: bool = True
    due: datetime | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class NotShown:
    """Something that could not be shown: where, and what."""

    place: str
    text: str

    def __str__(self) -> str:
        return clean(f"{self.place}: {self.text}")  # it goes to a terminal, and names what students wrote


@dataclass(frozen=True)
class Options:
    """How to print. `kind`: "own" (the student's), "report" (the instructor's) or "feedback"."""

    kind: str = "own"
    paper: str = "a4"
    new_page_per_question: bool = False
    full_outputs: bool = False
